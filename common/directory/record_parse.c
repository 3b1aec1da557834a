/* What may stand in a cell, and what is said when it may not. Control
 * characters, line breaks and bidirectional overrides are cleaned away without a
 * word (Excel's Alt+Enter is everywhere); what is too long, shortened by Excel
 * or a formula's error is a problem: nobody can guess what was meant. */
#include "directory/record.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"

/* In characters. A full official name has some 300. */
#define KEY_MAX 100
#define NAME_MAX_CHARACTERS 500
#define PLACE_MAX 200
#define PERSON_MAX 200
#define PHONE_MAX 100
#define EXTRA_MAX 4000

struct record_parser {
	const struct columns *columns;
	const char *file;
	bool csv;
	struct problems *problems;
	struct record record;
	char trouble[1024], trouble_hint[1024];
	char *owned[TABLE_COLUMNS_MAX + 8];
	size_t owned_count;
	char address[ROLES_MAX][GATE_ADDRESS_MAX + 1];
	char role[64 + 1];
	char *extra;
	bool untitled_told;
	/* the last cell seen and what it meant: neighbours repeat it */
	char *kind_cell, *zone_cell;
	char kind[64 + 1];
	const char *zone;
};

struct record_parser *record_parser_new(
	const struct columns *columns, const char *file, bool csv, struct problems *problems)
{
	struct record_parser *parser = xcalloc(1, sizeof *parser);
	parser->columns = columns;
	parser->file = file;
	parser->csv = csv;
	parser->problems = problems;
	return parser;
}

static void forget_row(struct record_parser *parser)
{
	for (size_t i = 0; i < parser->owned_count; i++)
		free(parser->owned[i]);
	parser->owned_count = 0;
	free(parser->extra);
	parser->extra = NULL;
}

void record_parser_free(struct record_parser **parser)
{
	if (*parser == NULL)
		return;
	forget_row(*parser);
	free((*parser)->kind_cell);
	free((*parser)->zone_cell);
	free(*parser);
	*parser = NULL;
}

__attribute__((format(printf, 5, 6))) static void trouble(struct record_parser *parser,
	enum problem_severity severity, int column, const char *hint, const char *fmt, ...)
{
	char text[sizeof parser->trouble];
	const char *title = columns_title(parser->columns, column);
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	struct problem_place place = {.file = parser->file, .line = parser->record.line,
		.field = title[0] != '\0' ? title : NULL};
	problem_add(parser->problems, severity, place, hint, "%s", text);
	if (severity == PROBLEM_WARNING || parser->record.bad)
		return;
	(void)snprintf(parser->trouble, sizeof parser->trouble, "%s", text);
	(void)snprintf(parser->trouble_hint, sizeof parser->trouble_hint, "%s", hint != NULL ? hint : "");
	record_spoil(&parser->record, title, parser->trouble_hint, parser->trouble);
}

