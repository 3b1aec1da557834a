/* ask: what a recipient is to answer, by when, and what happens around that day;
 * acknowledge: who confirms having read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "campaign/definition.h"
#include "campaign/folder.h"

/* As answer/field.h has them; that room stands above this one. */
static const char *const field_types[] = {
	"count", "number", "date", "choice", "text", "links", "file", "table", NULL};
enum { TYPE_CHOICE = 3, TYPE_LINKS = 5, TYPE_FILE = 6, TYPE_TABLE = 7 };
#define FIELDS_MOST 40
#define COLUMNS_MOST 20
#define OPTIONS_MOST 100
#define NAME_MAX_BYTES 40
#define PERSONS_MOST 500
#define ESCALATIONS_MOST 10
#define ADDRESSES_MOST 20

/* ---- fields ------------------------------------------------------------------------------- */

static bool field_name_ok(const char *name)
{
	return name[0] >= 'a' && name[0] <= 'z' && strlen(name) <= NAME_MAX_BYTES &&
	       name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

/* Letters that follow up have these of every campaign: {{previous.answered}}. */
static bool field_name_taken(const char *name)
{
	return strcmp(name, "answered") == 0 || strcmp(name, "number") == 0 || strcmp(name, "date") == 0;
}

static void read_options(struct folder_reader *r, struct yaml_node *map, const char *path, int type,
	json_t *field)
{
	struct yaml_node *list = yaml_take(map, "options");
	const char *text = NULL;
	if (list == NULL) {
		if (type == TYPE_CHOICE)
			folder_error(r, map, path, "options: [да, нет]", "%s",
				tr("a choice needs its options", "выбору нужны варианты (options)"));
		return;
	}
	if (type != TYPE_CHOICE) {
		folder_error(r, list, path, "type: choice", "%s",
			tr("only a choice has options", "варианты (options) бывают только у выбора"));
		return;
	}
	if (!yaml_as_list(&r->yaml, list, path))
		return;
	json_t *options = json_array();
	for (size_t i = 0; i < list->count && i < OPTIONS_MOST; i++) {
		if (!yaml_as_line(&r->yaml, list->item[i], path, &text))
			continue;
		for (size_t k = 0; k < json_array_size(options); k++)
			if (strcmp(json_string_value(json_array_get(options, k)), text) == 0)
				folder_error(r, list->item[i], path, NULL,
					tr("the option «%.60s» stands here twice", "вариант «%.60s» указан дважды"), text);
		json_array_append_new(options, json_string(text));
	}
	if (list->count < 2 || list->count > OPTIONS_MOST)
		folder_error(r, list, path, NULL, tr("want 2 to %d options", "вариантов должно быть от 2 до %d"),
			OPTIONS_MOST);
	json_object_set_new(field, "options", options);
}

static json_t *read_fields(struct folder_reader *r, struct yaml_node *list, const char *path, size_t most,
	bool columns);

static void read_field_columns(struct folder_reader *r, struct yaml_node *map, const char *path, int type,
	json_t *field)
{
	struct yaml_node *list = yaml_take(map, "columns");
	if (list == NULL && type == TYPE_TABLE)
		folder_error(r, map, path, "columns: [{field: name, label: …, type: text}]", "%s",
			tr("a table needs its columns", "таблице нужны столбцы (columns)"));
	if (list == NULL)
		return;
	if (type != TYPE_TABLE) {
		folder_error(r, list, path, "type: table", "%s",
			tr("only a table has columns", "столбцы (columns) бывают только у таблицы"));
		return;
	}
	char *inner = xasprintf("%s.columns", path);
	json_object_set_new(field, "columns", read_fields(r, list, inner, COLUMNS_MOST, true));
	free(inner);
}

static void check_name(struct folder_reader *r, const struct yaml_node *node, const char *path,
	const char *name, const json_t *before, bool column)
{
	size_t index;
	const json_t *other;
	if (!field_name_ok(name) || (!column && field_name_taken(name)))
		folder_error(r, node, path, "field: registered",
			tr("«%.60s»: a field's name is a–z, 0–9, «_», not answered, number or date",
				"«%.60s»: имя поля – a–z, 0–9, «_», но не answered, number, date"),
			name);
	json_array_foreach(before, index, other)
		if (strcmp(json_string_value(json_object_get(other, "field")), name) == 0)
			folder_error(r, node, path, NULL,
				tr("the field «%.60s» stands here twice", "поле «%.60s» указано дважды"), name);
}

static json_t *read_field(struct folder_reader *r, struct yaml_node *map, const char *path,
	const json_t *before, bool column)
{
	static const char *const known[] = {"field", "label", "type", "required", "options", "columns", NULL};
	const struct yaml_node *node = yaml_take(map, "field");
	const char *name = NULL, *label;
	bool required = false;
	int type = 0;
	if (node == NULL)
		folder_error(r, map, path, "field: registered", "%s",
			tr("the field has no name", "у поля нет имени (field)"));
	else if (yaml_as_line(&r->yaml, node, path, &name))
		check_name(r, node, path, name, before, column);
	label = folder_line(r, map, "label", path);
	if (label == NULL)
		folder_error(r, map, path, tr("label: Participants registered", "label: Количество участников"),
			"%s", tr("the field has no label: people see it", "у поля нет названия (label): его видят люди"));
	node = yaml_take(map, "type");
	if (node == NULL)
		folder_error(r, map, path, "type: count", "%s",
			tr("the field has no type: count, number, date, choice, text, links, file, table",
				"у поля нет типа: count, number, date, choice, text, links, file, table"));
	else if (yaml_as_choice(&r->yaml, node, path, field_types, &type) && column &&
		(type == TYPE_TABLE || type == TYPE_FILE || type == TYPE_LINKS))
		folder_error(r, node, path, "count, number, date, choice, text",
			tr("a column cannot be of the type %s", "столбец не может быть типа %s"), field_types[type]);
	node = yaml_take(map, "required");
	if (node != NULL)
		(void)yaml_as_bool(&r->yaml, node, path, &required);
	json_t *field = json_pack("{s:s,s:s,s:s,s:b}", "field", name == NULL ? "" : name, "label",
		label == NULL ? "" : label, "type", field_types[type], "required", required);
	read_options(r, map, path, type, field);
	read_field_columns(r, map, path, type, field);
	r->ask.table = r->ask.table || type == TYPE_TABLE;
	yaml_unknown(map, r->yaml.file, path, known, r->yaml.problems);
	return field;
}

static json_t *read_fields(struct folder_reader *r, struct yaml_node *list, const char *path, size_t most,
	bool columns)
{
	json_t *fields = json_array();
	if (!yaml_as_list(&r->yaml, list, path))
		return fields;
	if (list->count > most)
		folder_error(r, list, path, NULL, tr("more than %zu", "больше %zu"), most);
	if (list->count == 0)
		folder_error(r, list, path, NULL, "%s", tr("an empty list", "пустой список"));
	for (size_t i = 0; i < list->count && i < most; i++) {
		char *place = xasprintf("%s[%zu]", path, i);
		if (yaml_as_map(&r->yaml, list->item[i], place))
			json_array_append_new(fields, read_field(r, list->item[i], place, fields, columns));
		free(place);
	}
	return fields;
}

/* ---- words, ways, cascade ------------------------------------------------------------------- */

static void read_verb(struct folder_reader *r, struct yaml_node *map, json_t *ask)
{
	static const char *const verbs[] = {"просим", "рекомендуем", "поручаем", "предлагаем", "прошу",
		"please", "ask", "request", "recommend", "instruct", "invite", NULL};
	const struct yaml_node *node = yaml_take(map, "verb");
	int verb = 0;
	if (node != NULL && yaml_as_choice(&r->yaml, node, "ask.verb", verbs, &verb))
		folder_put(ask, "verb", verbs[verb]);
}

static void read_ways(struct folder_reader *r, struct yaml_node *map, json_t *ask)
{
	static const char *const words[] = {"link", "reply", "sheet", NULL};
	struct yaml_node *list = yaml_take(map, "ways");
	json_t *ways = json_array();
	if (list == NULL) {
		if (r->settings->public_url != NULL)
			json_array_append_new(ways, json_string("link"));
		json_array_append_new(ways, json_string("reply"));
		if (r->ask.table)
			json_array_append_new(ways, json_string("sheet"));
	} else if (yaml_as_list(&r->yaml, list, "ask.ways")) {
		for (size_t i = 0; i < list->count; i++) {
			int way = 0;
			if (yaml_as_choice(&r->yaml, list->item[i], "ask.ways", words, &way))
				json_array_append_new(ways, json_string(words[way]));
			if (way == 0 && r->settings->public_url == NULL)
				folder_warn(r, list->item[i], "ask.ways", "public_url: https://answers.example.org", "%s",
					tr("the settings have no public_url: letters cannot carry links",
						"в настройках нет public_url: ссылок в письмах не будет"));
		}
		if (list->count == 0)
			folder_error(r, list, "ask.ways", "ways: [link, reply]", "%s",
				tr("no way to answer is left", "не остаётся способа ответить"));
	}
	json_object_set_new(ask, "ways", ways);
}

static void read_words_list(struct folder_reader *r, struct yaml_node *map, const char *key, const char *path,
	json_t *object)
{
	struct yaml_node *list = yaml_take(map, key);
	const char *text = NULL;
	if (list == NULL || !yaml_as_list(&r->yaml, list, path))
		return;
	json_t *words = json_array();
	for (size_t i = 0; i < list->count; i++)
		if (yaml_as_line(&r->yaml, list->item[i], path, &text))
			json_array_append_new(words, json_string(text));
	json_object_set_new(object, key, words);
}

/* A bare number of days means working days here: «на три рабочих дня раньше». */
static void read_collect(struct folder_reader *r, struct yaml_node *map)
{
	struct folder_ask *ask = &r->ask;
	const struct yaml_node *node = yaml_take(map, "collect");
	const char *text = NULL;
	struct error e = {0};
	ask->collect = (struct step){.amount = -3, .unit = STEP_WORKDAYS};
	ask->collect_node = node;
	if (node == NULL || !yaml_as_line(&r->yaml, node, "ask.collect", &text))
		return;
	if (step_parse(text, &ask->collect, &e) != 0 || ask->collect.amount == 0 ||
		ask->collect.unit == STEP_HOURS || ask->collect.unit == STEP_MINUTES) {
		folder_error(r, node, "ask.collect", "collect: 3d",
			tr("«%.40s»: how many working days before the deadline the schools answer",
				"«%.40s»: нужно, на сколько рабочих дней раньше срока отвечают школы"),
			text);
		return;
	}
	if (ask->collect.amount > 0)
		ask->collect.amount = -ask->collect.amount;
	ask->collect.unit = STEP_WORKDAYS;
}

static void read_cascade(struct folder_reader *r, struct yaml_node *map, json_t *json)
{
	const char *through = folder_line(r, map, "through", "ask.through");
	read_collect(r, map);
	read_words_list(r, map, "collect_kinds", "ask.collect_kinds", json);
	if (through != NULL && !gate_slug(through))
		folder_error(r, map, "ask.through", "through: municipality",
			tr("«%.60s»: want a word of a–z, 0–9, «-»", "«%.60s»: нужно слово из a–z, 0–9, «-»"), through);
	else
		folder_put(json, "through", through);
	r->ask.cascade = through != NULL;
	if (!r->ask.cascade && r->ask.collect_node != NULL)
		folder_error(r, r->ask.collect_node, "ask.collect", "through: municipality", "%s",
			tr("collected by whom? say through", "кто собирает? укажите through"));
}

/* ---- the deadline and what surrounds it ------------------------------------------------------- */

static void read_deadline(struct folder_reader *r, struct yaml_node *map)
{
	struct folder_ask *ask = &r->ask;
	const struct yaml_node *node = yaml_take(map, "deadline");
	const char *text = NULL;
	struct calendar_time time;
	bool timed;
	ask->minute = DEADLINE_DAY_END; /* «до 30 мая» is the whole of the 30th */
	if (node == NULL || !yaml_as_line(&r->yaml, node, "ask.deadline", &text))
		return;
	ask->deadline = node;
	if (folder_minute(text, &ask->minute))
		return;
	/* 24:00 is how people write the end of a day; the calendar has no such hour. */
	size_t len = strlen(text);
	bool day_end = len > 6 && strcmp(text + len - 6, " 24:00") == 0;
	struct yaml_node whole = *node;
	char *date = xstrndup(text, day_end ? len - 6 : len);
	whole.text = date;
	if (folder_date(r, &whole, "ask.deadline", &time, &timed)) {
		ask->dated = true;
		ask->day = day_of(time.year, time.month, time.day);
		ask->minute = timed ? time.hour * 60 + time.minute : DEADLINE_DAY_END;
	} else {
		ask->deadline = NULL; /* said */
		ask->dated = true;
		ask->day = DAY_NONE;
	}
	free(date);
}

static void read_zone(struct folder_reader *r, struct yaml_node *map)
{
	const struct yaml_node *node = yaml_take(map, "zone");
	const char *zone = NULL;
	r->ask.zone = definition_zone(r->folder->definition);
	if (node == NULL || !yaml_as_line(&r->yaml, node, "ask.zone", &zone))
		return;
	if (calendar_zone_known(zone))
		r->ask.zone = zone;
	else
		folder_error(r, node, "ask.zone", "Europe/Moscow, Asia/Vladivostok",
			tr("unknown time zone «%.64s»", "неизвестный часовой пояс «%.64s»"), zone);
}

/* -3d, or {before: -1d, letter: last} with a text of its own. */
static void read_reminder(struct folder_reader *r, struct yaml_node *node)
{
	static const char *const known[] = {"before", "letter", NULL};
	struct folder_ask *ask = &r->ask;
	const struct yaml_node *step = node;
	const char *text = NULL, *letter = NULL;
	struct error e = {0};
	if (node->kind == YAML_MAP) {
		step = yaml_take(node, "before");
		letter = folder_line(r, node, "letter", "ask.remind");
		yaml_unknown(node, r->yaml.file, "ask.remind", known, r->yaml.problems);
		if (step == NULL) {
			folder_error(r, node, "ask.remind", "{before: -3d, letter: …}", "%s",
				tr("how long before the deadline?", "за сколько до срока (before)?"));
			return;
		}
	}
	if (!yaml_as_line(&r->yaml, step, "ask.remind", &text))
		return;
	struct step *out = &ask->remind[ask->reminds];
	if (step_parse(text, out, &e) != 0) {
		folder_error(r, step, "ask.remind", NULL, "%s", e.text);
		return;
	}
	if (out->amount >= 0) {
		folder_error(r, step, "ask.remind", "-3d",
			tr("«%.40s» is not before the deadline: a reminder after it reminds of nothing",
				"«%.40s» – не до срока: напоминать после него не о чем"),
			text);
		return;
	}
	for (size_t i = 0; i < ask->reminds; i++)
		if (ask->remind[i].amount == out->amount && ask->remind[i].unit == out->unit)
			folder_error(r, step, "ask.remind", NULL,
				tr("«%.40s» stands here twice", "«%.40s» указано дважды"), text);
	ask->remind_letter[ask->reminds] = letter;
	ask->remind_node[ask->reminds++] = step;
}

static void read_reminders(struct folder_reader *r, struct yaml_node *map)
{
	struct yaml_node *list = yaml_take(map, "remind");
	if (list == NULL || !yaml_as_list(&r->yaml, list, "ask.remind"))
		return;
	if (list->count > REMIND_STEPS_MAX) {
		folder_error(r, list, "ask.remind", NULL, tr("more than %d reminders", "больше %d напоминаний"),
			REMIND_STEPS_MAX);
		return;
	}
	for (size_t i = 0; i < list->count; i++)
		read_reminder(r, list->item[i]);
}

/* An address, or the controller's. NULL and a problem when it is neither. */
static char *read_target(struct folder_reader *r, const struct yaml_node *node, const char *path, bool parent)
{
	const char *text = NULL;
	if (!yaml_as_line(&r->yaml, node, path, &text))
		return NULL;
	const json_t *controller = json_object_get(r->folder->definition, "controller");
	if (parent && strcmp(text, "parent") == 0)
		return xstrdup(text);
	if (strcmp(text, "controller") != 0)
		return folder_address(r, node, path);
	if (json_object_get(controller, "address") != NULL)
		return parent ? xstrdup(text)
			      : xstrdup(json_string_value(json_object_get(controller, "address")));
	folder_error(r, node, path, "controller: {name: …, address: controller@ministry.example.org}",
		"%s", tr("there is no controller with an address", "нет ответственного за контроль с адресом (controller)"));
	return NULL;
}

static void read_escalation(struct folder_reader *r, struct yaml_node *map, json_t *list)
{
	static const char *const known[] = {"after", "to", NULL};
	const char *after = "0d", *text = NULL;
	struct step step = {0};
	struct error e = {0};
	if (!yaml_as_map(&r->yaml, map, "ask.escalate"))
		return;
	const struct yaml_node *node = yaml_take(map, "after");
	if (node != NULL && yaml_as_line(&r->yaml, node, "ask.escalate", &text)) {
		after = text;
		if (step_parse(text, &step, &e) != 0)
			folder_error(r, node, "ask.escalate", NULL, "%s", e.text);
		else if (step.amount < 0)
			folder_error(r, node, "ask.escalate", "after: 1d",
				tr("«%.40s» lies before the deadline: nobody is late yet",
					"«%.40s» – до срока: опоздавших ещё нет"),
				text);
	}
	node = yaml_take(map, "to");
	char *to = NULL;
	if (node == NULL)
		folder_error(r, map, "ask.escalate", "to: controller", "%s",
			tr("to whom? parent, controller or an address", "кому? parent, controller или адрес (to)"));
	else
		to = read_target(r, node, "ask.escalate", true);
	if (to != NULL)
		json_array_append_new(list, json_pack("{s:s,s:s}", "after", after, "to", to));
	free(to);
	yaml_unknown(map, r->yaml.file, "ask.escalate", known, r->yaml.problems);
}

static void read_escalations(struct folder_reader *r, struct yaml_node *map, json_t *ask)
{
	struct yaml_node *list = yaml_take(map, "escalate");
	json_t *escalate = json_array();
	if (list != NULL && yaml_as_list(&r->yaml, list, "ask.escalate")) {
		if (list->count > ESCALATIONS_MOST)
			folder_error(r, list, "ask.escalate", NULL, tr("more than %d", "больше %d"), ESCALATIONS_MOST);
		for (size_t i = 0; i < list->count && i < ESCALATIONS_MOST; i++)
			read_escalation(r, list->item[i], escalate);
	}
	json_object_set_new(ask, "escalate", escalate);
}

static void read_formats(struct folder_reader *r, struct yaml_node *map, json_t *report)
{
	static const char *const words[] = {"xlsx", "html", "csv", "json", NULL};
	struct yaml_node *list = yaml_take(map, "formats");
	if (list == NULL) {
		json_object_set_new(report, "formats", json_pack("[s,s]", "xlsx", "html"));
		return;
	}
	json_t *formats = json_array();
	if (yaml_as_list(&r->yaml, list, "ask.report.formats"))
		for (size_t i = 0; i < list->count; i++) {
			int word = 0;
			if (yaml_as_choice(&r->yaml, list->item[i], "ask.report.formats", words, &word))
				json_array_append_new(formats, json_string(words[word]));
		}
	json_object_set_new(report, "formats", formats);
}

static void read_report(struct folder_reader *r, struct yaml_node *ask, json_t *json)
{
	static const char *const known[] = {"to", "formats", "webhook", NULL};
	struct yaml_node *map = folder_map(r, ask, "report", "ask.report");
	bool webhook = false;
	if (map == NULL)
		return;
	json_t *report = json_object(), *to = json_array();
	struct yaml_node *node = yaml_take(map, "to");
	size_t count = node == NULL ? 0 : node->kind == YAML_LIST ? node->count : 1;
	for (size_t i = 0; i < count && i < ADDRESSES_MOST; i++) {
		char *address = read_target(r, node->kind == YAML_LIST ? node->item[i] : node, "ask.report.to", false);
		if (address != NULL)
			json_array_append_new(to, json_string(address));
		free(address);
	}
	const struct yaml_node *hook = yaml_take(map, "webhook");
	if (hook != NULL)
		(void)yaml_as_bool(&r->yaml, hook, "ask.report.webhook", &webhook);
	if (count == 0 && !webhook)
		folder_error(r, map, "ask.report", "to: [head@ministry.example.org]", "%s",
			tr("nobody gets the report", "отчёт никому не уйдёт (to)"));
	json_object_set_new(report, "to", to);
	read_formats(r, map, report);
	json_object_set_new(report, "webhook", json_boolean(webhook));
	yaml_unknown(map, r->yaml.file, "ask.report", known, r->yaml.problems);
	json_object_set_new(json, "report", report);
}

void folder_read_ask(struct folder_reader *r)
{
	static const char *const known[] = {"verb", "answer", "ways", "through", "collect", "collect_kinds",
		"deadline", "zone", "if_day_off", "remind", "escalate", "report", NULL};
	struct yaml_node *map = folder_map(r, r->root, "ask", "ask");
	if (map == NULL)
		return;
	json_t *ask = json_object();
	int rule = DEADLINE_NEXT;
	r->ask.given = true;
	r->ask.node = map;
	read_verb(r, map, ask);
	struct yaml_node *fields = yaml_take(map, "answer");
	if (fields == NULL)
		folder_error(r, map, "ask.answer", "answer: [{field: registered, label: …, type: count}]", "%s",
			tr("nothing is asked", "не указано, что спрашивается (answer)"));
	json_object_set_new(ask, "fields",
		fields == NULL ? json_array() : read_fields(r, fields, "ask.answer", FIELDS_MOST, false));
	read_ways(r, map, ask);
	read_cascade(r, map, ask);
	read_zone(r, map);
	read_deadline(r, map);
	const struct yaml_node *node = yaml_take(map, "if_day_off");
	if (node != NULL)
		(void)yaml_as_choice(&r->yaml, node, "ask.if_day_off", deadline_if_off_words, &rule);
	r->ask.if_off = (enum deadline_if_off)rule;
	folder_put(ask, "if_day_off", deadline_if_off_words[rule]);
	read_reminders(r, map);
	read_escalations(r, map, ask);
	read_report(r, map, ask);
	yaml_unknown(map, r->yaml.file, "ask", known, r->yaml.problems);
	json_object_set_new(r->folder->definition, "ask", ask);
}

/* ---- acknowledgement ---------------------------------------------------------------------------- */

static void read_ack_person(struct folder_reader *r, struct yaml_node *map, json_t *persons)
{
	static const char *const known[] = {"name", "position", "address", NULL};
	if (!yaml_as_map(&r->yaml, map, "acknowledge.persons"))
		return;
	json_t *person = json_object();
	folder_put(person, "name", folder_line(r, map, "name", "acknowledge.persons"));
	folder_put(person, "position", folder_line(r, map, "position", "acknowledge.persons"));
	folder_put_address(r, map, "acknowledge.persons", person);
	yaml_unknown(map, r->yaml.file, "acknowledge.persons", known, r->yaml.problems);
	if (json_object_get(person, "name") == NULL)
		folder_error(r, map, "acknowledge.persons", NULL, "%s",
			tr("name is missing: it stands on the sheet", "нет имени (name): оно стоит в листе ознакомления"));
	if (json_object_get(person, "address") == NULL)
		folder_warn(r, map, "acknowledge.persons", NULL, "%s",
			tr("no address: this person gets no letter, staff note the acknowledgement",
				"нет адреса: письмо этому человеку не уйдёт, отметку ставит сотрудник"));
	json_array_append_new(persons, person);
}

void folder_read_acknowledge(struct folder_reader *r)
{
	static const char *const known[] = {"persons", "roles", NULL};
	struct yaml_node *map = folder_map(r, r->root, "acknowledge", "acknowledge"), *list;
	if (map == NULL)
		return;
	json_t *acknowledge = json_object(), *persons = json_array();
	list = yaml_take(map, "persons");
	if (list != NULL && yaml_as_list(&r->yaml, list, "acknowledge.persons")) {
		if (list->count > PERSONS_MOST)
			folder_error(r, list, "acknowledge.persons", NULL, tr("more than %d", "больше %d"), PERSONS_MOST);
		for (size_t i = 0; i < list->count && i < PERSONS_MOST; i++)
			read_ack_person(r, list->item[i], persons);
	}
	json_object_set_new(acknowledge, "persons", persons);
	read_words_list(r, map, "roles", "acknowledge.roles", acknowledge);
	if (json_array_size(persons) == 0 && json_array_size(json_object_get(acknowledge, "roles")) == 0)
		folder_error(r, map, "acknowledge", "persons: [{name: …, address: …}], roles: [head]", "%s",
			tr("nobody is to acknowledge", "не указано, кто знакомится"));
	if (json_object_get(acknowledge, "roles") == NULL)
		json_object_set_new(acknowledge, "roles", json_array());
	yaml_unknown(map, r->yaml.file, "acknowledge", known, r->yaml.problems);
	json_object_set_new(r->folder->definition, "acknowledge", acknowledge);
	r->acknowledged = true;
	if (r->settings->public_url == NULL)
		folder_warn(r, map, "acknowledge", "public_url: https://answers.example.org", "%s",
			tr("the settings have no public_url: nobody gets a link to acknowledge by",
				"в настройках нет public_url: ссылок для ознакомления не будет"));
}
