#include "mailer/mailer.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "mailer/lane.h"
#include "mailer/pause.h"
#include "mailer/pool.h"
#include "mailer/sheet.h"

#define LOOK_EVERY_MS 1000
/* A mailer that came or went: the others keep to their new share that soon. */
#define SHARE_EVERY_MS 3000

struct mailer {
	struct daemon *daemon;
	struct sheets *sheets;
	struct pool *pool;
	struct lane *lane[LANES];
	struct db *db;      /* of run() */
	int64_t share_ms;   /* monotonic: next look at how many we are */
	bool share_failed;
};

/* ---- what the pool tells ----------------------------------------------------------- */

static void on_ended(void *arg, struct outgoing *job, const struct delivery_status *status)
{
	(void)arg;
	lane_ended(job, status);
}

static void on_sender_refused(void *arg, const struct outgoing *job, const char *words)
{
	struct mailer *mailer = arg;
	pause_campaign_slug(daemon_bus(mailer->daemon), daemon_key(mailer->daemon), job->sheet->slug, words);
}

static bool on_enter(void *arg, struct outgoing *job)
{
	(void)arg;
	return lane_enter(job);
}

static bool on_sending(void *arg, const struct outgoing *job)
{
	(void)arg;
	return lane_sending(job);
}

/* ---- the service -------------------------------------------------------------------- */

static int start(struct daemon *daemon, void **state, struct error *e)
{
	struct mailer *mailer = xcalloc(1, sizeof *mailer);
	*state = mailer;
	mailer->daemon = daemon;
	mailer->sheets = sheets_new(daemon_settings(daemon));
	struct pool_events events = {.ended = on_ended,
		.sender_refused = on_sender_refused,
		.enter = on_enter,
		.sending = on_sending,
		.arg = mailer};
	if (pool_start(&mailer->pool, daemon_settings(daemon), daemon_key(daemon), &events, e) != 0)
		return -1;
	for (int i = 0; i < LANES; i++)
		mailer->lane[i] = lane_start(daemon, (enum lane_kind)i, mailer->sheets, mailer->pool);
	return 0;
}

/* While the store is away the last known share holds. */
static void share(struct mailer *mailer)
{
	struct error e;
	int alike;
	int64_t now_ms = clock_mono_ms();
	if (now_ms < mailer->share_ms)
		return;
	mailer->share_ms = now_ms + SHARE_EVERY_MS;
	int rc = mailer->db != NULL ? 0 : daemon_open_store(mailer->daemon, &mailer->db, &e);
	if (rc == 0)
		rc = daemon_count_alike(mailer->daemon, mailer->db, &alike, &e);
	if (rc == 0)
		rc = pool_share(mailer->pool, alike, &e);
	if (rc != 0 && !mailer->share_failed)
		log_warn("share_unknown", "error=%s", log_quote(e.text));
	if (rc != 0 && !e.retriable)
		db_close(&mailer->db);
	mailer->share_failed = rc != 0;
}

static int run(struct daemon *daemon, void *state, struct error *e)
{
	struct mailer *mailer = state;
	daemon_ready(daemon);
	while (!daemon_stopping(daemon)) {
		char trouble[256];
		share(mailer);
		pool_trouble(mailer->pool, trouble, sizeof trouble);
		for (int i = 0; i < LANES; i++) {
			if (lane_failed(mailer->lane[i], e))
				return -1;
			if (trouble[0] == '\0')
				snprintf(trouble, sizeof trouble, "%s", lane_trouble(mailer->lane[i]));
		}
		daemon_set_trouble(daemon, trouble);
		daemon_wait(daemon, LOOK_EVERY_MS);
	}
	return 0;
}

static void stop(struct daemon *daemon, void *state)
{
	struct mailer *mailer = state;
	int wait_ms = daemon_settings(daemon)->drain_ms;
	for (int i = 0; i < LANES; i++)
		if (mailer->lane[i] != NULL)
			lane_stop_polling(mailer->lane[i]);
	pool_stop(&mailer->pool, wait_ms);
	for (int i = 0; i < LANES; i++)
		lane_finish(&mailer->lane[i], wait_ms);
	db_close(&mailer->db);
	sheets_free(&mailer->sheets);
	free(mailer);
}

static void note(void *state, char *out, size_t size)
{
	struct mailer *mailer = state;
	pool_note(mailer->pool, out, size);
}

const struct daemon_service mailer_service = {.name = "mailer",
	.summary = "sends the letters that are due over SMTP",
	.start = start,
	.run = run,
	.stop = stop,
	.note = note};
