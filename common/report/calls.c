#include "report/calls.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "message/status.h"
#include "report/words.h"

#define PAGE 200         /* organisations looked up at once */
#define EVENT_SIZE 240

struct entry { /* what the calls list says of one organisation, strings owned */
	int64_t organisation;
	char *text[CALL_CONTACTS_MAX][5];
	size_t contacts;
	char event[EVENT_SIZE], address[GATE_ADDRESS_MAX + 1];
	int64_t event_ms;
};
struct page {
	struct entry entry[PAGE];
	size_t row[PAGE]; /* of the facts */
	size_t count;
	char *keys;       /* organisation ids as JSON */
};

static void page_reset(struct page *page)
{
	for (size_t i = 0; i < page->count; i++)
		for (size_t c = 0; c < page->entry[i].contacts; c++)
			for (size_t t = 0; t < 5; t++)
				free(page->entry[i].text[c][t]);
	free(page->keys);
	page->keys = NULL;
	page->count = 0;
}

static struct entry *entry_of(struct page *page, int64_t organisation)
{
	for (size_t i = 0; i < page->count; i++)
		if (page->entry[i].organisation == organisation)
			return &page->entry[i];
	return NULL;
}

/* ---- contacts --------------------------------------------------------------------------- */

static int read_contacts(struct db *db, struct page *page, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	struct entry *entry = NULL;
	if (db_query(db, &stmt, e,
		    "SELECT c.organisation, c.role, c.name, c.position, c.phone, c.address FROM contact c"
		    " WHERE c.organisation IN (SELECT key FROM @KEYS($1)) AND c.active = 1"
		    " ORDER BY c.organisation, CASE WHEN c.phone IS NULL OR c.phone = '' THEN 1 ELSE 0 END, c.role",
		    "s", page->keys) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW) {
		if (entry == NULL || entry->organisation != db_int(stmt, 0))
			entry = entry_of(page, db_int(stmt, 0));
		if (entry == NULL || entry->contacts == CALL_CONTACTS_MAX)
			continue;
		for (int t = 0; t < 5; t++) {
			const char *text = db_text(stmt, t + 1);
			entry->text[entry->contacts][t] = xstrdup(text == NULL ? "" : text);
		}
		entry->contacts++;
	}
	return step == DB_DONE ? 0 : -1;
}

/* ---- the last event --------------------------------------------------------------------- */

static const char *letter_event(int state, enum lang lang)
{
	switch (state) {
	case DELIVERY_WAITING:
	case DELIVERY_SENDING:
		return word(lang, "letter waiting", "письмо ждёт отправки");
	case DELIVERY_UNCERTAIN:
		return word(lang, "letter in doubt", "неизвестно, ушло ли письмо");
	case DELIVERY_DEFERRED:
		return word(lang, "letter deferred", "доставка откладывается");
	case DELIVERY_ACCEPTED:
		return word(lang, "letter accepted by the mail server", "письмо принято почтовым сервером");
	case DELIVERY_DELIVERED:
		return word(lang, "letter delivered", "письмо доставлено");
	case DELIVERY_BOUNCED:
		return word(lang, "letter came back", "письмо вернулось");
	case DELIVERY_FAILED:
		return word(lang, "letter refused", "письмо не принято");
	case DELIVERY_EXPIRED:
		return word(lang, "letter too late to be sent", "письмо не отправлено: срок прошёл");
	case DELIVERY_CANCELLED:
		return word(lang, "letter cancelled", "отправка отменена");
	case DELIVERY_SUPPRESSED:
		return word(lang, "address gets no letters", "на этот адрес письма не отправляются");
	default:
		return "";
	}
}

static void take_letter(struct page *page, struct db_stmt *row, enum lang lang)
{
	struct entry *entry = entry_of(page, db_int(row, 0));
	int state = (int)db_int(row, 1);
	const char *reason = db_text(row, 2), *address = db_text(row, 3);
	bool why = reason != NULL && reason[0] != '\0' && state != DELIVERY_ACCEPTED;
	if (entry == NULL || db_int(row, 4) < entry->event_ms)
		return;
	entry->event_ms = db_int(row, 4);
	snprintf(entry->event, sizeof entry->event, "%s%s%s", letter_event(state, lang), why ? ": " : "",
		why ? reason : "");
	snprintf(entry->address, sizeof entry->address, "%s", address == NULL ? "" : address);
	gate_utf8_mend(entry->event);
}

