/* /approvals: launches that wait for a second person's word. */
#include <string.h>

#include "base/clock.h"
#include "console/parts.h"
#include "console/people/approval.h"
#include "console/people/part.h"

#define SHOWN 100
#define WAIT_MS 5000

json_t *approval_shown(const struct visit *visit, const struct approval *a)
{
	bool own = strcmp(a->person, visit->visitor->actor) == 0, asked = a->state == APPROVAL_ASKED;
	return json_pack("{s:s, s:s, s:s, s:o, s:b, s:b, s:b, s:s, s:o, s:o, s:o, s:o, s:b, s:b, s:b}", "slug", a->campaign, "hash",
		a->content_hash, "title", a->title == NULL ? a->campaign : a->title, "recipients", show_number(a->recipients), "asked", asked,
		"approved", a->state == APPROVAL_APPROVED, "refused", a->state == APPROVAL_REFUSED, "asked_by", a->requested_by, "asked_at",
		show_time(visit, a->requested_ms), "decided_by", show_text(a->decided_by), "decided_at", show_time(visit, a->decided_ms), "note",
		show_text(a->note), "current", a->current, "may_decide",
		asked && a->current && !own && visit_may(visit, RIGHT_CAMPAIGN_APPROVE), "own", own);
}

json_t *approval_card(struct visit *visit, const char *slug, const char *content_hash, struct error *e)
{
	struct approval approval;
	switch (approval_of(visit->db, slug, content_hash, &approval, e)) {
	case DB_ROW:
		break;
	case DB_DONE:
		return json_null();
	case DB_FAILED:
		return NULL;
	}
	json_t *shown = approval_shown(visit, &approval);
	approval_fini(&approval);
	return shown;
}

/* ---- the list ------------------------------------------------------------------------------ */

struct listing {
	const struct visit *visit;
	json_t *waiting, *decided;
};

static int list_one(void *arg, const struct approval *approval)
{
	struct listing *listing = arg;
	json_array_append_new(approval->state == APPROVAL_ASKED ? listing->waiting : listing->decided,
		json_pack("{s:o}", "approval", approval_shown(listing->visit, approval)));
	return 0;
}

static void show_list(struct visit *visit, int status, const char *slug, const char *wrong)
{
	struct error e = {0};
	struct listing listing = {visit, json_array(), json_array()};
	if (approval_each(visit->db, false, SHOWN, list_one, &listing, &e) != 0) {
		json_decref(listing.waiting);
		json_decref(listing.decided);
		console_error(visit, &e);
		return;
	}
	size_t i;
	json_t *one;
	json_array_foreach(listing.waiting, i, one) {
		json_t *approval = json_object_get(one, "approval");
		if (wrong != NULL && strcmp(json_string_value(json_object_get(approval, "slug")), slug) == 0)
			json_object_set_new(approval, "error", form_sentence(wrong));
	}
	int64_t from = visit->console->settings->console.approve_from;
	console_page(visit, status, "approval_list",
		json_pack("{s:s, s:s, s:b, s:o, s:b, s:o, s:o}", "title", tr("Approvals", "Согласование"), "here", "approvals", "any_waiting",
			json_array_size(listing.waiting) > 0, "waiting", listing.waiting, "any_decided",
			json_array_size(listing.decided) > 0, "decided", listing.decided, "from",
			from == 0 ? json_null() : show_number(from)));
}

static void page_approvals(struct visit *visit)
{
	show_list(visit, 200, NULL, NULL);
}

/* ---- deciding -------------------------------------------------------------------------------- */

struct deciding {
	const struct orderer *who;
	const char *slug, *hash, *note;
	bool approve;
	char task[IDENT_SIZE];
};

static int decide(void *arg, struct db *tx, struct error *e)
{
	struct deciding *d = arg;
	return approval_decide(d->who, tx, d->slug, d->hash, d->approve, d->note, d->task, e);
}

static const char *words_after(const struct orderer *who, struct visit *visit, const struct deciding *d,
	char result[static ORDER_RESULT_SIZE])
{
	enum order_outcome outcome;
	struct error e;
	if (!d->approve)
		return tr("Refused. Whoever asked sees your reason.", "Отклонено. Тот, кто запросил, увидит причину.");
	if (order_await(who, visit->db, d->task, WAIT_MS, &outcome, result, &e) == 0 && outcome == ORDER_REFUSED)
		return result;
	return outcome == ORDER_APPLIED ? tr("Approved: the campaign is launched.", "Согласовано: рассылка запущена.")
					: tr("Approved. The campaign starts as soon as the planner takes it up.",
						  "Согласовано. Рассылка запустится, как только её примет планировщик.");
}

static void take_decision(struct visit *visit)
{
	const struct orderer who = console_orderer(visit);
	const char *decision = web_value(visit->request, "decision"), *hash = web_value(visit->request, "hash");
	struct deciding deciding = {.who = &who,
		.slug = web_part(visit->request, "slug"),
		.hash = hash == NULL ? "" : hash,
		.note = web_value(visit->request, "note"),
		.approve = decision != NULL && strcmp(decision, "approve") == 0};
	struct error e = {0};
	char result[ORDER_RESULT_SIZE] = "";
	if (deciding.note != NULL && deciding.note[strspn(deciding.note, " \t\r\n")] == '\0')
		deciding.note = NULL;
	if (console_transaction(visit, decide, &deciding, &e) != 0) {
		if (e.code == ERROR_INPUT)
			show_list(visit, 422, deciding.slug, e.text);
		else
			console_error(visit, &e);
		return;
	}
	console_done(visit, "/approvals", words_after(&who, visit, &deciding, result));
}

const struct console_route approval_routes[] = {
	{WEB_GET, "/approvals", RIGHT_CAMPAIGN_READ, page_approvals, 0, 0},
	{WEB_POST, "/approvals/{slug}", RIGHT_CAMPAIGN_APPROVE, take_decision, 0, 0},
	{0, NULL, 0, NULL, 0, 0},
};
