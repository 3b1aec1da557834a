/* /campaigns/{slug}/letters: what was sent, as a recipient got it, and the attachments. */
#include <stdlib.h>
#include <string.h>

#include "base/gate.h"
#include "base/xalloc.h"
#include "campaign/campaign.h"
#include "console/campaign/part.h"
#include "report/sample.h"
#include "web/target.h"

static const char *kind_words(const char *kind)
{
	static const struct {
		const char *kind, *en, *ru;
	} all[] = {{"first", "Letter", "Письмо"}, {"reminder", "Reminder", "Напоминание"},
		{"collect", "Letter to those asked through others", "Письмо тем, кого спрашивают через других"},
		{"acknowledge", "To those who acknowledge", "Для ознакомления"}, {"correction", "Correction", "Поправка"},
		{"recall", "Recall", "Отзыв"}, {"postponed", "New deadline", "Перенос срока"}};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (kind != NULL && strcmp(all[i].kind, kind) == 0)
			return tr(all[i].en, all[i].ru);
	return kind == NULL ? "" : kind;
}

/* ?step=, ?as=: as written. */
static int64_t wanted_step(const struct visit *visit)
{
	const char *text = web_query(visit->request, "step");
	long long step;
	return text != NULL && gate_int64(text, 0, INT32_MAX, &step) ? step : -1;
}

static const char *wanted_key(const struct visit *visit)
{
	const char *key = web_query(visit->request, "as");
	return key == NULL ? "" : key;
}

/* Steps whose letters go to recipients of the round shown, and what belongs to all. */
static json_t *steps_of(const struct place *place, const json_t *definition, int64_t *chosen)
{
	json_t *list = json_array();
	const json_t *item;
	size_t i;
	json_array_foreach(json_object_get(definition, "steps"), i, item)
	{
		int64_t step = json_integer_value(json_object_get(item, "step"));
		const char *kind = json_string_value(json_object_get(item, "kind"));
		if (*chosen < 0)
			*chosen = step;
		json_array_append_new(list,
			json_pack("{s:I, s:o, s:s, s:b, s:s}", "step", (json_int_t)step, "url",
				json_sprintf("/campaigns/%s/letters?step=%lld", place->row.slug, (long long)step), "kind", kind_words(kind),
				"current", step == *chosen, "letter", json_string_value(json_object_get(item, "letter")) == NULL
					? ""
					: json_string_value(json_object_get(item, "letter"))));
	}
	return list;
}

static int add_files(struct place *place, json_t *data, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	json_t *files = json_array();
	if (db_query(place->visit->db, &stmt, e,
		    "SELECT f.purpose, f.position, f.name, COALESCE(f.title, ''), b.size FROM campaign_file f JOIN blob b ON b.hash = f.hash"
		    " WHERE f.campaign = $1 AND f.purpose IN ('attachment', 'annex') ORDER BY f.purpose DESC, f.position",
		    "i", place->row.id) != 0) {
		json_decref(files);
		return -1;
	}
	while ((step = db_step(stmt, e)) == DB_ROW)
		json_array_append_new(files,
			json_pack("{s:o, s:s, s:s, s:o, s:b}", "url",
				json_sprintf("/campaigns/%s/files/%s/%lld", place->row.slug, db_text(stmt, 0), (long long)db_int(stmt, 1)), "name",
				db_text(stmt, 2), "title", db_text(stmt, 3)[0] == '\0' ? db_text(stmt, 2) : db_text(stmt, 3), "size",
				show_bytes(db_int(stmt, 4)), "linked", strcmp(db_text(stmt, 0), "annex") == 0));
	json_object_set_new(data, "has_files", json_boolean(json_array_size(files) > 0));
	json_object_set_new(data, "files", files);
	return step == DB_FAILED ? -1 : 0;
}

static int add_sample(struct place *place, const struct campaign *campaign, int64_t step, json_t *data, struct error *e)
{
	struct letter_sample sample;
	const char *key = wanted_key(place->visit);
	char *escaped = target_escape(key);
	enum db_step found = letter_sample_read(place->visit->db, place->visit->console->settings, campaign, step, key, &sample, e);
	if (found == DB_ROW)
		json_object_set_new(data, "sample",
			json_pack("{s:s, s:s, s:o, s:s, s:b, s:o}", "address", sample.address, "organisation", sample.organisation, "subject",
				show_text(sample.subject), "text", sample.text == NULL ? "" : sample.text, "broken", sample.subject == NULL, "frame",
				json_sprintf("/campaigns/%s/letter?step=%lld&as=%s", place->row.slug, (long long)step, escaped)));
	else
		json_object_set_new(data, "sample", json_null());
	json_object_set_new(data, "as", json_string(key));
	letter_sample_fini(&sample);
	free(escaped);
	return found == DB_FAILED ? -1 : 0;
}

void page_letters(struct visit *visit)
{
	struct place place;
	struct campaign *campaign = NULL;
	struct error e = {0};
	if (place_open(visit, &place)) {
		json_t *data = place_page(&place, "letters", tr("Letters", "Письма"));
		int64_t step = wanted_step(visit);
		int rc = campaign_load(visit->db, place.row.id, &campaign, &e);
		if (rc == 0) {
			json_object_set_new(data, "steps", steps_of(&place, campaign_definition(campaign), &step));
			json_object_set_new(data, "step", json_integer(step));
			rc = add_sample(&place, campaign, step, data, &e);
		}
		if (rc == 0 && add_files(&place, data, &e) == 0) {
			console_page(visit, 200, "campaign_letters", data);
		} else {
			json_decref(data);
			web_reply_error(visit->request, &e);
		}
	}
	campaign_free(&campaign);
	place_fini(&place);
}

/* The letter's own HTML, for the frame. */
void frame_letter(struct visit *visit)
{
	struct place place;
	struct campaign *campaign = NULL;
	struct letter_sample sample = {0};
	struct error e = {0};
	if (place_open(visit, &place)) {
		enum db_step found = campaign_load(visit->db, place.row.id, &campaign, &e) != 0
			? DB_FAILED
			: letter_sample_read(visit->db, visit->console->settings, campaign, wanted_step(visit), wanted_key(visit), &sample, &e);
		if (found == DB_FAILED)
			web_reply_error(visit->request, &e);
		else if (found == DB_DONE || sample.html == NULL)
			console_not_found(visit, NULL);
		else
			web_reply_framed(visit->request, 200, sample.html, strlen(sample.html));
	}
	letter_sample_fini(&sample);
	campaign_free(&campaign);
	place_fini(&place);
}

void send_campaign_file(struct visit *visit)
{
	struct place place;
	const char *purpose = web_part(visit->request, "purpose");
	long long position;
	if (place_open(visit, &place)) {
		if ((strcmp(purpose, "attachment") != 0 && strcmp(purpose, "annex") != 0) ||
			!gate_int64(web_part(visit->request, "position"), 0, INT32_MAX, &position))
			console_not_found(visit, NULL);
		else
			send_blob(visit,
				"SELECT b.data, f.name, f.media_type FROM campaign_file f JOIN blob b ON b.hash = f.hash"
				" WHERE f.campaign = $1 AND f.purpose = $3 AND f.position = $2", place.row.id, position, purpose);
	}
	place_fini(&place);
}
