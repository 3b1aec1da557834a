#!/usr/bin/env python3
"""A mailer joins in the middle of a campaign and takes a share of it, the first one leaves: no letter
is lost, and none goes twice."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
from many import attempts, fleet, launch, member, stop, verdict, wait_for, wait_mailer, wait_ready, wait_sent  # noqa: E402

LETTERS = int(os.environ.get("VESTNIK_CHAOS_LETTERS", "4000"))


def main():
    with fleet(mailer={"connections": 8}) as bed:
        bed.sink("--latency-ms", "20", connections=64)
        member(bed, "planner", "p")
        member(bed, "ledger", "l")
        first = member(bed, "mailer", "a")
        wait_ready(bed, "ledger")
        launch(bed, "many", LETTERS)
        wait_mailer(bed, "a")
        wait_sent(bed, LETTERS // 8)
        member(bed, "mailer", "b")
        wait_mailer(bed, "b")
        wait_for(lambda: attempts(bed, "mailer-b") >= LETTERS // 20, "letters of the second mailer", every_s=0.05)
        stop(first)
        left_at = attempts(bed, "mailer-a")
        assert len(bed.remembered()) < LETTERS, "the campaign was over before the first mailer left"
        verdict(bed, "many", LETTERS, bound=0, what="one joins, one leaves")
        print(f"first={left_at} second={attempts(bed, 'mailer-b')}")
        assert "partition_left" in bed.log_of("mailer-a"), "the first mailer never gave a partition away"


if __name__ == "__main__":
    main()
