/* Says what the code writes and what it takes, for the test that holds code and
 * config/schemas/ together.
 *   schema_probe write   a line "<schema file>\t<JSON>" for everything the code writes
 *   schema_probe read    for each line "<mail|delivery|task>\t<JSON>" of standard input: "taken",
 *                        or "refused <why>" */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer/answer_inside.h"
#include "base/ident.h"
#include "base/xalloc.h"
#include "bus/gap.h"
#include "message/job.h"
#include "message/status.h"
#include "message/task.h"
#include "notifier/event.h"
#include "report/write.h"

#define LINE_MAX_BYTES (2 * 1024 * 1024)

static void write_webhook(const struct bus_message *message)
{
	struct event *event;
	struct error e;
	if (event_read(message, &event, &e) != 0) {
		fprintf(stderr, "schema_probe: %s\n", e.text);
		exit(1);
	}
	event->refs = 1;
	event_compose(event);
	printf("webhook.json\t%s\n", event->body);
	event_free(&event);
}

static void write_statuses(void)
{
	for (unsigned state = 0; state < DELIVERY_STATES; state++)
		for (int full = 0; full < 2; full++) {
			struct delivery_status status = {.key = 9223372036854775807, .dispatch = 1, .campaign = 7,
				.state = (enum delivery_state)state, .time_ms = 1700000000123};
			if (full) {
				status.code = 550;
				snprintf(status.enhanced, sizeof status.enhanced, "5.1.1");
				snprintf(status.reason, sizeof status.reason, "нет «такого»\t\"\\ ящика");
				snprintf(status.relay, sizeof status.relay, "main");
				snprintf(status.worker, sizeof status.worker, "mail-1.example.org");
				status.not_before_ms = 1700000060000;
				status.lost = status.no_retry = true;
			}
			struct buf data;
			char id[STATUS_ID_SIZE];
			buf_init(&data, 4096);
			if (status_write(&status, &data) != 0)
				exit(1);
			printf("delivery.json\t%s\n", buf_str(&data));
			const struct bus_message message = {.id = status_id(&status, id), .source = "vestnik/mailer",
				.type = status_type(status.state), .time_ms = status.time_ms, .data = data.data,
				.len = data.len};
			write_webhook(&message);
			buf_fini(&data);
		}
}

static void write_gap(void)
{
	const struct gap gap = {.group = "notifier", .topic = "vestnik.status", .from = 1,
		.to = 9223372036854775807, .since_ms = 1700000000123, .messages = 9223372036854775807};
	struct buf data;
	buf_init(&data, GAP_DATA_MAX_BYTES);
	if (gap_write(&gap, &data) != 0)
		exit(1);
	const struct bus_message message = {.id = "notifier.vestnik.status.500", .source = GAP_SOURCE,
		.type = GAP_TYPE, .time_ms = 1700000000123, .data = data.data, .len = data.len};
	write_webhook(&message);
	buf_fini(&data);
}

static void write_asks(void)
{
	static const char *const words[] = {"received", "partial", "confirmed", "differs", "reopened", "withdrawn"};
	struct error e;
	json_t *definition = json_pack("[{s:s,s:s},{s:s,s:s},{s:s,s:s}]", "field", "registered", "type", "count", "field",
		"held", "type", "date", "field", "measures", "type", "text");
	json_t *values = json_pack("{s:i,s:s,s:s}", "registered", 12, "held", "2023-05-30", "measures", "Иванова звонила");
	struct fields fields;
	if (fields_read(definition, &fields, &e) != 0)
		exit(1);
	char slug[] = "demo", key[] = "школа «1»";
	for (int way = 0; way < ANSWER_WAYS; way++)
		for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
			struct ask ask = {.id = 12, .campaign = 7, .organisation = 5, .round_number = 1, .slug = slug, .key = key,
				.state = (enum ask_state)(i % ASK_STATES)};
			char type[64];
			snprintf(type, sizeof type, ANSWER_EVENT_PREFIX "%s", words[i]);
			char *data = answer_event_data(&ask, &fields, (int64_t)i, (enum answer_way)way, i % 2 == 0,
				i == 0 ? NULL : values);
			if (strstr(data, "Иванова") != NULL)
				exit(1);
			printf("ask.json\t%s\n", data);
			const struct bus_message message = {.id = "12.1.received", .source = "vestnik/portal", .type = type,
				.time_ms = 1700000000123, .data = data, .len = strlen(data)};
			write_webhook(&message);
			free(data);
		}
	fields_fini(&fields);
	json_decref(values);
	json_decref(definition);
}

