#include "directory/columns.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "directory/search.h"

struct meaning {
	enum column_field field;
	const char *role; /* of a contact's column; NULL = the default one */
	size_t rank;
};

static bool find_word(const struct column_word *table, const char *word, struct meaning *out)
{
	for (size_t i = 0; table[i].word != NULL; i++)
		if (strcmp(table[i].word, word) == 0) {
			out->field = table[i].field;
			out->rank = i;
			return true;
		}
	return false;
}

/* The title without its role words; the first role found is given. "deputy"
 * stands before "head": «заместитель руководителя» is a deputy. */
static char *without_role(const char *key, const char **role)
{
	char *rest = xmalloc(strlen(key) + 1), *copy = xstrdup(key), *save = NULL;
	size_t len = 0;
	*role = NULL;
	for (char *word = strtok_r(copy, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save)) {
		const char *value = word_value(contact_role_words, word);
		if (value != NULL) {
			if (*role == NULL || strcmp(value, "deputy") == 0)
				*role = value;
			continue;
		}
		if (len > 0)
			rest[len++] = ' ';
		memcpy(rest + len, word, strlen(word));
		len += strlen(word);
	}
	rest[len] = '\0';
	free(copy);
	return rest;
}

static struct meaning meaning_of(const char *key)
{
	struct meaning meaning = {.field = COLUMN_EXTRA};
	if (key[0] == '\0')
		return (struct meaning){.field = COLUMN_UNTITLED};
	if (find_word(column_words, key, &meaning) || find_word(contact_words, key, &meaning))
		return meaning;
	const char *role;
	char *rest = without_role(key, &role);
	if (role != NULL && (rest[0] == '\0' || strcmp(rest, "name") == 0 || strcmp(rest, "имя") == 0))
		meaning = (struct meaning){.field = COLUMN_PERSON, .role = role};
	else if (role != NULL && find_word(contact_words, rest, &meaning))
		meaning.role = role;
	free(rest);
	return meaning;
}

bool columns_are_in(const struct table_row *row)
{
	bool key = false, name = false;
	for (size_t i = 0; i < row->count; i++) {
		char *title = table_title_key(row->cell[i]);
		enum column_field field = meaning_of(title).field;
		key = key || field == COLUMN_KEY;
		name = name || field == COLUMN_NAME;
		free(title);
	}
	return key && name;
}

static int *slot_of(struct columns *columns, const struct column *column)
{
	struct column_group *group = &columns->group[column->group];
	switch (column->field) {
	case COLUMN_ADDRESS:
		return &group->address;
	case COLUMN_PERSON:
		return &group->person;
	case COLUMN_POSITION:
		return &group->position;
	case COLUMN_PHONE:
		return &group->phone;
	case COLUMN_EXTRA:
	case COLUMN_UNTITLED:
		return NULL;
	default:
		return &columns->at[column->field];
	}
}

static int group_of(struct columns *columns, const char *role)
{
	for (size_t i = 0; i < columns->groups; i++)
		if (strcmp(columns->group[i].role, role) == 0)
			return (int)i;
	columns->group[columns->groups] = (struct column_group){
		.role = role, .address = -1, .person = -1, .position = -1, .phone = -1};
	return (int)columns->groups++;
}

static void place_column(struct columns *columns, int index, struct problem_place place,
	struct problems *problems)
{
	struct column *column = &columns->column[index];
	int *slot = slot_of(columns, column);
	if (slot == NULL)
		return;
	if (*slot < 0) {
		*slot = index;
		return;
	}
	struct column *other = &columns->column[*slot];
	struct column *loser = column->rank < other->rank ? other : column;
	const struct column *winner = loser == other ? column : other;
	*slot = (int)(winner - columns->column);
	loser->field = COLUMN_EXTRA;
	place.field = loser->title;
	problem_add(problems, PROBLEM_WARNING, place, NULL,
		tr("«%s» is used for the same thing; this column is kept as a further field",
			"для того же служит столбец «%s»; этот сохранён как дополнительное поле"),
		winner->title);
}

/* A contact is its address: without that column its name and phone are fields. */
static void drop_groups_without_address(struct columns *columns)
{
	for (size_t g = 0; g < columns->groups; g++) {
		struct column_group *group = &columns->group[g];
		if (group->address >= 0)
			continue;
		int *slots[] = {&group->person, &group->position, &group->phone};
		for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++) {
			if (*slots[i] >= 0)
				columns->column[*slots[i]].field = COLUMN_EXTRA;
			*slots[i] = -1;
		}
	}
	/* a role says whose the plain contact is; without one it is a field */
	int role = columns->at[COLUMN_ROLE];
	if (role >= 0 && columns->group[0].address < 0) {
		columns->column[role].field = COLUMN_EXTRA;
		columns->at[COLUMN_ROLE] = -1;
	}
}

