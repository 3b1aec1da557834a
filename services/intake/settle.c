#include "intake/settle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "audit/audit.h"
#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "directory/suppression.h"
#include "intake/case.h"
#include "intake/reply_text.h"
#include "store/again.h"

#define SOURCE "vestnik/mail"

/* ---- reading ------------------------------------------------------------------------- */

static char *text_or_null(struct db_stmt *stmt, int column)
{
	return db_is_null(stmt, column) ? NULL : xstrdup(db_text(stmt, column));
}

enum db_step settle_load(struct db *db, int64_t id, struct settle_mail *out, struct error *e)
{
	struct db_stmt *stmt;
	struct error ignored;
	*out = (struct settle_mail){.id = id};
	if (db_query(db, &stmt, e,
		    "SELECT m.received_ms, m.delivery, m.ask, m.trusted, m.mailbox, m.kind, m.state, m.matched,"
		    " m.address, m.name, m.subject, m.words, m.note, b.data,"
		    " (SELECT max(a.version) FROM answer a WHERE a.ask = m.ask AND a.mail = m.id"
		    "  AND a.state IN ('proposed', 'differs'))"
		    " FROM mail_in m LEFT JOIN blob b ON b.hash = m.raw WHERE m.id = $1",
		    "i", id) != 0)
		return DB_FAILED;
	enum db_step step = db_step(stmt, e);
	if (step != DB_ROW)
		return step;
	out->received_ms = db_int(stmt, 0);
	out->delivery = db_int(stmt, 1);
	out->ask = db_int(stmt, 2);
	out->trusted = db_int(stmt, 3) != 0;
	char **const texts[] = {&out->mailbox, &out->kind, &out->state, &out->matched, &out->address, &out->name,
		&out->subject, &out->words, &out->note};
	for (int i = 0; i < (int)(sizeof texts / sizeof *texts); i++)
		*texts[i] = text_or_null(stmt, 4 + i);
	if (!db_is_null(stmt, 13)) {
		const void *data = db_blob(stmt, 13, &out->raw_len);
		out->raw = xmalloc(out->raw_len + 1); /* NUL-terminated: it is shown as text, too */
		if (out->raw_len > 0)
			memcpy(out->raw, data, out->raw_len);
		out->raw[out->raw_len] = '\0';
	}
	out->version = db_int(stmt, 14);
	db_reset(stmt);
	if (out->raw != NULL && mail_parse(out->raw, out->raw_len, &out->mail, &ignored) != 0)
		out->mail = NULL;
	return DB_ROW;
}

void settle_mail_fini(struct settle_mail *mail)
{
	char *const texts[] = {mail->mailbox, mail->kind, mail->state, mail->matched, mail->address, mail->name,
		mail->subject, mail->words, mail->note, mail->raw};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		free(texts[i]);
	mail_free(&mail->mail);
	*mail = (struct settle_mail){0};
}

bool settle_is_report(const struct settle_mail *mail)
{
	return strcmp(mail->kind, "bounce") == 0 || strcmp(mail->kind, "complaint") == 0 ||
	       strcmp(mail->kind, "delayed") == 0 || strcmp(mail->kind, "delivered") == 0;
}

char **settle_dead_addresses(const struct inbox *inbox, const struct settle_mail *mail, size_t *count)
{
	struct recognised found;
	char **list = NULL;
	*count = 0;
	if (mail->mail == NULL || !settle_is_report(mail))
		return NULL;
	recognise(mail->mail, inbox->key, NULL, &found);
	for (size_t i = 0; i < found.findings.count; i++) {
		const struct finding *one = &found.findings.item[i];
		char address[GATE_ADDRESS_MAX + 1];
		struct error ignored;
		bool dead = (one->kind == MAIL_BOUNCE && one->class == BOUNCE_HARD) || one->kind == MAIL_COMPLAINT;
		if (!dead || one->inner || one->recipient == NULL ||
			gate_address(one->recipient, address, &ignored) != 0)
			continue;
		list = xrealloc(list, *count + 1, sizeof *list);
		list[(*count)++] = xstrdup(address);
	}
	recognised_fini(&found);
	return list;
}

/* ---- writing -------------------------------------------------------------------------------- */

struct settling {
	struct inbox *inbox;
	const struct settle_mail *mail;
	const json_t *values;
	int64_t ask;
	const char *actor, *why;
	struct settle_result *result;
};

/* No address and no words of the mail: what was decided about which. */
static int audit(const struct settling *s, const char *action, struct error *e)
{
	const struct inbox *inbox = s->inbox;
	char subject[60];
	if (inbox->auditor == NULL)
		return 0;
	snprintf(subject, sizeof subject, "mail:%lld", (long long)s->mail->id);
	json_t *facts = json_pack("{s:I}", "ask", (json_int_t)(s->ask != 0 ? s->ask : s->mail->ask));
	if (s->result != NULL && s->result->state[0] != '\0')
		json_object_set_new(facts, "state", json_string(s->result->state));
	if (s->result != NULL && s->result->suppressed > 0)
		json_object_set_new(facts, "suppressed", json_integer((json_int_t)s->result->suppressed));
	json_t *detail = s->why == NULL ? NULL : json_pack("{s:s}", "reason", s->why);
	const struct audit_act act = {.actor = inbox->auditor, .origin = inbox->origin, .action = action, .subject = subject,
		.facts = facts, .detail = detail};
	int rc = audit_write(inbox->db, inbox->key, &act, e);
	json_decref(facts);
	json_decref(detail);
	return rc;
}

