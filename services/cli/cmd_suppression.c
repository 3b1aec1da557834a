/* `vestnik suppression add|remove|list`: addresses that get no letters. */
#include <stdio.h>

#include "cli/cli_audit.h"
#include "directory/suppression.h"

struct listing {
	struct cli *cli;
	struct cli_table *table;
};

static int add_run(struct cli *cli, const struct cli_args *args)
{
	struct error e = {0};
	struct db *db = cli_open_store(cli);
	if (db == NULL)
		return CLI_FAILED;
	const char *reason = cli_value(args, "reason");
	for (size_t i = 0; i < cli_operands(args); i++) {
		const char *address = cli_operand(args, i);
		bool added;
		if (cli_audit_next(cli, "suppression.add", "suppression:list", NULL,
			    json_pack("{s:s, s:s?}", "address", address, "reason", reason)) != CLI_DONE)
			return CLI_FAILED;
		if (suppression_add(db, address, reason != NULL ? reason : tr("by an operator", "оператором"),
			    "operator", &added, &e) != 0) {
			(void)error_context(&e, "%s", cli_clean(address));
			return cli_fail(cli, &e);
		}
		if (cli_json(cli))
			cli_print_json(cli, json_pack("{s:s, s:b}", "address", address, "added", added ? 1 : 0));
		else
			(void)printf(added ? tr("%s gets no more letters\n", "%s больше не получает писем\n")
					   : tr("%s was suppressed already\n", "%s уже в списке исключённых\n"),
				cli_clean(address));
	}
	return CLI_DONE;
}

static int remove_run(struct cli *cli, const struct cli_args *args)
{
	struct error e = {0};
	struct db *db = cli_open_store(cli);
	if (db == NULL)
		return CLI_FAILED;
	for (size_t i = 0; i < cli_operands(args); i++) {
		const char *address = cli_operand(args, i);
		if (cli_audit_next(cli, "suppression.remove", "suppression:list", NULL, json_pack("{s:s}", "address", address)) !=
			CLI_DONE)
			return CLI_FAILED;
		if (suppression_remove(db, address, &e) != 0)
			return cli_fail(cli, &e);
		if (cli_json(cli))
			cli_print_json(cli, json_pack("{s:s, s:b}", "address", address, "removed", 1));
		else
			(void)printf(tr("%s gets letters again\n", "%s снова получает письма\n"), cli_clean(address));
	}
	return CLI_DONE;
}

static int list_one(void *arg, const struct suppression *entry)
{
	struct listing *listing = arg;
	if (cli_json(listing->cli)) {
		cli_print_json(listing->cli,
			json_pack("{s:s, s:s, s:s, s:I}", "address", entry->address, "reason", entry->reason,
				"source", entry->source, "created_ms", (json_int_t)entry->created_ms));
		return 0;
	}
	const char *cells[] = {entry->address, entry->source, cli_time(listing->cli, entry->created_ms),
		entry->reason};
	cli_table_row(listing->table, cells);
	return 0;
}

static int list_run(struct cli *cli, const struct cli_args *args)
{
	(void)args;
	struct error e = {0};
	const struct cli_column columns[] = {{.title = tr("ADDRESS", "АДРЕС")}, {.title = tr("FROM", "ИСТОЧНИК")},
		{.title = tr("SINCE", "С КАКИХ ПОР")}, {.title = tr("REASON", "ПРИЧИНА"), .elastic = true}};
	struct listing listing = {.cli = cli};
	struct db *db = cli_open_store(cli);
	if (db == NULL)
		return CLI_FAILED;
	if (!cli_json(cli))
		listing.table = cli_table_new(columns, sizeof columns / sizeof *columns);
	int rc = suppression_each(db, list_one, &listing, &e);
	if (listing.table != NULL)
		cli_table_print(&listing.table);
	return rc == 0 ? CLI_DONE : cli_fail(cli, &e);
}

static const struct cli_operand address_operands[] = {
	{"ADDRESS", NULL, CLI_MANY, "school@example.org", "school@example.org"}, {0}};
static const struct cli_option add_options[] = {
	{"reason", 0, "TEXT", NULL, "why, for those who look it up later", "причина: для тех, кто спросит потом"},
	{0}};

const struct command suppression_commands[] = {
	{"suppression add", "stops all letters to an address", "прекращает все письма на адрес", NULL, NULL,
		address_operands, add_options, add_run},
	{"suppression remove", "allows letters to an address again", "снова разрешает письма на адрес", NULL, NULL,
		address_operands, NULL, remove_run},
	{"suppression list", "lists the addresses that get no letters", "перечисляет адреса, которые не получают писем",
		NULL, NULL, NULL, NULL, list_run},
	{0}};
