#include "cli/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/lang.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "cli/supervisor_child.h"
#include "control/run_state.h"

#define PAUSE_FIRST_MS 100        /* a single crash should cost next to nothing */
#define PAUSE_MOST_MS 30000       /* a service that cannot live must not eat the machine */
#define HEALTHY_AFTER_MS 10000    /* alive this long: the next crash is a first one again */
#define START_ATTEMPTS_MOST 5     /* deaths before it was ever ready; some 3 s */
#define STOP_GRACE_MS 5000        /* beyond the drain time: closing files, flushing */
#define COPY_PAUSE_MS 20          /* output is copied at most 50 times a second, not per line */

struct supervisor {
	const struct supervisor_options *options;
	struct child child[SUPERVISOR_SERVICES_MAX];
	size_t count;
	sigset_t old_mask;
	int signals, notify;
	char notify_name[sizeof((struct sockaddr_un *)0)->sun_path + 1];
	int64_t started_ms; /* monotonic */
	int64_t copy_after_ms;  /* monotonic: pipes are left alone until then */
	bool announced;         /* started() was called */
	bool stopping, hurry;   /* hurry: asked twice, all at once */
	bool changed;           /* services.json is old */
	struct error failure;   /* a start that failed for good */
};

static const char *const known_services[] = {
	"planner", "mailer", "ledger", "notifier", "intake", "portal", "console"};

static int program_path(char out[static PATH_MAX], const char *folder, const char *service)
{
	return snprintf(out, PATH_MAX, "%s/vestnik-%s", folder, service) < PATH_MAX ? 0 : -1;
}

size_t supervisor_services(const char *folder, const char *names[static SUPERVISOR_SERVICES_MAX])
{
	size_t count = 0;
	for (size_t i = 0; i < sizeof known_services / sizeof known_services[0]; i++) {
		char path[PATH_MAX];
		if (program_path(path, folder, known_services[i]) == 0 && access(path, X_OK) == 0)
			names[count++] = known_services[i];
	}
	return count;
}

/* ---- what `status` reads ----------------------------------------------------------- */

/* Moments are monotonic: the wall clock may be set right, or far, while services run. */

static json_t *child_json(const struct child *c)
{
	json_t *object = json_pack("{s:s, s:s, s:I, s:I}", "service", c->name, "state",
		child_state_name(c->state), "since_mono_ms", (json_int_t)c->since_ms, "restarts",
		(json_int_t)c->restarts);
	if (c->pid > 0)
		json_object_set_new(object, "pid", json_integer(c->pid));
	if (c->last_exit[0] != '\0')
		json_object_set_new(object, "last_exit", json_string(c->last_exit));
	if (c->last_exit[0] != '\0' && c->last_line[0] != '\0')
		json_object_set_new(object, "last_line", json_string(log_quote(c->last_line)));
	if (c->state == CHILD_PAUSED)
		json_object_set_new(object, "next_mono_ms", json_integer(c->due_ms));
	return object;
}

static void write_state(struct supervisor *s)
{
	struct error e;
	json_t *services = json_array();
	for (size_t i = 0; i < s->count; i++)
		json_array_append_new(services, child_json(&s->child[i]));
	json_t *state = json_pack("{s:i, s:I, s:s, s:o}", "pid", (int)getpid(), "started_mono_ms",
		(json_int_t)s->started_ms, "state",
		s->stopping ? "stopping" : (s->announced ? "running" : "starting"), "services",
		services);
	if (run_state_write(s->options->run_dir, state, &e) != 0)
		log_warn("status_not_written", "error=%s", log_quote(e.text));
	json_decref(state);
	s->changed = false;
}

static void set_state(struct supervisor *s, struct child *c, enum child_state state)
{
	child_set_state(c, state);
	s->changed = true;
}

/* ---- start, death, restart ------------------------------------------------------------ */

static void begin_stop(struct supervisor *s)
{
	if (s->stopping) {
		s->hurry = true;
		log_warn("stopping_at_once", "asked again");
		return;
	}
	s->stopping = true;
	s->changed = true;
	for (size_t i = 0; i < s->count; i++)
		if (s->child[i].state == CHILD_PAUSED)
			child_set_state(&s->child[i], CHILD_STOPPED);
	log_info("stopping", "services=%zu", s->count);
}

static void fail_start(struct supervisor *s, const struct child *c, enum error_code code)
{
	if (s->announced || s->failure.code != ERROR_NONE)
		return;
	error_set(&s->failure, code, tr("%s does not start (%s)%s%s", "%s не запускается (%s)%s%s"),
		c->name, c->last_exit, c->last_line[0] != '\0' ? ": " : "", c->last_line);
	begin_stop(s);
}

