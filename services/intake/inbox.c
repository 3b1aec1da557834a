#include "intake/inbox.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/lang.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "intake/case.h"
#include "intake/charset.h"
#include "intake/trust.h"
#include "store/again.h"
#include "store/blob.h"

#define LINE_MAX_BYTES 300 /* of a name or a subject */
#define NOTE_MAX_BYTES 390
/* Anybody can send a film: a stranger's large mail is left in its mailbox, for whoever wants to see it. */
#define STRANGER_RAW_MAX_BYTES (5u * 1024 * 1024)

/* ---- notes ---------------------------------------------------------------------- */

__attribute__((format(printf, 2, 0))) static void set_note(
	struct intake_case *c, const char *fmt, va_list args)
{
	char text[1000];
	(void)vsnprintf(text, sizeof text, fmt, args);
	char *valid = charset_valid(text, strlen(text)), *line = gate_clean_line(valid, NOTE_MAX_BYTES);
	snprintf(c->note, sizeof c->note, "%s", line);
	free(line);
	free(valid);
}

void case_note(struct intake_case *c, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	set_note(c, fmt, args);
	va_end(args);
}

void case_review(struct intake_case *c, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	set_note(c, fmt, args);
	va_end(args);
	c->state = CASE_STATE_REVIEW;
	c->keep_raw = true;
}

/* ---- the row ----------------------------------------------------------------------- */

/* Text of a mail as it may stand in the store; NULL when there is none. */
static char *line_of(const char *value)
{
	if (value == NULL)
		return NULL;
	char *valid = charset_valid(value, strlen(value)), *line = gate_clean_line(valid, LINE_MAX_BYTES);
	free(valid);
	return line;
}

/* The name before "<address>", as claimed. */
static char *name_of(const struct mail *mail)
{
	const char *from = mail_field(mail, "From"), *open = from == NULL ? NULL : strrchr(from, '<');
	if (open == NULL)
		return NULL;
	char *part = xstrndup(from, (size_t)(open - from)), *line = line_of(part);
	free(part);
	size_t len = line == NULL ? 0 : strlen(line);
	if (len >= 2 && line[0] == '"' && line[len - 1] == '"') {
		memmove(line, line + 1, len - 2);
		line[len - 2] = '\0';
	}
	return line;
}

/* DB_DONE: the mail is known already. */
static enum db_step insert(struct intake_case *c, struct error *e)
{
	const struct inbox_mail *in = c->in;
	char *name = c->mail == NULL ? NULL : name_of(c->mail);
	char *subject = c->mail == NULL ? NULL : line_of(mail_field(c->mail, "Subject"));
	enum db_step step = db_query_int(c->inbox->db, &c->id, e,
		"INSERT INTO mail_in (hash, mailbox, received_ms, recorded_ms, kind, address, name, subject,"
		" matched, state) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
		" ON CONFLICT (hash) DO NOTHING RETURNING id",
		"ssiissssss", c->hash, in->mailbox, in->received_ms, clock_now_ms(), c->kind,
		c->sender[0] == '\0' ? NULL : c->sender, name, subject,
		c->found == NULL ? "none" : match_way_name(c->found->match.way), CASE_STATE_REVIEW);
	free(name);
	free(subject);
	return step;
}

static int keep_raw(struct intake_case *c, const char *hash, struct error *e)
{
	return blob_put(c->inbox->db, hash, c->in->bytes, c->in->len, e);
}

static bool is_left_in_mailbox(const struct intake_case *c)
{
	bool stranger = c->ask == 0 && c->letter.key == 0;
	return c->in->too_large != NULL ||
	       (c->keep_raw && stranger && c->mailbox && c->in->len > STRANGER_RAW_MAX_BYTES);
}

static int complete(struct intake_case *c, struct error *e)
{
	bool raw = c->keep_raw && c->in->len > 0 && !is_left_in_mailbox(c);
	char hash[IDENT_HASH_SIZE];
	if (raw && keep_raw(c, ident_hash(c->in->bytes, c->in->len, hash), e) != 0)
		return -1;
	return db_exec(c->inbox->db, e,
		"UPDATE mail_in SET kind = $2, delivery = NULLIF(CAST($3 AS BIGINT), 0), ask = NULLIF(CAST($4 AS BIGINT), 0), trusted = $5,"
		" state = $6, words = $7, raw = $8, note = $9 WHERE id = $1",
		"isiiissss", c->id, c->kind, c->letter.key, c->ask, (int64_t)c->trusted, c->state, c->words,
		raw ? hash : NULL, c->note[0] == '\0' ? NULL : c->note);
}

