#include "intake/ask_match.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "intake/body.h"
#include "intake/text.h"

/* An address with more open matters is a mailbox for a whole region: no guessing. */
#define CANDIDATES_MAX 200
/* «5» or «12» stands in every letter. */
#define NUMBER_SURE_BYTES 4

/* ---- numbers ------------------------------------------------------------------------ */

static bool is_part(char c)
{
	unsigned char u = (unsigned char)c;
	return (u >= '0' && u <= '9') || (u >= 'a' && u <= 'z') || (u >= 'A' && u <= 'Z') || u >= 0x80 ||
	       u == '-' || u == '/' || u == '_';
}

/* «№», "No", "N" before it, blanks between. */
static bool behind_sign(const char *text, const char *at)
{
	while (at > text && (at[-1] == ' ' || at[-1] == '.'))
		at--;
	/* a no-break blank is two bytes */
	while (at - text >= 2 && memcmp(at - 2, "\xc2\xa0", 2) == 0)
		at -= 2;
	if (at - text >= 3 && memcmp(at - 3, "№", 3) == 0)
		return true;
	if (at > text && (at[-1] == 'N' || at[-1] == 'n'))
		return at - text == 1 || !is_part(at[-2]);
	return at - text >= 2 && (at[-1] == 'o' || at[-1] == 'O') && (at[-2] == 'N' || at[-2] == 'n') &&
	       (at - text == 2 || !is_part(at[-3]));
}

bool ask_match_number(const char *text, const char *number)
{
	size_t len = strlen(number);
	if (len == 0)
		return false;
	for (const char *at = text; (at = strstr(at, number)) != NULL; at++) {
		bool sign = behind_sign(text, at);
		bool begins = at == text || sign || !is_part(at[-1]);
		/* the no-break blank before it is no letter */
		if (!begins && at - text >= 2 && memcmp(at - 2, "\xc2\xa0", 2) == 0)
			begins = true;
		bool ends = !is_part(at[len]) || memcmp(at + len, "\xc2\xa0", 2) == 0 ||
			    memcmp(at + len, "\xc2\xbb", 2) == 0; /* » */
		if (begins && ends && (sign || len >= NUMBER_SURE_BYTES))
			return true;
	}
	return false;
}

/* ---- candidates ------------------------------------------------------------------------ */

struct candidate {
	int64_t ask;
	bool open, named;
};

static bool names_document(const char *definition, const char *text)
{
	json_t *parsed = json_loads(definition, 0, NULL);
	const char *number =
		json_string_value(json_object_get(json_object_get(parsed, "document"), "number"));
	bool named = number != NULL && ask_match_number(text, number);
	json_decref(parsed);
	return named;
}

static int read_candidates(struct db *db, const char *sender, const char *text, struct candidate *list,
	size_t *count, struct error *e)
{
	struct db_stmt *stmt;
	if (db_query(db, &stmt, e,
		    "SELECT k.id, k.state, c.definition FROM ask k JOIN campaign c ON c.id = k.campaign"
		    " WHERE k.state <> 'withdrawn' AND k.organisation IN"
		    " (SELECT t.organisation FROM contact t WHERE t.address IN ($1, lower($1)) AND t.active = 1)"
		    " ORDER BY k.id DESC LIMIT $2",
		    "si", sender, (int64_t)CANDIDATES_MAX) != 0)
		return -1;
	enum db_step step;
	while ((step = db_step(stmt, e)) == DB_ROW && *count < CANDIDATES_MAX)
		list[(*count)++] = (struct candidate){.ask = db_int(stmt, 0),
			.open = strcmp(db_text(stmt, 1), "open") == 0,
			.named = names_document(db_text(stmt, 2), text)};
	db_reset(stmt);
	return step == DB_FAILED ? -1 : 0;
}

/* The only one that is open, else the only one at all; 0 = none, or several. */
static int64_t only_one(const struct candidate *list, size_t count, bool named)
{
	int64_t open = 0, any = 0;
	size_t opens = 0, all = 0;
	for (size_t i = 0; i < count; i++) {
		if (named && !list[i].named)
			continue;
		all++;
		any = list[i].ask;
		opens += list[i].open;
		if (list[i].open)
			open = list[i].ask;
	}
	return opens == 1 ? open : opens == 0 && all == 1 ? any : 0;
}

/* Subject and everything written, quotations too: they hold the letter's own number. */
static char *whole_text(const struct mail *mail)
{
	const char *subject = mail_field(mail, "Subject");
	char *body = body_text(mail);
	char *text = xasprintf("%s\n%s", subject == NULL ? "" : subject, body);
	free(body);
	return text;
}

int ask_match_by_sender(struct db *db, const char *sender, const struct mail *mail, struct ask_match *out,
	struct error *e)
{
	struct candidate *list = xcalloc(CANDIDATES_MAX, sizeof *list);
	size_t count = 0;
	char *text = whole_text(mail);
	*out = (struct ask_match){0};
	int rc = read_candidates(db, sender, text, list, &count, e);
	bool named = false;
	for (size_t i = 0; i < count; i++)
		named = named || list[i].named;
	if (rc == 0) {
		out->ask = only_one(list, count, named);
		out->by_number = named && out->ask != 0;
	}
	free(text);
	free(list);
	return rc;
}

int ask_match_contact(struct db *db, int64_t organisation, const char *address, bool *is, struct error *e)
{
	int64_t found = 0;
	enum db_step step = db_query_int(db, &found, e,
		"SELECT 1 FROM contact WHERE organisation = $1 AND lower(address) = lower($2) AND active = 1"
		" LIMIT 1",
		"is",
		organisation, address);
	*is = step == DB_ROW;
	return step == DB_FAILED ? -1 : 0;
}
