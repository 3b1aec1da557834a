/* A mail that came back. */
#ifndef VESTNIK_CONSOLE_CAMPAIGN_MAIL_PLACE_H
#define VESTNIK_CONSOLE_CAMPAIGN_MAIL_PLACE_H

#include "console/console.h"

/* «ответ», «возврат»; tr(). */
const char *mail_kind_words(const char *kind);
/* {"class","text"} of mail_in.state. New reference. */
json_t *mail_badge(const char *state);

#endif
