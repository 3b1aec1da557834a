#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/lang.h"
#include "campaign/expression.h"
#include "campaign/number.h"

/* Values of the fields these tests read. */
static const struct {
	const char *name, *value;
} values[] = {{"m.n", "7"}, {"m.big", "1 234,5"}, {"m.word", "школа"}, {"m.empty", ""},
	{"m.no", "нет"}, {"m.dash", "–"}, {"state.answered", "yes"}, {"state.delivered", ""},
	{"m.date", "2023-05-30"}, {"m.zero", "0"}, {"r.kind", "school"},
	{"m.nbsp", "12\xc2\xa0"
		   "000"}};

static const char *value_of(void *arg, size_t field)
{
	const struct expression *x = arg;
	const char *name = expression_field(x, field, NULL);
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
		if (strcmp(values[i].name, name) == 0)
			return values[i].value;
	return NULL; /* m.nobody */
}

static void truth(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool want;
	} rows[] = {
		{"m.n < 10", true},
		{"m.n < 7", false},
		{"m.n <= 7", true},
		{"m.n > 6.5", true},
		{"m.n >= 8", false},
		{"m.n = 7", true},
		{"m.n == 7.0", true},
		{"m.n != 7", false},
		{"m.n <> 8", true},
		{"10 > m.n", true},
		{"m.n = \"7\"", true}, /* a number in a field meets the text 7 */
		{"m.n < 10 and m.zero = 0", true},
		{"m.n<10 and m.zero=1", false},
		{"m.n = 1 or m.zero = 0", true},
		{"m.n = 1 or m.zero = 1 and m.n = 7", false},
		{"(m.n = 7 or m.zero = 1) and m.zero = 0", true},
		{"m.n = 7 or m.zero = 1 and m.zero = 2", true}, /* and binds closer */
		{"not m.n = 7", false},
		{"not (m.n = 7 and m.zero = 1)", true},
		{"not not m.n = 7", true},
		{"m.big > 1234", true},
		{"m.big = 1234.5", true},
		{"m.nbsp = 12000", true},
		{"m.big < 999999", true}, /* as text it would be less anyway; as number too */
		{"m.n < m.big", true},
		{"m.word = школа", true},
		{"m.word = \"школа\"", true},
		{"m.word = «школа»", true},
		{"m.word = 'лицей'", false},
		{"r.kind = school", true},
		{"m.date < \"2023-06-01\"", true},
		{"m.empty = \"\"", true},
		{"m.nobody = \"\"", true},
		{"m.empty < 10", false},
		{"m.empty > 10", false},
		{"m.empty = 0", false},
		{"m.empty != 0", true},
		{"m.word < 10", false},
		{"m.word > 10", false},
		{"m.nobody < 10", false},
		{"m.n", true},
		{"m.word", true},
		{"m.zero", false},
		{"m.empty", false},
		{"m.nobody", false},
		{"m.no or m.dash", false},
		{"not m.no and m.n", true},
		{"(m.n) and m.n < 10", true},
		{"answered", true},
		{"не ответили", false},
		{"не доставлено", true},
		{"не ознакомлены и m.n < 10", true},
		{"не (ответили и доставлены)", true},
		{"not delivered or acknowledged", true},
		{"m.word != ответили", true}, /* after a sign it is a word like any */
		{"m.n < 10 и не m.zero = 1 или m.n = 100", true},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		size_t at;
		struct error e = {0};
		struct expression *x = expression_parse(rows[i].text, &at, &e);
		if (x == NULL)
			fail_msg("%s: got «%s», want a condition", rows[i].text, e.text);
		bool got = expression_true(x, value_of, x);
		if (got != rows[i].want)
			fail_msg("%s: got %d, want %d", rows[i].text, got, rows[i].want);
		expression_free(&x);
	}
}

