#include "table/xlsx.h"

#include <string.h>

#include "base/lang.h"

#define CHUNK_BYTES (64 * 1024)
/* A real part is some 8 deep; expat keeps memory for every open tag. */
#define DEPTH_MAX 64
/* expat keeps a tag until its '>' has come; real ones have some hundred bytes. */
#define TAG_MAX_BYTES (1024 * 1024)

static const char *local_name(const char *name)
{
	const char *colon = strchr(name, ':');
	return colon != NULL ? colon + 1 : name;
}

const char *xlsx_attribute(const char **attributes, const char *name)
{
	for (; attributes[0] != NULL; attributes += 2)
		if (strcmp(attributes[0], name) == 0)
			return attributes[1];
	return NULL;
}

static void refuse(struct xlsx_part *part)
{
	part->refused = true;
	(void)XML_StopParser(part->parser, XML_FALSE);
}

static void on_start(void *arg, const char *name, const char **attributes)
{
	struct xlsx_part *part = arg;
	if (++part->depth > DEPTH_MAX)
		refuse(part);
	else if (!part->stopped)
		part->start(part->arg, local_name(name), attributes);
}

static void on_end(void *arg, const char *name)
{
	struct xlsx_part *part = arg;
	part->depth--;
	if (part->end != NULL && !part->stopped && !part->refused)
		part->end(part->arg, local_name(name));
}

static void on_text(void *arg, const char *text, int len)
{
	struct xlsx_part *part = arg;
	if (part->text != NULL && !part->stopped && !part->refused)
		part->text(part->arg, text, len);
}

/* Spreadsheets have none; entities are how XML bombs are made. */
static void on_doctype(
	void *arg, const char *name, const char *system, const char *public_id, int internal)
{
	(void)name, (void)system, (void)public_id, (void)internal;
	refuse(arg);
}

void xlsx_part_stop(struct xlsx_part *part)
{
	part->stopped = true;
	(void)XML_StopParser(part->parser, XML_FALSE);
}

static enum xlsx_found report(struct xlsx_package *package, const char *name, const char *what)
{
	if (package->document)
		sink_problem(package->sink, 0, 0,
			tr("open it in a word processor and save it again as .docx",
				"откройте документ в текстовом редакторе и сохраните ещё раз как .docx"),
			tr("the document is damaged (%s): %s", "документ повреждён (%s): %s"), name, what);
	else
		sink_problem(package->sink, 0, 0,
			tr("open it in a spreadsheet program and save it again as .xlsx",
				"откройте книгу в редакторе таблиц и сохраните ещё раз как .xlsx"),
			tr("the workbook is damaged (%s): %s", "книга повреждена (%s): %s"), name, what);
	return XLSX_FAILED;
}

static enum xlsx_found report_refused(struct xlsx_package *package, const char *name)
{
	if (package->document)
		return report(package, name,
			tr("it contains what no word processor writes (DOCTYPE or absurd nesting)",
				"в нём есть то, чего текстовые редакторы не пишут (DOCTYPE или нелепая вложенность)"));
	return report(package, name,
		tr("it contains what no spreadsheet program writes (DOCTYPE or absurd nesting)",
			"в ней есть то, чего редакторы таблиц не пишут (DOCTYPE или нелепая вложенность)"));
}

static enum xlsx_found parse(
	struct xlsx_package *package, const char *name, zip_file_t *file, struct xlsx_part *part,
	int64_t total)
{
	int64_t fed = 0;
	int64_t max = package->unpacked_max > 0 ? package->unpacked_max : TABLE_UNPACKED_MAX_BYTES;
	for (;;) {
		void *chunk = XML_GetBuffer(part->parser, CHUNK_BYTES);
		if (chunk == NULL)
			return report(package, name, "memory");
		zip_int64_t n = zip_fread(file, chunk, CHUNK_BYTES);
		if (n < 0) /* a wrong checksum shows here, at the end */
			return report(package, name, zip_file_strerror(file));
		fed += n;
		package->unpacked += n;
		if (package->unpacked > max) {
			sink_problem(package->sink, 0, 0,
				tr("split the table", "разделите таблицу"),
				package->document
					? tr("the document unpacks to more than %lld MB",
						  "документ распаковывается больше чем в %lld МБ")
					: tr("the workbook unpacks to more than %lld MB",
						  "книга распаковывается больше чем в %lld МБ"),
				(long long)(max / (1024 * 1024)));
			return XLSX_FAILED;
		}
		enum XML_Status status = XML_ParseBuffer(part->parser, (int)n, n == 0);
		if (part->stopped)
			return XLSX_FAILED;
		if (part->refused || fed - XML_GetCurrentByteIndex(part->parser) > TAG_MAX_BYTES)
			return report_refused(package, name);
		if (status != XML_STATUS_OK)
			return report(package, name, XML_ErrorString(XML_GetErrorCode(part->parser)));
		if (part->progress != NULL)
			part->progress(part->arg, fed, total);
		if (n == 0)
			return XLSX_READ;
	}
}

enum xlsx_found xlsx_part_read(
	struct xlsx_package *package, const char *name, struct xlsx_part *part)
{
	zip_stat_t st;
	zip_stat_init(&st);
	if (zip_stat(package->zip, name, 0, &st) != 0)
		return XLSX_MISSING;
	zip_file_t *file = zip_fopen_index(package->zip, st.index, 0);
	if (file == NULL)
		return report(package, name, zip_strerror(package->zip));
	int64_t total = (st.valid & ZIP_STAT_SIZE) != 0 ? (int64_t)st.size : 0;
	part->parser = XML_ParserCreate(NULL);
	XML_SetUserData(part->parser, part);
	XML_SetElementHandler(part->parser, on_start, on_end);
	XML_SetCharacterDataHandler(part->parser, on_text);
	XML_SetStartDoctypeDeclHandler(part->parser, on_doctype);
	enum xlsx_found found = parse(package, name, file, part, total);
	XML_ParserFree(part->parser);
	part->parser = NULL;
	(void)zip_fclose(file);
	return found;
}
