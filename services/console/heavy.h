/* Reports of large rounds take seconds, a workbook of 100,000 asks 21: of those at most two are made at once, so that
 * threads and processors are left for pages. */
#ifndef VESTNIK_CONSOLE_HEAVY_H
#define VESTNIK_CONSOLE_HEAVY_H

#include <stdbool.h>
#include <stdint.h>

#include "store/db.h"

#define HEAVY_MOST 2
#define HEAVY_ASKS 5000 /* of a round; its workbook takes a second */

struct heavy {
	bool held;
};
enum heavy_answer { HEAVY_FAILED = -1, HEAVY_GO, HEAVY_BUSY };
/* round 0: large in any case. After HEAVY_GO the caller calls heavy_end; after the others it may. */
enum heavy_answer heavy_begin(struct heavy *heavy, struct db *db, int64_t round, struct error *e);
void heavy_end(struct heavy *heavy);
/* For whoever is told to come again, 503; tr(). */
const char *heavy_title(void);
const char *heavy_words(void);

#endif
