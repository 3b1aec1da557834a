#include "campaign/simulate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "campaign/definition.h"
#include "campaign/folder.h"

#define BATCH 1000
#define ZONES_MOST 500
#define DAY_MS INT64_C(86400000)
#define DAY_MINUTES 1440
/* A month before its deadline is when such a letter is usually written. */
#define USUAL_LEAD_MS (30 * DAY_MS)
#define UNLIMITED INT64_MAX

static const char *const kind_names[SIMULATE_KINDS] = {
	"letters", "collect", "acknowledge", "reminder", "close", "escalation", "report"};

const char *simulate_kind_name(enum simulate_kind kind)
{
	return kind_names[kind];
}

/* ---- whom ------------------------------------------------------------------------------------ */

struct place {
	char *zone;
	const struct workdays *workdays;
	int64_t count[2];
};
struct crowd {
	const struct campaign_folder *folder;
	const struct calendars *calendars;
	struct db *db;
	struct place *place;
	size_t places;
	int64_t before; /* organisation counted last: several contacts are one ask */
	bool cascade;
	struct string_set kinds; /* of those asked through a parent */
	struct error *e;
};

static void count_in(struct crowd *c, const char *zone, const char *region, int level, int64_t n)
{
	const struct workdays *workdays = calendars_of_region(c->calendars, region);
	size_t i = 0;
	if (zone == NULL || zone[0] == '\0')
		zone = definition_zone(c->folder->definition);
	while (i < c->places && (strcmp(c->place[i].zone, zone) != 0 || c->place[i].workdays != workdays))
		i++;
	if (i == c->places) {
		if (c->places == ZONES_MOST)
			return;
		c->place[c->places++] = (struct place){.zone = xstrdup(zone), .workdays = workdays};
	}
	c->place[i].count[level] += n;
}

static int count_children(struct crowd *c, const char *key)
{
	struct db_stmt *stmt;
	enum db_step step;
	if (db_query(c->db, &stmt, c->e,
		    "SELECT o.zone, o.region, o.kind FROM organisation o WHERE o.parent_key = $1 AND o.active = 1",
		    "s", key) != 0)
		return -1;
	while ((step = db_step(stmt, c->e)) == DB_ROW)
		if (c->kinds.count == 0 || string_set_has(&c->kinds, db_text(stmt, 2)))
			count_in(c, db_text(stmt, 0), db_text(stmt, 1), 1, 1);
	return step == DB_DONE ? 0 : -1;
}

struct parents { /* counted after the batch: its statement is still open */
	char **key;
	size_t count, cap;
};
struct counting {
	struct crowd *crowd;
	struct parents parents;
};

static int count_one(void *arg, const struct campaign_recipient *recipient)
{
	struct counting *counting = arg;
	struct parents *parents = &counting->parents;
	const json_t *fields = json_object_get(recipient->fields, "recipient");
	if (recipient->organisation == counting->crowd->before)
		return 0;
	counting->crowd->before = recipient->organisation;
	count_in(counting->crowd, recipient->zone, json_string_value(json_object_get(fields, "region")), 0, 1);
	if (!counting->crowd->cascade)
		return 0;
	if (parents->count == parents->cap) {
		parents->cap = parents->cap == 0 ? 64 : parents->cap * 2;
		parents->key = xrealloc(parents->key, parents->cap, sizeof *parents->key);
	}
	parents->key[parents->count++] = xstrdup(recipient->key);
	return 0;
}

static int count_audience(struct crowd *c, const json_t *filter)
{
	struct counting counting = {.crowd = c};
	struct audience audience;
	struct audience_call call = {
		.audience = &audience, .most = BATCH, .each = count_one, .arg = &counting};
	int rc = folder_audience_init(c->folder, filter, &audience, c->e);
	while (rc == 0 && !call.end) {
		rc = audience_walk(c->db, &call, c->e);
		call.after = call.last;
	}
	audience_fini(&audience);
	for (size_t i = 0; i < counting.parents.count; i++) {
		if (rc == 0)
			rc = count_children(c, counting.parents.key[i]);
		free(counting.parents.key[i]);
	}
	free(counting.parents.key);
	return rc;
}

static void crowd_clear(struct crowd *c)
{
	for (size_t i = 0; i < c->places; i++)
		free(c->place[i].zone);
	c->places = 0;
	c->before = 0;
}

/* ---- when it would be launched ------------------------------------------------------------------- */

static int64_t document_ms(const json_t *definition)
{
	const char *date = json_string_value(
		json_object_get(json_object_get(definition, "document"), "date"));
	int32_t day;
	int64_t ms = 0;
	if (date == NULL || day_parse(date, &day, NULL) != 0 ||
		day_to_ms(day, DEFINITION_OPEN_MINUTE, definition_zone(definition), &ms, NULL) != 0)
		return 0;
	return ms;
}

