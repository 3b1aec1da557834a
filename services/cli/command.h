/* What a command of `vestnik` is made of. A file cmd_<area>.c describes its
 * commands in one table and adds two lines: its name in CMakeLists.txt and
 * COMMAND_GROUP(<area>_commands) in command_groups.h. --help, messages about
 * wrong use, and bash completion are made from the table.
 *
 *	static const struct cli_operand import_operands[] = {
 *		{"FILE", "@file", CLI_ONE, "the sheet: .csv or .xlsx", "таблица: .csv или .xlsx"}, {0}};
 *	static const struct cli_option import_options[] = {
 *		{"dry-run", 0, NULL, NULL, "shows what would happen", "показывает, что произошло бы"},
 *		{"sheet", 0, "NAME", NULL, "…", "…"}, {0}};
 *	const struct command directory_commands[] = {
 *		{"directory import", "imports organisations …", "загружает организации …", NULL, NULL,
 *			import_operands, import_options, directory_import_run}, {0}};
 *
 * run returns CLI_DONE, CLI_FAILED (after cli_fail…) or what cli_wrong_use
 * returned. --config, --lang, --json, --help are taken care of everywhere. */
#ifndef VESTNIK_CLI_COMMAND_H
#define VESTNIK_CLI_COMMAND_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/ident.h"
#include "base/lang.h"
#include "base/problem.h"

enum cli_exit { CLI_DONE = 0, CLI_FAILED = 1, CLI_WRONG_USE = 2 };

/* ---- the table -------------------------------------------------------------- */

/* `values` says what may stand in an argument, for the check and for
 * completion: "failed|uncertain" (nothing else is taken), "@file", "@folder",
 * "@command"; NULL = anything. */
struct cli_option {
	const char *name;     /* without dashes: "dry-run"; NULL ends the table */
	char letter;          /* 'f' for -f; 0 = none */
	const char *argument; /* "FILE"; NULL = a flag */
	const char *values;
	const char *help_en, *help_ru;
};

enum cli_operand_kind {
	CLI_ONE,
	CLI_OPTIONAL,
	CLI_MANY, /* one or more; the last */
	CLI_ANY   /* none or more; the last */
};
struct cli_operand {
	const char *name;     /* "FILE"; NULL ends the table */
	const char *values;
	enum cli_operand_kind kind;
	const char *help_en, *help_ru;
};

struct cli;
struct cli_args;

struct command {
	const char *words;    /* "directory import"; NULL ends the table */
	const char *summary_en, *summary_ru; /* one line, no full stop */
	const char *more_en, *more_ru;       /* paragraphs for --help; may be NULL */
	const struct cli_operand *operands;  /* NULL = none */
	const struct cli_option *options;    /* NULL = none */
	int (*run)(struct cli *cli, const struct cli_args *args);
};

/* ---- what was given ----------------------------------------------------------- */

/* The i-th operand, NULL when it was not given. */
const char *cli_operand(const struct cli_args *args, size_t i);
size_t cli_operands(const struct cli_args *args);
/* Flags and options by name; a name that is not in the table is a bug. */
bool cli_has(const struct cli_args *args, const char *name);
/* The last value given, NULL when none. */
const char *cli_value(const struct cli_args *args, const char *name);
/* All values of an option given several times; NULL when there are no more. */
const char *cli_value_at(const struct cli_args *args, const char *name, size_t i);
/* A whole number; `standard` when not given. -1: wrong use was reported, return CLI_WRONG_USE. */
int cli_number(struct cli *cli, const struct cli_args *args, const char *name, int64_t least,
	int64_t most, int64_t standard, int64_t *value);

/* ---- surroundings ----------------------------------------------------------- */

struct settings;
struct db;
struct bus;

/* Human text in tr(), or objects? */
bool cli_json(const struct cli *cli);
/* Loaded at first use. NULL: the problems were printed, return CLI_FAILED. */
const struct settings *cli_settings(struct cli *cli);
/* --config as given, NULL = none (for starting other programs). */
const char *cli_config_path(const struct cli *cli);
/* The store, migrated (created when it is not there); opened once, closed by
 * main. NULL: reported, return CLI_FAILED. */
struct db *cli_open_store(struct cli *cli);
/* The bus; opened once, closed by main. NULL as above. */
struct bus *cli_open_bus(struct cli *cli);
/* The installation's key. NULL as above. */
const struct ident_key *cli_key(struct cli *cli);
/* "name@host" of the person, for revisions and audit. */
const char *cli_actor(struct cli *cli);

/* ---- saying what went wrong: on standard error -------------------------------- */

