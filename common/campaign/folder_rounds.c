/* From one ask, a rule or a list of stages to definition.rounds, every round
 * written out, and definition.steps, every text of theirs once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lang.h"
#include "base/xalloc.h"
#include "calendar/rounds.h"
#include "campaign/definition.h"
#include "campaign/folder.h"

#define STAGES_MOST 2000

/* ---- steps --------------------------------------------------------------------------------- */

/* Rounds with the same text share its step. */
static int step_of(struct folder_reader *r, const char *kind, const char *letter, bool attachments)
{
	json_t *steps = json_object_get(r->folder->definition, "steps"), *item;
	size_t index;
	json_array_foreach(steps, index, item)
		if (strcmp(json_string_value(json_object_get(item, "kind")), kind) == 0 &&
			strcmp(json_string_value(json_object_get(item, "letter")), letter) == 0)
			return (int)json_integer_value(json_object_get(item, "step"));
	item = json_pack("{s:I,s:s,s:s}", "step", (json_int_t)index, "kind", kind, "letter", letter);
	if (!attachments)
		json_object_set_new(item, "attachments", json_false());
	json_array_append_new(steps, item);
	return (int)index;
}

/* Each reminder has a step of its own, so that two of them are two letters. */
static int reminder_step(struct folder_reader *r, const char *letter)
{
	json_t *steps = json_object_get(r->folder->definition, "steps");
	size_t index = json_array_size(steps);
	json_array_append_new(steps, json_pack("{s:I,s:s,s:s,s:b}", "step", (json_int_t)index, "kind",
					     "reminder", "letter", letter, "attachments", 0));
	return (int)index;
}

static bool has_letter(const struct folder_reader *r, const char *name)
{
	return folder_letter_find(r->folder, name) != NULL;
}

struct steps { /* of all rounds that ask */
	json_t *remind, *collect_remind; /* [{"step","before"}] */
	int collect_first;
};

static json_t *reminders(struct folder_reader *r, const char *name)
{
	json_t *list = json_array();
	for (size_t i = 0; i < r->ask.reminds; i++) {
		const char *own = r->ask.remind_letter[i];
		const char *letter = own != NULL && has_letter(r, own) && strcmp(name, "reminder") == 0 ? own : name;
		json_array_append_new(list, json_pack("{s:i,s:s}", "step", reminder_step(r, letter), "before",
						    r->ask.remind_node[i]->text));
	}
	return list;
}

static void make_steps(struct folder_reader *r, struct steps *out)
{
	*out = (struct steps){.collect_first = -1};
	if (!r->ask.given)
		return;
	if (r->ask.reminds > 0)
		folder_standard_letter(r, "reminder", "reminder");
	out->remind = reminders(r, "reminder");
	if (!r->ask.cascade)
		return;
	folder_standard_letter(r, "collect", "collect");
	out->collect_first = step_of(r, "collect", "collect", true);
	out->collect_remind = reminders(r, has_letter(r, "collect_reminder") ? "collect_reminder" : "reminder");
}

/* What may become necessary later. */
static void make_later_steps(struct folder_reader *r)
{
	static const char *const kinds[] = {"recall", "postponed"};
	if (has_letter(r, "correction"))
		(void)step_of(r, "correction", "correction", true);
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		if (r->ask.given)
			folder_standard_letter(r, kinds[i], kinds[i]);
		if (has_letter(r, kinds[i]))
			(void)step_of(r, kinds[i], kinds[i], false);
	}
}

/* ---- one round -------------------------------------------------------------------------------- */

struct round_parts {
	const struct yaml_node *place; /* for problems about its deadline */
	const char *label;
	bool draft, asks;
	int64_t starts_ms;             /* 0: at launch */
	const struct deadline *deadline;
	json_t *audience, *period;     /* taken; NULL = none */
	int first;                     /* step; -1 = none */
};

static void explain_day_off(struct folder_reader *r, const struct yaml_node *place,
	const struct deadline *deadline)
{
	struct buf text;
	if (!deadline->off)
		return;
	buf_init(&text, 2000);
	(void)deadline_explain(calendars_own(r->calendars), deadline, r->ask.zone, lang_get(), &text);
	folder_info(r, place, "ask.deadline", NULL, "%s", buf_str(&text));
	buf_fini(&text);
}

