/* A draft looked at: what is wrong with it, who gets it, how it reads, what happens when. Nothing is stored. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "campaign/campaign.h"
#include "campaign/simulate.h"
#include "compose/compose.h"
#include "console/api/handlers.h"
#include "letter/letter.h"

/* NULL after a problem; warnings stay in `problems` for whoever tells them. */
static struct campaign_folder *open_folder(struct api *api, struct problems *problems)
{
	struct composition c = {0};
	struct campaign_folder *folder = NULL;
	struct error e = {0};
	enum db_step step = compose_read(api->db, web_part(api->request, "draft"), &c, &e);
	if (step == DB_DONE)
		api_problem(api, API_NOT_FOUND, tr("there is no such draft", "такого черновика нет"), NULL);
	else if (step == DB_FAILED)
		api_error(api, &e);
	else if ((folder = compose_load(api->db, api->visit->console->settings, &c, problems, &e)) == NULL) {
		if (e.code != ERROR_NONE)
			api_error(api, &e);
		else
			api_problems(api, problems);
	}
	composition_fini(&c);
	return folder;
}

/* ---- check ------------------------------------------------------------------------------------------ */

static json_t *summary(struct api *api, const struct campaign_folder *folder, struct error *e)
{
	struct campaign_recipient *sample = NULL;
	size_t samples = 0;
	int64_t count = 0, collected = 0;
	int rc = campaign_folder_audience(folder, api->db, &count, &sample, 0, &samples, e);
	free(sample);
	if (rc != 0 ||
		simulate_collected(folder, api->visit->console->settings, api->db, &collected, e) != 0)
		return NULL;
	return json_pack("{s:s, s:o, s:s, s:I, s:I, s:I}", "campaign", campaign_folder_slug(folder), "title",
		api_string(campaign_folder_title(folder)), "content_hash", campaign_folder_hash(folder), "recipients",
		(json_int_t)count, "collected", (json_int_t)collected, "letter_bytes",
		(json_int_t)letter_size_estimate(campaign_folder_letter(folder, 0)));
}

void api_draft_check(struct api *api)
{
	struct composition c = {0};
	struct problems problems = {0};
	struct error e = {0};
	json_t *about = json_null();
	enum db_step step = compose_read(api->db, web_part(api->request, "draft"), &c, &e);
	if (step != DB_ROW) {
		if (step == DB_DONE)
			api_problem(api, API_NOT_FOUND, tr("there is no such draft", "такого черновика нет"), NULL);
		else
			api_error(api, &e);
		return;
	}
	struct campaign_folder *folder = compose_load(api->db, api->visit->console->settings, &c, &problems, &e);
	if (folder == NULL && e.code != ERROR_NONE) {
		json_decref(about);
		about = NULL;
	}
	if (folder != NULL)
		about = summary(api, folder, &e);
	json_t *found = json_array();
	for (size_t i = 0; i < problems.count; i++)
		json_array_append_new(found, api_problem_json(&problems.item[i]));
	if (about == NULL) {
		json_decref(found);
		api_error(api, &e);
	} else {
		api_reply(api, 200, json_pack("{s:b, s:I, s:o, s:o}", "good", folder != NULL, "version", (json_int_t)c.version,
					  "summary", about, "problems", found));
	}
	campaign_folder_free(&folder);
	problems_fini(&problems);
	composition_fini(&c);
}

/* ---- audience ---------------------------------------------------------------------------------------- */

static json_t *recipient_json(const struct campaign_recipient *r)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "organisation", api_string(r->key), "name", api_string(r->name), "address",
		api_string(r->address), "contact", api_string(r->contact_name), "zone", api_string(r->zone));
}

void api_draft_audience(struct api *api)
{
	struct problems problems = {0};
	struct error e = {0};
	struct campaign_recipient *sample = NULL;
	size_t samples = 0;
	int64_t limit, count = 0;
	if (!api_limit(api, &limit))
		return;
	struct campaign_folder *folder = open_folder(api, &problems);
	if (folder != NULL && campaign_folder_audience(folder, api->db, &count, &sample, (size_t)limit, &samples, &e) != 0) {
		api_error(api, &e);
	} else if (folder != NULL) {
		json_t *items = json_array();
		for (size_t i = 0; i < samples; i++)
			json_array_append_new(items, recipient_json(&sample[i]));
		api_reply(api, 200, json_pack("{s:I, s:o}", "count", (json_int_t)count, "data", items));
	}
	for (size_t i = 0; i < samples; i++)
		campaign_recipient_fini(&sample[i]);
	free(sample);
	campaign_folder_free(&folder);
	problems_fini(&problems);
}

