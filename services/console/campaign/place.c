#include "console/campaign/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "campaign/definition.h"
#include "control/campaign_view.h"
#include "report/words.h"

/* ---- which one --------------------------------------------------------------------------- */

static void choose_round(struct place *place)
{
	const char *wanted = web_query(place->visit->request, "round");
	long long number;
	if (wanted != NULL && gate_int64(wanted, 1, INT32_MAX, &number))
		place->round = rounds_view_number(&place->rounds, number);
	if (place->round == NULL)
		place->round = rounds_view_last(&place->rounds);
}

bool place_open(struct visit *visit, struct place *out)
{
	struct error e = {0};
	const char *slug = web_part(visit->request, "slug");
	*out = (struct place){.visit = visit};
	enum db_step step = campaign_row_by_slug(visit->db, slug, &out->row, &e);
	if (step == DB_ROW && strcmp(out->row.kind, "campaign") == 0) {
		if (rounds_view_read(visit->db, slug, &out->rounds, &e) == 0) {
			choose_round(out);
			return true;
		}
		web_reply_error(visit->request, &e);
	} else if (step == DB_FAILED) {
		web_reply_error(visit->request, &e);
	} else {
		console_not_found(visit, tr("There is no campaign with this name. Perhaps it is still a draft.",
						 "Рассылки с таким именем нет. Возможно, это ещё черновик."));
	}
	return false;
}

void place_fini(struct place *place)
{
	campaign_row_fini(&place->row);
	rounds_view_fini(&place->rounds);
}

char *place_url(const struct place *place, const char *tail)
{
	const char *slash = tail == NULL || tail[0] == '\0' ? "" : "/";
	const char *rest = tail == NULL ? "" : tail;
	if (place->rounds.count > 1 && place->round != NULL)
		return xasprintf("/campaigns/%s%s%s?round=%lld", place->row.slug, slash, rest, (long long)place->round->number);
	return xasprintf("/campaigns/%s%s%s", place->row.slug, slash, rest);
}

/* ---- words ------------------------------------------------------------------------------- */

json_t *campaign_badge(enum campaign_state state)
{
	static const char *const class[] = {[CAMPAIGN_DRAFT] = "quiet", [CAMPAIGN_RUNNING] = "good", [CAMPAIGN_PAUSED] = "warn",
		[CAMPAIGN_CANCELLED] = "bad", [CAMPAIGN_FINISHED] = "quiet"};
	return json_pack("{s:s, s:s}", "text", campaign_state_word(campaign_state_name(state)), "class", class[state]);
}

int share_of(int64_t part, int64_t whole)
{
	return words_percent(part, whole);
}

json_t *show_count(int64_t n, const char *one, const char *few, const char *many)
{
	json_t *number = show_number(n);
	json_t *text = json_sprintf("%s\u00a0%s", json_string_value(number), calendar_plural(n, lang_get(), one, few, many));
	json_decref(number);
	return text;
}

json_t *show_share(const struct ask_counts *counts)
{
	int64_t answered = ask_counts_answered(counts), expected = ask_counts_expected(counts);
	if (counts->asked == 0)
		return json_null();
	json_t *part = show_number(answered), *whole = show_number(expected);
	json_t *share = json_pack("{s:I, s:I, s:i, s:o}", "answered", (json_int_t)answered, "expected", (json_int_t)expected, "share",
		share_of(answered, expected), "words",
		json_sprintf(tr("%s of %s", "%s из %s"), json_string_value(part), json_string_value(whole)));
	json_decref(part);
	json_decref(whole);
	return share;
}

json_t *place_deadline(const struct place *place, int64_t deadline_ms)
{
	char text[DEFINITION_FULL_SIZE];
	return deadline_ms == 0 ? json_null()
				: json_string(definition_deadline_words(deadline_ms, place->rounds.zone, lang_get(), text));
}

