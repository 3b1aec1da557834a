#include "portal/forward_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "campaign/compile.h"
#include "letter/letter.h"
#include "letter/template.h"

/* ---- tags ------------------------------------------------------------------------------ */

static bool begins(const struct tag *tag, const char *prefix)
{
	size_t len = strlen(prefix);
	return tag->name_len >= len && memcmp(tag->name, prefix, len) == 0;
}

static bool for_everybody(const struct tag *tag)
{
	static const char *const prefixes[] = {"deadline.", "round.", "campaign.", "document."};
	for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
		if (begins(tag, prefixes[i]))
			return true;
	return false;
}

static void put_value(struct buf *out, const struct tag *tag)
{
	size_t prefix = strlen("link.");
	if (!begins(tag, "link.")) {
		(void)buf_puts(out, "…");
		return;
	}
	(void)buf_puts(out, FORWARD_NOWHERE);
	for (size_t i = prefix; i < tag->name_len && tag->name[i] >= 'a' && tag->name[i] <= 'z'; i++)
		(void)buf_putc(out, tag->name[i]);
}

/* What stands instead of a tag; skip counts the sections we are in that go. */
static void put_tag(struct buf *out, const char *text, const struct tag *tag, int *skip)
{
	bool opens = tag->kind == TAG_SECTION || tag->kind == TAG_INVERTED;
	if (*skip > 0) {
		*skip += opens ? 1 : tag->kind == TAG_CLOSE ? -1 : 0;
		return;
	}
	if (tag->kind == TAG_COMMENT || tag->kind == TAG_PARTIAL)
		return;
	if (for_everybody(tag) || tag->kind == TAG_CLOSE || tag->kind == TAG_DELIMITERS)
		(void)buf_append(out, text + tag->line_start, tag->line_end - tag->line_start);
	else if (opens)
		*skip = 1;
	else
		put_value(out, tag);
}

char *forward_markdown(const char *markdown, size_t len)
{
	struct scanner scanner;
	struct tag tag;
	struct problems problems = {0};
	struct buf out;
	size_t done = 0;
	int skip = 0;
	buf_init(&out, FORWARD_MAX_BYTES);
	scanner_init(&scanner, "letter", markdown, len);
	while (scanner_next(&scanner, &tag, &problems) == 1) {
		if (skip == 0 && tag.line_start > done)
			(void)buf_append(&out, markdown + done, tag.line_start - done);
		put_tag(&out, markdown, &tag, &skip);
		done = tag.line_end;
	}
	if (skip == 0 && done < len)
		(void)buf_append(&out, markdown + done, len - done);
	problems_fini(&problems);
	return buf_take(&out);
}

/* ---- rendering ------------------------------------------------------------------------------ */

static const char *words_of(const char *link, size_t len)
{
	if (len == 7 && memcmp(link, "forward", len) == 0)
		return tr("this page", "эта страница");
	if (len == 4 && memcmp(link, "file", len) == 0)
		return tr("among the annexes", "в приложениях");
	return tr("the addressee's own link", "личная ссылка адресата");
}

/* «Заполнить форму (https://…)» → «Заполнить форму (личная ссылка адресата)». */
static char *without_links(const char *text)
{
	struct buf out;
	buf_init(&out, FORWARD_MAX_BYTES);
	for (const char *at; (at = strstr(text, FORWARD_NOWHERE)) != NULL;) {
		const char *link = at + strlen(FORWARD_NOWHERE);
		size_t len = strspn(link, "abcdefghijklmnopqrstuvwxyz");
		(void)buf_append(&out, text, (size_t)(at - text));
		(void)buf_puts(&out, words_of(link, len));
		text = link + len;
	}
	(void)buf_puts(&out, text);
	char *whole = buf_take(&out), *to = whole;
	for (const char *from = whole; *from != '\0'; from++) /* lines end as in a mail */
		if (*from != '\r')
			*to++ = *from;
	*to = '\0';
	return whole;
}

/* The heading stands above the page already. */
static char *without_heading(char *text, const char *subject)
{
	char *at = subject[0] == '\0' ? NULL : strstr(text, subject);
	size_t len = strlen(subject);
	if (at != NULL && (at == text || at[-1] == '\n') && at[len] == '\n') {
		len += strspn(at + len, "\n");
		memmove(at, at + len, strlen(at + len) + 1);
	}
	return text;
}

int forward_render(const json_t *definition, const char *markdown, size_t len, const json_t *fields,
	char **subject, char **text, struct error *e)
{
	struct problems problems = {0};
	char *mended = forward_markdown(markdown, len), *html = NULL, *rendered = NULL;
	const struct compile_source source = {
		.definition = definition, .file = "letter", .markdown = mended, .markdown_len = strlen(mended)};
	int rc = -1;
	struct letter *letter = compile_letter(&source, &problems);
	const struct letter_recipient nobody = {
		.fields = fields, .to_address = "nobody@example.org", .message_id = "0@example.org"};
	if (letter == NULL)
		error_set(e, ERROR_INPUT, "%s", problems.count > 0 ? problems.item[0].text : "the letter does not compile");
	else
		rc = letter_preview(letter, &nobody, subject, &rendered, &html, e);
	if (rc == 0)
		*text = without_heading(without_links(rendered), *subject);
	free(html);
	free(rendered);
	free(mended);
	letter_unref(&letter);
	problems_fini(&problems);
	return rc;
}
