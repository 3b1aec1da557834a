#include "message/task.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/xalloc.h"

#define TYPE_PREFIX "vestnik.task."
#define SOURCE_MAX 256
#define ID_MAX 256
#define SUBJECT_MAX 500
#define TEXT_MAX (64 * 1024)
#define NAME_MAX_BYTES 300

static const char *const types[TASK_TYPES] = {TYPE_PREFIX "campaign.launch",
	TYPE_PREFIX "campaign.pause", TYPE_PREFIX "campaign.resume", TYPE_PREFIX "campaign.cancel",
	TYPE_PREFIX "campaign.retry", TYPE_PREFIX "notify", TYPE_PREFIX "campaign.stage",
	TYPE_PREFIX "campaign.postpone", TYPE_PREFIX "campaign.correct", TYPE_PREFIX "campaign.recall",
	TYPE_PREFIX "recipient.readdress"};

const char *task_type_name(enum task_type type)
{
	return types[type];
}

const char *task_short_name(enum task_type type)
{
	return types[type] + strlen(TYPE_PREFIX);
}

/* ---- reading members, each with its own words when it is wrong ---------------- */

static int known_members(const json_t *object, const char *where, const char *const *known, struct error *e)
{
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)object, name, value)
	{
		size_t i = 0;
		while (known[i] != NULL && strcmp(known[i], name) != 0)
			i++;
		if (known[i] == NULL)
			return error_set(e, ERROR_INPUT, "%s has an unknown member \"%.64s\"", where, name);
	}
	return 0;
}

/* One line of text for a header. required: must be there. */
static int take_line(const json_t *object, const char *name, bool required, size_t max, char **out,
	struct error *e)
{
	const json_t *value = json_object_get(object, name);
	if (value == NULL || json_is_null(value))
		return required ? error_set(e, ERROR_INPUT, "data.%s is missing", name) : 0;
	if (!json_is_string(value))
		return error_set(e, ERROR_INPUT, "data.%s should be a string", name);
	size_t len = json_string_length(value);
	if (len == 0 || len > max)
		return error_set(e, ERROR_INPUT, "data.%s should have 1 to %zu bytes", name, max);
	if (!gate_header(json_string_value(value), len))
		return error_set(e, ERROR_INPUT, "data.%s should be one line without control characters", name);
	*out = xstrdup(json_string_value(value));
	return 0;
}

static int take_address(const json_t *object, const char *name, const char *where, bool required,
	char **out, struct error *e)
{
	const json_t *value = json_object_get(object, name);
	if (value == NULL || json_is_null(value))
		return required ? error_set(e, ERROR_INPUT, "%s.%s is missing", where, name) : 0;
	char address[GATE_ADDRESS_MAX + 1];
	if (!json_is_string(value) || json_string_length(value) != strlen(json_string_value(value)))
		return error_set(e, ERROR_INPUT, "%s.%s should be an e-mail address", where, name);
	if (gate_address(json_string_value(value), address, e) != 0)
		return error_context(e, "%s.%s", where, name);
	*out = xstrdup(address);
	return 0;
}

/* "2023-09-15", "2023-09-15 10:00": wall time of the campaign's zone, which we do not know here. */
static int take_wall(const json_t *data, const char *name, bool required, char **out, struct error *e)
{
	static const char shape[] = "0000-00-00 00:00";
	if (take_line(data, name, required, sizeof shape - 1, out, e) != 0)
		return -1;
	size_t len = *out == NULL ? 0 : strlen(*out);
	bool ok = *out == NULL || len == 10 || len == sizeof shape - 1;
	for (size_t i = 0; i < len && ok; i++)
		ok = shape[i] == '0' ? (*out)[i] >= '0' && (*out)[i] <= '9' : (*out)[i] == shape[i];
	return ok ? 0
		  : error_set(e, ERROR_INPUT, "data.%s should be wall time of the campaign's zone like \"2023-09-15 10:00\"",
			    name);
}

static int read_stage(const json_t *data, struct task *task, struct error *e)
{
	const json_t *round = json_object_get(data, "round");
	if (!json_is_integer(round) || json_integer_value(round) < 1)
		return error_set(e, ERROR_INPUT, "data.round should be the number of a stage");
	task->as.campaign.round = json_integer_value(round);
	return take_wall(data, "at", true, &task->as.campaign.at, e) != 0 ||
			take_wall(data, "deadline", false, &task->as.campaign.deadline, e) != 0
		? -1
		: 0;
}

