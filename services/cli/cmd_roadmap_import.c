/* vestnik roadmap import: a plan becomes a campaign's folder whose stages are the
 * letters of its steps; nothing is written while something is not understood. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "cli/cli_audit.h"
#include "roadmap/build.h"
#include "roadmap/folder.h"
#include "roadmap/steps.h"
#include "settings/settings.h"

#define TERMS_MAX 500
#define LETTER_MAX_BYTES (64 * 1024)

static const struct cli_noun steps_noun = {"step", "steps", "мероприятие", "мероприятия", "мероприятий"};
static const struct cli_noun texts_noun = {"text", "texts", "текст", "текста", "текстов"};
static const struct cli_noun asks_noun = {"ask for a result", "asks for results", "запрос о результате", "запроса о результате",
	"запросов о результате"};
static const struct cli_noun letters_noun = {"letter", "letters", "письмо", "письма", "писем"};

struct import {
	struct cli *cli;
	const struct cli_args *args;
	const struct settings *settings;
	struct db *db;
	const char *file;
	struct problems problems;
	struct roadmap map;
	struct workdays *workdays;
	struct memory *memory;
	struct build_term term[TERMS_MAX];
	struct build_options options;
	struct build build;
	struct folder_plan plan;
	char *before, *result;    /* letters of the user's own */
	char *title, *folder;
	char controller[GATE_ADDRESS_MAX + 1];
	struct folder_rounds *rounds;
};

/* ---- what was given ------------------------------------------------------------------ */

static int take_day(struct import *in, const char *name, int32_t *day)
{
	struct error e = {0};
	const char *text = cli_value(in->args, name);
	*day = DAY_NONE;
	return text == NULL || day_parse(text, day, &e) == 0 ? CLI_DONE : cli_wrong_use(in->cli, "--%s: %s", name, e.text);
}

static int take_terms(struct import *in)
{
	struct error e = {0};
	const char *text;
	for (size_t i = 0; (text = cli_value_at(in->args, "term", i)) != NULL; i++) {
		if (i == TERMS_MAX)
			return cli_wrong_use(in->cli, tr("more than %d --term", "больше %d --term"), TERMS_MAX);
		if (build_term_parse(text, &in->term[i], &e) != 0)
			return cli_wrong_use(in->cli, "--term: %s", e.text);
		in->options.terms = i + 1;
	}
	in->options.term = in->term;
	return CLI_DONE;
}

static int take_numbers(struct import *in)
{
	int64_t year, school_year, before, after, answer;
	struct cli *cli = in->cli;
	if (cli_number(cli, in->args, "year", 1900, 2199, 0, &year) != 0 ||
		cli_number(cli, in->args, "school-year", 1900, 2199, 0, &school_year) != 0 ||
		cli_number(cli, in->args, "before", 0, 60, 3, &before) != 0 ||
		cli_number(cli, in->args, "after", 0, 60, 3, &after) != 0 ||
		cli_number(cli, in->args, "answer", 1, 60, 5, &answer) != 0)
		return CLI_WRONG_USE;
	in->options.context = (struct term_context){(int)year, (int)school_year};
	in->options.rules = (struct timing_rules){.before = (int)before, .after = (int)after, .answer = (int)answer};
	int rc = take_day(in, "from", &in->options.rules.from_day);
	return rc != CLI_DONE ? rc : take_day(in, "to", &in->options.rules.to_day);
}

