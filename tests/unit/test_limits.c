/* What the settings' `sources` let a producer ask for, through the planner with the real store and
 * bus: which limit it was is said, nothing is left behind, and the task may come again later. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "../support/flow_bed.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "message/task.h"
#include "planner/planner.h"

#define HASH "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define OFFICE "office@ministry.example.org"

static struct flow_bed bed;
static struct settings *settings;
static struct planner *planner;
static struct ident_key key;
static const struct ident_key *proof_with; /* what the planner asks for; NULL: nothing */

static void use(const char *sources)
{
	char path[100];
	struct error e = {0};
	struct problems problems = {0};
	planner_close(&planner);
	settings_free(&settings);
	snprintf(path, sizeof path, "%s/limits.yaml", bed.folder);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "sender: {address: " OFFICE "}\n%s", sources);
	assert_int_equal(fclose(f), 0);
	settings = settings_load(path, &problems);
	assert_int_equal(problems.count, 0);
	problems_fini(&problems);
	struct planner_config config = {.db = bed.db, .bus = bed.bus, .settings = settings, .key = proof_with,
		.instance = "test"};
	flow_ok(planner_open(&planner, &config, &e), &e);
}

static int setup(void **state)
{
	(void)state;
	flow_bed_open(&bed);
	calendar_init();
	proof_with = NULL;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	planner_close(&planner);
	settings_free(&settings);
	flow_bed_close(&bed);
	return 0;
}

/* ---- what there is -------------------------------------------------------------------- */

static void organisations(int n)
{
	struct error e = {0};
	flow_ok(db_begin(bed.db, DB_WRITE, &e), &e);
	for (int i = 0; i < n; i++)
		flow_ok(db_exec(bed.db, &e,
				"INSERT INTO organisation (key, kind, name, revision, updated_ms)"
				" SELECT 'school-' || COALESCE(max(id), 0), 'school', 'School', 1, 0 FROM organisation",
				""),
			&e);
	flow_ok(db_exec(bed.db, &e,
			"INSERT INTO contact (organisation, role, address, updated_ms)"
			" SELECT id, 'coordinator', 'head@' || key || '.example.org', 0 FROM organisation"
			" WHERE id NOT IN (SELECT organisation FROM contact)",
			""),
		&e);
	flow_ok(db_commit(bed.db, DB_RELAXED, &e), &e);
}

static void draft(const char *slug)
{
	struct error e = {0};
	char *definition = xasprintf(
		"{\"slug\":\"%s\",\"title\":\"t\",\"zone\":\"Europe/Moscow\",\"lang\":\"ru\","
		"\"from\":{\"name\":\"M\",\"address\":\"" OFFICE "\"},\"contacts\":[],"
		"\"audience\":{\"kinds\":[\"school\"],\"roles\":[\"coordinator\"]},\"datasets\":[],"
		"\"steps\":[{\"step\":0,\"kind\":\"first\",\"letter\":\"first\"}],\"may_leave\":false,\"hold\":false}",
		slug);
	flow_ok(db_exec(bed.db, &e,
			"INSERT INTO campaign (slug, kind, title, content_hash, definition, sender, state, priority,"
			" created_ms) VALUES ($1, 'campaign', $1, $2, $3, '" OFFICE "', 'draft', 1, 0)",
			"sss", slug, HASH, definition),
		&e);
	free(definition);
}

/* ---- tasks ------------------------------------------------------------------------------ */

static void put(enum task_type type, const char *source, const char *id, json_t *data)
{
	struct error e = {0};
	struct buf text;
	buf_init(&text, 1 << 20);
	assert_int_equal(task_write(type, source, id, bed.now_ms, data, &text), 0);
	struct bus_message message = {.topic = BUS_TASKS, .content_type = TASK_STRUCTURED, .data = text.data,
		.len = text.len};
	flow_ok(bus_publish(bed.bus, &message, 1, &e), &e);
	json_decref(data);
	buf_fini(&text);
}

