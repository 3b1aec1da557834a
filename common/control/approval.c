#include "control/approval.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "control/note.h"

#define SUBJECT_SIZE 200

static const struct {
	const char *name, *en, *ru;
} states[] = {[APPROVAL_NONE] = {"none", "not asked for", "не запрошено"},
	[APPROVAL_ASKED] = {"asked", "waits for a second person", "ждёт согласования"},
	[APPROVAL_APPROVED] = {"approved", "approved", "согласовано"},
	[APPROVAL_REFUSED] = {"refused", "refused", "отклонено"}};

const char *approval_state_name(enum approval_state state)
{
	return states[state].name;
}

const char *approval_state_words(enum approval_state state)
{
	return tr(states[state].en, states[state].ru);
}

bool approval_wanted(const struct settings *settings, int64_t recipients)
{
	return settings->console.approve_from > 0 && recipients >= settings->console.approve_from;
}

/* ---- reading ------------------------------------------------------------------------------ */

void approval_fini(struct approval *approval)
{
	char *texts[] = {approval->campaign, approval->title, approval->content_hash, approval->requested_by,
		approval->person, approval->decided_by, approval->note};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		free(texts[i]);
	*approval = (struct approval){0};
}

static enum approval_state state_of(const char *name)
{
	for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
		if (strcmp(states[i].name, name) == 0)
			return (enum approval_state)i;
	return APPROVAL_NONE;
}

static char *copy(struct db_stmt *row, int column)
{
	return db_is_null(row, column) ? NULL : xstrdup(db_text(row, column));
}

#define COLUMNS                                                                                                        \
	"SELECT a.campaign, c.title, a.content_hash, a.state, a.requested_by, a.decided_by, a.note, a.requested_ms,"   \
	" COALESCE(a.decided_ms, 0), a.recipients,"                                                                    \
	" CASE WHEN c.state = 'draft' AND c.content_hash = a.content_hash AND NOT EXISTS (SELECT 1 FROM composition k" \
	" WHERE k.slug = a.campaign AND k.changed_ms > a.requested_ms) THEN 1 ELSE 0 END,"                             \
	" COALESCE((SELECT y.created_by FROM api_key y WHERE a.requested_by = 'api/' || y.id), a.requested_by)"        \
	" FROM approval a LEFT JOIN campaign c ON c.slug = a.campaign "

static void take_row(struct db_stmt *row, struct approval *out)
{
	*out = (struct approval){.campaign = copy(row, 0),
		.title = copy(row, 1),
		.content_hash = copy(row, 2),
		.state = state_of(db_text(row, 3)),
		.requested_by = copy(row, 4),
		.decided_by = copy(row, 5),
		.note = copy(row, 6),
		.requested_ms = db_int(row, 7),
		.decided_ms = db_int(row, 8),
		.recipients = db_int(row, 9),
		.current = db_int(row, 10) != 0,
		.person = copy(row, 11)};
}

enum db_step approval_of(struct db *db, const char *slug, const char *content_hash, struct approval *out, struct error *e)
{
	struct db_stmt *row;
	*out = (struct approval){0};
	if (db_query(db, &row, e,
		    COLUMNS "WHERE a.campaign = $1 AND (CAST($2 AS TEXT) IS NULL OR a.content_hash = CAST($2 AS TEXT))"
			    " ORDER BY a.requested_ms DESC LIMIT 1",
		    "ss", slug, content_hash) != 0)
		return DB_FAILED;
	enum db_step step = db_step(row, e);
	if (step == DB_ROW)
		take_row(row, out);
	db_reset(row);
	return step;
}

int approval_each(struct db *db, bool waiting, int64_t most, int (*each)(void *arg, const struct approval *approval),
	void *arg, struct error *e)
{
	struct db_stmt *row;
	enum db_step step;
	int rc = waiting ? db_query(db, &row, e, COLUMNS "WHERE a.state = 'asked' ORDER BY a.requested_ms LIMIT $1", "i", most)
			 : db_query(db, &row, e, COLUMNS "ORDER BY a.requested_ms DESC LIMIT $1", "i", most);
	if (rc != 0)
		return -1;
	while ((step = db_step(row, e)) == DB_ROW && rc == 0) {
		struct approval approval;
		take_row(row, &approval);
		rc = each(arg, &approval);
		approval_fini(&approval);
	}
	db_reset(row);
	return step == DB_FAILED ? -1 : 0;
}

/* ---- asking ------------------------------------------------------------------------------- */

static int tell(const struct orderer *who, struct db *tx, const char *action, const char *slug, json_t *facts,
	json_t *detail, struct error *e)
{
	char subject[SUBJECT_SIZE];
	(void)snprintf(subject, sizeof subject, "campaign:%s", slug);
	return note_write(who, tx, action, subject, facts, detail, e);
}

int approval_ask(const struct orderer *who, struct db *tx, const char *slug, const char *content_hash,
	int64_t recipients, struct error *e)
{
	if (db_exec(tx, e, "DELETE FROM approval WHERE campaign = $1 AND content_hash <> $2 AND state = 'asked'", "ss", slug,
		    content_hash) != 0 ||
		db_exec(tx, e,
			"INSERT INTO approval (campaign, content_hash, requested_by, requested_ms, state, recipients)"
			" VALUES ($1, $2, $3, $4, 'asked', $5) ON CONFLICT (campaign, content_hash) DO UPDATE SET"
			" requested_by = excluded.requested_by, requested_ms = excluded.requested_ms, state = 'asked',"
			" recipients = excluded.recipients, decided_by = NULL, decided_ms = NULL, note = NULL"
			" WHERE approval.state <> 'approved'",
			"sssii", slug, content_hash, who->actor, clock_now_ms(), recipients) != 0)
		return -1;
	return tell(who, tx, "approval.ask", slug,
		json_pack("{s:s, s:I}", "content_hash", content_hash, "recipients", (json_int_t)recipients), NULL, e);
}

