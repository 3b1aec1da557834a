/* What the form cannot say (rounds, stages, road maps): the text of campaign.yaml and of its letters, with the
 * same checks. */
#include <stdlib.h>
#include <string.h>

#include "base/gate.h"
#include "base/xalloc.h"
#include "console/compose/tables.h"

static json_t *texts_of(struct draft *draft)
{
	json_t *list = json_array(), *text;
	const char *name;
	json_object_foreach(json_object_get(draft->composition.form, "texts"), name, text)
	{
		char *path = xasprintf("texts.%s", name);
		const struct field_row row = {path, LOOK_AREA, name, name, NULL, NULL, NULL};
		json_array_append_new(list, draft_field(draft, "", &row));
		free(path);
	}
	return list;
}

void show_step_text(struct draft *draft, int status)
{
	static const struct field_row yaml = {"yaml", LOOK_AREA, "Text of the campaign (campaign.yaml)", "Текст рассылки (campaign.yaml)", NULL, NULL, NULL};
	struct error e = {0};
	json_t *files = NULL, *file;
	size_t index;
	if (draft->folder == NULL && !draft_load(draft, LOOK_WHOLE))
		return;
	json_t *data = draft_page(draft, STEP_TEXT), *field = draft_field(draft, "", &yaml);
	json_object_set_new(field, "lines", json_integer(30));
	json_object_set_new(data, "yaml", json_pack("[o]", field));
	json_object_set_new(data, "texts", texts_of(draft));
	if (compose_files(draft->visit->db, draft->composition.slug, &files, &e) != 0)
		files = json_array();
	json_array_foreach(files, index, file) json_object_set_new(file, "size", draft_size(json_integer_value(json_object_get(file, "size"))));
	json_object_set_new(data, "files", files);
	draft_show(draft, status, STEP_TEXT, data);
}

void page_text(struct visit *visit)
{
	struct draft draft;
	if (!draft_open(visit, &draft))
		return;
	show_step_text(&draft, 200);
	draft_close(&draft);
}

/* From the form to the text: what it says now, as YAML; there is no way back. */
static void become_text(struct draft *draft)
{
	struct buf yaml;
	struct error e;
	json_t *texts = json_object();
	buf_init(&yaml, FORM_MAX_BYTES);
	if (compose_yaml(&draft->composition, &yaml, &e) == 0) {
		for (size_t i = 0; form_letters[i] != NULL; i++) {
			char *path = xasprintf("letters.%s", form_letters[i]);
			const char *text = form_text(draft->composition.form, path);
			if (text[0] != '\0')
				json_object_set_new(texts, form_letter_file(form_letters[i]), json_string(text));
			free(path);
		}
		json_object_set(draft->composition.form, "texts", texts);
		json_object_set_new(draft->composition.form, "yaml", json_string(buf_str(&yaml)));
	}
	json_decref(texts);
	buf_fini(&yaml);
}

static int put_and_remove(struct draft *draft, struct db *tx, struct error *e)
{
	const char *what = pressed(draft->visit);
	if (put_uploads(draft, tx, e) != 0)
		return -1;
	return strncmp(what, "unfile:", 7) == 0 ? compose_file_remove(tx, draft->composition.slug, what + 7, e) : 0;
}

void take_text(struct visit *visit)
{
	struct draft draft;
	if (!draft_open(visit, &draft))
		return;
	if (strcmp(pressed(visit), "become") == 0)
		become_text(&draft);
	if (take_and_save(&draft, STEP_TEXT, put_and_remove))
		go_on(&draft, STEP_TEXT);
	draft_close(&draft);
}

/* A file of the draft, to keep. */
void page_draft_file(struct visit *visit)
{
	const char *name = web_query(visit->request, "name");
	struct db_stmt *row;
	struct error e = {0};
	if (name == NULL ||
		db_query(visit->db, &row, &e, "SELECT b.data, f.name FROM composition_file f JOIN blob b ON b.hash = f.hash WHERE f.slug = $1 AND f.name = $2", "ss",
			web_part(visit->request, "slug"), name) != 0) {
		console_not_found(visit, NULL);
		return;
	}
	enum db_step step = db_step(row, &e);
	if (step == DB_ROW) {
		size_t len;
		const void *data = db_blob(row, 0, &len);
		const char *slash = strrchr(db_text(row, 1), '/');
		web_reply_download(visit->request, data, len, slash == NULL ? db_text(row, 1) : slash + 1, "application/octet-stream");
		db_reset(row);
	} else if (step == DB_DONE) {
		console_not_found(visit, NULL);
	} else {
		web_reply_error(visit->request, &e);
	}
}
