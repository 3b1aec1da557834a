/* The planner against the sentences of design sections 4 and 5, with the real store and bus, and
 * a mailer that is played by the test (it only takes jobs). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <jansson.h>

#include "../support/flow_bed.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "ledger/ledger.h"
#include "message/job.h"
#include "message/task.h"
#include "planner/lookahead.h"
#include "planner/planner.h"
#include "planner/share.h"
#include "store/lease.h"
#include "store/maintenance.h"

static struct flow_bed bed;
static struct planner *planner;
static struct ledger *ledger;
static struct bus_consumer *mailer;

#define HASH "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void open_planner(void)
{
	struct error e = {0};
	struct planner_config config = {.db = bed.db, .bus = bed.bus, .settings = bed.settings, .instance = "test"};
	flow_ok(planner_open(&planner, &config, &e), &e);
}

static int setup(void **state)
{
	(void)state;
	struct error e = {0};
	flow_bed_open(&bed);
	calendar_init();
	static const char *const topics[] = {BUS_MAIL_URGENT, BUS_MAIL, NULL};
	struct bus_consumer_options options = {.group = PLANNER_MAIL_GROUP, .topics = topics, .window = 100000};
	flow_ok(bus_subscribe(bed.bus, &options, &mailer, &e), &e);
	flow_ok(ledger_open(&ledger, bed.db, bed.bus, bed.settings, &e), &e);
	open_planner();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	planner_close(&planner);
	ledger_close(&ledger);
	bus_unsubscribe(&mailer);
	flow_bed_close(&bed);
	return 0;
}

/* ---- what the others would do ------------------------------------------------------- */

static void organisations(int n)
{
	struct error e = {0};
	flow_ok(db_begin(bed.db, DB_WRITE, &e), &e);
	for (int i = 0; i < n; i++) {
		char key[32], address[64];
		int64_t id;
		snprintf(key, sizeof key, "school-%d", i);
		snprintf(address, sizeof address, "head@school%d.example.org", i);
		flow_ok(db_query_int(bed.db, &id, &e,
				"INSERT INTO organisation (key, kind, name, revision, updated_ms)"
				" VALUES ($1, 'school', $1, 1, 0) RETURNING id",
				"s", key) == DB_ROW ? 0 : -1,
			&e);
		flow_ok(db_exec(bed.db, &e,
				"INSERT INTO contact (organisation, role, address, updated_ms)"
				" VALUES ($1, 'coordinator', $2, 0)",
				"is", id, address),
			&e);
	}
	flow_ok(db_commit(bed.db, DB_RELAXED, &e), &e);
}

static int64_t draft(const char *slug, const char *definition)
{
	struct error e = {0};
	int64_t id;
	flow_ok(db_query_int(bed.db, &id, &e,
			"INSERT INTO campaign (slug, kind, title, content_hash, definition, sender, state,"
			" priority, created_ms) VALUES ($1, 'campaign', $1, $2, $3,"
			" 'outreach@ministry.example.org', 'draft', 1, 0) RETURNING id",
			"sss", slug, HASH, definition) == DB_ROW ? 0 : -1,
		&e);
	return id;
}

/* A definition with only what the planner reads; more: members, with a leading comma, or "". */
static int64_t simple_draft(const char *slug, const char *more)
{
	char *definition = xasprintf("{\"slug\":\"%s\",\"title\":\"t\",\"zone\":\"Europe/Moscow\",\"lang\":\"ru\","
				     "\"from\":{\"name\":\"M\",\"address\":\"outreach@ministry.example.org\"},"
				     "\"contacts\":[],\"audience\":{\"kinds\":[\"school\"],\"roles\":[\"coordinator\"]},"
				     "\"datasets\":[],\"steps\":[{\"step\":0,\"kind\":\"first\",\"letter\":\"first\"}],"
				     "\"may_leave\":false,\"hold\":false%s}",
		slug, more);
	int64_t id = draft(slug, definition);
	free(definition);
	return id;
}

static void put_task(enum task_type type, const char *id, json_t *data)
{
	struct error e = {0};
	struct buf text;
	buf_init(&text, 1 << 20);
	assert_int_equal(task_write(type, "test", id, bed.now_ms, data, &text), 0);
	struct bus_message message = {.topic = BUS_TASKS, .content_type = "application/cloudevents+json",
		.data = text.data, .len = text.len};
	flow_ok(bus_publish(bed.bus, &message, 1, &e), &e);
	json_decref(data);
	buf_fini(&text);
}

static void launch(const char *slug, const char *task_id)
{
	put_task(TASK_CAMPAIGN_LAUNCH, task_id, json_pack("{s:s,s:s}", "campaign", slug, "content_hash", HASH));
}

static void order(enum task_type type, const char *slug, const char *task_id)
{
	put_task(type, task_id, json_pack("{s:s,s:s}", "campaign", slug, "reason", "we were asked to"));
}

static int step(void)
{
	struct error e = {0};
	int n = planner_step(planner, 0, &e);
	flow_ok(n, &e);
	return n;
}

