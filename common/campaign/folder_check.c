/* The campaign against the directory: do the names exist, is there anybody, has
 * everybody the figures the letter shows; then the letter, and a trial of it
 * with everybody's fields. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "campaign/compile.h"
#include "campaign/folder.h"

#define BATCH 1000
#define SHOWN 5		  /* examples in one message */
#define EXTRA_MAX 256	  /* further columns of a directory */
#define LIST_PROBLEMS_MOST 50

/* ---- names against the directory ------------------------------------------------------ */

static int known_words(struct db *db, const char *sql, json_t *words, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	if (db_query(db, &stmt, e, sql, "") != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW)
		if (!db_is_null(stmt, 0))
			json_array_append_new(words, json_string(db_text(stmt, 0)));
	return step == DB_DONE ? 0 : -1;
}

/* One item of a list in the file. */
static const struct yaml_node *item_of(const struct yaml_node *node, size_t i)
{
	return node->kind == YAML_LIST ? node->item[i] : node;
}
static size_t items_of(const struct yaml_node *node)
{
	return node == NULL ? 0 : node->kind == YAML_LIST ? node->count : 1;
}

static void check_words(struct folder_reader *r, struct db *db, const struct yaml_node *node,
	const char *path, const char *sql)
{
	struct error e = {0};
	if (items_of(node) == 0)
		return;
	json_t *words = json_array();
	if (known_words(db, sql, words, &e) != 0) {
		folder_error(r, node, path, NULL, "%s", e.text);
		json_decref(words);
		return;
	}
	size_t n = json_array_size(words);
	const char **known = xcalloc(n + 1, sizeof *known);
	for (size_t i = 0; i < n; i++)
		known[i] = json_string_value(json_array_get(words, i));
	for (size_t i = 0; i < items_of(node); i++) {
		const struct yaml_node *item = item_of(node, i);
		size_t k = 0;
		while (k < n && strcmp(known[k], item->text) != 0)
			k++;
		if (k < n)
			continue;
		const char *nearest = yaml_nearest(item->text, known);
		char *hint =
			nearest == NULL
				? NULL
				: xasprintf(tr("did you mean «%s»?", "может быть, «%s»?"), nearest);
		folder_error(r, item, path, hint,
			tr("the directory has no «%.100s»", "в справочнике нет «%.100s»"),
			item->text);
		free(hint);
	}
	free(known);
	json_decref(words);
}

static bool existby(struct db *db, const char *key, enum audience_by by)
{
	static const char *const sql[] = {"SELECT 1 FROM organisation WHERE key = $1 AND active = 1",
		"SELECT 1 FROM organisation WHERE region = $1 AND active = 1 LIMIT 1",
		"SELECT 1 FROM organisation WHERE municipality = $1 AND active = 1 LIMIT 1"};
	int64_t one;
	struct error e;
	return db_query_int(db, &one, &e, sql[by], "s", key) == DB_ROW;
}

static bool key_exists(struct db *db, const char *key)
{
	return existby(db, key, BY_KEY);
}

static void check_keys(struct folder_reader *r, struct db *db)
{
	for (size_t i = 0; i < items_of(r->keys); i++) {
		const struct yaml_node *item = item_of(r->keys, i);
		if (!key_exists(db, item->text))
			folder_error(r, item, "audience.keys", NULL,
				tr("the directory has no organisation with the key «%.100s»",
					"в справочнике нет организации с ключом «%.100s»"),
				item->text);
	}
	const struct dataset *list = r->folder->list;
	size_t missing = 0;
	for (size_t i = 0; list != NULL && i < list->count; i++) {
		if (key_exists(db, list->row[i].key) || ++missing > LIST_PROBLEMS_MOST)
			continue;
		problem_add(r->yaml.problems, PROBLEM_ERROR,
			(struct problem_place){.file = list->file, .line = list->row[i].line}, NULL,
			tr("the directory has no organisation with the key «%.100s»",
				"в справочнике нет организации с ключом «%.100s»"),
			list->row[i].key);
	}
	if (missing > LIST_PROBLEMS_MOST)
		problem_add(r->yaml.problems, PROBLEM_ERROR,
			(struct problem_place){.file = list->file}, NULL,
			tr("and %zu keys more are not in the directory",
				"и ещё %zu ключей нет в справочнике"),
			missing - LIST_PROBLEMS_MOST);
}

/* Rows for nobody are only remarked: the table may be wider than the audience. */
static void check_table_keys(struct folder_reader *r, struct db *db)
{
	for (size_t d = 0; d < r->folder->audience.datasets; d++) {
		const struct dataset *dataset = r->folder->dataset[d];
		enum audience_by by = r->folder->audience.dataset[d].by;
		size_t missing = 0, first = 0;
		for (size_t i = 0; i < dataset->count; i++)
			if (!existby(db, dataset->row[i].key, by) && missing++ == 0)
				first = i;
		if (missing > 0)
			problem_add(r->yaml.problems, PROBLEM_WARNING,
				(struct problem_place){
					.file = dataset->file, .line = dataset->row[first].line},
				NULL,
				tr("%zu rows have keys that are not in the directory; the first is "
				   "«%.100s»",
					"строк с ключами, которых нет в справочнике: %zu; первый — "
					"«%.100s»"),
				missing, dataset->row[first].key);
	}
}

