#include "store/lease.h"

#include <stddef.h>

int lease_take(struct db *db, struct lease *lease, bool at_once, bool *held, struct error *e)
{
	int64_t now_ms, token = 0;
	*held = false;
	if (db_begin(db, DB_WRITE, e) != 0)
		return -1;
	int rc = -1;
	if (db_now_ms(db, &now_ms, e) != 0)
		goto out;
	/* One statement, so that on PostgreSQL the row's lock decides between two takers. */
	enum db_step step = db_query_int(db, &token, e,
		"INSERT INTO lease (name, holder, token, expires_ms) VALUES ($1, $2, 1, $3)"
		" ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, token = lease.token + 1,"
		" expires_ms = excluded.expires_ms"
		" WHERE lease.expires_ms <= $4 OR lease.holder = $2 OR CAST($5 AS BIGINT) = 1 RETURNING token",
		"ssiii", lease->name, lease->holder, now_ms + lease->duration_ms, now_ms,
		(int64_t)(at_once ? 1 : 0));
	if (step == DB_FAILED)
		goto out;
	if (db_commit(db, DB_RELAXED, e) != 0)
		return -1;
	*held = step == DB_ROW;
	lease->token = *held ? token : 0;
	rc = 0;
out:
	db_rollback(db);
	return rc;
}

int lease_confirm(struct db *db, const struct lease *lease, struct error *e)
{
	int64_t now_ms;
	if (db_now_ms(db, &now_ms, e) != 0 ||
		db_exec(db, e, "UPDATE lease SET expires_ms = $3 WHERE name = $1 AND token = $2", "sii",
			lease->name, lease->token, now_ms + lease->duration_ms) != 0)
		return -1;
	if (lease->token == 0 || db_changes(db) != 1)
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
