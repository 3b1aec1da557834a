#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "campaign/campaign.h"
#include "message/task.h"

#include "../support/campaign_fixture.h"

static struct campaign_folder *load(void)
{
	struct problems problems = {0};
	struct campaign_folder *folder = campaign_folder_load(
		fixture_path("campaign.yaml"), fixture_settings, fixture_db, &problems);
	char *said = fixture_said(&problems);
	if (folder == NULL)
		fail_msg("got\n%swant a campaign", said);
	free(said);
	problems_fini(&problems);
	return folder;
}

/* key:address:registered of every recipient, in order. */
static int note(void *arg, const struct campaign_recipient *r)
{
	struct buf *b = arg;
	return buf_printf(b, "%s:%s:%s ", r->key, r->address,
		json_string_value(
			json_object_get(json_object_get(r->fields, "monitoring"), "registered")));
}

static char *audience(const struct campaign *campaign, int most)
{
	struct buf b;
	struct error e = {0};
	int64_t after = 0;
	bool end = false;
	buf_init(&b, 1 << 20);
	while (!end) {
		int64_t last;
		if (campaign_audience_batch(
			    fixture_db, campaign, after, most, &last, &end, note, &b, &e) != 0)
			fail_msg("got «%s», want a batch", e.text);
		assert_true(end || last > after);
		after = last;
	}
	return buf_take(&b);
}

static char *filled(struct letter *letter, const json_t *fields)
{
	char *subject = NULL, *text = NULL, *html = NULL;
	struct error e = {0};
	struct letter_recipient to = {
		.fields = fields, .to_address = "a@example.org", .message_id = "x@example.org"};
	if (letter_preview(letter, &to, &subject, &text, &html, &e) != 0)
		fail_msg("got «%s», want a letter", e.text);
	char *all = xasprintf("%s|%s", subject, text);
	free(subject);
	free(text);
	free(html);
	return all;
}

static void a_draft_comes_back_as_it_was(void **state)
{
	(void)state;
	int64_t id = 0, again = 0;
	struct error e = {0};
	fixture_files();
	fixture_text("annex.pdf", "%PDF-1.4 not really");
	struct buf yaml;
	buf_init(&yaml, 4096);
	(void)buf_printf(
		&yaml, "%sattachments: [{file: annex.pdf, title: Приложение}]\n", fixture_yaml);
	fixture_text("campaign.yaml", buf_str(&yaml));
	buf_fini(&yaml);
	struct campaign_folder *folder = load();
	if (campaign_folder_store(folder, fixture_db, "tester", &id, &e) != 0)
		fail_msg("got «%s», want a draft", e.text);
	/* The same once more replaces it. */
	assert_int_equal(campaign_folder_store(folder, fixture_db, "tester", &again, &e), 0);
	assert_int_equal(id, again);

	struct campaign *campaign = NULL;
	if (campaign_load(fixture_db, id, &campaign, &e) != 0)
		fail_msg("got «%s», want the campaign", e.text);
	assert_string_equal(campaign_slug(campaign), "flagships");
	assert_string_equal(campaign_sender(campaign), "outreach@ministry.example.org");
	assert_string_equal(campaign_zone(campaign), "Europe/Moscow");
	assert_null(campaign_reply_to(campaign));
	assert_true(json_equal(campaign_definition(campaign), campaign_folder_definition(folder)));

	for (int most = 1; most < 7; most++) {
		char *got = audience(campaign, most);
		assert_string_equal(got,
			"school-1:one@schools.example.org:5 school-2:two@schools.example.org:12 "
			"school-3:two@schools.example.org:0 ");
		free(got);
	}

	struct letter *letter = NULL;
	if (campaign_letter(fixture_db, campaign, fixture_settings, 0, &letter, &e) != 0)
		fail_msg("got «%s», want the letter", e.text);
	struct campaign_recipient recipient;
	assert_int_equal(
		campaign_folder_recipient(folder, fixture_db, "school-2", &recipient, &e), 0);
	char *stored = filled(letter, recipient.fields);
	char *checked = filled(campaign_folder_letter(folder, 0), recipient.fields);
	assert_string_equal(stored, checked);
	assert_non_null(strstr(stored, "О результатах: Школа № 2|"));
	assert_non_null(
		strstr(stored, "Письмо 01-12/345 от 15 мая 2023 г., Флагманы образования."));
	assert_non_null(strstr(stored, "Зарегистрировано участников: 12."));
	struct letter_copy copy = {0};
	struct letter_recipient to = {.fields = recipient.fields,
		.to_address = "a@example.org",
		.message_id = "x@example.org"};
	assert_int_equal(letter_fill(letter, &to, &copy, &e), 0);
	assert_true(copy.total > 1000);
	letter_copy_fini(&copy);
	free(stored);
	free(checked);
	campaign_recipient_fini(&recipient);
	letter_unref(&letter);
	assert_int_equal(
		campaign_letter(fixture_db, campaign, fixture_settings, 7, &letter, &e), -1);
	assert_int_equal(e.code, ERROR_NOT_FOUND);
	campaign_free(&campaign);

	/* Launched: nobody writes over it. */
	fixture_sql("UPDATE campaign SET state = 'running'");
	assert_int_equal(campaign_folder_store(folder, fixture_db, "tester", &again, &e), -1);
	assert_int_equal(e.code, ERROR_CONFLICT);
	assert_string_equal(
		e.text, "the campaign «flagships» was launched already (it is running)");
	campaign_folder_free(&folder);
	fixture_clear();
}

