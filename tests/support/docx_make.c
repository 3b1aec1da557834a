#include "docx_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>

#include "base/buf.h"

#define NAMESPACE "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\" " \
	"xmlns:mc=\"http://schemas.openxmlformats.org/markup-compatibility/2006\" " \
	"xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\""
static const char relations[] =
	"<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>"
	"<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">"
	"<Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
	"officeDocument\" Target=\"word/document.xml\"/></Relationships>";

static void add(zip_t *zip, const char *name, const void *data, size_t len)
{
	zip_source_t *source = zip_source_buffer(zip, data, len, 0);
	if (source == NULL || zip_file_add(zip, name, source, ZIP_FL_OVERWRITE) < 0)
		fail_msg("zip: %s", zip_strerror(zip));
}

static zip_t *create(const char *path)
{
	int code;
	(void)unlink(path);
	zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &code);
	assert_non_null(zip);
	return zip;
}

void docx_make(const char *path, const char *document, size_t len)
{
	zip_t *zip = create(path);
	add(zip, "_rels/.rels", relations, sizeof relations - 1);
	add(zip, "word/document.xml", document, len);
	assert_int_equal(zip_close(zip), 0);
}

void docx_make_parts(const char *path, const char *const *parts)
{
	zip_t *zip = create(path);
	for (; parts[0] != NULL; parts += 2)
		add(zip, parts[0], parts[1], strlen(parts[1]));
	assert_int_equal(zip_close(zip), 0);
}

/* ---- the notation -------------------------------------------------------------- */

static void put_paragraphs(struct buf *out, const char *text, size_t len)
{
	const char *end = text + len;
	do {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		if (stop == NULL)
			stop = end;
		(void)buf_puts(out, "<w:p><w:pPr><w:jc w:val=\"left\"/></w:pPr><w:r><w:rPr><w:b/></w:rPr>"
				    "<w:t xml:space=\"preserve\">");
		(void)buf_append(out, text, (size_t)(stop - text));
		(void)buf_puts(out, "</w:t></w:r></w:p>");
		text = stop + 1;
	} while (text <= end);
}

static void put_cell(struct buf *out, const char *text, size_t len)
{
	(void)buf_puts(out, "<w:tc><w:tcPr>");
	if (len > 2 && text[0] == '>') {
		(void)buf_printf(out, "<w:gridSpan w:val=\"%d\"/>", atoi(text + 1));
		const char *colon = memchr(text, ':', len);
		len -= (size_t)(colon + 1 - text);
		text = colon + 1;
	}
	if (len >= 2 && memcmp(text, "v:", 2) == 0) {
		(void)buf_puts(out, "<w:vMerge w:val=\"restart\"/>");
		text += 2;
		len -= 2;
	} else if (len >= 1 && text[0] == '^') {
		(void)buf_puts(out, "<w:vMerge/>");
		text++;
		len--;
	}
	(void)buf_puts(out, "</w:tcPr>");
	put_paragraphs(out, text, len);
	(void)buf_puts(out, "</w:tc>");
}

static void put_row(struct buf *out, const char *line, size_t len)
{
	const char *end = line + len;
	(void)buf_puts(out, "<w:tr><w:trPr>");
	if (len > 0 && (*line == '!' || *line == '~'))
		(void)buf_puts(out, *line++ == '!' ? "<w:tblHeader/>" : "<w:del w:id=\"1\" w:author=\"a\"/>");
	(void)buf_puts(out, "</w:trPr>");
	for (;;) {
		const char *stop = memchr(line, '|', (size_t)(end - line));
		put_cell(out, line, (size_t)((stop != NULL ? stop : end) - line));
		if (stop == NULL)
			break;
		line = stop + 1;
	}
	(void)buf_puts(out, "</w:tr>");
}

char *docx_document(const char *notation)
{
	struct buf out;
	buf_init(&out, 16 * 1024 * 1024);
	(void)buf_puts(&out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><w:document " NAMESPACE "><w:body>");
	for (const char *line = notation; *line != '\0';) {
		size_t len = strcspn(line, "\f");
		if (line[0] == '[')
			(void)buf_puts(&out, "<w:tbl><w:tblPr/><w:tblGrid/>");
		else if (line[0] == ']')
			(void)buf_puts(&out, "</w:tbl>");
		else if (line[0] == '#')
			put_paragraphs(&out, line + 1, len - 1);
		else
			put_row(&out, line, len);
		line += len + (line[len] == '\f');
	}
	(void)buf_puts(&out, "<w:sectPr/></w:body></w:document>");
	assert_true(buf_ok(&out));
	return buf_take(&out);
}
