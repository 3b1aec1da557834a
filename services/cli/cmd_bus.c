/* `vestnik bus init|check`: the topics of a Kafka bus, and who may use them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "bus/bus_admin.h"
#include "cli/command.h"
#include "settings/settings.h"

#define REPLICATION_MOST 32
#define TEXT_MAX_BYTES 4096

/* NULL, and *rc: there is nothing to do, or it was reported. */
static struct bus *open_kafka(struct cli *cli, int *rc)
{
	const struct settings *settings = cli_settings(cli);
	*rc = CLI_FAILED;
	if (settings == NULL)
		return NULL;
	if (strncmp(settings->bus_url, "kafka:", 6) == 0)
		return cli_open_bus(cli);
	if (cli_json(cli))
		cli_print_json(cli, json_pack("{s:s, s:s}", "kind", "bus", "bus", "embedded"));
	else
		puts(tr("The bus is embedded in the store's file: there is nothing to do.",
			"Шина встроена в файл хранилища: делать ничего не нужно."));
	*rc = CLI_DONE;
	return NULL;
}

/* Which cluster did not do it: librdkafka's words name none. */
static int fail_kafka(struct cli *cli, const struct error *e)
{
	return cli_failf(cli, e->code, "%s: %s", cli_settings(cli)->bus_url, e->text);
}

/* What the topics should be like, by settings and options. How many; -1: reported, *rc says how. */
static int wanted(struct cli *cli, const struct cli_args *args, struct bus *bus,
	struct bus_topic topics[static BUS_TOPICS_MAX], int *rc)
{
	const struct settings *settings = cli_settings(cli);
	int64_t partitions, replication;
	struct error e;
	*rc = CLI_WRONG_USE;
	if (cli_number(cli, args, "partitions", 1, BUS_PARTITIONS_MAX, settings->bus_partitions, &partitions) != 0 ||
		cli_number(cli, args, "replication", 1, REPLICATION_MOST, settings->bus_replication,
			&replication) != 0)
		return -1;
	const struct bus_topic_wishes wishes = {.partitions = (int)partitions,
		.replication = (int)replication,
		.keep_ms = settings->bus_keep_ms};
	int n = bus_admin_wanted(bus, &wishes, topics, &e);
	if (n < 0)
		*rc = fail_kafka(cli, &e);
	return n;
}

/* ---- init --------------------------------------------------------------------------- */

static const char *const result_names[] = {
	[BUS_TOPIC_MADE] = "made", [BUS_TOPIC_THERE] = "there", [BUS_TOPIC_FAILED] = "failed"};

static const char *result_words(enum bus_topic_result result)
{
	return result == BUS_TOPIC_MADE	   ? tr("made", "создана")
	       : result == BUS_TOPIC_THERE ? tr("is there", "уже есть")
					   : tr("not made", "не создана");
}

struct topic_said {
	struct cli *cli;
	struct bus *bus;
};

static void say_topic(void *arg, const struct bus_topic *topic, enum bus_topic_result result, const char *why)
{
	const struct topic_said *said = arg;
	char *name = bus_admin_topic_name(said->bus, topic->name);
	if (cli_json(said->cli)) {
		json_t *settings = json_object();
		for (size_t i = 0; i < topic->setting_count; i++)
			json_object_set_new(
				settings, topic->setting[i].name, json_string(topic->setting[i].value));
		json_t *object = json_pack("{s:s, s:s, s:s, s:i, s:i, s:o}", "kind", "topic", "topic", name,
			"result", result_names[result], "partitions", topic->partitions, "replication",
			topic->replication, "settings", settings);
		if (why != NULL)
			json_object_set_new(object, "why", json_string(why));
		cli_print_json(said->cli, object);
	} else if (result == BUS_TOPIC_MADE) {
		printf(tr("%s: %s (partitions: %d, replicas: %d)\n", "%s: %s (разделов: %d, реплик: %d)\n"), name,
			result_words(result), topic->partitions, topic->replication);
	} else {
		printf("%s: %s%s%s\n", name, result_words(result), why != NULL ? ": " : "",
			why != NULL ? cli_clean(why) : "");
	}
	free(name);
}

/* ---- rights --------------------------------------------------------------------------- */

static const struct acl {
	bool outside;  /* for a producer that is none of ours */
	const char *resource, *pattern;
	const char *operations[7];
	const char *en, *ru;
} acls[] = {
	{false, "topic", "prefixed", {"Read", "Write", "Describe", "DescribeConfigs", NULL},
		"the services use every topic", "службы пользуются всеми темами"},
	{false, "group", "prefixed", {"Read", "Describe", NULL}, "and their groups", "и своими группами"},
	{false, "topic", "prefixed", {"Create", NULL},
		"only for vestnik bus init", "только для vestnik bus init"},
	{true, "topic", "literal", {"Write", "Describe", NULL},
		"an outside producer may write tasks and nothing else",
		"внешний отправитель может только писать задания"},
};

