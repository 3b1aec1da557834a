#include "intake/maildir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/lang.h"
#include "base/xalloc.h"

/* Of one scan: a restart must not need more memory than a day's mail. */
#define SCAN_MAX 4000
/* Of a mail that is too large: enough to say whose it is. */
#define HEAD_BYTES (64 * 1024)
/* File systems' clocks are coarse, and a rename takes its time from them. */
#define CLOCK_MARGIN_MS 5000

/* Only mails another program has moved wait for it; with a hundred thousand mails in cur/ a look
 * takes a fifth of a second. */
#define CUR_EVERY_MS 10000

struct entry {
	char *name;
	bool in_cur;
};

struct maildir {
	const struct settings_mailbox *mailbox;
	int root, fresh, cur; /* fresh: new/ */
	int target;           /* move_to's cur/; -1 = none */
	struct entry *entry;
	size_t count;
	int64_t cur_since_ms; /* 0: cur/ was never looked at */
	int64_t cur_changed_ns; /* the folder's time at the last look */
	int64_t cur_next_ms;  /* monotonic */
	char **moved;         /* base names we moved to cur/ since that look */
	size_t moved_count, moved_room;
	char shown[4096];
};

/* ---- folders --------------------------------------------------------------------- */

static int open_folder(int at, const char *path, struct error *e)
{
	int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	(void)error_errno(e, "%s", path);
	if (e != NULL && e->code != ERROR_FULL) {
		e->code = errno == EACCES ? ERROR_DENIED : ERROR_NOT_FOUND;
		e->retriable = true;
	}
	return -1;
}

static int64_t wall_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int maildir_open(struct maildir **out, const struct settings_mailbox *mailbox, int64_t since_ms,
	struct error *e)
{
	struct maildir *m = xcalloc(1, sizeof *m);
	*m = (struct maildir){.mailbox = mailbox, .root = -1, .fresh = -1, .cur = -1, .target = -1,
		.cur_since_ms = since_ms > 0 ? since_ms : wall_ms()};
	*out = m;
	m->root = open_folder(AT_FDCWD, mailbox->maildir, e);
	if (m->root >= 0)
		m->fresh = open_folder(m->root, "new", e);
	if (m->fresh >= 0)
		m->cur = open_folder(m->root, "cur", e);
	if (m->cur >= 0 && mailbox->move_to != NULL) {
		int target = open_folder(AT_FDCWD, mailbox->move_to, e);
		m->target = target < 0 ? -1 : open_folder(target, "cur", e);
		if (target >= 0)
			close(target);
	}
	if (m->cur >= 0 && (mailbox->move_to == NULL || m->target >= 0))
		return 0;
	(void)error_context(e, tr("mailbox %s: %s is no Maildir that can be read",
				       "ящик %s: %s не папка Maildir или её нельзя прочесть"),
		mailbox->name, mailbox->maildir);
	maildir_close(out);
	return -1;
}

static void forget_scan(struct maildir *m)
{
	for (size_t i = 0; i < m->count; i++)
		free(m->entry[i].name);
	free(m->entry);
	m->entry = NULL;
	m->count = 0;
}

static void forget_moved(struct maildir *m)
{
	for (size_t i = 0; i < m->moved_count; i++)
		free(m->moved[i]);
	m->moved_count = 0;
}

void maildir_close(struct maildir **maildir)
{
	struct maildir *m = *maildir;
	if (m == NULL)
		return;
	*maildir = NULL;
	forget_scan(m);
	forget_moved(m);
	free(m->moved);
	int fds[] = {m->root, m->fresh, m->cur, m->target};
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(m);
}

/* ---- what waits ---------------------------------------------------------------------- */

static size_t base_length(const char *name)
{
	return strcspn(name, ":");
}

static bool moved_by_us(const struct maildir *m, const char *name)
{
	size_t len = base_length(name);
	for (size_t i = 0; i < m->moved_count; i++)
		if (strlen(m->moved[i]) == len && memcmp(m->moved[i], name, len) == 0)
			return true;
	return false;
}

