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
#include "control/campaign_view.h"
#include "letter/public.h"
#include "publish/publish.h"
#include "store/campaign_row.h"
#include "store/db.h"

/* ---- rounds ------------------------------------------------------------------------------ */

struct round_view {
	int64_t number, starts_ms, deadline_ms; /* 0: none */
	char *label, *state;
	int64_t asked, open, received, partial, confirmed;
	bool asks, published;
};
struct rounds_view {
	struct round_view *item;
	size_t count;
	char *zone; /* the campaign's: what people have written is what they see */
};

static const char *round_state_word(const char *state)
{
	static const struct {
		const char *name, *en, *ru;
	} words[] = {{"draft", "draft: no date", "черновик: нет даты"}, {"planned", "planned", "впереди"}, {"open", "open", "идёт"},
		{"closed", "closed", "завершён"}, {"withdrawn", "withdrawn", "отозван"}};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i].name, state) == 0)
			return lang_get() == LANG_RU ? words[i].ru : words[i].en;
	return state;
}

static struct round_view *find(struct rounds_view *all, int64_t number)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->item[i].number == number)
			return &all->item[i];
	return NULL;
}

static void take_definition(struct rounds_view *all, const json_t *definition)
{
	json_t *rounds = definition_rounds(definition);
	size_t i;
	json_t *round;
	all->zone = xstrdup(definition_zone(definition));
	all->item = xcalloc(json_array_size(rounds) + 1, sizeof *all->item);
	json_array_foreach(rounds, i, round)
	{
		const char *label = json_string_value(json_object_get(round, "label"));
		all->item[all->count++] = (struct round_view){
			.number = json_integer_value(json_object_get(round, "number")),
			.starts_ms = json_integer_value(json_object_get(round, "starts_ms")),
			.deadline_ms = json_integer_value(json_object_get(json_object_get(round, "deadline"), "at_ms")),
			.label = xstrdup(label == NULL ? "" : label),
			.state = xstrdup(json_is_true(json_object_get(round, "draft")) ? "draft" : "planned"),
			.asks = json_object_get(definition, "ask") != NULL && definition_asks(round)};
	}
	json_decref(rounds);
}

static int take_rows(struct rounds_view *all, struct db *db, int64_t campaign, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	if (db_query(db, &stmt, e,
		    "SELECT r.number, r.starts_ms, r.deadline_ms, r.state, p.round FROM round r"
		    " LEFT JOIN publication p ON p.campaign = r.campaign AND p.round = r.number WHERE r.campaign = $1",
		    "i", campaign) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW) {
		struct round_view *view = find(all, db_int(stmt, 0));
		if (view == NULL)
			continue;
		free(view->state);
		view->state = xstrdup(db_text(stmt, 3));
		view->starts_ms = strcmp(view->state, "draft") == 0 ? 0 : db_int(stmt, 1);
		view->deadline_ms = db_int(stmt, 2);
		view->published = !db_is_null(stmt, 4);
	}
	return step == DB_FAILED ? -1 : 0;
}

static int take_asks(struct rounds_view *all, struct db *db, int64_t campaign, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	if (db_query(db, &stmt, e,
		    "SELECT r.number, a.state, COUNT(*) FROM ask a JOIN round r ON r.id = a.round"
		    " WHERE a.campaign = $1 AND a.level = 0 GROUP BY r.number, a.state",
		    "i", campaign) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW) {
		struct round_view *view = find(all, db_int(stmt, 0));
		const char *state = db_text(stmt, 1);
		int64_t n = db_int(stmt, 2);
		if (view == NULL)
			continue;
		view->asked += n;
		view->open += strcmp(state, "open") == 0 ? n : 0;
		view->received += strcmp(state, "received") == 0 ? n : 0;
		view->partial += strcmp(state, "partial") == 0 ? n : 0;
		view->confirmed += strcmp(state, "confirmed") == 0 ? n : 0;
	}
	return step == DB_FAILED ? -1 : 0;
}

static int read_rounds(struct db *db, const char *slug, struct rounds_view *all, struct error *e)
{
	struct db_stmt *stmt;
	int64_t id = 0;
	json_t *definition = NULL;
	if (db_query(db, &stmt, e, "SELECT id, definition FROM campaign WHERE slug = $1", "s", slug) != 0)
		return -1;
	enum db_step step = db_step(stmt, e);
	if (step == DB_ROW) {
		id = db_int(stmt, 0);
		definition = json_loads(db_text(stmt, 1), 0, NULL);
		db_reset(stmt);
	}
	if (step != DB_ROW)
		return step == DB_FAILED ? -1
					 : error_set(e, ERROR_NOT_FOUND, tr("there is no campaign «%.80s» (vestnik campaign list)",
							"нет рассылки «%.80s» (vestnik campaign list)"), slug);
	take_definition(all, definition);
	json_decref(definition);
	return take_rows(all, db, id, e) == 0 ? take_asks(all, db, id, e) : -1;
}