/* ---- preview ----------------------------------------------------------------------------------------- */

/* Whom the letter is shown for: ?recipient, else the first of the audience. */
static bool choose(struct api *api, const struct campaign_folder *folder, struct campaign_recipient *out)
{
	const char *wanted = web_query(api->request, "recipient");
	struct campaign_recipient *sample = NULL;
	size_t samples = 0;
	int64_t count;
	struct error e = {0};
	int rc;
	*out = (struct campaign_recipient){0};
	if (wanted != NULL) {
		rc = campaign_folder_recipient(folder, api->db, wanted, out, &e);
	} else {
		rc = campaign_folder_audience(folder, api->db, &count, &sample, 1, &samples, &e);
		if (rc == 0 && samples == 0)
			rc = error_set(&e, ERROR_NOT_FOUND, "%s", tr("nobody is in the audience", "адресатов нет"));
		if (rc == 0)
			*out = sample[0];
		free(sample);
	}
	if (rc != 0)
		api_error(api, &e);
	return rc == 0;
}

static void show(struct api *api, const struct campaign_folder *folder, const struct campaign_recipient *r, int step)
{
	char *subject = NULL, *text = NULL, *html = NULL;
	struct error e = {0};
	json_t *fields = campaign_folder_fields(folder, step, r->fields);
	const struct letter_recipient to = {.fields = fields,
		.to_address = r->address,
		.to_name = r->contact_name,
		.message_id = "preview@vestnik.invalid",
		.date_ms = clock_now_ms()};
	if (letter_preview(campaign_folder_letter(folder, step), &to, &subject, &text, &html, &e) != 0)
		api_error(api, &e);
	else
		api_reply(api, 200, json_pack("{s:o, s:b, s:o, s:o, s:o, s:O}", "recipient", recipient_json(r), "in_audience",
					  (int)!r->outside, "subject", api_string(subject), "text", api_string(text), "html",
					  api_string(html), "fields", fields));
	json_decref(fields);
	free(subject);
	free(text);
	free(html);
}

void api_draft_preview(struct api *api)
{
	const char *name = web_query(api->request, "letter");
	struct problems problems = {0};
	struct campaign_recipient recipient = {0};
	struct campaign_folder *folder = open_folder(api, &problems);
	if (folder != NULL) {
		int step = name == NULL ? 0 : campaign_folder_step(folder, name);
		if (step < 0 || campaign_folder_letter(folder, step) == NULL)
			api_wrong_query(api, "letter", tr("the campaign has no such letter", "у рассылки нет такого письма"), NULL);
		else if (choose(api, folder, &recipient))
			show(api, folder, &recipient, step);
	}
	campaign_recipient_fini(&recipient);
	campaign_folder_free(&folder);
	problems_fini(&problems);
}

/* ---- simulation --------------------------------------------------------------------------------------- */

static json_t *row_json(const struct simulate_row *r)
{
	return json_pack("{s:o, s:I, s:o, s:s, s:o, s:o, s:b, s:o}", "at", api_moment(r->at_ms), "round",
		(json_int_t)r->round_number, "label", api_string(r->label), "kind", simulate_kind_name(r->kind), "zone",
		api_string(r->zone), "recipients", r->recipients < 0 ? json_null() : json_integer(r->recipients), "overtaken",
		(int)r->overtaken, "reason", api_string(lang_get() == LANG_RU ? r->reason_ru : r->reason_en));
}

void api_draft_simulate(struct api *api)
{
	struct problems problems = {0};
	struct simulation s = {0};
	struct error e = {0};
	struct campaign_folder *folder = open_folder(api, &problems);
	if (folder != NULL && simulate_run(folder, api->visit->console->settings, api->db, 0, &s, &e) != 0) {
		api_error(api, &e);
	} else if (folder != NULL) {
		json_t *rows = json_array();
		for (size_t i = 0; i < s.count; i++)
			json_array_append_new(rows, row_json(&s.row[i]));
		api_reply(api, 200, json_pack("{s:o, s:I, s:I, s:o, s:o}", "from", api_moment(s.from_ms), "drafts",
					  (json_int_t)s.drafts, "letters_most", (json_int_t)s.letters_most, "days_most",
					  s.days_most == 0 ? json_null() : json_integer(s.days_most), "data", rows));
	}
	simulation_fini(&s);
	campaign_folder_free(&folder);
	problems_fini(&problems);
}
