/* vestnik campaign check|preview|test|launch|store: a campaign's folder. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/buf.h"
#include "base/xalloc.h"
#include "bus/bus.h"
#include "campaign/campaign.h"
#include "campaign/definition.h"
#include "campaign/simulate.h"
#include "cli/command.h"
#include "cli/folder_path.h"
#include "cli/cli_audit.h"
#include "cli/task_send.h"
#include "control/approval.h"

#define SAMPLE 5

static const struct cli_noun recipients = {
	"recipient", "recipients", "адресат", "адресата", "адресатов"};
static const struct cli_noun organisations = {
	"organisation", "organisations", "организация", "организации", "организаций"};

/* A checked folder with its audience. */
struct opened {
	struct db *db;
	const struct settings *settings;
	struct campaign_folder *folder;
	int64_t count, collected; /* collected: organisations asked through the recipients */
	struct campaign_recipient *sample;
	size_t samples;
};

static void opened_fini(struct opened *o)
{
	for (size_t i = 0; i < o->samples; i++)
		campaign_recipient_fini(&o->sample[i]);
	free(o->sample);
	campaign_folder_free(&o->folder);
}

char *folder_yaml(const char *path)
{
	struct stat st;
	size_t len = strlen(path);
	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
		return xstrdup(path);
	return xasprintf("%s%scampaign.yaml", path, len > 0 && path[len - 1] == '/' ? "" : "/");
}

/* CLI_DONE, or what the command is to return: problems were printed. */
static int open_folder(struct cli *cli, const struct cli_args *args, struct opened *o)
{
	struct problems problems = {0};
	struct error e = {0};
	*o = (struct opened){.settings = cli_settings(cli)};
	if (o->settings == NULL || (o->db = cli_open_store(cli)) == NULL)
		return CLI_FAILED;
	char *path = folder_yaml(cli_operand(args, 0));
	o->folder = campaign_folder_load(path, o->settings, o->db, &problems);
	cli_problems(cli, &problems);
	free(path);
	problems_fini(&problems);
	if (o->folder == NULL)
		return CLI_FAILED;
	if (campaign_folder_audience(
		    o->folder, o->db, &o->count, &o->sample, SAMPLE, &o->samples, &e) != 0 ||
		simulate_collected(o->folder, o->settings, o->db, &o->collected, &e) != 0)
		return cli_fail(cli, &e);
	return CLI_DONE;
}

/* ---- check ------------------------------------------------------------------------- */

static size_t letter_kb(const struct opened *o)
{
	return letter_size_estimate(campaign_folder_letter(o->folder, 0)) / 1024 + 1;
}

static json_t *summary_json(const struct opened *o)
{
	return json_pack("{s:s,s:s,s:s,s:I,s:I,s:I}", "campaign", campaign_folder_slug(o->folder),
		"title", campaign_folder_title(o->folder), "content_hash",
		campaign_folder_hash(o->folder), "recipients", (json_int_t)o->count, "collected",
		(json_int_t)o->collected, "letter_bytes",
		(json_int_t)letter_size_estimate(campaign_folder_letter(o->folder, 0)));
}

/* «10 адресатов, через них ещё 100 организаций». The caller frees. */
static char *whom(const struct opened *o)
{
	const char *direct = cli_count(o->count, &recipients);
	return o->collected == 0 ? xstrdup(direct)
				 : xasprintf(tr("%s, and through them %s", "%s, через них ещё %s"), direct,
					   cli_count(o->collected, &organisations));
}

static void print_summary(const struct opened *o)
{
	char *who = whom(o);
	printf(tr("%s: %s\n%s, a letter of about %zu KB\n", "%s: %s\n%s, письмо около %zu КБ\n"),
		campaign_folder_slug(o->folder), cli_clean(campaign_folder_title(o->folder)), who, letter_kb(o));
	free(who);
}

