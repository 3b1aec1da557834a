/* Allocation that does not return NULL: out of memory ends the process (the
 * supervisor restarts it; nothing accepted is lost). Sizes that come from
 * outside must be bounded by the caller before allocating. */
#ifndef VESTNIK_BASE_XALLOC_H
#define VESTNIK_BASE_XALLOC_H

#include <stddef.h>

void *xmalloc(size_t size);
/* Zeroed; dies on overflow of count * size. */
void *xcalloc(size_t count, size_t size);
/* realloc(p, count * size); dies on overflow. */
void *xrealloc(void *p, size_t count, size_t size);
/* NULL in, NULL out. */
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t len);
void *xmemdup(const void *p, size_t len);
__attribute__((format(printf, 1, 2))) char *xasprintf(const char *fmt, ...);

#endif
