/* /personal: what is stored of one person; erasures that were done. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "console/parts.h"
#include "console/people/part.h"
#include "console/people/personal.h"
#include "retention/retention.h"

#define PIECE 50000        /* rows of one step of the search */
#define FOUND_SHOWN 300    /* of one step */
#define VALUE_SHOWN_BYTES 200
#define RECORDS_SHOWN 50
#define REASON_MAX_BYTES 500

/* ---- who is meant ---------------------------------------------------------------------------- */

struct asked {
	struct form form;
	struct person person;
	char address[PERSON_ADDRESS_SIZE];
};

static const char *given(struct asked *asked, const struct visit *visit, const char *name)
{
	const char *text = form_typed(&asked->form, visit, name);
	return text[0] == '\0' ? NULL : text;
}

/* false: the form says what is wrong. */
static bool take_person(struct asked *asked, const struct visit *visit, bool erasing)
{
	struct error e = {0};
	form_begin_empty(&asked->form);
	asked->person = (struct person){.address = given(asked, visit, "address"),
		.name = given(asked, visit, "name"),
		.organisation = given(asked, visit, "organisation")};
	if (person_check(&asked->person, erasing, asked->address, &e) == 0)
		return true;
	form_refuse(&asked->form, asked->person.address != NULL || asked->person.name == NULL ? "address" : "organisation", e.text);
	return false;
}

/* ---- the page ----------------------------------------------------------------------------------- */

static json_t *counts_words(const char *text)
{
	json_t *counts = json_loads(text, 0, NULL), *list = json_array(), *n;
	const char *name;
	json_object_foreach(counts, name, n)
		if (json_is_integer(n))
			json_array_append_new(list, json_pack("{s:s, s:o}", "name", person_source_words(name), "rows", show_number(json_integer_value(n))));
	json_decref(counts);
	return list;
}

static int add_records(struct visit *visit, json_t *data, struct error *e)
{
	struct db_stmt *row;
	enum db_step step;
	if (db_query(visit->db, &row, e, "SELECT time_ms, actor, reason, counts FROM erasure ORDER BY id DESC LIMIT $1", "i",
		    (int64_t)RECORDS_SHOWN) != 0)
		return -1;
	json_t *list = json_array();
	while ((step = db_step(row, e)) == DB_ROW)
		json_array_append_new(list, json_pack("{s:o, s:s, s:s, s:o, s:b}", "time", show_time(visit, db_int(row, 0)), "actor",
						    db_text(row, 1), "reason", db_text(row, 2), "counts", counts_words(db_text(row, 3)), "unfinished",
						    strstr(db_text(row, 3), "\"running\"") != NULL));
	json_object_set_new(data, "any_records", json_boolean(json_array_size(list) > 0));
	json_object_set_new(data, "records", list);
	return step == DB_FAILED ? -1 : 0;
}

/* What goes when. */
static int add_due(struct visit *visit, json_t *data, struct error *e)
{
	json_t *due = retention_due(visit->console->settings, visit->db, clock_now_ms(), e), *rows = json_array(), *one;
	size_t i;
	json_array_foreach(due, i, one)
		json_array_append_new(rows, json_pack("{s:O, s:O, s:O, s:o, s:o, s:O}", "slug", json_object_get(one, "campaign"), "called",
						    json_object_get(one, "title"), "what", json_object_get(one, "what"), "when",
						    show_time(visit, json_integer_value(json_object_get(one, "due_ms"))), "archived",
						    show_time(visit, json_integer_value(json_object_get(one, "archived_ms"))), "trouble",
						    json_object_get(one, "trouble")));
	json_object_set_new(data, "any_due", json_boolean(json_array_size(rows) > 0));
	json_object_set_new(data, "due", rows);
	json_decref(due);
	return due == NULL ? -1 : 0;
}

static json_t *erasing_data(void)
{
	struct erasing_state now;
	erasing_look(&now);
	return json_pack("{s:b, s:b, s:o, s:o, s:o}", "running", now.running, "done", now.done, "looked", show_number(now.looked), "error",
		now.running ? json_null() : show_text(now.error), "counts", counts_words(now.counts[0] == '\0' ? "{}" : now.counts));
}

