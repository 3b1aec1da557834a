/* The rule. A BOM decides. Zero bytes at every second place mean UTF-16. Then
 * the whole file is tried as UTF-8: not one bad byte, and it is. Otherwise it
 * is Windows-1251, unless it has stretches that are plainly UTF-8 (three
 * characters in a row of two bytes and more: in Windows-1251 that reads «РЁРєРѕ»,
 * which nobody writes) or more good characters than bad bytes. Then somebody
 * glued two files together, and guessing either way would store gibberish: the
 * places of the rarer encoding are reported instead. */
#include "table/scan.h"

#include <iconv.h>
#include <string.h>

#include "base/gate.h"
#include "base/lang.h"

#define CHUNK_BYTES (64 * 1024)
#define PLACES_KEPT 20 /* lines reported one by one; the rest is a number */
#define RUN_LEAST 3    /* characters of UTF-8 in a row that are no accident */
#define SAMPLE_BYTES 48

struct place {
	int line, column;
	char sample[SAMPLE_BYTES]; /* the bytes there */
	size_t sample_len;
};

struct places {
	struct place item[PLACES_KEPT];
	size_t count;     /* lines, also those not kept */
	int last_line;
};

struct scan {
	int line, column;
	unsigned char last; /* byte before, for CR LF */
	int64_t good;       /* characters of several bytes */
	int64_t bad;        /* bytes that cannot stand in UTF-8 */
	int64_t runs;
	int run;            /* characters of several bytes in a row, up to here */
	struct place run_start;
	struct places bad_places, run_places;
	int64_t nul[2];     /* zero bytes at even and odd places */
	int64_t offset;
};

/* Bytes a character with this first byte has; 0: none starts so. */
static size_t lead_length(unsigned char c)
{
	return c < 0x80 ? 1 : c >= 0xc2 && c <= 0xdf ? 2 : c >= 0xe0 && c <= 0xef ? 3
		: c >= 0xf0 && c <= 0xf4                 ? 4
							 : 0;
}

static void place_set(
	struct place *place, const struct scan *scan, const unsigned char *p, size_t len)
{
	place->line = scan->line;
	place->column = scan->column;
	place->sample_len = len < SAMPLE_BYTES ? len : SAMPLE_BYTES;
	memcpy(place->sample, p, place->sample_len);
}

static void places_add(struct places *places, const struct place *place)
{
	if (places->last_line == place->line)
		return;
	places->last_line = place->line;
	if (places->count < PLACES_KEPT)
		places->item[places->count] = *place;
	places->count++;
}

static void scan_ascii(struct scan *scan, unsigned char c)
{
	scan->run = 0;
	if (c == '\n' && scan->last == '\r') {
		/* counted at the CR */
	} else if (c == '\n' || c == '\r') {
		scan->line++;
		scan->column = 1;
	} else {
		scan->column++;
	}
	if (c == '\0')
		scan->nul[scan->offset & 1]++;
}

/* Looks at all of data but a character cut at its end (unless it is the last
 * piece); returns the bytes looked at. */
static size_t scan_piece(struct scan *scan, const unsigned char *data, size_t len, bool last)
{
	size_t at = 0;
	while (at < len) {
		unsigned char c = data[at];
		size_t n = lead_length(c);
		if (n == 1) {
			scan_ascii(scan, c);
		} else if (n > len - at && !last) {
			break;
		} else if (n > 1 && n <= len - at && gate_utf8((const char *)data + at, n)) {
			scan->good++;
			if (scan->run == 0)
				place_set(&scan->run_start, scan, data + at, len - at);
			if (++scan->run == RUN_LEAST) {
				scan->runs++;
				places_add(&scan->run_places, &scan->run_start);
			}
			scan->column++;
		} else {
			struct place place;
			n = 1;
			scan->bad++;
			scan->run = 0;
			place_set(&place, scan, data + at, len - at);
			places_add(&scan->bad_places, &place);
			scan->column++;
		}
		scan->last = c;
		scan->offset += (int64_t)n;
		at += n;
	}
	return at;
}

static int scan_file(FILE *file, struct scan *scan)
{
	unsigned char data[CHUNK_BYTES];
	size_t have = 0;
	for (;;) {
		size_t n = fread(data + have, 1, sizeof data - have, file);
		if (n == 0 && ferror(file))
			return -1;
		have += n;
		size_t used = scan_piece(scan, data, have, n == 0);
		memmove(data, data + used, have - used);
		have -= used;
		if (n == 0)
			return 0;
	}
}

