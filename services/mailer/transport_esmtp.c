/* Letters through libESMTP. A session is fed from the library's own events
 * (esmtp_letters.c). What the library cannot be trusted with is done beside it:
 * esmtp_hooks.c has its socket and every wait, smtp_watch.c reads what the relay
 * really says. The verdict of a letter comes from there, the library's events
 * only say when. The traps, each with its place and its test:
 * docs/decisions/2026-11-21-libesmtp-traps.md. */
#include "mailer/transport.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <auth-client.h>

#include "base/clock.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "mailer/esmtp_session.h"
#include "mailer/session_config.h"
#include "mailer/verdict.h"

/* A relay that does not answer QUIT is not waited for (ms). */
#define QUIT_TIMEOUT_MS 5000

/* ---- the monitor's callbacks ---- */

static void on_connected(void *arg)
{
	struct transport_session *t = arg;
	smtp_watch_begin(&t->monitor);
	t->wire.deadline_us = clock_mono_us() + (int64_t)t->config.greeting_timeout_ms * 1000;
}

/* The last moment before MAIL is written. */
static void before_mail(struct transport_session *t)
{
	struct transport_reply reply;
	enum transport_verdict verdict;
	if (t->monitor.pending[0] != SMTP_MAIL && t->monitor.pending[0] != SMTP_RSET) {
		esmtp_lose(t); /* the library took half a reply for a whole one */
		return;
	}
	if (t->config.user != NULL && !t->monitor.authenticated) {
		t->auth_missing = true;
		esmtp_lose(t);
		return;
	}
	if (t->config.security == TRANSPORT_STARTTLS && !t->tls_ok) {
		t->tls_not_offered = true;
		esmtp_lose(t);
		return;
	}
	t->facts_known = true;
	verdict_copy_facts(t->result, &t->monitor.facts);
	if (t->current.stage != LETTER_ADDED ||
		verdict_before_sending(&t->current.letter, &t->monitor.facts, &verdict, &reply))
		return;
	/* The first letter is larger than the SIZE we have just learned. The
	 * library cannot leave it out, so the connection goes. */
	esmtp_lose(t);
	esmtp_conclude(t, verdict, &reply);
	t->again = true;
}

static void on_command(void *arg, enum smtp_command command)
{
	struct transport_session *t = arg;
	int limit_ms = t->config.command_timeout_ms;
	if (command == SMTP_QUIT && limit_ms > QUIT_TIMEOUT_MS)
		limit_ms = QUIT_TIMEOUT_MS;
	t->wire.sending_body = false;
	t->wire.deadline_us = clock_mono_us() + (int64_t)limit_ms * 1000;
	if (command == SMTP_MAIL)
		before_mail(t);
}

static void on_reply(void *arg, enum smtp_command command)
{
	struct transport_session *t = arg;
	/* Another command awaits its reply; after 354 the body has its own limits. */
	t->wire.deadline_us = t->monitor.pending_count > 0 && command != SMTP_DATA
		? clock_mono_us() + (int64_t)t->config.command_timeout_ms * 1000
		: 0;
	if (command == SMTP_STARTTLS && t->monitor.last[command].code / 100 == 2) {
		t->tls_begun = true;
		t->wire.deadline_us =
			clock_mono_us() + (int64_t)t->config.command_timeout_ms * 1000;
	}
	if (command == SMTP_EHLO)
		verdict_copy_facts(t->result, &t->monitor.facts);
}

static void on_broken(void *arg)
{
	struct transport_session *t = arg;
	esmtp_lose(t);
}

static void on_monitor(const char *data, int len, int writing, void *arg)
{
	struct transport_session *t = arg;
	if (len <= 0)
		return;
	if (writing == 0)
		smtp_watch_read(&t->monitor, (char *)(uintptr_t)data, (size_t)len);
	else if (writing == 1)
		smtp_watch_wrote(&t->monitor, data, (size_t)len);
}

/* ---- one connection ---- */

static int on_auth(auth_client_request_t request, char **result, int fields, void *arg)
{
	struct transport_session *t = arg;
	for (int i = 0; i < fields; i++) {
		static char none[] = "";
		const char *value = (request[i].flags & AUTH_PASS) != 0 ? t->config.password
			: (request[i].flags & AUTH_USER) != 0		? t->config.user
									: none;
		result[i] = (char *)(uintptr_t)value; /* only read */
	}
	return 1;
}

static void set_timeout(struct transport_session *t, int which, int ms)
{
	/* Milliseconds, whatever the manual says. The library's own limits are
	 * only behind ours, which esmtp_hooks.c holds. */
	(void)smtp_set_timeout(t->library, which | Timeout_OVERRIDE_RFC2822_MINIMUM,
		ms < INT_MAX / 2 ? ms + 1000L : ms);
}

