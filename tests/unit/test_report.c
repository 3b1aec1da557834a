/* Reports: words, order, sums, and what each format makes of the same facts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/ident.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "campaign/campaign.h"
#include "message/task.h"
#include "report/acknowledgements.h"
#include "report/calls.h"
#include "report/gather.h"
#include "report/html.h"
#include "report/order.h"
#include "report/report.h"
#include "report/words.h"
#include "report/write.h"
#include "settings/settings.h"
#include "store/schema.h"
#include "support/report_bed.h"
#include "support/scratch.h"
#include "table/table.h"

static struct db *db;
static struct report_facts *facts; /* of the bed's second period */

#define WANT(text, part) want(text, part, true)
#define WANT_NOT(text, part) want(text, part, false)
static void want(const char *text, const char *part, bool there)
{
	if ((strstr(text, part) != NULL) != there)
		fail_msg("%s «%s», got\n%.3000s", there ? "want" : "want nothing like", part, text);
}

/* ---- words ------------------------------------------------------------------------------ */

static void figures_read_as_people_write_them(void **state)
{
	static const struct {
		double n;
		const char *ru, *plain;
	} cases[] = {{0, "0", "0"}, {-0.0, "0", "0"}, {7, "7", "7"}, {1234, "1234", "1234"},
		{12345, "12\xc2\xa0""345", "12345"}, {1234567.5, "1\xc2\xa0""234\xc2\xa0""567,5", "1234567,5"},
		{-3, "−3", "-3"}, {0.1 + 0.2, "0,3", "0,3"}, {3.7, "3,7", "3,7"}, {2.00001, "2", "2"}, {1e15, "1e+15", "1e+15"}};
	char out[WORDS_SIZE];
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_string_equal(words_number(cases[i].n, LANG_RU, out), cases[i].ru);
		assert_string_equal(words_plain(cases[i].n, LANG_RU, out), cases[i].plain);
	}
	assert_string_equal(words_change(12, 15, LANG_RU, out), "−3");
	assert_string_equal(words_change(15, 12, LANG_RU, out), "+3");
	assert_string_equal(words_change(15, 15, LANG_RU, out), "0");
	assert_string_equal(words_plain(3.7, LANG_EN, out), "3.7");
}

static void shares_never_hide_the_last_or_the_first(void **state)
{
	static const struct {
		int64_t part, whole;
		int percent;
	} cases[] = {{0, 0, 0}, {0, 10, 0}, {10, 10, 100}, {999, 1000, 99}, {1, 1000, 1}, {1, 2, 50}, {2, 3, 67}, {5, 4, 100}};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(words_percent(cases[i].part, cases[i].whole), cases[i].percent);
}

static void names_stand_where_people_look_for_them(void **state)
{
	static const char *const sorted[] = {"", "Гимназия", "Елань", "Ёлки", "Жуковка", "Школа № 2", "Школа № 2 корпус 1",
		"Школа № 010", "Школа № 11", "Школа № 100", "школа"};
	(void)state;
	for (size_t i = 0; i + 1 < sizeof sorted / sizeof sorted[0]; i++) {
		if (order_names(sorted[i], sorted[i + 1]) >= 0 || order_names(sorted[i + 1], sorted[i]) <= 0)
			fail_msg("got «%s» not before «%s»", sorted[i], sorted[i + 1]);
		assert_int_equal(order_names(sorted[i], sorted[i]), 0);
	}
}

static void text_is_cut_between_characters(void **state)
{
	(void)state;
	char *whole = words_cut("ёлка", 4), *cut = words_cut("ёлка в лесу", 5);
	assert_string_equal(whole, "ёлка");
	assert_string_equal(cut, "ёлка…");
	free(whole);
	free(cut);
}

/* ---- gathering ---------------------------------------------------------------------------- */

static void the_round_is_the_last_that_began(void **state)
{
	struct report_place place;
	struct error e = {0};
	(void)state;
	must(report_find(db, REPORT_BED_SLUG, 0, &place, &e), &e);
	assert_int_equal(place.number, 2);
	must(report_find(db, REPORT_BED_SLUG, 1, &place, &e), &e);
	assert_int_equal(place.round, 1);
	assert_int_equal(report_find(db, REPORT_BED_SLUG, 9, &place, &e), -1);
	assert_int_equal(e.code, ERROR_NOT_FOUND);
	assert_int_equal(report_find(db, "nothing", 0, &place, &e), -1);
	WANT(e.text, "nothing");
}

