/* The ledger against the sentences of design section 4, and against a plain model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "../support/flow_bed.h"
#include "base/clock.h"
#include "ledger/apply.h"
#include "ledger/ledger.h"
#include "store/outcome.h"

static struct flow_bed bed;
static struct ledger *ledger;
static int64_t campaign, first_key;
#define KEYS 20

static int setup(void **state)
{
	(void)state;
	struct error e = {0};
	flow_bed_open(&bed);
	campaign = flow_campaign(&bed, "demo", 1);
	first_key = flow_deliveries(&bed, campaign, KEYS, bed.now_ms, "school.example.org");
	flow_ok(ledger_open(&ledger, bed.db, bed.bus, bed.settings, &e), &e);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ledger_close(&ledger);
	flow_bed_close(&bed);
	return 0;
}

/* Applies everything that is on the topic. */
static void settle(void)
{
	struct error e = {0};
	int n;
	do {
		n = ledger_step(ledger, 0, &e);
		flow_ok(n, &e);
	} while (n > 0);
}

static void say(int64_t key, int64_t dispatch, enum delivery_state state, const struct delivery_status *more)
{
	struct delivery_status status = more == NULL ? (struct delivery_status){0} : *more;
	status.key = key;
	status.dispatch = dispatch;
	status.campaign = campaign;
	status.state = state;
	status.time_ms = bed.now_ms;
	flow_publish(&bed, &status, 1);
	settle();
}

/* As the due loop would. */
static void claim(int64_t key)
{
	struct error e = {0};
	flow_ok(db_exec(bed.db, &e,
			"UPDATE schedule SET dispatch = dispatch + 1, claimed_ms = $2 WHERE key = $1"
			" AND claimed_ms IS NULL",
			"ii", key, bed.now_ms),
		&e);
	assert_int_equal(db_changes(bed.db), 1);
}

/* A column of the delivery (d.) or its schedule row (s.); -1 for NULL. */
static int64_t of(int64_t key, const char *what)
{
	static const char *const columns[] = {"d.state", "d.dispatch", "d.attempts", "d.uncertain", "d.lost",
		"d.code", "s.key", "s.dispatch", "s.due_ms", "s.claimed_ms"};
	struct error e = {0};
	struct db_stmt *stmt;
	flow_ok(db_query(bed.db, &stmt, &e,
			"SELECT d.state, d.dispatch, d.attempts, d.uncertain, d.lost, d.code, s.key, s.dispatch,"
			" s.due_ms, s.claimed_ms FROM delivery d LEFT JOIN schedule s ON s.key = d.key"
			" WHERE d.key = $1",
			"i", key),
		&e);
	assert_int_equal(db_step(stmt, &e), DB_ROW);
	int column = 0;
	while (strcmp(columns[column], what) != 0)
		assert_true(++column < 10);
	int64_t value = db_is_null(stmt, column) ? -1 : db_int(stmt, column);
	db_reset(stmt);
	return value;
}

static void assert_row(int64_t key, enum delivery_state state, int64_t dispatch)
{
	int64_t got = of(key, "d.state"), got_dispatch = of(key, "d.dispatch");
	if (got != (int64_t)state || got_dispatch != dispatch)
		fail_msg("got (%lld, %s), want (%lld, %s)", (long long)got_dispatch,
			delivery_state_name((enum delivery_state)got), (long long)dispatch,
			delivery_state_name(state));
}

/* ---- each outcome ---------------------------------------------------------------- */

static void accepted_deletes_the_schedule_row(void **state)
{
	(void)state;
	claim(first_key);
	say(first_key, 1, DELIVERY_ACCEPTED, &(struct delivery_status){.code = 250, .relay = "main"});
	assert_row(first_key, DELIVERY_ACCEPTED, 1);
	assert_int_equal(of(first_key, "s.key"), -1);
	assert_int_equal(of(first_key, "d.code"), 250);
	assert_int_equal(flow_int(&bed, "SELECT sum(n) FROM counter WHERE state = 5"), 1);
	flow_check_counters(&bed);
}

