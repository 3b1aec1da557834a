/* vestnik simulate: everything a campaign will do, with its moment and reason,
 * before anything is sent. Reads a folder and the directory, writes nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "campaign/definition.h"
#include "campaign/simulate.h"
#include "cli/command.h"
#include "cli/folder_open.h"

static const struct cli_noun recipients = {
	"recipient", "recipients", "адресат", "адресата", "адресатов"};
static const struct cli_noun days = {"day", "days", "день", "дня", "дней"};
static const struct cli_noun letters = {"letter", "letters", "письмо", "письма", "писем"};
static const struct cli_noun stages = {"stage", "stages", "этап", "этапа", "этапов"};

struct wanted { /* the part that is shown */
	int64_t from_ms, until_ms;
};

/* ---- words -------------------------------------------------------------------------------- */

static const char *what_words(const struct simulate_row *row)
{
	static const char *const en[SIMULATE_KINDS] = {"letters", "letters to those asked through a parent",
		"to read and confirm", "reminder", "deadline", "escalation", "report"};
	static const char *const ru[SIMULATE_KINDS] = {"письма", "письма через вышестоящего",
		"на ознакомление", "напоминание", "срок", "список молчащих", "отчёт"};
	if (row->kind == SIMULATE_REMINDER && row->level == 1)
		return tr("reminder (through a parent)", "напоминание (через вышестоящего)");
	if (row->kind == SIMULATE_CLOSE && row->level == 1)
		return tr("deadline (through a parent)", "срок (через вышестоящего)");
	return tr(en[row->kind], ru[row->kind]);
}

static char *whom_words(const struct simulate_row *row)
{
	if (row->overtaken)
		return xstrdup(tr("does not happen", "не состоится"));
	if (row->recipients < 0)
		return xstrdup(row->zone == NULL ? "" : row->zone);
	return xasprintf("%s%s%s%s", row->kind == SIMULATE_REMINDER ? tr("at most ", "не больше: ") : "",
		cli_count(row->recipients, &recipients), row->zone == NULL ? "" : ", ",
		row->zone == NULL ? "" : row->zone);
}

/* "2023-05-30 18:00", «30.05.2023 18:00» in the campaign's zone. */
#define MOMENT_SIZE 40
static const char *moment(int64_t at_ms, const char *zone, char out[static MOMENT_SIZE])
{
	struct calendar_time t;
	out[0] = '\0';
	if (calendar_from_ms(at_ms, zone, &t, NULL) != 0)
		return out;
	if (lang_get() == LANG_RU)
		snprintf(out, MOMENT_SIZE, "%02d.%02d.%04d %02d:%02d", t.day, t.month, t.year, t.hour, t.minute);
	else
		snprintf(out, MOMENT_SIZE, "%04d-%02d-%02d %02d:%02d", t.year, t.month, t.day, t.hour, t.minute);
	return out;
}

/* What comes too late is shown, too: somebody counts on it. */
static bool is_wanted(const struct wanted *wanted, const struct simulate_row *row)
{
	return (row->at_ms >= wanted->from_ms || row->overtaken) && row->at_ms <= wanted->until_ms;
}

/* ---- for people --------------------------------------------------------------------------------- */

static void print_head(const struct campaign_folder *folder, const struct simulation *s)
{
	const char *zone = definition_zone(campaign_folder_definition(folder));
	char at[MOMENT_SIZE];
	printf("%s: %s\n", campaign_folder_slug(folder), cli_clean(campaign_folder_title(folder)));
	printf(tr("As if launched on %s (times: %s)\n", "Как если бы запустили %s (время: %s)\n"),
		moment(s->from_ms, zone, at), zone);
	for (size_t i = 0; i < s->zones && (s->zones > 1 || s->zone[i].collected > 0); i++)
		printf("  %s: %s%s%s\n", s->zone[i].zone, cli_count(s->zone[i].recipients, &recipients),
			s->zone[i].collected == 0 ? "" : tr(", through them ", ", через них "),
			s->zone[i].collected == 0 ? "" : cli_count(s->zone[i].collected, &recipients));
	putchar('\n');
}

