/* REST API for programs: /api/v1, described by docs/openapi.yaml (a test holds both together).
 *
 * One table (operations.h) names every operation: method, path, right, handler, what its query may
 * hold, what body it takes. dispatch.c does for each what all have in common: language, request id,
 * limit per key, query, media type, body, Idempotency-Key; then the handler answers once. */
#ifndef VESTNIK_CONSOLE_API_H
#define VESTNIK_CONSOLE_API_H

#include <jansson.h>

#include "base/ident.h"
#include "base/problem.h"
#include "console/console.h"

#define API_ROOT "/api/v1"
#define API_ID_SIZE 128

enum api_body {
	API_NO_BODY,
	API_JSON,      /* an object; empty = {} */
	API_JSON_ZIP,  /* an object, or a folder as application/zip */
	API_ZIP,
	API_TABLE,     /* CSV or XLSX */
	API_BYTES      /* anything */
};

struct api;
struct api_operation {
	const char *id;       /* operationId of the document */
	enum web_method method;
	const char *path;     /* below API_ROOT */
	enum right right;
	void (*handle)(struct api *api);
	const char *query;    /* names, one blank between; "" = none */
	enum api_body body;
	int64_t body_max;
};
extern const struct api_operation api_operations[];
extern const size_t api_operations_count;

struct api { /* one request */
	struct visit *visit;
	struct web_request *request;
	struct db *db;
	const struct api_operation *operation;
	json_t *body;         /* API_JSON: an object, never NULL */
	const void *data;     /* other bodies */
	size_t len;
	bool zip;             /* API_JSON_ZIP: it is one */
	char id[API_ID_SIZE]; /* X-Request-Id */
	int status;           /* answered with */
	/* once.c */
	const char *once;     /* Idempotency-Key; NULL = none */
	char fingerprint[IDENT_HASH_SIZE];
	bool kept;            /* the answer stands in the store, in the transaction of the action */
	json_t *answer;       /* what was answered, until it is kept */
	char *location;
};

/* ---- answering (answer.c): once; bodies are taken over ------------------------------------------ */

void api_reply(struct api *api, int status, json_t *body);
/* 201 with Location. */
void api_created(struct api *api, const char *location, json_t *body);
void api_no_content(struct api *api);
/* A list: {"data": items, "next": link or null} and the Link header. cursor: "" = there is no more. */
void api_list(struct api *api, json_t *items, const char *cursor);
void api_etag(struct api *api, int64_t version);

/* ---- problems (problem.c) ------------------------------------------------------------------- */

enum api_problem {
	API_BAD_REQUEST,
	API_UNAUTHORIZED,
	API_FORBIDDEN,
	API_NOT_FOUND,
	API_WRONG_METHOD,
	API_NOT_ACCEPTABLE,
	API_CONFLICT,
	API_REFUSED,      /* the planner's word about an order */
	API_IN_PROGRESS,
	API_CHANGED,      /* If-Match */
	API_TOO_LARGE,
	API_WRONG_TYPE,
	API_INVALID,
	API_KEY_REUSED,
	API_NO_CONDITION,
	API_TOO_MANY,
	API_INTERNAL,
	API_UNAVAILABLE,
	API_PROBLEMS
};
/* errors: "errors" of the problem, taken over, may be NULL. detail NULL: the usual words. */
void api_problem(struct api *api, enum api_problem problem, const char *detail, json_t *errors);
void api_error(struct api *api, const struct error *e);
/* What folder, sheet or form is wrong: 422 with each. */
void api_problems(struct api *api, const struct problems *problems);
/* {"severity", "file"?, "line"?, "field"?, "pointer"?, "detail", "hint"?} */
json_t *api_problem_json(const struct problem *problem);
/* web_config.problem: refusals under /api/ that no handler saw. */
bool api_refusal(void *arg, struct web_request *request, int status, const char *title, const char *text);
/* X-Request-Id, the program's if it is a good one, else made here; set in the answer. */
void api_request_id(struct web_request *request, char out[static API_ID_SIZE]);
/* Programs read English unless Accept-Language asks for Russian. */
void api_speak(struct web_request *request);
/* GET /problems/{name}: what a type means, for whoever follows the link. */
void api_problem_page(struct visit *visit);

