/* What the web server decides without a connection: targets, routes, languages, addresses, names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/ident.h"
#include "web/address.h"
#include "web/asset.h"
#include "web/disposition.h"
#include "web/language.h"
#include "web/known.h"
#include "web/page.h"
#include "web/target.h"
#include "web/throttle.h"

static void targets_are_decoded_once_or_refused(void **state)
{
	static const struct {
		const char *raw, *path; /* NULL = refused */
		size_t segments;
	} cases[] = {
		{"/", "/", 0}, {"/a", "/a", 1}, {"/a/", "/a", 1}, {"/a/b?x=1", "/a/b", 2},
		{"/a/%D1%88", "/a/ш", 2}, {"/a+b", "/a+b", 1}, {"/a%20b", "/a b", 1},
		{"", NULL, 0}, {"a", NULL, 0}, {"*", NULL, 0}, {"http://x/", NULL, 0}, {"//evil.example", NULL, 0},
		{"/a//b", NULL, 0}, {"/../etc/passwd", NULL, 0}, {"/a/..", NULL, 0}, {"/a/.", NULL, 0},
		{"/%2e%2e/x", NULL, 0}, {"/a/%2E%2e", NULL, 0}, {"/a%2fb", NULL, 0}, {"/a%5cb", NULL, 0},
		{"/a\\b", NULL, 0}, {"/a%00b", NULL, 0}, {"/a%0d%0ab", NULL, 0}, {"/a%7f", NULL, 0},
		{"/a%", NULL, 0}, {"/a%2", NULL, 0}, {"/a%zz", NULL, 0}, {"/a%ff", NULL, 0}, {"/%c0%ae%c0%ae", NULL, 0},
		{"/a?x=%00", NULL, 0}, {"/a?x=%ff", NULL, 0}, {"/a?%", NULL, 0}, {"/a#b", NULL, 0},
		{"/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", NULL, 0},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct target target;
		bool good = target_parse(cases[i].raw, &target);
		if (good != (cases[i].path != NULL))
			fail_msg("%s: got %d, want %d", cases[i].raw, good, cases[i].path != NULL);
		if (good && (strcmp(target.path, cases[i].path) != 0 || target.segments != cases[i].segments))
			fail_msg("%s: got %s with %zu, want %s with %zu", cases[i].raw, target.path, target.segments,
				cases[i].path, cases[i].segments);
		target_fini(&target);
	}
	char *longest = malloc(TARGET_MAX_BYTES + 2);
	memset(longest, 'a', TARGET_MAX_BYTES + 1);
	longest[0] = '/';
	longest[TARGET_MAX_BYTES + 1] = '\0';
	struct target target;
	assert_false(target_parse(longest, &target));
	target_fini(&target);
	longest[TARGET_MAX_BYTES] = '\0';
	assert_true(target_parse(longest, &target));
	target_fini(&target);
	free(longest);
}

static void queries_are_read(void **state)
{
	struct target target;
	(void)state;
	assert_true(target_parse("/a?lang=en&&q=%D0%B0+b%2Bc&empty=&bare&q=second", &target));
	assert_string_equal(target_query(&target, "lang"), "en");
	assert_string_equal(target_query(&target, "q"), "а b+c");
	assert_string_equal(target_query(&target, "empty"), "");
	assert_string_equal(target_query(&target, "bare"), "");
	assert_null(target_query(&target, "none"));
	target_fini(&target);
	char many[400] = "/a?";
	for (int i = 0; i < TARGET_QUERY_MAX; i++)
		strncat(many, "x=1&", 5);
	assert_true(target_parse(many, &target));
	target_fini(&target);
	strncat(many, "x=1", 4);
	assert_false(target_parse(many, &target));
	target_fini(&target);
}

static void routes_fit_whole_paths(void **state)
{
	static const struct {
		const char *raw, *pattern;
		bool fits;
		const char *first;
	} cases[] = {
		{"/", "/", true, NULL}, {"/a", "/", false, NULL}, {"/a/x1", "/a/{token}", true, "x1"},
		{"/a/x1/", "/a/{token}", true, "x1"}, {"/a", "/a/{token}", false, NULL}, {"/a/", "/a/{token}", false, NULL},
		{"/a/x1/y", "/a/{token}", false, NULL}, {"/a/x1/sheet", "/a/{token}/sheet", true, "x1"},
		{"/b/x1", "/a/{token}", false, NULL}, {"/a/x%3F", "/a/{token}", true, "x?"}, {"/ab", "/a", false, NULL},
		{"/a", "/ab", false, NULL},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct target target;
		struct target_part part[TARGET_PARTS_MAX];
		size_t parts;
		assert_true(target_parse(cases[i].raw, &target));
		bool fits = target_fits(&target, cases[i].pattern, part, &parts);
		if (fits != cases[i].fits)
			fail_msg("%s, %s: got %d, want %d", cases[i].raw, cases[i].pattern, fits, cases[i].fits);
		if (cases[i].first != NULL && (parts != 1 || strcmp(part[0].value, cases[i].first) != 0))
			fail_msg("%s: got %s, want %s", cases[i].raw, part[0].value, cases[i].first);
		target_fini(&target);
	}
}

