/* An erasure that goes on behind the pages: a large store takes minutes. One at a time in a process. */
#ifndef VESTNIK_CONSOLE_PEOPLE_PERSONAL_H
#define VESTNIK_CONSOLE_PEOPLE_PERSONAL_H

#include "console/console.h"
#include "person/person.h"

struct erasing_state {
	bool running, done;
	int64_t looked;
	char error[512]; /* "" = none */
	char counts[1000]; /* JSON */
};
/* ERROR_CONFLICT: another one is going on. */
int erasing_start(const struct visit *visit, const struct person *person, const char *reason, bool forget, struct error *e);
void erasing_look(struct erasing_state *out);
/* Before the store is closed: stops between two batches and waits for it. The next erasure of the same person goes on. */
void erasing_stop(void);

#endif
