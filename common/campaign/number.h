/* Numbers as they stand in people's tables: 10, -3.5, «1 234,5» (blanks, also
 * unbreakable ones, between digits; a comma or a point before the fraction). */
#ifndef VESTNIK_CAMPAIGN_NUMBER_H
#define VESTNIK_CAMPAIGN_NUMBER_H

#include <stdbool.h>

/* The whole text is a number of at most 18 digits. */
bool number_parse(const char *text, double *number);

#endif