json_t *place_moment(const struct place *place, int64_t time_ms)
{
	char text[CALENDAR_TEXT_SIZE];
	struct error e;
	if (time_ms == 0 || calendar_format(time_ms, place->rounds.zone, lang_get(), CALENDAR_FULL, text, &e) != 0)
		return json_null();
	return json_string(text);
}

/* ---- the head of its pages ---------------------------------------------------------------- */

static bool asks_anything(const struct place *place)
{
	for (size_t i = 0; i < place->rounds.count; i++)
		if (place->rounds.item[i].asks)
			return true;
	return false;
}

static json_t *tabs_of(const struct place *place, const char *tab)
{
	static const struct {
		const char *tail, *en, *ru;
		bool asks;
	} all[] = {{"", "Overview", "Обзор", false}, {"answers", "Answers", "Ответы", true},
		{"municipalities", "Municipalities", "Муниципалитеты", true}, {"calls", "Whom to call", "Кому звонить", true},
		{"report", "Report", "Отчёт", true}, {"letters", "Letters", "Письма", false},
		{"change", "Change", "Изменить", false}};
	json_t *tabs = json_array();
	bool asks = asks_anything(place), launched = place->row.launched_ms != 0;
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		if (all[i].asks && (!asks || !launched))
			continue;
		if (strcmp(all[i].tail, "change") == 0 && !visit_may(place->visit, RIGHT_CAMPAIGN_PAUSE) &&
			!visit_may(place->visit, RIGHT_CAMPAIGN_LAUNCH))
			continue;
		char *url = place_url(place, all[i].tail);
		json_array_append_new(tabs, json_pack("{s:s, s:s, s:b}", "url", url, "name", tr(all[i].en, all[i].ru), "current",
						  tab != NULL && strcmp(tab, all[i].tail) == 0));
		free(url);
	}
	return tabs;
}

/* Where several are: each leads to the same page of itself. */
static json_t *rounds_of(const struct place *place, const char *tab)
{
	json_t *rounds = json_array();
	for (size_t i = 0; place->rounds.count > 1 && i < place->rounds.count; i++) {
		const struct round_view *view = &place->rounds.item[i];
		json_array_append_new(rounds,
			json_pack("{s:o, s:o, s:s, s:b}", "url",
				json_sprintf("/campaigns/%s%s%s?round=%lld", place->row.slug, tab == NULL || tab[0] == '\0' ? "" : "/",
					tab == NULL ? "" : tab, (long long)view->number),
				"name",
				view->label[0] != '\0' ? json_string(view->label)
						       : json_sprintf(tr("Round %lld", "Период %lld"), (long long)view->number),
				"state", round_state_words(view->state), "current", view == place->round));
	}
	return rounds;
}

json_t *place_page(const struct place *place, const char *tab, const char *title)
{
	json_t *data = json_pack("{s:o, s:s, s:s, s:s, s:o, s:o, s:o, s:b, s:b, s:b}", "title",
		title == NULL ? json_string(place->row.title) : json_sprintf("%s – %s", title, place->row.title), "here", "campaigns",
		"slug", place->row.slug, "name", place->row.title, "badge", campaign_badge(place->row.state), "tabs",
		tabs_of(place, tab), "rounds", rounds_of(place, tab), "may_launch", visit_may(place->visit, RIGHT_CAMPAIGN_LAUNCH),
		"may_pause", visit_may(place->visit, RIGHT_CAMPAIGN_PAUSE), "may_answer", visit_may(place->visit, RIGHT_ANSWER_WRITE));
	json_object_set_new(data, "several_rounds", json_boolean(place->rounds.count > 1));
	json_object_set_new(data, "round_query",
		place->rounds.count > 1 && place->round != NULL ? json_sprintf("?round=%lld", (long long)place->round->number)
								: json_string(""));
	json_object_set_new(data, "round_number", json_integer(place->round == NULL ? 0 : place->round->number));
	return data;
}
