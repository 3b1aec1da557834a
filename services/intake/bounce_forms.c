/* A row says how a form is recognised and where it names the recipient; what is
 * said about a recipient is the text from its address to the next one. The
 * scanner (bounce_scan.c) finds an address at the beginning of a line in every
 * form, so that most rows need no more than their recognition. */
#include "intake/bounce_forms.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/xalloc.h"
#include "intake/body.h"
#include "intake/bounce_class.h"
#include "intake/bounce_scan.h"
#include "intake/bounce_words.h"
#include "intake/report.h"
#include "intake/text.h"

#define LAST_RESORT "mailer-daemon"

/* All given parts must be there; all are folded (text_fold). */
static const struct bounce_form {
	const char *name;
	const char *from;    /* in From */
	const char *subject; /* in Subject */
	const char *body;    /* in the text ("*" spans some words) */
	const char *begin;   /* addresses stand after the line with this; NULL = anywhere */
	const char *mark;    /* an address stands right after this, too */
	bool delayed;
} forms[] = {
	{"exim-warning", NULL, NULL, "has not yet been delivered is", "has not yet been delivered is", NULL, true},
	{"exim-warning", NULL, NULL, "has not yet been delivered", NULL, NULL, true},
	{"gmail-delay", "mailer-daemon@google", NULL, "warning message only", "has been delayed", NULL, true},
	{"gmail-delay", "mailer-daemon@google", NULL, "temporary problem delivering", NULL, "message to ", true},
	{"sendmail-warning", NULL, "warning: could not send message", NULL, NULL, NULL, true},
	{"postfix-warning", NULL, "delayed mail", NULL, NULL, NULL, true},
	{"warning", NULL, NULL, "attempts will continue", NULL, NULL, true},
	{"warning", NULL, NULL, "continue to try to deliver", NULL, NULL, true},
	{"warning", NULL, NULL, "continue to attempt delivery", NULL, NULL, true},
	{"warning", NULL, NULL, "has been postponed", NULL, NULL, true},
	{"warning", NULL, NULL, "доставка * отложена", NULL, NULL, true},
	{"warning", NULL, NULL, "попытки доставки будут продолжены", NULL, NULL, true},
	{"google-groups", "mailer-daemon@google", NULL, "google groups", "-", NULL, false},
	{"gmail", "mailer-daemon@google", NULL, NULL, NULL, "message to ", false},
	{"mail.ru", "mail.ru", NULL, "не может быть доставлено", NULL, NULL, false},
	{"yandex", "yandex", NULL, "не может быть отправлено", NULL, NULL, false},
	{"1and1", NULL, NULL, "created automatically by mail delivery software * for the following reason",
		"address failed", NULL, false},
	{"exim", NULL, NULL, "created automatically by *  could not be delivered to", "failed:", NULL, false},
	{"exim", NULL, NULL, "created automatically by mail delivery software", NULL, NULL, false},
	{"exim", NULL, NULL, "created automatically by the smtp relay", NULL, NULL, false},
	{"qmail", NULL, NULL, "this is the qmail-send program", NULL, NULL, false},
	{"qmail", NULL, "failure notice", NULL, NULL, NULL, false},
	{"yahoo", NULL, NULL, "unable to deliver your message to the following", NULL, NULL, false},
	{"postfix", NULL, NULL, "this is the postfix program", NULL, NULL, false},
	{"postfix", NULL, NULL, "this is the mail system at host", NULL, NULL, false},
	{"postfix", NULL, "undelivered mail returned to sender", NULL, NULL, NULL, false},
	{"dragonfly", NULL, NULL, "dragonfly mail agent", NULL, "delivering your mail to <", false},
	{"opensmtpd-warning", NULL, "delivery status notification: warning", NULL, NULL, NULL, true},
	{"opensmtpd", NULL, NULL, "this is the mailer-daemon, please do not reply", NULL, NULL, false},
	{"sendmail", NULL, NULL, "transcript of session follows", NULL, NULL, false},
	{"sendmail", NULL, "returned mail", NULL, NULL, NULL, false},
	{"exchange-2003", NULL, NULL, "did not reach the following recipient", "did not reach the following", NULL, false},
	{"exchange", NULL, NULL, "delivery has failed to these recipients", NULL, NULL, false},
	{"exchange", NULL, NULL, "не удалось доставить сообщение следующим", NULL, NULL, false},
	{"exchange", NULL, NULL, "не удалось выполнить доставку следующим", NULL, NULL, false},
	{"exchange", NULL, NULL, "generating server:", NULL, NULL, false},
	{"domino", NULL, NULL, "was not delivered to: * because", "was not delivered to", NULL, false},
	{"notes", NULL, NULL, "failure reasons", NULL, NULL, false},
	{"interscan", "interscan", NULL, NULL, "-", "rcpt to:<", false},
	{"imail", NULL, "undeliverable mail", "unknown user:", NULL, "unknown user: ", false},
	{"imail", NULL, "undeliverable mail", "invalid final delivery userid", NULL, "invalid final delivery userid: ", false},
	{"imail", NULL, "undeliverable mail", "undeliverable to", "undeliverable to", "undeliverable to ", false},
	{"mailfoundry", NULL, NULL, "unable to deliver message to:", NULL, "unable to deliver message to: <", false},
	{"kddi", NULL, NULL, "could not be delivered to: <", NULL, "could not be delivered to: <", false},
	{"james", NULL, NULL, "error message below:", "-", "rcpt to: ", false},
	{"pmdf", NULL, NULL, "your message cannot be delivered to the following", NULL, "recipient address: ", false},
	{"mx6", NULL, NULL, "recipients returned permanent errors", NULL, "permanent errors: ", false},
	{"fml", NULL, NULL, "you are not a member of this mailing list", "-", "mailing list <", false},
	{"mms", NULL, "undeliverable message", "could not be delivered to mobile", "-", NULL, false},
	{"ezweb", NULL, NULL, "each of the following recipients was rejected", NULL, "recipient: <", false},
	{"ezweb", "ezweb.ne.jp", NULL, NULL, NULL, "recipient: <", false},
	{"m-filter", NULL, NULL, "-------smtp command", NULL, NULL, false},
	{"message-returned", NULL, NULL, "following recipient * failed permanently", NULL, NULL, false},
	{"message-returned", NULL, NULL, "could not be delivered", NULL, "delivered to <", false},
	{"message-returned", NULL, NULL, "delivery failed", NULL, NULL, false},
	{"message-returned", NULL, NULL, "undeliver", NULL, NULL, false},
	{"message-returned", NULL, NULL, "unable to deliver", NULL, NULL, false},
	{"message-returned", NULL, NULL, "failed to deliver", NULL, NULL, false},
	{"message-returned", NULL, NULL, "permanent error", NULL, NULL, false},
	{"message-returned", NULL, NULL, "following addresses had", NULL, NULL, false},
	{"message-returned", NULL, NULL, "не доставлено", NULL, NULL, false},
	{"message-returned", NULL, NULL, "не может быть доставлено", NULL, NULL, false},
	{"message-returned", NULL, NULL, "не удалось доставить", NULL, NULL, false},
	{"message-returned", NULL, NULL, "невозможно доставить", NULL, NULL, false},
	{"message-returned", NULL, NULL, "доставка * невозможна", NULL, NULL, false},
	{"message-returned", NULL, NULL, "not delivered", NULL, NULL, false},
	{"message-returned", NULL, NULL, "did not receive", NULL, NULL, false},
	{"message-returned", NULL, NULL, "fatal delivery error", NULL, NULL, false},
	{"message-returned", NULL, NULL, "failed recipients", NULL, NULL, false},
	{"message-returned", NULL, NULL, "has been returned because", NULL, NULL, false},
	{"message-returned", NULL, NULL, "no such user", NULL, NULL, false},
	{"message-returned", NULL, NULL, "user unknown", NULL, NULL, false},
	{"message-returned", NULL, "undeliver", NULL, NULL, NULL, false},
	{"message-returned", NULL, "mail delivery problem", NULL, NULL, NULL, false},
	{"message-returned", NULL, "error during delivery", NULL, NULL, NULL, false},
	{"message-returned", NULL, "could not be delivered", NULL, NULL, NULL, false},
	{"message-returned", NULL, "not delivered", NULL, NULL, NULL, false},
	{"message-returned", NULL, "non-delivery", NULL, NULL, NULL, false},
	{"message-returned", NULL, "non remis", NULL, NULL, NULL, false},
	{"message-returned", NULL, "user unknown", NULL, NULL, NULL, false},
	{"message-returned", NULL, "failed mail", NULL, NULL, NULL, false},
	{"message-returned", NULL, "delivery status notification", NULL, NULL, NULL, false},
	{"message-returned", NULL, "delivery fail", NULL, NULL, NULL, false},
	{"message-returned", NULL, "delivery has failed", NULL, NULL, NULL, false},
	{"message-returned", NULL, "mail failure", NULL, NULL, NULL, false},
	{"message-returned", NULL, "mail failed, returning to sender", NULL, "failed addresses follow", NULL, false},
	{"message-returned", NULL, "mail system error", NULL, NULL, NULL, false},
	{"message-returned", NULL, "недоставлен", NULL, NULL, NULL, false},
	{"message-returned", NULL, "не доставлен", NULL, NULL, NULL, false},
	{"message-returned", NULL, "возвращен", NULL, NULL, NULL, false},
	{"message-returned", NULL, "ошибка доставки", NULL, NULL, NULL, false},
	/* No word that is known, but an address at the beginning of a line: see below. */
	{LAST_RESORT, "mailer-daemon", NULL, NULL, NULL, NULL, false},
};

