/* `vestnik person find|export|erase`: what is stored of one person. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "cli/cli_audit.h"
#include "person/person.h"

#define PIECE 20000 /* rows between two looks of the bar */

static const struct cli_noun rows_noun = {"row", "rows", "строка", "строки", "строк"};

static int take_person(struct cli *cli, const struct cli_args *args, bool erasing, struct person *person,
	char address[static PERSON_ADDRESS_SIZE])
{
	struct error e = {0};
	*person = (struct person){.address = cli_operand(args, 0), .name = cli_value(args, "name"), .organisation = cli_value(args, "organisation")};
	if (person_check(person, erasing, address, &e) != 0)
		return cli_wrong_use(cli, "%s", e.text);
	return CLI_DONE;
}

static void show_beyond(const struct settings *settings)
{
	json_t *beyond = person_beyond(settings), *one;
	size_t i;
	puts(tr("Not looked at:", "Не просмотрено:"));
	json_array_foreach(beyond, i, one)
		printf("  %s\n", cli_clean(json_string_value(one)));
	json_decref(beyond);
}

/* ---- find ------------------------------------------------------------------------------ */

struct finding {
	struct cli *cli;
	struct cli_table *table;
	int64_t count;
};

static int found(void *arg, const struct person_finding *f)
{
	struct finding *finding = arg;
	const char *shown = NULL;
	finding->count++;
	if (finding->table == NULL) {
		json_t *key = json_array();
		for (size_t k = 0; k < PERSON_KEYS && f->keys[k] != NULL; k++)
			json_array_append_new(key, json_string(f->keys[k]));
		cli_print_json(finding->cli, json_pack("{s:s, s:o, s:s, s:s?}", "source", f->source, "key", key, "organisation", f->organisation,
			"kept", f->kept));
		return 0;
	}
	for (size_t c = 0; c < PERSON_COLUMNS && f->names[c] != NULL && shown == NULL; c++)
		shown = f->values[c];
	char *key = xasprintf("%s%s%s%s%s", f->keys[0], f->keys[1] == NULL ? "" : " ", f->keys[1] == NULL ? "" : f->keys[1],
		f->keys[2] == NULL ? "" : " ", f->keys[2] == NULL ? "" : f->keys[2]);
	cli_table_row(finding->table, (const char *const[]){f->words, key, f->organisation, f->kept != NULL ? f->kept : shown});
	free(key);
	return 0;
}

static int find_run(struct cli *cli, const struct cli_args *args)
{
	struct person person;
	struct person_walk walk = {0};
	struct error e = {0};
	char address[PERSON_ADDRESS_SIZE];
	int rc = take_person(cli, args, false, &person, address);
	struct db *db = rc == CLI_DONE ? cli_open_store(cli) : NULL;
	if (db == NULL)
		return rc != CLI_DONE ? rc : CLI_FAILED;
	const struct cli_column columns[] = {{.title = tr("WHERE", "ГДЕ")}, {.title = tr("ROW", "СТРОКА")},
		{.title = tr("ORGANISATION", "ОРГАНИЗАЦИЯ")}, {.title = tr("WHAT", "ЧТО"), .elastic = true}};
	struct finding finding = {.cli = cli, .table = cli_json(cli) ? NULL : cli_table_new(columns, sizeof columns / sizeof *columns)};
	struct cli_progress *bar = cli_progress_new(cli, &rows_noun);
	int looked = 0;
	while (looked == 0 && !walk.done) {
		looked = person_find(db, &person, &walk, PIECE, found, &finding, &e);
		cli_progress_show(bar, walk.looked, 0);
	}
	cli_progress_end(&bar, false);
	if (finding.table != NULL && looked == 0 && finding.count > 0)
		cli_table_print(&finding.table);
	else if (finding.table != NULL && looked == 0)
		puts(tr("Nothing was found.", "Ничего не найдено."));
	cli_table_free(&finding.table);
	if (looked == 0 && !cli_json(cli))
		show_beyond(cli_settings(cli));
	return looked == 0 ? CLI_DONE : cli_fail(cli, &e);
}

/* ---- export ----------------------------------------------------------------------------- */

static int export_run(struct cli *cli, const struct cli_args *args)
{
	struct person person;
	struct error e = {0};
	char address[PERSON_ADDRESS_SIZE];
	const char *path = cli_value(args, "output");
	int64_t count;
	int rc = take_person(cli, args, false, &person, address);
	if (rc != CLI_DONE)
		return rc;
	if (path == NULL)
		return cli_wrong_use(cli, "%s", tr("say where to: --output FILE", "укажите файл: --output FILE"));
	struct db *db = cli_open_store(cli);
	const struct orderer *who = db == NULL ? NULL : cli_orderer(cli);
	if (who == NULL)
		return CLI_FAILED;
	size_t len = strlen(path);
	bool html = len > 5 && strcmp(path + len - 5, ".html") == 0;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600); /* for its owner alone */
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	if (out == NULL) {
		(void)error_errno(&e, "%s", cli_clean(path));
		return cli_fail(cli, &e);
	}
	int written = person_export(who, db, &person, html, out, &count, &e);
	if (fclose(out) != 0 && written == 0)
		written = error_errno(&e, "%s", cli_clean(path));
	if (written != 0) {
		(void)unlink(path);
		return cli_fail(cli, &e);
	}
	if (cli_json(cli))
		cli_print_json(cli, json_pack("{s:s, s:I}", "file", path, "rows", (json_int_t)count));
	else
		printf("%s: %s\n", cli_clean(path), cli_count(count, &rows_noun));
	return CLI_DONE;
}

