/* Addresses that get no letters, asked for many at once. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "planner/internal.h"

struct found {
	char *address, *reason;
};

static int compare(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	return strcmp(x->address, y->address);
}

static int read_found(struct planner *planner, const char *addresses, struct found *found, size_t most,
	size_t *count, struct error *e)
{
	struct db_stmt *stmt;
	if (db_query(planner->db, &stmt, e,
		    "SELECT address, reason FROM suppression WHERE address IN (SELECT text FROM @TEXTS($1))",
		    "s", addresses) != 0)
		return -1;
	enum db_step step;
	while ((step = db_step(stmt, e)) == DB_ROW && *count < most)
		found[(*count)++] = (struct found){.address = xstrdup(db_text(stmt, 0)),
			.reason = xasprintf("address suppressed: %s", db_text(stmt, 1))};
	db_reset(stmt);
	return step == DB_FAILED ? -1 : 0;
}

int planner_suppressions(struct planner *planner, size_t count,
	const char *(*address_at)(const void *arg, size_t i), const void *arg, char **reasons,
	struct error *e)
{
	if (count == 0)
		return 0;
	struct found *found = xcalloc(count, sizeof *found);
	size_t found_count = 0;
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_string(address_at(arg, i)));
	char *text = json_dumps(list, JSON_COMPACT);
	json_decref(list);
	int rc = text == NULL ? error_set(e, ERROR_INTERNAL, "addresses cannot be written as JSON")
			      : read_found(planner, text, found, count, &found_count, e);
	free(text);
	qsort(found, found_count, sizeof *found, compare);
	for (size_t i = 0; i < count && rc == 0 && found_count > 0; i++) {
		struct found key = {.address = (char *)(uintptr_t)address_at(arg, i)};
		const struct found *hit = bsearch(&key, found, found_count, sizeof *found, compare);
		reasons[i] = hit == NULL ? NULL : xstrdup(hit->reason);
	}
	for (size_t i = 0; i < found_count; i++) {
		free(found[i].address);
		free(found[i].reason);
	}
	free(found);
	return rc;
}
