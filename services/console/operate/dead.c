/* /dead: messages that could not be processed. Their contents come from anywhere: shown cut, as text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "console/operate/operate.h"
#include "control/dead.h"

#define ON_A_PAGE 50
#define SHOWN_MAX_BYTES (16 * 1024)
#define REASON_MAX_BYTES 600
#define WORD_MAX_BYTES 200
/* Replayed in one transaction: a task may be a megabyte long. */
#define REPLAY_BATCH 20

enum fate { OPEN, REPLAYED, DROPPED, ANY };
static const struct {
	const char *name, *en, *ru;
} fates[] = {[OPEN] = {"open", "waiting for a decision", "ждут решения"},
	[REPLAYED] = {"replayed", "processed again", "обработаны заново"},
	[DROPPED] = {"dropped", "dropped", "отброшены"}, [ANY] = {"any", "all", "все"}};
#define FATES (sizeof fates / sizeof fates[0])

struct wish {
	enum fate fate;
	const char *topic, *by; /* NULL = any */
};

static enum fate fate_of(const struct dead *d)
{
	return d->dropped_ms != 0 ? DROPPED : d->replayed_ms != 0 ? REPLAYED : OPEN;
}

static const char *given(const char *value)
{
	return value == NULL || value[0] == '\0' ? NULL : value;
}

static struct wish wish_of(const char *fate, const char *topic, const char *by)
{
	struct wish wish = {OPEN, given(topic), given(by)};
	for (size_t i = 0; fate != NULL && i < FATES; i++)
		if (strcmp(fates[i].name, fate) == 0)
			wish.fate = (enum fate)i;
	return wish;
}

static bool fits(const struct dead *d, const struct wish *wish)
{
	return (wish->fate == ANY || fate_of(d) == wish->fate) &&
		(wish->topic == NULL || (d->topic != NULL && strcmp(d->topic, wish->topic) == 0)) &&
		(wish->by == NULL || (d->by != NULL && strcmp(d->by, wish->by) == 0));
}

/* ---- as data ------------------------------------------------------------------------------ */

static json_t *when_of(const struct visit *visit, const struct dead *d)
{
	int64_t ms;
	return d->when != NULL && clock_parse_rfc3339(d->when, &ms) == 0 ? show_moment(visit, ms)
									: show_line(d->when, WORD_MAX_BYTES);
}

static json_t *dead_json(const struct visit *visit, const struct dead *d)
{
	static const char *const badges[] = {[OPEN] = "bad", [REPLAYED] = "good", [DROPPED] = "quiet"};
	static const char *const words[][2] = {[OPEN] = {"waits", "ждёт решения"}, [REPLAYED] = {"processed again", "обработано заново"},
		[DROPPED] = {"dropped", "отброшено"}};
	char id[DEAD_ID_SIZE];
	enum fate fate = fate_of(d);
	json_t *out = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:s, s:s, s:b, s:b}", "id", dead_id(d, id), "when", when_of(visit, d),
		"topic", show_line(d->topic, WORD_MAX_BYTES), "by", d->by != NULL ? show_line(service_word(d->by), WORD_MAX_BYTES) : json_null(),
		"type", show_line(d->type, WORD_MAX_BYTES), "reason", show_line(d->reason, REASON_MAX_BYTES), "badge",
		badges[fate], "state", tr(words[fate][0], words[fate][1]), "open", fate == OPEN, "replayable", d->topic != NULL);
	json_object_set_new(out, "replayed", show_moment(visit, d->replayed_ms));
	json_object_set_new(out, "dropped", show_moment(visit, d->dropped_ms));
	json_object_set_new(out, "dropped_why", show_line(d->dropped_why, REASON_MAX_BYTES));
	return out;
}

/* ---- the list ----------------------------------------------------------------------------- */

/* Names that occur, each once, as options of a <select>. */
static json_t *options(const struct dead_list *list, bool topics, const char *chosen)
{
	json_t *seen = json_object(), *out = json_array();
	for (size_t i = 0; i < list->count; i++) {
		const char *value = topics ? list->item[i].topic : list->item[i].by;
		if (value == NULL || json_object_get(seen, value) != NULL || json_array_size(out) == 50)
			continue;
		json_object_set_new(seen, value, json_true());
		json_array_append_new(out,
			json_pack("{s:s, s:s, s:b}", "value", value, "name", topics ? value : service_word(value), "chosen",
				chosen != NULL && strcmp(chosen, value) == 0));
	}
	json_decref(seen);
	return out;
}

