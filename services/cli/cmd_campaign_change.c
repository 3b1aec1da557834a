/* vestnik campaign postpone|correct|recall: a launched campaign changes; vestnik delivery readdress: one
 * recipient's new address. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/gate.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "campaign/amend.h"
#include "campaign/campaign.h"
#include "cli/command.h"
#include "cli/folder_open.h"
#include "cli/task_send.h"
#include "control/delivery.h"
#include "store/again.h"
#include "store/db.h"

static int say(struct cli *cli, enum task_outcome outcome, enum task_type type, const char *what, const char *done)
{
	if (outcome == TASK_SENT_FAILED || outcome == TASK_SENT_REFUSED)
		return CLI_FAILED;
	if (cli_json(cli))
		cli_print_json(cli, json_pack("{s:s, s:s, s:b}", type == TASK_RECIPIENT_READDRESS ? "recipient" : "campaign",
					    what, "task", task_type_name(type), "applied",
					    (int)(outcome == TASK_SENT_APPLIED)));
	else if (outcome == TASK_SENT_APPLIED)
		printf("%s: %s\n", cli_clean(what), done);
	return CLI_DONE;
}

/* ---- postpone ------------------------------------------------------------------------------ */

static int postpone_run(struct cli *cli, const struct cli_args *args)
{
	const char *slug = cli_operand(args, 0), *deadline = cli_value(args, "deadline");
	struct calendar_time t;
	struct error e = {0};
	bool timed;
	int64_t round;
	char text[40];
	if (deadline == NULL)
		return cli_wrong_use(cli, "%s", tr("--deadline is needed", "нужен --deadline"));
	if (calendar_parse(deadline, &t, &timed, &e) != 0)
		return cli_wrong_use(cli, "--deadline: %s", e.text);
	if (cli_number(cli, args, "round", 1, 100000, 0, &round) != 0)
		return CLI_WRONG_USE;
	(void)snprintf(text, sizeof text, timed ? "%04d-%02d-%02d %02d:%02d" : "%04d-%02d-%02d", t.year, t.month, t.day,
		t.hour, t.minute);
	json_t *data = json_pack("{s:s, s:s, s:b}", "campaign", slug, "deadline", text, "tell", (int)cli_has(args, "tell"));
	if (round != 0)
		json_object_set_new(data, "round", json_integer(round));
	return say(cli, task_send(cli, TASK_CAMPAIGN_POSTPONE, slug, data), TASK_CAMPAIGN_POSTPONE, slug,
		tr("the deadline is changed: vestnik campaign rounds shows what comes now",
			"срок изменён; что теперь будет, покажет vestnik campaign rounds"));
}

/* ---- recall ----------------------------------------------------------------------------------- */

static int recall_run(struct cli *cli, const struct cli_args *args)
{
	const char *slug = cli_operand(args, 0), *reason = cli_value(args, "reason");
	if (reason == NULL)
		return cli_wrong_use(cli, "%s", tr("--reason is needed", "нужно указать причину: --reason"));
	if (!cli_has(args, "yes") &&
		!cli_confirm(cli, "--yes",
			tr("Everybody reached will be told that the letter is recalled, and answers are refused. Recall?",
				"Всем, кто получил письмо, придёт сообщение об отзыве, ответы приниматься не будут. Отозвать?")))
		return CLI_FAILED;
	return say(cli,
		task_send(cli, TASK_CAMPAIGN_RECALL, slug, json_pack("{s:s, s:s}", "campaign", slug, "reason", reason)),
		TASK_CAMPAIGN_RECALL, slug, tr("recalled", "отозвана"));
}

/* ---- correct ------------------------------------------------------------------------------------ */

struct correcting {
	struct cli *cli;
	const struct campaign_folder *folder;
	char task[IDENT_SIZE];
};

static int publish(void *arg, struct db *tx, int64_t id, struct error *e)
{
	struct correcting *c = arg;
	const char *slug = campaign_folder_slug(c->folder);
	(void)id;
	json_t *data = json_pack("{s:s, s:s}", "campaign", slug, "content_hash", campaign_folder_hash(c->folder));
	int rc = task_put_tx(c->cli, tx, TASK_CAMPAIGN_CORRECT, slug, data, c->task, e);
	json_decref(data);
	return rc;
}

static int correct(struct cli *cli, struct db *db, const char *slug, const struct campaign_folder *folder)
{
	struct correcting c = {.cli = cli, .folder = folder};
	struct error e = {0};
	if (strcmp(slug, campaign_folder_slug(folder)) != 0)
		return cli_failf(cli, ERROR_INPUT, tr("the folder is of campaign «%s», not of «%s»", "в папке рассылка «%s», а не «%s»"),
			campaign_folder_slug(folder), slug);
	if (cli_open_bus(cli) == NULL)
		return CLI_FAILED;
	if (amend_store(folder, db, cli_actor(cli), publish, &c, &e) != 0)
		return cli_fail(cli, &e);
	return say(cli, task_wait(cli, c.task), TASK_CAMPAIGN_CORRECT, slug,
		tr("corrected: who has no letter yet gets the mended one, the others the correction",
			"исправлена: кто ещё не получил письма, получит исправленное, остальные – поправку"));
}

