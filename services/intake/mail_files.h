/* Mails out of files for people and tests: a file with one mail, an mbox, a
 * Maildir, a folder of any of these, standard input. Reads in pieces; holds one
 * mail at a time, never more than MAIL_BYTES_MAX of it. (The pollers have their
 * own way in: they move what they have read.) */
#ifndef VESTNIK_INTAKE_MAIL_FILES_H
#define VESTNIK_INTAKE_MAIL_FILES_H

#include <stddef.h>

#include "base/error.h"

struct mail_files_visitor {
	/* One mail; bytes are valid during the call. name: the file's path, "path#3" for the third
	 * mail of an mbox, "-" for standard input. */
	void (*mail)(void *arg, const char *name, const void *bytes, size_t len);
	/* A file, or a mail of an mbox, that could not be read (missing, no permission, too
	 * large, no regular file); reading goes on with the next. */
	void (*trouble)(void *arg, const char *name, const struct error *e);
	void *arg;
};
/* path: file, folder, or "-". Files of a folder come in the order of their names;
 * hidden ones and a Maildir's tmp are passed over; folders inside are entered. */
void mail_files_read(const char *path, const struct mail_files_visitor *visitor);

#endif
