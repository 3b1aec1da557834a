/* What came of a round: report, totals by municipality, call list, acknowledgements; the case file. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "console/api/files.h"
#include "console/api/handlers.h"
#include "console/api/place.h"
#include "console/heavy.h"
#include "report/acknowledgements.h"
#include "report/archive.h"
#include "report/calls.h"
#include "report/html.h"
#include "report/write.h"

/* ---- the round's facts ------------------------------------------------------------------------ */

/* false after a problem. */
static bool begin(struct api *api, int64_t round, struct heavy *heavy)
{
	struct error e = {0};
	enum heavy_answer answer = heavy_begin(heavy, api->db, round, &e);
	if (answer == HEAVY_BUSY)
		api_problem(api, API_UNAVAILABLE, heavy_title(), NULL);
	else if (answer == HEAVY_FAILED)
		api_error(api, &e);
	return answer == HEAVY_GO;
}

/* The caller calls heavy_end in any case. */
static struct report_facts *gather(struct api *api, struct report_place *place, struct heavy *heavy)
{
	struct report_facts *facts = NULL;
	struct error e = {0};
	if (!api_find_round(api, place) || !begin(api, place->round, heavy))
		return NULL;
	if (gather_round(api->db, place->campaign, place->round, place->lang, 0, &facts, &e) == 0)
		return facts;
	api_error(api, &e);
	return NULL;
}

static char *name_of(const struct report_facts *facts, const char *what, const char *format)
{
	return xasprintf("%s-%s-%lld.%s", facts->slug, what, (long long)facts->round_number, format);
}

/* ---- a file in one of several formats ---------------------------------------------------------------- */

struct making {
	struct api *api;
	struct report_place place;
	struct report_facts *facts;
	const char *format, *path;
	FILE *out;
	size_t count;
};

static void make(struct api *api, const char *what, const char *formats, int (*write)(struct making *m, struct error *e))
{
	struct making m = {.api = api};
	struct heavy heavy = {0};
	struct error e = {0};
	char *path;
	if ((m.format = api_format(api, formats)) == NULL || (m.facts = gather(api, &m.place, &heavy)) == NULL) {
		heavy_end(&heavy);
		return;
	}
	m.out = api_file(api, &path);
	if (m.out != NULL) {
		m.path = path;
		char *name = name_of(m.facts, what, m.format);
		if (write(&m, &e) != 0) {
			api_error(api, &e);
			api_file_drop(m.out, path);
		} else if (strcmp(m.format, "xlsx") == 0) {
			api_path_reply(api, m.out, path, name, api_format_type(m.format));
		} else {
			api_file_reply(api, m.out, path, name, api_format_type(m.format));
		}
		free(name);
	}
	facts_free(&m.facts);
	heavy_end(&heavy);
}

/* "data": [ one object after the other ]. */
static void begin_rows(struct making *m)
{
	fputs("{\"data\":[", m->out);
}

static void add_row(struct making *m, json_t *row)
{
	fputs(m->count++ > 0 ? "," : "", m->out);
	(void)json_dumpf(row, m->out, JSON_COMPACT);
	json_decref(row);
}

static void end_rows(struct making *m)
{
	fputs("],\"next\":null}\n", m->out);
}

/* ---- report ---------------------------------------------------------------------------------------- */

static int write_report(struct making *m, struct error *e)
{
	if (strcmp(m->format, "xlsx") == 0)
		return xlsx_write(m->path, m->facts, e);
	if (strcmp(m->format, "html") == 0)
		html_page(m->out, m->facts);
	else if (strcmp(m->format, "csv") == 0)
		csv_write(m->out, m->facts);
	else
		json_write(m->out, m->facts);
	return 0;
}

void api_report(struct api *api)
{
	make(api, "report", "json csv xlsx html", write_report);
}

void api_municipalities(struct api *api)
{
	struct report_place place;
	struct heavy heavy = {0};
	struct report_facts *facts = gather(api, &place, &heavy);
	heavy_end(&heavy);
	if (facts == NULL)
		return;
	json_t *totals = json_totals(facts);
	json_t *groups = json_incref(json_object_get(totals, "groups"));
	json_decref(totals);
	facts_free(&facts);
	api_list(api, groups, "");
}

