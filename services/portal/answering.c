#include "portal/answering.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "portal/visit.h"
#include "store/again.h"

#define NAME_MAX_BYTES 200
#define PHONE_MAX_BYTES 60
/* Of a table in the list of versions: twenty of them stay far below PAGE_MAX_BYTES. */
#define VERSION_CELLS_MAX 200

/* ---- who ---------------------------------------------------------------------------- */

void sender_take(struct sender *sender, struct ask_form *form, const struct web_request *request)
{
	const char *name = web_value(request, "name"), *phone = web_value(request, "phone");
	sender->name = gate_clean_line(name == NULL ? "" : name, NAME_MAX_BYTES);
	sender->phone = gate_clean_line(phone == NULL ? "" : phone, PHONE_MAX_BYTES);
	if (sender->name[0] != '\0')
		return;
	json_object_set_new(form->errors, "name",
		json_string(tr("Please write your name: whom may we ask?", "Напишите фамилию, имя и отчество: к кому обратиться с вопросом?")));
	form->only_missing = false;
}

void sender_fini(struct sender *sender)
{
	free(sender->name);
	free(sender->phone);
	*sender = (struct sender){0};
}

/* ---- recording ------------------------------------------------------------------------ */

static int record_once(struct worker *worker, const struct answer_new *answer, struct answer_outcome *outcome,
	struct error *e)
{
	struct db *db = worker->db;
	if (db_begin(db, DB_WRITE, e) != 0)
		return -1;
	int rc = answer_record(db, worker->portal->bus, PORTAL_SOURCE, answer, outcome, e);
	if (rc == 0)
		rc = db_commit(db, DB_DURABLE, e);
	db_rollback(db);
	return rc;
}

int answering_record(struct worker *worker, const struct answer_new *answer, struct answer_outcome *outcome,
	struct error *e)
{
	struct again again = {0};
	int rc;
	do {
		answer_outcome_fini(outcome);
		rc = record_once(worker, answer, outcome, e);
	} while (rc != 0 && again_after_conflict(&again, e));
	return rc;
}

/* ---- versions ------------------------------------------------------------------------------ */

struct listing {
	const struct asked *asked;
	json_t *all;
	int most;
	size_t cells; /* a larger table is only counted */
};

static const char *state_words(const char *state)
{
	static const struct {
		const char *state, *en, *ru;
	} words[] = {{"counts", "this one counts", "учтён"}, {"proposed", "waits to be confirmed", "ждёт подтверждения"},
		{"differs", "differs: staff will ask", "расходится с другим ответом: уточняем"},
		{"superseded", "replaced by a later one", "заменён более поздним"}, {"refused", "not taken", "не принят"}};
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(state, words[i].state) == 0)
			return lang_get() == LANG_RU ? words[i].ru : words[i].en;
	return state;
}

static int list_version(void *arg, const struct answer *answer)
{
	struct listing *listing = arg;
	const struct asked *asked = listing->asked;
	bool empty = json_object_size(answer->fields) == 0;
	json_array_append_new(listing->all,
		json_pack("{s:I, s:o, s:o, s:s, s:s, s:b, s:b, s:o, s:o, s:b, s:b, s:I}", "version", (json_int_t)answer->version, "when",
			visit_time(answer->received_ms, asked->zone), "who", visit_text(answer->name), "way",
			answer_way_words(answer->way), "state", state_words(answer->state), "counts",
			strcmp(answer->state, "counts") == 0, "late", answer->late, "note",
			visit_text(answer->way == ANSWER_CASCADE ? answer->note : NULL), "fields",
			empty ? json_array() : ask_values_show(&asked->fields, answer->fields, listing->cells), "empty", empty, "has_files",
			answer->files > 0, "files", (json_int_t)answer->files));
	return --listing->most > 0 ? 0 : 1;
}

json_t *answering_versions(struct db *db, const struct asked *asked, int most, struct error *e)
{
	struct listing listing = {asked, json_array(), most, VERSION_CELLS_MAX};
	if (answer_each(db, asked->ask.id, list_version, &listing, e) == 0)
		return listing.all;
	json_decref(listing.all);
	return NULL;
}