/* Newest first, from the place ?after= names. */
static json_t *rows_of(struct visit *visit, const struct dead_list *list, const struct wish *wish, json_t **next)
{
	int64_t at[2];
	bool passed = !page_after(visit, at, 2);
	json_t *rows = json_array();
	*next = json_null();
	const struct dead *last = NULL;
	for (size_t i = list->count; i-- > 0;) {
		const struct dead *d = &list->item[i];
		if (!passed) {
			passed = d->partition == at[0] && d->offset == at[1];
			continue;
		}
		if (!fits(d, wish))
			continue;
		if (json_array_size(rows) == ON_A_PAGE) {
			json_decref(*next);
			*next = page_next(visit, (int64_t[]){last->partition, last->offset}, 2);
			break;
		}
		json_array_append_new(rows, dead_json(visit, d));
		last = d;
	}
	return rows;
}

void page_dead(struct visit *visit)
{
	struct error e = {0};
	struct dead_list list;
	struct wish wish = wish_of(web_query(visit->request, "state"), web_query(visit->request, "topic"),
		web_query(visit->request, "by"));
	if (dead_list_read(visit->console->bus, DEAD_LOOK_MOST, 0, &list, &e) != 0) {
		dead_list_fini(&list);
		console_error(visit, &e);
		return;
	}
	struct wish waiting = {OPEN, wish.topic, wish.by};
	size_t open = 0;
	for (size_t i = 0; i < list.count; i++)
		open += fits(&list.item[i], &waiting);
	json_t *states = json_array(), *next;
	for (size_t i = 0; i < FATES; i++)
		json_array_append_new(states,
			json_pack("{s:s, s:s, s:b}", "value", fates[i].name, "name", tr(fates[i].en, fates[i].ru), "chosen",
				wish.fate == (enum fate)i));
	json_t *rows = rows_of(visit, &list, &wish, &next);
	json_t *data = json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:b, s:b, s:o, s:o, s:b}", "title",
		tr("Refused messages", "Отклонённые сообщения"), "here", "dead", "states", states, "topics",
		options(&list, true, wish.topic), "readers", options(&list, false, wish.by), "next", next, "any",
		json_array_size(rows) > 0, "ever", list.count > 0, "rows", rows, "open", show_number((int64_t)open), "may_all",
		visit_may(visit, RIGHT_OPERATE) && open > 1);
	json_object_set_new(data, "topic", show_text(wish.topic));
	json_object_set_new(data, "by", show_text(wish.by));
	json_object_set_new(data, "more", list.passed > 0 ? show_number((int64_t)list.passed) : json_null());
	dead_list_fini(&list);
	console_page(visit, 200, "dead_list", data);
}

/* ---- one ------------------------------------------------------------------------------------ */

static bool parse_id(const char *id, int32_t *partition, int64_t *offset)
{
	char text[DEAD_ID_SIZE];
	long long p = 0, o;
	snprintf(text, sizeof text, "%s", id);
	char *colon = strchr(text, ':');
	if (colon != NULL)
		*colon = '\0';
	if ((colon != NULL && !gate_int64(text, 0, INT32_MAX, &p)) ||
		!gate_int64(colon != NULL ? colon + 1 : text, 0, INT64_MAX, &o))
		return false;
	*partition = (int32_t)p;
	*offset = o;
	return true;
}

/* What it holds, as text: JSON in its lines, anything else without what a page cannot show. */
static json_t *content(const struct dead *d, bool *cut)
{
	json_t *json = json_loadb(d->data, d->kept, JSON_DECODE_ANY, NULL);
	char *text = json != NULL ? json_dumps(json, JSON_INDENT(2) | JSON_ENCODE_ANY) : NULL;
	if (text == NULL) {
		text = xmalloc(d->kept + 1);
		memcpy(text, d->data, d->kept);
		text[d->kept] = '\0';
	}
	size_t len = json != NULL ? strlen(text) : d->kept;
	*cut = len > SHOWN_MAX_BYTES || d->kept < d->len;
	if (len > SHOWN_MAX_BYTES)
		text[SHOWN_MAX_BYTES] = '\0';
	for (size_t i = 0; i < len && i < SHOWN_MAX_BYTES; i++)
		if ((unsigned char)text[i] < ' ' && text[i] != '\n' && text[i] != '\t')
			text[i] = ' ';
	gate_utf8_mend(text);
	json_t *out = json_string(text);
	free(text);
	json_decref(json);
	return out;
}

