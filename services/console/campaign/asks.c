/* /asks/{id}: one organisation's answer, all versions of it, and the decisions staff take. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer/answer.h"
#include "answer/field.h"
#include "askform/ask_form.h"
#include "base/clock.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "console/campaign/ask_place.h"
#include "console/campaign/part.h"
#include "message/status.h"

#define VERSIONS_SHOWN 40
#define CELLS_SHOWN 400 /* of a version's table */
#define NOTE_MAX_BYTES 500

/* ---- which ask ---------------------------------------------------------------------------- */

bool ask_place_open(struct visit *visit, struct ask_place *out)
{
	struct error e = {0};
	long long id;
	*out = (struct ask_place){.visit = visit};
	enum db_step step = gate_int64(web_part(visit->request, "id"), 1, INT64_MAX, &id) ? ask_by_id(visit->db, id, &out->ask, &e)
											       : DB_DONE;
	if (step == DB_ROW) {
		out->found = true;
		if (ask_fields(visit->db, out->ask.campaign, &out->fields, &e) == 0)
			return true;
		step = DB_FAILED;
	}
	if (step == DB_FAILED)
		web_reply_error(visit->request, &e);
	else
		console_not_found(visit, tr("There is no such request.", "Такого запроса нет."));
	return false;
}

void ask_place_fini(struct ask_place *place)
{
	if (place->found)
		ask_fini(&place->ask);
	fields_fini(&place->fields);
}

json_t *ask_place_page(const struct ask_place *place, const char *title)
{
	const struct ask *ask = &place->ask;
	char *campaign = NULL;
	struct db_stmt *stmt;
	struct error e;
	if (db_query(place->visit->db, &stmt, &e, "SELECT title FROM campaign WHERE id = $1", "i", ask->campaign) == 0 &&
		db_step(stmt, &e) == DB_ROW) {
		campaign = xstrdup(db_text(stmt, 0));
		db_reset(stmt);
	}
	json_t *data = json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:o, s:I, s:o, s:b, s:b}", "title", title, "here", "campaigns", "ask",
		(json_int_t)ask->id, "name", ask->name[0] == '\0' ? ask->key : ask->name, "key", ask->key, "slug", ask->slug, "campaign",
		campaign == NULL ? ask->slug : campaign, "round", show_text(ask->round_label), "round_number", (json_int_t)ask->round_number,
		"deadline", ask->deadline_ms == TIME_NEVER_MS ? json_null() : show_time(place->visit, ask->deadline_ms), "may_answer",
		visit_may(place->visit, RIGHT_ANSWER_WRITE), "withdrawn", ask->state == ASK_WITHDRAWN);
	free(campaign);
	return data;
}

/* ---- versions --------------------------------------------------------------------------------- */

struct listing {
	const struct ask_place *place;
	json_t *all;
	struct error e;
};

static int take_file(void *arg, const struct answer_stored_file *file)
{
	json_t *files = arg;
	json_array_append_new(files, json_pack("{s:s, s:I, s:o}", "name", file->name, "position", (json_int_t)file->position, "size",
					 show_bytes(file->size)));
	return 0;
}

static json_t *missing_labels(const struct fields *fields, const json_t *names)
{
	json_t *all = json_array();
	for (size_t i = 0; i < json_array_size(names); i++) {
		const char *name = json_string_value(json_array_get(names, i));
		char first[WEB_FIELD_NAME_MAX] = "";
		if (name != NULL)
			(void)snprintf(first, sizeof first, "%.*s", (int)strcspn(name, "."), name);
		const struct field *field = fields_find(fields, first);
		json_array_append_new(all, json_string(field == NULL ? first : field->label));
	}
	return all;
}

static json_t *said_by(const struct answer *a)
{
	if (a->name == NULL && a->phone == NULL && a->address == NULL)
		return json_null();
	return json_sprintf("%s%s%s%s%s", a->name == NULL ? "" : a->name, a->name != NULL && a->phone != NULL ? ", " : "",
		a->phone == NULL ? "" : a->phone, (a->name != NULL || a->phone != NULL) && a->address != NULL ? ", " : "",
		a->address == NULL ? "" : a->address);
}

