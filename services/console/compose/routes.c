/* Addresses of this part. */
#include "console/compose/part.h"
#include "console/parts.h"

/* Attachments come with the page's fields; the campaign's own limit is 100 MB each. */
#define FILES_BODY_MAX (110LL * 1000 * 1000)
#define FILES_MOST 20
/* Letters of 64 KB each, percent-encoded. */
#define TEXT_BODY_MAX (4LL * 1000 * 1000)

const struct console_route compose_routes[] = {
	{WEB_GET, "/compose", RIGHT_CAMPAIGN_WRITE, page_drafts, 0, 0},
	{WEB_POST, "/compose", RIGHT_CAMPAIGN_WRITE, take_draft, 0, 0},
	{WEB_POST, "/compose/archive", RIGHT_CAMPAIGN_WRITE, take_archive, FILES_BODY_MAX, 1},
	{WEB_POST, "/compose/copy", RIGHT_CAMPAIGN_WRITE, take_copy, 0, 0},
	{WEB_GET, "/compose/{slug}", RIGHT_CAMPAIGN_WRITE, page_draft, 0, 0},
	{WEB_POST, "/compose/{slug}/drop", RIGHT_CAMPAIGN_WRITE, take_drop, 0, 0},
	{WEB_GET, "/compose/{slug}/letter", RIGHT_CAMPAIGN_WRITE, page_letter, 0, 0},
	{WEB_POST, "/compose/{slug}/letter", RIGHT_CAMPAIGN_WRITE, take_letter, FILES_BODY_MAX, FILES_MOST},
	{WEB_GET, "/compose/{slug}/letter/html", RIGHT_CAMPAIGN_WRITE, page_letter_html, 0, 0},
	{WEB_GET, "/compose/{slug}/audience", RIGHT_CAMPAIGN_WRITE, page_audience, 0, 0},
	{WEB_POST, "/compose/{slug}/audience", RIGHT_CAMPAIGN_WRITE, take_audience, FILES_BODY_MAX, FILES_MOST},
	{WEB_GET, "/compose/{slug}/dates", RIGHT_CAMPAIGN_WRITE, page_dates, 0, 0},
	{WEB_POST, "/compose/{slug}/dates", RIGHT_CAMPAIGN_WRITE, take_dates, TEXT_BODY_MAX, 0},
	{WEB_GET, "/compose/{slug}/check", RIGHT_CAMPAIGN_WRITE, page_check, 0, 0},
	{WEB_POST, "/compose/{slug}/check", RIGHT_CAMPAIGN_LAUNCH, take_check, 0, 0},
	{WEB_GET, "/compose/{slug}/text", RIGHT_CAMPAIGN_WRITE, page_text, 0, 0},
	{WEB_POST, "/compose/{slug}/text", RIGHT_CAMPAIGN_WRITE, take_text, FILES_BODY_MAX, FILES_MOST},
	{WEB_GET, "/compose/{slug}/file", RIGHT_CAMPAIGN_WRITE, page_draft_file, 0, 0},
	{0, NULL, 0, NULL, 0, 0},
};
