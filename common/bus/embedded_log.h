/* One topic of the embedded bus: a table of the store, appended to and read in
 * the order of its id. (store/schema/sqlite/002_bus.sql) */
#ifndef VESTNIK_BUS_EMBEDDED_LOG_H
#define VESTNIK_BUS_EMBEDDED_LOG_H

#include "bus/arena.h"
#include "bus/bus_driver.h"

/* The SQL of a topic. Made once per process and kept: connections know
 * statements by the address of their text. Topics are few. */
struct log_sql {
	char topic[BUS_NAME_MAX + 1];
	char *table, *create, *append, *read, *range, *trim, *first_since, *logged, *weigh;
	struct log_sql *next;
};

/* Any thread. topic must be a checked name. */
const struct log_sql *log_sql(const char *topic);

/* Outside a transaction: makes the table when it is not there. */
int log_ensure(const struct log_sql *sql, struct db *db, struct error *e);
/* 1 there, 0 not, -1 error. */
int log_exists(const struct log_sql *sql, struct db *db, struct error *e);
int log_append(const struct log_sql *sql, struct db *tx, const struct bus_message *message,
	int64_t logged_ms, struct error *e);
/* Least and greatest id; 0 and 0 when the log is empty. */
int log_range(const struct log_sql *sql, struct db *db, int64_t *first, int64_t *last,
	struct error *e);

/* When message id was published; DB_DONE when it is not there. */
enum db_step log_logged_ms(const struct log_sql *sql, struct db *db, int64_t id, int64_t *ms,
	struct error *e);
/* A message of the log takes at most about this. */
#define LOG_ROW_MAX_BYTES (BUS_MESSAGE_MAX_BYTES + BUS_HEADERS_MAX_BYTES + 8 * 1024)
/* What messages first to last take: exactly when they are few, else estimated
 * from some of them, in a millisecond however many there are. */
int log_weigh(const struct log_sql *sql, struct db *db, int64_t first, int64_t last, int64_t *bytes,
	struct error *e);

/* At most max messages with id > after, fewer when they are large. Token and
 * partition are the caller's to fill. Returns how many, or -1. */
int log_read(const struct log_sql *sql, struct db *db, int64_t after, size_t max,
	struct arena *arena, struct bus_message *out, struct error *e);

#endif
