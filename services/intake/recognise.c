#include "intake/recognise.h"

#include <stdlib.h>
#include <string.h>

#include "intake/auto_reply.h"
#include "intake/bounce_forms.h"
#include "intake/notification.h"
#include "intake/report.h"
#include "intake/text.h"

/* "Re: …", «Ответ: …», with or without a count ("Re[2]: "). */
static bool subject_answers(const struct mail *mail)
{
	static const char *const beginnings[] = {
		"re:", "re[", "re ", "ответ:", "отв:", "на:", "ha:", "aw:", NULL};
	const char *subject = mail_field(mail, "Subject");
	char *folded =
		text_fold(subject == NULL ? "" : subject, subject == NULL ? 0 : strlen(subject));
	bool found = false;
	for (size_t i = 0; beginnings[i] != NULL && !found; i++)
		found = text_begins(folded + strspn(folded, " "), beginnings[i]);
	free(folded);
	return found;
}

/* A person's, or a program's that is no mail system: who wrote it. */
static void add_writer(const struct mail *mail, enum mail_kind kind, struct findings *findings)
{
	char address[GATE_ADDRESS_MAX + 1];
	const char *from = mail_field(mail, "From");
	/* In "name <address>" a name may look like an address: take what is in brackets. */
	const char *bracket = from == NULL ? NULL : strrchr(from, '<');
	if (bracket != NULL)
		from = bracket;
	bool known = from != NULL && text_address_copy(from, strlen(from), address);
	struct finding *finding = findings_add(findings, kind, known ? address : NULL);
	if (finding != NULL && kind == MAIL_AUTO_REPLY)
		finding->class = BOUNCE_SOFT; /* it arrived, and nobody reads it now */
}

static const char *read_personal(
	const struct mail *mail, const struct match *match, struct findings *findings)
{
	const char *sign;
	enum mail_kind kind = MAIL_UNKNOWN;
	switch (auto_reply_of(mail, &sign)) {
	case AUTO_ANSWER:
		kind = MAIL_AUTO_REPLY;
		break;
	case AUTO_BULK:
		break;
	case AUTO_NOT:
		if (match->way != MATCH_NONE || subject_answers(mail) ||
			mail_field(mail, "In-Reply-To") != NULL ||
			mail_field(mail, "References") != NULL)
			kind = MAIL_REPLY;
	}
	add_writer(mail, kind, findings);
	return sign == NULL ? "" : sign;
}

static bool names_somebody(const struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++)
		if (findings->item[i].recipient != NULL)
			return true;
	return false;
}

void recognise(const struct mail *mail, const struct ident_key *key, const char *envelope_recipient,
	struct recognised *out)
{
	char *envelope_id = NULL;
	*out = (struct recognised){.form = ""};
	if (report_read(mail, &out->findings, &envelope_id) > 0) {
		out->form = "rfc3464";
		(void)report_read_inner(mail, &out->findings);
	} else if (feedback_read(mail, &out->findings) > 0)
		out->form = "feedback";
	else if (notification_read(mail, &out->findings) > 0)
		out->form = "ses";
	else {
		const char *form = bounce_forms_read(mail, &out->findings);
		out->form = form == NULL ? "" : form;
	}
	match_find(mail, key, envelope_recipient, envelope_id, &out->match);
	if (out->findings.count == 0)
		out->form = read_personal(mail, &out->match, &out->findings);
	if (out->match.way == MATCH_NONE && names_somebody(&out->findings))
		out->match.way = MATCH_ADDRESS;
	free(envelope_id);
}

void recognised_fini(struct recognised *recognised)
{
	findings_fini(&recognised->findings);
}
