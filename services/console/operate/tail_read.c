/* Reading: events of the status topic, in one order, become numbered lines that are kept for a while. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "console/operate/tail_inside.h"

#define BEHIND_MOST 20000     /* messages: whoever is further behind begins anew at the end */

/* ---- lines --------------------------------------------------------------------------------- */

static void forget_line(struct kept_line *kept)
{
	free(kept->line);
	free(kept->html[0]);
	free(kept->html[1]);
	*kept = (struct kept_line){0};
}

/* At least once: an event may stand in the topic twice. Two lines in one slot cost no more than that such a
 * repetition shows. */
static bool seen_before(struct tail *tail, const struct delivery_line *line)
{
	uint64_t hash = ((uint64_t)line->key * 31 + (uint64_t)line->dispatch) * 31 + (uint64_t)line->state;
	int64_t *slot = &tail->seen[(hash * UINT64_C(0x9e3779b97f4a7c15)) >> 50];
	int64_t number = *slot - 1;
	*slot = tail->end + 1;
	if (number < tail->first || number >= tail->end)
		return false;
	const struct delivery_line *other = kept_at(tail, number)->line;
	if (other->key != line->key || other->dispatch != line->dispatch || other->state != line->state)
		return false;
	*slot = number + 1;
	return true;
}
_Static_assert(SEEN_SLOTS == 1 << (64 - 50), "the upper bits of the hash");

/* Who has not come to it yet is told how many he missed. */
static void drop_oldest(struct tail *tail)
{
	struct kept_line *oldest = kept_at(tail, tail->first);
	for (struct viewer *viewer = tail->viewers; viewer != NULL; viewer = viewer->next) {
		if (viewer->at > tail->first)
			continue;
		viewer->at = tail->first + 1;
		if (delivery_log_wants(&viewer->filter, oldest->line))
			viewer->left_out++;
	}
	forget_line(oldest);
	tail->first++;
}

static void add_line(struct tail *tail, const struct delivery_line *line)
{
	if (seen_before(tail, line))
		return;
	if (tail->end - tail->first == TAIL_LINES)
		drop_oldest(tail);
	kept_at(tail, tail->end++)->line = delivery_line_keep(line);
}

void tail_forget_lines(struct tail *tail)
{
	for (; tail->first < tail->end; tail->first++)
		forget_line(kept_at(tail, tail->first));
	memset(tail->seen, 0, sizeof tail->seen);
}

/* What was read before leads nowhere: every viewer reads his page again. */
static void begin_anew(struct tail *tail)
{
	tail_forget_lines(tail);
	tail->first = tail->end = tail->in_store = 1;
	ident_new(tail->epoch);
	for (struct viewer *viewer = tail->viewers; viewer != NULL; viewer = viewer->next) {
		viewer->at = tail->end;
		viewer->gap = true;
	}
}

/* ---- the topic ------------------------------------------------------------------------------- */

/* From what the ledger has not applied yet: the rest is in the store. Without the lock. */
static int find_place(struct tail *tail, int64_t next[static BUS_PARTITIONS_MAX], int *partitions, struct error *e)
{
	struct bus *bus = tail->console->bus;
	int64_t lag;
	*partitions = bus_ends(bus, BUS_STATUS, next, e);
	if (*partitions < 0 || bus_lag(bus, BUS_STATUS, "ledger", &lag, e) != 0)
		return -1;
	int64_t back = lag < TAIL_LINES ? lag : TAIL_LINES;
	for (int p = 0; p < *partitions; p++)
		next[p] = next[p] > back ? next[p] - back : 0;
	return 0;
}

int tail_place_anew(struct tail *tail, bool by_thread, struct error *e)
{
	int64_t next[BUS_PARTITIONS_MAX];
	int partitions;
	pthread_mutex_unlock(&tail->lock);
	int rc = find_place(tail, next, &partitions, e);
	pthread_mutex_lock(&tail->lock);
	if (rc != 0 || (!by_thread && tail->viewers != NULL))
		return rc;
	memcpy(tail->next, next, sizeof next);
	tail->partitions = partitions;
	tail->placed = true;
	tail->placed_ms = tail->mark_ms = clock_mono_ms();
	begin_anew(tail);
	return 0;
}

