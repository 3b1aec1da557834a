#include "table/xlsx.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/gate.h"
#include "base/xalloc.h"

/* Excel itself allows 64,000 and 250. */
#define STYLES_MAX 65536
#define FORMATS_MAX 4096

struct custom_format {
	long long id;
	struct xlsx_style style;
};

struct xlsx_styles {
	struct xlsx_style *style; /* by the cell's s= */
	size_t count;
	struct custom_format *custom;
	size_t custom_count;
	bool in_cell_formats;
};

/* The part of a format code that people's eyes are on: the first section,
 * without quoted text, escaped characters, [colours] and [$-419]. Elapsed time
 * ([h]) keeps its letter. */
static size_t bare_code(const char *code, char *out, size_t size)
{
	size_t len = 0;
	for (const char *p = code; *p != '\0' && *p != ';' && len + 1 < size; p++) {
		if (*p == '"') {
			p = strchr(p + 1, '"');
			if (p == NULL)
				break;
		} else if (*p == '\\' || *p == '_' || *p == '*') {
			if (p[1] != '\0')
				p++;
		} else if (*p == '[') {
			const char *close = strchr(p, ']');
			if (close == NULL)
				break;
			if (strchr("hms", tolower((unsigned char)p[1])) != NULL && (close - p) <= 3)
				out[len++] = (char)tolower((unsigned char)p[1]);
			p = close;
		} else {
			out[len++] = (char)tolower((unsigned char)*p);
		}
	}
	out[len] = '\0';
	return len;
}

struct xlsx_style xlsx_format_parse(const char *code)
{
	char bare[256];
	size_t len = bare_code(code, bare, sizeof bare);
	struct xlsx_style style = {.format = XLSX_GENERAL};
	if (strcmp(bare, "general") == 0 || strcmp(bare, "@") == 0)
		return style;
	bool date = strpbrk(bare, "yd") != NULL;
	bool time = strpbrk(bare, "hs") != NULL;
	bool month = strchr(bare, 'm') != NULL && !time;
	if (date || month)
		style.format = time ? XLSX_DATE_TIME : XLSX_DATE;
	else if (time)
		style.format = XLSX_TIME;
	else if (strchr(bare, '%') != NULL)
		style.format = XLSX_PERCENT;
	else if (len > 1 && strspn(bare, "0") == len)
		style = (struct xlsx_style){.format = XLSX_ZEROS, .zeros = len > 20 ? 20 : (int)len};
	return style;
}

/* ECMA-376 part 1, 18.8.30: the ones a file does not spell out. */
static struct xlsx_style builtin_format(long long id)
{
	enum xlsx_format format = XLSX_GENERAL;
	if ((id >= 14 && id <= 17) || (id >= 27 && id <= 31) || id == 36 || (id >= 50 && id <= 54) ||
		id == 57 || id == 58)
		format = XLSX_DATE;
	else if (id == 22)
		format = XLSX_DATE_TIME;
	else if ((id >= 18 && id <= 21) || (id >= 45 && id <= 47) || (id >= 32 && id <= 35) ||
		id == 55 || id == 56)
		format = XLSX_TIME;
	else if (id == 9 || id == 10)
		format = XLSX_PERCENT;
	return (struct xlsx_style){.format = format};
}

static struct xlsx_style style_of(const struct xlsx_styles *styles, long long id)
{
	for (size_t i = 0; i < styles->custom_count; i++)
		if (styles->custom[i].id == id)
			return styles->custom[i].style;
	return builtin_format(id);
}

static long long number_of(const char **attributes, const char *name)
{
	const char *text = xlsx_attribute(attributes, name);
	long long value;
	return text != NULL && gate_int64(text, 0, 1000000, &value) ? value : -1;
}

static void on_start(void *arg, const char *name, const char **attributes)
{
	struct xlsx_styles *styles = arg;
	if (strcmp(name, "cellXfs") == 0) {
		styles->in_cell_formats = true;
	} else if (strcmp(name, "numFmt") == 0 && styles->custom_count < FORMATS_MAX) {
		const char *code = xlsx_attribute(attributes, "formatCode");
		if (styles->custom == NULL)
			styles->custom = xcalloc(FORMATS_MAX, sizeof *styles->custom);
		styles->custom[styles->custom_count++] =
			(struct custom_format){.id = number_of(attributes, "numFmtId"),
				.style = xlsx_format_parse(code != NULL ? code : "General")};
	} else if (strcmp(name, "xf") == 0 && styles->in_cell_formats && styles->count < STYLES_MAX) {
		if ((styles->count & (styles->count - 1)) == 0)
			styles->style = xrealloc(styles->style,
				styles->count == 0 ? 1 : styles->count * 2, sizeof *styles->style);
		styles->style[styles->count++] = style_of(styles, number_of(attributes, "numFmtId"));
	}
}

static void on_end(void *arg, const char *name)
{
	struct xlsx_styles *styles = arg;
	if (strcmp(name, "cellXfs") == 0)
		styles->in_cell_formats = false;
}

struct xlsx_styles *xlsx_styles_read(struct xlsx_package *package, const char *name)
{
	struct xlsx_styles *styles = xcalloc(1, sizeof *styles);
	struct xlsx_part part = {.start = on_start, .end = on_end, .arg = styles};
	if (xlsx_part_read(package, name, &part) == XLSX_FAILED)
		xlsx_styles_free(&styles);
	return styles;
}

void xlsx_styles_free(struct xlsx_styles **styles)
{
	if (*styles == NULL)
		return;
	free((*styles)->style);
	free((*styles)->custom);
	free(*styles);
	*styles = NULL;
}

struct xlsx_style xlsx_styles_get(const struct xlsx_styles *styles, uint64_t index)
{
	return index < styles->count ? styles->style[index]
				     : (struct xlsx_style){.format = XLSX_GENERAL};
}
