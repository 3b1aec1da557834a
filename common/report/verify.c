/* A case file from anywhere is checked as it comes: nothing is unpacked to disk, an entry goes through
 * one buffer. Names that lead elsewhere harm nobody here, but whoever unpacks it should know. */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zip.h>

#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "report/archive.h"

#define SUMS "SHA256SUMS"
#define HEX (crypto_hash_sha256_BYTES * 2)
#define CHUNK_BYTES ((size_t)64 * 1024)
#define NAME_SHOWN_BYTES 300

struct sum { /* a line of SHA256SUMS */
	const char *hash, *name;
	bool seen;
};
struct verify {
	zip_t *zip;
	char *text;      /* SHA256SUMS */
	struct sum *sum; /* by name */
	size_t count;
	unsigned char *chunk;
	void (*flaw)(void *arg, enum archive_flaw flaw, const char *name, const char *why);
	void *arg;
	struct archive_verdict *verdict;
};

static void tell(struct verify *v, enum archive_flaw flaw, const char *name, const char *why)
{
	size_t len = strlen(name), most = NAME_SHOWN_BYTES * 2;
	char *mended = xstrndup(name, len < most ? len : most);
	gate_utf8_mend(mended);
	char *clean = gate_clean_line(mended, NAME_SHOWN_BYTES);
	v->verdict->flaws++;
	v->flaw(v->arg, flaw, clean, why);
	free(clean);
	free(mended);
}

/* ---- SHA256SUMS ------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct sum *)a)->name, ((const struct sum *)b)->name);
}

/* "<64 hex>  name" a line. */
static int read_lines(struct verify *v, struct error *e)
{
	size_t line = 0;
	for (char *at = v->text; *at != '\0'; line++) {
		char *end = strchr(at, '\n');
		size_t len = end != NULL ? (size_t)(end - at) : strlen(at);
		if (len < HEX + 3 || strspn(at, "0123456789abcdef") != HEX || memcmp(at + HEX, "  ", 2) != 0)
			return error_set(e, ERROR_INPUT, tr("%s, line %zu: not «sum  name»", "%s, строка %zu: это не «сумма  имя»"),
				SUMS, line + 1);
		if (v->count == ARCHIVE_ENTRIES_MAX)
			return error_set(e, ERROR_INPUT, "%s", tr("too many files", "слишком много файлов"));
		if ((v->count & (v->count - 1)) == 0)
			v->sum = xrealloc(v->sum, v->count == 0 ? 1 : v->count * 2, sizeof *v->sum);
		at[HEX] = '\0';
		at[len] = '\0';
		v->sum[v->count++] = (struct sum){.hash = at, .name = at + HEX + 2};
		at += end != NULL ? len + 1 : len;
	}
	if (v->count == 0) /* else anything at all would be «whole» */
		return error_set(e, ERROR_INPUT, tr("%s names no file", "в %s нет ни одного файла"), SUMS);
	qsort(v->sum, v->count, sizeof *v->sum, by_name);
	return 0;
}

static int no_sums(struct error *e)
{
	return error_set(e, ERROR_INPUT, tr("no case file: there is no %s in it", "это не дело рассылки: в нём нет %s"), SUMS);
}

static int read_sums(struct verify *v, struct error *e)
{
	zip_stat_t stat;
	unsigned char hash[crypto_hash_sha256_BYTES];
	zip_int64_t at = zip_name_locate(v->zip, SUMS, 0);
	if (at < 0 || zip_stat_index(v->zip, (zip_uint64_t)at, 0, &stat) != 0 || (stat.valid & ZIP_STAT_SIZE) == 0)
		return no_sums(e);
	if (stat.size > ARCHIVE_SUMS_MAX_BYTES)
		return error_set(e, ERROR_INPUT, tr("%s is absurdly large", "%s неправдоподобно велик"), SUMS);
	zip_file_t *file = zip_fopen_index(v->zip, (zip_uint64_t)at, 0);
	if (file == NULL)
		return no_sums(e);
	v->text = xmalloc((size_t)stat.size + 1);
	size_t len = 0;
	zip_int64_t n = 1;
	while (len < stat.size && (n = zip_fread(file, v->text + len, stat.size - len)) > 0)
		len += (size_t)n;
	char more;
	bool whole = n > 0 && len == stat.size && zip_fread(file, &more, 1) == 0; /* its checksum is looked at here */
	(void)zip_fclose(file);
	v->text[len] = '\0';
	if ((!whole && stat.size > 0) || strlen(v->text) != len)
		return error_set(e, ERROR_INPUT, tr("%s is damaged", "%s повреждён"), SUMS);
	(void)crypto_hash_sha256(hash, (const unsigned char *)v->text, len);
	(void)sodium_bin2hex(v->verdict->sums, IDENT_HASH_SIZE, hash, sizeof hash);
	return read_lines(v, e);
}

/* ---- entries ------------------------------------------------------------------------------------- */

