/* One calendar file. Rows are collected first and then applied by kind, so that
 * their order in the file does not matter. */
#include "calendar/workdays_inside.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "calendar/fold.h"

#define ROWS_MAX 1000 /* a real file has some 30 */
#define COLUMNS 5

enum row_kind {
	ROW_SOURCE, ROW_NOTE, ROW_STATUS, ROW_HOLIDAY, ROW_DECREED, ROW_MOVED, ROW_WORKING, ROW_SHORT,
	ROW_KINDS
};
static const struct {
	const char *word;
	enum row_kind kind;
} row_words[] = {{"источник", ROW_SOURCE}, {"source", ROW_SOURCE}, {"примечание", ROW_NOTE},
	{"note", ROW_NOTE}, {"состояние", ROW_STATUS}, {"status", ROW_STATUS},
	{"праздник", ROW_HOLIDAY}, {"holiday", ROW_HOLIDAY}, {"нерабочий", ROW_DECREED},
	{"non-working", ROW_DECREED}, {"перенос", ROW_MOVED}, {"moved", ROW_MOVED},
	{"рабочий", ROW_WORKING}, {"working", ROW_WORKING}, {"сокращенный", ROW_SHORT},
	{"short", ROW_SHORT}};

struct row {
	int line;
	enum row_kind kind;
	char *cell[COLUMNS];
	int32_t first_day, last_day;
};

struct reading {
	struct workdays_year *year;
	const char *file;
	struct problems *problems;
	struct row row[ROWS_MAX];
	size_t rows;
	bool header_seen;
};

__attribute__((format(printf, 6, 7))) static void complain(struct reading *r,
	enum problem_severity severity, int line, const char *field, const char *hint,
	const char *fmt, ...)
{
	char text[512];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	struct problem_place place = {.file = r->file, .line = line, .field = field};
	problem_add(r->problems, severity, place, hint, "%s", text);
}

/* ---- lines and cells ----------------------------------------------------------- */

static char *take_cell(const char **p, const char *end)
{
	struct buf cell;
	buf_init(&cell, 4096);
	bool quoted = *p < end && **p == '"';
	if (quoted)
		(*p)++;
	for (; *p < end; (*p)++) {
		if (quoted && **p == '"') {
			if (*p + 1 == end || (*p)[1] != '"') {
				quoted = false;
				continue;
			}
			(*p)++;
		} else if (!quoted && **p == ';') {
			break;
		}
		(void)buf_putc(&cell, **p);
	}
	char *clean = gate_clean_line(buf_str(&cell), 1000);
	buf_fini(&cell);
	return clean;
}

static void row_fini(struct row *row)
{
	for (size_t i = 0; i < COLUMNS; i++)
		free(row->cell[i]);
}

static bool split(struct reading *r, int line, const char *p, const char *end, struct row *row)
{
	bool good = true;
	*row = (struct row){.line = line, .first_day = DAY_NONE, .last_day = DAY_NONE};
	for (size_t i = 0; p <= end; i++, p++) {
		char *cell = take_cell(&p, end);
		if (i < COLUMNS) {
			row->cell[i] = cell;
			continue;
		}
		if (cell[0] != '\0' && good) {
			complain(r, PROBLEM_ERROR, line, NULL,
				tr("put a text that contains «;» into quotes",
					"текст, в котором есть «;», возьмите в кавычки"),
				tr("more than %d columns", "больше %d столбцов"), COLUMNS);
			good = false;
		}
		free(cell);
	}
	for (size_t i = 0; i < COLUMNS; i++)
		if (row->cell[i] == NULL)
			row->cell[i] = xstrdup("");
	return good;
}

static bool is_header(const struct row *row)
{
	char *word = fold_text(row->cell[0]);
	bool header = strcmp(word, "вид") == 0 || strcmp(word, "kind") == 0;
	free(word);
	return header;
}

static bool kind_of(struct reading *r, struct row *row)
{
	char *word = fold_text(row->cell[0]);
	bool known = false;
	for (size_t i = 0; i < sizeof row_words / sizeof row_words[0] && !known; i++)
		if (strcmp(word, row_words[i].word) == 0) {
			row->kind = row_words[i].kind;
			known = true;
		}
	free(word);
	if (!known)
		complain(r, PROBLEM_ERROR, row->line, NULL,
			strchr(row->cell[0], ',') != NULL
				? tr("cells are separated by «;»", "ячейки разделяются знаком «;»")
				: tr("known: holiday, moved, short, non-working, working, source, note, status",
					  "известны: праздник, перенос, сокращённый, нерабочий, рабочий, источник, "
					  "примечание, состояние"),
			tr("unknown kind «%.60s»", "неизвестный вид «%.60s»"), row->cell[0]);
	return known;
}

static bool read_day(struct reading *r, const struct row *row, size_t column, int32_t *day)
{
	static const char *const fields[] = {"вид", "с", "по"};
	struct error e;
	if (row->cell[column][0] == '\0')
		return true;
	if (day_parse(row->cell[column], day, &e) != 0) {
		complain(r, PROBLEM_ERROR, row->line, fields[column], NULL, "%s", e.text);
		return false;
	}
	if (day_year(*day) != r->year->number) {
		complain(r, PROBLEM_ERROR, row->line, fields[column],
			tr("a file holds one year, the one in its name",
				"в файле один год – тот, что в его имени"),
			tr("the day is not in %d", "день не из %d года"), r->year->number);
		return false;
	}
	return true;
}

