#include "intake/stdin_mail.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/lang.h"
#include "base/log.h"
#include "calendar/calendar.h"
#include "intake/inbox.h"
#include "intake/mail.h"
#include "store/schema.h"

#define MAILBOX "stdin"

struct options {
	const char *config, *recipient;
};

bool stdin_mail_asked(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--stdin") == 0)
			return true;
	return false;
}

/* What the MTA keeps of it stands in its log. */
static int later(const char *what)
{
	fprintf(stderr, "vestnik-intake: %s\n", what);
	return EX_TEMPFAIL;
}

/* -1: go on. */
static int read_options(int argc, char **argv, struct options *options)
{
	enum { STDIN = 1, CONFIG, RECIPIENT };
	static const struct option known[] = {{"stdin", no_argument, NULL, STDIN},
		{"config", required_argument, NULL, CONFIG}, {"recipient", required_argument, NULL, RECIPIENT},
		{NULL, 0, NULL, 0}};
	for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		if (option == CONFIG)
			options->config = optarg;
		else if (option == RECIPIENT)
			options->recipient = optarg;
		else if (option != STDIN)
			return EX_USAGE;
	}
	if (optind < argc) {
		fprintf(stderr, "vestnik-intake: %s: %s\n", tr("unexpected argument", "лишний аргумент"),
			argv[optind]);
		return EX_USAGE;
	}
	/* Postfix and Exim say it in the environment too (pipe, alias). */
	if (options->recipient == NULL)
		options->recipient = getenv("ORIGINAL_RECIPIENT");
	if (options->recipient == NULL)
		options->recipient = getenv("RECIPIENT");
	return -1;
}

/* 0, EX_DATAERR, EX_TEMPFAIL. */
static int read_mail(struct buf *bytes)
{
	for (;;) {
		char piece[65536];
		ssize_t n = read(STDIN_FILENO, piece, sizeof piece);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return later(strerror(errno));
		if (n == 0)
			break;
		if (buf_append(bytes, piece, (size_t)n) == 0)
			continue;
		fprintf(stderr,
			tr("vestnik-intake: the mail is larger than %u MB\n",
				"vestnik-intake: письмо больше %u МБ\n"),
			MAIL_BYTES_MAX >> 20);
		return EX_DATAERR;
	}
	return bytes->len > 0 ? 0 : later(tr("no mail on standard input", "на входе нет письма"));
}

static struct settings *load(const char *path)
{
	struct problems problems = {0};
	struct settings *settings = settings_load(path, &problems);
	for (size_t i = 0; i < problems.count; i++) {
		char *line = problem_line(&problems.item[i]);
		fprintf(stderr, "%s\n", line);
		free(line);
	}
	problems_fini(&problems);
	return settings;
}

static int take(const struct settings *settings, const struct options *options, const struct buf *bytes,
	struct error *e)
{
	struct ident_key key;
	struct inbox inbox = {.settings = settings, .key = &key};
	struct inbox_result result;
	struct inbox_mail mail = {.mailbox = MAILBOX, .bytes = bytes->data, .len = bytes->len,
		.envelope_recipient = options->recipient, .received_ms = clock_now_ms()};
	int rc = settings_make_folders(settings, e);
	if (rc == 0)
		rc = ident_key_load(settings->key_file, &key, e);
	if (rc == 0)
		rc = db_open(&inbox.db, settings->store_url, e);
	if (rc == 0)
		rc = schema_migrate(inbox.db, e);
	if (rc == 0)
		rc = bus_open(&inbox.bus,
			&(struct bus_config){.url = settings->bus_url, .store_url = settings->store_url,
				.client_id = "intake", .properties = (const char *const *)settings->kafka,
				.keep_ms = settings->bus_keep_ms, .most_bytes = settings->bus_max_bytes},
			e);
	if (rc == 0)
		rc = inbox_take(&inbox, &mail, NULL, &result, e);
	bus_close(&inbox.bus);
	db_close(&inbox.db);
	explicit_bzero(&key, sizeof key);
	return rc;
}

int stdin_mail_main(int argc, char **argv)
{
	struct options options = {0};
	struct error e = {0};
	struct buf bytes;
	const char *clock_file;
	lang_set(lang_of_environment());
	int code = read_options(argc, argv, &options);
	if (code >= 0)
		return code;
	ident_init();
	calendar_init();
	if (clock_use_environment(&clock_file) != 0)
		return later(clock_file);
	mail_init();
	buf_init(&bytes, MAIL_BYTES_MAX);
	code = read_mail(&bytes);
	struct settings *settings = code == 0 ? load(options.config) : NULL;
	if (code == 0 && settings == NULL)
		code = later(tr("the settings are wrong", "ошибка в настройках"));
	if (code == 0) {
		lang_set(settings->lang);
		log_init("intake", LOG_LEVEL_WARN);
		code = take(settings, &options, &bytes, &e) == 0 ? EX_OK : later(e.text);
	}
	buf_fini(&bytes);
	settings_free(&settings);
	mail_shutdown();
	return code;
}