static int read_postpone(const json_t *data, struct task *task, struct error *e)
{
	const json_t *round = json_object_get(data, "round"), *tell = json_object_get(data, "tell");
	if (round != NULL && (!json_is_integer(round) || json_integer_value(round) < 1))
		return error_set(e, ERROR_INPUT, "data.round should be the number of a round");
	if (tell != NULL && !json_is_boolean(tell))
		return error_set(e, ERROR_INPUT, "data.tell should be true or false");
	task->as.campaign.round = json_integer_value(round);
	task->as.campaign.tell = json_is_true(tell);
	return take_wall(data, "deadline", true, &task->as.campaign.deadline, e);
}

static int read_recipient_task(const json_t *data, struct task *task, struct error *e)
{
	static const char *const known[] = {"recipient", "address", "role", NULL};
	if (known_members(data, "data", known, e) != 0 ||
		take_line(data, "recipient", true, NAME_MAX_BYTES, &task->as.recipient.key, e) != 0 ||
		take_line(data, "role", false, NAME_MAX_BYTES, &task->as.recipient.role, e) != 0)
		return -1;
	return take_address(data, "address", "data", true, &task->as.recipient.address, e);
}

static int read_hash(const json_t *data, struct task *task, struct error *e)
{
	if (take_line(data, "content_hash", true, 64, &task->as.campaign.content_hash, e) != 0)
		return -1;
	if (strspn(task->as.campaign.content_hash, "0123456789abcdef") != 64)
		return error_set(e, ERROR_INPUT, "data.content_hash should be 64 hex digits");
	return 0;
}

static int read_campaign(const json_t *data, struct task *task, struct error *e)
{
	static const char *const known_stage[] = {"campaign", "round", "at", "deadline", NULL};
	static const char *const known_launch[] = {"campaign", "content_hash", NULL};
	static const char *const known_state[] = {"campaign", "reason", NULL};
	static const char *const known_retry[] = {"campaign", "state", "delivery", NULL};
	static const char *const known_postpone[] = {"campaign", "deadline", "round", "tell", NULL};
	const char *const *known = task->type == TASK_CAMPAIGN_LAUNCH || task->type == TASK_CAMPAIGN_CORRECT
		? known_launch
		: task->type == TASK_CAMPAIGN_POSTPONE ? known_postpone
		: task->type == TASK_CAMPAIGN_RETRY ? known_retry
		: task->type == TASK_CAMPAIGN_STAGE ? known_stage
						    : known_state;
	if (known_members(data, "data", known, e) != 0 ||
		take_line(data, "campaign", true, 64, &task->as.campaign.slug, e) != 0)
		return -1;
	if (!gate_slug(task->as.campaign.slug))
		return error_set(e, ERROR_INPUT, "data.campaign should be a campaign's id: a-z, 0-9, '-'");
	if (task->type == TASK_CAMPAIGN_LAUNCH || task->type == TASK_CAMPAIGN_CORRECT)
		return read_hash(data, task, e);
	if (task->type == TASK_CAMPAIGN_POSTPONE)
		return read_postpone(data, task, e);
	if (task->type == TASK_CAMPAIGN_STAGE)
		return read_stage(data, task, e);
	if (task->type == TASK_CAMPAIGN_RETRY) {
		if (take_line(data, "state", true, 20, &task->as.campaign.state, e) != 0)
			return -1;
		if (strcmp(task->as.campaign.state, "failed") != 0 &&
			strcmp(task->as.campaign.state, "uncertain") != 0)
			return error_set(e, ERROR_INPUT, "data.state should be \"failed\" or \"uncertain\"");
		const json_t *delivery = json_object_get(data, "delivery");
		task->as.campaign.delivery = json_integer_value(delivery);
		if (delivery != NULL && task->as.campaign.delivery < 1)
			return error_set(e, ERROR_INPUT, "data.delivery should be the number of a letter");
		return 0;
	}
	return take_line(data, "reason", task->type == TASK_CAMPAIGN_RECALL, 400, &task->as.campaign.reason, e);
}

