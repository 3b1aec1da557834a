/* One row of a directory sheet: understood, checked, and as bytes in a spool. */
#ifndef VESTNIK_DIRECTORY_RECORD_H
#define VESTNIK_DIRECTORY_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/problem.h"
#include "directory/columns.h"
#include "table/table.h"

struct record_contact {
	const char *role, *name, *position, *address, *phone;
};

/* Strings are never NULL; "" = none. They stand in somebody else's memory. */
struct record {
	int line;
	bool bad;
	const char *key, *parent, *kind, *name, *region, *municipality, *zone;
	const char *extra; /* compact JSON, keys sorted, empty values left out */
	struct record_contact contact[ROLES_MAX];
	size_t contacts;
	/* the first thing wrong with it */
	const char *trouble_field, *trouble, *trouble_hint;
};

/* What parsing of rows needs from row to row. */
struct record_parser;
struct record_parser *record_parser_new(
	const struct columns *columns, const char *file, bool csv, struct problems *problems);
void record_parser_free(struct record_parser **parser);
/* Reports what is wrong with the row and says bad in the record. The record is
 * valid until the next call. foreign: an error about this line was reported by
 * the reader already (a formula without a result). */
const struct record *record_parse(
	struct record_parser *parser, const struct table_row *row, bool foreign);
/* Another reason found later. */
void record_spoil(struct record *record, const char *field, const char *hint, const char *text);

void record_write(const struct record *record, struct buf *out);
/* bytes: what record_write wrote; the record points into them. */
void record_read(const char *bytes, struct record *record);

#endif