/* A name within single quotes of a shell; ours cannot hold one, a person's may. */
static void quote(struct buf *out, const char *text)
{
	(void)buf_putc(out, '\'');
	for (; *text != '\0'; text++)
		if (*text == '\'')
			(void)buf_puts(out, "'\\''");
		else
			(void)buf_putc(out, *text);
	(void)buf_putc(out, '\'');
}

/* "test.vestnik." of "test.vestnik.tasks": what all our topics and groups begin with. */
static char *common_part(const char *topic)
{
	const char *end = strstr(topic, "vestnik.");
	return end == NULL ? xstrdup(topic) : xstrndup(topic, (size_t)(end - topic) + strlen("vestnik."));
}

static void acl_command(const struct acl *acl, const char *brokers, const char *principal, const char *name,
	struct buf *out)
{
	(void)buf_puts(out, "kafka-acls.sh --bootstrap-server ");
	(void)buf_puts(out, brokers);
	(void)buf_puts(out, " --add --allow-principal ");
	quote(out, principal);
	for (size_t i = 0; acl->operations[i] != NULL; i++)
		(void)buf_printf(out, " --operation %s", acl->operations[i]);
	(void)buf_printf(out, " --%s ", acl->resource);
	quote(out, name);
	if (strcmp(acl->pattern, "prefixed") == 0)
		(void)buf_puts(out, " --resource-pattern-type prefixed");
}

static void print_acl(struct cli *cli, const struct acl *acl, const char *brokers, const char *principal,
	const char *name)
{
	struct buf command;
	buf_init(&command, TEXT_MAX_BYTES);
	acl_command(acl, brokers, principal, name, &command);
	if (cli_json(cli)) {
		json_t *operations = json_array();
		for (size_t i = 0; acl->operations[i] != NULL; i++)
			json_array_append_new(operations, json_string(acl->operations[i]));
		cli_print_json(cli, json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:s}", "kind", "acl", "principal",
						principal, "resource", acl->resource, "name", name, "pattern",
						acl->pattern, "operations", operations, "command",
						buf_str(&command)));
	} else {
		printf("# %s\n%s\n", tr(acl->en, acl->ru), cli_clean(buf_str(&command)));
	}
	buf_fini(&command);
}

static const char *property(const struct settings *settings, const char *name)
{
	for (size_t i = 0; i < settings->kafka_count; i++)
		if (strcmp(settings->kafka[2 * i], name) == 0)
			return settings->kafka[2 * i + 1];
	return NULL;
}

static void print_acls(struct cli *cli, const struct cli_args *args, struct bus *bus)
{
	const struct settings *settings = cli_settings(cli);
	const char *given = cli_value(args, "principal"), *user = property(settings, "sasl.username");
	const char *outside = cli_value(args, "producer");
	char *ours = given != NULL ? xstrdup(given) : xasprintf("User:%s", user != NULL ? user : "vestnik");
	char *theirs = xstrdup(outside != NULL ? outside : "User:producer");
	char *tasks = bus_admin_topic_name(bus, BUS_TASKS), *common = common_part(tasks);
	const char *list = settings->bus_url + strlen("kafka://");
	char *brokers = xstrndup(list, strcspn(list, "/"));
	if (!cli_json(cli))
		puts(tr("\nRights, where the brokers check them (authorizer; allow.everyone.if.no.acl.found=false):",
			"\nПрава, если брокеры их проверяют (authorizer; allow.everyone.if.no.acl.found=false):"));
	for (size_t i = 0; i < sizeof acls / sizeof acls[0]; i++)
		print_acl(cli, &acls[i], brokers, acls[i].outside ? theirs : ours,
			strcmp(acls[i].pattern, "literal") == 0 ? tasks : common);
	free(ours);
	free(theirs);
	free(tasks);
	free(common);
	free(brokers);
}

/* ---- differences ------------------------------------------------------------------------ */

struct differences {
	struct cli *cli;
	struct bus *bus;
	size_t count;
};

static const char *what_words(const char *what)
{
	static const struct {
		const char *what, *ru;
	} words[] = {{"missing", "нет такой темы"}, {"partitions", "разделов"}, {"replication", "реплик"}};
	for (size_t i = 0; lang_get() == LANG_RU && i < sizeof words / sizeof words[0]; i++)
		if (strcmp(words[i].what, what) == 0)
			return words[i].ru;
	return what;
}

static void say_difference(void *arg, const struct bus_difference *d)
{
	struct differences *all = arg;
	char *name = bus_admin_topic_name(all->bus, d->topic);
	all->count++;
	if (cli_json(all->cli)) {
		cli_print_json(all->cli, json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:b}", "kind", "difference",
						 "topic", name, "what", d->what, "wanted", d->wanted, "found",
						 d->found, "bad", d->bad));
	} else if (d->found == NULL) {
		printf("%s: %s\n", name, what_words(d->what));
	} else {
		printf(tr("%s: %s: %s, wanted: %s%s\n", "%s: %s: %s, нужно: %s%s\n"), name, what_words(d->what),
			cli_clean(d->found), d->wanted != NULL ? d->wanted : "",
			d->bad ? "" : tr(" (harmless)", " (не мешает)"));
	}
	free(name);
}

