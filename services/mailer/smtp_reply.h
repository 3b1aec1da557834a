/* SMTP replies out of bytes, however they arrive cut, and the facts of EHLO.
 * Both transports read what a relay says through this, so that both judge it
 * alike. No daemon and no socket behind it. */
#ifndef VESTNIK_MAILER_SMTP_REPLY_H
#define VESTNIK_MAILER_SMTP_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailer/transport.h"

/* Longest line of a reply, without its end: RFC 5321 says 512 with it, some
 * relays say more; libESMTP breaks above 1,022. */
#define SMTP_LINE_BYTES_MAX 1000
/* A reply of more lines is an attack: EHLO of real relays has under 30. */
#define SMTP_REPLY_LINES_MAX 100
/* As much of a long reply as could matter to anybody. */
#define SMTP_REPLY_TEXT_MAX 1200

enum smtp_step {
	SMTP_MORE,  /* all bytes are used, the line goes on */
	SMTP_LINE,  /* a line that is not the reply's last is complete: see line */
	SMTP_REPLY, /* the reply is complete: see code, line; then reset */
	SMTP_BAD    /* not a reply; nothing after it can be trusted */
};

struct smtp_reply_parser {
	int code; /* of the first line; 0 before */
	size_t lines;
	char line[SMTP_LINE_BYTES_MAX + 1]; /* the one in work or just completed */
	size_t line_len;
	char enhanced[12];
	char text[SMTP_REPLY_TEXT_MAX + 1];
	size_t text_len;
	bool line_done;
};

void smtp_reply_reset(struct smtp_reply_parser *p);

/* Takes bytes up to the end of a line at most and says in *used how many. */
enum smtp_step smtp_reply_feed(
	struct smtp_reply_parser *p, const char *data, size_t len, size_t *used);

/* The complete reply, clean for a log. */
void smtp_reply_export(const struct smtp_reply_parser *p, struct transport_reply *out);

/* The line just completed without its code: an EHLO keyword. */
const char *smtp_reply_line_text(const struct smtp_reply_parser *p);

struct smtp_facts {
	bool seen, starttls, auth, pipelining, dsn, eightbit;
	int64_t size; /* as in struct transport_result */
};
void smtp_facts_reset(struct smtp_facts *f);
/* One line of the reply to EHLO, not its first. */
void smtp_facts_line(struct smtp_facts *f, const char *text);

/* "5.1.1" at the start of text, else "". The class must be 2, 4 or 5. */
size_t smtp_enhanced_code(const char *text, char out[static 12]);

#endif
