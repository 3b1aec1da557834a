/* Walking the chain. Entries may be added meanwhile: each piece is one read transaction, and the head is
 * looked at in the one that found no more entries. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "audit/chain.h"
#include "base/lang.h"

#define PIECE 2000 /* entries of one read transaction: some 20 ms */

struct walking {
	const struct ident_key *key;
	const struct audit_head *known;
	struct audit_walk *walk;
	struct audit_verdict *out;
};

static void bad(struct walking *w, int64_t number, const char *why)
{
	w->walk->done = true;
	w->out->first_bad = number;
	snprintf(w->out->why, sizeof w->out->why, "%s", why);
}

static const char *text_of(struct db_stmt *row, int column)
{
	const char *text = db_text(row, column);
	return text == NULL ? "" : text;
}

/* number, time_ms, actor, origin, action, subject, facts, detail, mac, salt, detail's text */
static void check_entry(struct walking *w, struct db_stmt *row)
{
	struct audit_walk *walk = w->walk;
	int64_t number = db_int(row, 0), wanted = walk->at.number + 1;
	char mac[IDENT_HASH_SIZE], hash[IDENT_HASH_SIZE];
	const char *texts[CHAIN_TEXTS];
	for (int i = 0; i < CHAIN_TEXTS; i++)
		texts[i] = text_of(row, 2 + i);
	if (number != wanted) {
		bad(w, wanted, tr("the entry is missing", "записи нет"));
		return;
	}
	chain_mac(w->key, walk->at.mac, number, db_int(row, 1), texts, mac);
	if (strcmp(mac, text_of(row, 8)) != 0) {
		bad(w, number, tr("the entry was changed, or an entry before it was exchanged, or the key is another one",
			"запись изменена, либо подменена запись перед ней, либо ключ другой"));
		return;
	}
	bool has_text = !db_is_null(row, 10);
	if (has_text)
		chain_detail(text_of(row, 9), text_of(row, 10), hash);
	if (has_text && strcmp(hash, texts[5]) != 0) {
		bad(w, number, tr("the entry's details were changed", "подробности записи изменены"));
		return;
	}
	if (w->known != NULL && w->known->number == number && strncmp(w->known->mac, mac, strlen(w->known->mac)) != 0) {
		bad(w, number, tr("the chain is another one than that whose head was noted", "цепочка не та, голову которой записали"));
		return;
	}
	walk->erased += !has_text && texts[5][0] != '\0';
	walk->at.number = number;
	snprintf(walk->at.mac, sizeof walk->at.mac, "%s", mac);
}

static int check_piece(struct db *db, struct walking *w, int64_t most, int64_t *found, struct error *e)
{
	struct db_stmt *row;
	enum db_step step;
	*found = 0;
	if (db_query(db, &row, e,
		    "SELECT a.number, a.time_ms, a.actor, a.origin, a.action, a.subject, a.facts, a.detail, a.mac,"
		    " d.salt, d.detail FROM audit_entry a LEFT JOIN audit_detail d ON d.number = a.number"
		    " WHERE a.number > $1 ORDER BY a.number LIMIT $2",
		    "ii", w->walk->at.number, most) != 0)
		return -1;
	while ((step = db_step(row, e)) == DB_ROW) {
		++*found;
		check_entry(w, row);
		if (w->walk->done)
			break;
	}
	db_reset(row);
	return step == DB_FAILED ? -1 : 0;
}

/* After the last entry: the head says the same, and what was noted is not beyond it. */
static int check_end(struct db *db, struct walking *w, struct error *e)
{
	struct audit_head head;
	const struct audit_head *at = &w->walk->at;
	int64_t stray = 0, early = 0;
	if (audit_head(db, &head, e) != 0 ||
		db_query_int(db, &stray, e,
			"SELECT COALESCE(MIN(number), 0) FROM audit_detail WHERE number > $1 OR number < 1", "i", at->number) == DB_FAILED ||
		db_query_int(db, &early, e, "SELECT COUNT(*) FROM audit_entry WHERE number < 1", "") == DB_FAILED)
		return -1;
	w->walk->done = true;
	if (head.number > at->number || (w->known != NULL && w->known->number > at->number))
		bad(w, at->number + 1, tr("the end of the log was cut off", "конец журнала отрезан"));
	else if (head.number != at->number || strcmp(head.mac, at->mac) != 0)
		bad(w, at->number, tr("the noted end of the log is another one", "отмеченный конец журнала другой"));
	else if (early != 0)
		bad(w, 1, tr("there are entries before the first", "есть записи до первой"));
	else if (stray != 0)
		bad(w, stray, tr("there are details without an entry", "есть подробности без записи"));
	return 0;
}

static int piece(struct db *db, struct walking *w, int64_t most, int64_t *found, struct error *e)
{
	if (db_begin(db, DB_READ, e) != 0)
		return -1;
	int rc = check_piece(db, w, most, found, e);
	if (rc == 0 && !w->walk->done && *found < most)
		rc = check_end(db, w, e);
	db_rollback(db);
	return rc;
}

int audit_verify_some(struct db *db, const struct ident_key *key, const struct audit_head *known,
	struct audit_walk *walk, int64_t most, struct audit_verdict *out, struct error *e)
{
	struct walking w = {key, known, walk, out};
	*out = (struct audit_verdict){0};
	while (!walk->done && most > 0) {
		int64_t found;
		if (piece(db, &w, most < PIECE ? most : PIECE, &found, e) != 0)
			return -1;
		most -= found;
	}
	out->entries = walk->at.number;
	out->erased = walk->erased;
	return 0;
}

int audit_verify(struct db *db, const struct ident_key *key, const struct audit_head *known,
	struct audit_verdict *out, struct error *e)
{
	struct audit_walk walk = {0};
	return audit_verify_some(db, key, known, &walk, INT64_MAX, out, e);
}