/* Until a pass finds nothing to do, twice (chores rest between looks). */
static void settle(void)
{
	struct error e = {0};
	int n;
	do {
		while ((n = step()) > 0)
			;
		n = ledger_step(ledger, 0, &e);
		flow_ok(n, &e);
	} while (n > 0);
}

struct jobs {
	struct job job[4096];
	int64_t at[4096]; /* position in the order of arrival */
	int count, urgent;
};

/* Takes what is on the mail topics, and says it is done. */
static int take_jobs(struct jobs *out)
{
	struct error e = {0};
	static struct bus_message messages[4096];
	memset(out, 0, sizeof *out);
	int n = bus_poll(mailer, 0, messages, 4096, &e);
	flow_ok(n, &e);
	for (int i = 0; i < n; i++) {
		flow_ok(job_read(messages[i].data, messages[i].len, &out->job[i], &e), &e);
		out->urgent += strcmp(messages[i].topic, BUS_MAIL_URGENT) == 0;
		bus_done(mailer, &messages[i].token, 1);
	}
	out->count = n;
	return n;
}

/* The position becomes visible to the planner's look-ahead. */
static void store_position(void)
{
	struct error e = {0};
	static struct bus_message message;
	int64_t urgent, bulk;
	for (int i = 0; i < 200; i++) {
		flow_ok(bus_lag(bed.bus, BUS_MAIL, PLANNER_MAIL_GROUP, &bulk, &e), &e);
		flow_ok(bus_lag(bed.bus, BUS_MAIL_URGENT, PLANNER_MAIL_GROUP, &urgent, &e), &e);
		if (bulk + urgent == 0)
			return;
		flow_ok(bus_poll(mailer, 20, &message, 0, &e), &e);
	}
}

static void answer(const struct jobs *jobs, enum delivery_state state)
{
	for (int i = 0; i < jobs->count; i++) {
		struct delivery_status status = {.key = jobs->job[i].key, .dispatch = jobs->job[i].dispatch,
			.state = state, .time_ms = bed.now_ms};
		flow_publish(&bed, &status, 1);
	}
}

static void assert_state(const char *slug, const char *want)
{
	char *got = flow_text_of(&bed, "SELECT state FROM campaign WHERE slug = $1", slug);
	if (got == NULL || strcmp(got, want) != 0)
		fail_msg("campaign %s: got %s, want %s", slug, got == NULL ? "nothing" : got, want);
	free(got);
}

static void assert_result(const char *id, const char *begins)
{
	char *got = flow_text_of(&bed, "SELECT result FROM task_seen WHERE id = $1", id);
	if (got == NULL || strncmp(got, begins, strlen(begins)) != 0)
		fail_msg("task %s: got \"%s\", want \"%s…\"", id, got == NULL ? "nothing" : got, begins);
	free(got);
}

static int64_t dead(void)
{
	struct error e = {0};
	int64_t lag;
	flow_ok(bus_lag(bed.bus, BUS_DEAD, "nobody", &lag, &e), &e);
	return lag;
}

/* Chores look every so often; until something is so. */
static void settle_until(const char *sql, int64_t want)
{
	struct error e = {0};
	for (int i = 0; i < 500; i++) {
		settle();
		if (flow_int(&bed, sql) == want)
			return;
		flow_ok(planner_step(planner, 10, &e), &e);
	}
	fail_msg("%s: got %lld, want %lld", sql, (long long)flow_int(&bed, sql), (long long)want);
}

/* ---- tasks ------------------------------------------------------------------------------ */

static void a_launched_campaign_reaches_every_recipient_and_finishes(void **state)
{
	(void)state;
	struct jobs jobs;
	organisations(2500);
	simple_draft("demo", "");
	launch("demo", "t1");
	int sent = 0;
	for (int i = 0; i < 10000 && sent < 2500; i++) {
		step();
		sent += take_jobs(&jobs);
		store_position();
		answer(&jobs, DELIVERY_ACCEPTED);
	}
	assert_int_equal(sent, 2500);
	settle_until("SELECT count(*) FROM campaign WHERE state = 'finished'", 1);
	assert_int_equal(flow_int(&bed, "SELECT count(*) FROM delivery WHERE state = 5 AND dispatch = 1"), 2500);
	assert_int_equal(flow_int(&bed, "SELECT count(*) FROM schedule"), 0);
	assert_int_equal(flow_int(&bed, "SELECT total FROM campaign"), 2500);
	/* dense keys */
	assert_int_equal(flow_int(&bed, "SELECT max(key) - min(key) + 1 FROM delivery"), 2500);
	flow_check_counters(&bed);
}

static void a_task_seen_before_is_a_no_op(void **state)
{
	(void)state;
	organisations(10);
	simple_draft("demo", "");
	launch("demo", "t1");
	launch("demo", "t1");
	settle();
	launch("demo", "t1");
	settle();
	assert_int_equal(flow_int(&bed, "SELECT count(*) FROM round"), 1);
	assert_int_equal(flow_int(&bed, "SELECT count(*) FROM delivery"), 10);
	assert_int_equal(dead(), 0);
	assert_result("t1", "accepted");
}

