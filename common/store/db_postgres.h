/* Inside of the PostgreSQL driver; the db_postgres*.c files only. */
#ifndef VESTNIK_STORE_DB_POSTGRES_H
#define VESTNIK_STORE_DB_POSTGRES_H

#include <libpq-fe.h>

#include "store/db_driver.h"

/* What the server owes an answer to, in the order sent. */
enum owed { OWED_RUN, OWED_ROWS, OWED_PREPARED, OWED_DESCRIBED, OWED_SYNC };

struct postgres_stmt;
struct postgres_owed {
	enum owed what;
	struct postgres_stmt *stmt; /* RUN: NULL for BEGIN and the like */
};

/* Statements sent before the server must have answered all: bounds what both sides keep. Beyond
 * some hundred the round trip is no longer felt. */
#define POSTGRES_OWED_MAX 512
#define POSTGRES_PARAMETERS_MAX 1024

struct postgres_db {
	struct db base;
	PGconn *conn;
	char *label;         /* the address without its password: for people */
	unsigned generation; /* of the connection: statements know in which they were prepared */
	unsigned next_name;
	bool lost;           /* the connection is unusable; a new one at the next begin */
	bool begun;          /* BEGIN was sent on this connection */
	bool failed;         /* a statement that was sent earlier failed; told by the next call */
	struct error failure;
	struct postgres_owed owed[POSTGRES_OWED_MAX + 8];
	size_t owed_first, owed_count;
	size_t unsent;       /* statements since the last flush */
	size_t unsynced_bytes;
	bool rolled_back;    /* the last BEGIN, COMMIT … ended as ROLLBACK */
	struct postgres_stmt *reader; /* whose rows stand on the wire */
};

struct postgres_value {
	char small[24];      /* an integer as text */
	char *owned;
	size_t room;
	const char *data;    /* NULL: SQL NULL */
	int len, format;     /* format 1: bytes as they are */
};

struct postgres_stmt {
	struct db_stmt base;
	char *text;          /* rewritten */
	char name[16];
	unsigned generation; /* of the connection it is prepared in; 0 = none */
	int parameters;
	struct postgres_value *value;
	int bad_position;    /* bound but not in the text; told by the next step */
	PGresult *row;       /* the present one */
	/* Rows read off the wire because another statement had to be sent. */
	PGresult **kept;
	size_t kept_count, kept_next, kept_room;
	bool finished;       /* nothing of it on the wire any more */
	bool started;
	bool broken;         /* the connection went before all rows had come */
	void **decoded;      /* bytes of the present row, by column */
	size_t *decoded_len;
	int decoded_count;
};

static inline struct postgres_db *postgres_of(struct db *db)
{
	return (struct postgres_db *)db;
}

static inline struct postgres_stmt *postgres_stmt_of(struct db_stmt *stmt)
{
	return (struct postgres_stmt *)stmt;
}

/* ---- db_postgres.c ---------------------------------------------------------------------- */

/* Outside a transaction: connects again when the connection is gone. */
int postgres_ready(struct postgres_db *db, struct error *e);

/* ---- db_postgres_error.c --------------------------------------------------------------------- */

/* -1 and *e. The connection is given up. */
int postgres_lost(struct postgres_db *db, const char *what, struct error *e);
/* -1 and *e, from the server's answer; notices a connection that has ended. */
int postgres_fail(struct postgres_db *db, const PGresult *result, const char *what, struct error *e);
/* No answer will come any more. */
void postgres_forget_owed(struct postgres_db *db);

/* ---- db_postgres_wire.c: what is sent and answered ----------------------------------------- */

/* One command without parameters or rows (BEGIN …), queued. */
int postgres_send_control(struct postgres_db *db, const char *sql, struct error *e);
/* Queues the statement with its values; prepares it in this connection before, if need be. */
int postgres_send(struct postgres_db *db, struct postgres_stmt *stmt, enum owed what, struct error *e);
/* Asks for all answers so far; sends everything. */
int postgres_sync(struct postgres_db *db, struct error *e);
/* Takes answers until `reader` is the next to be answered (NULL: all). -1: one was an error; the
 * rest has been taken all the same. */
int postgres_harvest(struct postgres_db *db, struct postgres_stmt *reader, struct error *e);
/* The next row of `reader`: DB_ROW sets reader->row. At the end its sync is taken too. */
enum db_step postgres_next_row(struct postgres_db *db, struct postgres_stmt *stmt, struct error *e);
/* Takes the rows that stand on the wire off it: kept by their statement, or dropped. */
int postgres_clear_wire(struct postgres_db *db, bool keep, struct error *e);
/* Prepares and describes at once. */
int postgres_prepare_now(struct postgres_db *db, struct postgres_stmt *stmt, struct error *e);
/* Ends the transaction on the server, whatever state it is in. */
void postgres_roll_back(struct postgres_db *db);

/* ---- db_postgres_address.c ------------------------------------------------------------------- */

/* Checks the address; *label is malloc'ed and holds no password. */
int postgres_label(const char *url, char **label, struct error *e);
int postgres_bad_address(struct error *e);
PGconn *postgres_connect(const char *url);

/* ---- db_postgres_stmt.c ---------------------------------------------------------------------- */

int postgres_prepare(struct db *base, const char *sql, struct db_stmt **out, struct error *e);
void postgres_finalize(struct db_stmt *stmt);
void postgres_clear(struct db_stmt *stmt);
void postgres_bind_int(struct db_stmt *stmt, int position, int64_t value);
void postgres_bind_text(struct db_stmt *stmt, int position, const char *value);
void postgres_bind_blob(struct db_stmt *stmt, int position, const void *data, size_t len);
void postgres_bind_null(struct db_stmt *stmt, int position);
enum db_step postgres_step(struct db_stmt *stmt, struct error *e);
int postgres_run(struct db_stmt *stmt, struct error *e);
void postgres_reset(struct db_stmt *stmt);
int64_t postgres_column_int(struct db_stmt *stmt, int column);
const char *postgres_column_text(struct db_stmt *stmt, int column);
const void *postgres_column_blob(struct db_stmt *stmt, int column, size_t *len);
bool postgres_column_null(struct db_stmt *stmt, int column);

#endif