static int read_recipient(const json_t *item, size_t number, struct task_recipient *to, struct error *e)
{
	static const char *const known[] = {"address", "name", "fields", NULL};
	char where[40];
	snprintf(where, sizeof where, "data.to[%zu]", number);
	if (!json_is_object(item))
		return error_set(e, ERROR_INPUT, "%s should be an object with \"address\"", where);
	if (known_members(item, where, known, e) != 0 ||
		take_address(item, "address", where, true, &to->address, e) != 0)
		return -1;
	if (take_line(item, "name", false, NAME_MAX_BYTES, &to->name, e) != 0)
		return error_context(e, "%s", where);
	const json_t *fields = json_object_get(item, "fields");
	if (fields != NULL && !json_is_object(fields))
		return error_set(e, ERROR_INPUT, "%s.fields should be an object", where);
	to->fields = fields == NULL ? NULL : json_deep_copy(fields);
	return 0;
}

static int read_recipients(const json_t *data, struct task *task, struct error *e)
{
	const json_t *to = json_object_get(data, "to");
	size_t count = json_is_object(to) ? 1 : json_array_size(to);
	if (count == 0)
		return error_set(e, ERROR_INPUT, "data.to should be a list of {\"address\": …}");
	if (count > TASK_NOTIFY_RECIPIENTS_MAX)
		return error_set(e, ERROR_INPUT, "data.to has %zu recipients; at most %d: make a campaign of it",
			count, TASK_NOTIFY_RECIPIENTS_MAX);
	task->as.notify.to = xcalloc(count, sizeof *task->as.notify.to);
	for (size_t i = 0; i < count; i++) {
		task->as.notify.to_count = i + 1;
		const json_t *item = json_is_object(to) ? to : json_array_get(to, i);
		if (read_recipient(item, i, &task->as.notify.to[i], e) != 0)
			return -1;
	}
	return 0;
}

static int read_attachment(const json_t *item, struct task_attachment *attachment, struct error *e)
{
	static const char *const known[] = {"name", "media_type", "data_base64", NULL};
	if (!json_is_object(item) || known_members(item, "data.attachments[]", known, e) != 0)
		return error_set(e, ERROR_INPUT,
			"each of data.attachments should be {\"name\", \"media_type\"?, \"data_base64\"}");
	if (take_line(item, "name", true, 200, &attachment->name, e) != 0 ||
		take_line(item, "media_type", false, 100, &attachment->media_type, e) != 0)
		return error_context(e, "data.attachments");
	if (!gate_file_name(attachment->name))
		return error_set(e, ERROR_INPUT, "data.attachments: \"%.100s\" is not a file name", attachment->name);
	const json_t *text = json_object_get(item, "data_base64");
	if (!json_is_string(text))
		return error_set(e, ERROR_INPUT, "data.attachments: data_base64 is missing");
	size_t room = json_string_length(text) / 4 * 3 + 3;
	attachment->data = xmalloc(room);
	if (sodium_base642bin(attachment->data, room, json_string_value(text), json_string_length(text),
		    "\r\n ", &attachment->len, NULL, sodium_base64_VARIANT_ORIGINAL) != 0 ||
		attachment->len == 0)
		return error_set(e, ERROR_INPUT, "data.attachments: \"%.100s\" is empty or not base64",
			attachment->name);
	return 0;
}

static int read_attachments(const json_t *data, struct task *task, struct error *e)
{
	const json_t *list = json_object_get(data, "attachments");
	if (list == NULL)
		return 0;
	if (!json_is_array(list) || json_array_size(list) > 20)
		return error_set(e, ERROR_INPUT, "data.attachments should be a list of at most 20");
	size_t count = json_array_size(list);
	task->as.notify.attachments = xcalloc(count, sizeof *task->as.notify.attachments);
	for (size_t i = 0; i < count; i++) {
		task->as.notify.attachments_count = i + 1;
		if (read_attachment(json_array_get(list, i), &task->as.notify.attachments[i], e) != 0)
			return -1;
	}
	return 0;
}

