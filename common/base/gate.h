/* The one gate for text from outside. Nothing reaches an SMTP command, a mail
 * or HTTP header or a file name without passing here; CR, LF and NUL never do. */
#ifndef VESTNIK_BASE_GATE_H
#define VESTNIK_BASE_GATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, ≤ U+10FFFF). */
bool gate_utf8(const char *s, size_t len);

/* Takes out what is not UTF-8: the halves of characters that a length has cut through. */
void gate_utf8_mend(char *text);

/* May stand in a header: UTF-8, no C0 control characters, no DEL, no U+2028/2029. */
bool gate_header(const char *s, size_t len);

/* Makes text fit for one line of a header or a page: control characters and
 * line separators become spaces, runs of spaces one, bidirectional overrides
 * (U+202A–202E, U+2066–2069) vanish, ends trimmed, cut at a character boundary
 * at max bytes. Input must be UTF-8. The caller frees the result. */
char *gate_clean_line(const char *s, size_t max);

/* Longest address we accept: RFC 5321 4.5.3.1, 64 + 1 + 255, path limit 256. */
#define GATE_ADDRESS_MAX 254

/* An address as it goes to SMTP: RFC 5321 dot-atom local part (ASCII; a
 * non-ASCII one needs SMTPUTF8, which is refused with a text that says so), a
 * domain of LDH labels; IDN domains come back as punycode, the domain lower
 * case. Surrounding blanks are not accepted. out gets at most
 * GATE_ADDRESS_MAX + 1 bytes. ERROR_INPUT with what is wrong. */
int gate_address(const char *text, char out[static GATE_ADDRESS_MAX + 1], struct error *e);

/* The part after '@' of an address that passed the gate. */
const char *gate_address_domain(const char *address);

/* http, https (and mailto when asked) with a host, no control characters, no
 * blanks, no user info. */
bool gate_url(const char *url, bool mailto_too);

/* A file name for a header or a download: no path separators, no control
 * characters, not empty, not "." or "..", ≤ 200 bytes. */
bool gate_file_name(const char *name);

/* Lower-case a–z, 0–9 and '-', starts with a letter or digit, ≤ 64 bytes: names
 * of campaigns, relays, endpoints. */
bool gate_slug(const char *name);

/* Whole string is a decimal number in [min, max]. */
bool gate_int64(const char *text, long long min, long long max, long long *value);

#endif
