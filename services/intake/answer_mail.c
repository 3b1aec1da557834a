#include "intake/answer_mail.h"

#include <stdlib.h>
#include <string.h>

#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "intake/charset.h"
#include "intake/figure.h"

/* A reply's own words, kept beside the answer for staff. */
#define NOTE_MAX_BYTES 4000
#define NAME_MAX_BYTES 300

/* ---- what is understood --------------------------------------------------------------- */

static bool is_figure(const struct field *field)
{
	return field->type == FIELD_COUNT || field->type == FIELD_NUMBER;
}

static const struct field *field_for_figure(const struct fields *fields)
{
	const struct field *required = NULL, *any = NULL;
	size_t requireds = 0, all = 0;
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *field = &fields->item[i];
		if (!is_figure(field))
			continue;
		all++;
		any = field;
		requireds += field->required;
		if (field->required)
			required = field;
	}
	return requireds == 1 ? required : requireds == 0 && all == 1 ? any : NULL;
}

int answer_mail_read(struct db *db, const struct ask *ask, const char *words, const struct sheet_mail *sheet,
	struct answer_reading *out, struct error *e)
{
	*out = (struct answer_reading){.values = json_object()};
	if (ask_fields(db, ask->campaign, &out->fields, e) != 0)
		return -1;
	if (sheet->ask == ask->id) {
		out->sheet = sheet->fields != NULL;
		out->sheet_trouble = sheet->trouble;
		if (out->sheet) {
			json_decref(out->values);
			out->values = json_deep_copy(sheet->fields);
		}
		return 0;
	}
	struct figures figures;
	figure_find(words, &figures);
	out->ambiguous = figures.result == FIGURE_AMBIGUOUS;
	const struct field *field = field_for_figure(&out->fields);
	if (figures.result == FIGURE_ONE && field != NULL)
		json_object_set_new(out->values, field->name, json_integer(figures.value));
	return 0;
}

void answer_reading_fini(struct answer_reading *reading)
{
	fields_fini(&reading->fields);
	json_decref(reading->values);
	*reading = (struct answer_reading){0};
}

/* ---- files ------------------------------------------------------------------------------- */

static const char *file_field(const struct fields *fields)
{
	const char *name = NULL;
	size_t count = 0;
	for (size_t i = 0; i < fields->count; i++)
		if (fields->item[i].type == FIELD_FILE) {
			name = fields->item[i].name;
			count++;
		}
	return count == 1 ? name : NULL;
}

static void choose_files(const struct mail_file_list *list, struct answer_reading *reading,
	struct answer_file *files, size_t *count)
{
	struct error ignored;
	const char *field = file_field(&reading->fields);
	for (size_t i = 0; i < list->count; i++) {
		const struct mail_file *one = &list->item[i];
		if (one->cut || answer_file_check(one->name, one->data, one->len, &ignored) != 0) {
			reading->files_left++;
			continue;
		}
		files[(*count)++] = (struct answer_file){.field = field, .name = one->name,
			.media_type = one->type, .data = one->data, .len = one->len};
	}
	reading->files_kept = *count;
	reading->files_left += list->left_out;
}

/* ---- writing it down ------------------------------------------------------------------------ */

/* The name the sender gave himself; NULL = none. The caller frees. */
static char *sender_name(const struct mail *mail)
{
	const char *from = mail == NULL ? NULL : mail_field(mail, "From");
	const char *open = from == NULL ? NULL : strrchr(from, '<');
	if (open == NULL || open == from)
		return NULL;
	char *part = xstrndup(from, (size_t)(open - from)), *valid = charset_valid(part, strlen(part));
	for (char *p = valid; *p != '\0'; p++)
		if (*p == '"')
			*p = ' ';
	char *line = gate_clean_line(valid, NAME_MAX_BYTES);
	free(part);
	free(valid);
	if (line[0] == '\0') {
		free(line);
		return NULL;
	}
	return line;
}

static enum answer_way way_of(const struct answer_mail *mail, const struct answer_reading *reading)
{
	if (reading->sheet)
		return ANSWER_SHEET;
	return mail->mail != NULL && (mail_field(mail->mail, "In-Reply-To") != NULL ||
					     mail_field(mail->mail, "References") != NULL)
		       ? ANSWER_REPLY
		       : ANSWER_MAIL;
}

int answer_mail_record(struct inbox *inbox, const struct ask *ask, const struct answer_mail *mail,
	struct answer_reading *reading, const char *actor, struct answer_outcome *outcome, struct error *e)
{
	struct answer_file files[ANSWER_FILES_MAX];
	size_t count = 0;
	reading->files_left = 0;
	choose_files(&mail->sheet->files, reading, files, &count);
	char *name = reading->sheet && mail->sheet->name != NULL ? xstrdup(mail->sheet->name)
								  : sender_name(mail->mail);
	char *note = xstrndup(mail->words, strnlen(mail->words, NOTE_MAX_BYTES));
	gate_utf8_mend(note);
	struct answer_new new = {.ask = ask->id,
		.way = way_of(mail, reading),
		.proposed = actor == NULL && !reading->sheet,
		.fields = reading->values,
		.name = name,
		.phone = reading->sheet ? mail->sheet->phone : NULL,
		.address = mail->address,
		.actor = actor,
		.note = note[0] == '\0' ? NULL : note,
		.received_ms = mail->received_ms,
		.mail = mail->id,
		.file = files,
		.files = count};
	int rc = answer_record(inbox->db, inbox->bus, INBOX_SOURCE, &new, outcome, e);
	free(name);
	free(note);
	return rc;
}
