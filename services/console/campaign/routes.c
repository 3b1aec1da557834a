/* Addresses of this part. */
#include "console/campaign/part.h"
#include "console/parts.h"

#define ANSWER_BODY_MAX (INT64_C(210) * 1024 * 1024) /* ten files of 20 MB, and the form */

const struct console_route campaign_routes[] = {
	{WEB_GET, "/campaigns", RIGHT_CAMPAIGN_READ, page_campaigns, 0, 0},
	{WEB_GET, "/campaigns/{slug}", RIGHT_CAMPAIGN_READ, page_overview, 0, 0},
	{WEB_GET, "/campaigns/{slug}/progress", RIGHT_CAMPAIGN_READ, piece_progress, 0, 0},
	{WEB_GET, "/campaigns/{slug}/letters", RIGHT_CAMPAIGN_READ, page_letters, 0, 0},
	{WEB_GET, "/campaigns/{slug}/letter", RIGHT_CAMPAIGN_READ, frame_letter, 0, 0},
	{WEB_GET, "/campaigns/{slug}/files/{purpose}/{position}", RIGHT_CAMPAIGN_READ, send_campaign_file, 0, 0},
	{WEB_GET, "/campaigns/{slug}/answers", RIGHT_CAMPAIGN_READ, page_answers, 0, 0},
	{WEB_GET, "/campaigns/{slug}/municipalities", RIGHT_CAMPAIGN_READ, page_municipalities, 0, 0},
	{WEB_GET, "/campaigns/{slug}/calls", RIGHT_CAMPAIGN_READ, page_calls, 0, 0},
	{WEB_GET, "/campaigns/{slug}/report", RIGHT_CAMPAIGN_READ, page_report, 0, 0},
	{WEB_GET, "/campaigns/{slug}/report-frame", RIGHT_CAMPAIGN_READ, frame_report, 0, 0},
	{WEB_GET, "/campaigns/{slug}/report.xlsx", RIGHT_CAMPAIGN_READ, send_report, 0, 0},
	{WEB_GET, "/campaigns/{slug}/report.csv", RIGHT_CAMPAIGN_READ, send_report, 0, 0},
	{WEB_GET, "/campaigns/{slug}/report.json", RIGHT_CAMPAIGN_READ, send_report, 0, 0},
	{WEB_GET, "/campaigns/{slug}/report.html", RIGHT_CAMPAIGN_READ, send_report, 0, 0},
	{WEB_GET, "/campaigns/{slug}/calls.xlsx", RIGHT_CAMPAIGN_READ, send_calls, 0, 0},
	{WEB_GET, "/campaigns/{slug}/calls-frame", RIGHT_CAMPAIGN_READ, frame_calls, 0, 0},
	{WEB_GET, "/campaigns/{slug}/acknowledgements.xlsx", RIGHT_CAMPAIGN_READ, send_acknowledgements, 0, 0},
	{WEB_GET, "/campaigns/{slug}/sheet", RIGHT_CAMPAIGN_READ, frame_acknowledgements, 0, 0},
	{WEB_GET, "/answers", RIGHT_CAMPAIGN_READ, page_differing, 0, 0},
	{WEB_GET, "/asks/{id}", RIGHT_CAMPAIGN_READ, page_ask, 0, 0},
	{WEB_GET, "/asks/{id}/enter", RIGHT_ANSWER_WRITE, page_enter, 0, 0},
	{WEB_POST, "/asks/{id}/enter", RIGHT_ANSWER_WRITE, take_enter, ANSWER_BODY_MAX, ANSWER_FILES_MAX},
	{WEB_POST, "/asks/{id}/decide", RIGHT_ANSWER_WRITE, take_decision, 0, 0},
	{WEB_GET, "/answers/{answer}/files/{position}", RIGHT_CAMPAIGN_READ, send_answer_file, 0, 0},
	{WEB_GET, "/mail", RIGHT_ANSWER_WRITE, page_mails, 0, 0},
	{WEB_GET, "/mail/{id}", RIGHT_ANSWER_WRITE, page_mail, 0, 0},
	{WEB_POST, "/mail/{id}", RIGHT_ANSWER_WRITE, take_mail, 0, 0},
	{WEB_GET, "/mail/{id}/raw", RIGHT_ANSWER_WRITE, send_mail, 0, 0},
	{WEB_GET, "/mail/{id}/files/{position}", RIGHT_ANSWER_WRITE, send_mail_file, 0, 0},
	{WEB_GET, "/bounces", RIGHT_SUPPRESSION, page_bounces, 0, 0},
	{WEB_GET, "/bounces/{id}", RIGHT_SUPPRESSION, page_bounce, 0, 0},
	{WEB_POST, "/bounces/{id}", RIGHT_SUPPRESSION, take_bounce, 0, 0},
	{WEB_GET, "/bounces/{id}/raw", RIGHT_SUPPRESSION, send_bounce, 0, 0},
	{0, NULL, 0, NULL, 0, 0},
};
