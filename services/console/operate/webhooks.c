/* /webhooks: where events are posted; adding one. Its own page: webhook.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "console/operate/operate.h"
#include "webhook/endpoint.h"
#include "webhook/filter.h"

#define URL_SHOWN_MAX 300
#define EVENTS_MAX_BYTES 8192

/* ---- words of events -------------------------------------------------------------------------- */

static const struct group {
	const char *prefix, *en, *ru;
} groups[] = {{"vestnik.delivery.", "Letters", "Письма"}, {"vestnik.campaign.", "Campaigns", "Рассылки"},
	{"vestnik.ask.", "Answers", "Ответы"}, {"vestnik.", "Other", "Прочее"}};
#define GROUPS (sizeof groups / sizeof groups[0])

static const char *event_words(const char *type)
{
	static const struct {
		const char *type, *en, *ru;
	} words[] = {{"delivery.waiting", "waits again", "снова ждёт отправки"}, {"delivery.sending", "is being sent", "отправляется"},
		{"delivery.uncertain", "uncertain", "неясно, дошло ли"}, {"delivery.deferred", "put off by the server", "отложено сервером"},
		{"delivery.returned", "returned to the queue", "возвращено в очередь"}, {"delivery.accepted", "taken by the server", "принято сервером"},
		{"delivery.delivered", "delivered", "доставлено"}, {"delivery.bounced", "came back", "вернулось"},
		{"delivery.failed", "refused", "отказ"}, {"delivery.expired", "too late to send", "просрочено"},
		{"delivery.cancelled", "cancelled", "отменено"}, {"delivery.suppressed", "the address is excluded", "адрес исключён"},
		{"campaign.launched", "launched", "запущена"}, {"campaign.paused", "paused", "приостановлена"},
		{"campaign.resumed", "resumed", "возобновлена"}, {"campaign.cancelled", "cancelled", "отменена"},
		{"campaign.finished", "finished", "завершена"}, {"campaign.published", "published", "опубликована"},
		{"campaign.postponed", "postponed", "срок перенесён"}, {"campaign.corrected", "corrected", "исправлена"},
		{"campaign.recalled", "recalled", "отозвана"}, {"report.ready", "a report is ready", "готов отчёт"},
		{"ask.received", "something came", "что-то пришло"}, {"ask.partial", "answered in part", "ответ неполный"},
		{"ask.confirmed", "answered", "ответ принят"}, {"ask.differs", "answers differ", "ответы расходятся"},
		{"ask.reopened", "opened again", "запрос открыт снова"}, {"ask.withdrawn", "withdrawn", "ответ отозван"},
		{"acknowledged", "somebody confirmed having read", "ознакомление подтверждено"},
		{"webhook.disabled", "a webhook was disabled", "вебхук отключён"}, {"bus.gap", "messages were lost to a reader", "потеря сообщений"}};
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(words[i].type, type + strlen("vestnik.")) == 0)
			return tr(words[i].en, words[i].ru);
	return type;
}

/* The first group whose beginning fits: «Прочее» takes what is left. */
static size_t group_of(const char *type)
{
	size_t i = 0;
	while (i < GROUPS - 1 && strncmp(type, groups[i].prefix, strlen(groups[i].prefix)) != 0)
		i++;
	return i;
}

static bool chosen(const struct visit *visit, const char *type)
{
	const struct web_field *field;
	size_t n = web_fields(visit->request, &field);
	for (size_t i = 0; i < n; i++)
		if (strcmp(field[i].name, "event") == 0 && strcmp(field[i].value, type) == 0)
			return true;
	return false;
}

static json_t *event_groups(const struct visit *visit)
{
	json_t *out = json_array();
	for (size_t g = 0; g < GROUPS; g++) {
		json_t *events = json_array();
		for (const char *const *type = webhook_types(); *type != NULL; type++)
			if (group_of(*type) == g)
				json_array_append_new(events,
					json_pack("{s:s, s:s, s:b}", "type", *type, "words", event_words(*type), "chosen", chosen(visit, *type)));
		json_array_append_new(out, json_pack("{s:s, s:o}", "group", tr(groups[g].en, groups[g].ru), "events", events));
	}
	return out;
}

