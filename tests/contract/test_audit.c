/* The audit log: what is written can be read, and whatever is changed behind its back shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "calendar/fold.h"
#include "store/again.h"
#include "support/scratch.h"

static struct db *db;
static const char *url;
static struct error e;
static const struct ident_key key = {{1, 2, 3}}, other_key = {{9}};

static int open_store(void **state)
{
	(void)state;
	ident_init();
	url = scratch_store();
	must(db_open(&db, url, &e), &e);
	return 0;
}

static int close_store(void **state)
{
	(void)state;
	db_close(&db);
	return 0;
}

static int write_once(struct db *to, const struct ident_key *with, const struct audit_act *act, struct error *error)
{
	int rc = db_begin(to, DB_WRITE, error);
	if (rc == 0)
		rc = audit_write(to, with, act, error);
	if (rc == 0)
		rc = db_commit(to, DB_RELAXED, error);
	else
		db_rollback(to);
	return rc;
}

static void add(const struct ident_key *with, const char *actor, const char *subject, const char *person)
{
	json_t *facts = json_pack("{s:i}", "letters", 7);
	json_t *detail = person == NULL ? NULL : json_pack("{s:[s]}", "people", person);
	const struct audit_act act = {.actor = actor, .origin = "192.0.2.7", .action = "campaign.launch", .subject = subject,
		.facts = facts, .detail = detail};
	must(write_once(db, with, &act, &e), &e);
	json_decref(facts);
	json_decref(detail);
}

/* Three with details, two without. */
static void five(void)
{
	static const struct {
		const char *actor, *subject, *person;
	} acts[] = {{"console/ivanova", "campaign:one", "ivan@school.test"}, {"cli/root@host", "campaign:two", NULL},
		{"console/ivanova", "campaign:three", "divan@school.test"}, {"api/k1", "campaign:one", NULL},
		{"console/petrov", "campaign:one", "Иван Иванов <IVAN@school.test>"}};
	for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++)
		add(&key, acts[i].actor, acts[i].subject, acts[i].person);
}

static struct audit_verdict verdict_with(const struct ident_key *with, const struct audit_head *known)
{
	struct audit_verdict verdict;
	must(audit_verify(db, with, known, &verdict, &e), &e);
	return verdict;
}

static void expect_bad(const char *what, const struct audit_head *known, int64_t entry)
{
	struct audit_verdict verdict = verdict_with(&key, known);
	if (verdict.first_bad != entry)
		fail_msg("%s: got entry %lld (%s), want %lld", what, (long long)verdict.first_bad, verdict.why, (long long)entry);
	if (entry != 0 && verdict.why[0] == '\0')
		fail_msg("%s: no reason is told", what);
}

/* ---- reading ---------------------------------------------------------------------------- */

struct seen {
	char text[500];
};

static int see(void *arg, const struct audit_entry *entry)
{
	struct seen *seen = arg;
	size_t len = strlen(seen->text);
	snprintf(seen->text + len, sizeof seen->text - len, "%lld%s ", (long long)entry->number,
		entry->erased ? "e" : entry->detail != NULL ? "d" : "");
	return 0;
}

static void expect_seen(const struct audit_filter *filter, const char *want)
{
	struct seen seen = {""};
	must(audit_each(db, filter, see, &seen, &e), &e);
	if (strcmp(seen.text, want) != 0)
		fail_msg("got «%s», want «%s»", seen.text, want);
}

static void entries_are_read_newest_first_by_beginnings(void **state)
{
	(void)state;
	five();
	expect_seen(&(struct audit_filter){0}, "5d 4 3d 2 1d ");
	expect_seen(&(struct audit_filter){.most = 2}, "5d 4 ");
	expect_seen(&(struct audit_filter){.before = 4, .most = 2}, "3d 2 ");
	expect_seen(&(struct audit_filter){.actor = "console/"}, "5d 3d 1d ");
	expect_seen(&(struct audit_filter){.actor = "console/ivanova", .subject = "campaign:t"}, "3d ");
	expect_seen(&(struct audit_filter){.action = "campaign.l", .subject = "campaign:one"}, "5d 4 1d ");
	expect_seen(&(struct audit_filter){.action = "Campaign"}, "");
	int64_t now_ms = clock_now_ms();
	expect_seen(&(struct audit_filter){.since_ms = now_ms + 60000}, "");
	expect_seen(&(struct audit_filter){.since_ms = now_ms - 60000, .until_ms = now_ms + 60000, .most = 1}, "5d ");
	expect_seen(&(struct audit_filter){.until_ms = now_ms - 60000}, "");
}

static int stop_at_four(void *arg, const struct audit_entry *entry)
{
	int *calls = arg;
	++*calls;
	return entry->number == 4 ? 42 : 0;
}

