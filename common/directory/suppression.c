#include "directory/suppression.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/lang.h"
#include "store/again.h"

/* Rows a read transaction may last. */
#define BATCH 500

static int insert(struct db *tx, const char *address, const char *reason, const char *source, bool *added,
	struct error *e)
{
	int rc = db_exec(tx, e,
		"INSERT INTO suppression (address, reason, source, created_ms) VALUES ($1, $2, $3, $4) "
		"ON CONFLICT (address) DO NOTHING",
		"sssi", address, reason, source, clock_now_ms());
	if (rc == 0)
		*added = db_changes(tx) > 0;
	return rc;
}

int suppression_add_tx(struct db *tx, const char *address, const char *reason, const char *source,
	bool *added, struct error *e)
{
	char clean[GATE_ADDRESS_MAX + 1];
	if (gate_address(address, clean, e) != 0)
		return -1;
	return insert(tx, clean, reason, source, added, e);
}

static int add_once(struct db *db, const char *address, const char *reason, const char *source,
	bool *added, struct error *e)
{
	if (db_begin(db, DB_WRITE, e) != 0)
		return -1;
	int rc = insert(db, address, reason, source, added, e);
	if (rc == 0)
		rc = db_commit(db, DB_DURABLE, e);
	db_rollback(db);
	return rc;
}

int suppression_add(struct db *db, const char *address, const char *reason, const char *source,
	bool *added, struct error *e)
{
	char clean[GATE_ADDRESS_MAX + 1];
	struct again again = {0};
	int rc;
	if (gate_address(address, clean, e) != 0)
		return -1;
	do
		rc = add_once(db, clean, reason, source, added, e);
	while (rc != 0 && again_after_conflict(&again, e));
	return rc;
}

static int remove_once(struct db *db, const char *address, bool *removed, struct error *e)
{
	if (db_begin(db, DB_WRITE, e) != 0)
		return -1;
	int rc = db_exec(db, e, "DELETE FROM suppression WHERE address = $1", "s", address);
	if (rc == 0)
		*removed = db_changes(db) > 0;
	if (rc == 0 && *removed) /* else there is nothing to keep, not even a word about it */
		rc = db_commit(db, DB_DURABLE, e);
	db_rollback(db);
	return rc;
}

int suppression_remove(struct db *db, const char *address, struct error *e)
{
	char clean[GATE_ADDRESS_MAX + 1];
	struct again again = {0};
	bool removed = false;
	int rc;
	if (gate_address(address, clean, e) != 0)
		return -1;
	do
		rc = remove_once(db, clean, &removed, e);
	while (rc != 0 && again_after_conflict(&again, e));
	if (rc == 0 && !removed)
		return error_set(e, ERROR_NOT_FOUND, tr("%s is not suppressed", "%s не в списке исключённых"), clean);
	return rc;
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
