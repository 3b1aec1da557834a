#include "roadmap/memory.h"

#include <stdlib.h>
#include <string.h>

#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"

static const char *const kind_names[] = {"recipients", "department", "nobody", "open"};
#define DEPARTMENT_MAX_BYTES 300

struct memory {
	struct responsible_meaning *item;
	size_t count;
};

const char *responsible_kind_name(enum responsible_kind kind)
{
	return kind_names[kind];
}

/* ---- reading ---------------------------------------------------------------------- */

static void take_row(struct memory *memory, struct db_stmt *stmt)
{
	if ((memory->count & (memory->count - 1)) == 0)
		memory->item = xrealloc(memory->item, memory->count == 0 ? 1 : memory->count * 2, sizeof *memory->item);
	struct responsible_meaning *m = &memory->item[memory->count++];
	*m = (struct responsible_meaning){.text_key = xstrdup(db_text(stmt, 0)),
		.text = xstrdup(db_text(stmt, 1)),
		.kind = RESPONSIBLE_NOBODY,
		.keys = json_loads(db_text(stmt, 3), 0, NULL),
		.department = xstrdup(db_text(stmt, 4)),
		.actor = xstrdup(db_text(stmt, 5)),
		.updated_ms = db_int(stmt, 6)};
	for (int i = 0; i < 4; i++)
		if (strcmp(db_text(stmt, 2), kind_names[i]) == 0)
			m->kind = (enum responsible_kind)i;
	if (!json_is_array(m->keys)) {
		json_decref(m->keys);
		m->keys = json_array();
	}
}

static int by_key(const void *a, const void *b)
{
	const struct responsible_meaning *x = a, *y = b;
	return strcmp(x->text_key, y->text_key);
}

int memory_load(struct db *db, struct memory **out, struct error *e)
{
	struct db_stmt *stmt;
	struct memory *memory = xcalloc(1, sizeof *memory);
	enum db_step step;
	if (db_query(db, &stmt, e,
		    "SELECT text_key, text, kind, keys, department, actor, updated_ms FROM responsible", "") != 0) {
		memory_free(&memory);
		return -1;
	}
	while ((step = db_step(stmt, e)) == DB_ROW)
		take_row(memory, stmt);
	if (step == DB_FAILED) {
		memory_free(&memory);
		return -1;
	}
	if (memory->count > 0)
		qsort(memory->item, memory->count, sizeof *memory->item, by_key);
	*out = memory;
	return 0;
}

void memory_free(struct memory **memory)
{
	if (*memory == NULL)
		return;
	for (size_t i = 0; i < (*memory)->count; i++) {
		struct responsible_meaning *m = &(*memory)->item[i];
		free(m->text_key);
		free(m->text);
		free(m->department);
		free(m->actor);
		json_decref(m->keys);
	}
	free((*memory)->item);
	free(*memory);
	*memory = NULL;
}

size_t memory_count(const struct memory *memory)
{
	return memory->count;
}

const struct responsible_meaning *memory_at(const struct memory *memory, size_t i)
{
	return &memory->item[i];
}

const struct responsible_meaning *memory_find(const struct memory *memory, const char *text)
{
	struct responsible_meaning wanted = {.text_key = responsible_key(text)};
	const struct responsible_meaning *found = memory->count == 0
		? NULL
		: bsearch(&wanted, memory->item, memory->count, sizeof *memory->item, by_key);
	free(wanted.text_key);
	return found != NULL && found->kind == RESPONSIBLE_OPEN ? NULL : found;
}

/* ---- writing ------------------------------------------------------------------------ */

static int check_keys(struct db *db, const json_t *keys, struct error *e)
{
	size_t i;
	const json_t *item;
	if (json_array_size(keys) == 0 || json_array_size(keys) > MEMORY_KEYS_MAX)
		return error_set(e, ERROR_INPUT,
			tr("name 1 to %d organisations by their keys", "назовите от 1 до %d организаций по их ключам"),
			MEMORY_KEYS_MAX);
	json_array_foreach(keys, i, item)
	{
		int64_t id;
		enum db_step step = db_query_int(
			db, &id, e, "SELECT id FROM organisation WHERE key = $1 AND active = 1", "s", json_string_value(item));
		if (step == DB_FAILED)
			return -1;
		if (step == DB_DONE)
			return error_set(e, ERROR_NOT_FOUND,
				tr("the directory has no organisation «%.80s»", "в справочнике нет организации «%.80s»"),
				json_string_value(item));
	}
	return 0;
}

static int put(struct db *db, const char *key, const char *text, enum responsible_kind kind, const char *keys,
	const char *department, const char *actor, int64_t now_ms, struct error *e)
{
	return db_exec(db, e,
		"INSERT INTO responsible (text_key, text, kind, keys, department, actor, updated_ms)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7)"
		" ON CONFLICT (text_key) DO UPDATE SET text = excluded.text, kind = excluded.kind, keys = excluded.keys,"
		" department = excluded.department, actor = excluded.actor, updated_ms = excluded.updated_ms",
		"ssssssi", key, text, kind_names[kind], keys, department, actor, now_ms);
}

