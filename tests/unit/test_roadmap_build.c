/* The road map of 2018, as Word has it, made into a campaign's folder: merged cells, a table
 * broken over pages, several responsibles in a cell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "docx_make.h"
#include "roadmap/build.h"
#include "roadmap/folder.h"
#include "roadmap/progress.h"
#include "roadmap/steps.h"
#include "support/scratch.h"

#define LINE "\f"
#define HEADER "!|Планируемые действия|Ожидаемые результаты|Сроки реализации|Ответственный исполнитель" LINE
#define AIM ">5:Цель: Повышение профессиональной компетенции педагогов" LINE
#define WHO "Комитет образования, МКУ «Центр сопровождения образовательной деятельности», город N"
/* Two tables: the page breaks the last row in the middle of its cells. */
#define PLAN \
	"#ПЛАН МЕРОПРИЯТИЙ («ДОРОЖНАЯ КАРТА»)" LINE "[" LINE HEADER AIM \
	"v:Задачи:\n1. Организовать взаимодействие|Конкурсы «Начало», «Ступени роста»|Создание условий|" \
	"Сентябрь 2018 – апрель 2019|" WHO LINE "^|Фестиваль мастер-классов|Распространение практик|Март 2019|" WHO LINE \
	"^|Семинар|Обмен опытом|Октябрь 2018|Комитет образования, МКУ «Центр" LINE "]" LINE "#" LINE "[" LINE \
	"педагогов||||сопровождения образовательной деятельности», МАОУ СОШ № 5, город N" LINE \
	"|Мониторинг|Отчёт|ежемесячно, с октября по ноябрь 2018|МАОУ СОШ № 5" LINE \
	"|Консультации||по мере необходимости|МАОУ СОШ № 5" LINE \
	"|Совещание||Август 2018|Комитет образования" LINE "]" LINE

static struct db *db;
static struct workdays *workdays;

static void put_organisation(const char *key, const char *name)
{
	struct error e = {0};
	must(db_exec(db, &e, "INSERT INTO organisation (key, kind, name, revision, updated_ms) VALUES ($1, 'school', $2, 1, 1)", "ss",
		     key, name),
		&e);
}

static void say(const char *text, enum responsible_kind kind, const char *key, const char *department)
{
	struct error e = {0};
	json_t *keys = key == NULL ? NULL : json_pack("[s]", key);
	must(memory_set(db, text, kind, keys, department, "tester", 1, &e), &e);
	json_decref(keys);
}

static int set_up(void **state)
{
	(void)state;
	struct error e = {0};
	struct problems problems = {0};
	must(db_open(&db, scratch_store(), &e), &e);
	workdays = workdays_load("ru", NULL, &problems);
	assert_non_null(workdays);
	problems_fini(&problems);
	put_organisation("centre", "Центр сопровождения");
	put_organisation("school-5", "Школа № 5");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	workdays_free(&workdays);
	db_close(&db);
	return 0;
}

/* ---- a plan in hand ----------------------------------------------------------------- */

struct plan {
	struct roadmap map;
	struct memory *memory;
	struct build build;
	struct problems problems;
	struct build_options options;
};

static void plan_make(struct plan *p, const char *notation, int32_t today, const struct build_term *terms, size_t count)
{
	struct error e = {0};
	const char *path = scratch_path("plan.docx");
	char *document = docx_document(notation);
	docx_make(path, document, strlen(document));
	free(document);
	*p = (struct plan){.options = {.file = "plan.docx", .lang = LANG_RU,
		.rules = {workdays, 3, 3, 5, DAY_NONE, DAY_NONE}, .today = today, .term = terms, .terms = count}};
	must(roadmap_read(path, NULL, &p->map, &p->problems), &e);
	must(memory_load(db, &p->memory, &e), &e);
	build_make(&p->map, p->memory, &p->options, &p->build, &p->problems);
}

static void plan_fini(struct plan *p)
{
	build_fini(&p->build);
	memory_free(&p->memory);
	roadmap_fini(&p->map);
	problems_fini(&p->problems);
}

