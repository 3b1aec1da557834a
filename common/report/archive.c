#include "report/archive.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "report/acknowledgements.h"
#include "report/archive_parts.h"
#include "report/audit_line.h"
#include "report/gather.h"
#include "report/html.h"
#include "report/words.h"
#include "report/write.h"

/* ---- campaign.json, README.txt -------------------------------------------------------------- */

static const char *moment(int64_t time_ms, char out[static CLOCK_RFC3339_SIZE])
{
	return time_ms == 0 ? NULL : clock_rfc3339(time_ms, out);
}

static int find_campaign(struct archive *a, const char *slug, json_t **about, struct error *e)
{
	struct db_stmt *stmt;
	char created[CLOCK_RFC3339_SIZE], launched[CLOCK_RFC3339_SIZE], finished[CLOCK_RFC3339_SIZE];
	if (db_query(a->db, &stmt, e,
		    "SELECT id, title, content_hash, definition, state, created_by, created_ms, launched_ms, finished_ms, total"
		    " FROM campaign WHERE slug = $1", "s", slug) != 0)
		return -1;
	enum db_step step = db_step(stmt, e);
	if (step != DB_ROW)
		return step == DB_FAILED ? -1
					 : error_set(e, ERROR_NOT_FOUND, tr("there is no campaign «%s» (vestnik campaign list)",
						 "нет рассылки «%s» (vestnik campaign list)"), slug);
	a->campaign = db_int(stmt, 0);
	a->definition = json_loads(db_text(stmt, 3), 0, NULL);
	*about = json_pack("{s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:I, s:O?}", "campaign", slug, "title",
		db_text(stmt, 1), "content_hash", db_text(stmt, 2), "state", db_text(stmt, 4), "created_by", db_text(stmt, 5),
		"created", moment(db_int(stmt, 6), created), "launched", moment(db_int(stmt, 7), launched), "finished",
		moment(db_int(stmt, 8), finished), "letters", (json_int_t)db_int(stmt, 9), "definition", a->definition);
	db_reset(stmt);
	if (!json_is_object(a->definition) || *about == NULL)
		return error_set(e, ERROR_INTERNAL, "campaign %s: damaged definition", slug);
	const char *zone = json_string_value(json_object_get(a->definition, "zone"));
	const char *lang = json_string_value(json_object_get(a->definition, "lang"));
	a->zone = xstrdup(zone != NULL ? zone : "Europe/Moscow");
	a->lang = lang != NULL && strcmp(lang, "en") == 0 ? LANG_EN : LANG_RU;
	return 0;
}

static int put_about(struct archive *a, const json_t *about, struct error *e)
{
	char now[WORDS_SIZE], *head = NULL;
	const char *slug = json_string_value(json_object_get(about, "campaign"));
	char *text = json_dumps(about, JSON_INDENT(1));
	int rc = case_put(a->file, "campaign.json", text, strlen(text), e);
	free(text);
	if (rc == 0)
		rc = audit_line(a->db, a->lang, &head, e);
	words_moment(clock_now_ms(), a->zone, a->lang, now);
	text = xasprintf(
		word(a->lang,
			"Case file of the campaign %s, made on %s.\n\n"
			"letters/        the letters: source, and as one recipient got them (personal links removed)\n"
			"attachments/    as they were sent\nsources/        the campaign's file\naudience.csv    who was written to\noutcomes.csv    what became of each letter\n"
			"plan.csv        what was to happen when\nrounds/         per reporting period: report, all answers, sheet\n"
			"answers/        files and mails that came with answers\nSHA256SUMS      checksums\n\n"
			"To check it: vestnik campaign verify FILE.zip, or, unpacked, sha256sum -c SHA256SUMS.\n"
			"It holds personal data: keep it as such.\n%s%s",
			"Дело рассылки %s, составлено %s.\n\n"
			"letters/        письма: исходный текст и вид у одного из адресатов (личные ссылки убраны)\n"
			"attachments/    приложения, как они были отправлены\nsources/        файл рассылки\naudience.csv    кому писали\n"
			"outcomes.csv    что стало с каждым письмом\nplan.csv        что и когда должно было произойти\n"
			"rounds/         по отчётным периодам: отчёт, все ответы, лист ознакомления\n"
			"answers/        файлы и письма, пришедшие с ответами\nSHA256SUMS      контрольные суммы\n\n"
			"Проверка: vestnik campaign verify ФАЙЛ.zip, а после распаковки – sha256sum -c SHA256SUMS.\n"
			"Внутри персональные данные: храните соответственно.\n%s%s"),
		slug, now, head == NULL ? "" : head, head == NULL ? "" : "\n");
	if (rc == 0)
		rc = case_put(a->file, "README.txt", text, strlen(text), e);
	free(head);
	free(text);
	return rc;
}