static bool leads_elsewhere(const char *name)
{
	if (name[0] == '/' || name[0] == '\0' || strchr(name, '\\') != NULL)
		return true;
	for (const char *part = name; part != NULL; part = strchr(part, '/') != NULL ? strchr(part, '/') + 1 : NULL)
		if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0'))
			return true;
	return false;
}

/* NULL: hex has the sum; else why it cannot be had. */
static const char *hash_of(struct verify *v, zip_uint64_t index, char hex[static HEX + 1])
{
	crypto_hash_sha256_state state;
	unsigned char hash[crypto_hash_sha256_BYTES];
	zip_int64_t n = 0;
	int64_t size = 0;
	zip_file_t *file = zip_fopen_index(v->zip, index, 0);
	if (file == NULL)
		return tr("it cannot be opened: encrypted or damaged", "не открывается: зашифрован или повреждён");
	crypto_hash_sha256_init(&state);
	while (size <= ARCHIVE_ENTRY_MAX_BYTES && v->verdict->bytes <= ARCHIVE_UNPACKED_MAX_BYTES &&
		(n = zip_fread(file, v->chunk, CHUNK_BYTES)) > 0) {
		crypto_hash_sha256_update(&state, v->chunk, (unsigned long long)n);
		size += n;
		v->verdict->bytes += n;
	}
	(void)zip_fclose(file);
	if (n > 0)
		return tr("absurdly large", "неправдоподобно велик");
	if (n < 0)
		return tr("it cannot be read to its end: damaged", "не читается до конца: повреждён");
	crypto_hash_sha256_final(&state, hash);
	(void)sodium_bin2hex(hex, HEX + 1, hash, sizeof hash);
	return NULL;
}

static void check_entry(struct verify *v, zip_uint64_t index)
{
	char hex[HEX + 1];
	const char *name = zip_get_name(v->zip, index, ZIP_FL_ENC_RAW), *why;
	if (name == NULL) {
		tell(v, ARCHIVE_UNREADABLE, "?", tr("without a name", "без имени"));
		return;
	}
	if (strcmp(name, SUMS) == 0 && (zip_uint64_t)zip_name_locate(v->zip, SUMS, 0) == index)
		return;
	if (name[0] != '\0' && name[strlen(name) - 1] == '/')
		return; /* a folder: made by whoever packed it again */
	if (leads_elsewhere(name)) {
		tell(v, ARCHIVE_UNREADABLE, name, tr("its name leads out of the folder", "имя ведёт за пределы папки"));
		return;
	}
	const struct sum key = {.name = name};
	struct sum *sum = v->count == 0 ? NULL : bsearch(&key, v->sum, v->count, sizeof *v->sum, by_name);
	if (sum == NULL) {
		tell(v, ARCHIVE_EXTRA, name, "");
		return;
	}
	if (sum->seen) {
		tell(v, ARCHIVE_UNREADABLE, name, tr("it is there twice", "встречается дважды"));
		return;
	}
	sum->seen = true;
	why = hash_of(v, index, hex);
	if (why != NULL)
		tell(v, ARCHIVE_UNREADABLE, name, why);
	else if (strcmp(hex, sum->hash) != 0)
		tell(v, ARCHIVE_DIFFERS, name, "");
	else
		v->verdict->good++;
}

static int check_all(struct verify *v, struct error *e)
{
	zip_int64_t entries = zip_get_num_entries(v->zip, 0);
	if (entries > ARCHIVE_ENTRIES_MAX + 1)
		return error_set(e, ERROR_INPUT, "%s", tr("too many files", "слишком много файлов"));
	if (read_sums(v, e) != 0)
		return -1;
	for (zip_int64_t i = 0; i < entries; i++)
		check_entry(v, (zip_uint64_t)i);
	for (size_t i = 0; i < v->count; i++)
		if (!v->sum[i].seen)
			tell(v, ARCHIVE_MISSING, v->sum[i].name, "");
	return 0;
}

int archive_verify(const char *path, void (*flaw)(void *arg, enum archive_flaw flaw, const char *name, const char *why),
	void *arg, struct archive_verdict *verdict, struct error *e)
{
	struct verify v = {.flaw = flaw, .arg = arg, .verdict = verdict};
	struct stat st;
	int code;
	*verdict = (struct archive_verdict){0};
	if (stat(path, &st) != 0)
		return error_errno(e, "%s", path);
	if (!S_ISREG(st.st_mode))
		return error_set(e, ERROR_INPUT, tr("%s is not a file", "%s – не файл"), path);
	v.zip = zip_open(path, ZIP_RDONLY | ZIP_CHECKCONS, &code);
	if (v.zip == NULL)
		return error_set(e, ERROR_INPUT, code == ZIP_ER_NOZIP ? tr("%s is not a ZIP file", "%s – не ZIP-файл")
								      : tr("%s is damaged", "%s повреждён"), path);
	v.chunk = xmalloc(CHUNK_BYTES);
	int rc = check_all(&v, e);
	zip_discard(v.zip);
	free(v.chunk);
	free(v.text);
	free(v.sum);
	return rc == 0 ? 0 : error_context(e, "%s", path);
}
