/* Walks cmark's tree and writes HTML and plain text side by side.
 *
 * Our own writer instead of cmark's: styles must stand in every element, link
 * addresses must stay in the plain text, tags must come back in place of their
 * marks, and raw HTML has no way in. Blocks of the plain text end with their
 * blank line, so that a section that is left out leaves no gap. */
#include "letter/markdown.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm-extension_api.h>

#include "base/gate.h"

#include "letter/markdown_inside.h"
#include "letter/style.h"

/* cmark of Debian 12 may take quadratic time on crafted text; authors are
 * staff, and no letter has 64 KB. */
#define MARKDOWN_MAX_BYTES 65536
#define BLOCKS_DEEP_MAX 12  /* lists in lists, quotations in quotations */
#define INLINES_DEEP_MAX 40 /* emphasis in emphasis */
/* cmark fills up every row to the width of its table's head: 64 KB could become
 * millions of cells. An A4 page has room for some ten. */
#define TABLE_BARS_MAX 40

static void write_blocks(struct writer *w, cmark_node *parent, bool tight);

/* ---- inline ------------------------------------------------------------------------- */

static void write_inlines(struct writer *w, cmark_node *parent, int deep);

static void around(struct writer *w, cmark_node *node, const char *open, const char *close, int deep)
{
	write_html(w, open);
	write_inlines(w, node, deep);
	write_html(w, close);
}

static void write_link(struct writer *w, cmark_node *node, int deep)
{
	bool open = write_link_open(w, node);
	write_inlines(w, node, deep);
	if (open)
		write_link_close(w, node);
}

static void write_break(struct writer *w, bool hard)
{
	write_html(w, hard ? "<br>\n" : "\n");
	write_text(w, hard ? "\n" : " ");
	if (hard)
		write_line_start(w);
	if (w->in_heading)
		template_puts(w->target->subject, " ");
}

static void write_inline(struct writer *w, cmark_node *node, cmark_node *parent, int deep)
{
	switch (cmark_node_get_type(node)) {
	case CMARK_NODE_TEXT:
		write_marked(w, cmark_node_get_literal(node), parent);
		return;
	case CMARK_NODE_CODE:
		write_html(w, "<span style=\"font-family:Consolas,monospace;font-size:15px;\">");
		write_marked(w, cmark_node_get_literal(node), parent);
		write_html(w, "</span>");
		return;
	case CMARK_NODE_SOFTBREAK:
	case CMARK_NODE_LINEBREAK:
		write_break(w, cmark_node_get_type(node) == CMARK_NODE_LINEBREAK);
		return;
	case CMARK_NODE_EMPH:
		around(w, node, "<em>", "</em>", deep);
		return;
	case CMARK_NODE_STRONG:
		around(w, node, "<strong>", "</strong>", deep);
		return;
	case CMARK_NODE_LINK:
		write_link(w, node, deep);
		return;
	case CMARK_NODE_IMAGE:
		write_problem(w, node, PROBLEM_ERROR,
			tr("attach the picture as a file", "приложите картинку файлом"),
			tr("letters have no pictures: mail programs block them",
				"в письме нет картинок: почтовые программы их блокируют"));
		return;
	case CMARK_NODE_HTML_INLINE:
		write_problem(w, node, PROBLEM_ERROR,
			tr("write Markdown", "используйте разметку Markdown"),
			tr("HTML cannot stand in a letter", "в тексте письма не может быть HTML"));
		return;
	default:
		if (strcmp(cmark_node_get_type_string(node), "strikethrough") == 0)
			around(w, node, "<s>", "</s>", deep);
		else
			write_inlines(w, node, deep);
	}
}

static void write_inlines(struct writer *w, cmark_node *parent, int deep)
{
	if (deep == INLINES_DEEP_MAX) {
		write_problem(w, parent, PROBLEM_ERROR, NULL,
			tr("the text is nested too deeply", "слишком глубокая вложенность"));
		return;
	}
	for (cmark_node *node = cmark_node_first_child(parent); node != NULL; node = cmark_node_next(node))
		write_inline(w, node, parent, deep + 1);
}

