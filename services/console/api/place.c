#include "console/api/place.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"

static bool found(struct api *api, enum db_step step, const struct error *e, const char *en, const char *ru, const char *what)
{
	if (step == DB_ROW)
		return true;
	if (step == DB_FAILED) {
		api_error(api, e);
		return false;
	}
	char *detail = xasprintf("%s «%.80s»", tr(en, ru), what);
	api_problem(api, API_NOT_FOUND, detail, NULL);
	free(detail);
	return false;
}

bool api_find_campaign(struct api *api, int64_t *id)
{
	struct error e = {0};
	const char *slug = web_part(api->request, "campaign");
	return found(api, db_query_int(api->db, id, &e, "SELECT id FROM campaign WHERE slug = $1", "s", slug), &e,
		"there is no campaign", "нет рассылки", slug);
}

bool api_find_organisation(struct api *api, int64_t *id)
{
	struct error e = {0};
	const char *key = web_part(api->request, "organisation");
	return found(api, db_query_int(api->db, id, &e, "SELECT id FROM organisation WHERE key = $1", "s", key), &e,
		"there is no organisation", "нет организации", key);
}

bool api_find_round(struct api *api, struct report_place *place)
{
	struct error e = {0};
	int64_t number, campaign;
	if (!api_query_integer(api, "round", 1, INT32_MAX, 0, &number) || !api_find_campaign(api, &campaign))
		return false;
	if (report_find(api->db, web_part(api->request, "campaign"), number, place, &e) == 0)
		return true;
	api_error(api, &e);
	return false;
}

/* Without ?round= the last one that asked this organisation. */
bool api_find_ask(struct api *api, struct ask *ask)
{
	struct error e = {0};
	int64_t campaign, round;
	const char *key = web_part(api->request, "organisation");
	*ask = (struct ask){0};
	if (!api_query_integer(api, "round", 1, INT32_MAX, 0, &round) || !api_find_campaign(api, &campaign))
		return false;
	enum db_step step = DB_ROW;
	if (round == 0)
		step = db_query_int(api->db, &round, &e,
			"SELECT r.number FROM ask k JOIN round r ON r.id = k.round JOIN organisation o ON o.id = k.organisation"
			" WHERE k.campaign = $1 AND o.key = $2 ORDER BY r.number DESC LIMIT 1",
			"is", campaign, key);
	if (step == DB_ROW)
		step = ask_of(api->db, campaign, round, key, ask, &e);
	return found(api, step, &e, "the campaign asks nothing of", "рассылка ничего не спрашивает у", key);
}

void api_list_from(struct api *api, json_t *items, const char *position)
{
	char *cursor = position[0] == '\0' ? NULL : api_cursor(api, position);
	api_list(api, items, cursor == NULL ? "" : cursor);
	free(cursor);
}

void api_list_numbers(struct api *api, json_t *items, int64_t last)
{
	char position[24];
	snprintf(position, sizeof position, "%lld", (long long)last);
	api_list_from(api, items, last == 0 ? "" : position);
}