/* ---- does it come from a mail system --------------------------------------- */

struct folded {
	char *from, *subject, *body;
};

static char *fold_field(const struct mail *mail, const char *name)
{
	const char *value = mail_field(mail, name);
	char *folded = text_fold(value == NULL ? "" : value, value == NULL ? 0 : strlen(value));
	text_squeeze(folded);
	return folded;
}

/* As a word of its own: Andrey and Aleksandra are people. */
static bool holds_word(const char *folded, const char *word)
{
	size_t len = strlen(word);
	for (const char *at = folded; (at = strstr(at, word)) != NULL; at++)
		if ((at == folded || at[-1] < 'a' || at[-1] > 'z') && (at[len] < 'a' || at[len] > 'z'))
			return true;
	return false;
}

/* Mail systems sign as one of these, or send without a return path (RFC 5321
 * 4.5.5), or name the recipients that failed in a field of their own. */
static bool from_mail_system(const struct mail *mail, const struct folded *folded)
{
	static const char *const senders[] = {"mailer-daemon", "mailerdaemon", "postmaster", "post_master",
		"mail delivery", "mail deliver", "mail.delivery.system", "maildaemon", "mail-daemon", "mail daemon",
		"system administrator", "administrator", "mdaemon", "mail_service", "mail system", "mail gateway",
		"smtp_gateway", "for_smtp", "interscan", "imss@", NULL};
	const char *path = mail_field(mail, "Return-Path");
	bool null_path = path != NULL && strcmp(path, "<>") == 0;
	if (mail_field(mail, "X-Failed-Recipients") != NULL)
		return true;
	if (path != NULL && strncasecmp(path, "<mailer-daemon", 14) == 0)
		return true;
	if (strcmp(folded->from, "<>") == 0 || (folded->from[0] == '\0' && null_path))
		return true;
	for (size_t i = 0; senders[i] != NULL; i++)
		if (strstr(folded->from, senders[i]) != NULL)
			return true;
	if (holds_word(folded->from, "ndr"))
		return true;
	/* Nobody begins a subject of his own so. */
	static const char *const subjects[] = {"undeliverable", "undelivered", "returned mail", "mail delivery fail",
		"delivery status notification", "delivery failure", "delivery has failed", "failure notice", "non-delivery",
		"mail could not be delivered", "недоставленное сообщение", "не удается доставить", "ошибка доставки",
		"сообщение не доставлено", "ваше сообщение не доставлено", NULL};
	for (size_t i = 0; subjects[i] != NULL; i++)
		if (text_begins(folded->subject, subjects[i]) && mail_field(mail, "In-Reply-To") == NULL)
			return true;
	/* An absence note has no return path either, and says so in RFC 3834's field. */
	return (null_path || strstr(folded->from, "reply") != NULL || strstr(folded->from, "-admin@") != NULL) &&
		(mail_field(mail, "Auto-Submitted") == NULL || strstr(folded->subject, "deliver") != NULL ||
			strstr(folded->subject, "доставлен") != NULL);
}

