/* `vestnik answer …`: the table of its commands, and what they share. */
#include "cli/cmd_answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "cli/cli_audit.h"
#include "report/gather.h"
#include "store/db.h"

int answer_find_place(struct cli *cli, const struct cli_args *args, bool with_key, struct answer_place *out)
{
	struct error e = {0};
	struct report_place place;
	int64_t number;
	*out = (struct answer_place){0};
	if (cli_number(cli, args, "round", 1, INT32_MAX, 0, &number) != 0)
		return CLI_WRONG_USE;
	if (cli_settings(cli) == NULL || (out->db = cli_open_store(cli)) == NULL)
		return CLI_FAILED;
	if (report_find(out->db, cli_operand(args, 0), number, &place, &e) != 0)
		return cli_fail(cli, &e);
	out->campaign = place.campaign;
	out->round = place.round;
	out->number = place.number;
	if (ask_fields(out->db, out->campaign, &out->fields, &e) != 0)
		return cli_fail(cli, &e);
	if (!with_key)
		return CLI_DONE;
	const char *key = cli_operand(args, 1);
	enum db_step step = ask_of(out->db, out->campaign, out->number, key, &out->ask, &e);
	if (step == DB_FAILED)
		return cli_fail(cli, &e);
	if (step == DB_DONE)
		return cli_failf(cli, ERROR_NOT_FOUND,
			tr("nobody with the key «%s» was asked in round %lld of «%s»",
				"организацию с ключом «%s» в периоде № %lld рассылки «%s» не спрашивали"),
			cli_clean(key), (long long)out->number, cli_clean(cli_operand(args, 0)));
	return CLI_DONE;
}

void answer_place_fini(struct answer_place *place)
{
	ask_fini(&place->ask);
	fields_fini(&place->fields);
}

const char *answer_source(struct cli *cli, char out[static ANSWER_SOURCE_SIZE])
{
	(void)snprintf(out, ANSWER_SOURCE_SIZE, "vestnik/cli/%.128s", cli_actor(cli));
	return out;
}

const char *answer_trouble_words(int64_t trouble)
{
	static char text[300];
	const char *const words[] = {tr("answers differ", "расхождение"), tr("a letter came back", "письмо вернулось"),
		tr("an automatic reply came", "пришёл автоответ"), tr("a mail waits for you", "письмо ждёт разбора")};
	size_t len = 0;
	text[0] = '\0';
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if ((trouble & (INT64_C(1) << i)) != 0 && len < sizeof text)
			len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", len > 0 ? ", " : "", words[i]);
	return text;
}

#define ROUND_OPTION                                                                                           \
	{"round", 0, "NUMBER", NULL, "which round (default: the last that asked somebody)",                  \
		"отчётный период по номеру (обычно последний, в котором спрашивали)"}

int answer_audit(struct cli *cli, const char *action, const struct ask *ask, const json_t *fields, const char *name,
	const char *phone, const char *note)
{
	char *subject = xasprintf("ask:%lld", (long long)ask->id);
	json_t *detail = json_pack("{s:s?, s:s?, s:s?}", "name", name, "phone", phone, "note", note);
	if (fields != NULL)
		json_object_set_new(detail, "fields", json_deep_copy(fields));
	int rc = cli_audit_next(cli, action, subject, json_pack("{s:s, s:s, s:I}", "campaign", ask->slug, "organisation", ask->key,
		"round", (json_int_t)ask->round_number), detail);
	free(subject);
	return rc;
}

static const struct cli_operand campaign_operands[] = {
	{"CAMPAIGN", NULL, CLI_ONE, "its id (vestnik campaign list)", "рассылка (vestnik campaign list)"}, {0}};
static const struct cli_operand key_operands[] = {
	{"CAMPAIGN", NULL, CLI_ONE, "its id (vestnik campaign list)", "рассылка (vestnik campaign list)"},
	{"KEY", NULL, CLI_ONE, "the organisation's key", "ключ организации"}, {0}};
static const struct cli_operand set_operands[] = {
	{"CAMPAIGN", NULL, CLI_ONE, "its id (vestnik campaign list)", "рассылка (vestnik campaign list)"},
	{"KEY", NULL, CLI_ONE, "the organisation's key", "ключ организации"},
	{"FIELD=VALUE", NULL, CLI_ANY, "what they answer: registered=12; FIELD= takes a value away",
		"что отвечают: registered=12; ПОЛЕ= убирает значение"},
	{0}};
