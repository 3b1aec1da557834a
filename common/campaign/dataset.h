/* A table beside the letter: one row of figures per recipient, found by the
 * organisation's key. Read from CSV or XLSX into memory, sorted by key. */
#ifndef VESTNIK_CAMPAIGN_DATASET_H
#define VESTNIK_CAMPAIGN_DATASET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/problem.h"

/* Whose figures a row holds: its key is an organisation's key, a region, a municipality. */
enum audience_by { BY_KEY, BY_REGION, BY_MUNICIPALITY };

#define DATASET_ROWS_MAX 5000000
#define DATASET_FIELDS_MAX_BYTES (64 * 1024) /* of one row */

struct dataset_row {
	char *key;
	char *fields; /* JSON object of strings */
	int line;
};
struct dataset {
	char *file;
	char **column;       /* field names, the key's column left out */
	size_t columns;
	struct dataset_row *row; /* by key */
	size_t count;
};

struct dataset_options {
	const char *key;     /* title of the column with the key; NULL = key, ключ, код */
	const char *sheet;   /* XLSX */
	const char *encoding;
	enum audience_by by; /* whose the rows are: says how the key's column may be called */
	bool keys_only;      /* a list of recipients: other columns are left alone */
};

/* NULL when problems->errors grew. shown: the file as the user named it. */
struct dataset *dataset_read(const char *path, const char *shown, const struct dataset_options *options,
	struct problems *problems);
void dataset_free(struct dataset **dataset);
const struct dataset_row *dataset_find(const struct dataset *dataset, const char *key);

/* «Зарегистрировано, чел.» → «зарегистрировано_чел»: as it is written in a letter. */
char *dataset_field_name(const char *title);

#endif
