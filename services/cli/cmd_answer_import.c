/* `vestnik answer import|form`. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer/import.h"
#include "answer/workbook.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "cli/cli_audit.h"
#include "cli/cmd_answer.h"
#include "store/again.h"

/* ---- a filled-in form ------------------------------------------------------------------------------ */

/* NULL: no regular file of at most so many bytes; the table's reader says what it is. */
static void *read_small_file(const char *path, size_t most, size_t *len)
{
	FILE *file = fopen(path, "rbe");
	if (file == NULL)
		return NULL;
	char *data = xmalloc(most + 1);
	*len = fread(data, 1, most + 1, file);
	bool good = ferror(file) == 0 && *len <= most && *len > 0;
	(void)fclose(file);
	if (!good) {
		free(data);
		return NULL;
	}
	return data;
}

static int record_form(struct cli *cli, struct answer_place *place, struct bus *bus, const struct answer_workbook *form,
	struct answer_outcome *outcome, struct error *e)
{
	char source[ANSWER_SOURCE_SIZE];
	const struct answer_new new = {.ask = form->ask,
		.way = ANSWER_SHEET,
		.fields = form->fields,
		.name = form->name,
		.phone = form->phone,
		.actor = cli_actor(cli),
		.received_ms = clock_now_ms()};
	if (db_begin(place->db, DB_WRITE, e) != 0)
		return -1;
	int rc = answer_record(place->db, bus, answer_source(cli, source), &new, outcome, e);
	if (rc == 0 && (rc = db_commit(place->db, DB_DURABLE, e)) != 0)
		answer_outcome_fini(outcome);
	db_rollback(place->db);
	return rc;
}

static int check_form(struct cli *cli, const struct answer_place *place, const struct answer_workbook *form)
{
	struct error e = {0};
	struct ask ask;
	enum db_step step = ask_by_id(place->db, form->ask, &ask, &e);
	if (step != DB_ROW)
		return cli_fail(cli, &e);
	int rc = ask.campaign == place->campaign
		? CLI_DONE
		: cli_failf(cli, ERROR_INPUT, tr("the form is of the campaign «%s»", "форма – от рассылки «%s»"), cli_clean(ask.slug));
	ask_fini(&ask);
	return rc;
}

static int take_form(struct cli *cli, const struct cli_args *args, struct answer_place *place,
	const struct answer_workbook *form)
{
	struct answer_outcome outcome = {0};
	struct again again = {0};
	struct error e = {0};
	int rc = check_form(cli, place, form);
	if (rc != CLI_DONE)
		return rc;
	if (cli_has(args, "dry-run")) {
		printf("%s\n", tr("a filled-in form; every cell is right; a dry run: nothing was recorded",
			       "заполненная форма, все ячейки верны; проверка: ничего не записано"));
		return CLI_DONE;
	}
	struct bus *bus = cli_open_bus(cli);
	char *subject = xasprintf("ask:%lld", (long long)form->ask);
	int noted = cli_audit_next(cli, "answer.import", subject, json_pack("{s:s}", "way", "form"),
		json_pack("{s:s?, s:s?}", "name", form->name, "phone", form->phone));
	free(subject);
	if (bus == NULL || noted != CLI_DONE)
		return CLI_FAILED;
	int done;
	do
		done = record_form(cli, place, bus, form, &outcome, &e);
	while (done != 0 && again_after_conflict(&again, &e));
	if (done != 0)
		return cli_fail(cli, &e);
	if (cli_json(cli))
		cli_print_json(cli, json_pack("{s:I, s:I, s:s, s:b, s:b}", "ask", (json_int_t)form->ask, "version",
			(json_int_t)outcome.version, "state", ask_state_name(outcome.state), "differs", outcome.differs ? 1 : 0,
			"repeated", outcome.repeated ? 1 : 0));
	else
		printf("%s: %s%s\n", tr("a filled-in form", "заполненная форма"), ask_state_words(outcome.state),
			outcome.differs	   ? tr("; it differs from what counts", "; расходится с засчитанным")
			: outcome.repeated ? tr("; it was recorded already", "; уже записана")
					   : "");
	answer_outcome_fini(&outcome);
	return CLI_DONE;
}