static void accepted_delivered_bounced_beat_all_at_any_dispatch(void **state)
{
	(void)state;
	static const enum delivery_state order[] = {DELIVERY_ACCEPTED, DELIVERY_DELIVERED, DELIVERY_BOUNCED};
	say(first_key, 5, DELIVERY_FAILED, NULL);
	for (int i = 0; i < 3; i++) {
		say(first_key, 1, order[i], NULL);
		assert_row(first_key, order[i], 1);
		say(first_key, 9, DELIVERY_FAILED, NULL);
		say(first_key, 9, DELIVERY_DEFERRED, NULL);
		say(first_key, 9, DELIVERY_ACCEPTED, NULL);
		assert_row(first_key, order[i], 1);
	}
	say(first_key, 9, DELIVERY_DELIVERED, NULL);
	assert_row(first_key, DELIVERY_BOUNCED, 1);
	flow_check_counters(&bed);
}

/* ---- counted by minute ------------------------------------------------------------- */

struct sums {
	char text[400];
};

static void take_sum(void *arg, const struct outcome_sum *sum)
{
	struct sums *sums = arg;
	size_t at = strlen(sums->text);
	snprintf(sums->text + at, sizeof sums->text - at, "%s%s %s %lld; ", sum->relay == NULL ? "" : sum->relay,
		sum->relay == NULL ? "" : ":", delivery_state_name(sum->state), (long long)sum->n);
}

static void outcomes_are_counted_once_by_minute_and_relay(void **state)
{
	(void)state;
	struct error e = {0};
	struct sums sums = {{0}};
	int64_t began_ms = bed.now_ms;
	for (int64_t i = 0; i < 3; i++) {
		const struct delivery_status took = {.relay = "main"}, other = {.relay = "spare"};
		claim(first_key + i);
		say(first_key + i, 1, DELIVERY_ACCEPTED, i < 2 ? &took : &other);
		say(first_key + i, 1, DELIVERY_ACCEPTED, &(struct delivery_status){.relay = "main"}); /* again */
	}
	claim(first_key + 3);
	say(first_key + 3, 1, DELIVERY_SENDING, &(struct delivery_status){.relay = "main"});
	say(first_key + 3, 1, DELIVERY_DEFERRED, &(struct delivery_status){.relay = "main", .code = 451});
	bed.now_ms += 10 * OUTCOME_MINUTE_MS;
	say(first_key, 1, DELIVERY_BOUNCED, NULL);
	flow_ok(outcome_totals(bed.db, take_sum, &sums, &e), &e);
	assert_string_equal(sums.text,
		": bounced 1; main: deferred 1; main: accepted 2; spare: accepted 1; ");
	sums.text[0] = '\0';
	flow_ok(outcome_spans(bed.db, began_ms, 1, NULL, take_sum, &sums, &e), &e);
	assert_string_equal(sums.text, " deferred 1;  accepted 3;  bounced 1; ");
	sums.text[0] = '\0';
	flow_ok(outcome_spans(bed.db, began_ms, 60 * 24, "main", take_sum, &sums, &e), &e);
	assert_string_equal(sums.text, " deferred 1;  accepted 2; ");
	sums.text[0] = '\0';
	flow_ok(outcome_trim(bed.db, began_ms + OUTCOME_KEPT_MS + 5 * OUTCOME_MINUTE_MS, &e), &e);
	flow_ok(outcome_spans(bed.db, 0, 1, NULL, take_sum, &sums, &e), &e);
	assert_string_equal(sums.text, " bounced 1; ");
}

static void within_a_dispatch_the_later_stage_wins(void **state)
{
	(void)state;
	static const enum delivery_state order[] = {DELIVERY_SENDING, DELIVERY_UNCERTAIN, DELIVERY_DEFERRED,
		DELIVERY_FAILED};
	claim(first_key);
	for (int i = 0; i < 4; i++) {
		say(first_key, 1, order[i], NULL);
		assert_row(first_key, order[i], 1);
		for (int j = 0; j < i; j++)
			say(first_key, 1, order[j], NULL);
		assert_row(first_key, order[i], 1);
	}
	say(first_key, 2, DELIVERY_SENDING, NULL);
	assert_row(first_key, DELIVERY_SENDING, 2);
	flow_check_counters(&bed);
}

static void deferred_is_counted_and_due_by_the_settings(void **state)
{
	(void)state;
	for (int64_t attempt = 1; attempt <= 8; attempt++) {
		claim(first_key);
		say(first_key, attempt, DELIVERY_DEFERRED, &(struct delivery_status){.code = 451});
		assert_row(first_key, DELIVERY_DEFERRED, attempt);
		assert_int_equal(of(first_key, "d.attempts"), attempt);
		assert_int_equal(of(first_key, "s.claimed_ms"), -1);
		size_t index = (size_t)attempt <= bed.settings->planner.retry_count
			? (size_t)attempt - 1
			: bed.settings->planner.retry_count - 1;
		int64_t pause = bed.settings->planner.retry_ms[index], due = of(first_key, "s.due_ms");
		if (due < bed.now_ms + pause - pause / 10 - 1 || due > bed.now_ms + pause + pause / 10 + 1)
			fail_msg("attempt %lld: due in %lld ms, want %lld ± 10 %%", (long long)attempt,
				(long long)(due - bed.now_ms), (long long)pause);
	}
}

