/* A campaign's folder: campaign.yaml, letters, attachments, data → checked
 * definition → draft in the store. CLI and console use it; planner and mailer
 * read the stored definition back.
 *
 * JSON of campaign.definition (what the services read; version it by adding members only):
 * {"slug","title","zone","lang",
 *  "from":{"name","address"},"reply_to"?,"organisation"?,
 *  "document":{"number","date","signatory":{"position","name"},"performer":{"name","phone","address"}}?,
 *  "follows":"на № … от …"?,                  as it stands in the head of the letter
 *  "contacts":[{"role","name","phone","address"}],
 *  "audience":{"kinds":[…],"regions":[…],"municipalities":[…],"keys":[…],"roles":["coordinator"],
 *              "list":true?, "to":true?,    rows of data sets "@list", "@to": audience.h
 *              "where":"monitoring.registered < 10"?},
 *  "datasets":[{"name":"monitoring","missing":"error"|"skip"|"empty","columns":["registered",…],
 *               "by":"region"|"municipality"?}],       whose figures a row holds; absent: a key's
 *  "steps":[{"step":0,"kind":"first","letter":"first","at_ms"?,"not_after_ms"?}],
 *  "send":{"at_ms"?,"local":bool,"wall":"2023-05-15 10:00"?,"open_minute","close_minute"},
 *  "rate":{"count","per_ms"}?,"may_leave":bool,"hold":bool,"not_after_ms"?,
 *  "subject"?,"subject_prefix"?,
 *  -- the loop (absent in campaigns that only tell something; then there is one round, number 1,
 *     whose first letter is step 0) --
 *  "previous":{"campaign":slug,"number","date","fields":[names]}?  the stored campaign it follows; the
 *                                                     date in words
 *  document: "based_on"?, "certificate":{"from","to"}? (dates), "in_subject":bool?
 *  "controller":{"name","position"?,"address"}?
 *  "ask":{"verb":"просим",
 *         "fields":[{"field","label","type","required":bool,"options":[…]?,"columns":[…]?}], answer/field.h
 *         "ways":["link","reply","sheet"],"if_day_off":"next"|"previous"|"keep",
 *         "through":"municipality"?,"collect_kinds":[…]?   level 1: children of the recipients, these kinds
 *         "escalate":[{"after":"1d","to":"parent"|"controller"|address}],
 *         "report":{"to":[addresses],"formats":["xlsx","html","csv"],"webhook":bool}?}?
 *  "rounds":[{"number":1,"label"?,"draft":bool,"starts_ms"?,     starts_ms absent: at launch
 *             "period":{"kind":"month","day":"2022-09-01"}?,
 *             "deadline":{"asked":"2023-05-30","day":"2023-05-30","minute":1080,"at_ms","zone"}?,
 *             "collect":{the same, earlier; level 1}?,
 *             "ask":bool,                                        false: this round only tells
 *             "audience":{…}?,                                   instead of definition.audience
 *             "first":0,                                         step numbers of its letters:
 *             "remind":[{"step":1,"before":"-7d"},…],
 *             "collect_first"?,"collect_remind":[{"step","before"}]?,"acknowledge"?}],
 *  "steps":[{"step","kind":"first"|"reminder"|"collect"|"acknowledge"|"correction"|"recall"|"postponed",
 *            "letter":name,        unique in the campaign; rounds with the same texts share them
 *            "attachments":false?}]  the letter carries none (reminders); absent: all
 *  "acknowledge":{"persons":[{"name","position"?,"address"}],"roles":["head"]}?
 *  "annexes":[{"position","name","title"?,"size"}]?   attachments that go as links: {{link.file.N}},
 *                                                     N = position, from 1
 *  "publish":{"page":bool,"feed":bool,"attachments":bool}?}           publish/publish.h; there are rounds then
 *
 * JSON of a recipient's fields (delivery.fields):
 * {"recipient":{"key","name","kind","region","municipality", further columns of the directory…},
 *  "contact":{"name","position","role"},
 *  "<dataset>":{columns…},                      what has no value is ""
 *  "deadline":{"at": RFC 3339 instant,"date","full"}?,"round":{"label","number"}?,
 *  "previous":{"number","date","answered", fields…}?,   of the campaign it follows
 *  "@":{"ask"?,"ack"?,"round"?,"level"?,"reminder":bool?,"expires_ms"?}?}   ids the planner put there: the mailer
 *                                               makes {{link.*}} of them (link/link.h), checks reminders
 * What is the same for everybody (campaign.slug, campaign.title, document.number, document.date …)
 * is not in it: it is compiled into the letter as letter_source.constants. */
