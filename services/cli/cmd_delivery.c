/* `vestnik delivery show`: one letter's whole story. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/ident.h"
#include "base/xalloc.h"
#include "cli/log_line.h"
#include "control/campaign_view.h"
#include "message/status.h"
#include "store/db.h"

#define HISTORY_MOST 1000 /* a letter has some ten lines */

struct delivery {
	int64_t key, campaign, step, state, dispatch, attempts, uncertain, not_after_ms, updated_ms;
	int64_t code, due_ms, claimed_ms;
	bool scheduled;
	char *address, *slug, *title, *campaign_state, *campaign_reason, *reason, *relay;
	char *organisation, *organisation_key, *contact, *contact_role;
};

static void delivery_fini(struct delivery *d)
{
	char *texts[] = {d->address, d->slug, d->title, d->campaign_state, d->campaign_reason,
		d->reason, d->relay, d->organisation, d->organisation_key, d->contact, d->contact_role};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		free(texts[i]);
}

static const char delivery_sql[] =
	"SELECT d.campaign, d.step, d.state, d.dispatch, d.attempts, d.uncertain, d.not_after_ms, "
	"d.updated_ms, d.code, s.due_ms, s.claimed_ms, s.key, d.address, c.slug, c.title, c.state, "
	"c.state_reason, d.reason, d.relay, o.name, o.key, p.name, p.role "
	"FROM delivery d LEFT JOIN campaign c ON c.id = d.campaign "
	"LEFT JOIN organisation o ON o.id = d.recipient "
	"LEFT JOIN contact p ON p.id = d.contact AND p.organisation = d.recipient "
	"LEFT JOIN schedule s ON s.key = d.key WHERE d.key = $1";

static int delivery_load(struct db *db, int64_t key, struct delivery *d, struct error *e)
{
	struct db_stmt *stmt;
	if (db_query(db, &stmt, e, delivery_sql, "i", key) != 0)
		return -1;
	enum db_step step = db_step(stmt, e);
	if (step == DB_FAILED)
		return -1;
	if (step == DB_DONE)
		return error_set(e, ERROR_NOT_FOUND,
			tr("there is no letter %lld", "письма %lld нет"), (long long)key);
	int64_t *numbers[] = {&d->campaign, &d->step, &d->state, &d->dispatch, &d->attempts,
		&d->uncertain, &d->not_after_ms, &d->updated_ms, &d->code, &d->due_ms, &d->claimed_ms};
	char **texts[] = {&d->address, &d->slug, &d->title, &d->campaign_state, &d->campaign_reason,
		&d->reason, &d->relay, &d->organisation, &d->organisation_key, &d->contact,
		&d->contact_role};
	int column = 0;
	d->key = key;
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		*numbers[i] = db_int(stmt, column++);
	d->scheduled = !db_is_null(stmt, column++);
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		*texts[i] = xstrdup(db_text(stmt, column++));
	db_reset(stmt);
	return 0;
}

static int history_load(struct db *db, int64_t key, struct log_line **out, size_t *count,
	struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	*count = 0;
	*out = xcalloc(HISTORY_MOST, sizeof **out);
	if (db_query(db, &stmt, e,
		    "SELECT " LOG_LINE_COLUMNS
		    " FROM history h JOIN delivery d ON d.key = h.key JOIN campaign c ON c.id = "
		    "d.campaign WHERE h.key = $1 ORDER BY h.dispatch, h.time_ms, h.state LIMIT $2",
		    "ii", key, (int64_t)HISTORY_MOST) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW)
		log_line_read(stmt, &(*out)[(*count)++]);
	return step == DB_FAILED ? -1 : 0;
}

/* What happens next, and when; never NULL. *when_ms is 0 when it is not a moment. */
static const char *next_act(const struct delivery *d, int64_t *when_ms)
{
	const char *campaign = d->campaign_state != NULL ? d->campaign_state : "";
	*when_ms = 0;
	if (d->state == DELIVERY_UNCERTAIN && !d->scheduled)
		return tr("an operator decides: vestnik campaign retry --state uncertain",
			"решает оператор: vestnik campaign retry --state uncertain");
	if (delivery_state_terminal((enum delivery_state)d->state) || !d->scheduled)
		return tr("nothing: this is final", "ничего: это окончательно");
	if (strcmp(campaign, "paused") == 0)
		return tr("waits until the campaign is resumed", "ждёт возобновления рассылки");
	if (strcmp(campaign, "cancelled") == 0)
		return tr("will be cancelled: its campaign was", "будет отменено вместе с рассылкой");
	if (d->claimed_ms != 0) {
		*when_ms = d->claimed_ms;
		return tr("is on its way to a relay since", "на пути к почтовому серверу с");
	}
	*when_ms = d->due_ms;
	return d->due_ms <= clock_now_ms() ? tr("goes out in its turn; was due",
						     "уйдёт в свою очередь; срок наступил")
					   : tr("goes out", "уйдёт");
}

static void print_text(const char *label, const char *value)
{
	if (value != NULL && value[0] != '\0')
		printf("%s: %s\n", label, cli_clean(value));
}

