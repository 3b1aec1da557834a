/* One process of all leads, by an OFD lock on a file beside the store; the
 * kernel frees it when the process dies, however it dies. The leader alone
 * checkpoints, and only while it holds the write lock with another connection:
 * then no writer can start the log again under the checkpointer, which is what
 * corrupts the packaged SQLite. */
#include "store/maintenance.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "store/db_driver.h"

/* Checkpoint at this many new pages: 2,000–4,000 held the write lock 7–17 ms. */
#define CHECKPOINT_PAGES 1000
/* How often the log's size is looked at (two reads of a cached page) while it
 * grows, and when nothing happens. */
#define LOOK_BUSY_MS 20
#define LOOK_IDLE_MS 200
/* A quiet log is checkpointed too, which bounds what a power cut takes from
 * relaxed commits and what the next start has to recover. */
#define CHECKPOINT_LEAST_EVERY_MS 5000
/* Another process's death is noticed this soon. */
#define LEAD_RETRY_MS 1000
/* Complaints repeat at most this often. */
#define COMPLAIN_EVERY_MS 60000

struct maintenance {
	char *url;
	struct maintenance_chore *chores;
	int64_t *chore_due_ms;
	size_t count;
	int lock_fd;
	int stop_fd;
	pthread_t thread;
	bool stopping;
	struct db *locker, *checkpointer, *worker;
	struct db_wal wal;      /* the generation `done` counts in */
	uint32_t done;          /* frames checkpointed */
	int64_t checkpoint_ms;  /* last one */
	int64_t complained_ms;
};

int store_backup(struct db *db, const char *path, struct error *e)
{
	return db->ops->backup(db, path, e);
}

static void complain(struct maintenance *m, const char *what, const struct error *e)
{
	int64_t now_ms = clock_mono_ms();
	if (m->complained_ms != 0 && now_ms - m->complained_ms < COMPLAIN_EVERY_MS)
		return;
	m->complained_ms = now_ms;
	log_warn("store-maintenance", "what=%s reason=%s", what, log_quote(e->text));
}

static void sleep_ms(struct maintenance *m, int ms)
{
	struct pollfd stop = {.fd = m->stop_fd, .events = POLLIN};
	if (poll(&stop, 1, ms) > 0)
		m->stopping = true;
}

/* ---- checkpoint ------------------------------------------------------------ */

static int checkpoint(struct maintenance *m, struct error *e)
{
	/* Most of the disk's time is spent here, before anybody has to wait. */
	if (db_sqlite_wal_sync(m->checkpointer, e) < 0)
		return -1;
	if (db_begin(m->locker, DB_WRITE, e) < 0)
		return -1;
	int frames = 0, done = 0;
	int rc = db_sqlite_checkpoint(m->checkpointer, &frames, &done, e);
	db_rollback(m->locker);
	if (rc == 0) {
		m->done = done > 0 ? (uint32_t)done : 0;
		m->checkpoint_ms = clock_mono_ms();
	}
	return rc;
}

/* True while the log grows. The wal hook counts only its own connection's
 * commits and the file never shrinks; but a frame carries the salts of the
 * log's present generation or is an old one, so one read tells whether the log
 * has come to a given length, whoever wrote it, and needs no lock. */
static bool tend_log(struct maintenance *m)
{
	struct error e;
	struct db_wal wal;
	int64_t version;
	/* Opens the log in this connection, and sees a file that was replaced. */
	if (db_query_int(m->checkpointer, &version, &e, "PRAGMA data_version", "") != DB_ROW) {
		complain(m, "look", &e);
		return false;
	}
	if (!db_sqlite_wal(m->checkpointer, &wal))
		return false;
	if (memcmp(&wal, &m->wal, sizeof wal) != 0) {
		m->wal = wal;
		m->done = 0;
	}
	if (!db_sqlite_wal_has_frame(m->checkpointer, &wal, m->done + 1))
		return false;
	if (clock_mono_ms() - m->checkpoint_ms < CHECKPOINT_LEAST_EVERY_MS &&
		!db_sqlite_wal_has_frame(m->checkpointer, &wal, m->done + CHECKPOINT_PAGES))
		return true;
	if (checkpoint(m, &e) < 0)
		complain(m, "checkpoint", &e);
	return true;
}

