#include "bus/wakeup.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ident.h"
#include "base/xalloc.h"

void wakeup_address(struct wakeup_address *address, const char *store_file, const char *topic,
	const char *group)
{
	char hash[IDENT_HASH_SIZE];
	char *text = xasprintf("%s\n%s\n%s", store_file, topic, group);
	ident_hash(text, strlen(text), hash);
	free(text);
	memset(address, 0, sizeof *address);
	address->name.sun_family = AF_UNIX;
	/* sun_path[0] stays 0: abstract, nothing to clean up after a kill */
	int n = snprintf(address->name.sun_path + 1, sizeof address->name.sun_path - 1,
		"vestnik-bus-%.40s", hash);
	address->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
}

static int new_socket(struct error *e)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	return fd < 0 ? error_errno(e, "socket") : fd;
}

int wakeup_listen(const struct wakeup_address *address, struct error *e)
{
	int fd = new_socket(e);
	if (fd >= 0 && bind(fd, (const struct sockaddr *)&address->name, address->len) < 0) {
		error_errno(e, "bind %s", address->name.sun_path + 1);
		close(fd);
		return -1;
	}
	return fd;
}

int wakeup_sender(struct error *e)
{
	return new_socket(e);
}

void wakeup_send(int sender, const struct wakeup_address *address)
{
	(void)!sendto(sender, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL,
		(const struct sockaddr *)&address->name, address->len);
}

void wakeup_drain(int listener)
{
	char byte;
	while (recv(listener, &byte, sizeof byte, MSG_DONTWAIT) >= 0)
		;
}
