#include "cli/cli.h"

#include <locale.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/gate.h"
#include "base/clock.h"
#include "base/ident.h"
#include "base/log.h"
#include "calendar/calendar.h"
#include "cli/command_args.h"
#include "settings/settings.h"

void cli_init(struct cli *cli)
{
	*cli = (struct cli){0};
}

void cli_fini(struct cli *cli)
{
	cli_resources_close(cli);
	settings_free(&cli->settings);
}

bool cli_json(const struct cli *cli)
{
	return cli->json;
}

const char *cli_config_path(const struct cli *cli)
{
	return cli->config;
}

const char *cli_actor(struct cli *cli)
{
	if (cli->actor[0] == '\0') {
		char host[65] = "";
		const struct passwd *user = getpwuid(getuid());
		if (gethostname(host, sizeof host - 1) != 0)
			host[0] = '\0';
		if (user != NULL)
			snprintf(cli->actor, sizeof cli->actor, "%.60s@%.60s", user->pw_name, host);
		else
			snprintf(cli->actor, sizeof cli->actor, "%u@%.60s", (unsigned)getuid(), host);
	}
	return cli->actor;
}

/* ---- what went wrong ---------------------------------------------------------- */

#define MESSAGE_MAX 2048

/* Texts quote what came from outside: no escape sequence reaches the terminal. */
static const char *harmless(const char *text, char out[static MESSAGE_MAX])
{
	snprintf(out, MESSAGE_MAX, "%s", text);
	gate_utf8_mend(out);
	for (char *p = out; *p != '\0'; p++)
		if (((unsigned char)*p < ' ' && *p != '\n') || *p == 0x7f)
			*p = '?';
	return out;
}

static void say(struct cli *cli, const char *code, const char *words)
{
	char clean[MESSAGE_MAX];
	const char *text = harmless(words, clean);
	fflush(stdout); /* so that both stand in order where they share a terminal or a file */
	if (cli->json) {
		json_t *object = json_pack("{s:s?, s:s}", "error", text, "code", code);
		if (object == NULL) /* not UTF-8 */
			object = json_pack("{s:s, s:s}", "error", "?", "code", code);
		json_dumpf(object, stderr, JSON_COMPACT);
		json_decref(object);
		fputc('\n', stderr);
	} else {
		fprintf(stderr, "vestnik: %s\n", text);
	}
}

int cli_fail(struct cli *cli, const struct error *e)
{
	say(cli, error_code_name(e->code), e->text);
	return CLI_FAILED;
}

int cli_failf(struct cli *cli, enum error_code code, const char *fmt, ...)
{
	char text[MESSAGE_MAX];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	say(cli, error_code_name(code), text);
	return CLI_FAILED;
}

int cli_wrong_use(struct cli *cli, const char *fmt, ...)
{
	char text[MESSAGE_MAX];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	say(cli, "wrong_use", text);
	if (!cli->json) {
		fprintf(stderr, tr("Help: vestnik %s%s--help\n", "Справка: vestnik %s%s--help\n"),
			cli->command != NULL ? cli->command->words : "",
			cli->command != NULL ? " " : "");
	}
	return CLI_WRONG_USE;
}

void cli_warn(struct cli *cli, const char *fmt, ...)
{
	char text[MESSAGE_MAX];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	say(cli, "warning", text);
}

json_t *cli_problem_json(const struct problem *problem)
{
	json_t *object = json_object();
	json_object_set_new(object, "severity", json_string(problem_severity_name(problem->severity)));
	if (problem->file != NULL)
		json_object_set_new(object, "file", json_string(problem->file));
	if (problem->line > 0)
		json_object_set_new(object, "line", json_integer(problem->line));
	if (problem->column > 0)
		json_object_set_new(object, "column", json_integer(problem->column));
	if (problem->field != NULL)
		json_object_set_new(object, "field", json_string(problem->field));
	json_object_set_new(object, "text", json_string(problem->text));
	if (problem->hint != NULL)
		json_object_set_new(object, "hint", json_string(problem->hint));
	return object;
}

void cli_problems(struct cli *cli, const struct problems *problems)
{
	static const struct cli_noun more = {
		"more problem", "more problems", "ошибка", "ошибки", "ошибок"};
	for (size_t i = 0; i < problems->count; i++) {
		if (cli->json) {
			cli_print_json(cli, cli_problem_json(&problems->item[i]));
			continue;
		}
		char *line = problem_line(&problems->item[i]);
		fprintf(stderr, "%s\n", cli_clean(line));
		free(line);
	}
	size_t all = problems->errors + problems->warnings + problems->infos;
	if (!cli->json && all > problems->count)
		fprintf(stderr, tr("… and %s\n", "… и ещё %s\n"),
			cli_count((int64_t)(all - problems->count), &more));
}

void cli_print_json(struct cli *cli, json_t *object)
{
	(void)cli;
	ASSERT(object != NULL);
	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
}

bool cli_confirm(struct cli *cli, const char *flag, const char *question)
{
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO) || cli->json) {
		cli_warn(cli,
			tr("nobody can be asked here: give %s to go on",
				"спросить некого: укажите %s, чтобы продолжить"),
			flag);
		return false;
	}
	fflush(stdout);
	fprintf(stderr, "%s %s ", question, tr("[y/N]", "[д/Н]"));
	char answer[64];
	if (fgets(answer, sizeof answer, stdin) == NULL)
		return false;
	answer[strcspn(answer, "\r\n")] = '\0';
	static const char *const yes[] = {
		"y", "Y", "yes", "Yes", "YES", "д", "Д", "да", "Да", "ДА", NULL};
	for (size_t i = 0; yes[i] != NULL; i++)
		if (strcmp(answer, yes[i]) == 0)
			return true;
	return false;
}

/* ---- main ---------------------------------------------------------------------- */

/* Output is UTF-8 whatever the locale is called; a bare machine has only "C". */
static void set_locale(void)
{
	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
		setlocale(LC_CTYPE, "");
}

/* Output that could not be written (disk full, closed) must not look like success. */
static int close_output(int rc)
{
	if (fflush(stdout) != 0 || ferror(stdout)) {
		perror("vestnik");
		return rc == CLI_DONE ? CLI_FAILED : rc;
	}
	return rc;
}

int cli_main(int argc, char **argv)
{
	struct cli cli;
	struct cli_args args = {0};
	bool shown;
	const char *clock_file;
	set_locale();
	lang_set(lang_of_environment());
	log_init("vestnik", LOG_LEVEL_WARN);
	ident_init();
	calendar_init();
	if (clock_use_environment(&clock_file) != 0) {
		fprintf(stderr, tr("vestnik: VESTNIK_CLOCK: cannot read %s\n",
			"vestnik: VESTNIK_CLOCK: не удалось прочитать %s\n"), clock_file);
		return CLI_WRONG_USE;
	}
	cli_init(&cli);
	int rc = command_parse(&cli, argc, argv, &args, &shown);
	if (rc == CLI_DONE && !shown)
		rc = args.command->run(&cli, &args);
	command_args_fini(&args);
	cli_fini(&cli);
	return close_output(rc);
}
