/* One letter: what it is, where it stands, what happens next, and what came of it. Its lines are in
 * control/delivery_log.h. */
#ifndef VESTNIK_CONTROL_DELIVERY_H
#define VESTNIK_CONTROL_DELIVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/ident.h"
#include "control/delivery_log.h"
#include "message/status.h"
#include "store/db.h"

struct delivery { /* strings owned; NULL = none */
	int64_t key, campaign, round, step, recipient;
	enum delivery_state state;
	int64_t dispatch, attempts, uncertain, not_after_ms, updated_ms, code, reminds;
	bool scheduled;
	int64_t due_ms, claimed_ms;            /* of its place in the schedule; claimed 0 = waits */
	int64_t created_ms, launched_ms;       /* of the campaign */
	int64_t round_number, deadline_ms;
	char *address, *fields, *slug, *title, *kind, *campaign_state, *campaign_reason, *created_by, *sender;
	char *reason, *relay;
	char *organisation, *organisation_key, *municipality, *contact, *contact_role, *round_label;
	char *suppressed;                      /* why the address gets no letters now; NULL: it does */
};
/* ERROR_NOT_FOUND. The caller calls delivery_fini whatever came back. */
int delivery_load(struct db *db, int64_t key, struct delivery *out, struct error *e);
void delivery_fini(struct delivery *delivery);

/* "123", "123.1" (as the log shows it: key.dispatch), or a tag as it stands in a Message-ID, with or without
 * <…@…>. -1: it is none of these, or its MAC is not ours. */
int delivery_key_read(const struct ident_key *key, const char *text, int64_t *out);
/* Is a MAC needed to read it? Then delivery_key_read needs the installation's key. */
bool delivery_key_plain(const char *text, int64_t *out);

/* "accepted", «принято»: a state as the terminal shows it; "came back", «отказ сервера»: as pages do. tr(). */
const char *delivery_state_word(int state);
const char *delivery_state_words(int state);

/* What happens to it next; *when_ms: at that moment, or since; 0 = no moment. */
enum delivery_next {
	DELIVERY_NEXT_NOTHING,   /* final */
	DELIVERY_NEXT_OPERATOR,  /* held as uncertain: people decide whether it goes again */
	DELIVERY_NEXT_RESUME,    /* waits until its campaign is resumed */
	DELIVERY_NEXT_CANCELLED, /* will be cancelled with its campaign */
	DELIVERY_NEXT_UNDER_WAY, /* with a mailer since */
	DELIVERY_NEXT_TURN,      /* was due at; goes out in its turn */
	DELIVERY_NEXT_LATER      /* goes out at */
};
enum delivery_next delivery_next(const struct delivery *delivery, int64_t now_ms, int64_t *when_ms);

/* What "5.1.1" or a bare 550 means, and what may be done; NULL: nothing is known of it. tr(). */
const char *delivery_code_words(const char *enhanced, int64_t code);

/* ---- what came of it -------------------------------------------------------------------- */

struct delivery_ask {
	int64_t id, deadline_ms, answers;
	char state[16]; /* answer/answer.h ask_state_parse */
};
/* DB_DONE: nothing is asked with it. */
enum db_step delivery_ask(struct db *db, const struct delivery *delivery, struct delivery_ask *out, struct error *e);

struct delivery_answer { /* borrowed */
	int64_t version, received_ms;
	const char *way, *state; /* answer/answer.h */
	bool late;
};
int delivery_answers(struct db *db, int64_t ask, void (*each)(void *arg, const struct delivery_answer *answer),
	void *arg, struct error *e);

struct delivery_mail { /* borrowed; NULL = none */
	int64_t id, received_ms;
	const char *kind, *address, *subject, *state, *note;
};
/* Bounces of this letter, replies to it. */
int delivery_mails(struct db *db, int64_t key, void (*each)(void *arg, const struct delivery_mail *mail), void *arg,
	struct error *e);

struct delivery_webhook { /* borrowed */
	const char *endpoint, *url, *id, *type, *state;
	int64_t time_ms, attempts, due_ms; /* due 0 = not tried again */
};
/* What endpoints were told of one of its lines. */
int delivery_webhooks(struct db *db, const struct delivery_line *line,
	void (*each)(void *arg, const struct delivery_webhook *webhook), void *arg, struct error *e);

/* Another address for the contact of an organisation (role NULL: the first one), in the caller's transaction:
 * the directory's own next import may say otherwise, and wins. Goes with TASK_RECIPIENT_READDRESS.
 * ERROR_NOT_FOUND. */
int delivery_contact_readdress(struct db *tx, const char *organisation_key, const char *role, const char *address,
	struct error *e);

#endif
