#include "report/case.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"

#define NAME_MAX_BYTES ((size_t)480)
#define SUMS "SHA256SUMS"

struct entry {
	char *name;
	long start, len;
	unsigned char hash[crypto_hash_sha256_BYTES];
};
struct case_file {
	char *path, *spool_path;
	FILE *spool;
	struct entry *entry;
	size_t count;
	uint32_t *bucket; /* names seen: open addressing, index + 1 */
	size_t buckets;
};

int case_open(struct case_file **out, const char *path, struct error *e)
{
	struct case_file *file = xcalloc(1, sizeof *file);
	file->path = xstrdup(path);
	file->spool_path = xasprintf("%s.XXXXXX", path);
	int fd = mkstemp(file->spool_path); /* 0600 */
	file->spool = fd < 0 ? NULL : fdopen(fd, "w+b");
	if (file->spool == NULL) {
		int rc = error_errno(e, "%s", file->spool_path);
		if (fd >= 0)
			(void)close(fd);
		case_close(&file);
		return rc;
	}
	*out = file;
	return 0;
}

void case_close(struct case_file **handle)
{
	struct case_file *file = *handle;
	*handle = NULL;
	if (file == NULL)
		return;
	if (file->spool != NULL) {
		(void)fclose(file->spool);
		(void)unlink(file->spool_path);
	}
	for (size_t i = 0; i < file->count; i++)
		free(file->entry[i].name);
	free(file->entry);
	free(file->bucket);
	free(file->path);
	free(file->spool_path);
	free(file);
}

/* ---- names --------------------------------------------------------------------------------- */

/* Parts between '/' stay; "." and "..", empty ones and control characters do not. */
static char *safe_name(const char *name)
{
	size_t given = strlen(name);
	char *out = xstrndup(name, given < NAME_MAX_BYTES ? given : NAME_MAX_BYTES), *to = out;
	gate_utf8_mend(out);
	for (char *part = out; part != NULL;) {
		char *next = strchr(part, '/');
		size_t len = next != NULL ? (size_t)(next - part) : strlen(part);
		bool dots = strspn(part, ".") >= len;
		if (len > 0) {
			if (to > out)
				*to++ = '/';
			for (size_t i = 0; i < len; i++, to++)
				*to = dots || (unsigned char)part[i] < 0x20 || part[i] == 0x7f || strchr("\\:*?\"<>|", part[i]) != NULL
					? '_' : part[i];
		}
		part = next != NULL ? next + 1 : NULL;
	}
	*to = '\0';
	return out;
}

static uint32_t *bucket_of(const struct case_file *file, const char *name)
{
	size_t hash = 14695981039346656037u;
	for (const char *c = name; *c != '\0'; c++)
		hash = (hash ^ (unsigned char)*c) * 1099511628211u;
	for (;; hash++) {
		uint32_t *bucket = &file->bucket[hash & (file->buckets - 1)];
		if (*bucket == 0 || strcmp(file->entry[*bucket - 1].name, name) == 0)
			return bucket;
	}
}

static void note_name(struct case_file *file)
{
	if (file->count * 2 >= file->buckets) {
		free(file->bucket);
		file->buckets = file->buckets == 0 ? 1024 : file->buckets * 2;
		file->bucket = xcalloc(file->buckets, sizeof *file->bucket);
		for (size_t i = 0; i + 1 < file->count; i++)
			*bucket_of(file, file->entry[i].name) = (uint32_t)i + 1;
	}
	*bucket_of(file, file->entry[file->count - 1].name) = (uint32_t)file->count;
}

/* "a/b.pdf" that is there already becomes "a/2-b.pdf". */
static char *unique_name(const struct case_file *file, char *name)
{
	char *free_name = name;
	const char *slash = strrchr(name, '/');
	for (unsigned n = 2; file->buckets > 0 && *bucket_of(file, free_name) != 0; n++) {
		if (free_name != name)
			free(free_name);
		free_name = slash == NULL ? xasprintf("%u-%s", n, name)
					  : xasprintf("%.*s/%u-%s", (int)(slash - name), name, n, slash + 1);
	}
	if (free_name != name)
		free(name);
	return free_name;
}

/* ---- entries ---------------------------------------------------------------------------------- */

FILE *case_begin(struct case_file *file, const char *name)
{
	if ((file->count & (file->count - 1)) == 0)
		file->entry = xrealloc(file->entry, file->count == 0 ? 1 : file->count * 2, sizeof *file->entry);
	struct entry *entry = &file->entry[file->count];
	*entry = (struct entry){.name = unique_name(file, safe_name(name)), .start = ftell(file->spool)};
	file->count++;
	note_name(file);
	return file->spool;
}

FILE *case_stream(struct case_file *file)
{
	return file->spool;
}

static int hash_entry(struct case_file *file, struct entry *entry, struct error *e)
{
	crypto_hash_sha256_state state;
	unsigned char *chunk = xmalloc(CASE_CHUNK_BYTES);
	long left = entry->len;
	int rc = 0;
	crypto_hash_sha256_init(&state);
	for (long at = entry->start; left > 0 && rc == 0;) {
		size_t wanted = left < (long)CASE_CHUNK_BYTES ? (size_t)left : CASE_CHUNK_BYTES;
		ssize_t n = pread(fileno(file->spool), chunk, wanted, at);
		if (n <= 0) {
			rc = error_errno(e, "%s", file->spool_path);
		} else {
			crypto_hash_sha256_update(&state, chunk, (unsigned long long)n);
			at += n;
			left -= n;
		}
	}
	crypto_hash_sha256_final(&state, entry->hash);
	free(chunk);
	return rc;
}

