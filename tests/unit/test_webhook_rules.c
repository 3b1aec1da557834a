/* Standard Webhooks signatures, the event filter, the retry schedule,
 * Retry-After, and the guard of addresses: no network, no store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "base/ident.h"
#include "base/lang.h"
#include "message/status.h"
#include "notifier/address.h"
#include "notifier/retry.h"
#include "webhook/filter.h"
#include "webhook/secret.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* The first is the vector of the Standard Webhooks documentation; the others
 * were computed with Python's hmac. */
static void signatures_match_the_vectors(void **state)
{
	(void)state;
	static const struct {
		const char *secret, *id;
		int64_t timestamp;
		const char *body, *want;
	} cases[] = {
		{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
			"{\"test\": 2432232314}", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
		{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_018c3f2a9d100123456789abcdef", 1700000000,
			"{\"type\":\"vestnik.delivery.accepted\",\"data\":{\"имя\":\"Школа № 1\"}}",
			"v1,VvlFUMxupcf3TRfBn/uS6crwahxUhoa53v3XIhohhW8="},
		{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_1", 0, "",
			"v1,ij2G0S51rXTp+PMwqJOjeWFLEpktT32X6cQ9P08rbws="},
		{"whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+"
		 "Pw==",
			"msg_1", 1, "x", "v1,DUKYmqcAgSETeZ2DNJd/VFXqRBlEJW0sy7KAC4a9ElQ="},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct webhook_key key;
		struct error e = {0};
		char got[WEBHOOK_SIGNATURE_SIZE];
		if (webhook_secret_parse(cases[i].secret, &key, &e) != 0)
			fail_msg("case %zu: secret refused: %s", i, e.text);
		webhook_sign(&key, cases[i].id, cases[i].timestamp, cases[i].body, strlen(cases[i].body), got);
		if (strcmp(got, cases[i].want) != 0)
			fail_msg("case %zu: got %s, want %s", i, got, cases[i].want);
	}
}

static void secrets_are_checked_and_new(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
		"whsec_short", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS*",
		"whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRY=", /* 23 bytes */
		("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+"
		 "P0A="), /* 65 bytes */
		"whpk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"};
	struct webhook_key key;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct error e = {0};
		if (webhook_secret_parse(bad[i], &key, &e) == 0)
			fail_msg("got \"%s\" accepted, want refused", bad[i]);
		if (strlen(bad[i]) > 10 && strstr(e.text, bad[i] + 6) != NULL)
			fail_msg("the error shows the secret: %s", e.text);
	}
	char one[WEBHOOK_SECRET_SIZE], two[WEBHOOK_SECRET_SIZE];
	webhook_secret_new(one);
	webhook_secret_new(two);
	assert_string_not_equal(one, two);
	assert_int_equal(webhook_secret_parse(one, &key, NULL), 0);
	assert_int_equal(key.len, 32);
	assert_null(webhook_secret_parse(NULL, &key, NULL) == 0 ? "accepted" : NULL);
}

static void a_filter_decides_by_type(void **state)
{
	(void)state;
	static const struct {
		const char *json, *type;
		bool want;
	} cases[] = {
		{"[]", "vestnik.delivery.accepted", true},
		{"[]", "anything", true},
		{"[\"vestnik.delivery.accepted\"]", "vestnik.delivery.accepted", true},
		{"[\"vestnik.delivery.accepted\"]", "vestnik.delivery.accepted2", false},
		{"[\"vestnik.delivery.accepted\"]", "vestnik.delivery.accept", false},
		{"[\"vestnik.delivery.*\"]", "vestnik.delivery.failed", true},
		{"[\"vestnik.delivery.*\"]", "vestnik.deliveryx", false},
		{"[\"vestnik.delivery.*\"]", "vestnik.campaign.paused", false},
		{"[\"a\",\"vestnik.campaign.paused\"]", "vestnik.campaign.paused", true},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct webhook_filter *filter = NULL;
		assert_int_equal(webhook_filter_parse(cases[i].json, &filter, NULL), 0);
		bool got = webhook_filter_match(filter, cases[i].type);
		if (got != cases[i].want)
			fail_msg("%s against %s: got %d, want %d", cases[i].type, cases[i].json, got, cases[i].want);
		webhook_filter_free(&filter);
	}
	static const char *const bad[] = {"", "{}", "[1]", "[\"\"]", "[", "null"};
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct webhook_filter *filter = NULL;
		if (webhook_filter_parse(bad[i], &filter, NULL) == 0)
			fail_msg("got %s accepted, want refused", bad[i]);
	}
}

