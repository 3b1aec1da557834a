/* Small things done with text: case, blanks, words, addresses in it. UTF-8. */
#ifndef VESTNIK_INTAKE_TEXT_H
#define VESTNIK_INTAKE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/gate.h"

void text_lower_ascii(char *text);
/* Latin and Russian letters to lower case, ё to е, no-break and thin blanks to
 * blanks; other characters as they are. The length in bytes may shrink. The caller frees. */
char *text_fold(const char *text, size_t len);
/* Blanks (all of ASCII's) off both ends, in place. */
void text_trim(char *text);
/* Runs of blanks and line ends become one blank, in place. */
void text_squeeze(char *text);
/* Is there anything but blanks? NULL = no. */
bool text_has_words(const char *text);
/* Does haystack begin with needle? */
bool text_begins(const char *haystack, const char *needle);

/* The next line of *at (up to end), without its line feed; *len may be 0. false at the end. */
bool text_line(const char **at, const char *end, const char **line, size_t *len);

/* The first address in text[0, len): where it begins and ends (angle brackets
 * excluded); the local part may be quoted. false when there is none. Written
 * forms only: nothing is checked with the gate. */
bool text_address(const char *text, size_t len, const char **start, size_t *address_len);
/* Copies it, "rfc822;" and brackets off, the domain in lower case. false: not one, or too long. */
bool text_address_copy(const char *text, size_t len, char out[static GATE_ADDRESS_MAX + 1]);

#endif