/* Return CLI_FAILED. With --json: {"error":text,"code":name}. */
int cli_fail(struct cli *cli, const struct error *e);
__attribute__((format(printf, 3, 4))) int cli_failf(
	struct cli *cli, enum error_code code, const char *fmt, ...);
/* Returns CLI_WRONG_USE; adds where help is. */
__attribute__((format(printf, 2, 3))) int cli_wrong_use(struct cli *cli, const char *fmt, ...);
/* A remark that ends nothing. */
__attribute__((format(printf, 2, 3))) void cli_warn(struct cli *cli, const char *fmt, ...);
/* Every problem, a line each; with --json objects {"severity","file","line",
 * "column","field","text","hint"} on standard output. */
void cli_problems(struct cli *cli, const struct problems *problems);
/* The problem as such an object, with a member more: new reference. */
json_t *cli_problem_json(const struct problem *problem);

/* ---- output ---------------------------------------------------------------- */

/* One object, one line; takes the reference. */
void cli_print_json(struct cli *cli, json_t *object);
/* Text that may come from outside, made harmless for a terminal (control
 * characters become «?»). Stands in one of 8 rotating buffers, cut at 2000 bytes. */
const char *cli_clean(const char *text);
/* "2023-05-30 18:00:05", «30.05.2023 18:00:05» in the settings' zone (UTC before
 * they are loaded); "—" for 0. Rotating buffers as above. */
const char *cli_time(struct cli *cli, int64_t time_ms);
/* "2 h 5 min", «2 ч 5 мин»: the two largest units. Rotating buffers as above. */
const char *cli_span(int64_t ms);
/* "1 234 567": thin for people. Rotating buffers as above. */
const char *cli_thousands(int64_t n);

/* "12.3 MB". Rotating buffers as above. */
const char *cli_size(int64_t bytes);
/* A delivery's state for people: "accepted", «принято» (enum delivery_state). */
const char *cli_delivery_state(int state);
/* "2026-11-21T10:00:00.000Z" for JSON, NULL for 0 (json_pack's s?). Rotating buffers. */
const char *cli_rfc3339(int64_t time_ms);
/* A moment people give: RFC 3339, "2026-11-21", "2026-11-21 10:00" in the
 * settings' zone, or a span back from now: "2h", "30m". -1: it is none. */
int cli_parse_moment(struct cli *cli, const char *text, int64_t *time_ms);

struct cli_noun { /* {"letter", "letters", "письмо", "письма", "писем"} */
	const char *en_one, *en_many, *ru_one, *ru_few, *ru_many;
};
/* "5 letters", «5 писем». Rotating buffers as above. */
const char *cli_count(int64_t n, const struct cli_noun *noun);

/* Terminal columns of UTF-8 text. */
size_t cli_width(const char *text);
/* Columns of the terminal on standard output; 0 = it is none: don't cut. */
size_t cli_terminal_width(void);

struct cli_column {
	const char *title;
	bool right;   /* numbers */
	bool elastic; /* cut with «…» when the table is wider than the terminal */
};
struct cli_table;
struct cli_table *cli_table_new(const struct cli_column *columns, size_t count);
/* count cells, copied and cleaned; NULL = empty. */
void cli_table_row(struct cli_table *table, const char *const *cells);
size_t cli_table_rows(const struct cli_table *table);
/* Prints to standard output and frees. */
void cli_table_print(struct cli_table **table);
void cli_table_free(struct cli_table **table);

/* A bar on standard error, only on a terminal and without --json: share, done of
 * total, rate, time left. noun NULL = only the share. */
struct cli_progress;
struct cli_progress *cli_progress_new(struct cli *cli, const struct cli_noun *noun);
/* As often as you like: it draws ten times a second. total 0 = unknown. */
void cli_progress_show(struct cli_progress *progress, int64_t done, int64_t total);
/* Removes the bar (keep: leaves the last state on a line of its own); frees. */
void cli_progress_end(struct cli_progress **progress, bool keep);

/* Asks on the terminal; false for anything but yes. When nobody can answer it
 * says that `flag` ("--yes") is needed. */
bool cli_confirm(struct cli *cli, const char *flag, const char *question);

/* ---- the machinery: main.c and the tests ---------------------------------------- */

extern const struct command *const command_groups[]; /* NULL ends it */

int cli_main(int argc, char **argv);
/* The command with these words, NULL when there is none. */
const struct command *command_find(const char *words);
void command_print_overview(void);
void command_print_help(const struct command *command);
/* Commands whose first word is this; false when there are none. */
bool command_print_group(const char *word);
/* The closest of candidates (NULL-terminated), NULL when none is close. */
const char *command_nearest(const char *word, const char *const *candidates);
/* Options every command takes. */
extern const struct cli_option command_global_options[];

#endif
