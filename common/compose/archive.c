/* A campaign's folder that came packed: from ZIP, or out of the store (copy.c). What comes from outside is
 * counted before it is believed: entries, bytes as they come out, how much more that is than went in. */
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "compose/compose_inside.h"


#define LETTER_MAX_BYTES (64 * 1024) /* as the folder's reader takes */
#define ENTRIES_MAX 200
#define UNPACKED_MAX_BYTES (120LL * 1000 * 1000) /* in memory while it is taken apart */
#define RATIO_MAX 200      /* unpacked to packed: a table of figures is 20 */
#define RATIO_FROM_BYTES (4LL * 1000 * 1000) /* less than that harms nobody */
#define CHUNK_BYTES 65536
#define NAME_MAX_BYTES 800

void parts_add(struct parts *parts, const char *name, char *data, size_t len)
{
	if (strcmp(name, COMPOSE_YAML) == 0 && parts->yaml == NULL) {
		parts->yaml = data;
		parts->yaml_len = len;
		return;
	}
	parts->item = xrealloc(parts->item, parts->count + 1, sizeof *parts->item);
	parts->item[parts->count++] = (struct part){xstrdup(name), data, len};
}

void parts_fini(struct parts *parts)
{
	for (size_t i = 0; i < parts->count; i++) {
		free(parts->item[i].name);
		free(parts->item[i].data);
	}
	free(parts->item);
	free(parts->yaml);
	*parts = (struct parts){0};
}

/* ---- parts → composition ---------------------------------------------------------------------- */

static struct part *part_named(const struct parts *parts, const char *name)
{
	for (size_t i = 0; i < parts->count; i++)
		if (strcmp(parts->item[i].name, name) == 0)
			return &parts->item[i];
	return NULL;
}

