/* `vestnik up` and `down`. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "cli/cli.h"
#include "cli/supervisor.h"
#include "control/run_state.h"
#include "settings/settings.h"

#define DETACH_WAIT_S 60   /* a big backlog to catch up with takes longer; it goes on then */
#define DOWN_GRACE_MS 10000 /* beyond what the services may take */

/* ---- up --------------------------------------------------------------------------- */

struct up {
	struct cli *cli;
	const struct settings *settings;
	char folder[PATH_MAX];   /* of the programs */
	char config[PATH_MAX];   /* "" = none */
	char log_file[PATH_MAX]; /* "" = standard error */
	const char *services[SUPERVISOR_SERVICES_MAX];
	size_t services_count;
	char instance[RUN_INSTANCE_SIZE];
	int lock;
	int report;              /* detached: where the starter waits; -1 */
};

static int own_folder(char out[static PATH_MAX], struct error *e)
{
	ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 1);
	if (n <= 0)
		return error_errno(e, "/proc/self/exe");
	out[n] = '\0';
	char *slash = strrchr(out, '/');
	if (slash != NULL)
		*slash = '\0';
	return 0;
}

static int prepare(struct up *up, struct error *e)
{
	const struct settings *settings = up->settings;
	struct ident_key key;
	char path[PATH_MAX];
	if (own_folder(up->folder, e) != 0)
		return -1;
	up->services_count = supervisor_services(up->folder, up->services);
	if (up->services_count == 0)
		return error_set(e, ERROR_NOT_FOUND,
			tr("no service programs (vestnik-mailer …) in %s",
				"в %s нет программ служб (vestnik-mailer …)"),
			up->folder);
	if (settings->file != NULL && realpath(settings->file, up->config) == NULL)
		return error_errno(e, "%s", settings->file);
	/* made here, once, so that services that start together need not race for it */
	if (settings_make_folders(settings, e) != 0 ||
		ident_key_load(settings->key_file, &key, e) != 0)
		return -1;
	explicit_bzero(&key, sizeof key);
	if (snprintf(path, sizeof path, "%s/log", settings->data_dir) >= (int)sizeof path)
		return error_set(e, ERROR_INPUT, "%.100s…: %s", settings->data_dir,
			strerror(ENAMETOOLONG));
	return settings_make_folder(path, e);
}

/* Found but not whole: a copy without its neighbours does half the work silently. */
static void warn_of_missing(const struct up *up)
{
	static const char *const needed[] = {"planner", "mailer", "ledger", "notifier"};
	for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
		bool found = false;
		for (size_t s = 0; s < up->services_count; s++)
			found = found || strcmp(up->services[s], needed[i]) == 0;
		if (!found)
			cli_warn(up->cli,
				tr("%s/vestnik-%s is missing: that part of the work is not done",
					"нет %s/vestnik-%s: эта часть работы не делается"),
				up->folder, needed[i]);
	}
}

static int lock(struct up *up, struct error *e)
{
	pid_t holder;
	if (run_lock(up->settings->run_dir, &up->lock, &holder, e) == 0)
		return 0;
	if (e->code == ERROR_CONFLICT && holder > 0)
		error_set(e, ERROR_CONFLICT,
			tr("already running: process %ld (vestnik status, vestnik down)",
				"уже запущен: процесс %ld (vestnik status, vestnik down)"),
			(long)holder);
	return -1;
}

static void say_started(struct up *up)
{
	if (cli_json(up->cli)) {
		json_t *names = json_array();
		for (size_t i = 0; i < up->services_count; i++)
			json_array_append_new(names, json_string(up->services[i]));
		cli_print_json(up->cli, json_pack("{s:s, s:i, s:o}", "state", "ready", "pid",
						(int)getpid(), "services", names));
	} else {
		printf(tr("Vestnik is up (process %ld):", "«Вестник» работает (процесс %ld):"),
			(long)getpid());
		for (size_t i = 0; i < up->services_count; i++)
			printf("%s %s", i > 0 ? "," : "", up->services[i]);
		puts(up->report >= 0 ? "" : tr(". Ctrl-C stops it.", ". Остановка: Ctrl-C."));
		if (up->report >= 0)
			printf(tr("Log: %s\nStop: vestnik down\n", "Журнал: %s\nОстановка: vestnik down\n"),
				up->log_file);
	}
	fflush(stdout);
}

