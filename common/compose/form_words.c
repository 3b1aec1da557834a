/* What a form begins with; names made from titles. */
#include <stdio.h>
#include <string.h>

#include "base/gate.h"
#include "compose/form.h"

/* ---- letters ----------------------------------------------------------------------------- */

const char *const form_letters[] = {"first", "reminder", "collect", "collect_reminder", "acknowledge", "correction",
	"recall", "postponed", NULL};

const char *form_letter_file(const char *letter)
{
	static const char *const files[] = {"letter.md", "reminder.md", "collect.md", "collect-reminder.md",
		"acknowledge.md", "correction.md", "recall.md", "postponed.md"};
	for (size_t i = 0; form_letters[i] != NULL; i++)
		if (strcmp(form_letters[i], letter) == 0)
			return files[i];
	return NULL;
}

json_t *form_new(const char *title, enum lang lang)
{
	const char *text = lang == LANG_RU
				   ? "\n\n**Руководителям образовательных организаций**\n\nУважаемые коллеги!\n\n"
				     "Здесь – о чём Вы пишете: зачем, на основании чего, что нужно сделать.\n\n"
				     "Просим **{{deadline.full}}** сообщить о результатах.\n\n"
				     "[Заполнить форму]({{link.answer}})\n\n"
				     "Можно ответить и на это письмо. Чтобы передать письмо дальше, пользуйтесь "
				     "[текстом для пересылки]({{link.forward}}).\n"
				   : "\n\nDear colleagues,\n\nHere: what you write about, why, and what is to be done.\n\n"
				     "Please tell us about the results {{deadline.full}}.\n\n"
				     "[Fill in the form]({{link.answer}})\n\n"
				     "You may also answer this letter. To pass it on, use [the text for forwarding]({{link.forward}}).\n";
	json_t *letter = json_sprintf("# %s%s", title[0] == '\0' ? "…" : title, text);
	return json_pack("{s:s, s:s, s:{s:o}, s:{s:[]}, s:{s:s, s:b}, s:b, s:{s:b, s:s, s:[s,s,s], s:s, s:[]}}", "title",
		title, "lang", lang == LANG_RU ? "ru" : "en", "letters", "first", letter, "audience", "kinds", "send", "hours",
		"09:00-18:00", "local", 1, "may_leave", 0, "ask", "wanted", 1, "verb", lang == LANG_RU ? "просим" : "please",
		"remind", "-7d", "-4d", "-1d", "if_day_off", "next", "answer");
}

/* ---- names ------------------------------------------------------------------------------- */

/* Cyrillic as mail addresses and passports write it, lower case; index: code point - 0x430. */
static const char *const latin[32] = {"a", "b", "v", "g", "d", "e", "zh", "z", "i", "y", "k", "l", "m", "n", "o", "p",
	"r", "s", "t", "u", "f", "h", "ts", "ch", "sh", "sch", "", "y", "", "e", "yu", "ya"};

/* Next character of UTF-8 (of two bytes at most; others give 0). */
static unsigned next(const char **text)
{
	const unsigned char *p = (const unsigned char *)*text;
	if (p[0] < 0x80) {
		*text += 1;
		return p[0];
	}
	if (p[0] >= 0xc2 && p[0] <= 0xdf && (p[1] & 0xc0) == 0x80) {
		*text += 2;
		return (unsigned)(p[0] & 0x1f) << 6 | (p[1] & 0x3f);
	}
	*text += 1;
	while ((*(const unsigned char *)*text & 0xc0) == 0x80)
		*text += 1;
	return 0;
}

static const char *latin_of(unsigned c, char one[static 2])
{
	one[0] = one[1] = '\0';
	if (c >= 0x410 && c <= 0x42f)
		c += 0x20;
	if (c == 0x401 || c == 0x451)
		c = 0x435;
	if (c >= 0x430 && c <= 0x44f)
		return latin[c - 0x430];
	if (c >= 'A' && c <= 'Z')
		c += 'a' - 'A';
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
		one[0] = (char)c;
	return one[0] != '\0' ? one : NULL;
}

#define NAME_MOST 40 /* as long as a field's name may be */

/* Whole words while they fit, so that no name ends in half a word if it need not. */
static const char *name_of(const char *text, char between, const char *otherwise, char out[static FORM_SLUG_SIZE])
{
	size_t len = 0, whole = 0;
	bool gap = false, full = false;
	for (const char *at = text; *at != '\0' && !full;) {
		char one[2];
		const char *piece = latin_of(next(&at), one);
		if (piece == NULL) {
			whole = len;
			gap = len > 0;
			continue;
		}
		full = len + strlen(piece) + gap > NAME_MOST;
		if (full)
			break;
		if (gap && piece[0] != '\0') {
			out[len++] = between;
			gap = false;
		}
		memcpy(out + len, piece, strlen(piece));
		len += strlen(piece);
	}
	if (full && whole >= NAME_MOST / 2)
		len = whole;
	out[len] = '\0';
	if (len == 0)
		snprintf(out, FORM_SLUG_SIZE, "%s", otherwise);
	return out;
}

const char *form_slug(const char *title, char out[static FORM_SLUG_SIZE])
{
	return name_of(title, '-', "campaign", out);
}

const char *form_field_name(const char *label, char out[static FORM_SLUG_SIZE])
{
	char name[FORM_SLUG_SIZE];
	(void)name_of(label, '_', "field", name);
	snprintf(out, FORM_SLUG_SIZE, "%s%.*s", name[0] <= '9' ? "n" : "", NAME_MOST - (name[0] <= '9'), name);
	return out;
}
