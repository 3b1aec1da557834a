/* Typed reading of a YAML tree: a value of the wrong kind is a problem at its
 * place and reads as absent, so that reading goes on and finds the next. */
#ifndef VESTNIK_SETTINGS_YAML_READ_H
#define VESTNIK_SETTINGS_YAML_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "settings/yaml.h"

struct yaml_reader {
	const char *file;
	struct problems *problems;
};

/* A problem at the node. path may be NULL. */
__attribute__((format(printf, 6, 7))) void yaml_problem(const struct yaml_reader *reader,
	enum problem_severity severity, const struct yaml_node *node, const char *path,
	const char *hint, const char *fmt, ...);

/* Each returns false when the node is not what is wanted (a problem was added). */
bool yaml_as_text(const struct yaml_reader *reader, const struct yaml_node *node, const char *path,
	const char **out);
/* One line without control characters, not empty. */
bool yaml_as_line(const struct yaml_reader *reader, const struct yaml_node *node, const char *path,
	const char **out);
bool yaml_as_int(const struct yaml_reader *reader, const struct yaml_node *node, const char *path,
	int64_t least, int64_t most, int64_t *out);
/* true, false, yes, no, on, off, да, нет. */
bool yaml_as_bool(const struct yaml_reader *reader, const struct yaml_node *node, const char *path,
	bool *out);
bool yaml_as_map(const struct yaml_reader *reader, const struct yaml_node *node, const char *path);
bool yaml_as_list(const struct yaml_reader *reader, const struct yaml_node *node, const char *path);
/* Index in a NULL-terminated list of words. */
bool yaml_as_choice(const struct yaml_reader *reader, const struct yaml_node *node,
	const char *path, const char *const *words, int *out);

/* "text", "a list", "a map": for messages. */
const char *yaml_kind_words(const struct yaml_node *node);

#endif
