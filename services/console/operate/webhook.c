/* /webhooks/{id}: one endpoint, what was sent to it and answered; what is done with it (its form: webhook_form.c). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "console/operate/operate.h"
#include "webhook/endpoint.h"
#include "webhook/log.h"

#define ON_A_PAGE 25
#define ANSWER_MAX_BYTES 500
#define BODY_MAX_BYTES (16 * 1024)
/* After a rotation the old secret signs beside the new one. */
#define ROTATION_KEEP_MS (INT64_C(24) * 3600000)
#define ATTEMPTS_OF_ONE 100

/* ---- finding it ------------------------------------------------------------------------------- */

bool webhook_find(struct visit *visit, struct webhook_endpoint *out)
{
	struct error e = {0};
	if (webhook_endpoint_read(visit->db, web_part(visit->request, "id"), out, &e) == 0)
		return true;
	if (e.code == ERROR_NOT_FOUND)
		console_not_found(visit, tr("This webhook was removed.", "Этот вебхук удалён."));
	else
		console_error(visit, &e);
	return false;
}

/* ---- attempts ------------------------------------------------------------------------------------ */

struct attempts {
	const struct visit *visit;
	json_t *rows;
	char last[WEBHOOK_ID_SIZE];
	int64_t last_attempt;
};

static int add_attempt(void *arg, const struct webhook_attempt *a)
{
	struct attempts *attempts = arg;
	bool good = a->status >= 200 && a->status <= 299;
	json_t *row = json_pack("{s:s, s:s, s:s?, s:I, s:o, s:o, s:s, s:o, s:o, s:o}", "message", a->message, "short",
		a->message, "type", a->type == NULL ? NULL : a->type + strlen("vestnik."), "attempt", (json_int_t)a->attempt, "time",
		show_moment(attempts->visit, a->time_ms), "took", show_number(a->duration_ms), "badge", good ? "good" : "bad",
		"status", a->status != 0 ? json_integer(a->status) : json_null(), "error", show_line(a->error, ANSWER_MAX_BYTES),
		"response", show_line(a->response, ANSWER_MAX_BYTES));
	json_object_set_new(row, "again", show_moment(attempts->visit, a->due_ms));
	json_array_append_new(attempts->rows, row);
	snprintf(attempts->last, sizeof attempts->last, "%s", a->message);
	attempts->last_attempt = a->attempt;
	return 0;
}

/* The key of a page is a message and an attempt: "msg_….3". */
static bool read_place(const char *text, char message[static WEBHOOK_ID_SIZE], int64_t *attempt)
{
	const char *dot = text == NULL ? NULL : strrchr(text, '.');
	long long n;
	if (dot == NULL || dot - text >= WEBHOOK_ID_SIZE || !gate_int64(dot + 1, 0, INT64_MAX, &n))
		return false;
	snprintf(message, WEBHOOK_ID_SIZE, "%.*s", (int)(dot - text), text);
	*attempt = n;
	return true;
}

static int add_attempts(struct visit *visit, const char *id, json_t *data, struct error *e)
{
	char before[WEBHOOK_ID_SIZE];
	int64_t before_attempt = 0;
	const char *asked = web_query(visit->request, "failed");
	bool failed = asked != NULL, placed = read_place(web_query(visit->request, "before"), before, &before_attempt);
	struct attempts attempts = {.visit = visit, .rows = json_array()};
	int rc = webhook_attempt_page(visit->db, id, placed ? before : NULL, before_attempt, failed, ON_A_PAGE, add_attempt,
		&attempts, e);
	json_object_set_new(data, "any_attempts", json_boolean(json_array_size(attempts.rows) > 0));
	if (json_array_size(attempts.rows) == ON_A_PAGE)
		json_object_set_new(data, "next",
			json_sprintf("/webhooks/%s?before=%s.%lld%s", id, attempts.last, (long long)attempts.last_attempt,
				failed ? "&failed=1" : ""));
	json_object_set_new(data, "attempts", attempts.rows);
	json_object_set_new(data, "failed", json_boolean(failed));
	return rc;
}

void page_webhook(struct visit *visit)
{
	struct error e = {0};
	struct webhook_endpoint endpoint;
	if (!webhook_find(visit, &endpoint))
		return;
	json_t *data = webhook_json(visit, &endpoint);
	webhook_endpoint_fini(&endpoint);
	if (add_attempts(visit, web_part(visit->request, "id"), data, &e) != 0) {
		json_decref(data);
		console_error(visit, &e);
		return;
	}
	json_object_set_new(data, "title", json_string(tr("Webhook", "Вебхук")));
	json_object_set_new(data, "here", json_string("webhooks"));
	console_page(visit, 200, "webhook_one", data);
}

