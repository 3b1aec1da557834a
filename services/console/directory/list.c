/* /directory: organisations, found by words, place and kind. */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "console/directory/part.h"
#include "directory/search.h"

#define ROWS 50
#define COUNTED_MOST 5000  /* «5 000 и больше»: nobody needs it exactly */
#define PLACES_MOST 500    /* of a list to choose from */

struct rows {
	json_t *list;
	int64_t last;
	bool more;
};

static int add_row(void *arg, const struct search_found *found)
{
	struct rows *rows = arg;
	if (json_array_size(rows->list) == ROWS) {
		rows->more = true;
		return 1;
	}
	rows->last = found->id;
	json_array_append_new(rows->list,
		json_pack("{s:I, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:b}", "id", (json_int_t)found->id, "key", found->key, "name",
			found->name, "kind", kind_shown(found->kind), "region", show_text(found->region), "municipality",
			show_text(found->municipality), "address", show_text(found->address), "person", show_text(found->person),
			"more_contacts", found->contacts > 1 ? show_number(found->contacts - 1) : json_null(), "ended", !found->active));
	return 0;
}

static json_t *choices(json_t *values, const char *chosen, const char *(*words)(const char *))
{
	json_t *list = json_array();
	for (size_t i = 0; i < json_array_size(values); i++) {
		const char *value = json_string_value(json_array_get(values, i));
		json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "value", value, "name", words == NULL ? value : words(value),
						    "chosen", chosen != NULL && strcmp(chosen, value) == 0));
	}
	json_decref(values);
	return list;
}

static json_t *count_words(int64_t count)
{
	return count < COUNTED_MOST ? show_number(count)
				    : json_sprintf(tr("%d and more", "%d и больше"), COUNTED_MOST);
}

static const char *asked(const struct visit *visit, const char *name)
{
	const char *value = web_query(visit->request, name);
	return value == NULL || value[0] == '\0' ? NULL : value;
}

static int add_choices(struct visit *visit, const struct search_filter *filter, json_t *data, struct error *e)
{
	json_t *kinds = search_values(visit->db, SEARCH_KINDS, NULL, PLACES_MOST, e);
	json_t *regions = kinds == NULL ? NULL : search_values(visit->db, SEARCH_REGIONS, NULL, PLACES_MOST, e);
	/* Of all regions they would be thousands: first the region, when there are several. */
	const char *region = filter->region;
	if (region == NULL && json_array_size(regions) == 1)
		region = json_string_value(json_array_get(regions, 0));
	json_t *places = regions == NULL ? NULL
		: region == NULL	 ? json_array()
					 : search_values(visit->db, SEARCH_MUNICIPALITIES, region, PLACES_MOST, e);
	if (places == NULL) {
		json_decref(kinds);
		json_decref(regions);
		return -1;
	}
	json_object_set_new(data, "kinds", choices(kinds, filter->kind, kind_shown));
	json_object_set_new(data, "regions", choices(regions, filter->region, NULL));
	json_object_set_new(data, "has_municipalities", json_boolean(json_array_size(places) > 0));
	json_object_set_new(data, "municipalities", choices(places, filter->municipality, NULL));
	return 0;
}

static int add_parent(struct visit *visit, const char *key, json_t *data, struct error *e)
{
	struct db_stmt *row;
	if (key == NULL) {
		json_object_set_new(data, "parent", json_null());
		return 0;
	}
	if (db_query(visit->db, &row, e, "SELECT id, name FROM organisation WHERE key = $1", "s", key) != 0)
		return -1;
	enum db_step step = db_step(row, e);
	json_object_set_new(data, "parent",
		step == DB_ROW ? json_pack("{s:I, s:s, s:s}", "id", (json_int_t)db_int(row, 0), "name", db_text(row, 1), "key", key)
			       : json_null());
	if (step == DB_ROW)
		db_reset(row);
	return step == DB_FAILED ? -1 : 0;
}

/* The newest import, for the head of the page. */
static int add_newest(struct visit *visit, json_t *data, struct error *e)
{
	struct db_stmt *row;
	if (db_query(visit->db, &row, e, "SELECT imported_ms FROM directory_revision ORDER BY number DESC LIMIT 1", "") != 0)
		return -1;
	enum db_step step = db_step(row, e);
	json_object_set_new(data, "changed", step == DB_ROW ? show_time(visit, db_int(row, 0)) : json_null());
	if (step == DB_ROW)
		db_reset(row);
	return step == DB_FAILED ? -1 : 0;
}

/* A page that holds all of them is counted already. */
static int count_all(struct visit *visit, const struct search_filter *filter, const struct rows *rows, int64_t after,
	int64_t *count, struct error *e)
{
	*count = (int64_t)json_array_size(rows->list);
	return after == 0 && !rows->more ? 0 : search_count(visit->db, filter, count, e);
}

void page_directory(struct visit *visit)
{
	struct error e = {0};
	struct rows rows = {.list = json_array()};
	int64_t after = 0, count = 0, all = 0;
	(void)page_after(visit, &after, 1);
	struct search_filter filter = {.text = asked(visit, "text"),
		.kind = asked(visit, "kind"),
		.region = asked(visit, "region"),
		.municipality = asked(visit, "municipality"),
		.parent = asked(visit, "parent"),
		.after = after,
		.most = ROWS + 1};
	struct search_filter counted = filter, none = {.most = 1};
	counted.after = 0;
	counted.most = COUNTED_MOST;
	bool filtered = filter.text != NULL || filter.kind != NULL || filter.region != NULL || filter.municipality != NULL ||
		filter.parent != NULL;
	json_t *data = json_pack("{s:s, s:s, s:s, s:b}", "title", tr("Directory", "Справочник"), "here", "directory", "text",
		filter.text == NULL ? "" : filter.text, "filtered", filtered);
	if (search_each(visit->db, &filter, add_row, &rows, &e) != 0 ||
		count_all(visit, &counted, &rows, after, &count, &e) != 0 || search_count(visit->db, &none, &all, &e) != 0 || add_choices(visit, &filter, data, &e) != 0 ||
		add_parent(visit, filter.parent, data, &e) != 0 || add_newest(visit, data, &e) != 0) {
		console_error(visit, &e);
		json_decref(data);
		json_decref(rows.list);
		return;
	}
	json_object_set_new(data, "any", json_boolean(json_array_size(rows.list) > 0));
	json_object_set_new(data, "empty", json_boolean(all == 0));
	json_object_set_new(data, "rows", rows.list);
	json_object_set_new(data, "count", count_words(count));
	json_object_set_new(data, "next", rows.more ? page_next(visit, &rows.last, 1) : json_null());
	json_object_set_new(data, "may_write", json_boolean(visit_may(visit, RIGHT_DIRECTORY_WRITE)));
	console_page(visit, 200, "directory_list", data);
}
