/* Who is responsible and when: cells divided, remembered, proposed; terms as days. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "roadmap/memory.h"
#include "roadmap/propose.h"
#include "roadmap/responsible.h"
#include "roadmap/timing.h"
#include "store/schema.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* ---- cells ------------------------------------------------------------------------- */

static void cells_are_divided_into_names(void **state)
{
	(void)state;
	static const struct {
		const char *cell, *want;
	} rows[] = {{"Комитет образования", "Комитет образования"},
		{"Комитет образования, МКУ «Центр сопровождения», город N",
			"Комитет образования/МКУ «Центр сопровождения»/город N"},
		{"МКУ «Центр, отдел «А, Б»», школа", "МКУ «Центр, отдел «А, Б»»/школа"},
		{"ООО \"Ромашка, лтд\"; школа № 5", "ООО \"Ромашка, лтд\"/школа № 5"},
		{"школы № 1, 2, №3, лицей", "школы № 1, 2, №3/лицей"},
		{"отдел (общего, дошкольного), школа", "отдел (общего, дошкольного)/школа"},
		{"отдел\nшкола", "отдел/школа"},
		{"МКУ «Центр, школа № 5", "МКУ «Центр, школа № 5"}, /* a mark left open: people see the whole */
		{" , ; —, ", ""}, {"", ""}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct responsible_parts parts;
		struct buf got;
		buf_init(&got, 10000);
		responsible_split(rows[i].cell, &parts);
		for (size_t p = 0; p < parts.count; p++)
			(void)buf_printf(&got, "%s%s", p > 0 ? "/" : "", parts.part[p]);
		if (strcmp(buf_str(&got), rows[i].want) != 0)
			fail_msg("«%s»: got «%s», want «%s»", rows[i].cell, buf_str(&got), rows[i].want);
		responsible_parts_fini(&parts);
		buf_fini(&got);
	}
}

static void hostile_cells_stay_bounded(void **state)
{
	(void)state;
	struct responsible_parts parts;
	char *cell = xmalloc(200001);
	memset(cell, ',', 200000);
	for (size_t i = 0; i < 200000; i += 2)
		cell[i] = 'x';
	cell[200000] = '\0';
	responsible_split(cell, &parts);
	assert_int_equal(parts.count, RESPONSIBLE_PARTS_MAX);
	for (size_t i = 0; i < parts.count; i++)
		assert_true(strlen(parts.part[i]) <= RESPONSIBLE_TEXT_MAX_BYTES);
	responsible_parts_fini(&parts);
	free(cell);
}

/* ---- the store ------------------------------------------------------------------------ */

static struct db *db;
static char folder[] = "/tmp/test_roadmap_mapping.XXXXXX";

static void put_organisation(const char *key, const char *kind, const char *name, const char *municipality)
{
	struct error e = {0};
	if (db_exec(db, &e,
		    "INSERT INTO organisation (key, kind, name, municipality, revision, updated_ms) VALUES ($1, $2, $3, $4, 1, 1)",
		    "ssss", key, kind, name, municipality) != 0)
		fail_msg("%s", e.text);
}

static int set_up(void **state)
{
	(void)state;
	struct error e = {0};
	assert_non_null(mkdtemp(folder));
	char *url = xasprintf("sqlite:%s/vestnik.db", folder);
	if (db_open(&db, url, &e) != 0 || schema_migrate(db, &e) != 0)
		fail_msg("%s", e.text);
	free(url);
	put_organisation("committee", "ministry", "Комитет образования администрации города N", NULL);
	put_organisation("city", "municipal-authority", "Управление образования администрации", "город N");
	put_organisation("centre", "organisation", "Муниципальное казённое учреждение «Центр сопровождения образовательной деятельности»",
		"город N");
	put_organisation("school-5", "school", "МАОУ «Средняя общеобразовательная школа № 5»", "город N");
	put_organisation("school-15", "school", "МАОУ «Средняя общеобразовательная школа № 15»", "город N");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	db_close(&db);
	char *command = xasprintf("rm -rf '%s'", folder);
	int rc = system(command);
	free(command);
	return rc;
}

static json_t *keys(const char *a, const char *b)
{
	return b == NULL ? json_pack("[s]", a) : json_pack("[s, s]", a, b);
}

static void set_ok(const char *text, enum responsible_kind kind, json_t *list, const char *department)
{
	struct error e = {0};
	if (memory_set(db, text, kind, list, department, "tester", 1, &e) != 0)
		fail_msg("%s: %s", text, e.text);
	json_decref(list);
}

