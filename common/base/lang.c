#include "base/lang.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static enum lang current = LANG_EN;
static _Thread_local bool own; /* this thread speaks a language of its own */
static _Thread_local enum lang own_lang;

void lang_set(enum lang lang)
{
	current = lang;
}

enum lang lang_get(void)
{
	return own ? own_lang : current;
}

void lang_use(enum lang lang)
{
	own_lang = lang;
	own = true;
}

void lang_use_default(void)
{
	own = false;
}

enum lang lang_of_environment(void)
{
	static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
	for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
		const char *value = getenv(names[i]);
		if (value != NULL && value[0] != '\0')
			return strncmp(value, "ru", 2) == 0 ? LANG_RU : LANG_EN;
	}
	return LANG_EN;
}

const char *tr(const char *en, const char *ru)
{
	return lang_get() == LANG_RU ? ru : en;
}
