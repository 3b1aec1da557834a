/* The end of the audit log as it stands now, for paper: who cuts entries off later is found out by it
 * (vestnik audit verify --head). */
#ifndef VESTNIK_REPORT_AUDIT_LINE_H
#define VESTNIK_REPORT_AUDIT_LINE_H

#include "base/error.h"
#include "base/lang.h"
#include "store/db.h"

/* "Audit log: entry no. 42, checksum 0123456789abcdef"; *out NULL: the log is empty. Owned. */
int audit_line(struct db *db, enum lang lang, char **out, struct error *e);

#endif
