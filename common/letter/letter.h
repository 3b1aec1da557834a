/* A letter is compiled once into segments and filled per recipient: fixed
 * bytes, the header template, the two body templates, attachments encoded once
 * and shared. What comes out is a complete RFC 5322 message with CRLF line ends,
 * no bare CR or LF, no line over 998 bytes, 7-bit, nothing for a transport to add. */
#ifndef VESTNIK_LETTER_LETTER_H
#define VESTNIK_LETTER_LETTER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/ident.h"
#include "base/lang.h"
#include "base/problem.h"

struct letter; /* immutable, reference-counted (atomically), shared by threads */

struct letter_person {
	const char *position, *name, *phone, *address; /* each may be NULL */
};
struct letter_attachment {
	const char *name;       /* gate_file_name */
	const char *title;      /* «Приложение № 1. …»; NULL = the name */
	const char *media_type; /* NULL = by the name's ending, else application/octet-stream */
	const void *data;       /* not read when there is a link */
	size_t len;
	/* Path of the field with its address, "link.file.1": the annex is listed with a link
	 * and does not travel. NULL: it travels. */
	const char *link;
};
struct letter_source {
	const char *file;       /* for problems: letter.md */
	const char *markdown;   /* first heading is the subject */
	size_t markdown_len;
	const char *subject;    /* NULL: the first heading */
	/* Below the text, as it is: HTML of our own (a report), every value escaped, and the same in plain
	 * text. NULL = none. */
	const char *block_html, *block_text;
	enum lang lang;         /* of dates, plurals and the fixed words of the frame */
	const char *zone;       /* of dates */
	/* sender */
	const char *from_name, *from_address;
	const char *reply_to;   /* NULL: no header (the relay may tag it) */
	const char *organisation; /* shown in the head of the frame; NULL = from_name */
	/* requisites; number NULL = no block */
	const char *number;
	const char *date;       /* as people write it, ready: «15 мая 2023 г.» */
	const char *follows;    /* «на № … от …», ready, or NULL */
	struct letter_person signatory, performer;
	const struct letter_person *contacts; size_t contacts_count; /* with position = role */
	const struct letter_attachment *attachments; size_t attachments_count;
	bool own_file;          /* a recipient may have a file of its own (letter_recipient.own_file) */
	bool may_leave;         /* adds List-Unsubscribe(-Post) when public_url is set */
	const char *list_id;    /* "campaign.ministry.example.org" for List-Id; NULL = none */
	/* Field names that exist, for "unknown field" (paths like recipient.name);
	 * a path that ends in ".*" allows everything below. NULL = no check. */
	const char *const *known_fields;
	/* Values that are the same for every recipient ({"document":{…}}): found where the
	 * recipient's fields have nothing of that name. Not changed afterwards; may be NULL. */
	json_t *constants;
	/* Prefixes whose values come from outside (recipient., data sets): {{{x}}}
	 * on them is an error. NULL-terminated, may be NULL. */
	const char *const *hostile_prefixes;
};

/* Compiles and checks; NULL when problems->errors grew. Copies all it keeps,
 * attachments are base64-encoded once here. */
struct letter *letter_compile(const struct letter_source *source, struct problems *problems);
struct letter *letter_ref(struct letter *letter);
void letter_unref(struct letter **letter);

/* Was it compiled for files of the recipients' own? */
bool letter_own_file(const struct letter *letter);

/* What the recipient's copy needs. All borrowed for the call. */
struct letter_recipient {
	const json_t *fields;       /* {"recipient":{…},"monitoring":{…},…} */
	const char *to_address;     /* passed gate_address */
	const char *to_name;        /* the person; NULL = none; cleaned here. The letter's head shows
	                             * fields.recipient.name, the organisation, above it */
	const char *message_id;     /* "tag@domain", without <> */
	int64_t date_ms;            /* Date: stable across attempts is not required */
	const char *reply_to;       /* overrides the letter's; NULL = the letter's */
	const char *unsubscribe_url; /* NULL = no List-Unsubscribe */
	const char *check_url;      /* where anybody sees whether a letter of this number is ours; NULL = not said.
	                             * Only in letters that have a number */
	/* After the attachments that all get, where the source said own_file; its link and title are not
	 * looked at. NULL = none. At most LETTER_OWN_FILE_MAX_BYTES. */
	const struct letter_attachment *own_file;
	/* A receipt: Auto-Submitted says auto-replied (RFC 3834), not auto-generated. */
	bool auto_replied;
	const char *in_reply_to;    /* Message-ID it answers, without <>; NULL = none */
};

/* A filled letter: segments in order; some are owned by it, some shared with
 * the letter (which it holds a reference to). segment[0] is the header block
 * and ends exactly after the blank line. */
struct letter_segment {
	const char *data;
	size_t len;
};
#define LETTER_SEGMENTS_MAX 64
#define LETTER_OWN_FILE_MAX_BYTES (5 * 1024 * 1024)
struct letter_copy {
	struct letter_segment segment[LETTER_SEGMENTS_MAX];
	size_t count;
	size_t total; /* bytes */
	struct buf owned[3]; /* headers; bodies; the recipient's own file */
	struct buf html, text; /* working space, kept for the next recipient */
	struct letter *letter;
};

/* 0, or ERROR_INPUT/ERROR_FULL: this recipient's values cannot be rendered
 * (over 256 KiB of rendered text, a field without a value – null and "" are
 * values, an absent member is not –, a link that leads nowhere, …): the delivery fails with this text.
 * copy must be zeroed or finished before; buffers are reused when it is
 * filled again. */
int letter_fill(struct letter *letter, const struct letter_recipient *recipient,
	struct letter_copy *copy, struct error *e);
void letter_copy_fini(struct letter_copy *copy);

/* For preview: the rendered parts by themselves. The caller frees. */
int letter_preview(struct letter *letter, const struct letter_recipient *recipient, char **subject,
	char **text, char **html, struct error *e);

/* Size of a typical copy without its variable text: attachments and frame (for SIZE checks). */
size_t letter_size_estimate(const struct letter *letter);

#endif
