/* Which encoding is this file? Reads it once, counting. */
#ifndef VESTNIK_TABLE_SCAN_H
#define VESTNIK_TABLE_SCAN_H

#include <stdio.h>

#include "table/sink.h"

#define SCAN_ENCODING_SIZE 24

/* Reads from the start and rewinds. Sets name ("UTF-8", "UTF-16LE", "UTF-16BE",
 * "WINDOWS-1251") and how many bytes of BOM to skip. -1 after a problem: two
 * encodings in one file, zero bytes, empty. */
int scan_encoding(FILE *file, char name[static SCAN_ENCODING_SIZE], size_t *bom, struct sink *sink);

#endif