static json_t *launch(const char *slug)
{
	return json_pack("{s:s,s:s}", "campaign", slug, "content_hash", HASH);
}

static json_t *order(const char *slug)
{
	return json_pack("{s:s}", "campaign", slug);
}

/* from NULL: the settings' sender. */
static json_t *notice(const char *from, int recipients)
{
	json_t *to = json_array(), *data;
	for (int i = 0; i < recipients; i++)
		json_array_append_new(to, json_pack("{s:s}", "address", "head@example.org"));
	data = json_pack("{s:s,s:s,s:o}", "subject", "s", "text", "t", "to", to);
	if (from != NULL)
		json_object_set_new(data, "from", json_pack("{s:s}", "address", from));
	return data;
}

static void settle(void)
{
	struct error e = {0};
	int n;
	while ((n = planner_step(planner, 0, &e)) > 0)
		;
	flow_ok(n, &e);
}

static void assert_result(const char *id, const char *want)
{
	settle();
	char *got = flow_text_of(&bed, "SELECT result FROM task_seen WHERE id = $1", id);
	if (got == NULL || strstr(got, want) == NULL)
		fail_msg("task %s: got \"%s\", want \"%s\"", id, got == NULL ? "nothing" : got, want);
	free(got);
}

struct last_dead {
	int count;
	char reason[600];
};

static int look(void *arg, const struct bus_message *message)
{
	struct last_dead *last = arg;
	json_t *headers = json_loads(message->headers, 0, NULL);
	last->count++;
	snprintf(last->reason, sizeof last->reason, "%s",
		json_string_value(json_object_get(headers, "dead-reason")));
	json_decref(headers);
	return 0;
}

static struct last_dead dead(void)
{
	struct error e = {0};
	struct last_dead last = {0};
	flow_ok(bus_browse(bed.bus, BUS_DEAD, 0, 0, 1000, look, &last, &e), &e);
	return last;
}

static void assert_dead(int count, const char *reason)
{
	struct last_dead last = dead();
	assert_int_equal(last.count, count);
	if (strstr(last.reason, reason) == NULL)
		fail_msg("got dead-reason \"%s\", want \"%s\"", last.reason, reason);
}

/* ---- the cases ---------------------------------------------------------------------------- */

static void a_source_that_is_not_listed_asks_for_nothing(void **state)
{
	(void)state;
	use("sources: [{source: /registry/*, tasks: [notify]}]\n");
	put(TASK_NOTIFY, "/stranger", "1", notice(NULL, 1));
	assert_result("1", "refused: source \"/stranger\" may not ask for anything: it is not listed");
	assert_dead(1, "source \"/stranger\" may not ask for anything");
	assert_int_equal(flow_int(&bed, "SELECT count(*) FROM campaign"), 0);
	put(TASK_NOTIFY, "/registry/north", "2", notice(NULL, 1));
	assert_result("2", "accepted");
	assert_int_equal(flow_int(&bed, "SELECT count(*) FROM delivery"), 1);
	/* an empty list closes the bus to all but the house */
	use("sources: []\n");
	put(TASK_NOTIFY, "/registry/north", "3", notice(NULL, 1));
	assert_result("3", "refused: source \"/registry/north\" may not ask for anything");
	put(TASK_NOTIFY, "vestnik/cli/root", "4", notice(NULL, 1));
	assert_result("4", "accepted");
	/* and no list is no limit */
	use("");
	put(TASK_NOTIFY, "/stranger", "5", notice(NULL, 1));
	assert_result("5", "accepted");
}