static int take_status(void *arg, const struct bus_message *message)
{
	struct piece *piece = arg;
	struct delivery_status *s = &piece->status[piece->count];
	if (piece->dense && message->offset != piece->expected)
		piece->torn = true;
	piece->expected = message->offset + 1;
	if (message->type == NULL ||
		status_read(message->type, message->time_ms, message->data, message->len, s, NULL) != 0)
		return 0;
	/* The ledger writes no line of these either: they say nothing about the letter. */
	if (s->state == DELIVERY_RETURNED && !s->lost)
		return 0;
	piece->line[piece->count++] = (struct delivery_line){.key = s->key,
		.dispatch = s->dispatch,
		.state = (int64_t)s->state,
		.time_ms = s->time_ms,
		.code = s->code,
		.campaign = s->campaign,
		.enhanced = s->enhanced,
		.reason = s->reason,
		.relay = s->relay,
		.worker = s->worker};
	return 0;
}

struct owners { /* in order of key */
	struct delivery_line **item;
	size_t count;
};

static void add_owner(void *arg, const struct delivery_line *whose)
{
	struct owners *owners = arg;
	owners->item[owners->count++] = delivery_line_keep(whose);
}

static int compare_owner(const void *key, const void *item)
{
	int64_t a = *(const int64_t *)key, b = (*(struct delivery_line *const *)item)->key;
	return a < b ? -1 : a > b;
}

static void complete_and_add(struct piece *piece, const struct owners *owners)
{
	for (size_t i = 0; i < piece->count; i++) {
		struct delivery_line *line = &piece->line[i];
		struct delivery_line *const *owner = owners->count == 0
			? NULL
			: bsearch(&line->key, owners->item, owners->count, sizeof *owners->item, compare_owner);
		if (owner == NULL)
			continue; /* of no letter that we know; the ledger puts it aside */
		line->campaign = (*owner)->campaign;
		line->address = (*owner)->address;
		line->slug = (*owner)->slug;
		line->title = (*owner)->title;
		line->organisation = (*owner)->organisation;
		add_line(piece->tail, line);
	}
}

/* How much was read, or -1; without the lock, which is taken to add. */
static int read_partition(struct tail *tail, struct db *db, struct piece *piece, int p, struct error *e)
{
	struct owners owners = {0};
	piece->count = 0;
	piece->torn = false;
	piece->expected = tail->next[p];
	int n = bus_browse_on(tail->console->bus, &piece->browser, BUS_STATUS, p, tail->next[p], PIECE_MESSAGES, take_status,
		piece, e);
	if (n < 0)
		return -1;
	owners.item = xcalloc(piece->count + 1, sizeof *owners.item);
	int rc = piece->count == 0 ? 0 : delivery_log_whose(db, piece->line, piece->count, add_owner, &owners, e);
	if (rc == 0) {
		pthread_mutex_lock(&tail->lock);
		if (piece->torn)
			begin_anew(tail);
		complete_and_add(piece, &owners);
		tail->next[p] = piece->expected;
		pthread_mutex_unlock(&tail->lock);
	}
	while (owners.count > 0)
		free(owners.item[--owners.count]);
	free(owners.item);
	return rc == 0 ? n : -1;
}

bool tail_read_on(struct tail *tail, struct db *db, struct piece *piece, struct error *e)
{
	int64_t end[BUS_PARTITIONS_MAX], behind = 0;
	bool more = false;
	int partitions = bus_ends(tail->console->bus, BUS_STATUS, end, e);
	if (partitions < 0)
		return false;
	for (int p = tail->partitions; p < partitions; p++)
		tail->next[p] = 0; /* a new one: all of it is */
	tail->partitions = partitions > tail->partitions ? partitions : tail->partitions;
	for (int p = 0; p < partitions; p++)
		behind += end[p] > tail->next[p] ? end[p] - tail->next[p] : 0;
	if (behind > BEHIND_MOST) {
		pthread_mutex_lock(&tail->lock);
		(void)tail_place_anew(tail, true, e);
		pthread_mutex_unlock(&tail->lock);
		return e->code == ERROR_NONE;
	}
	for (int p = 0; p < partitions; p++) {
		if (end[p] <= tail->next[p])
			continue;
		int n = read_partition(tail, db, piece, p, e);
		if (n < 0)
			return false;
		more = more || n == PIECE_MESSAGES;
	}
	return more;
}
