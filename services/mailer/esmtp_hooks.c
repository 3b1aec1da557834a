#include "mailer/esmtp_hooks.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "mailer/unsent.h"

/* A letter of usual size fits, so that writing never waits (bytes). */
#define SEND_BUFFER_BYTES (256 * 1024)
/* A connecting thread looks this often whether it was aborted. */
#define ABORT_LOOK_MS 200

static _Thread_local struct esmtp_wire *entered;

/* The system calls themselves: dlsym(RTLD_NEXT) would find a sanitizer's
 * interceptor in one build and libc in another. */
static int raw_connect(int fd, const struct sockaddr *address, socklen_t len)
{
	return (int)syscall(SYS_connect, fd, address, len);
}

static int raw_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	struct timespec limit = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};
	return (int)syscall(SYS_ppoll, fds, count, timeout_ms < 0 ? NULL : &limit, NULL, (size_t)0);
}

/* The names by which libESMTP finds them. libc's own declarations of connect
 * and poll do not fit a definition (a union, attributes), hence the labels.
 * Default visibility, or the library would silently call libc's. */
#define HOOK(name) __asm__(name) __attribute__((visibility("default"), used))
int hook_connect(int fd, const struct sockaddr *address, socklen_t len) HOOK("connect");
int hook_poll(struct pollfd *fds, nfds_t count, int timeout_ms) HOOK("poll");

static bool is_ours(int fd, const struct sockaddr *address)
{
	int type = 0;
	socklen_t len = sizeof type;
	return (address->sa_family == AF_INET || address->sa_family == AF_INET6) &&
		getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM;
}

static void prepare_socket(int fd)
{
	int on = 1, bytes = SEND_BUFFER_BYTES;
	/* Not fatal where they fail: only slower. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	(void)fcntl(fd, F_SETFL, O_NONBLOCK); /* libESMTP sets the same afterwards */
}

static void keep(struct esmtp_wire *w, int fd)
{
	int kept = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	pthread_mutex_lock(&w->lock);
	w->kept = kept;
	pthread_mutex_unlock(&w->lock);
	w->fd = fd;
}

static void drop_kept(struct esmtp_wire *w)
{
	pthread_mutex_lock(&w->lock);
	int kept = w->kept;
	w->kept = -1;
	pthread_mutex_unlock(&w->lock);
	if (kept >= 0)
		close(kept);
	w->fd = -1;
}

/* 0, or an errno. */
static int wait_connected(struct esmtp_wire *w, int fd)
{
	int64_t until_us = clock_mono_us() + (int64_t)w->connect_timeout_ms * 1000;
	for (;;) {
		if (atomic_load(&w->aborted))
			return ECANCELED;
		int64_t left_ms = (until_us - clock_mono_us() + 999) / 1000;
		if (left_ms <= 0)
			return ETIMEDOUT;
		struct pollfd p = {.fd = fd, .events = POLLOUT};
		int n = raw_poll(&p, 1, left_ms < ABORT_LOOK_MS ? (int)left_ms : ABORT_LOOK_MS);
		if (n < 0 && errno != EINTR)
			return errno;
		if (n > 0)
			break;
	}
	int problem = 0;
	socklen_t len = sizeof problem;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &len) != 0)
		return errno;
	return problem;
}

static int wire_connect(
	struct esmtp_wire *w, int fd, const struct sockaddr *address, socklen_t len)
{
	prepare_socket(fd);
	keep(w, fd);
	int problem = atomic_load(&w->aborted) ? ECANCELED : 0;
	if (problem == 0 && raw_connect(fd, address, len) != 0)
		problem = errno == EINPROGRESS ? wait_connected(w, fd) : errno;
	if (problem != 0) {
		drop_kept(w);
		w->connect_errno = problem;
		errno = problem;
		return -1;
	}
	w->connected = true;
	w->timed_out = false;
	w->write_timed_out = false;
	w->connected_hook(w->arg);
	return 0;
}

