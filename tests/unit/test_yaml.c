#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/lang.h"
#include "settings/yaml.h"
#include "settings/yaml_read.h"

/* The problems of a text, one a line. The caller frees. */
static char *problems_of(struct problems *problems)
{
	struct buf b;
	buf_init(&b, 1 << 20);
	for (size_t i = 0; i < problems->count; i++) {
		char *line = problem_line(&problems->item[i]);
		(void)buf_printf(&b, "%s\n", line);
		free(line);
	}
	return buf_take(&b);
}

static void expect(const char *text, size_t len, const char *want)
{
	struct problems problems = {0};
	struct yaml_node *node = yaml_load_text("f", text, len, &problems);
	char *got = problems_of(&problems);
	if (strcmp(got, want) != 0)
		fail_msg("%.60s: got\n%swant\n%s", text, got, want);
	if (want[0] != '\0' && node != NULL)
		fail_msg("%.60s: got a tree beside the problems, want none", text);
	free(got);
	yaml_node_free(&node);
	problems_fini(&problems);
}

static void mistakes_have_their_place(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"a: 1\nb: [x, y]\n", ""},
		{"", ""},
		{"# only a remark\n", ""},
		{"~", ""},
		{"a: 1\nb: 2\na: 3\n", "f:3:1: error: the key «a» stands here a second time; the "
				       "first is at line 1\n"},
		{"а: 1\nб:\n  в: 1\n  г: 2\n  в: 3\n", "f:5:3: error: the key «в» stands here a "
						       "second time; the first is at line 3\n"},
		{"a:\n\tb: 1\n",
			"f:2:1: error: not valid YAML: this character cannot begin a value: a tab "
			"(indent with spaces), or one of @ ` % (put the value in quotes)\n"},
		{"title: Срок: 30 мая\n",
			"f:1:12: error: not valid YAML: a colon here is not expected: check the "
			"indentation, or put the text with the colon in quotes\n"},
		{"a: [1, 2\nb: 3\n", "f:2:2: error: not valid YAML: a comma or «]» is missing\n"},
		{"a: \"never closed\n",
			"f:2:1: error: not valid YAML: the file ends inside quotes or brackets\n"},
		{"a: *nobody\n", "f:1:4: error: not valid YAML: «*» begins an alias that is not "
				 "defined: put the value in quotes\n"},
		{"[a, b]: 1\n", "f:1:1: error: a key must be a word\n"},
		{"a: \"x\\0y\"\n", "f:1:4: error: a value must not contain a NUL character\n"},
		{"a: 1\n---\nb: 2\n",
			"f:3:1: error: a second document (after «---») is not read\n"},
		{"a: \xd0\n",
			"f:1:4: error: this is not UTF-8: save the file in the encoding UTF-8\n"},
		{"а: 1\nб: \xcf\xf0\xe8\xe2\xe5\xf2\n",
			"f:2:4: error: this is not UTF-8: save the file in the encoding UTF-8\n"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		expect(rows[i].text, strlen(rows[i].text), rows[i].want);
}

static void bombs_are_bounded(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 4 << 20);
	/* Nine levels of nine aliases: 387 million values when walked. */
	(void)buf_puts(&b, "a0: &a0 [x]\n");
	for (int i = 1; i < 10; i++) {
		(void)buf_printf(&b, "a%d: &a%d [", i, i);
		for (int k = 0; k < 9; k++)
			(void)buf_printf(&b, "%s*a%d", k == 0 ? "" : ",", i - 1);
		(void)buf_puts(&b, "]\n");
	}
	struct problems problems = {0};
	struct yaml_node *node = yaml_load_text("f", buf_str(&b), b.len, &problems);
	assert_null(node);
	assert_int_equal(problems.count, 1);
	assert_non_null(strstr(problems.item[0].text, "more than 100000 values"));
	problems_fini(&problems);

	expect("a: &a [*a]\n", 11,
		"f:1:4: error: nested deeper than 32 or more than 100000 values\n");

	buf_reset(&b);
	for (int i = 0; i < 100000; i++)
		(void)buf_putc(&b, '[');
	node = yaml_load_text("f", buf_str(&b), b.len, &problems);
	assert_null(node);
	assert_int_equal(problems.errors, 1);
	problems_fini(&problems);
	buf_fini(&b);
}

static void a_tree_keeps_order_places_and_quotes(void **state)
{
	(void)state;
	static const char text[] =
		"имя: \"no\"\nflag: no\nlist:\n  - один\n  - {x: 1}\nempty:\nnul: null\n";
	struct problems problems = {0};
	struct yaml_node *map = yaml_load_text("f", text, strlen(text), &problems);
	assert_non_null(map);
	assert_int_equal(map->count, 5);
	struct yaml_node *name = yaml_take(map, "имя"), *flag = yaml_take(map, "flag"),
			 *list = yaml_take(map, "list");
	assert_true(name->quoted);
	assert_false(flag->quoted);
	assert_int_equal(name->line, 1);
	assert_int_equal(name->column, 6); /* characters, not bytes */
	assert_int_equal(list->item[1]->line, 5);
	assert_int_equal(list->item[1]->column, 5);
	assert_null(yaml_take(map, "empty"));
	assert_null(yaml_take(map, "nul"));
	assert_null(yaml_take(map, "nobody"));
	assert_true(map->used[3]);
	yaml_node_free(&map);
	problems_fini(&problems);
}

