#include "letter/mime.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#if defined(__x86_64__)
#include <tmmintrin.h>
#endif

#define LINE_MAX_SOFT 76   /* RFC 2047 section 2, with encoded words; fits RFC 5322's 78 */
#define ENCODED_WORD_MAX 75
#define PLAIN_MAX 60       /* an ASCII text up to here needs no folding */

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* ---- base64 -------------------------------------------------------------------- */

#define LINE_IN 57 /* bytes that fill a line of 76 */
#define LINE_OUT 76

size_t mime_base64_size(size_t len)
{
	size_t lines = len / LINE_IN, rest = len % LINE_IN;
	return lines * (LINE_OUT + 2) + (rest == 0 ? 0 : (rest + 2) / 3 * 4 + 2);
}

static char *encode(char *to, const unsigned char *from, size_t len)
{
	for (; len >= 3; len -= 3, from += 3, to += 4) {
		uint32_t v = (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 | from[2];
		to[0] = base64_digits[v >> 18];
		to[1] = base64_digits[v >> 12 & 63];
		to[2] = base64_digits[v >> 6 & 63];
		to[3] = base64_digits[v & 63];
	}
	if (len > 0) {
		uint32_t v = (uint32_t)from[0] << 16 | (len > 1 ? (uint32_t)from[1] << 8 : 0);
		to[0] = base64_digits[v >> 18];
		to[1] = base64_digits[v >> 12 & 63];
		to[2] = len > 1 ? base64_digits[v >> 6 & 63] : '=';
		to[3] = '=';
		to += 4;
	}
	return to;
}

#if defined(__x86_64__)
/* Lines of base64: five steps of 12 bytes into 16 digits, the last of
 * which spills 4 digits over the line's end: a line reads 64 bytes and writes 80.
 * Bodies are most of what a letter costs; this is five times as fast as byte by byte. */
#define WIDE_IN 64
#define WIDE_OUT 80

__attribute__((target("ssse3"))) static __m128i wide_digits(__m128i bytes)
{
	/* Each group of three bytes abc becomes b a c b, two 16-bit halves that hold
	 * all of their two digits' bits. */
	const __m128i spread =
		_mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
	__m128i in = _mm_shuffle_epi8(bytes, spread);
	/* Multiplying shifts the halves by different distances in one go. */
	__m128i odd = _mm_mulhi_epu16(_mm_and_si128(in, _mm_set1_epi32(0x0fc0fc00)),
		_mm_set1_epi32(0x04000040));
	__m128i even = _mm_mullo_epi16(_mm_and_si128(in, _mm_set1_epi32(0x003f03f0)),
		_mm_set1_epi32(0x01000010));
	__m128i values = _mm_or_si128(odd, even);
	/* What to add to a value depends on its range: 0–25, 26–51, each of 52–61, 62, 63. */
	const __m128i distance = _mm_setr_epi8('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
		'0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0);
	__m128i range = _mm_subs_epu8(values, _mm_set1_epi8(51));
	__m128i upper = _mm_cmpgt_epi8(_mm_set1_epi8(26), values);
	range = _mm_or_si128(range, _mm_and_si128(upper, _mm_set1_epi8(13)));
	return _mm_add_epi8(_mm_shuffle_epi8(distance, range), values);
}

/* Whole lines as long as there are WIDE_IN bytes; returns how many. */
__attribute__((target("ssse3"))) static size_t wide_lines(char *to, const unsigned char *from, size_t len)
{
	size_t lines = 0;
	for (; len >= WIDE_IN; len -= LINE_IN, from += LINE_IN, to += LINE_OUT + 2, lines++) {
		for (int step = 0; step < 5; step++) {
			__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(from + step * 12));
			_mm_storeu_si128((__m128i *)(void *)(to + step * 16), wide_digits(bytes));
		}
		to[LINE_OUT] = '\r';
		to[LINE_OUT + 1] = '\n';
	}
	return lines;
}

static bool wide_works(void)
{
	return __builtin_cpu_supports("ssse3") != 0;
}
#else
#define WIDE_OUT 0
static size_t wide_lines(char *to, const unsigned char *from, size_t len)
{
	(void)to;
	(void)from;
	(void)len;
	return 0;
}

static bool wide_works(void)
{
	return false;
}
#endif

int mime_base64(struct buf *out, const char *data, size_t len)
{
	const unsigned char *from = (const unsigned char *)data;
	char *start = buf_reserve(out, mime_base64_size(len) + WIDE_OUT), *to = start;
	if (to == NULL)
		return -1;
	size_t lines = wide_works() ? wide_lines(to, from, len) : 0;
	to += lines * (LINE_OUT + 2);
	from += lines * LINE_IN;
	len -= lines * LINE_IN;
	while (len > 0) {
		size_t n = len < LINE_IN ? len : LINE_IN;
		to = encode(to, from, n);
		*to++ = '\r';
		*to++ = '\n';
		from += n;
		len -= n;
	}
	out->len += (size_t)(to - start);
	buf_terminate(out);
	return 0;
}

/* ---- encoded words ---------------------------------------------------------------- */

static size_t utf8_length(unsigned char lead)
{
	return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/* Column the next character would have. */
static size_t column(const struct buf *out)
{
	const char *newline = out->len == 0 ? NULL : memrchr(out->data, '\n', out->len);
	return newline == NULL ? out->len : out->len - (size_t)(newline + 1 - out->data);
}

/* How much of the text goes into a word of at most `most` bytes: whole
 * characters, and whole groups of three bytes where that can be had, because
 * some programs (GMime 3.2) join neighbouring words before they decode them and
 * stop at the first word's "=". */
static size_t word_length(const char *text, size_t len, size_t most)
{
	size_t n = 0, whole = 0;
	while (n < len) {
		size_t next = utf8_length((unsigned char)text[n]);
		if (n + next > most && n > 0)
			break;
		n += next;
		if (n % 3 == 0)
			whole = n;
	}
	if (n >= len)
		return len;
	return whole > 0 ? whole : n;
}

/* Words are cut between characters, each stands on a line of its own but for
 * the first, which follows the header's name. */
static int encoded_words(struct buf *out, const char *text, size_t len)
{
	static const char lead[] = "=?UTF-8?B?";
	const size_t around = sizeof lead - 1 + 2;
	int rc = 0;
	for (bool first = true; len > 0 && rc == 0; first = false) {
		if (!first)
			rc |= buf_puts(out, "\r\n ");
		size_t at = column(out);
		size_t room = LINE_MAX_SOFT > at ? LINE_MAX_SOFT - at : 0;
		if (room > ENCODED_WORD_MAX)
			room = ENCODED_WORD_MAX;
		size_t bytes = room > around + 4 ? (room - around) / 4 * 3 : 3;
		size_t n = word_length(text, len, bytes);
		char word[2 * ENCODED_WORD_MAX];
		*encode(word, (const unsigned char *)text, n) = '\0';
		rc |= buf_puts(out, lead) | buf_puts(out, word) | buf_puts(out, "?=");
		text += n;
		len -= n;
	}
	return rc;
}

static bool is_plain(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] < 0x20 || text[i] > 0x7e)
			return false;
	/* "=?" would be read as an encoded word, outer blanks would be lost. */
	return len <= PLAIN_MAX && memmem(text, len, "=?", 2) == NULL &&
		(len == 0 || (text[0] != ' ' && text[len - 1] != ' '));
}

