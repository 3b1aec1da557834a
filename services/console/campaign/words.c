/* What several pages of this part say the same way. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "calendar/day.h"
#include "console/campaign/part.h"

#define WORDS_MAX_BYTES 100 /* of a search */
#define FILE_NAME_MAX_BYTES 200

/* ---- searching -------------------------------------------------------------------------- */

static char *pattern_of(const char *words)
{
	struct buf out;
	buf_init(&out, WORDS_MAX_BYTES * 4);
	(void)buf_puts(&out, "%");
	for (const char *at = words; *at != '\0'; at++) {
		if (*at == '%' || *at == '_' || *at == '\\')
			(void)buf_puts(&out, "\\");
		(void)buf_append(&out, at, 1);
	}
	(void)buf_puts(&out, "%");
	return buf_take(&out);
}

/* The first letter with its other case: А–я without ё stand 32 apart, as A–z do. */
static void turn_first(char *words)
{
	unsigned char *at = (unsigned char *)words;
	unsigned point = at[0] < 0x80 ? at[0] : at[0] == 0xd0 || at[0] == 0xd1 ? ((at[0] & 0x1fu) << 6) | (at[1] & 0x3fu) : 0;
	bool upper = (point >= 'A' && point <= 'Z') || (point >= 0x410 && point <= 0x42f);
	bool lower = (point >= 'a' && point <= 'z') || (point >= 0x430 && point <= 0x44f);
	unsigned other = upper ? point + 32 : lower ? point - 32 : point;
	if (other == point)
		return;
	if (other < 0x80) {
		at[0] = (unsigned char)other;
	} else {
		at[0] = (unsigned char)(0xc0 | other >> 6);
		at[1] = (unsigned char)(0x80 | (other & 0x3f));
	}
}

void search_patterns(const char *words, char **pattern, char **other)
{
	char *clean = gate_clean_line(words, WORDS_MAX_BYTES);
	*pattern = clean[0] == '\0' ? xstrdup("") : pattern_of(clean);
	turn_first(clean);
	*other = clean[0] == '\0' ? xstrdup("") : pattern_of(clean);
	free(clean);
}

/* ---- deadlines ---------------------------------------------------------------------------- */

static int days_apart(const struct calendar_time *from, const struct calendar_time *to)
{
	return (int)(day_of(to->year, to->month, to->day) - day_of(from->year, from->month, from->day));
}

json_t *show_deadline_day(const struct visit *visit, int64_t time_ms)
{
	const char *zone = visit->console->settings->zone;
	struct calendar_time now, then;
	char day[CALENDAR_TEXT_SIZE];
	struct error e;
	if (time_ms == 0 || calendar_from_ms(clock_now_ms(), zone, &now, &e) != 0 || calendar_from_ms(time_ms, zone, &then, &e) != 0)
		return json_null();
	int apart = days_apart(&now, &then);
	if (apart == 0)
		return json_sprintf(tr("today at %02d:%02d", "сегодня в %02d:%02d"), then.hour, then.minute);
	if (apart == 1)
		return json_sprintf(tr("tomorrow at %02d:%02d", "завтра в %02d:%02d"), then.hour, then.minute);
	if (apart == -1)
		return json_sprintf(tr("yesterday at %02d:%02d", "вчера в %02d:%02d"), then.hour, then.minute);
	enum calendar_format format = now.year == then.year ? CALENDAR_DAY : CALENDAR_LONG;
	if (calendar_format(time_ms, zone, lang_get(), format, day, &e) != 0)
		return json_null();
	return json_sprintf("%s, %02d:%02d", day, then.hour, then.minute);
}

/* ---- files --------------------------------------------------------------------------------- */

json_t *show_bytes(int64_t bytes)
{
	if (bytes < 1000)
		return json_sprintf(tr("%d B", "%d Б"), (int)bytes);
	if (bytes < 1000000)
		return json_sprintf(tr("%d kB", "%d КБ"), (int)(bytes / 1000));
	return json_sprintf(lang_get() == LANG_RU ? "%d,%d МБ" : "%d.%d MB", (int)(bytes / 1000000), (int)(bytes / 100000 % 10));
}

void send_blob(struct visit *visit, const char *sql, int64_t first, int64_t second, const char *third)
{
	struct db_stmt *stmt;
	struct error e = {0};
	int rc = third == NULL ? db_query(visit->db, &stmt, &e, sql, "ii", first, second)
			       : db_query(visit->db, &stmt, &e, sql, "iis", first, second, third);
	enum db_step step = rc != 0 ? DB_FAILED : db_step(stmt, &e);
	if (step == DB_FAILED) {
		web_reply_error(visit->request, &e);
	} else if (step == DB_DONE) {
		console_not_found(visit, tr("This file is not kept any more.", "Этот файл больше не хранится."));
	} else {
		size_t len;
		const void *data = db_blob(stmt, 0, &len);
		char *name = gate_clean_line(db_text(stmt, 1), FILE_NAME_MAX_BYTES);
		for (char *at = name; *at != '\0'; at++)
			if (*at == '/' || *at == '\\' || *at == '"')
				*at = '_';
		/* Whatever it claims to be, it is kept and not shown. */
		web_reply_download(visit->request, data, len, name[0] == '\0' ? "file" : name, "application/octet-stream");
		free(name);
		db_reset(stmt);
	}
}

/* ---- letters ---------------------------------------------------------------------------------- */

const char *delivery_words(enum delivery_state state)
{
	static const struct {
		const char *en, *ru;
	} words[DELIVERY_STATES] = {[DELIVERY_WAITING] = {"waits", "ждёт отправки"}, [DELIVERY_SENDING] = {"is being sent", "отправляется"},
		[DELIVERY_UNCERTAIN] = {"not known whether it arrived", "неизвестно, дошло ли"}, [DELIVERY_DEFERRED] = {"deferred", "отложено"},
		[DELIVERY_RETURNED] = {"waits", "ждёт отправки"}, [DELIVERY_ACCEPTED] = {"accepted", "принято сервером"},
		[DELIVERY_DELIVERED] = {"delivered", "доставлено"}, [DELIVERY_BOUNCED] = {"came back", "вернулось"},
		[DELIVERY_FAILED] = {"refused", "не принято"}, [DELIVERY_EXPIRED] = {"too late", "опоздало"},
		[DELIVERY_CANCELLED] = {"cancelled", "отменено"}, [DELIVERY_SUPPRESSED] = {"address excluded", "адрес исключён"}};
	return lang_get() == LANG_RU ? words[state].ru : words[state].en;
}
