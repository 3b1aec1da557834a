/* One draft on its way through the steps. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "calendar/day.h"
#include "console/compose/part.h"

const char *const draft_paths[STEPS] = {"letter", "audience", "dates", "check", "text"};

bool draft_open(struct visit *visit, struct draft *draft)
{
	struct error e = {0};
	*draft = (struct draft){.visit = visit};
	enum db_step step = compose_read(visit->db, web_part(visit->request, "slug"), &draft->composition, &e);
	const char *slug = web_part(visit->request, "slug");
	int64_t one;
	/* approved meanwhile, or launched: who has the old address means this */
	if (step != DB_FAILED &&
		db_query_int(visit->db, &one, &e, "SELECT 1 FROM campaign WHERE slug = $1 AND state <> 'draft' AND kind = 'campaign'", "s", slug) == DB_ROW) {
		char *campaign = xasprintf("/campaigns/%s", slug);
		web_redirect(visit->request, campaign);
		free(campaign);
		draft_close(draft);
		return false;
	}
	if (step == DB_ROW)
		return true;
	if (step == DB_FAILED)
		web_reply_error(visit->request, &e);
	else
		console_not_found(visit, tr("There is no such draft: it was launched, renamed or deleted.",
						 "Такого черновика нет: его запустили, переименовали или удалили."));
	return false;
}

void draft_close(struct draft *draft)
{
	composition_fini(&draft->composition);
	campaign_folder_free(&draft->folder);
	problems_fini(&draft->problems);
	json_decref(draft->theirs);
	draft->theirs = NULL;
}

char *draft_url(const struct draft *draft, enum draft_step step)
{
	return xasprintf("/compose/%s/%s", draft->composition.slug, draft_paths[step]);
}

/* ---- loading ------------------------------------------------------------------------------ */

#define EXAMPLE_DAYS 14

/* A letter is looked at long before its deadline and audience are said. */
static bool says_whom(const json_t *form)
{
	static const char *const lists[] = {"audience.kinds", "audience.regions", "audience.municipalities", "audience.keys", "audience.conditions"};
	bool some = form_flag(form, "audience.everybody") || form_text(form, "audience.list.file")[0] != '\0';
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		some = some || json_array_size(form_at(form, lists[i])) > 0;
	return some;
}

/* The day the example's answers are due. */
static void example_deadline(const struct draft *draft, json_t *ask, bool *example)
{
	char day[DAY_TEXT_SIZE];
	int32_t today;
	struct error e;
	if (strlen(form_text(ask, "deadline")) < 10 &&
		day_of_ms(clock_now_ms(), draft->visit->console->settings->zone, &today, &e) == 0) {
		json_object_set_new(ask, "deadline", json_sprintf("%s 18:00", day_iso(today + EXAMPLE_DAYS, day)));
		*example = true;
	}
	if (json_array_size(json_object_get(ask, "answer")) == 0)
		json_object_set_new(ask, "answer", json_pack("[{s:s,s:s,s:s}]", "field", "example", "label", "…", "type", "text"));
}

static void put_everybody(json_t *form)
{
	json_t *roles = json_incref(form_at(form, "audience.roles"));
	json_object_set_new(form, "audience", json_pack("{s:b, s:o*}", "everybody", 1, "roles", roles));
}

static void put_blank_letter(json_t *form)
{
	json_object_set_new(form, "letters", json_pack("{s:s}", "first", "# …\n\n…\n"));
	json_object_del(form, "attachments");
	json_object_del(form, "document");
}

