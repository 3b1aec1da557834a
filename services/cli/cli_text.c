/* Words and numbers for people on a terminal. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

#include "base/clock.h"
#include "calendar/calendar.h"
#include "cli/cli.h"
#include "control/delivery.h"
#include "settings/settings.h"

#define SLOTS 8
#define SLOT_SIZE 2048

static char *slot(void)
{
	static char slots[SLOTS][SLOT_SIZE];
	static unsigned next;
	return slots[next++ % SLOTS];
}

const char *cli_clean(const char *text)
{
	char *out = slot(), *p = out;
	mbstate_t state = {0};
	size_t left = strlen(text);
	while (left > 0 && p - out < SLOT_SIZE - 8) {
		wchar_t c;
		size_t n = mbrtowc(&c, text, left, &state);
		if (n == (size_t)-1 || n == (size_t)-2 || n == 0) {
			*p++ = '?';
			n = 1;
			state = (mbstate_t){0};
		} else if (iswcntrl((wint_t)c) || (c >= 0x202a && c <= 0x202e) ||
			(c >= 0x2066 && c <= 0x2069)) {
			*p++ = '?'; /* escapes, C1 and the marks that turn a line around */
		} else {
			memcpy(p, text, n);
			p += n;
		}
		text += n;
		left -= n;
	}
	*p = '\0';
	return out;
}

size_t cli_width(const char *text)
{
	size_t width = 0, left = strlen(text);
	mbstate_t state = {0};
	while (left > 0) {
		wchar_t c;
		size_t n = mbrtowc(&c, text, left, &state);
		if (n == (size_t)-1 || n == (size_t)-2 || n == 0) {
			state = (mbstate_t){0};
			n = 1;
			width++;
		} else {
			int w = wcwidth(c);
			width += w > 0 ? (size_t)w : 0;
		}
		text += n;
		left -= n;
	}
	return width;
}

size_t cli_terminal_width(void)
{
	struct winsize size;
	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
		return 0;
	return size.ws_col;
}

const char *cli_thousands(int64_t n)
{
	char digits[24], *out = slot(), *p = out;
	int len = snprintf(digits, sizeof digits, "%lld", (long long)n);
	for (int i = 0; i < len; i++) {
		int left = len - i;
		if (i > 0 && left % 3 == 0 && digits[i - 1] != '-' && len > 4) {
			memcpy(p, "\xc2\xa0", 2); /* no-break space; 4-digit numbers stay whole */
			p += 2;
		}
		*p++ = digits[i];
	}
	*p = '\0';
	return out;
}

const char *cli_count(int64_t n, const struct cli_noun *noun)
{
	char *out = slot();
	snprintf(out, SLOT_SIZE, "%s\xc2\xa0%s", cli_thousands(n),
		calendar_plural(n, lang_get(), tr(noun->en_one, noun->ru_one),
			tr(noun->en_many, noun->ru_few), noun->ru_many));
	return out;
}

const char *cli_span(int64_t ms)
{
	static const struct {
		int64_t ms;
		const char *en, *ru;
	} units[] = {{86400000, "d", "д"}, {3600000, "h", "ч"}, {60000, "min", "мин"},
		{1000, "s", "с"}};
	char *out = slot();
	if (ms < 0)
		ms = 0;
	for (size_t i = 0; i < 4; i++) {
		if (ms < units[i].ms && i < 3)
			continue;
		int n = snprintf(out, SLOT_SIZE, "%lld\xc2\xa0%s", (long long)(ms / units[i].ms),
			tr(units[i].en, units[i].ru));
		if (i < 3 && (ms % units[i].ms) / units[i + 1].ms > 0)
			snprintf(out + n, (size_t)(SLOT_SIZE - n), " %lld\xc2\xa0%s",
				(long long)((ms % units[i].ms) / units[i + 1].ms),
				tr(units[i + 1].en, units[i + 1].ru));
		break;
	}
	return out;
}

const char *cli_size(int64_t bytes)
{
	static const char *const en[] = {"B", "KB", "MB", "GB", "TB"};
	static const char *const ru[] = {"Б", "КБ", "МБ", "ГБ", "ТБ"};
	char *out = slot();
	double size = (double)bytes;
	size_t unit = 0;
	while (size >= 1000 && unit < 4) {
		size /= 1024;
		unit++;
	}
	snprintf(out, SLOT_SIZE, "%.*f\xc2\xa0%s", unit > 0 && size < 100 ? 1 : 0, size,
		lang_get() == LANG_RU ? ru[unit] : en[unit]);
	return out;
}

const char *cli_delivery_state(int state)
{
	return delivery_state_word(state);
}

const char *cli_rfc3339(int64_t time_ms)
{
	return time_ms == 0 ? NULL : clock_rfc3339(time_ms, slot());
}

static const char *zone_of(struct cli *cli)
{
	return cli->settings != NULL ? cli->settings->zone : "UTC";
}

int cli_parse_moment(struct cli *cli, const char *text, int64_t *time_ms)
{
	struct calendar_time local;
	bool has_time;
	int64_t span_ms;
	if (settings_parse_duration(text, &span_ms) == 0) {
		*time_ms = clock_now_ms() - span_ms;
		return 0;
	}
	if (clock_parse_rfc3339(text, time_ms) == 0)
		return 0;
	if (calendar_parse(text, &local, &has_time, NULL) != 0)
		return -1;
	return calendar_to_ms(&local, zone_of(cli), time_ms, NULL);
}

const char *cli_time(struct cli *cli, int64_t time_ms)
{
	struct calendar_time local;
	if (time_ms == 0)
		return "—";
	if (calendar_from_ms(time_ms, zone_of(cli), &local, NULL) != 0)
		return cli_rfc3339(time_ms);
	char *out = slot();
	if (lang_get() == LANG_RU)
		snprintf(out, SLOT_SIZE, "%02d.%02d.%04d %02d:%02d:%02d", local.day, local.month,
			local.year, local.hour, local.minute, local.second);
	else
		snprintf(out, SLOT_SIZE, "%04d-%02d-%02d %02d:%02d:%02d", local.year, local.month,
			local.day, local.hour, local.minute, local.second);
	return out;
}
