/* The Excel form: made, filled in by people (libxlsxwriter plays them), read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xlsxwriter.h>
#include <zip.h>

#include "answer/answer.h"
#include "answer/workbook.h"
#include "base/buf.h"
#include "base/gate.h"
#include "base/ident.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "support/ask_bed.h"
#include "support/scratch.h"
#include "table/table.h"

static const char asked[] =
	"[{'field':'registered','label':'Зарегистрировано','type':'count','required':true},"
	" {'field':'share','label':'Доля','type':'number'}, {'field':'held','label':'Дата','type':'date'},"
	" {'field':'done','label':'Сделано','type':'choice','options':['Да','Нет']},"
	" {'field':'measures','label':'Меры','type':'text'}, {'field':'publications','label':'Ссылки','type':'links'},"
	" {'field':'scan','label':'Скан','type':'file'},"
	" {'field':'winners','label':'Победители','type':'table','columns':["
	"  {'field':'name','label':'ФИО','type':'text','required':true},{'field':'born','label':'Дата рождения','type':'date'},"
	"  {'field':'points','label':'Баллы','type':'number'}]},"
	" {'field':'adults','label':'Сопровождающие','type':'table','columns':[{'field':'name','label':'ФИО','type':'text'}]}]";

static struct ident_key key;
static struct ask_bed bed;
static int64_t ask;

/* ---- a copy of a form, cell by cell, with changes ----------------------------------------- */

#define LINES 200
#define COLUMNS 8
struct copy {
	char *cell[LINES][COLUMNS]; /* [line - 1] */
	int lines;
};

static int copy_row(void *arg, const struct table_row *row)
{
	struct copy *copy = arg;
	assert_true(row->line <= LINES);
	for (size_t i = 0; i < row->count && i < COLUMNS; i++)
		copy->cell[row->line - 1][i] = xstrdup(row->cell[i]);
	copy->lines = row->line;
	return 0;
}

static struct copy *copy_of(const void *data, size_t len)
{
	struct copy *copy = xcalloc(1, sizeof *copy);
	struct problems problems = {0};
	if (table_read_bytes(data, len, "form.xlsx", NULL, NULL, copy_row, copy, &problems) != 0)
		fail_msg("got «%s», want a table", problems.item[0].text);
	problems_fini(&problems);
	return copy;
}

static void copy_free(struct copy *copy)
{
	for (int i = 0; i < LINES; i++)
		for (int k = 0; k < COLUMNS; k++)
			free(copy->cell[i][k]);
	free(copy);
}

/* Line of a marker in column A, from 1; the nth such. */
static int line_of(const struct copy *copy, const char *marker, int nth)
{
	for (int i = 0; i < copy->lines; i++)
		if (copy->cell[i][0] != NULL && strcmp(copy->cell[i][0], marker) == 0 && nth-- == 0)
			return i + 1;
	fail_msg("no line «%s»", marker);
	return 0;
}

static void set(struct copy *copy, int line, int column, const char *text)
{
	free(copy->cell[line - 1][column]);
	copy->cell[line - 1][column] = xstrdup(text);
	if (line > copy->lines)
		copy->lines = line;
}

static void set_field(struct copy *copy, const char *name, const char *text)
{
	char marker[80];
	snprintf(marker, sizeof marker, "field:%s", name);
	set(copy, line_of(copy, marker, 0), 2, text);
}