static void reading_stops_when_told(void **state)
{
	(void)state;
	int calls = 0;
	five();
	assert_int_equal(audit_each(db, &(struct audit_filter){0}, stop_at_four, &calls, &e), 42);
	assert_int_equal(calls, 2);
}

/* ---- what the chain shows ---------------------------------------------------------------- */

static void an_untouched_log_is_whole(void **state)
{
	(void)state;
	expect_bad("empty", NULL, 0);
	five();
	struct audit_head head;
	must(audit_head(db, &head, &e), &e);
	assert_int_equal(head.number, 5);
	struct audit_verdict verdict = verdict_with(&key, &head);
	assert_int_equal(verdict.first_bad, 0);
	assert_int_equal(verdict.entries, 5);
	assert_int_equal(verdict.erased, 0);
	head.mac[16] = '\0'; /* as it stands on paper */
	expect_bad("short head", &head, 0);
	assert_int_equal(verdict_with(&other_key, NULL).first_bad, 1);
}

static void every_changed_column_shows(void **state)
{
	(void)state;
	static const char *const changes[] = {"UPDATE audit_entry SET time_ms = time_ms + 1 WHERE number = 3",
		"UPDATE audit_entry SET actor = 'console/other' WHERE number = 3",
		"UPDATE audit_entry SET origin = '' WHERE number = 3",
		"UPDATE audit_entry SET action = 'campaign.pause' WHERE number = 3",
		"UPDATE audit_entry SET subject = 'campaign:thre', action = 'ecampaign.launch' WHERE number = 3",
		"UPDATE audit_entry SET facts = '{}' WHERE number = 3",
		"UPDATE audit_entry SET detail = '' WHERE number = 3",
		"UPDATE audit_entry SET mac = (SELECT mac FROM audit_entry WHERE number = 4) WHERE number = 3",
		"UPDATE audit_detail SET detail = '{\"people\":[\"another@school.test\"]}' WHERE number = 3",
		"UPDATE audit_detail SET salt = 'ff' WHERE number = 3",
		"DELETE FROM audit_entry WHERE number = 3"};
	five();
	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		must(db_begin(db, DB_WRITE, &e), &e);
		must(db_exec(db, &e, changes[i], ""), &e);
		must(db_commit(db, DB_RELAXED, &e), &e);
		expect_bad(changes[i], NULL, 3);
		/* the next one on an untouched log */
		close_store(NULL);
		open_store(NULL);
		five();
	}
}

static void swapped_and_added_rows_show(void **state)
{
	(void)state;
	five();
	must(db_exec(db, &e, "UPDATE audit_entry SET number = -1 WHERE number = 2", ""), &e);
	must(db_exec(db, &e, "UPDATE audit_entry SET number = 2 WHERE number = 4", ""), &e);
	must(db_exec(db, &e, "UPDATE audit_entry SET number = 4 WHERE number = -1", ""), &e);
	expect_bad("swapped", NULL, 2);
	must(db_exec(db, &e, "UPDATE audit_entry SET number = -1 WHERE number = 2", ""), &e);
	must(db_exec(db, &e, "UPDATE audit_entry SET number = 2 WHERE number = 4", ""), &e);
	must(db_exec(db, &e, "UPDATE audit_entry SET number = 4 WHERE number = -1", ""), &e);
	expect_bad("back again", NULL, 0);
	must(db_exec(db, &e, "INSERT INTO audit_detail (number, salt, detail) VALUES (4, 'aa', '{}')", ""), &e);
	expect_bad("a detail of an entry that has none", NULL, 4);
	must(db_exec(db, &e, "UPDATE audit_detail SET number = 77 WHERE number = 4", ""), &e);
	expect_bad("a detail without an entry", NULL, 77);
	must(db_exec(db, &e, "DELETE FROM audit_detail WHERE number = 77", ""), &e);
	must(db_exec(db, &e,
		"INSERT INTO audit_entry (number, time_ms, actor, origin, action, subject, facts, detail, mac)"
		" SELECT 0, time_ms, actor, origin, action, subject, facts, detail, mac FROM audit_entry WHERE number = 1", ""), &e);
	expect_bad("an entry before the first", NULL, 1);
}

