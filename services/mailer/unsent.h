/* When nobody answers the end of a letter, one thing can still be known: whether
 * the end ever left this machine. */
#ifndef VESTNIK_MAILER_UNSENT_H
#define VESTNIK_MAILER_UNSENT_H

#include <stdbool.h>

/* True when bytes written to the connection have never been sent. They are
 * thrown away then: closing would otherwise still deliver them, and a letter
 * we call unsent would arrive. Linux only; false where it cannot be known. */
bool unsent_discard(int fd);

#endif