static void the_hash_covers_everything(void **state)
{
	(void)state;
	char before[IDENT_HASH_SIZE];
	static const struct {
		const char *file, *text;
	} changes[] = {{"letter.md", "# О результатах\n\nИначе {{monitoring.registered}}\n"},
		{"monitoring.csv", "key;registered\nschool-1;6\nschool-2;12\nschool-3;0\n"},
		{"annex.txt", "другое"},
		{"campaign.yaml", "campaign: flagships\ntitle: Иначе\ndocument: {number: \"1\", "
				  "date: 2023-05-15}\naudience: {kinds: [school]}\nletters: "
				  "{first: letter.md}\ndata: {monitoring: monitoring.csv}\n"}};
	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		fixture_files();
		fixture_text("annex.txt", "одно");
		struct buf yaml;
		buf_init(&yaml, 4096);
		(void)buf_printf(&yaml, "%sattachments: [annex.txt]\n", fixture_yaml);
		fixture_text("campaign.yaml", buf_str(&yaml));
		struct campaign_folder *folder = load();
		memcpy(before, campaign_folder_hash(folder), sizeof before);
		campaign_folder_free(&folder);
		folder = load();
		assert_string_equal(campaign_folder_hash(folder), before); /* stable */
		campaign_folder_free(&folder);
		fixture_text(changes[i].file, changes[i].text);
		folder = load();
		if (strcmp(campaign_folder_hash(folder), before) == 0)
			fail_msg("%s: got the same hash, want another", changes[i].file);
		campaign_folder_free(&folder);
		buf_fini(&yaml);
	}
}

