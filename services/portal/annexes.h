/* A campaign's annexes as links. */
#ifndef VESTNIK_PORTAL_ANNEXES_H
#define VESTNIK_PORTAL_ANNEXES_H

#include "portal/portal.h"

/* [{"title","url","size"}]; the links expire with the token in hand. New reference; NULL and *e. */
json_t *annexes_list(struct worker *worker, int64_t campaign, const char *token, struct error *e);

#endif
