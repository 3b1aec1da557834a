/* A launched campaign that is changed: a new deadline, mended letters, a recall. What was sent stays
 * what it was: a letter that changes gets a step number of its own. The planner's, inside its
 * transaction; but for amend_store. */
#ifndef VESTNIK_CAMPAIGN_AMEND_H
#define VESTNIK_CAMPAIGN_AMEND_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "campaign/campaign.h"
#include "store/db.h"

/* New reference. */
int amend_read(struct db *tx, int64_t id, json_t **definition, struct error *e);
int amend_write(struct db *tx, int64_t id, const json_t *definition, struct error *e);

/* Appends {"step": next, "kind", "letter", <relation>: base}; returns the step's number. relation:
 * "corrects" – it replaces that step from now on; "of" – it goes to those who got that step. */
int64_t amend_add_step(json_t *definition, const char *kind, const char *letter, const char *relation,
	int64_t base);
/* The step that is sent now in the place of `step`: itself, or the last that corrects it. */
int64_t amend_current_step(const json_t *definition, int64_t step);
/* Name of the letter of a kind: the definition's; where it has none, the standard words are stored
 * under that name. NULL: there are none (errors: e->code). The caller frees. */
char *amend_letter(struct db *tx, int64_t id, const json_t *definition, const char *kind, struct error *e);

/* The mended folder of a campaign that was launched, stored beside it (campaign.kind 'correction',
 * slug "<slug>--correction"; never launched itself). in_last: as campaign_folder_store_and.
 * ERROR_INPUT: it has no letter `correction`. */
int amend_store(const struct campaign_folder *folder, struct db *db, const char *actor,
	int (*in_last)(void *arg, struct db *tx, int64_t id, struct error *e), void *arg, struct error *e);
/* "<slug>--correction". The caller frees. */
char *amend_slug(const char *slug);

/* Takes over from the mended one what differs: letters get new steps ("corrects"), attachments and
 * requisites replace the old ones. *correction: the name of the letter for those reached already; the
 * caller frees. changed: anything but that letter. */
int amend_take(struct db *tx, int64_t id, int64_t mended, json_t *definition, char **correction,
	bool *changed, struct error *e);

#endif