static void audiences(void **state)
{
	(void)state;
	fixture_text("keys.txt", "school-2\nmun-1\n");
	fixture_text("list.csv", "ключ;примечание\nschool-3;x\n");
	static const struct {
		const char *yaml, *want; /* of `audience:` and `data:` */
	} rows[] = {
		{"audience: {kinds: [school], where: \"monitoring.registered < 10\"}",
			"school-1:5 school-3:0 "},
		{"audience: {kinds: [school], where: \"monitoring.registered > 100\"}", NULL},
		{"audience: {regions: [Край]}", "school-3:0 "},
		{"audience: {municipalities: [Город], kinds: school}", "school-1:5 "},
		{"audience: {keys: [school-1, school-3]}", "school-1:5 school-3:0 "},
		{"audience: {list: list.csv}", "school-3:0 "},
		{"audience: {list: keys.txt, kinds: [school]}", "school-2:12 "},
		{"audience: {list: list.csv, keys: [school-1]}", "school-1:5 school-3:0 "},
		{"audience: {kinds: [school], roles: [head]}", "school-1:5 "},
		{"audience: {kinds: [school], roles: [head, coordinator]}",
			"school-1:5 school-1:5 school-2:12 school-3:0 "},
		{"audience: {where: \"recipient.pupils > 100\", kinds: [school]}", "school-1:5 "},
		{"audience: {where: \"recipient.число_классов < 10\", kinds: [school]}",
			"school-2:12 "},
		{"audience: {where: \"recipient.municipality = Район and recipient.kind = "
		 "school\"}",
			"school-2:12 "},
		{"audience: {where: \"не recipient.name = «Школа № 1»\", kinds: [school]}",
			"school-2:12 school-3:0 "},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct buf yaml, got;
		struct problems problems = {0};
		struct error e = {0};
		fixture_files();
		buf_init(&yaml, 4096);
		buf_init(&got, 4096);
		(void)buf_printf(&yaml,
			"campaign: a\ntitle: t\nletters: {first: letter.md}\n"
			"document: {number: \"1\", date: 2023-05-15}\n"
			"data: {monitoring: monitoring.csv}\n%s\n",
			rows[i].yaml);
		fixture_text("campaign.yaml", buf_str(&yaml));
		struct campaign_folder *folder = campaign_folder_load(
			fixture_path("campaign.yaml"), fixture_settings, fixture_db, &problems);
		char *said = fixture_said(&problems);
		if (rows[i].want == NULL) {
			if (strstr(said, "the audience is empty") == NULL)
				fail_msg(
					"%s: got «%s», want an empty audience", rows[i].yaml, said);
		} else {
			if (folder == NULL)
				fail_msg("%s: got\n%s", rows[i].yaml, said);
			struct campaign_recipient *sample;
			int64_t count;
			size_t n;
			assert_int_equal(campaign_folder_audience(
						 folder, fixture_db, &count, &sample, 10, &n, &e),
				0);
			for (size_t k = 0; k < n; k++) {
				(void)buf_printf(&got, "%s:%s ", sample[k].key,
					json_string_value(json_object_get(
						json_object_get(sample[k].fields, "monitoring"),
						"registered")));
				campaign_recipient_fini(&sample[k]);
			}
			free(sample);
			assert_int_equal(count, n);
			if (strcmp(buf_str(&got), rows[i].want) != 0)
				fail_msg("%s: got %s, want %s", rows[i].yaml, buf_str(&got),
					rows[i].want);
			/* From the store it is the same. */
			int64_t id;
			struct campaign *campaign;
			assert_int_equal(
				campaign_folder_store(folder, fixture_db, "t", &id, &e), 0);
			if (campaign_load(fixture_db, id, &campaign, &e) != 0)
				fail_msg("%s: got «%s»", rows[i].yaml, e.text);
			char *stored = audience(campaign, 2);
			size_t letters = 0;
			for (const char *p = stored; *p != '\0'; p++)
				letters += *p == ' ';
			assert_int_equal(letters, count);
			free(stored);
			campaign_free(&campaign);
		}
		campaign_folder_free(&folder);
		problems_fini(&problems);
		free(said);
		buf_fini(&yaml);
		buf_fini(&got);
	}
	fixture_clear();
}

