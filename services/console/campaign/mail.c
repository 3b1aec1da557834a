/* /mail/{id}, /bounces/{id}: one mail, what was read out of it beside it, and the decision. Everything in it was
 * written by strangers. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "askform/ask_form.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "console/campaign/mail_place.h"
#include "console/campaign/part.h"
#include "intake/body.h"
#include "intake/settle.h"

#define WORDS_SHOWN_BYTES ((size_t)32 * 1024)
#define FOUND_MOST 12 /* organisations offered */
#define NAMED_MOST 200 /* organisations whose name fits, and which are asked something */
#define REASON_MAX_BYTES 300

struct mailing {
	struct visit *visit;
	bool reports;            /* /bounces: of mail systems alone */
	struct inbox inbox;
	struct settle_mail mail;
	struct sheet_mail sheet;
	struct ask ask;
	bool has_ask;
	struct answer_reading reading;
	struct ask_form form;
};

static void mailing_fini(struct mailing *m)
{
	ask_form_fini(&m->form);
	answer_reading_fini(&m->reading);
	if (m->has_ask)
		ask_fini(&m->ask);
	sheet_mail_fini(&m->sheet);
	settle_mail_fini(&m->mail);
}

static int read_proposal(struct mailing *m, struct error *e)
{
	enum db_step step = m->mail.ask == 0 ? DB_DONE : ask_by_id(m->visit->db, m->mail.ask, &m->ask, e);
	m->has_ask = step == DB_ROW;
	return step == DB_FAILED || (m->has_ask && answer_mail_read(m->visit->db, &m->ask, m->mail.words == NULL ? "" : m->mail.words,
						 &m->sheet, &m->reading, e) != 0)
		? -1
		: 0;
}

/* false: the request is answered. */
static bool open(struct visit *visit, bool reports, struct mailing *m)
{
	struct error e = {0};
	long long id;
	*m = (struct mailing){.visit = visit, .reports = reports};
	m->inbox = (struct inbox){.db = visit->db, .bus = visit->console->bus, .key = visit->console->key,
		.settings = visit->console->settings, .auditor = visit->visitor->actor, .origin = web_address(visit->request)};
	enum db_step step = gate_int64(web_part(visit->request, "id"), 1, INT64_MAX, &id) ? settle_load(visit->db, id, &m->mail, &e)
											       : DB_DONE;
	if (step == DB_ROW && settle_is_report(&m->mail) != reports)
		step = DB_DONE; /* the other page's, and another right */
	if (step == DB_ROW && sheet_mail_open(&m->inbox, m->mail.mail, m->mail.raw, m->mail.raw_len, &m->sheet, &e) == 0 &&
		read_proposal(m, &e) == 0)
		return true;
	if (step == DB_DONE)
		console_not_found(visit, tr("There is no such mail.", "Такого письма нет."));
	else
		web_reply_error(visit->request, &e);
	return false;
}

/* ---- showing --------------------------------------------------------------------------------- */

static json_t *files_of(const struct mailing *m)
{
	json_t *files = json_array();
	for (size_t i = 0; i < m->sheet.files.count; i++)
		json_array_append_new(files, json_pack("{s:I, s:s, s:o}", "position", (json_int_t)i, "name", m->sheet.files.item[i].name, "size",
						 show_bytes((int64_t)m->sheet.files.item[i].len)));
	return files;
}

/* Bytes of a mail as text: what is not UTF-8 is made harmless; null for nothing. */
static json_t *shown_text(const char *text)
{
	if (text == NULL)
		return json_null();
	char *copy = xstrndup(text, strnlen(text, WORDS_SHOWN_BYTES));
	gate_utf8_mend(copy);
	json_t *shown = show_text(copy);
	free(copy);
	return shown;
}

static json_t *dead_addresses(const struct mailing *m)
{
	size_t count;
	char **dead = settle_dead_addresses(&m->inbox, &m->mail, &count);
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++) {
		json_array_append_new(list, json_string(dead[i]));
		free(dead[i]);
	}
	free(dead);
	return list;
}

/* Fields the figures can be typed into: files came with the mail itself. */
static json_t *fields_shown(const struct mailing *m)
{
	json_t *all = ask_form_show(&m->form, &m->reading.fields, NULL), *kept = json_array();
	for (size_t i = 0; i < json_array_size(all); i++)
		if (!json_is_true(json_object_get(json_array_get(all, i), "file")))
			json_array_append(kept, json_array_get(all, i));
	json_decref(all);
	return kept;
}

