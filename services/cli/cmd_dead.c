/* `vestnik dead list|show|replay`: messages that could not be processed.
 *
 * A dead letter is never changed. A replay publishes the message again on its
 * old topic, with the header `replayed`, and leaves a marker of type
 * vestnik.dead.replayed on vestnik.dead in the same transaction; the list
 * reads both. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "bus/bus.h"
#include "cli/command.h"
#include "store/db.h"

#define MARKER_TYPE "vestnik.dead.replayed"
#define BROWSE_PIECE 500
#define DEAD_ID_SIZE 40

struct dead {
	int32_t partition;
	int64_t offset;
	char *key, *id, *source, *type, *content_type, *topic, *reason, *by, *when;
	json_t *headers; /* all of them, object */
	char *data;
	size_t len;
	int64_t time_ms, replayed_ms;
};

struct replayed { /* what a marker says */
	int32_t partition;
	int64_t offset, time_ms;
};

struct dead_list {
	struct dead *item;
	size_t count;
	struct replayed *replayed; /* a marker may stand in another partition than its letter */
	size_t replayed_count;
	int64_t next;
};

static void dead_list_fini(struct dead_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		struct dead *d = &list->item[i];
		char *texts[] = {d->key, d->id, d->source, d->type, d->content_type, d->topic,
			d->reason, d->by, d->when, d->data};
		for (size_t t = 0; t < sizeof texts / sizeof texts[0]; t++)
			free(texts[t]);
		json_decref(d->headers);
	}
	free(list->item);
	free(list->replayed);
	*list = (struct dead_list){0};
}

static char *header(const json_t *headers, const char *name)
{
	return xstrdup(json_string_value(json_object_get(headers, name)));
}

static void take_marker(struct dead_list *list, const json_t *headers, int64_t time_ms)
{
	const char *of = json_string_value(json_object_get(headers, "dead-offset"));
	const char *in = json_string_value(json_object_get(headers, "dead-partition"));
	long long offset, partition = 0;
	if (of == NULL || !gate_int64(of, 0, INT64_MAX, &offset) ||
		(in != NULL && !gate_int64(in, 0, INT32_MAX, &partition)))
		return;
	if ((list->replayed_count & (list->replayed_count - 1)) == 0)
		list->replayed = xrealloc(list->replayed,
			list->replayed_count == 0 ? 1 : list->replayed_count * 2, sizeof *list->replayed);
	list->replayed[list->replayed_count++] = (struct replayed){(int32_t)partition, offset, time_ms};
}

static int take(void *arg, const struct bus_message *m)
{
	struct dead_list *list = arg;
	json_t *headers = m->headers != NULL ? json_loads(m->headers, 0, NULL) : NULL;
	if (!json_is_object(headers)) {
		json_decref(headers);
		headers = json_object();
	}
	list->next = m->offset + 1;
	if (m->type != NULL && strcmp(m->type, MARKER_TYPE) == 0) {
		take_marker(list, headers, m->time_ms);
		json_decref(headers);
		return 0;
	}
	if ((list->count & (list->count - 1)) == 0)
		list->item = xrealloc(
			list->item, list->count == 0 ? 1 : list->count * 2, sizeof *list->item);
	list->item[list->count++] = (struct dead){.partition = m->partition,
		.offset = m->offset,
		.key = xstrdup(m->key),
		.id = xstrdup(m->id),
		.source = xstrdup(m->source),
		.type = xstrdup(m->type),
		.content_type = xstrdup(m->content_type),
		.topic = header(headers, "dead-topic"),
		.reason = header(headers, "dead-reason"),
		.by = header(headers, "dead-by"),
		.when = header(headers, "dead-time"),
		.headers = headers,
		.data = xmemdup(m->len > 0 ? m->data : "", m->len > 0 ? m->len : 1),
		.len = m->len,
		.time_ms = m->time_ms};
	return 0;
}

/* By the time of death, which is RFC 3339 in UTC: it sorts as text. */
static int by_time(const void *a, const void *b)
{
	const struct dead *x = a, *y = b;
	int order = strcmp(x->when != NULL ? x->when : "", y->when != NULL ? y->when : "");
	if (order != 0)
		return order;
	return x->partition != y->partition ? (x->partition < y->partition ? -1 : 1)
	       : x->offset < y->offset	    ? -1
					    : x->offset > y->offset;
}

/* All of them: 30 days of messages that should not exist. */
static int load(struct bus *bus, struct dead_list *list, struct error *e)
{
	int64_t end[BUS_PARTITIONS_MAX];
	int partitions = bus_ends(bus, BUS_DEAD, end, e), n = partitions < 0 ? -1 : 0;
	for (int p = 0; p < partitions && n >= 0; p++) {
		list->next = 0;
		do {
			n = list->next < end[p]
				? bus_browse(bus, BUS_DEAD, p, list->next, BROWSE_PIECE, take, list, e)
				: 0;
		} while (n > 0);
	}
	for (size_t r = 0; r < list->replayed_count; r++)
		for (size_t i = 0; i < list->count; i++)
			if (list->item[i].partition == list->replayed[r].partition &&
				list->item[i].offset == list->replayed[r].offset)
				list->item[i].replayed_ms = list->replayed[r].time_ms;
	if (partitions > 1 && list->count > 1)
		qsort(list->item, list->count, sizeof *list->item, by_time);
	return n < 0 ? -1 : 0;
}

