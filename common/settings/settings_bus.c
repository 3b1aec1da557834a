/* The bus's address and the properties handed on to librdkafka. */
#include <stdlib.h>
#include <string.h>

#include "base/gate.h"
#include "base/lang.h"
#include "base/url.h"
#include "base/xalloc.h"
#include "settings/settings_table.h"

#define ADDRESS_MAX_BYTES 2000
#define HOST_MAX_BYTES 253
#define PREFIX_MAX_BYTES 60 /* with our longest topic far below Kafka's 249 */
#define PORT_MAX 65535
#define PROPERTIES_MAX 200
#define NAME_MAX_BYTES 100

static const char kafka_example[] = "kafka://kafka.example.org:9092";

/* ---- kafka://host:port,host:port/prefix ------------------------------------------- */

static bool broker_ok(const char *broker)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
	long long port;
	const char *end = broker;
	if (broker[0] == '[') { /* [::1]:9092 */
		end += 1 + strspn(broker + 1, "0123456789abcdefABCDEF:.");
		if (end == broker + 1 || *end++ != ']')
			return false;
	} else {
		end += strspn(broker, letters);
		if (end == broker || end - broker > HOST_MAX_BYTES || strchr("-.", broker[0]) != NULL)
			return false;
	}
	return *end == ':' && gate_int64(end + 1, 1, PORT_MAX, &port);
}

static bool prefix_ok(const char *prefix)
{
	size_t len = strlen(prefix);
	return len > 0 && len <= PREFIX_MAX_BYTES && strchr(".-", prefix[0]) == NULL &&
	       strchr(".-", prefix[len - 1]) == NULL &&
	       prefix[strspn(prefix, "abcdefghijklmnopqrstuvwxyz0123456789.-")] == '\0';
}

static void bad_address(const struct settings_reader *reader, const struct yaml_node *node,
	const char *shown, const char *what, const char *want)
{
	yaml_problem(&reader->yaml, PROBLEM_ERROR, node, shown, kafka_example,
		tr("«%.100s» is not %s", "«%.100s» — не %s"), what, want);
}

/* text is after "kafka://"; changed while it is read. */
static bool check_kafka(const struct settings_reader *reader, const struct yaml_node *node,
	const char *shown, char *text)
{
	char *prefix = strchr(text, '/'), *broker;
	if (prefix != NULL)
		*prefix++ = '\0';
	if (strchr(text, '@') != NULL) {
		yaml_problem(&reader->yaml, PROBLEM_ERROR, node, shown,
			"kafka: {sasl.username: vestnik, sasl.password_file: kafka.password}", "%s",
			tr("name and password do not stand in the bus's address",
				"имя и пароль не пишутся в адресе шины"));
		return false;
	}
	while ((broker = strsep(&text, ",")) != NULL)
		if (!broker_ok(broker)) {
			bad_address(reader, node, shown, broker,
				tr("HOST:PORT, a port being 1 to 65535", "МАШИНА:ПОРТ, порт от 1 до 65535"));
			return false;
		}
	if (prefix != NULL && !prefix_ok(prefix)) {
		bad_address(reader, node, shown, prefix,
			tr("a prefix: a–z, 0–9, «.» and «-» within, at most 60",
				"приставка: a–z, 0–9, внутри «.» и «-», не больше 60"));
		return false;
	}
	return true;
}

char *settings_bus_address(const struct settings_reader *reader, const struct yaml_node *node,
	const char *shown, const char *text)
{
	if (strcmp(text, "embedded") == 0)
		return xstrdup(text);
	if (strncmp(text, "kafka://", 8) != 0 || strlen(text) > ADDRESS_MAX_BYTES) {
		char *said = url_shown(text);
		bad_address(reader, node, shown, said,
			tr("embedded or kafka://HOST:PORT", "embedded и не kafka://МАШИНА:ПОРТ"));
		free(said);
		return NULL;
	}
	char *copy = xstrdup(text + 8);
	char *address = check_kafka(reader, node, shown, copy) ? xstrdup(text) : NULL;
	free(copy);
	return address;
}

