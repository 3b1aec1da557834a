/* The Excel form written (libxlsxwriter). */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xlsxwriter.h>

#include "answer/answer.h"
#include "answer/answer_inside.h"
#include "answer/workbook.h"
#include "answer/workbook_inside.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"

#define ROWS_FREE 30         /* of a table, beyond those that are filled */
#define LIST_MAX_BYTES 250   /* Excel's limit for the choices of a cell: 255 characters */
#define COLUMN_LAST 5        /* of the frame around single fields: F */
#define STRING_MAX_BYTES 32000 /* Excel: 32,767 characters in a cell */

struct writer {
	enum lang lang;
	lxw_worksheet *sheet;
	lxw_row_t row;
	lxw_format *title, *plain, *label, *hint, *head, *input, *date, *number, *text;
};

struct workbook_content {
	struct ask ask;
	struct fields fields;
	json_t *definition, *values;
	char code[IDENT_LINK_SIZE];
};

static const char *say(const struct writer *w, const char *en, const char *ru)
{
	return w->lang == LANG_RU ? ru : en;
}

static lxw_format *input_format(lxw_workbook *book, const char *number_format)
{
	lxw_format *format = workbook_add_format(book);
	format_set_unlocked(format);
	format_set_border(format, LXW_BORDER_THIN);
	format_set_bg_color(format, 0xFFF9E5);
	format_set_text_wrap(format);
	format_set_align(format, LXW_ALIGN_VERTICAL_TOP);
	format_set_align(format, LXW_ALIGN_LEFT);
	if (number_format != NULL)
		format_set_num_format(format, number_format);
	return format;
}

static void make_formats(lxw_workbook *book, struct writer *w)
{
	w->title = workbook_add_format(book);
	format_set_bold(w->title);
	format_set_font_size(w->title, 13);
	format_set_text_wrap(w->title);
	format_set_align(w->title, LXW_ALIGN_VERTICAL_TOP);
	w->plain = workbook_add_format(book);
	format_set_text_wrap(w->plain);
	format_set_align(w->plain, LXW_ALIGN_VERTICAL_TOP);
	w->label = workbook_add_format(book);
	format_set_text_wrap(w->label);
	format_set_border(w->label, LXW_BORDER_THIN);
	format_set_align(w->label, LXW_ALIGN_VERTICAL_TOP);
	w->hint = workbook_add_format(book);
	format_set_italic(w->hint);
	format_set_font_color(w->hint, 0x666666);
	format_set_text_wrap(w->hint);
	format_set_align(w->hint, LXW_ALIGN_VERTICAL_TOP);
	w->head = workbook_add_format(book);
	format_set_bold(w->head);
	format_set_border(w->head, LXW_BORDER_THIN);
	format_set_text_wrap(w->head);
	format_set_bg_color(w->head, 0xE8EEF7);
	w->input = input_format(book, NULL);
	w->date = input_format(book, "dd.mm.yyyy");
	w->number = input_format(book, "General");
	w->text = input_format(book, "@"); /* «1-2» stays what it is */
}

/* Excel refuses a file with a longer string. Always text, whatever it begins with. */
static void put_text(struct writer *w, lxw_col_t column, const char *text, lxw_format *format)
{
	size_t len = strlen(text); /* not strnlen: an optimising gcc takes its bound for a mistake */
	char *cut = xstrndup(text, len < STRING_MAX_BYTES ? len : STRING_MAX_BYTES);
	gate_utf8_mend(cut);
	(void)worksheet_write_string(w->sheet, w->row, column, cut, format);
	free(cut);
}

static void put_marker(struct writer *w, const char *kind, const char *name)
{
	char marker[160];
	(void)snprintf(marker, sizeof marker, "%s%s", kind, name);
	(void)worksheet_write_string(w->sheet, w->row, 0, marker, NULL);
}

static void put_across(struct writer *w, const char *text, lxw_format *format, double height)
{
	size_t len = strlen(text); /* not strnlen: an optimising gcc takes its bound for a mistake */
	char *cut = xstrndup(text, len < STRING_MAX_BYTES ? len : STRING_MAX_BYTES);
	gate_utf8_mend(cut);
	(void)worksheet_merge_range(w->sheet, w->row, 1, w->row, COLUMN_LAST, cut, format);
	(void)worksheet_set_row(w->sheet, w->row, height, NULL);
	free(cut);
	w->row++;
}

