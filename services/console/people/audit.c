/* /audit: who did what, when, from where; and whether somebody altered that. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/words.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "calendar/day.h"
#include "console/parts.h"
#include "web/target.h"

#define SHOWN 50
#define PIECE 50000 /* entries of one step of the check: some 0.3 s */
#define PURPOSE "console audit walk"

/* ---- an entry ------------------------------------------------------------------------------- */

/* Where what it is about can be looked at; NULL: nowhere. The caller frees. */
static char *link_of(const char *subject)
{
	static const struct {
		const char *kind, *before;
		bool id;
	} places[] = {{"campaign:", "/campaigns/", true}, {"recipient:", "/directory?text=", true},
		{"draft:", "/compose/", true}, {"ask:", "/asks/", true}, {"mail:", "/mail/", true}, {"delivery:", "/delivery/", true},
		{"log:", "/log", false}, {"organisation:", "/directory/", true}, {"directory:", "/directory/revisions", false},
		/* these go, and then their pages: the list stays */
		{"webhook:", "/webhooks", false}, {"dead:", "/dead", false}, {"suppression:", "/suppressions", false},
		{"account:", "/accounts", false}, {"api_key:", "/keys", false}, {"person:", "/personal", false},
		{"retention:", "/personal", false}};
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		size_t len = strlen(places[i].kind);
		if (strncmp(subject, places[i].kind, len) != 0)
			continue;
		char *id = places[i].id ? target_escape(subject + len) : NULL;
		char *link = xasprintf("%s%s", places[i].before, id == NULL ? "" : id);
		free(id);
		return link;
	}
	return NULL;
}

/* [{"name","value"}] of a JSON object's members, nested ones as JSON. */
static json_t *members(const char *text)
{
	json_t *list = json_array(), *object = text == NULL ? NULL : json_loads(text, 0, NULL), *value;
	const char *name;
	json_object_foreach(object, name, value) {
		char *shown = json_is_string(value) ? xstrdup(json_string_value(value)) : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
		if (!json_is_null(value))
			json_array_append_new(list, json_pack("{s:s, s:s}", "name", audit_member_words(name), "value", shown));
		free(shown);
	}
	json_decref(object);
	return list;
}

struct listing {
	const struct visit *visit;
	json_t *rows;
	int64_t last;
	bool more;
};

static int list_one(void *arg, const struct audit_entry *entry)
{
	struct listing *listing = arg;
	if (json_array_size(listing->rows) == SHOWN) {
		listing->more = true;
		return 1;
	}
	char *link = link_of(entry->subject);
	json_t *facts = members(entry->facts), *detail = members(entry->detail);
	json_array_append_new(listing->rows,
		json_pack("{s:o, s:o, s:s, s:o, s:s, s:s, s:s, s:o, s:b, s:o, s:o, s:b}", "number", show_number(entry->number), "time",
			show_moment(listing->visit, entry->time_ms), "actor", entry->actor, "origin", show_text(entry->origin), "words",
			audit_action_words(entry->action), "action", entry->action, "subject", entry->subject, "link", show_text(link), "more",
			json_array_size(facts) + json_array_size(detail) > 0 || entry->erased, "facts", facts, "detail", detail, "erased",
			entry->erased));
	free(link);
	listing->last = entry->number;
	return 0;
}

/* ---- the filter ------------------------------------------------------------------------------ */

static const char *query(const struct visit *visit, const char *name)
{
	const char *text = web_query(visit->request, name);
	return text == NULL ? "" : text;
}

/* "2026-11-21" of a date field; days later. 0: not given, or no date. */
static int64_t day_query(const struct visit *visit, const char *name, int later)
{
	int32_t day;
	int64_t time_ms;
	struct error e;
	if (day_parse(query(visit, name), &day, &e) != 0 ||
		day_to_ms(day + later, 0, visit->console->settings->zone, &time_ms, &e) != 0)
		return 0;
	return time_ms;
}

static json_t *actions(const char *chosen)
{
	json_t *list = json_array();
	for (const struct audit_words *words = audit_words_all(); words->action != NULL; words++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "value", words->action, "name", tr(words->en, words->ru), "chosen",
						    strcmp(words->action, chosen) == 0));
	return list;
}

