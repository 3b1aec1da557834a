/* Every version of every answer, the files and mails that came with them. */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "report/archive_parts.h"
#include "report/words.h"
#include "report/write.h"

#define PAGE 500

struct attached { /* to be copied when the page's rows are read */
	char *name, *hash;
};
struct walk {
	struct archive *a;
	const struct archive_round *round;
	int64_t after, last;
	size_t organisations;
	struct attached *file;
	size_t files;
};

static const char *or_empty(const char *text)
{
	return text == NULL ? "" : text;
}

static void attach(struct walk *w, char *name, const char *hash)
{
	if ((w->files & (w->files - 1)) == 0)
		w->file = xrealloc(w->file, w->files == 0 ? 1 : w->files * 2, sizeof *w->file);
	w->file[w->files++] = (struct attached){name, xstrdup(hash)};
}

static const char *state_words(const char *state, enum lang lang)
{
	static const struct {
		const char *state, *ru;
	} words[] = {{"counts", "учтён"}, {"proposed", "ждёт подтверждения"}, {"differs", "расхождение"},
		{"superseded", "исправлен позже"}, {"refused", "отклонён"}};
	for (size_t i = 0; lang == LANG_RU && i < sizeof words / sizeof words[0]; i++)
		if (strcmp(words[i].state, state) == 0)
			return words[i].ru;
	return state;
}

static void put_version(struct walk *w, FILE *out, struct db_stmt *row)
{
	const struct archive *a = w->a;
	char moment[WORDS_SIZE];
	csv_first(out, or_empty(db_text(row, 1)));
	csv_cell(out, or_empty(db_text(row, 2)));
	(void)fprintf(out, ";%lld", (long long)db_int(row, 3));
	csv_cell(out, state_words(or_empty(db_text(row, 4)), a->lang));
	csv_cell(out, words_way(or_empty(db_text(row, 5)), a->lang));
	csv_cell(out, words_moment(db_int(row, 6), a->zone, a->lang, moment));
	csv_cell(out, db_int(row, 7) != 0 ? word(a->lang, "late", "с опозданием") : "");
	for (int i = 8; i <= 13; i++) /* name, phone, address, actor, note, fields */
		csv_cell(out, or_empty(db_text(row, i)));
	(void)fputs("\r\n", out);
	if (!db_is_null(row, 14))
		attach(w, xasprintf("answers/%lld/%s/%lld-mail.eml", (long long)w->round->number, or_empty(db_text(row, 1)),
			       (long long)db_int(row, 3)), db_text(row, 14));
}

static int read_versions(struct walk *w, FILE *out, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	if (db_query(w->a->db, &stmt, e,
		    "SELECT n.id, o.key, o.name, n.version, n.state, n.way, n.received_ms, n.late, n.name, n.phone, n.address,"
		    " n.actor, n.note, n.fields, m.raw FROM ask a JOIN organisation o ON o.id = a.organisation"
		    " JOIN answer n ON n.ask = a.id LEFT JOIN mail_in m ON m.id = n.mail"
		    " WHERE a.round = $1 AND a.organisation > $2 AND a.organisation <= $3 ORDER BY a.organisation, n.version",
		    "iii", w->round->id, w->after, w->last) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW)
		put_version(w, out, stmt);
	return step == DB_DONE ? 0 : -1;
}

static int find_files(struct walk *w, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	if (db_query(w->a->db, &stmt, e,
		    "SELECT o.key, n.version, f.name, f.hash FROM ask a JOIN organisation o ON o.id = a.organisation"
		    " JOIN answer n ON n.ask = a.id JOIN answer_file f ON f.answer = n.id"
		    " WHERE a.round = $1 AND a.organisation > $2 AND a.organisation <= $3"
		    " ORDER BY a.organisation, n.version, f.position", "iii", w->round->id, w->after, w->last) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW)
		attach(w, xasprintf("answers/%lld/%s/%lld-%s", (long long)w->round->number, or_empty(db_text(stmt, 0)),
			       (long long)db_int(stmt, 1), or_empty(db_text(stmt, 2))), or_empty(db_text(stmt, 3)));
	return step == DB_DONE ? 0 : -1;
}

static int next_page(struct walk *w, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	w->organisations = 0;
	if (db_query(w->a->db, &stmt, e,
		    "SELECT organisation FROM ask WHERE round = $1 AND organisation > $2 ORDER BY organisation LIMIT $3", "iii",
		    w->round->id, w->after, (int64_t)PAGE) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW) {
		w->last = db_int(stmt, 0);
		w->organisations++;
	}
	return step == DB_DONE ? 0 : -1;
}

/* One at a time: an attached file may have 20 MB. */
static int copy_file(struct archive *a, const struct attached *file, struct error *e)
{
	struct db_stmt *stmt;
	size_t len;
	if (db_query(a->db, &stmt, e, "SELECT data FROM blob WHERE hash = $1", "s", file->hash) != 0)
		return -1;
	enum db_step step = db_step(stmt, e);
	int rc = step == DB_FAILED ? -1 : 0;
	if (step == DB_ROW) {
		const void *data = db_blob(stmt, 0, &len);
		rc = case_put(a->file, file->name, data, len, e);
		db_reset(stmt);
	} else if (step == DB_DONE) { /* erased on request: the record of the answer stays */
		char *name = xasprintf("%s.erased.txt", file->name);
		rc = case_put(a->file, name, file->hash, strlen(file->hash), e);
		free(name);
	}
	return rc;
}

static int copy_files(struct walk *w, struct error *e)
{
	int rc = 0;
	for (size_t i = 0; i < w->files; i++) {
		if (rc == 0)
			rc = copy_file(w->a, &w->file[i], e);
		free(w->file[i].name);
		free(w->file[i].hash);
	}
	free(w->file);
	return rc;
}

int archive_answers(struct archive *a, const struct archive_round *round, struct error *e)
{
	struct walk w = {.a = a, .round = round, .organisations = PAGE};
	const char *const title[] = {word(a->lang, "Key", "Ключ"), word(a->lang, "Organisation", "Организация"),
		word(a->lang, "Version", "Версия"), word(a->lang, "State", "Состояние"), word(a->lang, "Way", "Способ"),
		word(a->lang, "Received", "Получено"), word(a->lang, "Late", "Опоздание"), word(a->lang, "Name", "Кто ответил"),
		word(a->lang, "Phone", "Телефон"), word(a->lang, "Address", "Адрес"), word(a->lang, "Entered by", "Кто внёс"),
		word(a->lang, "Note", "Примечание"), word(a->lang, "Data (JSON)", "Данные (JSON)")};
	char *name = xasprintf("rounds/%lld/answers.csv", (long long)round->number);
	FILE *out = case_begin(a->file, name);
	free(name);
	(void)fputs("\xef\xbb\xbf", out);
	for (size_t i = 0; i < sizeof title / sizeof title[0]; i++)
		(i == 0 ? csv_first : csv_cell)(out, title[i]);
	(void)fputs("\r\n", out);
	int rc = 0;
	for (w.after = -1; rc == 0 && w.organisations == PAGE; w.after = w.last) {
		rc = next_page(&w, e);
		if (rc == 0 && w.organisations > 0)
			rc = read_versions(&w, out, e);
		if (rc == 0 && w.organisations > 0)
			rc = find_files(&w, e);
	}
	if (rc == 0)
		rc = case_end(a->file, e);
	int copied = copy_files(&w, rc == 0 ? e : NULL);
	return rc == 0 ? copied : rc;
}