int mime_header(struct buf *out, const char *name, const char *text, size_t len)
{
	int rc = buf_puts(out, name) | buf_puts(out, ": ");
	rc |= is_plain(text, len) ? buf_append(out, text, len) : encoded_words(out, text, len);
	return rc | buf_puts(out, "\r\n");
}

/* RFC 5322 atoms need no quotes. */
static bool is_phrase(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		bool atom = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			(c != '\0' && strchr(" !#$%&'*+-/=?^_`{|}~", c) != NULL);
		if (!atom)
			return false;
	}
	return true;
}

static int quoted(struct buf *out, const char *text, size_t len)
{
	int rc = buf_putc(out, '"');
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"' || text[i] == '\\')
			rc |= buf_putc(out, '\\');
		rc |= buf_putc(out, text[i]);
	}
	return rc | buf_putc(out, '"');
}

int mime_mailbox(struct buf *out, const char *name, const char *display, size_t display_len,
	const char *address)
{
	int rc = buf_puts(out, name) | buf_puts(out, ": ");
	if (display_len > 0) {
		if (!is_plain(display, display_len))
			rc |= encoded_words(out, display, display_len);
		else if (is_phrase(display, display_len))
			rc |= buf_append(out, display, display_len);
		else
			rc |= quoted(out, display, display_len);
		rc |= buf_puts(out, column(out) + strlen(address) + 3 > LINE_MAX_SOFT ? "\r\n <" : " <");
	} else {
		rc |= buf_putc(out, '<');
	}
	return rc | buf_puts(out, address) | buf_puts(out, ">\r\n");
}

/* ---- parameters ---------------------------------------------------------------- */

static bool attribute_char(unsigned char c)
{
	return c > 0x20 && c < 0x7f && strchr("*'%()<>@,;:\\\"/[]?=", c) == NULL;
}

