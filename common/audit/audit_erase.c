/* Taking out of the log what names a person. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "base/xalloc.h"
#include "calendar/fold.h"

#define PIECE 500

static bool mentioned(const char *value, const char *text)
{
	size_t len;
	return value != NULL && fold_find(value, text, &len) != NULL;
}

/* Anywhere in it: values, and names of members. */
static bool mentions(json_t *value, const char *text)
{
	const char *name;
	json_t *member;
	size_t i;
	if (json_is_string(value))
		return mentioned(json_string_value(value), text);
	json_array_foreach(value, i, member)
		if (mentions(member, text))
			return true;
	json_object_foreach(value, name, member)
		if (mentioned(name, text) || mentions(member, text))
			return true;
	return false;
}

struct piece {
	int64_t found[PIECE], last;
	size_t count, rows;
};

static int read_piece(struct db *tx, const char *text, struct piece *piece, struct error *e)
{
	struct db_stmt *row;
	enum db_step step;
	piece->count = piece->rows = 0;
	if (db_query(tx, &row, e, "SELECT number, detail FROM audit_detail WHERE number > $1 ORDER BY number LIMIT $2", "ii",
		    piece->last, (int64_t)PIECE) != 0)
		return -1;
	while ((step = db_step(row, e)) == DB_ROW) {
		json_t *detail = json_loads(db_text(row, 1), JSON_DECODE_ANY, NULL);
		piece->last = db_int(row, 0);
		piece->rows++;
		/* what is no JSON was tampered with; erased all the same */
		if (detail == NULL ? mentioned(db_text(row, 1), text) : mentions(detail, text))
			piece->found[piece->count++] = piece->last;
		json_decref(detail);
	}
	return step == DB_FAILED ? -1 : 0;
}

int audit_erase(struct db *tx, const char *text, int64_t *count, struct error *e)
{
	struct piece *piece = xcalloc(1, sizeof *piece);
	int rc;
	*count = 0;
	do {
		rc = read_piece(tx, text, piece, e);
		for (size_t i = 0; rc == 0 && i < piece->count; i++)
			rc = db_exec(tx, e, "DELETE FROM audit_detail WHERE number = $1", "i", piece->found[i]);
		*count += rc == 0 ? (int64_t)piece->count : 0;
	} while (rc == 0 && piece->rows == PIECE);
	free(piece);
	return rc;
}
