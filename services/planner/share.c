#include "planner/share.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/xalloc.h"

struct turn {
	int64_t group;
	size_t index; /* before */
	size_t rank;  /* within the group */
};

static int by_group(const void *a, const void *b)
{
	const struct turn *x = a, *y = b;
	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static int by_rank(const void *a, const void *b)
{
	const struct turn *x = a, *y = b;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static void take_turns(struct schedule_item *items, size_t count, int64_t (*group)(const struct schedule_item *))
{
	if (count < 2)
		return;
	struct turn *turns = xcalloc(count, sizeof *turns);
	struct schedule_item *before = xmemdup(items, count * sizeof *items);
	for (size_t i = 0; i < count; i++)
		turns[i] = (struct turn){.group = group(&items[i]), .index = i};
	qsort(turns, count, sizeof *turns, by_group);
	for (size_t i = 1; i < count; i++)
		turns[i].rank = turns[i].group == turns[i - 1].group ? turns[i - 1].rank + 1 : 0;
	qsort(turns, count, sizeof *turns, by_rank);
	for (size_t i = 0; i < count; i++)
		items[i] = before[turns[i].index];
	free(before);
	free(turns);
}

static int64_t domain_of(const struct schedule_item *item)
{
	return item->domain;
}

static int64_t campaign_of(const struct schedule_item *item)
{
	return item->campaign;
}

void share_by_domain(struct schedule_item *items, size_t count)
{
	take_turns(items, count, domain_of);
}

void share_by_campaign(struct schedule_item *items, size_t count)
{
	take_turns(items, count, campaign_of);
}

void share_split(size_t most, const size_t *wishes, size_t *parts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		parts[i] = 0;
	for (;;) {
		size_t hungry = 0;
		for (size_t i = 0; i < n; i++)
			hungry += parts[i] < wishes[i];
		if (hungry == 0 || most == 0)
			return;
		size_t each = most / hungry > 0 ? most / hungry : 1;
		for (size_t i = 0; i < n && most > 0; i++) {
			size_t more = wishes[i] - parts[i] < each ? wishes[i] - parts[i] : each;
			more = more < most ? more : most;
			parts[i] += more;
			most -= more;
		}
	}
}
