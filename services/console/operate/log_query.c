/* What a visitor of the delivery log asked for. A value that is wrong is named beside its field and not used. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "console/operate/log.h"
#include "control/delivery.h"
#include "web/target.h"

#define CAMPAIGNS_MOST 100 /* offered in the list; any other is typed in */
#define LINK_MAX_BYTES 16384

static const char *asked(const struct visit *visit, const char *name)
{
	const char *value = web_query(visit->request, name);
	return value == NULL || value[0] == '\0' ? NULL : value;
}

static void wrong(struct log_query *query, const char *field, const char *text)
{
	if (query->wrong == NULL)
		query->wrong = json_object();
	json_object_set_new(query->wrong, field, json_string(text));
}

/* ---- reading ------------------------------------------------------------------------------- */

/* "2023-05-30T18:00" of the browser's field, "30.05.2023 18:00" typed into a browser without one. */
static void read_moment(const struct visit *visit, struct log_query *query, const char *name, int64_t *out)
{
	const char *given = asked(visit, name);
	struct calendar_time local;
	bool has_time;
	struct error e;
	if (given == NULL)
		return;
	char *text = xstrdup(given);
	char *letter = strchr(text, 'T');
	if (letter != NULL)
		*letter = ' ';
	if (calendar_parse(text, &local, &has_time, &e) != 0 ||
		calendar_to_ms(&local, visit->console->settings->zone, out, &e) != 0)
		wrong(query, name, tr("That is no moment; right is 30.05.2023 18:00", "Это не момент; правильно: 30.05.2023 18:00"));
	free(text);
}

static void read_address(const struct visit *visit, struct log_query *query)
{
	const char *given = asked(visit, "address");
	char clean[GATE_ADDRESS_MAX + 1];
	struct error e;
	if (given == NULL)
		return;
	/* a domain passes the gate as that of somebody */
	const char *at = strchr(given, '@');
	bool domain = at == NULL || at == given;
	char *whole = domain ? xasprintf("somebody@%s", at == NULL ? given : given + 1) : xstrdup(given);
	if (gate_address(whole, clean, &e) != 0)
		wrong(query, "address",
			tr("Write a whole address, or what stands behind @", "Напишите адрес целиком или то, что стоит после @"));
	else
		snprintf(query->address, sizeof query->address, "%s", domain ? strrchr(clean, '@') : clean);
	query->filter.address = query->address[0] != '\0' ? query->address : NULL;
	free(whole);
}

static json_t *moment_link(const struct visit *visit, const char *slug, int64_t time_ms)
{
	char field[32];
	if (time_ms == 0)
		return json_null();
	log_field_moment(visit, time_ms + 60000, field, sizeof field);
	return json_sprintf("/log?campaign=%s&until=%s", slug, field);
}

static int read_campaign(const struct visit *visit, struct log_query *query, struct error *e)
{
	const char *slug = asked(visit, "campaign");
	struct db_stmt *row;
	if (slug == NULL)
		return 0;
	if (db_query(visit->db, &row, e, "SELECT id, title, launched_ms, finished_ms FROM campaign WHERE slug = $1", "s", slug) != 0)
		return -1;
	enum db_step step = db_step(row, e);
	if (step == DB_DONE)
		wrong(query, "campaign", tr("There is no such campaign", "Такой рассылки нет"));
	if (step == DB_ROW) {
		query->filter.campaign = db_int(row, 0);
		query->finished_ms = db_int(row, 3);
		query->moments = json_pack("{s:s}", "title", db_text(row, 1));
		json_object_set_new(query->moments, "launched", moment_link(visit, slug, db_int(row, 2)));
		json_object_set_new(query->moments, "finished", moment_link(visit, slug, db_int(row, 3)));
		db_reset(row);
	}
	return step == DB_FAILED ? -1 : 0;
}

int log_query_read(const struct visit *visit, struct log_query *query, struct error *e)
{
	enum delivery_state state;
	const char *name = asked(visit, "state");
	*query = (struct log_query){.filter = {.state = -1, .relay = asked(visit, "relay"), .text = asked(visit, "text")}};
	if (name != NULL && delivery_state_parse(name, &state) == 0)
		query->filter.state = (int)state;
	else if (name != NULL)
		wrong(query, "state", tr("There is no such outcome; choose one of the list", "Такого исхода нет; выберите из списка"));
	read_address(visit, query);
	read_moment(visit, query, "from", &query->filter.from_ms);
	read_moment(visit, query, "until", &query->filter.until_ms);
	if (read_campaign(visit, query, e) != 0)
		return -1;
	const struct delivery_log_filter *f = &query->filter;
	query->any = f->campaign != 0 || f->state >= 0 || f->address != NULL || f->relay != NULL || f->text != NULL ||
		f->from_ms != 0 || f->until_ms != 0 || query->wrong != NULL;
	return 0;
}

