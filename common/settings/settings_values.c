/* One value of the file into its place in the struct, by the type of its row. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "settings/settings_table.h"

#define PATH_MAX_BYTES 3000
#define DOMAINS_MAX 1000
#define ADDRESSES_MAX 1000

struct value { /* what a setter works on */
	const struct settings_reader *reader;
	const struct setting_row *row;
	const struct yaml_node *node;
	const char *shown;
	void *base;
};

/* Offsets come from the table's own offsetof(), so the types are what they are. */
static void *place(const struct value *v)
{
	return (char *)v->base + v->row->at;
}

static void put_text(const struct value *v, char *owned)
{
	char **at = place(v);
	free(*at);
	*at = owned;
}

static void wrong(const struct value *v, const char *want)
{
	yaml_problem(&v->reader->yaml, PROBLEM_ERROR, v->node, v->shown, NULL,
		tr("«%.100s» is not %s", "«%.100s» — не %s"), v->node->text, want);
}

/* ---- text ---------------------------------------------------------------------- */

static void set_line(const struct value *v, const char *text)
{
	put_text(v, xstrdup(text));
}

static void set_slug(const struct value *v, const char *text)
{
	if (gate_slug(text))
		put_text(v, xstrdup(text));
	else
		wrong(v, tr("a name: a–z, 0–9 and «-», at most 64",
				 "имя: a–z, 0–9 и «-», не больше 64"));
}

static bool host_ok(const char *text)
{
	unsigned char ip[16];
	if (inet_pton(AF_INET, text, ip) == 1 || inet_pton(AF_INET6, text, ip) == 1)
		return true;
	size_t len = strlen(text);
	return len > 0 && len <= 253 && text[0] != '-' && text[0] != '.' &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") ==
		       len;
}

static void set_host(const struct value *v, const char *text)
{
	if (host_ok(text))
		put_text(v, xstrdup(text));
	else
		wrong(v, tr("a host name or an IP address", "имя машины или IP-адрес"));
}

static void set_path(const struct value *v, const char *text)
{
	if (strlen(text) <= PATH_MAX_BYTES)
		put_text(v, settings_absolute(v->reader->folder, text));
	else
		wrong(v, tr("a path: too long", "путь: слишком длинно"));
}

static void set_store(const struct value *v, const char *text)
{
	char *address = settings_store_address(v->reader, v->node, v->shown, text);
	if (address != NULL)
		put_text(v, address);
}

static void set_bus(const struct value *v, const char *text)
{
	char *address = settings_bus_address(v->reader, v->node, v->shown, text);
	if (address != NULL)
		put_text(v, address);
}

static void set_address(const struct value *v, const char *text)
{
	char address[GATE_ADDRESS_MAX + 1];
	struct error e;
	if (gate_address(text, address, &e) == 0)
		put_text(v, xstrdup(address));
	else
		yaml_problem(
			&v->reader->yaml, PROBLEM_ERROR, v->node, v->shown, NULL, "%s", e.text);
}

static void set_url(const struct value *v, const char *text)
{
	size_t len = strlen(text);
	while (len > 0 && text[len - 1] == '/')
		len--;
	if (gate_url(text, false) && strpbrk(text, "?#") == NULL)
		put_text(v, xstrndup(text, len));
	else
		wrong(v, tr("an address like https://answers.example.org",
				 "адрес вида https://answers.example.org"));
}

static void set_zone(const struct value *v, const char *text)
{
	if (settings_zone_known(text))
		put_text(v, xstrdup(text));
	else
		wrong(v, tr("a known time zone like Europe/Moscow, Asia/Vladivostok",
				 "известный часовой пояс, например Europe/Moscow, "
				 "Asia/Vladivostok"));
}

static void set_listen(const struct value *v, const char *text)
{
	char *kept = settings_listen(text);
	if (kept != NULL)
		put_text(v, kept);
	else
		wrong(v, tr("an address and a port: 127.0.0.1:8090, [::1]:8090",
				 "адрес и порт: 127.0.0.1:8090, [::1]:8090"));
}

