/* /a/{token}: the answer form. GET shows it, filled with what counts already; POST records. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "portal/answering.h"
#include "portal/sheet.h"
#include "portal/visit.h"

#define VERSIONS_SHOWN 20
#define STATUS_WRONG 422
#define SHEET_NAME_MAX_BYTES 200

struct shown { /* what a form page says besides */
	int status;
	const char *text;    /* why the whole was not taken; NULL */
	json_t *sheet_said;  /* what is wrong with the workbook; NULL */
};

static void add_sheet(struct web_request *request, struct worker *worker, const struct asked *asked, json_t *page,
	json_t *said)
{
	json_t *offered = json_null(), *problems = json_null();
	if (sheet_offered(asked)) {
		char *path = visit_path(worker, LINK_SHEET, asked->ask.id, web_part(request, "token"));
		offered = json_string(path);
		free(path);
	}
	if (said != NULL)
		problems = json_pack("{s:s, s:O}", "sheet_trouble",
			tr("The file was not taken:", "Файл не принят:"), "list", said);
	json_object_set_new(page, "sheet", offered);
	json_object_set_new(page, "sheet_problems", problems);
}

static void show_form(struct web_request *request, struct worker *worker, const struct asked *asked,
	const struct ask_form *form, const struct sender *sender, const struct shown *shown)
{
	struct error e = {0};
	struct web_file *lost;
	json_t *page = asked_head(asked), *versions = answering_versions(worker->db, asked, VERSIONS_SHOWN, &e);
	json_t *others = versions == NULL ? NULL : asked_open_link(worker, &asked->ask, web_part(request, "token"), &e);
	if (others == NULL) {
		json_decref(versions);
		web_reply_error(request, &e);
	} else {
		json_object_set_new(page, "others", others);
		answering_add_form(page, asked, form, sender, NULL, shown->text);
		add_sheet(request, worker, asked, page, shown->sheet_said);
		json_object_set_new(page, "answered", json_boolean(json_array_size(versions) > 0));
		json_object_set_new(page, "versions", versions);
		json_object_set_new(page, "files_lost", json_boolean(web_files(request, &lost) > 0));
		web_reply_page(request, shown->status, "answer", page);
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
		show_form(request, worker, asked, form, sender, &(struct shown){STATUS_WRONG, e.text, NULL});
	else
		web_reply_error(request, &e);
	answer_outcome_fini(&outcome);
}

/* Beside the file, the form as it was before. */
static void refuse_sheet(struct web_request *request, struct worker *worker, const struct asked *asked, json_t *said)
{
	struct ask_form form;
	struct sender sender = {0};
	ask_form_fill(&form, &asked->fields, asked->counting);
	show_form(request, worker, asked, &form, &sender, &(struct shown){STATUS_WRONG, NULL, said});
	ask_form_fini(&form);
}

/* Typed beside the file, else in it; "" = nowhere. The caller frees. */
static char *sheet_name(const struct web_request *request, const struct answer_workbook *workbook)
{
	const char *typed = web_value(request, "name");
	char *name = gate_clean_line(typed == NULL ? "" : typed, SHEET_NAME_MAX_BYTES);
	if (name[0] != '\0' || workbook->name == NULL)
		return name;
	free(name);
	return gate_clean_line(workbook->name, SHEET_NAME_MAX_BYTES);
}

static void record_sheet(struct web_request *request, struct worker *worker, const struct asked *asked,
	const struct answer_workbook *workbook, const char *name)
{
	struct answer_outcome outcome = {0};
	struct error e = {0};
	const struct answer_new answer = {.ask = asked->ask.id,
		.way = ANSWER_SHEET,
		.fields = workbook->fields,
		.name = name,
		.phone = workbook->phone,
		.received_ms = clock_now_ms()};
	if (answering_record(worker, &answer, &outcome, &e) == 0) {
		thank(request, outcome.version);
	} else if (e.code == ERROR_DENIED) {
		visit_withdrawn(request, asked->title);
	} else if (e.code == ERROR_INPUT) {
		json_t *said = json_pack("[s]", e.text);
		refuse_sheet(request, worker, asked, said);
		json_decref(said);
	} else {
		web_reply_error(request, &e);
	}
	answer_outcome_fini(&outcome);
}

static void take_sheet(struct web_request *request, struct worker *worker, const struct asked *asked)
{
	struct answer_workbook workbook = {0};
	struct error e = {0};
	json_t *said = NULL;
	int rc = sheet_read(request, worker, asked, &workbook, &said, &e);
	char *name = sheet_name(request, &workbook);
	if (rc == 0 && name[0] == '\0') {
		said = json_pack("[s]", tr("Please write your name: in the file, or beside it.",
						 "Напишите, кто заполнил форму: в файле или рядом с ним."));
		rc = -1;
	}
	if (rc == 0 && visit_may_send(request, worker))
		record_sheet(request, worker, asked, &workbook, name);
	else if (rc != 0 && said != NULL)
		refuse_sheet(request, worker, asked, said);
	else if (rc != 0)
		web_reply_error(request, &e);
	json_decref(said);
	free(name);
	answer_workbook_fini(&workbook);
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
		show_form(request, worker, asked, &form, &sender, &(struct shown){200, NULL, NULL});
	} else {
		sender_take(&sender, &form, request);
		bool good = json_object_size(form.errors) == 0 || (form.only_missing && wants(request, "part"));
		if (!good)
			show_form(request, worker, asked, &form, &sender, &(struct shown){STATUS_WRONG, NULL, NULL});
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
	show_form(request, worker, asked, &form, &sender, &(struct shown){200, NULL, NULL});
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
		else if (web_method(request) == WEB_POST && wants(request, "sheet"))
			take_sheet(request, worker, &asked);
		else if (web_method(request) == WEB_POST)
			take(request, worker, &asked);
		else
			show(request, worker, &asked);
	}
	asked_fini(&asked);
}
