/* Road maps: Word tables as Word writes them, sheets, and what hostile files do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xlsxwriter.h>

#include "base/buf.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "calendar/term.h"
#include "docx_make.h"
#include "table/docx.h"
#include "table/roadmap.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define LINE "\f"

static char path[128];

/* ---- steps and problems as one text ---------------------------------------------- */

/* place|number|section|title|result|term|responsible, a step a line, then "!place text" */
static char *shown(const char *file, int *rc)
{
	struct roadmap map;
	struct problems problems = {0};
	struct buf out;
	buf_init(&out, 64 * 1024 * 1024);
	*rc = roadmap_read(file, NULL, &map, &problems);
	for (size_t i = 0; i < map.count; i++) {
		const struct roadmap_step *s = &map.step[i];
		(void)buf_printf(&out, "%d.%d|%s|%s|%s|%s|%s|%s\n", s->table, s->row, s->number, s->section,
			s->title, s->result, s->term, s->responsible);
	}
	for (size_t i = 0; i < problems.count; i++) {
		const struct problem *p = &problems.item[i];
		(void)buf_printf(&out, "!%s%s: %s\n", p->severity == PROBLEM_WARNING ? "warning " : "",
			p->field != NULL ? p->field : p->line > 0 ? "line" : "-", p->text);
	}
	problems_fini(&problems);
	roadmap_fini(&map);
	return buf_take(&out);
}

static void expect(const char *name, const char *notation, const char *want)
{
	int rc;
	char *document = docx_document(notation);
	docx_make(path, document, strlen(document));
	char *got = shown(path, &rc);
	if (strcmp(got, want) != 0)
		fail_msg("%s: got\n%swant\n%s", name, got, want);
	free(got);
	free(document);
}

/* The road map's own shape: a first column without a title, the aim in a row of
 * its own, the tasks merged down the first column. Persons and places are roles. */
#define HEADER "|Планируемые действия|Ожидаемые результаты|Сроки реализации|Ответственный исполнитель" LINE
#define AIM "Цель: Повышение профессиональной компетенции педагогов||||" LINE
#define STEP_1 "Конкурсы профессионального мастерства|Создание условий|Сентябрь 2018 – апрель 2019|" \
	"Комитет образования, «Центр сопровождения», город N" LINE
#define STEP_2 "Фестиваль мастер-классов|Распространение практик|Март 2019|Комитет образования" LINE
#define STEP_3 "Семинар|Обмен опытом работы|Октябрь 2018|Комитет образования, «Центр"
#define TASKS "Задачи:\n1. Организовать взаимодействие"
#define WANT_TASKS "Задачи: 1. Организовать взаимодействие"
#define WANT_1 "|Конкурсы профессионального мастерства|Создание условий|Сентябрь 2018 – апрель 2019|" \
	"Комитет образования, «Центр сопровождения», город N\n"
#define WANT_2 "|Фестиваль мастер-классов|Распространение практик|Март 2019|Комитет образования\n"

static void the_road_map_of_2018_is_read(void **state)
{
	(void)state;
	expect("one table, merged cells",
		"#ПЛАН МЕРОПРИЯТИЙ" LINE "[" LINE HEADER AIM "v:" TASKS "|" STEP_1 "^|" STEP_2 "^|" STEP_3
		" сопровождения»" LINE "]" LINE,
		"1.3||" WANT_TASKS WANT_1 "1.4||" WANT_TASKS WANT_2 "1.5||" WANT_TASKS
		"|Семинар|Обмен опытом работы|Октябрь 2018|Комитет образования, «Центр сопровождения»\n");
	/* as a converter leaves it: two tables, the last row torn in the middle of its cells */
	expect("broken over pages",
		"[" LINE HEADER AIM TASKS "|" STEP_1 "|" STEP_2 "|" STEP_3 LINE "]" LINE "#" LINE "[" LINE
		"педагогов\n4. Активизировать участие||||сопровождения», школа № 5, город N" LINE "]" LINE,
		"1.3||" WANT_TASKS " педагогов 4. Активизировать участие" WANT_1
		"1.4||" WANT_TASKS " педагогов 4. Активизировать участие" WANT_2
		"1.5||" WANT_TASKS " педагогов 4. Активизировать участие|Семинар|Обмен опытом работы|Октябрь 2018|"
		"Комитет образования, «Центр сопровождения», школа № 5, город N\n");
	expect("the header again on the next page",
		"[" LINE "!" HEADER "v:" TASKS "|" STEP_1 "]" LINE "[" LINE "!" HEADER "|" STEP_2 "]" LINE,
		"1.2||" WANT_TASKS WANT_1 "2.2||" WANT_TASKS WANT_2);
	expect("no header on the next page",
		"[" LINE HEADER "v:" TASKS "|" STEP_1 "]" LINE "[" LINE "|" STEP_2 "]" LINE,
		"1.2||" WANT_TASKS WANT_1 "2.1||" WANT_TASKS WANT_2);
}

