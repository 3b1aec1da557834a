/* intake: mailboxes that are read, and whose word about a sender is taken. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "settings/settings_table.h"

#define MAILBOXES_MAX 32
#define AUTHSERV_MAX 32
#define SHOWN_SIZE 48
#define PORT_TLS 993
#define PORT_PLAIN 143

/* ---- trusted_authserv -------------------------------------------------------------- */

void settings_set_authserv(const struct settings_reader *reader, const struct yaml_node *node,
	const char *shown, struct settings *settings)
{
	if (!yaml_as_list(&reader->yaml, node, shown))
		return;
	if (node->count > AUTHSERV_MAX) {
		yaml_problem(&reader->yaml, PROBLEM_ERROR, node, shown, NULL,
			tr("more than %d names", "больше %d имён"), AUTHSERV_MAX);
		return;
	}
	settings->intake.trusted_authserv = xcalloc(node->count + 1, sizeof(char *));
	for (size_t i = 0; i < node->count; i++) {
		const char *text = NULL;
		if (!yaml_as_line(&reader->yaml, node->item[i], shown, &text))
			continue;
		if (strpbrk(text, " ;()\"=*") != NULL || strlen(text) > 255)
			yaml_problem(&reader->yaml, PROBLEM_ERROR, node->item[i], shown,
				"trusted_authserv: [mx.example.org]",
				tr("«%.100s» is not a name as it stands in Authentication-Results",
					"«%.100s» — не имя, какое пишут в Authentication-Results"),
				text);
		else
			settings->intake.trusted_authserv[settings->intake.trusted_authserv_count++] =
				xstrdup(text);
	}
}

/* ---- mailboxes --------------------------------------------------------------------- */

static bool on_this_machine(const char *host)
{
	return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 || strcmp(host, "localhost") == 0;
}

