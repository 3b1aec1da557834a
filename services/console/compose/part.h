/* Campaigns being written: pages of one draft in four steps, and what they share. A page posts all that stands in
 * its fields; a field's name is its place in the form (compose/form.h). Whatever button is pressed, what was
 * typed is saved first. */
#ifndef VESTNIK_CONSOLE_COMPOSE_PART_H
#define VESTNIK_CONSOLE_COMPOSE_PART_H

#include "base/problem.h"
#include "compose/compose.h"
#include "compose/form.h"
#include "console/console.h"

/* ---- draft.c: one draft and what is wrong with it ------------------------------------------- */

enum draft_step { STEP_LETTER, STEP_AUDIENCE, STEP_DATES, STEP_CHECK, STEP_TEXT, STEPS };
extern const char *const draft_paths[STEPS]; /* "letter", "audience", "dates", "check", "text" */

struct draft {
	struct visit *visit;
	struct composition composition;
	struct campaign_folder *folder; /* NULL: not loaded, or not without mistakes */
	struct problems problems;
	bool example;    /* a stand-in was shown for what is not said yet (deadline, audience) */
	const char *conflict; /* who was quicker; NULL: nobody */
	json_t *theirs;  /* what they saved where it differs: [{"label","text"}] */
};
/* Of the route's {slug}. false: answered. */
bool draft_open(struct visit *visit, struct draft *draft);
void draft_close(struct draft *draft);

enum draft_look {
	LOOK_EXAMPLE, /* quick, with stand-ins: for the letter's preview */
	LOOK_AUDIENCE, /* only whom it goes to: with a stand-in for the letter */
	LOOK_DATES,    /* only when: quick, with a stand-in for the letter and everybody */
	LOOK_WHOLE
};
/* false: answered (it cannot be done at all). */
bool draft_load(struct draft *draft, enum draft_look look);
/* Data of a page of the step: title, steps, problems, slug, version. */
json_t *draft_page(struct draft *draft, enum draft_step step);
void draft_show(struct draft *draft, int status, enum draft_step step, json_t *data);
/* "/compose/<slug>/<step>"; the caller frees. */
char *draft_url(const struct draft *draft, enum draft_step step);
/* The step's own problems and those of nobody; [{"text","class","href","where"}]. */
json_t *draft_problems(const struct draft *draft, enum draft_step step, bool errors);
/* What is wrong at a place of the form; null. New reference. */
json_t *draft_wrong(const struct draft *draft, const char *path);

/* ---- field.c: fields as the template compose_field shows them -------------------------------------- */

enum field_look { LOOK_LINE, LOOK_DATE, LOOK_TIME, LOOK_NUMBER, LOOK_AREA, LOOK_LINES, LOOK_FLAG, LOOK_SELECT };
struct field_row {
	const char *path;  /* in the form, or in a row of it */
	enum field_look look;
	const char *en, *ru, *hint_en, *hint_ru; /* hints may be NULL */
	const char *const *choices;              /* of a select: value, en, ru, …; NULL */
};
/* base: "" or a row's path. */
json_t *draft_field(const struct draft *draft, const char *base, const struct field_row *row);
/* Rows up to one without path. */
json_t *draft_fields(const struct draft *draft, const char *base, const struct field_row *rows);
/* Each row of a list: [{"n","path","title","fields":[…],"error"}]. */
json_t *draft_rows(const struct draft *draft, const char *path, const struct field_row *rows, const char *title_en,
	const char *title_ru);
/* [{"value","name","chosen","count"}] as checkboxes of a list in the form. options: [{"value","name","count"?}], taken over. */
json_t *draft_choices(const struct draft *draft, const char *path, json_t *options);

/* ---- take.c: what was posted ---------------------------------------------------------------------- */

/* The fields into the form, then what the pressed button ("do") says: add:<list>, remove:<row>, key:, unkey: …. */
void take_fields(struct draft *draft);
const char *pressed(const struct visit *visit); /* "" = save */
/* Takes, does `more` in the same transaction (NULL: nothing), saves. On a conflict or a mistake the step's page is
 * shown again, with what was typed; false then. */
bool take_and_save(struct draft *draft, enum draft_step step,
	int (*more)(struct draft *draft, struct db *tx, struct error *e));
/* See the step again, or the next one when that was pressed. */
void go_on(struct draft *draft, enum draft_step step);
/* Shows the step's page for what stands in the draft now. */
void show_step(struct draft *draft, enum draft_step step, int status);

/* ---- the pages ------------------------------------------------------------------------------------ */

void show_letter(struct draft *draft, int status);
void show_audience(struct draft *draft, int status);
void show_dates(struct draft *draft, int status);
void show_check(struct draft *draft, int status);
void show_step_text(struct draft *draft, int status);

void page_drafts(struct visit *visit);
void take_draft(struct visit *visit);
void take_archive(struct visit *visit);
void take_copy(struct visit *visit);
void page_draft(struct visit *visit);
void take_drop(struct visit *visit);
void page_letter(struct visit *visit);
void take_letter(struct visit *visit);
void page_letter_html(struct visit *visit);
void page_audience(struct visit *visit);
void take_audience(struct visit *visit);
void page_dates(struct visit *visit);
void take_dates(struct visit *visit);
void page_check(struct visit *visit);
void take_check(struct visit *visit);
void page_text(struct visit *visit);
void take_text(struct visit *visit);
void page_draft_file(struct visit *visit);

/* ---- burden.c --------------------------------------------------------------------------------------- */

/* Data for the check page: how many of the audience have how much open this week; what was asked already. null when
 * there is nothing to say. */
int burden_show(struct draft *draft, json_t **out, struct error *e);

#endif
