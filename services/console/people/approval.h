/* A second person's word, for pages of other parts. */
#ifndef VESTNIK_CONSOLE_PEOPLE_APPROVAL_H
#define VESTNIK_CONSOLE_PEOPLE_APPROVAL_H

#include "console/console.h"
#include "control/approval.h"

/* "approval" of a page's data for the partial {{> approval_card}}: null when nothing was asked for this
 * content (content_hash NULL: the newest request of the campaign). New reference; NULL: e. Members: slug, hash,
 * title, recipients, asked, approved, refused (one of them true), asked_by, asked_at, decided_by, decided_at, note,
 * current (still the campaign's content), may_decide, own (asked by the visitor himself). */
json_t *approval_card(struct visit *visit, const char *slug, const char *content_hash, struct error *e);
json_t *approval_shown(const struct visit *visit, const struct approval *approval);

#endif
