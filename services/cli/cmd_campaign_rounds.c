/* vestnik campaign rounds: stages and periods of a campaign, with what is a draft.
 * vestnik campaign text: a round's text for a site. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "campaign/definition.h"
#include "cli/command.h"
#include "cli/task_send.h"
#include "control/rounds.h"
#include "letter/public.h"
#include "publish/publish.h"
#include "store/campaign_row.h"
#include "store/db.h"

/* ---- rounds ------------------------------------------------------------------------------ */

static json_t *view_json(const struct round_view *v)
{
	return json_pack("{s:I, s:s, s:s, s:s?, s:s?, s:b, s:I, s:I, s:I, s:I, s:I, s:b}", "round", (json_int_t)v->number, "label",
		v->label, "state", v->state, "starts", cli_rfc3339(v->starts_ms), "deadline", cli_rfc3339(v->deadline_ms),
		"asks", v->asks, "asked", (json_int_t)v->asks_counts.asked, "open", (json_int_t)v->asks_counts.open, "received",
		(json_int_t)v->asks_counts.received, "partial", (json_int_t)v->asks_counts.partial, "confirmed",
		(json_int_t)v->asks_counts.confirmed, "published", v->published);
}

static const char *moment(int64_t time_ms, const char *zone, char out[static CALENDAR_TEXT_SIZE])
{
	return time_ms == 0 || calendar_format(time_ms, zone, lang_get(), CALENDAR_FULL, out, NULL) != 0 ? "—" : out;
}

static void view_row(struct cli_table *table, const char *zone, const struct round_view *v)
{
	char number[24], answers[64] = "", starts[CALENDAR_TEXT_SIZE], deadline[CALENDAR_TEXT_SIZE];
	(void)snprintf(number, sizeof number, "%lld", (long long)v->number);
	if (v->asks_counts.asked > 0)
		(void)snprintf(answers, sizeof answers, tr("%lld of %lld", "%lld из %lld"),
			(long long)ask_counts_answered(&v->asks_counts), (long long)v->asks_counts.asked);
	cli_table_row(table, (const char *const[]){number, v->label, round_state_words(v->state), moment(v->starts_ms, zone, starts),
				     v->asks ? moment(v->deadline_ms, zone, deadline) : "—", answers, v->published ? tr("yes", "да") : ""});
}

/* ---- the plan ------------------------------------------------------------------------------ */

struct planned {
	struct cli *cli;
	const char *zone;
	struct cli_table *table; /* NULL: JSON */
	size_t count;
};

static int show_line(void *arg, const struct plan_line *line)
{
	struct planned *p = arg;
	char number[24], due[CALENDAR_TEXT_SIZE], letters[24];
	p->count++;
	if (p->table == NULL) {
		cli_print_json(p->cli, json_pack("{s:I, s:s, s:s, s:s?, s:s, s:I, s:s}", "round", (json_int_t)line->round_number, "plan",
					       line->kind, "place", line->place, "due", cli_rfc3339(line->due_ms), "state", line->state,
					       "letters", (json_int_t)line->letters, "reason", line->reason));
		return 0;
	}
	(void)snprintf(number, sizeof number, "%lld", (long long)line->round_number);
	(void)snprintf(letters, sizeof letters, "%lld", (long long)line->letters);
	cli_table_row(p->table, (const char *const[]){number, plan_words(line->kind), moment(line->due_ms, p->zone, due),
					plan_words(line->state), letters, line->reason});
	return 0;
}

/* What happens when, and why: rows of the plan, in their order. */
static int show_plan(struct cli *cli, struct db *db, const struct rounds_view *rounds, struct error *e)
{
	const struct cli_column columns[] = {{"№", true, false}, {tr("WHAT", "ЧТО"), false, false},
		{tr("WHEN", "КОГДА"), false, false}, {tr("STATE", "СОСТОЯНИЕ"), false, false},
		{tr("LETTERS", "ПИСЕМ"), true, false}, {tr("WHY", "ПОЧЕМУ"), false, true}};
	struct planned p = {.cli = cli, .zone = rounds->zone,
		.table = cli_json(cli) ? NULL : cli_table_new(columns, sizeof columns / sizeof *columns)};
	int rc = plan_lines_each(db, rounds->campaign, 0, show_line, &p, e);
	if (p.table != NULL && p.count > 0)
		putchar('\n');
	if (p.table != NULL)
		cli_table_print(&p.table);
	return rc;
}