static bool read_days(struct reading *r, struct row *row)
{
	if (!read_day(r, row, 1, &row->first_day) || !read_day(r, row, 2, &row->last_day))
		return false;
	if (row->kind <= ROW_STATUS)
		return true;
	if (row->first_day == DAY_NONE || (row->kind == ROW_MOVED && row->last_day == DAY_NONE)) {
		complain(r, PROBLEM_ERROR, row->line, row->first_day == DAY_NONE ? "с" : "по", NULL, "%s",
			row->kind == ROW_MOVED
				? tr("a moved day off needs the day it was on and the day it goes to",
					  "для переноса нужны день, с которого, и день, на который")
				: tr("the day is missing", "нет дня"));
		return false;
	}
	if (row->last_day == DAY_NONE)
		row->last_day = row->first_day;
	if (row->kind != ROW_MOVED && row->last_day < row->first_day) {
		complain(r, PROBLEM_ERROR, row->line, "по", NULL, "%s",
			tr("the last day is before the first", "последний день раньше первого"));
		return false;
	}
	return true;
}

static void read_line(struct reading *r, int line, const char *p, const char *end)
{
	struct row row;
	if (!split(r, line, p, end, &row)) {
		row_fini(&row);
		return;
	}
	if (!r->header_seen && is_header(&row)) {
		r->header_seen = true;
	} else if (kind_of(r, &row) && read_days(r, &row)) {
		if (r->rows < ROWS_MAX) {
			r->row[r->rows++] = row;
			return; /* the cells are kept */
		}
		complain(r, PROBLEM_ERROR, line, NULL, NULL, tr("more than %d rows", "больше %d строк"),
			ROWS_MAX);
	}
	row_fini(&row);
}

static void read_lines(struct reading *r, const char *text, size_t len)
{
	const char *end = text + len;
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3;
	for (int line = 1; text < end; line++) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		if (stop == NULL)
			stop = end;
		const char *last = stop;
		while (last > text && (last[-1] == '\r' || last[-1] == ' ' || last[-1] == ';'))
			last--; /* Excel fills rows up with «;» */
		if (last > text && *text != '#')
			read_line(r, line, text, last);
		text = stop + (stop < end);
	}
}

/* ---- what the rows say ------------------------------------------------------------ */

static struct workdays_mark *mark_of(struct reading *r, int32_t day)
{
	return &r->year->mark[day - day_of(r->year->number, 1, 1)];
}

static void mark_set(struct reading *r, int32_t day, enum workdays_kind kind, int32_t other_day,
	const struct row *row)
{
	struct workdays_mark *mark = mark_of(r, day);
	for (size_t i = 0; i < 2; i++) {
		free(mark->about[i]);
		const char *own = row->cell[i == LANG_RU ? 3 : 4], *other = row->cell[i == LANG_RU ? 4 : 3];
		mark->about[i] = xstrdup(own[0] != '\0' ? own : other);
	}
	mark->kind = kind;
	mark->set = true;
	mark->other_day = other_day;
	mark->shortened = false;
}

static bool day_is_off(struct reading *r, int32_t day)
{
	const struct workdays_mark *mark = mark_of(r, day);
	return mark->set ? mark->kind >= WORKDAYS_WEEKEND : day_weekday(day) >= 6;
}

static void apply_span(struct reading *r, const struct row *row, enum workdays_kind kind)
{
	for (int32_t day = row->first_day; day <= row->last_day; day++) {
		const struct workdays_mark *mark = mark_of(r, day);
		/* A decree covers whole weeks: a holiday or weekend within it stays what it is. */
		if (kind == WORKDAYS_DECREED && day_is_off(r, day))
			continue;
		if (kind == WORKDAYS_WORKING && day_weekday(day) >= 6)
			mark_set(r, day, WORKDAYS_MADE_WORKING, DAY_NONE, row);
		else if (kind != WORKDAYS_HOLIDAY || !mark->set || mark->kind != WORKDAYS_HOLIDAY)
			mark_set(r, day, kind, DAY_NONE, row);
		else
			complain(r, PROBLEM_WARNING, row->line, "с", NULL, "%s",
				tr("the day is a holiday already", "этот день уже праздник"));
	}
}

static void apply_moved(struct reading *r, const struct row *row)
{
	int32_t from = row->first_day, to = row->last_day;
	const struct workdays_mark *mark = mark_of(r, from);
	if (!day_is_off(r, from)) {
		complain(r, PROBLEM_ERROR, row->line, "с", NULL, "%s",
			tr("people work on this day: there is no day off to move",
				"этот день и так рабочий: переносить нечего"));
		return;
	}
	if (day_is_off(r, to)) {
		complain(r, PROBLEM_ERROR, row->line, "по", NULL, "%s",
			tr("this day is off already", "этот день и так выходной"));
		return;
	}
	if (!mark->set || mark->kind == WORKDAYS_WEEKEND)
		mark_set(r, from, WORKDAYS_MADE_WORKING, to, row);
	mark_set(r, to, WORKDAYS_MOVED, from, row);
}

