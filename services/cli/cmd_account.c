/* `vestnik account …`: who may work in the console. */
#include <stdio.h>
#include <string.h>

#include "account/account.h"
#include "cli/cli_audit.h"

#define ROLE_VALUES "admin|staff|approver|operator|read-only"

/* ---- passwords ------------------------------------------------------------------------ */

struct secret {
	char text[ACCOUNT_PASSWORD_MAX + 2];
	char hash[ACCOUNT_HASH_SIZE];
	bool given_out; /* made here: shown once, to be changed at the first login */
};

/* The first line of the file; "-": of standard input. */
static int read_password(const char *path, char out[static ACCOUNT_PASSWORD_MAX + 2], struct error *e)
{
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	if (file == NULL)
		return error_errno(e, "%s", path);
	bool got = fgets(out, ACCOUNT_PASSWORD_MAX + 2, file) != NULL;
	if (file != stdin)
		(void)fclose(file);
	if (!got)
		out[0] = '\0';
	size_t len = strcspn(out, "\r\n");
	if (len > ACCOUNT_PASSWORD_MAX)
		return error_set(e, ERROR_INPUT, tr("the password is longer than %d bytes", "пароль длиннее %d байт"), ACCOUNT_PASSWORD_MAX);
	out[len] = '\0';
	return 0;
}

static int take_password(struct cli *cli, const struct cli_args *args, const char *login, struct secret *out)
{
	const char *path = cli_value(args, "password-file");
	struct error e = {0};
	*out = (struct secret){.given_out = path == NULL};
	if (path == NULL)
		account_password_random(out->text);
	else if (read_password(path, out->text, &e) != 0)
		return cli_fail(cli, &e);
	return account_password_hash(login, out->text, out->hash, &e) == 0 ? CLI_DONE : cli_fail(cli, &e);
}

static void show_password(const struct secret *secret)
{
	if (secret->given_out)
		printf(tr("\nThe password, shown only now; it has to be changed at the first login:\n\n  %s\n\n",
			       "\nПароль (больше не покажем); при первом входе его нужно сменить:\n\n  %s\n\n"),
			secret->text);
}

/* ---- add ------------------------------------------------------------------------------ */

struct adding {
	struct cli *cli;
	struct account_new new;
	int64_t id;
};

static int add_work(void *arg, struct db *tx, struct error *e)
{
	struct adding *adding = arg;
	char subject[ACCOUNT_LOGIN_MAX + 20];
	(void)snprintf(subject, sizeof subject, "account:%s", adding->new.login);
	if (account_add(tx, &adding->new, &adding->id, e) != 0)
		return -1;
	return cli_audit(adding->cli, tx, "account.create", subject, json_pack("{s:s}", "role", role_name(adding->new.role)),
		json_pack("{s:s, s:s?}", "name", adding->new.name, "address", adding->new.address), e);
}

static int add_run(struct cli *cli, const struct cli_args *args)
{
	char login[ACCOUNT_LOGIN_MAX + 1], actor[CLI_ACTOR_SIZE];
	struct secret secret;
	struct error e = {0};
	const char *name = cli_value(args, "name"), *role = cli_value(args, "role");
	if (name == NULL || role == NULL)
		return cli_wrong_use(cli, "%s", tr("--name and --role are needed", "нужны --name и --role"));
	if (account_login_clean(cli_operand(args, 0), login, &e) != 0 || account_name_check(name, &e) != 0)
		return cli_fail(cli, &e);
	if (take_password(cli, args, login, &secret) != CLI_DONE)
		return CLI_FAILED;
	struct adding adding = {.cli = cli,
		.new = {.login = login,
			.name = name,
			.hash = secret.hash,
			.address = cli_value(args, "address"),
			.role = role_named(role),
			.must_change = secret.given_out,
			.actor = cli_audit_actor(cli, actor)}};
	if (cli_transaction(cli, add_work, &adding) != CLI_DONE)
		return CLI_FAILED;
	if (cli_json(cli)) {
		cli_print_json(cli, json_pack("{s:I, s:s, s:s, s:s, s:s*}", "id", (json_int_t)adding.id, "login", login, "name", name,
					 "role", role, "password", secret.given_out ? secret.text : NULL));
		return CLI_DONE;
	}
	printf(tr("Account %s added. %s.\n", "Учётная запись %s заведена. %s.\n"), login, role_words(adding.new.role));
	show_password(&secret);
	return CLI_DONE;
}

/* ---- the table ------------------------------------------------------------------------- */

static const struct cli_operand login_operands[] = {
	{"LOGIN", NULL, CLI_ONE, "what is typed in to log in: ivanova", "что вводят при входе: ivanova"}, {0}};
#define PASSWORD_FILE                                                                                                  \
	{                                                                                                              \
		"password-file", 0, "FILE", "@file", "the password is its first line («-»: of standard input)",        \
			"пароль – его первая строка («-»: стандартного ввода)"                                         \
	}
static const struct cli_option add_options[] = {
	{"name", 0, "NAME", NULL, "the person, as shown", "имя, как его видят другие"},
	{"role", 0, "ROLE", ROLE_VALUES, "what the account may do", "что разрешено"},
	{"address", 0, "ADDRESS", NULL, "where notices to this person go", "куда отправлять уведомления этому человеку"},
	PASSWORD_FILE, {0}};

const struct command account_commands[] = {
	{"account add", "adds an account of the console", "заводит учётную запись консоли",
		"Without --password-file a password that can be read aloud is made and shown once; it has to be\n"
		"changed at the first login.",
		"Без --password-file пароль, который можно продиктовать, придумывается и показывается один раз;\n"
		"при первом входе его нужно сменить.",
		login_operands, add_options, add_run},
	{0}};
