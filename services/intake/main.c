#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lang.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "daemon/daemon.h"
#include "intake/mail.h"
#include "intake/poller.h"
#include "intake/stdin_mail.h"

/* How often the pollers' trouble is gathered for `vestnik status`. */
#define LOOK_MS 1000

struct service {
	struct poller **poller;
	size_t count;
	struct poller_totals totals;
};

static struct service service;

static int intake_start(struct daemon *daemon, void **state, struct error *e)
{
	const struct settings *settings = daemon_settings(daemon);
	(void)e;
	*state = &service;
	mail_init();
	service.poller = xcalloc(settings->intake.mailboxes_count + 1, sizeof *service.poller);
	for (; service.count < settings->intake.mailboxes_count; service.count++)
		service.poller[service.count] = poller_start(
			daemon, &settings->intake.mailboxes[service.count], &service.totals);
	if (service.count == 0)
		log_info("no_mailboxes", "settings=intake.mailboxes");
	return 0;
}

static int intake_run(struct daemon *daemon, void *state, struct error *e)
{
	struct service *self = state;
	bool troubled = false;
	(void)e;
	daemon_ready(daemon);
	while (!daemon_stopping(daemon)) {
		char text[500] = "";
		for (size_t i = 0; i < self->count && text[0] == '\0'; i++)
			(void)poller_trouble(self->poller[i], text, sizeof text);
		if (text[0] != '\0' || troubled)
			daemon_set_trouble(daemon, text[0] == '\0' ? NULL : text);
		troubled = text[0] != '\0';
		daemon_wait(daemon, LOOK_MS);
	}
	return 0;
}

static void intake_stop(struct daemon *daemon, void *state)
{
	struct service *self = state;
	(void)daemon;
	for (size_t i = 0; i < self->count; i++)
		poller_stop(&self->poller[i]);
	free(self->poller);
	mail_shutdown();
}

static void intake_note(void *state, char *out, size_t size)
{
	struct service *self = state;
	size_t leading = 0;
	char ignored[500];
	for (size_t i = 0; i < self->count; i++)
		leading += poller_trouble(self->poller[i], ignored, sizeof ignored);
	snprintf(out, size, "%zu of %zu mailboxes, %lld mails, %lld known already, %lld for staff", leading,
		self->count, (long long)self->totals.taken, (long long)self->totals.repeated,
		(long long)self->totals.review);
}

int main(int argc, char **argv)
{
	static const struct daemon_service descriptor = {.name = "intake",
		.summary = "reads what comes back: bounces, answers, absences",
		.start = intake_start,
		.run = intake_run,
		.stop = intake_stop,
		.note = intake_note};
	curl_global_init(CURL_GLOBAL_DEFAULT);
	int code = stdin_mail_asked(argc, argv) ? stdin_mail_main(argc, argv) : daemon_main(&descriptor, argc, argv);
	curl_global_cleanup();
	return code;
}