int log_query_check(const struct log_query *query, struct error *e)
{
	const char *name;
	json_t *words;
	json_object_foreach(query->wrong, name, words)
		return error_set(e, ERROR_INPUT, "%s", json_string_value(words));
	return 0;
}

void log_query_fini(struct log_query *query)
{
	json_decref(query->wrong);
	json_decref(query->moments);
	*query = (struct log_query){0};
}

/* ---- showing ---------------------------------------------------------------------------------- */

void log_field_moment(const struct visit *visit, int64_t time_ms, char *out, size_t size)
{
	struct calendar_time t;
	struct error e;
	out[0] = '\0';
	if (time_ms != 0 && calendar_from_ms(time_ms, visit->console->settings->zone, &t, &e) == 0)
		snprintf(out, size, "%04d-%02d-%02dT%02d:%02d:%02d", t.year, t.month, t.day, t.hour, t.minute, t.second);
}

static json_t *states_of(const struct log_query *query)
{
	/* in the order in which people ask */
	static const enum delivery_state order[] = {DELIVERY_ACCEPTED, DELIVERY_DELIVERED, DELIVERY_DEFERRED,
		DELIVERY_BOUNCED, DELIVERY_FAILED, DELIVERY_UNCERTAIN, DELIVERY_SUPPRESSED, DELIVERY_EXPIRED,
		DELIVERY_CANCELLED, DELIVERY_SENDING, DELIVERY_RETURNED, DELIVERY_WAITING};
	json_t *states = json_array();
	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
		json_array_append_new(states,
			json_pack("{s:s, s:s, s:b}", "value", delivery_state_name(order[i]), "name", delivery_state_words((int)order[i]),
				"chosen", query->filter.state == (int)order[i]));
	return states;
}

static json_t *relays_of(const struct visit *visit, const struct log_query *query)
{
	const struct settings *s = visit->console->settings;
	const char *chosen = query->filter.relay;
	json_t *relays = json_array();
	bool known = chosen == NULL;
	for (size_t i = 0; i < s->relays_count; i++) {
		bool same = chosen != NULL && strcmp(chosen, s->relays[i].name) == 0;
		known = known || same;
		json_array_append_new(relays, json_pack("{s:s, s:b}", "value", s->relays[i].name, "chosen", same));
	}
	if (!known) /* a relay of former days */
		json_array_append_new(relays, json_pack("{s:s, s:b}", "value", chosen, "chosen", 1));
	return relays;
}

static json_t *campaigns_of(const struct visit *visit, struct error *e)
{
	struct db_stmt *row;
	enum db_step step;
	if (db_query(visit->db, &row, e,
		    "SELECT slug, title FROM campaign WHERE kind = 'campaign' AND state <> 'draft' ORDER BY id DESC LIMIT $1", "i",
		    (int64_t)CAMPAIGNS_MOST) != 0)
		return NULL;
	json_t *campaigns = json_array();
	while ((step = db_step(row, e)) == DB_ROW)
		json_array_append_new(campaigns, json_pack("{s:s, s:s}", "value", db_text(row, 0), "name", db_text(row, 1)));
	if (step == DB_FAILED) {
		json_decref(campaigns);
		return NULL;
	}
	return campaigns;
}

json_t *log_query_form(const struct visit *visit, const struct log_query *query, struct error *e)
{
	static const char *const texts[] = {"campaign", "address", "text"};
	char from[32], until[32];
	json_t *campaigns = campaigns_of(visit, e);
	if (campaigns == NULL)
		return NULL;
	log_field_moment(visit, query->filter.from_ms, from, sizeof from);
	log_field_moment(visit, query->filter.until_ms, until, sizeof until);
	json_t *form = json_pack("{s:o, s:o, s:o, s:s, s:s, s:b}", "campaigns", campaigns, "states", states_of(query), "relays",
		relays_of(visit, query), "from", from, "until", until, "any", query->any);
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		json_object_set_new(form, texts[i], show_text(asked(visit, texts[i])));
	if (query->wrong != NULL)
		json_object_set(form, "wrong", query->wrong);
	return form;
}

char *log_query_link(const struct visit *visit, const char *path)
{
	static const char *const leave[] = {"after", "way", "pause", "done", "mac", "at"};
	struct buf out;
	size_t n;
	const struct target_pair *pair = web_queries(visit->request, &n);
	buf_init(&out, LINK_MAX_BYTES);
	(void)buf_printf(&out, "%s?", path);
	for (size_t i = 0; i < n; i++) {
		bool left = pair[i].value[0] == '\0';
		for (size_t k = 0; k < sizeof leave / sizeof leave[0]; k++)
			left = left || strcmp(pair[i].name, leave[k]) == 0;
		if (left)
			continue;
		char *name = target_escape(pair[i].name), *value = target_escape(pair[i].value);
		(void)buf_printf(&out, "%s=%s&", name, value);
		free(name);
		free(value);
	}
	return buf_take(&out);
}
