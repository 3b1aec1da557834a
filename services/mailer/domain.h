/* Rates per recipient domain. Under the pool's lock. */
#ifndef VESTNIK_MAILER_DOMAIN_H
#define VESTNIK_MAILER_DOMAIN_H

#include <stdint.h>

#include "mailer/rate.h"
#include "settings/settings.h"

struct domain_rates;

struct domain_rates *domain_rates_new(const struct settings *settings);
void domain_rates_free(struct domain_rates **rates);

/* So many mailers share the rates. */
void domain_rates_share(struct domain_rates *rates, int mailers);

/* Takes a place for a letter to address. Returns when it may start (monotonic
 * ms; now = at once), or, when that is later than `latest_ms`, -1 with
 * *again_ms: when to come back. Those sent back get times one interval apart,
 * so that they do not all come back at once. */
int64_t domain_rates_take(struct domain_rates *rates, const char *address, int64_t now_ms,
	int64_t latest_ms, int64_t *again_ms);

#endif
