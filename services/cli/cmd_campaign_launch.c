/* vestnik campaign test|launch|store: a campaign's folder becomes a campaign. */
#include <stdio.h>
#include <stdlib.h>

#include "base/gate.h"
#include "base/xalloc.h"
#include "campaign/campaign.h"
#include "cli/command.h"
#include "cli/folder_open.h"
#include "cli/cli_audit.h"
#include "cli/task_send.h"
#include "control/approval.h"

/* ---- launching ------------------------------------------------------------------------- */

static json_t *launch_data(const char *slug, const char *hash)
{
	return json_pack("{s:s,s:s}", "campaign", slug, "content_hash", hash);
}

static int outcome(
	struct cli *cli, const char *task, const char *slug, int64_t count, int64_t collected, const char *done)
{
	enum task_outcome outcome = task_wait(cli, task);
	if (outcome == TASK_SENT_FAILED || outcome == TASK_SENT_REFUSED)
		return CLI_FAILED;
	if (cli_json(cli))
		cli_print_json(cli, json_pack("{s:s,s:s,s:I,s:I}", "campaign", slug, "outcome",
					    outcome == TASK_SENT_APPLIED ? "launched" : "queued",
					    "recipients", (json_int_t)count, "collected", (json_int_t)collected));
	else if (outcome == TASK_SENT_APPLIED)
		puts(done);
	return CLI_DONE;
}

static int test_run(struct cli *cli, const struct cli_args *args)
{
	struct opened_folder o;
	struct campaign_recipient own = {0};
	const struct campaign_recipient *like;
	struct error e = {0};
	char address[GATE_ADDRESS_MAX + 1], slug[CAMPAIGN_SLUG_SIZE], hash[IDENT_HASH_SIZE],
		task[IDENT_SIZE];
	const char *to = cli_value(args, "to");
	if (to == NULL)
		return cli_wrong_use(
			cli, "%s", tr("say where to: --to ADDRESS", "укажите адрес: --to АДРЕС"));
	if (gate_address(to, address, &e) != 0)
		return cli_wrong_use(cli, "--to: %s", e.text);
	int rc = folder_open(cli, args, &o);
	if (rc == CLI_DONE)
		rc = folder_choose(cli, args, &o, &own, &like);
	if (rc == CLI_DONE && cli_open_bus(cli) == NULL)
		rc = CLI_FAILED;
	if (rc == CLI_DONE) {
		json_t *data = NULL;
		if (db_begin(o.db, DB_WRITE, &e) != 0 ||
			campaign_folder_store_test(o.folder, o.db, cli_actor(cli), like, address,
				slug, hash, &e) != 0 ||
			task_put_tx(cli, o.db, TASK_CAMPAIGN_LAUNCH, slug,
				data = launch_data(slug, hash), task, &e) != 0 ||
			db_commit(o.db, DB_DURABLE, &e) != 0)
			rc = cli_fail(cli, &e);
		db_rollback(o.db);
		json_decref(data);
	}
	if (rc == CLI_DONE) {
		char *done = xasprintf(tr("A test letter goes to %s, as %s would get it. Follow "
					  "it: vestnik log --campaign %s",
					       "Проверочное письмо уйдёт на %s, каким его получит "
					       "%s. Проследить: vestnik log --campaign %s"),
			address, cli_clean(like->key), slug);
		rc = outcome(cli, task, slug, 1, 0, done);
		free(done);
	}
	campaign_recipient_fini(&own);
	folder_close(&o);
	return rc;
}

static void print_sample(const struct opened_folder *o)
{
	const struct cli_column columns[] = {{.title = tr("KEY", "КЛЮЧ")},
		{.title = tr("RECIPIENT", "АДРЕСАТ"), .elastic = true},
		{.title = tr("ADDRESS", "АДРЕС")}};
	struct cli_table *table = cli_table_new(columns, sizeof columns / sizeof *columns);
	for (size_t i = 0; i < o->samples; i++)
		cli_table_row(table, (const char *const[]){o->sample[i].key, o->sample[i].name,
					     o->sample[i].address});
	if (o->count > (int64_t)o->samples)
		cli_table_row(table, (const char *const[]){"…", NULL, NULL});
	cli_table_print(&table);
}