/* "=1+1" is written as a formula with the value behind "|", "~123" as a number. */
static void *written(const struct copy *copy, size_t *len)
{
	const char *path = scratch_path("filled.xlsx");
	lxw_workbook *book = workbook_new(path);
	lxw_worksheet *sheet = workbook_add_worksheet(book, "Лист1");
	for (int i = 0; i < copy->lines; i++)
		for (int k = 0; k < COLUMNS; k++) {
			const char *text = copy->cell[i][k];
			if (text == NULL || text[0] == '\0')
				continue;
			if (text[0] == '=') {
				char *formula = xstrdup(text), *bar = strchr(formula, '|');
				if (bar != NULL)
					*bar++ = '\0';
				worksheet_write_formula_str(sheet, (lxw_row_t)i, (lxw_col_t)k, formula, NULL, bar == NULL ? "" : bar);
				free(formula);
			} else if (text[0] == '~') {
				worksheet_write_number(sheet, (lxw_row_t)i, (lxw_col_t)k, strtod(text + 1, NULL), NULL);
			} else {
				worksheet_write_string(sheet, (lxw_row_t)i, (lxw_col_t)k, text, NULL);
			}
		}
	assert_int_equal(workbook_close(book), LXW_NO_ERROR);
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	char *data = xmalloc(1 << 20);
	*len = fread(data, 1, 1 << 20, file);
	fclose(file);
	return data;
}

static void make(void **data, size_t *len)
{
	struct error e;
	must(answer_workbook_make(bed.db, &key, ask, LANG_RU, data, len, &e), &e);
}

/* The fields as JSON, sorted; or "<code>: text". */
static char *read_back(const void *data, size_t len)
{
	struct answer_workbook workbook;
	struct problems problems = {0};
	struct error e = {0};
	struct buf out;
	buf_init(&out, 1 << 20);
	if (answer_workbook_read(bed.db, &key, data, len, &workbook, &problems, &e) == 0) {
		char *json = json_dumps(workbook.fields, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(15));
		assert_int_equal(workbook.ask, ask);
		assert_int_equal(problems.errors, 0);
		(void)buf_printf(&out, "%s%s%s%s%s", json, workbook.name == NULL ? "" : " ", workbook.name == NULL ? "" : workbook.name,
			workbook.phone == NULL ? "" : " ", workbook.phone == NULL ? "" : workbook.phone);
		free(json);
	} else {
		(void)buf_printf(&out, "%s: ", error_code_name(e.code));
		for (size_t i = 0; i < problems.count; i++)
			(void)buf_printf(&out, "%s; ", problems.item[i].text);
		if (problems.count == 0)
			(void)buf_printf(&out, "%s", e.text);
	}
	answer_workbook_fini(&workbook);
	problems_fini(&problems);
	return buf_take(&out);
}

static void expect_text(const char *got, const char *want, const char *what)
{
	if (want[0] == '*' ? strstr(got, want + 1) == NULL : strcmp(got, want) != 0)
		fail_msg("%s: got «%s», want «%s»", what, got, want);
}

/* ---- cases -------------------------------------------------------------------------------- */

static void an_empty_form_says_nothing(void **state)
{
	(void)state;
	void *data;
	size_t len;
	make(&data, &len);
	char *got = read_back(data, len);
	expect_text(got, "{\"adults\":[],\"winners\":[]}", "a new form");
	free(got);
	/* what people see, and whose it is */
	struct copy *copy = copy_of(data, len);
	struct buf all;
	buf_init(&all, 1 << 16);
	for (int i = 0; i < copy->lines; i++)
		for (int k = 1; k < COLUMNS; k++)
			if (copy->cell[i][k] != NULL && copy->cell[i][k][0] != '\0')
				(void)buf_printf(&all, "%s\n", copy->cell[i][k]);
	static const char *const seen[] = {"Флагманы", "май 2023 года", "Ответ за: Школа № 1 (org-1)",
		"Срок: до 30 мая 2023 г., 18:00 (МСК)", "Зарегистрировано *", "целое число", "ФИО *", "Победители"};
	for (size_t i = 0; i < sizeof seen / sizeof *seen; i++)
		if (strstr(buf_str(&all), seen[i]) == NULL)
			fail_msg("got\n%swant «%s» in it", buf_str(&all), seen[i]);
	assert_null(strstr(buf_str(&all), "Скан")); /* files go beside it */
	buf_fini(&all);
	copy_free(copy);
	free(data);
}

