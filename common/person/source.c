/* Where persons are written of: every table with a text in it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lang.h"
#include "base/xalloc.h"
#include "person/inside.h"

#define LETTER_EN "it is part of a letter that went out: documents are kept"
#define LETTER_RU "это часть отправленного письма: документы хранятся"
#define BUS_EN "messages between the services go by themselves when their time of keeping is over"
#define BUS_RU "сообщения между службами исчезают сами, когда истекает срок их хранения"

/* In the order of an erasure: the directory first, so that nothing new is made of it. */
static const struct source sources[] = {
	{"contact", "Contacts of the directory", "Контакты справочника",
		"SELECT o.key, c.id, c.name, c.position, c.address, c.phone FROM contact c"
		" JOIN organisation o ON o.id = c.organisation WHERE c.id > $1 ORDER BY c.id LIMIT $2",
		"i", {"name", "position", "address", "phone"}, "pnan",
		"UPDATE contact SET name = $2, position = $3, address = $4, phone = $5,"
		" active = CASE WHEN $4 = 'erased@erased.invalid' THEN 0 ELSE active END WHERE id = $1", NULL, NULL, false},
	{"organisation", "Columns of the directory", "Прочие столбцы справочника",
		"SELECT key, id, name, extra FROM organisation WHERE id > $1 ORDER BY id LIMIT $2", "i", {"name", "extra"}, "-j",
		"UPDATE organisation SET name = $2, extra = $3 WHERE id = $1", NULL, NULL, false},
	{"delivery", "Letters", "Письма",
		"SELECT COALESCE(o.key, ''), d.key, d.address, d.fields, d.reason FROM delivery d"
		" LEFT JOIN organisation o ON o.id = d.recipient WHERE d.key > $1 ORDER BY d.key LIMIT $2",
		"i", {"address", "fields", "reason"}, "ajm", "UPDATE delivery SET address = $2, fields = $3, reason = $4 WHERE key = $1", NULL,
		NULL, false},
	{"history", "Replies of mail servers", "Ответы почтовых серверов",
		"SELECT '', key, dispatch, state, reason FROM history WHERE (key, dispatch, state) > ($1, $2, $3)"
		" ORDER BY key, dispatch, state LIMIT $4",
		"iii", {"reason"}, "m", "UPDATE history SET reason = $4 WHERE key = $1 AND dispatch = $2 AND state = $3", NULL, NULL, false},
	{"answer", "Answers", "Ответы организаций",
		"SELECT o.key, a.id, a.name, a.phone, a.address, a.note, a.fields FROM answer a JOIN ask k ON k.id = a.ask"
		" JOIN organisation o ON o.id = k.organisation WHERE a.id > $1 ORDER BY a.id LIMIT $2",
		"i", {"name", "phone", "address", "note", "fields"}, "pnAmj",
		"UPDATE answer SET name = $2, phone = $3, address = $4, note = $5, fields = $6 WHERE id = $1", NULL, NULL, false},
	{"answer_file", "Names of files in answers", "Имена файлов в ответах",
		"SELECT o.key, f.answer, f.position, f.name FROM answer_file f JOIN answer a ON a.id = f.answer"
		" JOIN ask k ON k.id = a.ask JOIN organisation o ON o.id = k.organisation"
		" WHERE (f.answer, f.position) > ($1, $2) ORDER BY f.answer, f.position LIMIT $3",
		"ii", {"name"}, "m", "UPDATE answer_file SET name = $3 WHERE answer = $1 AND position = $2", NULL, NULL, false},
	{"acknowledgement", "Acknowledgements", "Листы ознакомления",
		"SELECT COALESCE(o.key, ''), a.id, a.name, a.title, a.address FROM acknowledgement a"
		" LEFT JOIN organisation o ON o.id = a.organisation WHERE a.id > $1 ORDER BY a.id LIMIT $2",
		"i", {"name", "title", "address"}, "PnA", "UPDATE acknowledgement SET name = $2, title = $3, address = $4 WHERE id = $1", NULL,
		NULL, false},
	{"mail_in", "Mail that came", "Входящие письма",
		"SELECT COALESCE(o.key, ''), m.id, m.address, m.name, m.subject, m.words, m.note, m.raw, b.data FROM mail_in m"
		" LEFT JOIN ask k ON k.id = m.ask LEFT JOIN organisation o ON o.id = k.organisation"
		" LEFT JOIN blob b ON b.hash = m.raw WHERE m.id > $1 ORDER BY m.id LIMIT $2",
		"i", {"address", "name", "subject", "words", "note", "raw", "message"}, "Apmnmr-",
		"UPDATE mail_in SET address = $2, name = $3, subject = $4, words = $5, note = $6, raw = $7 WHERE id = $1", NULL, NULL, false},
	{"dataset_row", "Data of campaigns", "Данные рассылок",
		"SELECT key, campaign, dataset, key, fields FROM dataset_row WHERE (campaign, dataset, key) > ($1, $2, $3)"
		" ORDER BY campaign, dataset, key LIMIT $4",
		"iss", {"fields"}, "j", "UPDATE dataset_row SET fields = $4 WHERE campaign = $1 AND dataset = $2 AND key = $3", NULL, NULL, false},
	{"webhook_message", "Events for webhooks", "События для вебхуков",
		"SELECT '', endpoint, id, body FROM webhook_message WHERE (endpoint, id) > ($1, $2) ORDER BY endpoint, id LIMIT $3", "ss",
		{"body"}, "j", "UPDATE webhook_message SET body = $3 WHERE endpoint = $1 AND id = $2", NULL, NULL, false},
	{"webhook_attempt", "Answers to webhooks", "Ответы на вебхуки",
		"SELECT '', endpoint, message, attempt, response, error FROM webhook_attempt"
		" WHERE (endpoint, message, attempt) > ($1, $2, $3) ORDER BY endpoint, message, attempt LIMIT $4",
		"ssi", {"response", "error"}, "mm",
		"UPDATE webhook_attempt SET response = $4, error = $5 WHERE endpoint = $1 AND message = $2 AND attempt = $3", NULL, NULL, false},
	{"composition", "Campaigns being written", "Черновики рассылок",
		"SELECT '', slug, form FROM composition WHERE slug > $1 ORDER BY slug LIMIT $2", "s", {"form"}, "j",
		"UPDATE composition SET form = $2, version = version + 1 WHERE slug = $1", NULL, NULL, false},
	{"api_request", "Answers to programs", "Ответы программам",
		"SELECT '', api_key, key, body FROM api_request WHERE (api_key, key) > ($1, $2) ORDER BY api_key, key LIMIT $3", "ss", {"body"},
		"j", "UPDATE api_request SET body = $3 WHERE api_key = $1 AND key = $2", NULL, NULL, false},
	{"approval", "Notes to approvals", "Примечания к согласованиям",
		"SELECT '', campaign, content_hash, note FROM approval WHERE (campaign, content_hash) > ($1, $2)"
		" ORDER BY campaign, content_hash LIMIT $3",
		"ss", {"note"}, "m", "UPDATE approval SET note = $3 WHERE campaign = $1 AND content_hash = $2", NULL, NULL, false},
	{"roadmap_step", "Notes to road maps", "Примечания к дорожным картам",
		"SELECT '', campaign, number, mark_note, responsible FROM roadmap_step WHERE (campaign, number) > ($1, $2)"
		" ORDER BY campaign, number LIMIT $3",
		"si", {"note", "responsible"}, "m-", "UPDATE roadmap_step SET mark_note = $3, responsible = $4 WHERE campaign = $1 AND number = $2",
		NULL, NULL, false},
	{"suppression", "Excluded addresses", "Исключённые адреса",
		"SELECT '', address, address, reason FROM suppression WHERE address > $1 ORDER BY address LIMIT $2", "s", {"address", "reason"},
		"--", NULL, "so that nobody writes there again (--forget removes it, too)",
		"чтобы туда больше не писали (--forget удалит и отсюда)", false},
	{"audit_detail", "Details of the audit log", "Подробности журнала действий",
		"SELECT '', number, detail FROM audit_detail WHERE number > $1 ORDER BY number LIMIT $2", "i", {"detail"}, "-", NULL,
		"erased at the end", "стираются в конце", false},
	{"account", "Accounts", "Учётные записи",
		"SELECT '', id, login, name, address FROM account WHERE id > $1 ORDER BY id LIMIT $2", "i", {"login", "name", "address"}, "---",
		NULL, "an account is disabled on its own page; what was done with it stays accounted for",
		"учётную запись отключают на её странице; совершённые с ней действия остаются в учёте", false},
	{"campaign", "Letters' definitions", "Описания рассылок",
		"SELECT '', id, title, definition, state_reason FROM campaign WHERE id > $1 ORDER BY id LIMIT $2", "i",
		{"title", "definition", "state_reason"}, "---", NULL, LETTER_EN, LETTER_RU, false},
	{"responsible", "Responsible texts of road maps", "Ответственные из дорожных карт",
		"SELECT '', text_key, text, department FROM responsible WHERE text_key > $1 ORDER BY text_key LIMIT $2", "s",
		{"text", "department"}, "--", NULL, "vestnik roadmap map --forget takes it away", "снимается командой vestnik roadmap map --forget",
		false},
	{"outbox", "Messages on their way", "Сообщения в пути",
		"SELECT '', id, topic, data FROM outbox WHERE id > $1 ORDER BY id LIMIT $2", "i", {"topic", "data"}, "--", NULL, BUS_EN, BUS_RU,
		false},
};
#define SOURCES (sizeof sources / sizeof sources[0])

