#include "roadmap/propose.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "directory/lookup.h"
#include "roadmap/responsible.h"

#define WORDS_MAX 40
#define SCORE_LEAST 50 /* below, a proposal is noise */

/* Words that say nothing about which organisation it is. */
static const char *const noise[] = {"мкоу", "мбоу", "маоу", "мку", "мбу", "мау", "мбдоу", "мадоу", "мкдоу", "мбоудо", "гбу",
	"гау", "гку", "гбоу", "гаоу", "гбпоу", "гапоу", "дпо", "фгбоу", "фгаоу", "ано", "ооо", "муниципальное", "муниципальный",
	"государственное", "бюджетное", "автономное", "казенное", "учреждение", "общеобразовательное", "имени", "им", "и", "в", "г",
	"по", "на", "при", "для", NULL};

struct words {
	char *text; /* blanks replaced by NUL */
	const char *word[WORDS_MAX];
	size_t count;
};

/* What plans shorten; the rest of the name in full is found by its other words. */
static const char *in_full(const char *word)
{
	bool school = strcmp(word, "сош") == 0 || strcmp(word, "оош") == 0 || strcmp(word, "нош") == 0;
	return school ? "школа" : word;
}

static bool is_noise(const char *word)
{
	for (size_t i = 0; noise[i] != NULL; i++)
		if (strcmp(word, noise[i]) == 0)
			return true;
	return false;
}

static void words_init(struct words *w, const char *text)
{
	*w = (struct words){.text = responsible_key(text)};
	for (char *save = NULL, *word = strtok_r(w->text, " ", &save); word != NULL && w->count < WORDS_MAX;
		word = strtok_r(NULL, " ", &save))
		if (!is_noise(word))
			w->word[w->count++] = in_full(word);
}

/* Words of Russian names end differently in different cases: «город», «города». Five
 * letters decide, a shorter word must be the same. */
static bool same_word(const char *a, const char *b)
{
	size_t len_a = strlen(a), len_b = strlen(b), common = 0;
	while (common < len_a && a[common] == b[common])
		common++;
	if (common == len_a && common == len_b)
		return true;
	size_t shorter = len_a < len_b ? len_a : len_b, longer = len_a < len_b ? len_b : len_a;
	/* in bytes: two a Cyrillic letter; an ending has at most three of them */
	return common >= 10 && shorter - common <= 6 && longer - common <= 6;
}

static bool has_word(const struct words *w, const char *word)
{
	for (size_t i = 0; i < w->count; i++)
		if (same_word(w->word[i], word))
			return true;
	return false;
}

static bool is_number(const char *word)
{
	return word[0] >= '0' && word[0] <= '9';
}

/* 100: the same words; 0: nothing in common, or another number. */
static int likeness(const struct words *text, const struct words *name)
{
	size_t hit = 0, back = 0;
	if (text->count == 0 || name->count == 0)
		return 0;
	for (size_t i = 0; i < text->count; i++) {
		bool found = has_word(name, text->word[i]);
		if (!found && is_number(text->word[i]))
			return 0;
		hit += found;
	}
	for (size_t i = 0; i < name->count; i++)
		back += has_word(text, name->word[i]);
	/* what people write is shorter than the name in full: their words count twice */
	return (int)((hit * 200 / text->count + back * 100 / name->count) / 3);
}

struct walk {
	struct proposals *all;
	struct words *text;
	size_t count;
};

static void insert(struct proposals *p, const struct lookup_organisation *o, int score)
{
	size_t at = p->count;
	while (at > 0 && p->item[at - 1].score < score)
		at--;
	if (at == PROPOSALS_MAX)
		return;
	if (p->count == PROPOSALS_MAX) {
		p->count--;
		free(p->item[p->count].key);
		free(p->item[p->count].name);
	}
	memmove(&p->item[at + 1], &p->item[at], (p->count - at) * sizeof p->item[0]);
	p->item[at] = (struct proposal){.key = xstrdup(o->key), .name = xstrdup(o->name), .score = score};
	p->count++;
	if (at == 0)
		p->ministry = strcmp(o->kind, "ministry") == 0;
}

static int on_organisation(void *arg, const struct lookup_organisation *o)
{
	struct walk *walk = arg;
	struct words name, place = {0};
	bool authority = strcmp(o->kind, "municipal-authority") == 0;
	if (!o->active)
		return 0;
	words_init(&name, o->name);
	words_init(&place, authority ? o->municipality : "");
	for (size_t i = 0; i < walk->count; i++) {
		int score = likeness(&walk->text[i], &name);
		int by_place = likeness(&walk->text[i], &place) * 9 / 10;
		if (by_place > score)
			score = by_place;
		if (score >= SCORE_LEAST)
			insert(&walk->all[i], o, score);
	}
	free(name.text);
	free(place.text);
	return 0;
}

int propose(struct db *db, const char *own, struct proposals *all, size_t count, struct error *e)
{
	struct walk walk = {all, xcalloc(count, sizeof *walk.text), count};
	for (size_t i = 0; i < count; i++) {
		all[i] = (struct proposals){.text = all[i].text};
		words_init(&walk.text[i], all[i].text);
	}
	int rc = count == 0 ? 0 : lookup_each(db, &(struct lookup_filter){0}, on_organisation, &walk, e);
	struct words name;
	words_init(&name, own == NULL ? "" : own);
	for (size_t i = 0; i < count; i++) {
		all[i].ministry = all[i].ministry || likeness(&walk.text[i], &name) >= SCORE_LEAST;
		free(walk.text[i].text);
	}
	free(name.text);
	free(walk.text);
	return rc;
}

void proposals_fini(struct proposals *proposals)
{
	for (size_t i = 0; i < proposals->count; i++) {
		free(proposals->item[i].key);
		free(proposals->item[i].name);
	}
	*proposals = (struct proposals){.text = proposals->text};
}
