/* An entry of the audit log beside a change whose function begins and commits by itself:
 *
 *	struct note note;
 *	note_begin(&note, &who, db, "suppression.add", "suppression:list", facts, detail);
 *	int rc = suppression_add(db, …);
 *	note_end(&note);
 *
 * The entry is written in that transaction, as its last statement (db_in_commit). Who commits in his
 * own hands calls audit_write instead. */
#ifndef VESTNIK_CONTROL_NOTE_H
#define VESTNIK_CONTROL_NOTE_H

#include "control/order.h"

struct note {
	const struct orderer *who;
	struct db *db;
	char *action, *subject;
	json_t *facts, *detail;
};
/* facts, detail: taken over; NULL = none; note.facts may still be added to until the commit. */
void note_begin(struct note *note, const struct orderer *who, struct db *db, const char *action, const char *subject,
	json_t *facts, json_t *detail);
/* Takes the entry away if nothing was committed; frees. Allowed on {0}. */
void note_end(struct note *note);
/* In tx, for those who have one; nothing where there is no key (who->key NULL). Takes facts and detail over. */
int note_write(const struct orderer *who, struct db *tx, const char *action, const char *subject, json_t *facts,
	json_t *detail, struct error *e);

#endif