/* Now, unless the first deadline has passed: then when its letters would have gone. */
static int64_t launch_ms(const json_t *definition, const json_t *rounds)
{
	int64_t now_ms = clock_now_ms(), first_ms = INT64_MAX, document = document_ms(definition);
	size_t index;
	const json_t *round;
	json_array_foreach(rounds, index, round)
	{
		const json_t *deadline = json_object_get(round, "deadline");
		const json_t *starts = json_object_get(round, "starts_ms");
		int64_t at_ms = INT64_MAX;
		if (json_is_true(json_object_get(round, "draft")))
			continue;
		if (starts != NULL) /* an order is not sent before it is written */
			at_ms = json_integer_value(starts) > document ? json_integer_value(starts) : document;
		else if (document != 0)
			at_ms = document;
		else if (deadline != NULL)
			at_ms = json_integer_value(json_object_get(deadline, "at_ms")) - USUAL_LEAD_MS;
		if (at_ms < first_ms)
			first_ms = at_ms;
	}
	return first_ms < now_ms ? first_ms : now_ms;
}

/* ---- rows -------------------------------------------------------------------------------------------- */

struct timeline {
	struct simulation *out;
	size_t cap;
	struct crowd *crowd;
	const json_t *round; /* in hand */
	struct error *e;
};

static struct simulate_row *add(struct timeline *t, enum simulate_kind kind, int64_t at_ms,
	const char *reason_en, const char *reason_ru)
{
	if (t->out->count == t->cap) {
		t->cap = t->cap == 0 ? 64 : t->cap * 2;
		t->out->row = xrealloc(t->out->row, t->cap, sizeof *t->out->row);
	}
	struct simulate_row *row = &t->out->row[t->out->count++];
	*row = (struct simulate_row){.at_ms = at_ms,
		.round_number = json_integer_value(json_object_get(t->round, "number")),
		.kind = kind,
		.label = xstrdup(json_string_value(json_object_get(t->round, "label"))),
		.recipients = -1,
		.reason_en = xstrdup(reason_en),
		.reason_ru = xstrdup(reason_ru)};
	return row;
}

static int64_t total(const struct crowd *c, int level)
{
	int64_t n = 0;
	for (size_t i = 0; i < c->places; i++)
		n += c->place[i].count[level];
	return n;
}

/* With local times each zone has a moment of its own. */
static int add_letters(struct timeline *t, const struct plan_row *plan, int level)
{
	const json_t *d = t->crowd->folder->definition;
	enum simulate_kind kind = level == 1 ? SIMULATE_COLLECT : SIMULATE_LETTERS;
	if (!definition_local(d) || t->crowd->db == NULL) {
		struct simulate_row *row = add(t, kind, plan->due_ms, plan->reason_en, plan->reason_ru);
		row->level = level;
		row->recipients = t->crowd->db == NULL ? -1 : total(t->crowd, level);
		row->overtaken = plan->overtaken;
		return 0;
	}
	for (size_t i = 0; i < t->crowd->places; i++) {
		const struct place *place = &t->crowd->place[i];
		char en[CALENDAR_TEXT_SIZE], ru[CALENDAR_TEXT_SIZE];
		int64_t at_ms;
		if (place->count[level] == 0)
			continue;
		if (definition_opens_ms(d, t->round, place->zone, t->out->from_ms, &at_ms, t->e) != 0 ||
			calendar_format(at_ms, place->zone, LANG_EN, CALENDAR_FULL, en, t->e) != 0 ||
			calendar_format(at_ms, place->zone, LANG_RU, CALENDAR_FULL, ru, t->e) != 0)
			return -1;
		struct simulate_row *row = add(t, kind, at_ms, en, ru);
		row->level = level;
		row->zone = xstrdup(place->zone);
		row->recipients = place->count[level];
		row->overtaken = plan->overtaken;
	}
	return 0;
}

static void add_acknowledge(struct timeline *t, const struct plan_row *plan)
{
	const json_t *acknowledge = json_object_get(t->crowd->folder->definition, "acknowledge");
	if (json_object_get(t->round, "acknowledge") == NULL)
		return;
	int64_t persons = (int64_t)json_array_size(json_object_get(acknowledge, "persons"));
	if (json_array_size(json_object_get(acknowledge, "roles")) > 0)
		persons += total(t->crowd, 0) * (int64_t)json_array_size(json_object_get(acknowledge, "roles"));
	struct simulate_row *row = add(t, SIMULATE_ACKNOWLEDGE, plan->due_ms,
		"those who are to confirm that they have read it get a letter of their own",
		"тем, кто подтверждает, что прочёл, уходит отдельное письмо");
	row->recipients = persons;
}