/* ---- the walk ------------------------------------------------------------------------------ */

struct examples {
	int64_t count;
	struct buf text;
};

static void example(struct examples *examples, const struct campaign_recipient *recipient)
{
	if (examples->count++ < SHOWN)
		(void)buf_printf(&examples->text, "%s%s («%.80s»)",
			examples->text.len == 0 ? "" : ", ", recipient->key, recipient->name);
}

struct addressed {
	char *address, *key;
};
struct survey {
	struct folder_reader *r;
	int64_t count;
	char *extra[EXTRA_MAX];
	size_t extras;
	struct examples missing[AUDIENCE_DATASETS_MAX];
	struct addressed *addressed;
	size_t cap;
};

static void note_extra(struct survey *s, const json_t *recipient)
{
	static const char *const own[] = {"key", "name", "kind", "region", "municipality", NULL};
	const char *name;
	json_t *value;
	if (json_object_size(recipient) <= sizeof own / sizeof own[0] - 1)
		return;
	json_object_foreach((json_t *)(uintptr_t)recipient, name, value)
	{
		size_t i = 0;
		while (own[i] != NULL && strcmp(own[i], name) != 0)
			i++;
		if (own[i] != NULL)
			continue;
		for (i = 0; i < s->extras && strcmp(s->extra[i], name) != 0;)
			i++;
		if (i == s->extras && s->extras < EXTRA_MAX)
			s->extra[s->extras++] = xstrdup(name);
	}
}

static int survey_one(void *arg, const struct campaign_recipient *recipient)
{
	struct survey *s = arg;
	const struct audience *a = &s->r->folder->audience;
	note_extra(s, json_object_get(recipient->fields, "recipient"));
	for (size_t d = 0; d < a->datasets; d++)
		if (json_object_get(recipient->fields, a->dataset[d].name) == NULL)
			example(&s->missing[d], recipient);
	if ((size_t)s->count == s->cap) {
		s->cap = s->cap == 0 ? 256 : s->cap * 2;
		s->addressed = xrealloc(s->addressed, s->cap, sizeof *s->addressed);
	}
	s->addressed[s->count++] =
		(struct addressed){xstrdup(recipient->address), xstrdup(recipient->key)};
	return 0;
}

static int by_address(const void *a, const void *b)
{
	const struct addressed *x = a, *y = b;
	int order = strcmp(x->address, y->address);
	return order != 0 ? order : strcmp(x->key, y->key);
}

static void report_shared(struct survey *s)
{
	size_t n = (size_t)s->count, shared = 0;
	struct buf text;
	buf_init(&text, 4096);
	if (n > 1)
		qsort(s->addressed, n, sizeof *s->addressed, by_address);
	for (size_t i = 0; i + 1 < n;) {
		size_t end = i + 1;
		while (end < n && strcmp(s->addressed[end].address, s->addressed[i].address) == 0)
			end++;
		if (end - i > 1 && shared++ < SHOWN)
			(void)buf_printf(&text, "%s%s (%s, %s%s)", text.len == 0 ? "" : "; ",
				s->addressed[i].address, s->addressed[i].key,
				s->addressed[i + 1].key, end - i > 2 ? ", …" : "");
		i = end;
	}
	if (shared > 0)
		yaml_problem(&s->r->yaml, PROBLEM_WARNING, s->r->audience_node, "audience", NULL,
			tr("%zu addresses are shared by several recipients, each gets its own "
			   "letter: %s",
				"общие адреса у нескольких адресатов: %zu, каждому уйдёт своё "
				"письмо: %s"),
			shared, buf_str(&text));
	buf_fini(&text);
}

/* Letters to those asked through a parent are filled with other people's rows. */
static bool any_letter_uses(const struct campaign_folder *folder, const char *name)
{
	for (size_t i = 0; i < folder->letters_count; i++)
		if (strncmp(folder->letters[i].name, "collect", strlen("collect")) != 0 &&
			folder_letter_uses(&folder->letters[i], name))
			return true;
	return false;
}

static void report_missing(struct survey *s)
{
	const struct audience *a = &s->r->folder->audience;
	for (size_t d = 0; d < a->datasets; d++) {
		struct examples *missing = &s->missing[d];
		if (missing->count == 0 || !any_letter_uses(s->r->folder, a->dataset[d].name))
			continue;
		char *path = xasprintf("data.%s", a->dataset[d].name);
		folder_error(s->r, s->r->dataset_node[d], path,
			tr("add the rows, or say missing: skip (no letter to them) or missing: "
			   "empty",
				"добавьте строки или укажите missing: skip (им не писать) либо "
				"missing: empty"),
			tr("recipients without a row: %lld: %s%s",
				"адресатов без строки: %lld: %s%s"),
			(long long)missing->count, buf_str(&missing->text),
			missing->count > SHOWN ? ", …" : "");
		free(path);
	}
}