/* ---- input (input.c): false after a problem ----------------------------------------------------- */

enum api_kind { API_TEXT, API_LINE, API_INTEGER, API_BOOLEAN, API_OBJECT, API_ARRAY, API_TIME, API_ADDRESS };
struct api_member {
	const char *name;
	enum api_kind kind;
	bool required;
	int64_t least, most;  /* bytes of a text, or the number itself; 0, 0 = the usual (most 1000 bytes) */
	const char *words;    /* one of these, blanks between; NULL = any */
};
/* Every member of the body is known and right; null counts as absent. */
bool api_body_is(struct api *api, const struct api_member *members, size_t count);
const char *api_text(const struct api *api, const char *name); /* NULL = absent */
int64_t api_integer(const struct api *api, const char *name, int64_t usual);
bool api_flag(const struct api *api, const char *name, bool usual);
int64_t api_time(const struct api *api, const char *name); /* checked; 0 = absent */

/* The query. */
#define API_LIMIT_USUAL 100
#define API_LIMIT_MOST 500
bool api_query_integer(struct api *api, const char *name, int64_t least, int64_t most, int64_t usual, int64_t *out);
bool api_query_flag(struct api *api, const char *name, bool *out);
bool api_query_time(struct api *api, const char *name, int64_t *out); /* 0 = absent */
/* words: as in api_member; *out NULL = absent. */
bool api_query_word(struct api *api, const char *name, const char *words, const char **out);
bool api_limit(struct api *api, int64_t *limit);
void api_wrong_query(struct api *api, const char *name, const char *detail, const char *hint);
bool api_part_number(struct api *api, const char *name, int64_t *out);

/* Cursors: opaque to programs, signed, of one operation alone. */
#define API_CURSOR_MAX 400
bool api_after(struct api *api, char *out, size_t size);           /* "" = from the beginning */
bool api_after_number(struct api *api, int64_t *out);              /* 0 = from the beginning */
/* For "next": text of the cursor; the caller frees. */
char *api_cursor(const struct api *api, const char *position);

/* If-Match: the version; -1 after a problem (428 without one). */
int64_t api_if_match(struct api *api);

/* ---- values (answer.c) -------------------------------------------------------------------------- */

json_t *api_moment(int64_t time_ms);          /* RFC 3339; null for 0 and never */
json_t *api_string(const char *text);         /* null for NULL and "" */
json_t *api_id(int64_t id);                   /* a string */

/* ---- acting (once.c, order.c) --------------------------------------------------------------------- */

/* work(arg, tx, e) in a durable transaction, together with the answer for an Idempotency-Key. work sets
 * *body (new reference) to what will be answered, *location, *status. Then api_reply it. false after a problem. */
struct api_act {
	int (*work)(struct api_act *act, struct db *tx, struct error *e);
	struct api *api;
	void *arg;
	int status;
	json_t *body;
	char *location;
	const struct problems *problems; /* told instead of the error, when there are errors in it; may be NULL */
};
bool api_act(struct api_act *act);

/* Before the handler: false when it was answered already, or may not be now. */
bool once_begin(struct api *api);
/* In the transaction of the action. */
int once_keep_tx(struct api *api, struct db *tx, int status, const char *location, const json_t *body, struct error *e);
/* After the handler. */
void once_end(struct api *api);
int once_sweep(struct db *db, int64_t now_ms, struct error *e);

/* An order to the planner: put, waited for, answered with 202 {"task", "outcome"}, or 409 with the
 * planner's reason. data: taken over. */
void api_order(struct api *api, enum task_type type, const char *slug, json_t *data);
/* The same when `before` has to happen in the transaction, too. more: further members of the answer. */
void api_order_and(struct api *api, enum task_type type, const char *slug, json_t *data,
	int (*before)(void *arg, struct db *tx, struct error *e), void *arg, json_t *more);

#endif
