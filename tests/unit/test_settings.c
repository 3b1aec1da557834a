#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/lang.h"
#include "base/url.h"
#include "settings/settings.h"

static char folder[64];

static void put(const char *name, const char *text, mode_t mode)
{
	char path[200];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

/* The file's name is cut from the lines: "vestnik.yaml:3:1: …". */
static struct settings *load(const char *text, char **said)
{
	char path[200];
	put("vestnik.yaml", text, 0600);
	snprintf(path, sizeof path, "%s/vestnik.yaml", folder);
	struct problems problems = {0};
	struct settings *settings = settings_load(path, &problems);
	struct buf b;
	buf_init(&b, 1 << 20);
	for (size_t i = 0; i < problems.count; i++) {
		char *line = problem_line(&problems.item[i]);
		(void)buf_printf(&b, "%s\n",
			strncmp(line, folder, strlen(folder)) == 0 ? line + strlen(folder) + 1
								   : line);
		free(line);
	}
	*said = buf_take(&b);
	if ((settings == NULL) != (problems.errors > 0))
		fail_msg("%s: got %s with %zu errors", text,
			settings == NULL ? "nothing" : "settings", problems.errors);
	problems_fini(&problems);
	return settings;
}

static void defaults(void **state)
{
	(void)state;
	char *said, want[200];
	struct settings *s = load("", &said);
	assert_string_equal(said, "");
	assert_non_null(s);
	assert_string_equal(s->zone, "Europe/Moscow");
	snprintf(want, sizeof want, "sqlite:%s/vestnik-data/vestnik.db", folder);
	assert_string_equal(s->store_url, want);
	assert_string_equal(s->bus_url, "embedded");
	assert_int_equal(s->bus_keep_ms, 7 * 86400000LL);
	assert_int_equal(s->bus_max_bytes, 10000000000LL);
	snprintf(want, sizeof want, "%s/vestnik-data/run", folder);
	assert_string_equal(s->run_dir, want);
	assert_int_equal(s->drain_ms, 10000);
	assert_int_equal(s->attachments_max_bytes, 5000000);
	assert_int_equal(s->planner.retry_count, 6);
	assert_int_equal(s->planner.retry_ms[5], 4 * 3600000);
	assert_int_equal(s->planner.give_up_ms, 3 * 86400000LL);
	assert_int_equal(s->mailer.connections, 64);
	assert_int_equal(s->notifier.response_max_bytes, 4096);
	assert_int_equal(s->relays_count, 1);
	assert_string_equal(s->relays[0].name, "local");
	assert_string_equal(s->relays[0].host, "127.0.0.1");
	assert_int_equal(s->relays[0].port, 25);
	assert_int_equal(s->relays[0].security, RELAY_PLAIN);
	assert_int_equal(s->relays[0].connections, 64);
	assert_int_equal(s->relays[0].final_timeout_ms, 300000);
	free(said);
	settings_free(&s);
}

static void everything_can_be_set(void **state)
{
	(void)state;
	char *said, want[200];
	put("relay.password", "s3cret пароль\n", 0600);
	assert_int_equal(setenv("VESTNIK_TEST_PASSWORD", "from env", 1), 0);
	struct settings *s =
		load("lang: ru\nzone: Asia/Vladivostok\ndata_dir: data\nlog_level: debug\n"
		     "store_url: sqlite:other/v.db\n"
		     "attachments_max: 2 MiB\naudience_max: 5000\npublic_url: "
		     "https://answers.example.org/\n"
		     "sender: {name: Министерство, address: Outreach@Ministry.example.org}\n"
		     "planner: {retry: [1s, 2s], lease: 2s}\n"
		     "calendar: {name: ru-ba, folder: days, regions: {Республика: ru-ba}}\n"
		     "mailer:\n  connections: 8\n  domains: {gmail.com: 20/s, почта.test: 1000/h}\n"
		     "notifier: {allow_private: да, timeout: 500ms}\n"
		     "relays:\n"
		     "  - {name: main, host: relay.example.org, auth: {user: u, password_file: "
		     "relay.password}}\n"
		     "  - name: second\n    host: mail.test\n    security: tls\n    weight: 0\n"
		     "    quota: {letters: 500, per: 24h}\n    rate: 20/s\n    connections: 3\n"
		     "    auth: {user: u, password_env: VESTNIK_TEST_PASSWORD}\n"
		     "    envelope: verp\n    envelope_sender: bounces@ministry.example.org\n"
		     "    reply: tagged\n    senders: [a@example.org, b@example.org]\n",
			&said);
	assert_string_equal(said, "");
	assert_int_equal(s->lang, LANG_RU);
	snprintf(want, sizeof want, "%s/data", folder);
	assert_string_equal(s->data_dir, want);
	snprintf(want, sizeof want, "sqlite:%s/other/v.db", folder);
	assert_string_equal(s->store_url, want);
	assert_int_equal(s->attachments_max_bytes, 2 * 1024 * 1024);
	assert_string_equal(s->public_url, "https://answers.example.org");
	assert_string_equal(s->sender.address, "Outreach@ministry.example.org");
	assert_int_equal(s->planner.retry_count, 2);
	assert_string_equal(s->calendar.name, "ru-ba");
	assert_true(s->calendar.folder[0] == '/' && strstr(s->calendar.folder, "/days") != NULL);
	assert_int_equal(s->calendar.regions_count, 1);
	assert_string_equal(s->calendar.regions[0].region, "Республика");
	assert_string_equal(s->calendar.regions[0].calendar, "ru-ba");
	assert_int_equal(s->mailer.domains_count, 2);
	assert_string_equal(s->mailer.domains[1].domain, "xn--80a1acny.test");
	assert_int_equal(s->mailer.domains[1].rate.count, 1000);
	assert_int_equal(s->mailer.domains[1].rate.per_ms, 3600000);
	assert_true(s->notifier.allow_private);
	assert_int_equal(s->relays_count, 2);
	assert_int_equal(s->relays[0].port, 587);
	assert_int_equal(s->relays[0].security, RELAY_STARTTLS);
	assert_string_equal(s->relays[0].password, "s3cret пароль");
	assert_int_equal(s->relays[0].connections, 8);
	assert_int_equal(s->relays[0].weight, 1);
	assert_int_equal(s->relays[1].port, 465);
	assert_int_equal(s->relays[1].transport, RELAY_LIBCURL);
	assert_string_equal(s->relays[1].password, "from env");
	assert_int_equal(s->relays[1].weight, 0);
	assert_int_equal(s->relays[1].quota.count, 500);
	assert_int_equal(s->relays[1].quota.per_ms, 86400000);
	assert_int_equal(s->relays[1].envelope, RELAY_VERP);
	assert_int_equal(s->relays[1].reply, RELAY_TAGGED);
	assert_int_equal(s->relays[1].senders_count, 2);
	free(said);
	settings_free(&s);
}

static void mistakes(void **state)
{
	(void)state;
	put("open.password", "x\n", 0644);
	put("empty.password", "\n", 0600);
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"zonne: x\n",
			"vestnik.yaml:1:1: error: unknown key «zonne»; did you mean «zone»? known: "
			"lang, zone, data_dir, store_url, store_password_file, store_password_env, bus_url, kafka, "
			"bus_partitions, bus_replication, bus_keep, bus_max, key_file, run_dir, log_level, "
			"drain, public_url, attachments_max, audience_max, sender, calendar, planner, "
			"mailer, notifier, intake, portal, console, retention, relays, sources\n"},
		{"planner:\n  leese: 1s\n",
			"vestnik.yaml:2:3: error: planner: unknown key «leese»; did you mean "
			"«lease»? known: look_ahead, look_ahead_least, look_ahead_most, "
			"stuck_after, retry, give_up, lease\n"},
		{"mailer: {connections: many}\n", "vestnik.yaml:1:23: error: mailer.connections: "
						  "«many» is not a whole number from 1 to 1000\n"},
		{"mailer: {connections: 0}\ndrain: soon\nzone: Mars/Olympus\n",
			"vestnik.yaml:3:7: error: zone: «Mars/Olympus» is not a known time zone "
			"like Europe/Moscow, Asia/Vladivostok\n"
			"vestnik.yaml:2:8: error: drain: «soon» is not a duration like 90s, 15m, "
			"1h, 3d\n"
			"vestnik.yaml:1:23: error: mailer.connections: «0» is not a whole number "
			"from 1 to 1000\n"},
		{"drain: 3d\n", "vestnik.yaml:1:8: error: drain: «3d» is out of range\n"},
		{"mailer: 5\n", "vestnik.yaml:1:9: error: mailer: got a single value, want a map "
				"(key: value)\n"},
		{"- a\n", "vestnik.yaml:1:1: error: got a list, want a map (key: value)\n"},
		{"log_level: loud\n", "vestnik.yaml:1:12: error: log_level: unknown value «loud»; "
				      "known: debug, info, warn, error\n"},
		{"sender: {address: a@b@c}\n", "vestnik.yaml:1:19: error: sender.address: "},
		{"attachments_max: 5 apples\n", "vestnik.yaml:1:18: error: attachments_max: «5 "
						"apples» is not a size like 5 MB, 512 KiB\n"},
		{"attachments_max: 99999999999999999999\n",
			"vestnik.yaml:1:18: error: attachments_max: «99999999999999999999» is not "
			"a size like 5 MB, 512 KiB\n"},
		{"planner: {retry: [1m, never]}\n",
			"vestnik.yaml:1:23: error: planner.retry: «never»: want at most 12 "
			"durations like 1m, 1h\n"},
		{"calendar: {regions: {Область: Ru_Obl}}\n",
			"vestnik.yaml:1:31: error: calendar.regions: want «region: ru-ba», got "
			"«Область»\n"},
		{"mailer: {domains: {\"a b\": 20/s}}\n",
			"vestnik.yaml:1:27: error: mailer.domains: want «domain: 20/s», got «a "
			"b»\n"},
		{"public_url: javascript:x\n",
			"vestnik.yaml:1:13: error: public_url: «javascript:x» is not an address "
			"like https://answers.example.org\n"},
		{"portal: {listen: everywhere}\n",
			"vestnik.yaml:1:18: error: portal.listen: «everywhere» is not an address and a "
			"port: 127.0.0.1:8090, [::1]:8090\n"},
		{"portal: {listen: \"1.2.3.4:65536\"}\n", "vestnik.yaml:1:18: error: portal.listen: "},
		{"portal: {listen: \"::1:80\"}\n", "vestnik.yaml:1:18: error: portal.listen: "},
		{"portal: {proxies: 10.0.0.0/33}\n", "vestnik.yaml:1:19: error: portal.proxies: "},
		{"portal: {proxies: nginx.example.org}\n", "vestnik.yaml:1:19: error: portal.proxies: "},
		{"portal: {colour: blue}\n", "vestnik.yaml:1:18: error: portal.colour: «blue» is not a colour: "},
		{"portal: {colour: \"#ffcc00\"}\n",
			"vestnik.yaml:1:18: error: portal.colour: «#ffcc00» is not dark enough: "},
		{"mailer: {connections: 4, urgent_connections: 4}\n",
			"vestnik.yaml: error: mailer.urgent_connections: should be less than "
			"mailer.connections\n"},
		{"relays:\n  - {host: a.test}\n  - {name: x}\n",
			"vestnik.yaml:2:5: error: relays[0]: the relay has no name; name: main\n"
			"vestnik.yaml:3:5: error: relays[1]: the relay has no host; host: "
			"relay.example.org\n"},
		{"relays:\n  - {name: x, host: a.test}\n  - {name: x, host: b.test}\n",
			"vestnik.yaml:3:5: error: relays[1]: a second relay named x\n"},
		{"relays: [{name: x, host: a.test, securty: none}]\n",
			"vestnik.yaml:1:34: error: relays[0]: unknown key «securty»; did you mean "
			"«security»? "},
		{"relays: [{name: x, host: a.test, security: none, auth: {user: u, password_file: "
		 "empty.password}}]\n",
			"vestnik.yaml:1:81: error: relays[0].auth.password_file: the password "
			"should be one line of 1 to 1024 bytes\n"
			"vestnik.yaml:1:10: error: relays[0]: a password would go over the network "
			"in the clear; security: starttls\n"},
		{"relays: [{name: x, host: a.test, auth: {user: u, password: hunter2}}]\n",
			"vestnik.yaml:1:50: error: relays[0].auth: unknown key «password»; did you "
			"mean «password_file»? known: user, password_file, password_env\n"
			"vestnik.yaml:1:40: error: relays[0]: want either password_file or "
			"password_env; password_file: relay.password\n"},
		{"relays: [{name: x, host: a.test, auth: {user: u, password_file: nowhere}}]\n",
			"vestnik.yaml:1:65: error: relays[0].auth.password_file: cannot read "},
		{"relays: [{name: x, host: a.test, auth: {user: u, password_env: "
		 "VESTNIK_TEST_NOT_SET}}]\n",
			"vestnik.yaml:1:64: error: relays[0].auth.password_env: "
			"VESTNIK_TEST_NOT_SET is not set in the environment\n"},
		{"relays: [{name: x, host: a.test, auth: {user: u, password_file: "
		 "open.password}}]\n",
			"vestnik.yaml:1:65: warning: relays[0].auth.password_file: everybody on "
			"this machine can read "},
		{"relays: [{name: x, host: a.test, security: tls, transport: libesmtp}]\n",
			"vestnik.yaml:1:10: error: relays[0]: libesmtp cannot do security: tls; "
			"transport: libcurl\n"},
		{"relays: [{name: x, host: \"a b\"}]\n",
			"vestnik.yaml:1:26: error: relays[0].host: «a b» is not a host name or an "
			"IP address\n"},
		{"relays: {name: x}\n",
			"vestnik.yaml:1:9: error: relays: got a map, want a list: [a, b]\n"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char *said;
		struct settings *s = load(rows[i].text, &said);
		size_t n = strlen(rows[i].want);
		/* A row that does not end its line gives only the beginning. */
		bool whole = n > 0 && rows[i].want[n - 1] == '\n';
		if (whole ? strcmp(said, rows[i].want) != 0 : strncmp(said, rows[i].want, n) != 0)
			fail_msg("%s: got\n%swant\n%s", rows[i].text, said, rows[i].want);
		if (strstr(said, "hunter2") != NULL)
			fail_msg("a password was printed: %s", said);
		free(said);
		settings_free(&s);
	}
}

