/* A report over ANSWERS answers: gathering (the store to facts) and each format. Beside it a plain
 * SELECT of the same rows in the same order, measured in the same run. One JSON line; medians of
 * ROUNDS runs; the peak memory shows that rows do not stay in it. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/ident.h"
#include "base/lang.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "report/gather.h"
#include "report/html.h"
#include "report/write.h"
#include "store/db.h"
#include "store/schema.h"

#define ROUNDS 3
#define MUNICIPALITIES 400

static void check(int rc, const struct error *e)
{
	if (rc == 0)
		return;
	fprintf(stderr, "bench_report: %s\n", e->text);
	exit(1);
}

/* CPU time, not the wall clock: other work on the machine must not change the figure. */
static double cpu_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static long peak_kb(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

static int64_t answers(void)
{
	const char *given = getenv("VESTNIK_BENCH_ANSWERS");
	return given == NULL ? 100000 : atoll(given);
}

static void put_organisation(struct db *db, int64_t i)
{
	struct error e = {0};
	char key[32], name[64], region[64], municipality[64], fields[200];
	snprintf(key, sizeof key, "s%07lld", (long long)i);
	snprintf(name, sizeof name, "Школа № %lld", (long long)i);
	snprintf(region, sizeof region, "Область %lld", (long long)(i % 20));
	snprintf(municipality, sizeof municipality, "Район %lld", (long long)(i % MUNICIPALITIES));
	snprintf(fields, sizeof fields, "{\"registered\":%lld,\"measures\":\"Совещание, объявления на сайтах, публикация\"}",
		(long long)(i % 100));
	check(db_exec(db, &e,
		      "INSERT INTO organisation (id, key, kind, name, region, municipality, revision, updated_ms)"
		      " VALUES ($1, $2, 'school', $3, $4, $5, 1, 0)", "issss", i, key, name, region, municipality), &e);
	check(db_exec(db, &e,
		      "INSERT INTO delivery (key, campaign, round, step, recipient, contact, address, fields, state, updated_ms)"
		      " VALUES ($1, 1, 1, 0, $1, $1, 'a@example.org', '{}', 5, 0)", "i", i), &e);
	check(db_exec(db, &e,
		      "INSERT INTO ask (id, campaign, round, organisation, place, state, answer, versions, opened_ms, updated_ms)"
		      " VALUES ($1, 1, 1, $1, 'Europe/Moscow', 'confirmed', $1, 1, 0, 0)", "i", i), &e);
	check(db_exec(db, &e,
		      "INSERT INTO answer (id, ask, version, way, state, fields, name, phone, received_ms, recorded_ms)"
		      " VALUES ($1, $1, 1, 'form', 'counts', $2, 'Секретарь', '+7 (000) 000-00-00', 1685350000000, 0)", "is", i,
		      fields), &e);
}

static void fill(struct db *db, int64_t count)
{
	struct error e = {0};
	check(db_exec(db, &e,
		      "INSERT INTO campaign (id, slug, kind, title, content_hash, definition, sender, state, priority, created_ms)"
		      " VALUES (1, 'a', 'campaign', 't', 'h', $1, 'a@example.org', 'running', 1, 0)", "s",
		      "{\"slug\":\"a\",\"zone\":\"Europe/Moscow\",\"lang\":\"ru\",\"ask\":{\"fields\":["
		      "{\"field\":\"registered\",\"label\":\"Зарегистрировано\",\"type\":\"count\"},"
		      "{\"field\":\"measures\",\"label\":\"Мероприятия\",\"type\":\"text\"}]}}"), &e);
	check(db_exec(db, &e, "INSERT INTO round (id, campaign, number, starts_ms, state) VALUES (1, 1, 1, 0, 'open')", ""), &e);
	for (int64_t i = 1; i <= count; i++) {
		if (i % 10000 == 1)
			check(db_begin(db, DB_WRITE, &e), &e);
		put_organisation(db, i);
		if (i % 10000 == 0 || i == count)
			check(db_commit(db, DB_RELAXED, &e), &e);
	}
}

static double bare(struct db *db)
{
	struct error e = {0};
	struct db_stmt *stmt;
	double start = cpu_ms();
	check(db_query(db, &stmt, &e,
		      "SELECT o.region, o.municipality, o.name, o.key, a.state, n.way, n.received_ms, n.name, n.phone, n.fields"
		      " FROM ask a JOIN organisation o ON o.id = a.organisation JOIN answer n ON n.id = a.answer"
		      " WHERE a.round = 1 ORDER BY o.region, o.municipality, o.name", ""), &e);
	while (db_step(stmt, &e) == DB_ROW)
		(void)db_text(stmt, 9);
	return cpu_ms() - start;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *all)
{
	qsort(all, ROUNDS, sizeof *all, by_size);
	return all[ROUNDS / 2];
}

struct figures {
	double gather[ROUNDS], xlsx[ROUNDS], csv[ROUNDS], html[ROUNDS], reference[ROUNDS];
};

static void measure(struct db *db, const char *folder, int round, struct figures *f)
{
	struct error e = {0};
	struct report_facts *facts;
	char *path = xasprintf("%s/report.xlsx", folder);
	double start = cpu_ms();
	check(gather_round(db, 1, 1, LANG_RU, 0, &facts, &e), &e);
	f->gather[round] = cpu_ms() - start;
	start = cpu_ms();
	check(xlsx_write(path, facts, &e), &e);
	f->xlsx[round] = cpu_ms() - start;
	FILE *null = fopen("/dev/null", "w");
	start = cpu_ms();
	csv_write(null, facts);
	f->csv[round] = cpu_ms() - start;
	start = cpu_ms();
	html_block(null, facts, &html_in_letter, true);
	f->html[round] = cpu_ms() - start;
	(void)fclose(null);
	f->reference[round] = bare(db);
	facts_free(&facts);
	free(path);
}

int main(void)
{
	char folder[] = "/tmp/vestnik-bench-XXXXXX", url[80], command[80];
	struct error e = {0};
	struct db *db;
	struct figures f;
	int64_t n = answers();
	lang_set(LANG_RU);
	log_init("bench_report", LOG_LEVEL_WARN);
	ident_init();
	calendar_init();
	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(url, sizeof url, "sqlite:%s/store.db", folder);
	check(db_open(&db, url, &e), &e);
	check(schema_migrate(db, &e), &e);
	fill(db, n);
	long before = peak_kb();
	for (int i = 0; i < ROUNDS; i++)
		measure(db, folder, i, &f);
	double gather = median(f.gather), html = median(f.html), reference = median(f.reference);
	printf("{\"bench\":\"report\",\"value\":%.0f,\"unit\":\"ms\",\"answers\":%lld,\"gather_ms\":%.0f,\"html_ms\":%.0f,"
	       "\"csv_ms\":%.0f,\"xlsx_ms\":%.0f,\"reference\":\"the plain SELECT of the same rows\",\"reference_value\":%.0f,"
	       "\"ratio\":%.2f,\"memory_growth_kb\":%ld}\n",
		gather + html, (long long)n, gather, html, median(f.csv), median(f.xlsx), reference,
		reference / (gather + html), peak_kb() - before);
	db_close(&db);
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}
