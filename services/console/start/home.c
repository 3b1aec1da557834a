/* The first page. */
#include "console/parts.h"
#include "console/start/start.h"

void page_start(struct visit *visit)
{
	console_page(visit, 200, "start", json_pack("{s:s, s:s}", "title", tr("Today", "Сегодня"), "here", "start"));
}

const struct console_route start_routes[] = {
	{WEB_GET, "/", RIGHT_OWN, page_start, 0, 0},
	{WEB_GET, "/login", RIGHT_NONE, page_login, 0, 0},
	{WEB_POST, "/login", RIGHT_NONE, take_login, 0, 0},
	{WEB_POST, "/logout", RIGHT_OWN, take_logout, 0, 0},
	{WEB_POST, "/language", RIGHT_OWN, take_language, 0, 0},
	{0, NULL, 0, NULL, 0, 0},
};
