/* Who did what: the audit log, newest first. */
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "base/xalloc.h"
#include "console/api/handlers.h"
#include "console/api/place.h"

struct listing {
	json_t *items;
	int64_t limit, last;
	bool more;
};

static int add_entry(void *arg, const struct audit_entry *entry)
{
	struct listing *l = arg;
	if ((int64_t)json_array_size(l->items) == l->limit) {
		l->more = true; /* filter.most is one more than is shown */
		return 0;
	}
	json_t *facts = entry->facts == NULL ? NULL : json_loads(entry->facts, 0, NULL);
	json_t *detail = entry->detail == NULL ? NULL : json_loads(entry->detail, 0, NULL);
	json_array_append_new(l->items, json_pack("{s:I, s:o, s:s, s:o, s:s, s:s, s:o?, s:o?, s:b}", "number",
					      (json_int_t)entry->number, "at", api_moment(entry->time_ms), "actor", entry->actor,
					      "origin", api_string(entry->origin), "action", entry->action, "subject",
					      entry->subject, "facts", facts, "detail", detail, "erased", (int)entry->erased));
	l->last = entry->number;
	return 0;
}

void api_audit(struct api *api)
{
	struct audit_filter filter = {.actor = web_query(api->request, "actor"),
		.action = web_query(api->request, "action"),
		.subject = web_query(api->request, "subject")};
	struct listing l = {0};
	struct error e = {0};
	if (!api_limit(api, &l.limit) || !api_after_number(api, &filter.before))
		return;
	filter.most = l.limit + 1;
	l.items = json_array();
	if (audit_each(api->db, &filter, add_entry, &l, &e) != 0) {
		json_decref(l.items);
		api_error(api, &e);
		return;
	}
	api_list_numbers(api, l.items, l.more ? l.last : 0);
}