/* Takes the form's fields and more over. */
static void show(struct visit *visit, int status, struct form *form, json_t *more)
{
	struct error e = {0};
	json_t *data = json_pack("{s:s, s:s, s:o, s:o, s:o}", "title", tr("Personal data", "Персональные данные"), "here", "personal", "f",
		form_take_fields(form), "erasing", erasing_data(), "beyond", person_beyond(visit->console->settings));
	if (more != NULL)
		json_object_update(data, more);
	json_decref(more);
	if (add_due(visit, data, &e) != 0 || add_records(visit, data, &e) != 0) {
		json_decref(data);
		console_error(visit, &e);
		return;
	}
	console_page(visit, status, "personal", data);
}

static void page_personal(struct visit *visit)
{
	struct form form;
	if (console_wants_piece(visit)) {
		console_piece(visit, "personal_erasing", json_pack("{s:o}", "erasing", erasing_data()));
		return;
	}
	form_begin_empty(&form);
	show(visit, 200, &form, NULL);
}

/* ---- finding: in steps, so that a large store shows how far it is -------------------------------------- */

struct found {
	json_t *rows;
	int64_t count;
};

static int take_row(void *arg, const struct person_finding *f)
{
	struct found *found = arg;
	const char *value = NULL;
	for (size_t c = 0; c < PERSON_COLUMNS && f->names[c] != NULL && value == NULL; c++)
		value = f->values[c];
	if (found->count++ >= FOUND_SHOWN)
		return 0;
	char *cut = value == NULL ? xstrdup("") : xstrndup(value, strnlen(value, VALUE_SHOWN_BYTES));
	size_t len = strlen(cut);
	while (len > 0 && ((unsigned char)cut[len - 1] & 0xc0) == 0x80) /* a character that was cut in two */
		len--;
	if (len > 0 && ((unsigned char)cut[len - 1] & 0x80) != 0)
		len--;
	if (strlen(cut) == VALUE_SHOWN_BYTES)
		cut[len] = '\0';
	gate_utf8_mend(cut); /* a raw mail may be anything: its row is shown all the same */
	json_t *row = json_pack("{s:s, s:s, s:s, s:o}", "where", f->words, "organisation", f->organisation, "value", cut, "kept", show_text(f->kept));
	if (row != NULL)
		json_array_append_new(found->rows, row);
	free(cut);
	return 0;
}

/* The walk's place travels in the form; whoever alters it only sees less. */
static void read_walk(const struct visit *visit, struct person_walk *walk)
{
	const char *at = web_value(visit->request, "at");
	json_t *place = at == NULL ? NULL : json_loads(at, 0, NULL);
	*walk = (struct person_walk){.source = (int)json_integer_value(json_object_get(place, "s")),
		.looked = json_integer_value(json_object_get(place, "n"))};
	for (size_t k = 0; k < PERSON_KEYS; k++) {
		const char *key = json_string_value(json_array_get(json_object_get(place, "k"), k));
		snprintf(walk->keys[k], sizeof walk->keys[k], "%s", key == NULL ? "" : key);
	}
	if (walk->source < 0 || walk->source >= person_sources())
		*walk = (struct person_walk){0};
	json_decref(place);
}

static json_t *walk_data(const struct person_walk *walk)
{
	json_t *place = json_pack("{s:i, s:I, s:[s, s, s]}", "s", walk->source, "n", (json_int_t)walk->looked, "k", walk->keys[0], walk->keys[1],
		walk->keys[2]);
	char *text = json_dumps(place, JSON_COMPACT);
	json_t *out = json_string(text == NULL ? "" : text);
	free(text);
	json_decref(place);
	return out;
}

static void take_find(struct visit *visit)
{
	struct asked asked;
	struct person_walk walk;
	struct found found = {.rows = json_array()};
	struct error e = {0};
	if (!take_person(&asked, visit, false)) {
		json_decref(found.rows);
		show(visit, 422, &asked.form, NULL);
		return;
	}
	read_walk(visit, &walk);
	if (person_find(visit->db, &asked.person, &walk, PIECE, take_row, &found, &e) != 0) {
		json_decref(found.rows);
		json_decref(form_take_fields(&asked.form));
		console_error(visit, &e);
		return;
	}
	bool first = web_value(visit->request, "at") == NULL;
	json_t *more = json_pack("{s:{s:b, s:b, s:o, s:o, s:o, s:o, s:b, s:b}}", "search", "going", !walk.done, "first", first, "rows",
		found.rows, "count", show_number(found.count), "looked", show_number(walk.looked), "at", walk_data(&walk), "more",
		found.count > FOUND_SHOWN, "none", found.count == 0);
	if (console_wants_piece(visit)) {
		json_object_set_new(more, "f", form_take_fields(&asked.form));
		console_piece(visit, "personal_found", more);
		return;
	}
	json_object_set_new(more, "person", json_pack("{s:s?, s:s?, s:s?}", "address", asked.person.address, "name", asked.person.name,
						    "organisation", asked.person.organisation));
	show(visit, 200, &asked.form, more);
}

