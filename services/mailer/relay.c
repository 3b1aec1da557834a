#include "mailer/relay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "store/again.h"

/* Five letters in a row without a reply: the relay's answers cannot be read. */
#define UNCERTAIN_LIMIT 5
/* A quota refusal of a relay whose quota nobody wrote down. */
#define PARK_UNKNOWN_MS (60 * 60 * 1000LL)
/* One hundredth of the quota at a time, so that a crash wastes little of it. */
#define QUOTA_BLOCK_PART 100
#define QUOTA_BLOCK_MOST 100

/* A breaker that is not closed is written again that often, and one nobody writes any more for
 * three times as long (its mailer died) is written as what we see. */
#define REWRITE_MS 5000

static const char *const breaker_names[] = {"closed", "open", "half-open"};

static void relay_init(struct relay *relay, const struct settings *settings,
	const struct settings_relay *from, const atomic_bool *stop)
{
	static const enum transport_security security[] = {
		[RELAY_PLAIN] = TRANSPORT_PLAIN, [RELAY_STARTTLS] = TRANSPORT_STARTTLS, [RELAY_TLS] = TRANSPORT_TLS};
	relay->settings = from;
	relay->mailers = 1;
	relay->transport = from->transport == RELAY_LIBCURL ? &transport_curl : &transport_esmtp;
	relay->config = (struct transport_config){.relay = from->name,
		.host = from->host,
		.port = from->port,
		.security = security[from->security],
		.ca_file = from->ca_file,
		.ehlo = settings->mailer.ehlo,
		.user = from->user,
		.password = from->password,
		.connect_timeout_ms = from->connect_timeout_ms,
		.greeting_timeout_ms = from->greeting_timeout_ms,
		.command_timeout_ms = from->command_timeout_ms,
		.transfer_timeout_ms = from->transfer_timeout_ms,
		.final_timeout_ms = from->final_timeout_ms,
		.letters_per_session = from->letters_per_session,
		.stop = stop};
	rate_init(&relay->rate, from->rate, 100);
	rate_init(&relay->bulk_rate, from->rate, 90);
	relay->open_for_ms = settings->mailer.breaker_open_ms;
}

int relays_init(struct relays *relays, const struct settings *settings, const atomic_bool *stop,
	struct error *e)
{
	*relays = (struct relays){.item = xcalloc(settings->relays_count, sizeof *relays->item),
		.count = settings->relays_count,
		.breaker_failures = settings->mailer.breaker_failures,
		.breaker_open_ms = settings->mailer.breaker_open_ms,
		.breaker_open_most_ms = settings->mailer.breaker_open_most_ms};
	for (size_t i = 0; i < relays->count; i++) {
		struct relay *relay = &relays->item[i];
		relay_init(relay, settings, &settings->relays[i], stop);
		/* What a transport cannot do is said at the start, not at the first letter. */
		struct transport_session *probe = NULL;
		if (relay->transport->open(&probe, &relay->config, e) != 0)
			return error_context(e, "relay %s", relay->settings->name);
		relay->transport->close(&probe);
	}
	return 0;
}

void relays_fini(struct relays *relays)
{
	free(relays->item);
	*relays = (struct relays){0};
}

/* ---- several mailers --------------------------------------------------------------- */

void relay_share(struct relay *relay, int mailers)
{
	relay->mailers = mailers;
	rate_share(&relay->rate, relay->settings->rate, 100, mailers);
	rate_share(&relay->bulk_rate, relay->settings->rate, 90, mailers);
}

int relay_places(const struct relay *relay)
{
	int all = relay->settings->connections;
	if (!relay->settings->connections_limited)
		return all;
	return all > relay->mailers ? all / relay->mailers : 1;
}

void relay_saw(struct relay *relay, const struct relay_seen *seen, int64_t wall_ms)
{
	if (seen->parked_until_ms > relay->parked_until_ms) {
		relay->parked_until_ms = seen->parked_until_ms;
		snprintf(relay->reason, sizeof relay->reason, "parked by another mailer");
		log_info("relay_parked", "relay=%s by=another", relay->settings->name);
	}
	bool ours = relay->breaker != BREAKER_CLOSED;
	if (ours ? wall_ms - relay->saved_ms > REWRITE_MS
		 : seen->troubled && wall_ms - seen->updated_ms > 3 * REWRITE_MS)
		relay->dirty = true;
}

/* ---- choosing -------------------------------------------------------------------------- */

bool relay_carries(const struct relay *relay, const char *sender)
{
	if (relay->settings->senders_count == 0)
		return true;
	for (size_t i = 0; i < relay->settings->senders_count; i++)
		if (strcasecmp(relay->settings->senders[i], sender) == 0)
			return true;
	return false;
}

bool relay_usable(const struct relay *relay, int64_t mono_ms, int64_t wall_ms)
{
	if (relay->parked_until_ms > wall_ms)
		return false;
	switch (relay->breaker) {
	case BREAKER_CLOSED:
		return true;
	case BREAKER_OPEN:
		return mono_ms >= relay->retry_at_ms;
	case BREAKER_HALF_OPEN:
		return !relay->probing;
	}
	return false;
}

