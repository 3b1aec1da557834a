/* Messages that nobody has finished yet, from the embedded bus into the outbox or back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "bus/bus.h"
#include "cli/store_copy.h"

/* Any pump adopts rows whose owner's lease has run out (bus/kafka_outbox.c). */
#define OWNER "store-copy"
#define LEASE "outbox." OWNER

#define COLUMNS "key, ce_id, ce_source, ce_type, ce_time_ms, content_type, headers, logged_ms, data"

static void bind_message(struct db_stmt *to, int position, struct db_stmt *row, int column)
{
	for (int i = 0; i < 9; i++) {
		size_t len = 0;
		if (i == 8) {
			const void *data = db_blob(row, column + i, &len);
			db_bind_blob(to, position + i, data == NULL ? "" : data, len);
		} else if (i == 4 || i == 7) {
			db_bind_int(to, position + i, db_int(row, column + i));
		} else {
			db_bind_text(to, position + i, db_text(row, column + i));
		}
	}
}

/* ---- embedded → outbox ------------------------------------------------------------------------- */

/* The topic whose table this is; a dot may have been any of its underscores, so ours are asked by
 * name and others at their groups. */
static int topic_of(struct store_copy *copy, const char *table, char topic[static BUS_NAME_MAX + 1],
	struct error *e)
{
	static const char *const ours[] = {BUS_TASKS, BUS_MAIL, BUS_MAIL_URGENT, BUS_STATUS, BUS_DEAD};
	for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
		char name[STORE_NAME_SIZE];
		snprintf(name, sizeof name, "bus_%s", ours[i]);
		for (char *c = name; *c != '\0'; c++)
			if (*c == '.')
				*c = '_';
		if (strcmp(name, table) == 0) {
			snprintf(topic, BUS_NAME_MAX + 1, "%s", ours[i]);
			return 1;
		}
	}
	struct db_stmt *row;
	if (db_query(copy->from, &row, e,
		    "SELECT topic FROM bus_group WHERE 'bus_' || replace(topic, '.', '_') = $1 LIMIT 1", "s",
		    table) != 0)
		return -1;
	enum db_step step = db_step(row, e);
	if (step == DB_ROW) {
		snprintf(topic, BUS_NAME_MAX + 1, "%s", db_text(row, 0));
		db_reset(row);
	}
	return step == DB_FAILED ? -1 : step == DB_ROW;
}

static int copy_topic(struct store_copy *copy, const char *table, const char *topic, struct error *e)
{
	int64_t passed = 0;
	struct db_stmt *row, *to;
	/* Dead messages wait for people, not for groups. */
	if (strcmp(topic, BUS_DEAD) != 0 &&
		db_query_int(copy->from, &passed, e, "SELECT COALESCE(min(pos), 0) FROM bus_group WHERE topic = $1",
			"s", topic) != DB_ROW)
		return -1;
	const char *read = store_copy_keep(copy,
		xasprintf("SELECT " COLUMNS " FROM %s WHERE id > $1 ORDER BY id", table));
	if (db_query(copy->from, &row, e, read, "i", passed) != 0)
		return -1;
	enum db_step step;
	int rc = 0;
	while (rc == 0 && (step = db_step(row, e)) == DB_ROW) {
		rc = db_prepare(copy->to,
			"INSERT INTO outbox (owner, topic, " COLUMNS ")"
			" VALUES ('" OWNER "', $1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
			&to, e);
		if (rc != 0)
			break;
		db_bind_text(to, 1, topic);
		bind_message(to, 2, row, 0);
		rc = db_run(to, e);
		copy->messages++;
	}
	db_reset(row);
	return rc != 0 || step == DB_FAILED ? -1 : 0;
}

static int from_log(struct store_copy *copy, struct error *e)
{
	for (size_t i = 0; i < copy->source.count; i++) {
		const struct store_table *table = &copy->source.item[i];
		char topic[BUS_NAME_MAX + 1];
		bool log = !table->both && strncmp(table->name, "bus_", 4) == 0 && table->columns > 1 &&
			strcmp(table->column[1].name, "key") == 0;
		int known = log ? topic_of(copy, table->name, topic, e) : 0;
		if (known < 0 || (known > 0 && copy_topic(copy, table->name, topic, e) != 0))
			return -1;
		if (log && known == 0)
			return error_set(e, ERROR_INTERNAL, "%s: whose topic is this?", table->name);
	}
	return db_exec(copy->to, e,
		"INSERT INTO lease (name, holder, token, expires_ms) VALUES ('" LEASE "', '" OWNER "', 1, 0)"
		" ON CONFLICT (name) DO NOTHING", "");
}

/* ---- outbox → embedded -------------------------------------------------------------------------- */

static int to_log(struct store_copy *copy, struct error *e)
{
	struct db_stmt *row, *to;
	if (db_query(copy->from, &row, e, "SELECT topic, " COLUMNS " FROM outbox ORDER BY id", "") != 0)
		return -1;
	enum db_step step;
	int rc = 0;
	while (rc == 0 && (step = db_step(row, e)) == DB_ROW) {
		char *table = xasprintf("bus_%s", db_text(row, 0));
		for (char *c = table; *c != '\0'; c++)
			if (*c == '.')
				*c = '_';
		if (store_tables_find(&copy->target, table) == NULL)
			rc = error_set(e, ERROR_INTERNAL, "the target has no topic %s", db_text(row, 0));
		const char *sql = store_copy_keep(copy,
			xasprintf("INSERT INTO %s (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)", table));
		if (rc == 0 && (rc = db_prepare(copy->to, sql, &to, e)) == 0) {
			bind_message(to, 1, row, 1);
			rc = db_run(to, e);
			copy->messages++;
		}
		free(table);
	}
	db_reset(row);
	return rc != 0 || step == DB_FAILED ? -1 : 0;
}

int store_messages_copy(struct store_copy *copy, struct error *e)
{
	bool log_at_source = store_tables_find(&copy->source, "bus_group") != NULL,
	     log_at_target = store_tables_find(&copy->target, "bus_group") != NULL;
	if (log_at_source && !log_at_target)
		return from_log(copy, e);
	return copy->to_log ? to_log(copy, e) : 0;
}
