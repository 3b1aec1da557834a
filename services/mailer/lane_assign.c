/* lane.h: partitions that come and go. */
#include <inttypes.h>

#include "base/clock.h"
#include "base/log.h"
#include "mailer/lane_parts.h"

/* What is recorded must be durable before another mailer reads on. Of all partitions that leave
 * together: far below the bus's patience with a rebalance (minutes), above a broker's change of
 * leader. */
#define REVOKE_MS 8000
/* Partitions that leave later than this after the first belong to another rebalance. */
#define REVOKE_APART_MS 30000
/* Each look asks the bus; the ledger stores its place several times a second. */
#define LOOK_MS 20
#define LOOK_MOST_MS 200

/* ---- going ---------------------------------------------------------------------------- */

static struct outgoing *take_waiting(struct lane *lane, int32_t partition)
{
	struct outgoing *chain = NULL;
	for (struct outgoing **link = &lane->waiting; *link != NULL;) {
		struct outgoing *job = *link;
		if (job->partition != partition) {
			link = &job->next;
			continue;
		}
		*link = job->next;
		job->next = chain;
		chain = job;
		lane->waiting_count--;
	}
	lane->waiting_tail = &lane->waiting;
	while (*lane->waiting_tail != NULL)
		lane->waiting_tail = &(*lane->waiting_tail)->next;
	return chain;
}

/* The first partition that cannot be recorded uses up the time of the others. */
static int revoke_left_ms(struct lane *lane)
{
	int64_t now_ms = clock_mono_ms();
	if (lane->revoke_ms == 0 || now_ms - lane->revoke_ms > REVOKE_APART_MS)
		lane->revoke_ms = now_ms;
	int64_t left_ms = lane->revoke_ms + REVOKE_MS - now_ms;
	return left_ms > 0 ? (int)left_ms : 0;
}

void lane_on_revoke(void *arg, const char *topic, int32_t partition, bool lost)
{
	struct lane *lane = arg;
	if (lane->recorder == NULL) /* stopped: nothing is in hand */
		return;
	lane_drop_all(take_waiting(lane, partition));
	lane_drop_all(pool_take_back(lane->pool, lane->kind, partition));
	lane_let_go_of_partition(lane, partition);
	bool recorded = !lost && recorder_flush(lane->recorder, revoke_left_ms(lane));
	if (!recorded)
		lane_lose_partition(lane, partition);
	if (!lost && !recorded)
		log_warn("partition_left_unrecorded", "topic=%s partition=%" PRId32, topic, partition);
	else
		log_info(lost ? "partition_lost" : "partition_left", "topic=%s partition=%" PRId32, topic,
			partition);
	lane_decide(lane);
}

/* ---- coming ----------------------------------------------------------------------------- */

void lane_on_assign(void *arg, const char *topic, int32_t partition)
{
	struct lane *lane = arg;
	pthread_mutex_lock(&lane->lock);
	hand_forget_returned(&lane->hand);
	pthread_mutex_unlock(&lane->lock);
	lane->gate = GATE_UNMARKED;
	lane->gate_again_ms = 0;
	lane->gate_said = false;
	log_info("partition_taken", "topic=%s partition=%" PRId32, topic, partition);
}

/* Outcomes published before the assignment must be in the store before the check means anything
 * (design section 5, point 2). The thread goes on polling meanwhile. */
bool lane_gate(struct lane *lane)
{
	struct error e;
	int64_t now = clock_mono_ms();
	if (lane->gate == GATE_OPEN)
		return true;
	if (now < lane->gate_again_ms)
		return false;
	if (lane->gate == GATE_UNMARKED) {
		if (bus_mark(daemon_bus(lane->daemon), BUS_STATUS, &lane->mark, &e) != 0) {
			if (!lane->bus_said)
				log_warn("bus_unavailable", "error=%s", log_quote(e.text));
			lane->bus_said = true;
			atomic_store(&lane->trouble, "the bus does not answer");
			lane->gate_again_ms = clock_mono_ms() + LANE_RETRY_MS;
			return false;
		}
		lane->gate = GATE_MARKED;
		lane->bus_said = false;
	}
	if (bus_passed(daemon_bus(lane->daemon), LANE_LEDGER_GROUP, &lane->mark, &e) > 0) {
		lane->gate = GATE_OPEN;
		atomic_store(&lane->trouble, NULL);
		return true;
	}
	if (!lane->gate_said)
		log_info("waiting_for_ledger", "topic=%s", BUS_STATUS);
	atomic_store(&lane->trouble, "waiting for the ledger");
	lane->gate_again_ms = clock_mono_ms() + (lane->gate_said ? LOOK_MOST_MS : LOOK_MS);
	lane->gate_said = true;
	return false;
}