static int already(struct cli *cli, const char *slug, const char *state)
{
	return cli_failf(cli, ERROR_CONFLICT,
		tr("the campaign «%s» was launched already (%s). Again to those it did not reach: "
		   "vestnik campaign retry %s "
		   "--state failed. To everybody once more: a copy of the folder with another name "
		   "in `campaign:`",
			"рассылка «%s» уже запущена (%s). Снова тем, кому не дошло: vestnik "
			"campaign retry %s "
			"--state failed. Всем ещё раз: копия папки с другим именем в `campaign:`"),
		slug, state, slug);
}

/* 0 when it may be launched. */
static int refuse_second(struct cli *cli, const struct opened_folder *o)
{
	struct db_stmt *stmt;
	struct error e = {0};
	const char *slug = campaign_folder_slug(o->folder);
	if (db_query(o->db, &stmt, &e,
		    "SELECT state FROM campaign WHERE slug = $1 AND state <> 'draft'", "s",
		    slug) != 0)
		return cli_fail(cli, &e);
	enum db_step step = db_step(stmt, &e);
	int rc = step == DB_ROW	     ? already(cli, slug, db_text(stmt, 0))
		 : step == DB_FAILED ? cli_fail(cli, &e)
				     : CLI_DONE;
	db_reset(stmt);
	return rc;
}

static bool agreed(struct cli *cli, const struct cli_args *args, const struct opened_folder *o)
{
	if (!cli_json(cli)) {
		folder_print_summary(o);
		print_sample(o);
		fflush(stdout);
	}
	if (cli_has(args, "yes"))
		return true;
	if (o->settings->audience_max > 0 && o->count > o->settings->audience_max) {
		(void)cli_failf(cli, ERROR_DENIED,
			tr("more than %lld recipients (audience_max of the settings): give --yes "
			   "if it is meant so",
				"больше %lld адресатов (настройка audience_max): если так и "
				"задумано, укажите --yes"),
			(long long)o->settings->audience_max);
		return false;
	}
	char *who = folder_whom(o), *question = xasprintf(tr("Send to %s?", "Отправить (%s)?"), who);
	bool yes = cli_confirm(cli, "--yes", question);
	free(question);
	free(who);
	return yes;
}

struct launching {
	struct cli *cli;
	const struct campaign_folder *folder;
	int64_t recipients;
	bool asked; /* a second person has to say yes first */
	char task[IDENT_SIZE];
};

static int publish_launch(void *arg, struct db *tx, int64_t id, struct error *e)
{
	struct launching *l = arg;
	const struct orderer *who = cli_orderer(l->cli);
	(void)id;
	return who == NULL ? error_set(e, ERROR_INTERNAL, "%s", tr("there is no bus", "нет шины"))
			   : approval_launch(who, tx, campaign_folder_slug(l->folder), campaign_folder_hash(l->folder), l->recipients,
				     &l->asked, l->task, e);
}

static int say_asked(struct cli *cli, const struct opened_folder *o)
{
	const char *slug = campaign_folder_slug(o->folder);
	if (cli_json(cli))
		cli_print_json(cli, json_pack("{s:s, s:s, s:I, s:I}", "campaign", slug, "outcome", "asked", "recipients",
			(json_int_t)o->count, "collected", (json_int_t)o->collected));
	else
		printf(tr("Stored; it waits for a second person, as the settings want it from %lld recipients on\n"
			  "(console.approve_from). It starts by itself with: vestnik campaign approve %s\n",
			"Записана; ждёт согласования вторым человеком: так настроено для рассылок от %lld адресатов\n"
			"(console.approve_from). Запустится сама, когда согласуют: vestnik campaign approve %s\n"),
			(long long)o->settings->console.approve_from, slug);
	return CLI_DONE;
}

static int launch(struct cli *cli, const struct opened_folder *o)
{
	struct launching l = {.cli = cli, .folder = o->folder, .recipients = o->count};
	struct error e = {0};
	int64_t id;
	if (cli_open_bus(cli) == NULL)
		return CLI_FAILED;
	if (campaign_folder_store_and(
		    o->folder, o->db, cli_actor(cli), publish_launch, &l, &id, &e) != 0)
		return cli_fail(cli, &e);
	if (l.asked)
		return say_asked(cli, o);
	const char *slug = campaign_folder_slug(o->folder);
	char *done = xasprintf(tr("Launched. Follow it: vestnik campaign status %s --watch",
				       "Запущена. Следить: vestnik campaign status %s --watch"),
		slug);
	int rc = outcome(cli, l.task, slug, o->count, o->collected, done);
	free(done);
	return rc;
}

