/* The first page: what needs a person now. Every part is bounded; nothing is counted that has no index. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "console/campaign/part.h"
#include "console/parts.h"
#include "console/start/start.h"
#include "control/approval.h"
#include "control/campaign_view.h"
#include "control/rounds.h"

#define DEADLINES_MOST 12
#define CAMPAIGNS_MOST 12  /* looked at for trouble */
#define DRAFTS_MOST 6
#define APPROVALS_MOST 50
#define COUNT_MOST 1000    /* what waits is counted up to here: «1000 и больше» */
#define WEEK_MS INT64_C(604800000)
#define DAY_MS INT64_C(86400000)

struct home {
	struct visit *visit;
	json_t *data;
	bool anything; /* that needs somebody */
	struct error e;
};

static void add(struct home *h, const char *name, json_t *list)
{
	bool any = json_array_size(list) > 0;
	h->anything = h->anything || any;
	json_object_set_new(h->data, name, any ? json_pack("{s:o}", "rows", list) : json_null());
	if (!any)
		json_decref(list);
}

/* ---- deadlines ----------------------------------------------------------------------------- */

struct due {
	int64_t round, number, deadline_ms;
	char *slug, *title, *label;
	bool several;
};

static int find_due(struct home *h, struct due out[static DEADLINES_MOST], size_t *count)
{
	struct db_stmt *stmt;
	enum db_step step;
	int64_t now_ms = clock_now_ms();
	*count = 0;
	if (db_query(h->visit->db, &stmt, &h->e,
		    "SELECT r.id, r.number, r.deadline_ms, c.slug, c.title, COALESCE(r.label, '') FROM round r"
		    " JOIN campaign c ON c.id = r.campaign WHERE r.state = 'open' AND r.deadline_ms >= $1 AND r.deadline_ms < $2"
		    " AND c.kind = 'campaign' AND c.state IN ('running', 'paused', 'finished')"
		    " ORDER BY r.deadline_ms, r.id LIMIT $3",
		    "iii", now_ms - DAY_MS, now_ms + WEEK_MS, (int64_t)DEADLINES_MOST) != 0)
		return -1;
	while ((step = db_step(stmt, &h->e)) == DB_ROW && *count < DEADLINES_MOST)
		out[(*count)++] = (struct due){.round = db_int(stmt, 0),
			.number = db_int(stmt, 1),
			.deadline_ms = db_int(stmt, 2),
			.slug = xstrdup(db_text(stmt, 3)),
			.title = xstrdup(db_text(stmt, 4)),
			.label = xstrdup(db_text(stmt, 5))};
	return step == DB_FAILED ? -1 : 0;
}

static int deadlines(struct home *h)
{
	struct due due[DEADLINES_MOST] = {0};
	size_t count;
	json_t *list = json_array();
	int rc = find_due(h, due, &count);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		struct ask_counts counts;
		rc = ask_counts_read(h->visit->db, due[i].round, &counts, &h->e);
		if (rc == 0 && counts.asked > 0)
			json_array_append_new(list,
				json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:b}", "url",
					json_sprintf("/campaigns/%s?round=%lld", due[i].slug, (long long)due[i].number), "title", due[i].title,
					"round", show_text(due[i].label), "when", show_deadline_day(h->visit, due[i].deadline_ms), "share",
					show_share(&counts), "silent",
					show_count(counts.open, tr("is silent", "молчит"), tr("are silent", "молчат"), "молчат"), "today",
					due[i].deadline_ms < clock_now_ms() + DAY_MS));
	}
	for (size_t i = 0; i < count; i++) {
		free(due[i].slug);
		free(due[i].title);
		free(due[i].label);
	}
	add(h, "deadlines", list);
	return rc;
}

/* ---- decisions ------------------------------------------------------------------------------- */

static int waiting(struct home *h)
{
	int64_t mails = 0, differs = 0; /* reports of mail systems are an operator's: bounces() */
	json_t *list = json_array();
	if (db_query_int(h->visit->db, &mails, &h->e,
		    "SELECT COUNT(*) FROM (SELECT id FROM mail_in WHERE state = 'review'"
		    " AND kind NOT IN ('bounce', 'complaint', 'delayed', 'delivered') LIMIT $1) m", "i", (int64_t)COUNT_MOST) ==
		    DB_FAILED ||
		db_query_int(h->visit->db, &differs, &h->e,
			"SELECT COUNT(*) FROM (SELECT id FROM ask WHERE (trouble & 1) = 1 LIMIT $1) a", "i", (int64_t)COUNT_MOST) == DB_FAILED)
		goto out;
	if (mails > 0)
		json_array_append_new(list,
			json_pack("{s:s, s:o, s:s}", "url", "/mail", "text",
				show_count(mails, tr("mail waits for your decision", "письмо ждёт Вашего решения"),
					tr("mails wait for your decision", "письма ждут Вашего решения"), "писем ждут Вашего решения"),
				"action", tr("Look through", "Разобрать")));
	if (differs > 0)
		json_array_append_new(list,
			json_pack("{s:s, s:o, s:s}", "url", "/answers", "text",
				show_count(differs, tr("organisation gave different figures", "организация дала разные цифры"),
					tr("organisations gave different figures", "организации дали разные цифры"),
					"организаций дали разные цифры"),
				"action", tr("Decide", "Решить")));
out:
	add(h, "waiting", list);
	return h->e.code == ERROR_NONE ? 0 : -1;
}

