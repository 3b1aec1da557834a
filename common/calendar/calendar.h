/* Time as people of the ministry mean it: zones, dates in words, plurals.
 * calendar_init() loads the zone database in main, before threads (libical's
 * first look-up races). */
#ifndef VESTNIK_CALENDAR_CALENDAR_H
#define VESTNIK_CALENDAR_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/lang.h"

void calendar_init(void);

/* Known to the system's zone database ("Europe/Moscow")? */
bool calendar_zone_known(const char *zone);

struct calendar_time {
	int year, month, day; /* month 1–12 */
	int hour, minute, second;
	int weekday;          /* 1 Monday … 7 Sunday */
};
/* Local wall time → instant. A time that does not exist (clock put forward) is
 * the next one that does; one that comes twice is the first. ERROR_INPUT on an
 * unknown zone or a date that does not exist. */
int calendar_to_ms(const struct calendar_time *local, const char *zone, int64_t *time_ms,
	struct error *e);
int calendar_from_ms(int64_t time_ms, const char *zone, struct calendar_time *local,
	struct error *e);
bool calendar_date_exists(int year, int month, int day);

/* "2023-05-15", "2023-05-15 10:00[:30]", "15.05.2023", "15.05.2023 10:00". has_time
 * says whether a time was given. ERROR_INPUT says what would be right. */
int calendar_parse(const char *text, struct calendar_time *out, bool *has_time, struct error *e);

/* First moment >= from_ms that lies within [open, close) minutes of the local
 * day in zone. open == close: from_ms itself. */
int calendar_next_open(int64_t from_ms, const char *zone, int open_minute, int close_minute,
	int64_t *out_ms, struct error *e);

/* ---- words ------------------------------------------------------------------ */

/* Formats (letters: {{deadline.at | date: long}}): */
enum calendar_format {
	CALENDAR_SHORT, /* 30.05.2023          30 May 2023   */
	CALENDAR_LONG,  /* 30 мая 2023 г.      30 May 2023   */
	CALENDAR_DAY,   /* 30 мая              30 May        */
	CALENDAR_TIME,  /* 18:00 (МСК)         18:00 (MSK)   */
	CALENDAR_FULL   /* 30 мая 2023 г., 18:00 (МСК) */
};
/* out: at least CALENDAR_TEXT_SIZE bytes. */
#define CALENDAR_TEXT_SIZE 96
int calendar_format(int64_t time_ms, const char *zone, enum lang lang, enum calendar_format format,
	char out[static CALENDAR_TEXT_SIZE], struct error *e);

/* The Date: header of a letter (RFC 5322 3.3): "Mon, 15 May 2023 10:00:00 +0300". */
#define CALENDAR_MAIL_DATE_SIZE 40
int calendar_mail_date(int64_t time_ms, const char *zone, char out[static CALENDAR_MAIL_DATE_SIZE],
	struct error *e);

/* Russian plural (CLDR): 1 адресат, 2 адресата, 5 адресатов; English: one, other
 * (many is ignored). n may be negative. */
const char *calendar_plural(int64_t n, enum lang lang, const char *one, const char *few,
	const char *many);

#endif
