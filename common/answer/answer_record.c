/* A version is written down; what counts is decided by rules, what is in doubt by people. */
#include <stdlib.h>
#include <string.h>

#include "answer/answer.h"
#include "answer/answer_inside.h"
#include "answer/field_inside.h"
#include "base/clock.h"
#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"

struct said { /* of one call; strings owned */
	char *name, *phone, *address, *actor, *note;
	json_t *own;    /* what was said, without what is empty */
	json_t *whole;  /* with what counted before, where it is only completed */
	json_t *missing;
};

static char *line_or_null(const char *text, size_t most)
{
	if (text == NULL)
		return NULL;
	char *line = gate_clean_line(text, most);
	if (line[0] == '\0') {
		free(line);
		return NULL;
	}
	return line;
}

static char *note_or_null(const char *text)
{
	if (text == NULL || text[0] == '\0')
		return NULL;
	char *note = xstrndup(text, strnlen(text, ANSWER_NOTE_MAX_BYTES));
	gate_utf8_mend(note);
	field_clean_text(note);
	return note;
}

static int read_said(struct answer_case *c, const struct answer_new *new, struct said *said, struct error *e)
{
	said->name = line_or_null(new->name, ANSWER_NAME_MAX_BYTES);
	said->phone = line_or_null(new->phone, ANSWER_PHONE_MAX_BYTES);
	said->address = line_or_null(new->address, GATE_ADDRESS_MAX);
	said->actor = line_or_null(new->actor, ANSWER_NAME_MAX_BYTES);
	said->note = note_or_null(new->note);
	if (fields_check(c->fields, new->fields, e) != 0)
		return -1;
	if (new->files > ANSWER_FILES_MAX)
		return error_set(e, ERROR_INPUT, tr("at most %d files", "не больше %d файлов"), ANSWER_FILES_MAX);
	for (size_t i = 0; i < new->files; i++) {
		const struct answer_file *file = &new->file[i];
		const struct field *field = file->field == NULL ? NULL : fields_find(c->fields, file->field);
		if (file->field != NULL && (field == NULL || field->type != FIELD_FILE))
			return error_set(e, ERROR_INPUT, tr("no file is asked for «%.60s»", "в «%.60s» файл не спрашивают"),
				file->field);
		if (answer_file_check(file->name, file->data, file->len, e) != 0)
			return -1;
	}
	said->own = answer_compact(new->fields);
	answer_name_files(c->fields, said->own, new->file, new->files);
	bool completes = answer_way_completes(new->way) && c->counting.id != 0;
	if (!completes) {
		said->whole = json_incref(said->own);
		return 0;
	}
	/* here what is empty takes a value away: not said->own */
	json_t *with_files = new->fields == NULL ? json_object() : json_deep_copy(new->fields);
	answer_name_files(c->fields, with_files, new->file, new->files);
	said->whole = answer_merge(c->counting.fields, with_files);
	json_decref(with_files);
	return 0;
}

static void said_fini(struct said *said)
{
	free(said->name);
	free(said->phone);
	free(said->address);
	free(said->actor);
	free(said->note);
	json_decref(said->own);
	json_decref(said->whole);
	json_decref(said->missing);
}

/* ---- what becomes of it ---------------------------------------------------------------- */

/* Figures, or everything that is asked of an ask without fields. */
static bool is_answer(const struct answer_case *c, const struct answer_new *new, const struct said *said)
{
	bool mail = new->way == ANSWER_REPLY || new->way == ANSWER_MAIL;
	bool says_none = new->fields == NULL || json_object_size(new->fields) == 0;
	if (json_object_size(said->own) > 0)
		return true;
	return c->fields->count == 0 ? !mail : !says_none && c->counting.id != 0 && answer_way_completes(new->way);
}

static const char *state_of_proposal(const struct answer_case *c, const struct answer_row *row,
	const struct said *said)
{
	if (c->counting.id == 0)
		return "proposed";
	if (!answer_changes(c->counting.fields, said->whole) && json_equal(c->counting.fields, said->whole))
		return "superseded"; /* says what counts already */
	if (answer_changes(c->counting.fields, said->whole) && !answer_same_person(&c->counting, row))
		return "differs";
	return "proposed";
}

static const char *state_of_answer(const struct answer_case *c, const struct answer_row *row,
	const struct said *said)
{
	if (c->counting.id == 0 || row->way == ANSWER_STAFF ||
		!answer_changes(c->counting.fields, said->whole))
		return "counts";
	/* Corrected by the same person until the deadline; the report has gone out after it. */
	return !row->late && answer_same_person(&c->counting, row) ? "counts" : "differs";
}

