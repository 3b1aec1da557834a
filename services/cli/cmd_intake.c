/* `vestnik intake explain`: what Vestnik makes of a mail, without doing anything. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "intake/charset.h"
#include "intake/mail_files.h"
#include "intake/recognise.h"
#include "settings/settings.h"

struct explaining {
	struct cli *cli;
	const struct ident_key *key; /* NULL = this installation has none yet */
	bool json;
	size_t mails, troubles;
};

static void print_json(const struct explaining *to, const char *name, const struct recognised *mail,
	const struct finding *finding)
{
	bool ours = mail->match.delivery != 0 && !finding->inner;
	char *file = charset_valid(name, strlen(name)); /* a file's name is any bytes */
	cli_print_json(to->cli,
		json_pack("{s:s,s:s,s:s?,s:s?,s:s?,s:s,s:o,s:o,s:s,s:b,s:b,s:s?,s:s?,s:s?}", "file",
			file, "kind", mail_kind_name(finding->kind), "recipient",
			finding->recipient, "action", finding->action, "status",
			finding->status[0] == '\0' ? NULL : finding->status, "class",
			bounce_class_name(finding->class), "delivery",
			ours ? json_integer((json_int_t)mail->match.delivery) : json_null(),
			"dispatch",
			ours ? json_integer((json_int_t)mail->match.dispatch) : json_null(),
			"matched_by", match_way_name(mail->match.way), "forged",
			(int)(mail->match.forged && !ours), "inner", (int)finding->inner, "cause",
			finding->cause[0] == '\0' ? NULL : finding->cause, "form",
			mail->form[0] == '\0' ? NULL : mail->form, "diagnostic",
			finding->diagnostic));
	free(file);
}

static const char *kind_text(enum mail_kind kind)
{
	switch (kind) {
	case MAIL_BOUNCE:
		return tr("not delivered", "не доставлено");
	case MAIL_DELAYED:
		return tr("delayed, still being tried", "задержано, попытки продолжаются");
	case MAIL_DELIVERED:
		return tr("delivered", "доставлено");
	case MAIL_COMPLAINT:
		return tr("complaint", "жалоба");
	case MAIL_AUTO_REPLY:
		return tr("automatic reply", "автоматический ответ");
	case MAIL_REPLY:
		return tr("reply of a person", "ответ человека");
	case MAIL_UNKNOWN:
		break;
	}
	return tr("no report, no reply", "не отчёт и не ответ");
}

static void print_text(const struct explaining *to, const char *name, const struct recognised *mail,
	const struct finding *finding)
{
	(void)to;
	printf("%s\n  %s: %s", cli_clean(name),
		finding->recipient == NULL ? "?" : cli_clean(finding->recipient),
		kind_text(finding->kind));
	if (finding->status[0] != '\0')
		printf(" (%s)", finding->status);
	if (finding->class == BOUNCE_HARD)
		printf("; %s", tr("hard: the address is no good", "постоянная: адрес не годится"));
	else if (finding->class == BOUNCE_SOFT)
		printf("; %s", tr("soft: the address stays", "временная: адрес остаётся"));
	putchar('\n');
	if (finding->diagnostic != NULL)
		printf("  %s\n", cli_clean(finding->diagnostic));
	if (mail->match.delivery != 0)
		printf(tr("  letter %lld, found by %s\n", "  письмо %lld, найдено по %s\n"),
			(long long)mail->match.delivery, match_way_name(mail->match.way));
	else if (mail->match.forged)
		printf("%s",
			tr("  carries a mark like ours, but its signature is wrong: not believed\n",
				"  метка похожа на нашу, но подпись неверна: не верим\n"));
	else
		printf("%s", tr("  no mark of a letter of ours\n", "  метки нашего письма нет\n"));
}

static void trouble(void *arg, const char *name, const struct error *e)
{
	struct explaining *to = arg;
	to->troubles++;
	(void)cli_failf(to->cli, e->code, "%s: %s", cli_clean(name), e->text);
}

static void explain(void *arg, const char *name, const void *bytes, size_t len)
{
	struct explaining *to = arg;
	struct mail *mail;
	struct error e;
	if (mail_parse(bytes, len, &mail, &e) != 0) {
		trouble(arg, name, &e);
		return;
	}
	struct recognised recognised;
	recognise(mail, to->key, NULL, &recognised);
	to->mails++;
	for (size_t i = 0; i < recognised.findings.count; i++)
		(to->json ? print_json : print_text)(
			to, name, &recognised, &recognised.findings.item[i]);
	recognised_fini(&recognised);
	mail_free(&mail);
}

/* Explaining makes no key: without one there is no letter to match either. */
static int find_key(struct cli *cli, const struct ident_key **key)
{
	const struct settings *settings = cli_settings(cli);
	*key = NULL;
	if (settings == NULL)
		return CLI_FAILED;
	if (access(settings->key_file, F_OK) != 0)
		return CLI_DONE;
	*key = cli_key(cli);
	return *key == NULL ? CLI_FAILED : CLI_DONE;
}

static int explain_run(struct cli *cli, const struct cli_args *args)
{
	struct explaining to = {.cli = cli};
	/* Programs read a pipe, people a terminal. */
	to.json = cli_json(cli) || (!cli_has(args, "text") && isatty(STDOUT_FILENO) == 0);
	if (find_key(cli, &to.key) != CLI_DONE)
		return CLI_FAILED;
	mail_init();
	const struct mail_files_visitor visitor = {explain, trouble, &to};
	for (size_t i = 0; i < cli_operands(args); i++)
		mail_files_read(cli_operand(args, i), &visitor);
	mail_shutdown();
	if (to.mails == 0 && to.troubles == 0)
		return cli_failf(cli, ERROR_NOT_FOUND, "%s", tr("no mail there", "писем там нет"));
	return to.troubles == 0 ? CLI_DONE : CLI_FAILED;
}

static const struct cli_operand explain_operands[] = {
	{"FILE", "@file", CLI_MANY,
		"a mail, an mbox, a Maildir or another folder; - is standard input",
		"письмо, mbox, Maildir или другая папка; - означает стандартный ввод"},
	{0}};
static const struct cli_option explain_options[] = {
	{"text", 0, NULL, NULL, "text for people even when the output is no terminal",
		"текст для человека, даже если вывод идёт не на экран"},
	{0}};

const struct command intake_commands[] = {
	{"intake explain", "says what a mail that came back is, and about which letter",
		"объясняет, что за письмо пришло и к какому отправленному оно относится",
		"For each recipient: bounce, delayed, delivered, complaint, auto-reply, reply or "
		"unknown; hard, soft or none; "
		"the letter only when its signed mark is right. One JSON object per line with "
		"--json and when the output is "
		"no terminal. Nothing is stored.",
		"По каждому адресату: bounce, delayed, delivered, complaint, auto-reply, reply или "
		"unknown; hard, soft или "
		"none; письмо — только если его подписанная метка верна. С --json и при выводе не "
		"на экран — по объекту JSON "
		"на строку. Ничего не сохраняется.",
		explain_operands, explain_options, explain_run},
	{0}};
