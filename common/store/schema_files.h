/* The files of store/schema/, compiled in by schema_files.cmake, in order. */
#ifndef VESTNIK_STORE_SCHEMA_FILES_H
#define VESTNIK_STORE_SCHEMA_FILES_H

#include <stddef.h>

enum schema_only { SCHEMA_ALL, SCHEMA_SQLITE, SCHEMA_POSTGRES };

struct schema_file {
	int number; /* of all files together: NNN_name.sql, sqlite/NNN_name.sql, … */
	enum schema_only only;
	const char *name;
	const char *sql;
};

extern const struct schema_file schema_files[];
extern const size_t schema_files_count;

#endif
