/* The words for what is wrong in a YAML file: libyaml's own messages turned into
 * ones that say what to do. Private to this room. */
#ifndef VESTNIK_SETTINGS_YAML_WORDS_H
#define VESTNIK_SETTINGS_YAML_WORDS_H

#include <yaml.h>

#include "base/problem.h"

void yaml_words_problem(const yaml_parser_t *parser, const char *file, struct problems *problems);
/* text is not UTF-8: says where it stops being. */
void yaml_words_encoding(
	const char *file, const char *text, size_t len, struct problems *problems);

#endif
