/* /suppressions: addresses that get no letters. An address is personal: in the audit log it stands in the detail. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/gate.h"
#include "base/xalloc.h"
#include "console/operate/operate.h"
#include "directory/suppression.h"
#include "web/target.h"

#define ON_A_PAGE 50
#define REASON_MAX_BYTES 300

static const char *source_words(const char *source)
{
	static const struct {
		const char *source, *en, *ru;
	} words[] = {{"operator", "an operator", "оператор"}, {"portal", "asked for it", "сам(а) отписался(ась)"},
		{"intake", "a letter came back", "письмо вернулось"}};
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(words[i].source, source) == 0)
			return tr(words[i].en, words[i].ru);
	return source;
}

/* ---- the list -------------------------------------------------------------------------------------- */

struct listing {
	const struct visit *visit;
	json_t *rows;
	bool more;
	char last[GATE_ADDRESS_MAX + 1];
	int64_t last_ms;
};

static int list_one(void *arg, const struct suppression *entry)
{
	struct listing *listing = arg;
	if (json_array_size(listing->rows) == ON_A_PAGE) {
		listing->more = true;
		return 1;
	}
	json_array_append_new(listing->rows,
		json_pack("{s:s, s:o, s:s, s:o}", "address", entry->address, "reason", show_line(entry->reason, REASON_MAX_BYTES),
			"source", source_words(entry->source), "since", show_time(listing->visit, entry->created_ms)));
	snprintf(listing->last, sizeof listing->last, "%s", entry->address);
	listing->last_ms = entry->created_ms;
	return 0;
}

/* Whose address it is; it may stand with several. */
static int add_owners(struct visit *visit, json_t *rows, struct error *e)
{
	json_t *row;
	size_t i;
	json_array_foreach(rows, i, row) {
		struct db_stmt *stmt;
		if (db_query(visit->db, &stmt, e,
			    "SELECT o.key, o.name FROM contact c JOIN organisation o ON o.id = c.organisation"
			    " WHERE c.address = $1 ORDER BY c.id LIMIT 1",
			    "s", json_string_value(json_object_get(row, "address"))) != 0)
			return -1;
		enum db_step step = db_step(stmt, e);
		if (step == DB_ROW) {
			char *key = target_escape(db_text(stmt, 0));
			json_object_set_new(row, "owner",
				json_pack("{s:o, s:s}", "url", json_sprintf("/directory/%s", key), "name", db_text(stmt, 1)));
			free(key);
		}
		db_reset(stmt);
		if (step == DB_FAILED)
			return -1;
	}
	return 0;
}

/* ?find= beginning of an address, then by address; else the newest first. ?place= where the page begins. */
static int read_rows(struct visit *visit, struct listing *listing, const char *find, struct error *e)
{
	const char *place = web_query(visit->request, "place"), *colon = place == NULL ? NULL : strchr(place, ':');
	long long ms = INT64_MAX;
	if (find != NULL)
		return suppression_beginning(visit->db, find, place == NULL ? "" : place, ON_A_PAGE + 1, list_one, listing, e);
	if (colon != NULL) {
		char *number = xstrndup(place, (size_t)(colon - place));
		if (!gate_int64(number, 0, INT64_MAX, &ms))
			colon = NULL;
		free(number);
	}
	return suppression_newest(visit->db, ms, colon == NULL ? "" : colon + 1, ON_A_PAGE + 1, list_one, listing, e);
}

static json_t *next_link(const struct listing *listing, const char *find)
{
	if (!listing->more)
		return json_null();
	char *address = target_escape(listing->last), *words = target_escape(find == NULL ? "" : find);
	json_t *link = find != NULL ? json_sprintf("/suppressions?find=%s&place=%s", words, address)
				    : json_sprintf("/suppressions?place=%lld:%s", (long long)listing->last_ms, address);
	free(address);
	free(words);
	return link;
}

static void page(struct visit *visit, int status, const char *error)
{
	struct error e = {0};
	const char *find = web_query(visit->request, "find");
	struct listing listing = {.visit = visit, .rows = json_array()};
	find = find == NULL || find[0] == '\0' || strlen(find) > GATE_ADDRESS_MAX ? NULL : find;
	if (read_rows(visit, &listing, find, &e) != 0 || add_owners(visit, listing.rows, &e) != 0) {
		json_decref(listing.rows);
		console_error(visit, &e);
		return;
	}
	json_t *data = json_pack("{s:s, s:s, s:b, s:o, s:o, s:o, s:b}", "title", tr("Excluded addresses", "Исключённые адреса"),
		"here", "suppressions", "any", json_array_size(listing.rows) > 0, "next", next_link(&listing, find), "find",
		show_text(find), "rows", listing.rows, "may_directory", visit_may(visit, RIGHT_DIRECTORY_READ));
	if (error != NULL) {
		json_object_set_new(data, "error", json_string(error));
		json_object_set_new(data, "given", show_text(web_value(visit->request, "address")));
		json_object_set_new(data, "reason", show_text(web_value(visit->request, "reason")));
	}
	console_page(visit, status, "suppression_list", data);
}

void page_suppressions(struct visit *visit)
{
	page(visit, 200, NULL);
}

/* ---- changing ----------------------------------------------------------------------------------------- */

struct change {
	struct visit *visit;
	const char *address, *reason;
	bool remove, added;
};

static int change(void *arg, struct db *tx, struct error *e)
{
	struct change *change = arg;
	int rc = change->remove ? suppression_remove_tx(tx, change->address, e)
				: suppression_add_tx(tx, change->address, change->reason, "operator", &change->added, e);
	if (rc != 0)
		return -1;
	return console_audit(change->visit, tx, change->remove ? "suppression.remove" : "suppression.add", "suppression:list", NULL,
		json_pack("{s:s, s:s?}", "address", change->address, "reason", change->reason), e);
}

void take_suppression_add(struct visit *visit)
{
	struct error e = {0};
	const char *address = web_value(visit->request, "address"), *reason = web_value(visit->request, "reason");
	char *words = gate_clean_line(reason == NULL || reason[0] == '\0' ? tr("by an operator", "оператором") : reason,
		REASON_MAX_BYTES);
	struct change add = {.visit = visit, .address = address == NULL ? "" : address, .reason = words};
	if (console_transaction(visit, change, &add, &e) == 0)
		console_done(visit, "/suppressions",
			add.added ? tr("The address gets no more letters.", "На этот адрес письма больше не отправляются.")
				  : tr("The address was excluded already.", "Этот адрес уже исключён."));
	else if (e.code == ERROR_INPUT)
		page(visit, 422, e.text);
	else
		console_error(visit, &e);
	free(words);
}

void take_suppression_remove(struct visit *visit)
{
	struct error e = {0};
	const char *address = web_value(visit->request, "address");
	struct change removal = {.visit = visit, .address = address == NULL ? "" : address, .remove = true};
	if (console_transaction(visit, change, &removal, &e) == 0)
		console_done(visit, "/suppressions", tr("The address gets letters again.", "На этот адрес письма снова отправляются."));
	else
		console_error(visit, &e);
}
