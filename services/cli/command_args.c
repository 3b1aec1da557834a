#include "cli/command_args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "cli/cli.h"

#define PHRASE_MAX 64
#define CANDIDATES_MAX 256 /* commands, or options of one command: far fewer */

/* ---- reading what was given ----------------------------------------------------- */

const char *cli_operand(const struct cli_args *args, size_t i)
{
	return i < args->operand_count ? args->operand[i] : NULL;
}

size_t cli_operands(const struct cli_args *args)
{
	return args->operand_count;
}

static const struct cli_option *option_in(const struct cli_option *table, const char *name)
{
	for (; table != NULL && table->name != NULL; table++)
		if (strcmp(table->name, name) == 0)
			return table;
	return NULL;
}

const char *cli_value_at(const struct cli_args *args, const char *name, size_t i)
{
	const struct cli_option *option = option_in(args->command->options, name);
	ASSERT(option != NULL && option->argument != NULL);
	for (size_t g = 0; g < args->given_count; g++)
		if (args->given[g].option == option && i-- == 0)
			return args->given[g].value;
	return NULL;
}

const char *cli_value(const struct cli_args *args, const char *name)
{
	const char *last = NULL, *value;
	for (size_t i = 0; (value = cli_value_at(args, name, i)) != NULL; i++)
		last = value;
	return last;
}

bool cli_has(const struct cli_args *args, const char *name)
{
	const struct cli_option *option = option_in(args->command->options, name);
	ASSERT(option != NULL);
	for (size_t g = 0; g < args->given_count; g++)
		if (args->given[g].option == option)
			return true;
	return false;
}

int cli_number(struct cli *cli, const struct cli_args *args, const char *name, int64_t least,
	int64_t most, int64_t standard, int64_t *value)
{
	const char *text = cli_value(args, name);
	long long number = standard;
	if (text != NULL && !gate_int64(text, least, most, &number)) {
		cli_wrong_use(cli,
			tr("--%s: «%s» is not a whole number from %lld to %lld",
				"--%s: «%s» — не целое число от %lld до %lld"),
			name, cli_clean(text), (long long)least, (long long)most);
		return -1;
	}
	*value = number;
	return 0;
}

/* ---- finding the command --------------------------------------------------------- */

static bool is_group(const char *word)
{
	size_t len = strlen(word);
	for (const struct command *const *group = command_groups; *group != NULL; group++)
		for (const struct command *c = *group; c->words != NULL; c++)
			if (strncmp(c->words, word, len) == 0 && c->words[len] == ' ')
				return true;
	return false;
}

/* What could stand after `before` ("" or a group's word), first words once each. */
static const char *nearest_word(const char *before, const char *word)
{
	static char words[CANDIDATES_MAX][PHRASE_MAX];
	const char *candidates[CANDIDATES_MAX + 1];
	size_t count = 0, skip = strlen(before);
	for (const struct command *const *group = command_groups; *group != NULL; group++)
		for (const struct command *c = *group; c->words != NULL && count < CANDIDATES_MAX; c++) {
			const char *rest = c->words;
			if (skip > 0) {
				if (strncmp(rest, before, skip) != 0 || rest[skip] != ' ')
					continue;
				rest += skip + 1;
			}
			snprintf(words[count], PHRASE_MAX, "%s", rest);
			char *space = strchr(words[count], ' ');
			if (space != NULL)
				*space = '\0';
			candidates[count] = words[count];
			count++;
		}
	candidates[count] = NULL;
	return command_nearest(word, candidates);
}

static int unknown_command(struct cli *cli, const char *before, const char *word)
{
	const char *near = nearest_word(before, word);
	const char *gap = before[0] != '\0' ? " " : "";
	if (near != NULL)
		return cli_wrong_use(cli,
			tr("there is no command «%s%s%s»; did you mean «%s%s%s»?",
				"команды «%s%s%s» нет; может быть, «%s%s%s»?"),
			before, gap, cli_clean(word), before, gap, near);
	return cli_wrong_use(cli, tr("there is no command «%s%s%s»", "команды «%s%s%s» нет"), before,
		gap, cli_clean(word));
}

/* ---- options ------------------------------------------------------------------ */

static const struct cli_option *option_by_letter(const struct cli_option *table, char letter)
{
	for (; table != NULL && table->name != NULL; table++)
		if (table->letter == letter)
			return table;
	return NULL;
}

static int unknown_option(struct cli *cli, const struct command *command, const char *given)
{
	const char *candidates[CANDIDATES_MAX + 1];
	size_t count = 0;
	const struct cli_option *tables[] = {
		command != NULL ? command->options : NULL, command_global_options};
	for (size_t t = 0; t < 2; t++)
		for (const struct cli_option *o = tables[t];
			o != NULL && o->name != NULL && count < CANDIDATES_MAX; o++)
			candidates[count++] = o->name;
	candidates[count] = NULL;
	const char *near =
		strncmp(given, "--", 2) == 0 ? command_nearest(given + 2, candidates) : NULL;
	if (near != NULL)
		return cli_wrong_use(cli,
			tr("unknown option «%s»; did you mean «--%s»?",
				"неизвестный ключ «%s»; может быть, «--%s»?"),
			cli_clean(given), near);
	return cli_wrong_use(
		cli, tr("unknown option «%s»", "неизвестный ключ «%s»"), cli_clean(given));
}

