/* A stored campaign, as planner and mailer read it back. */
#include "campaign/campaign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "campaign/audience.h"
#include "campaign/compile.h"
#include "campaign/definition.h"

#define ATTACHMENTS_MAX 64

struct campaign {
	int64_t id;
	char *slug, *zone, *sender, *reply_to;
	bool notice;
	json_t *definition;
	struct audience audience;
	bool local;
	int open_minute, close_minute;
	int64_t at_ms;		   /* 0 = at once */
	struct calendar_time wall; /* of send.at, when local */
};

static int take_send(struct campaign *campaign, struct error *e)
{
	const json_t *send = json_object_get(campaign->definition, "send");
	const char *wall = json_string_value(json_object_get(send, "wall"));
	bool timed;
	campaign->local = json_is_true(json_object_get(send, "local"));
	campaign->open_minute = (int)json_integer_value(json_object_get(send, "open_minute"));
	campaign->close_minute = (int)json_integer_value(json_object_get(send, "close_minute"));
	campaign->at_ms = json_integer_value(json_object_get(send, "at_ms"));
	return wall == NULL ? 0 : calendar_parse(wall, &campaign->wall, &timed, e);
}

/* Round number 0: all of it. */
struct view {
	int64_t number;
	bool collect;
};

static bool own_audience(const json_t *definition, const struct view *view)
{
	json_t *round = view->number == 0 || view->collect ? NULL : definition_round(definition, view->number);
	bool own = json_object_get(round, "audience") != NULL;
	json_decref(round);
	return own;
}

static int take_row(struct campaign *campaign, struct db_stmt *row, const struct view *view, struct error *e)
{
	json_error_t where;
	campaign->slug = xstrdup(db_text(row, 0));
	campaign->definition = json_loads(db_text(row, 1), 0, &where);
	campaign->sender = xstrdup(db_text(row, 2));
	campaign->notice = strcmp(db_text(row, 3), "notice") == 0;
	if (!json_is_object(campaign->definition))
		return error_set(e, ERROR_INTERNAL, "campaign %s: damaged definition: %s",
			campaign->slug, where.text);
	if (view->number != 0 && definition_as_round(campaign->definition, view->number, view->collect, e) != 0)
		return error_context(e, "campaign %s", campaign->slug);
	const json_t *d = campaign->definition;
	const char *zone = json_string_value(json_object_get(d, "zone"));
	campaign->zone = xstrdup(zone == NULL ? "Europe/Moscow" : zone);
	campaign->reply_to = xstrdup(json_string_value(json_object_get(d, "reply_to")));
	/* States in a round's own audience are about this campaign's earlier letters. */
	const json_t *own = own_audience(d, view) ? json_object_get(d, "audience") : NULL;
	if (take_send(campaign, e) != 0 || audience_init(&campaign->audience, d, own, e) != 0)
		return error_context(e, "campaign %s", campaign->slug);
	return 0;
}

static int load(struct db *db, int64_t id, const struct view *view, struct campaign **out, struct error *e)
{
	struct db_stmt *stmt;
	*out = NULL;
	if (db_query(db, &stmt, e,
		    "SELECT slug, definition, sender, kind FROM campaign WHERE id = $1", "i",
		    id) != 0)
		return -1;
	enum db_step step = db_step(stmt, e);
	if (step == DB_DONE)
		return error_set(e, ERROR_NOT_FOUND, "no campaign %lld", (long long)id);
	if (step != DB_ROW)
		return -1;
	struct campaign *campaign = xcalloc(1, sizeof *campaign);
	campaign->id = id;
	int rc = take_row(campaign, stmt, view, e);
	db_reset(stmt);
	if (rc == 0)
		*out = campaign;
	else
		campaign_free(&campaign);
	return rc;
}

int campaign_load(struct db *db, int64_t id, struct campaign **out, struct error *e)
{
	struct view all = {0};
	return load(db, id, &all, out, e);
}

int campaign_load_round(struct db *db, int64_t id, int64_t number, bool collect, struct campaign **out,
	struct error *e)
{
	struct view view = {number, collect};
	return load(db, id, &view, out, e);
}

void campaign_free(struct campaign **handle)
{
	struct campaign *campaign = *handle;
	*handle = NULL;
	if (campaign == NULL)
		return;
	audience_fini(&campaign->audience);
	json_decref(campaign->definition);
	free(campaign->slug);
	free(campaign->zone);
	free(campaign->sender);
	free(campaign->reply_to);
	free(campaign);
}

