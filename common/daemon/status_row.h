/* A service's own row in service_instance, refreshed by a thread of its own:
 * what `vestnik status` shows. */
#ifndef VESTNIK_DAEMON_STATUS_ROW_H
#define VESTNIK_DAEMON_STATUS_ROW_H

#include <stddef.h>

struct status_row;

/* A row not seen for this long belongs to a process that is gone. */
#define STATUS_ROW_STALE_MS 10000

struct status_row *status_row_start(const char *instance, const char *service, const char *store_url);
/* Writes "stopped" and ends the thread. */
void status_row_stop(struct status_row **row);
void status_row_set_state(struct status_row *row, const char *state);
/* NULL text clears. */
void status_row_set_trouble(struct status_row *row, const char *text);
void status_row_set_note(struct status_row *row, void (*note)(void *state, char *out, size_t size),
	void *state);

#endif
