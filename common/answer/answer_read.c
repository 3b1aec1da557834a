/* Answers read back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer/answer.h"
#include "answer/answer_inside.h"
#include "base/xalloc.h"

#define COLUMNS                                                                                    \
	"SELECT a.id, a.version, a.way, a.state, a.fields, a.missing, a.name, a.phone, a.address,"    \
	" a.actor, a.note, a.late, a.received_ms, a.mail,"                                            \
	" (SELECT count(*) FROM answer_file f WHERE f.answer = a.id), a.recorded_ms FROM answer a"

static char *text_or_null(struct db_stmt *row, int column)
{
	return db_is_null(row, column) ? NULL : xstrdup(db_text(row, column));
}

static json_t *json_in(struct db_stmt *row, int column)
{
	return json_loads(db_text(row, column) == NULL ? "" : db_text(row, column), 0, NULL);
}

static int read_answer(struct db_stmt *row, struct answer *out, struct error *e)
{
	*out = (struct answer){.id = db_int(row, 0),
		.version = db_int(row, 1),
		.fields = json_in(row, 4),
		.missing = json_in(row, 5),
		.name = text_or_null(row, 6),
		.phone = text_or_null(row, 7),
		.address = text_or_null(row, 8),
		.actor = text_or_null(row, 9),
		.note = text_or_null(row, 10),
		.late = db_int(row, 11) != 0,
		.received_ms = db_int(row, 12),
		.mail = db_int(row, 13),
		.files = (size_t)db_int(row, 14),
		.recorded_ms = db_int(row, 15)};
	(void)snprintf(out->state, sizeof out->state, "%s", db_text(row, 3));
	if (json_is_object(out->fields) && json_is_array(out->missing) &&
		answer_way_parse(db_text(row, 2), &out->way) == 0)
		return 0;
	(void)error_set(e, ERROR_INTERNAL, "answer %lld is damaged", (long long)out->id);
	answer_fini(out);
	return -1;
}

void answer_fini(struct answer *answer)
{
	json_decref(answer->fields);
	json_decref(answer->missing);
	free(answer->name);
	free(answer->phone);
	free(answer->address);
	free(answer->actor);
	free(answer->note);
	*answer = (struct answer){0};
}

int answer_find(struct db *db, int64_t ask, int64_t version, int64_t id, struct answer *out,
	struct error *e)
{
	struct db_stmt *row;
	*out = (struct answer){0};
	int rc = version != 0
		? db_query(db, &row, e, COLUMNS " WHERE a.ask = $1 AND a.version = $2", "ii", ask, version)
		: db_query(db, &row, e, COLUMNS " WHERE a.id = $1", "i", id);
	if (rc != 0)
		return -1;
	enum db_step step = db_step(row, e);
	if (step == DB_ROW && read_answer(row, out, e) != 0)
		step = DB_FAILED;
	db_reset(row);
	return step == DB_FAILED ? -1 : 0;
}

int answer_each(struct db *db, int64_t ask, int (*each)(void *arg, const struct answer *answer),
	void *arg, struct error *e)
{
	struct db_stmt *row;
	struct answer answer;
	enum db_step step;
	if (db_query(db, &row, e, COLUMNS " WHERE a.ask = $1 ORDER BY a.version DESC", "i", ask) != 0)
		return -1;
	while ((step = db_step(row, e)) == DB_ROW) {
		int rc = read_answer(row, &answer, e);
		if (rc == 0) {
			rc = each(arg, &answer);
			answer_fini(&answer);
			if (rc == 0)
				continue;
			rc = 0;
		}
		db_reset(row);
		return rc;
	}
	return step == DB_FAILED ? -1 : 0;
}

int answer_counting(struct db *db, const struct ask *ask, json_t **fields, struct error *e)
{
	struct answer answer;
	*fields = NULL;
	if (ask->answer == 0)
		return 0;
	if (answer_find(db, ask->id, 0, ask->answer, &answer, e) != 0)
		return -1;
	if (answer.id != 0)
		*fields = json_incref(answer.fields);
	answer_fini(&answer);
	return 0;
}

int answer_files_each(struct db *db, int64_t answer,
	int (*each)(void *arg, const struct answer_stored_file *file), void *arg, struct error *e)
{
	struct db_stmt *row;
	enum db_step step;
	if (db_query(db, &row, e,
		    "SELECT position, field, name, media_type, size, hash FROM answer_file WHERE answer = $1"
		    " ORDER BY position",
		    "i", answer) != 0)
		return -1;
	while ((step = db_step(row, e)) == DB_ROW) {
		const struct answer_stored_file file = {.position = db_int(row, 0),
			.field = db_is_null(row, 1) ? NULL : db_text(row, 1),
			.name = db_text(row, 2),
			.media_type = db_is_null(row, 3) ? NULL : db_text(row, 3),
			.size = db_int(row, 4),
			.hash = db_text(row, 5)};
		if (each(arg, &file) != 0) {
			db_reset(row);
			return 0;
		}
	}
	return step == DB_FAILED ? -1 : 0;
}

/* ---- sums --------------------------------------------------------------------------- */