static void print_tail(const struct simulation *s)
{
	if (s->drafts > 0)
		printf(tr("%s without a date: drafts, which never go out by themselves.\n",
			       "%s без даты: это черновики, сами они не уйдут.\n"),
			cli_count(s->drafts, &stages));
	if (s->days_most > 0)
		printf(tr("At this quota or rate (%s a day) sending %s takes %s.\n",
			       "При этой квоте или скорости (%s в день) рассылка (%s) займёт %s.\n"),
			cli_count(s->per_day, &letters), cli_count(s->letters_most, &letters),
			cli_count(s->days_most, &days));
}

static bool labelled(const struct simulation *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->row[i].label != NULL)
			return true;
	return false;
}

static void print_rows(
	const struct campaign_folder *folder, const struct simulation *s, const struct wanted *wanted)
{
	const char *zone = definition_zone(campaign_folder_definition(folder));
	bool rounds = labelled(s);
	struct cli_column columns[5] = {{.title = tr("WHEN", "КОГДА")}, {.title = tr("WHAT", "ЧТО")},
		{.title = tr("TO WHOM", "КОМУ")}};
	size_t n = 3;
	if (rounds)
		columns[n++] = (struct cli_column){.title = tr("ROUND", "ПЕРИОД, ЭТАП"), .elastic = true};
	columns[n++] = (struct cli_column){.title = tr("WHY", "ПОЧЕМУ"), .elastic = true};
	struct cli_table *table = cli_table_new(columns, n);
	for (size_t i = 0; i < s->count; i++) {
		const struct simulate_row *row = &s->row[i];
		char at[MOMENT_SIZE];
		const char *cells[5] = {moment(row->at_ms, zone, at), what_words(row)};
		size_t k = 3;
		if (!is_wanted(wanted, row))
			continue;
		char *whom = whom_words(row);
		cells[2] = whom;
		if (rounds)
			cells[k++] = row->label;
		cells[k++] = lang_get() == LANG_RU ? row->reason_ru : row->reason_en;
		cli_table_row(table, cells);
		free(whom);
	}
	cli_table_print(&table);
}

/* ---- for programs ------------------------------------------------------------------------------------ */

static void print_json(struct cli *cli, const struct campaign_folder *folder, const struct simulation *s,
	const struct wanted *wanted)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct simulate_row *row = &s->row[i];
		if (!is_wanted(wanted, row))
			continue;
		json_t *object = json_pack("{s:s,s:s,s:I,s:s*,s:i,s:I,s:s*,s:b,s:s}", "at",
			cli_rfc3339(row->at_ms), "kind", simulate_kind_name(row->kind), "round",
			(json_int_t)row->round_number, "label", row->label, "level", row->level, "step",
			(json_int_t)row->step, "zone", row->zone, "overtaken", row->overtaken, "reason",
			lang_get() == LANG_RU ? row->reason_ru : row->reason_en);
		if (row->recipients >= 0)
			json_object_set_new(object, "recipients", json_integer(row->recipients));
		cli_print_json(cli, object);
	}
	json_t *zones = json_array();
	for (size_t i = 0; i < s->zones; i++)
		json_array_append_new(zones, json_pack("{s:s,s:I,s:I}", "zone", s->zone[i].zone, "recipients",
						     (json_int_t)s->zone[i].recipients, "collected",
						     (json_int_t)s->zone[i].collected));
	cli_print_json(cli, json_pack("{s:s,s:s,s:s,s:o,s:I,s:I,s:I,s:I}", "kind", "summary", "campaign",
					campaign_folder_slug(folder), "launched", cli_rfc3339(s->from_ms), "zones",
					zones, "drafts", (json_int_t)s->drafts, "letters", (json_int_t)s->letters_most,
					"letters_per_day", (json_int_t)s->per_day, "days", (json_int_t)s->days_most));
}

/* ---- the command ----------------------------------------------------------------------------------------- */

#define DAY_MS INT64_C(86400000)

static bool date_alone(const char *text)
{
	return strchr(text, ':') == NULL;
}