/* ---- the form ---------------------------------------------------------------------------------- */

static json_t *plain_field(const struct ask_form *form, const char *field, const char *value)
{
	return json_pack("{s:s, s:o}", "value", value == NULL ? "" : value, "error",
		visit_text(json_string_value(json_object_get(form->errors, field))));
}

void answering_add_form(json_t *head, const struct asked *asked, const struct ask_form *form,
	const struct sender *sender, const json_t *hints, const char *text)
{
	size_t errors = json_object_size(form->errors);
	const char *said = text != NULL ? text
		: errors == 0		? NULL
		: form->only_missing	? tr("Something that is asked for is missing; it is marked below. You can also send the answer as it "
					     "is and complete it later.",
						 "Заполнено не всё, о чём просят: смотрите отметки ниже. Можно отправить и так, а остальное "
						 "дополнить позже.")
					: tr("Please look at the marked fields: something there could not be understood.",
						"Проверьте отмеченные поля: там что-то не удалось понять.");
	json_object_set_new(head, "fields", ask_form_show(form, &asked->fields, hints));
	json_object_set_new(head, "alert", visit_text(said));
	json_object_set_new(head, "may_send_part", json_boolean(errors > 0 && form->only_missing));
	json_object_set_new(head, "sender_name", plain_field(form, "name", sender->name));
	json_object_set_new(head, "sender_phone", plain_field(form, "phone", sender->phone));
	json_object_set_new(head, "reason", plain_field(form, "reason", NULL));
}

/* ---- thanks ----------------------------------------------------------------------------------------- */

struct wanted {
	const struct asked *asked;
	int64_t version;
	json_t *found;
	json_t *missing;
	bool differs;
};

static json_t *labels_of(const struct fields *fields, const json_t *names)
{
	json_t *all = json_array();
	for (size_t i = 0; i < json_array_size(names); i++) {
		const char *name = json_string_value(json_array_get(names, i));
		char first[WEB_FIELD_NAME_MAX] = "";
		if (name != NULL)
			(void)snprintf(first, sizeof first, "%.*s", (int)strcspn(name, "."), name);
		const struct field *field = fields_find(fields, first);
		const char *label = field == NULL ? first : field->label;
		size_t last = json_array_size(all);
		if (last == 0 || strcmp(json_string_value(json_array_get(all, last - 1)), label) != 0)
			json_array_append_new(all, json_string(label));
	}
	return all;
}

static int find_version(void *arg, const struct answer *answer)
{
	struct wanted *wanted = arg;
	if (answer->version != wanted->version)
		return 0;
	struct listing listing = {wanted->asked, json_array(), 1, SIZE_MAX};
	list_version(&listing, answer);
	wanted->found = json_incref(json_array_get(listing.all, 0));
	json_decref(listing.all);
	wanted->missing = labels_of(&wanted->asked->fields, answer->missing);
	wanted->differs = strcmp(answer->state, "differs") == 0;
	return 1;
}

void answering_thank(struct web_request *request, struct worker *worker, const struct asked *asked, int64_t version)
{
	struct wanted wanted = {.asked = asked, .version = version};
	struct error e = {0};
	json_t *others = NULL;
	if (answer_each(worker->db, asked->ask.id, find_version, &wanted, &e) != 0 && wanted.found == NULL) {
		web_reply_error(request, &e);
	} else if (wanted.found == NULL) {
		visit_wrong(request, worker);
	} else if ((others = asked_open_link(worker, &asked->ask, web_part(request, "token"), &e)) == NULL) {
		json_decref(wanted.found);
		web_reply_error(request, &e);
	} else {
		json_t *page = asked_head(asked);
		json_object_set_new(page, "others", others);
		json_object_set_new(page, "answer", wanted.found);
		json_object_set(page, "missing", wanted.missing);
		json_object_set_new(page, "has_missing", json_boolean(json_array_size(wanted.missing) > 0));
		json_object_set_new(page, "differs", json_boolean(wanted.differs));
		web_reply_page(request, 200, "thanks", page);
		json_decref(page);
	}
	json_decref(wanted.missing);
}
