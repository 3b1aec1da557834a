/* «Responsible» cells of plans: the names that stand in one, made comparable.
 * Pure. «Комитет образования, МКУ «Центр сопровождения», город N» has three.
 * Commas within quotation marks and brackets divide nothing, nor do numbers
 * («отдел 1, 2»), but «отдел общего, дошкольного образования» looks like two names:
 * memory.h therefore looks for the longest run of parts that people have mapped. */
#ifndef VESTNIK_ROADMAP_RESPONSIBLE_H
#define VESTNIK_ROADMAP_RESPONSIBLE_H

#include <stddef.h>

#define RESPONSIBLE_PARTS_MAX 60
/* Longer cells are cut: no name has as much, and a table broken over pages may join. */
#define RESPONSIBLE_TEXT_MAX_BYTES 4000

struct responsible_parts {
	char *part[RESPONSIBLE_PARTS_MAX]; /* clean lines, none empty */
	size_t count;
};
/* What is beyond RESPONSIBLE_PARTS_MAX stays in the last part. */
void responsible_split(const char *cell, struct responsible_parts *out);
void responsible_parts_fini(struct responsible_parts *parts);
/* Parts first … last joined by ", ". The caller frees it. */
char *responsible_run(const struct responsible_parts *parts, size_t first, size_t last);

/* Comparable: case, ё, quotation marks, dashes, stops, blanks do not count; "" when
 * nothing is left. The caller frees it. */
char *responsible_key(const char *text);

#endif