static void what_cannot_be_done_is_refused_with_its_reason(void **state)
{
	(void)state;
	struct error e = {0};
	simple_draft("demo", "");
	launch("nobody", "t1");
	put_task(TASK_CAMPAIGN_LAUNCH, "t2",
		json_pack("{s:s,s:s}", "campaign", "demo", "content_hash",
			"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"));
	order(TASK_CAMPAIGN_PAUSE, "demo", "t3");
	order(TASK_CAMPAIGN_RESUME, "demo", "t4");
	struct bus_message bad[] = {{.topic = BUS_TASKS, .id = "5", .source = "s", .type = "vestnik.task.dance",
					    .data = "{}", .len = 2},
		{.topic = BUS_TASKS, .id = "6", .source = "s", .type = "vestnik.task.notify", .data = "{\"x\"", .len = 4}};
	flow_ok(bus_publish(bed.bus, bad, 2, &e), &e);
	launch("demo", "t7");
	settle();
	assert_result("t1", "refused: there is no campaign");
	assert_result("t2", "refused: campaign \"demo\" has other content");
	assert_result("t3", "refused: campaign \"demo\" is draft");
	assert_result("t4", "refused: campaign \"demo\" is draft");
	assert_result("t7", "accepted");
	assert_int_equal(dead(), 6);
	launch("demo", "t8");
	settle();
	assert_result("t8", "refused: campaign \"demo\" was launched already");
	/* a refused one may be replayed when the reason is gone */
	simple_draft("nobody", "");
	launch("nobody", "t1");
	settle();
	assert_result("t1", "accepted");
}

static void a_refused_task_leaves_nothing_behind(void **state)
{
	(void)state;
	struct error e = {0};
	simple_draft("demo", "");
	/* Refused after it wrote: the constraint of round speaks. */
	flow_ok(db_exec(bed.db, &e, "INSERT INTO round (campaign, number, starts_ms) SELECT id, 1, 0 FROM campaign",
			""),
		&e);
	launch("demo", "t1");
	int n = planner_step(planner, 0, &e);
	/* A constraint is no refusal we know: the store's trouble, nothing moves. */
	assert_int_equal(n, -1);
	assert_state("demo", "draft");
	assert_int_equal(flow_int(&bed, "SELECT count(*) FROM task_seen"), 0);
	flow_ok(db_exec(bed.db, &e, "DELETE FROM round", ""), &e);
	settle();
	assert_result("t1", "accepted");
}

static void pause_resume_and_cancel_are_states(void **state)
{
	(void)state;
	struct jobs jobs;
	organisations(300);
	simple_draft("demo", "");
	launch("demo", "t1");
	order(TASK_CAMPAIGN_PAUSE, "demo", "t2");
	settle();
	assert_state("demo", "paused");
	char *reason = flow_text(&bed, "SELECT state_reason FROM campaign");
	assert_string_equal(reason, "test: we were asked to");
	free(reason);
	assert_int_equal(take_jobs(&jobs), 0);
	order(TASK_CAMPAIGN_RESUME, "demo", "t3");
	settle();
	assert_state("demo", "running");
	int going = take_jobs(&jobs);
	assert_true(going >= 100); /* the look-ahead at its least */
	order(TASK_CAMPAIGN_CANCEL, "demo", "t4");
	settle_until("SELECT count(*) FROM delivery WHERE state = 10", 300 - going);
	assert_state("demo", "cancelled");
	/* What was with the mailers comes back and is swept too. */
	assert_int_equal(flow_int(&bed, "SELECT finished_ms IS NULL FROM campaign"), 1);
	answer(&jobs, DELIVERY_RETURNED);
	bed.now_ms += 5000;
	settle_until("SELECT count(*) FROM delivery WHERE state = 10", 300);
	settle_until("SELECT finished_ms IS NULL FROM campaign", 0);
	assert_int_equal(flow_int(&bed, "SELECT count(*) FROM schedule"), 0);
	flow_check_counters(&bed);
}

static void a_notice_is_due_at_once_on_the_urgent_line(void **state)
{
	(void)state;
	struct jobs jobs;
	organisations(400);
	simple_draft("bulk", "");
	launch("bulk", "t0");
	step();
	step();
	put_task(TASK_NOTIFY, "n1",
		json_pack("{s:s,s:s,s:[{s:s},{s:s}]}", "subject", "Hello", "text", "Dear colleagues", "to", "address",
			"a@example.org", "address", "b@example.org"));
	/* One pass: accepted and on the bus. */
	step();
	take_jobs(&jobs);
	assert_int_equal(jobs.urgent, 2);
	settle();
	assert_result("n1", "accepted");
	assert_int_equal(flow_int(&bed, "SELECT count(*) FROM campaign WHERE kind = 'notice'"), 1);
	flow_check_counters(&bed);
}

static void a_stream_of_notices_does_not_stop_the_bulk(void **state)
{
	(void)state;
	struct jobs jobs;
	int64_t bulk = flow_campaign(&bed, "bulk", 1), urgent = flow_campaign(&bed, "urgent", 0);
	flow_deliveries(&bed, bulk, 50, bed.now_ms, "example.org");
	int of_bulk = 0;
	for (int i = 0; i < 20; i++) {
		flow_deliveries(&bed, urgent, 1, bed.now_ms, "example.org");
		step();
		take_jobs(&jobs);
		of_bulk += jobs.count - jobs.urgent;
	}
	assert_int_equal(of_bulk, 50);
}

