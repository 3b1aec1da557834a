/* libyaml's document API keeps a mark for every node; we copy its tree into our
 * own, because ours knows the places of keys and which of them were read. The
 * copy is what bounds aliases: a shared node is copied as often as it is used. */
#include "settings/yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

#include "base/error.h"
#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "settings/yaml_words.h"

struct copier {
	yaml_document_t *document;
	const char *file;
	struct problems *problems;
	size_t nodes;
	bool too_many; /* said once */
};

static struct problem_place place_of(const char *file, const yaml_mark_t *mark)
{
	return (struct problem_place){
		.file = file, .line = (int)mark->line + 1, .column = (int)mark->column + 1};
}

static struct yaml_node *copy_node(struct copier *copier, yaml_node_t *from, int depth);

static struct yaml_node *new_node(enum yaml_kind kind, const yaml_mark_t *mark)
{
	struct yaml_node *node = xcalloc(1, sizeof *node);
	node->kind = kind;
	node->line = (int)mark->line + 1;
	node->column = (int)mark->column + 1;
	return node;
}

static struct yaml_node *copy_scalar(struct copier *copier, const yaml_node_t *from)
{
	const char *text = (const char *)from->data.scalar.value;
	size_t len = from->data.scalar.length;
	if (memchr(text, '\0', len) != NULL) {
		problem_add(copier->problems, PROBLEM_ERROR,
			place_of(copier->file, &from->start_mark), NULL, "%s",
			tr("a value must not contain a NUL character",
				"значение не может содержать нулевой символ"));
		return NULL;
	}
	struct yaml_node *node = new_node(YAML_SCALAR, &from->start_mark);
	node->text = xstrndup(text, len);
	node->quoted = from->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	return node;
}

static struct yaml_node *copy_list(struct copier *copier, const yaml_node_t *from, int depth)
{
	struct yaml_node *node = new_node(YAML_LIST, &from->start_mark);
	size_t room = (size_t)(from->data.sequence.items.top - from->data.sequence.items.start);
	node->item = xcalloc(room, sizeof(struct yaml_node *));
	for (size_t i = 0; i < room; i++) {
		struct yaml_node *item = copy_node(copier,
			yaml_document_get_node(
				copier->document, from->data.sequence.items.start[i]),
			depth + 1);
		if (item != NULL)
			node->item[node->count++] = item;
	}
	return node;
}

/* The key's text when it may stand in this map, else NULL and a problem. */
static const char *check_key(
	struct copier *copier, const struct yaml_node *map, const yaml_node_t *key)
{
	struct problem_place place = place_of(copier->file, &key->start_mark);
	if (key->type != YAML_SCALAR_NODE || key->data.scalar.length == 0 ||
		strlen((const char *)key->data.scalar.value) != key->data.scalar.length) {
		problem_add(copier->problems, PROBLEM_ERROR, place, NULL, "%s",
			tr("a key must be a word", "ключ должен быть словом"));
		return NULL;
	}
	const char *text = (const char *)key->data.scalar.value;
	for (size_t i = 0; i < map->count; i++)
		if (strcmp(map->key[i], text) == 0) {
			problem_add(copier->problems, PROBLEM_ERROR, place, NULL,
				tr("the key «%.64s» stands here a second time; the first is at "
				   "line %d",
					"ключ «%.64s» здесь второй раз; первый — в строке %d"),
				text, map->key_line[i]);
			return NULL;
		}
	return text;
}

