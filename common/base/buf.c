#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){.max = max};
}

void buf_fini(struct buf *b)
{
	free(b->data);
	*b = (struct buf){.max = b->max};
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->overflowed = false;
	if (b->data != NULL)
		b->data[0] = '\0';
}

char *buf_reserve(struct buf *b, size_t len)
{
	if (b->overflowed || len > b->max - b->len) {
		b->overflowed = true;
		return NULL;
	}
	size_t need = b->len + len + 1;
	if (need > b->cap) {
		size_t cap = b->cap == 0 ? 128 : b->cap;
		while (cap < need)
			cap *= 2;
		b->data = xrealloc(b->data, cap, 1);
		b->cap = cap;
	}
	return b->data + b->len;
}

void buf_terminate(struct buf *b)
{
	b->data[b->len] = '\0';
}

int buf_append(struct buf *b, const void *data, size_t len)
{
	char *to = buf_reserve(b, len);
	if (to == NULL)
		return -1;
	if (len > 0)
		memcpy(to, data, len);
	b->len += len;
	buf_terminate(b);
	return 0;
}

int buf_puts(struct buf *b, const char *s)
{
	return buf_append(b, s, strlen(s));
}

int buf_putc(struct buf *b, char c)
{
	return buf_append(b, &c, 1);
}

int buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	char small[256];
	int n = vsnprintf(small, sizeof small, fmt, ap);
	int rc = -1;
	if (n >= 0 && (size_t)n < sizeof small) {
		rc = buf_append(b, small, (size_t)n);
	} else if (n >= 0) {
		char *to = buf_reserve(b, (size_t)n);
		if (to != NULL) {
			vsnprintf(to, (size_t)n + 1, fmt, again);
			b->len += (size_t)n;
			rc = 0;
		}
	} else {
		b->overflowed = true;
	}
	va_end(again);
	va_end(ap);
	return rc;
}

const char *buf_str(const struct buf *b)
{
	return b->data == NULL ? "" : b->data;
}

char *buf_take(struct buf *b)
{
	char *s = b->data == NULL ? xstrdup("") : b->data;
	*b = (struct buf){.max = b->max};
	return s;
}
