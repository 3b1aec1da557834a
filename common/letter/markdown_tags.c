/* Tags out of the Markdown, before cmark sees it.
 *
 * cmark would percent-encode tags in links and break lists at tags on lines of
 * their own. So each tag becomes a word of letters and digits that does not
 * occur in the text, and a tag alone on its line becomes a paragraph, a list
 * item or a table row of its own, whichever its section holds. */
#include "letter/markdown_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

enum form { FORM_INLINE, FORM_BLOCK, FORM_LIST, FORM_TABLE };

static struct marked *mark_add(struct marks *marks, const struct tag *tag)
{
	if ((marks->count & (marks->count - 1)) == 0)
		marks->item = xrealloc(marks->item, marks->count == 0 ? 1 : marks->count * 2,
			sizeof *marks->item);
	struct marked *mark = &marks->item[marks->count++];
	*mark = (struct marked){.tag = *tag};
	return mark;
}

void marks_fini(struct marks *marks)
{
	free(marks->item);
	buf_fini(&marks->text);
	free(marks->line);
}

/* ---- what a section holds --------------------------------------------------------- */

struct line {
	const char *text;
	size_t len; /* without newline and outer blanks */
	bool indented;
};

static size_t line_at(const char *text, size_t from, size_t to, struct line *line)
{
	const char *newline = memchr(text + from, '\n', to - from);
	size_t end = newline == NULL ? to : (size_t)(newline - text);
	size_t next = newline == NULL ? to : end + 1;
	line->indented = end > from && (text[from] == ' ' || text[from] == '\t');
	while (from < end && (text[from] == ' ' || text[from] == '\t'))
		from++;
	while (end > from && (text[end - 1] == ' ' || text[end - 1] == '\t' || text[end - 1] == '\r'))
		end--;
	line->text = text + from;
	line->len = end - from;
	return next;
}

static bool is_item(const struct line *line)
{
	return !line->indented && line->len >= 2 && strchr("-*+", line->text[0]) != NULL &&
		line->text[1] == ' ';
}

static bool is_table_rule(const struct line *line)
{
	return line->len >= 3 && strspn(line->text, "|-: \t") >= line->len;
}