static void put_collect(struct folder_reader *r, const struct round_parts *parts, const struct steps *steps,
	json_t *round)
{
	struct deadline collect;
	struct error e = {0};
	if (!r->ask.cascade)
		return;
	if (deadline_shift(calendars_own(r->calendars), parts->deadline, r->ask.collect, r->ask.zone,
		    &collect, &e) != 0) {
		folder_error(r, parts->place, "ask.collect", NULL, "%s", e.text);
		return;
	}
	if (parts->starts_ms > 0 && collect.at_ms <= parts->starts_ms)
		folder_error(r, r->ask.collect_node != NULL ? r->ask.collect_node : parts->place, "ask.collect",
			NULL, "%s", tr("the schools would have to answer before they are asked",
				"школам пришлось бы ответить раньше, чем их спросят"));
	json_object_set_new(round, "collect", definition_deadline_json(&collect, r->ask.zone));
	json_object_set_new(round, "collect_first", json_integer(steps->collect_first));
	json_object_set(round, "collect_remind", steps->collect_remind);
}

static void put_asked(struct folder_reader *r, const struct round_parts *parts, const struct steps *steps,
	json_t *round)
{
	if (parts->starts_ms > 0 && parts->deadline->at_ms <= parts->starts_ms)
		folder_error(r, parts->place, "ask.deadline", NULL, "%s",
			tr("the deadline is not after the letters go", "срок не позже, чем уходят письма"));
	explain_day_off(r, parts->place, parts->deadline);
	json_object_set_new(round, "deadline", definition_deadline_json(parts->deadline, r->ask.zone));
	json_object_set(round, "remind", steps->remind);
	put_collect(r, parts, steps, round);
}

static json_t *add_round(struct folder_reader *r, const struct round_parts *parts, const struct steps *steps)
{
	json_t *rounds = json_object_get(r->folder->definition, "rounds"), *round = json_object();
	json_object_set_new(round, "number", json_integer((json_int_t)json_array_size(rounds) + 1));
	folder_put(round, "label", parts->label);
	json_object_set_new(round, "draft", json_boolean(parts->draft));
	if (parts->starts_ms > 0)
		json_object_set_new(round, "starts_ms", json_integer(parts->starts_ms));
	if (parts->period != NULL)
		json_object_set_new(round, "period", parts->period);
	if (parts->audience != NULL)
		json_object_set_new(round, "audience", parts->audience);
	json_object_set_new(round, "ask", json_boolean(parts->asks));
	if (parts->first >= 0)
		json_object_set_new(round, "first", json_integer(parts->first));
	if (parts->asks && parts->deadline != NULL)
		put_asked(r, parts, steps, round);
	json_array_append_new(rounds, round);
	return round;
}

static bool set_deadline(struct folder_reader *r, const struct yaml_node *place, const char *path, int32_t day,
	int minute, struct deadline *out)
{
	struct error e = {0};
	if (day == DAY_NONE)
		return false; /* said */
	if (deadline_set(calendars_own(r->calendars), day, minute, r->ask.zone, r->ask.if_off, out, &e) == 0)
		return true;
	folder_error(r, place, path, NULL, "%s", e.text);
	return false;
}

static int64_t sending_ms(const struct folder_reader *r)
{
	return json_integer_value(
		json_object_get(json_object_get(r->folder->definition, "send"), "at_ms"));
}

static void no_deadline(struct folder_reader *r, const struct yaml_node *place, const char *path)
{
	folder_error(r, place, path, "deadline: 2023-05-30 18:00", "%s",
		tr("an ask without a deadline", "запрос без срока (deadline)"));
}

/* ---- the only round ---------------------------------------------------------------------------- */

static void make_only(struct folder_reader *r, const struct steps *steps, int first)
{
	struct deadline deadline;
	struct round_parts parts = {.starts_ms = sending_ms(r), .asks = r->ask.given, .first = first};
	if (r->ask.given) {
		parts.place = r->ask.deadline;
		if (r->ask.deadline != NULL && !r->ask.dated)
			folder_error(r, r->ask.deadline, "ask.deadline", "deadline: 2023-05-30 18:00", "%s",
				tr("a time without a date", "время без даты"));
		else if (r->ask.deadline == NULL && !r->ask.dated)
			no_deadline(r, r->ask.node, "ask.deadline");
		else if (set_deadline(r, r->ask.deadline, "ask.deadline", r->ask.day, r->ask.minute, &deadline))
			parts.deadline = &deadline;
	}
	(void)add_round(r, &parts, steps);
}

/* ---- a rule -------------------------------------------------------------------------------------- */