static bool matches(const struct bounce_form *form, const struct folded *folded)
{
	return (form->from == NULL || strstr(folded->from, form->from) != NULL) &&
		(form->subject == NULL || strstr(folded->subject, form->subject) != NULL) &&
		(form->body == NULL || bounce_words_match(form->body, folded->body));
}

static const struct bounce_form *form_of(const struct folded *folded)
{
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		if (matches(&forms[i], folded))
			return &forms[i];
	return NULL;
}

/* ---- verdicts -------------------------------------------------------------- */

static void judge(struct finding *finding, const char *about, const char *whole)
{
	if (!bounce_find_status(about, finding->status))
		(void)bounce_find_status(whole, finding->status);
	struct bounce_verdict verdict = bounce_classify(finding->status, about, whole);
	if (verdict.cause[0] == '\0')
		verdict = bounce_classify(finding->status, whole, whole);
	finding->class = finding->kind == MAIL_DELAYED ? BOUNCE_SOFT : verdict.class;
	finding->cause = verdict.cause;
	if (finding->status[0] == '\0') {
		int reply = bounce_find_reply(about);
		bool later = finding->kind == MAIL_DELAYED || (reply >= 400 && reply < 500);
		memcpy(finding->status, later ? "4.0.0" : "5.0.0", sizeof "5.0.0");
	}
	finding->action = xstrdup(finding->kind == MAIL_DELAYED ? "delayed" : "failed");
	finding_set_diagnostic(finding, about);
}