static void set_nets(const struct value *v, const char *text)
{
	char *kept = settings_nets(text);
	if (kept != NULL)
		put_text(v, kept);
	else
		wrong(v, tr("a list of addresses and networks with blanks between them: 127.0.0.1 10.0.0.0/8",
				 "перечень адресов и сетей через пробел: 127.0.0.1 10.0.0.0/8"));
}

static void set_colour(const struct value *v, const char *text)
{
	bool pale = false;
	char *kept = settings_colour(text, &pale);
	if (kept != NULL)
		put_text(v, kept);
	else if (pale)
		wrong(v, tr("dark enough: white letters on it cannot be read by everybody (contrast under 4.5)",
				 "достаточно тёмный: белые буквы на нём прочтут не все (контраст меньше 4,5)"));
	else
		wrong(v, tr("a colour: \"#1a4b8c\", in quotes", "цвет: \"#1a4b8c\", в кавычках"));
}

static void set_secret_file(const struct value *v, const char *text)
{
	char *path = settings_absolute(v->reader->folder, text);
	char *secret = settings_secret_file(v->reader, v->node, v->shown, path);
	if (secret != NULL)
		put_text(v, secret);
	free(path);
}

static void set_secret_env(const struct value *v, const char *text)
{
	char *secret = settings_secret_env(v->reader, v->node, v->shown, text);
	if (secret != NULL)
		put_text(v, secret);
}

/* ---- numbers ------------------------------------------------------------------- */

static bool in_range(const struct value *v, int64_t number)
{
	if (number >= v->row->least && number <= v->row->most)
		return true;
	yaml_problem(&v->reader->yaml, PROBLEM_ERROR, v->node, v->shown, NULL,
		tr("«%.64s» is out of range", "«%.64s» вне допустимых пределов"), v->node->text);
	return false;
}

static void set_duration(const struct value *v, const char *text)
{
	int64_t ms = 0;
	if (settings_parse_duration(text, &ms) != 0) {
		wrong(v, tr("a duration like 90s, 15m, 1h, 3d",
				 "длительность, например 90s, 15m, 1h, 3d"));
	} else if (in_range(v, ms)) {
		if (v->row->type == SETTING_DURATION64)
			*(int64_t *)place(v) = ms;
		else
			*(int *)place(v) = (int)ms;
	}
}

static void set_bytes(const struct value *v, const char *text)
{
	int64_t bytes = 0;
	if (settings_parse_bytes(text, &bytes) != 0)
		wrong(v, tr("a size like 5 MB, 512 KiB", "размер, например 5 MB, 512 KiB"));
	else if (in_range(v, bytes))
		*(int64_t *)place(v) = bytes;
}

static void set_rate(const struct value *v, const char *text)
{
	if (settings_parse_rate(text, place(v)) != 0)
		wrong(v, tr("a rate like 20/s, 1000/h, or none",
				 "скорость, например 20/s, 1000/h, или none"));
}

/* ---- lists --------------------------------------------------------------------- */

static bool add_retry(const struct value *v, const char *text, const struct yaml_node *node)
{
	struct settings *settings = v->base;
	size_t most = sizeof settings->planner.retry_ms / sizeof settings->planner.retry_ms[0];
	int64_t ms = 0;
	if (settings_parse_duration(text, &ms) != 0 || ms < v->row->least || ms > v->row->most ||
		settings->planner.retry_count == most) {
		yaml_problem(&v->reader->yaml, PROBLEM_ERROR, node, v->shown, NULL,
			tr("«%.64s»: want at most %zu durations like 1m, 1h",
				"«%.64s»: нужно не больше %zu длительностей вида 1m, 1h"),
			text, most);
		return false;
	}
	settings->planner.retry_ms[settings->planner.retry_count++] = ms;
	return true;
}

static void set_durations(const struct value *v)
{
	struct settings *settings = v->base;
	settings->planner.retry_count = 0;
	if (v->node->kind == YAML_SCALAR) { /* "1m 5m 15m" */
		char *copy = xstrdup(v->node->text), *rest = copy, *word;
		bool good = true;
		while (good && (word = strsep(&rest, " ,")) != NULL)
			if (word[0] != '\0')
				good = add_retry(v, word, v->node);
		free(copy);
		return;
	}
	if (!yaml_as_list(&v->reader->yaml, v->node, v->shown))
		return;
	const char *text = NULL;
	for (size_t i = 0; i < v->node->count; i++)
		if (!yaml_as_line(&v->reader->yaml, v->node->item[i], v->shown, &text) ||
			!add_retry(v, text, v->node->item[i]))
			return;
	if (v->node->count == 0)
		yaml_problem(&v->reader->yaml, PROBLEM_ERROR, v->node, v->shown, NULL, "%s",
			tr("an empty list", "пустой список"));
}

