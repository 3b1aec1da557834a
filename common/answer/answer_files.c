/* Files that come with answers. They are kept as bytes and never opened or run here; what a person
 * would run by opening it is not taken at all. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "answer/answer.h"
#include "answer/answer_inside.h"
#include "base/gate.h"
#include "base/ident.h"
#include "base/lang.h"
#include "store/blob.h"

/* What a double click runs, on the systems offices have, and pages that would run in our name. */
static const char *const runnable[] = {"exe", "com", "bat", "cmd", "scr", "pif", "cpl", "msi", "msp",
	"dll", "js", "jse", "vbs", "vbe", "wsf", "wsh", "ps1", "psm1", "hta", "lnk", "reg", "jar", "sh", "run",
	"py", "php", "html", "htm", "xhtml", "mht", "mhtml", "svg", "svgz", "chm", "url", "desktop", "iso", NULL};

static bool begins_like_a_program(const unsigned char *data, size_t len)
{
	return (len >= 2 && (memcmp(data, "MZ", 2) == 0 || memcmp(data, "#!", 2) == 0)) ||
		(len >= 4 && memcmp(data, "\x7f" "ELF", 4) == 0);
}

int answer_file_check(const char *name, const void *data, size_t len, struct error *e)
{
	if (name == NULL || !gate_file_name(name))
		return error_set(e, ERROR_INPUT, "%s", tr("the file has no proper name", "у файла недопустимое имя"));
	if (len == 0)
		return error_set(e, ERROR_INPUT, tr("the file «%s» is empty", "файл «%s» пустой"), name);
	if (len > ANSWER_FILE_MAX_BYTES)
		return error_set(e, ERROR_INPUT, tr("the file «%s» is larger than %d MB", "файл «%s» больше %d МБ"), name,
			ANSWER_FILE_MAX_BYTES / (1024 * 1024));
	const char *dot = strrchr(name, '.');
	bool program = begins_like_a_program(data, len);
	for (const char *const *one = runnable; dot != NULL && *one != NULL; one++)
		program = program || strcasecmp(dot + 1, *one) == 0;
	if (program)
		return error_set(e, ERROR_INPUT,
			tr("the file «%s» is a program or a page, not a document: send it as PDF, DOCX, XLSX or a picture",
				"файл «%s» – программа или страница, а не документ: пришлите PDF, DOCX, XLSX или снимок"),
			name);
	return 0;
}

static int insert(struct answer_case *c, int64_t answer, int64_t position, const char *field,
	const char *name, const char *media_type, int64_t size, const char *hash, struct error *e)
{
	return db_exec(c->tx, e,
		"INSERT INTO answer_file (answer, position, field, name, media_type, size, hash)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7)",
		"iisssis", answer, position, field, name, media_type, size, hash);
}

static int store_new(struct answer_case *c, int64_t answer, int64_t position,
	const struct answer_file *file, struct error *e)
{
	char hash[IDENT_HASH_SIZE];
	(void)ident_hash(file->data, file->len, hash);
	if (blob_put(c->tx, hash, file->data, file->len, e) != 0)
		return -1;
	return insert(c, answer, position, file->field, file->name, file->media_type, (int64_t)file->len, hash, e);
}

static bool is_new(const char *field, const char *name, const struct answer_file *file, size_t files)
{
	for (size_t i = 0; i < files; i++)
		if (file[i].field != NULL && strcmp(file[i].field, field) == 0 && strcmp(file[i].name, name) == 0)
			return true;
	return false;
}

/* A file that an earlier version brought and this one still names. */
static int carry_over(struct answer_case *c, int64_t answer, int64_t position, const char *field,
	const char *name, struct error *e)
{
	int64_t source;
	enum db_step step = db_query_int(c->tx, &source, e,
		"SELECT a.id FROM answer a JOIN answer_file f ON f.answer = a.id"
		" WHERE a.ask = $1 AND f.field = $2 AND f.name = $3 AND a.id <> $4 ORDER BY a.version DESC LIMIT 1",
		"issi", c->ask.id, field, name, answer);
	if (step == DB_FAILED)
		return -1;
	if (step == DB_DONE)
		return error_set(e, ERROR_INPUT, tr("the file «%s» did not come", "файл «%s» не пришёл"), name);
	struct db_stmt *row;
	struct blob_list carried = {0};
	int rc = db_query(c->tx, &row, e,
		"INSERT INTO answer_file (answer, position, field, name, media_type, size, hash)"
		" SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), field, name, media_type, size, hash FROM answer_file"
		" WHERE answer = $3 AND field = $4 AND name = $5 ORDER BY position LIMIT 1 RETURNING hash",
		"iiiss", answer, position, source, field, name);
	if (rc == 0)
		rc = blob_list_take(&carried, row, e);
	if (rc == 0)
		rc = blob_list_keep(&carried, c->tx, e);
	blob_list_fini(&carried);
	return rc;
}

int answer_store_files(struct answer_case *c, int64_t answer, const json_t *fields,
	const struct answer_file *file, size_t files, struct error *e)
{
	int64_t position = 0;
	for (size_t i = 0; i < files; i++)
		if (store_new(c, answer, position++, &file[i], e) != 0)
			return -1;
	for (size_t i = 0; i < c->fields->count; i++) {
		const struct field *field = &c->fields->item[i];
		const json_t *names = field->type == FIELD_FILE ? json_object_get(fields, field->name) : NULL;
		for (size_t k = 0; k < json_array_size(names); k++) {
			const char *name = json_string_value(json_array_get(names, k));
			if (!is_new(field->name, name, file, files) &&
				carry_over(c, answer, position++, field->name, name, e) != 0)
				return -1;
		}
	}
	return 0;
}
