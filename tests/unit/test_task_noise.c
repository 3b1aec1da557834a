/* Tasks as nobody writes them: whatever the bytes, task_read returns, what it takes has passed every
 * gate, and what it refuses has a text that can be stored and published. Random, with a printed
 * seed; $VESTNIK_TEST_SEED repeats a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/gate.h"
#include "base/xalloc.h"
#include "message/task.h"
#include "support/scratch.h"

#define BYTE_ROUNDS 30000
#define VALUE_ROUNDS 20000
#define TASK_MAX_BYTES 8192

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define EVENT(type, data) \
	"{\"specversion\":\"1.0\",\"id\":\"заявка-1\",\"source\":\"/app\",\"type\":\"vestnik.task." type "\"," \
	"\"time\":\"2023-05-30T18:00:00.5+03:00\",\"datacontenttype\":\"application/json\",\"data\":" data "}"

static const char *const seeds[] = {
	EVENT("campaign.launch", "{\"campaign\":\"demo\",\"content_hash\":\"" HASH "\"}"),
	EVENT("campaign.pause", "{\"campaign\":\"demo\",\"reason\":\"ждём подписи\"}"),
	EVENT("campaign.retry", "{\"campaign\":\"demo\",\"state\":\"failed\"}"),
	EVENT("campaign.postpone", "{\"campaign\":\"demo\",\"deadline\":\"2023-06-06 18:00\",\"round\":2,\"tell\":true}"),
	EVENT("campaign.correct", "{\"campaign\":\"demo\",\"content_hash\":\"" HASH "\"}"),
	EVENT("campaign.recall", "{\"campaign\":\"demo\",\"reason\":\"a mistake\"}"),
	EVENT("recipient.readdress", "{\"recipient\":\"s1\",\"address\":\"a@example.org\",\"role\":\"head\"}"),
	EVENT("notify",
		"{\"subject\":\"Заявка {{number}}\",\"text\":\"# Да\\n\\nПринята.\",\"urgent\":false,"
		"\"from\":{\"address\":\"a@example.org\",\"name\":\"Имя\"},\"reply_to\":\"b@пример.test\","
		"\"not_after\":\"2023-05-30T18:00:00Z\",\"to\":[{\"address\":\"c@example.org\",\"name\":\"Школа\","
		"\"fields\":{\"number\":\"1841\",\"deep\":{\"x\":[1,2.5,null,true]}}},{\"address\":\"d@example.org\"}],"
		"\"attachments\":[{\"name\":\"a.pdf\",\"media_type\":\"application/pdf\",\"data_base64\":\"JVBERi0x\"}]}"),
};

/* ---- what must hold ------------------------------------------------------------------- */

static bool line(const char *text, size_t max)
{
	return text == NULL || (text[0] != '\0' && strlen(text) <= max && gate_header(text, strlen(text)));
}

static bool address(const char *text)
{
	char again[GATE_ADDRESS_MAX + 1];
	struct error e;
	return gate_address(text, again, &e) == 0 && strcmp(text, again) == 0;
}

static const char *notify_fault(const struct task *task)
{
	if (!line(task->as.notify.subject, 500) || task->as.notify.subject == NULL)
		return "subject";
	if (task->as.notify.text == NULL || !gate_utf8(task->as.notify.text, strlen(task->as.notify.text)))
		return "text";
	if ((task->as.notify.from_address != NULL && !address(task->as.notify.from_address)) ||
		(task->as.notify.reply_to != NULL && !address(task->as.notify.reply_to)))
		return "sender";
	if (!line(task->as.notify.from_name, 300))
		return "from.name";
	if (task->as.notify.to_count == 0 || task->as.notify.to_count > TASK_NOTIFY_RECIPIENTS_MAX)
		return "to";
	for (size_t i = 0; i < task->as.notify.to_count; i++) {
		const struct task_recipient *to = &task->as.notify.to[i];
		if (!address(to->address) || !line(to->name, 300) ||
			(to->fields != NULL && !json_is_object(to->fields)))
			return "a recipient";
	}
	for (size_t i = 0; i < task->as.notify.attachments_count; i++)
		if (!gate_file_name(task->as.notify.attachments[i].name) ||
			!line(task->as.notify.attachments[i].media_type, 100) ||
			task->as.notify.attachments[i].len == 0)
			return "an attachment";
	return NULL;
}

