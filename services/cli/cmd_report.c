/* `vestnik report`: what came of a round, in the terminal or as a file; the call list; the
 * acknowledgement sheet. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "report/acknowledgements.h"
#include "report/calls.h"
#include "report/gather.h"
#include "report/html.h"
#include "report/words.h"
#include "report/write.h"

#define PLAIN_COLUMNS 100 /* where the output is no terminal */

struct wanted {
	struct cli *cli;
	struct db *db;
	const char *format, *output;
	struct report_place place;
	struct report_facts *facts;
	FILE *out;
};

static int wrong_format(struct wanted *w)
{
	if (w->output == NULL && strcmp(w->format, "xlsx") == 0)
		return cli_wrong_use(w->cli, "%s", tr("--format xlsx needs --output FILE", "для --format xlsx нужен --output ФАЙЛ"));
	return CLI_DONE;
}

/* Without --format it is the ending of --output's name, then text. */
static const char *format_of(struct cli *cli, const struct cli_args *args)
{
	static const char *const endings[] = {"html", "xlsx", "csv", "json"};
	const char *given = cli_value(args, "format"), *output = cli_value(args, "output");
	const char *dot = output == NULL ? NULL : strrchr(output, '.');
	if (given != NULL)
		return given;
	for (size_t i = 0; dot != NULL && i < sizeof endings / sizeof endings[0]; i++)
		if (strcmp(dot + 1, endings[i]) == 0)
			return endings[i];
	return cli_json(cli) ? "json" : "text";
}

/* Persons acknowledge with the first period: without --round it is theirs that is meant. */
static int acknowledged_round(struct wanted *w, const char *slug, int64_t *number, struct error *e)
{
	return db_query_int(w->db, number, e,
		       "SELECT r.number FROM campaign c JOIN round r ON r.campaign = c.id WHERE c.slug = $1"
		       " AND EXISTS (SELECT 1 FROM acknowledgement a WHERE a.round = r.id) ORDER BY r.number DESC LIMIT 1",
		       "s", slug) == DB_FAILED
		? -1
		: 0;
}

static int open_facts(struct wanted *w, struct cli *cli, const struct cli_args *args, bool acknowledged)
{
	struct error e = {0};
	int64_t number;
	*w = (struct wanted){.cli = cli, .format = format_of(cli, args), .output = cli_value(args, "output"), .out = stdout};
	if (cli_number(cli, args, "round", 1, INT32_MAX, 0, &number) != 0)
		return CLI_WRONG_USE;
	int rc = wrong_format(w);
	if (rc != CLI_DONE)
		return rc;
	if (cli_settings(cli) == NULL || (w->db = cli_open_store(cli)) == NULL)
		return CLI_FAILED;
	if (number == 0 && acknowledged && acknowledged_round(w, cli_operand(args, 0), &number, &e) != 0)
		return cli_fail(cli, &e);
	if (report_find(w->db, cli_operand(args, 0), number, &w->place, &e) != 0)
		return cli_fail(cli, &e);
	/* Files go to people of the campaign, the terminal is its user's. */
	enum lang lang = strcmp(w->format, "text") == 0 ? lang_get() : w->place.lang;
	if (gather_round(w->db, w->place.campaign, w->place.round, lang, 0, &w->facts, &e) != 0)
		return cli_fail(cli, &e);
	if (w->output != NULL && strcmp(w->format, "xlsx") != 0 && (w->out = fopen(w->output, "we")) == NULL) {
		(void)error_errno(&e, "%s", w->output);
		return cli_fail(cli, &e);
	}
	return CLI_DONE;
}

static int finish(struct wanted *w, int rc)
{
	struct error e = {0};
	bool file = w->out != NULL && w->out != stdout;
	if (w->out != NULL && (ferror(w->out) || fflush(w->out) != 0) && rc == CLI_DONE) {
		(void)error_errno(&e, "%s", w->output != NULL ? w->output : tr("standard output", "стандартный вывод"));
		rc = cli_fail(w->cli, &e);
	}
	if (file)
		(void)fclose(w->out);
	if (rc == CLI_DONE && w->output != NULL && !cli_json(w->cli))
		printf(tr("Written: %s\n", "Записано: %s\n"), w->output);
	facts_free(&w->facts);
	return rc;
}

/* ---- report ------------------------------------------------------------------------------ */

static void print_text(const struct wanted *w)
{
	char *heading = words_heading(w->facts);
	size_t width = cli_terminal_width();
	(void)fprintf(w->out, "%s\n", cli_clean(heading));
	const struct text_limits limits = {.groups = SIZE_MAX, .answers = 40, .silent = 100,
		.width = width > 0 ? width : PLAIN_COLUMNS};
	text_block(w->out, w->facts, &limits, false);
	free(heading);
}

