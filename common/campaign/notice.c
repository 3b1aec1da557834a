/* A notice is a campaign of one letter that the planner makes itself from a
 * task: the same rows, so that everything after it needs no second way. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "campaign/compile.h"
#include "campaign/draft.h"
#include "letter/mustache.h"
#include "message/task.h"

#define SLUG_PREFIX "notice-"
#define TITLE_MAX_BYTES 2048 /* a header line at its longest, and room */

static const char *lang_of(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text == 0xd0 || (unsigned char)*text == 0xd1)
			return "ru";
	return "en";
}

/* What lists and logs call it: the subject as the first recipient reads it, not with {{tags}}. The caller frees. */
static char *title_of(const struct task *task)
{
	const char *subject = task->as.notify.subject;
	struct problems problems = {0};
	struct error e = {0};
	struct buf out;
	if (strstr(subject, "{{") == NULL || task->as.notify.to_count == 0)
		return xstrdup(subject);
	struct mustache *template = mustache_compile("subject", subject, strlen(subject), MUSTACHE_HEADER, NULL, NULL, &problems);
	json_t *fields = campaign_notice_fields(&task->as.notify.to[0]);
	buf_init(&out, TITLE_MAX_BYTES);
	bool good = template != NULL && mustache_render(template, fields, &out, &e) == 0 && out.len > 0;
	char *title = good ? buf_take(&out) : xstrdup(subject);
	buf_fini(&out);
	json_decref(fields);
	mustache_free(&template);
	problems_fini(&problems);
	return title;
}

static json_t *definition_of(const struct settings *settings, const struct task *task, const char *slug, const char *title)
{
	const char *address = task->as.notify.from_address, *name = task->as.notify.from_name;
	const char *reply_to = task->as.notify.reply_to;
	if (address == NULL) {
		address = settings->sender.address;
		name = name != NULL ? name : settings->sender.name;
		reply_to = reply_to != NULL ? reply_to : settings->sender.reply_to;
	}
	json_t *from = json_object(), *d = json_object();
	folder_put(from, "name", name);
	folder_put(from, "address", address);
	folder_put(d, "slug", slug);
	folder_put(d, "title", title);
	folder_put(d, "subject", task->as.notify.subject);
	folder_put(d, "zone", settings->zone);
	folder_put(d, "lang", lang_of(task->as.notify.text));
	folder_put(d, "reply_to", reply_to);
	json_object_set_new(d, "from", from);
	json_object_set_new(d, "audience", json_object());
	json_object_set_new(d, "datasets", json_array());
	json_object_set_new(d, "contacts", json_array());
	json_object_set_new(d, "steps",
		json_pack("[{s:i,s:s,s:s}]", "step", 0, "kind", "first", "letter", "first"));
	json_object_set_new(d, "send",
		json_pack("{s:b,s:i,s:i}", "local", 0, "open_minute", 0, "close_minute", 0));
	json_object_set_new(d, "may_leave", json_false());
	json_object_set_new(d, "hold", json_false());
	json_object_set_new(d, "notice", json_true());
	if (task->as.notify.not_after_ms != TIME_NEVER_MS)
		json_object_set_new(d, "not_after_ms", json_integer(task->as.notify.not_after_ms));
	return d;
}

static int check_size(const struct settings *settings, const struct task *task, struct error *e)
{
	int64_t total = 0;
	for (size_t i = 0; i < task->as.notify.attachments_count; i++)
		total += (int64_t)task->as.notify.attachments[i].len;
	if (total <= settings->attachments_max_bytes)
		return 0;
	return error_set(e, ERROR_INPUT, "the attachments have %lld bytes in all; at most %lld",
		(long long)total, (long long)settings->attachments_max_bytes);
}

