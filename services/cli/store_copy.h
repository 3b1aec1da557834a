/* `vestnik store copy`: all tables of one store into another, empty one; in one state of the source
 * and one transaction of the target, so that a broken-off copy leaves nothing behind. */
#ifndef VESTNIK_CLI_STORE_COPY_H
#define VESTNIK_CLI_STORE_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "store/db.h"

#define STORE_NAME_SIZE 64 /* of a table or column: ours are shorter */

enum store_type { STORE_INT, STORE_TEXT, STORE_BYTES };
struct store_column {
	char name[STORE_NAME_SIZE];
	enum store_type type;
};
struct store_table {
	char name[STORE_NAME_SIZE];
	struct store_column *column;
	size_t columns;
	bool both;        /* the other store has it too */
	int64_t rows;     /* in the source, counted there */
	int64_t read;
	int64_t written;  /* counted in the target after the copy */
};
struct store_tables {
	struct store_table *item;
	size_t count;
};

struct store_copy {
	struct db *from, *to;
	struct store_tables source, target;
	bool to_log;        /* outbox rows become messages of the target's embedded bus */
	int64_t messages;   /* of the embedded bus, put into the outbox (or back) */
	int64_t mended;     /* texts that were not UTF-8 */
	void (*progress)(void *arg, int64_t rows, int64_t of);
	void *arg;
	int64_t rows, done; /* all tables */
	char **text;        /* of statements: kept until the stores are closed */
	size_t texts;
};

/* ---- store_copy.c ------------------------------------------------------------------------ */

/* from and to are open and have the present schema. On success the target is committed and the
 * source marked as a copy (meta.restored). */
int store_copy_run(struct store_copy *copy, struct error *e);
void store_copy_fini(struct store_copy *copy);
/* Keeps the text until store_copy_fini. */
const char *store_copy_keep(struct store_copy *copy, char *text);
/* Daemons that lately said they run on this store: "planner@host:12, …"; the caller frees; NULL = none. */
int store_running(struct db *db, char **names, struct error *e);
/* Says that the store is a copy: a planner that starts on it pauses all campaigns. */
int store_mark_restored(struct db *db, struct error *e);

/* ---- store_copy_tables.c ------------------------------------------------------------------- */

int store_tables_read(struct db *db, struct store_tables *tables, struct error *e);
void store_tables_fini(struct store_tables *tables);
const struct store_table *store_tables_find(const struct store_tables *tables, const char *name);
/* Rows of a table. */
int store_table_count(struct store_copy *copy, struct db *db, const char *name, int64_t *rows,
	struct error *e);
int store_table_copy(struct store_copy *copy, struct store_table *table, struct error *e);
/* PostgreSQL: the next given ids come after those copied. */
int store_sequences_set(struct store_copy *copy, struct error *e);

/* ---- store_copy_bus.c ------------------------------------------------------------------------ */

/* Embedded bus → outbox: of each topic what some group has not passed, in order; of vestnik.dead
 * everything. Or the outbox → the embedded bus. */
int store_messages_copy(struct store_copy *copy, struct error *e);

#endif