static void set_domains(const struct value *v)
{
	struct settings *settings = v->base;
	if (!yaml_as_map(&v->reader->yaml, v->node, v->shown))
		return;
	if (v->node->count > DOMAINS_MAX) {
		yaml_problem(&v->reader->yaml, PROBLEM_ERROR, v->node, v->shown, NULL,
			tr("more than %d domains", "больше %d доменов"), DOMAINS_MAX);
		return;
	}
	settings->mailer.domains = xcalloc(v->node->count, sizeof *settings->mailer.domains);
	for (size_t i = 0; i < v->node->count; i++) {
		struct settings_domain_rate *rate =
			&settings->mailer.domains[settings->mailer.domains_count];
		char address[GATE_ADDRESS_MAX + 1];
		struct error e;
		const struct yaml_node *node = v->node->item[i];
		char *probe = xasprintf("a@%s", v->node->key[i]);
		/* Through the address gate, so that a domain is written as recipients' domains are.
		 */
		bool good = gate_address(probe, address, &e) == 0;
		free(probe);
		if (!good || node->kind != YAML_SCALAR ||
			settings_parse_rate(node->text, &rate->rate) != 0) {
			yaml_problem(&v->reader->yaml, PROBLEM_ERROR, node, v->shown, NULL,
				tr("want «domain: 20/s», got «%.64s»",
					"нужно «домен: 20/s», здесь «%.64s»"),
				v->node->key[i]);
			continue;
		}
		rate->domain = xstrdup(gate_address_domain(address));
		settings->mailer.domains_count++;
	}
}

#define REGIONS_MAX 1000 /* Russia has 89 */
static void set_regions(const struct value *v)
{
	struct settings *settings = v->base;
	if (!yaml_as_map(&v->reader->yaml, v->node, v->shown))
		return;
	if (v->node->count > REGIONS_MAX) {
		yaml_problem(&v->reader->yaml, PROBLEM_ERROR, v->node, v->shown, NULL,
			tr("more than %d regions", "больше %d регионов"), REGIONS_MAX);
		return;
	}
	settings->calendar.regions = xcalloc(v->node->count, sizeof *settings->calendar.regions);
	for (size_t i = 0; i < v->node->count; i++) {
		const struct yaml_node *node = v->node->item[i];
		if (node->kind != YAML_SCALAR || !gate_slug(node->text)) {
			yaml_problem(&v->reader->yaml, PROBLEM_ERROR, node, v->shown, NULL,
				tr("want «region: ru-ba», got «%.64s»",
					"нужно «регион: ru-ba», здесь «%.64s»"),
				v->node->key[i]);
			continue;
		}
		settings->calendar.regions[settings->calendar.regions_count++] =
			(struct settings_region){xstrdup(v->node->key[i]), xstrdup(node->text)};
	}
}

static void set_addresses(const struct value *v)
{
	struct settings_relay *relay = v->base;
	if (!yaml_as_list(&v->reader->yaml, v->node, v->shown))
		return;
	size_t most = v->node->count < ADDRESSES_MAX ? v->node->count : ADDRESSES_MAX;
	relay->senders = xcalloc(most, sizeof *relay->senders);
	for (size_t i = 0; i < most; i++) {
		char address[GATE_ADDRESS_MAX + 1];
		const char *text = NULL;
		struct error e;
		if (!yaml_as_line(&v->reader->yaml, v->node->item[i], v->shown, &text))
			continue;
		if (gate_address(text, address, &e) == 0)
			relay->senders[relay->senders_count++] = xstrdup(address);
		else
			yaml_problem(&v->reader->yaml, PROBLEM_ERROR, v->node->item[i], v->shown,
				NULL, "%s", e.text);
	}
}

/* ---- by type --------------------------------------------------------------------- */

