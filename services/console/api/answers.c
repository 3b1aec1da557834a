/* What was asked of whom, what came back, entering and deciding. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer/answer.h"
#include "answer/field.h"
#include "base/clock.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "console/api/handlers.h"
#include "console/api/place.h"

#define COUNT(members) (sizeof(members) / sizeof(members)[0])
#define SOURCE_SIZE 140

/* ---- values --------------------------------------------------------------------------------- */

static json_t *trouble_json(int64_t trouble)
{
	json_t *list = json_array();
	static const struct {
		int64_t bit;
		const char *name;
	} bits[] = {{ASK_TROUBLE_DIFFERS, "differs"}, {ASK_TROUBLE_BOUNCED, "bounced"}, {ASK_TROUBLE_ABSENT, "absent"},
		{ASK_TROUBLE_REVIEW, "review"}};
	for (size_t i = 0; i < COUNT(bits); i++)
		if ((trouble & bits[i].bit) != 0)
			json_array_append_new(list, json_string(bits[i].name));
	return list;
}

static json_t *ask_json(const struct ask *ask)
{
	return json_pack("{s:o, s:s, s:I, s:o, s:o, s:o, s:i, s:s, s:o, s:o, s:I}", "id", api_id(ask->id), "campaign", ask->slug,
		"round", (json_int_t)ask->round_number, "round_label", api_string(ask->round_label), "organisation",
		api_string(ask->key), "name", api_string(ask->name), "level", ask->level, "state", ask_state_name(ask->state),
		"trouble", trouble_json(ask->trouble), "deadline", api_moment(ask->deadline_ms), "versions",
		(json_int_t)ask->versions);
}

static json_t *answer_json(const struct answer *a)
{
	return json_pack("{s:I, s:s, s:s, s:o, s:o, s:b, s:O, s:O, s:o, s:o, s:o, s:o, s:o, s:o}", "version",
		(json_int_t)a->version, "state", a->state, "way", answer_way_name(a->way), "received_at",
		api_moment(a->received_ms), "recorded_at", api_moment(a->recorded_ms), "late", (int)a->late, "fields", a->fields,
		"missing", a->missing, "name", api_string(a->name), "phone", api_string(a->phone), "address",
		api_string(a->address), "actor", api_string(a->actor), "note", api_string(a->note), "mail",
		a->mail == 0 ? json_null() : api_id(a->mail));
}

/* ---- list -------------------------------------------------------------------------------------- */

#define LOOKED_AT_MOST 5000 /* asks of one request: a rare state among many goes on with the next page */
#define PIECE 500

struct listing {
	struct api *api;
	json_t *items;
	const char *state;
	int64_t limit;
	int64_t last;
	struct error e;
};

static bool is_wanted(const struct listing *l, const struct ask *ask)
{
	if (l->state == NULL)
		return true;
	if (strcmp(l->state, "differs") == 0)
		return (ask->trouble & ASK_TROUBLE_DIFFERS) != 0;
	return strcmp(l->state, ask_state_name(ask->state)) == 0;
}

/* The one that counts, else the latest. */
static int note_answer(void *arg, const struct answer *answer)
{
	json_t **out = arg;
	bool counts = strcmp(answer->state, "counts") == 0;
	if (*out == NULL || counts) {
		json_decref(*out);
		*out = answer_json(answer);
	}
	return counts;
}

static int list_one(void *arg, const struct ask *ask)
{
	struct listing *l = arg;
	json_t *answer = NULL;
	if ((int64_t)json_array_size(l->items) == l->limit)
		return 1;
	if (is_wanted(l, ask)) {
		if (ask->versions > 0 && answer_each(l->api->db, ask->id, note_answer, &answer, &l->e) != 0)
			return 1;
		json_t *object = ask_json(ask);
		json_object_set_new(object, "answer", answer == NULL ? json_null() : answer);
		json_array_append_new(l->items, object);
	}
	l->last = ask->id;
	return 0;
}

void api_asks(struct api *api)
{
	struct listing l = {.api = api};
	struct report_place place;
	int64_t after = 0, last = 0, seen = 0;
	int n;
	if (!api_limit(api, &l.limit) || !api_after_number(api, &after) ||
		!api_query_word(api, "state", "open received partial confirmed withdrawn differs", &l.state) ||
		!api_find_round(api, &place))
		return;
	l.items = json_array();
	l.last = after;
	do {
		n = ask_each(api->db, place.campaign, place.number, l.last, PIECE, list_one, &l, &last, &l.e);
		seen += n > 0 ? n : 0;
	} while (n == PIECE && l.e.code == ERROR_NONE && seen < LOOKED_AT_MOST && (int64_t)json_array_size(l.items) < l.limit);
	if (n < 0 || l.e.code != ERROR_NONE) {
		json_decref(l.items);
		api_error(api, &l.e);
		return;
	}
	bool more = n == PIECE || (int64_t)json_array_size(l.items) == l.limit;
	api_list_numbers(api, l.items, more ? l.last : 0);
}

/* ---- one ------------------------------------------------------------------------------------------ */

