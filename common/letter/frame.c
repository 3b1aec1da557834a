/* One layout of nested tables: Outlook sets pages with Word, which knows tables
 * and ignores most else. The two columns of the head are blocks that fall under
 * each other where the window is narrow, without media queries; Outlook gets a
 * table of its own for them in conditional comments. Nothing is loaded from
 * outside. The style element only adds what can be missed: less margin on
 * phones; in print black on white, and the addresses of links. */
#include "letter/frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "letter/style.h"

#define ENDL "\r\n"

static const char *word(enum lang lang, const char *en, const char *ru)
{
	return lang == LANG_RU ? ru : en;
}

/* ---- writing into buffers and templates alike ------------------------------------------ */

static void add_escaped(struct buf *html, const char *s)
{
	(void)escape_append(html, MUSTACHE_HTML, true, s, strlen(s));
}

static void add_both(struct buf *html, struct buf *text, const char *s)
{
	add_escaped(html, s);
	(void)escape_append(text, MUSTACHE_TEXT, true, s, strlen(s));
}

/* ---- head ---------------------------------------------------------------------------------- */

#define COLUMN_LEFT                                                                                \
	"<!--[if mso]><table role=\"presentation\" width=\"100%\" cellpadding=\"0\" "              \
	"cellspacing=\"0\" border=\"0\"><tr><td width=\"290\" valign=\"top\"><![endif]-->"         \
	"<div class=\"v-half\" style=\"display:inline-block;width:100%;max-width:290px;"            \
	"vertical-align:top;\">"
#define COLUMN_RIGHT                                                                               \
	"</div>"                                                                                   \
	"<!--[if mso]></td><td width=\"262\" valign=\"top\"><![endif]-->"                          \
	"<div class=\"v-half\" style=\"display:inline-block;width:100%;max-width:258px;"            \
	"vertical-align:top;\">"
#define COLUMNS_END "</div><!--[if mso]></td></tr></table><![endif]-->"

static const char page_open[] =
	"<meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\">" ENDL
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">" ENDL
	"<meta name=\"color-scheme\" content=\"light\">" ENDL
	"<meta name=\"format-detection\" content=\"telephone=no,date=no,address=no\">" ENDL
	"<style>" ENDL
	"@page{size:A4;margin:20mm 15mm 20mm 25mm}" ENDL
	"@media only screen and (max-width:560px){.v-page{padding:0!important}"
	".v-sheet{padding:22px 18px!important;border-left:0!important;border-right:0!important}"
	".v-half{max-width:none!important}.v-blank{padding-right:0!important}"
	".v-data td,.v-data th{font-size:14px!important;padding:4px 5px!important}"
	".v-bar td{font-size:1px!important;padding:0!important}}" ENDL
	"@media print{body,.v-page{background:#fff!important;padding:0!important}"
	".v-sheet{border:0!important;padding:0!important}.v-wide{max-width:none!important}"
	"a.v-to:after{content:\" (\" attr(href) \")\"}"
	".v-screen{display:none!important}p,li,td{orphans:2;widows:2}.v-keep{page-break-inside:avoid}}" ENDL
	"</style>" ENDL;

static const char sheet_open[] =
	"<body style=\"margin:0;padding:0;background-color:#eef0f3;\">" ENDL
	"<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" "
	"style=\"background-color:#eef0f3;table-layout:fixed;\" class=\"v-page\"><tr><td align=\"center\" "
	"style=\"padding:24px 10px;\" class=\"v-page\">" ENDL
	"<!--[if mso]><table role=\"presentation\" width=\"640\" cellpadding=\"0\" cellspacing=\"0\" "
	"border=\"0\"><tr><td><![endif]-->" ENDL
	"<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" "
	"style=\"max-width:640px;margin:0 auto;table-layout:fixed;\" class=\"v-wide\"><tr>"
	"<td align=\"left\" class=\"v-sheet\" style=\"background-color:#ffffff;border:1px solid #d9dde3;"
	"padding:38px 44px;overflow-wrap:anywhere;word-break:break-word;" STYLE_BODY "\">" ENDL
	"<div style=\"font-size:0;line-height:0;margin:0 0 26px 0;\">" COLUMN_LEFT
	"<div class=\"v-blank\" style=\"" STYLE_FONT "text-align:center;color:" STYLE_INK
	";padding:0 34px 14px 0;\">"
	"<div style=\"font-size:17px;line-height:22px;font-weight:bold;padding:0 0 10px 0;\">";