/* One step is looked at while others are not done yet: those are stood in for. */
static json_t *with_stand_ins(const struct draft *draft, enum draft_look look, bool everybody, bool *example)
{
	json_t *form = json_deep_copy(draft->composition.form), *ask = json_object_get(form, "ask");
	*example = false;
	if (form_text(form, "yaml")[0] != '\0')
		return form;
	if (form_text(form, "title")[0] == '\0')
		json_object_set_new(form, "title", json_string("…"));
	if (look == LOOK_EXAMPLE && ask != NULL && form_flag(form, "ask.wanted"))
		example_deadline(draft, ask, example);
	/* Who is asked through whom is said two steps later. */
	if (look == LOOK_EXAMPLE && form_text(ask, "through")[0] == '\0' && strstr(form_text(form, "letters.first"), "link.cascade") != NULL)
		json_object_set_new(ask, "through", json_string("municipality"));
	if (look == LOOK_AUDIENCE)
		json_object_del(form, "ask");
	if (look == LOOK_AUDIENCE || look == LOOK_DATES)
		put_blank_letter(form);
	if (look == LOOK_AUDIENCE)
		json_object_del(form, "send");
	if (look == LOOK_DATES || (look == LOOK_EXAMPLE && (everybody || !says_whom(form))))
		put_everybody(form);
	if (look == LOOK_DATES)
		json_object_del(form, "data");
	return form;
}

/* Looking at every row of a large directory takes seconds: the last step does it. */
#define LARGE_DIRECTORY 20000

static bool is_large(struct draft *draft)
{
	int64_t one;
	struct error e;
	return db_query_int(draft->visit->db, &one, &e, "SELECT 1 FROM organisation WHERE active = 1 LIMIT 1 OFFSET $1", "i", (int64_t)LARGE_DIRECTORY) == DB_ROW;
}

bool draft_load(struct draft *draft, enum draft_look look)
{
	struct error e = {0};
	struct visit *visit = draft->visit;
	const struct settings *settings = visit->console->settings;
	struct composition shown = draft->composition;
	/* A mistake in the audience is another step's: the letter is shown for somebody. */
	for (int everybody = 0; everybody < 2; everybody++) {
		json_t *examples = NULL;
		if (look != LOOK_WHOLE)
			shown.form = examples = with_stand_ins(draft, look, everybody == 1, &draft->example);
		if (everybody == 1)
			problems_fini(&draft->problems);
		draft->folder = look == LOOK_WHOLE || (look == LOOK_AUDIENCE && !is_large(draft)) ? compose_load(visit->db, settings, &shown, &draft->problems, &e)
						   : compose_load_quick(visit->db, settings, &shown, &draft->problems, &e);
		json_decref(examples);
		if (look != LOOK_EXAMPLE || draft->folder != NULL)
			break;
	}
	if (draft->folder == NULL && e.code != ERROR_NONE) {
		web_reply_error(visit->request, &e);
		return false;
	}
	return true;
}

/* ---- problems ------------------------------------------------------------------------------ */

/* Which step a place of the form stands on. */
static enum draft_step step_of(const char *field)
{
	static const struct {
		const char *begin;
		enum draft_step step;
	} places[] = {{"audience", STEP_AUDIENCE}, {"data", STEP_AUDIENCE}, {"send", STEP_DATES}, {"ask", STEP_DATES},
		{"acknowledge", STEP_DATES}, {"controller", STEP_DATES}, {"rate", STEP_DATES}, {"publish", STEP_DATES},
		{"yaml", STEP_TEXT}, {"texts", STEP_TEXT}};
	size_t len = field == NULL ? 0 : strcspn(field, ".");
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
		if (strlen(places[i].begin) == len && strncmp(places[i].begin, field, len) == 0)
			return places[i].step;
	return field == NULL ? STEP_CHECK : STEP_LETTER;
}

static bool is_error(const struct problem *problem)
{
	return problem->severity == PROBLEM_ERROR;
}

static bool belongs(const struct problem *problem, enum draft_step step)
{
	return step == STEP_CHECK || step_of(problem->field) == step;
}

json_t *draft_wrong(const struct draft *draft, const char *path)
{
	for (size_t i = 0; i < draft->problems.count; i++) {
		const struct problem *p = &draft->problems.item[i];
		if (is_error(p) && p->field != NULL && strcmp(p->field, path) == 0)
			return p->hint == NULL ? json_string(p->text) : json_sprintf("%s. %s", p->text, p->hint);
	}
	return json_null();
}

