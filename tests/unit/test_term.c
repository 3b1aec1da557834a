/* Terms as plans and road maps have them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "calendar/term.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* "range 2018-09-01..2019-04-30", "recurring month 1 next [rrule]" … */
static const char *shown(const struct term *t)
{
	static char out[512];
	static const char *const needs[] = {"", " needs year", " needs school year", ""};
	static const char *const whys[] = {"", " empty", " long", "", " no date", " backwards", " ambiguous"};
	char day[DAY_TEXT_SIZE];
	size_t len = (size_t)snprintf(out, sizeof out, "%s", term_kind_name(t->kind));
	if (t->kind == TERM_RECURRING) {
		len += (size_t)snprintf(out + len, sizeof out - len, " %s", period_slugs[t->rule.every]);
		if (t->rule.times != 1)
			len += (size_t)snprintf(out + len, sizeof out - len, " x%d", t->rule.times);
		if (t->rule.next)
			len += (size_t)snprintf(out + len, sizeof out - len, " next");
		if (t->rrule[0] != '\0')
			len += (size_t)snprintf(out + len, sizeof out - len, " %s", t->rrule);
		else if (t->rule.due_date != 0)
			len += (size_t)snprintf(out + len, sizeof out - len, " date %d?", t->rule.due_date);
	}
	if (t->kind == TERM_WITHIN)
		len += (size_t)snprintf(out + len, sizeof out - len, " %d%s %s%s", t->within,
			t->within_working ? " working" : "", period_slugs[t->within_unit],
			t->event_at != 0 ? " event" : "");
	for (size_t i = 0; i < t->spans; i++) {
		len += (size_t)snprintf(out + len, sizeof out - len, " %s..",
			t->span[i].begin_day != DAY_NONE ? day_iso(t->span[i].begin_day, day) : "");
		len += (size_t)snprintf(out + len, sizeof out - len, "%s",
			t->span[i].end_day != DAY_NONE ? day_iso(t->span[i].end_day, day) : "");
	}
	(void)snprintf(out + len, sizeof out - len, "%s%s", needs[t->need], whys[t->why]);
	return out;
}

struct form {
	const char *text, *want;
	int year, school_year; /* the context */
};