static void totals_count_what_counts(void **state)
{
	const struct report_totals *all = &facts->all;
	(void)state;
	assert_int_equal(all->asked, 5);
	assert_int_equal(all->confirmed, 1);
	assert_int_equal(all->partial, 1);
	assert_int_equal(all->received, 1);
	assert_int_equal(totals_answered(all), 3);
	assert_int_equal(totals_silent(all), 2);
	assert_int_equal(all->late, 1);
	assert_int_equal(all->discrepancies, 1);
	assert_int_equal(all->undelivered, 1);
	assert_int_equal(facts->acknowledgements, 2);
	assert_int_equal(facts->acknowledged, 1);
	/* people: 31 + 0; neither the proposed 999, the refused 777, the superseded 29 nor the schools' 12 */
	assert_true(all->sum[facts->column[0].slot] == 31);
	assert_true(all->below_sum[facts->column[0].slot] == 12);
	assert_int_equal(all->filled[facts->column[0].slot], 2);
	assert_true(all->sum[facts_choice(&facts->column[1], "да")] == 1);
	assert_true(all->sum[facts_choice(&facts->column[1], "нет")] == 0);
	assert_true(facts_choice(&facts->column[1], "может быть") == SIZE_MAX);
}

static void the_period_before_stands_beside_it(void **state)
{
	(void)state;
	assert_string_equal(facts->previous_label, "за сентябрь 2022 года");
	assert_int_equal(facts->all.previous_asked, 2);
	assert_int_equal(facts->all.previous_answered, 1);
	assert_true(facts->all.previous[facts->column[0].slot] == 20);
}

static void rows_are_in_order_and_know_their_story(void **state)
{
	static const char *const order[] = {"s6", "m1", "s5", "s4", "s7"}; /* Край; Область: Город, Район */
	struct report_row row;
	(void)state;
	assert_int_equal(facts->rows, 5);
	assert_int_equal(facts->below_rows, 2);
	for (size_t i = 0; i < facts->rows; i++) {
		facts_row(facts, false, i, &row);
		assert_string_equal(row.key, order[i]);
	}
	facts_row(facts, false, 1, &row);
	assert_string_equal(row.way, "cascade");
	assert_string_equal(row.by_name, "Специалист");
	assert_true(row.discrepancy);
	assert_true(row.previous[0].number == 20);
	facts_row(facts, false, 3, &row);
	assert_int_equal(row.trouble, REPORT_UNDELIVERED);
	WANT(row.trouble_text, "user unknown");
	facts_row(facts, false, 4, &row); /* its answer was refused: silent again, nobody's figures */
	assert_int_equal(row.state, ASK_OPEN);
	assert_string_equal(row.way, "");
	assert_string_equal(row.value[0].text, "");
	facts_row(facts, true, 0, &row);
	assert_string_equal(row.name, "Школа № 2");
	const struct report_below *below = facts_below(facts, 201);
	assert_non_null(below);
	assert_int_equal(below->asked, 2);
	assert_int_equal(below->answered, 1);
	assert_true(below->sum[facts->column[0].slot] == 12);
	assert_null(facts_below(facts, 205));
}

static void municipalities_add_up_to_regions(void **state)
{
	struct report_totals region;
	size_t end;
	(void)state;
	assert_int_equal(facts->groups, 3);
	assert_int_equal(facts->regions, 2);
	assert_string_equal(facts->group[0].region, "Край");
	assert_string_equal(facts->group[0].municipality, "");
	assert_string_equal(facts->group[1].municipality, "Город");
	facts_region(facts, 1, &end, &region);
	assert_int_equal(end, 3);
	assert_int_equal(region.asked, 4);
	assert_int_equal(region.below, 2);
	assert_true(region.sum[0] == 31);
	facts_region_fini(&region);
}

/* ---- formats ---------------------------------------------------------------------------------- */

