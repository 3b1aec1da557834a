/* The supervisor behind `vestnik up`: starts every service program beside its
 * own, restarts what dies with growing pauses (reaped first), stops in order so
 * that each can hand on what it has in hand. It opens neither store nor bus: it
 * forks, and a forked connection would corrupt. Services say that they are
 * ready through the datagram socket named in NOTIFY_SOCKET (sd_notify(3)). */
#ifndef VESTNIK_CLI_SUPERVISOR_H
#define VESTNIK_CLI_SUPERVISOR_H

#include <stddef.h>

#include "base/error.h"

struct supervisor_options {
	const char *folder;   /* where the programs vestnik-<service> are */
	const char *config;   /* handed to them with --config; NULL = not given */
	const char *run_dir;
	const char *instance; /* of this supervisor: its services' name on the bus */
	const char *log_file; /* reopened on SIGHUP; NULL: standard error, and SIGHUP stops */
	int drain_ms;         /* a stopping service has this long, and some seconds more */
	/* Called once: every service is ready (failure NULL), or why it never came to that. */
	void (*started)(void *arg, const char *failure);
	void *arg;
};

/* Services that exist in folder, in order of starting and stopping. */
#define SUPERVISOR_SERVICES_MAX 16
size_t supervisor_services(const char *folder, const char *names[static SUPERVISOR_SERVICES_MAX]);

/* Runs until SIGTERM or SIGINT. -1: a service could not be started at all
 * (ERROR_INPUT: it says that its settings are wrong), everything was stopped. */
int supervisor_run(const struct supervisor_options *options, struct error *e);

#endif
