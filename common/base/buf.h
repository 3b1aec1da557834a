/* The one string builder: a growing byte buffer with a maximum given at the
 * start. Appending beyond the maximum fails and leaves the buffer *overflowed*:
 * every later append fails too, so that a builder may check once at its end.
 * The content is always NUL-terminated (the NUL is not counted). */
#ifndef VESTNIK_BASE_BUF_H
#define VESTNIK_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data; /* NULL until the first append; use buf_str() to read as text */
	size_t len;
	size_t cap;
	size_t max; /* bytes, without the NUL */
	bool overflowed;
};

/* No allocation happens until the first append. */
void buf_init(struct buf *b, size_t max);
void buf_fini(struct buf *b);
/* Empties it and keeps the memory. */
void buf_reset(struct buf *b);

/* 0, or -1 when the maximum would be passed. */
int buf_append(struct buf *b, const void *data, size_t len);
int buf_puts(struct buf *b, const char *s);
int buf_putc(struct buf *b, char c);
__attribute__((format(printf, 2, 3))) int buf_printf(struct buf *b, const char *fmt, ...);
/* Room for len more bytes at b->data + b->len; the caller fills them and adds
 * to b->len (and calls buf_terminate). NULL when the maximum would be passed. */
char *buf_reserve(struct buf *b, size_t len);
void buf_terminate(struct buf *b);

/* Never NULL. */
const char *buf_str(const struct buf *b);
static inline bool buf_ok(const struct buf *b)
{
	return !b->overflowed;
}
/* Hands the text to the caller, who frees it; the buffer is empty afterwards. Never NULL. */
char *buf_take(struct buf *b);

#endif
