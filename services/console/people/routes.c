/* Addresses of this part. */
#include "console/parts.h"
#include "console/people/part.h"

const struct console_route people_routes[] = {
	{WEB_GET, "/password", RIGHT_OWN, page_password, 0, 0},
	{WEB_POST, "/password", RIGHT_OWN, take_password, 0, 0},
	{WEB_POST, "/password/sessions/{session}/end", RIGHT_OWN, end_own_session, 0, 0},
	{WEB_GET, "/accounts", RIGHT_ACCOUNT, page_accounts, 0, 0},
	{WEB_POST, "/accounts", RIGHT_ACCOUNT, take_account_new, 0, 0},
	{WEB_GET, "/accounts/new", RIGHT_ACCOUNT, page_account_new, 0, 0},
	{WEB_GET, "/accounts/{account}", RIGHT_ACCOUNT, page_account, 0, 0},
	{WEB_POST, "/accounts/{account}", RIGHT_ACCOUNT, take_account, 0, 0},
	{WEB_POST, "/accounts/{account}/password", RIGHT_ACCOUNT, take_account_password, 0, 0},
	{WEB_POST, "/accounts/{account}/disable", RIGHT_ACCOUNT, take_account_active, 0, 0},
	{WEB_POST, "/accounts/{account}/enable", RIGHT_ACCOUNT, take_account_active, 0, 0},
	{WEB_POST, "/accounts/{account}/unlock", RIGHT_ACCOUNT, take_account_unlock, 0, 0},
	{WEB_POST, "/accounts/{account}/sessions/end", RIGHT_ACCOUNT, end_account_sessions, 0, 0},
	{WEB_POST, "/accounts/{account}/sessions/{session}/end", RIGHT_ACCOUNT, end_account_session, 0, 0},
	{WEB_GET, "/keys", RIGHT_ACCOUNT, page_keys, 0, 0},
	{WEB_POST, "/keys", RIGHT_ACCOUNT, take_key_new, 0, 0},
	{WEB_GET, "/keys/new", RIGHT_ACCOUNT, page_key_new, 0, 0},
	{WEB_POST, "/keys/{key}/revoke", RIGHT_ACCOUNT, take_key_revoke, 0, 0},
	{0, NULL, 0, NULL, 0, 0},
};
