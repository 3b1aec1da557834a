/* The jobs a lane has in hand: what a second message of a job means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "mailer/hand.h"

static struct bus_token token(int32_t partition, uint32_t generation, uint64_t index)
{
	return (struct bus_token){partition, generation, index};
}

static enum hand_take take(struct hand *hand, int64_t key, int64_t dispatch, struct bus_token t,
	struct outgoing **out)
{
	struct bus_message message = {.partition = 3, .token = t};
	return hand_take(hand, &(struct job){key, dispatch}, &message, out);
}

static void end(struct hand *hand, struct outgoing *job, bool returned)
{
	hand_finished(hand, job, returned);
	hand_remove(hand, job);
	free(job);
}

static void a_second_copy_is_not_taken(void **state)
{
	(void)state;
	struct hand *hand = xcalloc(1, sizeof *hand);
	struct outgoing *job, *other, *again;
	assert_int_equal(take(hand, 7, 1, token(0, 1, 1), &job), HAND_TAKEN);
	/* another key in the same slot of both tables */
	assert_int_equal(take(hand, 7 + HAND_FINISHED, 1, token(0, 1, 2), &other), HAND_TAKEN);
	assert_int_equal(take(hand, 7, 1, token(0, 1, 3), &again), HAND_KNOWN);
	end(hand, job, false);
	/* the ledger need not have applied it yet */
	assert_int_equal(take(hand, 7, 1, token(0, 1, 4), &again), HAND_KNOWN);
	assert_int_equal(take(hand, 7, 2, token(0, 1, 5), &again), HAND_TAKEN);
	end(hand, again, false);
	end(hand, other, false);
	assert_null(hand->oldest);
	assert_null(hand->newest);
	free(hand);
}

static void a_letter_on_the_wire_keeps_its_job_when_the_partition_comes_back(void **state)
{
	(void)state;
	struct hand *hand = xcalloc(1, sizeof *hand);
	struct outgoing *job, *again;
	assert_int_equal(take(hand, 7, 1, token(3, 1, 1), &job), HAND_TAKEN);
	job->on_wire = true;
	hand->on_wire++;
	job->gone = true; /* lost */
	assert_int_equal(take(hand, 7, 2, token(3, 2, 0), &again), HAND_BUSY);
	assert_int_equal(take(hand, 7, 1, token(3, 2, 1), &again), HAND_KEPT);
	assert_false(job->gone);
	assert_int_equal(job->token.generation, 2);
	job->token_done = true; /* `sending` was said; left in good order */
	assert_int_equal(take(hand, 7, 1, token(3, 3, 1), &again), HAND_KEPT);
	assert_false(job->token_done);
	assert_int_equal(job->token.generation, 3);
	end(hand, job, false);
	assert_int_equal(hand->on_wire, 0);
	free(hand);
}

static void a_job_given_up_before_it_started_is_taken_anew(void **state)
{
	(void)state;
	struct hand *hand = xcalloc(1, sizeof *hand);
	struct outgoing *job, *again;
	assert_int_equal(take(hand, 7, 1, token(3, 1, 1), &job), HAND_TAKEN);
	job->gone = true;
	assert_int_equal(take(hand, 7, 1, token(3, 2, 1), &again), HAND_TAKEN);
	assert_ptr_not_equal(job, again);
	hand_remove(hand, job); /* whoever had it drops it: not finished */
	free(job);
	end(hand, again, true);
	assert_int_equal(take(hand, 7, 1, token(3, 2, 2), &again), HAND_KNOWN);
	/* partitions changed hands: the return may have been withdrawn */
	hand_forget_returned(hand);
	assert_int_equal(take(hand, 7, 1, token(3, 3, 1), &again), HAND_TAKEN);
	end(hand, again, false);
	hand_forget_returned(hand);
	assert_int_equal(take(hand, 7, 1, token(3, 3, 1), &again), HAND_KNOWN);
	free(hand);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_second_copy_is_not_taken),
		cmocka_unit_test(a_letter_on_the_wire_keeps_its_job_when_the_partition_comes_back),
		cmocka_unit_test(a_job_given_up_before_it_started_is_taken_anew),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
