#include "account/api_key.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account/account.h"
#include "base/clock.h"
#include "base/gate.h"
#include "base/ident.h"
#include "base/lang.h"
#include "base/xalloc.h"

#define ID_BYTES 5      /* 8 characters: names the key, is no secret */
#define ID_LEN 8
#define SECRET_BYTES 20 /* 160 bits: nobody guesses it, so that one SHA-256 is enough */
#define SECRET_LEN 32
#define PREFIX "vk_"
#define PREFIX_LEN 3
#define BASE32 "abcdefghijklmnopqrstuvwxyz234567"
#define USED_EVERY_MS 60000

_Static_assert(ID_LEN < API_KEY_ID_SIZE && PREFIX_LEN + ID_LEN + 1 + SECRET_LEN < API_KEY_TEXT_SIZE, "a key fits");

void api_key_fini(struct api_key *key)
{
	free(key->name);
	free(key->created_by);
	json_decref(key->senders);
	*key = (struct api_key){0};
}

/* ---- scopes, senders ------------------------------------------------------------------- */

uint32_t api_key_rights(void)
{
	return (RIGHT_BIT(RIGHTS) - 1) &
		~(RIGHT_BIT(RIGHT_NONE) | RIGHT_BIT(RIGHT_OWN) | RIGHT_BIT(RIGHT_ACCOUNT) | RIGHT_BIT(RIGHT_CAMPAIGN_APPROVE));
}

static char *scopes_text(uint32_t scopes)
{
	json_t *names = json_array();
	for (enum right right = 0; right < RIGHTS; right++)
		if ((scopes & RIGHT_BIT(right)) != 0)
			json_array_append_new(names, json_string(right_name(right)));
	char *text = json_dumps(names, JSON_COMPACT);
	json_decref(names);
	return text;
}

/* A right this version does not know, or one that keys may not have, is none. */
static uint32_t scopes_read(const char *text)
{
	json_t *names = json_loads(text, 0, NULL), *name;
	uint32_t scopes = 0;
	size_t i;
	json_array_foreach (names, i, name) {
		enum right right = json_is_string(name) ? right_named(json_string_value(name)) : RIGHTS;
		if (right != RIGHTS)
			scopes |= RIGHT_BIT(right);
	}
	json_decref(names);
	return scopes & api_key_rights();
}

/* Each through the gate; new reference. */
static json_t *clean_senders(const json_t *senders, struct error *e)
{
	json_t *out = json_array();
	for (size_t i = 0; i < json_array_size(senders); i++) {
		char clean[GATE_ADDRESS_MAX + 1];
		const char *text = json_string_value(json_array_get(senders, i));
		if (gate_address(text == NULL ? "" : text, clean, e) != 0) {
			json_decref(out);
			return NULL;
		}
		json_array_append_new(out, json_string(clean));
	}
	return out;
}

/* ---- adding ------------------------------------------------------------------------------ */

static int check_new(const char *name, uint32_t scopes, int64_t expires_ms, struct error *e)
{
	if (account_name_check(name, e) != 0)
		return -1;
	if (scopes == 0)
		return error_set(e, ERROR_INPUT, "%s", tr("a key without rights opens nothing: choose at least one",
							       "ключ без прав ничего не открывает: выберите хотя бы одно"));
	for (enum right right = 0; right < RIGHTS; right++)
		if ((scopes & ~api_key_rights() & RIGHT_BIT(right)) != 0)
			return error_set(e, ERROR_INPUT, tr("a program cannot have the right «%s»", "право «%s» программам не даётся"),
				right_name(right));
	if (expires_ms != 0 && expires_ms <= clock_now_ms())
		return error_set(e, ERROR_INPUT, "%s", tr("the key's end lies in the past", "срок действия ключа уже прошёл"));
	return 0;
}

