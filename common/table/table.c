#include "table/table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/lang.h"
#include "table/csv_reader.h"
#include "table/sink.h"
#include "table/xlsx.h"

#define MEMORY_PATH_SIZE 32 /* "/proc/self/fd/" and an int */

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

static int read_named(const char *path, const char *name, const struct table_options *options,
	struct table_facts *facts, int (*row)(void *arg, const struct table_row *row),
	void (*progress)(void *arg, int64_t bytes), void *arg, struct problems *problems)
{
	static const struct table_options defaults = {0};
	struct table_facts unused;
	struct sink sink = {
		.file = name, .problems = problems, .row = row, .progress = progress, .arg = arg};
	if (facts == NULL)
		facts = &unused;
	memset(facts, 0, sizeof *facts);
	sink_init(&sink);
	int rc = read_kind(
		kind_of(path, &sink), path, options != NULL ? options : &defaults, facts, &sink);
	sink_fini(&sink);
	return rc;
}

int table_read(const char *path, const struct table_options *options, struct table_facts *facts,
	int (*row)(void *arg, const struct table_row *row),
	void (*progress)(void *arg, int64_t bytes), void *arg, struct problems *problems)
{
	return read_named(path, path, options, facts, row, progress, arg, problems);
}

/* The readers want a file by its name: one that has none but a number. */
static int memory_file(const void *data, size_t len, char path[static MEMORY_PATH_SIZE])
{
	const char *bytes = data;
	int fd = memfd_create("table", MFD_CLOEXEC);
	for (size_t done = 0; fd >= 0 && done < len;) {
		ssize_t n = write(fd, bytes + done, len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			(void)close(fd);
			return -1;
		}
		done += (size_t)n;
	}
	(void)snprintf(path, MEMORY_PATH_SIZE, "/proc/self/fd/%d", fd);
	return fd;
}

int table_read_bytes(const void *data, size_t len, const char *name, const struct table_options *options,
	struct table_facts *facts, int (*row)(void *arg, const struct table_row *row), void *arg,
	struct problems *problems)
{
	char path[MEMORY_PATH_SIZE];
	int fd = memory_file(data, len, path);
	if (fd < 0) {
		problem_add(problems, PROBLEM_ERROR, (struct problem_place){.file = name}, NULL, "%s", strerror(errno));
		return -1;
	}
	int rc = read_named(path, name, options, facts, row, NULL, arg, problems);
	(void)close(fd);
	return rc;
}
