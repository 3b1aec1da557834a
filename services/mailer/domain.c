#include "mailer/domain.h"

#include <stdlib.h>
#include <string.h>

#include "base/gate.h"
#include "base/xalloc.h"

struct domain_rate {
	const char *domain;
	struct settings_rate limit;
	struct rate rate;
	int64_t come_back_ms; /* given to the last letter sent back */
};

struct domain_rates {
	struct domain_rate *item; /* sorted by domain */
	size_t count;
};

static int compare(const void *a, const void *b)
{
	const struct domain_rate *left = a, *right = b;
	return strcmp(left->domain, right->domain);
}

struct domain_rates *domain_rates_new(const struct settings *settings)
{
	struct domain_rates *rates = xcalloc(1, sizeof *rates);
	rates->count = settings->mailer.domains_count;
	rates->item = xcalloc(rates->count, sizeof *rates->item);
	for (size_t i = 0; i < rates->count; i++) {
		rates->item[i].domain = settings->mailer.domains[i].domain;
		rates->item[i].limit = settings->mailer.domains[i].rate;
		rate_init(&rates->item[i].rate, settings->mailer.domains[i].rate, 100);
	}
	if (rates->count > 0)
		qsort(rates->item, rates->count, sizeof *rates->item, compare);
	return rates;
}

void domain_rates_free(struct domain_rates **pointer)
{
	if (*pointer == NULL)
		return;
	free((*pointer)->item);
	free(*pointer);
	*pointer = NULL;
}

void domain_rates_share(struct domain_rates *rates, int mailers)
{
	for (size_t i = 0; i < rates->count; i++)
		rate_share(&rates->item[i].rate, rates->item[i].limit, 100, mailers);
}

int64_t domain_rates_take(struct domain_rates *rates, const char *address, int64_t now_ms, int64_t latest_ms,
	int64_t *again_ms)
{
	if (rates->count == 0)
		return now_ms;
	struct domain_rate wanted = {.domain = gate_address_domain(address)};
	struct domain_rate *found =
		bsearch(&wanted, rates->item, rates->count, sizeof *rates->item, compare);
	if (found == NULL)
		return now_ms;
	int64_t at = rate_when_ms(&found->rate, now_ms);
	if (at <= latest_ms) {
		rate_take(&found->rate, now_ms);
		return at;
	}
	int64_t interval_ms = found->rate.interval_us / 1000 + 1;
	found->come_back_ms = (found->come_back_ms > at ? found->come_back_ms : at) + interval_ms;
	*again_ms = found->come_back_ms;
	return -1;
}
