/* vestnik webhook: the endpoints events are posted to, and what came of it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "cli/cli_audit.h"
#include "cli/webhook.h"
#include "settings/settings.h"
#include "webhook/endpoint.h"
#include "webhook/filter.h"

#define DAY_MS (24 * INT64_C(3600000))
#define ROTATION_KEEP "24h"
#define ROTATION_KEEP_MOST_MS (30 * DAY_MS)

/* ---- add ---------------------------------------------------------------------------- */

static int show_new(struct cli *cli, const struct webhook_endpoint *endpoint, const char *secret)
{
	if (cli_json(cli)) {
		cli_print_json(cli, json_pack("{s:s,s:s,s:s}", "id", endpoint->id, "url", endpoint->url,
					 "secret", secret));
		return CLI_DONE;
	}
	printf(tr("Webhook %s added.\n\nIts secret, shown only now; the receiver checks signatures with it:\n\n  %s\n\n"
		  "Try it: vestnik webhook test %s\n",
		       "Вебхук %s добавлен.\n\nЕго секрет (больше не покажем); получатель проверяет им подписи:\n\n  %s\n\n"
		       "Проверить: vestnik webhook test %s\n"),
		endpoint->id, secret, endpoint->id);
	return CLI_DONE;
}

/* The address of a webhook may hold a secret of its own: it stands in the detail. */
static int note(struct cli *cli, struct db *tx, const char *action, const struct webhook_endpoint *endpoint, json_t *facts,
	struct error *e)
{
	char subject[WEBHOOK_ENDPOINT_ID_SIZE + 10];
	snprintf(subject, sizeof subject, "webhook:%s", endpoint->id);
	return cli_audit(cli, tx, action, subject, facts,
		json_pack("{s:s, s:s, s:s?}", "url", endpoint->url, "events", endpoint->events, "campaign", endpoint->campaign), e);
}

struct adding {
	struct cli *cli;
	const struct webhook_endpoint *endpoint; /* its id is made while it is added */
};

static int note_added(void *arg, struct db *tx, struct error *e)
{
	const struct adding *adding = arg;
	return note(adding->cli, tx, "webhook.add", adding->endpoint, NULL, e);
}

static int add_run(struct cli *cli, const struct cli_args *args)
{
	const struct settings *settings = cli_settings(cli);
	if (settings == NULL)
		return CLI_FAILED;
	struct error e = {0};
	struct buf events;
	int64_t concurrency;
	char secret[WEBHOOK_SECRET_SIZE];
	if (cli_number(cli, args, "concurrency", 1, WEBHOOK_CONCURRENCY_MAX,
		    settings->notifier.connections_per_endpoint, &concurrency) != 0)
		return CLI_WRONG_USE;
	buf_init(&events, 8192);
	struct webhook_endpoint endpoint = {.url = cli_operand(args, 0),
		.campaign = cli_value(args, "campaign"),
		.concurrency = (int)concurrency,
		.allow_private = cli_has(args, "allow-private")};
	int rc = CLI_FAILED;
	struct db *db = NULL;
	if (webhook_filter_from_words(cli_value(args, "events"), &events, &e) != 0 ||
		webhook_url_check(endpoint.url, endpoint.allow_private, &e) != 0) {
		rc = cli_wrong_use(cli, "%s", e.text);
	} else if ((db = cli_open_store(cli)) != NULL) {
		endpoint.events = buf_str(&events);
		struct adding adding = {cli, &endpoint};
		db_in_commit(db, note_added, &adding);
		rc = webhook_endpoint_add(db, &endpoint, secret, &e) == 0 ? show_new(cli, &endpoint, secret)
									  : cli_fail(cli, &e);
	}
	buf_fini(&events);
	return rc;
}

/* ---- list ---------------------------------------------------------------------------- */

struct listing {
	struct cli *cli;
	struct cli_table *table;
};

static void list_json(struct cli *cli, const struct webhook_endpoint *endpoint)
{
	json_t *events = json_loads(endpoint->events, 0, NULL);
	cli_print_json(cli, json_pack("{s:s,s:s,s:o?,s:s,s:s?,s:i,s:b,s:s?,s:I,s:I}", "id", endpoint->id,
				 "url", endpoint->url, "events", events, "state",
				 endpoint->active ? "active" : "disabled", "disabled_reason",
				 endpoint->disabled_reason, "concurrency", endpoint->concurrency, "allow_private",
				 (int)endpoint->allow_private, "campaign", endpoint->campaign, "created_ms",
				 (json_int_t)endpoint->created_ms, "first_failure_ms",
				 (json_int_t)endpoint->first_failure_ms));
}

