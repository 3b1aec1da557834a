/* What tests of the store and the bus share: a folder that goes away, the store
 * under test, and children that are this same program in another role (a
 * process with an open store must not fork). */
#ifndef VESTNIK_TESTS_SCRATCH_H
#define VESTNIK_TESTS_SCRATCH_H

#include <stdbool.h>
#include <sys/types.h>

#include "store/db.h"

/* Made at the first call; removed at exit by the process that made it. */
const char *scratch_folder(void);
/* "<folder>/<name>"; kept until exit. */
const char *scratch_path(const char *name);

/* An empty store with the schema: a new SQLite file each time. When the environment names a
 * PostgreSQL in VESTNIK_TEST_STORE, a new schema there each time, dropped at exit. */
const char *scratch_store(void);
/* An empty store without the schema. */
const char *scratch_bare_store(void);

/* Fails the test with the error's text when rc < 0. */
void must(int rc, const struct error *e);

/* Starts this program again as `role` with one argument; -1 never. */
pid_t scratch_spawn(const char *role, const char *argument);
/* Exit code, or -signal. */
int scratch_wait(pid_t pid);
/* Waits until done(arg) or some 30 seconds; false when that was too short. */
bool scratch_until(bool (*done)(void *arg), void *arg);
/* xorshift, seeded from $VESTNIK_TEST_SEED or the time; prints the seed once. */
unsigned scratch_random(void);

#endif
