/* Publishing: what stands on a campaign's page and in the feed, and what never does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/ident.h"
#include "base/xalloc.h"
#include "bus/bus.h"
#include "calendar/calendar.h"
#include "letter/public.h"
#include "publish/publish.h"
#include "support/scratch.h"
#include "store/schema.h"

#define LAUNCHED_MS 1684137600000 /* 2023-05-15 08:00 UTC */
#define DAY_MS (24LL * 3600 * 1000)

static struct db *db;
static struct bus *bus;

static const char letter_1[] = "# Область стала участником «Проекта» & {{campaign.title}}\n\nУважаемые коллеги!\n\n"
	"По Вашей школе {{recipient.name}} никого.\n\nПодробнее: <https://example.org/a?b=1&c=2>.\n";
static const char letter_2[] = "# Итоги для {{recipient.name}}\n\nСпасибо.\n\nОтветьте {{deadline.full}}.\n";

static void put_letter(int64_t campaign, int position, const char *name, const char *text)
{
	struct error e = {0};
	struct db_stmt *stmt;
	char hash[IDENT_HASH_SIZE];
	(void)ident_hash(text, strlen(text), hash);
	must(db_prepare(db, "INSERT INTO blob (hash, size, data) VALUES ($1, $2, $3) ON CONFLICT (hash) DO NOTHING", &stmt, &e),
		&e);
	db_bind_text(stmt, 1, hash);
	db_bind_int(stmt, 2, (int64_t)strlen(text));
	db_bind_blob(stmt, 3, text, strlen(text));
	must(db_run(stmt, &e), &e);
	must(db_exec(db, &e,
		     "INSERT INTO campaign_file (campaign, purpose, position, name, hash) VALUES ($1, $2, $3, $4, $5)", "isiss",
		     campaign, strchr(name, '.') == NULL ? "letter" : "attachment", (int64_t)position, name, hash),
		&e);
}

static const char definition[] =
	"{\"slug\":\"%s\",\"title\":\"Проект <b>\",\"zone\":\"Asia/Yekaterinburg\",\"lang\":\"ru\","
	"\"from\":{\"name\":\"Министерство\",\"address\":\"outreach@ministry.example.org\"},"
	"\"document\":{\"number\":\"12\",\"date\":\"2023-05-15\"},"
	"\"contacts\":[{\"role\":\"Координатор\",\"name\":\"И. О. Фамилия\",\"phone\":\"+7 (000) 000-00-00\"}],"
	"\"audience\":{\"keys\":[\"school-1\"],\"roles\":[\"coordinator\"]},"
	"\"rounds\":[{\"number\":1,\"label\":\"Начало\",\"draft\":false,\"ask\":false,\"first\":0},"
	"{\"number\":2,\"label\":\"Итоги\",\"draft\":false,\"ask\":true,\"first\":1,\"deadline\":{\"asked\":\"2023-11-20\","
	"\"day\":\"2023-11-20\",\"minute\":1080,\"at_ms\":1700485200000,\"zone\":\"Asia/Yekaterinburg\"}},"
	"{\"number\":3,\"label\":\"Секретный черновик\",\"draft\":true,\"ask\":false,\"first\":0}],"
	"\"steps\":[{\"step\":0,\"kind\":\"first\",\"letter\":\"first\"},{\"step\":1,\"kind\":\"first\",\"letter\":\"results\"}],"
	"\"publish\":%s}";

static int64_t put_campaign(const char *slug, const char *publish, const char *state)
{
	struct error e = {0};
	int64_t id;
	char *text = xasprintf(definition, slug, publish);
	if (db_query_int(db, &id, &e,
		    "INSERT INTO campaign (slug, kind, title, content_hash, definition, sender, state, priority, created_ms,"
		    " launched_ms) VALUES ($1, 'campaign', 'Проект', 'x', $2, 'outreach@ministry.example.org', $3, 1, 1, $4)"
		    " RETURNING id",
		    "sssi", slug, text, state, (int64_t)LAUNCHED_MS) != DB_ROW)
		fail_msg("%s", e.text);
	put_letter(id, 0, "first", letter_1);
	put_letter(id, 1, "results", letter_2);
	put_letter(id, 0, "annex.pdf", "%PDF-1.4");
	free(text);
	return id;
}

