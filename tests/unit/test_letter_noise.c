/* Random bytes as templates, letters and values: nothing may crash, run long or
 * break a message's grammar. The seed is printed; VESTNIK_SEED repeats a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/gate.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "letter/mustache.h"

#include "../support/demo_letter.h"

#define ROUNDS 3000
#define TEXT_MAX 600

static uint64_t state_of_dice;

static uint32_t dice(uint32_t sides)
{
	state_of_dice = state_of_dice * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state_of_dice >> 33) % sides;
}

/* Pieces that mean something to Mustache, Markdown or mail, among plain noise:
 * first those that seldom make a mistake, so that enough letters compile. */
static const char *const pieces[] = {"{{a}}", "{{n | count: x, y, z}}", "{{a.b | default: d}}",
	"{{#a}}x *y* {{.}}{{/a}}", "\n{{#l}}\n- {{.}}\n{{/l}}\n", "\n{{^a}}\nz\n\nz\n{{/a}}\n",
	"\n\n| a | b |\n|---|--:|\n{{#l}}\n| {{.}} | x |\n{{/l}}\n", "{{! c }}", "\n", "\n\n", "- ", "1. ", "> ",
	"| ", "|---|\n", "# ", "*", "**", "~~", "`", "https://e.org/", "[x](https://e.org/{{n}})", "a@e.org",
	"&amp;", "ж", "слово", " ", "\t", "=?UTF-8?B?", "?=", "vtag0x0z", "\xf0\x9f\x93\xa7", "    ", "---\n",
	"\\\n", "\xe2\x80\xae", "```\n", "\r\n",
	/* from here on: wild */
	"{{", "}}", "{{{", "}}}", "{{#a}}", "{{/a}}", "{{^a}}", "{{a.b | date: long}}", "{{=<% %>=}}",
	"<%={{ }}=%>", "{{.}}", "{{#l}}\n", "{{/l}}\n", "[x](", ")", "mailto:", "javascript:", "<b>", "\\"};
#define PIECES (sizeof pieces / sizeof pieces[0])
#define WILD 19

static size_t noise(char out[TEXT_MAX + 1], bool raw, bool wild)
{
	size_t len = 0, want = dice(TEXT_MAX - 60);
	while (len < want) {
		if (wild && dice(6) == 0) {
			out[len++] = (char)(raw ? dice(256) : 32 + dice(95));
			continue;
		}
		const char *piece = pieces[dice(wild ? PIECES : PIECES - WILD)];
		memcpy(out + len, piece, strlen(piece));
		len += strlen(piece);
	}
	out[len] = '\0';
	return len;
}

static json_t *noisy_value(int deep)
{
	char text[TEXT_MAX + 1];
	json_t *value;
	switch (deep > 3 ? 5 + dice(4) : dice(9)) {
	case 0: case 1:
		value = json_object();
		json_object_set_new(value, "b", noisy_value(deep + 1));
		json_object_set_new(value, "n", noisy_value(deep + 1));
		return value;
	case 2: case 3:
		value = json_array();
		for (uint32_t n = dice(5); n > 0; n--)
			json_array_append_new(value, noisy_value(deep + 1));
		return value;
	case 4:
		return json_real((double)dice(1000) / 7);
	case 5:
		return json_integer((json_int_t)dice(1000) * ((json_int_t)dice(1000) - 500) * 1000000007);
	case 6:
		return dice(2) ? json_true() : json_null();
	default:
		noise(text, true, true);
		return json_string_nocheck(text);
	}
}

static json_t *noisy_fields(void)
{
	json_t *fields = json_object();
	static const char *const names[] = {"a", "n", "l"};
	for (size_t i = 0; i < 3; i++)
		if (dice(8) != 0)
			json_object_set_new(fields, names[i], noisy_value(0));
	return fields;
}

static void templates(void **state)
{
	(void)state;
	size_t compiled = 0;
	for (int round = 0; round < ROUNDS * 3; round++) {
		char text[TEXT_MAX + 1];
		size_t len = noise(text, true, dice(2));
		struct problems problems = {0};
		struct buf out;
		struct error e = {0};
		enum mustache_escape escape = (enum mustache_escape)dice(4);
		buf_init(&out, 100000);
		struct mustache *t = mustache_compile("t", text, len, escape, NULL, NULL, &problems);
		if ((t == NULL) != (problems.errors > 0))
			fail_msg("round %d: no template without a problem", round);
		json_t *fields = noisy_fields();
		if (t != NULL) {
			compiled++;
			if (mustache_render(t, fields, &out, &e) != 0 && e.text[0] == '\0')
				fail_msg("round %d: failed without a word", round);
		}
		json_decref(fields);
		mustache_free(&t);
		buf_fini(&out);
		problems_fini(&problems);
	}
	assert_true(compiled > ROUNDS / 10);
}

static void assert_wire_form(const struct letter_copy *copy, int round)
{
	size_t line = 0;
	for (size_t s = 0; s < copy->count; s++)
		for (size_t i = 0; i < copy->segment[s].len; i++) {
			const char *c = copy->segment[s].data + i;
			bool newline = c[0] == '\r' && i + 1 < copy->segment[s].len && c[1] == '\n';
			if (newline) {
				line = 0;
				i++;
			} else if (++line > 998 || (unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e) {
				fail_msg("round %d: byte %02x at column %zu", round, (unsigned char)*c, line);
			}
		}
}

/* Every tag of HTML that was opened is closed, in order: what sections leave out
 * takes whole elements with it. */
static void assert_balanced(const char *html, int round)
{
	static const char *const names[] = {"p", "ul", "ol", "li", "table", "tr", "td", "th", "em", "strong",
		"s", "a", "span", "div", "pre"};
	size_t open[400], depth = 0;
	for (const char *c = strstr(html, "<body"); (c = strchr(c, '<')) != NULL; c++) {
		bool close = c[1] == '/';
		size_t len = strcspn(c + 1 + close, " >");
		for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
			if (strlen(names[n]) != len || strncmp(c + 1 + close, names[n], len) != 0)
				continue;
			if (!close) {
				assert_true(depth < 400);
				open[depth++] = n;
			} else if (depth == 0 || open[--depth] != n) {
				fail_msg("round %d: </%s> closes another element", round, names[n]);
			}
		}
	}
	assert_int_equal(depth, 0);
}

