/* The store's address: sqlite:PATH, or a URI as libpq reads it. Checked here, so
 * that a mistake is found by `check-config` and without the password being said:
 * libpq's own messages repeat what they could not read. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/gate.h"
#include "base/lang.h"
#include "base/url.h"
#include "base/xalloc.h"
#include "settings/settings_table.h"

#define ADDRESS_MAX_BYTES 3000
#define PORT_MAX 65535
#define TEXT_MAX_BYTES 600

static const char postgres_example[] = "postgresql://vestnik@db.example.org:5432/vestnik";

/* What libpq 15 knows and is of use here: what is missing concerns its traces. */
static const char *const parameters[] = {"host", "hostaddr", "port", "dbname", "user", "password",
	"passfile", "connect_timeout", "options", "application_name", "keepalives",
	"keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout", "sslmode",
	"sslcert", "sslkey", "sslpassword", "sslrootcert", "sslcrl", "sslcrldir", "sslsni",
	"requirepeer", "ssl_min_protocol_version", "ssl_max_protocol_version", "krbsrvname",
	"gssencmode", "gsslib", "service", "target_session_attrs", "channel_binding", NULL};

struct place {
	const struct settings_reader *reader;
	const struct yaml_node *node;
	const char *shown;
};

__attribute__((format(printf, 3, 4))) static bool wrong(
	const struct place *at, const char *hint, const char *fmt, ...)
{
	char text[TEXT_MAX_BYTES];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	yaml_problem(&at->reader->yaml, PROBLEM_ERROR, at->node, at->shown, hint, "%s", text);
	return false;
}

/* %XX whole, not NUL, and no blank or control character beside it. */
static bool well_encoded(const char *text)
{
	static const char hex[] = "0123456789abcdefABCDEF";
	for (const char *c = text; *c != '\0'; c++) {
		if ((unsigned char)*c <= ' ' || *c == 0x7f)
			return false;
		if (*c == '%' && (c[1] == '\0' || strchr(hex, c[1]) == NULL || c[2] == '\0' ||
					 strchr(hex, c[2]) == NULL || (c[1] == '0' && c[2] == '0')))
			return false;
	}
	return true;
}

/* One of "host", "host:5432", "[::1]:5432", ":5432", "" (the socket). */
static bool check_host(const struct place *at, char *host)
{
	long long port;
	char *colon = host[0] == '[' ? strchr(host, ']') : NULL;
	if (host[0] == '[' && colon == NULL)
		return wrong(at, postgres_example, tr("«%.100s»: «]» is missing", "«%.100s»: нет «]»"), host);
	colon = strchr(colon == NULL ? host : colon, ':');
	if (colon == NULL || colon[1] == '\0' || gate_int64(colon + 1, 1, PORT_MAX, &port))
		return true;
	return wrong(at, postgres_example,
		tr("«%.20s» is not a port: 1 to %d", "«%.20s» — не порт: от 1 до %d"), colon + 1, PORT_MAX);
}

static bool check_hosts(const struct place *at, const char *authority, size_t len)
{
	char *copy = xstrndup(authority, len), *rest = copy, *host;
	bool good = true;
	while (good && (host = strsep(&rest, ",")) != NULL)
		good = check_host(at, host);
	free(copy);
	return good;
}

static bool check_parameters(const struct place *at, const char *query)
{
	char *copy = xstrdup(query), *rest = copy, *pair;
	bool good = true;
	while (good && (pair = strsep(&rest, "&")) != NULL) {
		size_t known = 0;
		pair[strcspn(pair, "=")] = '\0';
		while (parameters[known] != NULL && strcmp(parameters[known], pair) != 0)
			known++;
		if (parameters[known] != NULL)
			continue;
		const char *meant = yaml_nearest(pair, parameters);
		good = wrong(at, meant, tr("unknown parameter «%.60s»", "неизвестный параметр «%.60s»"), pair);
	}
	free(copy);
	return good;
}

