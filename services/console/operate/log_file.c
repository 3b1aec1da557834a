/* /log.csv: the filtered log as a sheet, newest first; bounded in rows and in work. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "console/operate/log.h"
#include "control/delivery.h"
#include "control/moment.h"
#include "table/table.h"

#define FILE_LINES 100000   /* a sheet that Excel opens at once; some 20 MB */
#define FILE_LOOK 1000000   /* rows looked at for it: some seconds */

struct sheet {
	FILE *file;
	const struct settings *settings;
};

static void cell(FILE *out, const char *text, char after)
{
	table_put_cell(out, text == NULL ? "" : text, ';');
	(void)fputc(after, out);
}

static int put_line(void *arg, const struct delivery_line *line)
{
	const struct sheet *sheet = arg;
	char moment[CONTROL_MOMENT_SIZE], *reply = log_reply(line);
	FILE *out = sheet->file;
	cell(out, control_moment(sheet->settings, line->time_ms, moment), ';');
	(void)fprintf(out, "%lld;%lld;", (long long)line->key, (long long)line->dispatch);
	cell(out, delivery_state_words((int)line->state), ';');
	cell(out, line->organisation, ';');
	cell(out, line->address, ';');
	cell(out, line->slug, ';');
	cell(out, line->title, ';');
	cell(out, line->relay, ';');
	cell(out, reply, '\n');
	free(reply);
	return ferror(out);
}

static int fill(struct visit *visit, const struct log_query *query, FILE *out, struct error *e)
{
	struct sheet sheet = {.file = out, .settings = visit->console->settings};
	struct delivery_log_position at = delivery_log_end();
	struct delivery_log_look look = {0};
	int64_t looked = 0, given = 0;
	(void)fputs(tr("\xef\xbb\xbfTime;Letter;Attempt;State;Organisation;Address;Campaign;Title;Mail server;Reply\n",
			    "\xef\xbb\xbfВремя;Письмо;Попытка;Состояние;Организация;Адрес;Рассылка;Название;Почтовый сервер;Ответ\n"),
		out);
	while (!look.end && given < FILE_LINES && looked < FILE_LOOK && ferror(out) == 0) {
		if (delivery_log_read(visit->db, &query->filter, LOG_OLDER, &at, FILE_LINES - given, DELIVERY_LOG_LOOK, &look,
			    put_line, &sheet, e) != 0)
			return -1;
		looked += look.looked;
		given += look.given;
	}
	if (!look.end) /* said in the sheet itself: who opens it later knows, too */
		(void)fputs(tr("The file ends here; there is more. Narrow the filter.\n",
				    "Файл на этом кончается, но это не всё. Уточните отбор.\n"),
			out);
	if (fflush(out) != 0 || ferror(out) != 0)
		return error_errno(e, "the file for the download");
	return 0;
}

static void send_file(struct visit *visit, const struct log_query *query)
{
	struct error e = {0};
	int fd = open(visit->console->settings->run_dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	int kept = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	if (out == NULL || kept < 0) {
		error_errno(&e, "the file for the download");
		console_error(visit, &e);
	} else if (fill(visit, query, out, &e) != 0) {
		console_error(visit, &e);
	} else {
		off_t len = lseek(kept, 0, SEEK_END);
		console_hand_out(visit, "delivery.export", "log:delivery", kept, (size_t)len, "delivery-log.csv",
			"text/csv; charset=utf-8");
		kept = -1;
	}
	if (out != NULL)
		(void)fclose(out);
	else if (fd >= 0)
		close(fd);
	if (kept >= 0)
		close(kept);
}

void page_log_file(struct visit *visit)
{
	struct log_query query;
	struct error e = {0};
	if (log_query_read(visit, &query, &e) != 0 || log_query_check(&query, &e) != 0)
		console_error(visit, &e);
	else
		send_file(visit, &query);
	log_query_fini(&query);
}
