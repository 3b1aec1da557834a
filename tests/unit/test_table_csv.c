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
#include "table/table.h"
#include "table_dump.h"

/* «Школа» in Windows-1251 */
#define SCHOOL_1251 "\xd8\xea\xee\xeb\xe0"

struct csv_case {
	const char *name;
	const char *data;
	size_t len; /* 0: up to the NUL */
	const char *want;
	const char *encoding;
	char delimiter;
};

static const struct csv_case cases[] = {
	{"semicolons", "ключ;имя\n1;Школа\n", 0, "1:ключ|имя\n2:1|Школа\n", "UTF-8", ';'},
	{"tabs", "a\tb\n1\t2, 3\n", 0, "1:a|b\n2:1|2, 3\n", "UTF-8", '\t'},
	{"commas", "a,b\n1,\"x;y;z\"\n", 0, "1:a|b\n2:1|x;y;z\n", "UTF-8", ','},
	{"as many commas as semicolons", "имя, полное;адрес, индекс\nА;Б\n", 0,
		"1:имя, полное|адрес, индекс\n2:А|Б\n", "UTF-8", ';'},
	{"sep line", "sep=,\r\na,b\r\n1,2;3\r\n", 0, "2:a|b\n3:1|2;3\n", "UTF-8", ','},
	{"one column", "key\n1\n2\n", 0, "1:key\n2:1\n3:2\n", "UTF-8", ';'},
	{"BOM", "\xef\xbb\xbf" "a;b\n1;2\n", 0, "1:a|b\n2:1|2\n", "UTF-8", ';'},
	{"BOM before a quote", "\xef\xbb\xbf" "\"a\";b\n", 0, "1:a|b\n", "UTF-8", ';'},
	{"Windows-1251", "key;name\n1;" SCHOOL_1251 "\n", 0, "1:key|name\n2:1|Школа\n",
		"WINDOWS-1251", ';'},
	{"Windows-1251 that is UTF-8 for two bytes", "key;name\n1;\xab\xd1\xce\xd8\xbb\n", 0,
		"1:key|name\n2:1|«СОШ»\n", "WINDOWS-1251", ';'},
	{"UTF-16LE", "\xff\xfe" "a\0;\0\x28\x04\n\0" "1\0;\0\x3a\x04\n\0", 18, "1:a|Ш\n2:1|к\n",
		"UTF-16LE", ';'},
	{"UTF-16BE", "\xfe\xff" "\0a\0;\x04\x28\0\n", 10, "1:a|Ш\n", "UTF-16BE", ';'},
	{"UTF-16LE without BOM", "a\0;\0\x28\x04\n\0", 8, "1:a|Ш\n", "UTF-16LE", ';'},
	{"CR LF", "a;b\r\n1;2\r\n\r\n3;4\r\n", 0, "1:a|b\n2:1|2\n4:3|4\n", "UTF-8", ';'},
	{"CR alone", "a;b\r1;2\r", 0, "1:a|b\n2:1|2\n", "UTF-8", ';'},
	{"no end of line", "a;b\n1;2", 0, "1:a|b\n2:1|2\n", "UTF-8", ';'},
	{"blank lines and rows keep the count", "a;b\n\n;;\n \n1;2\n", 0, "1:a|b\n5:1|2\n", "UTF-8", ';'},
	{"line break in a cell", "a;b\n1;\"x\ny\"\n2;z\n", 0, "1:a|b\n2:1|x\ny\n4:2|z\n", "UTF-8", ';'},
	{"CR LF in a cell", "a;b\r\n\"x\r\ny\";\"p\r\nq\"\r\n2;z\r\n", 0,
		"1:a|b\n2:x\r\ny|p\r\nq\n5:2|z\n", "UTF-8", ';'},
	{"doubled quotes", "a;b\n1;\"Школа \"\"Радуга\"\"\"\n", 0, "1:a|b\n2:1|Школа \"Радуга\"\n", "UTF-8", ';'},
	{"quotes inside a cell that has none around", "a;b\n1;Школа \"Радуга\"\n2;\"x\"\n", 0,
		"1:a|b\n2:1|Школа \"Радуга\"\n3:2|x\n", "UTF-8", ';'},
	{"blanks of all kinds are trimmed", "a;b\n \xc2\xa0" "1\t;\" x \xe2\x80\x8b\"\n", 0, "1:a|b\n2:1|x\n", "UTF-8", ';'},
	{"empty file", "", 0, "", "UTF-8", 0},
	{"only a BOM", "\xef\xbb\xbf", 0, "", "UTF-8", 0},
	/* ---- what is wrong ---- */
	{"torn quote to the end", "a;b\n1;\"x\n2;y\n3;z\n", 0,
		"1:a|b\n!2:0 a torn quote: the quote opened on this line is not closed as it should be\n",
		"UTF-8", ';'},
	{"torn quote met by the next one", "a;b\n1;\"Школа\n2;y\n3;\"Лицей\";w\n", 0,
		"1:a|b\n!2:0 a torn quote: the quote opened on this line is not closed as it should be\n",
		"UTF-8", ';'},
	{"text after a closing quote", "a;b\n1;2\n3;\"x\"y\n", 0,
		"1:a|b\n2:1|2\n!3:0 a torn quote: the quote opened on this line is not closed as it should be\n",
		"UTF-8", ';'},
	{"second torn quote of a row", "a;b\n\"p\nq\";\"x\ny\n", 0,
		"1:a|b\n!3:0 a torn quote: the quote opened on this line is not closed as it should be\n",
		"UTF-8", ';'},
	{"Windows-1251 inside UTF-8", "ключ;название\n1;Школа\n2;" SCHOOL_1251 "\n3;Лицей\n", 0,
		"!3:3 bytes of another encoding: the file is UTF-8, here is WINDOWS-1251 (would read «Школа»)\n",
		"", 0},
	{"UTF-8 inside Windows-1251",
		"1;" SCHOOL_1251 "\n2;" SCHOOL_1251 SCHOOL_1251 SCHOOL_1251 "\n3;" SCHOOL_1251 ";Лицей\n", 0,
		"!3:9 bytes of another encoding: the file is WINDOWS-1251, here is UTF-8 (would read «Лицей»)\n",
		"", 0},
	{"bad bytes after a BOM", "\xef\xbb\xbf" "a;b\n1;" SCHOOL_1251 "\n", 0,
		"!2:3 bytes of another encoding: the file is UTF-8, here is WINDOWS-1251 (would read «Школа»)\n",
		"", 0},
	{"zero bytes", "a;b\n1;x\0y\0\0z\n", 14, "!0:0 this is not a text table: it has zero bytes\n", "", 0},
	{"UTF-16 cut in a character", "\xff\xfe" "a\0;\0b", 7,
		"!1:3 bytes that cannot stand in UTF-16LE\n", "UTF-16LE", ';'},
	{"old Excel", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1....", 0,
		"!0:0 an old .xls workbook, or one protected by a password\n", "", 0},
	{"PDF", "%PDF-1.4\n", 0, "!0:0 a PDF, not a table\n", "", 0},
	{"not a workbook", "PK\x03\x04....", 0, NULL, "UTF-8", 0},
};