/* The word at the place, read as the other encoding. */
static void sample_text(const struct place *place, const char *encoding, char *out, size_t size)
{
	size_t len = 0;
	while (len < place->sample_len && strchr(";,\t\"\r\n", place->sample[len]) == NULL)
		len++;
	char in[SAMPLE_BYTES];
	memcpy(in, place->sample, len);
	char *from = in, *to = out;
	size_t room = size - 1;
	iconv_t cd = iconv_open("UTF-8", encoding);
	if (cd != (iconv_t)-1) {
		(void)iconv(cd, &from, &len, &to, &room);
		(void)iconv_close(cd);
	}
	*to = '\0';
}

static void report_mixture(struct sink *sink, const struct places *places, const char *base,
	const char *other)
{
	size_t kept = places->count < PLACES_KEPT ? places->count : PLACES_KEPT;
	for (size_t i = 0; i < kept; i++) {
		char text[SAMPLE_BYTES * 3 + 1];
		sample_text(&places->item[i], other, text, sizeof text);
		sink_problem(sink, places->item[i].line, places->item[i].column,
			tr("save the whole file in one encoding, best UTF-8, or name it: --encoding",
				"сохраните весь файл в одной кодировке, лучше UTF-8, или укажите её: "
				"--encoding"),
			tr("bytes of another encoding: the file is %s, here is %s (would read «%s»)",
				"байты другой кодировки: файл в %s, а здесь %s (читалось бы «%s»)"),
			base, other, text);
	}
	if (places->count > kept)
		sink_problem(sink, 0, 0, NULL,
			tr("%zu more lines like these", "таких строк ещё %zu"), places->count - kept);
}

static bool scan_bom(FILE *file, char *name, size_t *bom)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *name;
	} marks[] = {{"\xef\xbb\xbf", 3, "UTF-8"}, {"\xff\xfe", 2, "UTF-16LE"},
		{"\xfe\xff", 2, "UTF-16BE"}};
	char head[3] = {0};
	size_t n = fread(head, 1, sizeof head, file);
	rewind(file);
	*bom = 0;
	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
		if (n >= marks[i].len && memcmp(head, marks[i].bytes, marks[i].len) == 0) {
			*bom = marks[i].len;
			(void)snprintf(name, SCAN_ENCODING_SIZE, "%s", marks[i].name);
			return true;
		}
	return false;
}

static int decide(const struct scan *scan, bool utf8_by_bom, char *name, struct sink *sink)
{
	int64_t zero = scan->nul[0] + scan->nul[1];
	if (zero > 0) {
		/* ASCII in UTF-16 has its zero byte always on the same side */
		if (scan->nul[0] * 10 < scan->nul[1])
			return snprintf(name, SCAN_ENCODING_SIZE, "UTF-16LE") > 0 ? 0 : -1;
		if (scan->nul[1] * 10 < scan->nul[0])
			return snprintf(name, SCAN_ENCODING_SIZE, "UTF-16BE") > 0 ? 0 : -1;
		sink_problem(sink, 0, 0, tr("save it as CSV or XLSX", "сохраните её как CSV или XLSX"),
			tr("this is not a text table: it has zero bytes",
				"это не текстовая таблица: в ней есть нулевые байты"));
		return -1;
	}
	(void)snprintf(name, SCAN_ENCODING_SIZE, "UTF-8");
	if (scan->bad == 0)
		return 0;
	if (utf8_by_bom || scan->good > scan->bad) {
		report_mixture(sink, &scan->bad_places, "UTF-8", "WINDOWS-1251");
		return -1;
	}
	if (scan->runs > 0) {
		report_mixture(sink, &scan->run_places, "WINDOWS-1251", "UTF-8");
		return -1;
	}
	(void)snprintf(name, SCAN_ENCODING_SIZE, "WINDOWS-1251");
	return 0;
}

int scan_encoding(FILE *file, char name[static SCAN_ENCODING_SIZE], size_t *bom, struct sink *sink)
{
	bool marked = scan_bom(file, name, bom);
	if (marked && *bom == 2)
		return 0; /* UTF-16: the decoder finds what is wrong */
	struct scan scan = {.line = 1, .column = 1};
	if (fseek(file, (long)*bom, SEEK_SET) != 0 || scan_file(file, &scan) != 0) {
		sink_problem(sink, 0, 0, NULL, tr("the file cannot be read", "файл не читается"));
		return -1;
	}
	rewind(file);
	return decide(&scan, marked, name, sink);
}
