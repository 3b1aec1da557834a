/* Shared by the parts of the Markdown step. */
#ifndef VESTNIK_LETTER_MARKDOWN_INSIDE_H
#define VESTNIK_LETTER_MARKDOWN_INSIDE_H

#include <cmark-gfm.h>

#include "letter/markdown.h"

/* ---- marks: words that stand for tags while cmark reads (markdown_tags.c) ---------- */

struct marked {
	struct tag tag;
	int form; /* how it stands in the marked text */
	char bullet;
};

struct marks {
	struct marked *item;
	size_t count;
	char word[24];   /* every mark begins with it; the text has it nowhere else */
	struct buf text; /* the Markdown with marks for tags */
	int *line;       /* the source's line of each line of text, up to the last tag */
	size_t lines, noted;
};

/* 0, or -1 after problems (marks_fini in both cases). */
int marks_make(struct marks *marks, const struct markdown_source *source, struct problems *problems);
void marks_fini(struct marks *marks);
/* Where the next mark in text begins (len when there is none) and which it is. */
size_t marks_find(const struct marks *marks, const char *text, size_t len, size_t *mark_len,
	const struct marked **mark);
/* Line of the marked text → line of the source. */
int marks_line(const struct marks *marks, int line);

/* cmark's tree, with the extensions letters have; the caller frees it (cmark_node_free). */
cmark_node *markdown_parse(const char *text, size_t len);

/* ---- writing both outputs (markdown_write.c) --------------------------------------- */

#define INDENT_MAX 192 /* 12 levels of at most 12 columns */

struct place { /* where a section was opened: both its tags must stand there */
	const cmark_node *node;
	const char *name;
	size_t name_len;
};

struct writer {
	const struct markdown_source *source;
	struct markdown_target *target;
	struct problems *problems;
	struct marks marks;
	bool in_heading;
	int deep;
	char indent[INDENT_MAX]; /* of plain text lines: lists, quotations */
	size_t indent_len;
	char bullet[16]; /* stands in the indent's last columns on the next line */
	struct place open[TEMPLATE_NESTING_MAX];
	size_t open_count;
	struct buf escaped;
};

void write_html(struct writer *w, const char *literal);
void write_text(struct writer *w, const char *literal);
/* Literal text with marks, into both (and the subject, in the first heading). */
void write_marked(struct writer *w, const char *s, const cmark_node *parent);
void write_tag(struct writer *w, const struct tag *tag, const cmark_node *parent);
/* Indentation and bullet of a line of the plain text. */
void write_line_start(struct writer *w);
/* <a href="…">; false after a problem: the label stands by itself then. */
bool write_link_open(struct writer *w, cmark_node *link);
/* </a> and, in the plain text, the address where the label does not show it. */
void write_link_close(struct writer *w, cmark_node *link);
void write_problem(struct writer *w, cmark_node *node, enum problem_severity severity,
	const char *hint, const char *what);

#endif