static int list_one(void *arg, const struct webhook_endpoint *endpoint)
{
	struct listing *listing = arg;
	if (listing->table == NULL) {
		list_json(listing->cli, endpoint);
		return 0;
	}
	struct buf state;
	buf_init(&state, 2000);
	if (!endpoint->active)
		(void)buf_printf(&state, tr("disabled: %s", "отключён: %s"),
			endpoint->disabled_reason == NULL ? "—" : endpoint->disabled_reason);
	else if (endpoint->first_failure_ms != 0)
		(void)buf_printf(&state, tr("failing since %s", "не отвечает с %s"),
			cli_time(listing->cli, endpoint->first_failure_ms));
	else
		(void)buf_puts(&state, tr("active", "работает"));
	const char *cells[] = {endpoint->id, buf_str(&state), endpoint->url,
		strcmp(endpoint->events, "[]") == 0 ? tr("all", "все") : endpoint->events,
		endpoint->campaign == NULL ? tr("all", "все") : endpoint->campaign};
	cli_table_row(listing->table, cells);
	buf_fini(&state);
	return 0;
}

static int list_run(struct cli *cli, const struct cli_args *args)
{
	(void)args;
	struct error e = {0};
	const struct cli_column columns[] = {{.title = "ID"}, {.title = tr("STATE", "СОСТОЯНИЕ")},
		{.title = "URL", .elastic = true}, {.title = tr("EVENTS", "СОБЫТИЯ"), .elastic = true},
		{.title = tr("CAMPAIGN", "КАМПАНИЯ")}};
	struct db *db = cli_open_store(cli);
	if (db == NULL)
		return CLI_FAILED;
	struct listing listing = {.cli = cli,
		.table = cli_json(cli) ? NULL : cli_table_new(columns, sizeof columns / sizeof *columns)};
	int rc = webhook_endpoint_each(db, list_one, &listing, &e);
	if (listing.table != NULL)
		cli_table_print(&listing.table);
	return rc == 0 ? CLI_DONE : cli_fail(cli, &e);
}

/* ---- change ---------------------------------------------------------------------------- */

struct changing {
	struct cli *cli;
	const struct cli_args *args;
	const char *events;  /* as stored; NULL = stays */
	int64_t concurrency; /* 0 = stays */
	char changed[WEBHOOK_MEMBERS_SIZE];
};

static struct webhook_endpoint changed_one(const struct changing *changing, const struct webhook_endpoint *was)
{
	const char *url = cli_value(changing->args, "url"), *campaign = cli_value(changing->args, "campaign");
	struct webhook_endpoint now = *was;
	if (url != NULL)
		now.url = url;
	if (changing->events != NULL)
		now.events = changing->events;
	if (campaign != NULL)
		now.campaign = campaign[0] == '\0' ? NULL : campaign;
	if (cli_has(changing->args, "allow-private") || cli_has(changing->args, "public"))
		now.allow_private = cli_has(changing->args, "allow-private");
	if (changing->concurrency != 0)
		now.concurrency = (int)changing->concurrency;
	return now;
}

/* What is as it was is no change, and is not noted. */
static int change_in(void *arg, struct db *tx, struct error *e)
{
	struct changing *changing = arg;
	struct webhook_endpoint was;
	if (webhook_endpoint_read(tx, cli_operand(changing->args, 0), &was, e) != 0)
		return -1;
	struct webhook_endpoint now = changed_one(changing, &was);
	int rc = 0;
	if (webhook_endpoint_differs(&was, &now, changing->changed)[0] != '\0') {
		rc = webhook_endpoint_change(tx, &now, e);
		if (rc == 0)
			rc = note(changing->cli, tx, "webhook.change", &now, json_pack("{s:s}", "changed", changing->changed), e);
	}
	webhook_endpoint_fini(&was);
	return rc;
}

static int change_and_show(struct changing *changing)
{
	const char *id = cli_operand(changing->args, 0);
	int rc = cli_transaction(changing->cli, change_in, changing);
	if (rc != CLI_DONE)
		return rc;
	if (cli_json(changing->cli))
		cli_print_json(changing->cli, json_pack("{s:s,s:s}", "id", id, "changed", changing->changed));
	else if (changing->changed[0] == '\0')
		printf(tr("%s: nothing was changed\n", "%s: ничего не изменилось\n"), id);
	else
		printf(tr("%s: changed: %s\n", "%s: изменено: %s\n"), id, changing->changed);
	return CLI_DONE;
}

