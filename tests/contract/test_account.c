/* Accounts, sessions and API keys: who gets in, who does not, and when it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account/account.h"
#include "account/api_key.h"
#include "account/session.h"
#include "base/clock.h"
#include "base/lang.h"
#include "support/scratch.h"

#define PASSWORD "gorod-more-veter-17"
#define MINUTE 60000
#define HOUR (60 * MINUTE)

static struct db *db;
static const char *url;
static char hash[ACCOUNT_HASH_SIZE]; /* of PASSWORD: made once, it takes its time */

static int open_store(void **state)
{
	struct error e;
	(void)state;
	ident_init();
	lang_use(LANG_EN);
	url = scratch_store();
	must(db_open(&db, url, &e), &e);
	if (hash[0] == '\0')
		must(account_password_hash("somebody", PASSWORD, hash, &e), &e);
	return 0;
}

static int close_store(void **state)
{
	(void)state;
	db_close(&db);
	return 0;
}

/* In a transaction of its own, as the callers do. */
#define IN_TRANSACTION(rc, call)                                                                                       \
	do {                                                                                                           \
		must(db_begin(db, DB_WRITE, &e), &e);                                                                  \
		rc = call;                                                                                             \
		if (rc == 0)                                                                                           \
			must(db_commit(db, DB_RELAXED, &e), &e);                                                       \
		else                                                                                                   \
			db_rollback(db);                                                                               \
	} while (0)

static int64_t add(const char *login, enum role role)
{
	struct error e = {0};
	int64_t id = 0;
	int rc;
	const struct account_new new = {.login = login, .name = "И. О. Фамилия", .hash = hash, .role = role, .actor = "test"};
	IN_TRANSACTION(rc, account_add(db, &new, &id, &e));
	must(rc, &e);
	return id;
}

static bool tries(const char *login, const char *password, int64_t now_ms, bool known)
{
	struct error e = {0};
	struct account account;
	const struct account_attempt attempt = {.login = login, .password = password, .known_browser = known};
	bool good = account_check(db, &attempt, now_ms, &account, &e);
	if (e.code != ERROR_NONE)
		fail_msg("checking %s: %s", login, e.text);
	if (good)
		assert_true(account.id > 0);
	account_fini(&account);
	return good;
}

static void want_refusal(const char *what, int rc, const struct error *e, enum error_code code)
{
	if (rc != -1 || e->code != code)
		fail_msg("%s: got %d %s (%s), want -1 %s", what, rc, error_code_name(e->code), e->text, error_code_name(code));
}

/* ---- logins, passwords -------------------------------------------------------------------- */

static void a_login_is_plain(void **state)
{
	static const struct {
		const char *typed, *clean; /* NULL: refused */
	} cases[] = {{"ivanova", "ivanova"}, {"Ivanova", "ivanova"}, {"i.o-petrov_2@school.test", "i.o-petrov_2@school.test"},
		{"7", "7"}, {"", NULL}, {"иванова", NULL}, {"a b", NULL}, {"a/b", NULL}, {"..", NULL}, {".a", NULL}, {"-x", NULL},
		{"a\n", NULL}, {"a%", NULL}, {"a'b", NULL},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", NULL}};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char clean[ACCOUNT_LOGIN_MAX + 1] = "";
		struct error e = {0};
		int rc = account_login_clean(cases[i].typed, clean, &e);
		if ((rc == 0) != (cases[i].clean != NULL) || (rc == 0 && strcmp(clean, cases[i].clean) != 0))
			fail_msg("login «%s»: got %d «%s», want «%s»", cases[i].typed, rc, clean, cases[i].clean == NULL ? "refused" : cases[i].clean);
	}
}

