/* Bytes of a mail → UTF-8. Declared charsets are tried and not believed: text
 * that is valid UTF-8 is UTF-8 whatever it says (unless it says ISO-2022 or
 * UTF-16/32/7, whose bytes mean something else); eight-bit text without a word
 * about it is Windows-1251 or KOI8-R by its letters. Bytes that mean nothing
 * become U+FFFD; a NUL becomes a blank. */
#ifndef VESTNIK_INTAKE_CHARSET_H
#define VESTNIK_INTAKE_CHARSET_H

#include <stddef.h>

/* charset may be NULL or nonsense. CR LF becomes LF. The caller frees. */
char *charset_text(const char *bytes, size_t len, const char *charset);
/* Text that should be UTF-8 already; what is not becomes U+FFFD. The caller frees. */
char *charset_valid(const char *text, size_t len);

/* GMime's home is two files; its objects are one thread's, but what lies beneath (types, memory and
 * converters it keeps for the next) is everybody's: one thread at a time. May be entered again inside. */
void gmime_enter(void);
void gmime_leave(void);

#endif
