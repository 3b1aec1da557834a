/* `vestnik dead list|show|replay|drop`: messages that could not be processed (control/dead.h). */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "bus/bus.h"
#include "cli/cli_audit.h"
#include "control/dead.h"
#include "store/db.h"

static int load(struct bus *bus, struct dead_list *list, struct error *e)
{
	return dead_list_read(bus, SIZE_MAX, SIZE_MAX, list, e);
}

static json_t *dead_id_json(const struct dead *d)
{
	char id[DEAD_ID_SIZE];
	return d->partition == 0 ? json_integer((json_int_t)d->offset) : json_string(dead_id(d, id));
}

static json_t *dead_json(const struct dead *d)
{
	json_t *object = json_pack("{s:o}", "id", dead_id_json(d));
	const struct {
		const char *name, *value;
	} texts[] = {{"time", d->when}, {"topic", d->topic}, {"by", d->by}, {"reason", d->reason},
		{"type", d->type}, {"source", d->source}, {"event_id", d->id}, {"key", d->key},
		{"replayed", cli_rfc3339(d->replayed_ms)},
		{"dropped", cli_rfc3339(d->dropped_ms)}, {"dropped_why", d->dropped_why}};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (texts[i].value != NULL)
			json_object_set_new(object, texts[i].name, json_string(texts[i].value));
	json_object_set_new(object, "bytes", json_integer((json_int_t)d->len));
	return object;
}

/* ---- list ------------------------------------------------------------------------ */

static const char *when_text(struct cli *cli, const struct dead *d)
{
	int64_t ms;
	if (d->when != NULL && clock_parse_rfc3339(d->when, &ms) == 0)
		return cli_time(cli, ms);
	return d->when != NULL ? d->when : "—";
}

static int list_run(struct cli *cli, const struct cli_args *args)
{
	struct bus *bus = cli_open_bus(cli);
	struct dead_list list = {0};
	struct error e;
	(void)args;
	if (bus == NULL)
		return CLI_FAILED;
	if (load(bus, &list, &e) != 0) {
		dead_list_fini(&list);
		return cli_fail(cli, &e);
	}
	const struct cli_column columns[] = {{"ID", true, false},
		{tr("WHEN", "КОГДА"), false, false}, {tr("TOPIC", "ТЕМА"), false, false},
		{tr("BY", "КЕМ"), false, false}, {tr("TYPE", "ТИП"), false, true},
		{tr("REPLAYED", "ПОВТОРЕНО"), false, false}, {tr("REASON", "ПРИЧИНА"), false, true}};
	struct cli_table *table = cli_table_new(columns, sizeof columns / sizeof columns[0]);
	for (size_t i = 0; i < list.count; i++) {
		const struct dead *d = &list.item[i];
		char id[DEAD_ID_SIZE];
		if (cli_json(cli)) {
			cli_print_json(cli, dead_json(d));
			continue;
		}
		const char *cells[] = {dead_id(d, id), when_text(cli, d), d->topic, d->by, d->type,
			d->dropped_ms != 0	 ? tr("dropped", "отброшено")
			: d->replayed_ms != 0 ? cli_time(cli, d->replayed_ms)
					      : "",
			d->reason};
		cli_table_row(table, cells);
	}
	if (!cli_json(cli) && list.count == 0)
		puts(tr("no dead messages", "необработанных сообщений нет"));
	if (!cli_json(cli) && list.count > 0)
		cli_table_print(&table);
	else
		cli_table_free(&table);
	dead_list_fini(&list);
	return CLI_DONE;
}

/* ---- show -------------------------------------------------------------------------- */

static const struct dead *find(struct cli *cli, const struct dead_list *list, const char *id)
{
	const struct dead *d = dead_named(list, id);
	if (d == NULL)
		cli_failf(cli, ERROR_NOT_FOUND, tr("there is no dead message %s", "сообщения %s нет"), cli_clean(id));
	return d;
}

