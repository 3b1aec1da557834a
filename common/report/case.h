/* The ZIP of a case file while it is being written: entries go into a spool
 * beside the target, one after the other; the ZIP is made of them at the end.
 * For archive*.c only. */
#ifndef VESTNIK_REPORT_CASE_H
#define VESTNIK_REPORT_CASE_H

#include <stdio.h>

#include "report/archive.h"

struct case_file;

int case_open(struct case_file **out, const char *path, struct error *e);
/* Begins an entry: what is written to the stream until case_end is in it. The name is made safe (no
 * "..", no control characters) and unique. */
FILE *case_begin(struct case_file *file, const char *name);
FILE *case_stream(struct case_file *file);
int case_end(struct case_file *file, struct error *e);
/* A whole entry. */
int case_put(struct case_file *file, const char *name, const void *data, size_t len, struct error *e);
/* From a temporary file at path, for writers that need one. */
int case_put_file(struct case_file *file, const char *name, const char *path, struct error *e);
/* A path beside the target for such a writer; the caller unlinks and frees it. */
char *case_scratch(struct case_file *file, struct error *e);
/* SHA256SUMS, then the ZIP. */
int case_finish(struct case_file *file, struct archive_result *result, struct error *e);
/* Removes what is left. */
void case_close(struct case_file **file);

/* Streams a file's SHA-256 from its present position; len -1 = to the end. */
#define CASE_CHUNK_BYTES ((size_t)64 * 1024)

#endif