static int add_plan_row(struct timeline *t, const struct plan_row *plan)
{
	static const enum simulate_kind kinds[PLAN_KINDS] = {[PLAN_REMINDER] = SIMULATE_REMINDER,
		[PLAN_CLOSE] = SIMULATE_CLOSE, [PLAN_ESCALATION] = SIMULATE_ESCALATION,
		[PLAN_REPORT] = SIMULATE_REPORT};
	if (plan->kind == PLAN_OPEN) {
		add_acknowledge(t, plan);
		if (json_object_get(t->round, "collect") != NULL && add_letters(t, plan, 1) != 0)
			return -1;
		return add_letters(t, plan, 0);
	}
	int64_t recipients = -1;
	for (size_t i = 0; plan->kind == PLAN_REMINDER && i < t->crowd->places; i++)
		if (t->crowd->place[i].zone == plan->place)
			recipients = t->crowd->place[i].count[plan->level];
	if (recipients == 0 && t->crowd->db != NULL) /* nobody of this level lives there */
		return 0;
	struct simulate_row *row = add(t, kinds[plan->kind], plan->due_ms, plan->reason_en, plan->reason_ru);
	row->level = plan->level;
	row->step = plan->step;
	row->zone = plan->place[0] == '\0' ? NULL : xstrdup(plan->place);
	row->recipients = t->crowd->db == NULL ? -1 : recipients;
	row->overtaken = plan->overtaken;
	return 0;
}

/* One round alone, since each may have an audience, and so places, of its own. */
static int add_round(struct timeline *t)
{
	struct crowd *c = t->crowd;
	struct plan_rows rows;
	struct plan_place *places;
	json_t *alone = json_copy(c->folder->definition);
	if (c->db == NULL)
		count_in(c, NULL, NULL, 0, 0);
	json_object_set_new(alone, "rounds", json_pack("[O]", (json_t *)(uintptr_t)t->round));
	places = xcalloc(c->places + 1, sizeof *places);
	for (size_t i = 0; i < c->places; i++)
		places[i] = (struct plan_place){.zone = c->place[i].zone,
			.workdays = c->place[i].workdays,
			.count = {c->place[i].count[0], c->place[i].count[1]}};
	int rc = plan_make(alone, calendars_own(c->calendars), places, c->places, t->out->from_ms, &rows, t->e);
	for (size_t i = 0; rc == 0 && i < rows.count; i++)
		rc = add_plan_row(t, &rows.item[i]);
	plan_rows_fini(&rows);
	free(places);
	json_decref(alone);
	return rc;
}

static int by_time(const void *a, const void *b)
{
	const struct simulate_row *x = a, *y = b;
	if (x->at_ms != y->at_ms)
		return x->at_ms < y->at_ms ? -1 : 1;
	if (x->round_number != y->round_number)
		return x->round_number < y->round_number ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->level != y->level)
		return y->level - x->level;
	if (x->step != y->step)
		return x->step < y->step ? -1 : 1;
	return x->zone == NULL || y->zone == NULL ? 0 : strcmp(x->zone, y->zone);
}

/* ---- how long sending takes ----------------------------------------------------------------------------- */

