/* The form of a webhook: adding one, changing one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "console/operate/operate.h"
#include "webhook/endpoint.h"
#include "webhook/filter.h"

#define EVENTS_MAX_BYTES 8192

/* Inside the own network answers of anything may be read: whoever gives out accounts decides that. */
static bool may_private(const struct visit *visit)
{
	return visit_may(visit, RIGHT_ACCOUNT);
}

/* ---- the form ---------------------------------------------------------------------------------- */

struct entry { /* what was entered, and what became of it */
	struct visit *visit;
	struct webhook_endpoint endpoint; /* id: the one to be changed; "" = a new one */
	struct buf events;
	const char *wrong;                /* "url_error": beside this field stands why not */
	char made[WEBHOOK_ENDPOINT_ID_SIZE], secret[WEBHOOK_SECRET_SIZE]; /* of a new one */
	char changed[WEBHOOK_MEMBERS_SIZE];
};

static void form(struct visit *visit, int status, const struct webhook_endpoint *shown, const char *wrong, const char *error)
{
	const char *id = shown->id[0] == '\0' ? NULL : shown->id;
	json_t *data = json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:b, s:b}", "title",
		id == NULL ? tr("A new webhook", "Новый вебхук") : tr("Changing a webhook", "Изменение вебхука"), "here", "webhooks",
		"id", show_text(id), "groups", webhook_event_groups(shown->events), "url", show_text(shown->url), "campaign",
		show_text(shown->campaign), "private", shown->allow_private, "may_private", may_private(visit));
	if (error != NULL)
		json_object_set_new(data, wrong, json_string(error));
	console_page(visit, status, "webhook_form", data);
}

/* The boxes that are ticked, as the filter is stored; none = all events. */
static int read_events(const struct visit *visit, struct buf *events, struct error *e)
{
	const struct web_field *field;
	struct buf words;
	size_t n = web_fields(visit->request, &field);
	buf_init(&words, EVENTS_MAX_BYTES);
	for (const char *const *type = webhook_types(); *type != NULL; type++)
		for (size_t i = 0; i < n; i++)
			if (strcmp(field[i].name, "event") == 0 && strcmp(field[i].value, *type) == 0) {
				(void)buf_printf(&words, "%s%s", words.len > 0 ? "," : "", *type);
				break;
			}
	int rc = webhook_filter_from_words(buf_str(&words), events, e);
	buf_fini(&words);
	return rc;
}

/* false: it is answered. */
static bool read_entry(struct visit *visit, struct entry *entry)
{
	struct error e = {0};
	const char *url = web_value(visit->request, "url"), *campaign = web_value(visit->request, "campaign");
	*entry = (struct entry){.visit = visit,
		.endpoint = {.url = url == NULL ? "" : url,
			.campaign = campaign == NULL || campaign[0] == '\0' ? NULL : campaign,
			.allow_private = web_value(visit->request, "private") != NULL && may_private(visit),
			.concurrency = visit->console->settings->notifier.connections_per_endpoint}};
	buf_init(&entry->events, EVENTS_MAX_BYTES);
	if (read_events(visit, &entry->events, &e) != 0) {
		buf_fini(&entry->events);
		console_error(visit, &e);
		return false;
	}
	entry->endpoint.events = buf_str(&entry->events);
	return true;
}

/* ---- checking ------------------------------------------------------------------------------------ */

static int wrong(struct entry *entry, const char *field, const char *text, struct error *e)
{
	entry->wrong = field;
	return error_set(e, ERROR_INPUT, "%s", text);
}

static int check_url(struct entry *entry, const struct webhook_endpoint *now, const struct webhook_endpoint *was, struct error *e)
{
	const char *field = "url_error";
	if (now->url[0] == '\0')
		return wrong(entry, field, tr("Say where events are to be posted: https://…", "Укажите адрес, на который отправлять события: https://…"), e);
	if (was != NULL && was->allow_private && !may_private(entry->visit) && strcmp(was->url, now->url) != 0)
		return wrong(entry, field, tr("This address may be inside our own network: only an administrator changes it.",
						   "Этот адрес может находиться во внутренней сети: изменить его может только администратор."), e);
	if (strncmp(now->url, "http:", 5) == 0 && !now->allow_private)
		return wrong(entry, field, tr("Events name people's addresses: the address should begin with https://.",
						   "В событиях есть адреса людей: адрес должен начинаться с https://."), e);
	if (webhook_url_check(now->url, now->allow_private, e) == 0)
		return 0;
	entry->wrong = field;
	return -1;
}

/* was: NULL for a new one. A campaign that is named already may have gone meanwhile. */
static int check(struct entry *entry, const struct webhook_endpoint *now, const struct webhook_endpoint *was, struct error *e)
{
	int64_t one;
	entry->wrong = NULL;
	if (check_url(entry, now, was, e) != 0)
		return -1;
	if (now->campaign == NULL || (was != NULL && was->campaign != NULL && strcmp(was->campaign, now->campaign) == 0))
		return 0;
	enum db_step step = db_query_int(entry->visit->db, &one, e, "SELECT 1 FROM campaign WHERE slug = $1", "s", now->campaign);
	if (step == DB_DONE)
		return wrong(entry, "campaign_error", tr("There is no campaign of this name.", "Рассылки с таким кодом нет."), e);
	return step == DB_ROW ? 0 : -1;
}

