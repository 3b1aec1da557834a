/* The background thread every daemon starts and one of them leads (file lock
 * beside the SQLite file): checkpoints under the write lock, which alone avoids
 * the WAL-reset corruption of the packaged SQLite (sqlite.org/wal.html#walresetbug),
 * and calls the trimmer of the embedded bus. PostgreSQL needs neither: starting
 * is then a no-op and gives NULL. */
#ifndef VESTNIK_STORE_MAINTENANCE_H
#define VESTNIK_STORE_MAINTENANCE_H

#include <stddef.h>

#include "store/db.h"

struct maintenance;

/* A chore runs in the leader about every `every_ms`, with a connection of its
 * own; it must hold no transaction longer than some ms. */
struct maintenance_chore {
	const char *name;
	int every_ms;
	int (*run)(struct db *db, void *arg, struct error *e);
	void *arg;
};

int maintenance_start(struct maintenance **out, const char *store_url,
	const struct maintenance_chore *chores, size_t count, struct error *e);
void maintenance_stop(struct maintenance **maintenance);

/* Copies the live store into a new file, consistently, without disturbing the
 * checkpointer (VACUUM INTO). The copy is marked (meta.restored): a planner that
 * starts on it pauses every campaign. */
int store_backup(struct db *db, const char *path, struct error *e);

#endif