struct story {
	struct api *api;
	json_t *versions, *files;
	struct error e;
};

static int add_file(void *arg, const struct answer_stored_file *file)
{
	struct story *s = arg;
	json_array_append_new(s->files, json_pack("{s:I, s:o, s:o, s:o, s:I, s:s}", "position", (json_int_t)file->position, "name",
					      api_string(file->name), "field", api_string(file->field), "media_type",
					      api_string(file->media_type), "size", (json_int_t)file->size, "sha256", file->hash));
	return 0;
}

static int add_version(void *arg, const struct answer *answer)
{
	struct story *s = arg;
	json_t *object = answer_json(answer);
	s->files = json_array();
	int rc = answer->files == 0 ? 0 : answer_files_each(s->api->db, answer->id, add_file, s, &s->e);
	json_object_set_new(object, "files", s->files);
	json_array_append_new(s->versions, object);
	return rc != 0;
}

static json_t *fields_json(struct api *api, int64_t campaign, struct error *e)
{
	struct fields fields;
	if (ask_fields(api->db, campaign, &fields, e) != 0)
		return NULL;
	json_t *list = json_array();
	for (size_t i = 0; i < fields.count; i++)
		json_array_append_new(list, json_pack("{s:s, s:o, s:s, s:b}", "field", fields.item[i].name, "label",
						  api_string(fields.item[i].label), "type", field_type_words[fields.item[i].type],
						  "required", (int)fields.item[i].required));
	fields_fini(&fields);
	return list;
}

void api_ask(struct api *api)
{
	struct story s = {.api = api};
	struct ask ask;
	json_t *fields = NULL;
	if (!api_find_ask(api, &ask))
		return;
	json_t *body = ask_json(&ask);
	s.versions = json_array();
	if (answer_each(api->db, ask.id, add_version, &s, &s.e) == 0 && s.e.code == ERROR_NONE)
		fields = fields_json(api, ask.campaign, &s.e);
	ask_fini(&ask);
	if (fields == NULL) {
		json_decref(s.versions);
		json_decref(body);
		api_error(api, &s.e);
		return;
	}
	json_object_set_new(body, "fields", fields);
	json_object_set_new(body, "answers", s.versions);
	api_reply(api, 200, body);
}

/* ---- files ------------------------------------------------------------------------------------------ */

void api_answer_file(struct api *api)
{
	struct error e = {0};
	struct ask ask;
	struct db_stmt *row;
	int64_t version;
	long long position;
	if (!api_part_number(api, "version", &version) || !api_find_ask(api, &ask))
		return;
	int64_t id = ask.id;
	ask_fini(&ask);
	if (!gate_int64(web_part(api->request, "position"), 0, INT32_MAX, &position)) {
		api_problem(api, API_NOT_FOUND, NULL, NULL);
		return;
	}
	enum db_step step = db_query(api->db, &row, &e,
				    "SELECT f.name, f.media_type, b.data FROM answer a JOIN answer_file f ON f.answer = a.id"
				    " JOIN blob b ON b.hash = f.hash WHERE a.ask = $1 AND a.version = $2 AND f.position = $3",
				    "iii", id, version, (int64_t)position) != 0
		? DB_FAILED
		: db_step(row, &e);
	if (step == DB_ROW) {
		size_t len;
		const void *data = db_blob(row, 2, &len);
		const char *type = db_text(row, 1);
		api->status = 200;
		web_reply_download(api->request, data, len, db_text(row, 0), type == NULL ? "application/octet-stream" : type);
		db_reset(row);
	} else if (step == DB_DONE) {
		api_problem(api, API_NOT_FOUND, NULL, NULL);
	} else {
		api_error(api, &e);
	}
}

/* ---- entering ------------------------------------------------------------------------------------------ */

static json_t *outcome_json(const struct answer_outcome *o)
{
	return json_pack("{s:I, s:s, s:b, s:b, s:b, s:O}", "version", (json_int_t)o->version, "state", ask_state_name(o->state),
		"late", (int)o->late, "differs", (int)o->differs, "repeated", (int)o->repeated, "missing", o->missing);
}

struct deed {
	struct ask ask;
	struct answer_new new;
	int64_t version;
	enum answer_decision decision;
	const char *word, *note;
	char source[SOURCE_SIZE];
};

/* What was said names persons; the log says which ask, and how it stands. */
static int audit(struct api_act *act, struct db *tx, const struct deed *deed, const char *action, struct error *e)
{
	char *subject = xasprintf("ask:%lld", (long long)deed->ask.id);
	json_t *facts = json_copy(act->body);
	json_object_set_new(facts, "campaign", json_string(deed->ask.slug));
	json_object_set_new(facts, "organisation", json_string(deed->ask.key));
	int rc = console_audit(act->api->visit, tx, action, subject, facts, NULL, e);
	free(subject);
	return rc;
}

static int record(struct api_act *act, struct db *tx, struct error *e)
{
	struct deed *deed = act->arg;
	struct answer_outcome outcome;
	if (answer_record(tx, act->api->visit->console->bus, deed->source, &deed->new, &outcome, e) != 0)
		return -1;
	act->body = outcome_json(&outcome);
	answer_outcome_fini(&outcome);
	return audit(act, tx, deed, "answer.record", e);
}

