#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "daemon/daemon.h"
#include "planner/planner.h"

/* Tasks wake the planner at once; a retry that the ledger has put into the schedule meanwhile is
 * seen after this at the latest. */
#define WAIT_MS 100

struct service {
	struct db *db;
	struct planner *planner;
};

static struct service service;

/* On the embedded bus the file's permissions say who may ask. */
static void say_who_may_ask(const struct settings *settings)
{
	if (!settings->sources_given && strncmp(settings->bus_url, "kafka:", strlen("kafka:")) == 0)
		log_info("sources_open", "hint=%s",
			log_quote("whoever can write vestnik.tasks may ask for anything (settings: sources)"));
}

static int start(struct daemon *daemon, void **state, struct error *e)
{
	*state = &service;
	if (daemon_open_store(daemon, &service.db, e) != 0)
		return -1;
	say_who_may_ask(daemon_settings(daemon));
	struct planner_config config = {.db = service.db, .bus = daemon_bus(daemon),
		.settings = daemon_settings(daemon), .key = daemon_key(daemon), .instance = daemon_instance(daemon)};
	return planner_open(&service.planner, &config, e);
}

static int one_step(void *arg, int wait_ms, struct error *e)
{
	struct service *self = arg;
	return planner_step(self->planner, wait_ms, e);
}

static int run(struct daemon *daemon, void *state, struct error *e)
{
	return daemon_run_steps(daemon, one_step, state, WAIT_MS, e);
}

static void stop(struct daemon *daemon, void *state)
{
	(void)daemon;
	struct service *self = state;
	planner_close(&self->planner);
	db_close(&self->db);
}

static void note(void *state, char *out, size_t size)
{
	struct service *self = state;
	struct planner_totals t = {0};
	if (self->planner != NULL)
		planner_totals(self->planner, &t);
	snprintf(out, size, "%s, %lld letters/s, look-ahead %lld, dispatched %lld, expanded %lld, stuck %lld",
		t.leading ? "leading" : "standing by", (long long)t.rate_per_s, (long long)t.look_ahead,
		(long long)t.dispatched, (long long)t.expanded, (long long)t.stuck);
}

int main(int argc, char **argv)
{
	static const struct daemon_service descriptor = {.name = "planner",
		.summary = "accepts tasks, writes recipients out, dispatches what is due",
		.start = start,
		.run = run,
		.stop = stop,
		.note = note};
	return daemon_main(&descriptor, argc, argv);
}
