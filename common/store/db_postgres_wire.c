/* PostgreSQL: what was sent, what is still to be answered, and whose error an answer is. The
 * connection never blocks in a send, so that the two sides cannot wait for each other with full
 * buffers. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/lang.h"
#include "base/xalloc.h"
#include "store/db_postgres.h"

/* No answer for this long: the server is frozen or the network ate it. Locks are waited for 10 s;
 * no statement of the house computes this long. */
#define ANSWER_PATIENCE_MS 60000
/* Sent to the server this often, so that it works while we go on. */
#define FLUSH_STATEMENTS 16
#define UNSYNCED_MAX_BYTES (1024 * 1024)

/* ---- sending ----------------------------------------------------------------------------------- */

static void owe(struct postgres_db *db, enum owed what, struct postgres_stmt *stmt)
{
	size_t room = sizeof db->owed / sizeof db->owed[0];
	ASSERT(db->owed_count < room);
	db->owed[(db->owed_first + db->owed_count++) % room] =
		(struct postgres_owed){.what = what, .stmt = stmt};
}

static int flush(struct postgres_db *db, struct error *e)
{
	db->unsent = 0;
	return PQflush(db->conn) < 0 ? postgres_lost(db, "send", e) : 0;
}

static int refuse_lost(struct postgres_db *db, struct error *e)
{
	return error_set(e, ERROR_UNAVAILABLE, "%s: %s", db->label,
		tr("the connection ended in the middle of a transaction", "соединение прервалось посреди транзакции"));
}

int postgres_send_control(struct postgres_db *db, const char *sql, struct error *e)
{
	if (db->lost)
		return refuse_lost(db, e);
	if (PQsendQueryParams(db->conn, sql, 0, NULL, NULL, NULL, NULL, 0) != 1)
		return postgres_lost(db, sql, e);
	owe(db, OWED_RUN, NULL);
	return 0;
}

static int send_prepare(struct postgres_db *db, struct postgres_stmt *stmt, struct error *e)
{
	snprintf(stmt->name, sizeof stmt->name, "s%u", ++db->next_name);
	if (PQsendPrepare(db->conn, stmt->name, stmt->text, 0, NULL) != 1)
		return postgres_lost(db, "prepare", e);
	owe(db, OWED_PREPARED, stmt);
	stmt->generation = db->generation;
	return 0;
}

int postgres_send(struct postgres_db *db, struct postgres_stmt *stmt, enum owed what, struct error *e)
{
	const char *values[POSTGRES_PARAMETERS_MAX];
	int lengths[POSTGRES_PARAMETERS_MAX], formats[POSTGRES_PARAMETERS_MAX];
	if (db->lost)
		return refuse_lost(db, e);
	if (stmt->generation != db->generation && send_prepare(db, stmt, e) < 0)
		return -1;
	for (int i = 0; i < stmt->parameters; i++) {
		values[i] = stmt->value[i].data;
		lengths[i] = stmt->value[i].len;
		formats[i] = stmt->value[i].format;
		db->unsynced_bytes += (size_t)lengths[i];
	}
	if (PQsendQueryPrepared(db->conn, stmt->name, stmt->parameters, values, lengths, formats, 0) != 1)
		return postgres_lost(db, stmt->text, e);
	owe(db, what, stmt);
	if (what != OWED_RUN)
		return 0;
	if (db->owed_count >= POSTGRES_OWED_MAX || db->unsynced_bytes > UNSYNCED_MAX_BYTES)
		return postgres_sync(db, e) < 0 ? -1 : postgres_harvest(db, NULL, e);
	return ++db->unsent >= FLUSH_STATEMENTS ? flush(db, e) : 0;
}

int postgres_sync(struct postgres_db *db, struct error *e)
{
	if (db->lost)
		return refuse_lost(db, e);
	if (PQpipelineSync(db->conn) != 1)
		return postgres_lost(db, "sync", e);
	owe(db, OWED_SYNC, NULL);
	db->unsynced_bytes = 0;
	return flush(db, e);
}

