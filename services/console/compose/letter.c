/* Step 1: the letter, beside it what a recipient will see. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "console/compose/part.h"
#include "console/compose/tables.h"

static const struct field_row basics[] = {
	{"title", LOOK_LINE, "Title", "Название рассылки", "For you and for lists; recipients see the letter's heading", "Для Вас и для списков; адресаты видят заголовок письма", NULL},
	{0}};
static const struct field_row sender[] = {
	{"organisation", LOOK_LINE, "Organisation in the head of the letter", "Организация в шапке письма", NULL, NULL, NULL},
	{"from.name", LOOK_LINE, "Sender's name", "Имя отправителя", NULL, NULL, NULL},
	{"from.address", LOOK_LINE, "Sender's address", "Адрес отправителя", "Empty: as in the settings", "Пусто – как в настройках", NULL},
	{"reply_to", LOOK_LINE, "Address for answers", "Адрес для ответов", "Empty: the sender's", "Пусто – адрес отправителя", NULL}, {0}};
static const struct field_row document[] = {
	{"document.number", LOOK_LINE, "Outgoing number", "Исходящий номер", NULL, NULL, NULL},
	{"document.date", LOOK_DATE, "Date", "Дата", NULL, NULL, NULL},
	{"document.based_on", LOOK_LINES, "Based on", "На основании", "One document a line", "По одному документу в строке", NULL},
	{"document.signatory.position", LOOK_LINE, "Signatory: position", "Подписывает: должность", NULL, NULL, NULL},
	{"document.signatory.name", LOOK_LINE, "Signatory: name", "Подписывает: имя", NULL, NULL, NULL},
	{"document.performer.position", LOOK_LINE, "Performer: position", "Исполнитель: должность", NULL, NULL, NULL},
	{"document.performer.name", LOOK_LINE, "Performer: name", "Исполнитель: имя", NULL, NULL, NULL},
	{"document.performer.phone", LOOK_LINE, "Performer: phone", "Исполнитель: телефон", NULL, NULL, NULL}, {0}};
static const struct field_row flags[] = {
	{"document.in_subject", LOOK_FLAG, "Number and date at the beginning of the subject", "Номер и дата в начале темы письма", NULL, NULL, NULL},
	{"may_leave", LOOK_FLAG, "Offer to unsubscribe from such letters", "Предлагать отписаться от таких писем", "Not for letters that wait for an answer", "Не для писем, которые ждут ответа", NULL}, {0}};
static const struct field_row contact[] = {{"role", LOOK_LINE, "Role", "Кто это", NULL, NULL, NULL},
	{"name", LOOK_LINE, "Name", "Имя", NULL, NULL, NULL}, {"phone", LOOK_LINE, "Phone", "Телефон", NULL, NULL, NULL},
	{"address", LOOK_LINE, "E-mail", "Эл. почта", NULL, NULL, NULL}, {0}};
static const struct field_row attachment[] = {{"title", LOOK_LINE, "Title in the letter", "Название в письме", NULL, NULL, NULL},
	{"name", LOOK_LINE, "File name", "Имя файла", NULL, NULL, NULL}, {0}};

struct kind_of_letter {
	const char *name, *en, *ru;
};
static const struct kind_of_letter kinds[] = {{"first", "The letter", "Письмо"}, {"reminder", "Reminder", "Напоминание"},
	{"collect", "To those asked through others", "Письмо тем, кого спрашивают через вышестоящих"},
	{"collect_reminder", "Reminder to them", "Напоминание им"}, {"acknowledge", "To those who are to acknowledge", "На ознакомление"},
	{"correction", "Correction", "Исправление"}};
#define KINDS (sizeof kinds / sizeof kinds[0])

/* ---- what is looked at -------------------------------------------------------------------------- */

static const char *asked(const struct visit *visit, const char *name)
{
	const char *value = web_query(visit->request, name);
	if (value == NULL)
		value = web_value(visit->request, name);
	return value == NULL ? "" : value;
}

