/* Inside the console: cookies of the gate and of logging in. */
#ifndef VESTNIK_CONSOLE_GATE_H
#define VESTNIK_CONSOLE_GATE_H

#include "console/console.h"

enum console_cookie {
	COOKIE_SESSION, /* who is logged in */
	COOKIE_FORM,    /* nobody yet: what the login form's csrf is made of */
	COOKIE_BROWSER  /* this browser has been logged in as … before (login.c) */
};
/* NULL when there is none. Over HTTPS the names begin with __Host-: no other host, no plain HTTP can set them. */
const char *gate_cookie(const struct web_request *request, enum console_cookie cookie);
/* max_age_s 0: away with it. */
void gate_set_cookie(struct web_request *request, enum console_cookie cookie, const char *value, int max_age_s);
/* Came with an API key that was good when it was last looked at. */
bool gate_known_program(const struct console *console, const struct web_request *request);
/* web_config.known and .words. */
bool gate_known(void *console, const struct web_request *request);
bool gate_words(int status, const char **title, const char **text);

#endif