static void headers_have_many_words(void **state)
{
	(void)state;
	expect("numbers, sections over the table",
		"[" LINE "№ п/п|Наименование мероприятия|Срок исполнения|Вид документа|Ответственные исполнители" LINE
		"1|2|3|4|5" LINE ">5:Раздел 1. Организационные мероприятия" LINE
		"1.1.|Приказ|до 30 мая 2023|приказ|отдел" LINE "–|-|—|–|--" LINE
		"1.2|Совещание|II квартал|–|отдел" LINE
		"2.|>4:Раздел 2. Методические" LINE "2.1|Семинар|ежемесячно||центр" LINE "]" LINE,
		"1.4|1.1.|Раздел 1. Организационные мероприятия|Приказ|приказ|до 30 мая 2023|отдел\n"
		"1.6|1.2|Раздел 1. Организационные мероприятия|Совещание||II квартал|отдел\n"
		"1.8|2.1|Раздел 2. Методические|Семинар||ежемесячно|центр\n");
	expect("two columns of dates",
		"[" LINE "v:Мероприятие|>2:Срок|v:Ответственный" LINE "^|начало|окончание|^" LINE
		"Сбор заявок|01.03.2024|15.03.2024|оператор" LINE "]" LINE,
		"1.3|||Сбор заявок||01.03.2024 – 15.03.2024|оператор\n");
	expect("other tables around",
		"[" LINE "УТВЕРЖДЕН|приказом" LINE "]" LINE "[" LINE "Мероприятия|Результат|Сроки|Исполнитель" LINE
		"А|б|май 2024|в" LINE "]" LINE "[" LINE "Согласовано|Дата|Подпись" LINE "да|нет|да" LINE "]" LINE,
		"2.2|||А|б|май 2024|в\n"
		"!warning table 3, row 1: this table is not read: it has no header of a plan\n");
	expect("a step in two rows",
		"[" LINE "Мероприятие|Срок|Ответственный" LINE "v:Форум|v:март 2024|школа 1" LINE "^|^|школа 2" LINE
		"v:Съезд|март 2024|школа 1" LINE "^|май 2024|школа 2" LINE "]" LINE,
		"1.2|||Форум||март 2024|школа 1, школа 2\n1.4|||Съезд||март 2024|школа 1\n1.5|||Съезд||май 2024|школа 2\n");
}

static void mistakes_are_named_by_table_and_row(void **state)
{
	(void)state;
	expect("gaps",
		"[" LINE "Мероприятие|Срок|Ответственный" LINE "Форум||школа" LINE "|май 2024|школа" LINE "||" LINE
		"|  |школа\f" "Съезд|май 2024|" LINE "]" LINE,
		"1.2|||Форум|||школа\n1.6|||Съезд||май 2024|\n"
		"!warning table 1, row 2: an action without a term: «Форум»\n"
		"!table 1, row 3: a term without an action: «май 2024»\n"
		"!warning table 1, row 5: a row without an action and a term is not read: «школа»\n");
	expect("no header", "[" LINE "а|б|в" LINE "]" LINE, "!-: no table of a plan was found\n");
	expect("no table", "#Сентябрь 2018 – апрель 2019" LINE, "!-: no table of a plan was found\n");
}

/* ---- Word's own ways ----------------------------------------------------------------- */

