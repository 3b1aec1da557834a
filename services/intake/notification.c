#include "intake/notification.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "intake/body.h"
#include "intake/bounce_class.h"
#include "intake/text.h"

/* Which member of a notification holds what. */
static const struct notification_row {
	const char *type, *member, *recipients;
	enum mail_kind kind;
} rows[] = {
	{"Bounce", "bounce", "bouncedRecipients", MAIL_BOUNCE},
	{"Complaint", "complaint", "complainedRecipients", MAIL_COMPLAINT},
	{"Delivery", "delivery", "recipients", MAIL_DELIVERED},
};

static void add(struct findings *findings, const struct notification_row *row,
	const json_t *recipient, const char *response)
{
	const char *address =
		json_is_string(recipient)
			? json_string_value(recipient)
			: json_string_value(json_object_get(recipient, "emailAddress"));
	char copy[GATE_ADDRESS_MAX + 1];
	if (address == NULL || !text_address_copy(address, strlen(address), copy))
		return;
	struct finding *finding = findings_add(findings, row->kind, copy);
	if (finding == NULL)
		return;
	const char *status = json_string_value(json_object_get(recipient, "status"));
	const char *said = json_string_value(json_object_get(recipient, "diagnosticCode"));
	const char *action = json_string_value(json_object_get(recipient, "action"));
	if (said == NULL)
		said = response;
	if (status == NULL || !bounce_find_status(status, finding->status))
		(void)(said != NULL && bounce_find_status(said, finding->status));
	finding->action = xstrdup(action != NULL		? action
				  : row->kind == MAIL_DELIVERED ? "delivered"
								: NULL);
	finding_set_diagnostic(finding, said);
	if (row->kind == MAIL_COMPLAINT) {
		finding->class = BOUNCE_SOFT;
		finding->cause = "abuse";
	} else if (row->kind == MAIL_BOUNCE) {
		struct bounce_verdict verdict = bounce_classify(finding->status, said, "rcpt");
		finding->class = verdict.class;
		finding->cause = verdict.cause;
	}
}

static size_t read_object(const json_t *object, struct findings *findings)
{
	size_t before = findings->count, i;
	const char *type = json_string_value(json_object_get(object, "notificationType"));
	for (size_t r = 0; type != NULL && r < sizeof rows / sizeof *rows; r++) {
		if (strcmp(type, rows[r].type) != 0)
			continue;
		const json_t *inner = json_object_get(object, rows[r].member), *recipient;
		const char *response = json_string_value(json_object_get(inner, "smtpResponse"));
		json_array_foreach(json_object_get(inner, rows[r].recipients), i, recipient)
			add(findings, &rows[r], recipient, response);
	}
	return findings->count - before;
}

/* Lines broken by a mail program on the way: inside a string a line end cannot stand. */
static void join_lines(char *text)
{
	char *to = text;
	for (const char *from = text; *from != '\0'; from++) {
		if (*from == '\n' && from[1] == ' ')
			from++;
		else if (*from != '\n')
			*to++ = *from;
	}
	*to = '\0';
}

size_t notification_read(const struct mail *mail, struct findings *findings)
{
	char *text = body_text(mail);
	size_t added = 0;
	if (text[strspn(text, " \t\n")] == '{' && strstr(text, "notificationType") != NULL) {
		join_lines(text);
		json_t *outer = json_loads(text, JSON_DISABLE_EOF_CHECK, NULL);
		const char *message = json_string_value(json_object_get(outer, "Message"));
		json_t *inner =
			message == NULL ? NULL : json_loads(message, JSON_DISABLE_EOF_CHECK, NULL);
		added = read_object(inner != NULL ? inner : outer, findings);
		json_decref(inner);
		json_decref(outer);
	}
	free(text);
	return added;
}
