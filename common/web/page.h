/* Pages: Mustache templates (common/letter) that hold both languages beside each other:
 * [[English|Русский]] becomes one of them before the template is compiled. Partials are the other
 * files of the set: {{> head}}. Everything is escaped for HTML. */
#ifndef VESTNIK_WEB_PAGE_H
#define VESTNIK_WEB_PAGE_H

#include <jansson.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/lang.h"
#include "base/problem.h"
#include "web/embed.h"

#define PAGE_MAX_BYTES (4 * 1024 * 1024) /* a page with 500 rows of a table */

struct web_pages;
/* files: "answer.html", …; several sets may be given, the first that has a name wins. common: found on every
 * page under "site" (borrowed, not changed afterwards). NULL when a template is wrong: our own
 * bug, found by a test; problems say where. */
struct web_pages *web_pages_new(const struct embedded_set *const *sets, size_t count, const json_t *common,
	struct problems *problems);
void web_pages_free(struct web_pages **pages);

bool web_pages_has(const struct web_pages *pages, const char *name);
/* name without ".html". */
int web_pages_render(const struct web_pages *pages, const char *name, enum lang lang, json_t *data,
	struct buf *out, struct error *e);

#endif