static int read_notify(const json_t *data, struct task *task, struct error *e)
{
	static const char *const known[] = {"from", "reply_to", "subject", "text", "urgent", "not_after",
		"to", "attachments", NULL};
	static const char *const known_from[] = {"address", "name", NULL};
	if (known_members(data, "data", known, e) != 0)
		return -1;
	task->as.notify.urgent = true;
	task->as.notify.not_after_ms = TIME_NEVER_MS;
	const json_t *from = json_object_get(data, "from");
	if (from != NULL) {
		if (!json_is_object(from) || known_members(from, "data.from", known_from, e) != 0)
			return error_set(e, ERROR_INPUT, "data.from should be {\"address\", \"name\"?}");
		if (take_address(from, "address", "data.from", true, &task->as.notify.from_address, e) != 0 ||
			take_line(from, "name", false, NAME_MAX_BYTES, &task->as.notify.from_name, e) != 0)
			return -1;
	}
	if (take_address(data, "reply_to", "data", false, &task->as.notify.reply_to, e) != 0 ||
		take_line(data, "subject", true, SUBJECT_MAX, &task->as.notify.subject, e) != 0)
		return -1;
	const json_t *text = json_object_get(data, "text");
	if (!json_is_string(text) || json_string_length(text) == 0 || json_string_length(text) > TEXT_MAX ||
		strlen(json_string_value(text)) != json_string_length(text))
		return error_set(e, ERROR_INPUT, "data.text should be Markdown of 1 to %d bytes", TEXT_MAX);
	task->as.notify.text = xstrdup(json_string_value(text));
	const json_t *urgent = json_object_get(data, "urgent"), *limit = json_object_get(data, "not_after");
	if (urgent != NULL && !json_is_boolean(urgent))
		return error_set(e, ERROR_INPUT, "data.urgent should be true or false");
	if (urgent != NULL)
		task->as.notify.urgent = json_is_true(urgent);
	if (limit != NULL && (!json_is_string(limit) || clock_parse_rfc3339(json_string_value(limit),
							 &task->as.notify.not_after_ms) != 0))
		return error_set(e, ERROR_INPUT, "data.not_after should be a time like 2023-05-30T18:00:00+03:00");
	return read_recipients(data, task, e) != 0 || read_attachments(data, task, e) != 0 ? -1 : 0;
}

/* ---- the envelope --------------------------------------------------------------- */

static int set_attribute(char **to, const char *name, const char *value, size_t max, struct error *e)
{
	if (value == NULL || value[0] == '\0')
		return error_set(e, ERROR_INPUT, "the CloudEvents attribute %s is missing", name);
	if (strlen(value) > max || !gate_header(value, strlen(value)))
		return error_set(e, ERROR_INPUT, "the CloudEvents attribute %s should be one line of at most %zu bytes",
			name, max);
	*to = xstrdup(value);
	return 0;
}

static int set_envelope(struct task *task, const char *source, const char *id, const char *type,
	struct error *e)
{
	if (set_attribute(&task->source, "source", source, SOURCE_MAX, e) != 0 ||
		set_attribute(&task->id, "id", id, ID_MAX, e) != 0)
		return -1;
	if (type == NULL || type[0] == '\0')
		return error_set(e, ERROR_INPUT, "the CloudEvents attribute type is missing");
	for (unsigned i = 0; i < TASK_TYPES; i++)
		if (strcmp(type, types[i]) == 0) {
			task->type = (enum task_type)i;
			return 0;
		}
	return error_set(e, ERROR_INPUT, "unknown task type \"%.100s\"; known: " TYPE_PREFIX
		"campaign.launch, .pause, .resume, .cancel, .retry, .stage, .postpone, .correct, .recall, " TYPE_PREFIX
		"recipient.readdress, " TYPE_PREFIX "notify", type);
}

/* NULL when it is absent or null. */
static int text_member(const json_t *event, const char *name, const char **out, struct error *e)
{
	const json_t *value = json_object_get(event, name);
	*out = json_string_value(value);
	if (value != NULL && *out == NULL && !json_is_null(value))
		return error_set(e, ERROR_INPUT, "the CloudEvents attribute %s should be a string", name);
	return 0;
}

static int read_time(const char *time, int64_t *time_ms, struct error *e)
{
	if (time != NULL && clock_parse_rfc3339(time, time_ms) != 0)
		return error_set(e, ERROR_INPUT,
			"the CloudEvents attribute time should be RFC 3339 like 2023-05-30T18:00:00+03:00");
	return 0;
}

