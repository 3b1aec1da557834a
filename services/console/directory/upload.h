/* A sheet between its preview and its import (table directory_upload): the file itself, what was found out about it, and
 * what would become of every row. It belongs to one account and goes after a day. */
#ifndef VESTNIK_CONSOLE_DIRECTORY_UPLOAD_H
#define VESTNIK_CONSOLE_DIRECTORY_UPLOAD_H

#include "base/ident.h"
#include "console/console.h"

struct upload {
	char *id, *name, *hash;
	int64_t size, created_ms;
	int64_t revision;  /* of the directory it was compared with */
	json_t *wanted;    /* {"encoding","delimiter","sheet"}: chosen by somebody; null = found out */
	/* {"readable","encoding","delimiter","sheet","added","changed","unchanged","skipped","columns":[{"title","becomes"}],
	 * "problems":[{"line","field","text","hint"}]} */
	json_t *facts;
	char *fates;       /* upload_row; NULL unless asked for */
	size_t fates_len;
};
void upload_fini(struct upload *upload);

/* Reads the sheet (nothing of the directory changes), keeps it with what was found. ERROR_INPUT: too large, empty. */
int upload_keep(struct visit *visit, const char *name, const void *data, size_t len, char id[static IDENT_SIZE],
	struct error *e);
/* The same file again, read as `wanted` says (borrowed; NULL: as before), compared with the directory as it is now. */
int upload_read_again(struct visit *visit, const char *id, const json_t *wanted, struct error *e);
/* Of this account. DB_DONE: not there, or too old. */
enum db_step upload_load(struct visit *visit, const char *id, bool with_fates, struct upload *out, struct error *e);
int upload_drop(struct visit *visit, const char *id, struct error *e);
/* What is imported: counts and the revision in *facts ({"added","changed","unchanged","skipped","revision"}), new
 * reference. The upload is gone afterwards. ERROR_CONFLICT: the directory has changed since the preview, which was made
 * anew. */
int upload_import(struct visit *visit, const struct upload *upload, bool skip_bad, json_t **facts, struct error *e);

enum upload_fate { UPLOAD_ADDED = 'a', UPLOAD_CHANGED = 'c', UPLOAD_UNCHANGED = 'u', UPLOAD_SKIPPED = 's' };
struct upload_row { /* valid as long as the upload; lengths: nothing is terminated */
	enum upload_fate fate;
	int64_t line;
	const char *part[5]; /* key, name, column, what is wrong, what would be right */
	size_t len[5];
};
/* The next row from *at (0 at the start). */
bool upload_next(const struct upload *upload, size_t *at, struct upload_row *row);

/* An import that runs in this process: rows done of all. false: none of that id. */
bool upload_progress(const char *id, int64_t *done, int64_t *total);

#endif