/* ---- one message ----------------------------------------------------------------------------------- */

static json_t *pretty(const char *body)
{
	json_t *json = json_loads(body, 0, NULL);
	char *text = json != NULL ? json_dumps(json, JSON_INDENT(2)) : xstrdup(body);
	if (strlen(text) > BODY_MAX_BYTES)
		text[BODY_MAX_BYTES] = '\0';
	gate_utf8_mend(text);
	json_t *out = json_string(text);
	free(text);
	json_decref(json);
	return out;
}

static json_t *message_data(struct visit *visit, struct error *e)
{
	const char *id = web_part(visit->request, "id"), *message = web_part(visit->request, "message");
	struct webhook_message m;
	struct attempts attempts = {.visit = visit, .rows = json_array()};
	json_t *data = NULL;
	if (webhook_message_read(visit->db, id, message, &m, e) == 0 &&
		webhook_attempt_each(visit->db, id, message, false, ATTEMPTS_OF_ONE, add_attempt, &attempts, e) == 0) {
		bool pending = strcmp(m.state, "pending") == 0, good = strcmp(m.state, "delivered") == 0;
		data = json_pack("{s:s, s:s, s:s, s:o, s:s, s:s, s:b, s:o, s:o, s:O, s:b}", "id", id, "message", message, "type", m.type,
			"time", show_moment(visit, m.time_ms), "badge", good ? "good" : pending ? "warn" : "bad", "state",
			good ? tr("delivered", "доставлено") : pending ? tr("on its way", "отправляется") : tr("not delivered", "не доставлено"),
			"pending", pending, "due", show_moment(visit, m.due_ms), "body", pretty(m.body), "attempts", attempts.rows,
			"any_attempts", json_array_size(attempts.rows) > 0);
	}
	webhook_message_fini(&m);
	json_decref(attempts.rows);
	return data;
}

void page_webhook_message(struct visit *visit)
{
	struct error e = {0};
	json_t *data = message_data(visit, &e);
	if (data == NULL) {
		console_error(visit, &e);
		return;
	}
	if (console_wants_piece(visit)) {
		console_piece(visit, "webhook_message_now", data);
		return;
	}
	json_object_set_new(data, "title", json_string(tr("An event for a webhook", "Событие для вебхука")));
	json_object_set_new(data, "here", json_string("webhooks"));
	console_page(visit, 200, "webhook_message", data);
}

/* ---- changing ------------------------------------------------------------------------------------------ */

struct change {
	struct visit *visit;
	const char *id, *action;
	json_t *facts;
	char secret[WEBHOOK_SECRET_SIZE];   /* rotate */
	char message[WEBHOOK_ID_SIZE];      /* test */
	const char *replayed;               /* replay of one */
};

static int do_it(struct change *change, struct db *tx, struct error *e)
{
	const char *id = change->id, *action = change->action;
	int64_t count;
	if (strcmp(action, "webhook.rotate") == 0)
		return webhook_endpoint_rotate(tx, id, ROTATION_KEEP_MS, change->secret, e);
	if (strcmp(action, "webhook.enable") == 0)
		return webhook_endpoint_enable(tx, id, e);
	if (strcmp(action, "webhook.disable") == 0)
		return webhook_endpoint_disable(tx, id, tr("by an operator", "оператором"), e);
	if (strcmp(action, "webhook.remove") == 0)
		return webhook_endpoint_remove(tx, id, e);
	if (strcmp(action, "webhook.test") == 0)
		return webhook_test(tx, id, change->message, e);
	if (change->replayed != NULL)
		return webhook_replay(tx, id, &(struct webhook_range){.message = change->replayed}, &count, e);
	return 0; /* a replay of many: ordered here, done after the commit */
}

static int change_tx(void *arg, struct db *tx, struct error *e)
{
	struct change *change = arg;
	char subject[WEBHOOK_ENDPOINT_ID_SIZE + 10];
	if (do_it(change, tx, e) != 0)
		return -1;
	snprintf(subject, sizeof subject, "webhook:%s", change->id);
	return console_audit(change->visit, tx, change->action, subject, json_incref(change->facts), NULL, e);
}