static int decide(struct api_act *act, struct db *tx, struct error *e)
{
	struct deed *deed = act->arg;
	struct answer_outcome outcome;
	char action[40];
	if (answer_decide(tx, act->api->visit->console->bus, deed->source, deed->ask.id, deed->version, deed->decision,
		    act->api->visit->visitor->actor, deed->note, &outcome, e) != 0)
		return -1;
	act->body = outcome_json(&outcome);
	answer_outcome_fini(&outcome);
	snprintf(action, sizeof action, "answer.%s", deed->word);
	return audit(act, tx, deed, action, e);
}

static void act_and_reply(struct api *api, struct deed *deed, int (*work)(struct api_act *, struct db *, struct error *), int status)
{
	struct api_act act = {.work = work, .api = api, .arg = deed, .status = status};
	snprintf(deed->source, sizeof deed->source, "vestnik/%s", api->visit->visitor->actor);
	if (api_act(&act))
		api_reply(api, act.status, act.body);
}

/* Each value by itself, so that every wrong one is named. */
static bool values_good(struct api *api, int64_t campaign, json_t *values, size_t *asked)
{
	struct fields fields;
	struct error e = {0};
	json_t *errors = json_array(), *value;
	const char *name;
	if (ask_fields(api->db, campaign, &fields, &e) != 0) {
		json_decref(errors);
		api_error(api, &e);
		return false;
	}
	json_object_foreach(values, name, value)
	{
		const struct field *field = fields_find(&fields, name);
		e = (struct error){0};
		if (field == NULL)
			(void)error_set(&e, ERROR_INPUT, tr("no field «%.60s» is asked", "поле «%.60s» не спрашивают"), name);
		else if (!json_is_null(value))
			(void)field_check(field, value, &e);
		if (e.code == ERROR_NONE)
			continue;
		char *pointer = xasprintf("/fields/%s", name);
		json_array_append_new(errors, json_pack("{s:s, s:o, s:o, s:o}", "severity", "error", "pointer", api_string(pointer),
						      "field", api_string(name), "detail", api_string(e.text)));
		free(pointer);
	}
	*asked = fields.count;
	fields_fini(&fields);
	if (json_array_size(errors) == 0) {
		json_decref(errors);
		return true;
	}
	api_problem(api, API_INVALID, NULL, errors);
	return false;
}

void api_answer(struct api *api)
{
	static const struct api_member members[] = {{"fields", API_OBJECT, false, 0, 0, NULL},
		{"way", API_TEXT, false, 0, 0, "staff phone mail import"}, {"name", API_LINE, false, 0, 300, NULL},
		{"phone", API_LINE, false, 0, 100, NULL}, {"address", API_ADDRESS, false, 0, 0, NULL},
		{"note", API_TEXT, false, 0, 2000, NULL}, {"received_at", API_TIME, false, 0, 40, NULL}};
	struct deed deed = {0};
	if (!api_body_is(api, members, COUNT(members)) || !api_find_ask(api, &deed.ask))
		return;
	json_t *values = json_object_get(api->body, "fields");
	enum answer_way way = ANSWER_STAFF;
	(void)answer_way_parse(api_text(api, "way") == NULL ? "staff" : api_text(api, "way"), &way);
	size_t asked;
	if (!values_good(api, deed.ask.campaign, values, &asked)) {
		ask_fini(&deed.ask);
		return;
	}
	int64_t received_ms = api_time(api, "received_at"), now_ms = clock_now_ms();
	deed.new = (struct answer_new){.ask = deed.ask.id,
		.way = way,
		.proposed = json_object_size(values) == 0 && asked > 0, /* «received», and nothing counts yet */
		.fields = json_is_object(values) ? values : NULL,
		.name = api_text(api, "name"),
		.phone = api_text(api, "phone"),
		.address = api_text(api, "address"),
		.actor = api->visit->visitor->actor,
		.note = api_text(api, "note"),
		.received_ms = received_ms == 0 || received_ms > now_ms ? now_ms : received_ms};
	act_and_reply(api, &deed, record, 201);
	ask_fini(&deed.ask);
}

void api_decide(struct api *api)
{
	static const struct api_member members[] = {{"decision", API_TEXT, true, 0, 0, "confirm refuse reopen"},
		{"version", API_INTEGER, false, 1, INT32_MAX, NULL}, {"note", API_TEXT, false, 0, 2000, NULL}};
	struct deed deed = {0};
	if (!api_body_is(api, members, COUNT(members)) || !api_find_ask(api, &deed.ask))
		return;
	deed.word = api_text(api, "decision");
	deed.decision = strcmp(deed.word, "confirm") == 0 ? ANSWER_CONFIRM : strcmp(deed.word, "refuse") == 0 ? ANSWER_REFUSE : ANSWER_REOPEN;
	deed.version = api_integer(api, "version", 0);
	deed.note = api_text(api, "note");
	act_and_reply(api, &deed, decide, 200);
	ask_fini(&deed.ask);
}
