#include "campaign/copy.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lang.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "calendar/day.h"
#include "settings/yaml.h"

#define DATE_LEN 10   /* 2023-05-15, 15.05.2023 */
#define MONTH_LEN 7   /* 2023-05 */

struct edit { /* bytes of the text, and what stands there instead */
	size_t at, len;
	char new[80];
};
struct copy {
	const struct copy_plan *plan;
	struct problems *problems;
	int32_t from_day; /* the old start */
	struct edit *edit;
	size_t edits, cap;
};

/* ---- places --------------------------------------------------------------------------------- */

/* Offset of a scalar's first byte; SIZE_MAX when the text there is not the value (folded, escaped). */
static size_t offset_of(const struct copy_plan *plan, const struct yaml_node *node)
{
	size_t at = 0;
	for (int line = 1; line < node->line && at < plan->len; at++)
		line += plan->text[at] == '\n';
	for (int column = 1; column < node->column && at < plan->len; at++)
		column += at + 1 >= plan->len || ((unsigned char)plan->text[at + 1] & 0xc0) != 0x80;
	if (node->quoted)
		at++;
	size_t len = strlen(node->text);
	return at + len <= plan->len && memcmp(plan->text + at, node->text, len) == 0 ? at : SIZE_MAX;
}

__attribute__((format(printf, 5, 6))) static void say(struct copy *c, enum problem_severity severity,
	const struct yaml_node *node, const char *path, const char *fmt, ...)
{
	char text[400];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	problem_add(c->problems, severity,
		(struct problem_place){c->plan->file, node == NULL ? 0 : node->line,
			node == NULL ? 0 : node->column, path},
		NULL, "%s", text);
}

static void replace(struct copy *c, const struct yaml_node *node, const char *path, size_t len, const char *new)
{
	size_t at = offset_of(c->plan, node);
	if (at == SIZE_MAX) {
		say(c, PROBLEM_WARNING, node, path, "%s",
			tr("stays as it is: change it by hand", "осталось как было: исправьте сами"));
		return;
	}
	if (c->edits == c->cap) {
		c->cap = c->cap == 0 ? 16 : c->cap * 2;
		c->edit = xrealloc(c->edit, c->cap, sizeof *c->edit);
	}
	struct edit *edit = &c->edit[c->edits++];
	*edit = (struct edit){.at = at, .len = len};
	snprintf(edit->new, sizeof edit->new, "%s", new);
	say(c, PROBLEM_INFO, node, path, "%.*s → %s", (int)len, node->text, new[0] == '\0' ? "\"\"" : new);
}

static const struct yaml_node *value_of(const struct yaml_node *map, const char *key)
{
	for (size_t i = 0; map != NULL && map->kind == YAML_MAP && i < map->count; i++)
		if (strcmp(map->key[i], key) == 0 && map->item[i]->kind == YAML_SCALAR)
			return map->item[i];
	return NULL;
}

static const struct yaml_node *inside(const struct yaml_node *map, const char *key)
{
	for (size_t i = 0; map != NULL && map->kind == YAML_MAP && i < map->count; i++)
		if (strcmp(map->key[i], key) == 0)
			return map->item[i];
	return NULL;
}

/* ---- dates ------------------------------------------------------------------------------------- */

static int32_t date_of(const struct yaml_node *node)
{
	char date[DATE_LEN + 1] = "";
	int32_t day;
	if (node == NULL || strlen(node->text) < DATE_LEN)
		return DAY_NONE;
	memcpy(date, node->text, DATE_LEN);
	return day_parse(date, &day, NULL) == 0 ? day : DAY_NONE;
}

/* Written as it was: 2023-05-15 or 15.05.2023. */
static void put_date(struct copy *c, const struct yaml_node *node, const char *path, int32_t day)
{
	char text[DAY_TEXT_SIZE];
	struct calendar_time t = day_split(day);
	if (node->text[2] == '.')
		snprintf(text, sizeof text, "%02d.%02d.%04d", t.day, t.month, t.year);
	else
		(void)day_iso(day, text);
	replace(c, node, path, DATE_LEN, text);
}

/* As many working days after the new start as it was after the old one. */
static int32_t moved(const struct copy *c, int32_t day)
{
	const struct workdays *workdays = c->plan->workdays;
	if (day >= c->from_day)
		return workdays_add(workdays, c->plan->start_day, workdays_count(workdays, c->from_day + 1, day));
	return workdays_add(workdays, c->plan->start_day, -workdays_count(workdays, day, c->from_day - 1));
}

static void move_date(struct copy *c, const struct yaml_node *node, const char *path)
{
	int32_t day = date_of(node);
	if (day == DAY_NONE)
		return;
	int32_t to = moved(c, day);
	if (to == DAY_NONE)
		say(c, PROBLEM_WARNING, node, path, "%s",
			tr("stays as it is: change it by hand", "осталось как было: исправьте сами"));
	else
		put_date(c, node, path, to);
}

static int months(int32_t day)
{
	struct calendar_time t = day_split(day);
	return t.year * 12 + t.month;
}

