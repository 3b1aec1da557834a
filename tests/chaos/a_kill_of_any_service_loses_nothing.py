#!/usr/bin/env python3
"""kill -9 of each service at random moments of a 5,000-letter campaign, again
and again: lost 0; doubled at most W + 256 per kill of a mailer; the store agrees
with the sink letter by letter.

    VESTNIK_CHAOS_ROUNDS=20 VESTNIK_CHAOS_SEED=1 tests/chaos/a_kill_of_any_service_loses_nothing.py
"""
import collections
import os
import random
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from bed import Bed, SERVICES, kill, wait_for  # noqa: E402

LETTERS = int(os.environ.get("VESTNIK_CHAOS_LETTERS", "5000"))
ROUNDS = int(os.environ.get("VESTNIK_CHAOS_ROUNDS", "20"))
SEED = int(os.environ.get("VESTNIK_CHAOS_SEED", str(int(time.time()) % 100000)))
CONNECTIONS = 16
UNRECORDED_MOST = 256
KILLS_A_ROUND = 3
ACCEPTED = 5


def one_round(seed):
    choice = random.Random(seed)
    with Bed({"mailer": {"connections": CONNECTIONS, "unrecorded_most": UNRECORDED_MOST},
              "planner": {"lease": "1s"}}) as bed:
        # A few milliseconds a letter, so that a round lasts long enough to be killed in.
        bed.sink("--latency-ms", "4", connections=CONNECTIONS)
        running = bed.services()
        bed.directory(LETTERS)
        bed.launch(bed.campaign("chaos"))
        mailer_kills = 0
        for _ in range(KILLS_A_ROUND):
            goal = choice.randrange(1, LETTERS)
            wait_for(lambda: len(bed.remembered()) >= goal
                     or bed.value("SELECT state FROM campaign WHERE slug = 'chaos'") == "finished",
                     f"{goal} letters at the sink", every_s=0.005)
            name = choice.choice(SERVICES)
            kill(running[name])
            mailer_kills += name == "mailer"
            running[name] = bed.service(name)
        bed.wait_state("chaos", "finished")

        arrived = collections.Counter(recipient for _, recipient in bed.remembered())
        identities = collections.defaultdict(set)
        for message_id, recipient in bed.remembered():
            identities[recipient].add(message_id)
        accepted = {address for (address,) in bed.rows("SELECT address FROM delivery WHERE state = 5")}
        lost = LETTERS - len(arrived)
        doubled = sum(n - 1 for n in arrived.values())
        bound = mailer_kills * (CONNECTIONS + UNRECORDED_MOST)
        print(f"seed={seed} letters={LETTERS} mailer_kills={mailer_kills} arrived={sum(arrived.values())}"
              f" unique={len(arrived)} lost={lost} doubled={doubled} bound={bound}", flush=True)
        assert lost == 0, f"{lost} letters lost"
        assert doubled <= bound, f"{doubled} letters doubled, bound {bound}"
        assert accepted == set(arrived), "the store and the sink disagree"
        assert all(len(ids) == 1 for ids in identities.values()), "copies of one letter have different Message-IDs"
        assert bed.counters("chaos") == {ACCEPTED: LETTERS}, f"counters: {bed.counters('chaos')}"
        assert bed.value("SELECT count(*) FROM schedule") == 0, "rows left in schedule"
        return doubled, mailer_kills


def main():
    print(f"rounds={ROUNDS} seed={SEED}", flush=True)
    results = [one_round(SEED + i) for i in range(ROUNDS)]
    print(f"lost 0 in {ROUNDS} rounds; doubled {sum(d for d, _ in results)} over"
          f" {sum(k for _, k in results)} kills of the mailer")


if __name__ == "__main__":
    main()
