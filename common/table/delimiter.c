#include "table/delimiter.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define LINES_LOOKED_AT 50

static size_t skip_separator_line(const char *text, size_t len, char *delimiter)
{
	if (len < 6 || strncasecmp(text, "sep=", 4) != 0 || strchr(";,\t", text[4]) == NULL ||
		(text[5] != '\r' && text[5] != '\n'))
		return 0;
	*delimiter = text[4];
	return text[5] == '\r' && len > 6 && text[6] == '\n' ? 7 : 6;
}

/* Lines (quoted line breaks do not count) with as many delimiters as the first. */
static size_t lines_alike(const char *text, size_t len, char delimiter, size_t *header)
{
	size_t alike = 0, lines = 0, count = 0;
	bool quoted = false, filled = false;
	*header = 0;
	for (size_t i = 0; i < len && lines < LINES_LOOKED_AT; i++) {
		char c = text[i];
		if (c == '"') {
			quoted = !quoted;
		} else if (quoted) {
			continue;
		} else if (c == '\n' || c == '\r') {
			if (filled && lines++ == 0)
				*header = count;
			else if (filled && count == *header)
				alike++;
			count = 0;
			filled = false;
		} else if (c == delimiter) {
			count++;
			filled = true;
		} else {
			filled = true;
		}
	}
	if (lines == 0)
		*header = count; /* one line without a break */
	return alike;
}

char delimiter_find(const char *text, size_t len, size_t *skip)
{
	char best = ';';
	*skip = skip_separator_line(text, len, &best);
	if (*skip > 0)
		return best;
	size_t best_alike = 0, best_header = 0;
	static const char candidates[] = {';', '\t', ','};
	for (size_t i = 0; i < sizeof candidates; i++) {
		size_t header;
		size_t alike = lines_alike(text, len, candidates[i], &header);
		if (header == 0)
			continue;
		if (best_header == 0 || alike > best_alike ||
			(alike == best_alike && header > best_header)) {
			best = candidates[i];
			best_alike = alike;
			best_header = header;
		}
	}
	return best;
}
