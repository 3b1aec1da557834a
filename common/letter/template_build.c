/* Text and tags → an immutable array of tokens.
 *
 * Partials are templates of their own, compiled once per name and shared by
 * all who use them, so that a partial may use itself; indentation is therefore
 * added while rendering. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

#include "letter/template.h"

#define PARTIALS_MAX 100 /* a page has a dozen; more is a generator gone wrong */

struct partial_set {
	struct mustache *item[PARTIALS_MAX];
	size_t count;
};

struct mustache *template_new(const struct template_options *options)
{
	struct mustache *t = xcalloc(1, sizeof *t);
	t->name = xstrdup(options->name);
	t->zone = xstrdup(options->zone != NULL ? options->zone : "UTC");
	t->escape = options->escape;
	t->lang = options->lang;
	t->crlf = options->crlf;
	t->strict = options->strict;
	t->partials = xcalloc(1, sizeof *t->partials);
	t->owns_partials = true;
	return t;
}

static void token_fini(struct token *token)
{
	free(token->name);
	free(token->parts);
	for (size_t i = 0; i < token->filters; i++)
		filter_fini(&token->filter[i]);
	free(token->filter);
}

void mustache_free(struct mustache **template)
{
	struct mustache *t = *template;
	if (t == NULL)
		return;
	*template = NULL;
	for (size_t i = 0; i < t->count; i++)
		token_fini(&t->token[i]);
	if (t->owns_partials) {
		for (size_t i = 0; i < t->partials->count; i++)
			mustache_free(&t->partials->item[i]);
		free(t->partials);
	}
	free(t->token);
	free(t->bytes);
	free(t->name);
	free(t->zone);
	free(t);
}

/* ---- tokens ------------------------------------------------------------------ */

static struct token *token_add(struct mustache *t, enum token_kind kind)
{
	if (t->count == t->cap) {
		t->cap = t->cap == 0 ? 16 : t->cap * 2;
		t->token = xrealloc(t->token, t->cap, sizeof *t->token);
	}
	struct token *token = &t->token[t->count++];
	*token = (struct token){.kind = kind,
		.start = t->bytes_len,
		.parent = t->open_count > 0 ? t->open[t->open_count - 1] : SIZE_MAX};
	t->text_closed = true;
	return token;
}

static void bytes_add(struct mustache *t, const char *text, size_t len)
{
	if (t->bytes_len + len > t->bytes_cap) {
		t->bytes_cap = (t->bytes_len + len) * 2;
		t->bytes = xrealloc(t->bytes, t->bytes_cap, 1);
	}
	if (len > 0)
		memcpy(t->bytes + t->bytes_len, text, len);
	t->bytes_len += len;
}

/* line_start matters only to a new token: within one, every newline starts a line. */
static void text_add(struct mustache *t, const char *text, size_t len, bool line_start)
{
	if (len == 0)
		return;
	struct token *token;
	if (t->text_closed || t->count == 0) {
		token = token_add(t, TOKEN_TEXT);
		token->line_start = line_start;
		t->text_closed = false;
	} else {
		token = &t->token[t->count - 1];
	}
	size_t before = t->bytes_len;
	while (t->crlf && len > 0) {
		const char *newline = memchr(text, '\n', len);
		if (newline == NULL)
			break;
		size_t n = (size_t)(newline - text);
		bytes_add(t, text, n > 0 && newline[-1] == '\r' ? n - 1 : n);
		bytes_add(t, "\r\n", 2);
		text += n + 1;
		len -= n + 1;
	}
	bytes_add(t, text, len);
	token->len += t->bytes_len - before;
}

void template_text(struct mustache *t, const char *text, size_t len)
{
	text_add(t, text, len, false);
}

void template_puts(struct mustache *t, const char *text)
{
	text_add(t, text, strlen(text), false);
}

static struct problem_place place_of(const struct mustache *t, const struct tag *tag)
{
	return (struct problem_place){t->name, tag->line, tag->column, NULL};
}

static int wrong(const struct mustache *t, const struct tag *tag, const char *hint, const char *text,
	struct problems *problems)
{
	int shown = (int)(tag->name_len < TEMPLATE_NAME_SHOWN ? tag->name_len : TEMPLATE_NAME_SHOWN);
	problem_add(problems, PROBLEM_ERROR, place_of(t, tag), hint, "«%.*s»: %s", shown, tag->name, text);
	return -1;
}

