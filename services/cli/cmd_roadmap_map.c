/* vestnik roadmap map: what the «responsible» texts of plans mean. Said once,
 * remembered in the store; proposals from the directory are only shown. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "cli/cli_audit.h"
#include "roadmap/memory.h"
#include "roadmap/propose.h"
#include "settings/settings.h"

/* ---- listing --------------------------------------------------------------------------- */

static json_t *proposals_json(const struct proposals *p)
{
	json_t *list = json_array();
	for (size_t i = 0; i < p->count; i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:i}", "key", p->item[i].key, "name", p->item[i].name,
						    "score", p->item[i].score));
	return list;
}

static void print_open(struct cli *cli, const struct proposals *p)
{
	if (cli_json(cli)) {
		cli_print_json(cli, json_pack("{s:s, s:s, s:b, s:o}", "kind", "open", "text", p->text, "ministry", p->ministry,
					    "proposals", proposals_json(p)));
		return;
	}
	printf("%s\n", cli_clean(p->text));
	for (size_t i = 0; i < p->count; i++)
		printf("    --to %-16s %s\n", cli_clean(p->item[i].key), cli_clean(p->item[i].name));
	if (p->ministry)
		puts(tr("    --department NAME    if it is a department of ours", "    --department НАЗВАНИЕ    если это наш отдел"));
	if (p->count == 0 && !p->ministry)
		puts(tr("    nothing like it in the directory: --to KEY, --department NAME or --nobody",
			"    в справочнике похожего нет: --to КЛЮЧ, --department НАЗВАНИЕ или --nobody"));
}

static void print_known(struct cli *cli, const struct responsible_meaning *m)
{
	char *keys = json_dumps(m->keys, JSON_COMPACT);
	if (cli_json(cli))
		cli_print_json(cli, json_pack("{s:s, s:s, s:O, s:s?, s:s?}", "kind", responsible_kind_name(m->kind), "text",
					    m->text, "keys", m->keys, "department", m->department, "actor", m->actor));
	else if (m->kind == RESPONSIBLE_RECIPIENTS)
		printf("%s → %s\n", cli_clean(m->text), cli_clean(keys));
	else if (m->kind == RESPONSIBLE_DEPARTMENT)
		printf(tr("%s → our department: %s\n", "%s → наш отдел: %s\n"), cli_clean(m->text), cli_clean(m->department));
	else
		printf(tr("%s → nobody\n", "%s → никто\n"), cli_clean(m->text));
	free(keys);
}

static int list(struct cli *cli, const char *own, struct db *db, bool all)
{
	struct memory *memory = NULL;
	struct error e = {0};
	size_t open = 0;
	if (memory_load(db, &memory, &e) != 0)
		return cli_fail(cli, &e);
	size_t count = memory_count(memory);
	struct proposals *texts = xcalloc(count + 1, sizeof *texts);
	for (size_t i = 0; i < count; i++)
		if (memory_at(memory, i)->kind == RESPONSIBLE_OPEN)
			texts[open++].text = memory_at(memory, i)->text;
	int rc = propose(db, own, texts, open, &e) == 0 ? CLI_DONE : cli_fail(cli, &e);
	for (size_t i = 0; i < open; i++) {
		if (rc == CLI_DONE)
			print_open(cli, &texts[i]);
		proposals_fini(&texts[i]);
	}
	for (size_t i = 0; all && rc == CLI_DONE && i < count; i++)
		if (memory_at(memory, i)->kind != RESPONSIBLE_OPEN)
			print_known(cli, memory_at(memory, i));
	if (rc == CLI_DONE && open == 0 && !cli_json(cli))
		puts(tr("Every text is mapped.", "Все тексты сопоставлены."));
	free(texts);
	memory_free(&memory);
	return rc;
}

/* ---- saying what a text means ------------------------------------------------------------- */

/* --to a --to b,c */
static json_t *keys_given(const struct cli_args *args)
{
	json_t *keys = json_array();
	const char *value;
	for (size_t i = 0; (value = cli_value_at(args, "to", i)) != NULL; i++) {
		char *copy = xstrdup(value), *save = NULL;
		for (char *key = strtok_r(copy, ",", &save); key != NULL; key = strtok_r(NULL, ",", &save)) {
			key += strspn(key, " ");
			if (key[0] != '\0')
				json_array_append_new(keys, json_string(key));
		}
		free(copy);
	}
	return keys;
}