/* ---- properties --------------------------------------------------------------------- */

/* What the driver's promises hang on. */
const struct setting_reserved settings_kafka_reserved[] = {
	{"bootstrap.servers", "bus_url names the brokers", "брокеры указаны в bus_url"},
	{"metadata.broker.list", "bus_url names the brokers", "брокеры указаны в bus_url"},
	{"client.id", "it is the service's name", "это имя службы"},
	{"group.id", "each service has its group", "у каждой службы своя группа"},
	{"group.instance.id", "it comes from --instance", "берётся из --instance"},
	{"client.rack", "reading from followers can crash librdkafka 2.0",
		"чтение с реплик может уронить librdkafka 2.0"},
	{"enable.auto.commit", "only finished work is recorded as read",
		"прочитанным записывается только сделанное"},
	{"auto.commit.enable", "only finished work is recorded as read",
		"прочитанным записывается только сделанное"},
	{"enable.auto.offset.store", "only finished work is recorded as read",
		"прочитанным записывается только сделанное"},
	{"offset.store.method", "only finished work is recorded as read",
		"прочитанным записывается только сделанное"},
	{"auto.offset.reset", "a gap must be noticed, not jumped over",
		"пропажа должна быть замечена, а не пропущена"},
	{"enable.partition.eof", "the reader does not expect it", "читатель этого не ждёт"},
	{"partition.assignment.strategy", "members of a group must agree on it",
		"члены группы должны делить одинаково"},
	{"isolation.level", "what others rolled back must not be read",
		"откатанное другими не должно читаться"},
	{"enable.idempotence", "without it retries double messages and change their order",
		"без него повторы удваивают сообщения и меняют их порядок"},
	{"acks", "a message counts when all in-sync replicas have it",
		"сообщение принято, когда оно у всех синхронных реплик"},
	{"request.required.acks", "a message counts when all in-sync replicas have it",
		"сообщение принято, когда оно у всех синхронных реплик"},
	{"transactional.id", "the outbox does this work", "эту работу делает таблица исходящих"},
	{"delivery.report.only.error", "a message waits for its report", "сообщение ждёт своего отчёта"},
	{"message.max.bytes", "the largest message of the bus must fit",
		"должно проходить наибольшее сообщение шины"},
	{"allow.auto.create.topics", "vestnik bus init makes the topics", "темы создаёт vestnik bus init"},
	{"plugin.library.paths", "it would load foreign code", "загрузился бы чужой код"},
	{"log.queue", "the log is Vestnik's", "журнал ведёт Вестник"},
	{"test.mock.", "a make-believe cluster", "ненастоящий кластер"},
	{NULL, NULL, NULL},
};

static const char *const secrets[] = {"sasl.password", "ssl.key.password", "ssl.keystore.password",
	"ssl.key.pem", "sasl.oauthbearer.config", "sasl.oauthbearer.client.secret", NULL};

/* Files: relative ones start at the settings file's folder, as everywhere. */
static const char *const paths[] = {"ssl.ca.location", "ssl.certificate.location", "ssl.key.location",
	"ssl.keystore.location", "ssl.crl.location", "sasl.kerberos.keytab", NULL};

static bool among(const char *const *names, const char *name)
{
	while (*names != NULL && strcmp(*names, name) != 0)
		names++;
	return *names != NULL;
}

static const struct setting_reserved *reserved_of(const char *name)
{
	const struct setting_reserved *r = settings_kafka_reserved;
	for (; r->name != NULL; r++) {
		size_t len = strlen(r->name);
		if (r->name[len - 1] == '.' ? strncmp(r->name, name, len) == 0 : strcmp(r->name, name) == 0)
			return r;
	}
	return NULL;
}

/* Cuts suffix off name when it ends so. */
static bool cut(char *name, const char *suffix)
{
	size_t len = strlen(name), tail = strlen(suffix);
	if (len <= tail || strcmp(name + len - tail, suffix) != 0)
		return false;
	name[len - tail] = '\0';
	return true;
}