static char *stream_of(void (*write)(FILE *out, const struct report_facts *facts))
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	write(out, facts);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void csv_runs_nothing(void **state)
{
	(void)state;
	char *csv = stream_of(csv_write);
	assert_memory_equal(csv, "\xef\xbb\xbf№ п/п;Регион;", 3 + strlen("№ п/п;Регион;"));
	WANT(csv, "\r\n");
	WANT(csv, ";'=cmd|' /C calc'!A0;");
	WANT(csv, ";'@SUM(A1);");
	WANT(csv, ";'+7 (000) 000-00-05;");
	WANT_NOT(csv, ";=");
	WANT_NOT(csv, ";@");
	WANT(csv, "2;Область;Город;Управление образования города;m1;0;ответ получен;31;12;20;да;");
	WANT(csv, "\"Два занятия\nи семинар\"");
	WANT(csv, ";14.10.2022;2 строки;");
	free(csv);
}

static int put_sheet_row(void *arg, const struct table_row *row)
{
	struct buf *out = arg;
	for (size_t i = 0; i < row->count; i++)
		(void)buf_printf(out, "%s%s", i > 0 ? "|" : "", row->cell[i]);
	return buf_putc(out, '\n');
}

static char *sheet_of(const char *path, const char *sheet)
{
	struct problems problems = {0};
	struct table_options options = {.sheet = sheet};
	struct buf out;
	buf_init(&out, 1 << 20);
	if (table_read(path, &options, NULL, put_sheet_row, NULL, &out, &problems) != 0)
		fail_msg("%s, %s: got «%s»", path, sheet, problems.count > 0 ? problems.item[0].text : "?");
	problems_fini(&problems);
	return buf_take(&out);
}

static void the_workbook_reads_back(void **state)
{
	const char *path = scratch_path("report.xlsx");
	struct error e = {0};
	(void)state;
	must(xlsx_write(path, facts, &e), &e);
	char *answers = sheet_of(path, "Ответы"), *places = sheet_of(path, "По муниципалитетам");
	char *summary = sheet_of(path, "Сводка"), *regions = sheet_of(path, "По регионам"), *silent = sheet_of(path, "Не ответили");
	char *below = sheet_of(path, "Подведомственные"), *table = sheet_of(path, "Участники занятия все");
	WANT(answers, "№ п/п|Регион|Муниципалитет|Организация|Ключ|Состояние|Человек на площадке|Сумма по подведомственным: ");
	WANT(answers, "2|Область|Город|Управление образования города|m1|ответ получен|31|12|20|да|Два занятия\nи семинар|14.10.2022|2 строки|");
	WANT(answers, "|=cmd|' /C calc'!A0|s5|ответ неполный|0|");
	WANT(answers, "|@SUM(A1)|");
	WANT(answers, "\n|Итого|||||31|12|20");
	WANT_NOT(answers, "999");
	WANT_NOT(answers, "777");
	WANT(places, "1|Край||1|1|100%|0|0|0|0|");
	WANT(places, "3|Область|Район|3|1|33.");
	WANT(places, "|2|1|1|0|0|0|0|0|0|0|0|0|0|");
	WANT(places, "|Итого|");
	WANT(summary, "Запрошено|5|2|2|3");
	WANT(summary, "Человек на площадке|31|12|20|11");
	WANT(regions, "2|Область|4|2|50%|2|1|1|31|1|0|2|1|12|");
	WANT(silent, "Ёлкинская школа|s4|не доставлено|550 5.1.1 user unknown");
	WANT(silent, "Школа № 7|s7");
	WANT(below, "Школа № 10|s10|нет ответа");
	WANT(table, "|m1|=1+1|1.5");
	WANT(table, "|m1|Занятие|4");
	char *all[] = {answers, places, summary, regions, silent, below, table};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		free(all[i]);
}

