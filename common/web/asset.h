/* Files that are the same for everybody: the stylesheet, the ministry's emblem. All in memory. */
#ifndef VESTNIK_WEB_ASSET_H
#define VESTNIK_WEB_ASSET_H

#include <stddef.h>

#include "base/error.h"
#include "web/embed.h"

#define ASSET_MAX_BYTES (1024 * 1024)
#define ASSETS_MAX 64

struct web_assets;
struct asset {
	char *name;
	const char *media_type;
	char *data;
	size_t len;
};

struct web_assets *web_assets_new(void);
void web_assets_free(struct web_assets **assets);
/* Copies. One of that name is replaced. ERROR_INPUT: a name or type nobody serves; ERROR_FULL. */
int web_assets_add(struct web_assets *assets, const char *name, const void *data, size_t len, struct error *e);
/* Every regular file of a folder whose type is known; others are an error. */
int web_assets_add_folder(struct web_assets *assets, const char *folder, struct error *e);
const struct asset *web_assets_find(const struct web_assets *assets, const char *name);
/* NULL: not a type for pages (css, js, svg, png, jpg, ico, woff2, txt). */
const char *web_asset_type(const char *name);
/* "/assets/style.css?v=1a2b3c4d": a browser that keeps the old one asks for the new. NULL when there is
 * none of that name. The caller frees. */
char *web_assets_url(const struct web_assets *assets, const char *name);

#endif
