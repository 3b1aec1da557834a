/* What relays say, cut anywhere: the reply parser and the watcher of a
 * library's dialogue, with what it hides from libESMTP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "mailer/smtp_reply.h"
#include "mailer/smtp_watch.h"

/* Feeds text in pieces of `piece` bytes; the last step. */
static enum smtp_step feed(struct smtp_reply_parser *p, const char *text, size_t piece)
{
	enum smtp_step step = SMTP_MORE;
	size_t len = strlen(text), at = 0, used;
	smtp_reply_reset(p);
	while (at < len) {
		size_t n = len - at < piece ? len - at : piece;
		char *exact = xmemdup(text + at, n); /* so that ASan sees a step too far */
		step = smtp_reply_feed(p, exact, n, &used);
		free(exact);
		at += used;
		if (step == SMTP_BAD || step == SMTP_REPLY)
			break;
	}
	return step;
}

static void replies(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		enum smtp_step step;
		int code;
		const char *enhanced, *text;
	} rows[] = {
		{"250 ok\r\n", SMTP_REPLY, 250, "", "ok"},
		{"250 2.1.5 ok\r\n", SMTP_REPLY, 250, "2.1.5", "ok"},
		{"250\r\n", SMTP_REPLY, 250, "", ""},
		{"250 \n", SMTP_REPLY, 250, "", ""},
		{"550-5.1.1 one\r\n550-5.1.1  two\r\n550 5.1.1 three\r\n", SMTP_REPLY, 550, "5.1.1",
			"one / two / three"},
		{"550-5.1.1 one\r\n550 two\r\n", SMTP_REPLY, 550, "5.1.1", "one / two"},
		{"550 5.1.1000 one\r\n", SMTP_REPLY, 550, "", "5.1.1000 one"},
		{"550 5.1. one\r\n", SMTP_REPLY, 550, "", "5.1. one"},
		{"451 4.7.500\r\n", SMTP_REPLY, 451, "4.7.500", ""},
		{"450 \x1b[31mred\t\x07\r\n", SMTP_REPLY, 450, "", "[31mred"},
		{"450 \xef\xf0\xe8 \xc2\xe5\r\n", SMTP_REPLY, 450, "", ""},
		{"450 ящик полон\r\n", SMTP_REPLY, 450, "", "ящик полон"},
		{"450 a\r\r\n", SMTP_REPLY, 450, "", "a"},
		{"25", SMTP_MORE, 0, "", ""},
		{"250-ok\r\n", SMTP_LINE, 250, "", "ok"},
		{"25\r\n", SMTP_BAD, 0, "", ""},
		{"250ok\r\n", SMTP_BAD, 0, "", ""},
		{" 250 ok\r\n", SMTP_BAD, 0, "", ""},
		{"+250 ok\r\n", SMTP_BAD, 0, "", ""},
		{"150 ok\r\n", SMTP_BAD, 0, "", ""},
		{"650 ok\r\n", SMTP_BAD, 0, "", ""},
		{"260 ok\r\n", SMTP_BAD, 0, "", ""},
		{"\r\n", SMTP_BAD, 0, "", ""},
		{"250-a\r\n251 b\r\n", SMTP_BAD, 0, "", ""},
		{"HTTP/1.1 400 Bad Request\r\n", SMTP_BAD, 0, "", ""},
	};
	struct smtp_reply_parser p;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		for (size_t piece = 1; piece < 20; piece++) {
			struct transport_reply got = {0};
			enum smtp_step step = feed(&p, rows[i].bytes, piece);
			smtp_reply_export(&p, &got);
			if (step != rows[i].step ||
				(step == SMTP_REPLY &&
					(got.code != rows[i].code || strcmp(got.enhanced, rows[i].enhanced) != 0 ||
						strcmp(got.text, rows[i].text) != 0)))
				fail_msg("\"%s\" by %zu: got step %d, %d \"%s\" \"%s\", want %d, %d \"%s\" \"%s\"",
					rows[i].bytes, piece, step, got.code, got.enhanced, got.text,
					rows[i].step, rows[i].code, rows[i].enhanced, rows[i].text);
		}
	}
}

static void replies_have_limits(void **state)
{
	(void)state;
	struct smtp_reply_parser p;
	struct transport_reply got;
	char line[3000], *many = xmalloc(300 * 16);
	memset(line, 'x', sizeof line);
	memcpy(line, "250 ", 4);
	memcpy(line + 4 + 990, "\r\n", 3);
	assert_int_equal(feed(&p, line, 100), SMTP_REPLY);
	smtp_reply_export(&p, &got);
	assert_int_equal(strlen(got.text), sizeof got.text - 1);
	memset(line + 4 + 990, 'x', 3);
	memcpy(line + 2990, "\r\n", 3);
	assert_int_equal(feed(&p, line, 100), SMTP_BAD);
	size_t len = 0;
	for (int i = 0; i < 101; i++)
		len += (size_t)sprintf(many + len, "250-%d\r\n", i);
	assert_int_equal(feed(&p, many, 4096), SMTP_BAD);
	char nul[] = "250 a\0b\r\n";
	size_t used;
	smtp_reply_reset(&p);
	assert_int_equal(smtp_reply_feed(&p, nul, sizeof nul - 1, &used), SMTP_BAD);
	free(many);
}