static int take_version(void *arg, const struct answer *a)
{
	struct listing *l = arg;
	bool counts = strcmp(a->state, "counts") == 0, waits = strcmp(a->state, "proposed") == 0 || strcmp(a->state, "differs") == 0;
	json_t *files = json_array(), *missing = missing_labels(&l->place->fields, a->missing);
	if (a->files > 0 && answer_files_each(l->place->visit->db, a->id, take_file, files, &l->e) != 0) {
		json_decref(files);
		json_decref(missing);
		return 1;
	}
	json_t *version = json_pack("{s:I, s:I, s:o, s:s, s:s, s:s, s:b, s:b, s:o, s:o, s:o, s:b, s:o}", "version", (json_int_t)a->version,
		"answer", (json_int_t)a->id, "when", show_time(l->place->visit, a->received_ms), "way", answer_way_words(a->way), "state",
		answer_state_words(a->state), "class", counts ? "good" : waits ? "warn" : "quiet", "counts", counts, "waits", waits, "who",
		said_by(a), "actor", show_text(a->actor), "note", show_text(a->note), "late", a->late, "files", files);
	json_object_set_new(version, "has_missing", json_boolean(json_array_size(missing) > 0));
	json_object_set_new(version, "missing", missing);
	json_object_set_new(version, "empty", json_boolean(json_object_size(a->fields) == 0));
	json_object_set_new(version, "fields",
		json_object_size(a->fields) == 0 ? json_array() : ask_values_show(&l->place->fields, a->fields, CELLS_SHOWN));
	json_object_set_new(version, "mail", a->mail == 0 ? json_null() : json_integer(a->mail));
	json_object_set_new(version, "enough", json_boolean(counts && l->place->ask.state == ASK_PARTIAL));
	json_array_append_new(l->all, version);
	return json_array_size(l->all) >= VERSIONS_SHOWN;
}

/* ---- its letters -------------------------------------------------------------------------------- */

static int add_letters(const struct ask_place *place, json_t *data, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	json_t *list = json_array();
	char *steps = round_steps(place->visit->db, place->ask.round, e);
	int rc = steps == NULL ? -1
			       : db_query(place->visit->db, &stmt, e,
					 "SELECT key, state, address, updated_ms, COALESCE(reason, '') FROM delivery WHERE round = $1"
					 " AND step IN (SELECT key FROM @KEYS($2)) AND recipient = $3 ORDER BY key LIMIT 100",
					 "isi", place->ask.round, steps, place->ask.organisation);
	free(steps);
	step = DB_DONE;
	while (rc == 0 && (step = db_step(stmt, e)) == DB_ROW) {
		int64_t state = db_int(stmt, 1);
		bool arrived = state == DELIVERY_ACCEPTED || state == DELIVERY_DELIVERED;
		json_array_append_new(list,
			json_pack("{s:I, s:s, s:s, s:s, s:o, s:o}", "key", (json_int_t)db_int(stmt, 0), "address", db_text(stmt, 2), "state",
				delivery_words((enum delivery_state)state), "class",
				arrived ? "good" : state >= DELIVERY_BOUNCED ? "bad" : "quiet", "when", show_time(place->visit, db_int(stmt, 3)), "reason",
				arrived ? json_null() : show_text(db_text(stmt, 4))));
	}
	json_object_set_new(data, "has_letters", json_boolean(json_array_size(list) > 0));
	json_object_set_new(data, "letters", list);
	json_object_set_new(data, "may_delivery", json_boolean(visit_may(place->visit, RIGHT_DELIVERY_READ)));
	return rc != 0 || step == DB_FAILED ? -1 : 0;
}

