/* Answers that are made into a file first: bounded memory, whatever their size. */
#ifndef VESTNIK_CONSOLE_API_FILES_H
#define VESTNIK_CONSOLE_API_FILES_H

#include <stdio.h>

#include "console/api/api.h"

/* Which of `formats` ("json csv xlsx html") is wanted: ?format, else Accept, else the first. NULL after a
 * problem. */
const char *api_format(struct api *api, const char *formats);
const char *api_format_type(const char *format);

/* A temporary file, gone with the answer. NULL after a problem; *path is for writers that need one, it
 * exists until api_file_reply or api_file_drop; the caller frees it. */
FILE *api_file(struct api *api, char **path);
/* Sends what was written. Closes the stream. */
void api_file_reply(struct api *api, FILE *file, char *path, const char *name, const char *media_type);
/* The same for what somebody else wrote to the path. */
void api_path_reply(struct api *api, FILE *file, char *path, const char *name, const char *media_type);
void api_file_drop(FILE *file, char *path);

#endif
