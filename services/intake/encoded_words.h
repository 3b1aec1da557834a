/* Base64 words of headers (RFC 2047). GMime 3.2 joins neighbouring words before it decodes them and
 * stops at the first padding inside: of a long Russian subject, name or file name only the first
 * line is left. So they are joined here, before GMime sees them. */
#ifndef VESTNIK_INTAKE_ENCODED_WORDS_H
#define VESTNIK_INTAKE_ENCODED_WORDS_H

#include <stddef.h>

/* NULL when there is nothing to join: bytes serve as they are. Else a copy, never longer than
 * bytes, in which each run of base64 words of one charset is one word; the caller frees it. */
char *encoded_words_join(const char *bytes, size_t len, size_t *out_len);

#endif
