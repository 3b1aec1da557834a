/* /campaigns/{slug}/correct: a mended letter; /campaigns/{slug}/repeat: a draft for the silent alone. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "calendar/day.h"
#include "campaign/amend.h"
#include "compose/compose.h"
#include "compose/form.h"
#include "console/campaign/change.h"
#include "console/campaign/part.h"

#define PROBLEMS_SHOWN 30

/* ---- correct --------------------------------------------------------------------------------- */

/* The first letter as it was stored; NULL when it is not there. The caller frees. */
static char *stored_letter(struct visit *visit, int64_t campaign)
{
	struct db_stmt *stmt;
	struct error e;
	char *text = NULL;
	if (db_query(visit->db, &stmt, &e,
		    "SELECT b.data FROM campaign_file f JOIN blob b ON b.hash = f.hash WHERE f.campaign = $1 AND f.purpose = 'letter'"
		    " AND f.name = 'first'", "i", campaign) == 0 &&
		db_step(stmt, &e) == DB_ROW) {
		size_t len;
		const void *data = db_blob(stmt, 0, &len);
		text = xmalloc(len + 1);
		if (len > 0)
			memcpy(text, data, len);
		text[len] = '\0';
		gate_utf8_mend(text);
		db_reset(stmt);
	}
	return text;
}

static const char *usual_correction(void)
{
	return tr("# Correction: {{campaign.title}}\n\nDear colleagues,\n\nin our letter there was a mistake: …\n\nThe right words are: …\n",
		"# Поправка: {{campaign.title}}\n\nУважаемые коллеги!\n\nВ нашем письме допущена ошибка: …\n\nСледует читать: …\n");
}

static json_t *problems_shown(const struct problems *problems)
{
	json_t *list = json_array();
	for (size_t i = 0; i < problems->count && json_array_size(list) < PROBLEMS_SHOWN; i++)
		if (problems->item[i].severity == PROBLEM_ERROR)
			json_array_append_new(list, json_pack("{s:s, s:o, s:o}", "text", problems->item[i].text, "hint",
							  show_text(problems->item[i].hint), "file", show_text(problems->item[i].file)));
	return list;
}

static void show_correct(struct place *place, int status, const char *first, const char *correction, const char *alert,
	const struct problems *problems)
{
	json_t *data = place_page(place, "change", tr("Correct the letter", "Исправить письмо"));
	json_t *list = problems == NULL ? json_array() : problems_shown(problems);
	json_object_set_new(data, "first", json_string(first));
	json_object_set_new(data, "correction", json_string(correction));
	json_object_set_new(data, "alert", show_text(alert));
	json_object_set_new(data, "has_problems", json_boolean(json_array_size(list) > 0));
	json_object_set_new(data, "problems", list);
	console_page(place->visit, status, "campaign_correct", data);
}

static bool launched(struct place *place)
{
	if (place->row.launched_ms != 0 && place->row.state != CAMPAIGN_CANCELLED)
		return true;
	web_reply_problem(place->visit->request, 409, tr("That is not possible now", "Сейчас это невозможно"),
		tr("Only a launched campaign is corrected; a draft is simply changed.",
			"Исправляют запущенную рассылку; черновик можно просто изменить."));
	return false;
}

void page_correct(struct visit *visit)
{
	struct place place;
	if (place_open(visit, &place) && launched(&place)) {
		char *first = stored_letter(visit, place.row.id);
		show_correct(&place, 200, first == NULL ? "" : first, usual_correction(), NULL, NULL);
		free(first);
	}
	place_fini(&place);
}

struct correcting {
	struct orderer who;
	const struct campaign_folder *folder;
	char task[IDENT_SIZE];
};

static int publish(void *arg, struct db *tx, int64_t id, struct error *e)
{
	struct correcting *c = arg;
	(void)id;
	json_t *data = json_pack("{s:s, s:s}", "campaign", campaign_folder_slug(c->folder), "content_hash", campaign_folder_hash(c->folder));
	int rc = order_put(&c->who, tx, TASK_CAMPAIGN_CORRECT, campaign_folder_slug(c->folder), data, c->task, e);
	json_decref(data);
	return rc;
}

#define CORRECT_WAIT_MS 5000

static int give_order(struct place *place, const struct campaign_folder *folder, enum order_outcome *outcome,
	char result[static ORDER_RESULT_SIZE], struct error *e)
{
	struct visit *visit = place->visit;
	struct correcting c = {.who = console_orderer(visit), .folder = folder};
	if (strcmp(campaign_folder_slug(folder), place->row.slug) != 0)
		return error_set(e, ERROR_INPUT, tr("the archive is of campaign «%.64s», not of «%.64s»", "в архиве рассылка «%.64s», а не «%.64s»"),
			campaign_folder_slug(folder), place->row.slug);
	return amend_store(folder, visit->db, visit->visitor->actor, publish, &c, e) != 0 ||
			order_await(&c.who, visit->db, c.task, CORRECT_WAIT_MS, outcome, result, e) != 0
		? -1
		: 0;
}

static struct campaign_folder *sent_folder(struct place *place, const char *first, const char *correction,
	struct problems *problems, struct error *e)
{
	struct visit *visit = place->visit;
	struct web_file *file;
	const struct settings *settings = visit->console->settings;
	if (web_files(visit->request, &file) > 0 && file[0].len > 0)
		return compose_load_zip(visit->db, settings, file[0].data, file[0].len, problems, e);
	char *stored = stored_letter(visit, place->row.id);
	bool same = stored != NULL && strcmp(stored, first) == 0;
	free(stored);
	return compose_correct_text(visit->db, settings, place->row.slug, same ? NULL : first, correction, problems, e);
}