/* One with everything in it: figures, choices, tables, those below, a period before. */
static void write_report(void)
{
	struct report_facts *facts = facts_new();
	struct error e;
	facts->lang = LANG_RU;
	facts->slug = xstrdup("demo");
	facts->title = xstrdup("Сведения «о площадках»");
	facts->zone = xstrdup("Europe/Moscow");
	facts->round_number = 2;
	facts->round_label = xstrdup("за октябрь 2022 года");
	facts->previous_label = xstrdup("за сентябрь 2022 года");
	facts->deadline_ms = facts->made_ms = 1700000000123;
	facts->acknowledgements = 2;
	(void)facts_column(facts, "people", "Человек", REPORT_NUMBER, 0);
	struct report_column *choice = facts_column(facts, "done", "Выполнено", REPORT_CHOICE, 1);
	choice->choice[0] = xstrdup("да");
	(void)facts_column(facts, "winners", "Победители", REPORT_TABLE, 0);
	if (facts_open(facts, &e) != 0)
		exit(1);
	for (int i = 0; i < 8; i++) {
		struct report_row row = {.ask = i + 1, .level = i == 7, .parent_ask = i == 7 ? 1 : 0, .organisation = i + 1,
			.key = "s1", .name = "Школа", .region = "Область", .municipality = i % 2 == 0 ? "Город" : "",
			.state = (enum ask_state)(i % ASK_STATES), .previous_asked = true, .previous_state = ASK_CONFIRMED,
			.late = i == 2, .discrepancy = i == 3, .trouble = (enum report_trouble)(i % 4), .trouble_text = "",
			.way = "form", .by_name = "Секретарь", .by_phone = "", .note = "", .at_ms = i == 0 ? 0 : 1700000000123,
			.value = {{"1", 2.5}, {"да", 0}, {"[{\"name\":\"Имя\"}]", 0}}, .previous = {{"1", 3}, {"", 0}, {"", 0}}};
		if (facts_add(facts, &row, &e) != 0)
			exit(1);
	}
	if (facts_seal(facts, &e) != 0)
		exit(1);
	for (size_t most = 600; most <= 15000; most += 1200) {
		json_t *event = json_event(facts, most);
		char *data = json_dumps(event, JSON_COMPACT);
		const struct bus_message message = {.id = "1", .source = "vestnik/planner", .type = "vestnik.report.ready",
			.time_ms = 1700000000123, .data = data, .len = strlen(data)};
		write_webhook(&message);
		free(data);
		json_decref(event);
	}
	facts_free(&facts);
}

static void write_task(enum task_type type, const char *schema, json_t *data)
{
	struct buf out;
	buf_init(&out, 100000);
	if (data == NULL || task_write(type, "/probe", "id-1", 1700000000123, data, &out) != 0)
		exit(1);
	printf("%s\t%s\n", schema, buf_str(&out));
	buf_fini(&out);
	json_decref(data);
}

static void write_all(void)
{
	char text[JOB_DATA_SIZE];
	const struct job job = {.key = 9223372036854775807, .dispatch = 9223372036854775807};
	job_write(&job, text);
	printf("mail.json\t%s\n", text);
	write_statuses();
	write_gap();
	write_asks();
	write_report();
	write_task(TASK_CAMPAIGN_LAUNCH, "task.campaign.launch.json", json_pack("{s:s,s:s}", "campaign", "demo", "content_hash",
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"));
	write_task(TASK_CAMPAIGN_PAUSE, "task.campaign.state.json", json_pack("{s:s,s:s}", "campaign", "demo", "reason", "ждём"));
	write_task(TASK_CAMPAIGN_RESUME, "task.campaign.state.json", json_pack("{s:s}", "campaign", "demo"));
	write_task(TASK_CAMPAIGN_CANCEL, "task.campaign.state.json", json_pack("{s:s}", "campaign", "demo"));
	write_task(TASK_CAMPAIGN_RETRY, "task.campaign.retry.json", json_pack("{s:s,s:s}", "campaign", "demo", "state", "failed"));
	write_task(TASK_CAMPAIGN_STAGE, "task.campaign.stage.json", json_pack("{s:s,s:i,s:s}", "campaign", "demo", "round", 4,
		"at", "2023-09-15 10:00"));
	write_task(TASK_CAMPAIGN_POSTPONE, "task.campaign.postpone.json",
		json_pack("{s:s,s:s,s:b}", "campaign", "demo", "deadline", "2023-06-06 18:00", "tell", 1));
	write_task(TASK_CAMPAIGN_CORRECT, "task.campaign.correct.json", json_pack("{s:s,s:s}", "campaign", "demo", "content_hash",
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"));
	write_task(TASK_CAMPAIGN_RECALL, "task.campaign.recall.json", json_pack("{s:s,s:s}", "campaign", "demo", "reason", "ошибка"));
	write_task(TASK_RECIPIENT_READDRESS, "task.recipient.readdress.json", json_pack("{s:s,s:s}", "recipient", "s1", "address",
		"school@example.org"));
	write_task(TASK_NOTIFY, "task.notify.json", json_pack("{s:s,s:s,s:[{s:s}]}", "subject", "Проверка", "text", "# Да",
		"to", "address", "school@example.org"));
}

static int read_one(const char *kind, const char *text, struct error *e)
{
	size_t len = strlen(text);
	if (strcmp(kind, "mail") == 0) {
		struct job job;
		return job_read(text, len, &job, e);
	}
	if (strcmp(kind, "delivery") == 0) {
		struct delivery_status status;
		return status_read("vestnik.delivery.accepted", 0, text, len, &status, e);
	}
	struct task task;
	int rc = task_read("application/cloudevents+json", NULL, NULL, NULL, 0, text, len, &task, e);
	task_fini(&task);
	return rc;
}

int main(int argc, char **argv)
{
	ident_init();
	if (argc == 2 && strcmp(argv[1], "write") == 0) {
		write_all();
		return 0;
	}
	char *line = malloc(LINE_MAX_BYTES);
	while (line != NULL && fgets(line, LINE_MAX_BYTES, stdin) != NULL) {
		struct error e = {0};
		char *text = strchr(line, '\t');
		line[strcspn(line, "\n")] = '\0';
		if (text == NULL)
			break;
		*text++ = '\0';
		if (read_one(line, text, &e) == 0)
			printf("taken\n");
		else
			printf("refused %s\n", e.text);
	}
	free(line);
	return 0;
}
