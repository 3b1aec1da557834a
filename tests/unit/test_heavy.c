/* Of large reports two are made at once; small ones never wait. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "console/heavy.h"
#include "support/report_bed.h"
#include "support/scratch.h"

static enum heavy_answer begin(struct heavy *heavy, struct db *db, int64_t round)
{
	struct error e = {0};
	enum heavy_answer answer = heavy_begin(heavy, db, round, &e);
	if (answer == HEAVY_FAILED)
		fail_msg("%s", e.text);
	return answer;
}

static void two_large_reports_are_made_at_once(void **state)
{
	struct heavy first, second, third, small[3];
	struct error e = {0};
	struct db *db;
	(void)state;
	must(db_open(&db, scratch_store(), &e), &e);
	report_bed_fill(db);
	report_bed_sql(db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO ask"
			   " (campaign, round, organisation, place, state, opened_ms, updated_ms) SELECT 1, 1, 1000000 + i, '', 'open', 1, 1 FROM n");
	assert_int_equal(begin(&first, db, 1), HEAVY_GO);
	assert_int_equal(begin(&second, db, 0), HEAVY_GO);
	assert_int_equal(begin(&third, db, 1), HEAVY_BUSY);
	heavy_end(&third); /* took nothing, gives nothing back */
	assert_int_equal(begin(&third, db, 1), HEAVY_BUSY);
	for (int i = 0; i < 3; i++)
		assert_int_equal(begin(&small[i], db, REPORT_BED_ROUND), HEAVY_GO);
	for (int i = 0; i < 3; i++)
		heavy_end(&small[i]);
	assert_int_equal(begin(&third, db, 1), HEAVY_BUSY);
	heavy_end(&first);
	heavy_end(&first);
	assert_int_equal(begin(&third, db, 1), HEAVY_GO);
	assert_int_equal(begin(&first, db, 1), HEAVY_BUSY);
	heavy_end(&second);
	heavy_end(&third);
	db_close(&db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(two_large_reports_are_made_at_once)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
