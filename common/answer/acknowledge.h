/* Who has read an order: the only writer of an acknowledgement's moment. The planner inserts who is
 * expected; a button (portal) or staff note that it was done. It is not an electronic signature. */
#ifndef VESTNIK_ANSWER_ACKNOWLEDGE_H
#define VESTNIK_ANSWER_ACKNOWLEDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "bus/bus.h"
#include "store/db.h"

struct acknowledge { /* strings owned; "" = none */
	int64_t id, campaign, round, organisation; /* organisation 0: a person named in the campaign */
	int64_t round_number;
	int64_t time_ms;      /* 0 = not yet */
	char *name, *title;   /* title: the person's position */
	char *way, *slug, *campaign_title, *document; /* document: «№ 1355 от 22 сентября 2022 г.» */
	char *organisation_name, *zone;
	bool withdrawn;       /* the round was recalled */
};
enum db_step acknowledge_by_id(struct db *db, int64_t id, struct acknowledge *out, struct error *e);
void acknowledge_fini(struct acknowledge *who);

/* Notes it in the caller's write transaction, with the event vestnik.acknowledged (key "k<id>", data
 * {"acknowledgement","campaign","slug","round","organisation","way"}; no names). Who has
 * acknowledged before stays as he is: 0, and nothing is written. way: "button", "staff"; actor: staff or
 * NULL. ERROR_NOT_FOUND; ERROR_DENIED: it was withdrawn. */
int acknowledge_note(struct db *tx, struct bus *bus, const char *source, int64_t id, const char *way,
	const char *actor, int64_t time_ms, struct error *e);

#endif
