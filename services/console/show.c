/* Values as people read them. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "calendar/calendar.h"
#include "console/console.h"
#include "control/moment.h"

json_t *show_text(const char *text)
{
	return text == NULL || text[0] == '\0' ? json_null() : json_string(text);
}

json_t *show_time(const struct visit *visit, int64_t time_ms)
{
	char text[CALENDAR_TEXT_SIZE];
	struct error e;
	if (time_ms == 0 ||
		calendar_format(time_ms, visit->console->settings->zone, lang_get(), CALENDAR_FULL, text, &e) != 0)
		return json_null();
	return json_string(text);
}

json_t *show_moment(const struct visit *visit, int64_t time_ms)
{
	char text[CONTROL_MOMENT_SIZE];
	return time_ms == 0 ? json_null() : json_string(control_moment(visit->console->settings, time_ms, text));
}

/* U+00A0 between thousands: it does not break at the end of a line. */
json_t *show_number(int64_t n)
{
	char digits[32], out[64];
	int len = snprintf(digits, sizeof digits, "%lld", (long long)(n < 0 ? -n : n));
	size_t at = 0;
	if (n < 0)
		at += (size_t)snprintf(out, sizeof out, "−");
	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			at += (size_t)snprintf(out + at, sizeof out - at, "\u00a0");
		out[at++] = digits[i];
	}
	return json_stringn(out, at);
}

json_t *show_ago(int64_t time_ms)
{
	char text[64];
	int64_t s = (clock_now_ms() - time_ms) / 1000;
	if (time_ms == 0)
		return json_null();
	if (s < 60)
		snprintf(text, sizeof text, "%s", tr("just now", "только что"));
	else if (s < 3600)
		snprintf(text, sizeof text, tr("%d min ago", "%d мин назад"), (int)(s / 60));
	else if (s < 86400)
		snprintf(text, sizeof text, tr("%d h ago", "%d ч назад"), (int)(s / 3600));
	else
		snprintf(text, sizeof text, tr("%d d ago", "%d дн. назад"), (int)(s / 86400));
	return json_string(text);
}
