/* Addresses of this part. */
#include "console/campaign/part.h"
#include "console/parts.h"

const struct console_route campaign_routes[] = {
	{WEB_GET, "/campaigns", RIGHT_CAMPAIGN_READ, page_campaigns, 0, 0},
	{WEB_GET, "/campaigns/{slug}", RIGHT_CAMPAIGN_READ, page_overview, 0, 0},
	{WEB_GET, "/campaigns/{slug}/progress", RIGHT_CAMPAIGN_READ, piece_progress, 0, 0},
	{WEB_GET, "/campaigns/{slug}/letters", RIGHT_CAMPAIGN_READ, page_letters, 0, 0},
	{WEB_GET, "/campaigns/{slug}/letter", RIGHT_CAMPAIGN_READ, frame_letter, 0, 0},
	{WEB_GET, "/campaigns/{slug}/files/{purpose}/{position}", RIGHT_CAMPAIGN_READ, send_campaign_file, 0, 0},
	{0, NULL, 0, NULL, 0, 0},
};
