#include "web/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/gate.h"
#include "base/lang.h"

static const unsigned char v4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_v4(const struct address *address)
{
	return memcmp(address->bytes, v4_prefix, sizeof v4_prefix) == 0;
}

static bool parse_bare(const char *text, struct address *out)
{
	if (inet_pton(AF_INET6, text, out->bytes) == 1)
		return true;
	memcpy(out->bytes, v4_prefix, sizeof v4_prefix);
	return inet_pton(AF_INET, text, out->bytes + sizeof v4_prefix) == 1;
}

bool address_parse(const char *text, struct address *out)
{
	char bare[ADDRESS_TEXT_SIZE + 8];
	size_t len = strlen(text);
	if (len == 0 || len >= sizeof bare)
		return false;
	memcpy(bare, text, len + 1);
	if (bare[0] == '[') {
		char *end = strchr(bare, ']');
		if (end == NULL || (end[1] != '\0' && end[1] != ':'))
			return false;
		*end = '\0';
		return parse_bare(bare + 1, out);
	}
	char *colon = strchr(bare, ':');
	if (colon != NULL && strchr(colon + 1, ':') == NULL)
		*colon = '\0'; /* an IPv4 address with a port */
	return parse_bare(bare, out);
}

bool address_of_socket(const struct sockaddr *socket, struct address *out)
{
	if (socket == NULL)
		return false;
	if (socket->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, socket, sizeof in);
		memcpy(out->bytes, v4_prefix, sizeof v4_prefix);
		memcpy(out->bytes + sizeof v4_prefix, &in.sin_addr, 4);
		return true;
	}
	if (socket->sa_family == AF_INET6) {
		struct sockaddr_in6 in;
		memcpy(&in, socket, sizeof in);
		memcpy(out->bytes, &in.sin6_addr, 16);
		return true;
	}
	return false;
}

const char *address_text(const struct address *address, char out[static ADDRESS_TEXT_SIZE])
{
	const char *text = is_v4(address)
		? inet_ntop(AF_INET, address->bytes + sizeof v4_prefix, out, ADDRESS_TEXT_SIZE)
		: inet_ntop(AF_INET6, address->bytes, out, ADDRESS_TEXT_SIZE);
	return text != NULL ? text : "";
}

const char *address_neighbourhood(const struct address *address, char out[static ADDRESS_TEXT_SIZE])
{
	struct address net = *address;
	if (!is_v4(address))
		memset(net.bytes + 8, 0, 8);
	return address_text(&net, out);
}

int address_set_add(struct address_set *set, const char *text, struct error *e)
{
	char bare[ADDRESS_TEXT_SIZE + 8];
	const char *slash = strchr(text, '/');
	size_t len = slash == NULL ? strlen(text) : (size_t)(slash - text);
	struct address_net net = {.bits = 128};
	long long bits;
	if (set->count == ADDRESS_SET_MAX)
		return error_set(e, ERROR_FULL, tr("at most %d addresses", "не больше %d адресов"), ADDRESS_SET_MAX);
	if (len >= sizeof bare)
		goto wrong;
	memcpy(bare, text, len);
	bare[len] = '\0';
	if (!parse_bare(bare, &net.net))
		goto wrong;
	if (slash != NULL) {
		bool v4 = strchr(bare, ':') == NULL;
		if (!gate_int64(slash + 1, 0, v4 ? 32 : 128, &bits))
			goto wrong;
		net.bits = (int)bits + (v4 ? 96 : 0);
	}
	set->net[set->count++] = net;
	return 0;
wrong:
	return error_set(e, ERROR_INPUT,
		tr("«%.60s» is no address: 127.0.0.1, 10.0.0.0/8, fd00::/8", "«%.60s» – не адрес: 127.0.0.1, 10.0.0.0/8, fd00::/8"),
		text);
}

static bool in_net(const struct address_net *net, const struct address *address)
{
	int whole = net->bits / 8, rest = net->bits % 8;
	if (memcmp(net->net.bytes, address->bytes, (size_t)whole) != 0)
		return false;
	if (rest == 0)
		return true;
	unsigned mask = 0xffu << (8 - rest);
	return ((unsigned)net->net.bytes[whole] & mask) == ((unsigned)address->bytes[whole] & mask);
}

int address_set_read(struct address_set *set, const char *list, struct error *e)
{
	for (const char *at = list + strspn(list, " "); *at != '\0'; at += strspn(at, " ")) {
		char one[64];
		size_t len = strcspn(at, " ");
		snprintf(one, sizeof one, "%.*s", (int)len, at);
		if (address_set_add(set, one, e) != 0)
			return -1;
		at += len;
	}
	return 0;
}

bool address_set_has(const struct address_set *set, const struct address *address)
{
	for (size_t i = 0; set != NULL && i < set->count; i++)
		if (in_net(&set->net[i], address))
			return true;
	return false;
}

struct address address_forwarded(const struct address_set *proxies, struct address peer, const char *forwarded)
{
	struct address who = peer;
	size_t end = forwarded == NULL ? 0 : strlen(forwarded);
	while (end > 0 && address_set_has(proxies, &who)) {
		size_t start = end;
		while (start > 0 && forwarded[start - 1] != ',')
			start--;
		size_t from = start, to = end;
		while (from < to && forwarded[from] == ' ')
			from++;
		while (to > from && forwarded[to - 1] == ' ')
			to--;
		char text[ADDRESS_TEXT_SIZE + 8];
		struct address next;
		if (to - from >= sizeof text)
			break;
		memcpy(text, forwarded + from, to - from);
		text[to - from] = '\0';
		if (!address_parse(text, &next))
			break;
		who = next;
		end = start > 0 ? start - 1 : 0;
	}
	return who;
}
