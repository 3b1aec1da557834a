#include "portal/annex_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ident.h"
#include "base/xalloc.h"
#include "settings/settings.h"

/* Beyond this the files unused for longest go. */
#define CACHE_MAX_BYTES (2LL * 1024 * 1024 * 1024)

char *annex_folder(const char *data_dir, struct error *e)
{
	char *folder = xasprintf("%s/portal-files", data_dir);
	if (settings_make_folder(folder, e) == 0)
		return folder;
	free(folder);
	return NULL;
}

/* Removes one file, the oldest by use, when they are too many bytes together. true: look again. */
static bool make_room(int folder)
{
	char oldest[NAME_MAX + 1] = "";
	int64_t total = 0, oldest_s = INT64_MAX;
	int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	if (dir == NULL)
		return false;
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		struct stat facts;
		if (entry->d_name[0] == '.' || fstatat(folder, entry->d_name, &facts, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		total += facts.st_size;
		if (facts.st_mtime < oldest_s) {
			oldest_s = facts.st_mtime;
			snprintf(oldest, sizeof oldest, "%s", entry->d_name);
		}
	}
	closedir(dir);
	return total > CACHE_MAX_BYTES && oldest[0] != '\0' && unlinkat(folder, oldest, 0) == 0;
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* A name of its own first: another thread may be writing the same annex. On disk before it has its last
 * name: after a power cut half an annex would be sent to everybody. */
static int store(int folder, const char *hash, const void *data, size_t len, struct error *e)
{
	char name[80], chance[16];
	unsigned char bytes[8];
	ident_random(bytes, sizeof bytes);
	ident_base32(bytes, sizeof bytes, chance);
	snprintf(name, sizeof name, "new-%s", chance);
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_errno(e, "portal-files/%s", name);
	int rc = write_all(fd, data, len);
	if (rc == 0)
		rc = fsync(fd);
	if (rc != 0)
		error_errno(e, "portal-files/%s", name);
	close(fd);
	if (rc == 0 && renameat(folder, name, folder, hash) != 0)
		rc = error_errno(e, "portal-files/%s", hash);
	if (rc != 0)
		unlinkat(folder, name, 0);
	return rc;
}

static int fetch(struct db *db, int folder, const char *hash, bool *found, struct error *e)
{
	struct db_stmt *row;
	if (db_query(db, &row, e, "SELECT data FROM blob WHERE hash = $1", "s", hash) != 0)
		return -1;
	enum db_step step = db_step(row, e);
	*found = step == DB_ROW;
	int rc = step == DB_FAILED ? -1 : 0;
	if (step == DB_ROW) {
		size_t len;
		const void *data = db_blob(row, 0, &len);
		rc = store(folder, hash, data, len, e);
		db_reset(row);
	}
	return rc;
}

static int open_kept(int folder, const char *hash, size_t *len)
{
	struct stat facts;
	int fd = openat(folder, hash, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -1;
	if (fstat(fd, &facts) != 0) {
		close(fd);
		return -1;
	}
	futimens(fd, NULL); /* used now */
	*len = (size_t)facts.st_size;
	return fd;
}

enum db_step annex_open(struct db *db, const char *folder_name, const char *hash, int *fd, size_t *len, struct error *e)
{
	bool found = true;
	int rc = 0;
	int folder = open(folder_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0) {
		error_errno(e, "%s", folder_name);
		return DB_FAILED;
	}
	*fd = open_kept(folder, hash, len);
	if (*fd < 0) {
		while (make_room(folder))
			;
		rc = fetch(db, folder, hash, &found, e);
		if (rc == 0 && found)
			*fd = open_kept(folder, hash, len);
		if (rc == 0 && found && *fd < 0)
			rc = error_errno(e, "portal-files/%s", hash);
	}
	close(folder);
	return rc != 0 ? DB_FAILED : found ? DB_ROW : DB_DONE;
}