const char *bounce_forms_read(const struct mail *mail, struct findings *findings)
{
	char *text = body_text(mail), *envelope_id = NULL;
	size_t own = body_returned(text, strlen(text));
	struct folded folded = {fold_field(mail, "From"), fold_field(mail, "Subject"), text_fold(text, own)};
	const char *name = NULL;
	struct bounce_scan scan = {0};
	text_squeeze(folded.body);
	if (!from_mail_system(mail, &folded))
		goto out;
	if (strstr(folded.body, "final-recipient:") != NULL &&
		report_read_text(text, own, text, findings, &envelope_id) > 0) {
		name = "fields-in-text";
		goto out;
	}
	const struct bounce_form *form = form_of(&folded);
	if (form == NULL)
		goto out;
	name = form->name;
	bounce_scan_text(&scan, text, own, form->begin, form->mark);
	if (scan.count == 0 && strcmp(form->name, LAST_RESORT) == 0) {
		name = NULL;
		goto out;
	}
	if (scan.count == 0 && report_read_inner(mail, findings) == 0)
		bounce_scan_elsewhere(&scan, mail, text);
	for (size_t i = 0; i < scan.count; i++) {
		struct finding *finding =
			findings_add(findings, form->delayed ? MAIL_DELAYED : MAIL_BOUNCE, scan.item[i].recipient);
		if (finding != NULL)
			judge(finding, buf_str(&scan.item[i].about), scan.count == 1 ? folded.body : "");
	}
	if (findings->count == 0) {
		struct finding *finding = findings_add(findings, form->delayed ? MAIL_DELAYED : MAIL_BOUNCE, NULL);
		if (finding != NULL)
			judge(finding, folded.body, folded.body);
	}
out:
	bounce_scan_fini(&scan);
	free(envelope_id);
	free(folded.from);
	free(folded.subject);
	free(folded.body);
	free(text);
	return name;
}
