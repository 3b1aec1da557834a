#include "campaign/compile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "calendar/day.h"
#include "campaign/audience.h"

#define CONTACTS_MAX 20

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text != NULL && text[0] != '\0' ? text : NULL;
}

static enum lang lang_of(const json_t *definition)
{
	const char *lang = text_of(definition, "lang");
	return lang != NULL && strcmp(lang, "en") == 0 ? LANG_EN : LANG_RU;
}

static struct letter_person person_of(const json_t *object)
{
	return (struct letter_person){.position = text_of(object, "position"),
		.name = text_of(object, "name"),
		.phone = text_of(object, "phone"),
		.address = text_of(object, "address")};
}

/* "2023-05-15" → «15 мая 2023 г.»; "" when there is none. */
static void date_in_words(
	const json_t *definition, const char *date, char out[static CALENDAR_TEXT_SIZE])
{
	struct calendar_time time;
	bool has_time;
	int64_t ms;
	out[0] = '\0';
	if (date == NULL || calendar_parse(date, &time, &has_time, NULL) != 0)
		return;
	time.hour = 12; /* the same day in every zone near */
	if (calendar_to_ms(&time, "UTC", &ms, NULL) != 0 ||
		calendar_format(ms, "UTC", lang_of(definition), CALENDAR_LONG, out, NULL) != 0)
		out[0] = '\0';
}

static void put(json_t *object, const char *name, const char *value)
{
	json_object_set_new(object, name, json_string(value == NULL ? "" : value));
}

static json_t *person_json(const json_t *person)
{
	json_t *object = json_object();
	put(object, "position", text_of(person, "position"));
	put(object, "name", text_of(person, "name"));
	put(object, "phone", text_of(person, "phone"));
	put(object, "address", text_of(person, "address"));
	return object;
}

json_t *compile_constants(const json_t *definition)
{
	char date[CALENDAR_TEXT_SIZE];
	const json_t *document = json_object_get(definition, "document");
	const json_t *controller = json_object_get(definition, "controller"),
		     *ask = json_object_get(definition, "ask");
	json_t *all = json_object(), *campaign = json_object();
	put(campaign, "slug", text_of(definition, "slug"));
	put(campaign, "title", text_of(definition, "title"));
	json_object_set_new(all, "campaign", campaign);
	if (ask != NULL)
		json_object_set_new(all, "ask", json_pack("{s:s}", "verb",
			text_of(ask, "verb") == NULL ? "" : text_of(ask, "verb")));
	if (controller != NULL)
		json_object_set_new(all, "controller", person_json(controller));
	if (document != NULL) {
		json_t *object = json_object();
		date_in_words(definition, text_of(document, "date"), date);
		put(object, "number", text_of(document, "number"));
		put(object, "date", date);
		put(object, "based_on", text_of(document, "based_on"));
		json_object_set_new(
			object, "signatory", person_json(json_object_get(document, "signatory")));
		json_object_set_new(
			object, "performer", person_json(json_object_get(document, "performer")));
		json_object_set_new(all, "document", object);
	}
	return all;
}

/* "# Subject" → "# \[TEST\] Subject": square brackets would otherwise be a link's. */
static char *with_prefix(const char *markdown, size_t len, const char *prefix, size_t *out_len)
{
	struct buf b;
	size_t at = 0;
	buf_init(&b, len + strlen(prefix) * 2 + 8);
	while (at < len && strchr(" \t\r\n", markdown[at]) != NULL)
		at++;
	while (at < len && markdown[at] == '#')
		at++;
	while (at < len && markdown[at] == ' ')
		at++;
	(void)buf_append(&b, markdown, at);
	for (const char *p = prefix; *p != '\0'; p++) {
		if (strchr("[]*_`<>\\", *p) != NULL) /* would be Markdown otherwise */
			(void)buf_putc(&b, '\\');
		(void)buf_putc(&b, *p);
	}
	(void)buf_append(&b, markdown + at, len - at);
	*out_len = b.len;
	return buf_take(&b);
}

/* «№ 01-12/345 от 15.05.2023. »: a secretary finds the letter by its subject. */
static char *number_prefix(const json_t *definition)
{
	const json_t *document = json_object_get(definition, "document");
	const char *number = text_of(document, "number"), *date = text_of(document, "date");
	int32_t day;
	if (!json_is_true(json_object_get(document, "in_subject")) || number == NULL || date == NULL ||
		day_parse(date, &day, NULL) != 0)
		return NULL;
	struct calendar_time t = day_split(day);
	return xasprintf(lang_of(definition) == LANG_RU ? "№ %s от %02d.%02d.%04d. " : "No. %s of %02d.%02d.%04d. ",
		number, t.day, t.month, t.year);
}

struct prefixes {
	char *item[AUDIENCE_DATASETS_MAX + 4];
};
static void hostile_prefixes(const struct compile_source *source, struct prefixes *out)
{
	size_t n = 0, index;
	const json_t *dataset;
	*out = (struct prefixes){0};
	if (source->notice) {
		out->item[n] = xstrdup("");
		return;
	}
	out->item[n++] = xstrdup("recipient.");
	out->item[n++] = xstrdup("contact.");
	out->item[n++] = xstrdup("previous.");
	json_array_foreach(json_object_get(source->definition, "datasets"), index, dataset)
	{
		const char *name = text_of(dataset, "name");
		if (name != NULL && n < AUDIENCE_DATASETS_MAX + 3)
			out->item[n++] = xasprintf("%s.", name);
	}
}

