#include "web/known.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/ident.h"
#include "base/xalloc.h"

#define SETS 512 /* of WAYS: 4,096 people and programs in 64 KiB */
#define WAYS 8

struct known {
	pthread_mutex_t lock;
	unsigned char key[crypto_shorthash_KEYBYTES]; /* nobody can aim at another's set */
	struct seen {
		uint64_t hash; /* 0 = free */
		int64_t at_ms;
	} seen[SETS][WAYS];
};

struct known *known_new(void)
{
	struct known *known = xcalloc(1, sizeof *known);
	pthread_mutex_init(&known->lock, NULL);
	ident_random(known->key, sizeof known->key);
	return known;
}

void known_free(struct known **handle)
{
	if (*handle != NULL)
		pthread_mutex_destroy(&(*handle)->lock);
	free(*handle);
	*handle = NULL;
}

static uint64_t hash_of(const struct known *known, const char *secret)
{
	uint64_t hash;
	crypto_shorthash((unsigned char *)&hash, (const unsigned char *)secret, strlen(secret), known->key);
	return hash | 1ull << 63; /* never 0 */
}

void known_add(struct known *known, const char *secret, int64_t now_ms)
{
	uint64_t hash = hash_of(known, secret);
	struct seen *set = known->seen[hash % SETS], *place = set;
	pthread_mutex_lock(&known->lock);
	for (int i = 0; i < WAYS; i++) {
		if (set[i].hash == hash) {
			place = &set[i];
			break;
		}
		if (place->hash != 0 && (set[i].hash == 0 || set[i].at_ms < place->at_ms))
			place = &set[i];
	}
	*place = (struct seen){hash, now_ms};
	pthread_mutex_unlock(&known->lock);
}

bool known_has(struct known *known, const char *secret)
{
	bool found = false;
	if (secret == NULL)
		return false;
	uint64_t hash = hash_of(known, secret);
	pthread_mutex_lock(&known->lock);
	for (int i = 0; i < WAYS; i++)
		found = found || known->seen[hash % SETS][i].hash == hash;
	pthread_mutex_unlock(&known->lock);
	return found;
}

void known_forget(struct known *known, const char *secret)
{
	uint64_t hash = hash_of(known, secret);
	pthread_mutex_lock(&known->lock);
	for (int i = 0; i < WAYS; i++)
		if (known->seen[hash % SETS][i].hash == hash)
			known->seen[hash % SETS][i] = (struct seen){0};
	pthread_mutex_unlock(&known->lock);
}