/* The text of a letter, without Notepad's mark; NULL: it is none. */
static json_t *text_of(const struct part *part)
{
	size_t skip = part->len >= 3 && memcmp(part->data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	if (part->len > LETTER_MAX_BYTES || memchr(part->data, '\0', part->len) != NULL)
		return NULL;
	return json_stringn(part->data + skip, part->len - skip);
}

static bool ends_with(const char *name, const char *end)
{
	size_t a = strlen(name), b = strlen(end);
	return a > b && strcasecmp(name + a - b, end) == 0;
}

/* The letters' texts become the form's; what was taken is no file any more (its name is emptied). */
static void take_letters(json_t *form, const json_t *letters, struct parts *parts)
{
	const char *letter;
	json_t *file, *texts = json_object();
	json_object_foreach((json_t *)(uintptr_t)letters, letter, file)
	{
		struct part *part = part_named(parts, json_string_value(file));
		json_t *text = part == NULL ? NULL : text_of(part);
		if (text == NULL)
			continue;
		json_object_set_new(texts, letter, text);
	}
	json_object_foreach((json_t *)(uintptr_t)letters, letter, file)
	{
		struct part *part = part_named(parts, json_string_value(file));
		if (part != NULL && json_object_get(texts, letter) != NULL)
			part->name[0] = '\0';
	}
	json_object_set_new(form, "letters", texts);
}

/* The text itself: every Markdown file is a text people may change. */
static json_t *form_of_text(const struct yaml_node *root, struct parts *parts)
{
	json_t *form = json_pack("{s:o}", "yaml", json_stringn(parts->yaml, parts->yaml_len)), *texts = json_object();
	for (size_t i = 0; root->kind == YAML_MAP && i < root->count; i++)
		if (strcmp(root->key[i], "title") == 0 && root->item[i]->kind == YAML_SCALAR)
			json_object_set_new(form, "title", json_string(root->item[i]->text));
	for (size_t i = 0; i < parts->count; i++) {
		json_t *text = ends_with(parts->item[i].name, ".md") ? text_of(&parts->item[i]) : NULL;
		if (text == NULL)
			continue;
		json_object_set_new(texts, parts->item[i].name, text);
		parts->item[i].name[0] = '\0';
	}
	json_object_set_new(form, "texts", texts);
	return form;
}

struct beginning {
	const struct parts *parts;
	const json_t *form;
	const char *actor;
	char *slug;
	bool may_number;
};

/* flagships-2023 → flagships-2023-2 */
static void number_slug(struct beginning *b, int n)
{
	char *next = xasprintf("%.*s-%d", (int)strnlen(b->slug, 58), b->slug, n);
	free(b->slug);
	b->slug = next;
}

#define NUMBERS_MOST 50

static int begin_once(void *arg, struct db *tx, struct error *e)
{
	const struct beginning *b = arg;
	int rc = compose_insert(tx, b->slug, b->form, b->actor, e);
	for (size_t i = 0; rc == 0 && i < b->parts->count; i++)
		if (b->parts->item[i].name[0] != '\0')
			rc = compose_file_put(tx, b->slug, b->parts->item[i].name, NULL, b->parts->item[i].data, b->parts->item[i].len, b->actor, e);
	return rc;
}

static int begin_all(struct db *db, struct beginning *b, struct error *e)
{
	char *base = xstrdup(b->slug);
	/* That a name is taken is found before anything is written: the caller's transaction stays good. */
	int rc = compose_write(db, begin_once, b, e);
	for (int n = 2; rc != 0 && e->code == ERROR_CONFLICT && b->may_number && n < NUMBERS_MOST; n++) {
		free(b->slug);
		b->slug = xstrdup(base);
		number_slug(b, n);
		rc = compose_write(db, begin_once, b, e);
	}
	free(base);
	return rc;
}

int compose_begin_parts(struct db *db, struct parts *parts, const char *wanted, const char *actor, char **slug,
	struct problems *problems, struct error *e)
{
	char *own = NULL, made[FORM_SLUG_SIZE];
	json_t *letters = NULL, *form = NULL;
	int rc = -1;
	*slug = NULL;
	struct yaml_node *root = yaml_load_text(COMPOSE_YAML, parts->yaml, parts->yaml_len, problems);
	if (root == NULL)
		return error_set(e, ERROR_INPUT, "%s", tr("campaign.yaml cannot be read", "campaign.yaml не читается"));
	form = form_of_yaml(root, &own, &letters);
	bool said = form != NULL;
	if (said)
		take_letters(form, letters, parts);
	else
		form = form_of_text(root, parts);
	if (wanted == NULL && (own == NULL || !gate_slug(own)))
		wanted = form_slug(form_text(form, "title"), made);
	struct beginning b = {.parts = parts, .form = form, .actor = actor, .slug = xstrdup(wanted != NULL ? wanted : own), .may_number = said};
	rc = form_check(form, e);
	if (rc == 0) {
		form_tidy(form);
		rc = begin_all(db, &b, e);
	}
	if (rc == 0)
		*slug = b.slug;
	else
		free(b.slug);
	free(own);
	json_decref(letters);
	json_decref(form);
	yaml_node_free(&root);
	return rc;
}

/* ---- ZIP --------------------------------------------------------------------------------------------- */

/* Windows packs Russian names in the code page of DOS: letters, ё and № of it. */
static char *of_cp866(const char *raw)
{
	struct buf out;
	buf_init(&out, 4 * NAME_MAX_BYTES);
	for (const unsigned char *p = (const unsigned char *)raw; *p != '\0'; p++) {
		unsigned c = *p < 0x80 ? *p : *p <= 0xaf ? 0x410 + *p - 0x80u : *p >= 0xe0 && *p <= 0xef ? 0x440 + *p - 0xe0u
			     : *p == 0xf0 ? 0x401 : *p == 0xf1 ? 0x451 : *p == 0xfc ? 0x2116 : '_';
		if (c < 0x80)
			(void)buf_putc(&out, (char)c);
		else if (c < 0x800)
			(void)buf_printf(&out, "%c%c", 0xc0 | (int)(c >> 6), 0x80 | (int)(c & 0x3f));
		else
			(void)buf_puts(&out, "№");
	}
	return buf_take(&out);
}

static char *name_of(zip_t *zip, zip_uint64_t index)
{
	const char *raw = zip_get_name(zip, index, ZIP_FL_ENC_RAW);
	if (raw == NULL || strlen(raw) > NAME_MAX_BYTES)
		return NULL;
	return gate_utf8(raw, strlen(raw)) ? xstrdup(raw) : of_cp866(raw);
}

struct unpacking {
	zip_t *zip;
	size_t packed;
	int64_t unpacked;
	char *prefix; /* of the folder campaign.yaml lies in: "flagships/" or "" */
};

static int refuse(struct error *e, const char *why)
{
	return error_set(e, ERROR_INPUT, tr("the archive: %s", "архив: %s"), why);
}

static int count_bytes(struct unpacking *u, zip_int64_t n, struct error *e)
{
	u->unpacked += n;
	if (u->unpacked > UNPACKED_MAX_BYTES)
		return refuse(e, tr("unpacks to more than 120 MB", "распаковывается больше чем в 120 МБ"));
	if (u->unpacked > RATIO_FROM_BYTES && u->unpacked / RATIO_MAX > (int64_t)u->packed)
		return refuse(e, tr("it is packed as no honest archive is", "он упакован так, как обычные архивы не бывают"));
	return 0;
}

/* The claimed size is not believed: memory grows with what comes. */
static int unpack(struct unpacking *u, zip_uint64_t index, const char *name, struct parts *parts, struct error *e)
{
	struct buf data;
	char chunk[CHUNK_BYTES];
	zip_file_t *file = zip_fopen_index(u->zip, index, 0);
	zip_int64_t n = 0;
	int rc = file == NULL ? error_set(e, ERROR_INPUT, tr("the archive: «%.100s» cannot be unpacked", "архив: «%.100s» не распаковывается"), name) : 0;
	buf_init(&data, UNPACKED_MAX_BYTES);
	while (rc == 0 && (n = zip_fread(file, chunk, sizeof chunk)) > 0) {
		rc = count_bytes(u, n, e);
		if (rc == 0)
			(void)buf_append(&data, chunk, (size_t)n);
	}
	if (rc == 0 && n < 0)
		rc = error_set(e, ERROR_INPUT, tr("the archive: «%.100s» is damaged", "архив: «%.100s» повреждён"), name);
	if (file != NULL)
		zip_fclose(file);
	if (rc == 0 && data.len > 0) {
		size_t len = data.len;
		parts_add(parts, name, buf_take(&data), len);
	}
	buf_fini(&data);
	return rc;
}

/* The campaign.yaml that lies highest. */
static int find_prefix(struct unpacking *u, zip_int64_t entries, struct error *e)
{
	for (zip_int64_t i = 0; i < entries; i++) {
		char *name = name_of(u->zip, (zip_uint64_t)i);
		size_t len = name == NULL ? 0 : strlen(name), own = strlen(COMPOSE_YAML);
		bool it_is = len >= own && strcmp(name + len - own, COMPOSE_YAML) == 0 && (len == own || name[len - own - 1] == '/');
		if (it_is && (u->prefix == NULL || len - own < strlen(u->prefix))) {
			free(u->prefix);
			u->prefix = xstrndup(name, len - own);
		}
		free(name);
	}
	return u->prefix != NULL ? 0 : refuse(e, tr("there is no campaign.yaml in it", "в нём нет campaign.yaml"));
}

static int unpack_all(struct unpacking *u, struct parts *parts, struct error *e)
{
	zip_int64_t entries = zip_get_num_entries(u->zip, 0);
	if (entries > ENTRIES_MAX)
		return refuse(e, tr("more than 200 files", "в нём больше 200 файлов"));
	if (find_prefix(u, entries, e) != 0)
		return -1;
	int rc = 0;
	for (zip_int64_t i = 0; rc == 0 && i < entries; i++) {
		char *name = name_of(u->zip, (zip_uint64_t)i);
		size_t len = strlen(u->prefix);
		if (name != NULL && strncmp(name, u->prefix, len) == 0) {
			const char *inside = name + len;
			bool wanted = strcmp(inside, COMPOSE_YAML) == 0 || compose_name_ok(inside);
			bool folder = inside[0] == '\0' || name[strlen(name) - 1] == '/' || inside[0] == '.' || strstr(inside, "/.") != NULL;
			if (wanted)
				rc = unpack(u, (zip_uint64_t)i, inside, parts, e);
			else if (!folder)
				rc = error_set(e, ERROR_INPUT, tr("the archive: «%.100s» is not a name for a file", "архив: «%.100s» – не имя файла"), inside);
		}
		free(name);
	}
	return rc;
}

static int parts_of_zip(const void *data, size_t len, struct parts *parts, struct error *e)
{
	struct unpacking u = {.packed = len};
	zip_error_t why;
	zip_error_init(&why);
	zip_source_t *source = zip_source_buffer_create(data, len, 0, &why);
	u.zip = source == NULL ? NULL : zip_open_from_source(source, ZIP_RDONLY, &why);
	if (u.zip == NULL && source != NULL)
		zip_source_free(source);
	zip_error_fini(&why);
	int rc = u.zip == NULL ? error_set(e, ERROR_INPUT, "%s", tr("this is not a ZIP archive", "это не архив ZIP")) : unpack_all(&u, parts, e);
	if (rc == 0 && parts->yaml == NULL)
		rc = refuse(e, tr("its campaign.yaml is empty", "campaign.yaml в нём пуст"));
	free(u.prefix);
	if (u.zip != NULL)
		zip_discard(u.zip);
	return rc;
}

int compose_begin_zip(struct db *db, const void *data, size_t len, const char *actor, char **slug, struct problems *problems,
	struct error *e)
{
	struct parts parts = {0};
	*slug = NULL;
	int rc = parts_of_zip(data, len, &parts, e);
	if (rc == 0)
		rc = compose_begin_parts(db, &parts, NULL, actor, slug, problems, e);
	parts_fini(&parts);
	return rc;
}

struct campaign_folder *compose_load_zip(struct db *db, const struct settings *settings, const void *data, size_t len,
	struct problems *problems, struct error *e)
{
	struct parts parts = {0};
	struct campaign_folder *folder = NULL;
	if (parts_of_zip(data, len, &parts, e) == 0)
		folder = compose_load_parts(db, settings, &parts, problems, e);
	parts_fini(&parts);
	return folder;
}
