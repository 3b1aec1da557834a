/* /campaigns/{slug}: how far it is. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "campaign/definition.h"
#include "console/campaign/part.h"
#include "console/people/approval.h"
#include "control/campaign_view.h"

#define HOUR_MS INT64_C(3600000)
#define POINTS_MOST 240 /* of the chart */
#define PLAN_MOST 60

/* ---- sending --------------------------------------------------------------------------- */

static json_t *span_words(double seconds)
{
	if (seconds < 90)
		return json_string(tr("about a minute", "около минуты"));
	if (seconds < 5400)
		return json_sprintf(tr("about %d min", "около %d мин"), (int)(seconds / 60 + 0.5));
	return json_sprintf(tr("about %d h", "около %d ч"), (int)(seconds / 3600 + 0.5));
}

/* ?seen=<done>.<when>: what this page showed last; two looks make a rate. */
static double rate_since(const struct visit *visit, const struct campaign_view *view)
{
	const char *seen = web_query(visit->request, "seen");
	char *end;
	if (seen == NULL)
		return 0;
	long long done = strtoll(seen, &end, 10), when = *end == '.' ? strtoll(end + 1, &end, 10) : 0;
	int64_t span_ms = when <= 0 ? 0 : clock_now_ms() - when;
	if (span_ms < 500 || span_ms > 60000 || done < 0 || view->done <= done)
		return 0;
	return (double)(view->done - done) * 1000 / (double)span_ms;
}

static json_t *number_or_null(int64_t n)
{
	return n == 0 ? json_null() : show_number(n);
}

static json_t *reasons(const struct campaign_why *why, size_t count)
{
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++) {
		const char *advice = campaign_why_advice(why[i].code);
		json_array_append_new(list, json_pack("{s:s, s:o}", "text", why[i].text, "advice", show_text(advice)));
	}
	return list;
}

static int add_sending(struct place *place, json_t *data, struct error *e)
{
	struct visit *visit = place->visit;
	struct campaign_view view;
	struct campaign_why why[CAMPAIGN_WHY_MAX];
	size_t count = 0;
	if (campaign_view_read(visit->db, place->row.slug, &view, e) != 0) {
		campaign_view_fini(&view);
		return -1;
	}
	double rate = rate_since(visit, &view);
	int rc = rate > 0 && view.row.state == CAMPAIGN_RUNNING
		? 0
		: campaign_why_not(visit->console->settings, visit->db, &view, why, &count, e);
	const int64_t *n = view.counts;
	int64_t sent = n[DELIVERY_ACCEPTED] + n[DELIVERY_DELIVERED], lost = n[DELIVERY_FAILED] + n[DELIVERY_BOUNCED];
	bool moves = view.row.state == CAMPAIGN_RUNNING && (view.open > 0 || !view.row.expanded);
	json_object_set_new(data, "sending",
		json_pack("{s:I, s:I, s:o, s:o, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b}", "done", (json_int_t)view.done,
			"total_n", (json_int_t)view.row.total, "sent", show_number(sent), "total", show_number(view.row.total), "share",
			share_of(view.done, view.row.total), "open", number_or_null(view.open), "lost", number_or_null(lost), "unsent",
			number_or_null(n[DELIVERY_EXPIRED] + n[DELIVERY_CANCELLED] + n[DELIVERY_SUPPRESSED]), "uncertain",
			number_or_null(n[DELIVERY_UNCERTAIN]), "rate", rate > 0 ? show_number((int64_t)(rate + 0.5)) : json_null(), "left",
			rate > 0 && view.open > 0 ? span_words((double)view.open / rate) : json_null(), "why", reasons(why, count), "has_why",
			count > 0, "writing", !view.row.expanded && view.row.state == CAMPAIGN_RUNNING));
	json_object_set_new(data, "refresh",
		moves ? json_sprintf("/campaigns/%s/progress?seen=%" PRId64 ".%" PRId64, place->row.slug, view.done, clock_now_ms())
		      : json_null());
	campaign_view_fini(&view);
	return rc;
}

/* ---- answers ------------------------------------------------------------------------------ */

