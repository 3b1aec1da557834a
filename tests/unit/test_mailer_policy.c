/* The mailer's policy without a network: rates, verdicts, breakers, choice of
 * relay, quotas in the store, tagged addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/ident.h"
#include "mailer/compose.h"
#include "mailer/domain.h"
#include "mailer/relay.h"
#include "mailer/policy.h"
#include "support/scratch.h"

#define MINUTE_MS 60000

/* ---- verdicts --------------------------------------------------------------------- */

static void verdicts(void **state)
{
	(void)state;
	static const struct {
		enum transport_verdict what;
		int code;
		const char *enhanced, *text;
		enum delivery_state want;
		enum policy_blame blame;
	} rows[] = {
		{TRANSPORT_ACCEPTED, 250, "2.0.0", "queued", DELIVERY_ACCEPTED, BLAME_NOBODY},
		{TRANSPORT_UNCERTAIN, 0, "", "", DELIVERY_UNCERTAIN, BLAME_NOBODY},
		{TRANSPORT_NOT_SENT, 0, "", "", DELIVERY_RETURNED, BLAME_NOBODY},
		{TRANSPORT_RECIPIENT_REFUSED, 550, "5.1.1", "no such user", DELIVERY_FAILED, BLAME_RECIPIENT},
		{TRANSPORT_RECIPIENT_REFUSED, 450, "4.2.0", "greylisted", DELIVERY_DEFERRED, BLAME_RECIPIENT},
		{TRANSPORT_RECIPIENT_REFUSED, 452, "4.2.2", "mailbox full: quota exceeded for sender", DELIVERY_DEFERRED,
			BLAME_RECIPIENT},
		{TRANSPORT_RECIPIENT_REFUSED, 552, "5.2.2", "over quota", DELIVERY_FAILED, BLAME_RECIPIENT},
		{TRANSPORT_RECIPIENT_REFUSED, 421, "", "closing", DELIVERY_RETURNED, BLAME_RELAY},
		{TRANSPORT_RECIPIENT_REFUSED, 554, "5.7.1", "<a@b>: Relay access denied", DELIVERY_RETURNED,
			BLAME_RELAY},
		{TRANSPORT_RECIPIENT_REFUSED, 550, "5.4.5", "Daily user sending limit exceeded", DELIVERY_RETURNED,
			BLAME_QUOTA},
		{TRANSPORT_SENDER_REFUSED, 550, "5.7.1", "sender refused", DELIVERY_RETURNED, BLAME_SENDER},
		{TRANSPORT_SENDER_REFUSED, 530, "5.7.0", "log in first", DELIVERY_RETURNED, BLAME_RELAY},
		{TRANSPORT_SENDER_REFUSED, 451, "4.3.0", "try later", DELIVERY_RETURNED, BLAME_RELAY},
		{TRANSPORT_SENDER_REFUSED, 454, "", "Throttling failure: Daily message quota exceeded",
			DELIVERY_RETURNED, BLAME_QUOTA},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct transport_reply reply = {.code = rows[i].code};
		snprintf(reply.enhanced, sizeof reply.enhanced, "%s", rows[i].enhanced);
		snprintf(reply.text, sizeof reply.text, "%s", rows[i].text);
		struct judgement got = policy_judge(rows[i].what, &reply);
		if (got.state != rows[i].want || got.blame != rows[i].blame)
			fail_msg("row %zu (%d %s): got %s, blame %d; want %s, blame %d", i, rows[i].code,
				rows[i].text, delivery_state_name(got.state), (int)got.blame,
				delivery_state_name(rows[i].want), (int)rows[i].blame);
	}
}

/* ---- rates ---------------------------------------------------------------------------- */

static void a_rate_lets_its_number_through_and_no_more(void **state)
{
	(void)state;
	static const struct settings_rate limits[] = {{20, 1000}, {1000, 3600000}, {5, 60000}, {5000, 1000}};
	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
		struct rate rate;
		rate_init(&rate, limits[i], 100);
		int64_t now = 1000000, end = now + 10 * limits[i].per_ms, sent = 0;
		while (now < end) {
			int64_t at = rate_when_ms(&rate, now);
			if (at > now) {
				now = at;
				continue;
			}
			rate_take(&rate, now);
			sent++;
		}
		int64_t want = 10 * limits[i].count;
		int64_t burst = limits[i].count * RATE_BURST_MS / limits[i].per_ms + 2;
		if (sent < want - burst || sent > want + burst)
			fail_msg("limit %zu: got %lld letters, want %lld", i, (long long)sent, (long long)want);
	}
	struct rate none;
	rate_init(&none, (struct settings_rate){0}, 100);
	rate_take(&none, 5);
	assert_int_equal(rate_when_ms(&none, 5), 5);
}

