/* Finding one person. */
#include "person/person.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "person/inside.h"

#define PIECE 500            /* rows of one read transaction */
#define NAME_LEAST_BYTES 5   /* a shorter one is in half of all texts */
#define NAME_MAX_BYTES 300
#define FILES_SHOWN 100

int person_check(struct person *person, bool erasing, char address[static PERSON_ADDRESS_SIZE], struct error *e)
{
	if (person->address == NULL && person->name == NULL)
		return error_set(e, ERROR_INPUT, "%s", tr("say an address, or a name", "укажите адрес или имя"));
	if (person->address != NULL && gate_address(person->address, address, e) != 0)
		return -1;
	if (person->address != NULL)
		person->address = address;
	if (person->name == NULL)
		return 0;
	if (strlen(person->name) < NAME_LEAST_BYTES || strlen(person->name) > NAME_MAX_BYTES)
		return error_set(e, ERROR_INPUT, "%s", tr("a name is 5 to 300 bytes long", "имя: от 3 до 150 букв"));
	if (erasing && person->organisation == NULL)
		return error_set(e, ERROR_INPUT, "%s",
			tr("say in which organisation the name stands: others may have the same one",
				"укажите организацию: такое же имя может быть и у других"));
	return 0;
}

/* ---- finding --------------------------------------------------------------------------- */

struct found {
	struct row *row;
	size_t count;
};

static void take(void *arg, struct row *row)
{
	struct found *found = arg;
	if ((found->count & (found->count - 1)) == 0)
		found->row = xrealloc(found->row, found->count == 0 ? 1 : found->count * 2, sizeof *found->row);
	found->row[found->count++] = *row;
}

static int tell(const struct source *source, const struct row *row,
	int (*each)(void *arg, const struct person_finding *finding), void *arg)
{
	struct person_finding finding = {.source = source->name,
		.words = tr(source->en, source->ru),
		.organisation = row->organisation,
		.kept = source->update != NULL ? NULL : tr(source->kept_en, source->kept_ru)};
	for (size_t k = 0; source->key[k] != '\0'; k++)
		finding.keys[k] = row->keys[k];
	for (size_t c = 0; source->rules[c] != '\0'; c++) {
		finding.names[c] = source->columns[c];
		finding.values[c] = row->values[c];
	}
	return each(arg, &finding);
}

/* One piece in a read transaction of its own; the caller's code runs after it. */
static int look(struct db *db, const struct source *source, const struct person *person, struct person_walk *walk,
	int64_t most, struct found *found, int64_t *rows, struct error *e)
{
	if (db_begin(db, DB_READ, e) != 0)
		return -1;
	int rc = source_read(db, source, person, false, walk, most, take, found, rows, e);
	db_rollback(db);
	return rc;
}

int person_find(struct db *db, const struct person *person, struct person_walk *walk, int64_t most,
	int (*each)(void *arg, const struct person_finding *finding), void *arg, struct error *e)
{
	int rc = 0;
	while (rc == 0 && !walk->done && most > 0) {
		const struct source *source = source_at((size_t)walk->source);
		struct found found = {0};
		int64_t rows = 0, piece = most < PIECE ? most : PIECE;
		rc = look(db, source, person, walk, piece, &found, &rows, e);
		bool stop = false;
		for (size_t i = 0; i < found.count; i++) {
			stop = stop || rc != 0 || tell(source, &found.row[i], each, arg) != 0;
			row_fini(&found.row[i]);
		}
		free(found.row);
		walk->looked += rows;
		most -= rows > 0 ? rows : 1;
		if (rows < piece) {
			walk->source++;
			memset(walk->keys, 0, sizeof walk->keys);
			walk->done = (size_t)walk->source == source_count();
		}
		if (stop)
			break;
	}
	return rc;
}

int person_sources(void)
{
	return (int)source_count();
}

const char *person_source_words(const char *name)
{
	for (size_t i = 0; i < source_count(); i++)
		if (strcmp(source_at(i)->name, name) == 0)
			return tr(source_at(i)->en, source_at(i)->ru);
	return name;
}

/* ---- what is beyond ------------------------------------------------------------------------- */

static int is_case_file(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);
	return len > 4 && strcmp(entry->d_name + len - 4, ".zip") == 0;
}

static void add_files(const struct settings *settings, json_t *list)
{
	struct dirent **file;
	char *folder = xasprintf("%s/archive", settings->data_dir);
	int n = scandir(folder, &file, is_case_file, alphasort);
	for (int i = 0; i < n; i++) {
		if (i < FILES_SHOWN)
			json_array_append_new(list, json_sprintf(tr("case file %s/%s", "дело рассылки %s/%s"), folder, file[i]->d_name));
		free(file[i]);
	}
	if (n >= 0)
		free(file);
	free(folder);
}

json_t *person_beyond(const struct settings *settings)
{
	json_t *list = json_array();
	if (strcmp(settings->bus_url, "embedded") != 0)
		json_array_append_new(list, json_string(tr("Kafka's topics, until their time of keeping is over",
			"темы Kafka – до истечения срока их хранения")));
	json_array_append_new(list, json_string(tr("backups of the store", "резервные копии хранилища")));
	json_array_append_new(list, json_string(tr("the contents of files that came with answers (look at those of the organisation)",
		"содержимое файлов из ответов (посмотрите файлы организации)")));
	json_array_append_new(list, json_string(tr("the mailbox that bounces and replies come to, and the services' logs",
		"почтовый ящик для возвратов и ответов, журналы служб")));
	json_array_append_new(list, json_string(tr("case files and reports handed out earlier", "выданные ранее дела рассылок и отчёты")));
	add_files(settings, list);
	return list;
}
