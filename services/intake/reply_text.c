#include "intake/reply_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "intake/html.h"
#include "intake/text.h"

#define LINES_MAX 20000	     /* people write some 20 */
#define HEAD_LINES 8	     /* an Outlook head has 4 to 6 */
#define INTRODUCTION_LINES 3 /* "On … <…>\n wrote:" is broken at most twice */
#define INTRODUCTION_BYTES_MAX 400

struct line {
	const char *text;
	size_t len;
	char *folded; /* squeezed and trimmed */
};

struct lines {
	struct line *item;
	size_t count;
};

static void split(const char *text, struct lines *lines)
{
	const char *at = text, *end = text + strlen(text), *start;
	size_t len;
	lines->item = NULL;
	lines->count = 0;
	while (lines->count < LINES_MAX && text_line(&at, end, &start, &len)) {
		if (lines->count % 256 == 0)
			lines->item =
				xrealloc(lines->item, lines->count + 256, sizeof *lines->item);
		struct line *line = &lines->item[lines->count++];
		line->text = start;
		line->len = len;
		line->folded = text_fold(start, len);
		text_squeeze(line->folded);
		text_trim(line->folded);
	}
}

static void lines_fini(struct lines *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		free(lines->item[i].folded);
	free(lines->item);
}

static bool begins_with_one_of(const char *folded, const char *const *beginnings)
{
	for (; *beginnings != NULL; beginnings++)
		if (text_begins(folded, *beginnings))
			return true;
	return false;
}

/* ---- quoted lines ---------------------------------------------------------- */

/* ">", and The Bat's initials before it: «ИП> текст». */
static bool is_quoted(const struct line *line)
{
	const unsigned char *p = (const unsigned char *)line->folded;
	size_t letters = 0;
	while (letters < 4 &&
		((*p >= 'a' && *p <= 'z') || ((*p == 0xd0 || *p == 0xd1) && p[1] != '\0'))) {
		p += *p < 0x80 ? 1 : 2;
		letters++;
	}
	return *p == '>' && (letters > 0 ? p[1] == ' ' || p[1] == '\0' || p[1] == '>' : true);
}

/* ---- "On Monday … wrote:" -------------------------------------------------- */

static size_t count_digits(const char *text)
{
	size_t digits = 0;
	for (; *text != '\0'; text++)
		digits += *text >= '0' && *text <= '9';
	return digits;
}

/* Folded text of one introduction: ends in ":", and is about a writer and a time. */
static bool introduces(const char *folded)
{
	static const char *const verbs[] = {
		" wrote:", " wrote :", " writes:", " пишет:", " писал:", " писала:", " написал:",
		" написала:", " написал(а):", " писал(а):", " написали:", " schrieb:", NULL};
	size_t len = strlen(folded);
	if (len < 8 || len > INTRODUCTION_BYTES_MAX || folded[len - 1] != ':')
		return false;
	for (size_t i = 0; verbs[i] != NULL; i++)
		if (len >= strlen(verbs[i]) &&
			strcmp(folded + len - strlen(verbs[i]), verbs[i]) == 0)
			return true;
	/* «пн, 15 мая 2023 г. в 10:00, Министерство <a@b>:», «Вы писали 15 мая 2023 г., 10:00:» */
	return count_digits(folded) >= 5 &&
	       (strchr(folded, '@') != NULL || text_begins(folded, "вы писали") ||
		       text_begins(folded, "you wrote"));
}

/* How many lines from i on are an introduction; 0 = none. */
static size_t introduction(const struct lines *lines, size_t i)
{
	struct buf joined;
	size_t found = 0;
	if (lines->item[i].folded[0] == '\0')
		return 0;
	buf_init(&joined, INTRODUCTION_BYTES_MAX + 200);
	for (size_t n = 0; n < INTRODUCTION_LINES && i + n < lines->count && found == 0; n++) {
		const char *folded = lines->item[i + n].folded;
		if (folded[0] == '\0' || is_quoted(&lines->item[i + n]))
			break;
		(void)buf_puts(&joined, n == 0 ? "" : " ");
		if (buf_puts(&joined, folded) != 0)
			break;
		if (introduces(buf_str(&joined)))
			found = n + 1;
	}
	/* Joined with what the writer says before it? "25 человек" is a line of its own. */
	if (found > 1) {
		static const char *const beginnings[] = {"on ", "пн", "вт", "ср", "чт", "пт", "сб",
			"вс", "понед", "вторн", "сред", "четв", "пятн", "субб", "воскр", "am ",
			"в ", "вы ", "\"", "<", NULL};
		const char *first = lines->item[i].folded;
		bool dated = first[0] >= '0' && first[0] <= '9' && count_digits(first) >= 6;
		if (!dated && !begins_with_one_of(first, beginnings) && strchr(first, '@') == NULL)
			found = 0;
	}
	buf_fini(&joined);
	return found;
}

/* ---- other mails below ----------------------------------------------------- */

