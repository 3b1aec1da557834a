/* The figure in a reply to a question for a count («сколько участников?»):
 * proposed to staff, never believed. Whoever cannot be sure finds nothing: a
 * range, an estimate, a fraction, two different figures are AMBIGUOUS. Dates,
 * times, years, ages, phones, numbers of documents, schools, classes, points,
 * money, percent, addresses are no figures. Russian and English, digits and words. */
#ifndef VESTNIK_INTAKE_FIGURE_H
#define VESTNIK_INTAKE_FIGURE_H

#include <stddef.h>
#include <stdint.h>

enum figure_result { FIGURE_NONE, FIGURE_ONE, FIGURE_AMBIGUOUS };

#define FIGURE_PLACES_MAX 16

struct figures {
	enum figure_result result;
	int64_t value; /* of FIGURE_ONE; from 0 to 999 999 999 */
	struct figure_place {
		size_t start,
			len; /* bytes of the text: where the figure, or what is not clear, stands */
		int64_t value;
	} place[FIGURE_PLACES_MAX]; /* in the order of the text; more are not kept */
	size_t places;
};

/* text: the writer's own words (reply_text). Only the first 64 KB are looked at:
 * who writes more has not answered with a figure. */
void figure_find(const char *text, struct figures *out);

#endif
