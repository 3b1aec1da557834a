#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/gate.h"
#include "base/ident.h"
#include "base/problem.h"

static void buf_stops_at_its_maximum(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 8);
	assert_int_equal(buf_puts(&b, "12345"), 0);
	assert_int_equal(buf_puts(&b, "6789"), -1);
	assert_int_equal(buf_putc(&b, 'x'), -1);
	assert_false(buf_ok(&b));
	assert_string_equal(buf_str(&b), "12345");
	buf_fini(&b);
}

static void buf_printf_grows_past_its_small_buffer(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 10000);
	assert_int_equal(buf_printf(&b, "%0500d", 7), 0);
	assert_int_equal(b.len, 500);
	buf_fini(&b);
}

static void addresses(void **state)
{
	(void)state;
	static const struct {
		const char *in, *want; /* NULL = refused */
	} rows[] = {
		{"head@school1.example.org", "head@school1.example.org"},
		{"a.b+c@Example.ORG", "a.b+c@example.org"},
		{"школа@example.org", NULL},
		{"info@школа.test", "info@xn--80atdl2c.test"},
		{"a@b@c.org", NULL},
		{"a b@c.org", NULL},
		{"a@c .org", NULL},
		{"a@c.org\r\nRCPT TO:<x@y.org>", NULL},
		{".a@c.org", NULL},
		{"a..b@c.org", NULL},
		{"\"a\"@c.org", NULL},
		{"a@c", NULL},
		{"a@-c.org", NULL},
		{"a@c.org.", NULL},
		{"", NULL},
		{"a>@c.org", NULL},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char out[GATE_ADDRESS_MAX + 1] = "";
		struct error e;
		int rc = gate_address(rows[i].in, out, &e);
		if (rows[i].want == NULL) {
			if (rc == 0)
				fail_msg("%s: got %s, want a refusal", rows[i].in, out);
		} else if (rc != 0) {
			fail_msg("%s: got «%s», want %s", rows[i].in, e.text, rows[i].want);
		} else {
			assert_string_equal(out, rows[i].want);
		}
	}
}

static void cut_characters_are_taken_out(void **state)
{
	(void)state;
	static const struct {
		const char *in, *want;
	} rows[] = {{"", ""}, {"plain", "plain"}, {"Школа", "Школа"}, {"Школ\xd0", "Школ"}, {"\xd0", ""},
		{"a\xd0\"b\xff\xfe", "a\"b"}, {"\xe2\x80", ""}, {"\xed\xa0\x80x", "x"}, {"\xf0\x9f\x98", ""}};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char text[32];
		strcpy(text, rows[i].in);
		gate_utf8_mend(text);
		if (strcmp(text, rows[i].want) != 0)
			fail_msg("row %zu: got \"%s\", want \"%s\"", i, text, rows[i].want);
	}
	/* so that an error's text can be stored and published */
	struct error e;
	(void)error_set(&e, ERROR_INPUT, "unknown \"%.5s\"", "имя");
	assert_string_equal(e.text, "unknown \"им\"");
	char big[600];
	for (size_t i = 0; i + 2 < sizeof big; i += 2)
		memcpy(big + i, "ж", 3);
	(void)error_set(&e, ERROR_INPUT, "a%s", big);
	assert_true(gate_utf8(e.text, strlen(e.text)));
	(void)error_context(&e, "%s", "ab");
	assert_true(gate_utf8(e.text, strlen(e.text)));
}

static void header_gate_refuses_control_characters(void **state)
{
	(void)state;
	assert_true(gate_header("Школа № 5", strlen("Школа № 5")));
	assert_false(gate_header("a\r\nBcc: x", 10));
	assert_false(gate_header("a\0b", 3));
	assert_false(gate_header("\xc3\x28", 2));
	assert_false(gate_header("\xed\xa0\x80", 3));
	assert_false(gate_header("a\xe2\x80\xa8z", 5)); /* U+2028 */
}

static void clean_line(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		size_t max;
		const char *want;
	} rows[] = {
		{"a\r\nb", 100, "a b"},
		{"  a \t b  ", 100, "a b"},
		{"\xe2\x80\xaegod\xe2\x80\xac", 100, "god"},
		{"школа", 5, "шк"},
		{"", 10, ""},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char *got = gate_clean_line(rows[i].in, rows[i].max);
		assert_string_equal(got, rows[i].want);
		free(got);
	}
}

static void urls(void **state)
{
	(void)state;
	assert_true(gate_url("https://example.org/a?b=c#d", false));
	assert_false(gate_url("javascript:alert(1)", true));
	assert_false(gate_url("https://user@example.org/", false));
	assert_false(gate_url("https:///x", false));
	assert_false(gate_url("https://a b/", false));
	assert_true(gate_url("mailto:a@example.org", true));
	assert_false(gate_url("mailto:a@example.org", false));
}

