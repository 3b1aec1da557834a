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
#include "support/scratch.h"

static struct db *db;
static struct settings *settings;
static int64_t now_ms;

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_folder_that_the_form_can_say_becomes_a_form, NULL),
	};
	(void)empty;
	lang_set(LANG_RU);
	ident_init();
	calendar_init();
	return cmocka_run_group_tests(tests, up, down);
}
