#include "control/order.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "audit/audit.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "store/again.h"

#define WAIT_MOST_MS 5000
#define LOOK_EVERY_MS 20
#define SUBJECT_SIZE 200

static char *source_of(const struct orderer *who)
{
	return xasprintf("vestnik/%s", who->actor);
}

/* What the audit log is told: no names and addresses. */
static int note(const struct orderer *who, struct db *tx, enum task_type type, const char *slug, const char *id,
	const json_t *data, struct error *e)
{
	char subject[SUBJECT_SIZE];
	bool personal = type == TASK_NOTIFY || type == TASK_RECIPIENT_READDRESS;
	if (who->key == NULL)
		return 0;
	snprintf(subject, sizeof subject, "%s:%s",
		type == TASK_NOTIFY ? "notice" : type == TASK_RECIPIENT_READDRESS ? "recipient" : "campaign",
		type == TASK_NOTIFY ? id : slug);
	json_t *facts = personal ? json_object() : json_deep_copy(data);
	json_object_set_new(facts, "task", json_string(id));
	const struct audit_act act = {.actor = who->actor,
		.origin = who->origin,
		.action = task_short_name(type),
		.subject = subject,
		.facts = facts,
		.detail = type == TASK_RECIPIENT_READDRESS ? data : NULL};
	int rc = audit_write(tx, who->key, &act, e);
	json_decref(facts);
	return rc;
}

int order_put(const struct orderer *who, struct db *tx, enum task_type type, const char *slug, const json_t *data,
	char id[static IDENT_SIZE], struct error *e)
{
	struct buf text;
	char proof[TASK_PROOF_SIZE], *source = source_of(who);
	int64_t now_ms = clock_now_ms();
	int rc = -1;
	ident_new(id);
	buf_init(&text, BUS_MESSAGE_MAX_BYTES);
	if (task_write(type, source, id, now_ms, data, &text) != 0) {
		(void)error_set(e, ERROR_INPUT, "the task is longer than %d bytes", BUS_MESSAGE_MAX_BYTES);
		goto out;
	}
	const struct bus_message message = {.topic = BUS_TASKS,
		.headers = who->key == NULL ? NULL : task_prove(who->key, text.data, text.len, proof),
		.key = slug,
		.id = id,
		.source = source,
		.type = task_type_name(type),
		.time_ms = now_ms,
		.content_type = TASK_STRUCTURED,
		.data = text.data,
		.len = text.len};
	rc = bus_publish_tx(who->bus, tx, &message, e);
	if (rc == 0)
		rc = note(who, tx, type, slug, id, data, e);
out:
	buf_fini(&text);
	free(source);
	return rc;
}

/* Its result, or "" when the planner has not come to it. */
static int look(struct db *db, const char *source, const char *id, int wait_ms, char out[static ORDER_RESULT_SIZE],
	struct error *e)
{
	int64_t until = clock_mono_ms() + wait_ms;
	out[0] = '\0';
	for (;;) {
		struct db_stmt *row;
		if (db_query(db, &row, e, "SELECT result FROM task_seen WHERE source = $1 AND id = $2", "ss", source, id) != 0)
			return -1;
		enum db_step step = db_step(row, e);
		if (step == DB_ROW) {
			strncat(out, db_text(row, 0), ORDER_RESULT_SIZE - 1);
			db_reset(row);
			return 0;
		}
		if (step == DB_FAILED)
			return -1;
		if (clock_mono_ms() >= until)
			return 0;
		nanosleep(&(struct timespec){.tv_nsec = LOOK_EVERY_MS * 1000000L}, NULL);
	}
}

int order_await(const struct orderer *who, struct db *db, const char *id, int wait_ms, enum order_outcome *outcome,
	char result[static ORDER_RESULT_SIZE], struct error *e)
{
	static const char refused[] = "refused: ";
	char *source = source_of(who), found[ORDER_RESULT_SIZE];
	int rc = look(db, source, id, wait_ms, found, e);
	free(source);
	result[0] = '\0';
	if (rc != 0)
		return -1;
	*outcome = found[0] == '\0' ? ORDER_QUEUED : strcmp(found, "accepted") == 0 ? ORDER_APPLIED : ORDER_REFUSED;
	if (*outcome == ORDER_REFUSED)
		memmove(result, found + (strncmp(found, refused, sizeof refused - 1) == 0 ? sizeof refused - 1 : 0),
			strlen(found) + 1 - (strncmp(found, refused, sizeof refused - 1) == 0 ? sizeof refused - 1 : 0));
	return 0;
}

struct giving {
	const struct orderer *who;
	enum task_type type;
	const char *slug;
	const json_t *data;
	char id[IDENT_SIZE];
};

static int give(void *arg, struct db *tx, struct error *e)
{
	struct giving *g = arg;
	return order_put(g->who, tx, g->type, g->slug, g->data, g->id, e);
}

int order_give(const struct orderer *who, struct db *db, enum task_type type, const char *slug, const json_t *data,
	enum order_outcome *outcome, char result[static ORDER_RESULT_SIZE], struct error *e)
{
	struct giving g = {.who = who, .type = type, .slug = slug, .data = data};
	if (again_transact(db, give, &g, e) != 0)
		return -1;
	return order_await(who, db, g.id, WAIT_MOST_MS, outcome, result, e);
}
