/* A Maildir that mails are delivered to. What was recorded is moved from new/ to
 * cur/ (or away, as the settings say), after the commit: whoever is killed in
 * between finds the mail in new/ again, and its hash known.
 *
 * Other programs may use the same Maildir. One that opens it moves new mails to
 * cur/ before we have seen them, so cur/ is looked at, too: mails that came there
 * since the last look and were not moved by us. Whoever moves or deletes a mail
 * while we read it is no trouble. */
#ifndef VESTNIK_INTAKE_MAILDIR_H
#define VESTNIK_INTAKE_MAILDIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "settings/settings.h"

struct maildir;

/* since_ms (wall clock): mails that came to cur/ before it have been looked at; 0: nobody ever
 * looked, and what lies in cur/ is not ours. ERROR_NOT_FOUND, ERROR_DENIED: not a Maildir that can
 * be read; retriable all the same, it may be mounted later. */
int maildir_open(struct maildir **out, const struct settings_mailbox *mailbox, int64_t since_ms,
	struct error *e);
void maildir_close(struct maildir **maildir);

/* Lists what waits, oldest first. Returns how many (at most some thousand; the rest comes with the
 * next scan), -1 on error. */
int maildir_scan(struct maildir *maildir, struct error *e);

struct maildir_mail {
	int64_t arrived_ms; /* wall clock, by the file's time */
	const char *path;   /* for people; valid until the next scan */
	bool gone;          /* somebody moved or deleted it meanwhile */
	bool too_large;     /* more than `most` bytes: only the first 64 KB are in `bytes` */
};
/* The i-th of the scan. ERROR_INPUT: no regular file; -1 with another code: could not be read. */
int maildir_read(struct maildir *maildir, size_t i, size_t most, struct maildir_mail *mail,
	struct buf *bytes, struct error *e);
/* It was recorded: moves it out of new/ (keep: it stays in cur/ whatever the settings say). */
int maildir_done(struct maildir *maildir, size_t i, bool keep, struct error *e);

#endif