static void a_password_is_hard_to_guess(void **state)
{
	static const struct {
		const char *password;
		bool good;
	} cases[] = {{PASSWORD, true}, {"мой дом у реки", true}, {"Tr0ub4dor&3", true}, {"пароль на двери подъезда", true},
		{"short-one", false}, {"девять зн", false}, {"", false}, {"aaaaaaaaaaaa", false}, {"abababababab", false},
		{"1111122222", false}, {"1234567890", false}, {"qwerty2024!", false}, {"Password2026", false}, {"PASSWORD12", false},
		{"Пароль2026!", false}, {"йцукенгшщ1", false}, {"ivanova.io", false}, {"IVANOVA.IO12", false}};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct error e = {0};
		bool good = account_password_check("ivanova.io", cases[i].password, &e) == 0;
		if (good != cases[i].good)
			fail_msg("password «%s»: got %s (%s)", cases[i].password, good ? "taken" : "refused", e.text);
	}
	char huge[ACCOUNT_PASSWORD_MAX + 2];
	for (size_t i = 0; i < sizeof huge - 1; i++)
		huge[i] = (char)('a' + i % 20);
	huge[sizeof huge - 1] = '\0';
	struct error e = {0};
	want_refusal("257 bytes", account_password_check("x", huge, &e), &e, ERROR_INPUT);
}

static void a_made_password_can_be_read_aloud_and_is_never_the_same(void **state)
{
	char one[ACCOUNT_PASSWORD_SIZE], other[ACCOUNT_PASSWORD_SIZE];
	struct error e = {0};
	(void)state;
	for (int i = 0; i < 1000; i++) {
		account_password_random(one);
		account_password_random(other);
		if (strcmp(one, other) == 0)
			fail_msg("the same twice: %s", one);
		if (strlen(one) != 22 || one[6] != '-' || one[13] != '-' || strspn(one, "abdefgiklmnoprstuvz-") != 20 ||
			strspn(one + 20, "0123456789") != 2)
			fail_msg("got %s, want three words and two digits", one);
		must(account_password_check("ivanova", one, &e), &e);
	}
}

/* ---- accounts --------------------------------------------------------------------------------- */

static void a_login_is_given_once(void **state)
{
	struct error e = {0};
	struct account account;
	int64_t id = add("Ivanova", ROLE_STAFF), other = 0;
	int rc;
	(void)state;
	const struct account_new again = {.login = "IVANOVA", .name = "x", .hash = hash, .role = ROLE_ADMIN, .actor = "test"};
	IN_TRANSACTION(rc, account_add(db, &again, &other, &e));
	want_refusal("the same login", rc, &e, ERROR_CONFLICT);
	const struct account_new nameless = {.login = "b", .name = "  ", .hash = hash, .role = ROLE_ADMIN, .actor = "test"};
	IN_TRANSACTION(rc, account_add(db, &nameless, &other, &e));
	want_refusal("no name", rc, &e, ERROR_INPUT);
	const struct account_new lines = {.login = "b", .name = "a\r\nb", .hash = hash, .role = ROLE_ADMIN, .actor = "test"};
	IN_TRANSACTION(rc, account_add(db, &lines, &other, &e));
	want_refusal("a name of two lines", rc, &e, ERROR_INPUT);
	const struct account_new lost = {.login = "b", .name = "b", .hash = hash, .address = "b", .role = ROLE_ADMIN, .actor = "test"};
	IN_TRANSACTION(rc, account_add(db, &lost, &other, &e));
	want_refusal("an address that is none", rc, &e, ERROR_INPUT);
	assert_int_equal(account_by_login(db, "ivanova", &account, &e), DB_ROW);
	assert_int_equal(account.id, id);
	assert_int_equal(account.role, ROLE_STAFF);
	assert_true(account.active);
	assert_null(account.address);
	account_fini(&account);
	assert_int_equal(account_by_login(db, "b", &account, &e), DB_DONE);
}

