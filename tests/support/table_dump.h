/* For tests of sheets: bytes → file → table_read → one comparable text. */
#ifndef VESTNIK_TESTS_TABLE_DUMP_H
#define VESTNIK_TESTS_TABLE_DUMP_H

#include <stddef.h>

#include "table/table.h"

/* A file of its own under $TMPDIR or /tmp; the name is good until the next call. */
const char *table_dump_file(const void *data, size_t len);
/* Rows as "line:cell|cell\n", then problems as "!line:column text\n". The
 * caller frees it. rc may be NULL. */
char *table_dump(const char *path, const struct table_options *options, struct table_facts *facts,
	int *rc);

#endif
