#include "store/campaign_row.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"

static const char *const state_names[] = {"draft", "running", "paused", "cancelled", "finished"};

const char *campaign_state_name(enum campaign_state state)
{
	return state_names[state];
}

void campaign_row_fini(struct campaign_row *row)
{
	free(row->slug);
	free(row->kind);
	free(row->title);
	free(row->content_hash);
	free(row->state_reason);
	*row = (struct campaign_row){0};
}

static int read_state(const char *name, enum campaign_state *state, struct error *e)
{
	for (unsigned i = 0; i < sizeof state_names / sizeof *state_names; i++)
		if (name != NULL && strcmp(name, state_names[i]) == 0) {
			*state = (enum campaign_state)i;
			return 0;
		}
	return error_set(e, ERROR_INTERNAL, "campaign.state \"%s\" is unknown", name == NULL ? "" : name);
}

static enum db_step read_row(struct db_stmt *stmt, struct campaign_row *row, struct error *e)
{
	*row = (struct campaign_row){0};
	enum db_step step = db_step(stmt, e);
	if (step != DB_ROW)
		return step;
	*row = (struct campaign_row){.id = db_int(stmt, 0),
		.slug = xstrdup(db_text(stmt, 1)),
		.kind = xstrdup(db_text(stmt, 2)),
		.title = xstrdup(db_text(stmt, 3)),
		.content_hash = xstrdup(db_text(stmt, 4)),
		.state_reason = xstrdup(db_text(stmt, 6)),
		.priority = db_int(stmt, 7),
		.hold = db_int(stmt, 8) != 0,
		.expanded = db_int(stmt, 9) != 0,
		.total = db_int(stmt, 10),
		.not_after_ms = db_is_null(stmt, 11) ? TIME_NEVER_MS : db_int(stmt, 11),
		.launched_ms = db_int(stmt, 12),
		.finished_ms = db_int(stmt, 13)};
	int rc = read_state(db_text(stmt, 5), &row->state, e);
	db_reset(stmt);
	if (rc != 0)
		campaign_row_fini(row);
	return rc == 0 ? DB_ROW : DB_FAILED;
}

#define COLUMNS                                                                                    \
	"id, slug, kind, title, content_hash, state, state_reason, priority, hold, expanded, total,"  \
	" not_after_ms, launched_ms, finished_ms"

enum db_step campaign_row_by_slug(struct db *db, const char *slug, struct campaign_row *row,
	struct error *e)
{
	struct db_stmt *stmt;
	*row = (struct campaign_row){0};
	if (db_query(db, &stmt, e, "SELECT " COLUMNS " FROM campaign WHERE slug = $1", "s", slug) != 0)
		return DB_FAILED;
	return read_row(stmt, row, e);
}

enum db_step campaign_row_by_id(struct db *db, int64_t id, struct campaign_row *row, struct error *e)
{
	struct db_stmt *stmt;
	*row = (struct campaign_row){0};
	if (db_query(db, &stmt, e, "SELECT " COLUMNS " FROM campaign WHERE id = $1", "i", id) != 0)
		return DB_FAILED;
	return read_row(stmt, row, e);
}

int campaign_row_set_state(struct db *db, int64_t id, enum campaign_state state, const char *reason,
	struct error *e)
{
	return db_exec(db, e, "UPDATE campaign SET state = $2, state_reason = $3 WHERE id = $1", "iss", id,
		state_names[state], reason);
}