static void the_last_administrator_stays(void **state)
{
	struct error e = {0};
	int64_t first = add("first", ROLE_ADMIN);
	int rc;
	(void)state;
	IN_TRANSACTION(rc, account_set(db, first, "x", NULL, ROLE_STAFF, true, &e));
	want_refusal("the last one becomes staff", rc, &e, ERROR_CONFLICT);
	IN_TRANSACTION(rc, account_set(db, first, "x", NULL, ROLE_ADMIN, false, &e));
	want_refusal("the last one is disabled", rc, &e, ERROR_CONFLICT);
	int64_t second = add("second", ROLE_ADMIN);
	IN_TRANSACTION(rc, account_set(db, first, "x", "", ROLE_STAFF, true, &e));
	must(rc, &e);
	IN_TRANSACTION(rc, account_set(db, second, "x", NULL, ROLE_ADMIN, false, &e));
	want_refusal("a disabled one does not count", rc, &e, ERROR_CONFLICT);
	IN_TRANSACTION(rc, account_set(db, 999, "x", NULL, ROLE_STAFF, true, &e));
	want_refusal("nobody", rc, &e, ERROR_NOT_FOUND);
	IN_TRANSACTION(rc, account_set_password(db, 999, hash, false, NULL, &e));
	want_refusal("nobody's password", rc, &e, ERROR_NOT_FOUND);
	want_refusal("a language", account_set_lang(db, first, "de", &e), &e, ERROR_INPUT);
}

/* Two connections, each wants to take the other's administrator away. */
struct demotion {
	int64_t id;
	int rc;
	struct error e;
};

static void *demote(void *arg)
{
	struct demotion *d = arg;
	struct db *own = NULL;
	d->rc = db_open(&own, url, &d->e);
	if (d->rc == 0)
		d->rc = db_begin(own, DB_WRITE, &d->e);
	if (d->rc == 0)
		d->rc = account_set(own, d->id, "x", NULL, ROLE_STAFF, true, &d->e);
	if (d->rc == 0)
		d->rc = db_commit(own, DB_RELAXED, &d->e);
	db_rollback(own);
	db_close(&own);
	return NULL;
}

static void two_at_once_leave_one_administrator(void **state)
{
	struct demotion d[2] = {{.id = add("first", ROLE_ADMIN)}, {.id = add("second", ROLE_ADMIN)}};
	pthread_t thread[2];
	struct error e;
	int64_t left = 0;
	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, demote, &d[i]), 0);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(db_query_int(db, &left, &e, "SELECT count(*) FROM account WHERE role = 'admin' AND active = 1", ""), DB_ROW);
	if (left < 1)
		fail_msg("administrators left: got %d (%d %s, %d %s), want 1", (int)left, d[0].rc, d[0].e.text, d[1].rc, d[1].e.text);
}

/* ---- logging in ---------------------------------------------------------------------------------- */

static void wrong_passwords_close_the_account_for_a_while(void **state)
{
	int64_t now = clock_now_ms();
	(void)state;
	add("ivanova", ROLE_STAFF);
	assert_true(tries("ivanova", PASSWORD, now, false));
	assert_true(tries("IVANOVA", PASSWORD, now, false));
	assert_false(tries("ivanova", "", now, false));
	assert_false(tries("nobody-here", PASSWORD, now, false));
	assert_false(tries("", PASSWORD, now, false));
	assert_false(tries("ivanova' OR '1'='1", PASSWORD, now, false));
	assert_true(tries("ivanova", PASSWORD, now, false)); /* forgets that one */
	for (int i = 0; i < ACCOUNT_FAILURES_MOST; i++)
		assert_false(tries("ivanova", "wrong password", now, false));
	assert_false(tries("ivanova", PASSWORD, now, false));
	assert_false(tries("ivanova", PASSWORD, now + MINUTE - 1, false));
	/* What was tried meanwhile did not make it longer. */
	assert_true(tries("ivanova", PASSWORD, now + MINUTE + 1, false));
}

static int64_t locked_until(const char *login)
{
	struct account account;
	struct error e = {0};
	assert_int_equal(account_by_login(db, login, &account, &e), DB_ROW);
	int64_t until = account.locked_until_ms;
	account_fini(&account);
	return until;
}

static void the_lock_grows_to_an_hour_and_no_further(void **state)
{
	static const int minutes[] = {1, 2, 4, 8, 16, 32, 60, 60, 60};
	int64_t now = clock_now_ms();
	(void)state;
	add("ivanova", ROLE_STAFF);
	for (int i = 0; i < ACCOUNT_FAILURES_MOST - 1; i++)
		assert_false(tries("ivanova", "wrong password", now, false));
	for (size_t i = 0; i < sizeof minutes / sizeof minutes[0]; i++) {
		assert_false(tries("ivanova", "wrong password", now, false));
		int64_t ms = locked_until("ivanova") - now;
		if (ms != (int64_t)minutes[i] * MINUTE)
			fail_msg("after %zu locks: got %lld ms, want %d min", i + 1, (long long)ms, minutes[i]);
		now = locked_until("ivanova");
	}
}