static json_t *candidate(struct db_stmt *stmt)
{
	return json_pack("{s:I, s:s, s:o, s:s, s:o, s:s}", "ask", (json_int_t)db_int(stmt, 0), "name", db_text(stmt, 1), "municipality",
		show_text(db_text(stmt, 2)), "campaign", db_text(stmt, 3), "round", show_text(db_text(stmt, 4)), "state",
		db_text(stmt, 5));
}

static int add_found(json_t *list, struct db_stmt *stmt, struct error *e)
{
	enum db_step step;
	while ((step = db_step(stmt, e)) == DB_ROW) {
		json_t *one = candidate(stmt);
		enum ask_state state = ASK_OPEN;
		(void)ask_state_parse(json_string_value(json_object_get(one, "state")), &state);
		json_object_set_new(one, "state", json_string(ask_state_words(state)));
		json_array_append_new(list, one);
	}
	return step == DB_FAILED ? -1 : 0;
}

#define CANDIDATE "SELECT a.id, o.name, COALESCE(o.municipality, ''), c.title, COALESCE(r.label, ''), a.state"

/* Whom it may be from: by the sender's address, or by what staff look for. The name is looked for among organisations, a
 * bounded number of them: asks are many more. */
static int candidates(const struct mailing *m, json_t *list, struct error *e)
{
	struct db_stmt *stmt;
	char *pattern, *other;
	const char *find = web_query(m->visit->request, "find");
	int rc;
	search_patterns(find == NULL ? "" : find, &pattern, &other);
	if (pattern[0] == '\0')
		rc = m->mail.address == NULL
			? 1
			: db_query(m->visit->db, &stmt, e,
				  CANDIDATE " FROM contact t JOIN organisation o ON o.id = t.organisation JOIN ask a ON a.organisation = o.id"
				  " JOIN round r ON r.id = a.round JOIN campaign c ON c.id = a.campaign WHERE t.address = $1"
				  " AND a.state <> 'withdrawn' AND a.id <> $2 ORDER BY a.id DESC LIMIT $3", "sii", m->mail.address, m->mail.ask,
				  (int64_t)FOUND_MOST);
	else
		rc = db_query(m->visit->db, &stmt, e,
			CANDIDATE " FROM (SELECT id, name, municipality FROM organisation f WHERE (name LIKE $1 ESCAPE '\\'"
			" OR name LIKE $2 ESCAPE '\\' OR key LIKE $1 ESCAPE '\\') AND EXISTS (SELECT 1 FROM ask WHERE organisation = f.id"
			" AND state <> 'withdrawn' AND id <> $3) ORDER BY id LIMIT $5) o CROSS JOIN ask a"
			" JOIN round r ON r.id = a.round JOIN campaign c ON c.id = a.campaign WHERE a.organisation = o.id"
			" AND a.state <> 'withdrawn' AND a.id <> $3 ORDER BY a.id DESC LIMIT $4",
			"ssiii", pattern, other, m->mail.ask, (int64_t)FOUND_MOST, (int64_t)NAMED_MOST);
	free(pattern);
	free(other);
	return rc < 0 ? -1 : rc > 0 ? 0 : add_found(list, stmt, e);
}

static void add_proposal(const struct mailing *m, json_t *data)
{
	if (!m->has_ask) {
		json_object_set_new(data, "proposal", json_null());
		return;
	}
	json_object_set_new(data, "proposal",
		json_pack("{s:I, s:s, s:s, s:o, s:s, s:s, s:b, s:o, s:o, s:b}", "ask", (json_int_t)m->ask.id, "organisation",
			m->ask.name[0] == '\0' ? m->ask.key : m->ask.name, "slug", m->ask.slug, "round", show_text(m->ask.round_label), "state",
			ask_state_words(m->ask.state), "campaign", m->ask.slug, "ambiguous", m->reading.ambiguous, "sheet_trouble",
			show_text(m->reading.sheet_trouble), "fields", fields_shown(m), "nothing", json_object_size(m->reading.values) == 0));
}