/* ---- a round ------------------------------------------------------------------------------------- */

struct part {
	struct archive *a;
	const struct archive_round *round;
	const struct report_facts *facts;
};

static char *part_name(const struct part *p, const char *file)
{
	return xasprintf("rounds/%lld/%s", (long long)p->round->number, file);
}

static int put_stream(const struct part *p, const char *file, void (*write)(FILE *, const struct report_facts *),
	struct error *e)
{
	char *name = part_name(p, file);
	write(case_begin(p->a->file, name), p->facts);
	free(name);
	return case_end(p->a->file, e);
}

static int put_book(const struct part *p, const char *file, bool sheet, struct error *e)
{
	char *path = case_scratch(p->a->file, e), *name = part_name(p, file);
	int rc = path == NULL ? -1
		: sheet ? acknowledgements_xlsx(p->a->db, p->facts, p->round->id, path, NULL, e)
			: xlsx_write(path, p->facts, e);
	if (rc == 0)
		rc = case_put_file(p->a->file, name, path, e);
	if (path != NULL)
		(void)unlink(path);
	free(path);
	free(name);
	return rc;
}

static int put_sheet_page(const struct part *p, struct error *e)
{
	char *name = part_name(p, "acknowledgements.html");
	int rc = acknowledgements_html(p->a->db, p->facts, p->round->id, case_begin(p->a->file, name), NULL, e);
	free(name);
	return rc == 0 ? case_end(p->a->file, e) : -1;
}

static int put_round(struct archive *a, const struct archive_round *round, struct error *e)
{
	struct report_facts *facts;
	if (gather_round(a->db, a->campaign, round->id, a->lang, 0, &facts, e) != 0)
		return -1;
	const struct part p = {a, round, facts};
	int rc = 0;
	if (facts->rows + facts->below_rows > 0) {
		rc = put_book(&p, "report.xlsx", false, e);
		if (rc == 0)
			rc = put_stream(&p, "report.html", html_page, e);
		if (rc == 0)
			rc = put_stream(&p, "report.csv", csv_write, e);
		if (rc == 0)
			rc = archive_answers(a, round, e);
	}
	if (rc == 0 && facts->acknowledgements > 0) {
		rc = put_book(&p, "acknowledgements.xlsx", true, e);
		if (rc == 0)
			rc = put_sheet_page(&p, e);
	}
	facts_free(&facts);
	return rc;
}

int archive_write(struct db *db, const struct settings *settings, const char *slug, const char *path,
	struct archive_result *result, struct error *e)
{
	struct archive a = {.db = db, .settings = settings};
	json_t *about = NULL;
	int rc = find_campaign(&a, slug, &about, e);
	if (rc == 0)
		rc = case_open(&a.file, path, e);
	if (rc == 0)
		rc = put_about(&a, about, e);
	if (rc == 0)
		rc = archive_letters(&a, e);
	if (rc == 0)
		rc = archive_outcomes(&a, e);
	if (rc == 0)
		rc = archive_plan(&a, e);
	if (rc == 0)
		rc = archive_rounds(&a, put_round, e);
	if (rc == 0)
		rc = case_finish(a.file, result, e);
	case_close(&a.file);
	json_decref(about);
	json_decref(a.definition);
	free(a.zone);
	return rc;
}
