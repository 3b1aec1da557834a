/* What people write, and what their programs write for them. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "answer/answer.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "intake/answer_mail.h"
#include "intake/ask_match.h"
#include "intake/auto_reply.h"
#include "intake/case.h"
#include "intake/receipt.h"
#include "intake/reply_text.h"
#include "intake/trust.h"

/* A mail that has passed so many servers goes round in a circle (RFC 5321 6.3 advises 100). */
#define HOPS_MAX 100
#define WORDS_MAX_BYTES (16 * 1024) /* of a mail, kept for `vestnik mail show` */
#define TRIES_MAX 20 /* MACs computed for a Message-ID */
#define THANKS_MAX_BYTES 100 /* «Спасибо большое, всё получили!» has 55; who explains something writes more */

/* ---- what is no person's ------------------------------------------------------------- */

static bool ignore(struct intake_case *c, const char *why)
{
	c->state = CASE_STATE_IGNORED;
	c->keep_raw = true; /* a mistake of ours can be mended */
	case_note(c, "%s", why);
	return true;
}

/* Our own letter came back whole: a contact that is this mailbox, a rule that forwards. */
static bool is_own(const struct intake_case *c)
{
	const char *id = mail_field(c->mail, "Message-ID");
	struct match match = {0};
	int tries = TRIES_MAX;
	return id != NULL && match_tag(c->inbox->key, id, strlen(id), &tries, &match);
}

static bool is_noise(struct intake_case *c)
{
	const char *sign;
	if (is_own(c))
		return ignore(c, tr("our own letter", "наше собственное письмо"));
	if (mail_field_at(c->mail, "Received", HOPS_MAX) != NULL)
		return ignore(c, tr("goes round in a circle", "ходит по кругу"));
	if (c->found->findings.item[0].kind != MAIL_AUTO_REPLY && auto_reply_of(c->mail, &sign) != AUTO_NOT)
		return ignore(c, tr("a newsletter or notice, no answer", "рассылка или уведомление, не ответ"));
	return false;
}

/* ---- which ask ------------------------------------------------------------------------------ */

/* A receipt or notice of ours knows its ask in the fields it was filled with. */
static int ask_of_notice(struct intake_case *c, struct error *e)
{
	struct db_stmt *stmt;
	if (db_query(c->inbox->db, &stmt, e, "SELECT fields FROM delivery WHERE key = $1", "i", c->letter.key) !=
		0)
		return -1;
	enum db_step step = db_step(stmt, e);
	if (step == DB_ROW) {
		json_t *fields = json_loads(db_text(stmt, 0), 0, NULL);
		c->letter.ask =
			json_integer_value(json_object_get(json_object_get(fields, "@"), "ask"));
		json_decref(fields);
	}
	db_reset(stmt);
	return step == DB_FAILED ? -1 : 0;
}

static int find_letter(struct intake_case *c, struct error *e)
{
	if (case_find_letter(c, c->found->match.delivery, e) != 0)
		return -1;
	if (c->letter.key != 0 && c->letter.recipient == 0)
		return ask_of_notice(c, e);
	return 0;
}

static void keep_words(struct intake_case *c)
{
	char *own = reply_text(c->mail);
	c->words = xstrndup(own, strnlen(own, WORDS_MAX_BYTES));
	gate_utf8_mend(c->words);
	free(own);
}

/* ---- absences ---------------------------------------------------------------------------------- */

/* Believed at once: what a false one can do is a reminder to the second contact, too. But only about a
 * letter of ours: anybody can write "out of office". */
static int absence(struct intake_case *c, struct error *e)
{
	struct ask ask;
	keep_words(c);
	c->ask = c->letter.recipient == 0 ? 0 : c->letter.ask;
	if (c->ask == 0) {
		(void)ignore(c, tr("an automatic reply to nothing that was asked",
					"автоматический ответ не на запрос"));
		return 0;
	}
	enum db_step step = ask_by_id(c->inbox->db, c->ask, &ask, e);
	if (step != DB_ROW)
		return step == DB_FAILED ? -1 : 0;
	bool open = ask.state == ASK_OPEN;
	ask_fini(&ask);
	if (!open)
		return 0;
	case_note(c, "%s",
		tr("the next reminder goes to the second contact, too",
			"следующее напоминание уйдёт и второму контакту"));
	return ask_trouble_change(c->inbox->db, c->ask, ASK_TROUBLE_ABSENT, 0, e);
}

