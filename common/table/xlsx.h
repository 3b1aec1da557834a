/* XLSX through libzip and expat. xlsx.c opens the workbook and chooses the
 * sheet, xlsx_part.c reads one part safely, xlsx_strings.c keeps the shared
 * strings, xlsx_styles.c knows which cells are dates, xlsx_sheet.c reads rows. */
#ifndef VESTNIK_TABLE_XLSX_H
#define VESTNIK_TABLE_XLSX_H

#include <expat.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zip.h>

#include "base/buf.h"
#include "table/sink.h"

/* 0 when the sheet was read to its end (or the caller stopped), else -1. */
int xlsx_read(const char *path, const struct table_options *options, struct table_facts *facts,
	struct sink *sink);

/* ---- one part ---------------------------------------------------------------- */

struct xlsx_package {
	zip_t *zip;
	struct sink *sink;
	int64_t unpacked;  /* bytes of all parts so far */
	int64_t unpacked_max; /* 0 = TABLE_UNPACKED_MAX_BYTES */
	bool document;     /* a Word document: for the words of messages */
};

struct xlsx_part {
	void (*start)(void *arg, const char *name, const char **attributes);
	void (*end)(void *arg, const char *name);
	void (*text)(void *arg, const char *text, int len);
	void *arg;
	/* packed bytes of the part that were read; may be NULL */
	void (*progress)(void *arg, int64_t done, int64_t total);
	XML_Parser parser; /* while reading: for xlsx_part_stop */
	bool stopped;
	int depth;
	bool refused;      /* doctype, too deep, endless tag */
};

enum xlsx_found { XLSX_FAILED = -1, XLSX_MISSING = 0, XLSX_READ = 1 };
/* Parses a part. Names come without their namespace prefix. A doctype, a tag
 * without end, absurd depth, a bad checksum, more than TABLE_UNPACKED_MAX_BYTES
 * in all are reported: XLSX_FAILED. Also after xlsx_part_stop (not reported). */
enum xlsx_found xlsx_part_read(struct xlsx_package *package, const char *name,
	struct xlsx_part *part);
void xlsx_part_stop(struct xlsx_part *part);
/* The attribute's value or NULL; a prefix ("r:id") is part of no name here. */
const char *xlsx_attribute(const char **attributes, const char *name);

/* ---- shared strings ------------------------------------------------------------ */

struct xlsx_strings;
/* NULL after a problem. A workbook without shared strings gives an empty list. */
struct xlsx_strings *xlsx_strings_read(struct xlsx_package *package, const char *name);
void xlsx_strings_free(struct xlsx_strings **strings);
/* NULL when there is no such string. Valid as long as the list. */
const char *xlsx_strings_get(const struct xlsx_strings *strings, uint64_t index, size_t *len);
/* Excel writes control characters as _x000D_: made real again, in place. */
size_t xlsx_unescape(char *text, size_t len);

/* ---- styles and numbers ---------------------------------------------------------- */

enum xlsx_format { XLSX_GENERAL, XLSX_DATE, XLSX_TIME, XLSX_DATE_TIME, XLSX_PERCENT, XLSX_ZEROS };
struct xlsx_style {
	enum xlsx_format format;
	int zeros; /* XLSX_ZEROS: at least this many digits */
};
struct xlsx_styles;
struct xlsx_styles *xlsx_styles_read(struct xlsx_package *package, const char *name);
void xlsx_styles_free(struct xlsx_styles **styles);
struct xlsx_style xlsx_styles_get(const struct xlsx_styles *styles, uint64_t index);
/* The class of a format code such as "dd.mm.yyyy" or "0000000000". */
struct xlsx_style xlsx_format_parse(const char *code);
/* The number as a person sees it: integers in full, dates дд.мм.гггг. Text that
 * is no number comes back as it is. out: XLSX_NUMBER_SIZE bytes. */
#define XLSX_NUMBER_SIZE 64
void xlsx_number(const char *value, struct xlsx_style style, bool since_1904,
	char out[static XLSX_NUMBER_SIZE]);

/* ---- the sheet --------------------------------------------------------------------- */

int xlsx_sheet_read(struct xlsx_package *package, const char *name,
	const struct xlsx_strings *strings, const struct xlsx_styles *styles, bool since_1904,
	int64_t file_bytes);

#endif
