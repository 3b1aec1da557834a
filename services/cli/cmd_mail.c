/* `vestnik mail list|show|confirm|ignore|assign`: the mails that wait for staff. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/gate.h"
#include "base/xalloc.h"
#include "cli/cli_audit.h"
#include "intake/settle.h"
#include "settings/settings.h"
#include "store/db.h"

#define LIST_MAX 1000
#define SHOWN_MAX_BYTES (32 * 1024) /* of a mail, on the terminal; --save gives all of it */

/* ---- surroundings --------------------------------------------------------------------- */

static int open_inbox(struct cli *cli, struct inbox *inbox)
{
	*inbox = (struct inbox){.settings = cli_settings(cli)};
	if (inbox->settings == NULL)
		return CLI_FAILED;
	inbox->db = cli_open_store(cli);
	inbox->bus = inbox->db == NULL ? NULL : cli_open_bus(cli);
	inbox->key = inbox->bus == NULL ? NULL : cli_key(cli);
	return inbox->key == NULL ? CLI_FAILED : CLI_DONE;
}

static int read_id(struct cli *cli, const struct cli_args *args, int64_t *id)
{
	long long number;
	if (!gate_int64(cli_operand(args, 0), 1, INT64_MAX, &number))
		return cli_wrong_use(cli, tr("«%s» is not the number of a mail (vestnik mail list)",
						  "«%s» — не номер письма (vestnik mail list)"),
			cli_clean(cli_operand(args, 0)));
	*id = number;
	return CLI_DONE;
}

static int load(struct cli *cli, const struct cli_args *args, struct inbox *inbox, struct settle_mail *mail)
{
	int64_t id = 0;
	struct error e = {0};
	int rc = read_id(cli, args, &id);
	if (rc != CLI_DONE || (rc = open_inbox(cli, inbox)) != CLI_DONE)
		return rc;
	mail_init();
	enum db_step step = settle_load(inbox->db, id, mail, &e);
	if (step == DB_ROW)
		return CLI_DONE;
	return step == DB_FAILED ? cli_fail(cli, &e)
				 : cli_failf(cli, ERROR_NOT_FOUND, tr("there is no mail %lld", "письма %lld нет"),
					   (long long)id);
}

/* ---- list ---------------------------------------------------------------------------------- */

static const char *kind_words(const char *kind)
{
	static const struct {
		const char *kind, *en, *ru;
	} all[] = {{"bounce", "bounce", "возврат"}, {"delayed", "delayed", "задержка"},
		{"delivered", "delivered", "доставлено"}, {"complaint", "complaint", "жалоба"},
		{"auto-reply", "absence", "автоответ"}, {"reply", "reply", "ответ"},
		{"unknown", "letter", "письмо"}};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (strcmp(all[i].kind, kind) == 0)
			return tr(all[i].en, all[i].ru);
	return kind;
}

static const char *state_words(const char *state)
{
	static const struct {
		const char *state, *en, *ru;
	} all[] = {{"review", "waits for a decision", "ждёт решения"}, {"applied", "done by itself", "учтено"},
		{"settled", "settled", "решено"}, {"ignored", "put aside", "отклонено"}};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (strcmp(all[i].state, state) == 0)
			return tr(all[i].en, all[i].ru);
	return state;
}

static json_t *text_json(struct db_stmt *stmt, int column)
{
	return db_is_null(stmt, column) ? json_null() : json_string(db_text(stmt, column));
}

static void list_row(struct cli *cli, struct cli_table *table, struct db_stmt *stmt)
{
	if (cli_json(cli)) {
		cli_print_json(cli,
			json_pack("{s:I, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "id",
				(json_int_t)db_int(stmt, 0), "received", cli_rfc3339(db_int(stmt, 1)), "kind",
				db_text(stmt, 2), "state", db_text(stmt, 3), "from", text_json(stmt, 4), "name",
				text_json(stmt, 5), "subject", text_json(stmt, 6), "campaign", text_json(stmt, 7),
				"organisation", text_json(stmt, 8), "note", text_json(stmt, 10), "ask",
				db_is_null(stmt, 11) ? json_null() : json_integer(db_int(stmt, 11)), "trusted",
				(int)(db_int(stmt, 12) != 0)));
		return;
	}
	char id[24];
	snprintf(id, sizeof id, "%lld", (long long)db_int(stmt, 0));
	const char *about = db_is_null(stmt, 9) ? db_text(stmt, 8) : db_text(stmt, 9);
	const char *cells[] = {id, cli_time(cli, db_int(stmt, 1)), kind_words(db_text(stmt, 2)), db_text(stmt, 4),
		about == NULL ? tr("not known", "неизвестно") : about, db_text(stmt, 6), db_text(stmt, 10)};
	cli_table_row(table, cells);
}