static int change_run(struct cli *cli, const struct cli_args *args)
{
	struct error e = {0};
	struct buf events;
	struct changing changing = {.cli = cli, .args = args};
	const char *words = cli_value(args, "events");
	if (cli_has(args, "allow-private") && cli_has(args, "public"))
		return cli_wrong_use(cli, "%s", tr("--allow-private or --public, not both", "--allow-private или --public, не вместе"));
	if (cli_number(cli, args, "concurrency", 1, WEBHOOK_CONCURRENCY_MAX, 0, &changing.concurrency) != 0)
		return CLI_WRONG_USE;
	buf_init(&events, 8192);
	int rc;
	if (words != NULL && webhook_filter_from_words(words, &events, &e) != 0) {
		rc = cli_wrong_use(cli, "%s", e.text);
	} else {
		changing.events = words == NULL ? NULL : buf_str(&events);
		rc = change_and_show(&changing);
	}
	buf_fini(&events);
	return rc;
}

/* ---- rotate, remove, enable ------------------------------------------------------------ */

static int rotate_run(struct cli *cli, const struct cli_args *args)
{
	struct error e = {0};
	int64_t keep_ms;
	char secret[WEBHOOK_SECRET_SIZE];
	const char *id = cli_operand(args, 0), *keep = cli_value(args, "keep");
	if (settings_parse_duration(keep == NULL ? ROTATION_KEEP : keep, &keep_ms) != 0 ||
		keep_ms > ROTATION_KEEP_MOST_MS)
		return cli_wrong_use(cli, "%s", tr("--keep: a time like 24h, at most 30d", "--keep: срок вида 24h, не больше 30d"));
	struct db *db = cli_open_store(cli);
	if (db == NULL)
		return CLI_FAILED;
	char *subject = xasprintf("webhook:%s", id);
	int noted = cli_audit_next(cli, "webhook.rotate", subject, NULL, NULL);
	free(subject);
	if (noted != CLI_DONE)
		return CLI_FAILED;
	if (webhook_endpoint_rotate(db, id, keep_ms, secret, &e) != 0)
		return cli_fail(cli, &e);
	if (cli_json(cli))
		cli_print_json(cli, json_pack("{s:s,s:s,s:I}", "id", id, "secret", secret, "old_until_ms",
					 (json_int_t)(clock_now_ms() + keep_ms)));
	else
		printf(tr("The new secret of %s, shown only now:\n\n  %s\n\nThe old one signs beside it for %s.\n",
			       "Новый секрет %s (больше не покажем):\n\n  %s\n\nСтарый подписывает вместе с ним ещё %s.\n"),
			id, secret, cli_span(keep_ms));
	return CLI_DONE;
}

static int turn(struct cli *cli, const struct cli_args *args,
	int (*run)(struct db *db, const char *id, struct error *e), const char *state, const char *said)
{
	struct error e = {0};
	struct db *db = cli_open_store(cli);
	if (db == NULL)
		return CLI_FAILED;
	char *subject = xasprintf("webhook:%s", cli_operand(args, 0));
	int noted = cli_audit_next(cli, run == webhook_endpoint_remove ? "webhook.remove" : "webhook.enable", subject, NULL, NULL);
	free(subject);
	if (noted != CLI_DONE)
		return CLI_FAILED;
	if (run(db, cli_operand(args, 0), &e) != 0)
		return cli_fail(cli, &e);
	if (cli_json(cli))
		cli_print_json(cli, json_pack("{s:s,s:s}", "id", cli_operand(args, 0), "state", state));
	else
		printf("%s: %s\n", cli_operand(args, 0), said);
	return CLI_DONE;
}

static int remove_run(struct cli *cli, const struct cli_args *args)
{
	return turn(cli, args, webhook_endpoint_remove, "removed", tr("removed", "удалён"));
}

static int enable_run(struct cli *cli, const struct cli_args *args)
{
	return turn(cli, args, webhook_endpoint_enable, "active", tr("active", "работает"));
}

/* ---- the table ---------------------------------------------------------------------------- */

static const struct cli_operand add_operands[] = {
	{"URL", NULL, CLI_ONE, "where events are posted: https://…", "куда отправлять события: https://…"}, {0}};
static const struct cli_option add_options[] = {
	{"events", 0, "LIST", NULL, "only these: accepted,failed,campaign.* (default: all)",
		"только эти: accepted,failed,campaign.* (по умолчанию все)"},
	{"campaign", 0, "CAMPAIGN", NULL, "only of this campaign", "только этой рассылки"},
	{"allow-private", 0, NULL, NULL, "may be inside the own network, and plain http",
		"адрес может быть во внутренней сети, можно http"},
	{"concurrency", 0, "N", NULL, "requests at once", "одновременных запросов"}, {0}};
