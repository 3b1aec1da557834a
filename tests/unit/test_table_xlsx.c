/* Workbooks: real ones by libxlsxwriter, strange and hostile ones by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xlsxwriter.h>
#include <zip.h>

#include "base/buf.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "table/table.h"
#include "table/xlsx.h"
#include "table_dump.h"

static char path[256];

static void expect(const char *name, const struct table_options *options, const char *want)
{
	int rc;
	char *got = table_dump(path, options, NULL, &rc);
	if (strcmp(got, want) != 0)
		fail_msg("%s: got\n%swant\n%s", name, got, want);
	if ((rc == -1) != (strchr(want, '!') != NULL))
		fail_msg("%s: got rc %d", name, rc);
	free(got);
}

/* ---- by libxlsxwriter ----------------------------------------------------------- */

static lxw_format *number_format(lxw_workbook *book, const char *code)
{
	lxw_format *format = workbook_add_format(book);
	format_set_num_format(format, code);
	return format;
}

static void numbers_are_as_people_see_them(void **state)
{
	(void)state;
	lxw_workbook *book = workbook_new(path);
	lxw_worksheet *hidden = workbook_add_worksheet(book, "Черновик");
	lxw_worksheet *sheet = workbook_add_worksheet(book, "Школы");
	worksheet_write_string(hidden, 0, 0, "no", NULL);
	worksheet_hide(hidden);
	worksheet_activate(sheet);
	worksheet_set_first_sheet(sheet);
	worksheet_write_string(sheet, 0, 0, "ИНН", NULL);
	worksheet_write_number(sheet, 1, 0, 7701234567.0, NULL);
	worksheet_write_number(sheet, 2, 0, 770123456789.0, NULL);
	worksheet_write_number(sheet, 3, 0, 79000000000.0, NULL);
	worksheet_write_number(sheet, 4, 0, 12, NULL);
	worksheet_write_number(sheet, 5, 0, 1.5, NULL);
	worksheet_write_number(sheet, 6, 0, 0.1 + 0.2, NULL);
	worksheet_write_number(sheet, 7, 0, 0.000001, NULL);
	worksheet_write_number(sheet, 8, 0, -3, NULL);
	worksheet_write_number(sheet, 9, 0, 45076, number_format(book, "dd.mm.yyyy"));
	worksheet_write_number(sheet, 10, 0, 46347.417, number_format(book, "dd/mm/yy hh:mm"));
	worksheet_write_number(sheet, 11, 0, 0.75, number_format(book, "h:mm"));
	worksheet_write_number(sheet, 12, 0, 0.07, number_format(book, "0%"));
	worksheet_write_number(sheet, 13, 0, 701234567, number_format(book, "0000000000"));
	worksheet_write_number(sheet, 14, 0, 45076, number_format(book, "[$-419]d mmmm yyyy\\ \"г.\""));
	worksheet_write_number(sheet, 15, 0, 1234.5, number_format(book, "#,##0.00\" дней\""));
	worksheet_write_boolean(sheet, 16, 0, 1, NULL);
	worksheet_write_formula_num(sheet, 17, 0, "=1+1", NULL, 2);
	worksheet_write_formula_str(sheet, 18, 0, "=\"Шко\"&\"ла\"", NULL, "Школа");
	worksheet_write_string(sheet, 19, 0, "a\r\nb", NULL);
	assert_int_equal(workbook_close(book), LXW_NO_ERROR);
	expect("numbers", NULL,
		"1:ИНН\n2:7701234567\n3:770123456789\n4:79000000000\n5:12\n6:1.5\n7:0.3\n8:0.000001\n"
		"9:-3\n10:30.05.2023\n11:21.11.2026 10:00:29\n12:18:00\n13:7%\n14:0701234567\n"
		"15:30.05.2023\n16:1234.5\n17:TRUE\n18:2\n19:Школа\n20:a\r\nb\n");
	expect("a hidden sheet by name", &(struct table_options){.sheet = "Черновик"}, "1:no\n");
	expect("no such sheet", &(struct table_options){.sheet = "x"}, "!0:0 no sheet «x»; there are:\n");
}

