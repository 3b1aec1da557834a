/* The address and the library's settings: what a user may set, what the promise of
 * bus.h hangs on, and what librdkafka says in our log. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>
#include <time.h>

#include "base/gate.h"
#include "base/lang.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "bus/bus_kafka.h"

#define SCHEME "kafka://"
#define BROKERS_MAX_BYTES 4096
#define DEFAULT_PORT 9092

struct reserved {
	const char *name; /* ends with '*': a beginning */
	const char *why_en, *why_ru;
};

static const struct reserved reserved[] = {
	{"bootstrap.servers", "the brokers are named in `bus`", "брокеры указываются в `bus`"},
	{"metadata.broker.list", "the brokers are named in `bus`", "брокеры указываются в `bus`"},
	{"client.id", "it is the service's name", "это имя службы"},
	{"group.id", "a service's group is fixed", "группа службы задана"},
	{"group.instance.id", "it follows from --instance", "оно следует из --instance"},
	{"enable.auto.commit", "only finished messages are committed", "фиксируется только законченное"},
	{"auto.commit.enable", "only finished messages are committed", "фиксируется только законченное"},
	{"enable.auto.offset.store", "only finished messages are committed",
		"фиксируется только законченное"},
	{"auto.offset.reset", "lost messages must be noticed", "потеря сообщений должна быть замечена"},
	{"enable.partition.eof", "the bus needs it as it is", "шине он нужен как есть"},
	{"partition.assignment.strategy", "all members of a group must have the same",
		"у всех участников группы она одна"},
	{"isolation.level", "what a transaction took back must not be read",
		"отменённое транзакцией читать нельзя"},
	{"client.rack", "this version of librdkafka ends the process with it",
		"с ним эта версия librdkafka завершает процесс"},
	{"enable.idempotence", "messages must not be doubled by the client",
		"клиент не должен удваивать сообщения"},
	{"acks", "a message counts when all replicas have it", "сообщение принято, когда оно у всех реплик"},
	{"request.required.acks", "a message counts when all replicas have it",
		"сообщение принято, когда оно у всех реплик"},
	{"transactional.id", "the bus uses no transactions of Kafka", "шина не пользуется транзакциями Kafka"},
	{"delivery.report.only.error", "every message is waited for", "ожидается каждое сообщение"},
	{"message.max.bytes", "the largest message of the bus must fit", "должно проходить наибольшее сообщение"},
	{"allow.auto.create.topics", "`vestnik bus init` makes the topics", "темы создаёт `vestnik bus init`"},
	{"plugin.library.paths", "it would load foreign code", "загрузился бы чужой код"},
	{"log.queue", "the log is Vestnik's", "журнал ведёт Vestnik"},
	{"test.mock*", "it replaces the brokers", "она подменяет брокеров"},
};

int64_t kafka_mono_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- the address ------------------------------------------------------------ */

static int wrong_address(const char *url, const char *why, struct error *e)
{
	return error_set(e, ERROR_INPUT,
		tr("bus address \"%.100s\": %s; write kafka://host:port,host:port or, with a prefix for "
		   "the topics, kafka://host:port/prefix",
			"адрес шины «%.100s»: %s; пишите kafka://узел:порт,узел:порт или, с приставкой к именам "
			"тем, kafka://узел:порт/приставка"),
		url, why);
}

/* One "host", "host:port" or "[v6]:port". */
static int add_broker(struct buf *out, const char *text, size_t len, const char *url, struct error *e)
{
	const char *end = text + len, *port = NULL;
	if (len > 0 && text[0] == '[') {
		const char *close = memchr(text, ']', len);
		if (close == NULL || strspn(text + 1, "0123456789abcdefABCDEF:.") < (size_t)(close - text - 1))
			return wrong_address(url, tr("a host is wrong", "неверно имя узла"), e);
		port = close + 1 == end ? NULL : close + 1;
	} else {
		size_t host = 0;
		while (host < len && (isalnum((unsigned char)text[host]) || text[host] == '.' ||
					     text[host] == '-' || text[host] == '_'))
			host++;
		if (host == 0)
			return wrong_address(url, tr("a host is missing or wrong", "имени узла нет или оно неверно"),
				e);
		port = host == len ? NULL : text + host;
	}
	long long number = DEFAULT_PORT;
	char digits[8] = "";
	if (port != NULL) {
		if (*port != ':' || end - port - 1 > 5)
			return wrong_address(url, tr("a host is wrong", "неверно имя узла"), e);
		snprintf(digits, sizeof digits, "%.*s", (int)(end - port - 1), port + 1);
		if (!gate_int64(digits, 1, 65535, &number))
			return wrong_address(url, tr("a port is 1 to 65535", "порт — от 1 до 65535"), e);
	}
	buf_printf(out, "%s%.*s:%lld", out->len > 0 ? "," : "",
		(int)((port == NULL ? end : port) - text), text, number);
	return 0;
}