static void library_open(struct transport_session *t)
{
	const struct transport_config *config = &t->config;
	smtp_session_t library = smtp_create_session();
	if (library == NULL || !smtp_set_server(library, t->server) ||
		!smtp_set_hostname(library, config->ehlo) ||
		!smtp_set_eventcb(library, esmtp_on_event, t) ||
		!smtp_set_monitorcb(library, on_monitor, t, 0))
		PANIC("libESMTP: out of memory");
	t->library = library;
	set_timeout(t, Timeout_GREETING, config->greeting_timeout_ms);
	set_timeout(t, Timeout_ENVELOPE, config->command_timeout_ms);
	set_timeout(t, Timeout_DATA, config->command_timeout_ms);
	set_timeout(t, Timeout_TRANSFER, config->transfer_timeout_ms);
	set_timeout(t, Timeout_DATA2, config->final_timeout_ms);
	if (config->security == TRANSPORT_STARTTLS) {
		(void)smtp_starttls_enable(library, Starttls_REQUIRED);
		/* Never the library's context: it is freed under the second session. */
		(void)smtp_starttls_set_ctx(library, tls_context_ssl(t->tls));
	} else {
		(void)smtp_starttls_enable(library, Starttls_DISABLED);
	}
}

/* t->current is the first letter. */
static void run_connection(struct transport_session *t)
{
	auth_context_t auth = NULL;
	t->feeding_over = t->stopped = t->again = t->lost = false;
	t->tls_begun = t->tls_ok = t->tls_not_offered = t->auth_missing = false;
	t->lost_reply = (struct transport_reply){0};
	esmtp_wire_reset(&t->wire);
	smtp_watch_begin(&t->monitor);
	tls_trouble_clear();
	library_open(t);
	if (t->config.user != NULL) {
		auth = auth_create_context();
		if (auth == NULL)
			PANIC("libESMTP: out of memory");
		/* PLAIN and LOGIN are off by default. */
		(void)auth_set_mechanism_flags(auth, AUTH_PLUGIN_PLAIN, 0);
		(void)auth_set_interact_cb(auth, on_auth, t);
		(void)smtp_auth_set_context(t->library, auth);
	}
	esmtp_add_current(t);
	/* Its return value says nothing: 1 even when nothing was sent. */
	(void)smtp_start_session(t->library);
	int library_error = smtp_errno();
	esmtp_wire_closed(&t->wire);
	esmtp_conclude_leftover(t);
	esmtp_classify_end(t, library_error);
	smtp_destroy_session(t->library);
	t->library = NULL;
	if (auth != NULL)
		auth_destroy_context(auth);
}

static void esmtp_run(struct transport_session *t, const struct transport_feed *feed,
	struct transport_result *result)
{
	*result = (struct transport_result){.end = TRANSPORT_END_OK, .offers_size = -1};
	t->feed = feed;
	t->result = result;
	t->added = 0;
	t->facts_known = false;
	t->stopped = false;
	esmtp_wire_enter(&t->wire);
	do {
		t->again = false;
		if (atomic_load(&t->wire.aborted))
			t->stopped = true;
		if (t->stopped || !esmtp_feed_next(t)) {
			result_end(t->result, t->stopped ? TRANSPORT_END_STOPPED : TRANSPORT_END_OK, "%s", "");
			break;
		}
		run_connection(t);
	} while (t->again && result->end == TRANSPORT_END_OK);
	esmtp_wire_leave();
	atomic_store(&t->wire.aborted, false);
	t->feed = NULL;
	t->result = NULL;
}

static int esmtp_init(struct error *e)
{
	/* Looked for on every handshake; an answer but "not there" fails it. */
	if (setenv("XDG_CONFIG_DIR", "/nonexistent", 1) != 0)
		return error_errno(e, "setenv");
	session_ignore_sigpipe();
	auth_client_init();
	return esmtp_hooks_check(e);
}

static int esmtp_open(
	struct transport_session **out, const struct transport_config *config, struct error *e)
{
	*out = NULL;
	if (session_config_check(config, e) != 0)
		return -1;
	if (config->security == TRANSPORT_TLS)
		return error_set(e, ERROR_INPUT,
			"relay %s: libESMTP cannot do implicit TLS; choose the libcurl transport",
			config->relay);
	if (strchr(config->host, ':') != NULL)
		return error_set(e, ERROR_INPUT,
			"relay %s: libESMTP cannot connect to an IPv6 address; choose the libcurl transport",
			config->relay);
	struct tls_context *tls = NULL;
	if (config->security == TRANSPORT_STARTTLS &&
		tls_context_get(&tls, config->ca_file, config->host, e) != 0)
		return error_context(e, "relay %s", config->relay);
	struct transport_session *t = xcalloc(1, sizeof *t);
	session_config_copy(&t->config, config);
	t->server = xasprintf("%s:%d", config->host, config->port);
	t->tls = tls;
	esmtp_wire_init(&t->wire);
	t->wire.connect_timeout_ms = config->connect_timeout_ms;
	t->wire.write_timeout_ms = config->transfer_timeout_ms;
	t->wire.connected_hook = on_connected;
	t->wire.arg = t;
	t->monitor.command = on_command;
	t->monitor.reply = on_reply;
	t->monitor.broken = on_broken;
	t->monitor.arg = t;
	*out = t;
	return 0;
}

static void esmtp_abort(struct transport_session *t)
{
	esmtp_wire_abort(&t->wire);
}

static void esmtp_close(struct transport_session **session)
{
	struct transport_session *t = *session;
	*session = NULL;
	if (t == NULL)
		return;
	session_config_fini(&t->config);
	free(t->server);
	tls_context_release(&t->tls);
	esmtp_wire_fini(&t->wire);
	free(t);
}

const struct transport transport_esmtp = {
	.name = "libesmtp",
	.init = esmtp_init,
	.open = esmtp_open,
	.run = esmtp_run,
	.abort = esmtp_abort,
	.close = esmtp_close,
};
