/* Creates and migrates the tables (store/schema/NNN_*.sql, compiled in). */
#ifndef VESTNIK_STORE_SCHEMA_H
#define VESTNIK_STORE_SCHEMA_H

#include "store/db.h"

/* Brings the store to this program's version under the write lock; safe when
 * several programs do it at once. ERROR_CONFLICT when the store is newer than
 * the program. */
int schema_migrate(struct db *db, struct error *e);

#endif
