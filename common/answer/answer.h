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
 * "fields"?}; round is its number, fields what counts without texts, links, files and tables. No names,
 * phones or addresses. config/schemas/ask.json */
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
/* «нет ответа», «получено», «частично», «отвечено», «отозвано»; tr(). */
const char *ask_state_words(enum ask_state state);
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
/* May this be kept? ERROR_INPUT, in words for people: no name, empty, too large, a program or a page instead
 * of a document. answer_record refuses the whole answer for it: who cannot ask the sender again (intake)
 * leaves such a file out. */
int answer_file_check(const char *name, const void *data, size_t len, struct error *e);
struct answer_new {
	int64_t ask;
	enum answer_way way;
	bool proposed;          /* figures read out of words: they count when staff confirm */
	/* Values by field name (they are checked here, too); NULL or {} = only «received». A form, a sheet
	 * and a cascade's page stand for themselves: what they leave out is empty. Every other way completes
	 * what counts: what it leaves out stays, null takes a value away. A field of type file: names; files
	 * that come now are added by themselves, an earlier version's file stays while it is named. */
	const json_t *fields;
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

/* Records a version. Which one counts:
 *  - nobody's counted yet, or it only adds: this one counts;
 *  - it changes what counts: the same person (address, else name) until the deadline, or staff
 *    (ANSWER_STAFF), correct; anybody else, or after the deadline, or where somebody else has said
 *    the same figure, too: `differs`, staff decide;
 *  - proposed: waits for staff, unless it says what counts already (superseded).
 * A form without anything in it is ERROR_INPUT. ERROR_NOT_FOUND: no such ask; ERROR_DENIED: it was withdrawn (the text is for
 * people); ERROR_INPUT: a value is wrong. source: CloudEvents source of the caller ("vestnik/portal").
 * Another answer at the same moment: ERROR_CONFLICT retriable on PostgreSQL (store/again.h). */
int answer_record(struct db *tx, struct bus *bus, const char *source, const struct answer_new *answer,
	struct answer_outcome *outcome, struct error *e);

/* The same for many answers to one campaign: known, from ask_fields, is not read again for each. */
struct fields;
int answer_record_known(struct db *tx, struct bus *bus, const char *source, const struct fields *known,
	const struct answer_new *answer, struct answer_outcome *outcome, struct error *e);

/* Staff decide: `confirm` makes version (0 = the latest proposed or differing one, else the one that
 * counts) count and settles all others; confirming what counts already says that it is enough though
 * something is missing. `refuse` takes it out of the count, `reopen` sets the ask back to open
 * (reminders go again). ERROR_CONFLICT: nothing to decide about; ERROR_NOT_FOUND: no such version. */
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
	char *slug, *key, *name; /* of campaign and organisation; "" = the organisation is gone */
	char *round_label;       /* "" = none */
};
enum db_step ask_by_id(struct db *db, int64_t id, struct ask *out, struct error *e);
enum db_step ask_of(struct db *db, int64_t campaign, int64_t round_number, const char *organisation_key,
	struct ask *out, struct error *e);
void ask_fini(struct ask *ask);
/* Asks of a round with id > after, in order of id, at most `most`; each returns non-zero to stop. *last gets
 * the last id given. Returns how many were given (0 = the end), -1 on error. */
int ask_each(struct db *db, int64_t campaign, int64_t round_number, int64_t after, int most,
	int (*each)(void *arg, const struct ask *ask), void *arg, int64_t *last, struct error *e);
/* The fields of a stored campaign's ask (none: count 0). Needs answer/field.h; fields_fini. */
int ask_fields(struct db *db, int64_t campaign, struct fields *out, struct error *e);
/* Sets and clears bits of ASK_TROUBLE_… in the caller's transaction (intake: absent, review; ledger: bounced). */
int ask_trouble_change(struct db *tx, int64_t ask, int64_t set, int64_t clear, struct error *e);

struct answer {
	int64_t id, version, received_ms, recorded_ms, mail;
	enum answer_way way;
	char state[16];          /* answer_state_words: for people */
	json_t *fields, *missing;
	char *name, *phone, *address, *actor, *note;
	bool late;
	size_t files;
};
/* «засчитан», «ждёт подтверждения», «расхождение», «заменён», «отклонён»; tr(). */
const char *answer_state_words(const char *state);
/* Newest first; each returns non-zero to stop. */
int answer_each(struct db *db, int64_t ask, int (*each)(void *arg, const struct answer *answer), void *arg,
	struct error *e);

/* The values that count: new reference; NULL when none does. For filling a form in again. */
int answer_counting(struct db *db, const struct ask *ask, json_t **fields, struct error *e);

struct answer_stored_file { /* valid during the call */
	int64_t position, size;
	const char *field, *name, *media_type, *hash; /* field, media_type: NULL = none; hash: of blob */
};
int answer_files_each(struct db *db, int64_t answer,
	int (*each)(void *arg, const struct answer_stored_file *file), void *arg, struct error *e);

/* Cascade: per summable field the sum over the counted answers of an ask's children, and how many of
 * them answered: {"registered": 120}; new reference. */
int answer_children_sum(struct db *db, int64_t parent_ask, const json_t *definition_fields, json_t **sums,
	int64_t *answered, int64_t *asked, struct error *e);

#endif
