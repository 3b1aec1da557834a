#include "notifier/journal.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/ident.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "store/again.h"
#include "store/outcome.h"

enum entry_kind { ENTRY_ROW, ENTRY_KEEP, ENTRY_OUTCOME, ENTRY_DROP, ENTRY_HEALTH, ENTRY_DISABLE };

struct entry {
	struct entry *next;
	enum entry_kind kind;
	struct item *item;       /* NULL for HEALTH, DISABLE */
	const char *state;       /* OUTCOME */
	int64_t due_ms;          /* TIME_NEVER_MS = nothing planned */
	int64_t status, duration_ms;
	char *error, *response;
	char endpoint[WEBHOOK_ENDPOINT_ID_SIZE]; /* HEALTH, DISABLE */
	int64_t first_failure_ms;
	bool had_row;            /* the item's, when it was collected */
};

/* Kinds of answers that are counted: by the first digit of the status, 0 = none. */
#define RESULTS 6
/* Writers of counts have a part each; with so many a collision of two notifiers is rare, and only
 * means that one of them does its transaction again. */
#define PARTS 64

struct journal {
	struct bus *bus;
	int64_t part;
	struct entry *first, **last;
	size_t count;
	int64_t since_us;
	struct bus_token *finished;
	size_t finished_count, finished_cap;
};

struct journal *journal_new(struct bus *bus)
{
	struct journal *journal = xcalloc(1, sizeof *journal);
	uint32_t chance;
	ident_random(&chance, sizeof chance);
	journal->part = chance % PARTS;
	journal->bus = bus;
	journal->last = &journal->first;
	return journal;
}

/* ---- items and events ---------------------------------------------------------------- */

void journal_pass(struct journal *journal, const struct bus_token *token)
{
	if (journal->finished_count == journal->finished_cap) {
		journal->finished_cap = journal->finished_cap == 0 ? 256 : journal->finished_cap * 2;
		journal->finished = xrealloc(journal->finished, journal->finished_cap, sizeof *journal->finished);
	}
	journal->finished[journal->finished_count++] = *token;
}

/* The store has it, or nobody wants it any more. */
static void event_settled(struct journal *journal, struct event *event)
{
	if (--event->unstored > 0 || !event->from_bus)
		return;
	event->from_bus = false;
	journal_pass(journal, &event->token);
}

void journal_event_made(struct journal *journal, struct event **event)
{
	event_settled(journal, *event);
	event_unref(event);
}

const struct bus_token *journal_finished(struct journal *journal, size_t *count)
{
	*count = journal->finished_count;
	journal->finished_count = 0;
	return journal->finished;
}

/* ---- collecting ----------------------------------------------------------------------- */

static struct entry *add(struct journal *journal, enum entry_kind kind, struct item *item)
{
	struct entry *entry = xcalloc(1, sizeof *entry);
	entry->kind = kind;
	entry->item = item;
	entry->due_ms = TIME_NEVER_MS;
	entry->had_row = item != NULL && item->stored;
	*journal->last = entry;
	journal->last = &entry->next;
	if (journal->count++ == 0)
		journal->since_us = clock_mono_us();
	return entry;
}

static void expect_row(struct target *target, int64_t due_ms)
{
	if (due_ms < target->next_due_ms)
		target->next_due_ms = due_ms;
}

void journal_row(struct journal *journal, struct item *item, int64_t due_ms)
{
	add(journal, ENTRY_ROW, item)->due_ms = due_ms;
	expect_row(item->target, due_ms);
}

void journal_keep(struct journal *journal, struct item *item, int64_t lease_ms)
{
	add(journal, ENTRY_KEEP, item)->due_ms = clock_now_ms() + lease_ms;
	item->stored = true; /* will be, before anything else is written about it */
}

void journal_outcome(struct journal *journal, struct item *item, const char *state, int64_t due_ms,
	const struct sender_result *result)
{
	struct entry *entry = add(journal, ENTRY_OUTCOME, item);
	entry->state = state;
	entry->due_ms = due_ms;
	entry->status = result->status;
	entry->duration_ms = result->duration_ms;
	entry->error = xstrdup(result->error);
	entry->response = result->response == NULL || result->response[0] == '\0' ? NULL : xstrdup(result->response);
	expect_row(item->target, due_ms);
}

void journal_health(struct journal *journal, const struct target *target, int64_t first_failure_ms)
{
	struct entry *entry = add(journal, ENTRY_HEALTH, NULL);
	memcpy(entry->endpoint, target->id, sizeof entry->endpoint);
	entry->first_failure_ms = first_failure_ms;
}

