/* Which parts of a letter speak to one recipient: tags, sections, blocks. */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "letter/public_inside.h"

/* ---- whose field it is -------------------------------------------------------------- */

static const json_t *member(const json_t *object, const char *path, size_t len)
{
	const char *end = path + len;
	while (object != NULL && path < end) {
		const char *dot = memchr(path, '.', (size_t)(end - path));
		size_t n = (size_t)((dot == NULL ? end : dot) - path);
		char name[100];
		if (n == 0 || n >= sizeof name)
			return NULL;
		memcpy(name, path, n);
		name[n] = '\0';
		object = json_object_get(object, name);
		path += n + (dot != NULL);
	}
	return object;
}

/* The path of a tag: without its pipes. */
static size_t path_len(const struct tag *tag)
{
	const char *bar = memchr(tag->name, '|', tag->name_len);
	size_t len = bar == NULL ? tag->name_len : (size_t)(bar - tag->name);
	while (len > 0 && (tag->name[len - 1] == ' ' || tag->name[len - 1] == '\t'))
		len--;
	return len;
}

/* Does everybody have this field? within: the values of the sections around. */
static const json_t *shared(const json_t *fields, const struct tag *tag, const json_t *const *within, size_t depth)
{
	size_t len = path_len(tag);
	if (len == 1 && tag->name[0] == '.')
		return depth > 0 ? within[depth - 1] : NULL;
	for (size_t i = depth; i-- > 0;) {
		const json_t *around = json_is_array(within[i]) ? json_array_get(within[i], 0) : within[i];
		const json_t *value = member(around, tag->name, len);
		if (value != NULL)
			return value;
	}
	return member(fields, tag->name, len);
}

/* ---- tags ------------------------------------------------------------------------------ */

static int read_tags(struct public_letter *p, struct problems *problems)
{
	struct scanner scanner;
	struct tag tag;
	int rc;
	scanner_init(&scanner, "letter", p->text, p->len);
	while ((rc = scanner_next(&scanner, &tag, problems)) == 1) {
		if ((p->tags & (p->tags - 1)) == 0)
			p->tag = xrealloc(p->tag, p->tags == 0 ? 1 : p->tags * 2, sizeof *p->tag);
		p->tag[p->tags++] = (struct public_tag){.tag = tag, .partner = SIZE_MAX};
	}
	return rc;
}

/* Pairs the sections and says of each tag whether everybody has its field. */
static int judge_tags(struct public_letter *p, const json_t *fields)
{
	size_t open[TEMPLATE_NESTING_MAX], depth = 0;
	const json_t *within[TEMPLATE_NESTING_MAX];
	for (size_t i = 0; i < p->tags; i++) {
		struct public_tag *t = &p->tag[i];
		if (t->tag.kind == TAG_COMMENT || t->tag.kind == TAG_DELIMITERS)
			continue;
		if (t->tag.kind == TAG_CLOSE) {
			if (depth == 0)
				return -1;
			t->partner = open[--depth];
			t->personal = p->tag[t->partner].personal;
			p->tag[t->partner].partner = i;
			continue;
		}
		const json_t *value = t->tag.kind == TAG_PARTIAL ? NULL : shared(fields, &t->tag, within, depth);
		t->personal = value == NULL;
		if (t->tag.kind != TAG_SECTION && t->tag.kind != TAG_INVERTED)
			continue;
		if (depth == TEMPLATE_NESTING_MAX)
			return -1;
		within[depth] = value;
		open[depth++] = i;
	}
	return depth == 0 ? 0 : -1;
}

/* ---- blocks ------------------------------------------------------------------------------ */

static bool blank_line(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r' && line[i] != '\n')
			return false;
	return true;
}

static bool item_line(const char *line, size_t len)
{
	size_t at = 0, digits = 0;
	while (at < len && (line[at] == ' ' || line[at] == '\t' || line[at] == '>'))
		at++;
	while (at + digits < len && line[at + digits] >= '0' && line[at + digits] <= '9')
		digits++;
	if (digits > 0 && digits < 10)
		return at + digits + 1 < len && (line[at + digits] == '.' || line[at + digits] == ')') &&
			line[at + digits + 1] == ' ';
	return at + 1 < len && strchr("-*+", line[at]) != NULL && line[at + 1] == ' ';
}

