#include "settings/yaml_read.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/gate.h"
#include "base/lang.h"

#define TEXT_MAX 4096

void yaml_problem(const struct yaml_reader *reader, enum problem_severity severity,
	const struct yaml_node *node, const char *path, const char *hint, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	problem_add(reader->problems, severity,
		(struct problem_place){.file = reader->file,
			.line = node == NULL ? 0 : node->line,
			.column = node == NULL ? 0 : node->column,
			.field = path},
		hint, "%s", text);
}

const char *yaml_kind_words(const struct yaml_node *node)
{
	switch (node->kind) {
	case YAML_LIST:
		return tr("a list", "список");
	case YAML_MAP:
		return tr("a map", "набор «ключ: значение»");
	default:
		return tr("a single value", "одно значение");
	}
}

static bool want_scalar(const struct yaml_reader *reader, const struct yaml_node *node,
	const char *path, const char *what)
{
	if (node->kind == YAML_SCALAR)
		return true;
	yaml_problem(reader, PROBLEM_ERROR, node, path, NULL,
		tr("got %s, want %s", "здесь %s, а нужно: %s"), yaml_kind_words(node), what);
	return false;
}

bool yaml_as_text(const struct yaml_reader *reader, const struct yaml_node *node, const char *path,
	const char **out)
{
	if (!want_scalar(reader, node, path, tr("text", "текст")))
		return false;
	*out = node->text;
	return true;
}

bool yaml_as_line(const struct yaml_reader *reader, const struct yaml_node *node, const char *path,
	const char **out)
{
	if (!want_scalar(reader, node, path, tr("one line of text", "одна строка текста")))
		return false;
	if (node->text[0] == '\0' || !gate_header(node->text, strlen(node->text))) {
		yaml_problem(reader, PROBLEM_ERROR, node, path, NULL, "%s",
			tr("want one line of text, not empty, without control characters",
				"нужна одна непустая строка без управляющих символов"));
		return false;
	}
	*out = node->text;
	return true;
}

bool yaml_as_int(const struct yaml_reader *reader, const struct yaml_node *node, const char *path,
	int64_t least, int64_t most, int64_t *out)
{
	long long value = 0;
	if (!want_scalar(reader, node, path, tr("a number", "число")))
		return false;
	if (!gate_int64(node->text, least, most, &value)) {
		yaml_problem(reader, PROBLEM_ERROR, node, path, NULL,
			tr("«%.64s» is not a whole number from %lld to %lld",
				"«%.64s» — не целое число от %lld до %lld"),
			node->text, (long long)least, (long long)most);
		return false;
	}
	*out = value;
	return true;
}

bool yaml_as_bool(
	const struct yaml_reader *reader, const struct yaml_node *node, const char *path, bool *out)
{
	static const char *const yes[] = {"true", "yes", "on", "да", "True", "Yes", "Да", NULL};
	static const char *const no[] = {"false", "no", "off", "нет", "False", "No", "Нет", NULL};
	if (!want_scalar(reader, node, path, tr("true or false", "true или false")))
		return false;
	for (size_t i = 0; yes[i] != NULL; i++)
		if (strcmp(node->text, yes[i]) == 0) {
			*out = true;
			return true;
		}
	for (size_t i = 0; no[i] != NULL; i++)
		if (strcmp(node->text, no[i]) == 0) {
			*out = false;
			return true;
		}
	yaml_problem(reader, PROBLEM_ERROR, node, path, NULL,
		tr("«%.64s» should be true or false", "«%.64s»: должно быть true или false"),
		node->text);
	return false;
}

bool yaml_as_map(const struct yaml_reader *reader, const struct yaml_node *node, const char *path)
{
	if (node->kind == YAML_MAP)
		return true;
	yaml_problem(reader, PROBLEM_ERROR, node, path, NULL,
		tr("got %s, want a map (key: value)", "здесь %s, а нужен набор «ключ: значение»"),
		yaml_kind_words(node));
	return false;
}

bool yaml_as_list(const struct yaml_reader *reader, const struct yaml_node *node, const char *path)
{
	if (node->kind == YAML_LIST)
		return true;
	yaml_problem(reader, PROBLEM_ERROR, node, path, NULL,
		tr("got %s, want a list: [a, b]", "здесь %s, а нужен список: [а, б]"),
		yaml_kind_words(node));
	return false;
}

bool yaml_as_choice(const struct yaml_reader *reader, const struct yaml_node *node,
	const char *path, const char *const *words, int *out)
{
	if (!want_scalar(reader, node, path, tr("a word", "слово")))
		return false;
	for (int i = 0; words[i] != NULL; i++)
		if (strcmp(node->text, words[i]) == 0) {
			*out = i;
			return true;
		}
	struct buf hint;
	buf_init(&hint, TEXT_MAX);
	const char *nearest = yaml_nearest(node->text, words);
	if (nearest != NULL)
		(void)buf_printf(&hint, tr("did you mean «%s»? ", "может быть, «%s»? "), nearest);
	(void)buf_puts(&hint, tr("known: ", "известны: "));
	for (int i = 0; words[i] != NULL; i++)
		(void)buf_printf(&hint, "%s%s", i == 0 ? "" : ", ", words[i]);
	yaml_problem(reader, PROBLEM_ERROR, node, path, buf_str(&hint),
		tr("unknown value «%.64s»", "неизвестное значение «%.64s»"), node->text);
	buf_fini(&hint);
	return false;
}