/* ---- expansion --------------------------------------------------------------------------- */

static void expansion_resumes_at_its_cursor(void **state)
{
	(void)state;
	organisations(3700);
	simple_draft("demo", "");
	launch("demo", "t1");
	/* Dies after each batch, whatever it was doing, and another begins. */
	int64_t before = -1;
	for (int life = 0; life < 200; life++) {
		step();
		planner_abandon(&planner);
		open_planner();
		int64_t now = flow_int(&bed, "SELECT count(*) FROM delivery");
		assert_true(now >= before);
		before = now;
		if (now == 3700 && flow_int(&bed, "SELECT expanded FROM campaign") == 1)
			break;
	}
	assert_int_equal(flow_int(&bed, "SELECT count(*) FROM delivery"), 3700);
	assert_int_equal(flow_int(&bed, "SELECT count(DISTINCT recipient) FROM delivery"), 3700);
	assert_int_equal(flow_int(&bed, "SELECT total FROM campaign"), 3700);
	flow_check_counters(&bed);
}

static void repetition_of_an_expansion_is_a_no_op(void **state)
{
	(void)state;
	struct error e = {0};
	organisations(50);
	simple_draft("demo", "");
	launch("demo", "t1");
	settle();
	flow_ok(db_exec(bed.db, &e, "UPDATE expand SET cursor = 0, done = 0", ""), &e);
	settle();
	assert_int_equal(flow_int(&bed, "SELECT count(*) FROM delivery"), 50);
	assert_int_equal(flow_int(&bed, "SELECT total FROM campaign"), 50);
	flow_check_counters(&bed);
}

static void sending_overlaps_with_expansion(void **state)
{
	(void)state;
	struct jobs jobs;
	organisations(3500);
	simple_draft("demo", "");
	launch("demo", "t1");
	int64_t first_job_at = 0;
	for (int i = 0; i < 100 && first_job_at == 0; i++) {
		step();
		if (take_jobs(&jobs) > 0)
			first_job_at = flow_int(&bed, "SELECT count(*) FROM delivery");
	}
	assert_true(first_job_at > 0 && first_job_at < 3500);
}

static void suppressed_addresses_get_their_row_and_reason(void **state)
{
	(void)state;
	struct error e = {0};
	struct jobs jobs;
	organisations(10);
	flow_ok(db_exec(bed.db, &e,
			"INSERT INTO suppression (address, reason, source, created_ms)"
			" VALUES ('head@school3.example.org', 'bounced', 'test', 0)",
			""),
		&e);
	simple_draft("demo", "");
	launch("demo", "t1");
	settle();
	assert_int_equal(take_jobs(&jobs), 9);
	char *reason = flow_text(&bed, "SELECT reason FROM delivery WHERE state = 11");
	assert_string_equal(reason, "address suppressed: bounced");
	free(reason);
	answer(&jobs, DELIVERY_ACCEPTED);
	settle_until("SELECT count(*) FROM campaign WHERE state = 'finished'", 1);
	flow_check_counters(&bed);
}

/* ---- the due loop ---------------------------------------------------------------------------- */

static void a_stale_token_cannot_dispatch(void **state)
{
	(void)state;
	struct error e = {0};
	struct jobs jobs;
	step(); /* leads */
	int64_t campaign = flow_campaign(&bed, "demo", 1);
	flow_deliveries(&bed, campaign, 10, bed.now_ms, "example.org");
	bool held;
	struct lease other = {.name = PLANNER_LEASE, .holder = "other", .duration_ms = 60000};
	flow_ok(lease_take(bed.db, &other, false, &held, &e), &e);
	assert_false(held); /* it is taken */
	flow_ok(lease_take(bed.db, &other, true, &held, &e), &e);
	assert_true(held);
	struct planner_totals totals;
	step();
	planner_totals(planner, &totals);
	assert_int_equal(totals.dispatched, 0);
	assert_false(totals.leading);
	assert_int_equal(take_jobs(&jobs), 0);
	assert_int_equal(flow_int(&bed, "SELECT count(*) FROM schedule WHERE claimed_ms IS NOT NULL"), 0);
	/* Nor can it take part in a commit of its own. */
	struct lease stale = {.name = PLANNER_LEASE, .holder = "test", .duration_ms = 60000, .token = other.token - 1};
	flow_ok(db_begin(bed.db, DB_WRITE, &e), &e);
	assert_int_equal(lease_confirm(bed.db, &stale, &e), -1);
	assert_int_equal(e.code, ERROR_LOST);
	db_rollback(bed.db);
}

static void tokens_only_grow(void **state)
{
	(void)state;
	struct error e = {0};
	struct lease lease = {.name = "x", .holder = "me", .duration_ms = 60000};
	int64_t last = 0;
	for (int i = 0; i < 4; i++) {
		bool held;
		flow_ok(lease_take(bed.db, &lease, false, &held, &e), &e);
		assert_true(held);
		assert_true(lease.token > last);
		last = lease.token;
		lease_release(bed.db, &lease);
	}
}

