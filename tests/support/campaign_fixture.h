/* A scratch folder with files, and a store with a small directory: three
 * schools and a municipal authority. For the campaign tests. */
#ifndef VESTNIK_TESTS_CAMPAIGN_FIXTURE_H
#define VESTNIK_TESTS_CAMPAIGN_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/problem.h"
#include "settings/settings.h"
#include "store/db.h"
#include "support/scratch.h"

static char fixture_folder[64];
static struct db *fixture_db;
static struct settings *fixture_settings;

static const char *fixture_path(const char *name)
{
	static char path[200];
	snprintf(path, sizeof path, "%s/%s", fixture_folder, name);
	return path;
}

static void fixture_put(const char *name, const void *data, size_t len)
{
	FILE *f = fopen(fixture_path(name), "w");
	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static void fixture_text(const char *name, const char *text)
{
	fixture_put(name, text, strlen(text));
}

static void fixture_sql(const char *sql)
{
	struct error e = {0};
	if (db_exec(fixture_db, &e, sql, "") != 0)
		fail_msg("%s: got «%s»", sql, e.text);
}

static void fixture_directory(void)
{
	fixture_sql("INSERT INTO organisation (id, key, kind, name, region, municipality, zone, extra, revision, updated_ms) VALUES "
		    "(1, 'mun-1', 'municipal-authority', 'Управление образования', 'Область', 'Город', NULL, '{}', 1, 0), "
		    "(2, 'school-1', 'school', 'Школа № 1', 'Область', 'Город', 'Asia/Vladivostok', '{\"pupils\":\"500\",\"Число классов\":\"30\"}', 1, 0), "
		    "(3, 'school-2', 'school', 'Школа № 2', 'Область', 'Район', NULL, '{\"pupils\":\"90\",\"Число классов\":\"9\"}', 1, 0), "
		    "(4, 'school-3', 'school', 'Школа № 3', 'Край', NULL, NULL, '{}', 1, 0)");
	fixture_sql("INSERT INTO organisation (id, key, kind, name, revision, updated_ms, active) VALUES "
		    "(5, 'closed', 'school', 'Закрытая школа', 1, 0, 0)");
	fixture_sql("INSERT INTO contact (id, organisation, role, name, position, address, updated_ms) VALUES "
		    "(11, 1, 'coordinator', 'Координатор', 'специалист', 'edu@city.example.org', 0), "
		    "(12, 2, 'coordinator', NULL, NULL, 'one@schools.example.org', 0), "
		    "(13, 2, 'head', 'Директор', 'директор', 'head1@schools.example.org', 0), "
		    "(14, 3, 'coordinator', 'Завуч', 'завуч', 'two@schools.example.org', 0), "
		    "(15, 4, 'coordinator', NULL, NULL, 'two@schools.example.org', 0), "
		    "(16, 5, 'coordinator', NULL, NULL, 'closed@schools.example.org', 0)");
}

/* SQLite gives a deleted campaign's id again: its parts must go with it. */
static inline void fixture_clear(void)
{
	fixture_sql("DELETE FROM campaign");
	fixture_sql("DELETE FROM campaign_file");
	fixture_sql("DELETE FROM dataset_row");
}

static int fixture_up(void **state)
{
	struct error e = {0};
	struct problems problems = {0};
	(void)state;
	snprintf(fixture_folder, sizeof fixture_folder, "/tmp/vestnik-campaign-XXXXXX");
	if (mkdtemp(fixture_folder) == NULL)
		return -1;
	fixture_text("vestnik.yaml", "zone: Europe/Moscow\nattachments_max: 10 KB\n"
				     "sender: {name: Министерство, address: office@ministry.example.org}\n");
	fixture_settings = settings_load(fixture_path("vestnik.yaml"), &problems);
	problems_fini(&problems);
	if (fixture_settings == NULL || db_open(&fixture_db, scratch_store(), &e) != 0) {
		fprintf(stderr, "fixture: %s\n", e.text);
		return -1;
	}
	return 0;
}

static int fixture_down(void **state)
{
	char command[128];
	(void)state;
	db_close(&fixture_db);
	settings_free(&fixture_settings);
	snprintf(command, sizeof command, "rm -rf %s", fixture_folder);
	return system(command);
}

/* All problems, a line each, without the folder. The caller frees. */
static inline char *fixture_said(const struct problems *problems)
{
	struct buf b;
	buf_init(&b, 1 << 20);
	for (size_t i = 0; i < problems->count; i++) {
		char *line = problem_line(&problems->item[i]);
		size_t n = strlen(fixture_folder);
		(void)buf_printf(&b, "%s\n", strncmp(line, fixture_folder, n) == 0 ? line + n + 1 : line);
		free(line);
	}
	return buf_take(&b);
}

static const char fixture_yaml[] = "campaign: flagships\n"
				   "title: Флагманы образования\n"
				   "from: {name: Министерство, address: outreach@ministry.example.org}\n"
				   "data: {monitoring: monitoring.csv}\n"
				   "audience: {kinds: [school]}\n"
				   "letters: {first: letter.md}\n"
				   "document: {number: \"01-12/345\", date: 2023-05-15}\n";
static const char fixture_letter[] =
	"# О результатах: {{recipient.name}}\n\n"
	"Письмо {{document.number}} от {{document.date}}, {{campaign.title}}.\n\n"
	"Зарегистрировано участников: {{monitoring.registered}}.\n";
static const char fixture_csv[] = "key;registered\nschool-1;5\nschool-2;12\nschool-3;0\n";

static inline void fixture_files(void)
{
	fixture_text("campaign.yaml", fixture_yaml);
	fixture_text("letter.md", fixture_letter);
	fixture_text("monitoring.csv", fixture_csv);
}

#endif