/* Every pair of kafka, one line each. */
static void show_kafka(const struct settings *s, struct buf *out)
{
	for (size_t i = 0; i < s->kafka_count; i++)
		(void)buf_printf(out, "%s=%s\n", s->kafka[2 * i], s->kafka[2 * i + 1]);
	if (s->kafka[2 * s->kafka_count] != NULL)
		fail_msg("kafka does not end with NULL");
}

static void a_distributed_installation(void **state)
{
	(void)state;
	char *said, want[300];
	struct buf kafka;
	put("store.password", "p@ss/wörd %&=\n", 0600);
	put("kafka.password", "k4fka\n", 0600);
	assert_int_equal(setenv("VESTNIK_TEST_KEY_PASSWORD", "key pass", 1), 0);
	struct settings *s = load("store_url: postgres://vestnik@db1:5432,db2/vestnik?sslmode=verify-full\n"
				  "store_password_file: store.password\n"
				  "bus_url: kafka://k1.example.org:9092,[::1]:9093/test.one\n"
				  "kafka:\n  security.protocol: SASL_SSL\n  ssl.ca.location: ca.pem\n"
				  "  sasl.username: vestnik\n  sasl.password_file: kafka.password\n"
				  "  ssl.key.password_env: VESTNIK_TEST_KEY_PASSWORD\n"
				  "  socket.nagle.disable: true\n  linger.ms: 5\n",
		&said);
	assert_string_equal(said, "");
	assert_non_null(s);
	assert_string_equal(s->store_url, "postgresql://vestnik@db1:5432,db2/vestnik?sslmode=verify-full"
					  "&password=p%40ss%2Fw%C3%B6rd%20%25%26%3D");
	assert_string_equal(s->bus_url, "kafka://k1.example.org:9092,[::1]:9093/test.one");
	snprintf(want, sizeof want,
		"security.protocol=SASL_SSL\nssl.ca.location=%s/ca.pem\nsasl.username=vestnik\n"
		"sasl.password=k4fka\nssl.key.password=key pass\nsocket.nagle.disable=true\nlinger.ms=5\n",
		folder);
	buf_init(&kafka, 1 << 16);
	show_kafka(s, &kafka);
	assert_string_equal(buf_str(&kafka), want);
	buf_fini(&kafka);
	free(said);
	settings_free(&s);
	s = load("store_url: postgresql:///vestnik\nstore_password_env: VESTNIK_TEST_KEY_PASSWORD\n"
		 "bus_url: kafka://k:9092\n",
		&said);
	assert_string_equal(said, "");
	assert_string_equal(s->store_url, "postgresql:///vestnik?password=key%20pass");
	assert_int_equal(s->kafka_count, 0);
	assert_non_null(s->kafka);
	free(said);
	settings_free(&s);
}

