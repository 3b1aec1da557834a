#include "calendar/fold.h"

#include <string.h>

#include "base/xalloc.h"

uint32_t fold_next(const char *text, size_t *len)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t need = p[0] >= 0xf0 && p[0] < 0xf8 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc2 ? 2 : 1;
	uint32_t value = need == 4 ? p[0] & 0x07u : need == 3 ? p[0] & 0x0fu : p[0] & 0x1fu;
	*len = 1;
	if (need == 1 || p[0] >= 0xf8)
		return p[0];
	for (size_t i = 1; i < need; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return p[0];
		value = value << 6 | (p[i] & 0x3fu);
	}
	*len = need;
	return value;
}

static int is_blank(uint32_t point)
{
	return (point >= '\t' && point <= '\r') || point == ' ' || point == 0xa0 || point == 0x1680 ||
		(point >= 0x2000 && point <= 0x200a) || point == 0x2028 || point == 0x2029 ||
		point == 0x202f || point == 0x205f || point == 0x3000;
}

uint32_t fold_point(uint32_t point)
{
	if (is_blank(point))
		return ' ';
	if (point == 0xad || (point >= 0x200b && point <= 0x200f) || (point >= 0x202a && point <= 0x202e) ||
		(point >= 0x2060 && point <= 0x2069) || point == 0xfeff)
		return 0;
	/* hyphens, en and em dash, horizontal bar, minus; the box-drawing line some type */
	if ((point >= 0x2010 && point <= 0x2015) || point == 0x2212 || point == 0x2500)
		return '-';
	if (point >= 'A' && point <= 'Z')
		return point + 32;
	if (point == 0x401 || point == 0x451)
		return 0x435;
	if (point >= 0x410 && point <= 0x42f)
		return point + 32;
	if (point >= 0x400 && point <= 0x40f) /* Ukrainian and other capitals: І → і */
		return point + 80;
	return point;
}

static size_t put(char *out, uint32_t point)
{
	if (point < 0x80) {
		out[0] = (char)point;
		return 1;
	}
	if (point < 0x800) {
		out[0] = (char)(0xc0 | point >> 6);
		out[1] = (char)(0x80 | (point & 0x3f));
		return 2;
	}
	if (point < 0x10000) {
		out[0] = (char)(0xe0 | point >> 12);
		out[1] = (char)(0x80 | (point >> 6 & 0x3f));
		out[2] = (char)(0x80 | (point & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | point >> 18);
	out[1] = (char)(0x80 | (point >> 12 & 0x3f));
	out[2] = (char)(0x80 | (point >> 6 & 0x3f));
	out[3] = (char)(0x80 | (point & 0x3f));
	return 4;
}

char *fold_text(const char *text)
{
	/* Folding never lengthens, but a stray byte becomes the two of its Latin-1 letter. */
	char *out = xmalloc(strlen(text) * 2 + 1);
	size_t len = 0, n;
	for (; *text != '\0'; text += n) {
		uint32_t point = fold_point(fold_next(text, &n));
		if (point == 0 || (point == ' ' && (len == 0 || out[len - 1] == ' ')))
			continue;
		len += put(out + len, point);
	}
	if (len > 0 && out[len - 1] == ' ')
		len--;
	out[len] = '\0';
	return out;
}