void page_ask(struct visit *visit)
{
	struct ask_place place;
	struct error e = {0};
	if (ask_place_open(visit, &place)) {
		struct listing listing = {.place = &place, .all = json_array()};
		json_t *data = ask_place_page(&place, place.ask.name);
		json_object_set_new(data, "badges", ask_badges(place.ask.state, place.ask.trouble, false));
		if (answer_each(visit->db, place.ask.id, take_version, &listing, &e) == 0 && listing.e.code == ERROR_NONE &&
			add_letters(&place, data, &e) == 0) {
			json_object_set_new(data, "any", json_boolean(json_array_size(listing.all) > 0));
			json_object_set_new(data, "versions", listing.all);
			json_object_set_new(data, "hidden",
				place.ask.versions > VERSIONS_SHOWN ? show_number(place.ask.versions - VERSIONS_SHOWN) : json_null());
			json_object_set_new(data, "open", json_boolean(place.ask.state == ASK_OPEN));
			console_page(visit, 200, "ask", data);
		} else {
			json_decref(data);
			json_decref(listing.all);
			web_reply_error(visit->request, e.code != ERROR_NONE ? &e : &listing.e);
		}
	}
	ask_place_fini(&place);
}

/* Whoever sent it: it is kept, not shown. */
void send_answer_file(struct visit *visit)
{
	long long answer, position;
	if (gate_int64(web_part(visit->request, "answer"), 1, INT64_MAX, &answer) &&
		gate_int64(web_part(visit->request, "position"), 0, INT32_MAX, &position))
		send_blob(visit,
			"SELECT b.data, f.name FROM answer_file f JOIN blob b ON b.hash = f.hash WHERE f.answer = $1 AND f.position = $2",
			answer, position, NULL);
	else
		console_not_found(visit, NULL);
}

/* ---- deciding --------------------------------------------------------------------------------------- */

struct deciding {
	const struct ask_place *place;
	enum answer_decision decision;
	int64_t version;
	const char *note;
	char source[140];
	struct answer_outcome outcome;
};

static int decide(void *arg, struct db *tx, struct error *e)
{
	struct deciding *d = arg;
	struct visit *visit = d->place->visit;
	static const char *const actions[] = {[ANSWER_CONFIRM] = "answer.confirm", [ANSWER_REFUSE] = "answer.refuse",
		[ANSWER_REOPEN] = "answer.reopen"};
	char subject[60];
	answer_outcome_fini(&d->outcome);
	if (answer_decide(tx, visit->console->bus, d->source, d->place->ask.id, d->version, d->decision, visit->visitor->actor, d->note,
		    &d->outcome, e) != 0)
		return -1;
	(void)snprintf(subject, sizeof subject, "ask:%" PRId64, d->place->ask.id);
	return console_audit(visit, tx, actions[d->decision], subject,
		json_pack("{s:s, s:s, s:I}", "campaign", d->place->ask.slug, "state", ask_state_name(d->outcome.state), "version",
			(json_int_t)d->outcome.version),
		d->note == NULL ? NULL : json_pack("{s:s}", "note", d->note), e);
}

void take_decision(struct visit *visit)
{
	static const char *const names[] = {[ANSWER_CONFIRM] = "confirm", [ANSWER_REFUSE] = "refuse", [ANSWER_REOPEN] = "reopen"};
	struct ask_place place;
	struct error e = {0};
	const char *wanted = web_value(visit->request, "decision"), *number = web_value(visit->request, "version");
	const char *typed = web_value(visit->request, "note");
	long long version = 0;
	if (ask_place_open(visit, &place)) {
		char *note = gate_clean_line(typed == NULL ? "" : typed, NOTE_MAX_BYTES), *location = xasprintf("/asks/%" PRId64, place.ask.id);
		struct deciding d = {.place = &place, .note = note[0] == '\0' ? NULL : note};
		size_t i = 0;
		while (wanted != NULL && i < 3 && strcmp(names[i], wanted) != 0)
			i++;
		(void)snprintf(d.source, sizeof d.source, "vestnik/%s", visit->visitor->actor);
		if (wanted == NULL || i == 3 || (number != NULL && !gate_int64(number, 0, INT32_MAX, &version))) {
			web_reply_problem(visit->request, 400, NULL, NULL);
		} else {
			d.decision = (enum answer_decision)i;
			d.version = version;
			if (console_transaction(visit, decide, &d, &e) == 0) {
				char *done = xasprintf(tr("Done. The request is now: %s", "Готово. Запрос теперь: %s"),
					ask_state_words(d.outcome.state));
				console_done(visit, location, done);
				free(done);
			} else {
				console_error(visit, &e);
			}
		}
		answer_outcome_fini(&d.outcome);
		free(location);
		free(note);
	}
	ask_place_fini(&place);
}