/* What is said about addresses and properties; "" = nothing. Never a secret. */
static void addresses(void **state)
{
	(void)state;
	put("store.password", "hunter2\n", 0600);
	put("kafka.password", "hunter2\n", 0600);
#define KAFKA "bus_url: kafka://k:9092\n"
#define POSTGRES "postgresql://vestnik@db.example.org:5432/vestnik"
	static const struct {
		const char *text, *want; /* want without its newline = how it begins */
	} rows[] = {
		{"store_url: postgresql://\n" KAFKA, ""},
		{"store_url: postgresql://u@[2001:db8::1]:5433/d?application_name=x\n" KAFKA, ""},
		{"store_url: sqlite:v.db\n" KAFKA, ""},
		{"bus_url: kafka://k:9092/vestnik-2.a\n", ""},
		{"store_url: mysql://u:hunter2@h/d\n",
			"vestnik.yaml:1:12: error: store_url: «mysql://u:***@h/d» is not sqlite:PATH or " POSTGRES "\n"},
		{"store_url: postgresql://u:hunter2@h/d\n" KAFKA,
			"vestnik.yaml:1:12: warning: store_url: the password stands in the settings file; "
			"store_password_file: store.password\n"},
		{"store_url: 'postgresql://u:hunt er2@h/d'\n" KAFKA,
			"vestnik.yaml:1:12: error: store_url: «postgresql://u:***@h/d»: blanks, control "
			"characters and «%» must be written %XX; " POSTGRES "\n"},
		{"store_url: 'postgresql://u:hunter2%@h/d'\n" KAFKA,
			"vestnik.yaml:1:12: error: store_url: «postgresql://u:***@h/d»: blanks"},
		{"store_url: 'postgresql://u:hunter2@2@h/d'\n" KAFKA,
			"vestnik.yaml:1:12: error: store_url: two «@»"},
		{"store_url: postgresql://h:99999/d\n" KAFKA,
			"vestnik.yaml:1:12: error: store_url: «99999» is not a port: 1 to 65535; " POSTGRES "\n"},
		{"store_url: postgresql://h/d?sslmod=require\n" KAFKA,
			"vestnik.yaml:1:12: error: store_url: unknown parameter «sslmod»; sslmode\n"},
		{"store_url: postgresql://h/d\n",
			"vestnik.yaml: error: bus_url: the embedded bus lives in the file of a SQLite "
			"store; a PostgreSQL store needs Kafka; bus_url: kafka://kafka.example.org:9092\n"},
		{"store_password_file: store.password\n",
			"vestnik.yaml: error: store_password_file: only a PostgreSQL store has a password\n"},
		{"store_url: postgresql://h/d?password=hunter2\nstore_password_file: store.password\n" KAFKA,
			"vestnik.yaml: error: store_password_file: store_url holds a password already\n"},
		{"store_url: postgresql://u:hunter2@h/d\nstore_password_file: store.password\n" KAFKA,
			"vestnik.yaml:1:12: warning: "},
		{"store_url: postgresql://u@h/d?sslpassword=hunter2\nstore_password_file: store.password\n" KAFKA, ""},
		{"bus_url: rabbit\n", "vestnik.yaml:1:10: error: bus_url: «rabbit» is not embedded or "
				      "kafka://HOST:PORT; kafka://kafka.example.org:9092\n"},
		{"bus_url: kafka://k\n", "vestnik.yaml:1:10: error: bus_url: «k» is not HOST:PORT, a port "
					 "being 1 to 65535; kafka://kafka.example.org:9092\n"},
		{"bus_url: kafka://k:0\n", "vestnik.yaml:1:10: error: bus_url: «k:0» is not HOST:PORT"},
		{"bus_url: kafka://k:1,\n", "vestnik.yaml:1:10: error: bus_url: «» is not HOST:PORT"},
		{"bus_url: 'kafka://k:1, l:2'\n", "vestnik.yaml:1:10: error: bus_url: « l:2» is not HOST:PORT"},
		{"bus_url: kafka://k:1/Upper\n", "vestnik.yaml:1:10: error: bus_url: «Upper» is not a prefix"},
		{"bus_url: kafka://k:1/.a\n", "vestnik.yaml:1:10: error: bus_url: «.a» is not a prefix"},
		{"bus_url: kafka://k:1/\n", "vestnik.yaml:1:10: error: bus_url: «» is not a prefix"},
		{"bus_url: kafka://u:hunter2@k:1\n",
			"vestnik.yaml:1:10: error: bus_url: name and password do not stand in the bus's address; "
			"kafka: {sasl.username: vestnik, sasl.password_file: kafka.password}\n"},
		{"kafka: {linger.ms: 5}\n", "vestnik.yaml: warning: kafka: without effect: the bus is "
					    "embedded; bus_url: kafka://kafka.example.org:9092\n"},
		{KAFKA "kafka: {sasl.password: hunter2}\n",
			"vestnik.yaml:2:24: warning: kafka.sasl.password: a secret stands in the settings "
			"file; sasl.password_file: kafka.secret\n"},
		{KAFKA "kafka: {enable.auto.commit: false}\n",
			"vestnik.yaml:2:29: error: kafka: enable.auto.commit is not for you to set: only "
			"finished work is recorded as read\n"},
		{KAFKA "kafka: {bootstrap.servers: x}\n",
			"vestnik.yaml:2:28: error: kafka: bootstrap.servers is not for you to set: bus_url "
			"names the brokers\n"},
		{KAFKA "kafka: {test.mock.num.brokers: 3}\n",
			"vestnik.yaml:2:32: error: kafka: test.mock.num.brokers is not for you to set"},
		{KAFKA "kafka: {group.id_env: HOME}\n", "vestnik.yaml:2:23: error: kafka: group.id is not"},
		{KAFKA "kafka: {Linger: 5}\n", "vestnik.yaml:2:17: error: kafka: «Linger» is not the name of "
					       "a property; security.protocol: SASL_SSL\n"},
		{KAFKA "kafka: {linger.ms: [5]}\n", "vestnik.yaml:2:20: error: kafka.linger.ms: got a list"},
		{KAFKA "kafka: {sasl.password_file: nowhere}\n",
			"vestnik.yaml:2:29: error: kafka.sasl.password_file: cannot read "},
		{KAFKA "kafka: {sasl.password_file: kafka.password, sasl.password_env: HOME}\n",
			"vestnik.yaml:2:64: error: kafka: sasl.password is given twice\n"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char *said;
		struct settings *s = load(rows[i].text, &said);
		size_t n = strlen(rows[i].want);
		bool whole = n == 0 || rows[i].want[n - 1] == '\n';
		if (whole ? strcmp(said, rows[i].want) != 0 : strncmp(said, rows[i].want, n) != 0)
			fail_msg("%s: got\n%swant\n%s", rows[i].text, said, rows[i].want);
		if (strstr(said, "hunt") != NULL)
			fail_msg("a password was printed: %s", said);
		free(said);
		settings_free(&s);
	}
}

static void passwords_are_not_shown(void **state)
{
	(void)state;
	static const struct {
		const char *url, *want;
	} rows[] = {
		{"sqlite:/var/lib/vestnik/vestnik.db", "sqlite:/var/lib/vestnik/vestnik.db"},
		{"kafka://k:9092/x", "kafka://k:9092/x"},
		{"postgresql://u@h:5432/d", "postgresql://u@h:5432/d"},
		{"postgresql://u:pw@h:5432/d", "postgresql://u:***@h:5432/d"},
		{"postgresql://u:p/w?@x@h/d?sslmode=require", "postgresql://u:***@h/d?sslmode=require"},
		{"postgresql://:pw@h", "postgresql://:***@h"},
		{"postgresql://h/d?user=u&password=pw&sslmode=require",
			"postgresql://h/d?user=u&password=***&sslmode=require"},
		{"postgresql://h/d?PASSWORD=pw", "postgresql://h/d?PASSWORD=***"},
		{"postgresql:///d?sslpassword=pw&passfile=/etc/p", "postgresql:///d?sslpassword=***&passfile=/etc/p"},
		{"", ""},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char *got = url_shown(rows[i].url);
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("%s: got «%s», want «%s»", rows[i].url, got, rows[i].want);
		free(got);
	}
}

static void russian_words(void **state)
{
	(void)state;
	char *said;
	lang_set(LANG_RU);
	struct settings *s = load("drain: скоро\nзона: x\n", &said);
	lang_set(LANG_EN);
	assert_null(s);
	assert_non_null(strstr(said, "vestnik.yaml:1:8: ошибка: drain: «скоро» — не длительность, "
				     "например 90s, 15m, 1h, 3d\n"));
	assert_non_null(strstr(
		said, "vestnik.yaml:2:1: ошибка: неизвестный ключ «зона»; известны: lang, "));
	free(said);
}

static void durations(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t want; /* -1 = refused */
	} rows[] = {{"90s", 90000}, {"15m", 900000}, {"1h", 3600000}, {"3d", 259200000},
		{"500ms", 500}, {"0s", 0}, {"1w", 604800000}, {"", -1}, {"5", -1}, {"-1s", -1},
		{"s", -1}, {"1 h", -1}, {"1h30m", -1}, {"9223372036854775807d", -1},
		{"99999999999999999999s", -1}};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int64_t ms = -1;
		if (settings_parse_duration(rows[i].text, &ms) != 0)
			ms = -1;
		if (ms != rows[i].want)
			fail_msg("%s: got %lld, want %lld", rows[i].text, (long long)ms,
				(long long)rows[i].want);
	}
}