static const struct form forms[] = {
	/* the road map of 25.06.2018 */
	{"Сентябрь 2018 – апрель 2019", "range 2018-09-01..2019-04-30", 0, 0},
	{"Март 2019", "period 2019-03-01..2019-03-31", 0, 0},
	{"Октябрь 2018", "period 2018-10-01..2018-10-31", 0, 0},
	/* the other documents */
	{"в период с 25.04.2024 по 27.04.2024", "range 2024-04-25..2024-04-27", 0, 0},
	{"в срок до 1 числа месяца, следующего за отчетным", "recurring month next FREQ=MONTHLY;BYMONTHDAY=1", 0, 0},
	{"в 2022-2023 учебном году", "period 2022-09-01..2023-08-31", 0, 0},
	{"в  срок  до  30  мая 2023 года", "until ..2023-05-30", 0, 0},
	{"С мая по ноябрь 2023 года", "range 2023-05-01..2023-11-30", 0, 0},
	{"на 2013-2020 годы", "unknown", 0, 0},
	{"2013-2020 годы", "range 2013-01-01..2020-12-31", 0, 0},
	/* the issue's */
	{"до 1 числа месяца, следующего за отчетным", "recurring month next FREQ=MONTHLY;BYMONTHDAY=1", 0, 0},
	{"в течение года", "period needs year", 0, 0},
	{"в течение года", "period 2024-01-01..2024-12-31", 2024, 0},
	{"III квартал 2024", "period 2024-07-01..2024-09-30", 0, 0},
	{"25.04.2024 – 27.04.2024", "range 2024-04-25..2024-04-27", 0, 0},
	{"до 30 мая", "until needs year", 0, 0},
	{"до 30 мая", "until ..2023-05-30", 2023, 0},
	{"не позднее 15 июня 2023 г.", "until ..2023-06-15", 0, 0},
	{"ежемесячно", "recurring month", 0, 0},
	{"ежеквартально, до 5 числа", "recurring quarter date 5?", 0, 0},
	{"I полугодие", "period needs year", 0, 0},
	{"I полугодие", "period 2024-01-01..2024-06-30", 2024, 0},
	{"постоянно", "ongoing", 0, 0},
	{"по мере необходимости", "on-demand", 0, 0},
	{"декабрь 2018 года", "period 2018-12-01..2018-12-31", 0, 0},
	{"апрель-май 2020", "range 2020-04-01..2020-05-31", 0, 0},
	{"с 1 сентября по 31 декабря", "range needs year", 0, 0},
	{"с 1 сентября по 31 декабря", "range 2019-09-01..2019-12-31", 2019, 0},
	{"в 10-дневный срок", "within 10 day", 0, 0},
	{"по отдельному графику", "on-demand", 0, 0},
	/* days */
	{"25.04.2024", "range 2024-04-25..2024-04-25", 0, 0},
	{"25.04.24", "range 2024-04-25..2024-04-25", 0, 0},
	{"2024-04-25", "range 2024-04-25..2024-04-25", 0, 0},
	{"25. 04. 2024 г.", "range 2024-04-25..2024-04-25", 0, 0},
	{"25 апреля 2024 года", "range 2024-04-25..2024-04-25", 0, 0},
	{"25 апреля", "range 2024-04-25..2024-04-25", 2024, 0},
	{"25.04", "range 2024-04-25..2024-04-25", 2024, 0},
	{"«29» февраля 2024 г.", "range 2024-02-29..2024-02-29", 0, 0},
	{"25-27 апреля 2024 г.", "range 2024-04-25..2024-04-27", 0, 0},
	{"с 25 по 27 апреля 2024 года включительно", "range 2024-04-25..2024-04-27", 0, 0},
	{"28 декабря – 10 января 2024", "range 2023-12-28..2024-01-10", 0, 0},
	{"с 25 декабря 2023 года по 10 января", "range 2023-12-25..2024-01-10", 0, 0},
	{"с 25.04 по 27.04.2024", "range 2024-04-25..2024-04-27", 0, 0},
	{"25.04.2024-27.04.2024", "range 2024-04-25..2024-04-27", 0, 0},
	{"1 октября 2018, 1 марта 2019", "range 2018-10-01..2018-10-01 2019-03-01..2019-03-01", 0, 0},
	/* months */
	{"сентябрь-октябрь 2018 г.", "range 2018-09-01..2018-10-31", 0, 0},
	{"Сентябрь – апрель 2019", "range 2018-09-01..2019-04-30", 0, 0},
	{"Сентябрь 2018 – апрель", "range 2018-09-01..2019-04-30", 0, 0},
	{"сентябрь – май", "range 2018-09-01..2019-05-31", 2018, 0},
	{"сентябрь, декабрь 2018", "period 2018-09-01..2018-09-30 2018-12-01..2018-12-31", 0, 0},
	{"октябрь 2018, март 2019", "period 2018-10-01..2018-10-31 2019-03-01..2019-03-31", 0, 0},
	{"с сентября 2018 г. до конца 2019 года", "range 2018-09-01..2019-12-31", 0, 0},
	{"25 апреля – май 2019", "range 2019-04-25..2019-05-31", 0, 0},
	{"октябрь и март", "period 2018-10-01..2018-10-31 2019-03-01..2019-03-31", 2018, 0},
	{"в сентябре 2018 г.", "period 2018-09-01..2018-09-30", 0, 0},
	{"в мае – июне 2020 года", "range 2020-05-01..2020-06-30", 0, 0},
	{"в течение сентября 2018 года", "period 2018-09-01..2018-09-30", 0, 0},
	{"сент. 2018", "period 2018-09-01..2018-09-30", 0, 0},
	{"февр.–апр. 2019г.", "range 2019-02-01..2019-04-30", 0, 0},
	{"февраль 2024", "period 2024-02-01..2024-02-29", 0, 0},
	{"3 декада марта 2019", "period 2019-03-21..2019-03-31", 0, 0},
	{"первая декада сентября 2018 г.", "period 2018-09-01..2018-09-10", 0, 0},
	{"II – III декада мая 2019", "range 2019-05-11..2019-05-31", 0, 0},
	{"Сентябрь, 2018", "period 2018-09-01..2018-09-30", 0, 0},
	{"05.2019", "period 2019-05-01..2019-05-31", 0, 0},
	{"25–30.05.2018", "range 2018-05-25..2018-05-30", 0, 0},
	{"20, 21 марта 2019", "range 2019-03-20..2019-03-20 2019-03-21..2019-03-21", 0, 0},
	{"апрель 2019 г. (по отдельному графику)", "period 2019-04-01..2019-04-30", 0, 0},
	{"май-июнь, сентябрь-октябрь 2019", "range 2019-05-01..2019-06-30 2019-09-01..2019-10-31", 0, 0},
	/* quarters, halves, years */
	{"1 квартал 2024 года", "period 2024-01-01..2024-03-31", 0, 0},
	{"1-й квартал 2024 г.", "period 2024-01-01..2024-03-31", 0, 0},
	{"4 кв. 2018", "period 2018-10-01..2018-12-31", 0, 0},
	{"IV кв. 2018 г.", "period 2018-10-01..2018-12-31", 0, 0},
	{"первый квартал 2024", "period 2024-01-01..2024-03-31", 0, 0},
	{"во II квартале 2024 года", "period 2024-04-01..2024-06-30", 0, 0},
	{"I-II квартал 2024", "range 2024-01-01..2024-06-30", 0, 0},
	{"I и III кварталы 2024 года", "period 2024-01-01..2024-03-31 2024-07-01..2024-09-30", 0, 0},
	{"I, II, IV квартал 2019", "period 2019-01-01..2019-03-31 2019-04-01..2019-06-30 2019-10-01..2019-12-31", 0, 0},
	{"IV квартал 2018 – I квартал 2019", "range 2018-10-01..2019-03-31", 0, 0},
	{"IV – I квартал 2019", "range 2018-10-01..2019-03-31", 0, 0},
	{"второе полугодие 2019 года", "period 2019-07-01..2019-12-31", 0, 0},
	{"1-ое полугодие 2019", "period 2019-01-01..2019-06-30", 0, 0},
	{"2018 год", "period 2018-01-01..2018-12-31", 0, 0},
	{"2018", "period 2018-01-01..2018-12-31", 0, 0},
	{"в 2019 году", "period 2019-01-01..2019-12-31", 0, 0},
	{"2018 – 2020 гг.", "range 2018-01-01..2020-12-31", 0, 0},
	{"с 2018 по 2020 год", "range 2018-01-01..2020-12-31", 0, 0},
	{"в течение 2018 года", "period 2018-01-01..2018-12-31", 0, 0},
	{"в течение 2018/2019 учебного года", "period 2018-09-01..2019-08-31", 0, 0},
	{"2018/19 уч. год", "period 2018-09-01..2019-08-31", 0, 0},
	{"в течение учебного года", "period needs school year", 2018, 0},
	{"в течение учебного года", "period 2018-09-01..2019-08-31", 0, 2018},
	{"весь учебный год", "period 2018-09-01..2019-08-31", 0, 2018},
	{"В течении всего года", "period 2019-01-01..2019-12-31", 2019, 0},
	{"на протяжении 2019 года", "period 2019-01-01..2019-12-31", 0, 0},
	/* until */
	{"до 01.09.2018", "until ..2018-09-01", 0, 0},
	{"до 30 мая 2023 г. (включительно)", "until ..2023-05-30", 0, 0},
	{"к 1 сентября 2018 года", "until ..2018-09-01", 0, 0},
	{"по 31 мая 2019", "until ..2019-05-31", 0, 0},
	{"не позднее 30-го мая", "until ..2019-05-30", 2019, 0},
	{"не позже чем 15.06.2023", "until ..2023-06-15", 0, 0},
	{"до 1 сентября текущего года", "until ..2019-09-01", 2019, 0},
	{"до 1 сентября текущего года", "until needs year", 0, 0},
	{"до конца мая 2019 года", "until ..2019-05-31", 0, 0},
	{"до конца 2018 года", "until ..2018-12-31", 0, 0},
	{"до конца года", "until ..2024-12-31", 2024, 0},
	{"до конца III квартала 2024 г.", "until ..2024-09-30", 0, 0},
	{"до окончания 2018-2019 учебного года", "until ..2019-08-31", 0, 0},
	{"не позднее мая 2019", "until ..2019-05-31", 0, 0},
	{"Срок: до 30 мая 2023", "until ..2023-05-30", 0, 0},
	{"до 15 января 2019, до 15 июля 2019", "until ..2019-01-15 ..2019-07-15", 0, 0},
	{"до 1 октября и до 1 марта 2019 г.", "until ..2018-10-01 ..2019-03-01", 0, 0},
	/* recurring */
	{"ежемесячно, до 25 числа", "recurring month FREQ=MONTHLY;BYMONTHDAY=25", 0, 0},
	{"ежемесячно до 5-го числа", "recurring month FREQ=MONTHLY;BYMONTHDAY=5", 0, 0},
	{"до 5 числа каждого месяца", "recurring month FREQ=MONTHLY;BYMONTHDAY=5", 0, 0},
	{"до 10 числа ежемесячно", "recurring month FREQ=MONTHLY;BYMONTHDAY=10", 0, 0},
	{"каждое 25 число месяца", "recurring month FREQ=MONTHLY;BYMONTHDAY=25", 0, 0},
	{"до 25 числа", "unknown", 0, 0},
	{"до 5 числа месяца, следующего за отчётным периодом", "unknown", 0, 0},
	{"ежемесячно, не позднее 31 числа", "recurring month FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1", 0, 0},
	{"до 3 числа следующего месяца", "recurring month next FREQ=MONTHLY;BYMONTHDAY=3", 0, 0},
	{"до 5 числа месяца, следующего за отчётным периодом, ежемесячно", "recurring month next FREQ=MONTHLY;BYMONTHDAY=5", 0, 0},
	{"ежеквартально, до 5 числа месяца, следующего за отчётным кварталом",
		"recurring quarter next FREQ=YEARLY;BYMONTH=1,4,7,10;BYMONTHDAY=5", 0, 0},
	{"до 10 числа месяца, следующего за отчетным кварталом",
		"recurring quarter next FREQ=YEARLY;BYMONTH=1,4,7,10;BYMONTHDAY=10", 0, 0},
	{"ежеквартально до 20 числа последнего месяца квартала",
		"recurring quarter FREQ=YEARLY;BYMONTH=3,6,9,12;BYMONTHDAY=20", 0, 0},
	{"ежегодно до 1 сентября", "recurring year FREQ=YEARLY;BYMONTH=9;BYMONTHDAY=1", 0, 0},
	{"ежегодно, август", "recurring year", 0, 0},
	{"до 15 января года, следующего за отчетным", "recurring year next FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=15", 0, 0},
	{"еженедельно по пятницам", "recurring week FREQ=WEEKLY;BYDAY=FR", 0, 0},
	{"каждый понедельник", "recurring week FREQ=WEEKLY;BYDAY=MO", 0, 0},
	{"ежедневно", "recurring day FREQ=DAILY", 0, 0},
	{"1 раз в квартал", "recurring quarter", 0, 0},
	{"не реже одного раза в месяц", "recurring month", 0, 0},
	{"2 раза в год", "recurring year x2", 0, 0},
	{"раз в полугодие", "recurring half", 0, 0},
	{"ежемесячно в течение 2019 года", "recurring month 2019-01-01..2019-12-31", 0, 0},
	{"ежемесячно (октябрь 2018 – май 2019)", "recurring month 2018-10-01..2019-05-31", 0, 0},
	{"ежемесячно, с сентября 2018 по май 2019, до 5 числа",
		"recurring month FREQ=MONTHLY;BYMONTHDAY=5 2018-09-01..2019-05-31", 0, 0},
	{"ежеквартально в течение года", "recurring quarter needs year", 0, 0},
	{"ежегодно, с 2018 по 2020 год", "recurring year 2018-01-01..2020-12-31", 0, 0},
	{"15 числа каждого месяца", "recurring month FREQ=MONTHLY;BYMONTHDAY=15", 0, 0},
	{"ежемесячно, до последнего числа месяца", "recurring month FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1", 0, 0},
	{"ежемесячно, последний рабочий день", "unknown", 0, 0},
	{"ежегодно, сентябрь – октябрь", "unknown", 2018, 0}, /* of every year, not of 2018 */
	{"ежегодно в сентябре", "recurring year", 0, 0},
	{"2 раза в месяц", "recurring month x2", 0, 0},
	{"1 раз в четверть", "unknown", 2018, 2018},
	/* ongoing, on demand, within */
	{"на постоянной основе", "ongoing", 0, 0},
	{"Постоянно, в течение 2019 года", "ongoing 2019-01-01..2019-12-31", 0, 0},
	{"весь период", "ongoing", 0, 0},
	{"в течение всего периода реализации проекта", "ongoing", 0, 0},
	{"с 1 сентября 2018 г.", "ongoing 2018-09-01..", 0, 0},
	{"по мере поступления заявок", "on-demand", 0, 0},
	{"при необходимости", "on-demand", 0, 0},
	{"по графику, утвержденному приказом", "on-demand", 0, 0},
	{"в соответствии с планом", "on-demand", 0, 0},
	{"по согласованию", "on-demand", 0, 0},
	{"в установленные сроки", "on-demand", 0, 0},
	{"в десятидневный срок", "within 10 day", 0, 0},
	{"в 10-ти дневный срок", "within 10 day", 0, 0},
	{"в недельный срок", "within 1 week", 0, 0},
	{"в течение 5 рабочих дней со дня получения", "within 5 working day event", 0, 0},
	{"в течение трёх дней после окончания мероприятия", "within 3 day event", 0, 0},
	{"не позднее чем за 10 дней до начала конкурса", "within -10 day event", 0, 0},
	{"через 3 рабочих дня", "within 3 working day", 0, 0},
	/* how people type */
	{"СЕНТЯБРЬ 2018 — АПРЕЛЬ 2019 ГОДА", "range 2018-09-01..2019-04-30", 0, 0},
	{"Сентябрь2018–апрель2019", "range 2018-09-01..2019-04-30", 0, 0},
	{"Сентябрь\xc2\xa0" "2018\xc2\xa0‑ апрель\xe2\x80\xaf" "2019", "range 2018-09-01..2019-04-30", 0, 0},
	{"сен тябрь 2018", "period 2018-09-01..2018-09-30", 0, 0},
	{"Сентябрь 2018 −\nапрель 2019", "range 2018-09-01..2019-04-30", 0, 0},
	{"сентябрь\xc2\xad 2018", "period 2018-09-01..2018-09-30", 0, 0},
	{"Ш квартал 2024", "period 2024-07-01..2024-09-30", 0, 0},     /* Cyrillic Ш */
	{"ІІІ квартал 2024", "period 2024-07-01..2024-09-30", 0, 0},   /* Cyrillic І */
	{"IIІ квартал 2024", "period 2024-07-01..2024-09-30", 0, 0},   /* mixed */
	{"П квартал 2024", "period 2024-04-01..2024-06-30", 0, 0},     /* Cyrillic П */
	{"IУ квартал 2024", "period 2024-10-01..2024-12-31", 0, 0},    /* Cyrillic У */
	{"1V квартал 2024", "period 2024-10-01..2024-12-31", 0, 0},
	{"c 1 ceнтября 2018 пo 31 мaя 2019", "range 2018-09-01..2019-05-31", 0, 0}, /* Latin c, ce, o, a */
	{"дo 30 мая 2023", "until ..2023-05-30", 0, 0},
	{"маи\xcc\x86 2019", "period 2019-05-01..2019-05-31", 0, 0},   /* й of two characters */
	{"до 1 числа месяца, следующего за отчётным", "recurring month next FREQ=MONTHLY;BYMONTHDAY=1", 0, 0},
	{"март 2019.", "period 2019-03-01..2019-03-31", 0, 0},
	{"30мая 2023", "range 2023-05-30..2023-05-30", 0, 0},
	/* not understood, and never guessed */
	{"", "unknown empty", 2019, 2018},
	{" \xc2\xa0 ", "unknown empty", 2019, 2018},
	{"осенью", "unknown", 2019, 2018},
	{"лето 2019", "unknown", 2019, 2018},
	{"начало марта 2019", "unknown", 2019, 2018},
	{"конец мая 2019", "unknown", 2019, 2018},
	{"до мая 2019", "unknown ambiguous", 2019, 2018},
	{"к марту", "unknown ambiguous", 2019, 2018},
	{"до 2019 года", "unknown ambiguous", 2019, 2018},
	{"31 июня 2019", "unknown no date", 2019, 2018},
	{"29 февраля 2019", "unknown no date", 2019, 2018},
	{"до 29.02", "unknown no date", 2019, 2018},
	{"32.01.2019", "unknown no date", 2019, 2018},
	{"01.13.2019", "unknown no date", 2019, 2018},
	{"00.01.2019", "unknown no date", 2019, 2018},
	{"5 квартал 2019", "unknown no date", 2019, 2018},
	{"11 квартал 2019", "unknown no date", 2019, 2018},
	{"3 полугодие 2019", "unknown no date", 2019, 2018},
	{"апрель 2019 – март 2019", "unknown backwards", 2019, 2018},
	{"27.04.2024 – 25.04.2024", "unknown backwards", 2019, 2018},
	{"2018-2019", "unknown ambiguous", 2019, 2018}, /* two years or a school year? */
	{"13.2019", "unknown no date", 2019, 2018},
	{"май – 2019", "unknown ambiguous", 2019, 2018},
	{"сентябрь 2018 – 2019", "unknown ambiguous", 2019, 2018},
	{"2019, май", "unknown ambiguous", 2019, 2018},
	{"по итогам квартала", "unknown", 2019, 2018},
	{"30.05.2023 18:00", "unknown", 2019, 2018},
	{"май 2019, далее – постоянно", "unknown", 2019, 2018},
	{"2018 – 2020 учебный год", "unknown no date", 2019, 2018},
	{"2018 учебный год", "unknown", 2019, 2018},
	{"I полугодие 2018-2019 учебного года", "unknown ambiguous", 2019, 2018},
	{"май 2019 (предварительно)", "unknown", 2019, 2018},
	{"ориентировочно май 2019", "unknown", 2019, 2018},
	{"май или июнь 2019", "unknown", 2019, 2018},
	{"10", "unknown", 2019, 2018},
	{"с 10 по 15", "unknown", 2019, 2018},
	{"по графику до 1 сентября 2019", "unknown", 2019, 2018},
	{"до 45 числа каждого месяца", "unknown no date", 2019, 2018},
	{"Комитет образования", "unknown", 2019, 2018},
	{"за 10 дней", "unknown", 2019, 2018},
	{"\xff\xfe\x80 2019", "unknown", 2019, 2018},
	{"00.00.0000", "unknown", 2019, 2018},
	{"99999999999999999999 мая", "unknown", 2019, 2018},
};

