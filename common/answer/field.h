/* What is asked, field by field, and what people write into it. Fields come from
 * definition.ask.fields (campaign/campaign.h); values are kept as JSON:
 *   count  integer >= 0            number integer or real      date   "2023-05-30"
 *   choice string of `options`     text   string               links  array of strings (http, https)
 *   file   array of file names     table  array of objects by column
 * A field without a value is absent. Everything written by people is hostile:
 * bounded before it is looked at. */
#ifndef VESTNIK_ANSWER_FIELD_H
#define VESTNIK_ANSWER_FIELD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/lang.h"

enum field_type { FIELD_COUNT, FIELD_NUMBER, FIELD_DATE, FIELD_CHOICE, FIELD_TEXT, FIELD_LINKS, FIELD_FILE,
	FIELD_TABLE, FIELD_TYPES };
/* "count", …; NULL-terminated. */
extern const char *const field_type_words[];

#define FIELDS_MAX 40         /* of an ask */
#define FIELD_COLUMNS_MAX 20  /* of a table */
#define FIELD_ROWS_MAX 500    /* of a table's answer */
#define FIELD_TEXT_MAX_BYTES (20 * 1024)
#define FIELD_LINKS_MAX 20

struct field {
	const char *name;     /* a–z, 0–9, _ ; unique in the ask (or the table) */
	const char *label;    /* for people */
	enum field_type type;
	bool required;
	const char *const *options; /* choice; NULL-terminated */
	const struct field *column; /* table */
	size_t columns;
};
struct fields {
	struct field *item;
	size_t count;
	json_t *source;       /* the strings live here */
};
/* From definition.ask.fields (or an array of columns). ERROR_INTERNAL when a stored definition is wrong. */
int fields_read(const json_t *definition_fields, struct fields *out, struct error *e);
void fields_fini(struct fields *fields);
const struct field *fields_find(const struct fields *fields, const char *name);

/* What a person wrote → value (new reference). Blank → *value NULL and 0 (required is not
 * looked at here). ERROR_INPUT: what is wrong and what would be right, in the person's words:
 * «Укажите целое число, например 12: «5-7» – это промежуток». Not for FIELD_FILE and FIELD_TABLE. */
int field_parse(const struct field *field, const char *text, json_t **value, struct error *e);
/* A stored or received value: right type, bounds? ERROR_INPUT. */
int field_check(const struct field *field, const json_t *value, struct error *e);
/* A whole answer: every member is a field that is asked, with a value that passes field_check. null and
 * "" stand for "no value". ERROR_INPUT. */
int fields_check(const struct fields *fields, const json_t *values, struct error *e);
/* NULL, null, "", [], {} and objects of such. */
bool field_empty(const json_t *value);
/* As people read it, «12», «30 мая 2023 г.», «3 строки»; the caller frees. */
char *field_show(const struct field *field, const json_t *value, enum lang lang);
/* The first values that stand there, in one line: «12; Провели собрание». The caller frees. */
char *fields_in_short(const struct fields *fields, const json_t *values, enum lang lang);
/* Required fields without a value: JSON array of names, new reference. A required column that some row
 * of a table leaves empty: "table.column". */
json_t *fields_missing(const struct fields *fields, const json_t *values);
/* Can values of this field be added up? (count, number) */
bool field_sums(const struct field *field);

#endif