static void expect_problem(const struct plan *p, const char *field, const char *text)
{
	for (size_t i = 0; i < p->problems.count; i++)
		if (strcmp(p->problems.item[i].field == NULL ? "" : p->problems.item[i].field, field) == 0 &&
			strstr(p->problems.item[i].text, text) != NULL)
			return;
	fail_msg("no problem «%s» at %s; the first of %zu: %s", text, field, p->problems.count,
		p->problems.count > 0 ? p->problems.item[0].text : "");
}

/* ---- reading -------------------------------------------------------------------------- */

static void texts_nobody_has_mapped_come_once(void **state)
{
	(void)state;
	struct plan p;
	plan_make(&p, PLAN, day_of(2018, 7, 1), NULL, 0);
	static const char *const want[] = {"Комитет образования", "МКУ «Центр сопровождения образовательной деятельности»",
		"город N", "МАОУ СОШ № 5"};
	assert_int_equal(p.build.unknown_count, 4);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(p.build.unknown[i], want[i]);
	assert_int_equal(p.problems.errors, 0);
	plan_fini(&p);
}

static void terms_are_not_guessed(void **state)
{
	(void)state;
	static const char two[] = "[" LINE "Мероприятие|Срок|Ответственный" LINE "Слёт|осенью|школа" LINE
		"Съезд|до 30 мая|школа" LINE "Форум|март 2019|школа" LINE "]" LINE;
	static const struct build_term right[] = {{0, 2, "октябрь 2018"}, {1, 3, "до 30 мая 2019"}};
	static const struct build_term wrong[] = {{0, 2, "зимой"}, {0, 3, "-"}, {0, 9, "март 2019"}};
	struct plan p;
	plan_make(&p, two, day_of(2018, 7, 1), NULL, 0);
	assert_int_equal(p.problems.errors, 2);
	expect_problem(&p, "таблица 1, строка 2", "срок «осенью»");
	expect_problem(&p, "таблица 1, строка 3", "срок «до 30 мая»");
	assert_string_equal(p.problems.item[0].hint, "--term 2=…");
	plan_fini(&p);
	plan_make(&p, two, day_of(2018, 7, 1), right, 2);
	assert_int_equal(p.problems.errors, 0);
	assert_int_equal(p.build.count, 3);
	assert_int_equal(p.build.item[0].timing.begin_day, day_of(2018, 10, 1));
	plan_fini(&p);
	plan_make(&p, two, day_of(2018, 7, 1), wrong, 3);
	assert_int_equal(p.problems.errors, 2);
	expect_problem(&p, "таблица 1, строка 2", "срок «зимой»");
	expect_problem(&p, "", "в строке 9 нет мероприятия");
	plan_fini(&p);
}

static void row_and_term_are_read(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int table, row; /* -1: wrong */
		const char *term;
	} rows[] = {{"5=март 2019", 0, 5, "март 2019"}, {"2.5=до 30.05.2019", 2, 5, "до 30.05.2019"}, {"7=-", 0, 7, "-"},
		{"март 2019", 0, -1, NULL}, {"5=", 0, -1, NULL}, {"0=март", 0, -1, NULL}, {"-3=март", 0, -1, NULL},
		{"5.=март", 0, -1, NULL}, {"", 0, -1, NULL}, {"99999999999999=x", 0, -1, NULL}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct build_term term;
		struct error e = {0};
		int rc = build_term_parse(rows[i].text, &term, &e);
		if ((rc != 0) != (rows[i].row < 0))
			fail_msg("«%s»: got %d", rows[i].text, rc);
		if (rc == 0 && (term.table != rows[i].table || term.row != rows[i].row || strcmp(term.text, rows[i].term) != 0))
			fail_msg("«%s»: got %d.%d %s", rows[i].text, term.table, term.row, term.text);
	}
}

/* ---- writing ---------------------------------------------------------------------------- */

