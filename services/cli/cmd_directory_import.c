/* `vestnik directory import FILE`. */
#include "cli/cmd_directory_import.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli_audit.h"
#include "directory/directory.h"

struct import_view {
	struct cli *cli;
	struct cli_progress *progress;
	bool every_row; /* a dry run shows all rows, an import only what it skips */
	int64_t shown;
};

static const char *fate_word(enum directory_fate fate)
{
	switch (fate) {
	case DIRECTORY_ADDED:
		return tr("new", "новая");
	case DIRECTORY_CHANGED:
		return tr("changed", "изменена");
	case DIRECTORY_UNCHANGED:
		return tr("unchanged", "без изменений");
	case DIRECTORY_SKIPPED:
		break;
	}
	return tr("skipped", "пропущена");
}

static json_t *fate_json(int line, const char *key, const char *name, enum directory_fate fate,
	const struct problem *problem)
{
	static const char *const names[] = {"added", "changed", "unchanged", "skipped"};
	json_t *object = json_pack("{s:i, s:s, s:s, s:s}", "line", line, "fate", names[fate], "key", key,
		"name", name);
	if (problem != NULL)
		(void)json_object_set_new(object, "problem", cli_problem_json(problem));
	return object;
}

static void on_fate(void *arg, int line, const char *key, const char *name, enum directory_fate fate,
	const struct problem *problem)
{
	struct import_view *view = arg;
	if (!view->every_row && fate != DIRECTORY_SKIPPED)
		return;
	if (view->shown++ == 0)
		cli_progress_end(&view->progress, false);
	if (cli_json(view->cli)) {
		cli_print_json(view->cli, fate_json(line, key, name, fate, problem));
		return;
	}
	(void)printf("%6d  %-13s  %s  %s", line, fate_word(fate), cli_clean(key), cli_clean(name));
	if (problem != NULL && problem->field != NULL)
		(void)printf(": %s", cli_clean(problem->field));
	if (problem != NULL)
		(void)printf(": %s", cli_clean(problem->text));
	(void)putchar('\n');
}

static void on_progress(void *arg, int64_t done, int64_t total)
{
	struct import_view *view = arg;
	if (view->progress != NULL)
		cli_progress_show(view->progress, done, total);
}

static void print_summary(struct cli *cli, const struct directory_import_options *options,
	const struct directory_import_result *result, bool stored)
{
	if (cli_json(cli)) {
		cli_print_json(cli,
			json_pack("{s:b, s:b, s:I, s:I, s:I, s:I, s:I, s:s, s:s}", "dry_run",
				options->dry_run ? 1 : 0, "stored", stored ? 1 : 0, "added",
				(json_int_t)result->added, "changed", (json_int_t)result->changed, "unchanged",
				(json_int_t)result->unchanged, "skipped", (json_int_t)result->skipped,
				"revision", (json_int_t)result->revision, "encoding", result->facts.encoding,
				"sheet", result->facts.sheet));
		return;
	}
	(void)printf(tr("new %s, changed %s, unchanged %s, skipped %s",
			     "новых %s, изменено %s, без изменений %s, пропущено %s"),
		cli_thousands(result->added), cli_thousands(result->changed),
		cli_thousands(result->unchanged), cli_thousands(result->skipped));
	if (result->facts.delimiter == 0)
		(void)printf(tr(" (sheet «%s»)", " (лист «%s»)"), cli_clean(result->facts.sheet));
	else
		(void)printf(" (%s)", result->facts.encoding);
	if (options->dry_run)
		(void)printf("%s", tr("; a dry run: nothing was stored", "; проверка: ничего не сохранено"));
	(void)putchar('\n');
}

