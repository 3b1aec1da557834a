/* `vestnik log`: what happened to letters, by time; -f goes on with what comes.
 *
 * The past is read from history in pieces, each a short read transaction, and
 * filtered here: a filter that matches little must not keep one open for a
 * second. What comes is read from the status topic, where it stands in order
 * whatever the ledger's backlog is. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "bus/bus.h"
#include "cli/log_line.h"
#include "control/delivery_log.h"
#include "message/status.h"
#include "settings/settings.h"

#define PIECE_MESSAGES 2000   /* of a partition, at once */
#define LIMIT_STANDARD 50     /* about a screen */
#define LIMIT_MOST 100000     /* kept in memory when counted from the end */
#define FOLLOW_GATHER_MS 100  /* after a change: let more come, read once */
#define FOLLOW_BLIND_MS 500   /* where changes cannot be watched: Kafka */
#define FOLLOW_WATCHED_MS 15000

struct filter {
	struct delivery_log_filter log; /* from_ms 0 = from the end, `limit` of them */
	int64_t limit;                  /* 0 = all */
};

/* ---- the past ---------------------------------------------------------------------- */

struct lines {
	struct delivery_line **item;
	size_t count;
};

static void lines_add(struct lines *lines, const struct delivery_line *line)
{
	if ((lines->count & (lines->count - 1)) == 0)
		lines->item = xrealloc(
			lines->item, lines->count == 0 ? 1 : lines->count * 2, sizeof *lines->item);
	lines->item[lines->count++] = delivery_line_keep(line);
}

static void lines_fini(struct lines *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		free(lines->item[i]);
	free(lines->item);
	*lines = (struct lines){0};
}

static void show(struct cli *cli, const struct delivery_line *line)
{
	if (cli_json(cli))
		cli_print_json(cli, log_line_json(line));
	else
		log_line_print(cli, line);
}

struct past {
	struct cli *cli;
	struct lines *lines;
	bool print;
};

static int take_line(void *arg, const struct delivery_line *line)
{
	struct past *past = arg;
	lines_add(past->lines, line);
	if (past->print)
		show(past->cli, line);
	return 0;
}

/* The last `limit` wanted lines, oldest first. */
static int print_last(struct cli *cli, struct db *db, const struct filter *filter, struct lines *recent,
	struct error *e)
{
	struct past past = {.lines = recent};
	struct delivery_log_position at = delivery_log_end();
	struct delivery_log_look look = {0};
	while (!look.end && (int64_t)recent->count < filter->limit)
		if (delivery_log_read(db, &filter->log, LOG_OLDER, &at, filter->limit - (int64_t)recent->count,
			    DELIVERY_LOG_LOOK, &look, take_line, &past, e) != 0)
			return -1;
	for (size_t i = recent->count; i-- > 0;)
		show(cli, recent->item[i]);
	return 0;
}

/* Everything since, printed piece by piece; only the newest are kept in `recent`. */
static int print_since(struct cli *cli, struct db *db, const struct filter *filter, struct lines *recent,
	struct error *e)
{
	struct past past = {.cli = cli, .lines = recent, .print = true};
	struct delivery_log_position at = delivery_log_before(filter->log.from_ms);
	struct delivery_log_look look = {0};
	int64_t left = filter->limit == 0 ? INT64_MAX : filter->limit;
	while (!look.end && left > 0) {
		lines_fini(recent);
		if (delivery_log_read(db, &filter->log, LOG_NEWER, &at, left, DELIVERY_LOG_LOOK, &look, take_line, &past,
			    e) != 0)
			return -1;
		left -= look.given;
	}
	return 0;
}

static int print_past(
	struct cli *cli, struct db *db, const struct filter *filter, struct lines *recent)
{
	struct error e;
	int rc = filter->log.from_ms > 0 ? print_since(cli, db, filter, recent, &e)
					 : print_last(cli, db, filter, recent, &e);
	fflush(stdout);
	return rc == 0 ? CLI_DONE : cli_fail(cli, &e);
}

/* ---- what comes -------------------------------------------------------------------- */

struct follow {
	struct cli *cli;
	struct db *db;
	const struct filter *filter;
	const struct lines *shown; /* of the past: these may come again */
	int64_t past_until_ms;     /* nothing later can be among them */
	int64_t next[BUS_PARTITIONS_MAX]; /* offsets */
	int partitions;
	int signals;               /* SIGINT and SIGTERM are read here */
	struct lines coming; /* of this look, not shown yet */
	struct error e;
	bool failed;
};

static bool shown_before(const struct follow *f, const struct delivery_status *s)
{
	if (s->time_ms > f->past_until_ms)
		return false;
	for (size_t i = f->shown->count; i-- > 0;) {
		const struct delivery_line *line = f->shown->item[i];
		if (line->key == s->key && line->dispatch == s->dispatch &&
			line->state == (int64_t)s->state)
			return true;
	}
	return false;
}

