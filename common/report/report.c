/* Reports as letters. */
#include "report/report.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/lang.h"
#include "base/xalloc.h"
#include "report/audit_line.h"
#include "report/calls.h"
#include "report/gather.h"
#include "report/html.h"
#include "report/words.h"
#include "report/write.h"

#define SUBJECT_CHARACTERS 180
#define EVENT_MAX_BYTES ((size_t)15 * 1000)
#define TEXT_COLUMNS 78   /* of the plain-text part */
#define TEXT_SILENT 60
#define TEXT_MAX_BYTES ((size_t)100 * 1024)
#define FILE_MAX_BYTES ((long)256 * 1024 * 1024)
#define XLSX_TYPE "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

void report_letter_fini(struct report_letter *letter)
{
	free(letter->subject);
	free(letter->markdown);
	free(letter->html);
	free(letter->text);
	for (size_t i = 0; i < letter->files; i++) {
		free(letter->file[i].name);
		free(letter->file[i].media_type);
		free(letter->file[i].data);
	}
	free(letter->file);
	json_decref(letter->event);
	*letter = (struct report_letter){0};
}

/* ---- files --------------------------------------------------------------------------------- */

struct making {
	struct db *db;
	const struct settings *settings;
	const struct report_facts *facts;
	struct report_letter *letter;
	int64_t round;
	size_t total;
	bool left_out;
};

static void add_file(struct making *m, const char *what, const char *ending, const char *type, void *data, size_t len)
{
	struct report_letter *letter = m->letter;
	if (m->total + len > (size_t)m->settings->attachments_max_bytes) {
		m->left_out = true;
		free(data);
		return;
	}
	m->total += len;
	letter->file = xrealloc(letter->file, letter->files + 1, sizeof *letter->file);
	letter->file[letter->files++] = (struct report_file){
		.name = m->facts->round_number > 1
			? xasprintf("%s-%s-%lld.%s", m->facts->slug, what, (long long)m->facts->round_number, ending)
			: xasprintf("%s-%s.%s", m->facts->slug, what, ending),
		.media_type = xstrdup(type), .data = data, .len = len};
}

static int read_back(FILE *file, void **data, size_t *len, struct error *e)
{
	long size;
	if (fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0)
		return error_errno(e, "temporary file");
	if (size > FILE_MAX_BYTES)
		return error_set(e, ERROR_FULL, tr("the report has %ld bytes", "отчёт занимает %ld байт"), size);
	rewind(file);
	*data = xmalloc((size_t)size + 1);
	*len = (size_t)size;
	if (fread(*data, 1, *len, file) == *len)
		return 0;
	free(*data);
	return error_errno(e, "temporary file");
}

/* libxlsxwriter writes to a path. */
static int add_book(struct making *m, bool calls, struct error *e)
{
	const char *folder = getenv("TMPDIR");
	char *path = xasprintf("%s/vestnik-report-XXXXXX", folder != NULL && folder[0] == '/' ? folder : "/tmp");
	void *data = NULL;
	size_t len = 0;
	int rc = -1, fd = mkstemp(path);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "rb");
	if (file == NULL) {
		rc = error_errno(e, "%s", path);
		goto out;
	}
	rc = calls ? calls_xlsx(m->db, m->facts, m->round, path, NULL, e) : xlsx_write(path, m->facts, e);
	if (rc == 0)
		rc = (file = freopen(path, "rbe", file)) == NULL ? error_errno(e, "%s", path) : read_back(file, &data, &len, e);
	if (rc == 0)
		add_file(m, calls ? "calls" : "report", "xlsx", XLSX_TYPE, data, len);
out:
	if (file != NULL)
		(void)fclose(file);
	if (fd >= 0)
		(void)unlink(path);
	free(path);
	return rc;
}

static int add_text(struct making *m, void (*write)(FILE *out, const struct report_facts *facts), const char *ending,
	const char *type, struct error *e)
{
	FILE *file = tmpfile();
	void *data;
	size_t len;
	int rc = -1;
	if (file == NULL)
		return error_errno(e, "temporary file");
	write(file, m->facts);
	rc = ferror(file) || fflush(file) != 0 ? error_errno(e, "temporary file") : read_back(file, &data, &len, e);
	(void)fclose(file);
	if (rc == 0)
		add_file(m, "report", ending, type, data, len);
	return rc;
}

static int add_formats(struct making *m, const char *const *formats, struct error *e)
{
	int rc = 0;
	for (size_t i = 0; formats != NULL && formats[i] != NULL && rc == 0; i++) {
		if (strcmp(formats[i], "xlsx") == 0)
			rc = add_book(m, false, e);
		else if (strcmp(formats[i], "csv") == 0)
			rc = add_text(m, csv_write, "csv", "text/csv", e);
		else if (strcmp(formats[i], "json") == 0)
			rc = add_text(m, json_write, "json", "application/json", e);
	}
	return rc;
}

/* ---- words ------------------------------------------------------------------------------------ */

/* One line, cut, without what Mustache or Markdown would take for its own. The caller frees. */
static char *harmless(const char *text)
{
	char *cut = words_cut(text, SUBJECT_CHARACTERS);
	for (char *c = cut; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == '{' || *c == '}' || *c == '\x7f')
			*c = *c == '{' ? '(' : *c == '}' ? ')' : ' ';
	return cut;
}

