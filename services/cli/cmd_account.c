/* `vestnik account …`: who may work in the console. */
#include <stdio.h>
#include <string.h>

#include "account/account.h"
#include "account/session.h"
#include "base/clock.h"
#include "cli/cli_audit.h"
#include "settings/settings.h"

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

/* ---- list ------------------------------------------------------------------------------ */

struct listing {
	struct cli *cli;
	struct cli_table *table;
};

static const char *state_of(const struct account *account)
{
	return !account->active ? "disabled" : account->locked_until_ms > clock_now_ms() ? "locked" : "active";
}

static int list_one(void *arg, const struct account *account)
{
	struct listing *listing = arg;
	struct cli *cli = listing->cli;
	const char *state = state_of(account);
	if (listing->table == NULL) {
		cli_print_json(cli, json_pack("{s:s, s:s, s:s, s:s, s:s?, s:b, s:s?, s:s?}", "login", account->login, "name",
					 account->name, "role", role_name(account->role), "state", state, "address",
					 account->address, "must_change", (int)account->must_change, "created",
					 cli_rfc3339(account->created_ms), "used", cli_rfc3339(account->used_ms)));
		return 0;
	}
	const char *words = strcmp(state, "disabled") == 0 ? tr("disabled", "отключена")
		: strcmp(state, "locked") == 0		   ? tr("locked", "закрыта")
		: account->must_change			   ? tr("password not changed yet", "пароль не сменён")
							   : tr("active", "работает");
	const char *cells[] = {account->login, account->name, role_name(account->role), words, cli_time(cli, account->used_ms)};
	cli_table_row(listing->table, cells);
	return 0;
}

static int list_run(struct cli *cli, const struct cli_args *args)
{
	(void)args;
	struct error e = {0};
	const struct cli_column columns[] = {{.title = tr("LOGIN", "ЛОГИН")}, {.title = tr("NAME", "ИМЯ"), .elastic = true},
		{.title = tr("ROLE", "РОЛЬ")}, {.title = tr("STATE", "СОСТОЯНИЕ")}, {.title = tr("LAST LOGIN", "ПОСЛЕДНИЙ ВХОД")}};
	struct db *db = cli_open_store(cli);
	if (db == NULL)
		return CLI_FAILED;
	struct listing listing = {.cli = cli,
		.table = cli_json(cli) ? NULL : cli_table_new(columns, sizeof columns / sizeof *columns)};
	int rc = account_each(db, list_one, &listing, &e);
	if (listing.table != NULL)
		cli_table_print(&listing.table);
	return rc == 0 ? CLI_DONE : cli_fail(cli, &e);
}

/* ---- one account ------------------------------------------------------------------------- */

static int not_there(struct cli *cli, const char *login)
{
	return cli_failf(cli, ERROR_NOT_FOUND, tr("there is no account «%s»", "учётной записи «%s» нет"), cli_clean(login));
}

/* The one that is named; account to be finished. */
static int find(struct cli *cli, const struct cli_args *args, struct account *account)
{
	char login[ACCOUNT_LOGIN_MAX + 1];
	struct error e = {0};
	struct db *db = cli_open_store(cli);
	if (db == NULL)
		return CLI_FAILED;
	if (account_login_clean(cli_operand(args, 0), login, &e) != 0)
		return cli_fail(cli, &e);
	enum db_step step = account_by_login(db, login, account, &e);
	return step == DB_ROW ? CLI_DONE : step == DB_DONE ? not_there(cli, login) : cli_fail(cli, &e);
}

struct change {
	struct cli *cli;
	const struct account *account;
	const struct secret *secret;
	enum role role;
	bool active;
	const char *action;
};

static int audit(const struct change *change, struct db *tx, json_t *facts, struct error *e)
{
	char subject[ACCOUNT_LOGIN_MAX + 20];
	(void)snprintf(subject, sizeof subject, "account:%s", change->account->login);
	return cli_audit(change->cli, tx, change->action, subject, facts, NULL, e);
}