static void a_source_asks_for_its_tasks_only(void **state)
{
	(void)state;
	use("sources:\n  - {source: /clerk, tasks: [campaign.pause, campaign.resume]}\n");
	organisations(1);
	draft("demo");
	put(TASK_CAMPAIGN_LAUNCH, "vestnik/cli/root", "1", launch("demo"));
	assert_result("1", "accepted");
	put(TASK_CAMPAIGN_PAUSE, "/clerk", "2", order("demo"));
	assert_result("2", "accepted");
	put(TASK_CAMPAIGN_CANCEL, "/clerk", "3", order("demo"));
	assert_result("3", "refused: source \"/clerk\" may not ask for campaign.cancel (tasks: campaign.pause, "
			   "campaign.resume)");
	put(TASK_NOTIFY, "/clerk", "4", notice(NULL, 1));
	assert_result("4", "refused: source \"/clerk\" may not ask for notify");
	char *got = flow_text(&bed, "SELECT state FROM campaign WHERE slug = 'demo'");
	assert_string_equal(got, "paused");
	free(got);
	use("sources:\n  - {source: /clerk, tasks: []}\n");
	put(TASK_NOTIFY, "/clerk", "5", notice(NULL, 1));
	assert_result("5", "may not ask for notify (tasks: nothing)");
}

/* Settings and tasks name the same things, in rooms that do not see each other. */
static void every_task_can_be_allowed(void **state)
{
	(void)state;
	size_t count = 0;
	while (settings_task_names[count] != NULL)
		count++;
	assert_int_equal(count, TASK_TYPES);
	for (unsigned i = 0; i < TASK_TYPES; i++) {
		const char *name = task_short_name((enum task_type)i);
		size_t at = 0;
		while (at < count && strcmp(settings_task_names[at], name) != 0)
			at++;
		if (at == count)
			fail_msg("%s cannot be written in sources: tasks", name);
	}
}

static void a_source_sends_as_its_senders_only(void **state)
{
	(void)state;
	use("sources:\n"
	    "  - {source: /a, tasks: [notify, campaign.launch, campaign.pause], senders: [contest.example.org]}\n"
	    "  - {source: /b, tasks: [notify, campaign.launch, campaign.pause], senders: [" OFFICE "]}\n");
	organisations(1);
	draft("demo");
	put(TASK_NOTIFY, "/a", "1", notice("x@contest.example.org", 1));
	assert_result("1", "accepted");
	put(TASK_NOTIFY, "/a", "2", notice(OFFICE, 1));
	assert_result("2", "refused: source \"/a\" may not send as " OFFICE " (senders: @contest.example.org)");
	put(TASK_NOTIFY, "/a", "3", notice(NULL, 1)); /* the settings' sender */
	assert_result("3", "may not send as " OFFICE);
	put(TASK_NOTIFY, "/b", "4", notice(NULL, 1));
	assert_result("4", "accepted");
	put(TASK_CAMPAIGN_LAUNCH, "/a", "5", launch("demo"));
	assert_result("5", "may not send as " OFFICE);
	put(TASK_CAMPAIGN_LAUNCH, "/b", "6", launch("demo"));
	assert_result("6", "accepted");
	put(TASK_CAMPAIGN_PAUSE, "/a", "7", order("demo")); /* nor touch another's campaign */
	assert_result("7", "may not send as " OFFICE);
	assert_int_equal(flow_int(&bed, "SELECT count(*) FROM campaign WHERE state = 'paused'"), 0);
}

static void a_source_reaches_no_more_than_its_audience(void **state)
{
	(void)state;
	use("sources:\n  - {source: /a, tasks: [notify, campaign.launch], audience_max: 12}\n");
	put(TASK_NOTIFY, "/a", "1", notice(NULL, 12));
	assert_result("1", "accepted");
	put(TASK_NOTIFY, "/a", "2", notice(NULL, 13));
	assert_result("2", "source \"/a\" may have at most 12 recipients (audience_max), and these are 13");
	organisations(12);
	draft("just");
	draft("over");
	put(TASK_CAMPAIGN_LAUNCH, "/a", "3", launch("just"));
	assert_result("3", "accepted");
	assert_int_equal(flow_int(&bed, "SELECT total FROM campaign WHERE slug = 'just'"), 12);
	organisations(1);
	put(TASK_CAMPAIGN_LAUNCH, "/a", "4", launch("over"));
	assert_result("4", "at most 12 recipients (audience_max), and these are more: at least 13");
	assert_dead(2, "at least 13");
	assert_int_equal(flow_int(&bed, "SELECT count(*) FROM delivery d JOIN campaign c ON c.id = d.campaign"
					" WHERE c.slug = 'over'"), 0);
	char *got = flow_text(&bed, "SELECT state FROM campaign WHERE slug = 'over'");
	assert_string_equal(got, "draft");
	free(got);
	/* the same task, when the limit was raised; and once */
	use("sources:\n  - {source: /a, tasks: [notify, campaign.launch], audience_max: 13}\n");
	put(TASK_CAMPAIGN_LAUNCH, "/a", "4", launch("over"));
	assert_result("4", "accepted");
	put(TASK_CAMPAIGN_LAUNCH, "/a", "4", launch("over"));
	settle();
	assert_int_equal(flow_int(&bed, "SELECT total FROM campaign WHERE slug = 'over'"), 13);
	assert_int_equal(dead().count, 2);
}

