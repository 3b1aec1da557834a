/* Step 2: who gets the letter, and who does not and why; their figures. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "console/compose/tables.h"
#include "directory/words.h"
#include "web/target.h"

#define SHOWN 25          /* of the list, on a page */
#define LEFT_OUT_SHOWN 20
#define BATCH 1000
#define FOUND_MOST 15
#define PLACES_MOST 120   /* checkboxes; more are typed, one a line */

static const struct field_row flags[] = {
	{"audience.everybody", LOOK_FLAG, "Everybody in the directory", "Все, кто есть в справочнике", "Conditions below still hold", "Условия ниже всё равно действуют", NULL}, {0}};
static const struct field_row places[] = {
	{"audience.municipalities", LOOK_LINES, "Municipalities", "Муниципалитеты", "One a line, as in the directory; empty: all", "По одному в строке, как в справочнике; пусто – все", NULL}, {0}};
static const struct field_row words[] = {
	{"audience.any", LOOK_FLAG, "One of the conditions is enough", "Достаточно одного из условий", NULL, NULL, NULL},
	{"audience.where", LOOK_LINE, "A further condition in words", "Ещё одно условие словами", "recipient.kind = school and monitoring.registered < 10", "recipient.kind = school and monitoring.registered < 10", NULL}, {0}};
static const char *const missing[] = {"", "an error: all must have a row", "ошибка: строка должна быть у каждого", "skip", "no letter to them", "не писать им", "empty",
	"a letter with empty figures", "письмо с пустыми показателями", NULL};
static const char *const by[] = {"", "an organisation's", "организации", "region", "a region's", "региона", "municipality", "a municipality's", "муниципалитета", NULL};
static const struct field_row table[] = {{"name", LOOK_LINE, "Name in the letter", "Имя в письме", "a–z, 0–9, «_»: {{monitoring.registered}}", "a–z, 0–9, «_»: {{monitoring.registered}}", NULL},
	{"by", LOOK_SELECT, "A row is", "Строка – это показатели", NULL, NULL, by},
	{"missing", LOOK_SELECT, "A recipient without a row", "Адресат без строки", NULL, NULL, missing},
	{"key", LOOK_LINE, "Column with the key", "Столбец с ключом", "Empty: it is found by itself", "Пусто – найдётся сам", NULL}, {0}};

/* ---- what the directory has ------------------------------------------------------------------- */

/* «школа» of school: people's first word for it. */
static const char *kind_name(const char *kind)
{
	for (const struct word_pair *pair = kind_words; pair->word != NULL; pair++)
		if (strcmp(pair->value, kind) == 0 && ((unsigned char)pair->word[0] >= 0x80) == (lang_get() == LANG_RU))
			return pair->word;
	return kind;
}

static const char *role_name_of(const char *role)
{
	for (const struct word_pair *pair = contact_role_words; pair->word != NULL; pair++)
		if (strcmp(pair->value, role) == 0 && ((unsigned char)pair->word[0] >= 0x80) == (lang_get() == LANG_RU))
			return pair->word;
	return role;
}

static json_t *counted(struct draft *draft, const char *sql, const char *(*name)(const char *value), size_t *count)
{
	struct db_stmt *row;
	struct error e = {0};
	json_t *options = json_array();
	*count = 0;
	if (db_query(draft->visit->db, &row, &e, sql, "") != 0)
		return options;
	while (db_step(row, &e) == DB_ROW) {
		if (db_is_null(row, 0) || ++*count > 2000)
			continue;
		const char *value = db_text(row, 0);
		json_array_append_new(options, json_pack("{s:s, s:s, s:o}", "value", value, "name", name == NULL ? value : name(value), "count", show_number(db_int(row, 1))));
	}
	return options;
}

static void add_directory(struct draft *draft, json_t *data)
{
	size_t kinds, regions, municipalities, roles;
	json_t *options = counted(draft, "SELECT kind, count(*) FROM organisation WHERE active = 1 GROUP BY kind ORDER BY kind", kind_name, &kinds);
	json_object_set_new(data, "kinds", draft_choices(draft, "audience.kinds", options));
	options = counted(draft, "SELECT region, count(*) FROM organisation WHERE active = 1 GROUP BY region ORDER BY region", NULL, &regions);
	json_object_set_new(data, "regions", draft_choices(draft, "audience.regions", options));
	options = counted(draft, "SELECT municipality, count(*) FROM organisation WHERE active = 1 GROUP BY municipality ORDER BY municipality", NULL, &municipalities);
	if (municipalities <= PLACES_MOST) {
		json_object_set_new(data, "municipalities", draft_choices(draft, "audience.municipalities", options));
	} else {
		json_decref(options);
		json_object_set_new(data, "places", draft_fields(draft, "", places));
	}
	options = counted(draft, "SELECT role, count(*) FROM contact WHERE active = 1 GROUP BY role ORDER BY role", role_name_of, &roles);
	json_object_set_new(data, "roles", draft_choices(draft, "audience.roles", options));
	json_object_set_new(data, "directory_empty", json_boolean(kinds == 0));
	json_object_set_new(data, "any_regions", json_boolean(regions > 0));
	json_object_set_new(data, "any_municipalities", json_boolean(municipalities > 0 && municipalities <= PLACES_MOST));
}

