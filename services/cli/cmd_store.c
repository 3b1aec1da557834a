/* `vestnik store`: a copy of the live store in one file; a store that is such a copy; moving from one
 * kind of store to the other. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "cli/cli_audit.h"
#include "cli/store_copy.h"
#include "settings/settings.h"
#include "store/db.h"
#include "store/maintenance.h"
#include "store/schema.h"

static int backup_run(struct cli *cli, const struct cli_args *args)
{
	const char *path = cli_operand(args, 0);
	struct db *db = cli_open_store(cli);
	struct stat st;
	struct error e;
	if (db == NULL)
		return CLI_FAILED;
	if (lstat(path, &st) == 0)
		return cli_failf(cli, ERROR_CONFLICT,
			tr("%s exists already: name a new file", "%s уже есть: укажите новый файл"),
			cli_clean(path));
	mode_t before = umask(077); /* everybody's addresses are in it */
	int rc = store_backup(db, path, &e);
	umask(before);
	if (rc != 0)
		return cli_fail(cli, &e);
	if (stat(path, &st) != 0) {
		error_errno(&e, "%s", cli_clean(path));
		return cli_fail(cli, &e);
	}
	const char *key = cli_settings(cli)->key_file;
	if (cli_json(cli))
		cli_print_json(cli, json_pack("{s:s, s:I, s:s}", "file", path, "bytes",
						(json_int_t)st.st_size, "key_file", key));
	else
		printf(tr("%s: %s. Keep the key %s with it: without it bounces and links of old letters "
			  "are not recognised.\n",
			       "%s: %s. Храните с ним ключ %s: без него не узнать возвраты и ссылки старых "
			       "писем.\n"),
			cli_clean(path), cli_size((int64_t)st.st_size), key);
	return CLI_DONE;
}

/* ---- restored ------------------------------------------------------------------------- */

static int mark_restored(void *arg, struct db *tx, struct error *e)
{
	return store_mark_restored(tx, e) != 0 ? -1 : cli_audit(arg, tx, "store.restored", "store:all", NULL, NULL, e);
}

static int restored_run(struct cli *cli, const struct cli_args *args)
{
	(void)args;
	struct db *db = cli_open_store(cli);
	struct error e;
	char *names;
	if (db == NULL)
		return CLI_FAILED;
	if (store_running(db, &names, &e) != 0)
		return cli_fail(cli, &e);
	if (names != NULL) {
		int code = cli_failf(cli, ERROR_CONFLICT,
			tr("services are running on this store; stop them first: %s",
				"на этом хранилище работают службы; сначала остановите их: %s"),
			cli_clean(names));
		free(names);
		return code;
	}
	if (cli_transaction(cli, mark_restored, cli) != CLI_DONE)
		return CLI_FAILED;
	if (cli_json(cli))
		cli_print_json(cli, json_pack("{s:s, s:b}", "store", db_shown(db), "restored", 1));
	else
		printf(tr("%s is marked as a restored copy: when services start, every running campaign is paused "
			  "until you resume it.\n",
			       "%s помечено как восстановленная копия: при запуске служб все идущие рассылки "
			       "встанут на паузу, пока вы их не возобновите.\n"),
			cli_clean(db_shown(db)));
	return CLI_DONE;
}

/* ---- copy -------------------------------------------------------------------------------- */

static void show_progress(void *arg, int64_t rows, int64_t of)
{
	cli_progress_show(arg, rows, of);
}

static void show_result(const struct store_copy *copy)
{
	static const struct cli_column columns[] = {
		{"", false, false}, {"", true, false}, {"", true, false}, {"", true, false}};
	struct cli_column titled[4];
	const char *const titles[4] = {tr("Table", "Таблица"), tr("there were", "было"), tr("read", "прочитано"),
		tr("there are", "стало")};
	for (size_t i = 0; i < 4; i++) {
		titled[i] = columns[i];
		titled[i].title = titles[i];
	}
	struct cli_table *table = cli_table_new(titled, 4);
	for (size_t i = 0; i < copy->source.count; i++) {
		const struct store_table *t = &copy->source.item[i];
		const char *cells[4] = {t->name, cli_thousands(t->rows), cli_thousands(t->read),
			cli_thousands(t->written)};
		if (t->both && t->rows > 0)
			cli_table_row(table, cells);
	}
	cli_table_print(&table);
	printf(tr("Messages of the bus that were not finished: %s\n", "Незаконченных сообщений шины: %s\n"),
		cli_thousands(copy->messages));
	if (copy->mended > 0)
		printf(tr("Texts that were not UTF-8 and were mended: %s\n", "Исправлено текстов не в UTF-8: %s\n"),
			cli_thousands(copy->mended));
	printf(tr("Copied: %s → %s\n"
		  "The old store is marked as a copy: services started on it by mistake pause every campaign.\n"
		  "Keep the key file: letters already sent are recognised by it.\n",
		       "Скопировано: %s → %s\n"
		       "Старое хранилище помечено как копия: службы, запущенные на нём по ошибке, поставят все "
		       "рассылки на паузу.\n"
		       "Сохраните файл ключа: по нему узнаются уже отправленные письма.\n"),
		cli_clean(db_shown(copy->from)), cli_clean(db_shown(copy->to)));
}

