/* bus/watermark.h against a plain model, in random order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "bus/watermark.h"
#include "support/scratch.h"

static void only_the_finished_prefix_counts(void **state)
{
	(void)state;
	struct watermark *mark = watermark_new(4);
	int64_t offset = -1;
	assert_false(watermark_advance(mark, &offset));
	assert_false(watermark_oldest(mark, &offset));
	uint64_t a = watermark_push(mark, 10), b = watermark_push(mark, 15);
	uint64_t c = watermark_push(mark, 16);
	watermark_done(mark, b);
	watermark_done(mark, b);
	watermark_done(mark, c + 5);
	assert_false(watermark_advance(mark, &offset));
	assert_true(watermark_oldest(mark, &offset));
	assert_int_equal(offset, 10);
	watermark_done(mark, a);
	assert_true(watermark_advance(mark, &offset));
	assert_int_equal(offset, 15);
	assert_false(watermark_advance(mark, &offset));
	watermark_done(mark, a); /* long gone */
	assert_int_equal(watermark_pending(mark), 1);
	watermark_done_before(mark, watermark_end(mark));
	assert_true(watermark_advance(mark, &offset));
	assert_int_equal(offset, 16);
	watermark_free(&mark);
	assert_null(mark);
}

static void a_proposal_can_be_withdrawn(void **state)
{
	(void)state;
	struct watermark *mark = watermark_new(8);
	int64_t offset = -1;
	uint64_t index[4];
	for (int i = 0; i < 4; i++)
		index[i] = watermark_push(mark, 100 + i);
	assert_false(watermark_proposed(mark, &offset));
	watermark_done(mark, index[1]);
	watermark_propose(mark, index[0]);
	watermark_propose(mark, index[1]); /* done already: stays so */
	watermark_propose(mark, index[3]);
	assert_true(watermark_proposed(mark, &offset));
	assert_int_equal(offset, 101);
	assert_false(watermark_advance(mark, &offset)); /* not yet */
	for (int i = 0; i < 4; i++)
		watermark_withdraw(mark, index[i]);
	assert_false(watermark_proposed(mark, &offset));
	watermark_done(mark, index[0]);
	assert_true(watermark_advance(mark, &offset));
	assert_int_equal(offset, 101);
	watermark_free(&mark);
}

#define WINDOW 37
#define STEPS 200000

/* The model: every entry ever pushed, and the first that is not finished. */
static void random_order_agrees_with_a_model(void **state)
{
	(void)state;
	static struct {
		int64_t offset;
		bool done;
	} model[STEPS];
	struct watermark *mark = watermark_new(WINDOW);
	size_t pushed = 0, taken = 0;
	int64_t offset = 0, last = 0;
	for (int step = 0; step < STEPS; step++) {
		unsigned choice = scratch_random() % 10;
		assert_int_equal(watermark_full(mark), pushed - taken == WINDOW);
		assert_int_equal(watermark_pending(mark), pushed - taken);
		if (choice < 4 && pushed - taken < WINDOW) {
			last += 1 + scratch_random() % 3; /* gaps */
			model[pushed].offset = last;
			assert_int_equal(watermark_push(mark, last), pushed);
			pushed++;
		} else if (choice < 9 && pushed > 0) {
			/* anywhere near: repeats, long gone and not yet there included */
			size_t index = taken + scratch_random() % (WINDOW + 2);
			if (scratch_random() % 8 == 0 && taken > 0)
				index = scratch_random() % taken;
			watermark_done(mark, index);
			if (index < pushed)
				model[index].done = true;
		} else {
			size_t before = taken;
			while (taken < pushed && model[taken].done)
				taken++;
			bool moved = watermark_advance(mark, &offset);
			assert_int_equal(moved, taken > before);
			if (moved)
				assert_int_equal(offset, model[taken - 1].offset);
		}
		int64_t oldest = -1;
		assert_int_equal(watermark_oldest(mark, &oldest), taken < pushed);
		if (taken < pushed)
			assert_int_equal(oldest, model[taken].offset);
	}
	assert_true(taken > STEPS / 20); /* it did get somewhere */
	watermark_free(&mark);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_finished_prefix_counts),
		cmocka_unit_test(a_proposal_can_be_withdrawn),
		cmocka_unit_test(random_order_agrees_with_a_model),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
