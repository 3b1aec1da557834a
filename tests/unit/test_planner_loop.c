/* What the planner does with rounds: asks opened with their letters, reminders when they are due,
 * a deadline that passes, children asked through their parents. Real store and bus; the mailer is
 * played by the test. */
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
#include "planner/planner.h"

static struct flow_bed bed;
static struct planner *planner;
static struct ledger *ledger;
static struct bus_consumer *mailer;
static int64_t skipped_us;

static int64_t wall(void *arg)
{
	(void)arg;
	return bed.now_ms;
}

static int64_t mono(void *arg)
{
	(void)arg;
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000 + skipped_us;
}

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
	clock_set_source(wall, mono, NULL);
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
	flow_check_counters(&bed);
	flow_bed_close(&bed);
	return 0;
}

/* ---- who there is --------------------------------------------------------------------- */

static void organisation_in(const char *region, const char *key, const char *kind, const char *parent,
	const char *zone)
{
	struct error e = {0};
	int64_t id;
	char address[100];
	flow_ok(db_query_int(bed.db, &id, &e,
			"INSERT INTO organisation (key, parent_key, kind, name, region, zone, revision, updated_ms)"
			" VALUES ($1, $2, $3, $1, $4, $5, 1, 0) RETURNING id",
			"sssss", key, parent, kind, region, zone) == DB_ROW ? 0 : -1,
		&e);
	static const char *const roles[] = {"coordinator", "head"};
	for (int i = 0; i < 2; i++) {
		snprintf(address, sizeof address, "%s@%s.example.org", roles[i], key);
		flow_ok(db_exec(bed.db, &e,
				"INSERT INTO contact (organisation, role, name, position, address, updated_ms)"
				" VALUES ($1, $2, 'И. О. Фамилия', $2, $3, 0)",
				"iss", id, roles[i], address),
			&e);
	}
}

static void organisation(const char *key, const char *kind, const char *parent, const char *zone)
{
	organisation_in(NULL, key, kind, parent, zone);
}

#define DEADLINE(day, ms) \
	"{\"asked\":\"" day "\",\"day\":\"" day "\",\"minute\":1080,\"at_ms\":" #ms ",\"zone\":\"Europe/Moscow\"}"
/* 30 May and 25 May 2023, 18:00 in Moscow. */
#define MAY_30 DEADLINE("2023-05-30", 1685458800000)
#define MAY_25 DEADLINE("2023-05-25", 1685026800000)
#define REMIND "\"remind\":[{\"step\":1,\"before\":\"-7d\"},{\"step\":2,\"before\":\"-3d\"},{\"step\":3,\"before\":\"-1d\"}]"
#define ONE_ROUND "[{\"number\":1,\"draft\":false,\"ask\":true,\"first\":0,\"deadline\":" MAY_30 "," REMIND "}]"

/* 2023 in Moscow: a reminder seven days before is due on 23 May at 09:00. */
#define MAY_23_0900 INT64_C(1684821600000)
#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)

static void draft(const char *roles, const char *rounds, const char *more)
{
	struct error e = {0};
	char *definition = xasprintf(
		"{\"slug\":\"demo\",\"title\":\"t\",\"zone\":\"Europe/Moscow\",\"lang\":\"ru\","
		"\"from\":{\"name\":\"M\",\"address\":\"outreach@ministry.example.org\"},\"contacts\":[],"
		"\"audience\":{\"kinds\":[\"authority\"],\"roles\":%s},\"datasets\":[],"
		"\"steps\":[{\"step\":0,\"kind\":\"first\",\"letter\":\"first\"}],"
		"\"send\":{\"local\":true,\"open_minute\":540,\"close_minute\":1080},"
		"\"ask\":{\"verb\":\"просим\",\"fields\":[],\"if_day_off\":\"next\",\"collect_kinds\":[\"school\"]},"
		"\"rounds\":%s,\"may_leave\":false,\"hold\":false%s}",
		roles, rounds, more);
	flow_ok(db_exec(bed.db, &e,
			"INSERT INTO campaign (slug, kind, title, content_hash, definition, sender, state, priority,"
			" created_ms) VALUES ('demo', 'campaign', 't', $1, $2, 'outreach@ministry.example.org', 'draft', 1, 0)",
			"ss", HASH, definition),
		&e);
	free(definition);
}

static void order(enum task_type type, json_t *data)
{
	struct error e = {0};
	static int number;
	char id[24];
	struct buf text;
	snprintf(id, sizeof id, "t%d", ++number);
	buf_init(&text, 1 << 20);
	assert_int_equal(task_write(type, "test", id, bed.now_ms, data, &text), 0);
	struct bus_message message = {.topic = BUS_TASKS, .content_type = "application/cloudevents+json",
		.data = text.data, .len = text.len};
	flow_ok(bus_publish(bed.bus, &message, 1, &e), &e);
	json_decref(data);
	buf_fini(&text);
}

/* ---- what happens ------------------------------------------------------------------------ */

