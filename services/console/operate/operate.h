/* What operators look at and do: services, queues, relays, dead messages, webhooks, excluded addresses,
 * metrics. Private to this folder. */
#ifndef VESTNIK_CONSOLE_OPERATE_OPERATE_H
#define VESTNIK_CONSOLE_OPERATE_OPERATE_H

#include "console/console.h"

/* ---- status.c, reasons.c, charts.c ------------------------------------------------------------ */

void page_status(struct visit *visit);
/* Why running and paused campaigns are not sending: each reason once, with the campaigns it concerns,
 * the most important first. sending: letters go out all the same. New reference; NULL: *e. */
json_t *reasons_of(struct visit *visit, bool sending, struct error *e);
/* {"spans": tabs, "rate": table, "trouble": table} of ?span=hour|day|week; relay NULL = all. */
json_t *charts_of(struct visit *visit, const char *path, const char *relay, struct error *e);
/* Letters a minute over the last minutes, of all relays or one. */
int rate_of(struct visit *visit, const char *relay, double *per_minute, struct error *e);

/* ---- the other pages ---------------------------------------------------------------------------- */

void page_relays(struct visit *visit);
void page_relay(struct visit *visit);

void page_dead(struct visit *visit);
void page_dead_one(struct visit *visit);
void take_dead_replay(struct visit *visit); /* one, or all that the filter shows */
void take_dead_drop(struct visit *visit);

void page_webhooks(struct visit *visit);
void page_webhook_new(struct visit *visit);
void take_webhook_add(struct visit *visit);
void page_webhook_change(struct visit *visit);
void take_webhook_change(struct visit *visit);
void page_webhook(struct visit *visit);
void take_webhook_rotate(struct visit *visit);
void take_webhook_state(struct visit *visit); /* disable, enable */
void take_webhook_remove(struct visit *visit);
void take_webhook_test(struct visit *visit);
void take_webhook_replay(struct visit *visit); /* a span of time */
void page_webhook_message(struct visit *visit);
void take_webhook_replay_one(struct visit *visit);
struct webhook_endpoint;
/* The path's {id}; webhook_endpoint_fini. false: it is answered. */
bool webhook_find(struct visit *visit, struct webhook_endpoint *out);
json_t *webhook_json(const struct visit *visit, const struct webhook_endpoint *endpoint);
/* All types in groups of boxes; ticked are those of a stored filter. */
json_t *webhook_event_groups(const char *chosen);
/* The page that shows a secret this once. */
void webhook_show_secret(struct visit *visit, const char *id, const char *secret, bool fresh);

void page_suppressions(struct visit *visit);
void take_suppression_add(struct visit *visit);
void take_suppression_remove(struct visit *visit);

void page_metrics(struct visit *visit);

/* ---- words (words.c) ------------------------------------------------------------------------------ */

/* «Почтальон»; an unknown service as it is. */
const char *service_word(const char *service);
/* «12,3 МБ». New reference. */
json_t *show_size(int64_t bytes);
/* «~3 мин», «~2 ч»; null when nobody can tell. */
json_t *show_span(int64_t ms);
/* One line of what others said, at most so many bytes; null for NULL and "". */
json_t *show_line(const char *text, size_t most);

#endif