/* 2022-09, 2022, 2022-09-01, 01.09.2022. */
static int32_t read_period_day(struct folder_reader *r, struct yaml_node *map, const char *key)
{
	const struct yaml_node *node = yaml_take(map, key);
	char *path = xasprintf("rounds.%s", key);
	const char *text = NULL;
	struct error e = {0};
	int32_t day = DAY_NONE;
	if (node != NULL && yaml_as_line(&r->yaml, node, path, &text)) {
		size_t len = strlen(text);
		char *whole = len == 7 && text[4] == '-' ? xasprintf("%s-01", text)
			: len == 4			  ? xasprintf("%s-01-01", text)
							  : xstrdup(text);
		if (day_parse(whole, &day, &e) != 0) {
			folder_error(r, node, path, "from: 2022-09, to: 2023-05", "%s", e.text);
			day = DAY_NONE;
		}
		free(whole);
	}
	free(path);
	return day;
}

static void read_opens(struct folder_reader *r, struct yaml_node *map, struct rounds_rule *rule)
{
	const struct yaml_node *node = yaml_take(map, "opens");
	const char *text = NULL;
	struct error e = {0};
	if (node == NULL || !yaml_as_line(&r->yaml, node, "rounds.opens", &text))
		return;
	if (step_parse(text, &rule->opens, &e) != 0)
		folder_error(r, node, "rounds.opens", "opens: -10d", "%s", e.text);
	else if (rule->opens.amount > 0)
		rule->opens.amount = -rule->opens.amount;
}

static void read_time(struct folder_reader *r, struct yaml_node *map, struct rounds_rule *rule)
{
	const struct yaml_node *node = yaml_take(map, "time");
	const char *text = NULL;
	if (r->ask.dated && r->ask.deadline != NULL)
		folder_error(r, r->ask.deadline, "ask.deadline", "rounds: {rule: …, time: \"18:00\"}", "%s",
			tr("each round has its own deadline, by the rule", "у каждого периода свой срок, по правилу"));
	if (node == NULL || !yaml_as_line(&r->yaml, node, "rounds.time", &text))
		return;
	if (!folder_minute(text, &rule->minute))
		folder_error(r, node, "rounds.time", "time: \"18:00\"",
			tr("«%.40s» is no time of a day", "«%.40s» – не время"), text);
}

static bool read_rule(struct folder_reader *r, struct yaml_node *map, struct rounds_rule *rule)
{
	static const char *const known[] = {"rule", "period", "about", "from", "to", "opens", "time", NULL};
	static const char *const abouts[] = {"previous", "same", NULL};
	size_t before = r->yaml.problems->errors;
	int period = PERIOD_MONTH, about = 0;
	const struct yaml_node *node = yaml_take(map, "rule");
	struct error e = {0};
	*rule = (struct rounds_rule){.minute = r->ask.minute, .zone = r->ask.zone, .if_off = r->ask.if_off};
	if (node == NULL)
		folder_error(r, map, "rounds.rule", "rule: FREQ=MONTHLY;BYMONTHDAY=1", "%s",
			tr("the rule is missing", "нет правила (rule)"));
	else if (yaml_as_line(&r->yaml, node, "rounds.rule", &rule->rrule) &&
		rounds_rule_check(rule->rrule, &e) != 0)
		folder_error(r, node, "rounds.rule", NULL, "%s", e.text);
	node = yaml_take(map, "period");
	if (node != NULL)
		(void)yaml_as_choice(&r->yaml, node, "rounds.period", period_slugs, &period);
	node = yaml_take(map, "about");
	if (node != NULL)
		(void)yaml_as_choice(&r->yaml, node, "rounds.about", abouts, &about);
	rule->period = (enum period)period;
	rule->previous = about == 0;
	rule->from_day = read_period_day(r, map, "from");
	rule->to_day = read_period_day(r, map, "to");
	if (rule->from_day == DAY_NONE && r->yaml.problems->errors == before)
		folder_error(r, map, "rounds.from", "from: 2022-09", "%s",
			tr("the first period is missing", "нет первого периода (from)"));
	read_opens(r, map, rule);
	read_time(r, map, rule);
	yaml_unknown(map, r->yaml.file, "rounds", known, r->yaml.problems);
	return r->yaml.problems->errors == before;
}

