/* A form → campaign.yaml → a campaign; what is wrong leads back to the field; hostile values and archives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zip.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/ident.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "compose/compose.h"
#include "compose/form.h"
#include "directory/directory.h"
#include "settings/yaml.h"
#include "support/scratch.h"

static struct db *db;
static struct settings *settings;
static int64_t now_ms;
#define S3 VESTNIK_SOURCE_DIR "/config/campaigns/s3-flagships"

static int64_t wall(void *arg)
{
	return *(int64_t *)arg;
}

static void set_now(const char *text)
{
	struct calendar_time time;
	bool timed;
	struct error e;
	must(calendar_parse(text, &time, &timed, &e), &e);
	must(calendar_to_ms(&time, "Europe/Moscow", &now_ms, &e), &e);
}

static char *read_all(const char *path, size_t *len)
{
	FILE *f = fopen(path, "r");
	if (f == NULL)
		fail_msg("%s: cannot be opened", path);
	char *data = xmalloc(1 << 20);
	*len = fread(data, 1, (1 << 20) - 1, f);
	data[*len] = '\0';
	fclose(f);
	return data;
}

static int up(void **state)
{
	(void)state;
	struct problems problems = {0};
	struct error e = {0};
	char path[300];
	snprintf(path, sizeof path, "%s", scratch_path("vestnik.yaml"));
	FILE *f = fopen(path, "w");
	fprintf(f, "zone: Europe/Moscow\npublic_url: https://answers.ministry.test\nrun_dir: %s\n", scratch_folder());
	fclose(f);
	settings = settings_load(path, &problems);
	if (settings == NULL)
		fail_msg("settings: %s", problems.count > 0 ? problems.item[0].text : "?");
	problems_fini(&problems);
	must(db_open(&db, scratch_store(), &e), &e);
	const struct directory_import_options options = {.path = VESTNIK_SOURCE_DIR "/config/demo/schools.csv", .actor = "tester"};
	struct directory_import_result result;
	if (directory_import(db, &options, &result, &problems, &e) != 0)
		fail_msg("import: %s", problems.count > 0 ? problems.item[0].text : e.text);
	problems_fini(&problems);
	set_now("2023-04-09 12:00");
	clock_set_source(wall, NULL, &now_ms);
	return 0;
}

static int down(void **state)
{
	(void)state;
	clock_set_source(NULL, NULL, NULL);
	db_close(&db);
	settings_free(&settings);
	return 0;
}

static void empty(void **state)
{
	(void)state;
	struct error e = {0};
	must(db_exec(db, &e, "DELETE FROM composition_file", ""), &e);
	must(db_exec(db, &e, "DELETE FROM composition", ""), &e);
}

static int clear(void **state)
{
	empty(state);
	return 0;
}

static char *said(const struct problems *problems)
{
	struct buf b;
	buf_init(&b, 1 << 20);
	for (size_t i = 0; i < problems->count; i++) {
		const struct problem *p = &problems->item[i];
		(void)buf_printf(&b, "%s|%s|%d|%s|%s\n", problem_severity_name(p->severity), p->field == NULL ? "-" : p->field,
			p->line, p->text, p->hint == NULL ? "" : p->hint);
	}
	return buf_take(&b);
}

/* ---- a folder packed as ZIP ------------------------------------------------------------------ */

static char *zip_folder(const char *folder, const char *inside, size_t *len)
{
	const char *path = scratch_path("folder.zip");
	int why;
	(void)remove(path);
	zip_t *zip = zip_open(path, ZIP_CREATE, &why);
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	assert_non_null(zip);
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		char *from = xasprintf("%s/%s", folder, entry->d_name), *name = xasprintf("%s%s", inside, entry->d_name);
		assert_true(zip_file_add(zip, name, zip_source_file(zip, from, 0, -1), ZIP_FL_ENC_UTF_8) >= 0);
		free(from);
		free(name);
	}
	closedir(dir);
	assert_int_equal(zip_close(zip), 0);
	return read_all(path, len);
}