static struct yaml_node *copy_map(struct copier *copier, const yaml_node_t *from, int depth)
{
	struct yaml_node *node = new_node(YAML_MAP, &from->start_mark);
	size_t room = (size_t)(from->data.mapping.pairs.top - from->data.mapping.pairs.start);
	node->item = xcalloc(room, sizeof(struct yaml_node *));
	node->key = xcalloc(room, sizeof *node->key);
	node->key_line = xcalloc(room, sizeof *node->key_line);
	node->key_column = xcalloc(room, sizeof *node->key_column);
	node->used = xcalloc(room, sizeof *node->used);
	for (size_t i = 0; i < room; i++) {
		const yaml_node_pair_t *pair = &from->data.mapping.pairs.start[i];
		const yaml_node_t *key = yaml_document_get_node(copier->document, pair->key);
		const char *text = check_key(copier, node, key);
		if (text == NULL)
			continue;
		struct yaml_node *item = copy_node(
			copier, yaml_document_get_node(copier->document, pair->value), depth + 1);
		if (item == NULL)
			continue;
		node->item[node->count] = item;
		node->key[node->count] = xstrdup(text);
		node->key_line[node->count] = (int)key->start_mark.line + 1;
		node->key_column[node->count] = (int)key->start_mark.column + 1;
		node->count++;
	}
	return node;
}

static struct yaml_node *copy_node(struct copier *copier, yaml_node_t *from, int depth)
{
	if (depth > YAML_DEPTH_MAX || ++copier->nodes > YAML_NODES_MAX) {
		if (!copier->too_many)
			problem_add(copier->problems, PROBLEM_ERROR,
				place_of(copier->file, &from->start_mark), NULL,
				tr("nested deeper than %d or more than %d values",
					"вложенность больше %d или значений больше %d"),
				YAML_DEPTH_MAX, YAML_NODES_MAX);
		copier->too_many = true;
		return NULL;
	}
	switch (from->type) {
	case YAML_SCALAR_NODE:
		return copy_scalar(copier, from);
	case YAML_SEQUENCE_NODE:
		return copy_list(copier, from, depth);
	case YAML_MAPPING_NODE:
		return copy_map(copier, from, depth);
	default:
		return NULL;
	}
}

static void refuse_second_document(
	yaml_parser_t *parser, const char *file, struct problems *problems)
{
	yaml_document_t second;
	if (yaml_parser_load(parser, &second) == 0) {
		yaml_words_problem(parser, file, problems);
		return;
	}
	const yaml_node_t *root = yaml_document_get_root_node(&second);
	if (root != NULL)
		problem_add(problems, PROBLEM_ERROR, place_of(file, &root->start_mark), NULL, "%s",
			tr("a second document (after «---») is not read",
				"второй документ (после «---») не читается"));
	yaml_document_delete(&second);
}

static struct yaml_node *empty_map(void)
{
	struct yaml_node *node = xcalloc(1, sizeof *node);
	node->kind = YAML_MAP;
	node->line = node->column = 1;
	return node;
}

/* libyaml's time grows with the square of the depth (100,000 brackets: a minute),
 * so the depth is looked at event by event before the document is loaded. */
