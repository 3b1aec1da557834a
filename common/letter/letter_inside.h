/* A compiled letter, for the files that make it and fill it. */
#ifndef VESTNIK_LETTER_LETTER_INSIDE_H
#define VESTNIK_LETTER_LETTER_INSIDE_H

#include <stdatomic.h>

#include "letter/letter.h"
#include "letter/template.h"

/* "=_" never occurs in base64 (RFC 2045 6.7 gives the idea), so no body can
 * hold a boundary. */
#define BOUNDARY_SIZE 40

struct letter {
	atomic_int references;
	enum lang lang;
	char *zone;
	char *reply_to; /* NULL: none */
	bool may_leave, own_file, numbered;
	json_t *constants; /* NULL: none */
	struct mustache *subject, *text, *html;
	struct buf headers;    /* the same for every copy, ends before the blank line */
	struct buf body_start; /* from after the blank line to the text part's body */
	struct buf body_middle; /* from the text part's body to the HTML part's */
	struct buf tail;       /* from the HTML part's body to the end: all attachments */
	struct buf end;        /* own_file: after the recipient's file; its first bytes are the boundary */
	struct buf html_head, text_head;
};

/* A part of a multipart/mixed; boundary without the leading "--". */
int letter_put_file(struct buf *out, const struct letter_attachment *file, const char *boundary);

#endif
