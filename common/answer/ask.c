/* Asks read and kept: their row, their states' names, what is wrong with them. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "answer/answer.h"
#include "answer/answer_inside.h"
#include "base/clock.h"
#include "base/lang.h"
#include "base/xalloc.h"

static const char *const state_names[ASK_STATES] = {
	"open", "received", "partial", "confirmed", "withdrawn"};
static const char *const way_names[ANSWER_WAYS] = {
	"form", "reply", "mail", "sheet", "cascade", "staff", "phone", "import"};

const char *ask_state_name(enum ask_state state)
{
	return state_names[state];
}

int ask_state_parse(const char *name, enum ask_state *state)
{
	for (int i = 0; i < ASK_STATES; i++)
		if (strcmp(name, state_names[i]) == 0) {
			*state = (enum ask_state)i;
			return 0;
		}
	return -1;
}

const char *ask_state_words(enum ask_state state)
{
	switch (state) {
	case ASK_OPEN:
		return tr("no answer", "нет ответа");
	case ASK_RECEIVED:
		return tr("received", "получено");
	case ASK_PARTIAL:
		return tr("partial", "частично");
	case ASK_CONFIRMED:
		return tr("answered", "отвечено");
	case ASK_WITHDRAWN:
		return tr("withdrawn", "отозвано");
	case ASK_STATES:
		break;
	}
	return "";
}

const char *answer_way_name(enum answer_way way)
{
	return way_names[way];
}

int answer_way_parse(const char *name, enum answer_way *way)
{
	for (int i = 0; i < ANSWER_WAYS; i++)
		if (strcmp(name, way_names[i]) == 0) {
			*way = (enum answer_way)i;
			return 0;
		}
	return -1;
}

const char *answer_way_words(enum answer_way way)
{
	switch (way) {
	case ANSWER_FORM:
		return tr("by the form", "по форме");
	case ANSWER_REPLY:
		return tr("by replying", "ответным письмом");
	case ANSWER_MAIL:
		return tr("by a letter of their own", "отдельным письмом");
	case ANSWER_SHEET:
		return tr("by the Excel form", "формой Excel");
	case ANSWER_CASCADE:
		return tr("as a sum of those below", "сводом по подведомственным");
	case ANSWER_STAFF:
		return tr("by staff", "сотрудником");
	case ANSWER_PHONE:
		return tr("by telephone", "по телефону");
	case ANSWER_IMPORT:
		return tr("from a table", "из таблицы");
	case ANSWER_WAYS:
		break;
	}
	return "";
}

const char *answer_state_words(const char *state)
{
	if (strcmp(state, "counts") == 0)
		return tr("counts", "засчитан");
	if (strcmp(state, "proposed") == 0)
		return tr("to be confirmed", "ждёт подтверждения");
	if (strcmp(state, "differs") == 0)
		return tr("differs", "расхождение");
	if (strcmp(state, "superseded") == 0)
		return tr("superseded", "заменён");
	return tr("refused", "отклонён");
}

/* ---- rows --------------------------------------------------------------------------- */

#define COLUMNS                                                                                    \
	"SELECT k.id, k.campaign, k.round, k.organisation, k.parent, r.number, k.level, k.state,"     \
	" k.trouble, k.versions, k.answer, k.deadline_ms, c.slug, o.key, o.name, r.label"             \
	" FROM ask k JOIN campaign c ON c.id = k.campaign JOIN round r ON r.id = k.round"             \
	" LEFT JOIN organisation o ON o.id = k.organisation"

static int64_t int_or(struct db_stmt *row, int column, int64_t otherwise)
{
	return db_is_null(row, column) ? otherwise : db_int(row, column);
}

