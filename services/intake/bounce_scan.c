#include "intake/bounce_scan.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "intake/body.h"
#include "intake/fields.h"
#include "intake/text.h"

#define ABOUT_BYTES_MAX 8192 /* transcripts go on; the reason stands early */

static struct bounce_about *about(struct bounce_scan *scan, const char *start, size_t len)
{
	char address[GATE_ADDRESS_MAX + 1];
	if (!text_address_copy(start, len, address))
		return NULL;
	for (size_t i = 0; i < scan->count; i++)
		if (strcasecmp(scan->item[i].recipient, address) == 0)
			return &scan->item[i];
	if (scan->count == BOUNCE_SCAN_MAX)
		return NULL;
	struct bounce_about *item = &scan->item[scan->count++];
	memcpy(item->recipient, address, sizeof address);
	buf_init(&item->about, ABOUT_BYTES_MAX);
	return item;
}

static void say(struct bounce_about *item, const char *line, size_t len)
{
	if (item == NULL || item->about.len + len + 1 > ABOUT_BYTES_MAX)
		return;
	(void)buf_append(&item->about, line, len);
	(void)buf_putc(&item->about, '\n');
}

/* What may stand before an address at the beginning of a line; reply codes of
 * transcripts ("550 <a@b>... User unknown") count as nothing. */
static const char *behind_bullets(const char *line, const char *end, bool *code)
{
	const char *p = line;
	*code = end - p > 5 && (p[0] == '4' || p[0] == '5') && p[1] >= '0' && p[1] <= '9' &&
		p[2] >= '0' && p[2] <= '9' && p[3] == ' ';
	if (*code) {
		p += 4;
		if (end - p > 6 && p[1] == '.' && p[3] == '.')
			p += strcspn(p, " \n");
	}
	while (p < end && strchr(" \t*>\"'<-", *p) != NULL)
		p++;
	return p;
}

/* Does the rest of the line let the address before it be the line's subject?
 * "kijitora@example.jp," in a greeting is followed by nothing else either; forms
 * with greetings say where to begin. */
static bool ends_subject(const char *p, const char *end, bool code)
{
	while (p < end && strchr(">\"'", *p) != NULL)
		p++;
	if (code)
		return end - p >= 3 && memcmp(p, "...", 3) == 0;
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p == end || strchr(":([<,;", *p) != NULL ||
	       (end - p >= 3 && memcmp(p, "...", 3) == 0) ||
	       (end - p >= 3 && memcmp(p, "on ", 3) == 0) ||
	       (end - p >= 2 && memcmp(p, "- ", 2) == 0);
}

/* The address a line begins with, NULL when it begins otherwise. */
static struct bounce_about *subject_of(
	struct bounce_scan *scan, const char *line, size_t len, bool *transcript)
{
	bool code;
	const char *end = line + len, *p = behind_bullets(line, end, &code), *start;
	size_t address_len;
	if (!text_address(p, (size_t)(end - p), &start, &address_len) || start != p)
		return NULL;
	if (!ends_subject(p + address_len, end, code))
		return NULL;
	*transcript = code;
	return about(scan, p, address_len);
}

static struct bounce_about *after_mark(struct bounce_scan *scan, const char *line, size_t len,
	const char *folded, const char *mark)
{
	const char *found = mark == NULL ? NULL : strstr(folded, mark), *start;
	size_t n;
	if (found == NULL)
		return NULL;
	/* Folding keeps the count of '@', not of bytes: find the address of the same rank. */
	size_t rank = 0;
	for (const char *p = folded; p < found; p++)
		rank += *p == '@';
	const char *p = line, *end = line + len;
	while (text_address(p, (size_t)(end - p), &start, &n)) {
		if (rank-- == 0)
			return about(scan, start, n);
		p = start + n;
	}
	return NULL;
}