/* The mailers: every job is accepted, but not without the check's question about the ask. */
static int deliver(void)
{
	struct error e = {0};
	static struct bus_message messages[4096];
	int n = bus_poll(mailer, 0, messages, 4096, &e);
	flow_ok(n, &e);
	for (int i = 0; i < n; i++) {
		struct job job;
		flow_ok(job_read(messages[i].data, messages[i].len, &job, &e), &e);
		struct delivery_status status = {.key = job.key, .dispatch = job.dispatch,
			.state = DELIVERY_ACCEPTED, .time_ms = bed.now_ms, .code = 250};
		flow_ok(db_query_int(bed.db, &status.campaign, &e, "SELECT campaign FROM delivery WHERE key = $1",
				"i", job.key) == DB_ROW ? 0 : -1,
			&e);
		flow_publish(&bed, &status, 1);
		bus_done(mailer, &messages[i].token, 1);
	}
	return n;
}

/* A chore rests 200 ms after it found nothing: they are skipped. What waits only for the bus to store
 * the mailers' place is waited for. */
#define REST_US 300000
#define IDLE_PASSES 3

static int64_t next_due_ms(void)
{
	return flow_int(&bed, "SELECT COALESCE(min(s.due_ms), 9000000000000) FROM schedule s JOIN campaign c"
			      " ON c.id = s.campaign WHERE s.claimed_ms IS NULL AND c.state = 'running'");
}

static void settle(void)
{
	struct error e = {0};
	for (int idle = 0; idle < IDLE_PASSES;) {
		skipped_us += REST_US;
		int n = planner_step(planner, 1, &e);
		flow_ok(n, &e);
		int m = deliver();
		int k = ledger_step(ledger, 0, &e);
		flow_ok(k, &e);
		idle = n + m + k > 0 || next_due_ms() <= bed.now_ms ? 0 : idle + 1;
	}
}

static void launch(void)
{
	order(TASK_CAMPAIGN_LAUNCH, json_pack("{s:s,s:s}", "campaign", "demo", "content_hash", HASH));
	settle();
}

static void go_to(int64_t now_ms)
{
	assert_true(now_ms >= bed.now_ms);
	bed.now_ms = now_ms;
	settle();
}

static void assert_int(const char *what, const char *sql, int64_t want)
{
	int64_t got = flow_int(&bed, sql);
	if (got != want)
		fail_msg("%s: got %lld, want %lld (%s)", what, (long long)got, (long long)want, sql);
}

static void assert_text(const char *what, const char *sql, const char *want)
{
	char *got = flow_text(&bed, sql);
	if (got == NULL || strcmp(got, want) != 0)
		fail_msg("%s: got %s, want %s (%s)", what, got == NULL ? "nothing" : got, want, sql);
	free(got);
}

static void answer(const char *key, const char *state)
{
	struct error e = {0};
	flow_ok(db_exec(bed.db, &e,
			"UPDATE ask SET state = $2 WHERE organisation = (SELECT id FROM organisation WHERE key = $1)",
			"ss", key, state),
		&e);
}

#define LETTERS(step) "SELECT count(*) FROM delivery WHERE step = " #step

/* ---- the tests ------------------------------------------------------------------------------ */

static void asks_open_with_their_letters(void **state)
{
	(void)state;
	organisation("a", "authority", NULL, NULL);
	organisation("b", "authority", NULL, "Asia/Kamchatka");
	organisation("s", "school", "a", NULL);
	draft("[\"coordinator\"]", ONE_ROUND, "");
	launch();
	assert_int("asks", "SELECT count(*) FROM ask WHERE state = 'open' AND level = 0 AND deadline_ms = 1685458800000", 2);
	assert_int("letters", LETTERS(0), 2);
	assert_text("round", "SELECT state FROM round", "open");
	/* The end of the fields names the ask; they are JSON. */
	char *fields = flow_text(&bed, "SELECT d.fields FROM delivery d JOIN organisation o ON o.id = d.recipient WHERE o.key = 'a'");
	json_t *json = json_loads(fields, 0, NULL);
	if (json == NULL)
		fail_msg("not JSON: %s", fields);
	char *ask = flow_text(&bed, "SELECT CAST(a.id AS TEXT) FROM ask a JOIN organisation o ON o.id = a.organisation WHERE o.key = 'a'");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "@"), "ask")), atoi(ask));
	assert_string_equal(json_string_value(json_object_get(json_object_get(json, "deadline"), "date")), "30 мая 2023 г.");
	assert_string_equal(json_string_value(json_object_get(json_object_get(json, "recipient"), "key")), "a");
	free(ask);
	free(fields);
	json_decref(json);
	/* Two places, three reminders each; the school's Moscow is the same as the authority's. */
	assert_int("plan", "SELECT count(*) FROM plan WHERE kind = 'reminder' AND state = 'planned'", 6);
	assert_text("campaign", "SELECT state FROM campaign", "running");
}

