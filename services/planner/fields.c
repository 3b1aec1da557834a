#include "planner/fields.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "campaign/definition.h"

/* As JSON writes it this stands in no value (quotes are escaped there) and is no name of a data set. */
#define IDS_BEGIN ",\"@\":{"

/* Links work on after the deadline: a late answer is an answer, and an old link says what became of
 * the matter. */
#define LINKS_LAST_MS (INT64_C(90) * 24 * 3600 * 1000)
#define LINKS_LAST_WITHOUT_DEADLINE_MS (INT64_C(365) * 24 * 3600 * 1000)

static int64_t expiry(const struct round_row *row)
{
	return row->deadline_ms == TIME_NEVER_MS ? row->starts_ms + LINKS_LAST_WITHOUT_DEADLINE_MS
						 : row->deadline_ms + LINKS_LAST_MS;
}

int fields_end_make(struct fields_end *end, const struct round_row *row, int64_t level, bool reminder,
	struct error *e)
{
	const json_t *object = json_object_get(row->round, level == 1 ? "collect" : "deadline");
	json_t *fields = definition_round_fields(row->definition, row->round, object);
	char *text = fields == NULL ? NULL : json_dumps(fields, JSON_COMPACT);
	json_decref(fields);
	if (text == NULL)
		return error_set(e, ERROR_INTERNAL, "the fields of round %" PRId64 " cannot be written", row->number);
	end->ids = xasprintf(IDS_BEGIN "\"round\":%" PRId64 ",\"level\":%" PRId64 ",\"expires_ms\":%" PRId64 "%s",
		row->id, level, expiry(row), reminder ? ",\"reminder\":true" : "");
	end->rest = strcmp(text, "{}") == 0 ? xstrdup("}") : xasprintf(",%s", text + 1);
	free(text);
	return 0;
}

void fields_end_fini(struct fields_end *end)
{
	free(end->ids);
	free(end->rest);
	*end = (struct fields_end){0};
}

static size_t head_length(const char *fields)
{
	const char *ids = strstr(fields, IDS_BEGIN);
	return ids == NULL ? strlen(fields) - 1 : (size_t)(ids - fields);
}

static size_t put_id(char *out, size_t room, const char *name, int64_t id)
{
	if (id == 0)
		return 0;
	int n = snprintf(out, room, ",\"%s\":%" PRId64, name, id);
	return (size_t)n;
}

char *fields_join(const char *head, const struct fields_end *end, int64_t ask, int64_t acknowledgement)
{
	char ids[80];
	size_t len = head_length(head), ids_len = put_id(ids, sizeof ids, "ask", ask);
	ids_len += put_id(ids + ids_len, sizeof ids - ids_len, "ack", acknowledgement);
	size_t begin = strlen(end->ids), rest = strlen(end->rest), skip = len <= 1 ? 1 : 0;
	char *out = xmalloc(len + begin + ids_len + 1 + rest + 1), *p = out;
	memcpy(p, head, len);
	p += len;
	memcpy(p, end->ids + skip, begin - skip); /* no comma behind an empty head */
	p += begin - skip;
	memcpy(p, ids, ids_len);
	p += ids_len;
	*p++ = '}';
	memcpy(p, end->rest, rest + 1);
	return out;
}

/* begin: the member up to its value, as put_id writes it. */
static int64_t find_id(const char *fields, const char *begin)
{
	const char *ids = strstr(fields, IDS_BEGIN);
	const char *end = ids == NULL ? NULL : strchr(ids, '}');
	const char *id = end == NULL ? NULL : strstr(ids, begin);
	return id != NULL && id < end ? strtoll(id + strlen(begin), NULL, 10) : 0;
}

int64_t fields_ask(const char *fields)
{
	return find_id(fields, ",\"ask\":");
}

int64_t fields_acknowledgement(const char *fields)
{
	return find_id(fields, ",\"ack\":");
}
