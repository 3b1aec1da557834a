/* Mails that came and wait for a person. */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "console/api/handlers.h"
#include "console/api/place.h"
#include "intake/settle.h"

#define COUNT(members) (sizeof(members) / sizeof(members)[0])

/* ---- list -------------------------------------------------------------------------------------- */

static json_t *row_json(struct db_stmt *row)
{
	return json_pack("{s:o, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "mail", api_id(db_int(row, 0)), "received_at",
		api_moment(db_int(row, 1)), "kind", db_text(row, 2), "state", db_text(row, 3), "from", api_string(db_text(row, 4)),
		"name", api_string(db_text(row, 5)), "subject", api_string(db_text(row, 6)), "campaign", api_string(db_text(row, 7)),
		"organisation", api_string(db_text(row, 8)), "note", api_string(db_text(row, 9)), "trusted", db_int(row, 10) != 0);
}

/* Few of millions wait: said in so many words, they are found by their index (mail_in_review). */
#define LIST(where) \
	"SELECT m.id, m.received_ms, m.kind, m.state, m.address, m.name, m.subject, c.slug, o.key, m.note, m.trusted" \
	" FROM mail_in m LEFT JOIN ask k ON k.id = m.ask LEFT JOIN campaign c ON c.id = k.campaign" \
	" LEFT JOIN organisation o ON o.id = k.organisation WHERE " where \
	" AND ($2 = '' OR c.slug = $2) AND m.id < $3 ORDER BY m.id DESC LIMIT $4"

static const char *const lists[2] = { /* any state, review */
	LIST("($1 = 'all' OR m.state = $1)"), LIST("m.state = 'review' AND $1 = 'review'")};

void api_mails(struct api *api)
{
	const char *state, *campaign = web_query(api->request, "campaign");
	struct db_stmt *row;
	struct error e = {0};
	int64_t limit, before, last = 0;
	bool more = false;
	if (!api_limit(api, &limit) || !api_after_number(api, &before) ||
		!api_query_word(api, "state", "review applied settled ignored all", &state))
		return;
	if (state == NULL)
		state = "review";
	if (db_query(api->db, &row, &e, lists[strcmp(state, "review") == 0], "ssii", state, campaign == NULL ? "" : campaign,
		    before == 0 ? INT64_MAX : before, limit + 1) != 0) {
		api_error(api, &e);
		return;
	}
	json_t *items = json_array();
	enum db_step step;
	while ((step = db_step(row, &e)) == DB_ROW) {
		if ((int64_t)json_array_size(items) == limit) {
			more = true;
			db_reset(row);
			break;
		}
		last = db_int(row, 0);
		json_array_append_new(items, row_json(row));
	}
	if (step == DB_FAILED) {
		json_decref(items);
		api_error(api, &e);
		return;
	}
	api_list_numbers(api, items, more ? last : 0);
}

/* ---- one ------------------------------------------------------------------------------------------ */

static struct inbox inbox_of(struct api *api)
{
	const struct console *console = api->visit->console;
	return (struct inbox){.settings = console->settings,
		.db = api->db,
		.bus = console->bus,
		.key = console->key,
		.auditor = api->visit->visitor->actor,
		.origin = web_address(api->request)};
}

static bool load(struct api *api, struct settle_mail *mail)
{
	struct error e = {0};
	int64_t id;
	if (!api_part_number(api, "mail", &id))
		return false;
	mail_init();
	enum db_step step = settle_load(api->db, id, mail, &e);
	if (step == DB_DONE)
		api_problem(api, API_NOT_FOUND, tr("there is no such mail", "такого письма нет"), NULL);
	else if (step == DB_FAILED)
		api_error(api, &e);
	return step == DB_ROW;
}

static json_t *files_json(const struct mail_file_list *list)
{
	json_t *files = json_array();
	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(files, json_pack("{s:o, s:o, s:I}", "name", api_string(list->item[i].name), "media_type",
						   api_string(list->item[i].type), "size", (json_int_t)list->item[i].len));
	return files;
}

static json_t *mail_json(const struct settle_mail *mail, const struct sheet_mail *sheet)
{
	return json_pack("{s:o, s:o, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:b, s:s, s:o, s:o, s:n, s:n, s:b}", "mail",
		api_id(mail->id), "received_at", api_moment(mail->received_ms), "mailbox", mail->mailbox, "kind", mail->kind, "state",
		mail->state, "from", api_string(mail->address), "name", api_string(mail->name), "subject", api_string(mail->subject),
		"words", api_string(mail->words), "note", api_string(mail->note), "trusted", (int)mail->trusted, "matched",
		mail->matched, "delivery", mail->delivery == 0 ? json_null() : api_id(mail->delivery), "files",
		files_json(&sheet->files), "ask", "proposed", "ambiguous", 0);
}