static int add_answers(struct place *place, json_t *data, struct error *e)
{
	const struct round_view *round = place->round;
	struct ask_troubles troubles;
	json_object_set_new(data, "answers", json_null());
	if (round == NULL || round->id == 0 || round->asks_counts.asked == 0)
		return 0;
	if (ask_troubles_read(place->visit->db, round, &troubles, e) != 0)
		return -1;
	const struct ask_counts *n = &round->asks_counts;
	int64_t answered = ask_counts_answered(n), expected = ask_counts_expected(n);
	json_object_set_new(data, "answers",
		json_pack("{s:o, s:o, s:I, s:I, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "answered", show_number(answered),
			"expected", show_number(expected), "answered_n", (json_int_t)answered, "expected_n", (json_int_t)expected, "share",
			share_of(answered, expected), "silent", show_number(expected - answered), "partial", number_or_null(n->partial),
			"received", number_or_null(n->received), "withdrawn", number_or_null(n->withdrawn), "undelivered",
			number_or_null(troubles.undelivered), "late", number_or_null(troubles.late), "differing",
			number_or_null(troubles.differing), "deadline", place_deadline(place, round->deadline_ms)));
	return 0;
}

/* ---- the chart: how many have answered by when ------------------------------------------------- */

struct point {
	int64_t time_ms, n;
};

static int read_points(struct place *place, struct point **out, size_t *count, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	*out = NULL;
	*count = 0;
	/* the first that came from each; of all its asks, whatever their number, some 0.2 s at 100,000 */
	if (db_query(place->visit->db, &stmt, e,
		    "SELECT n.received_ms / 3600000, COUNT(*) FROM ask a JOIN answer n ON n.ask = a.id AND n.version = 1"
		    " WHERE a.round = $1 AND a.level = 0 AND a.state IN ('received', 'partial', 'confirmed')"
		    " GROUP BY n.received_ms / 3600000 ORDER BY 1", "i", place->round->id) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW) {
		if ((*count & (*count - 1)) == 0)
			*out = xrealloc(*out, *count == 0 ? 1 : *count * 2, sizeof **out);
		(*out)[(*count)++] = (struct point){(db_int(stmt, 0) + 1) * HOUR_MS, db_int(stmt, 1)};
	}
	return step == DB_FAILED ? -1 : 0;
}

static void add_point(struct place *place, json_t *rows, int64_t time_ms, int64_t sum)
{
	json_array_append_new(rows, json_pack("{s:I, s:I, s:o, s:o}", "x", (json_int_t)(time_ms / 1000), "y", (json_int_t)sum,
					"when", place_moment(place, time_ms), "sum", show_number(sum)));
}

static json_t *curve(struct place *place, const struct point *points, size_t count)
{
	json_t *rows = json_array();
	int64_t sum = 0, first_ms = place->round->starts_ms != 0 ? place->round->starts_ms : points[0].time_ms - HOUR_MS;
	size_t every = count / POINTS_MOST + 1;
	int64_t now_ms = clock_now_ms(), deadline_ms = place->round->deadline_ms, last_ms = points[count - 1].time_ms;
	int64_t end_ms = deadline_ms != 0 && deadline_ms < now_ms ? deadline_ms : now_ms;
	if (first_ms < points[0].time_ms)
		add_point(place, rows, first_ms, 0);
	for (size_t i = 0; i < count; i++) {
		sum += points[i].n;
		if (i % every == every - 1 || i + 1 == count)
			add_point(place, rows, points[i].time_ms < now_ms ? points[i].time_ms : now_ms, sum);
	}
	if (last_ms < end_ms) /* nobody since: the line goes on to where we are, or where it was too late */
		add_point(place, rows, end_ms, sum);
	return rows;
}

static int add_chart(struct place *place, json_t *data, struct error *e)
{
	struct point *points;
	size_t count;
	json_object_set_new(data, "chart", json_null());
	if (place->round == NULL || ask_counts_answered(&place->round->asks_counts) == 0)
		return 0;
	int rc = read_points(place, &points, &count, e);
	if (rc == 0 && count > 0) {
		json_object_set_new(data, "chart",
			json_pack("{s:o, s:o, s:I, s:o}", "rows", curve(place, points, count), "deadline",
				place->round->deadline_ms == 0 ? json_null() : json_integer(place->round->deadline_ms / 1000), "expected",
				(json_int_t)ask_counts_expected(&place->round->asks_counts), "deadline_words",
				place_deadline(place, place->round->deadline_ms)));
		json_object_set_new(data, "charts", json_true());
	}
	free(points);
	return rc;
}

