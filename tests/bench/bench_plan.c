/* Recipients a second from the launch task on the bus to `waiting` rows, at 10 k, 100 k and 1 M; it
 * should be flat. The reference writes the same rows with nothing around them. Everything is the
 * real thing but the mailers, who are not there: the line fills to its least and stays.
 *
 *   bench_plan [runs [recipients …]]      BENCH_DIR: where the store is made, default /tmp */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
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

static void put_launch(struct bench_bed *b)
{
	struct error e = {0};
	struct buf text;
	static const char definition[] =
		"{\"slug\":\"plan\",\"title\":\"plan\",\"zone\":\"Europe/Moscow\",\"lang\":\"ru\","
		"\"from\":{\"name\":\"M\",\"address\":\"outreach@ministry.example.org\"},\"contacts\":[],"
		"\"audience\":{\"kinds\":[\"school\"],\"roles\":[\"coordinator\"]},\"datasets\":[],"
		"\"steps\":[{\"step\":0,\"kind\":\"first\",\"letter\":\"first\"}],"
		"\"send\":{\"local\":false,\"open_minute\":0,\"close_minute\":0},\"may_leave\":false,\"hold\":false}";
	bench_must(b, db_exec(b->db, &e,
		     "INSERT INTO campaign (slug, kind, title, content_hash, definition, sender, state, priority,"
		     " created_ms) VALUES ('plan', 'campaign', 'plan', $1, $2, 'outreach@ministry.example.org',"
		     " 'draft', 1, 0)",
		     "ss", HASH, definition),
		&e);
	buf_init(&text, 4096);
	json_t *data = json_pack("{s:s,s:s}", "campaign", "plan", "content_hash", HASH);
	bench_must(b, task_write(TASK_CAMPAIGN_LAUNCH, "bench", "1", clock_now_ms(), data, &text), &e);
	json_decref(data);
	struct bus_message message = {.topic = BUS_TASKS, .content_type = "application/cloudevents+json",
		.data = text.data, .len = text.len};
	bench_must(b, bus_publish(b->bus, &message, 1, &e), &e);
	buf_fini(&text);
}

static double plan(struct bench_bed *b, int64_t n)
{
	struct error e = {0};
	struct planner *planner;
	struct planner_config config = {.db = b->db, .bus = b->bus, .settings = b->settings, .instance = "bench"};
	bench_must(b, planner_open(&planner, &config, &e), &e);
	bench_must(b, planner_step(planner, 0, &e), &e);
	int64_t start_us = clock_mono_us();
	put_launch(b);
	struct planner_totals totals;
	do {
		bench_must(b, planner_step(planner, 100, &e), &e);
		planner_totals(planner, &totals);
	} while (totals.expanded < n);
	double seconds = (double)(clock_mono_us() - start_us) / 1e6;
	planner_close(&planner);
	return (double)n / seconds;
}

/* The same rows in the same batches. */
static double bare(struct bench_bed *b, int64_t n)
{
	struct error e = {0};
	static const char fields[] = "{\"recipient\":{\"key\":\"s0000001\",\"name\":\"Школа № 1\",\"kind\":\"school\","
				     "\"region\":\"Область\",\"municipality\":\"Район\"},\"contact\":{\"name\":"
				     "\"Директор школы\",\"position\":\"\",\"role\":\"coordinator\"}}";
	static struct delivery_new d[BATCH];
	static struct schedule_new s[BATCH];
	static char address[BATCH][64];
	static bool inserted[BATCH];
	int64_t start_us = clock_mono_us();
	for (int64_t i = 0; i < n; i += BATCH) {
		size_t count = n - i < BATCH ? (size_t)(n - i) : BATCH;
		for (size_t r = 0; r < count; r++) {
			int64_t key = i + (int64_t)r + 1;
			snprintf(address[r], sizeof address[r], "school-%lld@d%lld.example.org", (long long)key,
				(long long)key % 50);
			d[r] = (struct delivery_new){.key = key, .campaign = 1, .round = 1, .recipient = key,
				.contact = key, .address = address[r], .fields = fields,
				.not_after_ms = TIME_NEVER_MS};
			s[r] = (struct schedule_new){.key = key, .campaign = 1, .priority = 1, .address = address[r]};
		}
		bench_must(b, db_begin(b->db, DB_WRITE, &e), &e);
		bench_must(b, delivery_insert_all(b->db, d, count, inserted, &e), &e);
		bench_must(b, schedule_insert_all(b->db, s, count, &e), &e);
		bench_must(b, db_commit(b->db, DB_RELAXED, &e), &e);
	}
	return (double)n * 1e6 / (double)(clock_mono_us() - start_us);
}

struct figures {
	double value, reference;
	double cpu_us; /* a recipient, all threads: what the machine's other load does not change */
	long rss_kb;
};

static double cpu_us(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
		(double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* In a process of its own, so that its memory is its own. */
static struct figures run(int64_t n)
{
	struct figures f = {0};
	int pipe_fd[2];
	if (pipe(pipe_fd) != 0)
		exit(1);
	pid_t pid = fork();
	if (pid == 0) {
		struct bench_bed b = {0};
		struct rusage usage;
		bench_open(&b, "bench_plan");
		bench_schools(&b, n);
		double before_us = cpu_us();
		f.value = plan(&b, n);
		f.cpu_us = (cpu_us() - before_us) / (double)n;
		getrusage(RUSAGE_SELF, &usage);
		f.rss_kb = usage.ru_maxrss;
		bench_close(&b);
		memset(&b, 0, sizeof b);
		bench_open(&b, "bench_plan");
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
	static const int64_t standard[] = {10000, 100000, 1000000};
	int runs = argc > 1 ? atoi(argv[1]) : 3;
	int sizes = argc > 2 ? argc - 2 : 3;
	if (runs < 1)
		runs = 1;
	ident_init();
	calendar_init();
	log_init("bench", LOG_LEVEL_ERROR);
	for (int i = 0; i < sizes; i++) {
		int64_t n = argc > 2 ? atoll(argv[2 + i]) : standard[i];
		struct figures *f = xcalloc((size_t)runs, sizeof *f);
		for (int r = 0; r < runs; r++)
			f[r] = run(n);
		qsort(f, (size_t)runs, sizeof *f, by_value);
		const struct figures *m = &f[runs / 2];
		printf("{\"bench\":\"plan\",\"recipients\":%lld,\"value\":%.0f,\"unit\":\"recipients/s\","
		       "\"reference\":\"bare inserts\",\"reference_value\":%.0f,\"ratio\":%.2f,\"cpu_us\":%.1f,\"peak_rss_mb\":%.1f}\n",
			(long long)n, m->value, m->reference, m->value / m->reference, m->cpu_us,
			(double)m->rss_kb / 1024);
		fflush(stdout);
		free(f);
	}
	return 0;
}