/* Does `other` say what counts and `whole` says otherwise? */
static bool loses(const json_t *other, const json_t *counting, const json_t *whole)
{
	const char *name;
	json_t *value;
	json_object_foreach(field_loose(counting), name, value) {
		const json_t *said = json_object_get(other, name);
		if (!field_empty(value) && said != NULL && json_equal(value, field_loose(said)) &&
			!json_equal(value, field_loose(json_object_get(whole, name))))
			return true;
	}
	return false;
}

/* Whoever repeats another's figure, or adds to it (the form is filled in with it), must not be able to change
 * it afterwards as if it were his own. */
static int changes_anothers(struct answer_case *c, const struct answer_row *row, const json_t *whole, bool *out,
	struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	*out = false;
	if (db_query(c->tx, &stmt, e,
		    "SELECT fields, name, address, actor FROM answer WHERE ask = $1 AND state = 'superseded'"
		    " ORDER BY id DESC LIMIT 64",
		    "i", c->ask.id) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW) {
		struct answer other = {.fields = json_loads(db_text(stmt, 0), 0, NULL),
			.name = xstrdup(db_text(stmt, 1)),
			.address = xstrdup(db_text(stmt, 2)),
			.actor = xstrdup(db_text(stmt, 3))};
		*out = *out || (!answer_same_person(&other, row) && loses(other.fields, c->counting.fields, whole));
		answer_fini(&other);
	}
	return step == DB_FAILED ? -1 : 0;
}

static const char *decide(const struct answer_case *c, const struct answer_new *new,
	const struct answer_row *row, const struct said *said)
{
	if (!is_answer(c, new, said)) /* a message: somebody reads it, unless nothing is open any more */
		return c->ask.state == ASK_CONFIRMED ? "superseded" : "proposed";
	return new->proposed ? state_of_proposal(c, row, said) : state_of_answer(c, row, said);
}

/* The same person pressed the button twice, or the browser did. */
static int is_repeated(struct answer_case *c, const struct answer_new *new, const struct answer_row *row,
	struct answer *last, bool *repeated, struct error *e)
{
	*repeated = false;
	if (c->ask.versions == 0)
		return 0;
	if (answer_find(c->tx, c->ask.id, c->ask.versions, 0, last, e) != 0)
		return -1;
	bool stands = strcmp(last->state, "counts") == 0 || strcmp(last->state, "proposed") == 0 ||
		strcmp(last->state, "differs") == 0;
	bool note_same = (row->note == NULL) == (last->note == NULL) &&
		(row->note == NULL || strcmp(row->note, last->note) == 0);
	*repeated = stands && new->files == 0 && last->way == row->way && last->mail == row->mail && note_same &&
		json_equal(last->fields, field_loose(row->fields)) && answer_same_person(last, row);
	return 0;
}

/* What the same person proposed, or said differently, he says anew by what counts now: left standing,
 * staff could still make a figure count that he took back. */
static int drop_own_doubts(struct answer_case *c, const struct answer_row *row, int64_t except,
	struct error *e)
{
	struct db_stmt *stmt;
	int64_t ids[64];
	size_t n = 0;
	enum db_step step;
	if (db_query(c->tx, &stmt, e,
		    "SELECT id, name, address, actor FROM answer WHERE ask = $1 AND state IN ('proposed', 'differs') AND id <> $2"
		    " ORDER BY id DESC LIMIT 64",
		    "ii", c->ask.id, except) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW) {
		struct answer other = {.name = xstrdup(db_text(stmt, 1)),
			.address = xstrdup(db_text(stmt, 2)),
			.actor = xstrdup(db_text(stmt, 3))};
		if (answer_same_person(&other, row))
			ids[n++] = db_int(stmt, 0);
		answer_fini(&other);
	}
	for (size_t i = 0; step == DB_DONE && i < n; i++)
		if (answer_set_state(c, ids[i], "superseded", e) != 0)
			return -1;
	return step == DB_DONE ? 0 : -1;
}

/* The ask after this version. */
static int apply(struct answer_case *c, const struct answer_row *row, int64_t id, struct error *e)
{
	c->ask.trouble &= ~(int64_t)ASK_TROUBLE_ABSENT; /* somebody is there */
	if (strcmp(row->state, "counts") != 0) {
		if (c->ask.state == ASK_OPEN)
			c->ask.state = ASK_RECEIVED;
		return 0;
	}
	if (c->counting.id != 0 && answer_set_state(c, c->counting.id, "superseded", e) != 0)
		return -1;
	c->ask.answer = id;
	c->ask.state = json_array_size(row->missing) == 0 ? ASK_CONFIRMED : ASK_PARTIAL;
	return row->way == ANSWER_STAFF ? answer_settle(c, id, e) : drop_own_doubts(c, row, id, e);
}

