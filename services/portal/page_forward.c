/* /f/{token}: the letter's text, made for passing on. Reading only. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/lang.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "campaign/amend.h"
#include "campaign/campaign.h"
#include "campaign/definition.h"
#include "portal/annexes.h"
#include "portal/forward_text.h"
#include "portal/visit.h"

struct told { /* a round and its letter */
	int64_t campaign, number;
	int64_t deadline_ms; /* as it is now; TIME_NEVER_MS = none */
	char *title, *round_label, *markdown;
	bool withdrawn;
	struct campaign *stored;
};

static void told_fini(struct told *told)
{
	free(told->title);
	free(told->round_label);
	free(told->markdown);
	campaign_free(&told->stored);
}

static enum db_step load_round(struct db *db, int64_t round, struct told *out, struct error *e)
{
	struct db_stmt *row;
	if (db_query(db, &row, e,
		    "SELECT r.campaign, r.number, r.label, r.state, c.title, r.deadline_ms FROM round r JOIN campaign c ON c.id = r.campaign"
		    " WHERE r.id = $1",
		    "i", round) != 0)
		return DB_FAILED;
	enum db_step step = db_step(row, e);
	if (step != DB_ROW)
		return step;
	out->campaign = db_int(row, 0);
	out->number = db_int(row, 1);
	out->round_label = xstrdup(db_text(row, 2));
	out->withdrawn = strcmp(db_text(row, 3), "withdrawn") == 0;
	out->title = xstrdup(db_text(row, 4));
	out->deadline_ms = db_is_null(row, 5) ? TIME_NEVER_MS : db_int(row, 5);
	db_reset(row);
	return campaign_load(db, out->campaign, &out->stored, e) == 0 ? DB_ROW : DB_FAILED;
}

/* The name of the letter that opens the round, the mended one where it was corrected: to the addressees,
 * else to those who acknowledge, else to those it is collected from. */
static const char *letter_name(const json_t *definition, const json_t *round)
{
	static const char *const kinds[] = {"first", "acknowledge", "collect_first"};
	const json_t *steps = json_object_get(definition, "steps");
	for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
		const json_t *first = json_object_get(round, kinds[k]);
		int64_t number = json_is_integer(first) ? amend_current_step(definition, json_integer_value(first)) : 0;
		for (size_t i = 0; json_is_integer(first) && i < json_array_size(steps); i++) {
			const json_t *step = json_array_get(steps, i);
			if (json_integer_value(json_object_get(step, "step")) == number)
				return json_string_value(json_object_get(step, "letter"));
		}
	}
	return "first";
}

static int load_letter(struct db *db, struct told *told, const json_t *round, struct error *e)
{
	struct db_stmt *row;
	const char *name = letter_name(campaign_definition(told->stored), round);
	if (db_query(db, &row, e,
		    "SELECT b.data FROM campaign_file f JOIN blob b ON b.hash = f.hash"
		    " WHERE f.campaign = $1 AND f.purpose = 'letter' AND f.name = $2",
		    "is", told->campaign, name == NULL ? "first" : name) != 0)
		return -1;
	enum db_step step = db_step(row, e);
	if (step == DB_ROW) {
		size_t len;
		const char *data = db_blob(row, 0, &len);
		told->markdown = xstrndup(data == NULL ? "" : data, len);
		db_reset(row);
	}
	return step == DB_FAILED ? -1 : 0;
}

static void render(const struct told *told, const json_t *round, json_t *page)
{
	const json_t *definition = campaign_definition(told->stored);
	json_t *fields = definition_round_fields(definition, round, json_object_get(round, "deadline"));
	char *subject = NULL, *text = NULL;
	struct error e = {0};
	/* A postponed deadline stands in the round, not in the definition. */
	if (told->deadline_ms != TIME_NEVER_MS && json_object_get(fields, "deadline") != NULL)
		json_object_set_new(fields, "deadline",
			definition_deadline_fields(told->deadline_ms, definition_zone(definition), definition_lang(definition)));
	bool shown = told->markdown != NULL &&
		forward_render(definition, told->markdown, strlen(told->markdown), fields, &subject, &text, &e) == 0;
	if (!shown && told->markdown != NULL)
		log_warn("portal.forward", "campaign=%s error=%s", campaign_slug(told->stored), log_quote(e.text));
	json_object_set_new(page, "subject", visit_text(subject));
	json_object_set_new(page, "text", visit_text(text));
	free(subject);
	free(text);
	json_decref(fields);
}

static void show(struct web_request *request, struct worker *worker, struct told *told)
{
	struct error e = {0};
	json_t *round = definition_round(campaign_definition(told->stored), told->number);
	json_t *annexes = annexes_list(worker, told->campaign, web_part(request, "token"), &e);
	if (annexes == NULL || load_letter(worker->db, told, round, &e) != 0) {
		web_reply_error(request, &e);
		json_decref(annexes);
	} else {
		json_t *page = json_pack("{s:s, s:o, s:b, s:o}", "title", told->title, "round", visit_text(told->round_label),
			"has_annexes", json_array_size(annexes) > 0, "annexes", annexes);
		render(told, round, page);
		web_reply_page(request, 200, "forward", page);
		json_decref(page);
	}
	json_decref(round);
}

void page_forward(struct web_request *request, void *state)
{
	struct worker *worker = state;
	struct told told = {0};
	struct error e = {0};
	int64_t round;
	if (!visit_link(request, worker, LINK_FORWARD, &round))
		return;
	switch (load_round(worker->db, round, &told, &e)) {
	case DB_FAILED:
		web_reply_error(request, &e);
		break;
	case DB_DONE:
		visit_wrong(request, worker);
		break;
	case DB_ROW:
		if (told.withdrawn)
			visit_withdrawn(request, told.title);
		else
			show(request, worker, &told);
	}
	told_fini(&told);
}
