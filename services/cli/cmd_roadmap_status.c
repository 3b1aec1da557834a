/* vestnik roadmap status|mark: what has become of a plan's steps. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "calendar/day.h"
#include "cli/cli_audit.h"
#include "roadmap/progress.h"
#include "roadmap/steps.h"
#include "settings/settings.h"

static const struct cli_noun steps_noun = {"step", "steps", "мероприятие", "мероприятия", "мероприятий"};

/* ---- status ----------------------------------------------------------------------------- */

/* 2018-10-31, «31.10.2018». */
static const char *day_text(int32_t day, char out[static DAY_TEXT_SIZE])
{
	struct calendar_time t = day_split(day);
	if (lang_get() != LANG_RU)
		return day_iso(day, out);
	(void)snprintf(out, DAY_TEXT_SIZE, "%02d.%02d.%04d", t.day, t.month, t.year);
	return out;
}

static const char *days_words(const struct progress_line *l, char out[static 2 * DAY_TEXT_SIZE])
{
	char begin[DAY_TEXT_SIZE] = "", end[DAY_TEXT_SIZE] = "";
	if (l->end_day == DAY_NONE)
		return "—";
	(void)day_text(l->end_day, end);
	if (l->begin_day != DAY_NONE && l->begin_day != l->end_day)
		(void)snprintf(out, 2 * DAY_TEXT_SIZE, "%s – %s", day_text(l->begin_day, begin), end);
	else
		(void)snprintf(out, 2 * DAY_TEXT_SIZE, "%s", end);
	return out;
}

static bool wanted(const struct cli_args *args, const struct progress_line *l)
{
	const char *state = cli_value(args, "state"), *key = cli_value(args, "key");
	return (state == NULL || strcmp(state, progress_state_name(l->state)) == 0) &&
		(key == NULL || (l->key != NULL && strcmp(key, l->key) == 0));
}

static void print_table(const struct cli_args *args, const struct progress_table *t)
{
	const struct cli_column columns[] = {{"№", true, false}, {tr("STEP", "МЕРОПРИЯТИЕ"), false, true},
		{tr("DAYS", "СРОК"), false, false}, {tr("RESPONSIBLE", "ОТВЕТСТВЕННЫЙ"), false, true},
		{tr("STATE", "СОСТОЯНИЕ"), false, false}, {tr("NOTE", "ЧТО СООБЩИЛИ"), false, true}};
	struct cli_table *table = cli_table_new(columns, sizeof columns / sizeof *columns);
	for (size_t i = 0; i < t->count; i++) {
		const struct progress_line *l = &t->line[i];
		char number[24], days[2 * DAY_TEXT_SIZE], moved[DAY_TEXT_SIZE];
		if (!wanted(args, l))
			continue;
		(void)snprintf(number, sizeof number, "%lld", (long long)l->number);
		char *title = xasprintf("%s%s%s", l->title, l->label[0] != '\0' ? ", " : "", l->label);
		char *note = l->moved_day == DAY_NONE ? xstrdup(l->note)
						       : xasprintf("→ %s %s", day_text(l->moved_day, moved), l->note);
		cli_table_row(table, (const char *const[]){number, title, days_words(l, days),
					     l->who[0] != '\0' ? l->who : "—", progress_state_words(l->state), note});
		free(note);
		free(title);
	}
	cli_table_print(&table);
}

static void print_totals(const struct progress_table *t)
{
	printf("\n%s: ", cli_count(t->total, &steps_noun));
	bool any = false;
	for (int i = PROGRESS_STATES - 1; i >= 0; i--)
		if (t->steps[i] > 0) {
			printf("%s%s %lld", any ? ", " : "", progress_state_words((enum progress_state)i), (long long)t->steps[i]);
			any = true;
		}
	puts(".");
	if (!t->launched)
		puts(tr("The campaign is not launched yet: nothing goes out.", "Рассылка ещё не запущена: письма не уходят."));
}

static int status_run(struct cli *cli, const struct cli_args *args)
{
	const struct settings *settings = cli_settings(cli);
	struct db *db = settings == NULL ? NULL : cli_open_store(cli);
	const char *xlsx = cli_value(args, "xlsx");
	struct progress_table table;
	struct error e = {0};
	if (db == NULL)
		return CLI_FAILED;
	if (progress_read(db, cli_operand(args, 0), settings->zone, clock_now_ms(), &table, &e) != 0)
		return cli_fail(cli, &e);
	int rc = xlsx == NULL || progress_xlsx(&table, xlsx, &e) == 0 ? CLI_DONE : cli_fail(cli, &e);
	if (rc == CLI_DONE && cli_json(cli)) {
		for (size_t i = 0; i < table.count; i++)
			if (wanted(args, &table.line[i]))
				cli_print_json(cli, progress_line_json(&table.line[i]));
		cli_print_json(cli, progress_totals_json(&table));
	} else if (rc == CLI_DONE && xlsx != NULL) {
		printf(tr("Written: %s\n", "Записано: %s\n"), cli_clean(xlsx));
	} else if (rc == CLI_DONE) {
		print_table(args, &table);
		print_totals(&table);
	}
	progress_table_fini(&table);
	return rc;
}

