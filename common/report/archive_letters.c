/* Letters: the source of each, and how one recipient got it; attachments. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "campaign/campaign.h"
#include "letter/letter.h"
#include "link/link.h"
#include "report/archive_parts.h"

/* Stands for personal links: a case file must not let its reader answer for somebody. */
#define NO_LINK "https://link.invalid/removed-from-the-case-file"

/* ---- files as they were stored ------------------------------------------------------------------ */

struct stored {
	char *name, *hash;
};

static int put_blob(struct archive *a, const struct stored *s, struct error *e)
{
	struct db_stmt *stmt;
	size_t len;
	if (db_query(a->db, &stmt, e, "SELECT data FROM blob WHERE hash = $1", "s", s->hash) != 0)
		return -1;
	enum db_step step = db_step(stmt, e);
	if (step != DB_ROW)
		return step == DB_FAILED ? -1 : error_set(e, ERROR_INTERNAL, "%s: blob %s is missing", s->name, s->hash);
	const void *data = db_blob(stmt, 0, &len);
	int rc = case_put(a->file, s->name, data, len, e);
	db_reset(stmt);
	return rc;
}

static int put_stored(struct archive *a, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step = DB_FAILED;
	struct stored *all = NULL;
	size_t count = 0;
	int rc = db_query(a->db, &stmt, e,
		"SELECT purpose, name, hash FROM campaign_file WHERE campaign = $1 ORDER BY purpose, position", "i", a->campaign);
	while (rc == 0 && (step = db_step(stmt, e)) == DB_ROW) {
		const char *purpose = db_text(stmt, 0), *name = db_text(stmt, 1);
		bool letter = strcmp(purpose, "letter") == 0;
		if ((count & (count - 1)) == 0)
			all = xrealloc(all, count == 0 ? 1 : count * 2, sizeof *all);
		all[count++] = (struct stored){.name = letter ? xasprintf("letters/%s.md", name)
							      : xasprintf("%s%s/%s", purpose, strcmp(purpose, "annex") == 0 ? "es" : "s", name),
			.hash = xstrdup(db_text(stmt, 2))};
	}
	rc = rc == 0 && step == DB_DONE ? 0 : -1;
	for (size_t i = 0; i < count; i++) {
		if (rc == 0)
			rc = put_blob(a, &all[i], e);
		free(all[i].name);
		free(all[i].hash);
	}
	free(all);
	return rc;
}

/* ---- as one recipient got them -------------------------------------------------------------------- */

static json_t *no_links(void)
{
	json_t *links = json_object(), *files = json_object();
	char number[16];
	for (size_t i = 0; link_purpose_words[i] != NULL; i++)
		json_object_set_new(links, link_purpose_words[i], json_string(NO_LINK));
	for (int i = 1; i <= 64; i++) {
		snprintf(number, sizeof number, "%d", i);
		json_object_set_new(files, number, json_string(NO_LINK));
	}
	json_object_set_new(links, link_purpose_words[LINK_FILE], files);
	return links;
}

/* The first recipient of this step's letters. NULL: nobody got it (yet). */
static json_t *sample_fields(struct archive *a, int64_t step_number, char **address, struct error *e, bool *failed)
{
	struct db_stmt *stmt;
	json_t *fields = NULL;
	*failed = true;
	*address = NULL;
	if (db_query(a->db, &stmt, e,
		    "SELECT d.fields, d.address FROM round r JOIN delivery d ON d.round = r.id AND d.step = $2"
		    " WHERE r.campaign = $1 ORDER BY r.number, d.recipient, d.contact LIMIT 1", "ii", a->campaign, step_number) != 0)
		return NULL;
	enum db_step step = db_step(stmt, e);
	if (step == DB_ROW) {
		fields = json_loads(db_text(stmt, 0), 0, NULL);
		*address = xstrdup(db_text(stmt, 1));
		db_reset(stmt);
	}
	*failed = step == DB_FAILED;
	if (fields != NULL) {
		json_object_del(fields, "@");
		json_object_set_new(fields, "link", no_links());
	}
	return fields;
}

static int put_text(struct archive *a, const char *letter, const char *ending, const char *text, struct error *e)
{
	char *name = xasprintf("letters/%s.%s", letter, ending);
	int rc = case_put(a->file, name, text, strlen(text), e);
	free(name);
	return rc;
}

static int put_rendered(struct archive *a, const struct campaign *campaign, const char *name, int step,
	const struct letter_recipient *recipient, struct error *e)
{
	struct letter *letter;
	struct error trouble = {0};
	char *subject = NULL, *text = NULL, *html = NULL;
	int rc;
	if (campaign_letter(a->db, campaign, a->settings, step, &letter, e) != 0)
		return -1;
	if (letter_preview(letter, recipient, &subject, &text, &html, &trouble) == 0) {
		char *whole = xasprintf("%s: %s\n%s: %s\n\n%s", a->lang == LANG_RU ? "Кому" : "To", recipient->to_address,
			a->lang == LANG_RU ? "Тема" : "Subject", subject, text);
		rc = put_text(a, name, "txt", whole, e);
		if (rc == 0)
			rc = put_text(a, name, "html", html, e);
		free(whole);
	} else { /* the case file says so and goes on: its source is there */
		rc = put_text(a, name, "txt", trouble.text, e);
	}
	free(subject);
	free(text);
	free(html);
	letter_unref(&letter);
	return rc;
}

static int put_step(struct archive *a, const struct campaign *campaign, const json_t *item, struct error *e)
{
	const char *letter = json_string_value(json_object_get(item, "letter"));
	int64_t step = json_integer_value(json_object_get(item, "step"));
	char *address;
	bool failed;
	json_t *fields = sample_fields(a, step, &address, e, &failed);
	int rc = failed ? -1 : 0;
	if (fields != NULL && letter != NULL && address != NULL) {
		const struct letter_recipient recipient = {.fields = fields, .to_address = address,
			.message_id = "sample@case-file.invalid", .date_ms = clock_now_ms()};
		char *name = xasprintf("%s-%lld", letter, (long long)step);
		rc = put_rendered(a, campaign, name, (int)step, &recipient, e);
		free(name);
	}
	json_decref(fields);
	free(address);
	return rc;
}

int archive_letters(struct archive *a, struct error *e)
{
	struct campaign *campaign;
	const json_t *item;
	size_t i;
	int rc = put_stored(a, e);
	if (rc != 0 || campaign_load(a->db, a->campaign, &campaign, e) != 0)
		return -1;
	json_array_foreach(json_object_get(a->definition, "steps"), i, item)
		if (rc == 0)
			rc = put_step(a, campaign, item, e);
	campaign_free(&campaign);
	return rc;
}