static int transact(struct settling *s, const char *action, int (*work)(struct settling *s, struct error *e), struct error *e)
{
	struct again again = {0};
	int rc;
	do {
		rc = db_begin(s->inbox->db, DB_WRITE, e);
		if (rc == 0)
			rc = work(s, e);
		if (rc == 0)
			rc = audit(s, action, e);
		if (rc == 0)
			rc = db_commit(s->inbox->db, DB_DURABLE, e);
		db_rollback(s->inbox->db);
	} while (rc != 0 && again_after_conflict(&again, e));
	return rc;
}

static int set_mail(struct settling *s, const char *state, const char *note, struct error *e)
{
	return db_exec(s->inbox->db, e, "UPDATE mail_in SET state = $2, note = $3 WHERE id = $1", "iss",
		s->mail->id, state, note);
}

/* The mark goes when no other mail about the ask waits. */
static int clear_mark(struct settling *s, int64_t ask, struct error *e)
{
	int64_t waiting = 0;
	if (ask == 0)
		return 0;
	if (db_query_int(s->inbox->db, &waiting, e,
		    "SELECT count(*) FROM mail_in WHERE ask = $1 AND state = 'review'", "i", ask) == DB_FAILED)
		return -1;
	return waiting > 0 ? 0 : ask_trouble_change(s->inbox->db, ask, 0, ASK_TROUBLE_REVIEW, e);
}

static int confirm_report(struct settling *s, struct error *e)
{
	size_t count;
	char **list = settle_dead_addresses(s->inbox, s->mail, &count);
	int rc = count > 0 ? 0
			   : error_set(e, ERROR_INPUT, "%s",
				     tr("it says of no address that it is no good: nothing to confirm (ignore it)",
					     "ни об одном адресе не сказано, что он не годится: подтверждать нечего "
					     "(mail ignore)"));
	for (size_t i = 0; i < count; i++) {
		bool added = false;
		if (rc == 0)
			rc = suppression_add_tx(s->inbox->db, list[i], s->mail->kind, s->actor, &added, e);
		s->result->suppressed += added;
		free(list[i]);
	}
	free(list);
	char *note = xasprintf(tr("confirmed by %s", "подтверждено: %s"), s->actor);
	if (rc == 0)
		rc = set_mail(s, CASE_STATE_SETTLED, note, e);
	free(note);
	return rc;
}

static int no_figure(const struct ask *ask, const struct answer_reading *reading, struct error *e)
{
	struct buf names;
	buf_init(&names, 300);
	for (size_t i = 0; i < reading->fields.count; i++)
		(void)buf_printf(&names, "%s%s", i == 0 ? "" : ", ", reading->fields.item[i].name);
	(void)error_set(e, ERROR_INPUT,
		tr("no figure was read out of it: say which, --set FIELD=VALUE (%s of %s)",
			"число из письма не прочитано: укажите его, --set ПОЛЕ=ЗНАЧЕНИЕ (%s; запрос %s)"),
		buf_str(&names), ask->slug);
	buf_fini(&names);
	return -1;
}

/* The version of this mail, written now if it was not (nobody believed the sender). */
static int version_of(struct settling *s, const struct ask *ask, const struct sheet_mail *sheet,
	struct answer_reading *reading, int64_t *version, struct error *e)
{
	const struct settle_mail *m = s->mail;
	struct answer_outcome outcome = {0};
	struct answer_mail mail = {.mail = m->mail, .sheet = sheet,
		.words = m->words == NULL ? "" : m->words, .address = m->address, .id = m->id,
		.received_ms = m->received_ms};
	*version = m->version;
	if (*version != 0 && s->values == NULL)
		return 0;
	if (s->values != NULL) {
		json_decref(reading->values);
		reading->values = json_deep_copy(s->values);
		reading->sheet = false; /* the form was read otherwise by a person */
	}
	if (json_object_size(reading->values) == 0 && reading->fields.count > 0)
		return no_figure(ask, reading, e);
	int rc = answer_mail_record(s->inbox, ask, &mail, reading, NULL, &outcome, e);
	*version = outcome.version;
	answer_outcome_fini(&outcome);
	return rc;
}