static int forget_text(struct db *db, const char *text, struct error *e)
{
	int rc = db_begin(db, DB_WRITE, e);
	if (rc == 0)
		rc = memory_forget(db, text, e);
	if (rc == 0)
		rc = db_commit(db, DB_DURABLE, e);
	db_rollback(db);
	return rc;
}

static int set(struct cli *cli, const struct cli_args *args, struct db *db, const char *text)
{
	struct error e = {0};
	const char *department = cli_value(args, "department");
	bool to = cli_value(args, "to") != NULL, nobody = cli_has(args, "nobody"), forget = cli_has(args, "forget");
	if (to + (department != NULL) + nobody + forget != 1)
		return cli_wrong_use(cli, "%s", tr("one of --to, --department, --nobody, --forget",
			"что-то одно: --to, --department, --nobody или --forget"));
	json_t *keys = to ? keys_given(args) : NULL;
	enum responsible_kind kind = to ? RESPONSIBLE_RECIPIENTS : nobody ? RESPONSIBLE_NOBODY : RESPONSIBLE_DEPARTMENT;
	if (cli_audit_next(cli, forget ? "roadmap.forget" : "roadmap.map", "roadmap:responsible", NULL,
		    json_pack("{s:s, s:s?, s:O?}", "text", text, "department", department, "keys", keys)) != CLI_DONE) {
		json_decref(keys);
		return CLI_FAILED;
	}
	int rc = forget ? forget_text(db, text, &e)
			: memory_set(db, text, kind, keys, department, cli_actor(cli), clock_now_ms(), &e);
	json_decref(keys);
	if (rc != 0)
		return cli_fail(cli, &e);
	if (!cli_json(cli))
		puts(forget ? tr("Forgotten.", "Забыто.") : tr("Remembered.", "Запомнено."));
	return CLI_DONE;
}

static int map_run(struct cli *cli, const struct cli_args *args)
{
	const char *text = cli_operand(args, 0);
	struct db *db = cli_open_store(cli);
	if (db == NULL)
		return CLI_FAILED;
	if (text != NULL)
		return set(cli, args, db, text);
	if (cli_value(args, "to") != NULL || cli_value(args, "department") != NULL || cli_has(args, "nobody") ||
		cli_has(args, "forget"))
		return cli_wrong_use(cli, "%s", tr("which text?", "о каком тексте речь?"));
	return list(cli, cli_settings(cli)->sender.name, db, cli_has(args, "all"));
}

static const struct cli_operand map_operands[] = {
	{"TEXT", NULL, CLI_OPTIONAL, "the text as it stands in the plan; without it: what is open",
		"текст, как он стоит в плане; без него – что ещё не сопоставлено"}, {0}};
static const struct cli_option map_options[] = {
	{"to", 0, "KEY", NULL, "an organisation of the directory; again or a,b for several",
		"организация справочника; повторите или a,b, если их несколько"},
	{"department", 0, "NAME", NULL, "a department of ours: gets no letters, its results are noted by hand",
		"наш отдел: писем не получает, результат отмечается вручную"},
	{"nobody", 0, NULL, NULL, "nobody: a place, a word that means no one", "никто: место, слово, за которым никого нет"},
	{"forget", 0, NULL, NULL, "asks again next time", "забыть: спросить в следующий раз"},
	{"all", 0, NULL, NULL, "also lists what was said", "показать и то, что сказано"},
	{0}};

const struct command roadmap_map_commands[] = {
	{"roadmap map", "says who the «responsible» texts of plans are", "говорит, кто такие ответственные в планах",
		"A cell with several names is divided at commas; a name that has one itself is mapped whole. What\n"
		"was said holds for every later plan.",
		"Ячейка с несколькими именами делится по запятым; имя, в котором запятая есть, сопоставляется\n"
		"целиком. Сказанное действует и для следующих планов.",
		map_operands, map_options, map_run},
	{0}};