/* values "a|b|c": is text one of them? *nearest gets the closest of them. */
static bool value_allowed(const char *values, const char *text, const char **nearest)
{
	static char copy[512];
	const char *candidates[32];
	size_t count = 0;
	*nearest = NULL;
	if (values == NULL || values[0] == '@')
		return true;
	snprintf(copy, sizeof copy, "%s", values);
	char *rest = NULL;
	for (char *one = strtok_r(copy, "|", &rest); one != NULL && count < 31;
		one = strtok_r(NULL, "|", &rest)) {
		if (strcmp(one, text) == 0)
			return true;
		candidates[count++] = one;
	}
	candidates[count] = NULL;
	*nearest = command_nearest(text, candidates);
	return false;
}

static int wrong_value(struct cli *cli, const char *what, const char *text, const char *values,
	const char *nearest)
{
	char choice[512];
	snprintf(choice, sizeof choice, "%s", values);
	for (char *p = choice; *p != '\0'; p++)
		if (*p == '|')
			*p = ' ';
	if (nearest != NULL)
		return cli_wrong_use(cli,
			tr("%s: «%s» is not one of: %s; did you mean «%s»?",
				"%s: «%s» не из списка: %s; может быть, «%s»?"),
			what, cli_clean(text), choice, nearest);
	return cli_wrong_use(cli, tr("%s: «%s» is not one of: %s", "%s: «%s» не из списка: %s"), what,
		cli_clean(text), choice);
}

struct scan {
	struct cli *cli;
	struct cli_args *args;
	char **argv;
	int argc, i;
	bool help;
	bool version;
	bool only_words; /* "--" was there */
};

static int take_option(struct scan *s, const struct cli_option *option, const char *value)
{
	char shown[64];
	snprintf(shown, sizeof shown, "--%s", option->name);
	if (option->argument == NULL && value != NULL)
		return cli_wrong_use(s->cli,
			tr("%s takes no value", "ключ %s не принимает значения"), shown);
	if (option->argument != NULL && value == NULL) {
		if (s->i + 1 >= s->argc)
			return cli_wrong_use(s->cli,
				tr("%s needs a value: %s", "ключу %s нужно значение: %s"), shown,
				option->argument);
		value = s->argv[++s->i];
	}
	const char *nearest;
	if (value != NULL && !value_allowed(option->values, value, &nearest))
		return wrong_value(s->cli, shown, value, option->values, nearest);
	if (option >= command_global_options && option < command_global_options + 4) {
		if (strcmp(option->name, "config") == 0)
			s->cli->config = value;
		else if (strcmp(option->name, "json") == 0)
			s->cli->json = true;
		else if (strcmp(option->name, "help") == 0)
			s->help = true;
		return CLI_DONE; /* --lang was seen before everything */
	}
	struct cli_args *args = s->args;
	args->given = xrealloc(args->given, args->given_count + 1, sizeof *args->given);
	args->given[args->given_count++] = (struct cli_given){option, value};
	return CLI_DONE;
}

static int long_option(struct scan *s, const char *arg)
{
	char name[PHRASE_MAX];
	const char *equals = strchr(arg, '=');
	size_t len = equals != NULL ? (size_t)(equals - arg) - 2 : strlen(arg) - 2;
	const struct command *command = s->args->command;
	if (len == 0 || len >= sizeof name)
		return unknown_option(s->cli, command, arg);
	snprintf(name, sizeof name, "%.*s", (int)len, arg + 2);
	const struct cli_option *option = command != NULL ? option_in(command->options, name) : NULL;
	if (option == NULL)
		option = option_in(command_global_options, name);
	if (option == NULL && command == NULL && strcmp(name, "version") == 0) {
		s->version = true;
		return CLI_DONE;
	}
	if (option == NULL) {
		char shown[PHRASE_MAX + 2];
		snprintf(shown, sizeof shown, "--%s", name);
		return unknown_option(s->cli, command, shown);
	}
	return take_option(s, option, equals != NULL ? equals + 1 : NULL);
}

/* -f, -fn (flags together), -n5, -n 5 */
static int letters(struct scan *s, const char *arg)
{
	const struct command *command = s->args->command;
	for (const char *p = arg + 1; *p != '\0'; p++) {
		const struct cli_option *option =
			command != NULL ? option_by_letter(command->options, *p) : NULL;
		if (option == NULL)
			option = option_by_letter(command_global_options, *p);
		if (option == NULL) {
			char shown[3] = {'-', *p, '\0'};
			return unknown_option(s->cli, command, (*p & 0x80) ? arg : shown);
		}
		bool rest = option->argument != NULL && p[1] != '\0';
		int rc = take_option(s, option, rest ? p + 1 : NULL);
		if (rc != CLI_DONE || rest)
			return rc;
	}
	return CLI_DONE;
}

