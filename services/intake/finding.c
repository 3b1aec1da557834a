#include "intake/finding.h"

#include <stdlib.h>
#include <string.h>

#include "base/gate.h"
#include "base/xalloc.h"
#include "intake/charset.h"

#define DIAGNOSTIC_BYTES_MAX 500 /* fits a page and a log line */

const char *mail_kind_name(enum mail_kind kind)
{
	static const char *const names[] = {[MAIL_UNKNOWN] = "unknown",
		[MAIL_BOUNCE] = "bounce",
		[MAIL_DELAYED] = "delayed",
		[MAIL_DELIVERED] = "delivered",
		[MAIL_COMPLAINT] = "complaint",
		[MAIL_AUTO_REPLY] = "auto-reply",
		[MAIL_REPLY] = "reply"};
	return names[kind];
}

const char *bounce_class_name(enum bounce_class class)
{
	return class == BOUNCE_HARD ? "hard" : class == BOUNCE_SOFT ? "soft" : "none";
}

struct finding *findings_add(struct findings *findings, enum mail_kind kind, const char *recipient)
{
	if (findings->count == FINDINGS_MAX)
		return NULL;
	findings->item = xrealloc(findings->item, findings->count + 1, sizeof *findings->item);
	struct finding *finding = &findings->item[findings->count++];
	*finding = (struct finding){.kind = kind,
		.cause = "",
		.recipient =
			recipient == NULL ? NULL : charset_valid(recipient, strlen(recipient))};
	return finding;
}

void finding_set_diagnostic(struct finding *finding, const char *text)
{
	if (text == NULL)
		return;
	size_t len = strnlen(text, 4 * DIAGNOSTIC_BYTES_MAX);
	char *valid = charset_valid(text, len);
	free(finding->diagnostic);
	finding->diagnostic = gate_clean_line(valid, DIAGNOSTIC_BYTES_MAX);
	free(valid);
	if (finding->diagnostic[0] == '\0') {
		free(finding->diagnostic);
		finding->diagnostic = NULL;
	}
}

void findings_fini(struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		free(findings->item[i].recipient);
		free(findings->item[i].action);
		free(findings->item[i].diagnostic);
	}
	free(findings->item);
	*findings = (struct findings){0};
}
