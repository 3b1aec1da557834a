/* Sheets people have, as rows of text: CSV (libcsv; delimiter and encoding found
 * by themselves) and XLSX (libzip, expat). Streams: a million rows use bounded
 * memory. Cells are UTF-8, trimmed of surrounding blanks. */
#ifndef VESTNIK_TABLE_TABLE_H
#define VESTNIK_TABLE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "base/problem.h"

struct table_row {
	int line;              /* of the file (CSV) or the sheet's row number (XLSX), from 1 */
	size_t count;
	const char **cell;     /* never NULL; valid during the call */
};

struct table_facts {       /* known after opening */
	char encoding[24];     /* "UTF-8", "UTF-16LE", "WINDOWS-1251" */
	char delimiter;        /* 0 for XLSX */
	char sheet[64];        /* XLSX: the sheet that was read */
	int64_t bytes;         /* of the file, for progress */
};

struct table_options {
	const char *encoding;  /* NULL = find out */
	char delimiter;        /* 0 = find out */
	const char *sheet;     /* NULL = the first visible one */
	int64_t unpacked_max;  /* XLSX; 0 = TABLE_UNPACKED_MAX_BYTES */
};

#define TABLE_CELL_MAX_BYTES (32 * 1024)
#define TABLE_COLUMNS_MAX 256
#define TABLE_UNPACKED_MAX_BYTES (1024LL * 1024 * 1024) /* XLSX: against zip bombs */

/* Calls row() for each non-empty row, the header row included (the first).
 * row returns non-zero to stop. progress (may be NULL) is told bytes read now
 * and then. What is wrong with the file itself (torn quote, bytes of another
 * encoding in the middle, no sheet, a .xls) goes to problems with line and
 * column; returns -1 when reading could not go on to the end, 0 otherwise. */
int table_read(const char *path, const struct table_options *options, struct table_facts *facts,
	int (*row)(void *arg, const struct table_row *row),
	void (*progress)(void *arg, int64_t bytes), void *arg, struct problems *problems);

/* The same from memory (a mail's attachment, an upload); name: as people know the file, may be NULL. */
int table_read_bytes(const void *data, size_t len, const char *name, const struct table_options *options,
	struct table_facts *facts, int (*row)(void *arg, const struct table_row *row), void *arg,
	struct problems *problems);

/* Writes a cell of a CSV sheet, in quotes where needed. Text a spreadsheet would
 * run as a formula gets a ' before it; directory import takes that off again. */
void table_put_cell(FILE *out, const char *text, char delimiter);

/* A column title made comparable: lower-cased (Cyrillic too), ё→е, blanks,
 * punctuation and quotes collapsed to single spaces, trimmed. The caller frees. */
char *table_title_key(const char *title);

#endif
