/* Inside of the IMAP client: the connection, and responses with their literals. */
#ifndef VESTNIK_INTAKE_IMAP_WIRE_H
#define VESTNIK_INTAKE_IMAP_WIRE_H

#include <curl/curl.h>

#include "intake/imap.h"

/* No byte for so long: the connection is dead. Servers that search a large folder take some
 * seconds; an IMAP proxy's own limit is 60 s or more. */
#define IMAP_SILENCE_MS 60000
/* A line of text without its literals: UIDs of a million mails take 8 MB. */
#define IMAP_LINE_MAX_BYTES (16u * 1024 * 1024)

struct imap {
	CURLM *multi;
	CURL *curl;
	curl_socket_t fd;
	int stop_fd;
	bool lost;
	unsigned tag;
	bool has_move, has_uidplus, capable; /* capable: asked already */
	char trouble[CURL_ERROR_SIZE];
	char host[256];
	char in[16 * 1024];
	size_t at, len;
};

/* imap_connect.c: connects and logs in. */
int imap_connect(struct imap *imap, const struct settings_mailbox *mailbox, struct error *e);

/* One response: the line without its line end; a literal stands in it as "{n}" and its bytes go to
 * `literal` (the first one; others are read and dropped). literal NULL: all are dropped. A literal
 * longer than literal->max ends the connection. */
int imap_response(struct imap *imap, struct buf *line, struct buf *literal, struct error *e);
int imap_send(struct imap *imap, const char *text, size_t len, struct error *e);
/* -1, marks the connection as lost. */
__attribute__((format(printf, 3, 4))) int imap_lost(
	struct imap *imap, struct error *e, const char *fmt, ...);

#endif
