/* Bounces, delays, deliveries, complaints. Only a tag with a right MAC changes
 * anything; without it a bounce is staff's. What a report says about a letter
 * goes to vestnik.status, where the ledger applies it as it applies the mailers'
 * words: `bounced` beats `delivered` beats `accepted`, whatever comes first. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/lang.h"
#include "directory/suppression.h"
#include "intake/case.h"
#include "message/status.h"

/* Events of one mail: our letters have one recipient each. */
#define EVENT_ID_SIZE (IDENT_HASH_SIZE + 40)

/* About the letter's own address if anything is, else the first; inner ones say nothing of ours. */
static const struct finding *choose(const struct intake_case *c)
{
	const struct findings *all = &c->found->findings;
	const struct finding *first = NULL;
	for (size_t i = 0; i < all->count; i++) {
		const struct finding *one = &all->item[i];
		if (one->inner)
			continue;
		if (one->recipient != NULL && strcasecmp(one->recipient, c->letter.address) == 0)
			return one;
		if (first == NULL)
			first = one;
	}
	return first;
}

static int publish(struct intake_case *c, const struct finding *finding, enum delivery_state state,
	struct error *e)
{
	char id[EVENT_ID_SIZE], key[24];
	struct buf data;
	struct delivery_status status = {.key = c->letter.key,
		.dispatch = c->letter.dispatch, /* of the row: bounced beats every dispatch */
		.campaign = c->letter.campaign,
		.state = state,
		.time_ms = c->in->received_ms};
	snprintf(status.enhanced, sizeof status.enhanced, "%s", finding->status);
	snprintf(status.worker, sizeof status.worker, "intake");
	char *reason = gate_clean_line(finding->diagnostic == NULL ? finding->cause : finding->diagnostic,
		STATUS_REASON_MAX);
	snprintf(status.reason, sizeof status.reason, "%s", reason == NULL ? "" : reason);
	gate_utf8_mend(status.reason);
	free(reason);
	snprintf(id, sizeof id, "%s.%s", c->hash, delivery_state_name(state));
	snprintf(key, sizeof key, "%lld", (long long)c->letter.key);
	buf_init(&data, 4096);
	int rc = status_write(&status, &data) == 0
		? 0
		: error_set(e, ERROR_INTERNAL, "a status event grew over 4096 bytes");
	if (rc == 0)
		rc = bus_publish_tx(c->inbox->bus, c->inbox->db,
			&(struct bus_message){.topic = BUS_STATUS, .key = key, .id = id,
				.source = INBOX_SOURCE, .type = status_type(state), .time_ms = status.time_ms,
				.data = data.data, .len = data.len},
			e);
	buf_fini(&data);
	return rc;
}

/* Whoever got the letter could say this about it: that much a right MAC is worth. About another
 * address (a mailbox that forwards) it says nothing. */
static int suppress(struct intake_case *c, const struct finding *finding, const char *why, struct error *e)
{
	char reason[300];
	bool added = false;
	if (finding->recipient != NULL && strcasecmp(finding->recipient, c->letter.address) != 0) {
		case_note(c, tr("about %s, to which %s forwards", "о %s, куда пересылает %s"), finding->recipient,
			c->letter.address);
		return 0;
	}
	snprintf(reason, sizeof reason, "%s%s%s: %.200s", why, finding->status[0] == '\0' ? "" : " ",
		finding->status, finding->diagnostic == NULL ? finding->cause : finding->diagnostic);
	gate_utf8_mend(reason);
	if (suppression_add_tx(c->inbox->db, c->letter.address, reason, "intake", &added, e) != 0)
		return -1;
	case_note(c, added ? tr("%s gets no more letters", "%s больше не получает писем")
			   : tr("%s was suppressed already", "%s уже в списке исключённых"),
		c->letter.address);
	return 0;
}

static int bounce(struct intake_case *c, const struct finding *finding, struct error *e)
{
	if (publish(c, finding, DELIVERY_BOUNCED, e) != 0)
		return -1;
	if (finding->class == BOUNCE_HARD)
		return suppress(c, finding, "bounce", e);
	case_note(c, "%s", tr("the address stays: it may work later", "адрес остаётся: позже может заработать"));
	return 0;
}

