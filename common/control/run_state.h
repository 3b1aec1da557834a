/* What `vestnik up` leaves in run_dir for `down` and `status`: vestnik.pid,
 * locked while it lives (the lock tells, not the number: a pid may be somebody
 * else's after a crash), services.json, what it knows of each service, and
 * instance, the name its services have on the bus. */
#ifndef VESTNIK_CONTROL_RUN_STATE_H
#define VESTNIK_CONTROL_RUN_STATE_H

#include <jansson.h>
#include <sys/types.h>

#include "base/error.h"

/* 0 and the descriptor that holds the lock (kept across fork, closed by exec);
 * ERROR_CONFLICT when another `up` lives, its pid in *holder. */
int run_lock(const char *run_dir, int *fd, pid_t *holder, struct error *e);
/* Writes this process's number into the locked file. */
int run_lock_sign(int fd, struct error *e);
/* Empties the file and closes. */
void run_unlock(int *fd);
/* The living `up`, 0 when there is none. */
pid_t run_holder(const char *run_dir);

/* The name this installation's services have on the bus (`--instance`): made at the first
 * start, kept in run_dir. Only for the holder of run_lock. */
#define RUN_INSTANCE_SIZE 64
int run_instance(const char *run_dir, char out[static RUN_INSTANCE_SIZE], struct error *e);

/* Replaces services.json; borrows state. */
int run_state_write(const char *run_dir, const json_t *state, struct error *e);
/* New reference; NULL when there is none. */
json_t *run_state_read(const char *run_dir);

#endif