static int dump_row(void *arg, const struct docx_row *row)
{
	struct buf *out = arg;
	(void)buf_printf(out, "%d.%d%s:", row->table, row->row, row->header ? "h" : "");
	for (size_t i = 0; i < row->count; i++) {
		const struct docx_cell *c = &row->cell[i];
		(void)buf_printf(out, "%s%s%s%s", i > 0 ? "|" : "", c->across ? "<" : "", c->down ? "^" : "", c->text);
	}
	(void)buf_putc(out, '\n');
	return 0;
}

static char *dump(const char *file)
{
	struct buf out;
	struct problems problems = {0};
	buf_init(&out, 64 * 1024 * 1024);
	int rc = docx_read(file, dump_row, &out, &problems);
	for (size_t i = 0; i < problems.count; i++)
		(void)buf_printf(&out, "!%s\n", problems.item[i].text);
	if ((rc != 0) != (problems.count > 0))
		(void)buf_printf(&out, "rc %d\n", rc);
	problems_fini(&problems);
	return buf_take(&out);
}

#define XML(s) "</w:t></w:r>" s "<w:r><w:t>"

static void what_is_on_paper_is_read(void **state)
{
	(void)state;
	static const struct {
		const char *name, *cell, *want;
	} rows[] = {
		{"runs join", "Сен" XML("") "тябрь", "Сентябрь"},
		{"blanks are single", "  а \t\n б  ", "а\nб"},
		{"deleted text", "до " XML("<w:del w:id=\"1\"><w:r><w:t>1</w:t><w:delText>1</w:delText></w:r></w:del>"
					   "<w:ins w:id=\"2\"><w:r><w:t>2</w:t></w:r></w:ins>") " мая", "до 2 мая"},
		{"moved text", XML("<w:moveFrom w:id=\"1\"><w:r><w:t>old</w:t></w:r></w:moveFrom>"
				   "<w:moveTo w:id=\"2\"><w:r><w:t>new</w:t></w:r></w:moveTo>"), "new"},
		{"a deleted paragraph mark",
			"а" XML("</w:p><w:p><w:pPr><w:rPr><w:del w:id=\"1\"/></w:rPr></w:pPr>") "б", "а\nб"},
		{"a footnote's mark", "май" XML("<w:r><w:footnoteReference w:id=\"1\"/></w:r>") " 2024", "май 2024"},
		{"hidden text", "а" XML("<w:r><w:rPr><w:vanish/></w:rPr><w:t>secret</w:t></w:r>") "б", "аб"},
		{"not hidden", "а" XML("<w:r><w:rPr><w:vanish w:val=\"0\"/></w:rPr><w:t>-</w:t></w:r>") "б", "а-б"},
		{"breaks and tabs", "а" XML("<w:r><w:br/><w:t>б</w:t><w:tab/><w:t>в</w:t><w:noBreakHyphen/></w:r>") "г", "а\nб в-г"},
		{"a field's code", XML("<w:r><w:fldChar/></w:r><w:r><w:instrText>PAGE</w:instrText></w:r>") "5", "5"},
		{"a link and a control", XML("<w:hyperlink><w:r><w:t>a</w:t></w:r></w:hyperlink>"
					     "<w:sdt><w:sdtContent><w:r><w:t>b</w:t></w:r></w:sdtContent></w:sdt>"), "ab"},
		{"a drawing twice", "а" XML("<w:r><mc:AlternateContent><mc:Choice><w:drawing><a:t>x</a:t></w:drawing></mc:Choice>"
					    "<mc:Fallback><w:pict><w:t>x</w:t></w:pict></mc:Fallback></mc:AlternateContent></w:r>") "б", "аб"},
		{"entities", "&lt;&amp;&#1071;&#x42f;", "<&ЯЯ"},
		{"a table inside", "а" XML("</w:p><w:tbl><w:tr><w:tc><w:p><w:r><w:t>б</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r>"
					   "<w:t>в</w:t></w:r></w:p></w:tc></w:tr></w:tbl><w:p>") "г", "а\nб\nв\nг"}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *notation = xasprintf("[" LINE "%s|z" LINE "]" LINE, rows[i].cell);
		char *document = docx_document(notation), *want = xasprintf("1.1:%s|z\n", rows[i].want);
		docx_make(path, document, strlen(document));
		char *got = dump(path);
		if (strcmp(got, want) != 0)
			fail_msg("%s: got %s, want %s", rows[i].name, got, want);
		free(got);
		free(want);
		free(document);
		free(notation);
	}
}

