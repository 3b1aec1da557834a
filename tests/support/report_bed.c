#include "support/report_bed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void refused(const char *what, const struct error *e)
{
	fprintf(stderr, "report_bed: %s: got «%s»\n", what, e->text);
	abort();
}

void report_bed_sql(struct db *db, const char *sql)
{
	struct error e = {0};
	if (db_exec(db, &e, sql, "") != 0)
		refused(sql, &e);
}

static const char definition[] =
	"{\"slug\":\"monitoring-2022\",\"title\":\"Стажировочные площадки\",\"zone\":\"Europe/Moscow\",\"lang\":\"ru\","
	"\"from\":{\"name\":\"Управление образования\",\"address\":\"outreach@ministry.example.org\"},"
	"\"document\":{\"number\":\"1355\",\"date\":\"2022-09-22\"},\"audience\":{},\"datasets\":[],\"contacts\":[],"
	"\"steps\":[{\"step\":0,\"kind\":\"first\",\"letter\":\"first\"},{\"step\":1,\"kind\":\"reminder\",\"letter\":\"reminder\"}],"
	"\"send\":{\"local\":false,\"open_minute\":0,\"close_minute\":0},"
	"\"ask\":{\"verb\":\"просим\",\"fields\":["
	"{\"field\":\"people\",\"label\":\"Человек на площадке\",\"type\":\"count\",\"required\":true},"
	"{\"field\":\"done\",\"label\":\"План выполнен\",\"type\":\"choice\",\"required\":true,\"options\":[\"да\",\"нет\"]},"
	"{\"field\":\"what\",\"label\":\"Что сделано\",\"type\":\"text\"},"
	"{\"field\":\"day\",\"label\":\"День занятия\",\"type\":\"date\"},"
	"{\"field\":\"sites\",\"label\":\"Участники/занятия [все]\",\"type\":\"table\",\"columns\":["
	"{\"field\":\"name\",\"label\":\"Имя\",\"type\":\"text\"},{\"field\":\"hours\",\"label\":\"Часов\",\"type\":\"number\"}]}]},"
	"\"rounds\":[{\"number\":1,\"label\":\"за сентябрь 2022 года\",\"period\":{\"kind\":\"month\",\"day\":\"2022-09-01\"},\"ask\":true},"
	"{\"number\":2,\"label\":\"за октябрь 2022 года\",\"period\":{\"kind\":\"month\",\"day\":\"2022-10-01\"},\"ask\":true}]}";

static void directory(struct db *db)
{
	report_bed_sql(db, "INSERT INTO organisation (id, key, parent_key, kind, name, region, municipality, extra, revision, updated_ms) VALUES"
		" (1, 'm1', NULL, 'municipal-authority', 'Управление образования города', 'Область', 'Город', '{}', 1, 0),"
		" (2, 's2', 'm1', 'school', 'Школа № 2', 'Область', 'Город', '{}', 1, 0),"
		" (3, 's10', 'm1', 'school', 'Школа № 10', 'Область', 'Город', '{}', 1, 0),"
		" (4, 's4', NULL, 'school', 'Ёлкинская школа', 'Область', 'Район', '{}', 1, 0),"
		" (5, 's5', NULL, 'school', '=cmd|'' /C calc''!A0', 'Область', 'Район', '{}', 1, 0),"
		" (6, 's6', NULL, 'school', 'Школа <b>№ 6</b> & Ко', 'Край', NULL, '{}', 1, 0),"
		" (7, 's7', NULL, 'school', 'Школа № 7', 'Область', 'Район', '{}', 1, 0)");
	report_bed_sql(db, "INSERT INTO contact (id, organisation, role, name, position, address, phone, active, updated_ms) VALUES"
		" (11, 1, 'coordinator', 'Координатор', 'специалист', 'edu@city.example.org', '+7 (000) 000-00-01', 1, 0),"
		" (12, 4, 'coordinator', NULL, NULL, 'four@schools.example.org', NULL, 1, 0),"
		" (13, 4, 'head', 'Директор', 'директор', 'head4@schools.example.org', '+7 (000) 000-00-04', 1, 0),"
		" (14, 7, 'coordinator', 'Завуч', NULL, 'seven@schools.example.org', '+7 (000) 000-00-07', 1, 0),"
		" (15, 7, 'head', 'Уволенный', NULL, 'gone@schools.example.org', '+7 (000) 000-00-99', 0, 0)");
}

