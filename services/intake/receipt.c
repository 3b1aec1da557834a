#include "intake/receipt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "intake/charset.h"
#include "message/task.h"

#define DAY_MS (24LL * 3600 * 1000)
#define MISSING_MAX_BYTES 1000

static const char *word(enum lang lang, const char *en, const char *ru)
{
	return lang == LANG_RU ? ru : en;
}

/* false: there was one today. */
static int take_turn(struct intake_case *c, int64_t ask, bool *mine, struct error *e)
{
	int rc = db_exec(c->inbox->db, e,
		"INSERT INTO receipt (ask, day) VALUES ($1, $2) ON CONFLICT (ask, day) DO NOTHING", "ii", ask,
		clock_now_ms() / DAY_MS);
	*mine = rc == 0 && db_changes(c->inbox->db) > 0;
	return rc;
}

/* ---- what it says ----------------------------------------------------------------------- */

/* The values that were understood: «Количество участников: 25», a line each. */
static char *understood(const struct answer_reading *reading, enum lang lang)
{
	struct buf out;
	buf_init(&out, MISSING_MAX_BYTES);
	for (size_t i = 0; i < reading->fields.count; i++) {
		const struct field *field = &reading->fields.item[i];
		const json_t *value = json_object_get(reading->values, field->name);
		if (value == NULL || json_is_null(value))
			continue;
		char *shown = field_show(field, value, lang);
		(void)buf_printf(&out, "%s%s: %s", out.len == 0 ? "" : "; ", field->label, shown);
		free(shown);
	}
	return buf_take(&out);
}

static char *missing(const struct answer_reading *reading, const json_t *names)
{
	struct buf out;
	buf_init(&out, MISSING_MAX_BYTES);
	for (size_t i = 0; i < json_array_size(names); i++) {
		const char *name = json_string_value(json_array_get(names, i));
		const struct field *field = name == NULL ? NULL : fields_find(&reading->fields, name);
		if (field != NULL)
			(void)buf_printf(&out, "%s%s", out.len == 0 ? "" : "; ", field->label);
	}
	return buf_take(&out);
}

/* Every value through a field of the letter, which escapes it: a mail's words are no Markdown. */
static char *text_of(enum lang lang, const json_t *values, bool link, bool believed)
{
	struct buf out;
	buf_init(&out, 8000);
	(void)buf_puts(&out, word(lang, "Your letter has been received: {{receipt.title}}.\n\n",
				     "Ваше письмо получено: {{receipt.title}}.\n\n"));
	if (json_object_get(values, "understood") != NULL)
		(void)buf_puts(&out, word(lang, "Understood: **{{receipt.understood}}**\n\n",
					     "Из него понято: **{{receipt.understood}}**\n\n"));
	if (json_object_get(values, "counts") != NULL)
		(void)buf_puts(&out, word(lang, "This is recorded.\n\n", "Это записано.\n\n"));
	else if (believed)
		(void)buf_puts(&out, word(lang, "Staff will look at the letter and confirm the figures.\n\n",
					     "Письмо посмотрят сотрудники и подтвердят сведения.\n\n"));
	else
		(void)buf_puts(&out, word(lang, "Staff will look at it.\n\n", "Его посмотрят сотрудники.\n\n"));
	if (json_object_get(values, "trouble") != NULL)
		(void)buf_puts(&out, word(lang, "In the workbook please correct:\n\n{{receipt.trouble}}\n\n",
					     "В таблице, пожалуйста, исправьте:\n\n{{receipt.trouble}}\n\n"));
	if (json_object_get(values, "left") != NULL)
		(void)buf_puts(&out, word(lang, "Some of the attached files could not be taken: {{receipt.left}}.\n\n",
					     "Не все вложения удалось принять, пропущено: {{receipt.left}}.\n\n"));
	if (json_object_get(values, "missing") != NULL)
		(void)buf_puts(&out, word(lang, "Still wanted: {{receipt.missing}}.\n\n",
					     "Осталось сообщить: {{receipt.missing}}.\n\n"));
	if (link)
		(void)buf_puts(&out, word(lang, "[Complete or correct the answer]({{link.answer}})\n\n",
					     "[Дополнить или исправить ответ]({{link.answer}})\n\n"));
	(void)buf_puts(&out, word(lang, "This is an automatic notice.\n", "Это автоматическое уведомление.\n"));
	return buf_take(&out);
}

static void put(json_t *object, const char *name, char *owned)
{
	if (owned != NULL && owned[0] != '\0')
		json_object_set_new(object, name, json_string(owned));
	free(owned);
}

static json_t *values_of(const struct answer_reading *reading, const struct answer_outcome *outcome,
	const char *title, enum lang lang)
{
	json_t *values = json_pack("{s:s}", "title", title);
	if (outcome == NULL)
		return values;
	put(values, "understood", understood(reading, lang));
	put(values, "missing", missing(reading, outcome->missing));
	if (reading->sheet && (outcome->state == ASK_CONFIRMED || outcome->state == ASK_PARTIAL))
		json_object_set_new(values, "counts", json_true());
	if (reading->sheet_trouble != NULL)
		json_object_set_new(values, "trouble", json_string(reading->sheet_trouble));
	if (reading->files_left > 0)
		put(values, "left", xasprintf("%zu", reading->files_left));
	return values;
}

/* ---- where it goes --------------------------------------------------------------------------- */

struct campaign_facts {
	json_t *definition;
	int64_t expires_ms; /* of the letters' links */
};

