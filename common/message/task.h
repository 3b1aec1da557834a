/* vestnik.tasks: what producers ask for. CloudEvents 1.0, structured
 * (application/cloudevents+json) or binary; type "vestnik.task.<name>".
 *   campaign.launch  {"campaign": slug, "content_hash": hex}
 *   campaign.pause|resume|cancel  {"campaign": slug, "reason": text?}
 *   campaign.retry   {"campaign": slug, "state": "failed"|"uncertain", "delivery": number?}: all such letters,
 *                    or this one alone
 *   campaign.stage   {"campaign": slug, "round": number, "at": "2023-09-15 10:00", "deadline"?: the same}:
 *                    a draft stage gets its date, in the campaign's wall time
 *   campaign.postpone {"campaign": slug, "deadline": "2023-06-05 18:00", "round": number?, "tell": bool?}:
 *                    another deadline, in the campaign's wall time
 *   campaign.correct {"campaign": slug, "content_hash": hex}: letters mended by the folder stored beside it
 *   campaign.recall  {"campaign": slug, "reason": text}
 *   recipient.readdress {"recipient": organisation key, "address", "role"?}: its open asks go there
 *   notify           {"from": …?, "subject": …, "text": markdown, "to": [{"address", "name"?, "fields"?}], …}
 * Schemas: config/schemas/task.*.json. (source, id) is the idempotency key. */
#ifndef VESTNIK_MESSAGE_TASK_H
#define VESTNIK_MESSAGE_TASK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/ident.h"

enum task_type {
	TASK_CAMPAIGN_LAUNCH,
	TASK_CAMPAIGN_PAUSE,
	TASK_CAMPAIGN_RESUME,
	TASK_CAMPAIGN_CANCEL,
	TASK_CAMPAIGN_RETRY,
	TASK_NOTIFY,
	TASK_CAMPAIGN_STAGE,
	TASK_CAMPAIGN_POSTPONE,
	TASK_CAMPAIGN_CORRECT,
	TASK_CAMPAIGN_RECALL,
	TASK_RECIPIENT_READDRESS,
	TASK_TYPES
};

const char *task_type_name(enum task_type type);  /* "vestnik.task.campaign.launch" */
const char *task_short_name(enum task_type type); /* "campaign.launch": as settings name it */

#define TASK_NOTIFY_RECIPIENTS_MAX 1000
struct task_recipient {
	char *address;  /* passed gate_address */
	char *name;     /* may be NULL */
	json_t *fields; /* object, may be NULL */
};
struct task {
	enum task_type type;
	char *source;
	char *id;
	int64_t time_ms;
	union {
		struct {
			char *slug;
			char *content_hash; /* launch, correct */
			char *reason;       /* pause, cancel, recall; may be NULL */
			char *state;        /* retry */
			int64_t round;      /* stage, postpone; 0 = not said */
			int64_t delivery;   /* retry: delivery.key; 0 = all */
			bool tell;          /* postpone */
			char *at, *deadline; /* stage, postpone: "2023-09-15", "2023-09-15 10:00"; deadline may be NULL */
		} campaign;
		struct {
			char *key, *address;
			char *role;         /* NULL: the first contact */
		} recipient;
		struct {
			char *from_address; /* NULL: the settings' sender */
			char *from_name;
			char *reply_to;
			char *subject;      /* Mustache */
			char *text;         /* Markdown with Mustache */
			/* Ready HTML and the same in plain text, below the Markdown: only programs that make
			 * the task in their own process can set it; task_read never does. */
			char *block_html, *block_text;
			bool urgent;        /* default true */
			int64_t not_after_ms; /* TIME_NEVER_MS = default */
			struct task_recipient *to;
			size_t to_count;
			struct task_attachment {
				char *name, *media_type;
				void *data;
				size_t len;
			} *attachments;
			size_t attachments_count;
		} notify;
	} as;
};

/* Content type of structured mode; parameters and case don't matter. In binary mode it is
 * application/json, anything ending in +json, or none. */
#define TASK_STRUCTURED "application/cloudevents+json"

/* What the bus could not turn into attributes and left in the headers (JSON object or NULL):
 * another ce_specversion than 1.0 or none, an unreadable ce_time. ERROR_INPUT. */
int task_check_headers(const char *content_type, const char *headers, struct error *e);

/* From a bus message in either mode. Every error is permanent (ERROR_INPUT):
 * the message belongs on vestnik.dead; the text names the member and what
 * would be right. source/id/type/time_ms are the binary attributes (NULL/0 in
 * structured mode). The caller calls task_fini whatever came back. */
int task_read(const char *content_type, const char *source, const char *id, const char *type,
	int64_t time_ms, const void *data, size_t len, struct task *task, struct error *e);
void task_fini(struct task *task);

/* That a program of this installation wrote a task: a MAC of the whole event (structured mode) with
 * the installation's key, in a header. Without it whoever can write the topic could claim a source
 * "vestnik/…". */
#define TASK_PROOF_HEADER "vestnik-proof"
#define TASK_PROOF_SIZE 64
/* The message's headers with the proof. */
const char *task_prove(const struct ident_key *key, const void *data, size_t len,
	char headers[static TASK_PROOF_SIZE]);
/* headers may be NULL. */
bool task_proven(const struct ident_key *key, const char *content_type, const char *headers,
	const void *data, size_t len);

/* Structured CloudEvent of a task, for producers (CLI, console). data is borrowed. */
int task_write(enum task_type type, const char *source, const char *id, int64_t time_ms,
	const json_t *data, struct buf *out);

#endif
