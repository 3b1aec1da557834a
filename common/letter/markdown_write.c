/* Text, tags and links into the HTML and the plain text side by side. */
#include <stdio.h>
#include <string.h>

#include "base/gate.h"

#include "letter/markdown_inside.h"
#include "letter/style.h"

void write_html(struct writer *w, const char *literal)
{
	template_puts(w->target->html, literal);
}

void write_text(struct writer *w, const char *literal)
{
	template_puts(w->target->text, literal);
}

void write_problem(struct writer *w, cmark_node *node, enum problem_severity severity,
	const char *hint, const char *what)
{
	int line = 0;
	for (; node != NULL && line == 0; node = cmark_node_parent(node))
		line = cmark_node_get_start_line(node);
	problem_add(w->problems, severity,
		(struct problem_place){w->source->file, marks_line(&w->marks, line), 0, NULL}, hint, "%s",
		what);
}

/* ---- words and tags ---------------------------------------------------------------- */

static void put_text(struct writer *w, const char *s, size_t len)
{
	buf_reset(&w->escaped);
	(void)escape_append(&w->escaped, MUSTACHE_HTML, false, s, len);
	template_text(w->target->html, buf_str(&w->escaped), w->escaped.len);
	template_text(w->target->text, s, len);
	if (w->in_heading)
		template_text(w->target->subject, s, len);
}

/* Both tags of a section must stand in the same element, or leaving it out would
 * tear the HTML. */
static void check_nesting(struct writer *w, const struct tag *tag, const cmark_node *parent)
{
	if (tag->kind == TAG_SECTION || tag->kind == TAG_INVERTED) {
		if (w->open_count < TEMPLATE_NESTING_MAX)
			w->open[w->open_count++] = (struct place){parent, tag->name, tag->name_len};
		return;
	}
	if (tag->kind != TAG_CLOSE || w->open_count == 0)
		return;
	const struct place *open = &w->open[--w->open_count];
	bool same_name =
		open->name_len == tag->name_len && memcmp(open->name, tag->name, tag->name_len) == 0;
	if (same_name && open->node != parent)
		problem_add(w->problems, PROBLEM_ERROR,
			(struct problem_place){w->source->file, tag->line, tag->column, NULL},
			tr("put both tags into one paragraph, or each on a line of its own",
				"поставьте оба тега в один абзац или каждый на отдельную строку"),
			tr("the section «%.*s» begins and ends in different parts of the text",
				"раздел «%.*s» начинается и кончается в разных частях текста"),
			(int)tag->name_len, tag->name);
}

void write_tag(struct writer *w, const struct tag *tag, const cmark_node *parent)
{
	struct problems again = {0}; /* the same mistakes three times would be two too many */
	check_nesting(w, tag, parent);
	(void)template_tag(w->target->html, tag, MUSTACHE_HTML, false, w->problems);
	(void)template_tag(w->target->text, tag, MUSTACHE_TEXT, false, &again);
	if (w->in_heading)
		(void)template_tag(w->target->subject, tag, MUSTACHE_HEADER, false, &again);
	problems_fini(&again);
}

void write_marked(struct writer *w, const char *s, const cmark_node *parent)
{
	size_t len = s == NULL ? 0 : strlen(s);
	while (len > 0) {
		size_t mark_len = 0;
		const struct marked *mark;
		size_t n = marks_find(&w->marks, s, len, &mark_len, &mark);
		put_text(w, s, n);
		if (mark != NULL)
			write_tag(w, &mark->tag, parent);
		s += n + mark_len;
		len -= n + mark_len;
	}
}

void write_line_start(struct writer *w)
{
	size_t columns = 0; /* of the bullet: characters, not bytes */
	for (const char *c = w->bullet; *c != '\0'; c++)
		columns += ((unsigned char)*c & 0xc0) != 0x80 ? 1 : 0;
	template_text(w->target->text, w->indent, w->indent_len - columns);
	write_text(w, w->bullet);
	w->bullet[0] = '\0';
}

/* ---- links ------------------------------------------------------------------------------ */

/* Tags in a link are escaped as parts of a URL, and the whole is checked when it
 * has been filled in. */
