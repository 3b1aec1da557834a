/* The demo directory, and a workbook with the same cells: the second import
 * must find nothing to change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <xlsxwriter.h>

#include "base/ident.h"
#include "base/lang.h"
#include "calendar/calendar.h"
#include "directory/directory.h"
#include "support/scratch.h"

#define DEMO VESTNIK_SOURCE_DIR "/config/demo/schools.csv"

struct twin {
	lxw_worksheet *sheet;
	lxw_row_t row;
};

static int copy_row(void *arg, const struct table_row *row)
{
	struct twin *twin = arg;
	for (size_t i = 0; i < row->count; i++)
		if (row->cell[i][0] != '\0')
			worksheet_write_string(twin->sheet, twin->row, (lxw_col_t)i, row->cell[i], NULL);
	twin->row++;
	return 0;
}

static void import(struct db *db, const char *path, struct directory_import_result *result)
{
	struct problems problems = {0};
	struct error e;
	const struct directory_import_options options = {.path = path, .actor = "test"};
	if (directory_import(db, &options, result, &problems, &e) != 0 || problems.count > 0)
		fail_msg("%s: %s", path, problems.count > 0 ? problems.item[0].text : e.text);
}

static void demo_and_its_twin_are_the_same(void **state)
{
	(void)state;
	struct db *db;
	struct error e;
	struct directory_import_result result;
	struct problems problems = {0};
	const char *path = scratch_path("schools.xlsx");
	must(db_open(&db, scratch_store(), &e), &e);
	import(db, DEMO, &result);
	assert_int_equal(result.added, 110);
	assert_string_equal(result.facts.encoding, "WINDOWS-1251");
	assert_int_equal(result.facts.delimiter, ';');

	lxw_workbook *book = workbook_new(path);
	struct twin twin = {.sheet = workbook_add_worksheet(book, "Школы")};
	assert_int_equal(table_read(DEMO, NULL, NULL, copy_row, NULL, &twin, &problems), 0);
	assert_int_equal(workbook_close(book), LXW_NO_ERROR);
	import(db, path, &result);
	assert_int_equal(result.unchanged, 110);
	assert_string_equal(result.facts.sheet, "Школы");
	db_close(&db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(demo_and_its_twin_are_the_same)};
	lang_set(LANG_EN);
	ident_init();
	calendar_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
