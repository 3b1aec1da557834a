/* Files compiled into the program (cmake/VestnikEmbed.cmake). */
#ifndef VESTNIK_WEB_EMBED_H
#define VESTNIK_WEB_EMBED_H

#include <stddef.h>

struct embedded_file {
	const char *name; /* without folders */
	const char *data; /* a NUL after it */
	size_t len;
};
struct embedded_set {
	const struct embedded_file *file;
	size_t count;
};

/* NULL when there is none. */
const struct embedded_file *embedded_find(const struct embedded_set *set, const char *name);

#endif
