#include "daemon/status_row.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/wait.h"
#include "base/xalloc.h"
#include "store/again.h"
#include "store/db.h"

#define REFRESH_MS 2000
#define CLOCK_SET_MS 5000 /* the database's clock went so far another way than time did: it was set */
/* Rows of processes long gone are dropped by the next start of the same service. */
#define FORGET_MS (24 * 3600 * 1000LL)

struct status_row {
	char *instance, *service, *store_url;
	int64_t born_ms;    /* monotonic */
	int64_t started_ms; /* of the row */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool stopping, dirty;
	const char *state;
	char trouble[256];
	void (*note)(void *state, char *out, size_t size);
	void *note_state;
};

/* When the process began, in the database's time as it is now: a machine's clock may be set right after its services
 * started. The same to the millisecond as long as it is not set. */
static int64_t started_ms(const struct status_row *row, int64_t now_ms)
{
	int64_t started = now_ms - (clock_mono_ms() - row->born_ms);
	return llabs(started - row->started_ms) > CLOCK_SET_MS ? started : row->started_ms;
}

/* Times are the database's: rows of several machines are compared. */
static int write_row(struct status_row *row, struct db *db, const char *state, const char *note,
	const char *trouble, struct error *e)
{
	struct again again = {0};
	int64_t now_ms;
	int rc;
	do {
		rc = db_now_ms(db, &now_ms, e);
		if (rc == 0)
			row->started_ms = started_ms(row, now_ms);
		if (rc == 0)
			rc = db_exec(db, e,
				"INSERT INTO service_instance (id, service, pid, started_ms, seen_ms, state,"
				" note, last_trouble) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
				" ON CONFLICT (id) DO UPDATE SET pid = $3, started_ms = $4, seen_ms = $5,"
				" state = $6, note = $7, last_trouble = $8",
				"ssiiisss", row->instance, row->service, (int64_t)getpid(), row->started_ms,
				now_ms, state, note, trouble);
	} while (rc != 0 && again_after_conflict(&again, e));
	return rc;
}

int status_row_count(struct db *db, const char *service, int *count, struct error *e)
{
	int64_t now_ms, alive = 0;
	*count = 1;
	if (db_now_ms(db, &now_ms, e) != 0 ||
		db_query_int(db, &alive, e,
			"SELECT count(*) FROM service_instance WHERE service = $1 AND seen_ms > $2"
			" AND state <> 'stopped'",
			"si", service, now_ms - STATUS_ROW_STALE_MS) == DB_FAILED)
		return -1;
	if (alive > 1)
		*count = (int)alive;
	return 0;
}

static void refresh(struct status_row *row, struct db **db)
{
	char note[200] = "", trouble[512] = "";
	struct error e;
	pthread_mutex_lock(&row->lock);
	const char *state = row->state;
	if (row->note != NULL)
		row->note(row->note_state, note, sizeof note);
	snprintf(trouble, sizeof trouble, "%s", row->trouble);
	row->dirty = false;
	pthread_mutex_unlock(&row->lock);
	if (trouble[0] == '\0')
		log_last_trouble(trouble, sizeof trouble);
	if (*db == NULL) {
		if (db_open(db, row->store_url, &e) != 0)
			return;
		int64_t now_ms;
		if (db_now_ms(*db, &now_ms, &e) == 0)
			(void)db_exec(*db, &e, "DELETE FROM service_instance WHERE service = $1 AND seen_ms < $2",
				"si", row->service, now_ms - FORGET_MS);
	}
	if (write_row(row, *db, state, note, trouble, &e) != 0 && !e.retriable)
		db_close(db); /* another connection next time */
}

static void *work(void *arg)
{
	struct status_row *row = arg;
	struct db *db = NULL;
	pthread_mutex_lock(&row->lock);
	while (!row->stopping) {
		pthread_mutex_unlock(&row->lock);
		refresh(row, &db);
		pthread_mutex_lock(&row->lock);
		struct timespec until;
		wait_until(&until, REFRESH_MS);
		while (!row->stopping && !row->dirty &&
			pthread_cond_timedwait(&row->changed, &row->lock, &until) == 0)
			;
	}
	row->state = "stopped";
	row->note = NULL;
	pthread_mutex_unlock(&row->lock);
	refresh(row, &db);
	db_close(&db);
	return NULL;
}

struct status_row *status_row_start(const char *instance, const char *service, const char *store_url)
{
	struct status_row *row = xcalloc(1, sizeof *row);
	row->instance = xstrdup(instance);
	row->service = xstrdup(service);
	row->store_url = xstrdup(store_url);
	row->state = "starting";
	row->born_ms = clock_mono_ms();
	pthread_mutex_init(&row->lock, NULL);
	wait_cond_init(&row->changed);
	if (pthread_create(&row->thread, NULL, work, row) != 0)
		PANIC("cannot start a thread");
	return row;
}

void status_row_stop(struct status_row **pointer)
{
	struct status_row *row = *pointer;
	if (row == NULL)
		return;
	*pointer = NULL;
	pthread_mutex_lock(&row->lock);
	row->stopping = true;
	pthread_cond_signal(&row->changed);
	pthread_mutex_unlock(&row->lock);
	pthread_join(row->thread, NULL);
	pthread_mutex_destroy(&row->lock);
	pthread_cond_destroy(&row->changed);
	free(row->instance);
	free(row->service);
	free(row->store_url);
	free(row);
}

void status_row_set_state(struct status_row *row, const char *state)
{
	pthread_mutex_lock(&row->lock);
	row->state = state;
	row->dirty = true;
	pthread_cond_signal(&row->changed);
	pthread_mutex_unlock(&row->lock);
}

void status_row_set_trouble(struct status_row *row, const char *text)
{
	pthread_mutex_lock(&row->lock);
	snprintf(row->trouble, sizeof row->trouble, "%s", text == NULL ? "" : text);
	row->dirty = true;
	pthread_cond_signal(&row->changed);
	pthread_mutex_unlock(&row->lock);
}

void status_row_set_note(struct status_row *row, void (*note)(void *state, char *out, size_t size),
	void *state)
{
	pthread_mutex_lock(&row->lock);
	row->note = note;
	row->note_state = state;
	pthread_mutex_unlock(&row->lock);
}