static void show(struct mailing *m, int status, const char *alert)
{
	struct visit *visit = m->visit;
	struct error e = {0};
	const struct settle_mail *mail = &m->mail;
	json_t *found = json_array(), *files = files_of(m), *dead = m->reports ? dead_addresses(m) : json_array();
	char *whole = mail->mail == NULL ? NULL : body_text(mail->mail);
	if (!m->reports && candidates(m, found, &e) != 0) {
		json_decref(found);
		json_decref(files);
		json_decref(dead);
		free(whole);
		web_reply_error(visit->request, &e);
		return;
	}
	const char *find = web_query(visit->request, "find");
	json_t *data = json_pack("{s:s, s:s, s:s, s:b, s:I, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:b, s:s}", "title",
		mail->subject == NULL || mail->subject[0] == '\0' ? tr("A mail", "Письмо") : mail->subject, "here", "mail", "base",
		m->reports ? "/bounces" : "/mail", "reports", m->reports, "id", (json_int_t)mail->id, "when",
		show_time(visit, mail->received_ms), "kind", mail_kind_words(mail->kind), "badge", mail_badge(mail->state), "address",
		show_text(mail->address), "from", show_text(mail->name), "subject", show_text(mail->subject), "note", show_text(mail->note),
		"trusted", mail->trusted, "words", shown_text(mail->words), "whole", shown_text(whole != NULL ? whole : mail->raw), "kept",
		mail->raw != NULL, "find", find == NULL ? "" : find);
	free(whole);
	json_object_set_new(data, "waits", json_boolean(strcmp(mail->state, "review") == 0));
	json_object_set_new(data, "alert", show_text(alert));
	json_object_set_new(data, "has_files", json_boolean(json_array_size(files) > 0));
	json_object_set_new(data, "files", files);
	json_object_set_new(data, "has_dead", json_boolean(json_array_size(dead) > 0));
	json_object_set_new(data, "dead", dead);
	json_object_set_new(data, "has_found", json_boolean(json_array_size(found) > 0));
	json_object_set_new(data, "found", found);
	json_object_set_new(data, "assignable", json_boolean(mail->version == 0));
	json_object_set_new(data, "delivery", mail->delivery == 0 ? json_null() : json_integer(mail->delivery));
	add_proposal(m, data);
	console_page(visit, status, "mail", data);
}

static void page(struct visit *visit, bool reports)
{
	struct mailing m;
	if (open(visit, reports, &m)) {
		ask_form_fill(&m.form, &m.reading.fields, m.reading.values);
		show(&m, 200, NULL);
	}
	mailing_fini(&m);
}

void page_mail(struct visit *visit)
{
	page(visit, false);
}

void page_bounce(struct visit *visit)
{
	page(visit, true);
}

/* ---- its bytes --------------------------------------------------------------------------------- */

static void send_raw(struct visit *visit, bool reports)
{
	struct mailing m;
	if (open(visit, reports, &m)) {
		char name[40];
		(void)snprintf(name, sizeof name, "mail-%" PRId64 ".eml", m.mail.id);
		if (m.mail.raw == NULL)
			console_not_found(visit, tr("The mail itself was not kept; it lies in its mailbox.",
							 "Само письмо не сохранено; оно осталось в почтовом ящике."));
		else
			web_reply_download(visit->request, m.mail.raw, m.mail.raw_len, name, "application/octet-stream");
	}
	mailing_fini(&m);
}

void send_mail(struct visit *visit)
{
	send_raw(visit, false);
}

void send_bounce(struct visit *visit)
{
	send_raw(visit, true);
}

void send_mail_file(struct visit *visit)
{
	struct mailing m;
	long long position;
	if (open(visit, false, &m)) {
		if (!gate_int64(web_part(visit->request, "position"), 0, INT32_MAX, &position) ||
			(size_t)position >= m.sheet.files.count)
			console_not_found(visit, NULL);
		else
			web_reply_download(visit->request, m.sheet.files.item[position].data, m.sheet.files.item[position].len,
				m.sheet.files.item[position].name, "application/octet-stream");
	}
	mailing_fini(&m);
}

/* ---- deciding ----------------------------------------------------------------------------------------- */

/* To the next that waits: older ones first, then whatever came meanwhile. */
static void go_on(struct mailing *m, const char *note)
{
	struct visit *visit = m->visit;
	struct error e = {0};
	int64_t next = 0;
	const char *base = m->reports ? "/bounces" : "/mail";
	enum db_step step = m->reports
		? db_query_int(visit->db, &next, &e,
			  "SELECT id FROM mail_in WHERE state = 'review' AND kind IN ('bounce', 'complaint', 'delayed', 'delivered')"
			  " ORDER BY CASE WHEN id < $1 THEN 0 ELSE 1 END, id DESC LIMIT 1", "i", m->mail.id)
		: db_query_int(visit->db, &next, &e,
			  "SELECT id FROM mail_in WHERE state = 'review' AND kind NOT IN ('bounce', 'complaint', 'delayed', 'delivered')"
			  " ORDER BY CASE WHEN id < $1 THEN 0 ELSE 1 END, id DESC LIMIT 1", "i", m->mail.id);
	char *location = step == DB_ROW ? xasprintf("%s/%" PRId64, base, next) : xstrdup(base);
	char *text = step == DB_ROW ? xasprintf(tr("%s Here is the next one.", "%s Вот следующее."), note) : xstrdup(note);
	console_done(visit, location, text);
	free(text);
	free(location);
}