/* The embedded bus: one table a topic; SQLite alone has them. */
#define BUS(topic)                                                                                                     \
	{"bus", "Messages between services", "Сообщения между службами",                                               \
		"SELECT '', id, ce_source, data FROM bus_vestnik_" topic " WHERE id > $1 ORDER BY id LIMIT $2", "i",   \
		{"source", "data"}, "--", NULL, BUS_EN, BUS_RU, true}
static const struct source bus_sources[] = {BUS("tasks"), BUS("mail"), BUS("mail_urgent"), BUS("status"), BUS("dead")};
#define BUS_SOURCES (sizeof bus_sources / sizeof bus_sources[0])

size_t source_count(void)
{
	return SOURCES + BUS_SOURCES;
}

const struct source *source_at(size_t i)
{
	return i < SOURCES ? &sources[i] : &bus_sources[i - SOURCES];
}

void row_fini(struct row *row)
{
	free(row->organisation);
	for (size_t i = 0; i < PERSON_KEYS; i++)
		free(row->keys[i]);
	for (size_t i = 0; i < PERSON_COLUMNS; i++)
		free(row->values[i]);
	*row = (struct row){0};
}

/* A text, or bytes as far as they are one. */
static char *text_of(struct db_stmt *stmt, int column, bool bytes)
{
	size_t len;
	if (db_is_null(stmt, column))
		return NULL;
	if (!bytes)
		return xstrdup(db_text(stmt, column));
	const char *data = db_blob(stmt, column, &len);
	char *text = xmemdup(data == NULL ? "" : data, len + 1);
	text[len] = '\0';
	for (size_t i = 0; i < len; i++)
		if (text[i] == '\0')
			text[i] = ' ';
	return text;
}

