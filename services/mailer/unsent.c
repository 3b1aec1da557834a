#include "mailer/unsent.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

bool unsent_discard(int fd)
{
	int bytes = 0;
	struct linger at_once = {.l_onoff = 1, .l_linger = 0};
	return ioctl(fd, SIOCOUTQNSD, &bytes) == 0 && bytes > 0 &&
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0 &&
		/* It may have drained between the two. */
		ioctl(fd, SIOCOUTQNSD, &bytes) == 0 && bytes > 0;
}
