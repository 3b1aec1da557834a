#ifndef VESTNIK_TABLE_CSV_READER_H
#define VESTNIK_TABLE_CSV_READER_H

#include "table/sink.h"

/* 0 when the file was read to its end (or the caller stopped), else -1. */
int csv_read(const char *path, const struct table_options *options, struct table_facts *facts,
	struct sink *sink);

#endif
