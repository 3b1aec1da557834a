#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define LOG_LINE_MAX 2048
#define QUOTE_MAX 300
#define QUOTE_SLOTS 8

static struct {
	char program[32];
	_Atomic int least;
	pthread_mutex_t lock;
	char last_trouble[512];
} state = {.program = "vestnik", .least = LOG_LEVEL_INFO, .lock = PTHREAD_MUTEX_INITIALIZER};

static const char *const level_names[] = {"debug", "info", "warn", "error"};

void log_init(const char *program, enum log_level least)
{
	snprintf(state.program, sizeof state.program, "%s", program);
	log_set_level(least);
}

void log_set_level(enum log_level least)
{
	atomic_store(&state.least, (int)least);
}

bool log_enabled(enum log_level level)
{
	return (int)level >= atomic_load_explicit(&state.least, memory_order_relaxed);
}

int log_level_parse(const char *name, enum log_level *level)
{
	for (unsigned i = 0; i < sizeof level_names / sizeof level_names[0]; i++)
		if (strcmp(name, level_names[i]) == 0) {
			*level = (enum log_level)i;
			return 0;
		}
	return -1;
}

/* One write(2) a line, so that lines of several threads never mix. */
void log_event(enum log_level level, const char *event, const char *fmt, ...)
{
	if (!log_enabled(level))
		return;
	int saved = errno;
	char line[LOG_LINE_MAX], stamp[CLOCK_RFC3339_SIZE];
	int head = snprintf(line, sizeof line, "%s %-5s %s %s ", clock_rfc3339(clock_now_ms(), stamp),
		level_names[level], state.program, event);
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(line + head, sizeof line - (size_t)head - 1, fmt, ap);
	va_end(ap);
	size_t len = strlen(line);
	(void)n;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	if (level >= LOG_LEVEL_WARN) {
		pthread_mutex_lock(&state.lock);
		snprintf(state.last_trouble, sizeof state.last_trouble, "%.19s %s", stamp,
			line + head - (int)strlen(event) - 1);
		pthread_mutex_unlock(&state.lock);
	}
	line[len++] = '\n';
	if (write(STDERR_FILENO, line, len) < 0) { /* nobody left to tell */
	}
	errno = saved;
}

const char *log_quote(const char *s)
{
	static _Thread_local char slots[QUOTE_SLOTS][QUOTE_MAX * 4 + 8];
	static _Thread_local unsigned next;
	if (s == NULL)
		return "-";
	char *out = slots[next++ % QUOTE_SLOTS], *p = out;
	*p++ = '"';
	for (int i = 0; s[i] != '\0' && i < QUOTE_MAX; i++) {
		unsigned char c = (unsigned char)s[i];
		if (c == '"' || c == '\\') {
			*p++ = '\\';
			*p++ = (char)c;
		} else if (c < 0x20 || c == 0x7f) {
			p += snprintf(p, 5, "\\x%02x", c);
		} else {
			*p++ = (char)c;
		}
	}
	*p++ = '"';
	*p = '\0';
	return out;
}

void log_last_trouble(char *out, unsigned size)
{
	pthread_mutex_lock(&state.lock);
	snprintf(out, size, "%s", state.last_trouble);
	pthread_mutex_unlock(&state.lock);
}
