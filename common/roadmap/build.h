/* A plan's steps made ready to become a campaign: terms as days, responsible texts
 * as recipients, each occurrence of a step with its number. Pure: what people have
 * said (memory.h), the calendar and today are given. What is not understood is a
 * problem with its place; nothing is guessed. */
#ifndef VESTNIK_ROADMAP_BUILD_H
#define VESTNIK_ROADMAP_BUILD_H

#include "base/lang.h"
#include "base/problem.h"
#include "roadmap/memory.h"
#include "roadmap/timing.h"
#include "table/roadmap.h"

/* «--term 2.5=март 2019»: table 2, row 5; table 0: the row of a sheet or of the only table. */
struct build_term {
	int table, row;
	const char *text; /* "-": the step has no term, it stays a draft */
};
/* "5=март 2019", "2.5=март 2019". ERROR_INPUT. text is borrowed. */
int build_term_parse(const char *text, struct build_term *out, struct error *e);

struct build_options {
	const char *file;              /* for problems */
	enum lang lang;                /* of the letters: labels */
	struct term_context context;
	struct timing_rules rules;
	int32_t today;
	bool ask_past;                 /* also ask for what ended long ago, now */
	const struct build_term *term;
	size_t terms;
};

struct build_item { /* an occurrence of a step */
	size_t step;           /* index in the road map */
	int number;            /* from 1, in the order of the plan */
	const char *term_text; /* as written, or as people said */
	bool scheduled;        /* false: no days, why says so */
	enum timing_none why;
	struct timing timing;
	bool before, ask;      /* its letters go out: there is somebody to write to, and the day is not past */
	char *label;           /* «за сентябрь 2018 года» of what recurs; "" else */
};
struct build {
	const struct roadmap *map;
	struct memory_reading *who; /* of each step of the map */
	struct build_item *item;
	size_t count;
	char **unknown;             /* responsible texts nobody has said anything about, each once */
	size_t unknown_count;
};
/* Everything wrong at once. The result is whole only when problems->errors did not grow; texts that
 * nobody has mapped are counted in out->unknown and are no problem here. map is borrowed. */
void build_make(const struct roadmap *map, const struct memory *memory, const struct build_options *options,
	struct build *out, struct problems *problems);
void build_fini(struct build *build);
/* Letters are Russian when the plan is. */
enum lang build_lang(const struct roadmap *map);

#endif
