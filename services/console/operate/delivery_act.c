/* What people do about one letter. */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "console/operate/delivery.h"
#include "directory/suppression.h"

static void back(struct visit *visit, const struct delivery *d, const char *note)
{
	char *location = xasprintf("/delivery/%lld", (long long)d->key);
	console_done(visit, location, note);
	free(location);
}

static void answer(struct visit *visit, const struct delivery *d, int rc, enum order_outcome outcome, const char *result,
	const char *done, struct error *e)
{
	if (rc == 0 && outcome == ORDER_REFUSED)
		rc = error_set(e, ERROR_CONFLICT, "%s", result);
	if (rc != 0)
		console_error(visit, e);
	else
		back(visit, d, outcome == ORDER_QUEUED ? tr("The order is in the queue: the planner is busy.", "Распоряжение в очереди: планировщик занят.") : done);
}

void take_delivery_again(struct visit *visit)
{
	struct delivery d;
	struct error e = {0};
	char result[ORDER_RESULT_SIZE] = "";
	enum order_outcome outcome = ORDER_APPLIED;
	if (!delivery_of(visit, &d))
		return;
	struct orderer who = console_orderer(visit);
	json_t *data = json_pack("{s:s, s:s, s:I}", "campaign", d.slug == NULL ? "" : d.slug, "state",
		d.state == DELIVERY_UNCERTAIN ? "uncertain" : "failed", "delivery", (json_int_t)d.key);
	int rc = order_give(&who, visit->db, TASK_CAMPAIGN_RETRY, d.slug, data, &outcome, result, &e);
	json_decref(data);
	answer(visit, &d, rc, outcome, result, tr("The letter will be sent once more.", "Письмо будет отправлено ещё раз."), &e);
	delivery_fini(&d);
}

/* ---- another address -------------------------------------------------------------------------------- */

struct readdressing {
	const struct orderer *who;
	const struct delivery *delivery;
	const char *address;
	char id[IDENT_SIZE];
};

static int write_readdress(void *arg, struct db *tx, struct error *e)
{
	struct readdressing *r = arg;
	const struct delivery *d = r->delivery;
	json_t *data = json_pack("{s:s, s:s}", "recipient", d->organisation_key, "address", r->address);
	if (d->contact_role != NULL)
		json_object_set_new(data, "role", json_string(d->contact_role));
	int rc = delivery_contact_readdress(tx, d->organisation_key, d->contact_role, r->address, e);
	if (rc == 0)
		rc = order_put(r->who, tx, TASK_RECIPIENT_READDRESS, d->organisation_key, data, r->id, e);
	json_decref(data);
	return rc;
}

void take_delivery_readdress(struct visit *visit)
{
	const char *given = web_value(visit->request, "address");
	char address[GATE_ADDRESS_MAX + 1], result[ORDER_RESULT_SIZE] = "";
	struct delivery d;
	struct error e = {0};
	enum order_outcome outcome = ORDER_APPLIED;
	if (!delivery_of(visit, &d))
		return;
	struct orderer who = console_orderer(visit);
	struct readdressing r = {.who = &who, .delivery = &d, .address = address};
	int rc = d.organisation_key == NULL
		? error_set(&e, ERROR_CONFLICT, "%s", tr("this letter went to no organisation of the directory", "это письмо ушло не организации из справочника"))
		: gate_address(given == NULL ? "" : given, address, &e);
	if (rc == 0)
		rc = console_transaction(visit, write_readdress, &r, &e);
	if (rc == 0)
		rc = order_await(&who, visit->db, r.id, 5000, &outcome, result, &e);
	answer(visit, &d, rc, outcome, result,
		tr("The new address is noted; what is still asked for goes there.", "Новый адрес записан; открытые запросы уйдут на него."), &e);
	delivery_fini(&d);
}

/* ---- no more letters there ----------------------------------------------------------------------------- */

struct suppressing {
	const struct visit *visit;
	const struct delivery *delivery;
	const char *reason;
};

static int write_suppression(void *arg, struct db *tx, struct error *e)
{
	const struct suppressing *s = arg;
	char subject[40];
	bool added;
	snprintf(subject, sizeof subject, "delivery:%lld", (long long)s->delivery->key);
	if (suppression_add_tx(tx, s->delivery->address, s->reason, "operator", &added, e) != 0)
		return -1;
	return console_audit(s->visit, tx, "suppression.add", subject, json_pack("{s:b}", "added", added),
		json_pack("{s:s, s:s}", "address", s->delivery->address, "reason", s->reason), e);
}

void take_delivery_suppress(struct visit *visit)
{
	const char *given = web_value(visit->request, "reason");
	struct delivery d;
	struct error e = {0};
	if (!delivery_of(visit, &d))
		return;
	char *reason = gate_clean_line(given == NULL ? "" : given, 200);
	struct suppressing s = {.visit = visit, .delivery = &d,
		.reason = reason[0] != '\0' ? reason : tr("excluded by an operator", "исключён оператором")};
	if (console_transaction(visit, write_suppression, &s, &e) != 0)
		console_error(visit, &e);
	else
		back(visit, &d, tr("No more letters go to this address.", "На этот адрес письма больше не уйдут."));
	free(reason);
	delivery_fini(&d);
}