/* keys|departments|unknown|nobody */
static char *reading(const char *cell)
{
	struct memory *memory;
	struct memory_reading r;
	struct error e = {0};
	if (memory_load(db, &memory, &e) != 0)
		fail_msg("%s", e.text);
	memory_read(memory, cell, &r);
	char *k = json_dumps(r.keys, JSON_COMPACT);
	struct buf out;
	buf_init(&out, 10000);
	(void)buf_printf(&out, "%s|%zu|", k, json_array_size(r.departments));
	for (size_t i = 0; i < r.unknown_count; i++)
		(void)buf_printf(&out, "%s%s", i > 0 ? "/" : "", r.unknown[i]);
	(void)buf_printf(&out, "|%zu", r.nobody);
	free(k);
	memory_reading_fini(&r);
	memory_free(&memory);
	return buf_take(&out);
}

static void expect_reading(const char *cell, const char *want)
{
	char *got = reading(cell);
	if (strcmp(got, want) != 0)
		fail_msg("«%s»: got %s, want %s", cell, got, want);
	free(got);
}

static void what_people_said_is_remembered(void **state)
{
	(void)state;
	static const char cell[] = "Комитет образования, МКУ «Центр сопровождения», город N";
	struct error e = {0};
	expect_reading(cell, "[]|0|Комитет образования/МКУ «Центр сопровождения»/город N|0");
	set_ok("Комитет  образования.", RESPONSIBLE_DEPARTMENT, NULL, "Отдел общего образования");
	set_ok("МКУ \"Центр сопровождения\"", RESPONSIBLE_RECIPIENTS, keys("centre", NULL), NULL);
	expect_reading(cell, "[\"centre\"]|1|город N|0");
	set_ok("город N", RESPONSIBLE_NOBODY, NULL, NULL);
	expect_reading(cell, "[\"centre\"]|1||1");
	/* changed: the last word counts, the others stay */
	set_ok("ГОРОД N", RESPONSIBLE_RECIPIENTS, keys("city", "centre"), NULL);
	expect_reading(cell, "[\"centre\",\"city\"]|1||0");
	/* a name with a comma: the longest run that is known */
	set_ok("отдел общего, дошкольного образования", RESPONSIBLE_NOBODY, NULL, NULL);
	expect_reading("школа № 5, отдел общего, дошкольного образования, город N", "[\"city\",\"centre\"]|0|школа № 5|1");
	if (memory_forget(db, "Город n", &e) != 0)
		fail_msg("%s", e.text);
	expect_reading("город N", "[]|0|город N|0");
	assert_int_equal(memory_forget(db, "Город n", &e), -1);
	assert_int_equal(e.code, ERROR_NOT_FOUND);
}

static void nonsense_is_not_remembered(void **state)
{
	(void)state;
	struct error e = {0};
	json_t *none = json_array(), *wrong = keys("centre", "no-such"), *right = keys("centre", NULL);
	assert_int_equal(memory_set(db, "х", RESPONSIBLE_RECIPIENTS, wrong, NULL, NULL, 1, &e), -1);
	assert_int_equal(e.code, ERROR_NOT_FOUND);
	assert_non_null(strstr(e.text, "no-such"));
	assert_int_equal(memory_set(db, "х", RESPONSIBLE_RECIPIENTS, none, NULL, NULL, 1, &e), -1);
	assert_int_equal(e.code, ERROR_INPUT);
	assert_int_equal(memory_set(db, " «» ", RESPONSIBLE_RECIPIENTS, right, NULL, NULL, 1, &e), -1);
	assert_int_equal(memory_set(db, "х", RESPONSIBLE_DEPARTMENT, NULL, " ", NULL, 1, &e), -1);
	expect_reading("х", "[]|0|х|0");
	json_decref(none);
	json_decref(wrong);
	json_decref(right);
}

static void proposals_are_the_nearest_organisations(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want; /* keys, best first; "" none */
		bool ministry;
	} rows[] = {{"МКУ «Центр сопровождения образовательной деятельности»", "centre ", false},
		{"МАОУ СОШ № 5", "school-5 ", false}, {"школа №5", "school-5 ", false}, {"СОШ № 7", "", false}, {"город N", "city committee ", false},
		{"Комитет образования", "committee ", true}, {"ректор", "", false},
		{"Министерство просвещения", "", true}};
	struct proposals all[COUNT(rows)] = {0};
	struct error e = {0};
	for (size_t i = 0; i < COUNT(rows); i++)
		all[i].text = rows[i].text;
	if (propose(db, "Министерство просвещения области", all, COUNT(rows), &e) != 0)
		fail_msg("%s", e.text);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf got;
		buf_init(&got, 1000);
		for (size_t k = 0; k < all[i].count; k++)
			(void)buf_printf(&got, "%s ", all[i].item[k].key);
		if (strcmp(buf_str(&got), rows[i].want) != 0 || all[i].ministry != rows[i].ministry)
			fail_msg("«%s»: got %s(%d), want %s", rows[i].text, buf_str(&got), all[i].ministry, rows[i].want);
		buf_fini(&got);
		proposals_fini(&all[i]);
	}
}

