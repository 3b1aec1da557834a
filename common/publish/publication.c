/* The page of a campaign. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "campaign/compile.h"
#include "campaign/definition.h"
#include "publish/publish_inside.h"

#define FILES_MAX 64

struct reading {
	struct db *db;
	struct publication *out;
	json_t *definition;
	struct wish wish;
	bool recalled; /* some round was published and then withdrawn */
};

static char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return xstrdup(text == NULL ? "" : text);
}

static int not_found(const char *slug, struct error *e)
{
	return error_set(e, ERROR_NOT_FOUND, tr("«%.80s» is not published", "«%.80s» не опубликована"), slug);
}

/* ---- parts -------------------------------------------------------------------------- */

static int read_campaign(struct reading *r, const char *slug, struct error *e)
{
	struct publication *out = r->out;
	struct db_stmt *stmt;
	if (db_query(r->db, &stmt, e,
		    "SELECT id, definition, sender, state, launched_ms FROM campaign WHERE slug = $1 AND kind = 'campaign'"
		    " AND state <> 'draft'",
		    "s", slug) != 0)
		return -1;
	enum db_step step = db_step(stmt, e);
	if (step == DB_FAILED)
		return -1;
	if (step == DB_DONE)
		return not_found(slug, e);
	out->campaign = db_int(stmt, 0);
	r->definition = json_loads(db_text(stmt, 1), 0, NULL);
	out->sender = xstrdup(db_text(stmt, 2));
	out->withdrawn = strcmp(db_text(stmt, 3), "cancelled") == 0;
	out->launched_ms = out->updated_ms = db_int(stmt, 4);
	db_reset(stmt);
	r->wish = wish_of(r->definition);
	return r->wish.page ? 0 : not_found(slug, e);
}

static void take_definition(struct reading *r, const char *slug)
{
	struct publication *out = r->out;
	const json_t *d = r->definition;
	json_t *constants = compile_constants(d);
	const json_t *document = json_object_get(constants, "document");
	const json_t *contacts = json_object_get(d, "contacts");
	out->slug = xstrdup(slug);
	out->title = text_of(d, "title");
	out->organisation = text_of(d, json_object_get(d, "organisation") != NULL ? "organisation" : "");
	if (out->organisation[0] == '\0') {
		free(out->organisation);
		out->organisation = text_of(json_object_get(d, "from"), "name");
	}
	out->zone = xstrdup(definition_zone(d));
	out->lang = definition_lang(d);
	out->number = text_of(document, "number");
	out->date = text_of(document, "date");
	out->contacts = contacts == NULL ? json_array() : json_deep_copy(contacts);
	out->feed = r->wish.feed;
	json_decref(constants);
}

struct times {
	int64_t number, published_ms, updated_ms;
};

static int read_times(struct reading *r, struct times **out, size_t *count, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	*out = NULL;
	*count = 0;
	if (db_query(r->db, &stmt, e,
		    "SELECT p.round, p.published_ms, p.updated_ms, r.state FROM publication p"
		    " LEFT JOIN round r ON r.campaign = p.campaign AND r.number = p.round WHERE p.campaign = $1"
		    " ORDER BY p.published_ms, p.round",
		    "i", r->out->campaign) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW) {
		if (!db_is_null(stmt, 3) && strcmp(db_text(stmt, 3), "withdrawn") == 0) {
			r->recalled = true;
			continue;
		}
		*out = xrealloc(*out, *count + 1, sizeof **out);
		(*out)[(*count)++] = (struct times){db_int(stmt, 0), db_int(stmt, 1), db_int(stmt, 2)};
	}
	return step == DB_FAILED ? -1 : 0;
}

static int read_entries(struct reading *r, struct error *e)
{
	struct publication *out = r->out;
	struct times *times;
	size_t count;
	int rc = read_times(r, &times, &count, e);
	out->entry = xcalloc(count + 1, sizeof *out->entry);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		struct publish_entry *entry = &out->entry[out->entries];
		rc = entry_make(r->db, out->campaign, r->definition, times[i].number, entry, e);
		if (rc != 0 && (e->code == ERROR_INPUT || e->code == ERROR_NOT_FOUND)) {
			rc = 0; /* said when it was published (announce.c); the other stages are shown */
			continue;
		}
		if (rc != 0)
			break;
		entry->published_ms = times[i].published_ms;
		entry->updated_ms = times[i].updated_ms;
		if (entry->updated_ms > out->updated_ms)
			out->updated_ms = entry->updated_ms;
		out->entries++;
	}
	free(times);
	return rc;
}