static void russian_comes_first(void **state)
{
	static const struct {
		const char *header;
		enum lang lang;
	} cases[] = {{NULL, LANG_RU}, {"", LANG_RU}, {"*", LANG_RU}, {"de", LANG_RU}, {"en", LANG_EN}, {"en-GB", LANG_EN},
		{"ru-RU,ru;q=0.9,en-US;q=0.8,en;q=0.7", LANG_RU}, {"en-US,en;q=0.9,ru;q=0.8", LANG_EN},
		{"en;q=0.5, ru;q=0.5", LANG_RU}, {"EN", LANG_EN}, {"en;q=0", LANG_RU}, {"ru;q=0, en;q=0.1", LANG_EN},
		{"eng", LANG_RU}, {"en;q=abc", LANG_RU}, {"de,en;q=0.001", LANG_EN}, {",,,,", LANG_RU}, {"en;q=", LANG_RU}};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (language_accepted(cases[i].header) != cases[i].lang)
			fail_msg("%s: got the other language", cases[i].header);
}

static void only_listed_proxies_are_believed(void **state)
{
	static const struct {
		const char *peer, *forwarded, *who;
	} cases[] = {
		{"192.0.2.1", "198.51.100.7", "192.0.2.1"}, {"127.0.0.1", "198.51.100.7", "198.51.100.7"},
		{"127.0.0.1", "", "127.0.0.1"}, {"127.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"},
		{"127.0.0.1", "203.0.113.9, 10.1.2.3", "203.0.113.9"}, {"127.0.0.1", "nonsense", "127.0.0.1"},
		{"127.0.0.1", "203.0.113.9, nonsense", "127.0.0.1"}, {"127.0.0.1", "2001:db8::5", "2001:db8::5"},
		{"127.0.0.1", "[2001:db8::5]:4711", "2001:db8::5"}, {"127.0.0.1", "198.51.100.7:1234", "198.51.100.7"},
		{"127.0.0.1", ",,,", "127.0.0.1"}, {"11.1.2.3", "198.51.100.7", "11.1.2.3"},
	};
	struct address_set proxies = {0};
	struct error e = {0};
	(void)state;
	assert_int_equal(address_set_read(&proxies, " 127.0.0.1  10.0.0.0/8 ", &e), 0);
	assert_int_equal(proxies.count, 2);
	assert_int_equal(address_set_read(&proxies, "127.0.0.1 nowhere", &e), -1);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct address peer, who;
		char text[ADDRESS_TEXT_SIZE];
		assert_true(address_parse(cases[i].peer, &peer));
		who = address_forwarded(&proxies, peer, cases[i].forwarded);
		if (strcmp(address_text(&who, text), cases[i].who) != 0)
			fail_msg("%s via %s: got %s, want %s", cases[i].forwarded, cases[i].peer, text, cases[i].who);
	}
	static const char *const wrong[] = {"", "example.org", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "::/129", "1.2.3"};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		if (address_set_add(&proxies, wrong[i], &e) == 0)
			fail_msg("%s was taken for an address", wrong[i]);
	struct address six;
	char text[ADDRESS_TEXT_SIZE];
	assert_true(address_parse("2001:db8:1:2:3:4:5:6", &six));
	assert_string_equal(address_neighbourhood(&six, text), "2001:db8:1:2::");
}

static void file_names_reach_the_browser_whole(void **state)
{
	char out[DISPOSITION_SIZE];
	(void)state;
	assert_string_equal(disposition_of("plan.pdf", out), "attachment; filename=\"plan.pdf\"; filename*=UTF-8''plan.pdf");
	assert_string_equal(disposition_of("Приказ № 5.pdf", out),
		"attachment; filename=\"______ _ 5.pdf\"; "
		"filename*=UTF-8''%D0%9F%D1%80%D0%B8%D0%BA%D0%B0%D0%B7%20%E2%84%96%205.pdf");
	assert_string_equal(disposition_of("a\"b\\c;d%.txt", out),
		"attachment; filename=\"a_b_c_d_.txt\"; filename*=UTF-8''a%22b%5Cc%3Bd%25.txt");
}

