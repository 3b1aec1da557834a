#include <stdio.h>

#include "daemon/daemon.h"
#include "ledger/ledger.h"

/* The wait for events, which wake it at once; so long may a stop take. */
#define WAIT_MS 250

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

static int one_step(void *arg, int wait_ms, struct error *e)
{
	struct service *self = arg;
	return ledger_step(self->ledger, wait_ms, e);
}

static int ledger_run(struct daemon *daemon, void *state, struct error *e)
{
	return daemon_run_steps(daemon, one_step, state, WAIT_MS, e);
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
