/* Reading the log, newest first. */
#include <string.h>

#include "audit/audit.h"

#define READ_MOST 1000000

static const char *beginning(const char *text)
{
	return text == NULL ? "" : text;
}

int audit_each(struct db *db, const struct audit_filter *filter,
	int (*each)(void *arg, const struct audit_entry *entry), void *arg, struct error *e)
{
	struct db_stmt *row;
	enum db_step step;
	int rc = 0;
	if (db_query(db, &row, e,
		    "SELECT a.number, a.time_ms, a.actor, a.origin, a.action, a.subject, a.facts, a.detail, d.detail"
		    " FROM audit_entry a LEFT JOIN audit_detail d ON d.number = a.number"
		    " WHERE a.number < $1 AND substr(a.actor, 1, length(CAST($2 AS TEXT))) = $2"
		    " AND substr(a.action, 1, length(CAST($3 AS TEXT))) = $3"
		    " AND substr(a.subject, 1, length(CAST($4 AS TEXT))) = $4 AND a.time_ms >= $5 AND a.time_ms < $6"
		    " ORDER BY a.number DESC LIMIT $7",
		    "isssiii", filter->before > 0 ? filter->before : INT64_MAX, beginning(filter->actor),
		    beginning(filter->action), beginning(filter->subject), filter->since_ms,
		    filter->until_ms > 0 ? filter->until_ms : INT64_MAX,
		    filter->most > 0 ? filter->most : (int64_t)READ_MOST) != 0)
		return -1;
	while ((step = db_step(row, e)) == DB_ROW && rc == 0) {
		const char *hash = db_text(row, 7);
		const struct audit_entry entry = {.number = db_int(row, 0),
			.time_ms = db_int(row, 1),
			.actor = db_text(row, 2),
			.origin = db_text(row, 3),
			.action = db_text(row, 4),
			.subject = db_text(row, 5),
			.facts = db_text(row, 6),
			.detail = db_text(row, 8),
			.erased = hash[0] != '\0' && db_is_null(row, 8)};
		rc = each(arg, &entry);
	}
	db_reset(row);
	return step == DB_FAILED ? -1 : rc;
}

int audit_head(struct db *db, struct audit_head *out, struct error *e)
{
	struct db_stmt *row;
	*out = (struct audit_head){0};
	if (db_query(db, &row, e, "SELECT number, mac FROM audit_head WHERE id = 1", "") != 0)
		return -1;
	enum db_step step = db_step(row, e);
	if (step == DB_ROW) {
		out->number = db_int(row, 0);
		strncat(out->mac, db_text(row, 1), sizeof out->mac - 1);
	}
	db_reset(row);
	return step == DB_FAILED ? -1 : 0; /* no row: nothing was ever written */
}
