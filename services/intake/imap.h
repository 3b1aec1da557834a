/* An IMAP mailbox (RFC 3501). libcurl resolves, connects, encrypts, verifies and
 * logs in (CURLOPT_CONNECT_ONLY, as the mailer's second transport does); from
 * SELECT on we speak ourselves over its connection. Left alone, libcurl's FETCH
 * marks mails as read (BODY[] without PEEK), hands out only the first line of
 * what a command of ours brings (its answers go through the LIST handler),
 * takes a mail's own lines for the server's in some of them, shows no
 * UIDVALIDITY, and bounds nothing before it allocates.
 *
 * Every wait ends: after IMAP_SILENCE_MS without a byte, or when stop_fd becomes
 * readable. After any error of code UNAVAILABLE the connection is worthless. */
#ifndef VESTNIK_INTAKE_IMAP_H
#define VESTNIK_INTAKE_IMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "settings/settings.h"

struct imap;

/* stop_fd: readable = give up at once. ERROR_UNAVAILABLE: not reached, no TLS; ERROR_DENIED: the
 * login or the certificate was refused (worth a person's look, but tried again all the same). */
int imap_open(struct imap **out, const struct settings_mailbox *mailbox, int stop_fd, struct error *e);
/* Says LOGOUT and does not wait long for the answer. */
void imap_close(struct imap **imap);

struct imap_folder {
	int64_t uidvalidity;
	int64_t uidnext; /* 0 = the server did not say */
};
/* read_only: EXAMINE, which changes no flag. ERROR_NOT_FOUND: no such folder. */
int imap_select(struct imap *imap, const char *folder, bool read_only, struct imap_folder *out,
	struct error *e);

/* UIDs above `after` of mails not marked as deleted, in ascending order, at most `most`; since_ms (wall clock; 0 = all): only those
 * that arrived on that day or later. *more: there were more. The caller frees *uids. */
int imap_uids(struct imap *imap, int64_t after, int64_t since_ms, size_t most, int64_t **uids,
	size_t *count, bool *more, struct error *e);

struct imap_mail {
	int64_t size;        /* as the server says before the mail itself is asked for */
	int64_t arrived_ms;  /* INTERNALDATE; 0 = not said */
	bool gone;           /* somebody deleted it meanwhile */
	bool too_large;      /* more than `most`: not fetched */
};
/* Fetches a mail without marking it read; bytes gets at most `most`. */
int imap_fetch(struct imap *imap, int64_t uid, size_t most, struct imap_mail *mail, struct buf *bytes,
	struct error *e);

/* Moves a mail (MOVE, else COPY and delete) or deletes it. A server without UIDPLUS only marks it
 * as deleted: EXPUNGE would also delete what other people have marked. */
int imap_move(struct imap *imap, int64_t uid, const char *folder, struct error *e);
int imap_delete(struct imap *imap, int64_t uid, struct error *e);

/* A folder's name as it goes over the wire (RFC 3501 5.1.3), without quotes; false: no UTF-8. */
bool imap_folder_name(const char *utf8, struct buf *out);
/* " 7-Nov-2026 04:05:06 +0300" → ms since 1970; -1 when it is something else. */
int imap_date(const char *text, int64_t *time_ms);

#endif
