/* The skeleton's order: options, settings, log, key, store, bus, signals,
 * start, ready, run, stop, close. */
#include "daemon/daemon.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "base/clock.h"
#include "base/lang.h"
#include "base/log.h"
#include "base/place.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "daemon/status_row.h"
#include "store/again.h"
#include "store/maintenance.h"
#include "store/schema.h"

#define EXIT_WRONG_USE 2
#define INSTANCE_MAX_BYTES 100 /* Kafka takes 249, and the driver adds to it */
#define STORE_RETRY_MS 1000
/* A start that waits for others may take so many times that pause longer, each time anew. */
#define WAIT_NOTICES 20
#define TRIM_EVERY_MS 1000
/* After trouble that may pass (store locked, full, gone), doubling. */
#define STEP_PAUSE_LEAST_MS 100
#define STEP_PAUSE_MOST_MS 5000

struct daemon {
	const struct daemon_service *service;
	struct settings *settings;
	struct ident_key key;
	struct bus *bus;
	struct maintenance *maintenance;
	struct status_row *status;
	const char *name; /* of this process on the bus; NULL = none */
	char instance[160], row[160]; /* row: of service_instance */
	char host[64];
};

/* Signal handlers know no arguments: these two are the process's. Lock-free, so a handler may write it
 * and every thread read it. */
static atomic_int stop_asked;
_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "a signal handler writes stop_asked");
static int stop_fd = -1;

static void on_stop_signal(int number)
{
	int saved = errno;
	(void)number;
	stop_asked = 1;
	uint64_t one = 1;
	if (write(stop_fd, &one, sizeof one) < 0) { /* the counter is full: stopping anyway */
	}
	errno = saved;
}

static int install_signals(struct error *e)
{
	stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (stop_fd < 0)
		return error_errno(e, "eventfd");
	struct sigaction stop = {.sa_handler = on_stop_signal, .sa_flags = SA_RESTART};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGHUP, &ignore, NULL);
	return 0;
}

/* ---- what services ask -------------------------------------------------------- */

const struct settings *daemon_settings(const struct daemon *daemon)
{
	return daemon->settings;
}

const struct ident_key *daemon_key(const struct daemon *daemon)
{
	return &daemon->key;
}

struct bus *daemon_bus(struct daemon *daemon)
{
	return daemon->bus;
}

int daemon_open_store(struct daemon *daemon, struct db **out, struct error *e)
{
	return db_open(out, daemon->settings->store_url, e);
}

const char *daemon_instance(const struct daemon *daemon)
{
	return daemon->instance;
}

const char *daemon_worker(const struct daemon *daemon)
{
	return daemon->name != NULL ? daemon->name : daemon->host;
}

bool daemon_stopping(const struct daemon *daemon)
{
	(void)daemon;
	return stop_asked != 0;
}

int daemon_stop_fd(const struct daemon *daemon)
{
	(void)daemon;
	return stop_fd;
}

void daemon_wait(const struct daemon *daemon, int ms)
{
	struct pollfd wait = {.fd = daemon_stop_fd(daemon), .events = POLLIN};
	int64_t until = clock_mono_ms() + ms;
	for (int64_t left = ms; left > 0 && !daemon_stopping(daemon); left = until - clock_mono_ms())
		if (poll(&wait, 1, (int)left) > 0)
			return;
}

int daemon_run_steps(struct daemon *daemon, int (*step)(void *arg, int wait_ms, struct error *e), void *arg,
	int wait_ms, struct error *e)
{
	int pause_ms = 0;
	struct again again = {0};
	daemon_ready(daemon);
	while (!daemon_stopping(daemon)) {
		if (step(arg, wait_ms, e) >= 0) {
			if (pause_ms > 0)
				daemon_set_trouble(daemon, NULL);
			pause_ms = 0;
			again = (struct again){0};
			continue;
		}
		if (again_after_conflict(&again, e))
			continue;
		if (!e->retriable)
			return -1;
		if (pause_ms == 0)
			log_warn("waits", "reason=%s", log_quote(e->text));
		daemon_set_trouble(daemon, e->text);
		pause_ms = pause_ms == 0 ? STEP_PAUSE_LEAST_MS : pause_ms * 2;
		if (pause_ms > STEP_PAUSE_MOST_MS)
			pause_ms = STEP_PAUSE_MOST_MS;
		daemon_wait(daemon, pause_ms);
	}
	return 0;
}

