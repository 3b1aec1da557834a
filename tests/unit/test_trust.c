/* Whose word about a sender is taken, and what is no word at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "intake/imap.h"
#include "intake/trust.h"

static struct mail *parse(const char *head)
{
	struct mail *mail;
	struct error e;
	char text[4000];
	snprintf(text, sizeof text, "Date: Tue, 30 May 2023 10:00:00 +0300\n%s\n\ntext\n", head);
	assert_int_equal(mail_parse(text, strlen(text), &mail, &e), 0);
	return mail;
}

static void senders(void **state)
{
	(void)state;
	static const struct {
		const char *from, *want; /* NULL = nobody */
	} rows[] = {
		{"From: school@example.org", "school@example.org"},
		{"From: =?utf-8?b?0KjQutC+0LvQsA==?= <school@Example.ORG>", "school@example.org"},
		{"From: \"Школа, № 5 <other@bad.test>\" <school@example.org>", "school@example.org"},
		{"From: school@example.org (other@bad.test)", "school@example.org"},
		{"From: school@example.org <other@bad.test>", NULL},
		{"From: <school@example.org> <other@bad.test>", NULL},
		{"From: school@example.org, other@bad.test", NULL},
		{"From: group: school@example.org;", NULL},
		{"From: school@example.org\nFrom: other@bad.test", NULL},
		/* a name that hides an address, a bracket or a quote in an encoded word */
		{"From: =?utf-8?q?=3Cschool=40example=2Eorg=3E_=22?= <other@example.org>", NULL},
		{"From: =?utf-8?b?PHNjaG9vbEBleGFtcGxlLm9yZz4gIg==?= <other@example.org>", NULL},
		{"From: =?utf-8?q?=3Cschool=40example=2Eorg=3E_=28?= <other@example.org> ()", NULL},
		{"From: (=?utf-8?q?=29=3Cschool=40example=2Eorg=3E=22?=) other@example.org", NULL},
		{"From: =?utf-8?q?school=40example=2Eorg?= <other@example.org>", NULL},
		{"From: ", NULL},
		{"From: Школа", NULL},
		{"From: <>", NULL},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char got[GATE_ADDRESS_MAX + 1] = "";
		struct mail *mail = parse(rows[i].from);
		bool known = trust_sender(mail, got);
		if (known != (rows[i].want != NULL) || (known && strcmp(got, rows[i].want) != 0))
			fail_msg("%s: got %s, want %s", rows[i].from, known ? got : "nobody",
				rows[i].want == NULL ? "nobody" : rows[i].want);
		mail_free(&mail);
	}
}

static void results(void **state)
{
	(void)state;
	static const char *const names[] = {"mx.example.net", "mx2"};
	static const struct {
		const char *field;
		bool want;
	} rows[] = {
		{"mx.example.net; dmarc=pass header.from=school.test", true},
		{"MX.example.NET 1; spf=fail smtp.mailfrom=x; DMARC = Pass (p=none dis=none) header.from=SCHOOL.test", true},
		{"mx2; dkim=pass header.d=school.test; dmarc=pass", true},
		{"mx2; dmarc/1=pass header.from=x@school.test", true},
		{"mx3.example.net; dmarc=pass header.from=school.test", false},
		{"mx.example.net.bad.test; dmarc=pass header.from=school.test", false},
		{"mx.example.net; dmarc=pass header.from=bad.test", false},
		{"mx.example.net; dmarc=fail header.from=school.test", false},
		{"mx.example.net; dmarc=none header.from=school.test", false},
		{"mx.example.net; dmarc=bestguesspass header.from=school.test", false},
		{"mx.example.net; spf=pass smtp.mailfrom=school.test; dkim=pass", false},
		{"mx.example.net; dmarc=fail reason=\"; dmarc=pass header.from=school.test\"", false},
		{"mx.example.net; dmarc=fail (dmarc=pass; dmarc=pass)", false},
		{"mx.example.net (; dmarc=pass header.from=school.test)", false},
		{"mx.example.net; dmarc=pass header.from=school.test; dmarc=fail", false},
		{"mx.example.net; none", false},
		{"mx.example.net", false},
		{"mx.example.net; x-dmarc=pass header.from=school.test", false},
		{"mx.example.net; dmarc", false},
		{"", false},
		/* the topmost of ours decides; one that says otherwise takes it back */
		{"mx.example.net; dmarc=pass\nAuthentication-Results: mx2; spf=pass", true},
		{"mx.example.net; spf=pass\nAuthentication-Results: mx.example.net; dmarc=pass", false},
		{"mx.example.net; dmarc=pass\nAuthentication-Results: mx.example.net; dmarc=fail", false},
		{"bad.test; dmarc=fail\nAuthentication-Results: mx.example.net; dmarc=pass", true},
		{"(c) mx.example.net; dmarc=pass", true},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char head[1000];
		snprintf(head, sizeof head, "Authentication-Results: %s\nFrom: school@school.test", rows[i].field);
		struct mail *mail = parse(head);
		bool got = trust_passed(mail, "school@school.test", names, 2);
		if (got != rows[i].want)
			fail_msg("%s: got %d, want %d", rows[i].field, got, rows[i].want);
		if (trust_passed(mail, "school@school.test", NULL, 0))
			fail_msg("%s: believed although nobody is trusted", rows[i].field);
		mail_free(&mail);
	}
}

static void folder_names(void **state)
{
	(void)state;
	static const struct {
		const char *name, *want;
	} rows[] = {
		{"INBOX", "INBOX"},
		{"Входящие", "&BBIERQQ+BDQETwRJBDgENQ-"},
		{"Почта & прочее", "&BB8EPgRHBEIEMA- &- &BD8EQAQ+BEcENQQ1-"},
		{"~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"},
		{"a😀b", "a&2D3eAA-b"},
		{"\xff", NULL},
		{"a\nb", NULL},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct buf out;
		buf_init(&out, 1000);
		bool good = imap_folder_name(rows[i].name, &out);
		if (good != (rows[i].want != NULL) || (good && strcmp(buf_str(&out), rows[i].want) != 0))
			fail_msg("%s: got %s, want %s", rows[i].name, good ? buf_str(&out) : "none",
				rows[i].want == NULL ? "none" : rows[i].want);
		buf_fini(&out);
	}
}

static void dates(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t want; /* -1 = none */
	} rows[] = {
		{" 7-Nov-2026 04:05:06 +0300", 1794013506000},
		{"17-Jul-1996 02:44:25 -0700", 837596665000},
		{"01-Jan-1970 00:00:00 +0000", 0},
		{"32-Jan-1970 00:00:00 +0000", -1},
		{"01-Foo-1970 00:00:00 +0000", -1},
		{"01-anF-1970 00:00:00 +0000", -1},
		{"01-Jan-1970 25:00:00 +0000", -1},
		{"yesterday", -1},
		{"", -1},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int64_t got = -1;
		if (imap_date(rows[i].text, &got) != 0)
			got = -1;
		if (got != rows[i].want)
			fail_msg("%s: got %lld, want %lld", rows[i].text, (long long)got, (long long)rows[i].want);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(senders),
		cmocka_unit_test(results),
		cmocka_unit_test(folder_names),
		cmocka_unit_test(dates),
	};
	mail_init();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	mail_shutdown();
	return failed;
}
