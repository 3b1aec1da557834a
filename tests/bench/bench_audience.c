/* What a recipient costs the planner's expansion on this side: the audience of a
 * stored campaign in batches of 1000, with a condition on a table's figures.
 * Beside it the bare statement that reads the same rows. One JSON line; medians
 * of ROUNDS runs; the peak memory shows that batches are bounded. */
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
#include "calendar/calendar.h"
#include "campaign/campaign.h"
#include "store/db.h"
#include "store/schema.h"

#define ROUNDS 3
#define BATCH 1000

static void check(int rc, const struct error *e)
{
	if (rc == 0)
		return;
	fprintf(stderr, "bench_audience: %s\n", e->text);
	exit(1);
}

/* CPU time, not the wall clock: other work on the machine must not change the figure. */
static int64_t cpu_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

static int64_t organisations(void)
{
	const char *given = getenv("VESTNIK_BENCH_ORGANISATIONS");
	return given == NULL ? 100000 : atoll(given);
}

static void fill(struct db *db, int64_t count)
{
	struct error e = {0};
	char key[32], name[64], address[64], fields[96];
	for (int64_t i = 1; i <= count; i++) {
		if (i % 10000 == 1)
			check(db_begin(db, DB_WRITE, &e), &e);
		snprintf(key, sizeof key, "s%07lld", (long long)i);
		snprintf(name, sizeof name, "Школа № %lld", (long long)i);
		snprintf(address, sizeof address, "school-%07lld@example.org", (long long)i);
		snprintf(fields, sizeof fields, "{\"registered\":\"%lld\",\"date\":\"2023-05-12\"}",
			(long long)(i % 100));
		check(db_exec(db, &e,
			      "INSERT INTO organisation (id, key, kind, name, region, "
			      "municipality, revision, updated_ms) "
			      "VALUES ($1, $2, 'school', $3, 'Область', 'Район', 1, 0)",
			      "iss", i, key, name),
			&e);
		check(db_exec(db, &e,
			      "INSERT INTO contact (organisation, role, name, address, updated_ms) "
			      "VALUES ($1, 'coordinator', 'Координатор', $2, 0)",
			      "is", i, address),
			&e);
		check(db_exec(db, &e,
			      "INSERT INTO dataset_row (campaign, dataset, key, fields) VALUES (1, "
			      "'monitoring', $1, $2)",
			      "ss", key, fields),
			&e);
		if (i % 10000 == 0 || i == count)
			check(db_commit(db, DB_RELAXED, &e), &e);
	}
	check(db_exec(db, &e,
		      "INSERT INTO campaign (id, slug, kind, title, content_hash, definition, "
		      "sender, state, priority, created_ms) "
		      "VALUES (1, 'a', 'campaign', 't', 'h', $1, 'a@example.org', 'draft', 1, 0)",
		      "s",
		      "{\"slug\":\"a\",\"zone\":\"Europe/"
		      "Moscow\",\"audience\":{\"kinds\":[\"school\"],\"roles\":[\"coordinator\"],"
		      "\"where\":\"monitoring.registered < "
		      "90\"},\"datasets\":[{\"name\":\"monitoring\",\"missing\":\"error\","
		      "\"columns\":[\"registered\",\"date\"]}],\"send\":{\"local\":false}}"),
		&e);
}

static int count_one(void *arg, const struct campaign_recipient *recipient)
{
	(void)recipient;
	(*(int64_t *)arg)++;
	return 0;
}

static double walk(struct db *db, const struct campaign *campaign, int64_t *count)
{
	struct error e = {0};
	int64_t start = cpu_us(), after = 0;
	bool end = false;
	*count = 0;
	while (!end)
		check(campaign_audience_batch(
			      db, campaign, after, BATCH, &after, &end, count_one, count, &e),
			&e);
	return (double)(cpu_us() - start);
}

static double bare(struct db *db)
{
	struct error e = {0};
	struct db_stmt *stmt;
	int64_t start = cpu_us();
	check(db_query(db, &stmt, &e,
		      "SELECT o.id, o.key, o.name, o.extra, c.address, d.fields FROM organisation "
		      "o "
		      "JOIN contact c ON c.organisation = o.id "
		      "JOIN dataset_row d ON d.campaign = 1 AND d.dataset = 'monitoring' AND d.key "
		      "= o.key ORDER BY o.id",
		      ""),
		&e);
	while (db_step(stmt, &e) == DB_ROW)
		(void)db_text(stmt, 5);
	return (double)(cpu_us() - start);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static long peak_kb(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

int main(void)
{
	char folder[] = "/tmp/vestnik-bench-XXXXXX", url[80], command[80];
	struct error e = {0};
	struct db *db;
	struct campaign *campaign;
	double ours[ROUNDS], theirs[ROUNDS];
	int64_t n = organisations(), count = 0;
	lang_set(LANG_EN);
	log_init("bench_audience", LOG_LEVEL_WARN);
	ident_init();
	calendar_init();
	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(url, sizeof url, "sqlite:%s/store.db", folder);
	check(db_open(&db, url, &e), &e);
	check(schema_migrate(db, &e), &e);
	fill(db, n);
	check(campaign_load(db, 1, &campaign, &e), &e);
	long before = peak_kb();
	for (int i = 0; i < ROUNDS; i++) {
		ours[i] = walk(db, campaign, &count) / (double)n;
		theirs[i] = bare(db) / (double)n;
	}
	qsort(ours, ROUNDS, sizeof *ours, by_size);
	qsort(theirs, ROUNDS, sizeof *theirs, by_size);
	printf("{\"bench\":\"audience\",\"value\":%.2f,\"unit\":\"µs/"
	       "organisation\",\"organisations\":%lld,"
	       "\"recipients\":%lld,\"reference\":\"the bare "
	       "SELECT\",\"reference_value\":%.2f,\"ratio\":%.2f,"
	       "\"memory_growth_kb\":%ld}\n",
		ours[ROUNDS / 2], (long long)n, (long long)count, theirs[ROUNDS / 2],
		theirs[ROUNDS / 2] / ours[ROUNDS / 2], peak_kb() - before);
	campaign_free(&campaign);
	db_close(&db);
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}