static int read_address(struct kafka_bus *bus, const char *url, struct error *e)
{
	const char *rest = url + strlen(SCHEME);
	size_t len = strcspn(rest, "/");
	struct buf brokers;
	buf_init(&brokers, BROKERS_MAX_BYTES);
	for (const char *at = rest; at <= rest + len;) {
		size_t one = strcspn(at, ",/");
		if (add_broker(&brokers, at, one, url, e) < 0) {
			buf_fini(&brokers);
			return -1;
		}
		at += one + 1;
	}
	if (!buf_ok(&brokers)) {
		buf_fini(&brokers);
		return wrong_address(url, tr("too many hosts", "слишком много узлов"), e);
	}
	bus->brokers = buf_take(&brokers);
	const char *prefix = rest[len] == '/' ? rest + len + 1 : "";
	size_t prefix_len = strlen(prefix);
	if (prefix_len > KAFKA_PREFIX_MAX || strspn(prefix, "abcdefghijklmnopqrstuvwxyz0123456789.-_") !=
			prefix_len)
		return wrong_address(url, tr("a prefix has only a-z, 0-9, '.', '-', '_'",
			"в приставке только a-z, 0-9, «.», «-», «_»"), e);
	bus->prefix = prefix_len == 0 ? xstrdup("") : xasprintf("%s.", prefix);
	return 0;
}

const char *kafka_topic_name(const struct kafka_bus *bus, const char *topic, char *out)
{
	snprintf(out, KAFKA_NAME_SIZE, "%s%s", bus->prefix, topic);
	return out;
}

const char *kafka_group_name(const struct kafka_bus *bus, const char *group, char *out)
{
	snprintf(out, KAFKA_NAME_SIZE, "%svestnik.%s", bus->prefix, group);
	return out;
}

/* ---- properties ---------------------------------------------------------------- */

static bool is_secret(const char *name)
{
	return strstr(name, "password") != NULL || strstr(name, ".pem") != NULL ||
	       strstr(name, "secret") != NULL || strstr(name, "oauthbearer") != NULL;
}

static const struct reserved *find_reserved(const char *name)
{
	for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
		size_t len = strlen(reserved[i].name);
		bool beginning = reserved[i].name[len - 1] == '*';
		if (beginning ? strncasecmp(name, reserved[i].name, len - 1) == 0
			      : strcasecmp(name, reserved[i].name) == 0)
			return &reserved[i];
	}
	return NULL;
}

static int set_property(rd_kafka_conf_t *conf, const char *name, const char *value, struct error *e)
{
	char why[300];
	rd_kafka_conf_res_t result = rd_kafka_conf_set(conf, name, value, why, sizeof why);
	if (result == RD_KAFKA_CONF_OK)
		return 0;
	if (result == RD_KAFKA_CONF_UNKNOWN)
		return error_set(e, ERROR_INPUT,
			tr("kafka: librdkafka %s has no setting \"%.80s\"",
				"kafka: в librdkafka %s нет настройки «%.80s»"),
			rd_kafka_version_str(), name);
	if (is_secret(name)) /* why quotes the value */
		return error_set(e, ERROR_INPUT,
			tr("kafka: the value of %.80s is not accepted", "kafka: значение %.80s не принято"), name);
	return error_set(e, ERROR_INPUT, "kafka: %s: %s", name, why);
}