static void who_was_here_before_is_not_kept_out(void **state)
{
	int64_t now = clock_now_ms();
	struct error e = {0};
	(void)state;
	int64_t id = add("ivanova", ROLE_STAFF);
	int rc;
	for (int i = 0; i < ACCOUNT_FAILURES_MOST; i++)
		assert_false(tries("ivanova", "wrong password", now, false));
	assert_false(tries("ivanova", PASSWORD, now, false));
	assert_false(tries("ivanova", "wrong password", now, true));
	assert_int_equal(locked_until("ivanova"), now + MINUTE); /* not counted there */
	assert_true(tries("ivanova", PASSWORD, now, true));
	for (int i = 0; i < ACCOUNT_FAILURES_MOST; i++)
		assert_false(tries("ivanova", "wrong password", now, false));
	IN_TRANSACTION(rc, account_unlock(db, id, &e));
	must(rc, &e);
	assert_true(tries("ivanova", PASSWORD, now, false));
}

static void a_disabled_account_lets_nobody_in(void **state)
{
	struct error e = {0};
	(void)state;
	add("admin", ROLE_ADMIN);
	int64_t id = add("ivanova", ROLE_STAFF);
	int rc;
	IN_TRANSACTION(rc, account_set(db, id, "x", NULL, ROLE_STAFF, false, &e));
	must(rc, &e);
	assert_false(tries("ivanova", PASSWORD, clock_now_ms(), false));
	assert_false(tries("ivanova", PASSWORD, clock_now_ms(), true));
	must(db_exec(db, &e, "UPDATE account SET password = '', active = 1 WHERE id = $1", "i", id), &e);
	assert_false(tries("ivanova", "", clock_now_ms(), false));
	must(db_exec(db, &e, "UPDATE account SET password = '*' WHERE id = $1", "i", id), &e);
	assert_false(tries("ivanova", "*", clock_now_ms(), false));
}

struct flood {
	atomic_int right, wrong, away;
};

static void *flood(void *arg)
{
	struct flood *f = arg;
	for (int i = 0; i < 3; i++) {
		struct error e = {0};
		bool good = account_password_fits(hash, PASSWORD, &e);
		atomic_fetch_add(good ? &f->right : e.code == ERROR_UNAVAILABLE ? &f->away : &f->wrong, 1);
	}
	return NULL;
}

static void a_crowd_is_sent_away(void **state)
{
	pthread_t thread[12];
	struct flood f = {0};
	struct error e = {0};
	(void)state;
	for (size_t i = 0; i < 12; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, flood, &f), 0);
	for (size_t i = 0; i < 12; i++)
		pthread_join(thread[i], NULL);
	if (f.wrong != 0 || f.right < ACCOUNT_CHECKS_AT_ONCE || f.away == 0)
		fail_msg("12 threads: got %d right, %d wrong, %d sent away", f.right, f.wrong, f.away);
	assert_true(account_password_fits(hash, PASSWORD, &e)); /* and all turns are free again */
	assert_false(account_password_fits("", "", &e));
	assert_int_equal(e.code, ERROR_NONE);
}

/* ---- sessions ---------------------------------------------------------------------------------- */

static void open_session(int64_t account, char cookie[static SESSION_COOKIE_SIZE])
{
	struct error e = {0};
	must(session_open(db, account, "192.0.2.1", 12 * HOUR, cookie, &e), &e);
}

static bool finds(const char *cookie, int64_t now_ms)
{
	struct session session;
	struct error e = {0};
	enum db_step step = session_find(db, cookie, now_ms, HOUR, &session, &e);
	if (step == DB_FAILED)
		fail_msg("session: %s", e.text);
	session_fini(&session);
	return step == DB_ROW;
}