static int bounces(struct home *h)
{
	int64_t n = 0;
	json_t *list = json_array();
	enum db_step step = db_query_int(h->visit->db, &n, &h->e,
		"SELECT COUNT(*) FROM (SELECT id FROM mail_in WHERE state = 'review'"
		" AND kind IN ('bounce', 'complaint', 'delayed', 'delivered') LIMIT $1) m", "i", (int64_t)COUNT_MOST);
	if (n > 0)
		json_array_append_new(list,
			json_pack("{s:s, s:o, s:s}", "url", "/bounces", "text",
				show_count(n, tr("report of a mail system could not be matched", "отчёт почтовой системы не удалось отнести к письму"),
					tr("reports of mail systems could not be matched", "отчёта почтовых систем не удалось отнести к письмам"),
					"отчётов почтовых систем не удалось отнести к письмам"),
				"action", tr("Look through", "Разобрать")));
	add(h, "bounces", list);
	return step == DB_FAILED ? -1 : 0;
}

struct deciding {
	struct home *home;
	json_t *list;
};

/* What the visitor can decide: not what he asked for himself, nor what was changed since. */
static int add_approval(void *arg, const struct approval *approval)
{
	struct deciding *d = arg;
	if (approval->current && strcmp(approval->person, d->home->visit->visitor->actor) != 0)
		json_array_append_new(d->list,
			json_pack("{s:s, s:s, s:s, s:o}", "url", "/approvals", "title", approval->title, "by", approval->requested_by, "when",
				show_ago(approval->requested_ms)));
	return 0;
}

static int approvals(struct home *h)
{
	struct deciding d = {h, json_array()};
	int rc = approval_each(h->visit->db, true, APPROVALS_MOST, add_approval, &d, &h->e);
	add(h, "approvals", d.list);
	return rc;
}

/* ---- trouble ---------------------------------------------------------------------------------- */

static size_t slugs_of(struct home *h, char *out[static CAMPAIGNS_MOST])
{
	struct db_stmt *stmt;
	enum db_step step;
	size_t count = 0;
	/* Of each state by its index: those under way are few. */
	if (db_query(h->visit->db, &stmt, &h->e,
		    "SELECT slug FROM campaign WHERE state IN ('running', 'paused') AND kind = 'campaign' ORDER BY id DESC LIMIT $1", "i",
		    (int64_t)CAMPAIGNS_MOST) != 0)
		return 0;
	while ((step = db_step(stmt, &h->e)) == DB_ROW && count < CAMPAIGNS_MOST)
		out[count++] = xstrdup(db_text(stmt, 0));
	return count;
}

/* A campaign that waits for its time is in order; these are not. */
static bool is_trouble(const char *code)
{
	static const char *const calm[] = {"time", "hours", "planned", "retry", "draft", "cancelled"};
	for (size_t i = 0; i < sizeof calm / sizeof calm[0]; i++)
		if (strcmp(code, calm[i]) == 0)
			return false;
	return true;
}

static json_t *line(const struct campaign_view *view, const char *tail, json_t *text)
{
	return json_pack("{s:o, s:s, s:o}", "url", json_sprintf("/campaigns/%s%s", view->row.slug, tail), "title", view->row.title,
		"text", text);
}

static int look_at(struct home *h, const char *slug, json_t *list)
{
	struct campaign_view view;
	struct campaign_why why[CAMPAIGN_WHY_MAX];
	size_t count = 0;
	int rc = campaign_view_read(h->visit->db, slug, &view, &h->e);
	if (rc == 0)
		rc = campaign_why_not(h->visit->console->settings, h->visit->db, &view, why, &count, &h->e);
	if (rc == 0 && count > 0 && is_trouble(why[0].code))
		json_array_append_new(list,
			line(&view, "", json_sprintf(tr("Not sending: %s", "Не отправляется: %s"), why[0].text)));
	int64_t lost = view.counts[DELIVERY_FAILED] + view.counts[DELIVERY_BOUNCED];
	if (rc == 0 && lost > 0)
		json_array_append_new(list,
			line(&view, "/answers?show=undelivered",
				show_count(lost, tr("letter did not arrive", "письмо не дошло"), tr("letters did not arrive", "письма не дошли"),
					"писем не дошло")));
	if (rc == 0 && view.counts[DELIVERY_UNCERTAIN] > 0)
		json_array_append_new(list,
			line(&view, "/change",
				show_count(view.counts[DELIVERY_UNCERTAIN], tr("letter: it is not known whether it arrived", "письмо: неизвестно, дошло ли"),
					tr("letters: it is not known whether they arrived", "письма: неизвестно, дошли ли"),
					"писем: неизвестно, дошли ли")));
	campaign_view_fini(&view);
	return rc;
}

