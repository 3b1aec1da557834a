/* `vestnik campaign approvals|approve|refuse`: a second person's word before a launch. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli_audit.h"
#include "cli/task_send.h"
#include "control/approval.h"

#define LIST_MOST 1000

/* ---- list ---------------------------------------------------------------------------------- */

struct listing {
	struct cli *cli;
	struct cli_table *table;
};

static int list_one(void *arg, const struct approval *a)
{
	struct listing *listing = arg;
	if (listing->table == NULL) {
		cli_print_json(listing->cli, json_pack("{s:s, s:s?, s:s, s:s, s:b, s:I, s:s, s:s, s:s?, s:s?, s:s?}", "campaign",
			a->campaign, "title", a->title, "content_hash", a->content_hash, "state", approval_state_name(a->state),
			"current", (int)a->current, "recipients", (json_int_t)a->recipients, "requested_by", a->requested_by,
			"requested", cli_rfc3339(a->requested_ms), "decided_by", a->decided_by, "decided",
			cli_rfc3339(a->decided_ms), "note", a->note));
		return 0;
	}
	cli_table_row(listing->table,
		(const char *const[]){a->campaign, cli_thousands(a->recipients), approval_state_words(a->state), a->requested_by,
			cli_time(listing->cli, a->requested_ms), a->decided_by, a->note != NULL ? a->note : a->title});
	return 0;
}

static int list_run(struct cli *cli, const struct cli_args *args)
{
	struct error e = {0};
	const struct cli_column columns[] = {{.title = tr("CAMPAIGN", "РАССЫЛКА")}, {.title = tr("RECIPIENTS", "АДРЕСАТОВ"), .right = true},
		{.title = tr("STATE", "СОСТОЯНИЕ")}, {.title = tr("ASKED BY", "ЗАПРОСИЛ")}, {.title = tr("WHEN", "КОГДА")},
		{.title = tr("DECIDED BY", "РЕШИЛ")}, {.title = tr("ABOUT", "О ЧЁМ"), .elastic = true}};
	struct db *db = cli_open_store(cli);
	if (db == NULL)
		return CLI_FAILED;
	struct listing listing = {cli, cli_json(cli) ? NULL : cli_table_new(columns, sizeof columns / sizeof *columns)};
	int rc = approval_each(db, !cli_has(args, "all"), LIST_MOST, list_one, &listing, &e);
	if (listing.table != NULL && rc == 0 && cli_table_rows(listing.table) == 0)
		puts(tr("nothing waits for approval", "согласования ничего не ждёт"));
	else if (listing.table != NULL && rc == 0)
		cli_table_print(&listing.table);
	cli_table_free(&listing.table);
	return rc == 0 ? CLI_DONE : cli_fail(cli, &e);
}

/* ---- decide --------------------------------------------------------------------------------- */

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

/* Without a hash: what was asked for last, as the list shows it. */
static int find(struct cli *cli, struct db *db, const char *slug, struct approval *out)
{
	struct error e = {0};
	switch (approval_of(db, slug, NULL, out, &e)) {
	case DB_ROW:
		return CLI_DONE;
	case DB_DONE:
		return cli_failf(cli, ERROR_NOT_FOUND, tr("nobody has asked for approval of «%s»", "согласования рассылки «%s» никто не запрашивал"),
			cli_clean(slug));
	case DB_FAILED:
		break;
	}
	return cli_fail(cli, &e);
}

static int decide_run(struct cli *cli, const struct cli_args *args, bool approve)
{
	const char *slug = cli_operand(args, 0);
	struct approval approval;
	struct db *db = cli_open_store(cli);
	const struct orderer *who = db == NULL ? NULL : cli_orderer(cli);
	if (who == NULL || find(cli, db, slug, &approval) != CLI_DONE)
		return CLI_FAILED;
	struct deciding deciding = {.who = who,
		.slug = slug,
		.hash = approval.content_hash,
		.note = cli_value(args, approve ? "note" : "reason"),
		.approve = approve};
	int rc = cli_transaction(cli, decide, &deciding);
	enum task_outcome launched = TASK_SENT_QUEUED;
	if (rc == CLI_DONE && approve)
		launched = task_wait(cli, deciding.task);
	if (launched == TASK_SENT_FAILED || launched == TASK_SENT_REFUSED)
		rc = CLI_FAILED;
	if (rc == CLI_DONE && cli_json(cli))
		cli_print_json(cli, json_pack("{s:s, s:s, s:s}", "campaign", slug, "content_hash", approval.content_hash, "state",
			approve ? launched == TASK_SENT_APPLIED ? "launched" : "approved" : "refused"));
	else if (rc == CLI_DONE)
		puts(!approve ? tr("Refused.", "Отклонено.")
			: launched == TASK_SENT_APPLIED ? tr("Approved and launched.", "Согласовано, рассылка запущена.")
							: tr("Approved.", "Согласовано."));
	approval_fini(&approval);
	return rc;
}

static int approve_run(struct cli *cli, const struct cli_args *args)
{
	return decide_run(cli, args, true);
}

static int refuse_run(struct cli *cli, const struct cli_args *args)
{
	return decide_run(cli, args, false);
}

static const struct cli_operand campaign_operand[] = {
	{"CAMPAIGN", NULL, CLI_ONE, "the campaign (vestnik campaign approvals)", "рассылка (vestnik campaign approvals)"}, {0}};
static const struct cli_option list_options[] = {{"all", 0, NULL, NULL, "also what was decided", "также решённые"}, {0}};
static const struct cli_option approve_options[] = {
	{"note", 0, "TEXT", NULL, "a word to whoever asked", "примечание для того, кто запросил"}, {0}};
static const struct cli_option refuse_options[] = {
	{"reason", 0, "TEXT", NULL, "why; required", "почему; обязательно"}, {0}};

const struct command approval_commands[] = {
	{"campaign approvals", "lists launches that wait for a second person", "перечисляет запуски, которые ждут согласования",
		NULL, NULL, NULL, list_options, list_run},
	{"campaign approve", "says yes to a launch somebody else has asked for; it goes by itself",
		"согласовывает запуск, который запросил другой человек; рассылка запускается сама", NULL, NULL, campaign_operand,
		approve_options, approve_run},
	{"campaign refuse", "says no to it", "отклоняет его", NULL, NULL, campaign_operand, refuse_options, refuse_run},
	{0}};