/* ---- single organisations -------------------------------------------------------------------------- */

static json_t *keys_of(struct draft *draft)
{
	json_t *list = json_array();
	size_t index;
	const json_t *key;
	struct error e = {0};
	json_array_foreach(form_at(draft->composition.form, "audience.keys"), index, key)
	{
		struct db_stmt *row;
		const char *name = NULL;
		if (db_query(draft->visit->db, &row, &e, "SELECT name FROM organisation WHERE key = $1", "s", json_string_value(key)) == 0 &&
			db_step(row, &e) == DB_ROW)
			name = db_text(row, 0);
		json_array_append_new(list, json_pack("{s:O, s:s?}", "key", key, "name", name));
		if (name != NULL)
			db_reset(row);
	}
	return list;
}

static json_t *found_of(struct draft *draft, const char *words_given)
{
	json_t *list = json_array();
	struct db_stmt *row;
	struct error e = {0};
	char *pattern = xasprintf("%%%s%%", words_given), *other = xstrdup(pattern);
	unsigned char *c = (unsigned char *)other + 1;
	/* The case of a first Cyrillic letter: «школа» finds «Школа». */
	if (c[0] == 0xd0 && c[1] >= 0xb0 && c[1] <= 0xbf)
		c[1] -= 0x20;
	else if (c[0] == 0xd1 && c[1] >= 0x80 && c[1] <= 0x8f)
		c[0] = 0xd0, c[1] += 0x20;
	if (words_given[0] != '\0' &&
		db_query(draft->visit->db, &row, &e,
			"SELECT key, name, municipality FROM organisation WHERE active = 1 AND (key = $3 OR name LIKE $1 OR name LIKE $2) ORDER BY id LIMIT $4",
			"sssi", pattern, other, words_given, (int64_t)FOUND_MOST) == 0)
		while (db_step(row, &e) == DB_ROW)
			json_array_append_new(list, json_pack("{s:s, s:s, s:s?}", "key", db_text(row, 0), "name", db_text(row, 1), "place", db_text(row, 2)));
	free(pattern);
	free(other);
	return list;
}

/* ---- conditions ------------------------------------------------------------------------------------------ */

static void add_choice(json_t *list, const char *value, const char *name, const char *now, bool *known)
{
	bool chosen = strcmp(value, now) == 0;
	*known = *known || chosen;
	json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "value", value, "name", name, "chosen", chosen));
}

static json_t *fields_of(struct draft *draft, const json_t *tables, const char *now)
{
	static const char *const own[][3] = {{"answered", "Earlier campaign: answered", "Прежняя рассылка: ответили"}, {"acknowledged", "Earlier campaign: acknowledged", "Прежняя рассылка: ознакомлены"},
		{"delivered", "Earlier campaign: delivered", "Прежняя рассылка: доставлено"}, {"recipient.kind", "Kind", "Вид организации"}, {"recipient.region", "Region", "Регион"},
		{"recipient.municipality", "Municipality", "Муниципалитет"}, {"recipient.name", "Name", "Название"}};
	json_t *list = json_array();
	bool known = now[0] == '\0';
	size_t t, c;
	const json_t *one, *column;
	json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "value", "", "name", "—", "chosen", 0));
	json_array_foreach(tables, t, one) json_array_foreach(json_object_get(one, "columns"), c, column)
	{
		char *value = xasprintf("%s.%s", form_text(one, "name"), form_text(column, "field")), *name = xasprintf("%s: %s", form_text(one, "name"), form_text(column, "title"));
		add_choice(list, value, name, now, &known);
		free(value);
		free(name);
	}
	for (size_t i = form_text(draft->composition.form, "follows")[0] == '\0' ? 3 : 0; i < sizeof own / sizeof own[0]; i++)
		add_choice(list, own[i][0], tr(own[i][1], own[i][2]), now, &known);
	if (!known)
		add_choice(list, now, now, now, &known);
	return list;
}