static struct campaign_folder *load(const char *slug, struct composition *c)
{
	struct problems problems = {0};
	struct error e = {0};
	assert_int_equal(compose_read(db, slug, c, &e), DB_ROW);
	struct campaign_folder *folder = compose_load(db, settings, c, &problems, &e);
	char *all = said(&problems);
	if (folder == NULL)
		fail_msg("got «%s»\n%s, want a campaign", e.text, all);
	free(all);
	problems_fini(&problems);
	return folder;
}

static void same(const json_t *got, const json_t *want)
{
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)want, name, value)
		if (!json_equal(json_object_get(got, name), value)) {
			char *a = json_dumps(json_object_get(got, name), JSON_ENCODE_ANY), *b = json_dumps(value, JSON_ENCODE_ANY);
			fail_msg("definition.%s: got %s, want %s", name, a, b);
		}
	assert_int_equal(json_object_size(got), json_object_size(want));
}

static void a_folder_that_the_form_can_say_becomes_a_form(void **state)
{
	static const char folder[] = VESTNIK_SOURCE_DIR "/config/campaigns/s3-flagships";
	struct problems problems = {0};
	struct composition c;
	struct error e = {0};
	size_t len;
	char *slug = NULL;
	(void)state;
	char *zip = zip_folder(folder, "рассылка/", &len);
	must(compose_begin_zip(db, zip, len, "tester", &slug, &problems, &e), &e);
	assert_string_equal(slug, "flagships-2023");
	free(zip);
	struct campaign_folder *want = campaign_folder_load(VESTNIK_SOURCE_DIR "/config/campaigns/s3-flagships/campaign.yaml", settings, db, &problems);
	char *all = said(&problems);
	if (want == NULL)
		fail_msg("%s", all);
	free(all);
	struct campaign_folder *got = load(slug, &c);
	assert_string_equal(form_text(c.form, "yaml"), "");
	same(campaign_folder_definition(got), campaign_folder_definition(want));
	campaign_folder_free(&got);
	campaign_folder_free(&want);
	composition_fini(&c);
	problems_fini(&problems);
	free(slug);
}

/* ---- the form S3 is written as ----------------------------------------------------------------- */

static json_t *s3_form(void)
{
	json_error_t where;
	json_t *form = json_loads(
		"{\"title\":\"«Флагманы образования»: информационная поддержка\",\"organisation\":\"Министерство образования\","
		"\"from\":{\"name\":\"Министерство образования\",\"address\":\"outreach@ministry.example.org\"},\"reply_to\":\"answers@ministry.example.org\","
		"\"document\":{\"number\":\"01-12/245\",\"date\":\"2023-04-10\",\"signatory\":{\"position\":\"Заместитель министра\",\"name\":\"И. О. Фамилия\"},"
		"\"performer\":{\"position\":\"Консультант\",\"name\":\"И. О. Фамилия\",\"phone\":\"+7 (000) 000-00-00\"}},"
		"\"zone\":\"Europe/Moscow\",\"data\":[{\"name\":\"monitoring\",\"file\":\"monitoring.csv\"}],\"audience\":{\"kinds\":[\"municipal-authority\"]},"
		"\"attachments\":[{\"file\":\"monitoring.pdf\",\"name\":\"Результаты мониторинга.pdf\",\"title\":\"Результаты мониторинга регистрации участников\"}],"
		"\"send\":{\"at\":\"2023-04-10 10:00\",\"hours\":\"09:00-18:00\"},\"may_leave\":false,"
		"\"ask\":{\"wanted\":true,\"verb\":\"просим\",\"answer\":[{\"field\":\"registered\",\"label\":\"Количество участников, прошедших регистрацию\",\"type\":\"count\",\"required\":true},"
		"{\"field\":\"measures\",\"label\":\"Результаты проведённых мероприятий\",\"type\":\"text\",\"required\":true},{\"field\":\"publications\",\"label\":\"Ссылки на публикации\",\"type\":\"links\"}],"
		"\"ways\":[\"link\",\"reply\"],\"through\":\"municipality\",\"collect\":\"3d\",\"deadline\":\"2023-04-28 18:00\",\"remind\":[\"-7d\",\"-3d\",\"-1d\"],"
		"\"escalate\":[{\"after\":\"1d\",\"to\":\"controller\"}],\"report\":{\"to\":[\"head@ministry.example.org\"],\"formats\":[\"xlsx\",\"html\"],\"webhook\":true}},"
		"\"controller\":{\"position\":\"Заместитель министра\",\"name\":\"И. О. Фамилия\",\"address\":\"controller@ministry.example.org\"},"
		"\"contacts\":[{\"role\":\"Ответственное лицо по вопросам информационного сопровождения проекта\",\"name\":\"И. О. Фамилия, специалист по связям с общественностью оператора конкурса\",\"phone\":\"+7 (000) 000-00-01\",\"address\":\"press@operator.example.org\"},"
		"{\"role\":\"Региональный координатор проекта\",\"name\":\"И. О. Фамилия, проректор института развития образования\",\"phone\":\"+7 (000) 000-00-02\",\"address\":\"coordinator@institute.example.org\"}]}",
		0, &where);
	if (form == NULL)
		fail_msg("the form: %s", where.text);
	static const char *const letters[][2] = {{"first", "letter.md"}, {"reminder", "reminder.md"}, {"collect", "collect.md"}, {"collect_reminder", "collect-reminder.md"},
		{"correction", "correction.md"}};
	for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++) {
		char *path = xasprintf("%s/%s", S3, letters[i][1]), *place = xasprintf("letters.%s", letters[i][0]);
		size_t len;
		char *text = read_all(path, &len);
		assert_int_equal(form_put(form, place, json_string(text)), 0);
		free(text);
		free(path);
		free(place);
	}
	return form;
}