/* Browsers send CR LF. */
static char *typed_text(const struct visit *visit, const char *name)
{
	const char *text = web_value(visit->request, name);
	char *copy = xstrdup(text == NULL ? "" : text), *to = copy;
	for (const char *from = copy; *from != '\0'; from++)
		if (*from != '\r')
			*to++ = *from;
	*to = '\0';
	return copy;
}

void take_correct(struct visit *visit)
{
	struct place place;
	struct problems problems = {0};
	struct error e = {0};
	char *first = typed_text(visit, "first"), *correction = typed_text(visit, "correction");
	if (place_open(visit, &place) && launched(&place)) {
		char result[ORDER_RESULT_SIZE] = "";
		enum order_outcome outcome = ORDER_QUEUED;
		struct campaign_folder *folder = sent_folder(&place, first, correction, &problems, &e);
		int rc = folder == NULL ? -1 : give_order(&place, folder, &outcome, result, &e);
		if (rc == 0 && outcome != ORDER_REFUSED)
			order_answer(&place, outcome,
				tr("Corrected: who has no letter yet gets the mended one, the others the correction.",
					"Исправлено: кто ещё не получил письма, получит исправленное, остальные – поправку."));
		else if (rc == 0)
			show_correct(&place, 422, first, correction, result, &problems);
		else if (e.code == ERROR_NONE || e.code == ERROR_INPUT)
			show_correct(&place, 422, first, correction,
				e.code == ERROR_INPUT ? e.text : tr("The letter cannot be sent like this:", "Так письмо отправить нельзя:"), &problems);
		else
			console_error(visit, &e);
		campaign_folder_free(&folder);
	}
	problems_fini(&problems);
	free(first);
	free(correction);
	place_fini(&place);
}

/* ---- repeat to the silent ---------------------------------------------------------------------------- */

/* The audience stays, and of it those who have not answered the campaign that this one follows. */
static int only_silent(struct visit *visit, struct db *tx, const char *slug, const char *earlier, struct error *e)
{
	struct composition composition;
	enum db_step step = compose_read(tx, slug, &composition, e);
	if (step != DB_ROW)
		return step == DB_FAILED ? -1 : error_set(e, ERROR_NOT_FOUND, "%s", slug);
	int rc = 0;
	if (form_text(composition.form, "yaml")[0] != '\0') {
		rc = error_set(e, ERROR_INPUT, "%s",
			tr("this campaign has periods or stages: it reminds the silent by itself, and is repeated from its folder",
				"у этой рассылки есть периоды или этапы: молчащим она напоминает сама, а повторяют её из папки"));
	} else {
		const char *where = form_text(composition.form, "audience.where");
		char *silent = where[0] == '\0' ? xstrdup("not answered") : xasprintf("(%s) and not answered", where);
		if (form_put(composition.form, "follows", json_string(earlier)) != 0 ||
			form_put(composition.form, "audience.where", json_string(silent)) != 0)
			rc = error_set(e, ERROR_INTERNAL, "the form has no audience");
		free(silent);
		if (rc == 0)
			rc = compose_save(tx, slug, composition.version, composition.form, visit->visitor->actor, e);
	}
	composition_fini(&composition);
	return rc;
}

struct repeating {
	struct visit *visit;
	const char *earlier;
	int32_t today;
	char *slug;
	struct problems *problems;
};

/* All in one: without the condition it would be a draft for everybody. */
static int repeat(void *arg, struct db *tx, struct error *e)
{
	struct repeating *r = arg;
	free(r->slug);
	r->slug = NULL;
	problems_fini(r->problems);
	if (compose_begin_copy(tx, r->visit->console->settings, r->earlier, r->today, r->visit->visitor->actor, &r->slug,
		    r->problems, e) != 0 ||
		only_silent(r->visit, tx, r->slug, r->earlier, e) != 0)
		return -1;
	char *subject = xasprintf("draft:%s", r->slug);
	int rc = console_audit(r->visit, tx, "draft.create", subject, json_pack("{s:s}", "campaign", r->earlier), NULL, e);
	free(subject);
	return rc;
}

void take_repeat(struct visit *visit)
{
	struct place place;
	struct problems problems = {0};
	struct error e = {0};
	struct repeating r = {.visit = visit, .problems = &problems};
	if (place_open(visit, &place)) {
		r.earlier = place.row.slug;
		int rc = day_of_ms(clock_now_ms(), place.rounds.zone, &r.today, &e);
		if (rc == 0)
			rc = console_transaction(visit, repeat, &r, &e);
		if (rc == 0) {
			char *location = xasprintf("/compose/%s", r.slug);
			console_done(visit, location,
				tr("A draft for those who have not answered. Look at the letter and the dates before you launch it.",
					"Черновик для тех, кто не ответил. Перед запуском проверьте письмо и даты."));
			free(location);
		} else {
			if (e.code == ERROR_NONE)
				(void)error_set(&e, ERROR_INPUT, "%s", problems.count > 0 ? problems.item[0].text : "");
			console_error(visit, &e);
		}
	}
	free(r.slug);
	problems_fini(&problems);
	place_fini(&place);
}
