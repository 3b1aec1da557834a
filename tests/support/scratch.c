#include "support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "store/schema.h"

#define KEPT_MAX 512

static char *kept[KEPT_MAX];
static size_t kept_count;
static char folder[256];
static pid_t owner;
static int schemas;

static const char *keep(char *text)
{
	if (kept_count == KEPT_MAX)
		abort();
	return kept[kept_count++] = text;
}

/* Each test has a schema of its own in the given PostgreSQL. */
static int run_on_server(const char *sql)
{
	struct db *db;
	struct error e;
	int rc = db_open(&db, getenv("VESTNIK_TEST_STORE"), &e);
	if (rc == 0)
		rc = db_exec(db, &e, sql, "");
	if (rc != 0)
		fprintf(stderr, "%s: %s\n", sql, e.text);
	db_close(&db);
	return rc;
}

static const char *postgres_store(const char *server)
{
	char name[64];
	snprintf(name, sizeof name, "vestnik_test_%ld_%d", (long)getpid(), ++schemas);
	char *sql = xasprintf("CREATE SCHEMA %s", name);
	if (run_on_server(sql) != 0)
		abort();
	free(sql);
	(void)scratch_folder(); /* its owner cleans up */
	return keep(xasprintf("%s%coptions=-csearch_path%%3D%s", server, strchr(server, '?') == NULL ? '?' : '&',
		name));
}

static void drop_schemas(void)
{
	for (; schemas > 0; schemas--) {
		char *sql = xasprintf("DROP SCHEMA vestnik_test_%ld_%d CASCADE", (long)getpid(), schemas);
		(void)run_on_server(sql);
		free(sql);
	}
}

static void clean_up(void)
{
	if (getpid() == owner) {
		drop_schemas();
		char *command = xasprintf("rm -rf '%s'", folder);
		if (system(command) != 0)
			fprintf(stderr, "could not remove %s\n", folder);
		free(command);
	}
	while (kept_count > 0)
		free(kept[--kept_count]);
}

const char *scratch_folder(void)
{
	if (folder[0] != '\0')
		return folder;
	const char *base = getenv("TMPDIR");
	snprintf(folder, sizeof folder, "%s/vestnik-test-XXXXXX", base == NULL ? "/tmp" : base);
	if (mkdtemp(folder) == NULL) {
		perror(folder);
		abort();
	}
	owner = getpid();
	atexit(clean_up);
	return folder;
}

const char *scratch_path(const char *name)
{
	return keep(xasprintf("%s/%s", scratch_folder(), name));
}

void must(int rc, const struct error *e)
{
	if (rc < 0)
		fail_msg("%s: %s", error_code_name(e->code), e->text);
}

const char *scratch_bare_store(void)
{
	static int number;
	const char *given = getenv("VESTNIK_TEST_STORE");
	if (given != NULL)
		return postgres_store(given);
	return keep(xasprintf("sqlite:%s/store-%d.db", scratch_folder(), ++number));
}

const char *scratch_store(void)
{
	const char *url = scratch_bare_store();
	struct error e;
	struct db *db;
	must(db_open(&db, url, &e), &e);
	must(schema_migrate(db, &e), &e);
	db_close(&db);
	return url;
}

pid_t scratch_spawn(const char *role, const char *argument)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	if (n < 0)
		abort();
	self[n] = '\0';
	/* vfork: nothing of this process's descriptors is touched before exec. */
	pid_t pid = vfork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves nobody behind */
		execl(self, self, role, argument, (char *)NULL);
		_exit(127);
	}
	if (pid < 0)
		abort();
	return pid;
}

int scratch_wait(pid_t pid)
{
	int status;
	if (waitpid(pid, &status, 0) != pid)
		abort();
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

bool scratch_until(bool (*done)(void *arg), void *arg)
{
	for (int i = 0; i < 6000; i++) {
		if (done(arg))
			return true;
		usleep(5000);
	}
	return false;
}

unsigned scratch_random(void)
{
	static uint64_t state;
	if (state == 0) {
		const char *given = getenv("VESTNIK_TEST_SEED");
		state = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL) * 1000003u;
		state = state == 0 ? 1 : state;
		fprintf(stderr, "VESTNIK_TEST_SEED=%llu\n", (unsigned long long)state);
	}
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 32);
}
