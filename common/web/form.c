#include "web/form.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/gate.h"
#include "base/log.h"
#include "base/xalloc.h"

#define PROCESSOR_BYTES 65536 /* its own buffer: a part's header and a boundary fit */
#define FILE_NAME_MAX 200     /* gate_file_name */
#define CLAIMED_NAME_MAX 4096
#define ENDING_MAX 12

static bool is_media_type(const char *header, const char *type)
{
	size_t len = strlen(type);
	return header != NULL && strncasecmp(header, type, len) == 0 &&
		(header[len] == '\0' || header[len] == ';' || header[len] == ' ');
}

/* Russian names of documents are long: what is cut is the stem, so that it stays a .pdf. */
static char *shortened(const char *name)
{
	const char *dot = strrchr(name, '.');
	size_t len = strlen(name), ending = dot == NULL ? 0 : strlen(dot);
	if (len <= FILE_NAME_MAX)
		return xstrdup(name);
	if (ending > ENDING_MAX)
		ending = 0;
	size_t stem = FILE_NAME_MAX - ending;
	while (stem > 0 && ((unsigned char)name[stem] & 0xc0) == 0x80)
		stem--;
	return xasprintf("%.*s%s", (int)stem, name, name + len - ending);
}

char *form_file_name(const char *claimed)
{
	const char *name = claimed;
	for (const char *p = claimed; *p != '\0'; p++)
		if (*p == '/' || *p == '\\')
			name = p + 1;
	if (!gate_utf8(name, strlen(name)))
		return xstrdup("file");
	char *clean = gate_clean_line(name, CLAIMED_NAME_MAX), *fit = shortened(clean);
	free(clean);
	for (char *p = fit; (p = strpbrk(p, ":*?\"<>|")) != NULL;)
		*p = '_';
	if (gate_file_name(fit))
		return fit;
	free(fit);
	return xstrdup("file");
}

/* What is refused takes no room from others while it is answered. */
static void give_back(struct form *form)
{
	for (size_t i = 0; i < form->files; i++)
		if (ftruncate(form->file[i].fd, 0) != 0)
			log_error("web.upload", "folder=%s error=%s", log_quote(form->folder), strerror(errno));
	if (form->spool.fd >= 0 && ftruncate(form->spool.fd, 0) != 0)
		log_error("web.upload", "folder=%s error=%s", log_quote(form->folder), strerror(errno));
	atomic_fetch_sub(&form->room->used, (long long)form->on_disk);
	form->on_disk = 0;
}

static void fail(struct form *form, enum form_verdict verdict)
{
	if (form->verdict != FORM_GOOD)
		return;
	form->verdict = verdict;
	give_back(form);
}

static int temporary_file(const char *folder)
{
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
		return fd;
	char *path = xasprintf("%s/upload-XXXXXX", folder);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	free(path);
	return fd;
}

static bool begin_file(struct form *form, const char *key, const char *name, const char *type)
{
	form->skip_file = name[0] == '\0'; /* nothing was chosen */
	if (form->skip_file)
		return true;
	if ((int)form->files == form->files_max) {
		fail(form, form->files_max == 0 ? FORM_NO_FILES : FORM_TOO_MANY);
		return false;
	}
	int fd = temporary_file(form->folder);
	if (fd < 0) {
		log_error("web.upload", "folder=%s error=%s", log_quote(form->folder), strerror(errno));
		fail(form, FORM_NO_ROOM);
		return false;
	}
	if (form->file == NULL)
		form->file = xcalloc((size_t)form->files_max, sizeof *form->file);
	struct web_file *file = &form->file[form->files++];
	bool known = type != NULL && strlen(type) <= 100 && gate_header(type, strlen(type)) && strchr(type, '/') != NULL;
	*file = (struct web_file){.field = xstrdup(key),
		.name = form_file_name(name),
		.media_type = xstrdup(known ? type : "application/octet-stream"),
		.fd = fd};
	return true;
}

