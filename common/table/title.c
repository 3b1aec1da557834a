#include "table/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/* Length and value of the character at p; what is not UTF-8 counts byte by byte. */
static size_t next_character(const unsigned char *p, unsigned *value)
{
	if (p[0] >= 0xc2 && p[0] <= 0xdf && (p[1] & 0xc0) == 0x80) {
		*value = (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
		return 2;
	}
	if (p[0] >= 0xe0 && p[0] <= 0xef && (p[1] & 0xc0) == 0x80 && (p[2] & 0xc0) == 0x80) {
		*value = (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
		return 3;
	}
	*value = p[0];
	return 1;
}

static bool is_word(unsigned value)
{
	if (value < 0x80)
		return (value >= '0' && value <= '9') || (value >= 'a' && value <= 'z') ||
			(value >= 'A' && value <= 'Z');
	/* Latin-1 signs and «», general punctuation, №, ideographic space */
	return !(value <= 0xbf || (value >= 0x2000 && value <= 0x206f) || value == 0x2116 ||
		value == 0x3000 || value == 0xfeff);
}

static unsigned lower(unsigned value)
{
	if (value >= 'A' && value <= 'Z')
		return value + 32;
	if (value == 0x401 || value == 0x451) /* Ё, ё */
		return 0x435;
	if (value >= 0x410 && value <= 0x42f)
		return value + 32;
	return value;
}

char *table_title_key(const char *title)
{
	const unsigned char *p = (const unsigned char *)title;
	char *out = xmalloc(strlen(title) + 1); /* lowering never lengthens */
	size_t len = 0;
	bool blank = false;
	while (*p != '\0') {
		unsigned value;
		size_t n = next_character(p, &value);
		if (!is_word(value)) {
			blank = len > 0;
			p += n;
			continue;
		}
		if (blank)
			out[len++] = ' ';
		blank = false;
		unsigned low = lower(value);
		if (low < 0x80 || n != 2) {
			memcpy(out + len, p, n);
			if (n == 1)
				out[len] = (char)low;
		} else {
			out[len] = (char)(0xc0 | low >> 6);
			out[len + 1] = (char)(0x80 | (low & 0x3f));
		}
		len += n;
		p += n;
	}
	out[len] = '\0';
	return out;
}
