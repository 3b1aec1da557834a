/* Outgoing numbers in what people write; files out of mails, by names that stay in their folder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/gate.h"
#include "intake/ask_match.h"
#include "intake/mail.h"

static void numbers(void **state)
{
	(void)state;
	static const struct {
		const char *text, *number;
		bool want;
	} rows[] = {
		{"Ответ на письмо № 01-12/345 от 15.05.2023", "01-12/345", true},
		{"на №01-12/345", "01-12/345", true},
		{"на №\u00a001-12/345\u00a0от", "01-12/345", true},
		{"(исх. 01-12/345)", "01-12/345", true},
		{"письмо 01-12/345.", "01-12/345", true},
		{"«01-12/345»", "01-12/345", false}, /* a quote before it: not sure */
		{"№ «01-12/345»", "01-12/345", false},
		{"№ 01-12/3456", "01-12/345", false},
		{"№ 101-12/345", "01-12/345", false},
		{"№ 01-12/345-а", "01-12/345", false},
		{"01-12/345", "01-12/345", true},
		{"У нас 12 участников", "12", false},
		{"на № 12 от 15 мая", "12", true},
		{"No. 12", "12", true},
		{"N 12", "12", true},
		{"Ref no12", "12", true},
		{"casino 12", "12", false},
		{"№ 123", "12", false},
		{"", "12", false},
		{"№ 12", "", false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (ask_match_number(rows[i].text, rows[i].number) != rows[i].want)
			fail_msg("«%s» in «%s»: got %d, want %d", rows[i].number, rows[i].text, !rows[i].want,
				rows[i].want);
}

#define PART(head, body) "--b\r\n" head "\r\n\r\n" body "\r\n"

static void files(void **state)
{
	(void)state;
	static const char mail[] =
		"From: a@b.test\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" PART(
			"Content-Type: text/plain", "words")
			PART("Content-Type: application/pdf; name=\"Ответ.pdf\"", "PDF")
				PART("Content-Type: application/octet-stream\r\n"
				     "Content-Disposition: attachment; filename=\"../../etc/passwd\"",
					"x")
					PART("Content-Type: application/octet-stream", "unnamed")
						PART("Content-Type: image/png\r\nContent-ID: <logo>\r\n"
						     "Content-Disposition: inline; filename=logo.png",
							"logo")
							PART("Content-Type: image/png\r\n"
							     "Content-Disposition: attachment; filename=scan.png",
								"scan")
								PART("Content-Type: text/plain\r\n"
								     "Content-Disposition: attachment; filename=a.txt",
									"0123456789")
									PART("Content-Type: application/zip\r\n"
									     "Content-Transfer-Encoding: base64",
										"")
										"--b--\r\n";
	static const struct {
		const char *name;
		size_t len;
		bool cut;
	} want[] = {{"Ответ.pdf", 3, false}, {".._.._etc_passwd", 1, false}, {"attachment-3", 7, false},
		{"scan.png", 4, false}, {"a.txt", 8, true}};
	struct mail_file_list list;
	mail_attached(mail, strlen(mail), 10, 8, &list);
	assert_int_equal(list.count, 5);
	for (size_t i = 0; i < list.count; i++) {
		const struct mail_file *got = &list.item[i];
		if (strcmp(got->name, want[i].name) != 0 || got->cut != want[i].cut ||
			(!got->cut && got->len != want[i].len))
			fail_msg("file %zu: got %s, %zu bytes, cut %d; want %s, %zu, %d", i, got->name, got->len,
				got->cut, want[i].name, want[i].len, want[i].cut);
		assert_true(gate_file_name(got->name));
	}
	mail_file_list_fini(&list);
	mail_attached(mail, strlen(mail), 2, 100, &list);
	assert_int_equal(list.count, 2);
	assert_int_equal(list.left_out, 4);
	mail_file_list_fini(&list);
	mail_attached("From: a@b.test\n\nx", 17, 10, 100, &list);
	assert_int_equal(list.count, 0);
	mail_file_list_fini(&list);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(files),
	};
	mail_init();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	mail_shutdown();
	return failed;
}
