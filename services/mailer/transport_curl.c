/* Not there yet. */
#include "mailer/transport.h"

static int curl_init(struct error *e)
{
	return error_set(e, ERROR_INPUT, "the libcurl transport is not built in yet");
}

static int curl_open(
	struct transport_session **out, const struct transport_config *config, struct error *e)
{
	*out = NULL;
	return error_set(e, ERROR_INPUT, "relay %s: the libcurl transport is not built in yet",
		config->relay);
}

const struct transport transport_curl = {.name = "libcurl", .init = curl_init, .open = curl_open};
