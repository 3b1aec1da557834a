/* campaign.yaml as it may come from anywhere: lines lost, doubled, moved, values
 * put in wrong places, bytes changed. Whatever it is, it is a campaign or it has
 * mistakes that are named; what is a campaign can be planned and copied. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/ident.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "campaign/campaign.h"
#include "campaign/copy.h"
#include "campaign/simulate.h"

#include "../support/campaign_fixture.h"

#define ROUNDS 1500
#define LINES_MOST 80

static uint64_t seed = 20230530;

static size_t any(size_t n)
{
	seed ^= seed << 13; /* xorshift: the same run every time */
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return n == 0 ? 0 : (size_t)(seed % n);
}

static int64_t today(void *arg)
{
	(void)arg;
	return INT64_C(1683882000000);
}

static int64_t mono(void *arg)
{
	(void)arg;
	return 0;
}

static const char *const good[] = {
	"campaign: a\ntitle: t\nfollows: на № 17 от 03.04.2023\naudience: {kinds: [school], where: \"m.registered < 10 and "
	"recipient.kind = school\"}\ndata:\n  m: {file: monitoring.csv, missing: empty}\nletters:\n  first: letter.md\n  "
	"reminder: letter.md\nsend: {at: 2023-05-15 10:00, hours: 09:00-18:00, local: true, until: 2023-06-30}\ndocument:\n  "
	"number: \"1\"\n  date: 2023-05-12\n  certificate: {from: 2022-01-01, to: 2024-01-01}\n  signatory: {name: N}\n"
	"controller: {name: N, address: c@example.org}\nattachments:\n  - {file: a.txt, name: b.txt, signature: a.txt}\nask:\n  "
	"verb: просим\n  answer:\n    - {field: n, label: N, type: count, required: true}\n    - {field: c, label: C, type: "
	"choice, options: [a, b]}\n    - field: t\n      label: T\n      type: table\n      columns: [{field: x, label: X, type: "
	"date}]\n  through: municipality\n  collect: 3d\n  deadline: 2023-05-30 18:00\n  remind: [-7d, -3d, {before: -1d, letter: "
	"reminder}, -2h]\n  escalate: [{after: 1d, to: controller}, {to: parent}]\n  report: {to: [a@example.org], webhook: "
	"true}\nacknowledge: {persons: [{name: P, address: p@example.org}], roles: [head]}\n",
	"campaign: a\ntitle: t\naudience: all\nletters: {first: letter.md}\nask:\n  answer: [{field: n, label: N, type: count}]\n  "
	"remind: [-1wd]\nrounds:\n  rule: FREQ=MONTHLY;BYMONTHDAY=1\n  period: month\n  about: previous\n  from: 2023-05\n  to: "
	"2024-05\n  time: \"18:00\"\n  opens: -10d\n",
	"campaign: a\ntitle: t\naudience: all\nask:\n  answer: [{field: n, label: N, type: count}]\nstages:\n  - {title: A, at: "
	"2023-05-15 10:00, letter: letter.md, audience: {keys: [school-1]}}\n  - title: B\n    letter: letter.md\n  - {title: C, at: "
	"15.06.2023 10:00, letter: letter.md, deadline: 2023-06-30 24:00, audience: {where: не ответили}}\npublish: {page: true}\n",
};

/* Values that fit nowhere, or only somewhere. */
static const char *const odd[] = {"[]", "{}", "~", "\"\"", "-1", "99999999999999999999", "2023-02-30", "0001-01-01", "9999-12-31",
	"-9999999d", "0d", "{a: {b: [c]}}", "[[[[[]]]]]", "../../etc/passwd", "/etc/passwd", "letter.md", "24:00", "FREQ=DAILY",
	"FREQ=DAILY;COUNT=600", "FREQ=YEARLY;INTERVAL=9999", "Europe/Moscow", "answered", "не ответили", "((((", "true", "все",
	"*a", "&a [*a, *a]", "!!binary AA==", "|\n  x", "\xff\xfe", "\xd0", "%", "{{{", "a@b", "school-1", "-1d", "1d"};

struct text {
	char *line[LINES_MOST];
	size_t count;
};

static void split(const char *text, struct text *out)
{
	out->count = 0;
	for (const char *p = text; *p != '\0' && out->count < LINES_MOST;) {
		size_t len = strcspn(p, "\n");
		out->line[out->count++] = xstrndup(p, len);
		p += len + (p[len] == '\n');
	}
}

static void put_odd(char **line)
{
	const char *colon = strrchr(*line, ':');
	size_t cut = colon != NULL && any(3) > 0 ? (size_t)(colon - *line) + 1 : any(strlen(*line) + 1);
	char *new = xasprintf("%.*s %s%s", (int)cut, *line, odd[any(sizeof odd / sizeof *odd)], any(2) == 0 ? "}" : "");
	free(*line);
	*line = new;
}

