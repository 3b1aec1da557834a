#include "mailer/smtp_watch.h"

#include <string.h>

void smtp_watch_begin(struct smtp_watch *m)
{
	m->pending[0] = SMTP_GREETING;
	m->pending_count = 1;
	m->auth_continues = false;
	m->is_broken = false;
	m->authenticated = false;
	m->column = 0;
	m->keyword_seen = false;
	smtp_reply_reset(&m->parser);
	smtp_facts_reset(&m->facts);
	for (size_t i = 0; i < SMTP_COMMANDS; i++)
		m->last[i] = (struct transport_reply){0};
}

static void break_off(struct smtp_watch *m)
{
	if (!m->is_broken) {
		m->is_broken = true;
		m->broken(m->arg);
	}
}

static enum smtp_command command_of(const char *line, size_t len)
{
	static const struct {
		const char *word;
		enum smtp_command command;
	} words[] = {
		{"EHLO ", SMTP_EHLO},
		{"HELO ", SMTP_HELO},
		{"STARTTLS", SMTP_STARTTLS},
		{"AUTH ", SMTP_AUTH},
		{"MAIL ", SMTP_MAIL},
		{"RCPT ", SMTP_RCPT},
		{"DATA", SMTP_DATA},
		{".", SMTP_END_OF_DATA},
		{"RSET", SMTP_RSET},
		{"QUIT", SMTP_QUIT},
	};
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		size_t word_len = strlen(words[i].word);
		if (len >= word_len && memcmp(line, words[i].word, word_len) == 0)
			return words[i].command;
	}
	return SMTP_OTHER;
}

void smtp_watch_wrote(struct smtp_watch *m, const char *data, size_t len)
{
	/* The answer to a 334: secret, and the reply to AUTH is awaited already. */
	if (m->auth_continues) {
		m->auth_continues = false;
		return;
	}
	while (len > 0) {
		const char *end = memchr(data, '\n', len);
		size_t line = end != NULL ? (size_t)(end - data) + 1 : len;
		enum smtp_command command = command_of(data, line);
		/* A 354 has put this reply on the list already; libESMTP sends a lone
		 * dot where every recipient was refused. */
		if (command != SMTP_END_OF_DATA) {
			if (command == SMTP_EHLO)
				smtp_facts_reset(&m->facts);
			if (command == SMTP_MAIL)
				for (size_t i = SMTP_MAIL; i <= SMTP_END_OF_DATA; i++)
					m->last[i].code = 0;
			if (m->pending_count == SMTP_PENDING_MAX) {
				break_off(m);
				return;
			}
			m->pending[m->pending_count++] = command;
		}
		m->command(m->arg, command);
		data += line;
		len -= line;
	}
}

static void pending_drop_first(struct smtp_watch *m)
{
	m->pending_count--;
	memmove(m->pending, m->pending + 1, m->pending_count * sizeof m->pending[0]);
}

static void facts_line(struct smtp_watch *m)
{
	m->facts.seen = true;
	if (m->parser.lines > 1)
		smtp_facts_line(&m->facts, smtp_reply_line_text(&m->parser));
}

static void reply_complete(struct smtp_watch *m)
{
	enum smtp_command command = m->pending[0];
	smtp_reply_export(&m->parser, &m->last[command]);
	smtp_reply_reset(&m->parser);
	int code = m->last[command].code;
	if (command == SMTP_DATA && code / 100 == 3)
		m->pending[0] = SMTP_END_OF_DATA;
	else if (command == SMTP_AUTH && code / 100 == 3)
		m->auth_continues = true;
	else
		pending_drop_first(m);
	if (command == SMTP_AUTH && code / 100 == 2)
		m->authenticated = true;
	m->reply(m->arg, command);
}

/* Hides the keywords that lead libESMTP astray: a line whose keyword begins
 * with one of the letters gets another one. None of what is lost is used
 * (CHUNKING; ENHANCEDSTATUSCODES, ETRN; BINARYMIME; XUSR). */
static void mask(struct smtp_watch *m, char *data, size_t len, bool keywords)
{
	for (size_t i = 0; i < len; i++, m->column++) {
		if (m->column == 3 && data[i] == '\r')
			data[i] = ' ';
		if (m->column >= 4 && !m->keyword_seen && data[i] != ' ' && data[i] != '\t') {
			m->keyword_seen = true;
			if (keywords && strchr("CcEeBbXx", data[i]) != NULL)
				data[i] = 'Z';
		}
	}
}

void smtp_watch_read(struct smtp_watch *m, char *data, size_t len)
{
	while (len > 0 && !m->is_broken) {
		if (m->pending_count == 0) {
			break_off(m); /* nobody asked */
			return;
		}
		size_t used;
		bool ehlo = m->pending[0] == SMTP_EHLO;
		/* Replies after which only we may speak. */
		bool ours_to_speak = m->pending[0] == SMTP_STARTTLS || m->pending[0] == SMTP_DATA;
		bool keywords = ehlo && m->parser.lines > 0;
		const char *end = memchr(data, '\n', len);
		size_t line = end != NULL ? (size_t)(end - data) + 1 : len;
		enum smtp_step step = smtp_reply_feed(&m->parser, data, line, &used);
		if (step == SMTP_BAD) {
			break_off(m);
			return;
		}
		mask(m, data, line, keywords); /* after our parser has read the true words */
		if (step != SMTP_MORE) {
			m->column = 0;
			m->keyword_seen = false;
		}
		if (ehlo && step != SMTP_MORE)
			facts_line(m);
		if (step == SMTP_REPLY)
			reply_complete(m);
		data += used;
		len -= used;
		/* Bytes behind the reply to STARTTLS came unencrypted and would be
		 * taken for what the relay says inside TLS; behind a 354, for the
		 * verdict on a body that is not sent yet. */
		if (step == SMTP_REPLY && ours_to_speak && len > 0)
			break_off(m);
	}
}