#define NEWEST(which) \
	"SELECT m.id, m.received_ms, m.kind, m.state, m.address, m.name, m.subject, c.slug, o.key, o.name, m.note, m.ask, m.trusted" \
	" FROM mail_in m LEFT JOIN ask k ON k.id = m.ask LEFT JOIN campaign c ON c.id = k.campaign" \
	" LEFT JOIN organisation o ON o.id = k.organisation WHERE " which \
	"(CAST($1 AS TEXT) IS NULL OR c.slug = CAST($1 AS TEXT)) ORDER BY m.id DESC LIMIT $2"

static int list_run(struct cli *cli, const struct cli_args *args)
{
	struct error e = {0};
	struct db_stmt *stmt;
	struct db *db = cli_open_store(cli);
	const struct cli_column columns[] = {{.title = tr("NO", "№"), .right = true},
		{.title = tr("RECEIVED", "ПОЛУЧЕНО")}, {.title = tr("KIND", "ВИД")}, {.title = tr("FROM", "ОТ")},
		{.title = tr("ABOUT", "О КОМ"), .elastic = true}, {.title = tr("SUBJECT", "ТЕМА"), .elastic = true},
		{.title = tr("WHY", "ПОЧЕМУ"), .elastic = true}};
	if (db == NULL)
		return CLI_FAILED;
	const char *campaign = cli_value(args, "campaign");
	if (db_query(db, &stmt, &e, cli_has(args, "all") ? NEWEST("") : NEWEST("m.state = 'review' AND "), "si", campaign,
		    (int64_t)LIST_MAX) != 0)
		return cli_fail(cli, &e);
	struct cli_table *table =
		cli_json(cli) ? NULL : cli_table_new(columns, sizeof columns / sizeof *columns);
	enum db_step step;
	size_t count = 0;
	for (; (step = db_step(stmt, &e)) == DB_ROW; count++)
		list_row(cli, table, stmt);
	if (table != NULL && count > 0)
		cli_table_print(&table);
	else if (table != NULL)
		puts(tr("No mail waits for a decision.", "Писем, которые ждут решения, нет."));
	cli_table_free(&table);
	return step == DB_FAILED ? cli_fail(cli, &e) : CLI_DONE;
}

/* ---- show --------------------------------------------------------------------------------------- */

static json_t *files_json(const struct mail_file_list *list)
{
	json_t *files = json_array();
	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(files, json_pack("{s:s, s:s, s:I}", "name", list->item[i].name, "type",
						     list->item[i].type, "size", (json_int_t)list->item[i].len));
	return files;
}

/* What would count, were it confirmed as it is. */
static int read_proposal(struct cli *cli, struct inbox *inbox, const struct settle_mail *mail,
	const struct sheet_mail *sheet, struct ask *ask, struct answer_reading *reading)
{
	struct error e = {0};
	enum db_step step = ask_by_id(inbox->db, mail->ask, ask, &e);
	if (step == DB_FAILED ||
		(step == DB_ROW && answer_mail_read(inbox->db, ask, mail->words == NULL ? "" : mail->words, sheet,
					   reading, &e) != 0))
		return cli_fail(cli, &e);
	return CLI_DONE;
}

static void show_json(struct cli *cli, const struct settle_mail *mail, const struct sheet_mail *sheet,
	const struct ask *ask, const struct answer_reading *reading)
{
	json_t *o = json_pack("{s:I, s:s, s:s, s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:b, s:s, s:o, s:I}", "id",
		(json_int_t)mail->id, "received", cli_rfc3339(mail->received_ms), "mailbox", mail->mailbox, "kind",
		mail->kind, "state", mail->state, "from", mail->address, "name", mail->name, "subject",
		mail->subject, "words", mail->words, "note", mail->note, "trusted", (int)mail->trusted, "matched",
		mail->matched, "files", files_json(&sheet->files), "version", (json_int_t)mail->version);
	if (mail->delivery != 0)
		json_object_set_new(o, "delivery", json_integer(mail->delivery));
	if (ask->id != 0) {
		json_object_set_new(o, "ask",
			json_pack("{s:I, s:s, s:s, s:s, s:s, s:I}", "id", (json_int_t)ask->id, "campaign",
				ask->slug, "organisation", ask->key, "name", ask->name, "state",
				ask_state_name(ask->state), "round", (json_int_t)ask->round_number));
		json_object_set(o, "proposed", reading->values);
		json_object_set_new(o, "ambiguous", json_boolean(reading->ambiguous));
	}
	cli_print_json(cli, o);
}