static void add_whose(void *arg, const struct delivery_line *whose)
{
	*(struct delivery_line **)arg = delivery_line_keep(whose);
}

static int take_status(void *arg, const struct bus_message *message)
{
	struct follow *f = arg;
	struct delivery_status s;
	struct delivery_line *whose = NULL;
	f->next[message->partition] = message->offset + 1;
	if (message->type == NULL ||
		status_read(message->type, message->time_ms, message->data, message->len, &s, NULL) != 0 ||
		shown_before(f, &s))
		return 0;
	struct delivery_line line = {.key = s.key,
		.dispatch = s.dispatch,
		.state = (int64_t)s.state,
		.time_ms = s.time_ms,
		.code = s.code,
		.campaign = s.campaign,
		.enhanced = s.enhanced,
		.reason = s.reason,
		.relay = s.relay};
	f->failed = delivery_log_whose(f->db, &line, 1, add_whose, &whose, &f->e) != 0;
	if (whose != NULL) {
		line.address = whose->address;
		line.slug = whose->slug;
	}
	if (!f->failed && delivery_log_wants(&f->filter->log, &line))
		lines_add(&f->coming, &line);
	free(whose);
	return f->failed ? 1 : 0;
}

/* Partitions are read one after the other; people read by time. */
static int by_time(const void *a, const void *b)
{
	const struct delivery_line *x = *(struct delivery_line *const *)a, *y = *(struct delivery_line *const *)b;
	return x->time_ms != y->time_ms ? (x->time_ms < y->time_ms ? -1 : 1)
	       : x->key != y->key	? (x->key < y->key ? -1 : 1)
					: 0;
}

/* What has come since the last look: up to a piece of each partition. How much, or -1. */
static int look(struct follow *f, struct bus *bus)
{
	int64_t end[BUS_PARTITIONS_MAX];
	int partitions = bus_ends(bus, BUS_STATUS, end, &f->e), read = 0, n = partitions < 0 ? -1 : 0;
	for (int p = f->partitions; p < partitions; p++)
		f->next[p] = 0; /* a new one: all of it is */
	f->partitions = partitions > f->partitions ? partitions : f->partitions;
	for (int p = 0; p < partitions && n >= 0 && !f->failed; p++) {
		if (end[p] <= f->next[p])
			continue;
		n = bus_browse(bus, BUS_STATUS, p, f->next[p], PIECE_MESSAGES, take_status, f, &f->e);
		read += n > 0 ? n : 0;
	}
	if (partitions > 1 && f->coming.count > 1)
		qsort(f->coming.item, f->coming.count, sizeof *f->coming.item, by_time);
	for (size_t i = 0; i < f->coming.count; i++)
		show(f->cli, f->coming.item[i]);
	lines_fini(&f->coming);
	return n < 0 ? -1 : read;
}

