/* Tokens and data → text. No allocation but the output's; the template is only
 * read, so that threads share it. */
#include <stdlib.h>
#include <string.h>

#include "base/gate.h"
#include "base/xalloc.h"

#include "letter/template.h"

/* Partials within partials: a partial that uses itself ends here. */
#define PARTIAL_DEPTH_MAX 24
#define CONTEXTS_MAX (2 + TEMPLATE_NESTING_MAX * 4)
/* Tokens looked at in one render: nested lists over hostile data that print
 * nothing would run for ever below the output's limit. About 20 ms. */
#define STEPS_MAX 1000000

struct indent {
	const struct indent *outer;
	const char *text;
	size_t len;
};

struct render {
	const json_t *context[CONTEXTS_MAX];
	size_t contexts;
	size_t partials, steps;
	struct buf *out;
	struct error *e;
};

static int full(struct render *r)
{
	return error_set(r->e, ERROR_FULL, tr("the rendered text is longer than %zu bytes",
		"заполненный текст длиннее %zu байт"), r->out->max);
}

static const json_t *find(const struct render *r, const struct token *token)
{
	if (token->parts_count == 0)
		return r->context[r->contexts - 1];
	const char *part = token->parts;
	const json_t *value = NULL;
	for (size_t i = r->contexts; i > 0 && value == NULL; i--)
		value = json_object_get(r->context[i - 1], part);
	for (size_t i = 1; i < token->parts_count && value != NULL; i++) {
		part += strlen(part) + 1;
		value = json_object_get(value, part);
	}
	return value;
}

static int add_indent(struct render *r, const struct indent *indent)
{
	if (indent == NULL)
		return 0;
	if (add_indent(r, indent->outer) != 0)
		return -1;
	return buf_append(r->out, indent->text, indent->len) == 0 ? 0 : full(r);
}

static int add_text(struct render *r, const struct mustache *t, const struct token *token,
	const struct indent *indent)
{
	const char *text = t->bytes + token->start;
	size_t len = token->len;
	if (indent == NULL)
		return buf_append(r->out, text, len) == 0 ? 0 : full(r);
	bool line_start = token->line_start;
	while (len > 0) {
		const char *newline = memchr(text, '\n', len);
		size_t n = newline == NULL ? len : (size_t)(newline - text) + 1;
		if (line_start && text[0] != '\n' && add_indent(r, indent) != 0)
			return -1;
		if (buf_append(r->out, text, n) != 0)
			return full(r);
		text += n;
		len -= n;
		line_start = true;
	}
	return 0;
}

static int add_value(struct render *r, const struct mustache *t, const struct token *token)
{
	struct value value = {.json = find(r, token)};
	bool missing = value.json == NULL;
	if (!missing && !value_as_text(&value)) {
		if (t->strict)
			return error_set(r->e, ERROR_INPUT, tr("«%.60s» is not a single value",
				"«%.60s» – не одно значение"), token->name);
		return 0;
	}
	if (missing)
		value.text = "";
	struct filter_context context = {t->lang, t->zone};
	for (size_t i = 0; i < token->filters; i++)
		if (filter_apply(&token->filter[i], &context, &value, r->e) != 0)
			return error_context(r->e, "«%.60s»", token->name);
	if (missing && t->strict && value.len == 0)
		return error_set(r->e, ERROR_INPUT, tr("the field «%.60s» has no value for this recipient",
			"у поля «%.60s» нет значения для этого адресата"), token->name);
	return escape_append(r->out, token->escape, t->crlf, value.text, value.len) == 0 ? 0 : full(r);
}

static bool is_true(const json_t *value)
{
	switch (value == NULL ? JSON_NULL : json_typeof(value)) {
	case JSON_NULL:
	case JSON_FALSE:
		return false;
	case JSON_ARRAY:
		return json_array_size(value) > 0;
	case JSON_STRING: /* an empty cell of a table */
		return json_string_length(value) > 0;
	default:
		return true;
	}
}

static int render_range(struct render *r, const struct mustache *t, size_t from, size_t to,
	const struct indent *indent);

static int render_within(struct render *r, const struct mustache *t, size_t from, size_t to,
	const json_t *context, const struct indent *indent)
{
	if (r->contexts == CONTEXTS_MAX)
		return error_set(r->e, ERROR_FULL, "%s",
			tr("sections are nested too deeply", "разделы вложены слишком глубоко"));
	r->context[r->contexts++] = context;
	int rc = render_range(r, t, from, to, indent);
	r->contexts--;
	return rc;
}

