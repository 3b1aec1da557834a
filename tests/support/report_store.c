/* report_store URL: a store with the campaign of report_bed.h, for tests of the commands. */
#include <stdio.h>

#include "base/log.h"
#include "store/schema.h"
#include "support/report_bed.h"

int main(int argc, char **argv)
{
	struct error e = {0};
	struct db *db;
	log_init("report_store", LOG_LEVEL_WARN);
	if (argc != 2 || db_open(&db, argv[1], &e) != 0 || schema_migrate(db, &e) != 0) {
		fprintf(stderr, "report_store: %s\n", e.text);
		return 1;
	}
	report_bed_fill(db);
	db_close(&db);
	return 0;
}
