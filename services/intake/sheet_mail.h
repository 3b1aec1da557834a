/* The files of a mail, and our Excel form among them (answer/workbook.h). A form knows by a MAC which ask
 * it was made for: who sends it has got it, as who knows a letter's tag has got the letter. */
#ifndef VESTNIK_INTAKE_SHEET_MAIL_H
#define VESTNIK_INTAKE_SHEET_MAIL_H

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"
#include "intake/inbox.h"
#include "intake/mail.h"

struct sheet_mail {
	struct mail_file_list files;
	int64_t ask;      /* the form's; 0 = there is none */
	json_t *fields;   /* its values; NULL when cells are wrong */
	char *name, *phone;
	char *trouble;    /* which cells, and what would be right; NULL = none */
};
/* mail NULL or without files: nothing. -1 only for the store. */
int sheet_mail_open(struct inbox *inbox, const struct mail *mail, const void *bytes, size_t len,
	struct sheet_mail *out, struct error *e);
void sheet_mail_fini(struct sheet_mail *sheet);

#endif