static void reads_what_people_have(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct csv_case *c = &cases[i];
		struct table_facts facts;
		int rc;
		const char *path = table_dump_file(c->data, c->len > 0 ? c->len : strlen(c->data));
		char *got = table_dump(path, NULL, &facts, &rc);
		if (c->want != NULL && strcmp(got, c->want) != 0)
			fail_msg("%s: got\n%swant\n%s", c->name, got, c->want);
		if (strcmp(facts.encoding, c->encoding) != 0 || facts.delimiter != c->delimiter)
			fail_msg("%s: got %s '%c', want %s '%c'", c->name, facts.encoding, facts.delimiter,
				c->encoding, c->delimiter);
		if ((rc == -1) != (strchr(got, '!') != NULL))
			fail_msg("%s: got rc %d with\n%s", c->name, rc, got);
		free(got);
	}
}

static void expect(const char *name, const char *data, size_t len, const struct table_options *options,
	const char *want)
{
	char *got = table_dump(table_dump_file(data, len), options, NULL, NULL);
	if (strcmp(got, want) != 0)
		fail_msg("%s: got\n%swant\n%s", name, got, want);
	free(got);
}

static void takes_what_the_user_names(void **state)
{
	(void)state;
	static const char text[] = "a;b\n1;" SCHOOL_1251 "\n";
	expect("cp1251", text, sizeof text - 1, &(struct table_options){.encoding = "cp1251"},
		"1:a|b\n2:1|Школа\n");
	expect("koi8", "a;b\n1;\xfb\n", 7, &(struct table_options){.encoding = "koi8-r"}, "1:a|b\n2:1|Ш\n");
	expect("utf-8 that is not", text, sizeof text - 1, &(struct table_options){.encoding = "utf-8"},
		"1:a|b\n!2:3 bytes that cannot stand in UTF-8\n");
	expect("byte 0x98", "a;\x98\n", 4, &(struct table_options){.encoding = "windows-1251"},
		"!1:3 bytes that cannot stand in WINDOWS-1251\n");
	expect("nonsense", text, sizeof text - 1, &(struct table_options){.encoding = "x//IGNORE"},
		"!0:0 unknown encoding «x//IGNORE»\n");
	expect("delimiter", "a;b,c\n", 6, &(struct table_options){.delimiter = ','}, "1:a;b|c\n");
}

