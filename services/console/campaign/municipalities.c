/* /campaigns/{slug}/municipalities: the share answered of each; /campaigns/{slug}/calls: whom to telephone. */
#include <stdlib.h>
#include <string.h>

#include "answer/answer.h"
#include "base/xalloc.h"
#include "console/campaign/part.h"
#include "report/calls.h"
#include "web/target.h"

#define GROUPS_MAX 5000 /* municipalities of the whole country: some 2,500 */
#define CALLS_SHOWN 100

struct group {
	char *region, *municipality;
	struct ask_counts counts;
};

/* ---- municipalities -------------------------------------------------------------------------- */

static bool same(const struct group *group, const char *region, const char *municipality)
{
	return strcmp(group->region, region) == 0 && strcmp(group->municipality, municipality) == 0;
}

/* Sums by index of the round's asks, joined to the directory: some 0.3 s at 100,000. */
static int read_groups(struct place *place, struct group **out, size_t *count, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	*out = xcalloc(GROUPS_MAX, sizeof **out);
	*count = 0;
	if (db_query(place->visit->db, &stmt, e,
		    "SELECT COALESCE(o.region, ''), COALESCE(o.municipality, ''), a.state, COUNT(*) FROM ask a JOIN organisation o"
		    " ON o.id = a.organisation WHERE a.round = $1 AND a.level = 0"
		    " GROUP BY COALESCE(o.region, ''), COALESCE(o.municipality, ''), a.state ORDER BY 1, 2", "i", place->round->id) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW) {
		const char *region = db_text(stmt, 0), *municipality = db_text(stmt, 1);
		if (*count == 0 || !same(&(*out)[*count - 1], region, municipality)) {
			if (*count == GROUPS_MAX) {
				db_reset(stmt);
				break;
			}
			(*out)[(*count)++] = (struct group){.region = xstrdup(region), .municipality = xstrdup(municipality)};
		}
		ask_counts_add(&(*out)[*count - 1].counts, db_text(stmt, 2), db_int(stmt, 3));
	}
	return step == DB_FAILED ? -1 : 0;
}

static double share_exactly(const struct group *group)
{
	int64_t expected = ask_counts_expected(&group->counts);
	return expected == 0 ? 1 : (double)ask_counts_answered(&group->counts) / (double)expected;
}

static int by_name(const void *a, const void *b)
{
	const struct group *x = a, *y = b;
	int order = strcmp(x->region, y->region);
	return order != 0 ? order : strcmp(x->municipality, y->municipality);
}

static int by_share(const void *a, const void *b)
{
	double x = share_exactly(a), y = share_exactly(b);
	return x < y ? -1 : x > y ? 1 : by_name(a, b);
}

static int by_silent(const void *a, const void *b)
{
	const struct group *x = a, *y = b;
	return x->counts.open > y->counts.open ? -1 : x->counts.open < y->counts.open ? 1 : by_name(a, b);
}

static const struct order {
	const char *name;
	int (*compare)(const void *a, const void *b);
	bool down;
} orders[] = {{"share", by_share, false}, {"share-down", by_share, true}, {"name", by_name, false}, {"silent", by_silent, false}};

static const struct order *wanted_order(const struct visit *visit)
{
	const char *wanted = web_query(visit->request, "sort");
	for (size_t i = 0; wanted != NULL && i < sizeof orders / sizeof orders[0]; i++)
		if (strcmp(orders[i].name, wanted) == 0)
			return &orders[i];
	return &orders[0]; /* the worst first: they are whom it is about */
}

static json_t *group_row(const struct place *place, const struct group *group)
{
	char *name = target_escape(group->municipality);
	json_t *row = json_pack("{s:s, s:o, s:o, s:o, s:o}", "name",
		group->municipality[0] == '\0' ? tr("(not given)", "(не указан)") : group->municipality, "region", show_text(group->region),
		"share", show_share(&group->counts), "silent", show_number(group->counts.open), "url",
		group->municipality[0] == '\0'
			? json_null()
			: json_sprintf("/campaigns/%s/answers?municipality=%s&round=%lld", place->row.slug, name, (long long)place->round->number));
	free(name);
	return row;
}