static void html_escapes_and_draws(void **state)
{
	(void)state;
	char *page = stream_of(html_page);
	WANT(page, "Школа &lt;b&gt;№ 6&lt;/b&gt; &amp; Ко");
	WANT_NOT(page, "<b>№ 6");
	WANT(page, "Ответили <b>3</b> из 5, <b>60&nbsp;%</b>");
	WANT(page, "Два занятия<br>и семинар");
	/* of a bar of 72: none complete, one of three begun, the rest */
	WANT(page, "<td width=\"24\" height=\"8\" bgcolor=\"#d99a2b\"");
	WANT(page, "<td width=\"48\" height=\"8\" bgcolor=\"#e1e5ea\"");
	WANT(page, "Прошлый раз (за сентябрь 2022 года): ответили 1 из 2, 50\xc2\xa0%");
	WANT(page, "+11");
	WANT(page, "550 5.1.1 user unknown");
	WANT_NOT(page, "<img");
	WANT_NOT(page, "<script");
	WANT_NOT(page, "url(");
	free(page);
}

static void plain_text_shows_bars(void **state)
{
	(void)state;
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	text_block(out, facts, &(struct text_limits){.groups = 60, .answers = 40, .silent = 1, .width = 80}, true);
	assert_int_equal(fclose(out), 0);
	WANT(text, "Ответили 3 из 5, 60 %  ████████████░░░░░░░░\n");
	WANT(text, "Человек на площадке – 31; сумма по подведомственным 12; прошлый раз 20 (+11)\n");
	WANT(text, "███████░░░░░░░░░░░░░         1/3           0\n");
	WANT(text, "  Управление образования города – ответ получен, 31.10.2022 10:06, сводом по подведомственным, расхождение\n"
		   "      Человек на площадке: 31; свод 12; было 20\n      План выполнен: да\n      Что сделано: Два занятия и семинар\n");
	WANT(text, "Не ответили: 2\n   1. Ёлкинская школа, Район (не доставлено)\nОстальное – в приложенной таблице.\n");
	free(text);
}

static void json_is_whole_and_the_event_is_small(void **state)
{
	json_error_t where;
	(void)state;
	char *text = stream_of(json_write);
	json_t *whole = json_loads(text, 0, &where);
	if (whole == NULL)
		fail_msg("%s in\n%s", where.text, text);
	assert_int_equal(json_array_size(json_object_get(whole, "rows")), 7);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(whole, "sums"), "people")), 31);
	json_decref(whole);
	free(text);
	json_t *event = json_event(facts, 15000);
	assert_true(json_is_false(json_object_get(event, "truncated")));
	char *dump = json_dumps(event, JSON_COMPACT);
	assert_true(strlen(dump) < 15000);
	WANT_NOT(dump, "Специалист"); /* persons stay at home */
	WANT_NOT(dump, "000-00");
	free(dump);
	json_decref(event);
	event = json_event(facts, 3500);
	assert_true(json_is_true(json_object_get(event, "truncated")));
	assert_true(json_array_size(json_object_get(event, "rows")) < 7);
	dump = json_dumps(event, JSON_COMPACT);
	assert_true(strlen(dump) <= 3500);
	assert_int_equal(json_integer_value(json_object_get(event, "asked")), 5);
	free(dump);
	json_decref(event);
}

/* ---- letters, calls, acknowledgements --------------------------------------------------------------- */

static void the_planner_gets_a_whole_letter(void **state)
{
	static const char *const formats[] = {"xlsx", "html", "csv", "json", NULL};
	struct settings settings = {.attachments_max_bytes = 5 * 1024 * 1024};
	struct report_letter letter;
	struct error e = {0};
	(void)state;
	report_bed_sql(db, "INSERT INTO audit_head (id, number, mac) VALUES (1, 42, '0123456789abcdef00000000000000000000000000000000ffffffffffffffff')");
	must(report_round(db, &settings, REPORT_BED_CAMPAIGN, REPORT_BED_ROUND, formats, LANG_RU, &letter, &e), &e);
	WANT(letter.html, "Журнал действий: запись № 42, контрольная сумма 0123456789abcdef<");
	WANT(letter.text, "\nЖурнал действий: запись № 42, контрольная сумма 0123456789abcdef\n");
	report_letter_fini(&letter);
	report_bed_sql(db, "DELETE FROM audit_head");
	must(report_round(db, &settings, REPORT_BED_CAMPAIGN, REPORT_BED_ROUND, formats, LANG_RU, &letter, &e), &e);
	WANT_NOT(letter.html, "Журнал действий");
	assert_string_equal(letter.subject, "Отчёт: Стажировочные площадки, за октябрь 2022 года");
	assert_int_equal(letter.files, 3);
	assert_string_equal(letter.file[0].name, "monitoring-2022-report-2.xlsx");
	assert_memory_equal(letter.file[0].data, "PK", 2);
	assert_int_equal(letter.silent, 2);
	WANT(letter.html, "Ответили");
	WANT(letter.text, "Ответили");
	assert_non_null(letter.event);
	report_letter_fini(&letter);
	settings.attachments_max_bytes = 100;
	must(report_round(db, &settings, REPORT_BED_CAMPAIGN, REPORT_BED_ROUND, formats, LANG_RU, &letter, &e), &e);
	assert_int_equal(letter.files, 0);
	WANT(letter.markdown, "слишком велика");
	report_letter_fini(&letter);
}