/* ---- people --------------------------------------------------------------------------------------- */

struct answering {
	struct ask ask;
	struct sheet_mail sheet;
	bool proven;  /* a right MAC names the letter, or the form */
	bool named;   /* the letter's number stands in the mail */
	bool contact; /* the sender's address is one of the organisation's */
};

static int find_ask(struct intake_case *c, struct answering *a, struct error *e)
{
	struct ask_match match = {0};
	int64_t sure = a->sheet.ask != 0 ? a->sheet.ask : c->letter.ask;
	a->proven = sure != 0;
	if (!a->proven && c->letter.key == 0 && c->sender[0] != '\0' &&
		ask_match_by_sender(c->inbox->db, c->sender, c->mail, &match, e) != 0)
		return -1;
	a->named = match.by_number;
	int64_t id = a->proven ? sure : match.ask;
	if (id == 0)
		return 0;
	enum db_step step = ask_by_id(c->inbox->db, id, &a->ask, e);
	if (step != DB_ROW)
		return step == DB_FAILED ? -1 : 0;
	c->ask = id;
	if (c->sender[0] == '\0')
		return 0;
	return ask_match_contact(c->inbox->db, a->ask.organisation, c->sender, &a->contact, e);
}

/* The staff's list with what they would decide; the figure is shown beside it (`vestnik mail show`). */
static int for_staff(struct intake_case *c, const struct answering *a, struct error *e)
{
	const char *who = a->contact ? tr("the sender's server does not vouch for him (DMARC)",
					       "подлинность отправителя не подтверждена (DMARC)")
			  : c->sender[0] == '\0'
				  ? tr("who sent it cannot be said", "непонятно, кто отправитель")
				  : tr("the sender is no contact of the organisation",
					    "отправитель не из контактов организации");
	if (a->contact && !a->proven && !a->named)
		who = tr("names no letter of ours; only the sender fits",
			"наше письмо не названо; подходит только отправитель");
	case_review(c, "%s", who);
	struct answer_reading none = {0};
	/* To the organisation's own address, about a letter it got: nobody else learns anything. */
	if (a->contact && a->proven && receipt_send(c, &a->ask, &none, NULL, c->sender, e) != 0)
		return -1;
	return ask_trouble_change(c->inbox->db, a->ask.id, ASK_TROUBLE_REVIEW, 0, e);
}

/* «Количество участников: 56; …», for people. */
#define VALUES_MAX_BYTES 1000
static char *values_in_words(const struct answer_reading *reading)
{
	struct buf out;
	buf_init(&out, VALUES_MAX_BYTES);
	for (size_t i = 0; i < reading->fields.count; i++) {
		const struct field *field = &reading->fields.item[i];
		const json_t *value = json_object_get(reading->values, field->name);
		if (value == NULL)
			continue;
		char *shown = field_show(field, value, lang_get());
		(void)buf_printf(&out, "%s%s: %s", out.len > 0 ? "; " : "", field->label, shown);
		free(shown);
	}
	return buf_take(&out);
}

static void note_recorded(struct intake_case *c, const struct answer_reading *reading,
	const struct answer_outcome *outcome)
{
	char *values = values_in_words(reading);
	bool figures = json_object_size(reading->values) > 0;
	if (reading->sheet && !outcome->differs)
		case_note(c, tr("recorded from the workbook, version %lld", "записано из таблицы, версия %lld"),
			(long long)outcome->version);
	else
		case_review(c, tr("recorded as version %lld: %s", "записано, версия %lld: %s"),
			(long long)outcome->version,
			figures		       ? values
			: reading->sheet_trouble != NULL ? reading->sheet_trouble
			: reading->ambiguous ? tr("which figure is meant is not clear",
						       "какое число имеется в виду, неясно")
					     : tr("no figure was found", "числа не найдено"));
	c->keep_raw = true;
	free(values);
}

