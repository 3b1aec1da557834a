/* What a person wrote himself: without the mail he answers, without his
 * signature and what his program adds. */
#ifndef VESTNIK_INTAKE_REPLY_TEXT_H
#define VESTNIK_INTAKE_REPLY_TEXT_H

#include "intake/mail.h"

/* The plain text, else the HTML made plain. UTF-8, lines end in LF, at most some
 * 1 MB; "" when nothing of the writer's own is left. Cut are: lines quoted with
 * ">" (also «ИП>»), "On … wrote:" and «… пишет:» with what they introduce,
 * Outlook's heads (От/Отправлено/Кому/Тема, From/Sent/To/Subject), forwarded
 * mails, everything from "-- " or «С уважением» on, "Sent from my …". The caller frees. */
char *reply_text(const struct mail *mail);

/* The same for a text that is at hand. */
char *reply_text_own(const char *text);

#endif
