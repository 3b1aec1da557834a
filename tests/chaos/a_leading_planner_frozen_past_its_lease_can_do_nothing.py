#!/usr/bin/env python3
"""The leading planner is stopped past its lease, once wherever it is and once in the middle of a transaction:
the other takes over, and the first, when it goes on, neither claims nor publishes anything. Each letter is
dispatched once."""
import os
import random
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from many import fleet, freeze, launch, leader, member, sent, thaw, verdict, wait_for, wait_ready, wait_sent  # noqa: E402

LETTERS = int(os.environ.get("VESTNIK_CHAOS_LETTERS", "5000"))
OTHER = {"a": "b", "b": "a"}
# A transaction of ours takes some milliseconds: one that is open so long is the stopped process's.
OPEN_S = 0.3
CLAIMING = """SELECT DISTINCT a.pid FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid JOIN pg_class c
ON c.oid = l.relation WHERE a.datname = ? AND a.state LIKE 'idle in transaction%' AND l.mode = 'RowExclusiveLock'
AND c.relname = 'lease' AND EXISTS (SELECT 1 FROM pg_locks m JOIN pg_class d ON d.oid = m.relation
WHERE m.pid = a.pid AND m.mode = 'RowExclusiveLock' AND d.relname IN ('schedule', 'outbox'))"""


def freeze_in_transaction(bed, process):
    """Stops the process again and again until it has confirmed its lease and claimed rows, and not yet
    committed. False: it never did."""
    for _ in range(200):
        freeze(process)
        pids = set(bed.rows(CLAIMING, bed.database))
        until = time.monotonic() + OPEN_S
        while pids and time.monotonic() < until:
            pids &= set(bed.rows(CLAIMING, bed.database))
        if pids:
            return True
        thaw(process)
        time.sleep(random.uniform(0.02, 0.05))
    return False


def wait_leader(bed, name):
    began = time.monotonic()
    wait_for(lambda: name in list(leader(bed)), f"planner {name} to lead", 40, 0.02)
    return time.monotonic() - began


def token(bed):
    return bed.value("SELECT token FROM lease WHERE name = 'planner'")


def main():
    with fleet(planner={"lease": "2s", "look_ahead_least": 100, "look_ahead_most": 400},
               mailer={"connections": 8}) as bed:
        bed.sink("--latency-ms", "20", connections=64)
        member(bed, "ledger", "l")
        member(bed, "mailer", "m")
        planners = {name: member(bed, "planner", name) for name in OTHER}
        wait_ready(bed, "planner", 2)
        wait_for(lambda: len(list(leader(bed))) == 1, "a leader", every_s=0.05)
        launch(bed, "many", LETTERS)
        wait_sent(bed, 300)

        first = next(leader(bed))
        held = token(bed)
        freeze(planners[first])
        took = wait_leader(bed, OTHER[first])
        assert token(bed) > held, "the lease has no new token"
        print(f"taken over after {took:.1f} s")
        thaw(planners[first])
        wait_for(lambda: first not in list(leader(bed)), "the former leader to notice", 20, 0.02)
        at = sent(bed)
        wait_for(lambda: sent(bed) > at + 300, "letters under the new leader", every_s=0.02)

        second = OTHER[first]
        in_transaction = freeze_in_transaction(bed, planners[second])
        took = wait_leader(bed, first)
        print(f"stopped {'in' if in_transaction else 'NOT in'} a transaction: taken over after {took:.1f} s")
        thaw(planners[second])
        verdict(bed, "many", LETTERS, bound=0, what="two planners, the leader frozen twice")
        dispatches = bed.rows("SELECT dispatch, count(*) FROM delivery GROUP BY dispatch")
        assert dispatches == [(1, LETTERS)], f"letters by dispatches: {dispatches}"
        assert in_transaction, "it never could be stopped in a transaction"


if __name__ == "__main__":
    main()
