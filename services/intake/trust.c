#include "intake/trust.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "intake/text.h"

/* ---- the sender ------------------------------------------------------------------- */

/* Comments and quoted names out: what is left holds addresses, "<", ">", "," and bare words. */
static char *without_names(const char *text)
{
	char *out = xmalloc(strlen(text) + 1), *to = out;
	int depth = 0;
	bool quoted = false;
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0' && (quoted || depth > 0))
			p++;
		else if (quoted)
			quoted = *p != '"';
		else if (depth > 0)
			depth += (*p == '(') - (*p == ')');
		else if (*p == '"')
			quoted = true;
		else if (*p == '(')
			depth = 1;
		else
			*to++ = *p;
	}
	*to = '\0';
	return out;
}

static bool one_address(char *text, char address[static GATE_ADDRESS_MAX + 1])
{
	struct error ignored;
	char *open = strchr(text, '<'), *close = strchr(text, '>');
	if (open != NULL || close != NULL) {
		/* exactly one pair, nothing but blanks behind it */
		if (open == NULL || close == NULL || close < open || strchr(open + 1, '<') != NULL ||
			strchr(close + 1, '>') != NULL || close[1 + strspn(close + 1, " \t")] != '\0')
			return false;
		/* «school@good.test <other@bad.test>»: a person reads the first, a program the second */
		*open = *close = '\0';
		if (strchr(text, '@') != NULL || strchr(text, ',') != NULL || strchr(text, ';') != NULL)
			return false;
		text = open + 1;
	}
	text_trim(text);
	return gate_address(text, address, &ignored) == 0;
}

static bool sender_in(const char *from, char address[static GATE_ADDRESS_MAX + 1])
{
	if (from == NULL)
		return false;
	char *text = without_names(from);
	bool good = one_address(text, address);
	free(text);
	return good;
}

bool trust_sender(const struct mail *mail, char address[static GATE_ADDRESS_MAX + 1])
{
	char raw[GATE_ADDRESS_MAX + 1];
	if (mail_field_at(mail, "From", 1) != NULL)
		return false;
	/* Encoded words may hide what ends a name («=?utf-8?q?=3Cschool=40good.test=3E=22?= <other@bad.test>»):
	 * mail systems read the field as it stands, people read it decoded. Both must mean the same. */
	return sender_in(mail_field_raw_at(mail, "From", 0), raw) &&
	       sender_in(mail_field(mail, "From"), address) && strcmp(raw, address) == 0;
}

/* ---- Authentication-Results ---------------------------------------------------------- */

/* The next word up to a blank, '=', ';' or '/', lower case as compared; false at the end. */
static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

static bool word_is(const char *p, size_t len, const char *word)
{
	return strlen(word) == len && strncasecmp(p, word, len) == 0;
}

static size_t word_length(const char *p)
{
	return strcspn(p, " \t=;/");
}

enum dmarc { DMARC_UNSAID, DMARC_PASS, DMARC_ELSE };

/* One "method=result prop=value …"; p ends in '\0'. */
static enum dmarc result_of(const char *p, const char *domain)
{
	p = skip_blanks(p);
	size_t n = word_length(p);
	if (!word_is(p, n, "dmarc"))
		return DMARC_UNSAID;
	p = skip_blanks(p + n);
	if (*p == '/') /* version */
		p = skip_blanks(p + 1 + word_length(p + 1));
	if (*p != '=')
		return DMARC_ELSE;
	p = skip_blanks(p + 1);
	n = word_length(p);
	if (!word_is(p, n, "pass"))
		return DMARC_ELSE;
	for (p = skip_blanks(p + n); *p != '\0'; p = skip_blanks(p)) {
		size_t name = word_length(p);
		const char *value = skip_blanks(p + name);
		if (*value != '=') {
			p += name > 0 ? name : 1;
			continue;
		}
		value = skip_blanks(value + 1);
		size_t len = strcspn(value, " \t;");
		const char *at = memchr(value, '@', len);
		const char *of = at == NULL ? value : at + 1;
		if (word_is(p, name, "header.from") && !word_is(of, len - (size_t)(of - value), domain))
			return DMARC_ELSE;
		p = value + len;
	}
	return DMARC_PASS;
}

/* false: the field is not of a server we know. */
static bool read_field(const char *field, const char *domain, const char *const *authserv, size_t count,
	enum dmarc *said)
{
	char *text = without_names(field), *rest = text;
	char *head = strsep(&rest, ";");
	text_trim(head);
	size_t n = strcspn(head, " \t");
	bool ours = false;
	for (size_t i = 0; i < count && !ours; i++)
		ours = word_is(head, n, authserv[i]);
	*said = DMARC_UNSAID;
	for (char *part; ours && (part = strsep(&rest, ";")) != NULL;) {
		enum dmarc one = result_of(part, domain);
		if (one != DMARC_UNSAID && *said != DMARC_ELSE)
			*said = one;
	}
	free(text);
	return ours;
}

bool trust_passed(const struct mail *mail, const char *sender, const char *const *authserv, size_t count)
{
	const char *domain = gate_address_domain(sender), *field;
	bool passed = false, first = true;
	/* Undecoded: what a server of ours takes out under its name, it looks for as it stands. */
	for (size_t i = 0; (field = mail_field_raw_at(mail, "Authentication-Results", i)) != NULL; i++) {
		enum dmarc said;
		if (!read_field(field, domain, authserv, count, &said))
			continue;
		if (said == DMARC_ELSE)
			return false;
		if (first)
			passed = said == DMARC_PASS;
		first = false;
	}
	return passed;
}
