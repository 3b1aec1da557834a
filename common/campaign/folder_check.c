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
#define TRIALS_MOST 20000 /* letters filled for trial: about a quarter of a second */
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

static bool key_exists(struct db *db, const char *key)
{
	int64_t one;
	struct error e;
	return db_query_int(db, &one, &e,
		       "SELECT 1 FROM organisation WHERE key = $1 AND active = 1", "s",
		       key) == DB_ROW;
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
		size_t missing = 0, first = 0;
		for (size_t i = 0; i < dataset->count; i++)
			if (!key_exists(db, dataset->row[i].key) && missing++ == 0)
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

/* Does the letter's text have a tag whose name begins with this? */
static bool letter_uses(const struct folder_file *file, const char *name)
{
	size_t len = strlen(name);
	const char *p = file->data;
	while (p != NULL && (p = strstr(p, "{{")) != NULL) {
		p += 2;
		p += strspn(p, "{#^&/ \t");
		if (strncmp(p, name, len) == 0 && (p[len] == '.' || p[len] == '}' || p[len] == ' '))
			return true;
	}
	return false;
}

static void report_missing(struct survey *s)
{
	const struct audience *a = &s->r->folder->audience;
	for (size_t d = 0; d < a->datasets; d++) {
		struct examples *missing = &s->missing[d];
		if (missing->count == 0 || !letter_uses(&s->r->folder->first, a->dataset[d].name))
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

static bool directory_is_empty(struct db *db)
{
	int64_t one;
	struct error e;
	return db_query_int(db, &one, &e, "SELECT 1 FROM organisation WHERE active = 1 LIMIT 1",
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
			directory_is_empty(db)
				? tr("the directory is empty: vestnik directory import FILE",
					  "справочник пуст: vestnik directory import ФАЙЛ")
				: NULL,
			"%s",
			tr("nobody in the directory meets these conditions: the audience is empty",
				"под эти условия в справочнике никто не подходит: адресатов нет"));
	report_shared(s);
	report_missing(s);
}

/* ---- the letter ------------------------------------------------------------------------------ */

struct names {
	char **item;
	size_t count, cap;
};

__attribute__((format(printf, 2, 3))) static void add_name(
	struct names *names, const char *fmt, ...)
{
	char text[400];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (names->count + 1 >= names->cap) {
		names->cap = names->cap == 0 ? 64 : names->cap * 2;
		names->item = xrealloc(names->item, names->cap, sizeof *names->item);
	}
	names->item[names->count++] = xstrdup(text);
	names->item[names->count] = NULL;
}

static void add_tree(struct names *names, const char *prefix, const json_t *object)
{
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)object, key, value)
	{
		char *path = prefix[0] == '\0' ? xstrdup(key) : xasprintf("%s.%s", prefix, key);
		if (json_is_object(value))
			add_tree(names, path, value);
		else
			add_name(names, "%s", path);
		free(path);
	}
}

static void known_fields(const struct survey *s, bool directory_seen, struct names *names)
{
	static const char *const own[] = {"recipient.key", "recipient.name", "recipient.kind",
		"recipient.region", "recipient.municipality", "contact.name", "contact.position",
		"contact.role", NULL};
	const json_t *definition = s->r->folder->definition, *dataset, *column;
	size_t index, c;
	for (size_t i = 0; own[i] != NULL; i++)
		add_name(names, "%s", own[i]);
	for (size_t i = 0; i < s->extras; i++)
		add_name(names, "recipient.%s", s->extra[i]);
	if (!directory_seen)
		add_name(names, "recipient.*");
	json_array_foreach(json_object_get(definition, "datasets"), index, dataset)
	{
		const char *name = json_string_value(json_object_get(dataset, "name"));
		if (s->r->folder->dataset[index] == NULL)
			add_name(names, "%s.*", name);
		json_array_foreach(json_object_get(dataset, "columns"), c, column)
			add_name(names, "%s.%s", name, json_string_value(column));
	}
	json_t *constants = compile_constants(definition);
	add_tree(names, "", constants);
	json_decref(constants);
}

/* What the letter complains of that stands in the YAML file was said there already. */
static void compile(struct survey *s, bool directory_seen)
{
	struct campaign_folder *folder = s->r->folder;
	struct names names = {0};
	struct letter_attachment *attachments =
		xcalloc(folder->attachments + 1, sizeof *attachments);
	for (size_t i = 0; i < folder->attachments; i++)
		attachments[i] = (struct letter_attachment){.name = folder->attachment[i].name,
			.title = folder->attachment[i].title,
			.media_type = folder->attachment[i].media_type,
			.data = folder->attachment[i].data,
			.len = folder->attachment[i].len};
	known_fields(s, directory_seen, &names);
	struct compile_source source = {.definition = folder->definition,
		.file = folder->first.name,
		.markdown = folder->first.data,
		.markdown_len = folder->first.len,
		.attachments = attachments,
		.attachments_count = folder->attachments,
		.known_fields = (const char *const *)names.item};
	if (folder->sender != NULL)
		folder->letter = compile_letter(&source, s->r->yaml.problems);
	for (size_t i = 0; i < names.count; i++)
		free(names.item[i]);
	free(names.item);
	free(attachments);
}

struct trial {
	struct letter *letter;
	struct letter_copy copy;
	struct examples failed;
	char why[512];
	int64_t tried;
};

static int try_one(void *arg, const struct campaign_recipient *recipient)
{
	struct trial *trial = arg;
	struct error e = {0};
	struct letter_recipient to = {.fields = recipient->fields,
		.to_address = recipient->address,
		.to_name = recipient->contact_name,
		.message_id = "check@vestnik.invalid"};
	trial->tried++;
	if (letter_fill(trial->letter, &to, &trial->copy, &e) != 0) {
		if (trial->failed.count == 0)
			memcpy(trial->why, e.text, sizeof trial->why);
		example(&trial->failed, recipient);
	}
	return 0;
}

static void try_letters(struct folder_reader *r, struct db *db)
{
	struct trial trial = {.letter = r->folder->letter};
	struct error e = {0};
	struct audience_call call = {
		.audience = &r->folder->audience, .most = BATCH, .each = try_one, .arg = &trial};
	buf_init(&trial.failed.text, 4096);
	while (!call.end && trial.tried < TRIALS_MOST) {
		if (audience_walk(db, &call, &e) != 0) {
			folder_error(r, r->audience_node, "audience", NULL, "%s", e.text);
			break;
		}
		call.after = call.last;
	}
	if (trial.failed.count > 0)
		problem_add(r->yaml.problems, PROBLEM_ERROR,
			(struct problem_place){.file = r->folder->first.name}, NULL,
			tr("cannot be filled for %lld recipients: %s%s: %s",
				"не заполняется для адресатов (%lld): %s%s: %s"),
			(long long)trial.failed.count, buf_str(&trial.failed.text),
			trial.failed.count > SHOWN ? ", …" : "", trial.why);
	letter_copy_fini(&trial.copy);
	buf_fini(&trial.failed.text);
}

void folder_check(struct folder_reader *r, struct db *db)
{
	struct survey survey = {.r = r};
	size_t before = r->yaml.problems->errors;
	for (size_t d = 0; d < AUDIENCE_DATASETS_MAX; d++)
		buf_init(&survey.missing[d].text, 4096);
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
	}
	if (r->folder->first.data != NULL)
		compile(&survey, db != NULL && survey.count > 0);
	if (db != NULL && r->yaml.problems->errors == before && survey.count > 0 &&
		r->folder->letter != NULL)
		try_letters(r, db);
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
