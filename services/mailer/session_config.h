/* What both transports do with a relay's settings. */
#ifndef VESTNIK_MAILER_SESSION_CONFIG_H
#define VESTNIK_MAILER_SESSION_CONFIG_H

#include "mailer/transport.h"

/* libESMTP keeps 4 KB of every letter until its session is destroyed; libcurl
 * keeps to the same, so that relays see one habit. */
#define LETTERS_PER_SESSION_MAX 100

int session_config_check(const struct transport_config *config, struct error *e);
/* Strings become copies of our own; letters_per_session is put in bounds. */
void session_config_copy(struct transport_config *to, const struct transport_config *from);
/* Wipes the password. */
void session_config_fini(struct transport_config *config);

/* The libraries write to sockets that may be gone. */
void session_ignore_sigpipe(void);

#endif
