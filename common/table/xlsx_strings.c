/* Shared strings can be nearly the whole workbook: they go into an unlinked
 * temporary file that is mapped for reading, so that the kernel can take the
 * memory back; only the offsets stay (8 bytes a string). */
#include "table/xlsx.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/lang.h"
#include "base/xalloc.h"

/* 80 MB of offsets; a full sheet of a million rows has fewer different strings. */
#define STRINGS_MAX (10 * 1000 * 1000)

struct xlsx_strings {
	uint64_t *offset; /* count + 1 */
	size_t count, room;
	FILE *file;
	uint64_t bytes;
	const char *map;
	/* while reading */
	struct xlsx_part part;
	struct xlsx_package *package;
	struct buf text;
	bool in_text, in_phonetic;
	bool failed;
};

static int hex4(const char *p)
{
	int value = 0;
	for (int i = 0; i < 4; i++) {
		char c = p[i];
		int digit = c >= '0' && c <= '9' ? c - '0'
			: c >= 'A' && c <= 'F'   ? c - 'A' + 10
			: c >= 'a' && c <= 'f'   ? c - 'a' + 10
						 : -1;
		if (digit < 0)
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

size_t xlsx_unescape(char *text, size_t len)
{
	size_t out = 0;
	for (size_t i = 0; i < len;) {
		int value = -1;
		if (len - i >= 7 && text[i] == '_' && text[i + 1] == 'x' && text[i + 6] == '_')
			value = hex4(text + i + 2);
		if (value > 0 && value < 0x80) { /* only ASCII needs escaping */
			text[out++] = (char)value;
			i += 7;
		} else {
			text[out++] = text[i++];
		}
	}
	return out;
}

static void fail(struct xlsx_strings *strings, const char *what)
{
	strings->failed = true;
	sink_problem(strings->package->sink, 0, 0, NULL, "%s", what);
	xlsx_part_stop(&strings->part);
}

static void on_start(void *arg, const char *name, const char **attributes)
{
	struct xlsx_strings *strings = arg;
	(void)attributes;
	if (strcmp(name, "si") == 0)
		buf_reset(&strings->text);
	else if (strcmp(name, "rPh") == 0)
		strings->in_phonetic = true;
	else if (strcmp(name, "t") == 0)
		strings->in_text = !strings->in_phonetic;
}

static void add(struct xlsx_strings *strings)
{
	if (strings->count == STRINGS_MAX) {
		fail(strings, tr("the workbook has too many different texts", "в книге слишком много разных текстов"));
		return;
	}
	if (strings->count + 2 > strings->room) {
		strings->room = strings->room == 0 ? 1024 : strings->room * 2;
		strings->offset = xrealloc(strings->offset, strings->room, sizeof *strings->offset);
	}
	size_t len = strings->text.len == 0 ? 0 : xlsx_unescape(strings->text.data, strings->text.len);
	if (len > 0 && fwrite(strings->text.data, 1, len, strings->file) != len) {
		fail(strings, strerror(errno));
		return;
	}
	strings->offset[strings->count++] = strings->bytes;
	strings->bytes += len;
	strings->offset[strings->count] = strings->bytes;
}

static void on_end(void *arg, const char *name)
{
	struct xlsx_strings *strings = arg;
	if (strcmp(name, "t") == 0)
		strings->in_text = false;
	else if (strcmp(name, "rPh") == 0)
		strings->in_phonetic = false;
	else if (strcmp(name, "si") == 0)
		add(strings);
}

static void on_text(void *arg, const char *text, int len)
{
	struct xlsx_strings *strings = arg;
	if (strings->in_text && buf_append(&strings->text, text, (size_t)len) != 0)
		fail(strings, tr("a text in the workbook is too long", "слишком длинный текст в книге"));
}

static FILE *temporary_file(void)
{
	const char *folder = getenv("TMPDIR");
	int fd = open(folder != NULL ? folder : "/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return tmpfile();
	FILE *file = fdopen(fd, "w+");
	if (file == NULL)
		(void)close(fd);
	return file;
}

static int map_file(struct xlsx_strings *strings)
{
	if (strings->bytes == 0)
		return 0;
	if (fflush(strings->file) != 0)
		return -1;
	void *map = mmap(NULL, strings->bytes, PROT_READ, MAP_PRIVATE, fileno(strings->file), 0);
	if (map == MAP_FAILED)
		return -1;
	strings->map = map;
	return 0;
}

struct xlsx_strings *xlsx_strings_read(struct xlsx_package *package, const char *name)
{
	struct xlsx_strings *strings = xcalloc(1, sizeof *strings);
	strings->package = package;
	strings->part = (struct xlsx_part){
		.start = on_start, .end = on_end, .text = on_text, .arg = strings};
	/* twice the cell: escapes shrink */
	buf_init(&strings->text, (size_t)2 * TABLE_CELL_MAX_BYTES);
	strings->file = temporary_file();
	bool ok = strings->file != NULL;
	if (!ok)
		sink_problem(package->sink, 0, 0, NULL, "TMPDIR: %s", strerror(errno));
	if (ok && xlsx_part_read(package, name, &strings->part) == XLSX_FAILED)
		ok = false;
	if (ok && map_file(strings) != 0) {
		sink_problem(package->sink, 0, 0, NULL, "TMPDIR: %s", strerror(errno));
		ok = false;
	}
	buf_fini(&strings->text);
	if (!ok)
		xlsx_strings_free(&strings);
	return strings;
}

void xlsx_strings_free(struct xlsx_strings **strings)
{
	if (*strings == NULL)
		return;
	if ((*strings)->map != NULL)
		(void)munmap((void *)(uintptr_t)(*strings)->map, (*strings)->bytes);
	if ((*strings)->file != NULL)
		(void)fclose((*strings)->file);
	free((*strings)->offset);
	free(*strings);
	*strings = NULL;
}

const char *xlsx_strings_get(const struct xlsx_strings *strings, uint64_t index, size_t *len)
{
	if (index >= strings->count)
		return NULL;
	*len = strings->offset[index + 1] - strings->offset[index];
	return *len == 0 ? "" : strings->map + strings->offset[index];
}
