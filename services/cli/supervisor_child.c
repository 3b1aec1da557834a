#include "cli/supervisor_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"

/* Holds 20 ms of log at 10,000 letters a second (about 200 bytes each) with room. */
#define PIPE_BYTES (256 * 1024)
#define COPY_BYTES (64 * 1024)

static const char *const state_names[] = {
	[CHILD_STARTING] = "starting",
	[CHILD_READY] = "ready",
	[CHILD_STOPPING] = "stopping",
	[CHILD_STOPPED] = "stopped",
	[CHILD_PAUSED] = "paused",
	[CHILD_GIVEN_UP] = "given-up",
};

const char *child_state_name(enum child_state state)
{
	return state_names[state];
}

void child_set_state(struct child *child, enum child_state state)
{
	child->state = state;
	child->since_ms = clock_mono_ms();
	switch (state) {
	case CHILD_PAUSED:
		log_warn("service_died", "service=%s last=%s next_ms=%d restarts=%lld", child->name,
			log_quote(child->last_exit), child->pause_ms, (long long)child->restarts);
		break;
	case CHILD_GIVEN_UP:
		log_error("service_given_up", "service=%s last=%s said=%s", child->name,
			log_quote(child->last_exit), log_quote(child->last_line));
		break;
	default:
		log_info("service", "service=%s state=%s pid=%ld", child->name,
			child_state_name(state), (long)child->pid);
	}
}

/* ---- start ----------------------------------------------------------------------- */

/* Between fork and exec: only what is safe after a fork. */
static _Noreturn void become_service(const struct child_start *start, int output, int nothing,
	char *const argv[], char *const envp[])
{
	sigset_t none;
	/* a dead supervisor must not leave services that nobody stops */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != start->parent)
		_exit(127);
	setpgid(0, 0); /* Ctrl-C is for the supervisor, which stops them in order */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(nothing, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
		dup2(output, STDERR_FILENO) < 0)
		_exit(127);
	execve(start->program, argv, envp);
	static const char text[] = "cannot be executed\n";
	if (write(STDERR_FILENO, text, sizeof text - 1) < 0) { /* the exit code tells */
	}
	_exit(127);
}

static bool is_variable(const char *text, const char *variable)
{
	size_t len = strcspn(variable, "=") + 1;
	return strncmp(text, variable, len) == 0;
}

/* environ with these two ("NAME=value") replaced; the array is allocated, the strings are not. */
static char **environment(char *notify, char *instance)
{
	size_t count = 0, kept = 0;
	while (environ[count] != NULL)
		count++;
	char **out = xcalloc(count + 3, sizeof *out);
	for (size_t i = 0; i < count; i++)
		if (!is_variable(environ[i], notify) && !is_variable(environ[i], instance))
			out[kept++] = environ[i];
	out[kept++] = notify;
	out[kept] = instance;
	return out;
}

int child_start(struct child *child, const struct child_start *start, struct error *e)
{
	int pipes[2] = {-1, -1}, nothing = -1, rc = -1;
	char notify[160], instance[160], *program = xstrdup(start->program);
	char *config = xstrdup(start->config);
	char option[] = "--config";
	char *argv[4] = {program, option, config, NULL};
	if (config == NULL)
		argv[1] = NULL;
	snprintf(notify, sizeof notify, "NOTIFY_SOCKET=%s", start->notify);
	snprintf(instance, sizeof instance, "VESTNIK_INSTANCE=%s", start->instance);
	char **envp = environment(notify, instance);
	if (pipe2(pipes, O_CLOEXEC) != 0 ||
		(nothing = open("/dev/null", O_RDONLY | O_CLOEXEC)) < 0) {
		error_errno(e, "%s", child->name);
		goto out;
	}
	(void)fcntl(pipes[1], F_SETPIPE_SZ, PIPE_BYTES); /* the default 64 KiB does, too */
	(void)fcntl(pipes[0], F_SETFL, O_NONBLOCK);
	pid_t pid = fork();
	if (pid < 0) {
		error_errno(e, "%s", child->name);
		goto out;
	}
	if (pid == 0)
		become_service(start, pipes[1], nothing, argv, envp);
	child->pid = pid;
	child->output = pipes[0];
	pipes[0] = -1;
	child->line_len = 0;
	child->killed = false;
	child->started_ms = clock_mono_ms();
	child_set_state(child, CHILD_STARTING);
	rc = 0;
out:
	if (pipes[0] >= 0)
		close(pipes[0]);
	if (pipes[1] >= 0)
		close(pipes[1]);
	if (nothing >= 0)
		close(nothing);
	free(envp);
	free(program);
	free(config);
	return rc;
}

/* ---- output ---------------------------------------------------------------------- */

/* "2026-11-21T…": our own log's line already names its program. */
static bool is_log_line(const char *line, size_t len)
{
	return len > 20 && line[4] == '-' && line[7] == '-' && line[10] == 'T' && line[0] == '2';
}

/* Lines of one read go out in one write: at full speed that is some 200 lines. */
static char pending[COPY_BYTES + CHILD_LINE_MAX];
static size_t pending_len;

static void flush_pending(void)
{
	if (pending_len > 0 && write(STDERR_FILENO, pending, pending_len) < 0) {
		/* nobody left to tell */
	}
	pending_len = 0;
}

static void emit(struct child *child, char *line, size_t len)
{
	bool log_line = is_log_line(line, len);
	line[len] = '\0';
	/* "stopped code=1" comes last and says nothing: why stands in the line before it. */
	if (!log_line || strstr(line, " stopped code=") == NULL)
		snprintf(child->last_line, sizeof child->last_line, "%s", line);
	if (!log_line) {
		flush_pending();
		log_warn("service_output", "service=%s text=%s", child->name, log_quote(line));
		return;
	}
	if (pending_len + len + 1 > sizeof pending)
		flush_pending();
	memcpy(pending + pending_len, line, len);
	pending_len += len;
	pending[pending_len++] = '\n';
}

static void take_lines(struct child *child, char *data, size_t len)
{
	while (len > 0) {
		char *end = memchr(data, '\n', len);
		size_t part = end != NULL ? (size_t)(end - data) : len;
		size_t room = sizeof child->line - 1 - child->line_len;
		if (part > room)
			part = room;
		memcpy(child->line + child->line_len, data, part);
		child->line_len += part;
		data += part;
		len -= part;
		bool complete = len > 0 && *data == '\n';
		if (complete) {
			data++;
			len--;
		}
		if (complete || child->line_len == sizeof child->line - 1) {
			if (child->line_len > 0)
				emit(child, child->line, child->line_len);
			child->line_len = 0;
		}
	}
}

bool child_copy_output(struct child *child)
{
	static char data[COPY_BYTES];
	for (;;) {
		ssize_t n = read(child->output, data, sizeof data);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0; /* nothing more for now, or never */
		take_lines(child, data, (size_t)n);
		flush_pending();
	}
}

void child_ended(struct child *child, int status)
{
	if (WIFSIGNALED(status))
		snprintf(child->last_exit, sizeof child->last_exit, "signal %d", WTERMSIG(status));
	else
		snprintf(child->last_exit, sizeof child->last_exit, "code %d", WEXITSTATUS(status));
	if (child->output >= 0) {
		(void)child_copy_output(child);
		if (child->line_len > 0)
			emit(child, child->line, child->line_len);
		flush_pending();
		child->line_len = 0;
		close(child->output);
		child->output = -1;
	}
	child->pid = 0;
}
