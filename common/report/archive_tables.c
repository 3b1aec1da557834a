#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "message/status.h"
#include "report/archive_parts.h"
#include "report/words.h"
#include "report/write.h"

#define PAGE 1000 /* rows a read transaction */

static const char *or_empty(const char *text)
{
	return text == NULL ? "" : text;
}

static void end_row(FILE *out)
{
	(void)fputs("\r\n", out);
}

static void put_int(FILE *out, int64_t n)
{
	(void)fprintf(out, ";%lld", (long long)n);
}

static void put_moment(const struct archive *a, FILE *out, int64_t time_ms)
{
	char text[WORDS_SIZE];
	csv_cell(out, words_moment(time_ms, a->zone, a->lang, text));
}

static void titles(FILE *out, const char *const *title)
{
	(void)fputs("\xef\xbb\xbf", out);
	for (size_t i = 0; title[i] != NULL; i++)
		(i == 0 ? csv_first : csv_cell)(out, title[i]);
	end_row(out);
}

/* ---- rounds ------------------------------------------------------------------------------ */

int archive_rounds(struct archive *a, int (*each)(struct archive *a, const struct archive_round *round, struct error *e),
	struct error *e)
{
	struct db_stmt *stmt;
	struct archive_round *round = NULL;
	size_t count = 0;
	enum db_step step = DB_FAILED;
	int rc = db_query(a->db, &stmt, e,
		"SELECT id, number, label FROM round WHERE campaign = $1 AND state IN ('open', 'closed', 'withdrawn') ORDER BY number",
		"i", a->campaign);
	while (rc == 0 && (step = db_step(stmt, e)) == DB_ROW) {
		if ((count & (count - 1)) == 0)
			round = xrealloc(round, count == 0 ? 1 : count * 2, sizeof *round);
		round[count] = (struct archive_round){.id = db_int(stmt, 0), .number = db_int(stmt, 1)};
		snprintf(round[count].label, sizeof round[count].label, "%s", or_empty(db_text(stmt, 2)));
		count++;
	}
	rc = rc == 0 && step != DB_FAILED ? 0 : -1;
	for (size_t i = 0; i < count && rc == 0; i++)
		rc = each(a, &round[i], e);
	free(round);
	return rc < 0 ? -1 : 0;
}

/* ---- whom, and what became of it --------------------------------------------------------------- */

struct letters { /* a walk over the deliveries of a round, in order of step, recipient, contact */
	FILE *out;
	const struct archive_round *round;
	int64_t step, recipient, contact, last_recipient;
	bool audience; /* only whom: without what became of it */
};

static const char *state_words(int state, enum lang lang)
{
	static const char *const ru[] = {"ждёт", "отправляется", "неизвестно", "отложено", "возвращено", "принято",
		"доставлено", "вернулось", "не принято", "не отправлено: поздно", "отменено", "адрес исключён"};
	if (lang == LANG_RU && state >= 0 && (size_t)state < sizeof ru / sizeof ru[0])
		return ru[state];
	return delivery_state_name((enum delivery_state)state);
}

static void put_letter(const struct archive *a, struct letters *l, struct db_stmt *row)
{
	FILE *out = l->out;
	(void)fprintf(out, "%lld", (long long)l->round->number);
	csv_cell(out, or_empty(db_text(row, 2)));
	csv_cell(out, or_empty(db_text(row, 3)));
	csv_cell(out, or_empty(db_text(row, 4)));
	csv_cell(out, or_empty(db_text(row, 5)));
	csv_cell(out, or_empty(db_text(row, 6)));
	if (!l->audience) {
		put_int(out, l->step);
		csv_cell(out, state_words((int)db_int(row, 7), a->lang));
		put_moment(a, out, db_int(row, 8));
		put_int(out, db_int(row, 9));
		if (db_is_null(row, 10))
			csv_cell(out, "");
		else
			put_int(out, db_int(row, 10));
		csv_cell(out, or_empty(db_text(row, 11)));
	}
	end_row(out);
}

static int read_letters(const struct archive *a, struct letters *l, size_t *count, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	*count = 0;
	if (db_query(a->db, &stmt, e,
		    "SELECT d.recipient, d.contact, o.key, o.name, o.region, o.municipality, d.address, d.state, d.updated_ms,"
		    " d.attempts, d.code, d.reason FROM delivery d LEFT JOIN organisation o ON o.id = d.recipient"
		    " WHERE d.round = $1 AND d.step = $2 AND (d.recipient > $3 OR (d.recipient = $3 AND d.contact > $4))"
		    " ORDER BY d.recipient, d.contact LIMIT $5",
		    "iiiii", l->round->id, l->step, l->recipient, l->contact, (int64_t)PAGE) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW) {
		l->recipient = db_int(stmt, 0);
		l->contact = db_int(stmt, 1);
		put_letter(a, l, stmt);
		(*count)++;
	}
	return step == DB_DONE ? 0 : -1;
}