void journal_disable(struct journal *journal, const struct target *target, const char *reason)
{
	struct entry *entry = add(journal, ENTRY_DISABLE, NULL);
	memcpy(entry->endpoint, target->id, sizeof entry->endpoint);
	entry->error = xstrdup(reason);
}

void journal_drop(struct journal *journal, struct item *item)
{
	add(journal, ENTRY_DROP, item);
}

size_t journal_count(const struct journal *journal)
{
	return journal->count;
}

int64_t journal_since_us(const struct journal *journal)
{
	return journal->count == 0 ? 0 : journal->since_us;
}

static void entry_free(struct entry *entry)
{
	free(entry->error);
	free(entry->response);
	free(entry);
}

/* ---- storing ---------------------------------------------------------------------------- */

static void bind_due(struct db_stmt *stmt, int position, int64_t due_ms)
{
	if (due_ms == TIME_NEVER_MS)
		db_bind_null(stmt, position);
	else
		db_bind_int(stmt, position, due_ms);
}

static int run_message(struct db *db, const char *sql, const struct item *item, const char *state,
	int64_t due_ms, struct error *e)
{
	struct db_stmt *stmt;
	const struct event *event = item->event;
	if (db_prepare(db, sql, &stmt, e) != 0)
		return -1;
	db_bind_text(stmt, 1, event->id);
	db_bind_text(stmt, 2, item->target->id);
	db_bind_text(stmt, 3, event->type);
	db_bind_int(stmt, 4, event->time_ms);
	db_bind_text(stmt, 5, event->body);
	db_bind_text(stmt, 6, state);
	db_bind_int(stmt, 7, item->attempts);
	db_bind_int(stmt, 8, item->retries);
	bind_due(stmt, 9, due_ms);
	return db_run(stmt, e);
}

#define INSERT_MESSAGE                                                                             \
	"INSERT INTO webhook_message (id, endpoint, type, time_ms, body, state, attempts, retries,"   \
	" due_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (endpoint, id) "

static int store_row(struct db *db, const struct entry *entry, struct error *e)
{
	const struct item *item = entry->item;
	if (entry->had_row) /* claimed and not tried: as if it had not been claimed */
		return db_exec(db, e,
			"UPDATE webhook_message SET due_ms = $3, attempts = $4, retries = $5"
			" WHERE endpoint = $1 AND id = $2",
			"ssiii", item->target->id, item->event->id, entry->due_ms, item->attempts, item->retries);
	return run_message(db, INSERT_MESSAGE "DO NOTHING", item, "pending", entry->due_ms, e);
}

static int store_outcome(struct db *db, const struct entry *entry, struct error *e)
{
	const struct item *item = entry->item;
	struct db_stmt *stmt;
	if (entry->had_row) {
		if (db_prepare(db,
			    "UPDATE webhook_message SET state = $3, due_ms = $4 WHERE endpoint = $1 AND id = $2",
			    &stmt, e) != 0)
			return -1;
		db_bind_text(stmt, 1, item->target->id);
		db_bind_text(stmt, 2, item->event->id);
		db_bind_text(stmt, 3, entry->state);
		bind_due(stmt, 4, entry->due_ms);
		if (db_run(stmt, e) != 0)
			return -1;
	} else if (run_message(db, INSERT_MESSAGE "DO NOTHING", item, entry->state, entry->due_ms, e) != 0) {
		return -1;
	}
	if (db_prepare(db,
		    "INSERT INTO webhook_attempt (endpoint, message, attempt, time_ms, duration_ms, status,"
		    " error, response) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
		    " ON CONFLICT (endpoint, message, attempt) DO NOTHING",
		    &stmt, e) != 0)
		return -1;
	db_bind_text(stmt, 1, item->target->id);
	db_bind_text(stmt, 2, item->event->id);
	db_bind_int(stmt, 3, item->attempts);
	db_bind_int(stmt, 4, item->sent_ms);
	db_bind_int(stmt, 5, entry->duration_ms);
	if (entry->status != 0)
		db_bind_int(stmt, 6, entry->status);
	else
		db_bind_null(stmt, 6);
	db_bind_text(stmt, 7, entry->error);
	db_bind_text(stmt, 8, entry->response);
	return db_run(stmt, e);
}

static int store_health(struct db *db, const struct entry *entry, struct error *e)
{
	if (entry->first_failure_ms == 0)
		return db_exec(db, e, "UPDATE endpoint SET first_failure_ms = NULL WHERE id = $1", "s",
			entry->endpoint);
	return db_exec(db, e, "UPDATE endpoint SET first_failure_ms = $2 WHERE id = $1", "si",
		entry->endpoint, entry->first_failure_ms);
}

