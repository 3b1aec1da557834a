/* The fields of an ask as a form: what people typed, what it means, what is wrong with it. The portal shows it
 * to recipients, the console to staff: the same fields, the same words (templates "fields" and "values").
 *
 * Names in the form: f.<field>; of a table f.<field>.<row>.<column>, rows from 0; files under
 * f.<field>, those to keep as keep.<field>. Typed values are JSON by field: a string; of a table an
 * array of objects of strings; of a file field an array of names. */
#ifndef VESTNIK_ASKFORM_ASK_FORM_H
#define VESTNIK_ASKFORM_ASK_FORM_H

#include <jansson.h>

#include "answer/answer.h"
#include "answer/field.h"
#include "web/request.h"

/* Cells of one table a page shows; a larger one is sent as a workbook. */
#define ASK_FORM_CELLS_MAX 2000
#define ASK_FORM_ROWS_ADDED 3 /* blank rows at first, and for each «добавить строки» */

struct ask_form {
	json_t *typed;   /* for showing again */
	json_t *values;  /* by field name, without what is wrong or blank */
	json_t *errors;  /* text by "field" or "field.row.column" */
	bool only_missing; /* every error is a required field left blank */
};
void ask_form_fini(struct ask_form *form);

/* From values that count (NULL = none yet). */
void ask_form_fill(struct ask_form *form, const struct fields *fields, const json_t *values);
/* From what the visitor sent. counting: what counts now, for files and tables that stay; may be NULL. */
void ask_form_take(struct ask_form *form, const struct fields *fields, const json_t *counting,
	struct web_request *request);
/* The table whose «добавить строки» was pressed gets blank rows; false: none was. */
bool ask_form_add_rows(struct ask_form *form, const struct fields *fields, const struct web_request *request);

/* For the template "fields". New reference to an array. hint: JSON object of texts by field; may be NULL. */
json_t *ask_form_show(const struct ask_form *form, const struct fields *fields, const json_t *hints);
/* A value as plain text to type: «12», «2023-05-30». The caller frees. */
char *ask_form_text(const struct field *field, const json_t *value);

/* Files of the request for answer_record: borrowed from the request. Returns how many; -1 and *e
 * (ERROR_INPUT, for people) when one is not acceptable; ERROR_UNAVAILABLE: no memory to look at it. */
int ask_form_files(struct web_request *request, const struct fields *fields,
	struct answer_file out[static ANSWER_FILES_MAX], struct error *e);

/* Values as a list for reading: [{"label","text"} | {"label","table":{"columns":[…],"rows":[{"cells":[…]}]}}].
 * Of a table with more than `cells` only the number of rows. New reference. */
json_t *ask_values_show(const struct fields *fields, const json_t *values, size_t cells);

#endif
