/* Kinds of mail and the letters they are about; who is believed. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "intake/bounce_class.h"
#include "intake/recognise.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define DELIVERY 1234567

static const struct ident_key key = {.bytes = {7}}, other_key = {.bytes = {8}};

/* "@TAG@" in text becomes a tag of ours, "@FORGED@" one of another installation. */
static void write_mail(struct buf *out, const char *text)
{
	char tag[IDENT_TAG_SIZE], forged[IDENT_TAG_SIZE];
	ident_tag(&key, DELIVERY, 3, tag);
	ident_tag(&other_key, DELIVERY, 3, forged);
	buf_init(out, 1 << 20);
	while (*text != '\0') {
		if (strncmp(text, "@TAG@", 5) == 0) {
			buf_puts(out, tag);
			text += 5;
		} else if (strncmp(text, "@FORGED@", 8) == 0) {
			buf_puts(out, forged);
			text += 8;
		} else {
			buf_putc(out, *text++);
		}
	}
}

#define REPORT(fields)                                                                                       \
	"From: MAILER-DAEMON@relay.example.org\nSubject: Undelivered\nMIME-Version: 1.0\n"                 \
	"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nfailed\n--b\n"  \
	"Content-Type: message/delivery-status\n\nReporting-MTA: dns; relay.example.org\n" fields "\n--b--\n"
#define ONE "\nFinal-Recipient: rfc822; school@example.org\n"
#define FAILED ONE "Action: failed\nStatus: 5.1.1\n"
#define PERSON "From: Школа <school@example.org>\nTo: outreach@ministry.example.org\n"
#define DAEMON "From: Mail Delivery System <mailer-daemon@mx.example.org>\nReturn-Path: <>\n"
#define UTF8 "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"