static void campaigns_share_fairly(void **state)
{
	(void)state;
	struct jobs jobs;
	int64_t big = flow_campaign(&bed, "big", 1), small = flow_campaign(&bed, "small", 1);
	int64_t big_first = flow_deliveries(&bed, big, 2000, bed.now_ms - 1000, "big.example.org");
	int64_t small_first = flow_deliveries(&bed, small, 60, bed.now_ms, "small.example.org");
	(void)big_first;
	settle();
	take_jobs(&jobs);
	int of_small = 0, first_small = -1;
	for (int i = 0; i < jobs.count; i++)
		if (jobs.job[i].key >= small_first) {
			of_small++;
			first_small = first_small < 0 ? i : first_small;
		}
	/* 100 ahead at the start: half of it is the small one's, in turns. */
	assert_true(jobs.count >= 100 && jobs.count < 300);
	assert_true(of_small >= 40);
	assert_true(first_small <= 1);
}

static void domains_take_turns(void **state)
{
	(void)state;
	struct jobs jobs;
	int64_t campaign = flow_campaign(&bed, "demo", 1);
	flow_deliveries(&bed, campaign, 150, bed.now_ms, "big.example.org");
	int64_t other = flow_deliveries(&bed, campaign, 50, bed.now_ms, "other.example.org");
	settle();
	take_jobs(&jobs);
	int of_other = 0;
	for (int i = 0; i < 60 && i < jobs.count; i++)
		of_other += jobs.job[i].key >= other;
	assert_true(of_other >= 25);
}

static void a_paused_campaign_blocks_nobody(void **state)
{
	(void)state;
	struct error e = {0};
	struct jobs jobs;
	int64_t paused = flow_campaign(&bed, "paused", 1), running = flow_campaign(&bed, "running", 1);
	flow_deliveries(&bed, paused, 3000, bed.now_ms - 1000, "example.org");
	int64_t first = flow_deliveries(&bed, running, 50, bed.now_ms, "example.org");
	flow_ok(db_exec(bed.db, &e, "UPDATE campaign SET state = 'paused' WHERE id = $1", "i", paused), &e);
	settle();
	assert_int_equal(take_jobs(&jobs), 50);
	for (int i = 0; i < 50; i++)
		assert_true(jobs.job[i].key >= first);
}

static void nothing_goes_before_it_is_due(void **state)
{
	(void)state;
	struct jobs jobs;
	int64_t campaign = flow_campaign(&bed, "demo", 1);
	flow_deliveries(&bed, campaign, 5, bed.now_ms + 60000, "example.org");
	settle();
	assert_int_equal(take_jobs(&jobs), 0);
	bed.now_ms += 60000;
	settle();
	assert_int_equal(take_jobs(&jobs), 5);
	assert_int_equal(jobs.job[0].dispatch, 1);
}

static void the_line_is_no_longer_than_the_look_ahead(void **state)
{
	(void)state;
	struct error e = {0};
	int64_t lag, campaign = flow_campaign(&bed, "demo", 1);
	flow_deliveries(&bed, campaign, 3000, bed.now_ms, "example.org");
	settle();
	flow_ok(bus_lag(bed.bus, BUS_MAIL, PLANNER_MAIL_GROUP, &lag, &e), &e);
	assert_int_equal(lag, bed.settings->planner.look_ahead_least);
}

static void the_look_ahead_follows_the_rate(void **state)
{
	(void)state;
	struct lookahead ahead = {0};
	assert_int_equal(lookahead_target(&ahead, bed.settings), 100);
	lookahead_published(&ahead, 1000);
	lookahead_measure(&ahead, 1000, 1000000);
	lookahead_measure(&ahead, 800, 2000000); /* 200 a second */
	assert_int_equal(lookahead_target(&ahead, bed.settings), 1000);
	lookahead_published(&ahead, 100000);
	lookahead_measure(&ahead, 800, 3000000);
	assert_int_equal(lookahead_target(&ahead, bed.settings), 20000);
	for (int i = 4; i < 60; i++)
		lookahead_measure(&ahead, 800, i * INT64_C(1000000));
	assert_int_equal(lookahead_target(&ahead, bed.settings), 100);
}

static void what_is_too_late_expires(void **state)
{
	(void)state;
	struct error e = {0};
	struct jobs jobs;
	int64_t campaign = flow_campaign(&bed, "demo", 1), first = flow_deliveries(&bed, campaign, 4, bed.now_ms,
		"example.org");
	flow_ok(db_exec(bed.db, &e, "UPDATE delivery SET not_after_ms = $2 WHERE key = $1", "ii", first,
			bed.now_ms - 1),
		&e);
	settle();
	assert_int_equal(take_jobs(&jobs), 3);
	assert_int_equal(flow_int(&bed, "SELECT count(*) FROM delivery WHERE state = 9"), 1);
	flow_check_counters(&bed);
}

