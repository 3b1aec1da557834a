/* Webhook endpoints in the store: what was added can be read and changed; each change is counted, a refused one is
 * not and changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/ident.h"
#include "support/scratch.h"
#include "webhook/endpoint.h"

static struct db *db;
static struct error e;

static int open_store(void **state)
{
	(void)state;
	ident_init();
	must(db_open(&db, scratch_store(), &e), &e);
	return 0;
}

static int close_store(void **state)
{
	(void)state;
	db_close(&db);
	return 0;
}

static struct webhook_endpoint added(void)
{
	char secret[WEBHOOK_SECRET_SIZE];
	struct webhook_endpoint endpoint = {.url = "https://example.org/hook", .events = "[]", .concurrency = 4};
	must(webhook_endpoint_add(db, &endpoint, secret, &e), &e);
	return endpoint;
}

static int64_t revision(void)
{
	int64_t number;
	must(webhook_revision(db, &number, &e), &e);
	return number;
}

/* By what is stored: "" = as wanted. */
static void expect_stored(const char *what, const struct webhook_endpoint *want)
{
	struct webhook_endpoint got;
	char differs[WEBHOOK_MEMBERS_SIZE];
	must(webhook_endpoint_read(db, want->id, &got, &e), &e);
	if (webhook_endpoint_differs(&got, want, differs)[0] != '\0')
		fail_msg("%s: got other %s than wanted", what, differs);
	webhook_endpoint_fini(&got);
}

static void every_member_can_be_changed(void **state)
{
	(void)state;
	static const struct {
		const char *differs;
		struct webhook_endpoint endpoint;
	} cases[] = {
		{"url", {.url = "https://new.example.org/", .events = "[]", .concurrency = 4}},
		{"events", {.url = "https://example.org/hook", .events = "[\"vestnik.campaign.*\"]", .concurrency = 4}},
		{"campaign", {.url = "https://example.org/hook", .events = "[]", .concurrency = 4, .campaign = "demo"}},
		{"allow_private", {.url = "https://example.org/hook", .events = "[]", .concurrency = 4, .allow_private = true}},
		{"concurrency", {.url = "https://example.org/hook", .events = "[]", .concurrency = 64}},
		{"url, events, campaign, allow_private, concurrency",
			{.url = "http://10.0.0.1/", .events = "[\"vestnik.report.ready\"]", .concurrency = 1, .campaign = "demo",
				.allow_private = true}},
		{"", {.url = "https://example.org/hook", .events = "[]", .concurrency = 4}},
	};
	struct webhook_endpoint other = added();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct webhook_endpoint was = added(), now = cases[i].endpoint;
		char differs[WEBHOOK_MEMBERS_SIZE];
		int64_t before = revision();
		memcpy(now.id, was.id, sizeof now.id);
		if (strcmp(webhook_endpoint_differs(&was, &now, differs), cases[i].differs) != 0)
			fail_msg("case %zu: got \"%s\" as what differs, want \"%s\"", i, differs, cases[i].differs);
		must(webhook_endpoint_change(db, &now, &e), &e);
		expect_stored(cases[i].differs, &now);
		assert_int_equal(revision(), before + 1);
		/* and back */
		must(webhook_endpoint_change(db, &was, &e), &e);
		expect_stored("as it was", &was);
	}
	expect_stored("another one", &other);
}

static void what_may_not_be_added_is_no_change_either(void **state)
{
	(void)state;
	static const struct webhook_endpoint cases[] = {
		{.url = "", .events = "[]", .concurrency = 4},
		{.url = "ftp://example.org/", .events = "[]", .concurrency = 4},
		{.url = "https://user:word@example.org/", .events = "[]", .concurrency = 4},
		{.url = "http://example.org/", .events = "[]", .concurrency = 4},
		{.url = "https://example.org/", .events = "[]", .concurrency = 0},
		{.url = "https://example.org/", .events = "[]", .concurrency = WEBHOOK_CONCURRENCY_MAX + 1},
	};
	struct webhook_endpoint was = added();
	int64_t before = revision();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct webhook_endpoint now = cases[i], fresh = cases[i];
		char secret[WEBHOOK_SECRET_SIZE];
		struct error changing = {0}, adding = {0};
		memcpy(now.id, was.id, sizeof now.id);
		if (webhook_endpoint_change(db, &now, &changing) == 0 || changing.code != ERROR_INPUT)
			fail_msg("case %zu: got code %d, want a refusal", i, (int)changing.code);
		if (webhook_endpoint_add(db, &fresh, secret, &adding) == 0 || strcmp(adding.text, changing.text) != 0)
			fail_msg("case %zu: got \"%s\", want the words of adding: \"%s\"", i, changing.text, adding.text);
	}
	struct webhook_endpoint absent = {.id = "ep-absent", .url = "https://example.org/", .events = "[]", .concurrency = 1}, got;
	struct error changing = {0}, reading = {0};
	assert_int_equal(webhook_endpoint_change(db, &absent, &changing), -1);
	assert_int_equal(changing.code, ERROR_NOT_FOUND);
	assert_int_equal(webhook_endpoint_read(db, absent.id, &got, &reading), -1);
	assert_int_equal(reading.code, ERROR_NOT_FOUND);
	webhook_endpoint_fini(&got);
	expect_stored("after refusals", &was);
	assert_int_equal(revision(), before);
}

static void health_goes_with_the_url_alone(void **state)
{
	(void)state;
	struct webhook_endpoint was = added(), got;
	must(webhook_endpoint_disable(db, was.id, "by hand", &e), &e);
	must(db_exec(db, &e, "UPDATE endpoint SET first_failure_ms = 17 WHERE id = $1", "s", was.id), &e);
	was.events = "[\"vestnik.report.ready\"]";
	must(webhook_endpoint_change(db, &was, &e), &e);
	must(webhook_endpoint_read(db, was.id, &got, &e), &e);
	assert_int_equal(got.first_failure_ms, 17);
	webhook_endpoint_fini(&got);
	was.url = "https://new.example.org/";
	must(webhook_endpoint_change(db, &was, &e), &e);
	must(webhook_endpoint_read(db, was.id, &got, &e), &e);
	assert_int_equal(got.first_failure_ms, 0);
	/* who turned it off turns it on */
	assert_false(got.active);
	assert_string_equal(got.disabled_reason, "by hand");
	assert_int_equal(got.created_ms, was.created_ms);
	webhook_endpoint_fini(&got);
}

static void a_change_is_part_of_the_callers_transaction(void **state)
{
	(void)state;
	struct webhook_endpoint was = added(), now = was;
	int64_t before = revision();
	now.url = "https://new.example.org/";
	must(db_begin(db, DB_WRITE, &e), &e);
	must(webhook_endpoint_change(db, &now, &e), &e);
	db_rollback(db);
	expect_stored("taken back", &was);
	assert_int_equal(revision(), before);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, open_store, close_store)
	const struct CMUnitTest tests[] = {
		EACH(every_member_can_be_changed),
		EACH(what_may_not_be_added_is_no_change_either),
		EACH(health_goes_with_the_url_alone),
		EACH(a_change_is_part_of_the_callers_transaction),
	};
	return cmocka_run_group_tests_name("webhook_endpoint", tests, NULL, NULL);
}