static size_t characters(const char *text)
{
	size_t n = 0;
	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

/* "7,70123E+09": Excel shows a long number so, and saves what it shows. */
static bool is_shortened_number(const char *text)
{
	size_t n = strspn(text, "0123456789");
	if (n == 0)
		return false;
	text += n;
	if (*text == '.' || *text == ',')
		text += 1 + strspn(text + 1, "0123456789");
	return (text[0] == 'E' || text[0] == 'e') && text[1] == '+' && text[2] != '\0' &&
		strspn(text + 2, "0123456789") == strlen(text + 2);
}

static bool is_formula_error(const char *text)
{
	static const char *const errors[] = {"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!",
		"#NULL!", "#Н/Д", "#ССЫЛКА!", "#ЗНАЧ!", "#ИМЯ?", "#ДЕЛ/0!", "#ЧИСЛО!", "#ПУСТО!"};
	if (text[0] != '#')
		return false;
	for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
		if (strcmp(text, errors[i]) == 0)
			return true;
	return false;
}

/* The cell as one clean line, "" when there is none. */
static const char *take(struct record_parser *parser, const struct table_row *row, int column, size_t max)
{
	if (column < 0 || (size_t)column >= row->count || row->cell[column][0] == '\0')
		return "";
	const char *cell = row->cell[column];
	if (cell[0] == '\'' && cell[1] != '\0' && strchr("=+-@", cell[1]) != NULL)
		cell++; /* table_put_cell's guard against formulas */
	char *text = gate_clean_line(cell, TABLE_CELL_MAX_BYTES);
	parser->owned[parser->owned_count++] = text;
	size_t n = characters(text);
	if (n > max)
		trouble(parser, PROBLEM_ERROR, column, NULL,
			tr("longer than %zu characters (%zu): «%.60s…»", "длиннее %zu символов (%zu): «%.60s…»"),
			max, n, text);
	else if (is_formula_error(text))
		trouble(parser, PROBLEM_ERROR, column, tr("mend the formula", "исправьте формулу"),
			tr("a formula's error: %s", "ошибка формулы: %s"), text);
	return text;
}

/* A cell of digits that people type as a number. */
static const char *take_digits(
	struct record_parser *parser, const struct table_row *row, int column, size_t max)
{
	const char *text = take(parser, row, column, max);
	if (is_shortened_number(text))
		trouble(parser, PROBLEM_ERROR, column,
			tr("give the column the format «Text» in Excel, enter the full number, save again",
				"задайте столбцу в Excel формат «Текстовый», введите номер полностью и сохраните"),
			tr("Excel has shortened the number: %s", "Excel сократил число: %s"), text);
	return text;
}

static const char *parse_kind(struct record_parser *parser, const struct table_row *row)
{
	int column = parser->columns->at[COLUMN_KIND];
	if (column < 0)
		return "";
	const char *text = take(parser, row, column, PLACE_MAX);
	if (parser->kind_cell != NULL && strcmp(parser->kind_cell, text) == 0)
		return parser->kind;
	char *word = table_title_key(text);
	const char *kind = word_value(kind_words, word);
	if (kind == NULL && gate_slug(text))
		kind = text;
	free(word);
	if (kind == NULL) {
		trouble(parser, PROBLEM_ERROR, column,
			tr("one of: школа, колледж, муниципальный орган управления образованием, "
			   "министерство …, or a Latin word of your own: school",
				"подойдёт: школа, колледж, муниципальный орган управления образованием, "
				"министерство … или своё слово латиницей: school"),
			text[0] == '\0' ? tr("the kind is empty%s", "вид не указан%s")
					: tr("unknown kind «%s»", "неизвестный вид «%s»"),
			text);
		return "";
	}
	free(parser->kind_cell);
	parser->kind_cell = xstrdup(text);
	(void)snprintf(parser->kind, sizeof parser->kind, "%s", kind);
	return parser->kind;
}

/* "мск + 7" → "МСК+7" */
static void normal_offset(const char *text, char out[static 32])
{
	static const char *const names[] = {"МСК", "мск", "Мск", "MSK", "msk"};
	size_t len = 0;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strncmp(text, names[i], strlen(names[i])) == 0) {
			len = (size_t)snprintf(out, 32, "МСК");
			text += strlen(names[i]);
			break;
		}
	for (; *text != '\0' && len + 1 < 32; text++) {
		if (strncmp(text, "−", 3) == 0 || strncmp(text, "–", 3) == 0) {
			out[len++] = '-';
			text += 2;
		} else if (*text != ' ') {
			out[len++] = *text;
		}
	}
	out[len] = '\0';
}

static const char *parse_zone(struct record_parser *parser, const struct table_row *row)
{
	int column = parser->columns->at[COLUMN_ZONE];
	const char *text = take(parser, row, column, PLACE_MAX);
	if (text[0] == '\0')
		return "";
	if (parser->zone_cell != NULL && strcmp(parser->zone_cell, text) == 0)
		return parser->zone;
	char offset[32];
	normal_offset(text, offset);
	const char *zone = word_value(zone_words, offset);
	if (zone == NULL && !calendar_zone_known(text)) {
		trouble(parser, PROBLEM_ERROR, column,
			tr("МСК, МСК+7 or a name such as Asia/Vladivostok",
				"МСК, МСК+7 или название вида Asia/Vladivostok"),
			tr("unknown time zone «%s»", "неизвестный часовой пояс «%s»"), text);
		return "";
	}
	free(parser->zone_cell);
	parser->zone_cell = xstrdup(text);
	parser->zone = zone != NULL ? zone : parser->zone_cell;
	return parser->zone;
}