/* Nobody may leave a campaign everybody must get. */
static int may_leave(struct intake_case *c, bool *may, struct error *e)
{
	struct db_stmt *stmt;
	*may = false;
	if (db_query(c->inbox->db, &stmt, e, "SELECT definition FROM campaign WHERE id = $1", "i",
		    c->letter.campaign) != 0)
		return -1;
	enum db_step step = db_step(stmt, e);
	if (step == DB_ROW) {
		json_t *definition = json_loads(db_text(stmt, 0), 0, NULL);
		*may = json_is_true(json_object_get(definition, "may_leave"));
		json_decref(definition);
	}
	db_reset(stmt);
	return step == DB_FAILED ? -1 : 0;
}

static int complaint(struct intake_case *c, const struct finding *finding, struct error *e)
{
	bool may;
	/* A program's word about forged mail, not a person's about ours. */
	if (strcmp(finding->cause, "auth-failure") == 0) {
		case_review(c, "%s", tr("a report about forged mail, not a complaint",
					     "сообщение о поддельных письмах, а не жалоба"));
		return 0;
	}
	if (may_leave(c, &may, e) != 0)
		return -1;
	if (!may) {
		case_review(c, "%s",
			tr("a complaint about letters that may not be left: staff decide",
				"жалоба на рассылку, от которой нельзя отписаться: решают сотрудники"));
		return 0;
	}
	/* A feedback report names the one who complained, sometimes blotted out; the tag is sure. */
	struct finding own = *finding;
	own.recipient = NULL;
	return suppress(c, &own, "complaint", e);
}

/* Without a MAC: nothing is changed. Spam that claims to come from us makes bounces by the
 * thousand: those about addresses we never wrote to are no work for staff. */
static int unproven(struct intake_case *c, const struct finding *finding, struct error *e)
{
	int64_t known = 0;
	const char *address = finding == NULL ? NULL : finding->recipient;
	if (address != NULL &&
		db_query_int(c->inbox->db, &known, e,
			"SELECT CASE WHEN EXISTS (SELECT 1 FROM contact WHERE address IN ($1, lower($1)))"
			" OR EXISTS (SELECT 1 FROM delivery WHERE address IN ($1, lower($1))) THEN 1 ELSE 0 END",
			"s", address) != DB_ROW)
		return -1;
	if (address != NULL && known == 0) {
		c->state = CASE_STATE_IGNORED;
		case_note(c, tr("about %s, whom we never wrote to", "о %s, которому мы не писали"), address);
		return 0;
	}
	if (finding != NULL && (finding->kind == MAIL_DELAYED || finding->kind == MAIL_DELIVERED)) {
		c->state = CASE_STATE_IGNORED;
		case_note(c, "%s", tr("names no letter of ours", "не называет нашего письма"));
		return 0;
	}
	case_review(c, tr("%s: %s; names no letter of ours for certain, so nothing was changed",
			       "%s: %s; наше письмо достоверно не названо, поэтому ничего не изменено"),
		address == NULL ? "?" : address,
		finding == NULL ? "?" : finding->diagnostic == NULL ? finding->cause : finding->diagnostic);
	if (c->found->match.forged)
		case_review(c, "%s",
			tr("carries a mark like ours with a wrong signature: forged, or of another installation",
				"метка похожа на нашу, но подпись неверна: подделка или другая установка"));
	return 0;
}

int case_report(struct intake_case *c, struct error *e)
{
	if (case_find_letter(c, c->found->match.delivery, e) != 0)
		return -1;
	const struct finding *finding = choose(c);
	if (finding != NULL)
		c->kind = mail_kind_name(finding->kind);
	if (c->letter.key == 0 || finding == NULL)
		return unproven(c, finding, e);
	c->ask = c->letter.ask;
	switch (finding->kind) {
	case MAIL_BOUNCE:
		return bounce(c, finding, e);
	case MAIL_DELIVERED:
		return publish(c, finding, DELIVERY_DELIVERED, e);
	case MAIL_COMPLAINT:
		return complaint(c, finding, e);
	case MAIL_DELAYED:
		case_note(c, "%s", tr("still being tried", "попытки продолжаются"));
		return 0;
	default:
		case_review(c, "%s", tr("a report that says nothing", "отчёт, который ничего не сообщает"));
		return 0;
	}
}
