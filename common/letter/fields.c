/* Does a tag name a field that exists, and may it stand unescaped? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

#include "letter/markdown.h"

#define PATH_MAX_BYTES 600 /* longest tag and the section around it */
#define GUESS_MAX 64       /* longer names get no "did you mean" */

/* The path without pipes. */
static size_t path_length(const struct tag *tag)
{
	const char *bar = memchr(tag->name, '|', tag->name_len);
	size_t len = bar == NULL ? tag->name_len : (size_t)(bar - tag->name);
	while (len > 0 && (tag->name[len - 1] == ' ' || tag->name[len - 1] == '\t'))
		len--;
	return len;
}

/* known covers path: the same, everything below "a.*", or, for a section, the parent of a field. */
static bool covers(const char *known, const char *path, bool section)
{
	size_t known_len = strlen(known), len = strlen(path);
	if (known_len >= 2 && strcmp(known + known_len - 2, ".*") == 0) {
		size_t base = known_len - 2;
		return strncmp(path, known, base) == 0 &&
			(path[base] == '.' || (path[base] == '\0' && section));
	}
	if (strcmp(known, path) == 0)
		return true;
	return section && strncmp(known, path, len) == 0 && known[len] == '.';
}

static bool is_known(const char *const *known, const char *path, bool section)
{
	for (; *known != NULL; known++)
		if (covers(*known, path, section))
			return true;
	return false;
}

/* Edit distance of short names, bytes. */
static size_t distance(const char *a, const char *b)
{
	size_t row[GUESS_MAX + 1], len = strlen(b);
	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		size_t corner = row[0];
		row[0] = i;
		for (size_t j = 1; j <= len; j++) {
			size_t above = row[j];
			size_t best = corner + (a[i - 1] == b[j - 1] ? 0 : 1);
			if (above + 1 < best)
				best = above + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
			corner = above;
		}
	}
	return row[len];
}

static const char *nearest(const char *const *known, const char *path)
{
	const char *best = NULL;
	size_t len = strlen(path), best_distance = len / 3 + 2;
	if (len > GUESS_MAX)
		return NULL;
	for (; *known != NULL; known++) {
		if (strlen(*known) > GUESS_MAX || strchr(*known, '*') != NULL)
			continue;
		size_t d = distance(path, *known);
		/* The last word alone is a good guess, too: its section was forgotten or is around. */
		const char *dot = strrchr(*known, '.');
		size_t last = dot == NULL ? d : distance(path, dot + 1) + 1;
		d = last < d ? last : d;
		if (d < best_distance) {
			best = *known;
			best_distance = d;
		}
	}
	return best;
}

static bool is_hostile(const char *const *prefixes, const char *path)
{
	for (; prefixes != NULL && *prefixes != NULL; prefixes++) {
		size_t len = strlen(*prefixes);
		if (strncmp(path, *prefixes, len) == 0)
			return true;
		/* "recipient." also means the whole of «recipient». */
		if (len > 0 && (*prefixes)[len - 1] == '.' && strlen(path) == len - 1 &&
			strncmp(path, *prefixes, len - 1) == 0)
			return true;
	}
	return false;
}

/* The name as seen from `depth` sections in: depth 0 is the name itself. */
static void path_within(const struct tag *tag, const struct tag *const *inside, size_t from,
	size_t depth, char out[PATH_MAX_BYTES])
{
	size_t at = 0;
	out[0] = '\0';
	for (size_t i = from; i < depth; i++)
		at += (size_t)snprintf(out + at, at < PATH_MAX_BYTES ? PATH_MAX_BYTES - at : 0, "%.*s.",
			(int)inside[i]->name_len, inside[i]->name);
	size_t len = path_length(tag);
	if (len == 1 && tag->name[0] == '.') {
		if (at > 0 && at < PATH_MAX_BYTES)
			out[at - 1] = '\0';
	} else if (at < PATH_MAX_BYTES) {
		snprintf(out + at, PATH_MAX_BYTES - at, "%.*s", (int)len, tag->name);
	}
}

void markdown_check_tag(const struct markdown_source *source, const struct tag *tag,
	const struct tag *const *inside, size_t inside_count, struct problems *problems)
{
	bool section = tag->kind == TAG_SECTION || tag->kind == TAG_INVERTED;
	bool known = source->known_fields == NULL, hostile = false;
	char name[PATH_MAX_BYTES], path[PATH_MAX_BYTES];
	path_within(tag, inside, 0, 0, name);
	/* Inside {{#a}}{{#b}} the name x may be x, b.x, a.x or a.b.x. */
	bool all = tag->kind == TAG_RAW; /* any of them may be the hostile one */
	for (size_t from = 0; from <= inside_count && (all || !known); from++)
		for (size_t to = from; to <= inside_count && (all || !known); to++) {
			path_within(tag, inside, from, to, path);
			known = known || is_known(source->known_fields, path, section);
			hostile = hostile || is_hostile(source->hostile_prefixes, path);
		}
	if (path_length(tag) == 1 && tag->name[0] == '.' && inside_count > 0)
		known = true;
	struct problem_place place = {source->file, tag->line, tag->column, NULL};
	if (tag->kind == TAG_RAW && hostile)
		problem_add(problems, PROBLEM_ERROR, place, tr("write {{…}}", "напишите {{…}}"),
			tr("«%.60s» comes from outside and must not stand unescaped",
				"«%.60s» приходит извне и не может вставляться без экранирования"),
			name);
	if (known)
		return;
	const char *guess = nearest(source->known_fields, name);
	char hint[2 * GUESS_MAX + 40];
	snprintf(hint, sizeof hint, tr("did you mean {{%s}}?", "может быть, {{%s}}?"),
		guess == NULL ? "" : guess);
	problem_add(problems, PROBLEM_ERROR, place, guess == NULL ? NULL : hint,
		tr("there is no field «%.60s»", "поля «%.60s» нет"), name);
}
