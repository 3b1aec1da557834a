/* A key may be bound to senders: nothing else may leave in anybody's name through it. */
#include "console/api/senders.h"

#include <string.h>
#include <strings.h>

#include "console/api/handlers.h"

bool api_sender_ok(struct api *api, const char *address)
{
	const json_t *senders = api->visit->visitor->senders;
	size_t i;
	json_t *one;
	if (json_array_size(senders) == 0)
		return true;
	json_array_foreach(senders, i, one)
		if (address != NULL && json_is_string(one) && strcasecmp(json_string_value(one), address) == 0)
			return true;
	api_problem(api, API_FORBIDDEN, tr("This key may not send from that address; GET /api/v1/me lists its senders.",
		"Этому ключу нельзя отправлять с этого адреса; его адреса показывает GET /api/v1/me."), NULL);
	return false;
}

bool api_sender_of_stored(struct api *api)
{
	struct db_stmt *row;
	struct error e = {0};
	bool good = false;
	if (db_query(api->db, &row, &e, "SELECT sender FROM campaign WHERE slug = $1", "s", web_part(api->request, "campaign")) == 0 &&
		db_step(row, &e) == DB_ROW) {
		good = api_sender_ok(api, db_text(row, 0));
		db_reset(row);
		return good;
	}
	api_error(api, &e);
	return false;
}