static void begin(const char *slug, json_t *form, bool files)
{
	struct error e = {0};
	must(compose_begin(db, slug, NULL, form, "tester", &e), &e);
	static const char *const names[] = {"monitoring.csv", "monitoring.pdf"};
	for (size_t i = 0; files && i < 2; i++) {
		char *path = xasprintf("%s/%s", S3, names[i]);
		size_t len;
		char *data = read_all(path, &len);
		must(compose_file_put(db, slug, names[i], NULL, data, len, "tester", &e), &e);
		free(data);
		free(path);
	}
}

static void the_form_of_s3_is_the_folder_of_s3(void **state)
{
	struct problems problems = {0};
	struct composition c;
	(void)state;
	json_t *form = s3_form();
	begin("flagships-2023", form, true);
	struct campaign_folder *want = campaign_folder_load(VESTNIK_SOURCE_DIR "/config/campaigns/s3-flagships/campaign.yaml", settings, db, &problems);
	assert_non_null(want);
	struct campaign_folder *got = load("flagships-2023", &c);
	same(campaign_folder_definition(got), campaign_folder_definition(want));
	campaign_folder_free(&got);
	campaign_folder_free(&want);
	composition_fini(&c);
	problems_fini(&problems);
	json_decref(form);
}

/* ---- what is wrong leads back to its field ---------------------------------------------------------- */

static const struct wrong {
	const char *path, *value; /* a list: rows joined by | */
	const char *field;        /* of the first error; NULL: none */
	int line;
	const char *says;         /* a part of its text */
} wrongs[] = {
	{"title", "", "title", 0, "нет названия"},
	{"from.address", "не адрес", "from.address", 0, ""},
	{"document.date", "30 мая", "document.date", 0, ""},
	{"document.signatory.name", "", "document.signatory", 0, "нет имени"},
	{"contacts.1.address", "a@b@c", "contacts.1.address", 0, ""},
	{"send.at", "завтра", "send.at", 0, ""},
	{"send.hours", "18:00-09:00", "send.hours", 0, "начала"},
	{"ask.deadline", "2023-04-31 18:00", "ask.deadline", 0, ""},
	{"ask.deadline", "", "ask.deadline", 0, "без срока"},
	{"ask.remind", "-7d|скоро", "ask.remind.1", 0, ""},
	{"ask.answer.1.type", "words", "ask.answer.1.type", 0, ""},
	{"ask.answer.2.field", "Поле", "ask.answer.2.field", 0, "имя поля"},
	{"ask.report.to", "head@ministry.example.org|кому", "ask.report.to.1", 0, ""},
	{"ask.escalate.0.to", "nobody", "ask.escalate.0.to", 0, ""},
	{"audience.kinds", "municipal-autority", "audience.kinds.0", 0, "municipal-autority"},
	{"audience.kinds", "", "audience", 0, "не указано, кому"},
	{"audience.where", "monitoring.registred < 10", "audience.where", 0, "registred"},
	{"data.0.file", "нет.csv", "data.0.file", 0, "нет файла"},
	{"data.0.name", "Таблица", "data.0", 0, "имя таблицы"},
	{"attachments.0.file", "нет.pdf", "attachments.0.file", 0, "нет файла"},
	{"letters.first", "# Тема\n\nСлово\n\n{{monitoring.registred}}\n", "letters.first", 5, "registred"},
	{"letters.first", "", "letters.first", 0, "письма"},
	{"letters.reminder", "Без темы\n", "letters.reminder", 1, "заголовка"},
};

