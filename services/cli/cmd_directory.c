/* `vestnik directory list|show|export` and the table of `directory`. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cmd_directory_import.h"
#include "cli/command.h"
#include "directory/lookup.h"

struct listing {
	struct cli *cli;
	struct cli_table *table;
	int64_t left; /* rows still wanted */
	int64_t shown;
};

static json_t *organisation_json(const struct lookup_organisation *o)
{
	json_t *extra = json_loads(o->extra, 0, NULL), *contacts = json_array();
	for (size_t i = 0; i < o->contacts; i++) {
		const struct lookup_contact *c = &o->contact[i];
		(void)json_array_append_new(contacts,
			json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "role", c->role, "name", c->name, "position",
				c->position, "address", c->address, "phone", c->phone, "active", c->active ? 1 : 0));
	}
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:b, s:I, s:o}", "key", o->key, "name",
		o->name, "kind", o->kind, "region", o->region, "municipality", o->municipality, "zone",
		o->zone, "parent", o->parent, "extra", extra != NULL ? extra : json_object(), "active",
		o->active ? 1 : 0, "revision", (json_int_t)o->revision, "contacts", contacts);
}

static int list_one(void *arg, const struct lookup_organisation *o)
{
	struct listing *listing = arg;
	if (cli_json(listing->cli)) {
		cli_print_json(listing->cli, organisation_json(o));
	} else {
		const char *address = "";
		for (size_t i = o->contacts; i-- > 0;)
			if (o->contact[i].active)
				address = o->contact[i].address;
		const char *cells[] = {o->key, o->name, o->kind, o->municipality, address};
		cli_table_row(listing->table, cells);
	}
	listing->shown++;
	return --listing->left <= 0;
}

static int list_run(struct cli *cli, const struct cli_args *args)
{
	struct error e = {0};
	const struct lookup_filter filter = {.kind = cli_value(args, "kind"),
		.region = cli_value(args, "region"),
		.municipality = cli_value(args, "municipality"),
		.parent = cli_value(args, "parent"),
		.address = cli_value(args, "address")};
	const struct cli_column columns[] = {{.title = tr("KEY", "КЛЮЧ")},
		{.title = tr("NAME", "НАИМЕНОВАНИЕ"), .elastic = true}, {.title = tr("KIND", "ВИД")},
		{.title = tr("MUNICIPALITY", "МУНИЦИПАЛИТЕТ"), .elastic = true},
		{.title = tr("ADDRESS", "АДРЕС"), .elastic = true}};
	struct listing listing = {.cli = cli};
	if (cli_number(cli, args, "limit", 1, INT64_MAX, INT64_MAX, &listing.left) != 0)
		return CLI_WRONG_USE;
	struct db *db = cli_open_store(cli);
	if (db == NULL)
		return CLI_FAILED;
	if (!cli_json(cli))
		listing.table = cli_table_new(columns, sizeof columns / sizeof *columns);
	int rc = lookup_each(db, &filter, list_one, &listing, &e);
	if (listing.table != NULL)
		cli_table_print(&listing.table);
	return rc == 0 ? CLI_DONE : cli_fail(cli, &e);
}

static void show_line(const char *title, const char *value)
{
	if (value[0] != '\0')
		(void)printf("%s: %s\n", title, cli_clean(value));
}

static int show_one(void *arg, const struct lookup_organisation *o)
{
	struct listing *listing = arg;
	const char *key;
	json_t *value;
	if (listing->shown++ > 0 && !cli_json(listing->cli))
		(void)putchar('\n');
	if (cli_json(listing->cli)) {
		cli_print_json(listing->cli, organisation_json(o));
		return 0;
	}
	show_line(tr("key", "ключ"), o->key);
	show_line(tr("name", "наименование"), o->name);
	show_line(tr("kind", "вид"), o->kind);
	show_line(tr("region", "регион"), o->region);
	show_line(tr("municipality", "муниципалитет"), o->municipality);
	show_line(tr("zone", "часовой пояс"), o->zone);
	show_line(tr("organisation above", "вышестоящая"), o->parent);
	json_t *extra = json_loads(o->extra, 0, NULL);
	json_object_foreach(extra, key, value)
		show_line(cli_clean(key), json_string_value(value) != NULL ? json_string_value(value) : "");
	json_decref(extra);
	(void)printf(tr("revision: %lld (%s)\n", "редакция: %lld (%s)\n"), (long long)o->revision,
		cli_time(listing->cli, o->updated_ms));
	for (size_t i = 0; i < o->contacts; i++) {
		const struct lookup_contact *c = &o->contact[i];
		(void)printf("%s: %s%s%s%s%s%s%s%s\n", cli_clean(c->role), cli_clean(c->address),
			c->name[0] != '\0' ? ", " : "", cli_clean(c->name), c->position[0] != '\0' ? ", " : "",
			cli_clean(c->position), c->phone[0] != '\0' ? ", " : "", cli_clean(c->phone),
			c->active ? "" : tr(" (no longer used)", " (больше не используется)"));
	}
	return 0;
}

