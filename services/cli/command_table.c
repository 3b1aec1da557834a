/* The table of commands, and finding in it. */
#include "cli/command.h"

#include <string.h>

#define COMMAND_GROUP(name) extern const struct command name[];
#include "cli/command_groups.h"
#undef COMMAND_GROUP

const struct command *const command_groups[] = {
#define COMMAND_GROUP(name) name,
#include "cli/command_groups.h"
#undef COMMAND_GROUP
	NULL};

const struct cli_option command_global_options[] = {
	{"config", 0, "FILE", "@file", "settings file (else $VESTNIK_CONFIG, ./vestnik.yaml, /etc/vestnik/vestnik.yaml)",
		"файл настроек (иначе $VESTNIK_CONFIG, ./vestnik.yaml, /etc/vestnik/vestnik.yaml)"},
	{"lang", 0, "LANG", "ru|en", "language of messages", "язык сообщений"},
	{"json", 0, NULL, NULL, "one JSON object per line instead of text", "один объект JSON на строку вместо текста"},
	{"help", 'h', NULL, NULL, "this text", "эта справка"},
	{0}};

const struct command *command_find(const char *words)
{
	for (const struct command *const *group = command_groups; *group != NULL; group++)
		for (const struct command *c = *group; c->words != NULL; c++)
			if (strcmp(c->words, words) == 0)
				return c;
	return NULL;
}

/* ---- did you mean ---------------------------------------------------------------- */

#define NEAREST_WORD_MAX 40 /* longer words are not guessed at */

/* Edits (insert, delete, change, swap of neighbours) between two words. */
static size_t distance(const char *a, const char *b)
{
	size_t rows = strlen(a), columns = strlen(b);
	size_t d[NEAREST_WORD_MAX + 1][NEAREST_WORD_MAX + 1];
	if (rows > NEAREST_WORD_MAX || columns > NEAREST_WORD_MAX)
		return NEAREST_WORD_MAX;
	for (size_t i = 0; i <= rows; i++)
		for (size_t j = 0; j <= columns; j++) {
			if (i == 0 || j == 0) {
				d[i][j] = i + j;
				continue;
			}
			size_t best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			if (d[i - 1][j] + 1 < best)
				best = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < best)
				best = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
				d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	return d[rows][columns];
}

const char *command_nearest(const char *word, const char *const *candidates)
{
	const char *best = NULL;
	size_t least = 1 + strlen(word) / 3; /* one mistake in a short word, more in a long one */
	for (; *candidates != NULL; candidates++) {
		size_t d = distance(word, *candidates);
		if (strlen(word) >= 3 && strncmp(word, *candidates, strlen(word)) == 0)
			d = 1; /* the beginning of it */
		if (d <= least && (best == NULL || d < least)) {
			least = d;
			best = *candidates;
		}
	}
	return best;
}
