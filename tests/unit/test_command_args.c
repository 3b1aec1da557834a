/* From argv to a command: what is taken, what is wrong use, what is meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "cli/cli.h"
#include "cli/command_args.h"

#define WORDS_MAX 12

/* Standard error of the parser goes to a file that the test reads. */
static char errors[1024];
static int saved_error = -1;
static FILE *error_file;

static void catch_errors(void)
{
	fflush(stderr);
	error_file = tmpfile();
	assert_non_null(error_file);
	saved_error = dup(STDERR_FILENO);
	dup2(fileno(error_file), STDERR_FILENO);
}

static void release_errors(void)
{
	fflush(stderr);
	dup2(saved_error, STDERR_FILENO);
	close(saved_error);
	rewind(error_file);
	size_t n = fread(errors, 1, sizeof errors - 1, error_file);
	errors[n] = '\0';
	fclose(error_file);
}

static int parse(const char *line, struct cli *cli, struct cli_args *args, bool *shown)
{
	static char copy[512];
	static char program[] = "vestnik";
	char *argv[WORDS_MAX + 1] = {program};
	int argc = 1;
	char *rest = NULL;
	snprintf(copy, sizeof copy, "%s", line);
	for (char *word = strtok_r(copy, " ", &rest); word != NULL && argc < WORDS_MAX;
		word = strtok_r(NULL, " ", &rest))
		argv[argc++] = strcmp(word, "''") == 0 ? word + 2 : word;
	cli_init(cli);
	lang_set(LANG_EN);
	catch_errors();
	int rc = command_parse(cli, argc, argv, args, shown);
	release_errors();
	return rc;
}

static void wrong_use_is_explained(void **state)
{
	(void)state;
	static const struct {
		const char *line, *want; /* part of the message */
	} rows[] = {
		{"compltion bash", "did you mean «completion»?"},
		{"hepl", "did you mean «help»?"},
		{"xyzzy", "there is no command «xyzzy»"},
		{"completion", "SHELL is missing"},
		{"completion bash bash", "«bash» is too much"},
		{"completion basch", "did you mean «bash»?"},
		{"completion fish", "is not one of: bash"},
		{"completion --jsn bash", "did you mean «--json»?"},
		{"completion --json=1 bash", "takes no value"},
		{"completion -x bash", "unknown option «-x»"},
		{"completion bash --config", "needs a value: FILE"},
		{"--lang de help", "«de» is not one of: ru en"},
		{"--versio", "unknown option"},
		{"completion --version", "unknown option «--version»"},
		{"''", "there is no command «»"},
		{"completion ''", "«» is not one of"},
		{"--lang ru hepl", "может быть, «help»?"},
		{"he\033[31mlp", "«he?[31mlp»"}, /* nothing reaches the terminal raw */
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct cli cli;
		struct cli_args args = {0};
		bool shown;
		int rc = parse(rows[i].line, &cli, &args, &shown);
		command_args_fini(&args);
		if (rc != CLI_WRONG_USE)
			fail_msg("%s: got %d, want %d", rows[i].line, rc, CLI_WRONG_USE);
		if (strstr(errors, rows[i].want) == NULL)
			fail_msg("%s: got «%s», want «%s» in it", rows[i].line, errors, rows[i].want);
	}
}

static void global_options_stand_anywhere(void **state)
{
	(void)state;
	static const char *const lines[] = {
		"--json --config a.yaml completion bash",
		"completion --json bash --config=a.yaml",
		"completion bash --config a.yaml --json",
		"--config b.yaml completion --json --config a.yaml -- bash",
	};
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		struct cli cli;
		struct cli_args args = {0};
		bool shown;
		if (parse(lines[i], &cli, &args, &shown) != CLI_DONE)
			fail_msg("%s: refused: %s", lines[i], errors);
		assert_false(shown);
		assert_true(cli.json);
		assert_string_equal(cli.config, "a.yaml");
		assert_string_equal(args.command->words, "completion");
		assert_int_equal(cli_operands(&args), 1);
		assert_string_equal(cli_operand(&args, 0), "bash");
		command_args_fini(&args);
	}
}

static void after_two_dashes_everything_is_an_operand(void **state)
{
	(void)state;
	struct cli cli;
	struct cli_args args = {0};
	bool shown;
	assert_int_equal(parse("help -- --json", &cli, &args, &shown), CLI_DONE);
	assert_false(cli.json);
	assert_string_equal(cli_operand(&args, 0), "--json");
	command_args_fini(&args);
}

static void every_command_is_whole(void **state)
{
	(void)state;
	for (const struct command *const *group = command_groups; *group != NULL; group++)
		for (const struct command *c = *group; c->words != NULL; c++) {
			if (c->run == NULL || c->summary_en == NULL || c->summary_ru == NULL)
				fail_msg("%s: no function or no summary", c->words);
			if (command_find(c->words) != c)
				fail_msg("%s: there are two", c->words);
			if ((c->more_en == NULL) != (c->more_ru == NULL))
				fail_msg("%s: explained in one language only", c->words);
			for (const struct cli_option *o = c->options; o != NULL && o->name != NULL; o++) {
				if (o->help_en == NULL || o->help_ru == NULL)
					fail_msg("%s --%s: no help", c->words, o->name);
				for (const struct cli_option *g = command_global_options; g->name != NULL; g++)
					if (strcmp(g->name, o->name) == 0 || (o->letter != 0 && o->letter == g->letter))
						fail_msg("%s --%s: means something everywhere", c->words, o->name);
			}
			for (const struct cli_operand *o = c->operands; o != NULL && o->name != NULL; o++)
				if (o->help_en == NULL || o->help_ru == NULL)
					fail_msg("%s %s: no help", c->words, o->name);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_use_is_explained),
		cmocka_unit_test(global_options_stand_anywhere),
		cmocka_unit_test(after_two_dashes_everything_is_an_operand),
		cmocka_unit_test(every_command_is_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
