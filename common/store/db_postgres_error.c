/* PostgreSQL: what an answer that is an error means here, and when it ends the connection. */
#include <string.h>

#include "base/lang.h"
#include "store/db_postgres.h"

static enum error_code code_of(const char *state, bool *retriable)
{
	static const struct {
		const char *prefix;
		enum error_code code;
		bool retriable;
	} codes[] = {
		{"23505", ERROR_CONFLICT, false},
		{"40", ERROR_CONFLICT, true},    /* serialization, deadlock */
		{"55P03", ERROR_CONFLICT, true}, /* lock_timeout */
		{"53100", ERROR_FULL, true},
		{"53", ERROR_UNAVAILABLE, true},
		{"08", ERROR_UNAVAILABLE, true},
		{"57", ERROR_UNAVAILABLE, true},
		{"25P03", ERROR_UNAVAILABLE, true}, /* frozen longer than idle_in_transaction_… */
		{"25006", ERROR_UNAVAILABLE, true}, /* this server became a standby */
		{"26000", ERROR_UNAVAILABLE, true}, /* the prepared statement is gone */
		{"0A000", ERROR_UNAVAILABLE, true}, /* … or its table was changed under it */
		{"58", ERROR_UNAVAILABLE, true},
		{"22021", ERROR_INPUT, false},
		{"22P05", ERROR_INPUT, false},
		{"54", ERROR_INPUT, false},
		{"28", ERROR_DENIED, false},
		{"42501", ERROR_DENIED, false},
	};
	*retriable = false;
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
		if (state != NULL && strncmp(state, codes[i].prefix, strlen(codes[i].prefix)) == 0) {
			*retriable = codes[i].retriable;
			return codes[i].code;
		}
	return ERROR_INTERNAL;
}

/* libpq's words have several lines; the first says it. */
static int first_line(const char *text)
{
	return (int)strcspn(text, "\n");
}

void postgres_forget_owed(struct postgres_db *db)
{
	if (db->reader != NULL) {
		db->reader->broken = !db->reader->finished;
		db->reader->finished = true;
	}
	db->reader = NULL;
	db->owed_first = db->owed_count = db->unsent = db->unsynced_bytes = 0;
}

int postgres_lost(struct postgres_db *db, const char *what, struct error *e)
{
	const char *text = PQerrorMessage(db->conn);
	/* What the server said before it went (a terminated connection) is in front of libpq's words. */
	error_set(e, ERROR_UNAVAILABLE, "%s: %.*s: %.120s", db->label, first_line(text), text, what);
	db->lost = true;
	postgres_forget_owed(db);
	return -1;
}

int postgres_fail(struct postgres_db *db, const PGresult *result, const char *what, struct error *e)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE),
		   *words = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY),
		   *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
	if (state == NULL || PQstatus(db->conn) == CONNECTION_BAD)
		return postgres_lost(db, what, e);
	bool retriable;
	enum error_code code = code_of(state, &retriable);
	/* Not the detail: it repeats the row's values. */
	if (strcmp(state, "22021") == 0)
		error_set(e, code, "%s: %s: %.120s", db->label,
			tr("text with a NUL or that is not UTF-8 cannot be stored",
				"текст с нулевым байтом или не в UTF-8 нельзя сохранить"),
			what);
	else
		error_set(e, code, "%s: %.200s: %.120s", db->label, words == NULL ? state : words, what);
	if (e != NULL)
		e->retriable = retriable;
	bool over = severity != NULL && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0);
	if (over || strcmp(state, "26000") == 0 || strcmp(state, "25006") == 0 ||
		strncmp(state, "0A000", 5) == 0) {
		db->lost = true;
		postgres_forget_owed(db);
	}
	if (strncmp(state, "XX00", 4) == 0 && e != NULL)
		e->fatal = true;
	return -1;
}
