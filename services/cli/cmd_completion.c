/* `vestnik completion bash`: a completion script made from the table of
 * commands. It asks the program nothing while completing, so that Tab is quick
 * and needs no store. deploy/completion/vestnik.bash is its output, and a test
 * holds the two together. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static const char head[] =
	"# Completion of vestnik for bash; made by `vestnik completion bash`: don't edit.\n"
	"# Source it, or put it into /usr/share/bash-completion/completions/vestnik\n"
	"_vestnik()\n"
	"{\n"
	"\tlocal current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
	"\tlocal phrase='' words='' options='' operand='' values='' i word known=''\n"
	"\tlocal IFS=$' \\t\\n'\n"
	"\tCOMPREPLY=()\n"
	"\tif [[ $current == '=' ]]; then\n"
	"\t\tcurrent=''\n"
	"\telif [[ $previous == '=' ]]; then\n"
	"\t\tprevious=${COMP_WORDS[COMP_CWORD-2]}\n"
	"\tfi\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\tword=${COMP_WORDS[i]}\n"
	"\t\tcase $word in\n"
	"\t\t--config|--lang) ((i++)); [[ ${COMP_WORDS[i]} == '=' ]] && ((i++)) ;;\n"
	"\t\t-*) ;;\n"
	"\t\t*)\n";

static const char tail[] =
	"\tif [[ -z $values && $current != -* ]]; then\n"
	"\t\tif [[ -z $known ]]; then\n"
	"\t\t\tvalues=${words:-@none}\n"
	"\t\telse\n"
	"\t\t\tvalues=$operand\n"
	"\t\tfi\n"
	"\tfi\n"
	"\tcase $values in\n"
	"\t@file)\n"
	"\t\tcompopt -o filenames 2>/dev/null\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$current\") ;;\n"
	"\t@folder)\n"
	"\t\tcompopt -o filenames 2>/dev/null\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -d -- \"$current\") ;;\n"
	"\t@none) ;;\n"
	"\t'') mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$current\") ;;\n"
	"\t*) mapfile -t COMPREPLY < <(compgen -W \"$values\" -- \"$current\") ;;\n"
	"\tesac\n"
	"}\n"
	"complete -F _vestnik vestnik\n";

/* First words (before == NULL), or the second words of a group; each once. */
static void print_words(const char *before)
{
	const char *last = "";
	size_t last_len = 0, skip = before != NULL ? strlen(before) : 0;
	for (const struct command *const *group = command_groups; *group != NULL; group++)
		for (const struct command *c = *group; c->words != NULL; c++) {
			const char *word = c->words;
			if (before != NULL) {
				if (strncmp(word, before, skip) != 0 || word[skip] != ' ')
					continue;
				word += skip + 1;
			}
			size_t len = strcspn(word, " ");
			if (len == last_len && strncmp(word, last, len) == 0)
				continue;
			printf("%s%.*s", last_len > 0 ? " " : "", (int)len, word);
			last = word;
			last_len = len;
		}
}

/* "a|b" → "a b"; "@file" as it is; "@command" → the first words. */
static void print_values(const char *values)
{
	if (values == NULL) {
		fputs("@none", stdout);
	} else if (strcmp(values, "@command") == 0) {
		print_words(NULL);
	} else {
		for (; *values != '\0'; values++)
			putchar(*values == '|' ? ' ' : *values);
	}
}

/* Commands that begin with another whole one: `report calls`. */
static void print_longer_phrases(void)
{
	fputs("\t\t\tcase \"$phrase $word\" in\n\t\t\t'-'", stdout);
	for (const struct command *const *group = command_groups; *group != NULL; group++)
		for (const struct command *c = *group; c->words != NULL; c++) {
			char first[64];
			size_t len = strcspn(c->words, " ");
			snprintf(first, sizeof first, "%.*s", (int)len, c->words);
			if (c->words[len] == ' ' && command_find(first) != NULL)
				printf("|'%s'", c->words);
		}
	fputs(") known='' ;;\n\t\t\tesac\n\t\t\t[[ -z $known ]] && phrase+=${phrase:+ }$word\n", stdout);
}

static void print_known_phrases(void)
{
	print_longer_phrases();
	fputs("\t\t\tcase $phrase in\n\t\t\t", stdout);
	bool first = true;
	for (const struct command *const *group = command_groups; *group != NULL; group++)
		for (const struct command *c = *group; c->words != NULL; c++) {
			printf("%s'%s'", first ? "" : "|", c->words);
			first = false;
		}
	fputs(") known=1 ;;\n\t\t\tesac ;;\n\t\tesac\n\tdone\n", stdout);
}

static void print_groups(void)
{
	char done[64] = "";
	fputs("\tcase $phrase in\n\t'') words='", stdout);
	print_words(NULL);
	fputs("' ;;\n", stdout);
	for (const struct command *const *group = command_groups; *group != NULL; group++)
		for (const struct command *c = *group; c->words != NULL; c++) {
			size_t len = strcspn(c->words, " ");
			if (c->words[len] == '\0' ||
				(strlen(done) == len && strncmp(done, c->words, len) == 0))
				continue;
			snprintf(done, sizeof done, "%.*s", (int)len, c->words);
			printf("\t%s) words='", done);
			print_words(done);
			fputs("' ;;\n", stdout);
		}
	fputs("\tesac\n", stdout);
}

static void print_options(const struct cli_option *o)
{
	for (; o != NULL && o->name != NULL; o++)
		printf(" --%s", o->name);
}

static void print_commands(void)
{
	fputs("\tcase $phrase in\n", stdout);
	for (const struct command *const *group = command_groups; *group != NULL; group++)
		for (const struct command *c = *group; c->words != NULL; c++) {
			printf("\t'%s') options='", c->words);
			print_options(c->options);
			fputs("' operand='", stdout);
			if (c->operands != NULL && c->operands[0].name != NULL)
				print_values(c->operands[0].values); /* none: options are offered */
			fputs("' ;;\n", stdout);
		}
	fputs("\tesac\n\toptions+='", stdout);
	print_options(command_global_options);
	fputs("'\n", stdout);
}

static void print_option_values(void)
{
	fputs("\tcase \"$phrase $previous\" in\n", stdout);
	for (const struct command *const *group = command_groups; *group != NULL; group++)
		for (const struct command *c = *group; c->words != NULL; c++)
			for (const struct cli_option *o = c->options; o != NULL && o->name != NULL; o++) {
				if (o->argument == NULL)
					continue;
				printf("\t'%s --%s') values='", c->words, o->name);
				print_values(o->values);
				fputs("' ;;\n", stdout);
			}
	for (const struct cli_option *o = command_global_options; o->name != NULL; o++)
		if (o->argument != NULL) {
			printf("\t*' --%s') values='", o->name);
			print_values(o->values);
			fputs("' ;;\n", stdout);
		}
	fputs("\tesac\n", stdout);
}

static int completion_run(struct cli *cli, const struct cli_args *args)
{
	(void)cli;
	(void)args;
	fputs(head, stdout);
	print_known_phrases();
	print_groups();
	print_commands();
	print_option_values();
	fputs(tail, stdout);
	return CLI_DONE;
}

static const struct cli_operand completion_operands[] = {
	{"SHELL", "bash", CLI_ONE, "which shell", "для какой оболочки"}, {0}};

const struct command completion_commands[] = {
	{"completion", "prints a completion script for the shell",
		"печатает сценарий дополнения команд для оболочки", NULL, NULL, completion_operands,
		NULL, completion_run},
	{0}};
