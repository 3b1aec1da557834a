/* What is published of a campaign: its page, its entries in the feed, its text to
 * copy. Nothing of a recipient is ever read for it: the text is the letter without
 * whatever speaks to one recipient (letter/public.h).
 *
 * definition.publish: {"page":bool,"feed":bool,"attachments":bool (absent: true)}.
 * A round is published when it opens (table publication, written by the planner);
 * drafts and what is still to come never are. */
#ifndef VESTNIK_PUBLISH_PUBLISH_H
#define VESTNIK_PUBLISH_PUBLISH_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/lang.h"
#include "bus/bus.h"
#include "store/db.h"

/* ---- the planner, when a round opens ----------------------------------------- */

/* Inside the transaction that opens the round: its row of publication and the event
 * vestnik.campaign.published (config/schemas/published.json), once; nothing when the campaign is not
 * to be published. source: CloudEvents source. public_url NULL: the event has no address. */
int publish_round(struct db *tx, struct bus *bus, const char *source, const char *public_url, int64_t campaign,
	int64_t round_number, int64_t now_ms, struct error *e);
/* A mended text, a postponed deadline: the page has it already, the feed says so. round_number 0: all
 * of the campaign's. */
int publish_touch(struct db *tx, int64_t campaign, int64_t round_number, int64_t now_ms, struct error *e);

/* ---- reading -------------------------------------------------------------------- */

struct publish_entry { /* one round; strings owned */
	int64_t number;
	char *title;         /* the letter's, else the round's label, else the campaign's */
	char *label;         /* «за сентябрь 2022 года»; "" = none */
	char *text, *html;
	char *deadline;      /* «до 30 мая 2023 г. включительно, 18:00 (МСК)»; "" = none */
	int64_t published_ms, updated_ms;
};
struct publish_file {
	int64_t position;
	char *name, *title;  /* title: the name when it has none */
	char *media_type;    /* "" = by the name */
	char *hash;
	int64_t size;
};
struct publication {
	int64_t campaign, launched_ms, updated_ms;
	char *slug, *title, *organisation;
	char *sender;        /* From address: owner of the feed's identifiers */
	char *zone;
	enum lang lang;
	char *number, *date; /* of the document, the date in words; "" = none */
	json_t *contacts;    /* as in the definition */
	bool feed;
	bool withdrawn;      /* cancelled or recalled: no entries, the page says so */
	struct publish_entry *entry; /* oldest first */
	size_t entries;
	struct publish_file *file;
	size_t files;
};
/* ERROR_NOT_FOUND: no such campaign, a draft, or one without a page. */
int publication_load(struct db *db, const char *slug, struct publication *out, struct error *e);
void publication_fini(struct publication *publication);

/* What a page's template is given: {"title","organisation","number","date","entries":[{"number","title",
 * "label","html","text","day","deadline"}],"contacts":[…],"files":[{"title","name","size","url"}],
 * "feed","withdrawn","single"}. size in words. New reference. */
json_t *publication_json(const struct publication *publication, enum lang lang);

/* An attachment of a published campaign, by its position: name, type, hash of its blob.
 * ERROR_NOT_FOUND also when its attachments are not published. */
int publication_file(struct db *db, const char *slug, int64_t position, struct publish_file *out, struct error *e);
void publish_file_fini(struct publish_file *file);

/* The newest entries of all campaigns as an Atom feed (RFC 4287). title: whose it is. */
#define PUBLISH_FEED_ENTRIES 40
#define PUBLISH_FEED_MAX_BYTES (8 * 1024 * 1024)
int publish_feed(struct db *db, const char *title, const char *public_url, int64_t now_ms, struct buf *out,
	struct error *e);

/* «Текст для сайта»: a round of a stored campaign, published or not (round 0: its first), for staff.
 * ERROR_NOT_FOUND. */
struct letter_public;
int publish_text(struct db *db, const char *slug, int64_t round_number, struct letter_public *out, struct error *e);

#endif
