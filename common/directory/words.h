/* The words of people's sheets: column titles, kinds, roles, zones. All are
 * compared as table_title_key() makes them. docs/reference/directory.md lists
 * them; a test holds the two together. */
#ifndef VESTNIK_DIRECTORY_WORDS_H
#define VESTNIK_DIRECTORY_WORDS_H

#include <stdbool.h>
#include <stddef.h>

enum column_field {
	COLUMN_KEY, COLUMN_NAME, COLUMN_KIND, COLUMN_REGION, COLUMN_MUNICIPALITY, COLUMN_ZONE,
	COLUMN_PARENT, COLUMN_ROLE,
	/* of a contact: */
	COLUMN_ADDRESS, COLUMN_PERSON, COLUMN_POSITION, COLUMN_PHONE,
	COLUMN_EXTRA, COLUMN_UNTITLED
};

struct column_word {
	const char *word;
	enum column_field field;
};
/* In order of rank: of two columns for one field the earlier word wins. Ends
 * with a NULL word. */
extern const struct column_word column_words[];
/* The same for contacts; these may stand beside a role word ("e mail директора"). */
extern const struct column_word contact_words[];

struct word_pair {
	const char *word, *value;
};
/* Words → slugs; end with a NULL word. */
extern const struct word_pair kind_words[];
extern const struct word_pair contact_role_words[];
/* "мск+7" → zone */
extern const struct word_pair zone_words[];

/* Value of the word in a table, NULL when there is none. */
const char *word_value(const struct word_pair *table, const char *word);

#define ROLE_DEFAULT "coordinator"
#define KIND_DEFAULT "organisation" /* of a sheet without such a column */

#endif
