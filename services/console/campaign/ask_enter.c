/* /asks/{id}/enter: staff enter an answer (by telephone, on paper) or correct one; the recipients' own form. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "askform/ask_form.h"
#include "base/clock.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "console/campaign/ask_place.h"
#include "console/campaign/part.h"

#define NAME_MAX_BYTES 200
#define PHONE_MAX_BYTES 60
#define NOTE_MAX_BYTES 500

struct entering {
	struct ask_place place;
	struct ask_form form;
	json_t *counting;       /* values that count; NULL = none */
	enum answer_way way;
	char *name, *phone, *note;
	struct answer_file file[ANSWER_FILES_MAX];
	int files;
	json_t *fields;         /* as answer_record wants them */
	char source[140];
	struct answer_outcome outcome;
};

static void entering_fini(struct entering *n)
{
	ask_form_fini(&n->form);
	json_decref(n->counting);
	json_decref(n->fields);
	free(n->name);
	free(n->phone);
	free(n->note);
	answer_outcome_fini(&n->outcome);
	ask_place_fini(&n->place);
}

static const struct {
	enum answer_way way;
	const char *en, *ru;
} ways[] = {{ANSWER_PHONE, "said on the telephone", "сообщили по телефону"},
	{ANSWER_MAIL, "came on paper or by another letter", "пришло на бумаге или другим письмом"},
	{ANSWER_STAFF, "my own correction: counts at once", "моя правка: засчитать сразу"}};

static enum answer_way way_of(const char *name, enum answer_way otherwise)
{
	for (size_t i = 0; name != NULL && i < sizeof ways / sizeof ways[0]; i++)
		if (strcmp(answer_way_name(ways[i].way), name) == 0)
			return ways[i].way;
	return otherwise;
}

static json_t *way_choices(enum answer_way chosen)
{
	json_t *list = json_array();
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "value", answer_way_name(ways[i].way), "text",
						  tr(ways[i].en, ways[i].ru), "chosen", ways[i].way == chosen));
	return list;
}

static json_t *plain_field(const struct entering *n, const char *name, const char *value)
{
	const char *error = n->form.errors == NULL ? NULL : json_string_value(json_object_get(n->form.errors, name));
	return json_pack("{s:s, s:o}", "value", value == NULL ? "" : value, "error", show_text(error));
}

static void show(struct entering *n, int status, const char *alert)
{
	struct visit *visit = n->place.visit;
	struct web_file *lost;
	json_t *data = ask_place_page(&n->place,
		n->counting == NULL ? tr("Enter the answer", "Записать ответ") : tr("Correct the answer", "Исправить ответ"));
	json_object_set_new(data, "corrects", json_boolean(n->counting != NULL));
	json_object_set_new(data, "fields", ask_form_show(&n->form, &n->place.fields, NULL));
	json_object_set_new(data, "ways", way_choices(n->way));
	json_object_set_new(data, "said_by", plain_field(n, "@name", n->name));
	json_object_set_new(data, "said_phone", plain_field(n, "@phone", n->phone));
	json_object_set_new(data, "why", plain_field(n, "@note", n->note));
	json_object_set_new(data, "alert", show_text(alert));
	json_object_set_new(data, "files_lost", json_boolean(web_files(visit->request, &lost) > 0));
	console_page(visit, status, "ask_enter", data);
}

static bool open(struct visit *visit, struct entering *n)
{
	struct error e = {0};
	*n = (struct entering){0};
	if (!ask_place_open(visit, &n->place))
		return false;
	(void)snprintf(n->source, sizeof n->source, "vestnik/%s", visit->visitor->actor);
	if (n->place.ask.state == ASK_WITHDRAWN) {
		web_reply_problem(visit->request, 409, tr("This request was withdrawn", "Этот запрос отозван"),
			tr("Answers to it are not taken any more.", "Ответы на него больше не принимаются."));
		return false;
	}
	if (answer_counting(visit->db, &n->place.ask, &n->counting, &e) == 0)
		return true;
	web_reply_error(visit->request, &e);
	return false;
}

void page_enter(struct visit *visit)
{
	struct entering n;
	if (open(visit, &n)) {
		n.way = way_of(web_query(visit->request, "way"), n.counting == NULL ? ANSWER_PHONE : ANSWER_STAFF);
		ask_form_fill(&n.form, &n.place.fields, n.counting);
		show(&n, 200, NULL);
	}
	entering_fini(&n);
}

/* ---- what was typed ------------------------------------------------------------------------- */

static void fault(struct entering *n, const char *at, const char *text)
{
	json_object_set_new(n->form.errors, at, json_string(text));
	n->form.only_missing = false;
}