static bool write_to(struct form *form, struct web_file *file, const char *data, size_t len)
{
	form->on_disk += (int64_t)len;
	if (atomic_fetch_add(&form->room->used, (long long)len) + (long long)len > form->room->max) {
		log_warn("web.upload", "folder=%s error=\"bodies on their way in fill %lld bytes\"", log_quote(form->folder),
			(long long)form->room->max);
		fail(form, FORM_NO_ROOM);
		return false;
	}
	for (size_t done = 0; done < len;) {
		ssize_t n = write(file->fd, data + done, len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			log_error("web.upload", "folder=%s error=%s", log_quote(form->folder), strerror(errno));
			fail(form, FORM_NO_ROOM);
			return false;
		}
		done += (size_t)n;
	}
	file->len += len;
	return true;
}

static bool write_file(struct form *form, const char *data, size_t len)
{
	return write_to(form, &form->file[form->files - 1], data, len);
}

/* Anything but a form: the beginning in memory, a large one on disk. Who sends has not been asked yet who
 * he is, and a thousand may send at once. */
static void take_body(struct form *form, const char *data, size_t len)
{
	if (form->spool.fd < 0 && form->body.len + len <= FORM_SPOOL_FROM) {
		(void)buf_append(&form->body, data, len);
		return;
	}
	if (form->spool.fd < 0) {
		form->spool.fd = temporary_file(form->folder);
		if (form->spool.fd < 0) {
			log_error("web.upload", "folder=%s error=%s", log_quote(form->folder), strerror(errno));
			fail(form, FORM_NO_ROOM);
			return;
		}
		if (!write_to(form, &form->spool, buf_str(&form->body), form->body.len))
			return;
		buf_fini(&form->body);
		buf_init(&form->body, FORM_SPOOL_FROM);
	}
	(void)write_to(form, &form->spool, data, len);
}

static bool begin_field(struct form *form, const char *key)
{
	if (form->fields == WEB_FIELDS_MAX) {
		fail(form, FORM_TOO_MANY);
		return false;
	}
	if (form->fields == form->fields_cap) {
		form->fields_cap = form->fields_cap == 0 ? 32 : form->fields_cap * 2;
		form->building = xrealloc(form->building, form->fields_cap, sizeof *form->building);
	}
	struct form_field *field = &form->building[form->fields++];
	buf_init(&field->name, WEB_FIELD_NAME_MAX);
	buf_init(&field->value, FORM_FIELD_BYTES);
	if (buf_puts(&field->name, key) != 0 || !gate_header(key, strlen(key))) {
		fail(form, FORM_WRONG);
		return false;
	}
	return true;
}

/* Where a packet ends within the first bytes of a value, libmicrohttpd begins the value twice: first with
 * nothing, then with its bytes, both at 0. The second time it only goes on. */
static bool goes_on(const struct form *form, const char *key, const char *file_name)
{
	if (!form->bare || form->in_file != (file_name != NULL))
		return false;
	if (!form->in_file)
		return strcmp(buf_str(&form->building[form->fields - 1].name), key) == 0;
	if (form->skip_file)
		return false;
	const struct web_file *last = &form->file[form->files - 1];
	char *name = form_file_name(file_name);
	bool same = strcmp(last->field, key) == 0 && strcmp(last->name, name) == 0;
	free(name);
	return same;
}

/* A piece of a field or file; off 0 begins one. */
static enum MHD_Result on_piece(void *arg, enum MHD_ValueKind kind, const char *key, const char *file_name,
	const char *content_type, const char *encoding, const char *data, uint64_t off, size_t len)
{
	struct form *form = arg;
	(void)kind;
	(void)encoding;
	if (form->verdict != FORM_GOOD || key == NULL)
		return MHD_NO;
	if (off == 0 && (len == 0 || !goes_on(form, key, file_name))) {
		form->in_file = file_name != NULL;
		if (form->in_file ? !begin_file(form, key, file_name, content_type) : !begin_field(form, key))
			return MHD_NO;
	}
	form->bare = off == 0 && len == 0;
	if (form->in_file)
		return form->skip_file || write_file(form, data, len) ? MHD_YES : MHD_NO;
	form->field_bytes += len;
	if (form->fields == 0 || form->field_bytes > FORM_FIELD_BYTES ||
		buf_append(&form->building[form->fields - 1].value, data, len) != 0) {
		fail(form, FORM_TOO_LARGE);
		return MHD_NO;
	}
	return MHD_YES;
}

