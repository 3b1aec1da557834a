/* The letter's text and the attachments. Files must lie in the campaign's
 * folder: a folder that came from elsewhere must not mail /etc/passwd. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "campaign/compile.h"
#include "campaign/folder.h"

#define ATTACHMENTS_MAX 20

char *folder_shown(const struct campaign_folder *folder, const char *file)
{
	return xasprintf("%s%s", folder->shown, file);
}

char *folder_inside(struct folder_reader *r, const struct yaml_node *node, const char *path)
{
	size_t len = strlen(r->folder->real);
	char *joined = node->text[0] == '/' ? xstrdup(node->text)
					    : xasprintf("%s/%s", r->folder->real, node->text);
	char *real = realpath(joined, NULL);
	if (real == NULL)
		folder_error(r, node, path, NULL,
			tr("there is no file «%.200s»: %s", "нет файла «%.200s»: %s"), node->text,
			strerror(errno));
	else if (strncmp(real, r->folder->real, len) != 0 || real[len] != '/') {
		folder_error(r, node, path, tr("copy it there", "скопируйте его туда"),
			tr("«%.200s» lies outside the campaign's folder",
				"«%.200s» лежит вне папки рассылки"),
			node->text);
		free(real);
		real = NULL;
	}
	free(joined);
	return real;
}

static bool read_whole(int fd, char *data, size_t len)
{
	size_t done = 0;
	while (done < len) {
		ssize_t n = read(fd, data + done, len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n == 0 ? EIO : errno;
			return false;
		}
		done += (size_t)n;
	}
	return true;
}

/* Into file->data; false and a problem when it cannot be used. */
static bool load(struct folder_reader *r, const struct yaml_node *node, const char *path,
	int64_t most, struct folder_file *file)
{
	bool good = false;
	struct stat st;
	char *inside = folder_inside(r, node, path);
	int fd = inside == NULL ? -1 : open(inside, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (inside == NULL)
		return false;
	if (fd < 0 || fstat(fd, &st) != 0) {
		folder_error(r, node, path, NULL,
			tr("cannot open «%.200s»: %s", "«%.200s» не открывается: %s"), node->text,
			strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		folder_error(r, node, path, NULL,
			tr("«%.200s» is not a file", "«%.200s» — не файл"), node->text);
	} else if (st.st_size == 0) {
		folder_error(
			r, node, path, NULL, tr("«%.200s» is empty", "«%.200s» пуст"), node->text);
	} else if (st.st_size > most) {
		folder_error(r, node, path, NULL,
			tr("«%.200s» has %lld bytes; at most %lld",
				"в «%.200s» %lld байт; можно не больше %lld"),
			node->text, (long long)st.st_size, (long long)most);
	} else {
		file->data = xmalloc((size_t)st.st_size + 1);
		file->len = (size_t)st.st_size;
		good = read_whole(fd, file->data, file->len);
		if (!good)
			folder_error(r, node, path, NULL,
				tr("cannot read «%.200s»: %s", "«%.200s» не читается: %s"),
				node->text, strerror(errno));
		else
			file->data[file->len] = '\0';
	}
	if (fd >= 0)
		close(fd);
	free(inside);
	if (good)
		ident_hash(file->data, file->len, file->hash);
	return good;
}

void folder_file_fini(struct folder_file *file)
{
	free(file->name);
	free(file->title);
	free(file->media_type);
	free(file->data);
	*file = (struct folder_file){0};
}

/* ---- letters ---------------------------------------------------------------------- */

/* The line of the first byte that is not UTF-8. */
static int bad_line(const char *text, size_t len)
{
	int line = 1;
	size_t from = 0;
	for (size_t i = 0; i <= len; i++)
		if (i == len || text[i] == '\n') {
			if (!gate_utf8(text + from, i - from))
				return line;
			from = i + 1;
			line++;
		}
	return 1;
}

static void read_first(struct folder_reader *r, const struct yaml_node *node)
{
	struct folder_file *file = &r->folder->first;
	const char *name = NULL;
	r->letter_node = node;
	if (!yaml_as_line(&r->yaml, node, "letters.first", &name) ||
		!load(r, node, "letters.first", MARKDOWN_MAX_BYTES, file))
		return;
	file->name = folder_shown(r->folder, name);
	if (file->len >= 3 && memcmp(file->data, "\xef\xbb\xbf", 3) == 0) {
		file->len -= 3; /* Notepad's mark */
		memmove(file->data, file->data + 3, file->len + 1);
	}
	if (gate_utf8(file->data, file->len) && memchr(file->data, '\0', file->len) == NULL)
		return;
	problem_add(r->yaml.problems, PROBLEM_ERROR,
		(struct problem_place){.file = file->name, .line = bad_line(file->data, file->len)},
		NULL, "%s",
		tr("this is not UTF-8: save the file in the encoding UTF-8",
			"это не UTF-8: сохраните файл в кодировке UTF-8"));
	folder_file_fini(file);
}

static void read_letters(struct folder_reader *r)
{
	static const char *const known[] = {"first", NULL};
	static const char *const later[] = {
		"reminder", "correction", "receipt", "escalation", NULL};
	struct yaml_node *map = yaml_take(r->root, "letters");
	if (map == NULL) {
		folder_error(r, r->root, "letters", "letters: {first: letter.md}", "%s",
			tr("there is no letter", "нет письма"));
		return;
	}
	if (!yaml_as_map(&r->yaml, map, "letters"))
		return;
	const struct yaml_node *first = yaml_take(map, "first");
	if (first == NULL)
		folder_error(r, map, "letters.first", "first: letter.md", "%s",
			tr("there is no first letter", "нет первого письма"));
	else
		read_first(r, first);
	for (size_t i = 0; i < map->count; i++)
		for (size_t k = 0; later[k] != NULL; k++)
			if (strcmp(map->key[i], later[k]) == 0) {
				map->used[i] = true;
				const struct yaml_node place = {
					.line = map->key_line[i], .column = map->key_column[i]};
				folder_error(r, &place, "letters",
					tr("take it out for now", "пока уберите"),
					tr("%s: not in this version yet",
						"%s: в этой версии ещё нет"),
					later[k]);
			}
	yaml_unknown(map, r->yaml.file, "letters", known, r->yaml.problems);
}

/* ---- attachments ------------------------------------------------------------------- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash == NULL ? path : slash + 1;
}

static void read_attachment(struct folder_reader *r, struct yaml_node *node, const char *path)
{
	static const char *const known[] = {"file", "name", "title", "media_type", NULL};
	struct folder_file file = {0};
	const struct yaml_node *source = node;
	const char *name = NULL, *given = NULL;
	if (node->kind == YAML_MAP) {
		source = yaml_take(node, "file");
		given = folder_line(r, node, "name", path);
		file.title = xstrdup(folder_line(r, node, "title", path));
		file.media_type = xstrdup(folder_line(r, node, "media_type", path));
		yaml_unknown(node, r->yaml.file, path, known, r->yaml.problems);
	}
	if (source == NULL) {
		folder_error(r, node, path, "{file: annex.pdf, title: …}", "%s",
			tr("the file is missing", "не указан файл (file)"));
	} else if (yaml_as_line(&r->yaml, source, path, &name)) {
		file.name = xstrdup(given != NULL ? given : base_name(name));
		if (!gate_file_name(file.name))
			folder_error(r, source, path, NULL,
				tr("«%.200s» is not a file name", "«%.200s» — не имя файла"),
				file.name);
		else if (load(r, source, path, r->settings->attachments_max_bytes, &file)) {
			r->folder->attachment[r->folder->attachments++] = file;
			return;
		}
	}
	folder_file_fini(&file);
}

static void read_attachments(struct folder_reader *r)
{
	struct yaml_node *list = yaml_take(r->root, "attachments");
	int64_t total = 0, most = r->settings->attachments_max_bytes;
	if (list == NULL || !yaml_as_list(&r->yaml, list, "attachments"))
		return;
	if (list->count > ATTACHMENTS_MAX) {
		folder_error(r, list, "attachments", NULL,
			tr("more than %d attachments", "больше %d вложений"), ATTACHMENTS_MAX);
		return;
	}
	r->folder->attachment = xcalloc(list->count + 1, sizeof *r->folder->attachment);
	for (size_t i = 0; i < list->count; i++) {
		char path[40];
		snprintf(path, sizeof path, "attachments[%zu]", i);
		read_attachment(r, list->item[i], path);
	}
	for (size_t i = 0; i < r->folder->attachments; i++) {
		total += (int64_t)r->folder->attachment[i].len;
		for (size_t k = 0; k < i; k++)
			if (strcmp(r->folder->attachment[i].name, r->folder->attachment[k].name) ==
				0)
				folder_error(r, list, "attachments", "name: …",
					tr("two attachments are named «%.100s»",
						"два вложения называются «%.100s»"),
					r->folder->attachment[i].name);
	}
	if (total > most)
		folder_error(r, list, "attachments",
			tr("put the large ones where a link in the letter leads",
				"большие файлы разместите отдельно и дайте ссылку в письме"),
			tr("the attachments have %lld bytes in all; at most %lld (attachments_max "
			   "of the settings)",
				"вложения занимают %lld байт; можно не больше %lld (настройка "
				"attachments_max)"),
			(long long)total, (long long)most);
}

void folder_read_files(struct folder_reader *r)
{
	read_letters(r);
	read_attachments(r);
}