/* Its number for people: "5", and "2:5" outside of the first partition. */
static const char *dead_id(const struct dead *d, char out[static DEAD_ID_SIZE])
{
	if (d->partition == 0)
		snprintf(out, DEAD_ID_SIZE, "%lld", (long long)d->offset);
	else
		snprintf(out, DEAD_ID_SIZE, "%d:%lld", (int)d->partition, (long long)d->offset);
	return out;
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
		{"replayed", cli_rfc3339(d->replayed_ms)}};
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
			d->replayed_ms != 0 ? cli_time(cli, d->replayed_ms) : "", d->reason};
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

static struct dead *find(struct cli *cli, struct dead_list *list, const char *id)
{
	char its[DEAD_ID_SIZE];
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(dead_id(&list->item[i], its), id) == 0)
			return &list->item[i];
	cli_failf(cli, ERROR_NOT_FOUND, tr("there is no dead message %s", "сообщения %s нет"),
		cli_clean(id));
	return NULL;
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
				d->replayed_ms != 0 ? cli_time(cli, d->replayed_ms) : NULL}};
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

/* ---- replay ------------------------------------------------------------------------ */

/* The message's own headers, without ours, and with the mark. The caller frees. */
static char *headers_again(const struct dead *d)
{
	char mark[32];
	const char *name;
	json_t *value;
	json_t *headers = json_object();
	snprintf(mark, sizeof mark, "%d:%lld", (int)d->partition, (long long)d->offset);
	json_object_foreach(d->headers, name, value)
		if (strncmp(name, "dead-", 5) != 0)
			json_object_set(headers, name, value);
	json_object_set_new(headers, "replayed", json_string(mark));
	char *text = json_dumps(headers, JSON_COMPACT);
	json_decref(headers);
	return text;
}

static int publish_again(struct bus *bus, struct db *db, const struct dead *d, struct error *e)
{
	char marker_id[64], marker_headers[120];
	char *headers = headers_again(d);
	snprintf(marker_id, sizeof marker_id, "replay.%d.%lld.%lld", (int)d->partition, (long long)d->offset,
		(long long)clock_now_ms());
	snprintf(marker_headers, sizeof marker_headers,
		"{\"dead-partition\":\"%d\",\"dead-offset\":\"%lld\"}", (int)d->partition,
		(long long)d->offset);
	const struct bus_message message = {.topic = d->topic,
		.key = d->key,
		.id = d->id,
		.source = d->source,
		.type = d->type,
		.time_ms = d->time_ms,
		.content_type = d->content_type,
		.headers = headers,
		.data = d->data,
		.len = d->len};
	const struct bus_message marker = {.topic = BUS_DEAD,
		.id = marker_id,
		.source = "vestnik",
		.type = MARKER_TYPE,
		.time_ms = clock_now_ms(),
		.headers = marker_headers,
		.data = "{}",
		.len = 2};
	int rc = -1;
	if (db_begin(db, DB_WRITE, e) == 0 && bus_publish_tx(bus, db, &message, e) == 0 &&
		bus_publish_tx(bus, db, &marker, e) == 0 && db_commit(db, DB_DURABLE, e) == 0)
		rc = 0;
	db_rollback(db);
	free(headers);
	return rc;
}

static int replay_one(struct cli *cli, struct bus *bus, struct db *db, const struct dead *d)
{
	struct error e;
	char id[DEAD_ID_SIZE];
	if (d->topic == NULL)
		return cli_failf(cli, ERROR_INPUT,
			tr("message %s does not say where it came from", "сообщение %s не говорит, откуда оно"),
			dead_id(d, id));
	if (publish_again(bus, db, d, &e) != 0)
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
		if (list->item[i].replayed_ms == 0 && replay_one(cli, bus, db, &list->item[i]) != CLI_DONE)
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

static const struct cli_operand show_operands[] = {
	{"ID", NULL, CLI_ONE, "number from `vestnik dead list`", "номер из `vestnik dead list`"}, {0}};
static const struct cli_operand replay_operands[] = {
	{"ID", NULL, CLI_ANY, "numbers from `vestnik dead list`", "номера из `vestnik dead list`"},
	{0}};
static const struct cli_option replay_options[] = {
	{"all", 0, NULL, NULL, "everything not replayed yet", "всё, что ещё не повторяли"}, {0}};

const struct command dead_commands[] = {
	{"dead list", "lists messages that could not be processed",
		"перечисляет сообщения, которые не удалось обработать", NULL, NULL, NULL, NULL, list_run},
	{"dead show", "shows one of them with its reason", "показывает одно из них с причиной", NULL,
		NULL, show_operands, NULL, show_run},
	{"dead replay", "puts them back where they came from", "возвращает их туда, откуда они пришли",
		NULL, NULL, replay_operands, replay_options, replay_run},
	{0}};
