/* send: when letters go; rate: how fast. */
#include <stdio.h>
#include <string.h>

#include "base/lang.h"
#include "campaign/folder.h"

#define DAY_MINUTES (24 * 60)

/* "9:00" → minutes; moves *text behind it. */
static bool take_minutes(const char **text, int *minutes)
{
	int hour = 0, minute = 0, used = 0;
	if (sscanf(*text, "%2d:%2d%n", &hour, &minute, &used) != 2 || hour < 0 || minute < 0 ||
		minute > 59 || hour * 60 + minute > DAY_MINUTES)
		return false;
	*text += used;
	*minutes = hour * 60 + minute;
	return true;
}

bool folder_minute(const char *text, int *minute)
{
	return take_minutes(&text, minute) && *text == '\0';
}

static bool parse_hours(const char *text, int *open_minute, int *close_minute)
{
	if (!take_minutes(&text, open_minute))
		return false;
	text += strspn(text, " ");
	if (strncmp(text, "–", strlen("–")) == 0)
		text += strlen("–");
	else if (*text == '-')
		text++;
	else
		return false;
	text += strspn(text, " ");
	return take_minutes(&text, close_minute) && *text == '\0' && *open_minute < *close_minute;
}

static void read_hours(
	struct folder_reader *r, struct yaml_node *map, int *open_minute, int *close_minute)
{
	const struct yaml_node *node = yaml_take(map, "hours");
	const char *text = NULL;
	*open_minute = *close_minute = 0;
	if (node == NULL || !yaml_as_line(&r->yaml, node, "send.hours", &text))
		return;
	if (!parse_hours(text, open_minute, close_minute)) {
		folder_error(r, node, "send.hours", "hours: 09:00-18:00",
			tr("«%.40s»: want opening and closing time",
				"«%.40s»: нужно время начала и конца"),
			text);
		*open_minute = *close_minute = 0;
	}
}

bool folder_instant(struct folder_reader *r, const struct yaml_node *node, const char *path,
	const struct calendar_time *wall, int64_t *ms)
{
	struct error e = {0};
	const char *zone = json_string_value(json_object_get(r->folder->definition, "zone"));
	if (calendar_to_ms(wall, zone, ms, &e) == 0)
		return true;
	folder_error(r, node, path, NULL, "%s", e.text);
	return false;
}

bool folder_moment(struct folder_reader *r, const struct yaml_node *node, const char *path, int64_t *ms,
	char text[static 40])
{
	const json_t *send = json_object_get(r->folder->definition, "send");
	int open_minute = (int)json_integer_value(json_object_get(send, "open_minute"));
	int close_minute = (int)json_integer_value(json_object_get(send, "close_minute"));
	struct calendar_time wall;
	bool timed;
	if (!folder_date(r, node, path, &wall, &timed))
		return false;
	if (!timed && open_minute == close_minute) {
		folder_error(r, node, path, "at: 2023-05-15 10:00", "%s",
			tr("a date without a time, and no hours",
				"дата без времени, и часы (hours) не указаны"));
		return false;
	}
	if (!timed) {
		wall.hour = open_minute / 60;
		wall.minute = open_minute % 60;
	}
	int minute = wall.hour * 60 + wall.minute;
	if (open_minute != close_minute && (minute < open_minute || minute >= close_minute)) {
		folder_error(r, node, path, NULL, "%s",
			tr("the time lies outside send.hours",
				"время вне часов отправки (send.hours)"));
		return false;
	}
	if (!folder_instant(r, node, path, &wall, ms))
		return false;
	snprintf(text, 40, "%04d-%02d-%02d %02d:%02d", wall.year, wall.month, wall.day, wall.hour,
		wall.minute);
	if (*ms < r->now_ms && !r->rehearsal)
		folder_warn(r, node, path, NULL, "%s",
			tr("this time is past: letters will go at once",
				"это время прошло: письма пойдут сразу"));
	return true;
}

static void read_at(struct folder_reader *r, struct yaml_node *map, json_t *send)
{
	const struct yaml_node *node = yaml_take(map, "at");
	int64_t at_ms;
	char text[40];
	if (node == NULL || !folder_moment(r, node, "send.at", &at_ms, text))
		return;
	json_object_set_new(send, "at_ms", json_integer(at_ms));
	folder_put(send, "wall", text);
}

static void read_until(struct folder_reader *r, struct yaml_node *map, const json_t *send)
{
	const struct yaml_node *node = yaml_take(map, "until");
	struct calendar_time wall;
	bool timed;
	int64_t until_ms;
	if (node == NULL || !folder_date(r, node, "send.until", &wall, &timed))
		return;
	if (!timed) { /* «до 30 мая» means the 30th included */
		wall.hour = 23;
		wall.minute = wall.second = 59;
	}
	if (!folder_instant(r, node, "send.until", &wall, &until_ms))
		return;
	const json_t *at = json_object_get(send, "at_ms");
	if (at != NULL && until_ms <= json_integer_value(at)) {
		folder_error(r, node, "send.until", NULL, "%s",
			tr("is not after send.at", "не позже, чем send.at"));
		return;
	}
	if (until_ms <= r->now_ms && !r->rehearsal) {
		folder_error(r, node, "send.until", NULL, "%s",
			tr("this time is past: no letter would go",
				"это время прошло: ни одно письмо не уйдёт"));
		return;
	}
	r->folder->not_after_ms = until_ms;
	json_object_set_new(r->folder->definition, "not_after_ms", json_integer(until_ms));
}

static void read_rate(struct folder_reader *r)
{
	const struct yaml_node *node = yaml_take(r->root, "rate");
	const char *text = NULL;
	struct settings_rate rate;
	if (node == NULL || !yaml_as_line(&r->yaml, node, "rate", &text))
		return;
	if (settings_parse_rate(text, &rate) != 0)
		folder_error(r, node, "rate", "rate: 1000/h",
			tr("«%.40s» is not a rate", "«%.40s» — не скорость"), text);
	else if (rate.count > 0)
		json_object_set_new(r->folder->definition, "rate",
			json_pack("{s:I,s:I}", "count", (json_int_t)rate.count, "per_ms",
				(json_int_t)rate.per_ms));
}

void folder_read_send(struct folder_reader *r)
{
	static const char *const known[] = {"at", "hours", "local", "until", NULL};
	struct yaml_node *map = yaml_take(r->root, "send"), *node = NULL;
	json_t *send = json_object();
	int open_minute = 0, close_minute = 0;
	bool local = false, given = map != NULL && yaml_as_map(&r->yaml, map, "send");
	if (given)
		read_hours(r, map, &open_minute, &close_minute);
	json_object_set_new(send, "open_minute", json_integer(open_minute));
	json_object_set_new(send, "close_minute", json_integer(close_minute));
	json_object_set_new(r->folder->definition, "send", send);
	if (given) {
		read_at(r, map, send);
		read_until(r, map, send);
		node = yaml_take(map, "local");
		if (node != NULL)
			(void)yaml_as_bool(&r->yaml, node, "send.local", &local);
		yaml_unknown(map, r->yaml.file, "send", known, r->yaml.problems);
	}
	json_object_set_new(send, "local", json_boolean(local));
	read_rate(r);
}
