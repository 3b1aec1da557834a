/* A task of a command: published, then waited for until the planner applied it. */
#ifndef VESTNIK_CLI_TASK_SEND_H
#define VESTNIK_CLI_TASK_SEND_H

#include <jansson.h>

#include "cli/command.h"
#include "message/task.h"

enum task_outcome {
	TASK_SENT_FAILED,  /* reported; return CLI_FAILED */
	TASK_SENT_REFUSED, /* the planner's reason was reported; return CLI_FAILED */
	TASK_SENT_APPLIED,
	TASK_SENT_QUEUED   /* durable on the bus, not applied in time: a warning says so */
};
/* Takes data over. The source is "vestnik/cli/<actor>". */
enum task_outcome task_send(struct cli *cli, enum task_type type, const char *slug, json_t *data);

/* The two halves, for a task that goes with other rows in one transaction:
 * inside tx; id gets the task's. */
int task_put_tx(struct cli *cli, struct db *tx, enum task_type type, const char *slug,
	const json_t *data, char id[static IDENT_SIZE], struct error *e);
/* After the commit: waits for the planner and reports what is to report. */
enum task_outcome task_wait(struct cli *cli, const char *id);

#endif
