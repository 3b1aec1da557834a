/* `vestnik task put`: any program's way to ask for something on the embedded bus.
 * A task is checked before it is queued, so that a mistake is told to whoever
 * made it and not to the one who reads vestnik.dead. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "bus/bus.h"
#include "cli/command.h"
#include "message/task.h"
#include "settings/settings.h"

#define BATCH_MOST 256                          /* tasks made durable at once */
#define BATCH_MOST_BYTES (8 * 1024 * 1024)

struct batch {
	struct queued {
		char *data, *id, *source, *key;
		size_t len;
		enum task_type type;
	} item[BATCH_MOST];
	size_t count, bytes;
	int64_t put;
};

static void batch_clear(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		free(batch->item[i].data);
		free(batch->item[i].id);
		free(batch->item[i].source);
		free(batch->item[i].key);
	}
	batch->count = batch->bytes = 0;
}

static int batch_publish(struct cli *cli, struct bus *bus, struct batch *batch)
{
	struct bus_message messages[BATCH_MOST];
	struct error e;
	for (size_t i = 0; i < batch->count; i++)
		messages[i] = (struct bus_message){.topic = BUS_TASKS,
			.key = batch->item[i].key,
			.content_type = TASK_STRUCTURED,
			.data = batch->item[i].data,
			.len = batch->item[i].len};
	if (batch->count > 0 && bus_publish(bus, messages, batch->count, &e) != 0)
		return cli_fail(cli, &e);
	for (size_t i = 0; i < batch->count; i++) {
		const struct queued *q = &batch->item[i];
		batch->put++;
		if (cli_json(cli))
			cli_print_json(cli, json_pack("{s:s, s:s, s:s}", "id", q->id, "source",
							q->source, "type", task_type_name(q->type)));
		else
			puts(cli_clean(q->id));
	}
	batch_clear(batch);
	return CLI_DONE;
}

/* Where the JSON breaks: jansson counts columns in characters. */
static int check_json(
	struct cli *cli, const char *file, int64_t first_line, const char *data, size_t len)
{
	json_error_t where;
	json_t *json = json_loadb(data, len, JSON_REJECT_DUPLICATES, &where);
	if (json != NULL) {
		json_decref(json);
		return CLI_DONE;
	}
	return cli_failf(cli, ERROR_INPUT, "%s:%lld:%d: %s", file, (long long)(first_line + where.line - 1),
		where.column, cli_clean(where.text));
}

/* What the planner would refuse by the settings alone: said here, to whoever asks. */
static int check_source(const struct settings *settings, const struct task *task, struct error *e)
{
	const char *name = task_short_name(task->type);
	if (!settings->sources_given)
		return 0;
	if (settings_source_own(task->source))
		return error_set(e, ERROR_DENIED,
			tr("sources that begin with «%s» are kept for Vestnik's own programs",
				"источники, что начинаются с «%s», — только для программ самого Вестника"),
			SETTINGS_OWN_SOURCE);
	const struct settings_source *source = settings_source_of(settings, task->source);
	if (source == NULL)
		return error_set(e, ERROR_DENIED,
			tr("the source «%.100s» is not listed in the settings (sources)",
				"источника «%.100s» нет в настройках (sources)"),
			task->source);
	if (!settings_source_may_ask(source, name))
		return error_set(e, ERROR_DENIED,
			tr("the source «%.100s» may not ask for %s (sources, line %d of the settings)",
				"источнику «%.100s» нельзя просить о %s (sources, строка %d настроек)"),
			task->source, name, source->line);
	return 0;
}

static int add(struct cli *cli, const char *file, int64_t line, const char *data, size_t len,
	struct batch *batch)
{
	struct task task = {0};
	struct error e;
	int rc = check_json(cli, file, line, data, len);
	if (rc != CLI_DONE)
		return rc;
	const struct settings *settings = cli_settings(cli);
	if (settings == NULL)
		return CLI_FAILED;
	if (task_read(TASK_STRUCTURED, NULL, NULL, NULL, 0, data, len, &task, &e) != 0 ||
		check_source(settings, &task, &e) != 0) {
		rc = cli_failf(cli, e.code, "%s:%lld: %s", file, (long long)line, e.text);
	} else {
		struct queued *q = &batch->item[batch->count++];
		/* what concerns one campaign must stay in order */
		*q = (struct queued){.data = xmemdup(data, len),
			.len = len,
			.id = xstrdup(task.id),
			.source = xstrdup(task.source),
			.key = xstrdup(task.type == TASK_NOTIFY ? NULL : task.as.campaign.slug),
			.type = task.type};
		batch->bytes += len;
	}
	task_fini(&task);
	return rc;
}