static void open_round(int64_t campaign, int64_t number, int64_t now_ms)
{
	struct error e = {0};
	must(db_begin(db, DB_WRITE, &e), &e);
	must(publish_round(db, bus, "vestnik/planner", "https://portal.example.org/", campaign, number, now_ms, &e), &e);
	must(db_commit(db, DB_RELAXED, &e), &e);
}

static int set_up(void **state)
{
	(void)state;
	struct error e = {0};
	const char *url = scratch_store();
	must(db_open(&db, url, &e), &e);
	must(bus_open(&bus, &(struct bus_config){.url = "embedded", .store_url = url, .client_id = "test"}, &e), &e);
	/* publishing outside a transaction makes the topic */
	must(bus_publish(bus, &(struct bus_message){.topic = BUS_STATUS, .id = "0", .source = "t", .type = "t", .data = "{}", .len = 2},
		     1, &e),
		&e);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	bus_close(&bus);
	db_close(&db);
	return 0;
}

/* ---- events ------------------------------------------------------------------------- */

struct events {
	size_t count;
	json_t *last;
};

static int on_message(void *arg, const struct bus_message *message)
{
	struct events *events = arg;
	if (strcmp(message->type, "vestnik.campaign.published") != 0)
		return 0;
	events->count++;
	json_decref(events->last);
	events->last = json_loadb(message->data, message->len, 0, NULL);
	return 0;
}

static struct events read_events(void)
{
	struct events events = {0};
	struct error e = {0};
	int64_t ends[BUS_PARTITIONS_MAX];
	int partitions = bus_ends(bus, BUS_STATUS, ends, &e);
	must(partitions, &e);
	for (int i = 0; i < partitions; i++)
		must(bus_browse(bus, BUS_STATUS, i, 0, 1000, on_message, &events, &e), &e);
	return events;
}

/* ---- pages ----------------------------------------------------------------------------- */

static void a_round_that_opens_is_published_once(void **state)
{
	(void)state;
	struct publication p;
	struct error e = {0};
	int64_t id = put_campaign("region", "{\"page\":true,\"feed\":true}", "running");
	assert_int_equal(publication_load(db, "region", &p, &e), -1); /* nothing has gone out yet */
	assert_int_equal(e.code, ERROR_NOT_FOUND);
	open_round(id, 1, LAUNCHED_MS);
	open_round(id, 1, LAUNCHED_MS + DAY_MS); /* again after a crash: nothing new */
	struct events events = read_events();
	assert_int_equal(events.count, 1);
	assert_string_equal(json_string_value(json_object_get(events.last, "url")), "https://portal.example.org/c/region#1");
	assert_non_null(strstr(json_string_value(json_object_get(events.last, "text")), "Уважаемые коллеги!"));
	json_decref(events.last);
	must(publication_load(db, "region", &p, &e), &e);
	assert_int_equal(p.entries, 1);
	assert_string_equal(p.entry[0].title, "Область стала участником «Проекта» & Проект <b>");
	assert_string_equal(p.entry[0].text, "Уважаемые коллеги!\n\nПодробнее: https://example.org/a?b=1&c=2.");
	assert_null(strstr(p.entry[0].html, "школе"));
	assert_int_equal(p.entry[0].published_ms, LAUNCHED_MS);
	assert_int_equal(p.files, 1);
	json_t *page = publication_json(&p, LANG_RU);
	char *text = json_dumps(page, 0);
	static const char *const never[] = {"школе", "school-1", "черновик", "Итоги", "recipient"};
	for (size_t i = 0; i < sizeof never / sizeof *never; i++)
		if (strstr(text, never[i]) != NULL)
			fail_msg("«%s» is on the page: %s", never[i], text);
	free(text);
	json_decref(page);
	publication_fini(&p);
	open_round(id, 2, LAUNCHED_MS + 2 * DAY_MS);
	must(publication_load(db, "region", &p, &e), &e);
	assert_int_equal(p.entries, 2);
	assert_string_equal(p.entry[1].title, "Итоги"); /* the letter's own speaks to one */
	assert_string_equal(p.entry[1].label, "");
	assert_string_equal(p.entry[1].text, "Спасибо.\n\nОтветьте до 20 ноября 2023 г. включительно, 18:00 (МСК+2).");
	publication_fini(&p);
}

