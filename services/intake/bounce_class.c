#include "intake/bounce_class.h"

#include <stdlib.h>
#include <string.h>

#include "intake/bounce_words.h"
#include "intake/text.h"

/* ---- enhanced status codes ------------------------------------------------- */

/* Codes that say enough by themselves. The first that begins the status counts;
 * "." at the end of a prefix stands for the whole subject. */
static const struct status_row {
	const char *status;
	enum bounce_class class;
	bool words_first; /* used so loosely that clear words win */
	const char *cause;
} statuses[] = {
	{"5.1.10", BOUNCE_HARD, false,
		"no-such-user"}, /* Exchange: recipient not found; RFC 7505: null MX */
	{"5.1.351", BOUNCE_HARD, true, "no-such-user"},
	{"5.1.1", BOUNCE_HARD, true, "no-such-user"}, /* RFC 3463 3.2: mailbox does not exist */
	{"5.1.2", BOUNCE_HARD, true,
		"no-such-host"}, /* the domain does not exist or takes no mail */
	{"5.1.3", BOUNCE_HARD, true, "bad-address"}, /* no valid syntax */
	{"5.1.6", BOUNCE_HARD, false, "moved"},	     /* mailbox has moved, no forwarding */
	{"5.1.7", BOUNCE_SOFT, false, "sender-refused"},
	{"5.1.8", BOUNCE_SOFT, false, "sender-refused"},
	{"5.2.1", BOUNCE_SOFT, true, "disabled"},      /* disabled: may be temporary */
	{"5.2.2", BOUNCE_SOFT, false, "mailbox-full"}, /* RFC 3463 3.3: «may be» emptied: soft */
	{"5.2.3", BOUNCE_SOFT, false, "too-large"},
	{"5.3.4", BOUNCE_SOFT, false, "too-large"},
	{"5.4.310", BOUNCE_HARD, false,
		"no-such-host"}, /* Exchange Online: DNS domain does not exist */
	{"5.4.4", BOUNCE_HARD, true, "no-such-host"}, /* unable to route: no MX, no address */
	{"5.4.6", BOUNCE_SOFT, false, "loop"},
	{"5.4.7", BOUNCE_SOFT, true, "expired"},
	{"5.6.", BOUNCE_SOFT, true, "content"},
	{"5.7.", BOUNCE_SOFT, false, "policy"},
};

static const struct status_row *status_row(const char *status)
{
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
		size_t len = strlen(statuses[i].status);
		if (strncmp(status, statuses[i].status, len) == 0 &&
			(statuses[i].status[len - 1] == '.' || status[len] == '\0'))
			return &statuses[i];
	}
	return NULL;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* May a status code begin at p? Not inside a word, a number, an IP address; behind
 * "550-" it may: replies of several lines. */
static bool may_begin(const char *text, const char *p)
{
	if (p == text)
		return true;
	char before = p[-1];
	if (before == '-')
		return p - text >= 4 && is_digit(p[-2]) && is_digit(p[-3]) && is_digit(p[-4]);
	return !is_digit(before) && before != '.' && !(before >= 'a' && before <= 'z') &&
	       !(before >= 'A' && before <= 'Z');
}

bool bounce_find_status(const char *text, char out[static FINDING_STATUS_SIZE])
{
	for (const char *p = text; (p = strpbrk(p, "245")) != NULL; p++) {
		if (!may_begin(text, p) || p[1] != '.' || !is_digit(p[2]) || p[3] != '.')
			continue;
		size_t digits = 0;
		while (is_digit(p[4 + digits]))
			digits++;
		const char *after = p + 4 + digits;
		if (digits == 0 || digits > 3 || (*after == '.' && is_digit(after[1])))
			continue;
		memcpy(out, p, 4 + digits);
		out[4 + digits] = '\0';
		return true;
	}
	return false;
}