static int trouble(struct home *h)
{
	char *slugs[CAMPAIGNS_MOST];
	size_t count = slugs_of(h, slugs);
	json_t *list = json_array();
	int rc = h->e.code == ERROR_NONE ? 0 : -1;
	for (size_t i = 0; i < count; i++) {
		if (rc == 0)
			rc = look_at(h, slugs[i], list);
		free(slugs[i]);
	}
	add(h, "trouble", list);
	return rc;
}

/* ---- drafts, the first day ----------------------------------------------------------------------- */

static int drafts(struct home *h)
{
	struct db_stmt *stmt;
	enum db_step step;
	json_t *list = json_array();
	if (db_query(h->visit->db, &stmt, &h->e,
		    "SELECT slug, title, changed_ms, changed_by FROM composition ORDER BY changed_ms DESC, slug LIMIT $1", "i",
		    (int64_t)DRAFTS_MOST) != 0) {
		json_decref(list);
		return -1;
	}
	while ((step = db_step(stmt, &h->e)) == DB_ROW)
		json_array_append_new(list,
			json_pack("{s:o, s:s, s:o, s:s}", "url", json_sprintf("/compose/%s", db_text(stmt, 0)), "title",
				db_text(stmt, 1)[0] == '\0' ? db_text(stmt, 0) : db_text(stmt, 1), "when", show_ago(db_int(stmt, 2)), "by",
				db_text(stmt, 3)));
	add(h, "drafts", list);
	return step == DB_FAILED ? -1 : 0;
}

static int first_day(struct home *h)
{
	int64_t organisation = 0, campaign = 0, draft = 0;
	if (db_query_int(h->visit->db, &organisation, &h->e, "SELECT id FROM organisation LIMIT 1", "") == DB_FAILED ||
		db_query_int(h->visit->db, &campaign, &h->e, "SELECT id FROM campaign WHERE kind = 'campaign' LIMIT 1", "") == DB_FAILED ||
		db_query_int(h->visit->db, &draft, &h->e, "SELECT COUNT(*) FROM (SELECT slug FROM composition LIMIT 1) d", "") == DB_FAILED)
		return -1;
	bool first = campaign == 0;
	json_object_set_new(h->data, "first_day",
		!first ? json_null()
		       : json_pack("{s:b, s:b}", "directory_done", organisation != 0, "letter_done", draft != 0));
	return 0;
}

void page_start(struct visit *visit)
{
	static const struct {
		enum right right;
		int (*part)(struct home *h);
	} parts[] = {{RIGHT_CAMPAIGN_READ, deadlines}, {RIGHT_ANSWER_WRITE, waiting}, {RIGHT_SUPPRESSION, bounces}, {RIGHT_CAMPAIGN_APPROVE, approvals},
		{RIGHT_CAMPAIGN_READ, trouble}, {RIGHT_CAMPAIGN_WRITE, drafts}, {RIGHT_CAMPAIGN_WRITE, first_day}};
	struct home h = {.visit = visit, .data = json_pack("{s:s, s:s}", "title", tr("Today", "Сегодня"), "here", "start")};
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		if (visit_may(visit, parts[i].right) && parts[i].part(&h) != 0) {
			json_decref(h.data);
			web_reply_error(visit->request, &h.e);
			return;
		}
	bool first = json_is_object(json_object_get(h.data, "first_day"));
	json_object_set_new(h.data, "calm", json_boolean(!h.anything && !first));
	json_object_set_new(h.data, "may_write", json_boolean(visit_may(visit, RIGHT_CAMPAIGN_WRITE)));
	json_object_set_new(h.data, "may_read", json_boolean(visit_may(visit, RIGHT_CAMPAIGN_READ)));
	console_page(visit, 200, "start", h.data);
}

const struct console_route start_routes[] = {
	{WEB_GET, "/", RIGHT_OWN, page_start, 0, 0},
	{WEB_GET, "/login", RIGHT_NONE, page_login, 0, 0},
	{WEB_POST, "/login", RIGHT_NONE, take_login, 0, 0},
	{WEB_POST, "/logout", RIGHT_OWN, take_logout, 0, 0},
	{WEB_POST, "/language", RIGHT_OWN, take_language, 0, 0},
	{0, NULL, 0, NULL, 0, 0},
};
