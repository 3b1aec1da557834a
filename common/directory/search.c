#include "directory/search.h"

#include <stdlib.h>
#include <string.h>

#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "store/rows.h"
#include "table/table.h"

#define WORDS_MAX 4
#define TEXT_MAX_BYTES 300

char *search_text(const char *name, const char *key, const char *municipality, const char *region)
{
	char *whole = xasprintf("%s %s %s %s", name, key, municipality, region), *folded = table_title_key(whole);
	free(whole);
	char *text = xasprintf(" %s", folded); /* each word has a blank before it: looked for by its beginning */
	free(folded);
	return text;
}

/* false in *left: no row is without. */
static int fill_one(struct db *tx, bool *left, struct error *e)
{
	struct db_stmt *row;
	if (db_query(tx, &row, e,
		    "SELECT id, name, key, COALESCE(municipality, ''), COALESCE(region, '') FROM organisation WHERE search = ''"
		    " ORDER BY id LIMIT 1",
		    "") != 0)
		return -1;
	enum db_step step = db_step(row, e);
	*left = step == DB_ROW;
	if (step != DB_ROW)
		return step == DB_FAILED ? -1 : 0;
	int64_t id = db_int(row, 0);
	char *search = search_text(db_text(row, 1), db_text(row, 2), db_text(row, 3), db_text(row, 4));
	db_reset(row);
	int rc = db_exec(tx, e, "UPDATE organisation SET search = $2 WHERE id = $1", "is", id, search);
	free(search);
	return rc;
}

int search_fill(struct db *db, int64_t most, bool *left, struct error *e)
{
	return rows_fill(db, most, left, fill_one, e);
}

/* ---- what is asked for ------------------------------------------------------------------- */

struct asked {
	char *word[WORDS_MAX]; /* patterns of LIKE; "%" = any */
	char *from, *to;       /* addresses that begin so; "" = any */
};

static void asked_init(struct asked *asked, const char *text)
{
	char *cut = gate_clean_line(text == NULL ? "" : text, TEXT_MAX_BYTES), *save = NULL;
	size_t count = 0;
	*asked = (struct asked){0};
	bool address = strchr(cut, '@') != NULL;
	char *folded = table_title_key(address ? "" : cut);
	for (char *word = strtok_r(folded, " ", &save); word != NULL && count < WORDS_MAX; word = strtok_r(NULL, " ", &save))
		asked->word[count++] = xasprintf("%% %s%%", word);
	while (count < WORDS_MAX)
		asked->word[count++] = xstrdup("%");
	free(folded);
	for (char *p = cut; address && *p != '\0'; p++)
		*p = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;
	asked->from = xstrdup(address ? cut : "");
	asked->to = address ? xasprintf("%s\x7f", cut) : xstrdup("");
	free(cut);
}

static void asked_fini(struct asked *asked)
{
	for (size_t i = 0; i < WORDS_MAX; i++)
		free(asked->word[i]);
	free(asked->from);
	free(asked->to);
}

static const char *given(const char *text)
{
	return text == NULL ? "" : text;
}

/* An address has an index, so has a parent; the rest is a walk in order of id that ends when a page is full. */
#define FITS                                                                                             \
	" o.id > $1 AND ($2 = '' OR o.kind = $2) AND ($3 = '' OR o.region = $3) AND ($4 = '' OR o.municipality = $4)" \
	" AND ($5 = '' OR o.parent_key = $5)"                                                             \
	" AND o.search LIKE $6 AND o.search LIKE $7 AND o.search LIKE $8 AND o.search LIKE $9"
#define HAS_ADDRESS " AND o.id IN (SELECT organisation FROM contact WHERE address >= $11 AND address < $12)"
/* Said by itself: beside an «or» its index is not used. */
#define HAS_PARENT " AND o.parent_key = $5"
#define COLUMNS                                                                                           \
	"SELECT o.id, o.key, o.name, o.kind, o.region, o.municipality,"                                   \
	" (SELECT c.address FROM contact c WHERE c.organisation = o.id AND c.active = 1 ORDER BY c.id LIMIT 1)," \
	" (SELECT c.name FROM contact c WHERE c.organisation = o.id AND c.active = 1 ORDER BY c.id LIMIT 1)," \
	" (SELECT COUNT(*) FROM contact c WHERE c.organisation = o.id AND c.active = 1), o.active"        \
	" FROM organisation o WHERE"
#define PAGE " ORDER BY o.id LIMIT $10"
#define COUNT_FROM "SELECT COUNT(*) FROM (SELECT o.id FROM organisation o WHERE"

struct statements {
	const char *all, *by_address, *by_parent;
};

