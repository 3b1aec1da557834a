#!/usr/bin/env python3
"""The leading planner is stopped past its lease, once wherever it is and once in the middle of a transaction:
the other takes over, and the first, when it goes on, neither claims nor publishes anything. Each letter is
dispatched once."""
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from many import fleet, freeze, launch, leader, member, sent, thaw, verdict, wait_for, wait_ready, wait_sent  # noqa: E402

LETTERS = int(os.environ.get("VESTNIK_CHAOS_LETTERS", "5000"))
OTHER = {"a": "b", "b": "a"}
WAITING = """SELECT pid FROM pg_stat_activity WHERE datname = ? AND wait_event_type = 'Lock'
AND query LIKE 'UPDATE lease%'"""
HOLDING = """SELECT a.pid FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid JOIN pg_class c ON c.oid = l.relation
WHERE a.pid = ? AND a.state = 'idle in transaction' AND l.mode = 'RowExclusiveLock' AND c.relname = 'lease'"""


def freeze_in_transaction(bed, process):
    """Stops the process when it has just confirmed its lease, in the transaction that would claim or publish:
    its confirmation is held up by a lock until the process stands still."""
    holder = subprocess.Popen([os.path.join(bed.postgres.bin, "psql"), "-qX", "-o", "/dev/null", bed.store_url],
                              stdin=subprocess.PIPE, text=True)
    holder.stdin.write("BEGIN; SELECT 1 FROM lease WHERE name = 'planner' FOR UPDATE;\n")
    holder.stdin.flush()
    (pid,), *_ = wait_for(lambda: bed.rows(WAITING, bed.database), "the planner to wait for its lease row")
    freeze(process)
    holder.stdin.write("COMMIT;\n")
    holder.stdin.close()
    holder.wait()
    wait_for(lambda: bed.rows(HOLDING, pid), "the stopped planner's transaction to hold the lease")


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
        freeze_in_transaction(bed, planners[second])
        took = wait_leader(bed, first)
        print(f"stopped in a transaction: taken over after {took:.1f} s")
        thaw(planners[second])
        verdict(bed, "many", LETTERS, bound=0, what="two planners, the leader frozen twice")
        dispatches = bed.rows("SELECT dispatch, count(*) FROM delivery GROUP BY dispatch")
        assert dispatches == [(1, LETTERS)], f"letters by dispatches: {dispatches}"


if __name__ == "__main__":
    main()