static void merged_cells_keep_their_columns(void **state)
{
	(void)state;
	static const struct {
		const char *name, *notation, *want;
	} rows[] = {
		{"across", "[" LINE ">2:а|б" LINE "в|>2:г" LINE "]" LINE, "1.1:а|<|б\n1.2:в|г|<\n"},
		{"down", "[" LINE "v:а|б" LINE "^|в" LINE "г|д" LINE "^|е" LINE "]" LINE,
			"1.1:а|б\n1.2:^а|в\n1.3:г|д\n1.4:|е\n"},
		{"down and across", "[" LINE ">2:v:а|б" LINE ">2:^|в" LINE "]" LINE, "1.1:а|<|б\n1.2:^а|<|в\n"},
		{"down with text of its own", "[" LINE "v:а|б" LINE "^в|г" LINE "^|д" LINE "]" LINE,
			"1.1:а|б\n1.2:в|г\n1.3:^в|д\n"},
		{"not over tables", "[" LINE "v:а|б" LINE "]" LINE "[" LINE "^|в" LINE "]" LINE, "1.1:а|б\n2.1:|в\n"},
		{"a deleted row", "[" LINE "!а|б" LINE "~в|г" LINE "д|е" LINE "]" LINE, "1.1h:а|б\n1.2:д|е\n"},
		{"nothing", "#a" LINE, ""}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *document = docx_document(rows[i].notation);
		docx_make(path, document, strlen(document));
		char *got = dump(path);
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("%s: got\n%s, want\n%s", rows[i].name, got, rows[i].want);
		free(got);
		free(document);
	}
}

/* ---- broken and hostile files ------------------------------------------------------------ */

static void expect_problem(const char *name, const char *words)
{
	char *got = dump(path);
	const char *problem = strchr(got, '!');
	if (problem == NULL || strstr(problem, words) == NULL)
		fail_msg("%s: got %.300s, want %s", name, got, words);
	free(got);
}

static void hostile_documents_are_refused(void **state)
{
	(void)state;
	char *bomb = xmalloc(80 * 1024 * 1024);
	memset(bomb, ' ', 80 * 1024 * 1024);
	memcpy(bomb, "<a>", 3);
	docx_make(path, bomb, 80 * 1024 * 1024 - 1);
	expect_problem("a zip bomb", "the document unpacks to more than 64 MB");
	static const char tag[] = "<a b='";
	memset(bomb, 'x', 4 * 1024 * 1024);
	memcpy(bomb, tag, sizeof tag - 1);
	docx_make(path, bomb, 4 * 1024 * 1024);
	expect_problem("a tag without end", "no word processor writes");
	for (size_t i = 0; i < 30000; i++)
		memcpy(bomb + i * 7, "<w:tbl>", 7);
	docx_make(path, bomb, 30000 * 7);
	expect_problem("nested for ever", "no word processor writes");
	free(bomb);
	static const struct {
		const char *name, *document, *words;
	} rows[] = {
		{"entities that expand", "<!DOCTYPE d [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><d>&b;</d>", "no word processor writes"},
		{"a file from outside", "<!DOCTYPE d SYSTEM \"file:///etc/passwd\"><d/>", "no word processor writes"},
		{"not XML", "hello", "the document is damaged (word/document.xml)"},
		{"torn", "<w:document><w:body><w:tbl><w:tr><w:tc>", "the document is damaged (word/document.xml)"},
		{"empty", "", "the document is damaged (word/document.xml)"},
		{"crossed", "<w:tbl><w:tr></w:tbl></w:tr>", "the document is damaged (word/document.xml)"},
		{"not UTF-8", "<d>\xff\xfe</d>", "the document is damaged (word/document.xml)"},
		{"a thousand columns", "<d><w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val=\"1000\"/></w:tcPr></w:tc></w:tr></w:tbl></d>",
			"table 1, row 1: more than 64 columns"},
		{"far to the right", "<d><w:tbl><w:tr><w:trPr><w:gridBefore w:val=\"999999\"/></w:trPr><w:tc/><w:tc/></w:tr></w:tbl></d>",
			"table 1, row 1: more than 64 columns"}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		docx_make(path, rows[i].document, strlen(rows[i].document));
		expect_problem(rows[i].name, rows[i].words);
	}
	docx_make_parts(path, (const char *const[]){"word/styles.xml", "<a/>", NULL});
	expect_problem("no document", "there is no document inside");
	docx_make_parts(path, (const char *const[]){"_rels/.rels",
		"<Relationships><Relationship Type=\"x/officeDocument\" Target=\"../../etc/passwd\"/></Relationships>",
		"word/document.xml", "<a/>", NULL});
	expect_problem("a document elsewhere", "there is no document inside");
}

