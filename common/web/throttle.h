/* How often somebody may: a bucket per key (an address, a token) that empties with each use and fills
 * again with time. Bounded memory: of many strangers those that used least are forgotten first. For
 * threads. */
#ifndef VESTNIK_WEB_THROTTLE_H
#define VESTNIK_WEB_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

struct throttle;

/* burst: uses at once; per_minute: refilled. */
struct throttle *throttle_new(int burst, int per_minute);
void throttle_free(struct throttle **throttle);
/* Takes one. false: none is left; nothing was taken. */
bool throttle_take(struct throttle *throttle, const char *key, int64_t now_mono_ms);
/* Would it be true? */
bool throttle_open(struct throttle *throttle, const char *key, int64_t now_mono_ms);

#endif
