/* "Name: value" lines with folding (RFC 5322 2.2), as they stand in the head of
 * a mail, in a delivery report, or quoted in a text. */
#ifndef VESTNIK_INTAKE_FIELDS_H
#define VESTNIK_INTAKE_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

/* Length of the block from text to its first empty line, which is counted; len when none comes. */
size_t fields_block(const char *text, size_t len);

struct fields {
	const char *at, *end;
};
/* The fields of a block, one by one; lines that are none are passed over.
 * name (lower case) and value (unfolded, trimmed, cut at 8 KB) belong to the
 * caller, who frees them. false at the end. */
bool fields_next(struct fields *fields, char **name, char **value);

/* The first value of this name before the first empty line, or NULL. The caller frees. */
char *fields_value(const char *text, size_t len, const char *name);

#endif
