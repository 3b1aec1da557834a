#include "mailer/smtp_reply.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/gate.h"

void smtp_reply_reset(struct smtp_reply_parser *p)
{
	p->code = 0;
	p->lines = 0;
	p->line_len = 0;
	p->line[0] = '\0';
	p->enhanced[0] = '\0';
	p->text[0] = '\0';
	p->text_len = 0;
	p->line_done = false;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

size_t smtp_enhanced_code(const char *text, char out[static 12])
{
	out[0] = '\0';
	if (text[0] != '2' && text[0] != '4' && text[0] != '5')
		return 0;
	size_t at = 1;
	for (int part = 0; part < 2; part++) {
		if (text[at] != '.' || !is_digit(text[at + 1]))
			return 0;
		size_t digits = 0;
		for (at++; is_digit(text[at]); at++)
			digits++;
		if (digits > 3)
			return 0;
	}
	if (text[at] != ' ' && text[at] != '\t' && text[at] != '\0')
		return 0;
	memcpy(out, text, at); /* at most 1 + 2 * 4 bytes */
	out[at] = '\0';
	return at;
}

/* "250-text", "250 text", "250": 2xx to 5xx with a second digit of 0 to 5. */
static int line_code(const struct smtp_reply_parser *p)
{
	const char *s = p->line;
	if (p->line_len < 3 || s[0] < '2' || s[0] > '5' || s[1] < '0' || s[1] > '5' || !is_digit(s[2]))
		return 0;
	if (p->line_len > 3 && s[3] != ' ' && s[3] != '-')
		return 0;
	return (s[0] - '0') * 100 + (s[1] - '0') * 10 + (s[2] - '0');
}

const char *smtp_reply_line_text(const struct smtp_reply_parser *p)
{
	const char *text = p->line + (p->line_len > 3 ? 4 : p->line_len);
	while (*text == ' ' || *text == '\t')
		text++;
	return text;
}

static void text_append(struct smtp_reply_parser *p, const char *s)
{
	size_t room = SMTP_REPLY_TEXT_MAX - p->text_len, len = strlen(s);
	if (len > room)
		len = room;
	memcpy(p->text + p->text_len, s, len);
	p->text_len += len;
	p->text[p->text_len] = '\0';
}

static enum smtp_step line_complete(struct smtp_reply_parser *p)
{
	if (p->line_len > 0 && p->line[p->line_len - 1] == '\r')
		p->line_len--;
	p->line[p->line_len] = '\0';
	/* A NUL would hide the rest of the line from everybody behind us. */
	if (strlen(p->line) != p->line_len)
		return SMTP_BAD;
	int code = line_code(p);
	if (code == 0 || (p->lines > 0 && code != p->code) || ++p->lines > SMTP_REPLY_LINES_MAX)
		return SMTP_BAD;
	p->code = code;
	const char *text = smtp_reply_line_text(p);
	char enhanced[12];
	size_t skip = smtp_enhanced_code(text, enhanced);
	if (p->lines == 1)
		memcpy(p->enhanced, enhanced, sizeof enhanced);
	else
		text_append(p, " / ");
	text_append(p, text + skip);
	p->line_done = true;
	return p->line_len > 3 && p->line[3] == '-' ? SMTP_LINE : SMTP_REPLY;
}

enum smtp_step smtp_reply_feed(
	struct smtp_reply_parser *p, const char *data, size_t len, size_t *used)
{
	if (p->line_done) {
		p->line_len = 0;
		p->line_done = false;
	}
	*used = 0;
	const char *end = memchr(data, '\n', len);
	size_t take = end != NULL ? (size_t)(end - data) : len;
	/* One more than the maximum: the CR, which line_complete takes off. */
	if (take > SMTP_LINE_BYTES_MAX - p->line_len)
		return SMTP_BAD;
	memcpy(p->line + p->line_len, data, take);
	p->line_len += take;
	*used = take + (end != NULL ? 1 : 0);
	return end != NULL ? line_complete(p) : SMTP_MORE;
}

void smtp_reply_export(const struct smtp_reply_parser *p, struct transport_reply *out)
{
	out->code = p->code;
	memcpy(out->enhanced, p->enhanced, sizeof out->enhanced);
	/* Whoever answers in a legacy encoding loses those bytes there. */
	char *clean = gate_clean_line(p->text, sizeof out->text - 1);
	memcpy(out->text, clean, strlen(clean) + 1);
	free(clean);
}

void smtp_facts_reset(struct smtp_facts *f)
{
	*f = (struct smtp_facts){.size = -1};
}

static bool keyword_is(const char *text, const char *keyword)
{
	size_t len = strlen(keyword);
	return strncasecmp(text, keyword, len) == 0 &&
		(text[len] == '\0' || text[len] == ' ' || text[len] == '\t');
}

void smtp_facts_line(struct smtp_facts *f, const char *text)
{
	if (keyword_is(text, "STARTTLS")) {
		f->starttls = true;
	} else if (keyword_is(text, "AUTH") || strncasecmp(text, "AUTH=", 5) == 0) {
		f->auth = true;
	} else if (keyword_is(text, "PIPELINING")) {
		f->pipelining = true;
	} else if (keyword_is(text, "DSN")) {
		f->dsn = true;
	} else if (keyword_is(text, "8BITMIME")) {
		f->eightbit = true;
	} else if (keyword_is(text, "SIZE")) {
		const char *number = text + 4 + strspn(text + 4, " \t");
		char digits[20]; /* 18 digits fit in 63 bits; more is "no limit" */
		size_t len = strspn(number, "0123456789");
		f->size = 0;
		if (len > 0 && len < sizeof digits - 1) {
			memcpy(digits, number, len);
			digits[len] = '\0';
			f->size = strtoll(digits, NULL, 10);
		}
	}
}
