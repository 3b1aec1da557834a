/* Russian text made comparable, for this room only: people type terms and words
 * in many ways that look the same. */
#ifndef VESTNIK_CALENDAR_FOLD_H
#define VESTNIK_CALENDAR_FOLD_H

#include <stddef.h>
#include <stdint.h>

/* One UTF-8 character: its value, and its bytes in *len (1 and the byte itself
 * where it is not UTF-8). text must not be at its end. */
uint32_t fold_next(const char *text, size_t *len);
/* Lower case (Latin and Cyrillic), ё → е, every dash → '-', every blank → ' '.
 * 0: it has no width (soft hyphen, zero-width space, BOM, bidirectional marks). */
uint32_t fold_point(uint32_t point);
/* The whole text, runs of blanks one, trimmed. The caller frees it. */
char *fold_text(const char *text);
/* Where `word` (an address, a name) stands in the text as a word of its own, whatever its case:
 * "ivan@school.test" is not in "divan@school.test", nor in "ivan@school.test.example". *len: bytes
 * there. NULL: nowhere. An empty word is nowhere. */
const char *fold_find(const char *text, const char *word, size_t *len);

#endif
