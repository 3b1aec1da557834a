/* Shared by the two files that make a letter public. */
#ifndef VESTNIK_LETTER_PUBLIC_INSIDE_H
#define VESTNIK_LETTER_PUBLIC_INSIDE_H

#include <jansson.h>

#include "letter/template.h"

struct public_tag {
	struct tag tag;
	bool personal;   /* not everybody has this field */
	size_t partner;  /* the other tag of a section; SIZE_MAX: none */
};
struct public_block {
	size_t start, end; /* bytes of the text, whole lines */
	bool head;         /* of a table, with its delimiter line */
	bool row;          /* of a table */
	bool out;          /* left out */
};
struct public_letter {
	const char *text;
	size_t len;
	struct public_tag *tag;
	size_t tags;
	struct public_block *block;
	size_t blocks;
};

/* -1: the text's tags are broken. public_fini in both cases. */
int public_read(struct public_letter *p, const char *text, size_t len, const json_t *fields, struct problems *problems);
void public_fini(struct public_letter *p);

#endif