/* Detached, standard output is still the starter's until this was said. */
static void started(void *arg, const char *failure)
{
	struct up *up = arg;
	if (failure == NULL)
		say_started(up);
	if (up->report < 0)
		return;
	if (failure != NULL) {
		if (write(up->report, failure, strlen(failure)) < 0) { /* nobody waits */
		}
	} else if (write(up->report, "", 1) < 0) { /* a NUL byte: all is well */
	}
	close(up->report);
	up->report = -1;
	if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		log_warn("stdout", "errno=%d", errno);
}

static int supervise(struct up *up, struct error *e)
{
	const struct supervisor_options options = {.folder = up->folder,
		.config = up->config[0] != '\0' ? up->config : NULL,
		.run_dir = up->settings->run_dir,
		.instance = up->instance,
		.log_file = up->log_file[0] != '\0' ? up->log_file : NULL,
		.drain_ms = up->settings->drain_ms,
		.started = started,
		.arg = up};
	enum log_level level = LOG_LEVEL_INFO;
	if (up->settings->log_level != NULL)
		(void)log_level_parse(up->settings->log_level, &level);
	log_init("vestnik", level);
	if (run_lock_sign(up->lock, e) != 0 || run_instance(up->settings->run_dir, up->instance, e) != 0)
		return -1;
	int rc = supervisor_run(&options, e);
	run_unlock(&up->lock);
	return rc;
}

static int exit_of(const struct error *e)
{
	return e->code == ERROR_INPUT ? CLI_WRONG_USE : CLI_FAILED;
}

/* The background process: no terminal, the log file as standard error. */
static int run_detached(struct up *up, int log_fd)
{
	struct error e = {0};
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (setsid() < 0 || nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 ||
		dup2(log_fd, STDERR_FILENO) < 0) {
		started(up, strerror(errno));
		return CLI_FAILED;
	}
	close(nothing);
	close(log_fd);
	if (supervise(up, &e) == 0)
		return CLI_DONE;
	log_error("up", "error=%s", log_quote(e.text));
	if (up->report >= 0)
		started(up, e.text);
	return exit_of(&e);
}

/* Reads what the background process reports; "" = ready, else the failure. */
static int await_report(struct up *up, int fd)
{
	char text[1024];
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	int n = poll(&ready, 1, DETACH_WAIT_S * 1000);
	if (n == 0) {
		cli_warn(up->cli,
			tr("not everything is ready after %d s; it goes on starting: vestnik status, %s",
				"за %d с готово ещё не всё; запуск продолжается: vestnik status, %s"),
			DETACH_WAIT_S, up->log_file);
		return CLI_FAILED;
	}
	ssize_t len = read(fd, text, sizeof text - 1);
	if (len == 1 && text[0] == '\0')
		return CLI_DONE;
	text[len > 0 ? len : 0] = '\0';
	return cli_failf(up->cli, ERROR_UNAVAILABLE, tr("%s (log: %s)", "%s (журнал: %s)"),
		len > 0 ? text : tr("it ended at once", "завершился сразу"), up->log_file);
}

