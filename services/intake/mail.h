/* A mail taken apart (GMime's home): decoded header fields and the parts in the
 * order in which they stand, all UTF-8, all bounded. Nothing here decides what
 * a mail means. What comes in is hostile: broken MIME, lies about charsets,
 * thousands of nested parts; the result is always a tree of limited size, never
 * an error, as long as the bytes look like a mail at all. */
#ifndef VESTNIK_INTAKE_MAIL_H
#define VESTNIK_INTAKE_MAIL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* The largest mail looked at: providers stop at 25 to 50 MB; base64 adds a third. */
#define MAIL_BYTES_MAX (64u * 1024 * 1024)

struct mail_field {
	char *name;  /* as it stands */
	char *value; /* RFC 2047 decoded, unfolded, one line */
	char *raw;   /* as it stands, one line: of From and Authentication-Results; else NULL */
};

enum mail_part_place {
	MAIL_PART_BODY,	    /* what the sender wrote, or a report */
	MAIL_PART_ATTACHED, /* a file: Content-Disposition: attachment, or no text */
	MAIL_PART_RETURNED, /* the head of a mail inside: message/rfc822, text/rfc822-headers */
	MAIL_PART_INNER	    /* a delivery report inside such a mail: a bounce of a bounce */
};

struct mail_part {
	enum mail_part_place place;
	char *type; /* "text/plain", lower case */
	char *name; /* file name, NULL = none; not fit for a file system (gate_file_name) */
	char *text; /* texts, reports and returned heads ("Name: value" lines); else NULL */
	size_t len;
	bool cut; /* there was more than is kept */
};

struct mail {
	struct mail_field *field;
	size_t fields;
	struct mail_part *part;
	size_t parts;
	char *type;	   /* of the whole, lower case */
	char *report_type; /* parameter of multipart/report, lower case; "" = none */
	bool cut;	   /* parts beyond the limits were left out */
};

/* Once, in main, before threads. */
void mail_init(void);
/* Frees what GMime keeps (for leak checkers); nothing may be used afterwards. */
void mail_shutdown(void);

/* Copies what it needs from bytes. A line "From …" before the head (mbox) and a
 * byte order mark are passed over. 0, or ERROR_INPUT: empty, binary, larger than
 * MAIL_BYTES_MAX, no mail (no header field a mail has). */
int mail_parse(const void *bytes, size_t len, struct mail **mail, struct error *e);
void mail_free(struct mail **mail);

/* Attached files with their bytes: a second pass over the same mail, for the few that are kept. Logos
 * that stand inside the text are left out, and what is empty. */
struct mail_file {
	char *name; /* fit for a file system (gate_file_name); made up when the mail gives none */
	char *type; /* lower case */
	char *data;
	size_t len;
	bool cut;   /* it is longer than bytes_max: data is only its beginning */
};
struct mail_file_list {
	struct mail_file *item;
	size_t count;
	size_t left_out; /* more than files_max */
};
void mail_attached(const void *bytes, size_t len, size_t files_max, size_t bytes_max,
	struct mail_file_list *out);
void mail_file_list_fini(struct mail_file_list *list);

/* The first field of this name (case does not matter), NULL when there is none. */
const char *mail_field(const struct mail *mail, const char *name);
/* The i-th of this name; NULL when there are no more. */
const char *mail_field_at(const struct mail *mail, const char *name, size_t i);
/* The same, undecoded: what our border, which decodes nothing, has read. NULL also for fields whose raw is
 * not kept. */
const char *mail_field_raw_at(const struct mail *mail, const char *name, size_t i);
/* The first part of this type that is no attachment, or NULL; `after` continues a search (NULL
 * begins it). */
const struct mail_part *mail_part_of(
	const struct mail *mail, const char *type, const struct mail_part *after);

#endif
