#include "intake/body.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "intake/fields.h"
#include "intake/html.h"
#include "intake/text.h"

#define BODY_BYTES_MAX 65536
#define HEADS_MAX 20

/* As much as there is room for. */
static void append(struct buf *text, const char *more, size_t len)
{
	size_t room = BODY_BYTES_MAX - text->len;
	(void)buf_append(text, more, len < room ? len : room);
}

char *body_text(const struct mail *mail)
{
	struct buf text;
	buf_init(&text, BODY_BYTES_MAX);
	for (size_t i = 0; i < mail->parts; i++)
		if (mail->part[i].place == MAIL_PART_BODY &&
			strcmp(mail->part[i].type, "text/plain") == 0 &&
			text_has_words(mail->part[i].text)) {
			append(&text, mail->part[i].text, mail->part[i].len);
			append(&text, "\n", 1);
		}
	for (size_t i = 0; i < mail->parts && text.len == 0; i++)
		if (mail->part[i].place == MAIL_PART_BODY &&
			text_begins(mail->part[i].type, "text/") && mail->part[i].text != NULL) {
			char *plain = html_text(mail->part[i].text, mail->part[i].len, false);
			append(&text, plain, strlen(plain));
			free(plain);
		}
	return buf_take(&text);
}

/* ---- where a copy of the letter begins ------------------------------------- */

/* Folded; at the beginning of a line, dashes, blanks and ">" before it aside. */
static const char *const copy_marks[] = {"below this line is a copy of", "enclosed is a copy of",
	"this is a copy of", "original message follows", "message headers follow",
	"unsent message follows", "message text follows", "below is a copy of the original",
	"returned message", "the header of the original message",
	"included is a copy of the message", "original message headers", "original mail info",
	"undelivered message", "returned content", "message header follows",
	"the following is a copy of", "original mail", "копия сообщения", "исходное сообщение",
	"исходное письмо", "оригинал сообщения", "заголовки исходного сообщения",
	"message truncated", "a copy of the message follows", "forwarded message",
	"start of returned message", "returned mail", "original message as received",
	"a copy of the original message", "copy of your message", "this is a copy of your message",
	NULL};

static bool is_copy_mark(const char *line, size_t len)
{
	while (len > 0 && strchr("-=*_|> \t", *line) != NULL)
		line++, len--;
	if (len > 120)
		return false;
	char *folded = text_fold(line, len);
	bool found = false;
	for (size_t i = 0; copy_marks[i] != NULL && !found; i++)
		found = text_begins(folded, copy_marks[i]);
	/* Alone in its line: "Original message size was …" is none. */
	static const char alone[] = "original message";
	if (!found && text_begins(folded, alone))
		found = strspn(folded + sizeof alone - 1, " -=*_.:") ==
			strlen(folded + sizeof alone - 1);
	free(folded);
	return found;
}

/* Heads are also copied without a word: two lines in a row that only a head has. */
static bool begins_head(const char *line, size_t len)
{
	static const char *const names[] = {
		"Return-Path:", "Received: from ", "Received: by ", "Received: (", NULL};
	for (size_t i = 0; names[i] != NULL; i++)
		if (len > strlen(names[i]) && strncasecmp(line, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

size_t body_returned(const char *text, size_t len)
{
	const char *at = text, *end = text + len, *line;
	size_t n;
	while (text_line(&at, end, &line, &n))
		if (n > 0 && line > text && (begins_head(line, n) || is_copy_mark(line, n)))
			return (size_t)(line - text);
	return len;
}

void body_returned_heads(
	const struct mail *mail, bool (*visit)(void *arg, const char *head, size_t len), void *arg)
{
	size_t seen = 0;
	for (size_t i = 0; i < mail->parts && seen < HEADS_MAX; i++)
		if (mail->part[i].place == MAIL_PART_RETURNED && mail->part[i].text != NULL) {
			seen++;
			if (!visit(arg, mail->part[i].text, mail->part[i].len))
				return;
		}
	for (size_t i = 0; i < mail->parts && seen < HEADS_MAX; i++) {
		const struct mail_part *part = &mail->part[i];
		if (part->place != MAIL_PART_BODY || part->text == NULL ||
			!text_begins(part->type, "text/plain"))
			continue;
		size_t from = body_returned(part->text, part->len);
		const char *at = part->text + from, *end = part->text + part->len, *line;
		size_t n;
		if (from < part->len && is_copy_mark(at, strcspn(at, "\n")))
			(void)text_line(&at, end, &line, &n);
		while (at < end && (*at == '\n' || *at == ' '))
			at++;
		seen++;
		if (at < end && !visit(arg, at, fields_block(at, (size_t)(end - at))))
			return;
	}
}

/* ---- what is said about one ------------------------------------------------ */

char *body_about(const char *text, const char *recipient)
{
	size_t len = body_returned(text, strlen(text));
	struct buf about;
	buf_init(&about, BODY_BYTES_MAX);
	const char *at = text, *end = text + len, *line;
	size_t n;
	bool inside = false;
	while (recipient != NULL && text_line(&at, end, &line, &n)) {
		const char *start;
		size_t address_len;
		bool begins = text_address(line, n, &start, &address_len) &&
			      strspn(line, " \t<\"*") >= (size_t)(start - line);
		if (begins)
			inside = strlen(recipient) == address_len &&
				 strncasecmp(start, recipient, address_len) == 0;
		if (inside) {
			(void)buf_append(&about, line, n);
			(void)buf_putc(&about, '\n');
		}
	}
	if (about.len == 0)
		(void)buf_append(&about, text, len);
	return buf_take(&about);
}
