/* Does the store take these statements? sql_probe URL, statements on standard input, each ended by
 * a NUL. Prints a line for each: "ok TYPES" (of the parameters, PostgreSQL only) or "no REASON". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "store/db.h"
#include "store/schema.h"

static void print_types(struct db *db, const char *sql)
{
	struct db_stmt *stmt;
	struct error e;
	if (db_kind(db) == DB_SQLITE) {
		puts("ok");
		return;
	}
	/* The newest one is the statement in hand; the rest are this program's. */
	if (db_query(db, &stmt, &e,
		    "SELECT array_to_string(parameter_types::text[], ',') FROM pg_prepared_statements"
		    " WHERE statement NOT LIKE '%pg_prepared_statements%' ORDER BY prepare_time DESC,"
		    " CAST(substr(name, 2) AS BIGINT) DESC LIMIT 1",
		    "") != 0 ||
		db_step(stmt, &e) != DB_ROW) {
		printf("no %s: %s\n", e.text, sql);
		return;
	}
	printf("ok %s\n", db_text(stmt, 0));
	db_reset(stmt);
}

int main(int argc, char **argv)
{
	struct db *db;
	struct error e;
	char *text = NULL, **kept = NULL; /* kept: the statements' keys live as long as the connection */
	size_t room = 0, count = 0;
	if (argc != 2)
		return 2;
	if (db_open(&db, argv[1], &e) != 0 || schema_migrate(db, &e) != 0) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	while (getdelim(&text, &room, '\0', stdin) > 0) {
		struct db_stmt *stmt;
		kept = xrealloc(kept, count + 1, sizeof *kept);
		kept[count] = xstrdup(text);
		if (db_prepare(db, kept[count], &stmt, &e) == 0)
			print_types(db, kept[count]);
		else
			printf("no %s\n", e.text);
		count++;
	}
	db_close(&db);
	while (count > 0)
		free(kept[--count]);
	free(kept);
	free(text);
	return 0;
}
