#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/lang.h"
#include "base/xalloc.h"
#include "directory/lookup.h"
#include "table/table.h"

#define EXTRA_COLUMNS_MAX 200

struct sheet {
	FILE *out;
	json_t *extra;   /* key → true, in the order met */
	bool role[4];    /* of `roles` below: some organisation has it */
	int64_t organisations, left_out;
};

/* Roles that titles can name, and how. */
static const char *const roles[4] = {"coordinator", "head", "deputy", "secretary"};
static const char *const titles_ru[4][4] = {{"E-mail", "ФИО", "Должность", "Телефон"},
	{"E-mail руководителя", "ФИО руководителя", "Должность руководителя", "Телефон руководителя"},
	{"E-mail заместителя", "ФИО заместителя", "Должность заместителя", "Телефон заместителя"},
	{"E-mail секретаря", "ФИО секретаря", "Должность секретаря", "Телефон секретаря"}};
static const char *const titles_en[4][4] = {{"email", "contact", "position", "phone"},
	{"head email", "head name", "head position", "head phone"},
	{"deputy email", "deputy name", "deputy position", "deputy phone"},
	{"secretary email", "secretary name", "secretary position", "secretary phone"}};

static int role_index(const char *role)
{
	for (int i = 0; i < 4; i++)
		if (strcmp(roles[i], role) == 0)
			return i;
	return -1;
}

static int on_first_pass(void *arg, const struct lookup_organisation *o)
{
	struct sheet *sheet = arg;
	const char *key;
	json_t *value;
	for (size_t i = 0; i < o->contacts; i++) {
		int role = role_index(o->contact[i].role);
		if (o->contact[i].active && role >= 0)
			sheet->role[role] = true;
		else if (o->contact[i].active)
			sheet->left_out++;
	}
	json_t *extra = json_loads(o->extra, 0, NULL);
	json_object_foreach(extra, key, value)
		if (json_object_size(sheet->extra) < EXTRA_COLUMNS_MAX)
			(void)json_object_set_new(sheet->extra, key, json_true());
	json_decref(extra);
	return 0;
}

static void put(struct sheet *sheet, const char *text, bool first)
{
	if (!first)
		(void)fputc(';', sheet->out);
	table_put_cell(sheet->out, text, ';');
}

static void put_contact(struct sheet *sheet, const struct lookup_contact *c)
{
	const char *const cells[4] = {c != NULL ? c->address : "", c != NULL ? c->name : "",
		c != NULL ? c->position : "", c != NULL ? c->phone : ""};
	for (size_t i = 0; i < 4; i++)
		put(sheet, cells[i], false);
}

static int on_second_pass(void *arg, const struct lookup_organisation *o)
{
	struct sheet *sheet = arg;
	const char *const cells[] = {o->key, o->name, o->kind, o->region, o->municipality, o->zone, o->parent};
	const char *key;
	json_t *unused, *extra = json_loads(o->extra, 0, NULL);
	for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++)
		put(sheet, cells[i], i == 0);
	for (int role = 0; role < 4; role++) {
		const struct lookup_contact *contact = NULL;
		for (size_t i = 0; i < o->contacts; i++)
			if (o->contact[i].active && strcmp(o->contact[i].role, roles[role]) == 0)
				contact = &o->contact[i];
		if (sheet->role[role])
			put_contact(sheet, contact);
	}
	json_object_foreach(sheet->extra, key, unused) {
		const char *text = json_string_value(json_object_get(extra, key));
		put(sheet, text != NULL ? text : "", false);
	}
	json_decref(extra);
	(void)fputs("\r\n", sheet->out);
	sheet->organisations++;
	return 0;
}

static void put_header(struct sheet *sheet)
{
	const char *const titles[] = {tr("key", "Ключ"), tr("name", "Наименование"), tr("kind", "Вид"),
		tr("region", "Регион"), tr("municipality", "Муниципалитет"), tr("zone", "Часовой пояс"),
		tr("parent", "Вышестоящая")};
	const char *key;
	json_t *unused;
	(void)fputs("\xef\xbb\xbf", sheet->out); /* or Excel takes it for Windows-1251 */
	for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++)
		put(sheet, titles[i], i == 0);
	for (int role = 0; role < 4; role++)
		for (size_t i = 0; i < 4 && sheet->role[role]; i++)
			put(sheet, lang_get() == LANG_RU ? titles_ru[role][i] : titles_en[role][i], false);
	json_object_foreach(sheet->extra, key, unused)
		put(sheet, key, false);
	(void)fputs("\r\n", sheet->out);
}

int lookup_export(struct db *db, FILE *out, int64_t *organisations, int64_t *left_out,
	struct error *e)
{
	struct sheet sheet = {.out = out, .extra = json_object()};
	int rc = lookup_each(db, NULL, on_first_pass, &sheet, e);
	if (rc == 0) {
		put_header(&sheet);
		rc = lookup_each(db, NULL, on_second_pass, &sheet, e);
	}
	json_decref(sheet.extra);
	*organisations = sheet.organisations;
	*left_out = sheet.left_out;
	if (rc == 0 && (fflush(out) != 0 || ferror(out)))
		return error_errno(e, "%s", tr("writing the sheet", "запись таблицы"));
	return rc;
}