/* ---- values -------------------------------------------------------------------------- */

static lxw_format *format_of(const struct writer *w, const struct field *field)
{
	switch (field->type) {
	case FIELD_COUNT:
	case FIELD_NUMBER:
		return w->number;
	case FIELD_DATE:
		return w->date;
	case FIELD_CHOICE:
	case FIELD_TEXT:
	case FIELD_LINKS:
		return w->text;
	case FIELD_FILE:
	case FIELD_TABLE:
	case FIELD_TYPES:
		break;
	}
	return w->input;
}

static void put_date(struct writer *w, lxw_col_t column, const char *iso)
{
	lxw_datetime date = {0};
	if (sscanf(iso, "%d-%d-%d", &date.year, &date.month, &date.day) == 3)
		(void)worksheet_write_datetime(w->sheet, w->row, column, &date, w->date);
}

/* One to a line. */
static void put_links(struct writer *w, lxw_col_t column, const json_t *links)
{
	struct buf text;
	buf_init(&text, STRING_MAX_BYTES);
	for (size_t i = 0; i < json_array_size(links); i++)
		if (buf_printf(&text, "%s%s", i == 0 ? "" : "\n", json_string_value(json_array_get(links, i))) != 0)
			break;
	put_text(w, column, buf_str(&text), w->text);
	buf_fini(&text);
}

static void put_value(struct writer *w, lxw_col_t column, const struct field *field, const json_t *value)
{
	lxw_format *format = format_of(w, field);
	if (field_empty(value))
		(void)worksheet_write_blank(w->sheet, w->row, column, format);
	else if (json_is_number(value))
		(void)worksheet_write_number(w->sheet, w->row, column, json_number_value(value), format);
	else if (field->type == FIELD_DATE)
		put_date(w, column, json_string_value(value));
	else if (json_is_array(value))
		put_links(w, column, value);
	else
		put_text(w, column, json_string_value(value), format);
}

/* ---- what a cell takes ------------------------------------------------------------------ */

/* jansson's strings are const, libxlsxwriter's lists are not, and are only read. */
static char **short_list(const struct field *field)
{
	size_t bytes = 0, count = 0;
	for (const char *const *option = field->options; *option != NULL; option++, count++)
		bytes += strlen(*option) + 1;
	if (bytes > LIST_MAX_BYTES)
		return NULL;
	char **list = xcalloc(count + 1, sizeof *list);
	memcpy(list, field->options, count * sizeof *list);
	return list;
}

static void add_validation(struct writer *w, lxw_row_t first, lxw_row_t last, lxw_col_t column,
	const struct field *field)
{
	lxw_data_validation rule = {.ignore_blank = LXW_VALIDATION_ON, .show_error = LXW_VALIDATION_ON};
	const char *message = "";
	char **list = NULL;
	if (field->type == FIELD_COUNT) {
		rule.validate = LXW_VALIDATION_TYPE_INTEGER;
		rule.criteria = LXW_VALIDATION_CRITERIA_GREATER_THAN_OR_EQUAL_TO;
		message = say(w, "Give a whole number from 0 on.", "Укажите целое число, не меньше нуля.");
	} else if (field->type == FIELD_NUMBER) {
		rule.validate = LXW_VALIDATION_TYPE_DECIMAL;
		rule.criteria = LXW_VALIDATION_CRITERIA_BETWEEN;
		rule.minimum_number = -1e15;
		rule.maximum_number = 1e15;
		message = say(w, "Give a number.", "Укажите число.");
	} else if (field->type == FIELD_DATE) {
		rule.validate = LXW_VALIDATION_TYPE_DATE;
		rule.criteria = LXW_VALIDATION_CRITERIA_BETWEEN;
		rule.minimum_datetime = (lxw_datetime){.year = 1900, .month = 1, .day = 1};
		rule.maximum_datetime = (lxw_datetime){.year = 2199, .month = 12, .day = 31};
		message = say(w, "Give a date such as 30.05.2023.", "Укажите дату, например 30.05.2023.");
	} else if (field->type == FIELD_CHOICE && (list = short_list(field)) != NULL) {
		rule.validate = LXW_VALIDATION_TYPE_LIST;
		rule.value_list = list;
		message = say(w, "Choose from the list.", "Выберите значение из списка.");
	} else {
		return;
	}
	char *text = xstrdup(message), *title = xstrdup(say(w, "Not this", "Так не годится"));
	rule.error_message = text;
	rule.error_title = title;
	(void)worksheet_data_validation_range(w->sheet, first, column, last, column, &rule);
	free(text);
	free(title);
	free(list);
}

