/* A ring of entries, as many as the window. base counts entries ever taken off
 * the head, so that an index stays unique for the life of the watermark. */
#include "bus/watermark.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/xalloc.h"

enum entry_state { ENTRY_OPEN, ENTRY_PROPOSED, ENTRY_DONE };

struct entry {
	int64_t offset;
	enum entry_state state;
};

struct watermark {
	size_t window;
	uint64_t base; /* index of the oldest entry */
	uint64_t end;  /* index the next push gets */
	struct entry ring[];
};

struct watermark *watermark_new(size_t window)
{
	ASSERT(window > 0 && window <= WATERMARK_WINDOW_MAX);
	struct watermark *mark = xmalloc(sizeof *mark + window * sizeof mark->ring[0]);
	mark->window = window;
	mark->base = mark->end = 0;
	return mark;
}

void watermark_free(struct watermark **mark)
{
	free(*mark);
	*mark = NULL;
}

static struct entry *entry_at(struct watermark *mark, uint64_t index)
{
	return &mark->ring[index % mark->window];
}

static bool known(const struct watermark *mark, uint64_t index)
{
	return index >= mark->base && index < mark->end;
}

uint64_t watermark_push(struct watermark *mark, int64_t offset)
{
	ASSERT(!watermark_full(mark));
	*entry_at(mark, mark->end) = (struct entry){offset, ENTRY_OPEN};
	return mark->end++;
}

void watermark_done(struct watermark *mark, uint64_t index)
{
	if (known(mark, index))
		entry_at(mark, index)->state = ENTRY_DONE;
}

void watermark_done_before(struct watermark *mark, uint64_t end)
{
	for (uint64_t index = mark->base; index < end && index < mark->end; index++)
		entry_at(mark, index)->state = ENTRY_DONE;
}

uint64_t watermark_end(const struct watermark *mark)
{
	return mark->end;
}

void watermark_propose(struct watermark *mark, uint64_t index)
{
	if (known(mark, index) && entry_at(mark, index)->state == ENTRY_OPEN)
		entry_at(mark, index)->state = ENTRY_PROPOSED;
}

void watermark_withdraw(struct watermark *mark, uint64_t index)
{
	if (known(mark, index) && entry_at(mark, index)->state == ENTRY_PROPOSED)
		entry_at(mark, index)->state = ENTRY_OPEN;
}

bool watermark_proposed(struct watermark *mark, int64_t *offset)
{
	uint64_t index = mark->base;
	while (index < mark->end && entry_at(mark, index)->state != ENTRY_OPEN)
		index++;
	if (index == mark->base)
		return false;
	*offset = entry_at(mark, index - 1)->offset;
	return true;
}

bool watermark_advance(struct watermark *mark, int64_t *offset)
{
	uint64_t start = mark->base;
	while (mark->base < mark->end && entry_at(mark, mark->base)->state == ENTRY_DONE)
		*offset = entry_at(mark, mark->base++)->offset;
	return mark->base != start;
}

size_t watermark_pending(const struct watermark *mark)
{
	return (size_t)(mark->end - mark->base);
}

bool watermark_full(const struct watermark *mark)
{
	return watermark_pending(mark) == mark->window;
}

bool watermark_oldest(const struct watermark *mark, int64_t *offset)
{
	if (mark->base == mark->end)
		return false;
	*offset = mark->ring[mark->base % mark->window].offset;
	return true;
}
