/* Conditions that wait by the monotonic clock: setting the machine's time neither cuts a wait short
 * nor prolongs it. */
#ifndef VESTNIK_BASE_WAIT_H
#define VESTNIK_BASE_WAIT_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

/* For pthread_cond_timedwait: ms from now. */
static inline void wait_until(struct timespec *out, int64_t ms)
{
	clock_gettime(CLOCK_MONOTONIC, out);
	out->tv_sec += ms / 1000;
	out->tv_nsec += ms % 1000 * 1000000;
	if (out->tv_nsec >= 1000000000) {
		out->tv_nsec -= 1000000000;
		out->tv_sec++;
	}
}

static inline void wait_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

static inline void wait_cond_ms(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t ms)
{
	struct timespec until;
	wait_until(&until, ms);
	(void)pthread_cond_timedwait(cond, lock, &until);
}

#endif