void daemon_ready(struct daemon *daemon)
{
	status_row_set_state(daemon->status, "ready");
	sd_notify(0, "READY=1\nSTATUS=");
	log_info("ready", "pid=%ld", (long)getpid());
}

void daemon_set_trouble(struct daemon *daemon, const char *text)
{
	status_row_set_trouble(daemon->status, text);
}

int daemon_count_alike(struct daemon *daemon, struct db *db, int *count, struct error *e)
{
	*count = 1;
	if (strncmp(daemon->settings->bus_url, "embedded", 8) == 0)
		return 0;
	return status_row_count(db, daemon->service->name, count, e);
}

/* ---- coming up ------------------------------------------------------------------- */

struct options {
	const char *config, *instance;
	bool check;
};

static void print_help(const struct daemon_service *service)
{
	printf(tr("vestnik-%s: %s\n\n"
		  "  --config FILE      settings (default: $VESTNIK_CONFIG, ./vestnik.yaml,\n"
		  "                     /etc/vestnik/vestnik.yaml, built-in)\n"
		  "  --instance NAME    name of this process, the only such one of its service and the\n"
		  "                     same after a restart: its share of the work waits for it\n"
		  "                     (Kafka; default: $VESTNIK_INSTANCE)\n"
		  "  --check            check the settings and exit: 0 good, 2 not\n"
		  "  --log-level LEVEL  debug, info, warn, error\n"
		  "  --version, --help\n",
		       "vestnik-%s: %s\n\n"
		       "  --config ФАЙЛ      настройки (по умолчанию: $VESTNIK_CONFIG, ./vestnik.yaml,\n"
		       "                     /etc/vestnik/vestnik.yaml, встроенные)\n"
		       "  --instance ИМЯ     имя этого процесса, единственное среди таких же служб и прежнее\n"
		       "                     после перезапуска: его доля работы ждёт его\n"
		       "                     (Kafka; по умолчанию $VESTNIK_INSTANCE)\n"
		       "  --check            проверить настройки и выйти: 0 – верны, 2 – нет\n"
		       "  --log-level УРОВЕНЬ  debug, info, warn, error\n"
		       "  --version, --help\n"),
		service->name, service->summary);
}

/* -1: go on; otherwise the exit code. */
static int read_options(const struct daemon_service *service, int argc, char **argv,
	struct options *options, const char **log_level)
{
	enum { CONFIG = 1, INSTANCE, CHECK, LOG_LEVEL, VERSION, HELP };
	static const struct option known[] = {{"config", required_argument, NULL, CONFIG},
		{"instance", required_argument, NULL, INSTANCE}, {"check", no_argument, NULL, CHECK}, {"log-level", required_argument, NULL, LOG_LEVEL},
		{"version", no_argument, NULL, VERSION}, {"help", no_argument, NULL, HELP},
		{NULL, 0, NULL, 0}};
	for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		switch (option) {
		case CONFIG:
			options->config = optarg;
			break;
		case INSTANCE:
			options->instance = optarg;
			break;
		case CHECK:
			options->check = true;
			break;
		case LOG_LEVEL:
			*log_level = optarg;
			break;
		case VERSION:
			printf("vestnik-%s %s\n", service->name, VESTNIK_VERSION);
			return 0;
		case HELP:
			print_help(service);
			return 0;
		default:
			return EXIT_WRONG_USE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "vestnik-%s: %s: %s\n", service->name,
			tr("unexpected argument", "лишний аргумент"), argv[optind]);
		return EXIT_WRONG_USE;
	}
	return -1;
}