static void words_become_patterns(void **state)
{
	(void)state;
	static const struct {
		const char *words, *want; /* NULL = refused */
	} cases[] = {
		{NULL, "[]"},
		{"", "[]"},
		{"accepted", "[\"vestnik.delivery.accepted\"]"},
		{"delivery.failed, campaign.*", "[\"vestnik.delivery.failed\",\"vestnik.campaign.*\"]"},
		{"vestnik.webhook.disabled", "[\"vestnik.webhook.disabled\"]"},
		{"bus.gap", "[\"vestnik.bus.gap\"]"},
		{"delivery.*,,bounced", "[\"vestnik.delivery.*\",\"vestnik.delivery.bounced\"]"},
		{"acepted", NULL},
		{"accepted,mail", NULL},
		{"*", "[\"vestnik.*\"]"},
		{"vestnik.mail", NULL},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf json;
		struct error e = {0};
		buf_init(&json, 10000);
		int rc = webhook_filter_from_words(cases[i].words, &json, &e);
		const char *got = rc == 0 ? buf_str(&json) : "refused";
		const char *want = cases[i].want == NULL ? "refused" : cases[i].want;
		if (strcmp(got, want) != 0)
			fail_msg("\"%s\": got %s, want %s", cases[i].words, got, want);
		buf_fini(&json);
	}
	/* Every state of a delivery is an event one may ask for. */
	for (unsigned s = 0; s < DELIVERY_STATES; s++) {
		bool known = false;
		for (size_t i = 0; webhook_types()[i] != NULL; i++)
			known |= strcmp(webhook_types()[i], status_type((enum delivery_state)s)) == 0;
		if (!known)
			fail_msg("%s is not among webhook_types()", status_type((enum delivery_state)s));
	}
}

static void answers_are_judged(void **state)
{
	(void)state;
	static const struct {
		long status;
		enum retry_verdict want;
	} cases[] = {{200, RETRY_DELIVERED}, {204, RETRY_DELIVERED}, {299, RETRY_DELIVERED}, {0, RETRY_LATER},
		{199, RETRY_LATER}, {301, RETRY_LATER}, {302, RETRY_LATER}, {308, RETRY_LATER}, {400, RETRY_LATER},
		{404, RETRY_LATER}, {410, RETRY_GONE}, {429, RETRY_THROTTLE}, {500, RETRY_LATER},
		{502, RETRY_THROTTLE}, {503, RETRY_THROTTLE}, {504, RETRY_THROTTLE}, {600, RETRY_LATER}};
	for (size_t i = 0; i < COUNT(cases); i++)
		if (retry_judge(cases[i].status) != cases[i].want)
			fail_msg("%ld: got %d, want %d", cases[i].status, retry_judge(cases[i].status), cases[i].want);
}

static void the_schedule_is_the_specs(void **state)
{
	(void)state;
	static const int64_t want_s[] = {5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400};
	int64_t sum = 0;
	for (int64_t made = 1; made <= 9; made++) {
		int64_t least = retry_delay_ms(made, 0), most = retry_delay_ms(made, 0.999999);
		if (least != want_s[made - 1] * 1000)
			fail_msg("after attempt %d: got %lld ms, want %lld s", (int)made, (long long)least,
				(long long)want_s[made - 1]);
		if (most <= least || most > least + least / 10)
			fail_msg("after attempt %d jitter gives %lld ms", (int)made, (long long)most);
		sum += least;
	}
	assert_int_equal(sum, ((75 * 60 + 35) * 60 + 5) * 1000LL);
	assert_int_equal(retry_delay_ms(10, 0), -1);
	assert_int_equal(retry_delay_ms(1001, 0), -1);

	assert_int_equal(retry_rest_ms(0, 0), 0);
	assert_int_equal(retry_rest_ms(2, 0.5), 0);
	assert_int_equal(retry_rest_ms(3, 0), 1000);
	assert_int_equal(retry_rest_ms(6, 0), 8000);
	assert_int_equal(retry_rest_ms(1000000, 0), 300000);
}

