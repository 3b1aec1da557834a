/* The interposed connect() and poll(): what libESMTP gets from them, and that
 * nobody else notices. Called here as the library calls them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "mailer/esmtp_hooks.h"

static int listen_somewhere(struct sockaddr_in *address, int backlog)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof *address;
	*address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(bind(fd, (struct sockaddr *)address, len), 0);
	assert_int_equal(listen(fd, backlog), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)address, &len), 0);
	return fd;
}

static int option(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof value;
	assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

static void count_connected(void *arg)
{
	++*(int *)arg;
}

static void wire_ready(struct esmtp_wire *w, int *connected)
{
	esmtp_wire_init(w);
	w->connect_timeout_ms = 5000;
	w->connected_hook = count_connected;
	w->arg = connected;
	*connected = 0;
	esmtp_wire_enter(w);
}

static void the_library_finds_ours(void **state)
{
	(void)state;
	struct error e = {0};
	if (esmtp_hooks_check(&e) != 0)
		fail_msg("%s", e.text);
}

static void a_connection_is_made_ready(void **state)
{
	(void)state;
	struct esmtp_wire w;
	struct sockaddr_in address;
	int connected, listener = listen_somewhere(&address, 5), fd = socket(AF_INET, SOCK_STREAM, 0);
	wire_ready(&w, &connected);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	esmtp_wire_leave();
	assert_int_equal(connected, 1);
	assert_int_equal(option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
	/* The kernel doubles what was asked, up to twice wmem_max. */
	assert_true(option(fd, SOL_SOCKET, SO_SNDBUF) >= 256 * 1024);
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	assert_true(w.kept >= 0 && w.kept != fd && w.fd == fd);
	esmtp_wire_fini(&w);
	close(fd);
	close(listener);
}

static void others_are_left_alone(void **state)
{
	(void)state;
	struct esmtp_wire w;
	struct sockaddr_in address;
	int connected, listener = listen_somewhere(&address, 5), fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(option(fd, IPPROTO_TCP, TCP_NODELAY), 0);
	wire_ready(&w, &connected);
	struct sockaddr_un nowhere = {.sun_family = AF_UNIX, .sun_path = "/nonexistent/socket"};
	int local = socket(AF_UNIX, SOCK_DGRAM, 0);
	assert_int_equal(connect(local, (struct sockaddr *)&nowhere, sizeof nowhere), -1);
	assert_int_equal(errno, ENOENT);
	struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT};
	w.deadline_us = 1; /* long past: must not matter to another descriptor */
	assert_int_equal(poll(&p, 1, 1000), 1);
	esmtp_wire_leave();
	assert_int_equal(connected, 0);
	esmtp_wire_fini(&w);
	close(local);
	close(fd);
	close(listener);
}

static void connecting_has_a_limit(void **state)
{
	(void)state;
	struct esmtp_wire w;
	struct sockaddr_in address;
	int connected, listener = listen_somewhere(&address, 0), filler[8];
	for (int i = 0; i < 8; i++) { /* the queue is full: nobody answers any more */
		filler[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(filler[i], (struct sockaddr *)&address, sizeof address);
	}
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	wire_ready(&w, &connected);
	w.connect_timeout_ms = 100;
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), -1);
	assert_int_equal(errno, ETIMEDOUT);
	assert_int_equal(w.connect_errno, ETIMEDOUT);
	esmtp_wire_abort(&w);
	close(fd);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	w.connect_timeout_ms = 60000;
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), -1);
	assert_int_equal(errno, ECANCELED);
	esmtp_wire_leave();
	assert_int_equal(connected, 0);
	assert_int_equal(w.kept, -1);
	esmtp_wire_fini(&w);
	for (int i = 0; i < 8; i++)
		close(filler[i]);
	close(fd);
	close(listener);
}

