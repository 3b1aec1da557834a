/* `vestnik api-key add|list|revoke`: keys of programs for the REST API. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account/api_key.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "cli/cli_audit.h"

/* ---- scopes -------------------------------------------------------------------------- */

static json_t *scopes_json(uint32_t rights)
{
	json_t *out = json_array();
	for (enum right right = 0; right < RIGHTS; right++)
		if ((rights & RIGHT_BIT(right)) != 0)
			json_array_append_new(out, json_string(right_name(right)));
	return out;
}

static void list_scopes(uint32_t rights, struct buf *out)
{
	for (enum right right = 0; right < RIGHTS; right++)
		if ((rights & RIGHT_BIT(right)) != 0)
			(void)buf_printf(out, "%s%s", out->len > 0 ? ", " : "", right_name(right));
}

/* "campaign.read,notify". */
static int read_scopes(struct cli *cli, const char *text, uint32_t *rights)
{
	*rights = 0;
	while (*text != '\0') {
		char name[40];
		size_t len = strcspn(text, ", ");
		snprintf(name, sizeof name, "%.*s", (int)(len < sizeof name ? len : sizeof name - 1), text);
		enum right right = right_named(name);
		if (len > 0 && (right == RIGHTS || (api_key_rights() & RIGHT_BIT(right)) == 0)) {
			struct buf all;
			buf_init(&all, 2000);
			list_scopes(api_key_rights(), &all);
			int rc = cli_wrong_use(cli, tr("--scopes: «%s» is none; there are %s", "--scopes: «%s» нет; есть %s"),
				cli_clean(name), buf_str(&all));
			buf_fini(&all);
			return rc;
		}
		if (len > 0)
			*rights |= RIGHT_BIT(right);
		text += len;
		text += strspn(text, ", ");
	}
	return CLI_DONE;
}

/* ---- add -------------------------------------------------------------------------------- */

struct adding {
	struct cli *cli;
	const char *name;
	uint32_t rights;
	json_t *senders;
	int64_t expires_ms;
	char text[API_KEY_TEXT_SIZE];
	struct api_key key;
};

static int add_work(void *arg, struct db *tx, struct error *e)
{
	struct adding *adding = arg;
	char actor[CLI_ACTOR_SIZE], subject[API_KEY_ID_SIZE + 10];
	api_key_fini(&adding->key);
	if (api_key_add(tx, adding->name, adding->rights, adding->senders, adding->expires_ms,
		    cli_audit_actor(adding->cli, actor), adding->text, &adding->key, e) != 0)
		return -1;
	(void)snprintf(subject, sizeof subject, "api_key:%s", adding->key.id);
	return cli_audit(adding->cli, tx, "api_key.create", subject,
		json_pack("{s:s, s:o, s:O, s:I}", "name", adding->name, "scopes", scopes_json(adding->rights), "senders",
			adding->key.senders, "expires_ms", (json_int_t)adding->expires_ms),
		NULL, e);
}

static void show_new(struct cli *cli, const struct adding *adding)
{
	if (cli_json(cli)) {
		cli_print_json(cli, json_pack("{s:s, s:s, s:s, s:o, s:O, s:s?}", "id", adding->key.id, "key", adding->text, "name",
					 adding->name, "scopes", scopes_json(adding->rights), "senders", adding->key.senders,
					 "expires", cli_rfc3339(adding->expires_ms)));
		return;
	}
	printf(tr("Key %s added.\n\nThe key, shown only now:\n\n  %s\n\nIt goes with each request: Authorization: Bearer vk_…\n",
		       "Ключ %s выдан.\n\nСам ключ (больше не покажем):\n\n  %s\n\nОн идёт с каждым запросом: Authorization: Bearer vk_…\n"),
		adding->key.id, adding->text);
}

static int add_run(struct cli *cli, const struct cli_args *args)
{
	struct adding adding = {.cli = cli, .name = cli_operand(args, 0)};
	const char *scopes = cli_value(args, "scopes"), *days = cli_value(args, "days"), *sender;
	int64_t n;
	if (scopes == NULL)
		return cli_wrong_use(cli, "%s", tr("--scopes is needed: what the key may do", "нужен --scopes: что ключу разрешено"));
	int rc = read_scopes(cli, scopes, &adding.rights);
	if (rc == CLI_DONE && cli_number(cli, args, "days", 1, 3660, 0, &n) != 0)
		rc = CLI_WRONG_USE;
	if (rc != CLI_DONE)
		return rc;
	adding.expires_ms = days == NULL ? 0 : clock_now_ms() + n * 24 * 3600 * 1000;
	adding.senders = json_array();
	for (size_t i = 0; (sender = cli_value_at(args, "sender", i)) != NULL; i++)
		json_array_append_new(adding.senders, json_string(sender));
	rc = cli_transaction(cli, add_work, &adding);
	if (rc == CLI_DONE)
		show_new(cli, &adding);
	json_decref(adding.senders);
	api_key_fini(&adding.key);
	return rc;
}

/* ---- list ------------------------------------------------------------------------------ */

struct listing {
	struct cli *cli;
	struct cli_table *table;
	int64_t now_ms;
};

static const char *state_of(const struct api_key *key, int64_t now_ms)
{
	return key->revoked_ms != 0			 ? "revoked"
		: key->expires_ms != 0 && now_ms >= key->expires_ms ? "expired"
							 : "active";
}