/* -1: it cannot be a name on the bus. */
static int take_instance(struct daemon *daemon, const char *given)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	const char *name = given != NULL ? given : getenv("VESTNIK_INSTANCE");
	if (name == NULL || (given == NULL && name[0] == '\0'))
		return 0;
	if (name[0] == '\0' || strlen(name) > INSTANCE_MAX_BYTES || name[strspn(name, letters)] != '\0') {
		fprintf(stderr, "vestnik-%s: --instance: %s\n", daemon->service->name,
			tr("a name: letters, digits, «.», «_», «-», at most 100",
				"имя: латинские буквы, цифры, «.», «_», «-», не больше 100"));
		return -1;
	}
	daemon->name = name;
	return 0;
}

static int load_settings(struct daemon *daemon, const char *path)
{
	struct problems problems = {0};
	daemon->settings = settings_load(path, &problems);
	for (size_t i = 0; i < problems.count; i++) {
		char *line = problem_line(&problems.item[i]);
		fprintf(stderr, "%s\n", line);
		free(line);
	}
	problems_fini(&problems);
	return daemon->settings == NULL ? -1 : 0;
}

/* Says once what is waited for; systemd is told to have patience each time. */
static void wait_for_others(struct daemon *daemon, bool *said, const struct error *e)
{
	if (!*said)
		log_warn("waits", "reason=%s", log_quote(e->text));
	*said = true;
	if (daemon->status != NULL)
		daemon_set_trouble(daemon, e->text);
	(void)sd_notifyf(0, "STATUS=waiting: %s\nEXTEND_TIMEOUT_USEC=%d", e->text,
		STORE_RETRY_MS * 1000 * WAIT_NOTICES);
	daemon_wait(daemon, STORE_RETRY_MS);
}

/* The store may come later than the service (a database that starts, a disk
 * that is mounted): wait for it, say so once. */
static int open_store_and_bus(struct daemon *daemon, struct error *e)
{
	bool said = false;
	while (!daemon_stopping(daemon)) {
		struct db *db = NULL;
		int rc = db_open(&db, daemon->settings->store_url, e);
		if (rc == 0)
			rc = schema_migrate(db, e);
		db_close(&db);
		if (rc == 0) {
			struct bus_config config = {.url = daemon->settings->bus_url,
				.store_url = daemon->settings->store_url,
				.client_id = daemon->service->name,
				.instance = daemon->name,
				.properties = (const char *const *)daemon->settings->kafka,
				.keep_ms = daemon->settings->bus_keep_ms,
				.most_bytes = daemon->settings->bus_max_bytes};
			rc = bus_open(&daemon->bus, &config, e);
		}
		if (rc == 0)
			return 0;
		if (!e->retriable)
			return -1;
		wait_for_others(daemon, &said, e);
	}
	return error_set(e, ERROR_UNAVAILABLE, "stopped before the store could be opened");
}

static int open_all(struct daemon *daemon, struct error *e)
{
	if (settings_make_folders(daemon->settings, e) != 0 ||
		ident_key_load(daemon->settings->key_file, &daemon->key, e) != 0 ||
		open_store_and_bus(daemon, e) != 0)
		return -1;
	struct maintenance_chore trim = {.name = "bus_trim", .every_ms = TRIM_EVERY_MS, .run = bus_trim,
		.arg = daemon->bus};
	return maintenance_start(&daemon->maintenance, daemon->settings->store_url, &trim, 1, e);
}

static int serve(struct daemon *daemon, struct error *e)
{
	const struct daemon_service *service = daemon->service;
	void *state = NULL;
	bool said = false;
	int rc;
	while ((rc = service->start(daemon, &state, e)) != 0 && e->retriable && !daemon_stopping(daemon)) {
		if (state != NULL)
			service->stop(daemon, state);
		state = NULL;
		wait_for_others(daemon, &said, e);
	}
	if (said && rc == 0)
		daemon_set_trouble(daemon, NULL);
	if (rc == 0) {
		status_row_set_note(daemon->status, service->note, state);
		rc = service->run(daemon, state, e);
	}
	sd_notify(0, "STOPPING=1");
	status_row_set_state(daemon->status, "draining");
	status_row_set_note(daemon->status, NULL, NULL);
	if (state != NULL)
		service->stop(daemon, state);
	return rc;
}

