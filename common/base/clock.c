#include "base/clock.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct {
	int64_t (*wall_ms)(void *arg);
	int64_t (*mono_us)(void *arg);
	void *arg;
} source;

void clock_set_source(int64_t (*wall_ms)(void *arg), int64_t (*mono_us)(void *arg), void *arg)
{
	source.wall_ms = wall_ms;
	source.mono_us = mono_us;
	source.arg = arg;
}

/* Mapped, never unmapped: other processes change it. */
static const _Atomic int64_t *offset_ms;

int clock_use_file(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	void *map = MAP_FAILED;
	if (fstat(fd, &st) == 0 && st.st_size >= (off_t)sizeof *offset_ms)
		map = mmap(NULL, sizeof *offset_ms, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return -1;
	offset_ms = map;
	return 0;
}

int clock_use_environment(const char **path)
{
	*path = getenv("VESTNIK_CLOCK");
	return *path == NULL || (*path)[0] == '\0' ? 0 : clock_use_file(*path);
}

int64_t clock_now_ms(void)
{
	if (source.wall_ms != NULL)
		return source.wall_ms(source.arg);
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	int64_t offset = offset_ms == NULL ? 0 : atomic_load_explicit(offset_ms, memory_order_relaxed);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000 + offset;
}

int64_t clock_mono_us(void)
{
	if (source.mono_us != NULL)
		return source.mono_us(source.arg);
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

const char *clock_rfc3339(int64_t time_ms, char out[static CLOCK_RFC3339_SIZE])
{
	int64_t seconds = time_ms / 1000, ms = time_ms % 1000;
	if (ms < 0) {
		ms += 1000;
		seconds--;
	}
	time_t t = (time_t)seconds;
	struct tm tm;
	if (gmtime_r(&t, &tm) == NULL || tm.tm_year > 8099) {
		snprintf(out, CLOCK_RFC3339_SIZE, "9999-12-31T23:59:59.999Z");
		return out;
	}
	size_t n = strftime(out, CLOCK_RFC3339_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + n, CLOCK_RFC3339_SIZE - n, ".%03dZ", (int)ms);
	return out;
}

/* sscanf alone takes signs and blanks for digits. */
static bool shaped(const char *text, const char *shape)
{
	for (; *shape != '\0'; shape++, text++)
		if (*shape == '0'       ? *text < '0' || *text > '9'
			: *shape == 'T' ? *text == '\0' /* any character */
					: *text != *shape)
			return false;
	return true;
}

int clock_parse_rfc3339(const char *text, int64_t *time_ms)
{
	int y, mo, d, h, mi, s, used = 0;
	if (!shaped(text, "0000-00-00T00:00:00"))
		return -1;
	if (sscanf(text, "%4d-%2d-%2d%*1[Tt ]%2d:%2d:%2d%n", &y, &mo, &d, &h, &mi, &s, &used) != 6 ||
		used == 0 || strlen(text) > 40)
		return -1;
	if (mo < 1 || mo > 12 || d < 1 || d > 31 || h > 23 || mi > 59 || s > 60)
		return -1;
	struct tm tm = {.tm_year = y - 1900, .tm_mon = mo - 1, .tm_mday = d, .tm_hour = h,
		.tm_min = mi, .tm_sec = s};
	time_t t = timegm(&tm);
	if (tm.tm_mday != d) /* 31 April became 1 May */
		return -1;
	const char *p = text + used;
	int ms = 0;
	if (*p == '.') {
		int scale = 100;
		for (p++; *p >= '0' && *p <= '9'; p++, scale /= 10)
			ms += (*p - '0') * scale;
	}
	int offset_minutes = 0;
	if (*p == 'Z' || *p == 'z') {
		p++;
	} else {
		char sign;
		int oh, om;
		if (!shaped(p, "T00:00"))
			return -1;
		if (sscanf(p, "%c%2d:%2d%n", &sign, &oh, &om, &used) != 3 || oh > 23 || om > 59)
			return -1;
		if (sign != '+' && sign != '-')
			return -1;
		offset_minutes = (oh * 60 + om) * (sign == '-' ? -1 : 1);
		p += used;
	}
	if (*p != '\0')
		return -1;
	*time_ms = ((int64_t)t - offset_minutes * 60) * 1000 + ms;
	return 0;
}