static void what_is_wrong_leads_back_to_its_field(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
		const struct wrong *w = &wrongs[i];
		struct composition c;
		struct problems problems = {0};
		struct error e = {0};
		json_t *form = s3_form();
		if (strchr(w->value, '|') != NULL || strcmp(w->path, "audience.kinds") == 0) {
			json_t *list = json_array();
			char *copy = xstrdup(w->value), *save = NULL;
			for (char *word = strtok_r(copy, "|", &save); word != NULL; word = strtok_r(NULL, "|", &save))
				json_array_append_new(list, json_string(word));
			free(copy);
			assert_int_equal(form_put(form, w->path, list), 0);
		} else {
			assert_int_equal(form_put(form, w->path, json_string(w->value)), 0);
		}
		empty(NULL);
		begin("flagships-2023", form, true);
		assert_int_equal(compose_read(db, "flagships-2023", &c, &e), DB_ROW);
		struct campaign_folder *folder = compose_load(db, settings, &c, &problems, &e);
		char *all = said(&problems);
		const struct problem *first = NULL;
		for (size_t k = 0; k < problems.count && first == NULL; k++)
			if (problems.item[k].severity == PROBLEM_ERROR)
				first = &problems.item[k];
		if (folder != NULL || first == NULL)
			fail_msg("%s = «%s»: got no error, want one at %s", w->path, w->value, w->field);
		if (first->field == NULL || strcmp(first->field, w->field) != 0 || strstr(first->text, w->says) == NULL)
			fail_msg("%s = «%s»: got\n%swant the first error at %s, with «%s»", w->path, w->value, all, w->field, w->says);
		assert_int_equal(first->line, w->line);
		for (size_t k = 0; k < problems.count; k++)
			if (strstr(problems.item[k].text, scratch_folder()) != NULL || (problems.item[k].file != NULL && problems.item[k].file[0] == '/'))
				fail_msg("got a place of this machine: %s", all);
		free(all);
		problems_fini(&problems);
		composition_fini(&c);
		json_decref(form);
	}
}

/* ---- hostile values ------------------------------------------------------------------------------------ */

static const char *const hostile[] = {"x\nfrom: {address: thief@example.org}", "x: y", "# comment", "| block", "> folded", "- item", "{a: b}", "[a, b]", "\"quoted\" \\ 'single'",
	"&anchor *alias !tag", "%YAML 1.1", "--- document", "... end", "@at `tick`", "true", "null", "~", "012", "1e3", "2023-05-30", "12:30", " blanks ", "tab\there",
	"\x01\x1b[31m\x7f", "\302\205next\u2028line\u2029para", "\ufeffmark", "«ёлки» № 5 – да", "yes", "?", ":", "key: |\n  text\n", "😀 emoji", "\\u0041 \\n", "=", "<<"};

