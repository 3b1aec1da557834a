/* Messages finish out of order; a bus stores only the longest finished prefix.
 * One watermark per assigned partition, in order of delivery (offsets may have
 * gaps). Not thread-safe: the owner locks. */
#ifndef VESTNIK_BUS_WATERMARK_H
#define VESTNIK_BUS_WATERMARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct watermark;

struct watermark *watermark_new(size_t window);
void watermark_free(struct watermark **mark);
/* Index of the entry for watermark_done. Must not be full. */
uint64_t watermark_push(struct watermark *mark, int64_t offset);
/* Repeats and unknown indexes are ignored. */
void watermark_done(struct watermark *mark, uint64_t index);
/* Takes finished entries off the head; true and the last such offset when there
 * were any since the last call. */
bool watermark_advance(struct watermark *mark, int64_t *offset);
size_t watermark_pending(const struct watermark *mark);
bool watermark_full(const struct watermark *mark);
/* Offset of the oldest unfinished entry; false when none. */
bool watermark_oldest(const struct watermark *mark, int64_t *offset);

#endif