/* 5000 organisations are counted in pieces; what is due does not wait for the last one. */
static void counting_a_large_audience_stops_nobody(void **state)
{
	(void)state;
	struct error e = {0};
	use("sources:\n  - {source: /a, tasks: [campaign.launch], audience_max: 100000}\n");
	organisations(5000);
	draft("big");
	settle();
	int64_t urgent = flow_campaign(&bed, "urgent", 0);
	flow_deliveries(&bed, urgent, 1, bed.now_ms, "example.org");
	/* The launch fails in its transaction: what was done in that pass was done before. */
	flow_ok(db_exec(bed.db, &e, "INSERT INTO round (campaign, number, starts_ms) SELECT id, 1, 0 FROM campaign"
				    " WHERE slug = 'big'", ""), &e);
	put(TASK_CAMPAIGN_LAUNCH, "/a", "1", launch("big"));
	assert_int_equal(planner_step(planner, 0, &e), -1);
	assert_int_equal(flow_int(&bed, "SELECT count(*) FROM schedule WHERE claimed_ms IS NOT NULL"), 1);
	flow_ok(db_exec(bed.db, &e, "DELETE FROM round WHERE campaign IN (SELECT id FROM campaign WHERE slug = 'big')",
			""), &e);
	assert_result("1", "accepted");
	assert_int_equal(flow_int(&bed, "SELECT total FROM campaign WHERE slug = 'big'"), 5000);
}

static void put_with(const char *id, const char *headers, const char *content_type, json_t *data)
{
	struct error e = {0};
	struct buf text;
	char proof[TASK_PROOF_SIZE];
	buf_init(&text, 1 << 20);
	assert_int_equal(task_write(TASK_NOTIFY, "vestnik/cli/root", id, bed.now_ms, data, &text), 0);
	struct bus_message message = {.topic = BUS_TASKS, .content_type = content_type, .data = text.data,
		.len = text.len, .headers = headers != NULL ? headers : task_prove(&key, text.data, text.len, proof)};
	flow_ok(bus_publish(bed.bus, &message, 1, &e), &e);
	json_decref(data);
	buf_fini(&text);
}