/* name*0*=UTF-8''%D0…; name*1*=… with whole characters in each piece (RFC 2231 4.1). */
static int continuations(struct buf *out, const char *name, const char *value)
{
	static const char hex[] = "0123456789ABCDEF";
	int rc = 0;
	for (int piece = 0; *value != '\0' && rc == 0; piece++) {
		rc |= buf_printf(out, ";\r\n %s*%d*=%s", name, piece, piece == 0 ? "UTF-8''" : "");
		while (*value != '\0' && rc == 0) {
			size_t n = utf8_length((unsigned char)*value);
			if (column(out) + 3 * n + 1 > LINE_MAX_SOFT)
				break;
			for (; n > 0 && *value != '\0'; n--, value++) {
				unsigned char c = (unsigned char)*value;
				if (attribute_char(c))
					rc |= buf_putc(out, (char)c);
				else
					rc |= buf_append(out, (char[3]){'%', hex[c >> 4], hex[c & 15]}, 3);
			}
		}
	}
	return rc;
}

int mime_parameter(struct buf *out, const char *name, const char *value)
{
	size_t len = strlen(value);
	if (!is_plain(value, len))
		return continuations(out, name, value);
	return buf_printf(out, ";\r\n %s=", name) | quoted(out, value, len);
}

/* Practical transliteration of Russian; every other character becomes "_". */
static const char *latin(const char *s, size_t n, bool *capital)
{
	*capital = false;
	static const char *const small[] = {"a", "b", "v", "g", "d", "e", "zh", "z", "i", "y", "k", "l",
		"m", "n", "o", "p", "r", "s", "t", "u", "f", "kh", "ts", "ch", "sh", "shch", "", "y", "",
		"e", "yu", "ya"};
	if (n != 2)
		return "_";
	unsigned point = ((unsigned)(unsigned char)s[0] & 0x1f) << 6 | ((unsigned)(unsigned char)s[1] & 0x3f);
	*capital = point == 0x401 || (point >= 0x410 && point <= 0x42f);
	if (point == 0x451 || point == 0x401)
		return "e";
	if (point >= 0x410 && point <= 0x42f)
		return small[point - 0x410];
	return point >= 0x430 && point <= 0x44f ? small[point - 0x430] : "_";
}

int mime_parameter_latin(struct buf *out, const char *name, const char *value)
{
	char ascii[PLAIN_MAX + 1];
	size_t at = 0;
	const char *dot = strrchr(value, '.');
	size_t ending = dot == NULL ? 0 : strlen(dot);
	if (ending > 8)
		ending = 0;
	for (const char *s = value; *s != '\0';) {
		size_t n = utf8_length((unsigned char)*s);
		bool in_ending = ending > 0 && s >= dot;
		bool capital;
		const char *as = latin(s, n, &capital);
		char one[2] = {*s, '\0'};
		if (n == 1)
			as = attribute_char((unsigned char)*s) || *s == ' ' ? one : "_";
		if (at + strlen(as) > PLAIN_MAX - (in_ending ? 0 : ending) && !in_ending) {
			s = ending > 0 ? dot : s + strlen(s);
			continue;
		}
		if (at + strlen(as) > PLAIN_MAX)
			break;
		memcpy(ascii + at, as, strlen(as));
		if (capital && as[0] != '\0')
			ascii[at] = (char)(as[0] - 'a' + 'A');
		at += strlen(as);
		for (; n > 0 && *s != '\0'; n--)
			s++;
	}
	return buf_printf(out, ";\r\n %s=", name) | quoted(out, ascii, at);
}

/* ---- types ------------------------------------------------------------------------ */

const char *mime_type_of(const char *file_name)
{
	static const struct {
		const char *ending, *type;
	} types[] = {
		{".pdf", "application/pdf"},
		{".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
		{".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
		{".pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
		{".doc", "application/msword"},
		{".xls", "application/vnd.ms-excel"},
		{".odt", "application/vnd.oasis.opendocument.text"},
		{".ods", "application/vnd.oasis.opendocument.spreadsheet"},
		{".rtf", "application/rtf"},
		{".zip", "application/zip"},
		{".p7s", "application/pkcs7-signature"},
		{".csv", "text/csv"},
		{".txt", "text/plain"},
		{".ics", "text/calendar"},
		{".jpg", "image/jpeg"},
		{".jpeg", "image/jpeg"},
		{".png", "image/png"},
	};
	const char *dot = strrchr(file_name, '.');
	for (size_t i = 0; dot != NULL && i < sizeof types / sizeof types[0]; i++)
		if (strcasecmp(dot, types[i].ending) == 0)
			return types[i].type;
	return "application/octet-stream";
}

bool mime_type_ok(const char *type)
{
	size_t len = strlen(type), slashes = 0;
	for (size_t i = 0; i < len; i++) {
		if (type[i] == '/')
			slashes++;
		else if (!attribute_char((unsigned char)type[i]))
			return false;
	}
	return len > 2 && len <= 127 && slashes == 1 && type[0] != '/' && type[len - 1] != '/';
}

bool mime_plain_token(const char *text, size_t max)
{
	size_t len = strlen(text);
	if (len == 0 || len > max)
		return false;
	for (size_t i = 0; i < len; i++)
		if (text[i] <= 0x20 || text[i] > 0x7e || text[i] == '<' || text[i] == '>')
			return false;
	return true;
}
