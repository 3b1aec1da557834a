/* Finds Mustache tags in a text: delimiters, kinds, places, standalone lines. */
#include "letter/template.h"

#include <stdio.h>
#include <string.h>

#define NAME_MAX_BYTES 500 /* path and pipes; longer is a forgotten delimiter */

void scanner_init(struct scanner *scanner, const char *file, const char *text, size_t len)
{
	*scanner = (struct scanner){.file = file, .text = text, .len = len, .line = 1, .column = 1,
		.open = "{{", .close = "}}", .open_len = 2, .close_len = 2};
}

/* Moves line and column (in characters) on to `to`. */
static void scanner_count(struct scanner *s, size_t to)
{
	for (; s->counted < to; s->counted++) {
		unsigned char c = (unsigned char)s->text[s->counted];
		if (c == '\n') {
			s->line++;
			s->column = 1;
		} else if ((c & 0xc0) != 0x80) {
			s->column++;
		}
	}
}

static const char *find(const char *text, size_t len, const char *what, size_t what_len)
{
	return memmem(text, len, what, what_len);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void trim(const char **text, size_t *len)
{
	while (*len > 0 && is_blank(**text)) {
		(*text)++;
		(*len)--;
	}
	while (*len > 0 && is_blank((*text)[*len - 1]))
		(*len)--;
}

static void find_standalone(const struct scanner *s, struct tag *tag)
{
	tag->line_start = tag->start;
	tag->line_end = tag->end;
	if (tag->kind == TAG_VALUE || tag->kind == TAG_RAW)
		return;
	size_t from = tag->start, to = tag->end;
	while (from > 0 && (s->text[from - 1] == ' ' || s->text[from - 1] == '\t'))
		from--;
	if (from > 0 && s->text[from - 1] != '\n')
		return;
	while (to < s->len && (s->text[to] == ' ' || s->text[to] == '\t'))
		to++;
	if (to < s->len && s->text[to] == '\r')
		to++;
	if (to < s->len && s->text[to] != '\n')
		return;
	tag->standalone = true;
	tag->line_start = from;
	tag->line_end = to < s->len ? to + 1 : to;
}

static int set_delimiters(struct scanner *s, const struct tag *tag, struct problems *problems)
{
	const char *text = tag->name;
	size_t len = tag->name_len, first = 0;
	while (first < len && !is_blank(text[first]))
		first++;
	const char *second = text + first;
	size_t second_len = len - first;
	trim(&second, &second_len);
	bool ok = first > 0 && first < TEMPLATE_DELIMITER_MAX && second_len > 0 &&
		second_len < TEMPLATE_DELIMITER_MAX && memchr(text, '=', len) == NULL;
	for (size_t i = 0; i < second_len; i++)
		ok = ok && !is_blank(second[i]);
	if (!ok) {
		problem_add(problems, PROBLEM_ERROR,
			(struct problem_place){s->file, tag->line, tag->column, NULL},
			tr("right would be {{=<% %>=}}", "правильно, например, {{=<% %>=}}"), "%s",
			tr("these delimiters cannot be set", "такие разделители задать нельзя"));
		return -1;
	}
	memcpy(s->open, text, first);
	s->open_len = first;
	memcpy(s->close, second, second_len);
	s->close_len = second_len;
	return 0;
}

static enum tag_kind kind_of(char sigil)
{
	switch (sigil) {
	case '#':
		return TAG_SECTION;
	case '^':
		return TAG_INVERTED;
	case '/':
		return TAG_CLOSE;
	case '>':
		return TAG_PARTIAL;
	case '!':
		return TAG_COMMENT;
	case '=':
		return TAG_DELIMITERS;
	case '&':
	case '{':
		return TAG_RAW;
	default:
		return TAG_VALUE;
	}
}

static int unclosed(struct scanner *s, const struct tag *tag, struct problems *problems)
{
	char hint[2 * TEMPLATE_DELIMITER_MAX + 40];
	snprintf(hint, sizeof hint, tr("expected %.*s", "ожидается %.*s"), (int)s->close_len, s->close);
	problem_add(problems, PROBLEM_ERROR,
		(struct problem_place){s->file, tag->line, tag->column, NULL}, hint, "%s",
		tr("this tag is not closed", "этот тег не закрыт"));
	return -1;
}

int scanner_next(struct scanner *s, struct tag *tag, struct problems *problems)
{
	const char *open = find(s->text + s->at, s->len - s->at, s->open, s->open_len);
	if (open == NULL)
		return 0;
	*tag = (struct tag){.start = (size_t)(open - s->text)};
	scanner_count(s, tag->start);
	tag->line = s->line;
	tag->column = s->column;
	const char *inner = open + s->open_len;
	size_t left = s->len - (size_t)(inner - s->text);
	tag->kind = left > 0 ? kind_of(*inner) : TAG_VALUE;
	bool braces = left > 0 && *inner == '{';
	size_t sigil = tag->kind == TAG_VALUE ? 0 : 1;
	char close[TEMPLATE_DELIMITER_MAX + 1];
	size_t close_len = 0;
	if (braces || tag->kind == TAG_DELIMITERS)
		close[close_len++] = braces ? '}' : '=';
	memcpy(close + close_len, s->close, s->close_len);
	close_len += s->close_len;
	const char *end = left < sigil ? NULL : find(inner + sigil, left - sigil, close, close_len);
	if (end == NULL)
		return unclosed(s, tag, problems);
	tag->name = inner + sigil;
	tag->name_len = (size_t)(end - tag->name);
	trim(&tag->name, &tag->name_len);
	tag->end = (size_t)(end - s->text) + close_len;
	if (tag->kind != TAG_COMMENT && (tag->name_len == 0 || tag->name_len > NAME_MAX_BYTES)) {
		problem_add(problems, PROBLEM_ERROR,
			(struct problem_place){s->file, tag->line, tag->column, NULL}, NULL, "%s",
			tag->name_len == 0 ? tr("this tag has no name", "у этого тега нет имени")
					   : tr("this tag is too long: is it closed?",
						     "этот тег слишком длинный: закрыт ли он?"));
		return -1;
	}
	find_standalone(s, tag);
	s->at = tag->end;
	if (tag->kind == TAG_DELIMITERS && set_delimiters(s, tag, problems) != 0)
		return -1;
	return 1;
}