int approval_withdraw(struct db *tx, const char *slug, struct error *e)
{
	return db_exec(tx, e, "DELETE FROM approval WHERE campaign = $1 AND state = 'asked'", "s", slug);
}

static int order_launch(const struct orderer *who, struct db *tx, const char *slug, const char *content_hash,
	char id[static IDENT_SIZE], struct error *e)
{
	json_t *data = json_pack("{s:s, s:s}", "campaign", slug, "content_hash", content_hash);
	int rc = order_put(who, tx, TASK_CAMPAIGN_LAUNCH, slug, data, id, e);
	json_decref(data);
	return rc;
}

int approval_launch(const struct orderer *who, struct db *tx, const char *slug, const char *content_hash,
	int64_t recipients, bool *asked, char id[static IDENT_SIZE], struct error *e)
{
	struct approval approval = {0};
	id[0] = '\0';
	*asked = false;
	if (approval_wanted(who->settings, recipients)) {
		enum db_step step = approval_of(tx, slug, content_hash, &approval, e);
		*asked = approval.state != APPROVAL_APPROVED;
		approval_fini(&approval);
		if (step == DB_FAILED)
			return -1;
	}
	return *asked ? approval_ask(who, tx, slug, content_hash, recipients, e)
		      : order_launch(who, tx, slug, content_hash, id, e);
}

/* ---- deciding ----------------------------------------------------------------------------- */

static int may_decide(const struct orderer *who, const struct approval *approval, bool approve, const char *note,
	struct error *e)
{
	if (approval->state != APPROVAL_ASKED)
		return error_set(e, ERROR_CONFLICT, tr("somebody has decided already: %s", "уже решено: %s"),
			approval_state_words(approval->state));
	if (strcmp(approval->person, who->actor) == 0)
		return error_set(e, ERROR_DENIED, "%s",
			tr("a second person decides, not the one who asked", "решает второй человек, а не тот, кто запросил согласование"));
	if (!approval->current)
		return error_set(e, ERROR_CONFLICT, "%s",
			tr("the campaign was changed or launched since: what was asked for is no longer its content",
				"рассылку с тех пор изменили или запустили: согласовать нужно уже другое содержание"));
	if (!approve && (note == NULL || note[strspn(note, " \t\r\n")] == '\0'))
		return error_set(e, ERROR_INPUT, "%s", tr("say why it is refused", "укажите, почему отклонено"));
	if (note != NULL && strlen(note) > APPROVAL_NOTE_MAX_BYTES)
		return error_set(e, ERROR_INPUT, tr("the note is longer than %d bytes", "примечание длиннее %d байт"),
			APPROVAL_NOTE_MAX_BYTES);
	return 0;
}

int approval_decide(const struct orderer *who, struct db *tx, const char *slug, const char *content_hash, bool approve,
	const char *note, char id[static IDENT_SIZE], struct error *e)
{
	struct approval approval = {0};
	id[0] = '\0';
	/* two who decide at once: one of them begins anew (PostgreSQL) and sees the other's word */
	if (db_exec(tx, e, "UPDATE approval SET state = state WHERE campaign = $1 AND content_hash = $2", "ss", slug,
		    content_hash) != 0)
		return -1;
	enum db_step step = approval_of(tx, slug, content_hash, &approval, e);
	int rc = step == DB_ROW ? may_decide(who, &approval, approve, note, e)
		: step == DB_DONE
		? error_set(e, ERROR_NOT_FOUND, tr("nobody has asked for approval of «%.100s»", "согласования рассылки «%.100s» никто не запрашивал"), slug)
		: -1;
	if (rc == 0)
		rc = db_exec(tx, e,
			"UPDATE approval SET state = $3, decided_by = $4, decided_ms = $5, note = $6"
			" WHERE campaign = $1 AND content_hash = $2",
			"ssssis", slug, content_hash, approve ? "approved" : "refused", who->actor, clock_now_ms(), note);
	if (rc == 0)
		rc = tell(who, tx, approve ? "approval.approve" : "approval.refuse", slug,
			json_pack("{s:s, s:s, s:I}", "content_hash", content_hash, "asked_by", approval.requested_by, "recipients",
				(json_int_t)approval.recipients),
			note == NULL ? NULL : json_pack("{s:s}", "note", note), e);
	if (rc == 0 && approve)
		rc = order_launch(who, tx, slug, content_hash, id, e);
	approval_fini(&approval);
	return rc;
}

/* ---- the planner's look ---------------------------------------------------------------------- */

int approval_check(const struct settings *settings, struct db *tx, const char *slug, const char *content_hash,
	int64_t recipients, struct error *e)
{
	struct approval approval;
	if (!approval_wanted(settings, recipients))
		return 0;
	enum db_step step = approval_of(tx, slug, content_hash, &approval, e);
	enum approval_state state = approval.state;
	approval_fini(&approval);
	if (step == DB_FAILED)
		return -1;
	if (state == APPROVAL_APPROVED)
		return 0;
	return error_set(e, ERROR_DENIED,
		tr("campaign \"%.100s\" goes to %" PRId64 " recipients or more: from there on a second person approves the launch"
		   " (console.approve_from); now: %s",
			"в рассылке «%.100s» адресатов не менее %" PRId64 ": такой запуск согласовывает второй человек"
			" (console.approve_from); сейчас: %s"),
		slug, settings->console.approve_from, approval_state_words(state));
}
