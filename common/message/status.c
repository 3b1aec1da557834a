#include "message/status.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/gate.h"

static const char *const names[DELIVERY_STATES] = {"waiting", "sending", "uncertain", "deferred",
	"returned", "accepted", "delivered", "bounced", "failed", "expired", "cancelled", "suppressed"};

#define TYPE_PREFIX "vestnik.delivery."
static const char *const types[DELIVERY_STATES] = {TYPE_PREFIX "waiting", TYPE_PREFIX "sending",
	TYPE_PREFIX "uncertain", TYPE_PREFIX "deferred", TYPE_PREFIX "returned",
	TYPE_PREFIX "accepted", TYPE_PREFIX "delivered", TYPE_PREFIX "bounced", TYPE_PREFIX "failed",
	TYPE_PREFIX "expired", TYPE_PREFIX "cancelled", TYPE_PREFIX "suppressed"};

const char *delivery_state_name(enum delivery_state state)
{
	return state < DELIVERY_STATES ? names[state] : "unknown";
}

int delivery_state_parse(const char *name, enum delivery_state *state)
{
	for (unsigned i = 0; i < DELIVERY_STATES; i++)
		if (strcmp(name, names[i]) == 0) {
			*state = (enum delivery_state)i;
			return 0;
		}
	return -1;
}

bool delivery_state_terminal(enum delivery_state state)
{
	return state >= DELIVERY_ACCEPTED;
}

/* Within one dispatch: sending < returned < uncertain < deferred < failed, expired, cancelled,
 * suppressed. A waiting row ranks as returned: its dispatch is closed (status.h). */
static int rank_within_dispatch(enum delivery_state state)
{
	switch (state) {
	case DELIVERY_SENDING:
		return 1;
	case DELIVERY_WAITING:
	case DELIVERY_RETURNED:
		return 2;
	case DELIVERY_UNCERTAIN: /* a letter that may have gone must not look unsent */
		return 3;
	case DELIVERY_DEFERRED:
		return 4;
	default:
		return 5;
	}
}

/* accepted < delivered < bounced, above everything else at any dispatch. */
static int rank_over_dispatches(enum delivery_state state)
{
	switch (state) {
	case DELIVERY_ACCEPTED:
		return 1;
	case DELIVERY_DELIVERED:
		return 2;
	case DELIVERY_BOUNCED:
		return 3;
	default:
		return 0;
	}
}

bool delivery_state_replaces(int64_t dispatch, enum delivery_state state, int64_t new_dispatch,
	enum delivery_state new_state)
{
	int over = rank_over_dispatches(state), new_over = rank_over_dispatches(new_state);
	if (over > 0 || new_over > 0)
		return new_over > over;
	if (new_dispatch != dispatch)
		return new_dispatch > dispatch;
	return rank_within_dispatch(new_state) > rank_within_dispatch(state);
}

const char *status_type(enum delivery_state state)
{
	return types[state];
}

const char *status_id(const struct delivery_status *status, char out[static STATUS_ID_SIZE])
{
	snprintf(out, STATUS_ID_SIZE, "%" PRId64 ".%" PRId64 ".%s", status->key, status->dispatch,
		delivery_state_name(status->state));
	return out;
}

/* Written by hand: some 40 bytes of numbers a letter, at thousands of letters a second. */
static int put_text(struct buf *out, const char *name, const char *value)
{
	if (value[0] == '\0')
		return 0;
	(void)buf_printf(out, ",\"%s\":\"", name);
	for (const char *p = value; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;
		if (c == '"' || c == '\\')
			(void)buf_printf(out, "\\%c", c);
		else if (c < 0x20)
			(void)buf_printf(out, "\\u%04x", c);
		else
			(void)buf_putc(out, *p);
	}
	return buf_putc(out, '"');
}