static void mistakes(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t at;
		const char *want;
	} rows[] = {
		{"", 0, "a field (dataset.column), a number or a text is expected here"},
		{"школа", 5, "one of < <= > >= = != is expected here"},
		{"m.n школа", 4, "the condition should end here or go on with and, or"},
		{"ответили нет", 9, "the condition should end here or go on with and, or"},
		{"m.n <", 5, "a field (dataset.column), a number or a text is expected here"},
		{"m.n < 10 and", 12,
			"a field (dataset.column), a number or a text is expected here"},
		{"m.n < 10 m.n", 9, "the condition should end here or go on with and, or"},
		{"(m.n < 10", 9, "«)» is missing"},
		{"m.n < 10)", 8, "the condition should end here or go on with and, or"},
		{"m.n = \"x", 6, "the quoted text has no end"},
		{"школа.м = 1 & 2", 12, "«&» does not belong here"},
		{"m. = 1", 0, "«m.» is not a field: want dataset.column"},
		{"a.b.c = 1", 0, "«a.b.c» is not a field: want dataset.column"},
		{"1 = 1", 0, "neither side is a field: want dataset.column"},
		{"name = x", 0, "neither side is a field: want dataset.column"},
		{"m.n = 1; drop", 7, "«;» does not belong here"},
		{"m.n < = 3", 6, "a field (dataset.column), a number or a text is expected here"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		size_t at = 999;
		struct error e = {0};
		struct expression *x = expression_parse(rows[i].text, &at, &e);
		if (x != NULL)
			fail_msg("%s: got a condition, want «%s»", rows[i].text, rows[i].want);
		if (at != rows[i].at || strcmp(e.text, rows[i].want) != 0)
			fail_msg("%s: got «%s» at %zu, want «%s» at %zu", rows[i].text, e.text, at,
				rows[i].want, rows[i].at);
	}
}

static void depth_and_length_are_bounded(void **state)
{
	(void)state;
	char text[EXPRESSION_MAX_BYTES + 100];
	size_t at;
	struct error e;
	memset(text, '(', 100);
	memcpy(text + 100, "m.n=1", 6);
	assert_null(expression_parse(text, &at, &e));
	assert_string_equal(e.text, "nested too deeply");
	memset(text, ' ', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	assert_null(expression_parse(text, &at, &e));
	assert_string_equal(e.text, "the condition is longer than 2000 bytes");
}

static void fields_are_listed_once_with_their_place(void **state)
{
	(void)state;
	size_t at;
	struct error e;
	struct expression *x = expression_parse("таб.а < 1 or m.n > 2 or таб.а = 5", &at, &e);
	assert_non_null(x);
	assert_int_equal(expression_fields(x), 2);
	assert_string_equal(expression_field(x, 0, &at), "таб.а");
	assert_int_equal(at, 0);
	assert_string_equal(expression_field(x, 1, &at), "m.n");
	assert_int_equal(at, 13);
	expression_free(&x);
}

static void what_was_compared_is_said(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"m.n < 5", "m.n < 5: no (m.n = «7»)"},
		{"not (m.n  <  m.big or m.nobody) and не ответили",
			"m.n  <  m.big: yes (m.n = «7», m.big = «1 234,5»); m.nobody: no (m.nobody = "
			"«»); ответили: yes (state.answered = «yes»)"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		size_t at;
		struct buf said;
		struct error e = {0};
		buf_init(&said, 4096);
		struct expression *x = expression_parse(rows[i].text, &at, &e);
		assert_non_null(x);
		assert_int_equal(expression_explain(x, value_of, x, &said), 0);
		if (strcmp(buf_str(&said), rows[i].want) != 0)
			fail_msg("%s: got «%s», want «%s»", rows[i].text, buf_str(&said), rows[i].want);
		expression_free(&x);
		buf_fini(&said);
	}
}

static void numbers(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool good;
		double want;
	} rows[] = {{"0", true, 0}, {"-3.5", true, -3.5}, {"1 234 567", true, 1234567},
		{"1\xe2\x80\xaf"
		 "000",
			true, 1000},
		{"0,30", true, 0.3}, {"", false, 0}, {"-", false, 0}, {"1a", false, 0},
		{"1 ", false, 0}, {" 1", false, 0}, {"1..2", false, 0}, {"1.", false, 0},
		{".5", false, 0}, {"1e9", false, 0}, {"0x10", false, 0},
		{"999999999999999999", true, 999999999999999999.0},
		{"9999999999999999999", false, 0}, {"nan", false, 0}};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		double got = 0;
		bool good = number_parse(rows[i].text, &got);
		if (good != rows[i].good || (good && (got < rows[i].want || got > rows[i].want)))
			fail_msg("«%s»: got %d %f, want %d %f", rows[i].text, good, got,
				rows[i].good, rows[i].want);
	}
}

int main(void)
{
	lang_set(LANG_EN);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(truth),
		cmocka_unit_test(mistakes),
		cmocka_unit_test(depth_and_length_are_bounded),
		cmocka_unit_test(fields_are_listed_once_with_their_place),
		cmocka_unit_test(what_was_compared_is_said),
		cmocka_unit_test(numbers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
