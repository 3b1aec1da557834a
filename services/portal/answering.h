/* Recording what a page sent, and showing what is there: the answer form and the cascade use it. */
#ifndef VESTNIK_PORTAL_ANSWERING_H
#define VESTNIK_PORTAL_ANSWERING_H

#include "askform/ask_form.h"
#include "portal/asked.h"

/* Who sends it, as typed: cleaned, cut. Errors go to form->errors under "name" and "phone". */
struct sender {
	char *name, *phone;
};
void sender_take(struct sender *sender, struct ask_form *form, const struct web_request *request);
void sender_fini(struct sender *sender);

/* answer_record in a transaction of its own, again after conflicts. */
int answering_record(struct worker *worker, const struct answer_new *answer, struct answer_outcome *outcome,
	struct error *e);

/* Earlier versions, newest first: [{"version","when","who","way","state","late","note","fields"}]; at most
 * `most`. New reference. NULL on error. */
json_t *answering_versions(struct db *db, const struct asked *asked, int most, struct error *e);

/* What a page of a form adds to its head: the fields, errors, sender. head is changed. text: why the whole
 * was not taken; NULL. */
void answering_add_form(json_t *head, const struct asked *asked, const struct ask_form *form,
	const struct sender *sender, const json_t *hints, const char *text);

/* The page after sending: what was understood. true: answered. wanted: ?done=<version>. */
void answering_thank(struct web_request *request, struct worker *worker, const struct asked *asked, int64_t version);

#endif