/* Lines of the mail, each made harmless by itself. */
static void print_words(const char *text)
{
	for (const char *line = text; line != NULL && *line != '\0';) {
		const char *end = strchr(line, '\n');
		char *piece = end == NULL ? xstrdup(line) : xstrndup(line, (size_t)(end - line));
		printf("  | %s\n", cli_clean(piece));
		free(piece);
		line = end == NULL ? NULL : end + 1;
	}
}

static void show_proposal(const struct ask *ask, const struct answer_reading *reading)
{
	printf(tr("Answers: %s, %s (%s)", "Ответ на запрос: %s, %s (%s)"), cli_clean(ask->slug),
		cli_clean(ask->name), cli_clean(ask->key));
	printf(tr("; now %s\n", "; сейчас %s\n"), ask_state_words(ask->state));
	for (size_t i = 0; i < reading->fields.count; i++) {
		const struct field *field = &reading->fields.item[i];
		const json_t *value = json_object_get(reading->values, field->name);
		char *shown = value == NULL ? NULL : field_show(field, value, lang_get());
		printf("  %-20s %s%s\n", cli_clean(field->name),
			shown != NULL ? cli_clean(shown)
				      : tr("— not read out of the mail", "— в письме не прочитано"),
			field->required ? tr(" (required)", " (обязательно)") : "");
		free(shown);
	}
	if (reading->sheet_trouble != NULL)
		printf(tr("  In the workbook: %s\n", "  В таблице: %s\n"), cli_clean(reading->sheet_trouble));
	if (reading->ambiguous)
		puts(tr("  Figures stand in the mail, and it is not clear which is meant.",
			"  В письме есть числа, но неясно, какое имеется в виду."));
}

static void show_text(struct cli *cli, const struct inbox *inbox, const struct settle_mail *mail,
	const struct sheet_mail *sheet, const struct ask *ask, const struct answer_reading *reading)
{
	printf(tr("Mail %lld, %s, %s, %s\n", "Письмо %lld, %s, %s, %s\n"), (long long)mail->id,
		cli_time(cli, mail->received_ms), kind_words(mail->kind), cli_clean(state_words(mail->state)));
	printf(tr("From: %s <%s>%s\n", "От: %s <%s>%s\n"), mail->name == NULL ? "" : cli_clean(mail->name),
		mail->address == NULL ? "?" : cli_clean(mail->address),
		mail->trusted ? tr(" (confirmed)", " (подлинность подтверждена)")
			      : tr(" (not confirmed)", " (подлинность не подтверждена)"));
	printf(tr("Subject: %s\n", "Тема: %s\n"), mail->subject == NULL ? "" : cli_clean(mail->subject));
	if (mail->note != NULL)
		printf(tr("Why it is here: %s\n", "Почему здесь: %s\n"), cli_clean(mail->note));
	if (ask->id != 0)
		show_proposal(ask, reading);
	else if (!settle_is_report(mail))
		puts(tr("What it answers is not known: vestnik mail assign NO CAMPAIGN ORGANISATION",
			"На что это ответ, неизвестно: vestnik mail assign № РАССЫЛКА ОРГАНИЗАЦИЯ"));
	size_t count;
	char **dead = settle_dead_addresses(inbox, mail, &count);
	for (size_t i = 0; i < count; i++) {
		printf(tr("Confirming it stops letters to: %s\n", "Подтверждение прекратит письма на: %s\n"),
			cli_clean(dead[i]));
		free(dead[i]);
	}
	free(dead);
	for (size_t i = 0; i < sheet->files.count; i++)
		printf(tr("File: %s (%s)\n", "Файл: %s (%s)\n"), cli_clean(sheet->files.item[i].name),
			cli_size((int64_t)sheet->files.item[i].len));
	const char *text = mail->words != NULL ? mail->words : mail->raw;
	char *beginning = text == NULL ? xstrdup("") : xstrndup(text, strnlen(text, SHOWN_MAX_BYTES));
	print_words(beginning);
	free(beginning);
}