void page_municipalities(struct visit *visit)
{
	struct place place;
	struct group *groups = NULL;
	struct error e = {0};
	size_t count = 0;
	if (place_open(visit, &place) && place_asked(&place, "municipalities")) {
		const struct order *order = wanted_order(visit);
		if (read_groups(&place, &groups, &count, &e) == 0) {
			json_t *data = place_page(&place, "municipalities", tr("Municipalities", "Муниципалитеты")), *rows = json_array();
			qsort(groups, count, sizeof *groups, order->compare);
			for (size_t i = 0; i < count; i++)
				json_array_append_new(rows, group_row(&place, &groups[order->down ? count - 1 - i : i]));
			json_object_set_new(data, "rows", rows);
			json_object_set_new(data, "by_name", json_boolean(order->compare == by_name));
			json_object_set_new(data, "by_silent", json_boolean(order->compare == by_silent));
			json_object_set_new(data, "share_up", json_boolean(order->compare == by_share && !order->down));
			json_object_set_new(data, "share_down", json_boolean(order->down));
			console_page(visit, 200, "campaign_municipalities", data);
		} else {
			web_reply_error(visit->request, &e);
		}
	}
	for (size_t i = 0; i < count; i++) {
		free(groups[i].region);
		free(groups[i].municipality);
	}
	free(groups);
	place_fini(&place);
}

/* ---- calls ---------------------------------------------------------------------------------------- */

struct calling {
	struct place *place;
	json_t *rows;
};

/* "+7 (000) 000-00-00, доб. 5" → "+70000000000": what a telephone dials. The caller frees; NULL: nothing to dial. */
static char *dialled(const char *phone)
{
	char *out = xmalloc(strlen(phone) + 1);
	size_t len = 0;
	for (const char *at = phone; *at != '\0' && *at != ',' && *at != ';'; at++)
		if ((*at >= '0' && *at <= '9') || (*at == '+' && len == 0))
			out[len++] = *at;
	out[len] = '\0';
	if (len >= 5)
		return out;
	free(out);
	return NULL;
}

static int take_call(void *arg, const struct call *call)
{
	struct calling *calling = arg;
	json_t *contacts = json_array();
	for (size_t i = 0; i < call->contacts; i++) {
		char *person = call_person(&call->contact[i]), *dial = dialled(call->contact[i].phone);
		json_array_append_new(contacts, json_pack("{s:o, s:o, s:o}", "person", show_text(person), "phone",
						      show_text(call->contact[i].phone), "dial", show_text(dial)));
		free(person);
		free(dial);
	}
	json_array_append_new(calling->rows,
		json_pack("{s:I, s:s, s:o, s:o, s:o, s:o}", "ask", (json_int_t)call->ask, "name", call->name, "municipality",
			show_text(call->municipality), "contacts", contacts, "event", show_text(call->event), "when",
			place_moment(calling->place, call->event_ms)));
	return 0;
}

void page_calls(struct visit *visit)
{
	struct place place;
	struct error e = {0};
	const char *municipality = web_query(visit->request, "municipality");
	int64_t after = 0;
	if (!page_after(visit, &after, 1))
		after = 0;
	if (place_open(visit, &place) && place_asked(&place, "calls")) {
		struct calling calling = {&place, json_array()};
		int n = calls_after(visit->db, place.round->id, lang_get(), municipality == NULL ? "" : municipality, &after, CALLS_SHOWN,
			take_call, &calling, &e);
		if (n < 0) {
			json_decref(calling.rows);
			web_reply_error(visit->request, &e);
		} else {
			json_t *data = place_page(&place, "calls", tr("Whom to call", "Кому звонить"));
			json_object_set_new(data, "any", json_boolean(n > 0));
			json_object_set_new(data, "rows", calling.rows);
			json_object_set_new(data, "silent",
				show_count(place.round->asks_counts.open, tr("organisation has not answered", "организация не ответила"),
					tr("organisations have not answered", "организации не ответили"), "организаций не ответили"));
			json_object_set_new(data, "municipality", json_string(municipality == NULL ? "" : municipality));
			json_object_set_new(data, "deadline", place_deadline(&place, place.round->deadline_ms));
			json_object_set_new(data, "next", n == CALLS_SHOWN ? page_next(visit, &after, 1) : json_null());
			console_page(visit, 200, "campaign_calls", data);
		}
	}
	place_fini(&place);
}