static bool name_ok(const struct settings_reader *reader, const struct yaml_node *node, const char *shown,
	const char *name)
{
	const struct setting_reserved *r = reserved_of(name);
	if (r != NULL)
		yaml_problem(&reader->yaml, PROBLEM_ERROR, node, shown, NULL,
			tr("%s is not for you to set: %s", "%s не настраивается: %s"), name, tr(r->en, r->ru));
	else if (name[0] == '\0' || strlen(name) > NAME_MAX_BYTES ||
		 name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-")] != '\0')
		yaml_problem(&reader->yaml, PROBLEM_ERROR, node, shown, "security.protocol: SASL_SSL",
			tr("«%.100s» is not the name of a property", "«%.100s» — не имя свойства"), name);
	else
		return true;
	return false;
}

static char *plain_value(const struct settings_reader *reader, const struct yaml_node *node,
	const char *shown, const char *name)
{
	const char *text = NULL;
	if (!yaml_as_line(&reader->yaml, node, shown, &text))
		return NULL;
	if (among(secrets, name)) {
		char *hint = xasprintf("%s_file: kafka.secret", name);
		yaml_problem(&reader->yaml, PROBLEM_WARNING, node, shown, hint, "%s",
			tr("a secret stands in the settings file", "секрет записан в файле настроек"));
		free(hint);
	}
	/* ssl.ca.location: probe – look where systems keep theirs */
	return among(paths, name) && strcmp(text, "probe") != 0 ? settings_absolute(reader->folder, text)
								: xstrdup(text);
}

static char *value_of(const struct settings_reader *reader, const struct yaml_node *node,
	const char *shown, const char *name, bool file, bool env)
{
	const char *text = NULL;
	if (!file && !env)
		return plain_value(reader, node, shown, name);
	if (!yaml_as_line(&reader->yaml, node, shown, &text))
		return NULL;
	if (env)
		return settings_secret_env(reader, node, shown, text);
	char *path = settings_absolute(reader->folder, text);
	char *value = settings_secret_file(reader, node, shown, path);
	free(path);
	return value;
}

static bool given_already(const struct settings *settings, const char *name)
{
	for (size_t i = 0; i < settings->kafka_count; i++)
		if (strcmp(settings->kafka[2 * i], name) == 0)
			return true;
	return false;
}

static void read_property(const struct settings_reader *reader, const char *key,
	const struct yaml_node *node, const char *shown, struct settings *settings)
{
	char *name = xstrdup(key);
	bool file = cut(name, "_file"), env = !file && cut(name, "_env");
	char *place = xasprintf("%s.%.100s", shown, key);
	char *value = NULL;
	if (name_ok(reader, node, shown, name))
		value = value_of(reader, node, place, name, file, env);
	if (value != NULL && given_already(settings, name)) {
		yaml_problem(&reader->yaml, PROBLEM_ERROR, node, shown, NULL,
			tr("%s is given twice", "%s указано дважды"), name);
	} else if (value != NULL) {
		settings->kafka[2 * settings->kafka_count] = name;
		settings->kafka[2 * settings->kafka_count + 1] = value;
		settings->kafka_count++;
		name = value = NULL;
	}
	if (value != NULL)
		explicit_bzero(value, strlen(value));
	free(value);
	free(name);
	free(place);
}

void settings_read_kafka(const struct settings_reader *reader, const struct yaml_node *map,
	const char *shown, struct settings *settings)
{
	if (!yaml_as_map(&reader->yaml, map, shown))
		return;
	if (map->count > PROPERTIES_MAX) {
		yaml_problem(&reader->yaml, PROBLEM_ERROR, map, shown, NULL,
			tr("more than %d properties", "больше %d свойств"), PROPERTIES_MAX);
		return;
	}
	free(settings->kafka);
	settings->kafka = xcalloc(2 * map->count + 1, sizeof *settings->kafka);
	for (size_t i = 0; i < map->count; i++)
		read_property(reader, map->key[i], map->item[i], shown, settings);
}