static void apply_short(struct reading *r, const struct row *row)
{
	for (int32_t day = row->first_day; day <= row->last_day; day++) {
		if (day_is_off(r, day)) {
			complain(r, PROBLEM_WARNING, row->line, "с", NULL, "%s",
				tr("a day off cannot be shortened", "выходной не может быть сокращённым"));
			continue;
		}
		struct workdays_mark *mark = mark_of(r, day);
		if (!mark->set)
			mark_set(r, day, WORKDAYS_WORKING, DAY_NONE, row);
		mark->shortened = true;
	}
}

static void apply_status(struct reading *r, const struct row *row)
{
	char *word = fold_text(row->cell[3]);
	bool published = strcmp(word, "опубликован") == 0 || strcmp(word, "published") == 0;
	if (!published && strcmp(word, "проект") != 0 && strcmp(word, "draft") != 0)
		complain(r, PROBLEM_ERROR, row->line, "пояснение",
			tr("right would be: published, draft", "правильно: опубликован, проект"),
			tr("unknown status «%.40s»", "неизвестное состояние «%.40s»"), row->cell[3]);
	if (!published)
		r->year->draft = true;
	free(word);
}

static void apply_source(struct reading *r, const struct row *row)
{
	if (r->year->sources == WORKDAYS_SOURCES_MAX)
		return;
	const char *ru = row->cell[3], *en = row->cell[4];
	char **source = r->year->source[r->year->sources++];
	source[LANG_RU] = xstrdup(ru[0] != '\0' ? ru : en);
	source[LANG_EN] = xstrdup(en[0] != '\0' ? en : ru);
}

static void apply(struct reading *r, const struct row *row)
{
	switch (row->kind) {
	case ROW_SOURCE:
	case ROW_NOTE:
		apply_source(r, row);
		return;
	case ROW_STATUS:
		apply_status(r, row);
		return;
	case ROW_HOLIDAY:
		apply_span(r, row, WORKDAYS_HOLIDAY);
		return;
	case ROW_DECREED:
		apply_span(r, row, WORKDAYS_DECREED);
		return;
	case ROW_MOVED:
		apply_moved(r, row);
		return;
	case ROW_WORKING:
		apply_span(r, row, WORKDAYS_WORKING);
		return;
	case ROW_SHORT:
		apply_short(r, row);
		return;
	case ROW_KINDS:
		break;
	}
}

/* The order the kinds are applied in: a move must find the holidays, a decree
 * the moved days, the shortened days everything. */
static const enum row_kind apply_order[] = {ROW_SOURCE, ROW_NOTE, ROW_STATUS, ROW_HOLIDAY, ROW_MOVED,
	ROW_WORKING, ROW_DECREED, ROW_SHORT};
_Static_assert(sizeof apply_order / sizeof apply_order[0] == ROW_KINDS, "every kind is applied");

static void apply_all(struct reading *r)
{
	size_t sources = 0, statuses = 0;
	for (size_t k = 0; k < ROW_KINDS; k++)
		for (size_t i = 0; i < r->rows; i++)
			if (r->row[i].kind == apply_order[k])
				apply(r, &r->row[i]);
	for (size_t i = 0; i < r->rows; i++) {
		sources += r->row[i].kind == ROW_SOURCE;
		statuses += r->row[i].kind == ROW_STATUS;
	}
	if (sources == 0)
		complain(r, PROBLEM_WARNING, 0, NULL, NULL, "%s",
			tr("the file names no source", "в файле не указан источник"));
	if (statuses == 0)
		complain(r, PROBLEM_WARNING, 0, NULL, NULL, "%s",
			tr("the file does not say whether the year is published (status)",
				"в файле не сказано, опубликован ли год (состояние)"));
}

void workdays_read(struct workdays *workdays, int year, bool region, const char *file,
	const char *text, size_t len, struct problems *problems)
{
	struct workdays_year **slot = &workdays->year[year - WORKDAYS_FIRST_YEAR];
	if (*slot == NULL) {
		*slot = xcalloc(1, sizeof **slot);
		(*slot)->number = year;
	}
	if (region)
		(*slot)->region = true;
	else
		(*slot)->base = true;
	struct reading *r = xcalloc(1, sizeof *r);
	r->year = *slot;
	r->file = file;
	r->problems = problems;
	if (gate_utf8(text, len) && memchr(text, '\0', len) == NULL) {
		read_lines(r, text, len);
		apply_all(r);
	} else {
		complain(r, PROBLEM_ERROR, 0, NULL,
			tr("save it as «CSV UTF-8»", "сохраните его как «CSV UTF-8»"), "%s",
			tr("the file is not UTF-8 text", "файл не в кодировке UTF-8"));
	}
	for (size_t i = 0; i < r->rows; i++)
		row_fini(&r->row[i]);
	free(r);
}
