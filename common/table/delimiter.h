#ifndef VESTNIK_TABLE_DELIMITER_H
#define VESTNIK_TABLE_DELIMITER_H

#include <stddef.h>

/* ';', tab or ',': the one that gives most of the first lines as many cells as
 * the header. `text` is the beginning of the table in UTF-8. *skip gets the
 * length of a leading "sep=;" line (Excel's own way to say it), line break
 * included. */
char delimiter_find(const char *text, size_t len, size_t *skip);

#endif
