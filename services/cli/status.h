/* What `vestnik status` knows, and how its parts are shown. Private to the command. */
#ifndef VESTNIK_CLI_STATUS_H
#define VESTNIK_CLI_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/place.h"
#include "cli/command.h"

#define SERVICES_MOST 64

struct service {
	char name[32], state[32], note[256], trouble[512], last_exit[64];
	char instance[160];     /* "host:pid" or its name; "" = a child of our `up` without a row */
	char place[PLACE_SIZE]; /* base/place.h */
	int64_t pid, since_ms, seen_ms, restarts, next_ms;
	bool child; /* of `up` here */
	bool dead;  /* it wrote its row for the last time */
};

struct status {
	int64_t up_pid, up_since_ms;
	const char *up_state; /* running, starting, stopping, not-running, elsewhere */
	struct service service[SERVICES_MOST];
	size_t count;
};

/* services.json of `up` here. */
void status_read_supervisor(const struct settings *settings, struct status *status);
/* The rows services write about themselves, wherever they run. */
int status_read_rows(struct db *db, struct status *status, struct error *e);
bool status_healthy(const struct status *status);

/* Each prints lines, or objects with --json. status_show_bus: the outbox, gaps, topics that take
 * nothing; how many of these need a person, or -1. */
int status_show_bus(struct cli *cli, struct db *db, struct error *e);
void status_show_store(struct cli *cli, struct db *db);
int status_show_relays(struct cli *cli, struct db *db, struct error *e);
int status_show_campaigns(struct cli *cli, struct db *db, struct error *e);

#endif
