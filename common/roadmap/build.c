#include "roadmap/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/lang.h"
#include "base/xalloc.h"

#define WORDS_MAX_BYTES 4096

int build_term_parse(const char *text, struct build_term *out, struct error *e)
{
	int first = 0, second = 0, used = 0;
	*out = (struct build_term){0};
	if (sscanf(text, "%6d.%6d=%n", &first, &second, &used) == 2 && used > 0)
		*out = (struct build_term){first, second, text + used};
	else if (sscanf(text, "%6d=%n", &first, &used) == 1 && used > 0)
		*out = (struct build_term){0, first, text + used};
	if (out->text != NULL && out->table >= 0 && out->row > 0 && out->text[0] != '\0')
		return 0;
	return error_set(e, ERROR_INPUT,
		tr("«%.80s»: want the row and its term: 5=март 2019; in the second table: 2.5=март 2019",
			"«%.80s»: нужны строка и её срок: 5=март 2019; во второй таблице: 2.5=март 2019"),
		text);
}

struct making {
	const struct build_options *options;
	struct build *out;
	struct problems *problems;
	bool *used; /* of options->term */
	struct timing *timing;
};

static void complain(struct making *m, enum problem_severity severity, const struct roadmap_step *step, const char *hint,
	const char *text)
{
	char place[ROADMAP_PLACE_SIZE];
	struct problem_place at = {.file = m->options->file,
		.line = step->table == 0 ? step->row : 0,
		.field = step->table > 0 ? roadmap_place(step, place) : NULL};
	problem_add(m->problems, severity, at, hint, "%s", text);
}

/* ---- terms ------------------------------------------------------------------------------ */

static const char *term_text(struct making *m, const struct roadmap_step *step)
{
	for (size_t i = 0; i < m->options->terms; i++) {
		const struct build_term *t = &m->options->term[i];
		bool here = t->row == step->row && (t->table == step->table || (t->table == 0 && step->table <= 1));
		if (!here)
			continue;
		m->used[i] = true;
		return strcmp(t->text, "-") == 0 ? "" : t->text;
	}
	return step->term;
}

static void complain_term(struct making *m, const struct roadmap_step *step, const char *text, const struct term *term)
{
	struct buf words, line;
	char hint[120];
	buf_init(&words, WORDS_MAX_BYTES);
	buf_init(&line, WORDS_MAX_BYTES * 2);
	(void)term_explain(text, term, lang_get(), &words);
	(void)buf_printf(&line, tr("term «%.120s»: %s", "срок «%.120s»: %s"), text, buf_str(&words));
	if (step->table > 1)
		(void)snprintf(hint, sizeof hint, "--term %d.%d=…", step->table, step->row);
	else
		(void)snprintf(hint, sizeof hint, "--term %d=…", step->row);
	complain(m, PROBLEM_ERROR, step, hint, buf_str(&line));
	buf_fini(&line);
	buf_fini(&words);
}

static void complain_unused(struct making *m)
{
	for (size_t i = 0; i < m->options->terms; i++)
		if (!m->used[i])
			problem_add(m->problems, PROBLEM_ERROR, (struct problem_place){.file = m->options->file}, NULL,
				tr("--term: there is no step in row %d", "--term: в строке %d нет мероприятия"),
				m->options->term[i].row);
}

/* ---- items ------------------------------------------------------------------------------- */

static struct build_item *add_item(struct making *m, size_t step, const char *text)
{
	struct build *out = m->out;
	if ((out->count & (out->count - 1)) == 0)
		out->item = xrealloc(out->item, out->count == 0 ? 1 : out->count * 2, sizeof *out->item);
	struct build_item *item = &out->item[out->count++];
	*item = (struct build_item){.step = step, .number = (int)out->count, .term_text = text};
	return item;
}

static char *label_of(const struct timing *t, size_t occurrences, enum lang lang)
{
	char words[PERIOD_TEXT_SIZE], begin[DAY_TEXT_SIZE], end[DAY_TEXT_SIZE];
	if (t->period_day != DAY_NONE)
		return xstrdup(period_words(t->period, t->period_day, lang, words));
	if (occurrences < 2)
		return xstrdup("");
	if (t->begin_day == DAY_NONE || t->begin_day == t->end_day)
		return xstrdup(day_words(t->end_day, lang, end));
	return xasprintf("%s – %s", day_words(t->begin_day, lang, begin), day_words(t->end_day, lang, end));
}

