/* A row of the sheet against the row of the store. */
#ifndef VESTNIK_DIRECTORY_KEEPER_H
#define VESTNIK_DIRECTORY_KEEPER_H

#include "directory/columns.h"
#include "directory/directory.h"
#include "directory/record.h"
#include "store/db.h"

struct keeper {
	struct db *db;
	const struct columns *columns; /* what the sheet does not have stays as it is */
	bool write;                    /* inside a write transaction; else only compares */
	int64_t now_ms, revision;      /* when writing */
};

/* What becomes (write) or would become of the organisation and its contacts. */
int keeper_row(const struct keeper *keeper, const struct record *record, enum directory_fate *fate,
	struct error *e);

#endif