static void a_campaigns_limit_holds_while_it_is_paused(void **state)
{
	(void)state;
	struct error e = {0};
	int64_t campaign = flow_campaign(&bed, "demo", 1);
	flow_deliveries(&bed, campaign, 1200, bed.now_ms + 100000, "example.org");
	flow_ok(db_exec(bed.db, &e, "UPDATE campaign SET state = 'paused', not_after_ms = $1", "i", bed.now_ms + 50), &e);
	settle();
	assert_int_equal(flow_int(&bed, "SELECT count(*) FROM delivery WHERE state = 9"), 0);
	bed.now_ms += 100;
	settle_until("SELECT count(*) FROM delivery WHERE state = 9", 1200);
	settle_until("SELECT count(*) FROM campaign WHERE state = 'finished'", 1);
	flow_check_counters(&bed);
}

static void an_uncertain_letter_is_not_called_unsent(void **state)
{
	(void)state;
	struct error e = {0};
	struct jobs jobs;
	int64_t campaign = flow_campaign(&bed, "demo", 1);
	flow_deliveries(&bed, campaign, 1, bed.now_ms, "example.org");
	settle();
	assert_int_equal(take_jobs(&jobs), 1);
	answer(&jobs, DELIVERY_UNCERTAIN);
	settle();
	flow_ok(db_exec(bed.db, &e, "UPDATE campaign SET state = 'cancelled'", ""), &e);
	settle_until("SELECT count(*) FROM schedule", 0);
	assert_int_equal(flow_int(&bed, "SELECT count(*) FROM delivery WHERE state = 2"), 1);
}

static void hours_hold_at_every_dispatch(void **state)
{
	(void)state;
	struct jobs jobs;
	organisations(3);
	/* 09:00–18:00 in Moscow; the clock says 09:00 */
	simple_draft("demo", ",\"send\":{\"local\":false,\"open_minute\":540,\"close_minute\":1080}");
	launch("demo", "t1");
	settle();
	assert_int_equal(take_jobs(&jobs), 3);
	bed.now_ms += 9 * 3600000 - 30000; /* 17:59:30: the retry falls into the evening */
	answer(&jobs, DELIVERY_DEFERRED);
	settle();
	bed.now_ms += 120000;
	settle();
	assert_int_equal(take_jobs(&jobs), 0);
	bed.now_ms = FLOW_BED_START_MS + 24 * 3600000;
	settle();
	assert_int_equal(take_jobs(&jobs), 3);
}

static void local_hours_are_the_recipients(void **state)
{
	(void)state;
	struct error e = {0};
	struct jobs jobs;
	organisations(2);
	flow_ok(db_exec(bed.db, &e, "UPDATE organisation SET zone = 'Asia/Vladivostok' WHERE key = 'school-1'", ""), &e);
	simple_draft("demo", ",\"send\":{\"local\":true,\"open_minute\":540,\"close_minute\":1080}");
	bed.now_ms += 3600000; /* 10:00 in Moscow, 17:00 in Vladivostok */
	launch("demo", "t1");
	order(TASK_CAMPAIGN_PAUSE, "demo", "t2");
	settle();
	order(TASK_CAMPAIGN_RESUME, "demo", "t3");
	bed.now_ms += 2 * 3600000; /* it is evening there now */
	settle();
	assert_int_equal(take_jobs(&jobs), 1);
	assert_int_equal(flow_int(&bed, "SELECT due_ms FROM schedule WHERE claimed_ms IS NULL"),
		FLOW_BED_START_MS + 17 * 3600000);
	bed.now_ms = FLOW_BED_START_MS + 17 * 3600000;
	settle();
	assert_int_equal(take_jobs(&jobs), 1);
}

static void a_throttled_campaign_is_only_due_times(void **state)
{
	(void)state;
	organisations(10);
	simple_draft("demo", ",\"rate\":{\"count\":2,\"per_ms\":60000},"
			     "\"send\":{\"local\":false,\"open_minute\":540,\"close_minute\":542}");
	launch("demo", "t1");
	settle();
	/* two minutes a day, two letters a minute: four a day */
	int64_t day = 24 * 3600000;
	char *dues = flow_text(&bed, "SELECT group_concat(due_ms, ' ') FROM (SELECT due_ms FROM schedule ORDER BY key)");
	char want[400] = "";
	for (int i = 0; i < 10; i++)
		snprintf(want + strlen(want), sizeof want - strlen(want), "%s%lld", i ? " " : "",
			(long long)(FLOW_BED_START_MS + i / 4 * day + i % 4 * 30000));
	assert_string_equal(dues, want);
	free(dues);
}

/* ---- retry, stuck, restored ----------------------------------------------------------------- */