static void merged_cells_count_for_each_row(void **state)
{
	(void)state;
	lxw_workbook *book = workbook_new(path);
	lxw_worksheet *sheet = workbook_add_worksheet(book, NULL);
	worksheet_merge_range(sheet, 0, 0, 0, 2, "Список школ", NULL);
	worksheet_merge_range(sheet, 1, 0, 3, 0, "Северный район", NULL);
	worksheet_write_string(sheet, 1, 1, "1", NULL);
	worksheet_write_string(sheet, 2, 1, "2", NULL);
	worksheet_write_string(sheet, 3, 1, "3", NULL);
	worksheet_write_string(sheet, 4, 1, "4", NULL);
	worksheet_merge_range(sheet, 5, 0, 7, 1, "угол", NULL);
	worksheet_write_string(sheet, 6, 2, "x", NULL);
	assert_int_equal(workbook_close(book), LXW_NO_ERROR);
	expect("merged", NULL,
		"1:Список школ\n2:Северный район|1\n3:Северный район|2\n4:Северный район|3\n5:|4\n"
		"6:угол\n7:угол||x\n");
}

static void streamed_workbooks_have_inline_strings(void **state)
{
	(void)state;
	lxw_workbook_options options = {.constant_memory = 1};
	lxw_workbook *book = workbook_new_opt(path, &options);
	lxw_worksheet *sheet = workbook_add_worksheet(book, NULL);
	for (lxw_row_t i = 0; i < 3000; i++) {
		char name[64];
		(void)snprintf(name, sizeof name, "Школа № %u", i);
		worksheet_write_number(sheet, i, 0, 7700000000.0 + i, NULL);
		worksheet_write_string(sheet, i, 3, name, NULL);
	}
	assert_int_equal(workbook_close(book), LXW_NO_ERROR);
	char *got = table_dump(path, NULL, NULL, NULL);
	assert_non_null(strstr(got, "3000:7700002999|||Школа № 2999\n"));
	assert_non_null(strstr(got, "1:7700000000|||Школа № 0\n"));
	free(got);
}

/* ---- by hand ---------------------------------------------------------------------- */

#define RELS                                                                                       \
	"<Relationships><Relationship Id='rId1' Type='http://x/officeDocument' "                   \
	"Target='xl/workbook.xml'/></Relationships>"
#define BOOK "<workbook><sheets><sheet name='A' sheetId='1' r:id='rId1'/></sheets></workbook>"
#define BOOK_RELS                                                                                  \
	"<Relationships><Relationship Id='rId1' Type='http://x/worksheet' "                        \
	"Target='worksheets/sheet1.xml'/></Relationships>"

struct part {
	const char *name, *text;
};

static void write_zip(const struct part *parts)
{
	(void)unlink(path);
	int code;
	zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &code);
	assert_non_null(zip);
	for (; parts->name != NULL; parts++) {
		zip_source_t *source = zip_source_buffer(zip, parts->text, strlen(parts->text), 0);
		zip_int64_t index = zip_file_add(zip, parts->name, source, 0);
		assert_true(index >= 0);
		assert_int_equal(zip_set_file_compression(zip, (zip_uint64_t)index, ZIP_CM_STORE, 0), 0);
	}
	assert_int_equal(zip_close(zip), 0);
}

static void write_sheet(const char *sheet, const char *strings)
{
	write_zip((struct part[]){{"_rels/.rels", RELS}, {"xl/workbook.xml", BOOK},
		{"xl/_rels/workbook.xml.rels", BOOK_RELS}, {"xl/worksheets/sheet1.xml", sheet},
		{strings != NULL ? "xl/sharedStrings.xml" : NULL, strings}, {NULL, NULL}});
}

