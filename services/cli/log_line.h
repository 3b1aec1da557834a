/* One line of a letter's history, for `vestnik log` and `delivery show`. */
#ifndef VESTNIK_CLI_LOG_LINE_H
#define VESTNIK_CLI_LOG_LINE_H

#include "cli/command.h"
#include "store/db.h"

struct log_line {
	int64_t key, dispatch, state, time_ms, code;
	int64_t campaign;
	char enhanced[12];
	char relay[65];
	char *reason, *worker, *address, *slug; /* owned; NULL = none */
};

void log_line_fini(struct log_line *line);
/* From a row of LOG_LINE_COLUMNS. */
#define LOG_LINE_COLUMNS                                                                           \
	"h.key, h.dispatch, h.state, h.time_ms, h.code, h.enhanced, h.reason, h.relay, h.worker, " \
	"d.address, d.campaign, c.slug"
void log_line_read(struct db_stmt *stmt, struct log_line *line);

json_t *log_line_json(const struct log_line *line);
/* "time key state address campaign relay: reply" */
void log_line_print(struct cli *cli, const struct log_line *line);
/* "relay: 250 2.0.0 ok"; rotating buffers of cli_clean. */
const char *log_line_reply(const struct log_line *line);

#endif
