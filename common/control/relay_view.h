/* A relay: what the settings say of it (never its password) and how it is doing. */
#ifndef VESTNIK_CONTROL_RELAY_VIEW_H
#define VESTNIK_CONTROL_RELAY_VIEW_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "settings/settings.h"
#include "store/db.h"

/* New reference. */
json_t *relay_json(const struct settings_relay *relay);
/* "1000/h", "500/24h"; "" for no limit. Returns out. */
#define RELAY_RATE_SIZE 64
const char *relay_rate_text(const struct settings_rate *rate, char out[static RELAY_RATE_SIZE]);
const char *relay_security_name(enum relay_security security);
/* NULL: none of that name. */
const struct settings_relay *relay_named(const struct settings *settings, const char *name);

struct relay_view {
	bool known;              /* a mailer has used it */
	char breaker[16];        /* closed | open | half-open */
	char *reason;            /* why it is not closed or parked: its last words; may be NULL */
	int64_t parked_until_ms; /* 0 = it is not parked now */
	int64_t window_start_ms, window_used; /* of its quota */
	int64_t updated_ms;
};
int relay_view_read(struct db *db, const struct settings_relay *relay, struct relay_view *out, struct error *e);
void relay_view_fini(struct relay_view *view);

#endif
