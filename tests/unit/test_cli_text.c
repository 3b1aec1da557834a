/* Words and numbers for a terminal. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/cli.h"

#define NBSP "\xc2\xa0"

static void counts_have_the_right_form(void **state)
{
	(void)state;
	static const struct cli_noun letters = {"letter", "letters", "письмо", "письма", "писем"};
	static const struct {
		int64_t n;
		const char *en, *ru;
	} rows[] = {
		{0, "0" NBSP "letters", "0" NBSP "писем"},
		{1, "1" NBSP "letter", "1" NBSP "письмо"},
		{2, "2" NBSP "letters", "2" NBSP "письма"},
		{5, "5" NBSP "letters", "5" NBSP "писем"},
		{11, "11" NBSP "letters", "11" NBSP "писем"},
		{21, "21" NBSP "letters", "21" NBSP "письмо"},
		{112, "112" NBSP "letters", "112" NBSP "писем"},
		{1000, "1000" NBSP "letters", "1000" NBSP "писем"},
		{1234567, "1" NBSP "234" NBSP "567" NBSP "letters", "1" NBSP "234" NBSP "567" NBSP "писем"},
		{-12345, "-12" NBSP "345" NBSP "letters", "-12" NBSP "345" NBSP "писем"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		lang_set(LANG_EN);
		assert_string_equal(cli_count(rows[i].n, &letters), rows[i].en);
		lang_set(LANG_RU);
		assert_string_equal(cli_count(rows[i].n, &letters), rows[i].ru);
	}
}

static void spans_show_two_units(void **state)
{
	(void)state;
	static const struct {
		int64_t ms;
		const char *want;
	} rows[] = {
		{0, "0" NBSP "s"},
		{-5, "0" NBSP "s"},
		{999, "0" NBSP "s"},
		{61000, "1" NBSP "min 1" NBSP "s"},
		{3600000, "1" NBSP "h"},
		{7500000, "2" NBSP "h 5" NBSP "min"},
		{90061000, "1" NBSP "d 1" NBSP "h"},
	};
	lang_set(LANG_EN);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_string_equal(cli_span(rows[i].ms), rows[i].want);
}

static void nothing_raw_reaches_the_terminal(void **state)
{
	(void)state;
	static const struct {
		const char *in, *want;
	} rows[] = {
		{"Школа № 5", "Школа № 5"},
		{"a\033]0;x\007b", "a?]0;x?b"},
		{"a\r\nb\tc", "a??b?c"},
		{"\xc2\x9b" "31m", "?31m"},               /* C1: the eight-bit escape */
		{"\xe2\x80\xae" "dog", "?dog"},           /* turns the line around */
		{"\xff\xc3-", "?""?-"},                     /* not UTF-8 */
		{"", ""},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_string_equal(cli_clean(rows[i].in), rows[i].want);
	char huge[10000];
	memset(huge, 'x', sizeof huge - 1);
	huge[sizeof huge - 1] = '\0';
	assert_true(strlen(cli_clean(huge)) <= 2048);
}

static void widths_are_columns(void **state)
{
	(void)state;
	assert_int_equal(cli_width("Школа"), 5);
	assert_int_equal(cli_width("e\xcc\x81"), 1);        /* e and a combining accent */
	assert_int_equal(cli_width("\xe5\xad\xa6"), 2);     /* a wide one */
	assert_int_equal(cli_width(""), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_have_the_right_form),
		cmocka_unit_test(spans_show_two_units),
		cmocka_unit_test(nothing_raw_reaches_the_terminal),
		cmocka_unit_test(widths_are_columns),
	};
	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
