/* The pages of the delivery log and of one letter. */
#ifndef VESTNIK_CONSOLE_OPERATE_LOG_H
#define VESTNIK_CONSOLE_OPERATE_LOG_H

#include "base/gate.h"
#include "console/console.h"
#include "control/delivery_log.h"

/* ---- log_row.c: a line as the template log_row shows it ------------------------------------------ */

/* {"id","time","url","state","class","words","address","organisation","campaign","title","relay","reply","meaning"};
 * new reference. In the thread's language. */
json_t *log_row(const struct settings *settings, const struct delivery_line *line);
/* "good", "warn", "bad", "quiet": of a badge. */
const char *log_state_class(int64_t state);
/* "550 5.1.1 no such mailbox": cleaned; the caller frees. */
char *log_reply(const struct delivery_line *line);

/* ---- log_query.c: what was asked for in the address ------------------------------------------------- */

struct log_query {
	struct delivery_log_filter filter; /* points into this struct and the request */
	char address[GATE_ADDRESS_MAX + 2];
	json_t *wrong; /* NULL, or {"campaign": "there is no …", …}: beside the fields */
	json_t *moments; /* of the campaign: {"title","launched","finished"}; or NULL */
	int64_t finished_ms; /* of the campaign; 0 = it is under way */
	bool any;      /* something is filtered */
};
/* -1: the store failed. log_query_fini whatever came back. */
int log_query_read(const struct visit *visit, struct log_query *query, struct error *e);
/* For who has no fields to show it beside: -1 and ERROR_INPUT when something is wrong. What is wrong is not
 * filtered by, and all letters are not what was asked for. */
int log_query_check(const struct log_query *query, struct error *e);
void log_query_fini(struct log_query *query);
/* The form's fields with what was asked, their choices, what is wrong: {"campaign","campaigns":[…],"states":[…],
 * "relays":[…],"address","text","from","until","wrong"}. New reference. */
json_t *log_query_form(const struct visit *visit, const struct log_query *query, struct error *e);
/* "/log?campaign=…&state=…" and what follows: the query as it is, without place, pause and note; ends in '?' or '&'.
 * The caller frees. */
char *log_query_link(const struct visit *visit, const char *path);
/* A moment as a field of type datetime-local has it: "2023-05-30T18:00:05". */
void log_field_moment(const struct visit *visit, int64_t time_ms, char *out, size_t size);

/* ---- pages ---------------------------------------------------------------------------------------------- */

void page_log(struct visit *visit);
void page_log_live(struct visit *visit);
void page_log_file(struct visit *visit);

void page_delivery(struct visit *visit);
void page_delivery_letter(struct visit *visit); /* the HTML by itself, for a frame */
void page_delivery_text(struct visit *visit);
void take_delivery_again(struct visit *visit);
void take_delivery_readdress(struct visit *visit);
void take_delivery_suppress(struct visit *visit);

#endif