static int query(struct db *db, struct db_stmt **stmt, const struct statements *sql, const struct search_filter *f,
	struct error *e)
{
	struct asked asked;
	asked_init(&asked, f->text);
	int rc;
	if (asked.from[0] != '\0')
		rc = db_query(db, stmt, e, sql->by_address, "issssssssiss", f->after, given(f->kind), given(f->region),
			given(f->municipality), given(f->parent), asked.word[0], asked.word[1], asked.word[2], asked.word[3], f->most,
			asked.from, asked.to);
	else
		rc = db_query(db, stmt, e, given(f->parent)[0] != '\0' ? sql->by_parent : sql->all, "issssssssi", f->after,
			given(f->kind), given(f->region), given(f->municipality), given(f->parent), asked.word[0], asked.word[1],
			asked.word[2], asked.word[3], f->most);
	asked_fini(&asked);
	return rc;
}

static const struct statements pages = {.all = (COLUMNS FITS PAGE),
	.by_address = (COLUMNS FITS HAS_ADDRESS PAGE),
	.by_parent = (COLUMNS FITS HAS_PARENT PAGE)};
static const struct statements counts = {.all = (COUNT_FROM FITS " LIMIT $10) f"),
	.by_address = (COUNT_FROM FITS HAS_ADDRESS " LIMIT $10) f"),
	.by_parent = (COUNT_FROM FITS HAS_PARENT " LIMIT $10) f")};

int search_each(struct db *db, const struct search_filter *filter, int (*each)(void *arg, const struct search_found *found),
	void *arg, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step = DB_DONE;
	if (query(db, &stmt, &pages, filter, e) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW) {
		const struct search_found found = {.id = db_int(stmt, 0),
			.key = db_text(stmt, 1),
			.name = db_text(stmt, 2),
			.kind = db_text(stmt, 3),
			.region = given(db_text(stmt, 4)),
			.municipality = given(db_text(stmt, 5)),
			.address = given(db_text(stmt, 6)),
			.person = given(db_text(stmt, 7)),
			.contacts = db_int(stmt, 8),
			.active = db_int(stmt, 9) != 0};
		if (each(arg, &found) != 0) {
			db_reset(stmt);
			return 0;
		}
	}
	return step == DB_FAILED ? -1 : 0;
}

int search_count(struct db *db, const struct search_filter *filter, int64_t *count, struct error *e)
{
	struct db_stmt *stmt;
	*count = 0;
	if (query(db, &stmt, &counts, filter, e) != 0)
		return -1;
	enum db_step step = db_step(stmt, e);
	if (step == DB_ROW) {
		*count = db_int(stmt, 0);
		db_reset(stmt);
	}
	return step == DB_FAILED ? -1 : 0;
}

/* From one value to the next by the index, not through all rows. */
#define STEPS(column, of)                                                                                 \
	"WITH RECURSIVE v(x) AS (SELECT MIN(" column ") FROM organisation WHERE " of column " > ''"       \
	" UNION ALL SELECT (SELECT MIN(" column ") FROM organisation WHERE " of column " > v.x) FROM v"   \
	" WHERE v.x IS NOT NULL) SELECT x FROM v WHERE x IS NOT NULL LIMIT $1"

json_t *search_values(struct db *db, enum search_place place, const char *region, int64_t most, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	json_t *all = json_array();
	int rc = place == SEARCH_KINDS ? db_query(db, &stmt, e, STEPS("kind", ""), "i", most)
		: place == SEARCH_REGIONS
		? db_query(db, &stmt, e, STEPS("region", ""), "i", most)
		: db_query(db, &stmt, e, STEPS("municipality", "region = $2 AND "), "is", most, given(region));
	if (rc != 0) {
		json_decref(all);
		return NULL;
	}
	while ((step = db_step(stmt, e)) == DB_ROW)
		json_array_append_new(all, json_string(db_text(stmt, 0)));
	if (step != DB_FAILED)
		return all;
	json_decref(all);
	return NULL;
}

/* ---- words --------------------------------------------------------------------------------- */

struct shown {
	const char *slug, *en, *ru;
};

static const char *shown_of(const struct shown *table, const char *slug)
{
	for (; table->slug != NULL; table++)
		if (strcmp(table->slug, slug) == 0)
			return lang_get() == LANG_RU ? table->ru : table->en;
	return slug;
}

const char *kind_shown(const char *kind)
{
	static const struct shown kinds[] = {{"ministry", "ministry", "министерство"},
		{"municipal-authority", "municipal authority", "муниципальный орган"}, {"school", "school", "школа"},
		{"college", "college", "колледж, техникум"}, {"university", "university", "вуз"},
		{"kindergarten", "kindergarten", "детский сад"}, {"further-education", "further education", "дополнительное образование"},
		{"methodical-centre", "methodical centre", "методический центр"}, {"institute", "institute", "институт"},
		{"organisation", "organisation", "организация"}, {NULL, NULL, NULL}};
	return shown_of(kinds, kind);
}

const char *role_shown(const char *role)
{
	static const struct shown roles[] = {{"coordinator", "coordinator", "координатор"}, {"head", "head", "руководитель"},
		{"deputy", "deputy", "заместитель"}, {"secretary", "secretary", "секретарь"}, {NULL, NULL, NULL}};
	return shown_of(roles, role);
}