static int insert(struct db *tx, const struct api_key *key, const char *secret, struct error *e)
{
	char hash[IDENT_HASH_SIZE];
	struct db_stmt *stmt;
	ident_hash(secret, strlen(secret), hash);
	char *scopes = scopes_text(key->rights), *senders = json_dumps(key->senders, JSON_COMPACT);
	int rc = db_prepare(tx,
		"INSERT INTO api_key (id, name, hash, scopes, senders, created_ms, created_by, expires_ms)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		&stmt, e);
	if (rc == 0) {
		db_bind_text(stmt, 1, key->id);
		db_bind_text(stmt, 2, key->name);
		db_bind_text(stmt, 3, hash);
		db_bind_text(stmt, 4, scopes);
		db_bind_text(stmt, 5, senders);
		db_bind_int(stmt, 6, key->created_ms);
		db_bind_text(stmt, 7, key->created_by);
		if (key->expires_ms == 0)
			db_bind_null(stmt, 8);
		else
			db_bind_int(stmt, 8, key->expires_ms);
		rc = db_run(stmt, e);
	}
	free(scopes);
	free(senders);
	return rc;
}

int api_key_add(struct db *tx, const char *name, uint32_t scopes, const json_t *senders, int64_t expires_ms,
	const char *actor, char text[static API_KEY_TEXT_SIZE], struct api_key *out, struct error *e)
{
	unsigned char random[SECRET_BYTES];
	char secret[SECRET_LEN + 1];
	*out = (struct api_key){0};
	if (check_new(name, scopes, expires_ms, e) != 0)
		return -1;
	json_t *clean = clean_senders(senders, e);
	if (clean == NULL)
		return -1;
	*out = (struct api_key){.name = xstrdup(name),
		.created_by = xstrdup(actor),
		.rights = scopes,
		.senders = clean,
		.created_ms = clock_now_ms(),
		.expires_ms = expires_ms};
	ident_random(random, ID_BYTES);
	ident_base32(random, ID_BYTES, out->id);
	ident_random(random, sizeof random);
	ident_base32(random, sizeof random, secret);
	if (insert(tx, out, secret, e) != 0) {
		api_key_fini(out);
		return -1;
	}
	snprintf(text, API_KEY_TEXT_SIZE, PREFIX "%s_%s", out->id, secret);
	sodium_memzero(secret, sizeof secret);
	return 0;
}

/* ---- reading ----------------------------------------------------------------------------- */

#define COLUMNS "id, name, scopes, senders, created_ms, created_by, expires_ms, used_ms, revoked_ms, hash"
#define HASH_COLUMN 9

static void read_row(struct db_stmt *row, struct api_key *out)
{
	*out = (struct api_key){.name = xstrdup(db_text(row, 1)),
		.created_by = xstrdup(db_text(row, 5)),
		.rights = scopes_read(db_text(row, 2)),
		.senders = json_loads(db_text(row, 3), 0, NULL),
		.created_ms = db_int(row, 4),
		.expires_ms = db_int(row, 6),
		.used_ms = db_int(row, 7),
		.revoked_ms = db_int(row, 8)};
	snprintf(out->id, sizeof out->id, "%s", db_text(row, 0));
	if (!json_is_array(out->senders)) { /* a damaged row must not mean «all» */
		json_decref(out->senders);
		out->senders = json_pack("[s]", "");
	}
}

/* "vk_<id>_<secret>", and nothing else. */
static bool take_apart(const char *text, char id[static ID_LEN + 1], char secret[static SECRET_LEN + 1])
{
	if (strlen(text) != PREFIX_LEN + ID_LEN + 1 + SECRET_LEN || strncmp(text, PREFIX, PREFIX_LEN) != 0 ||
		text[PREFIX_LEN + ID_LEN] != '_')
		return false;
	memcpy(id, text + PREFIX_LEN, ID_LEN);
	memcpy(secret, text + PREFIX_LEN + ID_LEN + 1, SECRET_LEN);
	id[ID_LEN] = secret[SECRET_LEN] = '\0';
	return strspn(id, BASE32) == ID_LEN && strspn(secret, BASE32) == SECRET_LEN;
}

static bool is_open(const struct api_key *key, int64_t now_ms)
{
	return key->revoked_ms == 0 && (key->expires_ms == 0 || now_ms < key->expires_ms);
}

enum db_step api_key_find(struct db *db, const char *text, int64_t now_ms, struct api_key *out, struct error *e)
{
	char id[ID_LEN + 1], secret[SECRET_LEN + 1], given[IDENT_HASH_SIZE];
	struct db_stmt *row;
	struct error busy = {0};
	*out = (struct api_key){0};
	if (!take_apart(text, id, secret))
		return DB_DONE;
	ident_hash(secret, SECRET_LEN, given);
	if (db_query(db, &row, e, "SELECT " COLUMNS " FROM api_key WHERE id = $1", "s", id) != 0)
		return DB_FAILED;
	enum db_step step = db_step(row, e);
	if (step != DB_ROW)
		return step;
	const char *kept = db_text(row, HASH_COLUMN);
	bool fits = strlen(kept) == IDENT_HASH_SIZE - 1 && sodium_memcmp(kept, given, IDENT_HASH_SIZE - 1) == 0;
	read_row(row, out);
	db_reset(row);
	if (!fits || !is_open(out, now_ms)) {
		api_key_fini(out);
		return DB_DONE;
	}
	if (now_ms - out->used_ms > USED_EVERY_MS) /* a busy store is no reason to refuse: with the next request */
		(void)db_exec(db, &busy, "UPDATE api_key SET used_ms = $2 WHERE id = $1", "si", id, now_ms);
	return DB_ROW;
}

int api_key_each(struct db *db, int (*each)(void *arg, const struct api_key *key), void *arg, struct error *e)
{
	struct db_stmt *row;
	enum db_step step;
	if (db_query(db, &row, e, "SELECT " COLUMNS " FROM api_key ORDER BY created_ms DESC, id", "") != 0)
		return -1;
	while ((step = db_step(row, e)) == DB_ROW) {
		struct api_key key;
		read_row(row, &key);
		int stop = each(arg, &key);
		api_key_fini(&key);
		if (stop != 0) {
			db_reset(row);
			return 0;
		}
	}
	return step == DB_DONE ? 0 : -1;
}

int api_key_revoke(struct db *tx, const char *id, struct error *e)
{
	if (db_exec(tx, e, "UPDATE api_key SET revoked_ms = $2 WHERE id = $1 AND revoked_ms IS NULL", "si", id, clock_now_ms()) != 0)
		return -1;
	return db_changes(tx) > 0 ? 0
				  : error_set(e, ERROR_NOT_FOUND, tr("there is no key «%s» that is not revoked yet", "действующего ключа «%s» нет"), id);
}
