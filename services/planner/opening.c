#include "planner/opening.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "store/ask_row.h"
#include "store/rows.h"

#define KEYS_TEXT_MAX (1024 * 1024)
#define PERSONS_MAX 10000 /* that acknowledge, of a batch */

static int64_t recipient_at(const void *arg, size_t i)
{
	return ((const struct letter_row *)arg)[i].recipient;
}

static int recipients_text(const struct letters *letters, struct buf *out, struct error *e)
{
	buf_init(out, KEYS_TEXT_MAX);
	return rows_keys(out, letters->count, recipient_at, letters->row, e);
}

/* ---- children -------------------------------------------------------------------------- */

static struct letter_row *find_first(const struct letters *letters, int64_t recipient)
{
	size_t low = 0, high = letters->count; /* in the order of recipients */
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (letters->row[middle].recipient < recipient)
			low = middle + 1;
		else
			high = middle;
	}
	return low < letters->count && letters->row[low].recipient == recipient ? &letters->row[low] : NULL;
}

static int read_parents(struct planner *planner, const struct round_row *round, const struct letters *letters,
	struct error *e)
{
	struct buf keys;
	struct db_stmt *stmt;
	enum db_step step = DB_FAILED;
	if (recipients_text(letters, &keys, e) == 0 &&
		db_query(planner->db, &stmt, e,
			"SELECT o.id, a.id FROM @KEYS($1) k CROSS JOIN organisation o CROSS JOIN organisation p"
			" CROSS JOIN ask a WHERE o.id = k.key AND p.key = o.parent_key AND a.round = $2"
			" AND a.organisation = p.id AND a.level = 0",
			"si", buf_str(&keys), round->id) == 0)
		while ((step = db_step(stmt, e)) == DB_ROW) {
			struct letter_row *row = find_first(letters, db_int(stmt, 0));
			for (; row != NULL && row < letters->row + letters->count && row->recipient == db_int(stmt, 0);
				row++)
				row->parent = db_int(stmt, 1);
		}
	buf_fini(&keys);
	return step == DB_DONE ? 0 : -1;
}

static void keep_children(struct letters *letters)
{
	size_t kept = 0;
	for (size_t i = 0; i < letters->count; i++) {
		struct letter_row *row = &letters->row[i];
		if (row->parent != 0) {
			letters->row[kept++] = *row;
			continue;
		}
		free(row->address);
		free(row->fields);
		free(row->suppressed);
		free(row->place);
	}
	letters->count = kept;
}

int opening_prepare(struct planner *planner, struct opening *opening, const struct round_row *round,
	int64_t level, struct letters *letters, struct error *e)
{
	*opening = (struct opening){.round = round, .level = level, .asks = round_asks(round)};
	if (level == 1 && letters->count > 0) {
		if (read_parents(planner, round, letters, e) != 0)
			return -1;
		keep_children(letters);
	}
	return round->told ? fields_end_make(&opening->end, round, level, false, e) : 0;
}

void opening_fini(struct opening *opening)
{
	fields_end_fini(&opening->end);
}

/* ---- asks ---------------------------------------------------------------------------------- */

static int open_asks(struct planner *planner, const struct opening *opening, const struct letters *letters,
	int64_t *ids, struct error *e)
{
	struct ask_new *rows = xcalloc(letters->count + 1, sizeof *rows);
	int64_t *recipients = xcalloc(letters->count + 1, sizeof *recipients);
	size_t count = 0;
	for (size_t i = 0; i < letters->count; i++) {
		const struct letter_row *letter = &letters->row[i];
		recipients[i] = letter->recipient;
		if (count > 0 && rows[count - 1].organisation == letter->recipient)
			continue; /* another contact of it */
		rows[count++] = (struct ask_new){.campaign = opening->round->campaign,
			.round = opening->round->id,
			.organisation = letter->recipient,
			.level = opening->level,
			.parent = letter->parent,
			.place = letter->place,
			.deadline_ms = round_deadline_ms(opening->round, opening->level),
			.now_ms = opening->now_ms};
	}
	int rc = ask_insert_all(planner->db, rows, count, e);
	if (rc == 0)
		rc = ask_ids(planner->db, opening->round->id, opening->level, recipients, letters->count, ids, e);
	free(recipients);
	free(rows);
	return rc;
}