static int read_facts(struct intake_case *c, const struct ask *ask, struct campaign_facts *out, struct error *e)
{
	struct db_stmt *stmt;
	*out = (struct campaign_facts){.expires_ms = TIME_NEVER_MS};
	if (db_query(c->inbox->db, &stmt, e,
		    "SELECT c.definition, (SELECT d.fields FROM delivery d WHERE d.round = $2 AND"
		    " d.recipient = $3 ORDER BY d.key DESC LIMIT 1) FROM campaign c WHERE c.id = $1",
		    "iii", ask->campaign, ask->round, ask->organisation) != 0)
		return -1;
	enum db_step step = db_step(stmt, e);
	if (step == DB_ROW) {
		out->definition = json_loads(db_text(stmt, 0), 0, NULL);
		json_t *fields = db_is_null(stmt, 1) ? NULL : json_loads(db_text(stmt, 1), 0, NULL);
		const json_t *expires = json_object_get(json_object_get(fields, "@"), "expires_ms");
		if (json_is_integer(expires))
			out->expires_ms = json_integer_value(expires);
		json_decref(fields);
	}
	db_reset(stmt);
	return step == DB_FAILED ? -1 : 0;
}

/* The Message-ID of the mail, if it may stand in a header. New reference or NULL. */
static json_t *answered_id(const struct mail *mail)
{
	const char *id = mail_field(mail, "Message-ID");
	const char *open = id == NULL ? NULL : strchr(id, '<');
	const char *close = open == NULL ? NULL : strchr(open, '>');
	if (close == NULL || close - open < 4 || close - open > 200)
		return NULL;
	for (const char *p = open + 1; p < close; p++)
		if (*p <= 0x20 || *p > 0x7e || *p == '<')
			return NULL;
	return json_stringn(open + 1, (size_t)(close - open - 1));
}

static json_t *task_data(struct intake_case *c, const struct ask *ask, const struct answer_reading *reading,
	const struct answer_outcome *outcome, const char *to, const struct campaign_facts *facts)
{
	const json_t *d = facts->definition;
	const char *language = json_string_value(json_object_get(d, "lang"));
	const char *title = json_string_value(json_object_get(d, "title"));
	const json_t *from = json_object_get(d, "from");
	enum lang lang = language != NULL && strcmp(language, "en") == 0 ? LANG_EN : LANG_RU;
	char *named = ask->round_label[0] == '\0'
		? xstrdup(title == NULL ? ask->slug : title)
		: xasprintf("%s (%s)", title == NULL ? ask->slug : title, ask->round_label);
	json_t *ids = json_pack("{s:I,s:b}", "ask", (json_int_t)ask->id, "receipt", 1);
	if (facts->expires_ms != TIME_NEVER_MS)
		json_object_set_new(ids, "expires_ms", json_integer(facts->expires_ms));
	json_t *answered = answered_id(c->mail);
	if (answered != NULL)
		json_object_set_new(ids, "in_reply_to", answered);
	json_t *fields = json_pack("{s:o,s:o,s:{s:s,s:s}}", "@", ids, "receipt",
		values_of(reading, outcome, named, lang), "recipient", "name", ask->name, "address", to);
	char *text = text_of(lang, json_object_get(fields, "receipt"), c->inbox->settings->public_url != NULL,
		outcome != NULL);
	json_t *data = json_pack("{s:s,s:s,s:b,s:[{s:s,s:o}]}", "subject",
		word(lang, "Received: {{receipt.title}}", "Получено: {{receipt.title}}"), "text", text, "urgent", 1,
		"to", "address", to, "fields", fields);
	const char *from_address = json_string_value(json_object_get(from, "address"));
	const char *from_name = json_string_value(json_object_get(from, "name"));
	if (data != NULL && from_address != NULL) {
		json_t *sender = json_pack("{s:s}", "address", from_address);
		if (from_name != NULL && from_name[0] != '\0')
			json_object_set_new(sender, "name", json_string(from_name));
		json_object_set_new(data, "from", sender);
		const json_t *reply_to = json_object_get(d, "reply_to");
		if (json_is_string(reply_to))
			json_object_set(data, "reply_to", (json_t *)(uintptr_t)reply_to);
	}
	free(text);
	free(named);
	return data;
}

static int publish(struct intake_case *c, const json_t *data, struct error *e)
{
	char id[64], proof[TASK_PROOF_SIZE];
	struct buf text;
	buf_init(&text, BUS_MESSAGE_MAX_BYTES);
	snprintf(id, sizeof id, "receipt-%.40s", c->hash);
	int rc = task_write(TASK_NOTIFY, INBOX_SOURCE, id, clock_now_ms(), data, &text) == 0
		? 0
		: error_set(e, ERROR_INTERNAL, "a receipt grew over a message's size");
	if (rc == 0)
		rc = bus_publish_tx(c->inbox->bus, c->inbox->db,
			&(struct bus_message){.topic = BUS_TASKS, .id = id, .source = INBOX_SOURCE,
				.type = task_type_name(TASK_NOTIFY), .time_ms = clock_now_ms(),
				.content_type = TASK_STRUCTURED,
				.headers = task_prove(c->inbox->key, text.data, text.len, proof),
				.data = text.data, .len = text.len},
			e);
	buf_fini(&text);
	return rc;
}

int receipt_send(struct intake_case *c, const struct ask *ask, const struct answer_reading *reading,
	const struct answer_outcome *outcome, const char *to, struct error *e)
{
	bool mine;
	struct campaign_facts facts;
	if (!c->inbox->settings->intake.receipts)
		return 0;
	if (take_turn(c, ask->id, &mine, e) != 0)
		return -1;
	if (!mine)
		return 0;
	if (read_facts(c, ask, &facts, e) != 0)
		return -1;
	json_t *data = task_data(c, ask, reading, outcome, to, &facts);
	int rc = data == NULL ? error_set(e, ERROR_INTERNAL, "a receipt could not be written as JSON")
			      : publish(c, data, e);
	json_decref(data);
	json_decref(facts.definition);
	return rc;
}