static const struct kind_case {
	const char *name, *mail;
	enum mail_kind kind;
	enum bounce_class class;
	const char *recipient, *status;
} kinds[] = {
	{"failed", REPORT(FAILED), MAIL_BOUNCE, BOUNCE_HARD, "school@example.org", "5.1.1"},
	{"a full mailbox is soft", REPORT(ONE "Action: failed\nStatus: 5.2.2\n"), MAIL_BOUNCE, BOUNCE_SOFT, "school@example.org", "5.2.2"},
	{"policy is soft", REPORT(ONE "Action: failed\nStatus: 5.7.1\nDiagnostic-Code: smtp; 550 5.7.1 spam\n"), MAIL_BOUNCE, BOUNCE_SOFT,
		"school@example.org", "5.7.1"},
	{"given up on a transient one", REPORT(ONE "Action: failed\nStatus: 4.4.7\n"), MAIL_BOUNCE, BOUNCE_SOFT, "school@example.org", "4.4.7"},
	{"try again, says Gmail, and means the address",
		REPORT(ONE "Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550-5.1.1 The account you tried to reach does not exist. Please "
			   "check the policy and try again later\n"), MAIL_BOUNCE, BOUNCE_HARD, "school@example.org", "5.1.1"},
	{"the server's own code before the relay's",
		REPORT(ONE "Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.7.1 IP address blacklisted\n"), MAIL_BOUNCE, BOUNCE_SOFT,
		"school@example.org", "5.1.1"},
	{"Yandex's own wording", REPORT(ONE "Action: failed\nStatus: 5.7.1\nDiagnostic-Code: smtp; 550 5.7.1 No such user!\n"), MAIL_BOUNCE,
		BOUNCE_HARD, "school@example.org", "5.7.1"},
	{"Mail.ru's own wording",
		REPORT(ONE "Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 Message was not accepted -- invalid mailbox. Local mailbox "
			   "school@example.org is unavailable: user not found\n"), MAIL_BOUNCE, BOUNCE_HARD, "school@example.org", "5.0.0"},
	{"user unknown, said after the content",
		REPORT(ONE "Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 User unknown\n"), MAIL_BOUNCE, BOUNCE_SOFT,
		"school@example.org", "5.0.0"},
	{"a full mailbox whatever the code", REPORT(ONE "Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 mailbox full\n"), MAIL_BOUNCE,
		BOUNCE_SOFT, "school@example.org", "5.1.1"},
	{"delayed is never hard", REPORT(ONE "Action: delayed\nStatus: 4.1.1\nDiagnostic-Code: smtp; 450 4.1.1 user unknown\n"), MAIL_DELAYED,
		BOUNCE_SOFT, "school@example.org", "4.1.1"},
	{"delivered", REPORT(ONE "Action: delivered\nStatus: 2.0.0\n"), MAIL_DELIVERED, BOUNCE_NONE, "school@example.org", "2.0.0"},
	{"relayed", REPORT(ONE "Action: relayed\nStatus: 2.0.0\n"), MAIL_DELIVERED, BOUNCE_NONE, "school@example.org", "2.0.0"},
	{"expanded", REPORT(ONE "Action: expanded\nStatus: 2.1.5\n"), MAIL_DELIVERED, BOUNCE_NONE, "school@example.org", "2.1.5"},
	{"capitals, comments, brackets", REPORT("\nFINAL-RECIPIENT: RFC822 ; <School@Example.ORG>\nACTION: Failed (really)\nSTATUS: 5.1.1 (unknown)\n"),
		MAIL_BOUNCE, BOUNCE_HARD, "School@example.org", "5.1.1"},
	{"folded fields", REPORT("\nFinal-Recipient: rfc822;\n school@example.org\nAction:\n failed\nStatus:\n 5.1.1\n"), MAIL_BOUNCE, BOUNCE_HARD,
		"school@example.org", "5.1.1"},
	{"no status, a code in the words", REPORT(ONE "Action: failed\nDiagnostic-Code: smtp; 550 5.1.1 no\n"), MAIL_BOUNCE, BOUNCE_HARD,
		"school@example.org", ""},
	{"Exim in Russian (Mail.ru)",
		DAEMON "Subject: не доставлено\n" UTF8 "\nК сожалению, Ваше письмо не может быть доставлено одному или нескольким получателям:\n\n"
		       "  school@example.org\n    SMTP error from remote mail server after RCPT TO:<school@example.org>:\n"
		       "    550 Такого пользователя нет\n", MAIL_BOUNCE, BOUNCE_HARD, "school@example.org", "5.0.0"},
	{"Exchange in Russian",
		DAEMON "Subject: Не удается доставить: О конкурсе\n" UTF8 "\nНе удалось выполнить доставку следующим получателям или группам:\n\n"
		       "school@example.org\nПочтовый ящик получателя переполнен.\n\nДиагностические сведения для администраторов:\n"
		       "Generating server: mx.example.org\n", MAIL_BOUNCE, BOUNCE_SOFT, "school@example.org", "5.0.0"},
	{"nobody is named", DAEMON "Subject: Undeliverable\n\nSorry.\n", MAIL_BOUNCE, BOUNCE_SOFT, NULL, "5.0.0"},
	{"a complaint",
		"From: fbl@provider.example.org\nSubject: abuse\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=feedback-report; "
		"boundary=b\n\n--b\n\nabuse\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nVersion: 1\n"
		"Original-Rcpt-To: <school@example.org>\n--b--\n", MAIL_COMPLAINT, BOUNCE_SOFT, "school@example.org", ""},
	{"RFC 3834", PERSON "Auto-Submitted: auto-replied\nSubject: Re: о конкурсе\n\nВ отпуске\n", MAIL_AUTO_REPLY, BOUNCE_SOFT,
		"school@example.org", ""},
	{"Auto-Submitted: no is a person's", PERSON "Auto-Submitted: no\nIn-Reply-To: <a@b>\n\n25\n", MAIL_REPLY, BOUNCE_NONE, "school@example.org", ""},
	{"X-Autoreply", PERSON "X-Autoreply: yes\nSubject: Re: x\n\naway\n", MAIL_AUTO_REPLY, BOUNCE_SOFT, "school@example.org", ""},
	{"Precedence", PERSON "Precedence: auto_reply\n\naway\n", MAIL_AUTO_REPLY, BOUNCE_SOFT, "school@example.org", ""},
	{"a Russian subject", PERSON "Subject: =?utf-8?B?0JDQstGC0L7QvtGC0LLQtdGCOiDQviDQutC+0L3QutGD0YDRgdC1?=\n\nв отпуске\n", MAIL_AUTO_REPLY,
		BOUNCE_SOFT, "school@example.org", ""},
	{"an English subject", PERSON "Subject: Automatic reply: contest\n\naway\n", MAIL_AUTO_REPLY, BOUNCE_SOFT, "school@example.org", ""},
	{"a subject that mentions it is a person's", PERSON "Subject: Re: ваш автоответ\nIn-Reply-To: <a@b>\n\n25\n", MAIL_REPLY, BOUNCE_NONE,
		"school@example.org", ""},
	{"a read receipt",
		PERSON "Subject: Прочитано\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n"
		       "--b\n\nread\n--b\nContent-Type: message/disposition-notification\n\nDisposition: manual-action/MDN-sent-manually; displayed\n--b--\n",
		MAIL_AUTO_REPLY, BOUNCE_SOFT, "school@example.org", ""},
	{"a reply", PERSON "Subject: Re: contest\nIn-Reply-To: <1@example.org>\n\n25\n", MAIL_REPLY, BOUNCE_NONE, "school@example.org", ""},
	{"a person whose name holds a mail system's word",
		"From: Aleksandra <aleksandra@example.org>\nSubject: Re: contest\nIn-Reply-To: <1@example.org>\n" UTF8
		"\nВаше прошлое письмо не доставлено.\nУчастников: 25\n", MAIL_REPLY, BOUNCE_NONE, "aleksandra@example.org", ""},
	{"a mail system that signs with that word", "From: NDR <ndr@mx.example.org>\n" UTF8 "\nschool@example.org\nПисьмо не доставлено.\n",
		MAIL_BOUNCE, BOUNCE_SOFT, "school@example.org", "5.0.0"},
	{"a reply by its subject", PERSON "Subject: RE: contest\n\n25\n", MAIL_REPLY, BOUNCE_NONE, "school@example.org", ""},
	{"a reply by its subject in Russian", PERSON "Subject: =?utf-8?B?0J7RgtCy0LXRgjog0L4g0LrQvtC90LrRg9GA0YHQtQ==?=\n\n25\n", MAIL_REPLY,
		BOUNCE_NONE, "school@example.org", ""},
	{"a newsletter", PERSON "List-Unsubscribe: <https://example.org/u>\nSubject: News\n\nnews\n", MAIL_UNKNOWN, BOUNCE_NONE, "school@example.org", ""},
	{"a mail of its own", PERSON "Subject: Вопрос\n\nЗдравствуйте\n", MAIL_UNKNOWN, BOUNCE_NONE, "school@example.org", ""},
	{"a person quotes a bounce",
		PERSON "Subject: Re: contest\nIn-Reply-To: <1@example.org>\n\nНам вернулось:\n\nThis is the mail system at host mx.example.org.\n"
		       "<head@example.org>: host mx said: 550 5.1.1 User unknown\n\nFinal-Recipient: rfc822; head@example.org\nAction: failed\n"
		       "Status: 5.1.1\n", MAIL_REPLY, BOUNCE_NONE, "school@example.org", ""},
	{"a person attaches a bounce",
		PERSON "Subject: Re: contest\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=a\n\n--a\n\nвот\n--a\n"
		       "Content-Type: message/rfc822\n\n" REPORT(FAILED) "--a--\n", MAIL_REPLY, BOUNCE_NONE, "school@example.org", ""},
	{"an address in the name deceives nobody", "From: \"head@example.org\" <school@example.org>\nSubject: Re: x\n\n25\n", MAIL_REPLY, BOUNCE_NONE,
		"school@example.org", ""},
};