static int check_properties(struct kafka_bus *bus, const char *const *properties, struct error *e)
{
	size_t n = 0;
	while (properties != NULL && properties[n] != NULL && properties[n + 1] != NULL)
		n += 2;
	bus->properties = xcalloc(n + 1, sizeof *bus->properties);
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	int rc = 0;
	for (size_t i = 0; i < n && rc == 0; i += 2) {
		const struct reserved *taken = find_reserved(properties[i]);
		if (taken != NULL)
			rc = error_set(e, ERROR_INPUT,
				tr("kafka: %s is not yours to set: %s", "kafka: %s не настраивается: %s"),
				properties[i], tr(taken->why_en, taken->why_ru));
		else
			rc = set_property(conf, properties[i], properties[i + 1], e);
		bus->properties[i] = xstrdup(properties[i]);
		bus->properties[i + 1] = xstrdup(properties[i + 1]);
	}
	rd_kafka_conf_destroy(conf);
	return rc;
}

int kafka_config_read(struct kafka_bus *bus, const struct bus_config *config, struct error *e)
{
	bus->store_url = xstrdup(config->store_url);
	bus->client_id = xstrdup(config->client_id == NULL ? "program" : config->client_id);
	bus->instance = xstrdup(config->instance);
	return read_address(bus, config->url, e) < 0 ? -1 : check_properties(bus, config->properties, e);
}

void kafka_config_free(struct kafka_bus *bus)
{
	for (size_t i = 0; bus->properties != NULL && bus->properties[i] != NULL; i++)
		free(bus->properties[i]);
	free(bus->properties);
	free(bus->store_url);
	free(bus->brokers);
	free(bus->prefix);
	free(bus->client_id);
	free(bus->instance);
}

static int set_all(rd_kafka_conf_t *conf, const char *const *pairs, struct error *e)
{
	for (size_t i = 0; pairs != NULL && pairs[i] != NULL; i += 2)
		if (set_property(conf, pairs[i], pairs[i + 1], e) < 0)
			return -1;
	return 0;
}

/* ---- what librdkafka says -------------------------------------------------------- */

void kafka_say_away(struct kafka_bus *bus)
{
	if (!atomic_exchange(&bus->away, true))
		log_warn("kafka-away", "brokers=%s", log_quote(bus->brokers));
}

void kafka_say_back(struct kafka_bus *bus)
{
	if (atomic_load_explicit(&bus->away, memory_order_relaxed) && atomic_exchange(&bus->away, false))
		log_info("kafka-back", "brokers=%s", log_quote(bus->brokers));
}

/* Connections that fail are said once by kafka-away, not by every client again and again; a
 * commit that fails means that messages come again (bus-assigned, bus-revoked). */
static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
	bool chatter = strcmp(facility, "FAIL") == 0 || strcmp(facility, "ERROR") == 0 ||
		       strcmp(facility, "CONFWARN") == 0 || strcmp(facility, "REQTMOUT") == 0 ||
		       strcmp(facility, "COMMITFAIL") == 0 || strcmp(facility, "GETPID") == 0 ||
		       strcmp(facility, "SSLCERTVRFY") == 0;
	enum log_level to = chatter || level >= LOG_INFO ? LOG_LEVEL_DEBUG
		: level >= LOG_NOTICE			 ? LOG_LEVEL_INFO
		: level >= LOG_WARNING			 ? LOG_LEVEL_WARN
							 : LOG_LEVEL_ERROR;
	(void)rk;
	log_event(to, "kafka", "facility=%s text=%s", facility, log_quote(text));
}

bool kafka_is_in_trouble(struct kafka_bus *bus)
{
	pthread_mutex_lock(&bus->trouble_lock);
	bool trouble = bus->trouble[0] != '\0';
	pthread_mutex_unlock(&bus->trouble_lock);
	return trouble && atomic_load(&bus->away);
}

/* Said again only when it is another thing; broker: any of them may say it. */
static void complain(struct kafka_bus *bus, const char *broker, const char *text)
{
	pthread_mutex_lock(&bus->trouble_lock);
	bool news = strncmp(bus->trouble, text, sizeof bus->trouble - 1) != 0;
	snprintf(bus->trouble, sizeof bus->trouble, "%s", text);
	pthread_mutex_unlock(&bus->trouble_lock);
	if (news)
		log_warn("kafka-trouble", "broker=%s text=%s", log_quote(broker), log_quote(text));
}

