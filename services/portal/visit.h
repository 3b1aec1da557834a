/* What pages behind a link have in common: is the link one of ours, and what to say when not. */
#ifndef VESTNIK_PORTAL_VISIT_H
#define VESTNIK_PORTAL_VISIT_H

#include "link/link.h"
#include "portal/portal.h"

/* true: *id is what the link is for. false: the visitor has been answered. A link that is none and a
 * link to what is not there look the same. */
bool visit_link(struct web_request *request, struct worker *worker, enum link_purpose purpose, int64_t *id);
/* For a link of the older kind (base/ident.h). */
bool visit_ident_link(struct web_request *request, struct worker *worker, const char *purpose, int64_t *id);
void visit_wrong(struct web_request *request, struct worker *worker);
void visit_withdrawn(struct web_request *request, const char *title);
/* May more be sent with this link just now? false: answered with 429. */
bool visit_may_send(struct web_request *request, struct worker *worker);

/* "/a/<token>" of this request with ?query: where a POST leads back to. The caller frees. */
char *visit_back(const struct web_request *request, const char *query);
/* A link of another purpose that expires with the one in hand; "/f/…". The caller frees. */
char *visit_path(const struct worker *worker, enum link_purpose purpose, int64_t id, const char *token);

/* «12 мая 2023 г., 14:05 (МСК)» in the campaign's zone. New reference. */
json_t *visit_time(int64_t time_ms, const char *zone);
/* JSON null for NULL and "". */
json_t *visit_text(const char *text);

#endif