/* --explain: why somebody is among the recipients or not. */
static int explain(struct cli *cli, const struct opened *o, const char *whom)
{
	struct buf why;
	struct error e = {0};
	int rc = CLI_DONE;
	buf_init(&why, 1 << 20);
	if (campaign_folder_explain(o->folder, o->db, whom, &why, &e) != 0)
		rc = cli_fail(cli, &e);
	else if (cli_json(cli))
		cli_print_json(cli, json_pack("{s:s,s:s,s:s}", "kind", "explain", "recipient", whom, "why", buf_str(&why)));
	for (char *line = buf_ok(&why) && rc == CLI_DONE && !cli_json(cli) ? why.data : NULL; line != NULL && *line != '\0';) {
		size_t len = strcspn(line, "\n");
		char *copy = xstrndup(line, len);
		puts(cli_clean(copy));
		free(copy);
		line += line[len] == '\0' ? len : len + 1;
	}
	buf_fini(&why);
	return rc;
}

static void print_deadline(const char *title, const json_t *round, const json_t *definition)
{
	const json_t *deadline = json_object_get(round, "deadline");
	char words[DEFINITION_FULL_SIZE];
	const char *zone = json_string_value(json_object_get(deadline, "zone"));
	if (deadline != NULL)
		printf("%s: %s\n", title,
			definition_deadline_words(json_integer_value(json_object_get(deadline, "at_ms")),
				zone == NULL ? definition_zone(definition) : zone, lang_get(), words));
}

/* By when, how often; drafts, so that nobody waits for them. */
static void print_rounds(const struct opened *o)
{
	const json_t *definition = campaign_folder_definition(o->folder), *round, *first = NULL, *last = NULL;
	size_t index, asks = 0, drafts = 0, rounds = 0;
	json_array_foreach(json_object_get(definition, "rounds"), index, round)
	{
		rounds++;
		drafts += json_is_true(json_object_get(round, "draft"));
		if (json_object_get(round, "deadline") == NULL)
			continue;
		asks++;
		first = first == NULL ? round : first;
		last = round;
	}
	if (asks == 1)
		print_deadline(tr("Answers are due", "Срок ответа"), first, definition);
	if (asks > 1) {
		print_deadline(tr("First deadline", "Первый срок"), first, definition);
		print_deadline(tr("Last deadline", "Последний срок"), last, definition);
	}
	if (rounds > 1)
		printf(tr("Rounds or stages: %zu, of them drafts without a date: %zu\n",
			       "Периодов или этапов: %zu, из них черновиков без даты: %zu\n"),
			rounds, drafts);
}

static int check_run(struct cli *cli, const struct cli_args *args)
{
	struct opened o;
	int rc = open_folder(cli, args, &o);
	if (rc == CLI_DONE && cli_value(args, "explain") != NULL) {
		rc = explain(cli, &o, cli_value(args, "explain"));
		opened_fini(&o);
		return rc;
	}
	if (rc == CLI_DONE && cli_json(cli)) {
		cli_print_json(cli, summary_json(&o));
	} else if (rc == CLI_DONE) {
		print_summary(&o);
		print_rounds(&o);
		puts(tr("No mistakes.", "Ошибок нет."));
	}
	opened_fini(&o);
	return rc;
}

/* ---- preview ------------------------------------------------------------------------ */

/* Whom the letter is shown for: --for, else the first of the audience. */
static int choose(struct cli *cli, const struct cli_args *args, struct opened *o,
	struct campaign_recipient *own, const struct campaign_recipient **out)
{
	struct error e = {0};
	const char *wanted = cli_value(args, "for");
	*own = (struct campaign_recipient){0};
	if (wanted == NULL) {
		*out = &o->sample[0]; /* an empty audience did not pass the check */
		return CLI_DONE;
	}
	if (campaign_folder_recipient(o->folder, o->db, wanted, own, &e) != 0)
		return cli_fail(cli, &e);
	if (own->outside)
		cli_warn(cli,
			tr("%s is not in the audience of this campaign",
				"%s не входит в число адресатов этой рассылки"),
			cli_clean(own->key));
	*out = own;
	return CLI_DONE;
}

/* What is previewed: the step's letter, filled with an example of its round. */
struct shown {
	struct letter *letter;
	json_t *fields;
	const struct campaign_recipient *recipient;
};

static struct letter_recipient addressed(const struct shown *shown)
{
	const struct campaign_recipient *r = shown->recipient;
	return (struct letter_recipient){.fields = shown->fields,
		.to_address = r->address,
		.to_name = r->contact_name,
		.message_id = "preview@vestnik.invalid",
		.date_ms = clock_now_ms()};
}