static void forms_are_understood_or_not(void **state)
{
	(void)state;
	size_t wrong = 0;
	for (size_t i = 0; i < COUNT(forms); i++) {
		struct term_context context = {forms[i].year, forms[i].school_year};
		struct term got;
		bool understood = term_parse(forms[i].text, &context, &got);
		if (strcmp(shown(&got), forms[i].want) != 0 || understood != (got.kind != TERM_UNKNOWN)) {
			print_error("«%s»: got %s, want %s\n", forms[i].text, shown(&got), forms[i].want);
			wrong++;
		}
	}
	print_message("%zu forms\n", COUNT(forms));
	if (wrong > 0)
		fail_msg("%zu forms are wrong", wrong);
}

/* Bounds and spans of the result keep what the header says. */
static void results_are_consistent(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(forms); i++) {
		struct term_context context = {2019, 2018};
		struct term got;
		(void)term_parse(forms[i].text, &context, &got);
		for (size_t k = 0; k < got.spans; k++) {
			const struct term_span *s = &got.span[k];
			if ((s->begin_day != DAY_NONE && s->end_day != DAY_NONE && s->begin_day > s->end_day) ||
				(s->begin_day != DAY_NONE && got.begin_day > s->begin_day) ||
				(s->end_day != DAY_NONE && got.end_day < s->end_day))
				fail_msg("«%s»: span %zu is outside the term", forms[i].text, k);
		}
		if ((got.kind == TERM_RANGE || got.kind == TERM_PERIOD || got.kind == TERM_UNTIL) && got.spans == 0)
			fail_msg("«%s»: with a context no year may be missing", forms[i].text);
		if (got.kind == TERM_UNKNOWN && got.at + got.len > strlen(forms[i].text))
			fail_msg("«%s»: the place is outside the text", forms[i].text);
	}
}

