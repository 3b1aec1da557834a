#include "console/api/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"

static const struct {
	const char *format, *type;
} types[] = {{"json", "application/json"}, {"csv", "text/csv"},
	{"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}, {"html", "text/html"}};

const char *api_format_type(const char *format)
{
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (strcmp(types[i].format, format) == 0)
			return types[i].type;
	return "application/octet-stream";
}

/* The first entry of Accept that is one of ours; qualities are not weighed. */
static const char *accepted(const char *accept, const char *formats)
{
	for (const char *at = accept; *at != '\0';) {
		size_t len = strcspn(at, ",; ");
		for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
			if (strstr(formats, types[i].format) != NULL && strlen(types[i].type) == len &&
				strncasecmp(at, types[i].type, len) == 0)
				return types[i].format;
		if ((len == 3 && strncmp(at, "*/*", 3) == 0) || (len == 13 && strncasecmp(at, "application/*", 13) == 0))
			return "json";
		at += strcspn(at, ",");
		at += strspn(at, ", ");
	}
	return NULL;
}

const char *api_format(struct api *api, const char *formats)
{
	const char *format, *accept = web_header(api->request, "Accept");
	if (!api_query_word(api, "format", formats, &format))
		return NULL;
	if (format == NULL)
		format = accept == NULL || accept[0] == '\0' ? "json" : accepted(accept, formats);
	if (format == NULL)
		api_problem(api, API_NOT_ACCEPTABLE, NULL, NULL);
	return format;
}

FILE *api_file(struct api *api, char **path)
{
	struct error e = {0};
	*path = xasprintf("%s/api-XXXXXX", api->visit->console->settings->run_dir);
	int fd = mkostemp(*path, O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w+e");
	if (file != NULL)
		return file;
	(void)error_errno(&e, "%s", *path);
	if (fd >= 0) {
		close(fd);
		unlink(*path);
	}
	free(*path);
	api_error(api, &e);
	return NULL;
}

void api_file_drop(FILE *file, char *path)
{
	fclose(file);
	unlink(path);
	free(path);
}

static void send_file(struct api *api, int fd, const char *name, const char *media_type)
{
	struct stat st;
	struct error e = {0};
	if (fd < 0 || fstat(fd, &st) != 0) {
		(void)error_errno(&e, "%s", name);
		if (fd >= 0)
			close(fd);
		api_error(api, &e);
		return;
	}
	api->status = 200;
	web_reply_file(api->request, fd, (size_t)st.st_size, name, media_type);
}

void api_file_reply(struct api *api, FILE *file, char *path, const char *name, const char *media_type)
{
	struct error e = {0};
	if (ferror(file) || fflush(file) != 0) {
		(void)error_errno(&e, "%s", name);
		api_error(api, &e);
	} else {
		send_file(api, fcntl(fileno(file), F_DUPFD_CLOEXEC, 0), name, media_type);
	}
	api_file_drop(file, path);
}

void api_path_reply(struct api *api, FILE *file, char *path, const char *name, const char *media_type)
{
	send_file(api, open(path, O_RDONLY | O_CLOEXEC), name, media_type);
	api_file_drop(file, path);
}