/* A descriptor that becomes readable when the file of an embedded bus changes; -1. */
static int watch_store(struct cli *cli, const struct db *db)
{
	char path[PATH_MAX];
	const char *file = db_file(db);
	if (file == NULL || strcmp(cli_settings(cli)->bus_url, "embedded") != 0 ||
		snprintf(path, sizeof path, "%s-wal", file) >= (int)sizeof path)
		return -1;
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (fd >= 0 && inotify_add_watch(fd, path, IN_MODIFY) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* false: asked to stop, or nobody reads us. */
static bool await_change(int watch, int signals)
{
	struct pollfd fds[3] = {{.fd = signals, .events = POLLIN},
		{.fd = STDOUT_FILENO, .events = 0}, {.fd = watch, .events = POLLIN}};
	int n = poll(fds, watch >= 0 ? 3 : 2, watch >= 0 ? FOLLOW_WATCHED_MS : FOLLOW_BLIND_MS);
	if (n < 0)
		return errno == EINTR;
	if (fds[0].revents != 0 || (fds[1].revents & (POLLERR | POLLHUP)) != 0)
		return false;
	if (watch >= 0 && fds[2].revents != 0) {
		char events[4096];
		fds[2].revents = 0;
		n = poll(fds, 1, FOLLOW_GATHER_MS);
		while (read(watch, events, sizeof events) > 0)
			continue;
		return n == 0;
	}
	return true;
}

static int follow(struct follow *f, struct bus *bus)
{
	int signals = f->signals, watch = watch_store(f->cli, f->db), n;
	do {
		do {
			n = look(f, bus);
		} while (n >= PIECE_MESSAGES && !f->failed);
		fflush(stdout);
		if (n < 0 && f->e.retriable)
			n = 0; /* locked for a moment: with the next change */
	} while (n >= 0 && !f->failed && await_change(watch, signals));
	if (watch >= 0)
		close(watch);
	return n < 0 || f->failed ? cli_fail(f->cli, &f->e) : CLI_DONE;
}

/* Before the bus starts threads of its own: the signal would end the process through one. */
static int take_signals(void)
{
	sigset_t mask;
	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	return signalfd(-1, &mask, SFD_CLOEXEC);
}

/* ---- the command --------------------------------------------------------------------- */

static int read_filter(
	struct cli *cli, const struct cli_args *args, struct db *db, struct filter *filter)
{
	static char address[GATE_ADDRESS_MAX + 1];
	struct error e;
	enum delivery_state state;
	const char *slug = cli_value(args, "campaign"), *since = cli_value(args, "since");
	*filter = (struct filter){.log = {.state = -1, .address = cli_value(args, "address")}};
	if (since != NULL && cli_parse_moment(cli, since, &filter->log.from_ms) != 0)
		return cli_wrong_use(cli,
			tr("--since: «%s» is no moment; right are 2h, 2023-05-30, \"2023-05-30 18:00\"",
				"--since: «%s» — не момент; правильно: 2h, 2023-05-30, «2023-05-30 18:00»"),
			cli_clean(since));
	if (cli_number(cli, args, "limit", 1, LIMIT_MOST, since != NULL ? 0 : LIMIT_STANDARD,
		    &filter->limit) != 0)
		return CLI_WRONG_USE;
	if (cli_value(args, "state") != NULL &&
		delivery_state_parse(cli_value(args, "state"), &state) == 0)
		filter->log.state = (int)state;
	if (filter->log.address != NULL) {
		if (gate_address(filter->log.address, address, &e) != 0)
			return cli_wrong_use(cli, "--address: %s", e.text);
		filter->log.address = address;
	}
	if (slug == NULL)
		return CLI_DONE;
	enum db_step step = db_query_int(
		db, &filter->log.campaign, &e, "SELECT id FROM campaign WHERE slug = $1", "s", slug);
	if (step == DB_FAILED)
		return cli_fail(cli, &e);
	if (step == DB_DONE)
		return cli_failf(cli, ERROR_NOT_FOUND,
			tr("there is no campaign «%s»", "рассылки «%s» нет"), cli_clean(slug));
	return CLI_DONE;
}

static int log_run(struct cli *cli, const struct cli_args *args)
{
	struct db *db = cli_open_store(cli);
	struct bus *bus = NULL;
	struct filter filter;
	struct lines recent = {0};
	struct follow f = {.cli = cli, .db = db, .filter = &filter, .shown = &recent, .signals = -1};
	if (db == NULL)
		return CLI_FAILED;
	int rc = read_filter(cli, args, db, &filter);
	if (rc != CLI_DONE)
		return rc;
	bool goes_on = cli_has(args, "follow");
	if (goes_on) {
		f.signals = take_signals();
		bus = cli_open_bus(cli);
		if (bus == NULL)
			return CLI_FAILED;
		/* before the past is read: what happens in between comes twice, not never */
		f.partitions = bus_ends(bus, BUS_STATUS, f.next, &f.e);
		if (f.partitions < 0)
			return cli_fail(cli, &f.e);
	}
	rc = print_past(cli, db, &filter, &recent);
	if (rc == CLI_DONE && goes_on) {
		f.past_until_ms = clock_now_ms();
		rc = follow(&f, bus);
	}
	lines_fini(&recent);
	if (f.signals >= 0)
		close(f.signals);
	return rc;
}

#define STATES                                                                                     \
	"waiting|sending|uncertain|deferred|returned|accepted|delivered|bounced|failed|expired|"   \
	"cancelled|suppressed"

static const struct cli_option log_options[] = {
	{"follow", 'f', NULL, NULL, "goes on with what happens", "показывает дальше, по мере событий"},
	{"campaign", 0, "CAMPAIGN", NULL, "only this campaign", "только эта рассылка"},
	{"state", 0, "STATE", STATES, "only this state", "только это состояние"},
	{"address", 0, "ADDRESS", NULL, "only letters to this address", "только письма на этот адрес"},
	{"since", 0, "MOMENT", NULL, "from then on: 2h (ago), 2023-05-30, \"2023-05-30 18:00\"",
		"начиная с: 2h (назад), 2023-05-30, «2023-05-30 18:00»"},
	{"limit", 'n', "N", NULL, "at most so many (50 without --since)",
		"не больше стольких (50, если нет --since)"},
	{0}};

const struct command log_commands[] = {
	{"log", "shows what happened to letters", "показывает, что происходило с письмами",
		"A line: time, delivery.dispatch, state, address, campaign, the relay's reply.",
		"Строка: время, письмо.попытка, состояние, адрес, рассылка, ответ почтового сервера.", NULL,
		log_options, log_run},
	{0}};