static void a_session_is_known_by_its_cookie_alone(void **state)
{
	char one[SESSION_COOKIE_SIZE], other[SESSION_COOKIE_SIZE], stored[IDENT_HASH_SIZE];
	struct session a, b;
	struct error e = {0};
	int64_t now = clock_now_ms(), n;
	(void)state;
	int64_t id = add("ivanova", ROLE_OPERATOR);
	open_session(id, one);
	open_session(id, other);
	assert_string_not_equal(one, other);
	assert_int_equal(strlen(one), 32);
	assert_int_equal(session_find(db, one, now, HOUR, &a, &e), DB_ROW);
	assert_int_equal(session_find(db, other, now, HOUR, &b, &e), DB_ROW);
	assert_int_equal(a.account.id, id);
	assert_int_equal(a.account.role, ROLE_OPERATOR);
	assert_string_not_equal(a.csrf, b.csrf);
	assert_string_not_equal(a.csrf, one);
	assert_true(session_csrf_ok(&a, a.csrf));
	assert_true(session_csrf_fits(one, a.csrf));
	assert_false(session_csrf_ok(&a, b.csrf));
	assert_false(session_csrf_ok(&a, NULL));
	assert_false(session_csrf_ok(&a, ""));
	assert_false(session_csrf_ok(&a, one));
	/* The store knows neither cookie nor token. */
	ident_hash(one, strlen(one), stored);
	assert_int_equal(db_query_int(db, &n, &e, "SELECT count(*) FROM account_session WHERE hash = $1", "s", one), DB_ROW);
	assert_int_equal(n, 0);
	assert_int_equal(db_query_int(db, &n, &e, "SELECT count(*) FROM account_session WHERE hash = $1", "s", stored), DB_ROW);
	assert_int_equal(n, 1);
	assert_false(finds(stored, now));
	assert_false(finds("", now));
	assert_false(finds("\xff\xfe", now));
	must(session_close(db, a.hash, &e), &e);
	assert_false(finds(one, now));
	assert_true(finds(other, now));
	session_fini(&a);
	session_fini(&b);
}

static void a_session_ends_when_nobody_works_and_in_the_end(void **state)
{
	char cookie[SESSION_COOKIE_SIZE];
	struct error e = {0};
	int64_t n, now = clock_now_ms();
	(void)state;
	int64_t id = add("ivanova", ROLE_STAFF);
	open_session(id, cookie);
	int64_t start = now;
	for (; now < start + 11 * HOUR; now += 50 * MINUTE) /* works on */
		if (!finds(cookie, now))
			fail_msg("ended after %lld min", (long long)((now - start) / MINUTE));
	assert_false(finds(cookie, start + 12 * HOUR + 1000)); /* and yet in the end */
	open_session(id, cookie);
	start = clock_now_ms();
	assert_true(finds(cookie, start + 59 * MINUTE));
	assert_true(finds(cookie, start + 118 * MINUTE));
	assert_false(finds(cookie, start + 179 * MINUTE));
	char hash_of[IDENT_HASH_SIZE];
	ident_hash(cookie, strlen(cookie), hash_of);
	assert_int_equal(session_alive(db, hash_of, start + 179 * MINUTE, HOUR, &e), DB_DONE);
	assert_int_equal(session_alive(db, hash_of, start + 120 * MINUTE, HOUR, &e), DB_ROW);
	assert_false(finds(cookie, start + 179 * MINUTE)); /* looking at it was no use */
	must(session_sweep(db, start + 179 * MINUTE, HOUR, &e), &e);
	assert_int_equal(db_query_int(db, &n, &e, "SELECT count(*) FROM account_session", ""), DB_ROW);
	assert_int_equal(n, 1); /* the first one's clock was put forward further */
	must(session_sweep(db, start + 24 * HOUR, HOUR, &e), &e);
	assert_int_equal(db_query_int(db, &n, &e, "SELECT count(*) FROM account_session", ""), DB_ROW);
	assert_int_equal(n, 0);
}

static void short_idle_times_hold(void **state)
{
	char cookie[SESSION_COOKIE_SIZE];
	struct session session;
	struct error e = {0};
	(void)state;
	open_session(add("ivanova", ROLE_STAFF), cookie);
	int64_t start = clock_now_ms();
	for (int s = 20; s <= 300; s += 20) { /* every 20 s, with an idle time of one minute */
		if (session_find(db, cookie, start + s * 1000, MINUTE, &session, &e) != DB_ROW)
			fail_msg("who works every 20 s was logged out after %d s", s);
		session_fini(&session);
	}
}

