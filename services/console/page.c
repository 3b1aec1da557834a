/* What stands around every page, and the ways to answer. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "console/console.h"
#include "store/again.h"
#include "web/target.h"

/* ---- the menu --------------------------------------------------------------------------- */

struct entry {
	const char *here, *url;
	enum right right;
	const char *en, *ru;
};
struct section {
	const char *en, *ru;
	struct entry entry[8];
};

static const struct section menu[] = {
	{"", "",
		{{"start", "/", RIGHT_OWN, "Today", "Сегодня"},
			{"campaigns", "/campaigns", RIGHT_CAMPAIGN_READ, "Campaigns", "Рассылки"},
			{"approvals", "/approvals", RIGHT_CAMPAIGN_APPROVE, "Approvals", "Согласование"},
			{"mail", "/mail", RIGHT_ANSWER_WRITE, "Mail that came", "Входящие письма"},
			{"directory", "/directory", RIGHT_DIRECTORY_READ, "Directory", "Справочник"}}},
	{"Delivery", "Доставка",
		{{"log", "/log", RIGHT_DELIVERY_READ, "Delivery log", "Журнал доставки"},
			{"status", "/status", RIGHT_OPERATE_READ, "State of the system", "Состояние системы"},
			{"relays", "/relays", RIGHT_OPERATE_READ, "Mail servers", "Почтовые серверы"},
			{"dead", "/dead", RIGHT_OPERATE_READ, "Refused messages", "Отклонённые сообщения"},
			{"webhooks", "/webhooks", RIGHT_WEBHOOK, "Webhooks", "Вебхуки"},
			{"suppressions", "/suppressions", RIGHT_SUPPRESSION, "Excluded addresses", "Исключённые адреса"}}},
	{"Administration", "Управление",
		{{"accounts", "/accounts", RIGHT_ACCOUNT, "Accounts", "Учётные записи"},
			{"keys", "/keys", RIGHT_ACCOUNT, "API keys", "Ключи API"},
			{"audit", "/audit", RIGHT_AUDIT, "Audit log", "Журнал действий"},
			{"personal", "/personal", RIGHT_PERSONAL, "Personal data", "Персональные данные"}}},
};

static json_t *menu_of(const struct visit *visit, const char *here)
{
	json_t *sections = json_array();
	for (size_t s = 0; s < sizeof menu / sizeof menu[0]; s++) {
		json_t *entries = json_array();
		for (const struct entry *entry = menu[s].entry; entry < menu[s].entry + 8 && entry->url != NULL; entry++)
			if (visit_may(visit, entry->right))
				json_array_append_new(entries,
					json_pack("{s:s, s:s, s:b}", "url", entry->url, "name", tr(entry->en, entry->ru), "here",
						here != NULL && strcmp(here, entry->here) == 0));
		if (json_array_size(entries) == 0)
			json_decref(entries);
		else
			json_array_append_new(sections,
				json_pack("{s:s, s:o}", "section", tr(menu[s].en, menu[s].ru), "entries", entries));
	}
	return sections;
}

/* ---- the note after something was done: in the query, signed, so that nobody else writes it --------- */

#define NOTE_PURPOSE "console note"

static json_t *note_of(const struct visit *visit)
{
	const char *note = web_query(visit->request, "done"), *mac = web_query(visit->request, "mac");
	if (note == NULL || mac == NULL || !ident_mac_ok(visit->console->key, NOTE_PURPOSE, note, mac))
		return json_null();
	return json_string(note);
}

void console_done(struct visit *visit, const char *location, const char *note)
{
	char mac[IDENT_MAC_SIZE];
	ident_mac(visit->console->key, NOTE_PURPOSE, note, mac);
	char *escaped = target_escape(note);
	char *whole = xasprintf("%s%cdone=%s&mac=%s", location, strchr(location, '?') == NULL ? '?' : '&',
		escaped, mac);
	web_redirect(visit->request, whole);
	free(whole);
	free(escaped);
}

/* ---- pages ------------------------------------------------------------------------------ */

static void add_visitor(struct visit *visit, json_t *data)
{
	const struct visitor *visitor = visit->visitor;
	if (visitor->session == NULL)
		return;
	json_object_set_new(data, "visitor",
		json_pack("{s:s, s:s, s:s}", "login", visitor->login, "name", visitor->name, "role", role_words(visitor->role)));
	json_object_set_new(data, "csrf", json_string(visitor->session->csrf));
}

void console_page(struct visit *visit, int status, const char *name, json_t *data)
{
	add_visitor(visit, data);
	if (visit->visitor->session != NULL)
		json_object_set_new(data, "menu", menu_of(visit, json_string_value(json_object_get(data, "here"))));
	json_object_set_new(data, "note", note_of(visit));
	web_reply_page(visit->request, status, name, data);
	json_decref(data);
}

