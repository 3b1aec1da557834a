/* RFC 3834: Auto-Submitted says it; older programs have fields of their own;
 * a subject is the weakest sign, and only at its beginning ("Fwd: Автоответ" is
 * a person's). A program that answers and is taken for a person would stop
 * reminders; a person taken for a program goes on being reminded: both are
 * errors, so subjects are words nobody begins an answer with. */
#include "intake/auto_reply.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "intake/text.h"

/* A field that is there (value NULL) or begins with a value says it. */
static const struct sign {
	const char *field, *value;
	enum auto_reply says;
} signs[] = {
	{"Auto-Submitted", "auto-replied", AUTO_ANSWER},
	{"Auto-Submitted", "auto-notified", AUTO_BULK},
	{"X-Autoreply", NULL, AUTO_ANSWER},
	{"X-Autorespond", NULL, AUTO_ANSWER},
	{"X-Autoresponder", NULL, AUTO_ANSWER},
	{"X-AutoReply-From", NULL, AUTO_ANSWER},
	{"X-Mail-Autoreply", NULL, AUTO_ANSWER},
	{"X-Auto-Reply", NULL, AUTO_ANSWER},
	{"X-Yandex-Autoreply", NULL, AUTO_ANSWER},
	{"X-Vacation", NULL, AUTO_ANSWER},
	{"Precedence", "auto_reply", AUTO_ANSWER},
	{"Precedence", "auto-reply", AUTO_ANSWER},
	{"X-Precedence", "auto_reply", AUTO_ANSWER},
	{"Preference", "auto_reply", AUTO_ANSWER},
	{"X-POST-MessageClass", "9; Autoresponder", AUTO_ANSWER},
	{"X-Loop", NULL, AUTO_BULK},
	{"List-Id", NULL, AUTO_BULK},
	{"List-Unsubscribe", NULL, AUTO_BULK},
	{"Precedence", "bulk", AUTO_BULK},
	{"Precedence", "list", AUTO_BULK},
	{"Precedence", "junk", AUTO_BULK},
	{"Feedback-ID", NULL, AUTO_BULK},
};

static const char *const subjects[] = {"auto:", "auto reply", "auto-reply", "autoreply", "auto response",
	"auto-response", "autoresponse", "automatic reply", "automatic response", "automated reply", "[auto-reply]",
	"[auto reply]", "[automatic reply]", "out of office", "out of the office", "out-of-office", "ooo:", "vacation",
	"away from", "on vacation", "автоответ", "авто-ответ", "автоматический ответ", "автоматическое уведомление",
	"автоматическое сообщение", "нет на месте", "вне офиса", "я в отпуске", "в отпуске", "отсутствую",
	"отсутствие на рабочем месте", "отсутствие на работе", "ваше письмо получено", "ваше обращение получено",
	"ваше обращение зарегистрировано", "ваше обращение принято", "прочитано:", "прочтено:", "read:", "доставлено:",
	"уведомление о прочтении", "not read:", "не прочитано:", NULL};

static bool by_subject(const struct mail *mail)
{
	const char *subject = mail_field(mail, "Subject");
	char *folded = text_fold(subject == NULL ? "" : subject, subject == NULL ? 0 : strlen(subject));
	bool found = false;
	text_squeeze(folded);
	const char *begin = folded + strspn(folded, " ");
	if (text_begins(begin, "re: "))
		begin += 4;
	for (size_t i = 0; subjects[i] != NULL && !found; i++)
		found = text_begins(begin, subjects[i]);
	free(folded);
	return found;
}

static bool answers(const struct mail *mail)
{
	return mail_field(mail, "In-Reply-To") != NULL || mail_field(mail, "References") != NULL;
}

enum auto_reply auto_reply_of(const struct mail *mail, const char **sign)
{
	const char *submitted = mail_field(mail, "Auto-Submitted");
	*sign = "report-type";
	if (strcmp(mail->report_type, "disposition-notification") == 0) /* RFC 8098: read, or thrown away */
		return AUTO_ANSWER;
	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
		const char *value = mail_field(mail, signs[i].field);
		if (value == NULL || (signs[i].value != NULL &&
					     strncasecmp(value, signs[i].value, strlen(signs[i].value)) != 0))
			continue;
		*sign = signs[i].field;
		/* Old absence programs call themselves bulk. */
		return signs[i].says == AUTO_BULK && by_subject(mail) ? AUTO_ANSWER : signs[i].says;
	}
	*sign = "Auto-Submitted";
	if (submitted != NULL && strncasecmp(submitted, "no", 2) != 0)
		return answers(mail) || by_subject(mail) ? AUTO_ANSWER : AUTO_BULK;
	*sign = "subject";
	if (by_subject(mail))
		return AUTO_ANSWER;
	*sign = NULL;
	return AUTO_NOT;
}