static int64_t usable_again(const struct relay *relay, int64_t mono_ms, int64_t wall_ms)
{
	int64_t at = wall_ms;
	if (relay->breaker != BREAKER_CLOSED && relay->retry_at_ms > mono_ms)
		at = wall_ms + relay->retry_at_ms - mono_ms;
	if (relay->parked_until_ms > at)
		at = relay->parked_until_ms;
	/* Half open with a probe under way: look again soon. */
	return at > wall_ms ? at : wall_ms + 1000;
}

struct relay *relays_choose(struct relays *relays, const char *sender, int64_t mono_ms, int64_t wall_ms,
	int64_t *wall_ms_again)
{
	struct relay *best = NULL, *spare = NULL;
	int total = 0;
	*wall_ms_again = 0;
	for (size_t i = 0; i < relays->count; i++) {
		struct relay *relay = &relays->item[i];
		if (!relay_carries(relay, sender))
			continue;
		if (!relay_usable(relay, mono_ms, wall_ms)) {
			int64_t again = usable_again(relay, mono_ms, wall_ms);
			if (*wall_ms_again == 0 || again < *wall_ms_again)
				*wall_ms_again = again;
			continue;
		}
		if (relay->settings->weight == 0) {
			if (spare == NULL)
				spare = relay;
			continue;
		}
		relay->credit += relay->settings->weight;
		total += relay->settings->weight;
		if (best == NULL || relay->credit > best->credit)
			best = relay;
	}
	if (best == NULL)
		return spare;
	best->credit -= total;
	return best;
}

static bool breaker_open(struct relays *relays, struct relay *relay, int64_t mono_ms, const char *why)
{
	if (relay->breaker == BREAKER_HALF_OPEN) {
		relay->open_for_ms *= 2;
		if (relay->open_for_ms > relays->breaker_open_most_ms)
			relay->open_for_ms = relays->breaker_open_most_ms;
	} else {
		relay->open_for_ms = relays->breaker_open_ms;
	}
	relay->breaker = BREAKER_OPEN;
	relay->probing = false;
	relay->retry_at_ms = mono_ms + relay->open_for_ms;
	relay->dirty = true;
	snprintf(relay->reason, sizeof relay->reason, "%s", why);
	log_warn("relay_breaker", "relay=%s state=open seconds=%lld reason=%s", relay->settings->name,
		(long long)relay->open_for_ms / 1000, log_quote(why));
	return true;
}

bool relay_session_failed(struct relays *relays, struct relay *relay, int64_t mono_ms, const char *why)
{
	snprintf(relay->reason, sizeof relay->reason, "%s", why);
	relay->failures++;
	if (relay->breaker == BREAKER_OPEN)
		return true; /* sessions that were still on their way */
	if (relay->breaker == BREAKER_HALF_OPEN || relay->failures >= relays->breaker_failures)
		return breaker_open(relays, relay, mono_ms, why);
	return false;
}

void relay_worked(struct relay *relay)
{
	relay->failures = 0;
	relay->uncertain_in_a_row = 0;
	relay->refused_sender[0] = '\0';
	if (relay->breaker == BREAKER_CLOSED)
		return;
	log_info("relay_breaker", "relay=%s state=closed", relay->settings->name);
	relay->breaker = BREAKER_CLOSED;
	relay->probing = false;
	relay->reason[0] = '\0';
	relay->dirty = true;
}

bool relay_uncertain(struct relays *relays, struct relay *relay, int64_t mono_ms)
{
	if (++relay->uncertain_in_a_row < UNCERTAIN_LIMIT || relay->breaker == BREAKER_OPEN)
		return relay->breaker == BREAKER_OPEN;
	return breaker_open(relays, relay, mono_ms,
		"five letters in a row went out without a readable reply: check the relay by hand");
}

bool relay_refused_sender(struct relays *relays, struct relay *relay, const char *sender, int64_t mono_ms,
	const char *why)
{
	if (relay->breaker == BREAKER_OPEN)
		return true;
	bool second = relay->refused_sender[0] != '\0' && strcmp(relay->refused_sender, sender) != 0;
	if (second || relay->breaker == BREAKER_HALF_OPEN)
		return breaker_open(relays, relay, mono_ms, why);
	snprintf(relay->refused_sender, sizeof relay->refused_sender, "%s", sender);
	return false;
}

bool relay_quota_refused(struct relay *relay, int64_t wall_ms, const char *why)
{
	const struct settings_rate *quota = &relay->settings->quota;
	int64_t until = wall_ms + (quota->per_ms > 0 ? quota->per_ms : PARK_UNKNOWN_MS);
	if (until > relay->parked_until_ms) {
		relay->parked_until_ms = until;
		relay->dirty = true;
		snprintf(relay->reason, sizeof relay->reason, "%s", why);
		log_warn("relay_parked", "relay=%s minutes=%lld reason=%s", relay->settings->name,
			(long long)(until - wall_ms) / 60000, log_quote(why));
	}
	return true;
}

