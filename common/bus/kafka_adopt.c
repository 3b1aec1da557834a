/* Whose rows a process sends: its own while it holds its lease, and those of processes whose
 * lease has run out, one after another. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "bus/kafka_outbox.h"

#define LEASE_MS 5000
#define LEASE_RENEW_MS 1500
#define LOOK_FOR_DEAD_MS 1000
/* The lease of one that died without leaving anything. */
#define LEASE_KEPT_MS 60000
/* Without a lease yet: its process may be about to take it. */
#define GRACE_MS 3000

void outbox_new_owner(struct kafka_outbox *outbox)
{
	char id[IDENT_SIZE];
	pthread_mutex_lock(&outbox->lock);
	snprintf(outbox->owner, sizeof outbox->owner, "%.60s-%s", outbox->bus->client_id, ident_new(id));
	snprintf(outbox->lease_holder, sizeof outbox->lease_holder, "%s", outbox->owner);
	pthread_mutex_unlock(&outbox->lock);
	snprintf(outbox->lease_name, sizeof outbox->lease_name, "outbox.%s", outbox->lease_holder);
	outbox->lease = (struct lease){
		.name = outbox->lease_name, .holder = outbox->lease_holder, .duration_ms = LEASE_MS};
}

static int confirm(struct db *db, const struct lease *lease, bool *held, struct error *e)
{
	if (db_begin(db, DB_WRITE, e) < 0)
		return -1;
	int rc = lease_confirm(db, lease, e);
	if (rc == 0)
		rc = db_commit(db, DB_RELAXED, e);
	db_rollback(db);
	*held = rc == 0;
	return rc < 0 && e->code != ERROR_LOST ? -1 : 0;
}

static int keep_own(struct kafka_outbox *outbox, struct error *e)
{
	struct db *db = outbox->pump.db;
	int64_t now_ms = kafka_mono_ms();
	bool held = true;
	if (outbox->lease.token != 0 && now_ms - outbox->renewed_ms < LEASE_RENEW_MS)
		return 0;
	int rc = outbox->lease.token == 0 ? lease_take(db, &outbox->lease, false, &held, e)
					  : confirm(db, &outbox->lease, &held, e);
	if (rc < 0)
		return -1;
	if (!held) {
		log_warn("outbox-adopted-by-another", "owner=%s", outbox->lease_holder);
		outbox_new_owner(outbox); /* the lease is taken with the next round */
		return 0;
	}
	outbox->renewed_ms = now_ms;
	return 0;
}

static int keep_adopted(struct kafka_outbox *outbox, struct error *e)
{
	int64_t now_ms = kafka_mono_ms();
	bool held;
	if (outbox->adopted == NULL || outbox->adopted->token == 0 || now_ms - outbox->adopted_ms < LEASE_RENEW_MS)
		return 0;
	if (confirm(outbox->pump.db, outbox->adopted, &held, e) < 0)
		return -1;
	if (!held)
		outbox->adopted->token = 0;
	outbox->adopted_ms = now_ms;
	return 0;
}

int outbox_keep_leases(struct kafka_outbox *outbox, struct error *e)
{
	return keep_own(outbox, e) < 0 || keep_adopted(outbox, e) < 0 ? -1 : 0;
}

/* The next owner after `after` whose lease is gone and whose first row is not quite new. */
static int next_dead(struct kafka_outbox *outbox, char owner[OUTBOX_OWNER_SIZE], struct error *e)
{
	struct db *db = outbox->pump.db;
	struct db_stmt *stmt;
	int64_t now_ms, alive;
	if (db_now_ms(db, &now_ms, e) < 0)
		return -1;
	for (;;) {
		if (db_query(db, &stmt, e,
			    "SELECT owner, logged_ms FROM outbox WHERE owner > $1 ORDER BY owner, id LIMIT 1",
			    "s", owner) < 0)
			return -1;
		enum db_step step = db_step(stmt, e);
		if (step != DB_ROW)
			return step == DB_DONE ? 0 : -1;
		snprintf(owner, OUTBOX_OWNER_SIZE, "%s", db_text(stmt, 0));
		bool young = clock_now_ms() - db_int(stmt, 1) < GRACE_MS;
		db_reset(stmt);
		if (strcmp(owner, outbox->lease_holder) == 0)
			continue;
		char name[OUTBOX_LEASE_SIZE];
		snprintf(name, sizeof name, "outbox.%s", owner);
		step = db_query_int(db, &alive, e, "SELECT expires_ms > $2 FROM lease WHERE name = $1", "si",
			name, now_ms);
		if (step == DB_FAILED)
			return -1;
		if (step == DB_ROW ? alive == 0 : !young)
			return 1;
	}
}

void outbox_forget_lease(struct db *db, struct lease *lease)
{
	struct error ignored;
	if (lease->token != 0)
		(void)db_exec(db, &ignored, "DELETE FROM lease WHERE name = $1 AND token = $2", "si",
			lease->name, lease->token);
	lease->token = 0;
}

/* Everything the dead one left that can be sent; between its batches our own go. */
static int send_what_is_left(struct kafka_outbox *outbox, const char *owner, int64_t *total, struct error *e)
{
	int sent;
	while ((sent = pump_batch(&outbox->pump, owner, e)) > 0) {
		*total += sent;
		if (outbox_is_closing(outbox))
			return 0;
		if (outbox_keep_leases(outbox, e) < 0 ||
			pump_batch(&outbox->pump, outbox->lease_holder, e) < 0)
			return -1;
		if (outbox->adopted->token == 0)
			return 0;
	}
	return sent;
}

static int adopt(struct kafka_outbox *outbox, const char *owner, struct error *e)
{
	char name[OUTBOX_LEASE_SIZE];
	snprintf(name, sizeof name, "outbox.%s", owner);
	struct lease lease = {.name = name, .holder = outbox->lease_holder, .duration_ms = LEASE_MS};
	bool held;
	if (lease_take(outbox->pump.db, &lease, false, &held, e) < 0)
		return -1;
	if (!held)
		return 0;
	outbox->adopted = &lease;
	outbox->adopted_ms = kafka_mono_ms();
	int64_t total = 0;
	int rc = send_what_is_left(outbox, owner, &total, e);
	outbox->adopted = NULL;
	if (total > 0) /* else they are for topics that take nothing just now */
		log_info("outbox-adopted", "owner=%s messages=%lld", log_quote(owner), (long long)total);
	outbox_forget_lease(outbox->pump.db, &lease);
	return rc;
}

static int sweep_leases(struct db *db, struct error *e)
{
	int64_t now_ms;
	if (db_now_ms(db, &now_ms, e) < 0)
		return -1;
	return db_exec(db, e, "DELETE FROM lease WHERE name LIKE 'outbox.%' AND expires_ms < $1", "i",
		now_ms - LEASE_KEPT_MS);
}

int outbox_look_for_dead(struct kafka_outbox *outbox, struct error *e)
{
	int64_t now_ms = kafka_mono_ms();
	char owner[OUTBOX_OWNER_SIZE] = "";
	int found;
	if (now_ms - outbox->looked_ms < LOOK_FOR_DEAD_MS)
		return 0;
	outbox->looked_ms = now_ms;
	if (now_ms - outbox->swept_ms > LEASE_KEPT_MS) {
		outbox->swept_ms = now_ms;
		if (sweep_leases(outbox->pump.db, e) < 0)
			return -1;
	}
	while ((found = next_dead(outbox, owner, e)) > 0)
		if (adopt(outbox, owner, e) < 0)
			return -1;
	return found;
}
