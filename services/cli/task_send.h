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

#endif