static int take_letter(struct import *in, const char *option, char **out)
{
	const char *path = cli_value(in->args, option);
	if (path == NULL)
		return CLI_DONE;
	FILE *f = fopen(path, "re");
	if (f == NULL)
		return cli_failf(in->cli, ERROR_NOT_FOUND, tr("%s: cannot be read", "%s: не читается"), cli_clean(path));
	char *text = xmalloc(LETTER_MAX_BYTES + 2);
	size_t len = fread(text, 1, LETTER_MAX_BYTES + 1, f);
	bool bad = ferror(f) != 0 || len > LETTER_MAX_BYTES || !gate_utf8(text, len) || memchr(text, 0, len) != NULL;
	(void)fclose(f);
	text[len] = '\0';
	*out = text;
	return !bad ? CLI_DONE
		    : cli_failf(in->cli, ERROR_INPUT, tr("%s: want a text in UTF-8 of at most 64 KB", "%s: нужен текст в UTF-8, не больше 64 КБ"),
			      cli_clean(path));
}

static int take_names(struct import *in)
{
	const char *slug = cli_value(in->args, "campaign"), *title = cli_value(in->args, "title");
	const char *folder = cli_value(in->args, "folder"), *controller = cli_value(in->args, "controller");
	struct error e = {0};
	if (slug == NULL || !gate_slug(slug))
		return cli_wrong_use(in->cli, "%s",
			tr("--campaign: want a name of a–z, 0–9 and «-», at most 64: plan-2018",
				"--campaign: нужно имя из a–z, 0–9 и «-», не больше 64: plan-2018"));
	if (controller != NULL && gate_address(controller, in->controller, &e) != 0)
		return cli_wrong_use(in->cli, "--controller: %s", e.text);
	const char *name = strrchr(in->file, '/');
	name = name == NULL ? in->file : name + 1;
	char *stem = xstrndup(name, strcspn(name, "."));
	in->title = title != NULL ? gate_clean_line(title, 300)
				  : xasprintf(tr("Plan of work: %s", "План мероприятий: %s"), stem);
	in->folder = xstrdup(folder != NULL ? folder : slug);
	in->plan = (struct folder_plan){.slug = slug, .title = in->title, .plan_file = name,
		.controller = controller != NULL ? in->controller : NULL};
	free(stem);
	return CLI_DONE;
}

static int take_arguments(struct import *in)
{
	int rc = take_numbers(in);
	if (rc == CLI_DONE)
		rc = take_terms(in);
	if (rc == CLI_DONE)
		rc = take_names(in);
	if (rc == CLI_DONE)
		rc = take_letter(in, "before-letter", &in->before);
	if (rc == CLI_DONE)
		rc = take_letter(in, "result-letter", &in->result);
	return rc;
}

/* ---- what is read ----------------------------------------------------------------------- */

static int read_plan(struct import *in)
{
	struct error e = {0};
	struct table_options options = {.sheet = cli_value(in->args, "sheet")};
	if ((in->settings = cli_settings(in->cli)) == NULL || (in->db = cli_open_store(in->cli)) == NULL)
		return CLI_FAILED;
	if (roadmap_read(in->file, &options, &in->map, &in->problems) != 0)
		return CLI_FAILED;
	in->workdays = workdays_load(in->settings->calendar.name, in->settings->calendar.folder, &in->problems);
	if (in->workdays == NULL)
		return CLI_FAILED;
	if (memory_load(in->db, &in->memory, &e) != 0 ||
		day_of_ms(clock_now_ms(), in->settings->zone, &in->options.today, &e) != 0)
		return cli_fail(in->cli, &e);
	in->options.file = in->file;
	in->options.rules.workdays = in->workdays;
	in->options.ask_past = cli_has(in->args, "ask-past");
	in->options.lang = in->plan.lang = build_lang(&in->map);
	in->plan.links = in->settings->public_url != NULL;
	in->plan.before = in->before;
	in->plan.result = in->result;
	build_make(&in->map, in->memory, &in->options, &in->build, &in->problems);
	return in->problems.errors > 0 ? CLI_FAILED : CLI_DONE;
}

