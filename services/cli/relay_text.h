/* A relay's settings for people and for --json: never its password. */
#ifndef VESTNIK_CLI_RELAY_TEXT_H
#define VESTNIK_CLI_RELAY_TEXT_H

#include "cli/command.h"
#include "settings/settings.h"

/* New reference. */
json_t *relay_json(const struct settings_relay *relay);
/* "main: mail.example.org:587, STARTTLS, login, weight 1 …", one line. */
void relay_print(const struct settings_relay *relay);
/* "1000/h", "500/24h"; "" for no limit. Rotating buffers of cli_clean. */
const char *relay_rate_text(const struct settings_rate *rate);
const char *relay_security_name(enum relay_security security);

#endif
