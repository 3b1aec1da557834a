/* Our own half of SMTP from MAIL to the end of data, for a transport whose
 * library only connects, encrypts and authenticates. It never sleeps longer
 * than it was told, tells a refused sender from a refused recipient, and knows
 * whether the final dot has left. */
#ifndef VESTNIK_MAILER_SMTP_TALK_H
#define VESTNIK_MAILER_SMTP_TALK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "mailer/smtp_reply.h"
#include "mailer/smtp_watch.h"
#include "mailer/transport.h"

/* Gathers commands and stuffed body before a write. */
#define SMTP_TALK_OUT_BYTES (32 * 1024)

struct smtp_talk {
	/* The owner's. read and write: bytes moved, 0 = would block, -1 = gone. */
	ssize_t (*read)(void *arg, char *data, size_t size);
	ssize_t (*write)(void *arg, const char *data, size_t size);
	void *arg;
	int fd;      /* to wait on */
	int wake_fd; /* readable = aborted */
	const atomic_bool *abort_asked;
	const struct transport_config *config;
	const struct smtp_facts *facts;

	bool lost; /* nothing more goes over this connection */
	bool timed_out, aborted, nonsense;
	enum smtp_command at; /* where it was lost */
	struct transport_reply lost_reply;
	bool reset_due; /* the last transaction did not end in acceptance */

	struct smtp_reply_parser parser;
	char in[2048];
	size_t in_at, in_len;
	char out[SMTP_TALK_OUT_BYTES];
	size_t out_len;
};

/* A connection stands, EHLO and AUTH are done. Owner's members stay. */
void smtp_talk_begin(struct smtp_talk *talk);

/* Sends one letter and says what became of it. before_end may be NULL; where it
 * says no, *refused_end is set, and the connection is lost. */
enum transport_verdict smtp_talk_letter(struct smtp_talk *talk,
	const struct transport_letter *letter, const struct transport_feed *feed,
	struct transport_reply *reply, bool *refused_end);

/* QUIT, without caring much. */
void smtp_talk_quit(struct smtp_talk *talk);

#endif