void form_begin(struct form *form, struct MHD_Connection *connection, const char *folder, struct form_room *room,
	int64_t body_max, int files_max)
{
	const char *type = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Type");
	*form = (struct form){.folder = folder, .room = room, .body_max = body_max, .files_max = files_max};
	if (is_media_type(type, "application/x-www-form-urlencoded") || is_media_type(type, "multipart/form-data")) {
		form->processor = MHD_create_post_processor(connection, PROCESSOR_BYTES, on_piece, form);
		if (form->processor == NULL)
			form->verdict = FORM_WRONG; /* multipart without a boundary */
	}
	buf_init(&form->body, FORM_SPOOL_FROM);
	form->spool.fd = -1;
}

void form_take(struct form *form, const char *data, size_t len)
{
	form->taken += (int64_t)len;
	if (form->taken > form->body_max)
		fail(form, FORM_TOO_LARGE);
	if (form->verdict != FORM_GOOD)
		return;
	if (form->processor != NULL) {
		if (MHD_post_process(form->processor, data, len) != MHD_YES)
			fail(form, FORM_WRONG);
	} else {
		take_body(form, data, len);
	}
}

static void map(struct form *form, struct web_file *file)
{
	void *data = file->len == 0 ? NULL : mmap(NULL, file->len, PROT_READ, MAP_PRIVATE, file->fd, 0);
	if (data == MAP_FAILED) {
		log_error("web.upload", "bytes=%zu error=%s", file->len, strerror(errno));
		fail(form, FORM_NO_ROOM);
	} else {
		file->data = data;
	}
}

static bool clean_value(const struct buf *value)
{
	const char *text = buf_str(value);
	return strlen(text) == value->len && gate_utf8(text, value->len);
}

void form_end(struct form *form)
{
	if (form->processor != NULL) {
		/* The last field of a urlencoded form comes out here. */
		if (MHD_destroy_post_processor(form->processor) != MHD_YES && form->taken > 0)
			fail(form, FORM_WRONG);
		form->processor = NULL;
	}
	if (form->verdict == FORM_GOOD) {
		map(form, &form->spool);
		for (size_t i = 0; i < form->files; i++)
			map(form, &form->file[i]);
	}
	if (form->verdict != FORM_GOOD || form->fields == 0)
		return;
	form->field = xcalloc(form->fields, sizeof *form->field);
	for (size_t i = 0; i < form->fields; i++) {
		const struct form_field *from = &form->building[i];
		if (!clean_value(&from->value)) {
			fail(form, FORM_WRONG);
			return;
		}
		form->field[i] = (struct web_field){buf_str(&from->name), buf_str(&from->value), from->value.len};
	}
}

void form_fini(struct form *form)
{
	if (form->processor != NULL)
		MHD_destroy_post_processor(form->processor);
	for (size_t i = 0; i < form->fields; i++) {
		buf_fini(&form->building[i].name);
		buf_fini(&form->building[i].value);
	}
	for (size_t i = 0; i < form->files; i++) {
		struct web_file *file = &form->file[i];
		if (file->data != NULL)
			munmap(file->data, file->len);
		close(file->fd);
		free(file->field);
		free(file->name);
		free(file->media_type);
	}
	free(form->building);
	free(form->field);
	free(form->file);
	if (form->spool.data != NULL)
		munmap(form->spool.data, form->spool.len);
	if (form->spool.fd >= 0)
		close(form->spool.fd);
	buf_fini(&form->body);
	atomic_fetch_sub(&form->room->used, (long long)form->on_disk);
	*form = (struct form){0};
}