static bool title_seen(const struct columns *columns, const char *key)
{
	for (size_t i = 0; i < columns->count; i++)
		if (key[0] != '\0' && strcmp(columns->column[i].key, key) == 0)
			return true;
	return false;
}

void columns_init(struct columns *columns, const struct table_row *row, const char *file,
	struct problems *problems)
{
	memset(columns, 0, sizeof *columns);
	for (size_t i = 0; i < sizeof columns->at / sizeof columns->at[0]; i++)
		columns->at[i] = -1;
	columns->column = xcalloc(row->count, sizeof *columns->column);
	(void)group_of(columns, ROLE_DEFAULT);
	for (size_t i = 0; i < row->count; i++) {
		struct problem_place place = {.file = file, .line = row->line, .field = row->cell[i]};
		char *key = table_title_key(row->cell[i]);
		if (title_seen(columns, key))
			problem_add(problems, PROBLEM_ERROR, place,
				tr("rename or delete one of them", "переименуйте или удалите один из них"),
				tr("two columns have this title", "два столбца названы так"));
		struct meaning meaning = meaning_of(key);
		columns->column[columns->count++] = (struct column){.field = meaning.field,
			.rank = meaning.rank,
			.title = xstrdup(row->cell[i]),
			.key = key,
			.group = group_of(columns, meaning.role != NULL ? meaning.role : ROLE_DEFAULT)};
		place_column(columns, (int)i, place, problems);
	}
	drop_groups_without_address(columns);
	for (size_t i = 0; i < columns->count; i++)
		columns->extra = columns->extra || columns->column[i].field == COLUMN_EXTRA;
}

void columns_fini(struct columns *columns)
{
	for (size_t i = 0; i < columns->count; i++) {
		free(columns->column[i].title);
		free(columns->column[i].key);
	}
	free(columns->column);
	memset(columns, 0, sizeof *columns);
}

void columns_report_missing(const struct table_row *row, const char *file, struct problems *problems)
{
	bool key = false;
	struct buf seen;
	buf_init(&seen, 2000);
	for (size_t i = 0; i < row->count; i++) {
		char *title = table_title_key(row->cell[i]);
		key = key || meaning_of(title).field == COLUMN_KEY;
		if (row->cell[i][0] != '\0')
			(void)buf_printf(&seen, "%s«%.100s»", seen.len > 0 ? ", " : "", row->cell[i]);
		free(title);
	}
	struct problem_place place = {.file = file, .line = row->line};
	char *hint = xasprintf(tr("this line has: %s", "в этой строке есть: %s"), buf_str(&seen));
	problem_add(problems, PROBLEM_ERROR, place, hint, "%s",
		key ? tr("no column with the name: «Наименование», «Название» or «name»",
			      "нет столбца с названием: «Наименование», «Название» или «name»")
		    : tr("no column with the key: «Ключ», «Код», «ИНН» or «key»",
			      "нет столбца с ключом: «Ключ», «Код», «ИНН» или «key»"));
	free(hint);
	buf_fini(&seen);
}

const char *columns_title(const struct columns *columns, int column)
{
	return column >= 0 && (size_t)column < columns->count ? columns->column[column].title : "";
}

static const char *field_words(enum column_field field)
{
	switch (field) {
	case COLUMN_KEY:
		return tr("key", "ключ");
	case COLUMN_NAME:
		return tr("name", "название");
	case COLUMN_KIND:
		return tr("kind", "вид организации");
	case COLUMN_REGION:
		return tr("region", "регион");
	case COLUMN_MUNICIPALITY:
		return tr("municipality", "муниципалитет");
	case COLUMN_ZONE:
		return tr("time zone", "часовой пояс");
	case COLUMN_PARENT:
		return tr("organisation above (its key)", "вышестоящая организация (её ключ)");
	case COLUMN_ROLE:
		return tr("role of the contact", "роль контакта");
	case COLUMN_ADDRESS:
		return tr("e-mail address", "адрес электронной почты");
	case COLUMN_PERSON:
		return tr("person", "контактное лицо");
	case COLUMN_POSITION:
		return tr("position", "должность");
	case COLUMN_PHONE:
		return tr("phone", "телефон");
	case COLUMN_EXTRA:
		return tr("a field of your own", "дополнительное поле");
	case COLUMN_UNTITLED:
		break;
	}
	return NULL;
}

void columns_tell(const struct columns *columns, void (*column)(void *arg, const char *title, const char *becomes), void *arg)
{
	for (size_t i = 0; i < columns->count; i++) {
		const struct column *c = &columns->column[i];
		const char *words = field_words(c->field);
		bool of_contact = c->field >= COLUMN_ADDRESS && c->field <= COLUMN_PHONE;
		const char *role = of_contact ? columns->group[c->group].role : ROLE_DEFAULT;
		if (strcmp(role, ROLE_DEFAULT) == 0) {
			column(arg, c->title, words);
			continue;
		}
		char *whole = xasprintf("%s: %s", role_shown(role), words);
		column(arg, c->title, whole);
		free(whole);
	}
}