static const char *asked_letter(const struct visit *visit)
{
	for (size_t i = 0; i < KINDS; i++)
		if (strcmp(asked(visit, "letter"), kinds[i].name) == 0)
			return kinds[i].name;
	return "first";
}

struct shown {
	struct campaign_recipient recipient;
	char *subject, *text, *html;
	struct error e;
};

static void shown_fini(struct shown *shown)
{
	campaign_recipient_fini(&shown->recipient);
	free(shown->subject);
	free(shown->text);
	free(shown->html);
}

/* shown.e says why there is nothing. */
static void render(struct draft *draft, struct shown *shown)
{
	struct visit *visit = draft->visit;
	const char *wanted = asked(visit, "for");
	*shown = (struct shown){0};
	if (draft->folder == NULL) {
		(void)error_set(&shown->e, ERROR_INPUT, "%s", tr("The letter can be shown when the mistakes are mended.", "Письмо будет показано, когда ошибки будут исправлены."));
		return;
	}
	int step = campaign_folder_step(draft->folder, asked_letter(visit));
	struct letter *letter = step < 0 ? NULL : campaign_folder_letter(draft->folder, step);
	if (letter == NULL) {
		(void)error_set(&shown->e, ERROR_NOT_FOUND, "%s", tr("The campaign sends no such letter.", "Такого письма в рассылке нет."));
		return;
	}
	int rc = wanted[0] != '\0' ? campaign_folder_recipient(draft->folder, visit->db, wanted, &shown->recipient, &shown->e)
				   : campaign_folder_first(draft->folder, visit->db, &shown->recipient, &shown->e);
	if (rc != 0)
		return;
	json_t *fields = campaign_folder_fields(draft->folder, step, shown->recipient.fields);
	struct letter_recipient to = {.fields = fields, .to_address = shown->recipient.address, .to_name = shown->recipient.contact_name,
		.message_id = "preview@vestnik.invalid", .date_ms = clock_now_ms()};
	(void)letter_preview(letter, &to, &shown->subject, &shown->text, &shown->html, &shown->e);
	json_decref(fields);
}

/* ---- the preview beside the text -------------------------------------------------------------------- */

static json_t *views_of(const char *now)
{
	static const char *const views[][3] = {{"html", "As in a mail program", "Как в почте"}, {"phone", "On a phone", "На телефоне"}, {"plain", "Plain text", "Простой текст"}};
	json_t *list = json_array();
	for (size_t i = 0; i < 3; i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "value", views[i][0], "name", tr(views[i][1], views[i][2]), "chosen", strcmp(now, views[i][0]) == 0));
	return list;
}

static json_t *letters_of(const char *now)
{
	json_t *list = json_array();
	for (size_t i = 0; i < KINDS; i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "value", kinds[i].name, "name", tr(kinds[i].en, kinds[i].ru), "chosen", strcmp(now, kinds[i].name) == 0));
	return list;
}

static void add_preview(struct draft *draft, json_t *data)
{
	struct shown shown;
	const char *view = asked(draft->visit, "view"), *letter = asked_letter(draft->visit);
	if (strcmp(view, "phone") != 0 && strcmp(view, "plain") != 0)
		view = "html";
	render(draft, &shown);
	bool good = shown.e.code == ERROR_NONE;
	char *key = good ? xasprintf("%s", shown.recipient.key) : NULL;
	json_t *preview = json_pack("{s:b, s:s?, s:s?, s:s?, s:s?, s:s?, s:b, s:b, s:s, s:s}", "good", good, "subject", shown.subject, "text",
		strcmp(view, "plain") == 0 ? shown.text : NULL, "key", key, "name", shown.recipient.name, "address", shown.recipient.address,
		"phone", strcmp(view, "phone") == 0, "plain", strcmp(view, "plain") == 0, "letter", letter, "why", shown.e.text);
	json_object_set_new(preview, "outside", json_boolean(shown.recipient.outside));
	json_object_set_new(preview, "for", json_string(asked(draft->visit, "for")));
	json_object_set_new(preview, "example", json_boolean(draft->example));
	json_object_set_new(preview, "views", views_of(view));
	json_object_set_new(preview, "letters", letters_of(letter));
	json_object_set_new(data, "preview", preview);
	free(key);
	shown_fini(&shown);
}

