/* Letters: the source of each, and how one recipient got it; attachments. */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "campaign/campaign.h"
#include "report/archive_parts.h"
#include "report/sample.h"

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

static int put_text(struct archive *a, const char *letter, const char *ending, const char *text, struct error *e)
{
	char *name = xasprintf("letters/%s.%s", letter, ending);
	int rc = case_put(a->file, name, text, strlen(text), e);
	free(name);
	return rc;
}

static int put_sample(struct archive *a, const char *name, const struct letter_sample *sample, struct error *e)
{
	if (sample->subject == NULL)
		return put_text(a, name, "txt", sample->text, e);
	char *whole = xasprintf("%s: %s\n%s: %s\n\n%s", a->lang == LANG_RU ? "Кому" : "To", sample->address,
		a->lang == LANG_RU ? "Тема" : "Subject", sample->subject, sample->text);
	int rc = put_text(a, name, "txt", whole, e);
	if (rc == 0)
		rc = put_text(a, name, "html", sample->html, e);
	free(whole);
	return rc;
}

static int put_step(struct archive *a, const struct campaign *campaign, const json_t *item, struct error *e)
{
	const char *letter = json_string_value(json_object_get(item, "letter"));
	int64_t step = json_integer_value(json_object_get(item, "step"));
	struct letter_sample sample;
	int rc = 0;
	enum db_step found = letter_sample_read(a->db, a->settings, campaign, step, "", &sample, e);
	if (found == DB_ROW && letter != NULL) {
		char *name = xasprintf("%s-%lld", letter, (long long)step);
		rc = put_sample(a, name, &sample, e);
		free(name);
	}
	letter_sample_fini(&sample);
	return found == DB_FAILED ? -1 : rc;
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
