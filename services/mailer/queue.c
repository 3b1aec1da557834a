#include "mailer/queue.h"

#include "base/wait.h"

void queue_init(struct queue *queue)
{
	*queue = (struct queue){.tail = &queue->head};
	wait_cond_init(&queue->more);
}

void queue_put(struct queue *queue, struct outgoing *job)
{
	job->next = NULL;
	*queue->tail = job;
	queue->tail = &job->next;
	queue->count++;
}

static void queue_remove(struct queue *queue, struct outgoing **link)
{
	struct outgoing *job = *link;
	*link = job->next;
	if (queue->tail == &job->next)
		queue->tail = link;
	queue->count--;
	job->next = NULL;
}

struct outgoing *queue_take(struct queue *queue, int64_t now_ms, struct outgoing **stale,
	int64_t *wait_ms)
{
	for (struct outgoing **link = &queue->head; *link != NULL;) {
		struct outgoing *job = *link;
		if (now_ms - job->checked_ms > OUTGOING_FRESH_MS) {
			queue_remove(queue, link);
			job->next = *stale;
			*stale = job;
		} else if (job->ready_ms <= now_ms) {
			queue_remove(queue, link);
			return job;
		} else {
			if (job->ready_ms - now_ms < *wait_ms)
				*wait_ms = job->ready_ms - now_ms;
			link = &job->next;
		}
	}
	return NULL;
}

struct outgoing *queue_take_all(struct queue *queue)
{
	struct outgoing *chain = queue->head;
	queue->head = NULL;
	queue->tail = &queue->head;
	queue->count = 0;
	return chain;
}

void queue_take_stale(struct queue *queue, int64_t now_ms, struct outgoing **stale)
{
	while (queue->head != NULL && now_ms - queue->head->checked_ms > OUTGOING_FRESH_MS) {
		struct outgoing *job = queue->head;
		queue_remove(queue, &queue->head);
		job->next = *stale;
		*stale = job;
	}
}

void queue_take_partition(struct queue *queue, int32_t partition, struct outgoing **out)
{
	for (struct outgoing **link = &queue->head; *link != NULL;) {
		struct outgoing *job = *link;
		if (job->partition != partition) {
			link = &job->next;
			continue;
		}
		queue_remove(queue, link);
		job->next = *out;
		*out = job;
	}
}
