#include "report/spool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/xalloc.h"

struct spool {
	FILE *file;
	char *map;
	size_t size;
};

/* The row's numbers; its strings follow in the order of row_strings, then each column's value:
 * number, previous number, and their two texts. */
struct spooled {
	int64_t ask, parent_ask, organisation, at_ms, versions;
	int32_t level, state, previous_state, trouble;
	bool previous_asked, late, discrepancy;
};

#define STRINGS 9
static void row_strings(struct report_row *row, const char **string[static STRINGS])
{
	const char **all[STRINGS] = {&row->key, &row->name, &row->region, &row->municipality,
		&row->trouble_text, &row->way, &row->by_name, &row->by_phone, &row->note};
	memcpy(string, all, sizeof all);
}

int spool_open(struct spool **out, struct error *e)
{
	struct spool *spool = xcalloc(1, sizeof *spool);
	spool->file = tmpfile();
	if (spool->file == NULL) {
		free(spool);
		return error_errno(e, "temporary file");
	}
	*out = spool;
	return 0;
}

void spool_free(struct spool **handle)
{
	struct spool *spool = *handle;
	*handle = NULL;
	if (spool == NULL)
		return;
	if (spool->map != NULL)
		(void)munmap(spool->map, spool->size);
	if (spool->file != NULL)
		(void)fclose(spool->file);
	free(spool);
}

static void put(struct spool *spool, const void *data, size_t len)
{
	(void)fwrite(data, 1, len, spool->file); /* ferror is looked at once a row */
	spool->size += len;
}

static void put_text(struct spool *spool, const char *text)
{
	put(spool, text, strlen(text) + 1);
}

int spool_add(struct spool *spool, const struct report_row *row, size_t columns, size_t *at,
	struct error *e)
{
	struct report_row own = *row;
	const char **string[STRINGS];
	struct spooled head;
	memset(&head, 0, sizeof head);
	head = (struct spooled){.ask = row->ask, .parent_ask = row->parent_ask,
		.organisation = row->organisation, .at_ms = row->at_ms, .versions = row->versions,
		.level = row->level, .state = (int32_t)row->state,
		.previous_state = (int32_t)row->previous_state, .trouble = (int32_t)row->trouble,
		.previous_asked = row->previous_asked, .late = row->late, .discrepancy = row->discrepancy};
	*at = spool->size;
	put(spool, &head, sizeof head);
	row_strings(&own, string);
	for (size_t i = 0; i < STRINGS; i++)
		put_text(spool, *string[i]);
	for (size_t i = 0; i < columns; i++) {
		put(spool, &row->value[i].number, sizeof row->value[i].number);
		put(spool, &row->previous[i].number, sizeof row->previous[i].number);
		put_text(spool, row->value[i].text);
		put_text(spool, row->previous[i].text);
	}
	return ferror(spool->file) ? error_errno(e, "temporary file") : 0;
}

int spool_seal(struct spool *spool, struct error *e)
{
	if (fflush(spool->file) != 0)
		return error_errno(e, "temporary file");
	if (spool->size == 0)
		return 0;
	spool->map = mmap(NULL, spool->size, PROT_READ, MAP_PRIVATE, fileno(spool->file), 0);
	if (spool->map == MAP_FAILED) {
		spool->map = NULL;
		return error_errno(e, "temporary file");
	}
	return 0;
}

static const char *take_text(const char **at)
{
	const char *text = *at;
	*at += strlen(text) + 1;
	return text;
}

const char *spool_name(const struct spool *spool, size_t at)
{
	const char *key = spool->map + at + sizeof(struct spooled);
	return key + strlen(key) + 1;
}

void spool_get(const struct spool *spool, size_t offset, size_t columns, struct report_row *row)
{
	struct spooled head;
	const char *at = spool->map + offset;
	const char **string[STRINGS];
	memcpy(&head, at, sizeof head);
	at += sizeof head;
	row->ask = head.ask;
	row->parent_ask = head.parent_ask;
	row->organisation = head.organisation;
	row->at_ms = head.at_ms;
	row->versions = head.versions;
	row->level = head.level;
	row->state = (enum ask_state)head.state;
	row->previous_state = (enum ask_state)head.previous_state;
	row->trouble = (enum report_trouble)head.trouble;
	row->previous_asked = head.previous_asked;
	row->late = head.late;
	row->discrepancy = head.discrepancy;
	row_strings(row, string);
	for (size_t i = 0; i < STRINGS; i++)
		*string[i] = take_text(&at);
	for (size_t i = 0; i < columns; i++) {
		memcpy(&row->value[i].number, at, sizeof(double));
		memcpy(&row->previous[i].number, at + sizeof(double), sizeof(double));
		at += 2 * sizeof(double);
		row->value[i].text = take_text(&at);
		row->previous[i].text = take_text(&at);
	}
}
