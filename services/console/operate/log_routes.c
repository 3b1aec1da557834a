#include "console/operate/log.h"
#include "console/parts.h"

const struct console_route log_routes[] = {
	{WEB_GET, "/log", RIGHT_DELIVERY_READ, page_log, 0, 0},
	{WEB_GET, "/log/live", RIGHT_DELIVERY_READ, page_log_live, 0, 0},
	{WEB_GET, "/log.csv", RIGHT_DELIVERY_READ, page_log_file, 0, 0},
	{WEB_GET, "/delivery/{key}", RIGHT_DELIVERY_READ, page_delivery, 0, 0},
	{WEB_GET, "/delivery/{key}/letter", RIGHT_DELIVERY_READ, page_delivery_letter, 0, 0},
	{WEB_GET, "/delivery/{key}/text", RIGHT_DELIVERY_READ, page_delivery_text, 0, 0},
	{WEB_POST, "/delivery/{key}/again", RIGHT_OPERATE, take_delivery_again, 0, 0},
	{WEB_POST, "/delivery/{key}/readdress", RIGHT_OPERATE, take_delivery_readdress, 0, 0},
	{WEB_POST, "/delivery/{key}/suppress", RIGHT_SUPPRESSION, take_delivery_suppress, 0, 0},
	{0, NULL, 0, NULL, 0, 0},
};