int64_t campaign_id(const struct campaign *campaign)
{
	return campaign->id;
}

const char *campaign_slug(const struct campaign *campaign)
{
	return campaign->slug;
}

const char *campaign_zone(const struct campaign *campaign)
{
	return campaign->zone;
}

const json_t *campaign_definition(const struct campaign *campaign)
{
	return campaign->definition;
}

const char *campaign_sender(const struct campaign *campaign)
{
	return campaign->sender;
}

const char *campaign_reply_to(const struct campaign *campaign)
{
	return campaign->reply_to;
}

/* ---- the letter -------------------------------------------------------------------------- */

struct part { /* an attachment */
	char *name, *title, *media_type, *hash;
	int64_t size;
	char *data; /* NULL: goes as a link, nobody needs it here */
};
struct parts {
	char *file, *markdown;
	char *block[2]; /* HTML, text: a notice's own */
	size_t markdown_len;
	struct part part[ATTACHMENTS_MAX];
	size_t count;
};

static void parts_fini(struct parts *parts)
{
	free(parts->file);
	free(parts->markdown);
	free(parts->block[0]);
	free(parts->block[1]);
	for (size_t i = 0; i < parts->count; i++) {
		free(parts->part[i].name);
		free(parts->part[i].title);
		free(parts->part[i].media_type);
		free(parts->part[i].hash);
		free(parts->part[i].data);
	}
}

static char *copy_blob(struct db_stmt *row, int column, size_t *len)
{
	const void *data = db_blob(row, column, len);
	char *copy = xmalloc(*len + 1);
	if (*len > 0)
		memcpy(copy, data, *len);
	copy[*len] = '\0';
	return copy;
}

static int read_text(struct db *db, int64_t id, const char *letter, struct parts *parts, struct error *e)
{
	struct db_stmt *stmt;
	if (db_query(db, &stmt, e,
		    "SELECT f.title, b.data FROM campaign_file f JOIN blob b ON b.hash = f.hash "
		    "WHERE f.campaign = $1 AND f.purpose = 'letter' AND f.name = $2",
		    "is", id, letter) != 0)
		return -1;
	enum db_step step = db_step(stmt, e);
	if (step == DB_ROW) {
		parts->file = xstrdup(db_text(stmt, 0));
		parts->markdown = copy_blob(stmt, 1, &parts->markdown_len);
		db_reset(stmt);
	}
	return step == DB_FAILED ? -1 : 0;
}

static int read_blocks(struct db *db, int64_t id, struct parts *parts, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	size_t len;
	if (db_query(db, &stmt, e,
		    "SELECT f.position, b.data FROM campaign_file f JOIN blob b ON b.hash = f.hash "
		    "WHERE f.campaign = $1 AND f.purpose = 'block' AND f.position IN (0, 1)",
		    "i", id) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW)
		parts->block[db_int(stmt, 0)] = copy_blob(stmt, 1, &len);
	return step == DB_DONE ? 0 : -1;
}

static int list_attachments(struct db *db, int64_t id, struct parts *parts, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	if (db_query(db, &stmt, e,
		    "SELECT f.name, f.title, f.media_type, f.hash, b.size FROM campaign_file f "
		    "JOIN blob b ON b.hash = f.hash WHERE f.campaign = $1 AND f.purpose = 'attachment' "
		    "ORDER BY f.position",
		    "i", id) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW)
		if (parts->count < ATTACHMENTS_MAX)
			parts->part[parts->count++] = (struct part){.name = xstrdup(db_text(stmt, 0)),
				.title = xstrdup(db_text(stmt, 1)),
				.media_type = xstrdup(db_text(stmt, 2)),
				.hash = xstrdup(db_text(stmt, 3)),
				.size = db_int(stmt, 4)};
	return step == DB_DONE ? 0 : -1;
}

static int read_attachment(struct db *db, struct part *part, struct error *e)
{
	struct db_stmt *stmt;
	size_t len;
	if (db_query(db, &stmt, e, "SELECT data FROM blob WHERE hash = $1", "s", part->hash) != 0)
		return -1;
	enum db_step step = db_step(stmt, e);
	if (step == DB_DONE)
		return error_set(e, ERROR_NOT_FOUND, "the attachment %s is not in the store", part->name);
	if (step != DB_ROW)
		return -1;
	part->data = copy_blob(stmt, 0, &len);
	part->size = (int64_t)len;
	db_reset(stmt);
	return 0;
}

