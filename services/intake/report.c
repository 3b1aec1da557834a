/* RFC 3464 as written and as found: groups that run together, addresses in
 * brackets or with another type than rfc822, statuses with comments, reports
 * whose action is no word of the standard's. */
#include "intake/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "intake/body.h"
#include "intake/bounce_class.h"
#include "intake/charset.h"
#include "intake/fields.h"
#include "intake/text.h"

#define ACTION_BYTES_MAX 40 /* RFC 3464's longest has 9 */

/* One recipient's fields while its group is read. */
struct group {
	char *final, *original, *actual, *action, *status, *diagnostic;
};

static void group_fini(struct group *group)
{
	free(group->final);
	free(group->original);
	free(group->actual);
	free(group->action);
	free(group->status);
	free(group->diagnostic);
	*group = (struct group){0};
}

static const struct action_row {
	const char *word;
	enum mail_kind kind;
} actions[] = {
	{"failed", MAIL_BOUNCE},
	{"failure", MAIL_BOUNCE},
	{"expired", MAIL_BOUNCE}, /* the last two are not RFC 3464's */
	{"delayed", MAIL_DELAYED},
	{"delivered", MAIL_DELIVERED},
	{"relayed", MAIL_DELIVERED},
	{"expanded", MAIL_DELIVERED},
	{"deliverable", MAIL_DELIVERED},
};

static enum mail_kind kind_of(const char *action, const char *status)
{
	for (size_t i = 0; action != NULL && i < sizeof actions / sizeof *actions; i++)
		if (strcmp(action, actions[i].word) == 0)
			return actions[i].kind;
	return status[0] == '2'			    ? MAIL_DELIVERED
	       : status[0] == '4' && action == NULL ? MAIL_DELAYED
						    : MAIL_BOUNCE;
}

/* "rfc822; <a@b>" → "a@b"; a type alone or no address: what is there. */
static char *address_of(const char *value)
{
	char address[GATE_ADDRESS_MAX + 1];
	if (value == NULL)
		return NULL;
	if (text_address_copy(value, strlen(value), address))
		return xstrdup(address);
	return NULL;
}

static char *recipient_of(const struct group *group)
{
	const char *const values[] = {group->final, group->original, group->actual};
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		char *address = address_of(values[i]);
		if (address != NULL)
			return address;
	}
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		const char *rest = values[i] == NULL ? NULL : strchr(values[i], ';');
		if (rest != NULL && text_has_words(rest + 1)) {
			char *name = xstrndup(rest + 1, strnlen(rest + 1, GATE_ADDRESS_MAX));
			text_trim(name);
			return name; /* a local user, an X.400 name */
		}
	}
	return NULL;
}

static char *action_of(const struct group *group)
{
	if (group->action == NULL)
		return NULL;
	size_t len = strcspn(group->action, " \t(;,");
	char *action =
		charset_valid(group->action, len < ACTION_BYTES_MAX ? len : ACTION_BYTES_MAX);
	text_lower_ascii(action);
	return action;
}

/* "smtp; 550 5.1.1 …" → what follows the type. */
static const char *diagnostic_text(const char *diagnostic)
{
	const char *semicolon = diagnostic == NULL ? NULL : strchr(diagnostic, ';');
	if (semicolon == NULL || semicolon - diagnostic > 20)
		return diagnostic;
	return semicolon + 1;
}

/* "5.0.0", "5.5.0" and none at all say nothing. */
static bool is_vague(const char *status)
{
	return status[0] == '\0' || strcmp(status + 1, ".0.0") == 0 ||
	       strcmp(status + 1, ".5.0") == 0;
}

/* The status of a transcript's line about this recipient: "550 5.1.1 <a@b>... User unknown". */
static bool transcript_status(
	const char *human, const char *recipient, char out[static FINDING_STATUS_SIZE])
{
	const char *at = human, *end = human + strlen(human), *line, *start;
	size_t n, len;
	while (text_line(&at, end, &line, &n)) {
		if (n < 4 || line[0] < '4' || line[0] > '5' || line[3] != ' ')
			continue;
		if (!text_address(line, n, &start, &len) || strlen(recipient) != len ||
			strncasecmp(start, recipient, len) != 0)
			continue;
		char *copy = xstrndup(line, n);
		bool found = bounce_find_status(copy, out) && !is_vague(out);
		free(copy);
		if (found)
			return true;
	}
	return false;
}

