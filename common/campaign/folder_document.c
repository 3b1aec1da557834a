/* What makes a letter a document: number and date, who signs and who wrote it,
 * what it is based on and follows, who watches over it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "calendar/day.h"
#include "campaign/definition.h"
#include "campaign/folder.h"

#define CONTACTS_MAX 20

static void read_person(struct folder_reader *r, struct yaml_node *map, const char *key,
	const char *path, json_t *document)
{
	static const char *const known[] = {"position", "name", "phone", "address", NULL};
	struct yaml_node *node = folder_map(r, map, key, path);
	if (node == NULL)
		return;
	json_t *person = json_object();
	folder_put(person, "position", folder_line(r, node, "position", path));
	folder_put(person, "name", folder_line(r, node, "name", path));
	folder_put(person, "phone", folder_line(r, node, "phone", path));
	folder_put_address(r, node, path, person);
	yaml_unknown(node, r->yaml.file, path, known, r->yaml.problems);
	if (json_object_get(person, "name") == NULL)
		folder_error(r, node, path, NULL, "%s", tr("name is missing", "нет имени (name)"));
	json_object_set_new(document, key, person);
}

/* A date as "2023-05-15"; DAY_NONE when there is none or it is wrong. */
static int32_t read_date(struct folder_reader *r, struct yaml_node *map, const char *key, const char *path,
	json_t *object)
{
	struct yaml_node *node = yaml_take(map, key);
	struct calendar_time time;
	char text[DAY_TEXT_SIZE];
	if (node == NULL || !folder_date(r, node, path, &time, NULL))
		return DAY_NONE;
	int32_t day = day_of(time.year, time.month, time.day);
	folder_put(object, key, day_iso(day, text));
	return day;
}

/* A signature made with a certificate that was not valid then proves nothing. */
static void read_certificate(struct folder_reader *r, struct yaml_node *map, int32_t signed_day, json_t *document)
{
	static const char *const known[] = {"from", "to", "serial", "owner", NULL};
	struct yaml_node *node = folder_map(r, map, "certificate", "document.certificate");
	char on[DAY_TEXT_SIZE], first[DAY_TEXT_SIZE], last[DAY_TEXT_SIZE];
	if (node == NULL)
		return;
	json_t *certificate = json_object();
	int32_t from = read_date(r, node, "from", "document.certificate.from", certificate);
	int32_t to = read_date(r, node, "to", "document.certificate.to", certificate);
	folder_put(certificate, "serial", folder_line(r, node, "serial", "document.certificate.serial"));
	folder_put(certificate, "owner", folder_line(r, node, "owner", "document.certificate.owner"));
	yaml_unknown(node, r->yaml.file, "document.certificate", known, r->yaml.problems);
	json_object_set_new(document, "certificate", certificate);
	if (from != DAY_NONE && to != DAY_NONE && to < from)
		folder_error(r, node, "document.certificate", "{from: 2022-07-06, to: 2023-09-29}", "%s",
			tr("the certificate ends before it begins", "сертификат кончается раньше, чем начинается"));
	else if (signed_day != DAY_NONE && from != DAY_NONE && to != DAY_NONE &&
		(signed_day < from || signed_day > to))
		folder_warn(r, node, "document.certificate", NULL,
			tr("the signature's certificate (valid from %s to %s) was not valid on the document's date, %s",
				"сертификат подписи (действует с %s по %s) на дату документа, %s, не действовал"),
			day_words(from, lang_get(), first), day_words(to, lang_get(), last),
			day_words(signed_day, lang_get(), on));
}

static void read_based_on(struct folder_reader *r, struct yaml_node *map, json_t *document)
{
	struct yaml_node *node = yaml_take(map, "based_on");
	const char *text = NULL;
	struct buf all;
	if (node == NULL)
		return;
	buf_init(&all, 4000);
	if (node->kind == YAML_LIST) {
		for (size_t i = 0; i < node->count; i++)
			if (yaml_as_line(&r->yaml, node->item[i], "document.based_on", &text))
				(void)buf_printf(&all, "%s%s", all.len == 0 ? "" : "; ", text);
	} else if (yaml_as_line(&r->yaml, node, "document.based_on", &text)) {
		(void)buf_puts(&all, text);
	}
	if (all.len > 0)
		folder_put(document, "based_on", buf_str(&all));
	buf_fini(&all);
}

