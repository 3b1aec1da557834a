#include "web/secure.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "base/lang.h"
#include "base/xalloc.h"

#define PEM_MAX_BYTES (256 * 1024) /* a chain of some dozens */

static int read_pem(const char *path, const char *kind, char **out, struct error *e)
{
	int rc = -1, fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = xcalloc(1, PEM_MAX_BYTES + 1);
	size_t len = 0;
	if (fd < 0) {
		error_errno(e, "%s", path);
		goto out;
	}
	for (ssize_t n; len <= PEM_MAX_BYTES && (n = read(fd, text + len, PEM_MAX_BYTES + 1 - len)) != 0;) {
		if (n < 0) {
			error_errno(e, "%s", path);
			goto out;
		}
		len += (size_t)n;
	}
	if (len > PEM_MAX_BYTES || strlen(text) != len || strstr(text, "-----BEGIN ") == NULL || strstr(text, kind) == NULL) {
		error_set(e, ERROR_INPUT, tr("%s: not a PEM file with a %s", "%s: не файл PEM, где есть %s"), path, kind);
		goto out;
	}
	*out = text;
	text = NULL;
	rc = 0;
out:
	if (fd >= 0)
		close(fd);
	if (text != NULL)
		sodium_memzero(text, PEM_MAX_BYTES);
	free(text);
	return rc;
}

int secure_load(struct secure *secure, const char *certificate_file, const char *key_file, struct error *e)
{
	*secure = (struct secure){0};
	if (certificate_file == NULL && key_file == NULL)
		return 0;
	if (certificate_file == NULL || key_file == NULL)
		return error_set(e, ERROR_INPUT, "%s",
			tr("TLS needs both, a certificate and its key: tls_cert_file and tls_key_file",
				"для TLS нужны и сертификат, и его ключ: tls_cert_file и tls_key_file"));
	if (read_pem(certificate_file, "CERTIFICATE", &secure->certificate, e) != 0 ||
		read_pem(key_file, "PRIVATE KEY", &secure->key, e) != 0) {
		secure_fini(secure);
		return -1;
	}
	return 0;
}

void secure_fini(struct secure *secure)
{
	if (secure->key != NULL)
		sodium_memzero(secure->key, strlen(secure->key));
	free(secure->key);
	free(secure->certificate);
	*secure = (struct secure){0};
}
