/* Answers to asks. The only writer of answer, answer_file and of an ask's state after it was
 * opened: portal, intake, CLI and console record and decide through these functions, inside one
 * write transaction of theirs that they commit durably. Each publishes its event on vestnik.status
 * in that transaction (bus_publish_tx), so that a reminder cannot overtake an answer.
 *
 *            answer_record                       answer_decide
 *   open ──────────────────► received | partial | confirmed ──(refuse, reopen)──► open
 *     any ──(recall)──► withdrawn                (planner; answers are refused then)
 *
 * received: something human came, no figure counts yet: no reminders, staff look at it.
 * partial: figures count, required ones are missing. confirmed: complete.
 * An answer's state: `counts` (the ask's figures are these), `proposed` (read out of a mail; counts
 * only after staff confirm), `differs` (a later other figure from somebody else: staff decide),
 * `superseded` (corrected by a later one), `refused`.
 *
 * Events, type vestnik.ask.<received|partial|confirmed|differs|reopened|withdrawn>, key "a<ask>",
 * data {"ask","campaign","slug","round","organisation","key","state","version","way","late",
 * "fields"?}. No names, phones or addresses. config/schemas/ask.json */
#ifndef VESTNIK_ANSWER_ANSWER_H
#define VESTNIK_ANSWER_ANSWER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "bus/bus.h"
#include "store/db.h"

enum ask_state { ASK_OPEN, ASK_RECEIVED, ASK_PARTIAL, ASK_CONFIRMED, ASK_WITHDRAWN, ASK_STATES };
const char *ask_state_name(enum ask_state state); /* "open" */
int ask_state_parse(const char *name, enum ask_state *state);

/* ask.trouble */
#define ASK_TROUBLE_DIFFERS 1   /* two people gave different figures */
#define ASK_TROUBLE_BOUNCED 2   /* a letter to it bounced or failed */
#define ASK_TROUBLE_ABSENT 4    /* an automatic reply came: the next reminder goes to the second contact, too */
#define ASK_TROUBLE_REVIEW 8    /* a mail about it waits for staff */

enum answer_way { ANSWER_FORM, ANSWER_REPLY, ANSWER_MAIL, ANSWER_SHEET, ANSWER_CASCADE, ANSWER_STAFF,
	ANSWER_PHONE, ANSWER_IMPORT, ANSWER_WAYS };
const char *answer_way_name(enum answer_way way); /* "form" */
int answer_way_parse(const char *name, enum answer_way *way);
/* «по форме», «ответным письмом», «по телефону»; tr(). */
const char *answer_way_words(enum answer_way way);

#define ANSWER_FILE_MAX_BYTES (20 * 1024 * 1024)
#define ANSWER_FILES_MAX 10
struct answer_file {
	const char *field;      /* NULL = of the whole answer */
	const char *name;       /* passed gate_file_name */
	const char *media_type; /* NULL = unknown */
	const void *data;
	size_t len;
};
struct answer_new {
	int64_t ask;
	enum answer_way way;
	bool proposed;          /* figures read out of words: they count when staff confirm */
	const json_t *fields;   /* values by field name, checked (field_check); NULL or {} = only «received» */
	const char *name, *phone, *address; /* who says it; each may be NULL */
	const char *actor;      /* staff; NULL */
	const char *note;       /* NULL */
	int64_t received_ms;    /* when it reached us: decides whether it was in time */
	int64_t mail;           /* mail_in.id, 0 = none */
	const struct answer_file *file;
	size_t files;
};
struct answer_outcome {
	int64_t answer, version;
	enum ask_state state;   /* of the ask now */
	bool late, differs;
	bool repeated;          /* the same person said the same again: nothing was written */
	json_t *missing;        /* required fields still missing; new reference */
};
void answer_outcome_fini(struct answer_outcome *outcome);

/* Records a version. ERROR_NOT_FOUND: no such ask; ERROR_DENIED: it was withdrawn (the text is for
 * people); ERROR_INPUT: a value is wrong. source: CloudEvents source of the caller ("vestnik/portal").
 * Another answer at the same moment: ERROR_CONFLICT retriable on PostgreSQL (store/again.h). */
int answer_record(struct db *tx, struct bus *bus, const char *source, const struct answer_new *answer,
	struct answer_outcome *outcome, struct error *e);

/* Staff decide: `confirm` makes version (0 = the latest proposed or differing one) count, `refuse`
 * takes it out of the count, `reopen` sets the ask back to open (reminders go again). */
enum answer_decision { ANSWER_CONFIRM, ANSWER_REFUSE, ANSWER_REOPEN };
int answer_decide(struct db *tx, struct bus *bus, const char *source, int64_t ask, int64_t version,
	enum answer_decision decision, const char *actor, const char *note, struct answer_outcome *outcome,
	struct error *e);

/* The planner's recall: the ask is withdrawn, with its event. A confirmed one keeps its answer. */
int answer_withdraw(struct db *tx, struct bus *bus, const char *source, int64_t ask, struct error *e);

/* ---- reading -------------------------------------------------------------------- */

struct ask { /* strings owned */
	int64_t id, campaign, round, organisation, parent; /* parent 0 = none */
	int64_t round_number;
	int level;
	enum ask_state state;
	int64_t trouble, versions, answer; /* answer 0 = none counts */
	int64_t deadline_ms;     /* TIME_NEVER_MS = none */
	char *slug, *key, *name; /* of campaign and organisation */
};
enum db_step ask_by_id(struct db *db, int64_t id, struct ask *out, struct error *e);
enum db_step ask_of(struct db *db, int64_t campaign, int64_t round_number, const char *organisation_key,
	struct ask *out, struct error *e);
void ask_fini(struct ask *ask);

struct answer {
	int64_t id, version, received_ms, mail;
	enum answer_way way;
	char state[16];
	json_t *fields, *missing;
	char *name, *phone, *address, *actor, *note;
	bool late;
	size_t files;
};
/* Newest first; each returns non-zero to stop. */
int answer_each(struct db *db, int64_t ask, int (*each)(void *arg, const struct answer *answer), void *arg,
	struct error *e);

/* Cascade: per summable field the sum over the counted answers of an ask's children, and how many of
 * them answered: {"registered": 120}; new reference. */
int answer_children_sum(struct db *db, int64_t parent_ask, const json_t *definition_fields, json_t **sums,
	int64_t *answered, int64_t *asked, struct error *e);

#endif