static void say(struct cli *cli, const struct account *account, const char *state, const char *words)
{
	if (cli_json(cli))
		cli_print_json(cli, json_pack("{s:s, s:s}", "login", account->login, "state", state));
	else
		printf("%s: %s\n", account->login, words);
}

/* ---- passwd -------------------------------------------------------------------------------- */

static int passwd_work(void *arg, struct db *tx, struct error *e)
{
	const struct change *change = arg;
	if (account_set_password(tx, change->account->id, change->secret->hash, change->secret->given_out, NULL, e) != 0)
		return -1;
	return audit(change, tx, json_pack("{s:b}", "own", 0), e);
}

static int passwd_run(struct cli *cli, const struct cli_args *args)
{
	struct account account = {0};
	struct secret secret;
	int rc = find(cli, args, &account);
	if (rc == CLI_DONE)
		rc = take_password(cli, args, account.login, &secret);
	struct change change = {.cli = cli, .account = &account, .secret = &secret, .action = "account.password"};
	if (rc == CLI_DONE)
		rc = cli_transaction(cli, passwd_work, &change);
	if (rc == CLI_DONE && cli_json(cli)) {
		cli_print_json(cli, json_pack("{s:s, s:s*}", "login", account.login, "password", secret.given_out ? secret.text : NULL));
	} else if (rc == CLI_DONE) {
		printf(tr("%s has a new password; all sessions were ended.\n", "%s: пароль новый, все входы завершены.\n"), account.login);
		show_password(&secret);
	}
	account_fini(&account);
	return rc;
}

/* ---- role, disable, enable -------------------------------------------------------------------- */

static int change_work(void *arg, struct db *tx, struct error *e)
{
	const struct change *change = arg;
	const struct account *account = change->account;
	if (account_set(tx, account->id, account->name, account->address, change->role, change->active, e) != 0)
		return -1;
	if (change->active && account_unlock(tx, account->id, e) != 0)
		return -1;
	json_t *facts = json_pack("{s:s}", "role", role_name(change->role));
	if (change->role != account->role)
		json_object_set_new(facts, "role_before", json_string(role_name(account->role)));
	return audit(change, tx, facts, e);
}

static int role_run(struct cli *cli, const struct cli_args *args)
{
	struct account account = {0};
	int rc = find(cli, args, &account);
	struct change change = {.cli = cli,
		.account = &account,
		.role = role_named(cli_operand(args, 1)),
		.active = account.active,
		.action = "account.change"};
	if (rc == CLI_DONE)
		rc = cli_transaction(cli, change_work, &change);
	if (rc == CLI_DONE)
		say(cli, &account, role_name(change.role), role_words(change.role));
	account_fini(&account);
	return rc;
}

static int set_active(struct cli *cli, const struct cli_args *args, bool active)
{
	struct account account = {0};
	int rc = find(cli, args, &account);
	struct change change = {.cli = cli,
		.account = &account,
		.role = account.role,
		.active = active,
		.action = active ? "account.enable" : "account.disable"};
	if (rc == CLI_DONE)
		rc = cli_transaction(cli, change_work, &change);
	if (rc == CLI_DONE && active)
		say(cli, &account, "active", tr("may log in", "может входить"));
	else if (rc == CLI_DONE)
		say(cli, &account, "disabled", tr("disabled; all sessions were ended", "отключена; все входы завершены"));
	account_fini(&account);
	return rc;
}

static int disable_run(struct cli *cli, const struct cli_args *args)
{
	return set_active(cli, args, false);
}

static int enable_run(struct cli *cli, const struct cli_args *args)
{
	return set_active(cli, args, true);
}

/* ---- sessions ------------------------------------------------------------------------------ */

static int session_one(void *arg, const struct session_row *row)
{
	struct listing *listing = arg;
	struct cli *cli = listing->cli;
	char mark[SESSION_MARK_LEN + 1];
	(void)snprintf(mark, sizeof mark, "%s", row->hash);
	if (row->expires_ms <= clock_now_ms() || clock_now_ms() - row->used_ms > cli_settings(cli)->console.idle_ms)
		return 0; /* over, and swept soon */
	if (listing->table == NULL) {
		cli_print_json(cli, json_pack("{s:s, s:s, s:s, s:s, s:s}", "session", mark, "origin", row->origin, "opened",
					 cli_rfc3339(row->created_ms), "used", cli_rfc3339(row->used_ms), "expires",
					 cli_rfc3339(row->expires_ms)));
		return 0;
	}
	const char *cells[] = {mark, row->origin, cli_time(cli, row->created_ms), cli_time(cli, row->used_ms)};
	cli_table_row(listing->table, cells);
	return 0;
}

