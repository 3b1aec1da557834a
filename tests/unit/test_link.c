#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "link/link.h"

#define HOUR_MS INT64_C(3600000)
#define NOW_MS INT64_C(1684130400000) /* 2023-05-15 09:00 in Moscow, a whole hour */

static struct ident_key key, other_key;

static const int64_t ids[] = {0, 1, 12, 999999, INT64_C(3) << 32 | 7, INT64_MAX};

static void every_purpose_comes_back_and_serves_no_other(void **state)
{
	(void)state;
	char token[LINK_TOKEN_SIZE];
	int64_t id;
	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
		for (int p = 0; p < LINK_PURPOSES; p++) {
			(void)link_token(&key, (enum link_purpose)p, ids[i], NOW_MS + HOUR_MS, token);
			for (int q = 0; q < LINK_PURPOSES; q++) {
				enum link_verdict want = p == q ? LINK_GOOD : LINK_WRONG;
				id = -1;
				enum link_verdict got = link_read(&key, (enum link_purpose)q, token, NOW_MS, &id);
				if (got != want || (p == q && id != ids[i]))
					fail_msg("%s read as %s: got %d, id %" PRId64 ", want %d, id %" PRId64, token,
						link_purpose_words[q], got, id, want, ids[i]);
			}
			assert_int_equal(link_read(&other_key, (enum link_purpose)p, token, NOW_MS, &id), LINK_WRONG);
		}
	assert_null(link_purpose_words[LINK_PURPOSES]);
}

/* Any one character changed into any other, left out, or put in, is another link. */
static void no_changed_character_passes(void **state)
{
	(void)state;
	static const char printable[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-+ %/\x80\xd0";
	char token[LINK_TOKEN_SIZE], changed[LINK_TOKEN_SIZE + 2];
	int64_t id;
	const int64_t expiries[] = {TIME_NEVER_MS, NOW_MS + 24 * HOUR_MS, NOW_MS - HOUR_MS};
	for (size_t x = 0; x < sizeof expiries / sizeof *expiries; x++) {
		(void)link_token(&key, LINK_ANSWER, 120, expiries[x], token);
		size_t len = strlen(token);
		for (size_t i = 0; i <= len; i++)
			for (const char *c = printable; *c != '\0'; c++) {
				(void)snprintf(changed, sizeof changed, "%.*s%c%s", (int)i, token, *c, token + i);
				if (link_read(&key, LINK_ANSWER, changed, NOW_MS, &id) != LINK_WRONG)
					fail_msg("%s: got a link, want LINK_WRONG (made from %s)", changed, token);
				if (i == len || token[i] == *c)
					continue;
				(void)snprintf(changed, sizeof changed, "%s", token);
				changed[i] = *c;
				if (link_read(&key, LINK_ANSWER, changed, NOW_MS, &id) != LINK_WRONG)
					fail_msg("%s: got a link, want LINK_WRONG (made from %s)", changed, token);
			}
		for (size_t i = 0; i < len; i++) {
			(void)snprintf(changed, sizeof changed, "%.*s%s", (int)i, token, token + i + 1);
			assert_int_equal(link_read(&key, LINK_ANSWER, changed, NOW_MS, &id), LINK_WRONG);
			(void)snprintf(changed, sizeof changed, "%.*s", (int)i, token);
			assert_int_equal(link_read(&key, LINK_ANSWER, changed, NOW_MS, &id), LINK_WRONG);
		}
	}
}

static void expiry_is_told_only_to_who_has_the_link(void **state)
{
	(void)state;
	static const struct {
		int64_t expires_ms, now_ms;
		enum link_verdict want;
	} cases[] = {
		{NOW_MS, NOW_MS - 1, LINK_GOOD},
		{NOW_MS, NOW_MS, LINK_EXPIRED},
		{NOW_MS + 1, NOW_MS, LINK_GOOD}, /* rounded up to whole hours */
		{NOW_MS + 1, NOW_MS + HOUR_MS - 1, LINK_GOOD},
		{NOW_MS + 1, NOW_MS + HOUR_MS, LINK_EXPIRED},
		{TIME_NEVER_MS, INT64_MAX, LINK_GOOD},
		{TIME_NEVER_MS - 1, NOW_MS, LINK_GOOD},
		{0, NOW_MS, LINK_EXPIRED},
		{-5, NOW_MS, LINK_EXPIRED},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char token[LINK_TOKEN_SIZE];
		int64_t id = -1;
		(void)link_token(&key, LINK_CASCADE, 7, cases[i].expires_ms, token);
		enum link_verdict got = link_read(&key, LINK_CASCADE, token, cases[i].now_ms, &id);
		if (got != cases[i].want || id != 7)
			fail_msg("case %zu (%s): got %d, want %d", i, token, got, cases[i].want);
		token[strlen(token) - 1] ^= 1; /* a forged one does not learn that it is late */
		assert_int_equal(link_read(&key, LINK_CASCADE, token, cases[i].now_ms, &id), LINK_WRONG);
	}
}

static void nonsense_is_no_link(void **state)
{
	(void)state;
	static const char *const cases[] = {"", ".", "..", "1.2", "1.2.", "a.b.c", "1..aaaaaaaaaaaaaaaa",
		".1.aaaaaaaaaaaaaaaa", "1.2.aaaaaaaaaaaaaaaa", "-1.2.aaaaaaaaaaaaaaaa", "99999999999999999999.1.aaaaaaaaaaaaaaaa",
		"1.2.3.aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
	int64_t id;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (link_read(&key, LINK_ANSWER, cases[i], NOW_MS, &id) != LINK_WRONG)
			fail_msg("«%s»: got a link, want LINK_WRONG", cases[i]);
}

static void the_address_has_one_slash_and_a_letter(void **state)
{
	(void)state;
	static const char *const bases[] = {"https://vestnik.example.org", "https://vestnik.example.org/",
		"https://vestnik.example.org//"};
	char url[LINK_URL_SIZE], token[LINK_TOKEN_SIZE], want[LINK_URL_SIZE];
	for (size_t i = 0; i < sizeof bases / sizeof *bases; i++)
		for (int p = 0; p < LINK_PURPOSES; p++) {
			(void)snprintf(want, sizeof want, "https://vestnik.example.org/%c/%s", "akmfdxo"[p],
				link_token(&key, (enum link_purpose)p, 5, NOW_MS, token));
			assert_string_equal(link_url(&key, bases[i], (enum link_purpose)p, 5, NOW_MS, url), want);
		}
	char longest[LINK_URL_SIZE + 8];
	memset(longest, 'a', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	assert_null(link_url(&key, longest, LINK_ANSWER, 5, NOW_MS, url));
	longest[LINK_URL_SIZE - 20] = '\0';
	assert_null(link_url(&key, longest, LINK_ANSWER, 5, NOW_MS, url));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_purpose_comes_back_and_serves_no_other),
		cmocka_unit_test(no_changed_character_passes),
		cmocka_unit_test(expiry_is_told_only_to_who_has_the_link), cmocka_unit_test(nonsense_is_no_link),
		cmocka_unit_test(the_address_has_one_slash_and_a_letter)};
	ident_init();
	ident_random(&key, sizeof key);
	ident_random(&other_key, sizeof other_key);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
