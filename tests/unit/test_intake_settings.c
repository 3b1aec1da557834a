/* intake: mailboxes and whose word is taken; a mistake says what would be right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/lang.h"
#include "settings/settings.h"

static char path[64];

static struct settings *load(const char *text, char **said)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	struct problems problems = {0};
	struct settings *settings = settings_load(path, &problems);
	struct buf b;
	buf_init(&b, 1 << 20);
	for (size_t i = 0; i < problems.count; i++) {
		char *line = problem_line(&problems.item[i]);
		(void)buf_printf(&b, "%s\n", line);
		free(line);
	}
	*said = buf_take(&b);
	problems_fini(&problems);
	return settings;
}

static void mailboxes_are_read(void **state)
{
	(void)state;
	char *said;
	setenv("MAIL_SECRET", "s e c r e t", 1);
	struct settings *s = load("intake:\n"
				  "  trusted_authserv: [mx.example.org, mx2]\n"
				  "  poll: 1m\n"
				  "  mailboxes:\n"
				  "    - {name: local, maildir: mail, move_to: done}\n"
				  "    - {name: far, imap: 'imaps://imap.example.org', user: u, password_env: MAIL_SECRET}\n"
				  "    - {name: start, imap: 'imap://imap.example.org:1143/', user: u, password_env: MAIL_SECRET, keep: false}\n"
				  "    - {name: here, imap: 'imap://[::1]', user: u, password_env: MAIL_SECRET, folder: Ответы}\n",
		&said);
	if (s == NULL)
		fail_msg("got %s", said);
	assert_string_equal(said, "");
	free(said);
	assert_int_equal(s->intake.trusted_authserv_count, 2);
	assert_string_equal(s->intake.trusted_authserv[1], "mx2");
	assert_int_equal(s->intake.poll_ms, 60000);
	assert_true(s->intake.receipts);
	assert_int_equal(s->intake.mailboxes_count, 4);
	const struct settings_mailbox *m = s->intake.mailboxes;
	assert_string_equal(m[0].maildir, "/tmp/mail");
	assert_string_equal(m[0].move_to, "/tmp/done");
	assert_true(m[0].keep);
	assert_string_equal(m[1].host, "imap.example.org");
	assert_int_equal(m[1].port, 993);
	assert_int_equal(m[1].security, MAILBOX_TLS);
	assert_string_equal(m[1].password, "s e c r e t");
	assert_string_equal(m[1].folder, "INBOX");
	assert_int_equal(m[2].port, 1143);
	assert_int_equal(m[2].security, MAILBOX_STARTTLS);
	assert_false(m[2].keep);
	assert_string_equal(m[3].host, "::1");
	assert_int_equal(m[3].port, 143);
	assert_int_equal(m[3].security, MAILBOX_PLAIN);
	settings_free(&s);
}

static void mistakes_say_what_would_be_right(void **state)
{
	(void)state;
	static const struct {
		const char *row, *want;
	} rows[] = {
		{"{maildir: m}", "the mailbox has no name"},
		{"{name: a}", "either maildir or imap"},
		{"{name: a, maildir: m, imap: 'imaps://h', user: u, password_env: MAIL_SECRET}", "either maildir or imap"},
		{"{name: a, imap: 'imaps://h'}", "needs user and either password_file or password_env"},
		{"{name: a, imap: 'imaps://h', user: u}", "needs user and either password_file or password_env"},
		{"{name: a, imap: 'pop3://h', user: u, password_env: MAIL_SECRET}", "is not imaps://HOST"},
		{"{name: a, imap: 'imaps://u:p@h', user: u, password_env: MAIL_SECRET}", "is not imaps://HOST"},
		{"{name: a, imap: 'imaps://h/INBOX', user: u, password_env: MAIL_SECRET}", "is not imaps://HOST"},
		{"{name: a, imap: 'imaps://h:99999', user: u, password_env: MAIL_SECRET}", "is not imaps://HOST"},
		{"{name: a, imap: 'imap://h', security: none, user: u, password_env: MAIL_SECRET}", "in the clear"},
		{"{name: a, imap: 'imaps://h', security: none, user: u, password_env: MAIL_SECRET}", "security says otherwise"},
		{"{name: a, maildir: m, keep: false, move_to: n}", "want one of the two"},
		{"{name: a, maildir: m}\n    - {name: a, maildir: n}", "a second mailbox named a"},
		{"{name: a, maildir: m, folders: x}", "unknown key «folders»; did you mean «folder»"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[400], *said;
		snprintf(text, sizeof text, "intake:\n  mailboxes:\n    - %s\n", rows[i].row);
		struct settings *s = load(text, &said);
		if (s != NULL || strstr(said, rows[i].want) == NULL)
			fail_msg("%s: got %s, want %s", rows[i].row, said, rows[i].want);
		free(said);
	}
	char *said;
	struct settings *s = load("intake: {trusted_authserv: ['mx; dmarc=pass']}\n", &said);
	assert_null(s);
	assert_non_null(strstr(said, "is not a name as it stands in Authentication-Results"));
	free(said);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(mailboxes_are_read),
		cmocka_unit_test(mistakes_say_what_would_be_right),
	};
	lang_set(LANG_EN);
	snprintf(path, sizeof path, "/tmp/intake-settings-%ld.yaml", (long)getpid());
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