static json_t *view_json(const struct round_view *v)
{
	return json_pack("{s:I, s:s, s:s, s:s?, s:s?, s:b, s:I, s:I, s:I, s:I, s:I, s:b}", "round", (json_int_t)v->number, "label",
		v->label, "state", v->state, "starts", cli_rfc3339(v->starts_ms), "deadline", cli_rfc3339(v->deadline_ms),
		"asks", v->asks, "asked", (json_int_t)v->asked, "open", (json_int_t)v->open, "received",
		(json_int_t)v->received, "partial", (json_int_t)v->partial, "confirmed", (json_int_t)v->confirmed, "published",
		v->published);
}

static const char *moment(int64_t time_ms, const char *zone, char out[static CALENDAR_TEXT_SIZE])
{
	return time_ms == 0 || calendar_format(time_ms, zone, lang_get(), CALENDAR_FULL, out, NULL) != 0 ? "—" : out;
}

static void view_row(struct cli_table *table, const char *zone, const struct round_view *v)
{
	char number[24], answers[64] = "", starts[CALENDAR_TEXT_SIZE], deadline[CALENDAR_TEXT_SIZE];
	(void)snprintf(number, sizeof number, "%lld", (long long)v->number);
	if (v->asked > 0)
		(void)snprintf(answers, sizeof answers, tr("%lld of %lld", "%lld из %lld"),
			(long long)(v->received + v->partial + v->confirmed), (long long)v->asked);
	cli_table_row(table, (const char *const[]){number, v->label, round_state_word(v->state), moment(v->starts_ms, zone, starts),
				     v->asks ? moment(v->deadline_ms, zone, deadline) : "—", answers, v->published ? tr("yes", "да") : ""});
}

/* ---- the plan ------------------------------------------------------------------------------ */

static const char *plan_word(const char *name)
{
	static const struct {
		const char *name, *en, *ru;
	} words[] = {{"open", "letters", "письма"}, {"reminder", "reminder", "напоминание"},
		{"close", "deadline", "срок"}, {"escalation", "list of the silent", "список не ответивших"},
		{"report", "report", "отчёт"}, {"planned", "planned", "впереди"}, {"done", "done", "сделано"},
		{"overtaken", "not done", "не сделано"}, {"withdrawn", "withdrawn", "отозвано"}};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i].name, name) == 0)
			return lang_get() == LANG_RU ? words[i].ru : words[i].en;
	return name;
}

/* What happens when, and why: rows of the plan, in their order. */
static int show_plan(struct cli *cli, struct db *db, const char *slug, const char *zone, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	if (db_query(db, &stmt, e,
		    "SELECT r.number, p.kind, p.place, p.due_ms, p.state, p.letters, COALESCE(p.reason, '') FROM plan p"
		    " JOIN round r ON r.id = p.round JOIN campaign c ON c.id = p.campaign WHERE c.slug = $1"
		    " ORDER BY p.due_ms, p.id",
		    "s", slug) != 0)
		return -1;
	const struct cli_column columns[] = {{"№", true, false}, {tr("WHAT", "ЧТО"), false, false},
		{tr("WHEN", "КОГДА"), false, false}, {tr("STATE", "СОСТОЯНИЕ"), false, false},
		{tr("LETTERS", "ПИСЕМ"), true, false}, {tr("WHY", "ПОЧЕМУ"), false, true}};
	struct cli_table *table = cli_json(cli) ? NULL : cli_table_new(columns, sizeof columns / sizeof *columns);
	size_t count = 0;
	while ((step = db_step(stmt, e)) == DB_ROW) {
		char number[24], due[CALENDAR_TEXT_SIZE], letters[24];
		count++;
		if (table == NULL) {
			cli_print_json(cli, json_pack("{s:I, s:s, s:s, s:s?, s:s, s:I, s:s}", "round", (json_int_t)db_int(stmt, 0),
						    "plan", db_text(stmt, 1), "place", db_text(stmt, 2), "due",
						    cli_rfc3339(db_int(stmt, 3)), "state", db_text(stmt, 4), "letters",
						    (json_int_t)db_int(stmt, 5), "reason", db_text(stmt, 6)));
			continue;
		}
		(void)snprintf(number, sizeof number, "%lld", (long long)db_int(stmt, 0));
		(void)snprintf(letters, sizeof letters, "%lld", (long long)db_int(stmt, 5));
		cli_table_row(table, (const char *const[]){number, plan_word(db_text(stmt, 1)), moment(db_int(stmt, 3), zone, due),
					     plan_word(db_text(stmt, 4)), letters, db_text(stmt, 6)});
	}
	if (table != NULL && count > 0)
		putchar('\n');
	if (table != NULL)
		cli_table_print(&table);
	return step == DB_FAILED ? -1 : 0;
}

static int rounds_run(struct cli *cli, const struct cli_args *args)
{
	struct rounds_view all = {0};
	struct error e = {0};
	struct db *db = cli_open_store(cli);
	if (db == NULL)
		return CLI_FAILED;
	int rc = read_rounds(db, cli_operand(args, 0), &all, &e) == 0 ? CLI_DONE : cli_fail(cli, &e);
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
		free(all.item[i].label);
		free(all.item[i].state);
	}
	if (table != NULL)
		cli_table_print(&table);
	if (rc == CLI_DONE && cli_has(args, "plan") && show_plan(cli, db, cli_operand(args, 0), all.zone, &e) != 0)
		rc = cli_fail(cli, &e);
	free(all.item);
	free(all.zone);
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
