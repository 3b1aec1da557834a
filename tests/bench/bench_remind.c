/* A reminder step: seconds from the moment it is due until every silent recipient has its letter
 * waiting, at 100 k (and others as asked). The reference inserts as many delivery and schedule rows
 * with nothing around them. One process, no mailers.
 *
 *   bench_remind [runs [recipients …]]      BENCH_DIR: where the store is made, default /tmp */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ident.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "bus/bus.h"
#include "calendar/calendar.h"
#include "message/task.h"
#include "planner/planner.h"
#include "store/delivery.h"
#include "store/schedule.h"
#include "support/bench_bed.h"

#define HASH "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define BATCH 1000
#define LAUNCH_MS INT64_C(1684130400000)   /* 15 May 2023, 09:00 in Moscow */
#define REMINDER_MS INT64_C(1685080800000) /* 26 May, 09:00 */

static int64_t now_ms = LAUNCH_MS;

static int64_t wall(void *arg)
{
	(void)arg;
	return now_ms;
}

static int64_t mono(void *arg)
{
	(void)arg;
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void put_launch(struct bench_bed *b)
{
	struct error e = {0};
	struct buf text;
	static const char definition[] =
		"{\"slug\":\"remind\",\"title\":\"remind\",\"zone\":\"Europe/Moscow\",\"lang\":\"ru\","
		"\"from\":{\"name\":\"M\",\"address\":\"outreach@ministry.example.org\"},\"contacts\":[],"
		"\"audience\":{\"kinds\":[\"school\"],\"roles\":[\"coordinator\"]},\"datasets\":[],"
		"\"steps\":[{\"step\":0,\"kind\":\"first\",\"letter\":\"first\"}],"
		"\"ask\":{\"verb\":\"просим\",\"fields\":[]},"
		"\"rounds\":[{\"number\":1,\"draft\":false,\"ask\":true,\"first\":0,\"remind\":[{\"step\":1,\"before\":\"-4d\"}],"
		"\"deadline\":{\"asked\":\"2023-05-30\",\"day\":\"2023-05-30\",\"minute\":1080,\"at_ms\":1685458800000,"
		"\"zone\":\"Europe/Moscow\"}}],"
		"\"send\":{\"local\":false,\"open_minute\":0,\"close_minute\":0},\"may_leave\":false,\"hold\":false}";
	bench_must(b, db_exec(b->db, &e,
		     "INSERT INTO campaign (slug, kind, title, content_hash, definition, sender, state, priority,"
		     " created_ms) VALUES ('remind', 'campaign', 'remind', $1, $2, 'outreach@ministry.example.org',"
		     " 'draft', 1, 0)",
		     "ss", HASH, definition),
		&e);
	buf_init(&text, 4096);
	json_t *data = json_pack("{s:s,s:s}", "campaign", "remind", "content_hash", HASH);
	bench_must(b, task_write(TASK_CAMPAIGN_LAUNCH, "bench", "1", clock_now_ms(), data, &text), &e);
	json_decref(data);
	struct bus_message message = {.topic = BUS_TASKS, .content_type = "application/cloudevents+json",
		.data = text.data, .len = text.len};
	bench_must(b, bus_publish(b->bus, &message, 1, &e), &e);
	buf_fini(&text);
}

static int64_t value_of(struct bench_bed *b, const char *sql)
{
	struct error e = {0};
	int64_t value = 0;
	bench_must(b, db_query_int(b->db, &value, &e, sql, "") == DB_FAILED ? -1 : 0, &e);
	return value;
}

/* Launched, written out, and the first letters gone long ago. */
static void prepare(struct bench_bed *b, struct planner *planner, int64_t n)
{
	struct error e = {0};
	put_launch(b);
	while (value_of(b, "SELECT count(*) FROM expand WHERE done = 1") == 0)
		bench_must(b, planner_step(planner, 10, &e), &e);
	if (value_of(b, "SELECT count(*) FROM ask WHERE state = 'open'") != n)
		bench_must(b, error_set(&e, ERROR_INTERNAL, "the asks are not there"), &e);
	bench_must(b, db_exec(b->db, &e, "UPDATE delivery SET state = 5, dispatch = 1", ""), &e);
	bench_must(b, db_exec(b->db, &e, "DELETE FROM schedule", ""), &e);
	bench_must(b, db_exec(b->db, &e, "UPDATE counter SET state = 5", ""), &e);
}

/* All threads: what the machine's other load does not change. */
static double cpu_s(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
		(double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static double remind(struct bench_bed *b, int64_t n, double *cpu)
{
	struct error e = {0};
	struct planner *planner;
	struct planner_config config = {.db = b->db, .bus = b->bus, .settings = b->settings, .instance = "bench"};
	bench_must(b, planner_open(&planner, &config, &e), &e);
	prepare(b, planner, n);
	struct planner_totals totals;
	now_ms = REMINDER_MS;
	int64_t start_us = clock_mono_us();
	double before_s = cpu_s();
	do {
		bench_must(b, planner_step(planner, 10, &e), &e);
		planner_totals(planner, &totals);
	} while (totals.reminded < n);
	double seconds = (double)(clock_mono_us() - start_us) / 1e6;
	*cpu = cpu_s() - before_s;
	bench_must(b, planner_step(planner, 10, &e), &e);
	if (value_of(b, "SELECT count(*) FROM delivery WHERE step = 1 AND reminds IS NOT NULL") != n ||
		value_of(b, "SELECT count(*) FROM schedule") != n)
		bench_must(b, error_set(&e, ERROR_INTERNAL, "not every recipient is reminded"), &e);
	planner_close(&planner);
	return seconds;
}

/* As many rows, as long as those, in the same batches. */
static double bare(struct bench_bed *b, int64_t n)
{
	struct error e = {0};
	char *fields = NULL;
	struct db_stmt *stmt;
	bench_must(b, db_query(b->db, &stmt, &e, "SELECT fields FROM delivery WHERE step = 1 LIMIT 1", ""), &e);
	if (db_step(stmt, &e) == DB_ROW)
		fields = xstrdup(db_text(stmt, 0));
	db_reset(stmt);
	static struct delivery_new d[BATCH];
	static struct schedule_new s[BATCH];
	static char address[BATCH][64];
	static bool inserted[BATCH];
	int64_t start_us = clock_mono_us();
	for (int64_t i = 0; i < n; i += BATCH) {
		size_t count = n - i < BATCH ? (size_t)(n - i) : BATCH;
		for (size_t r = 0; r < count; r++) {
			int64_t key = 2 * n + i + (int64_t)r + 1;
			snprintf(address[r], sizeof address[r], "school-%lld@d%lld.example.org", (long long)key,
				(long long)key % 50);
			d[r] = (struct delivery_new){.key = key, .campaign = 1, .round = 1, .step = 2, .recipient = i + (int64_t)r + 1,
				.contact = i + (int64_t)r + 1, .address = address[r], .fields = fields, .reminds = key,
				.not_after_ms = TIME_NEVER_MS};
			s[r] = (struct schedule_new){.key = key, .campaign = 1, .priority = 1, .address = address[r]};
		}
		bench_must(b, db_begin(b->db, DB_WRITE, &e), &e);
		bench_must(b, delivery_insert_all(b->db, d, count, inserted, &e), &e);
		bench_must(b, schedule_insert_all(b->db, s, count, &e), &e);
		bench_must(b, db_commit(b->db, DB_RELAXED, &e), &e);
	}
	free(fields);
	return (double)(clock_mono_us() - start_us) / 1e6;
}

struct figures {
	double value, cpu, reference;
};

static struct figures run(int64_t n)
{
	struct figures f = {0};
	int pipe_fd[2];
	if (pipe(pipe_fd) != 0)
		exit(1);
	pid_t pid = fork();
	if (pid == 0) {
		struct bench_bed b = {0};
		bench_open(&b, "bench_remind");
		bench_schools(&b, n);
		f.value = remind(&b, n, &f.cpu);
		f.reference = bare(&b, n);
		bench_close(&b);
		_exit(write(pipe_fd[1], &f, sizeof f) == sizeof f ? 0 : 1);
	}
	close(pipe_fd[1]);
	if (read(pipe_fd[0], &f, sizeof f) != sizeof f)
		exit(1);
	close(pipe_fd[0]);
	waitpid(pid, NULL, 0);
	return f;
}

static int by_value(const void *a, const void *b)
{
	const struct figures *x = a, *y = b;
	return x->value < y->value ? -1 : x->value > y->value;
}

int main(int argc, char **argv)
{
	static const int64_t standard[] = {100000};
	int runs = argc > 1 ? atoi(argv[1]) : 3;
	int sizes = argc > 2 ? argc - 2 : 1;
	if (runs < 1)
		runs = 1;
	ident_init();
	calendar_init();
	log_init("bench", LOG_LEVEL_ERROR);
	clock_set_source(wall, mono, NULL);
	for (int i = 0; i < sizes; i++) {
		int64_t n = argc > 2 ? atoll(argv[2 + i]) : standard[i];
		struct figures *f = xcalloc((size_t)runs, sizeof *f);
		for (int r = 0; r < runs; r++) {
			now_ms = LAUNCH_MS;
			f[r] = run(n);
		}
		qsort(f, (size_t)runs, sizeof *f, by_value);
		const struct figures *m = &f[runs / 2];
		printf("{\"bench\":\"remind\",\"recipients\":%lld,\"value\":%.2f,\"unit\":\"s\",\"cpu_s\":%.2f,\"reference\":\"bare inserts\","
		       "\"reference_value\":%.2f,\"ratio\":%.2f}\n",
			(long long)n, m->value, m->cpu, m->reference, m->value / m->reference);
		fflush(stdout);
		free(f);
	}
	return 0;
}
