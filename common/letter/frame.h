/* What stands around a letter's text: the head with the requisites, the
 * annexes, the signature, the contacts. HTML and plain text side by side. */
#ifndef VESTNIK_LETTER_FRAME_H
#define VESTNIK_LETTER_FRAME_H

#include "letter/letter.h"
#include "letter/template.h"

/* Up to where the addressee's name goes. */
void frame_head(const struct letter_source *source, struct buf *html, struct buf *text);
/* A line of the addressee: clean, may be empty. first: a blank line stands before it in the text. */
int frame_addressee(struct buf *html, struct buf *text, const char *name, size_t len, bool first);
/* From the addressee to the letter's own text. */
void frame_start(struct mustache *html, struct mustache *text);
/* Annexes, signature, contacts, performer. */
void frame_finish(const struct letter_source *source, struct mustache *html, struct mustache *text);
/* Where to see that the letter is genuine, the way out (each may be NULL), and the end of the page. */
int frame_end(enum lang lang, const char *check, const char *url, struct buf *html, struct buf *text);

#endif