static int read_letters(struct db *db, int64_t round, struct page *page, enum lang lang, struct error *e)
{
	struct db_stmt *stmt;
	int64_t step_number = -1;
	enum db_step found = DB_ROW, step = DB_DONE;
	while (step == DB_DONE && (found = db_query_int(db, &step_number, e,
					  "SELECT step FROM delivery WHERE round = $1 AND step > $2 ORDER BY step LIMIT 1",
					  "ii", round, step_number)) == DB_ROW) {
		if (db_query(db, &stmt, e,
			    "SELECT recipient, state, reason, address, updated_ms FROM delivery"
			    " WHERE round = $1 AND step = $2 AND recipient IN (SELECT key FROM @KEYS($3))",
			    "iis", round, step_number, page->keys) != 0)
			return -1;
		while ((step = db_step(stmt, e)) == DB_ROW)
			take_letter(page, stmt, lang);
	}
	return step == DB_DONE && found == DB_DONE ? 0 : -1;
}

/* An automatic reply or a mail nobody has looked at yet says more than the letter's fate. */
static int read_mails(struct db *db, int64_t round, struct page *page, enum lang lang, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	if (db_query(db, &stmt, e,
		    "SELECT a.organisation, m.kind, m.received_ms, m.address FROM ask a JOIN mail_in m ON m.ask = a.id"
		    " WHERE a.round = $1 AND a.organisation IN (SELECT key FROM @KEYS($2))"
		    " AND (m.kind = 'auto-reply' OR (m.kind IN ('reply', 'unknown') AND m.state = 'review')) ORDER BY m.id", "is", round, page->keys) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW) {
		struct entry *entry = entry_of(page, db_int(stmt, 0));
		const char *kind = db_text(stmt, 1), *address = db_text(stmt, 3);
		if (entry == NULL || db_int(stmt, 2) < entry->event_ms)
			continue;
		entry->event_ms = db_int(stmt, 2);
		snprintf(entry->event, sizeof entry->event, "%s", strcmp(kind, "auto-reply") == 0
				? word(lang, "automatic reply", "автоматический ответ")
				: word(lang, "a mail came, to be looked at", "пришло письмо, его надо посмотреть"));
		snprintf(entry->address, sizeof entry->address, "%s", address == NULL ? "" : address);
	}
	return step == DB_DONE ? 0 : -1;
}

/* ---- pages ---------------------------------------------------------------------------------- */

static int read_page(struct db *db, enum lang lang, int64_t round, struct page *page, struct error *e)
{
	struct buf keys;
	bool own = !db_in_transaction(db);
	buf_init(&keys, PAGE * 24 + 8);
	for (size_t i = 0; i < page->count; i++)
		(void)buf_printf(&keys, "%s%lld", i == 0 ? "[" : ",", (long long)page->entry[i].organisation);
	(void)buf_puts(&keys, "]");
	page->keys = buf_take(&keys);
	if (own && db_begin(db, DB_READ, e) != 0)
		return -1;
	int rc = read_contacts(db, page, e);
	if (rc == 0)
		rc = read_letters(db, round, page, lang, e);
	if (rc == 0)
		rc = read_mails(db, round, page, lang, e);
	if (own)
		db_rollback(db);
	return rc;
}

static void fill_call(const struct entry *entry, enum lang lang, struct call *call)
{
	call->contacts = entry->contacts;
	call->event = entry->event;
	call->event_address = entry->address;
	call->event_ms = entry->event_ms;
	if (call->event[0] == '\0' && call->trouble == REPORT_NO_LETTER)
		call->event = word(lang, "no letter: the directory has no address", "письма не было: в справочнике нет адреса");
	for (size_t c = 0; c < entry->contacts; c++)
		call->contact[c] = (struct call_contact){.role = entry->text[c][0], .name = entry->text[c][1],
			.position = entry->text[c][2], .phone = entry->text[c][3], .address = entry->text[c][4]};
}

static int tell_page(const struct report_facts *facts, const struct page *page, struct report_row *row,
	int (*each)(void *arg, const struct call *call), void *arg)
{
	for (size_t i = 0; i < page->count; i++) {
		const struct entry *entry = &page->entry[i];
		facts_row(facts, false, page->row[i], row);
		struct call call = {.key = row->key, .name = row->name, .region = row->region,
			.municipality = row->municipality, .ask = row->ask, .trouble = row->trouble};
		fill_call(entry, facts->lang, &call);
		if (each(arg, &call) != 0)
			return 1;
	}
	return 0;
}