/* Two deliveries of Ёлкинская школа came back; Школа № 7 got both. */
static void letters(struct db *db)
{
	report_bed_sql(db, "INSERT INTO delivery (key, campaign, round, step, recipient, contact, address, fields, state, reason, updated_ms) VALUES"
		" (1, 1, 2, 0, 1, 11, 'edu@city.example.org', '{}', 6, NULL, 1664600000000),"
		" (2, 1, 2, 0, 4, 12, 'four@schools.example.org', '{}', 7, '550 5.1.1 user unknown', 1664600000000),"
		" (3, 1, 2, 1, 4, 12, 'four@schools.example.org', '{}', 8, '550 no such user', 1664700000000),"
		" (4, 1, 2, 0, 5, 15, 'five@schools.example.org', '{}', 5, NULL, 1664600000000),"
		" (5, 1, 2, 0, 6, 16, 'six@schools.example.org', '{}', 5, NULL, 1664600000000),"
		" (6, 1, 2, 0, 7, 14, 'seven@schools.example.org', '{}', 5, '250 ok', 1664600000000),"
		" (7, 1, 2, 1, 7, 14, 'seven@schools.example.org', '{}', 5, '250 ok', 1664700000000)");
}

/* The second period: the authority answered for its two schools (its own figure, higher than their
 * sum), one school answered partly and late, one letter waits for staff, two are silent. */
static void answers(struct db *db)
{
	report_bed_sql(db, "INSERT INTO ask (id, campaign, round, organisation, level, parent, place, deadline_ms, state, trouble, answer, versions, opened_ms, updated_ms) VALUES"
		" (101, 1, 1, 1, 0, NULL, 'Europe/Moscow', 1664639999000, 'confirmed', 0, 51, 1, 0, 0),"
		" (102, 1, 1, 5, 0, NULL, 'Europe/Moscow', 1664639999000, 'open', 0, NULL, 0, 0, 0),"
		" (201, 1, 2, 1, 0, NULL, 'Europe/Moscow', 1667318399000, 'confirmed', 1, 61, 2, 0, 0),"
		" (202, 1, 2, 2, 1, 201, 'Europe/Moscow', 1667318399000, 'confirmed', 0, 62, 1, 0, 0),"
		" (203, 1, 2, 3, 1, 201, 'Europe/Moscow', 1667318399000, 'open', 0, NULL, 0, 0, 0),"
		" (204, 1, 2, 4, 0, NULL, 'Europe/Moscow', 1667318399000, 'open', 2, NULL, 0, 0, 0),"
		" (205, 1, 2, 5, 0, NULL, 'Europe/Moscow', 1667318399000, 'partial', 0, 65, 1, 0, 0),"
		" (206, 1, 2, 6, 0, NULL, 'Europe/Moscow', 1667318399000, 'received', 8, NULL, 1, 0, 0),"
		" (207, 1, 2, 7, 0, NULL, 'Europe/Moscow', 1667318399000, 'open', 0, NULL, 1, 0, 0)");
	report_bed_sql(db, "INSERT INTO answer (id, ask, version, way, state, fields, name, phone, note, late, received_ms, recorded_ms) VALUES"
		" (51, 101, 1, 'form', 'counts', '{\"people\":20,\"done\":\"да\"}', NULL, NULL, NULL, 0, 1664500000000, 0),"
		" (60, 201, 1, 'form', 'superseded', '{\"people\":29}', 'Кто-то', NULL, NULL, 0, 1667000000000, 0),"
		" (61, 201, 2, 'cascade', 'counts', '{\"people\":31,\"done\":\"да\",\"what\":\"Два занятия\\nи семинар\",\"day\":\"2022-10-14\","
		"\"sites\":[{\"name\":\"=1+1\",\"hours\":1.5},{\"name\":\"Занятие\",\"hours\":4}]}', 'Специалист', '+7 (000) 000-00-01', 'с учётом лицея', 0, 1667200000000, 0),"
		" (62, 202, 1, 'form', 'counts', '{\"people\":12,\"done\":\"да\"}', NULL, NULL, NULL, 0, 1667100000000, 0),"
		" (65, 205, 1, 'phone', 'counts', '{\"people\":-0}', '@SUM(A1)', '+7 (000) 000-00-05', NULL, 1, 1667400000000, 0),"
		" (66, 206, 1, 'mail', 'proposed', '{\"people\":999}', 'Секретарь', NULL, NULL, 0, 1667300000000, 0),"
		" (67, 207, 1, 'reply', 'refused', '{\"people\":777}', 'Шутник', NULL, NULL, 0, 1667300000000, 0)");
}