/* ---- calls ---------------------------------------------------------------------------------------------- */

static json_t *call_json(const struct call *call)
{
	static const char *const troubles[] = {[REPORT_REACHED] = "reached", [REPORT_NOT_SENT] = "not-sent",
		[REPORT_UNDELIVERED] = "undelivered", [REPORT_NO_LETTER] = "no-letter"};
	json_t *contacts = json_array();
	for (size_t i = 0; i < call->contacts; i++)
		json_array_append_new(contacts,
			json_pack("{s:o, s:o, s:o, s:o, s:o}", "role", api_string(call->contact[i].role), "name",
				api_string(call->contact[i].name), "position", api_string(call->contact[i].position), "phone",
				api_string(call->contact[i].phone), "address", api_string(call->contact[i].address)));
	return json_pack("{s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "organisation", api_string(call->key), "name",
		api_string(call->name), "region", api_string(call->region), "municipality", api_string(call->municipality),
		"letters", troubles[call->trouble], "contacts", contacts, "event", api_string(call->event), "event_address",
		api_string(call->event_address), "event_at", api_moment(call->event_ms));
}

static int one_call(void *arg, const struct call *call)
{
	add_row(arg, call_json(call));
	return 0;
}

static int write_calls(struct making *m, struct error *e)
{
	if (strcmp(m->format, "xlsx") == 0)
		return calls_xlsx(m->api->db, m->facts, m->place.round, m->path, NULL, e);
	if (strcmp(m->format, "html") == 0)
		return calls_html(m->api->db, m->facts, m->place.round, m->out, NULL, e);
	begin_rows(m);
	int rc = calls_each(m->api->db, m->facts, m->place.round, one_call, m, e);
	end_rows(m);
	return rc;
}

void api_calls(struct api *api)
{
	make(api, "calls", "json xlsx html", write_calls);
}

/* ---- acknowledgements ---------------------------------------------------------------------------------------- */

static int one_acknowledgement(void *arg, const struct acknowledgement *a)
{
	add_row(arg, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "name", api_string(a->name), "position", api_string(a->title),
			     "organisation", api_string(a->key), "organisation_name", api_string(a->organisation), "at",
			     api_moment(a->time_ms), "way", api_string(a->way)));
	return 0;
}

static int write_acknowledgements(struct making *m, struct error *e)
{
	if (strcmp(m->format, "xlsx") == 0)
		return acknowledgements_xlsx(m->api->db, m->facts, m->place.round, m->path, NULL, e);
	if (strcmp(m->format, "html") == 0)
		return acknowledgements_html(m->api->db, m->facts, m->place.round, m->out, NULL, e);
	begin_rows(m);
	int rc = acknowledgements_each(m->api->db, m->place.round, one_acknowledgement, m, e);
	end_rows(m);
	return rc;
}

void api_acknowledgements(struct api *api)
{
	make(api, "acknowledgements", "json xlsx html", write_acknowledgements);
}

/* ---- case file ------------------------------------------------------------------------------------------------- */

void api_case_file(struct api *api)
{
	struct archive_result result;
	struct error e = {0};
	char *path;
	int64_t id;
	const char *slug = web_part(api->request, "campaign");
	struct heavy heavy = {0};
	if (!api_find_campaign(api, &id) || !begin(api, 0, &heavy))
		return;
	FILE *place = api_file(api, &path);
	if (place == NULL) {
		heavy_end(&heavy);
		return;
	}
	int rc = archive_write(api->db, api->visit->console->settings, slug, path, &result, &e);
	heavy_end(&heavy);
	if (rc != 0) {
		api_error(api, &e);
		api_file_drop(place, path);
		return;
	}
	char *name = xasprintf("%s.zip", slug);
	web_add_header(api->request, "X-Case-Sums", result.sums);
	api_path_reply(api, place, path, name, "application/zip");
	free(name);
}
