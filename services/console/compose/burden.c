/* Before a launch: what these organisations have been asked already. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "calendar/day.h"
#include "console/compose/part.h"
#include "table/table.h"

#define MUCH 3               /* open asks at once are a burden */
#define BATCH 1000
#define AUDIENCE_MOST 200000 /* of more the first so many stand for all */
#define DAY_MS INT64_C(86400000)
#define ASKED_WITHIN_MS (120 * DAY_MS)
#define EARLIER_MOST 300     /* campaigns that are looked at */
#define SAID_MOST 5

struct asked {
	struct buf keys; /* a JSON array: one set query for all */
	int64_t count, last;
};

static int take_one(void *arg, const struct campaign_recipient *r)
{
	struct asked *a = arg;
	if (r->organisation == a->last || a->count >= AUDIENCE_MOST)
		return 0;
	(void)buf_printf(&a->keys, "%s%lld", a->count == 0 ? "[" : ",", (long long)r->organisation);
	a->last = r->organisation;
	a->count++;
	return 0;
}

static int walk(struct draft *draft, struct asked *a, struct error *e)
{
	int64_t after = 0;
	bool end = false;
	while (!end && a->count < AUDIENCE_MOST)
		if (campaign_folder_batch(draft->folder, draft->visit->db, after, BATCH, &after, &end, take_one, NULL, a, e) != 0)
			return -1;
	return buf_puts(&a->keys, a->count == 0 ? "[]" : "]") == 0 ? 0 : error_set(e, ERROR_FULL, "burden");
}

/* With how many of them something is open, with how many MUCH. */
static int count_open(struct draft *draft, const struct asked *a, int64_t *some, int64_t *much, struct error *e)
{
	struct db_stmt *row;
	if (db_query(draft->visit->db, &row, e,
		    "SELECT count(*), coalesce(sum(CASE WHEN t.n >= $3 THEN 1 ELSE 0 END), 0) FROM"
		    " (SELECT a.organisation, count(*) AS n FROM @KEYS($1) k JOIN ask a ON a.organisation = k.key"
		    " WHERE a.state IN ('open', 'partial') AND (a.deadline_ms IS NULL OR a.deadline_ms >= $2) GROUP BY a.organisation) t",
		    "sii", buf_str(&a->keys), clock_now_ms(), (int64_t)MUCH) != 0 ||
		db_step(row, e) != DB_ROW)
		return -1;
	*some = db_int(row, 0);
	*much = db_int(row, 1);
	db_reset(row);
	return 0;
}

static bool same_question(const json_t *one, const json_t *other)
{
	char *a = table_title_key(form_text(one, "label")), *b = table_title_key(form_text(other, "label"));
	bool same = a[0] != '\0' && strcmp(a, b) == 0;
	free(a);
	free(b);
	return same;
}

/* «Количество участников» was asked on 12.04 («…»). The newest of each question. */
static int find_questions(struct draft *draft, json_t *said, struct error *e)
{
	const json_t *definition = campaign_folder_definition(draft->folder), *mine = json_object_get(json_object_get(definition, "ask"), "fields");
	const char *zone = draft->visit->console->settings->zone;
	struct db_stmt *row;
	enum db_step step;
	bool done[64] = {false};
	if (json_array_size(mine) == 0)
		return 0;
	if (db_query(draft->visit->db, &row, e,
		    "SELECT title, launched_ms, definition FROM campaign WHERE kind = 'campaign' AND state IN ('running', 'paused', 'finished')"
		    " AND launched_ms >= $1 ORDER BY id DESC LIMIT $2", "ii", clock_now_ms() - ASKED_WITHIN_MS, (int64_t)EARLIER_MOST) != 0)
		return -1;
	while ((step = db_step(row, e)) == DB_ROW) {
		json_t *other = json_loads(db_text(row, 2), 0, NULL);
		size_t i, k;
		const json_t *field, *theirs;
		json_array_foreach(mine, i, field) json_array_foreach(json_object_get(json_object_get(other, "ask"), "fields"), k, theirs)
		{
			char when[CALENDAR_TEXT_SIZE] = "";
			if (i >= 64 || done[i] || !same_question(field, theirs) || json_array_size(said) >= SAID_MOST)
				continue;
			done[i] = true;
			(void)calendar_format(db_int(row, 1), zone, lang_get(), CALENDAR_DAY, when, NULL);
			json_array_append_new(said, json_pack("{s:o}", "text", json_sprintf(tr("«%s» was asked on %s (%s).", "«%s» уже запрашивалось %s (%s)."),
									form_text(field, "label"), when, db_text(row, 0))));
		}
		json_decref(other);
	}
	return step == DB_DONE ? 0 : -1;
}

static json_t *sentence(int64_t n, int64_t of, bool much)
{
	json_t *a = show_number(n), *b = show_number(of);
	json_t *text = much ? json_sprintf(tr("%s of %s recipients have at least three open requests already.", "У %s из %s адресатов уже не менее трёх открытых запросов."),
				      json_string_value(a), json_string_value(b))
			    : json_sprintf(tr("%s of %s recipients have open requests already.", "У %s из %s адресатов уже есть открытые запросы."), json_string_value(a),
				      json_string_value(b));
	json_decref(a);
	json_decref(b);
	return text;
}

int burden_show(struct draft *draft, json_t **out, struct error *e)
{
	struct asked a = {.last = 0};
	int64_t some = 0, much = 0;
	json_t *said = json_array();
	*out = NULL;
	buf_init(&a.keys, 8 * 1024 * 1024);
	int rc = walk(draft, &a, e);
	if (rc == 0)
		rc = count_open(draft, &a, &some, &much, e);
	if (rc == 0 && (much > 0 || some > 0))
		json_array_append_new(said, json_pack("{s:o}", "text", sentence(much > 0 ? much : some, a.count, much > 0)));
	if (rc == 0)
		rc = find_questions(draft, said, e);
	buf_fini(&a.keys);
	if (rc == 0 && json_array_size(said) > 0)
		*out = json_pack("{s:O, s:b}", "said", said, "heavy", much > 0);
	json_decref(said);
	return rc;
}
