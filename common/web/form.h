/* A request's body on its way in: fields in memory, files on disk, both bounded. */
#ifndef VESTNIK_WEB_FORM_H
#define VESTNIK_WEB_FORM_H

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdint.h>

#include "base/buf.h"
#include "web/request.h"

#define FORM_FIELD_BYTES (1024 * 1024) /* all names and values of a form together */

enum form_verdict { FORM_GOOD, FORM_TOO_LARGE, FORM_TOO_MANY, FORM_WRONG, FORM_NO_FILES, FORM_NO_ROOM };

/* Of a server's disk, for all bodies on their way in. */
struct form_room {
	atomic_llong used;
	int64_t max;
};
struct form_field {
	struct buf name, value;
};
struct form {
	struct MHD_PostProcessor *processor; /* NULL: the body is kept as it is */
	const char *folder;
	struct form_room *room;
	int64_t body_max, taken, on_disk;
	int files_max;
	enum form_verdict verdict;
	struct web_field *field; /* after form_end */
	struct form_field *building;
	size_t fields, fields_cap, field_bytes;
	struct web_file *file;
	size_t files;
	bool in_file, skip_file; /* where the next piece goes */
	bool bare;               /* the last piece began a value and held nothing of it */
	struct buf body;
	struct web_file spool;   /* a body that is no form and large lies here instead; len 0 = there is none */
};
#define FORM_SPOOL_FROM (64 * 1024)

/* Decides by Content-Type. folder and room are borrowed. */
void form_begin(struct form *form, struct MHD_Connection *connection, const char *folder, struct form_room *room,
	int64_t body_max, int files_max);
/* After trouble the rest is swallowed. */
void form_take(struct form *form, const char *data, size_t len);
void form_end(struct form *form);
void form_fini(struct form *form);

/* What the visitor's browser calls it → a name fit for a header: without folders, control characters,
 * at most 200 bytes; "file" when nothing is left. The caller frees. */
char *form_file_name(const char *claimed);

#endif