static void odd_workbooks_are_read(void **state)
{
	(void)state;
	static const struct {
		const char *name, *sheet, *strings, *want;
	} cases[] = {
		{"no shared strings, no styles, no references",
			"<worksheet><sheetData><row><c><v>1</v></c><c t='inlineStr'><is><t>x</t></is></c></row>"
			"<row/><row><c t='str'><f>A1</f><v>y</v></c></row></sheetData></worksheet>",
			NULL, "1:1|x\n3:y\n"},
		{"prefixed names",
			"<x:worksheet><x:sheetData><x:row r='7'><x:c r='C7'><x:v>5</x:v></x:c></x:row>"
			"</x:sheetData></x:worksheet>",
			NULL, "7:||5\n"},
		{"rich text and phonetic hints",
			"<worksheet><sheetData><row r='1'><c t='s'><v>0</v></c><c t='s'><v>1</v></c></row>"
			"</sheetData></worksheet>",
			"<sst><si><r><t>Шко</t></r><r><t>ла</t></r><rPh><t>hint</t></rPh></si><si/></sst>",
			"1:Школа|\n"},
		{"cells in any order, ISO date, error",
			"<worksheet><sheetData><row r='1'><c r='B1' t='d'><v>2023-05-30T00:00:00</v></c>"
			"<c r='A1' t='e'><v>#N/A</v></c></row></sheetData></worksheet>",
			NULL, "1:#N/A|30.05.2023\n"},
		{"empty cells far to the right",
			"<worksheet><sheetData><row r='1'><c r='A1'><v>1</v></c><c r='XFD1' s='3'/></row>"
			"</sheetData></worksheet>",
			NULL, "1:1\n"},
		{"too many columns",
			"<worksheet><sheetData><row r='1'><c r='XFD1'><v>1</v></c></row></sheetData></worksheet>",
			NULL, "!1:0 more than 256 columns\n"},
		{"a string that is not there",
			"<worksheet><sheetData><row r='4'><c r='A4' t='s'><v>9</v></c></row></sheetData></worksheet>",
			"<sst><si><t>x</t></si></sst>",
			"!4:0 the workbook is damaged at cell A4: its text is missing\n"},
		{"a formula without a result",
			"<worksheet><sheetData><row r='1'><c r='A1'><v>1</v></c><c r='B1'><f>A1+1</f></c></row>"
			"</sheetData></worksheet>",
			NULL, "1:1\n!1:0 cell B1 is a formula whose result is not in the file\n"},
		{"doctype",
			"<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]><worksheet><sheetData><row>"
			"<c t='inlineStr'><is><t>&b;</t></is></c></row></sheetData></worksheet>",
			NULL,
			"!0:0 the workbook is damaged (xl/worksheets/sheet1.xml): it contains what no "
			"spreadsheet program writes (DOCTYPE or absurd nesting)\n"},
		{"not XML", "hello", NULL,
			"!0:0 the workbook is damaged (xl/worksheets/sheet1.xml): syntax error\n"},
		{"cut", "<worksheet><sheetData><row r='1'><c><v>1</v></c></row>", NULL,
			"!0:0 the workbook is damaged (xl/worksheets/sheet1.xml): no element found\n"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		write_sheet(cases[i].sheet, cases[i].strings);
		char *got = table_dump(path, NULL, NULL, NULL);
		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s: got\n%swant\n%s", cases[i].name, got, cases[i].want);
		free(got);
	}
}

static void other_zips_are_refused(void **state)
{
	(void)state;
	write_zip((struct part[]){{"content.xml", "<x/>"}, {NULL, NULL}});
	expect("OpenDocument", NULL, "!0:0 this is not an .xlsx workbook\n");
	write_zip((struct part[]){{"_rels/.rels", RELS}, {"xl/workbook.xml", "<workbook><sheets/></workbook>"},
		{NULL, NULL}});
	expect("no sheets", NULL, "!0:0 the workbook has no visible sheet\n");
}

static void a_sheet_that_is_not_there_is_said(void **state)
{
	(void)state;
	write_zip((struct part[]){{"_rels/.rels", RELS}, {"xl/workbook.xml", BOOK},
		{"xl/_rels/workbook.xml.rels", BOOK_RELS}, {NULL, NULL}});
	expect("no such part", NULL,
		"!0:0 the workbook is damaged: the sheet (xl/worksheets/sheet1.xml) is missing\n");
}

static void bombs_do_not_go_off(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 16 * 1024 * 1024);
	assert_int_equal(buf_puts(&b, "<worksheet>"), 0);
	for (int i = 0; i < 100000; i++)
		assert_int_equal(buf_puts(&b, "<a>"), 0);
	write_sheet(b.data, NULL);
	char *got = table_dump(path, NULL, NULL, NULL);
	assert_non_null(strstr(got, "absurd nesting"));
	free(got);
	buf_reset(&b);
	assert_int_equal(buf_puts(&b, "<worksheet><sheetData><row x='"), 0);
	for (int i = 0; i < 4 * 1024 * 1024; i++)
		assert_int_equal(buf_putc(&b, 'x'), 0);
	assert_int_equal(buf_puts(&b, "'/></sheetData></worksheet>"), 0);
	write_sheet(b.data, NULL);
	got = table_dump(path, NULL, NULL, NULL);
	assert_non_null(strstr(got, "absurd nesting"));
	free(got);
	buf_fini(&b);
}