int memory_set(struct db *db, const char *text, enum responsible_kind kind, const json_t *keys,
	const char *department, const char *actor, int64_t now_ms, struct error *e)
{
	char *line = gate_clean_line(text, RESPONSIBLE_TEXT_MAX_BYTES), *key = responsible_key(line);
	char *name = department == NULL ? NULL : gate_clean_line(department, DEPARTMENT_MAX_BYTES);
	char *list = json_dumps(kind == RESPONSIBLE_RECIPIENTS ? keys : NULL, JSON_COMPACT);
	int rc = -1;
	if (key[0] == '\0') {
		(void)error_set(e, ERROR_INPUT, "%s", tr("the text is empty", "текст пуст"));
		goto out;
	}
	if (kind == RESPONSIBLE_DEPARTMENT && (name == NULL || name[0] == '\0')) {
		(void)error_set(e, ERROR_INPUT, "%s", tr("the department has no name", "у отдела нет названия"));
		goto out;
	}
	if (db_begin(db, DB_WRITE, e) != 0)
		goto out;
	rc = kind == RESPONSIBLE_RECIPIENTS ? check_keys(db, keys, e) : 0;
	if (rc == 0)
		rc = put(db, key, line, kind, list == NULL ? "[]" : list, kind == RESPONSIBLE_DEPARTMENT ? name : NULL,
			actor, now_ms, e);
	rc = rc != 0 ? -1 : db_commit(db, DB_DURABLE, e);
out:
	db_rollback(db);
	free(list);
	free(name);
	free(key);
	free(line);
	return rc;
}

int memory_note_open(struct db *db, const char *const *texts, size_t count, int64_t now_ms, struct error *e)
{
	int rc = count == 0 ? 0 : db_begin(db, DB_WRITE, e);
	for (size_t i = 0; i < count && rc == 0; i++) {
		char *key = responsible_key(texts[i]);
		rc = db_exec(db, e,
			"INSERT INTO responsible (text_key, text, kind, updated_ms) VALUES ($1, $2, 'open', $3)"
			" ON CONFLICT (text_key) DO NOTHING",
			"ssi", key, texts[i], now_ms);
		free(key);
	}
	if (rc == 0 && count > 0)
		rc = db_commit(db, DB_DURABLE, e);
	db_rollback(db);
	return rc;
}

int memory_forget(struct db *db, const char *text, struct error *e)
{
	char *key = responsible_key(text);
	int rc = db_exec(db, e, "DELETE FROM responsible WHERE text_key = $1", "s", key);
	if (rc == 0 && db_changes(db) != 1)
		rc = error_set(e, ERROR_NOT_FOUND, tr("nobody has said what «%.200s» means", "о тексте «%.200s» ничего не сказано"),
			text);
	free(key);
	return rc;
}

/* ---- a cell --------------------------------------------------------------------------- */

static void add_once(json_t *array, const char *text)
{
	size_t i;
	const json_t *item;
	json_array_foreach(array, i, item) if (strcmp(json_string_value(item), text) == 0) return;
	json_array_append_new(array, json_string(text));
}

static void take_meaning(const struct responsible_meaning *m, struct memory_reading *out)
{
	size_t i;
	const json_t *item;
	if (m->kind == RESPONSIBLE_NOBODY)
		out->nobody++;
	else if (m->kind == RESPONSIBLE_DEPARTMENT)
		add_once(out->departments, m->department);
	else
		json_array_foreach(m->keys, i, item) add_once(out->keys, json_string_value(item));
}

/* The meaning of the longest known run that begins at first; *last is its end. */
static const struct responsible_meaning *longest(
	const struct memory *memory, const struct responsible_parts *parts, size_t first, size_t *last)
{
	const struct responsible_meaning *found = NULL;
	for (*last = parts->count; found == NULL && *last > first;) {
		char *text = responsible_run(parts, first, --*last);
		found = memory_find(memory, text);
		free(text);
	}
	return found;
}

void memory_read(const struct memory *memory, const char *cell, struct memory_reading *out)
{
	struct responsible_parts parts;
	*out = (struct memory_reading){.keys = json_array(), .departments = json_array()};
	responsible_split(cell, &parts);
	for (size_t i = 0; i < parts.count; i++) {
		size_t last = i;
		const struct responsible_meaning *m = longest(memory, &parts, i, &last);
		if (m == NULL) {
			out->unknown[out->unknown_count++] = xstrdup(parts.part[i]);
			continue;
		}
		take_meaning(m, out);
		i = last;
	}
	responsible_parts_fini(&parts);
}

void memory_reading_fini(struct memory_reading *reading)
{
	for (size_t i = 0; i < reading->unknown_count; i++)
		free(reading->unknown[i]);
	json_decref(reading->keys);
	json_decref(reading->departments);
	*reading = (struct memory_reading){0};
}