static void reminders_go_to_the_silent_at_their_own_morning(void **state)
{
	(void)state;
	organisation("a", "authority", NULL, NULL);
	organisation("b", "authority", NULL, "Asia/Kamchatka");
	organisation("c", "authority", NULL, NULL);
	draft("[\"coordinator\"]", ONE_ROUND, "");
	launch();
	go_to(bed.now_ms + 16 * HOUR); /* 10:00 in Kamchatka */
	assert_int("nothing yet", LETTERS(1), 0);
	go_to(MAY_23_0900 - 9 * HOUR); /* 09:00 in Kamchatka */
	assert_text("who", "SELECT o.key FROM delivery d JOIN organisation o ON o.id = d.recipient WHERE d.step = 1", "b");
	answer("c", "received");
	go_to(MAY_23_0900);
	assert_int("all but who sent something", LETTERS(1), 2);
	assert_int("it reminds of its ask", "SELECT count(*) FROM delivery d JOIN ask a ON a.id = d.reminds WHERE d.step = 1 AND a.organisation = d.recipient", 2);
	assert_int("it ends with the next one", "SELECT min(not_after_ms) < 1685458800000 FROM delivery WHERE step = 1", 1);
	char *fields = flow_text(&bed, "SELECT fields FROM delivery WHERE step = 1");
	json_t *json = json_loads(fields, JSON_REJECT_DUPLICATES, NULL);
	if (json == NULL)
		fail_msg("not JSON: %s", fields);
	assert_true(json_is_true(json_object_get(json_object_get(json, "@"), "reminder")));
	json_decref(json);
	free(fields);
	/* 27 May is a Saturday: on Friday. */
	go_to(MAY_23_0900 + 3 * DAY - 9 * HOUR);
	go_to(MAY_23_0900 + 3 * DAY);
	assert_int("on Friday", LETTERS(2), 2);
	answer("a", "open");
	go_to(MAY_23_0900 + 6 * DAY - 9 * HOUR);
	go_to(MAY_23_0900 + 6 * DAY);
	assert_int("the last", LETTERS(3), 2);
}

static void a_long_sleep_reminds_once(void **state)
{
	(void)state;
	organisation("a", "authority", NULL, NULL);
	draft("[\"coordinator\"]", ONE_ROUND, "");
	launch();
	go_to(MAY_23_0900 + 6 * DAY + HOUR);
	assert_int("first", LETTERS(1), 0);
	assert_int("second", LETTERS(2), 0);
	assert_int("third", LETTERS(3), 1);
	assert_int("they say why", "SELECT count(*) FROM plan WHERE state = 'overtaken' AND reason LIKE '%later%'", 2);
}

static void a_reminder_waits_for_working_hours_and_stops_at_the_deadline(void **state)
{
	(void)state;
	organisation("a", "authority", NULL, NULL);
	draft("[\"coordinator\"]", ONE_ROUND, "");
	launch();
	go_to(MAY_23_0900 + 4 * DAY + HOUR); /* Saturday */
	assert_int("not on a day off", "SELECT count(*) FROM delivery WHERE step > 0", 0);
	go_to(MAY_23_0900 + 6 * DAY - HOUR); /* Monday before nine */
	assert_int("not before nine", "SELECT count(*) FROM delivery WHERE step > 0", 0);
	go_to(MAY_23_0900 + 8 * DAY);
	assert_int("not after the deadline", "SELECT count(*) FROM delivery WHERE step > 0", 0);
	assert_text("closed", "SELECT state FROM round", "closed");
	assert_int("why", "SELECT count(*) FROM plan WHERE state = 'overtaken' AND reason LIKE '%deadline had passed%'", 2);
	assert_text("finished", "SELECT state FROM campaign", "finished");
}

static void after_an_automatic_reply_the_second_contact_is_reminded_too(void **state)
{
	(void)state;
	struct error e = {0};
	organisation("a", "authority", NULL, NULL);
	organisation("b", "authority", NULL, NULL);
	draft("[\"head\",\"coordinator\"]", ONE_ROUND, "");
	launch();
	assert_int("both contacts get the letter", LETTERS(0), 4);
	assert_int("one ask for each organisation", "SELECT count(*) FROM ask", 2);
	flow_ok(db_exec(bed.db, &e, "UPDATE ask SET trouble = 4 WHERE id = (SELECT max(id) FROM ask)", ""), &e);
	go_to(MAY_23_0900);
	assert_int("one and two", LETTERS(1), 3);
	assert_text("the first is who is named first", "SELECT substr(address, 1, 4) FROM delivery WHERE step = 1 AND recipient = (SELECT min(organisation) FROM ask)", "head");
}

static void a_failed_letter_flags_its_ask(void **state)
{
	(void)state;
	organisation("a", "authority", NULL, NULL);
	organisation("b", "authority", NULL, NULL);
	draft("[\"coordinator\"]", ONE_ROUND, "");
	launch();
	struct delivery_status status = {.key = flow_int(&bed, "SELECT min(key) FROM delivery"), .dispatch = 1,
		.campaign = 1, .state = DELIVERY_BOUNCED, .time_ms = bed.now_ms, .code = 550};
	flow_publish(&bed, &status, 1);
	settle();
	assert_int("flagged", "SELECT count(*) FROM ask WHERE trouble = 2", 1);
	assert_int("it is the right one", "SELECT count(*) FROM ask a JOIN delivery d ON d.recipient = a.organisation WHERE a.trouble = 2 AND d.state = 7", 1);
}