static void print_story(
	struct cli *cli, const struct delivery *d, const struct log_line *lines, size_t count)
{
	int64_t when_ms;
	const char *next = next_act(d, &when_ms);
	printf(tr("Letter %lld: %s\n", "Письмо %lld: %s\n"), (long long)d->key,
		cli_delivery_state((int)d->state));
	print_text(tr("To", "Кому"), d->address);
	print_text(tr("Contact", "Контакт"), d->contact != NULL ? d->contact : d->contact_role);
	if (d->organisation != NULL)
		printf("%s: %s (%s)\n", tr("Organisation", "Организация"), cli_clean(d->organisation),
			cli_clean(d->organisation_key));
	if (d->slug != NULL)
		printf("%s: %s — %s (%s)\n", tr("Campaign", "Рассылка"), cli_clean(d->slug),
			cli_clean(d->title), campaign_state_word(d->campaign_state));
	print_text(tr("Campaign says", "О рассылке"), d->campaign_reason);
	print_text(tr("Reason", "Причина"), d->reason);
	if (d->attempts > 0)
		printf("%s: %lld\n", tr("Temporary refusals", "Временных отказов"),
			(long long)d->attempts);
	putchar('\n');
	for (size_t i = 0; i < count; i++) {
		printf("%s  %lld  %s  %s", cli_time(cli, lines[i].time_ms),
			(long long)lines[i].dispatch, cli_delivery_state((int)lines[i].state),
			log_line_reply(&lines[i]));
		if (lines[i].worker != NULL && lines[i].worker[0] != '\0')
			printf("  [%s]", cli_clean(lines[i].worker));
		putchar('\n');
	}
	if (count == 0)
		puts(tr("(no attempt yet)", "(попыток ещё не было)"));
	printf("\n%s: %s", tr("Next", "Дальше"), next);
	if (when_ms != 0)
		printf(" %s", cli_time(cli, when_ms));
	putchar('\n');
	if (d->not_after_ms != 0 && !delivery_state_terminal((enum delivery_state)d->state))
		printf("%s: %s\n", tr("Not after", "Не позже"), cli_time(cli, d->not_after_ms));
}

static void story_json(
	struct cli *cli, const struct delivery *d, const struct log_line *lines, size_t count)
{
	int64_t when_ms;
	const char *next = next_act(d, &when_ms);
	json_t *object = json_pack("{s:I, s:s, s:I, s:I, s:s?, s:s?, s:s?, s:s?, s:s?}", "key",
		(json_int_t)d->key, "state", delivery_state_name((enum delivery_state)d->state),
		"dispatch", (json_int_t)d->dispatch, "attempts", (json_int_t)d->attempts, "address",
		d->address, "campaign", d->slug, "campaign_state", d->campaign_state,
		"organisation", d->organisation_key, "reason", d->reason);
	if (object == NULL)
		object = json_pack("{s:I}", "key", (json_int_t)d->key);
	json_object_set_new(object, "next", json_string(next));
	if (when_ms != 0)
		json_object_set_new(object, "next_at", json_string(cli_rfc3339(when_ms)));
	json_t *history = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(history, log_line_json(&lines[i]));
	json_object_set_new(object, "history", history);
	cli_print_json(cli, object);
}

/* "123", "123.1", or a tag as it stands in a Message-ID, with or without <…@…>. */
static int read_key(struct cli *cli, const char *text, int64_t *key)
{
	char tag[IDENT_TAG_SIZE * 2];
	long long number;
	int64_t dispatch;
	if (gate_int64(text, 1, INT64_MAX, &number)) {
		*key = number;
		return CLI_DONE;
	}
	const char *begin = text[0] == '<' ? text + 1 : text;
	snprintf(tag, sizeof tag, "%.*s", (int)strcspn(begin, "@>"), begin);
	char *dot = strchr(tag, '.');
	if (dot != NULL && strchr(dot + 1, '.') == NULL) { /* as `log` shows it: key.dispatch */
		*dot = '\0';
		if (gate_int64(tag, 1, INT64_MAX, &number)) {
			*key = number;
			return CLI_DONE;
		}
	}
	const struct ident_key *mac = cli_key(cli);
	if (mac == NULL)
		return CLI_FAILED;
	if (!ident_tag_parse(mac, tag, key, &dispatch))
		return cli_failf(cli, ERROR_NOT_FOUND,
			tr("«%s» is neither a letter's number nor a Message-ID made here",
				"«%s» — не номер письма и не Message-ID, выданный здесь"),
			cli_clean(text));
	return CLI_DONE;
}

static int show_run(struct cli *cli, const struct cli_args *args)
{
	struct db *db = cli_open_store(cli);
	struct delivery d = {0};
	struct log_line *lines = NULL;
	size_t count = 0;
	struct error e;
	int64_t key;
	if (db == NULL)
		return CLI_FAILED;
	int rc = read_key(cli, cli_operand(args, 0), &key);
	if (rc != CLI_DONE)
		return rc;
	if (delivery_load(db, key, &d, &e) != 0 || history_load(db, key, &lines, &count, &e) != 0)
		rc = cli_fail(cli, &e);
	else if (cli_json(cli))
		story_json(cli, &d, lines, count);
	else
		print_story(cli, &d, lines, count);
	for (size_t i = 0; i < count; i++)
		log_line_fini(&lines[i]);
	free(lines);
	delivery_fini(&d);
	return rc;
}

static const struct cli_operand show_operands[] = {
	{"LETTER", NULL, CLI_ONE, "its number, or its Message-ID", "номер письма или его Message-ID"},
	{0}};

const struct command delivery_commands[] = {
	{"delivery show", "tells one letter's whole story", "рассказывает всю историю одного письма",
		NULL, NULL, show_operands, NULL, show_run},
	{0}};