/* A task whose letter does not compile is refused, not found out by the mailer. */
static int check_letter(const struct task *task, const json_t *definition, struct error *e)
{
	size_t count = task->as.notify.attachments_count;
	struct letter_attachment *attachments = xcalloc(count + 1, sizeof *attachments);
	for (size_t i = 0; i < count; i++)
		attachments[i] =
			(struct letter_attachment){.name = task->as.notify.attachments[i].name,
				.media_type = task->as.notify.attachments[i].media_type,
				.data = task->as.notify.attachments[i].data,
				.len = task->as.notify.attachments[i].len};
	struct compile_source source = {.definition = definition,
		.file = "text",
		.markdown = task->as.notify.text,
		.markdown_len = strlen(task->as.notify.text),
		.block_html = task->as.notify.block_html,
		.block_text = task->as.notify.block_text,
		.attachments = attachments,
		.attachments_count = count,
		.notice = true};
	struct problems problems = {0};
	struct letter *letter = compile_letter(&source, &problems);
	int rc = 0;
	if (letter == NULL) {
		size_t i = 0;
		while (i < problems.count && problems.item[i].severity != PROBLEM_ERROR)
			i++;
		char *line = i == problems.count ? NULL : problem_line(&problems.item[i]);
		rc = error_set(
			e, ERROR_INPUT, "%s", line == NULL ? "the letter does not compile" : line);
		free(line);
	}
	letter_unref(&letter);
	problems_fini(&problems);
	free(attachments);
	return rc;
}

static int insert_block(struct db *tx, int64_t id, int position, const char *name, const char *text,
	struct error *e)
{
	char hash[IDENT_HASH_SIZE];
	if (text == NULL || text[0] == '\0')
		return 0;
	struct draft_file block = {.name = name,
		.media_type = position == 0 ? "text/html" : "text/plain",
		.hash = ident_hash(text, strlen(text), hash),
		.data = text,
		.len = strlen(text)};
	return draft_file(tx, id, "block", position, &block, e);
}

static int insert_files(struct db *tx, int64_t id, const struct task *task, struct error *e)
{
	char hash[IDENT_HASH_SIZE];
	const char *text = task->as.notify.text;
	struct draft_file letter = {.name = "first",
		.title = "text",
		.media_type = "text/markdown",
		.hash = ident_hash(text, strlen(text), hash),
		.data = text,
		.len = strlen(text)};
	if (draft_file(tx, id, "letter", 0, &letter, e) != 0 ||
		insert_block(tx, id, 0, "html", task->as.notify.block_html, e) != 0 ||
		insert_block(tx, id, 1, "text", task->as.notify.block_text, e) != 0)
		return -1;
	for (size_t i = 0; i < task->as.notify.attachments_count; i++) {
		const struct task_attachment *from = &task->as.notify.attachments[i];
		struct draft_file file = {.name = from->name,
			.media_type = from->media_type,
			.hash = ident_hash(from->data, from->len, hash),
			.data = from->data,
			.len = from->len};
		if (draft_file(tx, id, "attachment", (int)i, &file, e) != 0)
			return -1;
	}
	return 0;
}

int campaign_store_notice(struct db *tx, const struct settings *settings, const struct task *task,
	int64_t *id, struct error *e)
{
	char name[IDENT_SIZE], hash[IDENT_HASH_SIZE], slug[sizeof SLUG_PREFIX + IDENT_SIZE];
	snprintf(slug, sizeof slug, SLUG_PREFIX "%s", ident_new(name));
	if (task->as.notify.from_address == NULL && settings->sender.address == NULL)
		return error_set(e, ERROR_INPUT,
			"no sender: neither data.from nor the settings' sender.address");
	char *title = title_of(task);
	json_t *definition = definition_of(settings, task, slug, title);
	int rc = check_size(settings, task, e);
	if (rc == 0)
		rc = check_letter(task, definition, e);
	if (rc == 0) {
		char *content = json_dumps(definition, JSON_COMPACT | JSON_SORT_KEYS);
		ident_hash(content, strlen(content), hash);
		free(content);
		struct draft_row row = {.slug = slug,
			.kind = "notice",
			.title = title,
			.hash = hash,
			.definition = definition,
			.sender = json_string_value(
				json_object_get(json_object_get(definition, "from"), "address")),
			.state = "running",
			.priority = task->as.notify.urgent ? 0 : 1,
			.not_after_ms = task->as.notify.not_after_ms,
			.actor = task->source};
		rc = draft_insert(tx, &row, id, e);
	}
	if (rc == 0)
		rc = insert_files(tx, *id, task, e);
	json_decref(definition);
	free(title);
	return rc;
}

json_t *campaign_notice_fields(const struct task_recipient *to)
{
	json_t *fields = to->fields == NULL ? json_object() : json_copy(to->fields);
	if (json_object_get(fields, "recipient") == NULL)
		json_object_set_new(fields, "recipient",
			json_pack("{s:s,s:s}", "name", to->name == NULL ? "" : to->name, "address",
				to->address));
	return fields;
}