static int store_disabled(struct journal *journal, struct db *db, const struct entry *entry,
	struct error *e)
{
	if (db_exec(db, e,
		    "UPDATE endpoint SET state = 'disabled', disabled_reason = $2"
		    " WHERE id = $1 AND state = 'active'",
		    "ss", entry->endpoint, entry->error) != 0)
		return -1;
	if (db_changes(db) == 0)
		return 0;
	char id[IDENT_SIZE];
	json_t *data = json_pack("{s:s,s:s}", "endpoint", entry->endpoint, "reason", entry->error);
	char *text = json_dumps(data, JSON_COMPACT);
	struct bus_message message = {.topic = BUS_STATUS,
		.key = entry->endpoint,
		.id = ident_new(id),
		.source = "vestnik/notifier",
		.type = WEBHOOK_TYPE_DISABLED,
		.time_ms = clock_now_ms(),
		.data = text,
		.len = strlen(text)};
	int rc = bus_publish_tx(journal->bus, db, &message, e);
	free(text);
	json_decref(data);
	return rc;
}

static int store_entry(struct journal *journal, struct db *db, const struct entry *entry, struct error *e)
{
	switch (entry->kind) {
	case ENTRY_ROW:
		return store_row(db, entry, e);
	case ENTRY_KEEP:
		return run_message(db, INSERT_MESSAGE "DO NOTHING", entry->item, "pending", entry->due_ms, e);
	case ENTRY_OUTCOME:
		return store_outcome(db, entry, e);
	case ENTRY_HEALTH:
		return store_health(db, entry, e);
	case ENTRY_DISABLE:
		return store_disabled(journal, db, entry, e);
	case ENTRY_DROP:
		break;
	}
	return 0;
}

/* After the commit. */
static void entry_done(struct journal *journal, struct entry *entry)
{
	struct item *item = entry->item;
	if (item == NULL)
		return;
	if (!entry->had_row)
		event_settled(journal, item->event);
	if (entry->kind == ENTRY_KEEP)
		return;
	if (entry->kind == ENTRY_ROW || entry->kind == ENTRY_OUTCOME)
		expect_row(item->target, entry->due_ms);
	item_free(item);
}

static int count_attempts(struct journal *journal, struct db *db, struct error *e)
{
	static const char *const names[RESULTS] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
	int64_t n[RESULTS] = {0};
	for (const struct entry *entry = journal->first; entry != NULL; entry = entry->next)
		if (entry->kind == ENTRY_OUTCOME)
			n[entry->status >= 100 && entry->status <= 599 ? entry->status / 100 : 0]++;
	for (int i = 0; i < RESULTS; i++)
		if (n[i] > 0 && webhook_total_add(db, names[i], journal->part, n[i], e) != 0)
			return -1;
	return 0;
}

static int store_all(struct journal *journal, struct db *db, struct error *e)
{
	if (db_begin(db, DB_WRITE, e) != 0)
		return -1;
	for (const struct entry *entry = journal->first; entry != NULL; entry = entry->next)
		if (store_entry(journal, db, entry, e) != 0) {
			db_rollback(db);
			return -1;
		}
	if (count_attempts(journal, db, e) != 0) {
		db_rollback(db);
		return -1;
	}
	/* Relaxed: offsets follow in the same file, so that a power cut takes both or none. */
	return db_commit(db, DB_RELAXED, e);
}

int journal_store(struct journal *journal, struct db *db, struct error *e)
{
	struct again again = {0};
	int rc;
	if (journal->count == 0)
		return 0;
	do /* other notifiers, and people, write to the same endpoints */
		rc = store_all(journal, db, e);
	while (rc != 0 && again_after_conflict(&again, e));
	if (rc != 0)
		return -1;
	struct entry *entry = journal->first, *next;
	for (; entry != NULL; entry = next) {
		next = entry->next;
		entry_done(journal, entry);
		entry_free(entry);
	}
	journal->first = NULL;
	journal->last = &journal->first;
	journal->count = 0;
	return 0;
}

void journal_free(struct journal **journal)
{
	struct entry *entry = (*journal)->first, *next;
	for (; entry != NULL; entry = next) {
		next = entry->next;
		if (entry->item != NULL && entry->kind != ENTRY_KEEP)
			item_free(entry->item);
		entry_free(entry);
	}
	free((*journal)->finished);
	free(*journal);
	*journal = NULL;
}