/* ---- tags alone on their line ----------------------------------------------------------- */

/* The tag, when node holds nothing but one that stood alone on its line. */
static const struct tag *only_tag(struct writer *w, cmark_node *node)
{
	cmark_node *child = node == NULL ? NULL : cmark_node_first_child(node);
	if (child == NULL || cmark_node_next(child) != NULL)
		return NULL;
	if (cmark_node_get_type(child) != CMARK_NODE_TEXT)
		return cmark_node_get_type(node) == CMARK_NODE_ITEM ? only_tag(w, child) : NULL;
	const char *s = cmark_node_get_literal(child);
	const struct marked *mark;
	size_t mark_len = 0, len = strlen(s);
	if (marks_find(&w->marks, s, len, &mark_len, &mark) != 0 || mark_len != len || mark == NULL)
		return NULL;
	return mark->tag.standalone ? &mark->tag : NULL;
}

/* ---- blocks --------------------------------------------------------------------------- */

static void end_block(struct writer *w, bool tight)
{
	write_text(w, tight ? "\n" : "\n\n");
}

static void write_paragraph(struct writer *w, cmark_node *node, bool tight)
{
	const struct tag *tag = only_tag(w, node);
	if (tag != NULL) {
		write_tag(w, tag, cmark_node_parent(node));
		return;
	}
	if (!tight)
		write_html(w, w->deep <= 1 ? "<p style=\"margin:0 0 12px 0;text-indent:36px;\">"
					   : "<p style=\"margin:0 0 12px 0;\">");
	write_line_start(w);
	write_inlines(w, node, 0);
	write_html(w, tight ? "" : "</p>\n");
	end_block(w, tight);
}

static void write_heading(struct writer *w, cmark_node *node)
{
	bool first = !w->target->has_heading;
	w->in_heading = first;
	w->target->has_heading = true;
	write_html(w, first ? "<p style=\"margin:0 0 22px 0;font-weight:bold;text-align:left;\">"
			    : "<p style=\"margin:18px 0 8px 0;font-weight:bold;\">");
	write_line_start(w);
	write_inlines(w, node, 0);
	write_html(w, "</p>\n");
	end_block(w, false);
	w->in_heading = false;
}

/* Nesting is bounded, and a list's number has at most 9 digits. */
static void indent_more(struct writer *w, size_t columns, char first)
{
	ASSERT(w->indent_len + columns <= INDENT_MAX);
	memset(w->indent + w->indent_len, ' ', columns);
	w->indent[w->indent_len] = first;
	w->indent_len += columns;
}

static void write_item(struct writer *w, cmark_node *item, bool tight, int number)
{
	const struct tag *tag = only_tag(w, item);
	if (tag != NULL) {
		write_tag(w, tag, cmark_node_parent(item));
		return;
	}
	size_t before = w->indent_len;
	if (number >= 0)
		snprintf(w->bullet, sizeof w->bullet, "%d. ", number);
	else
		snprintf(w->bullet, sizeof w->bullet, "– ");
	indent_more(w, number < 0 ? 2 : strlen(w->bullet), ' ');
	write_html(w, tight ? "<li style=\"margin:0 0 4px 0;\">" : "<li style=\"margin:0;\">");
	write_blocks(w, item, tight);
	write_html(w, "</li>\n");
	w->indent_len = before;
	w->bullet[0] = '\0';
}

static void write_list(struct writer *w, cmark_node *list, bool tight_around)
{
	bool tight = cmark_node_get_list_tight(list);
	int number = -1;
	if (cmark_node_get_list_type(list) == CMARK_ORDERED_LIST) {
		char open[120];
		number = cmark_node_get_list_start(list);
		snprintf(open, sizeof open, "<ol start=\"%d\" style=\"margin:0 0 12px 0;padding:0 0 0 36px;\">\n",
			number);
		write_html(w, open);
	} else {
		write_html(w, "<ul style=\"margin:0 0 12px 0;padding:0 0 0 36px;\">\n");
	}
	for (cmark_node *item = cmark_node_first_child(list); item != NULL; item = cmark_node_next(item)) {
		write_item(w, item, tight, number);
		if (number >= 0 && only_tag(w, item) == NULL)
			number++;
	}
	write_html(w, cmark_node_get_list_type(list) == CMARK_ORDERED_LIST ? "</ol>\n" : "</ul>\n");
	if (tight && !tight_around)
		write_text(w, "\n");
}