static void bounds_what_it_takes(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 4 * 1024 * 1024);
	/* the largest cell, then one more byte, then one without end, then a torn one */
	static const struct {
		size_t bytes;
		const char *before, *after, *problem;
	} sizes[] = {
		{TABLE_CELL_MAX_BYTES, "a;b\n1;", ";2\n", NULL},
		{TABLE_CELL_MAX_BYTES + 1, "a;b\n1;", ";2\n", "!2:0 a cell longer than 32768 bytes (column 2)\n"},
		{1000 * 1000, "a;b\n1;", "", "!2:0 a cell longer than 32768 bytes (column 2)\n"},
		{1000 * 1000, "a;b\n1;\"\n", "",
			"!2:0 a torn quote: the quote opened on this line is not closed as it should be\n"},
	};
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		buf_reset(&b);
		assert_int_equal(buf_puts(&b, sizes[i].before), 0);
		for (size_t n = 0; n < sizes[i].bytes; n++)
			assert_int_equal(buf_putc(&b, 'x'), 0);
		assert_int_equal(buf_puts(&b, sizes[i].after), 0);
		char *got = table_dump(table_dump_file(b.data, b.len), NULL, NULL, NULL);
		const char *bang = strchr(got, '!');
		if (strcmp(bang != NULL ? bang : "", sizes[i].problem != NULL ? sizes[i].problem : "") != 0)
			fail_msg("%zu bytes: got %s, want %s", sizes[i].bytes, bang, sizes[i].problem);
		free(got);
	}
	buf_reset(&b);
	for (int i = 0; i < TABLE_COLUMNS_MAX; i++)
		assert_int_equal(buf_puts(&b, "x;"), 0);
	char *got = table_dump(table_dump_file(b.data, b.len), NULL, NULL, NULL);
	assert_null(strchr(got, '!'));
	free(got);
	assert_int_equal(buf_puts(&b, "y\n"), 0);
	got = table_dump(table_dump_file(b.data, b.len), NULL, NULL, NULL);
	assert_string_equal(got, "!1:0 more than 256 columns\n");
	free(got);
	buf_fini(&b);
}

/* Every cut of the text by the reader's own buffer must give the same rows:
 * a table larger than several buffers, with characters of 1, 2 and 3 bytes. */
static void large_files_are_read_across_buffers(void **state)
{
	(void)state;
	struct buf data, want;
	buf_init(&data, 8 * 1024 * 1024);
	buf_init(&want, 8 * 1024 * 1024);
	int line = 1;
	for (int i = 0; i < 20000; i++) {
		bool broken = i % 7 == 0;
		assert_int_equal(buf_printf(&data, "%d;Школа № %d;\"a%sb\"\r\n", i, i, broken ? "\r\n" : "-"), 0);
		assert_int_equal(buf_printf(&want, "%d:%d|Школа № %d|a%sb\n", line, i, i, broken ? "\r\n" : "-"), 0);
		line += broken ? 2 : 1;
	}
	char *got = table_dump(table_dump_file(data.data, data.len), NULL, NULL, NULL);
	assert_true(strcmp(got, want.data) == 0);
	free(got);
	buf_fini(&data);
	buf_fini(&want);
}

static void titles_become_comparable(void **state)
{
	(void)state;
	static const char *const titles[][2] = {
		{"E-mail руководителя", "e mail руководителя"}, {"  Вышестоящая\nорганизация ", "вышестоящая организация"},
		{"ОТЧЁТ", "отчет"}, {"Наименование (полное)", "наименование полное"},
		{"«Ключ»*", "ключ"}, {"№ телефона", "телефона"}, {"ИНН", "инн"}, {"Key", "key"},
		{"\xc2\xa0", ""}, {"", ""}, {"Ҡала", "Ҡала"}, {"e\xff", "e\xff"}};
	for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++) {
		char *got = table_title_key(titles[i][0]);
		if (strcmp(got, titles[i][1]) != 0)
			fail_msg("%s: got «%s», want «%s»", titles[i][0], got, titles[i][1]);
		free(got);
	}
}

static int stop_at_two(void *arg, const struct table_row *row)
{
	int *rows = arg;
	(void)row;
	return ++*rows == 2;
}

static void stops_when_told(void **state)
{
	(void)state;
	int rows = 0;
	struct problems problems = {0};
	const char *path = table_dump_file("a\nb\nc\n\"torn\n", 12);
	assert_int_equal(table_read(path, NULL, NULL, stop_at_two, NULL, &rows, &problems), 0);
	assert_int_equal(rows, 2);
	assert_int_equal(problems.errors, 0);
	assert_int_equal(table_read("/nowhere/x.csv", NULL, NULL, stop_at_two, NULL, &rows, &problems), -1);
	assert_int_equal(problems.errors, 1);
	assert_int_equal(table_read("/tmp", NULL, NULL, stop_at_two, NULL, &rows, &problems), -1);
	assert_int_equal(problems.errors, 2);
	problems_fini(&problems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_people_have),
		cmocka_unit_test(takes_what_the_user_names),
		cmocka_unit_test(bounds_what_it_takes),
		cmocka_unit_test(large_files_are_read_across_buffers),
		cmocka_unit_test(titles_become_comparable),
		cmocka_unit_test(stops_when_told),
	};
	lang_set(LANG_EN);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)unlink(table_dump_file("", 0));
	return failed;
}