static int read_structured(const json_t *event, struct task *task, const json_t **data, struct error *e)
{
	const char *version, *source, *id, *type, *time;
	if (text_member(event, "specversion", &version, e) != 0 ||
		text_member(event, "source", &source, e) != 0 || text_member(event, "id", &id, e) != 0 ||
		text_member(event, "type", &type, e) != 0)
		return -1;
	if (version == NULL || strcmp(version, "1.0") != 0)
		return error_set(e, ERROR_INPUT, "the CloudEvents attribute specversion should be \"1.0\"");
	if (set_envelope(task, source, id, type, e) != 0 || text_member(event, "time", &time, e) != 0 ||
		read_time(time, &task->time_ms, e) != 0)
		return -1;
	if (json_object_get(event, "data_base64") != NULL)
		return error_set(e, ERROR_INPUT,
			"data_base64 is for bytes; a task's data stands as a JSON object in data");
	*data = json_object_get(event, "data");
	return 0;
}

static int read_binary(const json_t *data, const char *source, const char *id, const char *type,
	struct task *task, struct error *e)
{
	if (source == NULL && id == NULL && type == NULL && json_object_get(data, "specversion") != NULL)
		return error_set(e, ERROR_INPUT,
			"this looks like a CloudEvent in structured mode: it needs the header content-type: "
			TASK_STRUCTURED);
	return set_envelope(task, source, id, type, e);
}

/* ---- the mode ---------------------------------------------------------------------- */

enum mode { MODE_BINARY, MODE_STRUCTURED, MODE_BATCH, MODE_OTHER };

/* Without parameters (charset), whatever its case. */
static bool is_type(const char *content_type, size_t len, const char *want)
{
	return strlen(want) == len && strncasecmp(content_type, want, len) == 0;
}

static enum mode mode_of(const char *content_type)
{
	if (content_type == NULL)
		return MODE_BINARY;
	content_type += strspn(content_type, " \t");
	size_t len = strcspn(content_type, ";, \t");
	if (len == 0)
		return MODE_BINARY;
	if (is_type(content_type, len, TASK_STRUCTURED))
		return MODE_STRUCTURED;
	if (is_type(content_type, len, "application/cloudevents-batch+json"))
		return MODE_BATCH;
	if (strncasecmp(content_type, "application/cloudevents", strlen("application/cloudevents")) == 0)
		return MODE_OTHER;
	if (is_type(content_type, len, "application/json") || is_type(content_type, len, "text/json") ||
		(len > 5 && strncasecmp(content_type + len - 5, "+json", 5) == 0))
		return MODE_BINARY;
	return MODE_OTHER;
}

static int check_mode(enum mode mode, const char *content_type, struct error *e)
{
	if (mode == MODE_BATCH)
		return error_set(e, ERROR_INPUT,
			"a batch of CloudEvents is not understood: write each task as a message of its own");
	if (mode == MODE_OTHER)
		return error_set(e, ERROR_INPUT,
			"content type \"%.100s\" is not understood: use " TASK_STRUCTURED
			", or application/json with the attributes as headers ce_*",
			content_type);
	return 0;
}

int task_check_headers(const char *content_type, const char *headers, struct error *e)
{
	if (headers == NULL || mode_of(content_type) != MODE_BINARY)
		return 0;
	json_t *object = json_loads(headers, 0, NULL);
	const char *version = json_string_value(json_object_get(object, "ce_specversion"));
	int rc = 0;
	if (version != NULL && strcmp(version, "1.0") != 0)
		rc = version[0] == '\0'
			? error_set(e, ERROR_INPUT, "the header ce_specversion is missing; it should be 1.0")
			: error_set(e, ERROR_INPUT, "the header ce_specversion should be 1.0, not \"%.40s\"",
				  version);
	else if (json_object_get(object, "ce_time") != NULL)
		rc = error_set(e, ERROR_INPUT,
			"the header ce_time should be RFC 3339 like 2023-05-30T18:00:00+03:00");
	json_decref(object);
	return rc;
}

