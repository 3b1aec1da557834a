#include "table/roadmap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "table/roadmap_columns.h"

#define TEXT_MAX_BYTES (64 * 1024) /* of one field, also after a table broken over pages was joined */

struct reading {
	const char *path;
	struct problems *problems;
	struct roadmap *out;
	struct roadmap_columns columns;
	bool header;          /* some header was seen: columns is valid */
	bool under_header;    /* nothing but header rows since then */
	int table;            /* the one rows come from */
	bool table_first;     /* its first row is still to come */
	bool table_foreign;   /* it has no header and other columns: not read */
	bool full;
	char *section;        /* from a row that spans the table, or NULL */
	char *column_section; /* from a column, or NULL */
	size_t section_first; /* the first step that has it */
};

/* ---- places ---------------------------------------------------------------------- */

static const char *place_words(int table, int row, char out[static ROADMAP_PLACE_SIZE])
{
	if (table > 0)
		(void)snprintf(out, ROADMAP_PLACE_SIZE, tr("table %d, row %d", "таблица %d, строка %d"), table, row);
	else
		(void)snprintf(out, ROADMAP_PLACE_SIZE, tr("row %d", "строка %d"), row);
	return out;
}

const char *roadmap_place(const struct roadmap_step *step, char out[static ROADMAP_PLACE_SIZE])
{
	return place_words(step->table, step->row, out);
}

static void complain(struct reading *r, enum problem_severity severity, const struct docx_row *row,
	const char *text, const char *about)
{
	char words[ROADMAP_PLACE_SIZE] = "";
	struct problem_place place = {.file = r->path};
	char *clean = gate_clean_line(about, 120);
	if (row != NULL) {
		place.line = row->table > 0 ? 0 : row->row;
		place.field = row->table > 0 ? place_words(row->table, row->row, words) : NULL;
	}
	problem_add(r->problems, severity, place, NULL, clean[0] != '\0' ? "%s: «%s»" : "%s%s", text, clean);
	free(clean);
}

/* ---- cells ------------------------------------------------------------------------ */

static const char *cell(const struct docx_row *row, int column)
{
	return column >= 0 && (size_t)column < row->count ? row->cell[column].text : "";
}

static const char *field(const struct reading *r, const struct docx_row *row, enum roadmap_field f)
{
	return cell(row, r->columns.at[f]);
}

/* 1. 1.2 1.2.3. 12) */
static bool is_number(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	return digits > 0 && text[strspn(text, "0123456789.) ")] == '\0' && strlen(text) < 20;
}

static char *clean(const char *text)
{
	return gate_clean_line(text, TEXT_MAX_BYTES);
}

static void replace(char **at, char *text)
{
	free(*at);
	*at = text;
}

static char *joined(const char *left, const char *right, const char *between)
{
	char *sum = left[0] == '\0' || right[0] == '\0' ? xasprintf("%s%s", left, right)
							 : xasprintf("%s%s%s", left, between, right);
	char *out = clean(sum);
	free(sum);
	return out;
}

static size_t filled(const struct docx_row *row)
{
	size_t count = 0;
	for (size_t i = 0; i < row->count; i++)
		count += row->cell[i].text[0] != '\0';
	return count;
}

/* ---- steps ------------------------------------------------------------------------ */

static void step_fini(struct roadmap_step *step)
{
	free(step->number);
	free(step->section);
	free(step->title);
	free(step->result);
	free(step->term);
	free(step->responsible);
}

void roadmap_fini(struct roadmap *roadmap)
{
	for (size_t i = 0; i < roadmap->count; i++)
		step_fini(&roadmap->step[i]);
	free(roadmap->step);
	*roadmap = (struct roadmap){0};
}

static char *term_of(const struct reading *r, const struct docx_row *row)
{
	return joined(field(r, row, FIELD_TERM), field(r, row, FIELD_TERM_END), " – ");
}

/* The text of the section column, and of an untitled first one when it is no number. */
static const char *section_cell(const struct reading *r, const struct docx_row *row)
{
	const char *text = field(r, row, FIELD_SECTION);
	if (text[0] == '\0' && r->columns.first_is_open && !is_number(cell(row, 0)))
		text = cell(row, 0);
	return text;
}

static const char *number_cell(const struct reading *r, const struct docx_row *row)
{
	const char *text = field(r, row, FIELD_NUMBER);
	if (text[0] == '\0' && r->columns.first_is_open && is_number(cell(row, 0)))
		text = cell(row, 0);
	return text;
}

static void take_column_section(struct reading *r, const struct docx_row *row)
{
	const char *text = section_cell(r, row);
	if (text[0] == '\0')
		return;
	char *section = clean(text);
	if (r->column_section != NULL && strcmp(section, r->column_section) == 0) {
		free(section);
		return;
	}
	replace(&r->column_section, section);
	r->section_first = r->out->count;
}

