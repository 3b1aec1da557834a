/* Campaigns being written in the browser or by a program: a form (JSON) and files, kept in the store until
 * they are launched. What is launched is the same as from a folder: the form becomes campaign.yaml, the
 * folder's reader checks it (campaign/campaign.h), its problems are led back to the fields of the form.
 * Tables composition, composition_file; nobody else writes them. */
#ifndef VESTNIK_COMPOSE_COMPOSE_H
#define VESTNIK_COMPOSE_COMPOSE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/problem.h"
#include "calendar/day.h"
#include "campaign/campaign.h"
#include "control/order.h"
#include "settings/settings.h"
#include "store/db.h"

/* Whatever writes does it in the caller's transaction, if one is open, else in one of its own. */

struct composition { /* owned */
	char *slug, *title, *owner, *changed_by;
	json_t *form;        /* compose/form.h */
	int64_t version, created_ms, changed_ms;
};
void composition_fini(struct composition *composition);

/* ERROR_CONFLICT: the slug exists. form may be NULL: the usual beginning. */
int compose_begin(struct db *db, const char *slug, const char *title, const json_t *form, const char *actor,
	struct error *e);
/* From a folder packed as ZIP (campaign.yaml and its files): what the form cannot say stays in the YAML,
 * the form then shows the text itself ("yaml"). */
int compose_begin_zip(struct db *db, const void *data, size_t len, const char *actor, char **slug,
	struct problems *problems, struct error *e);
/* From a campaign that stands in the store, with its letters, files and tables; dates move by working days so
 * that it begins on start_day (DAY_NONE: they stay). problems: what was changed. ERROR_NOT_FOUND. */
int compose_begin_copy(struct db *db, const struct settings *settings, const char *campaign, int32_t start_day,
	const char *actor, char **slug, struct problems *problems, struct error *e);
/* DB_DONE: there is none. */
enum db_step compose_read(struct db *db, const char *slug, struct composition *out, struct error *e);
/* ERROR_CONFLICT: version is not the one in the store (somebody else saved meanwhile); says who and when. */
int compose_save(struct db *db, const char *slug, int64_t version, const json_t *form, const char *actor,
	struct error *e);
/* Another name for it. Conflicts as in begin and save. */
int compose_rename(struct db *db, const char *slug, int64_t version, const char *new_slug, const char *actor,
	struct error *e);
int compose_drop(struct db *db, const char *slug, struct error *e);
/* Newest change first; without those that were launched meanwhile (a second person's word came later). */
int compose_each(struct db *db, int (*each)(void *arg, const struct composition *composition), void *arg,
	struct error *e);

/* Files: attachments, data sheets, letters beside the form's. name passed gate_file_name. */
int compose_file_put(struct db *db, const char *slug, const char *name, const char *media_type, const void *data,
	size_t len, const char *actor, struct error *e);
int compose_file_remove(struct db *db, const char *slug, const char *name, struct error *e);
/* After either, in tx, where no compose_save says it: a new version, so that what was checked before is not launched. */
int compose_files_changed(struct db *tx, const char *slug, int64_t *version, struct error *e);
int compose_files(struct db *db, const char *slug, json_t **out, struct error *e); /* [{"name","size","media_type"}] */

/* The campaign.yaml the form stands for. */
int compose_yaml(const struct composition *composition, struct buf *out, struct error *e);
/* Writes the folder to a temporary place (under run_dir) and loads it. problems: field = path in the form
 * ("ask.deadline", "letters.first"), line = of the letter's or a table's text where it is about that. NULL when
 * there are errors in problems, or (e->code set) when it cannot be done at all. The caller frees. */
struct campaign_folder *compose_load(struct db *db, const struct settings *settings,
	const struct composition *composition, struct problems *problems, struct error *e);
/* The same without a look at the whole directory: quick however many recipients there are (previews). */
struct campaign_folder *compose_load_quick(struct db *db, const struct settings *settings,
	const struct composition *composition, struct problems *problems, struct error *e);
/* A folder packed as ZIP, checked as it is; nothing is stored. As compose_load, problems name its files. */
struct campaign_folder *compose_load_zip(struct db *db, const struct settings *settings, const void *data, size_t len,
	struct problems *problems, struct error *e);
/* A test letter to one address, as the organisation `like` (key or address; NULL: the first) would get it;
 * waits as order_give does. slug: of the test. */
int compose_test(const struct orderer *who, struct db *db, const struct composition *composition, const char *like,
	const char *to_address, char slug[static CAMPAIGN_SLUG_SIZE], enum order_outcome *outcome,
	char result[static ORDER_RESULT_SIZE], struct problems *problems, struct error *e);

/* A launched campaign's own folder with another text of its first letter (first NULL: it stays) and the letter for
 * those who have it already, loaded for amend_store (campaign/amend.h); nothing is stored. NULL and problems or e
 * as compose_load. The caller frees. */
struct campaign_folder *compose_correct_text(struct db *db, const struct settings *settings, const char *campaign,
	const char *first, const char *correction, struct problems *problems, struct error *e);

/* Stores the draft and orders its launch in one transaction; the composition goes when the planner has taken it up
 * (its version counts up with the order: it is the same text, but who holds the old version looks again). With
 * approval wanted (settings) and not given for this content: the request is noted, *asked is set,
 * nothing is launched. problems: why it cannot be. */
int compose_launch(const struct orderer *who, struct db *db, const struct composition *composition, bool *asked,
	enum order_outcome *outcome, char result[static ORDER_RESULT_SIZE], struct problems *problems, struct error *e);
/* Compositions that were launched meanwhile: approved by somebody else, or taken up late. */
int compose_sweep(struct db *db, struct error *e);

#endif
