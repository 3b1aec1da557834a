/* `vestnik audit list|verify|head`: who did what, and whether somebody altered that. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "cli/command.h"

#define LIST_STANDARD 100
#define LIST_MOST 1000000
#define PIECE 20000    /* entries between two looks of the bar */
#define HEAD_LEAST 16  /* hex digits of a mac that stand in a report */

/* ---- list ------------------------------------------------------------------------------ */

struct listing {
	struct cli *cli;
	struct cli_table *table;
};

static json_t *object_of(const char *text)
{
	json_t *object = text == NULL ? NULL : json_loads(text, JSON_DECODE_ANY, NULL);
	return object != NULL ? object : text == NULL ? json_null() : json_string(text);
}

static int list_one(void *arg, const struct audit_entry *entry)
{
	struct listing *listing = arg;
	char number[24];
	if (listing->table == NULL) {
		cli_print_json(listing->cli, json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:b}", "number",
			(json_int_t)entry->number, "time", cli_rfc3339(entry->time_ms), "actor", entry->actor, "origin",
			entry->origin, "action", entry->action, "subject", entry->subject, "facts", object_of(entry->facts),
			"detail", object_of(entry->detail), "erased", (int)entry->erased));
		return 0;
	}
	(void)snprintf(number, sizeof number, "%" PRId64, entry->number);
	char *words = xasprintf("%s%s%s", strcmp(entry->facts, "{}") == 0 ? "" : entry->facts, entry->detail != NULL ? " " : "",
		entry->erased ? tr(" details erased", " подробности стёрты") : entry->detail != NULL ? entry->detail : "");
	cli_table_row(listing->table, (const char *const[]){number, cli_time(listing->cli, entry->time_ms), entry->actor,
		entry->origin[0] == '\0' ? tr("here", "этот компьютер") : entry->origin, entry->action, entry->subject, words});
	free(words);
	return 0;
}

static int list_run(struct cli *cli, const struct cli_args *args)
{
	struct error e = {0};
	struct audit_filter filter = {.actor = cli_value(args, "actor"),
		.action = cli_value(args, "action"),
		.subject = cli_value(args, "subject")};
	const char *since = cli_value(args, "since"), *until = cli_value(args, "until");
	const struct cli_column columns[] = {{.title = tr("NO", "№"), .right = true}, {.title = tr("WHEN", "КОГДА")},
		{.title = tr("WHO", "КТО")}, {.title = tr("FROM", "ОТКУДА")}, {.title = tr("WHAT", "ЧТО")},
		{.title = tr("TO WHAT", "С ЧЕМ")}, {.title = tr("DETAILS", "ПОДРОБНОСТИ"), .elastic = true}};
	if (cli_number(cli, args, "before", 1, INT64_MAX, 0, &filter.before) != 0 ||
		cli_number(cli, args, "limit", 1, LIST_MOST, LIST_STANDARD, &filter.most) != 0)
		return CLI_WRONG_USE;
	if ((since != NULL && cli_parse_moment(cli, since, &filter.since_ms) != 0) ||
		(until != NULL && cli_parse_moment(cli, until, &filter.until_ms) != 0))
		return cli_wrong_use(cli, "%s", tr("--since and --until: 2026-11-21, \"2026-11-21 10:00\", 2h, 7d",
			"--since и --until: 2026-11-21, \"2026-11-21 10:00\", 2h, 7d"));
	struct db *db = cli_open_store(cli);
	if (db == NULL)
		return CLI_FAILED;
	struct listing listing = {.cli = cli,
		.table = cli_json(cli) ? NULL : cli_table_new(columns, sizeof columns / sizeof *columns)};
	int rc = audit_each(db, &filter, list_one, &listing, &e);
	if (listing.table != NULL && rc == 0 && cli_table_rows(listing.table) == 0)
		puts(tr("no entries", "записей нет"));
	if (listing.table != NULL && cli_table_rows(listing.table) > 0)
		cli_table_print(&listing.table);
	cli_table_free(&listing.table);
	return rc == 0 ? CLI_DONE : cli_fail(cli, &e);
}

/* ---- head ------------------------------------------------------------------------------- */

static int head_run(struct cli *cli, const struct cli_args *args)
{
	struct audit_head head;
	struct error e = {0};
	struct db *db = cli_open_store(cli);
	(void)args;
	if (db == NULL)
		return CLI_FAILED;
	if (audit_head(db, &head, &e) != 0)
		return cli_fail(cli, &e);
	if (cli_json(cli))
		cli_print_json(cli, json_pack("{s:I, s:s}", "number", (json_int_t)head.number, "mac", head.mac));
	else
		printf("%" PRId64 ":%s\n", head.number, head.mac);
	return CLI_DONE;
}

/* ---- verify ----------------------------------------------------------------------------- */

/* "152:9f86d081884c7d65…" as `audit head` and the reports say it. */
static bool read_head(const char *text, struct audit_head *out)
{
	const char *colon = strchr(text, ':');
	long long number = 0;
	char *digits = colon == NULL ? xstrdup("") : xstrndup(text, (size_t)(colon - text));
	bool good = colon != NULL && gate_int64(digits, 1, INT64_MAX, &number);
	size_t len = good ? strlen(colon + 1) : 0;
	good = good && len >= HEAD_LEAST && len < IDENT_HASH_SIZE && strspn(colon + 1, "0123456789abcdef") == len;
	free(digits);
	*out = (struct audit_head){.number = number};
	if (good)
		memcpy(out->mac, colon + 1, len + 1);
	return good;
}