/* ---- erase ------------------------------------------------------------------------------- */

static int show_progress(void *arg, const struct person_walk *walk)
{
	cli_progress_show(arg, walk->looked, 0);
	return 0;
}

static bool agreed(struct cli *cli, const struct cli_args *args, const struct person *person)
{
	if (cli_has(args, "yes"))
		return true;
	char *question = xasprintf(tr("Erase all personal data of %s? It cannot be brought back.",
					   "Удалить все персональные данные %s? Вернуть их будет нельзя."),
		cli_clean(person->address != NULL ? person->address : person->name));
	bool yes = cli_confirm(cli, "--yes", question);
	free(question);
	return yes;
}

static void show_counts(struct cli *cli, json_t *counts)
{
	json_t *n;
	const char *name;
	if (cli_json(cli)) {
		cli_print_json(cli, json_pack("{s:O}", "erased", counts));
		return;
	}
	if (json_object_size(counts) == 0)
		puts(tr("Nothing of this person was stored.", "Данных этого человека не нашлось."));
	json_object_foreach(counts, name, n)
		printf("  %-16s %s\n", name, cli_thousands(json_integer_value(n)));
}

static int erase_run(struct cli *cli, const struct cli_args *args)
{
	struct person person;
	struct error e = {0};
	char address[PERSON_ADDRESS_SIZE];
	const char *reason = cli_value(args, "reason");
	json_t *counts = NULL;
	int rc = take_person(cli, args, true, &person, address);
	if (rc != CLI_DONE)
		return rc;
	if (reason == NULL)
		return cli_wrong_use(cli, "%s", tr("say why, without names: --reason \"request of 12.05.2023\"",
			"укажите причину, без имён: --reason \"заявление от 12.05.2023\""));
	if (!agreed(cli, args, &person))
		return CLI_FAILED;
	struct db *db = cli_open_store(cli);
	const struct orderer *who = db == NULL ? NULL : cli_orderer(cli);
	if (who == NULL)
		return CLI_FAILED;
	struct cli_progress *bar = cli_progress_new(cli, &rows_noun);
	const struct person_erasure erasure = {.reason = reason, .forget = cli_has(args, "forget"), .progress = show_progress, .arg = bar};
	int erased = person_erase(who, db, &person, &erasure, &counts, &e);
	cli_progress_end(&bar, false);
	if (erased == 0)
		show_counts(cli, counts);
	json_decref(counts);
	if (erased == 0 && !cli_json(cli))
		show_beyond(cli_settings(cli));
	return erased == 0 ? CLI_DONE : cli_fail(cli, &e);
}

/* ---- the table ------------------------------------------------------------------------------ */

static const struct cli_operand person_operands[] = {{"ADDRESS", NULL, CLI_OPTIONAL, "the person's e-mail", "электронный адрес человека"}, {0}};
#define PERSON_OPTIONS                                                                                                 \
	{"name", 0, "NAME", NULL, "also where this name stands", "также где стоит это имя"},                           \
		{"organisation", 0, "KEY", NULL, "the name only within this organisation", "имя только в этой организации"}
static const struct cli_option find_options[] = {PERSON_OPTIONS, {0}};
static const struct cli_option export_options[] = {PERSON_OPTIONS,
	{"output", 'o', "FILE", "@file", "a new file: .json, or .html for people", "новый файл: .json или .html для людей"}, {0}};
static const struct cli_option erase_options[] = {PERSON_OPTIONS,
	{"reason", 0, "TEXT", NULL, "why, without names; stays in the record; required", "почему, без имён; остаётся в записи; обязательно"},
	{"forget", 0, NULL, NULL, "the address does not stay excluded either", "адрес не остаётся и в исключённых"},
	{"yes", 'y', NULL, NULL, "does not ask", "не спрашивать"}, {0}};

const struct command person_commands[] = {
	{"person find", "finds what is stored of one person", "находит, что хранится об одном человеке",
		"By address, and by name where people are written of without one. Says also where it cannot look.",
		"По адресу, а где людей называют без адреса – по имени. Говорит и о том, где поискать нельзя.", person_operands, find_options,
		find_run},
	{"person export", "writes it to a file, for the person", "записывает это в файл, для самого человека", NULL, NULL, person_operands,
		export_options, export_run},
	{"person erase", "erases it; the organisation's figures stay", "удаляет это; показатели организации остаются",
		"Letters that wait are not sent. The address itself stays among the excluded ones, so that nobody writes\n"
		"there again; with --forget not even there. Can be interrupted and run again.",
		"Неотправленные письма не уйдут. Сам адрес остаётся в исключённых, чтобы туда больше не писали; с --forget\n"
		"исчезнет и оттуда. Можно прервать и запустить снова.",
		person_operands, erase_options, erase_run},
	{0}};