static int rounds_run(struct cli *cli, const struct cli_args *args)
{
	struct rounds_view all = {0};
	struct error e = {0};
	struct db *db = cli_open_store(cli);
	if (db == NULL)
		return CLI_FAILED;
	int rc = rounds_view_read(db, cli_operand(args, 0), &all, &e) == 0 ? CLI_DONE : cli_fail(cli, &e);
	const struct cli_column columns[] = {{"№", true, false}, {tr("ROUND", "ЭТАП, ПЕРИОД"), false, true},
		{tr("STATE", "СОСТОЯНИЕ"), false, false}, {tr("BEGINS", "НАЧАЛО"), false, false},
		{tr("DEADLINE", "СРОК ОТВЕТА"), false, false}, {tr("ANSWERED", "ОТВЕТИЛИ"), true, false},
		{tr("PUBLISHED", "ОПУБЛИКОВАН"), false, false}};
	struct cli_table *table = rc != CLI_DONE || cli_json(cli) ? NULL : cli_table_new(columns, sizeof columns / sizeof *columns);
	for (size_t i = 0; i < all.count; i++) {
		if (table != NULL)
			view_row(table, all.zone, &all.item[i]);
		else if (rc == CLI_DONE)
			cli_print_json(cli, view_json(&all.item[i]));
	}
	if (table != NULL)
		cli_table_print(&table);
	if (rc == CLI_DONE && cli_has(args, "plan") && show_plan(cli, db, &all, &e) != 0)
		rc = cli_fail(cli, &e);
	rounds_view_fini(&all);
	return rc;
}

/* ---- text ---------------------------------------------------------------------------------- */

static int text_run(struct cli *cli, const struct cli_args *args)
{
	struct letter_public text;
	struct error e = {0};
	int64_t round;
	if (cli_number(cli, args, "round", 1, 100000, 0, &round) != 0)
		return CLI_WRONG_USE;
	struct db *db = cli_open_store(cli);
	if (db == NULL)
		return CLI_FAILED;
	if (publish_text(db, cli_operand(args, 0), round, &text, &e) != 0)
		return cli_fail(cli, &e);
	if (cli_json(cli))
		cli_print_json(cli, json_pack("{s:s?, s:s, s:s, s:I}", "title", text.title, "text", text.text, "html", text.html,
					    "left_out", (json_int_t)text.left_out));
	else if (cli_has(args, "html"))
		fputs(text.html, stdout);
	else
		printf("%s%s%s\n", text.title == NULL ? "" : text.title, text.title == NULL ? "" : "\n\n", text.text);
	if (text.left_out > 0 && !cli_json(cli))
		cli_warn(cli, tr("left out, since it speaks to one recipient: %zu blocks",
			"пропущено обращённое к одному адресату: блоков – %zu"), text.left_out);
	letter_public_fini(&text);
	return CLI_DONE;
}

/* ---- stage ---------------------------------------------------------------------------------- */

/* As the planner reads it: "2023-09-15", "2023-09-15 10:00". */
static bool wall_text(const char *text, char out[static 40], struct error *e)
{
	struct calendar_time t;
	bool timed;
	if (calendar_parse(text, &t, &timed, e) != 0)
		return false;
	if (timed)
		(void)snprintf(out, 40, "%04d-%02d-%02d %02d:%02d", t.year, t.month, t.day, t.hour, t.minute);
	else
		(void)snprintf(out, 40, "%04d-%02d-%02d", t.year, t.month, t.day);
	return true;
}

