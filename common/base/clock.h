/* Time, injected: tests replace the source, nobody else calls time(2).
 * Stored and carried times are int64_t milliseconds since 1970 UTC, names end
 * in _ms. TIME_NEVER_MS stands for "no limit". */
#ifndef VESTNIK_BASE_CLOCK_H
#define VESTNIK_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define TIME_NEVER_MS INT64_MAX

/* Wall clock. */
int64_t clock_now_ms(void);
/* For measuring spans; never goes back, and is the same in all processes of a machine until it is started anew.
 * Microseconds. */
int64_t clock_mono_us(void);
static inline int64_t clock_mono_ms(void)
{
	return clock_mono_us() / 1000;
}

/* What the wall clock would have shown then had it always been as it is set now, and had the machine not slept since. */
static inline int64_t clock_wall_ms(int64_t mono_ms)
{
	return clock_now_ms() - (clock_mono_ms() - mono_ms);
}

/* Replaces both sources (tests, simulation); NULL brings back the real ones.
 * Set before threads start. */
void clock_set_source(int64_t (*wall_ms)(void *arg), int64_t (*mono_us)(void *arg), void *arg);

/* Rehearsals and tests: the file's 8 bytes (int64_t, this machine's order) are added, in ms, to the
 * wall clock, whenever they change, in every process that called this. Monotonic time is left alone:
 * spans stay real. -1: it cannot be read. Before threads start. */
int clock_use_file(const char *path);
/* The file $VESTNIK_CLOCK names, if any. 0, or -1 with the name in *path. */
int clock_use_environment(const char **path);

/* RFC 3339 in UTC with milliseconds, "2023-05-30T15:00:00.000Z". */
#define CLOCK_RFC3339_SIZE 32
const char *clock_rfc3339(int64_t time_ms, char out[static CLOCK_RFC3339_SIZE]);
/* Understands RFC 3339 with Z or an offset; -1 when it is something else. */
int clock_parse_rfc3339(const char *text, int64_t *time_ms);

#endif