/* A rename is a change of the inode's state: its time says when the mail came to cur/. */
static bool came_lately(const struct maildir *m, const char *name)
{
	struct stat st;
	if (fstatat(m->cur, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return false;
	int64_t changed_ms = (int64_t)st.st_ctim.tv_sec * 1000 + st.st_ctim.tv_nsec / 1000000;
	return changed_ms >= m->cur_since_ms - CLOCK_MARGIN_MS;
}

static void add(struct maildir *m, const char *name, bool in_cur)
{
	m->entry = xrealloc(m->entry, m->count + 1, sizeof *m->entry);
	m->entry[m->count++] = (struct entry){.name = xstrdup(name), .in_cur = in_cur};
}

static int list(struct maildir *m, int folder, bool in_cur, struct error *e)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (dir == NULL) {
		int rc = error_errno(e, "%s", m->mailbox->maildir);
		if (fd >= 0)
			close(fd);
		if (e != NULL)
			e->retriable = true;
		return rc;
	}
	const struct dirent *item;
	while (m->count < SCAN_MAX && (item = readdir(dir)) != NULL) {
		if (item->d_name[0] == '.')
			continue;
		if (!in_cur || (came_lately(m, item->d_name) && !moved_by_us(m, item->d_name)))
			add(m, item->d_name, in_cur);
	}
	closedir(dir);
	return 0;
}

/* cur/ is gone through only after it has changed, and not at every mail we move there. */
static int look_at_cur(struct maildir *m, struct error *e)
{
	struct stat st;
	if (clock_mono_ms() < m->cur_next_ms)
		return 0;
	m->cur_next_ms = clock_mono_ms() + CUR_EVERY_MS;
	if (fstat(m->cur, &st) != 0)
		return error_errno(e, "%s/cur", m->mailbox->maildir);
	int64_t changed_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
	if (changed_ns == m->cur_changed_ns)
		return 0;
	int64_t now_ms = wall_ms();
	if (list(m, m->cur, true, e) != 0)
		return -1;
	if (m->count == SCAN_MAX)
		return 0; /* the rest with the next look, from where this one began */
	m->cur_changed_ns = changed_ns;
	m->cur_since_ms = now_ms;
	forget_moved(m);
	return 0;
}

static int compare_entries(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

int maildir_scan(struct maildir *m, struct error *e)
{
	forget_scan(m);
	if (list(m, m->fresh, false, e) != 0 || look_at_cur(m, e) != 0)
		return -1;
	/* Names begin with the second of delivery. */
	if (m->count > 1)
		qsort(m->entry, m->count, sizeof *m->entry, compare_entries);
	return (int)m->count;
}

/* ---- one mail ------------------------------------------------------------------------------ */

static int read_all(int fd, size_t most, struct buf *bytes, struct error *e)
{
	while (bytes->len < most) {
		size_t want = most - bytes->len < 65536 ? most - bytes->len : 65536;
		char *at = buf_reserve(bytes, want);
		if (at == NULL)
			return error_set(e, ERROR_INTERNAL, "the buffer is smaller than a mail may be");
		ssize_t n = read(fd, at, want);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(e, tr("reading", "чтение"));
		if (n == 0)
			break;
		bytes->len += (size_t)n;
		buf_terminate(bytes);
	}
	return 0;
}

int maildir_read(struct maildir *m, size_t i, size_t most, struct maildir_mail *mail, struct buf *bytes,
	struct error *e)
{
	const struct entry *entry = &m->entry[i];
	struct stat st;
	*mail = (struct maildir_mail){.path = m->shown};
	buf_reset(bytes);
	snprintf(m->shown, sizeof m->shown, "%s/%s/%s", m->mailbox->maildir, entry->in_cur ? "cur" : "new",
		entry->name);
	/* O_NONBLOCK: a pipe somebody put there must not hold us up. */
	int fd = openat(entry->in_cur ? m->cur : m->fresh, entry->name,
		O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		mail->gone = true;
		return 0;
	}
	if (fd < 0 && errno == ELOOP)
		return error_set(e, ERROR_INPUT, "%s: %s", m->shown,
			tr("a symbolic link, not a mail", "символическая ссылка, а не письмо"));
	if (fd < 0)
		return error_errno(e, "%s", m->shown);
	int rc = 0;
	if (fstat(fd, &st) != 0)
		rc = error_errno(e, "%s", m->shown);
	else if (!S_ISREG(st.st_mode))
		rc = error_set(e, ERROR_INPUT, "%s: %s", m->shown,
			tr("not a regular file", "не обычный файл"));
	if (rc == 0) {
		mail->arrived_ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
		mail->too_large = (uint64_t)st.st_size > most;
		if (mail->too_large) /* it will be moved to cur/ under this name */
			snprintf(m->shown, sizeof m->shown, "%s: %.*s", m->mailbox->maildir,
				(int)base_length(entry->name), entry->name);
		rc = read_all(fd, mail->too_large ? HEAD_BYTES : most, bytes, e);
	}
	close(fd);
	return rc;
}

/* The name in cur/: with the mark of a mail that was seen, unless it has marks already. */
static int move(struct maildir *m, const struct entry *entry, int to, struct error *e)
{
	char name[300];
	int from = entry->in_cur ? m->cur : m->fresh;
	bool marked = strstr(entry->name, ":2,") != NULL;
	for (int attempt = 0; attempt < 100; attempt++) {
		char twin[8] = "";
		if (attempt > 0)
			snprintf(twin, sizeof twin, "_%d", attempt);
		int n = snprintf(name, sizeof name, "%.*s%s%s", (int)base_length(entry->name), entry->name,
			twin, marked ? strchr(entry->name, ':') : ":2,S");
		if (n < 0 || (size_t)n >= sizeof name)
			return error_set(e, ERROR_INPUT, tr("%s: the name is too long", "%s: имя слишком длинное"),
				entry->name);
		if (renameat2(from, entry->name, to, name, RENAME_NOREPLACE) == 0 || errno == ENOENT)
			return 0; /* ENOENT: somebody else was faster */
		if (errno == EINVAL || errno == ENOSYS) { /* not every file system can refuse to replace */
			struct stat st;
			if (fstatat(to, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
				continue;
			if (renameat(from, entry->name, to, name) == 0 || errno == ENOENT)
				return 0;
		}
		if (errno != EEXIST)
			return error_errno(e, "%s/%s", m->mailbox->maildir, entry->name);
	}
	return error_set(e, ERROR_CONFLICT, tr("%s: no free name in cur", "%s: в cur нет свободного имени"),
		entry->name);
}

static void note_moved(struct maildir *m, const char *name)
{
	if (m->moved_count == m->moved_room) {
		m->moved_room = m->moved_room == 0 ? 64 : m->moved_room * 2;
		m->moved = xrealloc(m->moved, m->moved_room, sizeof *m->moved);
	}
	m->moved[m->moved_count++] = xstrndup(name, base_length(name));
}

int maildir_done(struct maildir *m, size_t i, bool keep, struct error *e)
{
	const struct entry *entry = &m->entry[i];
	if (!keep && m->target >= 0)
		return move(m, entry, m->target, e);
	if (!keep && !m->mailbox->keep) {
		if (unlinkat(entry->in_cur ? m->cur : m->fresh, entry->name, 0) != 0 && errno != ENOENT)
			return error_errno(e, "%s/%s", m->mailbox->maildir, entry->name);
		return 0;
	}
	if (entry->in_cur)
		return 0;
	if (move(m, entry, m->cur, e) != 0)
		return -1;
	note_moved(m, entry->name);
	return 0;
}