static int read_ask(struct db_stmt *row, struct ask *out, struct error *e)
{
	const char *state = db_text(row, 7);
	*out = (struct ask){.id = db_int(row, 0),
		.campaign = db_int(row, 1),
		.round = db_int(row, 2),
		.organisation = db_int(row, 3),
		.parent = int_or(row, 4, 0),
		.round_number = db_int(row, 5),
		.level = (int)db_int(row, 6),
		.trouble = db_int(row, 8),
		.versions = db_int(row, 9),
		.answer = int_or(row, 10, 0),
		.deadline_ms = int_or(row, 11, TIME_NEVER_MS)};
	if (ask_state_parse(state == NULL ? "" : state, &out->state) != 0)
		return error_set(e, ERROR_INTERNAL, "ask.state \"%s\" is unknown", state == NULL ? "" : state);
	out->slug = xstrdup(db_text(row, 12));
	out->key = xstrdup(db_is_null(row, 13) ? "" : db_text(row, 13));
	out->name = xstrdup(db_is_null(row, 14) ? "" : db_text(row, 14));
	out->round_label = xstrdup(db_is_null(row, 15) ? "" : db_text(row, 15));
	return 0;
}

void ask_fini(struct ask *ask)
{
	free(ask->slug);
	free(ask->key);
	free(ask->name);
	free(ask->round_label);
	*ask = (struct ask){0};
}

static enum db_step step_ask(struct db_stmt *row, struct ask *out, struct error *e)
{
	enum db_step step = db_step(row, e);
	if (step == DB_ROW && read_ask(row, out, e) != 0)
		step = DB_FAILED;
	db_reset(row);
	return step;
}

enum db_step ask_by_id(struct db *db, int64_t id, struct ask *out, struct error *e)
{
	struct db_stmt *row;
	*out = (struct ask){0};
	if (db_query(db, &row, e, COLUMNS " WHERE k.id = $1", "i", id) != 0)
		return DB_FAILED;
	return step_ask(row, out, e);
}

enum db_step ask_of(struct db *db, int64_t campaign, int64_t round_number, const char *organisation_key,
	struct ask *out, struct error *e)
{
	struct db_stmt *row;
	*out = (struct ask){0};
	if (db_query(db, &row, e,
		    COLUMNS " WHERE r.campaign = $1 AND r.number = $2 AND o.key = $3 AND k.campaign = $1", "iis",
		    campaign, round_number, organisation_key) != 0)
		return DB_FAILED;
	return step_ask(row, out, e);
}

int ask_each(struct db *db, int64_t campaign, int64_t round_number, int64_t after, int most,
	int (*each)(void *arg, const struct ask *ask), void *arg, int64_t *last, struct error *e)
{
	struct db_stmt *row;
	struct ask ask;
	enum db_step step;
	int n = 0;
	*last = after;
	if (db_query(db, &row, e,
		    COLUMNS " WHERE r.campaign = $1 AND r.number = $2 AND k.id > $3 AND k.campaign = $1"
			    " ORDER BY k.id LIMIT $4",
		    "iiii", campaign, round_number, after, (int64_t)most) != 0)
		return -1;
	while ((step = db_step(row, e)) == DB_ROW) {
		int rc = read_ask(row, &ask, e);
		if (rc != 0) {
			db_reset(row);
			return -1;
		}
		n++;
		*last = ask.id;
		rc = each(arg, &ask);
		ask_fini(&ask);
		if (rc != 0) {
			db_reset(row);
			break;
		}
	}
	return step == DB_FAILED ? -1 : n;
}

int ask_trouble_change(struct db *tx, int64_t ask, int64_t set, int64_t clear, struct error *e)
{
	return db_exec(tx, e, "UPDATE ask SET trouble = (trouble | CAST($2 AS BIGINT)) & ~CAST($3 AS BIGINT) WHERE id = $1", "iii", ask, set,
		clear);
}

int ask_fields(struct db *db, int64_t campaign, struct fields *out, struct error *e)
{
	struct db_stmt *row;
	*out = (struct fields){0};
	if (db_query(db, &row, e, "SELECT definition FROM campaign WHERE id = $1", "i", campaign) != 0)
		return -1;
	enum db_step step = db_step(row, e);
	json_t *definition = step == DB_ROW ? json_loads(db_text(row, 0), 0, NULL) : NULL;
	db_reset(row);
	if (step == DB_FAILED)
		return -1;
	if (definition == NULL)
		return error_set(e, ERROR_INTERNAL, "campaign %lld has no definition", (long long)campaign);
	int rc = fields_read(json_object_get(json_object_get(definition, "ask"), "fields"), out, e);
	json_decref(definition);
	return rc;
}
