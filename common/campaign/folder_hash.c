/* One hash over everything a recipient could notice: the definition, the
 * letter, the attachments, the figures. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "campaign/folder.h"

/* Each part with its length before it, so that no two contents read alike. */
static void add(crypto_hash_sha256_state *state, const void *data, size_t len)
{
	unsigned char size[8];
	for (int i = 0; i < 8; i++)
		size[i] = (unsigned char)((uint64_t)len >> (8 * i));
	crypto_hash_sha256_update(state, size, sizeof size);
	crypto_hash_sha256_update(state, data, len);
}

static void add_text(crypto_hash_sha256_state *state, const char *text)
{
	add(state, text == NULL ? "" : text, text == NULL ? 0 : strlen(text));
}

static void add_rows(crypto_hash_sha256_state *state, const struct dataset *dataset)
{
	for (size_t i = 0; i < dataset->count; i++) {
		add_text(state, dataset->row[i].key);
		add_text(state, dataset->row[i].fields);
	}
}

void folder_hash(struct campaign_folder *folder)
{
	crypto_hash_sha256_state state;
	unsigned char digest[crypto_hash_sha256_BYTES];
	char *definition = json_dumps(folder->definition, JSON_COMPACT | JSON_SORT_KEYS);
	crypto_hash_sha256_init(&state);
	add_text(&state, definition);
	free(definition);
	for (size_t i = 0; i < folder->letters_count; i++) {
		add_text(&state, folder->letters[i].name);
		add(&state, folder->letters[i].file.data, folder->letters[i].file.len);
	}
	for (size_t i = 0; i < folder->attachments; i++) {
		const struct folder_file *file = &folder->attachment[i];
		add_text(&state, file->name);
		add_text(&state, file->title);
		add_text(&state, file->media_type);
		add_text(&state, file->hash);
	}
	for (size_t i = 0; i < folder->audience.datasets; i++)
		add_rows(&state, folder->dataset[i]);
	if (folder->list != NULL)
		add_rows(&state, folder->list);
	crypto_hash_sha256_final(&state, digest);
	sodium_bin2hex(folder->hash, sizeof folder->hash, digest, sizeof digest);
}