static json_t *events_of(const char *stored)
{
	json_t *list = json_loads(stored, 0, NULL), *out = json_array(), *one;
	size_t i;
	json_array_foreach(list, i, one)
		if (json_is_string(one))
			json_array_append_new(out,
				json_pack("{s:s, s:s}", "type", json_string_value(one), "words", event_words(json_string_value(one))));
	json_decref(list);
	return out;
}

json_t *webhook_json(const struct visit *visit, const struct webhook_endpoint *endpoint)
{
	const char *badge = !endpoint->active ? "bad" : endpoint->first_failure_ms != 0 ? "warn" : "good";
	const char *state = !endpoint->active			? tr("disabled", "отключён")
		: endpoint->first_failure_ms != 0 ? tr("does not answer", "не отвечает")
							: tr("works", "работает");
	json_t *events = events_of(endpoint->events);
	return json_pack("{s:s, s:o, s:s, s:s, s:b, s:o, s:o, s:b, s:o, s:s?, s:i, s:b, s:o}", "id", endpoint->id, "url",
		show_line(endpoint->url, URL_SHOWN_MAX), "badge", badge, "state", state, "active", endpoint->active, "reason",
		show_line(endpoint->disabled_reason, URL_SHOWN_MAX), "failing",
		endpoint->active ? show_time(visit, endpoint->first_failure_ms) : json_null(), "all_events",
		json_array_size(events) == 0, "events", events, "campaign", endpoint->campaign, "concurrency",
		endpoint->concurrency, "private", endpoint->allow_private, "created", show_time(visit, endpoint->created_ms));
}

/* ---- the list ------------------------------------------------------------------------------------ */

struct listing {
	const struct visit *visit;
	json_t *rows;
};

static int list_one(void *arg, const struct webhook_endpoint *endpoint)
{
	struct listing *listing = arg;
	json_array_append_new(listing->rows, webhook_json(listing->visit, endpoint));
	return 0;
}

void page_webhooks(struct visit *visit)
{
	struct error e = {0};
	struct listing listing = {.visit = visit, .rows = json_array()};
	if (webhook_endpoint_each(visit->db, list_one, &listing, &e) != 0) {
		json_decref(listing.rows);
		console_error(visit, &e);
		return;
	}
	console_page(visit, 200, "webhook_list",
		json_pack("{s:s, s:s, s:b, s:o}", "title", tr("Webhooks", "Вебхуки"), "here", "webhooks", "any",
			json_array_size(listing.rows) > 0, "webhooks", listing.rows));
}

/* ---- adding ------------------------------------------------------------------------------------------ */

/* Inside the own network answers of anything may be read: whoever gives out accounts decides that. */
static bool may_private(const struct visit *visit)
{
	return visit_may(visit, RIGHT_ACCOUNT);
}

static void form(struct visit *visit, int status, const char *field, const char *error)
{
	const char *url = web_value(visit->request, "url"), *campaign = web_value(visit->request, "campaign");
	json_t *data = json_pack("{s:s, s:s, s:o, s:o, s:o, s:b, s:b}", "title", tr("A new webhook", "Новый вебхук"), "here",
		"webhooks", "groups", event_groups(visit), "url", show_text(url), "campaign", show_text(campaign), "private",
		web_value(visit->request, "private") != NULL, "may_private", may_private(visit));
	if (error != NULL)
		json_object_set_new(data, field, json_string(error));
	console_page(visit, status, "webhook_new", data);
}

void page_webhook_new(struct visit *visit)
{
	form(visit, 200, NULL, NULL);
}

struct adding {
	struct visit *visit;
	struct webhook_endpoint endpoint;
	char secret[WEBHOOK_SECRET_SIZE];
};

