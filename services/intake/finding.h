/* What a mail says about one recipient: plain data that the recognisers fill. */
#ifndef VESTNIK_INTAKE_FINDING_H
#define VESTNIK_INTAKE_FINDING_H

#include <stdbool.h>
#include <stddef.h>

enum mail_kind {
	MAIL_UNKNOWN,	 /* a mail of no kind below: newsletters, notices, a human one without any
			  * sign that it answers something */
	MAIL_BOUNCE,	 /* this recipient did not get it and will not */
	MAIL_DELAYED,	 /* still being tried */
	MAIL_DELIVERED,	 /* delivered, relayed, expanded */
	MAIL_COMPLAINT,	 /* the recipient called it spam (RFC 5965), or had his program leave the
			    list */
	MAIL_AUTO_REPLY, /* written by a program for a person (RFC 3834) */
	MAIL_REPLY	 /* written by a person, to something */
};
/* "bounce", "auto-reply", … */
const char *mail_kind_name(enum mail_kind kind);

/* May the address be written to again?
 * HARD: no. It does not exist, or its domain takes no mail (RFC 3463 X.1.1, X.1.2, X.1.6, X.1.10
 * …). SOFT: yes, later or after somebody has mended something: full (X.2.2), slow, refused for what
 * the letter or the sender is (X.7.x), complaint, absence. NONE: nothing is said about a trouble.
 */
enum bounce_class { BOUNCE_NONE, BOUNCE_SOFT, BOUNCE_HARD };
const char *bounce_class_name(enum bounce_class class);

#define FINDING_STATUS_SIZE 12 /* "5.123.456" */
#define FINDINGS_MAX 200       /* recipients of one mail; ours have one */

struct finding {
	enum mail_kind kind;
	enum bounce_class class;
	const char *cause; /* fixed word: "no-such-user", "mailbox-full", …; "" = not known */
	char *recipient;   /* as written there, domain in lower case; for replies the writer; NULL =
			      unknown */
	char *action;	   /* RFC 3464's word, lower case; NULL where there is none */
	char status[FINDING_STATUS_SIZE]; /* "5.1.1"; "" = none */
	char *diagnostic;		  /* one line for people, cut; NULL = none */
	bool inner; /* from a report inside the returned mail: says nothing about our letter */
};

struct findings {
	struct finding *item;
	size_t count;
};
/* A new one with copies of what is given (NULL allowed); NULL when FINDINGS_MAX is reached. */
struct finding *findings_add(struct findings *findings, enum mail_kind kind, const char *recipient);
/* One line, control characters out, at most some 500 bytes. */
void finding_set_diagnostic(struct finding *finding, const char *text);
void findings_fini(struct findings *findings);

#endif