static void pause_child(struct supervisor *s, struct child *c)
{
	int64_t now = clock_mono_ms();
	if (c->pause_ms == 0 || now - c->started_ms >= HEALTHY_AFTER_MS)
		c->pause_ms = PAUSE_FIRST_MS;
	else if (c->pause_ms < PAUSE_MOST_MS)
		c->pause_ms = c->pause_ms * 2 < PAUSE_MOST_MS ? c->pause_ms * 2 : PAUSE_MOST_MS;
	c->due_ms = now + c->pause_ms;
	set_state(s, c, CHILD_PAUSED);
}

static void child_died(struct supervisor *s, struct child *c, int status)
{
	bool stopping = c->state == CHILD_STOPPING;
	child_ended(c, status);
	if (stopping || s->stopping) {
		set_state(s, c, CHILD_STOPPED);
		return;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 2) {
		set_state(s, c, CHILD_GIVEN_UP); /* its settings: trying again changes nothing */
		fail_start(s, c, ERROR_INPUT);
		return;
	}
	pause_child(s, c);
	if (!c->was_ready && c->restarts + 1 >= START_ATTEMPTS_MOST)
		fail_start(s, c, ERROR_UNAVAILABLE);
}

static void start_child(struct supervisor *s, struct child *c)
{
	char program[PATH_MAX];
	struct error e;
	if (program_path(program, s->options->folder, c->name) != 0)
		return;
	const struct child_start start = {
		program, s->options->config, s->notify_name, s->options->instance, getpid()};
	s->changed = true;
	if (child_start(c, &start, &e) != 0) {
		log_error("service_not_started", "service=%s error=%s", c->name, log_quote(e.text));
		pause_child(s, c);
	}
}

static void start_due(struct supervisor *s)
{
	int64_t now = clock_mono_ms();
	for (size_t i = 0; i < s->count && !s->stopping; i++) {
		struct child *c = &s->child[i];
		if (c->state == CHILD_PAUSED && c->due_ms <= now) {
			c->restarts++;
			start_child(s, c);
		}
	}
}

static void reap(struct supervisor *s)
{
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < s->count; i++)
			if (s->child[i].pid == pid)
				child_died(s, &s->child[i], status);
}

/* ---- stop -------------------------------------------------------------------------- */

static void ask_to_stop(struct supervisor *s, struct child *c)
{
	kill(c->pid, SIGTERM);
	c->due_ms = clock_mono_ms() + s->options->drain_ms + STOP_GRACE_MS;
	set_state(s, c, CHILD_STOPPING);
}

/* One after the other: what the mailer still publishes, the ledger still records. */
static void go_on_stopping(struct supervisor *s)
{
	for (size_t i = 0; i < s->count; i++) {
		struct child *c = &s->child[i];
		if (c->pid == 0)
			continue;
		if (c->state != CHILD_STOPPING)
			ask_to_stop(s, c);
		else if (!c->killed && clock_mono_ms() >= c->due_ms) {
			log_error("service_killed", "service=%s did not stop in %d ms", c->name,
				s->options->drain_ms + STOP_GRACE_MS);
			kill(c->pid, SIGKILL);
			c->killed = true;
		}
		if (!s->hurry)
			return;
	}
}

static bool all_gone(const struct supervisor *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->child[i].pid != 0)
			return false;
	return true;
}

/* ---- what happens ---------------------------------------------------------------------- */

static void reopen_log(struct supervisor *s)
{
	int fd = open(s->options->log_file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || dup2(fd, STDERR_FILENO) < 0)
		log_error("log_not_reopened", "file=%s errno=%d", log_quote(s->options->log_file), errno);
	else
		log_info("log_reopened", "file=%s", log_quote(s->options->log_file));
	if (fd >= 0)
		close(fd);
}

static void take_signals(struct supervisor *s)
{
	struct signalfd_siginfo info;
	while (read(s->signals, &info, sizeof info) == (ssize_t)sizeof info) {
		if (info.ssi_signo == SIGCHLD)
			continue; /* the loop reaps */
		if (info.ssi_signo == SIGHUP && s->options->log_file != NULL)
			reopen_log(s);
		else
			begin_stop(s);
	}
}

static void announce(struct supervisor *s)
{
	if (s->announced || s->stopping)
		return;
	for (size_t i = 0; i < s->count; i++)
		if (s->child[i].state != CHILD_READY)
			return;
	s->announced = true;
	write_state(s); /* first: whoever hears of it may ask `status` at once */
	if (s->options->started != NULL)
		s->options->started(s->options->arg, NULL);
}

static void notified(struct supervisor *s, pid_t pid, const char *text)
{
	const char *ready = strstr(text, "READY=1");
	if (ready == NULL || (ready != text && ready[-1] != '\n'))
		return;
	for (size_t i = 0; i < s->count; i++) {
		struct child *c = &s->child[i];
		if (c->pid != pid || c->state != CHILD_STARTING)
			continue;
		c->was_ready = true;
		set_state(s, c, CHILD_READY);
	}
}