static int print_message(struct cli *cli, const struct shown *shown)
{
	struct letter_recipient to = addressed(shown);
	struct letter_copy copy = {0};
	struct error e = {0};
	int rc = CLI_DONE;
	if (letter_fill(shown->letter, &to, &copy, &e) != 0)
		rc = cli_fail(cli, &e);
	for (size_t i = 0; rc == CLI_DONE && i < copy.count; i++)
		if (fwrite(copy.segment[i].data, 1, copy.segment[i].len, stdout) !=
			copy.segment[i].len)
			rc = cli_failf(cli, ERROR_UNAVAILABLE, "%s",
				tr("cannot write the output", "вывод не записывается"));
	letter_copy_fini(&copy);
	return rc;
}

static int print_parts(struct cli *cli, const struct shown *shown, bool html_only)
{
	char *subject = NULL, *text = NULL, *html = NULL;
	const struct campaign_recipient *r = shown->recipient;
	struct letter_recipient to = addressed(shown);
	struct error e = {0};
	if (letter_preview(shown->letter, &to, &subject, &text, &html, &e) != 0)
		return cli_fail(cli, &e);
	if (cli_json(cli)) {
		cli_print_json(cli, json_pack("{s:s,s:s,s:s,s:s,s:s,s:O}", "key", r->key, "to",
					    r->address, "subject", subject, "text", text, "html",
					    html, "fields", shown->fields));
	} else if (html_only) {
		fputs(html, stdout);
	} else {
		printf(tr("To: %s <%s>\nSubject: %s\n\n", "Кому: %s <%s>\nТема: %s\n\n"),
			r->contact_name == NULL ? "" : cli_clean(r->contact_name), r->address,
			cli_clean(subject));
		for (const char *p = text; *p != '\0';
			p++) /* rendering dropped control characters */
			if (*p != '\r')
				putchar(*p);
	}
	free(subject);
	free(text);
	free(html);
	return CLI_DONE;
}

/* --letter: the name of a text in `letters`, or a kind of letter. */
static int choose_step(struct cli *cli, const struct cli_args *args, const struct opened *o, int *step)
{
	const char *name = cli_value(args, "letter");
	*step = name == NULL ? 0 : campaign_folder_step(o->folder, name);
	if (*step >= 0 && campaign_folder_letter(o->folder, *step) != NULL)
		return CLI_DONE;
	return cli_failf(cli, ERROR_NOT_FOUND, tr("the campaign has no letter «%s»", "у рассылки нет письма «%s»"),
		name == NULL ? "first" : cli_clean(name));
}

static int preview_run(struct cli *cli, const struct cli_args *args)
{
	struct opened o;
	struct campaign_recipient own = {0};
	const struct campaign_recipient *recipient;
	struct shown shown = {0};
	int step = 0;
	bool html = cli_has(args, "html"), eml = cli_has(args, "eml");
	if (html && eml)
		return cli_wrong_use(
			cli, "%s", tr("either --html or --eml", "что-то одно: --html или --eml"));
	int rc = open_folder(cli, args, &o);
	if (rc == CLI_DONE && cli_value(args, "explain") != NULL) {
		rc = explain(cli, &o, cli_value(args, "explain"));
		opened_fini(&o);
		return rc;
	}
	if (rc == CLI_DONE)
		rc = choose_step(cli, args, &o, &step);
	if (rc == CLI_DONE)
		rc = choose(cli, args, &o, &own, &recipient);
	if (rc == CLI_DONE)
		shown = (struct shown){.letter = campaign_folder_letter(o.folder, step),
			.fields = campaign_folder_fields(o.folder, step, recipient->fields),
			.recipient = recipient};
	if (rc == CLI_DONE && eml)
		rc = print_message(cli, &shown);
	else if (rc == CLI_DONE)
		rc = print_parts(cli, &shown, html);
	json_decref(shown.fields);
	campaign_recipient_fini(&own);
	opened_fini(&o);
	return rc;
}

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
	struct opened o;
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
	int rc = open_folder(cli, args, &o);
	if (rc == CLI_DONE)
		rc = choose(cli, args, &o, &own, &like);
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
	opened_fini(&o);
	return rc;
}