static char *file_text(const char *folder, const char *name)
{
	char *path = xasprintf("%s/%s", folder, name);
	FILE *f = fopen(path, "r");
	if (f == NULL)
		fail_msg("%s is not there", path);
	char *text = xcalloc(1, 100000);
	if (fread(text, 1, 99999, f) == 0)
		fail_msg("%s is empty", path);
	(void)fclose(f);
	free(path);
	return text;
}

static void expect_in(const char *text, const char *words)
{
	if (strstr(text, words) == NULL)
		fail_msg("«%s» is not in\n%s", words, text);
}

static void the_plan_becomes_a_folder_and_a_table(void **state)
{
	(void)state;
	struct plan p;
	struct error e = {0};
	struct folder_rounds rounds[20];
	struct progress_table table;
	const struct folder_plan plan = {.slug = "plan-2018", .title = "План: «дорожная карта»", .lang = LANG_RU, .plan_file = "plan.docx", .links = true};
	const char *folder = scratch_path("plan-2018");
	say("Комитет образования", RESPONSIBLE_DEPARTMENT, NULL, "Отдел общего образования");
	say("МКУ «Центр сопровождения образовательной деятельности»", RESPONSIBLE_RECIPIENTS, "centre", NULL);
	say("МАОУ СОШ № 5", RESPONSIBLE_RECIPIENTS, "school-5", NULL);
	say("город N", RESPONSIBLE_NOBODY, NULL, NULL);
	plan_make(&p, PLAN, day_of(2018, 7, 1), NULL, 0);
	assert_int_equal(p.problems.errors + p.build.unknown_count, 0);
	/* three steps, two months of monitoring, consultations without a term, a step of our own */
	assert_int_equal(p.build.count, 7);
	must(folder_write(&p.build, &plan, folder, false, rounds, &e), &e);
	char *yaml = file_text(folder, "campaign.yaml");
	expect_in(yaml, "  ways: [link, reply]\n");
	expect_in(yaml, "audience: {keys: [\"centre\", \"school-5\"]}");
	expect_in(yaml, "  - title: \"Семинар: скоро срок\"\n    at: 2018-09-26 10:00\n    audience: {keys: [\"centre\", \"school-5\"]}\n"
		"    letter: letters/003-before.md\n    ask: false\n");
	expect_in(yaml, "  - title: \"Мониторинг, за октябрь 2018 года: результат\"\n    at: 2018-11-06 10:00\n");
	/* a draft: no date, no deadline */
	expect_in(yaml, "  - title: \"Консультации\"\n    audience: {keys: [\"school-5\"]}\n    letter: letters/006-before.md\n    ask: false\n");
	assert_null(strstr(yaml, "Совещание")); /* a department's: no letters */
	static const int want[][2] = {{1, 2}, {3, 4}, {5, 6}, {7, 8}, {9, 10}, {11, 0}, {0, 0}};
	for (size_t i = 0; i < 7; i++)
		if (rounds[i].before != want[i][0] || rounds[i].ask != want[i][1])
			fail_msg("step %zu: got rounds %d and %d", i + 1, rounds[i].before, rounds[i].ask);
	char *letter = file_text(folder, "letters/003-result.md");
	expect_in(letter, "- Срок по плану: Октябрь 2018\n- Ожидаемый результат: Обмен опытом\n");
	expect_in(letter, "{{link.answer}}");
	assert_null(strstr(letter, "step."));
	assert_null(strstr(letter, "Период"));
	free(letter);
	free(yaml);
	assert_int_equal(folder_write(&p.build, &plan, folder, false, rounds, &e), -1); /* not over what staff may have edited */
	assert_int_equal(e.code, ERROR_CONFLICT);
	must(folder_write(&p.build, &plan, folder, true, rounds, &e), &e);
	must(steps_store(db, "plan-2018", &p.build, rounds, &e), &e);
	must(progress_read(db, "plan-2018", "Europe/Moscow", 1539594000000 /* 15 October 2018 */, &table, &e), &e);
	assert_int_equal(table.total, 7);
	assert_int_equal(table.steps[PROGRESS_RUNNING], 3); /* contests, seminar, monitoring of October */
	assert_int_equal(table.steps[PROGRESS_PLANNED], 2);
	assert_int_equal(table.steps[PROGRESS_DRAFT], 1);
	assert_int_equal(table.steps[PROGRESS_OVERDUE], 1); /* the department's of August: nobody has noted a result */
	progress_table_fini(&table);
	must(steps_mark(db, "plan-2018", 7, OUTCOME_DONE, DAY_NONE, "провели", "tester", 1, &e), &e);
	must(progress_read(db, "plan-2018", "Europe/Moscow", 1539594000000, &table, &e), &e);
	assert_int_equal(table.steps[PROGRESS_DONE], 1);
	assert_string_equal(table.line[table.count - 1].note, "провели");
	must(progress_xlsx(&table, scratch_path("status.xlsx"), &e), &e);
	progress_table_fini(&table);
	assert_int_equal(steps_mark(db, "plan-2018", 8, OUTCOME_DONE, DAY_NONE, NULL, NULL, 1, &e), -1);
	assert_int_equal(e.code, ERROR_NOT_FOUND);
	plan_fini(&p);
}

