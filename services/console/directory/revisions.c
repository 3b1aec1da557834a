/* /directory/revisions: what was imported and changed, by whom; /directory/export.csv: all of it, as a sheet. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "console/directory/part.h"
#include "directory/lookup.h"

#define ROWS 50

void page_directory_revisions(struct visit *visit)
{
	struct error e = {0};
	struct db_stmt *row;
	enum db_step step;
	int64_t before = INT64_MAX;
	(void)page_after(visit, &before, 1);
	if (db_query(visit->db, &row, &e,
		    "SELECT number, imported_ms, source, COALESCE(actor, ''), added, changed, unchanged, skipped"
		    " FROM directory_revision WHERE number < $1 ORDER BY number DESC LIMIT $2",
		    "ii", before, (int64_t)ROWS + 1) != 0) {
		console_error(visit, &e);
		return;
	}
	json_t *list = json_array();
	bool more = false;
	while ((step = db_step(row, &e)) == DB_ROW) {
		if (json_array_size(list) == ROWS) {
			more = true;
			db_reset(row);
			break;
		}
		before = db_int(row, 0);
		json_array_append_new(list,
			json_pack("{s:I, s:o, s:s, s:s, s:o, s:o, s:o, s:o}", "number", (json_int_t)before, "when",
				show_time(visit, db_int(row, 1)), "source", db_text(row, 2), "actor", db_text(row, 3), "added",
				show_number(db_int(row, 4)), "changed", show_number(db_int(row, 5)), "unchanged",
				show_number(db_int(row, 6)), "skipped", show_number(db_int(row, 7))));
	}
	if (step == DB_FAILED) {
		json_decref(list);
		console_error(visit, &e);
		return;
	}
	console_page(visit, 200, "directory_revisions",
		json_pack("{s:s, s:s, s:b, s:o, s:o}", "title", tr("What was imported", "Загрузки справочника"), "here", "directory",
			"any", json_array_size(list) > 0, "rows", list, "next", more ? page_next(visit, &before, 1) : json_null()));
}

void page_directory_export(struct visit *visit)
{
	struct error e = {0};
	int64_t organisations, left_out;
	FILE *file = tmpfile();
	int fd = -1;
	if (file == NULL) {
		error_errno(&e, "tmpfile");
		console_error(visit, &e);
		return;
	}
	if (lookup_export(visit->db, file, &organisations, &left_out, &e) != 0) {
		console_error(visit, &e);
	} else if (fflush(file) != 0 || (fd = dup(fileno(file))) < 0) {
		error_errno(&e, "export");
		console_error(visit, &e);
	} else {
		console_hand_out(visit, "directory.export", "directory:all", fd, (size_t)ftello(file),
			tr("directory.csv", "Справочник.csv"), "text/csv");
	}
	fclose(file);
}