static int64_t per_day(const struct settings_rate *rate)
{
	if (rate->count == 0 || rate->per_ms == 0)
		return UNLIMITED;
	return rate->per_ms > DAY_MS ? rate->count * 1000 / (rate->per_ms * 1000 / DAY_MS)
				     : rate->count * (DAY_MS / rate->per_ms);
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t within_hours(int64_t a_day, const json_t *definition)
{
	const json_t *send = json_object_get(definition, "send");
	int64_t minutes = json_integer_value(json_object_get(send, "close_minute")) -
		json_integer_value(json_object_get(send, "open_minute"));
	return a_day == UNLIMITED || minutes == 0 ? a_day : a_day / DAY_MINUTES * minutes;
}

/* A quota counts whole days, rates only the hours in which letters go. */
static int64_t letters_per_day(const struct campaign_folder *folder, const struct settings *settings)
{
	const json_t *rate = json_object_get(folder->definition, "rate");
	struct settings_rate own = {json_integer_value(json_object_get(rate, "count")),
		json_integer_value(json_object_get(rate, "per_ms"))};
	int64_t relays = 0;
	for (size_t i = 0; i < settings->relays_count && relays != UNLIMITED; i++) {
		const struct settings_relay *relay = &settings->relays[i];
		int64_t most = least(per_day(&relay->quota),
			within_hours(per_day(&relay->rate), folder->definition));
		if (relay->weight > 0)
			relays = most == UNLIMITED ? UNLIMITED : relays + most;
	}
	return least(relays == 0 ? UNLIMITED : relays, within_hours(per_day(&own), folder->definition));
}

static void estimate(const struct campaign_folder *folder, const struct settings *settings,
	struct simulation *out)
{
	out->per_day = letters_per_day(folder, settings);
	for (size_t i = 0; i < out->count; i++) {
		int64_t letters = 0;
		if (out->row[i].kind > SIMULATE_ACKNOWLEDGE || out->row[i].recipients < 0)
			continue;
		for (size_t k = 0; k < out->count; k++)
			if (out->row[k].round_number == out->row[i].round_number &&
				out->row[k].kind <= SIMULATE_ACKNOWLEDGE && !out->row[k].overtaken)
				letters += out->row[k].recipients > 0 ? out->row[k].recipients : 0;
		if (letters > out->letters_most)
			out->letters_most = letters;
	}
	if (out->per_day == UNLIMITED || out->per_day == 0)
		out->per_day = 0;
	else if (out->letters_most > out->per_day)
		out->days_most = (out->letters_most + out->per_day - 1) / out->per_day;
}

/* ---- all of it ----------------------------------------------------------------------------------------------- */

static void keep_zones(struct simulation *out, const struct crowd *c)
{
	out->zone = xcalloc(c->places + 1, sizeof *out->zone);
	for (size_t i = 0; i < c->places; i++)
		out->zone[out->zones++] = (struct simulate_zone){
			xstrdup(c->place[i].zone), c->place[i].count[0], c->place[i].count[1]};
}

static int run(struct timeline *t, const json_t *rounds)
{
	struct crowd *c = t->crowd;
	size_t index;
	const json_t *counted = NULL; /* whose audience the crowd is */
	bool any = false;
	json_array_foreach(rounds, index, t->round)
	{
		const json_t *filter = json_object_get(t->round, "audience");
		if (json_is_true(json_object_get(t->round, "draft"))) {
			t->out->drafts++;
			continue;
		}
		c->cascade = json_object_get(t->round, "collect") != NULL;
		if (c->db != NULL && (!any || filter != counted)) {
			crowd_clear(c);
			if (count_audience(c, filter) != 0)
				return -1;
			counted = filter;
		}
		if (add_round(t) != 0)
			return -1;
		if (!any)
			keep_zones(t->out, c);
		any = true;
	}
	return 0;
}

int simulate_run(const struct campaign_folder *folder, const struct settings *settings, struct db *db,
	int64_t from_ms, struct simulation *out, struct error *e)
{
	struct problems problems = {0}; /* told when the folder was read */
	struct calendars *calendars = calendars_load(settings, &problems);
	json_t *rounds = definition_rounds(folder->definition);
	struct crowd crowd = {.folder = folder,
		.calendars = calendars,
		.db = db,
		.place = xcalloc(ZONES_MOST, sizeof *crowd.place),
		.e = e};
	struct timeline timeline = {.out = out, .crowd = &crowd, .e = e};
	*out = (struct simulation){
		.from_ms = from_ms != 0 ? from_ms : launch_ms(folder->definition, rounds)};
	string_set_init(&crowd.kinds,
		json_object_get(json_object_get(folder->definition, "ask"), "collect_kinds"));
	int rc = run(&timeline, rounds);
	if (rc == 0 && out->count > 1)
		qsort(out->row, out->count, sizeof *out->row, by_time);
	if (rc == 0)
		estimate(folder, settings, out);
	else
		simulation_fini(out);
	crowd_clear(&crowd);
	string_set_fini(&crowd.kinds);
	free(crowd.place);
	json_decref(rounds);
	calendars_free(&calendars);
	problems_fini(&problems);
	return rc;
}

void simulation_fini(struct simulation *s)
{
	for (size_t i = 0; i < s->count; i++) {
		free(s->row[i].label);
		free(s->row[i].zone);
		free(s->row[i].reason_en);
		free(s->row[i].reason_ru);
	}
	for (size_t i = 0; i < s->zones; i++)
		free(s->zone[i].zone);
	free(s->row);
	free(s->zone);
	*s = (struct simulation){0};
}

int simulate_collected(const struct campaign_folder *folder, const struct settings *settings, struct db *db,
	int64_t *count, struct error *e)
{
	struct simulation s;
	*count = 0;
	if (json_object_get(json_object_get(folder->definition, "ask"), "through") == NULL)
		return 0;
	if (simulate_run(folder, settings, db, 0, &s, e) != 0)
		return -1;
	for (size_t i = 0; i < s.zones; i++)
		*count += s.zone[i].collected;
	simulation_fini(&s);
	return 0;
}
