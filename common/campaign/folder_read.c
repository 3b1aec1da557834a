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
#define CONTACTS_MAX 20

void folder_error(struct folder_reader *r, const struct yaml_node *node, const char *path,
	const char *hint, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	yaml_problem(&r->yaml, PROBLEM_ERROR, node, path, hint, "%s", text);
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

/* A map under a key; NULL when absent or not a map. */
static struct yaml_node *take_map(
	struct folder_reader *r, struct yaml_node *map, const char *key, const char *path)
{
	struct yaml_node *node = yaml_take(map, key);
	return node == NULL || !yaml_as_map(&r->yaml, node, path) ? NULL : node;
}

static char *address_at(struct folder_reader *r, const struct yaml_node *node, const char *path)
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

static void put_address(
	struct folder_reader *r, struct yaml_node *map, const char *path, json_t *object)
{
	const struct yaml_node *node = yaml_take(map, "address");
	char *address = node == NULL ? NULL : address_at(r, node, path);
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
	folder_put(d, "follows", folder_line(r, r->root, "follows", "follows"));
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
		char *address = address_at(r, node, "from");
		folder_put(from, "address", address);
		free(address);
	} else if (node != NULL && yaml_as_map(&r->yaml, node, "from")) {
		folder_put(from, "name", folder_line(r, node, "name", "from.name"));
		put_address(r, node, "from.address", from);
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
	char *reply = node == NULL ? NULL : address_at(r, node, "reply_to");
	folder_put(r->folder->definition, "reply_to", reply);
	free(reply);
}

static void read_person(struct folder_reader *r, struct yaml_node *map, const char *key,
	const char *path, json_t *document)
{
	static const char *const known[] = {"position", "name", "phone", "address", NULL};
	struct yaml_node *node = take_map(r, map, key, path);
	if (node == NULL)
		return;
	json_t *person = json_object();
	folder_put(person, "position", folder_line(r, node, "position", path));
	folder_put(person, "name", folder_line(r, node, "name", path));
	folder_put(person, "phone", folder_line(r, node, "phone", path));
	put_address(r, node, path, person);
	yaml_unknown(node, r->yaml.file, path, known, r->yaml.problems);
	if (json_object_get(person, "name") == NULL)
		folder_error(r, node, path, NULL, "%s", tr("name is missing", "нет имени (name)"));
	json_object_set_new(document, key, person);
}

static void read_document(struct folder_reader *r)
{
	static const char *const known[] = {"number", "date", "signatory", "performer", NULL};
	struct yaml_node *node = take_map(r, r->root, "document", "document");
	if (node == NULL)
		return;
	json_t *document = json_object();
	folder_put(document, "number", folder_line(r, node, "number", "document.number"));
	struct yaml_node *date = yaml_take(node, "date");
	struct calendar_time time;
	if (date != NULL && folder_date(r, date, "document.date", &time, NULL)) {
		char text[40];
		snprintf(text, sizeof text, "%04d-%02d-%02d", time.year, time.month, time.day);
		folder_put(document, "date", text);
	}
	bool number = json_object_get(document, "number") != NULL;
	if (number && date == NULL)
		folder_error(r, node, "document.date", "date: 2023-05-15", "%s",
			tr("a number without a date: nobody can register the letter",
				"номер без даты: письмо не зарегистрировать"));
	if (!number && date != NULL)
		folder_error(r, node, "document.number", "number: \"01-12/345\"", "%s",
			tr("a date without a number: nobody can register the letter",
				"дата без номера: письмо не зарегистрировать"));
	read_person(r, node, "signatory", "document.signatory", document);
	read_person(r, node, "performer", "document.performer", document);
	yaml_unknown(node, r->yaml.file, "document", known, r->yaml.problems);
	json_object_set_new(r->folder->definition, "document", document);
}

static void read_contacts(struct folder_reader *r)
{
	static const char *const known[] = {"role", "name", "phone", "address", NULL};
	struct yaml_node *list = yaml_take(r->root, "contacts");
	json_t *contacts = json_array();
	if (list != NULL && yaml_as_list(&r->yaml, list, "contacts") && list->count > CONTACTS_MAX)
		folder_error(
			r, list, "contacts", NULL, tr("more than %d", "больше %d"), CONTACTS_MAX);
	for (size_t i = 0; list != NULL && list->kind == YAML_LIST && i < list->count; i++) {
		char path[40];
		struct yaml_node *node = list->item[i];
		snprintf(path, sizeof path, "contacts[%zu]", i);
		if (!yaml_as_map(&r->yaml, node, path))
			continue;
		json_t *contact = json_object();
		folder_put(contact, "role", folder_line(r, node, "role", path));
		folder_put(contact, "name", folder_line(r, node, "name", path));
		folder_put(contact, "phone", folder_line(r, node, "phone", path));
		put_address(r, node, path, contact);
		yaml_unknown(node, r->yaml.file, path, known, r->yaml.problems);
		if (json_object_size(contact) == 0)
			folder_error(r, node, path, NULL, "%s",
				tr("an empty contact", "пустой контакт"));
		json_array_append_new(contacts, contact);
	}
	json_object_set_new(r->folder->definition, "contacts", contacts);
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
	"from", "reply_to", "document", "follows", "contacts", "data", "audience", "letters",
	"attachments", "send", "rate", "may_leave", "hold", NULL};
/* Said plainly instead of left out silently. */
static const char *const later_keys[] = {
	"ask", "controller", "rounds", "publish", "acknowledge", "links", NULL};

static void refuse_later(struct folder_reader *r)
{
	for (size_t i = 0; i < r->root->count; i++)
		for (size_t k = 0; later_keys[k] != NULL; k++)
			if (strcmp(r->root->key[i], later_keys[k]) == 0) {
				r->root->used[i] = true;
				const struct yaml_node place = {.line = r->root->key_line[i],
					.column = r->root->key_column[i]};
				folder_error(r, &place, later_keys[k],
					tr("take it out for now", "пока уберите"), "%s",
					tr("not in this version yet", "в этой версии ещё нет"));
			}
}

void folder_read(struct folder_reader *r)
{
	read_names(r);
	read_zone(r);
	read_from(r);
	read_document(r);
	read_contacts(r);
	read_flags(r);
	folder_read_send(r);
	folder_read_data(r);
	folder_read_audience(r);
	folder_read_files(r);
	refuse_later(r);
	yaml_unknown(r->root, r->yaml.file, "", known_keys, r->yaml.problems);
}
