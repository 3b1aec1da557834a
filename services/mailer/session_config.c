#include "mailer/session_config.h"

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

int session_config_check(const struct transport_config *config, struct error *e)
{
	if (config->host[0] == '\0' || config->port < 1 || config->port > 65535)
		return error_set(e, ERROR_INPUT, "relay %s: no host or no port", config->relay);
	if (config->user != NULL && config->password == NULL)
		return error_set(e, ERROR_INPUT, "relay %s: a user without a password", config->relay);
	return 0;
}

void session_config_copy(struct transport_config *to, const struct transport_config *from)
{
	*to = *from;
	to->relay = xstrdup(from->relay);
	to->host = xstrdup(from->host);
	to->ca_file = xstrdup(from->ca_file);
	to->ehlo = xstrdup(from->ehlo);
	to->user = xstrdup(from->user);
	to->password = xstrdup(from->password);
	if (to->letters_per_session < 1 || to->letters_per_session > LETTERS_PER_SESSION_MAX)
		to->letters_per_session = LETTERS_PER_SESSION_MAX;
}

static void free_text(const char **text)
{
	free((char *)(uintptr_t)*text);
	*text = NULL;
}

void session_config_fini(struct transport_config *config)
{
	if (config->password != NULL)
		explicit_bzero((char *)(uintptr_t)config->password, strlen(config->password));
	free_text(&config->password);
	free_text(&config->user);
	free_text(&config->relay);
	free_text(&config->host);
	free_text(&config->ca_file);
	free_text(&config->ehlo);
}

void session_ignore_sigpipe(void)
{
	struct sigaction action;
	if (sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL)
		(void)signal(SIGPIPE, SIG_IGN);
}
