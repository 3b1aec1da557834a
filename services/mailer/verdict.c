#include "mailer/verdict.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/lang.h"
#include "letter/letter.h"

/* Refusals of our own carry the code a relay would use. */
enum {
	CODE_ADDRESS_SYNTAX = 501,
	CODE_TOO_LARGE = 552,
	CODE_NO_SMTPUTF8 = 553
};

static void refuse(struct transport_reply *reply, int code, const char *enhanced)
{
	reply->code = code;
	(void)snprintf(reply->enhanced, sizeof reply->enhanced, "%s", enhanced);
}

/* True when the address may stand in a command. */
static bool address_ok(const char *address, struct transport_reply *reply)
{
	size_t len = strlen(address);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)address[i];
		if (c >= 0x80) {
			verdict_explain(reply, "%s",
				tr("not sent: letters other than Latin in an address need SMTPUTF8, "
				   "which Vestnik cannot send",
					"не отправлено: нелатинские буквы в адресе требуют SMTPUTF8, "
					"чего Вестник не умеет"));
			refuse(reply, CODE_NO_SMTPUTF8, "5.6.7");
			return false;
		}
		if (c <= ' ' || c == 0x7f || c == '<' || c == '>') {
			len = 0;
			break;
		}
	}
	if (len != strlen(address) || len > 320) { /* RFC 5321: 64 + 1 + 255 */
		verdict_explain(reply, "%s",
			tr("not sent: the address has characters that cannot stand in a command",
				"не отправлено: в адресе есть знаки, которые не могут стоять в команде"));
		refuse(reply, CODE_ADDRESS_SYNTAX, "5.1.3");
		return false;
	}
	return true;
}

bool verdict_before_sending(const struct transport_letter *letter, const struct smtp_facts *facts,
	enum transport_verdict *verdict, struct transport_reply *reply)
{
	if (!address_ok(letter->mail_from, reply)) {
		*verdict = TRANSPORT_SENDER_REFUSED;
		return false;
	}
	if (letter->rcpt_to[0] == '\0') {
		verdict_explain(reply, "%s", tr("not sent: no address", "не отправлено: нет адреса"));
		refuse(reply, CODE_ADDRESS_SYNTAX, "5.1.3");
		*verdict = TRANSPORT_RECIPIENT_REFUSED;
		return false;
	}
	if (!address_ok(letter->rcpt_to, reply)) {
		*verdict = TRANSPORT_RECIPIENT_REFUSED;
		return false;
	}
	if (facts != NULL && facts->size > 0 && letter->copy->total > (uint64_t)facts->size) {
		verdict_explain(reply,
			tr("not sent: the letter has %zu bytes, the relay takes at most %lld",
				"не отправлено: в письме %zu байт, сервер принимает не более %lld"),
			letter->copy->total, (long long)facts->size);
		refuse(reply, CODE_TOO_LARGE, "5.3.4");
		*verdict = TRANSPORT_RECIPIENT_REFUSED;
		return false;
	}
	return true;
}

/* A refusal at MAIL that speaks of the size we declared is about the letter. */
static bool is_about_size(const struct transport_reply *reply, const struct smtp_facts *facts)
{
	return strcmp(reply->enhanced, "5.3.4") == 0 || strcmp(reply->enhanced, "5.2.3") == 0 ||
		(reply->code == CODE_TOO_LARGE && reply->enhanced[0] == '\0' && facts->size >= 0);
}

enum transport_verdict verdict_of_reply(enum smtp_command at, const struct transport_reply *reply,
	const struct smtp_facts *facts, bool *lost)
{
	int class = reply->code / 100;
	bool refused = (class == 4 || class == 5) && reply->code != 421;
	*lost = !refused;
	if (at == SMTP_END_OF_DATA) {
		if (class == 2) {
			*lost = false;
			return TRANSPORT_ACCEPTED;
		}
		if (class != 4 && class != 5)
			return TRANSPORT_UNCERTAIN;
	}
	if (!refused)
		return TRANSPORT_NOT_SENT;
	if (at == SMTP_MAIL && !is_about_size(reply, facts))
		return TRANSPORT_SENDER_REFUSED;
	return TRANSPORT_RECIPIENT_REFUSED;
}

void verdict_explain(struct transport_reply *reply, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	*reply = (struct transport_reply){0};
	(void)vsnprintf(reply->text, sizeof reply->text, fmt, args);
	va_end(args);
}

void result_end(struct transport_result *result, enum transport_end end, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	result->end = end;
	(void)vsnprintf(result->text, sizeof result->text, fmt, args);
	va_end(args);
}

void result_end_reply(struct transport_result *result, enum transport_end end,
	const struct transport_reply *reply, const char *what)
{
	result->reply = *reply;
	result_end(result, end, "%s: %d %s%s%s", what, reply->code, reply->enhanced,
		reply->enhanced[0] != '\0' ? " " : "", reply->text);
}

const char *smtp_command_name(enum smtp_command command)
{
	static const char *const names[SMTP_COMMANDS] = {
		[SMTP_GREETING] = "greeting",
		[SMTP_EHLO] = "EHLO",
		[SMTP_HELO] = "HELO",
		[SMTP_STARTTLS] = "STARTTLS",
		[SMTP_AUTH] = "AUTH",
		[SMTP_MAIL] = "MAIL",
		[SMTP_RCPT] = "RCPT",
		[SMTP_DATA] = "DATA",
		[SMTP_END_OF_DATA] = "end of data",
		[SMTP_RSET] = "RSET",
		[SMTP_QUIT] = "QUIT",
		[SMTP_OTHER] = "command",
	};
	return names[command];
}

void verdict_copy_facts(struct transport_result *result, const struct smtp_facts *facts)
{
	if (!facts->seen)
		return;
	result->ehlo_seen = true;
	result->offers_starttls |= facts->starttls; /* told before TLS only */
	result->offers_auth = facts->auth;
	result->offers_pipelining = facts->pipelining;
	result->offers_dsn = facts->dsn;
	result->offers_8bitmime = facts->eightbit;
	result->offers_size = facts->size;
}