static void unknown_keys_are_named_with_the_nearest(void **state)
{
	(void)state;
	static const char *const known[] = {"audience", "attachments", "title", NULL};
	static const char text[] = "title: x\nattachment: y\n  \nzzz: 1\n";
	struct problems problems = {0};
	struct yaml_node *map = yaml_load_text("f", text, strlen(text), &problems);
	(void)yaml_take(map, "title");
	yaml_unknown(map, "f", "", known, &problems);
	char *got = problems_of(&problems);
	assert_string_equal(got,
		"f:2:1: error: unknown key «attachment»; did you mean «attachments»? known: "
		"audience, attachments, title\n"
		"f:4:1: error: unknown key «zzz»; known: audience, attachments, title\n");
	free(got);
	yaml_node_free(&map);
	problems_fini(&problems);
}

static void nearest_words(void **state)
{
	(void)state;
	static const char *const known[] = {"starttls", "tls", "none", NULL};
	static const struct {
		const char *word, *want;
	} rows[] = {{"starttsl", "starttls"}, {"start_tls", "starttls"}, {"tsl", "tls"},
		{"non", "none"}, {"x", NULL}, {"ssl", "tls"}, {"", NULL}, {"certificate", NULL}};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char *got = yaml_nearest(rows[i].word, known);
		if ((got == NULL) != (rows[i].want == NULL) ||
			(got != NULL && strcmp(got, rows[i].want) != 0))
			fail_msg("%s: got %s, want %s", rows[i].word, got == NULL ? "nothing" : got,
				rows[i].want == NULL ? "nothing" : rows[i].want);
	}
}

static void values_of_a_wrong_kind_are_problems(void **state)
{
	(void)state;
	static const char text[] = "n: 12x\nb: maybe\nl: text\nm: [1]\nline: \"a\\nb\"\nbig: 11\n";
	struct problems problems = {0};
	struct yaml_node *map = yaml_load_text("f", text, strlen(text), &problems);
	struct yaml_reader reader = {.file = "f", .problems = &problems};
	int64_t n = 7;
	bool b = true;
	const char *line = NULL;
	assert_false(yaml_as_int(&reader, yaml_take(map, "n"), "n", 0, 10, &n));
	assert_false(yaml_as_bool(&reader, yaml_take(map, "b"), "b", &b));
	assert_false(yaml_as_list(&reader, yaml_take(map, "l"), "l"));
	assert_false(yaml_as_map(&reader, yaml_take(map, "m"), "m"));
	assert_false(yaml_as_line(&reader, yaml_take(map, "line"), "line", &line));
	assert_false(yaml_as_int(&reader, yaml_take(map, "big"), "big", 0, 10, &n));
	assert_int_equal(n, 7);
	char *got = problems_of(&problems);
	assert_string_equal(got,
		"f:1:4: error: n: «12x» is not a whole number from 0 to 10\n"
		"f:2:4: error: b: «maybe» should be true or false\n"
		"f:3:4: error: l: got a single value, want a list: [a, b]\n"
		"f:4:4: error: m: got a list, want a map (key: value)\n"
		"f:5:7: error: line: want one line of text, not empty, without control characters\n"
		"f:6:6: error: big: «11» is not a whole number from 0 to 10\n");
	free(got);
	yaml_node_free(&map);
	problems_fini(&problems);
}

static void files_that_are_not_there_or_too_long(void **state)
{
	(void)state;
	struct problems problems = {0};
	assert_null(yaml_load_file("/nowhere/x.yaml", &problems));
	assert_null(yaml_load_file("/", &problems));
	assert_null(yaml_load_file("/dev/zero", &problems));
	char *got = problems_of(&problems);
	assert_string_equal(got,
		"/nowhere/x.yaml: error: cannot open the file: No such file or directory\n"
		"/: error: not a file, or larger than 1024 KiB\n"
		"/dev/zero: error: not a file, or larger than 1024 KiB\n");
	free(got);
	problems_fini(&problems);
}

int main(void)
{
	lang_set(LANG_EN);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mistakes_have_their_place),
		cmocka_unit_test(bombs_are_bounded),
		cmocka_unit_test(a_tree_keeps_order_places_and_quotes),
		cmocka_unit_test(unknown_keys_are_named_with_the_nearest),
		cmocka_unit_test(nearest_words),
		cmocka_unit_test(values_of_a_wrong_kind_are_problems),
		cmocka_unit_test(files_that_are_not_there_or_too_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
