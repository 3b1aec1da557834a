#include "answer/field.h"

const char *const field_type_words[] = {"count", "number", "date", "choice", "text", "links", "file", "table", NULL};
