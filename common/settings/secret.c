/* Passwords: from a file only the service can read, or from its environment;
 * never in the settings file, never printed. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "settings/settings_table.h"

#define SECRET_MAX_BYTES 1024 /* no login takes a longer one */

static bool usable(const struct settings_reader *reader, const struct yaml_node *node,
	const char *shown, const char *secret, size_t len)
{
	if (len > 0 && len <= SECRET_MAX_BYTES && strlen(secret) == len && gate_header(secret, len))
		return true;
	yaml_problem(&reader->yaml, PROBLEM_ERROR, node, shown, NULL,
		tr("the password should be one line of 1 to %d bytes",
			"пароль должен быть одной строкой от 1 до %d байт"),
		SECRET_MAX_BYTES);
	return false;
}

char *settings_secret_file(const struct settings_reader *reader, const struct yaml_node *node,
	const char *shown, const char *path)
{
	char text[SECRET_MAX_BYTES + 3];
	struct stat st;
	ssize_t n = -1;
	/* O_NONBLOCK: a FIFO put there must not stop the service. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		n = read(fd, text, sizeof text - 1);
	else if (fd >= 0)
		errno = EINVAL;
	int why = errno;
	if (fd >= 0)
		close(fd);
	if (n < 0) {
		yaml_problem(&reader->yaml, PROBLEM_ERROR, node, shown, NULL,
			tr("cannot read %s: %s", "не читается %s: %s"), path, strerror(why));
		return NULL;
	}
	if ((st.st_mode & (S_IROTH | S_IWOTH)) != 0)
		yaml_problem(&reader->yaml, PROBLEM_WARNING, node, shown, "chmod o-rw",
			tr("everybody on this machine can read %s",
				"%s может прочесть любой на этой машине"),
			path);
	size_t len = (size_t)n;
	if (len > 0 && text[len - 1] == '\n')
		len--;
	if (len > 0 && text[len - 1] == '\r')
		len--;
	text[len] = '\0';
	char *secret = usable(reader, node, shown, text, len) ? xstrndup(text, len) : NULL;
	explicit_bzero(text, sizeof text);
	return secret;
}

char *settings_secret_env(const struct settings_reader *reader, const struct yaml_node *node,
	const char *shown, const char *name)
{
	const char *value = getenv(name);
	if (value == NULL) {
		yaml_problem(&reader->yaml, PROBLEM_ERROR, node, shown, NULL,
			tr("%s is not set in the environment", "переменная окружения %s не задана"),
			name);
		return NULL;
	}
	return usable(reader, node, shown, value, strlen(value)) ? xstrdup(value) : NULL;
}