static void judge(struct finding *finding, const char *said, const char *human)
{
	if (finding->kind == MAIL_DELIVERED)
		return;
	char *about = body_about(human == NULL ? "" : human, finding->recipient),
	     found[FINDING_STATUS_SIZE] = "";
	/* The refusing server's own code says more than what the reporting one made of it. */
	bool better = said != NULL && bounce_find_status(said, found) && !is_vague(found);
	if (!better && human != NULL && finding->recipient != NULL && is_vague(finding->status))
		better = transcript_status(human, finding->recipient, found);
	if (!better)
		memcpy(found, finding->status, sizeof found);
	struct bounce_verdict verdict = bounce_classify(found, said, human);
	if (verdict.cause[0] == '\0')
		verdict = bounce_classify(found, about, human);
	free(about);
	finding->class = finding->kind == MAIL_DELAYED ? BOUNCE_SOFT : verdict.class;
	finding->cause = verdict.cause;
}

static size_t finish(struct group *group, const char *human, struct findings *findings)
{
	size_t added = 0;
	if (group->final == NULL && group->original == NULL && group->action == NULL) {
		group_fini(group);
		return 0;
	}
	char *recipient = recipient_of(group);
	struct finding *finding = findings_add(findings, MAIL_BOUNCE, recipient);
	if (finding != NULL) {
		const char *said = diagnostic_text(group->diagnostic);
		finding->action = action_of(group);
		if (group->status != NULL)
			(void)bounce_find_status(group->status, finding->status);
		finding->kind = kind_of(finding->action, finding->status);
		finding_set_diagnostic(finding, said);
		judge(finding, said, human);
		added = 1;
	}
	free(recipient);
	group_fini(group);
	return added;
}

static bool take(char **slot, char *value)
{
	if (*slot != NULL || value[0] == '\0') {
		free(value);
		return false;
	}
	*slot = value;
	return true;
}

static void take_field(struct group *group, const char *name, char *value, char **envelope_id)
{
	if (strcmp(name, "final-recipient") == 0)
		(void)take(&group->final, value);
	else if (strcmp(name, "original-recipient") == 0)
		(void)take(&group->original, value);
	else if (strcmp(name, "x-actual-recipient") == 0)
		(void)take(&group->actual, value);
	else if (strcmp(name, "action") == 0)
		(void)take(&group->action, value);
	else if (strcmp(name, "status") == 0)
		(void)take(&group->status, value);
	else if (strcmp(name, "diagnostic-code") == 0)
		(void)take(&group->diagnostic, value);
	else if (strcmp(name, "original-envelope-id") == 0)
		(void)take(envelope_id, value);
	else
		free(value);
}

size_t report_read_text(const char *text, size_t len, const char *human, struct findings *findings,
	char **envelope_id)
{
	const char *at = text, *end = text + len;
	size_t added = 0;
	while (at < end) {
		struct group group = {0};
		size_t block = fields_block(at, (size_t)(end - at));
		struct fields fields = {at, at + block};
		char *name, *value;
		while (fields_next(&fields, &name, &value)) {
			/* Some put all recipients into one group. */
			if (strcmp(name, "final-recipient") == 0 && group.final != NULL)
				added += finish(&group, human, findings);
			take_field(&group, name, value, envelope_id);
			free(name);
		}
		added += finish(&group, human, findings);
		at += block;
	}
	return added;
}

static bool is_report(const struct mail_part *part)
{
	return part->text != NULL &&
	       (strcmp(part->type, "message/delivery-status") == 0 ||
		       strcmp(part->type, "message/global-delivery-status") == 0 ||
		       strcmp(part->type, "message/xdelivery-status") == 0);
}

size_t report_read(const struct mail *mail, struct findings *findings, char **envelope_id)
{
	char *human = body_text(mail);
	size_t added = 0;
	for (size_t i = 0; i < mail->parts; i++)
		if (mail->part[i].place == MAIL_PART_BODY && is_report(&mail->part[i]))
			added += report_read_text(mail->part[i].text, mail->part[i].len, human,
				findings, envelope_id);
	free(human);
	return added;
}

size_t report_read_inner(const struct mail *mail, struct findings *findings)
{
	size_t before = findings->count;
	char *envelope_id = NULL;
	for (size_t i = 0; i < mail->parts; i++)
		if (mail->part[i].place == MAIL_PART_INNER && is_report(&mail->part[i]))
			(void)report_read_text(mail->part[i].text, mail->part[i].len, NULL,
				findings, &envelope_id);
	for (size_t i = before; i < findings->count; i++)
		findings->item[i].inner = before > 0;
	free(envelope_id);
	return findings->count - before;
}
