#include "directory/staging.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/ident.h"
#include "base/xalloc.h"

/* One record: a row's cells (bounded by the table) and its trouble. */
#define RECORD_MAX_BYTES (16 * 1024 * 1024)
#define ROWS_MAX (20 * 1000 * 1000) /* 20 times a spreadsheet; 640 MB of index */

struct staged {
	uint64_t offset;
	int line;
	unsigned char state;
};

struct slot {
	uint64_t hash;
	size_t row; /* + 1; 0 = empty */
};

struct staging {
	FILE *file;
	uint64_t bytes, flushed;
	const char *map;
	uint64_t mapped;
	struct buf record;
	struct staged *row;
	size_t count, room;
	struct slot *slot; /* open addressing, at most half full */
	size_t slots, keys;
	uint64_t seed; /* so that nobody can make keys that collide */
};

int staging_new(struct staging **out, struct error *e)
{
	const char *folder = getenv("TMPDIR");
	struct staging *staging = xcalloc(1, sizeof *staging);
	int fd = open(folder != NULL ? folder : "/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	staging->file = fd >= 0 ? fdopen(fd, "w+") : tmpfile();
	if (staging->file == NULL) {
		(void)error_errno(e, "TMPDIR");
		if (fd >= 0)
			(void)close(fd);
		free(staging);
		return -1;
	}
	buf_init(&staging->record, RECORD_MAX_BYTES);
	ident_random(&staging->seed, sizeof staging->seed);
	staging->slots = 1024;
	staging->slot = xcalloc(staging->slots, sizeof *staging->slot);
	*out = staging;
	return 0;
}

void staging_free(struct staging **staging)
{
	if (*staging == NULL)
		return;
	if ((*staging)->map != NULL)
		(void)munmap((void *)(uintptr_t)(*staging)->map, (*staging)->mapped);
	(void)fclose((*staging)->file);
	buf_fini(&(*staging)->record);
	free((*staging)->row);
	free((*staging)->slot);
	free(*staging);
	*staging = NULL;
}

/* FNV-1a with a secret start and a mixer (MurmurHash3's) at the end. */
static uint64_t hash_of(const struct staging *staging, const char *key)
{
	uint64_t h = staging->seed ^ 0xcbf29ce484222325u;
	for (; *key != '\0'; key++)
		h = (h ^ (unsigned char)*key) * 0x100000001b3u;
	h = (h ^ h >> 33) * 0xff51afd7ed558ccdu;
	return h ^ h >> 33;
}

static void put_slot(struct staging *staging, uint64_t hash, size_t row)
{
	size_t at = hash & (staging->slots - 1);
	while (staging->slot[at].row != 0)
		at = (at + 1) & (staging->slots - 1);
	staging->slot[at] = (struct slot){.hash = hash, .row = row + 1};
	staging->keys++;
}

static void grow_slots(struct staging *staging)
{
	struct slot *old = staging->slot;
	size_t count = staging->slots;
	staging->slots = count * 2;
	staging->slot = xcalloc(staging->slots, sizeof *staging->slot);
	staging->keys = 0;
	for (size_t i = 0; i < count; i++)
		if (old[i].row != 0)
			put_slot(staging, old[i].hash, old[i].row - 1);
	free(old);
}

int staging_add(struct staging *staging, const struct record *record, bool indexed, struct error *e)
{
	if (staging->count == ROWS_MAX)
		return error_set(e, ERROR_FULL, "more than %d rows", ROWS_MAX);
	buf_reset(&staging->record);
	record_write(record, &staging->record);
	if (!buf_ok(&staging->record))
		return error_set(e, ERROR_INPUT, "line %d is too long", record->line);
	if (fwrite(staging->record.data, 1, staging->record.len, staging->file) != staging->record.len)
		return error_errno(e, "TMPDIR");
	if (staging->count == staging->room) {
		staging->room = staging->room == 0 ? 1024 : staging->room * 2;
		staging->row = xrealloc(staging->row, staging->room, sizeof *staging->row);
	}
	staging->row[staging->count] = (struct staged){.offset = staging->bytes,
		.line = record->line,
		.state = record->bad ? STAGED_BAD : STAGED_GOOD};
	staging->bytes += staging->record.len;
	if (indexed) {
		if ((staging->keys + 1) * 2 > staging->slots)
			grow_slots(staging);
		put_slot(staging, hash_of(staging, record->key), staging->count);
	}
	staging->count++;
	return 0;
}

/* Maps what was written so far. While rows still come this happens only when
 * two keys have the same hash, which is when they are the same. */
static int map_rows(struct staging *staging, struct error *e)
{
	if (staging->mapped == staging->bytes)
		return 0;
	if (staging->map != NULL)
		(void)munmap((void *)(uintptr_t)staging->map, staging->mapped);
	staging->map = NULL;
	staging->mapped = 0;
	if (fflush(staging->file) != 0)
		return error_errno(e, "TMPDIR");
	void *map = mmap(NULL, staging->bytes, PROT_READ, MAP_SHARED, fileno(staging->file), 0);
	if (map == MAP_FAILED)
		return error_errno(e, "TMPDIR");
	staging->map = map;
	staging->mapped = staging->bytes;
	return 0;
}

int staging_seal(struct staging *staging, struct error *e)
{
	return map_rows(staging, e);
}

void staging_get(struct staging *staging, size_t row, struct record *record)
{
	record_read(staging->map + staging->row[row].offset, record);
}

size_t staging_find(struct staging *staging, const char *key)
{
	uint64_t hash = hash_of(staging, key);
	for (size_t at = hash & (staging->slots - 1); staging->slot[at].row != 0;
		at = (at + 1) & (staging->slots - 1)) {
		struct record record;
		if (staging->slot[at].hash != hash)
			continue;
		if (map_rows(staging, NULL) != 0)
			return STAGING_NONE; /* staging_seal will say why */
		staging_get(staging, staging->slot[at].row - 1, &record);
		if (strcmp(record.key, key) == 0)
			return staging->slot[at].row - 1;
	}
	return STAGING_NONE;
}

int staging_line(const struct staging *staging, size_t row)
{
	return staging->row[row].line;
}

size_t staging_count(const struct staging *staging)
{
	return staging->count;
}

enum staged_state staging_state(const struct staging *staging, size_t row)
{
	return (enum staged_state)staging->row[row].state;
}

void staging_set_state(struct staging *staging, size_t row, enum staged_state state)
{
	staging->row[row].state = (unsigned char)state;
}
