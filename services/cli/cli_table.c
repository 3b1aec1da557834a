/* Tables on the terminal: columns as wide as their text, one of them cut where
 * the terminal is narrower. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/xalloc.h"
#include "cli/cli.h"

#define GAP 2            /* blanks between columns */
#define ELASTIC_LEAST 12 /* an elastic column is not cut below this */

struct cli_table {
	struct cli_column *column;
	size_t *width;
	size_t columns;
	char ***row;
	size_t rows;
};

struct cli_table *cli_table_new(const struct cli_column *columns, size_t count)
{
	struct cli_table *table = xcalloc(1, sizeof *table);
	table->column = xmemdup(columns, count * sizeof *columns);
	table->width = xcalloc(count, sizeof *table->width);
	table->columns = count;
	for (size_t i = 0; i < count; i++)
		table->width[i] = cli_width(columns[i].title);
	return table;
}

void cli_table_row(struct cli_table *table, const char *const *cells)
{
	if ((table->rows & (table->rows - 1)) == 0)
		table->row = xrealloc(
			table->row, table->rows == 0 ? 1 : table->rows * 2, sizeof *table->row);
	char **row = xcalloc(table->columns, sizeof *row);
	for (size_t i = 0; i < table->columns; i++) {
		row[i] = xstrdup(cells[i] != NULL ? cli_clean(cells[i]) : "");
		size_t width = cli_width(row[i]);
		if (width > table->width[i])
			table->width[i] = width;
	}
	table->row[table->rows++] = row;
}

size_t cli_table_rows(const struct cli_table *table)
{
	return table->rows;
}

/* Takes what is too much from the elastic columns, the widest first. */
static void fit(struct cli_table *table)
{
	size_t terminal = cli_terminal_width(), all = 0;
	if (terminal == 0)
		return;
	for (size_t i = 0; i < table->columns; i++)
		all += table->width[i] + (i > 0 ? GAP : 0);
	while (all > terminal) {
		size_t widest = table->columns;
		for (size_t i = 0; i < table->columns; i++)
			if (table->column[i].elastic && table->width[i] > ELASTIC_LEAST &&
				(widest == table->columns || table->width[i] > table->width[widest]))
				widest = i;
		if (widest == table->columns)
			return;
		table->width[widest]--;
		all--;
	}
}

/* Bytes of text that fit in `columns`. */
static size_t bytes_within(const char *text, size_t columns)
{
	size_t used = 0, at = 0, len = strlen(text);
	mbstate_t state = {0};
	while (at < len) {
		wchar_t c;
		size_t n = mbrtowc(&c, text + at, len - at, &state);
		int w = n == (size_t)-1 || n == (size_t)-2 ? 1 : wcwidth(c);
		if (n == (size_t)-1 || n == (size_t)-2 || n == 0)
			n = 1;
		if (used + (size_t)(w > 0 ? w : 0) > columns)
			break;
		used += (size_t)(w > 0 ? w : 0);
		at += n;
	}
	return at;
}

static void print_cell(const struct cli_table *table, size_t i, const char *text)
{
	size_t width = cli_width(text), want = table->width[i];
	bool last = i + 1 == table->columns;
	if (i > 0)
		printf("%*s", GAP, "");
	if (table->column[i].right && width < want)
		printf("%*s", (int)(want - width), "");
	if (width > want) {
		size_t bytes = bytes_within(text, want - 1);
		printf("%.*s…", (int)bytes, text);
		width = want;
	} else {
		fputs(text, stdout);
	}
	if (!table->column[i].right && !last && width < want)
		printf("%*s", (int)(want - width), "");
}

void cli_table_print(struct cli_table **table_p)
{
	struct cli_table *table = *table_p;
	if (table == NULL)
		return;
	fit(table);
	for (size_t i = 0; i < table->columns; i++)
		print_cell(table, i, table->column[i].title);
	putchar('\n');
	for (size_t r = 0; r < table->rows; r++) {
		for (size_t i = 0; i < table->columns; i++)
			print_cell(table, i, table->row[r][i]);
		putchar('\n');
	}
	cli_table_free(table_p);
}

void cli_table_free(struct cli_table **table_p)
{
	struct cli_table *table = *table_p;
	if (table == NULL)
		return;
	for (size_t r = 0; r < table->rows; r++) {
		for (size_t i = 0; i < table->columns; i++)
			free(table->row[r][i]);
		free(table->row[r]);
	}
	free(table->row);
	free(table->column);
	free(table->width);
	free(table);
	*table_p = NULL;
}
