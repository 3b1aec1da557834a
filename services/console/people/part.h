/* Accounts, keys, the own password; and a small form: what was typed, and what is wrong with it. */
#ifndef VESTNIK_CONSOLE_PEOPLE_PART_H
#define VESTNIK_CONSOLE_PEOPLE_PART_H

#include "account/account.h"
#include "console/console.h"

/* ---- a form: "f" of a page's data: {{f.name.value}}, {{f.name.error}} (form.c) ------------------ */

struct form {
	json_t *fields; /* {"name": {"value", "error"}} */
	bool wrong;
};
void form_begin_empty(struct form *form);
/* What was typed into a field, "" when nothing; kept to be shown again. Blanks around it are cut. */
const char *form_typed(struct form *form, const struct visit *visit, const char *name);
void form_fill(struct form *form, const char *name, const char *value);
/* The first error of a field stays. text begins like those of struct error; shown as a sentence. */
void form_refuse(struct form *form, const char *name, const char *text);
/* New reference; the form is empty then. */
json_t *form_take_fields(struct form *form);
/* "the password …" → "The password … ." */
json_t *form_sentence(const char *text);

/* ---- the own password: password.c ------------------------------------------------------------- */

void page_password(struct visit *visit);
void take_password(struct visit *visit);
void end_own_session(struct visit *visit);

/* ---- accounts: account_list.c, account_one.c ------------------------------------------------------ */

void page_accounts(struct visit *visit);
void page_account_new(struct visit *visit);
void take_account_new(struct visit *visit);
void page_account(struct visit *visit);
void take_account(struct visit *visit);
void take_account_password(struct visit *visit);
void take_account_active(struct visit *visit); /* …/disable and …/enable */
void take_account_unlock(struct visit *visit);
void end_account_session(struct visit *visit);
void end_account_sessions(struct visit *visit);

/* [{"mark","here","opened","used","origin"}], new reference; own: hash of the visitor's session or NULL. */
json_t *people_sessions(const struct visit *visit, int64_t account, const char *own, struct error *e);
/* Choices of a select: [{"value","name","chosen"}]. */
json_t *people_roles(const char *chosen);

/* ---- keys: key_list.c ---------------------------------------------------------------------------- */

void page_keys(struct visit *visit);
void page_key_new(struct visit *visit);
void take_key_new(struct visit *visit);
void take_key_revoke(struct visit *visit);

#endif