static void check_preview(struct letter *letter, const struct letter_recipient *recipient, int round)
{
	char *part[3];
	struct error e;
	assert_int_equal(letter_preview(letter, recipient, &part[0], &part[1], &part[2], &e), 0);
	for (size_t i = 0; i < 3; i++) {
		if (!gate_utf8(part[i], strlen(part[i])))
			fail_msg("round %d: part %zu is not UTF-8", round, i);
	}
	if (!gate_header(part[0], strlen(part[0])))
		fail_msg("round %d: the subject has a control character", round);
	assert_balanced(part[2], round);
	for (size_t i = 0; i < 3; i++)
		free(part[i]);
}

static void letters(void **state)
{
	(void)state;
	size_t compiled = 0, filled = 0;
	struct letter_copy copy = {0};
	for (int round = 0; round < ROUNDS * 2; round++) {
		char text[TEXT_MAX + 8] = "# t\n\n", name[TEXT_MAX + 1];
		size_t len = 5 + noise(text + 5, dice(4) == 0, dice(3) == 0);
		noise(name, true, true);
		struct letter_source source = {.file = "l.md", .markdown = text, .markdown_len = len,
			.from_address = "a@example.org", .zone = "UTC", .lang = LANG_RU};
		struct problems problems = {0};
		struct letter *letter = letter_compile(&source, &problems);
		if ((letter == NULL) != (problems.errors > 0))
			fail_msg("round %d: no letter without a problem", round);
		json_t *fields = noisy_fields();
		struct letter_recipient recipient = {.fields = fields, .to_address = "b@example.org",
			.to_name = name, .message_id = "1@example.org"};
		struct error e = {0};
		if (letter != NULL) {
			compiled++;
			if (letter_fill(letter, &recipient, &copy, &e) == 0) {
				filled++;
				assert_wire_form(&copy, round);
				check_preview(letter, &recipient, round);
			} else if (e.text[0] == '\0') {
				fail_msg("round %d: failed without a word", round);
			}
		}
		json_decref(fields);
		letter_unref(&letter);
		problems_fini(&problems);
	}
	letter_copy_fini(&copy);
	print_message("%zu compiled, %zu filled\n", compiled, filled);
	assert_true(compiled > ROUNDS / 3 && filled > ROUNDS / 10);
}

/* What makes parsers slow or deep, as long as a letter may be: each ends, within
 * the test's time limit, as a letter or with a problem. */
static void crafted_letters(void **state)
{
	(void)state;
	static const char *const repeated[] = {"[", ">", "*a ", "_a", "{{a}}", "{{#a}}\n", "{{#a}}{{b}}",
		"{{#l}}\nx\n{{/l}}\n", "|a", "|a|\n|-|\n", "[a](https://e.org/{{a}})", "www.a", "a@", "~~a", "&amp;",
		"{{", "  - a\n", "`a``", "[a]: https://e.org\n", "<b", "![", "\\\n", "\n\n", "1. "};
	const size_t most = 65000;
	char *text = xmalloc(most + 16);
	struct letter_copy copy = {0};
	json_t *fields = json_loads("{\"a\":\"https://e.org\",\"b\":1,\"l\":[1,2]}", 0, NULL);
	for (size_t i = 0; i < sizeof repeated / sizeof repeated[0]; i++) {
		size_t len = 5, piece = strlen(repeated[i]);
		memcpy(text, "# t\n\n", len + 1);
		for (; len + piece < most; len += piece)
			memcpy(text + len, repeated[i], piece);
		struct letter_source source = {.file = "l.md", .markdown = text, .markdown_len = len,
			.from_address = "a@example.org", .zone = "UTC", .lang = LANG_EN};
		struct problems problems = {0};
		struct letter_recipient recipient = {.fields = fields, .to_address = "b@example.org",
			.message_id = "1@example.org"};
		struct error e = {0};
		struct letter *letter = letter_compile(&source, &problems);
		if ((letter == NULL) != (problems.errors > 0))
			fail_msg("%s: no letter without a problem", repeated[i]);
		if (letter != NULL && letter_fill(letter, &recipient, &copy, &e) == 0)
			assert_wire_form(&copy, (int)i);
		letter_unref(&letter);
		problems_fini(&problems);
	}
	letter_copy_fini(&copy);
	json_decref(fields);
	free(text);
}

int main(void)
{
	const char *seed = getenv("VESTNIK_SEED");
	state_of_dice = seed != NULL ? strtoull(seed, NULL, 10) : (uint64_t)(uintptr_t)&seed ^ 20230530;
	print_message("VESTNIK_SEED=%llu\n", (unsigned long long)state_of_dice);
	calendar_init();
	ident_init();
	const struct CMUnitTest tests[] = {cmocka_unit_test(templates), cmocka_unit_test(letters),
		cmocka_unit_test(crafted_letters)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