/* -1: wrong use was said. */
static int read_wanted(struct cli *cli, const struct cli_args *args, struct wanted *wanted)
{
	const char *from = cli_value(args, "from"), *until = cli_value(args, "until");
	*wanted = (struct wanted){.until_ms = TIME_NEVER_MS};
	if (from != NULL && cli_parse_moment(cli, from, &wanted->from_ms) != 0)
		return cli_wrong_use(cli, tr("--from: «%s» is no date", "--from: «%s» – не дата"), cli_clean(from));
	if (until != NULL && cli_parse_moment(cli, until, &wanted->until_ms) != 0)
		return cli_wrong_use(cli, tr("--until: «%s» is no date", "--until: «%s» – не дата"), cli_clean(until));
	if (until != NULL && date_alone(until)) /* that day, too */
		wanted->until_ms += DAY_MS - 1;
	if (wanted->until_ms < wanted->from_ms)
		return cli_wrong_use(cli, "%s", tr("--until lies before --from", "--until раньше, чем --from"));
	return CLI_DONE;
}

static struct campaign_folder *load(struct cli *cli, const char *operand, const struct settings *settings,
	struct db *db, int64_t from_ms)
{
	struct problems problems = {0};
	char *path = folder_yaml(operand);
	struct campaign_folder *folder = campaign_folder_load_at(
		path, settings, db, from_ms != 0 ? from_ms : clock_now_ms(), &problems);
	cli_problems(cli, &problems);
	problems_fini(&problems);
	free(path);
	return folder;
}

static bool empty_directory(struct db *db)
{
	int64_t one;
	struct error e;
	return db_query_int(db, &one, &e, "SELECT 1 FROM organisation WHERE active = 1 LIMIT 1", "") != DB_ROW;
}

static int simulate_command(struct cli *cli, const struct cli_args *args)
{
	const struct settings *settings = cli_settings(cli);
	struct simulation simulation;
	struct wanted wanted;
	struct error e = {0};
	if (settings == NULL)
		return CLI_FAILED;
	int rc = read_wanted(cli, args, &wanted);
	if (rc != CLI_DONE)
		return rc;
	struct db *db = cli_open_store(cli);
	struct campaign_folder *folder =
		db == NULL ? NULL : load(cli, cli_operand(args, 0), settings, db, wanted.from_ms);
	if (folder == NULL)
		return CLI_FAILED;
	if (empty_directory(db)) {
		cli_warn(cli, "%s", tr("the directory is empty: nobody is counted, and all live in the campaign's zone",
			"справочник пуст: адресаты не посчитаны, все считаются в часовом поясе рассылки"));
		db = NULL;
	}
	if (simulate_run(folder, settings, db, wanted.from_ms, &simulation, &e) != 0) {
		rc = cli_fail(cli, &e);
	} else if (cli_json(cli)) {
		print_json(cli, folder, &simulation, &wanted);
	} else {
		print_head(folder, &simulation);
		print_rows(folder, &simulation, &wanted);
		print_tail(&simulation);
	}
	simulation_fini(&simulation);
	campaign_folder_free(&folder);
	return rc;
}

static const struct cli_operand folder_operand[] = {
	{"FILE", "@file", CLI_ONE, "campaign.yaml, or the folder it is in",
		"campaign.yaml или папка, где он лежит"},
	{0}};
static const struct cli_option simulate_options[] = {
	{"from", 0, "DATE", NULL, "when it would be launched (else now, or when a past campaign was)",
		"когда её запустили бы (иначе сейчас, а для прошедшей – когда запускали)"},
	{"until", 0, "DATE", NULL, "up to this day (else to the end)", "по этот день (иначе до конца)"}, {0}};

const struct command simulate_commands[] = {
	{"simulate", "shows every letter, reminder, escalation and report a campaign will bring, and why",
		"показывает каждое письмо, напоминание, список молчащих и отчёт рассылки, и почему они будут",
		"Sends and stores nothing. Counts the directory as it is now; whoever answers gets no reminder,\n"
		"so that their numbers are the most there can be.",
		"Ничего не отправляет и не записывает. Адресаты – по справочнику, какой он сейчас; кто ответит, тому\n"
		"напоминание не уйдёт, поэтому числа у напоминаний – наибольшие возможные.",
		folder_operand, simulate_options, simulate_command},
	{0}};