void bounce_scan_text(
	struct bounce_scan *scan, const char *text, size_t len, const char *begin, const char *mark)
{
	bool never = begin != NULL && strcmp(begin, "-") == 0, begun = begin == NULL || never;
	const char *at = text, *end = text + len, *line;
	struct bounce_about *current = NULL;
	struct buf talk; /* ">>> RCPT …", "<<< 550 …": what a transcript's next line is about */
	size_t n;
	buf_init(&talk, ABOUT_BYTES_MAX);
	while (text_line(&at, end, &line, &n)) {
		char *folded = text_fold(line, n);
		bool transcript = false;
		struct bounce_about *next = after_mark(scan, line, n, folded, mark);
		if (next == NULL && begun && !never)
			next = subject_of(scan, line, n, &transcript);
		if (!begun && strstr(folded, begin) != NULL)
			begun = true;
		free(folded);
		if (next != NULL)
			current = next;
		if (transcript)
			say(current, buf_str(&talk), talk.len);
		else if (n > 4 && (memcmp(line, ">>> ", 4) == 0 || memcmp(line, "<<< ", 4) == 0))
			(void)(buf_append(&talk, line, n) == 0 && buf_putc(&talk, '\n'));
		say(current, line, n);
		if (transcript) {
			current = NULL; /* the next line of a transcript is about somebody else */
			buf_reset(&talk);
		}
	}
	buf_fini(&talk);
}

/* ---- elsewhere ------------------------------------------------------------- */

static void all_addresses(struct bounce_scan *scan, const char *value)
{
	const char *p = value, *end = value + strlen(value), *start;
	size_t n;
	while (text_address(p, (size_t)(end - p), &start, &n)) {
		(void)about(scan, start, n);
		p = start + n;
	}
}

static bool take_to(void *arg, const char *head, size_t len)
{
	struct bounce_scan *scan = arg;
	char *to = fields_value(head, len, "To");
	if (to != NULL)
		all_addresses(scan, to);
	free(to);
	return scan->count == 0;
}

/* Right before the address, in forms without a row that says so. */
static const char *const common_marks[] = {"recipient: <", "rcpt to:<",
	"recipient address: ", "delivery failed: ", "deliver message to ", "delivering message to ",
	"deliver mail to ", "delivered to <", "message to <", "deliver to ", "delivery to <",
	"to address ", "to: <", "получателю ", "адресату ", "доставить на ", "по адресу ",
	"на адрес ", "получатель: ", "адрес получателя: ", "addressed to '",
	"address: ", "attempts: ", "full: <", "local mailbox ",
	"intended recipient: ", "delivered to ", "message to ", "deliver to: ", "доставлено на ",
	"ящик ", NULL};

void bounce_scan_elsewhere(struct bounce_scan *scan, const struct mail *mail, const char *text)
{
	size_t own = body_returned(text, strlen(text));
	const char *failed;
	for (size_t i = 0; (failed = mail_field_at(mail, "X-Failed-Recipients", i)) != NULL; i++)
		all_addresses(scan, failed);
	for (size_t i = 0; common_marks[i] != NULL && scan->count == 0; i++)
		bounce_scan_text(scan, text, own, "-", common_marks[i]);
	if (scan->count == 0)
		body_returned_heads(mail, take_to, scan);
	const char *at = text, *end = text + strlen(text), *line;
	size_t n;
	while (scan->count == 0 && text_line(&at, end, &line, &n)) {
		size_t blanks = strspn(line, " \t>");
		if (n > blanks + 3 && strncasecmp(line + blanks, "to:", 3) == 0) {
			const char *start;
			size_t address_len;
			if (text_address(line + blanks, n - blanks, &start, &address_len))
				(void)about(scan, start, address_len);
		}
	}
}

void bounce_scan_fini(struct bounce_scan *scan)
{
	for (size_t i = 0; i < scan->count; i++)
		buf_fini(&scan->item[i].about);
	*scan = (struct bounce_scan){0};
}
