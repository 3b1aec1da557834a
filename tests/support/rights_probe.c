/* Prints who may do what, from the console's own tables: without arguments as JSON for the test, with
 * "page en|ru" as docs/reference/rights.md. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "account/api_key.h"
#include "base/lang.h"
#include "console/console.h"

static const char *method_name(enum web_method method)
{
	switch (method) {
	case WEB_GET:
		return "GET";
	case WEB_POST:
		return "POST";
	case WEB_PUT:
		return "PUT";
	case WEB_DELETE:
		return "DELETE";
	case WEB_PATCH:
		return "PATCH";
	}
	return "several";
}

typedef void each_route(const struct console_route *row, void *arg);

static void walk(each_route *each, void *arg)
{
	for (size_t t = 0; t < console_tables_count; t++)
		for (const struct console_route *row = console_tables[t]; row->path != NULL; row++)
			each(row, arg);
}

/* ---- for the test ------------------------------------------------------------------------ */

static void add_route(const struct console_route *row, void *arg)
{
	json_array_append_new(arg, json_pack("{s:s, s:s, s:s, s:i}", "method", method_name(row->method), "path", row->path, "right",
						     right_name(row->right), "files", row->files_max));
}

static json_t *names(uint32_t rights)
{
	json_t *out = json_array();
	for (enum right right = 0; right < RIGHTS; right++)
		if (rights_has(rights, right))
			json_array_append_new(out, json_string(right_name(right)));
	return out;
}

static int print_json(void)
{
	json_t *routes = json_array(), *roles = json_object();
	walk(add_route, routes);
	for (enum role role = 0; role < ROLES; role++)
		json_object_set_new(roles, role_name(role), names(role_rights(role)));
	json_t *all = json_pack("{s:o, s:o, s:o}", "routes", routes, "roles", roles, "keys", names(api_key_rights()));
	json_dumpf(all, stdout, JSON_INDENT(1));
	json_decref(all);
	return 0;
}

/* ---- for people ---------------------------------------------------------------------------- */

static void print_role_heads(void)
{
	for (enum role role = 0; role < ROLES; role++)
		printf(" %s |", role_name(role));
}

static void print_marks(enum right right)
{
	for (enum role role = 0; role < ROLES; role++)
		printf(" %s |", rights_has(role_rights(role), right) ? "✓" : "");
}

static void print_rights(void)
{
	printf("%s", tr("| right | allows to |", "| право | что разрешает |"));
	print_role_heads();
	printf("%s |\n|---|---|", tr(" API key", " ключ API"));
	for (enum role role = 0; role < ROLES; role++)
		printf("---|");
	printf("---|\n");
	for (enum right right = RIGHT_OWN; right < RIGHTS; right++) {
		printf("| `%s` | %s |", right_name(right), right_words(right));
		print_marks(right);
		printf(" %s |\n",
			right == RIGHT_OWN			       ? "✓"
			: rights_has(api_key_rights(), right) ? tr("on demand", "по выбору")
							       : "");
	}
}

struct printing {
	bool api;
};

static void print_route(const struct console_route *row, void *arg)
{
	const struct printing *printing = arg;
	if ((strncmp(row->path, "/api/", 5) == 0) != printing->api)
		return;
	printf("| %s | `%s` | %s%s%s |", method_name(row->method), row->path, row->right == RIGHT_NONE ? "" : "`",
		row->right == RIGHT_NONE ? tr("anybody", "кто угодно") : right_name(row->right), row->right == RIGHT_NONE ? "" : "`");
	if (!printing->api)
		print_marks(row->right);
	printf("\n");
}

static int print_page(void)
{
	printf("%s", tr("# Who may do what\n\nMade by `tests/support/rights_probe.c` from the console's own tables; a test compares this page and\n"
			"every answer of the running console with them. The one table of roles is `common/account/role.c`.\n\n## Roles\n\n",
			     "# Кому что разрешено\n\nСтраница сделана программой `tests/support/rights_probe.c` из таблиц самой консоли; тест сверяет с ними\n"
			     "и эту страницу, и каждый ответ работающей консоли. Единственная таблица ролей – `common/account/role.c`.\n\n## Роли\n\n"));
	for (enum role role = 0; role < ROLES; role++)
		printf("- `%s` – %s\n", role_name(role), role_words(role));
	printf("\n## %s\n\n", tr("Rights", "Права"));
	print_rights();
	printf("\n## %s\n\n%s\n\n", tr("Pages", "Страницы"),
		tr("A session's cookie opens them; a POST also needs the form's token. `/metrics` opens to an API key, too.",
			"Их открывает cookie входа; для POST нужен ещё и маркер формы. `/metrics` открывается и ключом API."));
	printf("| | %s | %s |", tr("address", "адрес"), tr("right", "право"));
	print_role_heads();
	printf("\n|---|---|---|");
	for (enum role role = 0; role < ROLES; role++)
		printf("---|");
	printf("\n");
	walk(print_route, &(struct printing){.api = false});
	printf("\n## REST API\n\n%s\n\n| | %s | %s |\n|---|---|---|\n",
		tr("Only an API key opens it: `Authorization: Bearer vk_…`.", "Его открывает только ключ API: `Authorization: Bearer vk_…`."),
		tr("address", "адрес"), tr("right", "право"));
	walk(print_route, &(struct printing){.api = true});
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return print_json();
	lang_use(argc > 2 && strcmp(argv[2], "ru") == 0 ? LANG_RU : LANG_EN);
	return print_page();
}
