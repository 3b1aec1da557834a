/* A service's own row in service_instance, refreshed by a thread of its own:
 * what `vestnik status` shows. */
#ifndef VESTNIK_DAEMON_STATUS_ROW_H
#define VESTNIK_DAEMON_STATUS_ROW_H

#include <stddef.h>

#include "base/error.h"
#include "store/db.h"

struct status_row;

/* A row not seen for this long belongs to a process that is gone. */
#define STATUS_ROW_STALE_MS 10000

/* How many processes of the service have a fresh row that is not stopped, by the database's clock; at
 * least 1. */
int status_row_count(struct db *db, const char *service, int *count, struct error *e);

/* id: service@name/place…, base/place.h */
struct status_row *status_row_start(const char *instance, const char *service, const char *store_url);
/* Writes "stopped" and ends the thread. */
void status_row_stop(struct status_row **row);
void status_row_set_state(struct status_row *row, const char *state);
/* NULL text clears. */
void status_row_set_trouble(struct status_row *row, const char *text);
void status_row_set_note(struct status_row *row, void (*note)(void *state, char *out, size_t size),
	void *state);

#endif
