#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "answer/field.h"
#include "base/buf.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"

static const char *const yes_no[] = {"Да", "Нет", "Частично", NULL};
static const char *const signs[] = {"+", "-", NULL};

static const struct field count = {"registered", "Количество", FIELD_COUNT, false, NULL, NULL, 0};
static const struct field number = {"share", "Доля", FIELD_NUMBER, false, NULL, NULL, 0};
static const struct field date = {"held", "Дата", FIELD_DATE, false, NULL, NULL, 0};
static const struct field choice = {"done", "Сделано", FIELD_CHOICE, false, yes_no, NULL, 0};
static const struct field sign = {"sign", "Знак", FIELD_CHOICE, false, signs, NULL, 0};
static const struct field text = {"measures", "Меры", FIELD_TEXT, false, NULL, NULL, 0};
static const struct field links = {"publications", "Публикации", FIELD_LINKS, false, NULL, NULL, 0};

/* want: JSON of the value; "" = no value; otherwise "!" and words the refusal must have. */
static const struct {
	const struct field *field;
	const char *typed, *want;
} cases[] = {
	{&count, "12", "12"}, {&count, "0", "0"}, {&count, " 12 ", "12"}, {&count, "\t12\r\n", "12"},
	{&count, "007", "7"}, {&count, "+5", "5"}, {&count, "1 234", "1234"},
	{&count, "1\xc2\xa0" "234", "1234"}, {&count, "12\xe2\x80\xaf" "345\xe2\x80\xaf" "678", "12345678"},
	{&count, "1 234 567", "1234567"}, {&count, "12,0", "12"}, {&count, "12.00", "12"}, {&count, "-0", "0"},
	{&count, "999999999999999", "999999999999999"},
	{&count, "", ""}, {&count, "  \n\t ", ""}, {&count, "\xc2\xa0", ""},
	{&count, "-5", "!не может быть меньше нуля"}, {&count, "−5", "!не может быть меньше нуля"},
	{&count, "– 5", "!не может быть меньше нуля"}, {&count, "3.7", "!дробная часть"}, {&count, "3,7", "!дробная часть"},
	{&count, "пять", "!написано словами"}, {&count, "five", "!написано словами"}, {&count, "нет", "!написано словами"},
	{&count, "5-7", "!это промежуток"}, {&count, "5 – 7", "!это промежуток"}, {&count, "5—7", "!это промежуток"},
	{&count, "от 5 до 7", "!это промежуток"}, {&count, "5 и 7", "!несколько чисел"}, {&count, "12 34", "!несколько чисел"},
	{&count, "1 23", "!несколько чисел"}, {&count, "1234 567", "!несколько чисел"}, {&count, "5, 7", "!несколько чисел"},
	{&count, "5 человек", "!лишнее"}, {&count, "около 5", "!лишнее"}, {&count, "5%", "!лишнее"}, {&count, "~5", "!лишнее"},
	{&count, "№5", "!лишнее"}, {&count, "5e3", "!несколько чисел"}, {&count, "0x10", "!несколько чисел"},
	{&count, "1,234.5", "!двояко"}, {&count, "1.234.567", "!двояко"}, {&count, "5.", "!не число"}, {&count, "-", "!не число"},
	{&count, "--5", "!не число"}, {&count, ".5", "!не число"}, {&count, "1'234", "!несколько чисел"},
	{&count, "1000000000000000", "!слишком много цифр"}, {&count, "99999999999999999999999999999999999999", "!слишком много цифр"},
	{&count, "30.05.2023", "!двояко"}, {&count, "#REF!", "!ошибка формулы"}, {&count, "=5", "!лишнее"},
	{&count, "\xff\xfe", "!повреждённым"}, {&count, "٥", "!словами"},

	{&number, "12", "12"}, {&number, "1 234,5", "1234.5"}, {&number, "1 234.5", "1234.5"}, {&number, "-5", "-5"},
	{&number, "−3,25", "-3.25"}, {&number, "0,1", "0.1"}, {&number, "3.70", "3.7"}, {&number, "-0,0", "0"},
	{&number, "123456789,123456", "123456789.123456"}, {&number, "1,2345678901234567", "!слишком много цифр"},
	{&number, "1,234,567", "!двояко"}, {&number, "пять", "!написано словами"}, {&number, "5-7", "!это промежуток"},
	{&number, "1e5", "!несколько чисел"}, {&number, "nan", "!словами"}, {&number, "inf", "!словами"}, {&number, "50 %", "!лишнее"},

	{&date, "30.05.2023", "\"2023-05-30\""}, {&date, "2023-05-30", "\"2023-05-30\""}, {&date, " 30.05.2023 ", "\"2023-05-30\""},
	{&date, "29.02.2024", "\"2024-02-29\""}, {&date, "29.02.2023", "!не дата"}, {&date, "31.04.2023", "!не дата"},
	{&date, "30.05.23", "!не дата"}, {&date, "05/30/2023", "!не дата"}, {&date, "30 мая", "!не дата"},
	{&date, "0023-05-30", "!год"}, {&date, "30.05.3023", "!год"}, {&date, "2023-05-30 10:00", "!не дата"}, {&date, "завтра", "!не дата"},
	{&date, "", ""},

	{&choice, "Да", "\"Да\""}, {&choice, "да", "\"Да\""}, {&choice, " ДА. ", "\"Да\""}, {&choice, "частично", "\"Частично\""},
	{&choice, "может быть", "!«Да», «Нет», «Частично»"}, {&choice, "", ""}, {&choice, "Д", "!«Да»"}, {&choice, "—", "!«Да»"},
	{&sign, "+", "\"+\""}, {&sign, "-", "\"-\""}, {&sign, "*", "!«+», «-»"},

	{&text, "Провели собрание", "\"Провели собрание\""}, {&text, "\r\n один\r\nдва \r\n", "\"один\\nдва\""},
	{&text, "=1+1", "\"=1+1\""}, {&text, "<b>&amp;", "\"<b>&amp;\""}, {&text, "a\001b\033[31mc\x7f", "\"ab[31mc\""},
	{&text, "a\xe2\x80\xae" "b\xe2\x81\xa6" "c", "\"abc\""}, {&text, "x\ry", "\"x\\ny\""}, {&text, " \n ", ""},
	{&text, "\001", ""}, {&text, "обрыв \xd0", "!повреждённым"},

	{&links, "https://school.example.org/news/1", "[\"https://school.example.org/news/1\"]"},
	{&links, "https://a.example.org, http://b.example.org;https://c.example.org\nhttps://d.example.org",
		"[\"https://a.example.org\",\"http://b.example.org\",\"https://c.example.org\",\"https://d.example.org\"]"},
	{&links, "https://a.example.org,https://b.example.org", "[\"https://a.example.org\",\"https://b.example.org\"]"},
	{&links, "https://a.example.org/?x=1,2", "[\"https://a.example.org/?x=1,2\"]"},
	{&links, "https://a.example.org\xc2\xa0https://b.example.org", "[\"https://a.example.org\",\"https://b.example.org\"]"},
	{&links, "школа.example.org", "!начинается с https://"}, {&links, "www.example.org", "!начинается с https://"},
	{&links, "javascript:alert(1)", "!начинается с https://"}, {&links, "ftp://a.example.org", "!начинается с https://"},
	{&links, "mailto:a@example.org", "!начинается с https://"}, {&links, "https://", "!не ссылка"},
	{&links, "https://user@a.example.org", "!не ссылка"}, {&links, "https://a.example.org и на сайте", "!начинается с https://"},
	{&links, "https://a.example.org/\"><script>", "!не ссылка"}, {&links, ", ;", ""},
};