static void kinds_are_told(void **state)
{
	(void)state;
	int wrong = 0;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct mail *mail;
		struct error e;
		struct recognised got;
		const struct kind_case *want = &kinds[i];
		if (mail_parse(want->mail, strlen(want->mail), &mail, &e) != 0)
			fail_msg("%s: got «%s», want a mail", want->name, e.text);
		recognise(mail, NULL, NULL, &got);
		const struct finding *f = &got.findings.item[0];
		const char *recipient = f->recipient == NULL ? "-" : f->recipient;
		if (got.findings.count != 1 || f->kind != want->kind || f->class != want->class || strcmp(f->status, want->status) != 0 ||
			strcmp(recipient, want->recipient == NULL ? "-" : want->recipient) != 0) {
			wrong++;
			printf("%s: got %zu× %s %s %s «%s» (%s), want %s %s %s «%s»\n", want->name, got.findings.count, mail_kind_name(f->kind),
				bounce_class_name(f->class), recipient, f->status, got.form, mail_kind_name(want->kind),
				bounce_class_name(want->class), want->recipient == NULL ? "-" : want->recipient, want->status);
		}
		recognised_fini(&got);
		mail_free(&mail);
	}
	assert_int_equal(wrong, 0);
}

/* ---- which letter ---------------------------------------------------------- */

#define RETURNED(head)                                                                                       \
	"From: MAILER-DAEMON@relay.example.org\nSubject: Undelivered\nMIME-Version: 1.0\n"                 \
	"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nfailed\n--b\n"  \
	"Content-Type: message/delivery-status\n\nReporting-MTA: dns; r\n" FAILED "\n--b\n"                \
	"Content-Type: text/rfc822-headers\n\n" head "\n--b--\n"

