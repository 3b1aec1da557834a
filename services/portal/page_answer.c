/* /a/{token}: the answer form. GET shows it, filled with what counts already; POST records. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "portal/answering.h"
#include "portal/visit.h"

#define VERSIONS_SHOWN 20
#define STATUS_WRONG 422

static void show_form(struct web_request *request, struct worker *worker, const struct asked *asked,
	const struct ask_form *form, const struct sender *sender, int status, const char *text)
{
	struct error e = {0};
	struct web_file *lost;
	json_t *page = asked_head(asked), *versions = answering_versions(worker->db, asked, VERSIONS_SHOWN, &e);
	if (versions == NULL) {
		web_reply_error(request, &e);
	} else {
		answering_add_form(page, asked, form, sender, NULL, text);
		json_object_set_new(page, "answered", json_boolean(json_array_size(versions) > 0));
		json_object_set_new(page, "versions", versions);
		json_object_set_new(page, "files_lost", json_boolean(web_files(request, &lost) > 0));
		web_reply_page(request, status, "answer", page);
	}
	json_decref(page);
}

static void thank(struct web_request *request, int64_t version)
{
	char *query = xasprintf("done=%lld", (long long)version), *back = visit_back(request, query);
	web_redirect(request, back);
	free(query);
	free(back);
}

static bool wants(const struct web_request *request, const char *what)
{
	const char *send = web_value(request, "send");
	return send != NULL && strcmp(send, what) == 0;
}

static void record(struct web_request *request, struct worker *worker, const struct asked *asked,
	const struct ask_form *form, const struct sender *sender)
{
	struct answer_file files[ANSWER_FILES_MAX];
	struct answer_outcome outcome = {0};
	struct error e = {0};
	int count = ask_form_files(request, &asked->fields, files, &e);
	struct answer_new answer = {.ask = asked->ask.id,
		.way = ANSWER_FORM,
		.fields = form->values,
		.name = sender->name,
		.phone = sender->phone[0] != '\0' ? sender->phone : NULL,
		.received_ms = clock_now_ms(),
		.file = files,
		.files = count > 0 ? (size_t)count : 0};
	if (count >= 0 && answering_record(worker, &answer, &outcome, &e) == 0)
		thank(request, outcome.version);
	else if (e.code == ERROR_DENIED)
		visit_withdrawn(request, asked->title);
	else if (e.code == ERROR_INPUT)
		show_form(request, worker, asked, form, sender, STATUS_WRONG, e.text);
	else
		web_reply_error(request, &e);
	answer_outcome_fini(&outcome);
}

static void take(struct web_request *request, struct worker *worker, const struct asked *asked)
{
	struct ask_form form;
	struct sender sender = {0};
	ask_form_take(&form, &asked->fields, asked->counting, request);
	if (ask_form_add_rows(&form, &asked->fields, request)) {
		/* Not sent yet: nothing is wrong yet. */
		const char *name = web_value(request, "name"), *phone = web_value(request, "phone");
		sender = (struct sender){xstrdup(name), xstrdup(phone)};
		json_object_clear(form.errors);
		show_form(request, worker, asked, &form, &sender, 200, NULL);
	} else {
		sender_take(&sender, &form, request);
		bool good = json_object_size(form.errors) == 0 || (form.only_missing && wants(request, "part"));
		if (!good)
			show_form(request, worker, asked, &form, &sender, STATUS_WRONG, NULL);
		else if (visit_may_send(request, worker))
			record(request, worker, asked, &form, &sender);
	}
	ask_form_fini(&form);
	sender_fini(&sender);
}

static void show(struct web_request *request, struct worker *worker, const struct asked *asked)
{
	struct ask_form form;
	struct sender sender = {0};
	long long done;
	const char *version = web_query(request, "done");
	if (version != NULL && gate_int64(version, 1, INT64_MAX, &done)) {
		answering_thank(request, worker, asked, done);
		return;
	}
	ask_form_fill(&form, &asked->fields, asked->counting);
	show_form(request, worker, asked, &form, &sender, 200, NULL);
	ask_form_fini(&form);
}

void page_answer(struct web_request *request, void *state)
{
	struct worker *worker = state;
	struct asked asked = {0};
	struct error e = {0};
	int64_t id;
	if (!visit_link(request, worker, LINK_ANSWER, &id))
		return;
	switch (asked_load(worker->db, id, &asked, &e)) {
	case DB_FAILED:
		web_reply_error(request, &e);
		break;
	case DB_DONE:
		visit_wrong(request, worker);
		break;
	case DB_ROW:
		if (asked.withdrawn)
			visit_withdrawn(request, asked.title);
		else if (web_method(request) == WEB_POST)
			take(request, worker, &asked);
		else
			show(request, worker, &asked);
	}
	asked_fini(&asked);
}