static void sessions_end_with_password_and_rights(void **state)
{
	char kept[SESSION_COOKIE_SIZE], lost[SESSION_COOKIE_SIZE], others[SESSION_COOKIE_SIZE];
	char kept_hash[IDENT_HASH_SIZE];
	struct error e = {0};
	int64_t now = clock_now_ms(), id = add("ivanova", ROLE_STAFF), admin = add("admin", ROLE_ADMIN);
	int rc;
	(void)state;
	open_session(id, kept);
	open_session(id, lost);
	open_session(admin, others);
	ident_hash(kept, strlen(kept), kept_hash);
	IN_TRANSACTION(rc, account_set_password(db, id, hash, false, kept_hash, &e));
	must(rc, &e);
	assert_true(finds(kept, now));
	assert_false(finds(lost, now));
	IN_TRANSACTION(rc, account_set(db, id, "x", NULL, ROLE_APPROVER, true, &e)); /* grows */
	must(rc, &e);
	assert_true(finds(kept, now));
	IN_TRANSACTION(rc, account_set(db, id, "x", NULL, ROLE_OPERATOR, true, &e)); /* loses campaign.write, wins operate */
	must(rc, &e);
	assert_false(finds(kept, now));
	open_session(id, kept);
	IN_TRANSACTION(rc, account_set(db, id, "x", NULL, ROLE_OPERATOR, false, &e));
	must(rc, &e);
	assert_false(finds(kept, now));
	assert_true(finds(others, now));
	open_session(id, kept); /* as if it had been left over */
	assert_false(finds(kept, now));
	open_session(admin, lost);
	char mark[SESSION_MARK_LEN + 1], others_hash[IDENT_HASH_SIZE];
	ident_hash(others, strlen(others), others_hash);
	snprintf(mark, sizeof mark, "%.16s", others_hash);
	IN_TRANSACTION(rc, session_close_one(db, id, mark, &e));
	want_refusal("another account's session", rc, &e, ERROR_NOT_FOUND);
	IN_TRANSACTION(rc, session_close_one(db, admin, "", &e));
	want_refusal("a session without a name", rc, &e, ERROR_NOT_FOUND);
	IN_TRANSACTION(rc, session_close_one(db, admin, mark, &e));
	must(rc, &e);
	assert_false(finds(others, now));
	assert_true(finds(lost, now));
}

/* ---- keys ------------------------------------------------------------------------------------------ */

static void make_key(int64_t expires_ms, const json_t *senders, char text[static API_KEY_TEXT_SIZE], char id[static API_KEY_ID_SIZE])
{
	struct error e = {0};
	struct api_key key;
	int rc;
	IN_TRANSACTION(rc, api_key_add(db, "site", RIGHT_BIT(RIGHT_NOTIFY) | RIGHT_BIT(RIGHT_CAMPAIGN_READ), senders, expires_ms, "test",
				   text, &key, &e));
	must(rc, &e);
	snprintf(id, API_KEY_ID_SIZE, "%s", key.id);
	api_key_fini(&key);
}

static bool opens(const char *text, int64_t now_ms)
{
	struct api_key key;
	struct error e = {0};
	enum db_step step = api_key_find(db, text, now_ms, &key, &e);
	if (step == DB_FAILED)
		fail_msg("key: %s", e.text);
	api_key_fini(&key);
	return step == DB_ROW;
}