static void show_data(const struct dead *d)
{
	json_t *json = json_loadb(d->data, d->len, JSON_DECODE_ANY, NULL);
	if (json != NULL) {
		json_dumpf(json, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
		putchar('\n');
		json_decref(json);
		return;
	}
	char *text = xstrndup(d->data, d->len < 1500 ? d->len : 1500);
	printf("%s%s\n", cli_clean(text), d->len > 1500 ? " …" : "");
	free(text);
}

static int show_run(struct cli *cli, const struct cli_args *args)
{
	struct bus *bus = cli_open_bus(cli);
	struct dead_list list = {0};
	struct error e;
	int rc = CLI_DONE;
	if (bus == NULL)
		return CLI_FAILED;
	if (load(bus, &list, &e) != 0) {
		rc = cli_fail(cli, &e);
		goto out;
	}
	const struct dead *d = find(cli, &list, cli_operand(args, 0));
	if (d == NULL) {
		rc = CLI_FAILED;
	} else if (cli_json(cli)) {
		json_t *object = dead_json(d);
		json_t *data = json_loadb(d->data, d->len, JSON_DECODE_ANY, NULL);
		json_t *text = data == NULL ? json_stringn(d->data, d->len) : NULL;
		json_object_set_new(object, "data", data != NULL ? data : text != NULL ? text : json_null());
		json_object_set(object, "headers", d->headers);
		cli_print_json(cli, object);
	} else {
		const struct {
			const char *label, *value;
		} rows[] = {{tr("Reason", "Причина"), d->reason}, {tr("By", "Кем"), d->by},
			{tr("When", "Когда"), when_text(cli, d)}, {tr("Topic", "Тема"), d->topic},
			{tr("Type", "Тип"), d->type}, {tr("Source", "Источник"), d->source},
			{"Id", d->id}, {tr("Key", "Ключ"), d->key},
			{tr("Replayed", "Повторено"),
				d->replayed_ms != 0 ? cli_time(cli, d->replayed_ms) : NULL},
			{tr("Dropped", "Отброшено"), d->dropped_ms != 0 ? cli_time(cli, d->dropped_ms) : NULL},
			{tr("Why dropped", "Почему отброшено"), d->dropped_why}};
		for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
			if (rows[i].value != NULL)
				printf("%s: %s\n", rows[i].label, cli_clean(rows[i].value));
		putchar('\n');
		show_data(d);
	}
out:
	dead_list_fini(&list);
	return rc;
}

/* ---- replay, drop ----------------------------------------------------------------- */

static int act(struct cli *cli, struct bus *bus, struct db *db, const struct dead *d, const char *drop_why, struct error *e)
{
	char id[DEAD_ID_SIZE], subject[DEAD_ID_SIZE + 8];
	snprintf(subject, sizeof subject, "dead:%s", dead_id(d, id));
	int rc = db_begin(db, DB_WRITE, e);
	if (rc == 0)
		rc = drop_why != NULL ? dead_drop(bus, db, d, drop_why, e) : dead_replay(bus, db, d, e);
	if (rc == 0)
		rc = cli_audit(cli, db, drop_why != NULL ? "dead.drop" : "dead.replay", subject, NULL,
			drop_why != NULL ? json_pack("{s:s}", "reason", drop_why) : NULL, e);
	if (rc == 0)
		rc = db_commit(db, DB_DURABLE, e);
	db_rollback(db);
	return rc;
}

static int replay_one(struct cli *cli, struct bus *bus, struct db *db, const struct dead *d)
{
	struct error e;
	char id[DEAD_ID_SIZE];
	if (act(cli, bus, db, d, NULL, &e) != 0)
		return cli_fail(cli, &e);
	if (cli_json(cli))
		cli_print_json(cli, json_pack("{s:o, s:s}", "id", dead_id_json(d), "topic", d->topic));
	else
		printf("%s → %s\n", dead_id(d, id), cli_clean(d->topic));
	return CLI_DONE;
}

static int replay_all(struct cli *cli, struct bus *bus, struct db *db, const struct dead_list *list)
{
	int rc = CLI_DONE;
	for (size_t i = 0; i < list->count; i++)
		if (list->item[i].replayed_ms == 0 && list->item[i].dropped_ms == 0 &&
			replay_one(cli, bus, db, &list->item[i]) != CLI_DONE)
			rc = CLI_FAILED;
	return rc;
}

static int replay_run(struct cli *cli, const struct cli_args *args)
{
	bool all = cli_has(args, "all");
	if (all == (cli_operands(args) > 0))
		return cli_wrong_use(cli,
			tr("say which: numbers from `vestnik dead list`, or --all",
				"укажите, какие: номера из `vestnik dead list` или --all"));
	struct bus *bus = cli_open_bus(cli);
	struct db *db = cli_open_store(cli);
	struct dead_list list = {0};
	struct error e;
	int rc = CLI_DONE;
	if (bus == NULL || db == NULL)
		return CLI_FAILED;
	if (load(bus, &list, &e) != 0)
		rc = cli_fail(cli, &e);
	else if (all)
		rc = replay_all(cli, bus, db, &list);
	for (size_t i = 0; rc == CLI_DONE && i < cli_operands(args); i++) {
		const struct dead *d = find(cli, &list, cli_operand(args, i));
		rc = d != NULL ? replay_one(cli, bus, db, d) : CLI_FAILED;
	}
	dead_list_fini(&list);
	return rc;
}

static int drop_run(struct cli *cli, const struct cli_args *args)
{
	const char *why = cli_value(args, "reason");
	if (why == NULL)
		return cli_wrong_use(cli, "%s", tr("say why: --reason TEXT", "укажите причину: --reason TEXT"));
	struct bus *bus = cli_open_bus(cli);
	struct db *db = cli_open_store(cli);
	struct dead_list list = {0};
	struct error e;
	int rc = CLI_DONE;
	if (bus == NULL || db == NULL)
		return CLI_FAILED;
	if (load(bus, &list, &e) != 0)
		rc = cli_fail(cli, &e);
	for (size_t i = 0; rc == CLI_DONE && i < cli_operands(args); i++) {
		const struct dead *d = find(cli, &list, cli_operand(args, i));
		char id[DEAD_ID_SIZE];
		if (d == NULL || act(cli, bus, db, d, why, &e) != 0)
			rc = d == NULL ? CLI_FAILED : cli_fail(cli, &e);
		else if (cli_json(cli))
			cli_print_json(cli, json_pack("{s:o, s:b}", "id", dead_id_json(d), "dropped", 1));
		else
			printf(tr("%s dropped\n", "%s отброшено\n"), dead_id(d, id));
	}
	dead_list_fini(&list);
	return rc;
}

static const struct cli_operand show_operands[] = {
	{"ID", NULL, CLI_ONE, "number from `vestnik dead list`", "номер из `vestnik dead list`"}, {0}};
static const struct cli_operand replay_operands[] = {
	{"ID", NULL, CLI_ANY, "numbers from `vestnik dead list`", "номера из `vestnik dead list`"},
	{0}};
static const struct cli_option replay_options[] = {
	{"all", 0, NULL, NULL, "everything not replayed yet", "всё, что ещё не повторяли"}, {0}};
static const struct cli_operand drop_operands[] = {
	{"ID", NULL, CLI_MANY, "numbers from `vestnik dead list`", "номера из `vestnik dead list`"}, {0}};
static const struct cli_option drop_options[] = {
	{"reason", 0, "TEXT", NULL, "why nobody needs it", "почему оно не нужно"}, {0}};

const struct command dead_commands[] = {
	{"dead list", "lists messages that could not be processed",
		"перечисляет сообщения, которые не удалось обработать", NULL, NULL, NULL, NULL, list_run},
	{"dead show", "shows one of them with its reason", "показывает одно из них с причиной", NULL,
		NULL, show_operands, NULL, show_run},
	{"dead replay", "puts them back where they came from", "возвращает их туда, откуда они пришли",
		NULL, NULL, replay_operands, replay_options, replay_run},
	{"dead drop", "says that nobody needs them: --all leaves them out", "отмечает, что они не нужны: --all их пропускает",
		NULL, NULL, drop_operands, drop_options, drop_run},
	{0}};