/* "tab" or one character; -1: wrong use was reported. */
static int delimiter_of(struct cli *cli, const char *text, char *delimiter)
{
	*delimiter = 0;
	if (text == NULL)
		return 0;
	if (strcmp(text, "tab") == 0 || strcmp(text, "\\t") == 0)
		*delimiter = '\t';
	else if (strlen(text) == 1 && strchr(";,|\t", text[0]) != NULL)
		*delimiter = text[0];
	else
		(void)cli_wrong_use(cli, "%s", tr("--delimiter is one of ; , | tab", "--delimiter: одно из ; , | tab"));
	return *delimiter != 0 ? 0 : -1;
}

/* The problems that the rows shown did not say: all, when nothing was shown. */
static void print_problems(struct cli *cli, const struct problems *problems, bool rows_shown)
{
	struct problems rest = *problems;
	struct problem item[PROBLEMS_KEPT];
	if (rows_shown) {
		rest = (struct problems){.item = item, .warnings = problems->warnings};
		for (size_t i = 0; i < problems->count; i++)
			if (problems->item[i].severity == PROBLEM_WARNING)
				item[rest.count++] = problems->item[i];
	}
	cli_problems(cli, &rest);
}

int directory_import_run(struct cli *cli, const struct cli_args *args)
{
	struct import_view view = {.cli = cli};
	struct problems problems = {0};
	struct directory_import_result result;
	struct error e = {0};
	struct directory_import_options options = {.path = cli_operand(args, 0),
		.table = {.encoding = cli_value(args, "encoding"), .sheet = cli_value(args, "sheet")},
		.dry_run = cli_has(args, "dry-run"),
		.skip_bad = cli_has(args, "skip-bad"),
		.actor = cli_actor(cli),
		.fate = on_fate,
		.progress = on_progress,
		.arg = &view};
	if (delimiter_of(cli, cli_value(args, "delimiter"), &options.table.delimiter) != 0)
		return CLI_WRONG_USE;
	struct db *db = cli_open_store(cli);
	if (db == NULL)
		return CLI_FAILED;
	if (!options.dry_run &&
		cli_audit_next(cli, "directory.import", "directory:all", json_pack("{s:s}", "file", basename(options.path)), NULL) != CLI_DONE)
		return CLI_FAILED;
	view.every_row = options.dry_run;
	view.progress = cli_progress_new(cli, NULL);
	int rc = directory_import(db, &options, &result, &problems, &e);
	cli_progress_end(&view.progress, false);
	print_problems(cli, &problems, view.shown > 0);
	bool told = problems.errors > 0;
	problems_fini(&problems);
	if (e.code != ERROR_NONE)
		return cli_fail(cli, &e);
	if (rc == 0 || view.shown > 0)
		print_summary(cli, &options, &result, rc == 0 && !options.dry_run);
	if (rc != 0 && !cli_json(cli) && told && !options.dry_run)
		cli_warn(cli, "%s",
			tr("nothing was stored; --dry-run shows every row, --skip-bad imports the good ones",
				"ничего не сохранено; --dry-run покажет каждую строку, --skip-bad загрузит "
				"годные"));
	return rc == 0 ? CLI_DONE : CLI_FAILED;
}

const struct cli_operand directory_import_operands[] = {
	{"FILE", "@file", CLI_ONE, "the sheet: .csv or .xlsx", "таблица: .csv или .xlsx"}, {0}};
const struct cli_option directory_import_options[] = {
	{"dry-run", 'n', NULL, NULL, "shows what would become of every row", "показывает судьбу каждой строки"},
	{"skip-bad", 0, NULL, NULL, "imports the good rows and lists the others",
		"загружает годные строки, остальные перечисляет"},
	{"sheet", 0, "NAME", NULL, "sheet of the workbook (default: the first visible one)",
		"лист книги (обычно первый видимый)"},
	{"encoding", 0, "NAME", NULL, "utf-8, windows-1251, utf-16le, koi8-r, cp866 (default: found out)",
		"utf-8, windows-1251, utf-16le, koi8-r, cp866 (обычно определяется)"},
	{"delimiter", 0, "CHAR", NULL, "; , | or tab (default: found out)", "; , | или tab (обычно определяется)"},
	{0}};