static int step_add(struct reading *r, const struct docx_row *row, char *term)
{
	struct roadmap *out = r->out;
	if (out->count == ROADMAP_STEPS_MAX) {
		r->full = true;
		free(term);
		problem_add(r->problems, PROBLEM_ERROR, (struct problem_place){.file = r->path}, NULL,
			tr("more than %d steps", "больше %d мероприятий"), ROADMAP_STEPS_MAX);
		return 1;
	}
	take_column_section(r, row);
	if ((out->count & (out->count - 1)) == 0)
		out->step = xrealloc(out->step, out->count == 0 ? 1 : out->count * 2, sizeof *out->step);
	const char *section = r->column_section != NULL ? r->column_section
		: r->section != NULL ? r->section : "";
	out->step[out->count++] = (struct roadmap_step){.table = row->table,
		.row = row->row,
		.number = clean(number_cell(r, row)),
		.section = xstrdup(section),
		.title = clean(field(r, row, FIELD_TITLE)),
		.result = clean(field(r, row, FIELD_RESULT)),
		.term = term,
		.responsible = clean(field(r, row, FIELD_RESPONSIBLE))};
	return 0;
}

/* ---- a table broken over pages ------------------------------------------------------ */

static bool starts_small(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	return (p[0] >= 'a' && p[0] <= 'z') || (p[0] == 0xd0 && p[1] >= 0xb0 && p[1] <= 0xbf) ||
		(p[0] == 0xd1 && p[1] >= 0x80 && p[1] <= 0x91);
}

/* The rest of a row the page broke in two: no term of its own, and no action or
 * the second half of one. */
static bool continues_row(const struct reading *r, const struct docx_row *row)
{
	const char *title = field(r, row, FIELD_TITLE);
	return r->out->count > 0 && field(r, row, FIELD_TERM)[0] == '\0' &&
		field(r, row, FIELD_TERM_END)[0] == '\0' && number_cell(r, row)[0] == '\0' &&
		(title[0] == '\0' || starts_small(title));
}

static void join_row(struct reading *r, const struct docx_row *row)
{
	struct roadmap_step *step = &r->out->step[r->out->count - 1];
	const char *section = section_cell(r, row);
	replace(&step->title, joined(step->title, field(r, row, FIELD_TITLE), " "));
	replace(&step->result, joined(step->result, field(r, row, FIELD_RESULT), " "));
	replace(&step->responsible, joined(step->responsible, field(r, row, FIELD_RESPONSIBLE), " "));
	if (section[0] == '\0' || r->column_section == NULL)
		return;
	replace(&r->column_section, joined(r->column_section, section, " "));
	for (size_t i = r->section_first; i < r->out->count; i++)
		replace(&r->out->step[i].section, xstrdup(r->column_section));
}

static bool is_down(const struct docx_row *row, int column)
{
	return column >= 0 && (size_t)column < row->count && row->cell[column].down;
}

/* Action and term go on from the row above: this row has more of the others. */
static bool more_of_step(struct reading *r, const struct docx_row *row)
{
	static const enum roadmap_field fields[] = {FIELD_RESULT, FIELD_RESPONSIBLE};
	if (r->out->count == 0 || !is_down(row, r->columns.at[FIELD_TITLE]) || !is_down(row, r->columns.at[FIELD_TERM]))
		return false;
	struct roadmap_step *step = &r->out->step[r->out->count - 1];
	for (size_t i = 0; i < 2; i++) {
		char **text = fields[i] == FIELD_RESULT ? &step->result : &step->responsible;
		if (!is_down(row, r->columns.at[fields[i]]))
			replace(text, joined(*text, field(r, row, fields[i]), ", "));
	}
	return true;
}

/* ---- rows --------------------------------------------------------------------------- */

/* «Цель: …», «Раздел 1. …»: one text in a row of its own. */
static bool section_row(struct reading *r, const struct docx_row *row)
{
	size_t at = 0, term = (size_t)r->columns.at[FIELD_TERM];
	if (term < row->count && row->cell[term].across) { /* «1. | Раздел …» over the other columns */
		for (at = term; at > 0 && row->cell[at].across; at--)
			;
	} else if (filled(row) == 1) {
		while (row->cell[at].text[0] == '\0')
			at++;
		if (at != 0)
			return false;
	} else {
		return false;
	}
	if (row->cell[at].down || row->cell[at].text[0] == '\0' || is_number(row->cell[at].text))
		return false;
	replace(&r->section, clean(row->cell[at].text));
	replace(&r->column_section, NULL);
	return true;
}