struct sum {
	const char *name;
	int64_t whole;
	double rest;  /* of those that are no integers */
	bool any, fractions;
};

static void add(struct sum *sum, const json_t *value)
{
	if (json_is_integer(value)) {
		if (__builtin_add_overflow(sum->whole, json_integer_value(value), &sum->whole))
			sum->whole = INT64_MAX; /* 9,000 of the largest answers a field takes */
		sum->any = true;
	} else if (json_is_real(value)) {
		sum->rest += json_real_value(value);
		sum->any = sum->fractions = true;
	}
}

static json_t *sums_json(const struct sum *sum, size_t count)
{
	json_t *out = json_object();
	for (size_t i = 0; i < count; i++)
		if (sum[i].any)
			(void)json_object_set_new(out, sum[i].name,
				sum[i].fractions ? json_real((double)sum[i].whole + sum[i].rest)
						 : json_integer(sum[i].whole));
	return out;
}

static int add_children(struct db *db, int64_t parent, struct sum *sum, size_t count,
	int64_t *answered, struct error *e)
{
	struct db_stmt *row;
	enum db_step step;
	if (db_query(db, &row, e,
		    "SELECT a.fields FROM ask k JOIN answer a ON a.id = k.answer"
		    " WHERE k.parent = $1 AND k.state <> 'withdrawn'",
		    "i", parent) != 0)
		return -1;
	while ((step = db_step(row, e)) == DB_ROW) {
		json_t *fields = json_in(row, 0);
		for (size_t i = 0; i < count; i++)
			add(&sum[i], json_object_get(fields, sum[i].name));
		json_decref(fields);
		++*answered;
	}
	return step == DB_FAILED ? -1 : 0;
}

int answer_children_sum(struct db *db, int64_t parent_ask, const json_t *definition_fields,
	json_t **sums, int64_t *answered, int64_t *asked, struct error *e)
{
	struct fields fields;
	struct sum sum[FIELDS_MAX] = {0};
	size_t count = 0;
	*sums = NULL;
	*answered = *asked = 0;
	if (fields_read(definition_fields, &fields, e) != 0)
		return -1;
	for (size_t i = 0; i < fields.count; i++)
		if (field_sums(&fields.item[i]))
			sum[count++].name = fields.item[i].name;
	enum db_step step = db_query_int(db, asked, e,
		"SELECT count(*) FROM ask WHERE parent = $1 AND state <> 'withdrawn'", "i", parent_ask);
	int rc = step == DB_FAILED ? -1 : add_children(db, parent_ask, sum, count, answered, e);
	if (rc == 0)
		*sums = sums_json(sum, count);
	fields_fini(&fields);
	return rc;
}