static json_t *conditions_of(struct draft *draft, const json_t *tables)
{
	static const char *const is[] = {"<", "less than", "меньше", "<=", "at most", "не больше", ">", "more than", "больше", ">=", "at least", "не меньше", "=", "is", "равно",
		"!=", "is not", "не равно", "yes", "yes, there is", "да, есть", "no", "no, there is not", "нет", NULL};
	static const struct field_row parts[] = {{"is", LOOK_SELECT, "Is", "Сравнение", NULL, NULL, is}, {"value", LOOK_LINE, "Value", "Значение", NULL, NULL, NULL}, {0}};
	static const struct field_row which = {"field", LOOK_SELECT, "What", "Показатель", NULL, NULL, NULL};
	json_t *rows = draft_rows(draft, "audience.conditions", parts, "Condition", "Условие"), *row;
	size_t index;
	json_array_foreach(rows, index, row)
	{
		const char *base = form_text(row, "path");
		json_t *field = draft_field(draft, base, &which);
		char *path = xasprintf("%s.field", base);
		json_object_set_new(field, "options", fields_of(draft, tables, form_text(draft->composition.form, path)));
		free(path);
		json_array_insert_new(json_object_get(row, "fields"), 0, field);
	}
	return rows;
}

/* ---- the list ---------------------------------------------------------------------------------------------- */

struct walk {
	json_t *rows, *unreached, *suppressed, *batch; /* batch: address → name */
	int64_t after, last_shown, count, without, stopped;
	bool more;
};

static int take_one(void *arg, const struct campaign_recipient *r)
{
	struct walk *w = arg;
	w->count++;
	json_object_set_new(w->batch, r->address, json_string(r->name));
	if (r->organisation <= w->after)
		return 0;
	if (json_array_size(w->rows) >= SHOWN && r->organisation != w->last_shown) {
		w->more = true;
		return 0;
	}
	if (w->more)
		return 0;
	w->last_shown = r->organisation;
	json_array_append_new(w->rows, json_pack("{s:s, s:s, s:s, s:s?, s:s?}", "key", r->key, "name", r->name, "address", r->address, "contact", r->contact_name,
					      "place", json_string_value(json_object_get(json_object_get(r->fields, "recipient"), "municipality"))));
	return 0;
}

static void take_unreached(void *arg, int64_t organisation, const char *key, const char *name)
{
	struct walk *w = arg;
	(void)organisation;
	if (w->without++ < LEFT_OUT_SHOWN)
		json_array_append_new(w->unreached, json_pack("{s:s, s:s}", "key", key, "name", name));
}

static int take_suppressed(struct db *db, struct walk *w, struct error *e)
{
	json_t *addresses = json_array(), *value;
	const char *address;
	struct db_stmt *row;
	enum db_step step;
	json_object_foreach(w->batch, address, value) json_array_append_new(addresses, json_string(address));
	char *text = json_dumps(addresses, JSON_COMPACT);
	json_decref(addresses);
	int rc = db_query(db, &row, e, "SELECT s.address, s.reason FROM suppression s JOIN @TEXTS($1) t ON t.text = s.address", "s", text);
	free(text);
	if (rc != 0)
		return -1;
	while ((step = db_step(row, e)) == DB_ROW)
		if (w->stopped++ < LEFT_OUT_SHOWN)
			json_array_append_new(w->suppressed, json_pack("{s:s, s:O?, s:s}", "address", db_text(row, 0), "name", json_object_get(w->batch, db_text(row, 0)), "reason", db_text(row, 1)));
	json_object_clear(w->batch);
	return step == DB_DONE ? 0 : -1;
}

static int walk_all(struct draft *draft, struct walk *w, struct error *e)
{
	int64_t after = 0;
	bool end = false;
	while (!end)
		if (campaign_folder_batch(draft->folder, draft->visit->db, after, BATCH, &after, &end, take_one, take_unreached, w, e) != 0 ||
			take_suppressed(draft->visit->db, w, e) != 0)
			return -1;
	return 0;
}

static char *recipients_words(int64_t count)
{
	json_t *number = show_number(count);
	char *text = xasprintf("%s %s", json_string_value(number), calendar_plural(count, lang_get(), tr("recipient", "адресат"), tr("recipients", "адресата"), tr("recipients", "адресатов")));
	json_decref(number);
	return text;
}