static int stage_run(struct cli *cli, const struct cli_args *args)
{
	const char *slug = cli_operand(args, 0), *at = cli_value(args, "at"), *deadline = cli_value(args, "deadline");
	char at_text[40], deadline_text[40];
	struct error e = {0};
	long long number;
	if (!gate_int64(cli_operand(args, 1), 1, 100000, &number))
		return cli_wrong_use(cli, tr("«%s»: want the stage's number", "«%s»: нужен номер этапа"),
			cli_clean(cli_operand(args, 1)));
	if (at == NULL)
		return cli_wrong_use(cli, "%s", tr("--at: when it goes out", "--at: когда его отправить"));
	if (!wall_text(at, at_text, &e))
		return cli_wrong_use(cli, "--at: %s", e.text);
	if (deadline != NULL && !wall_text(deadline, deadline_text, &e))
		return cli_wrong_use(cli, "--deadline: %s", e.text);
	json_t *data = json_pack("{s:s, s:I, s:s}", "campaign", slug, "round", (json_int_t)number, "at", at_text);
	if (deadline != NULL)
		json_object_set_new(data, "deadline", json_string(deadline_text));
	enum task_outcome outcome = task_send(cli, TASK_CAMPAIGN_STAGE, slug, data);
	if (outcome == TASK_SENT_FAILED || outcome == TASK_SENT_REFUSED)
		return CLI_FAILED;
	if (cli_json(cli))
		cli_print_json(cli, json_pack("{s:s, s:I, s:s, s:b}", "campaign", slug, "round", (json_int_t)number, "at", at_text,
					    "applied", outcome == TASK_SENT_APPLIED));
	else if (outcome == TASK_SENT_APPLIED)
		printf(tr("%s: stage %lld goes out %s\n", "%s: этап %lld уйдёт %s\n"), cli_clean(slug), number, at_text);
	return CLI_DONE;
}

static const struct cli_operand stage_operands[] = {
	{"CAMPAIGN", NULL, CLI_ONE, "the campaign (vestnik campaign list)", "рассылка (vestnik campaign list)"},
	{"N", NULL, CLI_ONE, "the stage's number (vestnik campaign rounds)", "номер этапа (vestnik campaign rounds)"}, {0}};
static const struct cli_option stage_options[] = {
	{"at", 0, "DATE", NULL, "when it goes out, in the campaign's time: 2023-09-15 10:00",
		"когда его отправить, по времени рассылки: 2023-09-15 10:00"},
	{"deadline", 0, "DATE", NULL, "until when to answer, where it asks", "до какого срока ответить, если этап спрашивает"},
	{0}};

static const struct cli_operand campaign_operand[] = {
	{"CAMPAIGN", NULL, CLI_ONE, "the campaign (vestnik campaign list)", "рассылка (vestnik campaign list)"}, {0}};
static const struct cli_option rounds_options[] = {
	{"plan", 'p', NULL, NULL, "also what happens when: reminders, deadlines, reports, each with its reason",
		"и что когда произойдёт: напоминания, сроки, отчёты, каждое с причиной"}, {0}};
static const struct cli_option text_options[] = {
	{"round", 0, "N", NULL, "of which stage or period (else the first)", "какого этапа или периода (иначе первого)"},
	{"html", 0, NULL, NULL, "as HTML for a site's editor", "в HTML, для редактора сайта"},
	{0}};

const struct command campaign_rounds_commands[] = {
	{"campaign rounds", "stages and periods: what is a draft, planned, open, closed",
		"этапы и периоды: черновики, будущие, идущие, завершённые", NULL, NULL, campaign_operand, rounds_options, rounds_run},
	{"campaign stage", "gives a stage without a date its date", "назначает дату этапу-черновику",
		"A stage without a date is a draft: it is shown and never goes out by itself.",
		"Этап без даты – черновик: он виден, но сам никогда не уходит.", stage_operands, stage_options, stage_run},
	{"campaign text", "a campaign's text for a site, without what speaks to one recipient",
		"текст рассылки для сайта, без обращённого к одному адресату", NULL, NULL, campaign_operand, text_options, text_run},
	{0}};