static void put_url(struct writer *w, struct mustache *t, int context, const char *url,
	struct problems *problems)
{
	bool mailto = strncmp(url, "mailto:", 7) == 0, first = true;
	size_t len = strlen(url);
	template_url_begin(t, context);
	while (len > 0) {
		size_t mark_len = 0;
		const struct marked *mark;
		size_t n = marks_find(&w->marks, url, len, &mark_len, &mark);
		template_text(t, url, n);
		int escape = first && n == 0 ? ESCAPE_URL_WHOLE : mailto ? ESCAPE_MAILTO : MUSTACHE_URL;
		if (mark != NULL)
			(void)template_tag(t, &mark->tag, escape, false, problems);
		url += n + mark_len;
		len -= n + mark_len;
		first = false;
	}
	template_url_end(t);
}

/* True when the link's address holds tags; only values may stand there. */
static bool has_marks(struct writer *w, cmark_node *link, const char *url, bool *ok)
{
	bool any = false;
	*ok = true;
	for (size_t len = strlen(url); len > 0;) {
		size_t mark_len = 0;
		const struct marked *mark;
		size_t n = marks_find(&w->marks, url, len, &mark_len, &mark);
		if (mark != NULL) {
			any = true;
			*ok = *ok && (mark->tag.kind == TAG_VALUE || mark->tag.kind == TAG_RAW);
		}
		url += n + mark_len;
		len -= n + mark_len;
	}
	if (!*ok)
		write_problem(w, link, PROBLEM_ERROR, tr("put the whole link into the section",
			"поместите в раздел всю ссылку"),
			tr("a section cannot stand in a link's address",
				"раздел не может стоять внутри адреса ссылки"));
	return any;
}

static void put_plain_url(struct writer *w, const char *url)
{
	buf_reset(&w->escaped);
	(void)escape_append(&w->escaped, MUSTACHE_HTML, false, url, strlen(url));
	template_text(w->target->html, buf_str(&w->escaped), w->escaped.len);
}

/* The label is the address itself (autolinks). */
static bool label_is_url(cmark_node *link, const char *url)
{
	cmark_node *child = cmark_node_first_child(link);
	if (child == NULL || cmark_node_next(child) != NULL ||
		cmark_node_get_type(child) != CMARK_NODE_TEXT)
		return false;
	const char *label = cmark_node_get_literal(child);
	if (strcmp(label, url) == 0)
		return true;
	return strncmp(url, "mailto:", 7) == 0 && strcmp(label, url + 7) == 0;
}

bool write_link_open(struct writer *w, cmark_node *link)
{
	const char *url = cmark_node_get_url(link);
	bool ok, marks = has_marks(w, link, url, &ok);
	if (!ok)
		return false;
	if (!marks && !gate_url(url, true)) {
		write_problem(w, link, PROBLEM_ERROR,
			tr("right would be https://…, http://… or mailto:…",
				"правильно https://…, http://… или mailto:…"),
			tr("this link leads to no web page and no mailbox",
				"эта ссылка не ведёт ни на страницу, ни на почтовый адрес"));
		return false;
	}
	write_html(w, "<a href=\"");
	if (marks)
		put_url(w, w->target->html, MUSTACHE_HTML, url, w->problems);
	else
		put_plain_url(w, url);
	/* v-to: the address is printed beside the label, as in the plain text. */
	write_html(w, label_is_url(link, url) ? "\" style=\"color:" STYLE_LINK ";\">"
					      : "\" class=\"v-to\" style=\"color:" STYLE_LINK ";\">");
	return true;
}

void write_link_close(struct writer *w, cmark_node *link)
{
	const char *url = cmark_node_get_url(link);
	struct problems again = {0};
	write_html(w, "</a>");
	if (label_is_url(link, url))
		return;
	const struct marked *mark;
	size_t mark_len;
	write_text(w, " (");
	bool marks = marks_find(&w->marks, url, strlen(url), &mark_len, &mark) < strlen(url);
	if (marks)
		put_url(w, w->target->text, MUSTACHE_TEXT, url, &again);
	else
		write_text(w, strncmp(url, "mailto:", 7) == 0 ? url + 7 : url);
	write_text(w, ")");
	problems_fini(&again);
}
