/* /directory/import: a sheet, every row's fate before anything is stored, then the import. */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "console/directory/part.h"
#include "console/directory/upload.h"

#define ROWS 100
#define KB 1024

static void show_upload(struct visit *visit, int status, const char *error)
{
	console_page(visit, status, "directory_import",
		json_pack("{s:s, s:s, s:o}", "title", tr("Import a sheet", "Загрузка таблицы"), "here", "directory", "error",
			show_text(error)));
}

void page_import(struct visit *visit)
{
	show_upload(visit, 200, NULL);
}

void page_import_upload(struct visit *visit)
{
	struct web_file *file;
	struct error e = {0};
	char id[IDENT_SIZE];
	if (web_files(visit->request, &file) == 0) {
		show_upload(visit, 422, tr("Choose a file first.", "Сначала выберите файл."));
		return;
	}
	const void *data = file[0].data;
	if (upload_keep(visit, file[0].name, data, data == NULL ? 0 : file[0].len, id, &e) == 0) {
		char *location = xasprintf("/directory/import/%s", id);
		web_redirect(visit->request, location);
		free(location);
	} else if (e.code == ERROR_INPUT) {
		show_upload(visit, 422, e.text);
	} else {
		console_error(visit, &e);
	}
}

/* ---- preview ----------------------------------------------------------------------------------- */

static json_t *fate_words(enum upload_fate fate)
{
	switch (fate) {
	case UPLOAD_ADDED:
		return json_pack("{s:s, s:s}", "text", tr("new", "новая"), "class", "good");
	case UPLOAD_CHANGED:
		return json_pack("{s:s, s:s}", "text", tr("changes", "изменится"), "class", "warn");
	case UPLOAD_UNCHANGED:
		return json_pack("{s:s, s:s}", "text", tr("unchanged", "без изменений"), "class", "quiet");
	case UPLOAD_SKIPPED:
		break;
	}
	return json_pack("{s:s, s:s}", "text", tr("not taken", "не подходит"), "class", "bad");
}

static json_t *part_of(const struct upload_row *row, int part)
{
	return row->len[part] == 0 ? json_null() : json_stringn(row->part[part], row->len[part]);
}

/* The rows from ?after= on, of ?fate= or all. */
static void add_rows(struct visit *visit, const struct upload *upload, char fate, json_t *data)
{
	json_t *rows = json_array(), *next = NULL;
	struct upload_row row;
	int64_t after = 0, last = 0;
	size_t at = 0;
	(void)page_after(visit, &after, 1);
	while (next == NULL && upload_next(upload, &at, &row)) {
		if (row.line <= after || (fate != '\0' && (char)row.fate != fate))
			continue;
		if (json_array_size(rows) == ROWS) {
			next = page_next(visit, &last, 1);
			break;
		}
		last = row.line;
		json_array_append_new(rows,
			json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "line", (json_int_t)row.line, "fate", fate_words(row.fate), "key",
				part_of(&row, 0), "name", part_of(&row, 1), "column", part_of(&row, 2), "trouble", part_of(&row, 3), "hint",
				part_of(&row, 4)));
	}
	json_object_set_new(data, "has_rows", json_boolean(json_array_size(rows) > 0));
	json_object_set_new(data, "rows", rows);
	json_object_set_new(data, "next", next == NULL ? json_null() : next);
	json_object_set_new(data, "from_start", json_boolean(after == 0));
}

static int64_t count_of(const json_t *facts, const char *name)
{
	return json_integer_value(json_object_get(facts, name));
}

