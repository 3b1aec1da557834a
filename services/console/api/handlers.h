/* The handlers, one for each operation of operations.h. */
#ifndef VESTNIK_CONSOLE_API_HANDLERS_H
#define VESTNIK_CONSOLE_API_HANDLERS_H

#include "console/api/api.h"

/* A body of more than 64 KiB lies on disk while it comes (web/form.c). */
#define API_JSON_MOST (1024 * 1024)
#define API_FILE_MOST (20 * 1024 * 1024)
#define API_ZIP_MOST (40 * 1024 * 1024)

#define OPERATION(id, method, path, right, handler, query, body, most) void handler(struct api *api);
#include "console/api/operations.h"
#undef OPERATION

#endif