/* "host", "host:143", "[::1]:143". */
static bool split_host(const char *text, struct settings_mailbox *mailbox)
{
	const char *end = text + strcspn(text, "/"), *host = text, *colon;
	long long port = 0;
	size_t len;
	if (end[0] == '/' && end[1] != '\0')
		return false;
	if (text[0] == '[') {
		const char *close = memchr(text, ']', (size_t)(end - text));
		if (close == NULL || (close + 1 != end && close[1] != ':'))
			return false;
		host = text + 1;
		len = (size_t)(close - host);
		colon = close + 1 == end ? NULL : close + 1;
	} else {
		colon = memchr(text, ':', (size_t)(end - text));
		len = (size_t)((colon == NULL ? end : colon) - text);
	}
	if (len == 0 || len > 253)
		return false;
	for (size_t i = 0; i < len; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:", host[i]) == NULL)
			return false;
	if (colon != NULL) {
		char *digits = xstrndup(colon + 1, (size_t)(end - colon - 1));
		bool good = gate_int64(digits, 1, 65535, &port);
		free(digits);
		if (!good)
			return false;
		mailbox->port = (int)port;
	}
	free(mailbox->host);
	mailbox->host = xstrndup(host, len);
	return true;
}

void settings_set_imap(const struct settings_reader *reader, const struct yaml_node *node,
	const char *shown, struct settings_mailbox *mailbox)
{
	const char *text = NULL;
	if (!yaml_as_line(&reader->yaml, node, shown, &text))
		return;
	bool tls = strncmp(text, "imaps://", strlen("imaps://")) == 0;
	bool plain = strncmp(text, "imap://", strlen("imap://")) == 0;
	if ((!tls && !plain) || !split_host(strstr(text, "://") + 3, mailbox)) {
		yaml_problem(&reader->yaml, PROBLEM_ERROR, node, shown, "imap: imaps://imap.example.org",
			tr("«%.100s» is not imaps://HOST or imap://HOST[:PORT]; login and folder have keys of "
			   "their own",
				"«%.100s» — не imaps://МАШИНА и не imap://МАШИНА[:ПОРТ]; для имени входа и "
				"папки есть свои ключи"),
			text);
		return;
	}
	if (tls)
		mailbox->security = MAILBOX_TLS;
	if (mailbox->port == 0)
		mailbox->port = tls ? PORT_TLS : PORT_PLAIN;
}

static void want(const struct settings_reader *reader, const struct yaml_node *node, const char *shown,
	const char *hint, const char *words)
{
	yaml_problem(&reader->yaml, PROBLEM_ERROR, node, shown, hint, "%s", words);
}

static void check_imap(const struct settings_reader *reader, const struct yaml_node *node,
	const char *shown, struct settings_mailbox *mailbox, bool tls)
{
	bool file = settings_has_key(node, "password_file"), env = settings_has_key(node, "password_env");
	bool given = settings_has_key(node, "security");
	if (tls && given && mailbox->security != MAILBOX_TLS)
		want(reader, node, shown, "imap: imap://…",
			tr("imaps:// is TLS from the first byte: security says otherwise",
				"imaps:// — это TLS с первого байта, а security говорит иное"));
	if (tls)
		mailbox->security = MAILBOX_TLS;
	else if (!given)
		mailbox->security = on_this_machine(mailbox->host) ? MAILBOX_PLAIN : MAILBOX_STARTTLS;
	if (mailbox->user == NULL || file == env)
		want(reader, node, shown, "user: …, password_file: …",
			tr("an IMAP mailbox needs user and either password_file or password_env",
				"ящику IMAP нужны user и одно из двух: password_file или password_env"));
	if (mailbox->security == MAILBOX_PLAIN && !on_this_machine(mailbox->host))
		want(reader, node, shown, "security: starttls",
			tr("a password would go over the network in the clear",
				"пароль пошёл бы по сети открытым текстом"));
}

static void check(const struct settings_reader *reader, const struct yaml_node *node, const char *shown,
	struct settings_mailbox *mailbox, bool tls, const struct settings *settings)
{
	if (!settings_has_key(node, "name"))
		want(reader, node, shown, "name: answers", tr("the mailbox has no name", "у ящика нет имени (name)"));
	for (size_t i = 0; mailbox->name != NULL && i < settings->intake.mailboxes_count; i++)
		if (settings->intake.mailboxes[i].name != NULL &&
			strcmp(settings->intake.mailboxes[i].name, mailbox->name) == 0)
			yaml_problem(&reader->yaml, PROBLEM_ERROR, node, shown, NULL,
				tr("a second mailbox named %s", "второй ящик с именем %s"), mailbox->name);
	if (settings_has_key(node, "maildir") == settings_has_key(node, "imap"))
		want(reader, node, shown, "maildir: /var/mail/answers/Maildir",
			tr("want either maildir or imap", "нужно одно из двух: maildir или imap"));
	else if (mailbox->host != NULL)
		check_imap(reader, node, shown, mailbox, tls);
	if (mailbox->move_to != NULL && settings_has_key(node, "keep") && !mailbox->keep)
		want(reader, node, shown, "keep: true",
			tr("move_to keeps mails, keep: false deletes them: want one of the two",
				"move_to сохраняет письма, keep: false удаляет: нужно одно из двух"));
	if (mailbox->maildir != NULL && mailbox->move_to != NULL) {
		char *path = settings_absolute(reader->folder, mailbox->move_to);
		free(mailbox->move_to);
		mailbox->move_to = path;
	}
}

void settings_read_mailboxes(const struct settings_reader *reader, const struct yaml_node *list,
	const char *shown, struct settings *settings)
{
	if (!yaml_as_list(&reader->yaml, list, shown))
		return;
	if (list->count > MAILBOXES_MAX) {
		yaml_problem(&reader->yaml, PROBLEM_ERROR, list, shown, NULL,
			tr("more than %d mailboxes", "больше %d ящиков"), MAILBOXES_MAX);
		return;
	}
	settings->intake.mailboxes = xcalloc(list->count + 1, sizeof *settings->intake.mailboxes);
	for (size_t i = 0; i < list->count; i++) {
		char item[SHOWN_SIZE];
		struct yaml_node *node = list->item[i];
		struct settings_mailbox *mailbox =
			&settings->intake.mailboxes[settings->intake.mailboxes_count];
		snprintf(item, sizeof item, "intake.mailboxes[%zu]", i);
		if (!yaml_as_map(&reader->yaml, node, item))
			continue;
		mailbox->line = node->line;
		settings_fallbacks(reader, settings_mailbox_rows, mailbox);
		settings_read_map(reader, settings_mailbox_rows, node, item, mailbox);
		const struct yaml_node *imap = yaml_take(node, "imap");
		bool tls = imap != NULL && imap->kind == YAML_SCALAR && strncmp(imap->text, "imaps:", 6) == 0;
		check(reader, node, item, mailbox, tls, settings);
		settings->intake.mailboxes_count++;
	}
}

void settings_intake_fini(struct settings *settings)
{
	for (size_t i = 0; i < settings->intake.trusted_authserv_count; i++)
		free(settings->intake.trusted_authserv[i]);
	free(settings->intake.trusted_authserv);
	for (size_t i = 0; i < settings->intake.mailboxes_count; i++) {
		struct settings_mailbox *m = &settings->intake.mailboxes[i];
		free(m->name);
		free(m->maildir);
		free(m->host);
		free(m->user);
		if (m->password != NULL)
			explicit_bzero(m->password, strlen(m->password));
		free(m->password);
		free(m->ca_file);
		free(m->folder);
		free(m->move_to);
	}
	free(settings->intake.mailboxes);
}
