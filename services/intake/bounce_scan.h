/* Who a bounce in prose is about, and what is said about each. */
#ifndef VESTNIK_INTAKE_BOUNCE_SCAN_H
#define VESTNIK_INTAKE_BOUNCE_SCAN_H

#include "base/buf.h"
#include "base/gate.h"
#include "intake/mail.h"

#define BOUNCE_SCAN_MAX 100 /* recipients; prose about more is not read by anybody */

struct bounce_scan {
	struct bounce_about {
		char recipient[GATE_ADDRESS_MAX + 1];
		struct buf about; /* the lines about it */
	} item[BOUNCE_SCAN_MAX];
	size_t count;
};

/* Addresses at the beginning of a line (bullets, brackets, ">>>", reply codes
 * aside) followed by nothing more than punctuation or a reason; and right after
 * mark (folded). begin (folded): only after the line that holds it; "-" = never
 * at the beginning of a line. */
void bounce_scan_text(struct bounce_scan *scan, const char *text, size_t len, const char *begin,
	const char *mark);
/* Where else recipients stand: X-Failed-Recipients, behind words many programs use, the To of the
 * returned letter, a "To:" line of the text. text: the whole of it, quoted letter included. */
void bounce_scan_elsewhere(struct bounce_scan *scan, const struct mail *mail, const char *text);
void bounce_scan_fini(struct bounce_scan *scan);

#endif
