/* A campaign's case file: one ZIP that outlives the delivery log.
 *
 *   README.txt          what it is and how to check it
 *   campaign.json       the definition, when it was launched, by whom
 *   letters/            each letter: source, and HTML and text as one recipient got it
 *   attachments/        as they were sent, and sources/, the campaign's file
 *   audience.csv        who was written to
 *   outcomes.csv        what became of every letter
 *   plan.csv            what was to happen when, and what did
 *   rounds/N/           report (xlsx, html, csv), every version of every answer, acknowledgement sheet
 *   answers/N/<key>/    files and mails that came with answers
 *   SHA256SUMS          of all the others, as sha256sum -c reads it
 *
 * Everything streams: memory is bounded by the largest single file. The file is for its owner alone
 * (mode 0600): it holds names, addresses and phones. */
#ifndef VESTNIK_REPORT_ARCHIVE_H
#define VESTNIK_REPORT_ARCHIVE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/ident.h"
#include "settings/settings.h"
#include "store/db.h"

struct archive_result {
	size_t files;                  /* without SHA256SUMS */
	int64_t bytes;                 /* unpacked */
	char sums[IDENT_HASH_SIZE];    /* SHA-256 of SHA256SUMS: noted elsewhere, it proves the whole */
};
/* path appears when all of it is written; what stood there is replaced. ERROR_NOT_FOUND: no such campaign. */
int archive_write(struct db *db, const struct settings *settings, const char *slug, const char *path,
	struct archive_result *result, struct error *e);

enum archive_flaw {
	ARCHIVE_DIFFERS,   /* its bytes are not those that were written */
	ARCHIVE_MISSING,   /* SHA256SUMS names it, it is not there */
	ARCHIVE_EXTRA,     /* it is there, SHA256SUMS does not name it */
	ARCHIVE_UNREADABLE /* damaged, encrypted, absurdly large, there twice, a name that leads elsewhere */
};
struct archive_verdict {
	size_t good, flaws;
	int64_t bytes;
	char sums[IDENT_HASH_SIZE];
};
/* Checks a file from anywhere. Each flaw is told; name is cleaned of control characters. 0: it could
 * be looked at (see verdict->flaws); ERROR_INPUT: not a ZIP, no SHA256SUMS, absurd. */
int archive_verify(const char *path, void (*flaw)(void *arg, enum archive_flaw flaw, const char *name, const char *why),
	void *arg, struct archive_verdict *verdict, struct error *e);

#define ARCHIVE_ENTRIES_MAX 500000
#define ARCHIVE_SUMS_MAX_BYTES ((size_t)128 * 1024 * 1024) /* of SHA256SUMS: its entries */
#define ARCHIVE_ENTRY_MAX_BYTES ((int64_t)4 * 1024 * 1024 * 1024)
#define ARCHIVE_UNPACKED_MAX_BYTES ((int64_t)64 * 1024 * 1024 * 1024)

#endif
