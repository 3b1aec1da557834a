#include "letter/public.h"

#include <stdlib.h>
#include <string.h>

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm-extension_api.h>

#include "base/buf.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "letter/markdown_inside.h"
#include "letter/public_inside.h"

#define PUBLIC_MAX_BYTES (512 * 1024) /* of the text with its values; a letter has at most 64 KB */

/* ---- values -------------------------------------------------------------------------- */

/* A value must not become markup. Dates, numbers and addresses keep their shape for the pipes. */
static json_t *escaped_text(const char *text)
{
	struct buf out;
	buf_init(&out, strlen(text) * 2 + 1);
	for (const char *p = text; *p != '\0'; p++) {
		bool first = p == text && strchr("-+#>", *p) != NULL;
		if (first || strchr("\\`*_[]<>&~|", *p) != NULL)
			(void)buf_putc(&out, '\\');
		(void)buf_putc(&out, *p == '\n' || *p == '\r' ? ' ' : *p);
	}
	json_t *string = json_string(buf_str(&out));
	buf_fini(&out);
	return string;
}

static json_t *escaped(const json_t *value)
{
	json_t *out;
	size_t i;
	const char *name;
	json_t *item;
	if (json_is_string(value))
		return escaped_text(json_string_value(value));
	if (json_is_array(value)) {
		out = json_array();
		json_array_foreach(value, i, item) json_array_append_new(out, escaped(item));
		return out;
	}
	if (!json_is_object(value))
		return json_deep_copy(value);
	out = json_object();
	json_object_foreach((json_t *)(uintptr_t)value, name, item)
		json_object_set_new(out, name, escaped(item));
	return out;
}

/* ---- the Markdown that is left ---------------------------------------------------------- */

/* What of [from, to) is not left out, as text of the template. */
static void put_between(const struct public_letter *p, struct mustache *t, size_t from, size_t to)
{
	for (size_t i = 0; i < p->blocks; i++) {
		const struct public_block *b = &p->block[i];
		size_t start = b->start > from ? b->start : from, end = b->end < to ? b->end : to;
		if (!b->out && start < end)
			template_text(t, p->text + start, end - start);
	}
}

static bool is_out(const struct public_letter *p, size_t at)
{
	for (size_t i = 0; i < p->blocks; i++)
		if (at >= p->block[i].start && at < p->block[i].end)
			return p->block[i].out;
	return false;
}

static int fill(const struct public_letter *p, const json_t *fields, enum lang lang, const char *zone, struct buf *out,
	struct problems *problems, struct error *e)
{
	const struct template_options options = {
		.name = "letter", .escape = ESCAPE_NONE, .lang = lang, .zone = zone, .strict = true};
	struct mustache *t = template_new(&options);
	json_t *values = escaped(fields);
	size_t at = 0;
	int rc = 0;
	for (size_t i = 0; i < p->tags && rc == 0; i++) {
		const struct tag *tag = &p->tag[i].tag;
		put_between(p, t, at, tag->standalone ? tag->line_start : tag->start);
		at = tag->standalone ? tag->line_end : tag->end;
		if (tag->kind != TAG_COMMENT && tag->kind != TAG_DELIMITERS && !is_out(p, tag->start))
			rc = template_tag(t, tag, ESCAPE_NONE, false, problems);
	}
	put_between(p, t, at, p->len);
	if (rc == 0)
		rc = template_finish(t, problems);
	if (rc == 0)
		rc = mustache_render(t, values, out, e);
	json_decref(values);
	mustache_free(&t);
	return rc;
}

/* ---- page and text ------------------------------------------------------------------------- */

static bool heading_left_out(const struct public_letter *p)
{
	for (size_t i = 0; i < p->blocks; i++)
		if (p->text[p->block[i].start] == '#')
			return p->block[i].out;
	return false;
}

static void take_title(cmark_node *heading, struct letter_public *out)
{
	char *plain = cmark_render_plaintext(heading, CMARK_OPT_DEFAULT, 0);
	out->title = gate_clean_line(plain, 1000);
	free(plain);
}