static void what_people_write_is_read_or_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		json_t *value = NULL;
		struct error e = {0};
		int rc = field_parse(cases[i].field, cases[i].typed, &value, &e);
		char *json = value == NULL ? xstrdup("") : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(15));
		if (cases[i].want[0] == '!') {
			if (rc == 0 || value != NULL || e.code != ERROR_INPUT || strstr(e.text, cases[i].want + 1) == NULL)
				fail_msg("%s «%s»: got %s «%s», want a refusal with «%s»", cases[i].field->name, cases[i].typed,
					json, rc == 0 ? "" : e.text, cases[i].want + 1);
		} else if (rc != 0 || strcmp(json, cases[i].want) != 0) {
			fail_msg("%s «%s»: got %s «%s», want %s", cases[i].field->name, cases[i].typed, json,
				rc == 0 ? "" : e.text, cases[i].want);
		}
		if (value != NULL && field_check(cases[i].field, value, &e) != 0)
			fail_msg("%s «%s»: %s was read and is then refused: %s", cases[i].field->name, cases[i].typed, json, e.text);
		free(json);
		json_decref(value);
	}
}

/* A refusal is one line for a page: no control characters, bounded, whatever was typed. */
static void a_refusal_quotes_harmlessly(void **state)
{
	(void)state;
	struct error e;
	json_t *value;
	assert_int_equal(field_parse(&count, "пять\n\033[31m\xe2\x80\xae" "шесть", &value, &e), -1);
	assert_null(strchr(e.text, '\033'));
	assert_null(strchr(e.text, '\n'));
	assert_null(strstr(e.text, "\xe2\x80\xae"));
	char *odd = xmalloc(5001);
	memset(odd, 'x', 5000);
	odd[5000] = '\0';
	assert_int_equal(field_parse(&count, odd, &value, &e), -1);
	assert_true(strlen(e.text) < 300);
	free(odd);
}

