/* /campaigns/{slug}/report and what can be downloaded: the report, the call list, the sheet of acknowledgements. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "console/campaign/part.h"
#include "console/heavy.h"
#include "report/acknowledgements.h"
#include "report/calls.h"
#include "report/gather.h"
#include "report/html.h"
#include "report/words.h"
#include "report/write.h"

#define FRAME_MAX_BYTES ((size_t)8 * 1024 * 1024) /* more is a file to keep */

/* Of the page: what is longer stands in the files beside it. */
static const struct html_limits frame_limits = {.groups = 3000, .silent = 500, .rows = 500, .columns = 20, .characters = 600};

struct reporting {
	struct place place;
	struct report_facts *facts;
	struct heavy heavy;
};

static void reporting_fini(struct reporting *r)
{
	heavy_end(&r->heavy);
	facts_free(&r->facts);
	place_fini(&r->place);
}

/* Where a report was to be: a page of problems is not shown in a frame. The words are ours and need no escaping. */
static void say_in_frame(struct visit *visit, int status, const char *title, const char *words)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	if (out == NULL) {
		web_reply_problem(visit->request, status, title, words);
		return;
	}
	html_page_begin(out, lang_get(), title);
	(void)fprintf(out, "<p>%s</p>\n", words);
	html_page_end(out);
	(void)fclose(out);
	web_reply_framed(visit->request, status, text, len);
	free(text);
}

static void tell_busy(struct visit *visit, bool files)
{
	if (files)
		web_reply_problem(visit->request, 503, heavy_title(), heavy_words());
	else
		say_in_frame(visit, 503, heavy_title(), heavy_words());
}

/* files: in the campaign's language, as those that are sent; pages in the visitor's. */
static bool open_facts(struct visit *visit, bool files, struct reporting *r)
{
	struct error e = {0};
	struct report_place found;
	*r = (struct reporting){0};
	if (!place_open(visit, &r->place))
		return false;
	if (r->place.round == NULL || r->place.round->id == 0) {
		console_not_found(visit, tr("The campaign has not been launched.", "Рассылка ещё не запущена."));
		return false;
	}
	enum heavy_answer answer = heavy_begin(&r->heavy, visit->db, r->place.round->id, &e);
	if (answer == HEAVY_BUSY) {
		tell_busy(visit, files);
		return false;
	}
	if (answer == HEAVY_GO && report_find(visit->db, r->place.row.slug, r->place.round->number, &found, &e) == 0 &&
		gather_round(visit->db, found.campaign, found.round, files ? found.lang : lang_get(), 0, &r->facts, &e) == 0)
		return true;
	console_error(visit, &e);
	return false;
}

/* ---- files ------------------------------------------------------------------------------------- */

/* A file of our own in the console's folder; nobody else can read it, and its name is gone at once. */
static int scratch(const struct visit *visit, char **path, struct error *e)
{
	*path = xasprintf("%s/console-file-XXXXXX", visit->console->settings->run_dir);
	int fd = mkostemp(*path, O_CLOEXEC);
	if (fd < 0)
		(void)error_errno(e, "%s", *path);
	return fd;
}

static void send_path(struct visit *visit, const char *slug, const char *path, const char *name, const char *media_type)
{
	struct stat st;
	struct error e = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) != 0) {
		(void)error_errno(&e, "%s", path);
		web_reply_error(visit->request, &e);
		if (fd >= 0)
			close(fd);
		return;
	}
	char *subject = xasprintf("campaign:%s", slug);
	console_hand_out(visit, "campaign.download", subject, fd, (size_t)st.st_size, name, media_type);
	free(subject);
}