/* postgresql://[user[:password]@][host[:port],…][/database][?parameter=value&…] */
static bool check_postgres(const struct place *at, const char *text)
{
	char *said = url_shown(text);
	bool good = well_encoded(text)
			    ? true
			    : wrong(at, postgres_example,
				      tr("«%.200s»: blanks, control characters and «%%» must be written %%XX",
					      "«%.200s»: пробелы, управляющие символы и «%%» пишутся как %%XX"),
				      said);
	free(said);
	if (!good)
		return false;
	const char *authority = strstr(text, "://") + 3;
	const char *end = authority + strcspn(authority, "/?"), *at_sign = NULL;
	for (const char *c = authority; c < end; c++)
		if (*c == '@' && at_sign != NULL)
			return wrong(at, postgres_example, "%s",
				tr("two «@»: within a name or a password it is written %40",
					"два «@»: в имени и в пароле он пишется %40"));
		else if (*c == '@')
			at_sign = c;
	if (at_sign != NULL && memchr(authority, ':', (size_t)(at_sign - authority)) != NULL)
		yaml_problem(&at->reader->yaml, PROBLEM_WARNING, at->node, at->shown,
			"store_password_file: store.password", "%s",
			tr("the password stands in the settings file",
				"пароль записан в файле настроек"));
	const char *hosts = at_sign != NULL ? at_sign + 1 : authority;
	const char *query = strchr(end, '?');
	return check_hosts(at, hosts, (size_t)(end - hosts)) &&
	       (query == NULL || query[1] == '\0' || check_parameters(at, query + 1));
}

char *settings_store_address(const struct settings_reader *reader, const struct yaml_node *node,
	const char *shown, const char *text)
{
	const struct place at = {reader, node, shown};
	if (strlen(text) > ADDRESS_MAX_BYTES) {
		wrong(&at, NULL, "%s", tr("too long", "слишком длинно"));
		return NULL;
	}
	if (strncmp(text, "sqlite:", 7) == 0 && text[7] != '\0') {
		char *path = settings_absolute(reader->folder, text + 7);
		char *address = xasprintf("sqlite:%s", path);
		free(path);
		return address;
	}
	if (strncmp(text, "postgresql://", 13) == 0)
		return check_postgres(&at, text) ? xstrdup(text) : NULL;
	if (strncmp(text, "postgres://", 11) == 0) /* one spelling for everybody after this */
		return check_postgres(&at, text) ? xasprintf("postgresql://%s", text + 11) : NULL;
	char *said = url_shown(text);
	wrong(&at, NULL, tr("«%.100s» is not sqlite:PATH or %s", "«%.100s» — не sqlite:ПУТЬ и не %s"), said,
		postgres_example);
	free(said);
	return NULL;
}

/* ---- the password, and what goes with what --------------------------------------- */

/* The login's; the key's (sslpassword) is another. */
static bool has_password(const char *url)
{
	const char *authority = strstr(url, "://") + 3;
	const char *at = memchr(authority, '@', strcspn(authority, "/?"));
	return (at != NULL && memchr(authority, ':', (size_t)(at - authority)) != NULL) ||
	       strstr(url, "?password=") != NULL || strstr(url, "&password=") != NULL;
}

static void add_password(struct settings *settings)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	struct buf url;
	buf_init(&url, ADDRESS_MAX_BYTES * 4);
	(void)buf_puts(&url, settings->store_url);
	(void)buf_puts(&url, strchr(settings->store_url, '?') == NULL ? "?password=" : "&password=");
	for (const char *c = settings->store_password; *c != '\0'; c++)
		if (strchr(plain, *c) != NULL)
			(void)buf_putc(&url, *c);
		else
			(void)buf_printf(&url, "%%%02X", (unsigned)(unsigned char)*c);
	free(settings->store_url);
	settings->store_url = buf_take(&url);
}

void settings_join_store_and_bus(const struct settings_reader *reader, struct settings *settings)
{
	const struct yaml_reader *yaml = &reader->yaml;
	bool postgres = strncmp(settings->store_url, "postgresql:", 11) == 0;
	bool embedded = strcmp(settings->bus_url, "embedded") == 0;
	if (postgres && embedded)
		yaml_problem(yaml, PROBLEM_ERROR, NULL, "bus_url", "bus_url: kafka://kafka.example.org:9092", "%s",
			tr("the embedded bus lives in the file of a SQLite store; a PostgreSQL store needs Kafka",
				"встроенная шина живёт в файле хранилища SQLite; с PostgreSQL нужна Kafka"));
	if (embedded && settings->kafka_count > 0)
		yaml_problem(yaml, PROBLEM_WARNING, NULL, "kafka", "bus_url: kafka://kafka.example.org:9092", "%s",
			tr("without effect: the bus is embedded", "не действует: шина встроенная"));
	if (settings->store_password == NULL)
		return;
	if (!postgres)
		yaml_problem(yaml, PROBLEM_ERROR, NULL, "store_password_file", NULL, "%s",
			tr("only a PostgreSQL store has a password", "пароль бывает только у PostgreSQL"));
	else if (has_password(settings->store_url))
		yaml_problem(yaml, PROBLEM_ERROR, NULL, "store_password_file", NULL, "%s",
			tr("store_url holds a password already", "пароль уже есть в store_url"));
	else
		add_password(settings);
}