static bool is_bytes(const struct source *source, size_t column)
{
	return strcmp(source->columns[column], "data") == 0 || strcmp(source->columns[column], "message") == 0;
}

static void read_row(const struct source *source, struct db_stmt *stmt, struct row *row)
{
	size_t keys = strlen(source->key);
	*row = (struct row){.organisation = xstrdup(db_is_null(stmt, 0) ? "" : db_text(stmt, 0))};
	for (size_t k = 0; k < keys; k++)
		row->keys[k] = source->key[k] == 'i' ? xasprintf("%" PRId64, db_int(stmt, (int)k + 1)) : xstrdup(db_text(stmt, (int)k + 1));
	for (size_t c = 0; source->rules[c] != '\0'; c++)
		row->values[c] = text_of(stmt, (int)(1 + keys + c), is_bytes(source, c));
}

static bool about(const struct person *person, const struct source *source, const struct row *row, bool strict)
{
	for (size_t c = 0; source->rules[c] != '\0'; c++)
		if (match_text(person, row->organisation, strict, row->values[c]))
			return true;
	return false;
}

static int bind(struct db *db, const struct source *source, const struct person_walk *walk, int64_t most, struct db_stmt **stmt,
	struct error *e)
{
	int at = 1;
	if (db_prepare(db, source->select, stmt, e) != 0)
		return -1;
	for (size_t k = 0; source->key[k] != '\0'; k++, at++)
		if (source->key[k] == 'i')
			db_bind_int(*stmt, at, walk->keys[k][0] == '\0' ? INT64_MIN : strtoll(walk->keys[k], NULL, 10));
		else
			db_bind_text(*stmt, at, walk->keys[k]);
	db_bind_int(*stmt, at, most);
	return 0;
}

int source_read(struct db *db, const struct source *source, const struct person *person, bool strict,
	struct person_walk *walk, int64_t most, void (*take)(void *arg, struct row *row), void *arg, int64_t *rows,
	struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	*rows = 0;
	if (source->sqlite && db_kind(db) != DB_SQLITE)
		return 0;
	if (bind(db, source, walk, most, &stmt, e) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW) {
		struct row row;
		read_row(source, stmt, &row);
		++*rows;
		for (size_t k = 0; source->key[k] != '\0'; k++)
			snprintf(walk->keys[k], sizeof walk->keys[k], "%s", row.keys[k]);
		if (about(person, source, &row, strict))
			take(arg, &row);
		else
			row_fini(&row);
	}
	return step == DB_FAILED ? -1 : 0;
}