static json_t *tabs(const struct upload *upload, char fate)
{
	const json_t *facts = upload->facts;
	const struct {
		const char *fate, *name;
		int64_t count;
	} all[] = {{"", tr("All", "Все"),
			   count_of(facts, "added") + count_of(facts, "changed") + count_of(facts, "unchanged") + count_of(facts, "skipped")},
		{"a", tr("New", "Новые"), count_of(facts, "added")}, {"c", tr("Change", "Изменятся"), count_of(facts, "changed")},
		{"u", tr("Unchanged", "Без изменений"), count_of(facts, "unchanged")},
		{"s", tr("Not taken", "Не подходят"), count_of(facts, "skipped")}};
	json_t *list = json_array();
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		json_array_append_new(list,
			json_pack("{s:o, s:s, s:o, s:b}", "url", json_sprintf("/directory/import/%s?fate=%s", upload->id, all[i].fate), "name",
				all[i].name, "count", show_number(all[i].count), "here", all[i].fate[0] == fate));
	return list;
}

static json_t *encodings(const struct upload *upload)
{
	static const char *const names[] = {"UTF-8", "WINDOWS-1251", "UTF-16LE", "KOI8-R", "CP866"};
	const char *chosen = json_string_value(json_object_get(upload->wanted, "encoding"));
	json_t *list = json_array();
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		json_array_append_new(list, json_pack("{s:s, s:b}", "name", names[i], "chosen",
						    chosen != NULL && strcmp(chosen, names[i]) == 0));
	return list;
}

static const char *rows_words(int64_t n)
{
	return lang_get() == LANG_EN ? (n == 1 ? "row" : "rows") : calendar_plural(n, LANG_RU, "строку", "строки", "строк");
}

static void show_preview(struct visit *visit, const struct upload *upload, int status, const char *warning)
{
	const char *asked = web_query(visit->request, "fate");
	char fate = asked != NULL && strlen(asked) == 1 && strchr("acus", asked[0]) != NULL ? asked[0] : '\0';
	const json_t *facts = upload->facts;
	int64_t good = count_of(facts, "added") + count_of(facts, "changed") + count_of(facts, "unchanged");
	int64_t writes = count_of(facts, "added") + count_of(facts, "changed"), skipped = count_of(facts, "skipped");
	json_t *data = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:b, s:O, s:O}", "title",
		tr("What the sheet will change", "Что изменит таблица"), "here", "directory", "upload", upload->id, "hash", upload->hash,
		"file", upload->name, "size", show_number((upload->size + KB - 1) / KB), "warning", show_text(warning), "tabs",
		tabs(upload, fate), "readable", json_is_true(json_object_get(facts, "readable")), "columns",
		json_object_get(facts, "columns"), "problems", json_object_get(facts, "problems"));
	json_object_set_new(data, "has_problems", json_boolean(json_array_size(json_object_get(facts, "problems")) > 0));
	json_object_set(data, "encoding", json_object_get(facts, "encoding"));
	json_object_set(data, "delimiter", json_object_get(facts, "delimiter"));
	json_object_set(data, "sheet", json_object_get(facts, "sheet"));
	json_object_set_new(data, "added", show_number(count_of(facts, "added")));
	json_object_set_new(data, "changed", show_number(count_of(facts, "changed")));
	json_object_set_new(data, "unchanged", show_number(count_of(facts, "unchanged")));
	json_object_set_new(data, "skipped", show_number(skipped));
	json_object_set_new(data, "has_skipped", json_boolean(skipped > 0));
	json_object_set_new(data, "may_import", json_boolean(good > 0 && writes > 0));
	json_object_set_new(data, "nothing_new", json_boolean(good > 0 && writes == 0));
	json_object_set_new(data, "writes", show_number(writes));
	json_object_set_new(data, "writes_words", json_string(rows_words(writes)));
	json_object_set_new(data, "encodings", encodings(upload));
	json_object_set_new(data, "is_text", json_boolean(json_is_string(json_object_get(facts, "encoding"))));
	add_rows(visit, upload, fate, data);
	console_page(visit, status, "directory_preview", data);
}

