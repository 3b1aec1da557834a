/* The directory: looking for organisations, one of them, importing sheets. */
#ifndef VESTNIK_CONSOLE_DIRECTORY_PART_H
#define VESTNIK_CONSOLE_DIRECTORY_PART_H

#include "console/console.h"

void page_directory(struct visit *visit);           /* list.c */
void page_directory_export(struct visit *visit);    /* revisions.c */
void page_directory_revisions(struct visit *visit);
void page_organisation(struct visit *visit);        /* organisation.c */
void page_contact(struct visit *visit);
void page_import(struct visit *visit);              /* import.c */
void page_import_upload(struct visit *visit);
void page_import_preview(struct visit *visit);
void page_import_reread(struct visit *visit);
void page_import_run(struct visit *visit);
void page_import_drop(struct visit *visit);
void page_import_progress(struct visit *visit);

#define IMPORT_FILE_MAX_BYTES (32 * 1024 * 1024) /* a directory of a country: 40,000 schools are 12 MB */

#endif
