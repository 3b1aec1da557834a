#include "table/xlsx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/lang.h"
#include "base/xalloc.h"

#define SHEETS_MAX 1024
#define PATH_MAX_BYTES 256

struct relation {
	char *id, *type, *target;
};

struct sheet_entry {
	char *name, *relation;
	bool hidden;
};

struct workbook {
	struct relation *relation;
	size_t relations;
	struct sheet_entry *sheet;
	size_t sheets;
	bool since_1904;
};

static void on_relation(void *arg, const char *name, const char **attributes)
{
	struct workbook *book = arg;
	const char *id = xlsx_attribute(attributes, "Id");
	const char *type = xlsx_attribute(attributes, "Type");
	const char *target = xlsx_attribute(attributes, "Target");
	if (strcmp(name, "Relationship") != 0 || id == NULL || type == NULL || target == NULL ||
		book->relations == SHEETS_MAX)
		return;
	if (book->relation == NULL)
		book->relation = xcalloc(SHEETS_MAX, sizeof *book->relation);
	book->relation[book->relations++] = (struct relation){
		.id = xstrdup(id), .type = xstrdup(type), .target = xstrdup(target)};
}

static void forget_relations(struct workbook *book)
{
	for (size_t i = 0; i < book->relations; i++) {
		free(book->relation[i].id);
		free(book->relation[i].type);
		free(book->relation[i].target);
	}
	book->relations = 0;
}

static void workbook_fini(struct workbook *book)
{
	forget_relations(book);
	free(book->relation);
	for (size_t i = 0; i < book->sheets; i++) {
		free(book->sheet[i].name);
		free(book->sheet[i].relation);
	}
	free(book->sheet);
}

/* "r:id" under whatever prefix the file uses. */
static const char *relation_id(const char **attributes)
{
	for (; attributes[0] != NULL; attributes += 2) {
		const char *colon = strchr(attributes[0], ':');
		if (colon != NULL && strcmp(colon, ":id") == 0)
			return attributes[1];
	}
	return NULL;
}

static void on_workbook(void *arg, const char *name, const char **attributes)
{
	struct workbook *book = arg;
	if (strcmp(name, "workbookPr") == 0) {
		const char *value = xlsx_attribute(attributes, "date1904");
		book->since_1904 = value != NULL && (strcmp(value, "1") == 0 || strcmp(value, "true") == 0);
	}
	if (strcmp(name, "sheet") != 0 || book->sheets == SHEETS_MAX)
		return;
	const char *title = xlsx_attribute(attributes, "name");
	const char *state = xlsx_attribute(attributes, "state");
	const char *id = relation_id(attributes);
	if (title == NULL || id == NULL)
		return;
	if (book->sheet == NULL)
		book->sheet = xcalloc(SHEETS_MAX, sizeof *book->sheet);
	book->sheet[book->sheets++] = (struct sheet_entry){.name = xstrdup(title),
		.relation = xstrdup(id),
		.hidden = state != NULL && strcmp(state, "visible") != 0};
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), n = strlen(end);
	return len >= n && strcmp(text + len - n, end) == 0;
}

/* A relation's target as a name in the package. base: the folder of the part
 * that has the relation, with its '/'. */
static void target_path(const char *base, const char *target, char out[static PATH_MAX_BYTES])
{
	if (target[0] == '/')
		(void)snprintf(out, PATH_MAX_BYTES, "%s", target + 1);
	else if (strncmp(target, "../", 3) == 0) /* out of xl/: the package's root */
		(void)snprintf(out, PATH_MAX_BYTES, "%s", target + 3);
	else
		(void)snprintf(out, PATH_MAX_BYTES, "%s%s", base, target);
}

static const struct relation *relation_of_type(const struct workbook *book, const char *type)
{
	for (size_t i = 0; i < book->relations; i++)
		if (ends_with(book->relation[i].type, type))
			return &book->relation[i];
	return NULL;
}

static const struct relation *relation_with_id(const struct workbook *book, const char *id)
{
	for (size_t i = 0; i < book->relations; i++)
		if (strcmp(book->relation[i].id, id) == 0)
			return &book->relation[i];
	return NULL;
}

static void report_no_workbook(struct sink *sink)
{
	sink_problem(sink, 0, 0, tr("save the table as .xlsx or .csv", "сохраните таблицу как .xlsx или .csv"),
		tr("this is not an .xlsx workbook", "это не книга .xlsx"));
}

