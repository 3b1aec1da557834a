/* Whose key it is, what it may, how long. */
#include <string.h>

#include "account/api_key.h"
#include "console/api/handlers.h"

static int find_own(void *arg, const struct api_key *key)
{
	void **pair = arg;
	struct api *api = pair[0];
	if (strcmp(key->id, api->visit->visitor->login) != 0)
		return 0;
	json_t *body = pair[1];
	json_object_set_new(body, "created_at", api_moment(key->created_ms));
	json_object_set_new(body, "expires_at", api_moment(key->expires_ms));
	return 1;
}

void api_me(struct api *api)
{
	const struct visitor *v = api->visit->visitor;
	struct error e = {0};
	json_t *scopes = json_array();
	for (int right = RIGHT_NONE + 1; right < RIGHTS; right++)
		if (right != RIGHT_OWN && rights_has(v->rights, (enum right)right))
			json_array_append_new(scopes, json_string(right_name((enum right)right)));
	json_t *body = json_pack("{s:s, s:o, s:o, s:O?, s:n, s:n}", "key", v->login, "name", api_string(v->name), "scopes", scopes,
		"senders", v->senders, "created_at", "expires_at");
	if (v->senders == NULL)
		json_object_set_new(body, "senders", json_array());
	void *pair[] = {api, body};
	if (api_key_each(api->db, find_own, pair, &e) != 0) {
		json_decref(body);
		api_error(api, &e);
		return;
	}
	api_reply(api, 200, body);
}
