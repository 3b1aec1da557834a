/* /keys: keys of programs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account/api_key.h"
#include "base/clock.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "console/people/part.h"

/* ---- the list --------------------------------------------------------------------------------- */

static json_t *day(const struct visit *visit, int64_t time_ms)
{
	char text[CALENDAR_TEXT_SIZE];
	struct error e;
	if (time_ms == 0 ||
		calendar_format(time_ms, visit->console->settings->zone, lang_get(), CALENDAR_SHORT, text, &e) != 0)
		return json_null();
	return json_string(text);
}

static json_t *scopes(uint32_t rights)
{
	json_t *out = json_array();
	for (enum right right = 0; right < RIGHTS; right++)
		if ((rights & RIGHT_BIT(right)) != 0)
			json_array_append_new(out, json_string(right_words(right)));
	return out;
}

struct listing {
	const struct visit *visit;
	json_t *rows;
};

static int list_one(void *arg, const struct api_key *key)
{
	struct listing *listing = arg;
	bool over = key->expires_ms != 0 && clock_now_ms() >= key->expires_ms;
	json_array_append_new(listing->rows,
		json_pack("{s:s, s:s, s:o, s:O, s:b, s:o, s:b, s:b, s:o, s:o, s:s, s:b}", "id", key->id, "called", key->name, "scopes",
			scopes(key->rights), "senders", key->senders, "any_sender", json_array_size(key->senders) == 0, "until",
			day(listing->visit, key->expires_ms == 0 ? 0 : key->expires_ms - 1), "over", over, "revoked", key->revoked_ms != 0, "used",
			show_ago(key->used_ms), "made", day(listing->visit, key->created_ms), "by", key->created_by, "open",
			!over && key->revoked_ms == 0));
	return 0;
}

void page_keys(struct visit *visit)
{
	struct error e = {0};
	struct listing listing = {.visit = visit, .rows = json_array()};
	if (api_key_each(visit->db, list_one, &listing, &e) != 0) {
		json_decref(listing.rows);
		console_error(visit, &e);
		return;
	}
	bool any = json_array_size(listing.rows) > 0;
	console_page(visit, 200, "key_list",
		json_pack("{s:s, s:s, s:b, s:o}", "title", tr("API keys", "Ключи API"), "here", "keys", "any", any, "keys",
			listing.rows));
}

/* ---- a new one ------------------------------------------------------------------------------ */

static uint32_t chosen_rights(const struct visit *visit)
{
	const struct web_field *field;
	size_t n = web_fields(visit->request, &field);
	uint32_t rights = 0;
	for (size_t i = 0; i < n; i++) {
		enum right right = strcmp(field[i].name, "scope") == 0 ? right_named(field[i].value) : RIGHTS;
		if (right != RIGHTS)
			rights |= RIGHT_BIT(right);
	}
	return rights;
}

static void show_new(struct visit *visit, int status, struct form *form, uint32_t chosen)
{
	json_t *choices = json_array();
	for (enum right right = 0; right < RIGHTS; right++)
		if ((api_key_rights() & RIGHT_BIT(right)) != 0)
			json_array_append_new(choices,
				json_pack("{s:s, s:s, s:b}", "value", right_name(right), "words", right_words(right), "chosen",
					(chosen & RIGHT_BIT(right)) != 0));
	console_page(visit, status, "key_new",
		json_pack("{s:s, s:s, s:o, s:o}", "title", tr("New API key", "Новый ключ API"), "here", "keys", "scopes", choices, "f",
			form_take_fields(form)));
}

void page_key_new(struct visit *visit)
{
	struct form form;
	form_begin_empty(&form);
	show_new(visit, 200, &form, 0);
}

/* The whole day named is still good. 0: none was named. */
static int read_end(const struct visit *visit, const char *text, int64_t *expires_ms, struct error *e)
{
	struct calendar_time end;
	bool has_time;
	*expires_ms = 0;
	if (text[0] == '\0')
		return 0;
	if (calendar_parse(text, &end, &has_time, e) != 0)
		return -1;
	end.hour = 23;
	end.minute = end.second = 59;
	if (calendar_to_ms(&end, visit->console->settings->zone, expires_ms, e) != 0)
		return -1;
	*expires_ms += 1000;
	return *expires_ms > clock_now_ms()
		? 0
		: error_set(e, ERROR_INPUT, "%s", tr("this day has passed", "этот день уже прошёл"));
}

