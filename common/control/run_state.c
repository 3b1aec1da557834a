#include "control/run_state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/gate.h"
#include "base/ident.h"
#include "base/lang.h"

#define STATE_MAX_BYTES (64 * 1024)

static int in_folder(char out[static PATH_MAX], const char *folder, const char *name, struct error *e)
{
	if (snprintf(out, PATH_MAX, "%s/%s", folder, name) >= PATH_MAX)
		return error_set(e, ERROR_INPUT, "%.100s…: %s", folder, strerror(ENAMETOOLONG));
	return 0;
}

static pid_t read_pid(int fd)
{
	char text[32];
	long long pid = 0;
	ssize_t n = pread(fd, text, sizeof text - 1, 0);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return gate_int64(text, 1, INT_MAX, &pid) ? (pid_t)pid : 0;
}

static struct flock whole_file(void)
{
	return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
}

int run_lock(const char *run_dir, int *out, pid_t *holder, struct error *e)
{
	char path[PATH_MAX];
	struct flock lock = whole_file();
	*holder = 0;
	if (in_folder(path, run_dir, "vestnik.pid", e) != 0)
		return -1;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_errno(e, "%s", path);
	/* an open-file-description lock survives the fork of --detach */
	if (fcntl(fd, F_OFD_SETLK, &lock) != 0) {
		int rc = errno == EAGAIN || errno == EACCES
			? error_set(e, ERROR_CONFLICT, tr("already running", "уже запущен"))
			: error_errno(e, "%s", path);
		*holder = read_pid(fd);
		close(fd);
		return rc;
	}
	*out = fd;
	return 0;
}

int run_lock_sign(int fd, struct error *e)
{
	char text[32];
	int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n)
		return error_errno(e, "vestnik.pid");
	return 0;
}

void run_unlock(int *fd)
{
	if (*fd < 0)
		return;
	if (ftruncate(*fd, 0) != 0) { /* the lock tells, the number is a courtesy */
	}
	close(*fd);
	*fd = -1;
}

pid_t run_holder(const char *run_dir)
{
	char path[PATH_MAX];
	struct flock lock = whole_file();
	pid_t pid = 0;
	if (in_folder(path, run_dir, "vestnik.pid", NULL) != 0)
		return 0;
	int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK)
		pid = read_pid(fd);
	close(fd);
	return pid;
}

/* Kept of a host's name: with the rest far below what Kafka takes. */
#define HOST_KEPT 40
#define OWN_BYTES 4

static void name_instance(char out[static RUN_INSTANCE_SIZE])
{
	char host[HOST_KEPT + 1] = "";
	unsigned char own[OWN_BYTES];
	if (gethostname(host, sizeof host - 1) != 0 || host[0] == '\0')
		memcpy(host, "host", sizeof "host");
	for (char *c = host; *c != '\0'; c++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-", *c) == NULL)
			*c = '-';
	/* hosts of one name, two installations on one host: the chance part tells them apart */
	ident_random(own, sizeof own);
	snprintf(out, RUN_INSTANCE_SIZE, "%s-%02x%02x%02x%02x", host, own[0], own[1], own[2], own[3]);
}

/* Only the holder of run_lock comes here, so nobody else writes the file. */
int run_instance(const char *run_dir, char out[static RUN_INSTANCE_SIZE], struct error *e)
{
	char path[PATH_MAX];
	if (in_folder(path, run_dir, "instance", e) != 0)
		return -1;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_errno(e, "%s", path);
	ssize_t n = read(fd, out, RUN_INSTANCE_SIZE - 1);
	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	int rc = 0;
	if (out[0] == '\0') {
		name_instance(out);
		if (dprintf(fd, "%s\n", out) < 0)
			rc = error_errno(e, "%s", path);
	}
	close(fd);
	return rc;
}

int run_state_write(const char *run_dir, const json_t *state, struct error *e)
{
	char path[PATH_MAX], fresh[PATH_MAX];
	if (in_folder(path, run_dir, "services.json", e) != 0 ||
		in_folder(fresh, run_dir, "services.json.new", e) != 0)
		return -1;
	if (json_dump_file(state, fresh, JSON_COMPACT) != 0 || rename(fresh, path) != 0)
		return error_errno(e, "%s", path);
	return 0;
}

json_t *run_state_read(const char *run_dir)
{
	char path[PATH_MAX], text[STATE_MAX_BYTES];
	if (in_folder(path, run_dir, "services.json", NULL) != 0)
		return NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	ssize_t n = read(fd, text, sizeof text);
	close(fd);
	return n > 0 ? json_loadb(text, (size_t)n, 0, NULL) : NULL;
}
