/* report_picture letter|page|small|cascade: HTML of a report with made-up figures, to look at in a
 * browser. docs/pictures/report.png is chromium's picture of `letter`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lang.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "letter/letter.h"
#include "report/html.h"
#include "report/words.h"

static const char *const municipalities[] = {"Городской округ Речной", "Городской округ Северный", "Муниципальный округ Боровое",
	"Берёзовский район", "Верхнеозёрский район", "Заречный район", "Каменский район", "Лесной район",
	"Нижнеозёрский район", "Сосновский район", "Южный район"};

static void check(int rc, const struct error *e)
{
	if (rc != 0) {
		fprintf(stderr, "report_picture: %s\n", e->text);
		exit(1);
	}
}

static void add(struct report_facts *facts, int64_t *ask, int level, int64_t parent, const char *municipality, const char *name,
	unsigned seed)
{
	static struct report_row row;
	struct error e = {0};
	char key[24];
	bool silent = seed % 4 == 1 && level == 0, partial = seed % 7 == 2;
	snprintf(key, sizeof key, "%lld", (long long)++*ask);
	row = (struct report_row){.ask = *ask, .parent_ask = parent, .organisation = *ask, .level = level, .key = key, .name = name,
		.region = "Область", .municipality = municipality, .state = silent ? ASK_OPEN : partial ? ASK_PARTIAL : ASK_CONFIRMED,
		.previous_state = seed % 3 == 0 ? ASK_OPEN : ASK_CONFIRMED, .previous_asked = level == 0,
		.trouble = silent && seed % 8 == 1 ? REPORT_UNDELIVERED : REPORT_REACHED,
		.trouble_text = silent && seed % 8 == 1 ? "550 5.1.1 User unknown" : "", .way = silent ? "" : seed % 5 == 0 ? "reply" : "form",
		.by_name = "", .by_phone = "", .note = "", .late = !silent && seed % 11 == 3, .discrepancy = !silent && seed % 13 == 4,
		.at_ms = silent ? 0 : 1685350000000 + (int64_t)seed * 7777777};
	for (size_t i = 0; i < facts->columns; i++)
		row.value[i] = row.previous[i] = (struct report_value){.text = ""};
	if (!silent) {
		row.value[0] = (struct report_value){.text = "1", .number = 3 + seed * 37 % 48};
		row.value[1] = (struct report_value){.text = partial ? "" : "Совещание директоров, объявления на сайтах школ, публикация в районной газете"};
	}
	if (row.previous_state == ASK_CONFIRMED && level == 0)
		row.previous[0] = (struct report_value){.text = "1", .number = 1 + seed * 31 % 30};
	check(facts_add(facts, &row, &e), &e);
}

static struct report_facts *make(const char *what)
{
	struct report_facts *facts = facts_new();
	struct error e = {0};
	int64_t ask = 0;
	char name[120];
	facts->lang = LANG_RU;
	facts->slug = xstrdup("flagships-2023-repeat");
	facts->title = xstrdup("«Флагманы образования»: результаты информационной поддержки");
	facts->zone = xstrdup("Europe/Moscow");
	facts->previous_label = xstrdup("запрос от 17 апреля 2023 г.");
	facts->deadline_ms = 1685458800000;
	facts->made_ms = 1685459400000;
	(void)facts_column(facts, "registered", "Зарегистрировано участников", REPORT_NUMBER, 0);
	(void)facts_column(facts, "measures", "Результаты проведённых мероприятий", REPORT_TEXT, 0);
	check(facts_open(facts, &e), &e);
	bool small = strcmp(what, "small") == 0, cascade = strcmp(what, "cascade") == 0;
	for (unsigned m = 0; m < sizeof municipalities / sizeof municipalities[0]; m++) {
		unsigned schools = small || cascade ? 1 : 5 + m * 7 % 9;
		for (unsigned s = 0; s < schools; s++) {
			if (small || cascade)
				snprintf(name, sizeof name, "Управление образования (%s)", municipalities[m]);
			else
				snprintf(name, sizeof name, "Средняя школа № %u", m * 14 + s + 1);
			add(facts, &ask, 0, 0, municipalities[m], name, m * 17 + s * s * 5 + s + (m % 3 == 0 ? 2 : 0));
		}
		int64_t parent = ask;
		for (unsigned s = 0; cascade && s < 3; s++) {
			snprintf(name, sizeof name, "Школа № %u", m * 3 + s + 1);
			add(facts, &ask, 1, parent, municipalities[m], name, m + s * 5);
		}
	}
	check(facts_seal(facts, &e), &e);
	return facts;
}

static void print_letter(const struct report_facts *facts)
{
	struct problems problems = {0};
	struct error e = {0};
	char *html, *text, *subject, *heading = words_heading(facts);
	size_t len;
	FILE *block = open_memstream(&html, &len);
	html_title(block, heading);
	html_block(block, facts, &html_in_letter, true);
	(void)fclose(block);
	static const char opening[] = "Направляем итоги запроса.";
	const struct letter_source source = {.file = "letter.md", .markdown = opening, .markdown_len = strlen(opening),
		.subject = heading, .block_html = html, .block_text = "", .lang = LANG_RU, .zone = "Europe/Moscow",
		.from_name = "Министерство образования", .from_address = "outreach@ministry.example.org"};
	struct letter *letter = letter_compile(&source, &problems);
	json_t *fields = json_pack("{s:{s:s}}", "recipient", "name", "Заместитель министра");
	const struct letter_recipient to = {.fields = fields, .to_address = "head@ministry.example.org", .message_id = "1@example.org"};
	if (letter == NULL) {
		fprintf(stderr, "report_picture: %s\n", problems.item[0].text);
		exit(1);
	}
	check(letter_preview(letter, &to, &subject, &text, &html, &e), &e);
	(void)fputs(html, stdout);
}

int main(int argc, char **argv)
{
	const char *what = argc == 2 ? argv[1] : "letter";
	lang_set(LANG_RU);
	calendar_init();
	struct report_facts *facts = make(what);
	if (strcmp(what, "page") == 0)
		html_page(stdout, facts);
	else
		print_letter(facts);
	return 0;
}
