#include "console/leftovers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"

#define FOLDERS_OPEN 8

static bool is_ours(const char *name)
{
	static const char *const begins[] = {"compose-", "case-", "console-file-", "api-"};
	for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++)
		if (strncmp(name, begins[i], strlen(begins[i])) == 0)
			return true;
	return false;
}

static bool is_older(const struct stat *st, const struct timespec *begun)
{
	return st->st_mtim.tv_sec < begun->tv_sec ||
		(st->st_mtim.tv_sec == begun->tv_sec && st->st_mtim.tv_nsec < begun->tv_nsec);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st, (void)kind, (void)at;
	if (remove(path) != 0)
		log_warn("console.leftover", "path=%s", log_quote(path));
	return 0; /* the others all the same */
}

/* Whether no other console works in the folder; from now on this one does, as long as the process lives. */
static bool is_alone(const char *run_dir)
{
	char *path = xasprintf("%s/console.lock", run_dir);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	free(path);
	if (fd < 0)
		return false;
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
	bool alone = fcntl(fd, F_OFD_SETLK, &lock) == 0;
	lock.l_type = F_RDLCK; /* at once from the one to the other; else when who looks now has looked */
	if (fcntl(fd, alone ? F_OFD_SETLK : F_OFD_SETLKW, &lock) != 0)
		log_warn("console.lock", "folder=%s error=%s", log_quote(run_dir), strerror(errno));
	return alone;
}

void leftovers_sweep(const char *run_dir, const struct timespec *begun)
{
	DIR *folder = is_alone(run_dir) ? opendir(run_dir) : NULL;
	size_t count = 0;
	for (const struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
		struct stat st;
		char *path = xasprintf("%s/%s", run_dir, entry->d_name);
		if (is_ours(entry->d_name) && lstat(path, &st) == 0 && is_older(&st, begun)) {
			(void)nftw(path, remove_one, FOLDERS_OPEN, FTW_DEPTH | FTW_PHYS);
			count++;
		}
		free(path);
	}
	if (folder != NULL)
		(void)closedir(folder);
	if (count > 0)
		log_info("console.leftovers", "removed=%zu", count);
}
