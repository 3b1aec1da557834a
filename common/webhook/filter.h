/* Which events an endpoint wants, decided by the type alone, without reading
 * the data. Stored as a JSON array of patterns: a whole type, or a prefix that
 * ends in ".*"; [] = everything. */
#ifndef VESTNIK_WEBHOOK_FILTER_H
#define VESTNIK_WEBHOOK_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

#define WEBHOOK_TYPE_TEST "vestnik.webhook.test"
#define WEBHOOK_TYPE_DISABLED "vestnik.webhook.disabled"

/* Every type an endpoint may ask for, NULL-terminated. */
const char *const *webhook_types(void);

struct webhook_filter;

/* From the stored JSON. ERROR_INPUT. */
int webhook_filter_parse(const char *json, struct webhook_filter **out, struct error *e);
void webhook_filter_free(struct webhook_filter **filter);
bool webhook_filter_match(const struct webhook_filter *filter, const char *type);

/* What people write, "accepted,delivery.failed,campaign.*", as the JSON to
 * store. "vestnik." and "vestnik.delivery." may be left out. NULL or "" = [].
 * ERROR_INPUT names the word nobody publishes and what would be right. */
int webhook_filter_from_words(const char *words, struct buf *json, struct error *e);

#endif