void page_letter_html(struct visit *visit)
{
	struct draft draft;
	struct shown shown;
	if (!draft_open(visit, &draft))
		return;
	if (draft_load(&draft, LOOK_EXAMPLE)) {
		render(&draft, &shown);
		const char *html = shown.html != NULL ? shown.html : "";
		web_reply_framed(visit->request, 200, html, strlen(html));
		shown_fini(&shown);
	}
	draft_close(&draft);
}

/* ---- fields a letter may have ------------------------------------------------------------------------- */

static void add_field(json_t *list, const char *code, const char *name)
{
	json_array_append_new(list, json_pack("{s:s, s:s}", "code", code, "name", name));
}

static json_t *insertable(struct draft *draft)
{
	static const char *const always[][3] = {{"{{recipient.name}}", "Name of the organisation", "Название организации"},
		{"{{recipient.municipality}}", "Municipality", "Муниципалитет"}, {"{{recipient.region}}", "Region", "Регион"},
		{"{{contact.name}}", "Name of the contact", "Имя контактного лица"}, {"{{document.number}}", "Outgoing number", "Исходящий номер"},
		{"{{document.date | date: long}}", "Its date", "Его дата"}};
	static const char *const asks[][3] = {{"**{{deadline.full}}**", "Deadline in full", "Срок полностью"}, {"{{deadline.date}}", "Day of the deadline", "День срока"},
		{"[Заполнить форму]({{link.answer}})", "Link to the form", "Ссылка на форму"}, {"[текстом для пересылки]({{link.forward}})", "Text for forwarding", "Текст для пересылки"},
		{"[кто из школ ответил]({{link.cascade}})", "Page of the municipality", "Страница муниципалитета"}};
	json_t *list = json_array();
	for (size_t i = 0; i < sizeof always / sizeof always[0]; i++)
		add_field(list, always[i][0], tr(always[i][1], always[i][2]));
	for (size_t i = 0; form_flag(draft->composition.form, "ask.wanted") && i < sizeof asks / sizeof asks[0]; i++)
		add_field(list, asks[i][0], tr(asks[i][1], asks[i][2]));
	json_t *tables = tables_show(draft), *table, *column;
	size_t t, c;
	json_array_foreach(tables, t, table) json_array_foreach(json_object_get(table, "columns"), c, column)
	{
		char *code = xasprintf("{{%s.%s}}", form_text(table, "name"), form_text(column, "field"));
		char *name = xasprintf("%s: %s", form_text(table, "name"), form_text(column, "title"));
		add_field(list, code, name);
		free(code);
		free(name);
	}
	json_decref(tables);
	return list;
}

/* ---- attachments ----------------------------------------------------------------------------------------- */

static json_t *attachments_of(struct draft *draft, int64_t *total)
{
	json_t *files = NULL, *rows = draft_rows(draft, "attachments", attachment, "Attachment", "Приложение"), *row, *file;
	struct error e = {0};
	size_t i, k;
	*total = 0;
	if (compose_files(draft->visit->db, draft->composition.slug, &files, &e) != 0)
		files = json_array();
	json_array_foreach(rows, i, row)
	{
		const json_t *one = json_array_get(form_at(draft->composition.form, "attachments"), i);
		json_object_set_new(row, "file", json_string(form_text(one, "file")));
		json_object_set_new(row, "size", json_null());
		json_array_foreach(files, k, file)
			if (strcmp(form_text(file, "name"), form_text(one, "file")) == 0) {
				int64_t size = json_integer_value(json_object_get(file, "size"));
				*total += size;
				json_object_set_new(row, "size", draft_size(size));
			}
	}
	json_decref(files);
	return rows;
}

