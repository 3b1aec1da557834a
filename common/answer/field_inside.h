/* For the files of this room only. */
#ifndef VESTNIK_ANSWER_FIELD_INSIDE_H
#define VESTNIK_ANSWER_FIELD_INSIDE_H

#include <stdint.h>

#include "answer/field.h"
#include "answer/numeral.h"

#define FIELD_NAME_MAX 64
#define FIELD_FILES_MAX 10
#define FIELD_NUMBER_MAX ((double)NUMERAL_INTEGER_MAX)

/* What somebody typed, fit to stand in a message: one line, short, no control characters. */
#define FIELD_QUOTE_SIZE 64
const char *field_quote(const char *text, char out[static FIELD_QUOTE_SIZE]);

/* CR LF → LF; control characters and what turns the direction of writing go. In place. */
void field_clean_text(char *text);

/* jansson's iterators and reference counts want what they only read without `const`. */
static inline json_t *field_loose(const json_t *value)
{
	return (json_t *)(uintptr_t)value;
}

#endif