static void write_code(struct writer *w, cmark_node *node)
{
	write_html(w, "<pre style=\"margin:0 0 12px 0;white-space:pre-wrap;font-family:Consolas,monospace;"
		      "font-size:15px;\">");
	write_line_start(w);
	write_marked(w, cmark_node_get_literal(node), node);
	write_html(w, "</pre>\n");
	write_text(w, "\n");
}

static void write_quote(struct writer *w, cmark_node *node)
{
	size_t before = w->indent_len;
	indent_more(w, 2, '>');
	write_html(w, "<div style=\"margin:0 0 12px 0;padding:0 0 0 14px;border-left:3px solid " STYLE_RULE
		      ";\">\n");
	write_blocks(w, node, false);
	write_html(w, "</div>\n");
	w->indent_len = before;
}

/* ---- tables --------------------------------------------------------------------------- */

static void write_cell(struct writer *w, cmark_node *cell, bool header, char align, bool first)
{
	char open[200];
	snprintf(open, sizeof open,
		"<%s align=\"%s\" valign=\"top\" style=\"border:1px solid %s;padding:4px 7px;%s\">",
		header ? "th" : "td", align == 'r' ? "right" : align == 'c' ? "center" : "left", STYLE_RULE,
		header ? "background-color:#f2f4f7;" : "");
	write_html(w, open);
	write_text(w, first ? "" : " | ");
	write_inlines(w, cell, 0);
	write_html(w, header ? "</th>" : "</td>");
}

static void write_row(struct writer *w, cmark_node *row, const uint8_t *align, size_t columns, bool header)
{
	const struct tag *tag = only_tag(w, cmark_node_first_child(row));
	if (tag != NULL && !header) {
		write_tag(w, tag, cmark_node_parent(row));
		return;
	}
	write_html(w, "<tr>");
	write_line_start(w);
	size_t column = 0;
	for (cmark_node *cell = cmark_node_first_child(row); cell != NULL; cell = cmark_node_next(cell)) {
		write_cell(w, cell, header, column < columns ? (char)align[column] : 'l', column == 0);
		column++;
	}
	write_html(w, "</tr>\n");
	write_text(w, "\n");
}

static void write_table(struct writer *w, cmark_node *table)
{
	size_t columns = cmark_gfm_extensions_get_table_columns(table);
	const uint8_t *align = cmark_gfm_extensions_get_table_alignments(table);
	/* Words in cells stay whole; a table too wide for a phone scrolls by itself. */
	write_html(w, "<div style=\"overflow-x:auto;padding:0 1px;\"><table class=\"v-data\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" style=\"margin:0 0 14px 0;"
		      "border-collapse:collapse;font-size:15px;line-height:21px;"
		      "overflow-wrap:normal;word-break:normal;\">\n");
	bool header = true;
	for (cmark_node *row = cmark_node_first_child(table); row != NULL; row = cmark_node_next(row)) {
		write_row(w, row, align, columns, header);
		header = false;
	}
	write_html(w, "</table></div>\n");
	write_text(w, "\n");
}

static void write_block(struct writer *w, cmark_node *node, bool tight)
{
	switch (cmark_node_get_type(node)) {
	case CMARK_NODE_PARAGRAPH:
		write_paragraph(w, node, tight);
		return;
	case CMARK_NODE_HEADING:
		write_heading(w, node);
		return;
	case CMARK_NODE_LIST:
		write_list(w, node, tight);
		return;
	case CMARK_NODE_BLOCK_QUOTE:
		write_quote(w, node);
		return;
	case CMARK_NODE_CODE_BLOCK:
		write_code(w, node);
		return;
	case CMARK_NODE_THEMATIC_BREAK:
		write_html(w, "<hr style=\"margin:16px 0;border:0;border-top:1px solid " STYLE_RULE ";\">\n");
		write_line_start(w);
		write_text(w, "————————————\n\n");
		return;
	case CMARK_NODE_HTML_BLOCK:
		write_problem(w, node, PROBLEM_ERROR, tr("write Markdown", "используйте разметку Markdown"),
			tr("HTML cannot stand in a letter", "в тексте письма не может быть HTML"));
		return;
	default:
		if (strcmp(cmark_node_get_type_string(node), "table") == 0)
			write_table(w, node);
	}
}

