/* `vestnik delivery show`: one letter's whole story. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/log_line.h"
#include "control/campaign_view.h"
#include "control/delivery.h"

struct lines {
	struct delivery_line *item[1000]; /* a letter has some ten */
	size_t count;
};

static int keep_line(void *arg, const struct delivery_line *line)
{
	struct lines *lines = arg;
	lines->item[lines->count++] = delivery_line_keep(line);
	return lines->count == sizeof lines->item / sizeof lines->item[0];
}

/* What happens next, and when; never NULL. *when_ms is 0 when it is not a moment. */
static const char *next_act(const struct delivery *d, int64_t *when_ms)
{
	switch (delivery_next(d, clock_now_ms(), when_ms)) {
	case DELIVERY_NEXT_OPERATOR:
		return tr("an operator decides: vestnik campaign retry --state uncertain",
			"решает оператор: vestnik campaign retry --state uncertain");
	case DELIVERY_NEXT_RESUME:
		return tr("waits until the campaign is resumed", "ждёт возобновления рассылки");
	case DELIVERY_NEXT_CANCELLED:
		return tr("will be cancelled: its campaign was", "будет отменено вместе с рассылкой");
	case DELIVERY_NEXT_UNDER_WAY:
		return tr("is on its way to a relay since", "на пути к почтовому серверу с");
	case DELIVERY_NEXT_TURN:
		return tr("goes out in its turn; was due", "уйдёт в свою очередь; срок наступил");
	case DELIVERY_NEXT_LATER:
		return tr("goes out", "уйдёт");
	default:
		return tr("nothing: this is final", "ничего: это окончательно");
	}
}

static void print_text(const char *label, const char *value)
{
	if (value != NULL && value[0] != '\0')
		printf("%s: %s\n", label, cli_clean(value));
}

static void print_story(
	struct cli *cli, const struct delivery *d, const struct lines *lines)
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
	for (size_t i = 0; i < lines->count; i++) {
		printf("%s  %lld  %s  %s", cli_time(cli, lines->item[i]->time_ms),
			(long long)lines->item[i]->dispatch, cli_delivery_state((int)lines->item[i]->state),
			log_line_reply(lines->item[i]));
		if (lines->item[i]->worker != NULL && lines->item[i]->worker[0] != '\0')
			printf("  [%s]", cli_clean(lines->item[i]->worker));
		putchar('\n');
	}
	if (lines->count == 0)
		puts(tr("(no attempt yet)", "(попыток ещё не было)"));
	printf("\n%s: %s", tr("Next", "Дальше"), next);
	if (when_ms != 0)
		printf(" %s", cli_time(cli, when_ms));
	putchar('\n');
	if (d->not_after_ms != 0 && !delivery_state_terminal(d->state))
		printf("%s: %s\n", tr("Not after", "Не позже"), cli_time(cli, d->not_after_ms));
}

static void story_json(
	struct cli *cli, const struct delivery *d, const struct lines *lines)
{
	int64_t when_ms;
	const char *next = next_act(d, &when_ms);
	json_t *object = json_pack("{s:I, s:s, s:I, s:I, s:s?, s:s?, s:s?, s:s?, s:s?}", "key",
		(json_int_t)d->key, "state", delivery_state_name(d->state),
		"dispatch", (json_int_t)d->dispatch, "attempts", (json_int_t)d->attempts, "address",
		d->address, "campaign", d->slug, "campaign_state", d->campaign_state,
		"organisation", d->organisation_key, "reason", d->reason);
	if (object == NULL)
		object = json_pack("{s:I}", "key", (json_int_t)d->key);
	json_object_set_new(object, "next", json_string(next));
	if (when_ms != 0)
		json_object_set_new(object, "next_at", json_string(cli_rfc3339(when_ms)));
	json_t *history = json_array();
	for (size_t i = 0; i < lines->count; i++)
		json_array_append_new(history, log_line_json(lines->item[i]));
	json_object_set_new(object, "history", history);
	cli_print_json(cli, object);
}

/* "123", "123.1", or a tag as it stands in a Message-ID, with or without <…@…>. */
static int read_key(struct cli *cli, const char *text, int64_t *key)
{
	if (delivery_key_plain(text, key))
		return CLI_DONE;
	const struct ident_key *mac = cli_key(cli);
	if (mac == NULL)
		return CLI_FAILED;
	if (delivery_key_read(mac, text, key) != 0)
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
	struct lines lines = {0};
	struct error e;
	int64_t key;
	if (db == NULL)
		return CLI_FAILED;
	int rc = read_key(cli, cli_operand(args, 0), &key);
	if (rc != CLI_DONE)
		return rc;
	if (delivery_load(db, key, &d, &e) != 0 || delivery_log_letter(db, key, keep_line, &lines, &e) != 0)
		rc = cli_fail(cli, &e);
	else if (cli_json(cli))
		story_json(cli, &d, &lines);
	else
		print_story(cli, &d, &lines);
	while (lines.count > 0)
		free(lines.item[--lines.count]);
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
