#include "store/lease.h"

#include <stddef.h>
#include <string.h>

/* Without a lock: who waits for its turn would stand in the leader's way at every commit. */
static int look(struct db *db, const struct lease *lease, int64_t now_ms, bool *free, struct error *e)
{
	struct db_stmt *stmt;
	if (db_query(db, &stmt, e, "SELECT holder, expires_ms FROM lease WHERE name = $1", "s", lease->name) != 0)
		return -1;
	enum db_step step = db_step(stmt, e);
	if (step == DB_FAILED)
		return -1;
	*free = step == DB_DONE || strcmp(db_text(stmt, 0), lease->holder) == 0 || db_int(stmt, 1) <= now_ms;
	db_reset(stmt);
	return 0;
}

static int take(struct db *db, struct lease *lease, bool at_once, bool *held, struct error *e)
{
	int64_t now_ms, token = 0;
	bool free = true;
	if (db_now_ms(db, &now_ms, e) != 0 || (!at_once && look(db, lease, now_ms, &free, e) != 0))
		return -1;
	if (!free)
		return 0;
	if (db_begin(db, DB_WRITE, e) != 0)
		return -1;
	/* One statement, so that on PostgreSQL the row's lock decides between two takers. */
	enum db_step step = db_query_int(db, &token, e,
		"INSERT INTO lease (name, holder, token, expires_ms) VALUES ($1, $2, 1, $3)"
		" ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, token = lease.token + 1,"
		" expires_ms = excluded.expires_ms"
		" WHERE lease.expires_ms <= $4 OR lease.holder = $2 OR CAST($5 AS BIGINT) = 1 RETURNING token",
		"ssiii", lease->name, lease->holder, now_ms + lease->duration_ms, now_ms,
		(int64_t)(at_once ? 1 : 0));
	int rc = step == DB_FAILED ? -1 : db_commit(db, DB_RELAXED, e);
	db_rollback(db);
	*held = rc == 0 && step == DB_ROW;
	lease->token = *held ? token : 0;
	return rc;
}

int lease_take(struct db *db, struct lease *lease, bool at_once, bool *held, struct error *e)
{
	*held = false;
	lease->token = 0;
	int rc = take(db, lease, at_once, held, e);
	/* Another one was quicker: no trouble. */
	return rc != 0 && e->code == ERROR_CONFLICT && e->retriable ? 0 : rc;
}

int lease_confirm(struct db *db, const struct lease *lease, struct error *e)
{
	int64_t now_ms, token = 0;
	if (db_now_ms(db, &now_ms, e) != 0)
		return -1;
	enum db_step step = db_query_int(db, &token, e,
		"UPDATE lease SET expires_ms = $3 WHERE name = $1 AND token = $2 RETURNING token", "sii",
		lease->name, lease->token, now_ms + lease->duration_ms);
	if (step == DB_FAILED)
		return -1;
	if (lease->token == 0 || step != DB_ROW)
		return error_set(e, ERROR_LOST, "another %s leads now (our token was %lld)", lease->name,
			(long long)lease->token);
	return 0;
}

void lease_release(struct db *db, struct lease *lease)
{
	struct error ignored;
	if (lease->token != 0)
		(void)db_exec(db, &ignored,
			"UPDATE lease SET expires_ms = 0 WHERE name = $1 AND token = $2", "si",
			lease->name, lease->token);
	lease->token = 0;
}
