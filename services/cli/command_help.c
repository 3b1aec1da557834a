/* --help, `vestnik help`: made from the table. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

#define COLUMN_MAX 34 /* longer names put their help on the next line */

static void pad(size_t have, size_t want)
{
	printf("%*s", (int)(have < want ? want - have : 1), "");
}

/* From column `at` on, wrapped to 100 columns at most; a line's end in it stays one. */
static void wrapped(const char *text, size_t at)
{
	size_t terminal = cli_terminal_width();
	size_t most = terminal >= 60 && terminal < 100 ? terminal : 100;
	size_t column = at;
	while (*text != '\0') {
		if (*text == '\n') {
			printf("\n%*s", (int)at, "");
			column = at;
			text++;
			continue;
		}
		size_t len = strcspn(text, " \n");
		char word[256];
		snprintf(word, sizeof word, "%.*s", (int)len, text);
		size_t width = cli_width(word);
		if (column > at && column + 1 + width > most) {
			printf("\n%*s", (int)at, "");
			column = at;
		}
		if (column > at) {
			putchar(' ');
			column++;
		}
		fputs(word, stdout);
		column += width;
		text += len + (text[len] == ' ');
	}
	putchar('\n');
}

/* name, then help at column `at`. */
static void entry(const char *name, size_t at, const char *help)
{
	size_t have = 2 + cli_width(name);
	printf("  %s", name);
	if (have >= at) {
		putchar('\n');
		have = 0;
	}
	pad(have, at);
	wrapped(help, at);
}

static void operand_text(const struct cli_operand *o, char *out, size_t size)
{
	static const char *const shapes[] = {
		[CLI_ONE] = "%s", [CLI_OPTIONAL] = "[%s]", [CLI_MANY] = "%s…", [CLI_ANY] = "[%s…]"};
	const char *shape = shapes[o->kind];
	size_t at = 0;
	out[0] = '\0';
	for (; *shape != '\0' && at + 1 < size; shape++) {
		if (shape[0] == '%' && shape[1] == 's') {
			at += (size_t)snprintf(out + at, size - at, "%s", o->name);
			shape++;
		} else {
			out[at++] = *shape;
			out[at] = '\0';
		}
	}
}

static void usage_line(const struct command *command, char *out, size_t size)
{
	size_t at = (size_t)snprintf(out, size, "vestnik %s", command->words);
	for (const struct cli_operand *o = command->operands; o != NULL && o->name != NULL; o++) {
		char one[64];
		operand_text(o, one, sizeof one);
		at += (size_t)snprintf(out + at, at < size ? size - at : 0, " %s", one);
	}
}

static void option_text(const struct cli_option *o, char *out, size_t size)
{
	char letter[6] = "    ";
	if (o->letter != 0)
		snprintf(letter, sizeof letter, "-%c, ", o->letter);
	if (o->argument != NULL)
		snprintf(out, size, "%s--%s %s", letter, o->name, o->argument);
	else
		snprintf(out, size, "%s--%s", letter, o->name);
}

static size_t widest_option(const struct cli_option *o, size_t widest)
{
	for (; o != NULL && o->name != NULL; o++) {
		char text[96];
		option_text(o, text, sizeof text);
		size_t width = 4 + cli_width(text);
		if (width > widest && width <= COLUMN_MAX)
			widest = width;
	}
	return widest;
}

static void options(const struct cli_option *o, size_t at)
{
	for (; o != NULL && o->name != NULL; o++) {
		char text[96], help[1024];
		option_text(o, text, sizeof text);
		snprintf(help, sizeof help, "%s", tr(o->help_en, o->help_ru));
		if (o->values != NULL && o->values[0] != '@' && strlen(o->values) < 200) {
			size_t len = strlen(help);
			snprintf(help + len, sizeof help - len, " (%s)", o->values);
		}
		entry(text, at, help);
	}
}