/* The directory may have got a new place since the launch. */
static int plan_places(struct planner *planner, const struct opening *opening, const struct letters *letters,
	struct error *e)
{
	const json_t *round = opening->round->round;
	const char *before = "";
	if (json_array_size(json_object_get(round, opening->level == 1 ? "collect_remind" : "remind")) == 0)
		return 0;
	for (size_t i = 0; i < letters->count; i++) {
		const char *place = letters->row[i].place;
		int64_t known;
		if (strcmp(place, before) == 0)
			continue;
		before = place;
		enum db_step step = db_query_int(planner->db, &known, e,
			"SELECT id FROM plan WHERE round = $1 AND kind = 'reminder' AND level = $2 AND place = $3 LIMIT 1",
			"iis", opening->round->id, opening->level, place);
		if (step == DB_FAILED ||
			(step == DB_DONE && round_plan_place(planner, opening->round, place, opening->now_ms, e) != 0))
			return -1;
	}
	return 0;
}

/* Asked by the ministry itself: not a second time through its parent. */
static void drop_asked_already(struct letters *letters, int64_t *ids)
{
	for (size_t i = 0; i < letters->count; i++)
		letters->row[i].parent = ids[i];
	keep_children(letters);
	for (size_t i = 0; i < letters->count; i++)
		ids[i] = letters->row[i].parent;
}

int opening_write(struct planner *planner, struct opening *opening, struct letters *letters, struct error *e)
{
	if (letters->count == 0 || !opening->round->told)
		return 0;
	int64_t *ids = xcalloc(letters->count, sizeof *ids);
	int rc = 0;
	if (opening->asks && (open_asks(planner, opening, letters, ids, e) != 0 ||
				     plan_places(planner, opening, letters, e) != 0))
		rc = -1;
	if (rc == 0 && opening->asks && opening->level == 1)
		drop_asked_already(letters, ids);
	for (size_t i = 0; i < letters->count && rc == 0; i++) {
		char *fields = fields_join(letters->row[i].fields, &opening->end, ids[i], 0);
		free(letters->row[i].fields);
		letters->row[i].fields = fields;
	}
	free(ids);
	return rc;
}

/* ---- acknowledgements ------------------------------------------------------------------------ */

struct person {
	int64_t organisation, contact, position;
	char *role, *name, *title, *address;
};

static void person_fini(struct person *person)
{
	free(person->role);
	free(person->name);
	free(person->title);
	free(person->address);
}

static json_t *text_json(const char *text)
{
	return json_string(text == NULL ? "" : text);
}

/* like: fields of a letter to the same organisation; NULL: the person belongs to none we know. */
static char *person_fields(const struct person *person, const char *like)
{
	json_t *fields = like == NULL ? NULL : json_loads(like, 0, NULL);
	if (fields == NULL) {
		fields = json_pack("{s:{s:s,s:o,s:s,s:s,s:s}}", "recipient", "key", "", "name",
			text_json(person->name), "kind", "", "region", "", "municipality", "");
	}
	json_object_del(fields, "@");
	json_object_del(fields, "deadline");
	json_object_del(fields, "round");
	json_object_set_new(fields, "contact",
		json_pack("{s:o,s:o,s:o}", "name", text_json(person->name), "position", text_json(person->title),
			"role", text_json(person->role)));
	char *text = json_dumps(fields, JSON_COMPACT);
	json_decref(fields);
	return text;
}

/* The row, and with a step its letter. */
static int expect_person(struct planner *planner, const struct round_row *round, const struct fields_end *end,
	const struct person *person, const char *like, int64_t now_ms, struct letters *letters, struct error *e)
{
	struct acknowledgement_new row = {.campaign = round->campaign,
		.round = round->id,
		.organisation = person->organisation,
		.position = person->position,
		.name = person->name,
		.title = person->title,
		.address = person->address};
	int64_t id;
	if (acknowledgement_insert(planner->db, &row, &id, e) != 0)
		return -1;
	if (person->address == NULL || person->address[0] == '\0')
		return 0; /* signs on paper */
	char *head = person_fields(person, like);
	if (head == NULL)
		return error_set(e, ERROR_INPUT, "the name of one who is to acknowledge is not UTF-8");
	struct letter_row *letter = letters_add(letters);
	letter->recipient = person->organisation;
	letter->contact = person->contact;
	letter->due_ms = now_ms;
	letter->address = xstrdup(person->address);
	letter->fields = fields_join(head, end, 0, id);
	free(head);
	return 0;
}