/* Word names it so after a repair; only the relation tells. */
static void a_document_of_another_name_is_found(void **state)
{
	(void)state;
	int rc;
	char *document = docx_document("[" LINE "Мероприятие|Срок" LINE "Форум|май 2024" LINE "]" LINE);
	docx_make_parts(path, (const char *const[]){"_rels/.rels",
		"<Relationships><Relationship Type=\"x/officeDocument\" Target=\"/word/document2.xml\"/></Relationships>",
		"word/document2.xml", document, NULL});
	char *got = shown(path, &rc);
	assert_string_equal(got, "1.2|||Форум||май 2024|\n");
	free(got);
	free(document);
}

static void strange_documents_do_no_harm(void **state)
{
	(void)state;
	static const char *const documents[] = {
		"<d/>", "<w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc>", "<w:tr><w:tc>a</w:tc></w:tr>",
		"<d><w:tbl><w:tr/><w:tr><w:tc/></w:tr><w:tc>a</w:tc></w:tbl></d>",
		"<d><w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val=\"-5\"/></w:tcPr></w:tc></w:tr></w:tbl></d>",
		"<d><w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan/></w:tcPr></w:tc></w:tr></w:tbl></d>",
		"<d><w:tbl><w:tr><w:tc><w:tc><w:t>a</w:t></w:tc></w:tc></w:tr></w:tbl></d>",
		"<d><w:tbl><w:tr><w:tr><w:tc><w:t>a</w:t></w:tc></w:tr></w:tr></w:tbl></d>",
		"<d><w:tbl><w:tr><w:tc><w:del><w:del/></w:del><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc></w:tr></w:tbl></d>"};
	for (size_t i = 0; i < COUNT(documents); i++) {
		docx_make(path, documents[i], strlen(documents[i]));
		char *got = dump(path);
		if (strstr(got, "rc ") != NULL || strchr(got, '!') != NULL)
			fail_msg("%s: got %s", documents[i], got);
		free(got);
	}
	/* a real package, cut and flipped */
	char *document = docx_document("[" LINE HEADER AIM "v:" TASKS "|" STEP_1 "^|" STEP_2 "]" LINE);
	docx_make(path, document, strlen(document));
	FILE *file = fopen(path, "rbe");
	char bytes[16384];
	size_t len = fread(bytes, 1, sizeof bytes, file);
	assert_true(len > 500 && len < sizeof bytes);
	(void)fclose(file);
	for (size_t i = 0; i < len; i += 7) {
		int rc;
		char saved = bytes[i];
		bytes[i] ^= (char)(1 << i % 8);
		file = fopen(path, "wbe");
		(void)fwrite(bytes, 1, i % 3 == 0 ? i : len, file);
		(void)fclose(file);
		free(shown(path, &rc));
		bytes[i] = saved;
	}
	free(document);
	int rc;
	char *got = shown("/nowhere/plan.docx", &rc);
	assert_int_equal(rc, -1);
	free(got);
	char *large = xmalloc(100000);
	memset(large, 'x', 99999);
	large[99999] = '\0';
	char *notation = xasprintf("[" LINE "a|%s" LINE "]" LINE, large);
	document = docx_document(notation);
	docx_make(path, document, strlen(document));
	expect_problem("a large cell", "table 1, row 1: a cell longer than 32768 bytes");
	free(document);
	free(notation);
	free(large);
}

/* ---- sheets ---------------------------------------------------------------------------- */

