#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "console/people/personal.h"

struct job {
	struct console *console;
	char *address, *name, *organisation, *reason, *actor, *origin;
	bool forget;
	enum lang lang;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct erasing_state state; /* under the lock, and these */
static bool stopping, joinable;
static pthread_t thread;

static void job_free(struct job *job)
{
	char *texts[] = {job->address, job->name, job->organisation, job->reason, job->actor, job->origin};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		free(texts[i]);
	free(job);
}

static int progress(void *arg, const struct person_walk *walk)
{
	(void)arg;
	pthread_mutex_lock(&lock);
	state.looked = walk->looked;
	bool stop = stopping;
	pthread_mutex_unlock(&lock);
	return stop;
}

static void end(const json_t *counts, const struct error *e)
{
	char *text = counts == NULL ? xstrdup("{}") : json_dumps(counts, JSON_COMPACT);
	pthread_mutex_lock(&lock);
	state.running = false;
	state.done = e->code == ERROR_NONE;
	snprintf(state.error, sizeof state.error, "%s", e->code == ERROR_NONE ? "" : e->text);
	snprintf(state.counts, sizeof state.counts, "%s", text);
	pthread_mutex_unlock(&lock);
	if (e->code != ERROR_NONE)
		log_warn("console.erasure_failed", "reason=%s", log_quote(e->text));
	free(text);
}

static void *work(void *arg)
{
	struct job *job = arg;
	struct db *db = NULL;
	struct error e = {0};
	json_t *counts = NULL;
	const struct person person = {job->address, job->name, job->organisation};
	const struct person_erasure erasure = {.reason = job->reason, .forget = job->forget, .progress = progress};
	const struct orderer who = {.settings = job->console->settings,
		.key = job->console->key,
		.bus = job->console->bus,
		.actor = job->actor,
		.origin = job->origin};
	lang_use(job->lang);
	int rc = daemon_open_store(job->console->daemon, &db, &e);
	if (rc == 0)
		rc = person_erase(&who, db, &person, &erasure, &counts, &e);
	if (rc == 0)
		e = (struct error){0}; /* what was repeated after a conflict is none */
	end(counts, &e);
	json_decref(counts);
	db_close(&db);
	job_free(job);
	return NULL;
}

static char *copy(const char *text)
{
	return text == NULL ? NULL : xstrdup(text);
}

int erasing_start(const struct visit *visit, const struct person *person, const char *reason, bool forget, struct error *e)
{
	struct job *job = xcalloc(1, sizeof *job);
	*job = (struct job){visit->console, copy(person->address), copy(person->name), copy(person->organisation), xstrdup(reason),
		xstrdup(visit->visitor->actor), xstrdup(web_address(visit->request)), forget, lang_get()};
	int rc = 0;
	pthread_mutex_lock(&lock);
	if (state.running || stopping)
		rc = error_set(e, ERROR_CONFLICT, "%s", tr("another erasure is going on: wait until it is done",
			"идёт другое удаление: дождитесь его окончания"));
	if (rc == 0 && joinable)
		(void)pthread_join(thread, NULL); /* it has ended: it left the lock with running false */
	if (rc == 0) {
		state = (struct erasing_state){.running = true};
		joinable = pthread_create(&thread, NULL, work, job) == 0;
		if (!joinable) {
			state = (struct erasing_state){0};
			rc = error_set(e, ERROR_UNAVAILABLE, "%s", tr("no thread", "нет потока"));
		}
	}
	pthread_mutex_unlock(&lock);
	if (rc != 0)
		job_free(job);
	return rc;
}

void erasing_look(struct erasing_state *out)
{
	pthread_mutex_lock(&lock);
	*out = state;
	pthread_mutex_unlock(&lock);
}

void erasing_stop(void)
{
	pthread_mutex_lock(&lock);
	stopping = true;
	bool wait = joinable;
	pthread_mutex_unlock(&lock);
	if (wait)
		(void)pthread_join(thread, NULL);
}
