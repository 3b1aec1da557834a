#include "directory/suppression.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/lang.h"

/* Rows a read transaction may last. */
#define BATCH 500

int suppression_add(struct db *db, const char *address, const char *reason, const char *source,
	bool *added, struct error *e)
{
	char clean[GATE_ADDRESS_MAX + 1];
	if (gate_address(address, clean, e) != 0 || db_begin(db, DB_WRITE, e) != 0)
		return -1;
	if (db_exec(db, e,
		    "INSERT INTO suppression (address, reason, source, created_ms) VALUES ($1, $2, $3, $4) "
		    "ON CONFLICT (address) DO NOTHING",
		    "sssi", clean, reason, source, clock_now_ms()) != 0) {
		db_rollback(db);
		return -1;
	}
	*added = db_changes(db) > 0;
	return db_commit(db, DB_DURABLE, e);
}

int suppression_remove(struct db *db, const char *address, struct error *e)
{
	char clean[GATE_ADDRESS_MAX + 1];
	if (gate_address(address, clean, e) != 0 || db_begin(db, DB_WRITE, e) != 0)
		return -1;
	if (db_exec(db, e, "DELETE FROM suppression WHERE address = $1", "s", clean) != 0) {
		db_rollback(db);
		return -1;
	}
	if (db_changes(db) == 0) {
		db_rollback(db);
		return error_set(e, ERROR_NOT_FOUND, tr("%s is not suppressed", "%s не в списке исключённых"), clean);
	}
	return db_commit(db, DB_DURABLE, e);
}

static int batch(struct db *db, char last[static GATE_ADDRESS_MAX + 1], int *rows,
	int (*each)(void *arg, const struct suppression *entry), void *arg, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	if (db_query(db, &stmt, e,
		    "SELECT address, reason, source, created_ms FROM suppression WHERE address > $1 "
		    "ORDER BY address LIMIT $2",
		    "si", last, (int64_t)BATCH) != 0)
		return -1;
	for (*rows = 0; (step = db_step(stmt, e)) == DB_ROW; ++*rows) {
		struct suppression entry = {.address = db_text(stmt, 0), .reason = db_text(stmt, 1),
			.source = db_text(stmt, 2), .created_ms = db_int(stmt, 3)};
		(void)snprintf(last, GATE_ADDRESS_MAX + 1, "%s", entry.address);
		if (each(arg, &entry) != 0) {
			db_reset(stmt);
			*rows = 0;
			return 0;
		}
	}
	return step == DB_FAILED ? -1 : 0;
}

int suppression_each(struct db *db, int (*each)(void *arg, const struct suppression *entry),
	void *arg, struct error *e)
{
	char last[GATE_ADDRESS_MAX + 1] = "";
	int rows;
	do {
		if (batch(db, last, &rows, each, arg, e) != 0)
			return -1;
	} while (rows == BATCH);
	return 0;
}