static void head_number(const struct letter_source *s, struct buf *html, struct buf *text)
{
	if (s->number == NULL)
		return;
	(void)buf_puts(html, "<div style=\"font-size:15px;line-height:22px;\">");
	if (s->date != NULL) {
		add_both(html, text, s->date);
		(void)buf_puts(html, "&nbsp; ");
		(void)buf_puts(text, " ");
	}
	(void)buf_puts(html, word(s->lang, "No.&nbsp;", "№&nbsp;"));
	(void)buf_puts(text, word(s->lang, "No. ", "№ "));
	add_both(html, text, s->number);
	(void)buf_puts(html, "</div>");
	(void)buf_puts(text, ENDL);
	if (s->follows == NULL)
		return;
	(void)buf_puts(html, "<div style=\"font-size:15px;line-height:22px;\">");
	add_both(html, text, s->follows);
	(void)buf_puts(html, "</div>");
	(void)buf_puts(text, ENDL);
}

void frame_head(const struct letter_source *s, struct buf *html, struct buf *text)
{
	const char *name = s->organisation != NULL ? s->organisation : s->from_name;
	(void)buf_printf(html, "<!DOCTYPE html>" ENDL "<html lang=\"%s\">" ENDL "<head>" ENDL "%s<title>",
		word(s->lang, "en", "ru"), page_open);
	add_escaped(html, name != NULL ? name : s->from_address);
	(void)buf_printf(html, "</title>" ENDL "</head>" ENDL "%s", sheet_open);
	add_both(html, text, name != NULL ? name : s->from_address);
	(void)buf_puts(html, "</div>");
	(void)buf_puts(text, ENDL);
	head_number(s, html, text);
	(void)buf_puts(html, "</div>" ENDL COLUMN_RIGHT);
}

int frame_addressee(struct buf *html, struct buf *text, const char *name, size_t len, bool first)
{
	if (len == 0)
		return 0;
	int rc = buf_puts(html, "<div style=\"" STYLE_FONT "font-size:17px;line-height:23px;color:" STYLE_INK
				";padding:0 0 14px 0;\">");
	rc |= escape_append(html, MUSTACHE_HTML, true, name, len);
	rc |= buf_puts(html, "</div>");
	rc |= buf_puts(text, first ? ENDL : "");
	rc |= buf_append(text, name, len);
	return rc | buf_puts(text, ENDL);
}

void frame_start(struct mustache *html, struct mustache *text)
{
	template_puts(html, COLUMNS_END "</div>" ENDL);
	template_puts(text, ENDL);
}

/* ---- after the text --------------------------------------------------------------------------- */

static void size_words(size_t bytes, enum lang lang, char *out, size_t size)
{
	if (bytes < 1024 * 1000) {
		snprintf(out, size, "%zu %s", (bytes + 1023) / 1024, word(lang, "KB", "КБ"));
		return;
	}
	size_t tenths = (bytes * 10 + 1024 * 512) / (1024 * 1024);
	snprintf(out, size, "%zu%c%zu %s", tenths / 10, lang == LANG_RU ? ',' : '.', tenths % 10,
		word(lang, "MB", "МБ"));
}

/* What was written so far, and the recipient's own address of the annex after it. */
static void put_link(struct mustache *template, int context, struct buf *written, const char *path)
{
	struct tag tag = {.kind = TAG_VALUE, .name = path, .name_len = strlen(path)};
	template_text(template, buf_str(written), written->len);
	buf_reset(written);
	template_url_begin(template, context);
	(void)template_tag(template, &tag, ESCAPE_URL_WHOLE, false, NULL); /* no filter, no section */
	template_url_end(template);
}

struct frame {
	struct mustache *html_template, *text_template;
	struct buf html, text; /* what goes next into them */
};