/* Whatever is typed comes back as the very same text, at its own key. */
static void nothing_typed_becomes_yaml(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
		struct composition c = {.slug = xstrdup("hostile"), .title = xstrdup("x"), .owner = xstrdup("t"), .changed_by = xstrdup("t")};
		struct buf yaml;
		struct problems problems = {0};
		struct error e = {0};
		c.form = json_pack("{s:s, s:s, s:{s:[s, s]}, s:[{s:s}], s:[{s:s, s:s}]}", "title", hostile[i], "organisation", hostile[i], "audience", "regions", hostile[i], "x", "contacts", "role", hostile[i],
			"data", "name", hostile[i], "file", hostile[i]);
		buf_init(&yaml, 1 << 20);
		must(compose_yaml(&c, &yaml, &e), &e);
		struct yaml_node *root = yaml_load_text("x", buf_str(&yaml), yaml.len, &problems);
		if (root == NULL)
			fail_msg("«%s»: got «%s» for\n%s", hostile[i], problems.count > 0 ? problems.item[0].text : "?", buf_str(&yaml));
		assert_int_equal(root->count, 6);
		static const char *const keys[] = {"campaign", "title", "organisation", "contacts", "data", "audience"};
		for (size_t k = 0; k < 6; k++)
			assert_string_equal(root->key[k], keys[k]);
		assert_string_equal(root->item[1]->text, hostile[i]);
		assert_string_equal(root->item[2]->text, hostile[i]);
		assert_string_equal(root->item[3]->item[0]->item[0]->text, hostile[i]);
		assert_string_equal(root->item[4]->key[0], hostile[i]);
		assert_string_equal(root->item[5]->item[0]->item[0]->text, hostile[i]);
		yaml_node_free(&root);
		buf_fini(&yaml);
		problems_fini(&problems);
		composition_fini(&c);
	}
}

static void a_form_is_checked_before_it_is_kept(void **state)
{
	static const struct {
		const char *json, *says;
	} cases[] = {{"[]", "объект"}, {"{\"titel\":\"x\"}", "titel"}, {"{\"title\":true}", "title"}, {"{\"audience\":{\"kinds\":\"school\"}}", "audience.kinds"},
		{"{\"ask\":{\"answer\":[{\"label\":[]}]}}", "ask.answer.0.label"}, {"{\"may_leave\":\"no\"}", "may_leave"}, {"{\"texts\":[]}", "texts"},
		{"{\"title\":\"a\\u0000b\"}", "NUL|нулевых"}, {"{\"document\":{\"number\":1.5}}", "document.number"}};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct error e = {0};
		json_t *form = json_loads(cases[i].json, JSON_ALLOW_NUL, NULL);
		assert_non_null(form);
		assert_int_equal(compose_begin(db, "bad", "x", form, "tester", &e), -1);
		assert_int_equal(e.code, ERROR_INPUT);
		const char *bar = strchr(cases[i].says, '|');
		if (strstr(e.text, bar == NULL ? cases[i].says : bar + 1) == NULL)
			fail_msg("%s: got «%s», want «%s» in it", cases[i].json, e.text, cases[i].says);
		json_decref(form);
	}
	struct error e = {0};
	char *much = xmalloc(FORM_MAX_BYTES + 2);
	memset(much, 'x', FORM_MAX_BYTES + 1);
	much[FORM_MAX_BYTES + 1] = '\0';
	json_t *form = json_pack("{s:s}", "title", much);
	assert_int_equal(compose_begin(db, "long", "x", form, "tester", &e), -1);
	assert_int_equal(e.code, ERROR_INPUT);
	free(much);
	json_decref(form);
}

static void names_are_made_of_titles(void **state)
{
	static const struct {
		const char *title, *slug, *field;
	} cases[] = {{"О результатах конкурса", "o-rezultatah-konkursa", "o_rezultatah_konkursa"}, {"", "campaign", "field"}, {"«»", "campaign", "field"},
		{"2023 год", "2023-god", "n2023_god"}, {"Щёлково: подъезд № 5", "schelkovo-podezd-5", "schelkovo_podezd_5"}, {"\xff\xfe", "campaign", "field"},
		{"Количество участников, прошедших регистрацию", "kolichestvo-uchastnikov-proshedshih", "kolichestvo_uchastnikov_proshedshih"}};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char slug[FORM_SLUG_SIZE], field[FORM_SLUG_SIZE];
		assert_string_equal(form_slug(cases[i].title, slug), cases[i].slug);
		assert_true(gate_slug(slug));
		assert_string_equal(form_field_name(cases[i].title, field), cases[i].field);
	}
}

/* ---- archives -------------------------------------------------------------------------------------------- */

