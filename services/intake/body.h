/* The words of a mail as one text, for looking things up in it. */
#ifndef VESTNIK_INTAKE_BODY_H
#define VESTNIK_INTAKE_BODY_H

#include <stddef.h>

#include "intake/mail.h"

/* All plain texts of the body after each other; HTML made plain where there is
 * no plain text. At most 64 KB: reports say what they have to say before the
 * copy of the letter. The caller frees; "" when there is none. */
char *body_text(const struct mail *mail);

/* Where a returned mail begins that stands in the text itself ("--- Below this
 * line is a copy of the message."): the length of what comes before. */
size_t body_returned(const char *text, size_t len);

/* The lines that follow the recipient's address, up to the next address at the
 * beginning of a line or the returned mail; the whole text before that when the
 * address does not stand there. The caller frees. */
char *body_about(const char *text, const char *recipient);

/* The heads of returned mails: parts of their own, else quoted in the text, each
 * a block of "Name: value" lines. Calls visit until it returns false. */
void body_returned_heads(
	const struct mail *mail, bool (*visit)(void *arg, const char *head, size_t len), void *arg);

#endif
