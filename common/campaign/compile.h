/* From a definition, a Markdown text and files to a compiled letter: the same
 * way for a folder that is being checked, for a stored campaign and for the text
 * made for passing on (services/portal). */
#ifndef VESTNIK_CAMPAIGN_COMPILE_H
#define VESTNIK_CAMPAIGN_COMPILE_H

#include <jansson.h>

#include "letter/letter.h"

struct compile_source {
	const json_t *definition;
	const char *file;      /* for problems */
	const char *markdown;
	size_t markdown_len;
	const char *block_html, *block_text; /* as in struct letter_source */
	const json_t *step;    /* of definition.steps; NULL = one that carries everything */
	const struct letter_attachment *attachments; /* all of the campaign, in order of position from 1 */
	size_t attachments_count;
	const char *const *known_fields; /* NULL = checked before */
	bool notice;           /* every field comes from outside */
};

struct letter *compile_letter(const struct compile_source *source, struct problems *problems);

/* Does the attachment at this position (from 1) go as a link? */
bool compile_linked(const json_t *definition, size_t position);
/* Does the step's letter carry the attachments? */
bool compile_carries(const json_t *step);

/* Values that are the same for every recipient: new reference. */
json_t *compile_constants(const json_t *definition);

#define MARKDOWN_MAX_BYTES (64 * 1024) /* cmark-gfm 0.29 has slow inputs: cap them */

#endif
