/* /m/{token}: a municipality sees its schools and their sum, and confirms it, or changes it and says why. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "portal/answering.h"
#include "portal/schools.h"
#include "portal/visit.h"

#define VERSIONS_SHOWN 20
#define STATUS_WRONG 422
#define REASON_MAX_BYTES 2000

/* At each field that adds up: what the schools' answers come to. */
static json_t *sum_hints(const struct asked *asked, const struct schools *schools)
{
	json_t *hints = json_object();
	for (size_t i = 0; i < asked->fields.count; i++) {
		const struct field *field = &asked->fields.item[i];
		if (!field_sums(field))
			continue;
		const json_t *sum = json_object_get(schools->sums, field->name);
		char *text = sum == NULL ? xstrdup("0") : field_show(field, sum, lang_get());
		json_object_set_new(hints, field->name,
			json_sprintf(tr("by the schools' answers: %s (%lld of %lld have answered)",
					     "по ответам школ: %s (ответили %lld из %lld)"),
				text, (long long)schools->answered, (long long)schools->asked));
		free(text);
	}
	return hints;
}

/* The sums in one row, for the end of the table. */
static json_t *sum_cells(const struct asked *asked, const struct schools *schools)
{
	json_t *all = json_array();
	for (size_t i = 0; i < asked->fields.count; i++) {
		const struct field *field = &asked->fields.item[i];
		if (!field_sums(field))
			continue;
		const json_t *sum = json_object_get(schools->sums, field->name);
		char *text = sum == NULL ? xstrdup("0") : field_show(field, sum, lang_get());
		json_array_append_new(all, json_pack("{s:s, s:s}", "label", field->label, "text", text));
		free(text);
	}
	return all;
}

static void show_page(struct web_request *request, struct worker *worker, const struct asked *asked,
	const struct schools *schools, const struct ask_form *form, const struct sender *sender, int status, const char *text)
{
	struct error e = {0};
	struct web_file *lost;
	json_t *page = asked_head(asked), *hints = sum_hints(asked, schools);
	json_t *versions = answering_versions(worker->db, asked, VERSIONS_SHOWN, &e);
	json_t *others = versions == NULL ? NULL : asked_open_link(worker, &asked->ask, web_part(request, "token"), &e);
	if (others == NULL) {
		json_decref(versions);
		web_reply_error(request, &e);
		goto out;
	}
	json_object_set_new(page, "others", others);
	answering_add_form(page, asked, form, sender, hints, text);
	const char *reason = web_value(request, "reason");
	json_object_set_new(json_object_get(page, "reason"), "value", json_string(reason == NULL ? "" : reason));
	json_object_set_new(page, "answered", json_boolean(json_array_size(versions) > 0));
	json_object_set_new(page, "versions", versions);
	json_object_set_new(page, "files_lost", json_boolean(web_files(request, &lost) > 0));
	json_object_set(page, "schools", schools->list);
	json_object_set_new(page, "has_schools", json_boolean(json_array_size(schools->list) > 0));
	json_object_set(page, "columns", schools->columns);
	json_object_set_new(page, "sums", sum_cells(asked, schools));
	json_object_set_new(page, "answered_count", json_integer(schools->answered));
	json_object_set_new(page, "asked_count", json_integer(schools->asked));
	json_object_set_new(page, "silent_count", json_integer(schools->asked - schools->answered));
	json_object_set_new(page, "collect_deadline",
		schools->deadline_ms == TIME_NEVER_MS ? json_null() : visit_time(schools->deadline_ms, asked->zone));
	web_reply_page(request, status, "cascade", page);
out:
	json_decref(page);
	json_decref(hints);
}

/* Of a sum of fractions: 0.1 + 0.2 is not what people type as 0.3. */
#define SAME_SUM 1e-12 /* of the sum: thousands of roundings */

/* Does the form say something else than the schools' answers come to? */
static bool changes_sum(const struct asked *asked, const struct schools *schools, const json_t *values)
{
	for (size_t i = 0; i < asked->fields.count; i++) {
		const struct field *field = &asked->fields.item[i];
		const json_t *said = json_object_get(values, field->name), *sum = json_object_get(schools->sums, field->name);
		double a = json_number_value(said), b = json_number_value(sum);
		if (field_sums(field) && said != NULL && fabs(a - b) > SAME_SUM * (1 + fabs(b)))
			return true;
	}
	return false;
}