static void what_has_ended_is_asked_for_only_when_wished(void **state)
{
	(void)state;
	static const char one[] = "[" LINE "Мероприятие|Срок|Ответственный" LINE "Форум|март 2018|МАОУ СОШ № 5" LINE "]" LINE;
	struct plan p;
	plan_make(&p, one, day_of(2018, 7, 1), NULL, 0);
	assert_false(p.build.item[0].before || p.build.item[0].ask);
	expect_problem(&p, "таблица 1, строка 2", "уже завершилось");
	p.options.ask_past = true;
	build_fini(&p.build);
	build_make(&p.map, p.memory, &p.options, &p.build, &p.problems);
	assert_true(p.build.item[0].ask && !p.build.item[0].before);
	assert_int_equal(p.build.item[0].timing.ask_day, day_of(2018, 7, 2)); /* the 1st is a Sunday */
	assert_int_equal(p.build.item[0].timing.answer_day, day_of(2018, 7, 9));
	plan_fini(&p);
}

/* What stands in a plan is people's text: no tag, no markup, no line of YAML comes of it. */
static void hostile_plans_stay_text(void **state)
{
	(void)state;
	static const char bad[] = "[" LINE "Мероприятие|Срок|Ответственный" LINE
		"{{recipient.name}} *x* [y](javascript:z)\nask: false \"quoted\" # no|март 2019|МАОУ СОШ № 5" LINE "]" LINE;
	struct plan p;
	struct error e = {0};
	struct folder_rounds rounds[4];
	const struct folder_plan plan = {.slug = "bad", .title = "«\n\"»: {}", .lang = LANG_RU, .plan_file = "a\nb.docx"};
	const char *folder = scratch_path("bad");
	plan_make(&p, bad, day_of(2018, 7, 1), NULL, 0);
	must(folder_write(&p.build, &plan, folder, false, rounds, &e), &e);
	char *yaml = file_text(folder, "campaign.yaml"), *letter = file_text(folder, "letters/001-before.md");
	expect_in(yaml, "# План мероприятий из файла a b.docx");
	expect_in(yaml, "title: \"«\\n\\\"»: {}\"");
	expect_in(yaml, "  - title: \"{{recipient.name}} *x* [y](javascript:z) ask: false \\\"quoted\\\" # no: скоро срок\"");
	expect_in(letter, "{ {recipient.name}} \\*x\\* \\[y\\](javascript:z)");
	assert_null(strstr(letter, "{{"));
	free(yaml);
	free(letter);
	plan_fini(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_nobody_has_mapped_come_once),
		cmocka_unit_test(terms_are_not_guessed),
		cmocka_unit_test(row_and_term_are_read),
		cmocka_unit_test(the_plan_becomes_a_folder_and_a_table),
		cmocka_unit_test(what_has_ended_is_asked_for_only_when_wished),
		cmocka_unit_test(hostile_plans_stay_text),
	};
	calendar_init();
	lang_set(LANG_RU);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
