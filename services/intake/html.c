#include "intake/html.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "intake/charset.h"
#include "intake/text.h"

#define TAG_BYTES_MAX 4096 /* of a tag's inside that is looked at; styles can be long */

struct scan {
	const char *at, *end;
	struct buf out;
	bool own_words;
	int quote_depth;   /* inside so many blockquotes */
	int div_depth;	   /* divs open now */
	int cut_div;	   /* leaving this div depth ends a quote; 0 = none */
	bool blank;	   /* a blank is due before the next word */
	const char *raw;   /* inside style, script, …: the tag that ends it */
	bool stop;	   /* what follows is another mail */
	bool no_more_tags; /* no ">" comes any more: don't look for it at every "<" */
};

static bool hidden(const struct scan *scan)
{
	return scan->raw != NULL ||
	       (scan->own_words && (scan->quote_depth > 0 || scan->cut_div > 0));
}

static void emit(struct scan *scan, const char *text, size_t len)
{
	if (hidden(scan))
		return;
	if (scan->blank && scan->out.len > 0 && scan->out.data[scan->out.len - 1] != '\n')
		(void)buf_putc(&scan->out, ' ');
	scan->blank = false;
	(void)buf_append(&scan->out, text, len);
}

static void new_line(struct scan *scan)
{
	scan->blank = false;
	if (!hidden(scan) && scan->out.len > 0)
		(void)buf_putc(&scan->out, '\n');
}

static void fresh_line(struct scan *scan)
{
	if (scan->out.len > 0 && scan->out.data[scan->out.len - 1] != '\n')
		new_line(scan);
}

/* ---- entities -------------------------------------------------------------- */

static size_t utf8_put(uint32_t point, char out[4])
{
	if (point < 0x20 || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
		point = ' ';
	if (point < 0x80)
		return out[0] = (char)point, 1;
	if (point < 0x800)
		return out[0] = (char)(0xc0 | point >> 6), out[1] = (char)(0x80 | (point & 63)), 2;
	if (point < 0x10000)
		return out[0] = (char)(0xe0 | point >> 12),
		       out[1] = (char)(0x80 | (point >> 6 & 63)),
		       out[2] = (char)(0x80 | (point & 63)), 3;
	out[0] = (char)(0xf0 | point >> 18);
	out[1] = (char)(0x80 | (point >> 12 & 63));
	out[2] = (char)(0x80 | (point >> 6 & 63));
	out[3] = (char)(0x80 | (point & 63));
	return 4;
}

static const struct entity {
	const char *name;
	uint32_t point;
} entities[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''},
	{"nbsp", ' '}, {"laquo", 0xab}, {"raquo", 0xbb}, {"mdash", 0x2014}, {"ndash", 0x2013},
	{"hellip", 0x2026}, {"ldquo", 0x201c}, {"rdquo", 0x201d}, {"bdquo", 0x201e},
	{"lsquo", 0x2018}, {"rsquo", 0x2019}, {"thinsp", ' '}, {"ensp", ' '}, {"emsp", ' '},
	{"shy", 0xad}, {"numero", 0x2116}, {"bull", 0x2022}, {"middot", 0xb7}, {"copy", 0xa9},
	{"sect", 0xa7}, {"minus", 0x2212}};

/* The character of "&…;" at p; *used is 0 when it is none. */
static uint32_t entity(const char *p, const char *end, size_t *used)
{
	const char *semicolon = memchr(p, ';', (size_t)(end - p) < 12 ? (size_t)(end - p) : 12);
	*used = 0;
	if (semicolon == NULL || semicolon - p < 2)
		return 0;
	*used = (size_t)(semicolon - p) + 1;
	if (p[1] == '#') {
		bool hex = p[2] == 'x' || p[2] == 'X';
		char digits[12] = "";
		memcpy(digits, p + 2 + hex, (size_t)(semicolon - p) - 2 - hex);
		return (uint32_t)strtoul(digits, NULL, hex ? 16 : 10);
	}
	for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
		if (strlen(entities[i].name) == (size_t)(semicolon - p) - 1 &&
			strncmp(p + 1, entities[i].name, strlen(entities[i].name)) == 0)
			return entities[i].point;
	*used = 0;
	return 0;
}

static void text_char(struct scan *scan)
{
	char c = *scan->at, utf8[4];
	size_t used = 0;
	uint32_t point = c == '&' ? entity(scan->at, scan->end, &used) : 0;
	if (used > 0) {
		scan->at += used;
		if (point == ' ' || point == 0xa0)
			scan->blank = true;
		else
			emit(scan, utf8, utf8_put(point, utf8));
		return;
	}
	scan->at++;
	if (c == ' ' || (c >= '\t' && c <= '\r'))
		scan->blank = true;
	else
		emit(scan, &c, 1);
}

/* ---- tags ------------------------------------------------------------------ */

static bool is_one_of(const char *name, const char *const *names)
{
	for (; *names != NULL; names++)
		if (strcmp(name, *names) == 0)
			return true;
	return false;
}

