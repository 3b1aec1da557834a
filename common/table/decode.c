#include "table/decode.h"

#include <ctype.h>
#include <errno.h>
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/lang.h"
#include "base/xalloc.h"
#include "table/scan.h"

#define IN_BYTES (64 * 1024)
#define OUT_BYTES (3 * IN_BYTES) /* one byte of a national encoding gives at most 3 */

struct decoder {
	FILE *file;
	iconv_t cd;
	char in[IN_BYTES];
	size_t in_len;
	bool end;  /* the file has no more */
	bool bad;  /* conversion stopped at in[0] */
	int64_t bytes;
	char out[OUT_BYTES];
};

/* What people call it → what iconv calls it. */
static int encoding_name(const char *given, char name[static SCAN_ENCODING_SIZE])
{
	static const struct {
		const char *given, *name;
	} aliases[] = {{"UTF8", "UTF-8"}, {"CP1251", "WINDOWS-1251"}, {"1251", "WINDOWS-1251"},
		{"WIN1251", "WINDOWS-1251"}, {"WINDOWS1251", "WINDOWS-1251"}, {"ANSI", "WINDOWS-1251"},
		{"UTF16LE", "UTF-16LE"}, {"UTF16BE", "UTF-16BE"}, {"DOS", "CP866"}, {"KOI8R", "KOI8-R"}};
	size_t len = strlen(given);
	if (len == 0 || len >= SCAN_ENCODING_SIZE || !isalnum((unsigned char)given[0]))
		return -1;
	for (size_t i = 0; i <= len; i++) {
		unsigned char c = (unsigned char)given[i];
		if (c != '\0' && !isalnum(c) && c != '-' && c != '_')
			return -1; /* '/' would ask iconv to transliterate or to skip */
		name[i] = (char)toupper(c);
	}
	for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++)
		if (strcmp(name, aliases[i].given) == 0)
			(void)snprintf(name, SCAN_ENCODING_SIZE, "%s", aliases[i].name);
	return 0;
}

/* A BOM that agrees with the encoding the user named. */
static size_t bom_of(FILE *file, const char *encoding)
{
	char head[3] = {0};
	size_t n = fread(head, 1, sizeof head, file);
	rewind(file);
	if (strcmp(encoding, "UTF-8") == 0 && n == 3 && memcmp(head, "\xef\xbb\xbf", 3) == 0)
		return 3;
	if (strcmp(encoding, "UTF-16LE") == 0 && n >= 2 && memcmp(head, "\xff\xfe", 2) == 0)
		return 2;
	if (strcmp(encoding, "UTF-16BE") == 0 && n >= 2 && memcmp(head, "\xfe\xff", 2) == 0)
		return 2;
	return 0;
}

static int decoder_start(
	struct decoder *decoder, const char *encoding, struct table_facts *facts, struct sink *sink)
{
	size_t bom = 0;
	char name[SCAN_ENCODING_SIZE];
	if (encoding == NULL) {
		if (scan_encoding(decoder->file, name, &bom, sink) != 0)
			return -1;
	} else if (encoding_name(encoding, name) == 0) {
		bom = bom_of(decoder->file, name);
	} else {
		name[0] = '\0'; /* iconv would take it for the locale's */
	}
	if (name[0] != '\0')
		decoder->cd = iconv_open("UTF-8", name);
	if (decoder->cd == (iconv_t)-1) {
		sink_problem(sink, 0, 0, "utf-8, windows-1251, utf-16le, koi8-r, cp866",
			tr("unknown encoding «%s»", "неизвестная кодировка «%s»"), encoding);
		return -1;
	}
	(void)snprintf(facts->encoding, sizeof facts->encoding, "%s", name);
	decoder->bytes = (int64_t)bom;
	return fseek(decoder->file, (long)bom, SEEK_SET);
}

struct decoder *decoder_open(
	const char *path, const char *encoding, struct table_facts *facts, struct sink *sink)
{
	struct decoder *decoder = xcalloc(1, sizeof *decoder);
	struct stat st;
	decoder->cd = (iconv_t)-1;
	decoder->file = fopen(path, "rbe");
	if (decoder->file == NULL || fstat(fileno(decoder->file), &st) != 0) {
		sink_problem(sink, 0, 0, NULL, "%s", strerror(errno));
		decoder_close(&decoder);
		return NULL;
	}
	facts->bytes = st.st_size;
	if (decoder_start(decoder, encoding, facts, sink) != 0)
		decoder_close(&decoder);
	return decoder;
}

void decoder_close(struct decoder **decoder)
{
	if (*decoder == NULL)
		return;
	if ((*decoder)->cd != (iconv_t)-1)
		(void)iconv_close((*decoder)->cd);
	if ((*decoder)->file != NULL)
		(void)fclose((*decoder)->file);
	free(*decoder);
	*decoder = NULL;
}

static void decoder_fill(struct decoder *decoder)
{
	if (decoder->end)
		return;
	size_t n = fread(decoder->in + decoder->in_len, 1, IN_BYTES - decoder->in_len, decoder->file);
	decoder->in_len += n;
	decoder->bytes += (int64_t)n;
	decoder->end = n == 0;
}

enum decoded decoder_next(struct decoder *decoder, const char **data, size_t *len)
{
	for (;;) {
		if (decoder->bad)
			return DECODED_BAD;
		decoder_fill(decoder);
		if (decoder->in_len == 0)
			return ferror(decoder->file) ? DECODED_BAD : DECODED_END;
		char *from = decoder->in, *to = decoder->out;
		size_t left = decoder->in_len, room = OUT_BYTES;
		errno = 0;
		if (iconv(decoder->cd, &from, &left, &to, &room) == (size_t)-1)
			/* EINVAL: a character cut at the end; E2BIG: the rest comes next time */
			decoder->bad = errno == EILSEQ || (errno == EINVAL && decoder->end);
		memmove(decoder->in, from, left);
		decoder->in_len = left;
		*data = decoder->out;
		*len = OUT_BYTES - room;
		if (*len > 0)
			return DECODED_DATA;
	}
}

int64_t decoder_bytes(const struct decoder *decoder)
{
	return decoder->bytes;
}
