/* A letter of a launched campaign as one of its recipients got it, personal links taken out: for the case file
 * and for whoever wants to see what was sent. */
#ifndef VESTNIK_REPORT_SAMPLE_H
#define VESTNIK_REPORT_SAMPLE_H

#include <stdint.h>

#include "base/error.h"
#include "settings/settings.h"
#include "store/db.h"

struct letter_sample { /* owned; subject NULL: it cannot be rendered, text says why */
	char *address, *organisation; /* of the recipient; organisation "" = it is gone */
	char *subject, *text, *html;
};
void letter_sample_fini(struct letter_sample *sample);

/* step: of definition.steps. key: an organisation's; "" = the first who got it. DB_DONE: nobody got it (yet). */
struct campaign;
enum db_step letter_sample_read(struct db *db, const struct settings *settings, const struct campaign *campaign,
	int64_t step, const char *key, struct letter_sample *out, struct error *e);

#endif
