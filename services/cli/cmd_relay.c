/* `vestnik relay list|check`. A check sends two real letters through the relay
 * to an address of ours, one with each form of envelope sender, and says what
 * the relay offered and took. It goes around planner, bus and store. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/gate.h"
#include "base/ident.h"
#include "cli/relay_text.h"
#include "mailer/transport.h"

#define LETTERS 2
#define HEADERS_MAX_BYTES 4096

static const char body[] =
	"This letter was sent by `vestnik relay check` and needs no answer.\r\n"
	"It shows that the relay takes letters with this envelope sender.\r\n";

struct probe {
	const char *envelope; /* verp, fixed */
	char mail_from[GATE_ADDRESS_MAX + 1];
	struct buf headers;
	struct letter_copy copy;
	bool answered;
	enum transport_verdict verdict;
	struct transport_reply reply;
};

struct check {
	const struct settings_relay *relay;
	const char *to, *from;
	struct probe probe[LETTERS];
	size_t next;
};

/* ---- the letters ---------------------------------------------------------------- */

/* bounces@x → bounces+check@x; -1 when it does not fit. */
static int tagged(const char *address, const char *tag, char out[static GATE_ADDRESS_MAX + 1])
{
	const char *at = strrchr(address, '@');
	int n = at == NULL ? -1
			   : snprintf(out, GATE_ADDRESS_MAX + 1, "%.*s+%s%s", (int)(at - address),
				     address, tag, at);
	return n > 0 && n <= GATE_ADDRESS_MAX ? 0 : -1;
}

static int compose(struct check *check, struct probe *probe, const char *envelope, struct error *e)
{
	char id[IDENT_SIZE], date[64];
	time_t now = (time_t)(clock_now_ms() / 1000);
	struct tm utc;
	const char *bounce = check->relay->envelope_sender != NULL ? check->relay->envelope_sender
								  : check->from;
	probe->envelope = envelope;
	ident_new(id);
	snprintf(probe->mail_from, sizeof probe->mail_from, "%s", bounce);
	if (strcmp(envelope, "verp") == 0 && tagged(bounce, id, probe->mail_from) != 0)
		return error_set(e, ERROR_INPUT, "%s", bounce);
	gmtime_r(&now, &utc);
	strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", &utc); /* LC_TIME stays C */
	buf_init(&probe->headers, HEADERS_MAX_BYTES);
	(void)buf_printf(&probe->headers,
		"From: <%s>\r\nTo: <%s>\r\nSubject: Vestnik relay check: %s, envelope %s\r\n"
		"Date: %s\r\nMessage-ID: <%s@%s>\r\nAuto-Submitted: auto-generated\r\n"
		"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n"
		"Content-Transfer-Encoding: 7bit\r\n\r\n",
		check->from, check->to, check->relay->name, envelope, date, id,
		gate_address_domain(check->from));
	probe->copy.segment[0] =
		(struct letter_segment){buf_str(&probe->headers), probe->headers.len};
	probe->copy.segment[1] = (struct letter_segment){body, sizeof body - 1};
	probe->copy.count = 2;
	probe->copy.total = probe->headers.len + sizeof body - 1;
	return buf_ok(&probe->headers) ? 0 : error_set(e, ERROR_INPUT, "%s", check->to);
}

static bool next_letter(void *arg, struct transport_letter *out)
{
	struct check *check = arg;
	if (check->next == LETTERS)
		return false;
	struct probe *probe = &check->probe[check->next++];
	*out = (struct transport_letter){.mail_from = probe->mail_from,
		.rcpt_to = check->to,
		.copy = &probe->copy,
		.arg = probe};
	return true;
}

static void outcome(void *arg, const struct transport_letter *letter, enum transport_verdict verdict,
	const struct transport_reply *reply)
{
	struct probe *probe = letter->arg;
	(void)arg;
	probe->answered = true;
	probe->verdict = verdict;
	probe->reply = *reply;
}

/* ---- the session ------------------------------------------------------------------- */

static int run(struct check *check, const struct settings *settings, struct transport_result *result,
	struct error *e)
{
	static const enum transport_security security[] = {[RELAY_PLAIN] = TRANSPORT_PLAIN,
		[RELAY_STARTTLS] = TRANSPORT_STARTTLS, [RELAY_TLS] = TRANSPORT_TLS};
	static atomic_bool stop;
	const struct settings_relay *relay = check->relay;
	const struct transport *transport =
		relay->transport == RELAY_LIBCURL ? &transport_curl : &transport_esmtp;
	char host[256] = "localhost";
	(void)gethostname(host, sizeof host - 1);
	const struct transport_config config = {.relay = relay->name,
		.host = relay->host,
		.port = relay->port,
		.security = security[relay->security],
		.ca_file = relay->ca_file,
		.ehlo = settings->mailer.ehlo != NULL ? settings->mailer.ehlo : host,
		.user = relay->user,
		.password = relay->password,
		.connect_timeout_ms = relay->connect_timeout_ms,
		.greeting_timeout_ms = relay->greeting_timeout_ms,
		.command_timeout_ms = relay->command_timeout_ms,
		.transfer_timeout_ms = relay->transfer_timeout_ms,
		.final_timeout_ms = relay->final_timeout_ms,
		.letters_per_session = LETTERS,
		.stop = &stop};
	const struct transport_feed feed = {.arg = check, .next = next_letter, .outcome = outcome};
	struct transport_session *session = NULL;
	signal(SIGPIPE, SIG_IGN);
	if (transport->init(e) != 0 || transport->open(&session, &config, e) != 0)
		return -1;
	/* a relay may drop the session after refusing a sender: the other form gets its own */
	do {
		size_t before = check->next;
		*result = (struct transport_result){0};
		transport->run(session, &feed, result);
		if (check->next == before)
			break;
	} while (check->next < LETTERS && result->end != TRANSPORT_END_CONNECT);
	transport->close(&session);
	return 0;
}