/* ---- places -------------------------------------------------------------------------- */

static int keep_place(struct inbox *inbox, const char *mailbox, const struct inbox_place *place,
	struct error *e)
{
	if (place == NULL || place->lease == NULL)
		return 0;
	if (lease_confirm(inbox->db, place->lease, e) != 0)
		return -1;
	if (place->uid == 0)
		return 0;
	/* Only forward within one validity: a mail looked at again must not set us back. */
	return db_exec(inbox->db, e,
		"INSERT INTO mailbox (name, uidvalidity, uid) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE"
		" SET uidvalidity = excluded.uidvalidity, uid = excluded.uid"
		" WHERE mailbox.uidvalidity <> excluded.uidvalidity OR mailbox.uid < excluded.uid",
		"sii", mailbox, place->uidvalidity, place->uid);
}

int inbox_mailbox_of(struct inbox *inbox, const char *mailbox, struct inbox_mailbox *out, struct error *e)
{
	struct db_stmt *stmt;
	*out = (struct inbox_mailbox){0};
	if (db_query(inbox->db, &stmt, e, "SELECT uidvalidity, uid, seen_ms FROM mailbox WHERE name = $1", "s",
		    mailbox) != 0)
		return -1;
	enum db_step step = db_step(stmt, e);
	if (step == DB_ROW)
		*out = (struct inbox_mailbox){.uidvalidity = db_int(stmt, 0), .uid = db_int(stmt, 1),
			.seen_ms = db_int(stmt, 2)};
	db_reset(stmt);
	return step == DB_FAILED ? -1 : 0;
}

static int pass_once(struct inbox *inbox, const char *mailbox, const struct inbox_place *place,
	struct error *e)
{
	int rc = db_begin(inbox->db, DB_WRITE, e);
	if (rc == 0)
		rc = keep_place(inbox, mailbox, place, e);
	if (rc == 0)
		rc = db_commit(inbox->db, DB_RELAXED, e);
	db_rollback(inbox->db);
	return rc;
}

int inbox_pass(struct inbox *inbox, const char *mailbox, const struct inbox_place *place, struct error *e)
{
	struct again again = {0};
	int rc;
	do
		rc = pass_once(inbox, mailbox, place, e);
	while (rc != 0 && again_after_conflict(&again, e));
	return rc;
}

static int note_look(struct inbox *inbox, const char *mailbox, const struct lease *lease, const char *trouble,
	struct error *e)
{
	int rc = db_begin(inbox->db, DB_WRITE, e);
	if (rc == 0)
		rc = lease_confirm(inbox->db, lease, e);
	if (rc == 0 && trouble == NULL)
		rc = db_exec(inbox->db, e,
			"INSERT INTO mailbox (name, seen_ms) VALUES ($1, $2)"
			" ON CONFLICT (name) DO UPDATE SET seen_ms = excluded.seen_ms, trouble = NULL",
			"si", mailbox, clock_now_ms());
	else if (rc == 0)
		rc = db_exec(inbox->db, e,
			"INSERT INTO mailbox (name, trouble) VALUES ($1, $2)"
			" ON CONFLICT (name) DO UPDATE SET trouble = excluded.trouble",
			"ss", mailbox, trouble);
	if (rc == 0)
		rc = db_commit(inbox->db, DB_RELAXED, e);
	db_rollback(inbox->db);
	return rc;
}

int inbox_note_look(struct inbox *inbox, const char *mailbox, const struct lease *lease, const char *trouble,
	struct error *e)
{
	struct again again = {0};
	int rc;
	do
		rc = note_look(inbox, mailbox, lease, trouble, e);
	while (rc != 0 && again_after_conflict(&again, e));
	return rc;
}

/* ---- whose mail is it again ------------------------------------------------------------- */