static void an_escalation_names_the_silent(void **state)
{
	struct settings settings = {.attachments_max_bytes = 5 * 1024 * 1024};
	struct report_letter letter;
	struct error e = {0};
	(void)state;
	must(report_silent(db, &settings, REPORT_BED_CAMPAIGN, REPORT_BED_ROUND, 0, LANG_RU, &letter, &e), &e);
	assert_int_equal(letter.silent, 2);
	WANT(letter.html, "Ёлкинская школа");
	WANT(letter.text, "Школа № 7");
	WANT_NOT(letter.text, "Школа № 10"); /* the authority asks its own */
	assert_int_equal(letter.files, 1);
	report_letter_fini(&letter);
	must(report_silent(db, &settings, REPORT_BED_CAMPAIGN, REPORT_BED_ROUND, 1, LANG_RU, &letter, &e), &e);
	assert_int_equal(letter.silent, 1);
	WANT(letter.text, "Школа № 10");
	WANT_NOT(letter.text, "Школа № 7");
	report_letter_fini(&letter);
	must(report_silent(db, &settings, REPORT_BED_CAMPAIGN, REPORT_BED_ROUND, 4, LANG_RU, &letter, &e), &e);
	assert_int_equal(letter.silent, 0);
	assert_null(letter.html);
	report_letter_fini(&letter);
}

static void the_call_list_says_whom_and_why(void **state)
{
	const char *path = scratch_path("calls.xlsx");
	struct error e = {0};
	size_t count;
	(void)state;
	must(calls_xlsx(db, facts, REPORT_BED_ROUND, path, &count, &e), &e);
	assert_int_equal(count, 2);
	char *sheet = sheet_of(path, NULL);
	/* the contact with a phone comes first */
	WANT(sheet, "1|Район|Ёлкинская школа|Директор, директор|+7 (000) 000-00-04|head4@schools.example.org|four@schools.example.org|"
		    "не доставлено|письмо не принято: 550 no such user|");
	WANT(sheet, "2|Район|Школа № 7|Завуч|+7 (000) 000-00-07|seven@schools.example.org|||письмо принято почтовым сервером|");
	WANT_NOT(sheet, "Уволенный");
	free(sheet);
	/* a letter of a person's own, with its number, waits for staff; then they put it aside */
	report_bed_sql(db, "INSERT INTO mail_in (id, hash, mailbox, received_ms, recorded_ms, kind, address, matched, state, ask) SELECT"
		" 2, 'm2', 'inbox', 1667310000000, 0, 'unknown', 'seven@schools.example.org', 'none', 'review', a.id FROM ask a"
		" JOIN organisation o ON o.id = a.organisation WHERE a.round = 2 AND o.name = 'Школа № 7'");
	must(calls_xlsx(db, facts, REPORT_BED_ROUND, path, &count, &e), &e);
	sheet = sheet_of(path, NULL);
	WANT(sheet, "пришло письмо, его надо посмотреть");
	free(sheet);
	report_bed_sql(db, "UPDATE mail_in SET state = 'ignored' WHERE id = 2");
	must(calls_xlsx(db, facts, REPORT_BED_ROUND, path, &count, &e), &e);
	sheet = sheet_of(path, NULL);
	WANT_NOT(sheet, "пришло письмо, его надо посмотреть");
	free(sheet);
	report_bed_sql(db, "DELETE FROM mail_in WHERE id = 2");
}