static void missing_rows_as_the_file_says(void **state)
{
	(void)state;
	static const struct {
		const char *missing, *want;
	} rows[] = {{"skip", "school-1:one@schools.example.org:5 "},
		{"empty", "school-1:one@schools.example.org:5 school-2:two@schools.example.org: "
			  "school-3:two@schools.example.org: "}};
	for (size_t i = 0; i < 2; i++) {
		struct buf yaml;
		struct error e = {0};
		int64_t id;
		fixture_files();
		fixture_text("monitoring.csv", "key;registered\nschool-1;5\n");
		buf_init(&yaml, 4096);
		(void)buf_printf(&yaml,
			"campaign: a\ntitle: t\nletters: {first: letter.md}\naudience: {kinds: "
			"[school]}\n"
			"document: {number: \"1\", date: 2023-05-15}\n"
			"data: {monitoring: {file: monitoring.csv, missing: %s}}\n",
			rows[i].missing);
		fixture_text("campaign.yaml", buf_str(&yaml));
		struct campaign_folder *folder = load();
		struct campaign *campaign;
		assert_int_equal(campaign_folder_store(folder, fixture_db, "t", &id, &e), 0);
		assert_int_equal(campaign_load(fixture_db, id, &campaign, &e), 0);
		char *got = audience(campaign, 100);
		assert_string_equal(got, rows[i].want);
		free(got);
		campaign_free(&campaign);
		campaign_folder_free(&folder);
		buf_fini(&yaml);
	}
	fixture_clear();
}

static void one_recipient_by_key_or_address(void **state)
{
	(void)state;
	struct error e = {0};
	struct campaign_recipient r;
	fixture_files();
	struct campaign_folder *folder = load();
	assert_int_equal(campaign_folder_recipient(folder, fixture_db, "school-1", &r, &e), 0);
	assert_string_equal(r.address, "one@schools.example.org");
	assert_string_equal(r.zone, "Asia/Vladivostok");
	assert_false(r.outside);
	campaign_recipient_fini(&r);
	assert_int_equal(
		campaign_folder_recipient(folder, fixture_db, "Two@Schools.example.org", &r, &e),
		-1);
	assert_int_equal(
		campaign_folder_recipient(folder, fixture_db, "two@Schools.example.org", &r, &e),
		0);
	assert_string_equal(r.key, "school-2");
	campaign_recipient_fini(&r);
	assert_int_equal(campaign_folder_recipient(folder, fixture_db, "mun-1", &r, &e), 0);
	assert_true(r.outside);
	campaign_recipient_fini(&r);
	assert_int_equal(campaign_folder_recipient(folder, fixture_db, "closed", &r, &e), -1);
	assert_int_equal(e.code, ERROR_NOT_FOUND);
	assert_int_equal(campaign_folder_recipient(folder, fixture_db, "nobody", &r, &e), -1);
	assert_int_equal(e.code, ERROR_NOT_FOUND);
	campaign_folder_free(&folder);
}

static void a_test_letter_goes_to_one_address(void **state)
{
	(void)state;
	char slug[CAMPAIGN_SLUG_SIZE], hash[IDENT_HASH_SIZE];
	struct error e = {0};
	struct campaign_recipient like;
	struct campaign *campaign;
	struct letter *letter = NULL;
	int64_t id = 0;
	fixture_files();
	struct campaign_folder *folder = load();
	assert_int_equal(campaign_folder_recipient(folder, fixture_db, "school-2", &like, &e), 0);
	assert_int_equal(db_begin(fixture_db, DB_WRITE, &e), 0);
	if (campaign_folder_store_test(
		    folder, fixture_db, "t", &like, "me@ministry.test", slug, hash, &e) != 0)
		fail_msg("got «%s»", e.text);
	assert_int_equal(db_commit(fixture_db, DB_RELAXED, &e), 0);
	assert_int_equal(db_query_int(fixture_db, &id, &e,
				 "SELECT id FROM campaign WHERE slug = $1 AND kind = 'test' AND "
				 "priority = 0",
				 "s", slug),
		DB_ROW);
	assert_int_equal(campaign_load(fixture_db, id, &campaign, &e), 0);
	char *got = audience(campaign, 10);
	assert_string_equal(got, "0000000001:me@ministry.test:12 ");
	free(got);
	if (campaign_letter(fixture_db, campaign, fixture_settings, 0, &letter, &e) != 0)
		fail_msg("got «%s»", e.text);
	got = filled(letter, like.fields);
	assert_non_null(strstr(got, "[ПРОВЕРКА] О результатах: Школа № 2|"));
	free(got);
	letter_unref(&letter);
	campaign_free(&campaign);
	campaign_recipient_fini(&like);
	campaign_folder_free(&folder);
	fixture_clear();
}