static void what_people_fill_in_comes_back(void **state)
{
	(void)state;
	void *data;
	size_t len;
	make(&data, &len);
	struct copy *copy = copy_of(data, len);
	set_field(copy, "registered", "~1234");
	set_field(copy, "share", "0,5");
	set_field(copy, "held", "30.05.2023");
	set_field(copy, "done", "да");
	set_field(copy, "measures", "-меры, =меры и «кавычки»");
	set_field(copy, "publications", "https://a.example.org\nhttps://b.example.org");
	set(copy, line_of(copy, "person:name", 0), 2, "Иванова М. П.");
	set(copy, line_of(copy, "person:phone", 0), 2, "+7 (000) 000-00-00");
	int row = line_of(copy, "row:winners", 0);
	set(copy, row, 1, "Участник 1");
	set(copy, row, 2, "01.03.2008");
	set(copy, row, 3, "~98.5");
	set(copy, row + 3, 1, "Участник 2"); /* rows left out in between */
	set(copy, line_of(copy, "row:adults", 1), 1, "Сопровождающий");
	/* a row that somebody inserted has no marker */
	set(copy, line_of(copy, "row:winners", 7), 0, "");
	set(copy, row + 7, 1, "Участник 3");
	free(data);
	data = written(copy, &len);
	char *got = read_back(data, len);
	expect_text(got,
		"{\"adults\":[{\"name\":\"Сопровождающий\"}],\"done\":\"Да\",\"held\":\"2023-05-30\",\"measures\":\"-меры, =меры и «кавычки»\","
		"\"publications\":[\"https://a.example.org\",\"https://b.example.org\"],\"registered\":1234,\"share\":0.5,"
		"\"winners\":[{\"born\":\"2008-03-01\",\"name\":\"Участник 1\",\"points\":98.5},{\"name\":\"Участник 2\"},"
		"{\"name\":\"Участник 3\"}]} Иванова М. П. +7 (000) 000-00-00",
		"filled in");
	free(got);
	copy_free(copy);
	free(data);
}

static void wrong_cells_are_named(void **state)
{
	(void)state;
	void *data;
	size_t len;
	make(&data, &len);
	struct copy *copy = copy_of(data, len);
	char want[4][200];
	set_field(copy, "registered", "5-7");
	set_field(copy, "done", "может быть");
	set_field(copy, "held", "завтра");
	int row = line_of(copy, "row:winners", 2);
	set(copy, row, 1, "Участник");
	set(copy, row, 3, "много");
	snprintf(want[0], sizeof want[0], "*C%d («Зарегистрировано»): Укажите целое число", line_of(copy, "field:registered", 0));
	snprintf(want[1], sizeof want[1], "*C%d («Сделано»): Выберите один из вариантов", line_of(copy, "field:done", 0));
	snprintf(want[2], sizeof want[2], "*C%d («Дата»): Укажите дату", line_of(copy, "field:held", 0));
	snprintf(want[3], sizeof want[3], "*D%d («Баллы»): Укажите число", row);
	free(data);
	data = written(copy, &len);
	char *got = read_back(data, len);
	expect_text(got, "*input: ", "the code");
	for (int i = 0; i < 4; i++)
		expect_text(got, want[i], "each wrong cell");
	free(got);
	copy_free(copy);
	free(data);
}

static void formulas_count_by_their_value_or_are_named(void **state)
{
	(void)state;
	static const struct {
		const char *cell, *want;
	} cases[] = {{"=SUM(1,2)|3", "*\"registered\":3"}, {"=1/0|#DIV/0!", "*ошибка формулы"}, {"=HYPERLINK(\"x\")|пять", "*написано словами"},
		{"=A1|-5", "*меньше нуля"}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		void *data;
		size_t len;
		make(&data, &len);
		struct copy *copy = copy_of(data, len);
		set_field(copy, "registered", cases[i].cell);
		free(data);
		data = written(copy, &len);
		char *got = read_back(data, len);
		expect_text(got, cases[i].want, cases[i].cell);
		free(got);
		copy_free(copy);
		free(data);
	}
}