int status_write(const struct delivery_status *status, struct buf *out)
{
	(void)buf_printf(out, "{\"key\":%" PRId64 ",\"dispatch\":%" PRId64 ",\"campaign\":%" PRId64,
		status->key, status->dispatch, status->campaign);
	if (status->code != 0)
		(void)buf_printf(out, ",\"code\":%d", status->code);
	(void)put_text(out, "enhanced", status->enhanced);
	if (gate_utf8(status->reason, strlen(status->reason)))
		(void)put_text(out, "reason", status->reason);
	(void)put_text(out, "relay", status->relay);
	(void)put_text(out, "worker", status->worker);
	if (status->not_before_ms != 0)
		(void)buf_printf(out, ",\"not_before\":%" PRId64, status->not_before_ms);
	if (status->lost)
		(void)buf_puts(out, ",\"lost\":true");
	if (status->no_retry)
		(void)buf_puts(out, ",\"no_retry\":true");
	(void)buf_putc(out, '}');
	return buf_ok(out) ? 0 : -1;
}

static void copy_text(const json_t *object, const char *name, char *out, size_t size)
{
	const char *text = json_string_value(json_object_get(object, name));
	if (text == NULL)
		return;
	size_t len = strlen(text);
	if (len >= size)
		for (len = size - 1; len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80; len--)
			;
	memcpy(out, text, len);
	out[len] = '\0';
}

/* Known members have their type or are absent. */
static bool members_typed(const json_t *object)
{
	static const char *const integers[] = {"campaign", "code", "not_before"};
	static const char *const texts[] = {"enhanced", "reason", "relay", "worker"};
	static const char *const flags[] = {"lost", "no_retry"};
	for (size_t i = 0; i < sizeof integers / sizeof *integers; i++) {
		const json_t *value = json_object_get(object, integers[i]);
		if (value != NULL && !json_is_integer(value))
			return false;
	}
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		const json_t *value = json_object_get(object, texts[i]);
		if (value != NULL && !json_is_string(value))
			return false;
	}
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
		const json_t *value = json_object_get(object, flags[i]);
		if (value != NULL && !json_is_boolean(value))
			return false;
	}
	return true;
}

int status_read(const char *type, int64_t time_ms, const void *data, size_t len,
	struct delivery_status *status, struct error *e)
{
	*status = (struct delivery_status){.time_ms = time_ms};
	if (type == NULL || strncmp(type, TYPE_PREFIX, strlen(TYPE_PREFIX)) != 0 ||
		delivery_state_parse(type + strlen(TYPE_PREFIX), &status->state) != 0)
		return error_set(e, ERROR_INPUT, "%s is not the type of a delivery status",
			type == NULL ? "nothing" : type);
	json_error_t where;
	json_t *object = json_loadb(data, len, JSON_REJECT_DUPLICATES, &where);
	if (object == NULL)
		return error_set(e, ERROR_INPUT, "bad JSON at byte %d: %s", where.position, where.text);
	const json_t *key = json_object_get(object, "key"), *dispatch = json_object_get(object, "dispatch");
	int rc = 0;
	if (!json_is_integer(key) || !json_is_integer(dispatch) || json_integer_value(key) <= 0 ||
		json_integer_value(dispatch) < 0) {
		rc = error_set(e, ERROR_INPUT, "a delivery status needs the integers key > 0 and dispatch >= 0");
	} else if (!members_typed(object)) {
		rc = error_set(e, ERROR_INPUT, "a delivery status has a member of a wrong type");
	} else {
		status->key = json_integer_value(key);
		status->dispatch = json_integer_value(dispatch);
		status->campaign = json_integer_value(json_object_get(object, "campaign"));
		status->code = (int)json_integer_value(json_object_get(object, "code"));
		copy_text(object, "enhanced", status->enhanced, sizeof status->enhanced);
		copy_text(object, "reason", status->reason, sizeof status->reason);
		copy_text(object, "relay", status->relay, sizeof status->relay);
		copy_text(object, "worker", status->worker, sizeof status->worker);
		status->not_before_ms = json_integer_value(json_object_get(object, "not_before"));
		status->lost = json_is_true(json_object_get(object, "lost"));
		status->no_retry = json_is_true(json_object_get(object, "no_retry"));
	}
	json_decref(object);
	return rc;
}