static const struct match_case {
	const char *name, *mail, *envelope;
	enum match_way way;
	bool forged;
} matches[] = {
	{"envelope", PERSON "\n25\n", "bounces+@TAG@@ministry.example.org", MATCH_VERP, false},
	{"Delivered-To", "Delivered-To: bounces+@TAG@@ministry.example.org\n" PERSON "\n25\n", NULL, MATCH_VERP, false},
	{"X-Original-To", "X-Original-To: bounces+@TAG@@ministry.example.org\n" PERSON "\n25\n", NULL, MATCH_VERP, false},
	{"second Delivered-To", "Delivered-To: local\nDelivered-To: bounces+@TAG@@ministry.example.org\n" PERSON "\n25\n", NULL, MATCH_VERP, false},
	{"To", "From: a@example.org\nTo: Ministry <outreach+@TAG@@ministry.example.org>\n\n25\n", NULL, MATCH_VERP, false},
	{"ENVID", REPORT("Original-Envelope-Id: @TAG@\n" FAILED), NULL, MATCH_ENVID, false},
	{"returned head", RETURNED("From: m@example.org\nMessage-ID: <@TAG@@ministry.example.org>\n"), NULL, MATCH_MESSAGE_ID, false},
	{"returned head, folded", RETURNED("From: m@example.org\nMessage-ID:\n <@TAG@@ministry.example.org>\n"), NULL, MATCH_MESSAGE_ID, false},
	{"returned mail",
		"From: MAILER-DAEMON@r.example.org\nSubject: failed\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n"
		"<school@example.org>: User unknown\n--b\nContent-Type: message/rfc822\n\nMessage-ID: <@TAG@@ministry.example.org>\nFrom: m@example.org\n\nx\n--b--\n",
		NULL, MATCH_MESSAGE_ID, false},
	{"quoted in the text",
		DAEMON "Subject: failure notice\n\n<school@example.org>:\nUser unknown\n\n--- Below this line is a copy of the message.\n\n"
		       "Return-Path: <bounces@ministry.example.org>\nMessage-ID: <@TAG@@ministry.example.org>\n\ntext\n", NULL, MATCH_MESSAGE_ID, false},
	{"In-Reply-To", PERSON "In-Reply-To: <@TAG@@ministry.example.org>\n\n25\n", NULL, MATCH_REFERENCES, false},
	{"References", PERSON "References: <1@example.org>\n <@TAG@@ministry.example.org>\n\n25\n", NULL, MATCH_REFERENCES, false},
	{"forged, then ours", PERSON "References: <@FORGED@@x> <@TAG@@ministry.example.org>\n\n25\n", NULL, MATCH_REFERENCES, true},
	{"forged envelope", PERSON "\n25\n", "bounces+@FORGED@@ministry.example.org", MATCH_ADDRESS, true},
	{"forged ENVID", REPORT("Original-Envelope-Id: @FORGED@\n" FAILED), NULL, MATCH_ADDRESS, true},
	{"forged Message-ID", RETURNED("Message-ID: <@FORGED@@ministry.example.org>\n"), NULL, MATCH_ADDRESS, true},
	{"a tag cut short", PERSON "In-Reply-To: <1234567.3.abcdefgh@x>\n\n25\n", NULL, MATCH_ADDRESS, false},
	{"a tag with a letter more", PERSON "In-Reply-To: <@TAG@a@x>\n\n25\n", NULL, MATCH_ADDRESS, false},
	{"a tag with a digit before", PERSON "In-Reply-To: <9@TAG@@x>\n\n25\n", NULL, MATCH_ADDRESS, true},
	{"nothing", PERSON "\n25\n", NULL, MATCH_ADDRESS, false},
	{"nobody", "Date: today\nSubject: x\n\n25\n", NULL, MATCH_NONE, false},
};

