/* The directory's addresses. */
#include "console/directory/part.h"
#include "console/parts.h"

#define UPLOAD_BODY_MAX (IMPORT_FILE_MAX_BYTES + 65536)

const struct console_route directory_routes[] = {
	{WEB_GET, "/directory", RIGHT_DIRECTORY_READ, page_directory, 0, 0},
	{WEB_GET, "/directory/export.csv", RIGHT_DIRECTORY_READ, page_directory_export, 0, 0},
	{WEB_GET, "/directory/revisions", RIGHT_DIRECTORY_READ, page_directory_revisions, 0, 0},
	{WEB_GET, "/directory/import", RIGHT_DIRECTORY_WRITE, page_import, 0, 0},
	{WEB_POST, "/directory/import", RIGHT_DIRECTORY_WRITE, page_import_upload, UPLOAD_BODY_MAX, 1},
	{WEB_GET, "/directory/import/{upload}", RIGHT_DIRECTORY_WRITE, page_import_preview, 0, 0},
	{WEB_POST, "/directory/import/{upload}", RIGHT_DIRECTORY_WRITE, page_import_run, 0, 0},
	{WEB_GET, "/directory/import/{upload}/progress", RIGHT_DIRECTORY_WRITE, page_import_progress, 0, 0},
	{WEB_POST, "/directory/import/{upload}/read", RIGHT_DIRECTORY_WRITE, page_import_reread, 0, 0},
	{WEB_POST, "/directory/import/{upload}/drop", RIGHT_DIRECTORY_WRITE, page_import_drop, 0, 0},
	{WEB_GET, "/directory/{organisation}", RIGHT_DIRECTORY_READ, page_organisation, 0, 0},
	{WEB_POST, "/directory/{organisation}/contact", RIGHT_DIRECTORY_WRITE, page_contact, 0, 0},
	{0, NULL, RIGHT_NONE, NULL, 0, 0},
};
