#include "cli/store_copy.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/lang.h"
#include "base/xalloc.h"

/* A daemon writes its row every 2 s. */
#define RUNNING_WITHIN_MS 10000

const char *store_copy_keep(struct store_copy *copy, char *text)
{
	for (size_t i = 0; i < copy->texts; i++)
		if (strcmp(copy->text[i], text) == 0) {
			free(text);
			return copy->text[i];
		}
	copy->text = xrealloc(copy->text, copy->texts + 1, sizeof *copy->text);
	return copy->text[copy->texts++] = text;
}

void store_copy_fini(struct store_copy *copy)
{
	db_close(&copy->from);
	db_close(&copy->to);
	store_tables_fini(&copy->source);
	store_tables_fini(&copy->target);
	for (size_t i = 0; i < copy->texts; i++)
		free(copy->text[i]);
	free(copy->text);
}

int store_running(struct db *db, char **names, struct error *e)
{
	struct db_stmt *row;
	struct buf list;
	int64_t now_ms;
	*names = NULL;
	if (db_now_ms(db, &now_ms, e) != 0 ||
		db_query(db, &row, e,
			"SELECT id FROM service_instance WHERE seen_ms > $1 AND state <> 'stopped' ORDER BY id", "i",
			now_ms - RUNNING_WITHIN_MS) != 0)
		return -1;
	buf_init(&list, 400); /* the rest is as many more */
	enum db_step step;
	while ((step = db_step(row, e)) == DB_ROW)
		(void)buf_printf(&list, "%s%s", list.len == 0 ? "" : ", ", db_text(row, 0));
	if (list.len > 0)
		*names = buf_take(&list);
	buf_fini(&list);
	return step == DB_FAILED ? -1 : 0;
}

int store_mark_restored(struct db *db, struct error *e)
{
	return db_exec(db, e,
		"INSERT INTO meta (name, value) VALUES ('restored', '1')"
		" ON CONFLICT (name) DO UPDATE SET value = '1'", "");
}

/* ---- before ----------------------------------------------------------------------------------- */

static bool is_versions(const struct store_table *table)
{
	return strcmp(table->name, "schema_version") == 0;
}

static int compare_tables(struct store_copy *copy, struct error *e)
{
	for (size_t i = 0; i < copy->source.count; i++) {
		struct store_table *table = &copy->source.item[i];
		const struct store_table *other = store_tables_find(&copy->target, table->name);
		table->both = other != NULL && !is_versions(table);
		if (other == NULL && strncmp(table->name, "bus_", 4) != 0)
			return error_set(e, ERROR_CONFLICT, tr("the target has no table %s", "в новом хранилище нет таблицы %s"),
				table->name);
		for (size_t c = 0; table->both && c < table->columns; c++) {
			size_t o = 0;
			while (o < other->columns && strcmp(other->column[o].name, table->column[c].name) != 0)
				o++;
			if (o == other->columns || other->columns != table->columns)
				return error_set(e, ERROR_CONFLICT,
					tr("table %s differs in the two stores", "таблица %s в хранилищах разная"),
					table->name);
			table->column[c].type = other->column[o].type;
		}
	}
	return 0;
}

static int check_empty(struct store_copy *copy, struct error *e)
{
	for (size_t i = 0; i < copy->target.count; i++) {
		const struct store_table *table = &copy->target.item[i];
		int64_t rows = 0;
		if (is_versions(table))
			continue;
		if (store_table_count(copy, copy->to, table->name, &rows, e) != 0)
			return -1;
		if (rows > 0)
			return error_set(e, ERROR_CONFLICT,
				tr("the target is not empty: table %s has rows. Nothing was written",
					"новое хранилище не пусто: в таблице %s есть строки. Ничего не записано"),
				table->name);
	}
	return 0;
}

static int check_stopped(struct store_copy *copy, struct error *e)
{
	char *names;
	if (store_running(copy->from, &names, e) != 0)
		return -1;
	int rc = names == NULL ? 0
			       : error_set(e, ERROR_CONFLICT,
					 tr("services are running on the source: stop them first (vestnik down): %s",
						 "на исходном хранилище работают службы, остановите их (vestnik down): %s"),
					 names);
	free(names);
	return rc;
}