static bool is_divider(const char *folded)
{
	static const char *const words[] = {"original message", "forwarded message",
		"исходное сообщение", "исходное письмо", "пересылаемое сообщение",
		"пересланное сообщение", "переадресованное сообщение", "перенаправленное сообщение",
		"начало пересылаемого сообщения", "конец пересылаемого сообщения",
		"начало переадресованного сообщения", "begin forwarded message",
		"конец исходного сообщения", "сообщение от", "reply message", NULL};
	const char *begin = folded + strspn(folded, "-_=* ");
	return (begin > folded || text_begins(begin, "begin forwarded") ||
		       text_begins(begin, "начало пере")) &&
	       begins_with_one_of(begin, words);
}

/* "От:", "*From:*", "Кому :" → which field of a head it is; 0 = none. */
static int head_field(const char *folded)
{
	static const struct {
		const char *name;
		int field;
	} names[] = {{"от:", 1}, {"from:", 1}, {"отправитель:", 1}, {"отправлено:", 2},
		{"sent:", 2}, {"date:", 2}, {"дата:", 2}, {"кому:", 3}, {"to:", 3},
		{"получатель:", 3}, {"копия:", 3}, {"cc:", 3}, {"тема:", 4}, {"subject:", 4},
		{"on behalf of:", 3}};
	char compact[40];
	size_t n = 0;
	for (const char *p = folded; *p != '\0' && n < sizeof compact - 1; p++)
		if (*p != '*' && *p != ' ')
			compact[n++] = *p;
	compact[n] = '\0';
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (text_begins(compact, names[i].name))
			return names[i].field;
	return 0;
}

/* A head of another mail begins with the sender and goes on with two more of its fields. */
static bool is_head(const struct lines *lines, size_t i)
{
	bool seen[5] = {false};
	int kinds = 0;
	if (head_field(lines->item[i].folded) != 1)
		return false;
	for (size_t n = i; n < lines->count && n < i + HEAD_LINES; n++) {
		int field = head_field(lines->item[n].folded);
		if (field != 0 && !seen[field])
			kinds++;
		seen[field] = true;
	}
	return kinds >= 3;
}

/* ---- signatures ------------------------------------------------------------ */

static bool is_signature(const struct line *line)
{
	static const char *const beginnings[] = {"с уважением", "с ув.", "с наилучшими пожеланиями",
		"с почтением", "искренне ваш", "всего доброго,", "best regards", "kind regards",
		"regards,", "with best regards", "sincerely", "yours sincerely", "yours faithfully",
		"sent from my", "sent from mail", "sent from yandex", "get outlook for",
		"скачать outlook", "получить outlook", "отправлено с ", "отправлено из ",
		"отправлено через", "послано из", "написано с ", "исп.", "исполнитель:", NULL};
	if (begins_with_one_of(line->folded, beginnings))
		return true;
	size_t len = line->len;
	while (len > 0 && (line->text[len - 1] == ' ' || line->text[len - 1] == '\r'))
		len--;
	return len == 2 && memcmp(line->text, "--", 2) == 0; /* RFC 3676 4.3: "-- " */
}

/* ---- all of it ------------------------------------------------------------- */

static bool quote_follows(const struct lines *lines, size_t i)
{
	while (i < lines->count && lines->item[i].folded[0] == '\0')
		i++;
	return i < lines->count && is_quoted(&lines->item[i]);
}

char *reply_text_own(const char *text)
{
	struct lines lines;
	struct buf own;
	bool signature = false;
	split(text, &lines);
	buf_init(&own, strlen(text) + lines.count + 2);
	for (size_t i = 0; i < lines.count; i++) {
		const struct line *line = &lines.item[i];
		size_t introducing = introduction(&lines, i);
		if (is_divider(line->folded) || is_head(&lines, i))
			break;
		if (introducing > 0) {
			i += introducing - 1;
			if (!quote_follows(&lines, i + 1))
				break;	   /* the old mail stands below without marks */
			signature = false; /* answers may stand between its lines */
			continue;
		}
		if (is_quoted(line)) {
			signature = false;
			continue;
		}
		if (is_signature(line))
			signature = true;
		if (signature)
			continue;
		(void)buf_append(&own, line->text, line->len);
		(void)buf_putc(&own, '\n');
	}
	lines_fini(&lines);
	char *result = buf_take(&own);
	text_trim(result);
	return result;
}

static bool is_body(const struct mail_part *part, const char *type)
{
	return part->place == MAIL_PART_BODY && strcmp(part->type, type) == 0 &&
	       text_has_words(part->text);
}

char *reply_text(const struct mail *mail)
{
	struct buf all;
	buf_init(&all, 4u * 1024 * 1024);
	for (size_t i = 0; i < mail->parts; i++)
		if (is_body(&mail->part[i], "text/plain")) {
			(void)buf_append(&all, mail->part[i].text, mail->part[i].len);
			(void)buf_putc(&all, '\n');
		}
	for (size_t i = 0; i < mail->parts && all.len == 0; i++)
		if (is_body(&mail->part[i], "text/html")) {
			char *plain = html_text(mail->part[i].text, mail->part[i].len, true);
			(void)buf_puts(&all, plain);
			free(plain);
		}
	char *own = reply_text_own(buf_str(&all));
	buf_fini(&all);
	return own;
}