/* The address of a webhook may hold a secret of its own: it stands in the detail. */
static int add(void *arg, struct db *tx, struct error *e)
{
	struct adding *adding = arg;
	char subject[WEBHOOK_ENDPOINT_ID_SIZE + 10];
	if (webhook_endpoint_add(tx, &adding->endpoint, adding->secret, e) != 0)
		return -1;
	snprintf(subject, sizeof subject, "webhook:%s", adding->endpoint.id);
	return console_audit(adding->visit, tx, "webhook.add", subject,
		json_pack("{s:s, s:s?, s:b}", "events", adding->endpoint.events, "campaign", adding->endpoint.campaign, "private",
			adding->endpoint.allow_private),
		json_pack("{s:s}", "url", adding->endpoint.url), e);
}

void webhook_show_secret(struct visit *visit, const char *id, const char *secret, bool fresh)
{
	console_page(visit, 200, "webhook_secret",
		json_pack("{s:s, s:s, s:s, s:s, s:b}", "title", tr("The webhook's secret", "Секрет вебхука"), "here", "webhooks",
			"id", id, "secret", secret, "fresh", fresh));
}

/* The boxes that are ticked, as words of the filter; none = all events. */
static int read_events(const struct visit *visit, struct buf *events, struct error *e)
{
	struct buf words;
	buf_init(&words, EVENTS_MAX_BYTES);
	for (const char *const *type = webhook_types(); *type != NULL; type++)
		if (chosen(visit, *type))
			(void)buf_printf(&words, "%s%s", words.len > 0 ? "," : "", *type);
	int rc = webhook_filter_from_words(buf_str(&words), events, e);
	buf_fini(&words);
	return rc;
}

static bool campaign_there(struct visit *visit, const char *slug, struct error *e)
{
	int64_t one;
	return db_query_int(visit->db, &one, e, "SELECT 1 FROM campaign WHERE slug = $1", "s", slug) == DB_ROW;
}

static void add_it(struct visit *visit, struct adding *adding)
{
	struct error e = {0};
	const char *url = adding->endpoint.url;
	if (url[0] == '\0')
		form(visit, 422, "url_error", tr("Say where events are to be posted: https://…", "Укажите адрес, на который отправлять события: https://…"));
	else if (strncmp(url, "http:", 5) == 0 && !adding->endpoint.allow_private)
		form(visit, 422, "url_error", tr("Events name people's addresses: the address should begin with https://.",
						      "В событиях есть адреса людей: адрес должен начинаться с https://."));
	else if (webhook_url_check(url, adding->endpoint.allow_private, &e) != 0)
		form(visit, 422, "url_error", e.text);
	else if (adding->endpoint.campaign != NULL && !campaign_there(visit, adding->endpoint.campaign, &e))
		form(visit, 422, "campaign_error", tr("There is no campaign of this name.", "Рассылки с таким кодом нет."));
	else if (console_transaction(visit, add, adding, &e) != 0)
		console_error(visit, &e);
	else
		webhook_show_secret(visit, adding->endpoint.id, adding->secret, true);
}

void take_webhook_add(struct visit *visit)
{
	struct error e = {0};
	struct buf events;
	const char *url = web_value(visit->request, "url"), *campaign = web_value(visit->request, "campaign");
	struct adding adding = {.visit = visit,
		.endpoint = {.url = url == NULL ? "" : url,
			.campaign = campaign == NULL || campaign[0] == '\0' ? NULL : campaign,
			.allow_private = web_value(visit->request, "private") != NULL && may_private(visit),
			.concurrency = visit->console->settings->notifier.connections_per_endpoint}};
	buf_init(&events, EVENTS_MAX_BYTES);
	if (read_events(visit, &events, &e) != 0) {
		console_error(visit, &e);
	} else {
		adding.endpoint.events = buf_str(&events);
		add_it(visit, &adding);
	}
	buf_fini(&events);
}
