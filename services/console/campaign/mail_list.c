/* /mail, /bounces: what came back and waits for somebody; staff look at what people wrote, operators at what mail
 * systems say. */
#include <stdlib.h>
#include <string.h>

#include "console/campaign/mail_place.h"
#include "console/campaign/part.h"

#define SHOWN 50

const char *mail_kind_words(const char *kind)
{
	static const struct {
		const char *kind, *en, *ru;
	} all[] = {{"bounce", "bounce", "возврат"}, {"delayed", "delayed", "задержка"}, {"delivered", "delivered", "доставлено"},
		{"complaint", "complaint", "жалоба"}, {"auto-reply", "automatic reply", "автоответ"}, {"reply", "reply", "ответ"},
		{"unknown", "letter", "письмо"}};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (strcmp(all[i].kind, kind) == 0)
			return tr(all[i].en, all[i].ru);
	return kind;
}

json_t *mail_badge(const char *state)
{
	static const struct {
		const char *state, *class, *en, *ru;
	} all[] = {{"review", "warn", "waits for a decision", "ждёт решения"}, {"applied", "good", "done by itself", "учтено"},
		{"settled", "good", "decided", "решено"}, {"ignored", "quiet", "put aside", "отложено"}};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (strcmp(all[i].state, state) == 0)
			return json_pack("{s:s, s:s}", "class", all[i].class, "text", tr(all[i].en, all[i].ru));
	return json_pack("{s:s, s:s}", "class", "quiet", "text", state);
}

#define REPORTS "('bounce', 'complaint', 'delayed', 'delivered')"
#define LIST(where) \
	"SELECT m.id, m.received_ms, m.kind, m.state, m.address, m.name, m.subject, c.title, o.name, m.note, m.trusted" \
	" FROM mail_in m LEFT JOIN ask k ON k.id = m.ask LEFT JOIN campaign c ON c.id = k.campaign" \
	" LEFT JOIN organisation o ON o.id = k.organisation WHERE " where " AND m.id < $1 ORDER BY m.id DESC LIMIT $2"

static const char *const queries[2][2] = { /* reports, all */
	{LIST("m.state = 'review' AND m.kind NOT IN " REPORTS), LIST("m.kind NOT IN " REPORTS)},
	{LIST("m.state = 'review' AND m.kind IN " REPORTS), LIST("m.kind IN " REPORTS)},
};

static json_t *row_of(struct visit *visit, struct db_stmt *stmt)
{
	return json_pack("{s:I, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "id", (json_int_t)db_int(stmt, 0), "when",
		show_time(visit, db_int(stmt, 1)), "kind", mail_kind_words(db_text(stmt, 2)), "badge", mail_badge(db_text(stmt, 3)), "address",
		show_text(db_text(stmt, 4)), "name", show_text(db_text(stmt, 5)), "subject", show_text(db_text(stmt, 6)), "campaign",
		show_text(db_text(stmt, 7)), "organisation", show_text(db_text(stmt, 8)), "note", show_text(db_text(stmt, 9)), "trusted",
		db_int(stmt, 10) != 0);
}

static void list(struct visit *visit, bool reports)
{
	struct db_stmt *stmt;
	struct error e = {0};
	enum db_step step;
	int64_t before = 0, last = 0;
	const char *show = web_query(visit->request, "show");
	bool all = show != NULL && strcmp(show, "all") == 0;
	json_t *rows = json_array(), *next = NULL;
	if (!page_after(visit, &before, 1))
		before = INT64_MAX;
	if (db_query(visit->db, &stmt, &e, queries[reports][all], "ii", before, (int64_t)SHOWN + 1) != 0) {
		json_decref(rows);
		web_reply_error(visit->request, &e);
		return;
	}
	while ((step = db_step(stmt, &e)) == DB_ROW) {
		if (json_array_size(rows) == SHOWN) {
			next = page_next(visit, &last, 1);
			db_reset(stmt);
			break;
		}
		last = db_int(stmt, 0);
		json_array_append_new(rows, row_of(visit, stmt));
	}
	if (step == DB_FAILED) {
		json_decref(rows);
		web_reply_error(visit->request, &e);
		return;
	}
	console_page(visit, 200, "mail_list",
		json_pack("{s:s, s:s, s:s, s:b, s:b, s:b, s:b, s:b, s:o, s:o}", "title",
			reports ? tr("Reports of mail systems", "Отчёты почтовых систем") : tr("Mail that came", "Входящие письма"), "here", "mail", "base",
			reports ? "/bounces" : "/mail", "reports", reports, "all", all, "may_mail", visit_may(visit, RIGHT_ANSWER_WRITE), "may_bounces",
			visit_may(visit, RIGHT_SUPPRESSION), "any", json_array_size(rows) > 0, "rows", rows, "next",
			next == NULL ? json_null() : next));
}

void page_mails(struct visit *visit)
{
	list(visit, false);
}

void page_bounces(struct visit *visit)
{
	list(visit, true);
}