static int launch_run(struct cli *cli, const struct cli_args *args)
{
	struct opened_folder o;
	int rc = folder_open(cli, args, &o);
	if (rc == CLI_DONE)
		rc = refuse_second(cli, &o);
	if (rc == CLI_DONE && !agreed(cli, args, &o)) {
		if (!cli_json(cli))
			puts(tr("Nothing was sent.", "Ничего не отправлено."));
		rc = CLI_FAILED;
	}
	if (rc == CLI_DONE)
		rc = launch(cli, &o);
	folder_close(&o);
	return rc;
}

/* ---- store ---------------------------------------------------------------------------- */

struct storing {
	struct cli *cli;
	const char *subject;
};

static int note_stored(void *arg, struct db *tx, int64_t id, struct error *e)
{
	const struct storing *s = arg;
	(void)id;
	return cli_audit(s->cli, tx, "campaign.store", s->subject, NULL, NULL, e);
}

static int store(struct cli *cli, const struct opened_folder *o)
{
	struct error e = {0};
	int64_t id;
	const char *slug = campaign_folder_slug(o->folder);
	char *subject = xasprintf("campaign:%s", slug);
	struct storing s = {cli, subject};
	int stored = campaign_folder_store_and(o->folder, o->db, cli_actor(cli), note_stored, &s, &id, &e);
	free(subject);
	if (stored != 0)
		return cli_fail(cli, &e);
	if (cli_json(cli)) {
		cli_print_json(cli, folder_summary_json(o));
		return CLI_DONE;
	}
	folder_print_summary(o);
	printf(tr("Stored as a draft; nothing is sent. A program launches it with the task "
		  "campaign.launch and these:\n  campaign      %s\n  content_hash  %s\n",
		       "Записана черновиком, ничего не отправлено. Программа запустит её заданием "
		       "campaign.launch с такими данными:\n  campaign      %s\n  content_hash  %s\n"),
		slug, campaign_folder_hash(o->folder));
	return CLI_DONE;
}

static int store_run(struct cli *cli, const struct cli_args *args)
{
	struct opened_folder o;
	int rc = folder_open(cli, args, &o);
	if (rc == CLI_DONE)
		rc = refuse_second(cli, &o);
	if (rc == CLI_DONE)
		rc = store(cli, &o);
	folder_close(&o);
	return rc;
}

/* ---- the table ---------------------------------------------------------------------------- */

static const struct cli_operand folder_operand[] = {
	{"FILE", "@file", CLI_ONE, "campaign.yaml, or the folder it is in",
		"campaign.yaml или папка, где он лежит"},
	{0}};
static const struct cli_option test_options[] = {
	{"to", 0, "ADDRESS", NULL, "where the test letter goes",
		"куда отправить проверочное письмо"},
	{"for", 0, "RECIPIENT", NULL, "as this recipient would get it; without it the first one",
		"каким его получит этот адресат; без него — первый"},
	{0}};
static const struct cli_option launch_options[] = {
	{"yes", 'y', NULL, NULL, "does not ask", "не спрашивать"}, {0}};

const struct command campaign_launch_commands[] = {
	{"campaign test", "sends the letter to one address, its subject marked [TEST]",
		"отправляет письмо на один адрес, с пометкой [ПРОВЕРКА] в теме", NULL, NULL,
		folder_operand, test_options, test_run},
	{"campaign launch", "sends the letters", "отправляет письма",
		"Shows how many recipients there are and some of them, and asks. The same campaign "
		"is never launched twice.",
		"Показывает, сколько адресатов, и некоторых из них, и спрашивает. Одна и та же "
		"рассылка дважды не запускается.",
		folder_operand, launch_options, launch_run},
	{"campaign store", "stores a campaign for another program to launch",
		"записывает рассылку, чтобы её запустила другая программа",
		"Sends nothing. Prints the content hash that the task campaign.launch names: that content\n"
		"and no other is launched. A stored draft is replaced by the next store or launch of the\n"
		"same campaign. docs/producers.md tells about such programs.",
		"Ничего не отправляет. Печатает хеш содержания, который называет задание campaign.launch:\n"
		"запустится именно оно. Черновик заменяется следующей записью или запуском той же рассылки.\n"
		"О таких программах: docs/producers.ru.md.",
		folder_operand, NULL, store_run},
	{0}};