#ifndef VESTNIK_CAMPAIGN_CAMPAIGN_H
#define VESTNIK_CAMPAIGN_CAMPAIGN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/ident.h"
#include "base/problem.h"
#include "letter/letter.h"
#include "settings/settings.h"
#include "store/db.h"

/* ---- the folder ------------------------------------------------------------ */

struct campaign_folder; /* parsed and checked, letters compiled */

/* Reads and checks everything; all mistakes at once. db may be NULL (no
 * audience is counted then). NULL when problems->errors grew. */
struct campaign_folder *campaign_folder_load(const char *yaml_path, const struct settings *settings,
	struct db *db, struct problems *problems);
/* The same as if now were now_ms (0 = it is): for rehearsals, to which no past is a mistake. */
struct campaign_folder *campaign_folder_load_at(const char *yaml_path, const struct settings *settings,
	struct db *db, int64_t now_ms, struct problems *problems);
void campaign_folder_free(struct campaign_folder **folder);

const char *campaign_folder_slug(const struct campaign_folder *folder);
const char *campaign_folder_title(const struct campaign_folder *folder);
const char *campaign_folder_hash(const struct campaign_folder *folder);
const json_t *campaign_folder_definition(const struct campaign_folder *folder);
/* The step's compiled letter (borrowed). */
struct letter *campaign_folder_letter(const struct campaign_folder *folder, int step);
/* The step of a letter by its name in `letters` or its kind ("reminder"); -1: there is none. */
int campaign_folder_step(const struct campaign_folder *folder, const char *name);
/* A recipient's fields with what is known only when the letter goes, as an example: the round, its
 * deadline, links that lead nowhere. New reference. */
json_t *campaign_folder_fields(const struct campaign_folder *folder, int step, const json_t *fields);

/* Our own words for a kind of letter ("reminder"), as they go out where the folder has none; NULL: there are none. */
const char *campaign_standard_letter(const char *kind, enum lang lang);

struct campaign_recipient {  /* one letter-to-be; strings owned by the struct */
	int64_t organisation, contact;
	char *key, *name, *address, *contact_name, *zone;
	json_t *fields;      /* what the letter is filled with */
	bool outside;        /* not in the audience (campaign_folder_recipient only) */
};
void campaign_recipient_fini(struct campaign_recipient *recipient);

/* Audience of the folder against the store's directory and the folder's own
 * data: count, and the first `sample` recipients. */
int campaign_folder_audience(const struct campaign_folder *folder, struct db *db, int64_t *count,
	struct campaign_recipient **sample, size_t sample_most, size_t *sample_count,
	struct error *e);
/* The same piece by piece, in order of organisation.id (as campaign_audience_batch): for lists that are paged.
 * unreached (may be NULL) is told of chosen organisations without a contact in the roles. */
int campaign_folder_batch(const struct campaign_folder *folder, struct db *db, int64_t after, int most, int64_t *last,
	bool *end, int (*each)(void *arg, const struct campaign_recipient *recipient),
	void (*unreached)(void *arg, int64_t organisation, const char *key, const char *name), void *arg, struct error *e);
/* The first recipient. ERROR_NOT_FOUND: there is nobody. */
int campaign_folder_first(const struct campaign_folder *folder, struct db *db, struct campaign_recipient *out,
	struct error *e);
/* One recipient by organisation key or address. ERROR_NOT_FOUND. */
int campaign_folder_recipient(const struct campaign_folder *folder, struct db *db,
	const char *key_or_address, struct campaign_recipient *out, struct error *e);

