/* Figures, moments and states as people read them. */
#ifndef VESTNIK_REPORT_WORDS_H
#define VESTNIK_REPORT_WORDS_H

#include <stdio.h>

#include "report/facts.h"

#define WORDS_SIZE 96

__attribute__((format_arg(2), format_arg(3))) static inline const char *word(enum lang lang, const char *en, const char *ru)
{
	return lang == LANG_RU ? ru : en;
}

/* «12 345,5»; whole numbers without a fraction. */
const char *words_number(double n, enum lang lang, char out[static WORDS_SIZE]);
/* "12345,5" for a spreadsheet in the language's own form. */
const char *words_plain(double n, enum lang lang, char out[static WORDS_SIZE]);
/* «+12», «−3», «0». */
const char *words_change(double now, double before, enum lang lang, char out[static WORDS_SIZE]);
/* Whole per cent; never 0 for some, never 100 for not all; 0 of 0 is 0. */
int words_percent(int64_t part, int64_t whole);
/* «30.05.2023 17:42», "" for 0. */
const char *words_moment(int64_t time_ms, const char *zone, enum lang lang, char out[static WORDS_SIZE]);
/* "2023-05-30" → «30.05.2023»; anything else as it is. */
const char *words_date(const char *iso, char out[static WORDS_SIZE]);

const char *words_state(enum ask_state state, enum lang lang);
/* "phone" → «по телефону». */
const char *words_way(const char *way, enum lang lang);
const char *words_trouble(enum report_trouble trouble, enum lang lang); /* "" when reached */

/* A value for people, on one or more lines; tables as «3 строки». The caller frees. */
char *words_value(const struct report_column *column, const struct report_value *value, enum lang lang);
/* At most `most` characters, then «…». The caller frees. */
char *words_cut(const char *text, size_t most);

/* To HTML: escaped, line breaks <br>. Control characters vanish. */
void words_html(FILE *out, const char *text);

/* «Отчёт: …», its period, its deadline. The caller frees. */
char *words_heading(const struct report_facts *facts);
char *words_deadline(const struct report_facts *facts);

#endif