static void sheets_are_read(void **state)
{
	(void)state;
	int rc;
	FILE *file = fopen(path, "wbe");
	fputs("План мероприятий;;;\n№;Мероприятие;Срок;Ответственный\nРаздел 1;;;\n1;Форум;март 2024;школа\n"
	      "2;Съезд;;школа\n;;май 2024;\n", file);
	(void)fclose(file);
	char *got = shown(path, &rc);
	assert_string_equal(got, "0.4|1|Раздел 1|Форум||март 2024|школа\n0.5|2|Раздел 1|Съезд|||школа\n"
				 "!warning line: an action without a term: «Съезд»\n"
				 "!line: a term without an action: «май 2024»\n");
	free(got);
	(void)unlink(path);
	lxw_workbook *book = workbook_new(path);
	lxw_worksheet *sheet = workbook_add_worksheet(book, "План");
	static const char *const cells[][4] = {{"План", "", "", ""}, {"Задача", "Мероприятие", "Сроки реализации", "Исполнитель"},
		{"Задача 1", "Форум", "Сентябрь 2018 – апрель 2019", "школа"}, {"", "Съезд", "март 2019", "центр"}};
	for (size_t i = 0; i < COUNT(cells); i++)
		for (size_t k = 0; k < 4; k++)
			if (cells[i][k][0] != '\0')
				worksheet_write_string(sheet, (lxw_row_t)i, (lxw_col_t)k, cells[i][k], NULL);
	worksheet_merge_range(sheet, 2, 0, 3, 0, "Задача 1", NULL);
	assert_int_equal(workbook_close(book), LXW_NO_ERROR);
	got = shown(path, &rc);
	assert_int_equal(rc, 0);
	assert_string_equal(got, "0.3||Задача 1|Форум||Сентябрь 2018 – апрель 2019|школа\n"
				 "0.4||Задача 1|Съезд||март 2019|центр\n");
	free(got);
}

/* The seed document has its table as text; every term of it is understood. */
static void the_seed_becomes_steps(void **state)
{
	(void)state;
	static const char seed[] = VESTNIK_SOURCE_DIR "/../shared/seeds/004_153ef6bb7bb7f341.txt";
	FILE *in = fopen(seed, "re");
	if (in == NULL)
		skip(); /* the documents are not part of the project */
	FILE *out = fopen(path, "wbe");
	char line[4096];
	while (fgets(line, sizeof line, in) != NULL)
		if (strchr(line, '\t') != NULL)
			fputs(line, out);
	(void)fclose(in);
	(void)fclose(out);
	struct roadmap map;
	struct problems problems = {0};
	assert_int_equal(roadmap_read(path, &(struct table_options){.delimiter = '\t'}, &map, &problems), 0);
	static const char *const terms[] = {"Сентябрь 2018 – апрель 2019", "Март 2019", "Октябрь 2018"};
	assert_int_equal(map.count, COUNT(terms)); /* its last line, of dashes, is none */
	for (size_t i = 0; i < map.count; i++) {
		struct term term;
		assert_string_equal(map.step[i].term, terms[i]);
		assert_true(term_parse(map.step[i].term, NULL, &term));
		assert_int_equal(term.need, TERM_NEEDS_NOTHING);
	}
	problems_fini(&problems);
	roadmap_fini(&map);
}

static int begin(void **state)
{
	(void)state;
	const char *folder = getenv("TMPDIR");
	(void)snprintf(path, sizeof path, "%.80s/vestnik-roadmap-%d", folder != NULL ? folder : "/tmp", (int)getpid());
	lang_set(LANG_EN);
	return 0;
}

static int end(void **state)
{
	(void)state;
	(void)unlink(path);
	return 0;
}

int main(void)
{
	calendar_init();
	const struct CMUnitTest tests[] = {cmocka_unit_test(the_road_map_of_2018_is_read),
		cmocka_unit_test(headers_have_many_words), cmocka_unit_test(mistakes_are_named_by_table_and_row),
		cmocka_unit_test(what_is_on_paper_is_read), cmocka_unit_test(merged_cells_keep_their_columns),
		cmocka_unit_test(hostile_documents_are_refused),
		cmocka_unit_test(a_document_of_another_name_is_found), cmocka_unit_test(strange_documents_do_no_harm),
		cmocka_unit_test(sheets_are_read), cmocka_unit_test(the_seed_becomes_steps)};
	return cmocka_run_group_tests(tests, begin, end);
}