static int show_run(struct cli *cli, const struct cli_args *args)
{
	struct error e = {0};
	const char *wanted = cli_operand(args, 0);
	const struct lookup_filter by_key = {.key = wanted}, by_address = {.address = wanted};
	struct listing listing = {.cli = cli};
	struct db *db = cli_open_store(cli);
	if (db == NULL)
		return CLI_FAILED;
	int rc = lookup_each(db, &by_key, show_one, &listing, &e);
	if (rc == 0 && listing.shown == 0)
		rc = lookup_each(db, &by_address, show_one, &listing, &e);
	if (rc != 0)
		return cli_fail(cli, &e);
	if (listing.shown == 0)
		return cli_failf(cli, ERROR_NOT_FOUND,
			tr("no organisation has the key or address «%s»", "нет организации с ключом или адресом «%s»"),
			cli_clean(wanted));
	return CLI_DONE;
}

static int export_run(struct cli *cli, const struct cli_args *args)
{
	struct error e = {0};
	int64_t organisations, left_out;
	const char *path = cli_operand(args, 0);
	struct db *db = cli_open_store(cli);
	if (db == NULL)
		return CLI_FAILED;
	FILE *out = path != NULL ? fopen(path, "we") : stdout;
	if (out == NULL) {
		(void)error_errno(&e, "%s", path);
		return cli_fail(cli, &e);
	}
	int rc = lookup_export(db, out, &organisations, &left_out, &e);
	if (path != NULL && fclose(out) != 0 && rc == 0)
		rc = error_errno(&e, "%s", path);
	if (rc != 0)
		return cli_fail(cli, &e);
	if (left_out > 0)
		cli_warn(cli,
			tr("%lld contacts in roles of your own are not in the sheet",
				"контактов с собственными ролями, не вошедших в таблицу: %lld"),
			(long long)left_out);
	return CLI_DONE;
}

static const struct cli_option list_options[] = {
	{"kind", 0, "KIND", NULL, "only this kind: school", "только этот вид: school"},
	{"region", 0, "NAME", NULL, "only this region", "только этот регион"},
	{"municipality", 0, "NAME", NULL, "only this municipality", "только этот муниципалитет"},
	{"parent", 0, "KEY", NULL, "only those right below this organisation", "только подведомственные этой организации"},
	{"address", 0, "ADDRESS", NULL, "only those with this address", "только с этим адресом"},
	{"limit", 0, "N", NULL, "at most N", "не больше N"},
	{0}};
static const struct cli_operand show_operands[] = {
	{"KEY", NULL, CLI_ONE, "key of the organisation, or an address", "ключ организации или адрес"}, {0}};
static const struct cli_operand export_operands[] = {
	{"FILE", "@file", CLI_OPTIONAL, "where to (default: standard output)", "куда (обычно стандартный вывод)"},
	{0}};

const struct command directory_commands[] = {
	{"directory import", "imports organisations and contacts from a sheet",
		"загружает организации и контакты из таблицы",
		"CSV or XLSX with a header in Russian or English; organisations are found again by their key. "
		"Nothing is stored unless every row is good, or --skip-bad is given. Titles, words and "
		"limits: docs/reference/directory.md.",
		"CSV или XLSX с заголовком на русском или английском; организация узнаётся по ключу. Ничего не "
		"сохраняется, пока не годны все строки, если нет --skip-bad. Заголовки, слова и пределы: "
		"docs/reference/directory.md.",
		directory_import_operands, directory_import_options, directory_import_run},
	{"directory list", "lists organisations", "перечисляет организации", NULL, NULL, NULL, list_options, list_run},
	{"directory show", "shows one organisation with its contacts", "показывает организацию и её контакты", NULL,
		NULL, show_operands, NULL, show_run},
	{"directory export", "writes the directory as a CSV sheet that can be imported again",
		"записывает справочник в CSV, который можно загрузить снова", NULL, NULL, export_operands, NULL,
		export_run},
	{0}};
