/* Which ask is a person's mail about? The letter it answers says so for certain
 * (a right MAC); else the sender's address and the outgoing number of the letter
 * in the mail's subject or text; else nothing is certain. */
#ifndef VESTNIK_INTAKE_ASK_MATCH_H
#define VESTNIK_INTAKE_ASK_MATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "intake/mail.h"
#include "store/db.h"

struct ask_match {
	int64_t ask;   /* 0 = none, or several */
	bool by_number; /* false: only the sender fits, staff decide */
};
/* Among the asks of organisations that have this contact address. */
int ask_match_by_sender(struct db *db, const char *sender, const struct mail *mail, struct ask_match *out,
	struct error *e);

/* Does the number of a document («01-12/345», "5") stand in the text as a number of its own? Short
 * ones only behind «№» or "No.". */
bool ask_match_number(const char *text, const char *number);

/* Is it an address of one of the organisation's contacts? */
int ask_match_contact(struct db *db, int64_t organisation, const char *address, bool *is, struct error *e);

#endif