/* The code, changed in any character, or another ask's, is noticed. */
static void a_changed_code_is_refused(void **state)
{
	(void)state;
	void *data, *changed;
	size_t len, changed_len;
	make(&data, &len);
	struct copy *copy = copy_of(data, len);
	char *code = xstrdup(copy->cell[0][1]);
	for (size_t i = 0; code[i] != '\0'; i++) {
		char *other = xstrdup(code);
		other[i] = other[i] == '7' ? '5' : '7';
		set(copy, 1, 1, other);
		changed = written(copy, &changed_len);
		char *got = read_back(changed, changed_len);
		expect_text(got, "*denied: код формы изменён", other);
		free(got);
		free(changed);
		free(other);
	}
	set(copy, 1, 1, code);
	changed = written(copy, &changed_len);
	char *got = read_back(changed, changed_len);
	expect_text(got, "{\"adults\":[],\"winners\":[]}", "the right code");
	free(got);
	free(changed);
	/* made by another installation */
	struct ident_key ours = key;
	ident_random(&key, sizeof key);
	got = read_back(data, len);
	expect_text(got, "*denied: ", "another key");
	key = ours;
	free(got);
	free(code);
	free(data);
	copy_free(copy);
}

static void what_is_no_form_of_ours_is_told_so(void **state)
{
	(void)state;
	static const struct {
		const char *data, *want;
		size_t len;
	} cases[] = {{"", "*not_found: ", 0}, {"a;b\n1;2\n", "*not_found: это не та форма", 8}, {"%PDF-1.4 .....", "*not_found: ", 14},
		{"PK\3\4rubbish........", "*not_found: ", 19}, {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1....", "*not_found: ", 12},
		{"vestnik-form;1.aaaaaaaaaaaaaaaa\n", "*denied: ", 32}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *got = read_back(cases[i].data, cases[i].len);
		expect_text(got, cases[i].want, cases[i].data);
		free(got);
	}
	char *large = xcalloc(1, WORKBOOK_MAX_BYTES + 1);
	char *got = read_back(large, WORKBOOK_MAX_BYTES + 1);
	expect_text(got, "*больше 5 МБ", "a large file");
	free(got);
	free(large);
}

/* A sheet that unpacks to far more than it seems. */
static void a_bomb_is_refused(void **state)
{
	(void)state;
	void *data;
	size_t len;
	make(&data, &len);
	const char *path = scratch_path("bomb.xlsx");
	FILE *file = fopen(path, "wb");
	assert_int_equal(fwrite(data, 1, len, file), len);
	fclose(file);
	free(data);
	int code;
	zip_t *zip = zip_open(path, 0, &code);
	assert_non_null(zip);
	size_t size = (size_t)WORKBOOK_UNPACKED_MAX_BYTES + (1 << 20);
	char *strings = xmalloc(size);
	memset(strings, ' ', size);
	memcpy(strings, "<sst>", 5);
	memcpy(strings + size - 6, "</sst>", 6);
	zip_source_t *source = zip_source_buffer(zip, strings, size, 0);
	assert_true(zip_file_add(zip, "xl/sharedStrings.xml", source, ZIP_FL_OVERWRITE) >= 0);
	assert_int_equal(zip_close(zip), 0);
	free(strings);
	file = fopen(path, "rb");
	char *bomb = xmalloc(1 << 20);
	len = fread(bomb, 1, 1 << 20, file);
	fclose(file);
	assert_true(len < 1 << 20);
	char *got = read_back(bomb, len);
	expect_text(got, "*not_found: книга распаковывается больше чем в 32 МБ", "a bomb");
	free(got);
	free(bomb);
}

/* Made, read, recorded, made again: what counts stands in the next form, files stay. */
static void a_form_is_filled_with_what_counts(void **state)
{
	(void)state;
	struct answer_outcome outcome;
	struct error e;
	void *data;
	size_t len;
	int64_t other = ask_bed_ask(&bed, 2, 0), before = ask;
	json_t *fields = ask_bed_json("{'registered':12,'held':'2023-05-30','done':'Нет','measures':'=1+1','share':0.25,"
				      "'publications':['https://a.example.org','https://b.example.org'],"
				      "'winners':[{'name':'Участник 1','born':'2008-03-01','points':1.5},{'name':'Участник 2'}]}");
	const struct answer_file scan = {.field = "scan", .name = "письмо.pdf", .data = "%PDF", .len = 4};
	const struct answer_new new = {.ask = other, .way = ANSWER_FORM, .fields = fields, .name = "Иванова",
		.received_ms = bed.now_ms, .file = &scan, .files = 1};
	must(ask_bed_record(bed.db, bed.bus, &new, &outcome, &e), &e);
	answer_outcome_fini(&outcome);
	json_decref(fields);
	ask = other;
	make(&data, &len);
	char *got = read_back(data, len);
	expect_text(got,
		"{\"adults\":[],\"done\":\"Нет\",\"held\":\"2023-05-30\",\"measures\":\"=1+1\",\"publications\":[\"https://a.example.org\","
		"\"https://b.example.org\"],\"registered\":12,\"scan\":[\"письмо.pdf\"],\"share\":0.25,\"winners\":["
		"{\"born\":\"2008-03-01\",\"name\":\"Участник 1\",\"points\":1.5},{\"name\":\"Участник 2\"}]}",
		"filled in beforehand");
	free(got);
	free(data);
	must(db_begin(bed.db, DB_WRITE, &e), &e);
	must(answer_withdraw(bed.db, bed.bus, "vestnik/test", other, &e), &e);
	must(db_commit(bed.db, DB_DURABLE, &e), &e);
	assert_int_equal(answer_workbook_make(bed.db, &key, other, LANG_RU, &data, &len, &e), -1);
	assert_int_equal(e.code, ERROR_DENIED);
	assert_int_equal(answer_workbook_make(bed.db, &key, 4711, LANG_RU, &data, &len, &e), -1);
	assert_int_equal(e.code, ERROR_NOT_FOUND);
	ask = before;
}

static void too_many_rows_are_refused_once(void **state)
{
	(void)state;
	struct buf csv;
	void *data;
	size_t len;
	make(&data, &len);
	struct copy *copy = copy_of(data, len);
	buf_init(&csv, 1 << 20);
	(void)buf_printf(&csv, "vestnik-form;%s\ncolumns:winners;name\n", copy->cell[0][1]);
	for (int i = 0; i < 502; i++)
		(void)buf_printf(&csv, "row:winners;Участник %d\n", i);
	char *got = read_back(buf_str(&csv), csv.len); /* the form saved as CSV does as well */
	expect_text(got, "input: строка 503: в «Победители» помещается не больше 500 строк; ", "501 rows");
	free(got);
	buf_fini(&csv);
	copy_free(copy);
	free(data);
}

static void the_name_is_fit_for_a_file(void **state)
{
	(void)state;
	char name[WORKBOOK_NAME_SIZE];
	assert_string_equal(answer_workbook_name("org-1", LANG_RU, name), "Ответ org-1.xlsx");
	static const char *const keys[] = {"../../etc", "a/b\\c:d*e?f\"g<h>i|j", "к\nлюч", "..",
		"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"};
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (!gate_file_name(answer_workbook_name(keys[i], LANG_EN, name)))
			fail_msg("%s: got %s, want a file name", keys[i], name);
}

/* Whatever is done to its bytes, a form is read or refused. */
static void noise_is_read_or_refused(void **state)
{
	(void)state;
	void *data;
	size_t len;
	int refused = 0;
	make(&data, &len);
	for (int i = 0; i < 400; i++) {
		unsigned char *noise = xmemdup(data, len);
		size_t end = scratch_random() % 4 == 0 ? scratch_random() % len : len;
		for (unsigned k = scratch_random() % 8; k > 0 && end > 0; k--)
			noise[scratch_random() % end] = (unsigned char)scratch_random();
		char *got = read_back(noise, end);
		refused += got[0] != '{';
		if (strncmp(got, "unavailable", 11) == 0 || strncmp(got, "internal", 8) == 0)
			fail_msg("got %s, want a form or a refusal", got);
		free(got);
		free(noise);
	}
	assert_true(refused > 100);
	free(data);
}

#define MAKERS 4
#define MADE_EACH 15
static struct answer_maker {
	struct workbook_content *content;
	void *data[MADE_EACH];
	size_t len[MADE_EACH];
	pthread_t thread;
} makers[MAKERS];

static void *make_many(void *arg)
{
	struct answer_maker *maker = arg;
	struct error e;
	for (int i = 0; i < MADE_EACH; i++)
		must(answer_workbook_write(maker->content, LANG_RU, &maker->data[i], &maker->len[i], &e), &e);
	return NULL;
}

/* The mailer's threads make them side by side. */
static void many_threads_make_forms(void **state)
{
	(void)state;
	struct error e;
	int64_t before = ask;
	int64_t asks[MAKERS];
	for (int i = 0; i < MAKERS; i++) {
		asks[i] = ask_bed_ask(&bed, 100 + i, 0);
		must(answer_workbook_load(bed.db, &key, asks[i], &makers[i].content, &e), &e);
	}
	for (int i = 0; i < MAKERS; i++)
		assert_int_equal(pthread_create(&makers[i].thread, NULL, make_many, &makers[i]), 0);
	for (int i = 0; i < MAKERS; i++)
		pthread_join(makers[i].thread, NULL);
	for (int i = 0; i < MAKERS; i++) {
		ask = asks[i];
		for (int k = 0; k < MADE_EACH; k++) {
			char *got = read_back(makers[i].data[k], makers[i].len[k]);
			expect_text(got, "{\"adults\":[],\"winners\":[]}", "made beside others");
			free(got);
			free(makers[i].data[k]);
		}
		answer_workbook_free(&makers[i].content);
	}
	ask = before;
}

static int open_bed(void **state)
{
	(void)state;
	struct error e;
	ask_bed_open(&bed, asked);
	ask = ask_bed_ask(&bed, 1, 0);
	must(db_exec(bed.db, &e,
		     "UPDATE campaign SET definition = '{\"title\":\"Флагманы\",\"zone\":\"Europe/Moscow\",' || substr(definition, 2)", ""),
		&e);
	return 0;
}

static int close_bed(void **state)
{
	(void)state;
	ask_bed_close(&bed);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(an_empty_form_says_nothing),
		cmocka_unit_test(what_people_fill_in_comes_back), cmocka_unit_test(wrong_cells_are_named),
		cmocka_unit_test(formulas_count_by_their_value_or_are_named), cmocka_unit_test(a_changed_code_is_refused),
		cmocka_unit_test(what_is_no_form_of_ours_is_told_so), cmocka_unit_test(a_bomb_is_refused),
		cmocka_unit_test(a_form_is_filled_with_what_counts), cmocka_unit_test(too_many_rows_are_refused_once),
		cmocka_unit_test(the_name_is_fit_for_a_file),
		cmocka_unit_test(noise_is_read_or_refused), cmocka_unit_test(many_threads_make_forms)};
	lang_set(LANG_RU);
	ident_init();
	calendar_init();
	ident_random(&key, sizeof key);
	return cmocka_run_group_tests(tests, open_bed, close_bed);
}