/* CLI_DONE and *is_form false: it is some other table. */
static int try_form(struct cli *cli, const struct cli_args *args, struct answer_place *place, bool *is_form)
{
	struct answer_workbook form;
	struct problems problems = {0};
	struct error e = {0};
	size_t len;
	*is_form = false;
	const struct ident_key *key = cli_key(cli);
	if (key == NULL)
		return CLI_FAILED;
	void *data = read_small_file(cli_operand(args, 1), WORKBOOK_MAX_BYTES, &len);
	if (data == NULL)
		return CLI_DONE;
	int rc = CLI_DONE;
	if (answer_workbook_read(place->db, key, data, len, &form, &problems, &e) == 0) {
		*is_form = true;
		rc = take_form(cli, args, place, &form);
	} else if (e.code != ERROR_NOT_FOUND) {
		*is_form = true;
		cli_problems(cli, &problems);
		rc = problems.errors > 0 ? CLI_FAILED : cli_fail(cli, &e);
	}
	answer_workbook_fini(&form);
	problems_fini(&problems);
	free(data);
	return rc;
}

/* ---- a table ------------------------------------------------------------------------------------------ */

struct import_view {
	struct cli *cli;
	bool every_row;
};

static const char *fate_words(enum answer_fate fate)
{
	switch (fate) {
	case ANSWER_RECORDED:
		return tr("recorded", "записано");
	case ANSWER_INCOMPLETE:
		return tr("partial", "частично");
	case ANSWER_DIFFERS:
		return tr("differs", "расхождение");
	case ANSWER_REPEATED:
		return tr("as before", "как было");
	case ANSWER_EMPTY:
		return tr("empty", "пусто");
	case ANSWER_GOOD:
		return tr("good", "верно");
	case ANSWER_BAD:
	case ANSWER_FATES:
		break;
	}
	return tr("wrong", "неверно");
}

static void on_fate(void *arg, int line, const char *key, enum answer_fate fate, const char *text)
{
	struct import_view *view = arg;
	if (cli_json(view->cli)) {
		cli_print_json(view->cli, json_pack("{s:i, s:s, s:s, s:s}", "line", line, "key", key, "fate", answer_fate_name(fate),
			"text", text));
		return;
	}
	printf("%6d  %-20s  %s%s%s\n", line, cli_clean(key), fate_words(fate), text[0] != '\0' ? ": " : "", cli_clean(text));
}

static void print_summary(struct cli *cli, const struct answer_import_result *result, bool dry_run)
{
	const int64_t *n = result->rows;
	if (cli_json(cli)) {
		json_t *object = json_pack("{s:b, s:b}", "stored", result->stored ? 1 : 0, "dry_run", dry_run ? 1 : 0);
		for (int i = 0; i < ANSWER_FATES; i++)
			(void)json_object_set_new(object, answer_fate_name((enum answer_fate)i), json_integer(n[i]));
		cli_print_json(cli, object);
		return;
	}
	if (result->stored)
		printf(tr("recorded %s, partial %s, differ %s, as before %s, empty %s, wrong %s\n",
			       "записано %s, частично %s, расхождений %s, без изменений %s, пустых %s, неверных %s\n"),
			cli_thousands(n[ANSWER_RECORDED]), cli_thousands(n[ANSWER_INCOMPLETE]), cli_thousands(n[ANSWER_DIFFERS]),
			cli_thousands(n[ANSWER_REPEATED]), cli_thousands(n[ANSWER_EMPTY]), cli_thousands(n[ANSWER_BAD]));
	else
		printf(tr("good %s, empty %s, wrong %s; nothing was recorded\n", "верных %s, пустых %s, неверных %s; ничего не записано\n"),
			cli_thousands(n[ANSWER_GOOD]), cli_thousands(n[ANSWER_EMPTY]), cli_thousands(n[ANSWER_BAD]));
}

/* What the rows shown did not say: about the table itself. */
static void print_problems(struct cli *cli, const struct problems *problems, bool rows_shown)
{
	struct problems rest = {.item = xcalloc(problems->count + 1, sizeof *problems->item)};
	for (size_t i = 0; i < problems->count; i++)
		if (!rows_shown || problems->item[i].severity == PROBLEM_WARNING)
			rest.item[rest.count++] = problems->item[i];
	cli_problems(cli, &rest);
	free(rest.item);
}