/* `number: ""` says «not yet known»; a number that is not mentioned at all is forgotten. */
static const struct yaml_node *empty_number(const struct yaml_node *map)
{
	for (size_t i = 0; i < map->count; i++)
		if (strcmp(map->key[i], "number") == 0 && map->item[i]->kind == YAML_SCALAR &&
			(map->item[i]->text[strspn(map->item[i]->text, " ")] == '\0' || yaml_is_null(map->item[i])))
			return map->item[i];
	return NULL;
}

static void read_number(struct folder_reader *r, struct yaml_node *node, json_t *document, bool dated)
{
	const struct yaml_node *empty = empty_number(node);
	if (empty != NULL) {
		(void)yaml_take(node, "number");
		folder_warn(r, empty, "document.number", "number: \"01-12/345\"", "%s",
			tr("the number is empty: a letter without one cannot be registered",
				"номер пуст: письмо без номера не зарегистрировать"));
		return;
	}
	folder_put(document, "number", folder_line(r, node, "number", "document.number"));
	bool number = json_object_get(document, "number") != NULL;
	if (number && !dated)
		folder_error(r, node, "document.date", "date: 2023-05-15", "%s",
			tr("a number without a date: nobody can register the letter",
				"номер без даты: письмо не зарегистрировать"));
	if (!number && dated)
		folder_error(r, node, "document.number", "number: \"01-12/345\"", "%s",
			tr("a date without a number: nobody can register the letter",
				"дата без номера: письмо не зарегистрировать"));
}

static void read_in_subject(struct folder_reader *r, struct yaml_node *node, json_t *document)
{
	const struct yaml_node *place = yaml_take(node, "in_subject");
	bool wanted = false;
	if (place == NULL || !yaml_as_bool(&r->yaml, place, "document.in_subject", &wanted) || !wanted)
		return;
	if (json_object_get(document, "number") == NULL) {
		folder_warn(r, place, "document.in_subject", NULL, "%s",
			tr("there is no number to put into the subject", "номера, чтобы поставить в тему, нет"));
		return;
	}
	json_object_set_new(document, "in_subject", json_true());
}

static void read_requisites(struct folder_reader *r)
{
	static const char *const known[] = {"number", "date", "signatory", "performer", "based_on",
		"certificate", "in_subject", NULL};
	struct yaml_node *node = folder_map(r, r->root, "document", "document");
	if (node == NULL)
		return;
	json_t *document = json_object();
	bool dated = yaml_take(node, "date") != NULL;
	int32_t day = read_date(r, node, "date", "document.date", document);
	read_number(r, node, document, dated);
	read_person(r, node, "signatory", "document.signatory", document);
	read_person(r, node, "performer", "document.performer", document);
	read_based_on(r, node, document);
	read_certificate(r, node, day, document);
	read_in_subject(r, node, document);
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
		folder_put_address(r, node, path, contact);
		yaml_unknown(node, r->yaml.file, path, known, r->yaml.problems);
		if (json_object_size(contact) == 0)
			folder_error(r, node, path, NULL, "%s",
				tr("an empty contact", "пустой контакт"));
		json_array_append_new(contacts, contact);
	}
	json_object_set_new(r->folder->definition, "contacts", contacts);
}

static void read_controller(struct folder_reader *r)
{
	static const char *const known[] = {"position", "name", "phone", "address", NULL};
	struct yaml_node *node = folder_map(r, r->root, "controller", "controller");
	if (node == NULL)
		return;
	json_t *controller = json_object();
	folder_put(controller, "position", folder_line(r, node, "position", "controller.position"));
	folder_put(controller, "name", folder_line(r, node, "name", "controller.name"));
	folder_put(controller, "phone", folder_line(r, node, "phone", "controller.phone"));
	folder_put_address(r, node, "controller.address", controller);
	yaml_unknown(node, r->yaml.file, "controller", known, r->yaml.problems);
	if (json_object_get(controller, "name") == NULL)
		folder_error(r, node, "controller", NULL, "%s", tr("name is missing", "нет имени (name)"));
	json_object_set_new(r->folder->definition, "controller", controller);
}

