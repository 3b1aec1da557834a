#include <stdio.h>

#include "base/log.h"
#include "daemon/daemon.h"
#include "ledger/ledger.h"

/* The wait for events, which wake it at once; so long may a stop take. */
#define WAIT_MS 250
/* After trouble that may pass (store locked, full, gone), doubling. */
#define PAUSE_LEAST_MS 100
#define PAUSE_MOST_MS 5000

struct service {
	struct db *db;
	struct ledger *ledger;
};

static struct service service;

static int ledger_start(struct daemon *daemon, void **state, struct error *e)
{
	*state = &service;
	if (daemon_open_store(daemon, &service.db, e) != 0)
		return -1;
	return ledger_open(&service.ledger, service.db, daemon_bus(daemon), daemon_settings(daemon), e);
}

static int ledger_run(struct daemon *daemon, void *state, struct error *e)
{
	struct service *self = state;
	int pause_ms = 0;
	daemon_ready(daemon);
	while (!daemon_stopping(daemon)) {
		if (ledger_step(self->ledger, WAIT_MS, e) >= 0) {
			if (pause_ms > 0)
				daemon_set_trouble(daemon, NULL);
			pause_ms = 0;
			continue;
		}
		if (!e->retriable)
			return -1;
		if (pause_ms == 0)
			log_warn("ledger_waits", "reason=%s", log_quote(e->text));
		daemon_set_trouble(daemon, e->text);
		pause_ms = pause_ms == 0 ? PAUSE_LEAST_MS : pause_ms * 2 < PAUSE_MOST_MS ? pause_ms * 2 : PAUSE_MOST_MS;
		daemon_wait(daemon, pause_ms);
	}
	return 0;
}

static void ledger_stop(struct daemon *daemon, void *state)
{
	(void)daemon;
	struct service *self = state;
	ledger_close(&self->ledger);
	db_close(&self->db);
}

static void ledger_note(void *state, char *out, size_t size)
{
	struct service *self = state;
	struct ledger_totals totals = {0};
	if (self->ledger != NULL)
		ledger_totals(self->ledger, &totals);
	snprintf(out, size, "%lld events applied in %lld batches, %lld repeated, %lld bad",
		(long long)totals.applied, (long long)totals.batches, (long long)totals.old,
		(long long)(totals.bad + totals.unknown));
}

int main(int argc, char **argv)
{
	static const struct daemon_service descriptor = {.name = "ledger",
		.summary = "applies what happened to letters to the store",
		.start = ledger_start,
		.run = ledger_run,
		.stop = ledger_stop,
		.note = ledger_note};
	return daemon_main(&descriptor, argc, argv);
}