/* Whether it was done; else it is answered. */
static bool change(struct visit *visit, struct change *change)
{
	struct error e = {0};
	change->visit = visit;
	change->id = web_part(visit->request, "id");
	bool done = console_transaction(visit, change_tx, change, &e) == 0;
	json_decref(change->facts);
	if (!done)
		console_error(visit, &e);
	return done;
}

static void back(struct visit *visit, const char *note)
{
	char *location = xasprintf("/webhooks/%s", web_part(visit->request, "id"));
	console_done(visit, location, note);
	free(location);
}

static void to_message(struct visit *visit, const char *message, const char *note)
{
	char *location = xasprintf("/webhooks/%s/messages/%s", web_part(visit->request, "id"), message);
	console_done(visit, location, note);
	free(location);
}

void take_webhook_rotate(struct visit *visit)
{
	struct change rotation = {.action = "webhook.rotate"};
	if (change(visit, &rotation))
		webhook_show_secret(visit, rotation.id, rotation.secret, false);
}

void take_webhook_state(struct visit *visit)
{
	const char *path = web_path(visit->request);
	size_t len = strlen(path);
	bool enable = len > 7 && strcmp(path + len - 7, "/enable") == 0;
	struct change state = {.action = enable ? "webhook.enable" : "webhook.disable"};
	if (change(visit, &state))
		back(visit, enable ? tr("The webhook is on again.", "Вебхук снова включён.")
				   : tr("The webhook is off: nothing is sent to it.", "Вебхук отключён: на него ничего не отправляется."));
}

void take_webhook_remove(struct visit *visit)
{
	struct change removal = {.action = "webhook.remove"};
	if (change(visit, &removal))
		console_done(visit, "/webhooks", tr("The webhook was removed.", "Вебхук удалён."));
}

void take_webhook_test(struct visit *visit)
{
	struct change test = {.action = "webhook.test"};
	if (change(visit, &test))
		to_message(visit, test.message, tr("A test event is on its way; the answer appears here.",
							"Пробное событие отправляется; ответ появится здесь."));
}

void take_webhook_replay_one(struct visit *visit)
{
	const char *message = web_part(visit->request, "message");
	struct change replay = {.action = "webhook.replay", .replayed = message, .facts = json_pack("{s:s}", "message", message)};
	if (change(visit, &replay))
		to_message(visit, message, tr("It is being sent again.", "Отправляется заново."));
}

/* <input type="datetime-local"> in the settings' zone; what is empty leaves *time_ms. */
static bool read_moment(const struct visit *visit, const char *name, int64_t *time_ms)
{
	struct calendar_time t;
	bool has_time;
	const char *value = web_value(visit->request, name);
	if (value == NULL || value[0] == '\0')
		return true;
	char *text = xstrdup(value), *letter = strchr(text, 'T');
	if (letter != NULL)
		*letter = ' ';
	bool read = calendar_parse(text, &t, &has_time, NULL) == 0 &&
		calendar_to_ms(&t, visit->console->settings->zone, time_ms, NULL) == 0;
	free(text);
	return read;
}

void take_webhook_replay(struct visit *visit)
{
	struct error e = {0};
	const char *state = web_value(visit->request, "state");
	struct webhook_range range = {.since_ms = -1, .until_ms = clock_now_ms() + 1,
		.state = state != NULL && strcmp(state, "delivered") == 0 ? "delivered" : "failed"};
	if (!read_moment(visit, "since", &range.since_ms) || !read_moment(visit, "until", &range.until_ms) || range.since_ms < 0) {
		(void)error_set(&e, ERROR_INPUT, "%s",
			tr("Say from when on events are to be sent again: a date and a time.",
				"Укажите, начиная с какого времени отправить события заново: дату и время."));
		console_error(visit, &e);
		return;
	}
	struct change replay = {.action = "webhook.replay",
		.facts = json_pack("{s:I, s:I, s:s}", "since_ms", (json_int_t)range.since_ms, "until_ms", (json_int_t)range.until_ms,
			"state", range.state)};
	int64_t count = 0;
	char text[120];
	if (!change(visit, &replay))
		return;
	/* In transactions of its own, some hundred each: it may be a million. */
	if (webhook_replay(visit->db, replay.id, &range, &count, &e) != 0) {
		console_error(visit, &e);
		return;
	}
	snprintf(text, sizeof text, tr("Events to be sent again: %lld.", "Будет отправлено заново событий: %lld."), (long long)count);
	back(visit, text);
}