static void what_nobody_wished_is_not_published(void **state)
{
	(void)state;
	static const struct {
		const char *slug, *publish, *state;
	} rows[] = {{"no-page", "{\"page\":false,\"feed\":true}", "running"}, {"nothing", "{}", "running"},
		{"null", "null", "running"}, {"a-draft", "{\"page\":true,\"feed\":true}", "draft"}};
	struct publication p;
	struct error e = {0};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int64_t id = put_campaign(rows[i].slug, rows[i].publish, rows[i].state);
		open_round(id, 1, LAUNCHED_MS);
		if (publication_load(db, rows[i].slug, &p, &e) == 0)
			fail_msg("%s has a page", rows[i].slug);
		assert_int_equal(e.code, ERROR_NOT_FOUND);
	}
	assert_int_equal(publication_load(db, "no-such", &p, &e), -1);
	assert_int_equal(e.code, ERROR_NOT_FOUND);
}

static void a_cancelled_campaign_says_that_it_is_withdrawn(void **state)
{
	(void)state;
	struct publication p;
	struct error e = {0};
	int64_t id = put_campaign("gone", "{\"page\":true,\"feed\":true}", "running");
	open_round(id, 1, LAUNCHED_MS);
	must(db_exec(db, &e, "UPDATE campaign SET state = 'cancelled' WHERE id = $1", "i", id), &e);
	must(publication_load(db, "gone", &p, &e), &e);
	assert_true(p.withdrawn);
	assert_int_equal(p.entries + p.files, 0);
	publication_fini(&p);
}

static void a_recalled_campaign_says_so_too(void **state)
{
	(void)state;
	struct publication p;
	struct error e = {0};
	int64_t id = put_campaign("recalled", "{\"page\":true,\"feed\":true}", "running");
	open_round(id, 1, LAUNCHED_MS);
	must(db_exec(db, &e, "INSERT INTO round (campaign, number, starts_ms, state) VALUES ($1, 1, 1, 'withdrawn')", "i", id), &e);
	must(publication_load(db, "recalled", &p, &e), &e);
	assert_true(p.withdrawn);
	publication_fini(&p);
	open_round(id, 2, LAUNCHED_MS + 1); /* another stage stands */
	must(publication_load(db, "recalled", &p, &e), &e);
	assert_false(p.withdrawn);
	assert_int_equal(p.entries, 1);
	publication_fini(&p);
	must(publish_touch(db, id, 0, LAUNCHED_MS + DAY_MS, &e), &e);
	must(publication_load(db, "recalled", &p, &e), &e);
	assert_int_equal(p.updated_ms, LAUNCHED_MS + DAY_MS);
	publication_fini(&p);
	must(db_exec(db, &e, "DELETE FROM publication WHERE campaign = $1", "i", id), &e);
}

static void attachments_are_given_out_only_when_published(void **state)
{
	(void)state;
	struct publish_file file;
	struct error e = {0};
	must(publication_file(db, "region", 0, &file, &e), &e);
	assert_string_equal(file.name, "annex.pdf");
	assert_int_equal(file.size, strlen("%PDF-1.4"));
	publish_file_fini(&file);
	assert_int_equal(publication_file(db, "region", 7, &file, &e), -1);
	int64_t id = put_campaign("bare", "{\"page\":true,\"attachments\":false}", "running");
	open_round(id, 1, LAUNCHED_MS);
	assert_int_equal(publication_file(db, "bare", 0, &file, &e), -1);
	assert_int_equal(e.code, ERROR_NOT_FOUND);
}

static void staff_copy_any_round(void **state)
{
	(void)state;
	struct letter_public text;
	struct error e = {0};
	must(publish_text(db, "a-draft", 0, &text, &e), &e);
	assert_non_null(strstr(text.html, "<p>Уважаемые коллеги!</p>"));
	assert_int_equal(text.left_out, 1);
	letter_public_fini(&text);
	assert_int_equal(publish_text(db, "a-draft", 9, &text, &e), -1);
	assert_int_equal(e.code, ERROR_NOT_FOUND);
	assert_int_equal(publish_text(db, "no-such", 0, &text, &e), -1);
}

/* ---- the feed -------------------------------------------------------------------------------- */