static void the_missing_file_is_a_problem(void **state)
{
	(void)state;
	struct problems problems = {0};
	struct settings *s = settings_load("/nowhere/vestnik.yaml", &problems);
	assert_null(s);
	assert_int_equal(problems.errors, 1);
	problems_fini(&problems);
}

static void folders_are_made(void **state)
{
	(void)state;
	char *said;
	struct error e;
	struct stat st;
	struct settings *s = load("data_dir: deep/er/data\n", &said);
	assert_int_equal(settings_make_folders(s, &e), 0);
	assert_int_equal(settings_make_folders(s, &e), 0);
	assert_int_equal(stat(s->run_dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	free(said);
	settings_free(&s);
}

/* VESTNIK_WRITE=1 writes the pages instead of comparing them. */
static void the_reference_is_what_the_program_prints(void **state)
{
	(void)state;
	static const struct {
		enum lang lang;
		const char *path;
	} pages[] = {{LANG_EN, VESTNIK_SOURCE_DIR "/docs/reference/settings.md"},
		{LANG_RU, VESTNIK_SOURCE_DIR "/docs/reference/settings.ru.md"}};
	for (size_t i = 0; i < 2; i++) {
		struct buf want, got;
		buf_init(&want, 1 << 20);
		buf_init(&got, 1 << 20);
		assert_int_equal(settings_reference(pages[i].lang, &want), 0);
		if (getenv("VESTNIK_WRITE") != NULL) {
			FILE *out = fopen(pages[i].path, "w");
			assert_non_null(out);
			assert_true(fputs(buf_str(&want), out) >= 0);
			assert_int_equal(fclose(out), 0);
		}
		FILE *f = fopen(pages[i].path, "r");
		if (f == NULL)
			fail_msg("%s is missing", pages[i].path);
		char chunk[4096];
		size_t n;
		while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
			assert_int_equal(buf_append(&got, chunk, n), 0);
		fclose(f);
		if (strcmp(buf_str(&got), buf_str(&want)) != 0)
			fail_msg("%s differs from the table: run VESTNIK_WRITE=1 test_settings",
				pages[i].path);
		buf_fini(&want);
		buf_fini(&got);
	}
}

static void the_example_is_good(void **state)
{
	(void)state;
	struct problems problems = {0};
	struct settings *s = settings_load(VESTNIK_SOURCE_DIR "/config/vestnik.yaml", &problems);
	for (size_t i = 0; i < problems.count; i++) {
		char *line = problem_line(&problems.item[i]);
		fail_msg("got «%s», want no problem", line);
	}
	assert_non_null(s);
	settings_free(&s);
	problems_fini(&problems);
}

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/vestnik-settings-XXXXXX");
	return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
	(void)state;
	char command[128];
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}

int main(void)
{
	lang_set(LANG_EN);
	unsetenv("STATE_DIRECTORY");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(everything_can_be_set),
		cmocka_unit_test(mistakes),
		cmocka_unit_test(a_distributed_installation),
		cmocka_unit_test(addresses),
		cmocka_unit_test(passwords_are_not_shown),
		cmocka_unit_test(russian_words),
		cmocka_unit_test(durations),
		cmocka_unit_test(the_missing_file_is_a_problem),
		cmocka_unit_test(folders_are_made),
		cmocka_unit_test(the_reference_is_what_the_program_prints),
		cmocka_unit_test(the_example_is_good),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