/* The kernel tells who sent it: any local process may write to the socket. */
static void take_notices(struct supervisor *s)
{
	char text[1024];
	union {
		char space[CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr align;
	} control;
	for (;;) {
		struct iovec part = {text, sizeof text - 1};
		struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1,
			.msg_control = control.space, .msg_controllen = sizeof control.space};
		ssize_t n = recvmsg(s->notify, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		if (n < 0)
			return;
		text[n] = '\0';
		const struct cmsghdr *head = CMSG_FIRSTHDR(&message);
		if (head == NULL || head->cmsg_level != SOL_SOCKET ||
			head->cmsg_type != SCM_CREDENTIALS)
			continue;
		struct ucred who;
		memcpy(&who, CMSG_DATA(head), sizeof who);
		notified(s, who.pid, text);
	}
}

static int patience_ms(const struct supervisor *s, bool pipes_rest)
{
	int64_t now = clock_mono_ms(), until = pipes_rest ? s->copy_after_ms : INT64_MAX;
	for (size_t i = 0; i < s->count; i++) {
		const struct child *c = &s->child[i];
		bool timed = (c->state == CHILD_PAUSED && !s->stopping) ||
			(c->state == CHILD_STOPPING && !c->killed);
		if (timed && c->due_ms < until)
			until = c->due_ms;
	}
	if (until == INT64_MAX)
		return -1;
	return until <= now ? 0 : (int)(until - now);
}

static void wait_and_take(struct supervisor *s)
{
	struct pollfd fds[2 + SUPERVISOR_SERVICES_MAX] = {
		{.fd = s->signals, .events = POLLIN}, {.fd = s->notify, .events = POLLIN}};
	bool rest = clock_mono_ms() < s->copy_after_ms, copied = false;
	for (size_t i = 0; i < s->count; i++)
		fds[2 + i] = (struct pollfd){
			.fd = rest ? -1 : s->child[i].output, .events = POLLIN};
	if (poll(fds, 2 + s->count, patience_ms(s, rest)) < 0)
		return;
	if (fds[0].revents != 0)
		take_signals(s);
	if (fds[1].revents != 0)
		take_notices(s);
	for (size_t i = 0; i < s->count; i++) {
		struct child *c = &s->child[i];
		if (fds[2 + i].revents == 0 || c->output < 0)
			continue;
		copied = true;
		if (!child_copy_output(c)) {
			close(c->output);
			c->output = -1;
		}
	}
	if (copied)
		s->copy_after_ms = clock_mono_ms() + COPY_PAUSE_MS;
}

/* ---- the whole ------------------------------------------------------------------------ */

/* The kernel chooses an abstract name: no path that could be too long or left behind. */
static int open_notify(struct supervisor *s, struct error *e)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t len = sizeof(sa_family_t);
	int yes = 1;
	s->notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->notify < 0 || bind(s->notify, (struct sockaddr *)&address, len) != 0 ||
		setsockopt(s->notify, SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes) != 0)
		return error_errno(e, "NOTIFY_SOCKET");
	len = sizeof address;
	if (getsockname(s->notify, (struct sockaddr *)&address, &len) != 0)
		return error_errno(e, "NOTIFY_SOCKET");
	size_t name = len - sizeof(sa_family_t);
	snprintf(s->notify_name, sizeof s->notify_name, "@%.*s", (int)name - 1,
		address.sun_path + 1);
	return 0;
}

static int open_signals(struct supervisor *s, struct error *e)
{
	sigset_t mask;
	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGHUP);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	signal(SIGPIPE, SIG_IGN); /* a reader of our log that goes away must not end us */
	s->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->signals >= 0 ? 0 : error_errno(e, "signalfd");
}

int supervisor_run(const struct supervisor_options *options, struct error *e)
{
	struct supervisor *s = xcalloc(1, sizeof *s);
	const char *names[SUPERVISOR_SERVICES_MAX];
	int rc = -1;
	s->options = options;
	sigprocmask(SIG_BLOCK, NULL, &s->old_mask);
	s->signals = s->notify = -1;
	s->started_ms = clock_mono_ms();
	s->count = supervisor_services(options->folder, names);
	if (open_signals(s, e) != 0 || open_notify(s, e) != 0)
		goto out;
	for (size_t i = 0; i < s->count; i++) {
		s->child[i] = (struct child){.name = names[i], .output = -1};
		start_child(s, &s->child[i]);
	}
	for (;;) {
		reap(s);
		start_due(s);
		if (s->stopping && all_gone(s))
			break;
		if (s->stopping)
			go_on_stopping(s);
		announce(s);
		if (s->changed)
			write_state(s);
		wait_and_take(s);
	}
	write_state(s);
	log_info("stopped", "services=%zu", s->count);
	if (s->failure.code == ERROR_NONE)
		rc = 0;
	else if (e != NULL)
		*e = s->failure;
	if (!s->announced && options->started != NULL)
		options->started(options->arg, rc == 0 ? tr("stopped", "остановлен") : s->failure.text);
out:
	if (s->signals >= 0)
		close(s->signals);
	if (s->notify >= 0)
		close(s->notify);
	sigprocmask(SIG_SETMASK, &s->old_mask, NULL);
	free(s);
	return rc;
}