void console_piece(struct visit *visit, const char *name, json_t *data)
{
	add_visitor(visit, data);
	web_reply_page(visit->request, 200, name, data);
	json_decref(data);
}

bool console_wants_piece(const struct visit *visit)
{
	return web_header(visit->request, "HX-Request") != NULL && web_header(visit->request, "HX-Boosted") == NULL;
}

void console_error(struct visit *visit, const struct error *e)
{
	static const struct {
		enum error_code code;
		int status;
		const char *en, *ru;
	} known[] = {{ERROR_INPUT, 422, "That is not right yet", "Нужно поправить"},
		{ERROR_NOT_FOUND, 404, "There is no such thing", "Такого нет"},
		{ERROR_CONFLICT, 409, "That is not possible now", "Сейчас это невозможно"},
		{ERROR_DENIED, 403, "That is not allowed", "Это не разрешено"}};
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (known[i].code == e->code && !e->retriable) {
			web_reply_problem(visit->request, known[i].status, tr(known[i].en, known[i].ru), e->text);
			return;
		}
	web_reply_error(visit->request, e);
}

void console_not_found(struct visit *visit, const char *text)
{
	web_reply_problem(visit->request, 404, text == NULL ? NULL : tr("There is no such thing", "Такого нет"), text);
}

/* ---- acting ----------------------------------------------------------------------------- */

struct orderer console_orderer(const struct visit *visit)
{
	return (struct orderer){.settings = visit->console->settings,
		.key = visit->console->key,
		.bus = visit->console->bus,
		.actor = visit->visitor->actor,
		.origin = web_address(visit->request)};
}

int console_audit(const struct visit *visit, struct db *tx, const char *action, const char *subject, json_t *facts,
	json_t *detail, struct error *e)
{
	const struct audit_act act = {.actor = visit->visitor->actor,
		.origin = web_address(visit->request),
		.action = action,
		.subject = subject,
		.facts = facts,
		.detail = detail};
	int rc = audit_write(tx, visit->console->key, &act, e);
	json_decref(facts);
	json_decref(detail);
	return rc;
}

int console_transaction(struct visit *visit, int (*work)(void *arg, struct db *tx, struct error *e), void *arg,
	struct error *e)
{
	return again_transact(visit->db, work, arg, e);
}

struct taken {
	struct visit *visit;
	const char *action, *subject, *name;
};

static int note_taken(void *arg, struct db *tx, struct error *e)
{
	const struct taken *t = arg;
	return console_audit(t->visit, tx, t->action, t->subject, json_pack("{s:s}", "file", t->name), NULL, e);
}

void console_hand_out(struct visit *visit, const char *action, const char *subject, int fd, size_t len, const char *name,
	const char *media_type)
{
	struct taken taken = {visit, action, subject, name};
	struct error e = {0};
	if (console_transaction(visit, note_taken, &taken, &e) == 0) {
		web_reply_file(visit->request, fd, len, name, media_type);
	} else {
		console_error(visit, &e);
		close(fd);
	}
}

/* ---- paging by key ---------------------------------------------------------------------- */

bool page_after(const struct visit *visit, int64_t *at, size_t count)
{
	const char *text = web_query(visit->request, "after");
	for (size_t i = 0; text != NULL && i < count; i++) {
		char *end;
		at[i] = strtoll(text, &end, 10);
		if (end == text || *end != (i + 1 < count ? '.' : '\0'))
			return false;
		text = end + 1;
	}
	return text != NULL;
}

json_t *page_next(const struct visit *visit, const int64_t *at, size_t count)
{
	struct buf out;
	size_t n;
	const struct target_pair *pair = web_queries(visit->request, &n);
	buf_init(&out, 16384);
	(void)buf_printf(&out, "%s?", web_path(visit->request));
	for (size_t i = 0; i < n; i++) {
		if (strcmp(pair[i].name, "after") == 0 || strcmp(pair[i].name, "done") == 0 || strcmp(pair[i].name, "mac") == 0)
			continue;
		char *name = target_escape(pair[i].name), *value = target_escape(pair[i].value);
		(void)buf_printf(&out, "%s=%s&", name, value);
		free(name);
		free(value);
	}
	(void)buf_puts(&out, "after=");
	for (size_t i = 0; i < count; i++)
		(void)buf_printf(&out, "%s%" PRId64, i > 0 ? "." : "", at[i]);
	json_t *link = buf_ok(&out) ? json_string(buf_str(&out)) : json_null();
	buf_fini(&out);
	return link;
}