static void text_is_bounded_before_it_is_looked_at(void **state)
{
	(void)state;
	const struct field *const all[] = {&count, &number, &date, &choice, &text, &links};
	size_t len = (size_t)64 * 1024 * 1024;
	char *much = xmalloc(len + 1);
	struct error e;
	json_t *value;
	memset(much, '1', len);
	much[len] = '\0';
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		assert_int_equal(field_parse(all[i], much, &value, &e), -1);
		if (strstr(e.text, "слишком длинный") == NULL)
			fail_msg("%s: got «%s», want that it is too long", all[i]->name, e.text);
	}
	much[FIELD_TEXT_MAX_BYTES] = '\0';
	assert_int_equal(field_parse(&text, much, &value, &e), 0);
	json_decref(value);
	free(much);
	struct buf many;
	buf_init(&many, 100000);
	for (int i = 0; i <= FIELD_LINKS_MAX; i++)
		(void)buf_printf(&many, "https://a.example.org/%d\n", i);
	assert_int_equal(field_parse(&links, buf_str(&many), &value, &e), -1);
	assert_non_null(strstr(e.text, "Не больше 20 ссылок"));
	buf_fini(&many);
}

/* ---- definitions ------------------------------------------------------------------ */

static const char asked[] =
	"[{'field':'registered','label':'Зарегистрировано','type':'count','required':true},"
	" {'field':'measures','label':'Меры','type':'text','required':true},"
	" {'field':'publications','label':'Ссылки','type':'links'},"
	" {'field':'scan','label':'Скан','type':'file'},"
	" {'field':'done','label':'Сделано','type':'choice','options':['Да','Нет']},"
	" {'field':'winners','label':'Победители','type':'table','required':true,'columns':["
	"  {'field':'name','label':'ФИО','type':'text','required':true},"
	"  {'field':'born','label':'Дата рождения','type':'date'},"
	"  {'field':'points','label':'Баллы','type':'number'}]}]";

static json_t *json_of(const char *quoted)
{
	char *copy = xstrdup(quoted);
	for (char *p = copy; *p != '\0'; p++)
		if (*p == '\'')
			*p = '"';
	json_error_t where;
	json_t *value = json_loads(copy, JSON_DECODE_ANY | JSON_ALLOW_NUL, &where);
	if (value == NULL)
		fail_msg("%s: %s", copy, where.text);
	free(copy);
	return value;
}

static void read_fields(const char *quoted, struct fields *out)
{
	struct error e;
	json_t *definition = json_of(quoted);
	if (fields_read(definition, out, &e) != 0)
		fail_msg("got «%s», want fields", e.text);
	json_decref(definition); /* the fields keep what they need */
}

