#include "bus/arena.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

#define CHUNK_BYTES (128 * 1024)

struct arena_chunk {
	struct arena_chunk *next;
	size_t used, size;
	char data[];
};

/* Keeps one chunk of the usual size. */
void arena_reset(struct arena *arena)
{
	struct arena_chunk *kept = NULL;
	for (struct arena_chunk *chunk = arena->chunks, *next; chunk != NULL; chunk = next) {
		next = chunk->next;
		if (kept == NULL && chunk->size == CHUNK_BYTES)
			kept = chunk;
		else
			free(chunk);
	}
	if (kept != NULL) {
		kept->next = NULL;
		kept->used = 0;
	}
	arena->chunks = kept;
	arena->bytes = 0;
}

void arena_fini(struct arena *arena)
{
	arena_reset(arena);
	free(arena->chunks);
	arena->chunks = NULL;
}

char *arena_copy(struct arena *arena, const void *data, size_t len)
{
	struct arena_chunk *chunk = arena->chunks;
	if (chunk == NULL || chunk->size - chunk->used < len + 1) {
		size_t size = len + 1 > CHUNK_BYTES ? len + 1 : CHUNK_BYTES;
		chunk = xmalloc(sizeof *chunk + size);
		chunk->size = size;
		chunk->used = 0;
		chunk->next = arena->chunks;
		arena->chunks = chunk;
	}
	char *copy = chunk->data + chunk->used;
	memcpy(copy, data, len);
	copy[len] = '\0';
	chunk->used += len + 1;
	arena->bytes += len + 1;
	return copy;
}