static void the_sheet_leaves_blanks_and_says_what_it_is_not(void **state)
{
	const char *path = scratch_path("sheet.xlsx");
	struct error e = {0};
	size_t count;
	char *page, *text;
	size_t len;
	(void)state;
	must(acknowledgements_xlsx(db, facts, REPORT_BED_ROUND, path, &count, &e), &e);
	assert_int_equal(count, 2);
	char *sheet = sheet_of(path, NULL);
	WANT(sheet, "1|Первый заместитель|заместитель начальника||ознакомлен(а)|");
	WANT(sheet, "2|Директор центра|директор\n");
	WANT(sheet, "не является электронной подписью");
	WANT(sheet, "№ 1355 от 22 сентября 2022");
	text = strstr(sheet, "2|Директор центра");
	WANT_NOT(text, "ознакомлен(а)");
	free(sheet);
	FILE *out = open_memstream(&page, &len);
	must(acknowledgements_html(db, facts, REPORT_BED_ROUND, out, &count, &e), &e);
	assert_int_equal(fclose(out), 0);
	WANT(page, "Ознакомлены 1 из 2");
	WANT(page, "не является электронной подписью");
	free(page);
}

/* Tables with bars reach the mailbox: through a notice's rows in the store into the compiled letter. Tags
 * in what people wrote stay what they are. */
static void the_block_travels_with_a_notice(void **state)
{
	struct settings settings = {.attachments_max_bytes = 5 * 1024 * 1024};
	struct task_recipient to = {.address = (char[]){"head@ministry.example.org"}, .name = (char[]){"Заместитель"}};
	struct task task = {.type = TASK_NOTIFY, .source = (char[]){"vestnik/planner"}, .id = (char[]){"1"}};
	struct campaign *campaign;
	struct letter *letter;
	struct error e = {0};
	int64_t id;
	char *subject, *text, *html;
	(void)state;
	task.as.notify.from_address = (char[]){"outreach@ministry.example.org"};
	task.as.notify.subject = (char[]){"Отчёт"};
	task.as.notify.text = (char[]){"Направляем итоги запроса."};
	task.as.notify.block_html = (char[]){"<table><tr><td bgcolor=\"#2e7d4f\">{{recipient.secret}} {{{</td></tr></table>"};
	task.as.notify.block_text = (char[]){"████ {{recipient.secret}} {{{"};
	task.as.notify.not_after_ms = TIME_NEVER_MS;
	task.as.notify.to = &to;
	task.as.notify.to_count = 1;
	must(db_begin(db, DB_WRITE, &e), &e);
	must(campaign_store_notice(db, &settings, &task, &id, &e), &e);
	must(db_commit(db, DB_RELAXED, &e), &e);
	must(campaign_load(db, id, &campaign, &e), &e);
	must(campaign_letter(db, campaign, &settings, 0, &letter, &e), &e);
	json_t *fields = campaign_notice_fields(&to);
	const struct letter_recipient recipient = {.fields = fields, .to_address = to.address, .message_id = "1@example.org"};
	must(letter_preview(letter, &recipient, &subject, &text, &html, &e), &e);
	WANT(html, "Направляем итоги запроса.");
	WANT(html, "<td bgcolor=\"#2e7d4f\">{{recipient.secret}} {{{</td>");
	WANT(text, "████ {{recipient.secret}} {{{");
	WANT_NOT(text, "<table");
	free(subject);
	free(text);
	free(html);
	json_decref(fields);
	letter_unref(&letter);
	campaign_free(&campaign);
}

/* ---- big ------------------------------------------------------------------------------------------------- */

