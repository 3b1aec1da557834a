#!/usr/bin/env python3
"""Two ledgers share the events; one is killed, one is frozen until its partitions are the other's and goes on: at
the end the counters equal the rows, exactly, and nobody applied anything twice."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from many import SESSION_S, fleet, freeze, kill, launch, member, thaw, verdict, wait_for, wait_ready, wait_sent  # noqa: E402

LETTERS = int(os.environ.get("VESTNIK_CHAOS_LETTERS", "6000"))


def applied(bed):
    return bed.value("SELECT sum(n) FROM counter WHERE state = 5") or 0


def shares(bed, name):
    return bed.log_of(f"ledger-{name}").count("bus-assigned group=ledger")


def main():
    with fleet(mailer={"connections": 16}) as bed:
        bed.sink("--latency-ms", "20", connections=64)
        member(bed, "planner", "p")
        member(bed, "mailer", "m")
        ledgers = {name: member(bed, "ledger", name) for name in ("a", "b")}
        wait_ready(bed, "ledger", 2)
        launch(bed, "many", LETTERS)
        wait_sent(bed, LETTERS // 6)
        parts = wait_for(lambda: [p for (p,) in bed.rows("SELECT DISTINCT part FROM counter WHERE part >= 0")],
                         "partitions of counters")
        print("partitions of counters:", sorted(parts))
        kill(ledgers["a"])
        wait_sent(bed, LETTERS // 3)
        ledgers["c"] = member(bed, "ledger", "c")
        wait_for(lambda: shares(bed, "c") > 0, "the third ledger's share", 40)
        before = shares(bed, "c")
        freeze(ledgers["b"])
        wait_for(lambda: shares(bed, "c") > before, "the third ledger to have everything", SESSION_S + 30, 0.05)
        thaw(ledgers["b"])
        verdict(bed, "many", LETTERS, bound=0, what="ledgers: one killed, one frozen")
        trouble = [line for name in ledgers for line in bed.log_of(f"ledger-{name}").splitlines()
                   if " waits " in line and "conflict" in line.lower()]
        assert not trouble, f"a conflict was called trouble: {trouble[:3]}"


if __name__ == "__main__":
    main()