static int detach(struct up *up)
{
	int pipes[2], log_fd;
	struct error e;
	if (snprintf(up->log_file, sizeof up->log_file, "%s/log/vestnik.log",
		    up->settings->data_dir) >= (int)sizeof up->log_file)
		return cli_failf(up->cli, ERROR_INPUT, "%s", strerror(ENAMETOOLONG));
	log_fd = open(up->log_file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (log_fd < 0 || pipe2(pipes, O_CLOEXEC) != 0) {
		error_errno(&e, "%s", up->log_file);
		return cli_fail(up->cli, &e);
	}
	fflush(stdout);
	pid_t pid = fork();
	if (pid < 0) {
		error_errno(&e, "fork");
		return cli_fail(up->cli, &e);
	}
	if (pid == 0) {
		close(pipes[0]);
		up->report = pipes[1];
		return run_detached(up, log_fd);
	}
	close(pipes[1]);
	close(log_fd);
	close(up->lock); /* the background process holds it on */
	int rc = await_report(up, pipes[0]);
	close(pipes[0]);
	return rc;
}

static int up_run(struct cli *cli, const struct cli_args *args)
{
	struct up up = {.cli = cli, .settings = cli_settings(cli), .lock = -1, .report = -1};
	struct error e = {0};
	if (up.settings == NULL)
		return CLI_WRONG_USE; /* as the services say it: 2 is for settings, too */
	if (prepare(&up, &e) != 0 || lock(&up, &e) != 0)
		return cli_fail(cli, &e);
	warn_of_missing(&up);
	if (cli_has(args, "detach"))
		return detach(&up);
	if (supervise(&up, &e) != 0) {
		cli_fail(cli, &e);
		return exit_of(&e);
	}
	return CLI_DONE;
}

/* ---- down -------------------------------------------------------------------------- */

static int await_end(struct cli *cli, int process, pid_t pid, int patience_ms)
{
	struct pollfd ended = {.fd = process, .events = POLLIN};
	int n;
	while ((n = poll(&ended, 1, patience_ms)) < 0 && errno == EINTR)
		continue;
	if (n == 1)
		return CLI_DONE;
	return cli_failf(cli, ERROR_UNAVAILABLE,
		tr("process %ld is still stopping (vestnik status shows what it waits for)",
			"процесс %ld ещё останавливается (vestnik status покажет, чего ждёт)"),
		(long)pid);
}

static int down_run(struct cli *cli, const struct cli_args *args)
{
	const struct settings *settings = cli_settings(cli);
	struct error e;
	(void)args;
	if (settings == NULL)
		return CLI_FAILED;
	pid_t pid = run_holder(settings->run_dir);
	/* a descriptor of the process: its number cannot become another's before the signal */
	int process = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	if (pid <= 0 || process < 0 || run_holder(settings->run_dir) != pid) {
		if (cli_json(cli))
			cli_print_json(cli, json_pack("{s:s}", "state", "not-running"));
		else
			puts(tr("not running", "не запущен"));
		if (process >= 0)
			close(process);
		return CLI_DONE;
	}
	if (syscall(SYS_pidfd_send_signal, process, SIGTERM, NULL, 0) != 0) {
		error_errno(&e, tr("process %ld", "процесс %ld"), (long)pid);
		close(process);
		return cli_fail(cli, &e);
	}
	const char *names[SUPERVISOR_SERVICES_MAX];
	char folder[PATH_MAX];
	size_t services = own_folder(folder, &e) == 0 ? supervisor_services(folder, names) : 4;
	int rc = await_end(
		cli, process, pid, (int)services * (settings->drain_ms + 5000) + DOWN_GRACE_MS);
	close(process);
	if (rc == CLI_DONE && cli_json(cli))
		cli_print_json(cli, json_pack("{s:s, s:i}", "state", "stopped", "pid", (int)pid));
	else if (rc == CLI_DONE)
		puts(tr("stopped", "остановлен"));
	return rc;
}

static const struct cli_option up_options[] = {
	{"detach", 'd', NULL, NULL, "goes to the background once everything is ready",
		"уходит в фон, когда всё готово"},
	{0}};

const struct command up_commands[] = {
	{"up", "starts every service and keeps it running", "запускает все службы и следит за ними",
		"Starts every service there is, restarts what dies, and stops them in\n"
		"order on Ctrl-C, SIGTERM or `vestnik down`, each with time to finish what it has\n"
		"in hand. With --detach the log is <data_dir>/log/vestnik.log; SIGHUP reopens it.\n"
		"Exit code 2: settings are wrong.",
		"Запускает все службы, что есть, перезапускает упавшие и останавливает\n"
		"по порядку по Ctrl-C, SIGTERM или `vestnik down`, давая каждой закончить начатое.\n"
		"С --detach журнал — <data_dir>/log/vestnik.log; SIGHUP открывает его заново.\n"
		"Код выхода 2: ошибка в настройках.",
		NULL, up_options, up_run},
	{"down", "stops what `up` started, in order", "останавливает запущенное `up`, по порядку",
		NULL, NULL, NULL, NULL, down_run},
	{0}};