static const char *event_word(const struct answer_case *c, const struct answer_row *row)
{
	if (strcmp(row->state, "differs") == 0)
		return "differs";
	return strcmp(row->state, "counts") == 0 ? ask_state_name(c->ask.state) : "received";
}

static void tell(const struct answer_case *c, const struct answer_row *row, int64_t id,
	int64_t version, struct answer_outcome *out)
{
	*out = (struct answer_outcome){.answer = id,
		.version = version,
		.state = c->ask.state,
		.late = row->late,
		.differs = strcmp(row->state, "differs") == 0,
		.missing = json_deep_copy(row->missing)};
}

/* An empty form is a slip; an empty letter is one all the same. */
static int check_not_empty(const struct answer_case *c, const struct answer_new *new,
	const struct said *said, struct error *e)
{
	bool form = new->way == ANSWER_FORM || new->way == ANSWER_SHEET || new->way == ANSWER_CASCADE;
	if (form && c->fields->count > 0 && json_object_size(said->own) == 0 && new->files == 0)
		return error_set(e, ERROR_INPUT, "%s",
			tr("nothing was filled in: give at least one answer", "ничего не заполнено: укажите хотя бы один ответ"));
	if (c->ask.versions >= ANSWER_VERSIONS_MAX)
		return error_set(e, ERROR_INPUT, "%s",
			tr("this answer was corrected too often: telephone the performer",
				"ответ исправляли слишком много раз: позвоните исполнителю"));
	return 0;
}

static int record(struct answer_case *c, const struct answer_new *new, struct said *said,
	struct answer_outcome *outcome, struct error *e)
{
	struct answer last = {0};
	int64_t id = 0;
	bool repeated;
	if (read_said(c, new, said, e) != 0 || check_not_empty(c, new, said, e) != 0)
		return -1;
	struct answer_row row = {.way = new->way,
		.fields = said->own,
		.name = said->name,
		.phone = said->phone,
		.address = said->address,
		.actor = said->actor,
		.note = said->note,
		.late = new->received_ms >= c->ask.deadline_ms,
		.received_ms = new->received_ms,
		.mail = new->mail};
	row.state = decide(c, new, &row, said);
	if (strcmp(row.state, "counts") == 0 && row.way != ANSWER_STAFF && c->counting.id != 0 &&
		answer_changes(c->counting.fields, said->whole)) {
		bool anothers;
		if (changes_anothers(c, &row, said->whole, &anothers, e) != 0)
			return -1;
		if (anothers)
			row.state = "differs";
	}
	if (strcmp(row.state, "counts") == 0 || strcmp(row.state, "differs") == 0)
		row.fields = said->whole;
	row.missing = said->missing = fields_missing(c->fields, said->whole);
	if (is_repeated(c, new, &row, &last, &repeated, e) != 0)
		return -1;
	if (repeated) {
		tell(c, &row, last.id, last.version, outcome);
		outcome->differs = strcmp(last.state, "differs") == 0;
		outcome->repeated = true;
		answer_fini(&last);
		return 0;
	}
	answer_fini(&last);
	if (answer_insert(c, &row, &id, e) != 0 ||
		answer_store_files(c, id, row.fields, new->file, new->files, e) != 0 ||
		apply(c, &row, id, e) != 0 || answer_case_store(c, e) != 0 ||
		answer_event(c, event_word(c, &row), c->ask.versions, row.way, row.late,
			new->proposed ? NULL : row.fields, false, e) != 0)
		return -1;
	tell(c, &row, id, c->ask.versions, outcome);
	return 0;
}

int answer_record(struct db *tx, struct bus *bus, const char *source, const struct answer_new *answer,
	struct answer_outcome *outcome, struct error *e)
{
	return answer_record_known(tx, bus, source, NULL, answer, outcome, e);
}

int answer_record_known(struct db *tx, struct bus *bus, const char *source, const struct fields *known,
	const struct answer_new *answer, struct answer_outcome *outcome, struct error *e)
{
	struct answer_case c;
	struct said said = {0};
	*outcome = (struct answer_outcome){0};
	int rc = answer_case_open(&c, tx, bus, source, answer->ask, known, e);
	if (rc == 0)
		rc = record(&c, answer, &said, outcome, e);
	said_fini(&said);
	answer_case_close(&c);
	if (rc != 0)
		answer_outcome_fini(outcome);
	return rc;
}

void answer_outcome_fini(struct answer_outcome *outcome)
{
	json_decref(outcome->missing);
	*outcome = (struct answer_outcome){0};
}