/* ---- what it says ------------------------------------------------------------------- */

static const char *verdict_name(const struct probe *probe)
{
	static const char *const names[] = {[TRANSPORT_ACCEPTED] = "accepted",
		[TRANSPORT_RECIPIENT_REFUSED] = "recipient-refused",
		[TRANSPORT_SENDER_REFUSED] = "sender-refused",
		[TRANSPORT_UNCERTAIN] = "uncertain",
		[TRANSPORT_NOT_SENT] = "not-sent"};
	return probe->answered ? names[probe->verdict] : "not-sent";
}

static const char *verdict_word(const struct probe *probe)
{
	static const char *const ru[] = {[TRANSPORT_ACCEPTED] = "принято",
		[TRANSPORT_RECIPIENT_REFUSED] = "отказ получателю",
		[TRANSPORT_SENDER_REFUSED] = "отказ отправителю",
		[TRANSPORT_UNCERTAIN] = "неясно",
		[TRANSPORT_NOT_SENT] = "не отправлено"};
	if (lang_get() == LANG_EN)
		return verdict_name(probe);
	return ru[probe->answered ? probe->verdict : TRANSPORT_NOT_SENT];
}

static const struct probe *configured(const struct check *check)
{
	return &check->probe[check->relay->envelope == RELAY_VERP ? 0 : 1];
}

static bool accepted(const struct probe *probe)
{
	return probe->answered && probe->verdict == TRANSPORT_ACCEPTED;
}

static void print_json(struct cli *cli, const struct check *check, const struct transport_result *r)
{
	json_t *envelopes = json_object();
	for (size_t i = 0; i < LETTERS; i++) {
		const struct probe *p = &check->probe[i];
		json_object_set_new(envelopes, p->envelope,
			json_pack("{s:s, s:s, s:i, s:s}", "verdict", verdict_name(p), "sender",
				p->mail_from, "code", p->reply.code, "reply", cli_clean(p->reply.text)));
	}
	json_t *object = json_pack("{s:s, s:b, s:o, s:s}", "relay", check->relay->name, "ok",
		accepted(configured(check)), "envelope", envelopes, "session", cli_clean(r->text));
	if (r->ehlo_seen) {
		json_object_set_new(object, "starttls", json_boolean(r->offers_starttls));
		json_object_set_new(object, "auth", json_boolean(r->offers_auth));
		json_object_set_new(object, "pipelining", json_boolean(r->offers_pipelining));
		json_object_set_new(object, "dsn", json_boolean(r->offers_dsn));
		json_object_set_new(object, "eightbitmime", json_boolean(r->offers_8bitmime));
		if (r->offers_size >= 0)
			json_object_set_new(object, "size", json_integer(r->offers_size));
	}
	cli_print_json(cli, object);
}

static const char *yes_no(bool yes)
{
	return yes ? tr("yes", "да") : tr("no", "нет");
}

static void print_offers(const struct check *check, const struct transport_result *r)
{
	if (!r->ehlo_seen)
		return;
	/* after STARTTLS a relay does not offer it again */
	bool starttls = r->offers_starttls || check->relay->security == RELAY_STARTTLS;
	printf(tr("Offers: STARTTLS %s, AUTH %s, DSN %s, PIPELINING %s, 8BITMIME %s, SIZE ",
		       "Предлагает: STARTTLS %s, AUTH %s, DSN %s, PIPELINING %s, 8BITMIME %s, SIZE "),
		yes_no(starttls), yes_no(r->offers_auth), yes_no(r->offers_dsn),
		yes_no(r->offers_pipelining), yes_no(r->offers_8bitmime));
	puts(r->offers_size < 0	   ? yes_no(false)
		: r->offers_size == 0 ? tr("no limit", "без предела")
				      : cli_size(r->offers_size));
}