/* ---- answers ----------------------------------------------------------------------------------- */

static int64_t real_mono_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int await(struct postgres_db *db, struct error *e)
{
	int64_t until = 0;
	while (PQisBusy(db->conn)) {
		int unsent = PQflush(db->conn);
		if (unsent < 0)
			return postgres_lost(db, "send", e);
		int64_t now_ms = real_mono_ms();
		if (until == 0)
			until = now_ms + ANSWER_PATIENCE_MS;
		struct pollfd fd = {.fd = PQsocket(db->conn),
			.events = (short)(POLLIN | (unsent > 0 ? POLLOUT : 0))};
		if (now_ms >= until) {
			db->lost = true;
			postgres_forget_owed(db);
			return error_set(e, ERROR_UNAVAILABLE,
				tr("%s: no answer for %d s", "%s: нет ответа %d с"), db->label,
				ANSWER_PATIENCE_MS / 1000);
		}
		if (poll(&fd, 1, (int)(until - now_ms)) < 0 && errno != EINTR)
			return error_errno(e, "poll");
		if ((fd.revents & ~POLLOUT) != 0 && PQconsumeInput(db->conn) != 1)
			break; /* what the server said before it hung up is read below */
	}
	return 0;
}

/* NULL with rc 0 ends one statement's answer. */
static int next_result(struct postgres_db *db, PGresult **out, struct error *e)
{
	*out = NULL;
	if (await(db, e) < 0)
		return -1;
	*out = PQgetResult(db->conn);
	return 0;
}

static void pop(struct postgres_db *db)
{
	db->owed_first = (db->owed_first + 1) % (sizeof db->owed / sizeof db->owed[0]);
	db->owed_count--;
}

static const char *text_of(const struct postgres_owed *head)
{
	return head->stmt == NULL ? "transaction" : head->stmt->text;
}

/* One result of the head's answer. */
static int take_result(struct postgres_db *db, const struct postgres_owed *head, const PGresult *result,
	struct error *e)
{
	switch (PQresultStatus(result)) {
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
	case PGRES_SINGLE_TUPLE:
		if (head->what == OWED_RUN || head->what == OWED_ROWS)
			db->base.changes = strtoll(PQcmdTuples((PGresult *)(uintptr_t)result), NULL, 10);
		if (head->what == OWED_RUN && head->stmt == NULL)
			db->rolled_back = strcmp(PQcmdStatus((PGresult *)(uintptr_t)result), "ROLLBACK") == 0;
		if (head->what == OWED_DESCRIBED)
			head->stmt->parameters = PQnparams(result);
		return 0;
	case PGRES_PIPELINE_ABORTED:
		if (head->what == OWED_PREPARED)
			head->stmt->generation = 0;
		return -1; /* the error was told by an earlier statement's answer */
	default:
		if (head->what == OWED_PREPARED)
			head->stmt->generation = 0;
		return postgres_fail(db, result, text_of(head), e);
	}
}

static int take_answer(struct postgres_db *db, const struct postgres_owed *head, struct error *e)
{
	PGresult *result;
	int rc = 0;
	if (head->what == OWED_SYNC) {
		if (next_result(db, &result, e) < 0)
			return -1;
		ExecStatusType status = PQresultStatus(result);
		if (status != PGRES_PIPELINE_SYNC)
			rc = result == NULL || status != PGRES_FATAL_ERROR
				? postgres_lost(db, "sync", e)
				: postgres_fail(db, result, "sync", e);
		PQclear(result);
		return rc;
	}
	for (;;) {
		if (next_result(db, &result, rc == 0 ? e : NULL) < 0)
			return -1;
		if (result == NULL)
			return rc;
		if (take_result(db, head, result, rc == 0 ? e : NULL) < 0)
			rc = -1;
		PQclear(result);
		if (db->lost)
			return -1;
	}
}