static const char *hint_of(const struct writer *w, const struct field *field)
{
	switch (field->type) {
	case FIELD_COUNT:
		return say(w, "whole number", "целое число");
	case FIELD_NUMBER:
		return say(w, "number", "число");
	case FIELD_DATE:
		return say(w, "date: 30.05.2023", "дата: 30.05.2023");
	case FIELD_CHOICE:
		return say(w, "choose from the list", "выберите из списка");
	case FIELD_TEXT:
		return say(w, "text", "текст");
	case FIELD_LINKS:
		return say(w, "links, one to a line", "ссылки, по одной в строке");
	case FIELD_FILE:
	case FIELD_TABLE:
	case FIELD_TYPES:
		break;
	}
	return "";
}

/* ---- rows -------------------------------------------------------------------------------- */

static void put_label(struct writer *w, lxw_col_t column, const struct field *field, lxw_format *format)
{
	char *label = xasprintf("%s%s", field->label, field->required ? " *" : "");
	put_text(w, column, label, format);
	free(label);
}

static void put_field(struct writer *w, const struct field *field, const json_t *value)
{
	bool tall = field->type == FIELD_TEXT || field->type == FIELD_LINKS;
	put_marker(w, WORKBOOK_FIELD, field->name);
	put_label(w, 1, field, w->label);
	put_value(w, WORKBOOK_VALUE_COLUMN, field, value);
	put_text(w, 3, hint_of(w, field), w->hint);
	add_validation(w, w->row, w->row, WORKBOOK_VALUE_COLUMN, field);
	(void)worksheet_set_row(w->sheet, w->row, tall ? 60 : 30, NULL);
	w->row++;
}

static void put_person(struct writer *w, const char *marker, const char *label)
{
	put_marker(w, marker, "");
	put_text(w, 1, label, w->label);
	(void)worksheet_write_blank(w->sheet, w->row, WORKBOOK_VALUE_COLUMN, w->text);
	w->row++;
}

static void put_table(struct writer *w, const struct field *table, const json_t *rows)
{
	lxw_row_col_options hidden = {.hidden = 1};
	size_t filled = json_array_size(rows), count = filled + ROWS_FREE;
	if (count > FIELD_ROWS_MAX)
		count = FIELD_ROWS_MAX;
	w->row++;
	put_label(w, 1, table, w->title);
	w->row++;
	put_marker(w, WORKBOOK_COLUMNS, table->name);
	for (size_t c = 0; c < table->columns; c++)
		put_text(w, (lxw_col_t)(WORKBOOK_TABLE_COLUMN + c), table->column[c].name, NULL);
	(void)worksheet_set_row_opt(w->sheet, w->row, LXW_DEF_ROW_HEIGHT, NULL, &hidden);
	w->row++;
	put_marker(w, "titles:", table->name);
	for (size_t c = 0; c < table->columns; c++)
		put_label(w, (lxw_col_t)(WORKBOOK_TABLE_COLUMN + c), &table->column[c], w->head);
	w->row++;
	lxw_row_t first = w->row;
	for (size_t i = 0; i < count; i++, w->row++) {
		put_marker(w, WORKBOOK_ROW, table->name);
		for (size_t c = 0; c < table->columns; c++)
			put_value(w, (lxw_col_t)(WORKBOOK_TABLE_COLUMN + c), &table->column[c],
				json_object_get(json_array_get(rows, i), table->column[c].name));
	}
	for (size_t c = 0; c < table->columns; c++)
		add_validation(w, first, w->row - 1, (lxw_col_t)(WORKBOOK_TABLE_COLUMN + c), &table->column[c]);
	put_marker(w, WORKBOOK_END, "");
	w->row++;
}

