#include "report/facts.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "report/order.h"
#include "report/spool.h"

struct place { /* of a row in the spool */
	size_t at;
	uint32_t group;
};
struct below { /* sums under an ask */
	int64_t ask;
	struct report_below figures;
	double *sum;
};
struct index {
	struct place *place[2]; /* by level */
	size_t count[2], room[2];
	/* open addressing; empty: group + 1 == 0, ask == 0 */
	uint32_t *bucket;
	size_t buckets;
	struct below *below;
	size_t belows, below_room;
};

#define FIRST_BUCKETS 256 /* a power of two; grows when half full */

struct report_facts *facts_new(void)
{
	struct report_facts *facts = xcalloc(1, sizeof *facts);
	facts->index = xcalloc(1, sizeof *facts->index);
	facts->column = xcalloc(REPORT_COLUMNS_MAX, sizeof *facts->column);
	return facts;
}

static void totals_init(struct report_totals *totals, size_t slots)
{
	*totals = (struct report_totals){0};
	totals->sum = xcalloc(slots * 3 + 1, sizeof *totals->sum);
	totals->previous = totals->sum + slots;
	totals->below_sum = totals->sum + 2 * slots;
	totals->filled = xcalloc(slots + 1, sizeof *totals->filled);
}

static void totals_fini(struct report_totals *totals)
{
	free(totals->sum);
	free(totals->filled);
}

static void column_fini(struct report_column *column)
{
	for (size_t i = 0; column->choice != NULL && i < column->slots; i++)
		free(column->choice[i]);
	for (size_t i = 0; i < column->parts; i++)
		column_fini(&column->part[i]);
	free(column->choice);
	free(column->part);
	free(column->name);
	free(column->label);
}

void facts_free(struct report_facts **handle)
{
	struct report_facts *facts = *handle;
	*handle = NULL;
	if (facts == NULL)
		return;
	for (size_t i = 0; i < facts->columns; i++)
		column_fini(&facts->column[i]);
	for (size_t i = 0; i < facts->groups; i++) {
		free(facts->group[i].region);
		free(facts->group[i].municipality);
		totals_fini(&facts->group[i].totals);
	}
	for (size_t i = 0; i < facts->index->below_room; i++)
		free(facts->index->below[i].sum);
	totals_fini(&facts->all);
	spool_free(&facts->spool);
	free(facts->index->place[0]);
	free(facts->index->place[1]);
	free(facts->index->bucket);
	free(facts->index->below);
	free(facts->index);
	free(facts->group);
	free(facts->column);
	free(facts->slug);
	free(facts->title);
	free(facts->zone);
	free(facts->number);
	free(facts->document_date);
	free(facts->round_label);
	free(facts->previous_label);
	free(facts);
}

struct report_column *facts_column(struct report_facts *facts, const char *name, const char *label,
	enum report_kind kind, size_t choices)
{
	size_t slots = kind == REPORT_NUMBER ? 1 : kind == REPORT_CHOICE ? choices : 0;
	if (facts->columns == REPORT_COLUMNS_MAX || slots > REPORT_SLOTS_MAX - facts->slots)
		return NULL;
	struct report_column *column = &facts->column[facts->columns++];
	*column = (struct report_column){.name = xstrdup(name), .label = xstrdup(label), .kind = kind,
		.slot = facts->slots, .slots = slots};
	if (kind == REPORT_CHOICE)
		column->choice = xcalloc(slots, sizeof *column->choice);
	facts->slots += slots;
	return column;
}

int facts_open(struct report_facts *facts, struct error *e)
{
	totals_init(&facts->all, facts->slots);
	facts->index->buckets = FIRST_BUCKETS;
	facts->index->bucket = xcalloc(FIRST_BUCKETS, sizeof *facts->index->bucket);
	return spool_open(&facts->spool, e);
}

/* ---- groups --------------------------------------------------------------------- */

static size_t hash_text(const char *text, size_t hash)
{
	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char)*text) * 1099511628211u;
	return hash * 31 + 1;
}

static uint32_t *group_bucket(struct report_facts *facts, const char *region, const char *municipality)
{
	struct index *index = facts->index;
	size_t at = hash_text(municipality, hash_text(region, 14695981039346656037u));
	for (;; at++) {
		uint32_t *bucket = &index->bucket[at & (index->buckets - 1)];
		if (*bucket == 0)
			return bucket;
		const struct report_group *group = &facts->group[*bucket - 1];
		if (strcmp(group->municipality, municipality) == 0 && strcmp(group->region, region) == 0)
			return bucket;
	}
}

static void more_buckets(struct report_facts *facts)
{
	struct index *index = facts->index;
	free(index->bucket);
	index->buckets *= 2;
	index->bucket = xcalloc(index->buckets, sizeof *index->bucket);
	for (size_t i = 0; i < facts->groups; i++)
		*group_bucket(facts, facts->group[i].region, facts->group[i].municipality) = (uint32_t)i + 1;
}