static void a_throttle_counts_each_key_for_itself(void **state)
{
	struct throttle *throttle = throttle_new(3, 60);
	(void)state;
	for (int i = 0; i < 3; i++)
		assert_true(throttle_take(throttle, "a", 1000));
	assert_false(throttle_take(throttle, "a", 1000));
	assert_false(throttle_open(throttle, "a", 1000));
	assert_true(throttle_take(throttle, "b", 1000));
	assert_false(throttle_take(throttle, "a", 1900)); /* one a second */
	assert_true(throttle_take(throttle, "a", 2000));
	assert_false(throttle_take(throttle, "a", 2000));
	assert_true(throttle_take(throttle, "a", 100000));
	/* A crowd of strangers does not make it forget who has used up his share. */
	while (throttle_take(throttle, "a", 100000))
		;
	for (int i = 0; i < 200000; i++) {
		char key[16];
		snprintf(key, sizeof key, "k%d", i);
		throttle_take(throttle, key, 100000);
	}
	assert_false(throttle_take(throttle, "a", 100000));
	throttle_free(&throttle);
}

static void of_many_known_the_latest_are_kept(void **state)
{
	struct known *known = known_new();
	char name[16];
	(void)state;
	assert_false(known_has(known, NULL));
	assert_false(known_has(known, "a"));
	known_add(known, "a", 1);
	assert_true(known_has(known, "a"));
	assert_false(known_has(known, "b"));
	for (int i = 0; i < 100000; i++) {
		known_add(known, "a", 2 * i + 1); /* comes all the time */
		snprintf(name, sizeof name, "k%d", i);
		known_add(known, name, 2 * i);
		assert_true(known_has(known, "a"));
	}
	assert_true(known_has(known, name));
	assert_false(known_has(known, "k0"));
	known_forget(known, "a");
	assert_false(known_has(known, "a"));
	assert_true(known_has(known, name));
	known_free(&known);
}

static const struct embedded_file page_files[] = {
	{"page.html", "{{> head}}[[Hello|Здравствуйте]], {{name}}! {{site.name}} {{lang}}", 0},
	{"head.html", "<title>{{title}}</title>", 0},
};
static const struct embedded_set page_set = {page_files, 2};

static void pages_speak_both_languages_and_escape(void **state)
{
	const struct embedded_set *const sets[] = {&page_set};
	struct problems problems = {0};
	struct error e = {0};
	struct buf out;
	json_t *site = json_pack("{s:s}", "name", "A & B");
	(void)state;
	struct web_pages *pages = web_pages_new(sets, 1, site, &problems);
	assert_non_null(pages);
	buf_init(&out, 10000);
	json_t *data = json_pack("{s:s, s:s}", "name", "<script>", "title", "\"x\"");
	assert_int_equal(web_pages_render(pages, "page", LANG_RU, data, &out, &e), 0);
	assert_string_equal(buf_str(&out), "<title>&quot;x&quot;</title>Здравствуйте, &lt;script&gt;! A &amp; B ru");
	buf_reset(&out);
	assert_int_equal(web_pages_render(pages, "page", LANG_EN, data, &out, &e), 0);
	assert_string_equal(buf_str(&out), "<title>&quot;x&quot;</title>Hello, &lt;script&gt;! A &amp; B en");
	assert_int_equal(web_pages_render(pages, "none", LANG_EN, data, &out, &e), -1);
	buf_fini(&out);
	json_decref(data);
	json_decref(site);
	web_pages_free(&pages);
	problems_fini(&problems);
}

static void assets_have_a_type_or_are_not_served(void **state)
{
	struct web_assets *assets = web_assets_new();
	struct error e = {0};
	(void)state;
	assert_int_equal(web_assets_add(assets, "a.css", "x", 1, &e), 0);
	assert_int_equal(web_assets_add(assets, "a.css", "yy", 2, &e), 0);
	assert_int_equal((int)web_assets_find(assets, "a.css")->len, 2);
	static const char *const wrong[] = {"a.html", "a", "../a.css", "a.php", ".", "a/b.css"};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		if (web_assets_add(assets, wrong[i], "x", 1, &e) == 0)
			fail_msg("%s was taken", wrong[i]);
	char *url = web_assets_url(assets, "a.css");
	assert_int_equal((int)strlen(url), (int)strlen("/assets/a.css?v=12345678"));
	free(url);
	web_assets_free(&assets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets_are_decoded_once_or_refused),
		cmocka_unit_test(queries_are_read),
		cmocka_unit_test(routes_fit_whole_paths),
		cmocka_unit_test(russian_comes_first),
		cmocka_unit_test(only_listed_proxies_are_believed),
		cmocka_unit_test(file_names_reach_the_browser_whole),
		cmocka_unit_test(a_throttle_counts_each_key_for_itself),
		cmocka_unit_test(of_many_known_the_latest_are_kept),
		cmocka_unit_test(pages_speak_both_languages_and_escape),
		cmocka_unit_test(assets_have_a_type_or_are_not_served),
	};
	ident_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
