#include "notifier/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* IANA special-purpose registries: everything that is not globally reachable
 * unicast, plus multicast and the reserved class E. */
static const struct {
	uint32_t network;
	int bits;
} closed4[] = {
	{0x00000000, 8},  /* this network */
	{0x0a000000, 8},  /* private */
	{0x64400000, 10}, /* carrier-grade NAT, 100.64/10; holds one cloud's metadata address too */
	{0x7f000000, 8},  /* loopback */
	{0xa9fe0000, 16}, /* link local, cloud metadata 169.254.169.254 */
	{0xac100000, 12}, /* private */
	{0xc0000000, 24}, /* protocol assignments, 192.0.0.192 is metadata of one cloud */
	{0xc0000200, 24}, /* documentation */
	{0xc0586300, 24}, /* 6to4 relays, withdrawn */
	{0xc0a80000, 16}, /* private */
	{0xc6120000, 15}, /* benchmarking */
	{0xc6336400, 24}, /* documentation */
	{0xcb007100, 24}, /* documentation */
	{0xe0000000, 3},  /* multicast, reserved, broadcast: 224.0.0.0 to 255.255.255.255 */
	{0xa83f8110, 32}, /* 168.63.129.16: a cloud's host agent on a public-looking address */
};

static bool public4(uint32_t host_order)
{
	for (size_t i = 0; i < sizeof closed4 / sizeof *closed4; i++) {
		uint32_t mask = UINT32_MAX << (32 - closed4[i].bits);
		if ((host_order & mask) == closed4[i].network)
			return false;
	}
	return true;
}

static uint32_t at(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool starts(const uint8_t *a, const uint8_t *prefix, int bits)
{
	if (memcmp(a, prefix, (size_t)bits / 8) != 0)
		return false;
	int rest = bits % 8;
	return rest == 0 || (a[bits / 8] ^ prefix[bits / 8]) >> (8 - rest) == 0;
}

static bool public6(const uint8_t a[16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	static const uint8_t nat64[12] = {0, 0x64, 0xff, 0x9b};
	static const struct {
		uint8_t prefix[16];
		int bits;
	} closed6[] = {
		{{0x20, 0x01, 0x00}, 23},             /* 2001::/23: Teredo, ORCHID, benchmarking */
		{{0x20, 0x01, 0x0d, 0xb8}, 32},       /* documentation */
		{{0x3f, 0xff, 0x00}, 20},             /* documentation */
		{{0x5f, 0x00}, 16},                   /* segment routing */
	};
	if (memcmp(a, mapped, sizeof mapped) == 0 || memcmp(a, nat64, sizeof nat64) == 0)
		return public4(at(a + 12));
	if (a[0] == 0x20 && a[1] == 0x02) /* 6to4 */
		return public4(at(a + 2));
	if ((a[0] & 0xe0) != 0x20) /* only 2000::/3 is global unicast: no ::1, fc00::/7, fe80::/10, ff00::/8, 64:ff9b:1::/48 */
		return false;
	for (size_t i = 0; i < sizeof closed6 / sizeof *closed6; i++)
		if (starts(a, closed6[i].prefix, closed6[i].bits))
			return false;
	return true;
}

bool address_is_public(const struct sockaddr *address)
{
	/* Copied out: a generic sockaddr need not be aligned for the larger types. */
	if (address->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, address, sizeof in);
		return public4(ntohl(in.sin_addr.s_addr));
	}
	if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 in;
		memcpy(&in, address, sizeof in);
		return public6(in.sin6_addr.s6_addr);
	}
	return false;
}

bool address_text_is_public(const char *text)
{
	struct in_addr v4;
	struct in6_addr v6;
	if (text == NULL)
		return false;
	if (inet_pton(AF_INET, text, &v4) == 1)
		return public4(ntohl(v4.s_addr));
	if (inet_pton(AF_INET6, text, &v6) == 1)
		return public6(v6.s6_addr);
	return false;
}
