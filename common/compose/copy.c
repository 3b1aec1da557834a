/* A composition out of a campaign that stands in the store: its YAML with the dates moved, its letters and
 * attachments, its tables written again as CSV. */
#include <stdlib.h>
#include <string.h>

#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "calendar/day.h"
#include "campaign/calendars.h"
#include "campaign/copy.h"
#include "compose/compose_inside.h"
#include "table/table.h"

struct copying {
	struct db *db;
	int64_t id;
	json_t *definition;
	struct parts parts;
	struct error *e;
};

static const struct yaml_node *member(const struct yaml_node *map, const char *key)
{
	for (size_t i = 0; map != NULL && map->kind == YAML_MAP && i < map->count; i++)
		if (strcmp(map->key[i], key) == 0)
			return map->item[i];
	return NULL;
}

static const char *scalar(const struct yaml_node *node)
{
	return node != NULL && node->kind == YAML_SCALAR ? node->text : NULL;
}

/* One file of the stored campaign as a part of that name. What is not in the store is left out: the check
 * will name it. */
static int take_file(struct copying *c, const char *purpose, const char *name, int64_t position, const char *as)
{
	struct db_stmt *row;
	if (as == NULL || (strcmp(as, COMPOSE_YAML) != 0 && !compose_name_ok(as)))
		return 0;
	if (db_query(c->db, &row, c->e,
		    "SELECT b.data FROM campaign_file f JOIN blob b ON b.hash = f.hash WHERE f.campaign = $1 AND f.purpose = $2"
		    " AND ($3 = '' OR f.name = $3) AND (CAST($4 AS BIGINT) < 0 OR f.position = $4)",
		    "issi", c->id, purpose, name, position) != 0)
		return -1;
	enum db_step step = db_step(row, c->e);
	if (step == DB_ROW) {
		size_t len;
		const void *data = db_blob(row, 0, &len);
		char *copy = xmalloc(len + 1);
		if (len > 0)
			memcpy(copy, data, len);
		copy[len] = '\0';
		parts_add(&c->parts, as, copy, len);
		db_reset(row);
	}
	return step == DB_FAILED ? -1 : 0;
}

static int take_letters(struct copying *c, const struct yaml_node *root)
{
	const struct yaml_node *letters = member(root, "letters"), *stages = member(root, "stages");
	int rc = 0;
	for (size_t i = 0; rc == 0 && letters != NULL && letters->kind == YAML_MAP && i < letters->count; i++)
		rc = take_file(c, "letter", letters->key[i], -1, scalar(letters->item[i]));
	for (size_t i = 0; rc == 0 && stages != NULL && stages->kind == YAML_LIST && i < stages->count; i++) {
		const char *name = scalar(member(stages->item[i], "letter"));
		if (name != NULL && member(letters, name) == NULL)
			rc = take_file(c, "letter", name, -1, name);
	}
	return rc;
}

static int take_attachments(struct copying *c, const struct yaml_node *root)
{
	const struct yaml_node *list = member(root, "attachments");
	int64_t position = 0;
	int rc = 0;
	for (size_t i = 0; rc == 0 && list != NULL && list->kind == YAML_LIST && i < list->count; i++) {
		const struct yaml_node *item = list->item[i];
		rc = take_file(c, "attachment", "", ++position, scalar(item->kind == YAML_MAP ? member(item, "file") : item));
		if (rc == 0 && member(item, "signature") != NULL)
			rc = take_file(c, "attachment", "", ++position, scalar(member(item, "signature")));
	}
	return rc;
}

/* ---- tables -------------------------------------------------------------------------------- */

static void put_row(FILE *out, const char *key, const json_t *columns, const json_t *fields)
{
	size_t index;
	const json_t *column;
	table_put_cell(out, key, ';');
	json_array_foreach(columns, index, column)
	{
		const char *name = json_string_value(column);
		const char *value = fields == NULL ? name : json_string_value(json_object_get(fields, name));
		fputc(';', out);
		table_put_cell(out, value == NULL ? "" : value, ';');
	}
	fputc('\n', out);
}

static int put_rows(struct copying *c, FILE *out, const char *dataset, const json_t *columns)
{
	struct db_stmt *row;
	enum db_step step;
	if (db_query(c->db, &row, c->e, "SELECT key, fields FROM dataset_row WHERE campaign = $1 AND dataset = $2 ORDER BY key",
		    "is", c->id, dataset) != 0)
		return -1;
	while ((step = db_step(row, c->e)) == DB_ROW) {
		json_t *fields = json_loads(db_text(row, 1), 0, NULL);
		put_row(out, db_text(row, 0), columns, fields);
		json_decref(fields);
	}
	return step == DB_DONE ? 0 : -1;
}