int postgres_harvest(struct postgres_db *db, struct postgres_stmt *reader, struct error *e)
{
	int rc = 0;
	while (db->owed_count > 0) {
		struct postgres_owed head = db->owed[db->owed_first];
		if (head.what == OWED_ROWS && head.stmt == reader && rc == 0)
			return PQsetSingleRowMode(db->conn) == 1 ? 0 : postgres_lost(db, "rows", e);
		if (take_answer(db, &head, rc == 0 ? e : NULL) < 0)
			rc = -1;
		if (db->lost)
			return -1;
		pop(db);
	}
	return rc;
}

int postgres_prepare_now(struct postgres_db *db, struct postgres_stmt *stmt, struct error *e)
{
	if (postgres_clear_wire(db, true, e) < 0 || send_prepare(db, stmt, e) < 0)
		return -1;
	if (PQsendDescribePrepared(db->conn, stmt->name) != 1)
		return postgres_lost(db, "prepare", e);
	owe(db, OWED_DESCRIBED, stmt);
	return postgres_sync(db, e) < 0 ? -1 : postgres_harvest(db, NULL, e);
}

/* ---- rows --------------------------------------------------------------------------------------- */

enum db_step postgres_next_row(struct postgres_db *db, struct postgres_stmt *stmt, struct error *e)
{
	PGresult *result;
	struct postgres_owed head = {.what = OWED_ROWS, .stmt = stmt};
	if (next_result(db, &result, e) < 0)
		return DB_FAILED;
	if (PQresultStatus(result) == PGRES_SINGLE_TUPLE) {
		stmt->row = result;
		return DB_ROW;
	}
	int rc = result == NULL ? 0 : take_result(db, &head, result, e);
	PQclear(result);
	db->reader = NULL;
	stmt->finished = true;
	if (db->lost)
		return DB_FAILED;
	if (result != NULL && take_answer(db, &head, rc == 0 ? e : NULL) < 0)
		rc = -1;
	if (!db->lost)
		pop(db);
	int64_t changes = db->base.changes;
	if (!db->lost && postgres_harvest(db, NULL, rc == 0 ? e : NULL) < 0)
		rc = -1;
	db->base.changes = changes;
	return rc == 0 && !db->lost ? DB_DONE : DB_FAILED;
}

int postgres_clear_wire(struct postgres_db *db, bool keep, struct error *e)
{
	struct postgres_stmt *stmt = db->reader;
	if (stmt == NULL)
		return 0;
	PGresult *present = stmt->row;
	int64_t changes = db->base.changes;
	enum db_step step;
	while ((step = postgres_next_row(db, stmt, e)) == DB_ROW) {
		if (!keep) {
			PQclear(stmt->row);
			continue;
		}
		if (stmt->kept_count == stmt->kept_room) {
			stmt->kept_room = stmt->kept_room == 0 ? 64 : stmt->kept_room * 2;
			stmt->kept = xrealloc(stmt->kept, stmt->kept_room, sizeof *stmt->kept);
		}
		stmt->kept[stmt->kept_count++] = stmt->row;
	}
	stmt->row = present;
	db->base.changes = changes;
	if (step == DB_FAILED)
		stmt->broken = true;
	return step == DB_FAILED ? -1 : 0;
}

void postgres_roll_back(struct postgres_db *db)
{
	struct error ignored;
	bool begun = db->begun;
	db->begun = db->failed = false;
	if (!begun || db->lost)
		return;
	(void)postgres_clear_wire(db, false, &ignored);
	/* A sync of its own: behind one that failed ROLLBACK would be skipped. */
	if (db->lost || (db->owed_count > 0 && postgres_sync(db, &ignored) < 0) ||
		postgres_send_control(db, "ROLLBACK", &ignored) < 0 || postgres_sync(db, &ignored) < 0)
		return;
	(void)postgres_harvest(db, NULL, &ignored);
	if (!db->lost && PQtransactionStatus(db->conn) != PQTRANS_IDLE)
		db->lost = true;
}