static void children_are_asked_through_their_parents(void **state)
{
	(void)state;
	organisation("a", "authority", NULL, NULL);
	organisation("s1", "school", "a", NULL);
	organisation("s2", "school", "a", "Asia/Kamchatka");
	organisation("stray", "school", "nobody", NULL);
	organisation("other", "college", "a", NULL);
	draft("[\"coordinator\"]",
		"[{\"number\":1,\"draft\":false,\"ask\":true,\"first\":0,\"deadline\":" MAY_30 ",\"collect\":" MAY_25
		",\"collect_first\":5,\"collect_remind\":[{\"step\":6,\"before\":\"-1d\"}]," REMIND "}]",
		"");
	launch();
	assert_int("asks", "SELECT count(*) FROM ask", 3);
	assert_int("of children", "SELECT count(*) FROM ask c JOIN ask p ON p.id = c.parent WHERE c.level = 1 AND c.deadline_ms = 1685026800000 AND p.level = 0", 2);
	assert_int("letters to them", LETTERS(5), 2);
	go_to(bed.now_ms + 16 * HOUR); /* 10:00 in Kamchatka */
	go_to(MAY_23_0900 + DAY - 9 * HOUR);
	go_to(MAY_23_0900 + DAY);
	assert_int("reminders to them", LETTERS(6), 2);
	assert_int("the parent's own", LETTERS(1), 1);
	go_to(MAY_23_0900 + 3 * DAY);
	assert_text("still open", "SELECT state FROM round", "open");
	assert_int("their deadline has passed", "SELECT count(*) FROM plan WHERE kind = 'close' AND level = 1 AND state = 'done'", 1);
}

#define ESCALATE ",\"ask\":{\"verb\":\"просим\",\"fields\":[],\"collect_kinds\":[\"school\"]," \
	"\"escalate\":[{\"after\":\"0d\",\"to\":\"parent\"},{\"after\":\"1d\",\"to\":\"controller\"}]}," \
	"\"controller\":{\"name\":\"И. О. Фамилия\",\"address\":\"controller@ministry.example.org\"}"
#define NOTICES "SELECT count(*) FROM delivery d JOIN campaign c ON c.id = d.campaign WHERE c.kind = 'notice'"

static void each_parent_gets_one_list_of_its_silent_and_the_controller_all(void **state)
{
	(void)state;
	organisation("a", "authority", NULL, NULL);
	organisation("b", "authority", NULL, NULL);
	organisation("c", "authority", NULL, NULL);
	organisation("a1", "school", "a", NULL);
	organisation("a2", "school", "a", NULL);
	organisation("b1", "school", "b", NULL);
	organisation("c1", "school", "c", NULL);
	draft("[\"coordinator\"]",
		"[{\"number\":1,\"draft\":false,\"ask\":true,\"first\":0,\"deadline\":" MAY_30 ",\"collect\":" MAY_25
		",\"collect_first\":5,\"collect_remind\":[],\"remind\":[]}]",
		ESCALATE);
	launch();
	answer("c1", "confirmed");
	go_to(INT64_C(1685026800000));
	assert_int("to the parents of the silent", NOTICES " AND d.address LIKE 'coordinator@%'", 2);
	assert_int("not to who has none", NOTICES " AND d.address = 'coordinator@c.example.org'", 0);
	assert_int("said", "SELECT letters FROM plan WHERE kind = 'escalation' AND level = 1", 2);
	settle();
	assert_int("once", NOTICES, 2);
	answer("a", "confirmed");
	answer("b", "confirmed");
	answer("c", "confirmed");
	go_to(INT64_C(1685458800000));
	go_to(INT64_C(1685458800000) + DAY);
	assert_int("nobody is silent: no list", NOTICES, 2);
	assert_text("which is said", "SELECT reason FROM plan WHERE kind = 'escalation' AND level = 0", "everybody has answered");
	assert_text("finished", "SELECT state FROM campaign WHERE slug = 'demo'", "finished");
}

static void a_report_waits_for_a_mailbox_but_not_for_ever(void **state)
{
	(void)state;
	struct error e = {0};
	organisation("a", "authority", NULL, NULL);
	draft("[\"coordinator\"]", ONE_ROUND,
		",\"ask\":{\"verb\":\"просим\",\"fields\":[],\"report\":{\"to\":[\"head@ministry.example.org\"],\"formats\":[\"html\"],\"webhook\":true}}");
	flow_ok(db_exec(bed.db, &e, "INSERT INTO mailbox (name, seen_ms) VALUES ('answers', $1)", "i", bed.now_ms), &e);
	launch();
	go_to(INT64_C(1685458800000));
	assert_int("the mailbox was not looked into", NOTICES, 0);
	flow_ok(db_exec(bed.db, &e, "UPDATE mailbox SET seen_ms = $1", "i", bed.now_ms + 1), &e);
	settle();
	assert_int("now it was", NOTICES " AND d.address = 'head@ministry.example.org'", 1);
	assert_int("and the webhook's event", "SELECT count(*) FROM round WHERE reported_ms IS NOT NULL", 1);
	assert_text("finished", "SELECT state FROM campaign WHERE slug = 'demo'", "finished");
}

