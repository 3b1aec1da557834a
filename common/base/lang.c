#include "base/lang.h"

#include <stdlib.h>
#include <string.h>

static enum lang current = LANG_EN;

void lang_set(enum lang lang)
{
	current = lang;
}

enum lang lang_get(void)
{
	return current;
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
	return current == LANG_RU ? ru : en;
}