/* A workbook's figures come back as CSV under its name: the reader looks at the bytes, not at the ending. */
static int take_table(struct copying *c, const struct yaml_node *node, const char *dataset, const json_t *item)
{
	const char *file = scalar(node != NULL && node->kind == YAML_MAP ? member(node, "file") : node);
	const char *key = scalar(member(node, "key")), *by = json_string_value(json_object_get(item, "by"));
	const json_t *columns = json_object_get(item, "columns");
	char *text = NULL;
	size_t len = 0;
	if (file == NULL || !compose_name_ok(file))
		return 0;
	FILE *out = open_memstream(&text, &len);
	if (out == NULL)
		return error_errno(c->e, "memory");
	put_row(out, key != NULL ? key : by != NULL ? by : "key", columns, NULL);
	int rc = put_rows(c, out, dataset, columns);
	fclose(out);
	if (rc == 0)
		parts_add(&c->parts, file, text, len);
	else
		free(text);
	return rc;
}

static int take_tables(struct copying *c, const struct yaml_node *root)
{
	const struct yaml_node *data = member(root, "data"), *list = member(member(root, "audience"), "list");
	size_t index;
	const json_t *item;
	int rc = 0;
	json_array_foreach(json_object_get(c->definition, "datasets"), index, item)
	{
		const char *name = json_string_value(json_object_get(item, "name"));
		if (rc == 0 && member(data, name) != NULL)
			rc = take_table(c, member(data, name), name, item);
	}
	return rc != 0 || list == NULL ? rc : take_table(c, list, "@list", NULL);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static int find(struct copying *c, const char *campaign)
{
	struct db_stmt *row;
	if (db_query(c->db, &row, c->e, "SELECT id, definition FROM campaign WHERE slug = $1 AND kind = 'campaign'", "s", campaign) != 0)
		return -1;
	enum db_step step = db_step(row, c->e);
	if (step == DB_ROW) {
		c->id = db_int(row, 0);
		c->definition = json_loads(db_text(row, 1), 0, NULL);
		db_reset(row);
	}
	return step == DB_ROW ? 0
	       : step == DB_FAILED ? -1
				   : error_set(c->e, ERROR_NOT_FOUND, tr("there is no campaign «%.64s»", "рассылки «%.64s» нет"), campaign);
}

static int move_dates(struct copying *c, const struct settings *settings, const char *slug, int32_t start_day,
	struct problems *problems)
{
	struct calendars *calendars = calendars_load(settings, problems);
	const struct copy_plan plan = {.file = COMPOSE_YAML,
		.text = c->parts.yaml,
		.len = c->parts.yaml_len,
		.slug = slug,
		.start_day = start_day,
		.workdays = calendars_own(calendars)};
	struct buf out;
	buf_init(&out, 2 * YAML_FILE_MAX_BYTES);
	int rc = copy_text(&plan, &out, problems);
	if (rc == 0) {
		free(c->parts.yaml);
		c->parts.yaml_len = out.len;
		c->parts.yaml = buf_take(&out);
	} else {
		rc = error_set(c->e, ERROR_INPUT, "%s", tr("nothing was copied", "ничего не скопировано"));
	}
	buf_fini(&out);
	calendars_free(&calendars);
	return rc;
}

/* Its text (with the dates moved unless start_day is DAY_NONE), letters, attachments, tables. */
static int take_all(struct copying *c, const struct settings *settings, const char *campaign, const char *name,
	int32_t start_day, struct problems *problems)
{
	struct yaml_node *root = NULL;
	int rc = find(c, campaign);
	if (rc == 0)
		rc = take_file(c, "source", "", -1, COMPOSE_YAML);
	if (rc == 0 && c->parts.yaml == NULL)
		rc = error_set(c->e, ERROR_NOT_FOUND, tr("the text of «%.64s» is not in the store", "текста рассылки «%.64s» нет в хранилище"), campaign);
	if (rc == 0 && start_day != DAY_NONE)
		rc = move_dates(c, settings, name, start_day, problems);
	if (rc == 0 && (root = yaml_load_text(COMPOSE_YAML, c->parts.yaml, c->parts.yaml_len, problems)) == NULL)
		rc = error_set(c->e, ERROR_INTERNAL, "the stored campaign.yaml is damaged");
	if (rc == 0 && (take_letters(c, root) != 0 || take_attachments(c, root) != 0 || take_tables(c, root) != 0))
		rc = -1;
	yaml_node_free(&root);
	return rc;
}

int compose_begin_copy(struct db *db, const struct settings *settings, const char *campaign, int32_t start_day,
	const char *actor, char **slug, struct problems *problems, struct error *e)
{
	struct copying c = {.db = db, .e = e};
	char name[COPY_SLUG_SIZE];
	*slug = NULL;
	if (start_day != DAY_NONE)
		(void)copy_slug(campaign, start_day, name);
	else
		snprintf(name, sizeof name, "%.57s-copy", campaign);
	int rc = take_all(&c, settings, campaign, name, start_day, problems);
	if (rc == 0)
		rc = compose_begin_parts(db, &c.parts, name, actor, slug, problems, e);
	parts_fini(&c.parts);
	json_decref(c.definition);
	return rc;
}

int parts_of_campaign(struct db *db, const struct settings *settings, const char *campaign, struct parts *parts,
	struct problems *problems, struct error *e)
{
	struct copying c = {.db = db, .e = e};
	int rc = take_all(&c, settings, campaign, campaign, DAY_NONE, problems);
	json_decref(c.definition);
	*parts = c.parts;
	return rc;
}