void command_print_help(const struct command *command)
{
	char usage[256];
	usage_line(command, usage, sizeof usage);
	printf("%s: %s\n\n", usage, tr(command->summary_en, command->summary_ru));
	if (command->more_en != NULL) {
		wrapped(tr(command->more_en, command->more_ru), 0);
		putchar('\n');
	}
	size_t at = widest_option(command->options, widest_option(command_global_options, 20));
	if (command->operands != NULL && command->operands->name != NULL) {
		for (const struct cli_operand *o = command->operands; o->name != NULL; o++)
			entry(o->name, at, tr(o->help_en, o->help_ru));
		putchar('\n');
	}
	if (command->options != NULL && command->options->name != NULL) {
		options(command->options, at);
		putchar('\n');
	}
	puts(tr("Everywhere:", "Везде:"));
	options(command_global_options, at);
	puts(tr("\nExit code: 0 done, 1 failed, 2 wrong use.",
		"\nКод выхода: 0 сделано, 1 не удалось, 2 неверный вызов."));
}

static size_t widest_usage(const char *word)
{
	size_t widest = 0, len = word != NULL ? strlen(word) : 0;
	for (const struct command *const *group = command_groups; *group != NULL; group++)
		for (const struct command *c = *group; c->words != NULL; c++) {
			char usage[256];
			if (word != NULL && strncmp(c->words, word, len) != 0)
				continue;
			usage_line(c, usage, sizeof usage);
			size_t width = 4 + cli_width(usage);
			if (width > widest && width <= COLUMN_MAX + 12)
				widest = width;
		}
	return widest;
}

bool command_print_group(const char *word)
{
	size_t len = strlen(word), shown = 0, at = widest_usage(word);
	for (const struct command *const *group = command_groups; *group != NULL; group++)
		for (const struct command *c = *group; c->words != NULL; c++) {
			char usage[256];
			if (strncmp(c->words, word, len) != 0 || c->words[len] != ' ')
				continue;
			usage_line(c, usage, sizeof usage);
			entry(usage, at, tr(c->summary_en, c->summary_ru));
			shown++;
		}
	return shown > 0;
}

void command_print_overview(void)
{
	puts(tr("Vestnik sends an organisation's letters and keeps count of what became of each.\n",
		"«Вестник» рассылает письма организации и знает судьбу каждого.\n"));
	size_t at = widest_usage(NULL);
	bool pairs_before = false; /* groups of two words stand apart, the rest together */
	for (const struct command *const *group = command_groups; *group != NULL; group++) {
		bool pairs = strchr((*group)->words, ' ') != NULL;
		if (group != command_groups && (pairs || pairs_before))
			putchar('\n');
		pairs_before = pairs;
		for (const struct command *c = *group; c->words != NULL; c++) {
			char usage[256];
			usage_line(c, usage, sizeof usage);
			entry(usage, at, tr(c->summary_en, c->summary_ru));
		}
	}
	puts(tr("\nEvery command: --help, --json, --config FILE, --lang ru|en.",
		"\nУ каждой команды: --help, --json, --config ФАЙЛ, --lang ru|en."));
}

/* ---- vestnik help ------------------------------------------------------------------ */

static int help_run(struct cli *cli, const struct cli_args *args)
{
	char words[128];
	const char *first = cli_operand(args, 0), *second = cli_operand(args, 1);
	if (first == NULL) {
		command_print_overview();
		return CLI_DONE;
	}
	snprintf(words, sizeof words, "%s%s%s", first, second != NULL ? " " : "",
		second != NULL ? second : "");
	const struct command *command = command_find(words);
	if (command != NULL) {
		command_print_help(command);
		return CLI_DONE;
	}
	if (second == NULL && command_print_group(first))
		return CLI_DONE;
	return cli_wrong_use(
		cli, tr("there is no command «%s»", "команды «%s» нет"), cli_clean(words));
}

static const struct cli_operand help_operands[] = {
	{"COMMAND", "@command", CLI_OPTIONAL, "first word of a command", "первое слово команды"},
	{"WORD", NULL, CLI_OPTIONAL, "its second word", "её второе слово"}, {0}};

const struct command help_commands[] = {
	{"help", "explains a command, or lists them all", "объясняет команду или перечисляет все",
		NULL, NULL, help_operands, NULL, help_run},
	{0}};
