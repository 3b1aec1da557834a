/* Which of our two languages a browser asks for. */
#ifndef VESTNIK_WEB_LANGUAGE_H
#define VESTNIK_WEB_LANGUAGE_H

#include <stdbool.h>

#include "base/lang.h"

/* "ru", "en". */
bool language_named(const char *name, enum lang *lang);
/* An Accept-Language header (RFC 9110 12.5.4); NULL allowed. Russian unless English is preferred. */
enum lang language_accepted(const char *header);

#endif