/* "a.b.c" → a\0b\0c\0; "." has no parts. */
static int token_path(struct mustache *t, struct token *token, const struct tag *tag,
	const char *name, size_t len, struct problems *problems)
{
	token->name = xstrndup(name, len);
	token->line = tag->line;
	token->column = tag->column;
	if (len == 1 && name[0] == '.')
		return 0;
	token->parts = xstrndup(name, len);
	token->parts_count = 1;
	for (size_t i = 0; i < len; i++) {
		if (name[i] != '.')
			continue;
		if (i == 0 || i + 1 == len || name[i + 1] == '.')
			return wrong(t, tag, "recipient.name",
				tr("a dot too many in the name", "лишняя точка в имени"), problems);
		token->parts[i] = '\0';
		token->parts_count++;
	}
	return 0;
}

/* "path | filter | filter" */
static int token_value(struct mustache *t, struct token *token, const struct tag *tag,
	struct problems *problems)
{
	const char *rest = tag->name, *end = tag->name + tag->name_len;
	const char *bar = memchr(rest, '|', tag->name_len);
	size_t len = bar == NULL ? tag->name_len : (size_t)(bar - rest);
	while (len > 0 && (rest[len - 1] == ' ' || rest[len - 1] == '\t' || rest[len - 1] == '\n'))
		len--;
	if (len == 0)
		return wrong(t, tag, NULL, tr("no field before the bar", "нет поля перед чертой"), problems);
	if (token_path(t, token, tag, rest, len, problems) != 0)
		return -1;
	while (bar != NULL) {
		const char *from = bar + 1;
		bar = memchr(from, '|', (size_t)(end - from));
		if (token->filters == FILTERS_MOST)
			return wrong(t, tag, NULL, tr("too many pipes", "слишком много преобразований"), problems);
		token->filter = xrealloc(token->filter, token->filters + 1, sizeof *token->filter);
		size_t n = (size_t)((bar == NULL ? end : bar) - from);
		if (filter_parse(&token->filter[token->filters], from, n, place_of(t, tag), problems) != 0)
			return -1;
		token->filters++;
	}
	return 0;
}

static int section_close(struct mustache *t, const struct tag *tag, struct problems *problems)
{
	if (t->open_count == 0)
		return wrong(t, tag, NULL,
			tr("closes a section that is not open", "закрывает раздел, который не открыт"), problems);
	struct token *open = &t->token[t->open[t->open_count - 1]];
	if (open->kind == TOKEN_URL || strlen(open->name) != tag->name_len ||
		memcmp(open->name, tag->name, tag->name_len) != 0) {
		char hint[TEMPLATE_NAME_SHOWN * 2 + 80];
		snprintf(hint, sizeof hint, tr("{{/%.60s}} closes line %d", "{{/%.60s}} закрывает строку %d"),
			open->kind == TOKEN_URL ? "" : open->name, open->line);
		return wrong(t, tag, hint,
			tr("closes another section than the one that is open",
				"закрывает не тот раздел, который открыт"),
			problems);
	}
	open->skip = t->count;
	t->open_count--;
	t->text_closed = true;
	return 0;
}

static int section_open(struct mustache *t, const struct tag *tag, bool line_start,
	struct problems *problems)
{
	if (t->open_count == TEMPLATE_NESTING_MAX)
		return wrong(t, tag, NULL, tr("sections are nested too deeply", "разделы вложены слишком глубоко"),
			problems);
	size_t at = t->count;
	struct token *token =
		token_add(t, tag->kind == TAG_SECTION ? TOKEN_SECTION : TOKEN_INVERTED);
	token->line_start = line_start && !tag->standalone;
	t->open[t->open_count++] = at;
	return token_path(t, token, tag, tag->name, tag->name_len, problems);
}

int template_tag(struct mustache *t, const struct tag *tag, int escape, bool line_start,
	struct problems *problems)
{
	struct token *token;
	switch (tag->kind) {
	case TAG_SECTION:
	case TAG_INVERTED:
		return section_open(t, tag, line_start, problems);
	case TAG_CLOSE:
		return section_close(t, tag, problems);
	case TAG_VALUE:
	case TAG_RAW:
		token = token_add(t, TOKEN_VALUE);
		token->line_start = line_start;
		token->unescaped = tag->kind == TAG_RAW;
		token->escape = !token->unescaped || escape == MUSTACHE_HEADER ? escape : ESCAPE_NONE;
		return token_value(t, token, tag, problems);
	default:
		return 0;
	}
}

void template_url_begin(struct mustache *t, int escape)
{
	ASSERT(t->open_count < TEMPLATE_NESTING_MAX);
	size_t at = t->count;
	token_add(t, TOKEN_URL)->escape = escape;
	t->open[t->open_count++] = at;
}

void template_url_end(struct mustache *t)
{
	ASSERT(t->open_count > 0);
	t->token[t->open[--t->open_count]].skip = t->count;
	t->text_closed = true;
}

