/* A campaign's page: which campaign, which of its rounds, and what stands at the head of each of its pages. */
#ifndef VESTNIK_CONSOLE_CAMPAIGN_PLACE_H
#define VESTNIK_CONSOLE_CAMPAIGN_PLACE_H

#include "console/console.h"
#include "control/rounds.h"
#include "store/campaign_row.h"

struct place {
	struct visit *visit;
	struct campaign_row row;
	struct rounds_view rounds;
	const struct round_view *round; /* ?round=, else the one that matters now; NULL: there is none */
};
/* By {slug} of the path. false: the request is answered (there is no such campaign, or the store failed). The
 * caller calls place_fini whatever came back. */
bool place_open(struct visit *visit, struct place *out);
void place_fini(struct place *place);

/* Data of a page: "title", "here", slug, name, badge, crumbs, tabs (with "current" where tab is), rounds, what may
 * be done. tab: "" = overview, "answers", "calls" …; NULL: none of them. New reference. */
json_t *place_page(const struct place *place, const char *tab, const char *title);
/* "/campaigns/<slug>[/<tail>][?round=N]"; the caller frees. */
char *place_url(const struct place *place, const char *tail);

/* «до 30 мая 2023 г. включительно, 18:00 (МСК)» in the campaign's zone; null when there is none. New reference. */
json_t *place_deadline(const struct place *place, int64_t deadline_ms);
/* A moment in the campaign's zone: people wrote its times there. */
json_t *place_moment(const struct place *place, int64_t time_ms);

/* {"text","class"} of a campaign's state: "good", "warn", "bad", "quiet". New reference. */
json_t *campaign_badge(enum campaign_state state);
/* Whole per cent; never 100 for not all. */
int share_of(int64_t part, int64_t whole);
/* {"answered","expected","share","words"}: «12 из 40». null when nobody is asked. New reference. */
json_t *show_share(const struct ask_counts *counts);
/* "12 файлов": the number with its noun. English takes one and few («files»). New reference. */
json_t *show_count(int64_t n, const char *one, const char *few, const char *many);

#endif