/* A connected pair with the near end in the wire. */
static int pair(struct esmtp_wire *w, int *far, int *connected)
{
	struct sockaddr_in address;
	int listener = listen_somewhere(&address, 5), fd = socket(AF_INET, SOCK_STREAM, 0), small = 4096;
	assert_int_equal(setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
	wire_ready(w, connected);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	*far = accept(listener, NULL, NULL);
	assert_true(*far >= 0);
	close(listener);
	return fd;
}

static void writing_goes_before_reading(void **state)
{
	(void)state;
	struct esmtp_wire w;
	int far, connected, fd = pair(&w, &far, &connected);
	assert_int_equal(write(far, "ticket", 6), 6);
	struct pollfd in = {.fd = fd, .events = POLLIN};
	assert_int_equal(poll(&in, 1, 5000), 1);
	struct pollfd both[2] = {{.fd = fd, .events = POLLIN}, {.fd = fd, .events = POLLOUT}};
	assert_int_equal(poll(both, 2, 5000), 1);
	assert_int_equal(both[0].revents, 0);
	assert_int_equal(both[1].revents, POLLOUT);
	esmtp_wire_leave();
	close(far);
	esmtp_wire_closed(&w);
	esmtp_wire_fini(&w);
	close(fd);
}

static void fill_socket(int fd)
{
	static char zeros[65536];
	while (write(fd, zeros, sizeof zeros) > 0)
		;
	assert_int_equal(errno, EAGAIN);
}

static void a_write_that_does_not_get_on_ends_the_connection(void **state)
{
	(void)state;
	struct esmtp_wire w;
	int far, connected, fd = pair(&w, &far, &connected);
	w.sending_body = true;
	w.write_timeout_ms = 100;
	fill_socket(fd);
	struct pollfd out = {.fd = fd, .events = POLLOUT};
	assert_int_equal(poll(&out, 1, 600000), 0);
	assert_true(w.timed_out && w.write_timed_out);
	assert_int_equal(send(fd, "x", 1, MSG_NOSIGNAL), -1); /* no hole, and no more */
	assert_int_equal(errno, EPIPE);
	esmtp_wire_leave();
	close(far);
	esmtp_wire_closed(&w);
	esmtp_wire_fini(&w);
	close(fd);
}

static void a_deadline_beats_the_librarys_limit(void **state)
{
	(void)state;
	struct esmtp_wire w;
	int far, connected, fd = pair(&w, &far, &connected);
	w.deadline_us = clock_mono_us() + 100000;
	struct pollfd in = {.fd = fd, .events = POLLIN};
	/* Not waiting at all is no time-out. */
	assert_int_equal(poll(&in, 1, 0), 0);
	assert_false(w.timed_out);
	assert_int_equal(poll(&in, 1, -1), 0);
	assert_true(w.timed_out && !w.write_timed_out);
	esmtp_wire_leave();
	close(far);
	esmtp_wire_closed(&w);
	esmtp_wire_fini(&w);
	close(fd);
}

static void *abort_wire(void *arg)
{
	esmtp_wire_abort(arg);
	return NULL;
}

static void an_abort_wakes_a_waiting_read(void **state)
{
	(void)state;
	struct esmtp_wire w;
	int far, connected, fd = pair(&w, &far, &connected);
	pthread_t other;
	char byte;
	assert_int_equal(pthread_create(&other, NULL, abort_wire, &w), 0);
	struct pollfd in = {.fd = fd, .events = POLLIN};
	assert_int_equal(poll(&in, 1, 60000), 1);
	assert_int_equal(read(fd, &byte, 1), 0);
	assert_int_equal(pthread_join(other, NULL), 0);
	esmtp_wire_leave();
	close(far);
	esmtp_wire_closed(&w);
	/* The library has closed its descriptor; a late abort must hit nobody. */
	close(fd);
	int stranger[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, stranger), 0);
	esmtp_wire_abort(&w);
	assert_int_equal(write(stranger[0], "x", 1), 1);
	assert_int_equal(read(stranger[1], &byte, 1), 1);
	esmtp_wire_fini(&w);
	close(stranger[0]);
	close(stranger[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_library_finds_ours),
		cmocka_unit_test(a_connection_is_made_ready),
		cmocka_unit_test(others_are_left_alone),
		cmocka_unit_test(connecting_has_a_limit),
		cmocka_unit_test(writing_goes_before_reading),
		cmocka_unit_test(a_write_that_does_not_get_on_ends_the_connection),
		cmocka_unit_test(a_deadline_beats_the_librarys_limit),
		cmocka_unit_test(an_abort_wakes_a_waiting_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