static int correct_run(struct cli *cli, const struct cli_args *args)
{
	struct problems problems = {0};
	const struct settings *settings = cli_settings(cli);
	struct db *db = settings == NULL ? NULL : cli_open_store(cli);
	if (db == NULL)
		return CLI_FAILED;
	char *path = folder_yaml(cli_operand(args, 1));
	struct campaign_folder *folder = campaign_folder_load(path, settings, db, &problems);
	cli_problems(cli, &problems);
	int rc = folder == NULL ? CLI_FAILED : correct(cli, db, cli_operand(args, 0), folder);
	campaign_folder_free(&folder);
	problems_fini(&problems);
	free(path);
	return rc;
}

/* ---- readdress ------------------------------------------------------------------------------------ */

static int readdress_run(struct cli *cli, const struct cli_args *args)
{
	const char *key = cli_operand(args, 0), *role = cli_value(args, "role");
	char address[GATE_ADDRESS_MAX + 1], task[IDENT_SIZE];
	struct error e = {0};
	if (gate_address(cli_operand(args, 1), address, &e) != 0)
		return cli_wrong_use(cli, "%s", e.text);
	struct db *db = cli_open_store(cli);
	if (db == NULL || cli_open_bus(cli) == NULL)
		return CLI_FAILED;
	json_t *data = json_pack("{s:s, s:s}", "recipient", key, "address", address);
	if (role != NULL)
		json_object_set_new(data, "role", json_string(role));
	struct again again = {0};
	int rc;
	do {
		rc = db_begin(db, DB_WRITE, &e) != 0 || delivery_contact_readdress(db, key, role, address, &e) != 0 ||
				task_put_tx(cli, db, TASK_RECIPIENT_READDRESS, key, data, task, &e) != 0 ||
				db_commit(db, DB_DURABLE, &e) != 0
			? -1
			: 0;
		db_rollback(db);
	} while (rc != 0 && again_after_conflict(&again, &e));
	json_decref(data);
	if (rc != 0)
		return cli_fail(cli, &e);
	return say(cli, task_wait(cli, task), TASK_RECIPIENT_READDRESS, key,
		tr("has the new address; what it is asked for goes there", "новый адрес записан; открытые запросы уйдут на него"));
}

/* ---- the table --------------------------------------------------------------------------------------- */

static const struct cli_operand campaign_operand[] = {
	{"CAMPAIGN", NULL, CLI_ONE, "the campaign (vestnik campaign list)", "рассылка (vestnik campaign list)"}, {0}};
static const struct cli_operand correct_operands[] = {
	{"CAMPAIGN", NULL, CLI_ONE, "the campaign (vestnik campaign list)", "рассылка (vestnik campaign list)"},
	{"FILE", "@file", CLI_ONE, "the mended campaign.yaml, or its folder", "исправленный campaign.yaml или его папка"}, {0}};
static const struct cli_operand readdress_operands[] = {
	{"RECIPIENT", NULL, CLI_ONE, "key of the organisation", "ключ организации"},
	{"ADDRESS", NULL, CLI_ONE, "its new address", "новый адрес"}, {0}};
static const struct cli_option postpone_options[] = {
	{"deadline", 0, "DATE", NULL, "the new one, in the campaign's time: 2023-06-05, \"2023-06-05 18:00\"; required",
		"новый срок по времени рассылки: 05.06.2023, \"05.06.2023 18:00\"; обязательно"},
	{"round", 0, "N", NULL, "which round (else the one that is open)", "какой период (иначе текущий)"},
	{"tell", 0, NULL, NULL, "a letter to those who have the old deadline and have not answered",
		"письмо тем, кто знает прежний срок и не ответил"},
	{0}};
static const struct cli_option recall_options[] = {
	{"reason", 0, "TEXT", NULL, "why, for whoever asks later; required", "почему: для тех, кто спросит потом; обязательно"},
	{"yes", 'y', NULL, NULL, "does not ask", "не спрашивать"}, {0}};
static const struct cli_option readdress_options[] = {
	{"role", 0, "ROLE", NULL, "which contact (else the first)", "какой контакт (иначе первый)"}, {0}};

const struct command campaign_change_commands[] = {
	{"campaign postpone", "sets another deadline", "переносит срок ответа",
		"What has not gone out is planned anew; letters that wait name the new deadline; a round that was\n"
		"closed opens again.",
		"Всё, что ещё не ушло, планируется заново; письма, которые ещё ждут, назовут новый срок;\n"
		"завершённый период открывается снова.",
		campaign_operand, postpone_options, postpone_run},
	{"campaign correct", "sends the mended letter to those not yet reached and the correction to the others",
		"отправляет исправленное письмо тем, кто его не получил, а остальным – поправку",
		"The folder is that of the campaign with mended letters, requisites or attachments, and with\n"
		"letters: {correction: correction.md}. The campaign stands still meanwhile. Audience, dates and\n"
		"questions stay as they were.",
		"Папка – та же рассылка с исправленными письмами, реквизитами или приложениями и с\n"
		"letters: {correction: correction.md}. На это время рассылка останавливается. Адресаты, даты и\n"
		"вопросы остаются прежними.",
		correct_operands, NULL, correct_run},
	{"campaign recall", "takes a campaign back: nothing more goes out, nobody need answer",
		"отзывает рассылку: больше ничего не уходит, отвечать не нужно",
		"Those who have the letter are told (letters.recall, or our own words); old links say so.",
		"Получившим придёт сообщение (letters.recall или стандартный текст); старые ссылки скажут то же.",
		campaign_operand, recall_options, recall_run},
	{"delivery readdress", "gives a recipient another address and sends there what it is still asked for",
		"записывает адресату новый адрес и отправляет туда то, чего от него ждут", NULL, NULL, readdress_operands,
		readdress_options, readdress_run},
	{0}};
