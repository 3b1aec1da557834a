/* What became of a libESMTP session. The library's return value says nothing: 1
 * even when nothing was sent. */
#include <stdio.h>
#include <string.h>

#include "base/lang.h"
#include "mailer/esmtp_session.h"
#include "mailer/verdict.h"

void esmtp_conclude_leftover(struct transport_session *t)
{
	struct transport_reply reply = {0};
	if (t->current.stage == LETTER_NONE)
		return;
	if (t->current.stage != LETTER_ENDED || t->wire.write_timed_out) {
		if (t->lost_reply.code != 0)
			reply = t->lost_reply;
		else
			verdict_explain(&reply, "%s",
				tr("the connection ended before the letter did",
					"соединение прервалось раньше, чем закончилось письмо"));
		esmtp_conclude(t, TRANSPORT_NOT_SENT, &reply);
		return;
	}
	/* The relay's word may be complete though the library could not use it. */
	bool lost;
	const struct transport_reply *said = &t->monitor.last[SMTP_END_OF_DATA];
	if (said->code != 0) {
		esmtp_conclude(t, verdict_of_reply(SMTP_END_OF_DATA, said, &t->monitor.facts, &lost), said);
		return;
	}
	verdict_explain(&reply, "%s",
		t->wire.timed_out ? tr("no reply after the end of the letter",
					    "нет ответа после конца письма")
				  : tr("the connection was lost after the end of the letter",
					    "соединение потеряно после конца письма"));
	esmtp_conclude(t, TRANSPORT_UNCERTAIN, &reply);
}

static void end_connect(struct transport_session *t, int library_error)
{
	char words[128] = "";
	if (t->wire.connect_errno != 0)
		(void)snprintf(words, sizeof words, "%s", strerror(t->wire.connect_errno));
	else
		(void)smtp_strerror(library_error, words, sizeof words);
	result_end(t->result, TRANSPORT_END_CONNECT,
		tr("cannot connect to %s port %d: %s", "нет соединения с %s, порт %d: %s"),
		t->config.host, t->config.port, words);
}

static void end_tls(struct transport_session *t)
{
	char words[128];
	tls_trouble(words, sizeof words);
	if (t->tls_begun && t->wire.timed_out)
		(void)snprintf(words, sizeof words, "%s", tr("timed out", "истекло время ожидания"));
	result_end(t->result, TRANSPORT_END_TLS,
		tr("TLS with %s failed: %s", "не удалось установить TLS с %s: %s"), t->config.host,
		words[0] != '\0' ? words : tr("the relay broke off", "сервер прервал соединение"));
}

static void end_lost(struct transport_session *t)
{
	if (t->lost_reply.code != 0) {
		result_end_reply(t->result, TRANSPORT_END_LOST, &t->lost_reply,
			tr("the relay ended the session", "сервер завершил сеанс"));
		return;
	}
	enum smtp_command at =
		t->monitor.pending_count > 0 ? t->monitor.pending[0] : SMTP_OTHER;
	const char *what = t->monitor.is_broken ? tr("what the relay says is not SMTP",
							  "ответ сервера не похож на SMTP")
		: t->wire.timed_out		? tr("timed out", "истекло время ожидания")
						: tr("connection lost", "соединение потеряно");
	result_end(t->result, TRANSPORT_END_LOST, "%s (%s)", what, smtp_command_name(at));
}

static bool refused(const struct transport_session *t, enum smtp_command command)
{
	return t->monitor.last[command].code >= 400;
}

void esmtp_classify_end(struct transport_session *t, int library_error)
{
	const struct transport_reply *last = t->monitor.last;
	if (atomic_load(&t->wire.aborted)) {
		result_end(t->result, TRANSPORT_END_STOPPED, "%s", tr("stopped", "остановлено"));
	} else if (!t->wire.connected) {
		end_connect(t, library_error);
	} else if (refused(t, SMTP_GREETING)) {
		result_end_reply(t->result, TRANSPORT_END_GREETING, &last[SMTP_GREETING], "greeting");
	} else if (refused(t, SMTP_HELO)) {
		result_end_reply(t->result, TRANSPORT_END_GREETING, &last[SMTP_HELO], "HELO");
	} else if (refused(t, SMTP_EHLO) && last[SMTP_HELO].code / 100 != 2) {
		result_end_reply(t->result, TRANSPORT_END_GREETING, &last[SMTP_EHLO], "EHLO");
	} else if (t->tls_not_offered) {
		result_end(t->result, TRANSPORT_END_TLS, "%s",
			tr("the relay does not offer STARTTLS, which is required",
				"сервер не предлагает STARTTLS, а он обязателен"));
	} else if (refused(t, SMTP_STARTTLS)) {
		result_end_reply(t->result, TRANSPORT_END_TLS, &last[SMTP_STARTTLS], "STARTTLS");
	} else if (t->tls_begun && !t->tls_ok && !t->monitor.is_broken) {
		end_tls(t);
	} else if (last[SMTP_AUTH].code == 421) {
		result_end_reply(t->result, TRANSPORT_END_LOST, &last[SMTP_AUTH], "AUTH");
	} else if (refused(t, SMTP_AUTH) && !t->monitor.authenticated) {
		result_end_reply(t->result, TRANSPORT_END_AUTH, &last[SMTP_AUTH], "AUTH");
	} else if (t->auth_missing) {
		result_end(t->result, TRANSPORT_END_AUTH, "%s",
			tr("the relay offers no AUTH that we can use, which is required",
				"сервер не предлагает подходящего AUTH, а он обязателен"));
	} else if (t->feeding_over || t->again) {
		result_end(t->result, t->stopped ? TRANSPORT_END_STOPPED : TRANSPORT_END_OK, "%s", "");
	} else {
		end_lost(t);
	}
}