static int report_run(struct cli *cli, const struct cli_args *args)
{
	struct wanted w;
	struct error e = {0};
	int rc = open_facts(&w, cli, args, false);
	if (rc != CLI_DONE)
		return finish(&w, rc);
	if (strcmp(w.format, "xlsx") == 0)
		rc = xlsx_write(w.output, w.facts, &e) == 0 ? CLI_DONE : cli_fail(cli, &e);
	else if (strcmp(w.format, "html") == 0)
		html_page(w.out, w.facts);
	else if (strcmp(w.format, "csv") == 0)
		csv_write(w.out, w.facts);
	else if (strcmp(w.format, "json") == 0)
		json_write(w.out, w.facts);
	else
		print_text(&w);
	return finish(&w, rc);
}

/* ---- calls ---------------------------------------------------------------------------------- */

struct calling {
	const struct wanted *w;
	struct cli_table *table;
	size_t count;
};

static json_t *call_json(const struct call *call)
{
	json_t *contacts = json_array();
	for (size_t i = 0; i < call->contacts; i++)
		json_array_append_new(contacts, json_pack("{s:s, s:s, s:s, s:s, s:s}", "role", call->contact[i].role, "name",
							call->contact[i].name, "position", call->contact[i].position, "phone",
							call->contact[i].phone, "address", call->contact[i].address));
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:s, s:s?}", "key", call->key, "name", call->name, "region",
		call->region, "municipality", call->municipality, "delivery", words_trouble(call->trouble, LANG_EN), "contacts",
		contacts, "event", call->event, "event_address", call->event_address, "event_time",
		cli_rfc3339(call->event_ms));
}

static int one_call(void *arg, const struct call *call)
{
	struct calling *calling = arg;
	const struct wanted *w = calling->w;
	calling->count++;
	if (strcmp(w->format, "json") == 0) {
		json_t *object = call_json(call);
		if (object != NULL) {
			(void)json_dumpf(object, w->out, JSON_COMPACT);
			(void)fputc('\n', w->out);
		}
		json_decref(object);
		return 0;
	}
	const struct call_contact none = {"", "", "", "", ""}, *contact = call->contacts > 0 ? &call->contact[0] : &none;
	cli_table_row(calling->table, (const char *const[]){call->name, call->municipality,
					     contact->name[0] != '\0' ? contact->name : contact->role, contact->phone,
					     call->event, call->event_ms != 0 ? cli_time(w->cli, call->event_ms) : ""});
	return 0;
}

static int calls_run(struct cli *cli, const struct cli_args *args)
{
	struct wanted w;
	struct error e = {0};
	int rc = open_facts(&w, cli, args, false);
	if (rc != CLI_DONE)
		return finish(&w, rc);
	struct calling calling = {.w = &w};
	const struct cli_column columns[] = {{tr("ORGANISATION", "ОРГАНИЗАЦИЯ"), false, true},
		{tr("MUNICIPALITY", "МУНИЦИПАЛИТЕТ"), false, true}, {tr("CONTACT", "КОНТАКТ"), false, true},
		{tr("PHONE", "ТЕЛЕФОН"), false, false}, {tr("LAST EVENT", "ПОСЛЕДНЕЕ СОБЫТИЕ"), false, true},
		{tr("WHEN", "КОГДА"), false, false}};
	if (strcmp(w.format, "xlsx") == 0) {
		rc = calls_xlsx(w.db, w.facts, w.place.round, w.output, &calling.count, &e) == 0 ? CLI_DONE : cli_fail(cli, &e);
		return finish(&w, rc);
	}
	if (strcmp(w.format, "html") == 0) {
		rc = calls_html(w.db, w.facts, w.place.round, w.out, NULL, &e) == 0 ? CLI_DONE : cli_fail(cli, &e);
		return finish(&w, rc);
	}
	if (strcmp(w.format, "text") == 0)
		calling.table = cli_table_new(columns, sizeof columns / sizeof columns[0]);
	if (calls_each(w.db, w.facts, w.place.round, one_call, &calling, &e) != 0)
		rc = cli_fail(cli, &e);
	if (calling.table != NULL && calling.count == 0) {
		cli_table_free(&calling.table);
		puts(tr("Everybody has answered.", "Ответили все."));
	} else if (calling.table != NULL) {
		cli_table_print(&calling.table);
	}
	return finish(&w, rc);
}

/* ---- acknowledgements --------------------------------------------------------------------------- */