static char *opening(const struct making *m, const char *en, const char *ru)
{
	enum lang lang = m->facts->lang;
	return xasprintf("%s%s%s", word(lang, en, ru), m->left_out ? " " : "",
		m->left_out ? word(lang, "The table is too large for a letter: it is in the system (vestnik report).",
				      "Таблица слишком велика для письма: она есть в системе (vestnik report).")
			    : "");
}

struct stream {
	FILE *file;
	char *data;
	size_t len;
};

static FILE *stream_open(struct stream *stream)
{
	stream->file = open_memstream(&stream->data, &stream->len);
	if (stream->file == NULL)
		PANIC("out of memory");
	return stream->file;
}

static char *stream_take(struct stream *stream)
{
	if (fclose(stream->file) != 0)
		PANIC("out of memory");
	return stream->data;
}

/* A letter over this is not compiled (letter/fill.c: 256 KB); names may be long, labels, too. */
#define HTML_MAX_BYTES ((size_t)160 * 1024)

/* foot: a quiet last line; NULL = none. */
static char *html_of(const struct report_facts *facts, const char *heading, bool silent, bool attached, const char *foot)
{
	static const struct html_limits shorter = {.groups = 20, .silent = 20, .rows = 0, .columns = 2, .characters = 80},
					least = {0};
	const struct html_limits *tries[] = {&html_in_letter, &shorter, &least};
	struct stream stream = {0};
	for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
		free(stream.data);
		html_title(stream_open(&stream), heading);
		(silent ? html_silent : html_block)(stream.file, facts, tries[i], attached);
		if (foot != NULL)
			html_line(stream.file, foot);
		(void)stream_take(&stream);
		if (stream.len <= HTML_MAX_BYTES)
			break;
	}
	return stream.data;
}

static char *text_of(const struct report_facts *facts, const char *heading, bool silent, bool attached, const char *foot)
{
	static const struct text_limits usual = {.groups = 60, .answers = 40, .silent = TEXT_SILENT, .width = TEXT_COLUMNS},
					shorter = {.groups = 60, .answers = 0, .silent = 20, .width = TEXT_COLUMNS};
	const struct text_limits *tries[] = {&usual, &shorter};
	struct stream stream = {0};
	for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
		free(stream.data);
		(void)fprintf(stream_open(&stream), "%s\n\n", heading);
		if (silent)
			text_silent(stream.file, facts, TEXT_SILENT, attached);
		else
			text_block(stream.file, facts, tries[i], attached);
		if (foot != NULL)
			(void)fprintf(stream.file, "\n%s\n", foot);
		(void)stream_take(&stream);
		if (stream.len <= TEXT_MAX_BYTES)
			break;
	}
	return stream.data;
}

/* ---- the letters -------------------------------------------------------------------------------- */

int report_round(struct db *db, const struct settings *settings, int64_t campaign, int64_t round,
	const char *const *formats, enum lang lang, struct report_letter *out, struct error *e)
{
	struct report_facts *facts;
	*out = (struct report_letter){0};
	if (gather_round(db, campaign, round, lang, 0, &facts, e) != 0)
		return -1;
	struct making m = {.db = db, .settings = settings, .facts = facts, .letter = out, .round = round};
	char *foot = NULL;
	int rc = add_formats(&m, formats, e);
	if (rc == 0)
		rc = audit_line(db, lang, &foot, e);
	if (rc == 0) {
		char *heading = words_heading(facts);
		out->subject = harmless(heading);
		out->markdown = opening(&m, "Here is what came of the ask.", "Направляем итоги запроса.");
		out->html = html_of(facts, heading, false, out->files > 0, foot);
		out->text = text_of(facts, heading, false, out->files > 0, foot);
		out->event = json_event(facts, EVENT_MAX_BYTES);
		out->silent = totals_silent(&facts->all);
		free(heading);
	} else {
		report_letter_fini(out);
	}
	free(foot);
	facts_free(&facts);
	return rc;
}

int report_silent(struct db *db, const struct settings *settings, int64_t campaign, int64_t round,
	int64_t parent_organisation, enum lang lang, struct report_letter *out, struct error *e)
{
	struct report_facts *facts;
	*out = (struct report_letter){0};
	if (gather_round(db, campaign, round, lang, parent_organisation, &facts, e) != 0)
		return -1;
	struct making m = {.db = db, .settings = settings, .facts = facts, .letter = out, .round = round};
	out->silent = totals_silent(&facts->all);
	int rc = out->silent == 0 ? 0 : add_book(&m, true, e);
	if (rc == 0 && out->silent > 0) {
		char *heading = xasprintf("%s %s%s%s", word(lang, "No answer:", "Не ответили:"), facts->title,
			facts->round_label != NULL && facts->round_label[0] != '\0' ? ", " : "",
			facts->round_label != NULL ? facts->round_label : "");
		char *deadline = words_deadline(facts), *plain = harmless(deadline);
		out->subject = harmless(heading);
		out->markdown = xasprintf(word(lang, "%lld of %lld have not answered. %s", "Не ответили %lld из %lld. %s"),
			(long long)out->silent, (long long)totals_expected(&facts->all), plain);
		out->html = html_of(facts, heading, true, out->files > 0, NULL);
		out->text = text_of(facts, heading, true, out->files > 0, NULL);
		free(heading);
		free(deadline);
		free(plain);
	}
	if (rc != 0)
		report_letter_fini(out);
	facts_free(&facts);
	return rc;
}