static int import_table(struct cli *cli, const struct cli_args *args, struct answer_place *place)
{
	struct import_view view = {.cli = cli};
	struct answer_import_result result;
	struct problems problems = {0};
	struct error e = {0};
	char source[ANSWER_SOURCE_SIZE];
	const struct answer_import_options options = {.path = cli_operand(args, 1),
		.table = {.encoding = cli_value(args, "encoding"), .sheet = cli_value(args, "sheet")},
		.campaign = place->campaign,
		.round_number = place->number,
		.source = answer_source(cli, source),
		.actor = cli_actor(cli),
		.dry_run = cli_has(args, "dry-run"),
		.skip_bad = cli_has(args, "skip-bad"),
		.fate = on_fate,
		.arg = &view};
	struct bus *bus = cli_open_bus(cli);
	if (bus == NULL)
		return CLI_FAILED;
	char *subject = xasprintf("campaign:%s", cli_operand(args, 0));
	int noted = options.dry_run ? CLI_DONE
				    : cli_audit_next(cli, "answer.import", subject, json_pack("{s:s, s:I}", "way", "table", "round",
							     (json_int_t)place->number), NULL);
	free(subject);
	if (noted != CLI_DONE)
		return CLI_FAILED;
	int rc = answer_import(place->db, bus, &options, &result, &problems, &e);
	int64_t rows = 0;
	for (int i = 0; i < ANSWER_FATES; i++)
		rows += result.rows[i];
	print_problems(cli, &problems, rows > 0);
	problems_fini(&problems);
	if (e.code != ERROR_NONE)
		return cli_fail(cli, &e);
	if (rows > 0 || rc == 0)
		print_summary(cli, &result, options.dry_run);
	if (rc != 0 && rows > 0 && !options.dry_run && !cli_json(cli))
		cli_warn(cli, "%s", tr("--skip-bad records the good rows", "--skip-bad запишет годные строки"));
	return rc == 0 ? CLI_DONE : CLI_FAILED;
}

int answer_import_run(struct cli *cli, const struct cli_args *args)
{
	struct answer_place place;
	bool is_form = false;
	int rc = answer_find_place(cli, args, false, &place);
	if (rc == CLI_DONE)
		rc = try_form(cli, args, &place, &is_form);
	if (rc == CLI_DONE && !is_form)
		rc = import_table(cli, args, &place);
	answer_place_fini(&place);
	return rc;
}

/* ---- a form to fill in ----------------------------------------------------------------------------------- */

static int write_file(const char *path, const void *data, size_t len, struct error *e)
{
	FILE *file = fopen(path, "wbe");
	if (file == NULL)
		return error_errno(e, "%s", path);
	bool good = fwrite(data, 1, len, file) == len;
	good = fclose(file) == 0 && good;
	return good ? 0 : error_errno(e, "%s", path);
}

int answer_form_run(struct cli *cli, const struct cli_args *args)
{
	struct answer_place place;
	struct error e = {0};
	void *data = NULL;
	size_t len = 0;
	int rc = answer_find_place(cli, args, true, &place);
	const struct ident_key *key = rc == CLI_DONE ? cli_key(cli) : NULL;
	if (rc == CLI_DONE && key == NULL)
		rc = CLI_FAILED;
	if (rc == CLI_DONE && (answer_workbook_make(place.db, key, place.ask.id, lang_get(), &data, &len, &e) != 0 ||
				      write_file(cli_operand(args, 2), data, len, &e) != 0))
		rc = cli_fail(cli, &e);
	if (rc == CLI_DONE && !cli_json(cli))
		printf(tr("Written: %s (%s)\n", "Записано: %s (%s)\n"), cli_clean(cli_operand(args, 2)), cli_size((int64_t)len));
	else if (rc == CLI_DONE)
		cli_print_json(cli, json_pack("{s:s, s:I}", "file", cli_operand(args, 2), "size", (json_int_t)len));
	free(data);
	answer_place_fini(&place);
	return rc;
}