static void a_reply_takes_no_byte_of_the_next(void **state)
{
	(void)state;
	struct smtp_reply_parser p;
	size_t used;
	smtp_reply_reset(&p);
	assert_int_equal(smtp_reply_feed(&p, "250 a\r\n354 b\r\n", 14, &used), SMTP_REPLY);
	assert_int_equal(used, 7);
}

static void facts(void **state)
{
	(void)state;
	static const struct {
		const char *line;
		int64_t size;
		bool starttls, auth, pipelining, dsn, eightbit;
	} rows[] = {
		{"SIZE 1000", 1000, false, false, false, false, false},
		{"size", 0, false, false, false, false, false},
		{"SIZE -5", 0, false, false, false, false, false},
		{"SIZE 99999999999999999999999", 0, false, false, false, false, false},
		{"SIZE 100000000000000000", 100000000000000000, false, false, false, false, false},
		{"SIZEABLE 5", -1, false, false, false, false, false},
		{"starttls", -1, true, false, false, false, false},
		{"STARTTLSX", -1, false, false, false, false, false},
		{"AUTH PLAIN", -1, false, true, false, false, false},
		{"AUTH=LOGIN", -1, false, true, false, false, false},
		{"PIPELINING", -1, false, false, true, false, false},
		{"DSN", -1, false, false, false, true, false},
		{"8BITMIME", -1, false, false, false, false, true},
		{"", -1, false, false, false, false, false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct smtp_facts f;
		smtp_facts_reset(&f);
		smtp_facts_line(&f, rows[i].line);
		if (f.size != rows[i].size || f.starttls != rows[i].starttls || f.auth != rows[i].auth ||
			f.pipelining != rows[i].pipelining || f.dsn != rows[i].dsn ||
			f.eightbit != rows[i].eightbit)
			fail_msg("\"%s\": got size %lld, want %lld (or another fact)", rows[i].line,
				(long long)f.size, (long long)rows[i].size);
	}
}

/* ---- the watcher ---- */

struct heard {
	struct smtp_watch watch;
	char log[1000];
};

static void on_command(void *arg, enum smtp_command command)
{
	struct heard *h = arg;
	(void)snprintf(h->log + strlen(h->log), sizeof h->log - strlen(h->log), ">%d ", command);
}

static void on_reply(void *arg, enum smtp_command command)
{
	struct heard *h = arg;
	(void)snprintf(h->log + strlen(h->log), sizeof h->log - strlen(h->log), "%d:%d ", command,
		h->watch.last[command].code);
}

static void on_broken(void *arg)
{
	struct heard *h = arg;
	(void)snprintf(h->log + strlen(h->log), sizeof h->log - strlen(h->log), "broken ");
}

static void heard_begin(struct heard *h)
{
	memset(h, 0, sizeof *h);
	h->watch.command = on_command;
	h->watch.reply = on_reply;
	h->watch.broken = on_broken;
	h->watch.arg = h;
	smtp_watch_begin(&h->watch);
}

static void wrote(struct heard *h, const char *text)
{
	smtp_watch_wrote(&h->watch, text, strlen(text));
}

/* Read in pieces; returns what the library then finds in its buffer. */
static char *read_by(struct heard *h, const char *text, size_t piece)
{
	size_t len = strlen(text);
	char *buffer = xstrdup(text);
	for (size_t at = 0; at < len; at += piece) {
		size_t n = len - at < piece ? len - at : piece;
		char *exact = xmemdup(buffer + at, n);
		smtp_watch_read(&h->watch, exact, n);
		memcpy(buffer + at, exact, n);
		free(exact);
	}
	return buffer;
}

static void keywords_are_hidden_however_they_arrive(void **state)
{
	(void)state;
	static const char said[] = "220 CHUNKING greets\r\n"
				   "250-CHUNKING is my name\r\n250-PIPELINING\r\n250-CHUNKING\r\n"
				   "250- chunking\r\n250-ENHANCEDSTATUSCODES\r\n250-SIZE 1000\r\n"
				   "250-BINARYMIME\r\n250-XUSR\r\n250-AUTH PLAIN CRAM-MD5\r\n250 enhancedstatuscodes\r\n";
	static const char want[] = "220 CHUNKING greets\r\n"
				   "250-CHUNKING is my name\r\n250-PIPELINING\r\n250-ZHUNKING\r\n"
				   "250- Zhunking\r\n250-ZNHANCEDSTATUSCODES\r\n250-SIZE 1000\r\n"
				   "250-ZINARYMIME\r\n250-ZUSR\r\n250-AUTH PLAIN CRAM-MD5\r\n250 Znhancedstatuscodes\r\n";
	for (size_t piece = 1; piece < sizeof said; piece++) {
		struct heard h;
		heard_begin(&h);
		size_t greeting = strlen("220 CHUNKING greets\r\n");
		char first[64];
		(void)snprintf(first, sizeof first, "%.*s", (int)greeting, said);
		char *one = read_by(&h, first, piece);
		wrote(&h, "EHLO me.example.org\r\n");
		char *two = read_by(&h, said + greeting, piece);
		if (strncmp(one, want, greeting) != 0 || strcmp(two, want + greeting) != 0)
			fail_msg("by %zu: got \"%s%s\", want \"%s\"", piece, one, two, want);
		assert_true(h.watch.facts.pipelining && h.watch.facts.auth && h.watch.facts.size == 1000);
		/* Only EHLO's reply is changed. */
		wrote(&h, "MAIL FROM:<a@example.org>\r\n");
		char *three = read_by(&h, "250-CHUNKING\r\n250 ENHANCED\r\n", piece);
		assert_string_equal(three, "250-CHUNKING\r\n250 ENHANCED\r\n");
		assert_false(h.watch.is_broken);
		free(one);
		free(two);
		free(three);
	}
}

static void a_bare_code_is_mended_for_the_library(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < 6; piece++) {
		struct heard h;
		heard_begin(&h);
		char *seen = read_by(&h, "220\r\n", piece);
		assert_string_equal(seen, "220 \n");
		assert_int_equal(h.watch.last[SMTP_GREETING].code, 220);
		free(seen);
	}
}