static void a_report_goes_after_fifteen_minutes_whatever_was_read(void **state)
{
	(void)state;
	struct error e = {0};
	organisation("a", "authority", NULL, NULL);
	draft("[\"coordinator\"]", ONE_ROUND,
		",\"ask\":{\"verb\":\"просим\",\"fields\":[],\"report\":{\"to\":[\"head@ministry.example.org\"],\"formats\":[\"html\"]}}");
	flow_ok(db_exec(bed.db, &e, "INSERT INTO mailbox (name, seen_ms) VALUES ('answers', 1)", ""), &e);
	launch();
	go_to(INT64_C(1685458800000));
	go_to(INT64_C(1685458800000) + 14 * HOUR / 60);
	assert_int("not yet", NOTICES, 0);
	go_to(INT64_C(1685458800000) + 15 * HOUR / 60);
	assert_int("now", NOTICES, 1);
	assert_int("it says so", "SELECT count(*) FROM plan WHERE kind = 'report' AND reason LIKE '%mailbox%'", 1);
}

static void named_persons_are_expected_to_acknowledge(void **state)
{
	(void)state;
	organisation("a", "authority", NULL, NULL);
	draft("[\"coordinator\"]",
		"[{\"number\":1,\"draft\":false,\"ask\":true,\"first\":0,\"acknowledge\":7,\"deadline\":" MAY_30 "," REMIND "}]",
		",\"acknowledge\":{\"persons\":[{\"name\":\"И. О. Первая\",\"position\":\"Заместитель\",\"address\":\"deputy@education.example.org\"},"
		"{\"name\":\"И. О. Вторая\"}],\"roles\":[\"head\"]}");
	launch();
	assert_int("expected", "SELECT count(*) FROM acknowledgement WHERE time_ms IS NULL", 3);
	assert_int("letters to those with an address", LETTERS(7), 2);
	assert_int("the links' ids", "SELECT count(*) FROM delivery d JOIN acknowledgement k ON k.address = d.address WHERE d.step = 7 AND d.fields LIKE '%\"ack\":' || k.id || '}%'", 2);
}

static void rounds_open_at_their_own_time_and_drafts_never(void **state)
{
	(void)state;
	organisation("a", "authority", NULL, NULL);
	draft("[\"coordinator\"]",
		"[{\"number\":1,\"draft\":false,\"ask\":false,\"first\":0},"
		"{\"number\":2,\"draft\":false,\"ask\":false,\"first\":8,\"starts_ms\":1685426400000},"
		"{\"number\":3,\"draft\":true,\"ask\":false,\"first\":9}]",
		"");
	launch();
	assert_int("first", LETTERS(0), 1);
	assert_int("asks nothing", "SELECT count(*) FROM ask", 0);
	assert_text("not finished", "SELECT state FROM campaign", "running");
	go_to(INT64_C(1685426400000));
	assert_int("second", LETTERS(8), 1);
	assert_int("never", LETTERS(9), 0);
	assert_text("visible", "SELECT state FROM round WHERE number = 3", "draft");
	assert_text("finished", "SELECT state FROM campaign", "finished");
}

static void a_reminder_is_decided_anew_by_who_takes_over(void **state)
{
	(void)state;
	for (int i = 0; i < 2500; i++) {
		char key[24];
		snprintf(key, sizeof key, "a%d", i);
		organisation(key, "authority", NULL, NULL);
	}
	draft("[\"coordinator\"]", ONE_ROUND, "");
	launch();
	assert_int("asks", "SELECT count(*) FROM ask", 2500);
	bed.now_ms = MAY_23_0900;
	struct error e = {0};
	while (flow_int(&bed, LETTERS(1)) == 0)
		flow_ok(planner_step(planner, 5, &e), &e);
	assert_true(flow_int(&bed, LETTERS(1)) < 2500);
	planner_abandon(&planner); /* as kill -9 leaves it */
	open_planner();
	settle();
	assert_int("each once", LETTERS(1), 2500);
	assert_int("counted", "SELECT letters FROM plan WHERE kind = 'reminder' AND step = 1", 2500);
}

/* ---- a region's own days off ------------------------------------------------------------------ */

/* 29 June 2023, 18:00 in Moscow. The day before is a holiday in Bashkortostan (ru-ba-2023.csv) and a
 * working day elsewhere. */
#define JUNE_29 DEADLINE("2023-06-29", 1688050800000)
#define JUNE_29_1800 INT64_C(1688050800000)
#define ONE_REMINDER \
	"[{\"number\":1,\"draft\":false,\"ask\":true,\"first\":0,\"deadline\":" JUNE_29 \
	",\"remind\":[{\"step\":1,\"before\":\"-1d\"}]}]"
#define REMINDED(key) \
	"SELECT count(*) FROM delivery d JOIN organisation o ON o.id = d.recipient WHERE d.step = 1 AND o.key = '" key "'"
#define PLACE_OF(key) \
	"SELECT a.place FROM ask a JOIN organisation o ON o.id = a.organisation WHERE o.key = '" key "'"