static void print_sample(const struct opened *o)
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
static int refuse_second(struct cli *cli, const struct opened *o)
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

static bool agreed(struct cli *cli, const struct cli_args *args, const struct opened *o)
{
	if (!cli_json(cli)) {
		print_summary(o);
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
	char *who = whom(o), *question = xasprintf(tr("Send to %s?", "Отправить (%s)?"), who);
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

static int say_asked(struct cli *cli, const struct opened *o)
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

static int launch(struct cli *cli, const struct opened *o)
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
	struct opened o;
	int rc = open_folder(cli, args, &o);
	if (rc == CLI_DONE)
		rc = refuse_second(cli, &o);
	if (rc == CLI_DONE && !agreed(cli, args, &o)) {
		if (!cli_json(cli))
			puts(tr("Nothing was sent.", "Ничего не отправлено."));
		rc = CLI_FAILED;
	}
	if (rc == CLI_DONE)
		rc = launch(cli, &o);
	opened_fini(&o);
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

static int store(struct cli *cli, const struct opened *o)
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
		cli_print_json(cli, summary_json(o));
		return CLI_DONE;
	}
	print_summary(o);
	printf(tr("Stored as a draft; nothing is sent. A program launches it with the task "
		  "campaign.launch and these:\n  campaign      %s\n  content_hash  %s\n",
		       "Записана черновиком, ничего не отправлено. Программа запустит её заданием "
		       "campaign.launch с такими данными:\n  campaign      %s\n  content_hash  %s\n"),
		slug, campaign_folder_hash(o->folder));
	return CLI_DONE;
}

static int store_run(struct cli *cli, const struct cli_args *args)
{
	struct opened o;
	int rc = open_folder(cli, args, &o);
	if (rc == CLI_DONE)
		rc = refuse_second(cli, &o);
	if (rc == CLI_DONE)
		rc = store(cli, &o);
	opened_fini(&o);
	return rc;
}

/* ---- the table ---------------------------------------------------------------------------- */

static const struct cli_operand folder_operand[] = {
	{"FILE", "@file", CLI_ONE, "campaign.yaml, or the folder it is in",
		"campaign.yaml или папка, где он лежит"},
	{0}};
static const struct cli_option check_options[] = {
	{"explain", 0, "RECIPIENT", NULL, "why this key or address is among the recipients, or is not",
		"почему этот ключ или адрес входит в число адресатов или не входит"},
	{0}};
static const struct cli_option preview_options[] = {
	{"letter", 0, "NAME", NULL, "another letter: reminder, collect, acknowledge, correction …",
		"другое письмо: reminder, collect, acknowledge, correction …"},
	{"explain", 0, "RECIPIENT", NULL, "why this key or address is among the recipients, or is not",
		"почему этот ключ или адрес входит в число адресатов или не входит"},
	{"for", 0, "RECIPIENT", NULL, "key or address of a recipient; without it the first one",
		"ключ или адрес адресата; без него — первый"},
	{"html", 0, NULL, NULL, "the HTML part", "HTML-часть"},
	{"eml", 0, NULL, NULL, "the whole message, as it goes to the relay",
		"письмо целиком, как оно уходит серверу"},
	{0}};
static const struct cli_option test_options[] = {
	{"to", 0, "ADDRESS", NULL, "where the test letter goes",
		"куда отправить проверочное письмо"},
	{"for", 0, "RECIPIENT", NULL, "as this recipient would get it; without it the first one",
		"каким его получит этот адресат; без него — первый"},
	{0}};
static const struct cli_option launch_options[] = {
	{"yes", 'y', NULL, NULL, "does not ask", "не спрашивать"}, {0}};

const struct command campaign_folder_commands[] = {
	{"campaign check", "checks a campaign's folder and shows every mistake at once",
		"проверяет папку рассылки и показывает все ошибки сразу",
		"Keys of campaign.yaml: docs/reference/campaign.md.",
		"Ключи campaign.yaml: docs/reference/campaign.ru.md.", folder_operand,
		check_options, check_run},
	{"campaign preview", "shows the letter as one recipient would get it",
		"показывает письмо, каким его получит один адресат", NULL, NULL, folder_operand,
		preview_options, preview_run},
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
