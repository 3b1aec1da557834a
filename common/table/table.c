#include "table/table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/lang.h"
#include "table/csv_reader.h"
#include "table/sink.h"
#include "table/xlsx.h"

enum file_kind { FILE_TEXT, FILE_ZIP, FILE_OLD_EXCEL, FILE_PDF, FILE_UNREADABLE };

/* By its first bytes: names lie. */
static enum file_kind kind_of(const char *path, struct sink *sink)
{
	unsigned char head[8] = {0};
	struct stat st;
	FILE *file = fopen(path, "rbe");
	if (file == NULL || fstat(fileno(file), &st) != 0 || !S_ISREG(st.st_mode)) {
		sink_problem(sink, 0, 0, NULL, "%s",
			file == NULL ? strerror(errno)
				     : tr("this is not a file", "это не файл"));
		if (file != NULL)
			(void)fclose(file);
		return FILE_UNREADABLE;
	}
	size_t n = fread(head, 1, sizeof head, file);
	(void)fclose(file);
	if (n >= 4 && memcmp(head, "PK\x03\x04", 4) == 0)
		return FILE_ZIP;
	if (n == 8 && memcmp(head, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8) == 0)
		return FILE_OLD_EXCEL;
	if (n >= 5 && memcmp(head, "%PDF-", 5) == 0)
		return FILE_PDF;
	return FILE_TEXT;
}

static int read_kind(enum file_kind kind, const char *path, const struct table_options *options,
	struct table_facts *facts, struct sink *sink)
{
	switch (kind) {
	case FILE_ZIP:
		return xlsx_read(path, options, facts, sink);
	case FILE_TEXT:
		return csv_read(path, options, facts, sink);
	case FILE_OLD_EXCEL:
		sink_problem(sink, 0, 0,
			tr("open it in Excel and save it as «Excel workbook (.xlsx)», without a password",
				"откройте файл в Excel и сохраните как «Книга Excel (.xlsx)», без пароля"),
			tr("an old .xls workbook, or one protected by a password",
				"старая книга .xls или книга, защищённая паролем"));
		return -1;
	case FILE_PDF:
		sink_problem(sink, 0, 0,
			tr("give the table as .xlsx or .csv", "нужна таблица .xlsx или .csv"),
			tr("a PDF, not a table", "это PDF, а не таблица"));
		return -1;
	case FILE_UNREADABLE:
		break;
	}
	return -1;
}

int table_read(const char *path, const struct table_options *options, struct table_facts *facts,
	int (*row)(void *arg, const struct table_row *row),
	void (*progress)(void *arg, int64_t bytes), void *arg, struct problems *problems)
{
	static const struct table_options defaults = {0};
	struct table_facts unused;
	struct sink sink = {
		.file = path, .problems = problems, .row = row, .progress = progress, .arg = arg};
	if (facts == NULL)
		facts = &unused;
	memset(facts, 0, sizeof *facts);
	sink_init(&sink);
	int rc = read_kind(
		kind_of(path, &sink), path, options != NULL ? options : &defaults, facts, &sink);
	sink_fini(&sink);
	return rc;
}