/* How many letters go in ten seconds, from now on. */
static int letters_in_ten_seconds(struct rate *rate, int64_t *now)
{
	int letters = 0;
	for (int64_t end = *now + 10000; *now < end; (*now)++)
		while (rate_when_ms(rate, *now) <= *now) {
			rate_take(rate, *now);
			letters++;
		}
	return letters;
}

static void a_rate_is_shared_by_the_mailers_there_are(void **state)
{
	(void)state;
	const struct settings_rate limit = {20, 1000};
	struct rate rate;
	int64_t now = 1000;
	rate_init(&rate, limit, 100);
	(void)letters_in_ten_seconds(&rate, &now);
	static const struct {
		int mailers, want;
	} steps[] = {{2, 100}, {4, 50}, {1, 200}, {3, 66}};
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		rate_share(&rate, limit, 100, steps[i].mailers);
		int got = letters_in_ten_seconds(&rate, &now);
		if (got < steps[i].want - 2 || got > steps[i].want + 2)
			fail_msg("%d mailers: %d letters each in 10 s, want %d", steps[i].mailers, got, steps[i].want);
	}
}

static void connections_are_shared_when_the_settings_limit_them(void **state)
{
	(void)state;
	struct settings_relay settings = {.connections = 10, .connections_limited = true};
	struct relay relay = {.settings = &settings};
	static const int want[] = {10, 5, 3, 2, 2, 1, 1};
	for (int n = 1; n <= 7; n++) {
		relay_share(&relay, n);
		assert_int_equal(relay_places(&relay), want[n - 1]);
	}
	relay_share(&relay, 11);
	assert_int_equal(relay_places(&relay), 1); /* never none */
	settings.connections_limited = false;
	assert_int_equal(relay_places(&relay), 10);
}

static void a_relay_parked_by_one_mailer_is_parked_for_all(void **state)
{
	(void)state;
	struct settings_relay settings = {.name = (char *)(uintptr_t)"provider"};
	struct relay relay = {.settings = &settings, .mailers = 2};
	relay_saw(&relay, &(struct relay_seen){.parked_until_ms = 5000, .updated_ms = 1000}, 2000);
	assert_false(relay_usable(&relay, 1, 4999));
	assert_true(relay_usable(&relay, 1, 5001));
	/* a breaker somebody writes as open is theirs; one nobody writes any more is corrected */
	relay_saw(&relay, &(struct relay_seen){.updated_ms = 10000, .troubled = true}, 12000);
	assert_false(relay.dirty);
	relay_saw(&relay, &(struct relay_seen){.updated_ms = 10000, .troubled = true}, 60000);
	assert_true(relay.dirty);
}

static void a_domain_over_its_rate_sends_letters_back_spread_out(void **state)
{
	(void)state;
	char domain[] = "slow.test";
	struct settings_domain_rate limits[] = {{.domain = domain, .rate = {1, 1000}}};
	struct settings settings = {.mailer = {.domains = limits, .domains_count = 1}};
	struct domain_rates *rates = domain_rates_new(&settings);
	int64_t again = 0, last = 0;
	assert_int_equal(domain_rates_take(rates, "a@fast.test", 10, 2000, &again), 10);
	assert_int_equal(domain_rates_take(rates, "a@slow.test", 10, 2000, &again), 10);
	for (int i = 0; i < 20; i++) {
		int64_t at = domain_rates_take(rates, "a@slow.test", 10, 10, &again);
		assert_int_equal(at, -1);
		assert_true(again > last && again - last >= (i == 0 ? 1 : 1000));
		last = again;
	}
	domain_rates_free(&rates);
}

/* ---- breakers and choice ---------------------------------------------------------------- */

static char *only_ministry[] = {(char *)(uintptr_t)"ministry@example.org"};

