#include "web/watch.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"

/* Between two looks while somebody is connected: a limit is exceeded by so much at most. */
#define LOOK_MS 250
/* A body or an answer has so long, and a second more for each so many bytes: the slowest line
 * that somebody still fills a form over (GPRS). */
#define TRANSFER_MS 20000
#define SLOWEST_BYTES_PER_S 4096
#define TRANSFER_MOST_MS 600000
#define STREAM_SOCKET_BYTES 65536 /* of a stream in the kernel: else it lets a slow viewer fall megabytes behind */

struct guest {
	struct guest *next, *previous;
	int fd;
	bool shut;
	bool sending; /* an answer of ours goes out */
	int64_t until_ms; /* monotonic */
	struct address address;
};

struct watch {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t thread;
	bool stopping;
	int header_ms, count;
	int64_t reaped;
	struct guest *first;
};

/* What has come but was not read yet waits for us, not for the client: its thread is busy with another
 * connection. Not while an answer goes out: then nothing is read, and a client that does not take the answer
 * but has sent a byte too many would stay for ever. */
static bool waits_for_us(const struct guest *guest)
{
	int unread = 0;
	return !guest->sending && ioctl(guest->fd, FIONREAD, &unread) == 0 && unread > 0;
}

static void reap(struct watch *watch, int64_t now_ms)
{
	for (struct guest *guest = watch->first; guest != NULL; guest = guest->next) {
		if (guest->shut || guest->until_ms > now_ms || waits_for_us(guest))
			continue;
		/* The server notices, and closes it. The number cannot be another's: it leaves
		 * this list before it is closed. */
		shutdown(guest->fd, SHUT_RDWR);
		guest->shut = true;
		watch->reaped++;
	}
}

static void *look(void *arg)
{
	struct watch *watch = arg;
	pthread_mutex_lock(&watch->lock);
	while (!watch->stopping) {
		if (watch->first == NULL) {
			pthread_cond_wait(&watch->changed, &watch->lock);
			continue;
		}
		int64_t before = watch->reaped;
		reap(watch, clock_mono_ms());
		if (watch->reaped > before)
			log_info("web.slow", "connections_dropped=%d", (int)(watch->reaped - before));
		struct timespec until;
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += LOOK_MS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000L;
		until.tv_nsec %= 1000000000L;
		/* A wake-up is for stopping or a first guest: neither needs an earlier look. */
		while (!watch->stopping && pthread_cond_timedwait(&watch->changed, &watch->lock, &until) == 0)
			;
	}
	pthread_mutex_unlock(&watch->lock);
	return NULL;
}

struct watch *watch_new(int header_ms)
{
	struct watch *watch = xcalloc(1, sizeof *watch);
	pthread_condattr_t attributes;
	watch->header_ms = header_ms;
	pthread_mutex_init(&watch->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&watch->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	if (pthread_create(&watch->thread, NULL, look, watch) != 0)
		PANIC("pthread_create failed");
	return watch;
}

void watch_free(struct watch **handle)
{
	struct watch *watch = *handle;
	*handle = NULL;
	if (watch == NULL)
		return;
	pthread_mutex_lock(&watch->lock);
	watch->stopping = true;
	pthread_cond_signal(&watch->changed);
	pthread_mutex_unlock(&watch->lock);
	pthread_join(watch->thread, NULL);
	ASSERT(watch->first == NULL);
	pthread_cond_destroy(&watch->changed);
	pthread_mutex_destroy(&watch->lock);
	free(watch);
}

bool watch_has_room(struct watch *watch, const struct address *address, int most)
{
	int count = 0;
	pthread_mutex_lock(&watch->lock);
	for (struct guest *guest = watch->first; guest != NULL && count < most; guest = guest->next)
		count += memcmp(&guest->address, address, sizeof *address) == 0;
	pthread_mutex_unlock(&watch->lock);
	return count < most;
}

struct guest *watch_arrived(struct watch *watch, int fd, const struct address *address)
{
	struct guest *guest = xcalloc(1, sizeof *guest);
	guest->fd = fd;
	guest->address = *address;
	guest->until_ms = clock_mono_ms() + watch->header_ms;
	pthread_mutex_lock(&watch->lock);
	guest->next = watch->first;
	if (guest->next != NULL)
		guest->next->previous = guest;
	else
		pthread_cond_signal(&watch->changed);
	watch->first = guest;
	watch->count++;
	pthread_mutex_unlock(&watch->lock);
	return guest;
}

void watch_left(struct watch *watch, struct guest **handle)
{
	struct guest *guest = *handle;
	*handle = NULL;
	if (guest == NULL)
		return;
	pthread_mutex_lock(&watch->lock);
	if (guest->next != NULL)
		guest->next->previous = guest->previous;
	if (guest->previous != NULL)
		guest->previous->next = guest->next;
	else
		watch->first = guest->next;
	watch->count--;
	pthread_mutex_unlock(&watch->lock);
	free(guest);
}

static void set(struct watch *watch, struct guest *guest, int64_t until_ms, bool sending)
{
	if (guest == NULL)
		return;
	pthread_mutex_lock(&watch->lock);
	guest->until_ms = until_ms;
	guest->sending = sending;
	pthread_mutex_unlock(&watch->lock);
}

static int64_t transfer_end(int64_t bytes)
{
	int64_t ms = bytes < 0 ? TRANSFER_MOST_MS : TRANSFER_MS + bytes / SLOWEST_BYTES_PER_S * 1000;
	return clock_mono_ms() + (ms < TRANSFER_MOST_MS ? ms : TRANSFER_MOST_MS);
}

void watch_body(struct watch *watch, struct guest *guest, int64_t bytes)
{
	set(watch, guest, transfer_end(bytes), false);
}

void watch_work(struct watch *watch, struct guest *guest)
{
	set(watch, guest, TIME_NEVER_MS, false);
}

void watch_answer(struct watch *watch, struct guest *guest, int64_t bytes)
{
	set(watch, guest, transfer_end(bytes), true);
}

void watch_stream(struct watch *watch, struct guest *guest)
{
	int bytes = STREAM_SOCKET_BYTES;
	set(watch, guest, TIME_NEVER_MS, true);
	if (guest != NULL)
		(void)setsockopt(guest->fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

void watch_drop(struct watch *watch, struct guest *guest)
{
	if (guest == NULL)
		return;
	pthread_mutex_lock(&watch->lock);
	if (!guest->shut)
		shutdown(guest->fd, SHUT_RDWR);
	guest->shut = true;
	pthread_mutex_unlock(&watch->lock);
}

bool watch_hung_up(const struct guest *guest)
{
	if (guest == NULL)
		return false;
	struct pollfd look = {.fd = guest->fd, .events = POLLRDHUP};
	return poll(&look, 1, 0) > 0 && (look.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

void watch_next(struct watch *watch, struct guest *guest)
{
	set(watch, guest, clock_mono_ms() + watch->header_ms, false);
}

int watch_connections(struct watch *watch)
{
	pthread_mutex_lock(&watch->lock);
	int count = watch->count;
	pthread_mutex_unlock(&watch->lock);
	return count;
}

int64_t watch_reaped(struct watch *watch)
{
	pthread_mutex_lock(&watch->lock);
	int64_t reaped = watch->reaped;
	pthread_mutex_unlock(&watch->lock);
	return reaped;
}