static void launch_with_regions(void)
{
	planner_close(&planner);
	bed.settings->calendar.regions = xcalloc(1, sizeof *bed.settings->calendar.regions);
	bed.settings->calendar.regions[0] =
		(struct settings_region){.region = xstrdup("Республика"), .calendar = xstrdup("ru-ba")};
	bed.settings->calendar.regions_count = 1;
	open_planner();
	organisation_in("Область", "moscow", "authority", NULL, "Europe/Moscow");
	organisation_in("Край", "perm", "authority", NULL, "Asia/Yekaterinburg");
	organisation_in("Республика", "ufa", "authority", NULL, "Asia/Yekaterinburg");
	organisation_in("Республика", "nowhere", "authority", NULL, NULL); /* the campaign's zone */
	draft("[\"coordinator\"]", ONE_REMINDER, "");
	launch();
}

static void a_region_with_days_off_of_its_own_is_reminded_before_them(void **state)
{
	(void)state;
	launch_with_regions();
	assert_int("letters", LETTERS(0), 4);
	assert_text("place", PLACE_OF("moscow"), "Europe/Moscow");
	assert_text("place", PLACE_OF("perm"), "Asia/Yekaterinburg");
	assert_text("place", PLACE_OF("ufa"), "Asia/Yekaterinburg ru-ba");
	assert_text("place", PLACE_OF("nowhere"), "Europe/Moscow ru-ba");
	go_to(JUNE_29_1800 - 2 * DAY - 11 * HOUR - 1); /* 27 June, just before 09:00 in Ufa and Perm */
	assert_int("nobody yet", LETTERS(1), 0);
	go_to(bed.now_ms + 1);
	assert_int("Ufa at its own nine", LETTERS(1), 1);
	assert_int("before its holiday", REMINDED("ufa"), 1);
	go_to(JUNE_29_1800 - 2 * DAY - 9 * HOUR);
	assert_int("the same calendar in another zone", REMINDED("nowhere"), 1);
	go_to(JUNE_29_1800 - DAY - 11 * HOUR);
	assert_int("the same zone with another calendar", REMINDED("perm"), 1);
	assert_int("not Moscow", LETTERS(1), 3);
	go_to(JUNE_29_1800 - DAY - 9 * HOUR);
	assert_int("Moscow", REMINDED("moscow"), 1);
	go_to(JUNE_29_1800 - 1);
	assert_int("each once", LETTERS(1), 4);
	assert_int("nothing went wrong", "SELECT count(*) FROM plan WHERE kind = 'reminder' AND state <> 'done'", 0);
}

static void a_late_reminder_keeps_a_regions_holiday(void **state)
{
	(void)state;
	launch_with_regions();
	go_to(JUNE_29_1800 - DAY - 8 * HOUR); /* 28 June, 10:00 in Moscow, noon in Ufa and Perm */
	assert_int("people work in Moscow", REMINDED("moscow"), 1);
	assert_int("and in Perm", REMINDED("perm"), 1);
	assert_int("but not in Bashkortostan", LETTERS(1), 2);
	go_to(JUNE_29_1800 - 11 * HOUR);
	assert_int("on the next working day", REMINDED("ufa"), 1);
	assert_int("in its own zone", REMINDED("nowhere"), 0);
	go_to(JUNE_29_1800 - 9 * HOUR);
	assert_int("each once", LETTERS(1), 4);
}

/* ---- rounds that could not be as planned -------------------------------------------------------- */

static void a_round_whose_time_was_slept_through_asks_nobody_until_it_is_postponed(void **state)
{
	(void)state;
	organisation("a", "authority", NULL, NULL);
	draft("[\"coordinator\"]",
		"[{\"number\":1,\"draft\":false,\"ask\":true,\"first\":0,\"starts_ms\":1684735200000,\"deadline\":" MAY_30 "," REMIND "}]",
		",\"ask\":{\"verb\":\"просим\",\"fields\":[],\"report\":{\"to\":[\"head@ministry.example.org\"],\"formats\":[\"html\"]}}");
	launch();
	go_to(INT64_C(1685458800000) + HOUR);
	assert_int("no letters", LETTERS(0), 0);
	assert_int("no asks", "SELECT count(*) FROM ask", 0);
	assert_int("no report of nothing", NOTICES, 0);
	assert_int("each step says why", "SELECT count(*) FROM plan WHERE state <> 'overtaken' OR reason NOT LIKE '%deadline had passed%'", 0);
	assert_text("closed", "SELECT state FROM round", "closed");
	assert_text("finished", "SELECT state FROM campaign", "finished");
	order(TASK_CAMPAIGN_POSTPONE, json_pack("{s:s,s:s,s:i}", "campaign", "demo", "deadline", "2023-06-09 18:00", "round", 1));
	settle();
	assert_text("going on", "SELECT state FROM campaign WHERE slug = 'demo'", "running");
	go_to(INT64_C(1685458800000) + 15 * HOUR); /* the next morning */
	assert_int("the letter", LETTERS(0), 1);
	assert_text("open", "SELECT state FROM round", "open");
	assert_int("reminders", "SELECT count(*) FROM plan WHERE kind = 'reminder' AND state = 'planned'", 3);
}

