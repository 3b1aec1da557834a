/* Which address leads to which page. */
#include "answer/answer.h"
#include "portal/portal.h"

/* A form with all its files, and something around each. */
#define ANSWER_BODY_MAX (ANSWER_FILES_MAX * (ANSWER_FILE_MAX_BYTES / 4) + 2 * 1024 * 1024)

static const struct web_route recipients[] = {
	{WEB_GET, "/", page_home, 0, 0},
	{WEB_GET, "/robots.txt", page_robots, 0, 0},
	{WEB_GET | WEB_POST, "/a/{token}", page_answer, ANSWER_BODY_MAX, ANSWER_FILES_MAX},
	{WEB_GET | WEB_POST, "/k/{token}", page_acknowledge, 0, 0},
	{WEB_GET | WEB_POST, "/m/{token}", page_cascade, ANSWER_BODY_MAX, ANSWER_FILES_MAX},
	{WEB_GET, "/f/{token}", page_forward, 0, 0},
	{WEB_GET, "/d/{token}", page_annex, 0, 0},
	{WEB_GET, "/x/{token}", page_sheet, 0, 0},
	{WEB_GET, "/o/{token}", page_organisation, 0, 0},
	{WEB_GET, "/check", page_check, 0, 0},
	{WEB_GET | WEB_POST, "/u/{token}", page_leave, 0, 0},
	{0, NULL, NULL, 0, 0},
};

const struct web_route *const portal_tables[] = {recipients, publish_routes};
const size_t portal_tables_count = sizeof portal_tables / sizeof portal_tables[0];
