#include "table_dump.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"

const char *table_dump_file(const void *data, size_t len)
{
	static char path[256];
	const char *folder = getenv("TMPDIR");
	(void)snprintf(path, sizeof path, "%s/vestnik-table-%d", folder != NULL ? folder : "/tmp",
		(int)getpid());
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), (ssize_t)len);
	assert_int_equal(close(fd), 0);
	return path;
}

static int on_row(void *arg, const struct table_row *row)
{
	struct buf *out = arg;
	(void)buf_printf(out, "%d:", row->line);
	for (size_t i = 0; i < row->count; i++)
		(void)buf_printf(out, "%s%s", i > 0 ? "|" : "", row->cell[i]);
	(void)buf_putc(out, '\n');
	return 0;
}

char *table_dump(const char *path, const struct table_options *options, struct table_facts *facts,
	int *rc)
{
	struct buf out;
	struct problems problems = {0};
	buf_init(&out, 64 * 1024 * 1024);
	int result = table_read(path, options, facts, on_row, NULL, &out, &problems);
	for (size_t i = 0; i < problems.count; i++)
		(void)buf_printf(&out, "!%d:%d %s\n", problems.item[i].line, problems.item[i].column,
			problems.item[i].text);
	problems_fini(&problems);
	if (rc != NULL)
		*rc = result;
	return buf_take(&out);
}
