#include "roadmap/letters.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"

#define LETTER_MAX_BYTES (64 * 1024) /* what a letter may have */

const char *letters_before(enum lang lang)
{
	return lang == LANG_RU ?
		"# Скоро срок: {{step.title}}\n\n"
		"Уважаемые коллеги!\n\n"
		"Напоминаем о мероприятии плана: **{{step.title}}**.\n\n"
		"- Период: {{step.label}}\n"
		"- Начало: {{step.begins}}\n"
		"- Окончание: {{step.ends}}\n"
		"- Срок по плану: {{step.term}}\n"
		"- Ожидаемый результат: {{step.result}}\n"
		"- Ответственный: {{step.responsible}}\n\n"
		"После окончания мы попросим сообщить о результате. Сейчас отвечать не нужно.\n"
		:
		"# Coming up: {{step.title}}\n\n"
		"Dear colleagues,\n\n"
		"this is to remind you of a step of the plan: **{{step.title}}**.\n\n"
		"- Period: {{step.label}}\n"
		"- Begins: {{step.begins}}\n"
		"- Ends: {{step.ends}}\n"
		"- Term in the plan: {{step.term}}\n"
		"- Expected result: {{step.result}}\n"
		"- Responsible: {{step.responsible}}\n\n"
		"When it has ended we shall ask for the result. No answer is needed now.\n";
}

#define RESULT_RU \
	"# О результате: {{step.title}}\n\n" \
	"Уважаемые коллеги!\n\n" \
	"Завершился срок мероприятия плана: **{{step.title}}**.\n\n" \
	"- Период: {{step.label}}\n" \
	"- Срок по плану: {{step.term}}\n" \
	"- Ожидаемый результат: {{step.result}}\n" \
	"- Ответственный: {{step.responsible}}\n\n" \
	"Просим {{deadline.full}} сообщить, выполнено ли оно, перенесено (на какой срок) или не выполнено, " \
	"и коротко описать результат"
#define RESULT_EN \
	"# The result of: {{step.title}}\n\n" \
	"Dear colleagues,\n\n" \
	"the term of a step of the plan has ended: **{{step.title}}**.\n\n" \
	"- Period: {{step.label}}\n" \
	"- Term in the plan: {{step.term}}\n" \
	"- Expected result: {{step.result}}\n" \
	"- Responsible: {{step.responsible}}\n\n" \
	"Please say {{deadline.full}} whether it is done, moved (to when) or not done, and describe the result " \
	"in short"

const char *letters_result(enum lang lang, bool links)
{
	if (lang == LANG_RU)
		return links ? RESULT_RU ".\n\n[Заполнить форму]({{link.answer}})\n\nМожно ответить и на это письмо.\n"
			     : RESULT_RU " в ответе на это письмо.\n";
	return links ? RESULT_EN ".\n\n[Fill in the form]({{link.answer}})\n\nYou may also reply to this letter.\n"
		     : RESULT_EN " in a reply to this letter.\n";
}

/* What the plan says must not become markup or a tag. */
static void put_escaped(struct buf *out, const char *text)
{
	for (const char *p = text; *p != '\0'; p++) {
		if (strchr("\\`*_[]<>&~|#", *p) != NULL || (p == text && (*p == '-' || *p == '+')))
			(void)buf_putc(out, '\\');
		(void)buf_putc(out, *p == '\n' ? ' ' : *p);
		if (p[0] == '{' && p[1] == '{')
			(void)buf_putc(out, ' ');
	}
}

/* NULL: there is no such field. day: room for a date's words. */
static const char *value_of(const char *name, size_t len, const struct build *build, const struct build_item *item,
	enum lang lang, char day[static DAY_TEXT_SIZE])
{
	const struct roadmap_step *step = &build->map->step[item->step];
	const int32_t begin = item->scheduled ? item->timing.begin_day : DAY_NONE;
	const int32_t end = item->scheduled ? item->timing.end_day : DAY_NONE;
	const struct {
		const char *name, *value;
	} fields[] = {{"title", step->title}, {"number", step->number}, {"section", step->section}, {"result", step->result},
		{"term", item->term_text}, {"responsible", step->responsible}, {"label", item->label}};
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		if (strlen(fields[i].name) == len && memcmp(fields[i].name, name, len) == 0)
			return fields[i].value;
	if (len == strlen("begins") && memcmp(name, "begins", len) == 0)
		return begin == DAY_NONE ? "" : day_words(begin, lang, day);
	if (len == strlen("ends") && memcmp(name, "ends", len) == 0)
		return end == DAY_NONE ? "" : day_words(end, lang, day);
	return NULL;
}

/* One line; false: it has a field without a value. */
static bool fill_line(struct buf *out, const char *line, size_t len, const struct build *build,
	const struct build_item *item, enum lang lang)
{
	static const char open[] = "{{step.";
	const char *end = line + len;
	bool whole = true;
	while (line < end) {
		const char *tag = memmem(line, (size_t)(end - line), open, sizeof open - 1);
		const char *close = tag == NULL ? NULL : memmem(tag, (size_t)(end - tag), "}}", 2);
		if (close == NULL)
			break;
		char day[DAY_TEXT_SIZE];
		const char *name = tag + sizeof open - 1;
		const char *value = value_of(name, (size_t)(close - name), build, item, lang, day);
		(void)buf_append(out, line, (size_t)(tag - line));
		if (value != NULL)
			put_escaped(out, value);
		else /* the check of the campaign names it */
			(void)buf_append(out, tag, (size_t)(close + 2 - tag));
		whole = whole && (value == NULL || value[0] != '\0');
		line = close + 2;
	}
	(void)buf_append(out, line, (size_t)(end - line));
	return whole;
}

char *letters_fill(const char *text, const struct build *build, const struct build_item *item, enum lang lang)
{
	struct buf out, line;
	buf_init(&out, LETTER_MAX_BYTES);
	buf_init(&line, LETTER_MAX_BYTES);
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");
		len += text[len] == '\n';
		buf_reset(&line);
		if (fill_line(&line, text, len, build, item, lang))
			(void)buf_append(&out, buf_str(&line), line.len);
		text += len;
	}
	buf_fini(&line);
	return buf_take(&out);
}