static const struct cli_option change_options[] = {
	{"url", 0, "URL", NULL, "where events are posted from now on; what waits goes there, too",
		"новый адрес для событий; туда же уйдёт и очередь"},
	{"events", 0, "LIST", NULL, "only these: accepted,failed,campaign.* ('' = all)",
		"только эти: accepted,failed,campaign.* ('' – все)"},
	{"campaign", 0, "CAMPAIGN", NULL, "only of this campaign ('' = of all)", "только этой рассылки ('' – всех)"},
	{"allow-private", 0, NULL, NULL, "may be inside the own network, and plain http",
		"адрес может быть во внутренней сети, можно http"},
	{"public", 0, NULL, NULL, "may not be inside the own network any more", "во внутренней сети адрес больше быть не может"},
	{"concurrency", 0, "N", NULL, "requests at once", "одновременных запросов"}, {0}};
static const struct cli_operand id_operands[] = {
	{"ID", NULL, CLI_ONE, "the webhook (vestnik webhook list)", "вебхук (vestnik webhook list)"}, {0}};
static const struct cli_option attempts_options[] = {
	{"failed", 0, NULL, NULL, "only failed attempts", "только неудачные попытки"},
	{"message", 0, "MESSAGE", NULL, "only of this message", "только этого сообщения"},
	{"limit", 'n', "N", NULL, "at most so many (100)", "не больше стольких (100)"}, {0}};
static const struct cli_operand replay_operands[] = {
	{"ID", NULL, CLI_ONE, "the webhook", "вебхук"},
	{"MESSAGE", NULL, CLI_OPTIONAL, "one message, msg_…", "одно сообщение, msg_…"}, {0}};
static const struct cli_option replay_options[] = {
	{"since", 0, "TIME", NULL, "events from then on: 3h (ago), 2023-05-30T18:00:00+03:00",
		"события начиная с: 3h (назад), 2023-05-30T18:00:00+03:00"},
	{"until", 0, "TIME", NULL, "events before then (default: now)", "события до этого времени (по умолчанию: сейчас)"},
	{"state", 0, "STATE", "failed|delivered|pending", "which of them; failed if not said", "какие из них; если не указано, failed"}, {0}};
static const struct cli_option rotate_options[] = {
	{"keep", 0, "TIME", NULL, "the old secret signs too for so long (24h)",
		"столько ещё подписывает и старый секрет (24h)"}, {0}};

const struct command webhook_commands[] = {
	{"webhook add", "adds an address events are posted to", "добавляет адрес, на который отправляются события",
		"Requests are signed as Standard Webhooks say (webhook-id, webhook-timestamp, webhook-signature); "
		"the body is a CloudEvent.",
		"Запросы подписаны по Standard Webhooks (webhook-id, webhook-timestamp, webhook-signature); "
		"тело — CloudEvent.",
		add_operands, add_options, add_run},
	{"webhook list", "shows the webhooks and how they are doing", "показывает вебхуки и их состояние", NULL, NULL,
		NULL, NULL, list_run},
	{"webhook change", "changes where events are posted, which and how",
		"изменяет адрес для событий, их отбор и порядок отправки",
		"What is not given stays, and so do the secret and the state. A message that waits goes to the new address at its next "
		"attempt (at once: vestnik webhook replay).",
		"Что не указано, остаётся прежним, как и секрет и состояние. Сообщение из очереди уйдёт на новый адрес при следующей "
		"попытке (сразу: vestnik webhook replay).",
		id_operands, change_options, change_run},
	{"webhook test", "posts a test event now and shows the answer", "отправляет пробное событие и показывает ответ",
		NULL, NULL, id_operands, NULL, webhook_test_run},
	{"webhook attempts", "shows what was sent and answered, newest first",
		"показывает отправки и ответы, новые сверху", NULL, NULL, id_operands, attempts_options,
		webhook_attempts_run},
	{"webhook replay", "sends one message, or a range of time, again",
		"отправляет снова одно сообщение или всё за промежуток времени", NULL, NULL, replay_operands,
		replay_options, webhook_replay_run},
	{"webhook rotate", "makes a new secret", "выпускает новый секрет", NULL, NULL, id_operands, rotate_options,
		rotate_run},
	{"webhook remove", "removes a webhook and what is queued for it", "удаляет вебхук и его очередь", NULL, NULL,
		id_operands, NULL, remove_run},
	{"webhook enable", "turns a disabled webhook on again", "снова включает отключённый вебхук", NULL, NULL,
		id_operands, NULL, enable_run},
	{0}};