/* One address a line; new reference, NULL after an error. */
static json_t *read_senders(const char *text, struct error *e)
{
	json_t *senders = json_array();
	while (*text != '\0') {
		char one[GATE_ADDRESS_MAX + 2], clean[GATE_ADDRESS_MAX + 1];
		size_t len = strcspn(text, " ,;\r\n\t");
		snprintf(one, sizeof one, "%.*s", (int)(len < sizeof one ? len : sizeof one - 1), text);
		if (len > 0 && gate_address(one, clean, e) != 0) {
			(void)error_context(e, "%s", one);
			json_decref(senders);
			return NULL;
		}
		if (len > 0)
			json_array_append_new(senders, json_string(clean));
		text += len;
		text += strspn(text, " ,;\r\n\t");
	}
	return senders;
}

struct adding {
	struct visit *visit;
	const char *name;
	uint32_t rights;
	const json_t *senders;
	int64_t expires_ms;
	char text[API_KEY_TEXT_SIZE];
	struct api_key key;
};

static int add_work(void *arg, struct db *tx, struct error *e)
{
	struct adding *adding = arg;
	api_key_fini(&adding->key);
	if (api_key_add(tx, adding->name, adding->rights, adding->senders, adding->expires_ms, adding->visit->visitor->actor,
		    adding->text, &adding->key, e) != 0)
		return -1;
	json_t *names = json_array();
	for (enum right right = 0; right < RIGHTS; right++)
		if ((adding->rights & RIGHT_BIT(right)) != 0)
			json_array_append_new(names, json_string(right_name(right)));
	char *subject = xasprintf("api_key:%s", adding->key.id);
	int rc = console_audit(adding->visit, tx, "api_key.create", subject,
		json_pack("{s:s, s:o, s:O, s:I}", "name", adding->name, "scopes", names, "senders", adding->key.senders, "expires_ms",
			(json_int_t)adding->expires_ms),
		NULL, e);
	free(subject);
	return rc;
}

void take_key_new(struct visit *visit)
{
	struct form form;
	struct error wrong = {0}, e = {0};
	form_begin_empty(&form);
	struct adding adding = {.visit = visit, .name = form_typed(&form, visit, "name"), .rights = chosen_rights(visit)};
	const char *until = form_typed(&form, visit, "until");
	json_t *senders = read_senders(form_typed(&form, visit, "senders"), &wrong);
	adding.senders = senders;
	if (senders == NULL)
		form_refuse(&form, "senders", wrong.text);
	if (account_name_check(adding.name, &wrong) != 0)
		form_refuse(&form, "name", wrong.text);
	if (read_end(visit, until, &adding.expires_ms, &wrong) != 0)
		form_refuse(&form, "until", wrong.text);
	if ((adding.rights & api_key_rights()) != adding.rights || adding.rights == 0)
		form_refuse(&form, "scopes", tr("choose at least one right", "выберите хотя бы одно право"));
	if (form.wrong)
		show_new(visit, 422, &form, adding.rights);
	else if (console_transaction(visit, add_work, &adding, &e) != 0)
		console_error(visit, &e);
	else
		console_page(visit, 200, "key_secret",
			json_pack("{s:s, s:s, s:s, s:s}", "title", tr("The key was made", "Ключ выдан"), "here", "keys", "called", adding.name,
				"key", adding.text));
	api_key_fini(&adding.key);
	json_decref(senders);
	json_decref(form_take_fields(&form));
}

/* ---- away with it --------------------------------------------------------------------------------- */

static int revoke_work(void *arg, struct db *tx, struct error *e)
{
	struct visit *visit = arg;
	const char *id = web_part(visit->request, "key");
	char *subject = xasprintf("api_key:%s", id);
	int rc = api_key_revoke(tx, id, e);
	if (rc == 0)
		rc = console_audit(visit, tx, "api_key.revoke", subject, NULL, NULL, e);
	free(subject);
	return rc;
}

void take_key_revoke(struct visit *visit)
{
	struct error e = {0};
	if (console_transaction(visit, revoke_work, visit, &e) != 0)
		console_error(visit, &e);
	else
		console_done(visit, "/keys", tr("The key opens nothing any more.", "Ключ отозван и больше ничего не открывает."));
}