static int add_section(struct render *r, const struct mustache *t, size_t at,
	const struct indent *indent)
{
	const struct token *token = &t->token[at];
	const json_t *value = find(r, token);
	if (token->kind == TOKEN_INVERTED)
		return is_true(value) ? 0 : render_range(r, t, at + 1, token->skip, indent);
	if (!is_true(value))
		return 0;
	if (!json_is_array(value))
		return render_within(r, t, at + 1, token->skip, value, indent);
	size_t count = json_array_size(value);
	for (size_t i = 0; i < count; i++)
		if (render_within(r, t, at + 1, token->skip, json_array_get(value, i), indent) != 0)
			return -1;
	return 0;
}

static int add_partial(struct render *r, const struct mustache *t, const struct token *token,
	const struct indent *indent)
{
	if (token->partial == NULL)
		return 0;
	if (r->partials == PARTIAL_DEPTH_MAX)
		return error_set(r->e, ERROR_FULL, tr("the partial «%.60s» uses itself without end",
			"шаблон «%.60s» без конца вкладывается сам в себя"), token->name);
	struct indent own = {indent, token->len == 0 ? "" : t->bytes + token->start, token->len};
	r->partials++;
	/* Within a line the partial is not indented; its line has been already. */
	int rc = render_range(r, token->partial, 0, token->partial->count,
		token->standalone ? &own : NULL);
	r->partials--;
	return rc;
}

/* What stands in a link is known only now: it must lead to the web or to a mailbox. */
static int add_url(struct render *r, const struct mustache *t, size_t at)
{
	const struct token *token = &t->token[at];
	size_t mark = r->out->len;
	if (render_range(r, t, at + 1, token->skip, NULL) != 0)
		return -1;
	const char *url = buf_str(r->out) + mark;
	if (!gate_url(url, true)) {
		size_t shown = strlen(url) < 60 ? strlen(url) : 60;
		while (shown > 0 && ((unsigned char)url[shown] & 0xc0) == 0x80)
			shown--;
		return error_set(r->e, ERROR_INPUT,
			tr("a link leads to «%.*s»; it must begin with https://, http:// or mailto:",
				"ссылка ведёт на «%.*s»; она должна начинаться с https://, http:// или mailto:"),
			(int)shown, url);
	}
	if (token->escape != MUSTACHE_HTML || strpbrk(url, "&'\"<>") == NULL)
		return 0;
	char *copy = xstrdup(url); /* at most 2000 bytes, and only where there is an & */
	r->out->len = mark;
	int rc = escape_append(r->out, MUSTACHE_HTML, false, copy, strlen(copy));
	free(copy);
	return rc == 0 ? 0 : full(r);
}

static int render_token(struct render *r, const struct mustache *t, size_t at,
	const struct indent *indent)
{
	const struct token *token = &t->token[at];
	bool indented = token->line_start && token->kind != TOKEN_TEXT && !token->standalone;
	if (indented && add_indent(r, indent) != 0)
		return -1;
	switch (token->kind) {
	case TOKEN_TEXT:
		return add_text(r, t, token, indent);
	case TOKEN_VALUE:
		return add_value(r, t, token);
	case TOKEN_SECTION:
	case TOKEN_INVERTED:
		return add_section(r, t, at, indent);
	case TOKEN_PARTIAL:
		return add_partial(r, t, token, indent);
	default:
		return add_url(r, t, at);
	}
}

static int render_range(struct render *r, const struct mustache *t, size_t from, size_t to,
	const struct indent *indent)
{
	for (size_t at = from; at < to; at = t->token[at].skip > at ? t->token[at].skip : at + 1) {
		if (++r->steps > STEPS_MAX)
			return error_set(r->e, ERROR_FULL, "%s",
				tr("filling the template takes too many steps",
					"заполнение шаблона требует слишком многих шагов"));
		if (render_token(r, t, at, indent) != 0)
			return -1;
	}
	return 0;
}

int mustache_render(const struct mustache *template, const json_t *data, struct buf *out,
	struct error *e)
{
	struct render r = {.out = out, .e = e};
	if (template->constants != NULL)
		r.context[r.contexts++] = template->constants;
	r.context[r.contexts++] = data;
	return render_range(&r, template, 0, template->count, NULL);
}