static void a_hint_moves_the_retry_later(void **state)
{
	(void)state;
	claim(first_key);
	say(first_key, 1, DELIVERY_DEFERRED,
		&(struct delivery_status){.not_before_ms = bed.now_ms + 7200000});
	assert_int_equal(of(first_key, "s.due_ms"), bed.now_ms + 7200000);
}

static void the_last_attempt_fails(void **state)
{
	(void)state;
	struct error e = {0};
	flow_ok(db_exec(bed.db, &e, "UPDATE delivery SET not_after_ms = $2 WHERE key = $1", "ii", first_key,
			bed.now_ms + 30000),
		&e);
	claim(first_key);
	say(first_key, 1, DELIVERY_DEFERRED, &(struct delivery_status){.code = 452, .reason = "mailbox full"});
	assert_row(first_key, DELIVERY_FAILED, 1);
	assert_int_equal(of(first_key, "s.key"), -1);
	char *reason = flow_text(&bed, "SELECT reason FROM delivery WHERE state = 8");
	assert_string_equal(reason, "last attempt: mailbox full");
	free(reason);
	/* Others learn it too. */
	assert_int_equal(flow_int(&bed, "SELECT count(*) FROM history WHERE state IN (3, 8)"), 2);
	flow_check_counters(&bed);
}

static void deferrals_end_after_give_up(void **state)
{
	(void)state;
	int64_t began = bed.now_ms, dispatch = 0;
	while (of(first_key, "d.state") != DELIVERY_FAILED && dispatch < 200) {
		claim(first_key);
		say(first_key, ++dispatch, DELIVERY_DEFERRED, NULL);
		int64_t due = of(first_key, "s.due_ms");
		if (due > 0)
			bed.now_ms = due;
	}
	assert_row(first_key, DELIVERY_FAILED, dispatch);
	assert_true(bed.now_ms <= began + bed.settings->planner.give_up_ms);
	assert_true(bed.now_ms > began + bed.settings->planner.give_up_ms / 2);
	/* An operator's retry begins a new series. */
	say(first_key, dispatch + 1, DELIVERY_WAITING, NULL);
	claim(first_key);
	say(first_key, dispatch + 2, DELIVERY_DEFERRED, NULL);
	assert_row(first_key, DELIVERY_DEFERRED, dispatch + 2);
}

static void returned_waits_again_uncounted(void **state)
{
	(void)state;
	claim(first_key);
	say(first_key, 1, DELIVERY_RETURNED, NULL);
	assert_row(first_key, DELIVERY_WAITING, 1);
	assert_int_equal(of(first_key, "d.attempts"), 0);
	assert_int_equal(of(first_key, "s.due_ms"), bed.now_ms + LEDGER_RETURN_DELAY_MS);
	/* The same again while the next dispatch is in flight: nothing. */
	claim(first_key);
	say(first_key, 1, DELIVERY_RETURNED, NULL);
	assert_int_equal(of(first_key, "s.claimed_ms"), bed.now_ms);
	assert_int_equal(of(first_key, "s.dispatch"), 2);
	flow_check_counters(&bed);
}

static void a_late_word_about_an_old_dispatch_leaves_the_new_one_in_flight(void **state)
{
	(void)state;
	struct error e = {0};
	claim(first_key);
	/* Given up as stuck and dispatched again; now the first one speaks. */
	flow_ok(db_exec(bed.db, &e, "UPDATE schedule SET claimed_ms = NULL WHERE key = $1", "i", first_key), &e);
	claim(first_key);
	say(first_key, 1, DELIVERY_DEFERRED, NULL);
	assert_row(first_key, DELIVERY_DEFERRED, 1);
	assert_int_equal(of(first_key, "s.dispatch"), 2);
	assert_int_equal(of(first_key, "s.claimed_ms"), bed.now_ms);
	say(first_key, 2, DELIVERY_ACCEPTED, NULL);
	assert_row(first_key, DELIVERY_ACCEPTED, 2);
	flow_check_counters(&bed);
}

