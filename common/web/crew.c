#include "web/crew.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "web/web_inside.h"

#define THREADS_MAX 64

struct crew {
	struct web *web;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t thread[THREADS_MAX];
	int threads;
	struct web_request *first, *last; /* waiting, in the order they came */
	bool stopping;
};

static struct web_request *next(struct crew *crew, bool *stopping)
{
	pthread_mutex_lock(&crew->lock);
	while (crew->first == NULL && !crew->stopping)
		pthread_cond_wait(&crew->changed, &crew->lock);
	struct web_request *request = crew->first;
	if (request != NULL)
		crew->first = request->next_waiting;
	if (crew->first == NULL)
		crew->last = NULL;
	*stopping = crew->stopping;
	pthread_mutex_unlock(&crew->lock);
	return request;
}

/* The worker is made at the first request, and again at the next when that failed. */
static bool have_worker(struct web *web, void **worker, struct error *e)
{
	return *worker != NULL || web->config.worker_open == NULL ||
		web->config.worker_open(web->config.arg, worker, e) == 0;
}

static void handle(struct web_request *request, void **worker, bool stopping)
{
	struct error e = {0};
	lang_use(request->lang);
	if (stopping)
		web_reply_problem(request, 503, NULL, NULL);
	else if (!have_worker(request->web, worker, &e))
		web_reply_error(request, &e);
	else
		request->route->handle(request, *worker);
	if (!request->answered) {
		error_set(&e, ERROR_INTERNAL, "a handler gave no answer");
		web_reply_error(request, &e);
	}
	lang_use_default();
}

static void *work(void *arg)
{
	struct crew *crew = arg;
	const struct web_config *config = &crew->web->config;
	void *worker = NULL;
	bool stopping;
	for (struct web_request *request; (request = next(crew, &stopping)) != NULL;) {
		struct MHD_Connection *connection = request->connection;
		handle(request, &worker, stopping);
		MHD_resume_connection(connection); /* the request is not ours any more */
	}
	if (worker != NULL && config->worker_close != NULL)
		config->worker_close(config->arg, worker);
	return NULL;
}

struct crew *crew_new(struct web *web, int threads)
{
	struct crew *crew = xcalloc(1, sizeof *crew);
	crew->web = web;
	crew->threads = threads < THREADS_MAX ? threads : THREADS_MAX;
	pthread_mutex_init(&crew->lock, NULL);
	pthread_cond_init(&crew->changed, NULL);
	for (int i = 0; i < crew->threads; i++)
		if (pthread_create(&crew->thread[i], NULL, work, crew) != 0)
			PANIC("pthread_create failed");
	return crew;
}

bool crew_give(struct crew *crew, struct web_request *request)
{
	request->next_waiting = NULL;
	pthread_mutex_lock(&crew->lock);
	bool takes = !crew->stopping;
	if (takes) {
		/* Under the lock: neither is it resumed before, nor left behind by crew_stop. */
		MHD_suspend_connection(request->connection);
		if (crew->last == NULL)
			crew->first = request;
		else
			crew->last->next_waiting = request;
		crew->last = request;
		pthread_cond_signal(&crew->changed);
	}
	pthread_mutex_unlock(&crew->lock);
	return takes;
}

void crew_stop(struct crew *crew)
{
	pthread_mutex_lock(&crew->lock);
	crew->stopping = true;
	pthread_cond_broadcast(&crew->changed);
	pthread_mutex_unlock(&crew->lock);
	for (int i = 0; i < crew->threads; i++)
		pthread_join(crew->thread[i], NULL);
	crew->threads = 0;
}

void crew_free(struct crew **handle)
{
	struct crew *crew = *handle;
	*handle = NULL;
	if (crew == NULL)
		return;
	ASSERT(crew->first == NULL);
	pthread_cond_destroy(&crew->changed);
	pthread_mutex_destroy(&crew->lock);
	free(crew);
}