static void add_list(struct draft *draft, json_t *data)
{
	struct walk w = {.rows = json_array(), .unreached = json_array(), .suppressed = json_array(), .batch = json_object()};
	struct error e = {0};
	(void)page_after(draft->visit, &w.after, 1);
	if (draft->folder != NULL && walk_all(draft, &w, &e) == 0) {
		char *words_of_count = recipients_words(w.count);
		json_object_set_new(data, "counted", json_pack("{s:s, s:O, s:b}", "words", words_of_count, "rows", w.rows, "later", w.after > 0));
		json_object_set_new(data, "next", w.more ? page_next(draft->visit, &w.last_shown, 1) : json_null());
		json_object_set_new(data, "without", w.without == 0 ? json_null() : json_pack("{s:o, s:O, s:b}", "count", show_number(w.without), "rows", w.unreached, "more", w.without > LEFT_OUT_SHOWN));
		json_object_set_new(data, "suppressed", w.stopped == 0 ? json_null() : json_pack("{s:o, s:O, s:b}", "count", show_number(w.stopped), "rows", w.suppressed, "more", w.stopped > LEFT_OUT_SHOWN));
		free(words_of_count);
	}
	json_decref(w.rows);
	json_decref(w.unreached);
	json_decref(w.suppressed);
	json_decref(w.batch);
}

static void add_why(struct draft *draft, json_t *data)
{
	const char *whom = web_query(draft->visit->request, "why");
	struct buf why;
	struct error e = {0};
	if (whom == NULL || whom[0] == '\0' || draft->folder == NULL)
		return;
	buf_init(&why, 64 * 1024);
	int rc = campaign_folder_explain(draft->folder, draft->visit->db, whom, &why, &e);
	json_object_set_new(data, "why", json_pack("{s:s, s:s}", "whom", whom, "text", rc == 0 ? buf_str(&why) : e.text));
	buf_fini(&why);
}

/* ---- the page ------------------------------------------------------------------------------------------------ */

static json_t *tables_of(struct draft *draft, const json_t *tables)
{
	json_t *rows = draft_rows(draft, "data", table, "Table", "Таблица"), *row;
	size_t index;
	json_array_foreach(rows, index, row)
	{
		const json_t *one = json_array_get(tables, index);
		char *path = xasprintf("data.%zu.file", index);
		json_object_set_new(row, "file", json_string(form_text(one, "file")));
		json_object_set(row, "columns", json_object_get(one, "columns"));
		json_object_set_new(row, "file_error", draft_wrong(draft, path));
		free(path);
	}
	return rows;
}

void show_audience(struct draft *draft, int status)
{
	const char *find = web_query(draft->visit->request, "find");
	if (!draft_load(draft, LOOK_AUDIENCE))
		return;
	json_t *data = draft_page(draft, STEP_AUDIENCE), *tables = tables_show(draft), *found = found_of(draft, find == NULL ? "" : find);
	add_directory(draft, data);
	json_object_set_new(data, "flags", draft_fields(draft, "", flags));
	json_object_set_new(data, "words", draft_fields(draft, "", words));
	json_object_set_new(data, "conditions", conditions_of(draft, tables));
	json_object_set_new(data, "conditions_error", draft_wrong(draft, "audience.conditions"));
	json_object_set_new(data, "tables", tables_of(draft, tables));
	json_object_set_new(data, "keys", keys_of(draft));
	json_object_set_new(data, "list_file", show_text(form_text(draft->composition.form, "audience.list.file")));
	json_object_set_new(data, "find", json_string(find == NULL ? "" : find));
	json_object_set_new(data, "nothing_found", json_boolean(find != NULL && find[0] != '\0' && json_array_size(found) == 0));
	json_object_set_new(data, "found", found);
	add_list(draft, data);
	add_why(draft, data);
	json_decref(tables);
	draft_show(draft, status, STEP_AUDIENCE, data);
}

void page_audience(struct visit *visit)
{
	struct draft draft;
	if (!draft_open(visit, &draft))
		return;
	show_audience(&draft, 200);
	draft_close(&draft);
}

void take_audience(struct visit *visit)
{
	struct draft draft;
	if (!draft_open(visit, &draft))
		return;
	take_uploads(&draft, "table", "data");
	take_uploads(&draft, "list", "audience.list");
	if (strcmp(pressed(visit), "unlist") == 0)
		(void)form_put(draft.composition.form, "audience.list", json_object());
	if (take_and_save(&draft, STEP_AUDIENCE, put_uploads)) {
		const char *find = web_value(visit->request, "find");
		if (strcmp(pressed(visit), "find") == 0 && find != NULL) {
			char *escaped = target_escape(find), *url = xasprintf("/compose/%s/audience?find=%s#keys", draft.composition.slug, escaped);
			web_redirect(visit->request, url);
			free(url);
			free(escaped);
		} else {
			go_on(&draft, STEP_AUDIENCE);
		}
	}
	draft_close(&draft);
}