static void spoil(struct text *text)
{
	for (size_t times = 1 + any(3); times > 0; times--) {
		size_t i = any(text->count), k = any(text->count);
		char *swap = text->line[i];
		switch (any(5)) {
		case 0: /* another line's */
			text->line[i] = text->line[k];
			text->line[k] = swap;
			break;
		case 1: /* twice */
			text->line[i] = xstrdup(text->line[k]);
			free(swap);
			break;
		case 2: /* lost */
			text->line[i][any(strlen(text->line[i]) + 1)] = '\0';
			break;
		case 3: /* a byte */
			if (text->line[i][0] != '\0')
				text->line[i][any(strlen(text->line[i]))] = (char)(1 + any(255));
			break;
		default:
			put_odd(&text->line[i]);
		}
	}
}

static char *join(struct text *text)
{
	struct buf out;
	buf_init(&out, 1 << 20);
	for (size_t i = 0; i < text->count; i++) {
		(void)buf_printf(&out, "%s\n", text->line[i]);
		free(text->line[i]);
	}
	return buf_take(&out);
}

static void use(const struct campaign_folder *folder)
{
	struct simulation simulation;
	struct error e = {0};
	if (simulate_run(folder, fixture_settings, fixture_db, 0, &simulation, &e) != 0)
		fail_msg("a checked campaign cannot be simulated: %s", e.text);
	simulation_fini(&simulation);
}

static void copy(const char *text)
{
	struct problems problems = {0};
	struct workdays *weekends = workdays_weekends();
	struct copy_plan plan = {.file = "campaign.yaml",
		.text = text,
		.len = strlen(text),
		.slug = "b",
		.start_day = 19800,
		.workdays = weekends};
	struct buf out;
	buf_init(&out, 1 << 20);
	if (copy_text(&plan, &out, &problems) != 0 && problems.errors == 0)
		fail_msg("not copied, and nobody says why:\n%s", text);
	buf_fini(&out);
	workdays_free(&weekends);
	problems_fini(&problems);
}

static void whatever_it_is_it_is_a_campaign_or_has_mistakes(void **state)
{
	(void)state;
	size_t campaigns = 0;
	const char *more = getenv("VESTNIK_NOISE_ROUNDS");
	long rounds = more != NULL ? strtol(more, NULL, 10) : ROUNDS;
	for (long i = 0; i < rounds; i++) {
		struct problems problems = {0};
		struct text text;
		split(good[any(sizeof good / sizeof *good)], &text);
		spoil(&text);
		char *yaml = join(&text);
		fixture_text("campaign.yaml", yaml);
		struct campaign_folder *folder = campaign_folder_load(
			fixture_path("campaign.yaml"), fixture_settings, i % 4 == 0 ? fixture_db : NULL, &problems);
		if ((folder != NULL) != (problems.errors == 0))
			fail_msg("got %s with %zu errors:\n%s", folder != NULL ? "a campaign" : "nothing", problems.errors, yaml);
		for (size_t p = 0; p < problems.count; p++)
			if (problems.item[p].text[0] == '\0')
				fail_msg("a mistake without words:\n%s", yaml);
		if (folder != NULL && i % 4 == 0)
			use(folder);
		copy(yaml);
		campaigns += folder != NULL;
		campaign_folder_free(&folder);
		problems_fini(&problems);
		free(yaml);
	}
	if (campaigns == 0) /* else nothing but the parser was tried */
		fail_msg("no mutation left a campaign");
}

static int up(void **state)
{
	struct problems problems = {0};
	if (fixture_up(state) != 0)
		return -1;
	fixture_directory();
	settings_free(&fixture_settings);
	fixture_text("vestnik.yaml", "public_url: https://answers.example.org\nsender: {name: M, address: o@ministry.example.org}\n");
	fixture_text("letter.md", "# Тема\n\nТекст {{round.label}}.\n");
	fixture_text("monitoring.csv", fixture_csv);
	fixture_text("a.txt", "x");
	fixture_settings = settings_load(fixture_path("vestnik.yaml"), &problems);
	problems_fini(&problems);
	clock_set_source(today, mono, NULL);
	(void)fixture_yaml;
	(void)fixture_letter;
	return fixture_settings == NULL ? -1 : 0;
}

int main(void)
{
	lang_set(LANG_EN);
	ident_init();
	calendar_init();
	const struct CMUnitTest tests[] = {cmocka_unit_test(whatever_it_is_it_is_a_campaign_or_has_mistakes)};
	return cmocka_run_group_tests(tests, up, fixture_down);
}
