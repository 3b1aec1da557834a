/* What all letters of one campaign step share in the mailer: the compiled
 * letter and the campaign's sending facts. Cached, reference-counted. */
#ifndef VESTNIK_MAILER_SHEET_H
#define VESTNIK_MAILER_SHEET_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "letter/letter.h"
#include "settings/settings.h"
#include "store/db.h"

struct sheet {
	int64_t campaign;
	int step;
	struct letter *letter;
	char *slug;
	char *sender;   /* From address */
	char *reply_to; /* or NULL */
	json_t *annexes; /* definition.annexes: files that go as links; NULL = none. Not changed */
	int references; /* under the cache's lock */
};

struct sheets;

struct sheets *sheets_new(const struct settings *settings);
void sheets_free(struct sheets **sheets);
/* Any thread; db is the calling thread's. The caller gives it back. ERROR_INPUT
 * when the stored letter cannot be compiled. */
int sheets_get(struct sheets *sheets, struct db *db, int64_t campaign, int step, struct sheet **out,
	struct error *e);
void sheets_put(struct sheets *sheets, struct sheet **sheet);

#endif