static int tell_unknown(struct import *in)
{
	struct error e = {0};
	const struct build *b = &in->build;
	if (b->unknown_count == 0)
		return CLI_DONE;
	if (memory_note_open(in->db, (const char *const *)b->unknown, b->unknown_count, clock_now_ms(), &e) != 0)
		return cli_fail(in->cli, &e);
	for (size_t i = 0; i < b->unknown_count; i++) {
		if (cli_json(in->cli))
			cli_print_json(in->cli, json_pack("{s:s, s:s}", "kind", "unmapped", "text", b->unknown[i]));
		else
			printf("  %s\n", cli_clean(b->unknown[i]));
	}
	return cli_failf(in->cli, ERROR_INPUT,
		tr("%s nobody has said who is meant by: vestnik roadmap map shows proposals and remembers the answer",
			"%s, о которых не сказано, кто это: vestnik roadmap map покажет предложения и запомнит ответ"),
		cli_count((int64_t)b->unknown_count, &texts_noun));
}

/* ---- the result ----------------------------------------------------------------------------- */

static void tell_result(struct import *in)
{
	int64_t before = 0, ask = 0, without = 0;
	for (size_t i = 0; i < in->build.count; i++) {
		before += in->rounds[i].before != 0;
		ask += in->rounds[i].ask != 0;
		without += in->rounds[i].before == 0 && in->rounds[i].ask == 0;
	}
	if (cli_json(in->cli)) {
		cli_print_json(in->cli, json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I}", "kind", "imported", "campaign",
						in->plan.slug, "folder", in->folder, "steps", (json_int_t)in->build.count,
						"before", (json_int_t)before, "asked", (json_int_t)ask, "without_letters",
						(json_int_t)without));
		return;
	}
	printf(tr("%s → %s/campaign.yaml: %s before, %s, %lld without letters.\n",
		       "%s → %s/campaign.yaml: %s заранее, %s, %lld без писем.\n"),
		cli_count((int64_t)in->build.count, &steps_noun), cli_clean(in->folder), cli_count(before, &letters_noun),
		cli_count(ask, &asks_noun), (long long)without);
	printf(tr("Next: vestnik campaign check %s; vestnik campaign launch %s; vestnik roadmap status %s\n",
		       "Дальше: vestnik campaign check %s; vestnik campaign launch %s; vestnik roadmap status %s\n"),
		cli_clean(in->folder), cli_clean(in->folder), in->plan.slug);
}

static int write_plan(struct import *in)
{
	struct error e = {0};
	in->rounds = xcalloc(in->build.count + 1, sizeof *in->rounds);
	int launched = steps_launched(in->db, in->plan.slug, &e);
	if (launched > 0)
		(void)error_set(&e, ERROR_CONFLICT, tr("the campaign «%s» is launched: another plan needs another name",
			"рассылка «%s» уже запущена: другому плану нужно другое имя"), in->plan.slug);
	char *subject = xasprintf("campaign:%s", in->plan.slug);
	int noted = launched == 0 ? cli_audit_next(in->cli, "roadmap.import", subject, json_pack("{s:I}", "steps",
							   (json_int_t)in->build.count), NULL)
				  : CLI_DONE;
	free(subject);
	if (noted != CLI_DONE)
		return CLI_FAILED;
	if (launched != 0 ||
		folder_write(&in->build, &in->plan, in->folder, cli_has(in->args, "replace"), in->rounds, &e) != 0 ||
		steps_store(in->db, in->plan.slug, &in->build, in->rounds, &e) != 0)
		return cli_fail(in->cli, &e);
	tell_result(in);
	return CLI_DONE;
}

static void import_fini(struct import *in)
{
	free(in->rounds);
	build_fini(&in->build);
	memory_free(&in->memory);
	workdays_free(&in->workdays);
	roadmap_fini(&in->map);
	problems_fini(&in->problems);
	free(in->before);
	free(in->result);
	free(in->title);
	free(in->folder);
}

