/* The Excel form: a workbook filled in beforehand, made for one ask, and read back. Whose it is stands in
 * it with a MAC (row 1, hidden), so that a changed key is noticed; rows are known by names in the hidden
 * column A, so that rows may be moved or added.
 *
 * How it reaches people: where the ask's ways have "sheet" (by themselves when a table is asked), the mailer
 * attaches it to the letters that ask; {{link.sheet}} (link/link.h LINK_SHEET, /x/…) leads to the portal, which
 * serves answer_workbook_make; staff write one with `vestnik answer form`.
 * How it comes back: attached to a mail (intake) or uploaded (portal): answer_workbook_read, then
 * answer_record with ANSWER_SHEET. The MAC says that we made it for this ask, not who filled it in: whether
 * the sender is believed is decided as for any mail. */
#ifndef VESTNIK_ANSWER_WORKBOOK_H
#define VESTNIK_ANSWER_WORKBOOK_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/ident.h"
#include "base/lang.h"
#include "base/problem.h"
#include "store/db.h"

#define WORKBOOK_MEDIA_TYPE "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
/* Ours has some 10 KB; pictures pasted into it don't matter, films do. */
#define WORKBOOK_MAX_BYTES (5 * 1024 * 1024)
#define WORKBOOK_UNPACKED_MAX_BYTES (32LL * 1024 * 1024)

/* The caller frees *data. ERROR_NOT_FOUND: no such ask. A withdrawn one has no form: ERROR_DENIED. */
int answer_workbook_make(struct db *db, const struct ident_key *key, int64_t ask, enum lang lang,
	void **data, size_t *len, struct error *e);
/* The same in two steps, for the mailer: what the store knows, then the bytes (any thread, some 2 ms). */
struct workbook_content;
int answer_workbook_load(struct db *db, const struct ident_key *key, int64_t ask, struct workbook_content **out,
	struct error *e);
int answer_workbook_write(const struct workbook_content *content, enum lang lang, void **data, size_t *len,
	struct error *e);
void answer_workbook_free(struct workbook_content **content);
/* Of the campaign; of the organisation, for the file's name. */
enum lang answer_workbook_lang(const struct workbook_content *content);
const char *answer_workbook_key(const struct workbook_content *content);
/* «Ответ org-1.xlsx»: passes gate_file_name. */
#define WORKBOOK_NAME_SIZE 120
const char *answer_workbook_name(const char *organisation_key, enum lang lang,
	char out[static WORKBOOK_NAME_SIZE]);

struct answer_workbook { /* owned */
	int64_t ask;
	json_t *fields;      /* for answer_record; with the files an earlier version brought */
	char *name, *phone;  /* who filled it in; NULL = not said */
};
void answer_workbook_fini(struct answer_workbook *workbook);
/* 0: every cell is right. -1 and e->code:
 *   ERROR_NOT_FOUND  it is none of our forms (or no workbook at all);
 *   ERROR_DENIED     its code was changed, or was made with another installation's key;
 *   ERROR_INPUT      cells are wrong: `problems` names each («C7 …»), e has the first;
 *   else the store. out->ask is set as soon as it is known, also with ERROR_INPUT. */
int answer_workbook_read(struct db *db, const struct ident_key *key, const void *data, size_t len,
	struct answer_workbook *out, struct problems *problems, struct error *e);

#endif