/* ---- handing out, erasing -------------------------------------------------------------------------------- */

static int fill(struct visit *visit, const struct person *person, bool html, int fd, struct error *e)
{
	const struct orderer who = console_orderer(visit);
	int64_t count;
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	FILE *out = own < 0 ? NULL : fdopen(own, "w");
	if (out == NULL) {
		if (own >= 0)
			close(own);
		return error_errno(e, "the file for the download");
	}
	int rc = person_export(&who, visit->db, person, html, out, &count, e);
	if (fclose(out) != 0 && rc == 0)
		rc = error_errno(e, "the file for the download");
	return rc;
}

/* By way of a file without a name: a name that is in every second row gives gigabytes. */
static void take_export(struct visit *visit)
{
	struct asked asked;
	struct error e = {0};
	struct stat st;
	const char *format = web_value(visit->request, "format");
	bool html = format != NULL && strcmp(format, "html") == 0;
	if (!take_person(&asked, visit, false)) {
		show(visit, 422, &asked.form, NULL);
		return;
	}
	int fd = open(visit->console->settings->run_dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	int rc = fd < 0 ? error_errno(&e, "the file for the download") : fill(visit, &asked.person, html, fd, &e);
	if (rc == 0 && fstat(fd, &st) != 0)
		rc = error_errno(&e, "the file for the download");
	if (rc == 0) {
		web_reply_file(visit->request, fd, (size_t)st.st_size, html ? "person.html" : "person.json",
			html ? "text/html; charset=utf-8" : "application/json");
	} else {
		console_error(visit, &e);
		if (fd >= 0)
			close(fd);
	}
	json_decref(form_take_fields(&asked.form));
}

static bool confirmed(struct asked *asked, const struct visit *visit)
{
	const char *typed = form_typed(&asked->form, visit, "confirm");
	const char *wanted = asked->person.address != NULL ? asked->person.address : asked->person.name;
	return strcasecmp(typed, wanted) == 0;
}

static void take_erase(struct visit *visit)
{
	struct asked asked;
	struct error e = {0};
	bool good = take_person(&asked, visit, true);
	const char *reason = form_typed(&asked.form, visit, "reason");
	if (reason[0] == '\0' || strlen(reason) > REASON_MAX_BYTES)
		form_refuse(&asked.form, "reason", tr("say whose request it is, without names", "укажите основание, без имён: «заявление от 12.05.2023»"));
	if (good && !confirmed(&asked, visit))
		form_refuse(&asked.form, "confirm", tr("type the address exactly as it stands above", "наберите адрес точно так, как он указан выше"));
	if (asked.form.wrong) {
		show(visit, 422, &asked.form,
			good ? json_pack("{s:{s:s?, s:s?, s:s?}}", "person", "address", asked.person.address, "name", asked.person.name, "organisation",
				       asked.person.organisation)
			     : NULL);
		return;
	}
	if (erasing_start(visit, &asked.person, reason, web_value(visit->request, "forget") != NULL, &e) != 0)
		console_error(visit, &e);
	else
		web_redirect(visit->request, "/personal");
	json_decref(form_take_fields(&asked.form));
}

const struct console_route personal_routes[] = {
	{WEB_GET, "/personal", RIGHT_PERSONAL, page_personal, 0, 0},
	{WEB_POST, "/personal/find", RIGHT_PERSONAL, take_find, 0, 0},
	{WEB_POST, "/personal/export", RIGHT_PERSONAL, take_export, 0, 0},
	{WEB_POST, "/personal/erase", RIGHT_PERSONAL, take_erase, 0, 0},
	{0, NULL, 0, NULL, 0, 0},
};
