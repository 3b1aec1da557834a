/* vestnik campaign list|status|pause|resume|cancel|retry: a campaign under way. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/xalloc.h"
#include "cli/command.h"
#include "cli/task_send.h"
#include "control/campaign_view.h"
#include "store/db.h"

static const struct cli_noun letters = {"letter", "letters", "письмо", "письма", "писем"};

static const char *delivery_word(enum delivery_state state)
{
	static const char *const ru[DELIVERY_STATES] = {"ждут", "отправляются", "неизвестно, дошло ли", "отложены",
		"возвращены", "приняты сервером", "доставлены", "вернулись", "не отправлены", "опоздали", "отменены",
		"адрес исключён"};
	return lang_get() == LANG_RU ? ru[state] : delivery_state_name(state);
}

/* ---- list --------------------------------------------------------------------------------- */

static void list_one(struct cli *cli, struct cli_table *table, const struct campaign_view *view)
{
	const struct campaign_row *row = &view->row;
	if (table == NULL) {
		cli_print_json(cli, json_pack("{s:s,s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:I}", "campaign", row->slug, "title",
					 row->title, "kind", row->kind, "state", campaign_state_name(row->state), "total",
					 (json_int_t)row->total, "done", (json_int_t)view->done, "open",
					 (json_int_t)view->open, "launched_ms", (json_int_t)row->launched_ms,
					 "finished_ms", (json_int_t)row->finished_ms));
		return;
	}
	const char *cells[] = {row->slug, campaign_state_word(campaign_state_name(row->state)), row->title, cli_thousands(row->total),
		cli_thousands(view->counts[DELIVERY_ACCEPTED] + view->counts[DELIVERY_DELIVERED]),
		cli_thousands(view->open),
		cli_thousands(view->counts[DELIVERY_FAILED] + view->counts[DELIVERY_BOUNCED]),
		cli_time(cli, row->launched_ms)};
	cli_table_row(table, cells);
}

#define NEWEST(which) "SELECT slug FROM campaign WHERE " which "($1 = '' OR state = $1) ORDER BY id DESC LIMIT $2"

static int list_run(struct cli *cli, const struct cli_args *args)
{
	struct error e = {0};
	struct db *db = cli_open_store(cli);
	if (db == NULL)
		return CLI_FAILED;
	int64_t limit;
	if (cli_number(cli, args, "limit", 1, 100000, 50, &limit) != 0)
		return CLI_WRONG_USE;
	struct db_stmt *stmt;
	if (db_query(db, &stmt, &e, cli_has(args, "all") ? NEWEST("") : NEWEST("kind = 'campaign' AND "), "si",
		    cli_value(args, "state") == NULL ? "" : cli_value(args, "state"), limit) != 0)
		return cli_fail(cli, &e);
	/* Names first: the views use transactions of their own. */
	char **slugs = NULL;
	size_t count = 0;
	enum db_step step;
	while ((step = db_step(stmt, &e)) == DB_ROW) {
		slugs = xrealloc(slugs, count + 1, sizeof *slugs);
		slugs[count++] = xstrdup(db_text(stmt, 0));
	}
	const struct cli_column columns[] = {{.title = tr("CAMPAIGN", "КАМПАНИЯ")}, {.title = tr("STATE", "СОСТОЯНИЕ")},
		{.title = tr("TITLE", "НАЗВАНИЕ"), .elastic = true}, {.title = tr("LETTERS", "ПИСЕМ"), .right = true},
		{.title = tr("ACCEPTED", "ПРИНЯТО"), .right = true}, {.title = tr("OPEN", "ОСТАЛОСЬ"), .right = true},
		{.title = tr("FAILED", "НЕ УДАЛОСЬ"), .right = true}, {.title = tr("LAUNCHED", "ЗАПУЩЕНА")}};
	struct cli_table *table = cli_json(cli) ? NULL : cli_table_new(columns, sizeof columns / sizeof *columns);
	int rc = step == DB_FAILED ? -1 : 0;
	for (size_t i = 0; i < count; i++) {
		struct campaign_view view = {0};
		if (rc == 0)
			rc = campaign_view_read(db, slugs[i], &view, &e);
		if (rc == 0)
			list_one(cli, table, &view);
		campaign_view_fini(&view);
		free(slugs[i]);
	}
	free(slugs);
	if (table != NULL)
		cli_table_print(&table);
	return rc == 0 ? CLI_DONE : cli_fail(cli, &e);
}