static void lost_three_times_is_a_counted_deferral(void **state)
{
	(void)state;
	for (int64_t i = 1; i <= 3; i++) {
		claim(first_key);
		say(first_key, i, DELIVERY_RETURNED, &(struct delivery_status){.lost = true});
		say(first_key, i, DELIVERY_RETURNED, &(struct delivery_status){.lost = true});
		assert_row(first_key, i < 3 ? DELIVERY_WAITING : DELIVERY_DEFERRED, i);
	}
	assert_int_equal(of(first_key, "d.attempts"), 1);
	assert_int_equal(of(first_key, "d.lost"), 0);
	flow_check_counters(&bed);
}

static void uncertain_is_sent_again_once_then_held(void **state)
{
	(void)state;
	claim(first_key);
	say(first_key, 1, DELIVERY_UNCERTAIN, NULL);
	assert_row(first_key, DELIVERY_UNCERTAIN, 1);
	assert_int_equal(of(first_key, "s.claimed_ms"), -1);
	assert_true(of(first_key, "s.due_ms") > bed.now_ms);
	claim(first_key);
	say(first_key, 2, DELIVERY_UNCERTAIN, NULL);
	assert_row(first_key, DELIVERY_UNCERTAIN, 2);
	assert_int_equal(of(first_key, "s.key"), -1);
	/* The operator's retry sends it once more; uncertain again holds again. */
	say(first_key, 3, DELIVERY_WAITING, NULL);
	assert_row(first_key, DELIVERY_WAITING, 3);
	claim(first_key);
	assert_int_equal(of(first_key, "s.dispatch"), 4);
	say(first_key, 4, DELIVERY_UNCERTAIN, NULL);
	assert_int_equal(of(first_key, "s.key"), -1);
	flow_check_counters(&bed);
}

static void no_retry_and_hold_keep_uncertain_for_the_operator(void **state)
{
	(void)state;
	struct error e = {0};
	claim(first_key);
	say(first_key, 1, DELIVERY_UNCERTAIN, &(struct delivery_status){.no_retry = true});
	assert_int_equal(of(first_key, "s.key"), -1);
	flow_ok(db_exec(bed.db, &e, "UPDATE campaign SET hold = 1", ""), &e);
	claim(first_key + 1);
	say(first_key + 1, 1, DELIVERY_SENDING, NULL);
	say(first_key + 1, 1, DELIVERY_UNCERTAIN, NULL);
	assert_row(first_key + 1, DELIVERY_UNCERTAIN, 1);
	assert_int_equal(of(first_key + 1, "s.key"), -1);
}

static void a_bad_event_goes_to_the_dead_and_does_not_stop_the_line(void **state)
{
	(void)state;
	struct error e = {0};
	struct bus_message bad[] = {
		{.topic = BUS_STATUS, .id = "1", .source = "test", .type = "vestnik.delivery.accepted", .data = "{", .len = 1},
		{.topic = BUS_STATUS, .id = "2", .source = "test", .type = "vestnik.delivery.eaten", .data = "{}", .len = 2},
		{.topic = BUS_STATUS, .id = "3", .source = "test", .type = "vestnik.campaign.launched", .data = "{}", .len = 2},
	};
	flow_ok(bus_publish(bed.bus, bad, 3, &e), &e);
	say(first_key + 1000, 1, DELIVERY_ACCEPTED, NULL);
	say(first_key, 1, DELIVERY_ACCEPTED, NULL);
	assert_row(first_key, DELIVERY_ACCEPTED, 1);
	struct ledger_totals totals;
	ledger_totals(ledger, &totals);
	assert_int_equal(totals.bad, 2);
	assert_int_equal(totals.unknown, 1);
	int64_t lag;
	flow_ok(bus_lag(bed.bus, BUS_DEAD, "nobody", &lag, &e), &e);
	assert_int_equal(lag, 3);
}

