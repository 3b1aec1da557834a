/* `vestnik roadmap show`: what is read from a plan before anything is made of it:
 * its steps, what each term was understood as, and what was not, by row. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "calendar/term.h"
#include "cli/command.h"
#include "table/roadmap.h"

#define WORDS_MAX_BYTES 4096

struct show {
	struct cli *cli;
	const char *file;
	struct term_context context;
	struct problems problems;
	size_t open; /* terms that need somebody */
};

static void name_open_term(struct show *show, const struct roadmap_step *step, const struct term *term,
	const char *words)
{
	char place[ROADMAP_PLACE_SIZE];
	struct problem_place at = {.file = show->file,
		.line = step->table == 0 ? step->row : 0,
		.field = step->table > 0 ? roadmap_place(step, place) : NULL};
	if (step->term[0] == '\0')
		return; /* reading the table said so already */
	if (term->kind == TERM_UNKNOWN || term->need == TERM_NEEDS_YEAR || term->need == TERM_NEEDS_SCHOOL_YEAR) {
		show->open++;
		problem_add(&show->problems, PROBLEM_ERROR, at, NULL, tr("term «%.120s»: %s", "срок «%.120s»: %s"),
			step->term, words);
	}
}

static json_t *day_json(int32_t day)
{
	char text[DAY_TEXT_SIZE];
	return day == DAY_NONE ? json_null() : json_string(day_iso(day, text));
}

static json_t *step_json(const struct roadmap_step *step, const struct term *term, const char *words)
{
	json_t *spans = json_array();
	for (size_t i = 0; i < term->spans; i++)
		json_array_append_new(spans, json_pack("{s:o, s:o}", "begin", day_json(term->span[i].begin_day),
						     "end", day_json(term->span[i].end_day)));
	return json_pack("{s:s, s:i, s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:s}", "kind",
		"step", "table", step->table, "row", step->row, "number", step->number, "section", step->section,
		"title", step->title, "result", step->result, "responsible", step->responsible, "term", step->term,
		"term_kind", term_kind_name(term->kind), "understood", words, "begin", day_json(term->begin_day),
		"end", day_json(term->end_day), "spans", spans, "rrule", term->rrule);
}

static void print_step(struct show *show, const struct roadmap_step *step, struct cli_table *table)
{
	struct term term;
	struct buf words;
	char place[ROADMAP_PLACE_SIZE];
	buf_init(&words, WORDS_MAX_BYTES);
	(void)term_parse(step->term, &show->context, &term);
	(void)term_explain(step->term, &term, lang_get(), &words);
	name_open_term(show, step, &term, buf_str(&words));
	if (table == NULL)
		cli_print_json(show->cli, step_json(step, &term, buf_str(&words)));
	else
		cli_table_row(table, (const char *const[]){roadmap_place(step, place), step->number, step->title,
					     step->term, buf_str(&words), step->responsible});
	buf_fini(&words);
}

static void print_steps(struct show *show, const struct roadmap *map)
{
	const struct cli_column columns[] = {{tr("where", "где"), false, false}, {"№", false, false},
		{tr("action", "мероприятие"), false, true}, {tr("term", "срок"), false, true},
		{tr("understood as", "понято как"), false, true}, {tr("responsible", "ответственный"), false, true}};
	struct cli_table *table = cli_json(show->cli) ? NULL : cli_table_new(columns, sizeof columns / sizeof columns[0]);
	for (size_t i = 0; i < map->count; i++)
		print_step(show, &map->step[i], table);
	if (table != NULL)
		cli_table_print(&table);
}

static int show_run(struct cli *cli, const struct cli_args *args)
{
	struct show show = {.cli = cli, .file = cli_operand(args, 0)};
	struct table_options options = {.sheet = cli_value(args, "sheet")};
	struct roadmap map;
	int64_t year, school_year;
	if (cli_number(cli, args, "year", 1900, 2199, 0, &year) != 0 ||
		cli_number(cli, args, "school-year", 1900, 2199, 0, &school_year) != 0)
		return CLI_WRONG_USE;
	show.context = (struct term_context){(int)year, (int)school_year};
	int rc = roadmap_read(show.file, &options, &map, &show.problems) == 0 ? CLI_DONE : CLI_FAILED;
	if (rc == CLI_DONE)
		print_steps(&show, &map);
	if (show.problems.errors > 0)
		rc = CLI_FAILED;
	cli_problems(cli, &show.problems);
	if (show.open > 0 && !cli_json(cli))
		cli_warn(cli, "%s",
			tr("terms that are not understood are not guessed: write them as dates, or give --year",
				"непонятые сроки не угадываются: напишите их датами или укажите --year"));
	problems_fini(&show.problems);
	roadmap_fini(&map);
	return rc;
}

static const struct cli_operand show_operands[] = {
	{"FILE", "@file", CLI_ONE, "the plan: .docx, .xlsx or .csv", "план: .docx, .xlsx или .csv"}, {0}};
static const struct cli_option show_options[] = {
	{"year", 0, "YEAR", NULL, "the year of terms that name none", "год для сроков, где он не назван"},
	{"school-year", 0, "YEAR", NULL, "first year of «the school year», 2018 of 2018/2019",
		"первый год «учебного года», 2018 для 2018/2019"},
	{"sheet", 0, "NAME", NULL, "the sheet of a workbook (else the first visible one)",
		"лист книги (иначе первый видимый)"},
	{0}};

const struct command roadmap_commands[] = {
	{"roadmap show", "shows the steps of a plan and how their terms are understood",
		"показывает мероприятия плана и то, как поняты их сроки",
		"Reads a table with a header row («Мероприятие», «Срок», «Ответственный» …). Exit code 1\n"
		"when a term is not understood: it is named by table and row, never guessed.",
		"Читает таблицу со строкой заголовка («Мероприятие», «Срок», «Ответственный» …). Код выхода 1,\n"
		"если какой-то срок не понят: он называется по таблице и строке и не угадывается.",
		show_operands, show_options, show_run},
	{0}};
