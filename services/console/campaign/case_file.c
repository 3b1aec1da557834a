/* /campaigns/{slug}/case: the case file, made in the background by a thread of its own (one at a time: it reads
 * everything of a campaign) and kept for an hour for whoever ordered it. The file is for its owner alone (0600) and
 * lies in the console's own folder under a name nobody can guess. */
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ident.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "console/campaign/case_file.h"
#include "console/campaign/part.h"
#include "report/archive.h"

#define CASES_MOST 8
#define KEPT_MS INT64_C(3600000)

enum stage { NOTHING, WAITING, WORKING, READY, FAILED };
struct job {
	enum stage stage;
	char *slug, *path;
	int64_t account, since_ms, took_ms;
	struct archive_result result;
	char trouble[512]; /* of struct error */
};
static struct {
	pthread_mutex_t lock;
	pthread_t thread;
	bool started, running; /* there is a thread to join; it is at work */
	struct job job[CASES_MOST];
} cases = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- the jobs; under the lock ----------------------------------------------------------------- */

static void forget(struct job *job)
{
	if (job->path != NULL)
		(void)unlink(job->path);
	free(job->path);
	free(job->slug);
	*job = (struct job){0};
}

static void sweep_old(void)
{
	for (size_t i = 0; i < CASES_MOST; i++)
		if ((cases.job[i].stage == READY || cases.job[i].stage == FAILED) && cases.job[i].since_ms < clock_now_ms() - KEPT_MS)
			forget(&cases.job[i]);
}

static struct job *job_of(const char *slug, int64_t account)
{
	for (size_t i = 0; i < CASES_MOST; i++)
		if (cases.job[i].stage != NOTHING && cases.job[i].account == account && strcmp(cases.job[i].slug, slug) == 0)
			return &cases.job[i];
	return NULL;
}

static struct job *next_job(void)
{
	for (size_t i = 0; i < CASES_MOST; i++)
		if (cases.job[i].stage == WAITING)
			return &cases.job[i];
	return NULL;
}

/* A place for another: a free one, else that of the file which has been ready for longest. NULL: all are being made. */
static struct job *place_for_job(void)
{
	struct job *oldest = NULL;
	for (size_t i = 0; i < CASES_MOST; i++) {
		struct job *job = &cases.job[i];
		if (job->stage == NOTHING)
			return job;
		if ((job->stage == READY || job->stage == FAILED) && (oldest == NULL || job->since_ms < oldest->since_ms))
			oldest = job;
	}
	if (oldest != NULL)
		forget(oldest);
	return oldest;
}

/* ---- the thread ------------------------------------------------------------------------------------ */

static void work_on(struct console *console, struct job *job)
{
	struct error e = {0};
	struct db *db = NULL;
	int64_t begun_ms = clock_mono_ms();
	struct archive_result result = {0};
	int rc = daemon_open_store(console->daemon, &db, &e);
	if (rc == 0)
		rc = archive_write(db, console->settings, job->slug, job->path, &result, &e);
	db_close(&db);
	if (rc != 0)
		log_error("console.case-file", "campaign=%s error=%s", job->slug, log_quote(e.text));
	pthread_mutex_lock(&cases.lock); /* once it is READY or FAILED, others may forget it */
	job->stage = rc == 0 ? READY : FAILED;
	job->result = result;
	job->since_ms = clock_now_ms();
	job->took_ms = clock_mono_ms() - begun_ms;
	(void)snprintf(job->trouble, sizeof job->trouble, "%s", rc == 0 ? "" : e.text);
	pthread_mutex_unlock(&cases.lock);
}

static void *work(void *arg)
{
	struct console *console = arg;
	for (;;) {
		pthread_mutex_lock(&cases.lock);
		struct job *job = next_job();
		if (job == NULL)
			cases.running = false;
		else
			job->stage = WORKING;
		pthread_mutex_unlock(&cases.lock);
		if (job == NULL)
			return NULL;
		work_on(console, job);
	}
}

/* Under the lock. */
static bool start(struct console *console)
{
	if (cases.running)
		return true;
	if (cases.started)
		pthread_join(cases.thread, NULL); /* it has ended, or is about to */
	cases.started = cases.running = pthread_create(&cases.thread, NULL, work, console) == 0;
	return cases.started;
}

void case_files_stop(void)
{
	pthread_mutex_lock(&cases.lock);
	for (size_t i = 0; i < CASES_MOST; i++)
		if (cases.job[i].stage == WAITING)
			forget(&cases.job[i]);
	bool join = cases.started;
	cases.started = false;
	pthread_mutex_unlock(&cases.lock);
	if (join)
		pthread_join(cases.thread, NULL);
	for (size_t i = 0; i < CASES_MOST; i++)
		forget(&cases.job[i]);
}

