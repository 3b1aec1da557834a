/* The operators' addresses and their rights. */
#include "console/operate/operate.h"
#include "console/parts.h"

const struct console_route operate_routes[] = {
	{WEB_GET, "/status", RIGHT_OPERATE_READ, page_status, 0, 0},
	{WEB_GET, "/relays", RIGHT_OPERATE_READ, page_relays, 0, 0},
	{WEB_GET, "/relays/{name}", RIGHT_OPERATE_READ, page_relay, 0, 0},
	{WEB_GET, "/dead", RIGHT_OPERATE_READ, page_dead, 0, 0},
	{WEB_POST, "/dead/replay", RIGHT_OPERATE, take_dead_replay, 0, 0},
	{WEB_GET, "/dead/{id}", RIGHT_OPERATE_READ, page_dead_one, 0, 0},
	{WEB_POST, "/dead/{id}/replay", RIGHT_OPERATE, take_dead_replay, 0, 0},
	{WEB_POST, "/dead/{id}/drop", RIGHT_OPERATE, take_dead_drop, 0, 0},
	{WEB_GET, "/webhooks", RIGHT_WEBHOOK, page_webhooks, 0, 0},
	{WEB_GET, "/webhooks/new", RIGHT_WEBHOOK, page_webhook_new, 0, 0},
	{WEB_POST, "/webhooks", RIGHT_WEBHOOK, take_webhook_add, 0, 0},
	{WEB_GET, "/webhooks/{id}", RIGHT_WEBHOOK, page_webhook, 0, 0},
	{WEB_GET, "/webhooks/{id}/change", RIGHT_WEBHOOK, page_webhook_change, 0, 0},
	{WEB_POST, "/webhooks/{id}/change", RIGHT_WEBHOOK, take_webhook_change, 0, 0},
	{WEB_POST, "/webhooks/{id}/rotate", RIGHT_WEBHOOK, take_webhook_rotate, 0, 0},
	{WEB_POST, "/webhooks/{id}/enable", RIGHT_WEBHOOK, take_webhook_state, 0, 0},
	{WEB_POST, "/webhooks/{id}/disable", RIGHT_WEBHOOK, take_webhook_state, 0, 0},
	{WEB_POST, "/webhooks/{id}/remove", RIGHT_WEBHOOK, take_webhook_remove, 0, 0},
	{WEB_POST, "/webhooks/{id}/test", RIGHT_WEBHOOK, take_webhook_test, 0, 0},
	{WEB_POST, "/webhooks/{id}/replay", RIGHT_WEBHOOK, take_webhook_replay, 0, 0},
	{WEB_GET, "/webhooks/{id}/messages/{message}", RIGHT_WEBHOOK, page_webhook_message, 0, 0},
	{WEB_POST, "/webhooks/{id}/messages/{message}/replay", RIGHT_WEBHOOK, take_webhook_replay_one, 0, 0},
	{WEB_GET, "/suppressions", RIGHT_SUPPRESSION, page_suppressions, 0, 0},
	{WEB_POST, "/suppressions", RIGHT_SUPPRESSION, take_suppression_add, 0, 0},
	{WEB_POST, "/suppressions/remove", RIGHT_SUPPRESSION, take_suppression_remove, 0, 0},
	{WEB_GET, "/metrics", RIGHT_METRICS, page_metrics, 0, 0},
	{0, NULL, 0, NULL, 0, 0},
};
