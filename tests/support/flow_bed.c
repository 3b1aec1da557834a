#include "flow_bed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/ident.h"
#include "base/log.h"
#include "base/problem.h"
#include "base/xalloc.h"
#include "store/delivery.h"
#include "store/schedule.h"
#include "store/schema.h"

static int64_t wall(void *arg)
{
	return ((struct flow_bed *)arg)->now_ms;
}

static int64_t mono(void *arg)
{
	(void)arg;
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

void flow_ok(int rc, const struct error *e)
{
	if (rc < 0)
		fail_msg("%s: %s", error_code_name(e->code), e->text);
}

void flow_bed_open(struct flow_bed *bed)
{
	struct error e = {0};
	memset(bed, 0, sizeof *bed);
	ident_init();
	log_init("test", LOG_LEVEL_ERROR);
	strcpy(bed->folder, "/tmp/vestnik-flow-XXXXXX");
	assert_non_null(mkdtemp(bed->folder));
	bed->url = xasprintf("sqlite:%s/vestnik.db", bed->folder);
	flow_ok(db_open(&bed->db, bed->url, &e), &e);
	flow_ok(schema_migrate(bed->db, &e), &e);
	struct bus_config config = {.url = "embedded", .store_url = bed->url, .client_id = "test"};
	flow_ok(bus_open(&bed->bus, &config, &e), &e);
	struct problems problems = {0};
	char *path = xasprintf("%s/vestnik.yaml", bed->folder);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "data_dir: %s\nzone: Europe/Moscow\nsender: {name: Ministry, address: outreach@ministry.example.org}\n", bed->folder);
	fclose(f);
	bed->settings = settings_load(path, &problems);
	for (size_t i = 0; i < problems.count; i++)
		print_error("%s\n", problems.item[i].text);
	assert_non_null(bed->settings);
	problems_fini(&problems);
	free(path);
	bed->now_ms = FLOW_BED_START_MS;
	clock_set_source(wall, mono, bed);
}

void flow_bed_close(struct flow_bed *bed)
{
	clock_set_source(NULL, NULL, NULL);
	bus_close(&bed->bus);
	db_close(&bed->db);
	settings_free(&bed->settings);
	char *command = xasprintf("rm -rf '%s'", bed->folder);
	assert_int_equal(system(command), 0);
	free(command);
	free(bed->url);
}

int64_t flow_campaign(struct flow_bed *bed, const char *slug, int64_t priority)
{
	struct error e = {0};
	int64_t id = 0;
	flow_ok(db_query_int(bed->db, &id, &e,
			"INSERT INTO campaign (slug, kind, title, content_hash, definition, sender, state,"
			" priority, created_ms, launched_ms, expanded) VALUES ($1, 'test', $1, 'hash', '{}',"
			" 'outreach@ministry.example.org', 'running', $2, 0, 0, 1) RETURNING id",
			"si", slug, priority) == DB_ROW ? 0 : -1,
		&e);
	flow_ok(db_exec(bed->db, &e, "INSERT INTO round (campaign, number, starts_ms) VALUES ($1, 1, 0)", "i",
			id),
		&e);
	return id;
}

int64_t flow_deliveries(struct flow_bed *bed, int64_t campaign, int n, int64_t due_ms, const char *domain)
{
	struct error e = {0};
	int64_t first, round = 0, priority = 0;
	flow_ok(db_begin(bed->db, DB_WRITE, &e), &e);
	flow_ok(delivery_keys_take(bed->db, n, &first, &e), &e);
	flow_ok(db_query_int(bed->db, &round, &e, "SELECT id FROM round WHERE campaign = $1", "i", campaign), &e);
	flow_ok(db_query_int(bed->db, &priority, &e, "SELECT priority FROM campaign WHERE id = $1", "i",
			campaign),
		&e);
	for (int i = 0; i < n; i++) {
		char address[128];
		bool inserted;
		snprintf(address, sizeof address, "r%lld@%s", (long long)(first + i), domain);
		struct delivery_new d = {.key = first + i, .campaign = campaign, .round = round,
			.recipient = first + i, .contact = 1, .address = address, .fields = "{}",
			.not_after_ms = TIME_NEVER_MS, .state = DELIVERY_WAITING, .now_ms = bed->now_ms};
		flow_ok(delivery_insert_all(bed->db, &d, 1, &inserted, &e), &e);
		assert_true(inserted);
		struct schedule_new s = {.key = first + i, .campaign = campaign, .due_ms = due_ms,
			.priority = priority, .address = address};
		flow_ok(schedule_insert_all(bed->db, &s, 1, &e), &e);
	}
	flow_ok(counter_add(bed->db, campaign, COUNTER_PART_PLANNER, DELIVERY_WAITING, n, &e), &e);
	flow_ok(db_exec(bed->db, &e, "UPDATE campaign SET total = total + $2 WHERE id = $1", "ii", campaign,
			(int64_t)n),
		&e);
	flow_ok(db_commit(bed->db, DB_RELAXED, &e), &e);
	return first;
}