/* ---- chores ---------------------------------------------------------------- */

static void run_chores(struct maintenance *m)
{
	for (size_t i = 0; i < m->count && !m->stopping; i++) {
		struct maintenance_chore *chore = &m->chores[i];
		if (clock_mono_ms() < m->chore_due_ms[i])
			continue;
		struct error e;
		error_clear(&e);
		if (chore->run(m->worker, chore->arg, &e) < 0)
			complain(m, chore->name, &e);
		db_rollback(m->worker);
		m->chore_due_ms[i] = clock_mono_ms() + chore->every_ms;
	}
}

/* ---- the thread ------------------------------------------------------------ */

static bool try_to_lead(struct maintenance *m)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
	return fcntl(m->lock_fd, F_OFD_SETLK, &lock) == 0;
}

static void *run(void *arg)
{
	struct maintenance *m = arg;
	while (!m->stopping && !try_to_lead(m))
		sleep_ms(m, LEAD_RETRY_MS);
	if (!m->stopping)
		log_debug("store-maintenance", "what=leading");
	int pause_ms = LOOK_BUSY_MS;
	while (!m->stopping) {
		bool grows = tend_log(m);
		run_chores(m);
		pause_ms = grows ? LOOK_BUSY_MS : pause_ms * 2;
		if (pause_ms > LOOK_IDLE_MS)
			pause_ms = LOOK_IDLE_MS;
		sleep_ms(m, pause_ms);
	}
	return NULL;
}

static void release(struct maintenance *m)
{
	db_close(&m->locker);
	db_close(&m->checkpointer);
	db_close(&m->worker);
	if (m->lock_fd >= 0)
		close(m->lock_fd);
	if (m->stop_fd >= 0)
		close(m->stop_fd);
	free(m->chores);
	free(m->chore_due_ms);
	free(m->url);
	free(m);
}

static int open_all(struct maintenance *m, struct error *e)
{
	if (db_open(&m->locker, m->url, e) < 0 || db_open(&m->checkpointer, m->url, e) < 0 ||
		db_open(&m->worker, m->url, e) < 0)
		return -1;
	char *lock_path = xasprintf("%s-maintenance", db_file(m->locker));
	m->lock_fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int rc = m->lock_fd < 0 ? error_errno(e, "%.300s", lock_path) : 0;
	free(lock_path);
	if (rc < 0)
		return -1;
	m->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return m->stop_fd < 0 ? error_errno(e, "eventfd") : 0;
}

int maintenance_start(struct maintenance **out, const char *store_url,
	const struct maintenance_chore *chores, size_t count, struct error *e)
{
	*out = NULL;
	if (strncmp(store_url, db_sqlite_ops.scheme, strlen(db_sqlite_ops.scheme)) != 0)
		return 0; /* a server looks after itself */
	struct maintenance *m = xcalloc(1, sizeof *m);
	m->url = xstrdup(store_url);
	m->lock_fd = m->stop_fd = -1;
	m->count = count;
	m->chores = xcalloc(count + 1, sizeof *m->chores);
	m->chore_due_ms = xcalloc(count + 1, sizeof *m->chore_due_ms);
	if (count > 0)
		memcpy(m->chores, chores, count * sizeof *chores);
	if (open_all(m, e) < 0) {
		release(m);
		return -1;
	}
	int rc = pthread_create(&m->thread, NULL, run, m);
	if (rc != 0) {
		errno = rc;
		error_errno(e, "pthread_create");
		release(m);
		return -1;
	}
	*out = m;
	return 0;
}

void maintenance_stop(struct maintenance **slot)
{
	struct maintenance *m = *slot;
	if (m == NULL)
		return;
	*slot = NULL;
	uint64_t one = 1;
	if (write(m->stop_fd, &one, sizeof one) < 0) { /* cannot fail: the counter is at 0 */
	}
	pthread_join(m->thread, NULL);
	release(m);
}
