#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "letter/mime.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define LENGTH_MAX 400

/* The plainest decoder there is; fails on anything but whole lines of base64. */
static size_t decoded(const char *text, size_t len, unsigned char *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t bits = 0;
	size_t count = 0, n = 0, line = 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\r') {
			assert_int_equal(text[++i], '\n');
			assert_true(line == 76 || i + 1 == len);
			line = 0;
			continue;
		}
		line++;
		if (text[i] == '=')
			continue;
		const char *digit = strchr(digits, text[i]);
		assert_non_null(digit);
		bits = bits << 6 | (uint32_t)(digit - digits);
		if (++n % 4 != 1)
			out[count++] = (unsigned char)(bits >> (6 - 2 * ((n - 1) % 4)));
	}
	assert_int_equal(line, 0);
	return count;
}

/* Every length, at an exact end of memory (asan sees a step too far). */
static void base64_of_every_length(void **state)
{
	(void)state;
	uint32_t dice = 1;
	for (size_t len = 0; len <= LENGTH_MAX; len++) {
		char *data = malloc(len > 0 ? len : 1);
		for (size_t i = 0; i < len; i++) {
			dice = dice * 1664525 + 1013904223;
			data[i] = (char)(dice >> 24);
		}
		struct buf out;
		unsigned char back[LENGTH_MAX + 8];
		buf_init(&out, 10000);
		assert_int_equal(mime_base64(&out, data, len), 0);
		assert_int_equal(out.len, mime_base64_size(len));
		size_t got = decoded(buf_str(&out), out.len, back);
		if (got != len || memcmp(back, data, len) != 0)
			fail_msg("%zu bytes came back as %zu, changed", len, got);
		buf_fini(&out);
		free(data);
	}
}

static void every_byte_has_its_digit(void **state)
{
	(void)state;
	char data[3 * 256];
	for (size_t i = 0; i < 256; i++)
		memset(data + i * 3, (int)i, 3);
	struct buf out;
	unsigned char back[sizeof data + 8];
	buf_init(&out, 10000);
	assert_int_equal(mime_base64(&out, data, sizeof data), 0);
	assert_int_equal(decoded(out.data, out.len, back), sizeof data);
	assert_memory_equal(back, data, sizeof data);
	buf_fini(&out);
}

static void mailboxes(void **state)
{
	(void)state;
	static const struct {
		const char *name, *want;
	} rows[] = {
		{"", "To: <a@b.org>\r\n"},
		{"Anna", "To: Anna <a@b.org>\r\n"},
		{"A. B", "To: \"A. B\" <a@b.org>\r\n"},
		{"a\"b\\c", "To: \"a\\\"b\\\\c\" <a@b.org>\r\n"},
		{"a@b, c", "To: \"a@b, c\" <a@b.org>\r\n"},
		{"Анна", "To: =?UTF-8?B?0JDQvdC90LA=?= <a@b.org>\r\n"},
		{"=?x?=", "To: =?UTF-8?B?PT94Pz0=?= <a@b.org>\r\n"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf out;
		buf_init(&out, 1000);
		assert_int_equal(mime_mailbox(&out, "To", rows[i].name, strlen(rows[i].name), "a@b.org"), 0);
		assert_string_equal(buf_str(&out), rows[i].want);
		buf_fini(&out);
	}
}

static void file_names(void **state)
{
	(void)state;
	static const struct {
		const char *name, *want, *latin;
	} rows[] = {
		{"a b.pdf", ";\r\n n=\"a b.pdf\"", ";\r\n n=\"a b.pdf\""},
		{"ж.pdf", ";\r\n n*0*=UTF-8''%D0%B6.pdf", ";\r\n n=\"zh.pdf\""},
		{"Ёж № 1.PDF", ";\r\n n*0*=UTF-8''%D0%81%D0%B6%20%E2%84%96%201.PDF", ";\r\n n=\"Ezh _ 1.PDF\""},
		{"a'b.pdf", ";\r\n n=\"a'b.pdf\"", ";\r\n n=\"a_b.pdf\""},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf out;
		buf_init(&out, 1000);
		assert_int_equal(mime_parameter(&out, "n", rows[i].name), 0);
		assert_string_equal(buf_str(&out), rows[i].want);
		buf_reset(&out);
		assert_int_equal(mime_parameter_latin(&out, "n", rows[i].name), 0);
		assert_string_equal(buf_str(&out), rows[i].latin);
		buf_fini(&out);
	}
}

/* A long name is cut, its ending stays. */
static void long_latin_names_keep_their_ending(void **state)
{
	(void)state;
	char name[200] = "";
	for (size_t i = 0; i < 90; i++)
		memcpy(name + i * 2, i % 2 ? "щ" : "ь", 3);
	memcpy(name + 180, ".docx", 6);
	struct buf out;
	buf_init(&out, 1000);
	assert_int_equal(mime_parameter_latin(&out, "name", name), 0);
	assert_true(out.len < 80);
	assert_string_equal(out.data + out.len - 6, ".docx\"");
	buf_fini(&out);
}

static void media_types(void **state)
{
	(void)state;
	assert_string_equal(mime_type_of("a.PDF"), "application/pdf");
	assert_string_equal(mime_type_of("a"), "application/octet-stream");
	assert_string_equal(mime_type_of("a.pdf.exe"), "application/octet-stream");
	static const char *const bad[] = {"", "a", "a/", "/b", "a/b/c", "a/b;c=d", "a /b", "a/b\r\n", "a/ж"};
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(mime_type_ok(bad[i]));
	assert_true(mime_type_ok("application/vnd.ms-excel"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(base64_of_every_length),
		cmocka_unit_test(every_byte_has_its_digit), cmocka_unit_test(mailboxes),
		cmocka_unit_test(file_names), cmocka_unit_test(long_latin_names_keep_their_ending),
		cmocka_unit_test(media_types)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
