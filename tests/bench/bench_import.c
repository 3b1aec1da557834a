/* A directory of 100,000 organisations: read alone (the reference), imported
 * into an empty store, again unchanged, and with every hundredth row changed.
 * One JSON line each, medians of RUNS runs. $VESTNIK_BENCH_ROWS changes the size. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ident.h"
#include "base/log.h"
#include "calendar/calendar.h"
#include "directory/directory.h"
#include "store/schema.h"

#define RUNS 3
#define ROWS_DEFAULT 100000

static char folder[] = "/tmp/vestnik-bench-XXXXXX";

static void die(const char *what, const char *why)
{
	(void)fprintf(stderr, "%s: %s\n", what, why);
	exit(1);
}

static const char *path_of(const char *name)
{
	static char path[4][256];
	static int next;
	next = (next + 1) % 4;
	(void)snprintf(path[next], sizeof path[next], "%s/%s", folder, name);
	return path[next];
}

static void write_sheet(const char *path, long rows, const char *changed)
{
	FILE *file = fopen(path, "we");
	if (file == NULL)
		die(path, "cannot be written");
	(void)fputs("Ключ;Наименование;Вид;Регион;Район;Часовой пояс;Вышестоящая;E-mail;ФИО;Телефон;Учеников\n", file);
	for (long i = 0; i < rows; i++) {
		char parent[32] = "";
		if (i >= 1000)
			(void)snprintf(parent, sizeof parent, "77%08ld", i % 1000);
		(void)fprintf(file,
			"77%08ld;\"Школа \"\"Радуга\"\" № %ld%s\";%s;Регион %ld;Район %ld;МСК+%ld;%s;"
			"school%ld@example.org;И. О. Фамилия;+7 (000) 000-00-00;%ld\n",
			i, i, i % 100 == 50 ? changed : "", i < 1000 ? "МОУО" : "школа", i % 80, i % 1000,
			i % 10, parent, i, i % 900);
	}
	if (fclose(file) != 0)
		die(path, "cannot be written");
}

static int ignore_row(void *arg, const struct table_row *row)
{
	(void)row;
	++*(long *)arg;
	return 0;
}

static double read_seconds(const char *path)
{
	long rows = 0;
	struct problems problems = {0};
	int64_t start = clock_mono_us();
	if (table_read(path, NULL, NULL, ignore_row, NULL, &rows, &problems) != 0)
		die(path, problems.item[0].text);
	problems_fini(&problems);
	return (double)(clock_mono_us() - start) / 1e6;
}

/* Of this process so far: other programs on the machine do not count. */
static double cpu_seconds(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double import_seconds(struct db *db, const char *path, double *cpu)
{
	double cpu_before = cpu_seconds();
	struct directory_import_options options = {.path = path, .actor = "bench"};
	struct directory_import_result result;
	struct problems problems = {0};
	struct error e = {0};
	int64_t start = clock_mono_us();
	if (directory_import(db, &options, &result, &problems, &e) != 0)
		die(path, problems.count > 0 ? problems.item[0].text : e.text);
	problems_fini(&problems);
	*cpu = cpu_seconds() - cpu_before;
	return (double)(clock_mono_us() - start) / 1e6;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void print(const char *name, long rows, double seconds[RUNS], double cpu[RUNS],
	double reference[RUNS])
{
	struct rusage usage;
	qsort(seconds, RUNS, sizeof *seconds, compare);
	qsort(cpu, RUNS, sizeof *cpu, compare);
	qsort(reference, RUNS, sizeof *reference, compare);
	double value = (double)rows / seconds[RUNS / 2], read = (double)rows / reference[RUNS / 2];
	(void)getrusage(RUSAGE_SELF, &usage);
	(void)printf("{\"bench\":\"%s\",\"value\":%.0f,\"unit\":\"rows/s\",\"reference\":\"reading the sheet alone\","
		     "\"reference_value\":%.0f,\"ratio\":%.3f,\"rows\":%ld,\"seconds\":%.2f,\"cpu_seconds\":%.2f,\"peak_rss_mb\":%ld}\n",
		name, value, read, value / read, rows, seconds[RUNS / 2], cpu[RUNS / 2], usage.ru_maxrss / 1024);
}

int main(void)
{
	const char *wanted = getenv("VESTNIK_BENCH_ROWS");
	long rows = wanted != NULL ? strtol(wanted, NULL, 10) : ROWS_DEFAULT;
	double reads[RUNS], first[RUNS], same[RUNS], some[RUNS];
	double first_cpu[RUNS], same_cpu[RUNS], some_cpu[RUNS];
	log_init("bench", LOG_LEVEL_ERROR);
	ident_init();
	calendar_init();
	if (mkdtemp(folder) == NULL)
		die(folder, "cannot be made");
	const char *sheet = path_of("schools.csv"), *other = path_of("changed.csv");
	write_sheet(sheet, rows, "");
	write_sheet(other, rows, " (филиал)");
	for (int run = 0; run < RUNS; run++) {
		struct db *db = NULL;
		struct error e;
		char url[300];
		(void)snprintf(url, sizeof url, "sqlite:%s/store-%d.db", folder, run);
		if (db_open(&db, url, &e) != 0 || schema_migrate(db, &e) != 0)
			die(url, e.text);
		reads[run] = read_seconds(sheet);
		first[run] = import_seconds(db, sheet, &first_cpu[run]);
		same[run] = import_seconds(db, sheet, &same_cpu[run]);
		some[run] = import_seconds(db, other, &some_cpu[run]);
		db_close(&db);
	}
	print("import-first", rows, first, first_cpu, reads);
	print("import-unchanged", rows, same, same_cpu, reads);
	print("import-one-percent", rows, some, some_cpu, reads);
	char file[300];
	static const char *const names[] = {"schools.csv", "changed.csv"};
	for (size_t i = 0; i < 2; i++)
		(void)unlink(path_of(names[i]));
	for (int run = 0; run < RUNS; run++) {
		static const char *const ends[] = {"", "-wal", "-shm"};
		for (size_t i = 0; i < 3; i++) {
			(void)snprintf(file, sizeof file, "%s/store-%d.db%s", folder, run, ends[i]);
			(void)unlink(file);
		}
	}
	return rmdir(folder) == 0 ? 0 : 1;
}