/* ---- days -------------------------------------------------------------------------------- */

static char *shown(const char *text, const struct timing_rules *rules)
{
	static struct timing timing[TIMING_MAX];
	struct term term;
	struct error e = {0};
	enum timing_none why;
	size_t count;
	struct buf out;
	char day[DAY_TEXT_SIZE];
	buf_init(&out, 100000);
	(void)term_parse(text, &(struct term_context){0}, &term);
	if (timing_of(&term, rules, timing, &count, &why, &e) != 0)
		(void)buf_printf(&out, "error %s", e.text);
	else if (why != TIMING_IS_SAID)
		(void)buf_puts(&out, timing_none_words(why));
	for (size_t i = 0; i < count; i++) {
		const int32_t days[] = {timing[i].before_day, timing[i].begin_day, timing[i].end_day, timing[i].ask_day,
			timing[i].answer_day};
		for (size_t d = 0; d < COUNT(days); d++)
			(void)buf_printf(&out, "%s%s", d > 0 ? " " : i > 0 ? "; " : "",
				days[d] == DAY_NONE ? "-" : day_iso(days[d], day));
	}
	return buf_take(&out);
}

static void terms_become_days(void **state)
{
	(void)state;
	static const struct {
		const char *term, *want; /* before, begin, end, ask, answer */
	} rows[] = {
		/* 30 April 2019 is followed by 1–5 May off: the third working day is the 8th; 9–12 May are off */
		{"Сентябрь 2018 – апрель 2019", "2018-08-29 2018-09-01 2019-04-30 2019-05-08 2019-05-17"},
		{"Март 2019", "2019-02-26 2019-03-01 2019-03-31 2019-04-03 2019-04-10"},
		{"октябрь 2018, март 2019",
			"2018-09-26 2018-10-01 2018-10-31 2018-11-06 2018-11-13; "
			"2019-02-26 2019-03-01 2019-03-31 2019-04-03 2019-04-10"},
		{"25.04.2024 – 27.04.2024", "2024-04-22 2024-04-25 2024-04-27 2024-05-06 2024-05-15"},
		{"до 30 мая 2023", "2023-05-25 - 2023-05-30 2023-06-02 2023-06-09"},
		{"ежемесячно, с марта по апрель 2019",
			"2019-02-26 2019-03-01 2019-03-31 2019-04-03 2019-04-10; "
			"2019-03-27 2019-04-01 2019-04-30 2019-05-08 2019-05-17"},
		{"до 5 числа каждого месяца, с марта по апрель 2019",
			"2019-02-28 - 2019-03-05 2019-03-11 2019-03-18; 2019-04-02 - 2019-04-05 2019-04-10 2019-04-17"},
		{"ежемесячно", "it recurs without a first and a last day (--from, --to)"},
		{"ежедневно, в течение 2019 года", "it recurs on days that are not said"},
		{"2 раза в год", "it recurs on days that are not said"},
		{"постоянно", "a term without an end"}, {"по мере необходимости", "a term without an end"},
		{"в 10-дневный срок", "the term is counted from an event"}, {"", "no term"},
		{"осенью", "the term is not understood"}, {"до 30 мая", "the term is not understood"},
		{"еженедельно по пятницам, в течение 2018 – 2022 гг.", "error it happens more than 120 times"}};
	struct problems problems = {0};
	struct workdays *workdays = workdays_load("ru", NULL, &problems);
	assert_non_null(workdays);
	const struct timing_rules rules = {workdays, 3, 3, 5, DAY_NONE, DAY_NONE};
	lang_set(LANG_EN);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *got = shown(rows[i].term, &rules);
		if (strncmp(got, rows[i].want, strncmp(got, "error", 5) == 0 ? strlen(rows[i].want) : strlen(got) + 1) != 0)
			fail_msg("«%s»: got %s, want %s", rows[i].term, got, rows[i].want);
		free(got);
	}
	const struct timing_rules bounds = {workdays, 0, 3, 5, day_of(2019, 3, 1), day_of(2019, 3, 31)};
	char *got = shown("ежемесячно", &bounds);
	assert_string_equal(got, "- 2019-03-01 2019-03-31 2019-04-03 2019-04-10");
	free(got);
	workdays_free(&workdays);
	problems_fini(&problems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cells_are_divided_into_names),
		cmocka_unit_test(hostile_cells_stay_bounded),
		cmocka_unit_test(what_people_said_is_remembered),
		cmocka_unit_test(nonsense_is_not_remembered),
		cmocka_unit_test(proposals_are_the_nearest_organisations),
		cmocka_unit_test(terms_become_days),
	};
	calendar_init();
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