static void definitions_are_read(void **state)
{
	(void)state;
	struct fields fields;
	read_fields(asked, &fields);
	assert_int_equal(fields.count, 6);
	const struct field *winners = fields_find(&fields, "winners");
	assert_int_equal(winners->type, FIELD_TABLE);
	assert_int_equal(winners->columns, 3);
	assert_string_equal(winners->column[1].label, "Дата рождения");
	assert_true(winners->column[0].required);
	assert_false(winners->column[1].required);
	assert_string_equal(fields_find(&fields, "done")->options[1], "Нет");
	assert_null(fields_find(&fields, "done")->options[2]);
	assert_null(fields_find(&fields, "nothing"));
	assert_true(field_sums(fields_find(&fields, "registered")));
	assert_false(field_sums(fields_find(&fields, "measures")));
	fields_fini(&fields);
	fields_fini(&fields);

	static const char *const wrong[] = {"[{'label':'x','type':'count'}]", "[{'field':'Имя','type':'count'}]",
		"[{'field':'a','type':'size'}]", "[{'field':'a'}]", "[{'field':'a','type':'choice'}]",
		"[{'field':'a','type':'choice','options':[]}]", "[{'field':'a','type':'choice','options':['x',1]}]",
		"[{'field':'a','type':'table'}]", "[{'field':'a','type':'table','columns':[]}]",
		"[{'field':'a','type':'table','columns':[{'field':'b','type':'table','columns':[{'field':'c','type':'count'}]}]}]",
		"[{'field':'a','type':'table','columns':[{'field':'b','type':'file'}]}]",
		"[{'field':'a','type':'count'},{'field':'a','type':'text'}]", "{}", "'x'"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct error e = {0};
		json_t *definition = json_of(wrong[i]);
		if (fields_read(definition, &fields, &e) == 0 || e.code != ERROR_INTERNAL)
			fail_msg("%s: got fields, want ERROR_INTERNAL", wrong[i]);
		fields_fini(&fields);
		json_decref(definition);
	}
	struct error e;
	assert_int_equal(fields_read(NULL, &fields, &e), 0);
	assert_int_equal(fields.count, 0);
	fields_fini(&fields);
}

/* want "" = good, else words of the refusal */
static const struct {
	const char *values, *want;
} checked[] = {
	{"{}", ""}, {"{'registered':12}", ""}, {"{'registered':null,'measures':''}", ""}, {"{'registered':0}", ""},
	{"{'registered':-1}", "недопустимое число"}, {"{'registered':1.5}", "другого вида"}, {"{'registered':'12'}", "другого вида"},
	{"{'registered':true}", "другого вида"}, {"{'registered':9999999999999999}", "недопустимое число"},
	{"{'extra':1}", "не спрашивают"}, {"[]", "не перечень"}, {"{'measures':12}", "другого вида"},
	{"{'measures':'a\\u0000b'}", "другого вида"}, {"{'measures':'a\\u0001b'}", "другого вида"},
	{"{'publications':['https://a.example.org']}", ""}, {"{'publications':['javascript:x']}", "другого вида"},
	{"{'publications':'https://a.example.org'}", "другого вида"}, {"{'publications':[1]}", "другого вида"},
	{"{'scan':['письмо.pdf']}", ""}, {"{'scan':['../x']}", "другого вида"},
	{"{'done':'Да'}", ""}, {"{'done':'да'}", "другого вида"}, {"{'done':'Может'}", "Выберите"},
	{"{'winners':[{'name':'Участник 1','born':'2008-03-01','points':12.5}]}", ""},
	{"{'winners':[{'name':'Участник 1','born':'01.03.2008'}]}", "строка 1"}, {"{'winners':[{'name':'а'},{'points':'x'}]}", "строка 2"},
	{"{'winners':[{'age':5}]}", "нет столбца age"}, {"{'winners':[5]}", "другого вида"}, {"{'winners':{'name':'x'}}", "другого вида"},
};

static void values_from_outside_are_checked(void **state)
{
	(void)state;
	struct fields fields;
	read_fields(asked, &fields);
	for (size_t i = 0; i < sizeof checked / sizeof *checked; i++) {
		struct error e = {0};
		json_t *values = json_of(checked[i].values);
		int rc = fields_check(&fields, values, &e);
		if ((rc == 0) != (checked[i].want[0] == '\0') || (rc != 0 && strstr(e.text, checked[i].want) == NULL))
			fail_msg("%s: got «%s», want «%s»", checked[i].values, rc == 0 ? "good" : e.text, checked[i].want);
		if (rc != 0 && e.code != ERROR_INPUT)
			fail_msg("%s: got %s, want ERROR_INPUT", checked[i].values, error_code_name(e.code));
		json_decref(values);
	}
	json_t *rows = json_array();
	for (int i = 0; i <= FIELD_ROWS_MAX; i++)
		(void)json_array_append_new(rows, json_pack("{s:s}", "name", "x"));
	json_t *values = json_pack("{s:o}", "winners", rows);
	struct error e;
	assert_int_equal(fields_check(&fields, values, &e), -1);
	assert_non_null(strstr(e.text, "не больше 500 строк"));
	json_decref(values);
	fields_fini(&fields);
}

