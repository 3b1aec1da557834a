/* Everything about one letter, in the order in which it happened. */
#include <stdlib.h>
#include <string.h>

#include "answer/answer.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "console/operate/delivery.h"
#include "control/moment.h"

struct event {
	int64_t time_ms;
	size_t order; /* of those at the same moment */
	json_t *shown;
};
struct story {
	const struct visit *visit;
	const struct delivery *delivery;
	struct event *event;
	size_t count;
	struct delivery_line **line;
	size_t lines;
};

static json_t *add(struct story *story, int64_t time_ms, const char *title, const char *class)
{
	if ((story->count & (story->count - 1)) == 0)
		story->event = xrealloc(story->event, story->count == 0 ? 1 : story->count * 2, sizeof *story->event);
	char moment[CONTROL_MOMENT_SIZE];
	json_t *shown = json_pack("{s:s, s:s, s:s}", "time",
		control_moment(story->visit->console->settings, time_ms, moment), "title", title, "class", class);
	story->event[story->count] = (struct event){time_ms, story->count, shown};
	story->count++;
	return shown;
}

static void note(json_t *shown, const char *name, const char *text)
{
	if (text != NULL && text[0] != '\0')
		json_object_set_new(shown, name, json_string(text));
}

/* ---- the campaign ------------------------------------------------------------------------------ */

static void add_beginning(struct story *story)
{
	const struct delivery *d = story->delivery;
	bool notice = d->kind != NULL && strcmp(d->kind, "notice") == 0;
	if (d->created_ms != 0)
		note(add(story, d->created_ms,
			     notice ? tr("A program asked for this letter", "Программа попросила отправить письмо")
				    : tr("The campaign was stored", "Рассылка записана"),
			     "done"),
			"by", d->created_by);
	if (d->launched_ms != 0 && !notice)
		(void)add(story, d->launched_ms, tr("The campaign was launched", "Рассылка запущена"), "done");
}

/* ---- attempts ---------------------------------------------------------------------------------- */

static int keep_line(void *arg, const struct delivery_line *line)
{
	struct story *story = arg;
	story->line = xrealloc(story->line, story->lines + 1, sizeof *story->line);
	story->line[story->lines++] = delivery_line_keep(line);
	return 0;
}

static const char *class_of(int64_t state)
{
	const char *class = log_state_class(state);
	return strcmp(class, "good") == 0 ? "done" : strcmp(class, "bad") == 0 ? "bad" : "";
}

static void add_line(struct story *story, const struct delivery_line *line)
{
	char *reply = log_reply(line);
	json_t *shown = add(story, line->time_ms,
		line->state == DELIVERY_WAITING ? tr("To be sent once more, as people decided", "Отправить ещё раз: так решили люди")
						: delivery_state_words((int)line->state),
		class_of(line->state));
	json_object_set_new(shown, "attempt", line->dispatch > 0 ? json_integer(line->dispatch) : json_null());
	note(shown, "relay", line->relay);
	note(shown, "worker", line->worker);
	note(shown, "reply", reply);
	if (line->state != DELIVERY_ACCEPTED && line->state != DELIVERY_DELIVERED)
		note(shown, "meaning", delivery_code_words(line->enhanced, line->code));
	free(reply);
}

static void add_webhook(void *arg, const struct delivery_webhook *webhook)
{
	struct story *story = arg;
	bool delivered = strcmp(webhook->state, "delivered") == 0, failed = strcmp(webhook->state, "failed") == 0;
	json_t *shown = add(story, webhook->time_ms,
		delivered ? tr("A webhook was told", "Вебхук получил сообщение")
			  : failed ? tr("A webhook could not be told", "Вебхуку сообщить не удалось")
				   : tr("A webhook is still to be told", "Вебхуку ещё предстоит сообщить"),
		failed ? "bad" : delivered ? "done" : "");
	note(shown, "remark", webhook->url);
}

/* ---- what came back ------------------------------------------------------------------------------ */

static void add_mail(void *arg, const struct delivery_mail *mail)
{
	static const struct {
		const char *kind, *en, *ru, *class;
	} kinds[] = {{"bounce", "A report came: not delivered", "Пришёл отчёт: не доставлено", "bad"},
		{"delayed", "A report came: delayed on the way", "Пришёл отчёт: задерживается в пути", ""},
		{"delivered", "A report came: delivered", "Пришёл отчёт: доставлено", "done"},
		{"complaint", "The recipient calls it spam", "Получатель пожаловался на спам", "bad"},
		{"auto-reply", "An automatic reply came", "Пришёл автоответ", ""},
		{"reply", "A reply came", "Пришёл ответ письмом", "done"}};
	struct story *story = arg;
	const char *title = tr("A letter came about it", "Пришло письмо о нём"), *class = "";
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (mail->kind != NULL && strcmp(mail->kind, kinds[i].kind) == 0) {
			title = tr(kinds[i].en, kinds[i].ru);
			class = kinds[i].class;
		}
	json_t *shown = add(story, mail->received_ms, title, class);
	note(shown, "by", mail->address);
	note(shown, "remark", mail->subject);
	if (visit_may(story->visit, RIGHT_ANSWER_WRITE))
		json_object_set_new(shown, "url", json_sprintf("/mail/%lld", (long long)mail->id));
}

static void add_answer(void *arg, const struct delivery_answer *answer)
{
	struct story *story = arg;
	enum answer_way way;
	json_t *shown = add(story, answer->received_ms,
		answer->late ? tr("The recipient answered, too late", "Адресат ответил, с опозданием")
			     : tr("The recipient answered", "Адресат ответил"),
		"done");
	char *words = xasprintf("%s, %s", answer_way_parse(answer->way, &way) == 0 ? answer_way_words(way) : answer->way,
		answer_state_words(answer->state));
	note(shown, "remark", words);
	free(words);
}

/* ---- together ----------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	const struct event *x = a, *y = b;
	if (x->time_ms != y->time_ms)
		return x->time_ms < y->time_ms ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static int gather(struct story *story, struct error *e)
{
	const struct delivery *d = story->delivery;
	struct db *db = story->visit->db;
	struct delivery_ask ask;
	add_beginning(story);
	if (delivery_log_letter(db, d->key, keep_line, story, e) != 0)
		return -1;
	for (size_t i = 0; i < story->lines; i++)
		add_line(story, story->line[i]);
	for (size_t i = 0; i < story->lines; i++)
		if (delivery_webhooks(db, story->line[i], add_webhook, story, e) != 0)
			return -1;
	if (story->lines == 0 && d->state == DELIVERY_SUPPRESSED)
		note(add(story, d->updated_ms, delivery_state_words(DELIVERY_SUPPRESSED), ""), "remark", d->reason);
	if (delivery_mails(db, d->key, add_mail, story, e) != 0)
		return -1;
	enum db_step step = delivery_ask(db, d, &ask, e);
	return step == DB_FAILED ? -1 : step == DB_DONE ? 0 : delivery_answers(db, ask.id, add_answer, story, e);
}

json_t *delivery_story(const struct visit *visit, const struct delivery *delivery, struct error *e)
{
	struct story story = {.visit = visit, .delivery = delivery};
	int rc = gather(&story, e);
	json_t *shown = rc == 0 ? json_array() : NULL;
	if (story.count > 1)
		qsort(story.event, story.count, sizeof *story.event, compare);
	for (size_t i = 0; i < story.count; i++) {
		if (shown != NULL)
			json_array_append(shown, story.event[i].shown);
		json_decref(story.event[i].shown);
	}
	while (story.lines > 0)
		free(story.line[--story.lines]);
	free(story.line);
	free(story.event);
	return shown;
}