static uint32_t group_of(struct report_facts *facts, const char *region, const char *municipality)
{
	uint32_t *bucket = group_bucket(facts, region, municipality);
	if (*bucket != 0)
		return *bucket - 1;
	if ((facts->groups & (facts->groups - 1)) == 0)
		facts->group = xrealloc(facts->group, facts->groups == 0 ? 1 : facts->groups * 2,
			sizeof *facts->group);
	struct report_group *group = &facts->group[facts->groups++];
	group->region = xstrdup(region);
	group->municipality = xstrdup(municipality);
	totals_init(&group->totals, facts->slots);
	*bucket = (uint32_t)facts->groups;
	if (facts->groups * 2 > facts->index->buckets)
		more_buckets(facts);
	return (uint32_t)facts->groups - 1;
}

/* ---- sums ------------------------------------------------------------------------- */

size_t facts_choice(const struct report_column *column, const char *value)
{
	for (size_t i = 0; i < column->slots; i++)
		if (strcmp(column->choice[i], value) == 0)
			return column->slot + i;
	return SIZE_MAX;
}

static void add_value(const struct report_column *column, const struct report_value *value, double *sum,
	int64_t *filled)
{
	size_t slot = column->kind == REPORT_NUMBER ? column->slot
		: column->kind == REPORT_CHOICE     ? facts_choice(column, value->text)
						    : SIZE_MAX;
	if (value->text[0] == '\0' || slot == SIZE_MAX)
		return;
	sum[slot] += column->kind == REPORT_NUMBER ? value->number : 1;
	if (filled != NULL)
		filled[slot]++;
}

static bool has_answered(enum ask_state state)
{
	return state == ASK_RECEIVED || state == ASK_PARTIAL || state == ASK_CONFIRMED;
}

static void count_row(const struct report_facts *facts, struct report_totals *totals,
	const struct report_row *row)
{
	if (row->level > 0 && row->state == ASK_WITHDRAWN)
		return;
	if (row->level > 0) {
		totals->below++;
		totals->below_answered += has_answered(row->state);
	} else {
		totals->asked++;
		totals->confirmed += row->state == ASK_CONFIRMED;
		totals->partial += row->state == ASK_PARTIAL;
		totals->received += row->state == ASK_RECEIVED;
		totals->withdrawn += row->state == ASK_WITHDRAWN;
		totals->late += row->late;
		totals->discrepancies += row->discrepancy;
		totals->undelivered += row->trouble != REPORT_REACHED && !has_answered(row->state);
		totals->previous_asked += row->previous_asked;
		totals->previous_answered += row->previous_asked && has_answered(row->previous_state);
	}
	for (size_t i = 0; i < facts->columns; i++) {
		add_value(&facts->column[i], &row->value[i], row->level > 0 ? totals->below_sum : totals->sum,
			row->level > 0 ? NULL : totals->filled);
		if (row->level == 0)
			add_value(&facts->column[i], &row->previous[i], totals->previous, NULL);
	}
}

static void add_totals(struct report_totals *to, const struct report_totals *from, size_t slots)
{
	to->asked += from->asked;
	to->confirmed += from->confirmed;
	to->partial += from->partial;
	to->received += from->received;
	to->withdrawn += from->withdrawn;
	to->late += from->late;
	to->discrepancies += from->discrepancies;
	to->undelivered += from->undelivered;
	to->previous_asked += from->previous_asked;
	to->previous_answered += from->previous_answered;
	to->below += from->below;
	to->below_answered += from->below_answered;
	for (size_t i = 0; i < slots; i++) {
		to->sum[i] += from->sum[i];
		to->previous[i] += from->previous[i];
		to->below_sum[i] += from->below_sum[i];
		to->filled[i] += from->filled[i];
	}
}

/* ---- the sums under an ask ---------------------------------------------------------- */

static struct below *below_slot(struct below *table, size_t room, int64_t ask)
{
	size_t at = (size_t)ask * 11400714819323198485u;
	for (at ^= at >> 29;; at++) {
		struct below *below = &table[at & (room - 1)];
		if (below->ask == 0 || below->ask == ask)
			return below;
	}
}

static void more_belows(struct index *index)
{
	size_t room = index->below_room == 0 ? FIRST_BUCKETS : index->below_room * 2;
	struct below *table = xcalloc(room, sizeof *table);
	for (size_t i = 0; i < index->below_room; i++)
		if (index->below[i].ask != 0)
			*below_slot(table, room, index->below[i].ask) = index->below[i];
	free(index->below);
	index->below = table;
	index->below_room = room;
}