static void what_is_required_and_absent_is_named(void **state)
{
	(void)state;
	static const struct {
		const char *values, *want;
	} missing[] = {
		{"{}", "['registered','measures','winners']"},
		{"{'registered':0,'measures':'да','winners':[{'name':'x'}]}", "[]"},
		{"{'registered':0,'measures':'','winners':[]}", "['measures','winners']"},
		{"{'registered':null,'measures':'x','winners':[{'name':'x'},{'points':5}]}", "['registered','winners.name']"},
		{"{'registered':1,'measures':'x','winners':[{}]}", "['winners.name']"},
	};
	struct fields fields;
	read_fields(asked, &fields);
	for (size_t i = 0; i < sizeof missing / sizeof *missing; i++) {
		json_t *values = json_of(missing[i].values), *want = json_of(missing[i].want);
		json_t *got = fields_missing(&fields, values);
		char *text_got = json_dumps(got, 0);
		if (!json_equal(got, want))
			fail_msg("%s: got %s, want %s", missing[i].values, text_got, missing[i].want);
		free(text_got);
		json_decref(values);
		json_decref(want);
		json_decref(got);
	}
	fields_fini(&fields);
}

static void values_are_shown_as_people_write_them(void **state)
{
	(void)state;
	static const struct field table = {"t", "Т", FIELD_TABLE, false, NULL, NULL, 0};
	static const struct field file = {"f", "Ф", FIELD_FILE, false, NULL, NULL, 0};
	static const struct {
		const struct field *field;
		const char *value, *ru, *en;
	} shown[] = {
		{&count, "12", "12", "12"}, {&count, "1234", "1234", "1234"}, {&count, "12345", "12\xc2\xa0" "345", "12\xc2\xa0" "345"},
		{&count, "1234567", "1\xc2\xa0" "234\xc2\xa0" "567", "1\xc2\xa0" "234\xc2\xa0" "567"},
		{&number, "0.1", "0,1", "0.1"}, {&number, "-12345.5", "−12\xc2\xa0" "345,5", "−12\xc2\xa0" "345.5"},
		{&number, "-5", "−5", "−5"}, {&date, "'2023-05-30'", "30 мая 2023 г.", "30 May 2023"},
		{&choice, "'Да'", "Да", "Да"}, {&text, "'два слова'", "два слова", "два слова"},
		{&links, "['https://a.example.org','https://b.example.org']", "https://a.example.org, https://b.example.org",
			"https://a.example.org, https://b.example.org"},
		{&file, "['a.pdf','b.pdf']", "a.pdf, b.pdf", "a.pdf, b.pdf"},
		{&table, "[{}]", "1 строка", "1 row"}, {&table, "[{},{},{}]", "3 строки", "3 rows"}, {&count, "null", "", ""},
	};
	for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
		json_t *value = json_of(shown[i].value);
		char *ru = field_show(shown[i].field, value, LANG_RU), *en = field_show(shown[i].field, value, LANG_EN);
		if (strcmp(ru, shown[i].ru) != 0 || strcmp(en, shown[i].en) != 0)
			fail_msg("%s: got «%s», \"%s\", want «%s», \"%s\"", shown[i].value, ru, en, shown[i].ru, shown[i].en);
		free(ru);
		free(en);
		json_decref(value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(what_people_write_is_read_or_refused),
		cmocka_unit_test(a_refusal_quotes_harmlessly), cmocka_unit_test(text_is_bounded_before_it_is_looked_at),
		cmocka_unit_test(definitions_are_read), cmocka_unit_test(values_from_outside_are_checked),
		cmocka_unit_test(what_is_required_and_absent_is_named),
		cmocka_unit_test(values_are_shown_as_people_write_them)};
	lang_set(LANG_RU);
	calendar_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
