#include "console/heavy.h"

#include <stdatomic.h>

#include "base/lang.h"

static atomic_int held;

/* Counted up to the limit by the index of the round's asks: 1 ms. */
static int is_large(struct db *db, int64_t round, bool *large, struct error *e)
{
	int64_t asks = 0;
	*large = round == 0;
	if (!*large && db_query_int(db, &asks, e,
			       "SELECT COUNT(*) FROM (SELECT id FROM ask WHERE round = $1 LIMIT $2) f", "ii", round,
			       (int64_t)HEAVY_ASKS) == DB_FAILED)
		return -1;
	*large = *large || asks >= HEAVY_ASKS;
	return 0;
}

enum heavy_answer heavy_begin(struct heavy *heavy, struct db *db, int64_t round, struct error *e)
{
	bool large;
	int now = atomic_load(&held);
	*heavy = (struct heavy){0};
	if (is_large(db, round, &large, e) != 0)
		return HEAVY_FAILED;
	if (!large)
		return HEAVY_GO;
	do
		if (now >= HEAVY_MOST)
			return HEAVY_BUSY;
	while (!atomic_compare_exchange_weak(&held, &now, now + 1));
	heavy->held = true;
	return HEAVY_GO;
}

void heavy_end(struct heavy *heavy)
{
	if (heavy->held)
		atomic_fetch_sub(&held, 1);
	heavy->held = false;
}

const char *heavy_title(void)
{
	return tr("Other large reports are being made", "Сейчас готовятся другие большие отчёты");
}

const char *heavy_words(void)
{
	return tr("Please try again in a minute.", "Повторите, пожалуйста, через минуту.");
}
