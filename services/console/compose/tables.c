#include "console/compose/tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "campaign/dataset.h"
#include "table/table.h"
#include "web/target.h"

char *form_text_escaped(const char *text)
{
	return target_escape(text);
}

json_t *draft_size(int64_t bytes)
{
	if (bytes < 1000)
		return json_sprintf(tr("%d bytes", "%d байт"), (int)bytes);
	if (bytes < 1000 * 1000)
		return json_sprintf(tr("%d KB", "%d КБ"), (int)((bytes + 500) / 1000));
	int64_t tenths = (bytes + 50000) / 100000;
	return lang_get() == LANG_RU ? json_sprintf("%d,%d МБ", (int)(tenths / 10), (int)(tenths % 10))
				     : json_sprintf("%d.%d MB", (int)(tenths / 10), (int)(tenths % 10));
}

/* ---- uploads ------------------------------------------------------------------------------- */

/* Letters are written under these names. */
static bool taken(const char *name)
{
	for (size_t i = 0; form_letters[i] != NULL; i++)
		if (strcmp(form_letter_file(form_letters[i]), name) == 0)
			return true;
	return strcmp(name, "campaign.yaml") == 0 || name[0] == '.';
}

static char *stored_name(const struct web_file *file)
{
	return taken(file->name) ? xasprintf("file-%s", file->name + (file->name[0] == '.')) : xstrdup(file->name);
}

static bool stands_there(const json_t *rows, const char *name)
{
	size_t index;
	const json_t *row;
	json_array_foreach(rows, index, row)
		if (strcmp(form_text(row, "file"), name) == 0)
			return true;
	return false;
}

/* "Мониторинг апрель.xlsx" → "monitoring_aprel": how the letter calls the table. */
static json_t *table_row(const json_t *rows, const char *name)
{
	char made[FORM_SLUG_SIZE];
	const char *dot = strrchr(name, '.');
	char *base = xstrndup(name, dot == NULL ? strlen(name) : (size_t)(dot - name));
	(void)form_field_name(base, made);
	free(base);
	(void)rows;
	return json_pack("{s:s, s:s}", "name", made, "file", name);
}

void take_uploads(struct draft *draft, const char *field, const char *list)
{
	struct web_file *file;
	json_t *form = draft->composition.form;
	size_t count = web_files(draft->visit->request, &file);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(file[i].field, field) != 0 || file[i].len == 0)
			continue;
		char *name = stored_name(&file[i]);
		if (strcmp(list, "audience.list") == 0) {
			(void)form_put(form, "audience.list.file", json_string(name));
		} else {
			if (!json_is_array(form_at(form, list)))
				(void)form_put(form, list, json_array());
			json_t *rows = form_at(form, list);
			if (!stands_there(rows, name))
				json_array_append_new(rows, strcmp(list, "data") == 0 ? table_row(rows, name) : json_pack("{s:s, s:s}", "file", name, "name", file[i].name));
		}
		free(name);
	}
}

static bool is_used(const json_t *form, const char *name)
{
	static const char *const lists[] = {"attachments", "data"};
	size_t index;
	const json_t *row;
	if (form_text(form, "yaml")[0] != '\0' || strcmp(form_text(form, "audience.list.file"), name) == 0)
		return true;
	for (size_t i = 0; i < 2; i++)
		json_array_foreach(form_at(form, lists[i]), index, row)
			if (strcmp(form_text(row, "file"), name) == 0 || strcmp(form_text(row, "signature"), name) == 0)
				return true;
	return false;
}

static int note_file(struct draft *draft, struct db *tx, const char *action, const char *name, struct error *e)
{
	char subject[120];
	snprintf(subject, sizeof subject, "draft:%s", draft->composition.slug);
	return console_audit(draft->visit, tx, action, subject, json_pack("{s:s}", "file", name), NULL, e);
}

int put_uploads(struct draft *draft, struct db *tx, struct error *e)
{
	struct web_file *file;
	const char *slug = draft->composition.slug;
	size_t count = web_files(draft->visit->request, &file), index;
	json_t *files = NULL, *one;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < count; i++) {
		if (file[i].len == 0)
			continue;
		char *name = stored_name(&file[i]);
		const void *data = file[i].data;
		rc = data == NULL ? error_set(e, ERROR_UNAVAILABLE, "%s cannot be read", name)
				  : compose_file_put(tx, slug, name, file[i].media_type, data, file[i].len, draft->visit->visitor->actor, e);
		if (rc == 0)
			rc = note_file(draft, tx, "draft.file", name, e);
		free(name);
	}
	if (rc != 0 || compose_files(tx, slug, &files, e) != 0)
		return -1;
	json_array_foreach(files, index, one)
		if (rc == 0 && !is_used(draft->composition.form, form_text(one, "name")))
			rc = compose_file_remove(tx, slug, form_text(one, "name"), e);
	json_decref(files);
	return rc;
}

/* ---- tables --------------------------------------------------------------------------------------- */

#define ROWS_SHOWN 2 /* the titles and an example */

struct peek {
	json_t *columns;
	int rows;
};

static int take_row(void *arg, const struct table_row *row)
{
	struct peek *peek = arg;
	if (++peek->rows > ROWS_SHOWN)
		return 1;
	for (size_t i = 0; i < row->count; i++) {
		if (peek->rows == 1) {
			char *field = dataset_field_name(row->cell[i]);
			json_array_append_new(peek->columns, json_pack("{s:s, s:s, s:s}", "field", field, "title", row->cell[i], "example", ""));
			free(field);
		} else if (i < json_array_size(peek->columns)) {
			json_object_set_new(json_array_get(peek->columns, i), "example", json_string(row->cell[i]));
		}
	}
	return 0;
}

static json_t *columns_of(struct draft *draft, const char *file, const char *sheet)
{
	struct db_stmt *row;
	struct error e = {0};
	struct peek peek = {.columns = json_array()};
	if (db_query(draft->visit->db, &row, &e,
		    "SELECT b.data FROM composition_file f JOIN blob b ON b.hash = f.hash WHERE f.slug = $1 AND f.name = $2", "ss",
		    draft->composition.slug, file) == 0 &&
		db_step(row, &e) == DB_ROW) {
		size_t len;
		const void *data = db_blob(row, 0, &len);
		struct problems problems = {0};
		const struct table_options options = {.sheet = sheet[0] == '\0' ? NULL : sheet};
		struct table_facts facts;
		(void)table_read_bytes(data, len, file, &options, &facts, take_row, &peek, &problems);
		problems_fini(&problems);
		db_reset(row);
	}
	return peek.columns;
}

json_t *tables_show(struct draft *draft)
{
	json_t *list = json_array();
	size_t index;
	const json_t *row;
	json_array_foreach(form_at(draft->composition.form, "data"), index, row)
	{
		char path[40];
		snprintf(path, sizeof path, "data.%zu", index);
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:o}", "name", form_text(row, "name"), "file", form_text(row, "file"), "path", path,
						    "columns", columns_of(draft, form_text(row, "file"), form_text(row, "sheet"))));
	}
	return list;
}