static int too_long(struct cli *cli, const char *file, int64_t line)
{
	return cli_failf(cli, ERROR_INPUT,
		tr("%s:%lld: longer than %d bytes, the most a task may have",
			"%s:%lld: длиннее %d байт — больше заданию нельзя"),
		file, (long long)line, BUS_MESSAGE_MAX_BYTES);
}

static int put_one(struct cli *cli, struct bus *bus, FILE *in, const char *file, struct batch *batch)
{
	struct buf all;
	char part[65536];
	size_t n;
	int rc = CLI_DONE;
	buf_init(&all, BUS_MESSAGE_MAX_BYTES);
	while (rc == CLI_DONE && (n = fread(part, 1, sizeof part, in)) > 0)
		if (buf_append(&all, part, n) != 0)
			rc = too_long(cli, file, 1);
	if (rc == CLI_DONE && !ferror(in))
		rc = add(cli, file, 1, buf_str(&all), all.len, batch);
	if (rc == CLI_DONE)
		rc = batch_publish(cli, bus, batch);
	buf_fini(&all);
	return rc;
}

/* getline() without its appetite: a line may not be longer than a task. */
static int read_line(FILE *in, struct buf *line)
{
	int c;
	buf_reset(line);
	while ((c = getc_unlocked(in)) != EOF && c != '\n')
		if (buf_putc(line, (char)c) != 0)
			return -1;
	return c != EOF || line->len > 0;
}

static int put_lines(
	struct cli *cli, struct bus *bus, FILE *in, const char *file, struct batch *batch)
{
	struct buf line;
	int64_t number = 0;
	int rc = CLI_DONE, more;
	buf_init(&line, BUS_MESSAGE_MAX_BYTES);
	while (rc == CLI_DONE && (more = read_line(in, &line)) != 0) {
		number++;
		if (more < 0)
			rc = too_long(cli, file, number);
		else if (strspn(buf_str(&line), " \t\r") < line.len)
			rc = add(cli, file, number, buf_str(&line), line.len, batch);
		if (rc == CLI_DONE && (batch->count == BATCH_MOST || batch->bytes >= BATCH_MOST_BYTES))
			rc = batch_publish(cli, bus, batch);
	}
	/* what stood before a mistake is good: it goes, and the ids printed say so */
	int published = batch_publish(cli, bus, batch);
	buf_fini(&line);
	return rc != CLI_DONE ? rc : published;
}

static int put_run(struct cli *cli, const struct cli_args *args)
{
	const char *file = cli_operand(args, 0);
	bool standard = strcmp(file, "-") == 0;
	struct error e;
	FILE *in = standard ? stdin : fopen(file, "re");
	if (in == NULL) {
		error_errno(&e, "%s", cli_clean(file));
		return cli_fail(cli, &e);
	}
	struct bus *bus = cli_open_bus(cli);
	int rc = CLI_FAILED;
	if (bus != NULL) {
		struct batch *batch = xcalloc(1, sizeof *batch);
		const char *name = standard ? tr("standard input", "стандартный ввод") : file;
		rc = cli_has(args, "lines") ? put_lines(cli, bus, in, name, batch)
					    : put_one(cli, bus, in, name, batch);
		if (rc == CLI_DONE && ferror(in)) {
			error_errno(&e, "%s", cli_clean(name));
			rc = cli_fail(cli, &e);
		}
		batch_clear(batch);
		free(batch);
	}
	if (!standard)
		fclose(in);
	return rc;
}

static const struct cli_operand put_operands[] = {
	{"FILE", "@file", CLI_ONE, "CloudEvents 1.0 JSON; - for standard input",
		"JSON CloudEvents 1.0; - для стандартного ввода"},
	{0}};
static const struct cli_option put_options[] = {
	{"lines", 0, NULL, NULL, "one task per line", "одно задание на строку"}, {0}};

const struct command task_commands[] = {
	{"task put", "queues a task for Vestnik: what another program would write to the bus",
		"ставит задание в очередь: то, что другая программа записала бы в шину",
		"The task is checked first; its id is printed when the bus has it safely. The same\n"
		"(source, id) a second time changes nothing. Types, limits and what may go wrong:\n"
		"docs/producers.md; every member: config/schemas/.",
		"Задание сначала проверяется; когда шина его надёжно записала, печатается его id. Те же\n"
		"(source, id) ещё раз ничего не меняют. Типы, пределы и что может пойти не так:\n"
		"docs/producers.ru.md; все члены: config/schemas/.",
		put_operands, put_options, put_run},
	{0}};
