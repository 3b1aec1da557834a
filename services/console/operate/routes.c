/* The operators' addresses and their rights. */
#include "console/operate/operate.h"
#include "console/parts.h"

const struct console_route operate_routes[] = {
	{WEB_GET, "/status", RIGHT_OPERATE_READ, page_status, 0, 0},
	{WEB_GET, "/relays", RIGHT_OPERATE_READ, page_relays, 0, 0},
	{WEB_GET, "/relays/{name}", RIGHT_OPERATE_READ, page_relay, 0, 0},
	{0, NULL, 0, NULL, 0, 0},
};