static void a_batch_that_fails_comes_again_whole(void **state)
{
	(void)state;
	struct error e = {0};
	struct delivery_status two[] = {
		{.key = first_key, .dispatch = 1, .state = DELIVERY_ACCEPTED, .time_ms = 1},
		{.key = first_key + 1, .dispatch = 1, .state = DELIVERY_ACCEPTED, .time_ms = 1}};
	/* The store refuses the second row's history. */
	flow_ok(db_exec(bed.db, &e,
			"CREATE TRIGGER broken BEFORE INSERT ON history WHEN new.key % 2 = 0"
			" BEGIN SELECT RAISE(ABORT, 'disk on fire'); END",
			""),
		&e);
	flow_publish(&bed, two, 2);
	assert_int_equal(ledger_step(ledger, 0, &e), -1);
	assert_row(first_key, DELIVERY_WAITING, 0);
	flow_ok(db_exec(bed.db, &e, "DROP TRIGGER broken", ""), &e);
	settle();
	assert_row(first_key, DELIVERY_ACCEPTED, 1);
	assert_row(first_key + 1, DELIVERY_ACCEPTED, 1);
	flow_check_counters(&bed);
}

/* ---- the model -------------------------------------------------------------------- */

struct model {
	enum delivery_state state;
	int64_t dispatch, attempts, uncertain, lost;
};

/* Written from the design, not from the code: a number that only grows. */
static int64_t weight(int64_t dispatch, enum delivery_state state)
{
	static const int within[DELIVERY_STATES] = {[DELIVERY_SENDING] = 1, [DELIVERY_WAITING] = 2,
		[DELIVERY_RETURNED] = 2, [DELIVERY_UNCERTAIN] = 3, [DELIVERY_DEFERRED] = 4,
		[DELIVERY_FAILED] = 5, [DELIVERY_EXPIRED] = 5, [DELIVERY_CANCELLED] = 5,
		[DELIVERY_SUPPRESSED] = 5};
	switch (state) {
	case DELIVERY_ACCEPTED:
		return 1000000001;
	case DELIVERY_DELIVERED:
		return 1000000002;
	case DELIVERY_BOUNCED:
		return 1000000003;
	default:
		return dispatch * 10 + within[state];
	}
}

static void model_apply(struct model *m, const struct delivery_status *s)
{
	if (weight(s->dispatch, s->state) <= weight(m->dispatch, m->state))
		return;
	m->dispatch = s->dispatch;
	m->state = s->state;
	switch (s->state) {
	case DELIVERY_DEFERRED:
		m->attempts++;
		m->lost = 0;
		break;
	case DELIVERY_RETURNED:
		m->state = DELIVERY_WAITING;
		if (s->lost && ++m->lost == 3) {
			m->state = DELIVERY_DEFERRED;
			m->attempts++;
			m->lost = 0;
		}
		break;
	case DELIVERY_UNCERTAIN:
		m->uncertain++;
		m->lost = 0;
		break;
	case DELIVERY_WAITING:
		m->attempts = m->lost = 0;
		break;
	case DELIVERY_SENDING:
		break;
	default:
		m->lost = 0;
	}
}

static struct delivery_status random_status(void)
{
	static const enum delivery_state kinds[] = {DELIVERY_WAITING, DELIVERY_SENDING, DELIVERY_SENDING,
		DELIVERY_UNCERTAIN, DELIVERY_DEFERRED, DELIVERY_DEFERRED, DELIVERY_RETURNED, DELIVERY_RETURNED,
		DELIVERY_RETURNED, DELIVERY_FAILED, DELIVERY_EXPIRED, DELIVERY_CANCELLED, DELIVERY_ACCEPTED,
		DELIVERY_DELIVERED, DELIVERY_BOUNCED};
	/* The winners are rare, or every run ends after a few events. */
	size_t kind = (size_t)random() % (random() % 4 == 0 ? 15 : 12);
	return (struct delivery_status){.key = first_key + random() % KEYS, .dispatch = 1 + random() % 9,
		.campaign = campaign, .state = kinds[kind], .time_ms = bed.now_ms,
		.lost = random() % 2 == 0, .no_retry = random() % 8 == 0};
}

static void compare(const struct model *models, unsigned seed, int round)
{
	for (int i = 0; i < KEYS; i++) {
		int64_t key = first_key + i;
		const struct model *m = &models[i];
		if (of(key, "d.state") != (int64_t)m->state || of(key, "d.dispatch") != m->dispatch ||
			of(key, "d.attempts") != m->attempts || of(key, "d.uncertain") != m->uncertain ||
			of(key, "d.lost") != m->lost)
			fail_msg("seed %u round %d key %d: got (%lld, %s, attempts %lld, uncertain %lld, lost"
				 " %lld), want (%lld, %s, %lld, %lld, %lld)",
				seed, round, i, (long long)of(key, "d.dispatch"),
				delivery_state_name((enum delivery_state)of(key, "d.state")),
				(long long)of(key, "d.attempts"), (long long)of(key, "d.uncertain"),
				(long long)of(key, "d.lost"), (long long)m->dispatch,
				delivery_state_name(m->state), (long long)m->attempts,
				(long long)m->uncertain, (long long)m->lost);
		bool ended = m->state >= DELIVERY_ACCEPTED, scheduled = of(key, "s.key") != -1;
		if (ended == scheduled && m->state != DELIVERY_UNCERTAIN)
			fail_msg("seed %u round %d key %d: %s and %s in the schedule", seed, round, i,
				delivery_state_name(m->state), scheduled ? "still" : "not");
	}
	flow_check_counters(&bed);
}

