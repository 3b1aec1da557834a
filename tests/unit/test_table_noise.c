/* Damaged files: whatever the bytes, table_read returns and says something true
 * about itself (an error exactly when it returns -1). Random, with a printed
 * seed; $VESTNIK_TEST_SEED repeats a run. */
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

#include "base/lang.h"
#include "support/scratch.h"
#include "table/table.h"
#include "table_dump.h"

#define CSV_ROUNDS 3000
#define XLSX_ROUNDS 400
#define FILE_MAX (256 * 1024)

static size_t read_file(const char *path, char *data)
{
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	size_t len = fread(data, 1, FILE_MAX, file);
	assert_int_equal(fclose(file), 0);
	return len;
}

/* A few bytes changed, cut, doubled. */
static size_t damage(char *data, size_t len)
{
	static const char telling[] = "\"\";,\t\n\r\0\xd0\xff\xfe<>&/=!";
	for (unsigned n = 1 + scratch_random() % 8; n > 0 && len > 1; n--) {
		size_t at = scratch_random() % len;
		switch (scratch_random() % 4) {
		case 0:
			data[at] = (char)scratch_random();
			break;
		case 1:
			data[at] = telling[scratch_random() % (sizeof telling - 1)];
			break;
		case 2:
			len -= scratch_random() % (len - at);
			break;
		default:
			if (len + (len - at) < FILE_MAX) {
				memmove(data + at + (len - at), data + at, len - at);
				len += len - at;
			}
		}
	}
	return len;
}

static int check_row(void *arg, const struct table_row *row)
{
	(void)arg;
	assert_true(row->count > 0 && row->count <= TABLE_COLUMNS_MAX);
	for (size_t i = 0; i < row->count; i++)
		assert_true(strlen(row->cell[i]) <= TABLE_CELL_MAX_BYTES);
	return 0;
}

static void read_damaged(const char *path)
{
	struct problems problems = {0};
	int rc = table_read(path, NULL, NULL, check_row, NULL, NULL, &problems);
	if (rc != 0 && problems.errors == 0)
		fail_msg("got -1 without a problem");
	problems_fini(&problems);
}

static void damaged_csv_is_survived(void **state)
{
	static char seed[FILE_MAX], data[FILE_MAX];
	(void)state;
	size_t len = read_file(VESTNIK_SOURCE_DIR "/config/demo/schools.csv", seed);
	len = len < 3000 ? len : 3000;
	for (int i = 0; i < CSV_ROUNDS; i++) {
		memcpy(data, seed, len);
		read_damaged(table_dump_file(data, damage(data, len)));
	}
}

/* The parts are damaged before they are packed, so that the checksums are right. */
static void damaged_workbooks_are_survived(void **state)
{
	static const char *const names[] = {"_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels",
		"xl/styles.xml", "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"};
	static char part[6][FILE_MAX], data[FILE_MAX];
	size_t len[6];
	int code;
	(void)state;
	const char *whole = scratch_path("whole.xlsx"), *path = scratch_path("damaged.xlsx");
	lxw_workbook *book = workbook_new(whole);
	lxw_worksheet *sheet = workbook_add_worksheet(book, NULL);
	lxw_format *date = workbook_add_format(book);
	format_set_num_format(date, "dd.mm.yyyy");
	for (lxw_row_t row = 0; row < 20; row++) {
		worksheet_write_string(sheet, row, 0, "Школа", NULL);
		worksheet_write_number(sheet, row, 1, 45000 + row, date);
	}
	worksheet_merge_range(sheet, 21, 0, 25, 1, "x", NULL);
	assert_int_equal(workbook_close(book), LXW_NO_ERROR);
	zip_t *zip = zip_open(whole, ZIP_RDONLY, &code);
	for (size_t i = 0; i < 6; i++) {
		zip_file_t *file = zip_fopen(zip, names[i], 0);
		assert_non_null(file);
		len[i] = (size_t)zip_fread(file, part[i], FILE_MAX);
		(void)zip_fclose(file);
	}
	zip_discard(zip);
	for (int round = 0; round < XLSX_ROUNDS; round++) {
		size_t chosen = scratch_random() % 6;
		memcpy(data, part[chosen], len[chosen]);
		size_t damaged = damage(data, len[chosen]);
		zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &code);
		for (size_t i = 0; i < 6; i++) {
			const char *bytes = i == chosen ? data : part[i];
			zip_source_t *source =
				zip_source_buffer(zip, bytes, i == chosen ? damaged : len[i], 0);
			assert_true(zip_file_add(zip, names[i], source, 0) >= 0);
		}
		assert_int_equal(zip_close(zip), 0);
		read_damaged(path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(damaged_csv_is_survived),
		cmocka_unit_test(damaged_workbooks_are_survived),
	};
	lang_set(LANG_EN);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)unlink(table_dump_file("", 0));
	return failed;
}
