/* A text file of any encoding as a stream of UTF-8 (iconv's home). */
#ifndef VESTNIK_TABLE_DECODE_H
#define VESTNIK_TABLE_DECODE_H

#include <stddef.h>

#include "table/sink.h"

struct decoder;

/* Finds the encoding out (BOM, then strict UTF-8 over the whole file, then
 * Windows-1251) unless `encoding` names it; fills facts->encoding and ->bytes.
 * A file that mixes two encodings is a problem for each of its first such
 * lines. NULL after a problem. */
struct decoder *decoder_open(
	const char *path, const char *encoding, struct table_facts *facts, struct sink *sink);
void decoder_close(struct decoder **decoder);

enum decoded { DECODED_DATA, DECODED_END, DECODED_BAD };
/* The next piece, without the BOM; valid until the next call. DECODED_BAD: what
 * comes next cannot be text of this encoding. */
enum decoded decoder_next(struct decoder *decoder, const char **data, size_t *len);
/* Bytes of the file read so far. */
int64_t decoder_bytes(const struct decoder *decoder);

#endif