/* ---- what happens when ---------------------------------------------------------------------------- */

struct planning {
	struct place *place;
	json_t *done, *next;
	int64_t last_due_ms; /* of the line added last */
	char last_kind[32];
};

/* Reminders of several time zones stand in one line when they are due at the same moment. */
static int take_line(void *arg, const struct plan_line *line)
{
	struct planning *p = arg;
	bool planned = strcmp(line->state, "planned") == 0;
	json_t *list = planned ? p->next : p->done;
	if (planned && json_array_size(list) > 0 && line->due_ms == p->last_due_ms && strcmp(line->kind, p->last_kind) == 0)
		return 0;
	p->last_due_ms = line->due_ms;
	(void)snprintf(p->last_kind, sizeof p->last_kind, "%s", line->kind);
	if (json_array_size(list) >= PLAN_MOST)
		return 0;
	bool overtaken = strcmp(line->state, "overtaken") == 0 || strcmp(line->state, "withdrawn") == 0;
	json_array_append_new(list,
		json_pack("{s:s, s:o, s:s, s:o, s:s, s:o}", "what", plan_words(line->kind), "when", place_moment(p->place, line->due_ms),
			"state", plan_words(line->state), "reason", show_text(line->reason), "class",
			planned ? (json_array_size(list) == 0 ? "now" : "") : overtaken ? "" : "done", "letters",
			line->letters == 0 ? json_null()
					   : show_count(line->letters, tr("letter", "письмо"), tr("letters", "письма"), "писем")));
	return 0;
}

static int add_plan(struct place *place, json_t *data, struct error *e)
{
	struct planning p = {.place = place, .done = json_array(), .next = json_array()};
	int rc = place->round == NULL
		? 0
		: plan_lines_each(place->visit->db, place->row.id, place->round->number, take_line, &p, e);
	json_object_set_new(data, "has_next", json_boolean(json_array_size(p.next) > 0));
	json_object_set_new(data, "has_done", json_boolean(json_array_size(p.done) > 0));
	json_object_set_new(data, "next_steps", p.next);
	json_object_set_new(data, "done_steps", p.done);
	return rc;
}

/* ---- what it is, and who sent it ---------------------------------------------------------------- */

static json_t *person_words(const json_t *person)
{
	const char *name = json_string_value(json_object_get(person, "name"));
	const char *position = json_string_value(json_object_get(person, "position"));
	const char *phone = json_string_value(json_object_get(person, "phone"));
	if (name == NULL && position == NULL)
		return json_null();
	return json_sprintf("%s%s%s%s%s", position == NULL ? "" : position, position != NULL && name != NULL ? " " : "",
		name == NULL ? "" : name, phone == NULL ? "" : ", ", phone == NULL ? "" : phone);
}

static void add_fact(json_t *facts, const char *name, json_t *value)
{
	if (json_is_string(value))
		json_array_append_new(facts, json_pack("{s:s, s:o}", "name", name, "value", value));
	else
		json_decref(value);
}

/* Who launched it: the audit log's word. */
static json_t *launched_by(struct place *place, struct error *e)
{
	struct db_stmt *stmt;
	json_t *words = json_null();
	char *subject = xasprintf("campaign:%s", place->row.slug);
	if (db_query(place->visit->db, &stmt, e,
		    "SELECT actor FROM audit_entry WHERE subject = $1 AND action = 'campaign.launch' ORDER BY number DESC LIMIT 1", "s",
		    subject) == 0 &&
		db_step(stmt, e) == DB_ROW) {
		words = json_string(db_text(stmt, 0));
		db_reset(stmt);
	}
	free(subject);
	return words;
}

static json_t *approved_by(struct place *place, struct error *e)
{
	struct db_stmt *stmt;
	json_t *words = json_null();
	if (db_query(place->visit->db, &stmt, e,
		    "SELECT decided_by, decided_ms FROM approval WHERE campaign = $1 AND content_hash = $2 AND state = 'approved'", "ss",
		    place->row.slug, place->row.content_hash) != 0)
		return words;
	if (db_step(stmt, e) == DB_ROW) {
		json_t *when = show_time(place->visit, db_int(stmt, 1));
		words = json_sprintf("%s, %s", db_text(stmt, 0), json_is_string(when) ? json_string_value(when) : "");
		json_decref(when);
		db_reset(stmt);
	}
	return words;
}

