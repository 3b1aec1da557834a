/* A plan made into a campaign's folder: campaign.yaml, whose stages are the letters
 * of the plan's steps, and a letter in Markdown for each, which staff may edit.
 * Stages are numbered as campaign.yaml has them, so that the steps in the store
 * (steps.h) know their rounds. */
#ifndef VESTNIK_ROADMAP_FOLDER_H
#define VESTNIK_ROADMAP_FOLDER_H

#include <stdbool.h>

#include "base/error.h"
#include "base/lang.h"
#include "roadmap/build.h"

/* Words of the answer's choice, in the language of the letters; progress.h reads both. */
enum outcome { OUTCOME_NONE, OUTCOME_DONE, OUTCOME_MOVED, OUTCOME_FAILED };
const char *outcome_option(enum outcome outcome, enum lang lang); /* «выполнено» */
enum outcome outcome_of_option(const char *option);
const char *outcome_name(enum outcome outcome); /* "done": roadmap_step.mark */
enum outcome outcome_of_name(const char *name);

struct folder_plan {
	const char *slug, *title;
	enum lang lang;
	const char *plan_file;       /* its name, for a comment */
	const char *before, *result; /* Markdown with {{step.title}} … ; NULL: our own */
	bool links;                  /* the settings have a public_url: answers may come by the form */
	const char *controller;      /* address, or NULL: nobody is told of the silent */
};

/* Numbers of the stages an item's letters get; 0 = none. */
struct folder_rounds {
	int before, ask;
};
/* Writes into `folder`, which is made; what stands in it already is kept unless replace is set
 * (ERROR_CONFLICT). rounds: room for build->count. */
int folder_write(const struct build *build, const struct folder_plan *plan, const char *folder, bool replace,
	struct folder_rounds *rounds, struct error *e);

#endif
