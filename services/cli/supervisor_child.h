/* One service under the supervisor: its process, its output, its state. */
#ifndef VESTNIK_CLI_SUPERVISOR_CHILD_H
#define VESTNIK_CLI_SUPERVISOR_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

enum child_state {
	CHILD_STARTING, /* runs, has not said that it is ready */
	CHILD_READY,
	CHILD_STOPPING, /* asked to stop */
	CHILD_STOPPED,  /* not running, as it should be */
	CHILD_PAUSED,   /* died; the next start is due at due_ms */
	CHILD_GIVEN_UP  /* it said that its settings are wrong: only a person helps */
};

#define CHILD_LINE_MAX 4096 /* longer lines of output are cut into several */

struct child {
	const char *name;       /* "mailer" */
	enum child_state state;
	pid_t pid;              /* 0 = not running */
	int64_t since_ms;       /* monotonic: in this state */
	int64_t started_ms;     /* monotonic */
	int64_t due_ms;         /* monotonic: next start, or the end of patience while stopping */
	int pause_ms;           /* before the next restart */
	int64_t restarts;
	bool was_ready;         /* once in the life of this supervisor */
	bool killed;            /* SIGKILL was sent: it did not stop in time */
	char last_exit[64];     /* "code 1", "signal 9"; "" = never */
	char last_line[300];    /* of what it wrote to standard error: why it died */
	int output;             /* our end of the pipe; -1 */
	char line[CHILD_LINE_MAX];
	size_t line_len;
};

const char *child_state_name(enum child_state state);
/* The one place that changes the state; logs it. */
void child_set_state(struct child *child, enum child_state state);

struct child_start {
	const char *program; /* full path */
	const char *config;  /* NULL = none */
	const char *notify;  /* value of NOTIFY_SOCKET */
	const char *instance; /* value of VESTNIK_INSTANCE */
	pid_t parent;
};
int child_start(struct child *child, const struct child_start *start, struct error *e);
/* The process ended with this waitpid status: takes what is left of its output. */
void child_ended(struct child *child, int status);
/* Copies what it has written, line by line, to our standard error: log lines as
 * they are, anything else made a log line. Returns false at end of file. */
bool child_copy_output(struct child *child);

#endif