/* ---- ordering --------------------------------------------------------------------------------------------- */

struct ordering {
	struct visit *visit;
	const char *slug;
};

static int note_order(void *arg, struct db *tx, struct error *e)
{
	struct ordering *o = arg;
	char *subject = xasprintf("campaign:%s", o->slug);
	int rc = console_audit(o->visit, tx, "campaign.archive", subject, NULL, NULL, e);
	free(subject);
	return rc;
}

/* false: too many wait. */
static bool put_job(struct visit *visit, const char *slug)
{
	char id[IDENT_SIZE];
	struct job *free_job = NULL;
	bool good = true;
	ident_new(id);
	pthread_mutex_lock(&cases.lock);
	sweep_old();
	struct job *job = job_of(slug, visit->visitor->account);
	if (job == NULL || job->stage == READY || job->stage == FAILED) {
		if (job != NULL)
			forget(job);
		free_job = place_for_job();
		good = free_job != NULL;
		if (good)
			*free_job = (struct job){.stage = WAITING, .slug = xstrdup(slug), .account = visit->visitor->account,
				.since_ms = clock_now_ms(), .path = xasprintf("%s/case-%s.zip", visit->console->settings->run_dir, id)};
		if (good && !start(visit->console)) {
			forget(free_job);
			good = false;
		}
	}
	pthread_mutex_unlock(&cases.lock);
	return good;
}

void take_case(struct visit *visit)
{
	struct place place;
	struct error e = {0};
	if (place_open(visit, &place)) {
		struct ordering ordering = {visit, place.row.slug};
		char *url = xasprintf("/campaigns/%s/case", place.row.slug);
		if (console_transaction(visit, note_order, &ordering, &e) != 0)
			web_reply_error(visit->request, &e);
		else if (!put_job(visit, place.row.slug))
			web_reply_problem(visit->request, 503, NULL,
				tr("Several case files are being made already. Please try again in a few minutes.",
					"Уже готовится несколько дел. Попробуйте через несколько минут."));
		else
			web_redirect(visit->request, url);
		free(url);
	}
	place_fini(&place);
}

/* ---- looking ------------------------------------------------------------------------------------------------- */

static void add_job(struct visit *visit, const char *slug, json_t *data)
{
	struct stat st;
	pthread_mutex_lock(&cases.lock);
	sweep_old();
	const struct job *job = job_of(slug, visit->visitor->account);
	enum stage stage = job == NULL ? NOTHING : job->stage;
	json_object_set_new(data, "nothing", json_boolean(stage == NOTHING));
	json_object_set_new(data, "working", json_boolean(stage == WAITING || stage == WORKING));
	json_object_set_new(data, "ready", json_null());
	json_object_set_new(data, "failed", stage == FAILED ? json_string(job->trouble) : json_null());
	if (stage == READY)
		json_object_set_new(data, "ready",
			json_pack("{s:o, s:o, s:s, s:o}", "files",
				show_count((int64_t)job->result.files, tr("file", "файл"), tr("files", "файла"), "файлов"), "size",
				stat(job->path, &st) == 0 ? show_bytes(st.st_size) : json_null(), "sums", job->result.sums, "when",
				show_time(visit, job->since_ms)));
	pthread_mutex_unlock(&cases.lock);
}

static void show(struct visit *visit, bool piece)
{
	struct place place;
	if (place_open(visit, &place)) {
		json_t *data = place_page(&place, "change", tr("Case file", "Дело рассылки"));
		add_job(visit, place.row.slug, data);
		if (piece)
			console_piece(visit, "campaign_case_state", data);
		else
			console_page(visit, 200, "campaign_case", data);
	}
	place_fini(&place);
}

void page_case(struct visit *visit)
{
	show(visit, false);
}

void piece_case(struct visit *visit)
{
	show(visit, true);
}

void send_case(struct visit *visit)
{
	struct place place;
	struct stat st;
	if (place_open(visit, &place)) {
		pthread_mutex_lock(&cases.lock);
		const struct job *job = job_of(place.row.slug, visit->visitor->account);
		int fd = job == NULL || job->stage != READY ? -1 : open(job->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		pthread_mutex_unlock(&cases.lock);
		char *name = xasprintf("%s-case.zip", place.row.slug);
		if (fd >= 0 && fstat(fd, &st) == 0) {
			char *subject = xasprintf("campaign:%s", place.row.slug);
			console_hand_out(visit, "campaign.download", subject, fd, (size_t)st.st_size, name, "application/zip");
			free(subject);
		} else {
			if (fd >= 0)
				close(fd);
			console_not_found(visit, tr("The case file is not there any more: it is kept for an hour. Please make it again.",
							 "Файла уже нет: он хранится час. Сделайте его ещё раз."));
		}
		free(name);
	}
	place_fini(&place);
}
