#include "cli/task_send.h"

#include "cli/cli_audit.h"
#include "control/order.h"

#define WAIT_MOST_MS 5000

int task_put_tx(struct cli *cli, struct db *tx, enum task_type type, const char *slug,
	const json_t *data, char id[static IDENT_SIZE], struct error *e)
{
	const struct orderer *who = cli_orderer(cli);
	return who == NULL ? -1 : order_put(who, tx, type, slug, data, id, e);
}

static enum task_outcome report(struct cli *cli, enum order_outcome outcome, const char *result)
{
	switch (outcome) {
	case ORDER_APPLIED:
		return TASK_SENT_APPLIED;
	case ORDER_QUEUED:
		cli_warn(cli, "%s",
			tr("queued, but the planner has not taken it up yet: is Vestnik running? "
			   "(vestnik status)",
				"задание в очереди, но планировщик его ещё не принял: запущен ли "
				"Вестник? (vestnik status)"));
		return TASK_SENT_QUEUED;
	case ORDER_REFUSED:
		break;
	}
	(void)cli_failf(cli, ERROR_CONFLICT, "%s", result);
	return TASK_SENT_REFUSED;
}

enum task_outcome task_wait(struct cli *cli, const char *id)
{
	struct error e = {0};
	char result[ORDER_RESULT_SIZE];
	enum order_outcome outcome;
	struct db *db = cli_open_store(cli);
	const struct orderer *who = db == NULL ? NULL : cli_orderer(cli);
	if (who == NULL)
		return TASK_SENT_FAILED;
	if (order_await(who, db, id, WAIT_MOST_MS, &outcome, result, &e) == 0)
		return report(cli, outcome, result);
	(void)cli_fail(cli, &e);
	return TASK_SENT_FAILED;
}

enum task_outcome task_send(struct cli *cli, enum task_type type, const char *slug, json_t *data)
{
	struct error e = {0};
	char result[ORDER_RESULT_SIZE];
	enum order_outcome outcome;
	enum task_outcome sent = TASK_SENT_FAILED;
	struct db *db = cli_open_store(cli);
	const struct orderer *who = db == NULL ? NULL : cli_orderer(cli);
	if (who != NULL && order_give(who, db, type, slug, data, &outcome, result, &e) == 0)
		sent = report(cli, outcome, result);
	else if (who != NULL)
		(void)cli_fail(cli, &e);
	json_decref(data);
	return sent;
}