/* ---- the earlier campaign ------------------------------------------------------------------------------------ */

#define EARLIER_MOST 50

static json_t *earlier(struct draft *draft)
{
	struct db_stmt *row;
	struct error e = {0};
	json_t *list = json_array();
	const char *now = form_text(draft->composition.form, "follows");
	bool known = now[0] == '\0';
	if (db_query(draft->visit->db, &row, &e,
		    "SELECT slug, title FROM campaign WHERE kind = 'campaign' AND state <> 'draft' ORDER BY id DESC LIMIT $1", "i", (int64_t)EARLIER_MOST) == 0)
		while (db_step(row, &e) == DB_ROW) {
			bool chosen = strcmp(db_text(row, 0), now) == 0;
			known = known || chosen;
			json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "value", db_text(row, 0), "name", db_text(row, 1), "chosen", chosen));
		}
	if (!known)
		json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "value", now, "name", now, "chosen", 1));
	return list;
}

/* ---- the page --------------------------------------------------------------------------------------------------- */

static json_t *texts_of(struct draft *draft)
{
	json_t *list = json_array();
	for (size_t i = 0; i < KINDS; i++) {
		char *path = xasprintf("letters.%s", kinds[i].name);
		const char *text = form_text(draft->composition.form, path);
		if (i == 0 || text[0] != '\0') {
			const struct field_row row = {path, LOOK_AREA, kinds[i].en, kinds[i].ru, NULL, NULL, NULL};
			json_t *field = draft_field(draft, "", &row);
			json_object_set_new(field, "lines", json_integer(i == 0 ? 22 : 12));
			json_array_append_new(list, field);
		}
		free(path);
	}
	return list;
}

static json_t *standard_letters(struct draft *draft)
{
	json_t *list = json_array();
	for (size_t i = 1; i < KINDS; i++) {
		char *path = xasprintf("letters.%s", kinds[i].name);
		if (form_text(draft->composition.form, path)[0] == '\0')
			json_array_append_new(list, json_pack("{s:s, s:s}", "value", kinds[i].name, "name", tr(kinds[i].en, kinds[i].ru)));
		free(path);
	}
	return list;
}

void show_letter(struct draft *draft, int status)
{
	int64_t total;
	if (draft->folder == NULL && !draft_load(draft, LOOK_EXAMPLE))
		return;
	json_t *data = draft_page(draft, STEP_LETTER);
	json_object_set_new(data, "basics", draft_fields(draft, "", basics));
	json_object_set_new(data, "sender", draft_fields(draft, "", sender));
	json_object_set_new(data, "document", draft_fields(draft, "", document));
	json_object_set_new(data, "flags", draft_fields(draft, "", flags));
	json_object_set_new(data, "contacts", draft_rows(draft, "contacts", contact, "Contact", "Контакт"));
	json_object_set_new(data, "attachments", attachments_of(draft, &total));
	json_object_set_new(data, "attached", total == 0 ? json_null() : draft_size(total));
	json_object_set_new(data, "attached_most", draft_size(draft->visit->console->settings->attachments_max_bytes));
	json_object_set_new(data, "texts", texts_of(draft));
	json_object_set_new(data, "more_letters", standard_letters(draft));
	json_object_set_new(data, "earlier", earlier(draft));
	json_object_set_new(data, "insert", insertable(draft));
	json_object_set_new(data, "test_to", json_string(asked(draft->visit, "test_to")));
	add_preview(draft, data);
	draft_show(draft, status, STEP_LETTER, data);
}

void page_letter(struct visit *visit)
{
	struct draft draft;
	if (!draft_open(visit, &draft))
		return;
	if (form_text(draft.composition.form, "yaml")[0] != '\0') {
		char *url = draft_url(&draft, STEP_TEXT);
		web_redirect(visit->request, url);
		free(url);
	} else {
		show_letter(&draft, 200);
	}
	draft_close(&draft);
}