static void letters_are_found(void **state)
{
	(void)state;
	int wrong = 0;
	for (size_t i = 0; i < COUNT(matches); i++) {
		struct buf text, envelope;
		struct mail *mail;
		struct error e;
		struct recognised got;
		const struct match_case *want = &matches[i];
		write_mail(&text, want->mail);
		write_mail(&envelope, want->envelope == NULL ? "" : want->envelope);
		if (mail_parse(buf_str(&text), text.len, &mail, &e) != 0)
			fail_msg("%s: got «%s», want a mail", want->name, e.text);
		recognise(mail, &key, want->envelope == NULL ? NULL : buf_str(&envelope), &got);
		bool ours = want->way != MATCH_ADDRESS && want->way != MATCH_NONE;
		if (got.match.way != want->way || got.match.delivery != (ours ? DELIVERY : 0) || got.match.dispatch != (ours ? 3 : 0) ||
			got.match.forged != want->forged) {
			wrong++;
			printf("%s: got %s %" PRId64 " forged %d, want %s forged %d\n", want->name, match_way_name(got.match.way),
				got.match.delivery, got.match.forged, match_way_name(want->way), want->forged);
		}
		recognised_fini(&got);
		mail_free(&mail);
		buf_fini(&text);
		buf_fini(&envelope);
	}
	assert_int_equal(wrong, 0);
}

static void relays_may_change_the_case(void **state)
{
	(void)state;
	char tag[IDENT_TAG_SIZE], mail_text[300];
	ident_tag(&key, DELIVERY, 3, tag);
	for (char *p = tag; *p != '\0'; p++)
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
	snprintf(mail_text, sizeof mail_text, "From: a@example.org\nTo: BOUNCES+%s@MINISTRY.EXAMPLE.ORG\n\n25\n", tag);
	struct mail *mail;
	struct error e;
	struct recognised got;
	assert_int_equal(mail_parse(mail_text, strlen(mail_text), &mail, &e), 0);
	recognise(mail, &key, NULL, &got);
	assert_int_equal(got.match.delivery, DELIVERY);
	recognised_fini(&got);
	mail_free(&mail);
}

static void many_false_tags_do_not_keep_us(void **state)
{
	(void)state;
	struct buf text;
	struct mail *mail;
	struct error e;
	struct recognised got;
	buf_init(&text, 32u << 20);
	buf_puts(&text, PERSON "\n");
	for (int i = 0; i < 20000; i++)
		buf_printf(&text, "%d.1.abcdefghijklmnop\n", i);
	assert_int_equal(mail_parse(buf_str(&text), text.len, &mail, &e), 0);
	recognise(mail, &key, NULL, &got);
	assert_int_equal(got.match.delivery, 0);
	assert_true(got.match.forged);
	recognised_fini(&got);
	mail_free(&mail);
	buf_fini(&text);
}

/* ---- a report about several, a bounce of a bounce -------------------------- */

static void each_recipient_has_its_own_verdict(void **state)
{
	(void)state;
	static const char text[] = REPORT("\nFinal-Recipient: rfc822; a@example.org\nAction: failed\nStatus: 5.1.1\n"
					  "\nFinal-Recipient: rfc822; b@example.org\nAction: delayed\nStatus: 4.2.2\n"
					  "Final-Recipient: rfc822; c@example.org\nAction: delivered\nStatus: 2.0.0\n");
	static const enum mail_kind want[] = {MAIL_BOUNCE, MAIL_DELAYED, MAIL_DELIVERED};
	struct mail *mail;
	struct error e;
	struct recognised got;
	assert_int_equal(mail_parse(text, strlen(text), &mail, &e), 0);
	recognise(mail, NULL, NULL, &got);
	assert_int_equal(got.findings.count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(got.findings.item[i].kind, want[i]);
	recognised_fini(&got);
	mail_free(&mail);
}

static void a_bounce_inside_a_bounce_is_marked(void **state)
{
	(void)state;
	static const char text[] =
		"From: MAILER-DAEMON@relay.example.org\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=a\n\n"
		"--a\n\nfailed\n--a\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; r\n\nFinal-Recipient: rfc822; outer@example.org\n"
		"Action: failed\nStatus: 5.2.2\n\n--a\nContent-Type: message/rfc822\n\n" REPORT(FAILED) "--a--\n";
	struct mail *mail;
	struct error e;
	struct recognised got;
	assert_int_equal(mail_parse(text, strlen(text), &mail, &e), 0);
	recognise(mail, NULL, NULL, &got);
	assert_int_equal(got.findings.count, 2);
	assert_string_equal(got.findings.item[0].recipient, "outer@example.org");
	assert_false(got.findings.item[0].inner);
	assert_string_equal(got.findings.item[1].recipient, "school@example.org");
	assert_true(got.findings.item[1].inner);
	recognised_fini(&got);
	mail_free(&mail);
}

/* ---- codes ----------------------------------------------------------------- */

static void codes_are_found_where_they_are(void **state)
{
	(void)state;
	static const struct {
		const char *text, *status;
		int reply;
	} codes[] = {{"550 5.1.1 no", "5.1.1", 550}, {"(#5.1.1)", "5.1.1", 0}, {"550-5.7.26 no", "5.7.26", 550}, {"host 5.1.1.1 said", "", 0},
		{"10.5.1.1", "", 0}, {"Exim v4.7.2", "", 0}, {"said: 452 4.2.2 full", "4.2.2", 452}, {"in 550 days", "", 550}, {"port 5025", "", 0},
		{"5.1.351 x", "5.1.351", 0}, {"5.1.1000", "", 0}, {"", "", 0}, {"5.", "", 0}, {"5.1", "", 0}, {"5.1.", "", 0}};
	for (size_t i = 0; i < COUNT(codes); i++) {
		char got[FINDING_STATUS_SIZE] = "";
		(void)bounce_find_status(codes[i].text, got);
		if (strcmp(got, codes[i].status) != 0 || bounce_find_reply(codes[i].text) != codes[i].reply)
			fail_msg("«%s»: got «%s» %d, want «%s» %d", codes[i].text, got, bounce_find_reply(codes[i].text), codes[i].status,
				codes[i].reply);
	}
}

static void what_is_no_mail_is_said(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
	} none[] = {{"", 0}, {"\0\0\0\0", 4}, {"\x7f" "ELF\1\1\1", 7}, {"hello", 5}, {"campaign: x\ntitle: y\n", 21}, {"\n\n\n", 3},
		{"From ", 5}, {"%PDF-1.4\nFrom\n", 14}, {"\xef\xbb\xbf", 3}, {"PK\3\4From: a\n", 12}};
	for (size_t i = 0; i < COUNT(none); i++) {
		struct mail *mail;
		struct error e;
		if (mail_parse(none[i].bytes, none[i].len, &mail, &e) == 0)
			fail_msg("case %zu: got a mail, want an error", i);
		assert_null(mail);
		assert_int_equal(e.code, ERROR_INPUT);
	}
}

