/* For tests: Word documents of our own making (a zip of XML). */
#ifndef VESTNIK_TESTS_DOCX_MAKE_H
#define VESTNIK_TESTS_DOCX_MAKE_H

#include <stddef.h>

/* A package with this document part, at path (replaced). */
void docx_make(const char *path, const char *document, size_t len);
/* A package with these parts: name, content, name, content, NULL. */
void docx_make_parts(const char *path, const char *const *parts);

/* From a short notation to word/document.xml, which the caller frees. Lines, each
 * ended by "\f":
 *   "#text"       a paragraph outside tables
 *   "[" and "]"   a table begins, ends
 *   "a|b|c"       a row; in a cell "\n" ends a paragraph; a cell that begins with
 *                 ">N:" spans N columns, "v:" begins a vertical merge, "^" goes
 *                 on with one; "!" before the first cell: a repeated header row;
 *                 "~" before it: a deleted row
 * Anything else in a cell is text, put in as it is (XML may stand in it). */
char *docx_document(const char *notation);

#endif