/* One list per campaign and sender's domain (RFC 2919). */
static char *list_id(const json_t *definition, const char *from_address)
{
	const char *slug = text_of(definition, "slug");
	return slug == NULL || from_address == NULL
		       ? NULL
		       : xasprintf("%s.%s", slug, gate_address_domain(from_address));
}

/* ---- attachments --------------------------------------------------------------------------- */

bool compile_linked(const json_t *definition, size_t position)
{
	size_t index;
	const json_t *annex;
	json_array_foreach(json_object_get(definition, "annexes"), index, annex)
		if (json_integer_value(json_object_get(annex, "position")) == (json_int_t)position)
			return true;
	return false;
}

bool compile_carries(const json_t *step)
{
	return !json_is_false(json_object_get(step, "attachments"));
}

/* The letters that ask carry the recipient's own Excel form (answer/workbook.h). */
static bool carries_form(const struct compile_source *source)
{
	static const char *const asking[] = {"first", "reminder", "collect"};
	const json_t *ways = json_object_get(json_object_get(source->definition, "ask"), "ways");
	const char *kind = text_of(source->step, "kind");
	bool sheet = false, asks = false;
	for (size_t i = 0; i < json_array_size(ways); i++) {
		const char *way = json_string_value(json_array_get(ways, i));
		sheet = sheet || (way != NULL && strcmp(way, "sheet") == 0);
	}
	for (size_t i = 0; kind != NULL && i < sizeof asking / sizeof *asking; i++)
		asks = asks || strcmp(kind, asking[i]) == 0;
	return sheet && asks && compile_carries(source->step);
}

struct annexes {
	struct letter_attachment *item;
	size_t count;
	char (*link)[32]; /* "link.file.3" */
};

static void take_attachments(const struct compile_source *source, struct annexes *out)
{
	size_t count = compile_carries(source->step) ? source->attachments_count : 0;
	*out = (struct annexes){.item = xcalloc(count + 1, sizeof *out->item),
		.count = count,
		.link = xcalloc(count + 1, sizeof *out->link)};
	for (size_t i = 0; i < count; i++) {
		out->item[i] = source->attachments[i];
		if (!compile_linked(source->definition, i + 1))
			continue;
		snprintf(out->link[i], sizeof out->link[i], "link.file.%zu", i + 1);
		out->item[i].link = out->link[i];
	}
}

struct letter *compile_letter(const struct compile_source *source, struct problems *problems)
{
	const json_t *d = source->definition, *from = json_object_get(d, "from");
	const json_t *document = json_object_get(d, "document"),
		     *contacts = json_object_get(d, "contacts");
	struct letter_person people[CONTACTS_MAX];
	size_t people_count = 0;
	char date[CALENDAR_TEXT_SIZE];
	struct prefixes hostile;
	for (size_t i = 0; i < json_array_size(contacts) && people_count < CONTACTS_MAX; i++) {
		const json_t *contact = json_array_get(contacts, i);
		people[people_count] = person_of(contact);
		people[people_count++].position = text_of(contact, "role");
	}
	date_in_words(d, text_of(document, "date"), date);
	hostile_prefixes(source, &hostile);
	char *id = list_id(d, text_of(from, "address"));
	json_t *constants = compile_constants(d);
	const char *prefix = text_of(d, "subject_prefix");
	size_t len = source->markdown_len;
	char *number = number_prefix(d), *both = xasprintf("%s%s", prefix == NULL ? "" : prefix,
						 number == NULL ? "" : number);
	char *own = both[0] == '\0' ? NULL : with_prefix(source->markdown, len, both, &len);
	struct annexes annexes;
	take_attachments(source, &annexes);
	struct letter_source letter = {.file = source->file,
		.markdown = own == NULL ? source->markdown : own,
		.markdown_len = len,
		.subject = text_of(d, "subject"),
		.lang = lang_of(d),
		.zone = text_of(d, "zone"),
		.from_name = text_of(from, "name"),
		.from_address = text_of(from, "address"),
		.reply_to = text_of(d, "reply_to"),
		.organisation = text_of(d, "organisation"),
		.number = text_of(document, "number"),
		.date = date,
		.follows = text_of(d, "follows"),
		.signatory = person_of(json_object_get(document, "signatory")),
		.performer = person_of(json_object_get(document, "performer")),
		.contacts = people,
		.contacts_count = people_count,
		.block_html = source->block_html,
		.block_text = source->block_text,
		.attachments = annexes.item,
		.attachments_count = annexes.count,
		.own_file = carries_form(source),
		.may_leave = json_is_true(json_object_get(d, "may_leave")),
		.list_id = source->notice ? NULL : id,
		.known_fields = source->known_fields,
		.constants = constants,
		.hostile_prefixes = (const char *const *)hostile.item};
	struct letter *compiled = letter_compile(&letter, problems);
	for (size_t i = 0; hostile.item[i] != NULL; i++)
		free(hostile.item[i]);
	json_decref(constants);
	free(annexes.item);
	free(annexes.link);
	free(number);
	free(both);
	free(id);
	free(own);
	return compiled;
}
