/* campaign.yaml → definition. Reading never stops at a mistake. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "campaign/folder.h"

#define TEXT_MAX 1000

#define SAY(severity)                                                                              \
	do {                                                                                       \
		char text[TEXT_MAX];                                                               \
		va_list ap;                                                                        \
		va_start(ap, fmt);                                                                 \
		vsnprintf(text, sizeof text, fmt, ap);                                             \
		va_end(ap);                                                                        \
		yaml_problem(&r->yaml, severity, node, path, hint, "%s", text);                    \
	} while (0)

void folder_error(struct folder_reader *r, const struct yaml_node *node, const char *path,
	const char *hint, const char *fmt, ...)
{
	SAY(PROBLEM_ERROR);
}

void folder_warn(struct folder_reader *r, const struct yaml_node *node, const char *path,
	const char *hint, const char *fmt, ...)
{
	SAY(PROBLEM_WARNING);
}

void folder_info(struct folder_reader *r, const struct yaml_node *node, const char *path,
	const char *hint, const char *fmt, ...)
{
	SAY(PROBLEM_INFO);
}

const char *folder_line(
	struct folder_reader *r, struct yaml_node *map, const char *key, const char *path)
{
	const char *text = NULL;
	const struct yaml_node *node = yaml_take(map, key);
	if (node == NULL || !yaml_as_line(&r->yaml, node, path, &text))
		return NULL;
	return text;
}

void folder_put(json_t *object, const char *name, const char *value)
{
	if (value != NULL)
		json_object_set_new(object, name, json_string(value));
}

bool folder_date(struct folder_reader *r, const struct yaml_node *node, const char *path,
	struct calendar_time *out, bool *has_time)
{
	const char *text = NULL;
	bool timed = false;
	struct error e = {0};
	if (!yaml_as_line(&r->yaml, node, path, &text))
		return false;
	if (calendar_parse(text, out, &timed, &e) != 0) {
		folder_error(r, node, path, NULL, "%s", e.text);
		return false;
	}
	if (has_time == NULL && timed) {
		folder_error(r, node, path, "2023-05-15", "%s",
			tr("want a date without a time", "нужна дата без времени"));
		return false;
	}
	if (has_time != NULL)
		*has_time = timed;
	return true;
}

struct yaml_node *folder_map(
	struct folder_reader *r, struct yaml_node *map, const char *key, const char *path)
{
	struct yaml_node *node = yaml_take(map, key);
	return node == NULL || !yaml_as_map(&r->yaml, node, path) ? NULL : node;
}

char *folder_address(struct folder_reader *r, const struct yaml_node *node, const char *path)
{
	char address[GATE_ADDRESS_MAX + 1];
	const char *text = NULL;
	struct error e = {0};
	if (!yaml_as_line(&r->yaml, node, path, &text))
		return NULL;
	if (gate_address(text, address, &e) != 0) {
		folder_error(r, node, path, NULL, "%s", e.text);
		return NULL;
	}
	return xstrdup(address);
}

void folder_put_address(
	struct folder_reader *r, struct yaml_node *map, const char *path, json_t *object)
{
	const struct yaml_node *node = yaml_take(map, "address");
	char *address = node == NULL ? NULL : folder_address(r, node, path);
	folder_put(object, "address", address);
	free(address);
}

/* ---- who and what ---------------------------------------------------------------- */

static void read_names(struct folder_reader *r)
{
	static const char *const langs[] = {"ru", "en", NULL};
	json_t *d = r->folder->definition;
	struct yaml_node *node = yaml_take(r->root, "campaign");
	const char *text = NULL;
	if (node == NULL)
		folder_error(r, r->root, "campaign", "campaign: flagships-2023", "%s",
			tr("the campaign has no name", "у рассылки нет имени"));
	else if (yaml_as_line(&r->yaml, node, "campaign", &text) && !gate_slug(text))
		folder_error(r, node, "campaign", "flagships-2023",
			tr("«%.64s»: want a–z, 0–9 and «-», at most 64",
				"«%.64s»: можно a–z, 0–9 и «-», не больше 64"),
			text);
	else if (text != NULL)
		folder_put(d, "slug", text);
	node = yaml_take(r->root, "title");
	text = NULL;
	if (node == NULL)
		folder_error(r, r->root, "title", tr("title: what it is about", "title: о чём она"),
			"%s", tr("the campaign has no title", "у рассылки нет названия"));
	else if (yaml_as_line(&r->yaml, node, "title", &text))
		folder_put(d, "title", text);
	folder_put(d, "organisation", folder_line(r, r->root, "organisation", "organisation"));
	int lang = 0;
	node = yaml_take(r->root, "lang");
	if (node != NULL && yaml_as_choice(&r->yaml, node, "lang", langs, &lang))
		folder_put(d, "lang", langs[lang]);
}

