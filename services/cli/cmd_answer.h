/* `vestnik answer …`: between the files of its commands. */
#ifndef VESTNIK_CLI_CMD_ANSWER_H
#define VESTNIK_CLI_CMD_ANSWER_H

#include "answer/answer.h"
#include "answer/field.h"
#include "cli/command.h"

struct answer_place { /* which ask, or which round */
	struct db *db;
	int64_t campaign, round, number;
	struct ask ask;
	struct fields fields;
};
/* CAMPAIGN (operand 0), --round; with_key: KEY (operand 1), too. CLI_DONE, or what to return. */
int answer_find_place(struct cli *cli, const struct cli_args *args, bool with_key, struct answer_place *out);
void answer_place_fini(struct answer_place *place);
/* CloudEvents source of this person's acts. */
#define ANSWER_SOURCE_SIZE 160
const char *answer_source(struct cli *cli, char out[static ANSWER_SOURCE_SIZE]);
/* «различаются, письмо вернулось»; "" = all is well. */
const char *answer_trouble_words(int64_t trouble);

/* An answer, or a decision on one, for the audit log: cli_audit_next. Figures are no personal data, words may be:
 * they go into the detail. fields, name, phone, note may be NULL. */
int answer_audit(struct cli *cli, const char *action, const struct ask *ask, const json_t *fields, const char *name,
	const char *phone, const char *note);

int answer_list_run(struct cli *cli, const struct cli_args *args);
int answer_show_run(struct cli *cli, const struct cli_args *args);
int answer_set_run(struct cli *cli, const struct cli_args *args);
int answer_confirm_run(struct cli *cli, const struct cli_args *args);
int answer_refuse_run(struct cli *cli, const struct cli_args *args);
int answer_reopen_run(struct cli *cli, const struct cli_args *args);
int answer_import_run(struct cli *cli, const struct cli_args *args);
int answer_form_run(struct cli *cli, const struct cli_args *args);

#endif
