#include "mailer/hand.h"

#include "base/xalloc.h"

static struct outgoing **slot_of(struct hand *hand, int64_t key)
{
	return &hand->slot[(uint64_t)key & (HAND_SLOTS - 1)];
}

static struct hand_finished *finished_of(struct hand *hand, int64_t key)
{
	return &hand->finished[(uint64_t)key & (HAND_FINISHED - 1)];
}

/* One that was given up and has not started is as good as not there: whoever has it in hand now
 * drops it when he sees that. */
static struct outgoing *find(struct hand *hand, int64_t key)
{
	for (struct outgoing *job = *slot_of(hand, key); job != NULL; job = job->same_slot)
		if (job->key == key && (!job->gone || job->on_wire))
			return job;
	return NULL;
}

static struct outgoing *add(struct hand *hand, const struct job *job, const struct bus_message *message)
{
	struct outgoing **slot = slot_of(hand, job->key), *out = xcalloc(1, sizeof *out);
	out->key = job->key;
	out->dispatch = job->dispatch;
	out->partition = message->partition;
	out->token = message->token;
	out->sequence = hand->next_sequence++;
	out->same_slot = *slot;
	*slot = out;
	out->older = hand->newest;
	*(hand->newest != NULL ? &hand->newest->newer : &hand->oldest) = out;
	hand->newest = out;
	return out;
}

enum hand_take hand_take(struct hand *hand, const struct job *job, const struct bus_message *message,
	struct outgoing **out)
{
	const struct hand_finished *finished = finished_of(hand, job->key);
	struct outgoing *held = find(hand, job->key);
	*out = NULL;
	if (finished->key == job->key && finished->dispatch >= job->dispatch)
		return HAND_KNOWN;
	if (held == NULL) {
		*out = add(hand, job, message);
		return HAND_TAKEN;
	}
	if (job->dispatch > held->dispatch)
		return HAND_BUSY;
	if (job->dispatch < held->dispatch || (!held->gone && !held->token_done))
		return HAND_KNOWN;
	/* Its partition went, and came back before the letter ended. */
	held->partition = message->partition;
	held->token = message->token;
	held->token_done = held->gone = false;
	return HAND_KEPT;
}

void hand_remove(struct hand *hand, struct outgoing *job)
{
	struct outgoing **link = slot_of(hand, job->key);
	while (*link != job)
		link = &(*link)->same_slot;
	*link = job->same_slot;
	*(job->older != NULL ? &job->older->newer : &hand->oldest) = job->newer;
	*(job->newer != NULL ? &job->newer->older : &hand->newest) = job->older;
	if (job->on_wire)
		hand->on_wire--;
}

void hand_finished(struct hand *hand, const struct outgoing *job, bool returned)
{
	*finished_of(hand, job->key) =
		(struct hand_finished){.key = job->key, .dispatch = job->dispatch, .returned = returned};
}

void hand_forget_returned(struct hand *hand)
{
	for (size_t i = 0; i < HAND_FINISHED; i++)
		if (hand->finished[i].returned)
			hand->finished[i] = (struct hand_finished){0};
}
