/* The main() of every service: options, settings, log, clock and keys, store,
 * signals, readiness, status, drain. A service's main.c hands over a
 * descriptor and is a table of contents. */
#ifndef VESTNIK_DAEMON_DAEMON_H
#define VESTNIK_DAEMON_DAEMON_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/ident.h"
#include "bus/bus.h"
#include "settings/settings.h"
#include "store/db.h"

struct daemon; /* running context, given to the service's functions */

struct daemon_service {
	const char *name;    /* "mailer"; the program is vestnik-<name> */
	const char *summary; /* one line for --help */
	/* Opens what it needs. *state is handed to the others. When it fails and *state is set,
	 * stop() clears up; a retriable failure (store or bus away) is tried again. */
	int (*start)(struct daemon *daemon, void **state, struct error *e);
	/* Works until daemon_stopping(); -1 ends the process with 1 (the
	 * supervisor restarts it). Retries what is retriable itself. */
	int (*run)(struct daemon *daemon, void *state, struct error *e);
	/* Finishes what is in hand, within settings' drain time, and frees. */
	void (*stop)(struct daemon *daemon, void *state);
	/* One line for `vestnik status` ("64 connections, 312 letters/s"); may be NULL. */
	void (*note)(void *state, char *out, size_t size);
};

/* Exit codes: 0 stopped as asked, 1 failed, 2 wrong use or settings. */
int daemon_main(const struct daemon_service *service, int argc, char **argv);

const struct settings *daemon_settings(const struct daemon *daemon);
const struct ident_key *daemon_key(const struct daemon *daemon);
/* Open for the daemon's lifetime; thread-safe calls only (bus_publish, bus_mark …). */
struct bus *daemon_bus(struct daemon *daemon);
/* A new store connection for the calling thread; the caller closes it. */
int daemon_open_store(struct daemon *daemon, struct db **out, struct error *e);
/* "mailer@host:pid/…": no other process has, or had, the same. */
const char *daemon_instance(const struct daemon *daemon);
/* Which one this is, for people: its --instance name, else the host's. */
const char *daemon_worker(const struct daemon *daemon);
bool daemon_stopping(const struct daemon *daemon);
/* Readable when stopping: for poll(2). */
int daemon_stop_fd(const struct daemon *daemon);
/* Sleeps at most ms, returns early when stopping. */
void daemon_wait(const struct daemon *daemon, int ms);
/* Called once by the service when it is ready to work (systemd READY=1, status row). */
void daemon_ready(struct daemon *daemon);
/* How many processes of this service live, this one included, by their rows (10 s without a sign of
 * life: dead); never less than 1. The embedded bus allows one. */
int daemon_count_alike(struct daemon *daemon, struct db *db, int *count, struct error *e);
/* The run() of a service that works in steps: says that it is ready, then calls
 * step(arg, wait_ms) until stopping. A step that fails retriably is tried again
 * with backoff, its trouble shown (a conflict with another writer at once and without a
 * word, store/again.h); another failure ends the run. */
int daemon_run_steps(struct daemon *daemon, int (*step)(void *arg, int wait_ms, struct error *e), void *arg,
	int wait_ms, struct error *e);
/* A service in trouble says so in `vestnik status` instead of dying (store gone, relay down). NULL clears. */
void daemon_set_trouble(struct daemon *daemon, const char *text);

#endif
