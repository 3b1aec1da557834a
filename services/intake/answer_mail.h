/* A mail as an answer to an ask: what is understood in it, and how it is written
 * down (answer/answer.h). Used when the sender is believed, and when staff say so. */
#ifndef VESTNIK_INTAKE_ANSWER_MAIL_H
#define VESTNIK_INTAKE_ANSWER_MAIL_H

#include <jansson.h>

#include "answer/answer.h"
#include "answer/field.h"
#include "intake/inbox.h"
#include "intake/mail.h"
#include "intake/sheet_mail.h"

struct answer_mail {
	const struct mail *mail; /* NULL: it could not be taken apart */
	const struct sheet_mail *sheet; /* its files */
	const char *words;   /* the writer's own (reply_text) */
	const char *address; /* of the sender, as claimed */
	int64_t id;          /* mail_in.id */
	int64_t received_ms;
};

struct answer_reading { /* what was understood */
	struct fields fields;   /* of the ask */
	json_t *values;         /* by field name; {} = nothing */
	bool ambiguous;         /* figures stand there, and it is not clear which is meant */
	bool sheet;             /* a filled-in workbook of ours: its values stand for themselves */
	const char *sheet_trouble; /* what is wrong with the workbook, by cell; NULL = nothing; borrowed */
	size_t files_kept, files_left;
};
/* A form's values where it is one for this ask; else the figure of the words goes to the one field it can be meant for (the only required count or number,
 * else the only one at all); where there are several, it is nobody's. */
int answer_mail_read(struct db *db, const struct ask *ask, const char *words, const struct sheet_mail *sheet,
	struct answer_reading *out, struct error *e);
void answer_reading_fini(struct answer_reading *reading);

/* Records it inside the caller's transaction: values read from words are proposed; values given by staff
 * (actor not NULL) count. A file that may not be kept (a program, too large) is left out and counted.
 * Errors as answer_record's. */
int answer_mail_record(struct inbox *inbox, const struct ask *ask, const struct answer_mail *mail,
	struct answer_reading *reading, const char *actor, struct answer_outcome *outcome, struct error *e);

#endif