static void set_letters(struct making *m, struct build_item *item, const struct roadmap_step *step)
{
	const struct build_options *o = m->options;
	struct timing *t = &item->timing;
	if (json_array_size(m->out->who[item->step].keys) == 0)
		return;
	item->before = t->before_day != DAY_NONE && t->before_day >= o->today;
	item->ask = t->ask_day >= o->today;
	if (item->ask)
		return;
	if (!o->ask_past) {
		complain(m, PROBLEM_WARNING, step, tr("--ask-past, or vestnik roadmap mark", "--ask-past или vestnik roadmap mark"),
			tr("it has ended: its result is not asked for", "уже завершилось: о результате не спрашиваем"));
		return;
	}
	t->ask_day = workdays_next(o->rules.workdays, o->today);
	t->answer_day = t->ask_day == DAY_NONE ? DAY_NONE : workdays_add(o->rules.workdays, t->ask_day, o->rules.answer);
	item->ask = t->answer_day != DAY_NONE;
}

static void draft(struct making *m, size_t index, const char *text, enum timing_none why)
{
	struct build_item *item = add_item(m, index, text);
	item->why = why;
	item->label = xstrdup("");
	/* the reader of the table has said so where there is no term at all */
	if (why != TIMING_NO_TERM)
		complain(m, PROBLEM_WARNING, &m->out->map->step[index], NULL, timing_none_words(why));
}

static void make_step(struct making *m, size_t index)
{
	const struct roadmap_step *step = &m->out->map->step[index];
	const char *text = term_text(m, step);
	struct term term;
	struct error e = {0};
	enum timing_none why;
	size_t count;
	(void)term_parse(text, &m->options->context, &term);
	if (timing_of(&term, &m->options->rules, m->timing, &count, &why, &e) != 0) {
		complain(m, PROBLEM_ERROR, step, NULL, e.text);
		return;
	}
	if (why == TIMING_UNKNOWN) {
		complain_term(m, step, text, &term);
		return;
	}
	if (why != TIMING_IS_SAID) {
		draft(m, index, text, why);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		struct build_item *item = add_item(m, index, text);
		item->scheduled = true;
		item->timing = m->timing[i];
		item->label = label_of(&item->timing, count, m->options->lang);
		set_letters(m, item, step);
	}
}

/* ---- responsible texts -------------------------------------------------------------------- */

static void note_unknown(struct build *out, const char *text)
{
	char *key = responsible_key(text);
	bool known = false;
	for (size_t i = 0; i < out->unknown_count && !known; i++) {
		char *other = responsible_key(out->unknown[i]);
		known = strcmp(key, other) == 0;
		free(other);
	}
	free(key);
	if (known)
		return;
	if ((out->unknown_count & (out->unknown_count - 1)) == 0)
		out->unknown = xrealloc(
			out->unknown, out->unknown_count == 0 ? 1 : out->unknown_count * 2, sizeof *out->unknown);
	out->unknown[out->unknown_count++] = xstrdup(text);
}

static void read_responsibles(struct making *m, const struct memory *memory)
{
	struct build *out = m->out;
	out->who = xcalloc(out->map->count + 1, sizeof *out->who);
	for (size_t i = 0; i < out->map->count; i++) {
		const struct roadmap_step *step = &out->map->step[i];
		memory_read(memory, step->responsible, &out->who[i]);
		for (size_t k = 0; k < out->who[i].unknown_count; k++)
			note_unknown(out, out->who[i].unknown[k]);
		if (step->responsible[0] == '\0')
			complain(m, PROBLEM_WARNING, step, NULL, tr("nobody is responsible", "ответственный не указан"));
	}
}

void build_make(const struct roadmap *map, const struct memory *memory, const struct build_options *options,
	struct build *out, struct problems *problems)
{
	struct making m = {.options = options,
		.out = out,
		.problems = problems,
		.used = xcalloc(options->terms + 1, sizeof *m.used),
		.timing = xcalloc(TIMING_MAX, sizeof *m.timing)};
	*out = (struct build){.map = map};
	read_responsibles(&m, memory);
	for (size_t i = 0; i < map->count; i++)
		make_step(&m, i);
	complain_unused(&m);
	free(m.timing);
	free(m.used);
}

enum lang build_lang(const struct roadmap *map)
{
	for (size_t i = 0; i < map->count; i++)
		for (const unsigned char *p = (const unsigned char *)map->step[i].title; *p != '\0'; p++)
			if (*p == 0xd0 || *p == 0xd1) /* what Cyrillic letters begin with in UTF-8 */
				return LANG_RU;
	return LANG_EN;
}

void build_fini(struct build *build)
{
	for (size_t i = 0; build->who != NULL && i < build->map->count; i++)
		memory_reading_fini(&build->who[i]);
	for (size_t i = 0; i < build->count; i++)
		free(build->item[i].label);
	for (size_t i = 0; i < build->unknown_count; i++)
		free(build->unknown[i]);
	free(build->unknown);
	free(build->item);
	free(build->who);
	*build = (struct build){0};
}
