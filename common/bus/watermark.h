/* Messages finish out of order; a bus stores only the longest finished prefix.
 * One watermark per assigned partition, in order of delivery (offsets may have
 * gaps). Not thread-safe: the owner locks. */
#ifndef VESTNIK_BUS_WATERMARK_H
#define VESTNIK_BUS_WATERMARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct watermark;

#define WATERMARK_WINDOW_MAX (1024 * 1024)

struct watermark *watermark_new(size_t window); /* 1 to WATERMARK_WINDOW_MAX */
void watermark_free(struct watermark **mark);
/* Index of the entry for watermark_done. Must not be full. */
uint64_t watermark_push(struct watermark *mark, int64_t offset);
/* Repeats and unknown indexes are ignored. */
void watermark_done(struct watermark *mark, uint64_t index);
/* Everything pushed before the entry that has (or will get) this index. */
void watermark_done_before(struct watermark *mark, uint64_t end);
/* Index the next push gets. */
uint64_t watermark_end(const struct watermark *mark);

/* What would be the finished prefix if proposed entries were done? For storing
 * an offset in the transaction that decides whether they are: afterwards call
 * watermark_done or watermark_withdraw for each. */
void watermark_propose(struct watermark *mark, uint64_t index);
void watermark_withdraw(struct watermark *mark, uint64_t index);
/* false when there is no such prefix. */
bool watermark_proposed(struct watermark *mark, int64_t *offset);

/* Takes finished entries off the head; true and the last such offset when there
 * were any since the last call. */
bool watermark_advance(struct watermark *mark, int64_t *offset);
size_t watermark_pending(const struct watermark *mark);
bool watermark_full(const struct watermark *mark);
/* Offset of the oldest entry not taken off; false when none. */
bool watermark_oldest(const struct watermark *mark, int64_t *offset);

#endif