enum format { XLSX, CSV, JSON, HTML };
static const struct {
	const char *ending, *media_type;
} formats[] = {[XLSX] = {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
	[CSV] = {"csv", "text/csv; charset=utf-8"}, [JSON] = {"json", "application/json"}, [HTML] = {"html", "text/html; charset=utf-8"}};

/* By the end of the path: the routes name each. */
static enum format format_of(const struct visit *visit)
{
	const char *dot = strrchr(web_path(visit->request), '.');
	for (size_t i = 0; dot != NULL && i < sizeof formats / sizeof formats[0]; i++)
		if (strcmp(dot + 1, formats[i].ending) == 0)
			return (enum format)i;
	return XLSX;
}

enum what { REPORT, CALLS, SHEET };

static int write_workbook(struct reporting *r, enum what what, const char *path, struct error *e)
{
	struct db *db = r->place.visit->db;
	int64_t round = r->place.round->id;
	return what == REPORT ? xlsx_write(path, r->facts, e)
		: what == CALLS ? calls_xlsx(db, r->facts, round, path, NULL, e)
				: acknowledgements_xlsx(db, r->facts, round, path, NULL, e);
}

static int write_text(struct reporting *r, enum what what, enum format format, FILE *out, struct error *e)
{
	struct db *db = r->place.visit->db;
	if (what == CALLS)
		return calls_html(db, r->facts, r->place.round->id, out, NULL, e);
	if (what == SHEET)
		return acknowledgements_html(db, r->facts, r->place.round->id, out, NULL, e);
	if (format == CSV)
		csv_write(out, r->facts);
	else if (format == JSON)
		json_write(out, r->facts);
	else
		html_page(out, r->facts);
	return 0;
}

static int write_file(struct reporting *r, enum what what, enum format format, const char *path, int fd, struct error *e)
{
	if (format == XLSX)
		return write_workbook(r, what, path, e);
	FILE *out = fdopen(dup(fd), "w");
	if (out == NULL)
		return error_errno(e, "%s", path);
	int rc = write_text(r, what, format, out, e);
	if ((ferror(out) || fflush(out) != 0) && rc == 0)
		rc = error_errno(e, "%s", path);
	(void)fclose(out);
	return rc;
}

static void download(struct visit *visit, enum what what)
{
	static const char *const names[] = {[REPORT] = "report", [CALLS] = "calls", [SHEET] = "acknowledgements"};
	struct reporting r;
	struct error e = {0};
	char *path = NULL;
	enum format format = format_of(visit);
	if (open_facts(visit, true, &r)) {
		int fd = scratch(visit, &path, &e);
		int rc = fd < 0 ? -1 : write_file(&r, what, format, path, fd, &e);
		if (rc == 0) {
			char *name = r.place.rounds.count > 1
				? xasprintf("%s-%s-%" PRId64 ".%s", r.place.row.slug, names[what], r.place.round->number, formats[format].ending)
				: xasprintf("%s-%s.%s", r.place.row.slug, names[what], formats[format].ending);
			send_path(visit, r.place.row.slug, path, name, formats[format].media_type);
			free(name);
		} else {
			web_reply_error(visit->request, &e);
		}
		if (fd >= 0) {
			close(fd);
			(void)unlink(path);
		}
		free(path);
	}
	reporting_fini(&r);
}

void send_report(struct visit *visit)
{
	download(visit, REPORT);
}

void send_calls(struct visit *visit)
{
	download(visit, CALLS);
}

void send_acknowledgements(struct visit *visit)
{
	download(visit, SHEET);
}

/* ---- in a frame, and by themselves for the printer -------------------------------------------------- */

static void framed(struct visit *visit, enum what what)
{
	struct reporting r;
	struct error e = {0};
	char *text = NULL;
	size_t len = 0;
	if (open_facts(visit, false, &r)) {
		FILE *out = open_memstream(&text, &len);
		int rc = out == NULL ? error_errno(&e, "memory") : 0;
		if (rc == 0 && what == REPORT) {
			char *heading = words_heading(r.facts);
			html_page_begin(out, lang_get(), heading);
			html_block(out, r.facts, &frame_limits, false);
			html_page_end(out);
			free(heading);
		} else if (rc == 0) {
			rc = write_text(&r, what, HTML, out, &e);
		}
		if (out != NULL)
			(void)fclose(out);
		if (rc != 0)
			web_reply_error(visit->request, &e);
		else if (len > FRAME_MAX_BYTES)
			say_in_frame(visit, 413, tr("Too long for a page", "Для страницы слишком длинно"),
				tr("Please take the Excel file.", "Возьмите, пожалуйста, файл Excel."));
		else
			web_reply_framed(visit->request, 200, text, len);
		free(text);
	}
	reporting_fini(&r);
}

void frame_report(struct visit *visit)
{
	framed(visit, REPORT);
}

void frame_calls(struct visit *visit)
{
	framed(visit, CALLS);
}

void frame_acknowledgements(struct visit *visit)
{
	framed(visit, SHEET);
}

/* ---- the page ------------------------------------------------------------------------------------------ */

void page_report(struct visit *visit)
{
	struct place place;
	struct error e = {0};
	int64_t expected = 0;
	if (place_open(visit, &place) && place.round != NULL && place.round->id != 0) {
		if (db_query_int(visit->db, &expected, &e, "SELECT COUNT(*) FROM acknowledgement WHERE round = $1", "i", place.round->id) ==
			DB_FAILED) {
			web_reply_error(visit->request, &e);
		} else {
			json_t *data = place_page(&place, "report", tr("Report", "Отчёт"));
			json_object_set_new(data, "acknowledged", json_boolean(expected > 0));
			json_object_set_new(data, "asked", json_boolean(place.round->asks_counts.asked > 0));
			console_page(visit, 200, "campaign_report", data);
		}
	} else if (place.row.id != 0) {
		(void)place_asked(&place, "report");
	}
	place_fini(&place);
}