/* ---- the commands ------------------------------------------------------------------------ */

/* At the first question about any group the brokers make a topic of their own, which takes a
 * second or two: better here than when the services start. Not our topic, so no failure of ours. */
static void wake_coordinator(struct bus *bus)
{
	static const char *const groups[] = {"planner", "mailer", "ledger", "notifier"};
	struct error e;
	int64_t lag;
	for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
		(void)bus_lag(bus, BUS_STATUS, groups[i], &lag, &e);
}

static int init_run(struct cli *cli, const struct cli_args *args)
{
	struct bus_topic topics[BUS_TOPICS_MAX];
	struct error e;
	int rc;
	struct bus *bus = open_kafka(cli, &rc);
	if (bus == NULL)
		return rc;
	int n = wanted(cli, args, bus, topics, &rc);
	if (n < 0)
		return rc;
	struct topic_said said = {cli, bus};
	int failed = bus_admin_init(bus, topics, (size_t)n, say_topic, &said, &e);
	if (failed < 0)
		return fail_kafka(cli, &e);
	if (failed > 0) {
		print_acls(cli, args, bus); /* they may be what is missing */
		return cli_failf(cli, ERROR_UNAVAILABLE, tr("%d topics were not made", "не создано тем: %d"), failed);
	}
	wake_coordinator(bus);
	struct differences all = {cli, bus, 0};
	int bad = bus_admin_check(bus, topics, (size_t)n, say_difference, &all, &e);
	if (bad < 0)
		return fail_kafka(cli, &e);
	if (bad > 0)
		cli_warn(cli, "%s",
			tr("what was there already is left as it is; change it with Kafka's own tools",
				"то, что уже было, не тронуто; изменить это можно средствами самой Kafka"));
	print_acls(cli, args, bus);
	return CLI_DONE;
}

static int check_run(struct cli *cli, const struct cli_args *args)
{
	struct bus_topic topics[BUS_TOPICS_MAX];
	struct error e;
	int rc;
	struct bus *bus = open_kafka(cli, &rc);
	if (bus == NULL)
		return rc;
	int n = wanted(cli, args, bus, topics, &rc);
	if (n < 0)
		return rc;
	struct differences all = {cli, bus, 0};
	int bad = bus_admin_check(bus, topics, (size_t)n, say_difference, &all, &e);
	if (bad < 0)
		return fail_kafka(cli, &e);
	if (bad == 0 && !cli_json(cli))
		puts(tr("The topics are as they should be.", "Темы такие, какими должны быть."));
	return bad == 0 ? CLI_DONE : CLI_FAILED;
}

#define SIZE_OPTIONS                                                                                   \
	{"partitions", 0, "N", NULL, "of mail and status (default: bus_partitions of the settings)",   \
		"разделов у писем и событий (по умолчанию bus_partitions из настроек)"},                \
	{                                                                                              \
		"replication", 0, "N", NULL, "replicas (default: bus_replication of the settings)",    \
			"реплик (по умолчанию bus_replication из настроек)"                            \
	}

static const struct cli_option init_options[] = {SIZE_OPTIONS,
	{"principal", 0, "PRINCIPAL", NULL, "of the services, for the rights (default: User:<sasl.username>)",
		"учётная запись служб, для прав (по умолчанию User:<sasl.username>)"},
	{"producer", 0, "PRINCIPAL", NULL, "of an outside producer of tasks (default: User:producer)",
		"учётная запись внешнего отправителя заданий (по умолчанию User:producer)"},
	{0}};
static const struct cli_option check_options[] = {SIZE_OPTIONS, {0}};

const struct command bus_commands[] = {
	{"bus init", "makes Kafka's topics and prints the rights that go with them",
		"создаёт темы Kafka и печатает права к ним",
		"Makes what is missing and leaves what is there: it may be repeated. Then prints the\n"
		"kafka-acls.sh commands that let the services use their topics and an outside producer\n"
		"write tasks, nothing else. The embedded bus needs none of this.",
		"Создаёт недостающее и не трогает то, что есть: команду можно повторять. Затем печатает\n"
		"команды kafka-acls.sh, по которым службы пользуются своими темами, а внешний отправитель\n"
		"только пишет задания. Встроенной шине ничего этого не нужно.",
		NULL, init_options, init_run},
	{"bus check", "compares Kafka's topics with what they should be",
		"сравнивает темы Kafka с тем, какими они должны быть",
		"Missing topics, partitions, replicas, min.insync.replicas, retention shorter than bus_keep,\n"
		"unclean leader election. Exit code 1 when something is not as it should be.",
		"Недостающие темы, разделы, реплики, min.insync.replicas, срок хранения меньше bus_keep,\n"
		"«нечистый» выбор лидера. Код выхода 1, если что-то не так.",
		NULL, check_options, check_run},
	{0}};