/* ---- storing --------------------------------------------------------------------------------------- */

/* The address of a webhook may hold a secret of its own: it stands in the detail. */
static int note(const struct entry *entry, struct db *tx, const char *action, const struct webhook_endpoint *now, struct error *e)
{
	char subject[WEBHOOK_ENDPOINT_ID_SIZE + 10];
	json_t *facts = json_pack("{s:s, s:s?, s:b}", "events", now->events, "campaign", now->campaign, "private", now->allow_private);
	if (entry->changed[0] != '\0')
		json_object_set_new(facts, "changed", json_string(entry->changed));
	snprintf(subject, sizeof subject, "webhook:%s", now->id);
	return console_audit(entry->visit, tx, action, subject, facts, json_pack("{s:s}", "url", now->url), e);
}

static int add(void *arg, struct db *tx, struct error *e)
{
	struct entry *entry = arg;
	struct webhook_endpoint now = entry->endpoint;
	if (check(entry, &now, NULL, e) != 0 || webhook_endpoint_add(tx, &now, entry->secret, e) != 0)
		return -1;
	snprintf(entry->made, sizeof entry->made, "%s", now.id);
	return note(entry, tx, "webhook.add", &now, e);
}

/* Would the same boxes be ticked? Then what is stored stays: "campaign.*" takes in types that come later. */
static bool same_boxes(const char *stored, const char *entered)
{
	struct webhook_filter *a = NULL, *b = NULL;
	struct error e = {0};
	bool all = strcmp(stored, "[]") == 0, same = all == (strcmp(entered, "[]") == 0) &&
		webhook_filter_parse(stored, &a, &e) == 0 && webhook_filter_parse(entered, &b, &e) == 0;
	for (const char *const *type = webhook_types(); same && *type != NULL; type++)
		same = webhook_filter_match(a, *type) == webhook_filter_match(b, *type);
	webhook_filter_free(&a);
	webhook_filter_free(&b);
	return same;
}

/* What is as it was is no change, and is not noted. */
static int change(void *arg, struct db *tx, struct error *e)
{
	struct entry *entry = arg;
	const struct webhook_endpoint *entered = &entry->endpoint;
	struct webhook_endpoint was, now;
	if (webhook_endpoint_read(tx, entered->id, &was, e) != 0)
		return -1;
	now = was;
	now.url = entered->url;
	now.campaign = entered->campaign;
	if (!same_boxes(was.events, entered->events))
		now.events = entered->events;
	if (may_private(entry->visit))
		now.allow_private = entered->allow_private;
	int rc = check(entry, &now, &was, e);
	if (rc == 0 && webhook_endpoint_differs(&was, &now, entry->changed)[0] != '\0') {
		rc = webhook_endpoint_change(tx, &now, e);
		if (rc == 0)
			rc = note(entry, tx, "webhook.change", &now, e);
	}
	webhook_endpoint_fini(&was);
	return rc;
}

/* Whether it was stored; else it is answered. */
static bool store(struct entry *entry, int (*work)(void *arg, struct db *tx, struct error *e))
{
	struct error e = {0};
	if (console_transaction(entry->visit, work, entry, &e) == 0)
		return true;
	if (entry->wrong != NULL)
		form(entry->visit, 422, &entry->endpoint, entry->wrong, e.text);
	else
		console_error(entry->visit, &e);
	return false;
}

/* ---- pages --------------------------------------------------------------------------------------------- */

void webhook_show_secret(struct visit *visit, const char *id, const char *secret, bool fresh)
{
	console_page(visit, 200, "webhook_secret",
		json_pack("{s:s, s:s, s:s, s:s, s:b}", "title", tr("The webhook's secret", "Секрет вебхука"), "here", "webhooks",
			"id", id, "secret", secret, "fresh", fresh));
}

void page_webhook_new(struct visit *visit)
{
	form(visit, 200, &(struct webhook_endpoint){.events = "[]"}, NULL, NULL);
}

void take_webhook_add(struct visit *visit)
{
	struct entry entry;
	if (!read_entry(visit, &entry))
		return;
	if (store(&entry, add))
		webhook_show_secret(visit, entry.made, entry.secret, true);
	buf_fini(&entry.events);
}

void page_webhook_change(struct visit *visit)
{
	struct webhook_endpoint endpoint;
	if (!webhook_find(visit, &endpoint))
		return;
	form(visit, 200, &endpoint, NULL, NULL);
	webhook_endpoint_fini(&endpoint);
}

void take_webhook_change(struct visit *visit)
{
	struct entry entry;
	if (!read_entry(visit, &entry))
		return;
	snprintf(entry.endpoint.id, sizeof entry.endpoint.id, "%s", web_part(visit->request, "id"));
	if (store(&entry, change)) {
		char *location = xasprintf("/webhooks/%s", entry.endpoint.id);
		console_done(visit, location,
			entry.changed[0] == '\0' ? tr("Nothing was changed.", "Ничего не изменилось.")
						 : tr("The webhook was changed: it holds from the next attempt on.",
							   "Вебхук изменён: это действует уже со следующей отправки."));
		free(location);
	}
	buf_fini(&entry.events);
}