static void show_result_json(struct cli *cli, const struct store_copy *copy)
{
	for (size_t i = 0; i < copy->source.count; i++) {
		const struct store_table *t = &copy->source.item[i];
		if (t->both)
			cli_print_json(cli, json_pack("{s:s, s:I, s:I, s:I}", "table", t->name, "source",
							(json_int_t)t->rows, "read", (json_int_t)t->read, "target",
							(json_int_t)t->written));
	}
	cli_print_json(cli, json_pack("{s:s, s:s, s:I, s:I}", "from", db_shown(copy->from), "to",
					db_shown(copy->to), "messages", (json_int_t)copy->messages, "mended",
					(json_int_t)copy->mended));
}

static int open_both(struct store_copy *copy, const char *from, const char *to, struct error *e)
{
	if (strncmp(from, "sqlite:", 7) == 0 && access(from + 7, F_OK) != 0)
		return error_errno(e, "%s", cli_clean(from + 7));
	if (db_open(&copy->from, from, e) != 0 || schema_migrate(copy->from, e) != 0 ||
		db_open(&copy->to, to, e) != 0 || schema_migrate(copy->to, e) != 0)
		return -1;
	return 0;
}

/* In the new store: from now on its log goes on. */
static int note_copy(struct cli *cli, struct store_copy *copy, struct error *e)
{
	int rc = db_begin(copy->to, DB_WRITE, e);
	if (rc == 0)
		rc = cli_audit(cli, copy->to, "store.copy", "store:all",
			json_pack("{s:s, s:s}", "from", db_shown(copy->from), "to", db_shown(copy->to)), NULL, e);
	if (rc == 0)
		rc = db_commit(copy->to, DB_DURABLE, e);
	db_rollback(copy->to);
	return rc;
}

static int copy_run(struct cli *cli, const struct cli_args *args)
{
	const char *from = cli_value(args, "from"), *to = cli_value(args, "to"), *bus = cli_value(args, "bus");
	if (from == NULL && to == NULL)
		return cli_wrong_use(cli, "%s", tr("say --to or --from", "укажите --to или --from"));
	const struct settings *settings = cli_settings(cli);
	if (settings == NULL)
		return CLI_FAILED;
	from = from == NULL ? settings->store_url : from;
	to = to == NULL ? settings->store_url : to;
	if (strcmp(from, to) == 0)
		return cli_wrong_use(cli, "%s", tr("both are the same store", "это одно и то же хранилище"));
	struct error e;
	struct store_copy copy = {.progress = show_progress};
	int rc = open_both(&copy, from, to, &e);
	copy.to_log = rc == 0 && db_kind(copy.to) == DB_SQLITE && db_kind(copy.from) == DB_POSTGRES &&
		(bus == NULL || strcmp(bus, "embedded") == 0);
	struct cli_progress *progress = NULL;
	if (rc == 0) {
		static const struct cli_noun row = {"row", "rows", "строка", "строки", "строк"};
		copy.arg = progress = cli_progress_new(cli, &row);
		rc = store_copy_run(&copy, &e);
		if (rc == 0)
			rc = note_copy(cli, &copy, &e);
		cli_progress_end(&progress, false);
	}
	if (rc == 0 && cli_json(cli))
		show_result_json(cli, &copy);
	else if (rc == 0)
		show_result(&copy);
	store_copy_fini(&copy);
	return rc == 0 ? CLI_DONE : cli_fail(cli, &e);
}

static const struct cli_operand backup_operands[] = {
	{"FILE", "@file", CLI_ONE, "new file", "новый файл"}, {0}};

static const struct cli_option copy_options[] = {
	{"from", 0, "ADDRESS", NULL, "the old store; default: the settings' store_url",
		"старое хранилище; по умолчанию store_url из настроек"},
	{"to", 0, "ADDRESS", NULL, "the new one, empty; default: the settings' store_url",
		"новое, пустое; по умолчанию store_url из настроек"},
	{"bus", 0, "KIND", "embedded|kafka", "into SQLite: where unsent messages go (default: embedded)",
		"в SQLite: куда попадут неотправленные сообщения (по умолчанию embedded)"},
	{0}};

const struct command store_commands[] = {
	{"store backup", "copies the live store into a new file",
		"копирует работающее хранилище в новый файл", NULL, NULL, backup_operands, NULL,
		backup_run},
	{"store restored", "says that the store is a restored copy: campaigns wait for you",
		"помечает хранилище как восстановленную копию: рассылки ждут вас",
		"After pg_restore, before services start. What the copy would send may have been sent long "
		"ago: the planner pauses every running campaign until you resume it. A file made by `vestnik "
		"store backup` says this by itself.",
		"После pg_restore, до запуска служб. То, что копия стала бы отправлять, может быть давно "
		"отправлено: планировщик ставит все идущие рассылки на паузу, пока вы их не возобновите. Файл "
		"от `vestnik store backup` помечен сам.",
		NULL, NULL, restored_run},
	{"store copy", "moves everything into another store: SQLite to PostgreSQL or back",
		"переносит всё в другое хранилище: из SQLite в PostgreSQL или обратно",
		"Stop all services first. The target must be empty; it is filled in one transaction, counted, "
		"and only then kept. Messages of the embedded bus that were not finished go into the outbox, "
		"from where the services send them to Kafka. On the way back messages that are in Kafka stay "
		"there: let the groups finish first (vestnik status).",
		"Сначала остановите все службы. Новое хранилище должно быть пустым; оно заполняется одной "
		"транзакцией, пересчитывается и только потом остаётся. Незаконченные сообщения встроенной шины "
		"попадают в исходящие, откуда службы отправят их в Kafka. На обратном пути сообщения, которые уже "
		"в Kafka, остаются там: дайте группам закончить (vestnik status).",
		NULL, copy_options, copy_run},
	{0}};
