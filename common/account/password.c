/* Passwords: argon2id by libsodium's "interactive" measure. One check takes 64 MiB, so that a crowd at the
 * login page must wait its turn, and most of it is sent away at once. */
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "account/account.h"
#include "base/gate.h"
#include "base/ident.h"
#include "base/lang.h"

_Static_assert(ACCOUNT_HASH_SIZE >= crypto_pwhash_STRBYTES, "a hash fits");

/* ---- turns ------------------------------------------------------------------------------ */

static pthread_mutex_t turn_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn_free = PTHREAD_COND_INITIALIZER;
static int turns_taken, turns_waiting;

/* most: who finds that many waiting is sent away. */
static bool turn_take(int most)
{
	pthread_mutex_lock(&turn_lock);
	bool mine = turns_taken < ACCOUNT_CHECKS_AT_ONCE || turns_waiting < most;
	if (mine) {
		turns_waiting++;
		while (turns_taken == ACCOUNT_CHECKS_AT_ONCE)
			pthread_cond_wait(&turn_free, &turn_lock);
		turns_waiting--;
		turns_taken++;
	}
	pthread_mutex_unlock(&turn_lock);
	return mine;
}

static void turn_give(void)
{
	pthread_mutex_lock(&turn_lock);
	turns_taken--;
	pthread_cond_signal(&turn_free);
	pthread_mutex_unlock(&turn_lock);
}

/* ---- what is a good one ------------------------------------------------------------------- */

#define DIFFERENT_LEAST 5 /* bytes that differ */

/* Beginnings of what people take when they are to take ten characters; compared in lower case. */
static const char *const common[] = {"password", "passw0rd", "p@ssword", "p@ssw0rd", "qwerty", "qwertz", "1234567890",
	"0123456789", "123456789", "987654321", "0987654321", "1q2w3e4r", "1qaz2wsx", "q1w2e3r4", "abcdefgh", "abc123",
	"asdfghjkl", "zxcvbnm", "iloveyou", "letmein", "welcome", "administrator", "admin123", "vestnik", "changeme", "secret",
	"пароль", "Пароль", "ПАРОЛЬ", "йцукен", "Йцукен", "ЙЦУКЕН", "вестник", "Вестник", "министерство", "gfhjkm", "ghbdtn"};

/* A word of the list with a year or signs behind it is no better: what remains counts. */
static bool is_common(const char *password)
{
	for (size_t i = 0; i < sizeof common / sizeof common[0]; i++) {
		size_t len = strlen(common[i]);
		if (strncasecmp(password, common[i], len) != 0)
			continue;
		size_t letters = 0;
		for (const char *p = password + len; *p != '\0'; p++)
			letters += strchr("0123456789!.,-_@#$%*+?", *p) == NULL && ((unsigned char)*p & 0xc0) != 0x80;
		if (letters < 4)
			return true;
	}
	return false;
}

static bool has_few(const char *password)
{
	bool seen[256] = {false};
	int different = 0;
	for (const char *p = password; *p != '\0'; p++) {
		different += !seen[(unsigned char)*p];
		seen[(unsigned char)*p] = true;
	}
	return different < DIFFERENT_LEAST;
}

static bool is_login(const char *login, const char *password)
{
	size_t len = strlen(login);
	return len > 0 && strncasecmp(login, password, len) == 0 && strlen(password) < len + 4;
}

int account_password_check(const char *login, const char *password, struct error *e)
{
	size_t characters = 0, len = strlen(password);
	for (const char *p = password; *p != '\0'; p++)
		characters += ((unsigned char)*p & 0xc0) != 0x80;
	if (characters < ACCOUNT_PASSWORD_LEAST)
		return error_set(e, ERROR_INPUT,
			tr("the password needs at least %d characters", "в пароле должно быть не меньше %d знаков"),
			ACCOUNT_PASSWORD_LEAST);
	if (len > ACCOUNT_PASSWORD_MAX)
		return error_set(e, ERROR_INPUT, tr("the password is longer than %d bytes", "пароль длиннее %d байт"),
			ACCOUNT_PASSWORD_MAX);
	if (is_login(login, password))
		return error_set(e, ERROR_INPUT, "%s", tr("the password is the login", "пароль совпадает с логином"));
	if (has_few(password))
		return error_set(e, ERROR_INPUT, "%s",
			tr("the password repeats a few characters", "пароль состоит из нескольких повторяющихся знаков"));
	if (is_common(password))
		return error_set(e, ERROR_INPUT, "%s",
			tr("everybody tries this password first: take several words", "такой пароль подбирают первым: возьмите несколько слов"));
	return 0;
}

/* ---- hashing ------------------------------------------------------------------------------- */

static int hash_now(const char *password, char out[static ACCOUNT_HASH_SIZE])
{
	return crypto_pwhash_str(out, password, strlen(password), crypto_pwhash_OPSLIMIT_INTERACTIVE,
		crypto_pwhash_MEMLIMIT_INTERACTIVE);
}

int account_password_hash(const char *login, const char *password, char hash[static ACCOUNT_HASH_SIZE], struct error *e)
{
	if (account_password_check(login, password, e) != 0)
		return -1;
	turn_take(INT32_MAX);
	int rc = hash_now(password, hash);
	turn_give();
	return rc == 0 ? 0
		       : error_set(e, ERROR_UNAVAILABLE, "%s",
				 tr("no memory to hash a password", "не хватает памяти для проверки пароля"));
}

/* What an unknown login is checked against, so that it takes as long: made once. */
static const char *nobody(void)
{
	static char hash[ACCOUNT_HASH_SIZE];
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	pthread_mutex_lock(&lock);
	if (hash[0] == '\0') {
		char random[ACCOUNT_PASSWORD_SIZE];
		account_password_random(random);
		if (hash_now(random, hash) != 0)
			hash[0] = '\0'; /* no memory now: with the next one */
	}
	pthread_mutex_unlock(&lock);
	return hash;
}

bool account_password_fits(const char *hash, const char *password, struct error *e)
{
	size_t len = strlen(password);
	bool real = hash[0] != '\0' && len <= ACCOUNT_PASSWORD_MAX;
	if (!turn_take(ACCOUNT_WAITING_MOST)) {
		error_set(e, ERROR_UNAVAILABLE, "%s", tr("too many are logging in", "слишком многие входят одновременно"));
		return false;
	}
	const char *against = real ? hash : nobody();
	bool good = crypto_pwhash_str_verify(against, password, len <= ACCOUNT_PASSWORD_MAX ? len : 0) == 0;
	turn_give();
	return real && good;
}

void account_password_random(char out[static ACCOUNT_PASSWORD_SIZE])
{
	/* No letter that sounds or looks like another one in either language. */
	static const char consonant[] = "bdfgklmnprstvz", vowel[] = "aeiou";
	size_t at = 0;
	for (int syllable = 0; syllable < 9; syllable++) {
		if (syllable > 0 && syllable % 3 == 0)
			out[at++] = '-';
		out[at++] = consonant[randombytes_uniform(sizeof consonant - 1)];
		out[at++] = vowel[randombytes_uniform(sizeof vowel - 1)];
	}
	snprintf(out + at, ACCOUNT_PASSWORD_SIZE - at, "%02u", randombytes_uniform(100));
}