/* Marks of a quoted mail on a div: what follows inside it is somebody else's. */
static bool begins_quote(const char *inside)
{
	static const char *const marks[] = {"gmail_quote", "yahoo_quoted", "gmail_extra",
		"moz-cite-prefix", "zmail_extra", "protonmail_quote", "tutanota_quote",
		"js-compose-quote", "compose-quote", NULL};
	for (size_t i = 0; marks[i] != NULL; i++)
		if (strstr(inside, marks[i]) != NULL)
			return true;
	return false;
}

/* Outlook and its kin put a head ("From: … Sent: …") there, and the old mail to the end. */
static bool begins_old_mail(const char *inside)
{
	static const char *const marks[] = {"divrplyfwdmsg", "appendonsend", "outlookmessageheader",
		"mail-editor-reference-message-container", "border-top:solid #e1e1e1",
		"border-top:solid #b5c4df", "border-top: solid #e1e1e1",
		"border-top: solid #b5c4df", NULL};
	for (size_t i = 0; marks[i] != NULL; i++)
		if (strstr(inside, marks[i]) != NULL)
			return true;
	return false;
}

static void open_div(struct scan *scan, const char *inside)
{
	fresh_line(scan);
	scan->div_depth++;
	if (scan->own_words && scan->cut_div == 0 && begins_quote(inside))
		scan->cut_div = scan->div_depth;
}

static void close_div(struct scan *scan)
{
	if (scan->cut_div > 0 && scan->cut_div == scan->div_depth)
		scan->cut_div = 0;
	if (scan->div_depth > 0)
		scan->div_depth--;
	fresh_line(scan);
}

static void handle(struct scan *scan, const char *name, bool closing, const char *inside)
{
	static const char *const raws[] = {"style", "script", "head", "title", "noscript", NULL};
	static const char *const blocks[] = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol",
		"li", "tr", "table", "pre", "center", "section", "article", "dl", "dt", "dd", NULL};
	for (size_t i = 0; raws[i] != NULL && !closing; i++)
		if (strcmp(name, raws[i]) == 0) {
			scan->raw = raws[i];
			return;
		}
	if (scan->own_words && !closing && begins_old_mail(inside))
		scan->stop = true;
	if (strcmp(name, "br") == 0)
		new_line(scan);
	else if (strcmp(name, "hr") == 0)
		fresh_line(scan);
	else if (strcmp(name, "td") == 0 || strcmp(name, "th") == 0)
		scan->blank = true;
	else if (strcmp(name, "blockquote") == 0) {
		fresh_line(scan);
		/* A mark in its place, so that "… wrote:" before it is known for what it is. */
		if (scan->own_words && !closing && scan->quote_depth == 0)
			emit(scan, "> …\n", sizeof "> …\n" - 1);
		scan->quote_depth += closing ? (scan->quote_depth > 0 ? -1 : 0) : 1;
	} else if (strcmp(name, "div") == 0) {
		if (closing)
			close_div(scan);
		else
			open_div(scan, inside);
	} else if (is_one_of(name, blocks)) {
		fresh_line(scan);
		if (!closing && strcmp(name, "p") == 0)
			new_line(scan);
	}
}

/* From '<' to behind '>'. */
static void tag(struct scan *scan)
{
	const char *p = scan->at + 1, *end = scan->end;
	if (end - p >= 3 && memcmp(p, "!--", 3) == 0) {
		const char *close = memmem(p + 3, (size_t)(end - p - 3), "-->", 3);
		scan->at = close == NULL ? end : close + 3;
		return;
	}
	const char *close = scan->no_more_tags ? NULL : memchr(p, '>', (size_t)(end - p));
	scan->no_more_tags = close == NULL;
	bool closing = p < end && *p == '/';
	if (close == NULL || !(closing || *p == '!' || *p == '?' || (*p >= 'a' && *p <= 'z') ||
				     (*p >= 'A' && *p <= 'Z'))) {
		scan->at++; /* a lone "<" */
		emit(scan, "<", 1);
		return;
	}
	size_t len = (size_t)(close - p) - closing;
	char *inside = xstrndup(p + closing, len < TAG_BYTES_MAX ? len : TAG_BYTES_MAX);
	text_lower_ascii(inside);
	size_t name_len = strcspn(inside, " \t\r\n/>");
	char *name = xstrndup(inside, name_len);
	scan->at = close + 1;
	if (scan->raw == NULL)
		handle(scan, name, closing, inside);
	else if (closing && strcmp(name, scan->raw) == 0)
		scan->raw = NULL;
	free(name);
	free(inside);
}

char *html_text(const char *html, size_t len, bool own_words)
{
	struct scan scan = {.at = html, .end = html + len, .own_words = own_words};
	buf_init(&scan.out, 2 * len + 16);
	while (scan.at < scan.end && !scan.stop)
		if (*scan.at == '<')
			tag(&scan);
		else
			text_char(&scan);
	char *text = charset_valid(buf_str(&scan.out), scan.out.len);
	buf_fini(&scan.out);
	return text;
}