/* Who writes the topic may call himself what he likes; our key he has not. */
static void only_our_key_makes_a_program_ours(void **state)
{
	(void)state;
	static const char refused[] = "refused: source \"vestnik/cli/root\" is a program of Vestnik's, and the task "
				      "does not carry the proof";
	struct ident_key other = {{1}};
	char proof[TASK_PROOF_SIZE];
	key = (struct ident_key){{7}};
	proof_with = &key;
	use("sources: []\n");
	put(TASK_NOTIFY, "vestnik/cli/root", "1", notice(NULL, 1));
	assert_result("1", refused);
	put_with("2", NULL, TASK_STRUCTURED, notice(NULL, 1));
	assert_result("2", "accepted");
	put_with("3", task_prove(&key, "another event", 13, proof), TASK_STRUCTURED, notice(NULL, 1));
	assert_result("3", refused);
	put_with("4", task_prove(&other, "x", 1, proof), TASK_STRUCTURED, notice(NULL, 1));
	assert_result("4", refused);
	static const char *const odd[] = {"{}", "[]", "x", "{\"vestnik-proof\":7}", "{\"vestnik-proof\":\"\"}"};
	for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
		char id[8];
		snprintf(id, sizeof id, "odd%zu", i);
		put_with(id, odd[i], TASK_STRUCTURED, notice(NULL, 1));
		assert_result(id, refused);
	}
	assert_int_equal(flow_int(&bed, "SELECT count(*) FROM delivery"), 1);
	/* without limits nobody has to prove anything */
	use("");
	put(TASK_NOTIFY, "vestnik/cli/root", "5", notice(NULL, 1));
	assert_result("5", "accepted");
	/* attributes of binary mode are outside of what the MAC covers */
	static const char data[] = "{\"subject\":\"s\"}";
	assert_true(task_proven(&key, TASK_STRUCTURED, task_prove(&key, data, sizeof data, proof), data, sizeof data));
	assert_false(task_proven(&key, "application/json", proof, data, sizeof data));
	assert_false(task_proven(&key, NULL, proof, data, sizeof data));
	assert_false(task_proven(&key, TASK_STRUCTURED, NULL, data, sizeof data));
	assert_false(task_proven(&key, TASK_STRUCTURED, proof, data, sizeof data - 1));
}

/* A spoilt or refused copy under the same name must not open the way for a second letter. */
static void what_was_accepted_stays_accepted(void **state)
{
	(void)state;
	struct error e = {0};
	use("sources: [{source: /a, tasks: [notify]}]\n");
	put(TASK_NOTIFY, "/a", "1", notice(NULL, 1));
	assert_result("1", "accepted");
	struct bus_message spoilt = {.topic = BUS_TASKS, .id = "1", .source = "/a", .type = "vestnik.task.notify",
		.data = "{}", .len = 2};
	flow_ok(bus_publish(bed.bus, &spoilt, 1, &e), &e);
	settle();
	assert_int_equal(dead().count, 1);
	assert_result("1", "accepted");
	use("sources: []\n");
	put(TASK_NOTIFY, "/a", "1", notice(NULL, 1));
	assert_result("1", "accepted");
	use("");
	put(TASK_NOTIFY, "/a", "1", notice(NULL, 1));
	settle();
	assert_int_equal(flow_int(&bed, "SELECT count(*) FROM delivery"), 1);
}

/* A record with no attributes at all goes aside with its reason and stops nobody. */
static void a_record_of_nobody_goes_aside(void **state)
{
	(void)state;
	struct error e = {0};
	use("");
	struct bus_message odd[] = {{.topic = BUS_TASKS, .data = "", .len = 0},
		{.topic = BUS_TASKS, .data = "\xff\xfe", .len = 2, .content_type = "application/cloudevents-batch+json"},
		{.topic = BUS_TASKS, .id = "9", .source = "/a", .type = "vestnik.task.notify", .data = "{}", .len = 2,
			.headers = "{\"ce_specversion\":\"0.3\"}"}};
	flow_ok(bus_publish(bed.bus, odd, 3, &e), &e);
	put(TASK_NOTIFY, "/a", "1", notice(NULL, 1));
	assert_result("1", "accepted");
	assert_dead(3, "the header ce_specversion should be 1.0, not \"0.3\"");
	assert_int_equal(flow_int(&bed, "SELECT count(*) FROM task_seen"), 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_source_that_is_not_listed_asks_for_nothing),
		T(a_source_asks_for_its_tasks_only),
		cmocka_unit_test(every_task_can_be_allowed),
		T(a_source_sends_as_its_senders_only),
		T(a_source_reaches_no_more_than_its_audience),
		T(counting_a_large_audience_stops_nobody),
		T(only_our_key_makes_a_program_ours),
		T(what_was_accepted_stays_accepted),
		T(a_record_of_nobody_goes_aside),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