static void the_place_is_named(void **state)
{
	(void)state;
	static const struct {
		const char *text, *ru, *en;
	} rows[] = {
		{"Сентябрь 2018 – апрель 2019", "с 1 сентября 2018 г. по 30 апреля 2019 г.", "1 September 2018 to 30 April 2019"},
		{"до 30 мая 2023", "до 30 мая 2023 г. включительно", "by 30 May 2023, that day included"},
		{"25.04.2024", "25 апреля 2024 г.", "25 April 2024"},
		{"октябрь 2018, март 2019", "с 1 октября 2018 г. по 31 октября 2018 г.; с 1 марта 2019 г. по 31 марта 2019 г.", NULL},
		{"до 1 числа месяца, следующего за отчетным", "ежемесячно, до 1 числа месяца, следующего за отчётным периодом",
			"every month, by day 1 of the month after the period"},
		{"ежеквартально, до 5 числа", "ежеквартально, до 5 числа (какого месяца, не сказано)", NULL},
		{"ежегодно до 1 сентября", "ежегодно, до 1 сентября", "every year, by 1 September"},
		{"2 раза в год", "ежегодно, 2 раза", "every year, 2 times"},
		{"ежемесячно в течение 2019 года", "ежемесячно, с 1 января 2019 г. по 31 декабря 2019 г.", NULL},
		{"до 30 мая", "год не назван: укажите его", "the year is missing: say which"},
		{"ежемесячно в течение года", "ежемесячно, год не назван: укажите его", NULL},
		{"постоянно", "постоянно", "all the time"},
		{"в течение 5 рабочих дней со дня получения", "в течение 5 рабочих дней после события («со дня получения»)",
			"5 working days after an event («со дня получения»)"},
		{"не позднее чем за 10 дней до начала", "не позднее чем за 10 дней до события («до начала»)", NULL},
		{"май или июнь 2019", "не понято: «или»", "not understood: “или”"},
		{"31 июня 2019", "такой даты нет: «31»", "there is no such date: “31”"},
		{"до мая 2019", "можно понять двояко: напишите даты: «мая»", NULL},
		{"апрель 2019 – март 2019", "конец раньше начала: «март»", NULL},
		{"Март 2019, осенью", "не понято: «осенью»", NULL}, {"", "срок не указан", "the term is empty"}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct term got;
		struct buf text;
		buf_init(&text, 4096);
		(void)term_parse(rows[i].text, NULL, &got);
		assert_int_equal(term_explain(rows[i].text, &got, LANG_RU, &text), 0);
		if (strcmp(buf_str(&text), rows[i].ru) != 0)
			fail_msg("«%s»: got %s, want %s", rows[i].text, buf_str(&text), rows[i].ru);
		buf_reset(&text);
		assert_int_equal(term_explain(rows[i].text, &got, LANG_EN, &text), 0);
		if (rows[i].en != NULL && strcmp(buf_str(&text), rows[i].en) != 0)
			fail_msg("«%s»: got %s, want %s", rows[i].text, buf_str(&text), rows[i].en);
		buf_fini(&text);
	}
}

