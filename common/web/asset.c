#include "web/asset.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/gate.h"
#include "base/ident.h"
#include "base/lang.h"
#include "base/xalloc.h"

struct web_assets {
	struct asset asset[ASSETS_MAX];
	size_t count;
};

const char *web_asset_type(const char *name)
{
	static const struct {
		const char *ending, *type;
	} types[] = {{".css", "text/css; charset=utf-8"}, {".js", "text/javascript; charset=utf-8"},
		{".svg", "image/svg+xml"}, {".png", "image/png"}, {".jpg", "image/jpeg"}, {".jpeg", "image/jpeg"},
		{".ico", "image/x-icon"}, {".woff2", "font/woff2"}, {".txt", "text/plain; charset=utf-8"}};
	const char *dot = strrchr(name, '.');
	for (size_t i = 0; dot != NULL && i < sizeof types / sizeof types[0]; i++)
		if (strcasecmp(dot, types[i].ending) == 0)
			return types[i].type;
	return NULL;
}

struct web_assets *web_assets_new(void)
{
	return xcalloc(1, sizeof(struct web_assets));
}

void web_assets_free(struct web_assets **handle)
{
	struct web_assets *assets = *handle;
	*handle = NULL;
	for (size_t i = 0; assets != NULL && i < assets->count; i++) {
		free(assets->asset[i].name);
		free(assets->asset[i].data);
	}
	free(assets);
}

const struct asset *web_assets_find(const struct web_assets *assets, const char *name)
{
	for (size_t i = 0; assets != NULL && i < assets->count; i++)
		if (strcmp(assets->asset[i].name, name) == 0)
			return &assets->asset[i];
	return NULL;
}

int web_assets_add(struct web_assets *assets, const char *name, const void *data, size_t len, struct error *e)
{
	const char *type = web_asset_type(name);
	if (!gate_file_name(name) || type == NULL)
		return error_set(e, ERROR_INPUT,
			tr("%.200s: only .css, .js, .svg, .png, .jpg, .ico, .woff2 and .txt are served",
				"%.200s: годятся только .css, .js, .svg, .png, .jpg, .ico, .woff2 и .txt"),
			name);
	if (len > ASSET_MAX_BYTES)
		return error_set(e, ERROR_FULL, tr("%.200s: larger than 1 MiB", "%.200s: больше 1 МиБ"), name);
	size_t at = 0;
	while (at < assets->count && strcmp(assets->asset[at].name, name) != 0)
		at++;
	if (at == ASSETS_MAX)
		return error_set(e, ERROR_FULL, tr("more than %d files", "больше %d файлов"), ASSETS_MAX);
	struct asset *asset = &assets->asset[at];
	if (at == assets->count)
		assets->count++;
	free(asset->name);
	free(asset->data);
	*asset = (struct asset){xstrdup(name), type, xmemdup(data, len), len};
	return 0;
}

static int add_file(struct web_assets *assets, int folder, const char *name, struct error *e)
{
	struct stat facts;
	char *data = NULL;
	size_t len = 0;
	int rc = -1;
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &facts) != 0) {
		error_errno(e, "%.200s", name);
		goto out;
	}
	if (!S_ISREG(facts.st_mode)) {
		rc = 0; /* a folder: not ours */
		goto out;
	}
	if (facts.st_size > ASSET_MAX_BYTES) {
		error_set(e, ERROR_FULL, tr("%.200s: larger than 1 MiB", "%.200s: больше 1 МиБ"), name);
		goto out;
	}
	data = xmalloc((size_t)facts.st_size + 1);
	for (ssize_t n = 1; n > 0 && len < (size_t)facts.st_size; len += (size_t)n) {
		n = read(fd, data + len, (size_t)facts.st_size - len);
		if (n < 0) {
			error_errno(e, "%.200s", name);
			goto out;
		}
	}
	rc = web_assets_add(assets, name, data, len, e);
out:
	free(data);
	if (fd >= 0)
		close(fd);
	return rc;
}

int web_assets_add_folder(struct web_assets *assets, const char *folder, struct error *e)
{
	DIR *dir = opendir(folder);
	if (dir == NULL)
		return error_errno(e, "%.300s", folder);
	int rc = 0;
	for (struct dirent *entry; rc == 0 && (entry = readdir(dir)) != NULL;)
		if (entry->d_name[0] != '.')
			rc = add_file(assets, dirfd(dir), entry->d_name, e);
	closedir(dir);
	return rc == 0 ? 0 : error_context(e, "%.200s", folder);
}

char *web_assets_url(const struct web_assets *assets, const char *name)
{
	const struct asset *asset = web_assets_find(assets, name);
	if (asset == NULL)
		return NULL;
	char hash[IDENT_HASH_SIZE];
	ident_hash(asset->data, asset->len, hash);
	return xasprintf("/assets/%s?v=%.8s", name, hash);
}