/* Why an organisation (by key or address) is in the audience or not, a line per condition; each
 * stage's audience apart. ERROR_NOT_FOUND. */
int campaign_folder_explain(const struct campaign_folder *folder, struct db *db,
	const char *key_or_address, struct buf *out, struct error *e);

/* Stores the draft with all its parts in one or more transactions (the
 * campaign row last). ERROR_CONFLICT when the slug exists (launched, or a
 * draft with another hash is replaced: only launched ones conflict). */
int campaign_folder_store(const struct campaign_folder *folder, struct db *db, const char *actor,
	int64_t *id, struct error *e);
/* The same; in_last is called inside the transaction that completes the draft
 * (a launch is published there). Not 0: nothing is completed. */
int campaign_folder_store_and(const struct campaign_folder *folder, struct db *db, const char *actor,
	int (*in_last)(void *arg, struct db *tx, int64_t id, struct error *e), void *arg, int64_t *id,
	struct error *e);
/* A campaign of kind 'test' with one recipient, who gets the letter as `like`
 * would, its subject marked. Inside the caller's transaction. slug: of the test. */
#define CAMPAIGN_SLUG_SIZE 65
int campaign_folder_store_test(const struct campaign_folder *folder, struct db *tx, const char *actor,
	const struct campaign_recipient *like, const char *to_address, char slug[static CAMPAIGN_SLUG_SIZE],
	char hash[static IDENT_HASH_SIZE], struct error *e);
/* For a notice (task `notify`): campaign of kind 'notice', state running, with
 * letter and attachments, inside the caller's transaction. Its deliveries are
 * the caller's. ERROR_INPUT when the letter does not compile. */
struct task;
struct task_recipient;
int campaign_store_notice(struct db *tx, const struct settings *settings, const struct task *task,
	int64_t *id, struct error *e);
/* delivery.fields of a notice's recipient: its own fields and {"recipient":{"name","address"}}
 * unless it brings a "recipient" of its own. New reference. */
json_t *campaign_notice_fields(const struct task_recipient *to);

/* ---- stored campaigns: planner and mailer ---------------------------------- */

struct campaign; /* immutable once loaded */

int campaign_load(struct db *db, int64_t id, struct campaign **out, struct error *e);
/* The same as one of its rounds has it: with the round's own audience and beginning (as send.at).
 * collect: instead of its recipients their children, all of definition.ask.collect_kinds (who is
 * whose child the caller looks up); figures that stand nowhere for a child are empty. */
int campaign_load_round(struct db *db, int64_t id, int64_t number, bool collect, struct campaign **out,
	struct error *e);
void campaign_free(struct campaign **campaign);
/* Makes campaign.document_key for at most `most` rows that are older than the column. In a transaction of its own; *left:
 * there are more. */
int campaign_fill_document_keys(struct db *db, int64_t most, bool *left, struct error *e);
int64_t campaign_id(const struct campaign *campaign);
const char *campaign_slug(const struct campaign *campaign);
const char *campaign_zone(const struct campaign *campaign);
const json_t *campaign_definition(const struct campaign *campaign);
const char *campaign_sender(const struct campaign *campaign); /* From address */
const char *campaign_reply_to(const struct campaign *campaign); /* or NULL */
/* Compiles the step's letter from the stored parts. The caller unrefs. */
int campaign_letter(struct db *db, const struct campaign *campaign, const struct settings *settings,
	int step, struct letter **out, struct error *e);

/* Audience in order of organisation.id, for expansion: recipients with
 * organisation.id > after, at most `most` organisations looked at; *last gets
 * the last id looked at, *end is set when there are no more. Each recipient
 * (one per chosen contact) goes to each(), which takes nothing over. */
int campaign_audience_batch(struct db *db, const struct campaign *campaign, int64_t after, int most,
	int64_t *last, bool *end,
	int (*each)(void *arg, const struct campaign_recipient *recipient), void *arg,
	struct error *e);
/* When the first letter to this recipient goes: send.at/local/hours. */
int campaign_due_ms(const struct campaign *campaign, const char *recipient_zone, int64_t now_ms,
	int64_t *due_ms, struct error *e);

#endif
