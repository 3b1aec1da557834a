/* How the installation is doing: its services, what is stuck, the store's size. */
#ifndef VESTNIK_CONTROL_STATUS_H
#define VESTNIK_CONTROL_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/place.h"
#include "settings/settings.h"
#include "store/db.h"

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

/* "ready" → «работает»; an unknown word as it is. */
const char *status_state_word(const char *state);

/* ---- work nobody finishes ---------------------------------------------------------------- */

#define STUCK_MOST 1000
#define STUCK_LEASES_MOST 16
struct status_lease {
	char name[80], holder[160];
	int64_t expires_ms;
};
struct status_stuck {
	int64_t letters;   /* claimed longer than planner.stuck_after; counted up to STUCK_MOST */
	int64_t oldest_ms; /* claimed then; 0 = none */
	struct status_lease lease[STUCK_LEASES_MOST]; /* run out without being renewed */
	size_t leases;
};
int status_read_stuck(struct db *db, const struct settings *settings, struct status_stuck *out, struct error *e);

/* ---- the store ------------------------------------------------------------------------------ */

struct status_store {
	const char *path; /* of the SQLite file; NULL = a server. Lives as long as db. */
	int64_t bytes;    /* of the file, or of the server's database; 0 = not known */
	int64_t log_bytes, free_bytes; /* of the file */
};
void status_read_store(struct db *db, struct status_store *out);

#endif