bool folder_directory_empty(struct db *db)
{
	int64_t one;
	struct error e;
	return db == NULL || db_query_int(db, &one, &e, "SELECT 1 FROM organisation WHERE active = 1 LIMIT 1",
		       "") == DB_DONE;
}

static void walk(struct survey *s, struct db *db)
{
	struct folder_reader *r = s->r;
	struct error e = {0};
	struct audience_call call = {
		.audience = &r->folder->audience, .most = BATCH, .each = survey_one, .arg = s};
	int rc = 0;
	while (rc == 0 && !call.end) {
		rc = audience_walk(db, &call, &e);
		call.after = call.last;
	}
	if (rc != 0) {
		folder_error(r, r->audience_node, "audience", NULL, "%s", e.text);
		return;
	}
	if (call.without_contact > 0)
		yaml_problem(&r->yaml, PROBLEM_WARNING, r->audience_node, "audience", NULL,
			tr("organisations without a contact in these roles, which get no letter: "
			   "%lld",
				"организаций без контакта в этих ролях, им письмо не уйдёт: %lld"),
			(long long)call.without_contact);
	if (s->count == 0)
		folder_error(r, r->audience_node, "audience",
			folder_directory_empty(db)
				? tr("the directory is empty: vestnik directory import FILE",
					  "справочник пуст: vestnik directory import ФАЙЛ")
				: NULL,
			"%s",
			tr("nobody in the directory meets these conditions: the audience is empty",
				"под эти условия в справочнике никто не подходит: адресатов нет"));
	report_shared(s);
	report_missing(s);
}

/* ---- rounds with an audience of their own ---------------------------------------------------- */

#define ROUNDS_MOST 50 /* a road map has hundreds, each of a few keys */

static int count_one(void *arg, const struct campaign_recipient *recipient)
{
	(void)recipient;
	++*(int64_t *)arg;
	return 0;
}

static void check_round(struct folder_reader *r, struct db *db, size_t index, const json_t *round)
{
	char path[40];
	struct audience audience;
	struct error e = {0};
	int64_t count = 0;
	struct audience_call call = {.audience = &audience, .most = BATCH, .each = count_one, .arg = &count};
	snprintf(path, sizeof path, "stages[%zu].audience", index);
	int rc = folder_audience_init(r->folder, json_object_get(round, "audience"), &audience, &e);
	while (rc == 0 && !call.end && count == 0) {
		rc = audience_walk(db, &call, &e);
		call.after = call.last;
	}
	/* Conditions on states are true of nobody before the first letters are out. */
	if (rc != 0)
		folder_error(r, r->audience_node, path, NULL, "%s", e.text);
	else if (count == 0 && !audience.reads_states)
		(json_is_true(json_object_get(round, "draft")) ? folder_warn : folder_error)(r,
			r->audience_node, path, NULL,
			tr("nobody in the directory meets the conditions of the stage «%.100s»",
				"под условия этапа «%.100s» в справочнике никто не подходит"),
			json_string_value(json_object_get(round, "label")));
	audience_fini(&audience);
}

static void check_rounds(struct folder_reader *r, struct db *db)
{
	size_t index, seen = 0;
	const json_t *round;
	json_array_foreach(json_object_get(r->folder->definition, "rounds"), index, round)
		if (json_object_get(round, "audience") != NULL && seen++ < ROUNDS_MOST)
			check_round(r, db, index, round);
}

void folder_check(struct folder_reader *r, struct db *db)
{
	struct survey survey = {.r = r};
	size_t before = r->yaml.problems->errors;
	for (size_t d = 0; d < AUDIENCE_DATASETS_MAX; d++)
		buf_init(&survey.missing[d].text, 4096);
	folder_check_rounds(r);
	if (db != NULL) {
		check_words(r, db, r->kinds, "audience.kinds",
			"SELECT DISTINCT kind FROM organisation WHERE active = 1");
		check_words(r, db, r->regions, "audience.regions",
			"SELECT DISTINCT region FROM organisation WHERE active = 1");
		check_words(r, db, r->municipalities, "audience.municipalities",
			"SELECT DISTINCT municipality FROM organisation WHERE active = 1");
		check_keys(r, db);
		check_table_keys(r, db);
		walk(&survey, db);
		check_rounds(r, db);
	}
	struct folder_extras extras = {
		.name = survey.extra,
		.count = survey.extras,
		.directory = db != NULL && survey.count > 0,
		.trial = db != NULL && survey.count > 0 && r->yaml.problems->errors == before};
	folder_compile(r, &extras);
	for (int64_t i = 0; i < survey.count; i++) {
		free(survey.addressed[i].address);
		free(survey.addressed[i].key);
	}
	free(survey.addressed);
	for (size_t i = 0; i < survey.extras; i++)
		free(survey.extra[i]);
	for (size_t d = 0; d < AUDIENCE_DATASETS_MAX; d++)
		buf_fini(&survey.missing[d].text);
}