static void write_blocks(struct writer *w, cmark_node *parent, bool tight)
{
	if (w->deep == BLOCKS_DEEP_MAX) {
		write_problem(w, parent, PROBLEM_ERROR, NULL,
			tr("the text is nested too deeply", "слишком глубокая вложенность"));
		return;
	}
	w->deep++;
	for (cmark_node *node = cmark_node_first_child(parent); node != NULL; node = cmark_node_next(node))
		write_block(w, node, tight);
	w->deep--;
}

/* ---- the whole ---------------------------------------------------------------------------- */

static pthread_once_t registered = PTHREAD_ONCE_INIT;

cmark_node *markdown_parse(const char *text, size_t len)
{
	static const char *const extensions[] = {"table", "autolink", "strikethrough"};
	pthread_once(&registered, cmark_gfm_core_extensions_ensure_registered);
	cmark_parser *parser = cmark_parser_new(CMARK_OPT_DEFAULT);
	for (size_t i = 0; i < sizeof extensions / sizeof extensions[0]; i++)
		cmark_parser_attach_syntax_extension(parser, cmark_find_syntax_extension(extensions[i]));
	cmark_parser_feed(parser, text, len);
	cmark_node *document = cmark_parser_finish(parser);
	cmark_parser_free(parser);
	cmark_consolidate_text_nodes(document);
	return document;
}

/* UTF-8 without control characters: the heading becomes a header. */
static bool is_text(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] == 0x7f ||
			((unsigned char)s[i] < 0x20 && s[i] != '\n' && s[i] != '\r' && s[i] != '\t'))
			return false;
	return gate_utf8(s, len);
}

static int line_of_wide_table(const char *s, size_t len)
{
	int line = 1, bars = 0;
	for (size_t i = 0; i < len; i++) {
		bars = s[i] == '\n' ? 0 : bars + (s[i] == '|' ? 1 : 0);
		if (bars > TABLE_BARS_MAX)
			return line;
		line += s[i] == '\n' ? 1 : 0;
	}
	return 0;
}

int markdown_build(const struct markdown_source *source, struct markdown_target *target,
	struct problems *problems)
{
	size_t errors = problems->errors;
	struct problem_place place = {source->file, 0, 0, NULL};
	if (source->len > MARKDOWN_MAX_BYTES || !is_text(source->text, source->len)) {
		problem_add(problems, PROBLEM_ERROR, place,
			tr("save it as UTF-8, at most 64 KB", "сохраните его в UTF-8, не больше 64 КБ"), "%s",
			source->len > MARKDOWN_MAX_BYTES
				? tr("the letter is too long", "письмо слишком длинное")
				: tr("the letter is not UTF-8 text", "письмо – не текст в UTF-8"));
		return -1;
	}
	place.line = line_of_wide_table(source->text, source->len);
	if (place.line > 0) {
		problem_add(problems, PROBLEM_ERROR, place, tr("attach it as a file", "приложите её файлом"), "%s",
			tr("this table is too wide for a letter", "эта таблица слишком широка для письма"));
		return -1;
	}
	struct writer w = {.source = source, .target = target, .problems = problems};
	buf_init(&w.escaped, MARKDOWN_MAX_BYTES * 8);
	if (marks_make(&w.marks, source, problems) == 0) {
		cmark_node *document = markdown_parse(buf_str(&w.marks.text), w.marks.text.len);
		write_blocks(&w, document, false);
		cmark_node_free(document);
	}
	marks_fini(&w.marks);
	buf_fini(&w.escaped);
	return problems->errors == errors ? 0 : -1;
}