int bounce_find_reply(const char *text)
{
	for (const char *p = text; (p = strpbrk(p, "45")) != NULL; p++) {
		if (p[1] < '0' || p[1] > '7' || !is_digit(p[2]) || is_digit(p[3]) || p[3] == '.' ||
			p[3] == '@')
			continue;
		if (p > text && strchr(" \t\n:;'\"(<>[", p[-1]) == NULL)
			continue;
		if (p[3] == ' ' || p[3] == ',' || p[3] == '-' || p[3] == '\0' || p[3] == '\n')
			return (p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0');
	}
	return 0;
}

/* ---- putting it together --------------------------------------------------- */

static struct bounce_verdict by_reply(const char *text)
{
	switch (bounce_find_reply(text)) {
	case 551:
		return (struct bounce_verdict){
			BOUNCE_HARD, "moved"}; /* RFC 5321 3.4: user not local */
	case 552:
		return (struct bounce_verdict){BOUNCE_SOFT, "mailbox-full"};
	case 556:
		return (struct bounce_verdict){
			BOUNCE_HARD, "no-such-host"}; /* RFC 7504: takes no mail */
	default:
		return (struct bounce_verdict){BOUNCE_SOFT, ""};
	}
}

/* Was the address itself refused? RCPT is where a server judges addresses. */
static bool names_rcpt(const char *text)
{
	for (const char *p = text; p != NULL && (p = strcasestr(p, "rcpt")) != NULL; p += 4)
		if (strncasecmp(p, "rcpt to: ", 9) != 0 ||
			p[9] == '<') /* "RCPT TO: a@b" describes an envelope */
			return true;
	return false;
}

static bool answers_rcpt(const char *folded, const char *context)
{
	return names_rcpt(folded) || names_rcpt(context);
}

/* "5.1.1 … please check the address and try again later" is still about the
 * address: a hard status gives way to plain facts only. */
static bool may_overrule(const struct status_row *row, const struct bounce_words *words)
{
	return row->class != BOUNCE_HARD || words->class == BOUNCE_HARD ||
	       strcmp(words->cause, "mailbox-full") == 0 ||
	       strcmp(words->cause, "sender-refused") == 0 || strcmp(words->cause, "spam") == 0;
}

struct bounce_verdict bounce_classify(const char *status, const char *text, const char *context)
{
	char *folded = text_fold(text == NULL ? "" : text, text == NULL ? 0 : strlen(text));
	text_squeeze(folded);
	bool sure;
	const struct bounce_words *words = bounce_words_find(folded, &sure);
	const struct status_row *row = status_row(status);
	struct bounce_verdict verdict;
	bool unknown = words != NULL && words->class == BOUNCE_HARD && !sure &&
		       strcmp(words->cause, "no-such-user") == 0;
	bool at_rcpt = answers_rcpt(folded, context);
	/* "5.7.1 Invalid recipient" to RCPT: about the address whatever the code. */
	if (row != NULL && strcmp(row->status, "5.7.") == 0 && unknown && at_rcpt)
		row = NULL;
	if (sure)
		row = NULL;
	if (row != NULL && (!row->words_first || words == NULL || !may_overrule(row, words)))
		verdict = (struct bounce_verdict){row->class,
			row->class == BOUNCE_SOFT && words != NULL && words->class == BOUNCE_SOFT
				? words->cause
				: row->cause};
	else if (words != NULL)
		verdict = (struct bounce_verdict){words->class, words->cause};
	else
		verdict = by_reply(folded);
	/* "550 User unknown" without an enhanced code: said after the content, or when
	 * nobody says when, it may be a filter's word; some answer so to what they don't like. */
	bool refused_address = context != NULL &&
			       strcasestr(context, "rejected address") != NULL; /* PMDF's words */
	if (row == NULL && unknown && !at_rcpt && !refused_address &&
		bounce_find_reply(folded) >= 500)
		verdict.class = BOUNCE_SOFT;
	/* RFC 3463: 4 is a persistent transient failure, whatever its detail. Only
	 * X.1.1 given up on was unknown for as long as the sender's queue holds. */
	if (status[0] == '4' && !(unknown && strcmp(status, "4.1.1") == 0))
		verdict.class = BOUNCE_SOFT;
	free(folded);
	return verdict;
}