static void count_below(struct report_facts *facts, const struct report_row *row)
{
	struct index *index = facts->index;
	if (row->level == 0 || row->parent_ask == 0 || row->state == ASK_WITHDRAWN)
		return;
	if (index->belows * 2 >= index->below_room)
		more_belows(index);
	struct below *below = below_slot(index->below, index->below_room, row->parent_ask);
	if (below->ask == 0) {
		index->belows++;
		below->ask = row->parent_ask;
		below->sum = xcalloc(facts->slots + 1, sizeof *below->sum);
		below->figures.sum = below->sum;
	}
	below->figures.asked++;
	below->figures.answered += has_answered(row->state);
	for (size_t i = 0; i < facts->columns; i++)
		add_value(&facts->column[i], &row->value[i], below->sum, NULL);
}

const struct report_below *facts_below(const struct report_facts *facts, int64_t ask)
{
	if (facts->index->below_room == 0)
		return NULL;
	const struct below *below = below_slot(facts->index->below, facts->index->below_room, ask);
	return below->ask == 0 ? NULL : &below->figures;
}

/* ---- rows ----------------------------------------------------------------------------- */

int facts_add(struct report_facts *facts, const struct report_row *row, struct error *e)
{
	struct index *index = facts->index;
	int level = row->level > 0;
	uint32_t group = group_of(facts, row->region, row->municipality);
	if ((index->count[level] & (index->count[level] - 1)) == 0)
		index->place[level] = xrealloc(index->place[level],
			index->count[level] == 0 ? 1 : index->count[level] * 2, sizeof *index->place[level]);
	struct place *place = &index->place[level][index->count[level]];
	place->group = group;
	if (spool_add(facts->spool, row, facts->columns, &place->at, e) != 0)
		return -1;
	index->count[level]++;
	count_row(facts, &facts->group[group].totals, row);
	count_below(facts, row);
	return 0;
}

static int by_group(const void *a, const void *b, void *arg)
{
	const struct report_facts *facts = arg;
	const struct report_group *x = &facts->group[*(const uint32_t *)a], *y = &facts->group[*(const uint32_t *)b];
	int order = order_names(x->region, y->region);
	if (order == 0)
		order = order_names(x->municipality, y->municipality);
	return order != 0 ? order : strcmp(x->municipality, y->municipality);
}

static int by_name(const void *a, const void *b, void *arg)
{
	const struct report_facts *facts = arg;
	const struct place *x = a, *y = b;
	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	int order = order_names(spool_name(facts->spool, x->at), spool_name(facts->spool, y->at));
	return order != 0 ? order : (x->at > y->at) - (x->at < y->at);
}

static void sort_groups(struct report_facts *facts)
{
	size_t n = facts->groups;
	uint32_t *order = xcalloc(n + 1, sizeof *order), *rank = xcalloc(n + 1, sizeof *rank);
	struct report_group *sorted = xcalloc(n + 1, sizeof *sorted);
	for (size_t i = 0; i < n; i++)
		order[i] = (uint32_t)i;
	qsort_r(order, n, sizeof *order, by_group, facts);
	for (size_t i = 0; i < n; i++) {
		sorted[i] = facts->group[order[i]];
		rank[order[i]] = (uint32_t)i;
		if (i == 0 || strcmp(sorted[i - 1].region, sorted[i].region) != 0)
			facts->regions++;
	}
	for (int level = 0; level < 2; level++)
		for (size_t i = 0; i < facts->index->count[level]; i++)
			facts->index->place[level][i].group = rank[facts->index->place[level][i].group];
	free(facts->group);
	facts->group = sorted;
	free(order);
	free(rank);
}

int facts_seal(struct report_facts *facts, struct error *e)
{
	if (spool_seal(facts->spool, e) != 0)
		return -1;
	sort_groups(facts);
	for (int level = 0; level < 2; level++)
		if (facts->index->count[level] > 0)
			qsort_r(facts->index->place[level], facts->index->count[level],
				sizeof *facts->index->place[level], by_name, facts);
	for (size_t i = 0; i < facts->groups; i++)
		add_totals(&facts->all, &facts->group[i].totals, facts->slots);
	facts->rows = facts->index->count[0];
	facts->below_rows = facts->index->count[1];
	return 0;
}

void facts_row(const struct report_facts *facts, bool below, size_t i, struct report_row *row)
{
	spool_get(facts->spool, facts->index->place[below][i].at, facts->columns, row);
}

void facts_region(const struct report_facts *facts, size_t first, size_t *end, struct report_totals *totals)
{
	totals_init(totals, facts->slots);
	for (*end = first; *end < facts->groups; (*end)++) {
		if (strcmp(facts->group[*end].region, facts->group[first].region) != 0)
			return;
		add_totals(totals, &facts->group[*end].totals, facts->slots);
	}
}

void facts_region_fini(struct report_totals *totals)
{
	totals_fini(totals);
}
