/* Files of the folder, and the attachments. Files must lie in the campaign's
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
#include "campaign/folder.h"

#define ATTACHMENTS_MAX 20
#define ANNEX_MAX_BYTES (100LL * 1000 * 1000) /* larger than the total goes as a link; kept in the store whole */

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
bool folder_load_file(struct folder_reader *r, const struct yaml_node *node, const char *path,
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

/* ---- attachments ------------------------------------------------------------------- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash == NULL ? path : slash + 1;
}

/* A detached signature belongs to its file byte for byte: it goes as it is, named after the file. */
static void read_signature(struct folder_reader *r, const struct yaml_node *node, const char *path,
	const char *signed_name)
{
	const char *name = NULL;
	struct folder_file file = {0};
	if (!yaml_as_line(&r->yaml, node, path, &name) ||
		!folder_load_file(r, node, path, ANNEX_MAX_BYTES, &file))
		return;
	const char *dot = strrchr(base_name(name), '.');
	file.name = xasprintf("%s%s", signed_name, dot == NULL ? ".sig" : dot);
	file.title = xasprintf(tr("Signature of %s", "Подпись к файлу %s"), signed_name);
	file.media_type = xstrdup("application/pkcs7-signature");
	if (gate_file_name(file.name)) {
		r->folder->attachment[r->folder->attachments++] = file;
		return;
	}
	folder_error(r, node, path, NULL, tr("«%.200s» is not a file name", "«%.200s» — не имя файла"), file.name);
	folder_file_fini(&file);
}

static void read_attachment(struct folder_reader *r, struct yaml_node *node, const char *path)
{
	static const char *const known[] = {"file", "name", "title", "media_type", "signature", NULL};
	struct folder_file file = {0};
	const struct yaml_node *source = node, *signature = NULL;
	const char *name = NULL, *given = NULL;
	if (node->kind == YAML_MAP) {
		source = yaml_take(node, "file");
		given = folder_line(r, node, "name", path);
		file.title = xstrdup(folder_line(r, node, "title", path));
		file.media_type = xstrdup(folder_line(r, node, "media_type", path));
		signature = yaml_take(node, "signature");
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
		else if (folder_load_file(r, source, path, ANNEX_MAX_BYTES, &file)) {
			r->folder->attachment[r->folder->attachments++] = file;
			if (signature != NULL)
				read_signature(r, signature, path, file.name);
			return;
		}
	}
	folder_file_fini(&file);
}

/* The largest become links until the rest may travel. */
static void put_annexes(struct folder_reader *r, int64_t total)
{
	struct campaign_folder *folder = r->folder;
	int64_t most = r->settings->attachments_max_bytes;
	bool linked[2 * ATTACHMENTS_MAX] = {false};
	json_t *annexes = json_array();
	while (total > most) {
		size_t largest = folder->attachments;
		for (size_t i = 0; i < folder->attachments; i++)
			if (!linked[i] && (largest == folder->attachments ||
						  folder->attachment[i].len > folder->attachment[largest].len))
				largest = i;
		linked[largest] = true;
		total -= (int64_t)folder->attachment[largest].len;
	}
	for (size_t i = 0; i < folder->attachments; i++)
		if (linked[i])
			json_array_append_new(annexes,
				json_pack("{s:I,s:s,s:s*,s:I}", "position", (json_int_t)i + 1, "name",
					folder->attachment[i].name, "title", folder->attachment[i].title, "size",
					(json_int_t)folder->attachment[i].len));
	json_object_set_new(folder->definition, "annexes", annexes);
}

static void check_total(struct folder_reader *r, const struct yaml_node *list)
{
	int64_t total = 0, most = r->settings->attachments_max_bytes;
	for (size_t i = 0; i < r->folder->attachments; i++)
		total += (int64_t)r->folder->attachment[i].len;
	if (total <= most)
		return;
	if (r->settings->public_url == NULL) {
		folder_error(r, list, "attachments",
			tr("with public_url in the settings the large ones become links",
				"если в настройках есть public_url, большие файлы уйдут ссылками"),
			tr("the attachments have %lld bytes in all; at most %lld (attachments_max "
			   "of the settings)",
				"вложения занимают %lld байт; можно не больше %lld (настройка "
				"attachments_max)"),
			(long long)total, (long long)most);
		return;
	}
	put_annexes(r, total);
	folder_info(r, list, "attachments", NULL,
		tr("%zu of the attachments go as links: %lld bytes in all, at most %lld travel (attachments_max "
		   "of the settings)",
			"вложений, которые уйдут ссылками: %zu; всего %lld байт, вложить можно %lld (настройка "
			"attachments_max)"),
		json_array_size(json_object_get(r->folder->definition, "annexes")), (long long)total,
		(long long)most);
}

void folder_read_attachments(struct folder_reader *r)
{
	struct yaml_node *list = yaml_take(r->root, "attachments");
	if (list == NULL || !yaml_as_list(&r->yaml, list, "attachments"))
		return;
	if (list->count > ATTACHMENTS_MAX) {
		folder_error(r, list, "attachments", NULL,
			tr("more than %d attachments", "больше %d вложений"), ATTACHMENTS_MAX);
		return;
	}
	/* Each may bring its signature. */
	r->folder->attachment = xcalloc(2 * list->count + 1, sizeof *r->folder->attachment);
	for (size_t i = 0; i < list->count; i++) {
		char path[40];
		snprintf(path, sizeof path, "attachments[%zu]", i);
		read_attachment(r, list->item[i], path);
	}
	for (size_t i = 0; i < r->folder->attachments; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(r->folder->attachment[i].name, r->folder->attachment[k].name) ==
				0)
				folder_error(r, list, "attachments", "name: …",
					tr("two attachments are named «%.100s»",
						"два вложения называются «%.100s»"),
					r->folder->attachment[i].name);
	check_total(r, list);
}

/* What was read a moment ago as YAML. If it cannot be read now, the draft does without. */
void folder_read_source(struct campaign_folder *folder)
{
	struct stat st;
	int fd = open(folder->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= YAML_FILE_MAX_BYTES) {
		struct folder_file *file = &folder->source;
		file->data = xmalloc((size_t)st.st_size + 1);
		file->len = (size_t)st.st_size;
		file->name = xstrdup("campaign.yaml");
		if (!read_whole(fd, file->data, file->len))
			folder_file_fini(file);
		else
			ident_hash(file->data, file->len, file->hash);
	}
	if (fd >= 0)
		close(fd);
}
