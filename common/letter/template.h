/* Inside of the Mustache engine, shared by its files and by the letter's
 * Markdown step, which builds templates tag by tag instead of from text. */
#ifndef VESTNIK_LETTER_TEMPLATE_H
#define VESTNIK_LETTER_TEMPLATE_H

#include <stdint.h>

#include "base/lang.h"
#include "letter/mustache.h"

/* ---- tags as they stand in a text (template_scan.c) --------------------------- */

enum tag_kind {
	TAG_VALUE,
	TAG_RAW, /* {{{x}}}, {{&x}} */
	TAG_SECTION,
	TAG_INVERTED,
	TAG_CLOSE,
	TAG_PARTIAL,
	TAG_COMMENT,
	TAG_DELIMITERS
};

struct tag {
	enum tag_kind kind;
	size_t start, end;     /* the tag's bytes */
	const char *name;      /* its content, trimmed; not NUL-terminated */
	size_t name_len;
	int line, column;
	bool standalone;       /* alone on its line, which vanishes with it */
	size_t line_start, line_end; /* that line, with its newline; else = start, end */
};

#define TEMPLATE_DELIMITER_MAX 16 /* bytes; nobody needs more than 2 or 3 */
struct scanner {
	const char *file, *text;
	size_t len, at;
	size_t counted; /* line and column are known up to here */
	int line, column;
	char open[TEMPLATE_DELIMITER_MAX], close[TEMPLATE_DELIMITER_MAX];
	size_t open_len, close_len;
};

void scanner_init(struct scanner *scanner, const char *file, const char *text, size_t len);
/* 1 and the next tag; 0 at the end; -1 after a problem. */
int scanner_next(struct scanner *scanner, struct tag *tag, struct problems *problems);

/* ---- escapes (escape.c) --------------------------------------------------------- */

/* Beyond enum mustache_escape: */
enum {
	ESCAPE_NONE = MUSTACHE_URL + 1, /* as it is, invalid UTF-8 mended */
	ESCAPE_URL_WHOLE, /* a value that begins a link: checked as a whole afterwards */
	ESCAPE_MAILTO     /* within a mailto: link: like URL, but @ stays */
};

/* Appends value; 0 or -1 when out is full. crlf: a newline becomes CR LF. */
int escape_append(struct buf *out, int escape, bool crlf, const char *value, size_t len);

/* ---- pipes (filter.c) ------------------------------------------------------------ */

#define FILTERS_MOST 4
struct filter {
	int kind;
	int format;     /* of a date */
	char *arg[3];
};
struct filter_context {
	enum lang lang;
	const char *zone;
};
/* The value on its way through the pipes: JSON, or text when json is NULL. */
struct value {
	const json_t *json;
	const char *text;
	size_t len;
	char own[192];
};
/* "plural: one, few, many". Problems go to place. */
int filter_parse(struct filter *filter, const char *text, size_t len, struct problem_place place,
	struct problems *problems);
void filter_fini(struct filter *filter);
int filter_apply(const struct filter *filter, const struct filter_context *context,
	struct value *value, struct error *e);
/* Scalars become text; false for what has none (objects, arrays). */
bool value_as_text(struct value *value);

/* ---- compiled templates (template_build.c) ---------------------------------------- */

#define TEMPLATE_NESTING_MAX 16 /* sections within sections, at compile and render time */

enum token_kind { TOKEN_TEXT, TOKEN_VALUE, TOKEN_SECTION, TOKEN_INVERTED, TOKEN_PARTIAL, TOKEN_URL };

struct token {
	enum token_kind kind;
	bool line_start; /* stands at the beginning of a line: a partial's indentation goes before it */
	bool unescaped;
	bool standalone; /* PARTIAL */
	int escape;
	int line, column;
	size_t start, len; /* TEXT: its bytes; PARTIAL: the indentation's; in template->bytes */
	size_t skip;       /* SECTION, INVERTED, URL: the token after its end */
	size_t parent;     /* the section it stands in, or SIZE_MAX */
	char *name;        /* the tag's path, NUL-terminated; NULL for TEXT and URL */
	char *parts;       /* the same with NUL for '.', or NULL for "." */
	size_t parts_count;
	struct filter *filter;
	size_t filters;
	struct mustache *partial;
};

struct template_options {
	const char *name;
	int escape;
	const char *(*partial)(void *arg, const char *name);
	void *arg;
	enum lang lang;
	const char *zone;
	bool crlf;   /* newlines come out as CR LF */
	bool strict; /* a value that is not there fails the render */
};

struct partial_set; /* partials by name; owned by the root template */

struct mustache {
	char *name, *zone;
	int escape;
	enum lang lang;
	bool crlf, strict;
	const json_t *constants; /* looked up last; borrowed from the letter; may be NULL */
	char *bytes;
	size_t bytes_len, bytes_cap;
	struct token *token;
	size_t count, cap;
	struct partial_set *partials;
	bool owns_partials;
	/* while building */
	size_t open[TEMPLATE_NESTING_MAX];
	size_t open_count;
	bool text_closed; /* the next text starts a token of its own */
};

struct mustache *template_new(const struct template_options *options);
void template_text(struct mustache *template, const char *text, size_t len);
/* A literal of ours. */
void template_puts(struct mustache *template, const char *text);
/* Any tag but COMMENT and DELIMITERS. 0, or -1 after a problem. */
int template_tag(struct mustache *template, const struct tag *tag, int escape, bool line_start,
	struct problems *problems);
void template_url_begin(struct mustache *template, int escape);
void template_url_end(struct mustache *template);
/* Reports sections left open. */
int template_finish(struct mustache *template, struct problems *problems);

/* The problem's text names a tag like «recipient.name» cut at this many bytes. */
#define TEMPLATE_NAME_SHOWN 60

#endif