static const char *campaign_fault(const struct task *task)
{
	const char *hash = task->as.campaign.content_hash, *state = task->as.campaign.state;
	if (task->as.campaign.slug == NULL || !gate_slug(task->as.campaign.slug))
		return "campaign";
	bool hashed = task->type == TASK_CAMPAIGN_LAUNCH || task->type == TASK_CAMPAIGN_CORRECT;
	if (hashed != (hash != NULL) ||
		(hash != NULL && (strlen(hash) != 64 || strspn(hash, "0123456789abcdef") != 64)))
		return "content_hash";
	if ((task->type == TASK_CAMPAIGN_RETRY) != (state != NULL) || !line(state, 20))
		return "state";
	if ((task->type == TASK_CAMPAIGN_STAGE) != (task->as.campaign.at != NULL && task->as.campaign.round > 0) ||
		!line(task->as.campaign.at, 16) || !line(task->as.campaign.deadline, 16))
		return "stage";
	if ((task->type == TASK_CAMPAIGN_POSTPONE && task->as.campaign.deadline == NULL) || task->as.campaign.round < 0)
		return "postpone";
	if (task->type == TASK_CAMPAIGN_RECALL && task->as.campaign.reason == NULL)
		return "recall";
	return line(task->as.campaign.reason, 400) ? NULL : "reason";
}

static const char *recipient_fault(const struct task *task)
{
	const char *key = task->as.recipient.key;
	if (key == NULL || !line(key, 300) || !line(task->as.recipient.role, 300))
		return "recipient";
	return task->as.recipient.address != NULL && address(task->as.recipient.address) ? NULL : "address";
}

static int taken, refused;

static void check_one(const char *content_type, const char *source, const char *id, const char *type,
	const char *text, size_t len)
{
	/* behind the last byte is nothing: the address sanitizer sees who looks there */
	char *exact = len == 0 ? NULL : xmemdup(text, len);
	struct task task;
	struct error e = {0};
	int rc = task_read(content_type, source, id, type, 0, exact, len, &task, &e);
	const char *fault = NULL;
	if (rc == 0) {
		taken++;
		if (!line(task.source, 256) || task.source == NULL || !line(task.id, 256) || task.id == NULL)
			fault = "source or id";
		else
			fault = task.type == TASK_NOTIFY		? notify_fault(&task)
				: task.type == TASK_RECIPIENT_READDRESS ? recipient_fault(&task)
									: campaign_fault(&task);
	} else {
		refused++;
		if (e.code != ERROR_INPUT || e.retriable || e.text[0] == '\0' ||
			!gate_utf8(e.text, strlen(e.text)))
			fault = "the text of its refusal";
	}
	task_fini(&task);
	task_fini(&task); /* and again does nothing */
	free(exact);
	if (fault != NULL)
		fail_msg("%.*s\n%s: wrong is %s (%s)", (int)len, text, rc == 0 ? "taken" : "refused", fault, e.text);
}

/* ---- bytes ------------------------------------------------------------------------------ */

static size_t damage(char *data, size_t len)
{
	static const char telling[] = "\"\"\\{}[]:,.-e0\n\0\xd0\xff\xe2u";
	for (unsigned n = 1 + scratch_random() % 6; n > 0 && len > 1; n--) {
		size_t at = scratch_random() % len, part = scratch_random() % (len - at);
		switch (scratch_random() % 5) {
		case 0:
			data[at] = (char)scratch_random();
			break;
		case 1:
			data[at] = telling[scratch_random() % (sizeof telling - 1)];
			break;
		case 2: /* a piece goes */
			memmove(data + at, data + at + part, len - at - part);
			len -= part;
			break;
		case 3: /* a piece comes twice */
			if (len + part <= TASK_MAX_BYTES) {
				memmove(data + at + part, data + at, len - at);
				len += part;
			}
			break;
		default:
			len -= scratch_random() % 4 == 0 ? part : 0;
		}
	}
	return len;
}

static const char *some_content_type(void)
{
	static const char *const types[] = {TASK_STRUCTURED, TASK_STRUCTURED, "application/json", NULL,
		"application/cloudevents-batch+json", "Application/CloudEvents+json;charset=utf-8", ";", "text/plain"};
	return types[scratch_random() % (sizeof types / sizeof types[0])];
}

static void damaged_bytes_are_survived(void **state)
{
	static char data[TASK_MAX_BYTES];
	(void)state;
	for (int i = 0; i < BYTE_ROUNDS; i++) {
		const char *seed = seeds[scratch_random() % (sizeof seeds / sizeof seeds[0])];
		size_t len = strlen(seed);
		memcpy(data, seed, len);
		check_one(some_content_type(), "/app", "1", "vestnik.task.notify", data, damage(data, len));
	}
}

/* ---- values: right JSON, wrong content --------------------------------------------------- */