static void ignore(void *arg, const char *name, const char **attributes)
{
	(void)arg, (void)name, (void)attributes;
}

/* The limit counts what comes out, not what the zip's directory claims. */
static void unpacking_ends_at_the_limit(void **state)
{
	(void)state;
	write_sheet("<worksheet><sheetData/></worksheet>", NULL);
	struct problems problems = {0};
	struct sink sink = {.file = path, .problems = &problems};
	int code;
	struct xlsx_part part = {.start = ignore};
	struct xlsx_package package = {.zip = zip_open(path, ZIP_RDONLY, &code), .sink = &sink,
		.unpacked = TABLE_UNPACKED_MAX_BYTES - 35};
	assert_int_equal(xlsx_part_read(&package, "xl/worksheets/sheet1.xml", &part), XLSX_READ);
	package.unpacked = TABLE_UNPACKED_MAX_BYTES - 34;
	assert_int_equal(xlsx_part_read(&package, "xl/worksheets/sheet1.xml", &part), XLSX_FAILED);
	assert_int_equal(problems.count, 1);
	assert_string_equal(problems.item[0].text, "the workbook unpacks to more than 1024 MB");
	zip_discard(package.zip);
	problems_fini(&problems);
}

static void a_flipped_byte_is_found_by_the_checksum(void **state)
{
	(void)state;
	write_sheet("<worksheet><sheetData><row><c t='inlineStr'><is><t>school</t></is></c></row>"
		    "</sheetData></worksheet>",
		NULL);
	FILE *file = fopen(path, "r+b");
	static char data[65536];
	size_t len = fread(data, 1, sizeof data, file);
	char *at = memmem(data, len, "school", 6);
	assert_non_null(at);
	assert_int_equal(fseek(file, at - data, SEEK_SET), 0);
	assert_int_equal(fputc('S', file), 'S');
	assert_int_equal(fclose(file), 0);
	char *got = table_dump(path, NULL, NULL, NULL);
	assert_non_null(strstr(got, "!0:0 the workbook is damaged (xl/worksheets/sheet1.xml): CRC error"));
	free(got);
	assert_int_equal(truncate(path, (off_t)len - 30), 0);
	got = table_dump(path, NULL, NULL, NULL);
	assert_non_null(strstr(got, "!0:0 the workbook is damaged: "));
	free(got);
}