static void a_notice_is_a_campaign(void **state)
{
	(void)state;
	static const char good[] =
		"{\"subject\":\"Для {{recipient.name}}\",\"text\":\"Привет, {{word}}!\","
		"\"to\":[{\"address\":\"a@example.org\",\"name\":\"Имя\",\"fields\":{\"word\":"
		"\"мир\"}}],"
		"\"attachments\":[{\"name\":\"a.txt\",\"data_base64\":\"aGVsbG8=\"}]}";
	struct task task;
	struct error e = {0};
	int64_t id;
	struct campaign *campaign;
	struct letter *letter = NULL;
	if (task_read(NULL, "s", "1", "vestnik.task.notify", 1, good, strlen(good), &task, &e) != 0)
		fail_msg("got «%s»", e.text);
	assert_int_equal(db_begin(fixture_db, DB_WRITE, &e), 0);
	if (campaign_store_notice(fixture_db, fixture_settings, &task, &id, &e) != 0)
		fail_msg("got «%s»", e.text);
	assert_int_equal(db_commit(fixture_db, DB_RELAXED, &e), 0);
	if (campaign_load(fixture_db, id, &campaign, &e) != 0 ||
		campaign_letter(fixture_db, campaign, fixture_settings, 0, &letter, &e) != 0)
		fail_msg("got «%s»", e.text);
	assert_string_equal(campaign_sender(campaign), "office@ministry.example.org");
	json_t *fields = campaign_notice_fields(&task.as.notify.to[0]);
	char *got = filled(letter, fields);
	assert_non_null(strstr(got, "Для Имя|"));
	assert_non_null(strstr(got, "Привет, мир!"));
	free(got);
	json_decref(fields);
	letter_unref(&letter);
	campaign_free(&campaign);
	task_fini(&task);

	static const char bad[] = "{\"subject\":\"x\",\"text\":\"{{#open}} never "
				  "closed\",\"to\":[{\"address\":\"a@example.org\"}]}";
	assert_int_equal(
		task_read(NULL, "s", "2", "vestnik.task.notify", 1, bad, strlen(bad), &task, &e),
		0);
	assert_int_equal(db_begin(fixture_db, DB_WRITE, &e), 0);
	assert_int_equal(campaign_store_notice(fixture_db, fixture_settings, &task, &id, &e), -1);
	assert_int_equal(e.code, ERROR_INPUT);
	db_rollback(fixture_db);
	task_fini(&task);
	fixture_clear();
}

