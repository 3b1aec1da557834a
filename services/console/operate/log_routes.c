#include "console/operate/log.h"
#include "console/parts.h"

const struct console_route log_routes[] = {
	{WEB_GET, "/log", RIGHT_DELIVERY_READ, page_log, 0, 0},
	{WEB_GET, "/log/live", RIGHT_DELIVERY_READ, page_log_live, 0, 0},
	{WEB_GET, "/log.csv", RIGHT_DELIVERY_READ, page_log_file, 0, 0},
	{0, NULL, 0, NULL, 0, 0},
};
