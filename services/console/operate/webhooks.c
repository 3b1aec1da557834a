/* /webhooks: where events are posted, and how endpoints and events are shown. One endpoint: webhook.c; the form: webhook_form.c. */
#include <string.h>

#include "console/operate/operate.h"
#include "webhook/endpoint.h"
#include "webhook/filter.h"

#define URL_SHOWN_MAX 300

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

json_t *webhook_event_groups(const char *chosen)
{
	struct webhook_filter *filter = NULL;
	struct error e = {0};
	json_t *out = json_array();
	if (strcmp(chosen, "[]") != 0) /* everything: then no box is ticked */
		(void)webhook_filter_parse(chosen, &filter, &e);
	for (size_t g = 0; g < GROUPS; g++) {
		json_t *events = json_array();
		for (const char *const *type = webhook_types(); *type != NULL; type++)
			if (group_of(*type) == g)
				json_array_append_new(events,
					json_pack("{s:s, s:s, s:b}", "type", *type, "words", event_words(*type), "chosen",
						filter != NULL && webhook_filter_match(filter, *type)));
		json_array_append_new(out, json_pack("{s:s, s:o}", "group", tr(groups[g].en, groups[g].ru), "events", events));
	}
	webhook_filter_free(&filter);
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
