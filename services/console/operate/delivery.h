/* The page of one letter, in parts. */
#ifndef VESTNIK_CONSOLE_OPERATE_DELIVERY_H
#define VESTNIK_CONSOLE_OPERATE_DELIVERY_H

#include "console/operate/log.h"
#include "control/delivery.h"

/* The letter of the address, loaded; false: answered already. delivery_fini if true. */
bool delivery_of(struct visit *visit, struct delivery *delivery);
/* From the campaign's task to what came back, as the template's timeline has it:
 * [{"time","title","class","badge"?,"by"?,"reply"?,"meaning"?,"note"?,"url"?}]; NULL: e says why. New reference. */
json_t *delivery_story(const struct visit *visit, const struct delivery *delivery, struct error *e);

/* The letter filled again as it was sent, but for links, which lead nowhere: who looks at it here must not
 * answer for the recipient. Each is to be freed. ERROR_INPUT: it cannot be made (any more). */
int delivery_letter(const struct visit *visit, const struct delivery *delivery, char **subject, char **text,
	char **html, struct error *e);

#endif