static int import_run(struct cli *cli, const struct cli_args *args)
{
	struct import *in = xcalloc(1, sizeof *in);
	in->cli = cli;
	in->args = args;
	in->file = cli_operand(args, 0);
	int rc = take_arguments(in);
	if (rc == CLI_DONE) {
		rc = read_plan(in);
		cli_problems(cli, &in->problems);
		if (in->build.map != NULL && tell_unknown(in) != CLI_DONE)
			rc = CLI_FAILED;
		if (rc == CLI_DONE)
			rc = write_plan(in);
	}
	import_fini(in);
	free(in);
	return rc;
}

static const struct cli_operand import_operands[] = {
	{"FILE", "@file", CLI_ONE, "the plan: .docx, .xlsx or .csv", "план: .docx, .xlsx или .csv"}, {0}};
static const struct cli_option import_options[] = {
	{"campaign", 0, "NAME", NULL, "name of the campaign that is made", "имя будущей рассылки"},
	{"title", 0, "TEXT", NULL, "its title", "её название"},
	{"folder", 0, "FOLDER", "@folder", "where it is written (else a folder of that name here)",
		"куда её записать (иначе в папку с этим именем)"},
	{"year", 0, "YEAR", NULL, "the year of terms that name none", "год для сроков, где он не назван"},
	{"school-year", 0, "YEAR", NULL, "first year of «the school year», 2018 of 2018/2019",
		"первый год «учебного года», 2018 для 2018/2019"},
	{"from", 0, "DATE", NULL, "first day of what recurs without bounds", "первый день того, что повторяется без границ"},
	{"to", 0, "DATE", NULL, "last day of what recurs without bounds", "последний день того, что повторяется без границ"},
	{"term", 0, "ROW=TERM", NULL, "the right term of a row, 5=март 2019, in the second table 2.5=…; - : without a term",
		"правильный срок строки, 5=март 2019, во второй таблице 2.5=…; - : без срока"},
	{"before", 0, "DAYS", NULL, "working days before a term begins that a letter says so (3; 0: none)",
		"за сколько рабочих дней до начала напомнить (3; 0 – не напоминать)"},
	{"after", 0, "DAYS", NULL, "working days after it ends that the result is asked for (3)",
		"через сколько рабочих дней после окончания спросить о результате (3)"},
	{"answer", 0, "DAYS", NULL, "working days people have to answer (5)", "сколько рабочих дней на ответ (5)"},
	{"ask-past", 0, NULL, NULL, "also ask, at once, for results of what has ended", "спросить сразу и о том, что уже завершилось"},
	{"before-letter", 0, "FILE", "@file", "a text of your own, with {{step.title}}, {{step.result}} …",
		"свой текст напоминания, с {{step.title}}, {{step.result}} …"},
	{"result-letter", 0, "FILE", "@file", "the same for the ask", "то же для запроса о результате"},
	{"controller", 0, "ADDRESS", NULL, "who gets the list of the silent", "кому сообщить о тех, кто не ответил"},
	{"replace", 0, NULL, NULL, "overwrites a folder that is there", "заменяет имеющуюся папку"},
	{"sheet", 0, "NAME", NULL, "the sheet of a workbook (else the first visible one)",
		"лист книги (иначе первый видимый)"},
	{0}};

const struct command roadmap_import_commands[] = {
	{"roadmap import", "makes a campaign of a plan: reminders before its terms, asks after them",
		"делает из плана рассылку: напоминания до сроков, запросы результата после",
		"Each step becomes two letters: before its term begins, and after it ends, asking whether it is\n"
		"done, moved or not done. Terms that are not understood and responsible texts nobody has mapped\n"
		"are listed and nothing is written: --term gives the one, vestnik roadmap map the other.",
		"Каждое мероприятие становится двумя письмами: до начала срока и после его окончания, с вопросом,\n"
		"выполнено ли оно, перенесено или не выполнено. Непонятые сроки и ответственные, о которых не\n"
		"сказано, кто это, перечисляются, и ничего не записывается: первые даёт --term, вторых –\n"
		"vestnik roadmap map.",
		import_operands, import_options, import_run},
	{0}};