static int one_acknowledgement(void *arg, const struct acknowledgement *entry)
{
	struct calling *calling = arg;
	const struct wanted *w = calling->w;
	calling->count++;
	if (strcmp(w->format, "json") == 0) {
		json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s}", "name", entry->name, "title", entry->title,
			"organisation", entry->organisation, "key", entry->key, "time", cli_rfc3339(entry->time_ms), "way",
			entry->way);
		if (object != NULL) {
			(void)json_dumpf(object, w->out, JSON_COMPACT);
			(void)fputc('\n', w->out);
		}
		json_decref(object);
		return 0;
	}
	cli_table_row(calling->table, (const char *const[]){entry->name, entry->title, entry->organisation,
					     entry->time_ms != 0 ? cli_time(w->cli, entry->time_ms) : "—"});
	return 0;
}

static int print_acknowledgements(struct wanted *w, struct error *e)
{
	struct calling calling = {.w = w};
	const struct cli_column columns[] = {{tr("NAME", "ИМЯ"), false, true}, {tr("POSITION", "ДОЛЖНОСТЬ"), false, true},
		{tr("ORGANISATION", "ОРГАНИЗАЦИЯ"), false, true}, {tr("ACKNOWLEDGED", "ОЗНАКОМЛЕН(А)"), false, false}};
	bool text = strcmp(w->format, "text") == 0;
	if (text)
		calling.table = cli_table_new(columns, sizeof columns / sizeof columns[0]);
	int rc = acknowledgements_each(w->db, w->place.round, one_acknowledgement, &calling, e);
	if (text && calling.count == 0) {
		cli_table_free(&calling.table);
		puts(tr("Nobody is expected to acknowledge it.", "Ознакомления ни от кого не ждут."));
	} else if (text) {
		cli_table_print(&calling.table);
		printf("%s\n", acknowledgements_warning(lang_get()));
	}
	return rc;
}

static int acknowledgements_run(struct cli *cli, const struct cli_args *args)
{
	struct wanted w;
	struct error e = {0};
	int rc = open_facts(&w, cli, args, true);
	if (rc != CLI_DONE)
		return finish(&w, rc);
	int done = strcmp(w.format, "xlsx") == 0
		? acknowledgements_xlsx(w.db, w.facts, w.place.round, w.output, NULL, &e)
		: strcmp(w.format, "html") == 0
		? acknowledgements_html(w.db, w.facts, w.place.round, w.out, NULL, &e)
		: print_acknowledgements(&w, &e);
	return finish(&w, done == 0 ? CLI_DONE : cli_fail(cli, &e));
}

/* ---- the table --------------------------------------------------------------------------------------- */

static const struct cli_operand campaign_operand[] = {
	{"CAMPAIGN", NULL, CLI_ONE, "name of the campaign", "имя рассылки"}, {0}};
#define ROUND_OPTION \
	{"round", 0, "N", NULL, "number of the reporting period; without it the last one that has begun", \
		"номер отчётного периода; без него последний начавшийся"}
#define OUTPUT_OPTION {"output", 'o', "FILE", "@file", "where to", "куда записать"}
static const struct cli_option report_options[] = {ROUND_OPTION,
	{"format", 0, "FORMAT", "text|html|xlsx|csv|json", "without it by the name of the file, else text",
		"без него по имени файла, иначе текст"},
	OUTPUT_OPTION, {0}};
static const struct cli_option calls_options[] = {ROUND_OPTION,
	{"format", 0, "FORMAT", "text|html|xlsx|json", "without it by the name of the file, else text",
		"без него по имени файла, иначе текст"},
	OUTPUT_OPTION, {0}};
static const struct cli_option acknowledgements_options[] = {ROUND_OPTION,
	{"format", 0, "FORMAT", "text|html|xlsx|json", "without it by the name of the file, else text",
		"без него по имени файла, иначе текст"},
	OUTPUT_OPTION, {0}};

const struct command report_commands[] = {
	{"report", "shows who answered what, when and how, who is silent, and the totals",
		"показывает, кто что ответил, когда и как, кто молчит, и итоги",
		"In the terminal, or as a file: docs/reference/report.md says what is in it. See also\n"
		"`vestnik report calls` and `vestnik report acknowledgements`.",
		"На экране или файлом; что в нём, рассказано в docs/reference/report.md. Есть ещё\n"
		"`vestnik report calls` и `vestnik report acknowledgements`.",
		campaign_operand, report_options, report_run},
	{"report calls", "lists whom to telephone: no answer, or not delivered",
		"список для обзвона: не ответили и не доставлено", NULL, NULL, campaign_operand, calls_options, calls_run},
	{"report acknowledgements", "prints the sheet of those who have read the order, blanks for the others",
		"печатает лист ознакомления: отметки и пустые строки",
		"A mark is not an electronic signature; the sheet says so.",
		"Отметка не является электронной подписью; так и написано на листе.", campaign_operand,
		acknowledgements_options, acknowledgements_run},
	{0}};