static bool bar_line(const char *line, size_t len)
{
	return memchr(line, '|', len) != NULL;
}

static bool delimiter_line(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (strchr(" |:-\t\r\n", line[i]) == NULL)
			return false;
	return bar_line(line, len) && memchr(line, '-', len) != NULL;
}

static struct public_block *add_block(struct public_letter *p, size_t start)
{
	if ((p->blocks & (p->blocks - 1)) == 0)
		p->block = xrealloc(p->block, p->blocks == 0 ? 1 : p->blocks * 2, sizeof *p->block);
	p->block[p->blocks] = (struct public_block){.start = start, .end = start};
	return &p->block[p->blocks++];
}

static bool standalone_at(const struct public_letter *p, size_t start)
{
	for (size_t i = 0; i < p->tags; i++)
		if (p->tag[i].tag.standalone && p->tag[i].tag.line_start == start)
			return true;
	return false;
}

/* A block is a paragraph, an item, a row, a heading, a blank line, a tag alone on its line. The head
 * of a table and its delimiter are one with the rows below: without a head there is no table. */
static void read_blocks(struct public_letter *p)
{
	bool fresh = true, table = false;
	struct public_block *block = NULL;
	for (size_t at = 0; at < p->len;) {
		const char *line = p->text + at;
		const char *newline = memchr(line, '\n', p->len - at);
		size_t len = newline == NULL ? p->len - at : (size_t)(newline - line) + 1;
		bool alone = standalone_at(p, at), blank = blank_line(line, len);
		if (table && !alone && !bar_line(line, len))
			table = false;
		if (delimiter_line(line, len) && block != NULL && !fresh) {
			table = block->head = true; /* the line before is its head */
		} else if (fresh || alone || blank || table || line[0] == '#' || item_line(line, len)) {
			block = add_block(p, at);
			block->row = table && !alone;
		}
		if (block != NULL)
			block->end = at + len;
		fresh = alone || blank || line[0] == '#';
		at += len;
	}
}

static struct public_block *block_of(struct public_letter *p, size_t at)
{
	size_t low = 0, high = p->blocks;
	while (high - low > 1) {
		size_t middle = (low + high) / 2;
		if (p->block[middle].start <= at)
			low = middle;
		else
			high = middle;
	}
	return &p->block[low];
}

/* ---- leaving out ----------------------------------------------------------------------------- */

static bool leave_out(struct public_letter *p, struct public_block *from, struct public_block *to)
{
	bool news = false;
	(void)p;
	for (struct public_block *b = from; b <= to; b++) {
		news = news || !b->out;
		b->out = true;
	}
	return news;
}

static bool leave_out_table(struct public_letter *p, struct public_block *head)
{
	struct public_block *end = head;
	while (end + 1 < p->block + p->blocks && end[1].row)
		end++;
	return leave_out(p, head, end);
}

/* Whatever hangs on something that is left out goes, too, until nothing more does. */
static void leave_out_personal(struct public_letter *p)
{
	bool news = true;
	for (size_t i = 0; i < p->tags; i++)
		if (p->tag[i].personal)
			block_of(p, p->tag[i].tag.start)->out = true;
	while (news) {
		news = false;
		for (size_t i = 0; i < p->tags; i++) {
			size_t partner = p->tag[i].partner;
			if (partner == SIZE_MAX || partner < i)
				continue;
			struct public_block *from = block_of(p, p->tag[i].tag.start);
			struct public_block *to = block_of(p, p->tag[partner].tag.start);
			if (p->tag[i].personal || from->out || to->out)
				news = leave_out(p, from, to) || news;
		}
		for (size_t i = 0; i < p->blocks; i++)
			if (p->block[i].head && p->block[i].out)
				news = leave_out_table(p, &p->block[i]) || news;
	}
}

int public_read(struct public_letter *p, const char *text, size_t len, const json_t *fields, struct problems *problems)
{
	*p = (struct public_letter){.text = text, .len = len};
	if (read_tags(p, problems) != 0 || judge_tags(p, fields) != 0)
		return -1;
	read_blocks(p);
	leave_out_personal(p);
	return 0;
}

void public_fini(struct public_letter *p)
{
	free(p->tag);
	free(p->block);
	*p = (struct public_letter){0};
}