/* ---- status ---------------------------------------------------------------------------------- */

struct picture {
	struct campaign_view view;
	double rate;
	struct campaign_why why[CAMPAIGN_WHY_MAX];
	size_t why_count;
};

static void wait_ms(int ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

static bool over(const struct campaign_view *view)
{
	return view->row.finished_ms != 0 || view->row.state == CAMPAIGN_FINISHED || view->row.state == CAMPAIGN_DRAFT;
}

/* The campaign's whole speed once it is over, else that of the last moment. */
static double rate_of(const struct campaign_view *before, const struct campaign_view *now)
{
	int64_t span_ms = now->row.finished_ms - now->row.launched_ms;
	if (over(now) && now->row.launched_ms != 0 && span_ms > 0)
		return (double)now->done * 1000 / (double)span_ms;
	return campaign_view_rate(before, now);
}

static json_t *why_json(const struct picture *p)
{
	json_t *list = json_array();
	for (size_t i = 0; i < p->why_count; i++)
		json_array_append_new(list, json_pack("{s:s,s:s}", "code", p->why[i].code, "text", p->why[i].text));
	return list;
}

static void print_json(struct cli *cli, const struct picture *p)
{
	const struct campaign_row *row = &p->view.row;
	json_t *counts = json_object();
	for (int i = 0; i < DELIVERY_STATES; i++)
		if (p->view.counts[i] != 0)
			json_object_set_new(counts, delivery_state_name((enum delivery_state)i),
				json_integer(p->view.counts[i]));
	json_t *left = p->rate > 0 && p->view.open > 0
		? json_integer((json_int_t)((double)p->view.open * 1000 / p->rate))
		: json_null();
	cli_print_json(cli, json_pack("{s:s,s:s,s:s,s:s,s:s?,s:b,s:I,s:I,s:I,s:o,s:f,s:o,s:I,s:I,s:o}", "campaign",
				 row->slug, "title", row->title, "kind", row->kind, "state",
				 campaign_state_name(row->state), "state_reason", row->state_reason, "expanded",
				 (int)row->expanded, "total", (json_int_t)row->total, "done",
				 (json_int_t)p->view.done, "open", (json_int_t)p->view.open, "counts", counts,
				 "letters_per_second", p->rate, "left_ms", left, "launched_ms",
				 (json_int_t)row->launched_ms, "finished_ms", (json_int_t)row->finished_ms, "why",
				 why_json(p)));
}

static void print_bar(int64_t done, int64_t total)
{
	int full = total > 0 ? (int)(done * 30 / total) : 0;
	for (int i = 0; i < 30; i++)
		fputs(i < full ? "█" : "░", stdout);
}

static void print_text(struct cli *cli, const struct picture *p)
{
	const struct campaign_row *row = &p->view.row;
	printf("%s · %s\n", cli_clean(row->slug), cli_clean(row->title));
	printf("%s", campaign_state_word(campaign_state_name(row->state)));
	if (row->launched_ms != 0)
		printf(tr(", launched %s", ", запущена %s"), cli_time(cli, row->launched_ms));
	if (row->finished_ms != 0)
		printf(tr(", ended %s", ", закончена %s"), cli_time(cli, row->finished_ms));
	putchar('\n');
	if (row->launched_ms != 0) {
		print_bar(p->view.done, row->total);
		printf(tr(" %d %%, %s of %s", " %d %%, %s из %s"),
			row->total > 0 ? (int)(p->view.done * 100 / row->total) : 0, cli_thousands(p->view.done),
			cli_thousands(row->total));
		if (!row->expanded && row->state != CAMPAIGN_CANCELLED)
			fputs(tr(" so far (recipients are being written out)", " пока (получатели ещё дописываются)"), stdout);
		if (p->rate > 0)
			printf(tr(", %s a second", ", %s в секунду"), cli_count((int64_t)(p->rate + 0.5), &letters));
		if (p->rate > 0 && p->view.open > 0)
			printf(tr(", %s left", ", осталось %s"), cli_span((int64_t)((double)p->view.open * 1000 / p->rate)));
		putchar('\n');
	}
	for (int i = 0; i < DELIVERY_STATES; i++)
		if (p->view.counts[i] != 0)
			printf("  %9s  %s\n", cli_thousands(p->view.counts[i]), delivery_word((enum delivery_state)i));
	if (p->why_count > 0)
		puts(tr("Not sending, because:", "Не отправляет, потому что:"));
	for (size_t i = 0; i < p->why_count; i++)
		printf("  - %s\n", p->why[i].text);
}

/* Reasons are looked for when letters wait and none ended since the last look. */
static int look(struct cli *cli, struct db *db, const char *slug, const struct campaign_view *before,
	struct picture *out, struct error *e)
{
	out->why_count = 0;
	if (campaign_view_read(db, slug, &out->view, e) != 0)
		return -1;
	out->rate = rate_of(before, &out->view);
	if (out->rate > 0 && out->view.row.state == CAMPAIGN_RUNNING)
		return 0;
	return campaign_why_not(cli_settings(cli), db, &out->view, out->why, &out->why_count, e);
}

#define SAMPLE_MS 500
#define WATCH_MS 500

static int status_once(struct cli *cli, struct db *db, const char *slug)
{
	struct error e = {0};
	struct campaign_view before = {0};
	struct picture now = {0};
	int rc = campaign_view_read(db, slug, &before, &e);
	if (rc == 0 && before.row.state == CAMPAIGN_RUNNING && before.open > 0)
		wait_ms(SAMPLE_MS); /* a rate needs two looks */
	if (rc == 0)
		rc = look(cli, db, slug, &before, &now, &e);
	if (rc == 0 && cli_json(cli))
		print_json(cli, &now);
	else if (rc == 0)
		print_text(cli, &now);
	campaign_view_fini(&before);
	campaign_view_fini(&now.view);
	return rc == 0 ? CLI_DONE : cli_fail(cli, &e);
}

static void show_reasons(const struct picture *now, char *last, size_t size)
{
	char text[sizeof now->why[0].text * 2] = "";
	if (now->why_count > 0)
		snprintf(text, sizeof text, "%s", now->why[0].text);
	if (strcmp(text, last) != 0 && text[0] != '\0')
		printf(tr("not sending: %s\n", "не отправляет: %s\n"), text);
	snprintf(last, size, "%s", text);
	fflush(stdout);
}

static int watch(struct cli *cli, struct db *db, const char *slug)
{
	struct error e = {0};
	struct cli_progress *progress = cli_progress_new(cli, &letters);
	struct picture now = {0};
	struct campaign_view before = {0};
	char last[sizeof now.why[0].text] = "";
	int rc = campaign_view_read(db, slug, &before, &e);
	while (rc == 0) {
		campaign_view_fini(&now.view);
		rc = look(cli, db, slug, &before, &now, &e);
		if (rc != 0)
			break;
		if (cli_json(cli))
			print_json(cli, &now);
		else
			show_reasons(&now, last, sizeof last);
		cli_progress_show(progress, now.view.done, now.view.row.total);
		if (over(&now.view))
			break;
		campaign_view_fini(&before);
		before = now.view;
		now.view = (struct campaign_view){0};
		wait_ms(WATCH_MS);
	}
	cli_progress_end(&progress, false);
	if (rc == 0 && !cli_json(cli))
		print_text(cli, &now);
	campaign_view_fini(&before);
	campaign_view_fini(&now.view);
	return rc == 0 ? CLI_DONE : cli_fail(cli, &e);
}

static int status_run(struct cli *cli, const struct cli_args *args)
{
	struct db *db = cli_open_store(cli);
	if (db == NULL)
		return CLI_FAILED;
	return cli_has(args, "watch") ? watch(cli, db, cli_operand(args, 0)) : status_once(cli, db, cli_operand(args, 0));
}

/* ---- pause, resume, cancel, retry ------------------------------------------------------------- */

static int order(struct cli *cli, const struct cli_args *args, enum task_type type, json_t *data,
	const char *done)
{
	const char *slug = cli_operand(args, 0);
	enum task_outcome outcome = task_send(cli, type, slug, data);
	if (outcome == TASK_SENT_FAILED || outcome == TASK_SENT_REFUSED)
		return CLI_FAILED;
	bool applied = outcome == TASK_SENT_APPLIED;
	if (cli_json(cli))
		cli_print_json(cli, json_pack("{s:s,s:s,s:b}", "campaign", slug, "task", task_type_name(type), "applied",
					 (int)applied));
	else if (applied)
		printf("%s: %s\n", cli_clean(slug), done);
	return CLI_DONE;
}

static json_t *with_reason(const struct cli_args *args)
{
	json_t *data = json_pack("{s:s}", "campaign", cli_operand(args, 0));
	if (cli_value(args, "reason") != NULL)
		json_object_set_new(data, "reason", json_string(cli_value(args, "reason")));
	return data;
}

static int pause_run(struct cli *cli, const struct cli_args *args)
{
	return order(cli, args, TASK_CAMPAIGN_PAUSE, with_reason(args), tr("paused", "приостановлена"));
}

static int resume_run(struct cli *cli, const struct cli_args *args)
{
	return order(cli, args, TASK_CAMPAIGN_RESUME, with_reason(args), tr("goes on", "продолжается"));
}

static int cancel_run(struct cli *cli, const struct cli_args *args)
{
	if (!cli_has(args, "yes") &&
		!cli_confirm(cli, "--yes",
			tr("What is not sent yet will never be sent. Cancel?", "Неотправленное уже не будет отправлено. Отменить?")))
		return CLI_FAILED;
	return order(cli, args, TASK_CAMPAIGN_CANCEL, with_reason(args), tr("cancelled", "отменена"));
}

static int retry_run(struct cli *cli, const struct cli_args *args)
{
	const char *state = cli_value(args, "state");
	if (state == NULL)
		return cli_wrong_use(cli, "%s", tr("--state failed or --state uncertain is needed", "нужно --state failed или --state uncertain"));
	return order(cli, args, TASK_CAMPAIGN_RETRY,
		json_pack("{s:s,s:s}", "campaign", cli_operand(args, 0), "state", state),
		tr("these letters will be sent again", "эти письма будут отправлены снова"));
}

/* ---- the table --------------------------------------------------------------------------------- */

static const struct cli_operand campaign_operand[] = {
	{"CAMPAIGN", NULL, CLI_ONE, "the campaign (vestnik campaign list)", "рассылка (vestnik campaign list)"}, {0}};
static const struct cli_option list_options[] = {
	{"all", 'a', NULL, NULL, "tests and single notices too", "и пробные письма, и отдельные уведомления"},
	{"state", 0, "STATE", "draft|running|paused|cancelled|finished", "only those", "только такие"},
	{"limit", 'n', "N", NULL, "at most so many, newest first (50)", "не больше стольких, новые сначала (50)"}, {0}};
static const struct cli_option status_options[] = {
	{"watch", 'w', NULL, NULL, "until it has ended", "до её окончания"}, {0}};
static const struct cli_option reason_options[] = {
	{"reason", 0, "TEXT", NULL, "why, for whoever asks later", "почему: для тех, кто спросит потом"}, {0}};
static const struct cli_option cancel_options[] = {
	{"reason", 0, "TEXT", NULL, "why, for whoever asks later", "почему: для тех, кто спросит потом"},
	{"yes", 'y', NULL, NULL, "does not ask", "не спрашивать"}, {0}};
static const struct cli_option retry_options[] = {
	{"state", 0, "STATE", "failed|uncertain", "which letters; required", "какие письма; обязательно"}, {0}};

const struct command campaign_run_commands[] = {
	{"campaign list", "shows the campaigns", "показывает рассылки", NULL, NULL, NULL, list_options, list_run},
	{"campaign status", "shows how far a campaign is, and why it is not sending if it isn't",
		"показывает ход рассылки и, если она стоит, почему", NULL, NULL, campaign_operand,
		status_options, status_run},
	{"campaign pause", "stops sending within two seconds", "приостанавливает отправку за две секунды", NULL, NULL,
		campaign_operand, reason_options, pause_run},
	{"campaign resume", "goes on sending", "продолжает отправку", NULL, NULL, campaign_operand, reason_options,
		resume_run},
	{"campaign cancel", "ends a campaign: what is not sent stays unsent",
		"отменяет рассылку: неотправленное не будет отправлено", NULL, NULL, campaign_operand, cancel_options,
		cancel_run},
	{"campaign retry", "sends failed letters, or those of unknown fate, again",
		"отправляет снова письма, которые не ушли или судьба которых неизвестна",
		"Letters of unknown fate (uncertain) may have arrived already: recipients may get them twice.",
		"Письма с неизвестной судьбой (uncertain) могли дойти: получатели могут получить их дважды.",
		campaign_operand, retry_options, retry_run},
	{0}};