/* What stands on the page besides the check's result. NULL: e. */
static json_t *page_data(struct visit *visit, struct error *e)
{
	struct listing listing = {.visit = visit, .rows = json_array()};
	struct audit_head head;
	struct audit_filter filter = {.actor = query(visit, "actor"),
		.action = query(visit, "action"),
		.subject = query(visit, "subject"),
		.since_ms = day_query(visit, "since", 0),
		.until_ms = day_query(visit, "until", 1),
		.most = SHOWN + 1};
	(void)page_after(visit, &filter.before, 1);
	if (audit_head(visit->db, &head, e) != 0 || audit_each(visit->db, &filter, list_one, &listing, e) < 0) {
		json_decref(listing.rows);
		return NULL;
	}
	bool filtered = filter.actor[0] != '\0' || filter.action[0] != '\0' || filter.subject[0] != '\0' ||
		query(visit, "since")[0] != '\0' || query(visit, "until")[0] != '\0';
	head.mac[16] = '\0';
	json_t *data = json_pack("{s:s, s:s, s:b, s:b, s:o, s:o, s:s, s:s, s:s, s:s, s:o, s:I, s:s}", "title",
		tr("Audit log", "Журнал действий"), "here", "audit", "any", json_array_size(listing.rows) > 0, "filtered", filtered,
		"rows", listing.rows, "actions", actions(filter.action), "actor", filter.actor, "subject", filter.subject, "since",
		query(visit, "since"), "until", query(visit, "until"), "next",
		listing.more ? page_next(visit, &listing.last, 1) : json_null(), "head_number", (json_int_t)head.number, "head_mac", head.mac);
	if (data == NULL)
		(void)error_set(e, ERROR_INPUT, "%s", tr("the filter is not text", "в фильтре не текст"));
	return data;
}

static void page_audit(struct visit *visit)
{
	struct error e = {0};
	json_t *data = page_data(visit, &e);
	if (data == NULL)
		console_error(visit, &e);
	else
		console_page(visit, 200, "audit", data);
}

/* ---- the check: in pieces, so that a long log shows how far it is ---------------------------------- */

/* number.mac.erased, signed: the browser carries it from piece to piece. */
static void walk_mac(const struct visit *visit, const char *text, char out[static IDENT_MAC_SIZE])
{
	(void)ident_mac(visit->console->key, PURPOSE, text, out);
}

static bool take_walk(const struct visit *visit, struct audit_walk *walk)
{
	const char *at = web_value(visit->request, "at"), *mac = web_value(visit->request, "mac");
	char end;
	*walk = (struct audit_walk){0};
	if (at == NULL || mac == NULL || !ident_mac_ok(visit->console->key, PURPOSE, at, mac))
		return false;
	return sscanf(at, "%" SCNd64 ".%64[0-9a-f].%" SCNd64 "%c", &walk->at.number, walk->at.mac, &walk->erased, &end) == 3;
}

static json_t *check_data(const struct visit *visit, const struct audit_walk *walk, const struct audit_verdict *verdict,
	const struct audit_head *end)
{
	char at[160], mac[IDENT_MAC_SIZE];
	snprintf(at, sizeof at, "%" PRId64 ".%s.%" PRId64, walk->at.number, walk->at.mac, walk->erased);
	walk_mac(visit, at, mac);
	int64_t total = end->number > walk->at.number ? end->number : walk->at.number;
	return json_pack("{s:b, s:b, s:b, s:o, s:o, s:o, s:o, s:I, s:I, s:s, s:s, s:s}", "going", !walk->done, "good",
		walk->done && verdict->first_bad == 0, "bad", verdict->first_bad != 0, "entries", show_number(verdict->entries), "erased",
		verdict->erased == 0 ? json_null() : show_number(verdict->erased), "first_bad", show_number(verdict->first_bad), "total",
		show_number(total), "done", (json_int_t)walk->at.number, "all", (json_int_t)total, "why", verdict->why, "at", at, "mac", mac);
}

static void take_check(struct visit *visit)
{
	struct audit_walk walk;
	struct audit_verdict verdict;
	struct audit_head end;
	struct error e = {0};
	(void)take_walk(visit, &walk);
	if (audit_head(visit->db, &end, &e) != 0 ||
		audit_verify_some(visit->db, visit->console->key, NULL, &walk, PIECE, &verdict, &e) != 0) {
		console_error(visit, &e);
		return;
	}
	json_t *check = check_data(visit, &walk, &verdict, &end);
	if (console_wants_piece(visit)) {
		console_piece(visit, "audit_check", json_pack("{s:o}", "check", check));
		return;
	}
	json_t *data = page_data(visit, &e);
	if (data == NULL) {
		json_decref(check);
		console_error(visit, &e);
		return;
	}
	json_object_set_new(data, "check", check);
	console_page(visit, 200, "audit", data);
}

const struct console_route audit_routes[] = {
	{WEB_GET, "/audit", RIGHT_AUDIT, page_audit, 0, 0},
	{WEB_POST, "/audit/check", RIGHT_AUDIT, take_check, 0, 0},
	{0, NULL, 0, NULL, 0, 0},
};