/* ---- what it follows ------------------------------------------------------------------------ */

static json_t *field_names(const json_t *ask)
{
	json_t *names = json_array();
	const json_t *field;
	size_t index;
	json_array_foreach(json_object_get(ask, "fields"), index, field)
		json_array_append(names, json_object_get(field, "field"));
	return names;
}

/* «на № 01-12/345 от 15.05.2023», as a letter's head has it. */
static void put_follows(json_t *definition, const char *number, int32_t day)
{
	char text[400];
	struct calendar_time t = day_split(day);
	snprintf(text, sizeof text,
		definition_lang(definition) == LANG_RU ? "на № %.200s от %02d.%02d.%04d"
						       : "to No. %.200s of %02d.%02d.%04d",
		number, t.day, t.month, t.year);
	folder_put(definition, "follows", text);
}

static void take_previous(struct folder_reader *r, const char *slug, const json_t *old)
{
	json_t *d = r->folder->definition, *previous = json_object();
	const json_t *document = json_object_get(old, "document");
	const char *number = json_string_value(json_object_get(document, "number"));
	const char *date = json_string_value(json_object_get(document, "date"));
	char words[DAY_TEXT_SIZE];
	int32_t day;
	folder_put(previous, "campaign", slug);
	json_object_set_new(previous, "fields", field_names(json_object_get(old, "ask")));
	folder_put(previous, "number", number);
	if (date != NULL && day_parse(date, &day, NULL) == 0) {
		folder_put(previous, "date", day_words(day, definition_lang(d), words));
		if (number != NULL)
			put_follows(d, number, day);
	}
	json_object_set_new(d, "previous", previous);
}

static void follow(struct folder_reader *r, const struct yaml_node *node, const char *slug)
{
	struct db_stmt *stmt;
	struct error e = {0};
	json_object_set_new(
		r->folder->definition, "previous", json_pack("{s:s,s:[]}", "campaign", slug, "fields"));
	r->previous_unknown = true;
	if (r->db == NULL) /* checked without a store */
		return;
	enum db_step step = DB_FAILED;
	if (db_query(r->db, &stmt, &e, "SELECT definition, state FROM campaign WHERE slug = $1", "s", slug) == 0)
		step = db_step(stmt, &e);
	if (step == DB_FAILED) {
		folder_error(r, node, "follows", NULL, "%s", e.text);
	} else if (step == DB_DONE || strcmp(db_text(stmt, 1), "draft") == 0) {
		(r->rehearsal ? folder_warn : folder_error)(r, node, "follows", tr("a launched campaign, or words: «на № 17 от 03.04.2023»",
			"запущенная рассылка или слова: «на № 17 от 03.04.2023»"),
			step == DB_DONE ? tr("there is no campaign «%.64s»", "нет рассылки «%.64s»")
					: tr("the campaign «%.64s» has not been launched yet",
						  "рассылка «%.64s» ещё не запущена"),
			slug);
	} else {
		json_t *old = json_loads(db_text(stmt, 0), 0, NULL);
		take_previous(r, slug, old);
		r->previous_unknown = false;
		json_decref(old);
	}
	if (step == DB_ROW || step == DB_DONE)
		db_reset(stmt);
}

static void read_follows(struct folder_reader *r)
{
	const struct yaml_node *node = yaml_take(r->root, "follows");
	const char *text = NULL, *own = json_string_value(json_object_get(r->folder->definition, "slug"));
	if (node == NULL || !yaml_as_line(&r->yaml, node, "follows", &text))
		return;
	if (own != NULL && strcmp(text, own) == 0)
		folder_error(r, node, "follows", NULL, "%s",
			tr("a campaign cannot follow itself", "рассылка не может следовать за собой"));
	else if (gate_slug(text))
		follow(r, node, text);
	else
		folder_put(r->folder->definition, "follows", text);
}

void folder_read_document(struct folder_reader *r)
{
	read_requisites(r);
	read_contacts(r);
	read_controller(r);
	read_follows(r);
}
