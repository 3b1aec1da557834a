#ifndef VESTNIK_CONSOLE_API_SENDERS_H
#define VESTNIK_CONSOLE_API_SENDERS_H

#include "console/api/api.h"

/* false after a problem: the key may not send from this address. */
bool api_sender_ok(struct api *api, const char *address);
/* The sender of the campaign in the path. */
bool api_sender_of_stored(struct api *api);

#endif