static int save_raw(struct cli *cli, const struct settle_mail *mail, const char *path)
{
	struct error e = {0};
	if (mail->raw == NULL)
		return cli_failf(cli, ERROR_NOT_FOUND, "%s",
			tr("the mail itself was not kept; it lies in its mailbox",
				"само письмо не сохранено; оно в своём ящике"));
	FILE *f = strcmp(path, "-") == 0 ? stdout : fopen(path, "wx");
	if (f == NULL) {
		(void)error_errno(&e, "%s", path);
		return cli_fail(cli, &e);
	}
	bool good = fwrite(mail->raw, 1, mail->raw_len, f) == mail->raw_len;
	if (f != stdout)
		good = fclose(f) == 0 && good;
	if (good)
		return CLI_DONE;
	(void)error_errno(&e, "%s", path);
	return cli_fail(cli, &e);
}

static int show_run(struct cli *cli, const struct cli_args *args)
{
	struct inbox inbox;
	struct settle_mail mail = {0};
	struct sheet_mail sheet = {0};
	struct ask ask = {0};
	struct answer_reading reading = {0};
	struct error e = {0};
	int rc = load(cli, args, &inbox, &mail);
	if (rc == CLI_DONE && cli_value(args, "save") != NULL)
		rc = save_raw(cli, &mail, cli_value(args, "save"));
	else if (rc == CLI_DONE) {
		if (sheet_mail_open(&inbox, mail.mail, mail.raw, mail.raw_len, &sheet, &e) != 0)
			rc = cli_fail(cli, &e);
		if (rc == CLI_DONE && mail.ask != 0)
			rc = read_proposal(cli, &inbox, &mail, &sheet, &ask, &reading);
		if (rc == CLI_DONE && cli_json(cli))
			show_json(cli, &mail, &sheet, &ask, &reading);
		else if (rc == CLI_DONE)
			show_text(cli, &inbox, &mail, &sheet, &ask, &reading);
	}
	sheet_mail_fini(&sheet);
	answer_reading_fini(&reading);
	ask_fini(&ask);
	settle_mail_fini(&mail);
	return rc;
}

/* ---- the audit log -------------------------------------------------------------------------------- */

static int note(struct cli *cli, const char *action, const struct settle_mail *mail, json_t *facts, json_t *detail)
{
	char subject[40];
	snprintf(subject, sizeof subject, "mail:%lld", (long long)mail->id);
	return cli_audit_next(cli, action, subject, facts, detail);
}

/* ---- confirm, ignore, assign ---------------------------------------------------------------------- */

static int say(struct cli *cli, int64_t id, const char *what, const struct settle_result *result)
{
	enum ask_state state;
	if (cli_json(cli)) {
		cli_print_json(cli, json_pack("{s:I, s:s, s:s?, s:I, s:I}", "id", (json_int_t)id, "state", what,
						"ask_state", result->state[0] == '\0' ? NULL : result->state,
						"version", (json_int_t)result->version, "suppressed",
						(json_int_t)result->suppressed));
		return CLI_DONE;
	}
	printf(tr("Mail %lld: done", "Письмо %lld: готово"), (long long)id);
	if (result->state[0] != '\0' && ask_state_parse(result->state, &state) == 0)
		printf(tr("; the ask is now: %s", "; запрос теперь: %s"), ask_state_words(state));
	if (result->suppressed > 0)
		printf(tr("; addresses that get no more letters: %zu", "; адресов, куда больше не пишем: %zu"),
			result->suppressed);
	putchar('\n');
	return CLI_DONE;
}

