/* What other producers write, in both modes of CloudEvents: taken as meant, or refused with a text
 * that says what would be right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "message/task.h"

#define JSON "application/json"
#define PAUSE "vestnik.task.campaign.pause"
#define DATA "{\"campaign\":\"demo\"}"
#define EVENT(rest) "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/app\",\"type\":\"" PAUSE "\"" rest "}"

/* Every byte stands at the end of what was allocated, so that a reader that goes on is caught. */
static int read_record(const char *content_type, const char *source, const char *id, const char *type,
	const void *data, size_t len, struct task *task, struct error *e)
{
	void *copy = xmemdup(len == 0 ? "" : data, len);
	*e = (struct error){0};
	int rc = task_read(content_type, source, id, type, 77, copy, len, task, e);
	free(copy);
	return rc;
}

static void check_refused(const char *what, int rc, const struct error *e, const char *want)
{
	if (want == NULL && rc != 0)
		fail_msg("%s: got \"%s\", want it taken", what, e->text);
	if (want != NULL && rc == 0)
		fail_msg("%s: was taken, want \"%s\"", what, want);
	if (want != NULL && (e->code != ERROR_INPUT || e->retriable || strstr(e->text, want) == NULL))
		fail_msg("%s: got %s \"%s\", want \"%s\"", what, error_code_name(e->code), e->text, want);
}

/* ---- content types ------------------------------------------------------------------ */

