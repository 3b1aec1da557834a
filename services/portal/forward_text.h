/* The letter's text for passing on: what it says to everybody, without the figures of one recipient
 * and without any link that could act for him. */
#ifndef VESTNIK_PORTAL_FORWARD_TEXT_H
#define VESTNIK_PORTAL_FORWARD_TEXT_H

#include <jansson.h>
#include <stddef.h>

#include "base/error.h"
#include "base/lang.h"

#define FORWARD_MAX_BYTES (512 * 1024)

/* A letter's Markdown with tags → Markdown without those that are one recipient's: {{deadline.…}},
 * {{round.…}}, {{campaign.…}}, {{document.…}} stay, links of ours become FORWARD_NOWHERE and their name, sections
 * about a recipient go, other values become «…». The caller frees. */
#define FORWARD_NOWHERE "https://personal-link.invalid/"
char *forward_markdown(const char *markdown, size_t len);

/* Heading and text as people read them; links of ours are words. fields: {"deadline","round"}. The caller
 * frees both. ERROR_INPUT: it cannot be shown. */
int forward_render(const json_t *definition, const char *markdown, size_t len, const json_t *fields,
	char **subject, char **text, struct error *e);

#endif