/* Before 2.6.1 librdkafka answers with a nonce that Kafka 4 refuses (its pull request 4895). */
#define SCRAM_MENDED 0x020601ff

static bool has_old_scram(const struct kafka_bus *bus)
{
	for (size_t i = 0; bus->properties[i] != NULL; i += 2)
		if (strncmp(bus->properties[i], "sasl.mechanism", strlen("sasl.mechanism")) == 0)
			return strncmp(bus->properties[i + 1], "SCRAM", strlen("SCRAM")) == 0 &&
			       rd_kafka_version() < SCRAM_MENDED;
	return false;
}

/* "sasl_ssl://host:9093/bootstrap: SASL authentication error: … (after 3ms in state …)": broker
 * and time are other ones each time. */
static void complain_of(struct kafka_bus *bus, int err, const char *reason)
{
	char broker[160] = "-", text[sizeof bus->trouble];
	const char *says = strstr(reason, ": ");
	if (says != NULL && memchr(reason, '/', (size_t)(says - reason)) != NULL)
		snprintf(broker, sizeof broker, "%.*s", (int)(says - reason), reason);
	says = says != NULL && broker[0] != '-' ? says + 2 : reason;
	const char *end = strstr(says, " (after ");
	int len = (int)(end == NULL ? strlen(says) : (size_t)(end - says));
	if (err == RD_KAFKA_RESP_ERR__AUTHENTICATION)
		snprintf(text, sizeof text,
			tr("Kafka does not take our user name or password (sasl.username, sasl.password)%s: %.*s",
				"Kafka не принимает имя или пароль (sasl.username, sasl.password)%s: %.*s"),
			!has_old_scram(bus) ? ""
				: tr(", or it is Kafka 4, which needs librdkafka 2.6.1 for SCRAM (use PLAIN over TLS)",
					  ", или это Kafka 4, для SCRAM ей нужна librdkafka 2.6.1 (есть PLAIN поверх TLS)"),
			len, says);
	else
		snprintf(text, sizeof text, "%.*s", len, says);
	complain(bus, broker, text);
}

/* Numbers of OpenSSL (x509_vfy.h), whose home is elsewhere. */
#define CERT_NOT_YET_VALID 9
#define CERT_EXPIRED 10
#define CERT_SELF_SIGNED 18
#define CERT_SIGNER_UNKNOWN 21
#define CERT_HOST_MISMATCH 62
#define CERT_ADDRESS_MISMATCH 64

/* librdkafka itself says of all of them that ssl.ca.location may be wrong. */
static int on_certificate(rd_kafka_t *rk, const char *broker, int32_t id, int *error, int depth,
	const char *data, size_t len, char *why, size_t why_size, void *opaque)
{
	struct kafka_client *client = opaque;
	int code = *error;
	(void)rk, (void)id, (void)depth, (void)data, (void)len;
	if (code == 0)
		return 1;
	if (code == CERT_HOST_MISMATCH || code == CERT_ADDRESS_MISMATCH)
		snprintf(why, why_size, "%s",
			tr("the broker's certificate is for another host name than the one in bus_url or in "
			   "the broker's advertised.listeners",
				"сертификат брокера выдан на другое имя узла, чем указано в bus_url или в его "
				"advertised.listeners"));
	else if (code >= CERT_SELF_SIGNED && code <= CERT_SIGNER_UNKNOWN + 1)
		snprintf(why, why_size, "%s",
			tr("the broker's certificate is not signed by the authority in ssl.ca.location",
				"сертификат брокера не подписан центром из ssl.ca.location"));
	else if (code == CERT_EXPIRED || code == CERT_NOT_YET_VALID)
		snprintf(why, why_size, "%s",
			tr("the broker's certificate has expired or is not valid yet",
				"срок сертификата брокера истёк или ещё не начался"));
	else
		snprintf(why, why_size, tr("the broker's certificate is not valid (OpenSSL's error %d)",
			"сертификат брокера недействителен (ошибка OpenSSL %d)"), code);
	complain(client->bus, broker, why);
	return 0;
}

