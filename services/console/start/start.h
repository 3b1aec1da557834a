/* Logging in and the first page. */
#ifndef VESTNIK_CONSOLE_START_START_H
#define VESTNIK_CONSOLE_START_START_H

#include "console/console.h"

void page_login(struct visit *visit);
void take_login(struct visit *visit);
void take_logout(struct visit *visit);
void take_language(struct visit *visit);
void page_start(struct visit *visit);

#endif