int hook_connect(int fd, const struct sockaddr *address, socklen_t len)
{
	struct esmtp_wire *w = entered;
	if (w == NULL || !is_ours(fd, address))
		return raw_connect(fd, address, len);
	return wire_connect(w, fd, address, len);
}

static int wire_limit_ms(const struct esmtp_wire *w, const struct pollfd *fds, nfds_t count, int asked_ms)
{
	int limit = asked_ms;
	if (w->sending_body && w->write_timeout_ms > 0 && count == 1 && fds[0].events == POLLOUT)
		limit = w->write_timeout_ms;
	if (w->deadline_us != 0) {
		int64_t left_ms = (w->deadline_us - clock_mono_us() + 999) / 1000;
		if (left_ms < 0)
			left_ms = 0;
		if (limit < 0 || left_ms < limit)
			limit = (int)left_ms;
	}
	return limit;
}

static int wire_poll(struct esmtp_wire *w, struct pollfd *fds, nfds_t count, int timeout_ms)
{
	int n = raw_poll(fds, count, timeout_ms == 0 ? 0 : wire_limit_ms(w, fds, count, timeout_ms));
	if (n == 0 && timeout_ms != 0) {
		w->timed_out = true;
		w->write_timed_out =
			(count == 1 && fds[0].events == POLLOUT) || unsent_discard(w->fd);
		esmtp_wire_cut(w);
	}
	/* Write first: otherwise the library sits in SSL_read on a session
	 * ticket with its EHLO unsent. */
	if (n == 2 && (fds[1].revents & POLLOUT) != 0 && fds[0].revents == POLLIN) {
		fds[0].revents = 0;
		n = 1;
	}
	return n;
}

int hook_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	struct esmtp_wire *w = entered;
	if (w == NULL || w->fd < 0 || count == 0 || count > 2 || fds[0].fd != w->fd)
		return raw_poll(fds, count, timeout_ms);
	return wire_poll(w, fds, count, timeout_ms);
}

int esmtp_hooks_check(struct error *e)
{
	int (*my_connect)(int, const struct sockaddr *, socklen_t) = hook_connect;
	int (*my_poll)(struct pollfd *, nfds_t, int) = hook_poll;
	void *seen_connect = dlsym(RTLD_DEFAULT, "connect");
	void *seen_poll = dlsym(RTLD_DEFAULT, "poll");
	if (seen_connect != *(void **)(void *)&my_connect || seen_poll != *(void **)(void *)&my_poll)
		return error_set(e, ERROR_INTERNAL,
			"this program was linked so that libESMTP does not call its connect() and poll()");
	return 0;
}

static void nothing(void *arg)
{
	(void)arg;
}

void esmtp_wire_init(struct esmtp_wire *w)
{
	*w = (struct esmtp_wire){.fd = -1, .kept = -1, .connected_hook = nothing};
	pthread_mutex_init(&w->lock, NULL);
}

void esmtp_wire_fini(struct esmtp_wire *w)
{
	drop_kept(w);
	pthread_mutex_destroy(&w->lock);
}

void esmtp_wire_reset(struct esmtp_wire *w)
{
	drop_kept(w);
	w->deadline_us = 0;
	w->sending_body = false;
	w->connected = false;
	w->connect_errno = 0;
	w->timed_out = false;
	w->write_timed_out = false;
}

void esmtp_wire_enter(struct esmtp_wire *w)
{
	entered = w;
}

void esmtp_wire_leave(void)
{
	entered = NULL;
}

void esmtp_wire_cut(struct esmtp_wire *w)
{
	pthread_mutex_lock(&w->lock);
	if (w->kept >= 0)
		(void)shutdown(w->kept, SHUT_RDWR);
	pthread_mutex_unlock(&w->lock);
}

void esmtp_wire_abort(struct esmtp_wire *w)
{
	atomic_store(&w->aborted, true);
	esmtp_wire_cut(w);
}

void esmtp_wire_closed(struct esmtp_wire *w)
{
	drop_kept(w);
}
