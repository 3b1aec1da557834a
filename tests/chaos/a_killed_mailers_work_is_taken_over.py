#!/usr/bin/env python3
"""kill -9 of one of two mailers: the other takes its partitions; nothing is lost, and at most what was on
the wire or not yet recorded goes twice."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from many import UNRECORDED_MOST, attempts, fleet, kill, launch, member, verdict, wait_mailer, wait_ready, wait_sent  # noqa: E402

LETTERS = int(os.environ.get("VESTNIK_CHAOS_LETTERS", "4000"))
CONNECTIONS = 16


def main():
    with fleet(mailer={"connections": CONNECTIONS, "unrecorded_most": UNRECORDED_MOST}) as bed:
        bed.sink("--latency-ms", "20", connections=64)
        member(bed, "planner", "p")
        member(bed, "ledger", "l")
        victim = member(bed, "mailer", "a")
        member(bed, "mailer", "b")
        wait_ready(bed, "mailer", 2)
        wait_mailer(bed, "a")
        wait_mailer(bed, "b")
        launch(bed, "many", LETTERS)
        wait_sent(bed, LETTERS // 4)
        kill(victim)
        assert attempts(bed, "mailer-a") > 0, "the killed mailer had sent nothing"
        verdict(bed, "many", LETTERS, bound=CONNECTIONS + UNRECORDED_MOST, what="one of two mailers killed")


if __name__ == "__main__":
    main()
