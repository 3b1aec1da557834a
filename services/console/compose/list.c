/* /compose: drafts, and the ways to begin one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "calendar/day.h"
#include "console/compose/part.h"

#define COPIES_MOST 50

struct listing {
	struct visit *visit;
	json_t *rows;
};

static int add_draft(void *arg, const struct composition *c)
{
	struct listing *l = arg;
	json_array_append_new(l->rows, json_pack("{s:s, s:s, s:s, s:o, s:s}", "slug", c->slug, "title", c->title, "by", c->changed_by, "ago", show_ago(c->changed_ms), "owner", c->owner));
	return 0;
}

static json_t *copies_of(struct visit *visit, struct error *e)
{
	struct db_stmt *row;
	enum db_step step;
	json_t *list = json_array();
	if (db_query(visit->db, &row, e,
		    "SELECT slug, title FROM campaign WHERE kind = 'campaign' AND state <> 'draft' ORDER BY id DESC LIMIT $1", "i", (int64_t)COPIES_MOST) != 0) {
		json_decref(list);
		return NULL;
	}
	while ((step = db_step(row, e)) == DB_ROW)
		json_array_append_new(list, json_pack("{s:s, s:s}", "slug", db_text(row, 0), "title", db_text(row, 1)));
	if (step == DB_DONE)
		return list;
	json_decref(list);
	return NULL;
}

static json_t *errors_of(const struct problems *problems, const struct error *e)
{
	json_t *list = json_array();
	if (e != NULL && e->text[0] != '\0')
		json_array_append_new(list, json_pack("{s:s}", "text", e->text));
	for (size_t i = 0; problems != NULL && i < problems->count && i < 20; i++)
		if (problems->item[i].severity == PROBLEM_ERROR)
			json_array_append_new(list, json_pack("{s:s}", "text", problems->item[i].text));
	return list;
}

static void show_list(struct visit *visit, int status, const struct problems *problems, const struct error *why)
{
	struct listing l = {visit, json_array()};
	struct error e = {0};
	json_t *copies = NULL;
	const char *title = web_value(visit->request, "title");
	if (compose_each(visit->db, add_draft, &l, &e) != 0 || (copies = copies_of(visit, &e)) == NULL) {
		json_decref(l.rows);
		web_reply_error(visit->request, &e);
		return;
	}
	json_t *errors = errors_of(problems, why);
	console_page(visit, status, "compose_list", json_pack("{s:s, s:s, s:b, s:o, s:b, s:o, s:b, s:o, s:s}", "title", tr("Drafts of campaigns", "Черновики рассылок"), "here", "campaigns",
		"any", json_array_size(l.rows) > 0, "rows", l.rows, "any_copies", json_array_size(copies) > 0, "copies", copies, "any_errors", json_array_size(errors) > 0,
		"errors", errors, "new_title", title == NULL ? "" : title));
}

void page_drafts(struct visit *visit)
{
	show_list(visit, 200, NULL, NULL);
}

/* ---- beginning ------------------------------------------------------------------------------- */

static int note_begun(struct visit *visit, struct db *tx, const char *slug, const char *from, struct error *e)
{
	char subject[120];
	snprintf(subject, sizeof subject, "draft:%s", slug);
	return console_audit(visit, tx, "draft.create", subject, json_pack("{s:s}", "from", from), NULL, e);
}

struct beginning {
	struct visit *visit;
	const char *title, *campaign, *from;
	int32_t start_day;
	const void *zip;
	size_t zip_len;
	char *slug;
	struct problems *problems;
};

/* A blank one's name gets a number when it is taken. */
static int begin_blank(struct beginning *b, struct db *tx, struct error *e)
{
	char made[FORM_SLUG_SIZE];
	(void)form_slug(b->title, made);
	for (int n = 1; n < 50; n++) {
		int64_t one;
		char *slug = n == 1 ? xstrdup(made) : xasprintf("%s-%d", made, n);
		enum db_step step = db_query_int(tx, &one, e, "SELECT 1 FROM composition WHERE slug = $1", "s", slug);
		if (step == DB_DONE)
			step = db_query_int(tx, &one, e, "SELECT 1 FROM campaign WHERE slug = $1", "s", slug);
		if (step == DB_DONE) {
			b->slug = slug;
			return compose_begin(tx, slug, b->title, NULL, b->visit->visitor->actor, e);
		}
		free(slug);
		if (step == DB_FAILED)
			return -1;
	}
	return error_set(e, ERROR_CONFLICT, "%s", tr("there are many drafts of this name: choose another title", "черновиков с таким названием много: выберите другое"));
}