static void annex(const struct letter_source *s, const struct letter_attachment *a, struct frame *f)
{
	struct buf *html = &f->html, *text = &f->text;
	char size[32];
	size_words(a->len, s->lang, size, sizeof size);
	if (a->link != NULL) {
		(void)buf_puts(html, "<a class=\"v-to\" href=\"");
		put_link(f->html_template, MUSTACHE_HTML, html, a->link);
		(void)buf_puts(html, "\" style=\"color:" STYLE_LINK ";\">");
	}
	add_both(html, text, a->title != NULL ? a->title : a->name);
	(void)buf_puts(html, a->link != NULL ? "</a>" : "");
	(void)buf_puts(html, " <span style=\"font-size:14px;color:" STYLE_QUIET ";\">(");
	(void)buf_puts(text, " (");
	if (a->title != NULL) {
		add_both(html, text, a->name);
		add_both(html, text, ", ");
	}
	add_both(html, text, size);
	if (a->link != NULL)
		add_both(html, text, word(s->lang, ", by the link", ", по ссылке"));
	(void)buf_puts(html, ")</span></div>");
	(void)buf_puts(text, ")");
	if (a->link != NULL) {
		(void)buf_puts(text, ": ");
		put_link(f->text_template, MUSTACHE_TEXT, text, a->link);
	}
}

/* Its number only where there are several. */
static void annexes(const struct letter_source *s, struct frame *f)
{
	struct buf *html = &f->html, *text = &f->text;
	if (s->attachments_count == 0)
		return;
	bool several = s->attachments_count > 1;
	(void)buf_puts(html, "<table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" "
			     "class=\"v-keep\" style=\"margin:20px 0 0 0;\"><tr><td valign=\"top\" "
			     "style=\"" STYLE_BODY "padding:0 12px 0 0;white-space:nowrap;\">");
	add_both(html, text, word(s->lang, several ? "Annexes:" : "Annex:", "Приложение:"));
	(void)buf_puts(html, "</td><td valign=\"top\" style=\"" STYLE_BODY "\">");
	for (size_t i = 0; i < s->attachments_count; i++) {
		char number[24];
		snprintf(number, sizeof number, several ? "%zu. " : "%.0zu", several ? i + 1 : 0);
		(void)buf_puts(html, "<div>");
		(void)buf_puts(text, several ? ENDL "  " : " ");
		add_both(html, text, number);
		annex(s, &s->attachments[i], f);
	}
	(void)buf_puts(html, "</td></tr></table>" ENDL);
	(void)buf_puts(text, ENDL ENDL);
}

static bool is_given(const char *s)
{
	return s != NULL && s[0] != '\0';
}

static void signature(const struct letter_source *s, struct buf *html, struct buf *text)
{
	const struct letter_person *p = &s->signatory;
	if (!is_given(p->name) && !is_given(p->position))
		return;
	(void)buf_puts(html, "<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" "
			     "border=\"0\" class=\"v-keep\" style=\"margin:34px 0 0 0;\"><tr>"
			     "<td align=\"left\" valign=\"bottom\" style=\"" STYLE_BODY "padding:0 20px 0 0;\">");
	if (is_given(p->position)) {
		add_both(html, text, p->position);
		(void)buf_puts(text, ENDL);
	}
	(void)buf_puts(html, "</td><td align=\"right\" valign=\"bottom\" style=\"" STYLE_BODY
			     "white-space:nowrap;\">");
	if (is_given(p->name)) {
		add_both(html, text, p->name);
		(void)buf_puts(text, ENDL);
	}
	(void)buf_puts(html, "</td></tr></table>" ENDL);
	(void)buf_puts(text, ENDL);
}

/* "role: name, phone, address" in one line. */
static void person_line(const struct letter_person *p, const char *role, struct buf *html, struct buf *text)
{
	bool first = true;
	const char *parts[] = {p->name, p->phone};
	if (is_given(role)) {
		add_both(html, text, role);
		add_both(html, text, ": ");
	}
	for (size_t i = 0; i < 2; i++) {
		if (!is_given(parts[i]))
			continue;
		add_both(html, text, first ? "" : ", ");
		(void)buf_puts(html, i == 1 ? "<span style=\"white-space:nowrap;\">" : "");
		add_both(html, text, parts[i]);
		(void)buf_puts(html, i == 1 ? "</span>" : "");
		first = false;
	}
	if (is_given(p->address)) {
		add_both(html, text, first ? "" : ", ");
		(void)buf_puts(html, "<a href=\"mailto:");
		(void)escape_append(html, ESCAPE_MAILTO, false, p->address, strlen(p->address));
		(void)buf_puts(html, "\" style=\"color:" STYLE_LINK ";\">");
		add_both(html, text, p->address);
		(void)buf_puts(html, "</a>");
	}
}

