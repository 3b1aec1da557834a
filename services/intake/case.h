/* What the handlers of a mail share: the mail, what was found out about it, and
 * what is to be written into its row. Inside of inbox.c's transaction. */
#ifndef VESTNIK_INTAKE_CASE_H
#define VESTNIK_INTAKE_CASE_H

#include "base/gate.h"
#include "intake/inbox.h"
#include "intake/recognise.h"

#define CASE_STATE_APPLIED "applied"
#define CASE_STATE_REVIEW "review"
#define CASE_STATE_IGNORED "ignored"
#define CASE_STATE_SETTLED "settled"

struct case_letter { /* a letter of ours; key 0 = none */
	int64_t key, campaign, round, recipient, dispatch;
	int state;              /* enum delivery_state */
	char address[GATE_ADDRESS_MAX + 1];
	int64_t ask;            /* what it asks for, 0 = nothing */
};

struct intake_case {
	struct inbox *inbox;
	const struct inbox_mail *in;
	const char *hash;       /* of the bytes */
	const struct mail *mail; /* NULL: the bytes are no mail, or too large */
	const struct recognised *found;
	int64_t id;             /* mail_in.id */
	bool mailbox;           /* it lies in one: not on standard input */
	struct case_letter letter;

	/* for the row */
	const char *kind, *state; /* fixed words */
	char sender[GATE_ADDRESS_MAX + 1]; /* "" = none */
	int64_t ask;            /* 0 = not known */
	bool trusted;
	char *words;            /* owned */
	bool keep_raw;
	char note[400];
};

__attribute__((format(printf, 2, 3))) void case_note(struct intake_case *c, const char *fmt, ...);
/* For staff, with the whole mail. */
__attribute__((format(printf, 2, 3))) void case_review(struct intake_case *c, const char *fmt, ...);

/* The letter with this key. c->letter.key stays 0 when the store does not know it (any more). */
int case_find_letter(struct intake_case *c, int64_t key, struct error *e);

/* Reports of mail systems: bounces, delays, deliveries, complaints. */
int case_report(struct intake_case *c, struct error *e);
/* Programs that answer for people, and people. */
int case_personal(struct intake_case *c, struct error *e);

#endif