/* Roles are slugs; Russian words for the usual ones. */
static const char *parse_role(struct record_parser *parser, const struct table_row *row)
{
	int column = parser->columns->at[COLUMN_ROLE];
	const char *text = take(parser, row, column, PLACE_MAX);
	if (text[0] == '\0')
		return ROLE_DEFAULT;
	char *word = table_title_key(text);
	const char *role = word_value(contact_role_words, word);
	if (role == NULL && gate_slug(text))
		role = text;
	if (role == NULL)
		trouble(parser, PROBLEM_ERROR, column,
			tr("координатор, руководитель, заместитель, секретарь, or a Latin word of your own",
				"координатор, руководитель, заместитель, секретарь или своё слово латиницей"),
			tr("unknown role «%s»", "неизвестная роль «%s»"), text);
	else
		(void)snprintf(parser->role, sizeof parser->role, "%s", role);
	free(word);
	return role != NULL ? parser->role : ROLE_DEFAULT;
}

/* A Cyrillic letter that looks Latin is the usual reason for an odd address. */
static const char *address_hint(const char *text)
{
	size_t local = strcspn(text, "@");
	for (size_t i = 0; i < local; i++)
		if ((unsigned char)text[i] == 0xd0 || (unsigned char)text[i] == 0xd1)
			return tr("it has a Cyrillic letter that looks like a Latin one: type it anew",
				"в адресе русская буква, похожая на латинскую: наберите его заново");
	return strchr(text, ' ') != NULL || strchr(text, '<') != NULL
		? tr("only the address, as in school@example.org",
			  "нужен только адрес, например school@example.org")
		: NULL;
}

static const char *parse_address(
	struct record_parser *parser, const struct table_row *row, int column, size_t contact)
{
	if (column < 0 || (size_t)column >= row->count || row->cell[column][0] == '\0')
		return "";
	char *text = xstrdup(row->cell[column]);
	parser->owned[parser->owned_count++] = text;
	size_t len = strlen(text);
	while (len > 0 && strchr(";, ", text[len - 1]) != NULL)
		text[--len] = '\0'; /* "school@example.org;" */
	if (len == 0)
		return "";
	const char *at = strchr(text, '@');
	if (at != NULL && strchr(at + 1, '@') != NULL && strpbrk(text, ";,/ \n\t") != NULL) {
		trouble(parser, PROBLEM_ERROR, column,
			tr("one address a cell; the second into a column such as «E-mail руководителя»",
				"в ячейке один адрес; второй – в столбец вида «E-mail руководителя»"),
			tr("several addresses in one cell: «%.100s»", "несколько адресов в одной ячейке: «%.100s»"),
			text);
		return "";
	}
	struct error e;
	if (gate_address(text, parser->address[contact], &e) != 0) {
		char *clean = gate_clean_line(text, 100);
		trouble(parser, PROBLEM_ERROR, column, address_hint(text), "«%s»: %s", clean, e.text);
		free(clean);
		return "";
	}
	return parser->address[contact];
}

static void parse_contacts(struct record_parser *parser, const struct table_row *row)
{
	struct record *record = &parser->record;
	const struct columns *columns = parser->columns;
	const char *plain_role = parse_role(parser, row);
	record->contacts = 0;
	for (size_t g = 0; g < columns->groups; g++) {
		const struct column_group *group = &columns->group[g];
		if (group->address < 0)
			continue;
		struct record_contact contact = {
			.role = g == 0 ? plain_role : group->role,
			.name = take(parser, row, group->person, PERSON_MAX),
			.position = take(parser, row, group->position, PERSON_MAX),
			.phone = take_digits(parser, row, group->phone, PHONE_MAX),
			.address = parse_address(parser, row, group->address, g)};
		bool named = contact.name[0] != '\0' || contact.phone[0] != '\0';
		if (contact.address[0] == '\0' && named && !record->bad)
			trouble(parser, PROBLEM_WARNING, group->address, NULL,
				tr("no address: this contact is not kept", "нет адреса: контакт не сохраняется"));
		if (g > 0 && contact.address[0] != '\0' && strcmp(contact.role, plain_role) == 0 &&
			record->contacts > 0 && record->contact[0].address[0] != '\0')
			trouble(parser, PROBLEM_ERROR, columns->at[COLUMN_ROLE], NULL,
				tr("two contacts in the role %s", "два контакта с ролью %s"), contact.role);
		record->contact[record->contacts++] = contact;
	}
}