static struct relays two_relays(struct settings_relay settings[2])
{
	static struct relay items[2];
	memset(items, 0, sizeof items);
	for (int i = 0; i < 2; i++) {
		settings[i].name = (char *)(uintptr_t)(i == 0 ? "one" : "two");
		items[i].settings = &settings[i];
	}
	return (struct relays){.item = items,
		.count = 2,
		.breaker_failures = 3,
		.breaker_open_ms = 1000,
		.breaker_open_most_ms = 4000};
}

static void weights_share_the_letters(void **state)
{
	(void)state;
	struct settings_relay settings[2] = {{.weight = 3}, {.weight = 1}};
	struct relays relays = two_relays(settings);
	int count[2] = {0};
	int64_t again;
	for (int i = 0; i < 400; i++)
		count[relays_choose(&relays, "a@example.org", 0, 0, &again) - relays.item]++;
	assert_int_equal(count[0], 300);
	assert_int_equal(count[1], 100);
}

static void a_spare_relay_is_used_only_when_the_others_are_out(void **state)
{
	(void)state;
	struct settings_relay settings[2] = {{.weight = 1}, {.weight = 0}};
	struct relays relays = two_relays(settings);
	int64_t again;
	assert_ptr_equal(relays_choose(&relays, "a@example.org", 0, 0, &again), &relays.item[0]);
	for (int i = 0; i < 3; i++)
		(void)relay_session_failed(&relays, &relays.item[0], 0, "connection refused");
	assert_int_equal(relays.item[0].breaker, BREAKER_OPEN);
	assert_ptr_equal(relays_choose(&relays, "a@example.org", 1, 1, &again), &relays.item[1]);
	/* after its time one session may probe */
	assert_ptr_equal(relays_choose(&relays, "a@example.org", 1001, 1001, &again), &relays.item[0]);
}

static void a_sender_goes_only_through_relays_that_carry_it(void **state)
{
	(void)state;
	struct settings_relay settings[2] = {
		{.weight = 1, .senders = only_ministry, .senders_count = 1}, {.weight = 0, .senders = only_ministry, .senders_count = 1}};
	struct relays relays = two_relays(settings);
	int64_t again = 7;
	assert_null(relays_choose(&relays, "other@example.org", 0, 0, &again));
	assert_int_equal(again, 0);
	assert_non_null(relays_choose(&relays, "Ministry@example.org", 0, 0, &again));
}

static void an_open_breaker_doubles_its_time_and_closes_on_success(void **state)
{
	(void)state;
	struct settings_relay settings[2] = {{.weight = 1}, {.weight = 1}};
	struct relays relays = two_relays(settings);
	struct relay *relay = &relays.item[0];
	assert_false(relay_session_failed(&relays, relay, 0, "x"));
	assert_false(relay_session_failed(&relays, relay, 0, "x"));
	assert_true(relay_session_failed(&relays, relay, 0, "x"));
	assert_int_equal(relay->retry_at_ms, 1000);
	relay->breaker = BREAKER_HALF_OPEN;
	assert_true(relay_session_failed(&relays, relay, 1000, "x"));
	assert_int_equal(relay->retry_at_ms, 3000);
	relay->breaker = BREAKER_HALF_OPEN;
	(void)relay_session_failed(&relays, relay, 3000, "x");
	relay->breaker = BREAKER_HALF_OPEN;
	(void)relay_session_failed(&relays, relay, 7000, "x");
	assert_int_equal(relay->open_for_ms, 4000); /* not above the most */
	relay_worked(relay);
	assert_int_equal(relay->breaker, BREAKER_CLOSED);
	assert_int_equal(relay->failures, 0);
}

static void one_senders_refusals_do_not_open_the_breaker_two_do(void **state)
{
	(void)state;
	struct settings_relay settings[2] = {{.weight = 1}, {.weight = 1}};
	struct relays relays = two_relays(settings);
	struct relay *relay = &relays.item[0];
	for (int i = 0; i < 10; i++)
		assert_false(relay_refused_sender(&relays, relay, "a@example.org", 0, "no"));
	assert_true(relay_refused_sender(&relays, relay, "b@example.org", 0, "no"));
	assert_int_equal(relay->breaker, BREAKER_OPEN);
}

static void five_uncertain_letters_in_a_row_open_the_breaker(void **state)
{
	(void)state;
	struct settings_relay settings[2] = {{.weight = 1}, {.weight = 1}};
	struct relays relays = two_relays(settings);
	struct relay *relay = &relays.item[0];
	for (int i = 0; i < 4; i++)
		assert_false(relay_uncertain(&relays, relay, 0));
	relay_worked(relay);
	for (int i = 0; i < 4; i++)
		assert_false(relay_uncertain(&relays, relay, 0));
	assert_true(relay_uncertain(&relays, relay, 0));
}