static json_t *headers_of(const struct dead *d)
{
	json_t *out = json_array(), *value;
	const char *name;
	json_object_foreach(d->headers, name, value)
		if (strncmp(name, "dead-", 5) != 0 && json_array_size(out) < 50)
			json_array_append_new(out,
				json_pack("{s:o, s:o}", "name", show_line(name, WORD_MAX_BYTES), "value",
					show_line(json_string_value(value), REASON_MAX_BYTES)));
	return out;
}

/* Its fate from the list, its data by itself. NULL: it was answered. */
static const struct dead *find(struct visit *visit, struct dead_list *list, struct dead_list *whole)
{
	struct error e = {0};
	int32_t partition;
	int64_t offset;
	const char *id = web_part(visit->request, "id");
	const struct dead *d = NULL;
	*list = *whole = (struct dead_list){0};
	if (!parse_id(id, &partition, &offset)) {
		console_not_found(visit, NULL);
		return NULL;
	}
	if (dead_list_read(visit->console->bus, DEAD_LOOK_MOST, 0, list, &e) != 0 ||
		dead_read(visit->console->bus, partition, offset, whole, &e) != 0) {
		console_error(visit, &e);
		return NULL;
	}
	d = whole->count > 0 ? dead_named(list, id) : NULL;
	if (d == NULL)
		console_not_found(visit, tr("This message is gone: they are kept for 30 days.",
						 "Этого сообщения больше нет: они хранятся 30 дней."));
	return d;
}

void page_dead_one(struct visit *visit)
{
	struct dead_list list, whole;
	const struct dead *d = find(visit, &list, &whole);
	if (d != NULL) {
		bool cut;
		json_t *data = dead_json(visit, d);
		char id[DEAD_ID_SIZE];
		json_object_set_new(data, "title", json_sprintf(tr("Refused message %s", "Отклонённое сообщение %s"), dead_id(d, id)));
		json_object_set_new(data, "here", json_string("dead"));
		json_object_set_new(data, "source", show_line(d->source, WORD_MAX_BYTES));
		json_object_set_new(data, "event", show_line(d->id, WORD_MAX_BYTES));
		json_object_set_new(data, "key", show_line(d->key, WORD_MAX_BYTES));
		json_object_set_new(data, "size", show_size((int64_t)d->len));
		json_object_set_new(data, "headers", headers_of(d));
		json_object_set_new(data, "content", content(&whole.item[0], &cut));
		json_object_set_new(data, "cut", json_boolean(cut));
		json_object_set_new(data, "may", json_boolean(visit_may(visit, RIGHT_OPERATE)));
		console_page(visit, 200, "dead_one", data);
	}
	dead_list_fini(&list);
	dead_list_fini(&whole);
}

/* ---- acting ------------------------------------------------------------------------------------- */

struct act {
	struct visit *visit;
	const struct dead *d;
	const char *drop_why; /* NULL: replay */
};

/* Facts: nothing personal; a reason may name somebody. */
static int note(const struct act *act, struct db *tx, struct error *e)
{
	char id[DEAD_ID_SIZE], subject[DEAD_ID_SIZE + 8];
	const struct dead *d = act->d;
	snprintf(subject, sizeof subject, "dead:%s", dead_id(d, id));
	return console_audit(act->visit, tx, act->drop_why != NULL ? "dead.drop" : "dead.replay", subject,
		json_pack("{s:s?, s:s?}", "topic", d->topic, "type", d->type),
		act->drop_why != NULL ? json_pack("{s:s}", "reason", act->drop_why) : NULL, e);
}