static bool too_deep(const char *file, const char *text, size_t len, struct problems *problems)
{
	yaml_parser_t parser;
	yaml_event_t event;
	int depth = 0;
	bool deep = false, end = false;
	if (yaml_parser_initialize(&parser) == 0)
		PANIC("yaml_parser_initialize");
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	while (!end && !deep && yaml_parser_parse(&parser, &event) != 0) {
		end = event.type == YAML_STREAM_END_EVENT;
		if (event.type == YAML_SEQUENCE_START_EVENT || event.type == YAML_MAPPING_START_EVENT)
			depth++;
		else if (event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT)
			depth--;
		deep = depth > YAML_DEPTH_MAX + 1;
		if (deep)
			problem_add(problems, PROBLEM_ERROR, place_of(file, &event.start_mark), NULL,
				tr("nested deeper than %d", "вложенность больше %d"), YAML_DEPTH_MAX);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return deep;
}

struct yaml_node *yaml_load_text(
	const char *file, const char *text, size_t len, struct problems *problems)
{
	size_t before = problems->errors;
	yaml_parser_t parser;
	yaml_document_t document;
	/* libyaml would read UTF-16 too, and says of bad bytes no line. */
	if (!gate_utf8(text, len)) {
		yaml_words_encoding(file, text, len, problems);
		return NULL;
	}
	if (too_deep(file, text, len, problems))
		return NULL;
	if (yaml_parser_initialize(&parser) == 0)
		PANIC("yaml_parser_initialize");
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	if (yaml_parser_load(&parser, &document) == 0) {
		yaml_words_problem(&parser, file, problems);
		yaml_parser_delete(&parser);
		return NULL;
	}
	struct yaml_node *node = NULL;
	yaml_node_t *root = yaml_document_get_root_node(&document);
	if (root == NULL) {
		node = empty_map();
	} else {
		struct copier copier = {.document = &document, .file = file, .problems = problems};
		node = copy_node(&copier, root, 0);
		if (node != NULL && yaml_is_null(node)) {
			yaml_node_free(&node);
			node = empty_map();
		}
		refuse_second_document(&parser, file, problems);
	}
	yaml_document_delete(&document);
	yaml_parser_delete(&parser);
	if (problems->errors > before)
		yaml_node_free(&node);
	return node;
}

/* NULL and a problem when the file is not there, not a file or too long. */
static char *read_file(const char *path, size_t *len, struct problems *problems)
{
	struct problem_place place = {.file = path};
	char *text = NULL;
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) != 0) {
		problem_add(problems, PROBLEM_ERROR, place, NULL,
			tr("cannot open the file: %s", "файл не открывается: %s"), strerror(errno));
		goto out;
	}
	if (!S_ISREG(st.st_mode) || st.st_size > YAML_FILE_MAX_BYTES) {
		problem_add(problems, PROBLEM_ERROR, place, NULL,
			tr("not a file, or larger than %d KiB",
				"это не файл, или он больше %d КиБ"),
			YAML_FILE_MAX_BYTES / 1024);
		goto out;
	}
	text = xmalloc((size_t)st.st_size + 1);
	*len = 0;
	while (*len < (size_t)st.st_size) {
		ssize_t n = read(fd, text + *len, (size_t)st.st_size - *len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			problem_add(problems, PROBLEM_ERROR, place, NULL,
				tr("cannot read the file: %s", "файл не читается: %s"),
				strerror(errno));
			free(text);
			text = NULL;
			goto out;
		}
		if (n == 0)
			break;
		*len += (size_t)n;
	}
	text[*len] = '\0';
out:
	if (fd >= 0)
		close(fd);
	return text;
}

struct yaml_node *yaml_load_file(const char *path, struct problems *problems)
{
	size_t len = 0;
	char *text = read_file(path, &len, problems);
	if (text == NULL)
		return NULL;
	struct yaml_node *node = yaml_load_text(path, text, len, problems);
	free(text);
	return node;
}

void yaml_node_free(struct yaml_node **node)
{
	struct yaml_node *n = *node;
	*node = NULL;
	if (n == NULL)
		return;
	for (size_t i = 0; i < n->count; i++) {
		yaml_node_free(&n->item[i]);
		if (n->key != NULL)
			free(n->key[i]);
	}
	free(n->text);
	free(n->item);
	free(n->key);
	free(n->key_line);
	free(n->key_column);
	free(n->used);
	free(n);
}

bool yaml_is_null(const struct yaml_node *node)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
	if (node->kind != YAML_SCALAR || node->quoted)
		return false;
	for (size_t i = 0; i < sizeof nulls / sizeof nulls[0]; i++)
		if (strcmp(node->text, nulls[i]) == 0)
			return true;
	return false;
}

struct yaml_node *yaml_take(struct yaml_node *map, const char *key)
{
	if (map == NULL || map->kind != YAML_MAP)
		return NULL;
	for (size_t i = 0; i < map->count; i++)
		if (strcmp(map->key[i], key) == 0) {
			map->used[i] = true;
			return yaml_is_null(map->item[i]) ? NULL : map->item[i];
		}
	return NULL;
}