/* GMime alone gives the first word only: encoded_words.h. */
static void long_subjects_are_read_to_their_end(void **state)
{
	(void)state;
	static const struct {
		const char *raw, *want;
	} cases[] = {
		{"=?utf-8?b?0J7QsQ==?= =?utf-8?b?0J7QsQ==?=", "ОбОб"},
		{"Re: =?utf-8?b?0J7QsQ==?=\r\n =?UTF-8?B?0J7QsQ==?=\r\n\t=?utf-8?b?0J7QsQ==?= 17", "Re: ОбОбОб 17"},
		{"=?utf-8?b?0J7Q?= =?utf-8?b?sQ==?=", "Об"}, /* a letter divided between two words */
		{"=?utf-8?b?0J7QsQ==?= abc =?utf-8?b?0J7QsQ==?=", "Об abc Об"},
		{"=?utf-8?b?0J7QsQ==?= =?windows-1251?b?zuE=?=", "ОбОб"},
		{"=?utf-8?q?=D0=9E?= =?utf-8?b?0LE=?=", "Об"},
		{"=?utf-8?b?0J7QsQ==?= =?utf-8?b?", "Об =?utf-8?b?"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct mail *mail;
		struct error e;
		char raw[500];
		snprintf(raw, sizeof raw, "From: a@example.org\r\nSubject: %s\r\nX-After: b\r\n\r\ntext\r\n", cases[i].raw);
		if (mail_parse(raw, strlen(raw), &mail, &e) != 0)
			fail_msg("case %zu: %s", i, e.text);
		const char *got = mail_field(mail, "Subject");
		if (got == NULL || strcmp(got, cases[i].want) != 0)
			fail_msg("case %zu: got «%s», want «%s»", i, got == NULL ? "" : got, cases[i].want);
		assert_string_equal(mail_field(mail, "X-After"), "b");
		mail_free(&mail);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(kinds_are_told), cmocka_unit_test(letters_are_found),
		cmocka_unit_test(relays_may_change_the_case), cmocka_unit_test(many_false_tags_do_not_keep_us),
		cmocka_unit_test(each_recipient_has_its_own_verdict), cmocka_unit_test(a_bounce_inside_a_bounce_is_marked),
		cmocka_unit_test(codes_are_found_where_they_are), cmocka_unit_test(what_is_no_mail_is_said),
		cmocka_unit_test(long_subjects_are_read_to_their_end)};
	ident_init();
	mail_init();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	mail_shutdown();
	return failed;
}
