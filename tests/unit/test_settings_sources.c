#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/lang.h"
#include "settings/settings.h"

static char path[64];

/* said: the problems, one a line, without the file's name. */
static struct settings *load(const char *text, char **said)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	struct problems problems = {0};
	struct settings *settings = settings_load(path, &problems);
	struct buf b;
	buf_init(&b, 1 << 20);
	for (size_t i = 0; i < problems.count; i++) {
		char *line = problem_line(&problems.item[i]);
		(void)buf_printf(&b, "%s\n",
			strncmp(line, path, strlen(path)) == 0 ? line + strlen(path) + 1 : line);
		free(line);
	}
	*said = buf_take(&b);
	problems_fini(&problems);
	return settings;
}

static struct settings *good(const char *text)
{
	char *said;
	struct settings *s = load(text, &said);
	if (s == NULL || said[0] != '\0')
		fail_msg("%s: got %s", text, said);
	free(said);
	return s;
}

static void without_the_list_nothing_is_closed(void **state)
{
	(void)state;
	struct settings *s = good("lang: en\n");
	assert_false(s->sources_given);
	assert_int_equal(s->sources_count, 0);
	settings_free(&s);
	s = good("sources: []\n"); /* and an empty one closes everything */
	assert_true(s->sources_given);
	assert_null(settings_source_of(s, "/anybody"));
	settings_free(&s);
}

static const char listed[] =
	"sources:\n"
	"  - {source: /registry, tasks: [notify]}\n"
	"  - source: /registry/*\n    tasks: [notify, campaign.launch]\n    audience_max: 50\n"
	"    senders: [Outreach@Ministry.example.org, institute.example.org, \"@почта.test\"]\n"
	"  - {source: /registry/north/*, tasks: [campaign.pause, campaign.pause]}\n"
	"  - {source: urn:x, tasks: []}\n";

static void the_most_exact_entry_counts(void **state)
{
	(void)state;
	struct settings *s = good(listed);
	static const struct {
		const char *source, *want; /* NULL: not listed */
	} rows[] = {{"/registry", "/registry"}, {"/registry/", "/registry/*"},
		{"/registry/a", "/registry/*"}, {"/registry/north", "/registry/*"},
		{"/registry/north/", "/registry/north/*"}, {"/registry/north/x", "/registry/north/*"},
		{"/registry/*", "/registry/*"}, {"/registr", NULL}, {"/Registry", NULL}, {"urn:x", "urn:x"},
		{"urn:xy", NULL}, {"", NULL}, {"*", NULL}};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct settings_source *got = settings_source_of(s, rows[i].source);
		const char *name = got == NULL ? "(not listed)" : got->source;
		const char *want = rows[i].want == NULL ? "(not listed)" : rows[i].want;
		if (strcmp(name, want) != 0)
			fail_msg("%s: got %s, want %s", rows[i].source, name, want);
	}
	settings_free(&s);
	s = good("sources:\n  - {source: \"*\", tasks: [notify]}\n");
	assert_non_null(settings_source_of(s, ""));
	assert_non_null(settings_source_of(s, "anything"));
	settings_free(&s);
}

static void an_entry_allows_what_it_says(void **state)
{
	(void)state;
	struct settings *s = good(listed);
	const struct settings_source *some = settings_source_of(s, "/registry/a");
	assert_int_equal(some->audience_max, 50);
	assert_int_equal(some->line, 3);
	assert_int_equal(settings_source_of(s, "/registry")->audience_max, 0);
	assert_int_equal(settings_source_of(s, "/registry/north/x")->tasks_count, 1);
	static const struct {
		const char *source, *task;
		bool want;
	} tasks[] = {{"/registry", "notify", true}, {"/registry", "campaign.launch", false},
		{"/registry/a", "campaign.launch", true}, {"/registry/a", "campaign.cancel", false},
		{"/registry/a", "", false}, {"urn:x", "notify", false}};
	for (size_t i = 0; i < sizeof tasks / sizeof tasks[0]; i++)
		if (settings_source_may_ask(settings_source_of(s, tasks[i].source), tasks[i].task) !=
			tasks[i].want)
			fail_msg("%s %s: got %d, want %d", tasks[i].source, tasks[i].task, !tasks[i].want,
				tasks[i].want);
	static const struct {
		const char *source, *address;
		bool want;
	} senders[] = {{"/registry", "anybody@anywhere.test", true},
		{"/registry/a", "Outreach@ministry.example.org", true},
		{"/registry/a", "outreach@ministry.example.org", false},
		{"/registry/a", "office@ministry.example.org", false},
		{"/registry/a", "x@institute.example.org", true},
		{"/registry/a", "x@sub.institute.example.org", false},
		{"/registry/a", "x@notinstitute.example.org", false},
		{"/registry/a", "y@xn--80a1acny.test", true}};
	for (size_t i = 0; i < sizeof senders / sizeof senders[0]; i++)
		if (settings_source_may_send_as(
			    settings_source_of(s, senders[i].source), senders[i].address) != senders[i].want)
			fail_msg("%s %s: got %d, want %d", senders[i].source, senders[i].address,
				!senders[i].want, senders[i].want);
	settings_free(&s);
}