static json_t *some_value(void)
{
	static const char *const texts[] = {"", "x", "\x7f", "a\r\nBcc: b@example.org", "\xe2\x80\xa8",
		"a@example.org", "a@b@c", "<a@example.org>", "../../etc/passwd", "vestnik.task.notify", "demo", "-",
		"JVBERi0x", "====", "2023-05-30T18:00:00Z", "{{#a}}{{/b}}", "\xd1\x8f\xd1\x8f", HASH, "1.0", "failed"};
	switch (scratch_random() % 8) {
	case 0:
		return json_null();
	case 1:
		return json_boolean(scratch_random() % 2);
	case 2:
		return json_integer((json_int_t)((uint64_t)scratch_random() << 32));
	case 3:
		return json_real(1e300);
	case 4:
		return scratch_random() % 2 ? json_array() : json_pack("[[[{}]]]");
	case 5: {
		/* long, and at an odd place, so that a limit cuts a character */
		char big[1400];
		size_t n = scratch_random() % 690, at = scratch_random() % 2;
		big[0] = 'a';
		for (size_t i = 0; i < n; i++, at += 2)
			memcpy(big + at, "ж", 2);
		return json_stringn(big, at);
	}
	case 6:
		return json_pack("{s:s}", "address", "a@example.org");
	default:
		return json_string(texts[scratch_random() % (sizeof texts / sizeof texts[0])]);
	}
}

/* Replaces, removes or adds a member somewhere below. */
static void change(json_t *at, int depth)
{
	const char *chosen = NULL, *name;
	json_t *value;
	size_t n = 0;
	if (json_is_array(at) && json_array_size(at) > 0) {
		size_t i = scratch_random() % json_array_size(at);
		if (depth > 0 && scratch_random() % 3 != 0)
			change(json_array_get(at, i), depth - 1);
		else
			json_array_set_new(at, i, some_value());
		return;
	}
	if (!json_is_object(at))
		return;
	json_object_foreach(at, name, value)
		if (scratch_random() % ++n == 0)
			chosen = name;
	if (chosen == NULL)
		return;
	value = json_object_get(at, chosen);
	unsigned what = scratch_random() % 8;
	if (depth > 0 && what < 5 && (json_is_object(value) || json_is_array(value))) {
		change(value, depth - 1);
	} else if (what == 5) {
		json_object_del(at, chosen);
	} else if (what == 6) {
		json_t *odd = some_value();
		json_object_set_new(at, json_is_string(odd) ? json_string_value(odd) : "odd", some_value());
		json_decref(odd);
	} else {
		json_object_set_new(at, chosen, some_value());
	}
}

static void wrong_values_are_refused_or_harmless(void **state)
{
	(void)state;
	taken = refused = 0;
	for (int i = 0; i < VALUE_ROUNDS; i++) {
		json_t *event = json_loads(seeds[scratch_random() % (sizeof seeds / sizeof seeds[0])], 0, NULL);
		assert_non_null(event);
		for (unsigned n = 1 + scratch_random() % 2; n > 0; n--)
			change(event, 4);
		bool binary = scratch_random() % 4 == 0;
		const json_t *sent = binary ? json_object_get(event, "data") : event;
		char *text = sent == NULL ? NULL : json_dumps(sent, JSON_COMPACT | JSON_ENCODE_ANY);
		if (text != NULL)
			check_one(binary ? NULL : TASK_STRUCTURED,
				json_string_value(json_object_get(event, "source")),
				json_string_value(json_object_get(event, "id")),
				json_string_value(json_object_get(event, "type")), text, strlen(text));
		free(text);
		json_decref(event);
	}
	/* else it would not have looked at what is behind the first gate */
	if (taken < VALUE_ROUNDS / 20 || refused < VALUE_ROUNDS / 20)
		fail_msg("%d taken, %d refused: the changes are too tame or too wild", taken, refused);
}

/* ---- headers ------------------------------------------------------------------------------- */

static void damaged_headers_are_survived(void **state)
{
	static const char seed[] = "{\"ce_specversion\":\"0.3\",\"ce_time\":\"x\",\"traceparent\":\"00-1\"}";
	static char data[TASK_MAX_BYTES + 1];
	(void)state;
	for (int i = 0; i < 5000; i++) {
		memcpy(data, seed, sizeof seed);
		data[damage(data, sizeof seed - 1)] = '\0';
		char *exact = xstrdup(data);
		struct error e = {0};
		int rc = task_check_headers(some_content_type(), exact, &e);
		if (rc != 0 && (e.code != ERROR_INPUT || !gate_utf8(e.text, strlen(e.text))))
			fail_msg("%s: %s", exact, e.text);
		free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(damaged_bytes_are_survived),
		cmocka_unit_test(wrong_values_are_refused_or_harmless),
		cmocka_unit_test(damaged_headers_are_survived),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