void flow_publish(struct flow_bed *bed, const struct delivery_status *statuses, int n)
{
	struct error e = {0};
	struct bus_message *messages = xcalloc((size_t)n, sizeof *messages);
	struct buf *data = xcalloc((size_t)n, sizeof *data);
	char(*ids)[STATUS_ID_SIZE] = xcalloc((size_t)n, sizeof *ids), (*keys)[24] = xcalloc((size_t)n, sizeof *keys);
	for (int i = 0; i < n; i++) {
		buf_init(&data[i], 4096);
		assert_int_equal(status_write(&statuses[i], &data[i]), 0);
		snprintf(keys[i], sizeof keys[i], "%lld", (long long)statuses[i].key);
		messages[i] = (struct bus_message){.topic = BUS_STATUS, .key = keys[i],
			.id = status_id(&statuses[i], ids[i]), .source = "test",
			.type = status_type(statuses[i].state), .time_ms = statuses[i].time_ms,
			.data = data[i].data, .len = data[i].len};
	}
	flow_ok(bus_publish(bed->bus, messages, (size_t)n, &e), &e);
	for (int i = 0; i < n; i++)
		buf_fini(&data[i]);
	free(data);
	free(messages);
	free(ids);
	free(keys);
}

int64_t flow_int(struct flow_bed *bed, const char *sql)
{
	struct error e = {0};
	int64_t value = -1;
	enum db_step step = db_query_int(bed->db, &value, &e, sql, "");
	flow_ok(step == DB_FAILED ? -1 : 0, &e);
	return step == DB_ROW ? value : -1;
}

static char *first_text(struct db_stmt *stmt)
{
	struct error e = {0};
	char *text = NULL;
	enum db_step step = db_step(stmt, &e);
	flow_ok(step == DB_FAILED ? -1 : 0, &e);
	if (step == DB_ROW) {
		text = xstrdup(db_text(stmt, 0));
		db_reset(stmt);
	}
	return text;
}

char *flow_text(struct flow_bed *bed, const char *sql)
{
	struct error e = {0};
	struct db_stmt *stmt;
	flow_ok(db_query(bed->db, &stmt, &e, sql, ""), &e);
	return first_text(stmt);
}

char *flow_text_of(struct flow_bed *bed, const char *sql, const char *value)
{
	struct error e = {0};
	struct db_stmt *stmt;
	flow_ok(db_query(bed->db, &stmt, &e, sql, "s", value), &e);
	return first_text(stmt);
}

/* The table of trouble says what the deliveries say. */
static void check_trouble(struct flow_bed *bed)
{
	struct error e;
	int64_t wrong = -1;
	if (db_query_int(bed->db, &wrong, &e,
		    "SELECT (SELECT count(*) FROM delivery d LEFT JOIN trouble t ON t.key = d.key"
		    " AND t.campaign = d.campaign AND t.state = d.state"
		    " WHERE d.state NOT IN (0, 5, 6) AND t.key IS NULL)"
		    " + (SELECT count(*) FROM trouble t LEFT JOIN delivery d ON d.key = t.key"
		    " WHERE d.key IS NULL OR d.state IN (0, 5, 6))",
		    "") != DB_ROW)
		fail_msg("%s", e.text);
	if (wrong != 0)
		fail_msg("trouble and delivery disagree about %lld rows, want 0", (long long)wrong);
}

void flow_check_counters(struct flow_bed *bed)
{
	check_trouble(bed);
	char *wrong = flow_text(bed,
		"SELECT 'campaign ' || campaign || ' state ' || state || ': counted ' || sum(counted) ||"
		" ', are ' || sum(are) FROM (SELECT campaign, state, n AS counted, 0 AS are FROM counter"
		" UNION ALL SELECT campaign, state, 0, 1 FROM delivery) x"
		" GROUP BY campaign, state HAVING sum(counted) <> sum(are)");
	if (wrong != NULL)
		fail_msg("%s", wrong);
}