static const char *state_words(struct cli *cli, const struct api_key *key, int64_t now_ms)
{
	static char text[100];
	const char *state = state_of(key, now_ms);
	if (strcmp(state, "active") == 0 && key->expires_ms == 0)
		return tr("active", "действует");
	const char *word = strcmp(state, "revoked") == 0 ? tr("revoked", "отозван")
		: strcmp(state, "expired") == 0		 ? tr("expired", "истёк")
							 : tr("until", "до");
	(void)snprintf(text, sizeof text, "%s %s", word, cli_time(cli, key->revoked_ms != 0 ? key->revoked_ms : key->expires_ms));
	return text;
}

static int list_one(void *arg, const struct api_key *key)
{
	struct listing *listing = arg;
	if (listing->table == NULL) {
		cli_print_json(listing->cli,
			json_pack("{s:s, s:s, s:s, s:o, s:O, s:s, s:s, s:s?, s:s?, s:s?}", "id", key->id, "name", key->name, "state",
				state_of(key, listing->now_ms), "scopes", scopes_json(key->rights), "senders", key->senders,
				"created", cli_rfc3339(key->created_ms), "created_by", key->created_by, "expires",
				cli_rfc3339(key->expires_ms), "used", cli_rfc3339(key->used_ms), "revoked",
				cli_rfc3339(key->revoked_ms)));
		return 0;
	}
	struct buf scopes;
	buf_init(&scopes, 2000);
	list_scopes(key->rights, &scopes);
	const char *cells[] = {key->id, key->name, state_words(listing->cli, key, listing->now_ms),
		cli_time(listing->cli, key->used_ms), buf_str(&scopes)};
	cli_table_row(listing->table, cells);
	buf_fini(&scopes);
	return 0;
}

static int list_run(struct cli *cli, const struct cli_args *args)
{
	(void)args;
	struct error e = {0};
	const struct cli_column columns[] = {{.title = tr("KEY", "КЛЮЧ")}, {.title = tr("NAME", "НАЗВАНИЕ"), .elastic = true},
		{.title = tr("STATE", "СОСТОЯНИЕ")}, {.title = tr("LAST USED", "БЫЛ В ДЕЛЕ")},
		{.title = tr("SCOPES", "ПРАВА"), .elastic = true}};
	struct db *db = cli_open_store(cli);
	if (db == NULL)
		return CLI_FAILED;
	struct listing listing = {.cli = cli, .now_ms = clock_now_ms()};
	if (!cli_json(cli))
		listing.table = cli_table_new(columns, sizeof columns / sizeof *columns);
	int rc = api_key_each(db, list_one, &listing, &e);
	if (listing.table != NULL)
		cli_table_print(&listing.table);
	return rc == 0 ? CLI_DONE : cli_fail(cli, &e);
}

/* ---- revoke ---------------------------------------------------------------------------- */

struct revoking {
	struct cli *cli;
	const char *id;
};

static int revoke_work(void *arg, struct db *tx, struct error *e)
{
	struct revoking *revoking = arg;
	char *subject = xasprintf("api_key:%s", revoking->id);
	int rc = api_key_revoke(tx, revoking->id, e);
	if (rc == 0)
		rc = cli_audit(revoking->cli, tx, "api_key.revoke", subject, NULL, NULL, e);
	free(subject);
	return rc;
}

static int revoke_run(struct cli *cli, const struct cli_args *args)
{
	struct revoking revoking = {.cli = cli, .id = cli_operand(args, 0)};
	if (cli_transaction(cli, revoke_work, &revoking) != CLI_DONE)
		return CLI_FAILED;
	if (cli_json(cli))
		cli_print_json(cli, json_pack("{s:s, s:s}", "id", revoking.id, "state", "revoked"));
	else
		printf(tr("%s opens nothing any more\n", "%s больше ничего не открывает\n"), cli_clean(revoking.id));
	return CLI_DONE;
}

/* ---- the table ---------------------------------------------------------------------------- */

static const struct cli_operand name_operands[] = {
	{"NAME", NULL, CLI_ONE, "what it is for: «monitoring», «website»", "для чего он: «мониторинг», «сайт»"}, {0}};
static const struct cli_option add_options[] = {
	{"scopes", 0, "LIST", NULL, "what it may do: campaign.read,notify (docs/reference/rights.md)",
		"что разрешено: campaign.read,notify (docs/reference/rights.ru.md)"},
	{"sender", 0, "ADDRESS", NULL, "only letters from this address; may be repeated (default: all)",
		"только письма от этого адреса; можно несколько раз (по умолчанию любые)"},
	{"days", 0, "N", NULL, "expires after so many days (default: never)", "срок действия в днях (по умолчанию бессрочно)"}, {0}};
static const struct cli_operand id_operands[] = {
	{"KEY", NULL, CLI_ONE, "its name, the part after vk_ (vestnik api-key list)", "имя, часть после vk_ (vestnik api-key list)"}, {0}};

const struct command api_key_commands[] = {
	{"api-key add", "gives a program a key for the REST API", "выдаёт программе ключ для REST API",
		"The key is shown once; the store keeps its hash.", "Ключ показывается один раз; хранится только его хеш.", name_operands,
		add_options, add_run},
	{"api-key list", "lists the keys", "перечисляет ключи", NULL, NULL, NULL, NULL, list_run},
	{"api-key revoke", "ends a key at once", "отзывает ключ сразу", NULL, NULL, id_operands, NULL, revoke_run}, {0}};
