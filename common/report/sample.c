#include "report/sample.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "campaign/campaign.h"
#include "letter/letter.h"
#include "link/link.h"

/* Stands for personal links: who reads this must not be able to answer for somebody. */
#define NO_LINK "https://link.invalid/removed-from-the-case-file"
#define FILES_MOST 64

void letter_sample_fini(struct letter_sample *sample)
{
	free(sample->address);
	free(sample->organisation);
	free(sample->subject);
	free(sample->text);
	free(sample->html);
	*sample = (struct letter_sample){0};
}

static json_t *no_links(void)
{
	json_t *links = json_object(), *files = json_object();
	char number[16];
	for (size_t i = 0; link_purpose_words[i] != NULL; i++)
		json_object_set_new(links, link_purpose_words[i], json_string(NO_LINK));
	for (int i = 1; i <= FILES_MOST; i++) {
		snprintf(number, sizeof number, "%d", i);
		json_object_set_new(files, number, json_string(NO_LINK));
	}
	json_object_set_new(links, link_purpose_words[LINK_FILE], files);
	return links;
}

static enum db_step find_fields(struct db *db, int64_t campaign, int64_t number, const char *key, json_t **fields,
	struct letter_sample *out, struct error *e)
{
	struct db_stmt *stmt;
	if (db_query(db, &stmt, e,
		    "SELECT d.fields, d.address, COALESCE(o.name, '') FROM round r JOIN delivery d ON d.round = r.id AND d.step = $2"
		    " LEFT JOIN organisation o ON o.id = d.recipient WHERE r.campaign = $1 AND ($3 = '' OR d.recipient ="
		    " (SELECT k.id FROM organisation k WHERE k.key = $3)) ORDER BY r.number, d.recipient, d.contact LIMIT 1",
		    "iis", campaign, number, key) != 0)
		return DB_FAILED;
	enum db_step step = db_step(stmt, e);
	if (step != DB_ROW)
		return step;
	*fields = json_loads(db_text(stmt, 0), 0, NULL);
	out->address = xstrdup(db_text(stmt, 1));
	out->organisation = xstrdup(db_text(stmt, 2));
	db_reset(stmt);
	if (*fields == NULL)
		return DB_DONE;
	json_object_del(*fields, "@");
	json_object_set_new(*fields, "link", no_links());
	return DB_ROW;
}

enum db_step letter_sample_read(struct db *db, const struct settings *settings, const struct campaign *campaign,
	int64_t step, const char *key, struct letter_sample *out, struct error *e)
{
	struct letter *letter;
	struct error trouble = {0};
	json_t *fields = NULL;
	*out = (struct letter_sample){0};
	enum db_step found = find_fields(db, campaign_id(campaign), step, key, &fields, out, e);
	if (found != DB_ROW)
		return found;
	const struct letter_recipient recipient = {.fields = fields, .to_address = out->address,
		.message_id = "sample@case-file.invalid", .date_ms = clock_now_ms()};
	if (campaign_letter(db, campaign, settings, (int)step, &letter, e) != 0) {
		json_decref(fields);
		return DB_FAILED;
	}
	/* whoever reads it is told, and goes on: its source is there */
	if (letter_preview(letter, &recipient, &out->subject, &out->text, &out->html, &trouble) != 0)
		out->text = xstrdup(trouble.text);
	letter_unref(&letter);
	json_decref(fields);
	return DB_ROW;
}
