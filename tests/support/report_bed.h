/* A store with a campaign that asked a region: for the tests of reports and of case files. Two periods;
 * five schools and a municipal authority in two municipalities of one region and one of another. */
#ifndef VESTNIK_TESTS_REPORT_BED_H
#define VESTNIK_TESTS_REPORT_BED_H

#include "store/db.h"

#define REPORT_BED_SLUG "monitoring-2022"
#define REPORT_BED_CAMPAIGN 1
#define REPORT_BED_ROUND 2 /* round.id of the second period */

/* The store is migrated. */
void report_bed_fill(struct db *db);
/* Runs one statement without parameters; ends the program when it is refused. */
void report_bed_sql(struct db *db, const char *sql);

#endif