static int walk_step(const struct archive *a, struct letters *l, struct error *e)
{
	size_t count = PAGE;
	l->recipient = l->contact = INT64_MIN;
	while (count == PAGE)
		if (read_letters(a, l, &count, e) != 0)
			return -1;
	return 0;
}

/* The letters that tell whom: reminders, corrections and the like only repeat some. */
static bool begins(const struct archive *a, int64_t step)
{
	const json_t *item;
	size_t i;
	json_array_foreach(json_object_get(a->definition, "steps"), i, item)
	{
		const char *kind = json_string_value(json_object_get(item, "kind"));
		if (json_integer_value(json_object_get(item, "step")) == step && kind != NULL)
			return strcmp(kind, "first") == 0 || strcmp(kind, "collect") == 0 || strcmp(kind, "acknowledge") == 0;
	}
	return step == 0;
}

static int walk_letters(struct archive *a, const struct archive_round *round, FILE *out, bool audience, struct error *e)
{
	struct letters l = {.out = out, .round = round, .step = -1, .audience = audience};
	enum db_step found;
	while ((found = db_query_int(a->db, &l.step, e,
			"SELECT step FROM delivery WHERE round = $1 AND step > $2 ORDER BY step LIMIT 1", "ii", round->id,
			l.step)) == DB_ROW) {
		if ((!audience || begins(a, l.step)) && walk_step(a, &l, e) != 0)
			return -1;
	}
	return found == DB_DONE ? 0 : -1;
}

static int round_audience(struct archive *a, const struct archive_round *round, struct error *e)
{
	return walk_letters(a, round, case_stream(a->file), true, e);
}

static int round_outcomes(struct archive *a, const struct archive_round *round, struct error *e)
{
	return walk_letters(a, round, case_stream(a->file), false, e);
}

int archive_outcomes(struct archive *a, struct error *e)
{
	const char *const whom[] = {word(a->lang, "Round", "Период"), word(a->lang, "Key", "Ключ"),
		word(a->lang, "Organisation", "Организация"), word(a->lang, "Region", "Регион"),
		word(a->lang, "Municipality", "Муниципалитет"), word(a->lang, "Address", "Адрес"), NULL};
	const char *const what[] = {whom[0], whom[1], whom[2], whom[3], whom[4], whom[5], word(a->lang, "Letter", "Письмо"),
		word(a->lang, "State", "Состояние"), word(a->lang, "When", "Когда"), word(a->lang, "Deferrals", "Отсрочек"),
		word(a->lang, "Code", "Код"), word(a->lang, "Words of the mail system", "Ответ почтовой системы"), NULL};
	titles(case_begin(a->file, "audience.csv"), whom);
	if (archive_rounds(a, round_audience, e) != 0 || case_end(a->file, e) != 0)
		return -1;
	titles(case_begin(a->file, "outcomes.csv"), what);
	return archive_rounds(a, round_outcomes, e) == 0 ? case_end(a->file, e) : -1;
}

/* ---- the plan -------------------------------------------------------------------------------------- */

int archive_plan(struct archive *a, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	const char *const title[] = {word(a->lang, "Round", "Период"), word(a->lang, "What", "Что"),
		word(a->lang, "Zone, calendar", "Часовой пояс, календарь"), word(a->lang, "Due", "Срок"), word(a->lang, "State", "Состояние"),
		word(a->lang, "Done", "Сделано"), word(a->lang, "Letters", "Писем"), word(a->lang, "Why", "Пояснение"), NULL};
	FILE *out = case_begin(a->file, "plan.csv");
	titles(out, title);
	if (db_query(a->db, &stmt, e,
		    "SELECT r.number, p.kind, p.place, p.due_ms, p.state, p.done_ms, p.letters, p.reason FROM plan p"
		    " JOIN round r ON r.id = p.round WHERE p.campaign = $1 ORDER BY p.due_ms, p.id", "i", a->campaign) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW) {
		(void)fprintf(out, "%lld", (long long)db_int(stmt, 0));
		csv_cell(out, or_empty(db_text(stmt, 1)));
		csv_cell(out, or_empty(db_text(stmt, 2)));
		put_moment(a, out, db_int(stmt, 3));
		csv_cell(out, or_empty(db_text(stmt, 4)));
		put_moment(a, out, db_int(stmt, 5));
		put_int(out, db_int(stmt, 6));
		csv_cell(out, or_empty(db_text(stmt, 7)));
		end_row(out);
	}
	return step == DB_DONE ? case_end(a->file, e) : -1;
}