/* ---- what is pressed -------------------------------------------------------------------------------------------------- */

static void test_letter(struct draft *draft)
{
	struct visit *visit = draft->visit;
	struct orderer who = console_orderer(visit);
	char slug[CAMPAIGN_SLUG_SIZE], result[ORDER_RESULT_SIZE], address[GATE_ADDRESS_MAX + 1];
	enum order_outcome outcome;
	struct problems problems = {0};
	struct error e = {0};
	char *url = draft_url(draft, STEP_LETTER);
	int rc = gate_address(asked(visit, "test_to"), address, &e);
	if (rc == 0)
		rc = compose_test(&who, visit->db, &draft->composition, asked(visit, "for"), address, slug, &outcome, result, &problems, &e);
	char *note = rc != 0 ? NULL : outcome == ORDER_REFUSED ? xasprintf(tr("The test letter was refused: %s", "Проверочное письмо не принято: %s"), result)
								  : xasprintf(tr("A test letter goes to %s.", "Проверочное письмо уйдёт на %s."), address);
	if (rc == 0) {
		console_done(visit, url, note);
	} else if (e.code == ERROR_INPUT || e.code == ERROR_NOT_FOUND) {
		problem_add(&draft->problems, PROBLEM_ERROR, (struct problem_place){.field = "test_to"}, NULL, "%s", e.text);
		problems_fini(&problems);
		show_letter(draft, 422);
	} else {
		console_error(visit, &e);
	}
	problems_fini(&problems);
	free(note);
	free(url);
}

/* The text as it is typed: saved, shown again. */
static void answer_piece(struct draft *draft)
{
	if (!draft_load(draft, LOOK_EXAMPLE))
		return;
	json_t *data = draft_page(draft, STEP_LETTER);
	add_preview(draft, data);
	json_object_set_new(data, "piece", json_true());
	console_piece(draft->visit, "compose_preview", data);
}

/* Another name for the campaign comes with the page. */
static int put_and_rename(struct draft *draft, struct db *tx, struct error *e)
{
	const char *slug = asked(draft->visit, "slug");
	if (put_uploads(draft, tx, e) != 0)
		return -1;
	if (slug[0] == '\0' || strcmp(slug, draft->composition.slug) == 0)
		return 0;
	int64_t version;
	if (db_query_int(tx, &version, e, "SELECT version FROM composition WHERE slug = $1", "s", draft->composition.slug) != DB_ROW ||
		compose_rename(tx, draft->composition.slug, version, slug, draft->visit->visitor->actor, e) != 0)
		return -1;
	return 0;
}

/* Where it stands after the rename. */
static void follow_rename(struct draft *draft)
{
	const char *slug = asked(draft->visit, "slug");
	if (slug[0] == '\0' || strcmp(slug, draft->composition.slug) == 0)
		return;
	free(draft->composition.slug);
	draft->composition.slug = xstrdup(slug);
	draft->composition.version++;
}

void take_letter(struct visit *visit)
{
	struct draft draft;
	if (!draft_open(visit, &draft))
		return;
	take_uploads(&draft, "file", "attachments");
	if (take_and_save(&draft, STEP_LETTER, put_and_rename)) {
		const char *what = pressed(visit);
		follow_rename(&draft);
		if (console_wants_piece(visit)) {
			answer_piece(&draft);
		} else if (strcmp(what, "test") == 0) {
			test_letter(&draft);
		} else if (strcmp(what, "look") == 0) {
			char *key = form_text_escaped(asked(visit, "for"));
			char *url = xasprintf("/compose/%s/letter?letter=%s&view=%s&for=%s#preview", draft.composition.slug, asked_letter(visit),
				strcmp(asked(visit, "view"), "phone") == 0 ? "phone" : strcmp(asked(visit, "view"), "plain") == 0 ? "plain" : "html", key);
			web_redirect(visit->request, url);
			free(url);
			free(key);
		} else {
			go_on(&draft, STEP_LETTER);
		}
	}
	draft_close(&draft);
}
