#include "web/throttle.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/ident.h"
#include "base/xalloc.h"

#define SETS 4096 /* of WAYS entries: 16,384 keys in 384 KiB */
#define WAYS 4
#define MILLI 1000 /* a use, in the units of `left` */

struct bucket {
	uint64_t key; /* 0 = free */
	int64_t at_ms;
	int64_t left;
};
struct throttle {
	pthread_mutex_t lock;
	unsigned char secret[crypto_shorthash_KEYBYTES]; /* nobody can aim at another's bucket */
	int64_t burst, per_minute;
	struct bucket bucket[SETS][WAYS];
};

struct throttle *throttle_new(int burst, int per_minute)
{
	struct throttle *throttle = xcalloc(1, sizeof *throttle);
	pthread_mutex_init(&throttle->lock, NULL);
	ident_random(throttle->secret, sizeof throttle->secret);
	throttle->burst = (int64_t)burst * MILLI;
	throttle->per_minute = per_minute;
	return throttle;
}

void throttle_free(struct throttle **handle)
{
	if (*handle != NULL)
		pthread_mutex_destroy(&(*handle)->lock);
	free(*handle);
	*handle = NULL;
}

static int64_t filled(const struct throttle *throttle, const struct bucket *bucket, int64_t now_ms)
{
	/* per_minute uses in 60,000 ms = per_minute / 60 of a thousandth in each */
	int64_t left = bucket->left + (now_ms - bucket->at_ms) * throttle->per_minute / 60;
	return left > throttle->burst ? throttle->burst : left;
}

/* The key's bucket, else the fullest of its set made new: who used least is forgotten. */
static struct bucket *bucket_of(struct throttle *throttle, uint64_t hash, int64_t now_ms)
{
	struct bucket *set = throttle->bucket[hash % SETS], *best = NULL;
	int64_t most = -1;
	for (int i = 0; i < WAYS; i++) {
		if (set[i].key == hash)
			return &set[i];
		int64_t left = set[i].key == 0 ? INT64_MAX : filled(throttle, &set[i], now_ms);
		if (left > most) {
			most = left;
			best = &set[i];
		}
	}
	*best = (struct bucket){hash, now_ms, throttle->burst};
	return best;
}

static bool use(struct throttle *throttle, const char *key, int64_t now_ms, bool take)
{
	uint64_t hash;
	crypto_shorthash((unsigned char *)&hash, (const unsigned char *)key, strlen(key), throttle->secret);
	hash |= 1ull << 63; /* never 0 */
	pthread_mutex_lock(&throttle->lock);
	struct bucket *bucket = bucket_of(throttle, hash, now_ms);
	int64_t left = filled(throttle, bucket, now_ms);
	bool open = left >= MILLI;
	if (take && open)
		*bucket = (struct bucket){bucket->key, now_ms, left - MILLI};
	pthread_mutex_unlock(&throttle->lock);
	return open;
}

bool throttle_take(struct throttle *throttle, const char *key, int64_t now_mono_ms)
{
	return use(throttle, key, now_mono_ms, true);
}

bool throttle_open(struct throttle *throttle, const char *key, int64_t now_mono_ms)
{
	return use(throttle, key, now_mono_ms, false);
}
