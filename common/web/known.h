/* Who was let in lately (a session, an API key), for threads that have no store to ask: what is given away by
 * mistake here must be harmless. Bounded memory: of a set of many the one seen longest ago is forgotten. Keeps
 * no secrets, only keyed hashes. For threads. */
#ifndef VESTNIK_WEB_KNOWN_H
#define VESTNIK_WEB_KNOWN_H

#include <stdbool.h>
#include <stdint.h>

struct known;

struct known *known_new(void);
void known_free(struct known **known);
void known_add(struct known *known, const char *secret, int64_t now_mono_ms);
void known_forget(struct known *known, const char *secret);
/* NULL is nobody. */
bool known_has(struct known *known, const char *secret);

#endif