int task_read(const char *content_type, const char *source, const char *id, const char *type,
	int64_t time_ms, const void *data, size_t len, struct task *task, struct error *e)
{
	*task = (struct task){.time_ms = time_ms};
	enum mode mode = mode_of(content_type);
	if (check_mode(mode, content_type, e) != 0)
		return -1;
	if (len == 0)
		return error_set(e, ERROR_INPUT, "the task is empty");
	json_error_t where;
	json_t *document = json_loadb(data, len, JSON_REJECT_DUPLICATES, &where);
	if (document == NULL)
		return error_set(e, ERROR_INPUT, "bad JSON at line %d, column %d: %s", where.line,
			where.column, where.text);
	const json_t *body = document;
	int rc;
	if (!json_is_object(document))
		rc = error_set(e, ERROR_INPUT, "a task should be a JSON object");
	else if (mode == MODE_STRUCTURED)
		rc = read_structured(document, task, &body, e);
	else
		rc = read_binary(document, source, id, type, task, e);
	if (rc == 0 && !json_is_object(body))
		rc = error_set(e, ERROR_INPUT, "data should be a JSON object");
	if (rc == 0)
		rc = task->type == TASK_NOTIFY		      ? read_notify(body, task, e)
			: task->type == TASK_RECIPIENT_READDRESS ? read_recipient_task(body, task, e)
								  : read_campaign(body, task, e);
	json_decref(document);
	return rc;
}

void task_fini(struct task *task)
{
	free(task->source);
	free(task->id);
	if (task->type == TASK_RECIPIENT_READDRESS) {
		free(task->as.recipient.key);
		free(task->as.recipient.address);
		free(task->as.recipient.role);
	} else if (task->type != TASK_NOTIFY) {
		free(task->as.campaign.slug);
		free(task->as.campaign.content_hash);
		free(task->as.campaign.reason);
		free(task->as.campaign.state);
		free(task->as.campaign.at);
		free(task->as.campaign.deadline);
	} else {
		free(task->as.notify.from_address);
		free(task->as.notify.from_name);
		free(task->as.notify.reply_to);
		free(task->as.notify.subject);
		free(task->as.notify.text);
		free(task->as.notify.block_html);
		free(task->as.notify.block_text);
		for (size_t i = 0; i < task->as.notify.to_count; i++) {
			free(task->as.notify.to[i].address);
			free(task->as.notify.to[i].name);
			json_decref(task->as.notify.to[i].fields);
		}
		free(task->as.notify.to);
		for (size_t i = 0; i < task->as.notify.attachments_count; i++) {
			free(task->as.notify.attachments[i].name);
			free(task->as.notify.attachments[i].media_type);
			free(task->as.notify.attachments[i].data);
		}
		free(task->as.notify.attachments);
	}
	*task = (struct task){0};
}

int task_write(enum task_type type, const char *source, const char *id, int64_t time_ms,
	const json_t *data, struct buf *out)
{
	char time[CLOCK_RFC3339_SIZE];
	json_t *event = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:O}", "specversion", "1.0", "id", id, "source",
		source, "type", types[type], "time", clock_rfc3339(time_ms, time), "datacontenttype",
		"application/json", "data", data);
	char *text = event == NULL ? NULL : json_dumps(event, JSON_COMPACT);
	int rc = text == NULL ? -1 : buf_puts(out, text);
	free(text);
	json_decref(event);
	return rc;
}

/* ---- proof ------------------------------------------------------------------------ */

#define PROOF_PURPOSE "task"

const char *task_prove(const struct ident_key *key, const void *data, size_t len,
	char headers[static TASK_PROOF_SIZE])
{
	char hash[IDENT_HASH_SIZE], mac[IDENT_MAC_SIZE];
	snprintf(headers, TASK_PROOF_SIZE, "{\"" TASK_PROOF_HEADER "\":\"%s\"}",
		ident_mac(key, PROOF_PURPOSE, ident_hash(data, len, hash), mac));
	return headers;
}

bool task_proven(const struct ident_key *key, const char *content_type, const char *headers,
	const void *data, size_t len)
{
	char hash[IDENT_HASH_SIZE];
	if (headers == NULL || mode_of(content_type) != MODE_STRUCTURED)
		return false;
	json_t *object = json_loads(headers, 0, NULL);
	const char *mac = json_string_value(json_object_get(object, TASK_PROOF_HEADER));
	bool proven = mac != NULL && ident_mac_ok(key, PROOF_PURPOSE, ident_hash(data, len, hash), mac);
	json_decref(object);
	return proven;
}
