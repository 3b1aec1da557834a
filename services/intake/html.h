/* HTML of mails → plain text. No tree: a scanner that knows blocks, breaks,
 * cells, entities and what mail programs put around quoted mails. */
#ifndef VESTNIK_INTAKE_HTML_H
#define VESTNIK_INTAKE_HTML_H

#include <stdbool.h>
#include <stddef.h>

/* UTF-8 in, UTF-8 out, never longer than some 1.1 times its input. own_words:
 * leaves out quoted mails as Gmail, Yahoo, Yandex, Mail.ru, Thunderbird, Apple
 * Mail and Outlook mark them. The caller frees. */
char *html_text(const char *html, size_t len, bool own_words);

#endif
