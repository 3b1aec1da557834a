/* Addresses of this part. */
#include "console/campaign/part.h"
#include "console/parts.h"

const struct console_route campaign_routes[] = {
	{WEB_GET, "/campaigns", RIGHT_CAMPAIGN_READ, page_campaigns, 0, 0},
	{0, NULL, 0, NULL, 0, 0},
};