static void retry_sends_failed_letters_again(void **state)
{
	(void)state;
	struct jobs jobs;
	organisations(5);
	simple_draft("demo", "");
	launch("demo", "t1");
	settle();
	assert_int_equal(take_jobs(&jobs), 5);
	answer(&jobs, DELIVERY_FAILED);
	settle_until("SELECT count(*) FROM campaign WHERE state = 'finished'", 1);
	put_task(TASK_CAMPAIGN_RETRY, "r1", json_pack("{s:s,s:s}", "campaign", "demo", "state", "failed"));
	put_task(TASK_CAMPAIGN_RETRY, "r1", json_pack("{s:s,s:s}", "campaign", "demo", "state", "failed"));
	/* The ledger has not heard of it yet: by the counters nothing is open, and still it runs. */
	for (int i = 0; i < 50; i++) {
		struct error e = {0};
		flow_ok(planner_step(planner, 10, &e), &e);
		if (flow_int(&bed, "SELECT count(*) FROM task_seen WHERE id = 'r1'") == 1)
			assert_state("demo", "running");
	}
	settle();
	assert_state("demo", "running");
	assert_int_equal(take_jobs(&jobs), 5);
	assert_int_equal(jobs.job[0].dispatch, 3); /* 2 was the operator's word */
	answer(&jobs, DELIVERY_ACCEPTED);
	settle_until("SELECT count(*) FROM campaign WHERE state = 'finished'", 1);
	assert_int_equal(flow_int(&bed, "SELECT count(*) FROM delivery WHERE state = 5"), 5);
	flow_check_counters(&bed);
}

static void retry_uncertain_takes_only_what_is_held(void **state)
{
	(void)state;
	struct jobs jobs;
	organisations(2);
	simple_draft("demo", "");
	launch("demo", "t1");
	settle();
	assert_int_equal(take_jobs(&jobs), 2);
	struct delivery_status held = {.key = jobs.job[0].key, .dispatch = 1, .state = DELIVERY_UNCERTAIN,
		.no_retry = true, .time_ms = bed.now_ms};
	struct delivery_status again = {.key = jobs.job[1].key, .dispatch = 1, .state = DELIVERY_UNCERTAIN,
		.time_ms = bed.now_ms};
	flow_publish(&bed, &held, 1);
	flow_publish(&bed, &again, 1);
	settle();
	put_task(TASK_CAMPAIGN_RETRY, "r1", json_pack("{s:s,s:s}", "campaign", "demo", "state", "uncertain"));
	settle();
	assert_int_equal(take_jobs(&jobs), 1);
	assert_int_equal(jobs.job[0].key, held.key);
	flow_check_counters(&bed);
}

static void finished_waits_for_the_second_try_of_an_uncertain_letter(void **state)
{
	(void)state;
	struct jobs jobs;
	organisations(1);
	simple_draft("demo", "");
	launch("demo", "t1");
	settle();
	take_jobs(&jobs);
	answer(&jobs, DELIVERY_UNCERTAIN);
	for (int i = 0; i < 30; i++) {
		struct error e = {0};
		settle();
		flow_ok(planner_step(planner, 10, &e), &e);
	}
	assert_state("demo", "running");
	bed.now_ms += 70000;
	settle();
	assert_int_equal(take_jobs(&jobs), 1);
	answer(&jobs, DELIVERY_UNCERTAIN);
	settle_until("SELECT count(*) FROM campaign WHERE state = 'finished'", 1);
}

static void stuck_rows_are_dispatched_again(void **state)
{
	(void)state;
	struct jobs jobs;
	struct planner_totals totals;
	int64_t campaign = flow_campaign(&bed, "demo", 1);
	flow_deliveries(&bed, campaign, 3, bed.now_ms, "example.org");
	settle();
	assert_int_equal(take_jobs(&jobs), 3);
	/* All jobs are done, one has its outcome, one is on the wire, of one nobody ever speaks again. */
	struct delivery_status said[] = {{.key = jobs.job[0].key, .dispatch = 1, .state = DELIVERY_ACCEPTED},
		{.key = jobs.job[1].key, .dispatch = 1, .state = DELIVERY_SENDING}};
	flow_publish(&bed, said, 2);
	store_position();
	settle();
	bed.now_ms += bed.settings->planner.stuck_after_ms - 1000;
	settle();
	planner_totals(planner, &totals);
	assert_int_equal(totals.stuck, 0);
	bed.now_ms += 2000;
	/* A new one looks at once. */
	planner_close(&planner);
	open_planner();
	settle();
	planner_totals(planner, &totals);
	assert_int_equal(totals.stuck, 2);
	assert_int_equal(flow_int(&bed, "SELECT count(*) FROM delivery WHERE state = 2"), 1);
	assert_int_equal(take_jobs(&jobs), 1);
	assert_int_equal(jobs.job[0].dispatch, 2);
}

static void rows_in_hand_are_not_stuck(void **state)
{
	(void)state;
	struct planner_totals totals;
	int64_t campaign = flow_campaign(&bed, "demo", 1);
	flow_deliveries(&bed, campaign, 3, bed.now_ms, "example.org");
	settle();
	/* Never taken from the bus: a relay that is down for a day is no reason to send twice. */
	bed.now_ms += 24 * 3600000;
	planner_close(&planner);
	open_planner();
	settle();
	planner_totals(planner, &totals);
	assert_int_equal(totals.stuck, 0);
}

