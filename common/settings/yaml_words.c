#include "settings/yaml_words.h"

#include <string.h>

#include "base/buf.h"
#include "base/gate.h"
#include "base/lang.h"
#include "settings/yaml.h"

struct wording {
	const char *libyaml; /* begins like this */
	const char *en, *ru;
};
static const struct wording wordings[] = {
	{"found character that cannot start any token",
		"this character cannot begin a value: a tab (indent with spaces), or one of @ ` % "
		"(put the value in quotes)",
		"с этого знака значение начинаться не может: табуляция (отступы делают пробелами) "
		"или один из @ ` % (возьмите значение в кавычки)"},
	{"found a tab character", "a tab in the indentation: use spaces",
		"табуляция в отступе: нужны пробелы"},
	{"mapping values are not allowed",
		"a colon here is not expected: check the indentation, or put the text with the "
		"colon in quotes",
		"двоеточие здесь лишнее: проверьте отступ или возьмите текст с двоеточием в "
		"кавычки"},
	{"could not find expected ':'", "a colon after the key is missing",
		"после ключа нет двоеточия"},
	{"did not find expected key",
		"a key is expected here: check the indentation and the quotes above",
		"здесь ожидается ключ: проверьте отступ и кавычки выше"},
	{"did not find expected '-' indicator",
		"the next item of the list («- ») is expected: check the indentation",
		"ожидается следующий пункт списка («- »): проверьте отступ"},
	{"did not find expected ',' or ']'", "a comma or «]» is missing",
		"не хватает запятой или «]»"},
	{"did not find expected ',' or '}'", "a comma or «}» is missing",
		"не хватает запятой или «}»"},
	{"found unexpected end of stream", "the file ends inside quotes or brackets",
		"файл кончается внутри кавычек или скобок"},
	{"found undefined alias",
		"«*» begins an alias that is not defined: put the value in quotes",
		"«*» — ссылка на неизвестную метку: возьмите значение в кавычки"},
	{"found unknown escape character",
		"an unknown escape after «\\»; in '…' the backslash is a plain character",
		"неизвестное сочетание после «\\»; в '…' обратная черта — обычный знак"},
	{"control characters are not allowed", "a control character", "управляющий символ"},
	{"found duplicate anchor", "this mark (&…) is defined twice",
		"метка (&…) определена дважды"},
};

static const char *words_for(const char *libyaml)
{
	for (size_t i = 0; i < sizeof wordings / sizeof wordings[0]; i++)
		if (strncmp(libyaml, wordings[i].libyaml, strlen(wordings[i].libyaml)) == 0)
			return tr(wordings[i].en, wordings[i].ru);
	return libyaml;
}

void yaml_words_encoding(const char *file, const char *text, size_t len, struct problems *problems)
{
	struct problem_place place = {.file = file, .line = 1, .column = 1};
	for (size_t at = 0; at < len;) {
		size_t n = 1;
		while (n <= 4 && at + n <= len && !gate_utf8(text + at, n))
			n++;
		if (n > 4 || at + n > len)
			break;
		place.column++;
		if (text[at] == '\n') {
			place.line++;
			place.column = 1;
		}
		at += n;
	}
	problem_add(problems, PROBLEM_ERROR, place, NULL, "%s",
		tr("this is not UTF-8: save the file in the encoding UTF-8",
			"это не UTF-8: сохраните файл в кодировке UTF-8"));
}

void yaml_words_problem(const yaml_parser_t *parser, const char *file, struct problems *problems)
{
	struct problem_place place = {.file = file,
		.line = (int)parser->problem_mark.line + 1,
		.column = (int)parser->problem_mark.column + 1};
	const char *what = parser->problem == NULL ? "?" : parser->problem;
	if (parser->error == YAML_READER_ERROR) /* it works ahead of the scanner: no mark */
		place.line = place.column = 0;
	problem_add(problems, PROBLEM_ERROR, place, NULL,
		tr("not valid YAML: %s", "ошибка в YAML: %s"), words_for(what));
}

/* ---- words that are nearly right -------------------------------------------------- */

#define WORD_MAX 48
/* Changes (insert, delete, replace, swap neighbours) from a to b, in bytes. */
static unsigned distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	unsigned row[3][WORD_MAX + 1];
	if (la > WORD_MAX || lb > WORD_MAX)
		return WORD_MAX;
	unsigned *before = row[0], *above = row[1], *now = row[2];
	for (size_t j = 0; j <= lb; j++)
		above[j] = (unsigned)j;
	for (size_t i = 1; i <= la; i++) {
		now[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned best = above[j - 1] + (a[i - 1] != b[j - 1]);
			if (above[j] + 1 < best)
				best = above[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
				before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			now[j] = best;
		}
		unsigned *free_row = before;
		before = above;
		above = now;
		now = free_row;
	}
	return above[lb];
}

/* password, password_file */
#define PREFIX_LEAST 3
static bool begins(const char *word, const char *known)
{
	return strlen(word) >= PREFIX_LEAST && strncmp(word, known, strlen(word)) == 0;
}

const char *yaml_nearest(const char *word, const char *const *known)
{
	const char *best = NULL;
	unsigned least = WORD_MAX;
	for (; *known != NULL; known++) {
		unsigned d = begins(word, *known) ? 1 : distance(word, *known);
		if (d < least) {
			least = d;
			best = *known;
		}
	}
	/* A third of the word may be wrong; more is another word. */
	return best != NULL && least <= 1 + strlen(word) / 3 && least < strlen(best) ? best : NULL;
}

#define HINT_MAX 2000
void yaml_unknown(const struct yaml_node *map, const char *file, const char *path,
	const char *const *known, struct problems *problems)
{
	for (size_t i = 0; map != NULL && map->kind == YAML_MAP && i < map->count; i++) {
		if (map->used[i])
			continue;
		struct buf hint, field;
		buf_init(&hint, HINT_MAX);
		buf_init(&field, HINT_MAX);
		const char *nearest = yaml_nearest(map->key[i], known);
		if (nearest != NULL)
			(void)buf_printf(
				&hint, tr("did you mean «%s»? ", "может быть, «%s»? "), nearest);
		(void)buf_puts(&hint, tr("known: ", "известны: "));
		for (size_t k = 0; known[k] != NULL; k++)
			(void)buf_printf(&hint, "%s%s", k == 0 ? "" : ", ", known[k]);
		if (path != NULL && path[0] != '\0')
			(void)buf_puts(&field, path);
		problem_add(problems, PROBLEM_ERROR,
			(struct problem_place){.file = file,
				.line = map->key_line[i],
				.column = map->key_column[i],
				.field = field.len == 0 ? NULL : buf_str(&field)},
			buf_str(&hint), tr("unknown key «%.64s»", "неизвестный ключ «%.64s»"),
			map->key[i]);
		buf_fini(&hint);
		buf_fini(&field);
	}
}