static void a_cut_off_end_shows_by_a_known_head(void **state)
{
	(void)state;
	struct audit_head head, before;
	five();
	must(audit_head(db, &head, &e), &e);
	must(db_exec(db, &e, "DELETE FROM audit_detail WHERE number > 3", ""), &e);
	must(db_exec(db, &e, "DELETE FROM audit_entry WHERE number > 3", ""), &e);
	expect_bad("the head row tells", NULL, 4);
	must(db_exec(db, &e,
		"UPDATE audit_head SET number = 3, mac = (SELECT mac FROM audit_entry WHERE number = 3) WHERE id = 1", ""), &e);
	expect_bad("cut cleanly: nobody sees it without a noted head", NULL, 0);
	expect_bad("the noted head tells", &head, 4);
	must(audit_head(db, &before, &e), &e);
	add(&key, "console/x", "campaign:one", NULL);
	add(&key, "console/x", "campaign:one", NULL);
	expect_bad("written anew after the cut", &head, 5);
	expect_bad("the head before the cut is on it", &before, 0);
	must(db_exec(db, &e, "UPDATE audit_head SET mac = 'x' WHERE id = 1", ""), &e);
	expect_bad("the head row was changed", NULL, 5);
}

static void a_chain_made_with_another_key_shows(void **state)
{
	(void)state;
	five();
	must(db_exec(db, &e, "DELETE FROM audit_entry WHERE number > 3", ""), &e);
	must(db_exec(db, &e, "DELETE FROM audit_detail WHERE number > 3", ""), &e);
	must(db_exec(db, &e,
		"UPDATE audit_head SET number = 3, mac = (SELECT mac FROM audit_entry WHERE number = 3) WHERE id = 1", ""), &e);
	add(&other_key, "console/forger", "campaign:one", NULL);
	add(&other_key, "console/forger", "campaign:one", NULL);
	expect_bad("forged", NULL, 4);
	assert_int_equal(verdict_with(&other_key, NULL).first_bad, 1);
}

static void the_walk_goes_on_in_pieces(void **state)
{
	(void)state;
	struct audit_walk walk = {0};
	struct audit_verdict verdict;
	five();
	for (int64_t want = 2; want <= 4; want += 2) {
		must(audit_verify_some(db, &key, NULL, &walk, 2, &verdict, &e), &e);
		assert_false(walk.done);
		assert_int_equal(verdict.entries, want);
	}
	add(&key, "console/meanwhile", "campaign:one", NULL);
	must(audit_verify_some(db, &key, NULL, &walk, 5, &verdict, &e), &e);
	assert_true(walk.done);
	assert_int_equal(verdict.entries, 6);
	assert_int_equal(verdict.first_bad, 0);
}

/* ---- erasing ------------------------------------------------------------------------------ */

static void erased_details_are_gone_and_the_chain_holds(void **state)
{
	(void)state;
	int64_t count;
	five();
	must(db_begin(db, DB_WRITE, &e), &e);
	must(audit_erase(db, "Ivan@School.test", &count, &e), &e);
	must(db_commit(db, DB_RELAXED, &e), &e);
	assert_int_equal(count, 2);
	expect_seen(&(struct audit_filter){0}, "5e 4 3d 2 1e ");
	struct audit_verdict verdict = verdict_with(&key, NULL);
	assert_int_equal(verdict.first_bad, 0);
	assert_int_equal(verdict.erased, 2);
	must(db_begin(db, DB_WRITE, &e), &e);
	must(audit_erase(db, "ivan@school.test", &count, &e), &e);
	must(db_commit(db, DB_RELAXED, &e), &e);
	assert_int_equal(count, 0);
}

static void a_word_is_found_only_as_a_word(void **state)
{
	(void)state;
	static const struct {
		const char *text, *word;
		int at, len;
	} cases[] = {{"ivan@school.test", "ivan@school.test", 0, 16}, {"divan@school.test", "ivan@school.test", -1, 0},
		{"a.ivan@school.test", "ivan@school.test", -1, 0}, {"ivan@school.test.example", "ivan@school.test", -1, 0},
		{"to ivan@school.test.", "ivan@school.test", 3, 16}, {"<IVAN@School.test>", "ivan@school.test", 1, 16},
		{"ivan@school.test", "ivan", -1, 0}, {"Артём Ёлкин, директор", "артем елкин", 0, 21},
		{"Артём\xc2\xad Ёлкин", "артем елкин", 0, 23}, {"Иванова", "Иванов", -1, 0}, {"«Иванов»", "иванов", 2, 12},
		{"Иван Петров.pdf", "иван петров", 0, 21},
		{"Петров-Водкин", "Петров", -1, 0}, {"x", "", -1, 0}, {"", "x", -1, 0}, {"iv", "ivan", -1, 0}, {"ivan@a.test,petr@a.test", "petr@a.test", 12, 11}};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		size_t len = 0;
		const char *at = fold_find(cases[i].text, cases[i].word, &len);
		int got = at == NULL ? -1 : (int)(at - cases[i].text);
		if (got != cases[i].at || (got >= 0 && (int)len != cases[i].len))
			fail_msg("«%s» in «%s»: got %d (%zu bytes), want %d (%d)", cases[i].word, cases[i].text, got, len,
				cases[i].at, cases[i].len);
	}
}