/* Every commit of another process empties SQLite's page cache here, and glibc gives the freed pages
 * back to the kernel to fetch them again a moment later: half of the ledger's CPU. What is kept
 * instead is some MB. */
static void keep_freed_memory(void)
{
	mallopt(M_TRIM_THRESHOLD, 16 * 1024 * 1024);
	mallopt(M_TOP_PAD, 1024 * 1024);
	mallopt(M_MMAP_THRESHOLD, 4 * 1024 * 1024);
}

/* In containers host and pid are often the same: place and chance tell the processes apart. The
 * row of a named process is the same after its restart. */
static void name_process(struct daemon *daemon)
{
	char place[PLACE_SIZE];
	unsigned chance;
	snprintf(daemon->host, sizeof daemon->host, "localhost");
	gethostname(daemon->host, sizeof daemon->host - 1);
	ident_random(&chance, sizeof chance);
	place_here(place);
	snprintf(daemon->instance, sizeof daemon->instance, "%s@%s:%ld/%s-%08x", daemon->service->name, daemon->host,
		(long)getpid(), place, chance);
	if (daemon->name == NULL)
		memcpy(daemon->row, daemon->instance, sizeof daemon->row);
	else
		snprintf(daemon->row, sizeof daemon->row, "%s@%s/%s", daemon->service->name, daemon->name, place);
}

int daemon_main(const struct daemon_service *service, int argc, char **argv)
{
	struct daemon daemon = {.service = service};
	struct options options = {0};
	struct error e = {0};
	const char *log_level = NULL, *clock_file;
	enum log_level level = LOG_LEVEL_INFO;

	keep_freed_memory();
	lang_set(lang_of_environment());
	int code = read_options(service, argc, argv, &options, &log_level);
	if (code >= 0)
		return code;
	ident_init();
	calendar_init();
	if (take_instance(&daemon, options.instance) != 0)
		return EXIT_WRONG_USE;
	if (clock_use_environment(&clock_file) != 0) {
		fprintf(stderr, tr("vestnik-%s: VESTNIK_CLOCK: cannot read %s\n",
			"vestnik-%s: VESTNIK_CLOCK: не удалось прочитать %s\n"), service->name, clock_file);
		return EXIT_WRONG_USE;
	}
	if (load_settings(&daemon, options.config) != 0)
		return EXIT_WRONG_USE;
	lang_set(daemon.settings->lang);
	if (log_level_parse(log_level != NULL ? log_level : daemon.settings->log_level, &level) != 0) {
		fprintf(stderr, "vestnik-%s: --log-level: debug, info, warn, error\n", service->name);
		settings_free(&daemon.settings);
		return EXIT_WRONG_USE;
	}
	if (options.check) {
		settings_free(&daemon.settings);
		return 0;
	}
	log_init(service->name, level);
	name_process(&daemon);
	if (clock_file != NULL)
		log_info("rehearsal_clock", "file=%s", log_quote(clock_file));

	int rc = install_signals(&e);
	if (rc == 0)
		rc = open_all(&daemon, &e);
	if (rc == 0) {
		daemon.status = status_row_start(daemon.row, service->name, daemon.settings->store_url);
		rc = serve(&daemon, &e);
	}
	if (rc != 0 && !daemon_stopping(&daemon))
		log_error("failed", "error=%s", log_quote(e.text));
	status_row_stop(&daemon.status);
	maintenance_stop(&daemon.maintenance);
	bus_close(&daemon.bus);
	log_info("stopped", "code=%d", rc != 0 && !daemon_stopping(&daemon));
	settings_free(&daemon.settings);
	return rc != 0 && !daemon_stopping(&daemon) ? 1 : 0;
}
