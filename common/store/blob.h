/* Bytes of files and mails, kept once however many rows point to them: table blob, by SHA-256. Inside the transaction
 * that writes or removes those rows. */
#ifndef VESTNIK_STORE_BLOB_H
#define VESTNIK_STORE_BLOB_H

#include <stddef.h>

#include "base/error.h"
#include "base/ident.h"
#include "store/db.h"

/* Before the row that points to it. hash: ident_hash of the data. */
int blob_put(struct db *tx, const char *hash, const void *data, size_t len, struct error *e);
/* After the row that pointed to it is gone: it goes, too, unless another row has it. */
int blob_drop_unused(struct db *tx, const char *hash, struct error *e);

/* The same for many: hashes of rows that are being removed. */
struct blob_list {
	char (*hash)[IDENT_HASH_SIZE];
	size_t count, cap;
};
/* Takes the first column of all rows (DELETE … RETURNING hash). */
int blob_list_take(struct blob_list *list, struct db_stmt *rows, struct error *e);
/* Of rows whose hash is copied into others: as blob_put, when the bytes are there. */
int blob_list_keep(const struct blob_list *list, struct db *tx, struct error *e);
/* Drops those no row has any more. */
int blob_list_drop_unused(const struct blob_list *list, struct db *tx, struct error *e);
void blob_list_fini(struct blob_list *list);
/* All at once, of the rows one statement removes. */
int blob_drop_unused_of(struct db *tx, struct db_stmt *removed, struct error *e);

#endif