static void put_head(struct writer *w, const struct workbook_content *content)
{
	lxw_row_col_options hidden = {.hidden = 1};
	const char *title = json_string_value(json_object_get(content->definition, "title"));
	const char *zone = json_string_value(json_object_get(content->definition, "zone"));
	char deadline[CALENDAR_TEXT_SIZE];
	put_marker(w, WORKBOOK_MARKER, "");
	put_text(w, 1, content->code, NULL);
	(void)worksheet_set_row_opt(w->sheet, 0, LXW_DEF_ROW_HEIGHT, NULL, &hidden);
	(void)worksheet_set_column_opt(w->sheet, 0, 0, 10, NULL, &hidden);
	w->row = 1;
	put_across(w, title != NULL ? title : content->ask.slug, w->title, 36);
	if (content->ask.round_label[0] != '\0')
		put_across(w, content->ask.round_label, w->plain, 16);
	char *who = xasprintf("%s %s (%s)", say(w, "Answering for:", "Ответ за:"), content->ask.name, content->ask.key);
	put_across(w, who, w->plain, 16);
	free(who);
	if (content->ask.deadline_ms != TIME_NEVER_MS && zone != NULL &&
		calendar_format(content->ask.deadline_ms, zone, w->lang, CALENDAR_FULL, deadline, NULL) == 0) {
		char *due = xasprintf("%s %s", say(w, "Due:", "Срок: до"), deadline);
		put_across(w, due, w->plain, 16);
		free(due);
	}
	put_across(w,
		say(w, "Fill in the coloured cells and send the file back in reply to the letter, or upload it on the page of "
		       "the answer. What is marked with * is required.",
			"Заполните цветные ячейки и пришлите файл в ответ на письмо или загрузите на странице ответа. "
			"Обязательное отмечено звёздочкой."),
		w->hint, 32);
	w->row++;
}

static void put_content(struct writer *w, const struct workbook_content *content)
{
	put_head(w, content);
	for (size_t i = 0; i < content->fields.count; i++) {
		const struct field *field = &content->fields.item[i];
		if (field->type != FIELD_TABLE && field->type != FIELD_FILE)
			put_field(w, field, json_object_get(content->values, field->name));
	}
	put_person(w, WORKBOOK_NAME, say(w, "Filled in by (name)", "Кто заполнил (Ф. И. О.)"));
	put_person(w, WORKBOOK_PHONE, say(w, "Telephone", "Телефон"));
	for (size_t i = 0; i < content->fields.count; i++)
		if (content->fields.item[i].type == FIELD_TABLE)
			put_table(w, &content->fields.item[i],
				json_object_get(content->values, content->fields.item[i].name));
}

static void set_page(struct writer *w)
{
	lxw_protection allowed = {.format_columns = 1, .format_rows = 1, .insert_rows = 1};
	(void)worksheet_set_column(w->sheet, 1, 1, 42, NULL);
	(void)worksheet_set_column(w->sheet, 2, 2, 42, NULL);
	(void)worksheet_set_column(w->sheet, 3, FIELD_COLUMNS_MAX, 22, NULL);
	worksheet_set_paper(w->sheet, 9); /* A4 */
	worksheet_set_landscape(w->sheet);
	worksheet_fit_to_pages(w->sheet, 1, 0);
	/* No password: it guards against slips, not against people; the code has its MAC. */
	worksheet_protect(w->sheet, NULL, &allowed);
}

static pthread_mutex_t closing = PTHREAD_MUTEX_INITIALIZER;

static int write_book(const char *path, const struct workbook_content *content, enum lang lang, struct error *e)
{
	struct writer w = {.lang = lang};
	lxw_workbook *book = workbook_new(path);
	if (book == NULL)
		return error_set(e, ERROR_INTERNAL, "a workbook cannot be begun");
	make_formats(book, &w);
	w.sheet = workbook_add_worksheet(book, say(&w, "Answer", "Ответ"));
	put_content(&w, content);
	set_page(&w);
	/* libxlsxwriter writes the time of making with gmtime(), whose result is one for all threads. */
	pthread_mutex_lock(&closing);
	lxw_error rc = workbook_close(book);
	pthread_mutex_unlock(&closing);
	return rc == LXW_NO_ERROR ? 0
				  : error_set(e, ERROR_UNAVAILABLE, "the workbook was not written: %s", lxw_strerror(rc));
}

/* ---- the store's side ------------------------------------------------------------------------ */