/* true: loaded. Else the visitor is answered. */
static bool load(struct visit *visit, bool with_fates, struct upload *upload)
{
	struct error e = {0};
	enum db_step step = upload_load(visit, web_part(visit->request, "upload"), with_fates, upload, &e);
	if (step == DB_FAILED)
		console_error(visit, &e);
	else if (step == DB_DONE)
		console_not_found(visit, tr("This upload is not kept any more: choose the file again.",
						 "Этот файл больше не хранится: выберите его ещё раз."));
	return step == DB_ROW;
}

void page_import_preview(struct visit *visit)
{
	struct upload upload;
	if (load(visit, true, &upload))
		show_preview(visit, &upload, 200, NULL);
	upload_fini(&upload);
}

void page_import_reread(struct visit *visit)
{
	const char *id = web_part(visit->request, "upload"), *encoding = web_value(visit->request, "encoding"),
		   *delimiter = web_value(visit->request, "delimiter"), *sheet = web_value(visit->request, "sheet");
	struct error e = {0};
	bool one = delimiter != NULL && strlen(delimiter) == 1 && strchr(";,|\t", delimiter[0]) != NULL;
	json_t *wanted = json_pack("{s:o, s:o, s:o}", "encoding", show_text(encoding), "delimiter",
		one ? json_string(delimiter) : json_null(), "sheet", show_text(sheet));
	if (upload_read_again(visit, id, wanted, &e) == 0) {
		char *location = xasprintf("/directory/import/%.100s", id);
		web_redirect(visit->request, location);
		free(location);
	} else {
		console_error(visit, &e);
	}
	json_decref(wanted);
}

void page_import_drop(struct visit *visit)
{
	struct error e = {0};
	if (upload_drop(visit, web_part(visit->request, "upload"), &e) == 0)
		console_done(visit, "/directory/import", tr("The file was put aside; nothing was changed.",
								"Файл отложен, ничего не изменено."));
	else
		console_error(visit, &e);
}

/* ---- the import --------------------------------------------------------------------------------- */

static void tell_done(struct visit *visit, const json_t *facts)
{
	char *note = xasprintf(tr("Imported: %lld new, %lld changed, %lld unchanged, %lld not taken.",
				       "Загружено: новых %lld, изменено %lld, без изменений %lld, не подошло %lld."),
		(long long)count_of(facts, "added"), (long long)count_of(facts, "changed"), (long long)count_of(facts, "unchanged"),
		(long long)count_of(facts, "skipped"));
	console_done(visit, "/directory", note);
	free(note);
}

void page_import_run(struct visit *visit)
{
	struct upload upload;
	struct error e = {0};
	json_t *facts = NULL;
	const char *hash = web_value(visit->request, "hash");
	if (!load(visit, false, &upload))
		return;
	bool skip = web_value(visit->request, "skip") != NULL;
	if (hash == NULL || strcmp(hash, upload.hash) != 0) {
		web_reply_problem(visit->request, 409, tr("This is another file", "Это другой файл"),
			tr("The page shows another file than the one kept here. Choose the file again.",
				"На странице показан другой файл. Выберите его ещё раз."));
	} else if (upload_import(visit, &upload, skip, &facts, &e) == 0) {
		tell_done(visit, facts);
	} else if (e.code == ERROR_CONFLICT && !e.retriable) {
		upload_fini(&upload);
		if (load(visit, true, &upload))
			show_preview(visit, &upload, 409, e.text);
	} else {
		console_error(visit, &e);
	}
	json_decref(facts);
	upload_fini(&upload);
}

/* {"done","total"} for the bar of console.js; {} when nothing runs here. */
void page_import_progress(struct visit *visit)
{
	int64_t done, total;
	json_t *told = upload_progress(web_part(visit->request, "upload"), &done, &total)
		? json_pack("{s:I, s:I}", "done", (json_int_t)done, "total", (json_int_t)total)
		: json_object();
	char *text = json_dumps(told, JSON_COMPACT);
	web_reply(visit->request, 200, "application/json", text, strlen(text));
	free(text);
	json_decref(told);
}