static int end_all_work(void *arg, struct db *tx, struct error *e)
{
	const struct change *change = arg;
	return session_close_all(tx, change->account->id, NULL, e) != 0 ? -1 : audit(change, tx, json_pack("{s:b}", "all", 1), e);
}

static int sessions_show(struct cli *cli, const struct account *account)
{
	struct error e = {0};
	const struct cli_column columns[] = {{.title = tr("SESSION", "ВХОД")}, {.title = tr("FROM", "АДРЕС")},
		{.title = tr("OPENED", "НАЧАЛО")}, {.title = tr("LAST USED", "ПОСЛЕДНЕЕ ДЕЙСТВИЕ")}};
	struct listing listing = {.cli = cli,
		.table = cli_json(cli) ? NULL : cli_table_new(columns, sizeof columns / sizeof *columns)};
	int rc = session_each(cli_open_store(cli), account->id, session_one, &listing, &e);
	if (listing.table != NULL)
		cli_table_print(&listing.table);
	return rc == 0 ? CLI_DONE : cli_fail(cli, &e);
}

static int sessions_run(struct cli *cli, const struct cli_args *args)
{
	struct account account = {0};
	int rc = find(cli, args, &account);
	struct change change = {.cli = cli, .account = &account, .action = "session.end"};
	if (rc == CLI_DONE && cli_has(args, "end")) {
		rc = cli_transaction(cli, end_all_work, &change);
		if (rc == CLI_DONE)
			say(cli, &account, "ended", tr("all sessions were ended", "все входы завершены"));
	} else if (rc == CLI_DONE) {
		rc = sessions_show(cli, &account);
	}
	account_fini(&account);
	return rc;
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

static const struct cli_option passwd_options[] = {PASSWORD_FILE, {0}};
static const struct cli_operand role_operands[] = {
	{"LOGIN", NULL, CLI_ONE, "the account", "учётная запись"},
	{"ROLE", ROLE_VALUES, CLI_ONE, "what it may do from now on", "что теперь разрешено"}, {0}};
static const struct cli_option sessions_options[] = {
	{"end", 0, NULL, NULL, "ends them all", "завершает их все"}, {0}};

const struct command account_commands[] = {
	{"account add", "adds an account of the console", "заводит учётную запись консоли",
		"Without --password-file a password that can be read aloud is made and shown once; it has to be\n"
		"changed at the first login.",
		"Без --password-file пароль, который можно продиктовать, придумывается и показывается один раз;\n"
		"при первом входе его нужно сменить.",
		login_operands, add_options, add_run},
	{"account list", "lists the accounts", "перечисляет учётные записи", NULL, NULL, NULL, NULL, list_run},
	{"account passwd", "gives an account a new password", "задаёт новый пароль",
		"All its sessions end, a lock after wrong passwords, too. Without --password-file as with account add.",
		"Все её входы завершаются, закрытие после неверных паролей тоже. Без --password-file – как в account add.",
		login_operands, passwd_options, passwd_run},
	{"account role", "gives an account another role", "меняет роль", NULL, NULL, role_operands, NULL, role_run},
	{"account disable", "lets nobody log in with it", "закрывает вход", "Its sessions end at once; nothing is deleted.",
		"Её входы сразу завершаются; ничего не удаляется.", login_operands, NULL, disable_run},
	{"account enable", "lets an account log in again, also after wrong passwords", "снова разрешает вход, в том числе после неверных паролей",
		NULL, NULL, login_operands, NULL, enable_run},
	{"account sessions", "lists where an account is logged in", "показывает, где выполнен вход", NULL, NULL, login_operands,
		sessions_options, sessions_run},
	{0}};