static void a_restored_store_waits_for_an_operator(void **state)
{
	(void)state;
	struct error e = {0};
	struct jobs jobs;
	int64_t campaign = flow_campaign(&bed, "demo", 1), last = flow_deliveries(&bed, campaign, 3, bed.now_ms,
		"example.org") + 2;
	planner_close(&planner);
	flow_ok(db_exec(bed.db, &e, "INSERT INTO meta (name, value) VALUES ('restored', '1')", ""), &e);
	open_planner();
	settle();
	assert_state("demo", "paused");
	assert_int_equal(take_jobs(&jobs), 0);
	order(TASK_CAMPAIGN_RESUME, "demo", "t1");
	settle();
	assert_int_equal(take_jobs(&jobs), 3);
	/* Keys of letters sent after the backup are not given to others. */
	assert_true(flow_deliveries(&bed, campaign, 1, bed.now_ms, "example.org") > last + 1000000);
}

static void a_backup_says_that_it_is_one(void **state)
{
	(void)state;
	struct error e = {0};
	struct db *copy;
	int64_t marked = 0;
	flow_campaign(&bed, "demo", 1);
	char *path = xasprintf("%s/copy.db", bed.folder), *url = xasprintf("sqlite:%s", path);
	flow_ok(store_backup(bed.db, path, &e), &e);
	flow_ok(db_open(&copy, url, &e), &e);
	flow_ok(db_query_int(copy, &marked, &e, "SELECT count(*) FROM meta WHERE name = 'restored' AND value = '1'",
			"") == DB_ROW ? 0 : -1,
		&e);
	assert_int_equal(marked, 1);
	db_close(&copy);
	assert_int_equal(flow_int(&bed, "SELECT count(*) FROM meta WHERE name = 'restored'"), 0);
	free(path);
	free(url);
}

static void what_comes_back_from_the_ledger_is_due_again(void **state)
{
	(void)state;
	struct jobs jobs;
	int64_t campaign = flow_campaign(&bed, "demo", 1);
	flow_deliveries(&bed, campaign, 2, bed.now_ms, "example.org");
	settle();
	assert_int_equal(take_jobs(&jobs), 2);
	answer(&jobs, DELIVERY_RETURNED);
	settle();
	assert_int_equal(take_jobs(&jobs), 0);
	bed.now_ms += 1000;
	settle();
	assert_int_equal(take_jobs(&jobs), 2);
	assert_int_equal(jobs.job[0].dispatch, 2);
}

/* ---- shares, without a store ------------------------------------------------------------------ */

static void parts_are_equal_and_nothing_is_left_over(void **state)
{
	(void)state;
	static const struct {
		size_t most, n, wish[4], want[4];
	} rows[] = {
		{100, 2, {1000, 1000}, {50, 50}},
		{100, 2, {1000, 10}, {90, 10}},
		{100, 3, {10, 1000, 1000}, {10, 45, 45}},
		{3, 4, {5, 5, 5, 5}, {1, 1, 1, 0}},
		{100, 2, {3, 4}, {3, 4}},
		{0, 1, {3}, {0}},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		size_t parts[4];
		share_split(rows[i].most, rows[i].wish, parts, rows[i].n);
		for (size_t j = 0; j < rows[i].n; j++)
			if (parts[j] != rows[i].want[j])
				fail_msg("row %zu part %zu: got %zu, want %zu", i, j, parts[j], rows[i].want[j]);
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_launched_campaign_reaches_every_recipient_and_finishes),
		T(a_task_seen_before_is_a_no_op),
		T(what_cannot_be_done_is_refused_with_its_reason),
		T(a_refused_task_leaves_nothing_behind),
		T(pause_resume_and_cancel_are_states),
		T(a_notice_is_due_at_once_on_the_urgent_line),
		T(a_stream_of_notices_does_not_stop_the_bulk),
		T(expansion_resumes_at_its_cursor),
		T(repetition_of_an_expansion_is_a_no_op),
		T(sending_overlaps_with_expansion),
		T(suppressed_addresses_get_their_row_and_reason),
		T(a_stale_token_cannot_dispatch),
		T(tokens_only_grow),
		T(campaigns_share_fairly),
		T(domains_take_turns),
		T(a_paused_campaign_blocks_nobody),
		T(nothing_goes_before_it_is_due),
		T(the_line_is_no_longer_than_the_look_ahead),
		T(the_look_ahead_follows_the_rate),
		T(what_is_too_late_expires),
		T(a_campaigns_limit_holds_while_it_is_paused),
		T(an_uncertain_letter_is_not_called_unsent),
		T(hours_hold_at_every_dispatch),
		T(local_hours_are_the_recipients),
		T(a_throttled_campaign_is_only_due_times),
		T(retry_sends_failed_letters_again),
		T(retry_uncertain_takes_only_what_is_held),
		T(finished_waits_for_the_second_try_of_an_uncertain_letter),
		T(stuck_rows_are_dispatched_again),
		T(rows_in_hand_are_not_stuck),
		T(a_restored_store_waits_for_an_operator),
		T(a_backup_says_that_it_is_one),
		T(what_comes_back_from_the_ledger_is_due_again),
		cmocka_unit_test(parts_are_equal_and_nothing_is_left_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
