/* Durations, sizes, rates: numbers with a unit, as people write them. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/gate.h"
#include "base/xalloc.h"
#include "settings/settings_table.h"

struct unit {
	const char *name;
	int64_t factor;
};
static const struct unit durations[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000},
	{"d", 86400000}, {"w", 7 * 86400000LL}, {NULL, 0}};
static const struct unit sizes[] = {{"", 1}, {"B", 1}, {"KB", 1000}, {"kB", 1000}, {"MB", 1000000},
	{"GB", 1000000000}, {"KiB", 1024}, {"MiB", 1024 * 1024}, {"GiB", 1024 * 1024 * 1024},
	{"Б", 1}, {"КБ", 1000}, {"МБ", 1000000}, {"ГБ", 1000000000}, {NULL, 0}};

/* digits, blanks when allowed, a unit of the table. */
static int parse_with_unit(const char *text, const struct unit *units, bool blanks, int64_t *out)
{
	char digits[20];
	long long number = 0;
	size_t n = strspn(text, "0123456789");
	if (n == 0 || n >= sizeof digits)
		return -1;
	memcpy(digits, text, n);
	digits[n] = '\0';
	if (!gate_int64(digits, 0, INT64_MAX, &number))
		return -1;
	text += n;
	while (blanks && *text == ' ')
		text++;
	for (; units->name != NULL; units++)
		if (strcmp(units->name, text) == 0) {
			if (number > INT64_MAX / units->factor)
				return -1;
			*out = number * units->factor;
			return 0;
		}
	return -1;
}

int settings_parse_duration(const char *text, int64_t *ms)
{
	return parse_with_unit(text, durations, false, ms);
}

int settings_parse_bytes(const char *text, int64_t *bytes)
{
	return parse_with_unit(text, sizes, true, bytes);
}

int settings_parse_rate(const char *text, struct settings_rate *rate)
{
	if (strcmp(text, "none") == 0 || strcmp(text, "0") == 0) {
		*rate = (struct settings_rate){0};
		return 0;
	}
	char number[20], per[24];
	long long count = 0;
	const char *slash = strchr(text, '/');
	if (slash == NULL || slash == text || (size_t)(slash - text) >= sizeof number ||
		strlen(slash + 1) + 2 > sizeof per)
		return -1;
	memcpy(number, text, (size_t)(slash - text));
	number[slash - text] = '\0';
	/* "/h" means "/1h". */
	size_t at = 0;
	if (slash[1] < '0' || slash[1] > '9')
		per[at++] = '1';
	memcpy(per + at, slash + 1, strlen(slash + 1) + 1);
	int64_t ms = 0;
	if (!gate_int64(number, 1, 1000000000, &count) || settings_parse_duration(per, &ms) != 0 ||
		ms == 0)
		return -1;
	*rate = (struct settings_rate){.count = count, .per_ms = ms};
	return 0;
}

/* The calendar room stands beside this one and cannot be asked; both read the
 * system's zone database. */
bool settings_zone_known(const char *zone)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";
	struct stat st;
	if (zone[0] == '\0' || zone[0] == '/' || strlen(zone) > 60 ||
		zone[strspn(zone, allowed)] != '\0')
		return false;
	char *path = xasprintf("/usr/share/zoneinfo/%s", zone);
	bool known = stat(path, &st) == 0 && S_ISREG(st.st_mode);
	free(path);
	return known;
}

char *settings_absolute(const char *folder, const char *path)
{
	return path[0] == '/' ? xstrdup(path) : xasprintf("%s/%s", folder, path);
}