static void set_choice(const struct value *v)
{
	int index = 0;
	if (!yaml_as_choice(&v->reader->yaml, v->node, v->shown, v->row->words, &index))
		return;
	if (v->row->type == SETTING_LEVEL)
		put_text(v, xstrdup(v->row->words[index]));
	else if (v->row->type == SETTING_LANG)
		*(enum lang *)place(v) = index == 0 ? LANG_EN : LANG_RU;
	else
		memcpy(place(v), &index, sizeof index); /* enums are as wide as int here */
}
_Static_assert(sizeof(enum relay_security) == sizeof(int), "set_choice stores an int");

static void set_number(const struct value *v)
{
	int64_t number = 0;
	if (!yaml_as_int(&v->reader->yaml, v->node, v->shown, v->row->least, v->row->most, &number))
		return;
	if (v->row->type == SETTING_INT64)
		*(int64_t *)place(v) = number;
	else
		*(int *)place(v) = (int)number;
}

typedef void (*line_setter)(const struct value *v, const char *text);
static const line_setter line_setters[SETTING_TYPES] = {
	[SETTING_LINE] = set_line,
	[SETTING_SLUG] = set_slug,
	[SETTING_HOST] = set_host,
	[SETTING_PATH] = set_path,
	[SETTING_STORE] = set_store,
	[SETTING_BUS] = set_bus,
	[SETTING_ADDRESS] = set_address,
	[SETTING_URL] = set_url,
	[SETTING_ZONE] = set_zone,
	[SETTING_BYTES] = set_bytes,
	[SETTING_DURATION] = set_duration,
	[SETTING_DURATION64] = set_duration,
	[SETTING_RATE] = set_rate,
	[SETTING_SECRET_FILE] = set_secret_file,
	[SETTING_SECRET_ENV] = set_secret_env,
	[SETTING_LISTEN] = set_listen,
	[SETTING_NETS] = set_nets,
	[SETTING_COLOUR] = set_colour,
};

void setting_set(const struct settings_reader *reader, const struct setting_row *row,
	const struct yaml_node *node, const char *shown, void *base)
{
	struct value v = {.reader = reader, .row = row, .node = node, .shown = shown, .base = base};
	const char *text = NULL;
	switch (row->type) {
	case SETTING_INT:
	case SETTING_INT64:
		set_number(&v);
		return;
	case SETTING_BOOL:
		(void)yaml_as_bool(&reader->yaml, node, shown, place(&v));
		return;
	case SETTING_CHOICE:
	case SETTING_LANG:
	case SETTING_LEVEL:
		set_choice(&v);
		return;
	case SETTING_DURATIONS:
		set_durations(&v);
		return;
	case SETTING_DOMAINS:
		set_domains(&v);
		return;
	case SETTING_REGIONS:
		set_regions(&v);
		return;
	case SETTING_ADDRESSES:
		set_addresses(&v);
		return;
	case SETTING_KAFKA:
		settings_read_kafka(reader, node, shown, base);
		return;
	case SETTING_RELAYS:
		settings_read_relays(reader, node, base);
		return;
	case SETTING_AUTHSERV:
		settings_set_authserv(reader, node, shown, base);
		return;
	case SETTING_IMAP:
		settings_set_imap(reader, node, shown, base);
		return;
	case SETTING_MAILBOXES:
		settings_read_mailboxes(reader, node, shown, base);
		return;
	case SETTING_SOURCE:
		settings_set_source(reader, node, shown, base);
		return;
	case SETTING_TASKS:
		settings_set_tasks(reader, node, shown, base);
		return;
	case SETTING_SENDERS:
		settings_set_senders(reader, node, shown, base);
		return;
	case SETTING_SOURCES:
		settings_read_sources(reader, node, base);
		return;
	default:
		if (yaml_as_line(&reader->yaml, node, shown, &text))
			line_setters[row->type](&v, text);
	}
}

void settings_fallbacks(
	const struct settings_reader *reader, const struct setting_row *rows, void *base)
{
	for (; rows->path != NULL; rows++) {
		if (rows->fallback == NULL)
			continue;
		char *text = xstrdup(rows->fallback);
		struct yaml_node node = {.kind = YAML_SCALAR, .text = text};
		setting_set(reader, rows, &node, rows->path, base);
		free(text);
	}
}