static char *typed(const struct visit *visit, const char *name, size_t most)
{
	const char *text = web_value(visit->request, name);
	return gate_clean_line(text == NULL ? "" : text, most);
}

static void take_who(struct visit *visit, struct entering *n)
{
	n->name = typed(visit, "said_by", NAME_MAX_BYTES);
	n->phone = typed(visit, "said_phone", PHONE_MAX_BYTES);
	n->note = typed(visit, "why", NOTE_MAX_BYTES);
	n->way = way_of(web_value(visit->request, "way"), ANSWER_PHONE);
	if (n->way != ANSWER_STAFF && n->name[0] == '\0')
		fault(n, "@name", tr("Write who said it.", "Напишите, кто сообщил."));
	if ((n->way == ANSWER_STAFF || n->counting != NULL) && n->note[0] == '\0')
		fault(n, "@note", tr("Write why the answer is changed: others will ask.",
					  "Напишите, почему ответ меняется: об этом могут спросить."));
}

/* What the form leaves out is taken away: null. */
static void take_values(struct entering *n)
{
	n->fields = json_copy(n->form.values);
	for (size_t i = 0; i < n->place.fields.count; i++) {
		const char *name = n->place.fields.item[i].name;
		if (json_object_get(n->fields, name) == NULL && json_object_get(n->counting, name) != NULL)
			json_object_set_new(n->fields, name, json_null());
	}
}

static int record(void *arg, struct db *tx, struct error *e)
{
	struct entering *n = arg;
	struct visit *visit = n->place.visit;
	char subject[60];
	bool nothing = json_object_size(n->fields) == 0 && n->place.fields.count > 0 && n->files == 0;
	const struct answer_new answer = {.ask = n->place.ask.id,
		.way = n->way,
		.proposed = nothing,
		.fields = n->fields,
		.name = n->name[0] == '\0' ? NULL : n->name,
		.phone = n->phone[0] == '\0' ? NULL : n->phone,
		.actor = visit->visitor->actor,
		.note = n->note[0] == '\0' ? NULL : n->note,
		.received_ms = clock_now_ms(),
		.file = n->file,
		.files = (size_t)n->files};
	answer_outcome_fini(&n->outcome);
	if (answer_record(tx, visit->console->bus, n->source, &answer, &n->outcome, e) != 0)
		return -1;
	(void)snprintf(subject, sizeof subject, "ask:%" PRId64, n->place.ask.id);
	return console_audit(visit, tx, n->counting == NULL ? "answer.enter" : "answer.correct", subject,
		json_pack("{s:s, s:s, s:I, s:s}", "campaign", n->place.ask.slug, "way", answer_way_name(n->way), "version",
			(json_int_t)n->outcome.version, "state", ask_state_name(n->outcome.state)),
		json_pack("{s:s, s:s, s:s}", "said_by", n->name, "phone", n->phone, "note", n->note), e);
}

static const char *done_words(const struct answer_outcome *outcome)
{
	if (outcome->repeated)
		return tr("The same stood there already: nothing has changed.", "То же самое уже записано: ничего не изменилось.");
	if (outcome->differs)
		return tr("Written down. It differs from what counts: decide which is right.",
			"Записано. Ответ расходится с засчитанным: решите, какой верен.");
	if (outcome->state == ASK_PARTIAL)
		return tr("Written down. Not everything that was asked is there yet.", "Записано. Есть ещё не всё, о чём спрашивали.");
	return tr("The answer is written down.", "Ответ записан.");
}

void take_enter(struct visit *visit)
{
	struct entering n;
	struct error e = {0};
	if (!open(visit, &n)) {
		entering_fini(&n);
		return;
	}
	ask_form_take(&n.form, &n.place.fields, n.counting, visit->request);
	bool adds = ask_form_add_rows(&n.form, &n.place.fields, visit->request);
	take_who(visit, &n);
	n.files = ask_form_files(visit->request, &n.place.fields, n.file, &e);
	if (adds) {
		json_object_clear(n.form.errors); /* not sent yet: nothing is wrong yet */
		show(&n, 200, NULL);
	} else if (json_object_size(n.form.errors) > 0 && !n.form.only_missing) {
		show(&n, 422, tr("Please look at the marked fields.", "Проверьте отмеченные поля."));
	} else if (n.files < 0) {
		n.files = 0;
		show(&n, 422, e.text);
	} else {
		take_values(&n);
		if (console_transaction(visit, record, &n, &e) == 0) {
			char *location = xasprintf("/asks/%" PRId64, n.place.ask.id);
			console_done(visit, location, done_words(&n.outcome));
			free(location);
		} else if (e.code == ERROR_INPUT) {
			show(&n, 422, e.text);
		} else {
			console_error(visit, &e);
		}
	}
	entering_fini(&n);
}