/* Nobody writes what would then be left behind. */
static int lock_source(struct store_copy *copy, struct error *e)
{
	if (db_begin(copy->from, DB_WRITE, e) != 0)
		return -1;
	if (db_kind(copy->from) == DB_SQLITE)
		return 0; /* one writer at a time: this one */
	struct buf sql;
	buf_init(&sql, 8192);
	for (size_t i = 0; i < copy->source.count; i++)
		(void)buf_printf(&sql, "%s%s", i == 0 ? "LOCK TABLE " : ", ", copy->source.item[i].name);
	(void)buf_puts(&sql, " IN SHARE MODE");
	/* Before anything is read: what the transaction sees is what there is once it holds the lock. */
	int rc = db_exec(copy->from, e, store_copy_keep(copy, buf_take(&sql)), "");
	buf_fini(&sql);
	return rc;
}

/* Either side waits minutes for the other. */
static int be_patient(struct db *db, struct error *e)
{
	return db_kind(db) == DB_SQLITE
		? 0
		: db_exec(db, e, "SET idle_in_transaction_session_timeout = 0", "");
}

/* ---- the copy ------------------------------------------------------------------------------------ */

static bool is_outbox(const struct store_copy *copy, const struct store_table *table)
{
	return copy->to_log && strcmp(table->name, "outbox") == 0;
}

static int count_source(struct store_copy *copy, struct error *e)
{
	for (size_t i = 0; i < copy->source.count; i++) {
		struct store_table *table = &copy->source.item[i];
		if (!table->both)
			continue;
		if (store_table_count(copy, copy->from, table->name, &table->rows, e) != 0)
			return -1;
		copy->rows += table->rows;
	}
	return 0;
}

static int copy_tables(struct store_copy *copy, struct error *e)
{
	for (size_t i = 0; i < copy->source.count; i++)
		if (copy->source.item[i].both && !is_outbox(copy, &copy->source.item[i]) &&
			store_table_copy(copy, &copy->source.item[i], e) != 0)
			return -1;
	return 0;
}

/* Before the messages: they are rows of tables that were copied. */
static int compare_counts(struct store_copy *copy, struct error *e)
{
	for (size_t i = 0; i < copy->source.count; i++) {
		struct store_table *table = &copy->source.item[i];
		if (!table->both || is_outbox(copy, table))
			continue;
		if (store_table_count(copy, copy->to, table->name, &table->written, e) != 0)
			return -1;
		if (table->written != table->rows || table->read != table->rows)
			return error_set(e, ERROR_INTERNAL, "%s: %lld rows counted, %lld read, %lld written", table->name,
				(long long)table->rows, (long long)table->read, (long long)table->written);
	}
	return 0;
}

static int copy_all(struct store_copy *copy, struct error *e)
{
	if (count_source(copy, e) != 0 || db_begin(copy->to, DB_WRITE, e) != 0)
		return -1;
	if (check_empty(copy, e) != 0 || copy_tables(copy, e) != 0 || compare_counts(copy, e) != 0 ||
		store_messages_copy(copy, e) != 0 || store_sequences_set(copy, e) != 0)
		return -1;
	return db_commit(copy->to, DB_DURABLE, e);
}

int store_copy_run(struct store_copy *copy, struct error *e)
{
	if (be_patient(copy->from, e) != 0 || be_patient(copy->to, e) != 0 ||
		store_tables_read(copy->from, &copy->source, e) != 0 ||
		store_tables_read(copy->to, &copy->target, e) != 0 || compare_tables(copy, e) != 0 ||
		lock_source(copy, e) != 0)
		return -1;
	int rc = check_stopped(copy, e);
	if (rc == 0)
		rc = copy_all(copy, e);
	db_rollback(copy->to);
	/* Who starts on the old one by mistake sends nothing twice. */
	if (rc == 0)
		rc = store_mark_restored(copy->from, e);
	if (rc == 0)
		rc = db_commit(copy->from, DB_DURABLE, e);
	db_rollback(copy->from);
	return rc;
}