static bool is_tag_line(const struct marks *marks, const char *text, const struct line *line)
{
	size_t at = (size_t)(line->text - text), low = 0, high = marks->count;
	while (low < high) { /* marks stand in the order of the text */
		size_t middle = low + (high - low) / 2;
		if (marks->item[middle].tag.start < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low < marks->count && marks->item[low].tag.start == at && marks->item[low].tag.standalone;
}

/* Of the lines between a section's two standalone tags. */
static enum form form_of(const struct marks *marks, const char *text, size_t from, size_t to, char *bullet)
{
	bool table = true, list = true;
	size_t seen = 0;
	*bullet = '-';
	while (from < to) {
		struct line line;
		from = line_at(text, from, to, &line);
		if (line.len == 0) {
			table = false;
			continue;
		}
		if (is_tag_line(marks, text, &line))
			continue;
		if (line.text[0] != '|' || is_table_rule(&line))
			table = false;
		if (seen == 0 ? !is_item(&line) : !is_item(&line) && !line.indented)
			list = false;
		if (seen++ == 0)
			*bullet = line.text[0];
	}
	return seen == 0 ? FORM_BLOCK : table ? FORM_TABLE : list ? FORM_LIST : FORM_BLOCK;
}

static void find_forms(struct marks *marks, const char *text)
{
	size_t open[TEMPLATE_NESTING_MAX], depth = 0;
	for (size_t i = 0; i < marks->count; i++) {
		struct marked *mark = &marks->item[i];
		mark->form = mark->tag.standalone ? FORM_BLOCK : FORM_INLINE;
		if (mark->tag.kind == TAG_SECTION || mark->tag.kind == TAG_INVERTED) {
			if (depth < TEMPLATE_NESTING_MAX)
				open[depth++] = i;
		} else if (mark->tag.kind == TAG_CLOSE && depth > 0) {
			struct marked *first = &marks->item[open[--depth]];
			if (!first->tag.standalone || !mark->tag.standalone)
				continue;
			first->form = mark->form = (int)form_of(marks, text, first->tag.line_end,
				mark->tag.line_start, &mark->bullet);
			first->bullet = mark->bullet;
		}
	}
}

/* ---- checks -------------------------------------------------------------------------- */

static void check_all(const struct markdown_source *source, const struct marks *marks,
	struct problems *problems)
{
	const struct tag *inside[TEMPLATE_NESTING_MAX];
	size_t depth = 0;
	for (size_t i = 0; i < marks->count; i++) {
		const struct tag *tag = &marks->item[i].tag;
		if (tag->kind == TAG_CLOSE) {
			depth -= depth > 0 ? 1 : 0;
			continue;
		}
		markdown_check_tag(source, tag, inside, depth, problems);
		/* Beyond the limit the builder reports the nesting. */
		if ((tag->kind == TAG_SECTION || tag->kind == TAG_INVERTED) && depth < TEMPLATE_NESTING_MAX)
			inside[depth++] = tag;
	}
}

/* ---- the marked text ---------------------------------------------------------------- */

static void choose_word(struct marks *marks, const char *text, size_t len)
{
	for (unsigned n = 0;; n++) {
		int words = snprintf(marks->word, sizeof marks->word, "vtag%ux", n);
		if (memmem(text, len, marks->word, (size_t)words) == NULL)
			return;
	}
}

static void copy_text(struct marks *marks, const char *text, size_t len)
{
	(void)buf_append(&marks->text, text, len);
}

/* Notes the source's line for every line of the marked text up to here. */
static void note_lines(struct marks *marks, int *source_line, int step)
{
	for (; marks->noted < marks->text.len; marks->noted++) {
		if (marks->text.data[marks->noted] != '\n')
			continue;
		if ((marks->lines & (marks->lines - 1)) == 0)
			marks->line = xrealloc(marks->line, marks->lines == 0 ? 1 : marks->lines * 2,
				sizeof *marks->line);
		marks->line[marks->lines++] = *source_line;
		*source_line += step;
	}
}

static int newlines(const char *text, size_t len)
{
	int count = 0;
	for (size_t i = 0; i < len; i++)
		count += text[i] == '\n' ? 1 : 0;
	return count;
}

static void put_mark(struct marks *marks, size_t index)
{
	const struct marked *mark = &marks->item[index];
	char word[48];
	snprintf(word, sizeof word, "%s%zuz", marks->word, index);
	switch ((enum form)mark->form) {
	case FORM_BLOCK:
		(void)buf_printf(&marks->text, "\n%s\n\n", word);
		break;
	case FORM_LIST:
		(void)buf_printf(&marks->text, "%c %s\n", mark->bullet, word);
		break;
	case FORM_TABLE:
		(void)buf_printf(&marks->text, "| %s |\n", word);
		break;
	case FORM_INLINE:
		(void)buf_puts(&marks->text, word);
		break;
	}
}

int marks_make(struct marks *marks, const struct markdown_source *source, struct problems *problems)
{
	struct scanner scanner;
	struct tag tag;
	int more;
	size_t errors = problems->errors;
	*marks = (struct marks){0};
	/* Each tag of 4 bytes or more grows to at most 48. */
	buf_init(&marks->text, source->len * 12 + 64);
	scanner_init(&scanner, source->file, source->text, source->len);
	while ((more = scanner_next(&scanner, &tag, problems)) == 1) {
		if (tag.kind == TAG_PARTIAL)
			problem_add(problems, PROBLEM_ERROR,
				(struct problem_place){source->file, tag.line, tag.column, NULL}, NULL, "%s",
				tr("letters have no partials", "в письмах нет вложенных шаблонов"));
		else
			(void)mark_add(marks, &tag);
	}
	if (problems->errors != errors)
		return -1;
	choose_word(marks, source->text, source->len);
	find_forms(marks, source->text);
	check_all(source, marks, problems);
	size_t at = 0;
	int line = 1;
	for (size_t i = 0; i < marks->count; i++) {
		const struct tag *here = &marks->item[i].tag;
		copy_text(marks, source->text + at, here->line_start - at);
		note_lines(marks, &line, 1);
		if (here->kind != TAG_COMMENT && here->kind != TAG_DELIMITERS)
			put_mark(marks, i);
		note_lines(marks, &line, 0);
		line += newlines(source->text + here->line_start, here->line_end - here->line_start);
		at = here->line_end;
	}
	copy_text(marks, source->text + at, source->len - at);
	return problems->errors == errors ? 0 : -1;
}

/* Where the next mark in text begins (len when there is none) and which it is. */
size_t marks_find(const struct marks *marks, const char *text, size_t len, size_t *mark_len,
	const struct marked **mark)
{
	size_t word_len = strlen(marks->word), from = 0;
	*mark = NULL;
	while (from < len) {
		const char *hit = memmem(text + from, len - from, marks->word, word_len);
		if (hit == NULL)
			break;
		size_t at = (size_t)(hit - text) + word_len, index = 0, digits = 0;
		for (; at < len && text[at] >= '0' && text[at] <= '9' && digits < 9; at++, digits++)
			index = index * 10 + (size_t)(text[at] - '0');
		if (digits > 0 && at < len && text[at] == 'z' && index < marks->count) {
			*mark = &marks->item[index];
			*mark_len = at + 1 - (size_t)(hit - text);
			return (size_t)(hit - text);
		}
		from = at;
	}
	return len;
}

int marks_line(const struct marks *marks, int line)
{
	if (line >= 1 && (size_t)line <= marks->lines)
		return marks->line[line - 1];
	/* After the last tag lines differ by a constant. */
	if (marks->lines == 0)
		return line;
	return marks->line[marks->lines - 1] + line - (int)marks->lines;
}
