/* libESMTP's socket in our hands. The library connects without a time limit,
 * leaves Nagle's algorithm on (44 ms a letter), reads before it writes when
 * TLS 1.3 tickets arrive (a stall until the time limit), and goes on sending
 * after a write that timed out (a hole in an accepted letter). It offers no way
 * to change that, so the program defines connect() and poll() itself; they act
 * only on a thread that has entered a wire, and only on that wire's socket. */
#ifndef VESTNIK_MAILER_ESMTP_HOOKS_H
#define VESTNIK_MAILER_ESMTP_HOOKS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct esmtp_wire {
	/* Set by the owner. */
	int connect_timeout_ms;
	int64_t deadline_us;  /* clock_mono_us() at which any wait ends; 0 = none */
	int write_timeout_ms; /* while sending a body: longest wait without progress; 0 = none */
	bool sending_body;    /* the body is being handed over: nothing may be lost silently */
	void (*connected_hook)(void *arg); /* a connection stands: the dialogue begins anew */
	void *arg;

	/* Facts. */
	int fd; /* libESMTP's own; -1 */
	bool connected;
	int connect_errno;
	bool timed_out;
	bool write_timed_out; /* ... and the last of what was written never left */

	/* Other threads. */
	pthread_mutex_t lock;
	int kept; /* a duplicate of fd, so that a shutdown never hits a stranger; -1 */
	atomic_bool aborted;
};

/* Fails when the hooks are not the ones the library calls. */
int esmtp_hooks_check(struct error *e);

void esmtp_wire_init(struct esmtp_wire *w);
void esmtp_wire_fini(struct esmtp_wire *w);
/* Before each connection. */
void esmtp_wire_reset(struct esmtp_wire *w);
/* Between these two connect() and poll() of this thread belong to the wire. */
void esmtp_wire_enter(struct esmtp_wire *w);
void esmtp_wire_leave(void);
/* Ends whatever the library does with the socket. From any thread. */
void esmtp_wire_cut(struct esmtp_wire *w);
void esmtp_wire_abort(struct esmtp_wire *w);
/* The library has closed its socket. */
void esmtp_wire_closed(struct esmtp_wire *w);

#endif