int case_end(struct case_file *file, struct error *e)
{
	struct entry *entry = &file->entry[file->count - 1];
	long end = ftell(file->spool);
	if (end < 0 || ferror(file->spool) || fflush(file->spool) != 0)
		return error_errno(e, "%s", file->spool_path);
	entry->len = end - entry->start;
	return hash_entry(file, entry, e);
}

int case_put(struct case_file *file, const char *name, const void *data, size_t len, struct error *e)
{
	FILE *out = case_begin(file, name);
	if (len > 0)
		(void)fwrite(data, 1, len, out);
	return case_end(file, e);
}

int case_put_file(struct case_file *file, const char *name, const char *path, struct error *e)
{
	FILE *from = fopen(path, "rbe");
	if (from == NULL)
		return error_errno(e, "%s", path);
	FILE *out = case_begin(file, name);
	char *chunk = xmalloc(CASE_CHUNK_BYTES);
	size_t n;
	while ((n = fread(chunk, 1, CASE_CHUNK_BYTES, from)) > 0)
		(void)fwrite(chunk, 1, n, out);
	int rc = ferror(from) ? error_errno(e, "%s", path) : 0;
	(void)fclose(from);
	free(chunk);
	return rc == 0 ? case_end(file, e) : -1;
}

char *case_scratch(struct case_file *file, struct error *e)
{
	char *path = xasprintf("%s.XXXXXX", file->path);
	int fd = mkstemp(path);
	if (fd >= 0) {
		(void)close(fd);
		return path;
	}
	(void)error_errno(e, "%s", path);
	free(path);
	return NULL;
}

/* ---- the ZIP ------------------------------------------------------------------------------------- */

static int put_sums(struct case_file *file, char hash[static IDENT_HASH_SIZE], struct error *e)
{
	char hex[crypto_hash_sha256_BYTES * 2 + 1];
	size_t count = file->count;
	FILE *out = case_begin(file, SUMS);
	for (size_t i = 0; i < count; i++)
		(void)fprintf(out, "%s  %s\n",
			sodium_bin2hex(hex, sizeof hex, file->entry[i].hash, sizeof file->entry[i].hash), file->entry[i].name);
	if (case_end(file, e) != 0)
		return -1;
	(void)sodium_bin2hex(hash, IDENT_HASH_SIZE, file->entry[count].hash, sizeof file->entry[count].hash);
	return 0;
}

static int zip_failed(zip_t *zip, const char *path, struct error *e)
{
	const zip_error_t *error = zip_get_error(zip);
	return error_set(e, zip_error_system_type(error) == ZIP_ET_SYS ? ERROR_FULL : ERROR_INTERNAL, "%s: %s", path,
		zip_strerror(zip));
}

static int add_entry(zip_t *zip, const struct case_file *file, const struct entry *entry, time_t time, struct error *e)
{
	/* To libzip a length of 0 is «to the end». */
	zip_source_t *source = entry->len == 0
		? zip_source_buffer(zip, "", 0, 0)
		: zip_source_file(zip, file->spool_path, (zip_uint64_t)entry->start, (zip_int64_t)entry->len);
	if (source == NULL)
		return zip_failed(zip, file->path, e);
	zip_int64_t at = zip_file_add(zip, entry->name, source, ZIP_FL_ENC_UTF_8);
	if (at < 0) {
		zip_source_free(source);
		return zip_failed(zip, file->path, e);
	}
	return zip_file_set_mtime(zip, (zip_uint64_t)at, time, 0) == 0 ? 0 : zip_failed(zip, file->path, e);
}

static int write_zip(struct case_file *file, const char *path, struct error *e)
{
	int code;
	time_t now = (time_t)(clock_now_ms() / 1000);
	zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &code);
	if (zip == NULL)
		return error_set(e, ERROR_FULL, tr("%s cannot be written", "не удалось записать %s"), path);
	for (size_t i = 0; i < file->count; i++)
		if (add_entry(zip, file, &file->entry[i], now, e) != 0) {
			zip_discard(zip);
			return -1;
		}
	if (zip_close(zip) != 0) {
		int rc = zip_failed(zip, path, e);
		zip_discard(zip);
		return rc;
	}
	return 0;
}

int case_finish(struct case_file *file, struct archive_result *result, struct error *e)
{
	*result = (struct archive_result){.files = file->count};
	for (size_t i = 0; i < file->count; i++)
		result->bytes += file->entry[i].len;
	if (put_sums(file, result->sums, e) != 0)
		return -1;
	char *scratch = case_scratch(file, e);
	if (scratch == NULL)
		return -1;
	mode_t before = umask(077); /* libzip makes the file anew, by the umask */
	int rc = write_zip(file, scratch, e);
	(void)umask(before);
	if (rc == 0 && rename(scratch, file->path) != 0)
		rc = error_errno(e, "%s", file->path);
	if (rc != 0)
		(void)unlink(scratch);
	free(scratch);
	return rc;
}
