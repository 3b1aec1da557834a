/* `vestnik retention show|run`: what is kept for how long. */
#include <stdio.h>

#include "base/clock.h"
#include "cli/cli_audit.h"
#include "retention/retention.h"
#include "settings/settings.h"

static const char *span(int64_t ms)
{
	return ms == 0 ? tr("for ever", "бессрочно") : cli_span(ms);
}

static int show_run(struct cli *cli, const struct cli_args *args)
{
	struct error e = {0};
	const struct settings *s = cli_settings(cli);
	struct db *db = s == NULL ? NULL : cli_open_store(cli);
	(void)args;
	json_t *due = db == NULL ? NULL : retention_due(s, db, clock_now_ms(), &e), *one;
	size_t i;
	if (due == NULL)
		return db == NULL ? CLI_FAILED : cli_fail(cli, &e);
	const struct {
		const char *name, *words;
		int64_t ms;
	} kept[] = {{"letters", tr("letters and their history", "письма и их история"), s->retention.letters_ms},
		{"files", tr("files of answers", "файлы из ответов"), s->retention.files_ms},
		{"mails", tr("mail that came", "входящие письма"), s->retention.mails_ms},
		{"audit_details", tr("persons in the audit log", "люди в журнале действий"), s->retention.audit_details_ms}};
	for (i = 0; i < sizeof kept / sizeof kept[0]; i++)
		if (cli_json(cli))
			cli_print_json(cli, json_pack("{s:s, s:I}", "kept", kept[i].name, "ms", (json_int_t)kept[i].ms));
		else
			printf("%s: %s (retention.%s)\n", kept[i].words, span(kept[i].ms), kept[i].name);
	json_array_foreach(due, i, one) {
		if (cli_json(cli)) {
			cli_print_json(cli, json_incref(one));
			continue;
		}
		const char *trouble = json_string_value(json_object_get(one, "trouble"));
		printf("%s  %s  %s%s%s\n", cli_time(cli, json_integer_value(json_object_get(one, "due_ms"))),
			cli_clean(json_string_value(json_object_get(one, "campaign"))), json_string_value(json_object_get(one, "what")),
			trouble == NULL ? "" : tr("  no case file: ", "  дело не записано: "), trouble == NULL ? "" : cli_clean(trouble));
	}
	json_decref(due);
	return CLI_DONE;
}

static int run_run(struct cli *cli, const struct cli_args *args)
{
	struct error e = {0};
	struct retention_counts n;
	struct db *db = cli_open_store(cli);
	const struct orderer *who = db == NULL ? NULL : cli_orderer(cli);
	(void)args;
	if (who == NULL)
		return CLI_FAILED;
	if (retention_run(who, db, clock_now_ms(), NULL, NULL, &n, &e) != 0)
		return cli_fail(cli, &e);
	if (cli_json(cli))
		cli_print_json(cli, json_pack("{s:I, s:I, s:I, s:I, s:I}", "case_files", (json_int_t)n.campaigns, "letters", (json_int_t)n.letters,
			"files", (json_int_t)n.files, "mails", (json_int_t)n.mails, "details", (json_int_t)n.details));
	else
		printf(tr("case files made %s; gone: letters %s, files %s, mails %s, details %s\n",
			       "сохранено дел: %s; удалено: писем %s, файлов %s, входящих %s, подробностей %s\n"),
			cli_thousands(n.campaigns), cli_thousands(n.letters), cli_thousands(n.files), cli_thousands(n.mails),
			cli_thousands(n.details));
	return CLI_DONE;
}

const struct command retention_commands[] = {
	{"retention show", "shows what is kept for how long, and what goes soon", "показывает, что сколько хранится и что скоро исчезнет", NULL,
		NULL, NULL, NULL, show_run},
	{"retention run", "lets go what is older than the settings allow", "удаляет то, что старше, чем разрешено настройками",
		"The console does it once a day. Before anything of a campaign goes its case file is made in\n"
		"<data_dir>/archive; where that cannot be written, nothing goes.",
		"Консоль делает это раз в сутки. Перед удалением чего-либо из рассылки её дело сохраняется в\n"
		"<data_dir>/archive; если записать его нельзя, ничего не удаляется.",
		NULL, NULL, run_run},
	{0}};