static void a_letter_about_thousands_stays_a_letter(void **state)
{
	struct report_facts *big = facts_new();
	struct report_row row = {.key = "k", .region = "Область", .trouble_text = "", .way = "", .by_name = "",
		.by_phone = "", .note = ""};
	struct error e = {0};
	char name[64], municipality[64], *html;
	size_t len;
	(void)state;
	big->lang = LANG_RU;
	big->title = xstrdup("Много");
	big->slug = xstrdup("many");
	big->zone = xstrdup("Europe/Moscow");
	assert_non_null(facts_column(big, "n", "Число", REPORT_NUMBER, 0));
	must(facts_open(big, &e), &e);
	for (int i = 0; i < 20000; i++) {
		snprintf(name, sizeof name, "Школа № %d", i);
		snprintf(municipality, sizeof municipality, "Район %d", i % 500);
		row.name = name;
		row.municipality = municipality;
		row.ask = i + 1;
		row.state = i % 4 == 0 ? ASK_OPEN : ASK_CONFIRMED;
		row.value[0] = (struct report_value){.text = i % 4 == 0 ? "" : "1", .number = 2};
		row.previous[0].text = "";
		must(facts_add(big, &row, &e), &e);
	}
	must(facts_seal(big, &e), &e);
	assert_int_equal(big->groups, 500);
	assert_true(big->all.sum[0] == 30000);
	FILE *out = open_memstream(&html, &len);
	html_block(out, big, &html_in_letter, true);
	assert_int_equal(fclose(out), 0);
	assert_true(len < 100 * 1000);
	WANT(html, "Остальное – в приложенной таблице.");
	free(html);
	facts_free(&big);
}

/* Names nobody thought of: the letter shrinks, and is never too large to be sent. */
static void endless_names_do_not_stop_a_report(void **state)
{
	struct settings settings = {.attachments_max_bytes = 5 * 1024 * 1024};
	struct report_letter letter;
	struct error e = {0};
	char *name = xmalloc(60001);
	(void)state;
	memset(name, '<', 60000);
	name[60000] = '\0';
	must(db_exec(db, &e, "UPDATE organisation SET name = $1 WHERE id = 7", "s", name), &e);
	must(db_exec(db, &e, "UPDATE campaign SET title = $1 WHERE id = 1", "s", "{{x}} {{{y}}} *z*"), &e);
	must(report_round(db, &settings, REPORT_BED_CAMPAIGN, REPORT_BED_ROUND, NULL, LANG_RU, &letter, &e), &e);
	assert_true(strlen(letter.html) <= 160 * 1024);
	assert_true(strlen(letter.text) <= 16 * 1024);
	WANT(letter.html, "Ответили <b>3</b> из 5");
	WANT_NOT(letter.subject, "{{");
	WANT_NOT(letter.markdown, "{{");
	report_letter_fini(&letter);
	must(db_exec(db, &e, "UPDATE organisation SET name = 'Школа № 7' WHERE id = 7", ""), &e);
	free(name);
}

static int up(void **state)
{
	struct error e = {0};
	(void)state;
	lang_set(LANG_RU);
	ident_init();
	calendar_init();
	must(db_open(&db, scratch_store(), &e), &e);
	report_bed_fill(db);
	must(gather_round(db, REPORT_BED_CAMPAIGN, REPORT_BED_ROUND, LANG_RU, 0, &facts, &e), &e);
	return 0;
}

static int down(void **state)
{
	(void)state;
	facts_free(&facts);
	db_close(&db);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(figures_read_as_people_write_them),
		cmocka_unit_test(shares_never_hide_the_last_or_the_first),
		cmocka_unit_test(names_stand_where_people_look_for_them), cmocka_unit_test(text_is_cut_between_characters),
		cmocka_unit_test(the_round_is_the_last_that_began), cmocka_unit_test(totals_count_what_counts),
		cmocka_unit_test(the_period_before_stands_beside_it), cmocka_unit_test(rows_are_in_order_and_know_their_story),
		cmocka_unit_test(municipalities_add_up_to_regions), cmocka_unit_test(csv_runs_nothing),
		cmocka_unit_test(the_workbook_reads_back), cmocka_unit_test(html_escapes_and_draws),
		cmocka_unit_test(plain_text_shows_bars), cmocka_unit_test(json_is_whole_and_the_event_is_small),
		cmocka_unit_test(the_planner_gets_a_whole_letter), cmocka_unit_test(an_escalation_names_the_silent),
		cmocka_unit_test(the_call_list_says_whom_and_why),
		cmocka_unit_test(the_sheet_leaves_blanks_and_says_what_it_is_not),
		cmocka_unit_test(the_block_travels_with_a_notice), cmocka_unit_test(a_letter_about_thousands_stays_a_letter),
		cmocka_unit_test(endless_names_do_not_stop_a_report)};
	return cmocka_run_group_tests(tests, up, down);
}
