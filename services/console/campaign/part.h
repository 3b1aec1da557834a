/* Campaigns under way: handlers of this part (routes.c), and what several of its pages use. */
#ifndef VESTNIK_CONSOLE_CAMPAIGN_PART_H
#define VESTNIK_CONSOLE_CAMPAIGN_PART_H

#include "console/campaign/place.h"

void page_campaigns(struct visit *visit);

/* Patterns for LIKE … ESCAPE '\': what contains the words as typed, and with the case of their first letter the
 * other way round («школа», «Школа»); "" for no words. The caller frees both. */
void search_patterns(const char *words, char **pattern, char **other);
/* «сегодня в 18:00», «завтра в 18:00», «30 мая, 18:00»; null for 0. New reference. */
json_t *show_deadline_day(const struct visit *visit, int64_t time_ms);

#endif
