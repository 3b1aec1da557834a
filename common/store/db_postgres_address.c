/* PostgreSQL: the address, and a connection from it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/lang.h"
#include "base/xalloc.h"
#include "store/db_postgres.h"

/* A server that does not answer at all is tried this long (each of several hosts). */
#define CONNECT_TIMEOUT_S "5"
/* A peer that vanished without a word (power, network) is noticed within some 25 s. */
#define KEEPALIVE_IDLE_S "10"
#define KEEPALIVE_INTERVAL_S "5"
#define KEEPALIVE_COUNT "3"
#define UNACKNOWLEDGED_MS "25000"
#define LABEL_MAX_BYTES 400

static const char *option(const PQconninfoOption *options, const char *keyword)
{
	for (; options->keyword != NULL; options++)
		if (strcmp(options->keyword, keyword) == 0)
			return options->val;
	return NULL;
}

int postgres_bad_address(struct error *e)
{
	return error_set(e, ERROR_INPUT, "%s",
		tr("the store's address is not understood; write postgresql://user@host:5432/database"
		   " (in names and passwords / is %2F, @ is %40, : is %3A)",
			"адрес хранилища не понят; пишите postgresql://пользователь@узел:5432/база"
			" (в именах и паролях / это %2F, @ это %40, : это %3A)"));
}

/* Built from what libpq understood and never by cutting the text: where a password ends is not
 * for us to guess. */
int postgres_label(const char *url, char **label, struct error *e)
{
	char *trouble = NULL;
	PQconninfoOption *options = PQconninfoParse(url, &trouble);
	*label = NULL;
	if (options == NULL) {
		/* libpq's words may repeat a part of the password. */
		PQfreemem(trouble);
		return postgres_bad_address(e);
	}
	const char *user = option(options, "user"), *host = option(options, "host"),
		   *port = option(options, "port"), *name = option(options, "dbname"),
		   *service = option(options, "service");
	/* An @ in the password that was not written as %40 (a leading one: an abstract socket). */
	if (host != NULL && host[0] != '\0' && strchr(host + 1, '@') != NULL) {
		PQconninfoFree(options);
		return postgres_bad_address(e);
	}
	struct buf text;
	buf_init(&text, LABEL_MAX_BYTES);
	(void)buf_puts(&text, "postgresql://");
	if (user != NULL)
		(void)buf_printf(&text, "%.60s@", user);
	(void)buf_printf(&text, "%.150s", host == NULL ? "" : host);
	if (port != NULL)
		(void)buf_printf(&text, ":%.20s", port);
	(void)buf_printf(&text, "/%.60s", name == NULL ? "" : name);
	if (service != NULL)
		(void)buf_printf(&text, "?service=%.60s", service);
	*label = buf_take(&text);
	buf_fini(&text);
	PQconninfoFree(options);
	return 0;
}

static const char *program_name(void)
{
	return strncmp(program_invocation_short_name, "vestnik", strlen("vestnik")) == 0
		? program_invocation_short_name
		: "vestnik";
}

/* What stands before dbname the address may overrule. */
PGconn *postgres_connect(const char *url)
{
	const char *const keywords[] = {"fallback_application_name", "connect_timeout", "keepalives_idle",
		"keepalives_interval", "keepalives_count", "tcp_user_timeout", "target_session_attrs", "dbname",
		"client_encoding", NULL};
	const char *const values[] = {program_name(), CONNECT_TIMEOUT_S, KEEPALIVE_IDLE_S,
		KEEPALIVE_INTERVAL_S, KEEPALIVE_COUNT, UNACKNOWLEDGED_MS, "read-write", url, "UTF8", NULL};
	PGconn *conn = PQconnectdbParams(keywords, values, 1);
	if (conn == NULL)
		PANIC("out of memory in libpq");
	return conn;
}