static bool person_given(const struct letter_person *p)
{
	return is_given(p->name) || is_given(p->phone) || is_given(p->address);
}

static void contacts(const struct letter_source *s, struct buf *html, struct buf *text)
{
	bool performer = person_given(&s->performer);
	if (s->contacts_count == 0 && !performer)
		return;
	(void)buf_puts(html, "<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" "
			     "border=\"0\" class=\"v-keep\" style=\"margin:30px 0 0 0;\"><tr><td style=\""
			     STYLE_SMALL "border-top:1px solid " STYLE_RULE ";padding:12px 0 0 0;\">");
	for (size_t i = 0; i < s->contacts_count; i++) {
		(void)buf_puts(html, "<div style=\"padding:0 0 4px 0;\">");
		person_line(&s->contacts[i], s->contacts[i].position, html, text);
		(void)buf_puts(html, "</div>" ENDL);
		(void)buf_puts(text, ENDL);
	}
	if (performer) {
		(void)buf_puts(html, "<div style=\"padding:4px 0 0 0;\">");
		(void)buf_puts(text, s->contacts_count > 0 ? ENDL : "");
		person_line(&s->performer, word(s->lang, "Performer", "Исполнитель"), html, text);
		(void)buf_puts(html, "</div>");
		(void)buf_puts(text, ENDL);
	}
	(void)buf_puts(html, "</td></tr></table>" ENDL);
	(void)buf_puts(text, "");
}

/* Requisites come from a checked file; this is far more than any of them. */
#define FRAME_MAX_BYTES (1024 * 1024)

void frame_finish(const struct letter_source *s, struct mustache *html, struct mustache *text)
{
	struct frame f = {.html_template = html, .text_template = text};
	buf_init(&f.html, FRAME_MAX_BYTES);
	buf_init(&f.text, FRAME_MAX_BYTES);
	annexes(s, &f);
	signature(s, &f.html, &f.text);
	contacts(s, &f.html, &f.text);
	template_text(html, buf_str(&f.html), f.html.len);
	template_text(text, buf_str(&f.text), f.text.len);
	buf_fini(&f.html);
	buf_fini(&f.text);
}

/* On paper, too: its address is written out. */
static int check_line(enum lang lang, const char *url, struct buf *html, struct buf *text)
{
	const char *words = word(lang, "To check that this letter is genuine: ", "Проверить подлинность письма: ");
	int rc = buf_puts(html, "<div style=\"" STYLE_SMALL "padding:12px 0 0 0;\">");
	rc |= buf_puts(html, words) | buf_puts(html, "<a href=\"");
	rc |= escape_append(html, MUSTACHE_HTML, false, url, strlen(url));
	rc |= buf_puts(html, "\" style=\"color:" STYLE_LINK ";\">");
	rc |= escape_append(html, MUSTACHE_HTML, false, url, strlen(url));
	rc |= buf_puts(html, "</a></div>" ENDL);
	return rc | buf_puts(text, ENDL) | buf_puts(text, words) | buf_puts(text, url) | buf_puts(text, ENDL);
}

int frame_end(enum lang lang, const char *check, const char *url, struct buf *html, struct buf *text)
{
	int rc = check == NULL ? 0 : check_line(lang, check, html, text);
	if (url != NULL) {
		const char *why = word(lang, "You need not receive these letters: ",
			"От таких писем можно отказаться: ");
		rc |= buf_puts(html, "<div class=\"v-screen\" style=\"" STYLE_SMALL "padding:12px 0 0 0;\">");
		rc |= buf_puts(html, why) | buf_puts(html, "<a href=\"");
		rc |= escape_append(html, MUSTACHE_HTML, false, url, strlen(url));
		rc |= buf_puts(html, "\" style=\"color:" STYLE_LINK ";\">");
		rc |= buf_puts(html, word(lang, "unsubscribe", "отписаться"));
		rc |= buf_puts(html, "</a></div>" ENDL);
		rc |= buf_puts(text, ENDL) | buf_puts(text, why) | buf_puts(text, url) | buf_puts(text, ENDL);
	}
	return rc | buf_puts(html, "</td></tr></table>" ENDL
				   "<!--[if mso]></td></tr></table><![endif]-->" ENDL
				   "</td></tr></table>" ENDL "</body>" ENDL "</html>" ENDL);
}