static void a_rate_is_counted_anew_in_every_round(void **state)
{
	(void)state;
	organisation("a", "authority", NULL, NULL);
	organisation("b", "authority", NULL, NULL);
	draft("[\"coordinator\"]",
		"[{\"number\":1,\"draft\":false,\"ask\":false,\"first\":0},"
		"{\"number\":2,\"draft\":false,\"ask\":false,\"first\":8,\"starts_ms\":1685426400000},"
		"{\"number\":3,\"draft\":false,\"ask\":false,\"first\":9,\"starts_ms\":1685426400000}]",
		",\"rate\":{\"count\":1,\"per_ms\":3600000}");
	launch();
	go_to(bed.now_ms + HOUR);
	assert_int("the first round", "SELECT count(*) FROM delivery WHERE step = 0 AND state = 5", 2);
	go_to(INT64_C(1685426400000));
	assert_int("the next begin with a letter", "SELECT count(*) FROM delivery WHERE step > 0 AND state = 5", 1);
	for (int hour = 1; hour < 4; hour++) {
		go_to(INT64_C(1685426400000) + hour * HOUR);
		assert_int("one an hour, of both", "SELECT count(*) FROM delivery WHERE step > 0 AND state = 5", hour + 1);
	}
}

static void a_zone_nobody_knows_stops_its_campaign_and_no_other(void **state)
{
	(void)state;
	organisation("a", "authority", NULL, NULL);
	draft("[\"coordinator\"]",
		"[{\"number\":1,\"draft\":false,\"ask\":true,\"first\":0,\"starts_ms\":1684735200000,\"deadline\":" MAY_30 "," REMIND "}]",
		",\"send\":{\"local\":false,\"open_minute\":540,\"close_minute\":1080}");
	launch();
	organisation("b", "authority", NULL, "Nowhere/Land");
	go_to(INT64_C(1684735200000));
	assert_text("stopped", "SELECT state FROM campaign", "paused");
	assert_int("it says why", "SELECT count(*) FROM campaign WHERE state_reason LIKE '%Nowhere/Land%'", 1);
	assert_int("nothing of the batch was written", LETTERS(0), 0);
}

/* ---- changes ---------------------------------------------------------------------------------------- */

static void send_to(const char *key, const char *address)
{
	order(TASK_RECIPIENT_READDRESS, json_pack("{s:s,s:s}", "recipient", key, "address", address));
	settle();
}

static void an_address_that_was_wrong_again_is_replaced_again(void **state)
{
	(void)state;
	organisation("a", "authority", NULL, NULL);
	organisation("b", "authority", NULL, NULL);
	draft("[\"coordinator\",\"head\"]", ONE_ROUND, "");
	launch();
	assert_int("letters", LETTERS(0), 4);
	send_to("a", "one@a.example.org");
	send_to("a", "two@a.example.org");
	send_to("a", "three@a.example.org");
	send_to("a", "three@a.example.org");
	assert_int("to each", "SELECT count(DISTINCT address) FROM delivery WHERE contact < 0 AND state = 5", 3);
	assert_int("once", "SELECT count(*) FROM delivery WHERE contact < 0", 3);
	assert_int("the other's stay", LETTERS(0), 7);
}

static void whoever_got_letters_of_several_rounds_is_told_of_the_recall_once(void **state)
{
	(void)state;
	organisation("a", "authority", NULL, NULL);
	draft("[\"coordinator\"]",
		"[{\"number\":1,\"draft\":false,\"ask\":false,\"first\":0},"
		"{\"number\":2,\"draft\":false,\"ask\":false,\"first\":8,\"starts_ms\":1685426400000}]",
		",\"steps\":[{\"step\":0,\"kind\":\"first\",\"letter\":\"first\"},{\"step\":8,\"kind\":\"first\",\"letter\":\"first\"}]");
	launch();
	go_to(INT64_C(1685426400000));
	assert_int("two rounds", "SELECT count(*) FROM delivery WHERE state = 5", 2);
	order(TASK_CAMPAIGN_RECALL, json_pack("{s:s,s:s}", "campaign", "demo", "reason", "ошибка"));
	settle();
	assert_int("one letter about it", "SELECT count(*) FROM delivery WHERE step NOT IN (0, 8)", 1);
	assert_text("finished", "SELECT state FROM campaign", "finished");
}

#define OTHER_HASH "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define WITH_PERSON \
	",\"steps\":[{\"step\":0,\"kind\":\"first\",\"letter\":\"first\"},{\"step\":7,\"kind\":\"acknowledge\",\"letter\":\"ack\"}]," \
	"\"acknowledge\":{\"persons\":[{\"name\":\"И. О. Первая\",\"address\":\"deputy@education.example.org\"}]}"

/* The folder `vestnik campaign correct` stores: another title, so that every letter is a new one. */
static void store_mended(void)
{
	struct error e = {0};
	int64_t id;
	flow_ok(db_query_int(bed.db, &id, &e,
			"INSERT INTO campaign (slug, kind, title, content_hash, definition, sender, state, priority, created_ms)"
			" VALUES ('demo--correction', 'correction', 't', $1, $2, 'outreach@ministry.example.org', 'draft', 1, 0)"
			" RETURNING id",
			"ss", OTHER_HASH,
			"{\"title\":\"another\",\"contacts\":[],\"steps\":[{\"step\":0,\"kind\":\"first\",\"letter\":\"first\"},"
			"{\"step\":9,\"kind\":\"correction\",\"letter\":\"correction\"}]}") == DB_ROW ? 0 : -1,
		&e);
	static const char *const letters[] = {"first", "ack", "correction"};
	for (int i = 0; i < 3; i++)
		flow_ok(db_exec(bed.db, &e,
				"INSERT INTO campaign_file (campaign, purpose, position, name, hash) VALUES ($1, 'letter', $2, $3, $3)",
				"iis", id, (int64_t)i, letters[i]),
			&e);
}