static int add_facts(struct place *place, json_t *data, struct error *e)
{
	struct db_stmt *stmt;
	if (db_query(place->visit->db, &stmt, e, "SELECT definition, created_by FROM campaign WHERE id = $1", "i", place->row.id) != 0)
		return -1;
	enum db_step step = db_step(stmt, e);
	if (step != DB_ROW)
		return step == DB_FAILED ? -1 : 0;
	json_t *definition = json_loads(db_text(stmt, 0), 0, NULL), *facts = json_array();
	json_t *author = show_text(db_text(stmt, 1));
	db_reset(stmt);
	const json_t *document = json_object_get(definition, "document"), *from = json_object_get(definition, "from");
	char *number = definition_document_words(definition, lang_get());
	add_fact(facts, tr("Document", "Документ"), show_text(number));
	add_fact(facts, tr("In reply to", "Связь"), show_text(json_string_value(json_object_get(definition, "follows"))));
	add_fact(facts, tr("Signed by", "Подписал(а)"), person_words(json_object_get(document, "signatory")));
	add_fact(facts, tr("Performer", "Исполнитель"), person_words(json_object_get(document, "performer")));
	add_fact(facts, tr("Control", "Контроль"), person_words(json_object_get(definition, "controller")));
	add_fact(facts, tr("Sent from", "От кого"),
		json_sprintf("%s <%s>", json_string_value(json_object_get(from, "name")) == NULL ? "" : json_string_value(json_object_get(from, "name")),
			json_string_value(json_object_get(from, "address")) == NULL ? "" : json_string_value(json_object_get(from, "address"))));
	add_fact(facts, tr("Launched", "Запущена"), show_time(place->visit, place->row.launched_ms));
	json_t *launcher = launched_by(place, e);
	if (!json_is_string(launcher)) {
		json_decref(launcher);
		launcher = json_incref(author);
	}
	json_decref(author);
	add_fact(facts, tr("Launched by", "Кто запустил(а)"), launcher);
	add_fact(facts, tr("Approved by", "Согласовал(а)"), approved_by(place, e));
	add_fact(facts, tr("Ended", "Завершена"), show_time(place->visit, place->row.finished_ms));
	free(number);
	json_decref(definition);
	json_object_set_new(data, "facts", facts);
	return e->code == ERROR_NONE ? 0 : -1;
}

/* Of a draft: whoever decides reads it here. */
static int add_approval(struct place *place, json_t *data, struct error *e)
{
	json_t *card = place->row.state != CAMPAIGN_DRAFT
		? json_null()
		: approval_card(place->visit, place->row.slug, place->row.content_hash, e);
	json_object_set_new(data, "approval", card);
	return card == NULL ? -1 : 0;
}

/* ---- the pages ------------------------------------------------------------------------------------ */

void page_overview(struct visit *visit)
{
	struct place place;
	struct error e = {0};
	if (place_open(visit, &place)) {
		json_t *data = place_page(&place, "", NULL);
		json_object_set_new(data, "reason", show_text(place.row.state_reason));
		if (add_approval(&place, data, &e) == 0 && add_sending(&place, data, &e) == 0 && add_answers(&place, data, &e) == 0 && add_chart(&place, data, &e) == 0 &&
			add_plan(&place, data, &e) == 0 && add_facts(&place, data, &e) == 0) {
			console_page(visit, 200, "campaign_overview", data);
		} else {
			json_decref(data);
			web_reply_error(visit->request, &e);
		}
	}
	place_fini(&place);
}

/* What htmx asks for again while letters go. */
void piece_progress(struct visit *visit)
{
	struct place place;
	struct error e = {0};
	if (place_open(visit, &place)) {
		json_t *data = place_page(&place, "", NULL);
		if (add_sending(&place, data, &e) == 0) {
			console_piece(visit, "campaign_progress", data);
		} else {
			json_decref(data);
			web_reply_error(visit->request, &e);
		}
	}
	place_fini(&place);
}
