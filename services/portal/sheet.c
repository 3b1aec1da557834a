#include "portal/sheet.h"

#include <stdlib.h>
#include <string.h>

#include "base/lang.h"
#include "portal/visit.h"

#define PROBLEMS_SHOWN 20

bool sheet_offered(const struct asked *asked)
{
	const json_t *ways = json_object_get(json_object_get(campaign_definition(asked->campaign), "ask"), "ways");
	for (size_t i = 0; i < json_array_size(ways); i++) {
		const char *way = json_string_value(json_array_get(ways, i));
		if (way != NULL && strcmp(way, "sheet") == 0)
			return true;
	}
	for (size_t i = 0; i < asked->fields.count; i++)
		if (asked->fields.item[i].type == FIELD_TABLE)
			return true;
	return false;
}

static struct web_file *uploaded(struct web_request *request)
{
	struct web_file *file;
	size_t count = web_files(request, &file);
	for (size_t i = 0; i < count; i++)
		if (strcmp(file[i].field, "sheet") == 0)
			return &file[i];
	return NULL;
}

static int say(json_t **said, const char *text)
{
	*said = json_pack("[s]", text);
	return -1;
}

static json_t *each_cell(const struct problems *problems)
{
	json_t *all = json_array();
	for (size_t i = 0; i < problems->count && i < PROBLEMS_SHOWN; i++)
		json_array_append_new(all, json_string(problems->item[i].text));
	if (problems->errors > PROBLEMS_SHOWN)
		json_array_append_new(all, json_sprintf(tr("… and %zu more", "… и ещё %zu"), problems->errors - PROBLEMS_SHOWN));
	return all;
}

int sheet_read(struct web_request *request, struct worker *worker, const struct asked *asked,
	struct answer_workbook *out, json_t **said, struct error *e)
{
	struct web_file *file = uploaded(request);
	struct problems problems = {0};
	*said = NULL;
	if (file == NULL)
		return say(said, tr("Choose the filled-in Excel file first.", "Сначала выберите заполненный файл Excel."));
	if (file->len > WORKBOOK_MAX_BYTES)
		return say(said, tr("The file is larger than 5 MB: please send the form itself, other files below.",
					 "Файл больше 5 МБ: пришлите саму форму, остальные файлы – ниже."));
	const void *data = file->data;
	if (data == NULL && file->len > 0)
		return error_set(e, ERROR_UNAVAILABLE, "an uploaded file cannot be mapped");
	int rc = answer_workbook_read(worker->db, worker->portal->key, data, file->len, out, &problems, e);
	if (rc == 0 && out->ask != asked->ask.id) {
		rc = say(said, tr("This form was made for another organisation or another request.",
				       "Эта форма составлена для другой организации или другого запроса."));
	} else if (rc != 0 && e->code == ERROR_INPUT && problems.count > 0) {
		*said = each_cell(&problems);
	} else if (rc != 0 && (e->code == ERROR_NOT_FOUND || e->code == ERROR_DENIED || e->code == ERROR_INPUT)) {
		say(said, e->text);
	}
	problems_fini(&problems);
	return rc;
}

/* /x/{token}: the workbook, filled in with what counts already. */
void page_sheet(struct web_request *request, void *state)
{
	struct worker *worker = state;
	struct asked asked = {0};
	struct error e = {0};
	void *data = NULL;
	size_t len = 0;
	int64_t id;
	if (!visit_link(request, worker, LINK_SHEET, &id))
		return;
	enum db_step step = asked_load(worker->db, id, &asked, &e);
	if (step == DB_ROW && !asked.withdrawn &&
		answer_workbook_make(worker->db, worker->portal->key, id, web_lang(request), &data, &len, &e) != 0)
		step = DB_FAILED;
	if (step == DB_FAILED) {
		web_reply_error(request, &e);
	} else if (step == DB_DONE) {
		visit_wrong(request, worker);
	} else if (asked.withdrawn) {
		visit_withdrawn(request, asked.title);
	} else {
		char name[WORKBOOK_NAME_SIZE];
		web_reply_download(request, data, len, answer_workbook_name(asked.ask.key, web_lang(request), name), WORKBOOK_MEDIA_TYPE);
	}
	free(data);
	asked_fini(&asked);
}
