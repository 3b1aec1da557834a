#include "message/job.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

size_t job_write(const struct job *job, char out[static JOB_DATA_SIZE])
{
	return (size_t)snprintf(out, JOB_DATA_SIZE, "{\"key\":%" PRId64 ",\"dispatch\":%" PRId64 "}",
		job->key, job->dispatch);
}

int job_read(const void *data, size_t len, struct job *job, struct error *e)
{
	json_error_t where;
	json_t *object = json_loadb(data, len, JSON_REJECT_DUPLICATES, &where);
	if (object == NULL)
		return error_set(e, ERROR_INPUT, "bad JSON at byte %d: %s", where.position, where.text);
	const json_t *key = json_object_get(object, "key"), *dispatch = json_object_get(object, "dispatch");
	int rc = 0;
	if (!json_is_integer(key) || !json_is_integer(dispatch) || json_integer_value(key) <= 0 ||
		json_integer_value(dispatch) <= 0)
		rc = error_set(e, ERROR_INPUT, "a mail job needs the integers key > 0 and dispatch > 0");
	else
		*job = (struct job){.key = json_integer_value(key), .dispatch = json_integer_value(dispatch)};
	json_decref(object);
	return rc;
}