static void make_recurring(struct folder_reader *r, struct yaml_node *map, const struct steps *steps, int first)
{
	struct rounds_rule rule;
	struct round *rounds;
	struct error e = {0};
	size_t count;
	int open_minute, close_minute;
	if (!yaml_as_map(&r->yaml, map, "rounds"))
		return;
	if (!r->ask.given) {
		folder_error(r, map, "rounds", NULL, "%s",
			tr("rounds of what? there is no ask", "что повторяется? нет запроса (ask)"));
		return;
	}
	if (sending_ms(r) > 0)
		folder_error(r, map, "rounds", "opens: -10d", "%s",
			tr("send.at does not go with rounds: each opens by itself",
				"send.at не сочетается с rounds: каждый период открывается сам"));
	if (!read_rule(r, map, &rule))
		return;
	rounds = xcalloc(ROUNDS_MAX, sizeof *rounds);
	definition_hours(r->folder->definition, &open_minute, &close_minute);
	if (rounds_expand(calendars_own(r->calendars), &rule, rounds, &count, &e) != 0) {
		folder_error(r, map, "rounds", NULL, "%s", e.text);
		count = 0;
	}
	for (size_t i = 0; i < count; i++) {
		char label[PERIOD_TEXT_SIZE], day[DAY_TEXT_SIZE];
		struct round_parts parts = {.place = map,
			.label = period_words(rule.period, rounds[i].period_day,
				definition_lang(r->folder->definition), label),
			.asks = true,
			.deadline = &rounds[i].deadline,
			.period = json_pack("{s:s,s:s}", "kind", period_slugs[rule.period], "day",
				day_iso(rounds[i].period_day, day)),
			.first = first};
		if (day_to_ms(rounds[i].opens_day, open_minute, definition_zone(r->folder->definition),
			    &parts.starts_ms, &e) != 0)
			folder_error(r, map, "rounds", NULL, "%s", e.text);
		(void)add_round(r, &parts, steps);
	}
	free(rounds);
}

/* ---- stages ---------------------------------------------------------------------------------------- */

struct stage {
	struct round_parts parts;
	struct deadline deadline;
	char *path;
};

static void read_stage_deadline(struct folder_reader *r, struct yaml_node *map, struct stage *stage)
{
	const struct yaml_node *node = yaml_take(map, "deadline"), *asks = yaml_take(map, "ask");
	struct calendar_time time;
	bool timed, wanted = node != NULL;
	if (asks != NULL && yaml_as_bool(&r->yaml, asks, stage->path, &wanted) && !wanted && node != NULL)
		folder_error(r, node, stage->path, NULL, "%s",
			tr("a deadline, but nothing is asked", "срок есть, а запроса нет (ask: false)"));
	stage->parts.asks = wanted;
	stage->parts.place = node != NULL ? node : map;
	if (wanted && !r->ask.given) {
		folder_error(r, stage->parts.place, stage->path, "ask: {answer: […]}", "%s",
			tr("what is asked? there is no ask", "что спрашивается? нет запроса (ask)"));
	} else if (node != NULL && folder_date(r, node, stage->path, &time, &timed)) {
		if (set_deadline(r, node, stage->path, day_of(time.year, time.month, time.day),
			    timed ? time.hour * 60 + time.minute : DEADLINE_DAY_END, &stage->deadline))
			stage->parts.deadline = &stage->deadline;
	} else if (wanted && node == NULL && r->ask.deadline != NULL && r->ask.dated) {
		if (set_deadline(r, r->ask.deadline, "ask.deadline", r->ask.day, r->ask.minute, &stage->deadline))
			stage->parts.deadline = &stage->deadline;
	} else if (wanted && node == NULL) {
		no_deadline(r, map, stage->path);
	}
}

static void read_stage(struct folder_reader *r, struct yaml_node *map, struct stage *stage)
{
	static const char *const known[] = {"title", "at", "audience", "letter", "ask", "deadline", NULL};
	const struct yaml_node *node;
	char wall[40];
	const char *letter = NULL;
	stage->parts = (struct round_parts){.place = map, .first = -1};
	stage->parts.label = folder_line(r, map, "title", stage->path);
	if (stage->parts.label == NULL)
		folder_error(r, map, stage->path, tr("title: what it is about", "title: о чём он"), "%s",
			tr("the stage has no title", "у этапа нет названия (title)"));
	node = yaml_take(map, "at");
	stage->parts.draft = node == NULL;
	if (node != NULL)
		(void)folder_moment(r, node, stage->path, &stage->parts.starts_ms, wall);
	struct yaml_node *audience = yaml_take(map, "audience");
	if (audience != NULL) {
		char *path = xasprintf("%s.audience", stage->path);
		stage->parts.audience = folder_audience_json(r, audience, path);
		free(path);
	}
	node = yaml_take(map, "letter");
	if (node != NULL)
		letter = folder_stage_letter(r, node, stage->path);
	else if (has_letter(r, "first"))
		letter = "first";
	else
		folder_error(r, map, stage->path, "letter: stage.md", "%s",
			tr("the stage has no letter", "у этапа нет письма (letter)"));
	if (letter != NULL)
		stage->parts.first = step_of(r, "first", letter, true);
	read_stage_deadline(r, map, stage);
	yaml_unknown(map, r->yaml.file, stage->path, known, r->yaml.problems);
}

