#include "control/note.h"

#include <stdlib.h>

#include "audit/audit.h"
#include "base/xalloc.h"

static int write_entry(const struct orderer *who, struct db *tx, const char *action, const char *subject,
	const json_t *facts, const json_t *detail, struct error *e)
{
	const struct audit_act act = {.actor = who->actor,
		.origin = who->origin,
		.action = action,
		.subject = subject,
		.facts = facts,
		.detail = detail};
	return who->key == NULL ? 0 : audit_write(tx, who->key, &act, e);
}

static int in_commit(void *arg, struct db *tx, struct error *e)
{
	struct note *note = arg;
	return write_entry(note->who, tx, note->action, note->subject, note->facts, note->detail, e);
}

void note_begin(struct note *note, const struct orderer *who, struct db *db, const char *action, const char *subject,
	json_t *facts, json_t *detail)
{
	*note = (struct note){.who = who,
		.db = db,
		.action = xstrdup(action),
		.subject = xstrdup(subject),
		.facts = facts != NULL ? facts : json_object(),
		.detail = detail};
	db_in_commit(db, in_commit, note);
}

void note_end(struct note *note)
{
	if (note->db != NULL)
		db_in_commit(note->db, NULL, NULL);
	json_decref(note->facts);
	json_decref(note->detail);
	free(note->action);
	free(note->subject);
	*note = (struct note){0};
}

int note_write(const struct orderer *who, struct db *tx, const char *action, const char *subject, json_t *facts,
	json_t *detail, struct error *e)
{
	int rc = write_entry(who, tx, action, subject, facts, detail, e);
	json_decref(facts);
	json_decref(detail);
	return rc;
}