/* ---- the store's side ------------------------------------------------------------ */

static int64_t quota_block(int64_t quota)
{
	int64_t block = quota / QUOTA_BLOCK_PART;
	return block < 1 ? 1 : block > QUOTA_BLOCK_MOST ? QUOTA_BLOCK_MOST : block;
}

static int refill_once(struct db *db, const struct settings_relay *settings, int64_t wall_ms,
	int64_t *granted, int64_t *parked_until_ms, struct error *e)
{
	int64_t start = 0, used = 0, parked = 0;
	struct db_stmt *row;
	*granted = 0;
	*parked_until_ms = 0;
	if (db_begin(db, DB_WRITE, e) != 0)
		return -1;
	if (db_query(db, &row, e,
		    "SELECT window_start_ms, window_used, parked_until_ms FROM relay_state WHERE relay = $1", "s",
		    settings->name) != 0)
		goto failed;
	enum db_step step = db_step(row, e);
	if (step == DB_FAILED)
		goto failed;
	if (step == DB_ROW) {
		start = db_int(row, 0);
		used = db_int(row, 1);
		parked = db_int(row, 2);
		db_reset(row);
	}
	if (parked > wall_ms) {
		*parked_until_ms = parked;
		db_rollback(db);
		return 0;
	}
	if (start == 0 || start + settings->quota.per_ms <= wall_ms) {
		start = wall_ms;
		used = 0;
	}
	int64_t left = settings->quota.count - used, block = quota_block(settings->quota.count);
	if (left <= 0) {
		*parked_until_ms = start + settings->quota.per_ms;
		db_rollback(db);
		return 0;
	}
	*granted = block < left ? block : left;
	if (db_exec(db, e,
		    "INSERT INTO relay_state (relay, window_start_ms, window_used, updated_ms)"
		    " VALUES ($1, $2, $3, $4)"
		    " ON CONFLICT (relay) DO UPDATE SET window_start_ms = $2, window_used = $3, updated_ms = $4",
		    "siii", settings->name, start, used + *granted, wall_ms) != 0)
		goto failed;
	return db_commit(db, DB_DURABLE, e);
failed:
	db_rollback(db);
	return -1;
}

/* The window starts with its first letter and lasts quota.per, as providers count. Several mailers
 * ask for the same row: whoever comes second begins anew with what the first has left. */
int relay_refill_quota(struct db *db, const struct settings_relay *settings, int64_t wall_ms,
	int64_t *granted, int64_t *parked_until_ms, struct error *e)
{
	struct again again = {0};
	int rc;
	do
		rc = refill_once(db, settings, wall_ms, granted, parked_until_ms, e);
	while (rc != 0 && again_after_conflict(&again, e));
	if (rc != 0)
		*granted = 0;
	return rc;
}

int relay_give_back_quota(struct db *db, const char *name, int64_t letters, struct error *e)
{
	struct again again = {0};
	int rc;
	do
		rc = db_exec(db, e,
			"UPDATE relay_state SET window_used = window_used - $2"
			" WHERE relay = $1 AND window_used >= $2",
			"si", name, letters);
	while (rc != 0 && again_after_conflict(&again, e));
	return rc;
}

int relay_save(struct db *db, const char *name, enum breaker breaker, int64_t parked_until_ms,
	const char *reason, int64_t wall_ms, struct error *e)
{
	struct again again = {0};
	int rc;
	do
		rc = db_exec(db, e,
			"INSERT INTO relay_state (relay, parked_until_ms, breaker, reason, updated_ms)"
			" VALUES ($1, $2, $3, $4, $5)"
			" ON CONFLICT (relay) DO UPDATE SET parked_until_ms = CASE"
			" WHEN relay_state.parked_until_ms > excluded.parked_until_ms"
			" THEN relay_state.parked_until_ms ELSE excluded.parked_until_ms END,"
			" breaker = excluded.breaker, reason = excluded.reason,"
			" updated_ms = excluded.updated_ms",
			"sissi", name, parked_until_ms, breaker_names[breaker], reason, wall_ms);
	while (rc != 0 && again_after_conflict(&again, e));
	return rc;
}

int relay_load(struct db *db, const char *name, struct relay_seen *seen, struct error *e)
{
	struct db_stmt *row;
	*seen = (struct relay_seen){0};
	if (db_query(db, &row, e,
		    "SELECT parked_until_ms, updated_ms, breaker FROM relay_state WHERE relay = $1", "s",
		    name) != 0)
		return -1;
	enum db_step step = db_step(row, e);
	if (step == DB_ROW) {
		*seen = (struct relay_seen){.parked_until_ms = db_int(row, 0),
			.updated_ms = db_int(row, 1),
			.troubled = strcmp(db_text(row, 2), "closed") != 0};
		db_reset(row);
	}
	return step == DB_FAILED ? -1 : 0;
}