static int data_row(struct reading *r, const struct docx_row *row)
{
	bool broken = r->table_first && row->table > 1;
	r->table_first = r->under_header = false;
	if (filled(row) == 0)
		return 0;
	if (broken && continues_row(r, row)) {
		join_row(r, row);
		return 0;
	}
	if (more_of_step(r, row) || section_row(r, row))
		return 0;
	char *term = term_of(r, row);
	const char *title = field(r, row, FIELD_TITLE);
	if (title[0] == '\0') {
		take_column_section(r, row);
		complain(r, term[0] != '\0' ? PROBLEM_ERROR : PROBLEM_WARNING, row,
			term[0] != '\0' ? tr("a term without an action", "срок без мероприятия")
					: tr("a row without an action and a term is not read",
						  "строка без мероприятия и срока не прочитана"),
			term[0] != '\0' ? term : field(r, row, FIELD_RESPONSIBLE));
		free(term);
		return 0;
	}
	if (term[0] == '\0')
		complain(r, PROBLEM_WARNING, row, tr("an action without a term", "мероприятие без срока"), title);
	return step_add(r, row, term);
}

static void table_begin(struct reading *r, const struct docx_row *row)
{
	r->table = row->table;
	r->table_first = true;
	r->table_foreign = r->header && row->count != r->columns.count;
}

/* «–» in a cell is how people write that it is empty. */
static bool is_dash(const char *text)
{
	static const char *const dashes[] = {"-", "\xe2\x80\x90", "\xe2\x80\x91", "\xe2\x80\x92", "\xe2\x80\x93",
		"\xe2\x80\x94", "\xe2\x80\x95", "\xe2\x88\x92"};
	bool any = false, more = true;
	while (more) {
		more = false;
		for (size_t i = 0; i < sizeof dashes / sizeof dashes[0] && !more; i++)
			if (strncmp(text, dashes[i], strlen(dashes[i])) == 0) {
				text += strlen(dashes[i]);
				any = more = true;
			}
	}
	return any && *text == '\0';
}

static int on_row(struct reading *r, const struct docx_row *row)
{
	struct roadmap_columns columns;
	if (row->table != r->table)
		table_begin(r, row);
	if (roadmap_columns_read(row, &columns)) {
		/* where the header stands again the section goes on, a broken row does not */
		r->columns = columns;
		r->header = r->under_header = true;
		r->table_first = r->table_foreign = false;
		return 0;
	}
	if (!r->header || r->table_foreign) {
		if (r->table_foreign && r->table_first && filled(row) > 2)
			complain(r, PROBLEM_WARNING, row,
				tr("this table is not read: it has no header of a plan",
					"эта таблица не прочитана: в ней нет заголовка плана"), "");
		r->table_first = false;
		return 0;
	}
	if (r->under_header && roadmap_columns_more(row, &r->columns))
		return 0;
	return data_row(r, row);
}

static int on_docx_row(void *arg, const struct docx_row *row)
{
	struct docx_cell cells[DOCX_COLUMNS_MAX];
	struct docx_row out = *row;
	memcpy(cells, row->cell, row->count * sizeof cells[0]);
	for (size_t i = 0; i < row->count; i++)
		if (is_dash(cells[i].text))
			cells[i].text = "";
	out.cell = cells;
	return on_row(arg, &out);
}

static int on_table_row(void *arg, const struct table_row *row)
{
	struct docx_cell cells[DOCX_COLUMNS_MAX] = {{.text = NULL}};
	size_t count = row->count < DOCX_COLUMNS_MAX ? row->count : DOCX_COLUMNS_MAX;
	for (size_t i = 0; i < count; i++)
		cells[i].text = row->cell[i];
	struct docx_row out = {.row = row->line, .count = count, .cell = cells};
	return on_docx_row(arg, &out);
}

/* ---- the file ------------------------------------------------------------------------ */

static int finish(struct reading *r, int rc)
{
	if (rc == 0 && !r->header) {
		problem_add(r->problems, PROBLEM_ERROR, (struct problem_place){.file = r->path},
			tr("the header row must name the action («Мероприятие») and the term («Срок»)",
				"в строке заголовка должны быть названы мероприятие («Мероприятие») и срок («Срок»)"),
			"%s", tr("no table of a plan was found", "таблица плана не найдена"));
		rc = -1;
	}
	if (r->full)
		rc = -1;
	if (rc != 0)
		roadmap_fini(r->out);
	free(r->section);
	free(r->column_section);
	return rc;
}

int roadmap_read(const char *path, const struct table_options *options, struct roadmap *out,
	struct problems *problems)
{
	struct reading r = {.path = path, .problems = problems, .out = out, .table = -1};
	*out = (struct roadmap){0};
	int rc = docx_is(path) ? docx_read(path, on_docx_row, &r, problems)
			       : table_read(path, options, NULL, on_table_row, NULL, &r, problems);
	return finish(&r, rc);
}