json_t *draft_problems(const struct draft *draft, enum draft_step step, bool errors)
{
	json_t *list = json_array();
	for (size_t i = 0; i < draft->problems.count; i++) {
		const struct problem *p = &draft->problems.item[i];
		if (is_error(p) != errors || !belongs(p, step))
			continue;
		char *href = xasprintf("/compose/%s/%s#%s", draft->composition.slug, draft_paths[step_of(p->field) == STEP_CHECK ? STEP_LETTER : step_of(p->field)],
			p->field == NULL ? "" : p->field);
		char *where = p->line == 0 ? NULL
					   : xasprintf(tr("%s%sline %d", "%s%sстрока %d"), p->file == NULL ? "" : p->file, p->file == NULL ? "" : ", ", p->line);
		json_array_append_new(list, json_pack("{s:s, s:s?, s:s?, s:s?}", "text", p->text, "hint", p->hint, "href",
						    step == STEP_CHECK || p->field == NULL ? href : strchr(href, '#'), "where", where));
		free(where);
		free(href);
	}
	return list;
}

/* ---- the frame of every step ---------------------------------------------------------------- */

static bool wrong_step(const struct draft *draft, enum draft_step step)
{
	for (size_t i = 0; i < draft->problems.count; i++)
		if (is_error(&draft->problems.item[i]) && step_of(draft->problems.item[i].field) == step)
			return true;
	return false;
}

static json_t *steps_of(const struct draft *draft, enum draft_step now)
{
	static const struct {
		const char *en, *ru;
	} names[] = {{"Letter", "Письмо"}, {"Recipients", "Адресаты"}, {"Dates and questions", "Сроки и вопросы"},
		{"Check and launch", "Проверка и запуск"}, {"Text of the campaign", "Текст рассылки"}};
	static const enum draft_step form[] = {STEP_LETTER, STEP_AUDIENCE, STEP_DATES, STEP_CHECK}, text[] = {STEP_TEXT, STEP_CHECK};
	bool own = form_text(draft->composition.form, "yaml")[0] != '\0';
	const enum draft_step *order = own ? text : form;
	json_t *steps = json_array();
	for (size_t i = 0; i < (own ? 2 : 4); i++) {
		enum draft_step step = order[i];
		char *url = draft_url(draft, step);
		/* Of steps that lie ahead nothing is wrong yet. */
		json_array_append_new(steps, json_pack("{s:s, s:s, s:b, s:b, s:b}", "url", url, "name", tr(names[step].en, names[step].ru),
						     "here", step == now, "wrong", step != now && (now == STEP_CHECK || now == STEP_TEXT) && wrong_step(draft, step),
						     "done", step < now && now != STEP_TEXT && !wrong_step(draft, step)));
		free(url);
	}
	return steps;
}

json_t *draft_page(struct draft *draft, enum draft_step step)
{
	const struct composition *c = &draft->composition;
	json_t *errors = draft_problems(draft, step, true), *notes = draft_problems(draft, step, false);
	json_t *data = json_pack("{s:s, s:s, s:s, s:s, s:I, s:o, s:b, s:b, s:o, s:o, s:s?, s:O?}", "title", c->title, "here", "campaigns", "slug", c->slug, "step",
		draft_paths[step], "version", (json_int_t)c->version, "steps", steps_of(draft, step), "any_errors", json_array_size(errors) > 0,
		"any_notes", json_array_size(notes) > 0, "errors", errors, "notes", notes, "conflict", draft->conflict, "theirs", draft->theirs);
	json_object_set_new(data, "saved", json_pack("{s:o, s:s}", "ago", show_ago(c->changed_ms), "by", c->changed_by));
	return data;
}

void draft_show(struct draft *draft, int status, enum draft_step step, json_t *data)
{
	char *page = xasprintf("compose_%s", draft_paths[step]);
	console_page(draft->visit, status, page, data);
	free(page);
}

void show_step(struct draft *draft, enum draft_step step, int status)
{
	switch (step) {
	case STEP_LETTER:
		show_letter(draft, status);
		break;
	case STEP_AUDIENCE:
		show_audience(draft, status);
		break;
	case STEP_DATES:
		show_dates(draft, status);
		break;
	case STEP_TEXT:
		show_step_text(draft, status);
		break;
	default:
		show_check(draft, status);
	}
}