static int load(struct db *db, const struct ident_key *key, int64_t ask, struct workbook_content *content,
	struct error *e)
{
	struct db_stmt *row;
	enum db_step step = ask_by_id(db, ask, &content->ask, e);
	if (step != DB_ROW)
		return step == DB_FAILED ? -1
					 : error_set(e, ERROR_NOT_FOUND, "%s", tr("there is no such request", "такого запроса нет"));
	if (content->ask.state == ASK_WITHDRAWN)
		return error_set(e, ERROR_DENIED, "%s",
			tr("this request was withdrawn: no answer is needed any more",
				"этот запрос отозван: отвечать на него больше не нужно"));
	if (db_query(db, &row, e, "SELECT definition FROM campaign WHERE id = $1", "i", content->ask.campaign) != 0)
		return -1;
	step = db_step(row, e);
	if (step == DB_ROW)
		content->definition = json_loads(db_text(row, 0), 0, NULL);
	db_reset(row);
	if (step == DB_FAILED)
		return -1;
	(void)ident_link(key, WORKBOOK_PURPOSE, ask, content->code);
	const json_t *definition_ask = json_object_get(content->definition, "ask");
	if (fields_read(json_object_get(definition_ask, "fields"), &content->fields, e) != 0)
		return -1;
	return answer_counting(db, &content->ask, &content->values, e);
}

static int take_bytes(int fd, void **data, size_t *len, struct error *e)
{
	struct stat st;
	if (fstat(fd, &st) != 0 || st.st_size <= 0 || st.st_size > WORKBOOK_UNPACKED_MAX_BYTES)
		return error_set(e, ERROR_INTERNAL, "the workbook came out empty or too large");
	size_t size = (size_t)st.st_size, done = 0;
	char *bytes = xmalloc(size);
	while (done < size) {
		ssize_t n = pread(fd, bytes + done, size - done, (off_t)done);
		if (n <= 0) {
			free(bytes);
			return error_errno(e, "the workbook cannot be read back");
		}
		done += (size_t)n;
	}
	*data = bytes;
	*len = size;
	return 0;
}

int answer_workbook_load(struct db *db, const struct ident_key *key, int64_t ask,
	struct workbook_content **out, struct error *e)
{
	*out = xcalloc(1, sizeof **out);
	if (load(db, key, ask, *out, e) == 0)
		return 0;
	answer_workbook_free(out);
	return -1;
}

void answer_workbook_free(struct workbook_content **content)
{
	if (*content == NULL)
		return;
	ask_fini(&(*content)->ask);
	fields_fini(&(*content)->fields);
	json_decref((*content)->definition);
	json_decref((*content)->values);
	free(*content);
	*content = NULL;
}

enum lang answer_workbook_lang(const struct workbook_content *content)
{
	const char *lang = json_string_value(json_object_get(content->definition, "lang"));
	return lang != NULL && strcmp(lang, "en") == 0 ? LANG_EN : LANG_RU;
}

const char *answer_workbook_key(const struct workbook_content *content)
{
	return content->ask.key;
}

int answer_workbook_write(const struct workbook_content *content, enum lang lang, void **data,
	size_t *len, struct error *e)
{
	char path[32];
	*data = NULL;
	*len = 0;
	/* libxlsxwriter wants a file by its name; this one never reaches a disk */
	int fd = memfd_create("workbook", MFD_CLOEXEC);
	if (fd < 0)
		return error_errno(e, "no memory for a workbook");
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	int rc = write_book(path, content, lang, e);
	if (rc == 0)
		rc = take_bytes(fd, data, len, e);
	(void)close(fd);
	return rc;
}

int answer_workbook_make(struct db *db, const struct ident_key *key, int64_t ask, enum lang lang,
	void **data, size_t *len, struct error *e)
{
	struct workbook_content *content;
	*data = NULL;
	*len = 0;
	if (answer_workbook_load(db, key, ask, &content, e) != 0)
		return -1;
	int rc = answer_workbook_write(content, lang, data, len, e);
	answer_workbook_free(&content);
	return rc;
}

const char *answer_workbook_name(const char *organisation_key, enum lang lang,
	char out[static WORKBOOK_NAME_SIZE])
{
	char *key = gate_clean_line(organisation_key, 80);
	for (char *p = key; *p != '\0'; p++)
		if (strchr("/\\:*?\"<>|", *p) != NULL)
			*p = '-';
	(void)snprintf(out, WORKBOOK_NAME_SIZE, lang == LANG_RU ? "Ответ %s.xlsx" : "Answer %s.xlsx", key);
	free(key);
	return out;
}