static void mistakes(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want; /* want without a line's end: only the beginning */
	} rows[] = {
		{"sources:\n", "1:1: error: sources: is empty: write what it should be, or take the key "
			       "out; sources: []\n"},
		{"sources:\n  # - {source: /a}\n", "1:1: error: sources: is empty"},
		{"sources: {a: b}\n", "1:10: error: sources: got a map, want a list: [a, b]\n"},
		{"sources: [a]\n", "1:11: error: sources[0]: got a single value, want a map (key: value)\n"},
		{"sources: [{tasks: [notify]}]\n",
			"1:11: error: sources[0]: the entry has no source; source: /contest-registry\n"},
		{"sources: [{source: /a}]\n",
			"1:11: error: sources[0]: the entry does not say what it may ask for; tasks: "
			"[notify]\n"},
		{"sources: [{source: /a, tasks: [notfy]}]\n",
			"1:32: error: sources[0].tasks: unknown value «notfy»; did you mean «notify»? known: "
			"notify, campaign.launch, campaign.pause, campaign.resume, campaign.cancel, "
			"campaign.retry, campaign.stage, campaign.postpone, campaign.correct, campaign.recall, "
			"recipient.readdress\n"},
		{"sources: [{source: /a, tasks: notify}]\n", "1:31: error: sources[0].tasks: got a single "},
		{"sources: [{source: \"/a*b\", tasks: []}]\n",
			"1:20: error: sources[0].source: «/a*b» is not a CloudEvents source of at most 256 "
			"bytes, with «*» only at its end\n"},
		{"sources: [{source: vestnik/cli/*, tasks: []}]\n",
			"1:20: error: sources[0].source: sources that begin with «vestnik/» are "},
		{"sources: [{source: /a, tasks: []}, {source: /a, tasks: []}]\n",
			"1:36: error: sources[1]: a second entry for /a\n"},
		{"sources: [{source: /a, tasks: [], senders: []}]\n",
			"1:44: error: sources[0].senders: want 1 to 1000 addresses or domains\n"},
		{"sources:\n  - source: /a\n    tasks: [notify]\n    senders:\n",
			"4:13: error: sources[0]: «senders» is empty: write its value, or take the key out\n"},
		{"sources:\n  - source: /a\n    tasks: [notify]\n    audience_max: ~\n",
			"4:19: error: sources[0]: «audience_max» is empty"},
		{"sources: [{source: /a, tasks: [], senders: [\"a b\"]}]\n",
			"1:45: error: sources[0].senders: «a b» is neither an address nor a domain: "},
		{"sources: [{source: /a, tasks: [], audience_max: -1}]\n",
			"1:49: error: sources[0].audience_max: «-1» is not a whole number from 0 to "},
		{"sources: [{source: /a, tasks: [], task: []}]\n",
			"1:35: error: sources[0]: unknown key «task»; did you mean «tasks»? known: source, "
			"tasks, senders, audience_max\n"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char *said;
		struct settings *s = load(rows[i].text, &said);
		size_t n = strlen(rows[i].want);
		bool whole = rows[i].want[n - 1] == '\n';
		if (s != NULL)
			fail_msg("%s: was taken", rows[i].text);
		if (whole ? strcmp(said, rows[i].want) != 0 : strncmp(said, rows[i].want, n) != 0)
			fail_msg("%s: got\n%swant\n%s", rows[i].text, said, rows[i].want);
		free(said);
	}
}

static int setup(void **state)
{
	(void)state;
	lang_set(LANG_EN);
	snprintf(path, sizeof path, "/tmp/vestnik-sources-XXXXXX");
	int fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_the_list_nothing_is_closed),
		cmocka_unit_test(the_most_exact_entry_counts),
		cmocka_unit_test(an_entry_allows_what_it_says),
		cmocka_unit_test(mistakes),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