int calls_each(struct db *db, const struct report_facts *facts, int64_t round,
	int (*each)(void *arg, const struct call *call), void *arg, struct error *e)
{
	struct page *page = xcalloc(1, sizeof *page);
	struct report_row *row = xcalloc(1, sizeof *row);
	int rc = 0;
	for (size_t i = 0; i <= facts->rows && rc == 0; i++) {
		if (i < facts->rows) {
			facts_row(facts, false, i, row);
			if (row->state != ASK_OPEN)
				continue;
			page->row[page->count] = i;
			page->entry[page->count++] = (struct entry){.organisation = row->organisation};
		}
		if (page->count == PAGE || (i == facts->rows && page->count > 0)) {
			rc = read_page(db, facts->lang, round, page, e);
			if (rc == 0)
				rc = tell_page(facts, page, row, each, arg);
			page_reset(page);
		}
	}
	page_reset(page);
	free(page);
	free(row);
	return rc < 0 ? -1 : 0;
}

/* ---- a page of them, straight from the store ------------------------------------------------------ */

struct silent { /* strings owned */
	int64_t ask, organisation;
	char *key, *name, *region, *municipality;
};

static char *text_of(struct db_stmt *row, int column)
{
	const char *text = db_text(row, column);
	return xstrdup(text == NULL ? "" : text);
}

static int read_silent(struct db *db, int64_t round, const char *municipality, int64_t after, size_t most,
	struct silent *out, size_t *count, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	*count = 0;
	if (db_query(db, &stmt, e,
		    "SELECT a.id, a.organisation, o.key, o.name, o.region, o.municipality FROM ask a JOIN organisation o"
		    " ON o.id = a.organisation WHERE a.round = $1 AND a.level = 0 AND a.state = 'open' AND a.organisation > $2"
		    " AND ($3 = '' OR o.municipality = $3) ORDER BY a.organisation LIMIT $4",
		    "iisi", round, after, municipality, (int64_t)most) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW && *count < most)
		out[(*count)++] = (struct silent){.ask = db_int(stmt, 0),
			.organisation = db_int(stmt, 1),
			.key = text_of(stmt, 2),
			.name = text_of(stmt, 3),
			.region = text_of(stmt, 4),
			.municipality = text_of(stmt, 5)};
	return step == DB_FAILED ? -1 : 0;
}

int calls_after(struct db *db, int64_t round, enum lang lang, const char *municipality, int64_t *after, size_t most,
	int (*each)(void *arg, const struct call *call), void *arg, struct error *e)
{
	struct page *page = xcalloc(1, sizeof *page);
	struct silent *silent = xcalloc(PAGE, sizeof *silent);
	size_t count;
	int rc = read_silent(db, round, municipality, *after, most < PAGE ? most : PAGE, silent, &count, e);
	for (size_t i = 0; i < count; i++)
		page->entry[page->count++] = (struct entry){.organisation = silent[i].organisation};
	if (rc == 0 && count > 0)
		rc = read_page(db, lang, round, page, e);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		struct call call = {.key = silent[i].key, .name = silent[i].name, .region = silent[i].region,
			.municipality = silent[i].municipality, .ask = silent[i].ask,
			.trouble = page->entry[i].event_ms == 0 ? REPORT_NO_LETTER : REPORT_REACHED};
		fill_call(&page->entry[i], lang, &call);
		*after = silent[i].organisation;
		if (each(arg, &call) != 0)
			break;
	}
	for (size_t i = 0; i < count; i++) {
		free(silent[i].key);
		free(silent[i].name);
		free(silent[i].region);
		free(silent[i].municipality);
	}
	page_reset(page);
	free(page);
	free(silent);
	return rc < 0 ? -1 : (int)count;
}

/* ---- words of the lists --------------------------------------------------------------------- */

char *call_person(const struct call_contact *contact)
{
	return xasprintf("%s%s%s", contact->name, contact->name[0] != '\0' && contact->position[0] != '\0' ? ", " : "",
		contact->position);
}

char *call_others(const struct call *call)
{
	struct buf b;
	buf_init(&b, 8192);
	for (size_t i = 1; i < call->contacts; i++) {
		char *name = call_person(&call->contact[i]);
		(void)buf_printf(&b, "%s%s%s%s%s%s", b.len > 0 ? "\n" : "", name, name[0] != '\0' ? ", " : "",
			call->contact[i].phone, call->contact[i].phone[0] != '\0' ? ", " : "", call->contact[i].address);
		free(name);
	}
	return buf_take(&b);
}

char *calls_title(const struct report_facts *facts)
{
	return xasprintf("%s %s%s%s", word(facts->lang, "No answer and not delivered:", "Не ответили и не доставлено:"),
		facts->title, facts->round_label != NULL && facts->round_label[0] != '\0' ? ", " : "",
		facts->round_label != NULL ? facts->round_label : "");
}
