/* The letters that wait for a relay. Under the pool's lock. */
#ifndef VESTNIK_MAILER_QUEUE_H
#define VESTNIK_MAILER_QUEUE_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "mailer/outgoing.h"

struct queue {
	struct outgoing *head, **tail;
	size_t count;
	int waiting; /* sessions waiting for a letter of this lane (bulk: of any) */
	pthread_cond_t more;
};

void queue_init(struct queue *queue);
void queue_put(struct queue *queue, struct outgoing *job);
/* Empties it; the jobs are linked by next. */
struct outgoing *queue_take_all(struct queue *queue);
/* The first job that may start now. Jobs whose check is stale are taken off into
 * *stale. *wait_ms: until the next becomes ready, when none is. */
struct outgoing *queue_take(struct queue *queue, int64_t now_ms, struct outgoing **stale, int64_t *wait_ms);
/* Takes off those of a partition, into *out. */
void queue_take_partition(struct queue *queue, int32_t partition, struct outgoing **out);
/* Takes off those at the head whose check is stale, into *stale. */
void queue_take_stale(struct queue *queue, int64_t now_ms, struct outgoing **stale);

#endif
