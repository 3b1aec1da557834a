#include "control/moment.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/lang.h"
#include "calendar/calendar.h"

const char *control_moment(const struct settings *settings, int64_t time_ms, char out[static CONTROL_MOMENT_SIZE])
{
	struct calendar_time t;
	if (time_ms == 0)
		snprintf(out, CONTROL_MOMENT_SIZE, "—");
	else if (calendar_from_ms(time_ms, settings->zone, &t, NULL) != 0)
		return clock_rfc3339(time_ms, out);
	else if (lang_get() == LANG_RU)
		snprintf(out, CONTROL_MOMENT_SIZE, "%02d.%02d.%04d %02d:%02d:%02d", t.day, t.month, t.year, t.hour,
			t.minute, t.second);
	else
		snprintf(out, CONTROL_MOMENT_SIZE, "%04d-%02d-%02d %02d:%02d:%02d", t.year, t.month, t.day, t.hour,
			t.minute, t.second);
	return out;
}
