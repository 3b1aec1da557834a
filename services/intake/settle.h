/* What staff do with the mails that wait for them (`vestnik mail`). Each is one
 * transaction with the answer's event; repeated after a conflict. */
#ifndef VESTNIK_INTAKE_SETTLE_H
#define VESTNIK_INTAKE_SETTLE_H

#include "intake/answer_mail.h"
#include "intake/recognise.h"

struct settle_mail { /* strings owned */
	int64_t id, received_ms, delivery, ask; /* 0 = not known */
	bool trusted;
	char *mailbox, *kind, *state, *matched;
	char *address, *name, *subject, *words, *note; /* each may be NULL */
	char *raw;           /* the whole mail; NULL when it was not kept */
	size_t raw_len;
	struct mail *mail;   /* raw taken apart; NULL when it is none */
	int64_t version;     /* of the answer it was recorded as and that waits; 0 = none */
};
/* DB_DONE: no such mail. */
enum db_step settle_load(struct db *db, int64_t id, struct settle_mail *out, struct error *e);
void settle_mail_fini(struct settle_mail *mail);

/* Is it a mail system's report (a bounce without a proof, a complaint)? */
bool settle_is_report(const struct settle_mail *mail);
/* Addresses a report calls no good for ever: what confirming it suppresses. The caller frees the list
 * and each; NULL and 0 when there is none. */
char **settle_dead_addresses(const struct inbox *inbox, const struct settle_mail *mail, size_t *count);

struct settle_result {
	int64_t ask, version;
	char state[16];         /* of the ask, "" = none */
	size_t suppressed;
};
/* A person's mail: its figures, or `values` if staff read them otherwise (NULL = as read), count from now
 * on. A report: its dead addresses get no more letters. ERROR_INPUT: there is no ask yet (assign), or no
 * figure to confirm. */
int settle_confirm(struct inbox *inbox, const struct settle_mail *mail, const json_t *values,
	const char *actor, struct settle_result *result, struct error *e);
/* It is no answer: what it had set to `received` is set back. */
int settle_ignore(struct inbox *inbox, const struct settle_mail *mail, const char *actor, const char *why,
	struct settle_result *result, struct error *e);
/* It belongs to this ask. */
int settle_assign(struct inbox *inbox, const struct settle_mail *mail, int64_t ask, const char *actor,
	struct error *e);

#endif