static void part(struct db *db, const char *hash, const char *text)
{
	struct error e = {0};
	if (db_exec(db, &e, "INSERT INTO blob (hash, size, data) VALUES ($1, $2, $3)", "sib", hash, (int64_t)strlen(text), text,
		    strlen(text)) != 0)
		refused(hash, &e);
}

/* Letters, an attachment, a file and a mail that came with answers, a plan. */
static void parts(struct db *db)
{
	part(db, "h-first", "# О площадках\n\nПросим {{recipient.name}} сообщить сведения: [форма]({{link.answer}}).\n");
	part(db, "h-reminder", "# Напоминание\n\nЖдём сведений.\n");
	part(db, "h-order", "%PDF-1.4 приказ");
	part(db, "h-photo", "фотография");
	part(db, "h-mail", "From: five@schools.example.org\r\n\r\nПисьмо\r\n");
	report_bed_sql(db, "INSERT INTO campaign_file (campaign, purpose, position, name, title, media_type, hash) VALUES"
		" (1, 'letter', 0, 'first', 'letter.md', 'text/markdown', 'h-first'),"
		" (1, 'letter', 1, 'reminder', 'reminder.md', 'text/markdown', 'h-reminder'),"
		" (1, 'attachment', 0, 'Приказ.pdf', NULL, 'application/pdf', 'h-order')");
	report_bed_sql(db, "INSERT INTO answer_file (answer, position, field, name, media_type, size, hash) VALUES"
		" (61, 0, NULL, 'фото.jpg', 'image/jpeg', 20, 'h-photo'), (60, 0, NULL, 'фото.jpg', 'image/jpeg', 20, 'h-photo'),"
		" (61, 1, NULL, 'фото.jpg', 'image/jpeg', 20, 'h-photo')");
	report_bed_sql(db, "INSERT INTO mail_in (id, hash, mailbox, received_ms, recorded_ms, kind, matched, state, raw) VALUES"
		" (1, 'm', 'inbox', 1667300000000, 0, 'reply', 'address', 'review', 'h-mail')");
	report_bed_sql(db, "UPDATE answer SET mail = 1 WHERE id = 66");
	report_bed_sql(db, "INSERT INTO plan (id, campaign, round, kind, step, level, place, due_ms, state, reason, done_ms, letters) VALUES"
		" (1, 1, 2, 'open', 0, 0, '', 1664600000000, 'done', 'в начале периода', 1664600001000, 5)");
	report_bed_sql(db, "UPDATE delivery SET fields = '{\"recipient\":{\"name\":\"Управление\"},\"@\":{\"ask\":201}}' WHERE round = 2");
}

void report_bed_fill(struct db *db)
{
	struct error e = {0};
	directory(db);
	if (db_exec(db, &e, "INSERT INTO campaign (slug, kind, title, content_hash, definition, sender, state, priority, created_ms)"
			    " VALUES ('monitoring-2022', 'campaign', 'Стажировочные площадки', 'h', $1, 'outreach@ministry.example.org',"
			    " 'running', 1, 0)", "s", definition) != 0)
		refused("campaign", &e);
	report_bed_sql(db, "INSERT INTO round (id, campaign, number, label, starts_ms, deadline_ms, state) VALUES"
		" (1, 1, 1, 'за сентябрь 2022 года', 1662000000000, 1664639999000, 'closed'),"
		" (2, 1, 2, 'за октябрь 2022 года', 1664600000000, 1667318399000, 'closed'),"
		" (3, 1, 3, 'за ноябрь 2022 года', 1667318400000, 1669910399000, 'planned')");
	letters(db);
	answers(db);
	report_bed_sql(db, "INSERT INTO acknowledgement (id, campaign, round, organisation, position, name, title, address, time_ms, way) VALUES"
		" (1, 1, 2, 0, 0, 'Первый заместитель', 'заместитель начальника', 'first@city.example.org', 1664650000000, 'button'),"
		" (2, 1, 2, 0, 1, 'Директор центра', 'директор', 'centre@city.example.org', NULL, NULL)");
	parts(db);
}
