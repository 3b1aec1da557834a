#include "intake/sheet_mail.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "answer/answer.h"
#include "answer/workbook.h"
#include "base/buf.h"
#include "base/lang.h"

/* More mistakes than this are not read by who made them. */
#define TROUBLES_SHOWN 10
#define TROUBLE_MAX_BYTES 2000

static bool has_files(const struct mail *mail)
{
	for (size_t i = 0; mail != NULL && i < mail->parts; i++)
		if (mail->part[i].place == MAIL_PART_ATTACHED)
			return true;
	return false;
}

static bool may_be_workbook(const struct mail_file *file)
{
	size_t len = strlen(file->name);
	return !file->cut && file->len <= WORKBOOK_MAX_BYTES &&
	       ((len > 5 && strcasecmp(file->name + len - 5, ".xlsx") == 0) ||
		       strcmp(file->type, WORKBOOK_MEDIA_TYPE) == 0);
}

/* «C7: …; D9: …». */
static char *troubles(const struct problems *problems, const struct error *first)
{
	struct buf out;
	size_t shown = 0;
	buf_init(&out, TROUBLE_MAX_BYTES);
	for (size_t i = 0; i < problems->count && shown < TROUBLES_SHOWN; i++) {
		const struct problem *p = &problems->item[i];
		if (p->severity != PROBLEM_ERROR)
			continue;
		(void)buf_printf(&out, "%s%s", shown++ == 0 ? "" : "; ", p->text);
		if (p->hint != NULL)
			(void)buf_printf(&out, " (%s)", p->hint);
	}
	if (shown == 0)
		(void)buf_puts(&out, first->text);
	if (problems->errors > shown && shown > 0)
		(void)buf_printf(&out, tr(" … %zu in all", " … всего %zu"), problems->errors);
	return buf_take(&out);
}

/* 1: it is one of ours. */
static int try_file(struct inbox *inbox, const struct mail_file *file, struct sheet_mail *out, struct error *e)
{
	struct answer_workbook book = {0};
	struct problems problems = {0};
	int rc = answer_workbook_read(inbox->db, inbox->key, file->data, file->len, &book, &problems, e);
	int found = 0;
	if (rc == 0 || (e->code == ERROR_INPUT && book.ask != 0)) {
		found = 1;
		out->ask = book.ask;
		if (rc == 0)
			out->fields = json_incref(book.fields);
		else
			out->trouble = troubles(&problems, e);
		out->name = book.name;
		out->phone = book.phone;
		book.name = book.phone = NULL;
	} else if (e->code != ERROR_NOT_FOUND && e->code != ERROR_DENIED && e->code != ERROR_INPUT) {
		found = -1;
	}
	problems_fini(&problems);
	answer_workbook_fini(&book);
	return found;
}

int sheet_mail_open(struct inbox *inbox, const struct mail *mail, const void *bytes, size_t len,
	struct sheet_mail *out, struct error *e)
{
	*out = (struct sheet_mail){0};
	if (!has_files(mail))
		return 0;
	mail_attached(bytes, len, ANSWER_FILES_MAX, ANSWER_FILE_MAX_BYTES, &out->files);
	for (size_t i = 0; i < out->files.count; i++) {
		int found = may_be_workbook(&out->files.item[i])
			? try_file(inbox, &out->files.item[i], out, e)
			: 0;
		if (found != 0)
			return found < 0 ? -1 : 0;
	}
	return 0;
}

void sheet_mail_fini(struct sheet_mail *sheet)
{
	mail_file_list_fini(&sheet->files);
	json_decref(sheet->fields);
	free(sheet->name);
	free(sheet->phone);
	free(sheet->trouble);
	*sheet = (struct sheet_mail){0};
}