/* 2023-05-15 10:00 in Vladivostok is 00:00 UTC, in Moscow 07:00 UTC. */
static void due_times(void **state)
{
	(void)state;
	static const struct {
		const char *send, *zone, *now, *want;
	} rows[] = {
		{"", NULL, "2023-05-15T01:00:00Z", "2023-05-15T01:00:00.000Z"},
		{"send: {at: 2023-05-15 10:00}", NULL, "2023-05-14T00:00:00Z",
			"2023-05-15T07:00:00.000Z"},
		{"send: {at: 2023-05-15 10:00}", "Asia/Vladivostok", "2023-05-14T00:00:00Z",
			"2023-05-15T07:00:00.000Z"},
		{"send: {at: 2023-05-15 10:00, local: true}", "Asia/Vladivostok",
			"2023-05-14T00:00:00Z", "2023-05-15T00:00:00.000Z"},
		{"send: {at: 2023-05-15 10:00, local: true}", NULL, "2023-05-14T00:00:00Z",
			"2023-05-15T07:00:00.000Z"},
		/* past: at once, but within the hours */
		{"send: {at: 2023-05-15 10:00, hours: 09:00-18:00}", NULL, "2023-05-15T12:00:00Z",
			"2023-05-15T12:00:00.000Z"},
		{"send: {at: 2023-05-15 10:00, hours: 09:00-18:00}", NULL, "2023-05-15T20:00:00Z",
			"2023-05-16T06:00:00.000Z"},
		{"send: {at: 2023-05-15 10:00, hours: 09:00-18:00, local: true}",
			"Asia/Vladivostok", "2023-05-15T12:00:00Z", "2023-05-15T23:00:00.000Z"},
		{"send: {hours: 09:00-18:00}", NULL, "2023-05-15T03:00:00Z",
			"2023-05-15T06:00:00.000Z"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct buf yaml;
		struct error e = {0};
		struct campaign *campaign;
		char got[CLOCK_RFC3339_SIZE];
		int64_t id, now_ms, due_ms;
		fixture_files();
		buf_init(&yaml, 4096);
		(void)buf_printf(&yaml, "%s%s\n", fixture_yaml, rows[i].send);
		fixture_text("campaign.yaml", buf_str(&yaml));
		struct campaign_folder *folder = load();
		assert_int_equal(campaign_folder_store(folder, fixture_db, "t", &id, &e), 0);
		assert_int_equal(campaign_load(fixture_db, id, &campaign, &e), 0);
		assert_int_equal(clock_parse_rfc3339(rows[i].now, &now_ms), 0);
		assert_int_equal(campaign_due_ms(campaign, rows[i].zone, now_ms, &due_ms, &e), 0);
		if (strcmp(clock_rfc3339(due_ms, got), rows[i].want) != 0)
			fail_msg("%s in %s at %s: got %s, want %s", rows[i].send,
				rows[i].zone == NULL ? "-" : rows[i].zone, rows[i].now, got,
				rows[i].want);
		campaign_free(&campaign);
		campaign_folder_free(&folder);
		buf_fini(&yaml);
	}
	fixture_clear();
}

static int refuse(void *arg, struct db *tx, int64_t id, struct error *e)
{
	(void)arg;
	(void)tx;
	(void)id;
	return error_set(e, ERROR_UNAVAILABLE, "no");
}

static void a_half_written_draft_cannot_be_launched(void **state)
{
	(void)state;
	struct error e = {0};
	int64_t id = 0, n = 0;
	fixture_files();
	struct campaign_folder *folder = load();
	assert_int_equal(
		campaign_folder_store_and(folder, fixture_db, "t", refuse, NULL, &id, &e), -1);
	assert_int_equal(db_query_int(fixture_db, &n, &e,
				 "SELECT COUNT(*) FROM campaign WHERE content_hash LIKE "
				 "'writing:%' AND state = 'draft'",
				 ""),
		DB_ROW);
	assert_int_equal(n, 1);
	assert_int_equal(campaign_folder_store(folder, fixture_db, "t", &id, &e), 0);
	assert_int_equal(db_query_int(fixture_db, &n, &e,
				 "SELECT COUNT(*) FROM campaign WHERE content_hash = $1", "s",
				 campaign_folder_hash(folder)),
		DB_ROW);
	assert_int_equal(n, 1);
	assert_int_equal(db_query_int(fixture_db, &n, &e,
				 "SELECT COUNT(*) FROM dataset_row WHERE campaign = $1", "i", id),
		DB_ROW);
	assert_int_equal(n, 3);
	campaign_folder_free(&folder);
	fixture_clear();
}

static int up(void **state)
{
	if (fixture_up(state) != 0)
		return -1;
	fixture_directory();
	return 0;
}

int main(void)
{
	lang_set(LANG_EN);
	ident_init();
	calendar_init();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_draft_comes_back_as_it_was),
		cmocka_unit_test(the_hash_covers_everything),
		cmocka_unit_test(audiences),
		cmocka_unit_test(missing_rows_as_the_file_says),
		cmocka_unit_test(one_recipient_by_key_or_address),
		cmocka_unit_test(a_test_letter_goes_to_one_address),
		cmocka_unit_test(a_notice_is_a_campaign),
		cmocka_unit_test(due_times),
		cmocka_unit_test(a_half_written_draft_cannot_be_launched),
	};
	return cmocka_run_group_tests(tests, up, fixture_down);
}
