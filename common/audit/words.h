/* What stands in audit_entry.action, as people read it. A new action: a row in words.c. */
#ifndef VESTNIK_AUDIT_WORDS_H
#define VESTNIK_AUDIT_WORDS_H

struct audit_words {
	const char *action, *en, *ru;
};
/* All that are known; ends with action NULL. */
const struct audit_words *audit_words_all(void);
/* The action itself when it is not known. */
const char *audit_action_words(const char *action);
/* The same for a member of facts and details: «причина». */
const char *audit_member_words(const char *name);

#endif