int template_finish(struct mustache *t, struct problems *problems)
{
	for (size_t i = 0; i < t->open_count; i++) {
		const struct token *open = &t->token[t->open[i]];
		problem_add(problems, PROBLEM_ERROR,
			(struct problem_place){t->name, open->line, open->column, NULL},
			tr("every {{#name}} needs its {{/name}}", "каждому {{#имя}} нужен свой {{/имя}}"),
			tr("the section «%.60s» is not closed", "раздел «%.60s» не закрыт"),
			open->name != NULL ? open->name : "");
	}
	return t->open_count == 0 ? 0 : -1;
}

/* ---- whole texts --------------------------------------------------------------- */

static int compile_text(struct mustache *t, const char *text, size_t len,
	const struct template_options *options, struct problems *problems);

static struct mustache *partial_get(struct mustache *t, const char *name,
	const struct template_options *options, const struct tag *tag, struct problems *problems)
{
	struct partial_set *set = t->partials;
	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->item[i]->name, name) == 0)
			return set->item[i];
	const char *text = options->partial == NULL ? NULL : options->partial(options->arg, name);
	if (text == NULL)
		return NULL;
	if (set->count == PARTIALS_MAX) {
		(void)wrong(t, tag, NULL, tr("too many partials", "слишком много вложенных шаблонов"), problems);
		return NULL;
	}
	struct template_options inner = *options;
	inner.name = name;
	struct mustache *partial = template_new(&inner);
	free(partial->partials);
	partial->partials = set;
	partial->owns_partials = false;
	set->item[set->count++] = partial; /* before its text: it may use itself */
	(void)compile_text(partial, text, strlen(text), options, problems);
	return partial;
}

static void partial_add(struct mustache *t, const struct tag *tag, const char *text, bool line_start,
	const struct template_options *options, struct problems *problems)
{
	char *name = xstrndup(tag->name, tag->name_len);
	struct mustache *partial = partial_get(t, name, options, tag, problems);
	struct token *token = token_add(t, TOKEN_PARTIAL);
	token->name = name;
	token->partial = partial;
	token->line = tag->line;
	token->column = tag->column;
	token->line_start = line_start;
	token->standalone = tag->standalone;
	token->len = tag->standalone ? tag->start - tag->line_start : 0;
	bytes_add(t, text + tag->line_start, token->len);
}

static int compile_text(struct mustache *t, const char *text, size_t len,
	const struct template_options *options, struct problems *problems)
{
	struct scanner scanner;
	struct tag tag;
	size_t at = 0, errors = problems->errors;
	int more;
	scanner_init(&scanner, t->name, text, len);
	while ((more = scanner_next(&scanner, &tag, problems)) == 1) {
		text_add(t, text + at, tag.line_start - at, at == 0 || text[at - 1] == '\n');
		bool line_start = tag.line_start == 0 || text[tag.line_start - 1] == '\n';
		at = tag.line_end;
		if (tag.kind == TAG_PARTIAL)
			partial_add(t, &tag, text, line_start, options, problems);
		else if (template_tag(t, &tag, t->escape, line_start, problems) != 0)
			break;
	}
	text_add(t, text + at, len - at, at == 0 || text[at - 1] == '\n');
	if (problems->errors == errors)
		(void)template_finish(t, problems);
	return problems->errors == errors ? 0 : -1;
}

struct mustache *mustache_compile(const char *name, const char *text, size_t len,
	enum mustache_escape escape, const char *(*partial)(void *arg, const char *name), void *arg,
	struct problems *problems)
{
	struct template_options options = {.name = name, .escape = (int)escape, .partial = partial,
		.arg = arg, .lang = lang_get()};
	struct mustache *t = template_new(&options);
	if (compile_text(t, text, len, &options, problems) != 0)
		mustache_free(&t);
	return t;
}

void mustache_each_tag(const struct mustache *t,
	void (*each)(void *arg, const struct mustache_tag *tag), void *arg)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct token *token = &t->token[i];
		if (token->kind == TOKEN_TEXT || token->kind == TOKEN_URL)
			continue;
		size_t parent = token->parent;
		while (parent != SIZE_MAX && t->token[parent].kind == TOKEN_URL)
			parent = t->token[parent].parent;
		struct mustache_tag tag = {.name = token->name, .line = token->line,
			.column = token->column, .unescaped = token->unescaped,
			.section = token->kind == TOKEN_SECTION || token->kind == TOKEN_INVERTED,
			.inside = parent == SIZE_MAX ? NULL : t->token[parent].name};
		each(arg, &tag);
	}
}
