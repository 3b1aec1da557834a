/* «Не ответили и не доставлено»: whom to telephone. */
#ifndef VESTNIK_REPORT_CALLS_H
#define VESTNIK_REPORT_CALLS_H

#include <stdio.h>

#include "report/facts.h"
#include "store/db.h"

#define CALL_CONTACTS_MAX 8
struct call_contact {
	const char *role, *name, *position, *phone, *address; /* "" = none */
};
struct call { /* valid during the call */
	const char *key, *name, *region, *municipality;
	int64_t ask;
	enum report_trouble trouble;
	struct call_contact contact[CALL_CONTACTS_MAX]; /* active ones; with a phone first */
	size_t contacts;
	const char *event;   /* «напоминание принято», «не доставлено: 550 …»; "" = none */
	const char *event_address;
	int64_t event_ms;
};
/* Level 0 asks of the round that are open, in the report's order; each returns non-zero to stop. */
int calls_each(struct db *db, const struct report_facts *facts, int64_t round,
	int (*each)(void *arg, const struct call *call), void *arg, struct error *e);

/* The same, at most `most` (200) of them, in the order of the directory's rows: a page of a list, without gathering
 * the whole report. *after: organisation.id, of the last one given. municipality "" = all. trouble is not looked
 * at: event says what happened last. How many were given; -1 on error. */
int calls_after(struct db *db, int64_t round, enum lang lang, const char *municipality, int64_t *after, size_t most,
	int (*each)(void *arg, const struct call *call), void *arg, struct error *e);

/* The list as a workbook, with room for what was said. count may be NULL. */
int calls_xlsx(struct db *db, const struct report_facts *facts, int64_t round, const char *path, size_t *count,
	struct error *e);
/* The same as a page to read and to print. count may be NULL. */
int calls_html(struct db *db, const struct report_facts *facts, int64_t round, FILE *out, size_t *count,
	struct error *e);

/* ---- words of both; the caller frees ----------------------------------------------- */

/* «И. О. Фамилия, директор». */
char *call_person(const struct call_contact *contact);
/* Everybody but the first: a line each. */
char *call_others(const struct call *call);
/* «Не ответили и не доставлено: …» */
char *calls_title(const struct report_facts *facts);

#endif