/* «Спасибо!» after the form was filled in, or the same figures once more: nobody need look at it. */
static int is_old_news(struct intake_case *c, const struct answering *a, const struct answer_reading *reading,
	bool *old, struct error *e)
{
	json_t *counting = NULL;
	const char *name;
	json_t *value;
	*old = false;
	if (a->ask.state != ASK_CONFIRMED || reading->files_kept > 0 || reading->files_left > 0 ||
		reading->ambiguous || reading->sheet_trouble != NULL)
		return 0;
	/* «Просим исправить …» in words only: nobody but a person can tell that it changes nothing. */
	if (json_object_size(reading->values) == 0 && strlen(c->words) > THANKS_MAX_BYTES)
		return 0;
	if (answer_counting(c->inbox->db, &a->ask, &counting, e) != 0)
		return -1;
	*old = true;
	json_object_foreach(reading->values, name, value)
		*old = *old && json_equal(json_object_get(counting, name), value);
	json_decref(counting);
	return 0;
}

static int believed(struct intake_case *c, struct answering *a, struct error *e)
{
	struct answer_reading reading;
	struct answer_outcome outcome = {0};
	const struct answer_mail mail = {.mail = c->mail, .sheet = &a->sheet, .words = c->words, .address = c->sender, .id = c->id, .received_ms = c->in->received_ms};
	int rc = answer_mail_read(c->inbox->db, &a->ask, c->words, &a->sheet, &reading, e);
	if (rc == 0)
		rc = answer_mail_record(c->inbox, &a->ask, &mail, &reading, NULL, &outcome, e);
	bool old = false;
	if (rc == 0)
		rc = is_old_news(c, a, &reading, &old, e);
	if (rc == 0 && old) {
		case_note(c, "%s", tr("came after the answer and says nothing new",
					   "пришло после ответа и нового не сообщает"));
		c->keep_raw = true;
	} else if (rc == 0) {
		note_recorded(c, &reading, &outcome);
		rc = receipt_send(c, &a->ask, &reading, &outcome, c->sender, e);
		if (rc == 0 && strcmp(c->state, CASE_STATE_REVIEW) == 0)
			rc = ask_trouble_change(c->inbox->db, a->ask.id, ASK_TROUBLE_REVIEW, 0, e);
	} else if (e->code == ERROR_DENIED || e->code == ERROR_INPUT) {
		/* withdrawn meanwhile, corrected too often: nothing was written, staff read it */
		case_review(c, "%s", e->text);
		rc = 0;
	}
	answer_outcome_fini(&outcome);
	answer_reading_fini(&reading);
	return rc;
}

static int answer_or_ask(struct intake_case *c, struct answering *a, struct error *e)
{
	const struct settings *settings = c->inbox->settings;
	if (find_ask(c, a, e) != 0)
		return -1;
	if (a->ask.id == 0) {
		case_review(c, "%s",
			c->letter.key != 0
				? tr("answers a letter that asks for nothing", "ответ на письмо без запроса")
				: tr("a person's letter that names no letter of ours",
					  "письмо человека, где наше письмо не названо"));
		return 0;
	}
	c->trusted = a->contact && (a->proven || a->named) &&
		     trust_passed(c->mail, c->sender, (const char *const *)settings->intake.trusted_authserv,
			     settings->intake.trusted_authserv_count);
	return c->trusted ? believed(c, a, e) : for_staff(c, a, e);
}

static int person(struct intake_case *c, struct error *e)
{
	struct answering a = {0};
	keep_words(c);
	int rc = sheet_mail_open(c->inbox, c->mail, c->in->bytes, c->in->len, &a.sheet, e);
	if (rc == 0)
		rc = answer_or_ask(c, &a, e);
	sheet_mail_fini(&a.sheet);
	ask_fini(&a.ask);
	return rc;
}

int case_personal(struct intake_case *c, struct error *e)
{
	if (is_noise(c))
		return 0;
	if (find_letter(c, e) != 0)
		return -1;
	return c->found->findings.item[0].kind == MAIL_AUTO_REPLY ? absence(c, e) : person(c, e);
}