static int confirm_answer(struct settling *s, const struct ask *ask, struct error *e)
{
	struct answer_reading reading = {0};
	struct answer_outcome outcome = {0};
	struct sheet_mail sheet;
	int64_t version = 0;
	int rc = sheet_mail_open(s->inbox, s->mail->mail, s->mail->raw, s->mail->raw_len, &sheet, e);
	if (rc == 0)
		rc = answer_mail_read(s->inbox->db, ask, s->mail->words == NULL ? "" : s->mail->words, &sheet,
			&reading, e);
	/* A message without figures was recorded as such: confirming it needs one now. */
	if (rc == 0 && s->values == NULL && json_object_size(reading.values) == 0 && reading.fields.count > 0)
		rc = no_figure(ask, &reading, e);
	if (rc == 0)
		rc = version_of(s, ask, &sheet, &reading, &version, e);
	if (rc == 0)
		rc = answer_decide(s->inbox->db, s->inbox->bus, SOURCE, ask->id, version, ANSWER_CONFIRM, s->actor,
			NULL, &outcome, e);
	if (rc == 0) {
		s->result->ask = ask->id;
		s->result->version = outcome.version;
		snprintf(s->result->state, sizeof s->result->state, "%s", ask_state_name(outcome.state));
	}
	answer_outcome_fini(&outcome);
	answer_reading_fini(&reading);
	sheet_mail_fini(&sheet);
	return rc;
}

static int confirm(struct settling *s, struct error *e)
{
	struct ask ask;
	*s->result = (struct settle_result){0};
	if (settle_is_report(s->mail))
		return confirm_report(s, e);
	if (s->mail->ask == 0)
		return error_set(e, ERROR_INPUT, "%s",
			tr("it is not known what it answers: assign it first (vestnik mail assign)",
				"неизвестно, на что это ответ: сначала vestnik mail assign"));
	enum db_step step = ask_by_id(s->inbox->db, s->mail->ask, &ask, e);
	if (step != DB_ROW)
		return step == DB_FAILED ? -1 : error_set(e, ERROR_NOT_FOUND, "%s", tr("the ask is gone", "запроса уже нет"));
	int rc = confirm_answer(s, &ask, e);
	ask_fini(&ask);
	char *note = xasprintf(tr("confirmed by %s, version %lld", "подтверждено: %s, версия %lld"), s->actor,
		(long long)s->result->version);
	if (rc == 0)
		rc = set_mail(s, CASE_STATE_SETTLED, note, e);
	free(note);
	return rc == 0 ? clear_mark(s, s->mail->ask, e) : -1;
}

static int ignore(struct settling *s, struct error *e)
{
	struct answer_outcome outcome = {0};
	*s->result = (struct settle_result){.ask = s->mail->ask};
	if (s->mail->version != 0) {
		if (answer_decide(s->inbox->db, s->inbox->bus, SOURCE, s->mail->ask, s->mail->version,
			    ANSWER_REFUSE, s->actor, s->why, &outcome, e) != 0)
			return -1;
		snprintf(s->result->state, sizeof s->result->state, "%s", ask_state_name(outcome.state));
		answer_outcome_fini(&outcome);
	}
	char *note = s->why == NULL ? xasprintf(tr("ignored by %s", "отклонено: %s"), s->actor)
				    : xasprintf(tr("ignored by %s: %s", "отклонено: %s: %s"), s->actor, s->why);
	int rc = set_mail(s, CASE_STATE_IGNORED, note, e);
	free(note);
	return rc == 0 ? clear_mark(s, s->mail->ask, e) : -1;
}

static int assign(struct settling *s, struct error *e)
{
	if (s->mail->version != 0)
		return error_set(e, ERROR_CONFLICT, "%s",
			tr("it is recorded as an answer already: ignore it there first",
				"письмо уже записано как ответ: сначала vestnik mail ignore"));
	char *note = xasprintf(tr("assigned by %s", "отнесено: %s"), s->actor);
	int rc = db_exec(s->inbox->db, e,
		"UPDATE mail_in SET ask = $2, state = 'review', note = $3 WHERE id = $1", "iis", s->mail->id, s->ask,
		note);
	free(note);
	if (rc == 0)
		rc = ask_trouble_change(s->inbox->db, s->ask, ASK_TROUBLE_REVIEW, 0, e);
	return rc == 0 && s->mail->ask != s->ask ? clear_mark(s, s->mail->ask, e) : rc;
}

int settle_confirm(struct inbox *inbox, const struct settle_mail *mail, const json_t *values,
	const char *actor, struct settle_result *result, struct error *e)
{
	struct settling s = {.inbox = inbox, .mail = mail, .values = values, .actor = actor, .result = result};
	return transact(&s, "mail.confirm", confirm, e);
}

int settle_ignore(struct inbox *inbox, const struct settle_mail *mail, const char *actor, const char *why,
	struct settle_result *result, struct error *e)
{
	struct settling s = {.inbox = inbox, .mail = mail, .actor = actor, .why = why, .result = result};
	return transact(&s, "mail.ignore", ignore, e);
}

int settle_assign(struct inbox *inbox, const struct settle_mail *mail, int64_t ask, const char *actor,
	struct error *e)
{
	struct settling s = {.inbox = inbox, .mail = mail, .ask = ask, .actor = actor};
	return transact(&s, "mail.assign", assign, e);
}