/* Fields the last servers put on top, anew at each attempt to deliver. */
static bool is_trace(const char *line, size_t len)
{
	static const char *const names[] = {"Return-Path:", "Delivered-To:", "X-Original-To:", "Envelope-To:",
		"X-Envelope-To:", "X-Envelope-From:", "Delivery-date:", "Received:", NULL};
	if (len >= 5 && memcmp(line, "From ", 5) == 0) /* mbox: with the moment of this attempt */
		return true;
	for (size_t i = 0; names[i] != NULL; i++)
		if (len >= strlen(names[i]) && strncasecmp(line, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/* Where the mail begins that its sender wrote and our border checked. */
static size_t trace_length(const char *bytes, size_t len)
{
	size_t at = 0;
	bool inside = false;
	while (at < len) {
		const char *line = bytes + at, *end = memchr(line, '\n', len - at);
		size_t n = end == NULL ? len - at : (size_t)(end - line) + 1;
		bool folded = line[0] == ' ' || line[0] == '\t';
		if (!(folded ? inside : is_trace(line, n)))
			break;
		inside = true;
		at += n;
	}
	return at == len ? 0 : at; /* nothing but that: then it is all of it */
}

/* The same mail, whether the MTA hands it over again, or it is read once as a file and once by IMAP
 * (line ends): the same identity. */
static const char *identity(const struct inbox_mail *in, char out[static IDENT_HASH_SIZE])
{
	size_t from = trace_length(in->bytes, in->len), n = 0;
	const char *bytes = in->bytes;
	char *plain = xmalloc(in->len - from + 1);
	for (size_t i = from; i < in->len; i++)
		if (bytes[i] != '\r' || i + 1 == in->len || bytes[i + 1] != '\n')
			plain[n++] = bytes[i];
	ident_hash(plain, n, out);
	free(plain);
	return out;
}

/* ---- one mail --------------------------------------------------------------------------- */

/* Is what the store has of it all that anybody may want? Without its bytes that is only what was applied,
 * and reports: what was put aside as noise has them, unless it was too large (is_left_in_mailbox). */
static bool needs_no_mailbox(const char *kind, const char *state, bool raw)
{
	static const enum mail_kind personal[] = {MAIL_UNKNOWN, MAIL_AUTO_REPLY, MAIL_REPLY};
	bool noise = false;
	for (size_t i = 0; i < sizeof personal / sizeof *personal; i++)
		noise = noise || (strcmp(kind, mail_kind_name(personal[i])) == 0 && strcmp(state, CASE_STATE_IGNORED) == 0);
	return raw || (!noise && strcmp(state, CASE_STATE_REVIEW) != 0);
}

static int find_known(struct inbox *inbox, const char *hash, struct inbox_result *result, struct error *e)
{
	struct db_stmt *stmt;
	if (db_query(inbox->db, &stmt, e, "SELECT id, kind, state, raw FROM mail_in WHERE hash = $1", "s", hash) != 0)
		return -1;
	enum db_step step = db_step(stmt, e);
	if (step == DB_ROW) {
		result->repeated = true;
		result->id = db_int(stmt, 0);
		snprintf(result->kind, sizeof result->kind, "%s", db_text(stmt, 1));
		snprintf(result->state, sizeof result->state, "%s", db_text(stmt, 2));
		result->kept = needs_no_mailbox(result->kind, result->state, !db_is_null(stmt, 3));
	}
	db_reset(stmt);
	return step == DB_FAILED ? -1 : 0;
}

/* A report, unless every finding is a person's or nothing at all. */
static bool is_report(enum mail_kind kind)
{
	return kind == MAIL_BOUNCE || kind == MAIL_DELAYED || kind == MAIL_DELIVERED || kind == MAIL_COMPLAINT;
}

static int handle(struct intake_case *c, struct error *e)
{
	if (c->in->too_large != NULL) {
		case_review(c, tr("larger than is read; it lies at %s", "больше, чем читается; лежит в %s"),
			c->in->too_large);
		return 0;
	}
	if (c->mail == NULL)
		return 0; /* for staff, with the parser's words */
	return is_report(c->found->findings.item[0].kind) ? case_report(c, e) : case_personal(c, e);
}

static void begin_case(struct intake_case *c, const char *parse_error)
{
	const struct recognised *found = c->found;
	free(c->words);
	c->words = NULL;
	c->note[0] = '\0';
	c->ask = 0;
	c->trusted = c->keep_raw = false;
	c->letter = (struct case_letter){0};
	c->kind = mail_kind_name(found == NULL ? MAIL_UNKNOWN : found->findings.item[0].kind);
	c->state = CASE_STATE_APPLIED;
	if (c->mail == NULL)
		case_review(c, "%s", parse_error);
}

/* bare: only for staff; nothing is applied. */
static int try_case(struct intake_case *c, const struct inbox_place *place, const char *parse_error,
	const char *bare, struct inbox_result *result, struct error *e)
{
	struct db *db = c->inbox->db;
	begin_case(c, parse_error);
	if (db_begin(db, DB_WRITE, e) != 0)
		return -1;
	int rc = 0;
	enum db_step step = insert(c, e);
	if (step == DB_FAILED)
		rc = -1;
	else if (step == DB_DONE)
		result->repeated = true;
	else if (bare != NULL)
		case_review(c, tr("could not be processed: %s", "не удалось обработать: %s"), bare);
	else
		rc = handle(c, e);
	if (rc == 0 && !result->repeated)
		rc = complete(c, e);
	if (rc == 0)
		rc = keep_place(c->inbox, c->in->mailbox, place, e);
	if (rc == 0)
		rc = db_commit(db, DB_DURABLE, e);
	db_rollback(db);
	return rc;
}

static int run_case(struct intake_case *c, const struct inbox_place *place, const char *parse_error,
	const char *bare, struct inbox_result *result, struct error *e)
{
	struct again again = {0};
	int rc;
	do {
		result->repeated = false;
		rc = try_case(c, place, parse_error, bare, result, e);
	} while (rc != 0 && again_after_conflict(&again, e));
	return rc;
}

/* What staff cannot help with: the store or the lease, not this mail. */
static bool is_passing(const struct error *e)
{
	return e->retriable || e->fatal || e->code == ERROR_LOST || e->code == ERROR_FULL;
}

static void say(const struct intake_case *c)
{
	log_info("mail", "id=%lld mailbox=%s kind=%s state=%s delivery=%lld ask=%lld matched=%s bytes=%zu note=%s",
		(long long)c->id, c->in->mailbox, c->kind, c->state, (long long)c->letter.key, (long long)c->ask,
		c->found == NULL ? "none" : match_way_name(c->found->match.way), c->in->len, log_quote(c->note));
}

int inbox_take(struct inbox *inbox, const struct inbox_mail *in, const struct inbox_place *place,
	struct inbox_result *result, struct error *e)
{
	char hash[IDENT_HASH_SIZE];
	struct mail *mail = NULL;
	struct recognised found = {0};
	struct error parse = {0};
	struct intake_case c = {.inbox = inbox, .in = in, .hash = identity(in, hash),
		.mailbox = place != NULL};
	*result = (struct inbox_result){.kept = true};
	if (find_known(inbox, hash, result, e) != 0)
		return -1;
	if (result->repeated)
		return inbox_pass(inbox, in->mailbox, place, e);
	if (mail_parse(in->bytes, in->len, &mail, &parse) == 0) {
		recognise(mail, inbox->key, in->envelope_recipient, &found);
		c.mail = mail;
		c.found = &found;
		if (!trust_sender(mail, c.sender))
			c.sender[0] = '\0';
	}
	int rc = run_case(&c, place, parse.text, NULL, result, e);
	if (rc != 0 && !is_passing(e)) {
		/* One mail that meets a mistake of ours must not stop all that stand behind it. */
		log_error("mail_failed", "mailbox=%s hash=%.16s error=%s", in->mailbox, hash, log_quote(e->text));
		struct error first = *e;
		rc = run_case(&c, place, parse.text, first.text, result, e);
	}
	if (rc == 0 && !result->repeated) {
		say(&c);
		result->id = c.id;
		snprintf(result->kind, sizeof result->kind, "%s", c.kind);
		snprintf(result->state, sizeof result->state, "%s", c.state);
		result->kept = !is_left_in_mailbox(&c);
	}
	free(c.words);
	recognised_fini(&found);
	mail_free(&mail);
	return rc;
}

/* ---- the letter it is about ------------------------------------------------------------------ */

int case_find_letter(struct intake_case *c, int64_t key, struct error *e)
{
	struct db_stmt *stmt;
	c->letter = (struct case_letter){0};
	if (key == 0)
		return 0;
	if (db_query(c->inbox->db, &stmt, e,
		    "SELECT d.campaign, d.round, d.recipient, d.dispatch, d.state, d.address,"
		    " (SELECT a.id FROM ask a WHERE a.round = d.round AND a.organisation = d.recipient)"
		    " FROM delivery d WHERE d.key = $1",
		    "i", key) != 0)
		return -1;
	enum db_step step = db_step(stmt, e);
	if (step == DB_ROW) {
		c->letter = (struct case_letter){.key = key, .campaign = db_int(stmt, 0),
			.round = db_int(stmt, 1), .recipient = db_int(stmt, 2), .dispatch = db_int(stmt, 3),
			.state = (int)db_int(stmt, 4), .ask = db_int(stmt, 6)};
		snprintf(c->letter.address, sizeof c->letter.address, "%s", db_text(stmt, 5));
	}
	db_reset(stmt);
	return step == DB_FAILED ? -1 : 0;
}