static void rfc3339(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		int64_t want; /* -1 = refused */
	} rows[] = {
		{"2023-05-30T18:00:00+03:00", 1685458800000},
		{"2023-05-30T15:00:00.250Z", 1685458800250},
		{"2023-02-30T00:00:00Z", -1},
		{"2023-05-30 18:00", -1},
		{"2023-05-30T18:00:00", -1},
		{"yesterday", -1},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int64_t got = -1;
		if (clock_parse_rfc3339(rows[i].in, &got) != 0)
			got = -1;
		if (got != rows[i].want)
			fail_msg("%s: got %lld, want %lld", rows[i].in, (long long)got,
				(long long)rows[i].want);
	}
	char text[CLOCK_RFC3339_SIZE];
	assert_string_equal(clock_rfc3339(1685458800250, text), "2023-05-30T15:00:00.250Z");
}

static void tags_are_ours_or_not(void **state)
{
	(void)state;
	struct ident_key key, other;
	ident_random(&key, sizeof key);
	ident_random(&other, sizeof other);
	char tag[IDENT_TAG_SIZE];
	int64_t delivery, dispatch;
	ident_tag(&key, INT64_C(999999999999999999), 12, tag);
	assert_true(strlen("bounces+") + strlen(tag) <= 64);
	for (char *p = tag; *p != '\0'; p++) /* some relays upper-case it */
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
	assert_true(ident_tag_parse(&key, tag, &delivery, &dispatch));
	assert_int_equal(delivery, INT64_C(999999999999999999));
	assert_int_equal(dispatch, 12);
	assert_false(ident_tag_parse(&other, tag, &delivery, &dispatch));
	tag[0] = '8';
	assert_false(ident_tag_parse(&key, tag, &delivery, &dispatch));
	assert_false(ident_tag_parse(&key, "", &delivery, &dispatch));
	assert_false(ident_tag_parse(&key, "1.1.aaaaaaaaaaaaaaaa", &delivery, &dispatch));
}

static void links_hold_for_their_purpose_only(void **state)
{
	(void)state;
	struct ident_key key, other;
	ident_random(&key, sizeof key);
	ident_random(&other, sizeof other);
	char link[IDENT_LINK_SIZE];
	int64_t delivery = 0;
	ident_link(&key, "unsubscribe", INT64_C(123456789012345678), link);
	assert_true(ident_link_parse(&key, "unsubscribe", link, &delivery));
	assert_int_equal(delivery, INT64_C(123456789012345678));
	assert_false(ident_link_parse(&key, "answer", link, &delivery));
	assert_false(ident_link_parse(&other, "unsubscribe", link, &delivery));
	link[0] = '9';
	assert_false(ident_link_parse(&key, "unsubscribe", link, &delivery));
	static const char *const bad[] = {"", ".", "1", "1.", "x.aaaaaaaaaaaaaaaa", "1.aaaaaaaaaaaaaaaa",
		"99999999999999999999999999.aaaaaaaaaaaaaaaa"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(ident_link_parse(&key, "unsubscribe", bad[i], &delivery));
}

static void key_file_is_made_once(void **state)
{
	(void)state;
	char path[] = "/tmp/vestnik-key-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	remove(path);
	struct ident_key a, b;
	struct error e;
	assert_int_equal(ident_key_load(path, &a, &e), 0);
	assert_int_equal(ident_key_load(path, &b, &e), 0);
	assert_memory_equal(&a, &b, sizeof a);
	FILE *f = fopen(path, "w");
	fputs("abc\n", f);
	fclose(f);
	assert_int_equal(ident_key_load(path, &b, &e), -1);
	assert_int_equal(e.code, ERROR_INPUT);
	remove(path);
}

static void problems_say_where(void **state)
{
	(void)state;
	struct problems all = {0};
	problem_add(&all, PROBLEM_ERROR,
		(struct problem_place){.file = "c.yaml", .line = 3, .column = 7, .field = "send.at"},
		"write it like 2023-05-15 10:00", "no such date «%s»", "2023-02-30");
	char *line = problem_line(&all.item[0]);
	assert_string_equal(line, "c.yaml:3:7: error: send.at: no such date «2023-02-30»; write it "
				  "like 2023-05-15 10:00");
	free(line);
	for (int i = 0; i < 2000; i++)
		problem_add(&all, PROBLEM_WARNING, (struct problem_place){.file = "x"}, NULL, "w");
	assert_int_equal(all.count, PROBLEMS_KEPT);
	assert_int_equal(all.warnings, 2000);
	problems_fini(&all);
}

int main(void)
{
	ident_init();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buf_stops_at_its_maximum),
		cmocka_unit_test(buf_printf_grows_past_its_small_buffer),
		cmocka_unit_test(addresses),
		cmocka_unit_test(cut_characters_are_taken_out),
		cmocka_unit_test(header_gate_refuses_control_characters),
		cmocka_unit_test(clean_line),
		cmocka_unit_test(urls),
		cmocka_unit_test(rfc3339),
		cmocka_unit_test(tags_are_ours_or_not),
		cmocka_unit_test(links_hold_for_their_purpose_only),
		cmocka_unit_test(key_file_is_made_once),
		cmocka_unit_test(problems_say_where),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