/* Every prefix and every damaged byte of every form: no crash, no wild place. */
static void noise_does_no_harm(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(forms); i++) {
		size_t len = strlen(forms[i].text);
		for (size_t cut = 0; cut <= len; cut++) {
			char *text = xstrndup(forms[i].text, cut);
			struct term got;
			(void)term_parse(text, NULL, &got);
			assert_true(got.at + got.len <= cut);
			if (cut > 0) {
				text[cut / 2] ^= (char)(1 + i % 127);
				if (text[cut / 2] == '\0')
					text[cut / 2] = '.';
				(void)term_parse(text, NULL, &got);
				assert_true(got.at + got.len <= strlen(text));
			}
			free(text);
		}
	}
	char *huge = xmalloc(TERM_TEXT_MAX_BYTES * 2);
	struct term got;
	for (size_t n = 1; n < TERM_TEXT_MAX_BYTES * 2; n += 97) {
		memset(huge, n % 2 ? '1' : '.', n);
		huge[n] = '\0';
		assert_false(term_parse(huge, NULL, &got));
		for (size_t k = 1; k < n; k += 2)
			huge[k] = ',';
		assert_false(term_parse(huge, NULL, &got));
	}
	free(huge);
}

int main(void)
{
	calendar_init();
	const struct CMUnitTest tests[] = {cmocka_unit_test(forms_are_understood_or_not),
		cmocka_unit_test(results_are_consistent), cmocka_unit_test(the_place_is_named),
		cmocka_unit_test(noise_does_no_harm)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