static char *make_zip(const char *const *entries, size_t zeros, size_t *len)
{
	const char *path = scratch_path("made.zip");
	int why;
	(void)remove(path);
	zip_t *zip = zip_open(path, ZIP_CREATE, &why);
	char *nothing = xcalloc(1, zeros + 1);
	for (; entries[0] != NULL; entries += 2)
		assert_true(zip_file_add(zip, entries[0], zip_source_buffer(zip, entries[1], strlen(entries[1]), 0), ZIP_FL_ENC_UTF_8) >= 0);
	if (zeros > 0)
		assert_true(zip_file_add(zip, "zeros", zip_source_buffer(zip, nothing, zeros, 0), 0) >= 0);
	assert_int_equal(zip_close(zip), 0);
	free(nothing);
	return read_all(path, len);
}

static void archives_that_harm_are_refused(void **state)
{
	static const char yaml[] = "campaign: packed\ntitle: x\nletters: {first: letter.md}\n";
	static const struct {
		const char *entries[8];
		size_t zeros;
		const char *says; /* NULL: taken */
	} cases[] = {{{"campaign.yaml", yaml, "letter.md", "# x\n", NULL}, 0, NULL}, {{"a/b/campaign.yaml", yaml, "a/b/letter.md", "# x\n", "other.txt", "y", NULL}, 0, NULL},
		{{"letter.md", "# x\n", NULL}, 0, "нет campaign.yaml"}, {{"campaign.yaml", "a: [", NULL}, 0, "не читается"},
		{{"campaign.yaml", yaml, "../letter.md", "# x\n", NULL}, 0, NULL}, {{"campaign.yaml", yaml, "a/../../x", "# x\n", NULL}, 0, NULL},
		{{"campaign.yaml", yaml, "1/2/3/4/5/x", "# x\n", NULL}, 0, "не имя файла"}, {{"campaign.yaml", yaml, NULL}, 50 * 1000 * 1000, "обычные архивы"},
		{{"campaign.yaml", "", NULL}, 0, "пуст"}};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct problems problems = {0};
		struct error e = {0};
		char *slug = NULL;
		size_t len;
		empty(NULL);
		char *zip = make_zip(cases[i].entries, cases[i].zeros, &len);
		int rc = compose_begin_zip(db, zip, len, "tester", &slug, &problems, &e);
		if (cases[i].says == NULL ? rc != 0 : rc == 0 || strstr(e.text, cases[i].says) == NULL)
			fail_msg("archive %zu: got %d «%s», want «%s»", i, rc, e.text, cases[i].says == NULL ? "" : cases[i].says);
		json_t *files = NULL;
		if (rc == 0) {
			must(compose_files(db, slug, &files, &e), &e);
			assert_int_equal(json_array_size(files), 0); /* the letter became the form's, the rest stayed outside */
		}
		json_decref(files);
		free(slug);
		free(zip);
		problems_fini(&problems);
	}
	/* Every byte torn: an answer, never a crash. */
	size_t len;
	char *zip = make_zip(cases[0].entries, 0, &len);
	unsigned seed = scratch_random();
	for (int round = 0; round < 300; round++) {
		struct problems problems = {0};
		struct error e = {0};
		char *slug = NULL, *torn = xmemdup(zip, len);
		seed = seed * 1664525 + 1013904223;
		torn[seed % len] = (char)(seed >> 16);
		empty(NULL);
		(void)compose_begin_zip(db, torn, seed % 3 == 0 ? seed % len : len, "tester", &slug, &problems, &e);
		free(slug);
		free(torn);
		problems_fini(&problems);
	}
	free(zip);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test_setup(a_folder_that_the_form_can_say_becomes_a_form, clear),
		cmocka_unit_test_setup(the_form_of_s3_is_the_folder_of_s3, clear),
		cmocka_unit_test_setup(what_is_wrong_leads_back_to_its_field, clear),
		cmocka_unit_test_setup(nothing_typed_becomes_yaml, clear),
		cmocka_unit_test_setup(a_form_is_checked_before_it_is_kept, clear),
		cmocka_unit_test_setup(names_are_made_of_titles, clear),
		cmocka_unit_test_setup(archives_that_harm_are_refused, clear)};
	lang_set(LANG_RU);
	ident_init();
	calendar_init();
	return cmocka_run_group_tests(tests, up, down);
}