struct feed {
	int entries, depth, ids, updated, titles, links, contents;
	char text[100000];
	char first_id[200];
	size_t len;
};

static void on_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
	struct feed *f = arg;
	(void)attributes;
	f->depth++;
	f->len = 0;
	f->text[0] = '\0';
	f->entries += strcmp(name, "http://www.w3.org/2005/Atom entry") == 0;
	f->links += strcmp(name, "http://www.w3.org/2005/Atom link") == 0;
}

static void on_end(void *arg, const XML_Char *name)
{
	struct feed *f = arg;
	int64_t ms;
	f->depth--;
	if (strcmp(name, "http://www.w3.org/2005/Atom id") == 0) {
		f->ids++;
		if (f->entries == 1 && f->first_id[0] == '\0')
			(void)snprintf(f->first_id, sizeof f->first_id, "%.190s", f->text);
	}
	if (strcmp(name, "http://www.w3.org/2005/Atom updated") == 0) {
		f->updated++;
		if (clock_parse_rfc3339(f->text, &ms) != 0)
			fail_msg("updated: got %s", f->text);
	}
	f->titles += strcmp(name, "http://www.w3.org/2005/Atom title") == 0 && f->text[0] != '\0';
	f->contents += strcmp(name, "http://www.w3.org/2005/Atom content") == 0 && strstr(f->text, "<p>") != NULL;
}

static void on_text(void *arg, const XML_Char *text, int len)
{
	struct feed *f = arg;
	if (f->len + (size_t)len + 1 > sizeof f->text)
		return;
	memcpy(f->text + f->len, text, (size_t)len);
	f->text[f->len += (size_t)len] = '\0';
}

static void parse(const struct buf *xml, struct feed *f)
{
	XML_Parser parser = XML_ParserCreateNS(NULL, ' ');
	XML_SetUserData(parser, f);
	XML_SetElementHandler(parser, on_start, on_end);
	XML_SetCharacterDataHandler(parser, on_text);
	if (XML_Parse(parser, buf_str(xml), (int)xml->len, 1) != XML_STATUS_OK)
		fail_msg("line %lu: %s\n%s", XML_GetCurrentLineNumber(parser), XML_ErrorString(XML_GetErrorCode(parser)),
			buf_str(xml));
	XML_ParserFree(parser);
}

static void the_feed_is_atom(void **state)
{
	(void)state;
	struct buf xml;
	struct error e = {0};
	struct feed *f = xcalloc(1, sizeof *f);
	buf_init(&xml, PUBLISH_FEED_MAX_BYTES);
	must(publish_feed(db, "Министерство & <Ко>\x01", "https://portal.example.org", LAUNCHED_MS, &xml, &e), &e);
	parse(&xml, f);
	/* region's two; "bare" has no feed, "no-page" no page to lead to, "gone" is cancelled */
	assert_int_equal(f->entries, 2);
	assert_int_equal(f->ids, 3);
	assert_int_equal(f->updated, 3);
	assert_int_equal(f->titles, 3);
	assert_int_equal(f->contents, 2);
	assert_int_equal(f->links, 3);
	assert_string_equal(f->first_id, "tag:ministry.example.org,2023-05-15:region/2"); /* the newest first */
	assert_null(strstr(buf_str(&xml), "школе"));
	buf_reset(&xml);
	must(db_exec(db, &e, "DELETE FROM publication", ""), &e);
	must(publish_feed(db, "М", "https://portal.example.org", LAUNCHED_MS, &xml, &e), &e);
	*f = (struct feed){0};
	parse(&xml, f);
	assert_int_equal(f->entries, 0);
	assert_int_equal(f->updated, 1);
	buf_fini(&xml);
	free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_round_that_opens_is_published_once),
		cmocka_unit_test(what_nobody_wished_is_not_published),
		cmocka_unit_test(a_cancelled_campaign_says_that_it_is_withdrawn),
		cmocka_unit_test(a_recalled_campaign_says_so_too),
		cmocka_unit_test(attachments_are_given_out_only_when_published),
		cmocka_unit_test(staff_copy_any_round),
		cmocka_unit_test(the_feed_is_atom),
	};
	calendar_init();
	ident_init();
	lang_set(LANG_RU);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