/* --set registered=25, as often as there are fields. */
static int read_values(struct cli *cli, const struct cli_args *args, struct db *db, int64_t ask_id,
	json_t **values)
{
	struct ask ask;
	struct fields fields;
	struct error e = {0};
	const char *pair;
	*values = NULL;
	if (cli_value(args, "set") == NULL || ask_id == 0)
		return CLI_DONE;
	enum db_step step = ask_by_id(db, ask_id, &ask, &e);
	if (step != DB_ROW || ask_fields(db, ask.campaign, &fields, &e) != 0) {
		if (step == DB_ROW)
			ask_fini(&ask);
		return cli_fail(cli, &e);
	}
	int rc = CLI_DONE;
	*values = json_object();
	for (size_t i = 0; rc == CLI_DONE && (pair = cli_value_at(args, "set", i)) != NULL; i++) {
		const char *equals = strchr(pair, '=');
		char *name = equals == NULL ? NULL : xstrndup(pair, (size_t)(equals - pair));
		const struct field *field = name == NULL ? NULL : fields_find(&fields, name);
		json_t *value = NULL;
		if (field == NULL)
			rc = cli_wrong_use(cli, tr("--set wants FIELD=VALUE, and the ask has no field «%s»",
							"--set: нужно ПОЛЕ=ЗНАЧЕНИЕ, а поля «%s» в запросе нет"),
				cli_clean(name == NULL ? pair : name));
		else if (field_parse(field, equals + 1, &value, &e) != 0)
			rc = cli_fail(cli, &e);
		else if (value != NULL)
			json_object_set_new(*values, field->name, value);
		free(name);
	}
	fields_fini(&fields);
	ask_fini(&ask);
	return rc;
}

static int confirm_run(struct cli *cli, const struct cli_args *args)
{
	struct inbox inbox;
	struct settle_mail mail = {0};
	struct settle_result result = {0};
	struct error e = {0};
	json_t *values = NULL;
	int rc = load(cli, args, &inbox, &mail);
	if (rc == CLI_DONE)
		rc = read_values(cli, args, inbox.db, mail.ask, &values);
	if (rc == CLI_DONE)
		rc = note(cli, "mail.confirm", &mail, NULL, values == NULL ? NULL : json_pack("{s:O}", "fields", values));
	if (rc == CLI_DONE && settle_confirm(&inbox, &mail, values, cli_actor(cli), &result, &e) != 0)
		rc = cli_fail(cli, &e);
	if (rc == CLI_DONE)
		rc = say(cli, mail.id, "settled", &result);
	json_decref(values);
	settle_mail_fini(&mail);
	return rc;
}

static int ignore_run(struct cli *cli, const struct cli_args *args)
{
	struct inbox inbox;
	struct settle_mail mail = {0};
	struct settle_result result = {0};
	struct error e = {0};
	int rc = load(cli, args, &inbox, &mail);
	if (rc == CLI_DONE)
		rc = note(cli, "mail.ignore", &mail, NULL,
			cli_value(args, "reason") == NULL ? NULL : json_pack("{s:s}", "reason", cli_value(args, "reason")));
	if (rc == CLI_DONE &&
		settle_ignore(&inbox, &mail, cli_actor(cli), cli_value(args, "reason"), &result, &e) != 0)
		rc = cli_fail(cli, &e);
	if (rc == CLI_DONE)
		rc = say(cli, mail.id, "ignored", &result);
	settle_mail_fini(&mail);
	return rc;
}

static int find_ask(struct cli *cli, const struct cli_args *args, struct db *db, struct ask *ask)
{
	struct error e = {0};
	int64_t round, campaign = 0;
	const char *slug = cli_operand(args, 1), *key = cli_operand(args, 2);
	if (cli_number(cli, args, "round", 1, 100000, 0, &round) != 0)
		return CLI_WRONG_USE;
	enum db_step step = db_query_int(db, &campaign, &e, "SELECT id FROM campaign WHERE slug = $1", "s", slug);
	if (step == DB_ROW && round == 0)
		step = db_query_int(db, &round, &e,
			"SELECT r.number FROM ask k JOIN round r ON r.id = k.round JOIN organisation o ON o.id = k.organisation"
			" WHERE k.campaign = $1 AND o.key = $2 ORDER BY r.number DESC LIMIT 1", "is", campaign, key);
	if (step == DB_ROW)
		step = ask_of(db, campaign, round, key, ask, &e);
	if (step == DB_ROW)
		return CLI_DONE;
	if (step == DB_DONE && round == 0)
		return cli_failf(cli, ERROR_NOT_FOUND,
			tr("campaign %s asks nothing of organisation %s", "рассылка %s ничего не спрашивает у организации %s"),
			cli_clean(slug), cli_clean(key));
	return step == DB_FAILED ? cli_fail(cli, &e)
				 : cli_failf(cli, ERROR_NOT_FOUND,
					   tr("campaign %s asks nothing of organisation %s in round %lld",
						   "рассылка %s ничего не спрашивает у организации %s в периоде %lld"),
					   cli_clean(slug), cli_clean(key), (long long)round);
}