/* Random events, in random order, some again and again, in batches of any size. */
static void random_events_give_what_a_plain_model_gives(void **state)
{
	(void)state;
	const char *given = getenv("VESTNIK_TEST_SEED");
	unsigned seed = given != NULL ? (unsigned)atoi(given) : (unsigned)time(NULL) % 100000;
	print_message("seed=%u\n", seed);
	srandom(seed);
	struct model models[KEYS] = {0};
	struct delivery_status said[4000];
	int said_count = 0;
	for (int round = 0; round < 60; round++) {
		struct delivery_status batch[40];
		int n = 1 + (int)(random() % 40);
		for (int i = 0; i < n; i++) {
			if (said_count > 0 && random() % 3 == 0)
				batch[i] = said[random() % said_count];
			else
				batch[i] = said[said_count++] = random_status();
			model_apply(&models[batch[i].key - first_key], &batch[i]);
		}
		flow_publish(&bed, batch, n);
		settle();
		compare(models, seed, round);
	}
	/* Everything once more, in another order: nothing may move. */
	for (int i = said_count - 1; i > 0; i--) {
		int j = (int)(random() % (i + 1));
		struct delivery_status swap = said[i];
		said[i] = said[j];
		said[j] = swap;
	}
	int64_t history = flow_int(&bed, "SELECT count(*) FROM history");
	flow_publish(&bed, said, said_count);
	settle();
	compare(models, seed, -1);
	assert_int_equal(flow_int(&bed, "SELECT count(*) FROM history"), history);
}

/* Without effects that depend on the order (lost, ties) any order ends the same. */
static void any_order_ends_in_the_same_state(void **state)
{
	(void)state;
	struct delivery_status events[] = {{.state = DELIVERY_SENDING, .dispatch = 1},
		{.state = DELIVERY_DEFERRED, .dispatch = 1}, {.state = DELIVERY_RETURNED, .dispatch = 2},
		{.state = DELIVERY_SENDING, .dispatch = 3}, {.state = DELIVERY_UNCERTAIN, .dispatch = 3},
		{.state = DELIVERY_FAILED, .dispatch = 4}};
	srandom(7);
	for (int k = 0; k < KEYS; k++) {
		for (int i = 5; i > 0; i--) {
			int j = (int)(random() % (i + 1));
			struct delivery_status swap = events[i];
			events[i] = events[j];
			events[j] = swap;
		}
		for (int i = 0; i < 6; i++) {
			events[i].key = first_key + k;
			events[i].time_ms = bed.now_ms;
		}
		flow_publish(&bed, events, 6);
	}
	settle();
	for (int k = 0; k < KEYS; k++) {
		assert_row(first_key + k, DELIVERY_FAILED, 4);
		assert_int_equal(of(first_key + k, "s.key"), -1);
	}
	flow_check_counters(&bed);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(outcomes_are_counted_once_by_minute_and_relay),
		T(accepted_deletes_the_schedule_row),
		T(accepted_delivered_bounced_beat_all_at_any_dispatch),
		T(within_a_dispatch_the_later_stage_wins),
		T(deferred_is_counted_and_due_by_the_settings),
		T(a_hint_moves_the_retry_later),
		T(the_last_attempt_fails),
		T(deferrals_end_after_give_up),
		T(returned_waits_again_uncounted),
		T(a_late_word_about_an_old_dispatch_leaves_the_new_one_in_flight),
		T(lost_three_times_is_a_counted_deferral),
		T(uncertain_is_sent_again_once_then_held),
		T(no_retry_and_hold_keep_uncertain_for_the_operator),
		T(a_bad_event_goes_to_the_dead_and_does_not_stop_the_line),
		T(a_batch_that_fails_comes_again_whole),
		T(random_events_give_what_a_plain_model_gives),
		T(any_order_ends_in_the_same_state),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
