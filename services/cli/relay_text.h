/* A relay's settings for people: never its password. */
#ifndef VESTNIK_CLI_RELAY_TEXT_H
#define VESTNIK_CLI_RELAY_TEXT_H

#include "cli/command.h"
#include "control/relay_view.h"

/* "main: mail.example.org:587, STARTTLS, login, weight 1 …", one line. */
void relay_print(const struct settings_relay *relay);

#endif