static void record(struct web_request *request, struct worker *worker, const struct asked *asked,
	const struct schools *schools, const struct ask_form *form, const struct sender *sender, const char *reason)
{
	struct answer_file files[ANSWER_FILES_MAX];
	struct answer_outcome outcome = {0};
	struct error e = {0};
	int count = ask_form_files(request, &asked->fields, files, &e);
	struct answer_new answer = {.ask = asked->ask.id,
		.way = ANSWER_CASCADE,
		.fields = form->values,
		.name = sender->name,
		.phone = sender->phone[0] != '\0' ? sender->phone : NULL,
		.note = reason[0] != '\0' ? reason : NULL,
		.received_ms = clock_now_ms(),
		.file = files,
		.files = count > 0 ? (size_t)count : 0};
	if (count >= 0 && answering_record(worker, &answer, &outcome, &e) == 0) {
		char *query = xasprintf("done=%lld", (long long)outcome.version), *back = visit_back(request, query);
		web_redirect(request, back);
		free(query);
		free(back);
	} else if (e.code == ERROR_DENIED) {
		visit_withdrawn(request, asked->title);
	} else if (e.code == ERROR_INPUT) {
		show_page(request, worker, asked, schools, form, sender, STATUS_WRONG, e.text);
	} else {
		web_reply_error(request, &e);
	}
	answer_outcome_fini(&outcome);
}

static void take(struct web_request *request, struct worker *worker, const struct asked *asked,
	const struct schools *schools)
{
	struct ask_form form;
	struct sender sender = {0};
	const char *typed = web_value(request, "reason"), *send = web_value(request, "send");
	char *reason = gate_clean_line(typed == NULL ? "" : typed, REASON_MAX_BYTES);
	ask_form_take(&form, &asked->fields, asked->counting, request);
	bool grown = ask_form_add_rows(&form, &asked->fields, request);
	if (grown)
		json_object_clear(form.errors);
	else
		sender_take(&sender, &form, request);
	if (!grown && reason[0] == '\0' && changes_sum(asked, schools, form.values)) {
		json_object_set_new(form.errors, "reason",
			json_string(tr("The figure differs from the schools' sum: please say why.",
				"Число отличается от суммы по школам: напишите, почему.")));
		form.only_missing = false;
	}
	bool part = send != NULL && strcmp(send, "part") == 0;
	if (grown) {
		sender = (struct sender){xstrdup(web_value(request, "name")), xstrdup(web_value(request, "phone"))};
		show_page(request, worker, asked, schools, &form, &sender, 200, NULL);
	} else if (json_object_size(form.errors) > 0 && !(form.only_missing && part)) {
		show_page(request, worker, asked, schools, &form, &sender, STATUS_WRONG, NULL);
	} else if (visit_may_send(request, worker)) {
		record(request, worker, asked, schools, &form, &sender, reason);
	}
	ask_form_fini(&form);
	sender_fini(&sender);
	free(reason);
}

/* What counts already, else the schools' sums. */
static void show(struct web_request *request, struct worker *worker, const struct asked *asked,
	const struct schools *schools)
{
	struct ask_form form;
	struct sender sender = {0};
	long long done;
	const char *version = web_query(request, "done");
	if (version != NULL && gate_int64(version, 1, INT64_MAX, &done)) {
		answering_thank(request, worker, asked, done);
		return;
	}
	ask_form_fill(&form, &asked->fields, asked->counting != NULL ? asked->counting : schools->sums);
	show_page(request, worker, asked, schools, &form, &sender, 200, NULL);
	ask_form_fini(&form);
}

void page_cascade(struct web_request *request, void *state)
{
	struct worker *worker = state;
	struct asked asked = {0};
	struct schools schools = {0};
	struct error e = {0};
	int64_t id;
	if (!visit_link(request, worker, LINK_CASCADE, &id))
		return;
	enum db_step step = asked_load(worker->db, id, &asked, &e);
	if (step == DB_ROW && !asked.withdrawn && schools_load(worker->db, &asked, &schools, &e) != 0)
		step = DB_FAILED;
	if (step == DB_FAILED)
		web_reply_error(request, &e);
	else if (step == DB_DONE)
		visit_wrong(request, worker);
	else if (asked.withdrawn)
		visit_withdrawn(request, asked.title);
	else if (web_method(request) == WEB_POST)
		take(request, worker, &asked, &schools);
	else
		show(request, worker, &asked, &schools);
	schools_fini(&schools);
	asked_fini(&asked);
}