static int assign_run(struct cli *cli, const struct cli_args *args)
{
	struct inbox inbox;
	struct settle_mail mail = {0};
	struct ask ask = {0};
	struct error e = {0};
	const struct settle_result result = {0};
	int rc = load(cli, args, &inbox, &mail);
	if (rc == CLI_DONE)
		rc = find_ask(cli, args, inbox.db, &ask);
	if (rc == CLI_DONE)
		rc = note(cli, "mail.assign", &mail, json_pack("{s:I, s:s, s:s}", "ask", (json_int_t)ask.id, "campaign", ask.slug,
			"organisation", ask.key), NULL);
	if (rc == CLI_DONE && settle_assign(&inbox, &mail, ask.id, cli_actor(cli), &e) != 0)
		rc = cli_fail(cli, &e);
	if (rc == CLI_DONE)
		rc = say(cli, mail.id, "review", &result);
	ask_fini(&ask);
	settle_mail_fini(&mail);
	return rc;
}

/* ---- the table -------------------------------------------------------------------------------------- */

#define MAIL_OPERAND {"NO", NULL, CLI_ONE, "number of the mail (vestnik mail list)", "номер письма (vestnik mail list)"}

static const struct cli_operand mail_operands[] = {MAIL_OPERAND, {0}};
static const struct cli_operand assign_operands[] = {MAIL_OPERAND,
	{"CAMPAIGN", NULL, CLI_ONE, "the campaign it answers", "рассылка, на которую это ответ"},
	{"ORGANISATION", NULL, CLI_ONE, "key of the organisation it speaks for", "ключ организации, от чьего имени ответ"},
	{0}};
static const struct cli_option list_options[] = {
	{"all", 0, NULL, NULL, "also what was applied, settled or ignored", "также обработанные, решённые и отклонённые"},
	{"campaign", 0, "ID", NULL, "only about this campaign", "только об этой рассылке"},
	{0}};
static const struct cli_option show_options[] = {
	{"save", 0, "FILE", "@file", "writes the mail as it came to a new file; - is standard output",
		"записывает письмо как есть в новый файл; - означает стандартный вывод"},
	{0}};
static const struct cli_option confirm_options[] = {
	{"set", 0, "FIELD=VALUE", NULL, "what the mail says, if it was not read or read wrongly; may be repeated",
		"что сказано в письме, если это не прочитано или прочитано неверно; можно несколько раз"},
	{0}};
static const struct cli_option ignore_options[] = {
	{"reason", 0, "TEXT", NULL, "why, for those who look it up later", "причина: для тех, кто спросит потом"},
	{0}};
static const struct cli_option assign_options[] = {
	{"round", 0, "N", NULL, "which round (default: the last that asked it)",
		"какой отчётный период (обычно последний, в котором её спрашивали)"},
	{0}};

const struct command mail_commands[] = {
	{"mail list", "lists the mails that wait for a decision", "перечисляет письма, которые ждут решения",
		"Mails whose sender was not confirmed, that answer nothing we know, figures to be confirmed, bounces "
		"without a proof. The newest first.",
		"Письма, подлинность которых не подтверждена, ответы неизвестно на что, числа, которые нужно "
		"подтвердить, возвраты без доказательства. Новые сверху.",
		NULL, list_options, list_run},
	{"mail show", "shows a mail and what was read out of it", "показывает письмо и что в нём прочитано", NULL,
		NULL, mail_operands, show_options, show_run},
	{"mail confirm", "makes the figures of a mail count, or believes a bounce",
		"принимает числа из письма или верит возврату", NULL, NULL, mail_operands, confirm_options,
		confirm_run},
	{"mail ignore", "puts a mail aside; an ask it had answered is open again",
		"откладывает письмо; запрос, на который оно было ответом, снова открыт", NULL, NULL, mail_operands,
		ignore_options, ignore_run},
	{"mail assign", "says what a mail answers", "указывает, на что отвечает письмо", NULL, NULL,
		assign_operands, assign_options, assign_run},
	{0}};