/* ---- many ---------------------------------------------------------------------------------- */

#define WRITERS 4
#define WRITES 60

static void *write_many(void *arg)
{
	struct db *own;
	struct error error = {0};
	char actor[40];
	snprintf(actor, sizeof actor, "console/writer%d", *(int *)arg);
	const struct audit_act act = {.actor = actor, .action = "test.write", .subject = "test:1"};
	if (db_open(&own, url, &error) != 0)
		return strdup(error.text);
	for (int i = 0; i < WRITES; i++) {
		struct again again = {0};
		int rc;
		do
			rc = write_once(own, &key, &act, &error);
		while (rc != 0 && again_after_conflict(&again, &error));
		if (rc != 0)
			return strdup(error.text);
	}
	db_close(&own);
	return NULL;
}

static void writers_at_once_leave_no_gap(void **state)
{
	(void)state;
	pthread_t thread[WRITERS];
	int number[WRITERS];
	void *trouble;
	for (int i = 0; i < WRITERS; i++) {
		number[i] = i;
		assert_int_equal(pthread_create(&thread[i], NULL, write_many, &number[i]), 0);
	}
	for (int i = 0; i < WRITERS; i++) {
		pthread_join(thread[i], &trouble);
		if (trouble != NULL)
			fail_msg("writer %d: %s", i, (char *)trouble);
	}
	struct audit_verdict verdict = verdict_with(&key, NULL);
	if (verdict.first_bad != 0)
		fail_msg("entry %lld: %s", (long long)verdict.first_bad, verdict.why);
	assert_int_equal(verdict.entries, WRITERS * WRITES);
	for (int i = 0; i < WRITERS; i++) {
		int64_t n = 0;
		char actor[40];
		snprintf(actor, sizeof actor, "console/writer%d", i);
		assert_int_equal(db_query_int(db, &n, &e, "SELECT COUNT(*) FROM audit_entry WHERE actor = $1", "s", actor), DB_ROW);
		assert_int_equal(n, WRITES);
	}
}

#define MANY 100000
#define AT_ONCE 200 /* PostgreSQL passes by every earlier state of the head row in a transaction */
#define PEAK_MOST_KIB 32768 /* of growth; all entries together are more than that */
/* A sanitizer keeps what was freed: its process says nothing about memory. */
#define KEEPS_FREED 0
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#undef KEEPS_FREED
#define KEEPS_FREED 1
#endif
#endif

static void a_hundred_thousand_entries_need_little_memory(void **state)
{
	(void)state;
	struct rusage before, after;
	char words[400];
	memset(words, 'x', sizeof words - 1);
	words[sizeof words - 1] = '\0';
	json_t *facts = json_pack("{s:s}", "words", words);
	const struct audit_act act = {.actor = "cli/many", .action = "test.write", .subject = "test:1", .facts = facts};
	int many = db_kind(db) == DB_SQLITE ? MANY : MANY / 10;
	for (int i = 0; i < many;) {
		must(db_begin(db, DB_WRITE, &e), &e);
		for (int end = i + AT_ONCE; i < end; i++)
			must(audit_write(db, &key, &act, &e), &e);
		must(db_commit(db, DB_RELAXED, &e), &e);
	}
	json_decref(facts);
	getrusage(RUSAGE_SELF, &before);
	struct audit_verdict verdict = verdict_with(&key, NULL);
	getrusage(RUSAGE_SELF, &after);
	assert_int_equal(verdict.first_bad, 0);
	assert_int_equal(verdict.entries, many);
	if (!KEEPS_FREED && after.ru_maxrss - before.ru_maxrss > PEAK_MOST_KIB)
		fail_msg("got %ld KiB more, want at most %d", after.ru_maxrss - before.ru_maxrss, PEAK_MOST_KIB);
	must(db_exec(db, &e, "UPDATE audit_entry SET facts = '{}' WHERE number = 9999", ""), &e);
	expect_bad("one of many", NULL, 9999);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, open_store, close_store)
	const struct CMUnitTest tests[] = {
		EACH(entries_are_read_newest_first_by_beginnings),
		EACH(reading_stops_when_told),
		EACH(an_untouched_log_is_whole),
		EACH(every_changed_column_shows),
		EACH(swapped_and_added_rows_show),
		EACH(a_cut_off_end_shows_by_a_known_head),
		EACH(a_chain_made_with_another_key_shows),
		EACH(the_walk_goes_on_in_pieces),
		EACH(erased_details_are_gone_and_the_chain_holds),
		cmocka_unit_test(a_word_is_found_only_as_a_word),
		EACH(writers_at_once_leave_no_gap),
		EACH(a_hundred_thousand_entries_need_little_memory),
	};
	return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
