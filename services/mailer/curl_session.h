/* What the files of the libcurl transport share: transport_curl.c (feeding, life
 * of a session) and curl_connect.c (from nothing to a connection that has greeted,
 * encrypted and authenticated). */
#ifndef VESTNIK_MAILER_CURL_SESSION_H
#define VESTNIK_MAILER_CURL_SESSION_H

#include <curl/curl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "mailer/smtp_talk.h"
#include "mailer/smtp_watch.h"
#include "mailer/tls.h"
#include "mailer/transport.h"

struct transport_session {
	struct transport_config config; /* strings are ours */
	char *url;
	struct tls_context *tls; /* only its certificates */
	CURLM *multi;
	int wake_fd; /* an eventfd: abort() */
	atomic_bool aborted;

	/* of one run */
	const struct transport_feed *feed;
	struct transport_result *result;
	int added;
	bool stopped;
	struct transport_letter letter;
	bool letter_waits; /* fed, no outcome yet */

	/* of one connection */
	CURL *curl;
	struct smtp_watch watch;
	struct smtp_talk talk;
	int64_t deadline_us;
	bool tcp_stands, tls_stands, timed_out;
	char trouble[CURL_ERROR_SIZE];
};

/* The watch's callbacks, while libcurl speaks. */
void curl_watch_begin(struct transport_session *t);
/* False: t->result says why not. Close it in both cases. */
bool curl_connection_open(struct transport_session *t);
void curl_connection_close(struct transport_session *t);

#endif
