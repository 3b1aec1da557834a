#include "intake/mail_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "intake/mail.h"

#define PIECE_BYTES 65536
#define DEPTH_MAX 8 /* folders in folders */
#define SKIP_BYTES_MAX                                                                             \
	(256u * 1024 * 1024) /* of a mail that is too large, before the file is given up */

/* ---- lines, or pieces of lines that are longer than a piece ---------------- */

struct lines {
	int fd;
	char piece[PIECE_BYTES];
	size_t at, have;
	bool whole;  /* the piece given last began a line */
	bool ended;  /* … and ended it */
	int trouble; /* errno of a failed read */
};

static bool fill(struct lines *lines)
{
	memmove(lines->piece, lines->piece + lines->at, lines->have - lines->at);
	lines->have -= lines->at;
	lines->at = 0;
	ssize_t n;
	do
		n = read(lines->fd, lines->piece + lines->have, PIECE_BYTES - lines->have);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		lines->trouble = errno;
	if (n > 0)
		lines->have += (size_t)n;
	return n > 0;
}

static bool next_piece(struct lines *lines, const char **piece, size_t *len)
{
	char *feed;
	lines->whole = lines->ended;
	for (;;) {
		feed = memchr(lines->piece + lines->at, '\n', lines->have - lines->at);
		if (feed != NULL || (lines->at == 0 && lines->have == PIECE_BYTES) || !fill(lines))
			break;
	}
	*piece = lines->piece + lines->at;
	*len = feed == NULL ? lines->have - lines->at : (size_t)(feed + 1 - *piece);
	lines->at += *len;
	lines->ended = feed != NULL;
	return *len > 0;
}

/* ---- one file -------------------------------------------------------------- */

struct file {
	const char *name;
	const struct mail_files_visitor *visitor;
	struct buf mail;
	size_t skipped; /* bytes of this mail beyond the maximum */
	size_t mails;	/* of an mbox, finished */
	bool mbox;
};

/* last: the file ends here. */
static void finish_mail(struct file *file, bool last)
{
	struct error e;
	char *name = file->mbox && !(last && file->mails == 0)
			     ? xasprintf("%s#%zu", file->name, file->mails + 1)
			     : xstrdup(file->name);
	if (file->skipped > 0) {
		(void)error_set(&e, ERROR_INPUT, tr("larger than %u MB", "больше %u МБ"),
			MAIL_BYTES_MAX >> 20);
		file->visitor->trouble(file->visitor->arg, name, &e);
	} else {
		file->visitor->mail(file->visitor->arg, name, buf_str(&file->mail), file->mail.len);
	}
	free(name);
	file->mails++;
	file->skipped = 0;
	buf_reset(&file->mail);
}

/* "From sender Thu Apr 29 23:34:45 2015" */
static bool is_mbox_line(const char *line, size_t len)
{
	if (len < 12 || len > 300 || memcmp(line, "From ", 5) != 0)
		return false;
	size_t colons = 0, digits = 0;
	for (size_t i = 5; i < len; i++) {
		colons += line[i] == ':';
		digits += line[i] >= '0' && line[i] <= '9';
	}
	return colons >= 1 && digits >= 7;
}

static void take_piece(struct file *file, const char *piece, size_t len, bool whole)
{
	size_t arrows = 0;
	while (file->mbox && whole && arrows < len && piece[arrows] == '>')
		arrows++;
	if (arrows > 0 && len - arrows > 5 && memcmp(piece + arrows, "From ", 5) == 0) {
		piece++; /* mbox puts ">" before a line that looks like its own */
		len--;
	}
	if (file->skipped > 0 || buf_append(&file->mail, piece, len) != 0)
		file->skipped += len;
}

static void read_file(int fd, const char *name, const struct mail_files_visitor *visitor)
{
	struct lines *lines = xcalloc(1, sizeof *lines);
	struct file file = {.name = name, .visitor = visitor};
	struct error e;
	const char *piece;
	size_t len;
	bool blank = true, first = true;
	lines->fd = fd;
	lines->ended = true;
	buf_init(&file.mail, MAIL_BYTES_MAX);
	while (file.skipped < SKIP_BYTES_MAX && next_piece(lines, &piece, &len)) {
		bool mark = lines->whole && blank && is_mbox_line(piece, len);
		if (first && mark)
			file.mbox = true;
		else if (mark && file.mbox)
			finish_mail(&file, false);
		else
			take_piece(&file, piece, len, lines->whole);
		first = false;
		blank = lines->ended && (len == 1 || (len == 2 && *piece == '\r'));
		if (!file.mbox && file.skipped > 0)
			break; /* one mail, and too large: no need to see the rest */
	}
	if (lines->trouble != 0) {
		errno = lines->trouble;
		(void)error_errno(&e, "%s", tr("cannot read", "не читается"));
		visitor->trouble(visitor->arg, name, &e);
	} else {
		finish_mail(&file, true);
	}
	buf_fini(&file.mail);
	free(lines);
}

/* ---- folders --------------------------------------------------------------- */

static void read_path(const char *path, int depth, const struct mail_files_visitor *visitor);

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && strcmp(entry->d_name, "tmp") != 0;
}

static void read_folder(const char *path, int depth, const struct mail_files_visitor *visitor)
{
	struct dirent **entry;
	struct error e;
	int count = scandir(path, &entry, visible, alphasort);
	if (count < 0) {
		(void)error_errno(&e, "%s", tr("cannot read the folder", "папка не читается"));
		visitor->trouble(visitor->arg, path, &e);
		return;
	}
	size_t len = strlen(path);
	for (int i = 0; i < count; i++) {
		char *inside = xasprintf("%s%s%s", path, len > 0 && path[len - 1] == '/' ? "" : "/",
			entry[i]->d_name);
		read_path(inside, depth + 1, visitor);
		free(inside);
		free(entry[i]);
	}
	free(entry);
}

static void read_path(const char *path, int depth, const struct mail_files_visitor *visitor)
{
	struct stat st;
	struct error e;
	/* Not blocking: a pipe somebody left in the folder must not hold us. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) != 0) {
		(void)error_errno(&e, "%s", tr("cannot open", "не открывается"));
		visitor->trouble(visitor->arg, path, &e);
	} else if (S_ISREG(st.st_mode)) {
		read_file(fd, path, visitor);
	} else if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX) {
		read_folder(path, depth, visitor);
	} else {
		(void)error_set(&e, ERROR_INPUT, "%s",
			S_ISDIR(st.st_mode)
				? tr("too deep a folder", "слишком глубокая папка")
				: tr("neither a file nor a folder", "не файл и не папка"));
		visitor->trouble(visitor->arg, path, &e);
	}
	if (fd >= 0)
		close(fd);
}

void mail_files_read(const char *path, const struct mail_files_visitor *visitor)
{
	if (strcmp(path, "-") == 0)
		read_file(STDIN_FILENO, path, visitor);
	else
		read_path(path, 0, visitor);
}