static void the_content_type_decides_the_mode(void **state)
{
	(void)state;
	static const struct {
		const char *type;
		bool structured; /* else binary */
		const char *refused;
	} rows[] = {
		{"application/cloudevents+json", true, NULL},
		{"application/cloudevents+json; charset=UTF-8", true, NULL},
		{"application/cloudevents+json;charset=utf-8", true, NULL},
		{"Application/CloudEvents+JSON", true, NULL},
		{"  application/cloudevents+json ", true, NULL},
		{NULL, false, NULL},
		{"", false, NULL},
		{"application/json", false, NULL},
		{"application/json; charset=utf-8", false, NULL},
		{"APPLICATION/JSON", false, NULL},
		{"text/json", false, NULL},
		{"application/vnd.contest+json", false, NULL},
		{"application/cloudevents-batch+json", false, "a batch of CloudEvents is not understood"},
		{"application/CloudEvents-Batch+json; charset=utf-8", false, "write each task as a message"},
		{"application/cloudevents+avro", false, "use application/cloudevents+json, or application/json"},
		{"application/cloudevents", false, "is not understood"},
		{"application/cloudevents+jsonx", false, "is not understood"},
		{"application/cloudevents+xml", false, "is not understood"},
		{"application/jsonx", false, "content type \"application/jsonx\" is not understood"},
		{"text/plain", false, "is not understood"},
		{"application/octet-stream", false, "is not understood"},
		{"json", false, "is not understood"},
		{"+json", false, "is not understood"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char *name = rows[i].type == NULL ? "(none)" : rows[i].type;
		const char *structured = EVENT(",\"data\":" DATA);
		struct task task;
		struct error e;
		int rc = rows[i].structured
			? read_record(rows[i].type, NULL, NULL, NULL, structured, strlen(structured), &task, &e)
			: read_record(rows[i].type, "/app", "1", PAUSE, DATA, strlen(DATA), &task, &e);
		check_refused(name, rc, &e, rows[i].refused);
		if (rc == 0) {
			assert_string_equal(task.source, "/app");
			assert_string_equal(task.id, "1");
			assert_int_equal(task.type, TASK_CAMPAIGN_PAUSE);
			assert_string_equal(task.as.campaign.slug, "demo");
			assert_int_equal(task.time_ms, 77);
		}
		task_fini(&task);
	}
}

/* ---- structured mode ------------------------------------------------------------------ */

static void structured_events_are_taken_or_told_why_not(void **state)
{
	(void)state;
	static const struct {
		const char *data, *want; /* NULL: taken */
	} rows[] = {
		{EVENT(",\"data\":" DATA), NULL},
		{" \r\n" EVENT(",\"data\":" DATA) "\n", NULL},
		/* what the specification lets others add */
		{EVENT(",\"data\":" DATA ",\"subject\":\"x\",\"dataschema\":\"urn:x\",\"traceparent\":\"00-1\""
		       ",\"number\":7,\"datacontenttype\":\"application/json; charset=utf-8\""), NULL},
		{EVENT(",\"data\":" DATA ",\"time\":null"), NULL},
		{EVENT(",\"data\":" DATA ",\"time\":\"2023-05-30T18:00:00Z\""), NULL},
		{EVENT(",\"data\":" DATA ",\"time\":\"2023-05-30T18:00:00.123456789+03:00\""), NULL},
		{EVENT(",\"data\":" DATA ",\"time\":\"2023-05-30t18:00:00z\""), NULL},
		{EVENT(",\"data\":" DATA ",\"time\":\"2023-05-30\""), "time should be RFC 3339"},
		{EVENT(",\"data\":" DATA ",\"time\":\"2023-05-30T18:00:00\""), "time should be RFC 3339"},
		{EVENT(",\"data\":" DATA ",\"time\":\"30.05.2023 18:00\""), "time should be RFC 3339"},
		{EVENT(",\"data\":" DATA ",\"time\":\"2023-02-30T18:00:00Z\""), "time should be RFC 3339"},
		{EVENT(",\"data\":" DATA ",\"time\":\"\""), "time should be RFC 3339"},
		{EVENT(",\"data\":" DATA ",\"time\":1685458800"), "attribute time should be a string"},
		/* versions */
		{"{\"id\":\"1\",\"source\":\"/app\",\"type\":\"" PAUSE "\",\"data\":" DATA "}", "specversion should be \"1.0\""},
		{"{\"specversion\":\"0.3\",\"id\":\"1\",\"source\":\"/app\",\"type\":\"" PAUSE "\",\"data\":" DATA "}",
			"specversion should be \"1.0\""},
		{"{\"specversion\":\"1\",\"id\":\"1\",\"source\":\"/app\",\"type\":\"" PAUSE "\",\"data\":" DATA "}",
			"specversion should be \"1.0\""},
		{"{\"specversion\":1.0,\"id\":\"1\",\"source\":\"/app\",\"type\":\"" PAUSE "\",\"data\":" DATA "}",
			"specversion should be a string"},
		{"{\"SpecVersion\":\"1.0\",\"id\":\"1\",\"source\":\"/app\",\"type\":\"" PAUSE "\",\"data\":" DATA "}",
			"specversion should be \"1.0\""},
		/* attributes */
		{"{\"specversion\":\"1.0\",\"source\":\"/app\",\"type\":\"" PAUSE "\",\"data\":" DATA "}", "attribute id is missing"},
		{"{\"specversion\":\"1.0\",\"id\":7,\"source\":\"/app\",\"type\":\"" PAUSE "\",\"data\":" DATA "}",
			"attribute id should be a string"},
		{"{\"specversion\":\"1.0\",\"id\":\"\",\"source\":\"/app\",\"type\":\"" PAUSE "\",\"data\":" DATA "}",
			"attribute id is missing"},
		{"{\"specversion\":\"1.0\",\"id\":\"1\",\"type\":\"" PAUSE "\",\"data\":" DATA "}", "attribute source is missing"},
		{"{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/a\\nb\",\"type\":\"" PAUSE "\",\"data\":" DATA "}",
			"attribute source should be one line"},
		{"{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/a\\u0000b\",\"type\":\"" PAUSE "\",\"data\":" DATA "}",
			"bad JSON at line 1, column "},
		{"{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/app\",\"data\":" DATA "}", "attribute type is missing"},
		{"{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/app\",\"type\":null,\"data\":" DATA "}",
			"attribute type is missing"},
		{"{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/app\",\"type\":\"vestnik.task.fly\",\"data\":{}}",
			"unknown task type \"vestnik.task.fly\"; known: vestnik.task.campaign.launch"},
		{"{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/app\",\"type\":\"VESTNIK.TASK.NOTIFY\",\"data\":{}}",
			"unknown task type"},
		/* data */
		{EVENT(""), "data should be a JSON object"},
		{EVENT(",\"data\":null"), "data should be a JSON object"},
		{EVENT(",\"data\":[" DATA "]"), "data should be a JSON object"},
		{EVENT(",\"data\":\"{\\\"campaign\\\":\\\"demo\\\"}\""), "data should be a JSON object"},
		{EVENT(",\"data\":7"), "data should be a JSON object"},
		{EVENT(",\"data_base64\":\"eyJjYW1wYWlnbiI6ImRlbW8ifQ==\""), "data_base64 is for bytes"},
		{EVENT(",\"data\":" DATA ",\"data_base64\":\"\""), "data_base64 is for bytes"},
		{EVENT(",\"data\":{}"), "data.campaign is missing"},
		{EVENT(",\"data\":{\"campaign\":\"Demo\"}"), "data.campaign should be a campaign's id"},
		{EVENT(",\"data\":{\"campaign\":\"demo\",\"reason\":\"a\\nb\"}"), "data.reason should be one line"},
		{EVENT(",\"data\":{\"campaign\":\"demo\",\"now\":true}"), "unknown member \"now\""},
		/* no JSON */
		{"", "the task is empty"},
		{" ", "bad JSON at line 1, column "},
		{"{", "bad JSON at line 1, column "},
		{"null", "bad JSON at line 1"},
		{"[]", "a task should be a JSON object"},
		{"[" EVENT(",\"data\":" DATA) "]", "a task should be a JSON object"},
		{EVENT(",\"data\":" DATA) EVENT(",\"data\":" DATA), "end of file expected"},
		{"\xef\xbb\xbf" EVENT(",\"data\":" DATA), "bad JSON at line 1, column "},
		{EVENT(",\"data\":{\"campaign\":\"d\xff\"}"), "bad JSON at line 1, column "},
		{EVENT(",\"data\":{\"campaign\":\"\xed\xa0\x80\"}"), "bad JSON at line 1, column "},
		{EVENT(",\"data\":" DATA ",\"id\":\"2\""), "duplicate object key"},
		{EVENT(",\"data\":{\"campaign\":\"demo\",\"campaign\":\"other\"}"), "duplicate object key"},
		{EVENT(",\"data\":" DATA ",\"huge\":1e999"), "real number overflow"},
		{EVENT(",\"data\":" DATA ",\"huge\":99999999999999999999"), "too big integer"},
		{EVENT(",\"data\":" DATA ",\"x\":NaN"), "bad JSON at line 1"},
		{EVENT(",\"data\":" DATA ",}"), "bad JSON at line 1"},
		{EVENT(",'data':" DATA), "bad JSON at line 1"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct task task;
		struct error e;
		int rc = read_record(TASK_STRUCTURED, NULL, NULL, NULL, rows[i].data, strlen(rows[i].data), &task, &e);
		check_refused(rows[i].data, rc, &e, rows[i].want);
		task_fini(&task);
	}
}

/* Headers of a structured message are none of the event's business. */
static void the_event_wins_over_the_headers(void **state)
{
	(void)state;
	struct task task;
	struct error e;
	const char *text = EVENT(",\"time\":\"1970-01-01T00:00:01Z\",\"data\":" DATA);
	int rc = read_record(TASK_STRUCTURED, "/other", "9", "vestnik.task.notify", text, strlen(text), &task, &e);
	check_refused(text, rc, &e, NULL);
	assert_string_equal(task.source, "/app");
	assert_string_equal(task.id, "1");
	assert_int_equal(task.type, TASK_CAMPAIGN_PAUSE);
	assert_int_equal(task.time_ms, 1000);
	task_fini(&task);
	assert_int_equal(task_check_headers(TASK_STRUCTURED, "{\"ce_specversion\":\"0.3\"}", &e), 0);
}

/* ---- binary mode ------------------------------------------------------------------------ */

static void binary_events_are_taken_or_told_why_not(void **state)
{
	(void)state;
	static char long_id[258];
	memset(long_id, 'x', sizeof long_id - 1);
	const struct {
		const char *source, *id, *type, *data, *want;
	} rows[] = {
		{"/app", "1", PAUSE, DATA, NULL},
		{"урн:реестр", "заявка-7", PAUSE, DATA, NULL},
		{"/app", long_id + 1, PAUSE, DATA, NULL},
		{"/app", long_id, PAUSE, DATA, "attribute id should be one line of at most 256 bytes"},
		{NULL, "1", PAUSE, DATA, "attribute source is missing"},
		{"", "1", PAUSE, DATA, "attribute source is missing"},
		{"/app", NULL, PAUSE, DATA, "attribute id is missing"},
		{"/app", "1", NULL, DATA, "attribute type is missing"},
		{"/app", "1", "", DATA, "attribute type is missing"},
		{"/app", "1", "notify", DATA, "unknown task type \"notify\""},
		{"/a\xff", "1", PAUSE, DATA, "attribute source should be one line"},
		{"/app", "1\r", PAUSE, DATA, "attribute id should be one line"},
		{"/app", "1", PAUSE, "", "the task is empty"},
		{"/app", "1", PAUSE, "[]", "a task should be a JSON object"},
		{"/app", "1", PAUSE, "\"demo\"", "bad JSON at line 1"},
		{"/app", "1", PAUSE, "{}", "data.campaign is missing"},
		{NULL, NULL, NULL, DATA, "attribute source is missing"},
		{NULL, NULL, NULL, EVENT(",\"data\":" DATA), "structured mode: it needs the header content-type"},
		/* a whole event as data: not an envelope in an envelope */
		{"/app", "1", PAUSE, EVENT(",\"data\":" DATA), "unknown member"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct task task;
		struct error e;
		int rc = read_record(JSON, rows[i].source, rows[i].id, rows[i].type, rows[i].data,
			strlen(rows[i].data), &task, &e);
		check_refused(rows[i].data, rc, &e, rows[i].want);
		task_fini(&task);
	}
}

static void headers_say_what_the_attributes_could_not(void **state)
{
	(void)state;
	static const struct {
		const char *headers, *want;
	} rows[] = {
		{NULL, NULL},
		{"{}", NULL},
		{"{\"traceparent\":\"00-1\",\"ce_subject\":\"x\",\"replayed\":\"0:7\"}", NULL},
		{"{\"ce_specversion\":\"1.0\"}", NULL},
		{"{\"ce_specversion\":\"\"}", "the header ce_specversion is missing; it should be 1.0"},
		{"{\"ce_specversion\":\"0.3\"}", "ce_specversion should be 1.0, not \"0.3\""},
		{"{\"ce_specversion\":\"1.0\\n\"}", "ce_specversion should be 1.0"},
		{"{\"ce_time\":\"yesterday\"}", "the header ce_time should be RFC 3339"},
		{"not JSON", NULL}, /* the bus's own text: nothing to blame the producer for */
		{"[]", NULL},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct error e = {0};
		int rc = task_check_headers(JSON, rows[i].headers, &e);
		check_refused(rows[i].headers == NULL ? "(none)" : rows[i].headers, rc, &e, rows[i].want);
	}
}

/* ---- big ones ------------------------------------------------------------------------------ */

static int read_nested(int depth, struct error *e)
{
	static const char head[] = "{\"subject\":\"s\",\"text\":\"t\",\"to\":{\"address\":\"a@example.org\",\"fields\":{\"x\":";
	char *text = xmalloc(sizeof head + (size_t)depth * 2 + 8);
	char *end = stpcpy(text, head);
	memset(end, '[', (size_t)depth);
	memset(end + depth, ']', (size_t)depth);
	size_t len = (size_t)(stpcpy(end + 2 * depth, "}}}") - text);
	struct task task;
	int rc = read_record(JSON, "/app", "1", "vestnik.task.notify", text, len, &task, e);
	task_fini(&task);
	free(text);
	return rc;
}

static void deep_nesting_ends_somewhere(void **state)
{
	(void)state;
	struct error e;
	check_refused("10 levels", read_nested(10, &e), &e, NULL);
	check_refused("100000 levels", read_nested(100000, &e), &e, "maximum parsing depth reached");
	check_refused("500000 levels", read_nested(500000, &e), &e, "maximum parsing depth reached");
}

static json_t *notify(size_t recipients, size_t text_bytes)
{
	char *text = xmalloc(text_bytes + 1);
	memset(text, 'x', text_bytes);
	text[text_bytes] = '\0';
	json_t *to = json_array();
	for (size_t i = 0; i < recipients; i++)
		json_array_append_new(to, json_pack("{s:s}", "address", "school@example.org"));
	json_t *data = json_pack("{s:s, s:s, s:o}", "subject", "s", "text", text, "to", to);
	free(text);
	return data;
}

static void a_notice_has_limits(void **state)
{
	(void)state;
	static const struct {
		size_t recipients, text;
		const char *want;
	} rows[] = {{1, 1, NULL}, {1000, 65536, NULL}, {1001, 1, "1001 recipients; at most 1000: make a campaign"},
		{0, 1, "data.to should be a list"}, {1, 65537, "data.text should be Markdown of 1 to 65536 bytes"}};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		json_t *data = notify(rows[i].recipients, rows[i].text);
		char *text = json_dumps(data, JSON_COMPACT), what[64];
		struct task task;
		struct error e;
		snprintf(what, sizeof what, "%zu recipients, %zu bytes", rows[i].recipients, rows[i].text);
		int rc = read_record(JSON, "/app", "1", "vestnik.task.notify", text, strlen(text), &task, &e);
		check_refused(what, rc, &e, rows[i].want);
		if (rc == 0)
			assert_int_equal(task.as.notify.to_count, rows[i].recipients);
		task_fini(&task);
		json_decref(data);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_content_type_decides_the_mode),
		cmocka_unit_test(structured_events_are_taken_or_told_why_not),
		cmocka_unit_test(the_event_wins_over_the_headers),
		cmocka_unit_test(binary_events_are_taken_or_told_why_not),
		cmocka_unit_test(headers_say_what_the_attributes_could_not),
		cmocka_unit_test(deep_nesting_ends_somewhere),
		cmocka_unit_test(a_notice_has_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