static void parse_extra(struct record_parser *parser, const struct table_row *row)
{
	parser->record.extra = "{}";
	if (!parser->columns->extra)
		return;
	json_t *extra = json_object();
	for (size_t i = 0; i < parser->columns->count; i++) {
		if (parser->columns->column[i].field != COLUMN_EXTRA)
			continue;
		const char *text = take(parser, row, (int)i, EXTRA_MAX);
		if (text[0] != '\0')
			(void)json_object_set_new(extra, parser->columns->column[i].key, json_string(text));
	}
	parser->extra = json_dumps(extra, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(extra);
	if (parser->extra != NULL)
		parser->record.extra = parser->extra;
}

static void check_cells_without_title(struct record_parser *parser, const struct table_row *row)
{
	const struct columns *columns = parser->columns;
	for (size_t i = 0; i < row->count; i++) {
		if (row->cell[i][0] == '\0' ||
			(i < columns->count && columns->column[i].field != COLUMN_UNTITLED))
			continue;
		if (parser->csv && i >= columns->count) {
			trouble(parser, PROBLEM_ERROR, -1,
				tr("a cell with the delimiter in it must stand in quotes",
					"ячейка, в которой есть разделитель, должна стоять в кавычках"),
				tr("more cells (%zu) than the header has (%zu)",
					"ячеек (%zu) больше, чем в заголовке (%zu)"),
				row->count, columns->count);
			return;
		}
		if (!parser->untitled_told)
			trouble(parser, PROBLEM_WARNING, -1,
				tr("give the column a title", "дайте столбцу заголовок"),
				tr("column %zu has no title: its cells are left out",
					"у столбца %zu нет заголовка: его ячейки пропускаются"),
				i + 1);
		parser->untitled_told = true;
	}
}

const struct record *record_parse(
	struct record_parser *parser, const struct table_row *row, bool foreign)
{
	struct record *record = &parser->record;
	const int *at = parser->columns->at;
	forget_row(parser);
	*record = (struct record){.line = row->line, .trouble_field = "", .trouble = "", .trouble_hint = ""};
	if (foreign)
		record_spoil(record, NULL, NULL, tr("a cell cannot be read", "ячейка не читается"));
	check_cells_without_title(parser, row);
	record->key = take_digits(parser, row, at[COLUMN_KEY], KEY_MAX);
	if (record->key[0] == '\0')
		trouble(parser, PROBLEM_ERROR, at[COLUMN_KEY], NULL, tr("the key is empty", "ключ не указан"));
	record->name = take(parser, row, at[COLUMN_NAME], NAME_MAX_CHARACTERS);
	if (record->name[0] == '\0')
		trouble(parser, PROBLEM_ERROR, at[COLUMN_NAME], NULL,
			tr("the name is empty", "наименование не указано"));
	record->kind = parse_kind(parser, row);
	record->region = take(parser, row, at[COLUMN_REGION], PLACE_MAX);
	record->municipality = take(parser, row, at[COLUMN_MUNICIPALITY], PLACE_MAX);
	record->zone = parse_zone(parser, row);
	record->parent = take_digits(parser, row, at[COLUMN_PARENT], KEY_MAX);
	if (record->parent[0] != '\0' && strcmp(record->parent, record->key) == 0)
		trouble(parser, PROBLEM_ERROR, at[COLUMN_PARENT], NULL,
			tr("the organisation stands above itself", "организация указана вышестоящей самой себе"));
	parse_contacts(parser, row);
	parse_extra(parser, row);
	return record;
}