static void a_key_opens_what_it_was_made_for(void **state)
{
	char text[API_KEY_TEXT_SIZE], other[API_KEY_TEXT_SIZE], id[API_KEY_ID_SIZE], id2[API_KEY_ID_SIZE], mixed[2 * API_KEY_TEXT_SIZE];
	struct api_key key;
	struct error e = {0};
	int64_t now = clock_now_ms(), n;
	(void)state;
	json_t *senders = json_pack("[s]", "Notices@EXAMPLE.org");
	make_key(0, senders, text, id);
	make_key(0, NULL, other, id2);
	json_decref(senders);
	assert_int_equal(api_key_find(db, text, now, &key, &e), DB_ROW);
	assert_string_equal(key.id, id);
	assert_string_equal(key.name, "site");
	assert_int_equal(key.rights, RIGHT_BIT(RIGHT_NOTIFY) | RIGHT_BIT(RIGHT_CAMPAIGN_READ));
	assert_string_equal(json_string_value(json_array_get(key.senders, 0)), "Notices@example.org");
	api_key_fini(&key);
	snprintf(mixed, sizeof mixed, "vk_%s_%s", id, other + 12); /* one's name, the other's secret */
	const char *const wrong[] = {"", "vk_", "vk__", mixed, "vk_aaaaaaaa_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "Bearer", "' OR 1=1 --"};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		if (opens(wrong[i], now))
			fail_msg("«%s» opens", wrong[i]);
	char changed[2 * API_KEY_TEXT_SIZE];
	for (size_t i = 0; text[i] != '\0'; i++) {
		snprintf(changed, sizeof changed, "%s", text);
		changed[i] = changed[i] == 'a' ? 'b' : 'a';
		if (opens(changed, now))
			fail_msg("«%s» opens, changed at %zu", changed, i);
	}
	snprintf(changed, sizeof changed, "%.*s", (int)strlen(text) - 1, text);
	assert_false(opens(changed, now));
	snprintf(changed, sizeof changed, "%sa", text);
	assert_false(opens(changed, now));
	/* The secret stands nowhere in the store. */
	assert_int_equal(db_query_int(db, &n, &e, "SELECT count(*) FROM api_key WHERE hash = $1", "s", text + 12), DB_ROW);
	assert_int_equal(n, 0);
}

static void a_key_ends(void **state)
{
	char text[API_KEY_TEXT_SIZE], id[API_KEY_ID_SIZE];
	struct error e = {0};
	int64_t now = clock_now_ms();
	int rc;
	(void)state;
	make_key(now + HOUR, NULL, text, id);
	assert_true(opens(text, now + HOUR - 1));
	assert_false(opens(text, now + HOUR));
	make_key(0, NULL, text, id);
	assert_true(opens(text, now + 1000 * (int64_t)HOUR));
	IN_TRANSACTION(rc, api_key_revoke(db, id, &e));
	must(rc, &e);
	assert_false(opens(text, now));
	IN_TRANSACTION(rc, api_key_revoke(db, id, &e));
	want_refusal("twice", rc, &e, ERROR_NOT_FOUND);
	IN_TRANSACTION(rc, api_key_revoke(db, "nothing", &e));
	want_refusal("nobody's", rc, &e, ERROR_NOT_FOUND);
}

static void a_key_never_gets_what_is_a_persons(void **state)
{
	static const enum right persons[] = {RIGHT_NONE, RIGHT_OWN, RIGHT_ACCOUNT, RIGHT_CAMPAIGN_APPROVE};
	char text[API_KEY_TEXT_SIZE], id[API_KEY_ID_SIZE];
	struct api_key key;
	struct error e = {0};
	int64_t now = clock_now_ms();
	int rc;
	(void)state;
	for (size_t i = 0; i < sizeof persons / sizeof persons[0]; i++) {
		IN_TRANSACTION(rc, api_key_add(db, "x", RIGHT_BIT(persons[i]) | RIGHT_BIT(RIGHT_NOTIFY), NULL, 0, "t", text, &key, &e));
		want_refusal(right_name(persons[i]), rc, &e, ERROR_INPUT);
	}
	IN_TRANSACTION(rc, api_key_add(db, "x", 0, NULL, 0, "t", text, &key, &e));
	want_refusal("no right", rc, &e, ERROR_INPUT);
	IN_TRANSACTION(rc, api_key_add(db, "", RIGHT_BIT(RIGHT_NOTIFY), NULL, 0, "t", text, &key, &e));
	want_refusal("no name", rc, &e, ERROR_INPUT);
	IN_TRANSACTION(rc, api_key_add(db, "x", RIGHT_BIT(RIGHT_NOTIFY), NULL, now - 1, "t", text, &key, &e));
	want_refusal("over already", rc, &e, ERROR_INPUT);
	json_t *senders = json_pack("[s]", "nobody");
	IN_TRANSACTION(rc, api_key_add(db, "x", RIGHT_BIT(RIGHT_NOTIFY), senders, 0, "t", text, &key, &e));
	want_refusal("a sender that is no address", rc, &e, ERROR_INPUT);
	json_decref(senders);
	/* Whatever stands in the row. */
	make_key(0, NULL, text, id);
	must(db_exec(db, &e, "UPDATE api_key SET scopes = $2, senders = $3 WHERE id = $1", "sss", id,
		     "[\"account\",\"own\",\"campaign.approve\",\"notify\",\"of.tomorrow\",7]", "broken"),
		&e);
	assert_int_equal(api_key_find(db, text, now, &key, &e), DB_ROW);
	assert_int_equal(key.rights, RIGHT_BIT(RIGHT_NOTIFY));
	assert_int_equal(json_array_size(key.senders), 1); /* not «all» */
	api_key_fini(&key);
}

/* ---- rights ------------------------------------------------------------------------------------------ */

static void roles_and_rights_have_names(void **state)
{
	(void)state;
	for (enum right right = 0; right < RIGHTS; right++) {
		assert_int_equal(right_named(right_name(right)), right);
		assert_true(strlen(right_words(right)) > 0);
		assert_true(rights_has(role_rights(ROLE_ADMIN), right));
	}
	for (enum role role = 0; role < ROLES; role++) {
		assert_int_equal(role_named(role_name(role)), role);
		assert_true(rights_has(role_rights(role), RIGHT_OWN));
		if (role != ROLE_ADMIN)
			assert_false(rights_has(role_rights(role), RIGHT_ACCOUNT));
	}
	assert_int_equal(right_named("root"), RIGHTS);
	assert_int_equal(role_named("root"), ROLES);
	assert_true(rights_has(0, RIGHT_NONE));
	assert_false(rights_has(0, RIGHT_OWN));
	/* Who only looks changes nothing. */
	const enum right writes[] = {RIGHT_CAMPAIGN_WRITE, RIGHT_CAMPAIGN_LAUNCH, RIGHT_CAMPAIGN_PAUSE, RIGHT_CAMPAIGN_APPROVE,
		RIGHT_ANSWER_WRITE, RIGHT_DIRECTORY_WRITE, RIGHT_NOTIFY, RIGHT_OPERATE, RIGHT_WEBHOOK, RIGHT_SUPPRESSION, RIGHT_PERSONAL,
		RIGHT_ACCOUNT};
	for (size_t i = 0; i < sizeof writes / sizeof writes[0]; i++)
		assert_false(rights_has(role_rights(ROLE_READER), writes[i]));
}

#define ON_A_STORE(test) cmocka_unit_test_setup_teardown(test, open_store, close_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_STORE(a_login_is_plain),
		ON_A_STORE(a_password_is_hard_to_guess),
		ON_A_STORE(a_made_password_can_be_read_aloud_and_is_never_the_same),
		ON_A_STORE(a_login_is_given_once),
		ON_A_STORE(the_last_administrator_stays),
		ON_A_STORE(two_at_once_leave_one_administrator),
		ON_A_STORE(wrong_passwords_close_the_account_for_a_while),
		ON_A_STORE(the_lock_grows_to_an_hour_and_no_further),
		ON_A_STORE(who_was_here_before_is_not_kept_out),
		ON_A_STORE(a_disabled_account_lets_nobody_in),
		ON_A_STORE(a_crowd_is_sent_away),
		ON_A_STORE(a_session_is_known_by_its_cookie_alone),
		ON_A_STORE(a_session_ends_when_nobody_works_and_in_the_end),
		ON_A_STORE(short_idle_times_hold),
		ON_A_STORE(sessions_end_with_password_and_rights),
		ON_A_STORE(a_key_opens_what_it_was_made_for),
		ON_A_STORE(a_key_ends),
		ON_A_STORE(a_key_never_gets_what_is_a_persons),
		cmocka_unit_test(roles_and_rights_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