static void replies_find_their_commands(void **state)
{
	(void)state;
	/* > = the client writes, < = the relay says. */
	static const struct {
		const char *script[12];
		const char *want;
	} rows[] = {
		{{"<220 hi\r\n", ">EHLO me\r\n", "<250 x\r\n", ">MAIL FROM:<a>\r\n", "<250 x\r\n",
			 ">RCPT TO:<b>\r\nDATA\r\n", "<250 x\r\n354 go\r\n", "<250 done\r\n"},
			"0:220 >1 1:250 >5 5:250 >6 >7 6:250 7:354 8:250 "},
		{{"<220 hi\r\n", ">EHLO me\r\n", "<250 x\r\n", ">MAIL FROM:<a>\r\n", "<250 x\r\n",
			 ">RCPT TO:<b>\r\nDATA\r\n", "<550 x\r\n354 go\r\n", ">.\r\n", "<554 nobody\r\n",
			 ">RSET\r\nMAIL FROM:<a>\r\n", "<250 r\r\n451 m\r\n"},
			"0:220 >1 1:250 >5 5:250 >6 >7 6:550 7:354 >8 8:554 >9 >5 9:250 5:451 "},
		{{"<220 hi\r\n", ">AUTH LOGIN\r\n", "<334 VXNlcg==\r\n", ">UVVJVA==\r\n", "<334 cGFzcw==\r\n",
			 ">QUIT\r\n", "<235 in\r\n"},
			"0:220 >4 4:334 4:334 4:235 "},
		{{"<220 hi\r\n250 unasked\r\n"}, "0:220 broken "},
		{{"<220 hi\r\n", ">STARTTLS\r\n", "<220 go\r\n250 injected\r\n"}, "0:220 >3 3:220 broken "},
		{{"<220 hi\r\n", ">DATA\r\n", "<354 go\r\n250 taken already\r\n"}, "0:220 >7 7:354 broken "},
		{{"<what?\r\n"}, "broken "},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct heard h;
		heard_begin(&h);
		for (size_t s = 0; s < 12 && rows[i].script[s] != NULL; s++) {
			if (rows[i].script[s][0] == '>')
				wrote(&h, rows[i].script[s] + 1);
			else
				free(read_by(&h, rows[i].script[s] + 1, 1000));
		}
		if (strcmp(h.log, rows[i].want) != 0)
			fail_msg("row %zu: got \"%s\", want \"%s\"", i, h.log, rows[i].want);
	}
}

static void secrets_are_not_kept(void **state)
{
	(void)state;
	struct heard h;
	heard_begin(&h);
	free(read_by(&h, "220 hi\r\n", 100));
	wrote(&h, "AUTH PLAIN AHVzZXIAc2VjcmV0\r\n");
	free(read_by(&h, "334 go\r\n", 100));
	wrote(&h, "AHVzZXIAc2VjcmV0\r\n");
	const char *bytes = (const char *)&h;
	for (size_t i = 0; i + 8 < sizeof h; i++)
		assert_true(memcmp(bytes + i, "AHVzZXIA", 8) != 0);
	assert_false(h.watch.authenticated);
	free(read_by(&h, "235 in\r\n", 100));
	assert_true(h.watch.authenticated);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replies),
		cmocka_unit_test(replies_have_limits),
		cmocka_unit_test(a_reply_takes_no_byte_of_the_next),
		cmocka_unit_test(facts),
		cmocka_unit_test(keywords_are_hidden_however_they_arrive),
		cmocka_unit_test(a_bare_code_is_mended_for_the_library),
		cmocka_unit_test(replies_find_their_commands),
		cmocka_unit_test(secrets_are_not_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