/* Lines first to last are the title's: blanked, so that the others keep their places. */
static void blank_lines(char *text, int first, int last)
{
	int line = 1;
	for (; *text != '\0'; text++) {
		if (*text == '\n')
			line++;
		else if (line >= first && line <= last)
			*text = ' ';
	}
}

static char *page_of(char *markdown, bool titled, struct letter_public *out)
{
	cmark_node *document = markdown_parse(markdown, strlen(markdown));
	cmark_node *node = cmark_node_first_child(document);
	while (node != NULL && cmark_node_get_type(node) != CMARK_NODE_HEADING)
		node = cmark_node_next(node);
	if (node != NULL && titled) {
		take_title(node, out);
		blank_lines(markdown, cmark_node_get_start_line(node), cmark_node_get_end_line(node));
		cmark_node_unlink(node);
		cmark_node_free(node);
	}
	char *raw = cmark_render_html(document, CMARK_OPT_DEFAULT, NULL); /* safe: no HTML, no scripts in links */
	char *html = xstrdup(raw);
	free(raw);
	cmark_node_free(document);
	return html;
}

static char *text_of(const char *markdown, struct problems *problems, struct error *e)
{
	const struct markdown_source source = {.file = "letter", .text = markdown, .len = strlen(markdown)};
	const struct template_options html = {.name = "html", .escape = MUSTACHE_HTML};
	const struct template_options plain = {.name = "text", .escape = MUSTACHE_TEXT};
	struct markdown_target target = {.html = template_new(&html), .text = template_new(&plain),
		.subject = template_new(&plain)};
	json_t *nothing = json_object();
	struct buf out;
	buf_init(&out, PUBLIC_MAX_BYTES);
	int rc = markdown_build(&source, &target, problems);
	if (rc == 0)
		rc = template_finish(target.text, problems);
	if (rc == 0)
		rc = mustache_render(target.text, nothing, &out, e);
	while (out.len > 0 && strchr("\r\n ", out.data[out.len - 1]) != NULL)
		out.data[--out.len] = '\0';
	json_decref(nothing);
	mustache_free(&target.html);
	mustache_free(&target.text);
	mustache_free(&target.subject);
	if (rc == 0)
		return buf_take(&out);
	buf_fini(&out);
	return NULL;
}

static size_t count_left_out(const struct public_letter *p)
{
	size_t count = 0;
	for (size_t i = 0; i < p->blocks; i++)
		count += p->block[i].out;
	return count;
}

/* Values with braces would be tags for the second reading. */
static bool has_tags(const char *markdown)
{
	return strstr(markdown, "{{") != NULL;
}

static void hide_tags(char *markdown)
{
	for (char *p = markdown; (p = strstr(p, "{{")) != NULL; p++)
		*p = '(';
}

int letter_public(const char *markdown, size_t len, const json_t *fields, enum lang lang, const char *zone,
	struct letter_public *out, struct error *e)
{
	struct public_letter p;
	struct problems problems = {0};
	struct buf left;
	int rc = -1;
	error_clear(e);
	*out = (struct letter_public){0};
	buf_init(&left, PUBLIC_MAX_BYTES);
	if (public_read(&p, markdown, len, fields, &problems) == 0 &&
		fill(&p, fields, lang, zone, &left, &problems, e) == 0) {
		char *text = buf_take(&left);
		if (has_tags(text))
			hide_tags(text);
		out->left_out = count_left_out(&p);
		out->html = page_of(text, !heading_left_out(&p), out);
		out->text = text_of(text, &problems, e);
		rc = out->text == NULL ? -1 : 0;
		free(text);
	}
	if (rc != 0 && e->code == ERROR_NONE)
		(void)error_set(e, ERROR_INPUT, "%s: %s",
			tr("the letter cannot be published", "письмо нельзя опубликовать"),
			problems.count > 0 ? problems.item[0].text : tr("its tags are broken", "теги в нём нарушены"));
	if (rc != 0)
		letter_public_fini(out);
	buf_fini(&left);
	public_fini(&p);
	problems_fini(&problems);
	return rc;
}

void letter_public_fini(struct letter_public *text)
{
	free(text->title);
	free(text->text);
	free(text->html);
	*text = (struct letter_public){0};
}