/* Periods move by whole months: from 2022-09 stays the first of something. */
static void move_period(struct copy *c, const struct yaml_node *node, const char *path)
{
	char whole[DATE_LEN + 1], text[DAY_TEXT_SIZE];
	int32_t day;
	if (node == NULL)
		return;
	size_t len = strlen(node->text);
	snprintf(whole, sizeof whole, len == MONTH_LEN ? "%.7s-01" : "%.10s", node->text);
	if (day_parse(whole, &day, NULL) != 0)
		return;
	day = day_add_months(day, months(c->plan->start_day) - months(c->from_day));
	if (day == DAY_NONE)
		return;
	if (len != MONTH_LEN) {
		put_date(c, node, path, day);
		return;
	}
	(void)day_iso(day, text);
	text[MONTH_LEN] = '\0';
	replace(c, node, path, MONTH_LEN, text);
}

/* ---- the whole ------------------------------------------------------------------------------------ */

static void earlier(int32_t *first, int32_t day)
{
	if (day != DAY_NONE && (*first == DAY_NONE || day < *first))
		*first = day;
}

static int32_t period_start(const struct yaml_node *root)
{
	const struct yaml_node *from = value_of(inside(root, "rounds"), "from");
	char whole[DATE_LEN + 1];
	int32_t day;
	if (from == NULL)
		return DAY_NONE;
	snprintf(whole, sizeof whole, strlen(from->text) == MONTH_LEN ? "%.7s-01" : "%.10s", from->text);
	return day_parse(whole, &day, NULL) == 0 ? day : DAY_NONE;
}

static int32_t old_start(const struct yaml_node *root)
{
	const struct yaml_node *stages = inside(root, "stages");
	int32_t first = date_of(value_of(inside(root, "send"), "at"));
	for (size_t i = 0; stages != NULL && stages->kind == YAML_LIST && i < stages->count; i++)
		earlier(&first, date_of(value_of(stages->item[i], "at")));
	if (first == DAY_NONE)
		first = period_start(root);
	if (first == DAY_NONE)
		first = date_of(value_of(inside(root, "document"), "date"));
	return first != DAY_NONE ? first : date_of(value_of(inside(root, "ask"), "deadline"));
}

static void move_all(struct copy *c, const struct yaml_node *root)
{
	const struct yaml_node *send = inside(root, "send"), *stages = inside(root, "stages");
	const struct yaml_node *document = inside(root, "document"), *rounds = inside(root, "rounds");
	const struct yaml_node *node = value_of(root, "campaign");
	if (node != NULL)
		replace(c, node, "campaign", strlen(node->text), c->plan->slug);
	node = value_of(document, "number");
	if (node != NULL && node->text[0] != '\0')
		replace(c, node, "document.number", strlen(node->text), node->quoted ? "" : "\"\"");
	node = value_of(document, "date");
	if (date_of(node) != DAY_NONE)
		put_date(c, node, "document.date", c->plan->start_day);
	move_date(c, value_of(send, "at"), "send.at");
	move_date(c, value_of(send, "until"), "send.until");
	move_date(c, value_of(inside(root, "ask"), "deadline"), "ask.deadline");
	move_period(c, value_of(rounds, "from"), "rounds.from");
	move_period(c, value_of(rounds, "to"), "rounds.to");
	for (size_t i = 0; stages != NULL && stages->kind == YAML_LIST && i < stages->count; i++) {
		move_date(c, value_of(stages->item[i], "at"), "stages");
		move_date(c, value_of(stages->item[i], "deadline"), "stages");
	}
}

static int by_place(const void *a, const void *b)
{
	const struct edit *x = a, *y = b;
	return (x->at > y->at) - (x->at < y->at);
}

static void apply(struct copy *c, struct buf *out)
{
	size_t at = 0;
	if (c->edits > 1)
		qsort(c->edit, c->edits, sizeof *c->edit, by_place);
	for (size_t i = 0; i < c->edits; i++) {
		(void)buf_append(out, c->plan->text + at, c->edit[i].at - at);
		(void)buf_puts(out, c->edit[i].new);
		at = c->edit[i].at + c->edit[i].len;
	}
	(void)buf_append(out, c->plan->text + at, c->plan->len - at);
}

int copy_text(const struct copy_plan *plan, struct buf *out, struct problems *problems)
{
	struct copy c = {.plan = plan, .problems = problems};
	struct yaml_node *root = yaml_load_text(plan->file, plan->text, plan->len, problems);
	int rc = root == NULL ? -1 : 0;
	if (rc == 0 && (c.from_day = old_start(root)) == DAY_NONE) {
		say(&c, PROBLEM_ERROR, root, NULL, "%s",
			tr("there is no date to count from: send.at, rounds.from, document.date or ask.deadline",
				"нет даты, от которой считать: send.at, rounds.from, document.date или ask.deadline"));
		rc = -1;
	}
	if (rc == 0) {
		move_all(&c, root);
		apply(&c, out);
	}
	free(c.edit);
	yaml_node_free(&root);
	return rc == 0 && buf_ok(out) ? 0 : -1;
}

const char *copy_slug(const char *slug, int32_t start_day, char out[static COPY_SLUG_SIZE])
{
	char day[DAY_TEXT_SIZE];
	size_t len = strlen(slug);
	/* A year at the end is the old one's. */
	if (len > 5 && slug[len - 5] == '-' && strspn(slug + len - 4, "0123456789") == 4)
		len -= 5;
	if (len > COPY_SLUG_SIZE - 1 - DATE_LEN - 1)
		len = COPY_SLUG_SIZE - 1 - DATE_LEN - 1;
	snprintf(out, COPY_SLUG_SIZE, "%.*s-%s", (int)len, slug, day_iso(start_day, day));
	return out;
}