static void print_advice(const struct check *check)
{
	const struct probe *verp = &check->probe[0], *fixed = &check->probe[1];
	if (accepted(configured(check)))
		printf(tr("The settings' envelope (%s) works. See whether both letters arrive at %s.\n",
			       "Конверт из настроек (%s) подходит. Проверьте, дошли ли оба письма до %s.\n"),
			configured(check)->envelope, check->to);
	else if (accepted(verp) || accepted(fixed))
		printf(tr("The relay does not take the settings' envelope: write `envelope: %s`.\n",
			       "Сервер не принимает конверт из настроек: укажите `envelope: %s`.\n"),
			accepted(verp) ? "verp" : "fixed");
}

static void print_people(const struct check *check, const struct transport_result *r)
{
	relay_print(check->relay);
	if (r->end != TRANSPORT_END_OK)
		printf(tr("Session: %s\n", "Сеанс: %s\n"), cli_clean(r->text));
	print_offers(check, r);
	for (size_t i = 0; i < LETTERS; i++) {
		const struct probe *p = &check->probe[i];
		printf(tr("Envelope %s <%s>: %s", "Конверт %s <%s>: %s"), p->envelope,
			cli_clean(p->mail_from), verdict_word(p));
		if (p->reply.code != 0)
			printf(" (%d %s)", p->reply.code, cli_clean(p->reply.text));
		putchar('\n');
	}
	print_advice(check);
}

/* ---- the commands -------------------------------------------------------------------- */

static const struct settings_relay *find_relay(
	struct cli *cli, const struct settings *settings, const char *name)
{
	for (size_t i = 0; i < settings->relays_count; i++)
		if (strcmp(settings->relays[i].name, name) == 0)
			return &settings->relays[i];
	cli_failf(cli, ERROR_NOT_FOUND,
		tr("there is no relay «%s»: see vestnik relay list",
			"сервера «%s» нет: см. vestnik relay list"),
		cli_clean(name));
	return NULL;
}

static int check_run(struct cli *cli, const struct cli_args *args)
{
	const struct settings *settings = cli_settings(cli);
	const char *to = cli_value(args, "to");
	char address[GATE_ADDRESS_MAX + 1];
	struct transport_result result = {0};
	struct error e;
	if (settings == NULL)
		return CLI_FAILED;
	struct check check = {.relay = find_relay(cli, settings, cli_operand(args, 0))};
	if (check.relay == NULL)
		return CLI_FAILED;
	check.from = check.relay->senders_count > 0 ? check.relay->senders[0] : settings->sender.address;
	if (check.from == NULL)
		return cli_failf(cli, ERROR_INPUT, "%s",
			tr("the settings name no sender (sender: {address: …})",
				"в настройках нет отправителя (sender: {address: …})"));
	if (gate_address(to != NULL ? to : check.from, address, &e) != 0)
		return cli_wrong_use(cli, "--to: %s", e.text);
	check.to = address;
	int rc = CLI_FAILED;
	if (compose(&check, &check.probe[0], "verp", &e) != 0 ||
		compose(&check, &check.probe[1], "fixed", &e) != 0 ||
		run(&check, settings, &result, &e) != 0) {
		cli_fail(cli, &e);
	} else {
		if (cli_json(cli))
			print_json(cli, &check, &result);
		else
			print_people(&check, &result);
		rc = accepted(configured(&check)) ? CLI_DONE : CLI_FAILED;
	}
	for (size_t i = 0; i < LETTERS; i++)
		buf_fini(&check.probe[i].headers);
	return rc;
}

static int list_run(struct cli *cli, const struct cli_args *args)
{
	const struct settings *settings = cli_settings(cli);
	(void)args;
	if (settings == NULL)
		return CLI_FAILED;
	for (size_t i = 0; i < settings->relays_count; i++) {
		if (cli_json(cli))
			cli_print_json(cli, relay_json(&settings->relays[i]));
		else
			relay_print(&settings->relays[i]);
	}
	if (settings->relays_count == 0 && !cli_json(cli))
		puts(tr("no relays are set", "почтовые серверы не заданы"));
	return CLI_DONE;
}

static const struct cli_operand check_operands[] = {
	{"NAME", NULL, CLI_ONE, "name of the relay in the settings", "имя сервера в настройках"}, {0}};
static const struct cli_option check_options[] = {
	{"to", 0, "ADDRESS", NULL, "where the letters go (else to the sender itself)",
		"куда отправить письма (иначе самому отправителю)"},
	{0}};

const struct command relay_commands[] = {
	{"relay list", "lists the relays of the settings", "перечисляет почтовые серверы из настроек", NULL,
		NULL, NULL, NULL, list_run},
	{"relay check", "sends two letters through a relay and says what it allows",
		"отправляет через сервер два письма и говорит, что он позволяет",
		"One letter has a tagged envelope sender (verp: bounces come back with the letter's\n"
		"tag), the other a fixed one. Exit code 1 when what the settings say is not taken.",
		"Одно письмо — с меткой в адресе конверта (verp: по ней узнаются возвраты), другое — с\n"
		"постоянным адресом. Код выхода 1, если сервер не принимает то, что задано в настройках.",
		check_operands, check_options, check_run},
	{0}};