static void on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque)
{
	struct kafka_client *client = opaque;
	char why[300];
	switch (err) {
	case RD_KAFKA_RESP_ERR__FATAL:
		rd_kafka_fatal_error(rk, why, sizeof why);
		log_error("kafka-fatal", "client=%s text=%s", rd_kafka_name(rk), log_quote(why));
		atomic_store(&client->fatal, true);
		break;
	case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
		kafka_say_away(client->bus);
		break;
	case RD_KAFKA_RESP_ERR__TRANSPORT:
	case RD_KAFKA_RESP_ERR__TIMED_OUT:
		log_debug("kafka", "text=%s", log_quote(reason));
		break;
	case RD_KAFKA_RESP_ERR__SSL:
		if (strstr(reason, "certificate verify failed") == NULL)
			complain_of(client->bus, err, reason); /* else on_certificate said why */
		break;
	default: /* authentication, TLS, a name that does not resolve */
		complain_of(client->bus, err, reason);
	}
}

/* ---- clients ----------------------------------------------------------------------- */

rd_kafka_conf_t *kafka_conf(struct kafka_bus *bus, struct kafka_client *client,
	const char *const *defaults, const char *const *own, struct error *e)
{
	char id[80];
	snprintf(id, sizeof id, "vestnik-%.60s", bus->client_id);
	const char *const common[] = {"socket.nagle.disable", "true", "socket.keepalive.enable", "true",
		"reconnect.backoff.max.ms", "2000", "log.connection.close", "false", NULL};
	const char *const fixed[] = {"bootstrap.servers", bus->brokers, "client.id", id,
		"allow.auto.create.topics", "false", NULL};
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	if (set_all(conf, common, e) < 0 || set_all(conf, defaults, e) < 0 ||
		set_all(conf, (const char *const *)bus->properties, e) < 0 ||
		set_all(conf, fixed, e) < 0 || set_all(conf, own, e) < 0) {
		rd_kafka_conf_destroy(conf);
		return NULL;
	}
	rd_kafka_conf_set_opaque(conf, client);
	rd_kafka_conf_set_log_cb(conf, on_log);
	rd_kafka_conf_set_error_cb(conf, on_error);
	rd_kafka_conf_set_ssl_cert_verify_cb(conf, on_certificate);
	return conf;
}

rd_kafka_t *kafka_client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct error *e)
{
	char why[300];
	rd_kafka_t *rk = rd_kafka_new(type, conf, why, sizeof why);
	if (rk == NULL) {
		rd_kafka_conf_destroy(conf);
		error_set(e, ERROR_INPUT, "kafka: %s", why);
	}
	return rk;
}

/* ---- errors -------------------------------------------------------------------------- */

int kafka_no_topic(struct kafka_bus *bus, const char *topic, struct error *e)
{
	return error_set(e, ERROR_NOT_FOUND,
		tr("Kafka has no topic %s%s: `vestnik bus init` makes the topics",
			"в Kafka нет темы %s%s: темы создаёт `vestnik bus init`"),
		bus->prefix, topic);
}

int kafka_error(struct kafka_bus *bus, rd_kafka_resp_err_t err, const char *what, struct error *e)
{
	switch (err) {
	case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
	case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
	case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
		return error_set(e, ERROR_INPUT,
			tr("%s: longer than the topic allows (max.message.bytes); see `vestnik bus check`",
				"%s: длиннее, чем допускает тема (max.message.bytes); см. `vestnik bus check`"),
			what);
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
	case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
	case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
		return error_set(e, ERROR_NOT_FOUND,
			tr("%s: Kafka has no such topic: `vestnik bus init` makes the topics",
				"%s: такой темы в Kafka нет: темы создаёт `vestnik bus init`"),
			what);
	case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
		return error_set(e, ERROR_DENIED, "%s: %s", what, rd_kafka_err2str(err));
	default:
		break;
	}
	if (!atomic_load(&bus->away))
		return error_set(e, ERROR_UNAVAILABLE, "%s: %s", what, rd_kafka_err2str(err));
	pthread_mutex_lock(&bus->trouble_lock);
	error_set(e, ERROR_UNAVAILABLE,
		tr("%s: no broker of Kafka answers (%.120s)%s%s",
			"%s: ни один брокер Kafka не отвечает (%.120s)%s%s"),
		what, bus->brokers, bus->trouble[0] == '\0' ? "" : ": ", bus->trouble);
	pthread_mutex_unlock(&bus->trouble_lock);
	return -1;
}