/* Finds the workbook part and reads it with its relations. base gets its folder. */
static int workbook_read(
	struct xlsx_package *package, struct workbook *book, char base[static PATH_MAX_BYTES])
{
	struct xlsx_part relations = {.start = on_relation, .arg = book};
	struct xlsx_part sheets = {.start = on_workbook, .arg = book};
	char path[PATH_MAX_BYTES] = "xl/workbook.xml", relations_path[2 * PATH_MAX_BYTES];
	if (xlsx_part_read(package, "_rels/.rels", &relations) == XLSX_FAILED)
		return -1;
	const struct relation *document = relation_of_type(book, "/officeDocument");
	if (document != NULL)
		target_path("", document->target, path);
	forget_relations(book);
	if (ends_with(path, ".bin")) {
		report_no_workbook(package->sink); /* .xlsb */
		return -1;
	}
	enum xlsx_found found = xlsx_part_read(package, path, &sheets);
	if (found == XLSX_MISSING)
		report_no_workbook(package->sink); /* .docx, .ods, any other zip */
	if (found != XLSX_READ)
		return -1;
	const char *slash = strrchr(path, '/');
	const char *file = slash != NULL ? slash + 1 : path;
	(void)snprintf(base, PATH_MAX_BYTES, "%.*s", (int)(file - path), path);
	(void)snprintf(relations_path, sizeof relations_path, "%s_rels/%s.rels", base, file);
	relations = (struct xlsx_part){.start = on_relation, .arg = book};
	return xlsx_part_read(package, relations_path, &relations) == XLSX_FAILED ? -1 : 0;
}

static const struct relation *choose_sheet(const struct workbook *book, const char *wanted,
	struct table_facts *facts, struct sink *sink)
{
	struct buf names;
	const struct relation *relation = NULL;
	buf_init(&names, 4096);
	for (size_t i = 0; i < book->sheets && relation == NULL; i++) {
		const struct sheet_entry *entry = &book->sheet[i];
		const struct relation *target = relation_with_id(book, entry->relation);
		/* a chart sheet has no rows */
		if (target == NULL || !ends_with(target->type, "/worksheet"))
			continue;
		if (!entry->hidden)
			(void)buf_printf(&names, "%s%s", names.len > 0 ? ", " : "", entry->name);
		if (wanted != NULL ? strcmp(wanted, entry->name) == 0 : !entry->hidden) {
			relation = target;
			(void)snprintf(facts->sheet, sizeof facts->sheet, "%s", entry->name);
		}
	}
	if (relation == NULL && wanted != NULL)
		sink_problem(sink, 0, 0, buf_str(&names), tr("no sheet «%s»; there are:", "нет листа «%s»; есть:"), wanted);
	else if (relation == NULL)
		sink_problem(sink, 0, 0, NULL, tr("the workbook has no visible sheet", "в книге нет видимых листов"));
	buf_fini(&names);
	return relation;
}

/* The part of this kind, or its usual name. */
static void part_path(const struct workbook *book, const char *base, const char *type,
	const char *usual, char out[static PATH_MAX_BYTES])
{
	const struct relation *relation = relation_of_type(book, type);
	target_path(base, relation != NULL ? relation->target : usual, out);
}

static int read_sheet(struct xlsx_package *package, const char *wanted, struct table_facts *facts)
{
	struct workbook book = {0};
	struct xlsx_strings *strings = NULL;
	struct xlsx_styles *styles = NULL;
	char base[PATH_MAX_BYTES], path[PATH_MAX_BYTES];
	int rc = -1;
	if (workbook_read(package, &book, base) != 0)
		goto out;
	const struct relation *sheet = choose_sheet(&book, wanted, facts, package->sink);
	if (sheet == NULL)
		goto out;
	part_path(&book, base, "/styles", "styles.xml", path);
	styles = xlsx_styles_read(package, path);
	if (styles == NULL)
		goto out;
	part_path(&book, base, "/sharedStrings", "sharedStrings.xml", path);
	strings = xlsx_strings_read(package, path);
	if (strings == NULL)
		goto out;
	target_path(base, sheet->target, path);
	rc = xlsx_sheet_read(package, path, strings, styles, book.since_1904, facts->bytes);
out:
	xlsx_strings_free(&strings);
	xlsx_styles_free(&styles);
	workbook_fini(&book);
	return rc;
}

int xlsx_read(const char *path, const struct table_options *options, struct table_facts *facts,
	struct sink *sink)
{
	struct stat st;
	int code = 0;
	if (stat(path, &st) == 0)
		facts->bytes = st.st_size;
	(void)snprintf(facts->encoding, sizeof facts->encoding, "UTF-8");
	struct xlsx_package package = {.sink = sink, .unpacked_max = options->unpacked_max};
	package.zip = zip_open(path, ZIP_RDONLY | ZIP_CHECKCONS, &code);
	if (package.zip == NULL) {
		zip_error_t error;
		zip_error_init_with_code(&error, code);
		sink_problem(sink, 0, 0,
			tr("open it in a spreadsheet program and save it again as .xlsx",
				"откройте книгу в редакторе таблиц и сохраните ещё раз как .xlsx"),
			tr("the workbook is damaged: %s", "книга повреждена: %s"),
			zip_error_strerror(&error));
		zip_error_fini(&error);
		return -1;
	}
	int rc = read_sheet(&package, options->sheet, facts);
	zip_discard(package.zip);
	return rc;
}
