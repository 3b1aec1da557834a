/* What messages point to between two polls. Not thread-safe. */
#ifndef VESTNIK_BUS_ARENA_H
#define VESTNIK_BUS_ARENA_H

#include <stddef.h>

struct arena {
	struct arena_chunk *chunks;
	size_t bytes;
};
/* A poll does not fill more memory than this (and one message). */
#define ARENA_POLL_MAX_BYTES (4 * 1024 * 1024)

void arena_reset(struct arena *arena);
void arena_fini(struct arena *arena);
/* NUL-terminated copy. */
char *arena_copy(struct arena *arena, const void *data, size_t len);

#endif
