/* The Content-Disposition of a file to keep (RFC 6266, RFC 8187). */
#ifndef VESTNIK_WEB_DISPOSITION_H
#define VESTNIK_WEB_DISPOSITION_H

#define DISPOSITION_SIZE 1000 /* a name of 200 bytes as it is and percent-encoded */

/* name passed gate_file_name. */
const char *disposition_of(const char *name, char out[static DISPOSITION_SIZE]);

#endif