static void retry_after_is_read_and_bounded(void **state)
{
	(void)state;
	const int64_t now = INT64_C(1700000000000); /* Tue, 14 Nov 2023 22:13:20 GMT */
	const int64_t day = INT64_C(86400000);
	static const struct {
		const char *value;
		int64_t want;
	} cases[] = {
		{"0", 0}, {"1", 1000}, {"120", 120000}, {"86400", 86400000}, {"86401", 86400000},
		{"99999999999999999999999999", 86400000}, {"-1", -1}, {"1.5", -1}, {"", -1}, {" 5", -1},
		{"soon", -1}, {"5s", -1}, {"Soon", -1},
		{"Tue, 14 Nov 2023 22:14:20 GMT", 60000},
		{"Tuesday, 14-Nov-23 22:14:20 GMT", 60000},
		{"Tue Nov 14 22:14:20 2023", 60000},
		{"Tue, 14 Nov 2023 22:00:00 GMT", 0},
		{"Fri, 14 Nov 2053 22:00:00 GMT", 86400000},
		{"2023-11-14", -1},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t got = retry_after_ms(cases[i].value, now);
		if (got != cases[i].want)
			fail_msg("\"%s\": got %lld, want %lld", cases[i].value, (long long)got,
				(long long)cases[i].want);
	}
	assert_int_equal(retry_after_ms(NULL, now), -1);
	assert_int_equal(RETRY_AFTER_MAX_MS, day);
}

static void only_public_addresses_pass_the_guard(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool want;
	} cases[] = {
		{"8.8.8.8", true}, {"1.1.1.1", true}, {"100.63.255.255", true}, {"100.128.0.0", true},
		{"172.15.255.255", true}, {"172.32.0.0", true}, {"192.167.255.255", true}, {"192.169.0.0", true},
		{"223.255.255.255", true}, {"11.0.0.0", true}, {"169.253.255.255", true}, {"198.17.255.255", true},
		{"198.20.0.0", true},
		{"0.0.0.0", false}, {"0.1.2.3", false}, {"10.0.0.1", false}, {"10.255.255.255", false},
		{"100.64.0.0", false}, {"100.100.100.200", false}, {"100.127.255.255", false},
		{"127.0.0.1", false}, {"127.255.255.254", false}, {"169.254.0.1", false},
		{"169.254.169.254", false}, {"172.16.0.0", false}, {"172.31.255.255", false},
		{"192.0.0.192", false}, {"192.0.2.1", false}, {"192.168.0.1", false}, {"192.168.255.255", false},
		{"198.18.0.1", false}, {"198.19.255.255", false}, {"198.51.100.1", false}, {"203.0.113.9", false},
		{"224.0.0.1", false}, {"239.255.255.255", false}, {"240.0.0.1", false}, {"255.255.255.255", false},
		{"168.63.129.16", false},
		{"2a00:1450:4001::1", true}, {"2606:4700::1111", true}, {"2002:0808:0808::1", true},
		{"64:ff9b::808:808", true}, {"::ffff:8.8.8.8", true}, {"2001:200::1", true},
		{"::", false}, {"::1", false}, {"::7f00:1", false}, {"::ffff:127.0.0.1", false},
		{"::ffff:10.1.2.3", false}, {"::ffff:169.254.169.254", false}, {"64:ff9b::7f00:1", false},
		{"64:ff9b::a9fe:a9fe", false}, {"64:ff9b:1::1", false}, {"2002:7f00:1::", false},
		{"2002:c0a8:1::1", false}, {"fe80::1", false}, {"febf::1", false}, {"fec0::1", false},
		{"fc00::1", false}, {"fd00:ec2::254", false}, {"ff02::1", false}, {"2001::1", false},
		{"2001:1ff::1", false}, {"2001:db8::1", false}, {"3fff:fff::1", false}, {"5f00::1", false},
		{"100::1", false}, {"4000::1", false},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		bool v6 = strchr(cases[i].text, ':') != NULL;
		struct sockaddr_in in4 = {.sin_family = AF_INET};
		struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
		assert_int_equal(v6 ? inet_pton(AF_INET6, cases[i].text, &in6.sin6_addr)
				    : inet_pton(AF_INET, cases[i].text, &in4.sin_addr), 1);
		bool got = address_is_public(v6 ? (struct sockaddr *)(void *)&in6 : (struct sockaddr *)(void *)&in4);
		if (got != cases[i].want || address_text_is_public(cases[i].text) != got)
			fail_msg("%s: got %d, want %d", cases[i].text, got, cases[i].want);
	}
	struct sockaddr_un local = {.sun_family = AF_UNIX};
	assert_false(address_is_public((struct sockaddr *)(void *)&local));
	assert_false(address_text_is_public("example.org"));
	assert_false(address_text_is_public(""));
	assert_false(address_text_is_public(NULL));
}

int main(void)
{
	ident_init();
	lang_set(LANG_EN);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signatures_match_the_vectors),
		cmocka_unit_test(secrets_are_checked_and_new),
		cmocka_unit_test(a_filter_decides_by_type),
		cmocka_unit_test(words_become_patterns),
		cmocka_unit_test(answers_are_judged),
		cmocka_unit_test(the_schedule_is_the_specs),
		cmocka_unit_test(retry_after_is_read_and_bounded),
		cmocka_unit_test(only_public_addresses_pass_the_guard),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