/* ---- quota in the store ------------------------------------------------------------------- */

static struct db *fresh_store(void)
{
	struct db *db;
	struct error e;
	must(db_open(&db, scratch_store(), &e), &e);
	return db;
}

static void a_quota_is_shared_and_kept_until_its_window_ends(void **state)
{
	(void)state;
	struct db *db = fresh_store();
	struct settings_relay relay = {.name = (char *)(uintptr_t)"provider", .quota = {500, 24 * 60 * MINUTE_MS}};
	struct error e;
	int64_t granted, parked, sum = 0, start = 1000000;
	for (;;) {
		assert_int_equal(relay_refill_quota(db, &relay, start + sum, &granted, &parked, &e), 0);
		if (granted == 0)
			break;
		sum += granted;
	}
	assert_int_equal(sum, 500);
	assert_int_equal(parked, start + relay.quota.per_ms); /* the window began with the first letter */
	assert_int_equal(relay_give_back_quota(db, "provider", 3, &e), 0);
	assert_int_equal(relay_refill_quota(db, &relay, start + 5000, &granted, &parked, &e), 0);
	assert_int_equal(granted, 3);
	assert_int_equal(relay_refill_quota(db, &relay, start + relay.quota.per_ms, &granted, &parked, &e), 0);
	assert_true(granted > 0);
	/* a refusal parks it over a restart, whatever the count says */
	assert_int_equal(relay_save(db, "provider", BREAKER_CLOSED, start + 2 * relay.quota.per_ms, "limit", 1, &e), 0);
	assert_int_equal(relay_refill_quota(db, &relay, start + relay.quota.per_ms + 5, &granted, &parked, &e), 0);
	assert_int_equal(granted, 0);
	assert_int_equal(parked, start + 2 * relay.quota.per_ms);
	struct relay_seen seen;
	assert_int_equal(relay_load(db, "provider", &seen, &e), 0);
	assert_int_equal(seen.parked_until_ms, start + 2 * relay.quota.per_ms);
	assert_false(seen.troubled);
	/* another mailer, that knows nothing of it, writes its breaker and leaves the parking alone */
	assert_int_equal(relay_save(db, "provider", BREAKER_OPEN, 0, "down", 2, &e), 0);
	assert_int_equal(relay_load(db, "provider", &seen, &e), 0);
	assert_int_equal(seen.parked_until_ms, start + 2 * relay.quota.per_ms);
	assert_true(seen.troubled);
	db_close(&db);
}

/* ---- addresses ------------------------------------------------------------------------------ */

static void tagged_addresses(void **state)
{
	(void)state;
	char out[GATE_ADDRESS_MAX + 1];
	assert_int_equal(compose_tagged("bounces@example.org", "12.1.abcdefghijklmnop", out), 0);
	assert_string_equal(out, "bounces+12.1.abcdefghijklmnop@example.org");
	assert_int_equal(
		compose_tagged("a-very-long-local-part-that-leaves-no-room-for-it@example.org", "12.1.abcdefghijklmnop", out), -1);
}

int main(void)
{
	ident_init();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts),
		cmocka_unit_test(a_rate_lets_its_number_through_and_no_more),
		cmocka_unit_test(a_rate_is_shared_by_the_mailers_there_are),
		cmocka_unit_test(connections_are_shared_when_the_settings_limit_them),
		cmocka_unit_test(a_relay_parked_by_one_mailer_is_parked_for_all),
		cmocka_unit_test(a_domain_over_its_rate_sends_letters_back_spread_out),
		cmocka_unit_test(weights_share_the_letters),
		cmocka_unit_test(a_spare_relay_is_used_only_when_the_others_are_out),
		cmocka_unit_test(a_sender_goes_only_through_relays_that_carry_it),
		cmocka_unit_test(an_open_breaker_doubles_its_time_and_closes_on_success),
		cmocka_unit_test(one_senders_refusals_do_not_open_the_breaker_two_do),
		cmocka_unit_test(five_uncertain_letters_in_a_row_open_the_breaker),
		cmocka_unit_test(a_quota_is_shared_and_kept_until_its_window_ends),
		cmocka_unit_test(tagged_addresses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