static const struct cli_operand status_operands[] = {
	{"CAMPAIGN", NULL, CLI_ONE, "the plan's campaign", "рассылка плана"}, {0}};
static const struct cli_option status_options[] = {
	{"xlsx", 0, "FILE", "@file", "writes a workbook to print", "записать книгу Excel для печати"},
	{"state", 0, "STATE", "draft|planned|running|asked|received|overdue|moved|failed|done", "only these",
		"только в этом состоянии"},
	{"key", 0, "KEY", NULL, "only this organisation's", "только этой организации"},
	{0}};

/* ---- mark ---------------------------------------------------------------------------------- */

struct marking {
	struct cli *cli;
	const char *slug, *note;
	int64_t number;
	enum outcome outcome;
	int32_t day;
};

static int mark(void *arg, struct db *tx, struct error *e)
{
	const struct marking *m = arg;
	if (steps_mark(tx, m->slug, m->number, m->outcome, m->day, m->note, cli_actor(m->cli), clock_now_ms(), e) != 0)
		return -1;
	char *subject = xasprintf("campaign:%s", m->slug);
	int rc = cli_audit(m->cli, tx, "roadmap.mark", subject, json_pack("{s:I, s:i}", "step", (json_int_t)m->number, "outcome", (int)m->outcome),
		m->note == NULL ? NULL : json_pack("{s:s}", "note", m->note), e);
	free(subject);
	return rc;
}

static int mark_run(struct cli *cli, const struct cli_args *args)
{
	struct error e = {0};
	long long number;
	const char *moved = cli_value(args, "moved");
	int32_t day = DAY_NONE;
	bool done = cli_has(args, "done"), failed = cli_has(args, "failed"), clear = cli_has(args, "clear");
	if (!gate_int64(cli_operand(args, 1), 1, 100000, &number))
		return cli_wrong_use(cli, tr("«%s»: want the step's number", "«%s»: нужен номер мероприятия"),
			cli_clean(cli_operand(args, 1)));
	if (done + failed + clear + (moved != NULL) != 1)
		return cli_wrong_use(cli, "%s", tr("one of --done, --moved, --failed, --clear",
			"что-то одно: --done, --moved, --failed или --clear"));
	if (moved != NULL && day_parse(moved, &day, &e) != 0)
		return cli_wrong_use(cli, "--moved: %s", e.text);
	enum outcome outcome = done ? OUTCOME_DONE : failed ? OUTCOME_FAILED : clear ? OUTCOME_NONE : OUTCOME_MOVED;
	struct marking marking = {cli, cli_operand(args, 0), cli_value(args, "note"), number, outcome, day};
	if (cli_transaction(cli, mark, &marking) != CLI_DONE)
		return CLI_FAILED;
	if (!cli_json(cli))
		puts(tr("Noted.", "Отмечено."));
	return CLI_DONE;
}

static const struct cli_operand mark_operands[] = {
	{"CAMPAIGN", NULL, CLI_ONE, "the plan's campaign", "рассылка плана"},
	{"STEP", NULL, CLI_ONE, "its number in vestnik roadmap status", "номер мероприятия в vestnik roadmap status"}, {0}};
static const struct cli_option mark_options[] = {
	{"done", 0, NULL, NULL, "it is done", "выполнено"},
	{"moved", 0, "DATE", NULL, "it is moved, to this day", "перенесено на этот день"},
	{"failed", 0, NULL, NULL, "it is not done", "не выполнено"},
	{"clear", 0, NULL, NULL, "takes the mark back", "снять отметку"},
	{"note", 0, "TEXT", NULL, "what was said", "что сообщили"},
	{0}};

const struct command roadmap_status_commands[] = {
	{"roadmap status", "a plan under way: done, running, overdue, moved", "ход плана: выполнено, идёт, просрочено, перенесено",
		NULL, NULL, status_operands, status_options, status_run},
	{"roadmap mark", "notes a result by hand: of an own department, by telephone",
		"отмечает результат вручную: своего отдела, по телефону",
		"It stands for all of the step's responsibles who have not said a result themselves.",
		"Действует за всех ответственных мероприятия, которые сами о результате не сообщили.", mark_operands, mark_options, mark_run},
	{0}};