static const struct cli_operand import_operands[] = {
	{"CAMPAIGN", NULL, CLI_ONE, "its id (vestnik campaign list)", "рассылка (vestnik campaign list)"},
	{"FILE", "@file", CLI_ONE, "a table by organisation (.csv, .xlsx), or a filled-in Excel form",
		"таблица по организациям (.csv, .xlsx) или заполненная форма Excel"},
	{0}};
static const struct cli_operand form_operands[] = {
	{"CAMPAIGN", NULL, CLI_ONE, "its id (vestnik campaign list)", "рассылка (vestnik campaign list)"},
	{"KEY", NULL, CLI_ONE, "the organisation's key", "ключ организации"},
	{"FILE", "@file", CLI_ONE, "where to: form.xlsx", "куда: форма.xlsx"}, {0}};

static const struct cli_option list_options[] = {
	{"state", 0, "STATE", "open|received|partial|confirmed|withdrawn|differs|silent",
		"only these; silent = open, differs = staff decide",
		"только эти; silent = нет ответа, differs = расхождение"},
	ROUND_OPTION, {0}};
static const struct cli_option show_options[] = {
	{"save", 0, "FOLDER", "@folder", "also writes the files that came with the answers there",
		"и записать туда файлы, пришедшие с ответами"},
	ROUND_OPTION, {0}};
static const struct cli_option set_options[] = {
	{"said-by", 0, "NAME", NULL, "who said it", "кто сообщил"}, {"phone", 0, "NUMBER", NULL, "telephone of that person", "телефон"},
	{"way", 0, "WAY", "phone|staff|mail", "phone (default with --said-by), mail, staff: your own correction, counts at once",
		"phone (обычно, если есть --said-by), mail, staff: ваша правка, засчитывается сразу"},
	{"note", 0, "TEXT", NULL, "a note", "примечание"}, ROUND_OPTION, {0}};
static const struct cli_option decide_options[] = {
	{"version", 0, "NUMBER", NULL, "which version (default: the latest that waits, else the one that counts)",
		"какая версия (обычно последняя из ждущих, иначе засчитанная)"},
	{"note", 0, "TEXT", NULL, "why", "почему"}, ROUND_OPTION, {0}};
static const struct cli_option import_options[] = {
	{"dry-run", 'n', NULL, NULL, "shows what would become of every row", "показывает судьбу каждой строки"},
	{"skip-bad", 0, NULL, NULL, "records the good rows and lists the others", "записывает годные строки, остальные перечисляет"},
	{"sheet", 0, "NAME", NULL, "sheet of the workbook (default: the first visible one)", "лист книги (обычно первый видимый)"},
	{"encoding", 0, "NAME", NULL, "of a CSV file (default: found out)", "кодировка CSV (обычно определяется)"}, ROUND_OPTION, {0}};
static const struct cli_option round_options[] = {ROUND_OPTION, {0}};

const struct command answer_commands[] = {
	{"answer list", "who answered what, who is silent", "кто что ответил, кто молчит", NULL, NULL, campaign_operands, list_options,
		answer_list_run},
	{"answer show", "all versions of an answer: who, when, how", "все версии ответа: кто, когда, как", NULL, NULL, key_operands,
		show_options, answer_show_run},
	{"answer set", "records an answer: by telephone, on paper", "записывает ответ: по телефону, на бумаге",
		"Fields that are not named stay as they are. Without any field it notes only that something came: no more reminders.",
		"Неназванные поля остаются как были. Без полей отмечает только, что ответ поступил: напоминаний больше не будет.",
		set_operands, set_options, answer_set_run},
	{"answer confirm", "makes a version count and settles the others", "засчитывает версию и закрывает остальные", NULL, NULL,
		key_operands, decide_options, answer_confirm_run},
	{"answer refuse", "takes a version out of the count", "отклоняет версию", NULL, NULL, key_operands, decide_options,
		answer_refuse_run},
	{"answer reopen", "sets a request back: reminders go again", "возвращает запрос: напоминания пойдут снова", NULL, NULL,
		key_operands, decide_options, answer_reopen_run},
	{"answer import", "records answers from a table", "записывает ответы из таблицы",
		"A column with the organisations' keys («key»), columns titled as the fields; «said by» and «phone» if there are. Nothing "
		"is recorded unless every row is good, or --skip-bad is given.",
		"Столбец «ключ», столбцы с названиями полей; если есть – «кто ответил» и «телефон». Если хоть одна строка неверна, "
		"не записывается ничего; с --skip-bad записываются годные.",
		import_operands, import_options, answer_import_run},
	{"answer form", "writes the Excel form of one organisation", "записывает форму Excel одной организации", NULL, NULL,
		form_operands, round_options, answer_form_run},
	{0}};