static int send_persons(struct planner *planner, const struct round_row *round, int64_t priority,
	int64_t now_ms, struct letters *letters, struct error *e)
{
	struct letters_of of = {.campaign = round->campaign,
		.priority = priority,
		.round = round->id,
		.step = round_step(round, "acknowledge"),
		.not_after_ms = TIME_NEVER_MS,
		.now_ms = now_ms};
	if (of.step < 0 || letters->count == 0)
		return 0;
	if (letters_find_suppressed(planner, letters, e) != 0)
		return -1;
	return letters_write(planner, &of, letters, NULL, e);
}

static int read_persons(struct planner *planner, const struct letters *letters, const json_t *roles,
	struct person *persons, size_t *count, struct error *e)
{
	struct buf keys;
	struct db_stmt *stmt;
	enum db_step step = DB_FAILED;
	char *list = json_dumps(roles, JSON_COMPACT);
	*count = 0;
	if (recipients_text(letters, &keys, e) == 0 &&
		db_query(planner->db, &stmt, e,
			"SELECT c.organisation, c.id, c.role, c.name, c.position, c.address FROM contact c"
			" WHERE c.organisation IN (SELECT key FROM @KEYS($1)) AND c.active = 1"
			" AND c.role IN (SELECT text FROM @TEXTS($2)) ORDER BY c.organisation, c.id",
			"ss", buf_str(&keys), list) == 0)
		while ((step = db_step(stmt, e)) == DB_ROW && *count < PERSONS_MAX) {
			struct person *person = &persons[(*count)++];
			*person = (struct person){.organisation = db_int(stmt, 0),
				.contact = db_int(stmt, 1),
				.role = xstrdup(db_text(stmt, 2)),
				.name = xstrdup(db_is_null(stmt, 3) ? db_text(stmt, 5) : db_text(stmt, 3)),
				.title = xstrdup(db_text(stmt, 4)),
				.address = xstrdup(db_text(stmt, 5))};
			if (*count > 1 && person[-1].organisation == person->organisation)
				person->position = person[-1].position + 1;
		}
	if (step == DB_ROW) {
		db_reset(stmt);
		step = error_set(e, ERROR_INPUT, "over %d people of one batch are to acknowledge", PERSONS_MAX);
	}
	buf_fini(&keys);
	free(list);
	return step == DB_DONE ? 0 : -1;
}

int opening_acknowledgements(struct planner *planner, const struct opening *opening,
	const struct letters *letters, struct error *e)
{
	const struct round_row *round = opening->round;
	const json_t *roles = json_object_get(json_object_get(round->definition, "acknowledge"), "roles");
	if (opening->level != 0 || letters->count == 0 || json_array_size(roles) == 0 ||
		json_object_get(round->round, "acknowledge") == NULL)
		return 0;
	struct person *persons = xcalloc(PERSONS_MAX, sizeof *persons);
	struct letters theirs = {0};
	size_t count;
	int rc = read_persons(planner, letters, roles, persons, &count, e);
	for (size_t i = 0; i < count; i++) {
		if (rc == 0)
			rc = expect_person(planner, round, &opening->end, &persons[i],
				find_first(letters, persons[i].organisation)->fields, opening->now_ms, &theirs, e);
		person_fini(&persons[i]);
	}
	if (rc == 0)
		rc = send_persons(planner, round, opening->priority, opening->now_ms, &theirs, e);
	letters_fini(&theirs);
	free(persons);
	return rc;
}

static char *text_of(const json_t *object, const char *name)
{
	return xstrdup(json_string_value(json_object_get(object, name)));
}

int opening_persons(struct planner *planner, const struct round_row *round, int64_t priority, int64_t now_ms,
	struct error *e)
{
	const json_t *list = json_object_get(json_object_get(round->definition, "acknowledge"), "persons"), *item;
	if (json_object_get(round->round, "acknowledge") == NULL)
		return 0;
	struct letters letters = {0};
	struct fields_end end;
	size_t index;
	if (fields_end_make(&end, round, 0, false, e) != 0)
		return -1;
	int rc = 0;
	json_array_foreach((json_t *)(uintptr_t)list, index, item)
	{
		struct person person = {.contact = (int64_t)index,
			.position = (int64_t)index,
			.name = text_of(item, "name"),
			.title = text_of(item, "position"),
			.address = text_of(item, "address")};
		if (rc == 0)
			rc = expect_person(planner, round, &end, &person, NULL, now_ms, &letters, e);
		person_fini(&person);
	}
	if (rc == 0)
		rc = send_persons(planner, round, priority, now_ms, &letters, e);
	fields_end_fini(&end);
	letters_fini(&letters);
	return rc;
}
