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

static int delete_row(struct db *tx, const char *address, bool *removed, struct error *e)
{
	int rc = db_exec(tx, e, "DELETE FROM suppression WHERE address = $1", "s", address);
	if (rc == 0)
		*removed = db_changes(tx) > 0;
	return rc;
}

static int remove_once(struct db *db, const char *address, bool *removed, struct error *e)
{
	if (db_begin(db, DB_WRITE, e) != 0)
		return -1;
	int rc = delete_row(db, address, removed, e);
	if (rc == 0 && *removed) /* else there is nothing to keep, not even a word about it */
		rc = db_commit(db, DB_DURABLE, e);
	db_rollback(db);
	return rc;
}

static int not_there(const char *address, struct error *e)
{
	return error_set(e, ERROR_NOT_FOUND, tr("%s is not suppressed", "%s не в списке исключённых"), address);
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
	return rc == 0 && !removed ? not_there(clean, e) : rc;
}

int suppression_remove_tx(struct db *tx, const char *address, struct error *e)
{
	char clean[GATE_ADDRESS_MAX + 1];
	bool removed = false;
	if (gate_address(address, clean, e) != 0 || delete_row(tx, clean, &removed, e) != 0)
		return -1;
	return removed ? 0 : not_there(clean, e);
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

/* ---- pages of them ---------------------------------------------------------------------- */

static int give(struct db_stmt *stmt, int (*each)(void *arg, const struct suppression *entry), void *arg, struct error *e)
{
	enum db_step step;
	while ((step = db_step(stmt, e)) == DB_ROW) {
		const struct suppression entry = {.address = db_text(stmt, 0), .reason = db_text(stmt, 1),
			.source = db_text(stmt, 2), .created_ms = db_int(stmt, 3)};
		if (each(arg, &entry) != 0) {
			db_reset(stmt);
			return 0;
		}
	}
	return step == DB_FAILED ? -1 : 0;
}

int suppression_newest(struct db *db, int64_t before_ms, const char *before, int most,
	int (*each)(void *arg, const struct suppression *entry), void *arg, struct error *e)
{
	struct db_stmt *stmt;
	if (db_query(db, &stmt, e,
		    "SELECT address, reason, source, created_ms FROM suppression"
		    " WHERE (created_ms, address) < ($1, $2)"
		    " ORDER BY created_ms DESC, address DESC LIMIT $3",
		    "isi", before_ms, before, (int64_t)most) != 0)
		return -1;
	return give(stmt, each, arg, e);
}

int suppression_beginning(struct db *db, const char *beginning, const char *after, int most,
	int (*each)(void *arg, const struct suppression *entry), void *arg, struct error *e)
{
	struct db_stmt *stmt;
	char end[GATE_ADDRESS_MAX + 8];
	/* U+10FFFF comes after every character, in the order of bytes. */
	snprintf(end, sizeof end, "%.*s\xf4\x8f\xbf\xbf", GATE_ADDRESS_MAX, beginning);
	if (db_query(db, &stmt, e,
		    "SELECT address, reason, source, created_ms FROM suppression"
		    " WHERE address >= $1 AND address < $2 AND address > $3 ORDER BY address LIMIT $4",
		    "sssi", beginning, end, after, (int64_t)most) != 0)
		return -1;
	return give(stmt, each, arg, e);
}