static void read_zone(struct folder_reader *r)
{
	struct yaml_node *node = yaml_take(r->root, "zone");
	const char *zone = r->settings->zone;
	if (node != NULL && yaml_as_line(&r->yaml, node, "zone", &zone) &&
		!calendar_zone_known(zone)) {
		folder_error(r, node, "zone", "Europe/Moscow, Asia/Vladivostok",
			tr("unknown time zone «%.64s»", "неизвестный часовой пояс «%.64s»"), zone);
		zone = r->settings->zone;
	}
	folder_put(r->folder->definition, "zone", zone);
}

static void read_from(struct folder_reader *r)
{
	static const char *const known[] = {"name", "address", NULL};
	json_t *from = json_object();
	struct yaml_node *node = yaml_take(r->root, "from");
	if (node != NULL && node->kind == YAML_SCALAR) {
		char *address = folder_address(r, node, "from");
		folder_put(from, "address", address);
		free(address);
	} else if (node != NULL && yaml_as_map(&r->yaml, node, "from")) {
		folder_put(from, "name", folder_line(r, node, "name", "from.name"));
		folder_put_address(r, node, "from.address", from);
		yaml_unknown(node, r->yaml.file, "from", known, r->yaml.problems);
		bool given = false;
		for (size_t i = 0; i < node->count; i++)
			given = given || strcmp(node->key[i], "address") == 0;
		if (!given)
			folder_error(r, node, "from",
				"from: {address: outreach@ministry.example.org}", "%s",
				tr("the sender has no address", "у отправителя нет адреса"));
	} else if (node == NULL && r->settings->sender.address != NULL) {
		folder_put(from, "name", r->settings->sender.name);
		folder_put(from, "address", r->settings->sender.address);
		folder_put(r->folder->definition, "reply_to", r->settings->sender.reply_to);
	} else if (node == NULL) {
		folder_error(r, r->root, "from",
			"from: {name: …, address: outreach@ministry.example.org}", "%s",
			tr("no sender: neither here nor in the settings (sender.address)",
				"нет отправителя: ни здесь, ни в настройках (sender.address)"));
	}
	json_object_set_new(r->folder->definition, "from", from);
	node = yaml_take(r->root, "reply_to");
	char *reply = node == NULL ? NULL : folder_address(r, node, "reply_to");
	folder_put(r->folder->definition, "reply_to", reply);
	free(reply);
}

static void read_flags(struct folder_reader *r)
{
	bool may_leave = true, hold = false;
	struct yaml_node *node = yaml_take(r->root, "may_leave");
	if (node != NULL)
		(void)yaml_as_bool(&r->yaml, node, "may_leave", &may_leave);
	node = yaml_take(r->root, "hold");
	if (node != NULL)
		(void)yaml_as_bool(&r->yaml, node, "hold", &hold);
	json_object_set_new(r->folder->definition, "may_leave", json_boolean(may_leave));
	json_object_set_new(r->folder->definition, "hold", json_boolean(hold));
	r->folder->hold = hold;
}

/* ---- the whole ------------------------------------------------------------------- */

static const char *const known_keys[] = {"campaign", "title", "organisation", "lang", "zone",
	"from", "reply_to", "document", "follows", "contacts", "controller", "data", "audience",
	"letters", "attachments", "send", "rate", "may_leave", "hold", "ask", "rounds", "stages",
	"acknowledge", "publish", NULL};

void folder_read(struct folder_reader *r)
{
	read_names(r);
	read_zone(r);
	read_from(r);
	folder_read_document(r);
	read_flags(r);
	folder_read_publish(r);
	folder_read_send(r);
	folder_read_data(r);
	folder_read_ask(r);
	folder_read_acknowledge(r);
	folder_read_audience(r);
	folder_read_letters(r);
	folder_read_attachments(r);
	folder_read_rounds(r);
	folder_check_publish(r);
	yaml_unknown(r->root, r->yaml.file, "", known_keys, r->yaml.problems);
}