static int read_files(struct reading *r, struct error *e)
{
	struct publication *out = r->out;
	struct db_stmt *stmt;
	enum db_step step;
	if (db_query(r->db, &stmt, e,
		    "SELECT f.position, f.name, f.title, f.media_type, f.hash, b.size FROM campaign_file f"
		    " JOIN blob b ON b.hash = f.hash WHERE f.campaign = $1 AND f.purpose IN ('attachment', 'annex')"
		    " ORDER BY f.position LIMIT 64",
		    "i", out->campaign) != 0)
		return -1;
	out->file = xcalloc(FILES_MAX, sizeof *out->file);
	while ((step = db_step(stmt, e)) == DB_ROW) {
		const char *title = db_text(stmt, 2), *type = db_text(stmt, 3);
		out->file[out->files++] = (struct publish_file){.position = db_int(stmt, 0), .name = xstrdup(db_text(stmt, 1)),
			.title = xstrdup(title != NULL && title[0] != '\0' ? title : db_text(stmt, 1)),
			.media_type = xstrdup(type == NULL ? "" : type), .hash = xstrdup(db_text(stmt, 4)),
			.size = db_int(stmt, 5)};
	}
	return step == DB_FAILED ? -1 : 0;
}

/* ---- the whole ------------------------------------------------------------------------ */

int publication_load(struct db *db, const char *slug, struct publication *out, struct error *e)
{
	struct reading r = {.db = db, .out = out};
	*out = (struct publication){0};
	int rc = db_begin(db, DB_READ, e);
	if (rc == 0)
		rc = read_campaign(&r, slug, e);
	if (rc == 0) {
		take_definition(&r, slug);
		if (!out->withdrawn)
			rc = read_entries(&r, e);
		if (rc == 0 && !out->withdrawn && r.wish.attachments && out->entries > 0)
			rc = read_files(&r, e);
		out->withdrawn = out->withdrawn || (r.recalled && out->entries == 0);
		if (rc == 0 && out->entries == 0 && !out->withdrawn)
			rc = not_found(slug, e); /* launched, and nothing has gone out yet */
	}
	db_rollback(db);
	json_decref(r.definition);
	if (rc != 0)
		publication_fini(out);
	return rc;
}

void publish_file_fini(struct publish_file *file)
{
	free(file->name);
	free(file->title);
	free(file->media_type);
	free(file->hash);
	*file = (struct publish_file){0};
}

void publication_fini(struct publication *p)
{
	for (size_t i = 0; i < p->entries; i++)
		entry_fini(&p->entry[i]);
	for (size_t i = 0; i < p->files; i++)
		publish_file_fini(&p->file[i]);
	free(p->entry);
	free(p->file);
	free(p->slug);
	free(p->title);
	free(p->organisation);
	free(p->sender);
	free(p->zone);
	free(p->number);
	free(p->date);
	json_decref(p->contacts);
	*p = (struct publication){0};
}

/* ---- for a template ---------------------------------------------------------------------- */

static json_t *entry_json(const struct publication *p, const struct publish_entry *entry, enum lang lang)
{
	char day[CALENDAR_TEXT_SIZE], iso[CLOCK_RFC3339_SIZE];
	if (calendar_format(entry->published_ms, p->zone, lang, CALENDAR_LONG, day, NULL) != 0)
		day[0] = '\0';
	return json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "number", (json_int_t)entry->number, "title",
		entry->title, "label", entry->label, "html", entry->html, "text", entry->text, "day", day, "at",
		clock_rfc3339(entry->published_ms, iso), "deadline", entry->deadline);
}

static json_t *file_json(const struct publication *p, const struct publish_file *file, enum lang lang)
{
	char size[40];
	bool ru = lang == LANG_RU;
	if (file->size < 1024 * 1024)
		(void)snprintf(size, sizeof size, ru ? "%lld КБ" : "%lld KB", (long long)(file->size + 1023) / 1024);
	else
		(void)snprintf(size, sizeof size, ru ? "%.1f МБ" : "%.1f MB", (double)file->size / (1024 * 1024));
	char *url = xasprintf("/c/%s/files/%lld", p->slug, (long long)file->position);
	json_t *object = json_pack("{s:s, s:s, s:s, s:s}", "title", file->title, "name", file->name, "size", size, "url", url);
	free(url);
	return object;
}

json_t *publication_json(const struct publication *p, enum lang lang)
{
	json_t *entries = json_array(), *files = json_array();
	for (size_t i = p->entries; i-- > 0;) /* newest first: what people come for */
		json_array_append_new(entries, entry_json(p, &p->entry[i], lang));
	for (size_t i = 0; i < p->files; i++)
		json_array_append_new(files, file_json(p, &p->file[i], lang));
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:O, s:b, s:b, s:b, s:b}", "slug", p->slug, "title", p->title,
		"organisation", p->organisation, "number", p->number, "date", p->date, "entries", entries, "files", files,
		"contacts", p->contacts, "feed", p->feed, "withdrawn", p->withdrawn, "single", p->entries == 1,
		"has_files", p->files > 0);
}

int publication_file(struct db *db, const char *slug, int64_t position, struct publish_file *out, struct error *e)
{
	struct publication p;
	int rc = -1;
	*out = (struct publish_file){0};
	if (publication_load(db, slug, &p, e) != 0)
		return -1;
	for (size_t i = 0; i < p.files && rc != 0; i++)
		if (p.file[i].position == position) {
			*out = p.file[i];
			p.file[i] = (struct publish_file){0}; /* handed over */
			rc = 0;
		}
	publication_fini(&p);
	return rc == 0 ? 0 : not_found(slug, e);
}