static int walk(struct cli *cli, struct db *db, const struct ident_key *key, const struct audit_head *known,
	struct audit_verdict *verdict, struct error *e)
{
	static const struct cli_noun entries = {"entry", "entries", "запись", "записи", "записей"};
	struct audit_walk at = {0};
	struct audit_head end;
	int rc = audit_head(db, &end, e);
	struct cli_progress *bar = cli_progress_new(cli, &entries);
	while (rc == 0 && !at.done) {
		rc = audit_verify_some(db, key, known, &at, PIECE, verdict, e);
		cli_progress_show(bar, at.at.number, end.number);
	}
	cli_progress_end(&bar, false);
	return rc;
}

static int verify_run(struct cli *cli, const struct cli_args *args)
{
	struct audit_head known;
	struct audit_verdict verdict;
	struct error e = {0};
	const char *head = cli_value(args, "head");
	if (head != NULL && !read_head(head, &known))
		return cli_wrong_use(cli, "%s", tr("--head: a number, a colon and at least 16 hex digits, as `vestnik audit head` says it",
			"--head: номер, двоеточие и не менее 16 шестнадцатеричных цифр, как их выводит vestnik audit head"));
	struct db *db = cli_open_store(cli);
	const struct ident_key *key = db == NULL ? NULL : cli_key(cli);
	if (key == NULL)
		return CLI_FAILED;
	if (walk(cli, db, key, head == NULL ? NULL : &known, &verdict, &e) != 0)
		return cli_fail(cli, &e);
	bool good = verdict.first_bad == 0;
	if (cli_json(cli))
		cli_print_json(cli, json_pack("{s:b, s:I, s:I, s:o, s:o}", "good", (int)good, "entries", (json_int_t)verdict.entries,
			"erased", (json_int_t)verdict.erased, "first_bad",
			good ? json_null() : json_integer((json_int_t)verdict.first_bad), "why", good ? json_null() : json_string(verdict.why)));
	else if (good)
		printf(tr("The log is whole: %s entries (details of %s erased).\n", "Журнал цел: записей %s (подробности стёрты у %s).\n"),
			cli_thousands(verdict.entries), cli_thousands(verdict.erased));
	else
		printf(tr("The log was tampered with: entry %s: %s. %s entries before it are good.\n",
			"Журнал изменён: запись %s: %s. До неё верны %s.\n"),
			cli_thousands(verdict.first_bad), verdict.why, cli_thousands(verdict.entries));
	return good ? CLI_DONE : CLI_FAILED;
}

/* ---- the table ---------------------------------------------------------------------------- */

static const struct cli_option list_options[] = {
	{"actor", 0, "WHO", NULL, "whose name begins so: console/ivanova, cli/", "кто, по началу: console/ivanova, cli/"},
	{"action", 0, "WHAT", NULL, "what begins so: campaign.launch, webhook.", "что, по началу: campaign.launch, webhook."},
	{"subject", 0, "SUBJECT", NULL, "with what: campaign:flagships-2023", "с чем: campaign:flagships-2023"},
	{"since", 0, "WHEN", NULL, "not before: 2026-11-21, 2h, 7d", "не раньше: 2026-11-21, 2h, 7d"},
	{"until", 0, "WHEN", NULL, "before", "раньше"},
	{"before", 0, "NO", NULL, "entries before this number (the next page)", "записи до этого номера (следующая страница)"},
	{"limit", 'n', "N", NULL, "at most so many (100)", "не больше стольких (100)"}, {0}};
static const struct cli_option verify_options[] = {
	{"head", 0, "NO:MAC", NULL, "a head noted before must be on the chain: nothing was cut off",
		"записанная ранее голова должна быть в цепочке: конец не отрезан"},
	{0}};

const struct command audit_commands[] = {
	{"audit list", "lists who did what, newest first", "показывает, кто что сделал, сначала новое", NULL, NULL, NULL, list_options,
		list_run},
	{"audit verify", "checks that nobody altered the audit log", "проверяет, что журнал действий никто не менял",
		"Every entry is chained to the one before it, with a key outside the store. Says which entry is the\n"
		"first that does not fit, and why; ends with 1 then. A cut-off end shows only beside a head noted\n"
		"elsewhere: the report's letter and README.txt of a case file carry it.",
		"Каждая запись связана с предыдущей ключом, которого в хранилище нет. Называет первую запись, что не\n"
		"сходится, и почему; код выхода тогда 1. Отрезанный конец виден только рядом с головой, записанной\n"
		"в другом месте: она стоит в письме с отчётом и в README.txt дела рассылки.",
		NULL, verify_options, verify_run},
	{"audit head", "prints the last entry's number and mac, to be noted elsewhere",
		"печатает номер и код последней записи, чтобы хранить их отдельно", NULL, NULL, NULL, NULL, head_run},
	{0}};