static void a_corrected_letter_leads_to_the_same_acknowledgement(void **state)
{
	(void)state;
	struct error e = {0};
	organisation("a", "authority", NULL, NULL);
	draft("[\"coordinator\"]",
		"[{\"number\":1,\"draft\":false,\"ask\":true,\"first\":0,\"acknowledge\":7,\"deadline\":" MAY_30 "," REMIND "}]",
		WITH_PERSON);
	store_mended();
	order(TASK_CAMPAIGN_LAUNCH, json_pack("{s:s,s:s}", "campaign", "demo", "content_hash", HASH));
	while (flow_int(&bed, LETTERS(7)) == 0) {
		skipped_us += REST_US;
		flow_ok(planner_step(planner, 1, &e), &e);
	}
	flow_ok(db_exec(bed.db, &e, "UPDATE schedule SET due_ms = due_ms + 172800000", ""), &e);
	settle();
	assert_int("it waits", LETTERS(7) " AND state = 0", 1);
	order(TASK_CAMPAIGN_CORRECT, json_pack("{s:s,s:s}", "campaign", "demo", "content_hash", OTHER_HASH));
	settle();
	assert_int("taken back", LETTERS(7) " AND state = 10", 1);
	assert_int("the mended one has the same link",
		"SELECT count(*) FROM delivery d JOIN acknowledgement k ON k.address = d.address WHERE d.step > 7"
		" AND d.state = 0 AND d.fields LIKE '%\"ack\":' || k.id || '}%'", 1);
}

static void postpone(void)
{
	order(TASK_CAMPAIGN_POSTPONE, json_pack("{s:s,s:s}", "campaign", "demo", "deadline", "2023-06-09 18:00"));
}

static void a_campaign_paused_while_it_is_changed_stays_paused(void **state)
{
	(void)state;
	organisation("a", "authority", NULL, NULL);
	draft("[\"coordinator\"]", ONE_ROUND, "");
	launch();
	postpone();
	order(TASK_CAMPAIGN_PAUSE, json_pack("{s:s}", "campaign", "demo"));
	settle();
	assert_int("the change is made", "SELECT count(*) FROM expand WHERE done = 0", 0);
	assert_text("paused", "SELECT state FROM campaign", "paused");
	order(TASK_CAMPAIGN_RESUME, json_pack("{s:s}", "campaign", "demo"));
	settle();
	assert_text("going on", "SELECT state FROM campaign", "running");
}

static void a_store_restored_while_a_campaign_was_changed_waits_for_people(void **state)
{
	(void)state;
	struct error e = {0};
	organisation("a", "authority", NULL, NULL);
	draft("[\"coordinator\"]", ONE_ROUND, "");
	launch();
	postpone();
	while (flow_int(&bed, "SELECT count(*) FROM expand WHERE done = 0") == 0)
		flow_ok(planner_step(planner, 1, &e), &e);
	flow_ok(db_exec(bed.db, &e, "INSERT INTO meta (name, value) VALUES ('restored', '1')", ""), &e);
	planner_close(&planner);
	open_planner();
	settle();
	assert_int("the change is made", "SELECT count(*) FROM expand WHERE done = 0", 0);
	assert_text("paused", "SELECT state FROM campaign", "paused");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(asks_open_with_their_letters),
		T(reminders_go_to_the_silent_at_their_own_morning),
		T(a_long_sleep_reminds_once),
		T(a_reminder_waits_for_working_hours_and_stops_at_the_deadline),
		T(after_an_automatic_reply_the_second_contact_is_reminded_too),
		T(a_failed_letter_flags_its_ask),
		T(children_are_asked_through_their_parents),
		T(each_parent_gets_one_list_of_its_silent_and_the_controller_all),
		T(a_report_waits_for_a_mailbox_but_not_for_ever),
		T(a_report_goes_after_fifteen_minutes_whatever_was_read),
		T(named_persons_are_expected_to_acknowledge),
		T(rounds_open_at_their_own_time_and_drafts_never),
		T(a_reminder_is_decided_anew_by_who_takes_over),
		T(a_region_with_days_off_of_its_own_is_reminded_before_them),
		T(a_late_reminder_keeps_a_regions_holiday),
		T(a_round_whose_time_was_slept_through_asks_nobody_until_it_is_postponed),
		T(a_rate_is_counted_anew_in_every_round),
		T(a_zone_nobody_knows_stops_its_campaign_and_no_other),
		T(an_address_that_was_wrong_again_is_replaced_again),
		T(whoever_got_letters_of_several_rounds_is_told_of_the_recall_once),
		T(a_corrected_letter_leads_to_the_same_acknowledgement),
		T(a_campaign_paused_while_it_is_changed_stays_paused),
		T(a_store_restored_while_a_campaign_was_changed_waits_for_people),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
