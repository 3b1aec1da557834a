#include "base/place.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ident.h"

const char *place_here(char out[static PLACE_SIZE])
{
	char host[256] = "", boot[64] = "", text[400], hash[IDENT_HASH_SIZE];
	struct stat pids = {0};
	(void)gethostname(host, sizeof host - 1);
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		if (read(fd, boot, sizeof boot - 1) < 0)
			boot[0] = '\0';
		close(fd);
	}
	(void)stat("/proc/self/ns/pid", &pids);
	int n = snprintf(text, sizeof text, "%s %s %llu", host, boot, (unsigned long long)pids.st_ino);
	ident_hash(text, (size_t)n, hash);
	memcpy(out, hash, PLACE_SIZE - 1);
	out[PLACE_SIZE - 1] = '\0';
	return out;
}