static int begin(void *arg, struct db *tx, struct error *e)
{
	struct beginning *b = arg;
	const char *actor = b->visit->visitor->actor;
	int rc;
	free(b->slug);
	b->slug = NULL;
	problems_fini(b->problems);
	if (b->zip != NULL)
		rc = compose_begin_zip(tx, b->zip, b->zip_len, actor, &b->slug, b->problems, e);
	else if (b->campaign != NULL)
		rc = compose_begin_copy(tx, b->visit->console->settings, b->campaign, b->start_day, actor, &b->slug, b->problems, e);
	else
		rc = begin_blank(b, tx, e);
	return rc == 0 ? note_begun(b->visit, tx, b->slug, b->from, e) : -1;
}

static void begin_and_go(struct beginning *b)
{
	struct problems problems = {0};
	struct error e = {0};
	b->problems = &problems;
	if (console_transaction(b->visit, begin, b, &e) == 0) {
		char *url = xasprintf("/compose/%s", b->slug);
		web_redirect(b->visit->request, url);
		free(url);
	} else if ((e.code == ERROR_INPUT || e.code == ERROR_CONFLICT || e.code == ERROR_NOT_FOUND) && !e.retriable) {
		show_list(b->visit, 422, &problems, &e);
	} else {
		console_error(b->visit, &e);
	}
	problems_fini(&problems);
	free(b->slug);
}

static void refuse(struct visit *visit, const char *text)
{
	struct error e = {0};
	(void)error_set(&e, ERROR_INPUT, "%s", text);
	show_list(visit, 422, NULL, &e);
}

void take_draft(struct visit *visit)
{
	const char *title = web_value(visit->request, "title");
	struct beginning b = {.visit = visit, .title = title, .from = "blank"};
	if (title == NULL || title[strspn(title, " ")] == '\0' || strpbrk(title, "\r\n") != NULL || strlen(title) > 500)
		refuse(visit, tr("Say in some words what it is about.", "Напишите в нескольких словах, о чём рассылка."));
	else
		begin_and_go(&b);
}

void take_archive(struct visit *visit)
{
	struct web_file *file;
	size_t count = web_files(visit->request, &file);
	struct beginning b = {.visit = visit, .from = "archive"};
	if (count > 0 && file[0].len > 0) {
		b.zip = file[0].data;
		b.zip_len = file[0].len;
	}
	if (b.zip == NULL)
		refuse(visit, tr("Choose a ZIP archive.", "Выберите архив ZIP."));
	else
		begin_and_go(&b);
}

void take_copy(struct visit *visit)
{
	const char *campaign = web_value(visit->request, "campaign"), *start = web_value(visit->request, "start");
	struct beginning b = {.visit = visit, .campaign = campaign, .from = "copy", .start_day = DAY_NONE};
	struct error e = {0};
	if (campaign == NULL || campaign[0] == '\0')
		refuse(visit, tr("Choose a campaign.", "Выберите рассылку."));
	else if (start != NULL && start[0] != '\0' && day_parse(start, &b.start_day, &e) != 0)
		refuse(visit, e.text);
	else
		begin_and_go(&b);
}

void page_draft(struct visit *visit)
{
	struct draft draft;
	if (!draft_open(visit, &draft))
		return;
	char *url = draft_url(&draft, form_text(draft.composition.form, "yaml")[0] != '\0' ? STEP_TEXT : STEP_LETTER);
	web_redirect(visit->request, url);
	free(url);
	draft_close(&draft);
}

struct dropping {
	struct visit *visit;
	const char *slug;
};

static int drop(void *arg, struct db *tx, struct error *e)
{
	struct dropping *d = arg;
	char subject[120];
	snprintf(subject, sizeof subject, "draft:%s", d->slug);
	return compose_drop(tx, d->slug, e) != 0 ? -1 : console_audit(d->visit, tx, "draft.delete", subject, NULL, NULL, e);
}

void take_drop(struct visit *visit)
{
	struct dropping d = {visit, web_part(visit->request, "slug")};
	struct error e = {0};
	if (console_transaction(visit, drop, &d, &e) == 0)
		console_done(visit, "/compose", tr("The draft was deleted.", "Черновик удалён."));
	else
		console_error(visit, &e);
}
