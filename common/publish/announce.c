/* A round becomes public: its row and its event, in the transaction that opens it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/ident.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "publish/publish_inside.h"

/* Standard Webhooks asks for bodies under 20 kB; a longer text is fetched from the page. */
#define EVENT_MAX_BYTES (15 * 1024)

static json_t *event_json(const char *slug, int64_t campaign, const char *public_url, const struct publish_entry *entry)
{
	char at[CLOCK_RFC3339_SIZE];
	json_t *data = json_pack("{s:I, s:s, s:I, s:s, s:s, s:s, s:s}", "campaign", (json_int_t)campaign, "slug", slug, "round",
		(json_int_t)entry->number, "title", entry->title, "label", entry->label, "deadline", entry->deadline,
		"published", clock_rfc3339(entry->published_ms, at));
	if (public_url != NULL) {
		size_t len = strlen(public_url);
		char *url = xasprintf("%.*s/c/%s#%lld", (int)(len > 0 && public_url[len - 1] == '/' ? len - 1 : len), public_url,
			slug, (long long)entry->number);
		json_object_set_new(data, "url", json_string(url));
		free(url);
	}
	json_object_set_new(data, "text", json_string(entry->text));
	json_object_set_new(data, "html", json_string(entry->html));
	return data;
}

/* As text; what is too long for an event is fetched from the page. */
static char *event_text(json_t *data)
{
	static const char *const dear[] = {"html", "text"};
	char *text = json_dumps(data, JSON_COMPACT);
	for (size_t i = 0; i < 2 && text != NULL && strlen(text) > EVENT_MAX_BYTES; i++) {
		free(text);
		json_object_del(data, dear[i]);
		text = json_dumps(data, JSON_COMPACT);
	}
	return text;
}

static int send_event(struct db *tx, struct bus *bus, const char *source, const char *slug, int64_t campaign,
	const char *public_url, const struct publish_entry *entry, struct error *e)
{
	char id[80], key[24];
	json_t *data = event_json(slug, campaign, public_url, entry);
	char *text = event_text(data);
	(void)snprintf(id, sizeof id, "published.%" PRId64 ".%" PRId64, campaign, entry->number);
	(void)snprintf(key, sizeof key, "c%" PRId64, campaign);
	const struct bus_message message = {.topic = BUS_STATUS, .key = key, .id = id, .source = source,
		.type = "vestnik.campaign.published", .time_ms = entry->published_ms, .data = text,
		.len = text == NULL ? 0 : strlen(text)};
	int rc = text == NULL ? error_set(e, ERROR_INTERNAL, "campaign %s: its text is not UTF-8", slug)
			      : bus_publish_tx(bus, tx, &message, e);
	free(text);
	json_decref(data);
	return rc;
}

/* 1: the row is new. */
static int insert_row(struct db *tx, int64_t campaign, int64_t round, int64_t now_ms, bool feed, struct error *e)
{
	if (db_exec(tx, e,
		    "INSERT INTO publication (campaign, round, published_ms, updated_ms, feed) VALUES ($1, $2, $3, $4, $5)"
		    " ON CONFLICT (campaign, round) DO NOTHING",
		    "iiiii", campaign, round, now_ms, now_ms, (int64_t)feed) != 0)
		return -1;
	int64_t changes = db_changes(tx);
	return changes < 0 ? -1 : changes == 1;
}

int publish_round(struct db *tx, struct bus *bus, const char *source, const char *public_url, int64_t campaign,
	int64_t round_number, int64_t now_ms, struct error *e)
{
	struct db_stmt *stmt;
	struct publish_entry entry = {0};
	struct error why = {0};
	if (db_query(tx, &stmt, e, "SELECT slug, definition FROM campaign WHERE id = $1 AND kind = 'campaign'", "i",
		    campaign) != 0)
		return -1;
	enum db_step step = db_step(stmt, e);
	if (step != DB_ROW)
		return step == DB_FAILED ? -1 : 0;
	char *slug = xstrdup(db_text(stmt, 0));
	json_t *definition = json_loads(db_text(stmt, 1), 0, NULL);
	db_reset(stmt);
	struct wish wish = wish_of(definition);
	int rc = wish.page || wish.feed ? insert_row(tx, campaign, round_number, now_ms, wish.feed, e) : 0;
	/* What cannot be published must not hold up the letters: the check refuses such a text, so this
	 * is a definition from another version. A failing store is another matter. */
	if (rc == 1 && entry_make(tx, campaign, definition, round_number, &entry, &why) != 0) {
		log_warn("publish-failed", "campaign=%s round=%lld reason=\"%s\"", slug, (long long)round_number, why.text);
		rc = why.code == ERROR_INPUT || why.code == ERROR_NOT_FOUND ? 0 : -1;
		if (rc != 0 && e != NULL)
			*e = why;
	}
	if (rc == 1) {
		entry.published_ms = now_ms;
		rc = send_event(tx, bus, source, slug, campaign, public_url, &entry, e);
	}
	entry_fini(&entry);
	json_decref(definition);
	free(slug);
	return rc < 0 ? -1 : 0;
}

int publish_touch(struct db *tx, int64_t campaign, int64_t round_number, int64_t now_ms, struct error *e)
{
	return db_exec(tx, e,
		"UPDATE publication SET updated_ms = $3 WHERE campaign = $1 AND (round = $2 OR CAST($2 AS BIGINT) = 0)", "iii",
		campaign, round_number, now_ms);
}