/* What goes as a link may be a hundred times the rest: it is not read. */
static int read_parts(struct db *db, const struct campaign *campaign, const json_t *step, struct parts *parts,
	struct error *e)
{
	const char *letter = json_string_value(json_object_get(step, "letter"));
	if (read_text(db, campaign->id, letter, parts, e) != 0)
		return -1;
	if (parts->markdown == NULL)
		return error_set(e, ERROR_NOT_FOUND,
			"campaign %s: the text of letter %s is not in the store", campaign->slug, letter);
	if (campaign->notice && read_blocks(db, campaign->id, parts, e) != 0)
		return -1;
	if (!compile_carries(step))
		return 0;
	if (list_attachments(db, campaign->id, parts, e) != 0)
		return -1;
	for (size_t i = 0; i < parts->count; i++)
		if (!compile_linked(campaign->definition, i + 1) &&
			read_attachment(db, &parts->part[i], e) != 0)
			return -1;
	return 0;
}

static const json_t *step_of(const struct campaign *campaign, int step, struct error *e)
{
	const json_t *item;
	size_t index;
	json_array_foreach(json_object_get(campaign->definition, "steps"), index, item)
		if (json_integer_value(json_object_get(item, "step")) == step &&
			json_is_string(json_object_get(item, "letter")))
			return item;
	(void)error_set(e, ERROR_NOT_FOUND, "campaign %s has no letter for step %d", campaign->slug, step);
	return NULL;
}

static struct letter *compile_parts(const struct campaign *campaign, const json_t *step,
	const struct parts *parts, struct error *e)
{
	struct problems problems = {0};
	struct letter_attachment attachment[ATTACHMENTS_MAX];
	for (size_t i = 0; i < parts->count; i++)
		attachment[i] = (struct letter_attachment){.name = parts->part[i].name,
			.title = parts->part[i].title,
			.media_type = parts->part[i].media_type,
			.data = parts->part[i].data,
			.len = (size_t)parts->part[i].size};
	struct compile_source source = {.definition = campaign->definition,
		.file = parts->file,
		.markdown = parts->markdown,
		.markdown_len = parts->markdown_len,
		.block_html = parts->block[0],
		.block_text = parts->block[1],
		.step = step,
		.attachments = attachment,
		.attachments_count = parts->count,
		.notice = campaign->notice};
	struct letter *letter = compile_letter(&source, &problems);
	if (letter == NULL)
		(void)error_set(e, ERROR_INTERNAL, "campaign %s: the stored letter does not compile: %s",
			campaign->slug, problems.count > 0 ? problems.item[0].text : "?");
	problems_fini(&problems);
	return letter;
}

int campaign_letter(struct db *db, const struct campaign *campaign, const struct settings *settings,
	int step, struct letter **out, struct error *e)
{
	(void)settings; /* links are the mailer's */
	struct parts parts = {0};
	const json_t *item = step_of(campaign, step, e);
	*out = NULL;
	if (item != NULL && read_parts(db, campaign, item, &parts, e) == 0)
		*out = compile_parts(campaign, item, &parts, e);
	parts_fini(&parts);
	return *out == NULL ? -1 : 0;
}

/* ---- whom and when ----------------------------------------------------------------------------
 */

int campaign_audience_batch(struct db *db, const struct campaign *campaign, int64_t after, int most,
	int64_t *last, bool *end,
	int (*each)(void *arg, const struct campaign_recipient *recipient), void *arg,
	struct error *e)
{
	struct audience_call call = {.audience = &campaign->audience,
		.campaign = campaign->id,
		.after = after,
		.most = most,
		.each = each,
		.arg = arg};
	if (campaign->notice) { /* its deliveries were made with it */
		*last = after;
		*end = true;
		return 0;
	}
	int rc = audience_walk(db, &call, e);
	*last = call.last;
	*end = call.end;
	return rc;
}

int campaign_due_ms(const struct campaign *campaign, const char *recipient_zone, int64_t now_ms,
	int64_t *due_ms, struct error *e)
{
	const char *zone =
		campaign->local && recipient_zone != NULL ? recipient_zone : campaign->zone;
	int64_t from_ms = now_ms, at_ms = campaign->at_ms;
	if (at_ms != 0 && campaign->local && recipient_zone != NULL &&
		calendar_to_ms(&campaign->wall, zone, &at_ms, e) != 0)
		return -1;
	if (at_ms > from_ms)
		from_ms = at_ms;
	return calendar_next_open(
		from_ms, zone, campaign->open_minute, campaign->close_minute, due_ms, e);
}