static void format_codes_are_classed(void **state)
{
	(void)state;
	static const struct {
		const char *code;
		enum xlsx_format want;
	} codes[] = {{"General", XLSX_GENERAL}, {"0", XLSX_GENERAL}, {"000", XLSX_ZEROS},
		{"dd.mm.yyyy", XLSX_DATE}, {"mmm-yy", XLSX_DATE}, {"m", XLSX_DATE},
		{"hh:mm", XLSX_TIME}, {"[h]:mm:ss", XLSX_TIME}, {"d.m h:mm", XLSX_DATE_TIME},
		{"#,##0 \"дней\"", XLSX_GENERAL}, {"[Red]0.00;[Blue]-0.00", XLSX_GENERAL},
		{"0.0%", XLSX_PERCENT}, {"\\d0", XLSX_GENERAL}, {"@", XLSX_GENERAL},
		{"\"unclosed", XLSX_GENERAL}, {"[unclosed", XLSX_GENERAL}, {"\\", XLSX_GENERAL}};
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
		struct xlsx_style got = xlsx_format_parse(codes[i].code);
		if (got.format != codes[i].want)
			fail_msg("%s: got %d, want %d", codes[i].code, got.format, codes[i].want);
	}
	static const struct {
		const char *value;
		enum xlsx_format format;
		bool since_1904;
		const char *want;
	} numbers[] = {{"1", XLSX_DATE, false, "01.01.1900"}, {"59", XLSX_DATE, false, "28.02.1900"},
		{"61", XLSX_DATE, false, "01.03.1900"}, {"36526", XLSX_DATE, false, "01.01.2000"},
		{"0", XLSX_DATE, true, "01.01.1904"}, {"2958465", XLSX_DATE, false, "31.12.9999"},
		{"1e300", XLSX_DATE, false, "1e+300"}, {"-1", XLSX_DATE, false, "-1"},
		{"45076.9999999", XLSX_DATE_TIME, false, "31.05.2023 00:00"},
		{"1.5", XLSX_TIME, false, "36:00"}, {"7.701234567E9", XLSX_GENERAL, false, "7701234567"},
		{"1.23456789012345E+20", XLSX_GENERAL, false, "123456789012345000000"},
		{"-0.00125", XLSX_GENERAL, false, "-0.00125"}, {"123.456", XLSX_GENERAL, false, "123.456"},
		{"0.5", XLSX_GENERAL, false, "0.5"}, {"0", XLSX_GENERAL, false, "0"}, {"100", XLSX_GENERAL, false, "100"},
		{"999999999999999.9", XLSX_GENERAL, false, "1000000000000000"}, {"1e21", XLSX_GENERAL, false, "1e+21"},
		{"0x10", XLSX_GENERAL, false, "16"}, {"nan", XLSX_GENERAL, false, "nan"}, {"x", XLSX_DATE, false, "x"}};
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		char got[XLSX_NUMBER_SIZE];
		xlsx_number(numbers[i].value, (struct xlsx_style){.format = numbers[i].format},
			numbers[i].since_1904, got);
		if (strcmp(got, numbers[i].want) != 0)
			fail_msg("%s: got %s, want %s", numbers[i].value, got, numbers[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_as_people_see_them),
		cmocka_unit_test(merged_cells_count_for_each_row),
		cmocka_unit_test(streamed_workbooks_have_inline_strings),
		cmocka_unit_test(odd_workbooks_are_read),
		cmocka_unit_test(other_zips_are_refused),
		cmocka_unit_test(a_sheet_that_is_not_there_is_said),
		cmocka_unit_test(bombs_do_not_go_off),
		cmocka_unit_test(unpacking_ends_at_the_limit),
		cmocka_unit_test(a_flipped_byte_is_found_by_the_checksum),
		cmocka_unit_test(format_codes_are_classed),
	};
	lang_set(LANG_EN);
	const char *folder = getenv("TMPDIR");
	(void)snprintf(path, sizeof path, "%s/vestnik-xlsx-%d.xlsx", folder != NULL ? folder : "/tmp",
		(int)getpid());
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)unlink(path);
	return failed;
}
