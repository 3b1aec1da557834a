/* vestnik campaign check|preview: a campaign's folder is looked at. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/buf.h"
#include "base/xalloc.h"
#include "campaign/campaign.h"
#include "campaign/definition.h"
#include "cli/command.h"
#include "cli/folder_open.h"

/* ---- check ------------------------------------------------------------------------- */

/* --explain: why somebody is among the recipients or not. */
static int explain(struct cli *cli, const struct opened_folder *o, const char *whom)
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
static void print_rounds(const struct opened_folder *o)
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
	struct opened_folder o;
	int rc = folder_open(cli, args, &o);
	if (rc == CLI_DONE && cli_value(args, "explain") != NULL) {
		rc = explain(cli, &o, cli_value(args, "explain"));
		folder_close(&o);
		return rc;
	}
	if (rc == CLI_DONE && cli_json(cli)) {
		cli_print_json(cli, folder_summary_json(&o));
	} else if (rc == CLI_DONE) {
		folder_print_summary(&o);
		print_rounds(&o);
		puts(tr("No mistakes.", "Ошибок нет."));
	}
	folder_close(&o);
	return rc;
}

/* ---- preview ------------------------------------------------------------------------ */

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
static int choose_step(struct cli *cli, const struct cli_args *args, const struct opened_folder *o, int *step)
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
	struct opened_folder o;
	struct campaign_recipient own = {0};
	const struct campaign_recipient *recipient;
	struct shown shown = {0};
	int step = 0;
	bool html = cli_has(args, "html"), eml = cli_has(args, "eml");
	if (html && eml)
		return cli_wrong_use(
			cli, "%s", tr("either --html or --eml", "что-то одно: --html или --eml"));
	int rc = folder_open(cli, args, &o);
	if (rc == CLI_DONE && cli_value(args, "explain") != NULL) {
		rc = explain(cli, &o, cli_value(args, "explain"));
		folder_close(&o);
		return rc;
	}
	if (rc == CLI_DONE)
		rc = choose_step(cli, args, &o, &step);
	if (rc == CLI_DONE)
		rc = folder_choose(cli, args, &o, &own, &recipient);
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
	folder_close(&o);
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
const struct command campaign_folder_commands[] = {
	{"campaign check", "checks a campaign's folder and shows every mistake at once",
		"проверяет папку рассылки и показывает все ошибки сразу",
		"Keys of campaign.yaml: docs/reference/campaign.md.",
		"Ключи campaign.yaml: docs/reference/campaign.ru.md.", folder_operand,
		check_options, check_run},
	{"campaign preview", "shows the letter as one recipient would get it",
		"показывает письмо, каким его получит один адресат", NULL, NULL, folder_operand,
		preview_options, preview_run},
	{0}};
