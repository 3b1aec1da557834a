/* The grammar of mail: base64 bodies, encoded words, parameters, folding. All
 * output is 7-bit, lines end in CR LF and stay below 79 characters where their
 * content allows (998 always). Input must have passed the gate; what would
 * break a header is dropped here once more. */
#ifndef VESTNIK_LETTER_MIME_H
#define VESTNIK_LETTER_MIME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Lines of 76 characters, each with CR LF (RFC 2045 6.8). */
size_t mime_base64_size(size_t len);
int mime_base64(struct buf *out, const char *data, size_t len);

/* "Subject: …": as it is when short ASCII, else RFC 2047 B words. */
int mime_header(struct buf *out, const char *name, const char *text, size_t len);
/* "To: name <address>"; name may be NULL or empty. */
int mime_mailbox(struct buf *out, const char *name, const char *display, size_t display_len,
	const char *address);
/* "; filename=…" with its folding: quoted when ASCII, else RFC 2231. */
int mime_parameter(struct buf *out, const char *name, const char *value);
/* "; name=…" for programs that don't know RFC 2231: Latin letters only. */
int mime_parameter_latin(struct buf *out, const char *name, const char *value);

/* By the ending of the name; application/octet-stream when unknown. */
const char *mime_type_of(const char *file_name);
/* "type/subtype" of RFC 2045 tokens, without parameters. */
bool mime_type_ok(const char *type);

/* Visible ASCII, no <>: what a Message-ID or an address in <> may hold. */
bool mime_plain_token(const char *text, size_t max);

#endif