/* Russian when a text has a Cyrillic letter; the language of whoever launches it must not matter. */
static void choose_lang(struct folder_reader *r)
{
	const char *lang = "en";
	if (json_object_get(r->folder->definition, "lang") != NULL)
		return;
	for (size_t k = 0; k < r->folder->letters_count; k++)
		for (size_t i = 0; i < r->folder->letters[k].file.len; i++) {
			unsigned char c = (unsigned char)r->folder->letters[k].file.data[i];
			if (c == 0xd0 || c == 0xd1)
				lang = "ru";
		}
	folder_put(r->folder->definition, "lang", lang);
}

static void default_verb(struct folder_reader *r)
{
	json_t *ask = json_object_get(r->folder->definition, "ask");
	if (ask != NULL && json_object_get(ask, "verb") == NULL)
		folder_put(ask, "verb", definition_lang(r->folder->definition) == LANG_RU ? "просим" : "please");
}

/* The steps of the stages' own letters come first, so that the only one of a simple campaign is 0. */
static void make_stages(struct folder_reader *r, struct yaml_node *list)
{
	struct steps steps;
	if (!yaml_as_list(&r->yaml, list, "stages"))
		return;
	if (list->count == 0 || list->count > STAGES_MOST) {
		folder_error(r, list, "stages", NULL, tr("want 1 to %d stages", "этапов должно быть от 1 до %d"),
			STAGES_MOST);
		return;
	}
	struct stage *stage = xcalloc(list->count, sizeof *stage);
	for (size_t i = 0; i < list->count; i++) {
		stage[i].path = xasprintf("stages[%zu]", i);
		if (yaml_as_map(&r->yaml, list->item[i], stage[i].path))
			read_stage(r, list->item[i], &stage[i]);
	}
	choose_lang(r);
	default_verb(r);
	make_steps(r, &steps);
	for (size_t i = 0; i < list->count; i++) {
		(void)add_round(r, &stage[i].parts, &steps);
		free(stage[i].path);
	}
	json_decref(steps.remind);
	json_decref(steps.collect_remind);
	free(stage);
}

/* ---- all of it -------------------------------------------------------------------------------------- */

/* With the first round that goes: an order is read once. */
static void put_acknowledge(struct folder_reader *r)
{
	size_t index;
	json_t *round;
	if (!r->acknowledged)
		return;
	folder_standard_letter(r, "acknowledge", "acknowledge");
	int step = step_of(r, "acknowledge", "acknowledge", true);
	json_array_foreach(json_object_get(r->folder->definition, "rounds"), index, round)
		if (!json_is_true(json_object_get(round, "draft"))) {
			json_object_set_new(round, "acknowledge", json_integer(step));
			return;
		}
}

void folder_read_rounds(struct folder_reader *r)
{
	struct yaml_node *rounds = yaml_take(r->root, "rounds"), *stages = yaml_take(r->root, "stages");
	json_t *d = r->folder->definition;
	struct steps steps = {0};
	if (rounds != NULL && stages != NULL)
		folder_error(r, stages, "stages", NULL, "%s",
			tr("either rounds or stages", "что-то одно: rounds или stages"));
	if (r->ask.zone == NULL)
		r->ask.zone = definition_zone(d);
	json_object_set_new(d, "rounds", json_array());
	json_object_set_new(d, "steps", json_array());
	if (stages != NULL) {
		make_stages(r, stages);
	} else {
		choose_lang(r);
		default_verb(r);
		int first = step_of(r, "first", "first", true);
		make_steps(r, &steps);
		if (rounds != NULL)
			make_recurring(r, rounds, &steps, first);
		else if (r->ask.given || r->acknowledged || folder_publishes(r)) /* it opens at a moment of its own */
			make_only(r, &steps, first);
		json_decref(steps.remind);
		json_decref(steps.collect_remind);
	}
	put_acknowledge(r);
	make_later_steps(r);
	if (json_array_size(json_object_get(d, "rounds")) == 0)
		json_object_del(d, "rounds");
}