/* ---- operands ----------------------------------------------------------------- */

static int check_operands(struct cli *cli, const struct cli_args *args)
{
	const struct cli_operand *o = args->command->operands;
	size_t i = 0;
	for (; o != NULL && o->name != NULL; o++) {
		if (i >= args->operand_count) {
			if (o->kind == CLI_OPTIONAL || o->kind == CLI_ANY)
				continue;
			return cli_wrong_use(cli, tr("%s is missing: %s", "не хватает %s: %s"), o->name,
				tr(o->help_en, o->help_ru));
		}
		do {
			const char *nearest;
			if (!value_allowed(o->values, args->operand[i], &nearest))
				return wrong_value(
					cli, o->name, args->operand[i], o->values, nearest);
			i++;
		} while ((o->kind == CLI_MANY || o->kind == CLI_ANY) && i < args->operand_count);
	}
	if (i < args->operand_count)
		return cli_wrong_use(cli, tr("«%s» is too much", "«%s» — лишнее"),
			cli_clean(args->operand[i]));
	return CLI_DONE;
}

/* ---- the whole ------------------------------------------------------------------ */

/* `report calls` after `report`, which is a command by itself: the longer one is meant. */
static const struct command *longer_command(const struct cli_args *args, const char *word)
{
	char longer[PHRASE_MAX * 2];
	if (args->operand_count > 0 || args->given_count > 0 || strlen(word) >= PHRASE_MAX)
		return NULL;
	snprintf(longer, sizeof longer, "%.60s %s", args->command->words, word);
	return command_find(longer);
}

static int take_word(struct scan *s, char *phrase, const char *word)
{
	struct cli_args *args = s->args;
	const struct command *more = args->command == NULL || s->only_words ? NULL : longer_command(args, word);
	if (more != NULL) {
		args->command = more;
		s->cli->command = more;
		return CLI_DONE;
	}
	if (args->command != NULL) {
		args->operand = xrealloc(args->operand, args->operand_count + 1, sizeof *args->operand);
		args->operand[args->operand_count++] = word;
		return CLI_DONE;
	}
	char longer[PHRASE_MAX * 2];
	if (strlen(word) >= PHRASE_MAX)
		return unknown_command(s->cli, phrase, word);
	snprintf(longer, sizeof longer, "%s%s%s", phrase, phrase[0] != '\0' ? " " : "", word);
	args->command = command_find(longer);
	if (args->command != NULL) {
		s->cli->command = args->command;
		return CLI_DONE;
	}
	if (phrase[0] != '\0' || !is_group(word))
		return unknown_command(s->cli, phrase, word);
	snprintf(phrase, PHRASE_MAX, "%s", word);
	return CLI_DONE;
}

/* --lang decides the language of every message, also of those about what stands before it. */
static void see_language(struct cli *cli, int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		const char *value = NULL;
		if (strcmp(argv[i], "--lang") == 0 && i + 1 < argc)
			value = argv[i + 1];
		else if (strncmp(argv[i], "--lang=", 7) == 0)
			value = argv[i] + 7;
		if (value == NULL)
			continue;
		lang_set(strcmp(value, "ru") == 0 ? LANG_RU : LANG_EN);
		cli->lang_given = true;
	}
}

static int show(struct scan *s, const char *phrase, bool *shown)
{
	*shown = true;
	if (s->version)
		printf("vestnik %s\n", VESTNIK_VERSION);
	else if (s->args->command != NULL)
		command_print_help(s->args->command);
	else if (phrase[0] != '\0')
		(void)command_print_group(phrase);
	else
		command_print_overview();
	return CLI_DONE;
}

int command_parse(struct cli *cli, int argc, char **argv, struct cli_args *args, bool *shown)
{
	struct scan s = {.cli = cli, .args = args, .argv = argv, .argc = argc};
	char phrase[PHRASE_MAX] = "";
	*shown = false;
	see_language(cli, argc, argv);
	for (s.i = 1; s.i < argc; s.i++) {
		const char *arg = argv[s.i];
		int rc;
		if (s.only_words || arg[0] != '-' || arg[1] == '\0')
			rc = take_word(&s, phrase, arg);
		else if (strcmp(arg, "--") == 0)
			rc = (s.only_words = true, CLI_DONE);
		else if (arg[1] == '-')
			rc = long_option(&s, arg);
		else
			rc = letters(&s, arg);
		if (rc != CLI_DONE)
			return rc;
	}
	if (s.help || s.version || (args->command == NULL && phrase[0] == '\0'))
		return show(&s, phrase, shown);
	if (args->command == NULL) {
		return cli_wrong_use(cli,
			tr("«%s» needs one more word: see vestnik %s --help",
				"после «%s» нужно ещё слово: см. vestnik %s --help"),
			phrase, phrase);
	}
	return check_operands(cli, args);
}

void command_args_fini(struct cli_args *args)
{
	free(args->given);
	free(args->operand);
	*args = (struct cli_args){0};
}