static int add_ask(struct api *api, const struct settle_mail *mail, const struct sheet_mail *sheet, json_t *body, struct error *e)
{
	struct ask ask = {0};
	struct answer_reading reading = {0};
	if (mail->ask == 0)
		return 0;
	enum db_step step = ask_by_id(api->db, mail->ask, &ask, e);
	if (step == DB_ROW && answer_mail_read(api->db, &ask, mail->words == NULL ? "" : mail->words, sheet, &reading, e) != 0)
		step = DB_FAILED;
	if (step == DB_ROW) {
		json_object_set_new(body, "ask", json_pack("{s:o, s:s, s:o, s:I, s:s}", "id", api_id(ask.id), "campaign", ask.slug,
							 "organisation", api_string(ask.key), "round", (json_int_t)ask.round_number,
							 "state", ask_state_name(ask.state)));
		json_object_set(body, "proposed", reading.values);
		json_object_set_new(body, "ambiguous", json_boolean(reading.ambiguous));
	}
	answer_reading_fini(&reading);
	ask_fini(&ask);
	return step == DB_FAILED ? -1 : 0;
}

void api_mail(struct api *api)
{
	struct settle_mail mail = {0};
	struct sheet_mail sheet = {0};
	struct inbox inbox = inbox_of(api);
	struct error e = {0};
	json_t *body = NULL;
	if (load(api, &mail)) {
		int rc = sheet_mail_open(&inbox, mail.mail, mail.raw, mail.raw_len, &sheet, &e);
		if (rc == 0) {
			body = mail_json(&mail, &sheet);
			rc = add_ask(api, &mail, &sheet, body, &e);
		}
		if (rc == 0) {
			api_reply(api, 200, body);
		} else {
			json_decref(body);
			api_error(api, &e);
		}
	}
	sheet_mail_fini(&sheet);
	settle_mail_fini(&mail);
}

/* ---- deciding ---------------------------------------------------------------------------------------- */

static void decided(struct api *api, const struct settle_mail *mail, const char *state, const struct settle_result *result)
{
	api_reply(api, 200, json_pack("{s:o, s:s, s:o, s:o, s:I}", "mail", api_id(mail->id), "state", state, "ask_state",
				  api_string(result->state), "version",
				  result->version == 0 ? json_null() : json_integer(result->version), "suppressed",
				  (json_int_t)result->suppressed));
}

void api_mail_confirm(struct api *api)
{
	static const struct api_member members[] = {{"fields", API_OBJECT, false, 0, 0, NULL}};
	struct settle_mail mail = {0};
	struct settle_result result = {0};
	struct inbox inbox = inbox_of(api);
	struct error e = {0};
	if (api_body_is(api, members, COUNT(members)) && load(api, &mail)) {
		const json_t *values = json_object_get(api->body, "fields");
		if (settle_confirm(&inbox, &mail, json_is_object(values) ? values : NULL, api->visit->visitor->actor, &result, &e) != 0)
			api_error(api, &e);
		else
			decided(api, &mail, "settled", &result);
	}
	settle_mail_fini(&mail);
}

void api_mail_ignore(struct api *api)
{
	static const struct api_member members[] = {{"reason", API_LINE, false, 0, 500, NULL}};
	struct settle_mail mail = {0};
	struct settle_result result = {0};
	struct inbox inbox = inbox_of(api);
	struct error e = {0};
	if (api_body_is(api, members, COUNT(members)) && load(api, &mail)) {
		if (settle_ignore(&inbox, &mail, api->visit->visitor->actor, api_text(api, "reason"), &result, &e) != 0)
			api_error(api, &e);
		else
			decided(api, &mail, "ignored", &result);
	}
	settle_mail_fini(&mail);
}

static enum db_step find_ask(struct api *api, struct ask *ask, struct error *e)
{
	int64_t campaign, round = api_integer(api, "round", 0);
	const char *key = api_text(api, "organisation");
	enum db_step step = db_query_int(api->db, &campaign, e, "SELECT id FROM campaign WHERE slug = $1", "s",
		api_text(api, "campaign"));
	if (step == DB_ROW && round == 0)
		step = db_query_int(api->db, &round, e,
			"SELECT r.number FROM ask k JOIN round r ON r.id = k.round JOIN organisation o ON o.id = k.organisation"
			" WHERE k.campaign = $1 AND o.key = $2 ORDER BY r.number DESC LIMIT 1",
			"is", campaign, key);
	return step == DB_ROW ? ask_of(api->db, campaign, round, key, ask, e) : step;
}

void api_mail_assign(struct api *api)
{
	static const struct api_member members[] = {{"campaign", API_LINE, true, 1, 64, NULL},
		{"organisation", API_LINE, true, 1, 200, NULL}, {"round", API_INTEGER, false, 1, 100000, NULL}};
	struct settle_mail mail = {0};
	const struct settle_result none = {0};
	struct inbox inbox = inbox_of(api);
	struct ask ask = {0};
	struct error e = {0};
	if (api_body_is(api, members, COUNT(members)) && load(api, &mail)) {
		enum db_step step = find_ask(api, &ask, &e);
		if (step == DB_DONE)
			(void)error_set(&e, ERROR_INPUT, "%s", tr("this campaign asks nothing of this organisation",
				"эта рассылка ничего не спрашивает у этой организации"));
		if (step != DB_ROW || settle_assign(&inbox, &mail, ask.id, api->visit->visitor->actor, &e) != 0)
			api_error(api, &e);
		else
			decided(api, &mail, "review", &none);
	}
	ask_fini(&ask);
	settle_mail_fini(&mail);
}