/* What staff typed; NULL when it is what was read. */
static const json_t *corrected(const struct mailing *m)
{
	return json_equal(m->form.values, m->reading.values) ? NULL : m->form.values;
}

static void confirm(struct mailing *m)
{
	struct settle_result result = {0};
	struct error e = {0};
	enum ask_state state;
	ask_form_take(&m->form, &m->reading.fields, NULL, m->visit->request);
	if (ask_form_add_rows(&m->form, &m->reading.fields, m->visit->request)) {
		json_object_clear(m->form.errors); /* not sent yet: nothing is wrong yet */
		show(m, 200, NULL);
		return;
	}
	if (!m->reports && !m->has_ask) {
		show(m, 422, tr("First say which organisation it is from.", "Сначала укажите, от какой организации это письмо."));
		return;
	}
	if (!m->reports && json_object_size(m->form.errors) > 0 && !m->form.only_missing) {
		show(m, 422, tr("Please look at the marked fields.", "Проверьте отмеченные поля."));
		return;
	}
	if (!m->reports && json_object_size(m->form.values) == 0 && m->reading.fields.count > 0) {
		show(m, 422, tr("Type what is said in the mail; or put the mail aside.",
				 "Впишите, что сказано в письме, или отложите письмо."));
		return;
	}
	if (settle_confirm(&m->inbox, &m->mail, m->reports ? NULL : corrected(m), m->visit->visitor->actor, &result, &e) != 0) {
		if (e.code == ERROR_INPUT)
			show(m, 422, e.text);
		else
			console_error(m->visit, &e);
		return;
	}
	char *note = m->reports ? xstrdup(tr("The addresses get no more letters.", "На эти адреса писем больше не будет."))
		: ask_state_parse(result.state, &state) == 0
		? xasprintf(tr("Counted; the request is now: %s.", "Засчитано; запрос теперь: %s."), ask_state_words(state))
		: xstrdup(tr("Done.", "Готово."));
	go_on(m, note);
	free(note);
}

static void ignore(struct mailing *m)
{
	struct settle_result result = {0};
	struct error e = {0};
	const char *typed = web_value(m->visit->request, "reason");
	char *reason = gate_clean_line(typed == NULL ? "" : typed, REASON_MAX_BYTES);
	if (settle_ignore(&m->inbox, &m->mail, m->visit->visitor->actor, reason[0] == '\0' ? NULL : reason, &result, &e) == 0)
		go_on(m, tr("The mail is put aside.", "Письмо отложено."));
	else
		console_error(m->visit, &e);
	free(reason);
}

static void assign(struct mailing *m)
{
	struct error e = {0};
	const char *typed = web_value(m->visit->request, "ask");
	long long ask;
	if (typed == NULL || !gate_int64(typed, 1, INT64_MAX, &ask)) {
		ask_form_fill(&m->form, &m->reading.fields, m->reading.values);
		show(m, 422, tr("Choose the organisation it is from.", "Выберите, от какой организации это письмо."));
	} else if (settle_assign(&m->inbox, &m->mail, ask, m->visit->visitor->actor, &e) != 0) {
		console_error(m->visit, &e);
	} else {
		char *location = xasprintf("/mail/%" PRId64, m->mail.id);
		console_done(m->visit, location, tr("Now check what it says.", "Теперь проверьте, что в нём сказано."));
		free(location);
	}
}

static void take(struct visit *visit, bool reports)
{
	struct mailing m;
	const char *action = web_value(visit->request, "action");
	if (action == NULL)
		action = "";
	if (!open(visit, reports, &m)) {
		mailing_fini(&m);
		return;
	}
	if (strcmp(m.mail.state, "review") != 0 && strcmp(action, "assign") != 0)
		web_reply_problem(visit->request, 409, tr("It is decided already", "Решение уже принято"),
			m.mail.note == NULL ? tr("Somebody was quicker.", "Кто-то Вас опередил.") : m.mail.note);
	else if (strcmp(action, "confirm") == 0 || web_value(visit->request, "add") != NULL)
		confirm(&m);
	else if (strcmp(action, "ignore") == 0)
		ignore(&m);
	else if (strcmp(action, "assign") == 0 && !reports)
		assign(&m);
	else
		web_reply_problem(visit->request, 400, NULL, NULL);
	mailing_fini(&m);
}

void take_mail(struct visit *visit)
{
	take(visit, false);
}

void take_bounce(struct visit *visit)
{
	take(visit, true);
}
