/* The one log: a line per event to standard error, `time level program event
 * key=value …`. Event names are fixed words (grep for them); values that come
 * from outside go through log_quote(). Control characters in a line are escaped
 * here whatever the caller does. Never secrets, never message bodies. */
#ifndef VESTNIK_BASE_LOG_H
#define VESTNIK_BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

void log_init(const char *program, enum log_level least);
void log_set_level(enum log_level least);
bool log_enabled(enum log_level level);
/* "debug", "info", "warn", "error"; -1 for anything else. */
int log_level_parse(const char *name, enum log_level *level);

/* errno is preserved. */
__attribute__((format(printf, 3, 4))) void log_event(
	enum log_level level, const char *event, const char *fmt, ...);
#define log_debug(event, ...) log_event(LOG_LEVEL_DEBUG, event, __VA_ARGS__)
#define log_info(event, ...) log_event(LOG_LEVEL_INFO, event, __VA_ARGS__)
#define log_warn(event, ...) log_event(LOG_LEVEL_WARN, event, __VA_ARGS__)
#define log_error(event, ...) log_event(LOG_LEVEL_ERROR, event, __VA_ARGS__)

/* s in double quotes with control characters, quotes and backslashes escaped,
 * cut at 300 bytes. The result stands in one of 8 rotating buffers of this
 * thread: use it in the same call. NULL gives "-". */
const char *log_quote(const char *s);

/* The last line at warn or above, for `vestnik status`; empty when none. */
void log_last_trouble(char *out, unsigned size);

#endif
