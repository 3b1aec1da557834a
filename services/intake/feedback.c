/* Complaints: RFC 5965 reports, and what providers send instead of them. */
#include "intake/report.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "intake/body.h"
#include "intake/fields.h"
#include "intake/text.h"

/* Feedback types (RFC 5965, RFC 6430, RFC 6591): what was complained about. */
static const struct feedback_row {
	const char *type;
	const char *cause;
	enum mail_kind kind;
} types[] = {{"abuse", "abuse", MAIL_COMPLAINT}, {"fraud", "fraud", MAIL_COMPLAINT},
	{"virus", "virus", MAIL_COMPLAINT}, {"opt-out", "opt-out", MAIL_COMPLAINT},
	{"opt-out-list", "opt-out", MAIL_COMPLAINT},
	/* A program's report about forged or unsigned mail: the person did not complain. */
	{"auth-failure", "auth-failure", MAIL_COMPLAINT}, {"dmarc", "auth-failure", MAIL_COMPLAINT},
	{"not-spam", "not-spam", MAIL_UNKNOWN}, {"other", "other", MAIL_COMPLAINT}};

static const struct feedback_row *row_of(const char *type)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (strcasecmp(type, types[i].type) == 0)
			return &types[i];
	return &types[0];
}

static size_t add(struct findings *findings, const struct feedback_row *row, const char *value)
{
	char address[GATE_ADDRESS_MAX + 1];
	bool known = value != NULL && text_address_copy(value, strlen(value), address);
	if (value != NULL && !known)
		return 0;
	for (size_t i = 0; known && i < findings->count; i++)
		if (findings->item[i].recipient != NULL &&
			strcmp(findings->item[i].recipient, address) == 0)
			return 0;
	struct finding *finding = findings_add(findings, row->kind, known ? address : NULL);
	if (finding == NULL)
		return 0;
	finding->cause = row->cause;
	finding->class = row->kind == MAIL_COMPLAINT ? BOUNCE_SOFT : BOUNCE_NONE;
	return 1;
}

struct returned {
	struct findings *findings;
	const struct feedback_row *row;
	size_t added;
};

/* Whose copy of the letter it was. */
static bool from_head(void *arg, const char *head, size_t len)
{
	static const char *const names[] = {
		"X-HmXmrOriginalRecipient", "X-Original-To", "Delivered-To", "To", NULL};
	struct returned *returned = arg;
	for (size_t i = 0; names[i] != NULL && returned->added == 0; i++) {
		char *value = fields_value(head, len, names[i]);
		if (value != NULL)
			returned->added += add(returned->findings, returned->row, value);
		free(value);
	}
	return returned->added == 0;
}

static size_t add_from_letter(
	const struct mail *mail, struct findings *findings, const struct feedback_row *row)
{
	struct returned returned = {findings, row, 0};
	body_returned_heads(mail, from_head, &returned);
	return returned.added > 0 ? returned.added : add(findings, row, NULL);
}

static size_t read_part(
	const struct mail *mail, const struct mail_part *part, struct findings *findings)
{
	char *type = fields_value(part->text, part->len, "Feedback-Type");
	const struct feedback_row *row = row_of(type == NULL ? "" : type);
	size_t added = 0;
	struct fields fields = {part->text, part->text + part->len};
	char *name, *value;
	while (fields_next(&fields, &name, &value)) {
		if (strcmp(name, "original-rcpt-to") == 0 || strcmp(name, "removal-recipient") == 0)
			added += add(findings, row, value);
		free(name);
		free(value);
	}
	if (added == 0)
		added = add_from_letter(mail, findings, row);
	free(type);
	return added;
}

static bool field_holds(const struct mail *mail, const char *name, const char *words)
{
	const char *value = mail_field(mail, name);
	char *folded = text_fold(value == NULL ? "" : value, value == NULL ? 0 : strlen(value));
	bool holds = strstr(folded, words) != NULL;
	free(folded);
	return holds;
}

/* Outlook.com's junk mail reports name nobody but in the letter's own head;
 * Apple Mail leaves a list by a mail of its own. */
static size_t read_other(const struct mail *mail, struct findings *findings)
{
	static const struct feedback_row abuse = {"abuse", "abuse", MAIL_COMPLAINT},
					 opt_out = {"opt-out", "opt-out", MAIL_COMPLAINT};
	if (field_holds(mail, "From", "staff@hotmail.com") &&
		field_holds(mail, "Subject", "complaint about message from"))
		return add_from_letter(mail, findings, &abuse);
	if (!field_holds(mail, "Subject", "unsubscribe"))
		return 0;
	char *text = body_text(mail);
	bool leaves = strstr(text, "sent this email to unsubscribe from") != NULL;
	free(text);
	return leaves ? add(findings, &opt_out, mail_field(mail, "From")) : 0;
}

size_t feedback_read(const struct mail *mail, struct findings *findings)
{
	const struct mail_part *part = mail_part_of(mail, "message/feedback-report", NULL);
	return part != NULL && part->text != NULL ? read_part(mail, part, findings)
						  : read_other(mail, findings);
}
