#include "intake/match.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "intake/body.h"
#include "intake/text.h"

#define TRIES_MAX 200 /* MACs computed for one mail; References of a long thread has some 50 */
#define MAC_LETTERS (IDENT_MAC_SIZE - 1)

const char *match_way_name(enum match_way way)
{
	static const char *const names[] = {[MATCH_NONE] = "none",
		[MATCH_VERP] = "verp",
		[MATCH_ENVID] = "envid",
		[MATCH_MESSAGE_ID] = "message-id",
		[MATCH_REFERENCES] = "references",
		[MATCH_ADDRESS] = "address"};
	return names[way];
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_base32(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7');
}

static bool is_word(char c)
{
	return is_base32(c) || is_digit(c);
}

/* Length of "<digits>.<digits>.<16 of base32>" at p, 0 when that is not there. */
static size_t tag_length(const char *p, const char *end)
{
	const char *q = p;
	for (int part = 0; part < 2; part++) {
		const char *digits = q;
		while (q < end && is_digit(*q) && q - digits < 20)
			q++;
		if (q == digits || q == end || *q != '.')
			return 0;
		q++;
	}
	const char *mac = q;
	while (q < end && is_base32(*q) && q - mac < MAC_LETTERS)
		q++;
	return q - mac == MAC_LETTERS && (q == end || !is_word(*q)) ? (size_t)(q - p) : 0;
}

bool match_tag(
	const struct ident_key *key, const char *text, size_t len, int *tries, struct match *match)
{
	const char *end = text + len;
	for (const char *p = text; p<end && * tries> 0; p++) {
		if (!is_digit(*p) || (p > text && (is_word(p[-1]) || p[-1] == '.')))
			continue;
		size_t n = tag_length(p, end);
		if (n == 0 || n >= IDENT_TAG_SIZE)
			continue;
		char tag[IDENT_TAG_SIZE];
		memcpy(tag, p, n);
		tag[n] = '\0';
		(*tries)--;
		if (ident_tag_parse(key, tag, &match->delivery, &match->dispatch))
			return true;
		match->delivery = match->dispatch = 0;
		match->forged = true;
	}
	return false;
}

/* ---- the places, in order -------------------------------------------------- */

struct search {
	const struct ident_key *key;
	struct match *match;
	int tries;
};

static bool in_text(struct search *search, const char *text, enum match_way way)
{
	if (text == NULL ||
		!match_tag(search->key, text, strlen(text), &search->tries, search->match))
		return false;
	search->match->way = way;
	return true;
}

static bool in_fields(struct search *search, const struct mail *mail, const char *const *names,
	enum match_way way)
{
	for (; *names != NULL; names++) {
		const char *value;
		for (size_t i = 0; (value = mail_field_at(mail, *names, i)) != NULL; i++)
			if (in_text(search, value, way))
				return true;
	}
	return false;
}

static bool in_head(void *arg, const char *head, size_t len)
{
	struct search *search = arg;
	if (!match_tag(search->key, head, len, &search->tries, search->match))
		return true;
	search->match->way = MATCH_MESSAGE_ID;
	return false;
}

/* Some quote the head without a word before it, or only its Message-ID. */
static bool in_body(struct search *search, const struct mail *mail)
{
	for (size_t i = 0; i < mail->parts && search->match->way == MATCH_NONE; i++)
		if (mail->part[i].place == MAIL_PART_BODY && mail->part[i].text != NULL)
			(void)in_head(search, mail->part[i].text, mail->part[i].len);
	return search->match->way != MATCH_NONE;
}

void match_find(const struct mail *mail, const struct ident_key *key,
	const char *envelope_recipient, const char *envelope_id, struct match *match)
{
	static const char *const envelopes[] = {"Delivered-To", "X-Original-To", "Envelope-To",
		"X-Envelope-To", "X-Original-Recipient", "X-Rcpt-To", "X-Forwarded-To", "To", "Cc",
		"Received", NULL};
	static const char *const threads[] = {"In-Reply-To", "References", "Thread-Parent", NULL};
	struct search search = {.key = key, .match = match, .tries = TRIES_MAX};
	*match = (struct match){0};
	if (key == NULL)
		return;
	if (in_text(&search, envelope_recipient, MATCH_VERP) ||
		in_fields(&search, mail, envelopes, MATCH_VERP) ||
		in_text(&search, envelope_id, MATCH_ENVID))
		return;
	body_returned_heads(mail, in_head, &search);
	if (match->way != MATCH_NONE || in_fields(&search, mail, threads, MATCH_REFERENCES))
		return;
	(void)in_body(&search, mail);
}