static int do_one(void *arg, struct db *tx, struct error *e)
{
	const struct act *act = arg;
	struct bus *bus = act->visit->console->bus;
	int rc = act->drop_why != NULL ? dead_drop(bus, tx, act->d, act->drop_why, e) : dead_replay(bus, tx, act->d, e);
	return rc != 0 ? -1 : note(act, tx, e);
}

static void take_one(struct visit *visit, const char *drop_why)
{
	struct error e = {0};
	struct dead_list list, whole;
	const struct dead *d = find(visit, &list, &whole);
	if (d != NULL && fate_of(d) == DROPPED) {
		(void)error_set(&e, ERROR_CONFLICT, "%s", tr("This message was dropped already.", "Это сообщение уже отброшено."));
		console_error(visit, &e);
	} else if (d != NULL) {
		struct act act = {visit, &whole.item[0], drop_why};
		if (console_transaction(visit, do_one, &act, &e) != 0)
			console_error(visit, &e);
		else
			console_done(visit, "/dead",
				drop_why != NULL ? tr("The message was dropped.", "Сообщение отброшено.")
						 : tr("The message was handed in again: it is being processed.",
							   "Сообщение отправлено на обработку заново."));
	}
	dead_list_fini(&list);
	dead_list_fini(&whole);
}

/* Read before the transaction: it waits for nobody's brokers. */
struct several {
	struct visit *visit;
	struct dead_list whole[REPLAY_BATCH];
	size_t count;
};

static int do_several(void *arg, struct db *tx, struct error *e)
{
	const struct several *several = arg;
	for (size_t i = 0; i < several->count; i++) {
		struct act act = {.visit = several->visit, .d = &several->whole[i].item[0]};
		if (do_one(&act, tx, e) != 0)
			return -1;
	}
	return 0;
}

/* *done: how many; what is gone since the list was read, is none. */
static int replay_batch(struct visit *visit, struct bus_browser **open, const struct dead *const *item, size_t count,
	size_t *done, struct error *e)
{
	struct bus *bus = visit->console->bus;
	struct several several = {.visit = visit};
	int rc = 0;
	for (size_t i = 0; i < count && rc == 0; i++) {
		struct dead_list *whole = &several.whole[several.count];
		rc = dead_read_on(bus, open, item[i]->partition, item[i]->offset, whole, e);
		if (rc == 0 && whole->count > 0)
			several.count++;
		else
			dead_list_fini(whole);
	}
	if (rc == 0 && several.count > 0)
		rc = console_transaction(visit, do_several, &several, e);
	if (rc == 0)
		*done += several.count;
	while (several.count > 0)
		dead_list_fini(&several.whole[--several.count]);
	return rc;
}

static void take_all(struct visit *visit)
{
	struct error e = {0};
	struct dead_list list;
	struct bus_browser *browser = NULL;
	struct wish wish = wish_of("open", web_value(visit->request, "topic"), web_value(visit->request, "by"));
	const struct dead **chosen = NULL;
	size_t count = 0, done = 0;
	int rc = dead_list_read(visit->console->bus, DEAD_LOOK_MOST, 0, &list, &e);
	chosen = xcalloc(list.count + 1, sizeof *chosen);
	for (size_t i = 0; rc == 0 && i < list.count; i++)
		if (fits(&list.item[i], &wish) && list.item[i].topic != NULL)
			chosen[count++] = &list.item[i];
	for (size_t i = 0; rc == 0 && i < count; i += REPLAY_BATCH)
		rc = replay_batch(visit, &browser, chosen + i, count - i < REPLAY_BATCH ? count - i : REPLAY_BATCH, &done, &e);
	bus_browse_end(visit->console->bus, &browser);
	if (rc != 0) {
		console_error(visit, &e);
	} else {
		char text[160];
		snprintf(text, sizeof text, tr("Handed in again: %zu.", "Отправлено на обработку заново: %zu."), done);
		console_done(visit, "/dead", text);
	}
	free(chosen);
	dead_list_fini(&list);
}

void take_dead_replay(struct visit *visit)
{
	if (strcmp(web_path(visit->request), "/dead/replay") == 0)
		take_all(visit);
	else
		take_one(visit, NULL);
}

void take_dead_drop(struct visit *visit)
{
	const char *why = web_value(visit->request, "why");
	take_one(visit, why == NULL ? "" : why);
}
